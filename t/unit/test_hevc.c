/*
 * Copyright (C) ngx_video authors
 *
 * H.265: the hvcC of files that libx265 made (ffmpeg -f lavfi -i testsrc2),
 * and SPS by hand for what libx265 does not do.
 */

#include "bits.h"
#include "codec_records.h"
#include "nvm_codec.h"
#include "nvm_hevc.h"
#include "nvm_reader.h"
#include "tap.h"


/* Main 10, PQ, with SEI of HDR10: content light, mastering display */
static const uint8_t  hvcc_hdr[] = {
    0x01, 0x02, 0x20, 0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x3c, 0xf0, 0x00, 0xfc, 0xfd, 0xfa, 0xfa, 0x00, 0x00, 0x0f, 0x04, 0x20,
    0x00, 0x01, 0x00, 0x18, 0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x02, 0x20,
    0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00,
    0x3c, 0x95, 0x94, 0x09, 0x21, 0x00, 0x01, 0x00, 0x2e, 0x42, 0x01, 0x01,
    0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00,
    0x03, 0x00, 0x3c, 0xa0, 0x0a, 0x88, 0x0c, 0x1c, 0x44, 0xcd, 0x96, 0x56,
    0x54, 0xa4, 0xc2, 0xf0, 0x16, 0xa1, 0x22, 0x01, 0x20, 0x80, 0x00, 0x00,
    0x03, 0x00, 0x80, 0x00, 0x00, 0x0c, 0x84, 0x22, 0x00, 0x01, 0x00, 0x06,
    0x44, 0x01, 0xc0, 0x73, 0xc1, 0x89, 0x27, 0x00, 0x02, 0x00, 0x09, 0x4e,
    0x01, 0x90, 0x04, 0x03, 0xe8, 0x01, 0x90, 0x80, 0x00, 0x1e, 0x4e, 0x01,
    0x89, 0x18, 0x33, 0xc2, 0x86, 0xc4, 0x1d, 0x4c, 0x0b, 0xb8, 0x84, 0xd0,
    0x3e, 0x80, 0x3d, 0x13, 0x40, 0x42, 0x00, 0x98, 0x96, 0x80, 0x00, 0x00,
    0x03, 0x00, 0x01, 0x80,
};

/* Of the array of SEI in it, and the HDR10 messages */
#define HDR_SEI  114


static nvm_hevc_sps_t  sps;
static nvm_fault_t     fault;


static nvm_err_e
parse(void)
{
    put(1, 1);
    memset(&fault, 0, sizeof(fault));

    return nvm_hevc_sps_parse(bits, bits_size(), &sps, &fault);
}


/*
 * From the NAL header to the size; sub_layers is less one, and each of them
 * has a profile and a level.
 */
static void
begin(unsigned sub_layers, unsigned chroma, uint32_t width, uint32_t height)
{
    unsigned  i;

    bits_begin();
    put(16, 0x4201);
    put(4, 0);
    put(3, sub_layers);
    put(1, 1);
    put(8, 1);
    put(32, 0x60000001);            /* ones: no emulation to care for */
    put(48, 0x900101010101);
    put(8, 93);

    for (i = 0; i < 8 && sub_layers; i++) {
        put(2, i < sub_layers ? 3 : 0);
    }

    for (i = 0; i < sub_layers; i++) {
        put(64, 0x0160000001900101);
        put(32, 0x0101015d);
    }

    put_ue(0);
    put_ue(chroma);

    if (chroma == 3) {
        put(1, 0);
    }

    put_ue(width);
    put_ue(height);
}


/* The window, the depth of 10 and 8, the bits of picture order counts */
static void
window(const unsigned *w)
{
    put(1, w != NULL);

    for (int i = 0; w && i < 4; i++) {
        put_ue(w[i]);
    }

    put_ue(2);
    put_ue(0);
    put_ue(4);
}


/* From sub_layer_ordering_info to pcm, everything plain */
static void
plain(void)
{
    put(1, 0);
    put_ue(4);
    put_ue(2);
    put_ue(0);

    for (int i = 0; i < 6; i++) {
        put_ue(1);
    }

    put(1, 0);                      /* no scaling lists */
    put(2, 1);
    put(1, 0);                      /* no PCM */
}


