/*
 * Copyright (C) ngx_video authors
 *
 * AC-3 and E-AC-3: dac3 and dec3 as ffmpeg writes them, and by hand for what
 * it does not: dependent substreams, joint object coding.
 */

#include "bits.h"
#include "nvm_ac3.h"
#include "tap.h"


/* 5.1 at 48 kHz, 448 kbit/s, of both */
static const uint8_t  dac3[] = { 0x10, 0x3d, 0xe0 };
static const uint8_t  dec3[] = { 0x0e, 0x00, 0x20, 0x0f, 0x00 };


static nvm_ac3_t    ac3;
static nvm_fault_t  fault;


static nvm_err_e
dac3_parse(unsigned fscod, unsigned bsid, unsigned acmod, unsigned lfe)
{
    bits_begin();
    put(2, fscod);
    put(5, bsid);
    put(3, 0);
    put(3, acmod);
    put(1, lfe);
    put(10, 0);

    return nvm_dac3_parse(bits, bits_size(), &ac3, NULL);
}


/* loc: chan_loc; 0x200 for no dependent substream */
static void
substream(unsigned fscod, unsigned acmod, unsigned lfe, unsigned loc)
{
    put(2, fscod);
    put(5, 16);
    put(5, 0);
    put(3, acmod);
    put(1, lfe);
    put(3, 0);
    put(4, loc != 0x200);
    put(loc != 0x200 ? 9 : 1, loc & 0x1ff);
}


static nvm_err_e
dec3_parse(unsigned fscod, unsigned acmod, unsigned lfe, unsigned loc)
{
    bits_begin();
    put(16, 0);
    substream(fscod, acmod, lfe, loc);

    return nvm_dec3_parse(bits, bits_size(), &ac3, NULL);
}


static void
test_ac3(void)
{
    nvm_track_t  t = { 0 };

    static const struct {
        unsigned  map;
        unsigned  channels;
    } modes[] = {
        { 0xa000, 2 }, { 0x4000, 1 }, { 0xa000, 2 }, { 0xe000, 3 },
        { 0xa100, 3 }, { 0xe100, 4 }, { 0xb800, 4 }, { 0xf800, 5 }
    };

    for (unsigned i = 0; i < 8; i++) {
        is_int(dac3_parse(i % 3, 8, i, i & 1), NVM_OK, "acmod %u", i);
        is_int(ac3.map, modes[i].map | (i & 1), "map");
        is_int(ac3.channels, modes[i].channels + (i & 1), "channels");
        is_int(ac3.sample_rate, i % 3 == 0 ? 48000 : i % 3 == 1 ? 44100
               : 32000, "rate");
    }

    is_int(dac3_parse(3, 8, 2, 0), NVM_EINVAL, "reserved rate");
    is_int(dac3_parse(0, 16, 2, 0), NVM_EINVAL, "E-AC-3 in dac3");
    is_int(nvm_dac3_parse(dac3, 2, &ac3, NULL), NVM_ETRUNC, "two bytes");

    is_int(nvm_ac3_track(&t, dac3, sizeof(dac3), NULL), NVM_OK, "track");
    is_int(t.codec, NVM_CODEC_AC3, "codec");
    is_str(t.codecs, "ac-3", "codecs");
    ok(t.sample_rate == 48000 && t.timescale == 48000, "rate");
    is_int(t.channels, 6, "channels");
    is_mem(t.config, t.config_len, dac3, sizeof(dac3), "config");
}


static void
test_eac3(void)
{
    nvm_track_t  t = { 0 };

    is_int(nvm_eac3_track(&t, dec3, sizeof(dec3), NULL), NVM_OK, "track");
    is_int(t.codec, NVM_CODEC_EAC3, "codec");
    is_str(t.codecs, "ec-3", "codecs");
    ok(t.sample_rate == 48000 && t.timescale == 48000, "rate");
    is_int(t.channels, 6, "channels");
    is_int(t.joc, 0, "no objects");
    is_mem(t.config, t.config_len, dec3, sizeof(dec3), "config");

    /* a dependent substream: Lrs/Rrs make 7.1 of 5.1 */

    is_int(dec3_parse(0, 7, 1, 0x002), NVM_OK, "7.1");
    is_int(ac3.map, 0xfa01, "map");
    is_int(ac3.channels, 8, "channels");
    is_int(dec3_parse(0, 7, 1, 0x1ff), NVM_OK, "every location");
    is_int(ac3.map, 0xfffb, "all but Lts/Rts");
    is_int(ac3.channels, 6 + 2 + 2 + 1 + 1 + 2 + 2 + 2 + 1 + 1, "channels");

    bits_begin();
    put(13, 0);
    put(3, 1);
    substream(1, 2, 0, 0x200);
    substream(0, 7, 1, 0x200);
    is_int(nvm_dec3_parse(bits, bits_size(), &ac3, NULL), NVM_OK,
           "two programmes");
    ok(ac3.channels == 2 && ac3.sample_rate == 44100, "the first counts");
    is_int(nvm_dec3_parse(bits, 6, &ac3, &fault), NVM_ETRUNC,
           "the second is missing");
    is_str(fault.what, "AC-3 configuration is cut", "by name");

    /* half rates are told by the sample entry */

    is_int(dec3_parse(3, 2, 0, 0x200), NVM_OK, "half rate");
    is_int(ac3.sample_rate, 0, "which one is not told");
    t.sample_rate = 24000;
    is_int(nvm_eac3_track(&t, bits, bits_size(), NULL), NVM_OK, "24 kHz");
    is_int(t.sample_rate, 24000, "rate of the sample entry");
    t.sample_rate = 48000;
    is_int(nvm_eac3_track(&t, bits, bits_size(), NULL), NVM_EUNSUP,
           "48 kHz is no half rate");

    bits[2] |= 0x3e;
    is_int(nvm_dec3_parse(bits, bits_size(), &ac3, NULL), NVM_EINVAL,
           "bsid 31");
}


/* ETSI TS 103 420, 8.3 */
static void
test_joc(void)
{
    nvm_track_t  t = { 0 };

    static const unsigned  objects[][2] = {
        { 16, 16 }, { 12, 12 }, { 1, 1 }, { 0, 16 }, { 200, 16 }
    };

    for (size_t i = 0; i < 5; i++) {
        (void) dec3_parse(0, 7, 1, 0x200);
        put(7, 0);
        put(1, 1);
        put(8, objects[i][0]);
        is_int(nvm_eac3_track(&t, bits, bits_size(), NULL), NVM_OK,
               "complexity %u", objects[i][0]);
        is_int(t.joc, objects[i][1], "objects");
        is_int(t.channels, 6, "channels of the bed");
    }

    (void) dec3_parse(0, 7, 1, 0x200);
    put(16, 0x0010);
    is_int(nvm_eac3_track(&t, bits, bits_size(), NULL), NVM_OK, "no flag");
    is_int(t.joc, 0, "no objects");

    (void) dec3_parse(0, 7, 1, 0x200);
    put(8, 1);
    is_int(nvm_eac3_track(&t, bits, bits_size(), NULL), NVM_OK,
           "one byte of extension");
    is_int(t.joc, 0, "is none");
}


int
main(void)
{
    test_ac3();
    test_eac3();
    test_joc();

    return done_testing();
}
