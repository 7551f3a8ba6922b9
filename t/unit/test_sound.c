/*
 * Copyright (C) ngx_video authors
 *
 * Opus, FLAC and MP3, whose configurations are short.
 */

#include "nvm_flac.h"
#include "nvm_mp3.h"
#include "nvm_opus.h"
#include "tap.h"


/* libopus by ffmpeg: stereo; 5.1 of four streams, two of them coupled */
static const uint8_t  dops[] = {
    0x00, 0x02, 0x01, 0x38, 0x00, 0x00, 0xbb, 0x80, 0x00, 0x00, 0x00,
};

static const uint8_t  dops6[] = {
    0x00, 0x06, 0x01, 0x38, 0x00, 0x00, 0xbb, 0x80, 0x00, 0x00, 0x01, 0x04,
    0x02, 0x00, 0x04, 0x01, 0x02, 0x03, 0x05,
};

/* ffmpeg: stereo, 16 bits, 48 kHz */
static const uint8_t  dfla[] = {
    0x00, 0x00, 0x00, 0x00, 0x80, 0x00, 0x00, 0x22, 0x12, 0x00, 0x12, 0x00,
    0x00, 0x04, 0x3e, 0x00, 0x05, 0x1d, 0x0b, 0xb8, 0x02, 0xf0, 0x00, 0x01,
    0x77, 0x00, 0xe0, 0xcb, 0x46, 0x93, 0x56, 0xac, 0x5f, 0x26, 0xbe, 0xc3,
    0xe2, 0xd9, 0xed, 0x91, 0x84, 0xc1,
};


static nvm_err_e
opus(size_t at, uint8_t value)
{
    uint8_t      bad[sizeof(dops6)];
    nvm_track_t  t = { 0 };

    memcpy(bad, dops6, sizeof(bad));
    bad[at] = value;

    return nvm_opus_track(&t, bad, sizeof(bad), NULL);
}


static void
test_opus(void)
{
    size_t       i, good;
    uint8_t      mono[sizeof(dops)];
    nvm_track_t  t = { .sample_rate = 44100, .channels = 7 };

    is_int(nvm_opus_track(&t, dops, sizeof(dops), NULL), NVM_OK, "stereo");
    is_int(t.codec, NVM_CODEC_OPUS, "codec");
    is_str(t.codecs, "Opus", "codecs");
    ok(t.sample_rate == 48000 && t.timescale == 48000, "rate, always 48 kHz");
    is_int(t.channels, 2, "channels");
    is_mem(t.config, t.config_len, dops, sizeof(dops), "config");

    is_int(nvm_opus_track(&t, dops6, sizeof(dops6), NULL), NVM_OK, "5.1");
    is_int(t.channels, 6, "channels");
    is_mem(t.config, t.config_len, dops6, sizeof(dops6), "with its mapping");

    memcpy(mono, dops, sizeof(mono));
    mono[1] = 3;
    is_int(nvm_opus_track(&t, mono, sizeof(mono), NULL), NVM_EINVAL,
           "three channels without a mapping");
    mono[1] = 0;
    is_int(nvm_opus_track(&t, mono, sizeof(mono), NULL), NVM_EINVAL,
           "no channels");

    is_int(opus(0, 1), NVM_EUNSUP, "version 1");
    is_int(opus(13, 6), NVM_EINVAL, "a channel of no stream");
    is_int(opus(13, 255), NVM_OK, "a silent channel");
    is_int(opus(1, 7), NVM_ETRUNC, "more channels than mapped");

    for (i = 0, good = 0; i < sizeof(dops6); i++) {
        good += nvm_opus_track(&t, dops6, i, NULL) == NVM_OK;
    }

    is_int((long long) good, 0, "no shorter box is accepted");
}


static nvm_err_e
flac(size_t at, uint8_t value)
{
    uint8_t      bad[sizeof(dfla)];
    nvm_track_t  t = { 0 };

    memcpy(bad, dfla, sizeof(bad));
    bad[at] = value;

    return nvm_flac_track(&t, bad, sizeof(bad), NULL);
}


