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
#define NGX_VIDEO_AUTH_OUTCOME    64        /* for the log: of a call */


typedef struct ngx_stream_video_rtmp_ctx_s  ngx_stream_video_rtmp_ctx_t;


typedef struct {
    ngx_video_http_url_t     *url;              /* NULL: off */
    ngx_msec_t                update;           /* 0: none */
    ngx_msec_t                timeout;
    ngx_int_t                 tries;            /* of publish_done */
    ngx_video_ssl_t           ssl;
    ngx_str_t                 ssl_name;         /* empty: as in the URL */
} ngx_stream_video_auth_srv_conf_t;


typedef struct {
    ngx_stream_video_auth_srv_conf_t  *conf;    /* after connect */
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


extern ngx_module_t  ngx_stream_video_auth_module;


/* NGX_AGAIN: asked; nothing may be handled until the answer has come. */
ngx_int_t ngx_stream_video_auth_publish(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd);

/* Keeps n bytes for ngx_stream_video_rtmp_resume(). */
ngx_int_t ngx_stream_video_auth_keep(ngx_stream_video_rtmp_ctx_t *ctx,
    u_char *data, size_t n);

void ngx_stream_video_auth_cleanup(ngx_stream_video_rtmp_ctx_t *ctx);

u_char *ngx_stream_video_auth_outcome(u_char *buf, size_t len,
    ngx_video_http_answer_t *answer);


/* ngx_stream_video_auth_done.c */

/* At the end of a session: publish_done, if it is owed. */
void ngx_stream_video_auth_done(ngx_stream_video_rtmp_ctx_t *ctx);

/* At the end of the process. */
void ngx_stream_video_auth_exit(ngx_cycle_t *cycle);


/* ngx_stream_video_auth_call.c */

/* After connect: keeps what the calls tell of it.  NGX_ERROR: no memory. */
ngx_int_t ngx_stream_video_auth_connect(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd);

/* The same of publish; NGX_DECLINED: its arguments are too long. */
ngx_int_t ngx_stream_video_auth_arguments(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd);

/* A call of a name, not started, and the bytes of its body, if they are asked
 * for; NULL: no memory. */
ngx_video_http_call_t *ngx_stream_video_auth_call(
    ngx_stream_video_rtmp_ctx_t *ctx, const char *name, size_t *body);


#endif /* NGX_STREAM_VIDEO_AUTH_H */
