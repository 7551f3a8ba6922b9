/*
 * Copyright (C) ngx_video authors
 *
 * The live segmenter: see ngx_video_segmenter.h.  Here is what a publisher
 * sends: headers of tracks, frames, and their timestamps.
 */

#include "ngx_video_segmenter.h"


/* Who stands by has no statistics. */
static void
ngx_video_segmenter_drop(ngx_video_segmenter_t *sg, ngx_video_stat_drop_e why)
{
    if (sg->published) {
        ngx_video_live_stat_drop(sg->stat, why);
    }
}


static const char *
ngx_video_segmenter_kind(nvm_kind_e kind)
{
    return kind == NVM_VIDEO ? "video" : "audio";
}


ngx_int_t
ngx_video_segmenter_publish(ngx_video_segmenter_t *sg)
{
    ngx_int_t  rc;

    rc = ngx_video_live_publish(sg->store, &sg->conf, &sg->live);
    sg->published = (rc == NGX_OK);

    if (sg->published) {
        sg->stat = ngx_video_live_stat(sg->store, sg->live);
        ngx_video_live_stat_publisher(sg->stat, ngx_video_now());
    }

    return rc;
}


ngx_int_t
ngx_video_segmenter_init(ngx_video_segmenter_t *sg, ngx_video_store_t *st,
    ngx_video_live_conf_t *conf, ngx_log_t *log)
{
    ngx_int_t  rc;

    ngx_memzero(sg, sizeof(ngx_video_segmenter_t));

    sg->store = st;
    sg->conf = *conf;
    sg->log = log;
    sg->began = ngx_current_msec;

    rc = ngx_video_segmenter_publish(sg);
    conf->refused = sg->conf.refused;
    conf->left = sg->conf.left;
    conf->over_app = sg->conf.over_app;
    conf->over_peer = sg->conf.over_peer;

    return rc;
}


void
ngx_video_segmenter_done(ngx_video_segmenter_t *sg, ngx_uint_t clean)
{
    ngx_uint_t  i;

    ngx_video_segmenter_rungs_done(sg);

    if (!sg->published) {
        return;
    }

    sg->published = 0;

    ngx_video_segmenter_finish(sg);
    ngx_video_live_end(sg->store, sg->live, clean || sg->kicked);

    for (i = 0; i < sg->nlanes; i++) {
        ngx_video_lane_done(&sg->lanes[i]);
    }
}


ngx_int_t
ngx_video_segmenter_drain(ngx_video_segmenter_t *sg,
    void (*drained)(void *data), void *data)
{
    if (!sg->published || !sg->ready || sg->rungs == NULL
        || ngx_video_rungs_end(sg->rungs) == NGX_OK)
    {
        return NGX_OK;
    }

    sg->drained = drained;
    sg->drained_data = data;

    ngx_video_live_left(sg->store, sg->live);

    return NGX_AGAIN;
}


ngx_int_t
ngx_video_segmenter_fail(ngx_video_segmenter_t *sg, const char *error)
{
    sg->error = error;

    return NGX_ERROR;
}


ngx_int_t
ngx_video_segmenter_full(ngx_video_segmenter_t *sg)
{
    sg->level = NGX_LOG_CRIT;

    return ngx_video_segmenter_fail(sg, "the zone is full");
}


static ngx_video_lane_t *
ngx_video_segmenter_lane(ngx_video_segmenter_t *sg, ngx_video_packet_t *p)
{
    ngx_uint_t  i;

    for (i = 0; i < sg->nlanes; i++) {
        if (sg->lanes[i].kind == p->kind && sg->lanes[i].id == p->track) {
            return &sg->lanes[i];
        }
    }

    return NULL;
}


u_char *
ngx_video_segmenter_name(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    u_char *buf)
{
    ngx_uint_t   i, n;
    const char  *kind;

    kind = ngx_video_segmenter_kind(lane->kind);

    if (lane->made) {
        ngx_sprintf(buf, "rung %V%Z", &lane->rung->name);
        return buf;
    }

    for (i = 0, n = 0; i < sg->nlanes; i++) {
        n += (sg->lanes[i].kind == lane->kind && !sg->lanes[i].made);
    }

    if (n > 1 || lane->id) {
        ngx_sprintf(buf, "%s track %ui%Z", kind, lane->id);

    } else {
        ngx_sprintf(buf, "%s%Z", kind);
    }

    return buf;
}


