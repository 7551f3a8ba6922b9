/*
 * Copyright (C) ngx_video authors
 *
 * Configurations of video codecs.  Their parsers are those by which files are
 * packaged, so what they refuse is refused here too; what a packager has no
 * use for, Dolby Vision's, is read here.
 */

#include "nvm_av1.h"
#include "nvm_h264.h"
#include "nvm_hevc.h"
#include "nvm_inspect_mp4.h"
#include "nvm_vp9.h"


static const nvm_emit_name_t  nvm_inspect_avc_profiles[] = {
    { 44, "CAVLC 4:4:4 Intra" }, { 66, "Baseline" }, { 77, "Main" },
    { 88, "Extended" }, { 100, "High" }, { 110, "High 10" },
    { 122, "High 4:2:2" }, { 244, "High 4:4:4 Predictive" }, { 0, NULL }
};

static const nvm_emit_name_t  nvm_inspect_hevc_profiles[] = {
    { 1, "Main" }, { 2, "Main 10" }, { 3, "Main Still Picture" },
    { 4, "Range Extensions" }, { 9, "Screen Content Coding" }, { 0, NULL }
};

static const nvm_emit_name_t  nvm_inspect_av1_profiles[] = {
    { 0, "Main" }, { 1, "High" }, { 2, "Professional" }, { 0, NULL }
};

/* chroma_format_idc of H.264 and H.265 */
static const nvm_emit_name_t  nvm_inspect_chroma[] = {
    { 0, "4:0:0" }, { 1, "4:2:0" }, { 2, "4:2:2" }, { 3, "4:4:4" },
    { 0, NULL }
};

/* chroma_subsampling of vpcC */
static const nvm_emit_name_t  nvm_inspect_vp9_chroma[] = {
    { 0, "4:2:0" }, { 1, "4:2:0" }, { 2, "4:2:2" }, { 3, "4:4:4" },
    { 0, NULL }
};


void
nvm_inspect_codec_fault(nvm_inspect_box_t *box, uint64_t base,
    const nvm_fault_t *f)
{
    if (f->code != NVM_OK && f->code != NVM_EUNSUP) {
        nvm_inspect_fault(box, f->code, base + f->offset,
                          f->what ? f->what : nvm_strerror(f->code));
    }
}


/* All that is left of a box; *base is where it stands in the file. */
static const uint8_t *
nvm_inspect_payload(nvm_inspect_box_t *box, size_t *n, uint64_t *base)
{
    *base = nvm_reader_offset(&box->b.r);
    *n = nvm_reader_left(&box->b.r);

    return nvm_reader_bytes(&box->b.r, *n);
}


/* What sequence headers of all codecs tell, as far as they do. */
static void
nvm_inspect_picture_write(nvm_emit_t *e, uint32_t width, uint32_t height,
    uint32_t fps_num, uint32_t fps_den)
{
    nvm_emit_uint(e, "width", width);
    nvm_emit_uint(e, "height", height);

    if (fps_num && fps_den) {
        nvm_emit_ratio(e, "frame_rate", fps_num, fps_den, 3);
    }
}


static void
nvm_inspect_sps(nvm_inspect_walk_t *w, nvm_inspect_box_t *box, uint64_t base,
    const nvm_avcc_t *avcc)
{
    nvm_sps_t    sps;
    nvm_fault_t  f = { 0 };

    if (nvm_sps_parse(avcc->sps, avcc->sps_len, &sps, &f) != NVM_OK) {
        nvm_inspect_codec_fault(box, base + avcc->sps_offset, &f);
        return;
    }

    nvm_emit_code(w->e, "chroma", sps.chroma_format_idc,
                  nvm_emit_meaning(nvm_inspect_chroma,
                                   sps.chroma_format_idc));
    nvm_emit_uint(w->e, "bit_depth", sps.bit_depth);
    nvm_emit_flag(w->e, "interlaced", !sps.frame_mbs_only);
    nvm_inspect_picture_write(w->e, sps.width, sps.height, sps.fps_num,
                              sps.fps_den);
    nvm_inspect_colour(w->e, &sps.colour);
}


void
nvm_inspect_avcc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    size_t          n;
    uint64_t        base;
    nvm_avcc_t      avcc;
    nvm_fault_t     f = { 0 };
    const uint8_t  *p;

    p = nvm_inspect_payload(box, &n, &base);

    /* only avc1 must have its parameter sets here: 5.4.2.1.2 */

    if (nvm_avcc_parse(p, n, &avcc, &f) != NVM_OK
        && (f.code != NVM_ENOENT || box->b.parent == NULL
            || box->b.parent->type == NVM_FOURCC('a', 'v', 'c', '1')))
    {
        nvm_inspect_codec_fault(box, base, &f);
        return;
    }

    nvm_emit_code(w->e, "profile", avcc.profile,
                  nvm_emit_meaning(nvm_inspect_avc_profiles, avcc.profile));
    nvm_emit_uint(w->e, "compatibility", avcc.compat);
    nvm_emit_ratio(w->e, "level", avcc.level, 10, 1);
    nvm_emit_uint(w->e, "nal_length_size", avcc.nal_length_size);
    nvm_emit_uint(w->e, "sps", avcc.nsps);
    nvm_emit_uint(w->e, "pps", avcc.npps);

    if (avcc.sps != NULL) {
        nvm_inspect_sps(w, box, base, &avcc);
    }
}


