/*
 * Copyright (C) ngx_video authors
 *
 * av1C, and a track made of it.  The sequence header has a file of its own,
 * nvm_av1_seq.c.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_av1_obu.h"
#include "nvm_av1_seq.h"
#include "nvm_codec.h"


/* marker and version, 1 bit and 7 (2.3.4) */
#define NVM_AV1C_VERSION    0x81


/* One OBU of configOBUs, each of which has a size (2.3.4). */
static void
nvm_av1_config_obu(nvm_reader_t *r, nvm_av1_t *out)
{
    size_t         n;
    nvm_bits_t     b;
    nvm_av1_obu_t  obu;
    nvm_av1_seq_t  q;

    nvm_av1_obu_read(r, &obu);

    if (r->error == NVM_OK && !obu.sized) {
        r->error = NVM_EINVAL;
    }

    if (r->error || out->sequence || obu.forbidden
        || obu.type != NVM_OBU_SEQUENCE_HEADER)
    {
        return;
    }

    n = nvm_reader_left(&obu.payload);
    nvm_bits_init(&b, nvm_reader_bytes(&obu.payload, n), n, 0);
    nvm_av1_sequence(&b, out, &q);

    r->error = b.error;
    out->sequence = 1;
}


nvm_err_e
nvm_av1c_parse(const uint8_t *data, size_t n, nvm_av1_t *out, nvm_fault_t *f)
{
    uint8_t       version, v;
    uint64_t      at;
    nvm_reader_t  r;

    memset(out, 0, sizeof(nvm_av1_t));
    out->fps_den = 1;
    nvm_reader_init(&r, data, n, 0);

    version = nvm_reader_u8(&r);

    v = nvm_reader_u8(&r);
    out->profile = v >> 5;
    out->level = v & 0x1f;

    v = nvm_reader_u8(&r);
    out->tier = v >> 7;
    out->depth = v & 0x40 ? (v & 0x20 ? 12 : 10) : 8;
    out->monochrome = v >> 4 & 1;
    out->subsampling_x = v >> 3 & 1;
    out->subsampling_y = v >> 2 & 1;
    out->position = v & 3;

    nvm_reader_skip(&r, 1);             /* initial_presentation_delay */

    if (r.error) {
        return nvm_fault(f, r.error, nvm_reader_offset(&r), "av1C is cut");
    }

    if (version != NVM_AV1C_VERSION) {
        return nvm_fault(f, NVM_EUNSUP, 0, "av1C version is not 1");
    }

    if (out->profile > 2) {
        return nvm_fault(f, NVM_EINVAL, 1, "av1C: reserved profile");
    }

    while (nvm_reader_left(&r)) {
        at = nvm_reader_offset(&r);
        nvm_av1_config_obu(&r, out);

        if (r.error) {
            return nvm_fault(f, r.error, at, r.error == NVM_ETRUNC
                             ? "OBU in av1C is cut" : "bad OBU in av1C");
        }
    }

    return NVM_OK;
}


/*
 * The codecs parameter string (5 in the binding): all optional fields or
 * none.  The colour is that of the track, where a colr box stands above the
 * bitstream; what neither tells is BT.709.
 */
static void
nvm_av1_codecs(nvm_track_t *t, const nvm_av1_t *a)
{
    int       len;
    unsigned  chroma, range, primaries, transfer, matrix;

    primaries = t->primaries ? t->primaries : 1;
    transfer = t->transfer ? t->transfer : 1;
    matrix = t->primaries ? t->matrix : 1;
    range = a->sequence ? a->colour.full_range : t->full_range;

    chroma = a->subsampling_x * 100u + a->subsampling_y * 10u;
    chroma += chroma == 110 ? a->position : 0;

    len = snprintf(t->codecs, sizeof(t->codecs), "av01.%u.%02u%c.%02u",
                   a->profile, a->level, a->tier ? 'H' : 'M', a->depth);

    if (!a->monochrome && chroma == 110 && primaries == 1 && transfer == 1
        && matrix == 1 && range == 0)
    {
        return;
    }

    snprintf(t->codecs + len, sizeof(t->codecs) - (size_t) len,
             ".%u.%03u.%02u.%02u.%02u.%u", a->monochrome, chroma, primaries,
             transfer, matrix, range & 1);
}


nvm_err_e
nvm_av1_track(nvm_track_t *t, const uint8_t *av1c, size_t n, nvm_fault_t *f)
{
    nvm_av1_t  a;
    nvm_err_e  rc;

    if (n > NVM_MAX_CONFIG) {
        return nvm_fault(f, NVM_ELIMIT, 0, "av1C is too long");
    }

    rc = nvm_av1c_parse(av1c, n, &a, f);
    if (rc != NVM_OK) {
        return rc;
    }

    if (!a.sequence && (t->width == 0 || t->height == 0)) {
        return nvm_fault(f, NVM_ENOENT, n, "AV1 without a size");
    }

    if (a.width > UINT16_MAX || a.height > UINT16_MAX) {
        return nvm_fault(f, NVM_ELIMIT, 4, "AV1: picture too large");
    }

    t->kind = NVM_VIDEO;
    t->codec = NVM_CODEC_AV1;
    t->width = a.sequence ? (uint16_t) a.width : t->width;
    t->height = a.sequence ? (uint16_t) a.height : t->height;
    t->fps_num = a.fps_num;
    t->fps_den = a.fps_den;
    t->depth = a.depth;
    nvm_codec_colour(t, &a.colour);
    nvm_av1_codecs(t, &a);

    memcpy(t->config, av1c, n);
    t->config_len = (uint16_t) n;

    return NVM_OK;
}
