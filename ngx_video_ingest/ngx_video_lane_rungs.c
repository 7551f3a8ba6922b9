/*
 * Copyright (C) ngx_video authors
 *
 * The segments of rungs: where those of their source begin, and with their
 * numbers.  What is missing of a rung are gaps, and manifests have another
 * period where one goes and where it comes back.
 */

#include "ngx_video_segmenter.h"


void
ngx_video_lane_of_source(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    nvm_track_t               *t;
    ngx_video_rung_t          *r;
    ngx_video_track_writer_t  *tw, *source;

    tw = &lane->writer;
    t = &tw->track;
    r = lane->rung;
    source = &sg->lead->writer;

    t->fps_num = source->track.fps_num;
    t->fps_den = source->track.fps_den;
    tw->frame = source->frame;
    tw->part = source->part;
    tw->part_target = source->part_target;
    tw->paced = 1;

    if (r->fps && (t->fps_num == 0
                   || (uint64_t) t->fps_num > (uint64_t) r->fps * t->fps_den))
    {
        /* of other pictures none are there, which may be the most it can be */
        t->fps_num = 0;
        t->fps_den = 1;
        tw->paced = 0;
    }
}


void
ngx_video_lane_rung_rate(ngx_video_lane_t *lane)
{
    nvm_track_t       *t;
    ngx_video_rung_t  *r;

    t = &lane->writer.track;
    r = lane->rung;

    /* an encoder keeps to what it was told */
    lane->writer.measured = 1;
    t->avg_bandwidth = (uint32_t) r->bitrate;
    t->bandwidth = (uint32_t) (r->maxrate ? r->maxrate
                                          : r->bitrate + r->bitrate / 4);
}


void
ngx_video_lane_period(ngx_video_segmenter_t *sg, uint64_t out)
{
    uint64_t                elapsed;
    ngx_video_live_clock_t  clock;

    elapsed = out * 1000 / NGX_VIDEO_TIMESCALE - sg->time.begin;

    clock = sg->time;
    clock.begin += elapsed;
    clock.start += elapsed + (uint64_t) sg->stepped;
    sg->changed = 0;
    sg->period = sg->cuts.n - 1;

    ngx_video_live_step(sg->store, sg->live, &clock);
}


/* A time of the leader's in ticks of a rung. */
static uint64_t
ngx_video_lane_ticks(ngx_video_track_writer_t *tw, uint64_t at)
{
    return (uint64_t) nvm_rescale((int64_t) at, tw->track.timescale,
                                  NGX_VIDEO_TIMESCALE);
}


/* Without media between two times of the leader's. */
static ngx_int_t
ngx_video_lane_gap(ngx_video_track_writer_t *tw, uint64_t start, uint64_t end)
{
    int64_t   wall;
    uint64_t  from;

    wall = tw->wall + (int64_t) (start * 1000 / NGX_VIDEO_TIMESCALE);

    /* frames of sound go beyond a cut */
    from = ngx_video_lane_ticks(tw, start);
    from = tw->numbered ? ngx_max(from, tw->next) : from;

    return ngx_video_track_writer_gap(tw, from, ngx_video_lane_ticks(tw, end),
                                      wall);
}


/* A rung has no media up to cut n, of those that the leader has made. */
static ngx_int_t
ngx_video_lane_gaps(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint64_t n)
{
    uint64_t                   at;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;
    lane->cut = ngx_max(lane->cut, ngx_video_cuts_oldest(&sg->cuts));

    ngx_video_track_writer_cut(tw, ngx_video_lane_ticks(tw,
                                   ngx_video_cuts_at(&sg->cuts, lane->cut)));

    for ( /* void */ ; lane->cut < n; lane->cut++) {
        at = ngx_video_cuts_at(&sg->cuts, lane->cut);

        if (ngx_video_lane_gap(tw, at,
                               ngx_video_cuts_at(&sg->cuts, lane->cut + 1))
            != NGX_OK)
        {
            return ngx_video_lane_unwritten(sg, lane);
        }
    }

    return NGX_OK;
}


