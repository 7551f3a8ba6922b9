/*
 * Copyright (C) ngx_video authors
 *
 * Superframes (Annex B of the VP9 specification) and uncompressed_header()
 * (6.2).  Names in comments are those of its syntax tables.
 */

#include <string.h>

#include "nvm_reader.h"
#include "nvm_vp9_frame.h"


#define NVM_VP9_SYNC_CODE       0x498342
#define NVM_VP9_CS_RGB          7

/* A superframe index begins and ends with the same byte, of these bits. */
#define NVM_VP9_MARKER          0xc0
#define NVM_VP9_MARKER_MASK     0xe0

/* MIN_TILE_WIDTH_B64, MAX_TILE_WIDTH_B64 */
#define NVM_VP9_MIN_TILE        4
#define NVM_VP9_MAX_TILE        64

#define NVM_VP9_SEGMENTS        8


/* What one part of the header tells another. */
typedef struct {
    uint32_t       width;
    unsigned       profile;
    unsigned       refresh;     /* refresh_frame_flags */
    unsigned       existing:1;  /* show_existing_frame */
    unsigned       resilient:1; /* error_resilient_mode */
} nvm_vp9_head_t;


void
nvm_vp9_refs_init(nvm_vp9_refs_t *refs)
{
    memset(refs, 0, sizeof(nvm_vp9_refs_t));
}


/* A field that can have one value only. */
static void
nvm_vp9_fixed(nvm_bits_t *b, unsigned n, uint32_t want)
{
    if (nvm_bits_u(b, n) != want && b->error == NVM_OK) {
        b->error = NVM_EINVAL;
    }
}


/* One bit says whether n more follow. */
static void
nvm_vp9_optional(nvm_bits_t *b, unsigned n)
{
    if (nvm_bits_u(b, 1)) {
        nvm_bits_skip(b, n);
    }
}


/* color_config() */
static void
nvm_vp9_colour(nvm_bits_t *b, unsigned profile)
{
    unsigned  odd;

    odd = profile & 1;                  /* not only 4:2:0 */

    if (profile >= 2) {
        nvm_bits_skip(b, 1);            /* ten_or_twelve_bit */
    }

    if (nvm_bits_u(b, 3) != NVM_VP9_CS_RGB) {
        nvm_bits_skip(b, 1);            /* color_range */
        nvm_bits_skip(b, odd ? 2 : 0);  /* subsampling */

    } else if (!odd && b->error == NVM_OK) {
        b->error = NVM_EINVAL;
    }

    if (odd) {
        nvm_vp9_fixed(b, 1, 0);
    }
}


static void
nvm_vp9_frame_size(nvm_bits_t *b, nvm_vp9_head_t *h)
{
    h->width = nvm_bits_u(b, 16) + 1;
    nvm_bits_skip(b, 16);
}


static void
nvm_vp9_render_size(nvm_bits_t *b)
{
    nvm_vp9_optional(b, 32);
}


/* From refresh_frame_flags of an inter frame to its interpolation filter */
static void
nvm_vp9_inter(nvm_bits_t *b, const nvm_vp9_refs_t *refs, nvm_vp9_head_t *h)
{
    unsigned  i, index[3];

    h->refresh = nvm_bits_u(b, 8);

    for (i = 0; i < 3; i++) {
        index[i] = nvm_bits_u(b, 3);    /* ref_frame_idx */
        nvm_bits_skip(b, 1);            /* ref_frame_sign_bias */
    }

    /* frame_size_with_refs() */

    for (i = 0; i < 3; i++) {
        if (nvm_bits_u(b, 1)) {         /* found_ref */
            h->width = refs->width[index[i]];
            break;
        }
    }

    if (i == 3) {
        nvm_vp9_frame_size(b, h);
    }

    if (h->width == 0 && b->error == NVM_OK) {
        b->error = NVM_ENOENT;
    }

    nvm_vp9_render_size(b);
    nvm_bits_skip(b, 1);                /* allow_high_precision_mv */

    if (nvm_bits_u(b, 1) == 0) {        /* is_filter_switchable */
        nvm_bits_skip(b, 2);
    }
}


