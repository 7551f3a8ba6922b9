/*
 * Copyright (C) ngx_video authors
 *
 * The parameters in an uncompressed_header(): AV1 specification, 5.9.12 to
 * 5.9.30.  Values are kept only where the length of something behind them is
 * by them: so global motion and film grain need no frame before, for the
 * lengths of both are by their own fields.
 */

#include <string.h>

#include "nvm_av1_header.h"


/* MAX_TILE_WIDTH, MAX_TILE_AREA, in samples; MAX_TILE_COLS and _ROWS */
#define NVM_AV1_TILE_WIDTH      4096
#define NVM_AV1_TILE_AREA       (4096 * 2304)
#define NVM_AV1_MAX_TILES       64

/* GM_ABS_ALPHA_BITS, GM_ABS_TRANS_BITS, GM_ABS_TRANS_ONLY_BITS */
#define NVM_AV1_GM_ALPHA        12
#define NVM_AV1_GM_TRANS        12
#define NVM_AV1_GM_TRANS_ONLY   9


/* tile_log2(): the smallest k with size << k >= target */
static unsigned
nvm_av1_log2(uint32_t size, uint32_t target)
{
    unsigned  k;

    for (k = 0; (uint64_t) size << k < target; k++) { /* void */ }

    return k;
}


/* ns(n) (4.10.7): a number below n */
static uint32_t
nvm_av1_ns(nvm_bits_t *b, uint32_t n)
{
    uint32_t  m, v;
    unsigned  w;

    for (w = 0; n >> w; w++) { /* void */ }

    m = (UINT32_C(1) << w) - n;
    v = nvm_bits_u(b, w - 1);

    return v < m ? v : (v << 1) - m + nvm_bits_u(b, 1);
}


/* su(n) (4.10.6) */
static int32_t
nvm_av1_su(nvm_bits_t *b, unsigned n)
{
    int32_t  v, sign;

    v = (int32_t) nvm_bits_u(b, n);
    sign = 1 << (n - 1);

    return v & sign ? v - 2 * sign : v;
}


/* One bit says whether n more follow. */
static void
nvm_av1_optional(nvm_bits_t *b, unsigned n)
{
    if (nvm_bits_u(b, 1)) {
        nvm_bits_skip(b, n);
    }
}


/* Tiles of equal size along a side: their number, its log2 in *log2. */
static uint32_t
nvm_av1_uniform(nvm_bits_t *b, uint32_t blocks, unsigned min, uint8_t *log2)
{
    uint32_t  size;
    unsigned  n, max;

    max = nvm_av1_log2(1, blocks < NVM_AV1_MAX_TILES ? blocks
                                                     : NVM_AV1_MAX_TILES);

    /* increment_tile_cols_log2, increment_tile_rows_log2 */

    for (n = min; n < max && nvm_bits_u(b, 1); n++) { /* void */ }

    size = (blocks + (UINT32_C(1) << n) - 1) >> n;
    *log2 = (uint8_t) n;

    return (blocks + size - 1) / size;
}


/* Tiles that tell their sizes, of max at most; the largest is in *largest. */
static uint32_t
nvm_av1_sizes(nvm_bits_t *b, uint32_t blocks, uint32_t max, uint8_t *log2,
    uint32_t *largest)
{
    uint32_t  n, left, size;

    *largest = 1;

    for (n = 0, left = blocks; left && b->error == NVM_OK; n++) {
        size = nvm_av1_ns(b, left < max ? left : max) + 1;
        *largest = size > *largest ? size : *largest;
        left -= size;
    }

    *log2 = (uint8_t) nvm_av1_log2(1, n);

    return n;
}


