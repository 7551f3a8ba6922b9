/*
 * Copyright (C) ngx_video authors
 *
 * The bounded byte reader and the bounded bit reader.
 */

#include "nvm_reader.h"


void
nvm_reader_init(nvm_reader_t *r, const void *data, size_t size, uint64_t base)
{
    r->start = data;
    r->pos = data;
    r->end = r->start + size;
    r->base = base;
    r->error = NVM_OK;
}


const uint8_t *
nvm_reader_bytes(nvm_reader_t *r, size_t n)
{
    const uint8_t  *p;

    if (r->error || n > (size_t) (r->end - r->pos)) {
        r->error = r->error ? r->error : NVM_ETRUNC;
        return NULL;
    }

    p = r->pos;
    r->pos += n;

    return p;
}


static uint64_t
nvm_reader_be(nvm_reader_t *r, size_t n)
{
    size_t          i;
    uint64_t        v;
    const uint8_t  *p;

    p = nvm_reader_bytes(r, n);
    if (p == NULL) {
        return 0;
    }

    v = 0;
    for (i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }

    return v;
}


uint8_t
nvm_reader_u8(nvm_reader_t *r)
{
    return (uint8_t) nvm_reader_be(r, 1);
}


uint16_t
nvm_reader_u16(nvm_reader_t *r)
{
    return (uint16_t) nvm_reader_be(r, 2);
}


uint32_t
nvm_reader_u24(nvm_reader_t *r)
{
    return (uint32_t) nvm_reader_be(r, 3);
}


uint32_t
nvm_reader_u32(nvm_reader_t *r)
{
    return (uint32_t) nvm_reader_be(r, 4);
}


uint64_t
nvm_reader_u64(nvm_reader_t *r)
{
    return nvm_reader_be(r, 8);
}


uint8_t
nvm_reader_peek(const nvm_reader_t *r)
{
    return nvm_reader_left(r) ? *r->pos : 0;
}


void
nvm_reader_skip(nvm_reader_t *r, uint64_t n)
{
    if (r->error || n > (uint64_t) (r->end - r->pos)) {
        r->error = r->error ? r->error : NVM_ETRUNC;
        return;
    }

    r->pos += n;
}


void
nvm_reader_sub(nvm_reader_t *r, uint64_t n, nvm_reader_t *child)
{
    child->start = r->pos;
    child->base = nvm_reader_offset(r);

    nvm_reader_skip(r, n);

    child->pos = child->start;
    child->end = r->error ? child->start : r->pos;
    child->error = r->error;
}


void
nvm_bits_init(nvm_bits_t *b, const void *data, size_t size, unsigned rbsp)
{
    b->pos = data;
    b->end = b->pos + size;
    b->cache = 0;
    b->nbits = 0;
    b->zeros = 0;
    b->rbsp = rbsp;
    b->error = NVM_OK;
}


static uint32_t
nvm_bits_byte(nvm_bits_t *b)
{
    uint8_t  c;

    if (b->rbsp && b->zeros >= 2 && b->pos != b->end && *b->pos == 3) {
        b->pos++;
        b->zeros = 0;
    }

    if (b->pos == b->end) {
        b->error = NVM_ETRUNC;
        return 0;
    }

    c = *b->pos++;
    b->zeros = c ? 0 : b->zeros + 1;

    return c;
}


uint32_t
nvm_bits_u(nvm_bits_t *b, unsigned n)
{
    uint32_t  v;
    unsigned  take;

    v = 0;

    while (n && b->error == NVM_OK) {

        if (b->nbits == 0) {
            b->cache = nvm_bits_byte(b);
            b->nbits = 8;
            continue;
        }

        take = n < b->nbits ? n : b->nbits;
        v = v << take
            | ((b->cache >> (b->nbits - take)) & ((1u << take) - 1));
        b->nbits -= take;
        n -= take;
    }

    return b->error ? 0 : v;
}


uint32_t
nvm_bits_ue(nvm_bits_t *b)
{
    unsigned  zeros;

    zeros = 0;

    while (nvm_bits_u(b, 1) == 0) {
        if (b->error) {
            return 0;
        }

        if (++zeros == 32) {
            b->error = NVM_EINVAL;
            return 0;
        }
    }

    return zeros ? ((1u << zeros) | nvm_bits_u(b, zeros)) - 1 : 0;
}


int32_t
nvm_bits_se(nvm_bits_t *b)
{
    uint32_t  v;

    v = nvm_bits_ue(b);

    if (v & 1) {
        return (int32_t) (v / 2 + 1);
    }

    return -(int32_t) (v / 2);
}


void
nvm_bits_skip(nvm_bits_t *b, unsigned n)
{
    while (n > 32 && b->error == NVM_OK) {
        (void) nvm_bits_u(b, 32);
        n -= 32;
    }

    (void) nvm_bits_u(b, n > 32 ? 0 : n);
}
