/*
 * Copyright (C) ngx_video authors
 *
 * Frames of video, and tracks made of headers and frames.  Those of audio are
 * in test_frame_audio.c.
 */

#include "frame_env.h"


static nvm_err_e
parse(nvm_codec_e codec, const uint8_t *data, size_t n)
{
    return parse_kind(NVM_VIDEO, codec, data, n);
}


/* All beginnings of what is in "bits" are errors, the whole is not. */
static void
cut(nvm_codec_e codec, const char *what)
{
    size_t    n;
    unsigned  bad;

    track.kind = NVM_VIDEO;
    track.codec = codec;

    for (n = 0, bad = 0; n < bits_size(); n++) {
        memset(&fault, 0, sizeof(fault));
        bad += nvm_frame_parse(&track, bits, n, &frame, &fault) != NVM_ETRUNC
               || frame.key || fault.what == NULL;
    }

    is_int(bad, 0, "%s, cut", what);
    is_int(parse(codec, bits, bits_size()), NVM_OK, "%s", what);
}


/* ITU-T H.265, table 7-1 */
static void
test_hevc_types(void)
{
    unsigned  type;

    memset(&track, 0, sizeof(track));

    for (type = 0; type < 64; type++) {
        is_int(PARSE(HEVC, 0, 0, 0, 2, (uint8_t) (type << 1), 1), NVM_OK,
               "NAL unit of type %u", type);
        is_int(frame.key, type >= 16 && type <= 21, "a key or not");
    }

    is_int(PARSE(HEVC, 0, 0, 0, 2, 40 << 1, 1, 0, 0, 0, 3, 19 << 1, 1, 9),
           NVM_OK, "IDR behind a prefix SEI");
    is_int(frame.key, 1, "is a key");
    is_int(PARSE(HEVC, 0, 0, 0, 2, 1 << 1, 1, 0, 0, 0, 2, 19 << 1, 1),
           NVM_OK, "IDR behind a slice of another picture");
    is_int(frame.key, 0, "is none: the first slice tells");
    is_int(frame.size, 12, "nothing is left out");
}


static void
test_hevc_lengths(void)
{
    memset(&track, 0, sizeof(track));
    memcpy(track.config, record_hvcc, sizeof(record_hvcc));
    track.config_len = sizeof(record_hvcc);

    track.config[21] = 0xfc;
    is_int(PARSE(HEVC, 2, 14, 1, 3, 38, 1, 9), NVM_OK, "lengths of 1 byte");
    is_int(frame.key, 0, "RADL is no key");
    is_int(PARSE(HEVC, 2, 42, 1), NVM_OK, "CRA");
    is_int(frame.key, 1, "is a key");

    track.config[21] = 0xfd;
    is_int(PARSE(HEVC, 0, 2, 38, 1, 0, 3, 42, 1, 9), NVM_OK, "of 2 bytes");
    is_int(frame.key, 1, "IDR is a key");

    track.config[21] = 0xff;
    is_int(PARSE(HEVC, 0, 0, 0, 2, 38, 1), NVM_OK, "of 4 bytes");
    is_int(PARSE(HEVC, 0, 2, 38, 1), NVM_ETRUNC, "of 2 where 4 should be");
}


static void
test_hevc_damage(void)
{
    size_t    i;
    uint8_t  *many;

    memset(&track, 0, sizeof(track));

    is_int(PARSE(HEVC, 0, 0, 0, 2, 0xa6, 1), NVM_EINVAL, "forbidden bit");
    is_int(fault.offset, 4, "where it is");
    is_int(PARSE(HEVC, 0, 0, 0, 0), NVM_EINVAL, "empty NAL unit");
    is_int(PARSE(HEVC, 0, 0, 0, 1, 38), NVM_EINVAL, "half a header");
    is_int(PARSE(HEVC, 0, 0, 0, 3, 38, 1), NVM_ETRUNC, "cut NAL unit");
    is_int(PARSE(HEVC, 0xff, 0xff, 0xff, 0xff, 38, 1), NVM_ETRUNC,
           "greatest length");
    is_int(PARSE(HEVC, 0, 0, 0, 2, 38, 1, 0, 0), NVM_ETRUNC, "cut length");

    many = calloc(NVM_MAX_NALS + 1, 6);

    for (i = 0; i <= NVM_MAX_NALS; i++) {
        many[i * 6 + 3] = 2;
        many[i * 6 + 4] = 38;
        many[i * 6 + 5] = 1;
    }

    is_int(parse(NVM_CODEC_HEVC, many, NVM_MAX_NALS * 6), NVM_OK,
           "as many NAL units as there may be");
    is_int(parse(NVM_CODEC_HEVC, many, (NVM_MAX_NALS + 1) * 6), NVM_ELIMIT,
           "one more");

    free(many);
}


