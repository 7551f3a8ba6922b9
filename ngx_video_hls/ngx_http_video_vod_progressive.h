/*
 * Copyright (C) ngx_video authors
 *
 * An asset as one plain file: what its three files share.
 *
 *   ngx_http_video_vod_progressive.c  which tracks, the header of the answer
 *   ngx_http_video_vod_moov.c         what stands before the samples, once
 *   ngx_http_video_vod_mdat.c         the body: that, then the samples
 */

#ifndef NGX_HTTP_VIDEO_VOD_PROGRESSIVE_H
#define NGX_HTTP_VIDEO_VOD_PROGRESSIVE_H

#include "ngx_http_video_body.h"
#include "nvm_progressive.h"


/* one of video, one of audio */
#define NGX_HTTP_VIDEO_PROGRESSIVE_TRACKS  2

#define NGX_HTTP_VIDEO_PROGRESSIVE_MAGIC   0x6e7670726f673031ULL


/*
 * The object in the store: this, then nsegments offsets in the payload, of
 * 64 bits, at which segments begin, then "head" bytes of ftyp, moov and the
 * header of mdat.  In native byte order.
 */
typedef struct {
    uint64_t                  magic;
    uint64_t                  head;
    uint64_t                  payload;      /* of mdat */
    uint64_t                  nsegments;
} ngx_http_video_progressive_head_t;


typedef struct {
    ngx_http_video_source_t  *source;
    nvm_index_track_t        *track;
    long                      nsec;         /* of the source's mtime */
    nvm_index_segment_t       segment;      /* that is being sent */
    nvm_index_plan_t          plan;
} ngx_http_video_progressive_track_t;


typedef struct {
    ngx_http_video_progressive_track_t
                              tracks[NGX_HTTP_VIDEO_PROGRESSIVE_TRACKS];
    ngx_uint_t                n;
    ngx_str_t                 key;          /* of the object */
    ngx_thread_task_t        *task;         /* that makes it */
    ngx_int_t                 status;       /* of one that could not */
    ngx_http_video_progressive_head_t
                              head;

    /* the body */
    ngx_http_video_body_t     body;
    uint64_t                  pos;          /* in the head */
    uint32_t                  segment;      /* that is being sent, or next */
    uint64_t                  skip;         /* bytes of it that are not */

    /* of a segment */
    ngx_pool_t               *pool;
    ngx_http_video_file_t     tables;
    ngx_uint_t                read;         /* tracks whose tables are read */
    nvm_interleave_t          interleave[NGX_HTTP_VIDEO_PROGRESSIVE_TRACKS];
    nvm_interleave_chunk_t    chunk;        /* the next, if nsamples */
    nvm_range_t              *ranges;

    unsigned                  known:1;      /* nsec */
    unsigned                  planned:1;    /* tables are being read */
    unsigned                  loaded:1;     /* samples are known */
} ngx_http_video_progressive_t;


/*
 * ngx_http_video_vod_moov.c: makes the object that ctx->ref refers to, in a
 * thread; then ctx->handler is called.  NGX_DONE, or a status.
 */
ngx_int_t ngx_http_video_moov_make(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m);


/*
 * ngx_http_video_vod_mdat.c: sends bytes [from, from + len) of the file.  The
 * header is out, ctx->ref refers to the object; takes the reference over.
 */
ngx_int_t ngx_http_video_mdat_send(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m, uint64_t from, uint64_t len);

/* NGX_OK when the files are those of which the indexes were made. */
ngx_int_t ngx_http_video_mdat_check(ngx_http_request_t *r);


#endif /* NGX_HTTP_VIDEO_VOD_PROGRESSIVE_H */
