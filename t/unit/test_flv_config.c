/*
 * Copyright (C) ngx_video authors
 *
 * Codec headers of Enhanced RTMP as the boxes have them, and tracks of those.
 */

#include <stdlib.h>

#include "bits.h"
#include "codec_records.h"
#include "nvm_flv.h"
#include "nvm_frame.h"
#include "tap.h"


/* What STREAMINFO begins at in dfLa, without its block header and with it. */
#define INFO   (record_dfla + 8)
#define BLOCK  (record_dfla + 4)


static uint8_t         out[NVM_MAX_CONFIG];
static const uint8_t  *config;
static size_t          len;
static nvm_fault_t     fault;
static nvm_track_t     track;


/* Reads a header from a block of its exact size, so that ASan watches it. */
static nvm_err_e
header(nvm_codec_e codec, const void *data, size_t n)
{
    uint8_t    *copy;
    nvm_err_e   rc;

    memset(&fault, 0, sizeof(fault));
    copy = malloc(n ? n : 1);
    memcpy(copy, data, n);

    rc = nvm_flv_config(codec, copy, n, out, &config, &len, &fault);

    ok((rc == NVM_OK) == (fault.what == NULL) && fault.offset <= n,
       "a fault for an error alone, in the header");

    if (rc == NVM_OK && config == copy) {
        is_int(len, n, "the header as it is");
        memcpy(out, copy, n);
        config = out;
    }

    free(copy);

    return rc;
}


static nvm_err_e
make_track(nvm_codec_e codec, const uint8_t *data, size_t n)
{
    memset(&fault, 0, sizeof(fault));

    return nvm_frame_track(&track, codec, config, len, data, n, &fault);
}


/* RFC 7845, 5.1: stereo, pre-skip 312, 44.1 kHz, a gain of -2 */
static const uint8_t  opus_head[] = {
    'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2, 0x38, 0x01,
    0x44, 0xac, 0, 0, 0xfe, 0xff, 0
};

/* 5.1, four streams of which two are of a pair (mapping family 1) */
static const uint8_t  opus_surround[] = {
    'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 6, 0x38, 0x01,
    0x80, 0xbb, 0, 0, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5
};


static void
test_opus(void)
{
    size_t  n;

    is_int(header(NVM_CODEC_OPUS, opus_head, sizeof(opus_head)), NVM_OK,
           "OpusHead");
    is_mem(config, len, ((const uint8_t []) { 0, 2, 0x01, 0x38, 0, 0, 0xac,
                                              0x44, 0xff, 0xfe, 0 }), 11,
           "has its bytes the other way round");
    is_int(make_track(NVM_CODEC_OPUS, NULL, 0), NVM_OK, "a track of it");
    is_int(track.channels, 2, "its channels");

    is_int(header(NVM_CODEC_OPUS, opus_surround, sizeof(opus_surround)),
           NVM_OK, "mapping family 1");
    is_mem(config, len, ((const uint8_t []) { 0, 6, 0x01, 0x38, 0, 0, 0xbb,
                                              0x80, 0, 0, 1, 4, 2, 0, 4, 1, 2,
                                              3, 5 }), 19,
           "keeps its table");
    is_int(make_track(NVM_CODEC_OPUS, NULL, 0), NVM_OK, "a track of it");
    is_int(track.channels, 6, "its channels");

    is_int(header(NVM_CODEC_OPUS, record_dops, sizeof(record_dops)), NVM_OK,
           "dOps");
    is_mem(config, len, record_dops, sizeof(record_dops), "stays as it is");

    for (n = 8; n < 19; n++) {
        is_int(header(NVM_CODEC_OPUS, opus_head, n), NVM_ETRUNC,
               "OpusHead of %zu bytes", n);
    }

    /* what is no OpusHead is for dOps to judge */
    is_int(header(NVM_CODEC_OPUS, opus_head, 7), NVM_OK, "half a name");
    ok(make_track(NVM_CODEC_OPUS, NULL, 0) != NVM_OK, "is no track");

    for (n = 19; n < sizeof(opus_surround); n++) {
        (void) header(NVM_CODEC_OPUS, opus_surround, n);
        is_int(make_track(NVM_CODEC_OPUS, NULL, 0), NVM_ETRUNC, "cut table");
    }
}


static void
test_opus_versions(void)
{
    unsigned  version;
    uint8_t   head[sizeof(opus_head)];

    memcpy(head, opus_head, sizeof(head));

    for (version = 0; version < 32; version++) {
        head[8] = (uint8_t) version;
        is_int(header(NVM_CODEC_OPUS, head, sizeof(head)),
               version < 16 ? NVM_OK : NVM_EUNSUP, "version %u", version);
    }
}