static void
test_h264(void)
{
    memset(&track, 0, sizeof(track));

    is_int(PARSE(H264, 0, 0, 0, 1, 0x65), NVM_OK, "IDR");
    is_int(frame.key, 1, "is a key");
    is_int(PARSE(H264, 0, 0, 0, 1, 0x41), NVM_OK, "another slice");
    is_int(frame.key, 0, "is none");

    memcpy(track.config, record_avcc, sizeof(record_avcc));
    track.config_len = sizeof(record_avcc);
    track.config[4] = 0xfd;

    is_int(PARSE(H264, 0, 1, 0x65), NVM_OK, "lengths of 2 bytes");
    is_int(PARSE(H264, 0, 2, 0x65), NVM_ETRUNC, "cut");
}


/* AV1, 5.3.2 and 5.9.2: frame headers that begin with a byte of that kind */
#define AV1_KEY       0x10
#define AV1_HIDDEN    0x00      /* a key frame that is not shown */
#define AV1_INTER     0x30
#define AV1_INTRA     0x50
#define AV1_EXISTING  0x80

/* obu_type, with a size */
#define OBU(type)     ((type) << 3 | 2)


static void
test_av1_keys(void)
{
    memset(&track, 0, sizeof(track));

    is_int(PARSE(AV1, OBU(2), 0, OBU(1), 1, 9, OBU(6), 2, AV1_KEY, 9), NVM_OK,
           "temporal delimiter, sequence, frame");
    is_int(frame.size, 7, "the temporal delimiter is left out");
    is_int(frame.key, 1, "a key frame");

    is_int(PARSE(AV1, OBU(6), 1, AV1_INTER), NVM_OK, "no delimiter");
    is_int(frame.size, 3, "all is kept");
    is_int(frame.key, 0, "an inter frame");

    is_int(PARSE(AV1, OBU(6), 1, AV1_HIDDEN), NVM_OK, "hidden key frame");
    is_int(frame.key, 0, "is no place to begin at");
    is_int(PARSE(AV1, OBU(6), 1, AV1_INTRA), NVM_OK, "intra-only frame");
    is_int(frame.key, 0, "is none");
    is_int(PARSE(AV1, OBU(3), 1, AV1_EXISTING | AV1_KEY), NVM_OK,
           "show_existing_frame");
    is_int(frame.key, 0, "is none");
    is_int(PARSE(AV1, OBU(3), 1, AV1_KEY, OBU(4), 1, 9), NVM_OK,
           "frame header and tile group");
    is_int(frame.key, 1, "of a key frame");
    is_int(PARSE(AV1, OBU(6), 1, AV1_INTER, OBU(6), 1, AV1_KEY), NVM_OK,
           "a key frame behind another");
    is_int(frame.key, 0, "the first tells");
    is_int(PARSE(AV1, OBU(6), 0), NVM_OK, "empty frame");
    is_int(frame.key, 0, "is no key");
}


static void
test_av1_obus(void)
{
    memset(&track, 0, sizeof(track));

    is_int(PARSE(AV1, OBU(2), 0, 6 << 3, AV1_KEY, 1, 2), NVM_OK,
           "no size at the end");
    is_int(frame.size, 4, "all that is left");
    is_int(frame.key, 1, "is the key frame");

    is_int(PARSE(AV1, OBU(6) | 4, 0x20, 1, AV1_KEY), NVM_OK, "extension");
    is_int(frame.key, 1, "is passed over");
    is_int(PARSE(AV1, 2 << 3 | 4 | 2, 0, 0, OBU(6), 1, AV1_KEY), NVM_OK,
           "delimiter with extension");
    is_int(frame.size, 3, "is left out");

    is_int(PARSE(AV1, OBU(6), 1, AV1_KEY, OBU(2), 0), NVM_OK,
           "delimiter behind a frame");
    is_int(frame.size, 5, "stays");
    is_int(PARSE(AV1, OBU(2), 0), NVM_OK, "delimiter alone");
    is_int(frame.size, 0, "leaves nothing");

    is_int(PARSE(AV1, OBU(6), 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0,
                 AV1_KEY), NVM_OK, "leb128 of 8 bytes");
    is_int(frame.key, 1, "is read");
    is_int(PARSE(AV1, OBU(6), 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                 0, AV1_KEY), NVM_EINVAL, "of 9");
    is_int(PARSE(AV1, OBU(6), 0x80, 0x80, 0x80, 0x80, 0x10, AV1_KEY),
           NVM_EINVAL, "of over 32 bits");
    is_int(PARSE(AV1, OBU(6), 0xff, 0xff, 0xff, 0xff, 0x0f, AV1_KEY),
           NVM_ETRUNC, "of 32 bits");
    is_int(PARSE(AV1, OBU(6) | 0x80, 1, AV1_KEY), NVM_EINVAL, "forbidden bit");
}