static void
test_flac(void)
{
    size_t       i, good;
    uint8_t      tagged[NVM_MAX_CONFIG + 1] = { 0 };
    nvm_track_t  t = { 0 };

    is_int(nvm_flac_track(&t, dfla, sizeof(dfla), NULL), NVM_OK, "track");
    is_int(t.codec, NVM_CODEC_FLAC, "codec");
    is_str(t.codecs, "fLaC", "codecs");
    ok(t.sample_rate == 48000 && t.timescale == 48000, "rate");
    is_int(t.channels, 2, "channels");
    is_int(t.depth, 16, "bits of a sample");
    is_mem(t.config, t.config_len, dfla, sizeof(dfla), "config");

    /* a second block follows: tags, of any length */

    memcpy(tagged, dfla, sizeof(dfla));
    tagged[4] = 0x00;
    tagged[sizeof(dfla)] = 0x84;
    is_int(nvm_flac_track(&t, tagged, NVM_MAX_CONFIG, NULL), NVM_OK,
           "tags that fit");
    is_mem(t.config, t.config_len, tagged, NVM_MAX_CONFIG, "are kept");
    is_int(nvm_flac_track(&t, tagged, sizeof(tagged), NULL), NVM_OK,
           "tags that don't");
    is_mem(t.config, t.config_len, dfla, sizeof(dfla),
           "are left out: STREAMINFO is the last block");

    is_int(flac(0, 1), NVM_EUNSUP, "version 1");
    is_int(flac(4, 0x84), NVM_EINVAL, "no STREAMINFO");
    is_int(flac(7, 0x21), NVM_EINVAL, "a STREAMINFO of 33 bytes");
    is_int(flac(20, 0xff), NVM_OK, "channels, bits");

    memcpy(tagged, dfla, sizeof(dfla));
    memset(tagged + 18, 0, 3);
    is_int(nvm_flac_track(&t, tagged, sizeof(dfla), NULL), NVM_EINVAL,
           "rate 0");
    memset(tagged + 18, 0xff, 4);
    (void) nvm_flac_track(&t, tagged, sizeof(dfla), NULL);
    ok(t.sample_rate == 1048575 && t.channels == 8 && t.depth == 32,
       "the greatest of all");

    for (i = 0, good = 0; i < sizeof(dfla); i++) {
        good += nvm_flac_track(&t, dfla, i, NULL) == NVM_OK;
    }

    is_int((long long) good, 0, "no shorter box is accepted");

    is_int(nvm_flac_entry_rate(44100), 44100, "rate in the sample entry");
    is_int(nvm_flac_entry_rate(96000), 48000, "half of it");
    is_int(nvm_flac_entry_rate(192000), 48000, "a quarter of it");
    is_int(nvm_flac_entry_rate(352800), 44100, "an eighth");
    is_int(nvm_flac_entry_rate(65537), 65535, "no half");
    is_int(nvm_flac_entry_rate(1048574), 65535, "a half that doesn't fit");
}


static void
test_mp3(void)
{
    nvm_fault_t  f = { 0 };
    nvm_track_t  t = { .sample_rate = 44100, .channels = 1, .config_len = 9 };

    is_int(nvm_mp3_track(&t, NULL, 0, NULL), NVM_OK, "track");
    is_int(t.codec, NVM_CODEC_MP3, "codec");
    is_int(t.kind, NVM_AUDIO, "kind");
    is_str(t.codecs, "mp4a.40.34", "codecs");
    is_int(t.timescale, 44100, "timescale");
    is_int(t.channels, 1, "channels");
    is_int(t.config_len, 0, "no configuration");

    t.channels = 0;
    (void) nvm_mp3_track(&t, NULL, 0, NULL);
    is_int(t.channels, 2, "two channels if the sample entry has no idea");

    t.codec = NVM_CODEC_NONE;
    t.sample_rate = 96000;
    is_int(nvm_mp3_track(&t, NULL, 0, &f), NVM_EUNSUP, "96 kHz");
    is_str(f.what, "no sampling frequency of MP3", "by name");
    is_int(t.codec, NVM_CODEC_NONE, "track is unchanged");
}


int
main(void)
{
    test_opus();
    test_flac();
    test_mp3();

    return done_testing();
}