void
ngx_video_segmenter_late(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    u_char  name[NGX_VIDEO_LANE_NAME];

    lane->known = 0;
    lane->late = 1;

    ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                  "stream \"%V\": %s came too late and is left out",
                  &sg->conf.name, ngx_video_segmenter_name(sg, lane, name));
}


ngx_video_lane_t *
ngx_video_segmenter_add(ngx_video_segmenter_t *sg, nvm_kind_e kind,
    nvm_codec_e codec, ngx_uint_t id)
{
    ngx_video_lane_t  *lane;

    if (sg->nlanes == NGX_VIDEO_LIVE_TRACKS) {

        if (!sg->warned_tracks) {
            sg->warned_tracks = 1;
            ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                          "stream \"%V\": more than %d tracks, %s track %ui "
                          "is left out", &sg->conf.name, NGX_VIDEO_LIVE_TRACKS,
                          ngx_video_segmenter_kind(kind), id);
        }

        return NULL;
    }

    lane = &sg->lanes[sg->nlanes++];
    lane->kind = kind;
    lane->codec = codec;
    lane->id = id;
    ngx_video_frame_queue_init(&lane->held);

    if (sg->ready) {
        ngx_video_segmenter_late(sg, lane);
    }

    return lane;
}


/*
 * What is known of a track by its header, and by its first frame if the codec
 * needs one: NGX_OK, NGX_AGAIN until that has come.
 */
static ngx_int_t
ngx_video_segmenter_track(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    const u_char *header, size_t len, const u_char *frame, size_t size)
{
    nvm_err_e     err;
    nvm_fault_t   fault;
    nvm_track_t   track, *t;

    ngx_memzero(&fault, sizeof(nvm_fault_t));

    err = nvm_frame_track(&track, lane->codec, header, len, frame, size,
                          &fault);

    if (err == NVM_ENOENT && fault.what == NULL) {
        return NGX_AGAIN;
    }

    if (err) {
        return ngx_video_segmenter_fail(sg, fault.what ? fault.what
                                                       : nvm_strerror(err));
    }

    t = &lane->writer.track;
    lane->look = frame ? nvm_frame_look(lane->codec, frame, size) : 0;

    if (lane->known && (sg->ready || sg->nheld) && t->codec == track.codec
        && t->sample_rate == track.sample_rate
        && t->channels == track.channels
        && t->config_len == track.config_len
        && ngx_memcmp(t->config, track.config, track.config_len) == 0)
    {
        return NGX_OK;
    }

    /* what is held is of what was known */
    if (lane->known && ngx_video_segmenter_release(sg) != NGX_OK) {
        return NGX_ERROR;
    }

    if (sg->ready && ngx_video_segmenter_renew(sg) != NGX_OK) {
        return NGX_ERROR;
    }

    track.captions = t->captions;
    *t = track;
    ngx_memcpy(t->lang, "und", 4);

    if (lane->kind == NVM_VIDEO) {
        t->timescale = NGX_VIDEO_TIMESCALE;
    }

    lane->known = 1;

    return NGX_OK;
}


/* The header of a track that is left out, in case that it comes after all. */
static void
ngx_video_segmenter_hear(ngx_video_lane_t *lane, ngx_video_packet_t *p)
{
    nvm_fault_t   fault;
    nvm_track_t   track, *t;

    if (lane->kind != NVM_VIDEO) {
        return;
    }

    t = &lane->writer.track;
    lane->codec = p->codec;
    ngx_memzero(&fault, sizeof(nvm_fault_t));

    if (nvm_frame_track(&track, p->codec, p->data, p->size, NULL, 0, &fault)
        != NVM_OK)
    {
        ngx_memzero(t, sizeof(nvm_track_t));
        return;
    }

    *t = track;
    ngx_memcpy(t->lang, "und", 4);
    t->timescale = NGX_VIDEO_TIMESCALE;
}


