/*
 * Copyright (C) ngx_video authors
 *
 * The slice segment header (ITU-T H.265, 7.3.6.1), of which only the length
 * matters.
 *
 * Errors stick to the bit reader, whose reads then give zero.  What bounds a
 * loop is checked against the limits of 7.4.7.1, and each turn reads a bit.
 */

#include <string.h>

#include "nvm_hevc_slice.h"
#include "nvm_sps.h"


/* nal_unit_type (table 7-1) */
#define NVM_HEVC_NAL_RASL_R         9
#define NVM_HEVC_NAL_BLA_W_LP       16
#define NVM_HEVC_NAL_IDR_W_RADL     19
#define NVM_HEVC_NAL_IDR_N_LP       20
#define NVM_HEVC_NAL_CRA            21
#define NVM_HEVC_NAL_LAST_VCL       31

#define NVM_HEVC_MAX_EXTENSION      256     /* bytes; 7.4.7.1 */


/* slice_type (table 7-7) */
typedef enum {
    NVM_HEVC_B = 0,
    NVM_HEVC_P,
    NVM_HEVC_I
} nvm_hevc_slice_e;


typedef struct {
    const nvm_hevc_slice_sps_t  *sps;
    const nvm_hevc_slice_pps_t  *pps;
    const char                  *what;      /* of an error, or NULL */
    unsigned                     nal_type;
    nvm_hevc_slice_e             type;
    unsigned                     lists;     /* of references, 0..2 */
    unsigned                     refs[2];   /* active ones, 1..15 */
    unsigned                     pictures;  /* NumPicTotalCurr, 0..16 */
    unsigned                     dependent:1;
    unsigned                     temporal_mvp:1;
    unsigned                     sao:1;     /* of luma or chroma */
} nvm_hevc_slice_t;


static void
nvm_hevc_slice_fail(nvm_bits_t *b, nvm_hevc_slice_t *s, nvm_err_e code,
    const char *what)
{
    if (b->error == NVM_OK) {
        b->error = code;
        s->what = what;
    }
}


/* Ceil(Log2(n)) of 0..2^31; 0 for 0 */
static unsigned
nvm_hevc_slice_log2(uint32_t n)
{
    unsigned  bits;

    for (bits = 0; (1u << bits) < n; bits++) { /* void */ }

    return bits;
}


/* Up to slice_segment_address. */
static void
nvm_hevc_slice_begin(nvm_bits_t *b, const nvm_hevc_params_t *p,
    nvm_hevc_slice_t *s)
{
    unsigned  first;
    uint32_t  blocks;

    first = nvm_bits_u(b, 1);       /* first_slice_segment_in_pic_flag */

    if (s->nal_type >= NVM_HEVC_NAL_BLA_W_LP) {
        nvm_bits_skip(b, 1);        /* no_output_of_prior_pics_flag */
    }

    s->pps = &p->pps[nvm_sps_ue(b, NVM_HEVC_MAX_PPS - 1)];
    s->sps = &p->sps[s->pps->sps];

    if (!s->pps->known || !s->sps->known) {
        nvm_hevc_slice_fail(b, s, NVM_ENOENT,
                            "slice of unknown parameter sets");

    } else if (s->pps->screen || s->sps->screen) {
        nvm_hevc_slice_fail(b, s, NVM_EUNSUP,
                            "slice with screen content coding");
    }

    if (b->error || first) {
        return;
    }

    if (s->pps->dependent) {
        s->dependent = nvm_bits_u(b, 1) & 1;
    }

    blocks = (uint32_t) s->sps->ctb_width * s->sps->ctb_height;

    if (nvm_bits_u(b, nvm_hevc_slice_log2(blocks)) >= blocks) {
        nvm_hevc_slice_fail(b, s, NVM_EINVAL, "slice beyond the picture");
    }
}


