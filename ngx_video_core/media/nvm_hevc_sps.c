/*
 * Copyright (C) ngx_video authors
 *
 * The sequence parameter set of H.265 (ITU-T H.265, 7.3.2.2.1 and annex E).
 *
 * Size and depth stand at its beginning; to reach the VUI at its end all that
 * lies between must be read.  That part is taken as a whole or not at all.
 */

#include <string.h>

#include "nvm_hevc.h"
#include "nvm_sps.h"


/* Limits of 7.4.3.2.1 and 7.4.8. */
#define NVM_HEVC_MAX_SUB_LAYERS     7
#define NVM_HEVC_MAX_RPS            64
#define NVM_HEVC_MAX_DPB            16
#define NVM_HEVC_MAX_LONG_TERM      32

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
nvm_hevc_head(nvm_bits_t *b, nvm_hevc_sps_t *s)
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
    (void) nvm_sps_ue(b, 15);           /* sps_seq_parameter_set_id */

    s->chroma_format_idc = (uint8_t) nvm_sps_ue(b, 3);
    chroma = s->chroma_format_idc;

    if (chroma == 3 && nvm_bits_u(b, 1)) {
        chroma = 0;                     /* separate_colour_plane_flag */
    }

    s->width = nvm_bits_ue(b);
    s->height = nvm_bits_ue(b);

    if (b->error == NVM_OK
        && (s->width > UINT16_MAX || s->height > UINT16_MAX))
    {
        b->error = NVM_ELIMIT;
        return 0;
    }

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


/* scaling_list_data() (7.3.4) */
static void
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


/*
 * One st_ref_pic_set() (7.3.7); prev is the number of pictures in the set
 * before it, on which it may build.  Returns its own number.
 */
static unsigned
nvm_hevc_rps(nvm_bits_t *b, unsigned first, unsigned prev)
{
    unsigned  i, n;

    if (!first && nvm_bits_u(b, 1)) {   /* inter_ref_pic_set_prediction_flag */
        nvm_bits_skip(b, 1);            /* delta_rps_sign */
        (void) nvm_bits_ue(b);          /* abs_delta_rps_minus1 */

        for (i = 0, n = 0; i <= prev && b->error == NVM_OK; i++) {
            /* used_by_curr_pic_flag, else use_delta_flag */
            n += nvm_bits_u(b, 1) || nvm_bits_u(b, 1);
        }

    } else {
        n = nvm_sps_ue(b, NVM_HEVC_MAX_DPB);
        n += nvm_sps_ue(b, NVM_HEVC_MAX_DPB);

        for (i = 0; i < n && b->error == NVM_OK; i++) {
            (void) nvm_bits_ue(b);      /* delta_poc_minus1 */
            nvm_bits_skip(b, 1);
        }
    }

    if (n > NVM_HEVC_MAX_DPB) {
        b->error = b->error ? b->error : NVM_EINVAL;
        return 0;
    }

    return n;
}


/*
 * Sizes of blocks, scaling lists, PCM: up to num_short_term_ref_pic_sets.
 * Returns the bits of a picture order count.
 */
static unsigned
nvm_hevc_coding(nvm_bits_t *b, unsigned sub_layers)
{
    unsigned  i, poc_bits;

    poc_bits = 4 + nvm_sps_ue(b, 12);

    /* sps_sub_layer_ordering_info_present_flag: for all, or for the last */

    for (i = nvm_bits_u(b, 1) ? 0 : sub_layers; i <= sub_layers; i++) {
        (void) nvm_bits_ue(b);          /* pictures, reorder, latency */
        (void) nvm_bits_ue(b);
        (void) nvm_bits_ue(b);
    }

    for (i = 0; i < 6; i++) {
        (void) nvm_bits_ue(b);          /* block sizes, hierarchy depths */
    }

    if (nvm_bits_u(b, 1) && nvm_bits_u(b, 1)) {
        nvm_hevc_scaling_lists(b);
    }

    nvm_bits_skip(b, 2);                /* amp, sample_adaptive_offset */

    if (nvm_bits_u(b, 1)) {             /* pcm_enabled_flag */
        nvm_bits_skip(b, 8);
        (void) nvm_bits_ue(b);
        (void) nvm_bits_ue(b);
        nvm_bits_skip(b, 1);
    }

    return poc_bits;
}


static void
nvm_hevc_references(nvm_bits_t *b, unsigned poc_bits)
{
    unsigned  i, n, pictures;

    pictures = 0;
    n = nvm_sps_ue(b, NVM_HEVC_MAX_RPS);

    for (i = 0; i < n && b->error == NVM_OK; i++) {
        pictures = nvm_hevc_rps(b, i == 0, pictures);
    }

    if (nvm_bits_u(b, 1)) {             /* long_term_ref_pics_present_flag */
        n = nvm_sps_ue(b, NVM_HEVC_MAX_LONG_TERM);

        for (i = 0; i < n && b->error == NVM_OK; i++) {
            nvm_bits_skip(b, poc_bits + 1);
        }
    }

    nvm_bits_skip(b, 2);    /* temporal_mvp, strong_intra_smoothing */
}


/* vui_parameters() (E.2.1) up to the timing. */
static void
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

    if (nvm_bits_u(b, 1)) {             /* vui_timing_info_present_flag */
        units = nvm_bits_u(b, 32);
        scale = nvm_bits_u(b, 32);

        /* unlike in H.264 a tick is a picture (E.3.1) */
        nvm_sps_rate(scale, units, &s->fps_num, &s->fps_den);
    }
}


/* What follows the depths; *s is changed only when all of it was readable. */
static void
nvm_hevc_tail(nvm_bits_t *b, nvm_hevc_sps_t *s, unsigned sub_layers)
{
    nvm_hevc_sps_t  with;

    with = *s;
    nvm_hevc_references(b, nvm_hevc_coding(b, sub_layers));

    if (nvm_bits_u(b, 1)) {             /* vui_parameters_present_flag */
        nvm_hevc_vui(b, &with);
    }

    if (b->error) {
        s->vui_error = 1;
        return;
    }

    *s = with;
}


nvm_err_e
nvm_hevc_sps_parse(const uint8_t *data, size_t n, nvm_hevc_sps_t *out,
    nvm_fault_t *f)
{
    unsigned    sub_layers;
    nvm_bits_t  b;

    memset(out, 0, sizeof(nvm_hevc_sps_t));
    out->sar_num = 1;
    out->sar_den = 1;
    out->fps_den = 1;

    /* forbidden_zero_bit, nal_unit_type and nuh_layer_id (7.3.1.2) */

    if (n < 2 || data[0] != NVM_HEVC_NAL_SPS << 1 || data[1] >> 3 != 0) {
        return nvm_fault(f, NVM_EINVAL, 0, "NAL unit is not an SPS");
    }

    nvm_bits_init(&b, data, n, 1);
    nvm_bits_skip(&b, 16);

    sub_layers = nvm_hevc_head(&b, out);

    if (b.error) {
        return nvm_fault(f, b.error, (uint64_t) (b.pos - data),
                         b.error == NVM_ETRUNC ? "SPS is cut"
                         : b.error == NVM_ELIMIT ? "SPS: picture too large"
                         : "SPS: field out of range");
    }

    nvm_hevc_tail(&b, out, sub_layers);

    return NVM_OK;
}
