/*
 * Copyright (C) ngx_video authors
 *
 * Progressive MP4 (ISO/IEC 14496-12): ftyp and moov of some tracks, and the
 * header of the mdat in which their samples follow, interleaved by the second.
 * Samples are never copied: who sends the file sends them in the order that
 * nvm_interleave_next() gives, segment by segment of the index.
 *
 * Times: the first sample of the presentation is decoded at dts 0, and all
 * composition offsets are written as non-negative (ctts version 0), because
 * that is what old players read.  What they are raised by, what is left of the
 * edit list (nvm_track_t: edit) and where the presentation ends stand in an
 * edit list of each track; a track that starts late has an empty edit first.
 * So presentation times are those of the CMAF tracks, to a tick of 1/90000 s.
 */

#ifndef NVM_PROGRESSIVE_H
#define NVM_PROGRESSIVE_H

#include "nvm_arena.h"
#include "nvm_model.h"
#include "nvm_writer.h"


/* A track's samples of one segment. */
typedef struct {
    const nvm_track_t    *track;
    const nvm_sample_t   *samples;
    uint32_t              nsamples;
    uint32_t              next;         /* that is to go out; starts at 0 */
} nvm_interleave_t;

/* Samples of a track that go out together: a chunk of the file. */
typedef struct {
    size_t                track;        /* its position in the array */
    const nvm_sample_t   *samples;
    uint32_t              nsamples;     /* at least 1 */
} nvm_interleave_chunk_t;


/*
 * The next chunk of a segment: samples that are decoded in the same second,
 * the earliest first, and of one second the tracks in their order.  NVM_ENOENT
 * when all are out.
 */
nvm_err_e nvm_interleave_next(nvm_interleave_t *t, size_t n,
    nvm_interleave_chunk_t *out);


typedef struct nvm_progressive_s  nvm_progressive_t;

/*
 * A file of n tracks (1..NVM_MAX_TRACKS), which must outlive it.  Tables grow
 * in arena memory with what is added: at most 24 bytes a sample and 16 a
 * chunk, in blocks of 4 KiB.
 */
nvm_err_e nvm_progressive_create(nvm_arena_t *arena,
    const nvm_track_t *const *tracks, size_t n, nvm_progressive_t **out);

/*
 * Adds the next chunk of mdat.  NVM_EINVAL when decode times go back,
 * NVM_ELIMIT for a gap of 2^32 ticks or a composition offset that does not
 * fit, NVM_ENOMEM.  After an error nothing may be added.
 */
nvm_err_e nvm_progressive_add(nvm_progressive_t *p,
    const nvm_interleave_chunk_t *chunk);

/* Bytes of the samples that have been added. */
uint64_t nvm_progressive_payload(const nvm_progressive_t *p);

/*
 * After the last: *size of what nvm_progressive_write() writes before the
 * samples.  NVM_ELIMIT when moov exceeds 4 GiB, and as _add(); NVM_EUNSUP and
 * NVM_EINVAL as nvm_cmaf_init_write().
 */
nvm_err_e nvm_progressive_end(nvm_progressive_t *p, size_t *size);

nvm_err_e nvm_progressive_write(nvm_writer_t *w, const nvm_progressive_t *p);


#endif /* NVM_PROGRESSIVE_H */