/* tile_info(), 5.9.15 */
static void
nvm_av1_tile_info(nvm_bits_t *b, const nvm_av1_seq_t *q, nvm_av1_header_t *h)
{
    uint32_t  columns, rows, across, down, area, widest;
    unsigned  shift, min, tiles;

    shift = q->large ? 7 : 6;
    across = (((h->width + 7) & ~7u) + (1u << shift) - 1) >> shift;
    down = (((h->height + 7) & ~7u) + (1u << shift) - 1) >> shift;

    min = nvm_av1_log2(NVM_AV1_TILE_WIDTH >> shift, across);
    tiles = nvm_av1_log2(NVM_AV1_TILE_AREA >> 2 * shift, across * down);
    tiles = tiles > min ? tiles : min;

    if (nvm_bits_u(b, 1)) {             /* uniform_tile_spacing_flag */
        columns = nvm_av1_uniform(b, across, min, &h->columns_log2);
        min = tiles > h->columns_log2 ? tiles - h->columns_log2 : 0;
        rows = nvm_av1_uniform(b, down, min, &h->rows_log2);

    } else {
        columns = nvm_av1_sizes(b, across, NVM_AV1_TILE_WIDTH >> shift,
                                &h->columns_log2, &widest);
        area = across * down >> (tiles ? tiles + 1 : 0);
        rows = nvm_av1_sizes(b, down, area > widest ? area / widest : 1,
                             &h->rows_log2, &area);
    }

    if (columns > NVM_AV1_MAX_TILES || rows > NVM_AV1_MAX_TILES) {
        b->error = b->error ? b->error : NVM_EINVAL;
    }

    h->columns = (uint16_t) columns;
    h->rows = (uint16_t) rows;

    if (h->columns_log2 || h->rows_log2) {
        /* context_update_tile_id */
        nvm_bits_skip(b, (unsigned) h->columns_log2 + h->rows_log2);
        h->size_bytes = (uint8_t) (nvm_bits_u(b, 2) + 1);
    }
}


/* read_delta_q(): whether it is not 0 */
static unsigned
nvm_av1_delta_q(nvm_bits_t *b)
{
    return nvm_bits_u(b, 1) && nvm_bits_u(b, 7);
}


/* quantization_params(), 5.9.12 */
static void
nvm_av1_quantization(nvm_bits_t *b, const nvm_av1_seq_t *q,
    nvm_av1_header_t *h)
{
    unsigned  delta, i, n;

    h->q_idx = (uint8_t) nvm_bits_u(b, 8);
    delta = nvm_av1_delta_q(b);

    if (!q->monochrome) {
        /* diff_uv_delta: V has its own, too */
        n = q->separate_uv && nvm_bits_u(b, 1) ? 4 : 2;

        for (i = 0; i < n; i++) {
            delta |= nvm_av1_delta_q(b);
        }
    }

    h->delta_q = delta & 1;

    if (nvm_bits_u(b, 1)) {             /* using_qmatrix */
        nvm_bits_skip(b, q->separate_uv ? 12 : 8);
    }
}


/* Features of all segments, of which only the quantizer is kept. */
static void
nvm_av1_features(nvm_bits_t *b, nvm_av1_header_t *h)
{
    int32_t   v;
    unsigned  i, j;

    /* Segmentation_Feature_Bits, with signs, behind SEG_LVL_ALT_Q */
    static const uint8_t  bits[] = { 7, 7, 7, 7, 3, 0, 0 };

    h->segments = 0;

    for (i = 0; i < NVM_AV1_SEGMENTS; i++) {
        h->alt_q[i] = 0;

        if (nvm_bits_u(b, 1)) {         /* feature_enabled */
            v = nvm_av1_su(b, 1 + 8);
            h->alt_q[i] = (int16_t) (v < -255 ? -255 : v);
            h->segments |= (uint8_t) (1u << i);
        }

        for (j = 0; j < sizeof(bits); j++) {
            nvm_av1_optional(b, bits[j]);
        }
    }
}


/* segmentation_params(), 5.9.14 */
static void
nvm_av1_segmentation(nvm_bits_t *b, const nvm_av1_frames_t *s,
    nvm_av1_header_t *h)
{
    const nvm_av1_ref_t  *ref;

    if (nvm_bits_u(b, 1) == 0) {        /* segmentation_enabled */
        return;
    }

    if (h->primary == NVM_AV1_PRIMARY_NONE) {
        nvm_av1_features(b, h);
        return;
    }

    ref = &s->refs[h->index[h->primary]];
    h->segments = ref->segments;
    memcpy(h->alt_q, ref->alt_q, sizeof(h->alt_q));

    /* segmentation_update_map, segmentation_temporal_update */
    nvm_av1_optional(b, 1);

    if (nvm_bits_u(b, 1)) {             /* segmentation_update_data */
        nvm_av1_features(b, h);
    }
}


/* delta_q_params() and delta_lf_params(), 5.9.17 and 5.9.18 */
static void
nvm_av1_deltas(nvm_bits_t *b, const nvm_av1_header_t *h)
{
    /* delta_q_present */
    if (h->q_idx == 0 || nvm_bits_u(b, 1) == 0) {
        return;
    }

    nvm_bits_skip(b, 2);

    if (!h->intrabc) {
        nvm_av1_optional(b, 3);
    }
}


