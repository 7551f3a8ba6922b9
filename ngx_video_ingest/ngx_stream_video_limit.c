/*
 * Copyright (C) ngx_video authors
 *
 * Limits of publishers: how many streams are on air, which the zone counts
 * (ngx_video_live_limit.c), and what a publisher sends.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_publish_module.h"
#include "ngx_stream_video_rtmp_module.h"


static uint64_t ngx_stream_video_limit_app(ngx_str_t *name);
static uint64_t ngx_stream_video_limit_peer(struct sockaddr *sa);


void
ngx_stream_video_limit_streams(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_video_live_conf_t *live)
{
    ngx_stream_video_publish_srv_conf_t  *conf;

    if (ctx->pulled) {
        /* the configuration's, not a publisher's */
        return;
    }

    conf = ngx_stream_get_module_srv_conf(ctx->session,
                                          ngx_stream_video_publish_module);

    /* also without a limit here: another server, or a reload, may have one */
    live->app = ngx_stream_video_limit_app(&ctx->app->name);
    live->peer = ngx_stream_video_limit_peer(
                                         ctx->session->connection->sockaddr);
    live->max_app = conf->streams;
    live->max_peer = conf->address;
}


/* FNV-1a; never 0, which is none. */
static uint64_t
ngx_stream_video_limit_app(ngx_str_t *name)
{
    size_t    i;
    uint64_t  hash;

    hash = 0xcbf29ce484222325;

    for (i = 0; i < name->len; i++) {
        hash = (hash ^ name->data[i]) * 0x100000001b3;
    }

    return hash ? hash : 1;
}


/*
 * Of IPv6 the network, of which a host may take any address; of IPv4 the
 * address, above all networks that hosts are in.  0: neither.
 */
static uint64_t
ngx_stream_video_limit_peer(struct sockaddr *sa)
{
    u_char      address[NGX_VIDEO_ADDRESS];
    uint64_t    peer;
    ngx_uint_t  i, mapped;

    static const u_char  v4[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

    if (ngx_stream_video_address(sa, address) != NGX_OK) {
        return 0;
    }

    mapped = (ngx_memcmp(address, v4, sizeof(v4)) == 0);
    peer = mapped ? 0xffffffff : 0;

    for (i = mapped ? 12 : 0; i < (mapped ? 16 : 8); i++) {
        peer = peer << 8 | address[i];
    }

    /* "::1" is in network 0 */
    return peer ? peer : 1;
}


ngx_int_t
ngx_stream_video_limit_refuse(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_video_live_conf_t *live)
{
    ngx_log_error(NGX_LOG_ERR, ctx->session->connection->log, 0,
                  "publish is refused: %s, \"video_publish_streams\" of "
                  "\"%V\" is %s%ui, stream \"%V\"", live->refused,
                  &ctx->app->name, live->over_peer ? "address=" : "",
                  live->over_peer ? live->max_peer : live->max_app,
                  &ctx->name);

    return ngx_stream_video_rtmp_refuse(ctx, "NetStream.Publish.Denied",
                                        live->refused);
}


/*
 * Counted anew each interval.  A publisher that sends what it held back for a
 * while is as fast as one that does so all the time: so the interval is long.
 */
ngx_int_t
ngx_stream_video_limit_bitrate(ngx_stream_video_rtmp_ctx_t *ctx, size_t n)
{
    ngx_stream_video_limit_t             *limit;
    ngx_stream_video_publish_srv_conf_t  *conf;

    conf = ngx_stream_get_module_srv_conf(ctx->session,
                                          ngx_stream_video_publish_module);

    if (conf->bitrate == 0 || !ctx->publishing) {
        return NGX_OK;
    }

    limit = &ctx->limit;

    if (limit->bytes == 0
        || ngx_current_msec - limit->start >= conf->interval)
    {
        limit->start = ngx_current_msec;
        limit->bytes = 0;
    }

    limit->bytes += n;

    if (limit->bytes <= (uint64_t) conf->bitrate / 8 * conf->interval / 1000) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, ctx->session->connection->log, 0,
                  "publisher is sent away: %uL bytes in %Mms are more than "
                  "\"video_publish_bitrate\" %uz over %Mms, stream \"%V\"",
                  limit->bytes, ngx_current_msec - limit->start, conf->bitrate,
                  conf->interval, &ctx->name);

    return ngx_stream_video_rtmp_refuse(ctx, "NetStream.Publish.Denied",
                                        "the bit rate is too high");
}
