/*
 * Copyright (C) ngx_video authors
 *
 * The runs of a live stream: with which frame one starts and with which
 * tracks, what of the run before it goes on, and its last segments.
 */

#include "ngx_video_live_image.h"
#include "ngx_video_segmenter.h"


static void ngx_video_segmenter_stand_by(ngx_video_segmenter_t *sg);
static ngx_int_t ngx_video_segmenter_take_over(ngx_video_segmenter_t *sg);
static ngx_int_t ngx_video_segmenter_start(ngx_video_segmenter_t *sg,
    int64_t ms);


/* The known track of a kind that has the least number; made: of rungs. */
static ngx_video_lane_t *
ngx_video_segmenter_least(ngx_video_segmenter_t *sg, nvm_kind_e kind,
    ngx_uint_t made)
{
    ngx_uint_t         i;
    ngx_video_lane_t  *lane, *first;

    first = NULL;

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];

        if (lane->kind == kind && lane->known && lane->made == made
            && (first == NULL || lane->id < first->id))
        {
            first = lane;
        }
    }

    return first;
}


static ngx_video_lane_t *
ngx_video_segmenter_first(ngx_video_segmenter_t *sg, nvm_kind_e kind)
{
    return ngx_video_segmenter_least(sg, kind, 0);
}


/*
 * Whether a key frame of another track need not wait for one of this one, which
 * has the least number: when nothing comes of it, or what comes has none.  It
 * may be just behind: there is another one before that is said.
 */
static ngx_uint_t
ngx_video_segmenter_blocks(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    int64_t ms)
{
    if (!lane->clock.started
        || ms - lane->clock.newest > NGX_VIDEO_TRACK_WAIT)
    {
        return 1;
    }

    if (lane->keyed || !sg->passed) {
        sg->passed = 1;
        return 0;
    }

    return 1;
}


/* The track that will lead; with its next key frame video starts. */
static ngx_video_lane_t *
ngx_video_segmenter_leader(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    int64_t ms, ngx_uint_t key)
{
    ngx_video_lane_t  *first;

    first = ngx_video_segmenter_first(sg, NVM_VIDEO);

    if (!key || lane->kind != NVM_VIDEO
        || ms - sg->first <= NGX_VIDEO_TRACK_WAIT)
    {
        return first;
    }

    while (first != lane && ngx_video_segmenter_blocks(sg, first, ms)) {
        ngx_video_segmenter_late(sg, first);
        first = ngx_video_segmenter_first(sg, NVM_VIDEO);
    }

    return first;
}


/*
 * Whether sound begins without the video that was announced: no key frame of
 * any has ever come, for long.  It is left out until one does.
 */
static ngx_uint_t
ngx_video_segmenter_unseen(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    int64_t ms)
{
    ngx_uint_t  i;

    if (lane->kind != NVM_AUDIO || ms - sg->first <= NGX_VIDEO_KEY_WAIT) {
        return 0;
    }

    for (i = 0; i < sg->nlanes; i++) {
        if (sg->lanes[i].kind == NVM_VIDEO && sg->lanes[i].keyed) {
            return 0;
        }
    }

    for (i = 0; i < sg->nlanes; i++) {
        if (sg->lanes[i].kind == NVM_VIDEO && sg->lanes[i].known
            && !sg->lanes[i].made)
        {
            ngx_video_segmenter_late(sg, &sg->lanes[i]);
        }
    }

    return 1;
}


ngx_int_t
ngx_video_segmenter_ready(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    int64_t ms, ngx_uint_t key)
{
    ngx_uint_t         late;
    ngx_video_lane_t  *video, *audio;

    if (sg->ready) {
        return NGX_OK;
    }

    if (sg->standby) {
        ngx_video_segmenter_stand_by(sg);
    }

    video = ngx_video_segmenter_leader(sg, lane, ms, key);
    audio = ngx_video_segmenter_first(sg, NVM_AUDIO);
    late = ms - sg->first > NGX_VIDEO_TRACK_WAIT;

    if (video && ngx_video_segmenter_unseen(sg, lane, ms)) {
        video = NULL;
    }

    if (video) {
        if (lane != video || !key || (!audio && !sg->no_audio && !late)) {
            return NGX_AGAIN;
        }

    } else if (!audio || (!sg->no_video && !late)) {
        return NGX_AGAIN;
    }

    if (sg->standby) {
        return ngx_video_segmenter_take_over(sg) == NGX_OK ? NGX_DONE
                                                           : NGX_AGAIN;
    }

    return ngx_video_segmenter_waits(sg) ? NGX_BUSY
                                         : ngx_video_segmenter_start(sg, ms);
}


