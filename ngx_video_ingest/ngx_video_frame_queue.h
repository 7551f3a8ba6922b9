/*
 * Copyright (C) ngx_video authors
 *
 * Frames of one track that wait for another track, oldest first.  Bounded: a
 * publisher decides how many come.
 */

#ifndef NGX_VIDEO_FRAME_QUEUE_H
#define NGX_VIDEO_FRAME_QUEUE_H

#include "ngx_video_track_writer.h"


#define NGX_VIDEO_QUEUE_FRAMES    256
#define NGX_VIDEO_QUEUE_BYTES     (1024 * 1024)


typedef struct {
    ngx_queue_t               frames;
    ngx_uint_t                nframes;
    size_t                    bytes;
} ngx_video_frame_queue_t;


void ngx_video_frame_queue_init(ngx_video_frame_queue_t *q);
void ngx_video_frame_queue_done(ngx_video_frame_queue_t *q);

/* Copies a frame to the end.  NGX_DECLINED: full. */
ngx_int_t ngx_video_frame_queue_push(ngx_video_frame_queue_t *q,
    ngx_video_frame_t *f, ngx_log_t *log);

/* The oldest; NULL: there is none.  "pop" frees it. */
ngx_video_frame_t *ngx_video_frame_queue_head(ngx_video_frame_queue_t *q);
void ngx_video_frame_queue_pop(ngx_video_frame_queue_t *q);


#endif /* NGX_VIDEO_FRAME_QUEUE_H */
