/*
 * Copyright (C) ngx_video authors
 *
 * Sample tables: ISO/IEC 14496-12, 8.6.1 (time), 8.6.2 (sync), 8.7.4
 * and 8.7.5 (chunk); sizes are in nvm_mp4_sizes.c.  Each is walked once here;
 * what passes is read without faults ever after, see nvm_mp4_samples.c.
 */

#include "nvm_mp4_tables.h"


/* A table and where it was found, for faults. */
typedef struct {
    nvm_mp4_box_t     box;
    uint64_t          base;             /* of its entries in the file */
    uint32_t          width;            /* of an entry, bytes */
} nvm_mp4_found_t;


/* Entries that are of no sample: so many are an accident, more are not. */
#define NVM_MP4_MAX_EMPTY  1024


/* What a check needs. */
typedef struct {
    nvm_arena_t      *arena;
    nvm_mp4_track_t  *t;
    nvm_fault_t      *f;
    uint64_t          file_size;
    uint32_t          description;      /* in force; 0: none yet */
    uint32_t          sample;           /* chunks so far hold so many */
} nvm_mp4_check_t;


/* A fault at entry i of a table. */
static nvm_err_e
nvm_mp4_entry_fault(nvm_fault_t *f, const nvm_mp4_found_t *found, uint32_t i,
    nvm_err_e code, const char *what)
{
    return nvm_mp4_box_fault(f, &found->box, code,
                             found->base + (uint64_t) i * found->width, what);
}


/*
 * Finds a table box and takes its entries.  The version of a full box and the
 * count are read here; NVM_ENOENT without a fault when there is none.
 */
static nvm_err_e
nvm_mp4_table_find(const nvm_mp4_box_t *stbl, uint32_t type, uint32_t width,
    nvm_mp4_table_t *table, nvm_mp4_found_t *found, nvm_fault_t *f)
{
    uint64_t       count_at;
    nvm_err_e      rc;
    nvm_reader_t  *r;

    rc = nvm_mp4_box_find(stbl, type, &found->box, f);
    if (rc != NVM_OK) {
        return rc;
    }

    r = &found->box.r;
    table->version = nvm_reader_u32(r) >> 24;
    count_at = nvm_reader_offset(r);
    table->count = nvm_reader_u32(r);

    found->base = nvm_reader_offset(r);
    found->width = width;

    table->at = found->base;
    table->first = 0;
    table->end = table->count;

    table->entries = nvm_reader_bytes(r, (size_t) table->count * width);

    if (r->error) {
        return nvm_mp4_box_fault(f, &found->box, NVM_ETRUNC, count_at,
                                 "table is longer than its box");
    }

    return NVM_OK;
}


/* The same for a table that must be there. */
static nvm_err_e
nvm_mp4_table_need(const nvm_mp4_box_t *stbl, uint32_t type, uint32_t width,
    nvm_mp4_table_t *table, nvm_mp4_found_t *found, const char *missing,
    nvm_fault_t *f)
{
    nvm_err_e  rc;

    rc = nvm_mp4_table_find(stbl, type, width, table, found, f);

    if (rc == NVM_ENOENT) {
        return nvm_mp4_box_fault(f, stbl, rc, stbl->offset, missing);
    }

    return rc;
}


/* The entries of stts or ctts that are of no sample are counted. */
static nvm_err_e
nvm_mp4_check_empty(const nvm_mp4_check_t *c, const nvm_mp4_found_t *found,
    uint32_t empty)
{
    if (empty > NVM_MP4_MAX_EMPTY) {
        return nvm_mp4_entry_fault(c->f, found, 0, NVM_EINVAL,
                                   "too many entries are of no sample");
    }

    c->t->empty = empty > c->t->empty ? empty : c->t->empty;

    return NVM_OK;
}


