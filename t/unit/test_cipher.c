/*
 * Copyright (C) ngx_video authors
 *
 * Samples are encrypted as ISO/IEC 23001-7 says: known answers of NIST, and the
 * way back by a reader of the standard that shares nothing with the code.
 */

#include <openssl/evp.h>

#include "nvd_cipher.h"
#include "tap.h"


/* SP 800-38A, F.1.1: key and plaintext of all modes */
static const uint8_t  key[NVD_KEY] = {
    0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
    0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c
};

static const uint8_t  plain[64] = {
    0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96,
    0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a,
    0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c,
    0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51,
    0x30, 0xc8, 0x1c, 0x46, 0xa3, 0x5c, 0xe4, 0x11,
    0xe5, 0xfb, 0xc1, 0x19, 0x1a, 0x0a, 0x52, 0xef,
    0xf6, 0x9f, 0x24, 0x45, 0xdf, 0x4f, 0x9b, 0x17,
    0xad, 0x2b, 0x41, 0x7b, 0xe6, 0x6c, 0x37, 0x10
};

/* F.2.1, of the vector 00 01 02 ... */
static const uint8_t  cbc[64] = {
    0x76, 0x49, 0xab, 0xac, 0x81, 0x19, 0xb2, 0x46,
    0xce, 0xe9, 0x8e, 0x9b, 0x12, 0xe9, 0x19, 0x7d,
    0x50, 0x86, 0xcb, 0x9b, 0x50, 0x72, 0x19, 0xee,
    0x95, 0xdb, 0x11, 0x3a, 0x91, 0x76, 0x78, 0xb2,
    0x73, 0xbe, 0xd6, 0xb8, 0xe3, 0xc1, 0x74, 0x3b,
    0x71, 0x16, 0xe6, 0x9e, 0x22, 0x22, 0x95, 0x16,
    0x3f, 0xf1, 0xca, 0xa1, 0x68, 0x1f, 0xac, 0x09,
    0x12, 0x0e, 0xca, 0x30, 0x75, 0x86, 0xe1, 0xa7
};


static void
protection(nvm_protect_t *p, nvm_protect_scheme_e scheme)
{
    unsigned  i;

    memset(p, 0, sizeof(nvm_protect_t));
    p->scheme = scheme;

    for (i = 0; i < NVM_PROTECT_IV; i++) {
        p->iv[i] = (uint8_t) i;
    }
}


/* One block of the cipher itself, forth and back. */
static void
block(const uint8_t *in, uint8_t *out, int back)
{
    int              n;
    EVP_CIPHER_CTX  *evp;

    evp = EVP_CIPHER_CTX_new();
    EVP_CipherInit_ex(evp, EVP_aes_128_ecb(), NULL, key, NULL, !back);
    EVP_CIPHER_CTX_set_padding(evp, 0);
    EVP_CipherUpdate(evp, out, &n, in, 16);
    EVP_CIPHER_CTX_free(evp);
}


/* cenc: the keystream of all protected bytes, one after the other (9.5.2.3). */
static void
decrypt_ctr(uint64_t iv, const nvm_protect_subsample_t *sub, unsigned n,
    uint8_t *data)
{
    unsigned  i, k, used;
    uint8_t   counter[16], stream[16];

    memset(counter, 0, sizeof(counter));

    for (i = 0; i < 8; i++) {
        counter[i] = (uint8_t) (iv >> (56 - 8 * i));
    }

    for (i = 0, used = 0; i < n; i++) {
        data += sub[i].clear;

        for (k = 0; k < sub[i].bytes; k++, used++) {
            if (used % 16 == 0) {
                block(counter, stream, 0);

                for (int j = 15; j >= 8 && ++counter[j] == 0; j--) {
                    /* void */
                }
            }

            *data++ ^= stream[used % 16];
        }
    }
}


/* cbcs: of each subsample every (1 + skip)th block, chained (10.4.2). */
static void
decrypt_cbc(const nvm_protect_t *p, unsigned skip,
    const nvm_protect_subsample_t *sub, unsigned n, uint8_t *data)
{
    size_t    at;
    unsigned  i, k;
    uint8_t   chain[16], cipher[16], out[16];

    for (i = 0; i < n; i++) {
        data += sub[i].clear;
        memcpy(chain, p->iv, 16);

        for (at = 0; at + 16 <= sub[i].bytes; at += 16 * (1 + skip)) {
            memcpy(cipher, data + at, 16);
            block(cipher, out, 1);

            for (k = 0; k < 16; k++) {
                data[at + k] = out[k] ^ chain[k];
            }

            memcpy(chain, cipher, 16);
        }

        data += sub[i].bytes;
    }
}


