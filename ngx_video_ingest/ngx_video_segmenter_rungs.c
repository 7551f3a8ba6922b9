/*
 * Copyright (C) ngx_video authors
 *
 * A ladder in a live stream: its source goes to the transcoder, and the rungs
 * that come back are tracks of video beside it, with segments that begin where
 * those of the source do.
 *
 * A run that is about to start waits for the rungs, whose configuration comes
 * with the first picture: what the publisher sends meanwhile is held.  Not for
 * long: a stream starts without its rungs when there is no transcoder, and goes
 * on in another run when they come.  Rungs that stop coming have gaps instead
 * of segments from there on, until they come again.
 */

#include "ngx_video_segmenter.h"
#include "nvm_vp9.h"


/* ms, frames and bytes for which a run waits for its rungs */
#define NGX_VIDEO_RUNGS_WAIT      2000
#define NGX_VIDEO_RUNGS_FRAMES    1024
#define NGX_VIDEO_RUNGS_BYTES     (8 * 1024 * 1024)

/* times of a frame of sound that are none, ms */
#define NGX_VIDEO_RUNGS_MS        ((int64_t) 1 << 40)

/* the numbers of their tracks: behind all of the publisher's */
#define NGX_VIDEO_RUNGS_TRACK     256


/* A frame of the publisher's that is held; its data follow. */
typedef struct {
    ngx_queue_t               queue;
    ngx_video_lane_t         *lane;
    ngx_video_frame_t         frame;
    int64_t                   ms;
} ngx_video_held_t;


static ngx_int_t ngx_video_segmenter_rung(void *data, ngx_uint_t n,
    nvm_wire_t *m, const u_char *config, size_t len);
static ngx_int_t ngx_video_segmenter_rung_frame(void *data, ngx_uint_t n,
    nvm_wire_t *m);
static void ngx_video_segmenter_rungs_state(void *data,
    nvm_wire_state_t *state);
static void ngx_video_segmenter_rungs_gone(void *data);
static void ngx_video_segmenter_rungs_drained(void *data);
static void ngx_video_segmenter_rungs_told(ngx_video_segmenter_t *sg,
    ngx_video_rungs_state_e state, ngx_uint_t n);
static ngx_int_t ngx_video_segmenter_unhold(ngx_video_segmenter_t *sg);


static ngx_video_rungs_handlers_t  ngx_video_segmenter_rungs_handlers = {
    ngx_video_segmenter_rung,
    ngx_video_segmenter_rung_frame,
    ngx_video_segmenter_image,
    ngx_video_segmenter_rungs_state,
    ngx_video_segmenter_rungs_gone,
    ngx_video_segmenter_rungs_drained
};


/* The rungs are what the next header says; what is known of them is not. */
static void
ngx_video_segmenter_rungs_forget(ngx_video_segmenter_t *sg)
{
    ngx_uint_t  i;

    sg->rungs_known = 0;
    sg->awaited = 0;

    for (i = 0; i < sg->nlanes; i++) {
        sg->lanes[i].vacant |= (sg->lanes[i].made && !sg->ready);
    }
}


void
ngx_video_segmenter_rungs_done(ngx_video_segmenter_t *sg)
{
    ngx_queue_t  *q;

    if (sg->rungs) {
        ngx_video_rungs_destroy(sg->rungs);
        sg->rungs = NULL;

        if (sg->published) {
            ngx_video_segmenter_rungs_told(sg, NGX_VIDEO_RUNGS_NONE, 0);
        }
    }

    while (sg->nheld) {
        q = ngx_queue_head(&sg->waiting);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_video_held_t, queue));
        sg->nheld--;
    }

    sg->waiting_bytes = 0;
    ngx_video_segmenter_rungs_forget(sg);
}


/* The track that rungs are made of: the one that leads, or will. */
static ngx_uint_t
ngx_video_segmenter_is_source(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane)
{
    ngx_uint_t  i;

    if (sg->ready) {
        return lane == sg->lead;
    }

    if (lane->kind != NVM_VIDEO || lane->made) {
        return 0;
    }

    for (i = 0; i < sg->nlanes; i++) {
        if (sg->lanes[i].kind == NVM_VIDEO && sg->lanes[i].known
            && sg->lanes[i].id < lane->id)
        {
            return 0;
        }
    }

    return 1;
}


/* The sound that it is made of: the first; NULL: there is none. */
static ngx_video_lane_t *
ngx_video_segmenter_sound(ngx_video_segmenter_t *sg)
{
    ngx_uint_t         i;
    ngx_video_lane_t  *lane, *first;

    first = NULL;

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];

        if (lane->kind == NVM_AUDIO && lane->known && !lane->late
            && !lane->made && (first == NULL || lane->id < first->id))
        {
            first = lane;
        }
    }

    return first;
}


