/*
 * Copyright (C) ngx_video authors
 *
 * Building the index of a file.  Where tracks are cut: nvm_index_cut.c.
 * Reading it: nvm_index_read.c.
 */

#include <string.h>

#include "nvm_index.h"
#include "nvm_index_cut.h"


#define NVM_INDEX_ALIGN       16

#define NVM_INDEX_MIN_TARGET  100
#define NVM_INDEX_MAX_TARGET  3600000

/* Fields of a sample's record. */
#define NVM_INDEX_MAX_SIZE    (1u << 24)
#define NVM_INDEX_MAX_OFFSET  (1ull << 40)
#define NVM_INDEX_MAX_TIME    (1u << 31)

/*
 * What nvm_cmaf_chunk_write() adds to a segment's samples: its boxes, and
 * four bytes for each field that trun may have.
 */
#define NVM_INDEX_BOXES       136
#define NVM_INDEX_FIELD       4


/* One run of the builder. */
typedef struct {
    const nvm_mp4_t      *mp4;
    nvm_fault_t          *f;
    uint64_t              file_size;
    uint64_t              size;
    uint8_t              *start;
    uint32_t              target;       /* ms */
    uint32_t              lead;         /* the reference track */
    nvm_index_bounds_t    bounds;
    nvm_index_span_t      spans[NVM_MAX_TRACKS];
} nvm_index_builder_t;


/* Where the records of a track go. */
typedef struct {
    const nvm_mp4_track_t   *t;
    const nvm_index_span_t  *span;
    nvm_index_track_t       *track;
    nvm_index_segment_t     *segments;
    nvm_index_sample_t      *samples;
    uint32_t                 n;         /* segments so far */
} nvm_index_out_t;


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


/* The span of each track, that of the reference first, and the boundaries. */
static nvm_err_e
nvm_index_spans(nvm_index_builder_t *b, nvm_arena_t *arena)
{
    uint32_t                i;
    nvm_err_e               rc;
    const nvm_mp4_track_t  *t;

    t = b->mp4->tracks;

    for (i = 0; i < b->mp4->ntracks; i++) {
        if (t[i].track.kind == NVM_VIDEO) {
            b->lead = i;
            break;
        }
    }

    rc = nvm_index_bounds_init(&b->bounds, arena, &t[b->lead], b->target);
    if (rc != NVM_OK) {
        return nvm_fault(b->f, rc, 0, "no memory for segment boundaries");
    }

    rc = nvm_index_span(&b->spans[b->lead], &b->bounds, &t[b->lead], 1,
                        b->file_size, b->f);

    /* those of samples that are not used are none */

    b->bounds.n = b->spans[b->lead].nsegments;

    for (i = 0; rc == NVM_OK && i < b->mp4->ntracks; i++) {
        if (i != b->lead) {
            rc = nvm_index_span(&b->spans[i], &b->bounds, &t[i], 0,
                                b->file_size, b->f);
        }
    }

    return rc;
}


/* Ends the segment in hand, if there is one, at a decode time of the output. */
static void
nvm_index_segment_end(nvm_index_out_t *o, uint32_t sample, uint64_t end)
{
    nvm_index_segment_t  *s;

    if (o->n == 0) {
        return;
    }

    s = &o->segments[o->n - 1];
    s->nsamples = sample - s->first;
    s->duration = end - s->start;
}


/* Starts segment n - 1; those before it that have no samples are empty. */
static void
nvm_index_segment_start(nvm_index_out_t *o, uint32_t n, uint32_t sample,
    uint64_t start, unsigned key)
{
    nvm_index_segment_t  *s;

    nvm_index_segment_end(o, sample, start);

    while (o->n < n) {
        s = &o->segments[o->n++];
        s->start = start;
        s->first = sample;
    }

    s = &o->segments[n - 1];
    s->key = key;
}


