/*
 * Copyright (C) ngx_video authors
 *
 * Common Encryption (ISO/IEC 23001-7), without a cipher: what stands in
 * headers and fragments of tracks that are protected, in the schemes "cenc"
 * (AES-CTR) and "cbcs" (AES-CBC, of video every tenth block).
 *
 * A sample is protected as a whole or in subsamples: bytes that are clear, then
 * bytes that are not.  Which these are is in nvm_protect_map.h.
 */

#ifndef NVM_PROTECT_H
#define NVM_PROTECT_H

#include "nvm_model.h"
#include "nvm_writer.h"


#define NVM_PROTECT_ID     16           /* of a key, of a system */
#define NVM_PROTECT_IV     16
#define NVM_PROTECT_BLOCK  16           /* of AES */

/*
 * Of a sample: its description has at most 255 bytes (saiz), eight of them may
 * be an initialization vector, two are the number of subsamples of six each.
 */
#define NVM_PROTECT_SUBSAMPLES  40


typedef enum {
    NVM_PROTECT_CENC = 0,
    NVM_PROTECT_CBCS
} nvm_protect_scheme_e;


/* Of a track. */
typedef struct {
    nvm_protect_scheme_e      scheme;
    uint8_t                   kid[NVM_PROTECT_ID];
    uint8_t                   iv[NVM_PROTECT_IV];   /* of all samples: cbcs */
    const uint8_t            *pssh;         /* whole boxes for moov */
    size_t                    pssh_len;
} nvm_protect_t;


typedef struct {
    uint32_t                  clear;        /* at most 65535 */
    uint32_t                  bytes;        /* that are protected after them */
} nvm_protect_subsample_t;

/* Of the samples of a chunk. */
typedef struct {
    const nvm_protect_t      *track;
    const uint64_t           *ivs;          /* of each sample: cenc */
    const nvm_protect_subsample_t  *subsamples;     /* of all samples */
    const uint8_t            *counts;       /* of each sample; NULL: they are
                                               protected as wholes */
} nvm_protect_samples_t;


/* The brand of a scheme, "cenc" or "cbcs". */
const char *nvm_protect_name(nvm_protect_scheme_e scheme);

/*
 * Whether blocks of a track are left out in turn, one of ten is protected
 * (10.4): video in cbcs.
 */
int nvm_protect_pattern(const nvm_protect_t *p, nvm_kind_e kind);

/*
 * sinf, the last box of a sample entry "encv" or "enca" that would be "entry"
 * (ISO/IEC 14496-12, 8.12; tenc: 23001-7, 8.2).
 */
void nvm_protect_sinf_write(nvm_writer_t *w, const nvm_protect_t *p,
    nvm_kind_e kind, uint32_t entry);

/*
 * A pssh box of a system (8.1): of version 1 with n key IDs, one after the
 * other, or of version 0 where there are none.
 */
void nvm_protect_pssh_write(nvm_writer_t *w, const uint8_t *system,
    const uint8_t *kids, size_t n, const uint8_t *data, size_t len);

/*
 * saiz, saio and senc of n samples, for a traf (7.2 there, 8.7.8 and 8.7.9 of
 * 14496-12), in a moof that begins at "moof".  Where nothing is to be told,
 * because all is the same in all samples, there are none of them.
 */
void nvm_protect_traf_write(nvm_writer_t *w, const nvm_protect_samples_t *s,
    size_t n, size_t moof);

/* Bytes that these are. */
size_t nvm_protect_traf_size(const nvm_protect_samples_t *s, size_t n);


#endif /* NVM_PROTECT_H */
