/*
 * Copyright (C) ngx_video authors
 *
 * Reading the index of a file.  It lies in shared memory, so what is read
 * from it is checked as input is.
 */

#include <string.h>

#include "nvm_index.h"
#include "nvm_index_cut.h"


/* Records that are copied at a time. */
#define NVM_INDEX_BATCH  64


/* n records of a size at an offset are inside the index. */
static int
nvm_index_holds(const nvm_index_head_t *head, uint64_t at, uint64_t n,
    uint64_t size)
{
    uint64_t  bytes, end;

    return nvm_mul(n, size, &bytes) == 0 && nvm_add(at, bytes, &end) == 0
           && end <= head->size;
}


nvm_err_e
nvm_index_head(const nvm_index_src_t *src, nvm_index_head_t *head)
{
    nvm_err_e  rc;

    rc = src->read(src->data, 0, head, sizeof(nvm_index_head_t));
    if (rc != NVM_OK) {
        return rc;
    }

    if (head->magic != NVM_INDEX_MAGIC || head->ntracks > NVM_MAX_TRACKS
        || !nvm_index_holds(head, sizeof(nvm_index_head_t), head->ntracks,
                            sizeof(nvm_index_track_t)))
    {
        return NVM_EINVAL;
    }

    head->skipped[sizeof(head->skipped) - 1] = '\0';

    return NVM_OK;
}


nvm_err_e
nvm_index_lead(const nvm_index_src_t *src, nvm_arena_t *arena,
    nvm_index_lead_t *out)
{
    int64_t           *times;
    nvm_err_e          rc;
    nvm_index_head_t   head;

    rc = nvm_index_head(src, &head);
    if (rc != NVM_OK) {
        return rc;
    }

    if (head.nbounds == 0 || head.timescale == 0
        || !nvm_index_holds(&head, head.bounds, head.nbounds, sizeof(int64_t)))
    {
        return NVM_EINVAL;
    }

    times = nvm_alloc(arena, head.nbounds, sizeof(int64_t));
    if (times == NULL) {
        return NVM_ENOMEM;
    }

    out->times = times;
    out->n = head.nbounds;
    out->timescale = head.timescale;
    out->end = head.end;
    out->placed = head.placed;
    out->origin = head.origin;

    return src->read(src->data, head.bounds, times,
                     head.nbounds * sizeof(int64_t));
}


nvm_err_e
nvm_index_track(const nvm_index_src_t *src, uint32_t track,
    nvm_index_track_t *out)
{
    nvm_err_e         rc;
    nvm_index_head_t  head;

    rc = nvm_index_head(src, &head);
    if (rc != NVM_OK) {
        return rc;
    }

    if (track >= head.ntracks) {
        return NVM_ENOENT;
    }

    rc = src->read(src->data, sizeof(nvm_index_head_t)
                              + track * sizeof(nvm_index_track_t),
                   out, sizeof(nvm_index_track_t));
    if (rc != NVM_OK) {
        return rc;
    }

    if (!nvm_index_holds(&head, out->segments, out->nsegments,
                         sizeof(nvm_index_segment_t))
        || !nvm_index_holds(&head, out->fragments, out->nfragments,
                            sizeof(nvm_index_fragment_t))
        || !nvm_index_holds(&head, out->keys, out->nkeys,
                            sizeof(nvm_index_segment_t))
        || ((out->nfragments == 0 || out->in_moov)
            && out->tables[3].version != 4
            && out->tables[3].version != 8)
        || out->tables[4].version > 32
        || out->track.timescale == 0
        || out->track.config_len > NVM_MAX_CONFIG)
    {
        return NVM_EINVAL;
    }

    return NVM_OK;
}


nvm_err_e
nvm_index_keys(nvm_index_track_t *t)
{
    if (t->nkeys < 2) {
        return NVM_ENOENT;
    }

    t->segments = t->keys;
    t->nsegments = t->nkeys;
    t->target = t->keys_target;
    t->track.bandwidth = t->keys_bandwidth;
    t->track.avg_bandwidth = t->keys_average;
    t->track.fps_num = 0;
    t->dependent = 0;

    return NVM_OK;
}


static void
nvm_index_timeline_add(nvm_timeline_t *tl, const nvm_index_segment_t *s,
    uint32_t n)
{
    nvm_segment_t  *out;

    if (s->nsamples == 0) {
        return;
    }

    out = &tl->segments[tl->nsegments++];
    out->msn = n;
    out->start = s->start;
    out->duration = s->duration;
    out->size = s->bytes > UINT32_MAX ? UINT32_MAX : (uint32_t) s->bytes;
    out->independent = s->key != 0;
    out->complete = 1;
}


