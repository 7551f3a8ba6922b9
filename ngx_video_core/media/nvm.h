/*
 * Copyright (C) ngx_video authors
 *
 * What all of media/ shares: result codes, the description of a fault, limits.
 *
 * media/ is pure C11: it includes no nginx header, does no I/O, never blocks
 * and allocates only through the arena that its caller hands it, so that the
 * same code runs in a worker, in a thread, in a command-line tool and under a
 * fuzzer.
 */

#ifndef NVM_H
#define NVM_H

#include <stddef.h>
#include <stdint.h>


/*
 * Limits on what input may claim.  A number that exceeds one of these is
 * refused with NVM_ELIMIT before anything is allocated for it.
 */
#define NVM_MAX_TRACKS      32
#define NVM_MAX_SAMPLES     (16u * 1024 * 1024)   /* of a file */
#define NVM_MAX_BOX_DEPTH   12
#define NVM_MAX_AMF_DEPTH   8
#define NVM_MAX_CONFIG      2048        /* codec configuration, bytes */
#define NVM_MAX_NALS        4096        /* NAL units in one access unit */


typedef enum {
    NVM_OK = 0,
    NVM_EAGAIN,         /* not an error: more input is needed */
    NVM_ETRUNC,         /* a structure ends before its last field */
    NVM_EINVAL,         /* a field has a value that the standard forbids */
    NVM_EUNSUP,         /* allowed by the standard, not handled here */
    NVM_ELIMIT,         /* exceeds one of the limits above */
    NVM_ENOMEM,         /* the arena is exhausted */
    NVM_ENOENT,         /* a mandatory structure is missing */
    NVM_EOVERFLOW       /* the output buffer is too small */
} nvm_err_e;


/*
 * Where and what went wrong, for the one log line that the caller writes.
 * "where" is a box path ("moov/trak[1]/mdia/minf/stbl/stsz"), a message or a
 * NAL unit; "what" is static text; offset is in bytes from the start of input.
 */
typedef struct {
    nvm_err_e    code;
    uint64_t     offset;
    const char  *what;
    char         where[72];
} nvm_fault_t;


/* Static text of a result code, "truncated" for NVM_ETRUNC; never NULL. */
const char *nvm_strerror(nvm_err_e code);

/*
 * Records a fault and returns its code, so that a parser can
 * "return nvm_fault(f, NVM_EINVAL, off, "zero timescale");".  f may be NULL.
 * A fault that is already recorded is kept: the first cause is the true one.
 */
nvm_err_e nvm_fault(nvm_fault_t *f, nvm_err_e code, uint64_t offset,
    const char *what);


/* Checked arithmetic on numbers that input claims; 0 on success, -1 on wrap. */
static inline int
nvm_add(uint64_t a, uint64_t b, uint64_t *sum)
{
    return __builtin_add_overflow(a, b, sum) ? -1 : 0;
}


static inline int
nvm_mul(uint64_t a, uint64_t b, uint64_t *product)
{
    return __builtin_mul_overflow(a, b, product) ? -1 : 0;
}


/*
 * v * to / from, rounded to nearest, without overflow of the product.
 * Converts a time from one timescale to another; from must not be zero.  What
 * is beyond all ticks becomes the last one.
 */
static inline int64_t
nvm_rescale(int64_t v, uint32_t to, uint32_t from)
{
    __int128  p;

    p = (__int128) v * to;

    p = p >= 0 ? (p + from / 2) / from : -((-p + from / 2) / from);

    return p > INT64_MAX ? INT64_MAX : p < -INT64_MAX ? -INT64_MAX
           : (int64_t) p;
}


#endif /* NVM_H */
