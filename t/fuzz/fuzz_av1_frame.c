/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: samples of AV1, one after another: the first byte of each is
 * its length in units of 4 bytes; 0 is an av1C of 64.  Tiles lie in the
 * sample, in order, and not in each other; an error leaves the state as it
 * was, and with less room there are no tiles at all.
 */

#include "fuzz.h"
#include "nvm_av1_frame.h"


#define MAX_TILES  512


static void
fuzz_error(const nvm_fault_t *f, size_t n)
{
    require(f->code != NVM_OK && f->what != NULL && f->offset <= n);
}


static void
fuzz_config(nvm_av1_frames_t *s, const uint8_t *data, size_t n)
{
    nvm_fault_t       f;
    nvm_av1_frames_t  before;

    memset(&f, 0, sizeof(f));
    before = *s;

    if (nvm_av1_frames_config(s, data, n, &f) != NVM_OK) {
        fuzz_error(&f, n);
        require(memcmp(s, &before, sizeof(before)) == 0);
    }
}


static void
fuzz_sample(nvm_av1_frames_t *s, const uint8_t *data, size_t n)
{
    size_t            i, end, count, less;
    nvm_fault_t       f;
    nvm_av1_tile_t    tiles[MAX_TILES];
    nvm_av1_frames_t  before, again;

    memset(&f, 0, sizeof(f));
    before = *s;
    again = *s;

    if (nvm_av1_frame_tiles(s, data, n, tiles, MAX_TILES, &count, &f)
        != NVM_OK)
    {
        fuzz_error(&f, n);
        require(count == 0 && memcmp(s, &before, sizeof(before)) == 0);
        return;
    }

    for (i = 0, end = 0; i < count; i++) {
        require(tiles[i].offset > 0 && tiles[i].offset >= end);
        require(tiles[i].size >= 1);
        end = (size_t) tiles[i].offset + tiles[i].size;
    }

    require(end <= n);

    for (i = 0; i < NVM_AV1_REFS; i++) {
        require(s->refs[i].width <= 65536 && s->refs[i].height <= 65536);
        require(s->refs[i].type <= 3);
    }

    if (count > 0) {
        require(nvm_av1_frame_tiles(&again, data, n, tiles, count - 1, &less,
                                    &f) == NVM_EOVERFLOW);
        require(less == 0 && memcmp(&again, &before, sizeof(before)) == 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            n;
    uint8_t          *sample;
    nvm_av1_frames_t  s;

    nvm_av1_frames_init(&s);

    while (size > 0) {
        n = data[0] ? data[0] * 4u : 64;
        n = n < size - 1 ? n : size - 1;

        /* bytes of its own, so that reads over its end are seen */
        sample = malloc(n ? n : 1);
        require(sample != NULL);
        memcpy(sample, data + 1, n);

        if (data[0]) {
            fuzz_sample(&s, sample, n);

        } else {
            fuzz_config(&s, sample, n);
        }

        free(sample);
        data += n + 1;
        size -= n + 1;
    }

    return 0;
}
