/*
 * Copyright (C) ngx_video authors
 *
 * H.264: the avcC and SPS of files that libx264 made (ffmpeg -f lavfi -i
 * testsrc2), hand-made ones for what libx264 does not do, access units.
 */

#include "nvm_h264.h"
#include "tap.h"


static const uint8_t  avcc_base[] = {
    0x01, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0x00, 0x18, 0x67, 0x42, 0xc0, 0x0d,
    0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
    0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80, 0x01, 0x00, 0x05, 0x68,
    0xcb, 0x83, 0xcb, 0x20,
};


static const uint8_t  avcc_main1080[] = {
    0x01, 0x4d, 0x40, 0x28, 0xff, 0xe1, 0x00, 0x18, 0x67, 0x4d, 0x40, 0x28,
    0xec, 0xa0, 0x3c, 0x01, 0x13, 0xf2, 0xe0, 0x22, 0x00, 0x00, 0x07, 0xd2,
    0x00, 0x01, 0xd4, 0xc0, 0x1e, 0x30, 0x63, 0x2c, 0x01, 0x00, 0x05, 0x68,
    0xeb, 0xe3, 0xcb, 0x20,
};


static const uint8_t  avcc_high720[] = {
    0x01, 0x64, 0x00, 0x20, 0xff, 0xe1, 0x00, 0x19, 0x67, 0x64, 0x00, 0x20,
    0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
    0x10, 0x00, 0x00, 0x06, 0x40, 0xf1, 0x83, 0x19, 0x60, 0x01, 0x00, 0x06,
    0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0x00,
};


static const uint8_t  avcc_sd576[] = {
    0x01, 0x64, 0x00, 0x1e, 0xff, 0xe1, 0x00, 0x1d, 0x67, 0x64, 0x00, 0x1e,
    0xac, 0xd9, 0x40, 0xb4, 0x12, 0x6f, 0xfc, 0x01, 0x00, 0x00, 0xb4, 0x40,
    0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0c, 0x83, 0xc5, 0x8b, 0x65,
    0x80, 0x01, 0x00, 0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8,
    0xf8, 0x00,
};


static const uint8_t  avcc_tiny[] = {
    0x01, 0x64, 0x00, 0x0a, 0xff, 0xe1, 0x00, 0x1a, 0x67, 0x64, 0x00, 0x0a,
    0xac, 0xd9, 0x45, 0x27, 0x88, 0x88, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00,
    0x04, 0x00, 0x00, 0x03, 0x00, 0xc0, 0x3c, 0x48, 0x96, 0x58, 0x01, 0x00,
    0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0x00,
};


static const uint8_t  avcc_h422[] = {
    0x01, 0x7a, 0x00, 0x1f, 0xff, 0xe1, 0x00, 0x1b, 0x67, 0x7a, 0x00, 0x1f,
    0xb6, 0xcd, 0x94, 0x0a, 0x42, 0xfe, 0x22, 0x7c, 0x04, 0x40, 0x00, 0x00,
    0x03, 0x00, 0x40, 0x00, 0x00, 0x1e, 0x03, 0xc6, 0x0c, 0x65, 0x80, 0x01,
    0x00, 0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfe, 0xfa, 0xfa, 0x00,
};


static const uint8_t  avcc_h444[] = {
    0x01, 0xf4, 0x00, 0x0c, 0xff, 0xe1, 0x00, 0x1b, 0x67, 0xf4, 0x00, 0x0c,
    0x91, 0x9b, 0x28, 0x2a, 0x33, 0xc7, 0xc5, 0xe0, 0x22, 0x00, 0x00, 0x03,
    0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x3c, 0x1e, 0x28, 0x53, 0x2c, 0x01,
    0x00, 0x08, 0x68, 0xeb, 0xe3, 0xc4, 0x4c, 0x00, 0x04, 0x40, 0xff, 0xf8,
    0xf8, 0x00,
};


static const uint8_t  avcc_inter[] = {
    0x01, 0x64, 0x00, 0x28, 0xff, 0xe1, 0x00, 0x1a, 0x67, 0x64, 0x00, 0x28,
    0xac, 0xd9, 0x40, 0x78, 0x04, 0x4f, 0xde, 0x02, 0x20, 0x00, 0x00, 0x03,
    0x00, 0x20, 0x00, 0x00, 0x06, 0x43, 0xe2, 0xc5, 0xb2, 0xc0, 0x01, 0x00,
    0x06, 0x68, 0xfb, 0xa3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0x00,
};