static void
test_known(void)
{
    uint8_t        data[64];
    nvd_cipher_t   c;
    nvm_protect_t  p;

    protection(&p, NVM_PROTECT_CBCS);
    memcpy(data, plain, sizeof(plain));
    is_int(nvd_cipher_init(&c, &p, NVM_AUDIO, key), 0, "cbcs, sound");
    is_int(nvd_cipher_sample(&c, 0, NULL, 0, data, 64), 0, "a sample");
    is_mem(data, 64, cbc, 64, "CBC of NIST");

    memcpy(data, plain, sizeof(plain));
    is_int(nvd_cipher_sample(&c, 0, NULL, 0, data, 63), 0, "another one");
    ok(memcmp(data, cbc, 48) == 0 && memcmp(data + 48, plain + 48, 16) == 0,
       "the vector is the same, and what is no block is clear");

    memcpy(data, plain, sizeof(plain));
    is_int(nvd_cipher_sample(&c, 0, NULL, 0, data, 15), 0, "less than a block");
    is_mem(data, 64, plain, 64, "is clear");
    nvd_cipher_done(&c);
}


/* Samples of all sizes, in subsamples, come back. */
static void
test_back(nvm_protect_scheme_e scheme, nvm_kind_e kind)
{
    size_t                   i, len, bad, wrong;
    unsigned                 k, n;
    uint64_t                 iv;
    nvd_cipher_t             c;
    nvm_protect_t            p;
    nvm_protect_subsample_t  sub[3];
    static uint8_t           data[65536], was[65536];

    protection(&p, scheme);
    is_int(nvd_cipher_init(&c, &p, kind, key), 0, "a cipher");

    for (i = 0, bad = 0, wrong = 0; i < 3000; i++) {
        /* the counter of blocks begins at 0 in each, whatever the vector */
        iv = i % 3 ? i * 0x9e3779b97f4a7c15u : UINT64_MAX - i;
        len = 0;
        n = 1 + (unsigned) i % 3;

        for (k = 0; k < n; k++) {
            sub[k].clear = (uint32_t) (i * 7 + k * 31) % 200;
            sub[k].bytes = (uint32_t) (i * (k + 13)) % (i % 50 ? 700 : 21000);
            len += sub[k].clear + sub[k].bytes;
        }

        for (size_t j = 0; j < len; j++) {
            was[j] = (uint8_t) (j * 37 + i);
        }

        memcpy(data, was, len);
        bad += nvd_cipher_sample(&c, iv, sub, n, data, len) != 0;

        /* some of each range differs, none of what is clear does */
        for (size_t j = 0, s = 0; s < n; s++) {
            bad += memcmp(data + j, was + j, sub[s].clear) != 0;
            j += sub[s].clear;
            bad += sub[s].bytes >= 16
                   && memcmp(data + j, was + j, 16) == 0;
            j += sub[s].bytes;
        }

        if (scheme == NVM_PROTECT_CENC) {
            decrypt_ctr(iv, sub, n, data);

        } else {
            decrypt_cbc(&p, kind == NVM_VIDEO ? 9 : 0, sub, n, data);
        }

        wrong += memcmp(data, was, len) != 0;
    }

    is_int(bad, 0, "%s of %s: what has to be protected is",
           nvm_protect_name(scheme), kind == NVM_VIDEO ? "video" : "audio");
    is_int(wrong, 0, "and comes back");
    nvd_cipher_done(&c);
}


static void
test_sum(void)
{
    uint8_t                  data[64] = { 0 };
    nvd_cipher_t             c;
    nvm_protect_t            p;
    nvm_protect_subsample_t  sub[2] = { { 10, 22 }, { 0, 32 } };

    protection(&p, NVM_PROTECT_CENC);
    is_int(nvd_cipher_init(&c, &p, NVM_VIDEO, key), 0, "cenc");
    is_int(nvd_cipher_sample(&c, 1, sub, 2, data, 64), 0, "the sum");
    is_int(nvd_cipher_sample(&c, 1, sub, 2, data, 63), -1, "too much");
    is_int(nvd_cipher_sample(&c, 1, sub, 1, data, 64), -1, "too little");
    sub[1].clear = UINT32_MAX;
    is_int(nvd_cipher_sample(&c, 1, sub, 2, data, 64), -1, "far too much");
    sub[1].clear = 0;
    sub[1].bytes = UINT32_MAX;
    is_int(nvd_cipher_sample(&c, 1, sub, 2, data, 64), -1, "the same");
    nvd_cipher_done(&c);
}


int
main(void)
{
    test_known();
    test_back(NVM_PROTECT_CENC, NVM_VIDEO);
    test_back(NVM_PROTECT_CENC, NVM_AUDIO);
    test_back(NVM_PROTECT_CBCS, NVM_VIDEO);
    test_back(NVM_PROTECT_CBCS, NVM_AUDIO);
    test_sum();

    return done_testing();
}
