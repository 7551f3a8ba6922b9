/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of files, which the transcoder makes:
 *
 *   ngx_http_video_thumbs.c       the directive
 *   ngx_http_video_thumbs_job.c   a worker's connection to the transcoder
 *   ngx_http_video_vod_thumbs.c   requests for them
 */

#ifndef NGX_HTTP_VIDEO_THUMBS_H
#define NGX_HTTP_VIDEO_THUMBS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_video_core.h"


/* "video_thumbs" */
typedef struct {
    ngx_uint_t                enable;
    ngx_msec_t                every;
    ngx_uint_t                width;        /* of each, pixels */
    ngx_uint_t                height;
    ngx_uint_t                columns;      /* of a sheet */
    ngx_uint_t                rows;
    ngx_uint_t                poster_width;     /* at most */
    ngx_uint_t                poster_height;
    ngx_int_t                 poster_time;      /* ms; -1: a tenth */
    ngx_msec_t                timeout;      /* of a request */
} ngx_http_video_thumbs_conf_t;


/* The directive: value at an offset of the configuration, unset before. */
char *ngx_http_video_thumbs_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* A location has them: the transcoder is to be there.  NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_video_thumbs_need(ngx_conf_t *cf);


/* What tells their playlists from others. */
uint64_t ngx_http_video_thumbs_hash(ngx_http_video_thumbs_conf_t *t,
    uint64_t h);


/* How long an answer is remembered: what a file's own fault is; other errors */
#define NGX_HTTP_VIDEO_THUMBS_BAD   60000
#define NGX_HTTP_VIDEO_THUMBS_FAIL  10000

/*
 * Sends an order, the body of a message, to the transcoder.  The object, of
 * which the caller is the writer, is completed when there is an answer: out of
 * the index, or with a status as metadata and the time (uint64_t, ms) until
 * when it is good.  It is aborted, with a status too, when there will be none;
 * without one when this worker dies.  The reference is
 * taken over, whatever comes of it; no request is needed any more.  "name" is
 * the file, for the log.  NGX_OK, NGX_ERROR: the transcoder is not there.
 */
ngx_int_t ngx_http_video_thumbs_order(ngx_video_store_t *st,
    ngx_video_ref_t *ref, u_char *order, size_t len, ngx_str_t *name);


#endif /* NGX_HTTP_VIDEO_THUMBS_H */
