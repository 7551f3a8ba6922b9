/*
 * Copyright (C) ngx_video authors
 *
 * Content keys: see nvd_keys.h.
 */

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/core_names.h>
#include <stdio.h>
#include <string.h>

#include "nvd_keys.h"


#define NVD_HMAC  32


/* A part of what is authenticated. */
typedef struct {
    const void  *data;
    size_t       len;
} nvd_part_t;


/* With a zero byte after each part: 0, or -1. */
static int
nvd_hmac(const uint8_t *key, size_t len, const nvd_part_t *parts, unsigned n,
    uint8_t out[NVD_HMAC])
{
    int           rc;
    size_t        size;
    unsigned      i;
    EVP_MAC      *mac;
    OSSL_PARAM    params[2];
    EVP_MAC_CTX  *ctx;

    mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_end();

    rc = ctx && EVP_MAC_init(ctx, key, len, params) == 1 ? 0 : -1;

    for (i = 0; i < n && rc == 0; i++) {
        if (EVP_MAC_update(ctx, parts[i].data, parts[i].len) != 1
            || EVP_MAC_update(ctx, (const uint8_t *) "", 1) != 1)
        {
            rc = -1;
        }
    }

    if (rc == 0 && (EVP_MAC_final(ctx, out, &size, NVD_HMAC) != 1
                    || size != NVD_HMAC))
    {
        rc = -1;
    }

    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);

    return rc;
}


/* The first 16 bytes, of a label and one part. */
static int
nvd_keys_one(const uint8_t *key, size_t len, const char *label,
    const void *data, size_t n, uint8_t out[16])
{
    int         rc;
    uint8_t     mac[NVD_HMAC];
    nvd_part_t  parts[2];

    parts[0].data = label;
    parts[0].len = strlen(label);
    parts[1].data = data;
    parts[1].len = n;

    rc = nvd_hmac(key, len, parts, 2, mac);

    if (rc == 0) {
        memcpy(out, mac, 16);
    }

    OPENSSL_cleanse(mac, sizeof(mac));

    return rc;
}


int
nvd_key_of(const nvd_seed_t *seed, const uint8_t kid[NVM_PROTECT_ID],
    nvd_key_t *k)
{
    if (kid != k->kid) {
        memcpy(k->kid, kid, NVM_PROTECT_ID);
    }

    return nvd_keys_one(seed->data, seed->len, "ngx_video content key",
                        k->kid, NVM_PROTECT_ID, k->key) == 0
           && nvd_keys_one(seed->data, seed->len, "ngx_video vector", k->kid,
                           NVM_PROTECT_ID, k->iv) == 0 ? 0 : -1;
}


int
nvd_key_derive(const nvd_seed_t *seed, const char *asset, size_t len,
    const char *type, uint64_t period, nvd_key_t *k)
{
    int         n;
    char        number[24];
    uint8_t     mac[NVD_HMAC];
    nvd_part_t  parts[4];

    n = snprintf(number, sizeof(number), "%llu", (unsigned long long) period);

    parts[0].data = "ngx_video key id";
    parts[0].len = sizeof("ngx_video key id") - 1;
    parts[1].data = asset;
    parts[1].len = len;
    parts[2].data = type;
    parts[2].len = strlen(type);
    parts[3].data = number;
    parts[3].len = (size_t) n;

    if (nvd_hmac(seed->data, seed->len, parts, 4, mac) != 0) {
        return -1;
    }

    memcpy(k->kid, mac, NVM_PROTECT_ID);
    k->kid[6] = (uint8_t) ((k->kid[6] & 0x0f) | 0x80);
    k->kid[8] = (uint8_t) ((k->kid[8] & 0x3f) | 0x80);

    return nvd_key_of(seed, k->kid, k);
}


int
nvd_key_counter(const nvd_key_t *k, const void *what, size_t len,
    uint64_t *counter)
{
    uint8_t   out[16];
    unsigned  i;

    if (nvd_keys_one(k->key, NVD_KEY, "ngx_video counter", what, len, out)
        != 0)
    {
        return -1;
    }

    *counter = 0;

    for (i = 0; i < 8; i++) {
        *counter = *counter << 8 | out[i];
    }

    return 0;
}


void
nvd_uuid_write(char text[NVD_UUID], const uint8_t kid[NVM_PROTECT_ID])
{
    unsigned  i;

    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < NVM_PROTECT_ID; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *text++ = '-';
        }

        *text++ = digits[kid[i] >> 4];
        *text++ = digits[kid[i] & 15];
    }

    *text = '\0';
}


static int
nvd_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}


int
nvd_uuid_read(const char *text, size_t len, uint8_t kid[NVM_PROTECT_ID])
{
    int       high, low;
    size_t    at;
    unsigned  i, hyphens;

    hyphens = len == NVD_UUID - 1;

    if (!hyphens && len != 2 * NVM_PROTECT_ID) {
        return -1;
    }

    for (i = 0, at = 0; i < NVM_PROTECT_ID; i++, at += 2) {
        if (hyphens && (i == 4 || i == 6 || i == 8 || i == 10)
            && text[at++] != '-')
        {
            return -1;
        }

        high = nvd_digit(text[at]);
        low = nvd_digit(text[at + 1]);

        if (high < 0 || low < 0) {
            return -1;
        }

        kid[i] = (uint8_t) (high << 4 | low);
    }

    return 0;
}
