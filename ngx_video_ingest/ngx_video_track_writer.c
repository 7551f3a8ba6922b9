/*
 * Copyright (C) ngx_video authors
 *
 * Frames to parts: see ngx_video_track_writer.h.
 */

#include "ngx_video_live_stat.h"
#include "ngx_video_track_writer.h"
#include "nvm_cmaf.h"


/* ms that audio may be off, or a frame if that is longer */
#define NGX_VIDEO_AUDIO_SLACK  60

/* ms for which an overlap lasts before it is believed */
#define NGX_VIDEO_AUDIO_TRIAL  1000


static ngx_int_t ngx_video_track_writer_flush(ngx_video_track_writer_t *tw);


ngx_int_t
ngx_video_track_writer_init(ngx_video_track_writer_t *tw,
    ngx_video_store_t *st, ngx_uint_t live, ngx_log_t *log)
{
    u_char        init[NGX_VIDEO_LIVE_INIT];
    nvm_writer_t  w;

    tw->store = st;
    tw->live = live;
    tw->log = log;

    nvm_writer_init(&w, init, sizeof(init));

    if (nvm_cmaf_init_write(&w, &tw->track) != NVM_OK) {
        return NGX_ERROR;
    }

    tw->samples = ngx_alloc(NGX_VIDEO_PART_SAMPLES * sizeof(nvm_sample_t),
                            log);
    if (tw->samples == NULL) {
        return NGX_ERROR;
    }

    return ngx_video_live_track(st, live, &tw->track, tw->part_target, init,
                                w.len, &tw->number);
}


ngx_int_t
ngx_video_track_writer_place(ngx_video_track_writer_t *tw,
    ngx_video_store_t *st, ngx_uint_t live, ngx_log_t *log)
{
    tw->store = st;
    tw->live = live;
    tw->log = log;

    return ngx_video_live_track(st, live, &tw->track, tw->part_target, NULL, 0,
                                &tw->number);
}


void
ngx_video_track_writer_done(ngx_video_track_writer_t *tw)
{
    if (tw->samples) {
        ngx_free(tw->samples);
        tw->samples = NULL;
    }

    if (tw->data) {
        ngx_free(tw->data);
        tw->data = NULL;
        *tw->held -= tw->size;
    }

    if (tw->boxes) {
        ngx_free(tw->boxes);
        tw->boxes = NULL;
        *tw->held -= tw->boxes_size;
    }

    if (tw->events) {
        ngx_free(tw->events);
        tw->events = NULL;
    }
}


/*
 * Makes room for "size" bytes; what is there stays.  A publisher decides how
 * much comes before a part is complete: there is a bound for all its tracks.
 */
