/*
 * Copyright (C) ngx_video authors
 *
 * Live playlists and manifests.  One text for (stream, track, newest segment,
 * newest part) serves every viewer: it is rendered into a store object by
 * whoever comes first, and handed to all others from there.
 *
 * Delta updates are RFC 8216bis, 6.2.5.1, blocking reload is 6.2.5.2.
 */

#include "ngx_http_video_live_ts.h"
#include "nvm_dash.h"
#include "nvm_hls.h"


/* How far ahead of the newest segment a request may ask. */
#define NGX_HTTP_VIDEO_AHEAD  2

/* Segments of a playlist that is long; bytes of one, and some for parts. */
#define NGX_HTTP_VIDEO_LONG   500
#define NGX_HTTP_VIDEO_LINES  144

/*
 * ms; what DASH players with low latency are to aim at is this and three parts:
 * they learn of a segment by asking for the manifest, as often as the other.
 */
#define NGX_HTTP_VIDEO_DASH_LATENCY  1500
#define NGX_HTTP_VIDEO_DASH_UPDATE   500


/* A delta update that leaves out date ranges, too; 1: segments alone. */
#define NGX_HTTP_VIDEO_SKIP_RANGES  2


/* What is to be rendered. */
typedef struct {
    ngx_video_live_info_t    *info;
    ngx_uint_t                number;       /* of a playlist's track */
    ngx_uint_t                skip;         /* a delta update is wanted */
} ngx_http_video_listed_t;


