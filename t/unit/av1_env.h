/*
 * Copyright (C) ngx_video authors
 *
 * A writer of samples of AV1 for its tests: sequence headers, headers of
 * frames, OBUs around them.
 */

#ifndef AV1_ENV_H
#define AV1_ENV_H

#include "bits.h"
#include "nvm_av1_frame.h"
#include "tap.h"


#define MAX_TILES   16
#define HINT_BITS   5


static uint8_t           sample[2 * NVM_MAX_NALS + 2];
static size_t            len;
static size_t            count;
static nvm_fault_t       fault;
static nvm_av1_tile_t    tiles[MAX_TILES];
static nvm_av1_frames_t  state;

/* updates of loop filter deltas in each header: 7 bits each */
static unsigned          slack;

/* allow_high_precision_mv of inter frames */
static unsigned          precise;


static BITS_UNUSED nvm_err_e
parse(void)
{
    memset(&fault, 0, sizeof(fault));

    return nvm_av1_frame_tiles(&state, sample, len, tiles, MAX_TILES, &count,
                               &fault);
}


/* Appends an OBU of what is in "bits", with n bytes behind them. */
static BITS_UNUSED void
obu(unsigned type, size_t n)
{
    size_t  size;

    size = bits_size() + n;
    sample[len++] = (uint8_t) (type << 3 | 2);
    sample[len++] = (uint8_t) (0x80 | (size & 0x7f));   /* leb128 */
    sample[len++] = (uint8_t) (size >> 7);
    memcpy(sample + len, bits, bits_size());
    memset(sample + len + bits_size(), 0xaa, n);
    len += size;
}


/*
 * A sequence of WIDTHxHEIGHT: order hints of 5 bits, superblocks of 64, no
 * tools but warped motion.  With display delays and frame ids it has what a
 * track needs in 13 bytes, and the rest in another.
 */
static BITS_UNUSED void
sequence_with(unsigned width, unsigned height, unsigned more)
{
    bits_begin();
    put(3, 0);
    put(2, 0);
    put(1, 0);                      /* no timing */
    put(1, more);
    put(5, 0);
    put(12, 0);
    put(5, 4);
    put(more ? 5 : 0, 0x1f);
    put(8, 0xff);
    put(16, width - 1);
    put(16, height - 1);
    put(1, more);
    put(more ? 7 : 0, 0);
    put(3, 0);
    put(2, 0);
    put(1, 1);                      /* warped motion */
    put(1, 0);
    put(1, 1);                      /* order hints */
    put(2, 0);
    put(1, 0);                      /* no screen content tools */
    put(1, 0);
    put(3, HINT_BITS - 1);
    put(3, 0);                      /* superres, cdef, restoration */
    put(2, 0);
    put(1, 0);
    put(1, 0);
    put(2, 0);
    put(1, 0);
    put(1, 0);                      /* no film grain */
    put(1, 1);
    obu(1, 0);
}


static BITS_UNUSED void
sequence(unsigned width, unsigned height)
{
    sequence_with(width, height, 0);
}


/* Bits of tiles; quantizer, no deltas; filters; one tx mode. */
static BITS_UNUSED void
params(unsigned ntiles, unsigned tile_bits)
{
    put(1, 1);                      /* uniform_tile_spacing_flag */
    put(ntiles, tile_bits);
    put(8, 100);
    put(5, 0);                      /* deltas, matrix, segments */
    put(1, 0);                      /* delta_q_present */
    put(12, 0);
    put(3, 0);
    put(2, 3);                      /* loop_filter_delta_update */

    for (unsigned i = 0; i < 10; i++) {
        put(1, i < slack);
        put(i < slack ? 7 : 0, 0x55);
    }

    put(1, 0);                      /* tx_mode_select */
}


/* A shown key frame; its order hint. */
static BITS_UNUSED void
key_head(unsigned hint, unsigned ntiles, unsigned tile_bits)
{
    bits_begin();
    put(1, 0);
    put(2, 0);
    put(1, 1);
    put(1, 0);                      /* disable_cdf_update */
    put(1, 0);                      /* frame_size_override_flag */
    put(HINT_BITS, hint);
    put(1, 0);                      /* render_and_frame_size_different */
    put(1, 0);                      /* disable_frame_end_update_cdf */
    params(ntiles, tile_bits);
    put(1, 0);                      /* reduced_tx_set */
}


/* What an inter frame begins with, as far as refresh_frame_flags. */
static BITS_UNUSED void
inter_begin(unsigned hint, unsigned override, unsigned refresh)
{
    bits_begin();
    put(1, 0);
    put(2, 1);
    put(1, 1);
    put(1, 0);                      /* error_resilient_mode */
    put(1, 0);
    put(1, override);
    put(HINT_BITS, hint);
    put(3, 7);                      /* no primary_ref_frame */
    put(8, refresh);
}


/* What it ends with; skip is skip_mode_present, if there is one. */
static BITS_UNUSED void
inter_end(unsigned ntiles, unsigned tile_bits, unsigned compound,
    unsigned skip)
{
    put(1, precise);                /* allow_high_precision_mv */
    put(1, 1);
    put(1, 0);
    put(1, 0);                      /* disable_frame_end_update_cdf */
    params(ntiles, tile_bits);
    put(1, compound);
    put(skip, 1);
    put(1, 0);                      /* allow_warped_motion */
    put(1, 0);
    put(7, 0);                      /* is_global */
}


static BITS_UNUSED void
references(unsigned a, unsigned rest)
{
    put(1, 0);
    put(3, a);

    for (unsigned i = 0; i < 6; i++) {
        put(3, rest);
    }

    put(1, 0);                      /* render_and_frame_size_different */
}


/* An inter frame of one tile, of which every slot of refresh is taken. */
static BITS_UNUSED nvm_err_e
inter(unsigned hint, unsigned refresh)
{
    len = 0;
    inter_begin(hint, 0, refresh);
    references(0, 0);
    inter_end(0, 0, 0, 0);
    obu(6, 20);

    return parse();
}


static BITS_UNUSED void
start(unsigned width, unsigned height)
{
    nvm_av1_frames_init(&state);
    len = 0;
    sequence(width, height);
}


/* One tile, from byte at of a sample on to its end. */
static BITS_UNUSED void
is_tile(nvm_err_e rc, size_t n, const char *what)
{
    is_int(rc, NVM_OK, "%s", what);
    ok(count == 1 && tiles[0].offset == len - n && tiles[0].size == n,
       "%s: a tile of %u bytes at %u, not of %zu at %zu", what, tiles[0].size,
       tiles[0].offset, n, len - n);
}


/* The same of one of many: over all slacks each bit of a header counts. */
static BITS_UNUSED unsigned
is_one(size_t n)
{
    return parse() == NVM_OK && count == 1 && tiles[0].offset == len - n
           && tiles[0].size == n;
}


#endif /* AV1_ENV_H */
