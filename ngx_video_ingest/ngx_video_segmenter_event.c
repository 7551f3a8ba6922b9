/*
 * Copyright (C) ngx_video authors
 *
 * What a publisher signals beside its media: captions in its pictures, and
 * events.
 */

#include "ngx_video_segmenter.h"
#include "nvm_captions.h"


void
ngx_video_segmenter_captions(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, const nvm_captions_t *captions)
{
    if (!nvm_captions_add(&lane->writer.track.captions, captions)) {
        return;
    }

    /* before, the track takes them along */
    if (sg->ready) {
        ngx_video_live_captions(sg->store, sg->live, lane->writer.number,
                                &lane->writer.track.captions);
    }
}


/*
 * The media time of an event.  Its timestamp is on the clock of the frames;
 * encoders that don't stamp data messages mean now.
 */
static uint64_t
ngx_video_segmenter_event_time(ngx_video_segmenter_t *sg, uint32_t ts)
{
    int32_t  step;
    int64_t  ms;

    step = (int32_t) (ts - (uint32_t) (sg->clock.newest - sg->clock.offset));

    if (step < -NGX_VIDEO_MAX_AHEAD || step > NGX_VIDEO_MAX_AHEAD) {
        step = 0;
    }

    ms = sg->clock.newest + step - sg->base;

    return (uint64_t) ngx_max(ms + (int64_t) sg->time.begin, 0);
}


/* The clock of a media time, as that of segments which begin now is. */
static int64_t
ngx_video_segmenter_event_wall(ngx_video_segmenter_t *sg, uint64_t time)
{
    ngx_uint_t  i;

    for (i = 0; i < sg->nlanes; i++) {
        if (sg->lanes[i].known) {
            return sg->lanes[i].writer.wall + (int64_t) time;
        }
    }

    return (int64_t) ngx_video_now();
}


/* Into the next part of all video, or of all audio where there is none. */
static ngx_int_t
ngx_video_segmenter_event_inside(ngx_video_segmenter_t *sg, uint64_t time,
    ngx_video_event_t *event)
{
    ngx_int_t          rc;
    ngx_uint_t         i;
    nvm_emsg_t         e;
    nvm_kind_e         kind;
    ngx_video_lane_t  *lane;

    sg->event = ngx_max(sg->event + 1, (uint32_t) ngx_video_now());
    kind = sg->lead ? NVM_VIDEO : NVM_AUDIO;
    rc = NGX_OK;

    e.scheme = event->scheme;
    e.time = time;
    e.duration = event->duration >= NVM_EMSG_UNKNOWN
                 ? NVM_EMSG_UNKNOWN : (uint32_t) event->duration;
    e.id = sg->event;
    e.data = event->data;
    e.size = event->size;

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];

        /* of a rung that is not there it would wait for ever */
        if (lane->known && lane->kind == kind
            && (!lane->made || lane->writer.open)
            && ngx_video_track_writer_event(&lane->writer, &e) != NGX_OK)
        {
            rc = NGX_DECLINED;
        }
    }

    return rc;
}


ngx_int_t
ngx_video_segmenter_event(ngx_video_segmenter_t *sg, ngx_video_event_t *event)
{
    uint64_t                 time;
    ngx_uint_t               i;
    ngx_video_live_event_t  *e;

    if (!sg->ready) {
        return NGX_DECLINED;
    }

    time = ngx_video_segmenter_event_time(sg, event->ts);

    for (i = 0; i < event->nlisted; i++) {
        e = &event->listed[i];
        e->time = time;
        e->wall = ngx_video_segmenter_event_wall(sg, time);
        e->added = (int64_t) ngx_video_now();

        if (ngx_video_live_event(sg->store, sg->live, e) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return ngx_video_segmenter_event_inside(sg, time, event);
}
