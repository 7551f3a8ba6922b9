/*
 * Copyright (C) ngx_video authors
 *
 * The two texts of "video_status", and what "video_control" has of them.
 */

#ifndef NGX_HTTP_VIDEO_STATUS_H
#define NGX_HTTP_VIDEO_STATUS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_video_core.h"
#include "nvm_writer.h"


typedef void (*ngx_http_video_status_pt)(nvm_writer_t *w, void *data);

/*
 * ngx_http_video_status_module.c: answers with a text of this content type;
 * the writer runs twice, and what it writes may grow in between.
 */
ngx_int_t ngx_http_video_status_send(ngx_http_request_t *r,
    ngx_http_video_status_pt write, void *data, const char *type);

/* For it, of the core's configuration. */
void ngx_http_video_status_json(nvm_writer_t *w, void *data);

/* One stream as an object; those of a zone, commas between: how many. */
void ngx_http_video_status_stream(nvm_writer_t *w, ngx_video_store_t *st,
    ngx_video_live_info_t *info);
ngx_uint_t ngx_http_video_status_zone_streams(nvm_writer_t *w,
    ngx_video_store_t *st, ngx_uint_t before);

/* Prometheus text exposition format 0.0.4: a group of lines for each metric */
void ngx_http_video_status_prometheus(nvm_writer_t *w, void *data);


#endif /* NGX_HTTP_VIDEO_STATUS_H */
