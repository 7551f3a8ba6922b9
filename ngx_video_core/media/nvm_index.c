/*
 * Copyright (C) ngx_video authors
 *
 * Building the index of a file: each track is walked once.  Where it is cut:
 * nvm_index_cut.c.  Reading the index: nvm_index_read.c.
 */

#include <string.h>

#include "nvm_index.h"
#include "nvm_index_cut.h"


#define NVM_INDEX_ALIGN       16

#define NVM_INDEX_NO_LEAD     UINT32_MAX

#define NVM_INDEX_MIN_TARGET  100
#define NVM_INDEX_MAX_TARGET  3600000

/*
 * What nvm_cmaf_chunk_write() adds to a segment's samples: its boxes, and
 * four bytes for each field that trun may have.
 */
#define NVM_INDEX_BOXES       136
#define NVM_INDEX_FIELD       4


/* A track on its way into the index. */
typedef struct {
    const nvm_mp4_track_t  *t;
    nvm_mp4_samples_t       walk;
    nvm_index_cut_t         cut;
    nvm_index_span_t        span;
    int64_t                 min_pts;
    int64_t                 first_pts;  /* of the segment in hand */

    nvm_index_segment_t    *segments;
    uint32_t                max;
    uint32_t                n;          /* segments so far */

    /* the same at the last sample that the edit list leaves */
    uint32_t                kept;
    uint32_t                kept_samples;       /* of the last segment */
    uint64_t                kept_bytes;
    uint64_t                end;                /* dts after it */

    unsigned                misaligned:1;       /* left out */
} nvm_index_out_t;


/* One run of the builder. */
typedef struct {
    const nvm_mp4_t      *mp4;
    nvm_arena_t          *arena;
    nvm_fault_t          *f;
    uint64_t              file_size;
    uint64_t              size;
    uint8_t              *start;
    uint32_t              target;       /* ms */
    uint32_t              lead;         /* the reference track, if it has */
    nvm_index_bounds_t    bounds;
    nvm_index_out_t       out[NVM_MAX_TRACKS];
    uint32_t              ntracks;      /* that are not left out */
    uint32_t              nmisaligned;
    uint64_t              boundary;     /* ms, see nvm_index_head_t */
    uint64_t              key;
} nvm_index_builder_t;


