/*
 * Copyright (C) ngx_video authors
 *
 * Edit lists: ISO/IEC 14496-12, 8.6.5 and 8.6.6; and clips, which are edits
 * that a request makes.
 */

#include "nvm_mp4_edit.h"
#include "nvm_mp4_tables.h"


/* What reading a list needs. */
typedef struct {
    nvm_fault_t  *f;
    uint32_t      timescale;    /* of the movie */
    uint32_t      version;
} nvm_mp4_edits_t;


/* An entry of elst (8.6.6); the duration in ticks of the track. */
typedef struct {
    uint64_t   at;              /* in the file */
    uint64_t   duration;
    int64_t    time;
    uint32_t   rate;
} nvm_mp4_edit_t;


static nvm_err_e
nvm_mp4_edit_read(const nvm_mp4_edits_t *p, nvm_mp4_box_t *elst,
    const nvm_mp4_track_t *t, nvm_mp4_edit_t *e)
{
    uint64_t  duration;

    e->at = nvm_reader_offset(&elst->r);

    if (p->version == 1) {
        duration = nvm_reader_u64(&elst->r);
        e->time = (int64_t) nvm_reader_u64(&elst->r);

    } else {
        duration = nvm_reader_u32(&elst->r);
        e->time = (int32_t) nvm_reader_u32(&elst->r);
    }

    e->rate = nvm_reader_u32(&elst->r);

    if (elst->r.error) {
        return nvm_mp4_box_fault(p->f, elst, NVM_ETRUNC, e->at,
                                 "table is longer than its box");
    }

    if (duration > (uint64_t) NVM_MP4_MAX_SECONDS * p->timescale) {
        return nvm_mp4_box_fault(p->f, elst, NVM_EINVAL, e->at,
                                 "durations overflow");
    }

    e->duration = (uint64_t) nvm_rescale((int64_t) duration,
                                         t->track.timescale,
                                         p->timescale);

    return NVM_OK;
}


/* An edit of no media: accepted before the first that has some. */
static nvm_err_e
nvm_mp4_edit_empty(const nvm_mp4_edits_t *p, const nvm_mp4_box_t *elst,
    const nvm_mp4_edit_t *e, nvm_mp4_track_t *t, int64_t next)
{
    if (next >= 0) {
        return nvm_mp4_box_fault(p->f, elst, NVM_EUNSUP, e->at,
                                 "edit list has a gap after its start");
    }

    t->delay += e->duration;

    if (t->delay > (uint64_t) NVM_MP4_MAX_SECONDS * t->track.timescale) {
        return nvm_mp4_box_fault(p->f, elst, NVM_EINVAL, e->at,
                                 "durations overflow");
    }

    return NVM_OK;
}


/* "next" is where in the media an edit that goes on starts; -1: any may. */
static nvm_err_e
nvm_mp4_edit_media(const nvm_mp4_edits_t *p, const nvm_mp4_box_t *elst,
    const nvm_mp4_edit_t *e, nvm_mp4_track_t *t, int64_t *next)
{
    int64_t  slack, max;

    /* composition may begin after the sum of durations, if only just */

    max = (int64_t) t->media_duration - 1;
    max += t->track.kind == NVM_VIDEO ? NVM_MP4_MAX_DELTA : 0;

    if (e->time < 0 || e->time > max) {
        return nvm_mp4_box_fault(p->f, elst, NVM_EINVAL, e->at,
                                 "edit starts outside the media");
    }

    slack = t->track.timescale / p->timescale + 1;

    if (e->rate != 0x00010000
        || (*next >= 0
            && (e->time > *next + slack || e->time < *next - slack)))
    {
        return nvm_mp4_box_fault(p->f, elst, NVM_EUNSUP, e->at,
                                 "edit list changes order or speed");
    }

    if (*next < 0) {
        t->media_time = (uint64_t) e->time;
    }

    /* a duration of 0 means the rest */

    *next = e->time + (int64_t) e->duration;
    t->media_end = e->duration ? (uint64_t) *next : UINT64_MAX;

    return NVM_OK;
}


void
nvm_mp4_edit_duration(nvm_mp4_track_t *t)
{
    uint64_t  media;

    media = t->media_duration;

    if (t->track.kind == NVM_AUDIO) {
        media -= t->media_time < media ? t->media_time : media;
    }

    if (t->media_end - t->media_time < media) {
        media = t->media_end - t->media_time;
    }

    t->track.duration = media + t->delay;
}


