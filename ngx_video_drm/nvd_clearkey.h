/*
 * Copyright (C) ngx_video authors
 *
 * Clearkey licences (W3C Encrypted Media Extensions, 9.1): a request, JSON with
 * key IDs, and the answer, a JSON Web Key Set (RFC 7517) with the keys.
 */

#ifndef NVD_CLEARKEY_H
#define NVD_CLEARKEY_H

#include "nvd_keys.h"
#include "nvm_writer.h"


/* of a request, bytes and key IDs */
#define NVD_CLEARKEY_REQUEST  4096
#define NVD_CLEARKEY_KIDS     32


typedef struct {
    unsigned       n;
    uint8_t        kids[NVD_CLEARKEY_KIDS][NVM_PROTECT_ID];
    unsigned       persistent:1;        /* "type": "persistent-license" */
} nvd_clearkey_t;


/* A request (9.1.3): NULL, or what is wrong with it. */
const char *nvd_clearkey_parse(const char *data, size_t len,
    nvd_clearkey_t *out);

/* The answer (9.1.4) with n keys. */
void nvd_clearkey_write(nvm_writer_t *w, const nvd_key_t *keys, unsigned n,
    int persistent);


#endif /* NVD_CLEARKEY_H */