/* stts (8.6.1.2): counts and the sum of durations */
static nvm_err_e
nvm_mp4_check_stts(const nvm_mp4_check_t *c, const nvm_mp4_found_t *found)
{
    uint32_t          i, delta, empty;
    uint64_t          count, samples, total, max;
    nvm_mp4_track_t  *t;

    t = c->t;
    samples = 0;
    total = 0;
    empty = 0;
    max = (uint64_t) NVM_MP4_MAX_SECONDS * t->track.timescale;

    for (i = 0; i < t->stts.count; i++) {
        count = nvm_mp4_table_u32(&t->stts, i, 8, 0);
        delta = nvm_mp4_table_u32(&t->stts, i, 8, 4);

        samples += count;
        empty += count == 0;

        if (samples > t->nsamples) {
            break;
        }

        if (delta > NVM_MP4_MAX_DELTA) {
            return nvm_mp4_entry_fault(c->f, found, i, NVM_EINVAL,
                                       "sample duration is out of range");
        }

        /* 2^26 samples of 31 bits: no overflow before the check */

        total += count * delta;

        if (total > max) {
            return nvm_mp4_entry_fault(c->f, found, i, NVM_EINVAL,
                                       "durations overflow");
        }
    }

    if (samples != t->nsamples) {
        return nvm_mp4_entry_fault(c->f, found, i, NVM_EINVAL,
                                   "number of samples differs from stsz");
    }

    if (total == 0) {
        return nvm_mp4_entry_fault(c->f, found, 0, NVM_EINVAL,
                                   "track has no duration");
    }

    t->media_duration = total;

    return nvm_mp4_check_empty(c, found, empty);
}


/* ctts (8.6.1.3): any offset is accepted, in version 0 it may be signed too */
static nvm_err_e
nvm_mp4_check_ctts(const nvm_mp4_check_t *c, const nvm_mp4_found_t *found)
{
    int32_t           offset;
    uint32_t          i, count, empty;
    uint64_t          samples;
    nvm_mp4_track_t  *t;

    t = c->t;
    t->min_cts = INT32_MAX;
    t->max_cts = INT32_MIN;
    samples = 0;
    empty = 0;

    for (i = 0; i < t->ctts.count && samples <= t->nsamples; i++) {
        count = nvm_mp4_table_u32(&t->ctts, i, 8, 0);
        samples += count;
        empty += count == 0;
        offset = (int32_t) nvm_mp4_table_u32(&t->ctts, i, 8, 4);
        t->min_cts = offset < t->min_cts ? offset : t->min_cts;
        t->max_cts = offset > t->max_cts ? offset : t->max_cts;
    }

    if (samples != t->nsamples) {
        return nvm_mp4_entry_fault(c->f, found, i, NVM_EINVAL,
                                   "number of samples differs from stsz");
    }

    return nvm_mp4_check_empty(c, found, empty);
}


/* stss (8.6.2) */
static nvm_err_e
nvm_mp4_check_stss(const nvm_mp4_check_t *c, const nvm_mp4_found_t *found)
{
    uint32_t  i, sample, last;

    last = 0;

    for (i = 0; i < c->t->stss.count; i++) {
        sample = nvm_mp4_table_u32(&c->t->stss, i, 4, 0);

        if (sample <= last) {
            return nvm_mp4_entry_fault(c->f, found, i, NVM_EINVAL,
                                       "sync samples are not ascending");
        }

        if (sample > c->t->nsamples) {
            return nvm_mp4_entry_fault(c->f, found, i, NVM_EINVAL,
                                       "sync sample is not in the track");
        }

        last = sample;
    }

    return NVM_OK;
}


/*
 * The chunks between stop k and "end", one by one: is each with its samples in
 * the file?  The runs of stsc that they are in have passed.
 */
static nvm_err_e
nvm_mp4_check_each(const nvm_mp4_check_t *c, const nvm_mp4_found_t *chunks,
    uint32_t k, uint32_t end)
{
    uint32_t                i, n, entry, sample;
    uint64_t                offset;
    const nvm_mp4_track_t  *t;

    t = c->t;
    sample = t->stops[k].sample;
    entry = t->stops[k].stsc_entry;
    n = 0;

    for (i = k * NVM_MP4_STOP; i < end; i++) {

        if (entry < t->stsc.count
            && nvm_mp4_table_u32(&t->stsc, entry, 12, 0) == i + 1)
        {
            entry++;
        }

        n = nvm_mp4_table_u32(&t->stsc, entry - 1, 12, 4);
        offset = nvm_mp4_chunk_offset(t, i);

        if (offset > c->file_size) {
            return nvm_mp4_entry_fault(c->f, chunks, i, NVM_EINVAL,
                                       "chunk is beyond the end of the file");
        }

        if (nvm_mp4_sample_sizes(t, sample, n) > c->file_size - offset) {
            return nvm_mp4_entry_fault(c->f, chunks, i, NVM_EINVAL,
                                       "samples are beyond the end of the "
                                       "file");
        }

        sample += n;
    }

    return NVM_OK;
}


