/*
 * Copyright (C) ngx_video authors
 *
 * Movie fragments, for the MP4 reader alone: ISO/IEC 14496-12, 8.8.
 */

#ifndef NVM_MP4_FRAGMENT_H
#define NVM_MP4_FRAGMENT_H

#include "nvm_mp4.h"
#include "nvm_mp4_box.h"


/* tf_flags, 8.8.7.1: fields that come before the others. */
#define NVM_TFHD_BASE         0x000001
#define NVM_TFHD_DESCRIPTION  0x000002


/* mvex: what the fragments of each track of mp4 default to (8.8.3). */
nvm_err_e nvm_mp4_mvex_parse(const nvm_mp4_box_t *mvex, nvm_mp4_t *mp4,
    nvm_fault_t *f);


#endif /* NVM_MP4_FRAGMENT_H */
