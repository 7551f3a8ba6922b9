/*
 * Copyright (C) ngx_video authors
 *
 * Playlists and manifests of clips one after the other.  A manifest has a
 * period for each, with the tracks that it has.  A playlist has one track of
 * each, and a discontinuity between them: of the clip with the most tracks all
 * are listed, and of another one that is taken which is most like it.
 */

#include "ngx_http_video_vod_list.h"
#include "nvm_codec.h"


/* What a playlist has of a clip. */
typedef struct {
    nvm_timeline_t                 timeline;
    nvm_track_t                    track;       /* of the timeline */
    char                           prefix[NGX_HTTP_VIDEO_PREFIX];
} ngx_http_video_join_part_t;


typedef struct {
    ngx_uint_t                     n;           /* clips */
    ngx_http_video_vod_tracks_t  **clips;       /* of a manifest, or [0] */
    ngx_http_video_vod_t          *most;        /* whose tracks are listed */
    nvm_index_track_t             *like;        /* one of them */
    nvm_index_track_t             *found;       /* of another clip */
    nvm_dash_track_t             (*tracks)[NVM_MAX_TRACKS];
    nvm_dash_period_t             *periods;
    ngx_http_video_join_part_t    *parts;
    nvm_hls_stretch_t             *stretches;
    nvm_hls_media_t                media;
} ngx_http_video_join_t;


/* No track of one clip can follow that of another. */
#define NGX_HTTP_VIDEO_JOIN_NONE  UINT64_MAX


static ngx_http_video_vod_t *
ngx_http_video_join_most(ngx_http_video_vod_t *whole, ngx_uint_t n)
{
    ngx_uint_t                i, tracks, most;
    ngx_http_video_vod_t     *vod, *out;
    ngx_http_video_source_t  *s;

    out = whole->clips[0];
    most = 0;

    for (i = 0; i < n; i++) {
        vod = whole->clips[i];
        tracks = vod->ntexts;

        /* video counts for more than any audio, and that than any text */

        for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
            tracks += ((ngx_uint_t) s->head.nvideo << 20)
                      + ((ngx_uint_t) s->head.naudio << 10) + s->head.ntext;
        }

        /* of sound that was added nobody said in which language it is */
        tracks = tracks << 1 | (vod->silent == NULL);

        if (tracks > most) {
            most = tracks;
            out = vod;
        }
    }

    return out;
}


/* A track of the clip in ctx->vod, as it is listed: NGX_OK, or a status. */
static ngx_int_t
ngx_http_video_join_track(ngx_http_request_t *r, ngx_uint_t kind,
    ngx_uint_t number, ngx_http_video_source_t **s, nvm_index_track_t *t)
{
    ngx_int_t           rc;
    nvm_index_track_t  *reference;

    if (kind != NVM_TEXT) {
        return ngx_http_video_vod_track(r, kind, number, s, t);
    }

    reference = ngx_palloc(r->pool, sizeof(nvm_index_track_t));
    if (reference == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_video_vod_reference(r, reference);

    return rc == NGX_OK
           ? ngx_http_video_vod_text_track(r, number, reference, s, t) : rc;
}


/* How unlike two tracks of one kind are. */
static uint64_t
ngx_http_video_join_unlike(nvm_track_t *a, nvm_track_t *b)
{
    uint64_t  height, rate, lang;

    lang = ngx_strcmp(a->lang, b->lang) != 0;

    if (a->codec != b->codec || (a->kind == NVM_TEXT && lang)) {
        return NGX_HTTP_VIDEO_JOIN_NONE;
    }

    height = a->height > b->height ? a->height - b->height
                                   : b->height - a->height;
    rate = a->bandwidth > b->bandwidth ? a->bandwidth - b->bandwidth
                                       : b->bandwidth - a->bandwidth;

    return a->kind == NVM_VIDEO ? height << 32 | rate
           : lang << 1 | (a->channels != b->channels);
}


/*
 * The track of the clip in ctx->vod that is most like "like": NGX_OK and its
 * number, or NGX_DECLINED and a number that no track has, or a status.
 */
static ngx_int_t
ngx_http_video_join_find(ngx_http_request_t *r, nvm_track_t *like,
    ngx_uint_t *number, ngx_http_video_source_t **source,
    nvm_index_track_t *out)
{
    uint64_t                  d, least;
    ngx_int_t                 rc;
    ngx_uint_t                i, best;
    nvm_index_track_t        *t;
    ngx_http_video_source_t  *s;

    t = ngx_palloc(r->pool, sizeof(nvm_index_track_t));
    if (t == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    least = NGX_HTTP_VIDEO_JOIN_NONE;
    best = 0;

    for (i = 0; /* void */ ; i++) {
        rc = ngx_http_video_join_track(r, like->kind, i, &s, t);

        if (rc != NGX_OK) {
            break;
        }

        d = ngx_http_video_join_unlike(like, &t->track);

        if (d < least) {
            least = d;
            best = i;
            *source = s;
            *out = *t;
        }
    }

    if (rc != NGX_HTTP_NOT_FOUND) {
        return rc;
    }

    *number = least == NGX_HTTP_VIDEO_JOIN_NONE ? i : best;

    return least == NGX_HTTP_VIDEO_JOIN_NONE ? NGX_DECLINED : NGX_OK;
}


static ngx_int_t
ngx_http_video_join_lacks(ngx_http_request_t *r, ngx_http_video_vod_t *clip,
    ngx_http_video_vod_t *most, nvm_track_t *like)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "\"%V\": clips[%ui] has no %s of the codec %s, which "
                  "clips[%ui] has", &clip->whole->path, clip->number - 1,
                  like->kind == NVM_VIDEO ? "video" : "audio", like->codecs,
                  most->number - 1);

    return NGX_HTTP_UNPROCESSABLE;
}


