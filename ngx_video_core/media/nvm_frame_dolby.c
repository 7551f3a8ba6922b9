/*
 * Copyright (C) ngx_video authors
 *
 * Frames of AC-3 and of E-AC-3: what their syncframes say, and the headers
 * that streams of them do not have.
 */

#include "nvm_frame.h"
#include "nvm_reader.h"


/* samples of a block of E-AC-3 (ETSI TS 102 366, E.1.3) */
#define NVM_AC3_BLOCK       256
#define NVM_AC3_SYNC        0x0b77

/* the highest bsid of AC-3 and of E-AC-3 (4.4.2.1, E.1.3.1.6) */
#define NVM_AC3_BSID        10
#define NVM_EAC3_BSID       16

/* fscod: half of a rate, which fscod2 says (E.1.3.1.4, E.1.3.1.5) */
#define NVM_AC3_HALF        3

/* strmtyp (E.1.3.1.1) */
#define NVM_EAC3_DEPENDENT  1

/* syncframes of a packet: six of one block, of 8 substreams of each kind */
#define NVM_EAC3_FRAMES     (6 * 16)

/* chanmap (table E.1.4) */
#define NVM_EAC3_LCRC       0x0400
#define NVM_EAC3_LFE2       0x0002


static const uint32_t  nvm_frame_ac3_rates[] = { 48000, 44100, 32000 };


/* A syncframe of either format. */
typedef struct {
    uint32_t   rate;
    uint32_t   samples;
    uint32_t   size;            /* bytes, of E-AC-3 */
    unsigned   fscod;           /* as it stands there */
    unsigned   bsid;
    unsigned   bsmod;
    unsigned   acmod;
    unsigned   lfeon;
    unsigned   code;            /* of the bit rate, of AC-3 */
    unsigned   type;            /* strmtyp, of E-AC-3 */
    unsigned   id;              /* substreamid, of E-AC-3 */
    unsigned   map;             /* chanmap of a dependent one, or 0 */
} nvm_frame_ac3_t;


/* All syncframes of a packet of E-AC-3. */
typedef struct {
    uint32_t   samples;         /* of the first substream */
    uint32_t   size;
    unsigned   dependents;      /* substreams that depend on the first */
    unsigned   loc;             /* where their channels are, chan_loc */
} nvm_frame_eac3_t;


/* syncinfo and bsi (ETSI TS 102 366, 4.3.1, 4.3.2), as far as they matter */
static void
nvm_frame_ac3_plain(nvm_bits_t *b, nvm_frame_ac3_t *a)
{
    nvm_bits_skip(b, 16);                       /* crc1 */
    a->fscod = nvm_bits_u(b, 2);
    a->code = nvm_bits_u(b, 6) >> 1;
    a->bsid = nvm_bits_u(b, 5);
    a->bsmod = nvm_bits_u(b, 3);
    a->acmod = nvm_bits_u(b, 3);

    if ((a->acmod & 1) && a->acmod != 1) {
        nvm_bits_skip(b, 2);                    /* cmixlev */
    }

    if (a->acmod & 4) {
        nvm_bits_skip(b, 2);                    /* surmixlev */
    }

    if (a->acmod == 2) {
        nvm_bits_skip(b, 2);                    /* dsurmod */
    }

    a->lfeon = nvm_bits_u(b, 1);
    a->samples = NVM_AC3_SAMPLES;
    a->rate = a->fscod < NVM_AC3_HALF ? nvm_frame_ac3_rates[a->fscod] : 0;
}


