/*
 * Copyright (C) ngx_video authors
 *
 * Live playlists, and which text a request for one, or for a manifest, gets.
 * One text for (stream, track, newest segment, newest part) serves every viewer:
 * it is rendered into a store object by whoever comes first, and handed to all
 * others from there.
 *
 * Delta updates are RFC 8216bis, 6.2.5.1, blocking reload is 6.2.5.2.
 */

#include "ngx_http_video_live_ts.h"
#include "nvm_hls.h"


/* How far ahead of the newest segment a request may ask. */
#define NGX_HTTP_VIDEO_AHEAD  2

/* Segments of a playlist that is long; bytes of one, and some for parts. */
#define NGX_HTTP_VIDEO_LONG   500
#define NGX_HTTP_VIDEO_LINES  144

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

    /*
     * A part that the segment turned out not to have: the next one's first.
     * Who waits for one of a gap is told of that.
     */
    if (has_part == NGX_OK
        && ((msn == edge->msn && edge->complete && !edge->gap
             && part >= edge->nparts)
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
 * A manifest is of all tracks: "sum" is another one when one of the others has
 * a segment more, or a complete one.  NGX_AGAIN: the stream has just begun, and
 * one of them has nothing yet; players don't look for it later.
 */
static ngx_int_t
ngx_http_video_live_others(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_video_live_edge_t *edge, uint64_t *sum)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_http_video_ctx_t   *ctx;
    ngx_video_live_edge_t   other;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    rc = NGX_OK;
    *sum = 0;

    for (i = 1; i < info->ntracks; i++) {
        if (ngx_video_live_edge(ctx->store, info, i, &other) != NGX_OK) {
            return NGX_HTTP_NOT_FOUND;
        }

        *sum += other.empty ? 0 : other.msn * 2 + other.complete;

        if (other.empty || (other.msn == other.first && !other.complete)) {
            rc = NGX_AGAIN;
        }
    }

    return info->prev == 0 && edge->msn <= edge->first + 1
           && !ngx_video_live_over(info->state) ? rc : NGX_OK;
}


/*
 * Whether there is something to show, and the key of the text that shows it.
 */
static ngx_int_t
ngx_http_video_live_ready(ngx_http_request_t *r,
    ngx_http_video_listed_t *listed, ngx_str_t *key, ngx_int_t *max_age)
{
    uint64_t                    others;
    ngx_int_t                   rc;
    ngx_http_video_ctx_t       *ctx;
    ngx_video_live_edge_t       edge;
    ngx_video_live_info_t      *info;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    info = listed->info;
    others = 0;
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
                    || ctx->path.what != NGX_HTTP_VIDEO_PLAYLIST))))
    {
        return ngx_video_live_over(info->state) ? NGX_HTTP_NOT_FOUND
                                                : NGX_AGAIN;
    }

    if (ctx->path.what == NGX_HTTP_VIDEO_MANIFEST) {
        rc = ngx_http_video_live_others(r, info, &edge, &others);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->path.what != NGX_HTTP_VIDEO_PLAYLIST) {
        /* they change when a segment is complete, or begins */
        edge.nparts = 0;
    }

    key->len = ngx_sprintf(key->data,
                           "list:%xL:%ui:%ui:%uL:%uD:%uD:%uL:%uD:%d%ui:%xL:%uL:%xD"
                           ":%uL",
                           info->epoch, (ngx_uint_t) ctx->path.what,
                           listed->number, edge.msn, edge.nparts,
                           edge.complete, others, info->state,
                           (int) conf->low_latency, listed->skip,
                           ngx_http_video_captions_hash(conf->captions, 0),
                           info->nevents, edge.behind,
                           ngx_http_video_thumbs_asked(ctx) ? info->nimages
                                                            : 0)
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
    m.images = t->images.width ? &t->images : NULL;
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


/*
 * The newest segment of a track that has something, and the last part that is
 * listed of it; NULL: there is none.
 */
static const nvm_segment_t *
ngx_http_video_live_newest(ngx_http_video_runs_t *t, ngx_uint_t number,
    int32_t *part)
{
    ngx_uint_t            i;
    nvm_timeline_t       *tl;
    const nvm_segment_t  *s;

    for (i = 0; i < t->nruns; i++) {
        tl = &t->run[i]->timeline[number];

        for (s = tl->segments + tl->nsegments; s-- > tl->segments; ) {
            if (s->complete || s->nparts) {
                *part = nvm_hls_last_part(tl, s);
                return s;
            }
        }
    }

    return NULL;
}


/*
 * RENDITION-REPORT: the newest media of the other tracks, also when the newest
 * run has none.  hls.js 1.7.4 takes the last line of a playlist that is a URI
 * for the segment after it, too.
 */
static void
ngx_http_video_live_reports(ngx_http_video_runs_t *t, ngx_uint_t number,
    nvm_hls_report_t *reports, char uris[][40], size_t *n)
{
    ngx_uint_t            i;
    const nvm_segment_t  *s;

    for (i = 0, *n = 0; i < t->ntracks; i++) {
        s = ngx_http_video_live_newest(t, i, &reports[*n].last_part);

        if (i == number || s == NULL) {
            continue;
        }

        ngx_sprintf((u_char *) uris[*n], "../%s/index.m3u8%Z", t->name[i]);

        reports[*n].uri = uris[*n];
        reports[*n].last_msn = s->msn;
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

    /* what comes next is not known before it has begun */
    p.media.paused = listed->info->state == NGX_VIDEO_LIVE_PAUSED
                     || t->run[0]->timeline[listed->number].nsegments == 0;
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
    (void) ngx_http_video_live_images(r, t, &t->images);

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_MASTER:
        ngx_http_video_runs_cover(t);

        if (ctx->path.ts) {
            return ngx_http_video_live_ts_master(r, info, t, text, len);
        }

        return ngx_http_video_write(r, ngx_http_video_live_master, t, text,
                                    len);

    case NGX_HTTP_VIDEO_MANIFEST:
        return ngx_http_video_live_manifest(r, info, t, text, len);

    case NGX_HTTP_VIDEO_THUMBS:
    case NGX_HTTP_VIDEO_IMAGES:
        return ngx_http_video_live_thumbs(r, t, text, len);

    default:
        if (ctx->path.ts) {
            return ngx_http_video_live_ts_playlist(r, listed->number, t, text,
                                                   len);
        }

        return ngx_http_video_live_render_playlist(r, listed, t, text, len);
    }
}
