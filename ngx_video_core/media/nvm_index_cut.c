/*
 * Copyright (C) ngx_video authors
 *
 * Segment boundaries and the part of a track that an edit list leaves.
 *
 * Each track is walked twice with the same rules, once to find and count and
 * once to write (nvm_index.c), so that memory is asked for in one piece and
 * never by a number that a file merely claims.
 */

#include <string.h>

#include "nvm_index_cut.h"


/* Audio before the media time that is kept for the decoder: 1/10 s */
#define NVM_INDEX_PREROLL  10

/* A rest that is shorter than 1/8 of the target is no segment of its own */
#define NVM_INDEX_REST     8


/* To ticks of another track, rounded up: the first tick not before. */
static int64_t
nvm_index_ceil(int64_t v, uint32_t to, uint32_t from)
{
    __int128  p, q;

    p = (__int128) v * to;
    q = p / from;

    return (int64_t) (q * from < p ? q + 1 : q);
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

    max = t->stss.entries ? t->stss.count : t->nsamples;

    if (max > t->media_duration / (uint64_t) (b->target - b->target / 4)) {
        max = t->media_duration / (uint64_t) (b->target - b->target / 4);
    }

    b->max = (uint32_t) max + 2;
    b->times = nvm_alloc(arena, b->max, sizeof(int64_t));

    return b->times ? NVM_OK : NVM_ENOMEM;
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


/* The boundary after the last: by the target, from the end of the reference */
static int64_t
nvm_index_cut_tail(const nvm_index_cut_t *c)
{
    int64_t                    next;
    const nvm_index_bounds_t  *b;

    b = c->bounds;

    if (c->bound > b->n) {
        return c->next_ref + b->target;
    }

    next = b->times[b->n - 1] + b->target;

    if (next < b->end) {
        next += (b->end - next + b->target - 1) / b->target * b->target;
    }

    return next;
}


/* Moves to the first boundary after a presentation time. */
static void
nvm_index_cut_follow(nvm_index_cut_t *c, int64_t time)
{
    int64_t                    late, rest;
    nvm_index_bounds_t        *b;

    b = c->bounds;

    do {
        c->bound++;

        if (c->bound < b->n) {
            c->next_ref = b->times[c->bound];

        } else {
            c->next_ref = nvm_index_cut_tail(c);
            late = nvm_rescale(time, b->timescale, c->t->track.timescale)
                   - c->next_ref;
            c->next_ref += late > 0 ? late / b->target * b->target : 0;
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

    /* the second walk finds the same ones again */

    if (c->bound == b->n) {
        b->times[b->n++] = time;
    }

    c->bound++;
    c->next = c->bound < b->max ? time + b->target : INT64_MAX;
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
 * Whether the presentation can start at a sample, and what came before is not
 * needed: the last key frame that is not after the media time (video), the
 * frames just before it (audio).
 */
static int
nvm_index_span_restarts(const nvm_mp4_track_t *t, const nvm_sample_t *s)
{
    if (t->track.kind == NVM_VIDEO) {
        return s->key && nvm_index_pts(t, s) <= (int64_t) t->media_time;
    }

    return s->dts + t->track.timescale / NVM_INDEX_PREROLL <= t->media_time;
}


/* How composition offsets and the edit share what media_time takes away. */
static nvm_err_e
nvm_index_span_shift(nvm_index_span_t *span, const nvm_mp4_track_t *t,
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


nvm_err_e
nvm_index_span(nvm_index_span_t *span, nvm_index_bounds_t *b,
    const nvm_mp4_track_t *t, unsigned leads, uint64_t file_size,
    nvm_fault_t *f)
{
    int64_t            pts, min_pts;
    nvm_err_e          rc;
    nvm_sample_t       s;
    nvm_index_cut_t    c;
    nvm_mp4_samples_t  walk;

    memset(span, 0, sizeof(nvm_index_span_t));
    nvm_index_cut_init(&c, b, t, leads);
    nvm_mp4_samples_init(&walk, t);
    min_pts = INT64_MAX;

    while ((rc = nvm_mp4_samples_next(&walk, file_size, &s)) == NVM_OK) {
        pts = nvm_index_pts(t, &s);

        if (walk.sample > 1 && t->media_time
            && nvm_index_span_restarts(t, &s))
        {
            memset(span, 0, sizeof(nvm_index_span_t));
            span->first = walk.sample - 1;
            span->base = s.dts;
            min_pts = INT64_MAX;

            nvm_index_cut_init(&c, b, t, leads);
            b->n = leads ? 0 : b->n;
        }

        (void) nvm_index_cut_next(&c, &s);
        min_pts = pts < min_pts ? pts : min_pts;

        if (t->media_end == UINT64_MAX || pts < (int64_t) t->media_end) {
            span->nsamples = walk.sample - span->first;
            span->nsegments = c.nsegments;
            span->end = s.dts + s.duration;
        }
    }

    if (rc != NVM_ENOENT) {
        return nvm_fault(f, rc, s.offset, "sample tables disagree");
    }

    if (span->nsamples == 0) {
        return nvm_fault(f, NVM_EINVAL, 0, "edit list leaves no samples");
    }

    return nvm_index_span_shift(span, t, min_pts, f);
}
