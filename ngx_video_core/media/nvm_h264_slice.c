/*
 * Copyright (C) ngx_video authors
 *
 * The picture parameter set (ITU-T H.264, 7.3.2.2) and the slice header
 * (7.3.3), of which only the length matters.
 *
 * Errors stick to the bit reader, whose reads then give zero.  What bounds a
 * loop is checked against the limits of 7.4.3, and each turn reads a bit.
 */

#include <string.h>

#include "nvm_h264.h"
#include "nvm_h264_slice.h"
#include "nvm_sps.h"


/* nal_unit_type (table 7-1) */
#define NVM_H264_NAL_PARTITION_C    4
#define NVM_H264_NAL_AUXILIARY      19
#define NVM_H264_NAL_EXTENSION_3D   21

#define NVM_H264_MAX_SLICE_GROUPS   8       /* A.2.3 */

/*
 * Markings in a slice header: a picture of two fields is at most marked twice,
 * to become a long-term one and to go, and 4 and 5 stand once (7.4.3.3).
 */
#define NVM_H264_MAX_MARKINGS       (2 * 2 * 16 + 2)


/* slice_type modulo 5 (table 7-6) */
typedef enum {
    NVM_H264_P = 0,
    NVM_H264_B,
    NVM_H264_I,
    NVM_H264_SP,
    NVM_H264_SI
} nvm_h264_slice_e;


typedef struct {
    const nvm_h264_slice_sps_t  *sps;
    const nvm_h264_slice_pps_t  *pps;
    nvm_h264_slice_e             type;
    unsigned                     refs[2];   /* active references, 0..32 */
    unsigned                     lists;     /* reference lists: 0..2 */
    unsigned                     ref_idc;
    unsigned                     idr:1;
    unsigned                     field:1;
} nvm_h264_slice_t;


void
nvm_h264_params_init(nvm_h264_params_t *p)
{
    memset(p, 0, sizeof(nvm_h264_params_t));
}


static nvm_err_e
nvm_h264_params_sps(nvm_h264_params_t *p, const uint8_t *nal, size_t n,
    nvm_fault_t *f)
{
    nvm_err_e              rc;
    nvm_sps_t              sps;
    nvm_h264_slice_sps_t  *s;

    rc = nvm_sps_parse(nal, n, &sps, f);
    s = &p->sps[sps.id];            /* 0, the usual one, when not readable */

    memset(s, 0, sizeof(nvm_h264_slice_sps_t));

    if (rc != NVM_OK) {
        return rc;
    }

    s->map_units = sps.map_units;
    s->frame_num_bits = sps.frame_num_bits;
    s->poc_type = sps.poc_type;
    s->poc_bits = sps.poc_bits;
    s->poc_delta_zero = sps.poc_delta_zero;
    s->frame_mbs_only = sps.frame_mbs_only;
    s->separate_planes = sps.separate_planes;
    s->chroma = sps.chroma_format_idc != 0 && !sps.separate_planes;
    s->known = 1;

    return NVM_OK;
}


/* Slice groups, from slice_group_map_type on. */
static void
nvm_h264_pps_groups(nvm_bits_t *b, nvm_h264_slice_pps_t *s, unsigned groups)
{
    unsigned  i, type, width;
    uint32_t  n;

    type = nvm_sps_ue(b, 6);

    switch (type) {

    case 0:
    case 2:
        /* run_length_minus1 of each; corners of all but the last */
        n = type == 0 ? groups : (groups - 1) * 2;

        for (i = 0; i < n; i++) {
            (void) nvm_bits_ue(b);
        }

        break;

    case 3:
    case 4:
    case 5:
        nvm_bits_skip(b, 1);        /* slice_group_change_direction_flag */
        s->change_rate = nvm_sps_ue(b, NVM_H264_MAX_MBS * NVM_H264_MAX_MBS - 1)
                         + 1;
        break;

    case 6:
        n = nvm_sps_ue(b, NVM_H264_MAX_MBS * NVM_H264_MAX_MBS - 1) + 1;
        width = groups > 4 ? 3 : groups > 2 ? 2 : 1;

        while (n-- && b->error == NVM_OK) {
            nvm_bits_skip(b, width);            /* slice_group_id */
        }

        break;

    default:
        break;
    }
}


