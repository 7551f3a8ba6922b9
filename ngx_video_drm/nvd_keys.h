/*
 * Copyright (C) ngx_video authors
 *
 * Content keys that are derived from a secret, the seed: everyone who has it
 * has the same keys, without a database.  All of them are beginnings of
 * HMAC-SHA-256 (RFC 2104, FIPS 198-1) of a label and of what they are for, with
 * a zero byte after each part:
 *
 *   key ID    seed, "ngx_video key id", asset, type, period in decimal; 16
 *             bytes, made a UUID of version 8 (RFC 9562, 5.8)
 *   key       seed, "ngx_video content key", the 16 bytes of the key ID
 *   vector    seed, "ngx_video vector", the 16 bytes of the key ID: that of all
 *             samples in cbcs
 *   counter   key, "ngx_video counter", what tells a track of the asset from
 *             others; 8 bytes, big endian: to which the decode time of a sample
 *             is added in cenc
 *
 * So an ID tells nothing of its key, a key nothing of the seed or of another
 * key.
 */

#ifndef NVD_KEYS_H
#define NVD_KEYS_H

#include "nvd_cipher.h"


/* bytes of a seed: those of its HMAC's output and of its block */
#define NVD_SEED_MIN   16
#define NVD_SEED_MAX   64

/* "01234567-89ab-cdef-0123-456789abcdef" and its end */
#define NVD_UUID       37


typedef struct {
    size_t         len;
    uint8_t        data[NVD_SEED_MAX];
} nvd_seed_t;

/* What a track is protected with. */
typedef struct {
    uint8_t        kid[NVM_PROTECT_ID];
    uint8_t        key[NVD_KEY];
    uint8_t        iv[NVM_PROTECT_IV];
} nvd_key_t;


/*
 * The key of an asset's tracks of a type, "video" or "audio", in a period (0
 * where keys do not change).  0, or -1: OpenSSL failed.
 */
int nvd_key_derive(const nvd_seed_t *seed, const char *asset, size_t len,
    const char *type, uint64_t period, nvd_key_t *k);

/*
 * Of a key ID that is known otherwise.  The same.
 */
int nvd_key_of(const nvd_seed_t *seed, const uint8_t kid[NVM_PROTECT_ID],
    nvd_key_t *k);

/*
 * Where the vectors of a track begin, of "cenc"; no two tracks of a key may
 * have the same "what".  The same.
 */
int nvd_key_counter(const nvd_key_t *k, const void *what, size_t len,
    uint64_t *counter);

/* A key ID as text, with its end. */
void nvd_uuid_write(char text[NVD_UUID], const uint8_t kid[NVM_PROTECT_ID]);

/*
 * The reverse: 32 hexadecimal digits, with hyphens where a UUID has them or
 * without any.  0, or -1.
 */
int nvd_uuid_read(const char *text, size_t len, uint8_t kid[NVM_PROTECT_ID]);


#endif /* NVD_KEYS_H */
