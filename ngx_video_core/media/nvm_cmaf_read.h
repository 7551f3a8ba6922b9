/*
 * Copyright (C) ngx_video authors
 *
 * The samples of CMAF chunks that are at hand: a segment of one track, as the
 * writer of this directory makes it, box by box.
 *
 *     nvm_cmaf_read_box()         at offset 0: what it is, how long it is
 *       nvm_cmaf_read_chunk()     a moof; its bytes stay while it is read
 *         nvm_cmaf_read_sample()  until NVM_ENOENT
 *     and on at the end of the box
 *
 * What a segment is made of is looked at a box at a time, so who reads one
 * needs no more of it in memory than a moof and a sample.
 */

#ifndef NVM_CMAF_READ_H
#define NVM_CMAF_READ_H

#include "nvm_mp4.h"


/* Bytes at an offset that are enough for nvm_cmaf_read_box(). */
#define NVM_CMAF_BOX        16

/* Of a moof, and samples that it has. */
#define NVM_CMAF_MAX_MOOF   (256 * 1024)
#define NVM_CMAF_MAX_CHUNK  16384


typedef enum {
    NVM_CMAF_OTHER = 0,
    NVM_CMAF_MOOF
} nvm_cmaf_box_e;


typedef struct {
    nvm_mp4_track_t   track;
    nvm_mp4_runs_t    runs;
    uint64_t          dts;          /* of the next sample */
    uint64_t          size;         /* of the segment */
    uint32_t          left;         /* samples that there may be */
} nvm_cmaf_read_t;


/*
 * The box at "offset" of a segment of "size" bytes, of which n are at p.
 * NVM_ETRUNC: it is longer than the segment; NVM_ELIMIT: a moof is over
 * NVM_CMAF_MAX_MOOF.
 */
nvm_err_e nvm_cmaf_read_box(const uint8_t *p, size_t n, uint64_t offset,
    uint64_t size, nvm_cmaf_box_e *type, uint64_t *len, nvm_fault_t *f);

/* The n bytes of a moof at "offset" of a segment; of the track of this id. */
nvm_err_e nvm_cmaf_read_chunk(nvm_cmaf_read_t *r, uint32_t id,
    const uint8_t *moof, size_t n, uint64_t offset, uint64_t size,
    nvm_fault_t *f);

/*
 * The next sample; its offset is that in the segment, and all of it is there.
 * NVM_ENOENT after the last one.
 */
nvm_err_e nvm_cmaf_read_sample(nvm_cmaf_read_t *r, nvm_sample_t *out,
    nvm_fault_t *f);


#endif /* NVM_CMAF_READ_H */
