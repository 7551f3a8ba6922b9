/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are fetched because somebody asks for them: a request for the
 * playlists of one that is not there waits until it is.
 */

#include "ngx_http_video_hls_module.h"
#include "ngx_video_wish.h"


/* ms until the stream has something to be listed */
#define NGX_HTTP_VIDEO_WISH  20000


static ngx_uint_t
ngx_http_video_live_wishes(ngx_http_video_ctx_t *ctx, ngx_uint_t over)
{
    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_MASTER:
    case NGX_HTTP_VIDEO_MANIFEST:
        return 1;

    case NGX_HTTP_VIDEO_PLAYLIST:
        /* who has seen the stream is to see its end */
        return !over;

    default:
        return 0;
    }
}


ngx_int_t
ngx_http_video_live_wish(ngx_http_request_t *r, ngx_uint_t over)
{
    ngx_int_t                 rc;
    ngx_http_video_ctx_t     *ctx;
    ngx_video_wish_answer_t   answer;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (!ngx_http_video_live_wishes(ctx, over)) {
        return NGX_HTTP_NOT_FOUND;
    }

    rc = ngx_video_wish(ctx->store, &ctx->path.asset, ngx_video_now(),
                        &answer);

    switch (rc) {

    case NGX_AGAIN:
        return ngx_http_video_park(r, answer.signal, answer.seen,
                                   NGX_HTTP_VIDEO_WISH,
                                   NGX_HTTP_GATEWAY_TIME_OUT);

    case NGX_BUSY:
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\": too many streams are asked for, "
                      "\"%V\" is not fetched", &ctx->store->name,
                      &ctx->path.asset);
        return NGX_HTTP_SERVICE_UNAVAILABLE;

    case NGX_ABORT:
        return answer.why == NGX_VIDEO_WISH_BROKEN ? NGX_HTTP_BAD_GATEWAY
               : answer.why == NGX_VIDEO_WISH_LATE ? NGX_HTTP_GATEWAY_TIME_OUT
               : NGX_HTTP_NOT_FOUND;

    default:
        return NGX_HTTP_NOT_FOUND;
    }
}