ngx_int_t
ngx_video_segmenter_header(ngx_video_segmenter_t *sg, ngx_video_packet_t *p)
{
    ngx_int_t          rc;
    ngx_video_lane_t  *lane;

    lane = ngx_video_segmenter_lane(sg, p);

    if (lane == NULL) {
        lane = ngx_video_segmenter_add(sg, p->kind, p->codec, p->track);
    }

    if (lane == NULL) {
        return NGX_OK;
    }

    if (lane->late) {
        ngx_video_segmenter_hear(lane, p);
        return NGX_OK;
    }

    if (sg->ready && lane->codec == p->codec && lane->header_len
        && p->size == lane->header_len
        && ngx_memcmp(p->data, lane->header, p->size) == 0)
    {
        return NGX_OK;
    }

    lane->codec = p->codec;
    lane->header_len = 0;

    rc = ngx_video_segmenter_track(sg, lane, p->data, p->size, NULL, 0);

    if (rc != NGX_AGAIN) {
        return rc;
    }

    if (p->size > NGX_VIDEO_HEADER_KEPT) {
        return ngx_video_segmenter_fail(sg, "codec header is too long");
    }

    if ((lane->known && ngx_video_segmenter_release(sg) != NGX_OK)
        || (sg->ready && ngx_video_segmenter_renew(sg) != NGX_OK))
    {
        return NGX_ERROR;
    }

    ngx_memcpy(lane->header, p->data, p->size);
    lane->header_len = p->size;
    lane->known = 0;

    return NGX_OK;
}


/*
 * The time of a frame: NGX_OK; NGX_DECLINED: it is from before the run, in
 * which the track has had none yet.
 */
static ngx_int_t
ngx_video_segmenter_clock(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint32_t ts, int64_t *ms)
{
    uint32_t    last;
    ngx_uint_t  begun, leads;

    if (!sg->clock.started) {
        sg->first = ts;
    }

    last = (uint32_t) (lane->clock.started
                       ? lane->clock.newest - lane->clock.offset
                       : sg->clock.newest - sg->clock.offset);
    begun = sg->ready && (lane->writer.started || lane->held.nframes);
    leads = (sg->lead == NULL || lane == sg->lead);

    switch (nvm_clock_frame(&sg->clock, &lane->clock, ts,
                            (int64_t) ngx_current_msec, !begun || leads, ms))
    {
    case NVM_CLOCK_LAGS:
        return sg->ready && !begun ? NGX_DECLINED : NGX_OK;

    case NVM_CLOCK_FOLLOWS:
        return begun ? ngx_video_segmenter_anew(sg, lane) : NGX_OK;

    case NVM_CLOCK_JUMPS:
        return ngx_video_segmenter_jump(sg, lane, last, ts);

    default:
        return NGX_OK;
    }
}


/* A frame of a known track; it may be the first of another sound. */
static ngx_int_t
ngx_video_segmenter_same(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_video_packet_t *p)
{
    uint32_t  look;

    look = nvm_frame_look(p->codec, p->data, p->size);

    /* one that is damaged is refused later */
    if (look == 0 || look == lane->look) {
        return NGX_OK;
    }

    return ngx_video_segmenter_track(sg, lane, NULL, 0, p->data, p->size);
}


/* The lane of a frame: NGX_OK; NGX_DECLINED: it is left out. */
static ngx_int_t
ngx_video_segmenter_take(ngx_video_segmenter_t *sg, ngx_video_packet_t *p,
    ngx_video_lane_t **lane)
{
    ngx_int_t  rc;

    *lane = ngx_video_segmenter_lane(sg, p);

    if (*lane == NULL) {

        /* or else the header may have been one too many */
        if (sg->nlanes < NGX_VIDEO_LIVE_TRACKS
            && p->codec != NVM_CODEC_AC3 && p->codec != NVM_CODEC_EAC3
            && p->codec != NVM_CODEC_MP3)
        {
            return ngx_video_segmenter_fail(sg, p->kind == NVM_VIDEO
                                            ? "video without codec header"
                                            : "audio without codec header");
        }

        *lane = ngx_video_segmenter_add(sg, p->kind, p->codec, p->track);
    }

    if (*lane && (*lane)->late) {
        rc = ngx_video_segmenter_admit(sg, *lane, p);

        if (rc == NGX_ERROR) {
            return rc;
        }
    }

    if (*lane == NULL || (*lane)->late) {
        ngx_video_segmenter_drop(sg, NGX_VIDEO_DROP_TRACK);
        return NGX_DECLINED;
    }

    if ((*lane)->codec != p->codec) {
        return ngx_video_segmenter_fail(sg, "frame of another codec than the "
                                        "header");
    }

    if ((*lane)->known) {
        return ngx_video_segmenter_same(sg, *lane, p);
    }

    rc = ngx_video_segmenter_track(sg, *lane, (*lane)->header,
                                   (*lane)->header_len, p->data, p->size);

    if (rc != NGX_AGAIN) {
        return rc;
    }

    ngx_video_segmenter_drop(sg, NGX_VIDEO_DROP_START);

    return NGX_DECLINED;
}


