/*
 * Copyright (C) ngx_video authors
 *
 * The writing side of live timelines: the media of a run, by the publisher's
 * worker.  See ngx_video_live.h for the states.
 */

#include "ngx_video_live_block.h"
#include "ngx_video_live_image.h"
#include "ngx_video_live_stat.h"


_Static_assert(sizeof(ngx_video_live_track_t) <= NGX_VIDEO_CHUNK_SIZE,
               "a track fits into a chunk");


ngx_int_t
ngx_video_live_track(ngx_video_store_t *st, ngx_uint_t index,
    nvm_track_t *track, uint32_t part_target, const u_char *init, size_t len,
    ngx_uint_t *number)
{
    uint32_t                 chunk;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[index];

    if (l->ntracks == NGX_VIDEO_LIVE_TRACKS || len > NGX_VIDEO_LIVE_INIT) {
        return NGX_ERROR;
    }

    ngx_video_store_lock(st);

    chunk = ngx_video_chunk_take(st, 1);

    if (chunk) {
        t = (ngx_video_live_track_t *) ngx_video_chunk_data(st, chunk);

        t->track = *track;
        t->init_len = len;
        t->first = 0;
        t->next = 0;
        t->next_part = 0;
        t->part_target = part_target;
        t->nsteps = 0;
        ngx_memzero(&t->dvr, sizeof(ngx_video_live_dvr_t));

        if (len) {
            ngx_memcpy(t->init, init, len);
        }

        l->tracks[l->ntracks] = chunk;
        st->head->pinned++;
    }

    ngx_video_store_unlock(st);

    if (chunk == 0) {
        return NGX_ERROR;
    }

    *number = l->ntracks;

    ngx_video_live_begin(l);
    l->ntracks++;
    ngx_video_live_commit(l);

    return NGX_OK;
}


void
ngx_video_live_bandwidth(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint32_t peak, uint32_t average)
{
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    ngx_video_live_begin(l);
    t->track.bandwidth = peak;
    t->track.avg_bandwidth = average;
    ngx_video_live_commit(l);
}


/*
 * Drops segments that are older than window * 1.5 + 3 segments: viewers who
 * read the oldest line of a playlist still find it.
 */
static void
ngx_video_live_slide(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_track_t *t)
{
    uint64_t                   keep, ms, end;
    ngx_video_ref_t            ref;
    ngx_video_live_t          *l;
    ngx_video_live_segment_t  *s, *last;

    l = &st->lives[index];
    keep = (uint64_t) l->window_ms * 3 / 2 + (uint64_t) l->target * 3000;

    last = ngx_video_live_segment_at(t, t->next - 1);
    end = last->start + last->duration;

    while (t->next - t->first > 4) {
        s = ngx_video_live_segment_at(t, t->first);
        ms = (end - s->start - s->duration) * 1000 / t->track.timescale;

        if (ms < keep && t->next - t->first < NGX_VIDEO_LIVE_SEGMENTS - 1) {
            break;
        }

        ref = s->object;

        ngx_video_live_begin(l);
        t->first++;
        ngx_video_live_commit(l);

        ngx_video_object_disown(st, index, &ref);
    }

    ngx_video_readers_press(st);
}


/* Chunks that the tracks and segments of a stream take, at most. */
uint32_t
ngx_video_live_used(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t                   used, pages[NGX_VIDEO_LIVE_PAGES];
    uint64_t                   k;
    ngx_uint_t                 i;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    used = l->ntracks * 2 + (l->events != 0)
           + ngx_video_live_images_used(st, l);

    for (i = 0; i < l->ntracks; i++) {
        t = ngx_video_live_track_at(st, l, i);
        used += ngx_video_live_pages(t, pages);

        for (k = t->first; k < t->next; k++) {
            s = ngx_video_live_segment_at(t, k);
            used += s->gap && !s->cut
                    ? 0 : (s->size >> NGX_VIDEO_CHUNK_SHIFT) + 1;
        }
    }

    return used;
}


/*
 * Keeps a stream within what the zone promised it.  One that turns out larger
 * gets more while others' promises allow it; NGX_ERROR: they don't.
 */
static ngx_int_t
ngx_video_live_account(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t   used, want;
    ngx_int_t  rc;

    used = ngx_video_live_used(st, l);

    if (used <= l->reserved) {
        return NGX_OK;
    }

    want = used - l->reserved + used / 8;
    rc = NGX_ERROR;

    ngx_video_store_lock(st);

    if (st->head->reserved + want
        <= st->head->nchunks - st->head->nchunks / 16)
    {
        st->head->reserved += want;
        l->reserved += want;
        rc = NGX_OK;
    }

    ngx_video_store_unlock(st);

    return rc;
}


/* Inside begin and commit: the descriptor of the next one. */
static ngx_video_live_segment_t *
ngx_video_live_segment_next(ngx_video_live_t *l, ngx_video_live_track_t *t,
    uint64_t msn, uint64_t start, int64_t wall)
{
    ngx_video_live_segment_t  *s;

    s = ngx_video_live_segment_at(t, t->next);
    ngx_memzero(s, sizeof(ngx_video_live_segment_t));

    s->msn = msn;
    s->start = start;
    s->wall = wall;
    s->discontinuity = (l->prev && t->next == 0);
    s->first_part = t->next_part;

    return s;
}