/* What the sound is, if there is a rung of it: its lane, or NULL. */
static ngx_video_lane_t *
ngx_video_segmenter_tell_sound(ngx_video_segmenter_t *sg)
{
    nvm_track_t       *t;
    ngx_video_lane_t  *lane;

    lane = sg->ladder->sound ? ngx_video_segmenter_sound(sg) : NULL;

    if (lane) {
        t = &lane->writer.track;
        ngx_video_rungs_sound(sg->rungs, t->codec, t->config, t->config_len);
    }

    return lane;
}


void
ngx_video_segmenter_feed(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    int64_t ms, ngx_video_frame_t *f)
{
    nvm_track_t  *t;

    if (sg->ladder == NULL || !sg->published) {
        return;
    }

    if (lane->kind == NVM_AUDIO) {
        if (sg->rungs && ngx_video_segmenter_tell_sound(sg) == lane) {
            ngx_video_rungs_sound_frame(sg->rungs, ms, f->data, f->size);
        }

        return;
    }

    if (!ngx_video_segmenter_is_source(sg, lane)) {
        return;
    }

    if (sg->rungs == NULL) {
        sg->rungs = ngx_video_rungs_create(sg->ladder,
                                           &ngx_video_segmenter_rungs_handlers,
                                           sg, &sg->conf.name, sg->log);
        if (sg->rungs == NULL) {
            return;
        }

        ngx_video_segmenter_rungs_told(sg, NGX_VIDEO_RUNGS_WAITING, 0);
    }

    if (f->key) {
        t = &lane->writer.track;

        if (ngx_video_rungs_source(sg->rungs, t->codec, t->config,
                                   t->config_len)
            == NGX_DONE)
        {
            ngx_video_segmenter_rungs_forget(sg);
        }

        (void) ngx_video_segmenter_tell_sound(sg);
    }

    ngx_video_rungs_frame(sg->rungs, ms,
                          ms + f->cts / (NGX_VIDEO_TIMESCALE / 1000), f->key,
                          f->data, f->size);
}


/* The lane of a rung; NULL: it has none. */
static ngx_video_lane_t *
ngx_video_segmenter_rung_lane(ngx_video_segmenter_t *sg, ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < sg->nlanes; i++) {
        if (sg->lanes[i].made && sg->lanes[i].id == NGX_VIDEO_RUNGS_TRACK + n)
        {
            return &sg->lanes[i];
        }
    }

    return NULL;
}


/* Whether all rungs are known that can be. */
static ngx_uint_t
ngx_video_segmenter_rungs_all(ngx_video_segmenter_t *sg)
{
    ngx_video_rung_t  *rung;
    ngx_video_lane_t  *lane;

    if (sg->ladder->rungs.nelts == 0) {
        return 1;
    }

    rung = sg->ladder->sound;

    if (rung == NULL || ngx_video_segmenter_sound(sg) == NULL) {
        return sg->rungs_known;
    }

    lane = ngx_video_segmenter_rung_lane(sg, rung - (ngx_video_rung_t *)
                                             sg->ladder->rungs.elts);

    return sg->rungs_known && lane && (!lane->vacant || lane->fresh);
}


ngx_uint_t
ngx_video_segmenter_waits(ngx_video_segmenter_t *sg)
{
    if (sg->rungs == NULL || sg->awaited || ngx_video_segmenter_rungs_all(sg)
        || !ngx_video_rungs_flow(sg->rungs))
    {
        return 0;
    }

    if (sg->nheld == 0) {
        sg->waited = ngx_current_msec;
    }

    return ngx_current_msec - sg->waited < NGX_VIDEO_RUNGS_WAIT
           && sg->nheld < NGX_VIDEO_RUNGS_FRAMES
           && sg->waiting_bytes < NGX_VIDEO_RUNGS_BYTES;
}


ngx_int_t
ngx_video_segmenter_hold(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    int64_t ms, ngx_video_frame_t *f)
{
    u_char            *data;
    ngx_video_held_t  *h;

    h = ngx_alloc(sizeof(ngx_video_held_t) + f->size, sg->log);

    if (h == NULL) {
        return ngx_video_segmenter_fail(sg, "no memory");
    }

    data = (u_char *) h + sizeof(ngx_video_held_t);
    ngx_memcpy(data, f->data, f->size);

    h->lane = lane;
    h->ms = ms;
    h->frame = *f;
    h->frame.data = data;

    if (sg->nheld == 0) {
        ngx_queue_init(&sg->waiting);
    }

    ngx_queue_insert_tail(&sg->waiting, &h->queue);
    sg->nheld++;
    sg->waiting_bytes += f->size;

    return ngx_video_segmenter_waits(sg) ? NGX_OK
                                         : ngx_video_segmenter_unhold(sg);
}


