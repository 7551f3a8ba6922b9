/*
 * Copyright (C) ngx_video authors
 *
 * VP9: the configuration box ("VP Codec ISO Media File Format Binding",
 * version 1.0).
 */

#ifndef NVM_VP9_H
#define NVM_VP9_H

#include "nvm_model.h"


typedef struct {
    uint8_t        profile;     /* 0..3 */
    uint8_t        level;       /* 31 is 3.1 */
    uint8_t        depth;       /* 8, 10 or 12 */
    uint8_t        subsampling; /* 0, 1: 4:2:0; 2: 4:2:2; 3: 4:4:4 */
    nvm_colour_t   colour;
} nvm_vp9_t;


/*
 * Parses the payload of vpcC, version and flags included.  NVM_ETRUNC;
 * NVM_EUNSUP for a version other than 1; NVM_EINVAL for a profile, a depth or
 * a subsampling that VP9 doesn't have.
 */
nvm_err_e nvm_vpcc_parse(const uint8_t *data, size_t n, nvm_vp9_t *out,
    nvm_fault_t *f);

/*
 * Fills kind, codec, depth, codecs ("vp09.PP.LL.DD" and the colour unless it
 * is the usual one) and config of a track, and of its colour what is not
 * known yet.  vpcC has no size: width and height must be known, else
 * NVM_EINVAL.  Errors as above, NVM_ELIMIT when n exceeds NVM_MAX_CONFIG; t
 * is unchanged after an error.
 */
nvm_err_e nvm_vp9_track(nvm_track_t *t, const uint8_t *vpcc, size_t n,
    nvm_fault_t *f);


#endif /* NVM_VP9_H */
