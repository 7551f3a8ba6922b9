/*
 * Copyright (C) ngx_video authors
 *
 * Periods of a file: its sample entries change (ISO/IEC 14496-12, 8.5.2 and
 * the sample_description_index of 8.7.4).  A CMAF track has one init segment,
 * so what follows such a change is another presentation.
 */

#include <string.h>

#include "nvm_mp4_edit.h"
#include "nvm_mp4_entry.h"
#include "nvm_mp4_periods.h"
#include "nvm_mp4_tables.h"


/* Tracks that change within so many us change together. */
#define NVM_MP4_TOGETHER  1000000


/* Where a period begins: the first sample of each track that changes there. */
typedef struct {
    uint64_t          time;                     /* us, of the earliest */
    nvm_mp4_change_t  change[NVM_MAX_TRACKS];   /* description 0: none */
} nvm_mp4_bound_t;


typedef struct {
    nvm_mp4_bound_t   bounds[NVM_MP4_MAX_PERIODS];
    uint32_t          n;
    uint64_t          file_size;
} nvm_mp4_bounds_t;


/* When sample n is presented, ticks of the track. */
static uint64_t
nvm_mp4_presented(const nvm_mp4_track_t *t, uint32_t n, uint64_t file_size)
{
    int64_t            pts;
    uint64_t           bytes;
    nvm_sample_t       s;
    nvm_mp4_samples_t  walk;

    bytes = 0;
    nvm_mp4_samples_init(&walk, t, file_size);

    if (nvm_mp4_samples_skip(&walk, n, &bytes) != NVM_OK
        || nvm_mp4_samples_peek(&walk, &s) != NVM_OK)
    {
        return 0;
    }

    pts = (int64_t) s.dts - (int64_t) t->media_time + (int64_t) t->delay;

    if (t->track.kind == NVM_VIDEO) {
        pts += s.cts;
    }

    return pts > 0 ? (uint64_t) pts : 0;
}


/* Takes a change in: with another track's, or as a boundary of its own. */
static nvm_err_e
nvm_mp4_bound(nvm_mp4_bounds_t *b, uint32_t track,
    const nvm_mp4_change_t *change, uint64_t time)
{
    uint32_t          i;
    nvm_mp4_bound_t  *x;

    for (i = b->n; i > 0 && b->bounds[i - 1].time > time; i--) {
        /* void */
    }

    /* the ones that begin before it and behind it */

    if (i > 0) {
        x = &b->bounds[i - 1];

        if (time - x->time < NVM_MP4_TOGETHER
            && x->change[track].description == 0)
        {
            x->change[track] = *change;
            return NVM_OK;
        }
    }

    if (i < b->n) {
        x = &b->bounds[i];

        if (x->time - time < NVM_MP4_TOGETHER
            && x->change[track].description == 0)
        {
            x->time = time;
            x->change[track] = *change;
            return NVM_OK;
        }
    }

    if (b->n == NVM_MP4_MAX_PERIODS - 1) {
        return NVM_ELIMIT;
    }

    memmove(&b->bounds[i + 1], &b->bounds[i],
            (b->n - i) * sizeof(nvm_mp4_bound_t));
    b->n++;

    x = &b->bounds[i];
    memset(x, 0, sizeof(nvm_mp4_bound_t));
    x->time = time;
    x->change[track] = *change;

    return NVM_OK;
}


static nvm_err_e
nvm_mp4_bounds(nvm_mp4_bounds_t *b, const nvm_mp4_t *mp4, uint64_t file_size,
    nvm_fault_t *f)
{
    uint32_t                i, k;
    uint64_t                time;
    nvm_err_e               rc;
    const nvm_mp4_track_t  *t;

    b->n = 0;
    b->file_size = file_size;

    for (i = 0; i < mp4->ntracks; i++) {
        t = &mp4->tracks[i];

        for (k = 0; k < t->nchanges; k++) {
            time = nvm_mp4_presented(t, t->changes[k].sample, file_size);
            time = (uint64_t) nvm_rescale((int64_t) time, 1000000,
                                          t->track.timescale);

            rc = nvm_mp4_bound(b, i, &t->changes[k], time);

            if (rc != NVM_OK) {
                return nvm_fault(f, rc, nvm_reader_offset(&t->stbl),
                                 "sample entries change too often");
            }
        }
    }

    return NVM_OK;
}


nvm_err_e
nvm_mp4_periods_count(nvm_mp4_t *mp4, nvm_arena_t *arena, uint64_t file_size,
    nvm_fault_t *f)
{
    uint32_t           i, changes;
    nvm_err_e          rc;
    nvm_mp4_bounds_t  *b;

    mp4->nperiods = 1;

    for (i = 0, changes = 0; i < mp4->ntracks; i++) {
        changes += mp4->tracks[i].nchanges;
    }

    if (changes == 0) {
        return NVM_OK;
    }

    b = nvm_alloc(arena, 1, sizeof(nvm_mp4_bounds_t));
    if (b == NULL) {
        return nvm_fault(f, NVM_ENOMEM, 0, "no memory for periods");
    }

    rc = nvm_mp4_bounds(b, mp4, file_size, f);
    mp4->nperiods = b->n + 1;

    return rc;
}


