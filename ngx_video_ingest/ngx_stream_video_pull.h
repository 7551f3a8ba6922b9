/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are fetched from other RTMP servers: the directive, and those
 * that are fetched all the time.
 *
 * The first worker does that; one that is told to exit lets go at once, so
 * that the first worker of the new configuration goes on.
 */

#ifndef NGX_STREAM_VIDEO_PULL_H
#define NGX_STREAM_VIDEO_PULL_H

#include <ngx_config.h>
#include <ngx_core.h>


/* Of init process, and of its exit. */
ngx_int_t ngx_stream_video_pull_init(ngx_cycle_t *cycle);
void ngx_stream_video_pull_exit(ngx_cycle_t *cycle);

char *ngx_stream_video_pull(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


#endif /* NGX_STREAM_VIDEO_PULL_H */