static ngx_int_t
ngx_video_track_writer_room(ngx_video_track_writer_t *tw, u_char **buf,
    size_t *have, size_t keep, size_t size)
{
    size_t   n;
    u_char  *p;

    if (size <= *have) {
        return NGX_OK;
    }

    n = ngx_max(size, ngx_min(*have * 2, NGX_VIDEO_PART_BYTES));

    if (n > NGX_VIDEO_PART_BYTES
        || n - *have > NGX_VIDEO_PARTS_BYTES - *tw->held)
    {
        tw->large = 1;
        return NGX_ERROR;
    }

    p = ngx_alloc(n, tw->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (*buf) {
        ngx_memcpy(p, *buf, keep);
        ngx_free(*buf);
    }

    *tw->held += n - *have;
    *buf = p;
    *have = n;

    return NGX_OK;
}


static uint64_t
ngx_video_track_writer_slack(ngx_video_track_writer_t *tw)
{
    uint64_t  slack;

    slack = (uint64_t) tw->track.timescale * NGX_VIDEO_AUDIO_SLACK / 1000;

    return ngx_max(slack, tw->frame);
}


uint64_t
ngx_video_track_writer_dts(ngx_video_track_writer_t *tw, uint64_t dts)
{
    uint64_t       out;
    nvm_sample_t  *last;

    if (!tw->started) {
        return dts;
    }

    if (tw->track.kind == NVM_AUDIO) {
        out = tw->next;

        return dts > out + ngx_video_track_writer_slack(tw) ? dts : out;
    }

    if (tw->nsamples == 0) {
        return tw->next;
    }

    last = &tw->samples[tw->nsamples - 1];

    return ngx_max(dts, last->dts + 1);
}


/*
 * A source that begins anew, or whose clock is slow, has more audio than time:
 * each frame would be later than the one before, without end.  When all frames
 * of a while were late, the least of their overlaps is cut out in one piece.
 * Publishers that stamp several frames alike have overlaps, too, but between
 * them the first of each group, which has none.
 */
ngx_uint_t
ngx_video_track_writer_surplus(ngx_video_track_writer_t *tw, uint64_t dts)
{
    uint64_t  over, trial;

    over = tw->next - ngx_min(dts, tw->next);

    if (tw->drop && over) {
        tw->drop--;
        return 1;
    }

    tw->drop = 0;

    if (over <= ngx_video_track_writer_slack(tw)) {
        tw->surplus = 0;
        return 0;
    }

    if (tw->surplus == 0) {
        tw->surplus = over;
        tw->surplus_from = tw->next;
    }

    tw->surplus = ngx_min(tw->surplus, over);
    trial = (uint64_t) tw->track.timescale * NGX_VIDEO_AUDIO_TRIAL / 1000;

    if (tw->next - tw->surplus_from < trial) {
        return 0;
    }

    /* more than a frame: at least this one */
    tw->drop = (tw->surplus + tw->frame / 2) / tw->frame - 1;
    tw->surplus = 0;

    return 1;
}


/*
 * The estimate of a frame's duration follows what comes, slowly: publishers
 * round to milliseconds.
 */
static void
ngx_video_track_writer_pace(ngx_video_track_writer_t *tw, uint64_t dts)
{
    uint64_t  delta;

    if (tw->track.kind == NVM_AUDIO || tw->paced || !tw->started
        || dts <= tw->last_in)
    {
        return;
    }

    delta = dts - tw->last_in;

    if (tw->track.fps_num
        && delta * 10 > (uint64_t) tw->frame * 9
        && delta * 10 < (uint64_t) tw->frame * 11)
    {
        return;
    }

    /* a pause is not a frame rate */
    delta = ngx_min(delta, tw->track.timescale);
    tw->frame = (uint32_t) (((uint64_t) tw->frame * 7 + delta) / 8);
    tw->frame = ngx_max(tw->frame, 1);
}


/*
 * Audio frames don't divide a part: a part ends with the first frame that
 * reaches a multiple of its length since the segment began, so that audio has
 * as many parts in a segment as video.
 */
static ngx_uint_t
ngx_video_track_writer_full_audio(ngx_video_track_writer_t *tw)
{
    uint64_t  start;

    start = tw->samples[0].dts;

    if (start < tw->grid) {
        return tw->next - start + tw->frame > tw->part_target;
    }

    return tw->next - tw->grid
           >= ((start - tw->grid) / tw->part + 1) * tw->part;
}


/*
 * Video: whether another frame would make the part too long.  A part that is
 * off by less than a quarter of a frame is put on the grid.
 */
static ngx_uint_t
ngx_video_track_writer_full_video(ngx_video_track_writer_t *tw)
{
    uint64_t       start, end, grid;
    nvm_sample_t  *last;

    last = &tw->samples[tw->nsamples - 1];
    start = tw->samples[0].dts;
    end = last->dts + last->duration;
    grid = start + tw->part;

    if (end + tw->frame <= grid + tw->frame / 4) {
        return 0;
    }

    if (grid > last->dts && (end > grid || grid - end < tw->frame / 4)) {
        last->duration = (uint32_t) (grid - last->dts);
    }

    return 1;
}


/*
 * Frames of audio may be of several lengths: whether this one, which follows
 * at once, would make the part longer than PART-TARGET.
 */
static ngx_uint_t
ngx_video_track_writer_over(ngx_video_track_writer_t *tw, uint64_t out,
    ngx_video_frame_t *f)
{
    return tw->nsamples && tw->track.kind == NVM_AUDIO && out == tw->next
           && out + f->duration - tw->samples[0].dts > tw->part_target;
}


ngx_int_t
ngx_video_track_writer_frame(ngx_video_track_writer_t *tw,
    ngx_video_frame_t *f)
{
    uint64_t       out;
    nvm_sample_t  *s;

    if (ngx_video_track_writer_room(tw, &tw->data, &tw->size, tw->len,
                                    tw->len + f->size)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    out = ngx_video_track_writer_dts(tw, f->dts);
    ngx_video_track_writer_pace(tw, f->dts);

    if (ngx_video_track_writer_over(tw, out, f)
        && ngx_video_track_writer_flush(tw) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (tw->nsamples) {
        s = &tw->samples[tw->nsamples - 1];
        s->duration = (uint32_t) (out - s->dts);
    }

    s = &tw->samples[tw->nsamples++];
    s->dts = out;
    s->duration = tw->frame;
    s->size = (uint32_t) f->size;
    s->offset = tw->len;
    s->key = f->key;
    s->cts = tw->track.kind == NVM_VIDEO
             ? (int32_t) ((int64_t) (f->dts - out) + f->cts) : 0;

    ngx_memcpy(tw->data + tw->len, f->data, f->size);
    tw->len += f->size;

    tw->started = 1;
    tw->last = f->last;
    tw->last_in = f->dts;
    tw->arrived = f->arrived;
    tw->next = out + tw->frame;

    if (tw->nsamples == NGX_VIDEO_PART_SAMPLES
        || (tw->track.kind == NVM_VIDEO
            ? ngx_video_track_writer_full_video(tw)
            : ngx_video_track_writer_full_audio(tw)))
    {
        return ngx_video_track_writer_flush(tw);
    }

    return NGX_OK;
}


ngx_int_t
ngx_video_track_writer_event(ngx_video_track_writer_t *tw, nvm_emsg_t *event)
{
    nvm_emsg_t    e;
    nvm_writer_t  w;

    e = *event;
    e.timescale = tw->track.timescale;
    e.time = (uint64_t) nvm_rescale((int64_t) event->time,
                                    tw->track.timescale, 1000);

    if (event->duration != NVM_EMSG_UNKNOWN) {
        e.duration = (uint32_t) ngx_min((uint64_t) event->duration
                                        * tw->track.timescale / 1000,
                                        NVM_EMSG_UNKNOWN - 1);
    }

    nvm_writer_init(&w, NULL, 0);
    nvm_emsg_write(&w, &e);

    if (tw->events_len + w.len > NGX_VIDEO_PART_EVENTS
        || ngx_video_track_writer_room(tw, &tw->events, &tw->events_size,
                                       tw->events_len,
                                       tw->events_len + w.len)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    nvm_writer_init(&w, tw->events + tw->events_len,
                    tw->events_size - tw->events_len);
    nvm_emsg_write(&w, &e);
    tw->events_len += w.len;

    return NGX_OK;
}


/*
 * A part in the store.  When it is published is asked of the system: the cached
 * time is that of its frames, however long this turn of the loop has taken.
 */
static ngx_int_t
ngx_video_track_writer_publish(ngx_video_track_writer_t *tw, nvm_part_t *part,
    size_t head)
{
    struct timeval         tv;
    ngx_video_stat_part_t  stat;

    if (ngx_video_live_part(tw->store, tw->live, tw->number, part, tw->boxes,
                            head, tw->data)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_gettimeofday(&tv);

    stat.arrived = tw->arrived;
    stat.published = (uint64_t) tv.tv_sec * 1000 + tv.tv_usec / 1000;
    stat.end = tw->wall + nvm_rescale((int64_t) tw->next, 1000,
                                      tw->track.timescale);

    ngx_video_live_stat_part(ngx_video_live_stat(tw->store, tw->live),
                             tw->number, &stat);

    return NGX_OK;
}


/* The open part becomes a CMAF chunk in the store. */
static ngx_int_t
ngx_video_track_writer_flush(ngx_video_track_writer_t *tw)
{
    size_t             head;
    uint64_t           payload;
    nvm_part_t         part;
    nvm_sample_t      *last;
    nvm_writer_t       w;
    nvm_cmaf_chunk_t   c;

    if (tw->nsamples == 0) {
        return NGX_OK;
    }

    last = &tw->samples[tw->nsamples - 1];
    tw->next = last->dts + last->duration;

    ngx_memzero(&c, sizeof(nvm_cmaf_chunk_t));
    c.track = &tw->track;
    c.samples = tw->samples;
    c.nsamples = tw->nsamples;
    c.dts = tw->samples[0].dts;
    c.sequence = ++tw->sequence;
    c.wall = tw->wall + nvm_rescale((int64_t) c.dts, 1000,
                                    tw->track.timescale);
    c.first = tw->first;
    c.events = tw->events;
    c.events_len = tw->events_len;

    nvm_writer_init(&w, NULL, 0);

    if (nvm_cmaf_chunk_write(&w, &c, &payload) != NVM_OK) {
        return NGX_ERROR;
    }

    head = w.len;

    if (ngx_video_track_writer_room(tw, &tw->boxes, &tw->boxes_size, 0, head)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    nvm_writer_init(&w, tw->boxes, tw->boxes_size);
    (void) nvm_cmaf_chunk_write(&w, &c, &payload);

    if (nvm_writer_done(&w, head) != NVM_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&part, sizeof(nvm_part_t));
    part.dts = c.dts;
    part.duration = (uint32_t) (tw->next - c.dts);
    part.size = (uint32_t) (head + tw->len);
    part.independent = tw->samples[0].key;
    part.last = tw->last;

    tw->segment_bytes += part.size;
    tw->segment_parts++;
    tw->nsamples = 0;
    tw->len = 0;
    tw->first = 0;
    tw->events_len = 0;

    return ngx_video_track_writer_publish(tw, &part, head);
}


/*
 * The bit rate that playlists announce is one that no segment so far has
 * exceeded, with some room, so that it need not be raised all the time.
 */
static void
ngx_video_track_writer_rate(ngx_video_track_writer_t *tw)
{
    uint64_t      ticks, bits, peak, average;
    nvm_track_t  *t;

    t = &tw->track;
    ticks = tw->next - tw->segment_start;

    if (ticks == 0) {
        return;
    }

    tw->total_bytes += tw->segment_bytes;
    tw->total_ticks += ticks;

    bits = tw->segment_bytes * 8 * t->timescale / ticks;
    average = tw->total_bytes * 8 * t->timescale / tw->total_ticks;
    peak = t->bandwidth;

    if (bits > peak || !tw->measured) {
        peak = bits + bits / 8;
    }

    tw->measured = 1;

    t->bandwidth = (uint32_t) ngx_min(peak, NGX_MAX_INT32_VALUE);
    t->avg_bandwidth = (uint32_t) ngx_min(average, t->bandwidth);

    ngx_video_live_bandwidth(tw->store, tw->live, tw->number, t->bandwidth,
                             t->avg_bandwidth);
}


ngx_int_t
ngx_video_track_writer_close(ngx_video_track_writer_t *tw)
{
    if (!tw->open) {
        return NGX_OK;
    }

    if (ngx_video_track_writer_flush(tw) != NGX_OK) {
        return NGX_ERROR;
    }

    tw->open = 0;
    ngx_video_track_writer_rate(tw);

    if (ngx_video_live_segment_close(tw->store, tw->live, tw->number)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (tw->recorder) {
        ngx_video_record_wake(tw->recorder);
    }

    return NGX_OK;
}


/* The next segment has the next number; where it can start. */
static uint64_t
ngx_video_track_writer_number(ngx_video_track_writer_t *tw, uint64_t start)
{
    if (tw->numbered) {
        tw->msn++;
        start = ngx_max(start, tw->next);
    }

    tw->numbered = 1;

    return start;
}


void
ngx_video_track_writer_cut(ngx_video_track_writer_t *tw, uint64_t end)
{
    if (!tw->open) {
        return;
    }

    tw->open = 0;
    tw->nsamples = 0;
    tw->len = 0;
    tw->events_len = 0;
    tw->next = ngx_max(tw->next, end);
    tw->last_in = tw->next;

    ngx_video_live_segment_cut(tw->store, tw->live, tw->number,
                               tw->next - tw->segment_start);

    if (tw->recorder) {
        ngx_video_record_wake(tw->recorder);
    }
}


ngx_int_t
ngx_video_track_writer_gap(ngx_video_track_writer_t *tw, uint64_t start,
    uint64_t end, int64_t wall)
{
    start = ngx_video_track_writer_number(tw, start);
    tw->next = ngx_max(start, end);

    /* what is missing is no frame rate */
    tw->last_in = tw->next;

    return ngx_video_live_segment_gap(tw->store, tw->live, tw->number, tw->msn,
                                      start, tw->next - start, wall);
}


ngx_int_t
ngx_video_track_writer_segment(ngx_video_track_writer_t *tw, uint64_t start,
    int64_t wall, ngx_uint_t independent)
{
    uint64_t       msn;
    ngx_uint_t     numbered;
    nvm_sample_t  *last;

    if (tw->nsamples) {
        /* the last frame lasts until the one that starts the new segment */
        last = &tw->samples[tw->nsamples - 1];
        last->duration = (uint32_t) (start - last->dts);
    }

    if (ngx_video_track_writer_close(tw) != NGX_OK) {
        return NGX_ERROR;
    }

    msn = tw->msn;
    numbered = tw->numbered;
    start = ngx_video_track_writer_number(tw, start);

    if (ngx_video_live_segment_open(tw->store, tw->live, tw->number, tw->msn,
                                    start, wall, independent)
        != NGX_OK)
    {
        /* its number is that of the next, or of a gap */
        tw->msn = msn;
        tw->numbered = numbered;
        return NGX_ERROR;
    }

    tw->segment_start = start;
    tw->segment_bytes = 0;
    tw->segment_parts = 0;
    tw->next = start;
    tw->first = 1;
    tw->open = 1;

    return NGX_OK;
}
