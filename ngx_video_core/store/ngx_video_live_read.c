/*
 * Copyright (C) ngx_video authors
 *
 * The reading side of live timelines.  Everything is copied under the block's
 * sequence lock and believed only when the sequence did not move; until then
 * every number in it may be rubbish and is checked before it is an index.
 */

#include "ngx_video_live_reading.h"


/*
 * A writer is between begin and commit for less than a microsecond; after the
 * spins it has lost its processor, or died.
 */
#define NGX_VIDEO_LIVE_SPINS    1000
#define NGX_VIDEO_LIVE_SLEEPS   100
#define NGX_VIDEO_LIVE_SLEEP    100     /* microseconds */


ngx_int_t
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
        info->recording = l->recording.state;
        info->listed_ms = ngx_max(l->window_ms, l->dvr_ms);
        info->ntracks = ngx_min(l->ntracks, NGX_VIDEO_LIVE_TRACKS);
        info->started = l->started;
        info->ended = l->ended;
        info->bytes = l->bytes;
        info->nevents = l->nevents;
        info->nimages = l->nimages;
        info->next_msn = l->next_msn;
        info->clock = l->clock;
        info->prev_epoch = l->prev_epoch;
        info->prev = l->prev;
        info->order = l->order;
        info->had = l->had;
        info->stat = l->stat;

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
    uint32_t                hash;
    uint64_t                newest;
    ngx_int_t               best;
    ngx_uint_t              i;
    ngx_video_live_info_t   other, first;

    best = -1;
    newest = 0;
    hash = (uint32_t) ngx_video_hash(name->data, name->len);

    for (i = 0; i < st->head->nlives; i++) {

        /* a stream that is no more keeps its hash */
        if (ngx_video_load(&st->names[i]) != hash) {
            continue;
        }

        if (ngx_video_live_info(st, i, &other) != NGX_OK
            || other.name.len != name->len
            || ngx_memcmp(other.name.data, name->data, name->len) != 0
            || (epoch && other.epoch != epoch))
        {
            continue;
        }

        newest = ngx_max(newest, other.epoch);

        if (best == -1 || ngx_video_live_better(&other, &first)) {
            best = i;
            first = other;
        }
    }

    if (best == -1) {
        return NGX_DECLINED;
    }

    if (epoch == 0 && first.state == NGX_VIDEO_LIVE_CONTINUED
        && first.epoch == newest)
    {
        /* the run that went on from it is gone, and so is the stream */
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


ngx_video_live_track_t *
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


ngx_int_t
ngx_video_live_edge(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, ngx_video_live_edge_t *edge)
{
    uint64_t                   version, first, next;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    ngx_memzero(edge, sizeof(ngx_video_live_edge_t));

    if (!ngx_video_live_ring(t, &first, &next)) {
        edge->empty = 1;

    } else {
        s = ngx_video_live_segment_at(t, next - 1);
        edge->msn = s->msn;
        edge->nparts = s->nparts;
        edge->complete = s->complete;
        edge->gap = s->gap;

        if (next - first > 1) {
            s = ngx_video_live_segment_at(t, next - 2);
            edge->before = s->gap ? NGX_VIDEO_LIVE_PARTS : s->nparts;
            edge->duration = s->duration;
        }

        s = ngx_video_live_segment_at(t, first);
        edge->first = s->msn;
        edge->behind = ngx_video_live_dvr_behind(st, l, edge->msn);
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
    out->gap = s->gap;

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

    next_part = ngx_video_live_once(&t->next_part);
    scale = ngx_video_live_once(&t->track.timescale);

    if (!ngx_video_live_ring(t, &first, &next) || scale == 0) {
        return 0;
    }

    n = 0;
    nparts = 0;
    end = 0;

    for (k = next; k > first; k--) {
        s = ngx_video_live_segment_at(t, k - 1);

        if (n == 0) {
            end = s->start + s->duration;
        }

        ms = (end - s->start - s->duration) * 1000 / scale;

        if (n >= NGX_VIDEO_LIVE_LEAST && ms >= l->window_ms) {
            break;
        }

        /* from the back of both arrays */
        i = NGX_VIDEO_LIVE_SEGMENTS - ++n;
        count = ngx_video_live_once(&s->nparts);

        if ((!s->gap || s->cut) && ms <= (uint64_t) l->target * 3000
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


/*
 * The window, and before it what is listed from disk, into the back of
 * "segments", of which there are "room" and those of a window.  Returns how
 * many there are in all, also when they are more.
 */
static size_t
ngx_video_live_read_all(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_track_t *t, nvm_segment_t *segments, size_t room,
    nvm_part_t *parts)
{
    size_t                  n, disk;
    uint64_t                end;
    nvm_segment_t          *last;
    ngx_video_live_span_t   span;

    n = ngx_video_live_read_window(l, t, segments + room, parts);
    last = segments + room + NGX_VIDEO_LIVE_SEGMENTS;

    if (ngx_video_live_once(&l->dvr_ms) == 0) {
        return n;
    }

    end = n ? (last - 1)->start + (last - 1)->duration : 0;
    disk = ngx_video_live_dvr_span(st, l, t, n ? last - n : NULL, end, &span);

    if (disk && n + disk <= NGX_VIDEO_LIVE_SEGMENTS + room) {
        ngx_video_live_dvr_read(st, t, &span, last - n - disk);
    }

    return n + disk;
}


/* Numbers of a track follow one another, also of what is not there any more. */
static void
ngx_video_live_read_numbers(ngx_video_live_track_t *t,
    nvm_timeline_t *timeline)
{
    uint64_t  next;

    next = ngx_video_live_once(&t->next);

    timeline->origin = next
                 ? ngx_video_live_segment_at(t, next - 1)->msn + 1 - next : 0;
    timeline->count = next;
}


ngx_int_t
ngx_video_live_read(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, nvm_arena_t *arena, nvm_track_t *track,
    nvm_timeline_t *timeline)
{
    size_t                   n, room;
    uint64_t                 version;
    nvm_part_t              *parts;
    nvm_segment_t           *segments;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[info->index];
    parts = nvm_alloc(arena, NGX_VIDEO_LIVE_PARTS, sizeof(nvm_part_t));
    n = 0;

    do {
        /* one more may be written in between */
        room = n ? n + 8 : 0;

        segments = nvm_alloc(arena, NGX_VIDEO_LIVE_SEGMENTS + room,
                             sizeof(nvm_segment_t));

        if (segments == NULL || parts == NULL) {
            return NGX_ERROR;
        }

        ngx_video_live_reading(st, info, l, t, number, version);

        n = ngx_video_live_read_all(st, l, t, segments, room, parts);
        *track = t->track;
        timeline->target = l->target;
        timeline->part_target = t->part_target;
        ngx_video_live_read_numbers(t, timeline);

        ngx_video_live_reading_end(l, version);

    } while (n > NGX_VIDEO_LIVE_SEGMENTS + room);

    timeline->track = track;
    timeline->segments = segments + NGX_VIDEO_LIVE_SEGMENTS + room - n;
    timeline->nsegments = n;
    timeline->ended = ngx_video_live_over(info->state);

    return NGX_OK;
}


/* Numbers of a track follow one another within a run. */
ngx_int_t
ngx_video_live_numbered(ngx_video_live_track_t *t, uint64_t msn,
    ngx_video_live_segment_t *segment)
{
    uint64_t  first, next, newest;

    if (!ngx_video_live_ring(t, &first, &next)) {
        return next ? NGX_DECLINED : NGX_AGAIN;
    }

    newest = ngx_video_live_segment_at(t, next - 1)->msn;

    if (msn > newest) {
        return NGX_AGAIN;
    }

    if (newest - msn >= next - first) {
        return NGX_DECLINED;
    }

    *segment = *ngx_video_live_segment_at(t, next - 1 - (newest - msn));

    return segment->msn == msn ? NGX_OK : NGX_DECLINED;
}


/* Whether a segment that has not begun is the next one, or its first part. */
static ngx_uint_t
ngx_video_live_is_next(ngx_video_live_track_t *t, uint64_t msn, ngx_int_t part)
{
    uint64_t  first, next;

    return !ngx_video_live_ring(t, &first, &next)
           || (msn == ngx_video_live_segment_at(t, next - 1)->msn + 1
               && part <= 0);
}


static ngx_int_t
ngx_video_live_locate(ngx_video_live_track_t *t, uint64_t msn, ngx_int_t part,
    ngx_video_live_segment_t *segment, nvm_part_t *range)
{
    uint64_t   n;
    ngx_int_t  rc;

    rc = ngx_video_live_numbered(t, msn, segment);

    if (rc == NGX_AGAIN && !ngx_video_live_is_next(t, msn, part)) {
        return NGX_BUSY;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (segment->gap && !segment->cut) {
        return NGX_DECLINED;
    }

    if (part == -1) {
        return NGX_OK;
    }

    if (part >= segment->nparts) {
        return segment->complete ? NGX_DECLINED
               : part == segment->nparts ? NGX_AGAIN : NGX_BUSY;
    }

    n = segment->first_part;

    if (t->next_part - n > NGX_VIDEO_LIVE_PARTS) {
        return NGX_DECLINED;
    }

    *range = t->parts[(n + part) % NGX_VIDEO_LIVE_PARTS];

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