void
ngx_video_lane_absent(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    if (lane->vacant || lane->absent) {
        return;
    }

    lane->absent = 1;
    sg->changed = 1;

    /* what waits for a cut is behind one that begins a gap */
    ngx_video_frame_queue_done(&lane->held);
}


/*
 * Nothing comes of what the leader is making: that is a gap from the start, if
 * it is known where it will end.  Who waits for it is to take another one.
 */
static ngx_int_t
ngx_video_lane_ahead(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    uint64_t  end;

    end = ngx_video_cuts_at(&sg->cuts, sg->cuts.n);

    if (lane->cut + 1 != sg->cuts.n || end == NGX_VIDEO_NEVER) {
        return NGX_OK;
    }

    return ngx_video_lane_gap(&lane->writer,
                              ngx_video_cuts_at(&sg->cuts, lane->cut++), end)
           == NGX_OK ? NGX_OK : ngx_video_lane_unwritten(sg, lane);
}


/* What is open of a rung that is gone is whole, or as much as there is. */
static void
ngx_video_lane_leave(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    uint64_t                   at;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;
    at = ngx_video_cuts_at(&sg->cuts, lane->cut);

    if (at == NGX_VIDEO_NEVER) {
        return;
    }

    at = ngx_video_lane_ticks(tw, at);

    if (tw->open && tw->next + tw->frame / 2 >= at) {
        (void) ngx_video_track_writer_close(tw);

    } else {
        ngx_video_track_writer_cut(tw, at);
    }
}


void
ngx_video_lane_gone(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    if (lane->vacant || lane->absent || sg->cuts.n == 0) {
        return;
    }

    ngx_video_lane_absent(sg, lane);
    ngx_video_lane_leave(sg, lane);

    if (!lane->writer.open
        && ngx_video_lane_gaps(sg, lane, sg->cuts.n - 1) == NGX_OK)
    {
        (void) ngx_video_lane_ahead(sg, lane);
    }
}


ngx_int_t
ngx_video_lane_rungs(ngx_video_segmenter_t *sg)
{
    uint64_t           n, most;
    ngx_uint_t         i, flow;
    ngx_video_lane_t  *lane;

    n = sg->cuts.n - 1;
    most = (uint64_t) NGX_VIDEO_TIMESCALE * NGX_VIDEO_RUNGS_BEHIND / 1000;
    flow = sg->rungs && ngx_video_rungs_flow(sg->rungs);

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];

        if (!lane->made || lane->vacant || lane->cut > n) {
            continue;
        }

        if (lane->cut < n
            && ngx_video_cuts_at(&sg->cuts, n)
               - ngx_video_cuts_at(&sg->cuts, lane->cut + 1) > most)
        {
            ngx_video_lane_absent(sg, lane);
        }

        if (!lane->absent) {
            continue;
        }

        if (ngx_video_lane_gaps(sg, lane, n) != NGX_OK
            || (!flow && ngx_video_lane_ahead(sg, lane) != NGX_OK))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The cut of the leader's that a key frame is at, or the number of them. */
static uint64_t
ngx_video_lane_cut_of(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    int64_t   at, off, near;
    uint64_t  n;

    near = (int64_t) sg->cuts.near;
    at = (int64_t) f->dts + lane->cts - sg->lead->cts;
    n = ngx_max(lane->cut, ngx_video_cuts_oldest(&sg->cuts));

    for ( /* void */ ; n < sg->cuts.n; n++) {
        off = at - (int64_t) ngx_video_cuts_at(&sg->cuts, n);

        if (off <= near && off >= -near) {
            break;
        }
    }

    return n;
}


