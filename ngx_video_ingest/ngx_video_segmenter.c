/*
 * Copyright (C) ngx_video authors
 *
 * The live segmenter: see ngx_video_segmenter.h.  Here is what concerns the
 * stream: its tracks, its clock, its start and its end.
 */

#include "ngx_video_segmenter.h"


static ngx_int_t ngx_video_segmenter_clock(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, uint32_t ts, int64_t *ms);
static ngx_int_t ngx_video_segmenter_ready(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, int64_t ms, ngx_uint_t key);
static ngx_int_t ngx_video_segmenter_start(ngx_video_segmenter_t *sg,
    int64_t ms);
static ngx_int_t ngx_video_segmenter_renew(ngx_video_segmenter_t *sg);


static const char *
ngx_video_segmenter_kind(nvm_kind_e kind)
{
    return kind == NVM_VIDEO ? "video" : "audio";
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

    rc = ngx_video_live_publish(st, conf, &sg->live);
    sg->published = (rc == NGX_OK);

    return rc;
}


/* What has come is not lost: the segments that are open become complete. */
static void
ngx_video_segmenter_finish(ngx_video_segmenter_t *sg)
{
    ngx_uint_t  i;

    if (!sg->ready) {
        return;
    }

    ngx_video_cuts_forget(&sg->cuts);

    for (i = 0; i < sg->nlanes; i++) {
        ngx_video_lane_finish(sg, &sg->lanes[i]);
    }
}


/*
 * A track's codec has changed: the stream goes on in another run, at the next
 * key frame.  Its clock is the same.
 */
static ngx_int_t
ngx_video_segmenter_renew(ngx_video_segmenter_t *sg)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    nvm_track_t                track;
    ngx_video_lane_t          *lane;

    /* each costs a walk over the objects of the zone */
    if (++sg->renewals > NGX_VIDEO_RENEWALS
                         + (ngx_current_msec - sg->began) / 1000)
    {
        return ngx_video_segmenter_fail(sg, "codecs change too often");
    }

    ngx_video_segmenter_finish(sg);
    ngx_video_live_pause(sg->store, sg->live);

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
    sg->renewed = 1;
    sg->passed = 0;
    sg->lead = NULL;
    sg->first = sg->clock;

    rc = ngx_video_live_publish(sg->store, &sg->conf, &sg->live);
    sg->published = (rc == NGX_OK);

    return rc == NGX_OK ? NGX_OK : ngx_video_segmenter_full(sg);
}


void
ngx_video_segmenter_done(ngx_video_segmenter_t *sg, ngx_uint_t clean)
{
    ngx_uint_t  i;

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

    for (i = 0, n = 0; i < sg->nlanes; i++) {
        n += (sg->lanes[i].kind == lane->kind);
    }

    if (n > 1 || lane->id) {
        ngx_sprintf(buf, "%s track %ui%Z", kind, lane->id);

    } else {
        ngx_sprintf(buf, "%s%Z", kind);
    }

    return buf;
}


static void
ngx_video_segmenter_late(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane)
{
    u_char  name[NGX_VIDEO_LANE_NAME];

    lane->known = 0;
    lane->late = 1;

    ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                  "stream \"%V\": %s came too late and is left out",
                  &sg->conf.name, ngx_video_segmenter_name(sg, lane, name));
}


/* A new lane; NULL: there are as many as there may be. */
static ngx_video_lane_t *
ngx_video_segmenter_add(ngx_video_segmenter_t *sg, ngx_video_packet_t *p)
{
    ngx_video_lane_t  *lane;

    if (sg->nlanes == NGX_VIDEO_LIVE_TRACKS) {

        if (!sg->warned_tracks) {
            sg->warned_tracks = 1;
            ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                          "stream \"%V\": more than %d tracks, %s track %ui "
                          "is left out", &sg->conf.name, NGX_VIDEO_LIVE_TRACKS,
                          ngx_video_segmenter_kind(p->kind), p->track);
        }

        return NULL;
    }

    lane = &sg->lanes[sg->nlanes++];
    lane->kind = p->kind;
    lane->codec = p->codec;
    lane->id = p->track;
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

    if (sg->ready && t->codec == track.codec
        && t->sample_rate == track.sample_rate
        && t->channels == track.channels
        && t->config_len == track.config_len
        && ngx_memcmp(t->config, track.config, track.config_len) == 0)
    {
        return NGX_OK;
    }

    if (sg->ready && ngx_video_segmenter_renew(sg) != NGX_OK) {
        return NGX_ERROR;
    }

    *t = track;
    ngx_memcpy(t->lang, "und", 4);

    if (lane->kind == NVM_VIDEO) {
        t->timescale = NGX_VIDEO_TIMESCALE;
    }

    lane->known = 1;

    return NGX_OK;
}


