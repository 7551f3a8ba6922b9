/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are sent on to other RTMP servers while they are published.
 *
 * What a publisher sends is copied into one backlog, of which each target has
 * a reader; so none of them slows the publisher or another one.  It outlives
 * the publisher's session by what is still on its way, for as long as a target
 * takes it, video_push_timeout at most.
 */

#ifndef NGX_STREAM_VIDEO_PUSH_H
#define NGX_STREAM_VIDEO_PUSH_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_stream_video_relay.h"


#define NGX_VIDEO_PUSH_TARGETS  16


typedef struct ngx_stream_video_push_s  ngx_stream_video_push_t;


typedef struct {
    ngx_array_t              *urls;     /* ngx_stream_video_relay_url_t * */
    ngx_video_ssl_t           tls;      /* of pulls, too */
    size_t                    buffer;
    ngx_msec_t                timeout;
} ngx_stream_video_push_conf_t;


/*
 * NULL: there is nothing to push to, or no memory, which is logged.  standby:
 * nothing is sent before ngx_stream_video_push_go().
 */
ngx_stream_video_push_t *ngx_stream_video_push_start(
    ngx_stream_video_push_conf_t *conf, ngx_video_store_t *st,
    ngx_str_t *name, ngx_uint_t hops, ngx_uint_t standby, ngx_log_t *log);

/* It has taken over; more than once does no harm. */
void ngx_stream_video_push_go(ngx_stream_video_push_t *push);

/* It stands by again: its targets are let go at once. */
void ngx_stream_video_push_hold(ngx_stream_video_push_t *push);

/* Audio, video, data. */
void ngx_stream_video_push_message(ngx_stream_video_push_t *push,
    const nvr_message_t *msg);

/* The publisher is gone, it is not to be used any more. */
void ngx_stream_video_push_end(ngx_stream_video_push_t *push);

/* At the end of the process. */
void ngx_stream_video_push_exit(ngx_cycle_t *cycle);

/* Of a server that has applications, when all of it is known. */
ngx_int_t ngx_stream_video_push_check(ngx_conf_t *cf,
    ngx_stream_video_push_conf_t *conf);

char *ngx_stream_video_push(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* NGX_STREAM_VIDEO_PUSH_H */