static void
test_x265(void)
{
    nvm_hvcc_t   h;
    nvm_track_t  t = { 0 };

    is_int(nvm_hvcc_parse(record_hvcc, sizeof(record_hvcc), &h, NULL), NVM_OK,
           "hvcC");
    is_int(h.nal_length_size, 4, "NAL length size");
    is_int(h.depth, 8, "bit depth");
    is_int(nvm_hevc_sps_parse(h.sps, h.sps_len, &sps, NULL), NVM_OK, "SPS");
    is_int(sps.vui_error, 0, "read to the timing");

    is_int(nvm_hevc_track(&t, record_hvcc, sizeof(record_hvcc), NULL), NVM_OK,
           "track");
    is_int(t.codec, NVM_CODEC_HEVC, "codec");
    is_str(t.codecs, "hvc1.1.6.L60.90", "codecs");
    ok(t.width == 322 && t.height == 182, "size of the window");
    ok(t.fps_num == 25 && t.fps_den == 1, "25 fps: a tick is a frame");
    ok(t.sar_num == 1 && t.sar_den == 1, "square pixels");
    is_int(t.depth, 8, "depth");
    is_int(t.transfer, 0, "transfer is not told");
    is_mem(t.config, t.config_len, record_hvcc, sizeof(record_hvcc), "config");

    memset(&t, 0, sizeof(t));
    t.entry = NVM_FOURCC('h', 'e', 'v', '1');
    is_int(nvm_hevc_track(&t, hvcc_hdr, sizeof(hvcc_hdr), NULL), NVM_OK,
           "HDR10");
    is_str(t.codecs, "hev1.2.4.L60.90", "codecs");
    is_int(t.depth, 10, "depth");
    ok(t.primaries == 9 && t.transfer == 16 && t.matrix == 9, "BT.2020, PQ");
    is_int(nvm_codec_range(&t), NVM_RANGE_PQ, "range");

    t.primaries = 2;
    t.transfer = 18;
    (void) nvm_hevc_track(&t, hvcc_hdr, sizeof(hvcc_hdr), NULL);
    is_int(t.transfer, 18, "a colr box stands above the SPS");
    is_int(t.primaries, 9, "but not with what it doesn't specify");
}


/* Annex E: every part of the string at its longest */
static void
test_codecs(void)
{
    uint8_t      hvcc[sizeof(record_hvcc)];
    nvm_track_t  t = { 0 };

    memcpy(hvcc, record_hvcc, sizeof(hvcc));
    hvcc[1] = 0xff;
    memset(hvcc + 2, 0xff, 10);
    hvcc[12] = 255;
    is_int(nvm_hevc_track(&t, hvcc, sizeof(hvcc), NULL), NVM_OK, "all set");
    is_str(t.codecs, "hvc1.C31.FFFFFFFF.H255.FF.FF.FF.FF.FF.FF", "longest");

    hvcc[1] = 0x41;
    memset(hvcc + 2, 0, 10);
    hvcc[2] = 0x60;
    hvcc[8] = 0x0b;
    hvcc[12] = 120;
    (void) nvm_hevc_track(&t, hvcc, sizeof(hvcc), NULL);
    is_str(t.codecs, "hvc1.A1.6.L120.0.0.B",
           "space A; zeros between are kept, those at the end are not");

    hvcc[1] = 0x01;
    hvcc[8] = 0;
    (void) nvm_hevc_track(&t, hvcc, sizeof(hvcc), NULL);
    is_str(t.codecs, "hvc1.1.6.L120", "no constraints at all");
}


static void
test_hvcc(void)
{
    uint8_t      bad[sizeof(record_hvcc)];
    size_t       i, good;
    nvm_hvcc_t   h;
    nvm_track_t  t = { 0 };

    for (i = 0, good = 0; i < sizeof(record_hvcc); i++) {
        good += nvm_hvcc_parse(record_hvcc, i, &h, NULL) == NVM_OK;
    }

    is_int((long long) good, 0, "no shorter record is accepted");

    memcpy(bad, record_hvcc, sizeof(bad));
    bad[0] = 0;
    is_int(nvm_hvcc_parse(bad, sizeof(bad), &h, NULL), NVM_EINVAL,
           "version 0");
    bad[0] = 1;
    bad[21] = 0x0e;
    is_int(nvm_hvcc_parse(bad, sizeof(bad), &h, NULL), NVM_EINVAL,
           "NAL length size 3");

    memcpy(bad, record_hvcc, sizeof(bad));
    memset(&fault, 0, sizeof(fault));
    memset(bad + 76, 0, 6);         /* the size becomes something huge */
    is_int(nvm_hevc_track(&t, bad, sizeof(bad), &fault), NVM_EINVAL,
           "damaged SPS");
    ok(fault.offset > 57 && fault.offset < 101, "the fault is inside it");
    is_int(t.codec, NVM_CODEC_NONE, "track is unchanged");

    /* no arrays: parameter sets are in the samples */

    memcpy(bad, record_hvcc, 23);
    bad[22] = 0;
    is_int(nvm_hevc_track(&t, bad, 23, NULL), NVM_ENOENT, "hvc1 without SPS");
    t.entry = NVM_FOURCC('h', 'e', 'v', '1');
    is_int(nvm_hevc_track(&t, bad, 23, NULL), NVM_ENOENT,
           "hev1 without SPS, and no size");
    t.width = 640;
    t.height = 360;
    is_int(nvm_hevc_track(&t, bad, 23, NULL), NVM_OK, "hev1 without SPS");
    ok(t.width == 640 && t.height == 360, "size of the sample entry");
    is_str(t.codecs, "hev1.1.6.L60.90", "codecs");
    is_int(t.depth, 8, "depth of the record");

    memcpy(bad, record_hvcc, sizeof(bad));
    bad[58] = 0x42 | 1;             /* another layer */
    t.entry = 0;
    is_int(nvm_hevc_track(&t, bad, sizeof(bad), NULL), NVM_ENOENT,
           "an SPS of another layer");
}


