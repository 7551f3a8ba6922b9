/*
 * Copyright (C) ngx_video authors
 *
 * Bytes that a text stands for.
 */

#ifndef NVM_BASE64_H
#define NVM_BASE64_H

#include "nvm.h"


/*
 * Base64 (RFC 4648, 4), padded or not.  NVM_EINVAL: another character, or a
 * length that no bytes have; NVM_EOVERFLOW: more than size bytes.
 */
nvm_err_e nvm_base64_decode(const uint8_t *text, size_t n, uint8_t *out,
    size_t size, size_t *len);

/* Pairs of hexadecimal digits, after "0x" or not; the same errors. */
nvm_err_e nvm_hex_decode(const uint8_t *text, size_t n, uint8_t *out,
    size_t size, size_t *len);


#endif /* NVM_BASE64_H */