/* A set that the header predicts from one of the SPS. */
static void
nvm_hevc_slice_predicted(nvm_bits_t *b, nvm_hevc_slice_t *s,
    nvm_hevc_rps_t *out)
{
    unsigned        i, at, from;
    nvm_hevc_rps_t  ref;

    memset(out, 0, sizeof(nvm_hevc_rps_t));
    memset(&ref, 0, sizeof(nvm_hevc_rps_t));

    from = s->sps->nsets - 1 - nvm_sps_ue(b, s->sps->nsets - 1);

    for (i = 0, at = 0; i < from; i++) {
        at += s->sps->pictures[i];
    }

    ref.n = s->sps->pictures[from];

    if (at + ref.n > NVM_HEVC_KEPT_DELTAS) {
        nvm_hevc_slice_fail(b, s, NVM_EUNSUP,
                            "SPS with too many reference pictures");
        return;
    }

    memcpy(ref.delta, s->sps->deltas + at, ref.n * sizeof(ref.delta[0]));
    nvm_hevc_rps_predicted(b, &ref, out);
}


/* The short-term set: of the SPS, or of this slice. */
static void
nvm_hevc_slice_short_term(nvm_bits_t *b, nvm_hevc_slice_t *s, unsigned *n)
{
    unsigned        i;
    nvm_hevc_rps_t  set;

    if (nvm_bits_u(b, 1)) {         /* short_term_ref_pic_set_sps_flag */
        i = nvm_bits_u(b, nvm_hevc_slice_log2(s->sps->nsets));

        if (i >= s->sps->nsets) {
            nvm_hevc_slice_fail(b, s, NVM_EINVAL, NULL);
            return;
        }

        *n = s->sps->pictures[i];
        s->pictures = s->sps->used[i];
        return;
    }

    if (s->sps->nsets && nvm_bits_u(b, 1)) {    /* inter_ref_pic_set_... */
        nvm_hevc_slice_predicted(b, s, &set);

    } else {
        nvm_hevc_rps_full(b, &set);
    }

    *n = set.n;

    for (i = 0; i < set.n; i++) {
        s->pictures += set.used >> i & 1;
    }
}


/* Long-term pictures: first those of the SPS; n short-term ones there are. */
static void
nvm_hevc_slice_long_term(nvm_bits_t *b, nvm_hevc_slice_t *s, unsigned n)
{
    unsigned  i, known, more, at, max;

    max = NVM_HEVC_MAX_DPB - n;
    known = 0;

    if (s->sps->nlong) {
        known = nvm_sps_ue(b, s->sps->nlong < max ? s->sps->nlong : max);
    }

    more = nvm_sps_ue(b, max - known);

    for (i = 0; i < known + more && b->error == NVM_OK; i++) {

        if (i < known) {
            at = nvm_bits_u(b, nvm_hevc_slice_log2(s->sps->nlong));

            if (at >= s->sps->nlong) {
                nvm_hevc_slice_fail(b, s, NVM_EINVAL, NULL);
                return;
            }

            s->pictures += s->sps->long_used >> at & 1;

        } else {
            nvm_bits_skip(b, s->sps->poc_bits);
            s->pictures += nvm_bits_u(b, 1);
        }

        if (nvm_bits_u(b, 1)) {     /* delta_poc_msb_present_flag */
            (void) nvm_bits_ue(b);
        }
    }
}


/* Picture order count and the sets of reference pictures. */
static void
nvm_hevc_slice_order(nvm_bits_t *b, nvm_hevc_slice_t *s)
{
    unsigned  n;

    if (s->nal_type == NVM_HEVC_NAL_IDR_W_RADL
        || s->nal_type == NVM_HEVC_NAL_IDR_N_LP)
    {
        return;
    }

    n = 0;
    nvm_bits_skip(b, s->sps->poc_bits);
    nvm_hevc_slice_short_term(b, s, &n);

    if (s->sps->long_term) {
        nvm_hevc_slice_long_term(b, s, n);
    }

    if (s->sps->temporal_mvp) {
        s->temporal_mvp = nvm_bits_u(b, 1) & 1;
    }
}


/* ref_pic_lists_modification() (7.3.6.2) */
static void
nvm_hevc_slice_modification(nvm_bits_t *b, nvm_hevc_slice_t *s)
{
    unsigned  i, j, bits;

    bits = nvm_hevc_slice_log2(s->pictures);

    for (i = 0; i < s->lists; i++) {
        if (nvm_bits_u(b, 1)) {
            for (j = 0; j < s->refs[i]; j++) {
                nvm_bits_skip(b, bits);         /* list_entry_l0, l1 */
            }
        }
    }
}