/* The track is that of another sample entry. */
static nvm_err_e
nvm_mp4_period_entry(nvm_mp4_track_t *t, uint32_t description, nvm_fault_t *f)
{
    nvm_err_e        rc;
    nvm_track_t      track;
    nvm_mp4_box_t    stbl = { .type = NVM_FOURCC('s', 't', 'b', 'l') };
    nvm_mp4_entry_t  entry = { .description = description };

    if (description == t->description) {
        return NVM_OK;
    }

    /* what does not stand in the entry stays */

    memset(&track, 0, sizeof(nvm_track_t));
    track.timescale = t->track.timescale;
    track.duration = t->track.duration;
    track.rotation = t->track.rotation;
    memcpy(track.lang, t->track.lang, sizeof(track.lang));

    stbl.r = t->stbl;
    stbl.offset = nvm_reader_offset(&t->stbl);

    rc = nvm_mp4_entry_parse(&stbl, t->track.kind, &track, &entry, f);

    if (rc == NVM_OK) {
        t->track = track;
        t->description = description;
    }

    return rc;
}


/* Where a period begins and ends; NULL: where the file does. */
typedef struct {
    const nvm_mp4_bound_t  *start;
    const nvm_mp4_bound_t  *end;
    uint64_t                file_size;
} nvm_mp4_period_t;


/* The frame rate of what is left; the one that was known is of all. */
static void
nvm_mp4_period_rate(nvm_mp4_track_t *t, uint64_t file_size)
{
    nvm_sample_t       s;
    nvm_mp4_samples_t  walk;

    if (t->track.kind != NVM_VIDEO) {
        return;
    }

    nvm_mp4_samples_init(&walk, t, file_size);

    if (nvm_mp4_samples_peek(&walk, &s) == NVM_OK && s.duration
        && walk.at.stts_left + 1 >= t->nsamples - t->first)
    {
        nvm_mp4_frame_rate(t, s.duration);
        return;
    }

    t->track.fps_num = 0;
    t->track.fps_den = 1;
}


/* Leaves what a track has in the period; NVM_ENOENT: that is nothing. */
static nvm_err_e
nvm_mp4_period_track(nvm_mp4_track_t *t, uint32_t track,
    const nvm_mp4_period_t *p)
{
    uint32_t                 scale;
    uint64_t                 from, to, at;
    nvm_err_e                rc;
    const nvm_mp4_change_t  *first, *next;

    scale = t->track.timescale;
    first = p->start && p->start->change[track].description
            ? &p->start->change[track] : NULL;
    next = p->end && p->end->change[track].description
           ? &p->end->change[track] : NULL;

    at = p->start ? (uint64_t) nvm_rescale((int64_t) p->start->time, scale,
                                           1000000) : 0;
    from = first ? nvm_mp4_presented(t, first->sample, p->file_size) : at;
    to = next ? nvm_mp4_presented(t, next->sample, p->file_size)
         : p->end ? (uint64_t) nvm_rescale((int64_t) p->end->time, scale,
                                           1000000)
         : UINT64_MAX;

    rc = nvm_mp4_clip_track(t, from, to);

    if (rc != NVM_OK) {
        return rc;
    }

    if (from > at) {
        t->delay += from - at;
        t->track.duration += from - at;
    }

    /* nothing of another entry, not for decoding either */

    if (first) {
        t->first = first->sample;
    }

    if (next) {
        t->nsamples = next->sample;
    }

    if (first || next) {
        nvm_mp4_period_rate(t, p->file_size);
    }

    return NVM_OK;
}


/* The entry that a track has from bound n on. */
static uint32_t
nvm_mp4_period_description(const nvm_mp4_bounds_t *b, uint32_t track,
    uint32_t n, uint32_t description)
{
    uint32_t  k;

    for (k = 0; k < n; k++) {
        if (b->bounds[k].change[track].description) {
            description = b->bounds[k].change[track].description;
        }
    }

    return description;
}


nvm_err_e
nvm_mp4_period(nvm_mp4_t *mp4, uint32_t number, uint64_t file_size,
    nvm_fault_t *f)
{
    uint32_t          i, n, description;
    nvm_err_e         rc;
    nvm_mp4_track_t  *t;
    nvm_mp4_bounds_t  b;
    nvm_mp4_period_t  p;

    rc = nvm_mp4_bounds(&b, mp4, file_size, f);

    if (rc != NVM_OK) {
        return rc;
    }

    if (b.n == 0 || number < 1 || number > b.n + 1) {
        return nvm_fault(f, NVM_ENOENT, 0, "file has no such period");
    }

    p.start = number > 1 ? &b.bounds[number - 2] : NULL;
    p.end = number <= b.n ? &b.bounds[number - 1] : NULL;
    p.file_size = file_size;

    for (i = 0, n = 0; i < mp4->ntracks; i++) {
        t = &mp4->tracks[i];

        if (t->track.kind == NVM_TEXT) {
            continue;
        }

        description = nvm_mp4_period_description(&b, i, number - 1,
                                                 t->description);
        rc = nvm_mp4_period_entry(t, description, f);

        if (rc != NVM_OK) {
            return rc;
        }

        if (nvm_mp4_period_track(t, i, &p) == NVM_OK) {
            mp4->tracks[n++] = *t;
        }
    }

    mp4->ntracks = n;
    mp4->nperiods = 1;

    return n ? NVM_OK : nvm_fault(f, NVM_ENOENT, 0, "nothing in the period");
}
