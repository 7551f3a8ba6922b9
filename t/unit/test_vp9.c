/*
 * Copyright (C) ngx_video authors
 *
 * VP9: vpcC as ffmpeg writes it, and what may differ.
 */

#include "nvm_codec.h"
#include "nvm_vp9.h"
#include "tap.h"


/* libvpx-vp9: profile 0, level 1.1, 8 bits, colour unspecified */
static const uint8_t  vpcc[] = {
    0x01, 0x00, 0x00, 0x00, 0x00, 0x0b, 0x82, 0x02, 0x02, 0x02, 0x00, 0x00,
};

/* profile 2, 10 bits, BT.2020, PQ */
static const uint8_t  vpcc_hdr[] = {
    0x01, 0x00, 0x00, 0x00, 0x02, 0x0b, 0xa2, 0x09, 0x10, 0x09, 0x00, 0x00,
};


static nvm_err_e
damage(size_t at, uint8_t value)
{
    uint8_t      bad[sizeof(vpcc)];
    nvm_track_t  t = { .width = 320, .height = 180 };

    memcpy(bad, vpcc, sizeof(bad));
    bad[at] = value;

    return nvm_vp9_track(&t, bad, sizeof(bad), NULL);
}


int
main(void)
{
    size_t       i, good;
    uint8_t      usual[sizeof(vpcc)];
    nvm_vp9_t    v;
    nvm_track_t  t = { 0 };
    nvm_fault_t  f = { 0 };

    is_int(nvm_vp9_track(&t, vpcc, sizeof(vpcc), &f), NVM_EINVAL,
           "vpcC has no size");
    is_str(f.what, "VP9 without a size", "by name");
    is_int(t.codec, NVM_CODEC_NONE, "track is unchanged");

    t.width = 322;
    t.height = 182;
    is_int(nvm_vp9_track(&t, vpcc, sizeof(vpcc), NULL), NVM_OK, "profile 0");
    is_int(t.codec, NVM_CODEC_VP9, "codec");
    is_str(t.codecs, "vp09.00.11.08.01.02.02.02.00", "codecs");
    ok(t.width == 322 && t.height == 182, "size of the sample entry");
    is_int(t.depth, 8, "depth");
    is_int(t.transfer, 2, "transfer is told to be unspecified");
    is_mem(t.config, t.config_len, vpcc, sizeof(vpcc), "config");

    t.primaries = t.transfer = t.matrix = 0;
    is_int(nvm_vp9_track(&t, vpcc_hdr, sizeof(vpcc_hdr), NULL), NVM_OK,
           "profile 2");
    is_str(t.codecs, "vp09.02.11.10.01.09.16.09.00", "codecs");
    is_int(nvm_codec_range(&t), NVM_RANGE_PQ, "range");

    memcpy(usual, vpcc, sizeof(usual));
    usual[7] = usual[8] = usual[9] = 1;
    (void) nvm_vp9_track(&t, usual, sizeof(usual), NULL);
    is_str(t.codecs, "vp09.00.11.08", "the usual colour is left out");
    usual[6] = 0x83;
    (void) nvm_vp9_track(&t, usual, sizeof(usual), NULL);
    is_str(t.codecs, "vp09.00.11.08.01.01.01.01.01", "full range");
    usual[6] = 0x80;
    (void) nvm_vp9_track(&t, usual, sizeof(usual), NULL);
    is_str(t.codecs, "vp09.00.11.08.00.01.01.01.00", "chroma between lines");

    is_int(damage(0, 0), NVM_EUNSUP, "version 0");
    is_int(damage(4, 4), NVM_EINVAL, "profile 4");
    is_int(damage(6, 0x92), NVM_EINVAL, "9 bits");
    is_int(damage(6, 0x88), NVM_EINVAL, "subsampling 4");

    for (i = 0, good = 0; i < sizeof(vpcc); i++) {
        good += nvm_vpcc_parse(vpcc, i, &v, NULL) != NVM_ETRUNC;
    }

    is_int((long long) good, 0, "no shorter box is accepted");

    return done_testing();
}