static ngx_uint_t ngx_http_video_live_skip(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_live_ready(ngx_http_request_t *r,
    ngx_http_video_listed_t *listed, ngx_str_t *key, ngx_int_t *max_age);
static ngx_int_t ngx_http_video_live_render(ngx_http_request_t *r,
    void *what, u_char **text, size_t *len);


ngx_int_t
ngx_http_video_live_list(ngx_http_request_t *r, ngx_video_live_info_t *info)
{
    u_char                    buf[NGX_VIDEO_KEY_MAX];
    ngx_int_t                 rc, max_age;
    ngx_str_t                 key;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_listed_t   listed;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    key.data = buf;
    max_age = NGX_HTTP_VIDEO_NO_CACHE;
    listed.info = info;
    listed.skip = ngx_http_video_live_skip(r);

    for ( ;; ) {
        listed.number = 0;
        rc = ngx_http_video_live_find(r, info, &listed.number);

        if (rc != NGX_OK) {
            return rc;
        }

        rc = ctx->path.ts
             ? ngx_http_video_live_ts_ready(r, info, listed.number, &key)
             : ngx_http_video_live_ready(r, &listed, &key, &max_age);

        if (rc == NGX_OK) {
            return ngx_http_video_send_kept(r, &key,
                                            ngx_http_video_live_render,
                                            &listed, max_age, info->epoch);
        }

        if (rc != NGX_AGAIN) {
            return rc;
        }

        rc = ngx_http_video_live_wait(r, info, NGX_HTTP_SERVICE_UNAVAILABLE);

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/* Whether a delta update is asked for; other values than these ask for none. */
static ngx_uint_t
ngx_http_video_live_skip(ngx_http_request_t *r)
{
    ngx_str_t                   value;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (ctx->path.what != NGX_HTTP_VIDEO_PLAYLIST || !conf->low_latency
        || ngx_http_arg(r, (u_char *) "_HLS_skip", 9, &value) != NGX_OK)
    {
        return 0;
    }

    if (value.len == 2 && ngx_strncmp(value.data, "v2", 2) == 0) {
        return NGX_HTTP_VIDEO_SKIP_RANGES;
    }

    return value.len == 3 && ngx_strncmp(value.data, "YES", 3) == 0;
}


/* A number among the arguments: NGX_OK, NGX_DECLINED, NGX_ERROR. */
static ngx_int_t
ngx_http_video_arg(ngx_http_request_t *r, const char *name, uint64_t *n)
{
    ngx_str_t  value;
    ngx_int_t  v;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &value)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    v = ngx_atoi(value.data, value.len);

    if (v == NGX_ERROR) {
        return NGX_ERROR;
    }

    *n = (uint64_t) v;

    return NGX_OK;
}


/*
 * Whether the playlist that the request asks for exists at this edge:
 * NGX_OK, NGX_AGAIN, or a status.
 */
static ngx_int_t
ngx_http_video_live_blocked(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_video_live_edge_t *edge,
    ngx_int_t *max_age)
{
    uint64_t   msn, part;
    ngx_int_t  has_msn, has_part;

    has_msn = ngx_http_video_arg(r, "_HLS_msn", &msn);
    has_part = ngx_http_video_arg(r, "_HLS_part", &part);

    if (has_msn == NGX_ERROR || has_part == NGX_ERROR
        || (has_part == NGX_OK && has_msn != NGX_OK))
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (has_msn != NGX_OK || ngx_video_live_over(info->state)) {
        return NGX_OK;
    }

    /* the same request is answered with the same media for ever */
    *max_age = info->target;

    if (edge->empty) {
        return NGX_AGAIN;
    }

    if (msn > edge->msn + NGX_HTTP_VIDEO_AHEAD) {
        return NGX_HTTP_BAD_REQUEST;
    }

    /* a part that the segment turned out not to have: the next one's first */
    if (has_part == NGX_OK
        && ((msn == edge->msn && edge->complete && part >= edge->nparts)
            || (msn + 1 == edge->msn && part >= edge->before)))
    {
        msn++;
        part = 0;
    }

    if (msn < edge->msn || (msn == edge->msn && edge->complete)) {
        return NGX_OK;
    }

    if (msn > edge->msn) {
        return NGX_AGAIN;
    }

    return has_part == NGX_OK && part < edge->nparts ? NGX_OK : NGX_AGAIN;
}


/*
 * Whether there is something to show, and the key of the text that shows it.
 */
static ngx_int_t
ngx_http_video_live_ready(ngx_http_request_t *r,
    ngx_http_video_listed_t *listed, ngx_str_t *key, ngx_int_t *max_age)
{
    ngx_int_t                   rc;
    ngx_http_video_ctx_t       *ctx;
    ngx_video_live_edge_t       edge;
    ngx_video_live_info_t      *info;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    info = listed->info;
    *max_age = NGX_HTTP_VIDEO_NO_CACHE;

    if (ngx_video_live_edge(ctx->store, info, listed->number, &edge)
        != NGX_OK)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ctx->path.what == NGX_HTTP_VIDEO_PLAYLIST) {
        rc = ngx_http_video_live_blocked(r, info, &edge, max_age);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    /* a run that goes on from another shows that one until it has something */
    if (ctx->path.what != NGX_HTTP_VIDEO_MASTER && info->prev == 0
        && (edge.empty
            || (edge.msn == edge.first && !edge.complete
                && (edge.nparts == 0 || !conf->low_latency
                    || ctx->path.what == NGX_HTTP_VIDEO_MANIFEST))))
    {
        return ngx_video_live_over(info->state) ? NGX_HTTP_NOT_FOUND
                                                : NGX_AGAIN;
    }

    if (ctx->path.what != NGX_HTTP_VIDEO_PLAYLIST) {
        /* they change when a segment is complete, or begins */
        edge.nparts = 0;
    }

    key->len = ngx_sprintf(key->data,
                           "list:%xL:%ui:%ui:%uL:%uD:%uD:%uD:%d%ui:%xL:%uL:%xD",
                           info->epoch, (ngx_uint_t) ctx->path.what,
                           listed->number, edge.msn, edge.nparts,
                           edge.complete, info->state,
                           (int) conf->low_latency, listed->skip,
                           ngx_http_video_captions_hash(conf->captions, 0),
                           info->nevents, edge.behind)
               - key->data;

    return NGX_OK;
}


/* The captions of all runs and all tracks: a menu does not change with them. */
static void
ngx_http_video_live_captions(ngx_http_request_t *r, ngx_http_video_runs_t *t)
{
    ngx_uint_t                  i, n;
    nvm_captions_t              seen;
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
    ngx_memzero(&seen, sizeof(nvm_captions_t));

    for (i = 0; i < t->nruns; i++) {
        for (n = 0; n < t->ntracks; n++) {
            (void) nvm_captions_add(&seen, &t->run[i]->track[n].captions);
        }
    }

    ngx_http_video_captions(conf->captions, &seen, &t->captions);
}


static nvm_err_e
ngx_http_video_live_master(nvm_writer_t *w, void *what)
{
    size_t                    i;
    ngx_uint_t                n;
    nvm_hls_master_t          m;
    nvm_hls_rendition_t       renditions[NGX_VIDEO_LIVE_TRACKS];
    nvm_timeline_t           *tl;
    ngx_http_video_runs_t    *t = what;

    tl = t->run[0]->timeline;
    ngx_memzero(&m, sizeof(nvm_hls_master_t));
    ngx_memzero(renditions, sizeof(renditions));

    m.renditions = renditions;

    for (n = 0; n < t->ntracks; n++) {
        if (!ngx_http_video_runs_vain(t, n)) {
            renditions[m.nrenditions].track = tl[n].track;
            renditions[m.nrenditions++].dir = t->name[n];
        }
    }

    m.captions = t->captions.list;
    m.ncaptions = t->captions.n;
    m.uncaptioned = t->captions.none;
    m.independent = 1;

    for (n = 0; n < t->ntracks; n++) {
        for (i = 0; i < tl[n].nsegments; i++) {
            if (!tl[n].segments[i].independent) {
                m.independent = 0;
            }
        }
    }

    return nvm_hls_master_write(w, &m);
}


/* What a media playlist is rendered from. */
typedef struct {
    nvm_timeline_t            timeline;
    nvm_hls_media_t           media;
} ngx_http_video_playlist_t;


static nvm_err_e
ngx_http_video_live_playlist(nvm_writer_t *w, void *what)
{
    ngx_http_video_playlist_t  *p = what;

    return nvm_hls_media_write(w, &p->timeline, &p->media);
}


static nvm_err_e
ngx_http_video_live_manifest(nvm_writer_t *w, void *what)
{
    return nvm_dash_write(w, what);
}


/* RENDITION-REPORT: the newest media of the other tracks. */
static void
ngx_http_video_live_reports(ngx_http_video_runs_t *t, ngx_uint_t number,
    nvm_hls_report_t *reports, char uris[][40], size_t *n)
{
    ngx_uint_t            i;
    nvm_timeline_t       *tl;
    const nvm_segment_t  *s;

    for (i = 0, *n = 0; i < t->ntracks; i++) {
        tl = &t->run[0]->timeline[i];

        if (i == number || tl->nsegments == 0) {
            continue;
        }

        s = &tl->segments[tl->nsegments - 1];

        if (!s->complete && s->nparts == 0) {
            if (tl->nsegments == 1) {
                continue;
            }

            s--;
        }

        ngx_sprintf((u_char *) uris[*n], "../%s/index.m3u8%Z", t->name[i]);

        reports[*n].uri = uris[*n];
        reports[*n].last_msn = s->msn;
        reports[*n].last_part = (int32_t) s->nparts - 1;
        (*n)++;
    }
}


static ngx_int_t
ngx_http_video_live_render_playlist(ngx_http_request_t *r,
    ngx_http_video_listed_t *listed, ngx_http_video_runs_t *t,
    u_char **text, size_t *len)
{
    char                        uris[NGX_VIDEO_LIVE_TRACKS][40];
    nvm_hls_report_t            reports[NGX_VIDEO_LIVE_TRACKS];
    ngx_http_video_playlist_t   p;
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    ngx_memzero(&p, sizeof(ngx_http_video_playlist_t));

    ngx_http_video_live_reports(t, listed->number, reports, uris,
                                &p.media.nreports);

    if (ngx_http_video_runs_join(r, t, listed->number, &p.timeline, &p.media)
        != NGX_OK
        || ngx_http_video_live_events(r, t, &p.timeline, &p.media) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p.media.reports = reports;
    p.media.paused = listed->info->state == NGX_VIDEO_LIVE_PAUSED;
    p.media.low_latency = conf->low_latency ? 1 : 0;
    p.media.can_block = p.media.low_latency;
    p.media.hold_back = p.media.low_latency;
    p.media.can_skip = p.media.low_latency;
    p.media.skip = listed->skip ? 1 : 0;
    p.media.can_skip_ranges = p.media.low_latency;
    p.media.skip_ranges = listed->skip == NGX_HTTP_VIDEO_SKIP_RANGES;

    if (p.timeline.nsegments > NGX_HTTP_VIDEO_LONG && !listed->skip) {
        return ngx_http_video_write_long(r, ngx_http_video_live_playlist, &p,
                                         p.timeline.nsegments
                                         * NGX_HTTP_VIDEO_LINES,
                                         text, len);
    }

    return ngx_http_video_write(r, ngx_http_video_live_playlist, &p, text,
                                len);
}


/*
 * Adds to a timeline the segment that is being made, or is about to be: as
 * long as the one before it.
 */
static ngx_int_t
ngx_http_video_live_announce(ngx_http_request_t *r, nvm_timeline_t *tl)
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
ngx_http_video_live_dash_latency(ngx_http_request_t *r,
    ngx_http_video_run_t *run, ngx_uint_t ntracks, nvm_dash_t *d)
{
    ngx_uint_t       i;
    nvm_timeline_t  *tl;

    for (i = 0; i < ntracks; i++) {
        tl = &run->timeline[i];

        if (ngx_http_video_live_announce(r, tl) != NGX_OK) {
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


/* A run as a period. */
static void
ngx_http_video_live_period(ngx_http_video_runs_t *t, ngx_http_video_run_t *run,
    nvm_dash_track_t *tracks, nvm_dash_period_t *period)
{
    ngx_uint_t  i;

    ngx_memzero(tracks, t->ntracks * sizeof(nvm_dash_track_t));

    for (i = 0; i < t->ntracks; i++) {
        tracks[i].timeline = &run->timeline[i];
        tracks[i].id = t->name[i];
        tracks[i].prefix = run->prefix;
        tracks[i].pto = (uint64_t) nvm_rescale((int64_t) run->info.clock.begin,
                                               run->track[i].timescale, 1000);
    }

    period->tracks = tracks;
    period->ntracks = t->ntracks;
    period->id = run->info.order ? run->id : NULL;
    period->start = run->info.clock.start;
}


static ngx_int_t
ngx_http_video_live_render_manifest(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_runs_t *t, u_char **text,
    size_t *len)
{
    nvm_dash_t                  d;
    ngx_uint_t                  i;
    nvm_dash_track_t           *tracks;
    nvm_dash_period_t           periods[NGX_VIDEO_LIVE_RUNS];
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    tracks = ngx_palloc(r->pool, t->nruns * NGX_VIDEO_LIVE_TRACKS
                                 * sizeof(nvm_dash_track_t));
    if (tracks == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < t->nruns; i++) {
        ngx_http_video_live_period(t, t->run[t->nruns - 1 - i],
                                   tracks + i * NGX_VIDEO_LIVE_TRACKS,
                                   &periods[i]);
    }

    ngx_memzero(&d, sizeof(nvm_dash_t));

    d.periods = periods;
    d.nperiods = t->nruns;
    d.captions = t->captions.list;
    d.ncaptions = t->captions.n;
    d.dynamic = 1;
    d.events = 1;
    d.availability_start = info->clock.wall;
    d.publish_time = (int64_t) ngx_video_now();
    d.now = d.publish_time;
    d.time_shift = info->listed_ms;
    d.clock = "time";

    if (conf->low_latency && info->state == NGX_VIDEO_LIVE_LIVE
        && ngx_http_video_live_dash_latency(r, t->run[0], t->ntracks, &d)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_write(r, ngx_http_video_live_manifest, &d, text,
                                len);
}


static ngx_int_t
ngx_http_video_live_render(ngx_http_request_t *r, void *what, u_char **text,
    size_t *len)
{
    ngx_http_video_listed_t *listed = what;

    ngx_http_video_ctx_t     *ctx;
    ngx_video_live_info_t    *info;
    ngx_http_video_runs_t    *t;

    info = listed->info;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    t = ngx_palloc(r->pool, sizeof(ngx_http_video_runs_t));
    if (t == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_video_runs_read(r, info, t) != NGX_OK) {
        return NGX_HTTP_NOT_FOUND;
    }

    ngx_http_video_live_captions(r, t);

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_MASTER:
        ngx_http_video_runs_cover(t);

        if (ctx->path.ts) {
            return ngx_http_video_live_ts_master(r, info, t, text, len);
        }

        return ngx_http_video_write(r, ngx_http_video_live_master, t, text,
                                    len);

    case NGX_HTTP_VIDEO_MANIFEST:
        return ngx_http_video_live_render_manifest(r, info, t, text, len);

    default:
        if (ctx->path.ts) {
            return ngx_http_video_live_ts_playlist(r, listed->number, t, text,
                                                   len);
        }

        return ngx_http_video_live_render_playlist(r, listed, t, text, len);
    }
}
