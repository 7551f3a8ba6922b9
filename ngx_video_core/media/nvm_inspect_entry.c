/*
 * Copyright (C) ngx_video authors
 *
 * Sample entries and what is in them beside the codec: ISO/IEC 14496-12, 8.5.2
 * and 12; ISO/IEC 23001-7, 8.2; the sound descriptions of the QuickTime File
 * Format.
 */

#include "nvm_inspect_mp4.h"


void
nvm_inspect_stsd(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t  n;

    n = nvm_reader_u32(&box->b.r);
    w->stsd_version = box->version;

    if (box->b.r.error == NVM_OK) {
        nvm_emit_uint(w->e, "entries", n);
    }
}


/* 12.1.3 */
static void
nvm_inspect_visual(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    size_t          n;
    uint16_t        width, height, depth;
    nvm_reader_t   *r, name;
    const uint8_t  *p;

    r = &box->b.r;

    nvm_reader_skip(r, 16);
    width = nvm_reader_u16(r);
    height = nvm_reader_u16(r);
    nvm_reader_skip(r, 14);
    nvm_reader_sub(r, 32, &name);
    depth = nvm_reader_u16(r);
    nvm_reader_skip(r, 2);

    if (r->error) {
        return;
    }

    nvm_emit_uint(w->e, "width", width);
    nvm_emit_uint(w->e, "height", height);
    nvm_emit_uint(w->e, "depth", depth);

    n = nvm_reader_u8(&name);
    p = nvm_reader_bytes(&name, n);

    if (p != NULL && n) {
        nvm_emit_text(w->e, "compressor", p, n);
    }

    if (w->collect && w->track != NULL && w->track->nentries == 1) {
        w->track->width = width;
        w->track->height = height;
    }
}


/* QuickTime, sound sample description version 2: the rate is a double. */
static uint32_t
nvm_inspect_rate(nvm_reader_t *r)
{
    uint64_t  v;
    unsigned  exponent;

    v = nvm_reader_u64(r);
    exponent = v >> 52 & 0x7ff;
    v = (v & 0xfffffffffffff) | 1ull << 52;

    return exponent < 1023 || exponent > 1023 + 31
           ? 0 : (uint32_t) (v >> (52 + 1023 - exponent));
}


/*
 * 12.2.3; what QuickTime adds depends on the version of the entry, but for one
 * in an stsd of version 1, which is ISO's.
 */
static void
nvm_inspect_sound(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint16_t       version, bits;
    uint32_t       channels, rate;
    nvm_reader_t  *r;

    r = &box->b.r;

    version = nvm_reader_u16(r);
    nvm_reader_skip(r, 6);
    channels = nvm_reader_u16(r);
    bits = nvm_reader_u16(r);
    nvm_reader_skip(r, 4);
    rate = nvm_reader_u32(r) >> 16;

    if (version == 1 && w->stsd_version == 0) {
        nvm_reader_skip(r, 16);

    } else if (version == 2 && w->stsd_version == 0) {
        nvm_reader_skip(r, 4);
        rate = nvm_inspect_rate(r);
        channels = nvm_reader_u32(r);
        nvm_reader_skip(r, 20);
    }

    if (r->error) {
        return;
    }

    if (version) {
        nvm_emit_uint(w->e, "version", version);
    }

    nvm_emit_uint(w->e, "channels", channels);
    nvm_emit_uint(w->e, "bits", bits);
    nvm_emit_uint(w->e, "sample_rate", rate);

    if (w->collect && w->track != NULL && w->track->nentries == 1) {
        w->track->channels = (uint16_t) channels;
        w->track->sample_rate = rate;
    }
}


/* ISO/IEC 14496-12, 12.6.3: three strings, then boxes */
static void
nvm_inspect_subtitle(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    static const nvm_inspect_field_t  fields[] = {
        { "namespace", NVM_FIELD_TEXT, 0 },
        { NULL, NVM_FIELD_END, 0 }
    };

    nvm_inspect_fields(w, box, fields);
    box->children = 0;
}


void
nvm_inspect_entry(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint16_t  reference;

    nvm_reader_skip(&box->b.r, 6);
    reference = nvm_reader_u16(&box->b.r);

    if (box->b.r.error) {
        return;
    }

    nvm_emit_uint(w->e, "data_reference", reference);

    if (w->collect && w->track != NULL && w->track->nentries++ == 0) {
        w->track->entry = box->b.type;
    }

    box->children = 1;

    if (w->handler == NVM_FOURCC('v', 'i', 'd', 'e')) {
        nvm_inspect_visual(w, box);

    } else if (w->handler == NVM_FOURCC('s', 'o', 'u', 'n')) {
        nvm_inspect_sound(w, box);

    } else if (box->b.type == NVM_FOURCC('s', 't', 'p', 'p')) {
        nvm_inspect_subtitle(w, box);

    } else if (box->b.type != NVM_FOURCC('w', 'v', 't', 't')) {
        box->children = 0;
    }
}


/* 8.12.3: what the entry was before it was encrypted */
void
nvm_inspect_frma(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t  type;

    type = nvm_reader_u32(&box->b.r);

    if (box->b.r.error) {
        return;
    }

    nvm_emit_type(w->e, "format", type);

    if (w->collect && w->track != NULL && w->track->nentries == 1) {
        w->track->entry = type;
    }
}