static void
nvm_inspect_hevc_sps(nvm_inspect_walk_t *w, nvm_inspect_box_t *box,
    uint64_t base, const nvm_hvcc_t *hvcc)
{
    nvm_fault_t      f = { 0 };
    nvm_hevc_sps_t   sps;

    /* those of hev1 may all be in the samples */

    if (hvcc->sps == NULL) {
        return;
    }

    if (nvm_hevc_sps_parse(hvcc->sps, hvcc->sps_len, &sps, &f) != NVM_OK) {
        nvm_inspect_codec_fault(box, base + hvcc->sps_offset, &f);
        return;
    }

    nvm_emit_code(w->e, "chroma", sps.chroma_format_idc,
                  nvm_emit_meaning(nvm_inspect_chroma,
                                   sps.chroma_format_idc));
    nvm_inspect_picture_write(w->e, sps.width, sps.height, sps.fps_num,
                              sps.fps_den);
    nvm_inspect_colour(w->e, &sps.colour);
}


void
nvm_inspect_hvcc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    size_t          n;
    uint64_t        base;
    nvm_hvcc_t      hvcc;
    nvm_fault_t     f = { 0 };
    const uint8_t  *p;

    p = nvm_inspect_payload(box, &n, &base);

    if (nvm_hvcc_parse(p, n, &hvcc, &f) != NVM_OK) {
        nvm_inspect_codec_fault(box, base, &f);
        return;
    }

    nvm_emit_code(w->e, "profile", hvcc.profile,
                  nvm_emit_meaning(nvm_inspect_hevc_profiles, hvcc.profile));
    nvm_emit_word(w->e, "tier", hvcc.tier ? "High" : "Main");
    nvm_emit_ratio(w->e, "level", hvcc.level, 30, 1);
    nvm_emit_uint(w->e, "bit_depth", hvcc.depth);
    nvm_emit_uint(w->e, "nal_length_size", hvcc.nal_length_size);

    nvm_inspect_hevc_sps(w, box, base, &hvcc);
}


/* seq_level_idx: AV1 Bitstream & Decoding Process Specification, A.3 */
void
nvm_inspect_av1c(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    size_t          n;
    uint64_t        base;
    nvm_av1_t       av1;
    nvm_fault_t     f = { 0 };
    const uint8_t  *p;

    p = nvm_inspect_payload(box, &n, &base);

    if (nvm_av1c_parse(p, n, &av1, &f) != NVM_OK) {
        nvm_inspect_codec_fault(box, base, &f);
        return;
    }

    nvm_emit_code(w->e, "profile", av1.profile,
                  nvm_emit_meaning(nvm_inspect_av1_profiles, av1.profile));
    nvm_emit_ratio(w->e, "level", 20 + av1.level / 4 * 10 + av1.level % 4, 10,
                   1);
    nvm_emit_word(w->e, "tier", av1.tier ? "High" : "Main");
    nvm_emit_uint(w->e, "bit_depth", av1.depth);
    nvm_emit_word(w->e, "chroma_name", av1.monochrome ? "4:0:0"
                                       : av1.subsampling_y ? "4:2:0"
                                       : av1.subsampling_x ? "4:2:2"
                                       : "4:4:4");

    if (av1.sequence) {
        nvm_inspect_picture_write(w->e, av1.width, av1.height, av1.fps_num,
                                  av1.fps_den);
        nvm_inspect_colour(w->e, &av1.colour);
    }
}


void
nvm_inspect_vpcc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    size_t          n;
    uint64_t        base;
    nvm_vp9_t       vp9;
    nvm_fault_t     f = { 0 };
    const uint8_t  *p;

    p = nvm_inspect_payload(box, &n, &base);

    if (nvm_vpcc_parse(p, n, &vp9, &f) != NVM_OK) {
        nvm_inspect_codec_fault(box, base, &f);
        return;
    }

    nvm_emit_uint(w->e, "profile", vp9.profile);
    nvm_emit_ratio(w->e, "level", vp9.level, 10, 1);
    nvm_emit_uint(w->e, "bit_depth", vp9.depth);
    nvm_emit_word(w->e, "chroma_name",
                  nvm_emit_meaning(nvm_inspect_vp9_chroma, vp9.subsampling));
    nvm_inspect_colour(w->e, &vp9.colour);
}


/* Dolby Vision Streams within the ISO Base Media File Format, 3.2 */
void
nvm_inspect_dvcc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint8_t        major, minor;
    uint16_t       v;
    nvm_reader_t  *r;

    r = &box->b.r;

    major = nvm_reader_u8(r);
    minor = nvm_reader_u8(r);
    v = nvm_reader_u16(r);

    if (r->error) {
        return;
    }

    nvm_emit_uint(w->e, "major", major);
    nvm_emit_uint(w->e, "minor", minor);
    nvm_emit_uint(w->e, "profile", v >> 9);
    nvm_emit_uint(w->e, "level", v >> 3 & 0x3f);
    nvm_emit_flag(w->e, "rpu", v >> 2 & 1);
    nvm_emit_flag(w->e, "enhancement_layer", v >> 1 & 1);
    nvm_emit_flag(w->e, "base_layer", v & 1);
}
