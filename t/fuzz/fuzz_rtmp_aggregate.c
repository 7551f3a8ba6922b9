/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: aggregate messages.
 */

#include "fuzz.h"
#include "nvr_aggregate.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t           sum;
    nvm_err_e        rc;
    nvm_fault_t      f;
    nvr_message_t    msg, part;
    nvr_aggregate_t  a;

    memset(&f, 0, sizeof(f));
    memset(&msg, 0, sizeof(msg));

    msg.stream_id = 1;
    msg.timestamp = 0xffffff00;
    msg.data = data;
    msg.len = size;

    nvr_aggregate_init(&a, &msg);
    sum = 0;

    while ((rc = nvr_aggregate_next(&a, &part, &f)) == NVM_OK) {

        /* the first has the time of the whole; each has a header */
        require(sum || part.timestamp == msg.timestamp);

        sum += 11 + part.len;

        require(sum <= size);
        require(part.data >= data + 11
                && part.len <= (size_t) (data + size - part.data));
        require(part.type != NVR_MSG_AGGREGATE && part.type < 32);
        require(part.stream_id == msg.stream_id);
    }

    require(f.what == NULL ? rc == NVM_ENOENT
                           : f.code == rc && f.offset <= size);

    return 0;
}
