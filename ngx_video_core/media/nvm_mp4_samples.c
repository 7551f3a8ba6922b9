/*
 * Copyright (C) ngx_video authors
 *
 * The walk over the samples of a track, in decode order.  The tables have
 * been checked by nvm_mp4_tables.c; an entry that is missing all the same
 * gives NVM_EINVAL, never a read outside.
 */

#include <string.h>

#include "nvm_mp4_tables.h"


void
nvm_mp4_samples_init(nvm_mp4_samples_t *s, const nvm_mp4_track_t *t,
    uint64_t file_size)
{
    uint64_t  bytes;

    memset(s, 0, sizeof(nvm_mp4_samples_t));
    s->t = t;
    s->file_size = file_size;

    if (t->first) {
        /* what can't be passed over can't be read either */
        bytes = 0;
        (void) nvm_mp4_samples_skip(s, t->first, &bytes);
    }
}


/* Moves to the run of stts that holds the next sample. */
static int
nvm_mp4_samples_time(nvm_mp4_samples_t *s)
{
    nvm_mp4_mark_t         *at;
    const nvm_mp4_table_t  *stts;

    at = &s->at;
    stts = &s->t->stts;

    do {
        if (!nvm_mp4_table_has(stts, at->stts_entry)) {
            return -1;
        }

        at->stts_left = nvm_mp4_table_u32(stts, at->stts_entry, 8, 0);
        at->stts_delta = nvm_mp4_table_u32(stts, at->stts_entry, 8, 4);
        at->stts_entry++;
    } while (at->stts_left == 0);

    return 0;
}


static int
nvm_mp4_samples_composition(nvm_mp4_samples_t *s)
{
    nvm_mp4_mark_t         *at;
    const nvm_mp4_table_t  *ctts;

    at = &s->at;
    ctts = &s->t->ctts;

    do {
        if (!nvm_mp4_table_has(ctts, at->ctts_entry)) {
            return -1;
        }

        at->ctts_left = nvm_mp4_table_u32(ctts, at->ctts_entry, 8, 0);
        at->ctts_offset = (int32_t) nvm_mp4_table_u32(ctts, at->ctts_entry, 8,
                                                      4);
        at->ctts_entry++;
    } while (at->ctts_left == 0);

    return 0;
}


/* Moves to the next chunk. */
static int
nvm_mp4_samples_chunk(nvm_mp4_samples_t *s)
{
    nvm_mp4_mark_t         *at;
    const nvm_mp4_table_t  *stsc;

    at = &s->at;
    stsc = &s->t->stsc;

    if (!nvm_mp4_table_has(&s->t->chunks, at->chunk)) {
        return -1;
    }

    if (nvm_mp4_table_u32(stsc, at->stsc_entry, 12, 0) == at->chunk + 1) {
        at->stsc_entry++;
    }

    if (at->stsc_entry == 0) {
        return -1;
    }

    at->offset = nvm_mp4_chunk_offset(s->t, at->chunk);
    at->chunk_left = nvm_mp4_table_u32(stsc, at->stsc_entry - 1, 12, 4);
    at->chunk++;

    return at->chunk_left ? 0 : -1;
}


/* Makes what is in force hold the next sample. */
static inline int
nvm_mp4_samples_load(nvm_mp4_samples_t *s)
{
    return (s->at.stts_left == 0 && nvm_mp4_samples_time(s) != 0)
           || (s->at.ctts_left == 0 && s->t->ctts.count
               && nvm_mp4_samples_composition(s) != 0)
           || (s->at.chunk_left == 0 && nvm_mp4_samples_chunk(s) != 0);
}


static inline unsigned
nvm_mp4_samples_key(const nvm_mp4_samples_t *s)
{
    return !s->t->has_stss
           || nvm_mp4_table_u32(&s->t->stss, s->at.stss_entry, 4, 0)
              == s->at.sample + 1;
}


/* Whether the next sample is one of a fragment. */
static inline int
nvm_mp4_samples_fragmented(const nvm_mp4_samples_t *s)
{
    return s->t->fragments && s->at.sample >= s->t->tables;
}


/* Behind the last sample that has tables the first fragment is the next. */
static inline void
nvm_mp4_samples_cross(nvm_mp4_samples_t *s)
{
    if (s->t->fragments && s->at.sample == s->t->tables) {
        s->at.chunk = 0;
        s->at.chunk_left = 0;
    }
}