/*
 * The chunks from the last stop up to "end" are in the file.  They are if all
 * their samples could follow the farthest of them; only at the end of a file
 * each has to be looked at.
 */
static nvm_err_e
nvm_mp4_check_group(const nvm_mp4_check_t *c, const nvm_mp4_found_t *chunks,
    uint32_t end)
{
    uint32_t                i, k;
    uint64_t                offset, farthest, bytes;
    const nvm_mp4_track_t  *t;

    if (end == 0) {
        return NVM_OK;
    }

    t = c->t;
    k = (end - 1) / NVM_MP4_STOP;
    farthest = 0;

    for (i = k * NVM_MP4_STOP; i < end; i++) {
        offset = nvm_mp4_chunk_offset(t, i);
        farthest = offset > farthest ? offset : farthest;
    }

    bytes = nvm_mp4_sample_sizes(t, t->stops[k].sample,
                                 c->sample - t->stops[k].sample);

    if (farthest <= c->file_size && bytes <= c->file_size - farthest) {
        return NVM_OK;
    }

    return nvm_mp4_check_each(c, chunks, k, end);
}


/* Entry i of stsc has another sample entry than the one in force. */
static nvm_err_e
nvm_mp4_check_entry(nvm_mp4_check_t *c, const nvm_mp4_found_t *stsc,
    uint32_t i)
{
    nvm_mp4_track_t  *t;

    t = c->t;
    c->description = nvm_mp4_table_u32(&t->stsc, i, 12, 8);

    if (c->sample == 0) {
        t->description = c->description;
        return NVM_OK;
    }

    if (t->track.kind == NVM_TEXT) {
        return nvm_mp4_entry_fault(c->f, stsc, i, NVM_EUNSUP,
                                   "text uses several sample entries");
    }

    if (t->nchanges == NVM_MP4_MAX_PERIODS - 1) {
        return nvm_mp4_entry_fault(c->f, stsc, i, NVM_ELIMIT,
                                   "sample entries change too often");
    }

    if (t->changes == NULL) {
        t->changes = nvm_alloc(c->arena, NVM_MP4_MAX_PERIODS,
                               sizeof(nvm_mp4_change_t));
        if (t->changes == NULL) {
            return nvm_fault(c->f, NVM_ENOMEM, 0, "no memory for periods");
        }
    }

    t->changes[t->nchanges].sample = c->sample;
    t->changes[t->nchanges++].description = c->description;

    return NVM_OK;
}


/* Entry i of stsc (8.7.4): a run of chunks with as many samples each */
static nvm_err_e
nvm_mp4_check_run(nvm_mp4_check_t *c, const nvm_mp4_found_t *stsc,
    const nvm_mp4_found_t *found, uint32_t i)
{
    uint32_t          first, start, next, n, chunk, chunks;
    uint64_t          samples;
    nvm_err_e         rc;
    nvm_mp4_stop_t   *stop;
    nvm_mp4_track_t  *t;

    t = c->t;
    first = nvm_mp4_table_u32(&t->stsc, i, 12, 0);
    start = first;
    n = nvm_mp4_table_u32(&t->stsc, i, 12, 4);
    next = i + 1 < t->stsc.count ? nvm_mp4_table_u32(&t->stsc, i + 1, 12, 0)
           : t->chunks.count + 1;

    if (first == 0 || (i == 0 && first != 1) || next <= first) {
        return nvm_mp4_entry_fault(c->f, stsc, i, NVM_EINVAL,
                                   "first chunks are not ascending from 1");
    }

    if (next > t->chunks.count + 1) {
        return nvm_mp4_entry_fault(c->f, stsc, i, NVM_EINVAL,
                                   "chunk is not in the track");
    }

    if (n == 0) {
        return nvm_mp4_entry_fault(c->f, stsc, i, NVM_EINVAL,
                                   "chunk has no samples");
    }

    if (nvm_mp4_table_u32(&t->stsc, i, 12, 8) != c->description) {
        rc = nvm_mp4_check_entry(c, stsc, i);
        if (rc != NVM_OK) {
            return rc;
        }
    }

    for ( /* void */ ; first < next; first += chunks) {
        chunk = (first - 1) % NVM_MP4_STOP;

        if (chunk == 0) {
            rc = nvm_mp4_check_group(c, found, first - 1);
            if (rc != NVM_OK) {
                return rc;
            }

            stop = &t->stops[(first - 1) / NVM_MP4_STOP];
            stop->sample = c->sample;
            stop->stsc_entry = first == start ? i : i + 1;
        }

        chunks = NVM_MP4_STOP - chunk;
        chunks = chunks < next - first ? chunks : next - first;
        samples = (uint64_t) chunks * n;

        if (samples > t->nsamples - c->sample) {
            return nvm_mp4_entry_fault(c->f, stsc, i, NVM_EINVAL,
                                       "number of samples differs from stsz");
        }

        c->sample += (uint32_t) samples;
    }

    return NVM_OK;
}


