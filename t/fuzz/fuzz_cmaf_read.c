/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: a segment of CMAF chunks, read box by box as transport streams
 * of live streams are made.  Bytes beyond what is asked for are not there.
 */

#include "fuzz.h"
#include "nvm_cmaf_read.h"


/* In memory of its own, so that whoever reads past it is seen. */
static void
check_moof(const uint8_t *moof, size_t n, uint64_t at, size_t size)
{
    size_t           samples;
    uint8_t         *copy;
    uint64_t         dts;
    nvm_err_e        rc;
    nvm_fault_t      f = { 0 };
    nvm_sample_t     s;
    nvm_cmaf_read_t  r;

    copy = malloc(n);
    require(copy != NULL);
    memcpy(copy, moof, n);

    rc = nvm_cmaf_read_chunk(&r, 1, copy, n, at, size, &f);
    dts = r.dts;

    for (samples = 0; rc == NVM_OK; samples++) {
        rc = nvm_cmaf_read_sample(&r, &s, &f);

        if (rc == NVM_OK) {
            require(s.offset <= size && s.size <= size - s.offset);
            require(s.dts == dts);
            require(samples < NVM_CMAF_MAX_CHUNK);
            dts += s.duration;
        }
    }

    free(copy);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          n;
    uint8_t         head[NVM_CMAF_BOX];
    uint64_t        at, len;
    nvm_fault_t     f = { 0 };
    nvm_cmaf_box_e  type;

    for (at = 0; at < size; at += len) {
        n = size - at < NVM_CMAF_BOX ? size - at : NVM_CMAF_BOX;
        memcpy(head, data + at, n);

        if (nvm_cmaf_read_box(head, n, at, size, &type, &len, &f) != NVM_OK) {
            break;
        }

        require(len != 0 && len <= size - at);

        if (type == NVM_CMAF_MOOF) {
            check_moof(data + at, (size_t) len, at, size);
        }
    }

    return 0;
}
