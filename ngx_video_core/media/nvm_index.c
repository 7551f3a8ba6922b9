/*
 * Copyright (C) ngx_video authors
 *
 * Building the index of a file: each track is walked once.  Where it is cut:
 * nvm_index_cut.c.  What becomes of it: nvm_index_write.c.  Reading the index:
 * nvm_index_read.c.
 */

#include <string.h>

#include "nvm_index_build.h"
#include "nvm_mp4_tables.h"


#define NVM_INDEX_NO_LEAD     UINT32_MAX

#define NVM_INDEX_MIN_TARGET  100
#define NVM_INDEX_MAX_TARGET  3600000

/* Key frames that come sooner, in tenths of a second, are not listed. */
#define NVM_INDEX_KEYS        9


/* Ticks that the key frames that are listed are apart, at least. */
static uint64_t
nvm_index_keys_gap(const nvm_mp4_track_t *t)
{
    uint64_t  gap;

    gap = (uint64_t) t->track.timescale * NVM_INDEX_KEYS / 10;

    return gap ? gap : 1;
}


/*
 * Segments that a track has at most: one for each boundary, and behind the
 * last one of them one for each target and no more than its samples are.
 */
static uint32_t
nvm_index_most(const nvm_index_builder_t *b, const nvm_mp4_track_t *t,
    unsigned leads)
{
    int64_t   rest;
    uint64_t  n;

    if (t->track.kind == NVM_TEXT) {
        return 1;
    }

    if (leads) {
        return b->bounds.max;
    }

    rest = nvm_rescale((int64_t) t->track.duration, b->bounds.timescale,
                       t->track.timescale);
    rest -= b->bounds.times[b->bounds.n - 1];
    n = rest > 0 ? (uint64_t) (rest / b->bounds.target) : 0;
    n = n < t->nsamples ? n : t->nsamples;

    return b->bounds.n + (uint32_t) n + 2;
}


/* Starts the track anew: what was before is not part of the presentation. */
static void
nvm_index_begin(nvm_index_builder_t *b, nvm_index_out_t *o, unsigned leads,
    uint64_t dts)
{
    nvm_index_cut_init(&o->cut, &b->bounds, o->t, leads);

    if (leads) {
        b->bounds.n = 0;
    }

    o->n = 0;
    o->kept = 0;
    o->kept_samples = 0;
    o->nkeys = 0;
    o->kept_keys = 0;
    o->next_key = 0;
    o->span.base = dts;
    o->min_pts = INT64_MAX;
}


/* Up to the cut's segment; those before it that have no samples are empty. */
static nvm_err_e
nvm_index_segment_start(nvm_index_builder_t *b, nvm_index_out_t *o,
    const nvm_sample_t *sample)
{
    uint64_t              start;
    nvm_index_segment_t  *s;

    start = sample->dts - o->span.base + o->t->delay;

    if (o->n) {
        s = &o->segments[o->n - 1];
        s->duration = start - s->start;
    }

    if (o->cut.nsegments > o->max) {
        return nvm_fault(b->f, NVM_ELIMIT, sample->offset,
                         "too many segments");
    }

    while (o->n < o->cut.nsegments) {
        s = &o->segments[o->n++];
        memset(s, 0, sizeof(nvm_index_segment_t));
        s->start = start;
        s->mark = o->walk.at;
    }

    o->segments[o->n - 1].key = nvm_index_key(o->t, sample);

    return NVM_OK;
}


static void
nvm_index_keep(nvm_index_out_t *o, uint64_t end)
{
    o->kept = o->n;
    o->kept_samples = o->segments[o->n - 1].nsamples;
    o->kept_bytes = o->segments[o->n - 1].bytes;
    o->kept_keys = o->nkeys;
    o->end = end;
}


/* Room for the key frames of a video track. */
static nvm_err_e
nvm_index_keys_init(nvm_index_builder_t *b, nvm_index_out_t *o)
{
    uint64_t  max;

    if (o->t->track.kind != NVM_VIDEO) {
        return NVM_OK;
    }

    max = o->t->has_stss && !o->t->nfragments ? o->t->stss.count
                                              : o->t->nsamples;

    if (max > o->t->media_duration / nvm_index_keys_gap(o->t)) {
        max = o->t->media_duration / nvm_index_keys_gap(o->t);
    }

    o->max_keys = (uint32_t) max + 2;
    o->keys = nvm_alloc(b->arena, o->max_keys, sizeof(nvm_index_segment_t));

    return o->keys ? NVM_OK : nvm_fault(b->f, NVM_ENOMEM, 0,
                                        "no memory for key frames");
}


