/*
 * Copyright (C) ngx_video authors
 *
 * Aggregate messages: see nvr_aggregate.h.
 */

#include <string.h>

#include "nvr_aggregate.h"


void
nvr_aggregate_init(nvr_aggregate_t *a, const nvr_message_t *msg)
{
    memset(a, 0, sizeof(nvr_aggregate_t));

    nvm_reader_init(&a->r, msg->data, msg->len, 0);
    a->timestamp = msg->timestamp;
    a->stream_id = msg->stream_id;
}


nvm_err_e
nvr_aggregate_next(nvr_aggregate_t *a, nvr_message_t *msg, nvm_fault_t *f)
{
    uint32_t       size, stored;
    nvm_reader_t  *r;

    r = &a->r;

    if (nvm_reader_left(r) == 0) {
        return NVM_ENOENT;
    }

    if (a->n == NVR_AGGREGATE_MAX) {
        return nvm_fault(f, NVM_ELIMIT, nvm_reader_offset(r),
                         "too many messages in an aggregate");
    }

    memset(msg, 0, sizeof(nvr_message_t));

    msg->type = nvm_reader_u8(r) & 0x1f;
    size = nvm_reader_u24(r);
    stored = nvm_reader_u24(r);
    stored |= (uint32_t) nvm_reader_u8(r) << 24;
    nvm_reader_skip(r, 3);              /* stream id, of the aggregate's */

    msg->data = nvm_reader_bytes(r, size);
    msg->len = size;

    if (r->error) {
        return nvm_fault(f, r->error, nvm_reader_offset(r),
                         "aggregate message is cut");
    }

    /* the size of the tag; the last one may be without */
    if (nvm_reader_left(r)) {
        nvm_reader_skip(r, 4);
    }

    if (msg->type == NVR_MSG_AGGREGATE) {
        return nvm_fault(f, NVM_EINVAL, nvm_reader_offset(r),
                         "aggregate message in another");
    }

    if (a->n++ == 0) {
        a->first = stored;
    }

    msg->timestamp = a->timestamp + (stored - a->first);
    msg->stream_id = a->stream_id;

    return NVM_OK;
}
