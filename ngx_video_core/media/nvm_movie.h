/*
 * Copyright (C) ngx_video authors
 *
 * The boxes of moov that init segments and progressive files have alike
 * (ISO/IEC 14496-12, clause 8), for their writers alone.
 */

#ifndef NVM_MOVIE_H
#define NVM_MOVIE_H

#include "nvm_model.h"
#include "nvm_writer.h"


/* Flags of tkhd (8.3.2) */
#define NVM_MOVIE_ENABLED  1
#define NVM_MOVIE_IN       2


/*
 * A duration is 0 in a fragmented file; one that does not fit into 32 bits
 * makes the box one of version 1.
 */
void nvm_movie_mvhd(nvm_writer_t *w, uint32_t timescale, uint64_t duration,
    uint32_t next_track);

/* id and duration are those of the movie; group is alternate_group. */
typedef struct {
    uint32_t   id;
    uint32_t   flags;
    uint16_t   group;
    uint64_t   duration;
} nvm_movie_tkhd_t;

void nvm_movie_tkhd(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_movie_tkhd_t *h);

/* Timescale and language of the track. */
void nvm_movie_mdhd(nvm_writer_t *w, const nvm_track_t *t, uint64_t duration);

void nvm_movie_hdlr(nvm_writer_t *w, const nvm_track_t *t);

/* What stands in minf before stbl. */
void nvm_movie_minf(nvm_writer_t *w, const nvm_track_t *t);


#endif /* NVM_MOVIE_H */
