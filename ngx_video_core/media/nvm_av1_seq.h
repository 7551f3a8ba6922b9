/*
 * Copyright (C) ngx_video authors
 *
 * The sequence header of AV1, for nvm_av1.c alone.
 */

#ifndef NVM_AV1_SEQ_H
#define NVM_AV1_SEQ_H

#include "nvm_av1.h"
#include "nvm_reader.h"


/*
 * Reads a sequence_header_obu() without its OBU header; the profile, level,
 * tier, depth and subsampling in it stay those of av1C.  The error is in b.
 */
void nvm_av1_sequence(nvm_bits_t *b, nvm_av1_t *out);


#endif /* NVM_AV1_SEQ_H */
