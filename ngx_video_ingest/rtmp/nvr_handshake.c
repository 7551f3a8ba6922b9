/*
 * Copyright (C) ngx_video authors
 *
 * The server's side of the RTMP handshake.
 *
 *     state   input           then
 *     C0      version         C1, or an error
 *     C1      1536 bytes      "out" is built, C2
 *     C2      1536 bytes      DONE; not compared, senders put anything there
 *
 * The digest variant isn't in the specification.  C1 and S1 carry, at a place
 * that depends on four of their bytes, the HMAC-SHA256 of all other bytes
 * with a well-known key; S2 ends with a digest keyed by the digest of C1.
 */

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "nvm_reader.h"
#include "nvm_writer.h"
#include "nvr_handshake.h"


#define NVR_HS_VERSION      3
#define NVR_HS_ENCRYPTED    6           /* RTMPE: answered with plain RTMP */

#define NVR_HS_DIGEST       32
#define NVR_HS_REST         (NVR_HANDSHAKE_SIZE - NVR_HS_DIGEST)

/* Bytes after the four that tell the place where a digest can begin. */
#define NVR_HS_PLACES       728

#define NVR_HS_CLIENT_KEY   30          /* the text of the keys, without */
#define NVR_HS_SERVER_KEY   36          /* the random bytes after it */


/* Where the four bytes are that tell the place of the digest. */
static const uint16_t  nvr_hs_base[2] = { 772, 8 };


static const uint8_t  nvr_hs_client_key[] = "Genuine Adobe Flash Player 001";

static const uint8_t  nvr_hs_server_key[NVR_HS_SERVER_KEY + 32] = {
    'G', 'e', 'n', 'u', 'i', 'n', 'e', ' ', 'A', 'd', 'o', 'b', 'e', ' ',
    'F', 'l', 'a', 's', 'h', ' ', 'M', 'e', 'd', 'i', 'a', ' ',
    'S', 'e', 'r', 'v', 'e', 'r', ' ', '0', '0', '1',

    0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8,
    0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57,
    0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab,
    0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae
};


static nvm_err_e
nvr_hs_hmac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t n,
    uint8_t digest[NVR_HS_DIGEST])
{
    unsigned  len;

    len = 0;

    if (HMAC(EVP_sha256(), key, (int) key_len, data, n, digest, &len) == NULL
        || len != NVR_HS_DIGEST)
    {
        return NVM_ENOMEM;
    }

    return NVM_OK;
}


/* Offset of the digest of C1 or S1. */
static size_t
nvr_hs_place(const uint8_t block[NVR_HANDSHAKE_SIZE], int scheme)
{
    size_t        i, sum;
    nvm_reader_t  r;

    nvm_reader_init(&r, block, NVR_HANDSHAKE_SIZE, 0);
    nvm_reader_skip(&r, nvr_hs_base[scheme]);

    sum = 0;
    for (i = 0; i < 4; i++) {
        sum += nvm_reader_u8(&r);
    }

    return nvr_hs_base[scheme] + 4 + sum % NVR_HS_PLACES;
}


/* The digest of a block in which it would begin at "place". */
static nvm_err_e
nvr_hs_digest(const uint8_t block[NVR_HANDSHAKE_SIZE], size_t place,
    const uint8_t *key, size_t key_len, uint8_t digest[NVR_HS_DIGEST])
{
    size_t          tail;
    uint8_t         rest[NVR_HS_REST];
    nvm_reader_t    r;
    nvm_writer_t    w;

    tail = NVR_HS_REST - place;

    nvm_reader_init(&r, block, NVR_HANDSHAKE_SIZE, 0);
    nvm_writer_init(&w, rest, sizeof(rest));

    nvm_writer_bytes(&w, nvm_reader_bytes(&r, place), place);
    nvm_reader_skip(&r, NVR_HS_DIGEST);
    nvm_writer_bytes(&w, nvm_reader_bytes(&r, tail), tail);

    return nvr_hs_hmac(key, key_len, rest, sizeof(rest), digest);
}