/* bsi of E-AC-3 (E.1.2.2) up to the channel map */
static void
nvm_frame_ac3_enhanced(nvm_bits_t *b, nvm_frame_ac3_t *a)
{
    unsigned  half, blocks;

    static const uint8_t  counts[] = { 1, 2, 3, 6 };

    a->type = nvm_bits_u(b, 2);
    a->id = nvm_bits_u(b, 3);
    a->size = (nvm_bits_u(b, 11) + 1) * 2;
    a->fscod = nvm_bits_u(b, 2);
    half = nvm_bits_u(b, 2);                    /* fscod2, or numblkscod */
    a->acmod = nvm_bits_u(b, 3);
    a->lfeon = nvm_bits_u(b, 1);
    a->bsid = nvm_bits_u(b, 5);

    if (a->fscod < NVM_AC3_HALF) {
        a->rate = nvm_frame_ac3_rates[a->fscod];
        blocks = counts[half];

    } else {
        a->rate = half < NVM_AC3_HALF ? nvm_frame_ac3_rates[half] / 2 : 0;
        blocks = 6;
    }

    a->samples = blocks * NVM_AC3_BLOCK;

    nvm_bits_skip(b, 5);                        /* dialnorm */

    if (nvm_bits_u(b, 1)) {
        nvm_bits_skip(b, 8);                    /* compr */
    }

    if (a->acmod == 0) {
        nvm_bits_skip(b, 5);                    /* dialnorm2 */

        if (nvm_bits_u(b, 1)) {
            nvm_bits_skip(b, 8);                /* compr2 */
        }
    }

    if (a->type == NVM_EAC3_DEPENDENT && nvm_bits_u(b, 1)) {
        a->map = nvm_bits_u(b, 16);
    }
}


static nvm_err_e
nvm_frame_ac3(nvm_codec_e codec, const uint8_t *data, size_t n,
    nvm_frame_ac3_t *a, nvm_fault_t *f)
{
    nvm_bits_t  b;

    *a = (nvm_frame_ac3_t) { 0 };
    nvm_bits_init(&b, data, n, 0);

    if (nvm_bits_u(&b, 16) != NVM_AC3_SYNC && b.error == NVM_OK) {
        return nvm_fault(f, NVM_EINVAL, 0, "no sync word of AC-3");
    }

    if (codec == NVM_CODEC_AC3) {
        nvm_frame_ac3_plain(&b, a);

    } else {
        nvm_frame_ac3_enhanced(&b, a);
    }

    if (b.error) {
        return nvm_fault(f, b.error, n, "syncframe of AC-3 is cut");
    }

    /* both have it in the same place, but little else */
    if ((a->bsid > NVM_AC3_BSID) != (codec == NVM_CODEC_EAC3)
        || a->bsid > NVM_EAC3_BSID)
    {
        return nvm_fault(f, NVM_EINVAL, 5, "syncframe is not of the codec");
    }

    return a->rate ? NVM_OK
           : nvm_fault(f, NVM_EINVAL, 4, "reserved sampling rate of AC-3");
}


/* chanmap (table E.1.4) to chan_loc (F.6.2.13) */
static unsigned
nvm_frame_locations(unsigned map)
{
    unsigned  i, loc;

    loc = map & NVM_EAC3_LFE2 ? 0x100 : 0;

    for (i = 0; i < 8; i++) {
        loc |= map & (NVM_EAC3_LCRC >> i) ? 1u << i : 0;
    }

    return loc;
}


/*
 * Syncframes of less than six blocks come several in a packet, each before
 * those that depend on it.  What is no syncframe ends the walk.
 */
