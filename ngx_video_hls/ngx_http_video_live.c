/*
 * Copyright (C) ngx_video authors
 *
 * Live media: init segments, segments and parts of a stream.  A request for
 * a part or a segment that is about to come (the preload hint) waits for it;
 * a segment that is being made is sent while it grows.
 */

#include "ngx_http_video_live_ts.h"
#include "ngx_http_video_vod_protect.h"
#include "nvm_text.h"


/* "2026-11-22T00:36:46.859Z" */
#define NGX_HTTP_VIDEO_TIME_LEN  24


static ngx_int_t ngx_http_video_live_time(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_live_init_segment(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number);
static ngx_int_t ngx_http_video_live_segment(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number);


/* The track of the stream that the path's "v0" or "a0" means. */
static ngx_int_t
ngx_http_video_live_number(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_uint_t *number)
{
    ngx_int_t              kind;
    ngx_uint_t             i, n;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    for (i = 0, n = 0; i < info->ntracks; i++) {
        kind = ngx_video_live_kind(ctx->store, info, i);

        if (kind == (ngx_int_t) ctx->path.kind && n++ == ctx->path.number) {
            *number = i;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/*
 * The stream of the path, and the track unless the path is of the whole
 * stream.  A stream that is just starting, or is fetched because of the
 * request, is waited for: NGX_DONE.
 */
ngx_int_t
ngx_http_video_live_find(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_uint_t *number)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    for ( ;; ) {

        /* an epoch is of one run of the stream, which may have gone on */
        if (ngx_video_live_find(ctx->store, &ctx->path.asset, ctx->path.epoch,
                                info)
            != NGX_OK)
        {
            rc = ngx_http_video_live_wish(r, 0);

            if (rc != NGX_OK) {
                return rc;
            }

            continue;
        }

        if (ngx_video_live_over(info->state)) {
            rc = ngx_http_video_live_wish(r, 1);

            if (rc == NGX_DONE || (rc != NGX_OK && info->ntracks == 0)) {
                return rc;
            }

            if (rc == NGX_OK) {
                continue;
            }

            /* what is left of it */
        }

        if (ngx_http_video_live_count(r, info) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (info->state != NGX_VIDEO_LIVE_STARTING) {
            break;
        }

        rc = ngx_http_video_live_wait(r, info, NGX_HTTP_NOT_FOUND);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->path.what == NGX_HTTP_VIDEO_MASTER
        || ctx->path.what == NGX_HTTP_VIDEO_MANIFEST
        || ngx_http_video_thumbs_asked(ctx))
    {
        return NGX_OK;
    }

    return ngx_http_video_live_number(r, info, number) == NGX_OK
           ? NGX_OK : NGX_HTTP_NOT_FOUND;
}


/* Waits for a change of the stream, three target durations at most. */
ngx_int_t
ngx_http_video_live_wait(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_int_t late)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    return ngx_http_video_park(r,
                            ngx_video_live_signal(ctx->store, info->index),
                            info->seen, info->target * 3000, late);
}


ngx_int_t
ngx_http_video_live_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_uint_t              number;
    ngx_video_live_info_t   info;
    ngx_http_video_ctx_t   *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ngx_http_video_protect_tag(r)) {
        /* clear by mistake is worse than not at all */
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": live streams can't be protected: "
                      "video_encrypt", &ctx->path.asset);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->path.keys || ctx->path.clip
        || ctx->path.what == NGX_HTTP_VIDEO_INFO
        || ctx->path.what == NGX_HTTP_VIDEO_PROGRESSIVE
        || ctx->path.what == NGX_HTTP_VIDEO_POSTER)
    {
        /* of files only */
        return NGX_HTTP_NOT_FOUND;
    }

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_MASTER:
    case NGX_HTTP_VIDEO_MANIFEST:
    case NGX_HTTP_VIDEO_PLAYLIST:
    case NGX_HTTP_VIDEO_THUMBS:
    case NGX_HTTP_VIDEO_IMAGES:
        return ngx_http_video_live_list(r, &info);

    case NGX_HTTP_VIDEO_SHEET:
    case NGX_HTTP_VIDEO_COVER:
        return ngx_http_video_live_image(r);

    case NGX_HTTP_VIDEO_TIME:
        return ngx_http_video_live_time(r);

    default:
        break;
    }

    for ( ;; ) {
        rc = ngx_http_video_live_find(r, &info, &number);

        if (rc != NGX_OK) {
            return rc;
        }

        if (ctx->path.what == NGX_HTTP_VIDEO_INIT) {
            return ngx_http_video_live_init_segment(r, &info, number);
        }

        rc = ctx->path.ts ? ngx_http_video_live_ts_segment(r, &info, number)
                          : ngx_http_video_live_segment(r, &info, number);

        if (rc != NGX_DECLINED) {
            return rc;
        }

        rc = ngx_http_video_live_wait(r, &info, NGX_HTTP_NOT_FOUND);

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/* The time of the server (ISO/IEC 23009-1, 5.8.5.7, http-iso). */
static ngx_int_t
ngx_http_video_live_time(ngx_http_request_t *r)
{
    u_char        *text;
    uint64_t       now;
    nvm_writer_t   w;

    text = ngx_pnalloc(r->pool, NGX_HTTP_VIDEO_TIME_LEN);
    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    now = ngx_video_now();
    nvm_writer_init(&w, text, NGX_HTTP_VIDEO_TIME_LEN);
    nvm_text_date(&w, (int64_t) now);

    return ngx_http_video_send_memory(r, text, w.len,
                                      NGX_HTTP_VIDEO_NO_CACHE, now);
}


static ngx_int_t
ngx_http_video_live_init_segment(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number)
{
    size_t                 len;
    u_char                *init;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    init = ngx_pnalloc(r->pool, NGX_VIDEO_LIVE_INIT);
    if (init == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_video_live_init(ctx->store, info, number, init, &len) != NGX_OK
        || len == 0)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    return ngx_http_video_send_memory(r, init, len,
                                      ctx->path.epoch
                                      ? NGX_HTTP_VIDEO_IMMUTABLE
                                      : NGX_HTTP_VIDEO_NO_CACHE,
                                      info->epoch);
}


/*
 * NGX_DECLINED: it is about to come.  NGX_AGAIN is what the output filters
 * return of a body that the socket did not take at once.
 */
static ngx_int_t
ngx_http_video_live_segment(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number)
{
    ngx_int_t                  rc, part;
    nvm_part_t                 range;
    ngx_http_video_ctx_t      *ctx;
    ngx_video_live_segment_t   segment;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    part = ctx->path.what == NGX_HTTP_VIDEO_PART
           ? (ngx_int_t) ctx->path.part : -1;

    if (ngx_http_video_ref_cleanup(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_video_live_media(ctx->store, info, number, ctx->path.msn, part,
                              &segment, &range);

    if (rc == NGX_AGAIN || rc == NGX_BUSY) {
        return rc == NGX_AGAIN && info->state == NGX_VIDEO_LIVE_LIVE
               ? NGX_DECLINED : NGX_HTTP_NOT_FOUND;
    }

    if (rc != NGX_OK) {
        return ngx_http_video_live_dvr(r, info, number);
    }

    ctx->ref = segment.object;

    if (ngx_http_video_headers(r, ctx->path.epoch
                                  ? NGX_HTTP_VIDEO_IMMUTABLE
                                  : NGX_HTTP_VIDEO_NO_CACHE,
                               info->epoch, ctx->path.msn << 16
                                            | ((part + 1) & 0xffff))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (part != -1) {
        return ngx_http_video_send_object(r, range.offset, range.size);
    }

    return ngx_http_video_send_object(r, 0, segment.complete
                                            ? (off_t) segment.size : -1);
}
