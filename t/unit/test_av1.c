/*
 * Copyright (C) ngx_video authors
 *
 * AV1: the av1C of files that libaom and SVT-AV1 made (ffmpeg -f lavfi -i
 * testsrc2), and sequence headers by hand for what they do not do.
 */

#include "bits.h"
#include "codec_records.h"
#include "nvm_av1.h"
#include "nvm_codec.h"
#include "tap.h"


/* libaom: 8 bits, 322x182, no colour */
static const uint8_t  av1c_aom[] = {
    0x81, 0x00, 0x0c, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x00, 0x04, 0x3d, 0x06,
    0xd4, 0xda, 0xf9, 0x00, 0x40,
};


static uint8_t      av1c[600];
static nvm_av1_t    av1;
static nvm_fault_t  fault;


/* An av1C around the sequence header in "bits". */
static nvm_err_e
parse(uint32_t head)
{
    size_t  n;

    put(1, 1);
    n = bits_size();

    av1c[0] = 0x81;
    av1c[1] = (uint8_t) (head >> 8);
    av1c[2] = (uint8_t) head;
    av1c[3] = 0;
    av1c[4] = 0x0a;
    av1c[5] = (uint8_t) n;
    memcpy(av1c + 6, bits, n);
    memset(&fault, 0, sizeof(fault));

    return nvm_av1c_parse(av1c, 6 + n, &av1, &fault);
}


static nvm_err_e
track(nvm_track_t *t, uint32_t head)
{
    (void) parse(head);

    return nvm_av1_track(t, av1c, 6u + av1c[5], &fault);
}


/* Size of 1920x1080 in 11 bits each, no frame ids */
static void
size(void)
{
    put(4, 10);
    put(4, 10);
    put(11, 1919);
    put(11, 1079);
    put(1, 0);
}


/* Profile, no timing, one operating point of level 8 (a tier follows), size */
static void
begin(unsigned profile)
{
    bits_begin();
    put(3, profile);
    put(3, 0);
    put(1, 0);
    put(5, 0);
    put(12, 0);
    put(5, 8);
    put(1, 1);
    size();
}


/* Coding tools, order hints of 7 bits or none */
static void
tools(unsigned order)
{
    put(3, 7);
    put(4, 15);
    put(1, order);
    put(order ? 2 : 0, 3);
    put(1, 1);
    put(1, 1);
    put(order ? 3 : 0, 6);
    put(3, 7);
}


static void
test_files(void)
{
    nvm_track_t  t = { 0 };

    is_int(nvm_av1_track(&t, av1c_aom, sizeof(av1c_aom), NULL), NVM_OK,
           "libaom");
    is_int(t.codec, NVM_CODEC_AV1, "codec");
    is_str(t.codecs, "av01.0.00M.08", "codecs: short, nothing is told");
    ok(t.width == 322 && t.height == 182, "size");
    ok(t.fps_num == 0 && t.fps_den == 1, "no rate");
    is_int(t.depth, 8, "depth");
    is_int(t.transfer, 0, "transfer is not told");
    is_mem(t.config, t.config_len, av1c_aom, sizeof(av1c_aom), "config");

    is_int(nvm_av1_track(&t, record_av1c, sizeof(record_av1c), NULL), NVM_OK,
           "SVT-AV1");
    is_str(t.codecs, "av01.0.00M.10.0.110.09.16.09.0", "codecs");
    ok(t.width == 322 && t.height == 182, "size");
    is_int(t.depth, 10, "depth");
    is_int(nvm_codec_range(&t), NVM_RANGE_PQ, "range");
}


static void
test_order_hints(void)
{
    begin(0);
    tools(1);
    put(1, 0);
    put(1, 0);
    put(1, 1);
    put(24, 0x010101);
    put(1, 0);
    is_int(parse(0x084c), NVM_OK, "order hints");
    ok(av1.width == 1920 && av1.height == 1080, "size");
    is_int(av1.level, 8, "level of av1C");
    is_int(av1.depth, 10, "depth of av1C");
    ok(av1.colour.primaries == 1 && av1.colour.transfer == 1
       && av1.colour.matrix == 1 && av1.colour.full_range == 0, "BT.709");
}


