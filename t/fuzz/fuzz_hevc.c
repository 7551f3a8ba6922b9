/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: the hvcC with its SPS, and an SPS alone; the first byte
 * chooses, and whether the entry is hev1.
 */

#include "fuzz.h"
#include "nvm_codec.h"
#include "nvm_hevc.h"


static void
fuzz_sps(const uint8_t *data, size_t size)
{
    nvm_fault_t     f;
    nvm_hevc_sps_t  sps;

    memset(&f, 0, sizeof(f));

    if (nvm_hevc_sps_parse(data, size, &sps, &f) != NVM_OK) {
        require(f.code != NVM_OK && f.what != NULL && f.offset <= size);
        return;
    }

    require(sps.width >= 1 && sps.width <= UINT16_MAX);
    require(sps.height >= 1 && sps.height <= UINT16_MAX);
    require(sps.sar_num && sps.sar_den && sps.fps_den);
    require(sps.bit_depth >= 8 && sps.bit_depth <= 16);
}


static void
fuzz_track(const uint8_t *data, size_t size, uint32_t entry)
{
    nvm_fault_t  f;
    nvm_track_t  t, before, again;

    memset(&f, 0, sizeof(f));
    memset(&t, 0, sizeof(t));
    t.entry = entry;
    t.width = 640;
    t.height = 360;
    before = t;

    if (nvm_hevc_track(&t, data, size, &f) != NVM_OK) {
        require(f.code != NVM_OK && f.what != NULL && f.offset <= size);
        require(memcmp(&t, &before, sizeof(t)) == 0);
        return;
    }

    require(t.width && t.height && t.depth);
    require(memchr(t.codecs, 0, sizeof(t.codecs)) != NULL);
    require(size > NVM_MAX_CONFIG ? t.config_len < size
                                  : t.config_len == size);

    /* what is left of a record says the same */

    again = before;
    require(nvm_hevc_track(&again, t.config, t.config_len, &f) == NVM_OK);
    require(memcmp(&t, &again, sizeof(t)) == 0);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }

    switch (data[0] % 3) {

    case 0:
        fuzz_track(data + 1, size - 1, 0);
        break;

    case 1:
        fuzz_track(data + 1, size - 1, NVM_FOURCC('h', 'e', 'v', '1'));
        break;

    default:
        fuzz_sps(data + 1, size - 1);
    }

    return 0;
}
