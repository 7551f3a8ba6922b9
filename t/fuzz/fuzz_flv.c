/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: FLV tag bodies; the first byte chooses audio or video.
 */

#include <stdlib.h>
#include <string.h>

#include "nvm_flv.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
require(int good)
{
    if (!good) {
        abort();
    }
}


static void
check(nvm_err_e rc, const nvm_fault_t *f, nvm_flv_packet_e packet,
    const uint8_t *payload, size_t n, const uint8_t *body, size_t size)
{
    if (rc != NVM_OK) {
        require(f->code == rc && f->what != NULL && f->offset <= size);
        return;
    }

    if (packet == NVM_FLV_HEADER || packet == NVM_FLV_FRAME) {
        require(n != 0 && n < size && payload + n == body + size);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nvm_err_e        rc;
    nvm_fault_t      f;
    nvm_flv_video_t  v;
    nvm_flv_audio_t  a;

    if (size == 0) {
        return 0;
    }

    memset(&f, 0, sizeof(f));

    if (data[0] & 1) {
        rc = nvm_flv_video_parse(data + 1, size - 1, &v, &f);
        check(rc, &f, v.packet, v.data, v.size, data + 1, size - 1);
        require(strlen(v.fourcc) <= 4);
        require(v.cts >= -8388608 && v.cts <= 8388607);

    } else {
        rc = nvm_flv_audio_parse(data + 1, size - 1, &a, &f);
        check(rc, &f, a.packet, a.data, a.size, data + 1, size - 1);
        require(strlen(a.fourcc) <= 4);
    }

    return 0;
}