/*
 * pred_weight_table() (7.3.6.3).  No reference is the picture itself, which
 * would have no flag: that is screen content coding.
 */
static void
nvm_hevc_slice_weights(nvm_bits_t *b, nvm_hevc_slice_t *s)
{
    unsigned  i, j;
    uint32_t  luma, chroma;

    (void) nvm_sps_ue(b, 7);                    /* luma_log2_weight_denom */

    if (s->sps->chroma) {
        (void) nvm_bits_se(b);
    }

    for (i = 0; i < s->lists; i++) {
        luma = nvm_bits_u(b, s->refs[i]);       /* first entry highest */
        chroma = s->sps->chroma ? nvm_bits_u(b, s->refs[i]) : 0;

        for (j = s->refs[i]; j-- > 0; /* void */) {

            if (luma >> j & 1) {
                (void) nvm_bits_se(b);
                (void) nvm_bits_se(b);
            }

            if (chroma >> j & 1) {
                (void) nvm_bits_se(b);
                (void) nvm_bits_se(b);
                (void) nvm_bits_se(b);
                (void) nvm_bits_se(b);
            }
        }
    }
}


/* What P and B slices have. */
static void
nvm_hevc_slice_inter(nvm_bits_t *b, nvm_hevc_slice_t *s)
{
    unsigned  i, list;

    s->lists = s->type == NVM_HEVC_B ? 2 : 1;
    s->refs[0] = s->pps->refs0;
    s->refs[1] = s->pps->refs1;

    if (nvm_bits_u(b, 1)) {         /* num_ref_idx_active_override_flag */
        for (i = 0; i < s->lists; i++) {
            s->refs[i] = nvm_sps_ue(b, 14) + 1;
        }
    }

    if (s->pps->modification && s->pictures > 1) {
        nvm_hevc_slice_modification(b, s);
    }

    nvm_bits_skip(b, s->lists == 2);            /* mvd_l1_zero_flag */
    nvm_bits_skip(b, s->pps->cabac_init);       /* cabac_init_flag */

    if (s->temporal_mvp) {
        list = s->lists == 2 && nvm_bits_u(b, 1) == 0;  /* collocated_... */

        if (s->refs[list] > 1) {
            (void) nvm_sps_ue(b, s->refs[list] - 1);
        }
    }

    if (s->lists == 2 ? s->pps->weighted_bipred : s->pps->weighted) {
        nvm_hevc_slice_weights(b, s);
    }

    (void) nvm_sps_ue(b, 4);        /* five_minus_max_num_merge_cand */
}


/* From slice_qp_delta on. */
static void
nvm_hevc_slice_filters(nvm_bits_t *b, nvm_hevc_slice_t *s)
{
    unsigned  disabled;

    (void) nvm_bits_se(b);                      /* slice_qp_delta */

    if (s->pps->chroma_qp) {
        (void) nvm_bits_se(b);
        (void) nvm_bits_se(b);
    }

    nvm_bits_skip(b, s->pps->chroma_qp_list);
    disabled = s->pps->deblocking_disabled;

    if (s->pps->deblocking_override && nvm_bits_u(b, 1)) {
        disabled = nvm_bits_u(b, 1);

        if (!disabled) {
            (void) nvm_bits_se(b);
            (void) nvm_bits_se(b);
        }
    }

    if (s->pps->filter_across && (s->sao || !disabled)) {
        nvm_bits_skip(b, 1);        /* slice_loop_filter_across_slices */
    }
}


