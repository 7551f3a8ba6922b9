/*
 * Copyright (C) ngx_video authors
 *
 * The server's handshake: simple, with digests in both places, and input cut
 * at any byte.  The digests are checked with the client's half of the
 * algorithm, written here a second time.
 */

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "nvr_handshake.h"
#include "tap.h"


#define C1_LEN  1536


static uint8_t  seed[C1_LEN];

static const uint8_t  server_key[] =
    "Genuine Adobe Flash Media Server 001"
    "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57"
    "\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae";


/* HMAC of a block without the 32 bytes at "at". */
static void
digest(const uint8_t *block, size_t at, const uint8_t *key, size_t len,
    uint8_t *out)
{
    uint8_t   rest[C1_LEN - 32];
    unsigned  n;

    memcpy(rest, block, at);
    memcpy(rest + at, block + at + 32, sizeof(rest) - at);
    HMAC(EVP_sha256(), key, (int) len, rest, sizeof(rest), out, &n);
}


static size_t
place(const uint8_t *block, size_t base)
{
    return (size_t) (block[base] + block[base + 1] + block[base + 2]
                     + block[base + 3]) % 728 + base + 4;
}


/* C0, C1, C2 and the first byte after them. */
static void
client(uint8_t *in, int complex, size_t base, uint8_t fill)
{
    size_t  i, at;

    in[0] = 3;

    for (i = 1; i < 1 + 2 * C1_LEN; i++) {
        in[i] = (uint8_t) (i * 7 + (i >> 8));
    }

    in[1 + 2 * C1_LEN] = 0x55;
    memset(in + 5, 0, 4);

    if (complex) {
        memcpy(in + 5, "\x80\0\7\2", 4);
        memset(in + 1 + base, fill, 4);
        at = place(in + 1, base);
        digest(in + 1, at, (const uint8_t *) "Genuine Adobe Flash Player 001",
               30, in + 1 + at);
    }
}


/* Feeds from blocks of exact size; returns the last result. */
static nvm_err_e
feed(nvr_handshake_t *hs, const uint8_t *in, size_t n, size_t step,
    size_t *total)
{
    size_t      at, k, used;
    uint8_t    *copy;
    nvm_err_e   rc;

    *total = 0;
    rc = NVM_EAGAIN;

    for (at = 0; at < n && rc == NVM_EAGAIN; at += k) {
        k = n - at < step ? n - at : step;

        copy = malloc(k);
        memcpy(copy, in + at, k);
        rc = nvr_handshake_feed(hs, copy, k, &used);
        free(copy);

        *total += used;

        if (rc == NVM_EAGAIN && used != k) {
            ok(0, "EAGAIN with %zu of %zu consumed", used, k);
        }

        if ((hs->out_len != 0) != (*total >= 1 + C1_LEN)) {
            ok(0, "out_len %zu after %zu bytes", hs->out_len, *total);
        }
    }

    return rc;
}


static void
check_digests(const nvr_handshake_t *hs, const uint8_t *in, size_t base)
{
    size_t          at;
    uint8_t         want[32], key[32];
    unsigned        n;
    const uint8_t  *s1, *s2;

    s1 = hs->out + 1;
    s2 = s1 + C1_LEN;

    ok(s1[4] >= 3, "S1 has a version");

    at = place(s1, base);
    digest(s1, at, server_key, 36, want);
    is_mem(s1 + at, 32, want, 32, "digest of S1, base %zu", base);

    at = place(in + 1, base);
    HMAC(EVP_sha256(), server_key, 68, in + 1 + at, 32, key, &n);
    HMAC(EVP_sha256(), key, 32, s2, C1_LEN - 32, want, &n);
    is_mem(s2 + C1_LEN - 32, 32, want, 32, "digest of S2, base %zu", base);
}


static void
test_variant(int complex, size_t base, uint8_t fill)
{
    size_t               i, total;
    uint8_t             *in;
    nvm_err_e            rc;
    nvr_handshake_t     *hs;
    static const size_t  steps[] = { 1, 2, 700, 1536, 1537, 1538, 3074 };

    in = malloc(2 + 2 * C1_LEN);
    hs = malloc(sizeof(nvr_handshake_t));
    client(in, complex, base, fill);

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        nvr_handshake_init(hs, seed);
        rc = feed(hs, in, 2 + 2 * C1_LEN, steps[i], &total);

        is_int(rc, NVM_OK, "done, pieces of %zu", steps[i]);
        is_int(total, 1 + 2 * C1_LEN, "the first chunk is left alone");
        is_int(hs->out_len, 3073, "S0, S1, S2");
        is_int(hs->out[0], 3, "S0");
        is_int(hs->scheme, complex ? (base == 8) : -1, "scheme");

        if (complex) {
            check_digests(hs, in, base);

        } else {
            is_mem(hs->out + 1, 8, "\0\0\0\0\0\0\0\0", 8, "time and zero");
            is_mem(hs->out + 9, C1_LEN - 8, seed + 8, C1_LEN - 8, "random");
            is_mem(hs->out + 1 + C1_LEN, C1_LEN, in + 1, C1_LEN, "echo");
        }
    }

    free(hs);
    free(in);
}


static void
test_version(void)
{
    int                v;
    size_t             used;
    uint8_t            c0;
    nvm_err_e          rc;
    nvr_handshake_t    hs;

    for (v = 0; v < 256; v++) {
        c0 = (uint8_t) v;
        nvr_handshake_init(&hs, seed);
        rc = nvr_handshake_feed(&hs, &c0, 1, &used);

        if (v == 3 || v == 6) {
            is_int(rc, NVM_EAGAIN, "version %d goes on", v);
            continue;
        }

        if (rc != NVM_EINVAL || hs.fault.code != NVM_EINVAL) {
            ok(0, "version %d is an error", v);
        }
    }

    c0 = 3;
    rc = nvr_handshake_feed(&hs, &c0, 1, &used);
    is_int(rc, NVM_EINVAL, "an error sticks");
    is_int(used, 0, "and consumes nothing");
    is_str(hs.fault.what, "not the version byte of RTMP", "text");
    is_str(hs.fault.where, "handshake", "where");

    nvr_handshake_init(&hs, seed);
    rc = nvr_handshake_feed(&hs, NULL, 0, &used);
    is_int(rc, NVM_EAGAIN, "no input");
    is_int(used, 0, "no input: nothing consumed");
}


/* A version that isn't zero but no digest: the simple handshake. */
static void
test_no_digest(void)
{
    size_t             total;
    uint8_t            in[1 + C1_LEN];
    nvm_err_e          rc;
    nvr_handshake_t    hs;

    memset(in, 0xff, sizeof(in));
    in[0] = 6;
    nvr_handshake_init(&hs, seed);
    rc = feed(&hs, in, sizeof(in), sizeof(in), &total);

    is_int(rc, NVM_EAGAIN, "waits for C2");
    is_int(hs.scheme, -1, "without digest");
    is_int(hs.out[0], 3, "version 6 is answered with 3");
    is_mem(hs.out + 1 + C1_LEN, C1_LEN, in + 1, C1_LEN, "echo");
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t) (i * 13 + 5);
    }

    test_variant(0, 0, 0);
    test_variant(1, 772, 0x00);
    test_variant(1, 772, 0xb5);         /* 724: near the last place */
    test_variant(1, 8, 0x01);
    test_variant(1, 8, 0xff);
    test_version();
    test_no_digest();

    return done_testing();
}
