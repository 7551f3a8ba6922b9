/*
 * Copyright (C) ngx_video authors
 *
 * For readers that put media of several tracks together: what of a track there
 * is at a time, without a reference to it.
 */

#ifndef NGX_VIDEO_LIVE_TIME_H
#define NGX_VIDEO_LIVE_TIME_H

#include "ngx_video_live.h"


/*
 * Where the media end that are there of a track, in its ticks; 0: there are
 * none.  What is added later begins there or after it.
 */
ngx_int_t ngx_video_live_reach(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number, uint64_t *ticks);

/*
 * The descriptor of a segment in memory.  NGX_DECLINED when it is gone;
 * NGX_AGAIN when it has not come yet.
 */
ngx_int_t ngx_video_live_look(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number, uint64_t msn,
    ngx_video_live_segment_t *segment);

/*
 * The segment, in memory or on disk, that has the media of a time: the newest
 * one that begins there or before, or the first of the run.  NGX_DECLINED:
 * those that had them are gone; NGX_AGAIN: there are none yet.
 */
ngx_int_t ngx_video_live_at(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number, uint64_t ticks,
    uint64_t *msn);


#endif /* NGX_VIDEO_LIVE_TIME_H */