/* What a line of the multivariant playlist says is true of another clip too. */
static void
ngx_http_video_join_rates(nvm_index_track_t *line, nvm_index_track_t *t)
{
    uint64_t      a, b;
    nvm_track_t  *x, *y;

    x = &line->track;
    y = &t->track;

    a = x->duration / x->timescale + 1;
    b = y->duration / y->timescale + 1;

    x->avg_bandwidth = (uint32_t) ((x->avg_bandwidth * a
                                    + y->avg_bandwidth * b) / (a + b));
    x->duration = (a + b - 2) * x->timescale;
    line->dependent |= t->dependent;

    nvm_codec_cover(x, y);
}


/* Key frames that not all clips have are not listed. */
static void
ngx_http_video_join_keys(ngx_http_video_vod_tracks_t *t, ngx_uint_t of,
    nvm_index_track_t *video)
{
    ngx_uint_t  i;

    for (i = t->n - t->nkeys; i < t->n && t->of[i] != of; i++) { /* void */ }

    if (i == t->n) {
        return;
    }

    if (nvm_index_keys(video) == NVM_OK) {
        ngx_http_video_join_rates(&t->track[i], video);
        return;
    }

    for (t->n--, t->nkeys--; i < t->n; i++) {
        t->track[i] = t->track[i + 1];
        t->of[i] = t->of[i + 1];
    }
}


