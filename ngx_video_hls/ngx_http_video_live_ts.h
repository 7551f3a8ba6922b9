/*
 * Copyright (C) ngx_video authors
 *
 * Live streams as MPEG transport streams, for players that know no fMP4.
 *
 *   ngx_http_video_live_ts.c       which tracks, when a segment can be made,
 *                                  requests for one
 *   ngx_http_video_live_ts_make.c  making one
 *   ngx_http_video_live_ts_list.c  playlists
 *   ngx_http_video_cmaf.c          reading the samples that it is made of
 *
 * A segment is that of a video track, with the audio of its time, or of an
 * audio track alone.  It must be the same whoever makes it, and when: so what
 * belongs into it is a function of the times at which the video begins and
 * ends, and it is neither listed nor made before all of that is there.  Audio
 * is not waited for without end: see NGX_HTTP_VIDEO_TS_WAIT; and a worker that
 * dies may take some with it that was in its open segment.
 */

#ifndef NGX_HTTP_VIDEO_LIVE_TS_H
#define NGX_HTTP_VIDEO_LIVE_TS_H

#include "ngx_http_video_cmaf.h"
#include "ngx_http_video_ts_sink.h"
#include "ngx_video_live_time.h"


/* The tracks of a segment, the one that it is named after first. */
typedef struct {
    ngx_uint_t                ntracks;
    ngx_uint_t                number[NGX_HTTP_VIDEO_TS_TRACKS];
    nvm_track_t              *track[NGX_HTTP_VIDEO_TS_TRACKS];
} ngx_http_video_ts_set_t;

/* Where a segment is in time: ticks of the first track. */
typedef struct {
    uint64_t                  start;
    uint64_t                  end;
    unsigned                  last:1;       /* of its run: what audio comes
                                               after it is of it */
} ngx_http_video_ts_span_t;


/* NGX_OK; NGX_DECLINED: there is none of this track; NGX_ERROR. */
ngx_int_t ngx_http_video_live_ts_set(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number,
    ngx_http_video_ts_set_t *set);

/* Whether all that belongs into a segment is there. */
ngx_uint_t ngx_http_video_live_ts_whole(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_ts_set_t *set,
    ngx_video_live_segment_t *segment);

/* A request for a segment: as ngx_http_video_live_segment(). */
ngx_int_t ngx_http_video_live_ts_segment(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number);

/*
 * Makes the segment of the path into ctx->ref, which is ours to fill, and
 * completes or aborts it.  NGX_OK; NGX_DONE: ctx->handler will be called when
 * it is done; else a status, logged.
 */
ngx_int_t ngx_http_video_live_ts_make(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_ts_set_t *set,
    ngx_http_video_ts_span_t *span);

/* The time in the ticks of the audio at which that of a segment begins. */
uint64_t ngx_http_video_live_ts_bound(ngx_http_video_ts_set_t *set,
    uint64_t ticks);


/* ngx_http_video_live_ts_list.c: as their like in ngx_http_video_live_list.c */
ngx_int_t ngx_http_video_live_ts_ready(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number, ngx_str_t *key);
ngx_int_t ngx_http_video_live_ts_master(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_runs_t *t, u_char **text,
    size_t *len);
ngx_int_t ngx_http_video_live_ts_playlist(ngx_http_request_t *r,
    ngx_uint_t number, ngx_http_video_runs_t *t, u_char **text, size_t *len);


#endif /* NGX_HTTP_VIDEO_LIVE_TS_H */
