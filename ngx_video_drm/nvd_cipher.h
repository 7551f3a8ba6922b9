/*
 * Copyright (C) ngx_video authors
 *
 * The ciphers of Common Encryption (ISO/IEC 23001-7, 9 and 10), which are
 * OpenSSL's: samples are encrypted where they lie, their size stays.
 */

#ifndef NVD_CIPHER_H
#define NVD_CIPHER_H

#include <openssl/evp.h>

#include "nvm_protect.h"


#define NVD_KEY  16                     /* bytes of a content key */


typedef struct {
    EVP_CIPHER_CTX       *evp;
    const nvm_protect_t  *protect;
    int                   pattern;
} nvd_cipher_t;


/*
 * For the samples of a track, one thread at a time; "protect" as long as it
 * lives.  0, or -1: OpenSSL has no memory or no such cipher.
 */
int nvd_cipher_init(nvd_cipher_t *c, const nvm_protect_t *protect,
    nvm_kind_e kind, const uint8_t key[NVD_KEY]);
void nvd_cipher_done(nvd_cipher_t *c);

/*
 * Encrypts a sample with its initialization vector, which is of "cenc" alone:
 * n subsamples, whose sizes have the sum "len"; or none, then all of it.  0, or
 * -1: the sizes have another sum, or OpenSSL failed.
 */
int nvd_cipher_sample(nvd_cipher_t *c, uint64_t iv,
    const nvm_protect_subsample_t *subsamples, unsigned n, uint8_t *data,
    size_t len);


#endif /* NVD_CIPHER_H */