/* Takes room for n records; returns their offset, UINT64_MAX on overflow. */
static uint64_t
nvm_index_room(nvm_index_builder_t *b, uint64_t n, uint64_t size)
{
    uint64_t  at, bytes, end;

    at = b->size;

    if (nvm_mul(n, size, &bytes) != 0 || nvm_add(at, bytes, &end) != 0
        || end > SIZE_MAX - NVM_INDEX_ALIGN)
    {
        return UINT64_MAX;
    }

    b->size = (end + NVM_INDEX_ALIGN - 1) / NVM_INDEX_ALIGN * NVM_INDEX_ALIGN;

    return at;
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
    o->end = end;
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
    uint32_t              n;
    nvm_err_e             rc;
    nvm_index_segment_t  *segment;

    segment = &o->segments[o->n - 1];

    if (o->t->track.kind == NVM_VIDEO && segment->nsamples == 1) {
        /* whether the next one is a leading picture */
        return NVM_OK;
    }

    n = nvm_index_cut_idle(&o->cut, &o->walk.at, o->min_pts);
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
    const nvm_mp4_track_t  *t;

    t = b->mp4->tracks;

    if (lead) {
        b->lead = NVM_INDEX_NO_LEAD;
        rc = nvm_index_bounds_copy(&b->bounds, b->arena, lead, b->target);

        return rc == NVM_OK ? rc : nvm_fault(b->f, rc, 0,
                                             "no memory for boundaries");
    }

    b->lead = nvm_index_reference(b->mp4);

    rc = nvm_index_bounds_init(&b->bounds, b->arena, &t[b->lead], b->target);
    if (rc != NVM_OK) {
        return nvm_fault(b->f, rc, 0, "no memory for boundaries");
    }

    rc = nvm_index_walk(b, b->lead);

    /* those of samples that are not kept are none */

    b->bounds.n = b->out[b->lead].n;

    return rc;
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


/* Bytes of trun for a sample of the track, at most. */
static uint64_t
nvm_index_sample_overhead(const nvm_mp4_track_t *t)
{
    uint64_t  fields;

    fields = (t->sample_size == 0) + (t->stts.count > 1);

    if (t->track.kind == NVM_VIDEO) {
        fields += 1 + t->has_stss;
    }

    return fields * NVM_INDEX_FIELD;
}


static uint32_t
nvm_index_rate(uint64_t bytes, uint64_t ticks, uint32_t timescale)
{
    __uint128_t  rate;

    if (ticks == 0) {
        return 0;
    }

    rate = ((__uint128_t) bytes * 8 * timescale + ticks - 1) / ticks;

    return rate > UINT32_MAX ? UINT32_MAX : (uint32_t) rate;
}


/*
 * Peak and average rate as RFC 8216bis, 4.4.6.2, means them: of segments as
 * they are sent, the peak over any run of them that lasts half a target or
 * more.  No run is above its highest segment; one that is shorter than that,
 * which only the last can be, counts together with the one before it.
 */
static void
nvm_index_rates(const nvm_index_builder_t *b, const nvm_index_out_t *o,
    nvm_index_track_t *track)
{
    uint32_t              i, rate;
    uint64_t              bytes, total, ticks, longest, least, field, target;
    uint64_t              before, lasted;
    nvm_track_t          *t;
    nvm_index_segment_t  *s;

    t = &track->track;
    before = 0;
    lasted = 0;
    field = nvm_index_sample_overhead(o->t);
    longest = 0;

    for (i = 0; i < o->n; i++) {
        s = &o->segments[i];
        longest = s->duration > longest ? s->duration : longest;
    }

    track->target = (uint32_t) nvm_rescale((int64_t) longest, 1,
                                           t->timescale);
    track->target += track->target ? 0 : 1;

    target = (uint64_t) nvm_rescale(b->target, t->timescale, 1000);
    least = (uint64_t) track->target * t->timescale;
    least = (least < target ? least : target) / 2;

    total = 0;
    ticks = 0;

    for (i = 0; i < o->n; i++) {
        s = &o->segments[i];

        if (s->nsamples == 0) {
            continue;
        }

        bytes = s->bytes + NVM_INDEX_BOXES + field * s->nsamples;
        total += bytes;
        ticks += s->duration;

        if (s->duration < least && before) {
            rate = nvm_index_rate(bytes + before, s->duration + lasted,
                                  t->timescale);

        } else {
            rate = nvm_index_rate(bytes, s->duration > least ? s->duration
                                                             : least,
                                  t->timescale);
        }

        t->bandwidth = rate > t->bandwidth ? rate : t->bandwidth;
        before = bytes;
        lasted = s->duration;
    }

    t->avg_bandwidth = nvm_index_rate(total, ticks, t->timescale);

    if (t->avg_bandwidth > t->bandwidth) {
        t->bandwidth = t->avg_bandwidth;
    }
}


static void
nvm_index_table(nvm_index_table_t *to, const nvm_mp4_table_t *from)
{
    to->at = from->at;
    to->count = from->count;
    to->version = from->version;
}


static void
nvm_index_fragments(nvm_index_builder_t *b, const nvm_index_track_t *track,
    const nvm_mp4_track_t *t)
{
    uint32_t               i;
    nvm_index_fragment_t  *out;

    out = (void *) (b->start + track->fragments);

    for (i = 0; i < t->nfragments; i++) {
        out[i].offset = t->fragments[i].offset;
        out[i].dts = t->fragments[i].dts;
        out[i].size = t->fragments[i].size;
        out[i].first = t->fragments[i].first;
    }
}


/* Fills track i, whose sections are laid out. */
static void
nvm_index_write(nvm_index_builder_t *b, const nvm_index_out_t *o, uint32_t i)
{
    uint32_t                k;
    nvm_index_track_t      *track;
    const nvm_mp4_track_t  *t;

    track = (nvm_index_track_t *)
            (void *) (b->start + sizeof(nvm_index_head_t)) + i;

    t = o->t;

    memcpy(b->start + track->segments, o->segments,
           o->n * sizeof(nvm_index_segment_t));

    track->track = t->track;
    track->track.id = i + 1;
    track->track.edit = o->span.edit;
    track->nsegments = o->n;

    for (k = 0; k < o->n; k++) {
        track->nsamples += o->segments[k].nsamples;
        track->dependent |= o->segments[k].nsamples && !o->segments[k].key;
    }

    for (k = 0; k < i; k++) {
        track->name += (track - i + k)->track.kind == t->track.kind;
    }

    track->file_size = b->file_size;
    track->base = o->span.base;
    track->delay = t->delay;
    track->shift = o->span.shift;

    if (t->track.kind == NVM_VIDEO && t->min_cts < o->span.shift) {
        track->early = (uint32_t) (o->span.shift - t->min_cts);
    }

    track->sample_size = t->sample_size;
    track->has_stss = t->has_stss;

    nvm_index_table(&track->tables[0], &t->stts);
    nvm_index_table(&track->tables[1], &t->ctts);
    nvm_index_table(&track->tables[2], &t->stsc);
    nvm_index_table(&track->tables[3], &t->chunks);
    nvm_index_table(&track->tables[4], &t->sizes);
    nvm_index_table(&track->tables[5], &t->stss);

    track->nfragments = t->nfragments;
    track->source_id = t->source_id;
    track->trex = t->trex;
    nvm_index_fragments(b, track, t);

    nvm_index_rates(b, o, track);
}


/* Lays the index out and allocates it. */
static nvm_err_e
nvm_index_layout(nvm_index_builder_t *b)
{
    uint32_t            i, n;
    uint64_t            at[NVM_MAX_TRACKS][2], bounds;
    nvm_index_track_t  *tracks;

    (void) nvm_index_room(b, 1, sizeof(nvm_index_head_t));
    (void) nvm_index_room(b, b->ntracks, sizeof(nvm_index_track_t));

    for (i = 0, n = 0; i < b->mp4->ntracks; i++) {

        if (b->out[i].misaligned) {
            continue;
        }

        at[n][0] = nvm_index_room(b, b->out[i].n,
                                  sizeof(nvm_index_segment_t));
        at[n][1] = nvm_index_room(b, b->mp4->tracks[i].nfragments,
                                  sizeof(nvm_index_fragment_t));

        if (at[n][0] == UINT64_MAX || at[n][1] == UINT64_MAX) {
            return nvm_fault(b->f, NVM_ELIMIT, 0, "index is too large");
        }

        n++;
    }

    bounds = nvm_index_room(b, b->bounds.n, sizeof(int64_t));
    if (bounds == UINT64_MAX) {
        return nvm_fault(b->f, NVM_ELIMIT, 0, "index is too large");
    }

    b->start = nvm_alloc(b->arena, 1, (size_t) b->size);
    if (b->start == NULL) {
        return nvm_fault(b->f, NVM_ENOMEM, 0, "no memory for the index");
    }

    ((nvm_index_head_t *) (void *) b->start)->bounds = bounds;
    memcpy(b->start + bounds, b->bounds.times, b->bounds.n * sizeof(int64_t));

    tracks = (void *) (b->start + sizeof(nvm_index_head_t));

    for (i = 0; i < n; i++) {
        tracks[i].segments = at[i][0];
        tracks[i].fragments = at[i][1];
    }

    return NVM_OK;
}


static void
nvm_index_head_write(const nvm_index_builder_t *b)
{
    uint32_t            i;
    uint64_t            ms;
    nvm_index_head_t   *head;
    const nvm_track_t  *t;

    head = (void *) b->start;

    head->magic = NVM_INDEX_MAGIC;
    head->size = b->size;
    head->file_size = b->file_size;
    head->target = b->target;
    head->ntracks = b->ntracks;

    for (i = 0; i < b->mp4->ntracks; i++) {
        t = &b->mp4->tracks[i].track;
        head->nvideo += !b->out[i].misaligned && t->kind == NVM_VIDEO;
        head->naudio += !b->out[i].misaligned && t->kind == NVM_AUDIO;
        head->ntext += !b->out[i].misaligned && t->kind == NVM_TEXT;
    }

    head->nmisaligned = b->nmisaligned;
    head->boundary = b->boundary;
    head->key = b->key;
    head->nbounds = b->bounds.n;
    head->timescale = b->bounds.timescale;
    head->end = b->bounds.end;
    head->nskipped = b->mp4->nskipped;
    memcpy(head->skipped, b->mp4->skipped, sizeof(b->mp4->skipped));

    for (i = 0; i < b->mp4->ntracks; i++) {
        t = &b->mp4->tracks[i].track;

        if (t->kind == NVM_TEXT) {
            continue;
        }

        ms = (uint64_t) nvm_rescale((int64_t) t->duration, 1000, t->timescale);
        head->duration = ms > head->duration ? ms : head->duration;
    }
}


nvm_err_e
nvm_index_build(nvm_arena_t *arena, const nvm_mp4_t *mp4,
    uint64_t file_size, uint32_t target, const nvm_index_lead_t *lead,
    uint8_t **out, size_t *size, nvm_fault_t *f)
{
    uint32_t              i, n;
    nvm_err_e             rc;
    nvm_index_builder_t  *b;

    if (nvm_index_reference(mp4) == mp4->ntracks) {
        return nvm_fault(f, NVM_ENOENT, 0, "no track that can be packaged");
    }

    if (target < NVM_INDEX_MIN_TARGET || target > NVM_INDEX_MAX_TARGET) {
        return nvm_fault(f, NVM_EINVAL, 0, "segment duration is out of range");
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
        rc = nvm_index_layout(b);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    for (i = 0, n = 0; i < mp4->ntracks; i++) {
        if (!b->out[i].misaligned) {
            nvm_index_write(b, &b->out[i], n++);
        }
    }

    nvm_index_head_write(b);

    *out = b->start;
    *size = (size_t) b->size;

    return NVM_OK;
}
