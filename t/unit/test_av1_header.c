/*
 * Copyright (C) ngx_video authors
 *
 * Headers of frames of AV1 by hand, as far as their length is by frames
 * before, and where what is wrong would rarely be seen in films.
 */

#include "av1_env.h"


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


/* The longest code of a parameter: as many bits as say so, then ns(). */
static void
put_param(unsigned more, unsigned n, unsigned v)
{
    put(more, 0xffff);              /* subexp_more_bits */
    put(n, v);
}


/* In how many of 8 alignments a model of global motion is read to its end. */
static unsigned
global_motion(unsigned type)
{
    unsigned  good;

    for (slack = 0, good = 0; slack < 8; slack++) {
        len = 0;
        inter_begin(1, 0, 0);
        references(0, 0);
        inter_end(0, 0, 0, 0);
        nbits -= 7;
        put(3, 1);                  /* of the third reference */
        put(type == 2 ? 1 : 2, type == 2 ? 1 : type);

        /* 8193 values: ns(4097) of 4094 has 12 bits, of 4095 one more */

        for (unsigned i = 0; i < (type == 2 ? 2 : type == 1 ? 0 : 4); i++) {
            put_param(10, i % 2 ? 12 : 13, i % 2 ? 4094 : 0x1fff);
        }

        if (type == 1) {
            put_param(precise ? 7 : 6, precise ? 9 : 8, 0);

        } else {
            put(4, 7);              /* subexp_bits: 3 */
        }

        put(4, 7);

        put(4, 0);
        obu(6, 20);
        good += is_one(20);
    }

    slack = 0;

    return good;
}


static void
test_global_motion(void)
{
    start(64, 64);
    key_head(0, 0, 0);
    obu(6, 20);
    is_tile(parse(), 20, "key frame");

    for (precise = 0; precise < 2; precise++) {
        is_int(global_motion(2), 8, "rotation and zoom");
        is_int(global_motion(1), 8, "translation, precise: %u", precise);
        is_int(global_motion(0), 8, "affine");
    }

    precise = 0;
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


int
main(void)
{
    test_sizes();
    test_short_signaling();
    test_skip_mode();
    test_segments();
    test_global_motion();
    test_shown_key();

    return done_testing();
}