/* CodedLossless: no segment has a quantizer (get_qidx(), 7.12.2) */
static unsigned
nvm_av1_lossless(const nvm_av1_header_t *h)
{
    int       q;
    unsigned  i;

    for (i = 0; i < NVM_AV1_SEGMENTS; i++) {
        q = h->q_idx + (h->segments >> i & 1 ? h->alt_q[i] : 0);

        if (q > 0) {
            return 0;
        }
    }

    return !h->delta_q;
}


/* loop_filter_params(), 5.9.11 */
static void
nvm_av1_loop_filter(nvm_bits_t *b, const nvm_av1_seq_t *q,
    const nvm_av1_header_t *h)
{
    unsigned  i, levels;

    if (h->lossless || h->intrabc) {
        return;
    }

    levels = nvm_bits_u(b, 6 + 6);
    nvm_bits_skip(b, !q->monochrome && levels ? 6 + 6 : 0);
    nvm_bits_skip(b, 3);                /* loop_filter_sharpness */

    /* loop_filter_delta_enabled, loop_filter_delta_update */

    if (nvm_bits_u(b, 1) && nvm_bits_u(b, 1)) {
        for (i = 0; i < 8 + 2; i++) {
            nvm_av1_optional(b, 7);
        }
    }
}


/* cdef_params(), 5.9.19 */
static void
nvm_av1_cdef(nvm_bits_t *b, const nvm_av1_seq_t *q, const nvm_av1_header_t *h)
{
    unsigned  bits;

    if (h->lossless || h->intrabc || !q->cdef) {
        return;
    }

    nvm_bits_skip(b, 2);                /* cdef_damping_minus_3 */
    bits = nvm_bits_u(b, 2);
    nvm_bits_skip(b, (q->monochrome ? 6u : 12u) << bits);
}


/* lr_params(), 5.9.20 */
static void
nvm_av1_restoration(nvm_bits_t *b, const nvm_av1_seq_t *q,
    const nvm_av1_header_t *h)
{
    unsigned  luma, chroma;

    if ((h->lossless && h->width == h->upscaled) || h->intrabc
        || !q->restoration)
    {
        return;
    }

    luma = nvm_bits_u(b, 2);            /* lr_type, RESTORE_NONE is 0 */
    chroma = q->monochrome ? 0 : nvm_bits_u(b, 2 + 2);

    if (luma || chroma) {
        /* lr_unit_shift, lr_unit_extra_shift */
        if (nvm_bits_u(b, 1) && !q->large) {
            nvm_bits_skip(b, 1);
        }
    }

    if (chroma && q->subsampling_x && q->subsampling_y) {
        nvm_bits_skip(b, 1);            /* lr_uv_shift */
    }
}


/*
 * skipModeAllowed (5.9.22): there is a reference before and one after the
 * frame, or two of different times before.
 */
static unsigned
nvm_av1_skip_mode(const nvm_av1_frames_t *s, const nvm_av1_header_t *h)
{
    int       d;
    unsigned  i, hint, found, second, nearest;

    if (!h->compound || s->seq.order_bits == 0) {
        return 0;
    }

    found = 0;
    second = 0;
    nearest = 0;

    for (i = 0; i < NVM_AV1_REFS_PER_FRAME; i++) {
        hint = s->refs[h->index[i]].order_hint;
        d = nvm_av1_distance(&s->seq, hint, h->order_hint);

        if (d > 0) {
            second = 1;                 /* backward */

        } else if (d < 0 && (!found || nvm_av1_distance(&s->seq, hint,
                                                        nearest) > 0))
        {
            found = 1;
            nearest = hint;
        }
    }

    for (i = 0; i < NVM_AV1_REFS_PER_FRAME && found && !second; i++) {
        hint = s->refs[h->index[i]].order_hint;
        second = nvm_av1_distance(&s->seq, hint, nearest) < 0;
    }

    return found && second;
}


/* decode_subexp(), 5.9.28: its meaning is by a frame before, not its length */
static void
nvm_av1_subexp(nvm_bits_t *b, uint32_t n)
{
    uint32_t  mk;
    unsigned  i, bits;

    for (i = 0, mk = 0; b->error == NVM_OK; i++) {
        bits = i ? 3 + i - 1 : 3;

        if (n <= mk + 3 * (UINT32_C(1) << bits)) {
            (void) nvm_av1_ns(b, n - mk);
            return;
        }

        if (nvm_bits_u(b, 1) == 0) {    /* subexp_more_bits */
            nvm_bits_skip(b, bits);
            return;
        }

        mk += UINT32_C(1) << bits;
    }
}


