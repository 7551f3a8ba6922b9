/*
 * Copyright (C) ngx_video authors
 *
 * The index of a file as it is kept: sections, records, rates.
 */

#include <string.h>

#include "nvm_index_build.h"


#define NVM_INDEX_ALIGN  16

/*
 * What nvm_cmaf_chunk_write() adds to a segment's samples: its boxes, and
 * four bytes for each field that trun may have.
 */
#define NVM_INDEX_BOXES  136
#define NVM_INDEX_FIELD  4

/* What holes take of a segment at most, see nvm_cmaf_holes(), and the boxes of
   the runs between them: a tenth */
#define NVM_INDEX_HOLES  10


/* See nvm_index_track_t. */
typedef struct {
    uint32_t  target;
    uint32_t  peak;
    uint32_t  average;
} nvm_index_rates_t;


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


/* Bytes of trun for a sample of the track, at most. */
static uint64_t
nvm_index_sample_overhead(const nvm_mp4_track_t *t)
{
    uint64_t  fields;

    if (t->nfragments) {
        /* whatever the runs of the source have */
        fields = t->track.kind == NVM_VIDEO ? 4 : 2;

    } else {
        fields = (t->sample_size == 0) + (t->stts.count > 1);
        fields += t->track.kind == NVM_VIDEO ? 1 + t->has_stss : 0;
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
 * The longest of some segments in seconds, and their peak and average rate as
 * RFC 8216bis, 4.4.6.2, means them: of segments as they are sent, the peak
 * over any run of them that lasts half a target or more.  No run is above its
 * highest segment; one that is shorter than that, which only the last can be,
 * counts together with the one before it.
 */
static void
nvm_index_rates(const nvm_index_builder_t *b, const nvm_mp4_track_t *t,
    const nvm_index_segment_t *s, uint32_t n, nvm_index_rates_t *out)
{
    uint32_t                    rate, scale;
    uint64_t                    bytes, total, ticks, longest, least, field;
    uint64_t                    target, before, lasted;
    const nvm_index_segment_t  *end;

    scale = t->track.timescale;
    end = s + n;
    before = 0;
    lasted = 0;
    longest = 0;
    field = nvm_index_sample_overhead(t);

    for (s = end - n; s < end; s++) {
        longest = s->duration > longest ? s->duration : longest;
    }

    out->target = (uint32_t) nvm_rescale((int64_t) longest, 1, scale);
    out->target += out->target ? 0 : 1;

    target = (uint64_t) nvm_rescale(b->target, scale, 1000);
    least = (uint64_t) out->target * scale;
    least = (least < target ? least : target) / 2;

    out->peak = 0;
    total = 0;
    ticks = 0;

    for (s = end - n; s < end; s++) {

        if (s->nsamples == 0) {
            continue;
        }

        bytes = s->bytes + NVM_INDEX_BOXES + field * s->nsamples;
        bytes += t->track.holes ? bytes / NVM_INDEX_HOLES : 0;
        total += bytes;
        ticks += s->duration;

        if (s->duration < least && before) {
            rate = nvm_index_rate(bytes + before, s->duration + lasted, scale);

        } else {
            rate = nvm_index_rate(bytes, s->duration > least ? s->duration
                                                             : least, scale);
        }

        out->peak = rate > out->peak ? rate : out->peak;
        before = bytes;
        lasted = s->duration;
    }

    out->average = nvm_index_rate(total, ticks, scale);
    out->peak = out->average > out->peak ? out->average : out->peak;
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
nvm_index_track_write(nvm_index_builder_t *b, const nvm_index_out_t *o,
    uint32_t i)
{
    uint32_t                k;
    nvm_index_rates_t       rates;
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
    track->empty = t->empty;
    track->in_moov = t->tables;
    nvm_index_fragments(b, track, t);

    nvm_index_rates(b, t, o->segments, o->n, &rates);
    track->target = rates.target;
    track->track.bandwidth = rates.peak;
    track->track.avg_bandwidth = rates.average;

    if (o->nkeys) {
        memcpy(b->start + track->keys, o->keys,
               o->nkeys * sizeof(nvm_index_segment_t));

        nvm_index_rates(b, t, o->keys, o->nkeys, &rates);
        track->nkeys = o->nkeys;
        track->keys_target = rates.target;
        track->keys_bandwidth = rates.peak;
        track->keys_average = rates.average;
    }
}


/* Lays the index out and allocates it. */
static nvm_err_e
nvm_index_layout(nvm_index_builder_t *b)
{
    uint32_t            i, n;
    uint64_t            at[NVM_MAX_TRACKS][3], bounds;
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

        at[n][2] = nvm_index_room(b, b->out[i].nkeys,
                                  sizeof(nvm_index_segment_t));

        if (at[n][0] == UINT64_MAX || at[n][1] == UINT64_MAX
            || at[n][2] == UINT64_MAX)
        {
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
        tracks[i].keys = at[i][2];
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
    head->nperiods = 1;
    head->placed = b->mp4->placed;
    head->origin = b->mp4->origin;
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
nvm_index_write(nvm_index_builder_t *b)
{
    uint32_t   i, n;
    nvm_err_e  rc;

    rc = nvm_index_layout(b);
    if (rc != NVM_OK) {
        return rc;
    }

    for (i = 0, n = 0; i < b->mp4->ntracks; i++) {
        if (!b->out[i].misaligned) {
            nvm_index_track_write(b, &b->out[i], n++);
        }
    }

    nvm_index_head_write(b);

    return NVM_OK;
}
