/*
 * Copyright (C) ngx_video authors
 *
 * Frames of audio: their durations, and the tracks of those formats whose
 * frames are all that there is.  Those of AC-3 are in test_frame_dolby.c.
 */

#include "frame_env.h"


static nvm_err_e
parse(nvm_codec_e codec, const uint8_t *data, size_t n)
{
    return parse_kind(NVM_AUDIO, codec, data, n);
}


static void
test_any(void)
{
    is_int(PARSE(AAC, 0x21), NVM_OK, "AAC");
    is_int(frame.duration, 1024, "has frames of one length");
    is_int(parse(NVM_CODEC_AAC, bits, 0), NVM_EINVAL, "an empty frame");
    is_int(parse(NVM_CODEC_OPUS, bits, 0), NVM_EINVAL, "of Opus");
    is_int(parse(NVM_CODEC_AC3, bits, 0), NVM_EINVAL, "of AC-3");
}


/* RFC 6716, table 2: 1/48000 s of each configuration */
static void
test_opus(void)
{
    unsigned  config, count, want;
    uint8_t   packet[2];

    static const uint16_t  lengths[32] = {
        480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 1920, 2880,
        480, 960, 480, 960,
        120, 240, 480, 960, 120, 240, 480, 960, 120, 240, 480, 960,
        120, 240, 480, 960
    };

    for (config = 0; config < 32; config++) {
        want = lengths[config];

        for (count = 0; count < 3; count++) {
            packet[0] = (uint8_t) (config << 3 | 4 | count);
            is_int(parse(NVM_CODEC_OPUS, packet, 1), NVM_OK,
                   "configuration %u, code %u", config, count);
            is_int(frame.duration, count ? want * 2 : want, "its duration");
        }

        packet[0] = (uint8_t) (config << 3 | 3);
        is_int(parse(NVM_CODEC_OPUS, packet, 1), NVM_EINVAL, "no count");

        for (count = 0; count < 64; count++) {
            packet[1] = (uint8_t) (0xc0 | count);

            if (count == 0 || count * want > 5760) {
                ok(parse(NVM_CODEC_OPUS, packet, 2) == NVM_EINVAL,
                   "%u frames are refused", count);
                continue;
            }

            ok(parse(NVM_CODEC_OPUS, packet, 2) == NVM_OK
               && frame.duration == count * want, "%u frames", count);
        }
    }
}


/* RFC 9639, 9.1: a frame of a block size, with a coded number of n bytes */
static nvm_err_e
flac(unsigned code, unsigned n, unsigned tail, unsigned value)
{
    static const uint8_t  first[] = {
        0, 0x7f, 0xdf, 0xef, 0xf7, 0xfb, 0xfd, 0xfe
    };

    bits_begin();
    put(16, 0xfff8);
    put(4, code);
    put(4, 0);
    put(8, 0x08);
    put(8, first[n]);

    while (--n) {
        put(8, 0xbf);
    }

    put(8 * tail, value);

    return parse(NVM_CODEC_FLAC, bits, bits_size());
}


static void
test_flac_sizes(void)
{
    unsigned  n, code;

    static const uint32_t  sizes[16] = {
        0, 192, 576, 1152, 2304, 4608, 0, 0,
        256, 512, 1024, 2048, 4096, 8192, 16384, 32768
    };

    for (n = 1; n <= 7; n++) {
        for (code = 0; code < 16; code++) {

            if (sizes[code]) {
                is_int(flac(code, n, 1, 0), NVM_OK, "code %u", code);
                is_int(frame.duration, sizes[code], "its block size");
            }
        }

        is_int(flac(0, n, 2, 0xffff), NVM_EINVAL, "reserved code");
        is_int(flac(6, n, 1, 0), NVM_OK, "behind a number of %u bytes", n);
        is_int(frame.duration, 1, "least of 8 bits");
        is_int(flac(6, n, 1, 255), NVM_OK, "8 bits");
        is_int(frame.duration, 256, "greatest of 8 bits");
        is_int(flac(6, n, 0, 0), NVM_EINVAL, "cut");
        is_int(flac(7, n, 2, 0x0102), NVM_OK, "16 bits");
        is_int(frame.duration, 259, "in their order");
        is_int(flac(7, n, 2, 0xffff), NVM_OK, "16 bits");
        is_int(frame.duration, 65536, "greatest of 16 bits");
        is_int(flac(7, n, 1, 1), NVM_EINVAL, "cut");
    }
}


static void
test_flac_headers(void)
{
    is_int(PARSE(FLAC, 0xff, 0xf9, 0xc0, 8, 0), NVM_OK, "variable blocks");
    is_int(frame.duration, 4096, "say how long they are, too");
    is_int(PARSE(FLAC, 0xff, 0xfa, 0xc0, 8, 0), NVM_EINVAL, "reserved bit");
    is_int(PARSE(FLAC, 0xfe, 0xf8, 0xc0, 8, 0), NVM_EINVAL, "no sync code");
    is_int(PARSE(FLAC, 0xff), NVM_EINVAL, "one byte");
    is_int(PARSE(FLAC, 0xff, 0xf8), NVM_EINVAL, "two bytes");
    is_int(PARSE(FLAC, 0xff, 0xf8, 0xc0, 8), NVM_EINVAL, "four");
}


