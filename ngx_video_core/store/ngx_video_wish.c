/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are asked for: see ngx_video_wish.h.
 */

#include "ngx_video_wish.h"
#include "ngx_video_live_stat.h"


/* ms; a time that changes more often would go from processor to processor */
#define NGX_VIDEO_WISH_TICK  500


static void
ngx_video_wish_touch(uint64_t *asked, uint64_t now)
{
    uint64_t  then;

    then = __atomic_load_n(asked, __ATOMIC_RELAXED);

    if (now > then + NGX_VIDEO_WISH_TICK) {
        __atomic_store_n(asked, now, __ATOMIC_RELAXED);
    }
}


void
ngx_video_wish_asked(ngx_video_store_t *st, ngx_uint_t stat, uint64_t now)
{
    if (stat < st->head->nlives) {
        ngx_video_wish_touch(&st->stats[stat].asked, now);
    }
}


static ngx_uint_t
ngx_video_wish_served(ngx_video_store_t *st)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_VIDEO_SLOTS; i++) {
        if (ngx_video_load(&st->slots[i].fetches)
            && ngx_video_load(&st->slots[i].state) == NGX_VIDEO_SLOT_LIVE)
        {
            return 1;
        }
    }

    return 0;
}


void
ngx_video_wish_serve(ngx_video_store_t *st, ngx_uint_t on)
{
    ngx_uint_t  i;

    if (st->slot == NGX_VIDEO_NO_SLOT) {
        return;
    }

    ngx_video_store_sc(&st->slots[st->slot].fetches, (uint32_t) on);

    /* who waits may have seen that one of us was left, the last one */
    for (i = 0; !on && i < st->head->nwishes; i++) {
        if (ngx_video_load(&st->wishes[i].state) == NGX_VIDEO_WISH_WANTED) {
            ngx_video_signal_raise(st, &st->wishes[i].signal);
        }
    }
}


/* Whether another name may take the place, now; 1: if there is no better. */
static ngx_uint_t
ngx_video_wish_idle(ngx_video_wish_t *w, uint64_t now)
{
    switch (w->state) {

    case NGX_VIDEO_WISH_FREE:
        return 2;

    case NGX_VIDEO_WISH_WANTED:
        return w->asked + NGX_VIDEO_WISH_STALE <= now ? 2 : 0;

    case NGX_VIDEO_WISH_FAILED:
        return w->until <= now ? 2 : w->why == NGX_VIDEO_WISH_UNKNOWN;

    default:
        return 0;
    }
}


/* Under the lock: the entry of a name, or one that may be had for it; NULL. */
static ngx_video_wish_t *
ngx_video_wish_find(ngx_video_store_t *st, ngx_str_t *name, uint64_t now)
{
    ngx_uint_t         i, rank, best;
    ngx_video_wish_t  *w, *idle;

    idle = NULL;
    best = 0;

    for (i = 0; i < st->head->nwishes; i++) {
        w = &st->wishes[i];

        if (w->state != NGX_VIDEO_WISH_FREE && w->name_len == name->len
            && ngx_memcmp(w->name, name->data, name->len) == 0)
        {
            return w;
        }

        rank = ngx_video_wish_idle(w, now);

        if (rank > best) {
            best = rank;
            idle = w;
        }
    }

    if (idle) {
        ngx_video_store_sc(&idle->state, NGX_VIDEO_WISH_FREE);

        idle->name_len = name->len;
        ngx_memcpy(idle->name, name->data, name->len);
        idle->asked = now;
    }

    return idle;
}


ngx_int_t
ngx_video_wish(ngx_video_store_t *st, ngx_str_t *name, uint64_t now,
    ngx_video_wish_answer_t *answer)
{
    ngx_int_t          rc;
    ngx_uint_t         wanted;
    ngx_video_wish_t  *w;

    if (name->len == 0 || name->len > NGX_VIDEO_LIVE_NAME
        || !ngx_video_wish_served(st))
    {
        return NGX_DECLINED;
    }

    rc = NGX_AGAIN;
    wanted = 0;

    ngx_video_store_lock(st);

    w = ngx_video_wish_find(st, name, now);

    if (w == NULL) {
        rc = NGX_BUSY;

    } else if (w->state == NGX_VIDEO_WISH_FAILED && w->until > now) {
        rc = NGX_ABORT;
        answer->why = w->why;

    } else {
        answer->signal = &w->signal;
        answer->seen = ngx_video_signal_seen(&w->signal);
        ngx_video_wish_touch(&w->asked, now);

        if (w->state != NGX_VIDEO_WISH_PULLING) {
            wanted = (w->state != NGX_VIDEO_WISH_WANTED);
            ngx_video_store_sc(&w->state, NGX_VIDEO_WISH_WANTED);
        }
    }

    ngx_video_store_unlock(st);

    if (wanted) {
        ngx_video_signal_raise(st, &st->head->wanted);
    }

    return rc;
}


