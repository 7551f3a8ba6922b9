/*
 * Copyright (C) ngx_video authors
 *
 * AC-3 and Enhanced AC-3: their specific boxes (ETSI TS 102 366, annex F), and
 * the extension for joint object coding (ETSI TS 103 420, 8.3).
 */

#ifndef NVM_AC3_H
#define NVM_AC3_H

#include "nvm_model.h"


typedef struct {
    uint32_t   sample_rate;     /* Hz; 0: half of a rate, of which the box
                                   doesn't say which */
    uint16_t   map;             /* of channels: TS 102 366, table E.1.4, L is
                                   0x8000, LFE 0x0001 */
    uint16_t   channels;        /* in it */
    uint8_t    joc;             /* complexity_index_type_a, 1..16, 0: none */
} nvm_ac3_t;


/*
 * Parse the payload of dac3 and of dec3.  Of dec3 the first independent
 * substream counts, with those that depend on it; others are programmes of
 * their own.  NVM_ETRUNC; NVM_EINVAL: a reserved sampling rate, or a bsid of
 * the other format.
 */
nvm_err_e nvm_dac3_parse(const uint8_t *data, size_t n, nvm_ac3_t *out,
    nvm_fault_t *f);
nvm_err_e nvm_dec3_parse(const uint8_t *data, size_t n, nvm_ac3_t *out,
    nvm_fault_t *f);

/*
 * Fill kind, codec, sample_rate, timescale, channels, joc, codecs and config
 * of a track; a half rate must be known already, else NVM_EUNSUP.  Errors as
 * above, NVM_ELIMIT when n exceeds NVM_MAX_CONFIG; t is unchanged after an
 * error.
 */
nvm_err_e nvm_ac3_track(nvm_track_t *t, const uint8_t *dac3, size_t n,
    nvm_fault_t *f);
nvm_err_e nvm_eac3_track(nvm_track_t *t, const uint8_t *dec3, size_t n,
    nvm_fault_t *f);


#endif /* NVM_AC3_H */
