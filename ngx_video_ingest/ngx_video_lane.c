/*
 * Copyright (C) ngx_video authors
 *
 * The frames of one track of a live stream: parts, and where segments begin.
 *
 * The track that leads begins one at the first key frame after the shortest
 * duration, or after as many frames as usual.  Audio follows at its first frame
 * after that time, other video at its key frame there.  Audio without video is
 * cut by the clock.  So that no segment grows without end a track that follows
 * begins one by itself when the leader is silent, or when it has no key frame
 * itself.
 */

#include "ngx_video_segmenter.h"


/* bit/s, when the publisher announces none, until a segment is measured */
#define NGX_VIDEO_GUESS_VIDEO     4000000
#define NGX_VIDEO_GUESS_AUDIO     160000

/* a segment without a key frame is cut after so many of the shortest ones */
#define NGX_VIDEO_MAX_STRETCH     10

/* parts of a segment, nearly all that there can be */
#define NGX_VIDEO_MANY_PARTS      (NGX_VIDEO_LIVE_PARTS - 64)


static ngx_int_t ngx_video_lane_release(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane);


/* The frame rate, from the codec or as announced: parts of whole frames. */
static void
ngx_video_lane_frame_rate(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane)
{
    uint64_t                   n, part;
    nvm_track_t               *t;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;
    t = &tw->track;

    /* any 32 bits of the publisher's; so far apart frames end the stream */
    if (t->fps_num == 0 || t->fps_den == 0
        || t->fps_num / t->fps_den > 300
        || t->fps_den / t->fps_num >= NGX_VIDEO_MAX_AHEAD / 1000)
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


/*
 * Audio takes video's parts: PART-TARGET is the most frames one can have.  The
 * frame at hand may be shorter than others: FLAC's last, or any of Opus.
 */
static void
ngx_video_lane_audio_parts(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    uint64_t                   part;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;
    tw->frame = ngx_max(tw->frame, nvm_frame_usual(&tw->track));

    part = (uint64_t) sg->conf.part * tw->track.timescale / 1000;

    if (sg->lead) {
        /* rounded up: rounded down the last would leave a rest at times */
        part = ((uint64_t) sg->lead->writer.part * tw->track.timescale
                + NGX_VIDEO_TIMESCALE - 1)
               / NGX_VIDEO_TIMESCALE;
    }

    tw->part = (uint32_t) ngx_max(part, tw->frame);
    tw->part_target = (tw->part + tw->frame - 1) / tw->frame * tw->frame;
}


/* An announced rate is an average: segments may be somewhat above it. */
static void
ngx_video_lane_rate(ngx_video_track_writer_t *tw, uint32_t rate,
    uint32_t guess)
{
    tw->measured = (rate != 0);
    rate = rate ? rate : guess;

    tw->track.bandwidth = rate + rate / 4;
    tw->track.avg_bandwidth = rate;
}


ngx_int_t
ngx_video_lane_start(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint64_t msn)
{
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;
    tw->msn = msn;
    tw->held = lane->made ? &sg->held_made : &sg->held;

    /* above all of the runs before: parts last longer than 10 ms */
    tw->sequence = (uint32_t) (sg->time.begin / 10);
    tw->wall = sg->time.wall + (int64_t) sg->time.start
               - (int64_t) sg->time.begin;

    if (lane->made && lane->kind == NVM_VIDEO) {
        ngx_video_lane_of_source(sg, lane);

    } else if (lane->made) {
        tw->frame = nvm_frame_usual(&tw->track);
        ngx_video_lane_audio_parts(sg, lane);

    } else if (lane->kind == NVM_VIDEO) {
        ngx_video_lane_frame_rate(sg, lane);

        if (lane == sg->lead) {
            ngx_video_cuts_init(&sg->cuts,
                      (uint64_t) sg->conf.segment * NGX_VIDEO_TIMESCALE / 1000,
                      tw->part / 2);
        }

    } else {
        ngx_video_fill_start(sg, lane);
        ngx_video_lane_audio_parts(sg, lane);
    }

    /* what is announced is of the only track of its kind */
    if (lane->made) {
        ngx_video_lane_rung_rate(lane);

    } else {
        ngx_video_lane_rate(tw, lane->id ? 0 : sg->rate[lane->kind],
                            lane->kind == NVM_VIDEO ? NGX_VIDEO_GUESS_VIDEO
                                                    : NGX_VIDEO_GUESS_AUDIO);
    }

    return lane->vacant
           ? ngx_video_track_writer_place(tw, sg->store, sg->live, sg->log)
           : ngx_video_track_writer_init(tw, sg->store, sg->live, sg->log);
}


/* Whether one of the tracks has had no media for so long, or never had. */
static ngx_uint_t
ngx_video_lane_silent(ngx_video_segmenter_t *sg, int64_t ms)
{
    ngx_uint_t         i;
    ngx_video_lane_t  *lane;

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];

        if (lane->known && !lane->late && !lane->made
            && (!lane->writer.open
                || (lane->clock.newest + NGX_VIDEO_SILENT < ms
                    && !lane->fill.on)))
        {
            return 1;
        }
    }

    return 0;
}