/* Makes the fragment in force hold the next sample, and runs stand at it. */
static nvm_err_e
nvm_mp4_samples_fragment(nvm_mp4_samples_t *s)
{
    uint32_t                   n, total;
    nvm_mp4_mark_t            *at;
    const nvm_mp4_fragment_t  *fragment;

    at = &s->at;

    if (at->chunk_left && s->runs.t) {
        return NVM_OK;
    }

    n = at->chunk_left ? at->chunk - 1 : at->chunk;

    if (n < s->t->first_fragment
        || n - s->t->first_fragment >= s->t->nfragments)
    {
        return NVM_EINVAL;
    }

    fragment = &s->t->fragments[n - s->t->first_fragment];
    nvm_mp4_runs_init(&s->runs, s->t, fragment);

    /* how many samples it has: the next one tells, or the end of the track */

    total = n - s->t->first_fragment + 1 < s->t->nfragments
            ? fragment[1].first : s->t->nsamples;
    total -= fragment->first;

    if (at->chunk_left == 0) {
        at->chunk++;
        at->chunk_left = total;
        at->dts = fragment->dts;

        return total ? NVM_OK : NVM_EINVAL;
    }

    /* a mark in the middle */

    return nvm_mp4_runs_skip(&s->runs, at->sample - fragment->first) == NVM_OK
           ? NVM_OK : NVM_EINVAL;
}


/* A sample lasts until the next fragment begins. */
static void
nvm_mp4_samples_gap(const nvm_mp4_samples_t *s, nvm_sample_t *out)
{
    uint64_t  next;
    uint32_t  n;

    n = s->at.chunk - s->t->first_fragment;

    if (s->at.chunk_left == 1 && n < s->t->nfragments) {
        next = s->t->fragments[n].dts;
        out->duration = next > out->dts ? (uint32_t) (next - out->dts)
                        : out->duration;
    }
}


static nvm_err_e
nvm_mp4_samples_ahead(nvm_mp4_samples_t *s, nvm_sample_t *out)
{
    nvm_err_e  rc;

    if (!s->has_ahead) {
        rc = nvm_mp4_samples_fragment(s);
        if (rc != NVM_OK || nvm_mp4_runs_next(&s->runs, &s->ahead) != NVM_OK) {
            return NVM_EINVAL;
        }

        s->ahead.dts = s->at.dts;
        nvm_mp4_samples_gap(s, &s->ahead);
        s->has_ahead = 1;
    }

    *out = s->ahead;

    if (out->offset > s->file_size
        || out->size > s->file_size - out->offset)
    {
        return NVM_EINVAL;
    }

    return NVM_OK;
}


/* The last sample that has tables lasts until the first fragment begins. */
static inline void
nvm_mp4_samples_last(const nvm_mp4_samples_t *s, nvm_sample_t *out)
{
    uint64_t  next;

    if (s->t->nfragments && s->at.sample + 1 == s->t->tables
        && s->t->first_fragment == 0)
    {
        next = s->t->fragments[0].dts;
        out->duration = next > out->dts ? (uint32_t) (next - out->dts)
                                        : out->duration;
    }
}


nvm_err_e
nvm_mp4_samples_peek(nvm_mp4_samples_t *s, nvm_sample_t *out)
{
    if (s->at.sample >= s->t->nsamples) {
        return NVM_ENOENT;
    }

    if (nvm_mp4_samples_fragmented(s)) {
        return nvm_mp4_samples_ahead(s, out);
    }

    if (nvm_mp4_samples_load(s) != 0) {
        return NVM_EINVAL;
    }

    out->dts = s->at.dts;
    out->offset = s->at.offset;
    out->duration = s->at.stts_delta;
    nvm_mp4_samples_last(s, out);
    out->size = nvm_mp4_sample_size(s->t, s->at.sample);
    out->cts = s->at.ctts_offset;
    out->key = nvm_mp4_samples_key(s);

    if (out->offset > s->file_size
        || out->size > s->file_size - out->offset)
    {
        return NVM_EINVAL;
    }

    return NVM_OK;
}