/* Who could take over says so, for when the publisher on air falls silent. */
static void
ngx_video_segmenter_stand_by(ngx_video_segmenter_t *sg)
{
    ngx_video_lane_t  *video;

    video = ngx_video_segmenter_first(sg, NVM_VIDEO);

    if ((video && !video->keyed)
        || (sg->said && ngx_current_msec - sg->said < NGX_VIDEO_STANDBY))
    {
        return;
    }

    sg->said = ngx_current_msec;
    ngx_video_live_stand_by(sg->store, &sg->conf.name);
}


/* Who stands by publishes the stream if it can: NGX_OK, NGX_AGAIN. */
static ngx_int_t
ngx_video_segmenter_take_over(ngx_video_segmenter_t *sg)
{
    /* each costs a walk over the streams of the zone; sound could start often */
    if (ngx_video_segmenter_first(sg, NVM_VIDEO) == NULL
        && ngx_current_msec - sg->tried < NGX_VIDEO_STANDBY)
    {
        return NGX_AGAIN;
    }

    sg->tried = ngx_current_msec;

    if (ngx_video_segmenter_publish(sg) != NGX_OK) {
        return NGX_AGAIN;
    }

    sg->standby = 0;

    ngx_log_error(NGX_LOG_NOTICE, sg->log, 0,
                  "stream \"%V\": the publisher that stood by takes over",
                  &sg->conf.name);

    return NGX_OK;
}


/*
 * Numbers the tracks that are known: of video first, in the order of the
 * publisher's numbers, with its rungs behind it, then of sound likewise.  Those
 * that are not are too late.
 */
static ngx_uint_t
ngx_video_segmenter_order(ngx_video_segmenter_t *sg, ngx_video_lane_t **lanes)
{
    ngx_uint_t         i, n;
    ngx_video_lane_t  *lane;

    for (n = 0; n < sg->nlanes; n++) {
        lane = ngx_video_segmenter_first(sg, NVM_VIDEO);

        if (lane == NULL && sg->lead) {
            lane = ngx_video_segmenter_least(sg, NVM_VIDEO, 1);
        }

        if (lane == NULL) {
            lane = ngx_video_segmenter_first(sg, NVM_AUDIO);
        }

        if (lane == NULL && sg->lead) {
            lane = ngx_video_segmenter_least(sg, NVM_AUDIO, 1);
        }

        if (lane == NULL) {
            break;
        }

        /* until all have their place */
        lane->known = 0;
        lane->writer.track.id = (uint32_t) n + 1;
        lanes[n] = lane;
    }

    for (i = 0; i < n; i++) {
        lanes[i]->known = 1;
    }

    for (i = 0; i < sg->nlanes; i++) {
        if (!sg->lanes[i].known && !sg->lanes[i].late) {
            ngx_video_segmenter_late(sg, &sg->lanes[i]);
        }
    }

    return n;
}


/*
 * When the run begins: where the media of the one before it end, if it goes on
 * from one.  By the clock that is now, or, when it is the same publisher's, as
 * much later as its timestamps are.
 */
static ngx_int_t
ngx_video_segmenter_join(ngx_video_segmenter_t *sg, ngx_video_lane_t **lanes,
    ngx_uint_t n, int64_t ms)
{
    uint8_t                 kinds[NGX_VIDEO_LIVE_TRACKS];
    int64_t                 now;
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_video_live_clock_t  time;

    for (i = 0; i < n; i++) {
        kinds[i] = lanes[i]->kind;
    }

    now = (int64_t) ngx_video_now();
    rc = ngx_video_live_join(sg->store, sg->live, kinds, n, &time);

    if (rc == NGX_OK && sg->renewed) {
        sg->time.start += (uint64_t) (ms - sg->base + sg->strayed);
        sg->time.begin += (uint64_t) (ms - sg->base);

        /* it is the clock of the run before */
        sg->wall.settled = 1;
        sg->settled = ms;

    } else if (rc == NGX_OK) {
        nvm_wall_init(&sg->wall, now, ms);
        sg->time = time;
        sg->earliest = time.start;

        if (now > time.wall + (int64_t) time.start) {
            sg->time.start = (uint64_t) (now - time.wall);
        }

    } else {
        nvm_wall_init(&sg->wall, now, ms);
        ngx_memzero(&sg->time, sizeof(ngx_video_live_clock_t));
        sg->time.wall = now;
    }

    sg->base = ms;
    sg->strayed = 0;
    sg->stepped = 0;
    ngx_video_live_clock(sg->store, sg->live, &sg->time);

    return rc;
}


