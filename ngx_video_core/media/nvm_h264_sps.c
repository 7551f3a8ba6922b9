/*
 * Copyright (C) ngx_video authors
 *
 * The sequence parameter set (ITU-T H.264, 7.3.2.1.1 and Annex E).
 *
 * Every field is read into a bounded type and its range is checked before it
 * takes part in arithmetic or bounds a loop.
 */

#include <string.h>

#include "nvm_h264.h"
#include "nvm_sps.h"


/* profile_idc with chroma format and scaling lists (7.3.2.1.1). */
static const uint8_t  nvm_h264_high_profiles[] = {
    100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135
};


/* scaling_list() (7.3.2.1.1.1), of which only the length matters. */
static void
nvm_sps_scaling_list(nvm_bits_t *b, unsigned size)
{
    int32_t   delta;
    unsigned  i, last, next;

    last = 8;
    next = 8;

    for (i = 0; i < size && b->error == NVM_OK; i++) {

        if (next != 0) {
            delta = nvm_bits_se(b);

            if (delta < -128 || delta > 127) {
                b->error = NVM_EINVAL;
                return;
            }

            next = (last + (unsigned) delta) & 0xff;
        }

        last = next ? next : last;
    }
}


static void
nvm_sps_high(nvm_bits_t *b, nvm_sps_t *s)
{
    unsigned  i, n;

    s->chroma_format_idc = (uint8_t) nvm_sps_ue(b, 3);

    if (s->chroma_format_idc == 3) {
        s->separate_planes = nvm_bits_u(b, 1) & 1;
    }

    s->bit_depth = (uint8_t) (8 + nvm_sps_ue(b, 6));
    (void) nvm_sps_ue(b, 6);                    /* bit_depth_chroma_minus8 */
    nvm_bits_skip(b, 1);            /* qpprime_y_zero_transform_bypass_flag */

    if (nvm_bits_u(b, 1) == 0) {
        return;
    }

    n = s->chroma_format_idc == 3 ? 12 : 8;

    for (i = 0; i < n && b->error == NVM_OK; i++) {
        if (nvm_bits_u(b, 1)) {
            nvm_sps_scaling_list(b, i < 6 ? 16 : 64);
        }
    }
}


static void
nvm_sps_poc(nvm_bits_t *b, nvm_sps_t *s)
{
    uint32_t  n;

    s->poc_type = (uint8_t) nvm_sps_ue(b, 2);

    if (s->poc_type == 0) {
        s->poc_bits = (uint8_t) (4 + nvm_sps_ue(b, 12));
        return;
    }

    if (s->poc_type == 2) {
        s->reorder_known = 1;       /* 8.2.1.3 */
        return;
    }

    s->poc_delta_zero = nvm_bits_u(b, 1) & 1;
    (void) nvm_bits_se(b);          /* offset_for_non_ref_pic */
    (void) nvm_bits_se(b);          /* offset_for_top_to_bottom_field */

    n = nvm_sps_ue(b, 255);

    while (n-- && b->error == NVM_OK) {
        (void) nvm_bits_se(b);      /* offset_for_ref_frame */
    }
}


/* frame_cropping (7.4.2.1.1): the offsets count chroma units. */
static void
nvm_sps_crop(nvm_bits_t *b, nvm_sps_t *s, unsigned chroma)
{
    uint32_t  left, right, top, bottom, x, y;

    left = nvm_sps_ue(b, UINT16_MAX);
    right = nvm_sps_ue(b, UINT16_MAX);
    top = nvm_sps_ue(b, UINT16_MAX);
    bottom = nvm_sps_ue(b, UINT16_MAX);

    x = chroma == 1 || chroma == 2 ? 2 : 1;                 /* table 6-1 */
    y = (chroma == 1 ? 2 : 1) * (2 - s->frame_mbs_only);

    x *= left + right;
    y *= top + bottom;

    if (x >= s->width || y >= s->height) {
        b->error = NVM_EINVAL;
        return;
    }

    s->width -= x;
    s->height -= y;
}


static void
nvm_sps_size(nvm_bits_t *b, nvm_sps_t *s, unsigned chroma)
{
    uint32_t  width, height;

    width = nvm_sps_ue(b, UINT32_MAX - 1) + 1;
    height = nvm_sps_ue(b, UINT32_MAX - 1) + 1;
    s->frame_mbs_only = nvm_bits_u(b, 1) & 1;

    if (b->error) {
        return;
    }

    if (width > NVM_H264_MAX_MBS || height > NVM_H264_MAX_MBS) {
        b->error = NVM_ELIMIT;
        return;
    }

    s->map_units = width * height;
    s->width = width * 16;
    s->height = height * 16 * (2 - s->frame_mbs_only);

    if (!s->frame_mbs_only) {
        nvm_bits_skip(b, 1);        /* mb_adaptive_frame_field_flag */
    }

    nvm_bits_skip(b, 1);            /* direct_8x8_inference_flag */

    if (nvm_bits_u(b, 1)) {
        nvm_sps_crop(b, s, chroma);
    }

    if (b->error == NVM_OK
        && (s->width > UINT16_MAX || s->height > UINT16_MAX))
    {
        b->error = NVM_ELIMIT;
    }
}