/* Monochrome, RGB, 4:4:4: which of the bits of the colour are there. */
static void
test_formats(void)
{
    begin(0);
    tools(0);
    put(1, 0);
    put(1, 1);                      /* monochrome */
    put(1, 0);
    put(1, 1);
    is_int(parse(0x081c), NVM_OK, "no order hints, monochrome");
    ok(av1.colour.primaries == 0 && av1.colour.full_range == 1, "full range");

    begin(2);
    tools(0);
    put(2, 3);                      /* 12 bits */
    put(1, 0);
    put(1, 1);
    put(24, 0x010d00);              /* sRGB: the range is not written */
    is_int(parse(0x4860), NVM_OK, "RGB of 12 bits");
    is_int(av1.depth, 12, "depth");
    ok(av1.colour.transfer == 13 && av1.colour.full_range == 1, "full range");

    begin(1);
    tools(0);
    put(1, 1);
    put(1, 1);                      /* profile 1 has no mono_chrome */
    put(24, 0x091209);
    put(1, 0);
    is_int(parse(0x2840), NVM_OK, "4:4:4");
    is_int(av1.colour.transfer, 18, "HLG");
}


/* A still picture: next to nothing. */
static void
test_still(void)
{
    bits_begin();
    put(3, 0);
    put(2, 3);
    put(5, 0);
    put(4, 8);
    put(4, 7);
    put(9, 321);
    put(8, 181);
    put(6, 0);
    put(4, 0);
    is_int(parse(0x000c), NVM_OK, "reduced header");
    ok(av1.width == 322 && av1.height == 182, "size");
}


/* Timing, the decoder model, two operating points with all they can have. */
static void
points(void)
{
    bits_begin();
    put(3, 0);
    put(2, 0);
    put(1, 1);                      /* timing */
    put(32, 1001);
    put(32, 60000);
    put(1, 1);
    put_ue(1);
    put(1, 1);                      /* decoder model of 10 bits */
    put(5, 9);
    put(32, 1);
    put(10, 0);
    put(1, 1);                      /* display delay */
    put(5, 1);

    for (unsigned i = 0; i < 2; i++) {
        put(12, 0x103);
        put(5, i ? 4 : 13);
        put(i ? 0 : 1, 1);
        put(1, 1);
        put(20, 0xfffff);
        put(1, 0);
        put(1, 1);
        put(4, 3);
    }
}


/* Every field before the size. */
static void
test_every_field(void)
{
    points();

    put(4, 10);
    put(4, 10);
    put(11, 1919);
    put(11, 1079);
    put(1, 1);                      /* frame ids */
    put(7, 0x55);
    put(3, 0);
    put(4, 0);
    put(1, 0);
    put(1, 0);                      /* screen content: not chosen, on */
    put(1, 1);
    put(1, 0);                      /* integer vectors: not chosen, off */
    put(1, 0);
    put(3, 0);
    put(2, 0);
    put(1, 1);
    put(24, 0x091009);
    put(1, 0);
    is_int(parse(0x0d0c), NVM_OK, "every field before the size");
    ok(av1.width == 1920 && av1.height == 1080, "size");
    ok(av1.fps_num == 30000 && av1.fps_den == 1001, "two ticks a picture");
    is_int(av1.colour.transfer, 16, "PQ, behind all of it");
}


