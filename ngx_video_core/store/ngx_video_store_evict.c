/*
 * Copyright (C) ngx_video authors
 *
 * Which object goes when memory is short: S3-FIFO (Yang et al., "FIFO queues
 * are all you need for cache eviction", SOSP 2023).  Newcomers enter a small
 * queue; what is asked for again moves to the main one; a table of hashes
 * remembers who was put out of the small queue too early.  A hit is one
 * relaxed store and moves nothing.
 *
 * Queues hold complete objects of the index only.  Objects that are being
 * filled, and those that a live window owns, are never candidates; one that
 * is being read is passed over, unless a live stream needs the memory and
 * nothing else is left.  All functions run under the lock.
 */

#include "ngx_video_store.h"


#define NGX_VIDEO_EVICT_STEPS     512       /* bounds the time in the lock */
#define NGX_VIDEO_EVICT_MAX_FREQ  3


static uint32_t *
ngx_video_ghost(ngx_video_store_t *st, ngx_video_object_t *o)
{
    return &st->ghosts[(o->hash >> 24) & (st->head->nghosts - 1)];
}


static void
ngx_video_fifo_push(ngx_video_store_t *st, ngx_uint_t queue,
    ngx_video_object_t *o)
{
    uint32_t           i;
    ngx_video_fifo_t  *f;

    f = &st->head->fifo[queue];
    i = (uint32_t) (o - st->objects) + 1;

    o->queue = queue;
    o->prev = 0;
    o->next = f->head;

    if (f->head) {
        st->objects[f->head - 1].prev = i;

    } else {
        f->tail = i;
    }

    f->head = i;
    f->chunks += o->nchunks;
}


void
ngx_video_evict_remove(ngx_video_store_t *st, ngx_video_object_t *o)
{
    ngx_video_fifo_t  *f;

    if (o->queue == NGX_VIDEO_QUEUE_NONE) {
        return;
    }

    f = &st->head->fifo[o->queue];

    if (o->prev) {
        st->objects[o->prev - 1].next = o->next;

    } else {
        f->head = o->next;
    }

    if (o->next) {
        st->objects[o->next - 1].prev = o->prev;

    } else {
        f->tail = o->prev;
    }

    f->chunks -= o->nchunks;
    o->queue = NGX_VIDEO_QUEUE_NONE;
}


void
ngx_video_evict_insert(ngx_video_store_t *st, ngx_video_object_t *o)
{
    uint32_t  *ghost;

    ghost = ngx_video_ghost(st, o);

    if (*ghost == (uint32_t) o->hash && *ghost) {
        *ghost = 0;
        ngx_video_fifo_push(st, NGX_VIDEO_QUEUE_MAIN, o);
        return;
    }

    ngx_video_fifo_push(st, NGX_VIDEO_QUEUE_SMALL, o);
}


/* Looks at the oldest object of a queue: moves it on or puts it out. */
static ngx_int_t
ngx_video_evict_oldest(ngx_video_store_t *st, ngx_uint_t queue)
{
    uint32_t             freq;
    ngx_video_object_t  *o;

    o = &st->objects[st->head->fifo[queue].tail - 1];
    freq = __atomic_load_n(&o->frequency, __ATOMIC_RELAXED);

    ngx_video_evict_remove(st, o);

    if (ngx_video_object_held(st, o) > 1) {
        /* held by more than the index: being read */
        ngx_video_fifo_push(st, queue, o);
        return NGX_DECLINED;
    }

    if (queue == NGX_VIDEO_QUEUE_SMALL) {
        if (freq > 1) {
            o->frequency = 0;
            ngx_video_fifo_push(st, NGX_VIDEO_QUEUE_MAIN, o);
            return NGX_DECLINED;
        }

        *ngx_video_ghost(st, o) = (uint32_t) o->hash;

    } else if (freq > 0) {
        o->frequency = ngx_min(freq, NGX_VIDEO_EVICT_MAX_FREQ) - 1;
        ngx_video_fifo_push(st, queue, o);
        return NGX_DECLINED;
    }

    ngx_video_object_drop(st, o);
    __atomic_fetch_add(&st->head->evictions, 1, __ATOMIC_RELAXED);

    return NGX_OK;
}


/*
 * Puts out what is being read.  Nothing is free before its readers have gone,
 * so no more than makes ngx_video_readers_pressed() true.
 */
static ngx_int_t
ngx_video_evict_read(ngx_video_store_t *st)
{
    ngx_uint_t         n, queue;
    ngx_video_head_t  *h;

    h = st->head;

    for (n = 0; n < NGX_VIDEO_EVICT_STEPS; n++) {
        queue = h->fifo[NGX_VIDEO_QUEUE_SMALL].tail ? NGX_VIDEO_QUEUE_SMALL
                                                    : NGX_VIDEO_QUEUE_MAIN;

        if (h->fifo[queue].tail == 0 || ngx_video_readers_pressed(st)) {
            break;
        }

        ngx_video_object_drop(st, &st->objects[h->fifo[queue].tail - 1]);
        __atomic_fetch_add(&h->evictions, 1, __ATOMIC_RELAXED);

        if (h->free_chunk) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_video_evict(ngx_video_store_t *st, ngx_uint_t live)
{
    ngx_uint_t         n, queue;
    ngx_video_fifo_t  *small, *main;

    small = &st->head->fifo[NGX_VIDEO_QUEUE_SMALL];
    main = &st->head->fifo[NGX_VIDEO_QUEUE_MAIN];

    for (n = 0; n < NGX_VIDEO_EVICT_STEPS; n++) {

        if (small->tail == 0 && main->tail == 0) {
            break;
        }

        if (n < NGX_VIDEO_EVICT_STEPS / 2) {
            queue = small->chunks > st->head->nchunks / 10
                    ? NGX_VIDEO_QUEUE_SMALL : NGX_VIDEO_QUEUE_MAIN;

        } else {
            /* all that was looked at is being read: by turns */
            queue = n & 1 ? NGX_VIDEO_QUEUE_SMALL : NGX_VIDEO_QUEUE_MAIN;
        }

        if (st->head->fifo[queue].tail == 0) {
            queue = queue == NGX_VIDEO_QUEUE_SMALL ? NGX_VIDEO_QUEUE_MAIN
                                                   : NGX_VIDEO_QUEUE_SMALL;
        }

        if (ngx_video_evict_oldest(st, queue) == NGX_OK
            && st->head->free_chunk)
        {
            return NGX_OK;
        }
    }

    return live ? ngx_video_evict_read(st) : NGX_DECLINED;
}