ngx_int_t
ngx_video_wish_claim(ngx_video_store_t *st, ngx_uint_t *index)
{
    ngx_uint_t         i;
    ngx_video_wish_t  *w;

    ngx_video_store_lock(st);

    for (i = 0; i < st->head->nwishes; i++) {
        w = &st->wishes[i];

        if (w->state == NGX_VIDEO_WISH_WANTED) {
            w->slot = st->slot;
            w->generation = st->generation;
            ngx_video_store_sc(&w->state, NGX_VIDEO_WISH_PULLING);
            break;
        }
    }

    ngx_video_store_unlock(st);

    *index = i;

    return i < st->head->nwishes ? NGX_OK : NGX_DECLINED;
}


void
ngx_video_wish_begun(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_video_signal_raise(st, &st->wishes[index].signal);
}


/* From PULLING, if it is still ours: who was taken for dead has lost it. */
static void
ngx_video_wish_move(ngx_video_store_t *st, ngx_uint_t index, uint32_t state,
    uint32_t why, uint64_t until)
{
    ngx_uint_t         ours;
    ngx_video_wish_t  *w;

    w = &st->wishes[index];

    ngx_video_store_lock(st);

    ours = (w->state == NGX_VIDEO_WISH_PULLING && w->slot == st->slot
            && w->generation == st->generation);

    if (ours) {
        w->why = why;
        w->until = until;
        ngx_video_store_sc(&w->state, state);
    }

    ngx_video_store_unlock(st);

    if (!ours) {
        return;
    }

    ngx_video_signal_raise(st, &w->signal);

    if (state == NGX_VIDEO_WISH_WANTED) {
        ngx_video_signal_raise(st, &st->head->wanted);
    }
}


void
ngx_video_wish_failed(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_wish_why_e why, uint64_t until)
{
    ngx_video_wish_move(st, index, NGX_VIDEO_WISH_FAILED, why, until);
}


void
ngx_video_wish_release(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_video_wish_move(st, index, NGX_VIDEO_WISH_WANTED, 0, 0);
}


void
ngx_video_wish_done(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_video_wish_move(st, index, NGX_VIDEO_WISH_FREE, 0, 0);
}


uint64_t
ngx_video_wish_time(ngx_video_store_t *st, ngx_uint_t index, ngx_uint_t stat)
{
    uint64_t  asked, of_stream;

    asked = __atomic_load_n(&st->wishes[index].asked, __ATOMIC_RELAXED);

    if (stat < st->head->nlives) {
        of_stream = __atomic_load_n(&st->stats[stat].asked, __ATOMIC_RELAXED);
        asked = ngx_max(asked, of_stream);
    }

    return asked;
}


static ngx_uint_t
ngx_video_wish_orphaned(ngx_video_store_t *st, ngx_video_wish_t *w)
{
    return ngx_video_load(&w->state) == NGX_VIDEO_WISH_PULLING
           && ngx_video_slot_lost(st, ngx_video_load(&w->slot),
                                  ngx_video_load(&w->generation));
}


void
ngx_video_wish_orphan(ngx_video_store_t *st)
{
    ngx_uint_t         i, orphaned;
    ngx_video_wish_t  *w;

    for (i = 0; i < st->head->nwishes; i++) {
        w = &st->wishes[i];

        if (!ngx_video_wish_orphaned(st, w)) {
            continue;
        }

        ngx_video_store_lock(st);

        orphaned = ngx_video_wish_orphaned(st, w);

        if (orphaned) {
            ngx_video_store_sc(&w->state, NGX_VIDEO_WISH_WANTED);
        }

        ngx_video_store_unlock(st);

        if (orphaned) {
            /* who waits sees whether there is still somebody who fetches */
            ngx_video_signal_raise(st, &w->signal);
            ngx_video_signal_raise(st, &st->head->wanted);
        }
    }
}