/* stsc, stco and co64 together */
static nvm_err_e
nvm_mp4_chunks(const nvm_mp4_box_t *stbl, nvm_mp4_check_t *c)
{
    uint32_t          i;
    nvm_err_e         rc;
    nvm_mp4_found_t   stsc, chunks;
    nvm_mp4_track_t  *t;

    t = c->t;

    rc = nvm_mp4_table_need(stbl, NVM_FOURCC('s', 't', 's', 'c'), 12, &t->stsc,
                            &stsc, "stbl has no stsc", c->f);
    if (rc != NVM_OK) {
        return rc;
    }

    rc = nvm_mp4_table_find(stbl, NVM_FOURCC('c', 'o', '6', '4'), 8,
                            &t->chunks, &chunks, c->f);

    if (rc == NVM_ENOENT) {
        rc = nvm_mp4_table_need(stbl, NVM_FOURCC('s', 't', 'c', 'o'), 4,
                                &t->chunks, &chunks,
                                "stbl has neither stco nor co64", c->f);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    t->chunks.version = chunks.width;

    if (t->chunks.count > NVM_MAX_SAMPLES) {
        return nvm_mp4_box_fault(c->f, &chunks.box, NVM_ELIMIT,
                                 chunks.box.offset, "too many chunks");
    }

    t->nstops = (t->chunks.count + NVM_MP4_STOP - 1) / NVM_MP4_STOP;
    t->stops = nvm_alloc(c->arena, t->nstops + 1, sizeof(nvm_mp4_stop_t));

    if (t->stops == NULL) {
        return nvm_fault(c->f, NVM_ENOMEM, 0, "no memory for chunks");
    }

    for (i = 0; i < t->stsc.count; i++) {
        rc = nvm_mp4_check_run(c, &stsc, &chunks, i);
        if (rc != NVM_OK) {
            return rc;
        }
    }

    if (c->sample != t->nsamples) {
        return nvm_mp4_entry_fault(c->f, &stsc, i, NVM_EINVAL,
                                   "number of samples differs from stsz");
    }

    return nvm_mp4_check_group(c, &chunks, t->chunks.count);
}


nvm_err_e
nvm_mp4_tables_parse(nvm_arena_t *arena, const nvm_mp4_box_t *stbl,
    uint64_t file_size, nvm_mp4_track_t *t, nvm_fault_t *f)
{
    nvm_err_e        rc;
    nvm_mp4_found_t  found;
    nvm_mp4_check_t  c = { arena, t, f, file_size, 0, 0 };

    rc = nvm_mp4_sizes_parse(stbl, file_size, t, f);
    if (rc != NVM_OK || t->nsamples == 0) {
        return rc;
    }

    rc = nvm_mp4_table_need(stbl, NVM_FOURCC('s', 't', 't', 's'), 8, &t->stts,
                            &found, "stbl has no stts", f);
    if (rc == NVM_OK) {
        rc = nvm_mp4_check_stts(&c, &found);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    rc = nvm_mp4_table_find(stbl, NVM_FOURCC('c', 't', 't', 's'), 8, &t->ctts,
                            &found, f);
    if (rc == NVM_OK && t->ctts.count) {
        rc = nvm_mp4_check_ctts(&c, &found);
    }

    if (rc != NVM_OK && rc != NVM_ENOENT) {
        return rc;
    }

    rc = nvm_mp4_table_find(stbl, NVM_FOURCC('s', 't', 's', 's'), 4, &t->stss,
                            &found, f);
    if (rc == NVM_OK) {
        t->has_stss = 1;
        rc = nvm_mp4_check_stss(&c, &found);
    }

    if (rc != NVM_OK && rc != NVM_ENOENT) {
        return rc;
    }

    return nvm_mp4_chunks(stbl, &c);
}