static void
test_codecs(void)
{
    nvm_track_t  t = { 0 };

    begin(0);
    tools(1);
    put(2, 0);
    put(1, 1);
    put(24, 0x010101);
    put(1, 0);
    is_int(track(&t, 0x08cc), NVM_OK, "the usual colour");
    is_str(t.codecs, "av01.0.08H.10", "high tier, short");
    (void) track(&t, 0x08ce);
    is_str(t.codecs, "av01.0.08H.10.0.112.01.01.01.0", "chroma in the corner");
    (void) track(&t, 0x1fcc);
    is_str(t.codecs, "av01.0.31H.10", "level 31");
    (void) track(&t, 0x5f78);
    is_str(t.codecs, "av01.2.31M.12.1.100.01.01.01.0", "4:2:2 and monochrome");

    memset(&t, 0, sizeof(t));
    begin(0);
    tools(1);
    put(2, 0);
    put(1, 0);
    put(1, 1);
    is_int(track(&t, 0x080c), NVM_OK, "colour is not told, the range is");
    is_str(t.codecs, "av01.0.08M.08.0.110.01.01.01.1", "full range");

    /* a colr box stands above the bitstream, and above silence */

    t.primaries = t.transfer = t.matrix = 2;
    begin(0);
    tools(1);
    put(2, 0);
    put(2, 0);
    (void) track(&t, 0x080c);
    is_str(t.codecs, "av01.0.08M.08.0.110.02.02.02.0", "colr: unspecified");

    t.primaries = 9;
    t.transfer = 18;
    t.matrix = 9;
    (void) track(&t, 0x080c);
    is_str(t.codecs, "av01.0.08M.08.0.110.09.18.09.0", "colr: HLG");

    /* without a sequence header all is from the sample entry */

    memset(&t, 0, sizeof(t));
    is_int(nvm_av1_track(&t, av1c_aom, 4, NULL), NVM_ENOENT, "no size");
    t.width = 640;
    t.height = 360;
    t.primaries = t.transfer = t.matrix = t.full_range = 1;
    is_int(nvm_av1_track(&t, av1c_aom, 4, NULL), NVM_OK, "no OBU");
    ok(t.width == 640 && t.height == 360, "size of the sample entry");
    is_str(t.codecs, "av01.0.00M.08.0.110.01.01.01.1", "range of colr");
}


static void
test_av1c(void)
{
    size_t       i, good;
    uint8_t      bad[sizeof(record_av1c)];
    nvm_track_t  t = { 0 };

    for (i = 0, good = 0; i < sizeof(record_av1c); i++) {
        good += nvm_av1c_parse(record_av1c, i, &av1, NULL) == NVM_OK;
    }

    is_int((long long) good, 1, "cut anywhere but before the OBU");

    memcpy(bad, record_av1c, sizeof(bad));
    bad[0] = 0x82;
    is_int(nvm_av1_track(&t, bad, sizeof(bad), NULL), NVM_EUNSUP, "version 2");
    bad[0] = 0x81;
    bad[1] = 0x60;
    is_int(nvm_av1_track(&t, bad, sizeof(bad), NULL), NVM_EINVAL, "profile 3");
    bad[1] = 0;
    bad[4] = 0x08;
    memset(&fault, 0, sizeof(fault));
    is_int(nvm_av1_track(&t, bad, sizeof(bad), &fault), NVM_EINVAL,
           "OBU without a size");
    is_int(fault.offset, 4, "and where");
    is_int(t.codec, NVM_CODEC_NONE, "track is unchanged");

    /* padding and another sequence header: the first counts */

    memcpy(av1c, av1c_aom, 4);
    memcpy(av1c + 4, "\x7e\x00\x81\x80\x00x", 6);
    memcpy(av1c + 10, av1c_aom + 4, 13);
    memcpy(av1c + 23, record_av1c + 4, 16);
    is_int(nvm_av1_track(&t, av1c, 39, NULL), NVM_OK,
           "padding with a size of three bytes, two sequence headers");
    is_int(t.transfer, 0, "the first one counts");

    memset(av1c + 5, 0xff, 10);
    av1c[4] = 0x0a;
    is_int(nvm_av1_track(&t, av1c, 39, NULL), NVM_EINVAL, "a size of 9 bytes");

    begin(0);
    tools(0);
    put(2, 0);
    put(2, 0);
    (void) parse(0x080c);
    av1c[5] -= 3;
    is_int(nvm_av1c_parse(av1c, 6u + av1c[5], &av1, NULL), NVM_ETRUNC,
           "sequence header is cut");

    bits_begin();
    put(3, 0);
    put(2, 3);
    put(5, 0);
    put(8, 0xff);
    put(32, 0xffffffff);
    put(16, 0);
    is_int(track(&t, 0x000c), NVM_ELIMIT, "65536x65536");
}


int
main(void)
{
    test_files();
    test_order_hints();
    test_formats();
    test_still();
    test_every_field();
    test_codecs();
    test_av1c();

    return done_testing();
}