static nvm_err_e
nvm_index_sample(const nvm_index_builder_t *b, nvm_index_out_t *o, uint32_t i,
    const nvm_sample_t *s, uint64_t dts)
{
    int64_t               cts;
    uint64_t              time;
    nvm_index_sample_t   *record;
    nvm_index_segment_t  *segment;

    segment = &o->segments[o->n - 1];
    record = &o->samples[i];
    time = dts - segment->start;
    cts = nvm_index_pts(o->t, s) - (int64_t) s->dts - o->span->shift;

    if (s->size >= NVM_INDEX_MAX_SIZE) {
        return nvm_fault(b->f, NVM_ELIMIT, s->offset, "sample over 16 MiB");
    }

    if (s->offset >= NVM_INDEX_MAX_OFFSET) {
        return nvm_fault(b->f, NVM_ELIMIT, s->offset, "sample beyond 1 TiB");
    }

    if (time + s->duration >= NVM_INDEX_MAX_TIME) {
        return nvm_fault(b->f, NVM_ELIMIT, s->offset,
                         "segment over 2^31 ticks");
    }

    if (cts > INT32_MAX || cts < INT32_MIN) {
        return nvm_fault(b->f, NVM_ELIMIT, s->offset,
                         "composition offset over 2^31 ticks");
    }

    record->place = s->offset << 24 | s->size;
    record->time = (uint32_t) time | (uint32_t) nvm_index_key(o->t, s) << 31;
    record->cts = (int32_t) cts;
    segment->bytes += s->size;

    return NVM_OK;
}