/* A sample that the walk has peeked at. */
static void
nvm_index_keys_add(nvm_index_out_t *o, const nvm_sample_t *s)
{
    uint64_t              start;
    nvm_index_segment_t  *k;

    if (!s->key || o->nkeys == o->max_keys || s->dts < o->next_key) {
        return;
    }

    start = s->dts - o->span.base + o->t->delay;

    if (o->nkeys) {
        k = &o->keys[o->nkeys - 1];
        k->duration = start - k->start;
    }

    k = &o->keys[o->nkeys++];
    memset(k, 0, sizeof(nvm_index_segment_t));
    k->start = start;
    k->bytes = s->size;
    k->nsamples = 1;
    k->key = 1;
    k->mark = o->walk.at;

    o->next_key = s->dts + nvm_index_keys_gap(o->t);
}


/* How many samples from here on are sure not to be listed as key frames. */
static uint32_t
nvm_index_keys_idle(const nvm_index_out_t *o)
{
    uint64_t               n;
    uint32_t               next;
    const nvm_mp4_mark_t  *at;

    if (o->nkeys == o->max_keys) {
        return UINT32_MAX;
    }

    at = &o->walk.at;
    n = 0;

    if (at->dts < o->next_key) {
        n = at->stts_delta ? (o->next_key - at->dts + at->stts_delta - 1)
                             / at->stts_delta
                           : at->stts_left;
    }

    if (o->t->has_stss) {
        next = at->stss_entry < o->t->stss.count
               ? nvm_mp4_table_u32(&o->t->stss, at->stss_entry, 4, 0)
               : UINT32_MAX;
        next = next > at->sample ? next - 1 - at->sample : 0;
        n = next > n ? next : n;
    }

    return n < UINT32_MAX ? (uint32_t) n : UINT32_MAX;
}


static uint64_t
nvm_index_ms(const nvm_mp4_track_t *t, const nvm_sample_t *s)
{
    int64_t  time;

    time = nvm_index_pts(t, s) - (int64_t) t->media_time
           + (int64_t) t->delay;
    time = nvm_rescale(time, 1000, t->track.timescale);

    return time > 0 ? (uint64_t) time : 0;
}


/* A segment would begin with a picture that can't be decoded alone. */
static void
nvm_index_misalign(nvm_index_builder_t *b, nvm_index_out_t *o,
    const nvm_sample_t *sample)
{
    uint32_t      n;
    nvm_sample_t  s;

    o->misaligned = 1;

    if (b->nmisaligned++) {
        return;
    }

    /* the cut has moved on: the boundary before is the one it met */

    n = o->cut.bound ? o->cut.bound - 1 : 0;
    b->boundary = n < b->bounds.n && b->bounds.times[n] > 0
                  ? (uint64_t) nvm_rescale(b->bounds.times[n], 1000,
                                           b->bounds.timescale)
                  : nvm_index_ms(o->t, sample);

    while (nvm_mp4_samples_next(&o->walk, &s) == NVM_OK) {
        if (s.key) {
            b->key = nvm_index_ms(o->t, &s);
            break;
        }
    }
}


/* The next sample, which the walk has peeked at. */
static nvm_err_e
nvm_index_sample(nvm_index_builder_t *b, nvm_index_out_t *o, unsigned leads,
    nvm_sample_t *s)
{
    int64_t               pts;
    nvm_err_e             rc;
    nvm_index_segment_t  *segment;

    if (o->n == 0 || (o->t->media_time && nvm_index_restarts(o->t, s))) {
        nvm_index_begin(b, o, leads, s->dts);
    }

    if (nvm_index_cut_next(&o->cut, s)) {

        if (!leads && o->n && !nvm_index_key(o->t, s)) {
            nvm_index_misalign(b, o, s);
            return NVM_OK;
        }

        rc = nvm_index_segment_start(b, o, s);
        if (rc != NVM_OK) {
            return rc;
        }
    }

    if (o->keys) {
        nvm_index_keys_add(o, s);
    }

    (void) nvm_mp4_samples_next(&o->walk, s);

    segment = &o->segments[o->n - 1];
    segment->nsamples++;
    segment->bytes += s->size;

    pts = nvm_index_pts(o->t, s);

    if (segment->nsamples == 2 && o->n > 1 && pts < o->first_pts) {
        /* a leading picture: it needs what was before the key frame */
        segment->key = 0;
    }

    o->first_pts = segment->nsamples == 1 ? pts : o->first_pts;
    o->min_pts = pts < o->min_pts ? pts : o->min_pts;

    if (o->t->media_end == UINT64_MAX || pts < (int64_t) o->t->media_end) {
        nvm_index_keep(o, s->dts + s->duration);
    }

    return NVM_OK;
}


