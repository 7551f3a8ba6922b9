/*
 * Copyright (C) ngx_video authors
 *
 * The bounded writer.  With start == NULL it only counts: a caller runs its
 * writing code once dry to learn the size, allocates, and runs it again; the
 * two must agree, which nvm_writer_done() checks.
 *
 * Errors stick as in the reader: past the end nothing is stored, the count
 * goes on and error is NVM_EOVERFLOW.  All numbers are big-endian.
 */

#ifndef NVM_WRITER_H
#define NVM_WRITER_H

#include "nvm.h"


typedef struct {
    uint8_t    *start;          /* NULL: count only */
    size_t      size;           /* bytes at start */
    size_t      len;            /* bytes written or counted */
    nvm_err_e   error;
} nvm_writer_t;


void nvm_writer_init(nvm_writer_t *w, void *start, size_t size);

void nvm_writer_u8(nvm_writer_t *w, uint8_t v);
void nvm_writer_u16(nvm_writer_t *w, uint16_t v);
void nvm_writer_u24(nvm_writer_t *w, uint32_t v);
void nvm_writer_u32(nvm_writer_t *w, uint32_t v);
void nvm_writer_u64(nvm_writer_t *w, uint64_t v);
void nvm_writer_bytes(nvm_writer_t *w, const void *data, size_t n);
void nvm_writer_zero(nvm_writer_t *w, size_t n);

/* Text without its terminating zero. */
void nvm_writer_text(nvm_writer_t *w, const char *s);

/*
 * A decimal number of at least "digits" digits (20 at most), zeros in front.
 * Playlists are made of numbers, and formatted text costs ten times as much.
 */
void nvm_writer_number(nvm_writer_t *w, uint64_t v, unsigned digits);

/* Formatted text, at most 512 bytes a call (longer is NVM_EOVERFLOW). */
void nvm_writer_fmt(nvm_writer_t *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Boxes (ISO/IEC 14496-12, 4.2): nvm_writer_box() writes size and type and
 * returns a mark, nvm_writer_box_end() fills the size in.
 */
size_t nvm_writer_box(nvm_writer_t *w, const char type[4]);
size_t nvm_writer_fullbox(nvm_writer_t *w, const char type[4],
    uint8_t version, uint32_t flags);
void nvm_writer_box_end(nvm_writer_t *w, size_t mark);

/* Overwrites four bytes at an earlier position (a mark of the caller's). */
void nvm_writer_patch_u32(nvm_writer_t *w, size_t at, uint32_t v);

/* NVM_OK when everything fitted and exactly "expected" bytes were written. */
nvm_err_e nvm_writer_done(const nvm_writer_t *w, size_t expected);


#endif /* NVM_WRITER_H */