nvm_err_e
nvm_index_timeline(const nvm_index_src_t *src, const nvm_index_track_t *t,
    nvm_arena_t *arena, nvm_timeline_t *out)
{
    uint32_t             i, k, n;
    nvm_err_e            rc;
    nvm_index_segment_t  batch[NVM_INDEX_BATCH];

    memset(out, 0, sizeof(nvm_timeline_t));
    out->track = &t->track;
    out->target = t->target;
    out->ended = 1;

    out->segments = nvm_alloc(arena, t->nsegments, sizeof(nvm_segment_t));
    if (out->segments == NULL) {
        return NVM_ENOMEM;
    }

    for (i = 0; i < t->nsegments; i += n) {
        n = t->nsegments - i;
        n = n < NVM_INDEX_BATCH ? n : NVM_INDEX_BATCH;

        rc = src->read(src->data,
                       t->segments + (uint64_t) i * sizeof(batch[0]), batch,
                       n * sizeof(batch[0]));
        if (rc != NVM_OK) {
            return rc;
        }

        for (k = 0; k < n; k++) {
            nvm_index_timeline_add(out, &batch[k], i + k);
        }
    }

    return NVM_OK;
}


nvm_err_e
nvm_index_segment(const nvm_index_src_t *src, const nvm_index_track_t *t,
    uint32_t n, nvm_index_segment_t *segment)
{
    nvm_err_e  rc;

    if (n >= t->nsegments) {
        return NVM_ENOENT;
    }

    rc = src->read(src->data, t->segments + (uint64_t) n * sizeof(*segment),
                   segment, sizeof(*segment));
    if (rc != NVM_OK) {
        return rc;
    }

    return segment->nsamples > t->nsamples ? NVM_EINVAL : NVM_OK;
}


/* Entries of a table from "first" on, n at most, as many as there are. */
static void
nvm_index_window(nvm_mp4_table_t *w, const nvm_index_table_t *t,
    uint32_t first, uint32_t n)
{
    first = first < t->count ? first : t->count;
    n = n < t->count - first ? n : t->count - first;

    w->at = t->at;
    w->count = t->count;
    w->version = t->version;
    w->first = first;
    w->end = first + n;
}


/* Samples of a segment that are in tables: the first of them. */
static uint32_t
nvm_index_in_tables(const nvm_index_track_t *t,
    const nvm_index_segment_t *segment)
{
    uint32_t  n;

    if (t->nfragments == 0) {
        return segment->nsamples;
    }

    n = segment->mark.sample < t->in_moov ? t->in_moov - segment->mark.sample
                                          : 0;

    return n < segment->nsamples ? n : segment->nsamples;
}


/*
 * The windows of the tables in which the first n of a segment's samples are:
 * "left" of an entry that is in force needs no other, and each further sample
 * one at most, but for those that are of no sample.
 */
static void
nvm_index_windows(const nvm_index_track_t *t,
    const nvm_index_segment_t *segment, uint32_t n, nvm_mp4_track_t *out)
{
    uint32_t               first;
    const nvm_mp4_mark_t  *m;

    m = &segment->mark;

    nvm_index_window(&out->stts, &t->tables[0], m->stts_entry,
                     n > m->stts_left ? n - m->stts_left + t->empty : 0);
    nvm_index_window(&out->ctts, &t->tables[1], m->ctts_entry,
                     n > m->ctts_left ? n - m->ctts_left + t->empty : 0);
    nvm_index_window(&out->chunks, &t->tables[3], m->chunk,
                     n > m->chunk_left ? n - m->chunk_left : 0);

    /* the entry in force and, should a new one begin, the next */

    first = m->stsc_entry ? m->stsc_entry - 1 : 0;
    nvm_index_window(&out->stsc, &t->tables[2], first,
                     out->chunks.end - out->chunks.first + 1);

    /* entries of 4 bits are read in pairs */

    first = t->tables[4].version == 4 ? m->sample & ~1u : m->sample;
    nvm_index_window(&out->sizes, &t->tables[4], first,
                     n + (m->sample - first));

    nvm_index_window(&out->stss, &t->tables[5], m->stss_entry, n);
}


