/*
 * Copyright (C) ngx_video authors
 *
 * Files as presentations: the way of a request, and the indexes of all files
 * of an asset.
 */

#include "ngx_http_video_vod_protect.h"


static ngx_int_t ngx_http_video_vod_periods(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_vod_segment(ngx_http_request_t *r);


/* The same media with other keys are others. */
static uint64_t
ngx_http_video_vod_keyed(ngx_http_request_t *r, uint64_t epoch)
{
    uint64_t  tag;

    tag = ngx_http_video_protect_tag(r);

    return tag ? ngx_http_video_hash(epoch, &tag, sizeof(tag)) : epoch;
}


/* Of one file the epoch is known: what is kept of it needs no index. */
static ngx_int_t
ngx_http_video_vod_known(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (vod->nsources != 1 || vod->ntexts || vod->lead
        || ctx->path.silence.len
        || ctx->path.what == NGX_HTTP_VIDEO_SEGMENT
        || ctx->path.what == NGX_HTTP_VIDEO_PROGRESSIVE
        || (ngx_http_video_thumbs_asked(ctx)
            && ctx->path.what != NGX_HTTP_VIDEO_IMAGES))
    {
        return NGX_DECLINED;
    }

    vod->epoch = ngx_http_video_described_epoch(vod,
                               ngx_http_video_index_epoch(vod->sources, NULL));
    vod->epoch = ngx_http_video_vod_keyed(r, vod->epoch);

    return ngx_http_video_vod_list(r, 1);
}


/* Whether an asset may have what is asked for; of the one in ctx->vod. */
static ngx_uint_t
ngx_http_video_vod_has(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (ctx->path.ts && ngx_http_video_protect_tag(r)) {
        /* what can't be protected is not to be had */
        return 0;
    }

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_INFO:
        return conf->info;

    case NGX_HTTP_VIDEO_TIME:
        return 0;

    case NGX_HTTP_VIDEO_PROGRESSIVE:
        return ngx_http_video_protect_tag(r) == 0;

    default:
        return !ngx_http_video_thumbs_asked(ctx)
               || ngx_http_video_thumbs_of(r) != NULL;
    }
}


ngx_int_t
ngx_http_video_vod_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    rc = ngx_http_video_vod_has(r) ? ngx_http_video_asset_open(r)
                                   : NGX_HTTP_NOT_FOUND;

    if (rc == NGX_OK && !ngx_http_video_vod_has(r)) {
        /* a clip */
        return NGX_HTTP_NOT_FOUND;
    }

    if (rc == NGX_OK && ctx->path.clip && ctx->vod->number == 0) {
        rc = ngx_http_video_clips_periods(r, NVM_MP4_MAX_PERIODS);
    }

    if (rc == NGX_OK && ctx->vod->whole && ctx->vod->whole->clips) {
        rc = ngx_http_video_clips_indexes(r);

        return rc == NGX_OK ? ngx_http_video_vod_list(r, 0) : rc;
    }

    if (rc == NGX_OK && ctx->path.what == NGX_HTTP_VIDEO_INFO) {
        return ngx_http_video_vod_info(r);
    }

    if (rc == NGX_OK && ctx->path.what == NGX_HTTP_VIDEO_POSTER) {
        return ngx_http_video_vod_poster(r);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_video_vod_known(r);

        if (rc != NGX_DECLINED) {
            return rc;
        }

        rc = NGX_OK;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_video_vod_indexes(r);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_video_vod_periods(r);
    }

    if (rc == NGX_OK && ctx->path.silence.len) {
        rc = ngx_http_video_silence_path(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->path.kind == NVM_TEXT
        && (ctx->path.what == NGX_HTTP_VIDEO_INIT
            || ctx->path.what == NGX_HTTP_VIDEO_SEGMENT))
    {
        return ngx_http_video_vod_text(r);
    }

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_PART:
        return NGX_HTTP_NOT_FOUND;

    case NGX_HTTP_VIDEO_SEGMENT:
        return ngx_http_video_vod_segment(r);

    case NGX_HTTP_VIDEO_PROGRESSIVE:
        return ngx_http_video_vod_progressive(r);

    case NGX_HTTP_VIDEO_THUMBS:
    case NGX_HTTP_VIDEO_SHEET:
    case NGX_HTTP_VIDEO_COVER:
        return ngx_http_video_vod_thumbs(r);

    default:
        return ngx_http_video_vod_list(r, 0);
    }
}


/* A file of several periods: each is a clip. */
static ngx_int_t
ngx_http_video_vod_periods(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    rc = ngx_http_video_clips_periods(r, ctx->vod->sources->head.nperiods);

    if (rc == NGX_OK) {
        rc = ngx_http_video_clips_indexes(r);
    }

    return rc == NGX_OK ? ngx_http_video_vod_list(r, 0) : rc;
}