static const uint8_t  avcc_hrd[] = {
    0x01, 0x64, 0x00, 0x1f, 0xff, 0xe1, 0x00, 0x29, 0x67, 0x64, 0x00, 0x1f,
    0xac, 0xd9, 0x40, 0xd8, 0x3d, 0xe6, 0xf0, 0x16, 0xa0, 0x20, 0x40, 0x48,
    0x00, 0x00, 0x03, 0x00, 0x08, 0x00, 0x00, 0x03, 0x01, 0xe3, 0x02, 0x00,
    0x07, 0xa1, 0x20, 0x00, 0xf4, 0x27, 0x26, 0x18, 0x03, 0xc6, 0x0c, 0x65,
    0x80, 0x01, 0x00, 0x05, 0x68, 0xeb, 0xec, 0xb2, 0x2c, 0xfd, 0xf8, 0xf8,
    0x00,
};


typedef struct {
    const char     *name;
    const uint8_t  *avcc;
    size_t          len;
    const char     *codecs;
    int             width;
    int             height;
    int             sar_num;
    int             sar_den;
    int             fps_num;
    int             fps_den;
    int             reorder;
    int             chroma;
    int             depth;
} x264_case_t;

#define X264(name)  #name, avcc_##name, sizeof(avcc_##name)

static const x264_case_t  x264_cases[] = {
    { X264(base), "avc1.42c00d", 320, 240, 1, 1, 25, 1, 0, 1, 8 },
    { X264(main1080), "avc1.4d4028", 1920, 1080, 1, 1, 30000, 1001, 2, 1, 8 },
    { X264(high720), "avc1.640020", 1280, 720, 1, 1, 50, 1, 2, 1, 8 },
    { X264(sd576), "avc1.64001e", 720, 576, 64, 45, 25, 1, 2, 1, 8 },
    { X264(tiny), "avc1.64000a", 66, 50, 1, 1, 24, 1, 2, 1, 8 },
    { X264(h422), "avc1.7a001f", 642, 362, 1, 1, 60, 1, 2, 2, 10 },
    { X264(h444), "avc1.f4000c", 322, 182, 1, 1, 15, 1, 2, 3, 8 },
    { X264(inter), "avc1.640028", 1920, 1080, 1, 1, 25, 1, 2, 1, 8 },
    { X264(hrd), "avc1.64001f", 854, 480, 1, 1, 30, 1, 2, 1, 8 }
};


static uint8_t      buf[512];
static size_t       nbits;
static nvm_sps_t    sps;
static nvm_fault_t  fault;


static void
put(unsigned n, uint32_t v)
{
    while (n--) {
        buf[nbits / 8] |= (uint8_t) ((v >> n & 1) << (7 - nbits % 8));
        nbits++;
    }
}


static void
put_ue(uint32_t v)
{
    unsigned  n;

    for (n = 0; (uint64_t) (v + UINT64_C(1)) >> (n + 1); n++) { /* void */ }

    put(n, 0);
    put(1, 1);
    put(n, v + 1 - (1u << n));
}


/* Up to and without the picture size; chroma is for high profiles. */
static void
begin(unsigned profile, unsigned chroma)
{
    memset(buf, 0, sizeof(buf));
    nbits = 0;

    put(8, 0x67);
    put(8, profile);
    put(8, 0);
    put(8, 31);
    put_ue(0);

    if (profile == 100 || profile == 244) {
        put_ue(chroma);

        if (chroma == 3) {
            put(1, 0);
        }

        put_ue(0);
        put_ue(0);
        put(2, 0);
    }

    put_ue(0);
    put_ue(2);
    put_ue(1);
    put(1, 0);
}


/* The size, in macroblocks, and cropping: left, right, top, bottom. */
static void
size(unsigned w, unsigned h, unsigned frames, const unsigned *crop)
{
    put_ue(w - 1);
    put_ue(h - 1);
    put(1, frames);

    if (!frames) {
        put(1, 0);
    }

    put(1, 1);
    put(1, crop != NULL);

    for (int i = 0; crop && i < 4; i++) {
        put_ue(crop[i]);
    }
}


