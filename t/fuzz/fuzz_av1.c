/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: av1C with its OBUs; the first two bytes are what a colr box
 * would have said.
 */

#include "fuzz.h"
#include "nvm_av1.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nvm_fault_t  f;
    nvm_track_t  t, before;

    if (size < 2) {
        return 0;
    }

    memset(&f, 0, sizeof(f));
    memset(&t, 0, sizeof(t));
    t.primaries = data[0];
    t.transfer = data[1];
    t.matrix = data[0];
    t.width = data[1];
    t.height = 1;
    before = t;

    if (nvm_av1_track(&t, data + 2, size - 2, &f) != NVM_OK) {
        require(f.code != NVM_OK && f.what != NULL && f.offset <= size - 2);
        require(memcmp(&t, &before, sizeof(t)) == 0);
        return 0;
    }

    require(t.width && t.height && t.fps_den);
    require(t.depth == 8 || t.depth == 10 || t.depth == 12);
    require(t.config_len == size - 2);
    require(strncmp(t.codecs, "av01.", 5) == 0
            && (strlen(t.codecs) == 13 || strlen(t.codecs) >= 30));

    return 0;
}