/* hrd_parameters() (E.1.2). */
static void
nvm_sps_hrd(nvm_bits_t *b)
{
    uint32_t  n;

    n = nvm_sps_ue(b, 31) + 1;      /* cpb_cnt_minus1 */
    nvm_bits_skip(b, 8);

    while (n-- && b->error == NVM_OK) {
        (void) nvm_bits_ue(b);
        (void) nvm_bits_ue(b);
        nvm_bits_skip(b, 1);
    }

    nvm_bits_skip(b, 20);
}


/* bitstream_restriction (E.1.1). */
static void
nvm_sps_restriction(nvm_bits_t *b, nvm_sps_t *s)
{
    nvm_bits_skip(b, 1);            /* motion_vectors_over_pic_boundaries */
    (void) nvm_sps_ue(b, 16);       /* max_bytes_per_pic_denom */
    (void) nvm_sps_ue(b, 16);       /* max_bits_per_mb_denom */
    (void) nvm_sps_ue(b, 16);       /* log2_max_mv_length_horizontal */
    (void) nvm_sps_ue(b, 16);       /* log2_max_mv_length_vertical */

    s->max_reorder = (uint8_t) nvm_sps_ue(b, 16);
    s->reorder_known = 1;

    (void) nvm_sps_ue(b, 16);       /* max_dec_frame_buffering */
}


/* vui_parameters() (E.1.1). */
static void
nvm_sps_vui(nvm_bits_t *b, nvm_sps_t *s)
{
    unsigned  nal_hrd, vcl_hrd;

    if (nvm_bits_u(b, 1)) {
        nvm_sps_sar(b, &s->sar_num, &s->sar_den);
    }

    if (nvm_bits_u(b, 1)) {
        nvm_bits_skip(b, 1);        /* overscan_appropriate_flag */
    }

    if (nvm_bits_u(b, 1)) {
        nvm_sps_colour(b, &s->colour);
    }

    if (nvm_bits_u(b, 1)) {
        (void) nvm_sps_ue(b, 5);    /* chroma_sample_loc_type */
        (void) nvm_sps_ue(b, 5);
    }

    if (nvm_bits_u(b, 1)) {
        s->num_units_in_tick = nvm_bits_u(b, 32);
        s->time_scale = nvm_bits_u(b, 32);
        s->fixed_frame_rate = nvm_bits_u(b, 1) & 1;
    }

    nal_hrd = nvm_bits_u(b, 1);
    if (nal_hrd) {
        nvm_sps_hrd(b);
    }

    vcl_hrd = nvm_bits_u(b, 1);
    if (vcl_hrd) {
        nvm_sps_hrd(b);
    }

    if (nal_hrd || vcl_hrd) {
        nvm_bits_skip(b, 1);        /* low_delay_hrd_flag */
    }

    nvm_bits_skip(b, 1);            /* pic_struct_present_flag */

    if (nvm_bits_u(b, 1)) {
        nvm_sps_restriction(b, s);
    }
}


/* The VUI, which is taken as a whole or not at all. */
static void
nvm_sps_try_vui(nvm_bits_t *b, nvm_sps_t *s)
{
    nvm_sps_t  with;

    with = *s;
    nvm_sps_vui(b, &with);

    if (b->error) {
        s->vui_error = 1;
        return;
    }

    /* a tick is a field (E.2.1, DeltaTfiDivisor), so a frame lasts two */
    nvm_sps_rate(with.time_scale, (uint64_t) with.num_units_in_tick * 2,
                 &with.fps_num, &with.fps_den);
    *s = with;
}


nvm_err_e
nvm_sps_parse(const uint8_t *data, size_t n, nvm_sps_t *out, nvm_fault_t *f)
{
    unsigned    chroma;
    nvm_bits_t  b;

    memset(out, 0, sizeof(nvm_sps_t));
    out->sar_num = 1;
    out->sar_den = 1;
    out->fps_den = 1;
    out->chroma_format_idc = 1;
    out->bit_depth = 8;

    if (n == 0 || (data[0] & 0x9f) != NVM_H264_NAL_SPS) {
        return nvm_fault(f, NVM_EINVAL, 0, "NAL unit is not an SPS");
    }

    nvm_bits_init(&b, data, n, 1);
    nvm_bits_skip(&b, 8);

    out->profile_idc = (uint8_t) nvm_bits_u(&b, 8);
    out->constraints = (uint8_t) nvm_bits_u(&b, 8);
    out->level_idc = (uint8_t) nvm_bits_u(&b, 8);
    out->id = (uint8_t) nvm_sps_ue(&b, 31);

    if (memchr(nvm_h264_high_profiles, out->profile_idc,
               sizeof(nvm_h264_high_profiles)))
    {
        nvm_sps_high(&b, out);
    }

    chroma = out->separate_planes ? 0 : out->chroma_format_idc;

    out->frame_num_bits = (uint8_t) (4 + nvm_sps_ue(&b, 12));
    nvm_sps_poc(&b, out);
    out->num_ref_frames = (uint8_t) nvm_sps_ue(&b, 16);
    nvm_bits_skip(&b, 1);           /* gaps_in_frame_num_value_allowed_flag */
    nvm_sps_size(&b, out, chroma);

    if (b.error) {
        return nvm_fault(f, b.error, (uint64_t) (b.pos - data),
                         b.error == NVM_ETRUNC ? "SPS is cut"
                         : b.error == NVM_ELIMIT ? "SPS: picture too large"
                         : "SPS: field out of range");
    }

    if (nvm_bits_u(&b, 1) || b.error) {
        nvm_sps_try_vui(&b, out);
    }

    return NVM_OK;
}
