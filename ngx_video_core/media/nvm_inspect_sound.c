/*
 * Copyright (C) ngx_video authors
 *
 * Configurations of audio codecs: ISO/IEC 14496-1, 7.2.6 (esds); ETSI TS 102
 * 366, F.4 and F.6 (AC-3, E-AC-3); Encapsulation of Opus and of FLAC in ISO
 * Base Media File Format.
 */

#include "nvm_aac.h"
#include "nvm_inspect_mp4.h"


/* ISO/IEC 14496-1, 7.2.2.1 */
#define NVM_INSPECT_TAG_ES          3
#define NVM_INSPECT_TAG_CONFIG      4
#define NVM_INSPECT_TAG_SPECIFIC    5

/* The frame header of FLAC's metadata that describes the stream */
#define NVM_INSPECT_FLAC_STREAMINFO  0


/* objectTypeIndication, of the registration authority */
static const nvm_emit_name_t  nvm_inspect_objects[] = {
    { 0x20, "MPEG-4 Visual" }, { 0x21, "H.264" }, { 0x23, "HEVC" },
    { 0x40, "AAC" }, { 0x60, "MPEG-2 Video Simple" },
    { 0x61, "MPEG-2 Video Main" }, { 0x66, "MPEG-2 AAC Main" },
    { 0x67, "MPEG-2 AAC LC" }, { 0x68, "MPEG-2 AAC SSR" },
    { 0x69, "MPEG-2 Audio" }, { 0x6a, "MPEG-1 Video" },
    { 0x6b, "MPEG-1 Audio" }, { 0x6c, "JPEG" }, { 0xa5, "AC-3" },
    { 0xa6, "E-AC-3" }, { 0xa9, "DTS" }, { 0xad, "Opus" }, { 0xdd, "Vorbis" },
    { 0, NULL }
};

/* ISO/IEC 14496-3, table 1.17 */
static const nvm_emit_name_t  nvm_inspect_aac_types[] = {
    { 1, "AAC Main" }, { 2, "AAC LC" }, { 3, "AAC SSR" }, { 4, "AAC LTP" },
    { 5, "HE-AAC" }, { 23, "AAC LD" }, { 29, "HE-AAC v2" }, { 39, "AAC ELD" },
    { 42, "xHE-AAC" }, { 0, NULL }
};

/* Channels without the one for low frequencies, of acmod */
static const uint8_t  nvm_inspect_ac3_channels[8] = {
    2, 1, 2, 3, 3, 4, 4, 5
};

static const uint16_t  nvm_inspect_ac3_rates[4] = { 48000, 44100, 32000, 0 };

/* kbit/s, of bit_rate_code */
static const uint16_t  nvm_inspect_ac3_bitrates[] = {
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448,
    512, 576, 640
};


/* The next descriptor of that tag, 8.3.3; others are skipped. */
static int
nvm_inspect_descriptor(nvm_reader_t *r, uint8_t tag, nvm_reader_t *body)
{
    int       i;
    uint8_t   c, found;
    uint32_t  len;

    while (nvm_reader_left(r)) {
        found = nvm_reader_u8(r);

        for (i = 0, len = 0; i < 4; i++) {
            c = nvm_reader_u8(r);
            len = len << 7 | (c & 0x7f);

            if (!(c & 0x80)) {
                break;
            }
        }

        nvm_reader_sub(r, len, body);

        if (r->error == NVM_OK && found == tag) {
            return 1;
        }
    }

    return 0;
}


static void
nvm_inspect_asc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box,
    nvm_reader_t *r)
{
    size_t          n;
    uint8_t         type;
    uint64_t        base;
    nvm_aac_t       aac;
    nvm_bits_t      bits;
    nvm_fault_t     f = { 0 };
    const uint8_t  *p;

    base = nvm_reader_offset(r);
    n = nvm_reader_left(r);
    p = nvm_reader_bytes(r, n);

    if (p == NULL || n == 0) {
        return;
    }

    nvm_bits_init(&bits, p, n, 0);
    type = (uint8_t) nvm_bits_u(&bits, 5);
    type = type == 31 ? (uint8_t) (32 + nvm_bits_u(&bits, 6)) : type;

    nvm_emit_code(w->e, "audio_object", type,
                  nvm_emit_meaning(nvm_inspect_aac_types, type));

    if (nvm_aac_parse(p, n, &aac, &f) == NVM_OK) {
        nvm_emit_uint(w->e, "core_rate", aac.sample_rate);
        nvm_emit_uint(w->e, "output_rate", aac.output_rate);
        nvm_emit_uint(w->e, "output_channels", aac.channels);

    } else {
        nvm_inspect_codec_fault(box, base, &f);
    }
}