/* x265 writes two kilobytes about its options */
static void
test_user_data(void)
{
    size_t          n;
    uint8_t         hvcc[3000];
    nvm_track_t     t = { 0 };
    const size_t    text = 2000;

    /* after the two messages of HDR10 a third one: user data */

    memcpy(hvcc, hvcc_hdr, sizeof(hvcc_hdr));
    n = sizeof(hvcc_hdr);
    hvcc[HDR_SEI + 2] = 3;
    hvcc[n++] = (uint8_t) (text >> 8);
    hvcc[n++] = (uint8_t) text;
    memset(hvcc + n, 'x', text);
    hvcc[n] = 0x4e;
    hvcc[n + 1] = 0x01;
    hvcc[n + 2] = 0x05;
    n += text;

    is_int(nvm_hevc_track(&t, hvcc, n, NULL), NVM_OK, "%zu bytes", n);
    is_mem(t.config, t.config_len, hvcc_hdr, sizeof(hvcc_hdr),
           "user data is left out, HDR10 stays");

    /* the same as the only message of its array */

    n = HDR_SEI + 1;
    hvcc[n++] = 0;
    hvcc[n++] = 1;
    hvcc[n++] = (uint8_t) (text >> 8);
    hvcc[n++] = (uint8_t) text;
    memset(hvcc + n, 'x', text);
    hvcc[n] = 0x4e;
    hvcc[n + 1] = 0x01;
    hvcc[n + 2] = 0x05;
    n += text;

    is_int(nvm_hevc_track(&t, hvcc, n, NULL), NVM_OK, "%zu bytes", n);
    hvcc[22] = 3;
    is_mem(t.config, t.config_len, hvcc, HDR_SEI, "and so is its array");
    hvcc[22] = 4;

    hvcc[n - text + 2] = 0x89;
    is_int(nvm_hevc_track(&t, hvcc, n, NULL), NVM_ELIMIT,
           "too long without user data");

    n = sizeof(hvcc_hdr);
    memcpy(hvcc, hvcc_hdr, n);
    hvcc[n - 30 + 2] = 0x05;
    (void) nvm_hevc_track(&t, hvcc, n, NULL);
    is_mem(t.config, t.config_len, hvcc, n, "what fits is left as it is");
}


static void
test_size(void)
{
    static const unsigned  crop[] = { 1, 2, 3, 4 };
    static const unsigned  all[] = { 0, 160, 0, 0 };

    begin(0, 1, 320, 240);
    window(crop);
    plain();
    put_ue(0);
    put(4, 0);
    is_int(parse(), NVM_OK, "4:2:0");
    is_int(sps.vui_error, 0, "all of it is read");
    ok(sps.width == 314 && sps.height == 226, "window units are 2");
    is_int(sps.bit_depth, 10, "depth");
    ok(sps.fps_num == 0 && sps.fps_den == 1, "no rate");

    begin(0, 2, 320, 240);
    window(crop);
    (void) parse();
    ok(sps.width == 314 && sps.height == 233, "4:2:2: 2 and 1");

    begin(0, 3, 320, 240);
    window(crop);
    (void) parse();
    ok(sps.width == 317 && sps.height == 233, "4:4:4: 1");

    begin(0, 0, 320, 240);
    window(crop);
    is_int(parse(), NVM_OK, "monochrome");
    ok(sps.width == 317 && sps.height == 233, "1");
    is_int(sps.vui_error, 1, "nothing follows, which is no fault of the size");

    begin(0, 1, 320, 240);
    window(all);
    is_int(parse(), NVM_EINVAL, "nothing is left of the picture");

    begin(0, 1, 0, 240);
    window(NULL);
    is_int(parse(), NVM_EINVAL, "no width");

    begin(0, 1, 65536, 240);
    window(NULL);
    is_int(parse(), NVM_ELIMIT, "too wide");
    is_str(fault.what, "SPS: picture too large", "by name");

    begin(7, 1, 320, 240);
    window(NULL);
    is_int(parse(), NVM_EINVAL, "eight sub-layers");

    begin(6, 1, 320, 240);
    window(NULL);
    is_int(parse(), NVM_OK, "seven sub-layers");
    is_int(sps.width, 320, "the size behind their profiles");

    begin(0, 4, 320, 240);
    window(NULL);
    is_int(parse(), NVM_EINVAL, "chroma format 4");

    begin(0, 1, 320, 240);
    is_int(nvm_hevc_sps_parse(bits, 14, &sps, NULL), NVM_ETRUNC, "cut");
    bits[0] = 0x44;
    is_int(nvm_hevc_sps_parse(bits, 30, &sps, NULL), NVM_EINVAL, "a PPS");
    is_int(nvm_hevc_sps_parse(bits, 1, &sps, NULL), NVM_EINVAL, "one byte");
}