/* What is held goes on its way: the run starts. */
static ngx_int_t
ngx_video_segmenter_unhold(ngx_video_segmenter_t *sg)
{
    ngx_int_t          rc;
    ngx_video_held_t  *h;

    sg->awaited = 1;
    rc = NGX_OK;

    while (sg->nheld) {
        h = ngx_queue_data(ngx_queue_head(&sg->waiting), ngx_video_held_t,
                           queue);

        ngx_queue_remove(&h->queue);
        sg->nheld--;
        sg->waiting_bytes -= h->frame.size;

        if (rc == NGX_OK) {
            rc = ngx_video_segmenter_deliver(sg, h->lane, h->ms, &h->frame);
        }

        ngx_free(h);
    }

    return rc;
}


ngx_int_t
ngx_video_segmenter_release(ngx_video_segmenter_t *sg)
{
    return sg->nheld ? ngx_video_segmenter_unhold(sg) : NGX_OK;
}


/* The same when it is not the publisher's turn: its next frame ends it. */
static void
ngx_video_segmenter_rungs_release(ngx_video_segmenter_t *sg)
{
    if (ngx_video_segmenter_release(sg) != NGX_OK) {
        sg->failed = 1;
    }
}


/* What is known of a rung before it has come. */
static void
ngx_video_segmenter_rung_place(ngx_video_lane_t *lane)
{
    nvm_track_t  *t;

    t = &lane->writer.track;

    lane->kind = lane->rung->rate ? NVM_AUDIO : NVM_VIDEO;
    lane->codec = lane->rung->codec->codec;
    lane->made = 1;
    lane->vacant = 1;
    lane->known = 1;
    ngx_video_frame_queue_init(&lane->held);

    t->kind = lane->kind;
    t->codec = lane->codec;
    t->timescale = lane->rung->rate ? (uint32_t) lane->rung->rate
                                    : NGX_VIDEO_TIMESCALE;
    t->made = 1;
}


/*
 * Tracks of a stream are the same in all of its runs, so that it can go on from
 * one to another, and those of a run are fixed: a rung has its place, whether
 * it comes, comes in a later run, or is too large for the source.
 */
void
ngx_video_segmenter_rungs_places(ngx_video_segmenter_t *sg)
{
    ngx_uint_t         n, flow;
    ngx_video_rung_t  *rung;
    ngx_video_lane_t  *lane, *sound;

    if (sg->ladder == NULL) {
        return;
    }

    sound = ngx_video_segmenter_sound(sg);

    flow = sg->rungs && ngx_video_rungs_flow(sg->rungs);
    rung = sg->ladder->rungs.elts;

    for (n = 0; n < sg->ladder->rungs.nelts; n++) {

        lane = ngx_video_segmenter_rung_lane(sg, n);

        if (lane) {
            lane->absent = sg->ready ? lane->absent : !flow;
            continue;
        }

        if (rung[n].rate && sound == NULL) {
            continue;
        }

        if (sg->nlanes == NGX_VIDEO_LIVE_TRACKS) {
            ngx_log_error(NGX_LOG_WARN, sg->log, 0,
                          "stream \"%V\": more than %d tracks, rung \"%V\" is "
                          "left out", &sg->conf.name, NGX_VIDEO_LIVE_TRACKS,
                          &rung[n].name);
            return;
        }

        lane = &sg->lanes[sg->nlanes++];
        lane->id = NGX_VIDEO_RUNGS_TRACK + n;
        lane->rung = &rung[n];
        ngx_video_segmenter_rung_place(lane);
    }
}


/* The configuration of VP9 has no size. */
static nvm_err_e
ngx_video_segmenter_rung_vp9(nvm_track_t *t, nvm_wire_t *m,
    const u_char *config, size_t len, nvm_fault_t *fault)
{
    if (m->pts < 1 || m->pts > UINT16_MAX || m->dts < 1
        || m->dts > UINT16_MAX)
    {
        return NVM_EINVAL;
    }

    ngx_memzero(t, sizeof(nvm_track_t));
    t->width = (uint16_t) m->pts;
    t->height = (uint16_t) m->dts;

    return nvm_vp9_track(t, config, len, fault);
}


