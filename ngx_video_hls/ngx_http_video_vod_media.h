/*
 * Copyright (C) ngx_video authors
 *
 * A media segment of a file on its way out: shared by the code that sends it
 * (ngx_http_video_vod_media.c) and the one that reads it
 * (ngx_http_video_vod_gather.c).
 */

#ifndef NGX_HTTP_VIDEO_VOD_MEDIA_H
#define NGX_HTTP_VIDEO_VOD_MEDIA_H

#include "ngx_http_video_hls_module.h"


/* from this length on sendfile is cheaper than a copy; docs/decisions.md */
#define NGX_HTTP_VIDEO_SENDFILE   (64 * 1024)

/* a gap that is read along costs less than another system call */
#define NGX_HTTP_VIDEO_GAP        (8 * 1024)

#define NGX_HTTP_VIDEO_IOVS       256

typedef struct {
    uint64_t                  offset;       /* in the file */
    uint64_t                  size;
} ngx_http_video_run_t;


typedef struct {
    ngx_http_video_run_t     *runs;
    ngx_uint_t                nruns;
    uint64_t                  len;          /* of the segment, boxes too */
    ngx_uint_t                run;          /* where the next byte is */
    uint64_t                  done;         /* bytes of it that are out */

    u_char                   *buffer;       /* made when first needed */
    size_t                    size;
    size_t                    filled;
    ngx_buf_t                 buf;          /* what is being sent */
    ngx_chain_t               link;         /* that carries it */
    ngx_chain_t               head;         /* the boxes before the samples */

    /* one read, gaps included */
    struct iovec              iov[NGX_HTTP_VIDEO_IOVS];
    ngx_uint_t                niov;
    off_t                     offset;       /* in the file */
    size_t                    want;
    size_t                    useful;       /* without gaps */
    ngx_uint_t                next_run;     /* where it ends */
    uint64_t                  next_done;
    ngx_fd_t                  fd;
    ssize_t                   result;       /* of the thread */
    ngx_err_t                 err;
    ngx_thread_task_t        *task;

    unsigned                  keep:1;       /* read into the store */
    unsigned                  reading:1;    /* a thread has read */
    unsigned                  finished:1;   /* the last buffer is out */
} ngx_http_video_media_t;


/*
 * Fills the buffer from where the segment stands, until it is full or a run
 * follows that sendfile should have.  NGX_OK; NGX_DONE: a thread reads, and
 * ngx_http_video_media_output() will be called; NGX_ERROR, logged.
 */
ngx_int_t ngx_http_video_media_gather(ngx_http_request_t *r,
    ngx_http_video_media_t *m);

/*
 * Goes on after a thread has read.  NGX_DONE: the client or the disk is slower
 * than we are; else what the request is to be finalized with.
 */
ngx_int_t ngx_http_video_media_resume(ngx_http_request_t *r);


#endif /* NGX_HTTP_VIDEO_VOD_MEDIA_H */
