/*
 * Copyright (C) ngx_video authors
 *
 * The messages that must stand before a frame: codec headers and metadata, in
 * the order in which they came.  A set is shared by all points where it is
 * valid, and never changes while it is.
 */

#ifndef NGX_VIDEO_BACKLOG_HEADERS_H
#define NGX_VIDEO_BACKLOG_HEADERS_H

#include "ngx_video_backlog.h"


/*
 * Replaces the header of the same key, or adds one; *set becomes another one
 * if it is shared.  NGX_ERROR: no memory, nothing has changed.
 */
ngx_int_t ngx_video_backlog_headers_set(ngx_video_backlog_headers_t **set,
    ngx_uint_t key, const nvr_message_t *msg, ngx_log_t *log);

/* References; of NULL nothing. */
ngx_video_backlog_headers_t *ngx_video_backlog_headers_get(
    ngx_video_backlog_headers_t *set);
void ngx_video_backlog_headers_put(ngx_video_backlog_headers_t *set);

/* Type and data of the n-th; NGX_DECLINED: there are not as many. */
ngx_int_t ngx_video_backlog_headers_read(ngx_video_backlog_headers_t *set,
    ngx_uint_t n, nvr_message_t *msg);


#endif /* NGX_VIDEO_BACKLOG_HEADERS_H */
