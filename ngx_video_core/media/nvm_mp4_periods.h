/*
 * Copyright (C) ngx_video authors
 *
 * Periods of a file, for the MP4 reader alone; nvm_mp4.h has the rest.
 */

#ifndef NVM_MP4_PERIODS_H
#define NVM_MP4_PERIODS_H

#include "nvm_mp4.h"


/* Counts them, when all tracks are known: mp4->nperiods. */
nvm_err_e nvm_mp4_periods_count(nvm_mp4_t *mp4, nvm_arena_t *arena,
    uint64_t file_size, nvm_fault_t *f);


#endif /* NVM_MP4_PERIODS_H */
