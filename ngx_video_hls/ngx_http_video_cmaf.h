/*
 * Copyright (C) ngx_video authors
 *
 * Reading the samples of a live track, from memory or from disk, one after the
 * other over its segments.  Of a segment in memory a sample that lies in one
 * chunk is not copied; of one on disk a piece is at hand.  What a reader holds
 * is bounded by the largest sample, however long the segments are.
 */

#ifndef NGX_HTTP_VIDEO_CMAF_H
#define NGX_HTTP_VIDEO_CMAF_H

#include "ngx_http_video_file.h"
#include "nvm_cmaf_read.h"


typedef struct {
    /* set by the caller */
    ngx_http_request_t       *request;
    ngx_video_store_t        *store;
    ngx_video_live_info_t    *info;
    ngx_uint_t                number;       /* of the track */
    nvm_track_t              *track;
    uint64_t                  msn;          /* of the segment that is next */
    uint64_t                  last;         /* that is read */
    ngx_http_video_handler_pt  resume;      /* after NGX_DONE */

    nvm_sample_t              sample;       /* after peek */

    /* the segment that is open */
    uint64_t                  size;
    uint64_t                  at;           /* of the next box in it */
    ngx_video_ref_t           ref;          /* in memory */
    ngx_video_cursor_t        cursor;
    ngx_http_video_on_disk_t  disk;

    ngx_http_video_file_t    *file;         /* of what is on disk */
    nvm_range_t               range;

    u_char                   *buffer;
    size_t                    room;
    uint64_t                  from;         /* bytes [from, from + len) of the
                                               segment are in it */
    size_t                    len;

    u_char                   *moof;
    size_t                    moof_room;
    nvm_cmaf_read_t           chunk;        /* that samples are read of */

    unsigned                  open:1;
    unsigned                  on_disk:1;
    unsigned                  growing:1;    /* more will come of it */
    unsigned                  in_chunk:1;
    unsigned                  reading:1;    /* a piece from disk */
    unsigned                  has:1;        /* sample */
} ngx_http_video_cmaf_t;


/*
 * The next sample, again until it is passed.  NGX_OK; NGX_DECLINED: what is
 * there has been read; NGX_DONE: a thread reads, and "resume" will be called;
 * NGX_ERROR, logged.
 */
ngx_int_t ngx_http_video_cmaf_peek(ngx_http_video_cmaf_t *c);
void ngx_http_video_cmaf_pass(ngx_http_video_cmaf_t *c);

/* Its bytes, until the next call of any of these; results as above. */
ngx_int_t ngx_http_video_cmaf_data(ngx_http_video_cmaf_t *c, u_char **data);

/* Gives back what it holds. */
void ngx_http_video_cmaf_close(ngx_http_video_cmaf_t *c);


#endif /* NGX_HTTP_VIDEO_CMAF_H */
