/*
 * Copyright (C) ngx_video authors
 *
 * AV1 tiles: OBUs and tile groups by hand, and what is no frame.  Headers are
 * in test_av1_header.c; t/frames_headers.t has films, and headers at random.
 */

#include "av1_env.h"


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

    for (len = 0; len < sizeof(sample); len += 2) {
        sample[len] = 15 << 3 | 2;
        sample[len + 1] = 0;
    }

    len = 2 * NVM_MAX_NALS;
    is_int(parse(), NVM_OK, "as many OBUs as there may be");
    len += 2;
    is_int(parse(), NVM_ELIMIT, "one more");
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


static void
test_groups(void)
{
    size_t    i, head;
    uint8_t   last;

    static const unsigned  sizes[] = { 17, 1, 255, 40 };

    /* a column more, a row more, tile 3 for contexts, sizes of 2 bytes */

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

    start(128, 128);
    key_head(0, 6, 0x3d);
    obu(6, 0);
    is_int(parse(), NVM_ETRUNC, "no tile group");
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
    test_config();

    return done_testing();
}
