/*
 * Copyright (C) ngx_video authors
 *
 * Samples are encrypted: see nvd_cipher.h.
 */

#include <string.h>

#include "nvd_cipher.h"


/* of a pattern: the block that is encrypted, and all that are not */
#define NVD_PATTERN  (10 * NVM_PROTECT_BLOCK)

/* blocks that are gathered for one call of OpenSSL */
#define NVD_GATHER   128


int
nvd_cipher_init(nvd_cipher_t *c, const nvm_protect_t *protect,
    nvm_kind_e kind, const uint8_t key[NVD_KEY])
{
    const EVP_CIPHER  *cipher;

    cipher = protect->scheme == NVM_PROTECT_CENC ? EVP_aes_128_ctr()
                                                 : EVP_aes_128_cbc();

    c->protect = protect;
    c->pattern = nvm_protect_pattern(protect, kind);
    c->evp = EVP_CIPHER_CTX_new();

    if (c->evp == NULL
        || EVP_EncryptInit_ex(c->evp, cipher, NULL, key, protect->iv) != 1
        || EVP_CIPHER_CTX_set_padding(c->evp, 0) != 1)
    {
        nvd_cipher_done(c);
        return -1;
    }

    return 0;
}


void
nvd_cipher_done(nvd_cipher_t *c)
{
    EVP_CIPHER_CTX_free(c->evp);
    c->evp = NULL;
}


/* The next bytes, of CBC a multiple of a block: 0, or -1. */
static int
nvd_cipher_update(nvd_cipher_t *c, uint8_t *data, size_t len)
{
    int  n;

    if (len == 0) {
        return 0;
    }

    return len <= INT32_MAX / 2
           && EVP_EncryptUpdate(c->evp, data, &n, data, (int) len) == 1
           && (size_t) n == len ? 0 : -1;
}


static int
nvd_cipher_iv(nvd_cipher_t *c, const uint8_t *iv)
{
    return EVP_EncryptInit_ex(c->evp, NULL, NULL, NULL, iv) == 1 ? 0 : -1;
}


/*
 * One block of ten, chained over those between them (10.4.2).  A call costs as
 * much as a dozen of blocks, so they are gathered.
 */
static int
nvd_cipher_blocks(nvd_cipher_t *c, uint8_t *data, size_t len)
{
    size_t   i, n, first, count;
    uint8_t  blocks[NVD_GATHER * NVM_PROTECT_BLOCK];

    count = len / NVD_PATTERN + (len % NVD_PATTERN >= NVM_PROTECT_BLOCK);

    for (first = 0; first < count; first += n) {
        n = count - first < NVD_GATHER ? count - first : NVD_GATHER;

        for (i = 0; i < n; i++) {
            memcpy(blocks + i * NVM_PROTECT_BLOCK,
                   data + (first + i) * NVD_PATTERN, NVM_PROTECT_BLOCK);
        }

        if (nvd_cipher_update(c, blocks, n * NVM_PROTECT_BLOCK) != 0) {
            return -1;
        }

        for (i = 0; i < n; i++) {
            memcpy(data + (first + i) * NVD_PATTERN,
                   blocks + i * NVM_PROTECT_BLOCK, NVM_PROTECT_BLOCK);
        }
    }

    return 0;
}


/* What is protected of a subsample. */
static int
nvd_cipher_range(nvd_cipher_t *c, uint8_t *data, size_t len)
{
    if (c->protect->scheme == NVM_PROTECT_CENC) {
        return nvd_cipher_update(c, data, len);
    }

    /* each begins anew; what is left of the last block stays (10.4.2, 9.7) */
    if (len < NVM_PROTECT_BLOCK) {
        return 0;
    }

    if (nvd_cipher_iv(c, c->protect->iv) != 0) {
        return -1;
    }

    return c->pattern ? nvd_cipher_blocks(c, data, len)
                      : nvd_cipher_update(c, data,
                                          len - len % NVM_PROTECT_BLOCK);
}


int
nvd_cipher_sample(nvd_cipher_t *c, uint64_t iv,
    const nvm_protect_subsample_t *subsamples, unsigned n, uint8_t *data,
    size_t len)
{
    unsigned  i;
    uint8_t   counter[NVM_PROTECT_IV];

    if (c->protect->scheme == NVM_PROTECT_CENC) {
        memset(counter, 0, sizeof(counter));

        for (i = 0; i < sizeof(iv); i++) {
            counter[i] = (uint8_t) (iv >> (56 - 8 * i));
        }

        if (nvd_cipher_iv(c, counter) != 0) {
            return -1;
        }
    }

    if (n == 0) {
        return nvd_cipher_range(c, data, len);
    }

    for (i = 0; i < n; i++) {

        if (subsamples[i].clear > len
            || subsamples[i].bytes > len - subsamples[i].clear)
        {
            return -1;
        }

        data += subsamples[i].clear;

        if (nvd_cipher_range(c, data, subsamples[i].bytes) != 0) {
            return -1;
        }

        data += subsamples[i].bytes;
        len -= subsamples[i].clear + subsamples[i].bytes;
    }

    return len == 0 ? 0 : -1;
}