ngx_int_t
ngx_video_segmenter_header(ngx_video_segmenter_t *sg, ngx_video_packet_t *p)
{
    ngx_int_t          rc;
    ngx_video_lane_t  *lane;

    lane = ngx_video_segmenter_lane(sg, p);

    if (lane == NULL) {
        lane = ngx_video_segmenter_add(sg, p);
    }

    if (lane == NULL || lane->late) {
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

    if (sg->ready && ngx_video_segmenter_renew(sg) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(lane->header, p->data, p->size);
    lane->header_len = p->size;
    lane->known = 0;

    return NGX_OK;
}


/*
 * 32-bit milliseconds to an endless clock.  Small steps back are what
 * interleaving and rounding make; large ones in either direction mean that
 * the clock can't be believed.  A track may be sent behind others.
 */
static ngx_int_t
ngx_video_segmenter_clock(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    uint32_t ts, int64_t *ms)
{
    int64_t  now, last, back;
    int32_t  step;

    if (!sg->clocked) {
        sg->clocked = 1;
        sg->first = ts;
        sg->clock = ts;
    }

    last = lane->clocked ? lane->clock : sg->clock;
    back = lane->clocked ? NGX_VIDEO_MAX_BACK : NGX_VIDEO_MAX_AHEAD;

    /* modulo 2^32, signed: RTMP 1.0, 5.3 (RFC 1982 arithmetic) */
    step = (int32_t) (ts - (uint32_t) last);
    now = last + step;

    if (step < -back) {
        return ngx_video_segmenter_fail(sg, "timestamp goes backwards");
    }

    /* of the newest of all tracks: one may have started late */
    if (now > sg->clock + NGX_VIDEO_MAX_AHEAD) {
        return ngx_video_segmenter_fail(sg, "timestamp jumps ahead");
    }

    lane->clock = lane->clocked ? ngx_max(last, now) : now;
    lane->clocked = 1;
    sg->clock = ngx_max(sg->clock, now);
    *ms = now;

    return NGX_OK;
}


/* The known track of a kind that the publisher gave the least number. */
static ngx_video_lane_t *
ngx_video_segmenter_first(ngx_video_segmenter_t *sg, nvm_kind_e kind)
{
    ngx_uint_t         i;
    ngx_video_lane_t  *lane, *first;

    first = NULL;

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];

        if (lane->kind == kind && lane->known
            && (first == NULL || lane->id < first->id))
        {
            first = lane;
        }
    }

    return first;
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
    if (!lane->clocked || ms - lane->clock > NGX_VIDEO_TRACK_WAIT) {
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
 * Whether the stream can start with the frame at hand: with both kinds, or
 * with one when the other was announced to be absent or did not come in time.
 * Video starts with a key frame of the track that will lead.
 */
static ngx_int_t
ngx_video_segmenter_ready(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    int64_t ms, ngx_uint_t key)
{
    ngx_uint_t         late;
    ngx_video_lane_t  *video, *audio;

    if (sg->ready) {
        return NGX_OK;
    }

    video = ngx_video_segmenter_leader(sg, lane, ms, key);
    audio = ngx_video_segmenter_first(sg, NVM_AUDIO);
    late = ms - sg->first > NGX_VIDEO_TRACK_WAIT;

    if (video) {
        if (lane != video || !key || (!audio && !sg->no_audio && !late)) {
            return NGX_AGAIN;
        }

    } else if (!audio || (!sg->no_video && !late)) {
        return NGX_AGAIN;
    }

    return ngx_video_segmenter_start(sg, ms);
}


/*
 * Numbers the tracks that are known: of video first, in the order of the
 * publisher's numbers.  Those that are not are too late.
 */
static ngx_uint_t
ngx_video_segmenter_order(ngx_video_segmenter_t *sg, ngx_video_lane_t **lanes)
{
    ngx_uint_t         i, n;
    ngx_video_lane_t  *lane;

    for (n = 0; n < sg->nlanes; n++) {
        lane = ngx_video_segmenter_first(sg, NVM_VIDEO);

        if (lane == NULL) {
            lane = ngx_video_segmenter_first(sg, NVM_AUDIO);
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
    nvm_wall_init(&sg->wall, now, ms);

    rc = ngx_video_live_join(sg->store, sg->live, kinds, n, &time);

    if (rc == NGX_OK && sg->renewed) {
        sg->time.start += (uint64_t) (ms - sg->base);
        sg->time.begin += (uint64_t) (ms - sg->base);

        /* it is the clock of the run before */
        sg->wall.settled = 1;

    } else if (rc == NGX_OK) {
        sg->time = time;
        sg->earliest = time.start;

        if (now > time.wall + (int64_t) time.start) {
            sg->time.start = (uint64_t) (now - time.wall);
        }

    } else {
        ngx_memzero(&sg->time, sizeof(ngx_video_live_clock_t));
        sg->time.wall = now;
    }

    sg->base = ms;
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

            if (lane->writer.track.id == id) {
                p = ngx_sprintf(p, "%s%s", id > 1 ? "," : "",
                                lane->writer.track.codecs);
            }
        }
    }

    list->len = p - list->data;
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

    n = ngx_video_segmenter_order(sg, lanes);
    joined = ngx_video_segmenter_join(sg, lanes, n, ms);
    msn = ngx_video_live_first_msn(sg->store, sg->live);

    for (i = 0; i < n; i++) {

        if (joined == NGX_OK) {
            msn = ngx_video_live_next_msn(sg->store, sg->live, i);
        }

        if (ngx_video_lane_start(sg, lanes[i], msn) != NGX_OK) {
            return ngx_video_segmenter_full(sg);
        }
    }

    sg->ready = 1;
    ngx_video_live_ready(sg->store, sg->live);

    codecs.data = buf;
    ngx_video_segmenter_codecs(sg, &codecs);

    ngx_log_error(NGX_LOG_NOTICE, sg->log, 0, "stream \"%V\" %s: %V",
                  &sg->conf.name, joined == NGX_OK ? "goes on" : "is live",
                  &codecs);

    return NGX_OK;
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

        *lane = ngx_video_segmenter_add(sg, p);
    }

    if (*lane == NULL || (*lane)->late) {
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

    return rc == NGX_AGAIN ? NGX_DECLINED : rc;
}


ngx_int_t
ngx_video_segmenter_frame(ngx_video_segmenter_t *sg, ngx_video_packet_t *p)
{
    int64_t             ms;
    ngx_int_t           rc;
    nvm_fault_t         fault;
    nvm_frame_t         frame;
    nvm_track_t        *t;
    ngx_video_lane_t   *lane;
    ngx_video_frame_t   f;

    rc = ngx_video_segmenter_take(sg, p, &lane);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    ngx_memzero(&fault, sizeof(nvm_fault_t));
    t = &lane->writer.track;

    if (nvm_frame_parse(t, p->data, p->size, &frame, &fault) != NVM_OK) {
        return ngx_video_segmenter_fail(sg, p->kind == NVM_VIDEO
                                        ? "malformed video frame"
                                        : "malformed audio frame");
    }

    if (frame.size == 0) {
        return NGX_OK;
    }

    if (frame.duration) {
        lane->writer.frame = frame.duration;
    }

    ms = 0;

    if (ngx_video_segmenter_clock(sg, lane, p->ts, &ms) != NGX_OK) {
        return NGX_ERROR;
    }

    if (p->cts < -NGX_VIDEO_MAX_AHEAD || p->cts > NGX_VIDEO_MAX_AHEAD) {
        return ngx_video_segmenter_fail(sg, "composition time out of range");
    }

    if (frame.key) {
        lane->keyed = 1;
    }

    rc = ngx_video_segmenter_ready(sg, lane, ms, frame.key);

    if (rc != NGX_OK || ms < sg->base) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    nvm_wall_frame(&sg->wall, (int64_t) ngx_video_now(), ms);

    f.dts = (uint64_t) nvm_rescale(ms - sg->base
                                   + (int64_t) sg->time.begin,
                                   t->timescale, 1000);
    f.cts = p->cts * (NGX_VIDEO_TIMESCALE / 1000);
    f.data = frame.data;
    f.size = frame.size;
    f.duration = frame.duration;
    f.key = frame.key;
    f.last = 0;

    return ngx_video_lane_frame(sg, lane, &f);
}
