/*
 * Copyright (C) ngx_video authors
 *
 * Reading ranges of a file for a request, without ever waiting for the disk:
 * what the page cache has not is read by a thread.
 */

#ifndef NGX_HTTP_VIDEO_FILE_H
#define NGX_HTTP_VIDEO_FILE_H

#include "ngx_http_video_hls_module.h"


/* a gap that is read along costs less than another system call */
#define NGX_HTTP_VIDEO_FILE_GAP   (8 * 1024)

#define NGX_HTTP_VIDEO_FILE_IOVS  256


typedef struct {
    /* set by the caller */
    ngx_http_request_t       *request;
    ngx_str_t                *path;         /* for the log */
    ngx_fd_t                  fd;
    nvm_range_t              *ranges;
    ngx_uint_t                nranges;
    u_char                   *buffer;
    size_t                    size;
    uint64_t                  longest;      /* a read stops before ranges of
                                               that size; 0: it does not */
    ngx_http_video_handler_pt  resume;      /* after NGX_DONE */

    /* where the next byte is; the caller may move it to the next range */
    ngx_uint_t                range;
    uint64_t                  done;         /* bytes of it */
    size_t                    filled;       /* of buffer; the caller's to
                                               empty */

    /* one piece, gaps included */
    struct iovec              iov[NGX_HTTP_VIDEO_FILE_IOVS];
    ngx_uint_t                niov;
    off_t                     offset;       /* in the file */
    size_t                    want;
    size_t                    useful;       /* without gaps */
    ngx_uint_t                next_range;   /* where it ends */
    uint64_t                  next_done;
    ssize_t                   result;       /* of the thread */
    ngx_err_t                 err;
    ngx_thread_task_t        *task;
    ngx_event_t               turn;

    unsigned                  reading:1;    /* a thread has read */
} ngx_http_video_file_t;


/*
 * Fills the buffer from where the ranges stand, until it is full, all is read
 * or a range follows that is "longest".  NGX_OK; NGX_DONE: a thread reads, and
 * "resume" will be called, which calls this again; NGX_ERROR, logged: the
 * file is shorter than it was.
 */
ngx_int_t ngx_http_video_file_read(ngx_http_video_file_t *f);

/*
 * Lets others have their turn: NGX_DONE, and "resume" will be called when all
 * events that are there have been handled.
 */
ngx_int_t ngx_http_video_file_yield(ngx_http_video_file_t *f);


#endif /* NGX_HTTP_VIDEO_FILE_H */
