/*
 * Copyright (C) ngx_video authors
 *
 * Which ladder a stream has: "video_transcode", and the variables by which it
 * can be chosen.
 */

#ifndef NGX_STREAM_VIDEO_TRANSCODE_H
#define NGX_STREAM_VIDEO_TRANSCODE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_video_ladder.h"


typedef struct ngx_stream_video_rtmp_ctx_s  ngx_stream_video_rtmp_ctx_t;

typedef struct {
    ngx_video_ladder_t          *ladder;    /* NULL: none, or as "name" says */
    ngx_stream_complex_value_t  *name;
} ngx_stream_video_transcode_t;


/* "video_transcode NAME", with variables, or "off" */
char *ngx_stream_video_transcode(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* $video_app and $video_name */
ngx_int_t ngx_stream_video_transcode_variables(ngx_conf_t *cf);

/* The ladder of a stream whose name is known; NULL: none. */
ngx_video_ladder_t *ngx_stream_video_transcode_ladder(
    ngx_stream_video_rtmp_ctx_t *ctx);

/* Makes a session of ours one in which variables can be had. */
ngx_int_t ngx_stream_video_transcode_session(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_pool_t *pool);


#endif /* NGX_STREAM_VIDEO_TRANSCODE_H */
