/*
 * Copyright (C) ngx_video authors
 *
 * A writer of bits for the tests of codecs, so that a record can be compared
 * with the syntax table of its standard.
 */

#ifndef BITS_H
#define BITS_H

#include <stdint.h>
#include <string.h>


#define BITS_UNUSED  __attribute__((unused))


static uint8_t  bits[4096];
static size_t   nbits;


static BITS_UNUSED void
bits_begin(void)
{
    memset(bits, 0, sizeof(bits));
    nbits = 0;
}


/* Bytes so far; the last may not be full. */
static BITS_UNUSED size_t
bits_size(void)
{
    return (nbits + 7) / 8;
}


static BITS_UNUSED void
put(unsigned n, uint64_t v)
{
    while (n--) {
        bits[nbits / 8] |= (uint8_t) ((v >> n & 1) << (7 - nbits % 8));
        nbits++;
    }
}


static BITS_UNUSED void
put_bytes(const void *data, size_t n)
{
    const uint8_t  *p = data;

    while (n--) {
        put(8, *p++);
    }
}


/* Exp-Golomb, unsigned and signed */
static BITS_UNUSED void
put_ue(uint32_t v)
{
    unsigned  n;

    for (n = 0; (v + UINT64_C(1)) >> (n + 1); n++) { /* void */ }

    put(n, 0);
    put(1, 1);
    put(n, v + UINT64_C(1) - (UINT64_C(1) << n));
}


static BITS_UNUSED void
put_se(int32_t v)
{
    put_ue(v > 0 ? 2 * (uint32_t) v - 1 : 2 * (uint32_t) -v);
}


/*
 * The first n bytes as they stand in a NAL unit, with emulation prevention
 * bytes (ITU-T H.264, 7.4.1); out has room for 3 / 2 of them.
 */
static BITS_UNUSED size_t
bits_escape(uint8_t *out, size_t n)
{
    size_t    i, len;
    unsigned  zeros;

    for (i = 0, len = 0, zeros = 0; i < n; i++) {

        if (zeros == 2 && bits[i] <= 3) {
            out[len++] = 3;
            zeros = 0;
        }

        out[len++] = bits[i];
        zeros = bits[i] ? 0 : zeros + 1;
    }

    return len;
}


#endif /* BITS_H */
