/*
 * Copyright (C) ngx_video authors
 *
 * A progressive file in the making, for its writer alone.
 */

#ifndef NVM_PROGRESSIVE_TRACK_H
#define NVM_PROGRESSIVE_TRACK_H

#include "nvm_progressive.h"
#include "nvm_progressive_table.h"


/* of the movie: edits and durations of all tracks are told by it */
#define NVM_PROGRESSIVE_TIMESCALE  90000


typedef struct {
    const nvm_track_t  *track;
    uint32_t            nsamples;
    nvm_sample_t        last;           /* added */
    uint64_t            start;          /* dts of the first */
    int64_t             end;            /* of the last picture */
    int32_t             min_cts;
    int32_t             max_cts;

    nvm_runs_t          stts;
    nvm_runs_t          ctts;
    nvm_table_t         stsz;
    nvm_table_t         stss;
    nvm_table_t         stsc;           /* first chunk, samples */
    nvm_table_t         chunks;         /* offsets in the payload, two words */
    uint32_t            nchunks;
    uint32_t            chunk_samples;  /* of the last chunk */
    uint32_t            size;           /* of the first sample */
    unsigned            sizes_differ:1;
    unsigned            has_stss:1;     /* not all are sync samples */

    /* known at the end */
    unsigned            has_elst:1;
    uint32_t            raise;          /* to be added to offsets */
    uint64_t            duration;       /* of the media, its ticks */
    uint64_t            media_time;
    uint64_t            empty;          /* ticks of the movie */
    uint64_t            length;
} nvm_progressive_track_t;


struct nvm_progressive_s {
    nvm_arena_t              *arena;
    size_t                    ntracks;
    uint64_t                  payload;
    uint64_t                  duration; /* ticks of the movie */
    size_t                    head;     /* bytes before the payload */
    unsigned                  large:1;  /* 64-bit offsets and mdat */
    nvm_progressive_track_t   tracks[NVM_MAX_TRACKS];
};


#endif /* NVM_PROGRESSIVE_TRACK_H */