/* "avc1.64001f,mp4a.40.2", for the log */
static void
ngx_video_segmenter_codecs(ngx_video_segmenter_t *sg, ngx_str_t *list)
{
    u_char            *p;
    ngx_uint_t         id, i;
    ngx_video_lane_t  *lane;

    p = list->data;

    for (id = 1; id <= sg->nlanes; id++) {
        for (i = 0; i < sg->nlanes; i++) {
            lane = &sg->lanes[i];

            if (lane->writer.track.id == id && !lane->vacant) {
                p = ngx_sprintf(p, "%s%s", id > 1 ? "," : "",
                                lane->writer.track.codecs);
            }
        }
    }

    list->len = p - list->data;
}


/* Before the run is shown: the run before it is one that goes on until then. */
static void
ngx_video_segmenter_record(ngx_video_segmenter_t *sg, ngx_video_lane_t **lanes,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    if (sg->record == NULL) {
        return;
    }

    sg->recorder = ngx_video_record_start(sg->record, sg->store, sg->live);

    for (i = 0; i < n; i++) {
        lanes[i]->writer.recorder = sg->recorder;
    }
}


static ngx_int_t
ngx_video_segmenter_start(ngx_video_segmenter_t *sg, int64_t ms)
{
    u_char             buf[NGX_VIDEO_LIVE_TRACKS * (NVM_CODECS_LEN + 1)];
    uint64_t           msn;
    ngx_int_t          joined;
    ngx_str_t          codecs;
    ngx_uint_t         i, n;
    ngx_video_lane_t  *lanes[NGX_VIDEO_LIVE_TRACKS];

    sg->lead = ngx_video_segmenter_first(sg, NVM_VIDEO);

    if (sg->lead) {
        ngx_video_segmenter_rungs_places(sg);
    }

    n = ngx_video_segmenter_order(sg, lanes);

    if (ngx_video_fill_lane(sg, n)) {
        ngx_video_segmenter_rungs_places(sg);
        n = ngx_video_segmenter_order(sg, lanes);
    }

    joined = ngx_video_segmenter_join(sg, lanes, n, ms);
    sg->joined = (joined == NGX_OK);
    msn = ngx_video_live_first_msn(sg->store, sg->live);

    for (i = 0; i < n; i++) {

        if (sg->joined) {
            msn = ngx_video_live_next_msn(sg->store, sg->live, i);
        }

        if (ngx_video_lane_start(sg, lanes[i], msn) != NGX_OK) {
            return ngx_video_segmenter_full(sg);
        }
    }

    ngx_video_segmenter_thumbs(sg);

    sg->ready = 1;
    ngx_video_live_stat_run(sg->stat);
    ngx_video_segmenter_record(sg, lanes, n);
    ngx_video_live_ready(sg->store, sg->live);

    codecs.data = buf;
    ngx_video_segmenter_codecs(sg, &codecs);

    ngx_log_error(NGX_LOG_NOTICE, sg->log, 0, "stream \"%V\" %s: %V",
                  &sg->conf.name, sg->joined ? "goes on" : "is live",
                  &codecs);

    return NGX_OK;
}


void
ngx_video_segmenter_finish(ngx_video_segmenter_t *sg)
{
    ngx_uint_t  i;

    if (!sg->ready) {
        return;
    }

    ngx_video_lane_rungs_end(sg);
    ngx_video_cuts_forget(&sg->cuts);

    for (i = 0; i < sg->nlanes; i++) {
        ngx_video_lane_finish(sg, &sg->lanes[i]);
        sg->lanes[i].writer.recorder = NULL;
    }

    ngx_video_live_images_end(sg->store, sg->live);

    if (sg->recorder) {
        ngx_video_record_finish(sg->recorder);
        sg->recorder = NULL;
    }
}


