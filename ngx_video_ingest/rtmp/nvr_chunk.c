/*
 * Copyright (C) ngx_video authors
 *
 * The chunk stream demultiplexer.
 *
 * Two phases alternate: collecting a chunk header in in->head (current ==
 * NULL), and payload into the buffer of the chunk stream (current != NULL).
 * nvr_chunk_step() does a piece of one of them and makes progress by at least
 * one byte.
 */

#include <string.h>

#include "nvm_reader.h"
#include "nvr_chunk.h"
#include "nvr_chunk_header.h"
#include "nvr_chunk_stream.h"


/* Payload: as much of the current chunk as there is. */
static nvm_err_e
nvr_chunk_payload(nvr_chunk_in_t *in, nvm_reader_t *r)
{
    size_t               n;
    nvm_err_e            rc;
    nvm_writer_t         w;
    nvr_chunk_stream_t  *cs;

    cs = in->current;
    n = nvm_reader_left(r);

    if (n > in->chunk_left) {
        n = in->chunk_left;
    }

    if (n) {
        rc = nvr_chunk_grow(in, cs, n);
        if (rc != NVM_OK) {
            return rc;
        }

        nvm_writer_init(&w, cs->buf, cs->size);
        w.len = cs->got;
        nvm_writer_bytes(&w, nvm_reader_bytes(r, n), n);

        cs->got += n;
        in->chunk_left -= (uint32_t) n;
    }

    if (in->chunk_left == 0) {
        in->current = NULL;
    }

    if (cs->got == cs->length) {
        in->ready = cs;
    }

    return NVM_OK;
}


static nvm_err_e
nvr_chunk_step(nvr_chunk_in_t *in, nvm_reader_t *r)
{
    nvm_err_e  rc;

    if (in->current == NULL) {

        while (in->head_len < nvr_chunk_head_size(in)) {
            if (nvm_reader_left(r) == 0) {
                return NVM_OK;
            }

            in->head[in->head_len++] = nvm_reader_u8(r);
        }

        rc = nvr_chunk_begin(in);
        if (rc != NVM_OK || in->replay_len) {
            return rc;
        }
    }

    return nvr_chunk_payload(in, r);
}


/* The bytes that have to be read again first, then those of r. */
static nvm_err_e
nvr_chunk_run(nvr_chunk_in_t *in, nvm_reader_t *r)
{
    size_t        n;
    uint8_t       again[sizeof(in->replay)];
    nvm_err_e     rc;
    nvm_reader_t  a;

    rc = NVM_OK;

    while (rc == NVM_OK && in->ready == NULL) {

        if (in->replay_len) {
            n = in->replay_len;
            memcpy(again, in->replay, sizeof(again));
            in->replay_len = 0;

            nvm_reader_init(&a, again, n, 0);
            rc = nvr_chunk_step(in, &a);

            nvr_chunk_unread(in, &a);
            continue;
        }

        if (nvm_reader_left(r) == 0) {
            return NVM_EAGAIN;
        }

        rc = nvr_chunk_step(in, r);
        in->offset = nvm_reader_offset(r);
    }

    return rc;
}


/* Set Chunk Size and Abort (RTMP 1.0, 5.4.1 and 5.4.2). */
static nvm_err_e
nvr_chunk_control(nvr_chunk_in_t *in, const nvr_message_t *msg)
{
    uint32_t      v;
    nvm_reader_t  r;

    if (msg->type != NVR_MSG_SET_CHUNK_SIZE && msg->type != NVR_MSG_ABORT) {
        return NVM_OK;
    }

    nvm_reader_init(&r, msg->data, msg->len, 0);
    v = nvm_reader_u32(&r);

    if (r.error) {
        return nvr_chunk_fail(in, msg->csid, r.error,
                              "protocol control message");
    }

    if (msg->type == NVR_MSG_SET_CHUNK_SIZE) {
        return nvr_chunk_set_size(in, v);
    }

    nvr_chunk_abort(in, v);

    return NVM_OK;
}


nvm_err_e
nvr_chunk_feed(nvr_chunk_in_t *in, const uint8_t *data, size_t n,
    size_t *consumed, nvr_message_t *msg)
{
    uint64_t             before;
    nvm_err_e            rc;
    nvm_reader_t         r;
    nvr_chunk_stream_t  *cs;

    *consumed = 0;

    if (in->fault.code != NVM_OK) {
        return in->fault.code;
    }

    before = in->offset;
    nvm_reader_init(&r, n ? data : in->head, n, before);

    rc = nvr_chunk_run(in, &r);

    in->offset = nvm_reader_offset(&r);
    *consumed = (size_t) (in->offset - before);

    if (rc != NVM_OK) {
        return rc;
    }

    cs = in->ready;
    in->ready = NULL;

    msg->csid = cs->csid;
    msg->stream_id = cs->stream_id;
    msg->timestamp = cs->timestamp;
    msg->type = cs->type;
    msg->data = cs->length ? cs->buf : in->head;
    msg->len = cs->length;

    cs->open = 0;
    cs->got = 0;

    return nvr_chunk_control(in, msg);
}


nvm_err_e
nvr_chunk_set_size(nvr_chunk_in_t *in, uint32_t size)
{
    if (size == 0 || size > INT32_MAX) {
        return nvr_chunk_fail(in, NVR_CSID_CONTROL, NVM_EINVAL,
                              "chunk size out of range");
    }

    in->chunk_size = size < NVR_CHUNK_MAX_SIZE ? size : NVR_CHUNK_MAX_SIZE;

    return NVM_OK;
}


void
nvr_chunk_abort(nvr_chunk_in_t *in, uint32_t csid)
{
    nvr_chunk_stream_t  *cs;

    cs = nvr_chunk_find(in, csid);

    /* Inside one of its chunks there can be no Abort. */
    if (cs != NULL && cs != in->current) {
        cs->open = 0;
        cs->got = 0;
    }
}


void
nvr_chunk_init(nvr_chunk_in_t *in, const nvr_mem_t *mem)
{
    memset(in, 0, sizeof(nvr_chunk_in_t));

    in->mem = *mem;
    in->max_message = NVR_CHUNK_MAX_MESSAGE;
    in->max_streams = NVR_CHUNK_MAX_STREAMS;
    in->max_held = NVR_CHUNK_MAX_HELD;
    in->chunk_size = NVR_CHUNK_SIZE;
}


void
nvr_chunk_done(nvr_chunk_in_t *in)
{
    nvr_chunk_streams_free(in);
    in->current = NULL;
    in->ready = NULL;
}
