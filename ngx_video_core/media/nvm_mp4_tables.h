/*
 * Copyright (C) ngx_video authors
 *
 * Sample tables, for the MP4 reader alone.
 */

#ifndef NVM_MP4_TABLES_H
#define NVM_MP4_TABLES_H

#include "nvm_mp4.h"
#include "nvm_mp4_box.h"


/*
 * Longest track and edit: eight years.  Ticks of any two timescales, their
 * sums and differences then fit into 62 bits.
 */
#define NVM_MP4_MAX_SECONDS  (1u << 28)

/* Longest sample, so that every difference of two decode times has a sign. */
#define NVM_MP4_MAX_DELTA    0x7fffffffu


/*
 * Reads and checks the tables of stbl into t, whose timescale and kind are
 * known: t->description is the sample entry that its first chunk uses, and
 * t->changes are where others do.
 */
nvm_err_e nvm_mp4_tables_parse(nvm_arena_t *arena, const nvm_mp4_box_t *stbl,
    uint64_t file_size, nvm_mp4_track_t *t, nvm_fault_t *f);

/* stsz or stz2 alone: nsamples, sample_size and sizes of t. */
nvm_err_e nvm_mp4_sizes_parse(const nvm_mp4_box_t *stbl, uint64_t file_size,
    nvm_mp4_track_t *t, nvm_fault_t *f);


static inline uint32_t
nvm_mp4_be32(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


/*
 * The walk over the samples of a track in one fragment, the bytes of which
 * are here: nvm_mp4_runs_next() fills all but dts.  nvm_mp4_runs_skip() passes
 * over n of them; samples that have no bytes of their own cost it nothing, so
 * that its work is bounded by the bytes of the fragment, not by a count in
 * them.  NVM_ENOENT after the last; another error once it is damaged.
 */
void nvm_mp4_runs_init(nvm_mp4_runs_t *r, const nvm_mp4_track_t *t,
    const nvm_mp4_fragment_t *fragment);
nvm_err_e nvm_mp4_runs_next(nvm_mp4_runs_t *r, nvm_sample_t *out);
nvm_err_e nvm_mp4_runs_skip(nvm_mp4_runs_t *r, uint32_t n);


/* In nvm_mp4.c: the frame rate of samples of that duration; 0: it varies. */
void nvm_mp4_frame_rate(nvm_mp4_track_t *t, uint32_t delta);


/* Whether entry i is here. */
static inline int
nvm_mp4_table_has(const nvm_mp4_table_t *t, uint32_t i)
{
    return i >= t->first && i < t->end;
}


/*
 * Column "at" (bytes) of entry i of "width" bytes.  An entry that is not
 * here, which no checked table is asked for, is 0.
 */
static inline uint32_t
nvm_mp4_table_u32(const nvm_mp4_table_t *t, uint32_t i, uint32_t width,
    uint32_t at)
{
    const uint8_t  *p;

    if (!nvm_mp4_table_has(t, i)) {
        return 0;
    }

    p = t->entries + (size_t) (i - t->first) * width + at;

    return nvm_mp4_be32(p);
}


/* The offset of chunk i, from 0. */
static inline uint64_t
nvm_mp4_chunk_offset(const nvm_mp4_track_t *t, uint32_t i)
{
    if (t->chunks.version == 4) {
        return nvm_mp4_table_u32(&t->chunks, i, 4, 0);
    }

    return (uint64_t) nvm_mp4_table_u32(&t->chunks, i, 8, 0) << 32
           | nvm_mp4_table_u32(&t->chunks, i, 8, 4);
}


/* The size of sample i, from 0. */
static inline uint32_t
nvm_mp4_sample_size(const nvm_mp4_track_t *t, uint32_t i)
{
    const uint8_t  *p;

    if (t->sizes.version == 32 && t->sample_size == 0) {
        return nvm_mp4_table_u32(&t->sizes, i, 4, 0);
    }

    if (t->sample_size || !nvm_mp4_table_has(&t->sizes, i)) {
        return t->sample_size;
    }

    /* of stz2: first is even */

    i -= t->sizes.first;
    p = t->sizes.entries;

    switch (t->sizes.version) {

    case 16:
        return (uint32_t) p[(size_t) i * 2] << 8 | p[(size_t) i * 2 + 1];

    case 8:
        return p[i];

    default:
        return i & 1 ? p[i / 2] & 0x0f : p[i / 2] >> 4;
    }
}


/* The bytes of n samples from sample i on. */
static inline uint64_t
nvm_mp4_sample_sizes(const nvm_mp4_track_t *t, uint32_t i, uint32_t n)
{
    uint64_t        bytes;
    const uint8_t  *p, *end;

    if (t->sample_size) {
        return (uint64_t) t->sample_size * n;
    }

    bytes = 0;

    if (t->sizes.version == 32 && i >= t->sizes.first
        && n <= t->sizes.end - t->sizes.first
        && i - t->sizes.first <= t->sizes.end - t->sizes.first - n)
    {
        p = t->sizes.entries + (size_t) (i - t->sizes.first) * 4;

        for (end = p + (size_t) n * 4; p < end; p += 4) {
            bytes += nvm_mp4_be32(p);
        }

        return bytes;
    }

    for ( /* void */ ; n; n--) {
        bytes += nvm_mp4_sample_size(t, i++);
    }

    return bytes;
}


#endif /* NVM_MP4_TABLES_H */