/* What the tracks had of a run that is over; what they are is known. */
static void
ngx_video_segmenter_forget(ngx_video_segmenter_t *sg)
{
    ngx_uint_t         i;
    nvm_track_t        track;
    ngx_video_lane_t  *lane;

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];
        track = lane->writer.track;

        ngx_video_lane_done(lane);
        ngx_memzero(&lane->writer, sizeof(ngx_video_track_writer_t));
        ngx_video_frame_queue_init(&lane->held);

        lane->writer.track = track;
        lane->writer.track.id = 0;
        lane->cut = 0;
    }

    sg->ready = 0;
    sg->passed = 0;
    sg->changed = 0;
    sg->period = 0;
    sg->lead = NULL;
    sg->first = sg->clock.newest;
}


/* The run ends, and another one begins with the next key frame. */
static ngx_int_t
ngx_video_segmenter_next(ngx_video_segmenter_t *sg)
{
    ngx_int_t  rc;

    ngx_video_segmenter_finish(sg);
    ngx_video_live_pause(sg->store, sg->live);
    ngx_video_segmenter_forget(sg);

    rc = ngx_video_live_publish(sg->store, &sg->conf, &sg->live);
    sg->published = (rc == NGX_OK);

    if (sg->published) {
        sg->stat = ngx_video_live_stat(sg->store, sg->live);

    } else {
        ngx_video_segmenter_rungs_done(sg);
    }

    /* who stood by was faster */
    sg->standby = (rc == NGX_BUSY);

    return rc == NGX_DECLINED ? ngx_video_segmenter_full(sg) : NGX_OK;
}


ngx_int_t
ngx_video_segmenter_renew(ngx_video_segmenter_t *sg)
{
    /* each costs a walk over the objects of the zone */
    if (++sg->renewals > NGX_VIDEO_RENEWALS
                         + (ngx_current_msec - sg->began) / 1000)
    {
        return ngx_video_segmenter_fail(sg, "codecs change too often");
    }

    sg->renewed = 1;

    return ngx_video_segmenter_next(sg);
}


ngx_int_t
ngx_video_segmenter_admit(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_packet_t *p)
{
    nvm_fault_t   fault;
    nvm_frame_t   frame;
    nvm_track_t  *t;

    t = &lane->writer.track;

    if (!sg->ready || sg->lead || lane->kind != NVM_VIDEO
        || t->codec != p->codec)
    {
        return NGX_DECLINED;
    }

    ngx_memzero(&fault, sizeof(nvm_fault_t));

    if (nvm_frame_parse(t, p->data, p->size, &frame, &fault) != NVM_OK
        || !frame.key)
    {
        return NGX_DECLINED;
    }

    lane->late = 0;
    lane->known = 1;

    return ngx_video_segmenter_renew(sg);
}


ngx_int_t
ngx_video_segmenter_jump(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint32_t from, uint32_t to)
{
    u_char  name[NGX_VIDEO_LANE_NAME];

    if (++sg->jumps > NGX_VIDEO_JUMPS
                      + (ngx_current_msec - sg->began) / NGX_VIDEO_JUMP_TIME)
    {
        return ngx_video_segmenter_fail(sg, "timestamps jump too often");
    }

    ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                  "stream \"%V\": timestamps of %s jump from %uD to %uD ms",
                  &sg->conf.name, ngx_video_segmenter_name(sg, lane, name),
                  from, to);

    return ngx_video_segmenter_anew(sg, lane);
}


ngx_int_t
ngx_video_segmenter_anew(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    /* how they stood to those before is not known */
    sg->renewed = 0;

    if (!sg->ready || (sg->lead && lane != sg->lead)) {
        return NGX_OK;
    }

    /* what was not there is not waited for */
    sg->no_video |= (ngx_video_segmenter_first(sg, NVM_VIDEO) == NULL);
    sg->no_audio |= (ngx_video_segmenter_first(sg, NVM_AUDIO) == NULL);

    return ngx_video_segmenter_next(sg);
}


ngx_msec_t
ngx_video_segmenter_silence(ngx_video_segmenter_t *sg)
{
    ngx_msec_t  since;

    since = sg->clock.started ? (ngx_msec_t) sg->clock.came : sg->began;

    return sg->published ? ngx_current_msec - since : 0;
}


void
ngx_video_segmenter_yield(ngx_video_segmenter_t *sg)
{
    sg->published = 0;
    sg->standby = 1;
    sg->renewed = 0;

    ngx_video_segmenter_finish(sg);
    ngx_video_live_end(sg->store, sg->live, 0);
    ngx_video_segmenter_forget(sg);
    ngx_video_segmenter_rungs_done(sg);
}
