/*
 * Copyright (C) ngx_video authors
 *
 * Clips of other assets, one after the other.  A clip is an asset of its own,
 * with files, indexes and an epoch: e<hex>-<k> in a URL.  So what belongs to
 * one clip is served as if nothing were around it, and only playlists and
 * manifests look at all of them: see ngx_http_video_vod_join.c.
 */

#include "ngx_http_video_vod.h"


/* What a clip is of, and its path: a description names it, or a file has it. */
static ngx_int_t
ngx_http_video_clips_of(ngx_http_request_t *r, ngx_http_video_vod_t *clip)
{
    ngx_http_video_vod_t         *whole;
    ngx_http_video_asset_clip_t  *c;

    whole = clip->whole;

    if (whole->asset == NULL) {
        clip->path = whole->path;
        clip->period = (uint32_t) clip->number;
        return NGX_OK;
    }

    c = &whole->asset->clips[clip->number - 1];
    clip->start = c->start;
    clip->end = c->end;

    return ngx_http_video_json_path(r, &whole->path, c->asset, &clip->path);
}


/* Puts clip "number" of the whole asset into ctx->vod, and opens its files. */
static ngx_int_t
ngx_http_video_clips_start(ngx_http_request_t *r, ngx_http_video_vod_t *whole,
    ngx_uint_t number)
{
    u_char                 member[sizeof("clips[].asset") + NGX_INT_T_LEN];
    ngx_http_video_vod_t  *clip;

    clip = ngx_http_video_asset_new(r);
    if (clip == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    clip->whole = whole;
    clip->number = number;

    if (ngx_http_video_clips_of(r, clip) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (whole->clips) {
        whole->clips[number - 1] = clip;
    }

    ngx_sprintf(member, "clips[%ui].asset%Z", number - 1);

    return ngx_http_video_asset_start(r, whole->asset ? (char *) member
                                                      : NULL);
}


/* The clip that is asked for, or the first of those that are listed. */
static ngx_int_t
ngx_http_video_clips_first(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (vod->query) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "\"%V\": an asset of clips can't be clipped by "
                      "arguments", &vod->path);
        return NGX_HTTP_BAD_REQUEST;
    }

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_INIT:
    case NGX_HTTP_VIDEO_SEGMENT:

        if (ctx->path.clip == 0 || ctx->path.clip > vod->nclips) {
            return NGX_HTTP_NOT_FOUND;
        }

        return ngx_http_video_clips_start(r, vod, ctx->path.clip);

    case NGX_HTTP_VIDEO_MASTER:
    case NGX_HTTP_VIDEO_MANIFEST:
    case NGX_HTTP_VIDEO_PLAYLIST:

        vod->clips = ngx_pcalloc(r->pool, vod->nclips
                                          * sizeof(ngx_http_video_vod_t *));
        if (vod->clips == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_video_clips_start(r, vod, 1);

    default:
        return NGX_HTTP_NOT_FOUND;
    }
}


ngx_int_t
ngx_http_video_clips_open(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (vod->whole) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": clips[%ui].asset: \"%V\" has clips itself",
                      &vod->whole->path, vod->number - 1, &vod->path);
        return NGX_HTTP_UNPROCESSABLE;
    }

    vod->nclips = vod->asset->nclips;

    return ngx_http_video_clips_first(r);
}


ngx_uint_t
ngx_http_video_clips_plain(ngx_http_video_vod_t *vod)
{
    return vod->of.is_file && vod->whole == NULL && vod->asset == NULL;
}


ngx_int_t
ngx_http_video_clips_periods(ngx_http_request_t *r, ngx_uint_t n)
{
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (!ngx_http_video_clips_plain(vod)) {
        return NGX_HTTP_NOT_FOUND;
    }

    ngx_http_video_index_close(vod->sources);
    vod->nclips = n;

    return ngx_http_video_clips_first(r);
}


ngx_int_t
ngx_http_video_clips_indexes(ngx_http_request_t *r)
{
    uint64_t               epoch;
    ngx_int_t              rc;
    ngx_uint_t             i;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *whole;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    whole = ctx->vod->whole;

    for ( ;; ) {
        rc = ngx_http_video_vod_indexes(r);

        if (rc != NGX_OK) {
            return rc;
        }

        if (ctx->vod->number == whole->nclips) {
            break;
        }

        rc = ngx_http_video_clips_start(r, whole, ctx->vod->number + 1);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_http_video_silence_clips(r, whole);

    if (rc != NGX_OK) {
        return rc;
    }

    epoch = 0xcbf29ce484222325ULL;

    for (i = 0; i < whole->nclips; i++) {
        epoch = ngx_http_video_hash(epoch, &whole->clips[i]->epoch,
                                    sizeof(uint64_t));
    }

    whole->epoch = ngx_http_video_described_epoch(whole, epoch);
    ctx->vod = whole;

    return NGX_OK;
}
