/*
 * Copyright (C) ngx_video authors
 *
 * AV1: the header of an OBU ("AV1 Bitstream & Decoding Process Specification",
 * 5.3).
 */

#ifndef NVM_AV1_OBU_H
#define NVM_AV1_OBU_H

#include "nvm_reader.h"


/* obu_type (6.2.2) */
#define NVM_OBU_SEQUENCE_HEADER         1
#define NVM_OBU_TEMPORAL_DELIMITER      2
#define NVM_OBU_FRAME_HEADER            3
#define NVM_OBU_TILE_GROUP              4
#define NVM_OBU_FRAME                   6
#define NVM_OBU_REDUNDANT_FRAME_HEADER  7
#define NVM_OBU_TILE_LIST               8


typedef struct {
    uint8_t        type;
    uint8_t        temporal;        /* temporal_id, spatial_id */
    uint8_t        spatial;
    unsigned       forbidden:1;     /* obu_forbidden_bit is set */
    unsigned       sized:1;         /* obu_has_size_field */
    nvm_reader_t   payload;
} nvm_av1_obu_t;


/* leb128() (4.10.5) of a size: 32 bits; NVM_EINVAL if it has more, in r. */
uint32_t nvm_av1_leb128(nvm_reader_t *r);

/*
 * Reads an OBU and skips it; without a size it is all that is left.  The error
 * is in r: NVM_ETRUNC, NVM_EINVAL for a size of over 32 bits.
 */
void nvm_av1_obu_read(nvm_reader_t *r, nvm_av1_obu_t *obu);


#endif /* NVM_AV1_OBU_H */
