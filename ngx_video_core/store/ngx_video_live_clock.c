/*
 * Copyright (C) ngx_video authors
 *
 * Where a run stands in time, and where that was put right.
 */

#include "ngx_video_live_block.h"
#include "ngx_video_live_event.h"
#include "ngx_video_live_reading.h"


void
ngx_video_live_clock(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_clock_t *clock)
{
    ngx_video_live_t  *l;

    l = &st->lives[index];

    ngx_video_live_begin(l);
    l->clock = *clock;
    ngx_video_live_commit(l);
}


void
ngx_video_live_shift(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_clock_t *clock, int64_t ms)
{
    uint64_t                 k;
    ngx_uint_t               i;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[index];

    ngx_video_live_begin(l);

    l->clock = *clock;

    for (i = 0; i < l->ntracks; i++) {
        t = ngx_video_live_track_at(st, l, i);

        for (k = t->first; k < t->next; k++) {
            ngx_video_live_segment_at(t, k)->wall += ms;
        }
    }

    ngx_video_live_event_shift(st, l, ms);

    ngx_video_live_commit(l);
}


void
ngx_video_live_step(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_clock_t *clock)
{
    ngx_video_live_t        *l;
    ngx_video_live_step_t   *step;
    ngx_video_live_track_t  *t;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, 0);

    ngx_video_live_begin(l);

    /* it lies in no slot that is remembered, if we die here */
    step = &t->steps[t->nsteps % NGX_VIDEO_LIVE_STEPS];
    step->start = clock->start;
    step->begin = clock->begin;
    t->nsteps++;

    ngx_video_live_commit(l);
}


void
ngx_video_live_clock_of(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_clock_t *clock)
{
    ngx_video_live_step_t   *step;
    ngx_video_live_track_t  *t;

    *clock = l->clock;

    t = l->ntracks ? ngx_video_live_track_at(st, l, 0) : NULL;

    if (t && t->nsteps) {
        step = &t->steps[(t->nsteps - 1) % NGX_VIDEO_LIVE_STEPS];
        clock->start = step->start;
        clock->begin = step->begin;
    }
}


ngx_int_t
ngx_video_live_steps(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_video_live_step_t *steps, uint64_t *first, ngx_uint_t *n)
{
    uint64_t                 k, version, nsteps;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, 0, version);

    nsteps = ngx_video_live_once(&t->nsteps);
    *first = 0;
    *n = 0;

    k = nsteps - ngx_min(nsteps, NGX_VIDEO_LIVE_STEPS - 1);

    if (k) {
        *first = k + 1;

    } else {
        steps[*n].start = l->clock.start;
        steps[(*n)++].begin = l->clock.begin;
    }

    for ( /* void */ ; k < nsteps; k++) {
        steps[(*n)++] = t->steps[k % NGX_VIDEO_LIVE_STEPS];
    }

    ngx_video_live_reading_end(l, version);

    return NGX_OK;
}