static nvm_err_e
nvm_h264_params_pps(nvm_h264_params_t *p, const uint8_t *nal, size_t n,
    nvm_fault_t *f)
{
    unsigned              id, groups;
    nvm_bits_t            b;
    nvm_h264_slice_pps_t  s;

    memset(&s, 0, sizeof(s));
    nvm_bits_init(&b, nal, n, 1);
    nvm_bits_skip(&b, 8);

    id = nvm_sps_ue(&b, NVM_H264_MAX_PPS - 1);
    s.sps = nvm_sps_ue(&b, NVM_H264_MAX_SPS - 1);
    s.cabac = nvm_bits_u(&b, 1) & 1;
    s.frame_poc = nvm_bits_u(&b, 1) & 1;

    groups = nvm_sps_ue(&b, NVM_H264_MAX_SLICE_GROUPS - 1) + 1;
    if (groups > 1) {
        nvm_h264_pps_groups(&b, &s, groups);
    }

    s.refs0 = nvm_sps_ue(&b, 31) + 1;
    s.refs1 = nvm_sps_ue(&b, 31) + 1;
    s.weighted = nvm_bits_u(&b, 1) & 1;
    s.weighted_bipred = nvm_bits_u(&b, 2);
    (void) nvm_bits_se(&b);         /* pic_init_qp, qs; chroma_qp_index */
    (void) nvm_bits_se(&b);
    (void) nvm_bits_se(&b);
    s.deblocking = nvm_bits_u(&b, 1) & 1;
    nvm_bits_skip(&b, 1);           /* constrained_intra_pred_flag */
    s.redundant = nvm_bits_u(&b, 1) & 1;

    if (b.error == NVM_OK && s.weighted_bipred > 2) {
        b.error = NVM_EINVAL;
    }

    s.known = b.error == NVM_OK;
    p->pps[id] = s;                 /* id 0 when not readable */

    if (b.error) {
        return nvm_fault(f, b.error, (uint64_t) (b.pos - nal),
                         b.error == NVM_ETRUNC ? "PPS is cut"
                         : "PPS: field out of range");
    }

    return NVM_OK;
}


nvm_err_e
nvm_h264_params_nal(nvm_h264_params_t *p, const uint8_t *nal, size_t n,
    nvm_fault_t *f)
{
    if (n == 0 || (nal[0] & 0x80)) {
        return nvm_fault(f, NVM_EINVAL, 0, n == 0 ? "empty NAL unit"
                         : "NAL unit has its forbidden bit set");
    }

    switch (nal[0] & 0x1f) {

    case NVM_H264_NAL_SPS:
        return nvm_h264_params_sps(p, nal, n, f);

    case NVM_H264_NAL_PPS:
        return nvm_h264_params_pps(p, nal, n, f);

    default:
        return NVM_OK;
    }
}


/* n parameter sets of a record that was parsed before; the first error */
static nvm_err_e
nvm_h264_params_sets(nvm_h264_params_t *p, nvm_reader_t *r, unsigned n,
    nvm_fault_t *f)
{
    uint16_t        size;
    uint64_t        at;
    nvm_err_e       rc, first;
    nvm_fault_t     inner;
    const uint8_t  *nal;

    first = NVM_OK;

    while (n-- && r->error == NVM_OK) {
        size = nvm_reader_u16(r);
        at = nvm_reader_offset(r);
        nal = nvm_reader_bytes(r, size);

        if (nal == NULL || size == 0) {
            continue;
        }

        inner.code = NVM_OK;
        rc = nvm_h264_params_nal(p, nal, size, &inner);

        if (rc != NVM_OK && first == NVM_OK) {
            first = nvm_fault(f, rc, at + inner.offset, inner.what);
        }
    }

    return first;
}


nvm_err_e
nvm_h264_params_config(nvm_h264_params_t *p, const uint8_t *avcc, size_t n,
    nvm_fault_t *f)
{
    nvm_err_e     sps, pps;
    nvm_avcc_t    a;
    nvm_fault_t   inner;
    nvm_reader_t  r;

    inner.code = NVM_OK;
    sps = nvm_avcc_parse(avcc, n, &a, &inner);

    if (sps != NVM_OK && sps != NVM_ENOENT) {
        return nvm_fault(f, sps, inner.offset, inner.what);
    }

    nvm_reader_init(&r, avcc, n, 0);
    nvm_reader_skip(&r, 5);

    sps = nvm_h264_params_sets(p, &r, nvm_reader_u8(&r) & 0x1f, f);
    pps = nvm_h264_params_sets(p, &r, nvm_reader_u8(&r), f);

    return sps ? sps : pps;
}


