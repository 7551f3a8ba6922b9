/*
 * Copyright (C) ngx_video authors
 *
 * AudioSpecificConfig.  Records are written bit by bit, so that a reader can
 * compare them with ISO/IEC 14496-3, 1.6.2.1.
 */

#include "nvm_aac.h"
#include "tap.h"


static uint8_t      buf[64];
static size_t       nbits;
static nvm_aac_t    aac;
static nvm_fault_t  fault;


/* Appends pairs of a width in bits and a value; a width of zero ends. */
static void
bits(const unsigned *p)
{
    memset(buf, 0, sizeof(buf));
    nbits = 0;

    for (; p[0]; p += 2) {
        for (unsigned i = p[0]; i > 0; i--, nbits++) {
            buf[nbits / 8] |= (uint8_t) ((p[1] >> (i - 1) & 1)
                                         << (7 - nbits % 8));
        }
    }
}


static nvm_err_e
parse(const unsigned *p)
{
    bits(p);
    memset(&fault, 0, sizeof(fault));

    return nvm_aac_parse(buf, (nbits + 7) / 8, &aac, &fault);
}

#define PARSE(...)  parse((const unsigned []) { __VA_ARGS__, 0, 0 })


static void
test_lc(void)
{
    is_int(PARSE(5, 2, 4, 4, 4, 2, 3, 0), NVM_OK, "LC 44.1 kHz stereo");
    is_int(aac.sample_rate, 44100, "rate");
    is_int(aac.output_rate, 44100, "rate of the output");
    is_int(aac.channels, 2, "channels");
    is_int(aac.object_type, 2, "object type");
    is_int(aac.samples_per_frame, 1024, "samples of a frame");
    is_int(aac.sbr, 0, "no SBR");

    is_int(PARSE(5, 2, 4, 3, 4, 7, 3, 0), NVM_OK, "LC 48 kHz 7.1");
    is_int(aac.channels, 8, "eight channels");
    is_int(PARSE(5, 2, 4, 3, 4, 11, 3, 0), NVM_OK, "LC 48 kHz 6.1");
    is_int(aac.channels, 7, "seven channels");

    is_int(PARSE(5, 2, 4, 15, 24, 37800, 4, 1, 3, 0), NVM_OK, "any rate");
    is_int(aac.sample_rate, 37800, "explicit rate");

    is_int(PARSE(5, 2, 4, 15, 24, 0, 4, 1, 3, 0), NVM_EINVAL, "rate 0");
    is_int(PARSE(5, 2, 4, 15, 24, 0xffffff, 4, 1, 3, 0), NVM_EINVAL,
           "rate over the limit");
    is_int(PARSE(5, 2, 4, 13, 4, 1, 3, 0), NVM_EINVAL, "reserved rate");
    is_int(PARSE(5, 2, 4, 4, 4, 8, 3, 0), NVM_EINVAL, "reserved channels");
    is_int(PARSE(5, 2, 4, 4, 4, 2, 3, 4), NVM_EUNSUP, "960 samples");
    is_str(fault.what, "AAC with frames of 960 samples", "by name");
    is_int(PARSE(5, 2, 4, 4, 4, 2, 3, 2), NVM_EUNSUP, "core coder");
    is_int(PARSE(5, 1, 4, 4, 4, 2, 3, 0), NVM_EUNSUP, "AAC Main");
    is_int(PARSE(5, 31, 6, 10, 4, 4, 4, 2, 3, 0), NVM_EUNSUP, "USAC (42)");
    is_int(PARSE(5, 2, 3, 0), NVM_ETRUNC, "one byte");
    is_int(nvm_aac_parse(buf, 0, &aac, NULL), NVM_ETRUNC, "no byte");
}


static void
test_he(void)
{
    is_int(PARSE(5, 5, 4, 6, 4, 2, 4, 3, 5, 2, 3, 0), NVM_OK, "HE-AAC");
    is_int(aac.sample_rate, 24000, "core rate");
    is_int(aac.output_rate, 48000, "rate of the output");
    is_int(aac.object_type, 5, "object type");
    ok(aac.sbr && !aac.ps, "SBR without PS");

    is_int(PARSE(5, 29, 4, 7, 4, 1, 4, 4, 5, 2, 3, 0), NVM_OK, "HE-AAC v2");
    is_int(aac.sample_rate, 22050, "core rate");
    is_int(aac.channels, 2, "stereo of a mono core");
    is_int(aac.object_type, 29, "object type");
    ok(aac.sbr && aac.ps, "SBR and PS");

    is_int(PARSE(5, 5, 4, 6, 4, 2, 4, 15, 24, 48000, 5, 2, 3, 0), NVM_OK,
           "HE-AAC with explicit rate");
    is_int(aac.output_rate, 48000, "rate of the output");
    is_int(PARSE(5, 5, 4, 6, 4, 2, 4, 3, 5, 22, 4, 0, 3, 0), NVM_EUNSUP,
           "HE-AAC over BSAC");

    is_int(PARSE(5, 2, 4, 6, 4, 1, 3, 0, 11, 0x2b7, 5, 5, 1, 1, 4, 3, 11,
                 0x548, 1, 1), NVM_OK, "SBR and PS appended");
    is_int(aac.object_type, 2, "object type is LC");
    is_int(aac.output_rate, 48000, "rate of the output");
    ok(aac.sbr && aac.ps && aac.channels == 2, "SBR, PS, stereo");

    is_int(PARSE(5, 2, 4, 3, 4, 2, 3, 0, 11, 0x2b7, 5, 5, 1, 0), NVM_OK,
           "no SBR, said explicitly (FFmpeg)");
    is_int(aac.sbr, 0, "no SBR");
    is_int(PARSE(5, 2, 4, 3, 4, 2, 3, 0, 11, 0x2b7, 5, 5, 1, 1, 4, 15),
           NVM_OK, "cut extension is ignored");
    is_int(aac.output_rate, 48000, "and changes nothing");
}


