/*
 * Copyright (C) ngx_video authors
 *
 * What a publisher signals beside its media, see ngx_video_live_event.h.
 */

#include "ngx_video_live_block.h"
#include "ngx_video_live_event.h"
#include "ngx_video_live_reading.h"


_Static_assert(sizeof(ngx_video_live_events_t) <= NGX_VIDEO_CHUNK_SIZE,
               "the events of a run fit into a chunk");


void
ngx_video_live_captions(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, const nvm_captions_t *captions)
{
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    ngx_video_live_begin(l);
    t->track.captions = *captions;
    ngx_video_live_commit(l);
}


static ngx_video_live_events_t *
ngx_video_live_events_at(ngx_video_store_t *st, ngx_video_live_t *l)
{
    return (ngx_video_live_events_t *) ngx_video_chunk_data(st, l->events);
}


/* The chunk, which comes with the first event. */
static ngx_int_t
ngx_video_live_event_room(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t                  chunk;
    ngx_video_live_events_t  *e;

    if (l->events) {
        return NGX_OK;
    }

    ngx_video_store_lock(st);

    chunk = ngx_video_chunk_take(st, 1);

    if (chunk) {
        e = (ngx_video_live_events_t *) ngx_video_chunk_data(st, chunk);
        e->first = 0;
        e->next = 0;
        e->next_byte = 0;

        ngx_video_live_begin(l);
        ngx_video_store_sc(&l->events, chunk);
        ngx_video_live_commit(l);

        st->head->pinned++;
    }

    ngx_video_store_unlock(st);

    return chunk ? NGX_OK : NGX_ERROR;
}


/* Whether the oldest event is in the way of one of so many bytes. */
static ngx_uint_t
ngx_video_live_event_full(ngx_video_live_events_t *e, uint32_t size)
{
    ngx_video_live_event_t  *oldest;

    if (e->next == e->first) {
        return 0;
    }

    oldest = &e->events[e->first % NGX_VIDEO_LIVE_EVENTS];

    return e->next - e->first == NGX_VIDEO_LIVE_EVENTS
           || e->next_byte + size - oldest->at > NGX_VIDEO_LIVE_EVENT_BYTES;
}


/* Into or out of the ring of bytes. */
static void
ngx_video_live_event_copy(u_char *ring, uint64_t at, u_char *data, size_t size,
    ngx_uint_t in)
{
    size_t  n, pos;

    pos = at % NGX_VIDEO_LIVE_EVENT_BYTES;
    n = ngx_min(size, NGX_VIDEO_LIVE_EVENT_BYTES - pos);

    if (in) {
        ngx_memcpy(ring + pos, data, n);
        ngx_memcpy(ring, data + n, size - n);

    } else {
        ngx_memcpy(data, ring + pos, n);
        ngx_memcpy(data + n, ring, size - n);
    }
}


ngx_int_t
ngx_video_live_event(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_event_t *event)
{
    ngx_video_live_t         *l;
    ngx_video_live_event_t   *slot;
    ngx_video_live_events_t  *e;

    l = &st->lives[index];

    if (event->size > NGX_VIDEO_LIVE_EVENT_MAX) {
        return NGX_DECLINED;
    }

    if (ngx_video_live_event_room(st, l) != NGX_OK) {
        return NGX_ERROR;
    }

    e = ngx_video_live_events_at(st, l);

    ngx_video_live_begin(l);

    while (ngx_video_live_event_full(e, event->size)) {
        ngx_video_store_sc(&e->first, e->first + 1);
    }

    event->number = e->next;
    event->at = e->next_byte;

    ngx_video_live_event_copy(e->data, event->at, (u_char *) event->data,
                              event->size, 1);

    slot = &e->events[e->next % NGX_VIDEO_LIVE_EVENTS];
    *slot = *event;
    slot->data = NULL;

    e->next_byte += event->size;
    ngx_video_store_sc(&e->next, e->next + 1);
    l->nevents++;

    ngx_video_live_commit(l);

    return NGX_OK;
}


void
ngx_video_live_event_shift(ngx_video_store_t *st, ngx_video_live_t *l,
    int64_t ms)
{
    uint64_t                  k;
    ngx_video_live_events_t  *e;

    if (l->events == 0) {
        return;
    }

    e = ngx_video_live_events_at(st, l);

    for (k = e->first; k < e->next; k++) {
        e->events[k % NGX_VIDEO_LIVE_EVENTS].wall += ms;
    }
}


/* What may be rubbish yet is not believed. */
static ngx_uint_t
ngx_video_live_events_copy(ngx_video_live_events_t *e,
    ngx_video_live_event_t *events, u_char *data)
{
    uint64_t                 first, next, k;
    ngx_uint_t               n;
    ngx_video_live_event_t  *event;

    first = ngx_video_load(&e->first);
    next = ngx_video_load(&e->next);

    if (next - first > NGX_VIDEO_LIVE_EVENTS) {
        return 0;
    }

    for (k = first, n = 0; k < next; k++, n++) {
        event = &events[n];
        *event = e->events[k % NGX_VIDEO_LIVE_EVENTS];
        event->data = data;

        if (event->size > NGX_VIDEO_LIVE_EVENT_MAX
            || (size_t) (data - (u_char *) events) + event->size
               > sizeof(ngx_video_live_events_t))
        {
            return 0;
        }

        ngx_video_live_event_copy(e->data, event->at, data, event->size, 0);
        data += event->size;
    }

    return n;
}


ngx_int_t
ngx_video_live_events(ngx_video_store_t *st, ngx_video_live_info_t *info,
    nvm_arena_t *arena, ngx_video_live_event_t **events, ngx_uint_t *n)
{
    u_char                   *room;
    uint32_t                  chunk;
    uint64_t                  version;
    ngx_video_live_t         *l;
    ngx_video_live_events_t  *e;

    *events = NULL;
    *n = 0;

    if (info->nevents == 0) {
        return NGX_OK;
    }

    /* descriptors, then data, as in the chunk */
    room = nvm_alloc(arena, 1, sizeof(ngx_video_live_events_t));

    if (room == NULL) {
        return NGX_ERROR;
    }

    *events = (ngx_video_live_event_t *) room;
    l = &st->lives[info->index];

    do {
        if (ngx_video_live_read_begin(st, l, &version) != NGX_OK
            || ngx_video_load(&l->epoch) != info->epoch)
        {
            return NGX_DECLINED;
        }

        chunk = ngx_video_load(&l->events);

        if (chunk == 0 || chunk > st->head->nchunks) {
            return NGX_DECLINED;
        }

        e = (ngx_video_live_events_t *) ngx_video_chunk_data(st, chunk);
        *n = ngx_video_live_events_copy(e, *events,
                                        room + offsetof(ngx_video_live_events_t,
                                                        data));

    } while (!ngx_video_live_read_valid(l, version));

    return NGX_OK;
}