/* Picture order count and what else tells pictures apart. */
static void
nvm_h264_slice_picture(nvm_bits_t *b, nvm_h264_slice_t *s)
{
    nvm_bits_skip(b, s->sps->separate_planes ? 2 : 0);  /* colour_plane_id */
    nvm_bits_skip(b, s->sps->frame_num_bits);

    if (!s->sps->frame_mbs_only) {
        s->field = nvm_bits_u(b, 1) & 1;
        nvm_bits_skip(b, s->field);             /* bottom_field_flag */
    }

    if (s->idr) {
        (void) nvm_sps_ue(b, UINT16_MAX);       /* idr_pic_id */
    }

    if (s->sps->poc_type == 0) {
        nvm_bits_skip(b, s->sps->poc_bits);

        if (s->pps->frame_poc && !s->field) {
            (void) nvm_bits_se(b);              /* delta..._bottom */
        }

    } else if (s->sps->poc_type == 1 && !s->sps->poc_delta_zero) {
        (void) nvm_bits_se(b);                  /* delta_pic_order_cnt */

        if (s->pps->frame_poc && !s->field) {
            (void) nvm_bits_se(b);
        }
    }

    if (s->pps->redundant) {
        (void) nvm_sps_ue(b, 127);              /* redundant_pic_cnt */
    }
}


/* The number of references in each list (7.4.3). */
static void
nvm_h264_slice_refs(nvm_bits_t *b, nvm_h264_slice_t *s)
{
    unsigned  i, max;

    s->lists = s->type == NVM_H264_B ? 2
               : s->type == NVM_H264_P || s->type == NVM_H264_SP ? 1 : 0;

    if (s->lists == 0) {
        return;
    }

    if (s->lists == 2) {
        nvm_bits_skip(b, 1);                    /* direct_spatial_mv_pred */
    }

    max = s->field ? 32 : 16;
    s->refs[0] = s->pps->refs0;
    s->refs[1] = s->pps->refs1;

    if (nvm_bits_u(b, 1)) {                     /* ..._active_override_flag */
        for (i = 0; i < s->lists; i++) {
            s->refs[i] = nvm_sps_ue(b, max - 1) + 1;
        }
    }

    for (i = 0; i < s->lists; i++) {
        if (s->refs[i] > max) {
            b->error = b->error ? b->error : NVM_EINVAL;
        }
    }
}


/* ref_pic_list_modification() (7.3.3.1) */
static void
nvm_h264_slice_modification(nvm_bits_t *b, const nvm_h264_slice_t *s)
{
    unsigned  i, n, idc;

    for (i = 0; i < s->lists; i++) {

        if (nvm_bits_u(b, 1) == 0) {
            continue;
        }

        for (n = 0; b->error == NVM_OK; n++) {
            idc = nvm_sps_ue(b, 3);

            if (idc == 3) {
                break;
            }

            if (n == s->refs[i]) {
                b->error = b->error ? b->error : NVM_EINVAL;
                return;
            }

            (void) nvm_bits_ue(b);  /* abs_diff_pic_num, long_term_pic_num */
        }
    }
}


/* pred_weight_table() (7.3.3.2) */
static void
nvm_h264_slice_weights(nvm_bits_t *b, const nvm_h264_slice_t *s)
{
    unsigned  i, j, k;

    (void) nvm_sps_ue(b, 7);                    /* luma_log2_weight_denom */

    if (s->sps->chroma) {
        (void) nvm_sps_ue(b, 7);
    }

    for (i = 0; i < s->lists; i++) {
        for (j = 0; j < s->refs[i] && b->error == NVM_OK; j++) {

            if (nvm_bits_u(b, 1)) {             /* luma_weight_flag */
                (void) nvm_bits_se(b);
                (void) nvm_bits_se(b);
            }

            if (s->sps->chroma && nvm_bits_u(b, 1)) {
                for (k = 0; k < 4; k++) {
                    (void) nvm_bits_se(b);
                }
            }
        }
    }
}


/* dec_ref_pic_marking() (7.3.3.3) */
static void
nvm_h264_slice_marking(nvm_bits_t *b, const nvm_h264_slice_t *s)
{
    unsigned  n, op;

    if (s->idr) {
        nvm_bits_skip(b, 2);        /* no_output_of_prior_pics, long_term */
        return;
    }

    if (nvm_bits_u(b, 1) == 0) {    /* adaptive_ref_pic_marking_mode_flag */
        return;
    }

    for (n = 0; b->error == NVM_OK; n++) {
        op = nvm_sps_ue(b, 6);

        if (op == 0) {
            return;
        }

        if (n == NVM_H264_MAX_MARKINGS) {
            b->error = b->error ? b->error : NVM_EINVAL;
            return;
        }

        if (op != 5) {
            (void) nvm_bits_ue(b);
        }

        if (op == 3) {
            (void) nvm_bits_ue(b);              /* long_term_frame_idx */
        }
    }
}


/* Bits of slice_group_change_cycle: Ceil(Log2(size / rate + 1)) (7-36). */
static unsigned
nvm_h264_slice_cycle(uint32_t size, uint32_t rate)
{
    unsigned  n;

    for (n = 0; ((UINT64_C(1) << n) - 1) * rate < size; n++) { /* void */ }

    return n;
}