/* read_global_param() of n parameters with so many bits */
static void
nvm_av1_global_params(nvm_bits_t *b, unsigned n, unsigned bits)
{
    while (n--) {
        nvm_av1_subexp(b, 2 * (UINT32_C(1) << bits) + 1);
    }
}


/* global_motion_params(), 5.9.24 */
static void
nvm_av1_global_motion(nvm_bits_t *b, const nvm_av1_header_t *h)
{
    unsigned  i;

    for (i = 0; i < NVM_AV1_REFS_PER_FRAME; i++) {

        if (nvm_bits_u(b, 1) == 0) {            /* is_global */
            continue;
        }

        if (nvm_bits_u(b, 1)) {                 /* is_rot_zoom */
            nvm_av1_global_params(b, 2, NVM_AV1_GM_ALPHA);
            nvm_av1_global_params(b, 2, NVM_AV1_GM_TRANS);

        } else if (nvm_bits_u(b, 1)) {          /* is_translation */
            nvm_av1_global_params(b, 2, NVM_AV1_GM_TRANS_ONLY - !h->precise);

        } else {
            nvm_av1_global_params(b, 4, NVM_AV1_GM_ALPHA);
            nvm_av1_global_params(b, 2, NVM_AV1_GM_TRANS);
        }
    }
}


/* Points of a scaling function: their number. */
static unsigned
nvm_av1_points(nvm_bits_t *b)
{
    unsigned  n;

    n = nvm_bits_u(b, 4);
    nvm_bits_skip(b, n * 16);

    return n;
}


/* film_grain_params(), 5.9.30 */
static void
nvm_av1_film_grain(nvm_bits_t *b, const nvm_av1_seq_t *q,
    const nvm_av1_header_t *h)
{
    unsigned  y, cb, cr, luma, lag, n;

    if (!q->grain || (!h->shown && !h->showable)
        || nvm_bits_u(b, 1) == 0)               /* apply_grain */
    {
        return;
    }

    nvm_bits_skip(b, 16);                       /* grain_seed */

    /* update_grain, or film_grain_params_ref_idx */

    if (h->type == NVM_AV1_INTER_FRAME && nvm_bits_u(b, 1) == 0) {
        nvm_bits_skip(b, 3);
        return;
    }

    y = nvm_av1_points(b);
    luma = q->monochrome ? 0 : nvm_bits_u(b, 1);    /* chroma_scaling_from_ */
    cb = 0;
    cr = 0;

    if (!q->monochrome && !luma
        && !(q->subsampling_x && q->subsampling_y && y == 0))
    {
        cb = nvm_av1_points(b);
        cr = nvm_av1_points(b);
    }

    nvm_bits_skip(b, 2);                        /* grain_scaling_minus_8 */
    lag = nvm_bits_u(b, 2);
    n = 2 * lag * (lag + 1);

    nvm_bits_skip(b, y ? n * 8 : 0);            /* ar_coeffs */
    n += y ? 1 : 0;
    nvm_bits_skip(b, luma || cb ? n * 8 : 0);
    nvm_bits_skip(b, luma || cr ? n * 8 : 0);

    nvm_bits_skip(b, 2 + 2);                    /* shifts */
    nvm_bits_skip(b, cb ? 8 + 8 + 9 : 0);
    nvm_bits_skip(b, cr ? 8 + 8 + 9 : 0);
    nvm_bits_skip(b, 1 + 1);                    /* overlap, clip */
}


void
nvm_av1_params(nvm_bits_t *b, const nvm_av1_frames_t *s, nvm_av1_header_t *h)
{
    const nvm_av1_seq_t  *q = &s->seq;

    nvm_av1_tile_info(b, q, h);
    nvm_av1_quantization(b, q, h);
    nvm_av1_segmentation(b, s, h);
    nvm_av1_deltas(b, h);

    h->lossless = nvm_av1_lossless(h) & 1;

    nvm_av1_loop_filter(b, q, h);
    nvm_av1_cdef(b, q, h);
    nvm_av1_restoration(b, q, h);

    nvm_bits_skip(b, h->lossless ? 0 : 1);      /* tx_mode_select */
    h->compound = h->intra ? 0 : nvm_bits_u(b, 1) & 1;

    if (nvm_av1_skip_mode(s, h)) {
        nvm_bits_skip(b, 1);                    /* skip_mode_present */
    }

    if (!h->intra && !h->resilient && q->warped) {
        nvm_bits_skip(b, 1);                    /* allow_warped_motion */
    }

    nvm_bits_skip(b, 1);                        /* reduced_tx_set */

    if (!h->intra) {
        nvm_av1_global_motion(b, h);
    }

    nvm_av1_film_grain(b, q, h);
}
