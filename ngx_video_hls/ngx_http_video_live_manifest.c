/*
 * Copyright (C) ngx_video authors
 *
 * Manifests of live streams: a period for each run, and another one wherever
 * the clock of a run was put right (ngx_video_live_clock.c).
 */

#include "ngx_http_video_hls_module.h"
#include "nvm_dash.h"


/* of a run's period: that of the run, and the number of its step */
#define NGX_HTTP_VIDEO_PERIOD_ID                                              \
    (sizeof(((ngx_http_video_run_t *) 0)->id) + sizeof("-") + NGX_INT64_LEN)

/*
 * ms; what DASH players with low latency are to aim at is this and three parts:
 * they learn of a segment by asking for the manifest, as often as the other.
 */
#define NGX_HTTP_VIDEO_DASH_LATENCY  1500
#define NGX_HTTP_VIDEO_DASH_UPDATE   500


/* A run on the way into periods: what is not in one yet is in its timelines. */
typedef struct {
    ngx_http_video_runs_t    *runs;
    ngx_http_video_run_t     *run;
    ngx_array_t              *periods;      /* nvm_dash_period_t */
} ngx_http_video_manifest_t;


static nvm_err_e
ngx_http_video_manifest_write(nvm_writer_t *w, void *what)
{
    return nvm_dash_write(w, what);
}


/*
 * Adds to a timeline the segment that is being made, or is about to be: as
 * long as the one before it.
 */
static ngx_int_t
ngx_http_video_manifest_announce(ngx_http_request_t *r, nvm_timeline_t *tl)
{
    size_t          n;
    nvm_segment_t  *s, *last;

    n = tl->nsegments;

    if (n && !tl->segments[n - 1].complete) {
        n--;
    }

    if (n == 0) {
        return NGX_OK;
    }

    s = ngx_palloc(r->pool, (n + 1) * sizeof(nvm_segment_t));
    if (s == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(s, tl->segments, n * sizeof(nvm_segment_t));

    last = &s[n - 1];
    s[n] = *last;
    s[n].msn = last->msn + 1;
    s[n].start = last->start + last->duration;

    tl->segments = s;
    tl->nsegments = n + 1;

    return NGX_OK;
}


/* Low latency: what is being made, and what players are to aim at. */
static ngx_int_t
ngx_http_video_manifest_latency(ngx_http_request_t *r,
    ngx_http_video_run_t *run, ngx_uint_t ntracks, nvm_dash_t *d)
{
    ngx_uint_t       i;
    nvm_timeline_t  *tl;

    for (i = 0; i < ntracks; i++) {
        tl = &run->timeline[i];

        if (ngx_http_video_manifest_announce(r, tl) != NGX_OK) {
            return NGX_ERROR;
        }

        d->latency = ngx_max(d->latency,
                             NGX_HTTP_VIDEO_DASH_LATENCY
                             + (uint32_t) nvm_rescale((int64_t) tl->part_target
                                                      * 3, 1000,
                                                      tl->track->timescale));
    }

    d->delay = d->latency;
    d->update_period = NGX_HTTP_VIDEO_DASH_UPDATE;

    return NGX_OK;
}


/*
 * How many segments of a track begin before a media time, ms.  Tracks are
 * cut near each other, not in one place: what counts is where the middle is.
 */
static size_t
ngx_http_video_manifest_before(ngx_http_video_manifest_t *m, ngx_uint_t i,
    uint64_t ms)
{
    size_t           n;
    uint64_t         end;
    nvm_segment_t   *s;
    nvm_timeline_t  *tl;

    tl = &m->run->timeline[i];
    end = (uint64_t) nvm_rescale((int64_t) ms, tl->track->timescale, 1000);

    for (n = 0; n < tl->nsegments; n++) {
        s = &tl->segments[n];

        if (s->start + s->duration / 2 >= end) {
            break;
        }
    }

    return n;
}


/* What of each track is of the time before "end", ms; whether there is any. */
static ngx_uint_t
ngx_http_video_manifest_until(ngx_http_video_manifest_t *m, uint64_t end,
    size_t *counts)
{
    ngx_uint_t  i, any;

    for (i = 0, any = 0; i < m->runs->ntracks; i++) {
        counts[i] = end == UINT64_MAX
                    ? m->run->timeline[i].nsegments
                    : ngx_http_video_manifest_before(m, i, end);
        any |= (counts[i] != 0);
    }

    return any;
}


/* Where the first n segments of a track end, n > 0, in its ticks. */
static uint64_t
ngx_http_video_manifest_end(const nvm_timeline_t *tl, size_t n)
{
    return tl->segments[n - 1].start + tl->segments[n - 1].duration;
}


/* Whether there is something to list of a track's first n segments. */
static ngx_uint_t
ngx_http_video_manifest_lists(nvm_timeline_t *tl, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (tl->segments[i].complete && !tl->segments[i].gap) {
            return 1;
        }
    }

    return 0;
}