/* Where a window is in the file, by the bits of an entry. */
static nvm_range_t
nvm_index_range(const nvm_mp4_table_t *w, uint32_t bits)
{
    nvm_range_t  range;

    range.offset = w->at + (uint64_t) w->first * bits / 8;
    range.size = ((uint64_t) (w->end - w->first) * bits + 7) / 8;

    return range;
}


static size_t
nvm_index_window_ranges(const nvm_mp4_track_t *w,
    nvm_range_t ranges[NVM_INDEX_TABLES])
{
    size_t  i, size;

    ranges[0] = nvm_index_range(&w->stts, 64);
    ranges[1] = nvm_index_range(&w->ctts, 64);
    ranges[2] = nvm_index_range(&w->stsc, 96);
    ranges[3] = nvm_index_range(&w->chunks, w->chunks.version * 8);
    ranges[4] = nvm_index_range(&w->sizes, w->sizes.version);
    ranges[5] = nvm_index_range(&w->stss, 32);

    for (i = 0, size = 0; i < NVM_INDEX_TABLES; i++) {
        size += (size_t) ranges[i].size;
    }

    return size;
}


static nvm_err_e
nvm_index_plan_tables(const nvm_index_track_t *t,
    const nvm_index_segment_t *segment, uint32_t n, nvm_arena_t *arena,
    nvm_index_plan_t *plan)
{
    size_t           i;
    nvm_range_t      ranges[NVM_INDEX_TABLES];
    nvm_mp4_track_t  w;

    memset(&w, 0, sizeof(nvm_mp4_track_t));
    nvm_index_windows(t, segment, n, &w);
    plan->size = nvm_index_window_ranges(&w, ranges);

    plan->ranges = nvm_alloc(arena, NVM_INDEX_TABLES, sizeof(nvm_range_t));
    if (plan->ranges == NULL) {
        return NVM_ENOMEM;
    }

    for (i = 0; i < NVM_INDEX_TABLES; i++) {
        if (ranges[i].size) {
            plan->ranges[plan->nranges++] = ranges[i];
        }
    }

    plan->ntables = plan->nranges;

    return NVM_OK;
}


/* The fragments from that of the mark to that of the last sample. */
static nvm_err_e
nvm_index_plan_fragments(const nvm_index_src_t *src,
    const nvm_index_track_t *t, const nvm_index_segment_t *segment,
    nvm_arena_t *arena, nvm_index_plan_t *plan)
{
    uint32_t               n, k, first;
    uint64_t               end;
    nvm_err_e              rc;
    nvm_range_t           *ranges;
    nvm_index_fragment_t  *f;

    first = segment->mark.chunk - (segment->mark.chunk_left ? 1 : 0);
    first = segment->mark.sample < t->in_moov ? 0 : first;
    end = (uint64_t) segment->mark.sample + segment->nsamples;

    if (first >= t->nfragments) {
        return NVM_EINVAL;
    }

    /* each has a sample; one more tells where the last one's samples end */

    n = t->nfragments - first;
    n = n <= segment->nsamples ? n : segment->nsamples + 1;

    f = nvm_alloc(arena, n, sizeof(nvm_index_fragment_t));
    ranges = nvm_alloc(arena, n + plan->ntables, sizeof(nvm_range_t));

    if (f == NULL || ranges == NULL) {
        return NVM_ENOMEM;
    }

    if (plan->ntables) {
        memcpy(ranges, plan->ranges, plan->ntables * sizeof(nvm_range_t));
    }

    plan->ranges = ranges;
    ranges += plan->ntables;
    plan->fragments = f;
    plan->first = first;

    for (k = 0; k < n && (k == 0 || f[k - 1].first < end); k++) {
        rc = src->read(src->data, t->fragments
                       + (uint64_t) (first + k) * sizeof(*f),
                       &f[k], sizeof(*f));
        if (rc != NVM_OK) {
            return rc;
        }

        ranges[k].offset = f[k].offset;
        ranges[k].size = f[k].size;
        plan->size += f[k].size;

        if (f[k].size == 0) {
            return NVM_EINVAL;
        }

        if (plan->size > NVM_INDEX_MAX_PLAN) {
            return NVM_ELIMIT;
        }
    }

    plan->nranges = plan->ntables + k;

    return NVM_OK;
}


nvm_err_e
nvm_index_plan(const nvm_index_src_t *src, const nvm_index_track_t *t,
    const nvm_index_segment_t *segment, nvm_arena_t *arena,
    nvm_index_plan_t *plan)
{
    uint32_t   n;
    nvm_err_e  rc;

    memset(plan, 0, sizeof(nvm_index_plan_t));

    n = nvm_index_in_tables(t, segment);
    rc = n ? nvm_index_plan_tables(t, segment, n, arena, plan) : NVM_OK;

    return rc == NVM_OK && n < segment->nsamples
           ? nvm_index_plan_fragments(src, t, segment, arena, plan) : rc;
}


