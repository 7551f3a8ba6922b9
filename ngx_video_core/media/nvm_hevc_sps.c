/*
 * Copyright (C) ngx_video authors
 *
 * The sequence parameter set of H.265 (ITU-T H.265, 7.3.2.2.1 and annex E).
 *
 * Size and depth stand at its beginning; to reach the VUI at its end all that
 * lies between must be read.  Of a track that part is taken as a whole or not
 * at all; slices need it up to the reference pictures, and to know what
 * extensions stand behind the VUI.
 */

#include <string.h>

#include "nvm_hevc_sps.h"
#include "nvm_sps.h"


#define NVM_HEVC_MAX_SUB_LAYERS     7       /* 7.4.3.2.1 */
#define NVM_HEVC_MAX_CTB            6       /* log2; 7.4.3.2.1 */
#define NVM_HEVC_MAX_CPBS           32      /* E.3.2 */

/* general_* of profile_tier_level() without its level, and of a sub-layer */
#define NVM_HEVC_PROFILE_BITS       88


/* profile_tier_level() (7.3.3), of which only the length matters. */
static void
nvm_hevc_ptl(nvm_bits_t *b, unsigned sub_layers)
{
    unsigned  i, profile, level;

    nvm_bits_skip(b, NVM_HEVC_PROFILE_BITS + 8);

    profile = 0;
    level = 0;

    for (i = 0; i < 8 && sub_layers; i++) {
        profile |= nvm_bits_u(b, 1) << i;
        level |= nvm_bits_u(b, 1) << i;
    }

    for (i = 0; i < sub_layers; i++) {
        nvm_bits_skip(b, profile >> i & 1 ? NVM_HEVC_PROFILE_BITS : 0);
        nvm_bits_skip(b, level >> i & 1 ? 8 : 0);
    }
}


/* The offsets of the window count chroma units (table 6-1). */
static void
nvm_hevc_window(nvm_bits_t *b, nvm_hevc_sps_t *s, unsigned chroma)
{
    uint32_t  x, y;

    x = nvm_sps_ue(b, UINT16_MAX);
    x += nvm_sps_ue(b, UINT16_MAX);
    y = nvm_sps_ue(b, UINT16_MAX);
    y += nvm_sps_ue(b, UINT16_MAX);

    x *= chroma == 1 || chroma == 2 ? 2 : 1;
    y *= chroma == 1 ? 2 : 1;

    if (x >= s->width || y >= s->height) {
        b->error = b->error ? b->error : NVM_EINVAL;
        return;
    }

    s->width -= x;
    s->height -= y;
}


/* From sps_video_parameter_set_id to the depths; returns sub-layers less one */
static unsigned
nvm_hevc_head(nvm_bits_t *b, nvm_hevc_sps_t *s, nvm_hevc_coding_t *c,
    uint8_t *id)
{
    unsigned  sub_layers, chroma;

    nvm_bits_skip(b, 4);                /* sps_video_parameter_set_id */
    sub_layers = nvm_bits_u(b, 3);
    nvm_bits_skip(b, 1);                /* sps_temporal_id_nesting_flag */

    if (sub_layers >= NVM_HEVC_MAX_SUB_LAYERS) {
        b->error = NVM_EINVAL;
        return 0;
    }

    nvm_hevc_ptl(b, sub_layers);
    *id = (uint8_t) nvm_sps_ue(b, 15);

    s->chroma_format_idc = (uint8_t) nvm_sps_ue(b, 3);
    chroma = s->chroma_format_idc;

    if (chroma == 3 && nvm_bits_u(b, 1)) {
        c->separate_planes = 1;
        chroma = 0;
    }

    s->width = nvm_bits_ue(b);
    s->height = nvm_bits_ue(b);

    if (b->error == NVM_OK
        && (s->width > UINT16_MAX || s->height > UINT16_MAX))
    {
        b->error = NVM_ELIMIT;
        return 0;
    }

    c->ctb_width = s->width;            /* in samples until their size */
    c->ctb_height = s->height;

    if (nvm_bits_u(b, 1)) {
        nvm_hevc_window(b, s, chroma);
    }

    s->bit_depth = (uint8_t) (8 + nvm_sps_ue(b, 8));
    (void) nvm_sps_ue(b, 8);            /* bit_depth_chroma_minus8 */

    if (b->error == NVM_OK && (s->width == 0 || s->height == 0)) {
        b->error = NVM_EINVAL;
    }

    return sub_layers;
}