static void
test_av1_damage(void)
{
    size_t    i;
    uint8_t  *many;

    memset(&track, 0, sizeof(track));

    is_int(PARSE(AV1, OBU(6), 2, AV1_KEY), NVM_ETRUNC, "cut OBU");
    is_int(PARSE(AV1, OBU(6)), NVM_ETRUNC, "no size");
    is_int(PARSE(AV1, OBU(6) | 4), NVM_ETRUNC, "no extension");
    is_int(PARSE(AV1, OBU(6), 0x80), NVM_ETRUNC, "cut size");

    many = calloc(NVM_MAX_NALS + 1, 2);

    for (i = 0; i <= NVM_MAX_NALS; i++) {
        many[i * 2] = OBU(15);
    }

    is_int(parse(NVM_CODEC_AV1, many, NVM_MAX_NALS * 2), NVM_OK,
           "as many OBUs as there may be");
    is_int(parse(NVM_CODEC_AV1, many, (NVM_MAX_NALS + 1) * 2), NVM_ELIMIT,
           "one more");

    free(many);
}


/* VP9, 6.2, up to the size of a key frame */
static void
vp9_key(unsigned profile, unsigned rgb, unsigned width, unsigned height)
{
    bits_begin();
    put(2, 2);
    put(1, profile & 1);
    put(1, profile >> 1);

    if (profile == 3) {
        put(1, 0);
    }

    put(1, 0);                  /* show_existing_frame */
    put(1, 0);                  /* frame_type */
    put(2, 2);                  /* show_frame, error_resilient_mode */
    put(24, 0x498342);

    if (profile >= 2) {
        put(1, 1);
    }

    put(3, rgb ? 7 : 2);

    if (!rgb) {
        put(1, 0);              /* color_range */
    }

    if (profile & 1) {
        put(rgb ? 1 : 3, 0);
    }

    put(16, width - 1);
    put(16, height - 1);
}


static void
test_vp9_keys(void)
{
    unsigned  profile;

    memset(&track, 0, sizeof(track));

    for (profile = 0; profile < 4; profile++) {
        vp9_key(profile, 0, 322, 182);
        cut(NVM_CODEC_VP9, "key frame");
        is_int(frame.key, 1, "in profile %u", profile);

        is_int(nvm_frame_track(&track, NVM_CODEC_VP9, record_vpcc,
                               sizeof(record_vpcc), bits, bits_size(), NULL),
               NVM_OK, "a track of it");
        is_int(track.width, 322, "its width");
        is_int(track.height, 182, "its height");

        if (profile & 1) {
            vp9_key(profile, 1, 65535, 1);
            cut(NVM_CODEC_VP9, "RGB");
            is_int(nvm_frame_track(&track, NVM_CODEC_VP9, record_vpcc,
                                   sizeof(record_vpcc), bits, bits_size(),
                                   NULL), NVM_OK, "a track of it");
            is_int(track.width, 65535, "its width");
            is_int(track.height, 1, "its height");
        }
    }

    vp9_key(0, 0, 65536, 1);
    is_int(nvm_frame_track(&track, NVM_CODEC_VP9, record_vpcc,
                           sizeof(record_vpcc), bits, bits_size(), &fault),
           NVM_ELIMIT, "greatest size");
}


static void
test_vp9(void)
{
    memset(&track, 0, sizeof(track));

    is_int(PARSE(VP9, 0x86), NVM_OK, "inter frame");
    is_int(frame.key, 0, "is no key");
    is_int(PARSE(VP9, 0x88), NVM_OK, "show_existing_frame");
    is_int(frame.key, 0, "is no key");
    is_int(PARSE(VP9, 0xb4), NVM_OK, "show_existing_frame in profile 3");
    is_int(frame.key, 0, "is no key");
    is_int(PARSE(VP9, 0x46), NVM_EINVAL, "another frame marker");
    is_int(PARSE(VP9, 0x82, 0x49, 0x83, 0x43, 0, 0), NVM_EINVAL,
           "another sync code");
    is_int(PARSE(VP9, 0x82, 0x49), NVM_ETRUNC, "cut sync code");
}