/*
 * Manifests are put right from here on, if they are off by too much.  Media
 * times stay what they are.  Not while a track is silent: players want all of
 * them in each period.
 */
static void
ngx_video_lane_step(ngx_video_segmenter_t *sg, int64_t ms)
{
    int64_t                 more;
    ngx_video_live_clock_t  clock;

    more = sg->strayed - sg->stepped;

    if ((more < NGX_VIDEO_STRAY && more > -NGX_VIDEO_STRAY)
        || ngx_video_lane_silent(sg, ms))
    {
        return;
    }

    clock = sg->time;
    clock.begin += (uint64_t) (ms - sg->base);
    clock.start += (uint64_t) (ms - sg->base + sg->strayed);

    sg->stepped = sg->strayed;
    ngx_video_live_step(sg->store, sg->live, &clock);

    ngx_log_debug2(NGX_LOG_DEBUG_STREAM, sg->log, 0,
                   "video clock: step of %L ms at %uL ms", more, clock.begin);
}


/*
 * A segment begins: what has been learned of the publisher's clock applies from
 * here on.  What is known before the first one is complete applies to that one
 * as well, and to when the run began.
 */
static void
ngx_video_lane_time(ngx_video_segmenter_t *sg, ngx_video_track_writer_t *tw,
    uint64_t out)
{
    int64_t     ms, shift, least;
    ngx_uint_t  i, first;

    first = !sg->wall.settled;
    ms = sg->base - (int64_t) sg->time.begin
         + nvm_rescale((int64_t) out, 1000, tw->track.timescale);

    least = sg->earliest ? (int64_t) sg->earliest - (int64_t) sg->time.start
                         : -NGX_VIDEO_MAX_AHEAD;
    shift = nvm_wall_correct(&sg->wall, ms, least);

    if (first) {
        sg->settled = ms;

    } else {
        ngx_video_live_stat_clock(sg->stat, shift, ms - sg->settled);
    }

    if (shift == 0) {
        return;
    }

    for (i = 0; i < sg->nlanes; i++) {
        sg->lanes[i].writer.wall += shift;
    }

    if (first) {
        if (sg->earliest) {
            sg->time.start += (uint64_t) shift;

        } else {
            sg->time.wall += shift;
        }

        ngx_video_live_shift(sg->store, sg->live, &sg->time, shift);
        return;
    }

    sg->strayed += shift;

    if (sg->lead == NULL || tw == &sg->lead->writer) {
        ngx_video_lane_step(sg, ms);
    }
}


ngx_int_t
ngx_video_lane_unwritten(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    return lane->writer.large
           ? ngx_video_segmenter_fail(sg, "too much in open parts")
           : ngx_video_segmenter_full(sg);
}


ngx_int_t
ngx_video_lane_segment(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint64_t out, ngx_uint_t independent)
{
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;

    if (tw->open) {
        ngx_video_lane_time(sg, tw, out);
    }

    if (lane == sg->lead && sg->changed
        && !ngx_video_lane_silent(sg, lane->clock.newest))
    {
        ngx_video_lane_period(sg, out);
    }

    return ngx_video_track_writer_segment(tw, out,
                                  tw->wall
                                  + nvm_rescale((int64_t) out, 1000,
                                                tw->track.timescale),
                                  independent)
           == NGX_OK ? NGX_OK : ngx_video_lane_unwritten(sg, lane);
}


