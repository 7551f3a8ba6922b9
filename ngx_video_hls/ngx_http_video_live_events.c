/*
 * Copyright (C) ngx_video authors
 *
 * The events of a live stream as date ranges of its playlists (RFC 8216bis,
 * 4.4.5.1 and 4.4.5.1.1): those of all its runs, and a splice out and the
 * splice in that ends it as one range.
 *
 * A range is listed until it is over and has left the window.  One whose end
 * nobody told is over when it was planned to be.
 */

#include "ngx_http_video_hls_module.h"
#include "ngx_video_live_event.h"


/* "splice-6fffffff-e1a2013ca5a100-12" */
#define NGX_HTTP_VIDEO_RANGE_ID    64

/* ms that a splice lasts of which nothing is told */
#define NGX_HTTP_VIDEO_RANGE_LONGEST  86400000

/* CAN-SKIP-UNTIL, in target durations */
#define NGX_HTTP_VIDEO_RANGE_SKIP  6


/* What is made of the events. */
typedef struct {
    nvm_hls_range_t          *ranges;
    ngx_video_live_event_t  **events;       /* of each range */
    ngx_uint_t               *pair;         /* an out's in, an in's out, + 1 */
    ngx_uint_t                n;
    u_char                   *ids;          /* _RANGE_ID for each */
} ngx_http_video_ranges_t;


/*
 * The newest splice out with the id and type of an event that has not ended
 * before it, and was not cancelled; -1: there is none.
 */
static ngx_int_t
ngx_http_video_range_open(ngx_http_video_ranges_t *t,
    ngx_video_live_event_t *e)
{
    ngx_uint_t               i;
    ngx_video_live_event_t  *out;

    for (i = t->n; i-- > 0; ) {
        out = t->events[i];

        if (out->kind != NGX_VIDEO_LIVE_SPLICE_OUT || out->id != e->id
            || (e->kind != NGX_VIDEO_LIVE_SPLICE_CANCEL
                && out->type != e->type))
        {
            continue;
        }

        return t->pair[i] || t->ranges[i].removed ? -1 : (ngx_int_t) i;
    }

    return -1;
}


/* A range of its own for an event. */
static nvm_hls_range_t *
ngx_http_video_range_push(ngx_http_video_ranges_t *t,
    ngx_http_video_run_t *run, ngx_video_live_event_t *e)
{
    u_char           *id;
    nvm_hls_range_t  *range;

    id = t->ids + t->n * NGX_HTTP_VIDEO_RANGE_ID;

    if (e->kind == NGX_VIDEO_LIVE_CUE) {
        ngx_sprintf(id, "cue-%s-%uL%Z", run->id, e->number);

    } else {
        ngx_sprintf(id, "splice-%08xD-%s-%uL%Z", e->id, run->id, e->number);
    }

    range = &t->ranges[t->n];
    t->events[t->n++] = e;

    range->id = (char *) id;
    range->start = e->wall;
    range->duration = NVM_HLS_UNKNOWN;
    range->planned = NVM_HLS_UNKNOWN;
    range->data = e->data;
    range->size = e->size;

    return range;
}


static void
ngx_http_video_range_in(ngx_http_video_ranges_t *t, ngx_http_video_run_t *run,
    ngx_video_live_event_t *e)
{
    ngx_int_t         out;
    nvm_hls_range_t  *range;

    out = ngx_http_video_range_open(t, e);
    range = ngx_http_video_range_push(t, run, e);
    range->scte35 = "SCTE35-IN";

    if (out == -1) {
        return;
    }

    t->pair[out] = t->n;
    t->pair[t->n - 1] = (ngx_uint_t) out + 1;

    range->id = t->ranges[out].id;
    range->start = t->ranges[out].start;
    range->end = ngx_max(e->wall, range->start);
    range->duration = (uint64_t) (range->end - range->start);
    range->again = 1;
}


