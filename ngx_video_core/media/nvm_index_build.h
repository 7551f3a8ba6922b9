/*
 * Copyright (C) ngx_video authors
 *
 * The index on its way: nvm_index.c walks the tracks, nvm_index_write.c lays
 * out what it found.
 */

#ifndef NVM_INDEX_BUILD_H
#define NVM_INDEX_BUILD_H

#include "nvm_index.h"
#include "nvm_index_cut.h"


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

    nvm_index_segment_t    *keys;
    uint32_t                max_keys;
    uint32_t                nkeys;
    uint32_t                kept_keys;
    uint64_t                next_key;           /* dts: no sooner */

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


/* Lays the index out, allocates it and fills it in. */
nvm_err_e nvm_index_write(nvm_index_builder_t *b);


#endif /* NVM_INDEX_BUILD_H */