/* What a rung is, by its header. */
static ngx_int_t
ngx_video_segmenter_rung_track(ngx_video_rung_t *rung, nvm_track_t *t,
    nvm_wire_t *m, const u_char *config, size_t len)
{
    nvm_err_e    rc;
    nvm_fault_t  fault;

    if (m->codec != rung->codec->fourcc) {
        return NGX_ERROR;
    }

    ngx_memzero(&fault, sizeof(nvm_fault_t));

    rc = rung->codec->codec == NVM_CODEC_VP9
         ? ngx_video_segmenter_rung_vp9(t, m, config, len, &fault)
         : nvm_frame_track(t, rung->codec->codec, config, len, NULL, 0,
                           &fault);

    if (rc != NVM_OK || (rung->rate && t->timescale != rung->rate)) {
        return NGX_ERROR;
    }

    ngx_memcpy(t->lang, "und", 4);
    t->timescale = rung->rate ? t->timescale : NGX_VIDEO_TIMESCALE;
    t->made = 1;
    t->alone = (rung->variant != 0);

    return NGX_OK;
}


/* One more is known: the run may be waiting for it alone. */
static ngx_int_t
ngx_video_segmenter_rung_next(ngx_video_segmenter_t *sg)
{
    if (!sg->ready && ngx_video_segmenter_rungs_all(sg)) {
        ngx_video_segmenter_rungs_enter(sg);
        ngx_video_segmenter_rungs_release(sg);
    }

    return NGX_OK;
}


/* No other one of pictures follows. */
static ngx_int_t
ngx_video_segmenter_rung_last(ngx_video_segmenter_t *sg)
{
    sg->rungs_known = 1;

    return ngx_video_segmenter_rung_next(sg);
}


/* Whether a rung is what it was. */
static ngx_uint_t
ngx_video_segmenter_rung_same(nvm_track_t *a, nvm_track_t *b)
{
    return a->config_len == b->config_len
           && ngx_memcmp(a->config, b->config, b->config_len) == 0
           && a->width == b->width && a->height == b->height;
}


/*
 * A rung is known before the run, or it is one of the run, as it was; else it
 * is of the next one.
 */