/* Bytes of trun for a sample of the track, at most. */
static uint64_t
nvm_index_sample_overhead(const nvm_mp4_track_t *t)
{
    uint64_t  fields;

    fields = (t->sample_size == 0) + (t->stts.count > 1);

    if (t->track.kind == NVM_VIDEO) {
        fields += 1 + (t->stss.entries != NULL);
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
 * more.  No run is above its highest segment; a segment shorter than that,
 * which only the last can be, counts as if it lasted half a target.
 */
static void
nvm_index_rates(const nvm_index_builder_t *b, nvm_index_out_t *o)
{
    uint32_t              i, rate;
    uint64_t              bytes, total, ticks, longest, least, field, target;
    nvm_track_t          *t;
    nvm_index_segment_t  *s;

    t = &o->track->track;
    field = nvm_index_sample_overhead(o->t);
    longest = 0;

    for (i = 0; i < o->n; i++) {
        s = &o->segments[i];
        longest = s->duration > longest ? s->duration : longest;
    }

    o->track->target = (uint32_t) nvm_rescale((int64_t) longest, 1,
                                              t->timescale);
    o->track->target += o->track->target ? 0 : 1;

    target = (uint64_t) nvm_rescale(b->target, t->timescale, 1000);
    least = (uint64_t) o->track->target * t->timescale;
    least = (least < target ? least : target) / 2;

    total = 0;
    ticks = 0;

    for (i = 0; i < o->n; i++) {
        s = &o->segments[i];

        if (s->nsamples == 0) {
            continue;
        }

        bytes = s->bytes + NVM_INDEX_BOXES + field * s->nsamples;
        rate = nvm_index_rate(bytes, s->duration > least ? s->duration : least,
                              t->timescale);
        t->bandwidth = rate > t->bandwidth ? rate : t->bandwidth;

        total += bytes;
        ticks += s->duration;
    }

    t->avg_bandwidth = nvm_index_rate(total, ticks, t->timescale);

    if (t->avg_bandwidth > t->bandwidth) {
        t->bandwidth = t->avg_bandwidth;
    }
}


/* The second walk: what the first one counted is written. */
static nvm_err_e
nvm_index_records(nvm_index_builder_t *b, nvm_index_out_t *o, unsigned leads)
{
    uint32_t           i;
    uint64_t           dts;
    nvm_err_e          rc;
    nvm_sample_t       s;
    nvm_index_cut_t    c;
    nvm_mp4_samples_t  walk;

    nvm_index_cut_init(&c, &b->bounds, o->t, leads);
    nvm_mp4_samples_init(&walk, o->t);

    while (walk.sample < o->span->first + o->span->nsamples) {

        rc = nvm_mp4_samples_next(&walk, b->file_size, &s);
        if (rc != NVM_OK) {
            return nvm_fault(b->f, rc, s.offset, "sample tables disagree");
        }

        if (walk.sample <= o->span->first) {
            continue;
        }

        i = walk.sample - 1 - o->span->first;
        dts = s.dts - o->span->base + o->t->delay;

        if (nvm_index_cut_next(&c, &s)) {
            nvm_index_segment_start(o, c.nsegments, i, dts,
                                    nvm_index_key(o->t, &s));
        }

        rc = nvm_index_sample(b, o, i, &s, dts);
        if (rc != NVM_OK) {
            return rc;
        }
    }

    nvm_index_segment_end(o, o->span->nsamples,
                          o->span->end - o->span->base + o->t->delay);

    return NVM_OK;
}


/* Fills track i, whose sections are laid out. */
static nvm_err_e
nvm_index_write(nvm_index_builder_t *b, uint32_t i)
{
    uint32_t            k;
    nvm_err_e           rc;
    nvm_index_out_t     o = { 0 };
    nvm_index_track_t  *track;

    track = (nvm_index_track_t *)
            (void *) (b->start + sizeof(nvm_index_head_t)) + i;

    o.t = &b->mp4->tracks[i];
    o.span = &b->spans[i];
    o.track = track;
    o.segments = (void *) (b->start + track->segments);
    o.samples = (void *) (b->start + track->samples);

    track->track = o.t->track;
    track->track.id = i + 1;
    track->track.edit = o.span->edit;
    track->nsegments = o.span->nsegments;
    track->nsamples = o.span->nsamples;

    for (k = 0; k < i; k++) {
        track->name += b->mp4->tracks[k].track.kind == o.t->track.kind;
    }

    rc = nvm_index_records(b, &o, i == b->lead);
    if (rc != NVM_OK) {
        return rc;
    }

    nvm_index_rates(b, &o);

    return NVM_OK;
}


/* Lays the index out and allocates it. */
static nvm_err_e
nvm_index_layout(nvm_index_builder_t *b, nvm_arena_t *arena)
{
    uint32_t            i;
    uint64_t            at[NVM_MAX_TRACKS][2];
    nvm_index_track_t  *tracks;

    (void) nvm_index_room(b, 1, sizeof(nvm_index_head_t));
    (void) nvm_index_room(b, b->mp4->ntracks, sizeof(nvm_index_track_t));

    for (i = 0; i < b->mp4->ntracks; i++) {
        at[i][0] = nvm_index_room(b, b->spans[i].nsegments,
                                  sizeof(nvm_index_segment_t));
        at[i][1] = nvm_index_room(b, b->spans[i].nsamples,
                                  sizeof(nvm_index_sample_t));

        if (at[i][0] == UINT64_MAX || at[i][1] == UINT64_MAX) {
            return nvm_fault(b->f, NVM_ELIMIT, 0, "index is too large");
        }
    }

    b->start = nvm_alloc(arena, 1, (size_t) b->size);
    if (b->start == NULL) {
        return nvm_fault(b->f, NVM_ENOMEM, 0, "no memory for the index");
    }

    tracks = (void *) (b->start + sizeof(nvm_index_head_t));

    for (i = 0; i < b->mp4->ntracks; i++) {
        tracks[i].segments = at[i][0];
        tracks[i].samples = at[i][1];
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
    head->ntracks = b->mp4->ntracks;
    head->nskipped = b->mp4->nskipped;
    memcpy(head->skipped, b->mp4->skipped, sizeof(b->mp4->skipped));

    for (i = 0; i < b->mp4->ntracks; i++) {
        t = &b->mp4->tracks[i].track;
        ms = (uint64_t) nvm_rescale((int64_t) t->duration, 1000, t->timescale);
        head->duration = ms > head->duration ? ms : head->duration;
    }
}


nvm_err_e
nvm_index_build(nvm_arena_t *arena, const nvm_mp4_t *mp4,
    uint64_t file_size, uint32_t target, uint8_t **out, size_t *size,
    nvm_fault_t *f)
{
    uint32_t             i;
    nvm_err_e            rc;
    nvm_index_builder_t  b;

    if (mp4->ntracks == 0) {
        return nvm_fault(f, NVM_ENOENT, 0, "no track that can be packaged");
    }

    if (target < NVM_INDEX_MIN_TARGET || target > NVM_INDEX_MAX_TARGET) {
        return nvm_fault(f, NVM_EINVAL, 0, "segment duration is out of range");
    }

    memset(&b, 0, sizeof(nvm_index_builder_t));
    b.mp4 = mp4;
    b.f = f;
    b.file_size = file_size;
    b.target = target;

    rc = nvm_index_spans(&b, arena);
    if (rc == NVM_OK) {
        rc = nvm_index_layout(&b, arena);
    }

    for (i = 0; rc == NVM_OK && i < mp4->ntracks; i++) {
        rc = nvm_index_write(&b, i);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    nvm_index_head_write(&b);

    *out = b.start;
    *size = (size_t) b.size;

    return NVM_OK;
}
