/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: AudioSpecificConfig.
 */

#include "fuzz.h"
#include "nvm_aac.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nvm_fault_t  f;
    nvm_track_t  t, before;

    memset(&f, 0, sizeof(f));
    memset(&t, 0, sizeof(t));
    before = t;

    if (nvm_aac_track(&t, data, size, &f) != NVM_OK) {
        require(f.code != NVM_OK && f.what != NULL && f.offset <= size);
        require(memcmp(&t, &before, sizeof(t)) == 0);
        return 0;
    }

    require(t.timescale >= 1 && t.timescale == t.sample_rate);
    require(t.channels >= 1 && t.channels <= 3 + 2 * 45);
    require(strncmp(t.codecs, "mp4a.40.", 8) == 0);
    require(t.config_len == size);

    return 0;
}
