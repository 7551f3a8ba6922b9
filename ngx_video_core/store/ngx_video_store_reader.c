/*
 * Copyright (C) ngx_video authors
 *
 * Readers that are too slow.  A client that takes minutes over a segment
 * keeps its memory long after the segment has left its window or its place
 * in the index.  That memory lingers: nothing can evict it, and what lingers
 * is missing to live streams that were promised room.
 *
 * What live streams are not promised may linger, half of it: the rest lasts
 * until the readers have gone.  Above that every worker ends its readers of
 * lingering objects, those first that have been reading for longest.
 */

#include "ngx_video_store.h"


/* even where all has been promised: a chunk or two of rounding */
#define NGX_VIDEO_LINGER_MIN      2


void
ngx_video_reader_add(ngx_video_store_t *st, ngx_video_reader_t *rd)
{
    ngx_queue_insert_tail(&st->readers, &rd->queue);
}


void
ngx_video_reader_remove(ngx_video_reader_t *rd)
{
    if (rd->queue.next) {
        ngx_queue_remove(&rd->queue);
        rd->queue.next = NULL;
    }
}


ngx_uint_t
ngx_video_readers_pressed(ngx_video_store_t *st)
{
    uint32_t           most;
    ngx_video_head_t  *h;

    h = st->head;

    most = h->nchunks - ngx_min(h->nchunks, h->reserved);
    most = ngx_max(most / 2, NGX_VIDEO_LINGER_MIN);

    return __atomic_load_n(&h->lingering, __ATOMIC_RELAXED) > most;
}


void
ngx_video_readers_press(ngx_video_store_t *st)
{
    ngx_uint_t  i;

    if (!ngx_video_readers_pressed(st)) {
        return;
    }

    for (i = 0; i < NGX_VIDEO_SLOTS; i++) {
        ngx_video_slot_wake(st, i);
    }
}


ngx_uint_t
ngx_video_readers_relieve(ngx_video_store_t *st)
{
    ngx_uint_t           n;
    ngx_queue_t         *q, *next, slow;
    ngx_video_reader_t  *rd;

    if (!ngx_video_readers_pressed(st)) {
        return 0;
    }

    ngx_queue_init(&slow);

    for (q = ngx_queue_head(&st->readers);
         q != ngx_queue_sentinel(&st->readers);
         q = next)
    {
        next = ngx_queue_next(q);
        rd = ngx_queue_data(q, ngx_video_reader_t, queue);

        /* we have a reference: the object is the one that was opened */
        if (__atomic_load_n(&ngx_video_object(st, rd->ref)->lingers,
                            __ATOMIC_RELAXED))
        {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&slow, q);
        }
    }

    /* a call may remove other readers, from either queue */
    for (n = 0; !ngx_queue_empty(&slow); /* void */) {
        q = ngx_queue_head(&slow);
        rd = ngx_queue_data(q, ngx_video_reader_t, queue);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&st->readers, q);

        if (ngx_video_readers_pressed(st)) {
            __atomic_fetch_add(&st->head->cuts, 1, __ATOMIC_RELAXED);
            n++;
            rd->cut(rd);
        }
    }

    return n;
}