/* ISO/IEC 11172-3, 2.4.2.3 */
static nvm_err_e
mp3(unsigned version, unsigned layer, unsigned rate, unsigned mode)
{
    bits_begin();
    put(11, 0x7ff);
    put(2, version);
    put(2, layer);
    put(1, 1);
    put(4, 9);
    put(2, rate);
    put(2, 0);
    put(2, mode);
    put(6, 0);

    return parse(NVM_CODEC_MP3, bits, bits_size());
}


static void
test_mp3(void)
{
    unsigned  i, version, rate;

    static const uint32_t  rates[4][3] = {
        { 11025, 12000, 8000 }, { 0, 0, 0 },
        { 22050, 24000, 16000 }, { 44100, 48000, 32000 }
    };

    for (i = 0; i < 64; i++) {
        version = i >> 4;
        rate = i >> 2 & 3;

        if (version == 1 || rate == 3) {
            is_int(mp3(version, 1, rate, i & 3), NVM_EINVAL, "reserved");
            continue;
        }

        is_int(mp3(version, 1, rate, i & 3), NVM_OK, "MP3");
        is_int(frame.duration, version == 3 ? 1152 : 576, "its duration");
        is_int(nvm_frame_track(&track, NVM_CODEC_MP3, NULL, 0, bits,
                               bits_size(), &fault), NVM_OK, "a track of it");
        is_int(track.sample_rate, rates[version][rate], "its rate");
        is_int(track.timescale, rates[version][rate], "its timescale");
        is_int(track.channels, (i & 3) == 3 ? 1 : 2, "its channels");
        is_int(nvm_frame_usual(&track), frame.duration, "is as usual");
    }

    is_int(mp3(3, 0, 0, 0), NVM_EINVAL, "reserved layer");
    is_int(mp3(3, 2, 0, 0), NVM_EINVAL, "layer II");
    is_int(mp3(3, 3, 0, 0), NVM_EINVAL, "layer I");
    is_int(PARSE(MP3, 0xff, 0x1b, 0x90, 0), NVM_EINVAL, "no sync word");
    is_int(PARSE(MP3, 0xff), NVM_ETRUNC, "one byte");
    is_int(PARSE(MP3, 0xff, 0xfb, 0x90), NVM_ETRUNC, "three bytes");
}


static uint32_t
usual(nvm_codec_e codec, const uint8_t *config, size_t n)
{
    memset(&track, 0, sizeof(track));
    track.kind = NVM_AUDIO;
    track.codec = codec;
    track.sample_rate = 48000;
    track.config_len = (uint16_t) n;

    if (n) {
        memcpy(track.config, config, n);
    }

    return nvm_frame_usual(&track);
}


static void
test_usual(void)
{
    uint8_t  dfla[sizeof(record_dfla)];

    is_int(usual(NVM_CODEC_AAC, NULL, 0), 1024, "AAC");
    is_int(usual(NVM_CODEC_OPUS, NULL, 0), 960, "Opus");
    is_int(usual(NVM_CODEC_AC3, NULL, 0), 1536, "AC-3");
    is_int(usual(NVM_CODEC_EAC3, NULL, 0), 1536, "E-AC-3");
    is_int(usual(NVM_CODEC_FLAC, record_dfla, sizeof(record_dfla)), 0x2000,
           "FLAC");
    is_int(usual(NVM_CODEC_FLAC, NULL, 0), 4096, "FLAC of no header");
    is_int(usual(NVM_CODEC_FLAC, record_dfla, 11), 4096, "of a cut one");

    /* parts are counted in frames: a publisher must not make them endless */
    memcpy(dfla, record_dfla, sizeof(dfla));
    dfla[10] = 0;
    dfla[11] = 0;
    is_int(usual(NVM_CODEC_FLAC, dfla, sizeof(dfla)), 4096,
           "of a header that tells no size");
}


static uint32_t
look(unsigned version, unsigned rate, unsigned mode)
{
    mp3(version, 1, rate, mode);

    return nvm_frame_look(NVM_CODEC_MP3, bits, bits_size());
}


static void
test_look(void)
{
    uint32_t  stereo;

    stereo = look(3, 0, 0);
    ok(stereo != 0, "MP3 at 44.1 kHz");
    is_int(look(3, 0, 1), stereo, "joint stereo looks the same");
    ok(look(3, 0, 3) != stereo, "one channel doesn't");
    ok(look(3, 1, 0) != stereo, "nor does 48 kHz");
    ok(look(2, 0, 0) != stereo, "nor does 22.05 kHz");
    is_int(nvm_frame_look(NVM_CODEC_MP3, bits, 1), 0, "a cut one");
    is_int(nvm_frame_look(NVM_CODEC_AC3, bits, bits_size()), 0,
           "one of another codec");
    is_int(nvm_frame_look(NVM_CODEC_AAC, bits, bits_size()), 0,
           "a codec that has headers");
}


int
main(void)
{
    test_any();
    test_opus();
    test_flac_sizes();
    test_flac_headers();
    test_mp3();
    test_usual();
    test_look();

    return done_testing();
}