nvm_err_e
nvm_mp4_samples_next(nvm_mp4_samples_t *s, nvm_sample_t *out)
{
    int              fragmented;
    nvm_err_e        rc;
    nvm_mp4_mark_t  *at;

    rc = nvm_mp4_samples_peek(s, out);
    if (rc != NVM_OK) {
        return rc;
    }

    fragmented = nvm_mp4_samples_fragmented(s);
    at = &s->at;
    at->sample++;
    at->chunk_left--;

    if (fragmented) {
        at->dts += out->duration;
        s->has_ahead = 0;
        return NVM_OK;
    }

    at->dts += at->stts_delta;
    at->offset += out->size;
    at->stts_left--;
    at->ctts_left -= at->ctts_left ? 1 : 0;
    at->stss_entry += s->t->has_stss && out->key;
    nvm_mp4_samples_cross(s);

    return NVM_OK;
}


/* The three tables are passed over one after another, each by its runs. */
static int
nvm_mp4_samples_skip_time(nvm_mp4_samples_t *s, uint32_t n)
{
    uint32_t         k;
    nvm_mp4_mark_t  *at;

    for (at = &s->at; n; n -= k) {

        if (at->stts_left == 0 && nvm_mp4_samples_time(s) != 0) {
            return -1;
        }

        k = n < at->stts_left ? n : at->stts_left;
        at->stts_left -= k;
        at->dts += (uint64_t) k * at->stts_delta;
    }

    return 0;
}


static int
nvm_mp4_samples_skip_composition(nvm_mp4_samples_t *s, uint32_t n)
{
    uint32_t         k;
    nvm_mp4_mark_t  *at;

    for (at = &s->at; n; n -= k) {

        if (at->ctts_left == 0 && nvm_mp4_samples_composition(s) != 0) {
            return -1;
        }

        k = n < at->ctts_left ? n : at->ctts_left;
        at->ctts_left -= k;
    }

    return 0;
}


/* To the last stop that is ahead of the walk and not behind the n samples. */
static void
nvm_mp4_samples_jump(nvm_mp4_samples_t *s, uint32_t *sample, uint32_t *n)
{
    uint32_t                k, target;
    nvm_mp4_mark_t         *at;
    const nvm_mp4_track_t  *t;

    t = s->t;
    at = &s->at;
    target = *sample + *n;

    for (k = at->chunk / NVM_MP4_STOP; k + 1 < t->nstops; k++) {
        if (t->stops[k + 1].sample > target) {
            break;
        }
    }

    if (k >= t->nstops || k * NVM_MP4_STOP <= at->chunk
        || t->stops[k].sample > target)
    {
        return;
    }

    at->chunk = k * NVM_MP4_STOP;
    at->chunk_left = 0;
    at->stsc_entry = t->stops[k].stsc_entry;
    *sample = t->stops[k].sample;
    *n = target - *sample;
}


static int
nvm_mp4_samples_skip_chunks(nvm_mp4_samples_t *s, uint32_t n, uint64_t *bytes)
{
    uint32_t         k, sample;
    nvm_mp4_mark_t  *at;

    at = &s->at;
    sample = at->sample;
    *bytes += nvm_mp4_sample_sizes(s->t, sample, n);

    nvm_mp4_samples_jump(s, &sample, &n);

    for ( /* void */ ; n; n -= k, sample += k) {

        if (at->chunk_left == 0 && nvm_mp4_samples_chunk(s) != 0) {
            return -1;
        }

        k = n < at->chunk_left ? n : at->chunk_left;
        at->chunk_left -= k;

        if (k == n) {
            at->offset += nvm_mp4_sample_sizes(s->t, sample, k);
        }
    }

    return 0;
}


nvm_err_e
nvm_mp4_samples_skip(nvm_mp4_samples_t *s, uint32_t n, uint64_t *bytes)
{
    nvm_mp4_mark_t  *at;

    at = &s->at;
    n = n < s->t->nsamples - at->sample ? n : s->t->nsamples - at->sample;

    if (nvm_mp4_samples_skip_time(s, n) != 0
        || (s->t->ctts.count && nvm_mp4_samples_skip_composition(s, n) != 0)
        || nvm_mp4_samples_skip_chunks(s, n, bytes) != 0)
    {
        return NVM_EINVAL;
    }

    at->sample += n;

    while (nvm_mp4_table_has(&s->t->stss, at->stss_entry)
           && nvm_mp4_table_u32(&s->t->stss, at->stss_entry, 4, 0)
              <= at->sample)
    {
        at->stss_entry++;
    }

    nvm_mp4_samples_cross(s);

    return NVM_OK;
}
