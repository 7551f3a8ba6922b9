/*
 * Copyright (C) ngx_video authors
 *
 * The waiters of this process: one list for each signal that somebody here
 * waits for, found by the signal's address.
 *
 * No wake is lost: a waiter sets its slot's bit and then looks at seq again;
 * a writer raises seq and then takes the bits.  A writer that dies between
 * marking a wake as pending and sending it is made good by the scan that the
 * worker does once a second while anything is parked.
 */

#include "ngx_video_store.h"


struct ngx_video_parked_s {
    ngx_queue_t          queue;
    ngx_queue_t          waiters;
    ngx_video_signal_t  *sig;
    uint64_t             seen;
};


/* Marks a waiter that has left its list and is about to be called. */
static ngx_video_parked_t  ngx_video_parked_ready;


static ngx_queue_t *
ngx_video_parked_bucket(ngx_video_store_t *st, ngx_video_signal_t *sig)
{
    uintptr_t  p;

    p = (uintptr_t) sig >> 6;

    return &st->parked[(p ^ p >> 6) % (sizeof(st->parked)
                                       / sizeof(st->parked[0]))];
}


static ngx_video_parked_t *
ngx_video_parked_find(ngx_video_store_t *st, ngx_video_signal_t *sig)
{
    ngx_queue_t         *q, *bucket;
    ngx_video_parked_t  *p;

    bucket = ngx_video_parked_bucket(st, sig);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        p = ngx_queue_data(q, ngx_video_parked_t, queue);

        if (p->sig == sig) {
            return p;
        }
    }

    if (!ngx_queue_empty(&st->spare)) {
        q = ngx_queue_head(&st->spare);
        ngx_queue_remove(q);
        p = ngx_queue_data(q, ngx_video_parked_t, queue);

    } else {
        p = malloc(sizeof(ngx_video_parked_t));
        if (p == NULL) {
            return NULL;
        }
    }

    p->sig = sig;
    ngx_queue_init(&p->waiters);
    ngx_queue_insert_head(bucket, &p->queue);

    return p;
}


static void
ngx_video_parked_spare(ngx_video_store_t *st, ngx_video_parked_t *p)
{
    ngx_queue_remove(&p->queue);
    ngx_queue_insert_head(&st->spare, &p->queue);
}


/* Sets our bit, then tells whether seq is still the one that was seen. */
static ngx_uint_t
ngx_video_parked_unchanged(ngx_video_store_t *st, ngx_video_signal_t *sig,
    uint64_t seen)
{
    uint64_t  bit, *mask;

    bit = (uint64_t) 1 << (st->slot % 64);
    mask = &sig->mask[st->slot / 64];

    if (!(ngx_video_load_sc(mask) & bit)) {
        __atomic_fetch_or(mask, bit, __ATOMIC_SEQ_CST);
    }

    return ngx_video_load_sc(&sig->seq) == seen;
}


ngx_int_t
ngx_video_wait(ngx_video_store_t *st, ngx_video_signal_t *sig, uint64_t seen,
    ngx_video_waiter_t *w)
{
    ngx_video_parked_t  *p;

    if (st->slot == NGX_VIDEO_NO_SLOT) {
        return NGX_ERROR;
    }

    if (!ngx_video_parked_unchanged(st, sig, seen)) {
        return NGX_OK;
    }

    p = ngx_video_parked_find(st, sig);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (ngx_queue_empty(&p->waiters)) {
        p->seen = seen;
    }

    ngx_queue_insert_tail(&p->waiters, &w->queue);
    w->parked = p;
    w->store = st;
    st->nparked++;

    return NGX_AGAIN;
}


void
ngx_video_wait_cancel(ngx_video_waiter_t *w)
{
    ngx_video_parked_t  *p;

    p = w->parked;

    if (p == NULL) {
        return;
    }

    ngx_queue_remove(&w->queue);
    w->parked = NULL;
    w->store->nparked--;

    if (p != &ngx_video_parked_ready && ngx_queue_empty(&p->waiters)) {
        ngx_video_parked_spare(w->store, p);
    }
}


void
ngx_video_wait_scan(ngx_video_store_t *st)
{
    ngx_uint_t           i;
    ngx_queue_t         *q, *next, *bucket, *wq, ready;
    ngx_video_parked_t  *p;
    ngx_video_waiter_t  *w;

    ngx_queue_init(&ready);

    for (i = 0; i < sizeof(st->parked) / sizeof(st->parked[0]); i++) {
        bucket = &st->parked[i];

        for (q = ngx_queue_head(bucket);
             q != ngx_queue_sentinel(bucket);
             q = next)
        {
            next = ngx_queue_next(q);
            p = ngx_queue_data(q, ngx_video_parked_t, queue);

            /* no bit for what has changed: it would cost a wake later */
            if (ngx_video_signal_seen(p->sig) == p->seen
                && ngx_video_parked_unchanged(st, p->sig, p->seen))
            {
                continue;
            }

            while (!ngx_queue_empty(&p->waiters)) {
                wq = ngx_queue_head(&p->waiters);
                ngx_queue_remove(wq);
                w = ngx_queue_data(wq, ngx_video_waiter_t, queue);
                w->parked = &ngx_video_parked_ready;
                ngx_queue_insert_tail(&ready, wq);
            }

            ngx_video_parked_spare(st, p);
        }
    }

    while (!ngx_queue_empty(&ready)) {
        q = ngx_queue_head(&ready);
        ngx_queue_remove(q);
        w = ngx_queue_data(q, ngx_video_waiter_t, queue);

        w->parked = NULL;
        st->nparked--;
        w->handler(w);
    }
}
