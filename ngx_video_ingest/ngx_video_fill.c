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
 * in time that has become silence is left out: it has been told.
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
        if (sg->lanes[i].kind == NVM_AUDIO) {
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
    ngx_uint_t                 level;
    ngx_video_fill_t          *fill;
    ngx_video_track_writer_t  *tw;

    fill = &lane->fill;
    tw = &lane->writer;

    fill->on = 1;
    fill->end = tw->started ? tw->next
                : (uint64_t) nvm_rescale((int64_t) sg->time.begin,
                                         tw->track.timescale, 1000);
    fill->began = fill->end;

    /* it may come and go as often as a publisher likes */

    level = sg->warned_silence ? NGX_LOG_INFO : NGX_LOG_WARN;

    ngx_log_error(level, sg->log, 0,
                  "stream \"%V\": %s is missing, there is silence until it "
                  "comes", &sg->conf.name,
                  ngx_video_segmenter_name(sg, lane, name));

    sg->warned_silence = 1;
}


/* Silence up to "ticks", but not beyond. */
static ngx_int_t
ngx_video_fill_to(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint64_t ticks)
{
    ngx_video_fill_t   *fill;
    ngx_video_frame_t   f;

    fill = &lane->fill;

    ngx_memzero(&f, sizeof(ngx_video_frame_t));
    f.data = fill->frame;
    f.size = fill->len;
    f.duration = fill->duration;
    f.arrived = ngx_video_now();
    f.key = 1;

    for ( /* void */ ; fill->end + fill->duration <= ticks;
          fill->end += fill->duration)
    {
        f.dts = fill->end;
        f.last = 0;

        if (ngx_video_lane_frame(sg, lane, &f) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_video_live_stat_silent(sg->stat);
    }

    return NGX_OK;
}


ngx_int_t
ngx_video_fill(ngx_video_segmenter_t *sg, uint64_t dts)
{
    uint64_t           wait;
    ngx_uint_t         i;
    ngx_video_lane_t  *lane;
    ngx_video_fill_t  *fill;

    wait = (uint64_t) sg->conf.fill * (NGX_VIDEO_TIMESCALE / 1000);

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


ngx_uint_t
ngx_video_fill_over(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    u_char             name[NGX_VIDEO_LANE_NAME];
    uint64_t           dts;
    ngx_video_fill_t  *fill;

    fill = &lane->fill;

    if (fill->len == 0 || sg->lead == NULL) {
        return 0;
    }

    /* it may be the leader that is missing */
    dts = (uint64_t) nvm_rescale((int64_t) f->dts, NGX_VIDEO_TIMESCALE,
                                 lane->writer.track.timescale);

    fill->heard = sg->lead->writer.started
                  ? ngx_max(sg->lead->writer.last_in, dts) : NGX_VIDEO_NEVER;

    if (fill->on) {
        fill->on = 0;

        ngx_log_error(NGX_LOG_INFO, sg->log, 0,
                      "stream \"%V\": %s is back after %uL ms of silence",
                      &sg->conf.name,
                      ngx_video_segmenter_name(sg, lane, name),
                      (fill->end - fill->began) * 1000
                      / lane->writer.track.timescale);
    }

    if (f->dts + fill->duration / 2 < fill->end) {
        return 1;
    }

    fill->end = 0;

    return 0;
}