/* Samples that need no look: most of a track. */
static nvm_err_e
nvm_index_idle(nvm_index_builder_t *b, nvm_index_out_t *o)
{
    uint32_t              n, keys;
    nvm_err_e             rc;
    nvm_index_segment_t  *segment;

    segment = &o->segments[o->n - 1];

    if (o->t->track.kind == NVM_VIDEO && segment->nsamples == 1) {
        /* whether the next one is a leading picture */
        return NVM_OK;
    }

    n = nvm_index_cut_idle(&o->cut, &o->walk.at, o->min_pts);

    if (n && o->keys) {
        keys = nvm_index_keys_idle(o);
        n = keys < n ? keys : n;
    }

    if (n == 0) {
        return NVM_OK;
    }

    segment->nsamples += n;

    rc = nvm_mp4_samples_skip(&o->walk, n, &segment->bytes);
    if (rc != NVM_OK) {
        return nvm_fault(b->f, rc, o->walk.at.offset,
                         "sample tables disagree");
    }

    nvm_index_keep(o, o->walk.at.dts);

    return NVM_OK;
}


static nvm_err_e
nvm_index_limit(const nvm_index_builder_t *b, const nvm_index_out_t *o)
{
    uint32_t  i;

    for (i = 0; i < o->n; i++) {
        if (o->segments[i].nsamples > NVM_INDEX_MAX_SEGMENT) {
            return nvm_fault(b->f, NVM_ELIMIT, o->segments[i].mark.offset,
                             "too many samples in a segment");
        }
    }

    return NVM_OK;
}


/* Ends the track at the last sample that is kept. */
static nvm_err_e
nvm_index_finish(nvm_index_builder_t *b, nvm_index_out_t *o)
{
    int64_t               shift;
    nvm_err_e             rc;
    nvm_index_segment_t  *last;

    if (o->kept == 0) {
        return nvm_fault(b->f, NVM_EINVAL, 0, "edit list leaves no samples");
    }

    o->n = o->kept;

    last = &o->segments[o->n - 1];
    last->nsamples = o->kept_samples;
    last->bytes = o->kept_bytes;
    last->duration = o->end - o->span.base + o->t->delay - last->start;

    o->nkeys = o->kept_keys;

    if (o->nkeys) {
        o->keys[o->nkeys - 1].duration = last->start + last->duration
                                         - o->keys[o->nkeys - 1].start;
    }

    rc = nvm_index_shift(&o->span, o->t, o->min_pts, b->f);
    if (rc != NVM_OK) {
        return rc;
    }

    shift = o->span.shift;

    if (o->t->track.kind == NVM_VIDEO
        && (o->t->max_cts - shift > INT32_MAX
            || o->t->min_cts - shift < INT32_MIN))
    {
        return nvm_fault(b->f, NVM_ELIMIT, 0,
                         "composition offset over 2^31 ticks");
    }

    return nvm_index_limit(b, o);
}


static nvm_err_e
nvm_index_walk(nvm_index_builder_t *b, uint32_t i)
{
    unsigned          leads;
    nvm_err_e         rc;
    nvm_sample_t      s;
    nvm_index_out_t  *o;

    o = &b->out[i];
    o->t = &b->mp4->tracks[i];
    leads = (i == b->lead);

    o->max = nvm_index_most(b, o->t, leads);
    o->segments = nvm_alloc(b->arena, o->max, sizeof(nvm_index_segment_t));
    if (o->segments == NULL) {
        return nvm_fault(b->f, NVM_ENOMEM, 0, "no memory for segments");
    }

    rc = nvm_index_keys_init(b, o);
    if (rc != NVM_OK) {
        return rc;
    }

    nvm_mp4_samples_init(&o->walk, o->t, b->file_size);

    while ((rc = nvm_mp4_samples_peek(&o->walk, &s)) == NVM_OK) {

        rc = nvm_index_sample(b, o, leads, &s);
        if (rc == NVM_OK && !o->misaligned) {
            rc = nvm_index_idle(b, o);
        }

        if (rc != NVM_OK || o->misaligned) {
            return rc;
        }

        if (o->t->track.kind == NVM_AUDIO
            && o->walk.at.dts >= o->t->media_end)
        {
            return nvm_index_finish(b, o);
        }
    }

    if (rc != NVM_ENOENT) {
        return nvm_fault(b->f, rc, s.offset, "sample tables disagree");
    }

    return nvm_index_finish(b, o);
}


/* The first video track, else the first of audio; ntracks: there is none. */
static uint32_t
nvm_index_reference(const nvm_mp4_t *mp4)
{
    uint32_t  i, audio;

    audio = mp4->ntracks;

    for (i = 0; i < mp4->ntracks; i++) {

        if (mp4->tracks[i].track.kind == NVM_VIDEO) {
            return i;
        }

        if (mp4->tracks[i].track.kind == NVM_AUDIO && audio == mp4->ntracks) {
            audio = i;
        }
    }

    return audio;
}