/* A track of the record of a codec that has one; a frame is of no use. */
static void
test_track_records(void)
{
    size_t     i;
    nvm_err_e  rc;

    static const uint8_t  asc[] = { 0x11, 0x90 };

    static const struct {
        nvm_codec_e     codec;
        nvm_kind_e      kind;
        const uint8_t  *config;
        size_t          len;
        const char     *codecs;
    } rows[] = {
#define ROW(codec, kind, record, codecs)                                      \
        { NVM_CODEC_##codec, NVM_##kind, record, sizeof(record), codecs }
        ROW(H264, VIDEO, record_avcc, "avc1.42c00d"),
        ROW(HEVC, VIDEO, record_hvcc, "hvc1.1.6.L60.90"),
        ROW(AV1, VIDEO, record_av1c, "av01.0.00M.10.0.110.09.16.09.0"),
        ROW(OPUS, AUDIO, record_dops, "Opus"),
        ROW(FLAC, AUDIO, record_dfla, "fLaC"),
        ROW(AAC, AUDIO, asc, "mp4a.40.2"),
#undef ROW
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(&fault, 0, sizeof(fault));
        rc = nvm_frame_track(&track, rows[i].codec, rows[i].config,
                             rows[i].len, NULL, 0, &fault);

        is_int(rc, NVM_OK, "track of %s", rows[i].codecs);
        is_int(track.kind, rows[i].kind, "its kind");
        is_int(track.codec, rows[i].codec, "its codec");
        is_str(track.codecs, rows[i].codecs, "its name");
        is_mem(track.config, track.config_len, rows[i].config, rows[i].len,
               "its configuration");

        rc = nvm_frame_track(&track, rows[i].codec, rows[i].config, 1, NULL,
                             0, &fault);
        ok(rc != NVM_OK && rc != NVM_ENOENT && fault.what != NULL,
           "cut: a fault");
    }
}


/* NVM_ENOENT, and no fault, where a frame is needed. */
static void
test_track_waits(void)
{
    size_t  i;

    static const nvm_codec_e  codecs[] = {
        NVM_CODEC_VP9, NVM_CODEC_AC3, NVM_CODEC_EAC3, NVM_CODEC_MP3
    };

    memset(&fault, 0, sizeof(fault));

    for (i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
        is_int(nvm_frame_track(&track, codecs[i], record_vpcc,
                               sizeof(record_vpcc), NULL, 0, &fault),
               NVM_ENOENT, "codec %d waits for a frame", codecs[i]);
    }

    is_int(nvm_frame_track(&track, NVM_CODEC_VP9, record_vpcc,
                           sizeof(record_vpcc), (const uint8_t []) { 0x86 }, 1,
                           &fault), NVM_ENOENT, "VP9 for a key frame");
    ok(fault.what == NULL, "which is no fault");

    is_int(nvm_frame_track(&track, NVM_CODEC_VP9, record_vpcc,
                           sizeof(record_vpcc), (const uint8_t []) { 0 }, 1,
                           &fault), NVM_EINVAL, "a damaged one");
    ok(fault.what != NULL, "is one");

    /* a record without a size, which no frame will tell either */
    memset(&fault, 0, sizeof(fault));
    ok(nvm_frame_track(&track, NVM_CODEC_AV1, record_av1c, 4, NULL, 0, &fault)
       != NVM_OK && fault.what != NULL, "AV1 without a sequence header is");

    is_int(nvm_frame_track(&track, NVM_CODEC_WVTT, NULL, 0, NULL, 0, &fault),
           NVM_EUNSUP, "text is not live");
    is_int(nvm_frame_track(&track, NVM_CODEC_NONE, NULL, 0, NULL, 0, &fault),
           NVM_EUNSUP, "nor is nothing");

    track.kind = NVM_VIDEO;
    track.codec = NVM_CODEC_NONE;
    is_int(nvm_frame_parse(&track, bits, 1, &frame, &fault), NVM_EUNSUP,
           "a frame of it");
    track.kind = NVM_AUDIO;
    is_int(nvm_frame_parse(&track, bits, 1, &frame, &fault), NVM_EUNSUP,
           "of either kind");
}


int
main(void)
{
    test_hevc_types();
    test_hevc_lengths();
    test_hevc_damage();
    test_h264();
    test_av1_keys();
    test_av1_obus();
    test_av1_damage();
    test_vp9_keys();
    test_vp9();
    test_track_records();
    test_track_waits();

    return done_testing();
}
