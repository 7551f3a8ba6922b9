/*
 * Copyright (C) ngx_video authors
 *
 * dac3 and dec3, and tracks made of them.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_ac3.h"
#include "nvm_reader.h"


/* The highest bsid of AC-3 and of E-AC-3 (TS 102 366, 4.4.2.1 and E.1.3.1.6) */
#define NVM_AC3_BSID    10
#define NVM_EAC3_BSID   16

/* fscod 3: E-AC-3 at half a rate, which another field of the frames tells */
#define NVM_AC3_HALF    3

/* The greatest complexity index (TS 103 420, 8.3.2.2). */
#define NVM_AC3_MAX_JOC 16

/* Channels of table E.1.4 */
#define NVM_AC3_L       0x8000
#define NVM_AC3_C       0x4000
#define NVM_AC3_R       0x2000
#define NVM_AC3_LS      0x1000
#define NVM_AC3_RS      0x0800
#define NVM_AC3_CS      0x0100
#define NVM_AC3_LFE2    0x0002
#define NVM_AC3_LFE     0x0001

/* Those of them that are pairs: Lc/Rc Lrs/Rrs Lsd/Rsd Lw/Rw Lvh/Rvh Lts/Rts */
#define NVM_AC3_PAIRS   0x0674


/* fscod (table 4.1) */
static const uint32_t  nvm_ac3_rates[NVM_AC3_HALF] = { 48000, 44100, 32000 };


/* acmod (table 4.3); 1 + 1, two programmes of one channel, counts as stereo */
static const uint16_t  nvm_ac3_modes[] = {
    NVM_AC3_L | NVM_AC3_R,
    NVM_AC3_C,
    NVM_AC3_L | NVM_AC3_R,
    NVM_AC3_L | NVM_AC3_C | NVM_AC3_R,
    NVM_AC3_L | NVM_AC3_R | NVM_AC3_CS,
    NVM_AC3_L | NVM_AC3_C | NVM_AC3_R | NVM_AC3_CS,
    NVM_AC3_L | NVM_AC3_R | NVM_AC3_LS | NVM_AC3_RS,
    NVM_AC3_L | NVM_AC3_C | NVM_AC3_R | NVM_AC3_LS | NVM_AC3_RS
};


static uint16_t
nvm_ac3_count(uint16_t map)
{
    unsigned  bit, n;

    for (bit = 0x8000, n = 0; bit; bit >>= 1) {
        n += (map & bit) ? 1 + ((NVM_AC3_PAIRS & bit) != 0) : 0;
    }

    return (uint16_t) n;
}


/*
 * chan_loc (F.6.2.13): its lowest bit is Lc/Rc, the following are in the
 * order of table E.1.4 up to Cvh; the highest is LFE2.
 */
static uint16_t
nvm_ac3_locations(uint32_t loc)
{
    unsigned  i, map;

    map = loc & 0x100 ? NVM_AC3_LFE2 : 0;

    for (i = 0; i < 8; i++) {
        map |= loc >> i & 1 ? 0x0400u >> i : 0;
    }

    return (uint16_t) map;
}


/* What dac3 and a substream of dec3 begin with; the bits between differ. */
static void
nvm_ac3_head(nvm_bits_t *b, unsigned max_bsid, unsigned *fscod)
{
    *fscod = nvm_bits_u(b, 2);

    if (nvm_bits_u(b, 5) > max_bsid && b->error == NVM_OK) {
        b->error = NVM_EINVAL;
    }
}


static nvm_err_e
nvm_ac3_done(const nvm_bits_t *b, const uint8_t *data, nvm_ac3_t *out,
    nvm_fault_t *f)
{
    if (b->error) {
        return nvm_fault(f, b->error, (uint64_t) (b->pos - data),
                         b->error == NVM_ETRUNC ? "AC-3 configuration is cut"
                         : "AC-3 configuration: field out of range");
    }

    out->channels = nvm_ac3_count(out->map);

    return NVM_OK;
}


nvm_err_e
nvm_dac3_parse(const uint8_t *data, size_t n, nvm_ac3_t *out, nvm_fault_t *f)
{
    unsigned    fscod;
    nvm_bits_t  b;

    memset(out, 0, sizeof(nvm_ac3_t));
    nvm_bits_init(&b, data, n, 0);

    nvm_ac3_head(&b, NVM_AC3_BSID, &fscod);
    nvm_bits_skip(&b, 3);                       /* bsmod */
    out->map = nvm_ac3_modes[nvm_bits_u(&b, 3)];
    out->map |= nvm_bits_u(&b, 1) ? NVM_AC3_LFE : 0;
    nvm_bits_skip(&b, 5);                       /* bit_rate_code */

    if (b.error == NVM_OK && fscod == NVM_AC3_HALF) {
        b.error = NVM_EINVAL;
    }

    out->sample_rate = fscod < NVM_AC3_HALF ? nvm_ac3_rates[fscod] : 0;

    return nvm_ac3_done(&b, data, out, f);
}