/* Puts the bytes of the ranges into the windows; what follows these bytes. */
static const uint8_t *
nvm_index_fill_tables(nvm_mp4_track_t *w, const uint8_t *bytes)
{
    size_t            i;
    nvm_range_t       ranges[NVM_INDEX_TABLES];
    nvm_mp4_table_t  *t[] = { &w->stts, &w->ctts, &w->stsc, &w->chunks,
                              &w->sizes, &w->stss };

    (void) nvm_index_window_ranges(w, ranges);

    for (i = 0; i < NVM_INDEX_TABLES; i++) {
        t[i]->entries = bytes;
        bytes += ranges[i].size;
    }

    return bytes;
}


static nvm_err_e
nvm_index_fill_fragments(nvm_mp4_track_t *w, const nvm_index_plan_t *plan,
    const uint8_t *bytes, nvm_arena_t *arena)
{
    uint32_t                     i, n;
    nvm_mp4_fragment_t          *to;
    const nvm_index_fragment_t  *from;

    n = plan->nranges - plan->ntables;

    to = nvm_alloc(arena, n, sizeof(nvm_mp4_fragment_t));
    if (to == NULL) {
        return NVM_ENOMEM;
    }

    w->fragments = to;
    w->first_fragment = plan->first;
    w->nfragments = n;

    for (i = 0; i < n; i++) {
        from = &plan->fragments[i];
        to[i].offset = from->offset;
        to[i].dts = from->dts;
        to[i].size = from->size;
        to[i].first = from->first;
        to[i].moof = bytes;
        bytes += from->size;
    }

    return NVM_OK;
}


/* A track that has as much of the source's as the segment's samples need. */
static nvm_err_e
nvm_index_window_track(const nvm_index_track_t *t,
    const nvm_index_segment_t *segment, const nvm_index_plan_t *plan,
    const uint8_t *bytes, nvm_arena_t *arena, nvm_mp4_track_t *w)
{
    uint32_t  n;

    memset(w, 0, sizeof(nvm_mp4_track_t));

    w->track.kind = t->track.kind;
    w->nsamples = UINT32_MAX;
    w->sample_size = t->sample_size;
    w->has_stss = t->has_stss;
    w->source_id = t->source_id;
    w->trex = t->trex;

    w->tables = t->in_moov;

    n = nvm_index_in_tables(t, segment);

    if (n) {
        nvm_index_windows(t, segment, n, w);
        bytes = nvm_index_fill_tables(w, bytes);
    }

    return plan->fragments ? nvm_index_fill_fragments(w, plan, bytes, arena)
                           : NVM_OK;
}


nvm_err_e
nvm_index_samples(const nvm_index_track_t *t,
    const nvm_index_segment_t *segment, const nvm_index_plan_t *plan,
    const uint8_t *bytes, nvm_arena_t *arena, nvm_sample_t **samples)
{
    uint32_t            i;
    uint64_t            end;
    nvm_err_e           rc;
    nvm_sample_t       *s;
    nvm_mp4_track_t     w;
    nvm_mp4_samples_t   walk;

    s = nvm_alloc(arena, segment->nsamples, sizeof(nvm_sample_t));
    if (s == NULL) {
        return NVM_ENOMEM;
    }

    rc = nvm_index_window_track(t, segment, plan, bytes, arena, &w);
    if (rc != NVM_OK) {
        return rc;
    }

    nvm_mp4_samples_init(&walk, &w, t->file_size);
    walk.at = segment->mark;

    for (i = 0; i < segment->nsamples; i++) {
        rc = nvm_mp4_samples_next(&walk, &s[i]);
        if (rc != NVM_OK) {
            return NVM_EINVAL;
        }

        s[i].cts = (int32_t) (nvm_index_pts(&w, &s[i]) - (int64_t) s[i].dts
                              - t->shift);
        s[i].key = nvm_index_key(&w, &s[i]);
        s[i].dts += t->delay - t->base;
    }

    /* the next segment's first sample is where this one ends */

    end = segment->start + segment->duration;

    if (i && end > s[i - 1].dts) {
        s[i - 1].duration = (uint32_t) (end - s[i - 1].dts);
    }

    *samples = s;

    return NVM_OK;
}
