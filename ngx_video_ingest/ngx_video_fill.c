/*
 * Copyright (C) ngx_video authors
 *
 * Sound that is missing is silence: of an encoder whose microphone is off, or
 * of a publisher that is back without its sound.  Players have one buffer for
 * pictures and one for sound, and show nothing where either is empty.
 *
 * It is missing when no frame of it has come while the leader had media for so
 * long: by when frames come, not by their timestamps, because there are
 * encoders whose sound is always behind.  From then on silence keeps up with
 * the leader, frame by frame, until there is sound again.  What of that lies
 * in time that has become silence is left out: it has been told; and the next
 * time it is waited for longer, by as much as it was late.
 */

#include "ngx_video_segmenter.h"


ngx_uint_t
ngx_video_fill_lane(ngx_video_segmenter_t *sg, ngx_uint_t n)
{
    u_char             frame[NVM_SILENCE_FRAME];
    uint32_t           duration;
    ngx_uint_t         i;
    nvm_track_t        sound;
    ngx_video_lane_t  *lane;

    if (sg->conf.fill == 0 || sg->lead == NULL
        || sg->nlanes == NGX_VIDEO_LIVE_TRACKS)
    {
        return 0;
    }

    for (i = 0; i < sg->nlanes; i++) {
        if (sg->lanes[i].kind == NVM_AUDIO && !sg->lanes[i].made) {
            return 0;
        }
    }

    if (ngx_video_live_sound(sg->store, sg->live, n, &sound) != NGX_OK
        || nvm_silence_frame(&sound, frame, &duration) == 0)
    {
        return 0;
    }

    lane = ngx_video_segmenter_add(sg, NVM_AUDIO, sound.codec, 0);
    lane->writer.track = sound;
    lane->known = 1;

    return 1;
}


void
ngx_video_fill_start(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    ngx_video_fill_t  *fill;

    fill = &lane->fill;
    ngx_memzero(fill, sizeof(ngx_video_fill_t));
    fill->heard = NGX_VIDEO_NEVER;
    fill->wait = sg->conf.fill;

    if (sg->conf.fill && sg->lead) {
        fill->len = nvm_silence_frame(&lane->writer.track, fill->frame,
                                      &fill->duration);
    }
}


/* Where silence begins: where the sound ends, or with the run. */
static void
ngx_video_fill_begin(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    u_char                     name[NGX_VIDEO_LANE_NAME];
    ngx_video_fill_t          *fill;
    ngx_video_track_writer_t  *tw;

    fill = &lane->fill;
    tw = &lane->writer;

    fill->on = 1;
    fill->end = tw->started ? tw->next
                : (uint64_t) nvm_rescale((int64_t) sg->time.begin,
                                         tw->track.timescale, 1000);

    /* it may come and go as often as a publisher likes */

    if (!sg->warned_silence) {
        sg->warned_silence = 1;
        ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                      "stream \"%V\": %s is missing, there is silence until "
                      "it comes", &sg->conf.name,
                      ngx_video_segmenter_name(sg, lane, name));
    }
}


/*
 * Where silence that is to go up to "ticks" begins: later than it could, if that
 * would be too much at once.
 */
static void
ngx_video_fill_skip(ngx_video_lane_t *lane, uint64_t ticks)
{
    uint64_t  most;

    most = (uint64_t) lane->writer.track.timescale * NGX_VIDEO_FILL_AT_ONCE
           / 1000;

    if (ticks > lane->fill.end + most) {
        lane->fill.end = ticks - most;
    }
}


/* Whether a publisher may have more of it: no faster than time, for long. */
static ngx_uint_t
ngx_video_fill_may(ngx_video_segmenter_t *sg)
{
    return sg->silence < NGX_VIDEO_FILL_AHEAD
                         + (uint64_t) (ngx_current_msec - sg->began);
}


/* Silence up to "ticks", but not beyond. */
static ngx_int_t
ngx_video_fill_to(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint64_t ticks)
{
    uint64_t            from;
    ngx_video_fill_t   *fill;
    ngx_video_frame_t   f;

    fill = &lane->fill;

    ngx_memzero(&f, sizeof(ngx_video_frame_t));
    f.data = fill->frame;
    f.size = fill->len;
    f.duration = fill->duration;
    f.arrived = ngx_video_now();
    f.key = 1;

    if (!ngx_video_fill_may(sg)) {
        return NGX_OK;
    }

    ngx_video_fill_skip(lane, ticks);
    from = fill->end;

    for ( /* void */ ; fill->end + fill->duration <= ticks;
          fill->end += fill->duration)
    {
        f.dts = fill->end;
        f.last = 0;

        if (ngx_video_lane_frame(sg, lane, &f) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_video_segmenter_feed(sg, lane,
                                 nvm_rescale((int64_t) f.dts, 1000,
                                             lane->writer.track.timescale)
                                 - (int64_t) sg->time.begin + sg->base, &f);
        ngx_video_live_stat_silent(sg->stat);
    }

    sg->silence += (fill->end - from) * 1000 / lane->writer.track.timescale;

    return NGX_OK;
}


ngx_int_t
ngx_video_fill(ngx_video_segmenter_t *sg, uint64_t dts)
{
    uint64_t           wait;
    ngx_uint_t         i;
    ngx_video_lane_t  *lane;
    ngx_video_fill_t  *fill;

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];
        fill = &lane->fill;

        if (fill->len == 0 || !lane->known || lane->late) {
            continue;
        }

        if (fill->heard == NGX_VIDEO_NEVER) {
            fill->heard = dts;
        }

        if (!fill->on) {
            wait = (uint64_t) fill->wait * (NGX_VIDEO_TIMESCALE / 1000);

            if (dts < fill->heard + wait || lane->held.nframes) {
                continue;
            }

            ngx_video_fill_begin(sg, lane);
        }

        if (ngx_video_fill_to(sg, lane,
                              (uint64_t) nvm_rescale((int64_t) dts,
                                               lane->writer.track.timescale,
                                               NGX_VIDEO_TIMESCALE))
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Sound is back: silence ends where it begins, if that is ahead. */
static ngx_int_t
ngx_video_fill_done(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    lane->fill.on = 0;

    return ngx_video_fill_to(sg, lane, f->dts);
}


/* Sound that is late: how long it is waited for from now on. */
static void
ngx_video_fill_late(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    uint64_t  late;

    late = (lane->fill.end - f->dts) * 1000 / lane->writer.track.timescale;
    late = ngx_min(late, NGX_VIDEO_FILL_AT_ONCE) + sg->conf.fill;

    lane->fill.wait = (ngx_msec_t) ngx_max(late, lane->fill.wait);
}


ngx_int_t
ngx_video_fill_over(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    uint64_t           dts;
    ngx_video_fill_t  *fill;

    fill = &lane->fill;

    if (fill->len == 0 || sg->lead == NULL) {
        return NGX_OK;
    }

    /* it may be the leader that is missing */
    dts = (uint64_t) nvm_rescale((int64_t) f->dts, NGX_VIDEO_TIMESCALE,
                                 lane->writer.track.timescale);

    fill->heard = sg->lead->writer.started
                  ? ngx_max(sg->lead->writer.last_in, dts) : NGX_VIDEO_NEVER;

    if (fill->on && ngx_video_fill_done(sg, lane, f) != NGX_OK) {
        return NGX_ERROR;
    }

    if (f->dts + fill->duration / 2 < fill->end) {
        ngx_video_fill_late(sg, lane, f);
        return NGX_DECLINED;
    }

    fill->end = 0;

    return NGX_OK;
}