static nvm_err_e
finish(void)
{
    put(1, 1);
    memset(&fault, 0, sizeof(fault));

    return nvm_sps_parse(buf, (nbits + 7) / 8, &sps, &fault);
}


static void
test_x264(void)
{
    nvm_avcc_t          a;
    nvm_track_t         t;
    const x264_case_t  *c;

    for (size_t i = 0; i < sizeof(x264_cases) / sizeof(x264_cases[0]); i++) {
        c = &x264_cases[i];

        is_int(nvm_avcc_parse(c->avcc, c->len, &a, NULL), NVM_OK, "%s: avcC",
               c->name);
        is_int(a.nal_length_size, 4, "NAL length size");
        ok(a.nsps == 1 && a.npps == 1, "one SPS, one PPS");
        is_int(nvm_sps_parse(a.sps, a.sps_len, &sps, NULL), NVM_OK, "SPS");
        is_int(sps.vui_error, 0, "VUI is read to its end");
        is_int(sps.chroma_format_idc, c->chroma, "chroma format");
        is_int(sps.bit_depth, c->depth, "bit depth");
        ok(sps.reorder_known, "reordering is told");
        is_int(sps.max_reorder, c->reorder, "reordered frames");

        memset(&t, 0, sizeof(t));
        is_int(nvm_h264_track(&t, c->avcc, c->len, NULL), NVM_OK, "track");
        is_str(t.codecs, c->codecs, "codecs");
        is_int(t.width, c->width, "width");
        is_int(t.height, c->height, "height");
        ok(t.sar_num == c->sar_num && t.sar_den == c->sar_den, "SAR %u:%u",
           (unsigned) t.sar_num, (unsigned) t.sar_den);
        ok((int) t.fps_num == c->fps_num && (int) t.fps_den == c->fps_den,
           "rate %u/%u", (unsigned) t.fps_num, (unsigned) t.fps_den);
        is_mem(t.config, t.config_len, c->avcc, c->len, "config");
    }

    c = &x264_cases[0];

    for (size_t n = 0; n < c->len; n++) {
        if (nvm_avcc_parse(c->avcc, n, &a, &fault) == NVM_OK) {
            ok(0, "avcC of %zu bytes is accepted", n);
        }
    }

    ok(1, "no shorter avcC is accepted");
}


static void
test_avcc(void)
{
    nvm_avcc_t   a;
    nvm_track_t  t;
    uint8_t      bad[NVM_MAX_CONFIG + 1];

    memset(&t, 0, sizeof(t));
    memset(bad, 0, sizeof(bad));

    memcpy(bad, avcc_base, sizeof(avcc_base));
    bad[0] = 2;
    is_int(nvm_avcc_parse(bad, sizeof(avcc_base), &a, NULL), NVM_EINVAL,
           "version 2");

    bad[0] = 1;
    bad[4] = 0xfe;
    is_int(nvm_avcc_parse(bad, sizeof(avcc_base), &a, NULL), NVM_EINVAL,
           "NAL length size 3");

    bad[4] = 0xff;
    is_int(nvm_h264_track(&t, bad, sizeof(bad), NULL), NVM_ELIMIT,
           "longer than a track can hold");

    memset(&fault, 0, sizeof(fault));
    bad[8] = 0x65;
    is_int(nvm_h264_track(&t, bad, sizeof(avcc_base), &fault), NVM_EINVAL,
           "SPS that is none");
    is_int(fault.offset, 8, "and where");
    is_int(t.codec, NVM_CODEC_NONE, "track is unchanged");

    is_int(nvm_avcc_parse((const uint8_t *) "\1\x42\0\x1e\xff\xe0\0", 7, &a,
                          NULL), NVM_ENOENT, "no SPS");
    is_int(nvm_avcc_parse((const uint8_t *) "\1\x42\0\x1e\xff\xe1\0\0\0", 9,
                          &a, NULL), NVM_ENOENT, "empty SPS");
    is_int(nvm_avcc_parse((const uint8_t *) "\1\x42\0\x1e\xff\xe1\0\1\x67\0",
                          10, &a, NULL), NVM_ENOENT, "no PPS");
}


