/*
 * Copyright (C) ngx_video authors
 *
 * The live segmenter: see ngx_video_segmenter.h.
 *
 * Video leads: a segment begins at the first key frame after the shortest
 * duration, or after as many frames as usual, and audio follows at its first
 * frame after that time.  Without video, audio is cut by the clock.
 */

#include "ngx_video_segmenter.h"
#include "nvm_aac.h"
#include "nvm_h264.h"


#define NGX_VIDEO_TIMESCALE       90000

/* bit/s, when the publisher announces none, until a segment is measured */
#define NGX_VIDEO_GUESS_VIDEO     4000000
#define NGX_VIDEO_GUESS_AUDIO     160000

/* a segment without a key frame is cut after so many of the shortest ones */
#define NGX_VIDEO_MAX_STRETCH     10


static ngx_int_t ngx_video_segmenter_fail(ngx_video_segmenter_t *sg,
    const char *error);
static ngx_int_t ngx_video_segmenter_full(ngx_video_segmenter_t *sg);
static ngx_int_t ngx_video_segmenter_clock(ngx_video_segmenter_t *sg,
    ngx_uint_t kind, uint32_t ts, int64_t *ms);
static ngx_int_t ngx_video_segmenter_ready(ngx_video_segmenter_t *sg,
    int64_t ms, ngx_uint_t key);
static ngx_int_t ngx_video_segmenter_start(ngx_video_segmenter_t *sg,
    int64_t ms);
static ngx_int_t ngx_video_segmenter_release(ngx_video_segmenter_t *sg);


ngx_int_t
ngx_video_segmenter_init(ngx_video_segmenter_t *sg, ngx_video_store_t *st,
    ngx_video_live_conf_t *conf, ngx_log_t *log)
{
    ngx_int_t  rc;

    ngx_memzero(sg, sizeof(ngx_video_segmenter_t));

    sg->store = st;
    sg->conf = *conf;
    sg->log = log;
    ngx_video_frame_queue_init(&sg->held);

    rc = ngx_video_live_publish(st, conf, &sg->live);
    sg->published = (rc == NGX_OK);

    return rc;
}


void
ngx_video_segmenter_done(ngx_video_segmenter_t *sg, ngx_uint_t clean)
{
    if (!sg->published) {
        return;
    }

    sg->published = 0;

    if (sg->ready && clean) {
        ngx_video_cuts_forget(&sg->cuts);
        (void) ngx_video_segmenter_release(sg);
        (void) ngx_video_track_writer_close(&sg->video);
        (void) ngx_video_track_writer_close(&sg->audio);
    }

    ngx_video_live_end(sg->store, sg->live, clean);

    ngx_video_frame_queue_done(&sg->held);
    ngx_video_track_writer_done(&sg->video);
    ngx_video_track_writer_done(&sg->audio);
}


static ngx_int_t
ngx_video_segmenter_fail(ngx_video_segmenter_t *sg, const char *error)
{
    sg->error = error;

    return NGX_ERROR;
}


/* The zone has no memory for what the stream needs, or it is not ours. */
static ngx_int_t
ngx_video_segmenter_full(ngx_video_segmenter_t *sg)
{
    sg->level = NGX_LOG_CRIT;

    return ngx_video_segmenter_fail(sg, "the zone is full");
}


ngx_int_t
ngx_video_segmenter_header(ngx_video_segmenter_t *sg, ngx_uint_t kind,
    const u_char *data, size_t size)
{
    nvm_err_e                  err;
    nvm_avcc_t                 avcc;
    nvm_fault_t                fault;
    nvm_track_t                track, *t;
    ngx_video_track_writer_t  *tw;

    ngx_memzero(&fault, sizeof(nvm_fault_t));
    ngx_memzero(&track, sizeof(nvm_track_t));

    if (kind == NVM_VIDEO) {
        err = nvm_avcc_parse(data, size, &avcc, &fault);
        err = err ? err : nvm_h264_track(&track, data, size, &fault);

    } else {
        err = nvm_aac_track(&track, data, size, &fault);
    }

    if (err) {
        return ngx_video_segmenter_fail(sg, fault.what ? fault.what
                                                       : nvm_strerror(err));
    }

    tw = kind == NVM_VIDEO ? &sg->video : &sg->audio;
    t = &tw->track;

    if (sg->ready && !(kind == NVM_VIDEO ? sg->have_video : sg->have_audio)) {
        ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                      "stream \"%V\": %s came too late and is left out",
                      &sg->conf.name, kind == NVM_VIDEO ? "video" : "audio");
        sg->late[kind] = 1;
        return NGX_OK;
    }

    if (sg->ready) {

        if (t->config_len == track.config_len
            && ngx_memcmp(t->config, track.config, track.config_len) == 0)
        {
            return NGX_OK;
        }

        return ngx_video_segmenter_fail(sg, "codec parameters changed "
                                        "in mid-stream");
    }

    *t = track;
    t->id = kind + 1;
    ngx_memcpy(t->lang, "und", 4);

    if (kind == NVM_VIDEO) {
        t->timescale = NGX_VIDEO_TIMESCALE;
        sg->nal_length = avcc.nal_length_size;
        sg->have_video = 1;

    } else {
        sg->have_audio = 1;
    }

    return NGX_OK;
}


