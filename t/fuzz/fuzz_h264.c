/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: the avcC with its SPS, an SPS alone, and an access unit in
 * each length size; the first byte chooses.
 */

#include "fuzz.h"
#include "nvm_h264.h"


static void
fuzz_sps(const uint8_t *data, size_t size)
{
    nvm_sps_t    sps;
    nvm_fault_t  f;

    memset(&f, 0, sizeof(f));

    if (nvm_sps_parse(data, size, &sps, &f) != NVM_OK) {
        require(f.code != NVM_OK && f.what != NULL && f.offset <= size);
        return;
    }

    require(sps.width >= 1 && sps.width <= UINT16_MAX);
    require(sps.height >= 1 && sps.height <= UINT16_MAX);
    require(sps.sar_num && sps.sar_den && sps.fps_den);
    require(sps.max_reorder <= 16);
}


static void
fuzz_track(const uint8_t *data, size_t size)
{
    nvm_fault_t  f;
    nvm_track_t  t, before;

    memset(&f, 0, sizeof(f));
    memset(&t, 0, sizeof(t));
    before = t;

    if (nvm_h264_track(&t, data, size, &f) != NVM_OK) {
        require(f.code != NVM_OK && f.what != NULL && f.offset <= size);
        require(memcmp(&t, &before, sizeof(t)) == 0);
        return;
    }

    require(t.width && t.height && strlen(t.codecs) == 11);
    require(t.config_len == size);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nvm_fault_t    f;
    nvm_h264_au_t  au;

    if (size == 0) {
        return 0;
    }

    switch (data[0] % 5) {

    case 0:
        fuzz_track(data + 1, size - 1);
        break;

    case 1:
        fuzz_sps(data + 1, size - 1);
        break;

    default:
        memset(&f, 0, sizeof(f));

        if (nvm_h264_scan(data + 1, size - 1, 1u << (data[0] % 5 - 2), &au,
                          &f)
            == NVM_OK)
        {
            require(au.nals >= 1 && au.slices <= au.nals);

        } else {
            require(f.code != NVM_OK && f.offset < size);
        }
    }

    return 0;
}
