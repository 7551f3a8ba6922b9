/*
 * Copyright (C) ngx_video authors
 *
 * One stream that is fetched: played there, published here.
 *
 * What is played becomes a stream here with its first media, by the same code
 * that takes a publisher's messages, which knows of a session: it gets one that
 * consists of the connection and the server's configuration.  Servers let a
 * stream be played that they don't have, and send data messages.
 */

#ifndef NGX_STREAM_VIDEO_PULL_STREAM_H
#define NGX_STREAM_VIDEO_PULL_STREAM_H

#include "ngx_stream_video_relay.h"
#include "ngx_stream_video_rtmp_module.h"
#include "ngx_video_wish.h"


typedef struct ngx_stream_video_pull_s  ngx_stream_video_pull_t;


/* A directive. */
typedef struct {
    ngx_stream_video_app_t             *app;
    ngx_stream_video_relay_url_t       *url;
    ngx_str_t                           name;   /* here; empty: whatever is
                                                   asked for */
    ngx_msec_t                          idle;   /* 0: all the time */
    ngx_msec_t                          silence;  /* without media until it is
                                                   given up; 0: the timeout of
                                                   the server */
    ngx_stream_video_rtmp_srv_conf_t   *conf;
    ngx_stream_conf_ctx_t              *server; /* it is of */
    ngx_stream_video_pull_t            *pull;   /* all the time */
} ngx_stream_video_pull_conf_t;


/* The owner sets what stands before "relay", the rest is 0. */
struct ngx_stream_video_pull_s {
    ngx_stream_video_pull_conf_t       *conf;
    ngx_str_t                           name;       /* here */
    ngx_str_t                           there;
    ngx_msec_t                          timeout;    /* until media come */

    /*
     * begun: the stream is there; may be NULL.  closed: the connection is over,
     * "failed" says why, and the stream, if there was one; "delay" is the time
     * until another attempt is due.
     */
    void                              (*begun)(ngx_stream_video_pull_t *pull);
    void                              (*closed)(ngx_stream_video_pull_t *pull,
                                            ngx_msec_t delay);
    void                               *data;

    ngx_stream_video_relay_t            relay;
    ngx_log_t                           log;
    ngx_event_t                         retry;

    nvr_message_t                       metadata;   /* that came before media,
                                                       a copy */
    ngx_pool_t                         *pool;       /* NULL: no stream */
    ngx_stream_session_t               *session;
    ngx_stream_video_rtmp_ctx_t        *ctx;
    ngx_video_wish_why_e                failed;
    unsigned                            aired:1;    /* what is over had media */
};


void ngx_stream_video_pull_setup(ngx_stream_video_pull_t *pull,
    ngx_log_t *log);

/* Now, or later; may call closed() before it returns. */
void ngx_stream_video_pull_open(ngx_stream_video_pull_t *pull);
void ngx_stream_video_pull_later(ngx_stream_video_pull_t *pull,
    ngx_msec_t delay);

/* At once, without closed(); clean: the stream ends, and does not wait. */
void ngx_stream_video_pull_over(ngx_stream_video_pull_t *pull,
    ngx_uint_t clean);

/* After it: the pull is not to be opened again. */
void ngx_stream_video_pull_done(ngx_stream_video_pull_t *pull);


#endif /* NGX_STREAM_VIDEO_PULL_STREAM_H */