/* Scaling lists, in the SPS. */
static void
scaling_lists(void)
{
    int  i, j, k;

    put(2, 3);

    for (i = 0; i < 4; i++) {
        for (k = 0; k < (i == 3 ? 2 : 6); k++) {
            if (k == 1) {
                put(1, 0);          /* as another */
                put_ue(1);
                continue;
            }

            put(1, 1);

            if (i > 1) {
                put_se(3);
            }

            for (j = 0; j < (i ? 64 : 16); j++) {
                put_se(j % 3 - 1);
            }
        }
    }
}


/* Three sets of reference pictures, two of them from the one before. */
static void
reference_sets(void)
{
    int  i;

    put_ue(3);
    put_ue(2);
    put_ue(1);

    for (i = 0; i < 3; i++) {
        put_ue(1);
        put(1, 1);
    }

    put(1, 1);                      /* the second from the first: 3 + 1 */
    put(1, 0);
    put_ue(0);
    put(1, 1);                      /* used */
    put(2, 1);                      /* not used, but a delta */
    put(2, 0);                      /* neither */
    put(1, 1);
    put(1, 1);                      /* the third from the second: 3 + 1 */
    put(1, 1);
    put_ue(4);
    put(4, 15);
}


/* A VUI up to the rate. */
static void
vui(void)
{
    int  i;

    put(1, 1);
    put(1, 1);
    put(8, 255);
    put(32, 0x00040003);
    put(2, 3);                      /* overscan */
    put(1, 1);
    put(4, 0xb);                    /* any format, full range */
    put(1, 1);
    put(24, 0x091209);
    put(1, 1);                      /* chroma location */
    put_ue(2);
    put_ue(2);
    put(3, 0);
    put(1, 1);                      /* default display window */

    for (i = 0; i < 4; i++) {
        put_ue(8);
    }

    put(1, 1);
    put(32, 1001);
    put(32, 60000);
}


/* Everything that can stand between the size and the rate of the VUI. */
static void
test_tail(void)
{
    int  i;

    begin(1, 1, 320, 240);
    window(NULL);

    put(1, 1);                      /* ordering for both sub-layers */

    for (i = 0; i < 2 * 3; i++) {
        put_ue(1);
    }

    for (i = 0; i < 6; i++) {
        put_ue(1);
    }

    scaling_lists();
    put(2, 3);
    put(1, 1);                      /* PCM */
    put(8, 0x77);
    put_ue(1);
    put_ue(2);
    put(1, 1);

    reference_sets();
    put(1, 1);                      /* long-term pictures, 8 bits each */
    put_ue(2);
    put(9, 0x155);
    put(9, 0x0aa);
    put(2, 3);

    vui();
    is_int(parse(), NVM_OK, "all that an SPS can have");
    is_int(sps.vui_error, 0, "is read");
    ok(sps.sar_num == 4 && sps.sar_den == 3, "shape of pixels");
    ok(sps.colour.primaries == 9 && sps.colour.transfer == 18
       && sps.colour.matrix == 9 && sps.colour.full_range == 1, "colour");
    ok(sps.fps_num == 60000 && sps.fps_den == 1001, "rate");
    ok(sps.width == 320 && sps.height == 240, "display window is not cropped");
}


/* More reference pictures than there can be. */
static void
test_too_many(void)
{
    begin(0, 1, 320, 240);
    window(NULL);
    plain();
    put_ue(65);
    is_int(parse(), NVM_OK, "65 sets of reference pictures");
    is_int(sps.vui_error, 1, "are damage");
    is_int(sps.width, 320, "that the size survives");

    begin(0, 1, 320, 240);
    window(NULL);
    plain();
    put_ue(2);
    put_ue(16);
    put_ue(1);
    (void) parse();
    is_int(sps.vui_error, 1, "a set of 17 pictures too");
}


int
main(void)
{
    test_x265();
    test_codecs();
    test_hvcc();
    test_user_data();
    test_size();
    test_tail();
    test_too_many();

    return done_testing();
}
