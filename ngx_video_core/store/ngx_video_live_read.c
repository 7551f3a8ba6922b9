/*
 * Copyright (C) ngx_video authors
 *
 * The reading side of live timelines.  Everything is copied under the block's
 * sequence lock and believed only when the sequence did not move; until then
 * every number in it may be rubbish and is checked before it is an index.
 */

#include "ngx_video_live.h"


/*
 * A writer is between begin and commit for less than a microsecond; after the
 * spins it has lost its processor, or died.
 */
#define NGX_VIDEO_LIVE_SPINS    1000
#define NGX_VIDEO_LIVE_SLEEPS   100
#define NGX_VIDEO_LIVE_SLEEP    100     /* microseconds */


/* What a reader looks at more than once must not change in between. */
#define ngx_video_live_once(p)  __atomic_load_n(p, __ATOMIC_RELAXED)


/* Waits for an even version; NGX_DECLINED when none came. */
static ngx_int_t
ngx_video_live_read_begin(ngx_video_store_t *st, ngx_video_live_t *l,
    uint64_t *version)
{
    ngx_uint_t       i;
    struct timespec  ts;

    for (i = 0; i < NGX_VIDEO_LIVE_SPINS + NGX_VIDEO_LIVE_SLEEPS; i++) {
        *version = __atomic_load_n(&l->version, __ATOMIC_ACQUIRE);

        if ((*version & 1) == 0) {
            return NGX_OK;
        }

        if (i < NGX_VIDEO_LIVE_SPINS) {
            ngx_cpu_pause();
            continue;
        }

        if (i == NGX_VIDEO_LIVE_SPINS) {
            /* a sweep repairs what a dead writer left */
            ngx_video_store(&st->head->checked, 0);
            (void) ngx_video_slot_check(st);
            ngx_video_live_orphan(st);
            continue;
        }

        ts.tv_sec = 0;
        ts.tv_nsec = NGX_VIDEO_LIVE_SLEEP * 1000;
        (void) nanosleep(&ts, NULL);
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_video_live_read_valid(ngx_video_live_t *l, uint64_t version)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return __atomic_load_n(&l->version, __ATOMIC_RELAXED) == version;
}


ngx_int_t
ngx_video_live_info(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_info_t *info)
{
    uint64_t           version;
    ngx_video_live_t  *l;

    if (index >= st->head->nlives) {
        return NGX_DECLINED;
    }

    l = &st->lives[index];

    /* before the state that it speaks of */
    info->seen = ngx_video_signal_seen(&l->signal);
    info->index = index;

    do {
        if (ngx_video_live_read_begin(st, l, &version) != NGX_OK) {
            return NGX_DECLINED;
        }

        info->epoch = l->epoch;
        info->state = l->state;
        info->target = l->target;
        info->window_ms = l->window_ms;
        info->ntracks = ngx_min(l->ntracks, NGX_VIDEO_LIVE_TRACKS);
        info->started = l->started;
        info->ended = l->ended;
        info->bytes = l->bytes;
        info->clock = l->clock;
        info->prev_epoch = l->prev_epoch;
        info->prev = l->prev;
        info->order = l->order;

        info->name.len = ngx_video_live_once(&l->name_len);
        info->name.len = ngx_min(info->name.len, NGX_VIDEO_LIVE_NAME);
        info->name.data = info->name_data;
        ngx_memcpy(info->name_data, l->name, info->name.len);

    } while (!ngx_video_live_read_valid(l, version));

    return info->state == NGX_VIDEO_LIVE_FREE || info->epoch == 0
           ? NGX_DECLINED : NGX_OK;
}


/*
 * Whether a run is to be shown before another one: the newer one, unless it is
 * just starting and there is one that it goes on from.
 */
static ngx_uint_t
ngx_video_live_better(ngx_video_live_info_t *a, ngx_video_live_info_t *b)
{
    ngx_uint_t  x, y;

    x = (a->state == NGX_VIDEO_LIVE_STARTING && a->prev);
    y = (b->state == NGX_VIDEO_LIVE_STARTING && b->prev);

    return x != y ? y : a->epoch > b->epoch;
}


ngx_int_t
ngx_video_live_find(ngx_video_store_t *st, ngx_str_t *name, uint64_t epoch,
    ngx_video_live_info_t *info)
{
    ngx_int_t               best;
    ngx_uint_t              i;
    ngx_video_live_t       *l;
    ngx_video_live_info_t   other, first;

    best = -1;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];

        if (ngx_video_load(&l->state) == NGX_VIDEO_LIVE_FREE
            || ngx_video_live_once(&l->name_len) != name->len
            || ngx_memcmp(l->name, name->data, name->len) != 0)
        {
            continue;
        }

        if (ngx_video_live_info(st, i, &other) != NGX_OK
            || other.name.len != name->len
            || ngx_memcmp(other.name.data, name->data, name->len) != 0
            || (epoch && other.epoch != epoch))
        {
            continue;
        }

        if (best == -1 || ngx_video_live_better(&other, &first)) {
            best = i;
            first = other;
        }
    }

    if (best == -1) {
        return NGX_DECLINED;
    }

    *info = first;
    info->name.data = info->name_data;

    return NGX_OK;
}