nvm_err_e
nvm_mp4_edit_parse(const nvm_mp4_box_t *trak, uint32_t timescale,
    nvm_mp4_track_t *t, nvm_fault_t *f)
{
    int64_t          next;
    uint32_t         i, n;
    nvm_err_e        rc;
    nvm_mp4_box_t    edts, elst;
    nvm_mp4_edit_t   e = { 0 };
    nvm_mp4_edits_t  p = { f, timescale, 0 };

    t->media_end = UINT64_MAX;
    nvm_mp4_edit_duration(t);

    rc = nvm_mp4_box_find(trak, NVM_FOURCC('e', 'd', 't', 's'), &edts, f);
    if (rc == NVM_OK) {
        rc = nvm_mp4_box_find(&edts, NVM_FOURCC('e', 'l', 's', 't'), &elst, f);
    }

    if (rc != NVM_OK) {
        return rc == NVM_ENOENT ? NVM_OK : rc;
    }

    p.version = nvm_reader_u32(&elst.r) >> 24;
    n = nvm_reader_u32(&elst.r);
    next = -1;

    for (i = 0; i < n; i++) {
        rc = nvm_mp4_edit_read(&p, &elst, t, &e);

        if (rc == NVM_OK) {
            rc = e.time == -1 ? nvm_mp4_edit_empty(&p, &elst, &e, t, next)
                 : nvm_mp4_edit_media(&p, &elst, &e, t, &next);
        }

        if (rc != NVM_OK) {
            return rc;
        }
    }

    if (elst.r.error) {
        return nvm_mp4_box_fault(f, &elst, NVM_ETRUNC, elst.offset,
                                 "box is cut");
    }

    nvm_mp4_edit_duration(t);

    return NVM_OK;
}


nvm_err_e
nvm_mp4_clip_track(nvm_mp4_track_t *t, uint64_t from, uint64_t to)
{
    uint64_t  media;

    /* the end of the media, so that the duration can be told from it */

    media = t->media_duration
            + (t->track.kind == NVM_VIDEO ? t->media_time : 0);
    t->media_end = t->media_end < media ? t->media_end : media;

    if (to <= t->delay || to <= from) {
        return NVM_ENOENT;
    }

    if (to != UINT64_MAX && to - t->delay < t->media_end - t->media_time) {
        t->media_end = t->media_time + (to - t->delay);
    }

    if (from > t->delay) {
        t->media_time += from - t->delay;
        t->delay = 0;

    } else {
        t->delay -= from;
    }

    if (t->media_time >= t->media_end || t->media_time >= t->media_duration) {
        return NVM_ENOENT;
    }

    t->track.duration = t->media_end - t->media_time + t->delay;

    return NVM_OK;
}


void
nvm_mp4_place(nvm_mp4_t *mp4, uint64_t origin, uint32_t timescale)
{
    uint64_t          zero;
    nvm_mp4_track_t  *t;

    if (!mp4->placed || mp4->ntracks == 0) {
        return;
    }

    t = mp4->tracks;
    zero = (uint64_t) nvm_rescale((int64_t) origin, t->track.timescale,
                                  timescale);

    if (mp4->origin >= zero) {
        t->delay += mp4->origin - zero;
        nvm_mp4_edit_duration(t);

    } else if (nvm_mp4_clip_track(t, zero - mp4->origin, UINT64_MAX)
               != NVM_OK)
    {
        mp4->ntracks = 0;
    }
}


/* The same of a time in ms, which 2^28 s is the end of. */
static nvm_err_e
nvm_mp4_clip_ms(nvm_mp4_track_t *t, uint64_t start, uint64_t end)
{
    uint64_t  from, to;

    if (start > NVM_MP4_MAX_SECONDS * 1000ull) {
        return NVM_ENOENT;
    }

    from = (uint64_t) nvm_rescale((int64_t) start, t->track.timescale, 1000);
    to = UINT64_MAX;

    if (end && end <= NVM_MP4_MAX_SECONDS * 1000ull) {
        to = (uint64_t) nvm_rescale((int64_t) end, t->track.timescale, 1000);
    }

    return nvm_mp4_clip_track(t, from, to);
}


void
nvm_mp4_clip(nvm_mp4_t *mp4, uint64_t start, uint64_t end)
{
    uint32_t  i, n;

    for (i = 0, n = 0; i < mp4->ntracks; i++) {

        if (mp4->tracks[i].track.kind != NVM_TEXT
            && nvm_mp4_clip_ms(&mp4->tracks[i], start, end) != NVM_OK)
        {
            continue;
        }

        if (n != i) {
            mp4->tracks[n] = mp4->tracks[i];
        }

        n++;
    }

    mp4->ntracks = n;
}