static void
test_size(void)
{
    static const unsigned  crop[] = { 1, 2, 3, 4 };
    static const unsigned  all[] = { 0, 160, 0, 0 };
    static const unsigned  huge[] = { 70000, 0, 0, 0 };

    begin(66, 1);
    size(20, 15, 1, NULL);
    put(1, 0);
    is_int(finish(), NVM_OK, "frames, 4:2:0");
    ok(sps.width == 320 && sps.height == 240, "320x240");
    ok(sps.sar_num == 1 && sps.sar_den == 1, "square pixels when not told");
    ok(sps.fps_num == 0 && sps.fps_den == 1, "no rate");
    ok(sps.reorder_known && sps.max_reorder == 0, "POC type 2: no reordering");

    begin(66, 1);
    size(20, 15, 0, crop);
    put(1, 0);
    is_int(finish(), NVM_OK, "fields, 4:2:0");
    is_int(sps.width, 320 - 2 * 3, "crop unit across is 2");
    is_int(sps.height, 480 - 4 * 7, "crop unit down is 4");

    begin(100, 0);
    size(20, 15, 1, crop);
    put(1, 0);
    is_int(finish(), NVM_OK, "monochrome");
    ok(sps.width == 317 && sps.height == 233, "crop unit is 1");

    begin(244, 2);
    size(20, 15, 1, crop);
    put(1, 0);
    is_int(finish(), NVM_OK, "4:2:2");
    ok(sps.width == 314 && sps.height == 233, "crop units are 2 and 1");

    begin(244, 3);
    size(20, 15, 1, crop);
    put(1, 0);
    is_int(finish(), NVM_OK, "4:4:4");
    ok(sps.width == 317 && sps.height == 233, "crop unit is 1");

    begin(66, 1);
    size(20, 15, 1, all);
    put(1, 0);
    is_int(finish(), NVM_EINVAL, "nothing is left of the picture");

    begin(66, 1);
    size(20, 15, 1, huge);
    put(1, 0);
    is_int(finish(), NVM_EINVAL, "crop larger than any picture");

    begin(66, 1);
    size(4097, 15, 1, NULL);
    put(1, 0);
    is_int(finish(), NVM_ELIMIT, "picture too wide");

    begin(66, 1);
    size(4096, 15, 1, NULL);
    put(1, 0);
    is_int(finish(), NVM_ELIMIT, "by one pixel");

    begin(66, 1);
    memset(&fault, 0, sizeof(fault));
    put_ue(19);
    is_int(nvm_sps_parse(buf, nbits / 8, &sps, &fault), NVM_ETRUNC,
           "cut within the size");
    is_str(fault.what, "SPS is cut", "and why");
}


static void
test_scaling(void)
{
    begin(100, 1);
    nbits -= 3 + 1 + 3 + 1 + 1;     /* from frame_num and the flag on */
    memset(buf + nbits / 8 + 1, 0, 8);
    buf[nbits / 8] &= (uint8_t) (0xff00 >> nbits % 8);

    put(1, 1);                      /* seq_scaling_matrix_present_flag */
    put(1, 1);                      /* a list of 16: all of 8, deltas 0 */
    put(16, 0xffff);
    put(1, 1);                      /* a list that ends at once: delta -8 */
    put_ue(16);
    put(4, 0);
    put(1, 1);                      /* a list of 64 */
    put(32, UINT32_MAX);
    put(32, UINT32_MAX);
    put(1, 0);

    put_ue(0);
    put_ue(2);
    put_ue(1);
    put(1, 0);
    size(20, 15, 1, NULL);
    put(1, 0);
    is_int(finish(), NVM_OK, "scaling lists");
    ok(sps.width == 320 && sps.height == 240, "the size behind them");
}