/* What a dependent slice segment takes from the one before it. */
static void
nvm_hevc_slice_own(nvm_bits_t *b, nvm_hevc_slice_t *s)
{
    unsigned  luma, chroma;

    nvm_bits_skip(b, s->pps->extra_bits);
    s->type = (nvm_hevc_slice_e) nvm_sps_ue(b, NVM_HEVC_I);
    nvm_bits_skip(b, s->pps->output_flag);
    nvm_bits_skip(b, s->sps->separate_planes ? 2 : 0);

    nvm_hevc_slice_order(b, s);

    if (s->sps->sao) {
        luma = nvm_bits_u(b, 1);
        chroma = s->sps->chroma ? nvm_bits_u(b, 1) : 0;
        s->sao = (luma | chroma) & 1;
    }

    if (s->type != NVM_HEVC_I) {
        nvm_hevc_slice_inter(b, s);
    }

    nvm_hevc_slice_filters(b, s);
}


/* Entry points of tiles and of rows that start their own entropy coding. */
static void
nvm_hevc_slice_entries(nvm_bits_t *b, nvm_hevc_slice_t *s)
{
    unsigned  bits;
    uint32_t  n, rows;

    if (!s->pps->tiles && !s->pps->wavefronts) {
        return;
    }

    rows = s->pps->wavefronts ? s->sps->ctb_height : s->pps->rows;

    n = nvm_sps_ue(b, (uint32_t) s->pps->columns * rows - 1);
    if (n == 0) {
        return;
    }

    bits = nvm_sps_ue(b, 31) + 1;   /* offset_len_minus1 */

    while (n-- && b->error == NVM_OK) {
        nvm_bits_skip(b, bits);
    }
}


/* slice_segment_header_extension and byte_alignment(). */
static void
nvm_hevc_slice_end(nvm_bits_t *b, nvm_hevc_slice_t *s)
{
    if (s->pps->extension) {
        nvm_bits_skip(b, nvm_sps_ue(b, NVM_HEVC_MAX_EXTENSION) * 8);
    }

    if (nvm_bits_u(b, 1) == 0 || nvm_bits_u(b, b->nbits) != 0) {
        nvm_hevc_slice_fail(b, s, NVM_EINVAL,
                            "slice header does not end in alignment");
    }
}


static nvm_err_e
nvm_hevc_slice_check(const uint8_t *nal, size_t n, nvm_fault_t *f)
{
    unsigned  type;

    if (n < 2 || (nal[0] & 0x80)) {
        return nvm_fault(f, NVM_EINVAL, 0, n < 2 ? "NAL unit has no header"
                         : "NAL unit has its forbidden bit set");
    }

    type = nal[0] >> 1;

    if (type > NVM_HEVC_NAL_LAST_VCL) {
        return nvm_fault(f, NVM_EINVAL, 0, "NAL unit is not a slice");
    }

    if (type > NVM_HEVC_NAL_CRA
        || (type > NVM_HEVC_NAL_RASL_R && type < NVM_HEVC_NAL_BLA_W_LP))
    {
        return nvm_fault(f, NVM_EUNSUP, 0, "slice of a reserved type");
    }

    if ((nal[0] & 1) || nal[1] >> 3) {
        return nvm_fault(f, NVM_EUNSUP, 0, "slice of another layer");
    }

    return NVM_OK;
}


nvm_err_e
nvm_hevc_slice_len(const nvm_hevc_params_t *p, const uint8_t *nal, size_t n,
    size_t *bytes, nvm_fault_t *f)
{
    nvm_err_e         rc;
    nvm_bits_t        b;
    nvm_hevc_slice_t  s;

    rc = nvm_hevc_slice_check(nal, n, f);
    if (rc != NVM_OK) {
        return rc;
    }

    memset(&s, 0, sizeof(s));
    s.nal_type = nal[0] >> 1;

    nvm_bits_init(&b, nal, n, 1);
    nvm_bits_skip(&b, 16);
    nvm_hevc_slice_begin(&b, p, &s);

    if (b.error == NVM_OK && !s.dependent) {
        nvm_hevc_slice_own(&b, &s);
    }

    if (b.error == NVM_OK) {
        nvm_hevc_slice_entries(&b, &s);
        nvm_hevc_slice_end(&b, &s);
    }

    if (b.error) {
        return nvm_fault(f, b.error, (uint64_t) (b.pos - nal),
                         b.error == NVM_ETRUNC ? "slice header is cut"
                         : s.what ? s.what
                         : "slice header: field out of range");
    }

    *bytes = (size_t) (b.pos - nal);

    return NVM_OK;
}
