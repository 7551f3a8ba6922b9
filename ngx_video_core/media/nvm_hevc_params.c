/*
 * Copyright (C) ngx_video authors
 *
 * What slice headers depend on: of the sequence parameter set (ITU-T H.265,
 * 7.3.2.2) by nvm_hevc_sps.c, of the picture parameter set (7.3.2.3) here.
 */

#include <string.h>

#include "nvm_hevc_slice.h"
#include "nvm_sps.h"


#define NVM_HEVC_MAX_TILES  8192    /* 65535 samples in blocks of 8 */


void
nvm_hevc_params_init(nvm_hevc_params_t *p)
{
    memset(p, 0, sizeof(nvm_hevc_params_t));
}


/* The reference sets, of which the syntax of slices needs the sizes. */
static void
nvm_hevc_params_sets(nvm_hevc_slice_sps_t *s, const nvm_hevc_coding_t *c)
{
    unsigned               i, j, at;
    const nvm_hevc_rps_t  *set;

    s->nsets = c->nsets;

    for (i = 0, at = 0; i < c->nsets; i++) {
        set = &c->sets[i];
        s->pictures[i] = set->n;

        for (j = 0; j < set->n; j++, at++) {
            s->used[i] = (uint8_t) (s->used[i] + (set->used >> j & 1));

            if (at < NVM_HEVC_KEPT_DELTAS) {
                s->deltas[at] = set->delta[j];
            }
        }
    }
}


static nvm_err_e
nvm_hevc_params_sps(nvm_hevc_params_t *p, const uint8_t *nal, size_t n,
    nvm_fault_t *f)
{
    uint8_t                id, profile;
    nvm_err_e              rc;
    nvm_hevc_sps_t         sps;
    nvm_hevc_coding_t      c;
    nvm_hevc_slice_sps_t  *s;

    rc = nvm_hevc_sps_read(nal, n, &sps, &c, &id, f);
    s = &p->sps[id];                /* 0, the usual one, when not readable */

    memset(s, 0, sizeof(nvm_hevc_slice_sps_t));

    if (rc != NVM_OK) {
        return rc;
    }

    if (!c.complete) {
        return nvm_fault(f, NVM_EINVAL, 0, "SPS: damaged");
    }

    /* general_profile_idc: 1 to 3 have no extension that slices show */

    profile = nal[3] & 0x1f;

    if (!c.extension_known && (profile == 0 || profile > 3)) {
        return nvm_fault(f, NVM_EINVAL, 0, "SPS: damaged VUI");
    }

    s->long_used = c.long_used;
    s->ctb_width = (uint16_t) c.ctb_width;
    s->ctb_height = (uint16_t) c.ctb_height;
    s->nlong = c.nlong;
    s->poc_bits = c.poc_bits;
    s->long_term = c.long_term;
    s->temporal_mvp = c.temporal_mvp;
    s->sao = c.sao;
    s->separate_planes = c.separate_planes;
    s->chroma = sps.chroma_format_idc != 0 && !c.separate_planes;
    s->screen = c.extension_known && c.screen;
    s->known = 1;
    nvm_hevc_params_sets(s, &c);

    return NVM_OK;
}


static void
nvm_hevc_pps_tiles(nvm_bits_t *b, nvm_hevc_slice_pps_t *s)
{
    unsigned  i;

    s->columns = (uint16_t) (nvm_sps_ue(b, NVM_HEVC_MAX_TILES - 1) + 1);
    s->rows = (uint16_t) (nvm_sps_ue(b, NVM_HEVC_MAX_TILES - 1) + 1);

    if (nvm_bits_u(b, 1) == 0) {                /* uniform_spacing_flag */
        for (i = 2; i < s->columns + s->rows && b->error == NVM_OK; i++) {
            (void) nvm_bits_ue(b);
        }
    }

    nvm_bits_skip(b, 1);    /* loop_filter_across_tiles_enabled_flag */
}


/* From deblocking on. */
static void
nvm_hevc_pps_tail(nvm_bits_t *b, nvm_hevc_slice_pps_t *s, unsigned skip)
{
    unsigned  range;

    s->filter_across = nvm_bits_u(b, 1) & 1;

    if (nvm_bits_u(b, 1)) {         /* deblocking_filter_control_present */
        s->deblocking_override = nvm_bits_u(b, 1) & 1;
        s->deblocking_disabled = nvm_bits_u(b, 1) & 1;

        if (!s->deblocking_disabled) {
            (void) nvm_bits_se(b);
            (void) nvm_bits_se(b);
        }
    }

    if (nvm_bits_u(b, 1)) {         /* pps_scaling_list_data_present_flag */
        nvm_hevc_scaling_lists(b);
    }

    s->modification = nvm_bits_u(b, 1) & 1;
    (void) nvm_bits_ue(b);          /* log2_parallel_merge_level_minus2 */
    s->extension = nvm_bits_u(b, 1) & 1;

    if (nvm_bits_u(b, 1) == 0) {    /* pps_extension_present_flag */
        return;
    }

    range = nvm_bits_u(b, 1);
    nvm_bits_skip(b, 2);            /* multilayer, 3D: nothing of this layer */
    s->screen = nvm_bits_u(b, 1) & 1;
    nvm_bits_skip(b, 4);

    if (range) {                    /* pps_range_extension() (7.3.2.3.2) */
        if (skip) {
            (void) nvm_bits_ue(b);
        }

        nvm_bits_skip(b, 1);        /* cross_component_prediction */
        s->chroma_qp_list = nvm_bits_u(b, 1) & 1;
    }
}