void
nvm_inspect_esds(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint8_t       flags, object;
    uint32_t      buffer, max, avg;
    nvm_reader_t  es, config, specific;

    if (!nvm_inspect_descriptor(&box->b.r, NVM_INSPECT_TAG_ES, &es)) {
        nvm_inspect_fault(box, NVM_ENOENT, box->b.offset,
                          "ES descriptor is missing or cut");
        return;
    }

    nvm_reader_skip(&es, 2);
    flags = nvm_reader_u8(&es);
    nvm_reader_skip(&es, flags & 0x80 ? 2 : 0);
    nvm_reader_skip(&es, flags & 0x40 ? nvm_reader_u8(&es) : 0);
    nvm_reader_skip(&es, flags & 0x20 ? 2 : 0);

    if (!nvm_inspect_descriptor(&es, NVM_INSPECT_TAG_CONFIG, &config)) {
        nvm_inspect_fault(box, NVM_ENOENT, box->b.offset,
                          "decoder configuration is missing or cut");
        return;
    }

    object = nvm_reader_u8(&config);
    nvm_reader_skip(&config, 1);
    buffer = nvm_reader_u24(&config);
    max = nvm_reader_u32(&config);
    avg = nvm_reader_u32(&config);

    if (config.error) {
        nvm_inspect_fault(box, NVM_ETRUNC, box->b.offset,
                          "decoder configuration is cut");
        return;
    }

    nvm_emit_code(w->e, "object", object,
                  nvm_emit_meaning(nvm_inspect_objects, object));
    nvm_emit_uint(w->e, "buffer", buffer);
    nvm_emit_uint(w->e, "max_bitrate", max);
    nvm_emit_uint(w->e, "avg_bitrate", avg);

    if (object == 0x40
        && nvm_inspect_descriptor(&config, NVM_INSPECT_TAG_SPECIFIC,
                                  &specific))
    {
        nvm_inspect_asc(w, box, &specific);
    }
}


void
nvm_inspect_dac3(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t  v, rate;

    v = nvm_reader_u24(&box->b.r);

    if (box->b.r.error) {
        return;
    }

    rate = v >> 5 & 0x1f;

    nvm_emit_uint(w->e, "sample_rate", nvm_inspect_ac3_rates[v >> 22]);
    nvm_emit_uint(w->e, "bsid", v >> 17 & 0x1f);
    nvm_emit_uint(w->e, "channels", nvm_inspect_ac3_channels[v >> 11 & 7]);
    nvm_emit_flag(w->e, "lfe", v >> 10 & 1);

    if (rate < sizeof(nvm_inspect_ac3_bitrates) / sizeof(uint16_t)) {
        nvm_emit_uint(w->e, "bitrate",
                      nvm_inspect_ac3_bitrates[rate] * 1000u);
    }
}


void
nvm_inspect_dec3(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t       i, n, v, dependent;
    nvm_reader_t  *r;

    r = &box->b.r;
    v = nvm_reader_u16(r);

    if (r->error) {
        return;
    }

    n = (v & 7) + 1;
    nvm_emit_uint(w->e, "bitrate", (v >> 3) * 1000);
    nvm_emit_table(w->e, "substreams", "sample_rate bsid channels lfe "
                                       "dependent");

    for (i = 0; i < n; i++) {
        v = nvm_reader_u24(r);
        dependent = v >> 1 & 15;
        nvm_reader_skip(r, dependent ? 1 : 0);

        if (r->error) {
            break;
        }

        nvm_emit_open(w->e, NULL, NVM_EMIT_ROW);
        nvm_emit_uint(w->e, "sample_rate", nvm_inspect_ac3_rates[v >> 22]);
        nvm_emit_uint(w->e, "bsid", v >> 17 & 0x1f);
        nvm_emit_uint(w->e, "channels",
                      nvm_inspect_ac3_channels[v >> 9 & 7]);
        nvm_emit_flag(w->e, "lfe", v >> 8 & 1);
        nvm_emit_uint(w->e, "dependent", dependent);
        nvm_emit_close(w->e);
    }

    nvm_emit_close(w->e);
}


void
nvm_inspect_dops(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint8_t        channels, family;
    uint16_t       skip;
    int16_t        gain;
    uint32_t       rate;
    nvm_reader_t  *r;

    r = &box->b.r;

    nvm_reader_skip(r, 1);
    channels = nvm_reader_u8(r);
    skip = nvm_reader_u16(r);
    rate = nvm_reader_u32(r);
    gain = (int16_t) nvm_reader_u16(r);
    family = nvm_reader_u8(r);

    if (r->error) {
        return;
    }

    nvm_emit_uint(w->e, "channels", channels);
    nvm_emit_uint(w->e, "pre_skip", skip);
    nvm_emit_uint(w->e, "input_rate", rate);
    nvm_emit_int(w->e, "gain", gain);
    nvm_emit_uint(w->e, "mapping", family);
}


/* STREAMINFO is the first block */
void
nvm_inspect_dfla(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint8_t        type;
    uint16_t       min, max;
    uint64_t       v;
    nvm_reader_t  *r;

    r = &box->b.r;

    type = nvm_reader_u8(r) & 0x7f;
    nvm_reader_skip(r, 3);
    min = nvm_reader_u16(r);
    max = nvm_reader_u16(r);
    nvm_reader_skip(r, 6);
    v = nvm_reader_u64(r);

    if (r->error) {
        return;
    }

    if (type != NVM_INSPECT_FLAC_STREAMINFO) {
        nvm_inspect_fault(box, NVM_EINVAL, box->b.offset,
                          "STREAMINFO is not the first block");
        return;
    }

    nvm_emit_uint(w->e, "min_block", min);
    nvm_emit_uint(w->e, "max_block", max);
    nvm_emit_uint(w->e, "sample_rate", v >> 44);
    nvm_emit_uint(w->e, "channels", (v >> 41 & 7) + 1);
    nvm_emit_uint(w->e, "bits", (v >> 36 & 0x1f) + 1);
    nvm_emit_uint(w->e, "frames", v & 0xfffffffff);
}