/* One independent substream, with what depends on it */
static void
nvm_dec3_substream(nvm_bits_t *b, nvm_ac3_t *out)
{
    unsigned  fscod;

    nvm_ac3_head(b, NVM_EAC3_BSID, &fscod);
    nvm_bits_skip(b, 1 + 1 + 3);                /* reserved, asvc, bsmod */
    out->map = nvm_ac3_modes[nvm_bits_u(b, 3)];
    out->map |= nvm_bits_u(b, 1) ? NVM_AC3_LFE : 0;
    nvm_bits_skip(b, 3);

    if (nvm_bits_u(b, 4)) {                     /* num_dep_sub */
        out->map |= nvm_ac3_locations(nvm_bits_u(b, 9));

    } else {
        nvm_bits_skip(b, 1);
    }

    out->sample_rate = fscod < NVM_AC3_HALF ? nvm_ac3_rates[fscod] : 0;
}


nvm_err_e
nvm_dec3_parse(const uint8_t *data, size_t n, nvm_ac3_t *out, nvm_fault_t *f)
{
    uint32_t    i, more, index;
    nvm_ac3_t   other;
    nvm_bits_t  b;

    memset(out, 0, sizeof(nvm_ac3_t));
    nvm_bits_init(&b, data, n, 0);

    nvm_bits_skip(&b, 13);                      /* data_rate */
    more = nvm_bits_u(&b, 3);                   /* num_ind_sub, less one */
    nvm_dec3_substream(&b, out);

    for (i = 0; i < more; i++) {
        nvm_dec3_substream(&b, &other);
    }

    if (b.error == NVM_OK && (size_t) (b.end - b.pos) * 8 + b.nbits >= 16) {
        nvm_bits_skip(&b, 7);

        if (nvm_bits_u(&b, 1)) {                /* flag_ec3_extension_type_a */
            index = nvm_bits_u(&b, 8);
            out->joc = (uint8_t) (index && index <= NVM_AC3_MAX_JOC
                                  ? index : NVM_AC3_MAX_JOC);
        }
    }

    return nvm_ac3_done(&b, data, out, f);
}


static nvm_err_e
nvm_ac3_fill(nvm_track_t *t, nvm_codec_e codec, const nvm_ac3_t *a,
    const uint8_t *config, size_t n, nvm_fault_t *f)
{
    size_t    i;
    uint32_t  rate;

    rate = a->sample_rate;

    for (i = 0; rate == 0 && i < NVM_AC3_HALF; i++) {
        rate = t->sample_rate == nvm_ac3_rates[i] / 2 ? t->sample_rate : 0;
    }

    if (rate == 0) {
        return nvm_fault(f, NVM_EUNSUP, 2, "E-AC-3 at an unknown half rate");
    }

    t->kind = NVM_AUDIO;
    t->codec = codec;
    t->timescale = rate;
    t->sample_rate = rate;
    t->channels = a->channels;
    t->joc = a->joc;

    snprintf(t->codecs, sizeof(t->codecs), "%s",
             codec == NVM_CODEC_AC3 ? "ac-3" : "ec-3");

    memcpy(t->config, config, n);
    t->config_len = (uint16_t) n;

    return NVM_OK;
}


nvm_err_e
nvm_ac3_track(nvm_track_t *t, const uint8_t *dac3, size_t n, nvm_fault_t *f)
{
    nvm_ac3_t  a;
    nvm_err_e  rc;

    if (n > NVM_MAX_CONFIG) {
        return nvm_fault(f, NVM_ELIMIT, 0, "dac3 is too long");
    }

    rc = nvm_dac3_parse(dac3, n, &a, f);
    if (rc != NVM_OK) {
        return rc;
    }

    return nvm_ac3_fill(t, NVM_CODEC_AC3, &a, dac3, n, f);
}


nvm_err_e
nvm_eac3_track(nvm_track_t *t, const uint8_t *dec3, size_t n, nvm_fault_t *f)
{
    nvm_ac3_t  a;
    nvm_err_e  rc;

    if (n > NVM_MAX_CONFIG) {
        return nvm_fault(f, NVM_ELIMIT, 0, "dec3 is too long");
    }

    rc = nvm_dec3_parse(dec3, n, &a, f);
    if (rc != NVM_OK) {
        return rc;
    }

    return nvm_ac3_fill(t, NVM_CODEC_EAC3, &a, dec3, n, f);
}
