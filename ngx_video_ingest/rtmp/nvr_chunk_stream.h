/*
 * Copyright (C) ngx_video authors
 *
 * Private to the demultiplexer: the chunk streams of a connection and the
 * buffers in which their messages grow.
 */

#ifndef NVR_CHUNK_STREAM_H
#define NVR_CHUNK_STREAM_H

#include "nvr_chunk.h"


struct nvr_chunk_stream_s {
    nvr_chunk_stream_t  *next;
    uint32_t             csid;
    uint32_t             stream_id;
    uint32_t             length;        /* of the message */
    uint32_t             timestamp;     /* of the message, absolute */
    uint32_t             field;         /* last timestamp or delta sent */
    uint8_t              type;
    unsigned             absolute:1;    /* field is from a type 0 header */
    unsigned             extended:1;    /* field came as 32 bits */
    unsigned             open:1;        /* inside a message */
    size_t               got;           /* bytes of it */
    size_t               size;          /* bytes at buf */
    uint8_t             *buf;
};


/* Records the fault that ends this connection. */
nvm_err_e nvr_chunk_fail(nvr_chunk_in_t *in, uint32_t csid, nvm_err_e code,
    const char *what);

nvr_chunk_stream_t *nvr_chunk_find(const nvr_chunk_in_t *in, uint32_t csid);

/* NULL: the fault is recorded. */
nvr_chunk_stream_t *nvr_chunk_create(nvr_chunk_in_t *in, uint32_t csid);

/* Room for n more bytes that have arrived; the buffer doubles. */
nvm_err_e nvr_chunk_grow(nvr_chunk_in_t *in, nvr_chunk_stream_t *cs,
    size_t n);

void nvr_chunk_streams_free(nvr_chunk_in_t *in);


#endif /* NVR_CHUNK_STREAM_H */