static void
test_vui(void)
{
    begin(66, 1);
    size(20, 15, 1, NULL);
    put(1, 1);
    put(1, 1);                      /* extended SAR */
    put(8, 255);
    put(16, 4);
    put(16, 3);
    put(3, 0);
    put(1, 1);                      /* timing */
    put(32, 1001);
    put(32, 60000);
    put(1, 1);
    put(4, 0);
    is_int(finish(), NVM_OK, "VUI");
    is_int(sps.vui_error, 0, "is whole");
    ok(sps.sar_num == 4 && sps.sar_den == 3, "extended SAR");
    ok(sps.fps_num == 30000 && sps.fps_den == 1001, "30000/1001");
    is_int(sps.fixed_frame_rate, 1, "fixed rate");

    begin(66, 1);
    size(20, 15, 1, NULL);
    put(1, 1);
    put(9, 0x100 | 99);             /* reserved SAR */
    put(3, 0);
    put(1, 1);
    put(32, 1);
    put(32, 180000);
    put(1, 0);
    put(4, 0);
    is_int(finish(), NVM_OK, "VUI");
    ok(sps.sar_num == 1 && sps.sar_den == 1, "reserved SAR is unknown");
    is_int(sps.fps_num, 0, "a clock is no frame rate");
    is_int(sps.time_scale, 180000, "but is reported");

    begin(66, 1);
    size(20, 15, 1, NULL);
    put(1, 1);
    put(9, 0x100 | 14);             /* 4:3 */
    put(3, 0);
    put(1, 1);
    put(32, 1);
    is_int(finish(), NVM_OK, "VUI that is cut");
    is_int(sps.vui_error, 1, "is marked");
    ok(sps.sar_num == 1 && sps.sar_den == 1, "and is as if it were absent");
    ok(sps.width == 320 && sps.height == 240, "the rest stands");

    begin(66, 1);
    size(20, 15, 1, NULL);
    put(1, 1);
    put(5, 0);
    put(1, 1);                      /* NAL HRD with two schedules */
    put_ue(1);
    put(8, 0);

    for (int i = 0; i < 2; i++) {
        put_ue(UINT32_MAX - 1);
        put_ue(7);
        put(1, 0);
    }

    put(20, 0);
    put(1, 0);
    put(2, 0);
    put(1, 1);                      /* bitstream restriction */
    put(1, 1);
    put_ue(2);
    put_ue(1);
    put_ue(10);
    put_ue(10);
    put_ue(3);
    put_ue(4);
    is_int(finish(), NVM_OK, "VUI with HRD");
    is_int(sps.vui_error, 0, "is whole");
    is_int(sps.max_reorder, 3, "reordered frames behind the HRD");
}


static void
test_colour(void)
{
    begin(66, 1);
    size(20, 15, 1, NULL);
    put(1, 1);
    put(2, 0);
    put(1, 1);                      /* video signal */
    put(4, 0xb);
    put(1, 1);
    put(24, 0x091209);
    put(1, 0);
    put(5, 0);
    is_int(finish(), NVM_OK, "colour");
    ok(sps.colour.primaries == 9 && sps.colour.transfer == 18
       && sps.colour.matrix == 9 && sps.colour.full_range == 1, "is told");

    begin(66, 1);
    size(20, 15, 1, NULL);
    put(1, 1);
    put(2, 0);
    put(1, 1);
    put(4, 0xa);
    put(1, 0);
    put(1, 0);
    put(5, 0);
    is_int(finish(), NVM_OK, "a format and no colour");
    ok(sps.vui_error == 0 && sps.colour.transfer == 0, "is not");
}


/* avc3: parameter sets may be in the samples */
static void
test_avc3(void)
{
    nvm_track_t     t = { .width = 640, .height = 360 };
    const uint8_t   empty[] = { 1, 0x64, 0, 0x1f, 0xff, 0xe0, 0 };
    const uint32_t  avc3 = 'a' << 24 | 'v' << 16 | 'c' << 8 | '3';

    memset(&fault, 0, sizeof(fault));
    is_int(nvm_h264_track(&t, empty, sizeof(empty), &fault), NVM_ENOENT,
           "avc1 without SPS");
    is_str(fault.what, "no SPS in avcC", "by name");

    t.entry = avc3;
    memset(&fault, 0, sizeof(fault));
    is_int(nvm_h264_track(&t, empty, sizeof(empty), &fault), NVM_OK,
           "avc3 without SPS");
    is_int(fault.code, NVM_OK, "is no fault");
    is_str(t.codecs, "avc3.64001f", "codecs");
    ok(t.width == 640 && t.height == 360, "size of the sample entry");
    ok(t.fps_num == 0 && t.fps_den == 1, "no rate");

    is_int(nvm_h264_track(&t, avcc_base, sizeof(avcc_base), NULL), NVM_OK,
           "avc3 with SPS");
    is_str(t.codecs, "avc3.42c00d", "codecs");
    is_int(t.width, 320, "size of the SPS");

    t.width = 0;
    is_int(nvm_h264_track(&t, empty, sizeof(empty), NULL), NVM_ENOENT,
           "no SPS and no size");
}


