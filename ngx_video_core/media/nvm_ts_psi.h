/*
 * Copyright (C) ngx_video authors
 *
 * Program specific information (ISO/IEC 13818-1, 2.4.4).
 */

#ifndef NVM_TS_PSI_H
#define NVM_TS_PSI_H

#include "nvm_ts.h"


/* ts->pat and ts->pmt, as packets, for tracks whose ts->tracks are filled. */
nvm_err_e nvm_ts_psi_init(nvm_ts_t *ts, const nvm_track_t *const *tracks,
    nvm_fault_t *f);


#endif /* NVM_TS_PSI_H */