/* Whether a track has, or had, a whole segment. */
static ngx_uint_t
ngx_http_video_manifest_begun(nvm_timeline_t *tl)
{
    return tl->count > 1
           || (tl->count && (tl->nsegments == 0 || tl->segments[0].complete));
}


/*
 * Whether a period has the kinds of media that its run has, and those that were
 * before it.  What plays sound and pictures can't play one of them alone: where
 * a period has no sound Shaka 5.2 ends with error 4037 and dash.js 5.2 stands
 * still.  Tracks are not cut in one moment, nor do they leave the window in one.
 * A run that is as long as the window is what there is.
 */
static ngx_uint_t
ngx_http_video_manifest_whole(ngx_http_video_manifest_t *m, size_t *counts)
{
    uint32_t                has, wants, kind;
    uint64_t                ms;
    ngx_uint_t              i;
    nvm_timeline_t         *tl;
    ngx_video_live_info_t  *info;

    info = &m->run->info;

    for (i = 0, has = 0, wants = 0, ms = 0; i < info->ntracks; i++) {
        tl = &m->run->timeline[i];
        kind = 1u << tl->track->kind;

        wants |= ngx_http_video_manifest_begun(tl) ? kind : 0;
        has |= ngx_http_video_manifest_lists(tl, counts[i]) ? kind : 0;

        if (tl->nsegments) {
            ms = ngx_max(ms, ngx_http_video_manifest_end(tl, tl->nsegments)
                             * 1000 / tl->track->timescale);
        }
    }

    if (ms < info->clock.begin + info->window_ms) {
        wants |= info->had;
    }

    return (wants & ~has) == 0;
}


/* Whether what a period has is not worth it, if it is not whole. */
static ngx_uint_t
ngx_http_video_manifest_short(ngx_http_video_manifest_t *m, size_t *counts)
{
    uint64_t         ticks;
    ngx_uint_t       i;
    nvm_timeline_t  *tl;

    for (i = 0; i < m->runs->ntracks; i++) {
        tl = &m->run->timeline[i];

        if (counts[i]) {
            ticks = ngx_http_video_manifest_end(tl, counts[i])
                    - tl->segments[0].start;

            if (ticks * 1000 / tl->track->timescale >= NGX_HTTP_VIDEO_VAIN) {
                return 0;
            }
        }
    }

    return 1;
}


/*
 * Whether the period of a step is told, and stays so until it leaves: step 0 is
 * the beginning of the run.  A step is made when all tracks have media; one that
 * falls silent then is not waited for.
 */
static ngx_uint_t
ngx_http_video_manifest_tells(ngx_http_video_manifest_t *m, uint64_t step,
    ngx_uint_t last, size_t *counts)
{
    if (ngx_http_video_manifest_whole(m, counts)) {
        return 1;
    }

    last = last && m->run == m->runs->run[0];

    if (m->periods->nelts == 0) {
        /* or there would be nothing at all */
        return last;
    }

    return step && !(last && ngx_http_video_manifest_short(m, counts));
}


static ngx_int_t
ngx_http_video_manifest_period(ngx_http_request_t *r,
    ngx_http_video_manifest_t *m, ngx_video_live_step_t *step, uint64_t number,
    size_t *counts)
{
    char               *id;
    ngx_uint_t          i, n;
    nvm_timeline_t     *tl;
    nvm_dash_track_t   *tracks;
    nvm_dash_period_t  *period;

    n = m->runs->ntracks;

    tl = ngx_palloc(r->pool, n * sizeof(nvm_timeline_t));
    tracks = ngx_pcalloc(r->pool, n * sizeof(nvm_dash_track_t));
    id = ngx_pnalloc(r->pool, NGX_HTTP_VIDEO_PERIOD_ID);
    period = ngx_array_push(m->periods);

    if (tl == NULL || tracks == NULL || id == NULL || period == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        tl[i] = m->run->timeline[i];
        tl[i].nsegments = counts[i];

        tracks[i].timeline = &tl[i];
        tracks[i].id = m->runs->name[i];
        tracks[i].prefix = m->run->prefix;
        tracks[i].pto = (uint64_t) nvm_rescale((int64_t) step->begin,
                                               tl[i].track->timescale, 1000);
    }

    if (number) {
        ngx_sprintf((u_char *) id, "%s-%uL%Z", m->run->id, number);

    } else {
        id = m->run->info.order ? m->run->id : NULL;
    }

    period->tracks = tracks;
    period->ntracks = n;
    period->id = id;
    period->start = step->start;

    return NGX_OK;
}