/* Sets hs->scheme from C1, and the digest that was found there. */
static nvm_err_e
nvr_hs_detect(nvr_handshake_t *hs, uint8_t digest[NVR_HS_DIGEST])
{
    int             scheme;
    size_t          place;
    nvm_err_e       rc;
    nvm_reader_t    r;
    const uint8_t  *found;

    for (scheme = 0; scheme < 2; scheme++) {
        place = nvr_hs_place(hs->c1, scheme);

        rc = nvr_hs_digest(hs->c1, place, nvr_hs_client_key,
                           NVR_HS_CLIENT_KEY, digest);
        if (rc != NVM_OK) {
            return rc;
        }

        nvm_reader_init(&r, hs->c1, sizeof(hs->c1), 0);
        nvm_reader_skip(&r, place);
        found = nvm_reader_bytes(&r, NVR_HS_DIGEST);

        if (found && CRYPTO_memcmp(found, digest, NVR_HS_DIGEST) == 0) {
            hs->scheme = scheme;
            return NVM_OK;
        }
    }

    hs->scheme = -1;

    return NVM_OK;
}


/*
 * S1 and S2 of the digest variant, in blocks that hold random bytes; digest
 * is that of C1.
 */
static nvm_err_e
nvr_hs_sign(int scheme, uint8_t s1[NVR_HANDSHAKE_SIZE],
    uint8_t s2[NVR_HANDSHAKE_SIZE], const uint8_t digest[NVR_HS_DIGEST])
{
    size_t        place;
    uint8_t       sum[NVR_HS_DIGEST];
    nvm_err_e     rc;
    nvm_writer_t  w;

    /* Clients look for digests only if this "version" isn't zero. */
    nvm_writer_init(&w, s1, NVR_HANDSHAKE_SIZE);
    nvm_writer_u32(&w, 0);
    nvm_writer_u32(&w, 0x04050001);

    place = nvr_hs_place(s1, scheme);

    rc = nvr_hs_digest(s1, place, nvr_hs_server_key, NVR_HS_SERVER_KEY, sum);
    if (rc != NVM_OK) {
        return rc;
    }

    w.len = place;
    nvm_writer_bytes(&w, sum, sizeof(sum));

    rc = nvr_hs_hmac(nvr_hs_server_key, sizeof(nvr_hs_server_key),
                     digest, NVR_HS_DIGEST, sum);
    if (rc != NVM_OK) {
        return rc;
    }

    rc = nvr_hs_hmac(sum, sizeof(sum), s2, NVR_HS_REST, sum);
    if (rc != NVM_OK) {
        return rc;
    }

    nvm_writer_init(&w, s2, NVR_HANDSHAKE_SIZE);
    w.len = NVR_HS_REST;
    nvm_writer_bytes(&w, sum, sizeof(sum));

    return w.error;
}


/* C1 is complete: S0, S1 and S2. */
static nvm_err_e
nvr_hs_answer(nvr_handshake_t *hs)
{
    uint8_t       s1[NVR_HANDSHAKE_SIZE], s2[NVR_HANDSHAKE_SIZE];
    uint8_t       digest[NVR_HS_DIGEST];
    nvm_err_e     rc;
    nvm_reader_t  r;
    nvm_writer_t  w;

    nvm_reader_init(&r, hs->out, sizeof(hs->out), 0);
    nvm_reader_skip(&r, 1);
    memcpy(s1, nvm_reader_bytes(&r, sizeof(s1)), sizeof(s1));

    rc = nvr_hs_detect(hs, digest);
    if (rc != NVM_OK) {
        return rc;
    }

    if (hs->scheme >= 0) {
        memcpy(s2, s1, sizeof(s2));

        rc = nvr_hs_sign(hs->scheme, s1, s2, digest);
        if (rc != NVM_OK) {
            return rc;
        }

    } else {

        /* RTMP 1.0, 5.2.3 and 5.2.4: time, zero, random; and an echo. */
        memset(s1, 0, 8);
        memcpy(s2, hs->c1, sizeof(s2));
    }

    nvm_writer_init(&w, hs->out, sizeof(hs->out));
    nvm_writer_u8(&w, NVR_HS_VERSION);
    nvm_writer_bytes(&w, s1, sizeof(s1));
    nvm_writer_bytes(&w, s2, sizeof(s2));

    return nvm_writer_done(&w, NVR_HANDSHAKE_OUT);
}