/* What a frame says of itself; as ngx_video_segmenter_take(). */
static ngx_int_t
ngx_video_segmenter_parse(ngx_video_segmenter_t *sg, ngx_video_packet_t *p,
    ngx_video_lane_t **lane, nvm_frame_t *frame)
{
    ngx_int_t    rc;
    nvm_fault_t  fault;

    rc = ngx_video_segmenter_take(sg, p, lane);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&fault, sizeof(nvm_fault_t));

    if (nvm_frame_parse(&(*lane)->writer.track, p->data, p->size, frame,
                        &fault)
        != NVM_OK)
    {
        return ngx_video_segmenter_fail(sg, p->kind == NVM_VIDEO
                                        ? "malformed video frame"
                                        : "malformed audio frame");
    }

    if (frame->size == 0) {
        return NGX_DECLINED;
    }

    if (p->cts < -NGX_VIDEO_MAX_AHEAD || p->cts > NGX_VIDEO_MAX_AHEAD) {
        return ngx_video_segmenter_fail(sg, "composition time out of range");
    }

    ngx_video_segmenter_captions(sg, *lane, &frame->captions);

    return NGX_OK;
}


ngx_int_t
ngx_video_segmenter_frame(ngx_video_segmenter_t *sg, ngx_video_packet_t *p)
{
    int64_t             ms;
    ngx_int_t           rc;
    nvm_frame_t         frame;
    ngx_video_lane_t   *lane;
    ngx_video_frame_t   f;

    rc = ngx_video_segmenter_parse(sg, p, &lane, &frame);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    ms = 0;
    rc = ngx_video_segmenter_clock(sg, lane, p->ts, &ms);

    if (rc == NGX_OK) {
        rc = ngx_video_segmenter_grow(sg, lane, frame.key);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_video_segmenter_drop(sg, NGX_VIDEO_DROP_START);
        return NGX_OK;
    }

    f.arrived = ngx_video_now();
    f.dts = 0;
    f.cts = p->cts * (NGX_VIDEO_TIMESCALE / 1000);
    f.data = frame.data;
    f.size = frame.size;
    f.duration = frame.duration;
    f.key = frame.key;
    f.last = 0;

    ngx_video_segmenter_feed(sg, lane, ms, &f);

    if (sg->failed) {
        return NGX_ERROR;
    }

    return sg->nheld ? ngx_video_segmenter_hold(sg, lane, ms, &f)
                     : ngx_video_segmenter_deliver(sg, lane, ms, &f);
}


ngx_int_t
ngx_video_segmenter_deliver(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    int64_t ms, ngx_video_frame_t *f)
{
    ngx_int_t  rc;

    /* it may be the first of another run */
    lane->writer.frame = f->duration ? f->duration : lane->writer.frame;
    lane->keyed |= f->key;

    rc = ngx_video_segmenter_ready(sg, lane, ms, f->key);

    if (rc == NGX_DONE) {
        ngx_video_segmenter_feed(sg, lane, ms, f);
        rc = ngx_video_segmenter_ready(sg, lane, ms, f->key);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_BUSY) {
        return ngx_video_segmenter_hold(sg, lane, ms, f);
    }

    if (rc != NGX_OK || ms < sg->base) {
        ngx_video_segmenter_drop(sg, NGX_VIDEO_DROP_START);
        return NGX_OK;
    }

    nvm_wall_frame(&sg->wall, (int64_t) f->arrived, ms);

    f->dts = (uint64_t) nvm_rescale(ms - sg->base + (int64_t) sg->time.begin,
                                    lane->writer.track.timescale, 1000);

    rc = ngx_video_fill_over(sg, lane, f);

    if (rc != NGX_OK) {
        ngx_video_segmenter_drop(sg, NGX_VIDEO_DROP_SILENT);
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    return ngx_video_lane_frame(sg, lane, f);
}
