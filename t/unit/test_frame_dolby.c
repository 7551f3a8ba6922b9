/*
 * Copyright (C) ngx_video authors
 *
 * Frames of AC-3 and E-AC-3: how long they last, and the tracks that are made
 * of them.
 */

#include "frame_env.h"


static nvm_err_e
parse(nvm_codec_e codec, const uint8_t *data, size_t n)
{
    return parse_kind(NVM_AUDIO, codec, data, n);
}


/* syncinfo and bsi of AC-3 (ETSI TS 102 366, 4.3) */
static void
ac3(unsigned fscod, unsigned code, unsigned acmod, unsigned lfeon)
{
    bits_begin();
    put(16, 0x0b77);
    put(16, 0x1234);                    /* crc1 */
    put(2, fscod);
    put(6, code << 1);
    put(5, 8);                          /* bsid */
    put(3, 1);                          /* bsmod */
    put(3, acmod);

    if ((acmod & 1) && acmod != 1) {
        put(2, 3);
    }

    if (acmod & 4) {
        put(2, 3);
    }

    if (acmod == 2) {
        put(2, 3);
    }

    put(1, lfeon);
    put(7, 0x7f);
}


static void
test_ac3_one(unsigned fscod, unsigned acmod, unsigned lfeon)
{
    uint8_t  want[3];

    static const uint32_t  rates[] = { 48000, 44100, 32000 };
    static const unsigned  channels[] = { 2, 1, 2, 3, 3, 4, 4, 5 };

    /* F.4 */
    bits_begin();
    put(2, fscod);
    put(5, 8);
    put(3, 1);
    put(3, acmod);
    put(1, lfeon);
    put(5, 15);
    put(5, 0);
    memcpy(want, bits, 3);

    ac3(fscod, 15, acmod, lfeon);
    is_int(parse(NVM_CODEC_AC3, bits, bits_size()), NVM_OK,
           "AC-3, fscod %u, acmod %u, lfeon %u", fscod, acmod, lfeon);
    is_int(frame.duration, 1536, "its duration");
    is_int(nvm_frame_track(&track, NVM_CODEC_AC3, NULL, 0, bits, bits_size(),
                           &fault), NVM_OK, "a track of it");
    is_int(track.sample_rate, rates[fscod], "its rate");
    is_int(track.channels, channels[acmod] + lfeon, "its channels");
    is_mem(track.config, track.config_len, want, 3, "its dac3");
}


static void
test_ac3(void)
{
    unsigned  i;

    for (i = 0; i < 3 * 8 * 2; i++) {
        test_ac3_one(i / 16, i / 2 % 8, i & 1);
    }

    ac3(3, 15, 2, 0);
    is_int(parse(NVM_CODEC_AC3, bits, bits_size()), NVM_EINVAL,
           "reserved rate");
    is_int(nvm_frame_track(&track, NVM_CODEC_AC3, NULL, 0, bits, bits_size(),
                           &fault), NVM_EINVAL, "no track of it");
    is_int(PARSE(AC3, 0x0b, 0x78, 0, 0, 0, 0x40, 0x40, 0), NVM_EINVAL,
           "no sync word");
    is_int(PARSE(AC3, 0x0b), NVM_ETRUNC, "cut sync word");

    for (i = 1; i < 7; i++) {
        ac3(0, 15, 7, 1);
        is_int(parse(NVM_CODEC_AC3, bits, i), NVM_ETRUNC, "%u bytes", i);
    }
}


/* A syncframe of E-AC-3 (E.1.2) and its bytes. */
typedef struct {
    unsigned  type, id, size, fscod, half, acmod, lfeon, map;
} eac3_t;


static void
eac3(const eac3_t *e)
{
    size_t  end;

    end = nbits + e->size * 8;

    put(16, 0x0b77);
    put(2, e->type);
    put(3, e->id);
    put(11, e->size / 2 - 1);
    put(2, e->fscod);
    put(2, e->half);
    put(3, e->acmod);
    put(1, e->lfeon);
    put(5, 16);
    put(5, 31);                         /* dialnorm */
    put(1, 1);
    put(8, 0x55);                       /* compr */

    if (e->acmod == 0) {
        put(5, 31);
        put(1, 1);
        put(8, 0x55);
    }

    if (e->type == 1) {
        put(1, e->map != 0);
        put(e->map ? 16 : 0, e->map);
    }

    nbits = end;
}


static nvm_err_e
eac3_track(void)
{
    memset(&fault, 0, sizeof(fault));

    return nvm_frame_track(&track, NVM_CODEC_EAC3, NULL, 0, bits, bits_size(),
                           &fault);
}


