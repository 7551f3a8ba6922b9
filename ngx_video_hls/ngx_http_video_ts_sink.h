/*
 * Copyright (C) ngx_video authors
 *
 * Where a segment of a transport stream goes, be it of a file or of a live
 * stream: into the object of the request that makes it, chunk by chunk.
 *
 * A sink is part of what its maker keeps for the request, zeroed, and writes
 * to ctx->ref, which is the maker's to fill (ctx->writing) until the end of the
 * segment.
 */

#ifndef NGX_HTTP_VIDEO_TS_SINK_H
#define NGX_HTTP_VIDEO_TS_SINK_H

#include "ngx_http_video_hls_module.h"
#include "nvm_ts.h"


/* of presentation time 0, 90 kHz: decode times and PCR stay above 0 */
#define NGX_HTTP_VIDEO_TS_START   900000

/* of a segment: video and audio, or one alone */
#define NGX_HTTP_VIDEO_TS_TRACKS  2

/* bytes of samples in one turn of the event loop */
#define NGX_HTTP_VIDEO_TS_TURN    (256 * 1024)


typedef struct {
    ngx_http_request_t       *request;
    nvm_ts_t                  ts;
    nvm_ts_out_t              out;
    u_char                   *span;         /* where out began */
} ngx_http_video_ts_sink_t;


/*
 * Starts the segment of the path.  NGX_OK; NGX_HTTP_UNPROCESSABLE, logged with
 * the name of what it is made of; NGX_ERROR: there is no room.
 */
ngx_int_t ngx_http_video_ts_sink_begin(ngx_http_request_t *r,
    ngx_http_video_ts_sink_t *sink, ngx_str_t *name,
    const nvm_track_t *const *tracks, ngx_uint_t n);

/* The same for a sample, which lies at "offset" of what has that name. */
ngx_int_t ngx_http_video_ts_sink_sample(ngx_http_request_t *r,
    ngx_http_video_ts_sink_t *sink, ngx_str_t *name, nvm_ts_sample_t *sample,
    uint64_t offset);

/*
 * Ends the making, which came to "rc".  NGX_OK: the object is complete; else a
 * status, logged, and the object is to be aborted.
 */
ngx_int_t ngx_http_video_ts_sink_end(ngx_http_request_t *r,
    ngx_http_video_ts_sink_t *sink, ngx_str_t *name, ngx_int_t rc);

/* Ticks of a track at 90 kHz, from where the clock of all streams starts. */
int64_t ngx_http_video_ts_time(const nvm_track_t *t, int64_t ticks);


#endif /* NGX_HTTP_VIDEO_TS_SINK_H */