static void
ngx_http_video_range_add(ngx_http_video_ranges_t *t,
    ngx_http_video_run_t *run, ngx_video_live_event_t *e)
{
    ngx_int_t         out;
    nvm_hls_range_t  *range;

    switch (e->kind) {

    case NGX_VIDEO_LIVE_CUE:
        range = ngx_http_video_range_push(t, run, e);
        range->class_name = "cue-point";
        range->duration = e->duration;
        break;

    case NGX_VIDEO_LIVE_SPLICE_OUT:
        out = ngx_http_video_range_open(t, e);

        if (out != -1 && t->events[out]->wall
                         + (int64_t) ngx_min(t->events[out]->duration,
                                             NGX_HTTP_VIDEO_RANGE_LONGEST)
                         > e->wall)
        {
            /* it is said again */
            break;
        }

        range = ngx_http_video_range_push(t, run, e);
        range->scte35 = "SCTE35-OUT";
        range->planned = e->duration;
        break;

    case NGX_VIDEO_LIVE_SPLICE_IN:
        ngx_http_video_range_in(t, run, e);
        break;

    case NGX_VIDEO_LIVE_SPLICE_CANCEL:
        out = ngx_http_video_range_open(t, e);

        if (out != -1) {
            t->ranges[out].removed = 1;
        }

        break;

    default:
        range = ngx_http_video_range_push(t, run, e);
        range->scte35 = "SCTE35-CMD";
    }
}


/* When a range is over, ms since 1970; -1: nobody knows. */
static int64_t
ngx_http_video_range_end(ngx_http_video_ranges_t *t, ngx_uint_t i)
{
    ngx_video_live_event_t  *e;

    if (t->pair[i]) {
        e = t->events[t->pair[i] - 1];
        return ngx_max(e->wall, t->events[i]->wall);
    }

    e = t->events[i];

    if (e->duration != NGX_VIDEO_LIVE_UNKNOWN) {
        return e->wall + (int64_t) e->duration;
    }

    return e->kind == NGX_VIDEO_LIVE_SPLICE_OUT ? -1 : e->wall;
}


/*
 * Which of them are listed beside what begins at "oldest", which have left not
 * long ago, and which a client knows that asks for a delta update.  All others
 * are left out.
 */
static void
ngx_http_video_range_window(ngx_http_video_ranges_t *t, int64_t oldest,
    int64_t skip)
{
    int64_t           end, now;
    ngx_uint_t        i, n;
    nvm_hls_range_t  *range;

    now = (int64_t) ngx_video_now();

    for (i = 0, n = 0; i < t->n; i++) {
        range = &t->ranges[i];
        end = ngx_http_video_range_end(t, i);

        if (end != -1 && end < oldest) {
            range->removed = 1;

            if (end < oldest - skip) {
                continue;
            }
        }

        range->old = (t->events[i]->added < now - skip);
        t->ranges[n++] = *range;
    }

    t->n = n;
}


/* Memory for all that there may be; NGX_DECLINED: there is nothing. */
static ngx_int_t
ngx_http_video_range_room(ngx_http_request_t *r, ngx_http_video_ranges_t *t,
    ngx_uint_t n)
{
    ngx_memzero(t, sizeof(ngx_http_video_ranges_t));

    if (n == 0) {
        return NGX_DECLINED;
    }

    t->ranges = ngx_pcalloc(r->pool, n * sizeof(nvm_hls_range_t));
    t->events = ngx_palloc(r->pool, n * sizeof(ngx_video_live_event_t *));
    t->pair = ngx_pcalloc(r->pool, n * sizeof(ngx_uint_t));
    t->ids = ngx_pnalloc(r->pool, n * NGX_HTTP_VIDEO_RANGE_ID);

    return t->ranges && t->events && t->pair && t->ids ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_video_live_events(ngx_http_request_t *r, ngx_http_video_runs_t *runs,
    nvm_timeline_t *timeline, nvm_hls_media_t *media)
{
    ngx_int_t                 rc;
    ngx_uint_t                i, k, n, count[NGX_VIDEO_LIVE_RUNS];
    nvm_arena_t               arena;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_ranges_t   t;
    ngx_video_live_event_t   *events[NGX_VIDEO_LIVE_RUNS];

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ngx_video_pool_arena(&arena, r->pool);

    for (i = 0, n = 0; i < runs->nruns; i++) {
        rc = ngx_video_live_events(ctx->store, &runs->run[i]->info, &arena,
                                   &events[i], &count[i]);
        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        /* a run that has just left */
        count[i] = rc == NGX_OK ? count[i] : 0;
        n += count[i];
    }

    rc = ngx_http_video_range_room(r, &t, n);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
    }

    for (i = runs->nruns; i-- > 0; ) {
        for (k = 0; k < count[i]; k++) {
            ngx_http_video_range_add(&t, runs->run[i], &events[i][k]);
        }
    }

    if (timeline->nsegments) {
        ngx_http_video_range_window(&t, timeline->segments[0].wall,
                                    (int64_t) timeline->target * 1000
                                    * NGX_HTTP_VIDEO_RANGE_SKIP);
    }

    media->ranges = t.ranges;
    media->nranges = t.n;

    return NGX_OK;
}
