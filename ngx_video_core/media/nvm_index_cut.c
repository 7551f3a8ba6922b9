/*
 * Copyright (C) ngx_video authors
 *
 * Where a track is cut, and the part of it that an edit list leaves.
 */

#include <string.h>

#include "nvm_index_cut.h"


/* Audio before the media time that is kept for the decoder: 1/10 s */
#define NVM_INDEX_PREROLL  10

/* A rest that is shorter than 1/8 of the target is no segment of its own */
#define NVM_INDEX_REST     8


/*
 * To ticks of another track, rounded up: the first tick not before.  What is
 * beyond all ticks is INT64_MAX.
 */
static int64_t
nvm_index_ceil(int64_t v, uint32_t to, uint32_t from)
{
    __int128  p, q;

    p = (__int128) v * to;
    q = p / from;
    q += q * from < p;

    return q < INT64_MAX ? (int64_t) q : INT64_MAX;
}


nvm_err_e
nvm_index_bounds_init(nvm_index_bounds_t *b, nvm_arena_t *arena,
    const nvm_mp4_track_t *t, uint32_t target)
{
    uint64_t  max;

    memset(b, 0, sizeof(nvm_index_bounds_t));

    b->timescale = t->track.timescale;
    b->target = nvm_rescale(target, b->timescale, 1000);
    b->target += b->target ? 0 : 1;
    b->end = (int64_t) t->track.duration;

    /* at most one for each key frame, and for 3/4 of a target */

    max = t->stss.count && !t->nfragments ? t->stss.count : t->nsamples;

    if (max > t->media_duration / (uint64_t) (b->target - b->target / 4)) {
        max = t->media_duration / (uint64_t) (b->target - b->target / 4);
    }

    b->max = (uint32_t) max + 2;
    b->times = nvm_alloc(arena, b->max, sizeof(int64_t));

    return b->times ? NVM_OK : NVM_ENOMEM;
}


nvm_err_e
nvm_index_bounds_copy(nvm_index_bounds_t *b, nvm_arena_t *arena,
    const nvm_index_lead_t *lead, uint32_t target)
{
    memset(b, 0, sizeof(nvm_index_bounds_t));

    b->timescale = lead->timescale;
    b->target = nvm_rescale(target, b->timescale, 1000);
    b->target += b->target ? 0 : 1;
    b->end = lead->end;
    b->n = lead->n;
    b->max = lead->n;

    b->times = nvm_alloc(arena, b->n, sizeof(int64_t));
    if (b->times == NULL) {
        return NVM_ENOMEM;
    }

    memcpy(b->times, lead->times, b->n * sizeof(int64_t));

    return NVM_OK;
}


void
nvm_index_cut_init(nvm_index_cut_t *c, nvm_index_bounds_t *b,
    const nvm_mp4_track_t *t, unsigned leads)
{
    memset(c, 0, sizeof(nvm_index_cut_t));

    c->t = t;
    c->bounds = b;
    c->leads = leads;
    c->slack = nvm_rescale(b->target, t->track.timescale, b->timescale) / 4;
}


/* The boundary after the last: the end of the reference, then by the target */
static int64_t
nvm_index_cut_tail(const nvm_index_cut_t *c)
{
    const nvm_index_bounds_t  *b;

    b = c->bounds;

    return c->bound > b->n ? c->next_ref + b->target : b->end;
}


/* Moves to the first boundary after a presentation time. */
static void
nvm_index_cut_follow(nvm_index_cut_t *c, int64_t time)
{
    int64_t                    ref, rest;
    nvm_index_bounds_t        *b;

    b = c->bounds;
    ref = nvm_rescale(time, b->timescale, c->t->track.timescale);

    if (ref > INT64_MAX / 2) {
        /* the reference track has no ticks for it: 10^9 years and more */
        c->bound = c->bound < b->n ? b->n : c->bound + 1;
        c->next = INT64_MAX;
        return;
    }

    do {
        c->bound++;

        if (c->bound < b->n) {
            c->next_ref = b->times[c->bound];

        } else {
            c->next_ref = nvm_index_cut_tail(c);

            if (ref > c->next_ref) {
                c->next_ref += (ref - c->next_ref) / b->target * b->target;
            }
        }

        c->next = nvm_index_ceil(c->next_ref, c->t->track.timescale,
                                 b->timescale);
    } while (time >= c->next);

    rest = nvm_rescale(b->target, c->t->track.timescale, b->timescale)
           / NVM_INDEX_REST;

    if (c->bound >= b->n && (int64_t) c->t->track.duration - c->next < rest) {
        c->next = INT64_MAX;
    }
}