/* What follows the reference lists. */
static void
nvm_h264_slice_tail(nvm_bits_t *b, const nvm_h264_slice_t *s)
{
    if (s->ref_idc) {
        nvm_h264_slice_marking(b, s);
    }

    if (s->pps->cabac && s->lists) {
        (void) nvm_sps_ue(b, 2);                /* cabac_init_idc */
    }

    (void) nvm_bits_se(b);                      /* slice_qp_delta */

    if (s->type == NVM_H264_SP || s->type == NVM_H264_SI) {
        nvm_bits_skip(b, s->type == NVM_H264_SP);   /* sp_for_switch_flag */
        (void) nvm_bits_se(b);                      /* slice_qs_delta */
    }

    /* disable_deblocking_filter_idc */

    if (s->pps->deblocking && nvm_sps_ue(b, 2) != 1) {
        (void) nvm_bits_se(b);
        (void) nvm_bits_se(b);
    }

    if (s->pps->change_rate) {
        nvm_bits_skip(b, nvm_h264_slice_cycle(s->sps->map_units,
                                              s->pps->change_rate));
    }
}


/* Until the parameter sets are known; an error sticks to b. */
static void
nvm_h264_slice_begin(nvm_bits_t *b, const nvm_h264_params_t *p,
    nvm_h264_slice_t *s)
{
    (void) nvm_sps_ue(b, NVM_H264_MAX_MBS * NVM_H264_MAX_MBS - 1);
    s->type = (nvm_h264_slice_e) (nvm_sps_ue(b, 9) % 5);
    s->pps = &p->pps[nvm_sps_ue(b, NVM_H264_MAX_PPS - 1)];
    s->sps = &p->sps[s->pps->sps];

    if (b->error == NVM_OK && !(s->pps->known && s->sps->known)) {
        b->error = NVM_ENOENT;
    }
}


static nvm_err_e
nvm_h264_slice_check(const uint8_t *nal, size_t n, nvm_fault_t *f)
{
    unsigned  type;

    if (n == 0 || (nal[0] & 0x80)) {
        return nvm_fault(f, NVM_EINVAL, 0, n == 0 ? "empty NAL unit"
                         : "NAL unit has its forbidden bit set");
    }

    type = nal[0] & 0x1f;

    if (type == NVM_H264_NAL_SLICE || type == NVM_H264_NAL_IDR) {
        return NVM_OK;
    }

    if ((type > NVM_H264_NAL_SLICE && type <= NVM_H264_NAL_PARTITION_C)
        || (type >= NVM_H264_NAL_AUXILIARY
            && type <= NVM_H264_NAL_EXTENSION_3D))
    {
        return nvm_fault(f, NVM_EUNSUP, 0,
                         type <= NVM_H264_NAL_PARTITION_C ? "data partition"
                         : "slice of an extension");
    }

    return nvm_fault(f, NVM_EINVAL, 0, "NAL unit is not a slice");
}


nvm_err_e
nvm_h264_slice_len(const nvm_h264_params_t *p, const uint8_t *nal, size_t n,
    size_t *bytes, nvm_fault_t *f)
{
    nvm_err_e         rc;
    nvm_bits_t        b;
    nvm_h264_slice_t  s;

    rc = nvm_h264_slice_check(nal, n, f);
    if (rc != NVM_OK) {
        return rc;
    }

    memset(&s, 0, sizeof(s));
    s.ref_idc = nal[0] >> 5;
    s.idr = (nal[0] & 0x1f) == NVM_H264_NAL_IDR;

    nvm_bits_init(&b, nal, n, 1);
    nvm_bits_skip(&b, 8);
    nvm_h264_slice_begin(&b, p, &s);

    if (b.error == NVM_OK) {
        nvm_h264_slice_picture(&b, &s);
        nvm_h264_slice_refs(&b, &s);
        nvm_h264_slice_modification(&b, &s);

        if ((s.pps->weighted && s.lists == 1)
            || (s.pps->weighted_bipred == 1 && s.lists == 2))
        {
            nvm_h264_slice_weights(&b, &s);
        }

        nvm_h264_slice_tail(&b, &s);
    }

    if (b.error) {
        return nvm_fault(f, b.error, (uint64_t) (b.pos - nal),
                         b.error == NVM_ETRUNC ? "slice header is cut"
                         : b.error == NVM_ENOENT
                           ? "slice of unknown parameter sets"
                         : "slice header: field out of range");
    }

    *bytes = (size_t) (b.pos - nal);

    return NVM_OK;
}
