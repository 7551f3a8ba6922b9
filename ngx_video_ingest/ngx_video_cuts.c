/*
 * Copyright (C) ngx_video authors
 *
 * Cuts of video, made and expected: see ngx_video_cuts.h.
 */

#include "ngx_video_cuts.h"


void
ngx_video_cuts_init(ngx_video_cuts_t *c, uint64_t shortest, uint64_t near)
{
    ngx_memzero(c, sizeof(ngx_video_cuts_t));

    c->shortest = shortest;
    c->near = near;
    c->usual_len = shortest;
    c->expected = NGX_VIDEO_NEVER;
}


static ngx_uint_t
ngx_video_cuts_near(ngx_video_cuts_t *c, uint64_t a, uint64_t b)
{
    return a > b ? a - b <= c->near : b - a <= c->near;
}


/*
 * Frames that the publisher has dropped, because it can't keep up: what comes
 * after a gap is late, and stays late.
 */
static uint64_t
ngx_video_cuts_dropped(ngx_video_cuts_t *c)
{
    return c->gap && c->lag > 0 ? c->lag : 0;
}


/* Learns from a segment that has ended; the first one is as usual. */
static void
ngx_video_cuts_learn(ngx_video_cuts_t *c, uint64_t len)
{
    uint64_t    frames;
    ngx_uint_t  as_many, as_long;

    frames = c->frames + ngx_video_cuts_dropped(c);

    as_many = (c->last_frames == 0 || frames == c->last_frames
               || frames == c->usual_frames);
    as_long = (c->last_frames == 0 || ngx_video_cuts_near(c, len, c->last_len)
               || ngx_video_cuts_near(c, len, c->usual_len));

    if (as_many || as_long) {
        c->usual_frames = as_many ? frames : 0;
        c->usual_len = as_long || c->usual_len == 0 ? len : c->usual_len;
        c->odd = 0;

    } else if (c->odd) {
        c->usual_frames = 0;
        c->usual_len = 0;

    } else {
        c->odd = 1;
    }

    c->last_frames = frames;
    c->last_len = len;
}


/*
 * Audio has a cut where it was expected, for its frames may have been told to
 * be the last already; unless it comes too early.  Too late it is when other
 * frames came before it, see ngx_video_cuts_pass().
 */
void
ngx_video_cuts_make(ngx_video_cuts_t *c, uint64_t at)
{
    uint64_t  cut;

    cut = at;

    if (c->expected != NGX_VIDEO_NEVER && at + c->near >= c->expected) {
        cut = c->expected;
    }

    if (c->n) {
        ngx_video_cuts_learn(c, at - c->start);
    }

    c->made[c->n++ % NGX_VIDEO_CUTS] = cut;
    c->expected = c->usual_len ? at + c->usual_len : NGX_VIDEO_NEVER;
    c->start = at;
    c->frames = 1;
    c->newest_lag = 0;
    c->lag = 0;
    c->gap = 0;
}


/*
 * How late the frames are by their number.  Where that is not because some were
 * dropped the cut will be as late: the first frame had a wrong timestamp, or
 * the frame rate is another one.
 */
static void
ngx_video_cuts_follow(ngx_video_cuts_t *c, uint64_t at)
{
    int64_t   lag, late;
    uint64_t  number, expected;

    number = ((at - c->start) * c->usual_frames + c->usual_len / 2)
             / c->usual_len;
    lag = (int64_t) number - (int64_t) (c->frames - 1);

    /* one frame alone may have a wrong timestamp */
    c->lag = ngx_abs(lag) < ngx_abs(c->newest_lag) ? lag : c->newest_lag;
    c->newest_lag = lag;

    late = c->lag - (int64_t) ngx_video_cuts_dropped(c);
    late = late * (int64_t) c->usual_len / (int64_t) c->usual_frames;
    expected = c->start + c->usual_len + late;

    if (c->expected != NGX_VIDEO_NEVER
        && !ngx_video_cuts_near(c, expected, c->expected))
    {
        c->expected = expected;
    }
}


void
ngx_video_cuts_pass(ngx_video_cuts_t *c, uint64_t at, ngx_uint_t gap)
{
    c->frames++;

    if (gap) {
        c->gap = 1;
    }

    if (c->usual_frames) {
        ngx_video_cuts_follow(c, at);
    }

    if (c->expected != NGX_VIDEO_NEVER && at > c->expected + c->near) {
        c->expected = NGX_VIDEO_NEVER;
    }
}


void
ngx_video_cuts_forget(ngx_video_cuts_t *c)
{
    c->expected = NGX_VIDEO_NEVER;
}


ngx_uint_t
ngx_video_cuts_due(ngx_video_cuts_t *c, uint64_t end, uint64_t frame)
{
    if (c->usual_frames) {
        return c->frames + ngx_video_cuts_dropped(c) == c->usual_frames
               && end >= c->start + c->shortest - c->shortest / 4;
    }

    return c->expected != NGX_VIDEO_NEVER && end + frame / 2 >= c->expected;
}


uint64_t
ngx_video_cuts_at(ngx_video_cuts_t *c, uint64_t n)
{
    return n < c->n ? c->made[n % NGX_VIDEO_CUTS] : c->expected;
}


uint64_t
ngx_video_cuts_oldest(ngx_video_cuts_t *c)
{
    return c->n - ngx_min(c->n, NGX_VIDEO_CUTS);
}