/* What a frame that is no key frame has between its flags and contexts */
static void
nvm_vp9_not_key(nvm_bits_t *b, const nvm_vp9_refs_t *refs, nvm_vp9_head_t *h,
    unsigned shown)
{
    unsigned  intra;

    intra = shown ? 0 : nvm_bits_u(b, 1);
    nvm_bits_skip(b, h->resilient ? 0 : 2);     /* reset_frame_context */

    if (!intra) {
        nvm_vp9_inter(b, refs, h);
        return;
    }

    nvm_vp9_fixed(b, 24, NVM_VP9_SYNC_CODE);

    if (h->profile > 0) {
        nvm_vp9_colour(b, h->profile);
    }

    h->refresh = nvm_bits_u(b, 8);
    nvm_vp9_frame_size(b, h);
    nvm_vp9_render_size(b);
}


static void
nvm_vp9_loop_filter(nvm_bits_t *b)
{
    unsigned  i;

    nvm_bits_skip(b, 6 + 3);            /* level, sharpness */

    /* loop_filter_delta_enabled, loop_filter_delta_update */

    if (nvm_bits_u(b, 1) && nvm_bits_u(b, 1)) {
        for (i = 0; i < 4 + 2; i++) {
            nvm_vp9_optional(b, 7);
        }
    }
}


static void
nvm_vp9_quantization(nvm_bits_t *b)
{
    unsigned  i;

    nvm_bits_skip(b, 8);                /* base_q_idx */

    for (i = 0; i < 3; i++) {
        nvm_vp9_optional(b, 5);
    }
}


static void
nvm_vp9_segmentation(nvm_bits_t *b)
{
    unsigned  i, j;

    /* segmentation_feature_bits, with the signs of those that have one */
    static const uint8_t  bits[] = { 9, 7, 2, 0 };

    if (nvm_bits_u(b, 1) == 0) {        /* segmentation_enabled */
        return;
    }

    if (nvm_bits_u(b, 1)) {             /* segmentation_update_map */
        for (i = 0; i < 7; i++) {
            nvm_vp9_optional(b, 8);
        }

        if (nvm_bits_u(b, 1)) {         /* segmentation_temporal_update */
            for (i = 0; i < 3; i++) {
                nvm_vp9_optional(b, 8);
            }
        }
    }

    if (nvm_bits_u(b, 1) == 0) {        /* segmentation_update_data */
        return;
    }

    nvm_bits_skip(b, 1);                /* segmentation_abs_or_delta_update */

    for (i = 0; i < NVM_VP9_SEGMENTS; i++) {
        for (j = 0; j < sizeof(bits); j++) {
            nvm_vp9_optional(b, bits[j]);
        }
    }
}


static void
nvm_vp9_tiles(nvm_bits_t *b, uint32_t width)
{
    uint32_t  blocks;
    unsigned  min, max;

    blocks = (width + 63) / 64;         /* Sb64Cols */

    for (min = 0; (uint32_t) NVM_VP9_MAX_TILE << min < blocks; min++) {
        /* void */
    }

    for (max = 1; blocks >> max >= NVM_VP9_MIN_TILE; max++) { /* void */ }

    /* increment_tile_cols_log2 */

    while (min < max - 1 && nvm_bits_u(b, 1)) {
        min++;
    }

    nvm_vp9_optional(b, 1);             /* tile_rows_log2 */
}


/* uncompressed_header(); the size of the compressed one is in *compressed. */
static void
nvm_vp9_header(nvm_bits_t *b, const nvm_vp9_refs_t *refs, nvm_vp9_head_t *h,
    uint32_t *compressed)
{
    unsigned  key, shown;

    nvm_vp9_fixed(b, 2, 2);             /* frame_marker */
    h->profile = nvm_bits_u(b, 1);
    h->profile |= nvm_bits_u(b, 1) << 1;

    if (h->profile == 3) {
        nvm_vp9_fixed(b, 1, 0);
    }

    h->existing = nvm_bits_u(b, 1) & 1;

    if (h->existing) {
        nvm_bits_skip(b, 3);            /* frame_to_show_map_idx */
        return;
    }

    key = !nvm_bits_u(b, 1);            /* frame_type */
    shown = nvm_bits_u(b, 1);
    h->resilient = nvm_bits_u(b, 1) & 1;

    if (key) {
        nvm_vp9_fixed(b, 24, NVM_VP9_SYNC_CODE);
        nvm_vp9_colour(b, h->profile);
        nvm_vp9_frame_size(b, h);
        nvm_vp9_render_size(b);
        h->refresh = 0xff;

    } else {
        nvm_vp9_not_key(b, refs, h, shown);
    }

    /* refresh_frame_context, frame_parallel_decoding_mode, then the index */

    nvm_bits_skip(b, h->resilient ? 2 : 4);

    nvm_vp9_loop_filter(b);
    nvm_vp9_quantization(b);
    nvm_vp9_segmentation(b);
    nvm_vp9_tiles(b, h->width);

    *compressed = nvm_bits_u(b, 16);    /* header_size_in_bytes */

    if (*compressed == 0 && b->error == NVM_OK) {
        b->error = NVM_EINVAL;
    }
}