/* 8.12.6 */
void
nvm_inspect_schm(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t  scheme, version;

    scheme = nvm_reader_u32(&box->b.r);
    version = nvm_reader_u32(&box->b.r);

    if (box->b.r.error) {
        return;
    }

    nvm_emit_type(w->e, "scheme", scheme);
    nvm_emit_hex32(w->e, "scheme_version", version);

    if (w->collect && w->track != NULL) {
        w->track->scheme = scheme;
    }
}


/* ISO/IEC 23001-7, 8.2 */
void
nvm_inspect_tenc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint8_t         pattern, protected, iv;
    nvm_reader_t   *r;
    const uint8_t  *kid, *p;

    r = &box->b.r;

    nvm_reader_skip(r, 1);
    pattern = nvm_reader_u8(r);
    protected = nvm_reader_u8(r);
    iv = nvm_reader_u8(r);
    kid = nvm_reader_bytes(r, 16);

    if (kid == NULL) {
        return;
    }

    nvm_emit_flag(w->e, "protected", protected != 0);
    nvm_emit_uint(w->e, "iv_size", iv);
    nvm_emit_hex(w->e, "kid", kid, 16);

    if (box->version) {
        nvm_emit_uint(w->e, "crypt_blocks", pattern >> 4);
        nvm_emit_uint(w->e, "skip_blocks", pattern & 15);
    }

    if (protected && iv == 0) {
        iv = nvm_reader_u8(r);
        p = nvm_reader_bytes(r, iv);

        if (p != NULL) {
            nvm_emit_hex(w->e, "constant_iv", p, iv);
        }
    }
}


/* Code points of ISO/IEC 23091-2 */
static const nvm_emit_name_t  nvm_inspect_primaries[] = {
    { 1, "BT.709" }, { 4, "BT.470M" }, { 5, "BT.470BG" }, { 6, "SMPTE 170M" },
    { 7, "SMPTE 240M" }, { 8, "film" }, { 9, "BT.2020" }, { 10, "XYZ" },
    { 11, "DCI-P3" }, { 12, "Display P3" }, { 0, NULL }
};

static const nvm_emit_name_t  nvm_inspect_transfers[] = {
    { 1, "BT.709" }, { 4, "gamma 2.2" }, { 5, "gamma 2.8" },
    { 6, "SMPTE 170M" }, { 7, "SMPTE 240M" }, { 8, "linear" }, { 13, "sRGB" },
    { 14, "BT.2020 10 bits" }, { 15, "BT.2020 12 bits" }, { 16, "PQ" },
    { 18, "HLG" }, { 0, NULL }
};

static const nvm_emit_name_t  nvm_inspect_matrices[] = {
    { 0, "RGB" }, { 1, "BT.709" }, { 5, "BT.470BG" }, { 6, "SMPTE 170M" },
    { 7, "SMPTE 240M" }, { 8, "YCgCo" }, { 9, "BT.2020" },
    { 10, "BT.2020 constant luminance" }, { 0, NULL }
};


void
nvm_inspect_colour(nvm_emit_t *e, const nvm_colour_t *c)
{
    if (c->primaries == 0 && c->transfer == 0 && c->matrix == 0) {
        return;
    }

    nvm_emit_code(e, "primaries", c->primaries,
                  nvm_emit_meaning(nvm_inspect_primaries, c->primaries));
    nvm_emit_code(e, "transfer", c->transfer,
                  nvm_emit_meaning(nvm_inspect_transfers, c->transfer));
    nvm_emit_code(e, "matrix", c->matrix,
                  nvm_emit_meaning(nvm_inspect_matrices, c->matrix));
    nvm_emit_flag(e, "full_range", c->full_range);
}


/* 12.1.5; QuickTime's has no range */
void
nvm_inspect_colr(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t       type;
    nvm_colour_t   c = { 0 };
    nvm_reader_t  *r;

    r = &box->b.r;
    type = nvm_reader_u32(r);

    if (r->error) {
        return;
    }

    nvm_emit_type(w->e, "colour_type", type);

    if (type != NVM_FOURCC('n', 'c', 'l', 'x')
        && type != NVM_FOURCC('n', 'c', 'l', 'c'))
    {
        nvm_emit_uint(w->e, "profile_size", nvm_reader_left(r));
        return;
    }

    /* none of the code points is over 255 */

    c.primaries = (uint8_t) nvm_reader_u16(r);
    c.transfer = (uint8_t) nvm_reader_u16(r);
    c.matrix = (uint8_t) nvm_reader_u16(r);

    if (type == NVM_FOURCC('n', 'c', 'l', 'x')) {
        c.full_range = nvm_reader_u8(r) >> 7;
    }

    if (r->error == NVM_OK) {
        nvm_inspect_colour(w->e, &c);
    }
}


/* 12.1.7: in units of 0.00002 and of 0.0001 cd/m2; green, blue, red, white */
void
nvm_inspect_mdcv(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    int            i;
    uint32_t       max, min;
    uint16_t       v[8];
    nvm_reader_t  *r;

    static const char *const  names[] = {
        "green_x", "green_y", "blue_x", "blue_y", "red_x", "red_y", "white_x",
        "white_y"
    };

    r = &box->b.r;

    for (i = 0; i < 8; i++) {
        v[i] = nvm_reader_u16(r);
    }

    max = nvm_reader_u32(r);
    min = nvm_reader_u32(r);

    if (r->error) {
        return;
    }

    for (i = 0; i < 8; i++) {
        nvm_emit_ratio(w->e, names[i], v[i], 50000, 5);
    }

    nvm_emit_ratio(w->e, "max_luminance", max, 10000, 4);
    nvm_emit_ratio(w->e, "min_luminance", min, 10000, 4);
}