/* The reference track: a segment starts at each key frame that is far enough */
static void
nvm_index_cut_lead(nvm_index_cut_t *c, int64_t time)
{
    nvm_index_bounds_t  *b;

    b = c->bounds;

    b->times[b->n++] = time;
    c->next = b->n < b->max ? time + b->target : INT64_MAX;
}


int
nvm_index_cut_next(nvm_index_cut_t *c, const nvm_sample_t *s)
{
    int64_t   time, slack;

    time = nvm_index_pts(c->t, s) - (int64_t) c->t->media_time
           + (int64_t) c->t->delay;

    /* half a frame of video, for boundaries and frames that were rounded */

    slack = c->t->track.kind == NVM_VIDEO ? s->duration / 2 : 0;
    slack = slack < c->slack ? slack : c->slack;

    if (c->nsegments == 0) {
        c->start = s->dts;
        c->nsegments = 1;

        if (c->t->track.kind == NVM_TEXT) {
            c->next = INT64_MAX;
            return 1;
        }

        if (c->leads) {
            nvm_index_cut_lead(c, time);
            return 1;
        }

        nvm_index_cut_follow(c, time + slack);
        c->nsegments = c->bound;

        return 1;
    }

    /* each segment lasts, and leaves time for another */

    if (c->next == INT64_MAX || time + slack < c->next
        || s->dts <= c->start || s->dts >= c->t->media_duration
        || (c->leads && !nvm_index_key(c->t, s)))
    {
        return 0;
    }

    c->start = s->dts;
    c->nsegments++;

    if (c->leads) {
        nvm_index_cut_lead(c, time);

    } else {
        nvm_index_cut_follow(c, time + slack);
    }

    return 1;
}


/*
 * It can at the last key frame that is not after the media time (video), and
 * at the frames just before it (audio).
 */
int
nvm_index_restarts(const nvm_mp4_track_t *t, const nvm_sample_t *s)
{
    if (t->track.kind == NVM_VIDEO) {
        return s->key && nvm_index_pts(t, s) <= (int64_t) t->media_time;
    }

    if (t->track.kind == NVM_TEXT) {
        return 0;
    }

    return s->dts + t->track.timescale / NVM_INDEX_PREROLL <= t->media_time;
}


nvm_err_e
nvm_index_shift(nvm_index_span_t *span, const nvm_mp4_track_t *t,
    int64_t min_pts, nvm_fault_t *f)
{
    int64_t  edit, media;

    media = (int64_t) t->media_time;

    if (t->track.kind == NVM_VIDEO) {
        edit = media - (int64_t) t->delay - min_pts;
        edit = edit > 0 ? edit : 0;
        span->shift = media - (int64_t) span->base - edit;

    } else {
        edit = media - (int64_t) span->base;
        span->shift = 0;
    }

    if (edit > INT32_MAX) {
        return nvm_fault(f, NVM_ELIMIT, 0, "edit list starts too late");
    }

    span->edit = (uint32_t) edit;

    return NVM_OK;
}


/*
 * The media time before which no sample starts a segment or ends the
 * presentation, whatever its composition offset.
 */
static int64_t
nvm_index_cut_quiet(const nvm_index_cut_t *c, const nvm_mp4_mark_t *at)
{
    int64_t  limit, slack;

    limit = c->next;

    if (limit != INT64_MAX) {
        slack = c->t->track.kind == NVM_VIDEO ? at->stts_delta / 2 : 0;
        limit += (int64_t) c->t->media_time - (int64_t) c->t->delay - slack;
    }

    if (c->t->media_end < INT64_MAX && limit > (int64_t) c->t->media_end) {
        limit = (int64_t) c->t->media_end;
    }

    if (c->t->track.kind == NVM_VIDEO) {
        limit -= c->t->max_cts > 0 ? c->t->max_cts : 0;
    }

    return limit;
}


uint32_t
nvm_index_cut_idle(const nvm_index_cut_t *c, const nvm_mp4_mark_t *at,
    int64_t min_pts)
{
    int64_t   limit, dts;
    uint64_t  n;

    dts = (int64_t) at->dts;

    if (at->stts_left == 0
        || dts - c->t->track.timescale / NVM_INDEX_PREROLL
           <= (int64_t) c->t->media_time - c->t->min_cts)
    {
        /* the presentation may start anew here */
        return 0;
    }

    if (c->t->track.kind == NVM_VIDEO && dts + c->t->min_cts < min_pts) {
        return 0;
    }

    limit = nvm_index_cut_quiet(c, at);

    if (limit <= dts) {
        return 0;
    }

    if (at->stts_delta == 0) {
        return at->stts_left;
    }

    n = ((uint64_t) (limit - dts) + at->stts_delta - 1) / at->stts_delta;

    return n < at->stts_left ? (uint32_t) n : at->stts_left;
}