static void
test_poc(void)
{
    memset(buf, 0, sizeof(buf));
    nbits = 0;
    put(8, 0x27);
    put(8, 77);
    put(8, 0);
    put(8, 31);
    put_ue(0);
    put_ue(0);
    put_ue(1);                      /* POC type 1 */
    put(1, 0);
    put_ue(3);
    put_ue(UINT32_MAX - 1);
    put_ue(255);

    for (int i = 0; i < 255; i++) {
        put_ue(1);
    }

    put_ue(4);
    put(1, 0);
    size(20, 15, 1, NULL);
    put(1, 0);
    is_int(finish(), NVM_OK, "POC type 1 with 255 offsets");
    ok(sps.width == 320 && !sps.reorder_known, "the size behind them");

    begin(77, 1);
    buf[0] = 0xe7;
    is_int(finish(), NVM_EINVAL, "forbidden bit");
    is_int(nvm_sps_parse(buf, 0, &sps, NULL), NVM_EINVAL, "no byte");
}


#define SCAN(len, ...)                                                        \
    nvm_h264_scan((const uint8_t []) { __VA_ARGS__ },                         \
                  sizeof((const uint8_t []) { __VA_ARGS__ }), len, &au,       \
                  &fault)

static void
test_scan(void)
{
    nvm_h264_au_t   au;
    static uint8_t  many[2 * (NVM_MAX_NALS + 1)];

    is_int(SCAN(4, 0, 0, 0, 2, 0x67, 1, 0, 0, 0, 1, 0x68, 0, 0, 0, 2, 0x65,
                0x88), NVM_OK, "key frame with parameter sets");
    ok(au.has_idr && au.has_sps && au.has_pps && !au.recovery, "has them");
    ok(au.nals == 3 && au.slices == 1, "three NAL units, one slice");

    is_int(SCAN(2, 0, 1, 0x41, 0, 1, 0x41), NVM_OK, "length of two bytes");
    ok(!au.has_idr && au.slices == 2, "two slices");
    is_int(SCAN(1, 1, 0x09), NVM_OK, "length of one byte");
    is_int(au.slices, 0, "no slice");

    /* user data of 4 bytes, one emulated, then a recovery point: ue(3) */
    is_int(SCAN(1, 11, 0x06, 5, 4, 0, 0, 3, 1, 7, 6, 1, 0x24, 0x80), NVM_ETRUNC,
           "length past the end");
    is_int(SCAN(1, 12, 0x06, 5, 4, 0, 0, 3, 1, 7, 6, 1, 0x24, 0x80), NVM_OK,
           "SEI");
    ok(au.recovery && au.recovery_frames == 3, "recovery point");

    is_int(SCAN(1, 5, 0x06, 5, 200, 6, 1), NVM_OK, "damaged SEI");
    is_int(au.recovery, 0, "is skipped");
    is_int(SCAN(1, 4, 0x06, 0xff, 0xff, 0xff), NVM_OK, "endless SEI type");

    is_int(SCAN(4, 0, 0, 0, 2, 0x65), NVM_ETRUNC, "one byte short");
    is_int(SCAN(4, 0, 0, 0, 1, 0x65, 0), NVM_ETRUNC, "one byte over");
    is_int(SCAN(4, 0xff, 0xff, 0xff, 0xff, 0x65), NVM_ETRUNC, "hostile length");
    is_int(SCAN(4, 0, 0, 0, 0), NVM_EINVAL, "empty NAL unit");
    is_int(SCAN(4, 0, 0, 0, 1, 0x80), NVM_EINVAL, "forbidden bit");
    is_int(SCAN(3, 0, 0, 1, 0x65), NVM_EINVAL, "length size 3");
    is_int(nvm_h264_scan(NULL, 0, 4, &au, NULL), NVM_EINVAL, "no data");

    memset(many, 1, sizeof(many));
    is_int(nvm_h264_scan(many, sizeof(many) - 2, 1, &au, NULL), NVM_OK,
           "as many NAL units as allowed");
    is_int(nvm_h264_scan(many, sizeof(many), 1, &au, NULL), NVM_ELIMIT,
           "one more");
}


int
main(void)
{
    test_x264();
    test_avcc();
    test_size();
    test_scaling();
    test_vui();
    test_colour();
    test_avc3();
    test_poc();
    test_scan();

    return done_testing();
}