/* What is said of track i, of the clip with the most, is said of all clips. */
static ngx_int_t
ngx_http_video_join_line(ngx_http_request_t *r, ngx_http_video_join_t *j,
    ngx_http_video_vod_t *whole, ngx_uint_t i)
{
    ngx_int_t                     rc;
    ngx_uint_t                    k, number;
    nvm_track_t                  *like;
    nvm_index_track_t            *found;
    ngx_http_video_ctx_t         *ctx;
    ngx_http_video_source_t      *s;
    ngx_http_video_vod_tracks_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    t = j->clips[0];
    like = &j->like->track;
    *j->like = t->track[i];
    found = j->found;

    for (k = 0; k < j->n; k++) {
        ctx->vod = whole->clips[k];

        if (ctx->vod == j->most) {
            continue;
        }

        rc = ngx_http_video_join_find(r, like, &number, &s, found);

        if (rc == NGX_DECLINED && like->kind == NVM_TEXT) {
            continue;
        }

        if (rc != NGX_OK) {
            return rc == NGX_DECLINED
                   ? ngx_http_video_join_lacks(r, ctx->vod, j->most, like)
                   : rc;
        }

        if (ctx->path.ts && found->track.kind != NVM_TEXT) {
            ngx_http_video_vod_ts_rate(found,
                                 ngx_http_video_vod_ts_length(s, found));
        }

        ngx_http_video_join_rates(&t->track[i], found);

        if (found->track.kind == NVM_VIDEO) {
            ngx_http_video_join_keys(t, i, found);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_join_master(ngx_http_request_t *r, ngx_http_video_join_t *j,
    ngx_http_video_vod_t *whole)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_http_video_ctx_t         *ctx;
    ngx_http_video_vod_tracks_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ctx->vod = j->most;
    t = j->clips[0];

    rc = ngx_http_video_vod_read(r, t);

    for (i = 0; rc == NGX_OK && i < t->n - t->nkeys; i++) {
        rc = ngx_http_video_join_line(r, j, whole, i);
    }

    return rc;
}


/* Subtitles that a clip does not have are empty as long as it lasts. */
static ngx_int_t
ngx_http_video_join_empty(ngx_http_request_t *r,
    ngx_http_video_vod_tracks_t *t)
{
    ngx_int_t              rc;
    nvm_arena_t            arena;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ngx_video_pool_arena(&arena, r->pool);

    rc = ngx_http_video_vod_reference(r, &t->track[0]);

    if (rc == NGX_OK
        && nvm_index_timeline(&ctx->vod->lead->src, &t->track[0], &arena,
                              &t->timeline[0])
           != NVM_OK)
    {
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return rc;
}


/* Reads what is listed of the clip in ctx->vod; its number may be another. */
static ngx_int_t
ngx_http_video_join_read(ngx_http_request_t *r, ngx_http_video_join_t *j,
    ngx_http_video_vod_tracks_t *t)
{
    char                      prefix[sizeof(t->prefix)];
    ngx_int_t                 rc, has;
    ngx_uint_t                number;
    nvm_track_t              *like;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    like = &j->like->track;
    number = ctx->path.number;
    has = NGX_OK;

    if (ctx->vod != j->most) {
        has = ngx_http_video_join_find(r, like, &ctx->path.number, &s,
                                       j->found);

        if (has == NGX_DECLINED && like->kind != NVM_TEXT) {
            ctx->path.number = number;
            return ngx_http_video_join_lacks(r, ctx->vod, j->most, like);
        }
    }

    rc = has;

    if (has == NGX_OK || has == NGX_DECLINED) {
        rc = ngx_http_video_vod_read(r, t);
    }

    if (has == NGX_DECLINED && rc == NGX_HTTP_NOT_FOUND) {
        rc = ngx_http_video_join_empty(r, t);
    }

    if (ctx->path.number != number && !ctx->path.keys) {
        ngx_memcpy(prefix, t->prefix, sizeof(prefix));
        ngx_sprintf((u_char *) t->prefix, "../%c%ui/%s%Z",
                    "vas"[ctx->path.kind], ctx->path.number, prefix);
    }

    ctx->path.number = number;

    return rc;
}


/* What a playlist has of clip k; the memory that it was read into is free. */
static ngx_int_t
ngx_http_video_join_part(ngx_http_request_t *r, ngx_http_video_join_t *j,
    ngx_uint_t k, ngx_http_video_vod_tracks_t *t)
{
    nvm_hls_media_t              media;
    ngx_http_video_join_part_t  *p;

    p = &j->parts[k];

    ngx_http_video_vod_media_list(t, &media);
    media.independent &= k == 0 || j->media.independent;
    j->media = media;

    p->track = t->track[0].track;
    p->timeline = t->timeline[0];
    p->timeline.track = &p->track;
    ngx_memcpy(p->prefix, t->prefix, sizeof(p->prefix));

    j->stretches[k].timeline = &p->timeline;
    j->stretches[k].prefix = p->prefix;

    t->n = 0;

    if (k == j->n - 1 || t->path->ts) {
        /* none follows; what is muxed ends at once, and has no edit list */
        return NGX_OK;
    }

    return ngx_http_video_vod_fit(r, j->found, &p->timeline);
}


static ngx_int_t
ngx_http_video_join_playlist(ngx_http_request_t *r, ngx_http_video_join_t *j,
    ngx_http_video_vod_t *whole)
{
    ngx_int_t                 rc;
    ngx_uint_t                k;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    j->stretches = ngx_palloc(r->pool, j->n * sizeof(nvm_hls_stretch_t));
    j->parts = ngx_palloc(r->pool, j->n * sizeof(ngx_http_video_join_part_t));

    if (j->stretches == NULL || j->parts == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->vod = j->most;

    rc = ngx_http_video_join_track(r, ctx->path.kind, ctx->path.number, &s,
                                   j->like);

    for (k = 0; rc == NGX_OK && k < j->n; k++) {
        ctx->vod = whole->clips[k];
        rc = ngx_http_video_join_read(r, j, j->clips[0]);

        if (rc == NGX_OK) {
            rc = ngx_http_video_join_part(r, j, k, j->clips[0]);
        }
    }

    return rc;
}


static ngx_int_t
ngx_http_video_join_manifest(ngx_http_request_t *r, ngx_http_video_join_t *j,
    ngx_http_video_vod_t *whole)
{
    ngx_int_t              rc;
    ngx_uint_t             k;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    j->tracks = ngx_palloc(r->pool, j->n * sizeof(*j->tracks));
    j->periods = ngx_palloc(r->pool, j->n * sizeof(nvm_dash_period_t));

    if (j->tracks == NULL || j->periods == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = NGX_OK;

    for (k = 0; rc == NGX_OK && k < j->n; k++) {
        ctx->vod = whole->clips[k];
        rc = ngx_http_video_vod_read(r, j->clips[k]);

        ngx_http_video_vod_period(j->clips[k], j->tracks[k], &j->periods[k]);
    }

    return rc;
}


static nvm_err_e
ngx_http_video_join_write(nvm_writer_t *w, void *what)
{
    ngx_http_video_join_t *j = what;

    nvm_dash_t  d;

    switch (j->clips[0]->path->what) {

    case NGX_HTTP_VIDEO_MASTER:
        return ngx_http_video_vod_master(w, j->clips[0]);

    case NGX_HTTP_VIDEO_MANIFEST:
        ngx_memzero(&d, sizeof(nvm_dash_t));
        d.periods = j->periods;
        d.nperiods = j->n;
        d.captions = j->clips[0]->captions.list;
        d.ncaptions = j->clips[0]->captions.n;

        return nvm_dash_write(w, &d);

    default:
        return nvm_hls_joined_write(w, j->stretches, j->n, &j->media);
    }
}


static ngx_int_t
ngx_http_video_join_room(ngx_http_request_t *r, ngx_http_video_join_t *j,
    ngx_http_video_select_t *select)
{
    ngx_uint_t                k, n;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_select_t   all;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_memzero(&all, sizeof(ngx_http_video_select_t));

    /* only a manifest is of all tracks of all clips at once */

    n = ctx->path.what == NGX_HTTP_VIDEO_MANIFEST ? j->n : 1;
    j->like = ngx_palloc(r->pool, 2 * sizeof(nvm_index_track_t));
    j->clips = ngx_palloc(r->pool, n * sizeof(ngx_http_video_vod_tracks_t *));

    if (j->like == NULL || j->clips == NULL) {
        return NGX_ERROR;
    }

    j->found = j->like + 1;

    for (k = 0; k < n; k++) {
        j->clips[k] = ngx_http_video_vod_tracks(r, ctx->path.what
                                                   == NGX_HTTP_VIDEO_PLAYLIST
                                                   ? &all : select);
        if (j->clips[k] == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_video_vod_join(ngx_http_request_t *r, void *what, u_char **text,
    size_t *len)
{
    ngx_int_t               rc;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_vod_t   *whole;
    ngx_http_video_join_t   j;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    whole = ctx->vod;

    ngx_memzero(&j, sizeof(ngx_http_video_join_t));
    j.n = whole->nclips;
    j.most = ngx_http_video_join_most(whole, j.n);

    if (ngx_http_video_join_room(r, &j, what) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_MASTER:
        rc = ngx_http_video_join_master(r, &j, whole);
        break;

    case NGX_HTTP_VIDEO_MANIFEST:
        rc = ngx_http_video_join_manifest(r, &j, whole);
        break;

    default:
        rc = ngx_http_video_join_playlist(r, &j, whole);
    }

    ctx->vod = whole;

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_video_write(r, ngx_http_video_join_write, &j, text, len);

    if (rc == NGX_HTTP_NOT_FOUND) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": nothing to list", &whole->path);
        return NGX_HTTP_UNPROCESSABLE;
    }

    return rc;
}
