/*
 * Copyright (C) ngx_video authors
 *
 * What the sequence parameter sets of H.264 and H.265 have in common: bounded
 * codes, and the parts of the VUI that both write alike (ITU-T H.264, E.1.1;
 * H.265, E.2.1).
 */

#ifndef NVM_SPS_H
#define NVM_SPS_H

#include "nvm_model.h"
#include "nvm_reader.h"


/*
 * A frame rate above this is a clock and not a rate: publishers that have no
 * idea write their timescale.
 */
#define NVM_SPS_MAX_FPS     1000


/* An unsigned Exp-Golomb code; over max it is NVM_EINVAL and 0. */
uint32_t nvm_sps_ue(nvm_bits_t *b, uint32_t max);

/*
 * aspect_ratio_idc and what follows it.  Both numbers stay as they are when
 * the shape is not told.
 */
void nvm_sps_sar(nvm_bits_t *b, uint16_t *num, uint16_t *den);

/* video_format to matrix_coefficients; *c stays where nothing is told. */
void nvm_sps_colour(nvm_bits_t *b, nvm_colour_t *c);

/*
 * scale / units as a reduced fraction: frames a second.  Both numbers stay as
 * they are for what is no rate, see NVM_SPS_MAX_FPS.
 */
void nvm_sps_rate(uint32_t scale, uint64_t units, uint32_t *num,
    uint32_t *den);

#endif /* NVM_SPS_H */