static void
test_pce(void)
{
    /* 5.1: front single and pair, back pair, one LFE; a comment of 2 bytes */
    is_int(PARSE(5, 2, 4, 3, 4, 0, 3, 0,
                 4, 0, 2, 1, 4, 3, 4, 2, 4, 0, 4, 1, 2, 1, 3, 0, 4, 0,
                 1, 0, 1, 0, 1, 0, 5, 0, 5, 16, 5, 17, 4, 0,
                 7, 0, 8, 2, 8, 'h', 8, 'i'), NVM_OK,
           "program config element");
    is_int(aac.channels, 6, "six channels");
    is_int(aac.channel_config, 0, "of configuration 0");

    is_int(PARSE(5, 2, 4, 3, 4, 0, 3, 0, 4, 0, 2, 1, 4, 3, 4, 15), NVM_ETRUNC,
           "cut element");
    is_int(PARSE(5, 2, 4, 3, 4, 0, 3, 0,
                 10, 0, 12, 0, 2, 0, 3, 0, 4, 0, 3, 0, 8, 0, 8, 0), NVM_EINVAL,
           "element without channels");
}


static void
test_track(void)
{
    uint8_t      long_config[NVM_MAX_CONFIG + 1] = { 0x12, 0x10 };
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    bits((const unsigned []) { 5, 2, 4, 3, 4, 2, 3, 0, 0, 0 });

    is_int(nvm_aac_track(&t, buf, 2, NULL), NVM_OK, "track");
    is_int(t.kind, NVM_AUDIO, "kind");
    is_int(t.codec, NVM_CODEC_AAC, "codec");
    is_int(t.timescale, 48000, "timescale");
    is_int(t.channels, 2, "channels");
    is_str(t.codecs, "mp4a.40.2", "codecs");
    is_mem(t.config, t.config_len, "\x11\x90", 2, "config");

    bits((const unsigned []) { 5, 29, 4, 6, 4, 1, 4, 3, 5, 2, 3, 0, 0, 0 });
    is_int(nvm_aac_track(&t, buf, 4, NULL), NVM_OK, "HE-AAC v2 track");
    is_str(t.codecs, "mp4a.40.29", "codecs");
    is_int(t.timescale, 24000, "timescale is the core's");

    bits((const unsigned []) { 5, 5, 4, 6, 4, 2, 4, 3, 5, 2, 3, 0, 0, 0 });
    is_int(nvm_aac_track(&t, buf, 4, NULL), NVM_OK, "HE-AAC track");
    is_str(t.codecs, "mp4a.40.5", "codecs");

    /* appended, for decoders that know no better than AAC LC */

    bits((const unsigned []) { 5, 2, 4, 6, 4, 2, 3, 0, 11, 0x2b7, 5, 5, 1, 1,
                               4, 3, 0, 0 });
    is_int(nvm_aac_track(&t, buf, 5, NULL), NVM_OK, "SBR appended");
    is_str(t.codecs, "mp4a.40.5", "codecs");
    bits((const unsigned []) { 5, 2, 4, 6, 4, 1, 3, 0, 11, 0x2b7, 5, 5, 1, 1,
                               4, 3, 11, 0x548, 1, 1, 0, 0 });
    is_int(nvm_aac_track(&t, buf, 7, NULL), NVM_OK, "SBR and PS appended");
    is_str(t.codecs, "mp4a.40.29", "codecs");
    bits((const unsigned []) { 5, 2, 4, 3, 4, 2, 3, 0, 11, 0x2b7, 5, 5, 1, 0,
                               0, 0 });
    is_int(nvm_aac_track(&t, buf, 5, NULL), NVM_OK, "no SBR, said explicitly");
    is_str(t.codecs, "mp4a.40.2", "codecs");

    is_int(nvm_aac_track(&t, long_config, sizeof(long_config), NULL),
           NVM_ELIMIT, "too long");
    is_int(nvm_aac_track(&t, long_config, 1, NULL), NVM_ETRUNC, "too short");
    is_str(t.codecs, "mp4a.40.2", "unchanged after an error");
    is_int(nvm_aac_track(&t, long_config, NVM_MAX_CONFIG, NULL), NVM_OK,
           "trailing bytes are kept");
    is_int(t.config_len, NVM_MAX_CONFIG, "all of them");
}


int
main(void)
{
    test_lc();
    test_he();
    test_pce();
    test_track();

    return done_testing();
}