/* The boundaries: of another file, or of the track that is walked first. */
static nvm_err_e
nvm_index_bounds(nvm_index_builder_t *b, const nvm_index_lead_t *lead)
{
    nvm_err_e               rc;
    nvm_index_out_t        *o;
    nvm_index_segment_t    *last;
    const nvm_mp4_track_t  *t;

    t = b->mp4->tracks;

    if (lead) {
        b->lead = NVM_INDEX_NO_LEAD;
        rc = nvm_index_bounds_copy(&b->bounds, b->arena, lead, b->target);

        return rc == NVM_OK ? rc : nvm_fault(b->f, rc, 0,
                                             "no memory for boundaries");
    }

    b->lead = nvm_index_reference(b->mp4);

    if (b->lead == b->mp4->ntracks) {
        /* text alone needs none */
        b->lead = NVM_INDEX_NO_LEAD;
        b->bounds.timescale = 1000;
        b->bounds.target = b->target;

        return NVM_OK;
    }

    rc = nvm_index_bounds_init(&b->bounds, b->arena, &t[b->lead], b->target);
    if (rc != NVM_OK) {
        return nvm_fault(b->f, rc, 0, "no memory for boundaries");
    }

    rc = nvm_index_walk(b, b->lead);

    if (rc != NVM_OK) {
        return rc;
    }

    /* those of samples that are not kept are none */

    o = &b->out[b->lead];
    last = &o->segments[o->n - 1];
    b->bounds.n = o->n;
    b->bounds.end = (int64_t) (last->start + last->duration) - o->span.edit;

    return NVM_OK;
}


static nvm_err_e
nvm_index_tracks(nvm_index_builder_t *b, const nvm_index_lead_t *lead)
{
    uint32_t   i;
    nvm_err_e  rc;

    rc = nvm_index_bounds(b, lead);

    for (i = 0; rc == NVM_OK && i < b->mp4->ntracks; i++) {

        if (i != b->lead) {
            rc = nvm_index_walk(b, i);
        }

        if (rc != NVM_OK && rc != NVM_ENOMEM
            && b->mp4->tracks[i].track.kind == NVM_TEXT)
        {
            /* no subtitles are better than no video */
            b->out[i].misaligned = 1;
            rc = NVM_OK;

            if (b->f != NULL) {
                memset(b->f, 0, sizeof(nvm_fault_t));
            }
        }

        b->ntracks += !b->out[i].misaligned;
    }

    return rc;
}


/* How many periods a file has is all that its index tells. */
static nvm_err_e
nvm_index_periods(nvm_arena_t *arena, const nvm_mp4_t *mp4,
    uint64_t file_size, uint32_t target, uint8_t **out, size_t *size)
{
    nvm_index_head_t  *head;

    head = nvm_alloc(arena, 1, sizeof(nvm_index_head_t));
    if (head == NULL) {
        return NVM_ENOMEM;
    }

    head->magic = NVM_INDEX_MAGIC;
    head->size = sizeof(nvm_index_head_t);
    head->file_size = file_size;
    head->target = target;
    head->nperiods = mp4->nperiods;
    head->nskipped = mp4->nskipped;
    memcpy(head->skipped, mp4->skipped, sizeof(mp4->skipped));

    *out = (uint8_t *) head;
    *size = sizeof(nvm_index_head_t);

    return NVM_OK;
}


nvm_err_e
nvm_index_build(nvm_arena_t *arena, const nvm_mp4_t *mp4,
    uint64_t file_size, uint32_t target, const nvm_index_lead_t *lead,
    uint8_t **out, size_t *size, nvm_fault_t *f)
{
    nvm_err_e             rc;
    nvm_index_builder_t  *b;

    if (mp4->ntracks == 0) {
        return nvm_fault(f, NVM_ENOENT, 0, "no track that can be packaged");
    }

    if (target < NVM_INDEX_MIN_TARGET || target > NVM_INDEX_MAX_TARGET) {
        return nvm_fault(f, NVM_EINVAL, 0, "segment duration is out of range");
    }

    if (mp4->nperiods > 1) {
        return lead ? nvm_fault(f, NVM_EUNSUP, 0,
                                "a rendition uses several sample entries")
                    : nvm_index_periods(arena, mp4, file_size, target, out,
                                        size);
    }

    b = nvm_alloc(arena, 1, sizeof(nvm_index_builder_t));
    if (b == NULL) {
        return nvm_fault(f, NVM_ENOMEM, 0, "no memory for the index");
    }

    b->mp4 = mp4;
    b->arena = arena;
    b->f = f;
    b->file_size = file_size;
    b->target = target;

    rc = nvm_index_tracks(b, lead);
    if (rc == NVM_OK) {
        rc = nvm_index_write(b);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    *out = b->start;
    *size = (size_t) b->size;

    return NVM_OK;
}