/* Rates, blocks; half rates, which have six. */
static void
test_eac3_rates(void)
{
    eac3_t    e = { 0, 0, 64, 0, 0, 2, 0, 0 };
    unsigned  i;

    static const uint32_t  rates[] = { 48000, 44100, 32000 };
    static const uint32_t  blocks[] = { 1, 2, 3, 6 };

    for (i = 0; i < 12; i++) {
        e.fscod = i / 4;
        e.half = i % 4;
        bits_begin();
        eac3(&e);

        is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_OK, "%u blocks",
               blocks[i % 4]);
        is_int(frame.duration, blocks[i % 4] * 256, "its duration");
        is_int(eac3_track(), NVM_OK, "a track of it");
        is_int(track.sample_rate, rates[i / 4], "its rate");
    }

    e.fscod = 3;

    for (i = 0; i < 3; i++) {
        e.half = i;
        bits_begin();
        eac3(&e);

        is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_OK, "half rate");
        is_int(frame.duration, 1536, "its duration");
        is_int(eac3_track(), NVM_OK, "a track of it");
        is_int(track.sample_rate, rates[i] / 2, "its rate");
        is_int(track.timescale, rates[i] / 2, "and its timescale");
    }

    e.half = 3;
    bits_begin();
    eac3(&e);
    is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_EINVAL, "reserved");
}


/* F.6: one independent substream, and what depends on it */
static void
test_eac3_box(void)
{
    uint8_t  want[6];
    eac3_t   e = { 0, 0, 768, 0, 3, 7, 1, 0 };
    eac3_t   d = { 1, 0, 256, 0, 3, 2, 0, 0x0400 | 0x0008 | 0x0002 };
    eac3_t   other = { 0, 1, 64, 0, 3, 2, 0, 0 };

    bits_begin();
    eac3(&e);
    is_int(eac3_track(), NVM_OK, "5.1");
    is_mem(track.config, track.config_len,
           ((const uint8_t []) { 0x06, 0x00, 0x20, 0x0f, 0x00 }), 5,
           "192 kbit/s");
    is_int(track.channels, 6, "six channels");

    bits_begin();
    put(13, 256);                       /* kbit/s */
    put(3, 0);
    put(2, 0);
    put(5, 16);
    put(5, 0);
    put(3, 7);
    put(1, 1);
    put(3, 0);
    put(4, 1);                          /* num_dep_sub */
    put(9, 0x181);                      /* Lc/Rc, Cvh, LFE2 */
    memcpy(want, bits, 6);

    bits_begin();
    eac3(&e);
    eac3(&d);
    is_int(eac3_track(), NVM_OK, "with a dependent substream");
    is_mem(track.config, track.config_len, want, 6, "which dec3 has");
    is_int(track.channels, 10, "and its channels");
    is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_OK, "as a frame");
    is_int(frame.duration, 1536, "it is no longer");

    /* what depends on another programme is not ours */
    bits_begin();
    eac3(&e);
    eac3(&other);
    eac3(&d);
    is_int(eac3_track(), NVM_OK, "two programmes");
    is_int(track.channels, 6, "the first is ours");
    is_int(track.config_len, 5, "nothing depends on it");
    is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_OK, "as a frame");
    is_int(frame.duration, 1536, "they last at the same time");
}


/* A packet is six blocks, in as many syncframes as that takes. */
static void
test_eac3_packets(void)
{
    unsigned  i;
    eac3_t    e = { 0, 0, 128, 0, 0, 7, 1, 0 };
    eac3_t    d = { 1, 0, 64, 0, 0, 2, 0, 0x0200 };

    bits_begin();

    for (i = 0; i < 6; i++) {
        eac3(&e);
        eac3(&d);
    }

    is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_OK,
           "six syncframes of one block");
    is_int(frame.duration, 1536, "last as long as one of six");
    is_int(eac3_track(), NVM_OK, "a track of them");
    is_int(track.config_len, 6, "with what depends");
    is_int(track.config[4] >> 1 & 15, 1, "of which there is one");
    is_int((track.config[0] << 8 | track.config[1]) >> 3, 288, "kbit/s");

    put_bytes("trash", 5);
    is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_OK, "and trash");
    is_int(frame.duration, 1536, "lasts no time");

    bits_begin();
    e.size = 8;

    for (i = 0; i < 96; i++) {
        eac3(&e);
    }

    is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_OK, "96 of them");
    eac3(&e);
    is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_ELIMIT, "one more");

    bits_begin();
    eac3(&d);
    is_int(parse(NVM_CODEC_EAC3, bits, bits_size()), NVM_EINVAL,
           "a dependent one alone");
    is_int(eac3_track(), NVM_EINVAL, "is no track");

    for (i = 1; i < 7; i++) {
        is_int(parse(NVM_CODEC_EAC3, bits, i), NVM_ETRUNC, "%u bytes", i);
    }
}


/* Which of the two formats a syncframe is of, its bsid tells. */
static void
test_bsid(void)
{
    unsigned  bsid;

    for (bsid = 0; bsid < 32; bsid++) {
        ac3(0, 15, 2, 0);
        bits[5] = (uint8_t) (bsid << 3 | 1);

        is_int(parse(NVM_CODEC_AC3, bits, bits_size()),
               bsid <= 10 ? NVM_OK : NVM_EINVAL, "AC-3 of bsid %u", bsid);
        is_int(parse(NVM_CODEC_EAC3, bits, bits_size()),
               bsid > 10 && bsid <= 16 ? NVM_OK : NVM_EINVAL, "E-AC-3 of it");
    }
}


int
main(void)
{
    test_ac3();
    test_eac3_rates();
    test_eac3_box();
    test_eac3_packets();
    test_bsid();

    return done_testing();
}