static ngx_int_t
ngx_video_segmenter_rung(void *data, ngx_uint_t n, nvm_wire_t *m,
    const u_char *config, size_t len)
{
    ngx_video_segmenter_t *sg = data;

    nvm_track_t        track;
    ngx_video_lane_t  *lane;

    if (n == NGX_VIDEO_RUNGS) {
        return ngx_video_segmenter_rung_last(sg);
    }

    if (ngx_video_segmenter_rung_track((ngx_video_rung_t *)
                                       sg->ladder->rungs.elts + n, &track, m,
                                       config, len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_video_segmenter_rungs_places(sg);
    lane = ngx_video_segmenter_rung_lane(sg, n);

    if (lane) {
        lane->next = track;
        lane->fresh = lane->vacant
                      || !ngx_video_segmenter_rung_same(&lane->writer.track,
                                                        &track);
    }

    return m->flags & NVM_WIRE_LAST
           ? ngx_video_segmenter_rung_last(sg)
           : ngx_video_segmenter_rung_next(sg);
}


void
ngx_video_segmenter_rungs_enter(ngx_video_segmenter_t *sg)
{
    ngx_uint_t         i;
    ngx_video_lane_t  *lane;

    for (i = 0; i < sg->nlanes; i++) {
        lane = &sg->lanes[i];

        if (lane->made && lane->fresh) {
            lane->writer.track = lane->next;
            lane->fresh = 0;
            lane->vacant = 0;
        }
    }
}


ngx_int_t
ngx_video_segmenter_grow(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane,
    ngx_uint_t key)
{
    ngx_uint_t  i;

    if (!sg->ready || !sg->rungs_known || lane != sg->lead || !key) {
        return NGX_OK;
    }

    for (i = 0; i < sg->nlanes && !sg->lanes[i].fresh; i++) { /* void */ }

    if (i == sg->nlanes || sg->grown == NGX_VIDEO_RUNGS_GROW) {
        return NGX_OK;
    }

    sg->grown++;

    if (ngx_video_segmenter_renew(sg) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_video_segmenter_rungs_enter(sg);

    return NGX_OK;
}


/*
 * Times of the first frames may be before the run: an encoder that reorders
 * pictures decodes them ahead.
 */
static ngx_int_t
ngx_video_segmenter_rung_times(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, nvm_wire_t *m, ngx_video_frame_t *f)
{
    int64_t   dts, pts, begin;
    uint32_t  scale;

    scale = lane->writer.track.timescale;
    begin = (int64_t) sg->time.begin - sg->base;

    if (lane->kind == NVM_AUDIO) {

        if (m->pts != m->dts || m->pts / scale > NGX_VIDEO_RUNGS_MS / 1000
            || m->pts / scale < -NGX_VIDEO_RUNGS_MS / 1000)
        {
            return NGX_ERROR;
        }

        pts = m->pts / scale * 1000 + m->pts % scale * 1000 / scale;
        f->dts = (uint64_t) (m->pts + nvm_rescale(begin, scale, 1000));

    } else {
        pts = m->pts;
        dts = ngx_max(m->dts, sg->base);

        f->dts = (uint64_t) ((dts + begin) * (NGX_VIDEO_TIMESCALE / 1000));
        f->cts = (int32_t) ((pts - dts) * (NGX_VIDEO_TIMESCALE / 1000));
    }

    if (pts < sg->base) {
        return NGX_DECLINED;
    }

    return pts > sg->lead->clock.newest + NGX_VIDEO_MAX_AHEAD
           || m->dts > m->pts || m->dts < m->pts - NGX_VIDEO_MAX_AHEAD
           ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_video_segmenter_rung_frame(void *data, ngx_uint_t n, nvm_wire_t *m)
{
    ngx_video_segmenter_t *sg = data;

    ngx_int_t           rc;
    ngx_uint_t          level;
    nvm_fault_t         fault;
    nvm_frame_t         frame;
    ngx_video_frame_t   f;
    ngx_video_lane_t   *lane;

    lane = ngx_video_segmenter_rung_lane(sg, n);

    if (lane == NULL || !sg->ready || sg->lead == NULL || lane->vacant
        || lane->fresh)
    {
        return NGX_OK;
    }

    ngx_memzero(&f, sizeof(ngx_video_frame_t));
    rc = ngx_video_segmenter_rung_times(sg, lane, m, &f);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    ngx_memzero(&fault, sizeof(nvm_fault_t));

    if (nvm_frame_parse(&lane->writer.track, m->body, m->len, &frame, &fault)
        != NVM_OK || frame.size == 0)
    {
        return NGX_ERROR;
    }

    f.arrived = ngx_video_now();
    f.data = frame.data;
    f.size = frame.size;
    f.duration = frame.duration;
    f.key = frame.key;

    if (ngx_video_lane_frame(sg, lane, &f) != NGX_OK) {
        level = sg->level ? sg->level : (ngx_uint_t) NGX_LOG_ERR;
        ngx_log_error(level, sg->log, 0,
                      "stream \"%V\": rung \"%V\": %s", &sg->conf.name,
                      &lane->rung->name, sg->error);
        sg->level = 0;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_video_segmenter_rungs_state(void *data, nvm_wire_state_t *state)
{
    ngx_video_segmenter_t *sg = data;

    ngx_video_rungs_stat_t  stat;

    stat.state = NGX_VIDEO_RUNGS_ON;
    stat.losses = 0;
    stat.pictures = state->pictures;
    stat.dropped = state->dropped;
    stat.damaged = state->damaged;
    stat.rungs = state->rungs;
    stat.off = state->off;
    stat.late = state->late;
    stat.cpu = state->cpu;

    ngx_video_live_stat_rungs(sg->stat, &stat);
}


/* Nothing comes; n: it is gone. */
static void
ngx_video_segmenter_rungs_told(ngx_video_segmenter_t *sg,
    ngx_video_rungs_state_e state, ngx_uint_t n)
{
    ngx_video_rungs_stat_t  stat;

    ngx_memzero(&stat, sizeof(ngx_video_rungs_stat_t));
    stat.state = state;
    stat.losses = n;

    ngx_video_live_stat_rungs(sg->stat, &stat);
}


static void
ngx_video_segmenter_rungs_drained(void *data)
{
    ngx_video_segmenter_t *sg = data;

    sg->drained(sg->drained_data);
}


/* What is open of them is a gap, and so is all until they come again. */
static void
ngx_video_segmenter_rungs_gone(void *data)
{
    ngx_video_segmenter_t *sg = data;

    ngx_uint_t  i;

    ngx_video_segmenter_rungs_told(sg, NGX_VIDEO_RUNGS_WAITING, 1);

    for (i = 0; i < sg->nlanes; i++) {
        if (sg->ready && sg->lanes[i].made) {
            ngx_video_lane_gone(sg, &sg->lanes[i]);
        }
    }

    ngx_video_segmenter_rungs_release(sg);
}
