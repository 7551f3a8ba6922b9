/*
 * Copyright (C) ngx_video authors
 *
 * RTMP publishing as a content handler of stream {}: configuration and the
 * state of one connection.
 */

#ifndef NGX_STREAM_VIDEO_RTMP_MODULE_H
#define NGX_STREAM_VIDEO_RTMP_MODULE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_video_segmenter.h"
#include "nvr_aggregate.h"
#include "nvr_chunk.h"
#include "nvr_command.h"
#include "nvr_handshake.h"
#include "nvr_reply.h"


#define NGX_VIDEO_RTMP_CHUNK      4096          /* that we send with */
#define NGX_VIDEO_RTMP_WINDOW     2500000       /* acknowledgement, bytes */
#define NGX_VIDEO_RTMP_OUT        16384         /* unsent answers */
#define NGX_VIDEO_RTMP_STREAM     1             /* the one message stream */


typedef struct {
    ngx_str_t                 name;
    ngx_shm_zone_t           *zone;
} ngx_stream_video_app_t;


typedef struct {
    ngx_array_t              *apps;             /* ngx_stream_video_app_t */
    ngx_msec_t                segment;
    ngx_msec_t                part;
    ngx_msec_t                window;
    ngx_msec_t                grace;
    ngx_msec_t                linger;
    ngx_msec_t                timeout;
    size_t                    bitrate;
    size_t                    max_message;
} ngx_stream_video_rtmp_srv_conf_t;


typedef struct {
    ngx_stream_session_t     *session;
    ngx_stream_video_rtmp_srv_conf_t  *conf;

    nvr_handshake_t          *handshake;        /* NULL: done */
    nvr_chunk_in_t            in;
    ngx_stream_video_app_t   *app;              /* after connect */
    ngx_str_t                 name;             /* after publish */
    u_char                    name_data[NGX_VIDEO_LIVE_NAME];

    uint64_t                  received;
    uint64_t                  acknowledged;
    uint32_t                  window;           /* the peer asked for */

    size_t                    chunk;            /* that we send with */
    u_char                   *out;              /* unsent answers */
    size_t                    out_len;
    nvr_metadata_t            metadata;

    ngx_video_segmenter_t     segmenter;

    unsigned                  publishing:1;
    unsigned                  clean:1;          /* publisher ended it */
    unsigned                  has_metadata:1;
    unsigned                  logged:1;         /* the reason of the end */
} ngx_stream_video_rtmp_ctx_t;


/* ngx_stream_video_rtmp_message.c */

/*
 * NGX_OK; NGX_DONE: end the session, the publisher is done; NGX_ERROR: end
 * it, the reason has been logged and sent.
 */
ngx_int_t ngx_stream_video_rtmp_message(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_message_t *msg);

/* Logs the reason once and tells a publisher, for a session about to end. */
ngx_int_t ngx_stream_video_rtmp_fail(ngx_stream_video_rtmp_ctx_t *ctx,
    const char *code, const char *reason, const char *detail);

/* Queues a whole message that "w" has, and sends what the socket takes. */
ngx_int_t ngx_stream_video_rtmp_send(ngx_stream_video_rtmp_ctx_t *ctx,
    const u_char *data, size_t len);


#endif /* NGX_STREAM_VIDEO_RTMP_MODULE_H */