/* It is there; inside begin and commit. */
static void
ngx_video_live_segment_count(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_track_t *t, uint64_t msn)
{
    t->next++;
    l->next_msn = ngx_max(l->next_msn, msn + 1);
    ngx_video_store(&st->stats[l->stat].next_msn, l->next_msn);
}


ngx_int_t
ngx_video_live_segment_open(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint64_t msn, uint64_t start, int64_t wall,
    ngx_uint_t independent)
{
    ngx_video_ref_t            ref;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    if (t->next != t->first) {
        ngx_video_live_slide(st, index, t);
    }

    if ((ngx_video_live_account(st, l) != NGX_OK
         && (!ngx_video_live_images_yield(st, index)
             || ngx_video_live_account(st, l) != NGX_OK))
        || ngx_video_object_create(st, index, l->epoch, 0, &ref) != NGX_DONE)
    {
        return NGX_ERROR;
    }

    ngx_video_live_begin(l);

    s = ngx_video_live_segment_next(l, t, msn, start, wall);
    s->independent = independent;
    s->object = ref;
    ngx_video_live_segment_count(st, l, t, msn);

    ngx_video_live_commit(l);

    return NGX_OK;
}


/* All of it or nothing. */
static ngx_int_t
ngx_video_live_append(ngx_video_store_t *st, ngx_video_ref_t *ref,
    nvm_part_t *part, const void *head, size_t head_len, const void *data)
{
    size_t  n;

    if (ngx_video_object_room(st, ref, part->size, &n) == NULL) {
        return NGX_ERROR;
    }

    if (head_len
        && ngx_video_object_append(st, ref, head, head_len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_video_object_append(st, ref, data, part->size - head_len);
}


ngx_int_t
ngx_video_live_part(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, nvm_part_t *part, const void *head, size_t head_len,
    const void *data)
{
    ngx_video_ref_t            ref;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    if (t->next == t->first) {
        return NGX_ERROR;
    }

    s = ngx_video_live_segment_at(t, t->next - 1);
    ref = s->object;

    /* the ring's oldest part is overwritten: it may not be of this segment */
    if (s->complete || s->nparts == NGX_VIDEO_LIVE_PARTS - 1
        || ngx_video_live_append(st, &ref, part, head, head_len, data)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_video_live_begin(l);

    /* the counter first: what it overwrites is gone also if we die here */
    part->offset = s->size;
    t->next_part++;
    t->parts[(t->next_part - 1) % NGX_VIDEO_LIVE_PARTS] = *part;

    s->nparts++;
    s->size += part->size;
    s->duration += part->duration;

    ngx_video_live_commit(l);

    ngx_video_object_flush(st, &ref);
    ngx_video_signal_raise(st, &l->signal);

    return NGX_OK;
}


/* The one that is open, or NULL. */
static ngx_video_live_segment_t *
ngx_video_live_segment_opened(ngx_video_live_track_t *t)
{
    ngx_video_live_segment_t  *s;

    if (t->next == t->first) {
        return NULL;
    }

    s = ngx_video_live_segment_at(t, t->next - 1);

    return s->complete ? NULL : s;
}


ngx_int_t
ngx_video_live_segment_close(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number)
{
    uint32_t                   seconds;
    ngx_video_ref_t            ref;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    s = ngx_video_live_segment_opened(t);

    if (s == NULL) {
        return NGX_OK;
    }

    ref = s->object;
    ngx_video_object_complete(st, &ref);

    /* RFC 8216, 4.3.3.1: rounded, no segment is longer */
    seconds = (uint32_t) nvm_rescale(s->duration, 1, t->track.timescale);

    ngx_video_live_begin(l);
    s->complete = 1;
    l->target = ngx_max(l->target, seconds);
    ngx_video_live_commit(l);

    /* the reference that "create" gave to the writer; the ring owns it now */
    ngx_video_object_put(st, &ref);

    ngx_video_signal_raise(st, &l->signal);

    return NGX_OK;
}


ngx_int_t
ngx_video_live_segment_gap(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint64_t msn, uint64_t start, uint64_t duration,
    int64_t wall)
{
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    if (t->next != t->first) {
        ngx_video_live_slide(st, index, t);
    }

    ngx_video_live_begin(l);

    s = ngx_video_live_segment_next(l, t, msn, start, wall);
    s->duration = duration;
    s->independent = 1;             /* as what should be there */
    s->gap = 1;
    s->complete = 1;
    ngx_video_live_segment_count(st, l, t, msn);

    ngx_video_live_commit(l);

    ngx_video_signal_raise(st, &l->signal);

    return NGX_OK;
}


void
ngx_video_live_segment_cut(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint64_t duration)
{
    ngx_video_ref_t            ref;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    s = ngx_video_live_segment_opened(t);

    if (s == NULL) {
        return;
    }

    ref = s->object;

    ngx_video_live_begin(l);
    s->duration = duration;
    s->gap = 1;
    s->cut = (s->nparts != 0);
    s->complete = 1;
    ngx_video_live_commit(l);

    if (s->cut) {
        ngx_video_object_complete(st, &ref);

    } else {
        ngx_video_object_abort(st, &ref);
    }

    ngx_video_object_put(st, &ref);

    ngx_video_signal_raise(st, &l->signal);
}
