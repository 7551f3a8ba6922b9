/*
 * Copyright (C) ngx_video authors
 *
 * AV1: where the tiles of a sample are, which are all that Common Encryption
 * protects ("AV1 Codec ISO Media File Format Binding", Common Encryption).
 * To know it the header of each frame is read ("AV1 Bitstream & Decoding
 * Process Specification", 5.9), whose length depends on frames before.
 */

#ifndef NVM_AV1_FRAME_H
#define NVM_AV1_FRAME_H

#include "nvm_av1_seq.h"


#define NVM_AV1_REFS        8           /* NUM_REF_FRAMES */
#define NVM_AV1_SEGMENTS    8           /* MAX_SEGMENTS */


/* What later headers take from a frame that they refer to. */
typedef struct {
    uint32_t       width;               /* UpscaledWidth; 0: there is none */
    uint32_t       height;
    uint8_t        type;                /* frame_type */
    uint8_t        order_hint;
    uint8_t        segments;            /* a bit per segment: it has an own
                                           quantizer, alt_q from the frame's */
    int16_t        alt_q[NVM_AV1_SEGMENTS];
} nvm_av1_ref_t;


/*
 * What was seen of a stream so far.  Fixed size, no pointers: a copy of it is
 * as good.
 */
typedef struct {
    nvm_av1_seq_t  seq;
    nvm_av1_ref_t  refs[NVM_AV1_REFS];
    unsigned       sequence:1;          /* there was a sequence header */
} nvm_av1_frames_t;


typedef struct {
    uint32_t       offset;              /* in the sample */
    uint32_t       size;                /* never 0 */
} nvm_av1_tile_t;


/* For the first sample, which has to begin with a key frame that is shown. */
void nvm_av1_frames_init(nvm_av1_frames_t *s);

/*
 * Takes the sequence header from av1C, if there is one: needed only where the
 * samples have none.  Errors are those of nvm_av1c_parse().
 */
nvm_err_e nvm_av1_frames_config(nvm_av1_frames_t *s, const uint8_t *av1c,
    size_t n, nvm_fault_t *f);

/*
 * Fills tiles[0..*count) with the tiles of a sample, in order; what is between
 * them is clear.  Samples are given in decode order.
 *
 * NVM_ETRUNC: an OBU is cut, or a frame has not all of its tiles; NVM_EINVAL;
 * NVM_EUNSUP: a tile list; NVM_ENOENT: no sequence header yet, or a frame
 * refers to one that was not seen; NVM_EOVERFLOW: over max tiles; NVM_ELIMIT:
 * over NVM_MAX_NALS OBUs or 4 GB.  s is unchanged after an error.
 */
nvm_err_e nvm_av1_frame_tiles(nvm_av1_frames_t *s, const uint8_t *data,
    size_t n, nvm_av1_tile_t *tiles, size_t max, size_t *count,
    nvm_fault_t *f);


#endif /* NVM_AV1_FRAME_H */