/* A segment of one track, or as a transport stream of it and of audio. */
static ngx_int_t
ngx_http_video_vod_segment(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    nvm_index_track_t        *t[2];
    ngx_http_video_ctx_t     *ctx;
    ngx_video_protection_t   *p;
    ngx_http_video_source_t  *s[2];

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    t[0] = ngx_palloc(r->pool, 2 * sizeof(nvm_index_track_t));
    if (t[0] == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t[1] = t[0] + 1;

    rc = ngx_http_video_vod_track(r, ctx->path.kind, ctx->path.number, &s[0],
                                  t[0]);

    if (rc == NGX_OK && ctx->path.keys
        && nvm_index_keys(t[0]) != NVM_OK)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (!ctx->path.ts) {
        rc = ngx_http_video_protection(r, t[0]->track.kind, &p);

        return rc == NGX_OK ? ngx_http_video_vod_protected(r, s[0], t[0], p)
               : rc == NGX_DECLINED ? ngx_http_video_vod_media(r, s[0], t[0])
               : rc;
    }

    if (!ngx_http_video_vod_ts_codec(&t[0]->track)) {
        return NGX_HTTP_NOT_FOUND;
    }

    n = ctx->path.kind == NVM_VIDEO
        && ngx_http_video_vod_ts_audio(r, &s[1], t[1]) == NGX_OK;

    return ngx_http_video_vod_ts(r, s, t, n + 1);
}


/*
 * Opens the index of one source after another until one has video: it leads.
 * Sources before it were cut on their own and are opened again.
 */
static ngx_int_t
ngx_http_video_vod_lead(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *s, *first;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    for ( /* void */ ; vod->next < vod->nsources; vod->next++) {
        s = &vod->sources[vod->next];

        rc = ngx_http_video_index_open(s, NULL);

        if (rc == NGX_DONE) {
            return rc;
        }

        if (rc == NGX_OK && s->head.nperiods > 1) {

            if (ngx_http_video_clips_plain(vod)) {
                return NGX_DECLINED;
            }

            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "\"%V\": sample entries change, which only a file "
                          "that is an asset of its own may have", &s->path);
            rc = NGX_HTTP_UNPROCESSABLE;
        }

        if (rc != NGX_OK) {
            vod->failed = rc;
            ngx_video_object_put(ctx->store, &s->ref);

        } else {
            ngx_http_video_described_take(s);

            if (s->head.nvideo) {
                break;
            }
        }
    }

    /* without video that is taken the first with audio leads */

    first = vod->next < vod->nsources ? &vod->sources[vod->next] : NULL;

    for (i = 0; i < vod->nsources && first == NULL; i++) {
        s = &vod->sources[i];
        first = s->ref.id && s->head.naudio ? s : NULL;
    }

    if (first == NULL && vod->failed == 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": nothing to list", &vod->path);
        return NGX_HTTP_UNPROCESSABLE;
    }

    if (first == NULL) {
        return vod->failed;
    }

    for (i = 0; i < vod->nsources; i++) {
        s = &vod->sources[i];

        if (s != first) {
            ngx_http_video_index_close(s);
        }
    }

    vod->lead = first;
    vod->next = 0;

    return NGX_OK;
}


/* The epoch of an asset: of all its files, and of what is said of them. */
static void
ngx_http_video_vod_epoch(ngx_http_request_t *r, ngx_http_video_vod_t *vod)
{
    ngx_http_video_source_t  *s;

    vod->epoch = vod->lead->epoch;

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        if (s != vod->lead && s != vod->silent && s->ref.id) {
            vod->epoch = ngx_http_video_hash(vod->epoch, &s->epoch,
                                             sizeof(s->epoch));
        }
    }

    for (s = vod->texts; s < vod->texts + vod->ntexts; s++) {
        vod->epoch = ngx_http_video_hash(vod->epoch, &s->of.uniq,
                                         sizeof(s->of.uniq));
        vod->epoch = ngx_http_video_hash(vod->epoch, &s->of.mtime,
                                         sizeof(s->of.mtime));
        vod->epoch = ngx_http_video_hash(vod->epoch, &s->of.size,
                                         sizeof(s->of.size));
    }

    vod->epoch = ngx_http_video_described_epoch(vod, vod->epoch);
    vod->epoch = ngx_http_video_vod_keyed(r, vod->epoch);

    if (vod->silent) {
        vod->epoch = ngx_http_video_silence_epoch(vod->silent, vod->epoch);
    }
}


/* All sources have an index, or have said why they have none. */
ngx_int_t
ngx_http_video_vod_indexes(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (vod->lead == NULL) {
        rc = ngx_http_video_vod_lead(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    for ( /* void */ ; vod->next < vod->nsources; vod->next++) {
        s = &vod->sources[vod->next];

        if (s == vod->lead) {
            continue;
        }

        rc = ngx_http_video_index_open(s, vod->lead);

        if (rc == NGX_DONE) {
            return rc;
        }

        if (rc != NGX_OK) {
            /* of several files one that is broken is left out */
            ngx_memzero(&s->head, sizeof(nvm_index_head_t));
            ngx_video_object_put(ctx->store, &s->ref);
            continue;
        }

        ngx_http_video_described_take(s);
    }

    ngx_http_video_vod_epoch(r, vod);

    return NGX_OK;
}


ngx_int_t
ngx_http_video_vod_track(ngx_http_request_t *r, ngx_uint_t kind,
    ngx_uint_t number, ngx_http_video_source_t **source, nvm_index_track_t *t)
{
    uint32_t                  i, n;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (ctx->path.epoch && ctx->path.epoch != vod->epoch) {
        /* of a file that was replaced */
        return NGX_HTTP_NOT_FOUND;
    }

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        n = kind == NVM_VIDEO ? s->head.nvideo
            : kind == NVM_AUDIO ? s->head.naudio : s->head.ntext;

        if (number >= n) {
            number -= n;
            continue;
        }

        for (i = 0; i < s->head.ntracks; i++) {

            if (nvm_index_track(&s->src, i, t) != NVM_OK) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            if (t->track.kind == kind && t->name == number) {
                ngx_http_video_described_track(s, &t->track);
                *source = s;
                return NGX_OK;
            }
        }
    }

    return NGX_HTTP_NOT_FOUND;
}