static nvm_err_e
nvm_frame_eac3(const uint8_t *data, size_t n, nvm_frame_ac3_t *first,
    nvm_frame_eac3_t *all, nvm_fault_t *f)
{
    unsigned         i, ours;
    nvm_err_e        rc;
    nvm_frame_ac3_t  a;

    *all = (nvm_frame_eac3_t) { 0 };
    rc = nvm_frame_ac3(NVM_CODEC_EAC3, data, n, first, f);

    if (rc != NVM_OK) {
        return rc;
    }

    if (first->type == NVM_EAC3_DEPENDENT) {
        return nvm_fault(f, NVM_EINVAL, 2,
                         "E-AC-3 begins with a dependent substream");
    }

    a = *first;
    ours = 1;

    for (i = 0; i < NVM_EAC3_FRAMES; i++) {

        if (a.type != NVM_EAC3_DEPENDENT) {
            ours = a.id == first->id;
            all->samples += ours ? a.samples : 0;

        } else if (ours && all->samples == first->samples) {
            all->dependents++;
            all->loc |= nvm_frame_locations(a.map);
        }

        all->size += a.size;

        if (all->size >= n
            || nvm_frame_ac3(NVM_CODEC_EAC3, data + all->size, n - all->size,
                             &a, NULL)
               != NVM_OK)
        {
            return NVM_OK;
        }
    }

    return nvm_fault(f, NVM_ELIMIT, all->size,
                     "too many syncframes of E-AC-3");
}


/* EC3SpecificBox (F.6), of one independent substream: 40 bits, or 48 */
static unsigned
nvm_frame_dec3(const nvm_frame_ac3_t *a, const nvm_frame_eac3_t *all,
    uint64_t *box)
{
    uint64_t  v;
    unsigned  dependents;

    dependents = all->dependents < 15 ? all->dependents : 15;

    /* kbit/s, to the nearest: frames at 44.1 kHz are not all of one size */
    v = ((uint64_t) all->size * 8 * a->rate / all->samples + 500) / 1000;
    v = (v < 0x1fff ? v : 0x1fff) << 3;
    v = v << 24 | a->fscod << 22 | a->bsid << 17 | a->acmod << 9
        | a->lfeon << 8 | dependents << 1;

    /* nine bits in the place of the last one */
    *box = dependents ? v >> 1 << 9 | all->loc : v;

    return dependents ? 48 : 40;
}


nvm_err_e
nvm_frame_dolby(nvm_codec_e codec, const uint8_t *data, size_t n,
    uint32_t *rate, uint8_t config[NVM_FRAME_DOLBY_MAX], size_t *len,
    nvm_fault_t *f)
{
    uint64_t          v;
    unsigned          i, bits;
    nvm_err_e         rc;
    nvm_frame_ac3_t   a;
    nvm_frame_eac3_t  all;

    rc = codec == NVM_CODEC_AC3 ? nvm_frame_ac3(codec, data, n, &a, f)
                                : nvm_frame_eac3(data, n, &a, &all, f);

    if (rc != NVM_OK) {
        return rc;
    }

    *rate = a.rate;

    if (codec == NVM_CODEC_AC3) {
        /* AC3SpecificBox (F.4) */
        bits = 24;
        v = a.fscod << 22 | a.bsid << 17 | a.bsmod << 14 | a.acmod << 11
            | a.lfeon << 10 | a.code << 5;

    } else {
        bits = nvm_frame_dec3(&a, &all, &v);
    }

    *len = bits / 8;

    for (i = 0; i < *len; i++) {
        config[i] = (uint8_t) (v >> (bits - 8 - i * 8));
    }

    return NVM_OK;
}


nvm_err_e
nvm_frame_dolby_samples(nvm_codec_e codec, const uint8_t *data, size_t n,
    uint32_t *samples, nvm_fault_t *f)
{
    nvm_err_e         rc;
    nvm_frame_ac3_t   a;
    nvm_frame_eac3_t  all;

    if (codec == NVM_CODEC_AC3) {
        rc = nvm_frame_ac3(codec, data, n, &a, f);
        *samples = a.samples;

    } else {
        rc = nvm_frame_eac3(data, n, &a, &all, f);
        *samples = all.samples;
    }

    return rc;
}


uint32_t
nvm_frame_dolby_look(nvm_codec_e codec, const uint8_t *data, size_t n)
{
    nvm_frame_ac3_t  a;

    return nvm_frame_ac3(codec, data, n, &a, NULL) == NVM_OK
           ? a.rate << 4 | a.acmod << 1 | a.lfeon : 0;
}
