/*
 * Copyright (C) ngx_video authors
 *
 * Publish control: an HTTP server is asked before a stream begins, told now
 * and then that it goes on, and told when it is over.
 */

#ifndef NGX_STREAM_VIDEO_AUTH_H
#define NGX_STREAM_VIDEO_AUTH_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_video_http.h"
#include "nvr_command.h"


#define NGX_VIDEO_AUTH_TEXT       1024      /* kept of a text of connect */
#define NGX_VIDEO_AUTH_TYPE       32
#define NGX_VIDEO_AUTH_QUERY      4096      /* arguments of a name */


typedef struct ngx_stream_video_rtmp_ctx_s  ngx_stream_video_rtmp_ctx_t;


typedef struct {
    ngx_video_http_call_t    *call;             /* NULL: none runs */
    ngx_event_t               update;

    /* of connect and publish */
    ngx_str_t                 flash_ver;
    ngx_str_t                 swf_url;
    ngx_str_t                 tc_url;
    ngx_str_t                 page_url;
    ngx_str_t                 type;
    ngx_str_t                 query;

    ngx_msec_t                start;
    uint32_t                  timestamp;        /* of the newest frame, ms */

    /* what had been read when the call began, and is handled after it */
    u_char                   *pending;
    size_t                    pending_len;

    unsigned                  waiting:1;        /* for the answer to publish */
    unsigned                  allowed:1;        /* publish_done is owed */
    unsigned                  failing:1;        /* the last update did */
} ngx_stream_video_auth_t;


/* NGX_AGAIN: asked; nothing may be handled until the answer has come. */
ngx_int_t ngx_stream_video_auth_publish(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd);

/* Keeps n bytes for ngx_stream_video_rtmp_resume(). */
ngx_int_t ngx_stream_video_auth_keep(ngx_stream_video_rtmp_ctx_t *ctx,
    u_char *data, size_t n);

/* At the end of a session: publish_done, if it is owed. */
void ngx_stream_video_auth_done(ngx_stream_video_rtmp_ctx_t *ctx);
void ngx_stream_video_auth_cleanup(ngx_stream_video_rtmp_ctx_t *ctx);


/* ngx_stream_video_auth_call.c */

/* After connect: keeps what the calls tell of it.  NGX_ERROR: no memory. */
ngx_int_t ngx_stream_video_auth_connect(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd);

/* The same of publish; NGX_DECLINED: its arguments are too long. */
ngx_int_t ngx_stream_video_auth_arguments(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd);

/* A call of a name, not started; NULL: no memory. */
ngx_video_http_call_t *ngx_stream_video_auth_call(
    ngx_stream_video_rtmp_ctx_t *ctx, const char *name);


#endif /* NGX_STREAM_VIDEO_AUTH_H */