static void
ngx_http_video_manifest_pass(ngx_http_video_manifest_t *m, size_t *counts)
{
    ngx_uint_t  i;

    for (i = 0; i < m->runs->ntracks; i++) {
        m->run->timeline[i].segments += counts[i];
        m->run->timeline[i].nsegments -= counts[i];
    }
}


static ngx_int_t
ngx_http_video_manifest_run(ngx_http_request_t *r, ngx_http_video_manifest_t *m)
{
    size_t                  counts[NGX_VIDEO_LIVE_TRACKS];
    uint64_t                first, end;
    ngx_uint_t              i, n;
    ngx_http_video_ctx_t   *ctx;
    ngx_video_live_step_t  *steps;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    steps = ngx_palloc(r->pool,
                       NGX_VIDEO_LIVE_STEPS * sizeof(ngx_video_live_step_t));

    if (steps == NULL) {
        return NGX_ERROR;
    }

    if (ngx_video_live_steps(ctx->store, &m->run->info, steps, &first, &n)
        != NGX_OK)
    {
        /* it has just been forgotten */
        return NGX_OK;
    }

    if (first
        && ngx_http_video_manifest_until(m, steps[0].begin, counts))
    {
        /* it is not known any more when these were */
        ngx_http_video_manifest_pass(m, counts);
    }

    for (i = 0; i < n; i++) {
        end = i + 1 < n ? steps[i + 1].begin : UINT64_MAX;

        if (ngx_http_video_manifest_until(m, end, counts)
            && ngx_http_video_manifest_tells(m, first + i, i + 1 == n, counts)
            && ngx_http_video_manifest_period(r, m, &steps[i], first + i,
                                              counts)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_http_video_manifest_pass(m, counts);
    }

    return NGX_OK;
}


/*
 * The time between periods, ms, when there was no publisher: the window is one
 * of media.  Shaka stands still when segments are listed that have left the
 * window by the clock.
 */
static uint64_t
ngx_http_video_manifest_away(ngx_array_t *periods)
{
    uint64_t               away, ticks, end;
    ngx_uint_t             i, k;
    nvm_dash_period_t     *p;
    const nvm_timeline_t  *tl;

    p = periods->elts;
    away = 0;
    end = UINT64_MAX;

    for (i = 0; i < periods->nelts; i++) {
        if (p[i].start > end) {
            away += p[i].start - end;
        }

        for (k = 0, end = p[i].start; k < p[i].ntracks; k++) {
            tl = p[i].tracks[k].timeline;

            if (tl->nsegments) {
                ticks = ngx_http_video_manifest_end(tl, tl->nsegments);
                ticks -= ngx_min(ticks, p[i].tracks[k].pto);
                end = ngx_max(end, p[i].start
                                   + ticks * 1000 / tl->track->timescale);
            }
        }
    }

    return away;
}


ngx_int_t
ngx_http_video_live_manifest(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_runs_t *runs, u_char **text,
    size_t *len)
{
    nvm_dash_t                  d;
    ngx_uint_t                  i;
    ngx_http_video_loc_conf_t  *conf;
    ngx_http_video_manifest_t   m;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    ngx_memzero(&d, sizeof(nvm_dash_t));

    d.captions = runs->captions.list;
    d.ncaptions = runs->captions.n;
    d.images = runs->images.width ? &runs->images : NULL;
    d.dynamic = 1;
    d.events = 1;
    d.availability_start = info->clock.wall;
    d.publish_time = (int64_t) ngx_video_now();
    d.now = d.publish_time;
    d.clock = "time";

    m.runs = runs;
    m.periods = ngx_array_create(r->pool, runs->nruns,
                                 sizeof(nvm_dash_period_t));

    if (m.periods == NULL
        || (conf->low_latency && info->state == NGX_VIDEO_LIVE_LIVE
            && ngx_http_video_manifest_latency(r, runs->run[0], runs->ntracks,
                                               &d)
               != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = runs->nruns; i-- > 0; ) {
        m.run = runs->run[i];

        if (ngx_http_video_manifest_run(r, &m) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    d.periods = m.periods->elts;
    d.nperiods = m.periods->nelts;
    d.time_shift = (uint32_t) (info->listed_ms
                               + ngx_http_video_manifest_away(m.periods));

    return ngx_http_video_write(r, ngx_http_video_manifest_write, &d, text,
                                len);
}