/*
 * 32-bit milliseconds to an endless clock.  Small steps back are what
 * interleaving and rounding make; large ones in either direction mean that
 * the clock can't be believed.
 */
static ngx_int_t
ngx_video_segmenter_clock(ngx_video_segmenter_t *sg, ngx_uint_t kind,
    uint32_t ts, int64_t *ms)
{
    int64_t   now, *clock;
    int32_t   step;

    clock = &sg->clock[kind];

    if (!sg->clocked) {
        sg->clocked = 1;
        sg->first = ts;
        sg->clock[NVM_VIDEO] = ts;
        sg->clock[NVM_AUDIO] = ts;
    }

    /* modulo 2^32, signed: RTMP 1.0, 5.3 (RFC 1982 arithmetic) */
    step = (int32_t) (ts - (uint32_t) *clock);
    now = *clock + step;

    if (step < -NGX_VIDEO_MAX_BACK) {
        return ngx_video_segmenter_fail(sg, "timestamp goes backwards");
    }

    /* of the newest of all tracks: one may have started late */
    if (now > ngx_max(sg->clock[NVM_VIDEO], sg->clock[NVM_AUDIO])
              + NGX_VIDEO_MAX_AHEAD)
    {
        return ngx_video_segmenter_fail(sg, "timestamp jumps ahead");
    }

    *clock = ngx_max(*clock, now);
    *ms = now;

    return NGX_OK;
}


/*
 * Whether the stream can start with the frame at hand: with both tracks, or
 * with one when the other was announced to be absent or did not come in time.
 * Video starts with a key frame.
 */
static ngx_int_t
ngx_video_segmenter_ready(ngx_video_segmenter_t *sg, int64_t ms,
    ngx_uint_t key)
{
    ngx_uint_t  late;

    if (sg->ready) {
        return NGX_OK;
    }

    late = ms - sg->first > NGX_VIDEO_TRACK_WAIT;

    if (sg->have_video) {
        if (!key || (!sg->have_audio && !sg->no_audio && !late)) {
            return NGX_AGAIN;
        }

    } else if (!sg->have_audio || (!sg->no_video && !late)) {
        return NGX_AGAIN;
    }

    return ngx_video_segmenter_start(sg, ms);
}


/* The frame rate, from the codec or as announced: parts of whole frames. */
static void
ngx_video_segmenter_frame_rate(ngx_video_segmenter_t *sg)
{
    uint64_t                   n, part;
    nvm_track_t               *t;
    ngx_video_track_writer_t  *tw;

    tw = &sg->video;
    t = &tw->track;

    if (t->fps_num == 0 || t->fps_den == 0
        || t->fps_num / t->fps_den > 300)
    {
        t->fps_num = 0;
        t->fps_den = 1;

        if (sg->framerate >= 1 && sg->framerate <= 300) {
            t->fps_num = (uint32_t) (sg->framerate * 1000 + 0.5);
            t->fps_den = 1000;
        }
    }

    tw->frame = NGX_VIDEO_TIMESCALE / 30;
    part = (uint64_t) sg->conf.part * NGX_VIDEO_TIMESCALE / 1000;

    if (t->fps_num) {
        tw->frame = (uint32_t) ((uint64_t) NGX_VIDEO_TIMESCALE * t->fps_den
                                / t->fps_num);
        tw->frame = ngx_max(tw->frame, 1);

        n = (part + tw->frame / 50) / tw->frame;
        n = ngx_max(n, 1);
        part = n * NGX_VIDEO_TIMESCALE * t->fps_den / t->fps_num;
    }

    tw->part = (uint32_t) part;
    tw->part_target = tw->part;
}