static void
test_flac(void)
{
    size_t  n;

    bits_begin();
    put_bytes("fLaC", 4);
    put_bytes(BLOCK, 38);
    is_int(header(NVM_CODEC_FLAC, bits, 42), NVM_OK, "fLaC and STREAMINFO");
    is_mem(config, len, record_dfla, 42, "are dfLa");
    is_int(make_track(NVM_CODEC_FLAC, NULL, 0), NVM_OK, "a track of it");
    is_int(track.sample_rate, 96000, "its rate");

    is_int(header(NVM_CODEC_FLAC, BLOCK, 38), NVM_OK, "the block alone");
    is_mem(config, len, record_dfla, 42, "is dfLa");
    is_int(header(NVM_CODEC_FLAC, INFO, 34), NVM_OK, "STREAMINFO alone");
    is_mem(config, len, record_dfla, 42, "is dfLa");
    is_int(header(NVM_CODEC_FLAC, record_dfla, 42), NVM_OK, "dfLa");
    is_mem(config, len, record_dfla, 42, "stays as it is");

    /* a second block, of 4 bytes of padding */
    bits_begin();
    put_bytes("fLaC", 4);
    put_bytes(BLOCK, 38);
    put_bytes("\x81\0\0\4\0\0\0\0", 8);
    bits[4] = 0;
    is_int(header(NVM_CODEC_FLAC, bits, bits_size()), NVM_OK, "two blocks");
    is_mem(config + 4, len - 4, bits + 4, bits_size() - 4, "are both kept");
    is_int(header(NVM_CODEC_FLAC, bits + 4, bits_size() - 4), NVM_OK,
           "without fLaC");
    is_mem(config + 4, len - 4, bits + 4, bits_size() - 4, "they are, too");

    for (n = 0; n < 42; n++) {
        if (header(NVM_CODEC_FLAC, bits, n) == NVM_OK) {
            ok(make_track(NVM_CODEC_FLAC, NULL, 0) != NVM_OK,
               "%zu bytes are no track", n);
        }
    }
}


/* A picture behind STREAMINFO. */
static void
test_flac_long(void)
{
    uint8_t  blocks[4 + 38 + NVM_MAX_CONFIG] = "fLaC";

    memcpy(blocks + 4, BLOCK, 38);
    blocks[4] = 0;

    is_int(header(NVM_CODEC_FLAC, blocks, sizeof(blocks)), NVM_OK,
           "long blocks");
    is_mem(config, len, record_dfla, 42, "leave STREAMINFO");
    is_int(header(NVM_CODEC_FLAC, blocks, NVM_MAX_CONFIG), NVM_OK,
           "of just this length");
    is_int(len, NVM_MAX_CONFIG, "they stay");
    is_int(header(NVM_CODEC_FLAC, blocks, NVM_MAX_CONFIG + 1), NVM_OK,
           "one byte more");
    is_mem(config, len, record_dfla, 42, "is STREAMINFO again");

    blocks[7] = 33;
    is_int(header(NVM_CODEC_FLAC, blocks, sizeof(blocks)), NVM_ELIMIT,
           "long blocks without it are too long");
}


/* Version and flags are put before a record that has none. */
static void
test_vp9(void)
{
    is_int(header(NVM_CODEC_VP9, record_vpcc, sizeof(record_vpcc)), NVM_OK,
           "vpcC");
    is_mem(config, len, record_vpcc, sizeof(record_vpcc), "stays as it is");
    is_int(header(NVM_CODEC_VP9, record_vpcc + 4, sizeof(record_vpcc) - 4),
           NVM_OK, "without version");
    is_mem(config, len, record_vpcc, sizeof(record_vpcc), "it has one then");
    is_int(make_track(NVM_CODEC_VP9, NULL, 0), NVM_ENOENT,
           "a track of it waits for a frame");

    is_int(header(NVM_CODEC_VP9, record_vpcc + 4, 3), NVM_OK, "3 bytes");
    is_int(make_track(NVM_CODEC_VP9, (const uint8_t []) {
                          0x82, 0x49, 0x83, 0x42, 0, 0, 0, 0, 0 }, 9),
           NVM_ETRUNC, "are no track");
}


static void
test_others(void)
{
    static uint8_t  large[NVM_MAX_CONFIG + 1];

    is_int(header(NVM_CODEC_H264, record_avcc, sizeof(record_avcc)), NVM_OK,
           "avcC is what the box has");
    is_mem(config, len, record_avcc, sizeof(record_avcc), "as it is");

    is_int(header(NVM_CODEC_OPUS, large, NVM_MAX_CONFIG), NVM_OK,
           "the longest header");
    is_int(header(NVM_CODEC_OPUS, large, NVM_MAX_CONFIG + 1), NVM_ELIMIT,
           "one that is too long");
    is_int(header(NVM_CODEC_VP9, large, NVM_MAX_CONFIG - 3), NVM_ELIMIT,
           "or is with its version");
    is_int(header(NVM_CODEC_FLAC, large + 1, NVM_MAX_CONFIG), NVM_OK,
           "dfLa of that length");
    large[0] = 1;
    is_int(header(NVM_CODEC_FLAC, large, NVM_MAX_CONFIG), NVM_ELIMIT,
           "and blocks");
}


int
main(void)
{
    test_opus();
    test_opus_versions();
    test_flac();
    test_flac_long();
    test_vp9();
    test_others();

    return done_testing();
}
