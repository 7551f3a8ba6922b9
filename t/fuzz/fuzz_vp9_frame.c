/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: samples of VP9, one after another: the first byte of each is
 * its length in units of 8 bytes.  Frames lie in the sample, in order, and not
 * in each other; an error leaves the references as they were.
 */

#include "fuzz.h"
#include "nvm_vp9_frame.h"


static void
fuzz_sample(nvm_vp9_refs_t *refs, const uint8_t *data, size_t n)
{
    size_t           end;
    unsigned         i, count;
    nvm_fault_t      f;
    nvm_vp9_refs_t   before;
    nvm_vp9_frame_t  frames[NVM_VP9_MAX_FRAMES];

    memset(&f, 0, sizeof(f));
    before = *refs;

    if (nvm_vp9_frame_headers(refs, data, n, frames, &count, &f) != NVM_OK) {
        require(f.code != NVM_OK && f.what != NULL && f.offset <= n);
        require(count == 0 && memcmp(refs, &before, sizeof(before)) == 0);
        return;
    }

    require(count >= 1 && count <= NVM_VP9_MAX_FRAMES);

    for (i = 0, end = 0; i < count; i++) {
        require(frames[i].offset == end && frames[i].size >= 1);
        require(frames[i].header >= 1 && frames[i].header <= frames[i].size);
        end += frames[i].size;
    }

    require(end <= n);

    for (i = 0; i < NVM_VP9_REFS; i++) {
        require(refs->width[i] <= 65536);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          n;
    uint8_t        *sample;
    nvm_vp9_refs_t  refs;

    nvm_vp9_refs_init(&refs);

    while (size > 0) {
        n = data[0] * 8u;
        n = n < size - 1 ? n : size - 1;

        /* bytes of its own, so that reads over its end are seen */
        sample = malloc(n ? n : 1);
        require(sample != NULL);
        memcpy(sample, data + 1, n);
        fuzz_sample(&refs, sample, n);
        free(sample);

        data += n + 1;
        size -= n + 1;
    }

    return 0;
}
