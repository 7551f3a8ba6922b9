/*
 * Copyright (C) ngx_video authors
 *
 * The chunk streams of a connection.  in->held is the sum of all buffer
 * sizes; a buffer outlives its message, for the next one, until another
 * chunk stream needs the room.
 */

#include <string.h>

#include "nvm_writer.h"
#include "nvr_chunk_stream.h"


#define NVR_CHUNK_MIN_BUFFER    512


nvm_err_e
nvr_chunk_fail(nvr_chunk_in_t *in, uint32_t csid, nvm_err_e code,
    const char *what)
{
    nvm_writer_t  w;

    if (in->fault.code == NVM_OK) {
        nvm_writer_init(&w, in->fault.where, sizeof(in->fault.where));
        nvm_writer_fmt(&w, "chunk stream %u", (unsigned) csid);
        nvm_writer_u8(&w, 0);
    }

    return nvm_fault(&in->fault, code, in->offset, what);
}


nvr_chunk_stream_t *
nvr_chunk_find(const nvr_chunk_in_t *in, uint32_t csid)
{
    nvr_chunk_stream_t  *cs;

    for (cs = in->streams; cs != NULL; cs = cs->next) {
        if (cs->csid == csid) {
            return cs;
        }
    }

    return NULL;
}


nvr_chunk_stream_t *
nvr_chunk_create(nvr_chunk_in_t *in, uint32_t csid)
{
    nvr_chunk_stream_t  *cs;

    if (in->nstreams >= in->max_streams) {
        (void) nvr_chunk_fail(in, csid, NVM_ELIMIT, "too many chunk streams");
        return NULL;
    }

    cs = in->mem.alloc(in->mem.data, sizeof(nvr_chunk_stream_t));
    if (cs == NULL) {
        (void) nvr_chunk_fail(in, csid, NVM_ENOMEM,
                              "no memory for chunk stream");
        return NULL;
    }

    memset(cs, 0, sizeof(nvr_chunk_stream_t));

    cs->csid = csid;
    cs->next = in->streams;
    in->streams = cs;
    in->nstreams++;

    return cs;
}


static void
nvr_chunk_free_buffer(nvr_chunk_in_t *in, nvr_chunk_stream_t *cs)
{
    if (cs->buf != NULL) {
        in->mem.free(in->mem.data, cs->buf);
        in->held -= cs->size;
    }

    cs->buf = NULL;
    cs->size = 0;
}


/* May "size" more bytes be held?  Buffers that wait for a message go first. */
static int
nvr_chunk_may_hold(nvr_chunk_in_t *in, size_t size)
{
    nvr_chunk_stream_t  *cs;

    for (cs = in->streams; cs != NULL; cs = cs->next) {

        if (in->held <= in->max_held && size <= in->max_held - in->held) {
            return 1;
        }

        if (!cs->open) {
            nvr_chunk_free_buffer(in, cs);
        }
    }

    return in->held <= in->max_held && size <= in->max_held - in->held;
}


nvm_err_e
nvr_chunk_grow(nvr_chunk_in_t *in, nvr_chunk_stream_t *cs, size_t n)
{
    size_t    size;
    uint8_t  *buf;

    if (n <= cs->size - cs->got) {
        return NVM_OK;
    }

    size = cs->size ? cs->size : NVR_CHUNK_MIN_BUFFER;

    while (n > size - cs->got) {
        size *= 2;              /* ends: a message is below 16 MiB */
    }

    if (!nvr_chunk_may_hold(in, size - cs->size)) {
        return nvr_chunk_fail(in, cs->csid, NVM_ELIMIT,
                              "too much in open messages");
    }

    buf = in->mem.alloc(in->mem.data, size);
    if (buf == NULL) {
        return nvr_chunk_fail(in, cs->csid, NVM_ENOMEM,
                              "no memory for message");
    }

    if (cs->got) {
        memcpy(buf, cs->buf, cs->got);
    }

    nvr_chunk_free_buffer(in, cs);

    cs->buf = buf;
    cs->size = size;
    in->held += size;

    return NVM_OK;
}


void
nvr_chunk_streams_free(nvr_chunk_in_t *in)
{
    nvr_chunk_stream_t  *cs;

    while (in->streams != NULL) {
        cs = in->streams;
        in->streams = cs->next;

        nvr_chunk_free_buffer(in, cs);
        in->mem.free(in->mem.data, cs);
    }

    in->nstreams = 0;
}