static nvm_err_e
nvm_vp9_frame(nvm_vp9_refs_t *refs, nvm_reader_t *r, nvm_vp9_frame_t *out,
    nvm_fault_t *f)
{
    size_t          n, used;
    unsigned        i;
    uint32_t        compressed;
    nvm_bits_t      b;
    nvm_vp9_head_t  h = { 0 };

    n = nvm_reader_left(r);
    out->offset = (uint32_t) nvm_reader_offset(r);
    out->size = (uint32_t) n;
    compressed = 0;

    nvm_bits_init(&b, nvm_reader_bytes(r, n), n, 0);
    nvm_vp9_header(&b, refs, &h, &compressed);

    used = n - (size_t) (b.end - b.pos);

    if (b.error == NVM_OK && compressed > n - used) {
        b.error = NVM_ETRUNC;
    }

    if (b.error) {
        return nvm_fault(f, b.error, out->offset + used,
                         b.error == NVM_ETRUNC ? "VP9 frame is cut"
                         : b.error == NVM_ENOENT
                         ? "VP9 frame without its reference"
                         : "bad header of a VP9 frame");
    }

    out->header = h.existing ? out->size : (uint32_t) used;

    for (i = 0; i < NVM_VP9_REFS; i++) {
        if (h.refresh >> i & 1) {
            refs->width[i] = h.width;
        }
    }

    return NVM_OK;
}


/*
 * Reads the superframe index at the end of a sample: the number of frames, 1
 * without one.  What is before the index is left in frames.
 */
static unsigned
nvm_vp9_index(const uint8_t *data, size_t n, uint32_t sizes[NVM_VP9_MAX_FRAMES],
    nvm_reader_t *frames)
{
    uint8_t       marker;
    size_t        len;
    unsigned      i, j, count, bytes;
    nvm_reader_t  r;

    sizes[0] = (uint32_t) n;
    nvm_reader_init(frames, data, n, 0);

    nvm_reader_init(&r, data, n, 0);
    nvm_reader_skip(&r, n - 1);
    marker = nvm_reader_u8(&r);
    bytes = (marker >> 3 & 3) + 1u;
    count = (marker & 7) + 1u;
    len = 2 + (size_t) bytes * count;

    if ((marker & NVM_VP9_MARKER_MASK) != NVM_VP9_MARKER || n < len) {
        return 1;
    }

    nvm_reader_init(&r, data, n, 0);
    nvm_reader_skip(&r, n - len);

    if (nvm_reader_u8(&r) != marker) {
        return 1;
    }

    nvm_reader_init(frames, data, n - len, 0);

    for (i = 0; i < count; i++) {
        for (j = 0, sizes[i] = 0; j < bytes; j++) {     /* little-endian */
            sizes[i] |= (uint32_t) nvm_reader_u8(&r) << (j * 8);
        }
    }

    return count;
}


nvm_err_e
nvm_vp9_frame_headers(nvm_vp9_refs_t *refs, const uint8_t *data, size_t n,
    nvm_vp9_frame_t frames[NVM_VP9_MAX_FRAMES], unsigned *count, nvm_fault_t *f)
{
    unsigned        i, total;
    uint32_t        sizes[NVM_VP9_MAX_FRAMES];
    nvm_err_e       rc;
    nvm_reader_t    r, frame;
    nvm_vp9_refs_t  next;

    *count = 0;
    next = *refs;

    if (n == 0 || n > UINT32_MAX) {
        return nvm_fault(f, n ? NVM_ELIMIT : NVM_ETRUNC, 0,
                         n ? "VP9 sample is too long" : "VP9 frame is cut");
    }

    total = nvm_vp9_index(data, n, sizes, &r);

    for (i = 0; i < total; i++) {
        nvm_reader_sub(&r, sizes[i], &frame);

        if (r.error) {
            return nvm_fault(f, r.error, nvm_reader_offset(&r),
                             "VP9 frame is cut");
        }

        rc = nvm_vp9_frame(&next, &frame, &frames[i], f);
        if (rc != NVM_OK) {
            return rc;
        }
    }

    *refs = next;
    *count = total;

    return NVM_OK;
}
