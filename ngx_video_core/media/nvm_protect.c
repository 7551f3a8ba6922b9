/*
 * Copyright (C) ngx_video authors
 *
 * Boxes of Common Encryption: see nvm_protect.h.
 */

#include <string.h>

#include "nvm_protect.h"


#define NVM_PROTECT_VERSION     0x00010000      /* of a scheme: 1.0 */

/* of 8 bytes in samples; none where all samples have the same */
#define NVM_PROTECT_SAMPLE_IV   8

/* blocks that are protected, and that are not, in a pattern */
#define NVM_PROTECT_CRYPT       1
#define NVM_PROTECT_SKIP        9

/* senc: samples have subsamples */
#define NVM_SENC_SUBSAMPLES     2

#define NVM_PROTECT_BOX         12      /* header of a full box */


const char *
nvm_protect_name(nvm_protect_scheme_e scheme)
{
    return scheme == NVM_PROTECT_CENC ? "cenc" : "cbcs";
}


int
nvm_protect_pattern(const nvm_protect_t *p, nvm_kind_e kind)
{
    return p->scheme == NVM_PROTECT_CBCS && kind == NVM_VIDEO;
}


static void
nvm_protect_tenc(nvm_writer_t *w, const nvm_protect_t *p, nvm_kind_e kind)
{
    size_t  box;
    int     pattern;

    pattern = nvm_protect_pattern(p, kind);

    box = nvm_writer_fullbox(w, "tenc", pattern ? 1 : 0, 0);
    nvm_writer_u8(w, 0);
    nvm_writer_u8(w, pattern ? NVM_PROTECT_CRYPT << 4 | NVM_PROTECT_SKIP : 0);
    nvm_writer_u8(w, 1);                        /* samples are protected */

    if (p->scheme == NVM_PROTECT_CENC) {
        nvm_writer_u8(w, NVM_PROTECT_SAMPLE_IV);
        nvm_writer_bytes(w, p->kid, NVM_PROTECT_ID);

    } else {
        nvm_writer_u8(w, 0);
        nvm_writer_bytes(w, p->kid, NVM_PROTECT_ID);
        nvm_writer_u8(w, NVM_PROTECT_IV);
        nvm_writer_bytes(w, p->iv, NVM_PROTECT_IV);
    }

    nvm_writer_box_end(w, box);
}


void
nvm_protect_sinf_write(nvm_writer_t *w, const nvm_protect_t *p,
    nvm_kind_e kind, uint32_t entry)
{
    size_t  sinf, box;

    sinf = nvm_writer_box(w, "sinf");

    box = nvm_writer_box(w, "frma");
    nvm_writer_u32(w, entry);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "schm", 0, 0);
    nvm_writer_text(w, nvm_protect_name(p->scheme));
    nvm_writer_u32(w, NVM_PROTECT_VERSION);
    nvm_writer_box_end(w, box);

    box = nvm_writer_box(w, "schi");
    nvm_protect_tenc(w, p, kind);
    nvm_writer_box_end(w, box);

    nvm_writer_box_end(w, sinf);
}


void
nvm_protect_pssh_write(nvm_writer_t *w, const uint8_t *system,
    const uint8_t *kids, size_t n, const uint8_t *data, size_t len)
{
    size_t  box;

    box = nvm_writer_fullbox(w, "pssh", n ? 1 : 0, 0);
    nvm_writer_bytes(w, system, NVM_PROTECT_ID);

    if (n) {
        nvm_writer_u32(w, (uint32_t) n);
        nvm_writer_bytes(w, kids, n * NVM_PROTECT_ID);
    }

    nvm_writer_u32(w, (uint32_t) len);
    nvm_writer_bytes(w, data, len);
    nvm_writer_box_end(w, box);
}


/* Bytes that senc has of sample i. */
static size_t
nvm_protect_info(const nvm_protect_samples_t *s, size_t i)
{
    size_t  n;

    n = s->track->scheme == NVM_PROTECT_CENC ? NVM_PROTECT_SAMPLE_IV : 0;

    return s->counts ? n + 2 + 6 * (size_t) s->counts[i] : n;
}


/* The same of all samples; *same: of each if that is the same, or 0. */
static size_t
nvm_protect_infos(const nvm_protect_samples_t *s, size_t n, size_t *same)
{
    size_t  i, size, sum;

    *same = nvm_protect_info(s, 0);

    for (i = 0, sum = 0; i < n; i++) {
        size = nvm_protect_info(s, i);
        sum += size;

        if (size != *same) {
            *same = 0;
        }
    }

    return sum;
}


size_t
nvm_protect_traf_size(const nvm_protect_samples_t *s, size_t n)
{
    size_t  sum, same;

    sum = nvm_protect_infos(s, n, &same);

    if (sum == 0) {
        return 0;
    }

    return NVM_PROTECT_BOX + 5 + (same ? 0 : n)         /* saiz */
           + NVM_PROTECT_BOX + 8                        /* saio */
           + NVM_PROTECT_BOX + 4 + sum;                 /* senc */
}


static void
nvm_protect_senc(nvm_writer_t *w, const nvm_protect_samples_t *s, size_t n)
{
    size_t                          i, box;
    unsigned                        k;
    const nvm_protect_subsample_t  *sub;

    sub = s->subsamples;

    box = nvm_writer_fullbox(w, "senc", 0,
                             s->counts ? NVM_SENC_SUBSAMPLES : 0);
    nvm_writer_u32(w, (uint32_t) n);

    for (i = 0; i < n; i++) {

        if (s->track->scheme == NVM_PROTECT_CENC) {
            nvm_writer_u64(w, s->ivs[i]);
        }

        if (s->counts == NULL) {
            continue;
        }

        nvm_writer_u16(w, s->counts[i]);

        for (k = 0; k < s->counts[i]; k++, sub++) {
            nvm_writer_u16(w, (uint16_t) sub->clear);
            nvm_writer_u32(w, sub->bytes);
        }
    }

    nvm_writer_box_end(w, box);
}


void
nvm_protect_traf_write(nvm_writer_t *w, const nvm_protect_samples_t *s,
    size_t n, size_t moof)
{
    size_t  i, box, same;

    if (nvm_protect_infos(s, n, &same) == 0) {
        return;
    }

    box = nvm_writer_fullbox(w, "saiz", 0, 0);
    nvm_writer_u8(w, (uint8_t) same);
    nvm_writer_u32(w, (uint32_t) n);

    for (i = 0; i < n && same == 0; i++) {
        nvm_writer_u8(w, (uint8_t) nvm_protect_info(s, i));
    }

    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "saio", 0, 0);
    nvm_writer_u32(w, 1);
    /* behind this box, and what senc has before its samples */
    nvm_writer_u32(w, (uint32_t) (w->len + 4 - moof + NVM_PROTECT_BOX + 4));
    nvm_writer_box_end(w, box);

    nvm_protect_senc(w, s, n);
}