/* Takes what there is of C1 or C2; NVM_OK when it is complete. */
static nvm_err_e
nvr_hs_block(nvr_handshake_t *hs, nvm_reader_t *r, uint8_t *block)
{
    size_t        n, left;
    nvm_writer_t  w;

    n = NVR_HANDSHAKE_SIZE - hs->got;
    left = nvm_reader_left(r);

    if (n > left) {
        n = left;
    }

    nvm_writer_init(&w, block, NVR_HANDSHAKE_SIZE);
    w.len = hs->got;
    nvm_writer_bytes(&w, nvm_reader_bytes(r, n), n);

    hs->got += n;

    if (hs->got < NVR_HANDSHAKE_SIZE) {
        return NVM_EAGAIN;
    }

    hs->got = 0;

    return NVM_OK;
}


static nvm_err_e
nvr_hs_step(nvr_handshake_t *hs, nvm_reader_t *r)
{
    uint8_t    version;
    nvm_err_e  rc;

    if (hs->state == NVR_HANDSHAKE_C0) {
        if (nvm_reader_left(r) == 0) {
            return NVM_EAGAIN;
        }

        version = nvm_reader_u8(r);

        if (version != NVR_HS_VERSION && version != NVR_HS_ENCRYPTED) {
            return nvm_fault(&hs->fault, NVM_EINVAL, 0,
                             "not the version byte of RTMP");
        }

        hs->state = NVR_HANDSHAKE_C1;
    }

    if (hs->state == NVR_HANDSHAKE_C1) {
        rc = nvr_hs_block(hs, r, hs->c1);
        if (rc != NVM_OK) {
            return rc;
        }

        rc = nvr_hs_answer(hs);
        if (rc != NVM_OK) {
            return nvm_fault(&hs->fault, rc, nvm_reader_offset(r),
                             "no digest from libcrypto");
        }

        hs->out_len = NVR_HANDSHAKE_OUT;
        hs->state = NVR_HANDSHAKE_C2;
    }

    if (hs->state == NVR_HANDSHAKE_C2) {
        rc = nvr_hs_block(hs, r, NULL);
        if (rc != NVM_OK) {
            return rc;
        }

        hs->state = NVR_HANDSHAKE_DONE;
    }

    return NVM_OK;
}


void
nvr_handshake_init(nvr_handshake_t *hs,
    const uint8_t random[NVR_HANDSHAKE_SIZE])
{
    nvm_writer_t  w;

    memset(hs, 0, sizeof(nvr_handshake_t));
    hs->scheme = -1;

    nvm_writer_init(&w, hs->out, sizeof(hs->out));
    nvm_writer_u8(&w, NVR_HS_VERSION);
    nvm_writer_bytes(&w, random, NVR_HANDSHAKE_SIZE);
}


nvm_err_e
nvr_handshake_feed(nvr_handshake_t *hs, const uint8_t *data, size_t n,
    size_t *consumed)
{
    uint64_t      before;
    nvm_err_e     rc;
    nvm_reader_t  r;
    nvm_writer_t  w;

    *consumed = 0;

    if (hs->fault.code != NVM_OK) {
        return hs->fault.code;
    }

    before = hs->offset;
    nvm_reader_init(&r, n ? data : hs->c1, n, before);

    rc = nvr_hs_step(hs, &r);

    if (rc != NVM_OK && rc != NVM_EAGAIN) {
        nvm_writer_init(&w, hs->fault.where, sizeof(hs->fault.where));
        nvm_writer_text(&w, "handshake");
        nvm_writer_u8(&w, 0);
    }

    hs->offset = nvm_reader_offset(&r);
    *consumed = (size_t) (hs->offset - before);

    return rc;
}