/* Audio takes video's parts: PART-TARGET is the most frames one can have. */
static void
ngx_video_segmenter_audio_parts(ngx_video_segmenter_t *sg)
{
    uint64_t                   part;
    ngx_video_track_writer_t  *tw;

    tw = &sg->audio;
    tw->frame = NVM_AAC_FRAME;

    part = (uint64_t) sg->conf.part * tw->track.timescale / 1000;

    if (sg->have_video) {
        /* rounded up: rounded down the last would leave a rest at times */
        part = ((uint64_t) sg->video.part * tw->track.timescale
                + NGX_VIDEO_TIMESCALE - 1)
               / NGX_VIDEO_TIMESCALE;
    }

    tw->part = (uint32_t) ngx_max(part, tw->frame);
    tw->part_target = (tw->part + tw->frame - 1) / tw->frame * tw->frame;
}


/* An announced rate is an average: segments may be somewhat above it. */
static void
ngx_video_segmenter_rate(ngx_video_track_writer_t *tw, uint32_t rate,
    uint32_t guess)
{
    tw->measured = (rate != 0);
    rate = rate ? rate : guess;

    tw->track.bandwidth = rate + rate / 4;
    tw->track.avg_bandwidth = rate;
}


static ngx_int_t
ngx_video_segmenter_start(ngx_video_segmenter_t *sg, int64_t ms)
{
    uint64_t  msn;

    sg->base = ms;
    sg->wall = (int64_t) ngx_video_now();
    msn = ngx_video_live_first_msn(sg->store, sg->live);

    if (sg->have_video) {
        ngx_video_segmenter_frame_rate(sg);
        ngx_video_cuts_init(&sg->cuts,
                      (uint64_t) sg->conf.segment * NGX_VIDEO_TIMESCALE / 1000,
                      sg->video.part / 2);

        ngx_video_segmenter_rate(&sg->video, sg->rate[NVM_VIDEO],
                                 NGX_VIDEO_GUESS_VIDEO);
        sg->video.msn = msn;

        if (ngx_video_track_writer_init(&sg->video, sg->store, sg->live,
                                        sg->log)
            != NGX_OK)
        {
            return ngx_video_segmenter_full(sg);
        }
    }

    if (sg->have_audio) {
        ngx_video_segmenter_rate(&sg->audio, sg->rate[NVM_AUDIO],
                                 NGX_VIDEO_GUESS_AUDIO);
        ngx_video_segmenter_audio_parts(sg);
        sg->audio.msn = msn;

        if (ngx_video_track_writer_init(&sg->audio, sg->store, sg->live,
                                        sg->log)
            != NGX_OK)
        {
            return ngx_video_segmenter_full(sg);
        }
    }

    sg->ready = 1;
    ngx_video_live_ready(sg->store, sg->live);

    ngx_log_error(NGX_LOG_NOTICE, sg->log, 0,
                  "stream \"%V\" is live: %s%s%s", &sg->conf.name,
                  sg->have_video ? sg->video.track.codecs : "",
                  sg->have_video && sg->have_audio ? "," : "",
                  sg->have_audio ? sg->audio.track.codecs : "");

    return NGX_OK;
}


static int64_t
ngx_video_segmenter_wall(ngx_video_segmenter_t *sg, nvm_track_t *t,
    uint64_t ticks)
{
    return sg->wall + nvm_rescale((int64_t) ticks, 1000, t->timescale);
}


/* Whether the frame at hand begins a segment. */
static ngx_uint_t
ngx_video_segmenter_cut(ngx_video_segmenter_t *sg,
    ngx_video_track_writer_t *tw, uint64_t out, ngx_uint_t key)
{
    uint64_t  len, shortest;

    if (!tw->open) {
        return 1;
    }

    shortest = (uint64_t) sg->conf.segment * tw->track.timescale / 1000;
    len = out - tw->segment_start;

    if (key && len + tw->frame / 2 >= shortest) {
        return 1;
    }

    if (tw->track.kind == NVM_AUDIO || len < shortest + tw->frame) {
        return 0;
    }

    if (!sg->warned) {
        sg->warned = 1;
        ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                      "stream \"%V\": key frames are farther apart than "
                      "video_segment %Mms, segments are longer",
                      &sg->conf.name, sg->conf.segment);
    }

    return len >= shortest * NGX_VIDEO_MAX_STRETCH;
}