/*
 * Whether the open segment is so many times as long as one that has no key
 * frame may be, if it ends at "out".
 */
static ngx_uint_t
ngx_video_lane_stretched(ngx_video_segmenter_t *sg,
    ngx_video_track_writer_t *tw, uint64_t out, ngx_uint_t times)
{
    uint64_t  longest;

    longest = (uint64_t) sg->conf.segment * NGX_VIDEO_MAX_STRETCH
              * tw->track.timescale / 1000;

    return out - tw->segment_start >= longest * times
           || tw->segment_parts >= NGX_VIDEO_MANY_PARTS;
}


/* Whether the frame at hand begins a segment of the leader, or by the clock. */
static ngx_uint_t
ngx_video_lane_cut(ngx_video_segmenter_t *sg,
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
        return ngx_video_lane_stretched(sg, tw, out, 1);
    }

    if (!sg->warned) {
        sg->warned = 1;
        ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                      "stream \"%V\": key frames are farther apart than "
                      "video_segment %Mms, segments are longer",
                      &sg->conf.name, sg->conf.segment);
    }

    return ngx_video_lane_stretched(sg, tw, out, 1);
}


ngx_int_t
ngx_video_lane_write(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    if (ngx_video_load(&sg->store->head->superseded)) {
        sg->level = NGX_LOG_NOTICE;
        return ngx_video_segmenter_fail(sg, "zone was replaced");
    }

    if (ngx_video_live_kicked(sg->store, sg->live)) {
        sg->level = NGX_LOG_NOTICE;
        sg->kicked = 1;
        return ngx_video_segmenter_fail(sg, "ended by video_control");
    }

    if (ngx_video_track_writer_frame(&lane->writer, f) != NGX_OK) {
        return ngx_video_lane_unwritten(sg, lane);
    }

    if (!lane->made) {
        sg->frames++;
        ngx_video_live_stat_taken(sg->stat, lane->kind, f->size);
        __atomic_fetch_add(&sg->store->lives[sg->live].bytes, f->size,
                           __ATOMIC_RELAXED);
    }

    ngx_video_live_stat_frame(sg->stat, lane->writer.number, lane->kind,
                              f->size,
                              nvm_rescale((int64_t) f->dts, 1000,
                                          lane->writer.track.timescale),
                              f->key, f->arrived);

    return NGX_OK;
}


