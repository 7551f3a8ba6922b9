/*
 * Copyright (C) ngx_video authors
 *
 * The messages of an SEI NAL unit (ITU-T H.264, 7.3.2.3; H.265, 7.3.2.4).
 * They are independent of one another: what is damaged ends the walk and is
 * nobody's fault.
 */

#ifndef NVM_SEI_H
#define NVM_SEI_H

#include "nvm_reader.h"


typedef struct {
    uint32_t    type;           /* payloadType */
    uint32_t    size;           /* bytes of the message */
    nvm_bits_t  message;        /* from its first byte on; may be read past its
                                   end, but not past that of the NAL unit */
    nvm_bits_t  rest;
} nvm_sei_t;


/* "header": bytes of the NAL unit's header. */
void nvm_sei_init(nvm_sei_t *s, const uint8_t *nal, size_t n,
    unsigned header);

/* The next message; 0: there is none. */
int nvm_sei_next(nvm_sei_t *s);


#endif /* NVM_SEI_H */
