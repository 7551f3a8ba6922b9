/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: names of silence, as URLs have them.  What is a name has a frame
 * and a file, and is called so.
 */

#include "fuzz.h"
#include "nvm_silence.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char          name[NVM_SILENCE_NAME];
    uint8_t       frame[NVM_SILENCE_FRAME];
    uint32_t      duration;
    uint64_t      claimed;
    nvm_track_t   t, again;
    nvm_writer_t  w;

    if (nvm_silence_track((const char *) data, size, &t) != NVM_OK) {
        return 0;
    }

    require(nvm_silence_frame(&t, frame, &duration) > 0);
    require(duration > 0 && t.timescale > 0);

    require(nvm_silence_name(&t, name) == NVM_OK);
    require(nvm_silence_track(name, strlen(name), &again) == NVM_OK);
    require(memcmp(&t, &again, sizeof(t)) == 0);

    nvm_writer_init(&w, NULL, 0);
    require(nvm_silence_write(&w, &t, 60000, &claimed) == NVM_OK);
    require(claimed > w.len && w.len < 65536);

    return 0;
}