/* A frame of the track that leads; then others may go on. */
static ngx_int_t
ngx_video_lane_lead(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    uint64_t                   out;
    ngx_uint_t                 i;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;
    out = ngx_video_track_writer_dts(tw, f->dts);

    if ((f->key && ngx_video_cuts_due(&sg->cuts, out, tw->frame))
        || ngx_video_lane_cut(sg, tw, out, f->key))
    {
        ngx_video_cuts_make(&sg->cuts, out);

        if (ngx_video_lane_segment(sg, lane, out, f->key) != NGX_OK
            || ngx_video_lane_rungs(sg) != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_video_segmenter_cut(sg, f);

    } else {
        ngx_video_cuts_pass(&sg->cuts, out,
                            f->dts > tw->last_in + tw->frame * 7 / 4);
    }

    f->last = ngx_video_cuts_due(&sg->cuts, out + tw->frame, tw->frame);

    if (ngx_video_lane_write(sg, lane, f) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < sg->nlanes; i++) {
        if (ngx_video_lane_release(sg, &sg->lanes[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_video_fill(sg, f->dts);
}


/*
 * Whether the open segment of a track that follows ends at "ticks", or did
 * before: at the next cut that the leader has made, or else is expected to
 * make.  Video ends where the picture is the leader's, which may be decoded
 * another time ahead, and may be off by half a frame.
 */
ngx_uint_t
ngx_video_lane_ends(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint64_t ticks)
{
    int64_t                    shift;
    uint64_t                   at;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;

    if (sg->lead == NULL) {
        return ngx_video_lane_cut(sg, tw, ticks, 1);
    }

    at = ngx_video_cuts_at(&sg->cuts, lane->cut);

    if (lane->kind == NVM_VIDEO) {
        shift = lane->cts - sg->lead->cts + tw->frame / 2;
        ticks = (uint64_t) ngx_max((int64_t) ticks + shift, 0);
    }

    return at != NGX_VIDEO_NEVER
           && ticks * NGX_VIDEO_TIMESCALE >= at * tw->track.timescale;
}


/* The key frames of a track are not where those of the leader are. */
static void
ngx_video_lane_unlike(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    if (!lane->warned) {
        lane->warned = 1;
        ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                      "stream \"%V\": video track %ui has no key frame where "
                      "the first one has, segments don't agree",
                      &sg->conf.name, lane->id);
    }
}


/*
 * Passes the cuts that the leader has made up to a key frame at "ticks"; how
 * many.  Nothing comes before the first, whatever rounding makes of the time.
 */
static ngx_uint_t
ngx_video_lane_pass(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint64_t ticks)
{
    uint64_t                   at;
    ngx_uint_t                 cuts;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;
    cuts = 0;
    lane->cut = ngx_max(lane->cut, ngx_video_cuts_oldest(&sg->cuts));

    while (lane->cut < sg->cuts.n
           && (lane->cut == 0 || ngx_video_lane_ends(sg, lane, ticks)))
    {
        at = ngx_video_cuts_at(&sg->cuts, lane->cut++);
        tw->grid = at * tw->track.timescale / NGX_VIDEO_TIMESCALE;
        cuts++;
    }

    return cuts;
}


/*
 * Whether a track that follows begins a segment by itself at "out": when the
 * leader has not come so far, or at last in any case.
 */
static ngx_uint_t
ngx_video_lane_alone(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint64_t out, ngx_uint_t key)
{
    uint64_t                   come;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;

    if (!tw->open || lane->made || !ngx_video_lane_stretched(sg, tw, out, 1)) {
        return 0;
    }

    come = sg->lead->writer.next
           + (uint64_t) NGX_VIDEO_TIMESCALE * NGX_VIDEO_CUT_WAIT / 1000;

    return (key && out * NGX_VIDEO_TIMESCALE > come * tw->track.timescale)
           || ngx_video_lane_stretched(sg, tw, out, 2);
}


/* Its numbers are not those of the leader any more. */
static void
ngx_video_lane_parted(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    u_char  name[NGX_VIDEO_LANE_NAME];

    if (!lane->alone) {
        lane->alone = 1;
        ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                      "stream \"%V\": %s goes on without the video that "
                      "leads, segment numbers may differ", &sg->conf.name,
                      ngx_video_segmenter_name(sg, lane, name));
    }
}


/* Whether a frame at "out" begins a segment of a track that follows. */
static ngx_uint_t
ngx_video_lane_follows(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint64_t out, ngx_uint_t key)
{
    ngx_uint_t                 cuts, alone;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;

    if (sg->lead == NULL) {
        cuts = ngx_video_lane_cut(sg, tw, out, 1);
        tw->grid = cuts ? out : tw->grid;
        return cuts;
    }

    alone = ngx_video_lane_alone(sg, lane, out, key);

    if (!key && !alone) {
        return 0;
    }

    cuts = ngx_video_lane_pass(sg, lane, out);

    if (alone && cuts == 0) {
        ngx_video_lane_parted(sg, lane);
        tw->grid = out;
        return 1;
    }

    if (cuts > 1 && tw->open && lane->kind == NVM_VIDEO) {
        ngx_video_lane_unlike(sg, lane);
    }

    return cuts || !tw->open;
}


/* Writes a frame of a track that follows; what segment it is of is known. */
static ngx_int_t
ngx_video_lane_next(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    uint64_t                   out;
    ngx_uint_t                 cuts;
    ngx_video_track_writer_t  *tw;

    tw = &lane->writer;

    if (!tw->open && !f->key) {
        ngx_video_live_stat_drop(sg->stat, NGX_VIDEO_DROP_START);
        return NGX_OK;
    }

    if (f->duration) {
        /* it may have waited, and another have come in the meantime */
        tw->frame = f->duration;

        /* what playlists have promised (RFC 8216bis, 4.4.3.7) */
        if (tw->frame > tw->part_target) {
            return ngx_video_segmenter_fail(sg, "audio frame is longer than "
                                            "the parts");
        }
    }

    if (lane->kind == NVM_AUDIO && ngx_video_track_writer_surplus(tw, f->dts))
    {
        if (!sg->warned_surplus) {
            sg->warned_surplus = 1;
            ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                          "stream \"%V\": more audio than time, frames are "
                          "left out", &sg->conf.name);
        }

        ngx_video_live_stat_drop(sg->stat, NGX_VIDEO_DROP_SURPLUS);
        return NGX_OK;
    }

    out = ngx_video_track_writer_dts(tw, f->dts);

    cuts = ngx_video_lane_follows(sg, lane, out, f->key);

    if (cuts && !tw->numbered && lane->cut && !sg->joined) {
        /*
         * Segments before its first frame are the leader's only.  In a run that
         * goes on numbers do, too: a playlist has no place for one that is
         * missing.
         */
        tw->msn += lane->cut - 1;
    }

    if (cuts && ngx_video_lane_segment(sg, lane, out, f->key) != NGX_OK) {
        return NGX_ERROR;
    }

    f->last = ngx_video_lane_ends(sg, lane, out + tw->frame)
              || (sg->lead && lane->kind == NVM_AUDIO
                  && ngx_video_lane_alone(sg, lane, out + tw->frame, 1));

    return ngx_video_lane_write(sg, lane, f);
}


/* Whether a frame lies past a cut that the leader is yet to make. */
static ngx_uint_t
ngx_video_lane_early(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    return sg->lead && f->key && lane->cut == sg->cuts.n
           && ngx_video_lane_ends(sg, lane,
                           ngx_video_track_writer_dts(&lane->writer, f->dts));
}


/* Writes what waits no longer for the leader. */
static ngx_int_t
ngx_video_lane_release(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    ngx_int_t           rc;
    ngx_video_frame_t  *f;

    for ( ;; ) {
        f = ngx_video_frame_queue_head(&lane->held);

        if (f == NULL || ngx_video_lane_early(sg, lane, f)) {
            return NGX_OK;
        }

        rc = ngx_video_lane_next(sg, lane, f);
        ngx_video_frame_queue_pop(&lane->held);

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/*
 * Keeps a frame until the leader makes its cut.  When that takes too long the
 * segment goes on without one.
 */
static ngx_int_t
ngx_video_lane_hold(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    uint64_t            wait;
    ngx_int_t           rc;
    ngx_video_frame_t  *first;

    first = ngx_video_frame_queue_head(&lane->held);
    wait = (uint64_t) lane->writer.track.timescale * NGX_VIDEO_CUT_WAIT / 1000;
    rc = NGX_DECLINED;

    if (first == NULL || f->dts <= first->dts + wait) {
        rc = ngx_video_frame_queue_push(&lane->held, f, sg->log);
    }

    if (rc == NGX_ERROR) {
        return ngx_video_segmenter_full(sg);
    }

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    ngx_video_cuts_forget(&sg->cuts);

    if (ngx_video_lane_release(sg, lane) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_video_lane_next(sg, lane, f);
}


ngx_int_t
ngx_video_lane_frame(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_frame_t *f)
{
    ngx_int_t  rc;

    if (f->key) {
        lane->cts = f->cts;
    }

    if (lane == sg->lead) {
        return ngx_video_lane_lead(sg, lane, f);
    }

    if (lane->made && lane->kind == NVM_VIDEO) {
        /* it comes after its source */
        return ngx_video_lane_rung(sg, lane, f);
    }

    if (lane->made) {
        rc = ngx_video_lane_rung_sound(sg, lane, f);

        if (rc != NGX_DONE) {
            return rc;
        }
    }

    if (!lane->writer.started && lane->held.nframes == 0 && f->key
        && !lane->made)
    {
        /* a cut that is yet to come is waited for by the first frame, too */
        (void) ngx_video_lane_pass(sg, lane, f->dts);
    }

    if (lane->held.nframes || ngx_video_lane_early(sg, lane, f)) {
        return ngx_video_lane_hold(sg, lane, f);
    }

    return ngx_video_lane_next(sg, lane, f);
}


void
ngx_video_lane_finish(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    (void) ngx_video_lane_release(sg, lane);
    (void) ngx_video_track_writer_close(&lane->writer);
}


void
ngx_video_lane_done(ngx_video_lane_t *lane)
{
    ngx_video_frame_queue_done(&lane->held);
    ngx_video_track_writer_done(&lane->writer);
}