/* From dependent_slice_segments_enabled_flag on. */
static void
nvm_hevc_pps_body(nvm_bits_t *b, nvm_hevc_slice_pps_t *s)
{
    unsigned  skip;

    s->dependent = nvm_bits_u(b, 1) & 1;
    s->output_flag = nvm_bits_u(b, 1) & 1;
    s->extra_bits = nvm_bits_u(b, 3);
    nvm_bits_skip(b, 1);            /* sign_data_hiding_enabled_flag */
    s->cabac_init = nvm_bits_u(b, 1) & 1;
    s->refs0 = nvm_sps_ue(b, 14) + 1;
    s->refs1 = nvm_sps_ue(b, 14) + 1;
    (void) nvm_bits_se(b);          /* init_qp_minus26 */
    nvm_bits_skip(b, 1);            /* constrained_intra_pred_flag */
    skip = nvm_bits_u(b, 1);        /* transform_skip_enabled_flag */

    if (nvm_bits_u(b, 1)) {         /* cu_qp_delta_enabled_flag */
        (void) nvm_bits_ue(b);
    }

    (void) nvm_bits_se(b);          /* pps_cb_qp_offset, pps_cr_qp_offset */
    (void) nvm_bits_se(b);
    s->chroma_qp = nvm_bits_u(b, 1) & 1;
    s->weighted = nvm_bits_u(b, 1) & 1;
    s->weighted_bipred = nvm_bits_u(b, 1) & 1;
    nvm_bits_skip(b, 1);            /* transquant_bypass_enabled_flag */
    s->tiles = nvm_bits_u(b, 1) & 1;
    s->wavefronts = nvm_bits_u(b, 1) & 1;
    s->columns = 1;
    s->rows = 1;

    if (s->tiles) {
        nvm_hevc_pps_tiles(b, s);
    }

    nvm_hevc_pps_tail(b, s, skip);
}


static nvm_err_e
nvm_hevc_params_pps(nvm_hevc_params_t *p, const uint8_t *nal, size_t n,
    nvm_fault_t *f)
{
    unsigned              id;
    nvm_bits_t            b;
    nvm_hevc_slice_pps_t  s;

    memset(&s, 0, sizeof(s));
    nvm_bits_init(&b, nal, n, 1);
    nvm_bits_skip(&b, 16);

    id = nvm_sps_ue(&b, NVM_HEVC_MAX_PPS - 1);
    s.sps = nvm_sps_ue(&b, NVM_HEVC_MAX_SPS - 1);
    nvm_hevc_pps_body(&b, &s);

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
nvm_hevc_params_nal(nvm_hevc_params_t *p, const uint8_t *nal, size_t n,
    nvm_fault_t *f)
{
    if (n < 2 || (nal[0] & 0x80)) {
        return nvm_fault(f, NVM_EINVAL, 0, n < 2 ? "NAL unit has no header"
                         : "NAL unit has its forbidden bit set");
    }

    if ((nal[0] & 1) || nal[1] >> 3) {
        return NVM_OK;              /* of another layer */
    }

    switch (nal[0] >> 1) {

    case NVM_HEVC_NAL_SPS:
        return nvm_hevc_params_sps(p, nal, n, f);

    case NVM_HEVC_NAL_PPS:
        return nvm_hevc_params_pps(p, nal, n, f);

    default:
        return NVM_OK;
    }
}


/* An array of a record that was parsed before; the first error */
static nvm_err_e
nvm_hevc_params_array(nvm_hevc_params_t *p, nvm_reader_t *r, nvm_fault_t *f)
{
    unsigned        n;
    uint16_t        size;
    uint64_t        at;
    nvm_err_e       rc, first;
    nvm_fault_t     inner;
    const uint8_t  *nal;

    first = NVM_OK;
    nvm_reader_skip(r, 1);              /* type, told by each NAL unit too */
    n = nvm_reader_u16(r);

    while (n-- && r->error == NVM_OK) {
        size = nvm_reader_u16(r);
        at = nvm_reader_offset(r);
        nal = nvm_reader_bytes(r, size);

        if (nal == NULL || size == 0) {
            continue;
        }

        inner.code = NVM_OK;
        rc = nvm_hevc_params_nal(p, nal, size, &inner);

        if (rc != NVM_OK && first == NVM_OK) {
            first = nvm_fault(f, rc, at + inner.offset, inner.what);
        }
    }

    return first;
}


nvm_err_e
nvm_hevc_params_config(nvm_hevc_params_t *p, const uint8_t *hvcc, size_t n,
    nvm_fault_t *f)
{
    unsigned      arrays;
    nvm_err_e     rc, first;
    nvm_hvcc_t    h;
    nvm_reader_t  r;

    first = nvm_hvcc_parse(hvcc, n, &h, f);
    if (first != NVM_OK) {
        return first;
    }

    nvm_reader_init(&r, hvcc, n, 0);
    nvm_reader_skip(&r, NVM_HVCC_HEAD);
    arrays = nvm_reader_u8(&r);

    while (arrays-- && r.error == NVM_OK) {
        rc = nvm_hevc_params_array(p, &r, f);
        first = first ? first : rc;
    }

    return first;
}
