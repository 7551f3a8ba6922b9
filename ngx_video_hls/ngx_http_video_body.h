/*
 * Copyright (C) ngx_video authors
 *
 * Bodies that are samples of files, in pieces: long ranges by sendfile, short
 * ones gathered into a buffer.  The next piece is made when the last has left,
 * so a slow client holds one buffer and no more, however long the body is.
 */

#ifndef NGX_HTTP_VIDEO_BODY_H
#define NGX_HTTP_VIDEO_BODY_H

#include "ngx_http_video_file.h"
#include "ngx_http_video_vod.h"


/*
 * Says what comes next, when all there was has left: memory, or ranges by
 * ngx_http_video_body_ranges().  NGX_OK; NGX_DONE: the request waits, and
 * ngx_http_video_body_output() will be called, which calls this again; else
 * the body ends short, and why has been logged.
 */
typedef ngx_int_t (*ngx_http_video_more_pt)(ngx_http_request_t *r);

/*
 * Whether what is sent is what was promised: called before each write, and
 * once more when the last has been read and all others have left.  So a body
 * that looks whole was found good after all of it had been read.  NGX_OK, or
 * NGX_ERROR, logged.
 */
typedef ngx_int_t (*ngx_http_video_check_pt)(ngx_http_request_t *r);


typedef struct ngx_http_video_body_s {
    /* set by the caller, what comes next also by "more" */
    ngx_http_video_file_t     file;         /* ranges to be sent */
    ngx_file_t               *source;       /* that has them */
    u_char                   *pos;          /* memory that goes before them */
    u_char                   *last;
    ngx_chain_t              *head;         /* goes before all, with the first
                                               piece; not in "left" */
    uint64_t                  left;         /* bytes that are still to go */
    ngx_http_video_more_pt    more;         /* NULL: there is no more */
    ngx_http_video_check_pt   check;        /* or NULL */

    u_char                   *buffer;
    size_t                    size;         /* of buffer */
    ngx_buf_t                 buf;          /* what is being sent */
    ngx_chain_t               link;         /* that carries it */
} ngx_http_video_body_t;


/*
 * Appends the ranges of samples to ranges[first, n), of which the last may
 * grow: there is room for one a sample.  Returns the new n.
 */
ngx_uint_t ngx_http_video_body_merge(nvm_range_t *ranges, ngx_uint_t first,
    ngx_uint_t n, const nvm_sample_t *samples, ngx_uint_t nsamples);

/* What is sent next: n ranges of a file, "done" bytes of the first not. */
void ngx_http_video_body_ranges(ngx_http_video_body_t *b,
    ngx_http_video_source_t *s, nvm_range_t *ranges, ngx_uint_t n,
    uint64_t done);

/*
 * Sends b->left bytes; the header is out.  As a content handler: NGX_DONE
 * when the client or the disk is slower than we are.
 */
ngx_int_t ngx_http_video_body_start(ngx_http_request_t *r,
    ngx_http_video_body_t *b);
ngx_int_t ngx_http_video_body_output(ngx_http_request_t *r);


#endif /* NGX_HTTP_VIDEO_BODY_H */
