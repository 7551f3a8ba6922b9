/*
 * Copyright (C) ngx_video authors
 *
 * AV1 tiles: OBUs, tile groups and headers by hand: what encoders don't write,
 * and what is no frame.  t/frames_headers.t has films, and headers at random.
 */

#include "bits.h"
#include "nvm_av1_frame.h"
#include "tap.h"


#define MAX_TILES   16
#define HINT_BITS   5


static uint8_t           sample[8192];
static size_t            len;
static size_t            count;
static nvm_fault_t       fault;
static nvm_av1_tile_t    tiles[MAX_TILES];
static nvm_av1_frames_t  state;

/* updates of loop filter deltas in each header: 7 bits each */
static unsigned          slack;


static nvm_err_e
parse(void)
{
    memset(&fault, 0, sizeof(fault));

    return nvm_av1_frame_tiles(&state, sample, len, tiles, MAX_TILES, &count,
                               &fault);
}


/* Appends an OBU of what is in "bits", with n bytes behind them. */
static void
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
static void
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


static void
sequence(unsigned width, unsigned height)
{
    sequence_with(width, height, 0);
}


/* Bits of tiles; quantizer, no deltas; filters; one tx mode. */
static void
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
static void
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
static void
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
static void
inter_end(unsigned ntiles, unsigned tile_bits, unsigned compound,
    unsigned skip)
{
    put(1, 0);                      /* allow_high_precision_mv */
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


static void
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
static nvm_err_e
inter(unsigned hint, unsigned refresh)
{
    len = 0;
    inter_begin(hint, 0, refresh);
    references(0, 0);
    inter_end(0, 0, 0, 0);
    obu(6, 20);

    return parse();
}


static void
start(unsigned width, unsigned height)
{
    nvm_av1_frames_init(&state);
    len = 0;
    sequence(width, height);
}


/* One tile, from byte at of a sample on to its end. */
static void
is_tile(nvm_err_e rc, size_t n, const char *what)
{
    is_int(rc, NVM_OK, "%s", what);
    ok(count == 1 && tiles[0].offset == len - n && tiles[0].size == n,
       "%s: a tile of %u bytes at %u, not of %zu at %zu", what, tiles[0].size,
       tiles[0].offset, n, len - n);
}


/* The same of one of many: over all slacks each bit of a header counts. */
static unsigned
is_one(size_t n)
{
    return parse() == NVM_OK && count == 1 && tiles[0].offset == len - n
           && tiles[0].size == n;
}


static void
test_obus(void)
{
    size_t  i, n, good;

    start(64, 64);
    is_int(parse(), NVM_OK, "a sequence header alone");
    is_int((long long) count, 0, "no tiles");

    key_head(0, 0, 0);
    obu(6, 30);
    is_tile(parse(), 30, "key frame");
    n = len;

    for (i = 1, good = 0; i < n; i++) {
        len = i;
        good += parse() == NVM_OK;
        good += fault.offset > i;
    }

    is_int((long long) good, 1, "cut anywhere but behind the sequence header");

    /* the last OBU needs no size; others do */

    start(64, 64);
    key_head(0, 0, 0);
    i = len;
    obu(6, 30);
    sample[i] &= (uint8_t) ~2;
    memmove(sample + i + 1, sample + i + 3, len - i - 3);
    len -= 2;
    is_tile(parse(), 30, "OBU without a size");

    /* temporal delimiter, metadata, padding, reserved; an extension */

    nvm_av1_frames_init(&state);
    len = 0;
    bits_begin();
    obu(2, 0);
    sequence(64, 64);
    bits_begin();
    obu(5, 10);
    obu(15, 200);
    obu(9, 3);
    i = len;
    key_head(0, 0, 0);
    obu(6, 30);
    memmove(sample + i + 2, sample + i + 1, len - i - 1);
    sample[i] |= 4;
    sample[i + 1] = 0x48;
    len++;
    is_tile(parse(), 30, "among all kinds of OBUs");

    sample[i] |= 0x80;
    is_int(parse(), NVM_EINVAL, "forbidden bit");
    is_int(fault.offset, (long long) i, "and where");

    sample[i] = 8 << 3 | 6;
    is_int(parse(), NVM_EUNSUP, "tile list");

    len = 0;
    bits_begin();

    for (i = 0; i <= NVM_MAX_NALS; i++) {
        len = i * 2 < sizeof(sample) ? i * 2 : len;
        sample[len] = 15 << 3 | 2;
        sample[len + 1] = 0;
    }

    ok(sizeof(sample) / 2 == NVM_MAX_NALS, "as many OBUs as there may be");
    len = sizeof(sample);
    is_int(parse(), NVM_OK, "are no error");
}


static void
test_order(void)
{
    nvm_av1_frames_t  before;

    nvm_av1_frames_init(&state);
    len = 0;
    key_head(0, 0, 0);
    obu(6, 30);
    is_int(parse(), NVM_ENOENT, "no sequence header");
    is_str(fault.what, "AV1 without a sequence header", "by name");

    start(64, 64);
    is_int(parse(), NVM_OK, "sequence header");
    is_int(inter(1, 1), NVM_ENOENT, "inter frame before a key frame");
    is_str(fault.what, "AV1 frame without its reference", "by name");

    start(64, 64);
    bits_begin();
    put(8, 0x80);
    obu(3, 0);
    is_int(parse(), NVM_ENOENT, "shows a frame that was not seen");

    start(64, 64);
    key_head(0, 0, 0);
    put(1, 1);
    obu(3, 0);
    before = state;
    is_int(parse(), NVM_ETRUNC, "frame without its tiles");
    is_str(fault.what, "AV1 frame without all its tiles", "by name");
    is_mem(&state, sizeof(state), &before, sizeof(before), "state is the same");

    obu(7, 0);                      /* a copy of the header */
    bits_begin();
    obu(4, 25);
    is_tile(parse(), 25, "header, its copy, tile group");

    obu(4, 25);
    is_int(parse(), NVM_EINVAL, "tiles without a header");

    start(64, 64);
    key_head(0, 0, 0);
    put(1, 1);
    obu(3, 0);
    obu(6, 20);
    is_int(parse(), NVM_EINVAL, "a frame in another");

    start(64, 64);
    key_head(0, 0, 0);
    obu(6, 20);
    bits_begin();
    put(8, 0x80);
    obu(6, 20);
    is_int(parse(), NVM_EINVAL, "OBU_FRAME of a frame that is only shown");
    len -= 24;
    obu(3, 0);
    is_int(parse(), NVM_OK, "a frame that is only shown");
    is_int((long long) count, 1, "has no tiles");
}


/* Sizes of tiles but the last, of two bytes; the tiles are 0xaa. */
static void
put_tiles(unsigned n, const unsigned *sizes)
{
    for (unsigned i = 0; i < n; i++) {

        if (i + 1 < n) {
            put(8, sizes[i] - 1);
            put(8, 0);
        }

        for (unsigned j = 0; j < sizes[i]; j++) {
            put(8, 0xaa);
        }
    }
}


/* Four tiles of 64x64: columns and rows of 2, sizes of 2 bytes. */
static void
four(void)
{
    start(128, 128);
    key_head(0, 5, 0x1d);           /* 1, 1, context_update_tile_id, 2 bytes */
}


static void
test_groups(void)
{
    size_t    i, head;
    uint8_t   last;

    static const unsigned  sizes[] = { 17, 1, 255, 40 };

    /* the tile bits: 1 column more, 1 row more, id 3, 2 bytes */

    start(128, 128);
    key_head(0, 6, 0x3d);
    put((8 - nbits % 8) % 8, 0);
    put(8, 0);
    head = len + 3 + bits_size();
    put_tiles(4, sizes);
    obu(6, 0);
    is_int(parse(), NVM_OK, "four tiles");
    is_int((long long) count, 4, "tiles");

    for (i = 0; i < count; i++) {
        head += i < 3 ? 2 : 0;
        ok(tiles[i].offset == head && tiles[i].size == sizes[i],
           "tile %zu of %u bytes", i, sizes[i]);
        head += sizes[i];
    }

    is_int((long long) head, (long long) len, "to the end");

    is_int(nvm_av1_frame_tiles(&state, sample, len, tiles, 3, &count, NULL),
           NVM_EOVERFLOW, "room for three");
    is_int((long long) count, 0, "none");

    last = sample[tiles[1].offset - 1];
    sample[tiles[1].offset - 1] = 2;
    is_int(parse(), NVM_ETRUNC, "a tile that is too long");
    sample[tiles[1].offset - 1] = last;
    is_int(parse(), NVM_OK, "as before");

    /* in two groups */

    start(128, 128);
    key_head(0, 6, 0x3d);
    put(1, 1);
    obu(3, 0);
    bits_begin();
    put(1, 1);
    put(4, 0x2);                    /* 0 to 2 */
    put(3, 0);
    put_tiles(3, sizes);
    obu(4, 0);
    i = len;
    bits_begin();
    put(1, 1);
    put(4, 0xf);                    /* 3 to 3 */
    put(3, 0);
    put_tiles(1, sizes);
    obu(4, 0);
    is_int(parse(), NVM_OK, "two groups");
    ok(count == 4 && tiles[2].size == 255 && tiles[2].offset == i - 255
       && tiles[3].size == 17 && tiles[3].offset == len - 17, "four tiles");

    sample[i + 3] = 0xe8 | (sample[i + 3] & 7);         /* 3 to 1 */
    is_int(parse(), NVM_EINVAL, "from 3 to 1");
    sample[i + 3] = 0xd8;                               /* 2 to 3 */
    is_int(parse(), NVM_EINVAL, "a tile again");
    len = i;
    is_int(parse(), NVM_ETRUNC, "one tile is missing");

    four();
    obu(6, 0);
    is_int(parse(), NVM_ETRUNC, "no tile group");
}


/* Which reference gives the size is seen by the bits of its tiles. */
static void
test_sizes(void)
{
    unsigned  i, good;

    start(64, 64);
    key_head(0, 0, 0);
    obu(6, 20);
    is_tile(parse(), 20, "64x64");

    /* slot 3: 256x64, one column of tiles of the four there could be */

    len = 0;
    inter_begin(1, 1, 8);
    put(1, 0);
    put(21, 0);
    put(7, 0);                      /* no found_ref */
    put(16, 255);
    put(16, 63);
    put(1, 1);                      /* and a render size */
    put(32, 0);
    inter_end(1, 0, 0, 0);
    obu(6, 20);
    is_tile(parse(), 20, "a size of its own");

    for (i = 0; i < 7; i++) {
        for (slack = 0, good = 0; slack < 8; slack++) {
            len = 0;
            inter_begin(2, 1, 0);
            put(1, 0);

            for (unsigned j = 0; j < 7; j++) {
                put(3, j == i ? 3 : 0);
            }

            put(i, 0);
            put(1, 1);
            inter_end(1, 0, 0, 0);
            obu(6, 20);
            good += is_one(20);
        }

        is_int(good, 8, "size of reference %u", i);
        is_int(state.refs[3].width, 256, "as it was");
    }

    slack = 0;
}


/* In how many of 8 alignments the size of a reference is that of a slot. */
static unsigned
short_signaling(const uint8_t hints[8], unsigned slot, unsigned reference)
{
    unsigned  good;

    start(64, 64);
    (void) parse();

    for (unsigned i = 0; i < 8; i++) {
        state.refs[i].width = i == slot ? 256 : 64;
        state.refs[i].height = 64;
        state.refs[i].order_hint = hints[i];
    }

    for (slack = 0, good = 0; slack < 8; slack++) {
        len = 0;
        inter_begin(16, 1, 0);
        put(1, 1);
        put(3, 0);                  /* last_frame_idx, gold_frame_idx */
        put(3, 1);
        put(reference, 0);
        put(1, 1);                  /* found_ref */
        inter_end(1, 0, 0, 0);
        obu(6, 20);
        good += is_one(20);
    }

    slack = 0;

    return good;
}


/* frame_refs_short_signaling: the others are by order hints, 7.8. */
static void
test_short_signaling(void)
{
    unsigned  i, good;

    /* order hints of slots, 16 is the frame's; and its references */
    static const struct {
        uint8_t  hints[8];
        uint8_t  index[7];
    } cases[] = {
        /* two backward: ALTREF is the latest, BWDREF the earliest */
        { { 15, 10, 14, 13, 18, 12, 20, 11 }, { 0, 2, 3, 1, 4, 5, 6 } },
        /* three */
        { { 15, 10, 14, 17, 18, 12, 20, 11 }, { 0, 2, 5, 1, 3, 4, 6 } },
        /* four: one is of no use */
        { { 15, 10, 14, 17, 18, 19, 20, 11 }, { 0, 2, 7, 1, 3, 4, 6 } },
        /* none: the latest of those before */
        { { 15, 10, 14, 13, 9, 12, 8, 11 }, { 0, 2, 3, 1, 5, 7, 4 } },
        /* all the same: backward is what is not before */
        { { 16, 16, 16, 16, 16, 16, 16, 16 }, { 0, 0, 0, 1, 2, 3, 7 } },
        /* five backward: what is left is the earliest */
        { { 15, 10, 30, 17, 18, 19, 20, 21 }, { 0, 1, 1, 1, 3, 4, 2 } },
    };

    for (unsigned c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {

        for (i = 0; i < 7; i++) {
            good = short_signaling(cases[c].hints, cases[c].index[i], i);
            is_int(good, 8, "case %u, reference %u", c, i);
        }
    }
}


/* skip_mode_present is there by order hints. */
static void
test_skip_mode(void)
{
    static const struct {
        uint8_t      hint;          /* of the frame */
        uint8_t      a, b;          /* of references */
        uint8_t      present;
        const char  *what;
    } cases[] = {
        { 16, 10, 20, 1, "one before, one after" },
        { 16, 10, 12, 1, "two before" },
        { 16, 10, 10, 0, "the same before" },
        { 16, 20, 22, 0, "two after" },
        { 16, 16, 16, 0, "of the same time" },
        { 16, 16, 10, 0, "one before, one of the same time" },
        { 16, 16, 20, 0, "one after, one of the same time" },
        { 16, 1, 10, 1, "two before, one half of all hints away" },
        { 16, 0, 10, 1, "a hint that is 16 away is before" },
        { 2, 30, 10, 1, "one before hints begin anew, one after" },
        { 2, 30, 28, 1, "two before hints begin anew" },
        { 20, 2, 30, 0, "two after, one where hints begin anew" },
    };

    unsigned  good;

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start(64, 64);
        (void) parse();

        for (unsigned j = 0; j < 8; j++) {
            state.refs[j].width = 64;
            state.refs[j].height = 64;
            state.refs[j].order_hint = j == 5 ? cases[i].a : cases[i].b;
        }

        for (slack = 0, good = 0; slack < 8; slack++) {
            len = 0;
            inter_begin(cases[i].hint, 0, 0);
            references(5, 4);
            inter_end(0, 0, 1, cases[i].present);
            obu(6, 20);
            good += is_one(20);
        }

        is_int(good, 8, "%s", cases[i].what);
    }

    slack = 0;
}


/* What is not there when a frame is lossless, with a base_q_idx of 0 */
static void
filters(unsigned lossless)
{
    if (!lossless) {
        put(12, 0);
        put(3, 0);
        put(1, 0);
        put(1, 0);
    }
}


/* A key frame of which all segments have an own quantizer but of base 0. */
static nvm_err_e
segmented_key(int q, unsigned lossless)
{
    start(64, 64);
    bits_begin();
    put(4, 1);
    put(2, 0);
    put(HINT_BITS, 0);
    put(2, 0);
    put(1, 1);
    put(8, 0);
    put(4, 0);
    put(1, 1);                      /* segmentation_enabled */

    for (unsigned i = 0; i < 8; i++) {
        put(1, 1);
        put(9, (uint64_t) q & 0x1ff);
        put(5, 1);                  /* and a reference */
        put(3, 7);
        put(2, 0);
    }

    filters(lossless);
    put(1, 0);
    obu(6, 20);

    return parse();
}


/* An inter frame of base 0, with the segments of that; or without any. */
static nvm_err_e
segmented_inter(unsigned segments, unsigned lossless)
{
    len = 0;
    bits_begin();
    put(4, 3);                      /* inter frame, shown */
    put(3, 0);
    put(HINT_BITS, 1);
    put(3, 2);                      /* primary_ref_frame */
    put(8, 0xff);
    references(0, 0);
    put(1, 0);
    put(1, 1);
    put(2, 0);
    put(1, 1);
    put(8, 0);
    put(4, 0);
    put(1, segments);
    put(segments ? 2 : 0, 0);       /* no update of map and data */
    filters(lossless);
    put(1, 0);                      /* reference_select */
    put(2, 0);
    put(7, 0);
    obu(6, 20);

    return parse();
}


/* Whether a frame is lossless can be by segments of one before. */
static void
test_segments(void)
{
    is_tile(segmented_key(5, 0), 20, "segments of q 5");
    is_tile(segmented_inter(1, 0), 20, "the same, from a reference");
    is_tile(segmented_inter(1, 0), 20, "and once more");
    is_tile(segmented_inter(0, 1), 20, "no segments: lossless");
    is_tile(segmented_inter(1, 1), 20, "none are left");
    is_tile(segmented_key(-5, 1), 20, "segments below 0");
    is_tile(segmented_inter(1, 1), 20, "the same, from a reference");
    is_tile(segmented_key(-256, 1), 20, "far below");
}


/* A key frame that is shown later takes all slots. */
static void
test_shown_key(void)
{
    start(64, 64);
    key_head(9, 0, 0);
    obu(6, 20);
    is_tile(parse(), 20, "key frame");
    is_int(inter(11, 0x10), NVM_OK, "slot 4");

    len = 0;
    bits_begin();
    put(1, 0);
    put(2, 0);
    put(1, 0);                      /* hidden */
    put(1, 1);                      /* showable */
    put(1, 0);
    put(1, 0);
    put(1, 0);
    put(HINT_BITS, 14);
    put(8, 0x20);
    put(1, 0);
    put(1, 0);
    params(0, 0);
    put(1, 0);
    obu(6, 20);
    is_tile(parse(), 20, "hidden key frame in slot 5");
    ok(state.refs[4].order_hint == 11 && state.refs[5].order_hint == 14
       && state.refs[6].order_hint == 9, "slots");

    len = 0;
    bits_begin();
    put(1, 1);
    put(3, 4);
    put(1, 1);
    obu(3, 0);
    is_int(parse(), NVM_OK, "an inter frame is shown");
    is_int(state.refs[0].order_hint, 9, "slots are as they were");

    len = 0;
    bits_begin();
    put(1, 1);
    put(3, 5);
    put(1, 1);
    obu(3, 0);
    is_int(parse(), NVM_OK, "the key frame is shown");
    ok(state.refs[0].order_hint == 14 && state.refs[4].order_hint == 14
       && state.refs[7].order_hint == 14, "it is in all slots");
}


static void
test_config(void)
{
    size_t     n;
    uint8_t    av1c[256];
    nvm_av1_t  av1;

    start(64, 64);
    memcpy(av1c, "\x81\x00\x0c\x00", 4);
    memcpy(av1c + 4, sample, len);
    n = 4 + len;
    is_int(nvm_av1_frames_config(&state, av1c, 4, NULL), NVM_OK, "no OBU");
    ok(!state.sequence, "no sequence header");
    is_int(nvm_av1_frames_config(&state, av1c, n, NULL), NVM_OK, "av1C");
    ok(state.sequence && state.seq.width == 64 && state.seq.order_bits == 5
       && state.seq.warped, "its sequence header");

    len = 0;
    key_head(0, 0, 0);
    obu(6, 20);
    is_tile(parse(), 20, "key frame without one");

    nvm_av1_frames_init(&state);
    len = 0;
    sequence_with(64, 64, 1);
    memcpy(av1c + 4, sample, len);
    n = 4 + len;
    av1c[0] = 0x82;
    is_int(nvm_av1_frames_config(&state, av1c, n, &fault), NVM_EUNSUP,
           "version 2");
    av1c[0] = 0x81;
    av1c[5] -= 1;
    is_int(nvm_av1c_parse(av1c, n - 1, &av1, NULL), NVM_OK,
           "a sequence header without its end is enough for a track");
    is_int(nvm_av1_frames_config(&state, av1c, n - 1, NULL), NVM_ETRUNC,
           "but not for frames");
    ok(!state.sequence, "no sequence header");
}


int
main(void)
{
    test_obus();
    test_order();
    test_groups();
    test_sizes();
    test_short_signaling();
    test_skip_mode();
    test_segments();
    test_shown_key();
    test_config();

    return done_testing();
}
