/*
 * Copyright (C) ngx_video authors
 *
 * The server's handshake.  Byte 0: size of the pieces.  Byte 1, when odd: C1
 * is signed as a client does, in the place that bit 1 tells, so that the
 * variant with digests is reached.  The state allocates nothing.
 */

#include "fuzz.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "nvr_handshake.h"


static void
sign(uint8_t *c1, size_t base)
{
    size_t    at;
    uint8_t   rest[NVR_HANDSHAKE_SIZE - 32];
    unsigned  n;

    at = (size_t) (c1[base] + c1[base + 1] + c1[base + 2] + c1[base + 3])
         % 728 + base + 4;

    memcpy(rest, c1, at);
    memcpy(rest + at, c1 + at + 32, sizeof(rest) - at);

    (void) HMAC(EVP_sha256(), "Genuine Adobe Flash Player 001", 30, rest,
                sizeof(rest), c1 + at, &n);
}


static nvm_err_e
run(nvr_handshake_t *hs, const uint8_t *data, size_t size, size_t step,
    size_t *total)
{
    size_t     at, k, used;
    uint8_t    random[NVR_HANDSHAKE_SIZE];
    nvm_err_e  rc;

    memset(random, 0x5a, sizeof(random));
    nvr_handshake_init(hs, random);

    *total = 0;
    rc = NVM_EAGAIN;

    for (at = 0; at < size && rc == NVM_EAGAIN; at += k) {
        k = size - at < step ? size - at : step;
        rc = nvr_handshake_feed(hs, data + at, k, &used);
        *total += used;

        if (used > k || (rc == NVM_EAGAIN && used != k)) {
            abort();
        }
    }

    if (*total > 1 + 2 * NVR_HANDSHAKE_SIZE) {
        abort();
    }

    return rc;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                  n, total, total2, base;
    uint8_t                 in[2 + 2 * NVR_HANDSHAKE_SIZE];
    nvm_err_e               rc, rc2;
    static nvr_handshake_t  a, b;

    if (size < 3) {
        return 0;
    }

    n = size - 2 < sizeof(in) ? size - 2 : sizeof(in);
    memset(in, 0, sizeof(in));
    memcpy(in, data + 2, n);

    base = data[1] & 2 ? 8 : 772;

    if (data[1] & 1) {
        in[0] = 3;
        sign(in + 1, base);
        n = data[1] & 4 ? sizeof(in) : 1 + NVR_HANDSHAKE_SIZE;
    }

    rc = run(&a, in, n, n, &total);
    rc2 = run(&b, in, n, data[0] ? data[0] : 1, &total2);

    if (rc != rc2 || total != total2
        || memcmp(a.out, b.out, sizeof(a.out)) != 0)
    {
        abort();
    }

    if ((data[1] & 1) && a.scheme < 0) {
        abort();
    }

    if ((a.out_len != 0) != (total >= 1 + NVR_HANDSHAKE_SIZE)) {
        abort();
    }

    return 0;
}