static ngx_int_t
ngx_video_segmenter_write(ngx_video_segmenter_t *sg,
    ngx_video_track_writer_t *tw, ngx_video_frame_t *f)
{
    if (ngx_video_load(&sg->store->head->superseded)) {
        sg->level = NGX_LOG_NOTICE;
        return ngx_video_segmenter_fail(sg, "zone was replaced");
    }

    if (ngx_video_track_writer_frame(tw, f) != NGX_OK) {
        return ngx_video_segmenter_full(sg);
    }

    sg->frames++;
    __atomic_fetch_add(&sg->store->lives[sg->live].bytes, f->size,
                       __ATOMIC_RELAXED);

    return NGX_OK;
}


ngx_int_t
ngx_video_segmenter_video(ngx_video_segmenter_t *sg, uint32_t ts, int32_t cts,
    const u_char *data, size_t size)
{
    int64_t                    ms;
    uint64_t                   out;
    ngx_int_t                  rc;
    nvm_fault_t                fault;
    nvm_h264_au_t              au;
    ngx_video_frame_t          f;
    ngx_video_track_writer_t  *tw;

    tw = &sg->video;

    if (!sg->have_video) {
        return sg->late[NVM_VIDEO] ? NGX_OK
               : ngx_video_segmenter_fail(sg, "video without codec header");
    }

    ngx_memzero(&fault, sizeof(nvm_fault_t));

    if (nvm_h264_scan(data, size, sg->nal_length, &au, &fault) != NVM_OK) {
        return ngx_video_segmenter_fail(sg, "malformed video frame");
    }

    if (ngx_video_segmenter_clock(sg, NVM_VIDEO, ts, &ms) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_video_segmenter_ready(sg, ms, au.has_idr);

    if (cts < -NGX_VIDEO_MAX_AHEAD || cts > NGX_VIDEO_MAX_AHEAD) {
        return ngx_video_segmenter_fail(sg, "composition time out of range");
    }

    if (rc != NGX_OK || ms < sg->base) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    f.dts = (uint64_t) (ms - sg->base) * (NGX_VIDEO_TIMESCALE / 1000);
    f.cts = cts * (NGX_VIDEO_TIMESCALE / 1000);
    f.data = data;
    f.size = size;
    f.key = au.has_idr;

    out = ngx_video_track_writer_dts(tw, f.dts);

    if ((f.key && ngx_video_cuts_due(&sg->cuts, out, tw->frame))
        || ngx_video_segmenter_cut(sg, tw, out, f.key))
    {
        ngx_video_cuts_make(&sg->cuts, out);

        if (ngx_video_track_writer_segment(tw, out,
                          ngx_video_segmenter_wall(sg, &tw->track, out), f.key)
            != NGX_OK)
        {
            return ngx_video_segmenter_full(sg);
        }

    } else {
        ngx_video_cuts_pass(&sg->cuts, out,
                            f.dts > tw->last_in + tw->frame * 7 / 4);
    }

    f.last = ngx_video_cuts_due(&sg->cuts, out + tw->frame, tw->frame);

    if (ngx_video_segmenter_write(sg, tw, &f) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_video_segmenter_release(sg);
}


/*
 * Whether audio's open segment ends at "ticks", or did before: at the next cut
 * that video has made, or else is expected to make.
 */
static ngx_uint_t
ngx_video_segmenter_audio_ends(ngx_video_segmenter_t *sg, uint64_t ticks)
{
    uint64_t                   at;
    ngx_video_track_writer_t  *tw;

    tw = &sg->audio;

    if (!sg->have_video) {
        return ngx_video_segmenter_cut(sg, tw, ticks, 1);
    }

    at = ngx_video_cuts_at(&sg->cuts, sg->audio_cut);

    return at != NGX_VIDEO_NEVER
           && ticks * NGX_VIDEO_TIMESCALE >= at * tw->track.timescale;
}


/* Whether audio at "out" begins a segment. */
static ngx_uint_t
ngx_video_segmenter_audio_cut(ngx_video_segmenter_t *sg, uint64_t out)
{
    uint64_t                   at;
    ngx_uint_t                 cut;
    ngx_video_track_writer_t  *tw;

    tw = &sg->audio;

    if (!sg->have_video) {
        cut = ngx_video_segmenter_cut(sg, tw, out, 1);
        tw->grid = cut ? out : tw->grid;
        return cut;
    }

    cut = 0;
    sg->audio_cut = ngx_max(sg->audio_cut, ngx_video_cuts_oldest(&sg->cuts));

    while (sg->audio_cut < sg->cuts.n
           && ngx_video_segmenter_audio_ends(sg, out))
    {
        at = ngx_video_cuts_at(&sg->cuts, sg->audio_cut++);
        tw->grid = at * tw->track.timescale / NGX_VIDEO_TIMESCALE;
        cut = 1;
    }

    return cut || !tw->open;
}


/* Writes a frame of audio; what segment it is of is known. */
static ngx_int_t
ngx_video_segmenter_audio_frame(ngx_video_segmenter_t *sg,
    ngx_video_frame_t *f)
{
    uint64_t                   out;
    ngx_video_track_writer_t  *tw;

    tw = &sg->audio;

    if (ngx_video_track_writer_surplus(tw, f->dts)) {

        if (!sg->warned_surplus) {
            sg->warned_surplus = 1;
            ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                          "stream \"%V\": more audio than time, frames are "
                          "left out", &sg->conf.name);
        }

        return NGX_OK;
    }

    out = ngx_video_track_writer_dts(tw, f->dts);

    if (ngx_video_segmenter_audio_cut(sg, out)
        && ngx_video_track_writer_segment(tw, out,
                         ngx_video_segmenter_wall(sg, &tw->track, out), 1)
           != NGX_OK)
    {
        return ngx_video_segmenter_full(sg);
    }

    f->last = ngx_video_segmenter_audio_ends(sg, out + tw->frame);

    return ngx_video_segmenter_write(sg, tw, f);
}


/* Whether a frame of audio lies past a cut that video is yet to make. */
static ngx_uint_t
ngx_video_segmenter_early(ngx_video_segmenter_t *sg, ngx_video_frame_t *f)
{
    return sg->have_video && sg->audio_cut == sg->cuts.n
           && ngx_video_segmenter_audio_ends(sg,
                               ngx_video_track_writer_dts(&sg->audio, f->dts));
}


/* Writes what audio waits no longer for video. */
static ngx_int_t
ngx_video_segmenter_release(ngx_video_segmenter_t *sg)
{
    ngx_int_t           rc;
    ngx_video_frame_t  *f;

    for ( ;; ) {
        f = ngx_video_frame_queue_head(&sg->held);

        if (f == NULL || ngx_video_segmenter_early(sg, f)) {
            return NGX_OK;
        }

        rc = ngx_video_segmenter_audio_frame(sg, f);
        ngx_video_frame_queue_pop(&sg->held);

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/*
 * Keeps a frame until video makes its cut.  When that takes too long the
 * segment goes on without one.
 */
static ngx_int_t
ngx_video_segmenter_hold(ngx_video_segmenter_t *sg, ngx_video_frame_t *f)
{
    uint64_t            wait;
    ngx_int_t           rc;
    ngx_video_frame_t  *first;

    first = ngx_video_frame_queue_head(&sg->held);
    wait = (uint64_t) sg->audio.track.timescale * NGX_VIDEO_AUDIO_WAIT / 1000;
    rc = NGX_DECLINED;

    if (first == NULL || f->dts <= first->dts + wait) {
        rc = ngx_video_frame_queue_push(&sg->held, f, sg->log);
    }

    if (rc == NGX_ERROR) {
        return ngx_video_segmenter_full(sg);
    }

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    ngx_video_cuts_forget(&sg->cuts);

    if (ngx_video_segmenter_release(sg) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_video_segmenter_audio_frame(sg, f);
}


ngx_int_t
ngx_video_segmenter_audio(ngx_video_segmenter_t *sg, uint32_t ts,
    const u_char *data, size_t size)
{
    int64_t                    ms;
    ngx_int_t                  rc;
    ngx_video_frame_t          f;
    ngx_video_track_writer_t  *tw;

    tw = &sg->audio;

    if (!sg->have_audio) {
        return sg->late[NVM_AUDIO] ? NGX_OK
               : ngx_video_segmenter_fail(sg, "audio without codec header");
    }

    if (ngx_video_segmenter_clock(sg, NVM_AUDIO, ts, &ms) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = sg->have_video && !sg->ready
         ? NGX_AGAIN : ngx_video_segmenter_ready(sg, ms, 1);

    if (rc != NGX_OK || ms < sg->base) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    f.dts = (uint64_t) nvm_rescale(ms - sg->base, tw->track.timescale, 1000);
    f.cts = 0;
    f.data = data;
    f.size = size;
    f.key = 1;

    if (sg->held.nframes || ngx_video_segmenter_early(sg, &f)) {
        return ngx_video_segmenter_hold(sg, &f);
    }

    return ngx_video_segmenter_audio_frame(sg, &f);
}
