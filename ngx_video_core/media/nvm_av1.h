/*
 * Copyright (C) ngx_video authors
 *
 * AV1: the configuration box ("AV1 Codec ISO Media File Format Binding", 2.3)
 * and the sequence header OBU in it ("AV1 Bitstream & Decoding Process
 * Specification", 5.5).
 */

#ifndef NVM_AV1_H
#define NVM_AV1_H

#include "nvm_model.h"


typedef struct {
    uint8_t        profile;             /* 0..2 */
    uint8_t        level;               /* seq_level_idx of the first operating
                                           point: 8 is 4.0 */
    uint8_t        tier;                /* 1: high */
    uint8_t        depth;               /* 8, 10 or 12 */
    uint8_t        monochrome;
    uint8_t        subsampling_x;
    uint8_t        subsampling_y;
    uint8_t        position;            /* chroma_sample_position, 0..3 */

    /* from the sequence header; 0 without one */
    uint32_t       width;               /* the largest, 1..65536 */
    uint32_t       height;
    uint32_t       fps_num;             /* frames a second, 0/1 when not told */
    uint32_t       fps_den;
    nvm_colour_t   colour;              /* 0 where nothing is told */
    unsigned       sequence:1;          /* there was one */
} nvm_av1_t;


/*
 * Parses the payload of av1C with the OBUs in it.  NVM_EUNSUP for a version
 * other than 1; NVM_EINVAL for an OBU without a size, a reserved profile, or a
 * field that can't be; NVM_ETRUNC.
 */
nvm_err_e nvm_av1c_parse(const uint8_t *data, size_t n, nvm_av1_t *out,
    nvm_fault_t *f);

/*
 * Fills kind, codec, width, height, fps, depth, codecs ("av01.0.04M.08", and
 * the colour unless it is the usual one) and config of a track, and of its
 * colour what is not known yet.  Without a sequence header width and height
 * must be known, else NVM_ENOENT.  Errors as above, NVM_ELIMIT for a side over
 * 65535 or when n exceeds NVM_MAX_CONFIG; t is unchanged after an error.
 */
nvm_err_e nvm_av1_track(nvm_track_t *t, const uint8_t *av1c, size_t n,
    nvm_fault_t *f);


#endif /* NVM_AV1_H */