ngx_int_t
ngx_video_live_before(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_video_live_info_t *before)
{
    if (info->prev == 0
        || ngx_video_live_info(st, info->prev - 1, before) != NGX_OK
        || before->epoch != info->prev_epoch
        || before->ntracks != info->ntracks)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* The chunk of a track, or NULL when the copied numbers make no sense. */
static ngx_video_live_track_t *
ngx_video_live_read_track(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_uint_t number)
{
    uint32_t  chunk;

    if (number >= NGX_VIDEO_LIVE_TRACKS
        || number >= ngx_video_live_once(&l->ntracks))
    {
        return NULL;
    }

    chunk = ngx_video_live_once(&l->tracks[number]);

    if (chunk == 0 || chunk > st->head->nchunks) {
        return NULL;
    }

    return (ngx_video_live_track_t *) ngx_video_chunk_data(st, chunk);
}


/*
 * The loop of every reader: "body" runs between two looks at the version and
 * again when it moved.  Leaves with NGX_DECLINED when the stream is another.
 */
#define ngx_video_live_reading(st, info, l, t, number, version)              \
    do {                                                                      \
        if (ngx_video_live_read_begin(st, l, &version) != NGX_OK              \
            || ngx_video_load(&l->epoch) != info->epoch)                      \
        {                                                                     \
            return NGX_DECLINED;                                              \
        }                                                                     \
                                                                              \
        t = ngx_video_live_read_track(st, l, number);                         \
                                                                              \
        if (t == NULL) {                                                      \
            return NGX_DECLINED;                                              \
        }

#define ngx_video_live_reading_end(l, version)                                \
    } while (!ngx_video_live_read_valid(l, version))


ngx_int_t
ngx_video_live_edge(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, ngx_video_live_edge_t *edge)
{
    uint64_t                   version;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    ngx_memzero(edge, sizeof(ngx_video_live_edge_t));

    if (t->next == t->first) {
        edge->empty = 1;

    } else {
        s = &t->segments[(t->next - 1) % NGX_VIDEO_LIVE_SEGMENTS];
        edge->msn = s->msn;
        edge->nparts = s->nparts;
        edge->complete = s->complete;

        if (t->next - t->first > 1) {
            s = &t->segments[(t->next - 2) % NGX_VIDEO_LIVE_SEGMENTS];
            edge->before = s->nparts;
            edge->duration = s->duration;
        }

        s = &t->segments[t->first % NGX_VIDEO_LIVE_SEGMENTS];
        edge->first = s->msn;
    }

    ngx_video_live_reading_end(l, version);

    return NGX_OK;
}


ngx_int_t
ngx_video_live_track_of(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, nvm_track_t *track)
{
    uint64_t                 version;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    *track = t->track;

    ngx_video_live_reading_end(l, version);

    return track->timescale ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_video_live_kind(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number)
{
    uint64_t                 version;
    ngx_int_t                kind;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    kind = t->track.kind;

    ngx_video_live_reading_end(l, version);

    return kind;
}


ngx_int_t
ngx_video_live_init(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, u_char *init, size_t *len)
{
    uint64_t                 version;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    *len = ngx_video_live_once(&t->init_len);
    *len = ngx_min(*len, NGX_VIDEO_LIVE_INIT);
    ngx_memcpy(init, t->init, *len);

    ngx_video_live_reading_end(l, version);

    return NGX_OK;
}


/* Copies one descriptor and nparts of its parts. */
static void
ngx_video_live_read_segment(ngx_video_live_track_t *t,
    ngx_video_live_segment_t *s, nvm_segment_t *out, nvm_part_t *parts,
    ngx_uint_t nparts)
{
    uint64_t    first;
    ngx_uint_t  i;

    ngx_memzero(out, sizeof(nvm_segment_t));

    out->msn = s->msn;
    out->start = s->start;
    out->duration = s->duration;
    out->wall = s->wall;
    out->size = s->size;
    out->independent = s->independent;
    out->discontinuity = s->discontinuity;
    out->complete = s->complete;

    if (parts == NULL) {
        return;
    }

    out->parts = parts;
    out->nparts = nparts;
    first = ngx_video_live_once(&s->first_part);

    for (i = 0; i < nparts; i++) {
        parts[i] = t->parts[(first + i) % NGX_VIDEO_LIVE_PARTS];
    }
}


/*
 * What is listed: from the newest back to the length of the window; parts for
 * the newest three target durations (RFC 8216bis, 6.2.2), as far as the ring
 * still has them.
 */
static size_t
ngx_video_live_read_window(ngx_video_live_t *l, ngx_video_live_track_t *t,
    nvm_segment_t *segments, nvm_part_t *parts)
{
    size_t                     n, nparts, i, count;
    uint64_t                   k, first, next, next_part, end, ms, scale;
    ngx_video_live_segment_t  *s;

    first = ngx_video_live_once(&t->first);
    next = ngx_video_live_once(&t->next);
    next_part = ngx_video_live_once(&t->next_part);
    scale = ngx_video_live_once(&t->track.timescale);

    if (next - first > NGX_VIDEO_LIVE_SEGMENTS || scale == 0) {
        return 0;
    }

    n = 0;
    nparts = 0;
    end = 0;

    for (k = next; k > first; k--) {
        s = &t->segments[(k - 1) % NGX_VIDEO_LIVE_SEGMENTS];

        if (n == 0) {
            end = s->start + s->duration;
        }

        ms = (end - s->start - s->duration) * 1000 / scale;

        if (n > 3 && ms >= l->window_ms) {
            break;
        }

        /* from the back of both arrays */
        i = NGX_VIDEO_LIVE_SEGMENTS - ++n;
        count = ngx_video_live_once(&s->nparts);

        if (ms <= (uint64_t) l->target * 3000
            && nparts + count <= NGX_VIDEO_LIVE_PARTS
            && next_part - s->first_part <= NGX_VIDEO_LIVE_PARTS)
        {
            nparts += count;
            ngx_video_live_read_segment(t, s, &segments[i],
                                        parts + NGX_VIDEO_LIVE_PARTS - nparts,
                                        count);

        } else {
            ngx_video_live_read_segment(t, s, &segments[i], NULL, 0);
        }
    }

    return n;
}


ngx_int_t
ngx_video_live_read(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, nvm_arena_t *arena, nvm_track_t *track,
    nvm_timeline_t *timeline)
{
    size_t                   n;
    uint64_t                 version;
    nvm_part_t              *parts;
    nvm_segment_t           *segments;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    segments = nvm_alloc(arena, NGX_VIDEO_LIVE_SEGMENTS,
                         sizeof(nvm_segment_t));
    parts = nvm_alloc(arena, NGX_VIDEO_LIVE_PARTS, sizeof(nvm_part_t));

    if (segments == NULL || parts == NULL) {
        return NGX_ERROR;
    }

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    n = ngx_video_live_read_window(l, t, segments, parts);
    *track = t->track;
    timeline->target = l->target;
    timeline->part_target = t->part_target;

    ngx_video_live_reading_end(l, version);

    timeline->track = track;
    timeline->segments = segments + NGX_VIDEO_LIVE_SEGMENTS - n;
    timeline->nsegments = n;
    timeline->ended = ngx_video_live_over(info->state);

    return NGX_OK;
}


static ngx_int_t
ngx_video_live_locate(ngx_video_live_track_t *t, uint64_t msn, ngx_int_t part,
    ngx_video_live_segment_t *segment, nvm_part_t *range)
{
    uint64_t                   first, next, k;
    ngx_video_live_segment_t  *s;

    first = ngx_video_live_once(&t->first);
    next = ngx_video_live_once(&t->next);

    if (next == first || next - first > NGX_VIDEO_LIVE_SEGMENTS) {
        return NGX_AGAIN;
    }

    s = &t->segments[(next - 1) % NGX_VIDEO_LIVE_SEGMENTS];

    if (msn > s->msn) {
        return NGX_AGAIN;
    }

    for (k = next; k > first; k--) {
        s = &t->segments[(k - 1) % NGX_VIDEO_LIVE_SEGMENTS];

        if (s->msn == msn) {
            break;
        }
    }

    if (k == first) {
        return NGX_DECLINED;
    }

    *segment = *s;

    if (part == -1) {
        return NGX_OK;
    }

    if (part >= s->nparts) {
        return s->complete ? NGX_DECLINED : NGX_AGAIN;
    }

    if (t->next_part - s->first_part > NGX_VIDEO_LIVE_PARTS) {
        return NGX_DECLINED;
    }

    *range = t->parts[(s->first_part + part) % NGX_VIDEO_LIVE_PARTS];

    return NGX_OK;
}


ngx_int_t
ngx_video_live_media(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, uint64_t msn, ngx_int_t part,
    ngx_video_live_segment_t *segment, nvm_part_t *range)
{
    uint64_t                 version;
    ngx_int_t                rc;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    rc = ngx_video_live_locate(t, msn, part, segment, range);

    ngx_video_live_reading_end(l, version);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_video_object_get(st, &segment->object);
}
