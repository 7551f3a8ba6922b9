/*
 * Copyright (C) ngx_video authors
 *
 * FLAC: the specific box ("Encapsulation of FLAC in ISO Base Media File
 * Format", 3.3.2) and the STREAMINFO in it (RFC 9639, 8.2).
 */

#ifndef NVM_FLAC_H
#define NVM_FLAC_H

#include "nvm_model.h"


/*
 * Fills kind, codec, sample_rate, timescale, channels, depth, codecs and
 * config of a track from the payload of dfLa, version and flags included.
 * config keeps all metadata blocks if they fit into NVM_MAX_CONFIG, else
 * STREAMINFO alone: pictures and tags are of no use to a decoder.
 * NVM_ETRUNC; NVM_EUNSUP for a version other than 0; NVM_EINVAL when the
 * first block is no STREAMINFO or has no rate; t is unchanged after an error.
 */
nvm_err_e nvm_flac_track(nvm_track_t *t, const uint8_t *dfla, size_t n,
    nvm_fault_t *f);

/*
 * The rate that fits into a sample entry: 48000 for 96000 and 192000, or 65535
 * for one that can't be halved (3.3.1 there).
 */
uint32_t nvm_flac_entry_rate(uint32_t rate);


#endif /* NVM_FLAC_H */
