/*
 * Copyright (C) ngx_video authors
 *
 * obu_header() and obu_size.
 */

#include "nvm_av1_obu.h"


/* flags of an OBU header (5.3.2) */
#define NVM_OBU_FORBIDDEN   0x80
#define NVM_OBU_EXTENSION   0x04
#define NVM_OBU_HAS_SIZE    0x02

/* Bytes of leb128() (4.10.5); its value is a size, so 32 bits are enough. */
#define NVM_AV1_LEB_BYTES   8


uint32_t
nvm_av1_leb128(nvm_reader_t *r)
{
    uint8_t   c;
    uint64_t  v;
    unsigned  i;

    for (i = 0, v = 0; i < NVM_AV1_LEB_BYTES; i++) {
        c = nvm_reader_u8(r);
        v |= (uint64_t) (c & 0x7f) << (i * 7);

        if (!(c & 0x80)) {
            break;
        }
    }

    if (r->error == NVM_OK && (i == NVM_AV1_LEB_BYTES || v > UINT32_MAX)) {
        r->error = NVM_EINVAL;
    }

    return r->error ? 0 : (uint32_t) v;
}


void
nvm_av1_obu_read(nvm_reader_t *r, nvm_av1_obu_t *obu)
{
    uint8_t   header, extension;
    uint64_t  size;

    header = nvm_reader_u8(r);
    extension = header & NVM_OBU_EXTENSION ? nvm_reader_u8(r) : 0;

    obu->type = header >> 3 & 0x0f;
    obu->temporal = extension >> 5;
    obu->spatial = extension >> 3 & 3;
    obu->forbidden = (header & NVM_OBU_FORBIDDEN) != 0;
    obu->sized = (header & NVM_OBU_HAS_SIZE) != 0;

    size = obu->sized ? nvm_av1_leb128(r) : nvm_reader_left(r);
    nvm_reader_sub(r, size, &obu->payload);
}
