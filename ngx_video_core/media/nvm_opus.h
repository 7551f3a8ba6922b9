/*
 * Copyright (C) ngx_video authors
 *
 * Opus: the specific box ("Encapsulation of Opus in ISO Base Media File
 * Format", 4.3.2; RFC 7845, 5.1, has the same fields in another byte order).
 */

#ifndef NVM_OPUS_H
#define NVM_OPUS_H

#include "nvm_model.h"


/* Of every track and its timescale, whatever went into the encoder (4.3.1). */
#define NVM_OPUS_RATE   48000


/*
 * Fills kind, codec, sample_rate, timescale, channels, codecs and config of a
 * track from the payload of dOps.  NVM_ETRUNC; NVM_EUNSUP for a version other
 * than 0; NVM_EINVAL for channels that don't fit the mapping; NVM_ELIMIT when
 * n exceeds NVM_MAX_CONFIG; t is unchanged after an error.
 */
nvm_err_e nvm_opus_track(nvm_track_t *t, const uint8_t *dops, size_t n,
    nvm_fault_t *f);


#endif /* NVM_OPUS_H */
