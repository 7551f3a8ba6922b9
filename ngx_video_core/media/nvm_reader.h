/*
 * Copyright (C) ngx_video authors
 *
 * The bounded reader: the only way that untrusted bytes are read.
 *
 * Errors stick.  After the first failed read every further read gives zero
 * and makes no progress, so a parser checks r->error once per structure, and
 * before it uses a value as a size, an index or the bound of a loop.
 *
 * All numbers are big-endian.  A reader owns nothing: the bytes must outlive
 * it.  base is the offset of the first byte in the input as a whole, so that
 * nvm_reader_offset() is right in sub-readers too.
 */

#ifndef NVM_READER_H
#define NVM_READER_H

#include "nvm.h"


typedef struct {
    const uint8_t  *pos;
    const uint8_t  *end;
    const uint8_t  *start;
    uint64_t        base;
    nvm_err_e       error;
} nvm_reader_t;


void nvm_reader_init(nvm_reader_t *r, const void *data, size_t size,
    uint64_t base);

/* Bytes that are left; 0 after an error. */
static inline size_t
nvm_reader_left(const nvm_reader_t *r)
{
    return r->error ? 0 : (size_t) (r->end - r->pos);
}


/* Offset of the next byte in the input as a whole. */
static inline uint64_t
nvm_reader_offset(const nvm_reader_t *r)
{
    return r->base + (uint64_t) (r->pos - r->start);
}


uint8_t nvm_reader_u8(nvm_reader_t *r);
uint16_t nvm_reader_u16(nvm_reader_t *r);
uint32_t nvm_reader_u24(nvm_reader_t *r);
uint32_t nvm_reader_u32(nvm_reader_t *r);
uint64_t nvm_reader_u64(nvm_reader_t *r);

/* The next byte without progress; 0 and no error at the end. */
uint8_t nvm_reader_peek(const nvm_reader_t *r);

/* n bytes in place, or NULL and a sticky error; n may be 0. */
const uint8_t *nvm_reader_bytes(nvm_reader_t *r, size_t n);

void nvm_reader_skip(nvm_reader_t *r, uint64_t n);

/*
 * Makes child a reader of exactly the next n bytes and skips them here.
 * When fewer are left both readers carry the error and child is empty.
 */
void nvm_reader_sub(nvm_reader_t *r, uint64_t n, nvm_reader_t *child);


/*
 * The bit reader, for NAL units and AudioSpecificConfig.  With "rbsp" set it
 * drops the emulation prevention bytes (ITU-T H.264, 7.4.1).  The same sticky
 * error; reads past the end give zero.
 */
typedef struct {
    const uint8_t  *pos;
    const uint8_t  *end;
    uint32_t        cache;      /* unread bits, the next one highest */
    unsigned        nbits;      /* how many of them */
    unsigned        zeros;      /* zero bytes just read, for emulation */
    unsigned        rbsp;
    nvm_err_e       error;
} nvm_bits_t;


void nvm_bits_init(nvm_bits_t *b, const void *data, size_t size, unsigned rbsp);

/* n bits, 0 <= n <= 32. */
uint32_t nvm_bits_u(nvm_bits_t *b, unsigned n);

/* Exp-Golomb codes, unsigned and signed (ITU-T H.264, 9.1); 32-bit range. */
uint32_t nvm_bits_ue(nvm_bits_t *b);
int32_t nvm_bits_se(nvm_bits_t *b);

void nvm_bits_skip(nvm_bits_t *b, unsigned n);


#endif /* NVM_READER_H */