/* A segment begins with a key frame at cut n. */
static ngx_int_t
ngx_video_lane_rung_segment(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f, uint64_t n)
{
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;

    /* or manifests have it from here on already */
    sg->changed |= (lane->absent && n != sg->period);

    if (!tw->open || lane->absent || n > lane->cut) {
        if (ngx_video_lane_gaps(sg, lane, n) != NGX_OK) {
            return NGX_ERROR;
        }

        if (lane->kind == NVM_AUDIO) {
            /* it does not count on over a gap */
            tw->next = f->dts;
        }
    }

    if (ngx_video_lane_segment(sg, lane,
                               ngx_video_track_writer_dts(tw, f->dts), 1)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    lane->absent = 0;
    lane->cut = n + 1;
    tw->grid = ngx_video_lane_ticks(tw, ngx_video_cuts_at(&sg->cuts, n));

    return NGX_OK;
}


ngx_int_t
ngx_video_lane_rung(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    uint64_t                   n, out;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;
    n = f->key ? ngx_video_lane_cut_of(sg, lane, f) : sg->cuts.n;

    if (n == sg->cuts.n && (!tw->open || lane->absent)) {
        ngx_video_live_stat_drop(sg->stat, NGX_VIDEO_DROP_START);
        return NGX_OK;
    }

    if (n < sg->cuts.n
        && ngx_video_lane_rung_segment(sg, lane, f, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (tw->paced) {
        /* pictures that are left out are none of its rate */
        tw->frame = sg->lead->writer.frame;
    }

    out = ngx_video_track_writer_dts(tw, f->dts);
    f->last = ngx_video_lane_ends(sg, lane, out + tw->frame);

    return ngx_video_lane_write(sg, lane, f);
}


/*
 * The cut of the leader's that a frame of sound is the first one behind, or the
 * number of them.
 */
static uint64_t
ngx_video_lane_cut_behind(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    uint64_t                   n, at;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;

    if (sg->cuts.n == 1 && lane->cut == 0) {
        /* it may begin later than pictures do */
        return 0;
    }

    n = ngx_max(lane->cut, ngx_video_cuts_oldest(&sg->cuts));

    for ( /* void */ ; n < sg->cuts.n; n++) {
        at = ngx_video_lane_ticks(tw, ngx_video_cuts_at(&sg->cuts, n));

        if (f->dts >= at && f->dts < at + f->duration) {
            break;
        }
    }

    return n;
}


ngx_int_t
ngx_video_lane_rung_sound(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    uint64_t                   n;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;

    if (tw->open && !lane->absent
        && (lane->cut + 1 >= sg->cuts.n
            || f->dts < ngx_video_lane_ticks(tw,
                            ngx_video_cuts_at(&sg->cuts, lane->cut + 1))))
    {
        return NGX_DONE;
    }

    /* what it waited for is long past */
    ngx_video_frame_queue_done(&lane->held);

    n = ngx_video_lane_cut_behind(sg, lane, f);

    if (n == sg->cuts.n) {
        ngx_video_live_stat_drop(sg->stat, NGX_VIDEO_DROP_START);
        return NGX_OK;
    }

    if (ngx_video_lane_rung_segment(sg, lane, f, n) != NGX_OK) {
        return NGX_ERROR;
    }

    f->last = ngx_video_lane_ends(sg, lane, f->dts + tw->frame);

    return ngx_video_lane_write(sg, lane, f);
}


void
ngx_video_lane_rungs_end(ngx_video_segmenter_t *sg)
{
    uint64_t                   n, at;
    ngx_uint_t                 i;
    ngx_video_lane_t          *lane;
    ngx_video_track_writer_t  *tw;

    if (sg->lead == NULL || sg->cuts.n == 0) {
        return;
    }

    n = sg->cuts.n - 1;
    at = ngx_video_cuts_at(&sg->cuts, n);

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];
        tw = &lane->writer;

        if (!lane->made || lane->vacant || lane->cut > n) {
            continue;
        }

        if (!lane->absent) {
            (void) ngx_video_track_writer_close(tw);
        }

        if (ngx_video_lane_gaps(sg, lane, n) == NGX_OK) {
            lane->cut++;
            (void) ngx_video_lane_gap(tw, at, sg->lead->writer.next);
        }
    }
}