void
nvm_hevc_scaling_lists(nvm_bits_t *b)
{
    unsigned  size, matrix, i, n;

    for (size = 0; size < 4; size++) {
        for (matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {

            if (b->error) {
                return;
            }

            if (nvm_bits_u(b, 1) == 0) {
                (void) nvm_bits_ue(b);  /* scaling_list_pred_matrix_id_delta */
                continue;
            }

            n = size ? 64 : 16;

            if (size > 1) {
                (void) nvm_bits_se(b);  /* scaling_list_dc_coef_minus8 */
            }

            for (i = 0; i < n && b->error == NVM_OK; i++) {
                (void) nvm_bits_se(b);
            }
        }
    }
}


/* Sizes of blocks, scaling lists, PCM: up to num_short_term_ref_pic_sets. */
static void
nvm_hevc_coding(nvm_bits_t *b, nvm_hevc_coding_t *c, unsigned sub_layers)
{
    unsigned  i, ctb;

    c->poc_bits = (uint8_t) (4 + nvm_sps_ue(b, 12));

    /* sps_sub_layer_ordering_info_present_flag: for all, or for the last */

    for (i = nvm_bits_u(b, 1) ? 0 : sub_layers; i <= sub_layers; i++) {
        (void) nvm_bits_ue(b);          /* pictures, reorder, latency */
        (void) nvm_bits_ue(b);
        (void) nvm_bits_ue(b);
    }

    ctb = 3 + nvm_sps_ue(b, 3);         /* CtbLog2SizeY (7-10, 7-11) */
    ctb += nvm_sps_ue(b, 3);

    if (ctb > NVM_HEVC_MAX_CTB) {
        b->error = b->error ? b->error : NVM_EINVAL;
        return;
    }

    c->ctb_width = (c->ctb_width + (1u << ctb) - 1) >> ctb;
    c->ctb_height = (c->ctb_height + (1u << ctb) - 1) >> ctb;

    for (i = 0; i < 4; i++) {
        (void) nvm_bits_ue(b);          /* transform sizes, depths */
    }

    if (nvm_bits_u(b, 1) && nvm_bits_u(b, 1)) {
        nvm_hevc_scaling_lists(b);
    }

    nvm_bits_skip(b, 1);                /* amp_enabled_flag */
    c->sao = nvm_bits_u(b, 1) & 1;

    if (nvm_bits_u(b, 1)) {             /* pcm_enabled_flag */
        nvm_bits_skip(b, 8);
        (void) nvm_bits_ue(b);
        (void) nvm_bits_ue(b);
        nvm_bits_skip(b, 1);
    }
}


static void
nvm_hevc_references(nvm_bits_t *b, nvm_hevc_coding_t *c)
{
    unsigned  i;

    c->nsets = (uint8_t) nvm_sps_ue(b, NVM_HEVC_MAX_RPS);

    for (i = 0; i < c->nsets && b->error == NVM_OK; i++) {

        if (i && nvm_bits_u(b, 1)) {    /* inter_ref_pic_set_prediction_flag */
            nvm_hevc_rps_predicted(b, &c->sets[i - 1], &c->sets[i]);

        } else {
            nvm_hevc_rps_full(b, &c->sets[i]);
        }
    }

    c->long_term = nvm_bits_u(b, 1) & 1;

    if (c->long_term) {
        c->nlong = (uint8_t) nvm_sps_ue(b, NVM_HEVC_MAX_LONG_TERM);

        for (i = 0; i < c->nlong && b->error == NVM_OK; i++) {
            nvm_bits_skip(b, c->poc_bits);
            c->long_used |= nvm_bits_u(b, 1) << i;
        }
    }

    c->temporal_mvp = nvm_bits_u(b, 1) & 1;
    nvm_bits_skip(b, 1);                /* strong_intra_smoothing */
}


/*
 * vui_parameters() (E.2.1) up to the timing; returns whether there is one:
 * then nvm_hevc_vui_clock() follows.
 */
static unsigned
nvm_hevc_vui(nvm_bits_t *b, nvm_hevc_sps_t *s)
{
    unsigned  i;
    uint32_t  units, scale;

    if (nvm_bits_u(b, 1)) {
        nvm_sps_sar(b, &s->sar_num, &s->sar_den);
    }

    if (nvm_bits_u(b, 1)) {
        nvm_bits_skip(b, 1);            /* overscan_appropriate_flag */
    }

    if (nvm_bits_u(b, 1)) {
        nvm_sps_colour(b, &s->colour);
    }

    if (nvm_bits_u(b, 1)) {
        (void) nvm_bits_ue(b);          /* chroma_sample_loc_type */
        (void) nvm_bits_ue(b);
    }

    nvm_bits_skip(b, 3);                /* neutral chroma, fields */

    if (nvm_bits_u(b, 1)) {             /* default_display_window_flag */
        for (i = 0; i < 4; i++) {
            (void) nvm_bits_ue(b);
        }
    }

    if (nvm_bits_u(b, 1) == 0) {        /* vui_timing_info_present_flag */
        return 0;
    }

    units = nvm_bits_u(b, 32);
    scale = nvm_bits_u(b, 32);

    /* unlike in H.264 a tick is a picture (E.3.1) */
    nvm_sps_rate(scale, units, &s->fps_num, &s->fps_den);

    return 1;
}


/* sub_layer_hrd_parameters() (E.2.3) */
static void
nvm_hevc_hrd_layer(nvm_bits_t *b, unsigned cpbs, unsigned sub_pictures)
{
    unsigned  i;

    for (i = 0; i < cpbs && b->error == NVM_OK; i++) {
        (void) nvm_bits_ue(b);          /* bit_rate_value, cpb_size_value */
        (void) nvm_bits_ue(b);

        if (sub_pictures) {
            (void) nvm_bits_ue(b);
            (void) nvm_bits_ue(b);
        }

        nvm_bits_skip(b, 1);            /* cbr_flag */
    }
}


/* hrd_parameters() with its common part (E.2.2) */
static void
nvm_hevc_hrd(nvm_bits_t *b, unsigned sub_layers)
{
    unsigned  i, kinds, sub_pictures, fixed, low_delay, cpbs;

    kinds = nvm_bits_u(b, 1);           /* of NAL units, of VCL NAL units */
    kinds += nvm_bits_u(b, 1);
    sub_pictures = 0;

    if (kinds) {
        sub_pictures = nvm_bits_u(b, 1);
        nvm_bits_skip(b, sub_pictures ? 8 + 5 + 1 + 5 : 0);
        nvm_bits_skip(b, 4 + 4);        /* scales */
        nvm_bits_skip(b, sub_pictures ? 4 : 0);
        nvm_bits_skip(b, 5 + 5 + 5);    /* lengths of delays */
    }

    for (i = 0; i <= sub_layers && b->error == NVM_OK; i++) {
        low_delay = 0;
        cpbs = 1;

        /* fixed_pic_rate_general_flag, fixed_pic_rate_within_cvs_flag */

        fixed = nvm_bits_u(b, 1) || nvm_bits_u(b, 1);

        if (fixed) {
            (void) nvm_bits_ue(b);      /* elemental_duration_in_tc_minus1 */

        } else {
            low_delay = nvm_bits_u(b, 1);
        }

        if (!low_delay) {
            cpbs = nvm_sps_ue(b, NVM_HEVC_MAX_CPBS - 1) + 1;
        }

        nvm_hevc_hrd_layer(b, cpbs * kinds, sub_pictures);
    }
}


/* The timing of the VUI behind its rate. */
static void
nvm_hevc_vui_clock(nvm_bits_t *b, unsigned sub_layers)
{
    if (nvm_bits_u(b, 1)) {             /* vui_poc_proportional_to_timing */
        (void) nvm_bits_ue(b);
    }

    if (nvm_bits_u(b, 1)) {             /* vui_hrd_parameters_present_flag */
        nvm_hevc_hrd(b, sub_layers);
    }
}


/* The rest of the VUI: bitstream_restriction_flag and what it brings. */
static void
nvm_hevc_vui_restriction(nvm_bits_t *b)
{
    unsigned  i;

    if (nvm_bits_u(b, 1)) {
        nvm_bits_skip(b, 3);            /* tiles, vectors, lists */

        for (i = 0; i < 5; i++) {
            (void) nvm_bits_ue(b);      /* segmentation, sizes, vectors */
        }
    }
}


/* What follows the depths; *s is changed only when all of it was readable. */
static void
nvm_hevc_tail(nvm_bits_t *b, nvm_hevc_sps_t *s, nvm_hevc_coding_t *c,
    unsigned sub_layers)
{
    unsigned        vui, timing;
    nvm_hevc_sps_t  with;

    with = *s;
    timing = 0;

    nvm_hevc_coding(b, c, sub_layers);
    nvm_hevc_references(b, c);
    c->complete = b->error == NVM_OK;

    vui = nvm_bits_u(b, 1);             /* vui_parameters_present_flag */

    if (vui) {
        timing = nvm_hevc_vui(b, &with);
    }

    if (b->error) {
        s->vui_error = 1;
        return;
    }

    *s = with;

    if (timing) {
        nvm_hevc_vui_clock(b, sub_layers);
    }

    if (vui) {
        nvm_hevc_vui_restriction(b);
    }

    if (nvm_bits_u(b, 1)) {             /* sps_extension_present_flag */
        nvm_bits_skip(b, 3);            /* range, multilayer, 3D */
        c->screen = nvm_bits_u(b, 1) & 1;
        nvm_bits_skip(b, 4);
    }

    c->extension_known = b->error == NVM_OK;
}


nvm_err_e
nvm_hevc_sps_read(const uint8_t *data, size_t n, nvm_hevc_sps_t *out,
    nvm_hevc_coding_t *coding, uint8_t *id, nvm_fault_t *f)
{
    unsigned    sub_layers;
    nvm_bits_t  b;

    memset(coding, 0, sizeof(nvm_hevc_coding_t));
    memset(out, 0, sizeof(nvm_hevc_sps_t));
    *id = 0;
    out->sar_num = 1;
    out->sar_den = 1;
    out->fps_den = 1;

    /* forbidden_zero_bit, nal_unit_type and nuh_layer_id (7.3.1.2) */

    if (n < 2 || data[0] != NVM_HEVC_NAL_SPS << 1 || data[1] >> 3 != 0) {
        return nvm_fault(f, NVM_EINVAL, 0, "NAL unit is not an SPS");
    }

    nvm_bits_init(&b, data, n, 1);
    nvm_bits_skip(&b, 16);

    sub_layers = nvm_hevc_head(&b, out, coding, id);

    if (b.error) {
        return nvm_fault(f, b.error, (uint64_t) (b.pos - data),
                         b.error == NVM_ETRUNC ? "SPS is cut"
                         : b.error == NVM_ELIMIT ? "SPS: picture too large"
                         : "SPS: field out of range");
    }

    nvm_hevc_tail(&b, out, coding, sub_layers);

    return NVM_OK;
}


nvm_err_e
nvm_hevc_sps_parse(const uint8_t *data, size_t n, nvm_hevc_sps_t *out,
    nvm_fault_t *f)
{
    uint8_t            id;
    nvm_hevc_coding_t  coding;

    return nvm_hevc_sps_read(data, n, out, &coding, &id, f);
}
