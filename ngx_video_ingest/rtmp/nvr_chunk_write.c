/*
 * Copyright (C) ngx_video authors
 *
 * One message to chunks (RTMP 1.0, 5.3.1): declared in nvr_chunk.h.
 */

#include "nvm_reader.h"
#include "nvr_chunk.h"


#define NVR_CHUNK_EXTENDED      0xffffff


static void
nvr_chunk_write_basic(nvm_writer_t *w, unsigned fmt, uint32_t csid)
{
    fmt <<= 6;

    if (csid < 64) {
        nvm_writer_u8(w, (uint8_t) (fmt | csid));

    } else if (csid < 64 + 256) {
        nvm_writer_u8(w, (uint8_t) fmt);
        nvm_writer_u8(w, (uint8_t) (csid - 64));

    } else {
        csid -= 64;
        nvm_writer_u8(w, (uint8_t) (fmt | 1));
        nvm_writer_u8(w, (uint8_t) csid);
        nvm_writer_u8(w, (uint8_t) (csid >> 8));
    }
}


void
nvr_chunk_write(nvm_writer_t *w, size_t chunk_size, uint32_t csid,
    uint8_t type, uint32_t stream_id, uint32_t timestamp, const uint8_t *body,
    size_t n)
{
    int           extended;
    size_t        k;
    unsigned      i;
    nvm_reader_t  r;

    if (chunk_size == 0 || n > NVR_CHUNK_MAX_SIZE
        || csid < 2 || csid > 64 + 65535)
    {
        w->error = w->error ? w->error : NVM_EINVAL;
        return;
    }

    extended = (timestamp >= NVR_CHUNK_EXTENDED);

    nvr_chunk_write_basic(w, 0, csid);
    nvm_writer_u24(w, extended ? NVR_CHUNK_EXTENDED : timestamp);
    nvm_writer_u24(w, (uint32_t) n);
    nvm_writer_u8(w, type);

    for (i = 0; i < 32; i += 8) {
        nvm_writer_u8(w, (uint8_t) (stream_id >> i));
    }

    if (extended) {
        nvm_writer_u32(w, timestamp);
    }

    if (n == 0) {
        return;
    }

    nvm_reader_init(&r, body, n, 0);

    for ( ;; ) {
        k = nvm_reader_left(&r);
        k = k < chunk_size ? k : chunk_size;

        nvm_writer_bytes(w, nvm_reader_bytes(&r, k), k);

        if (nvm_reader_left(&r) == 0) {
            break;
        }

        nvr_chunk_write_basic(w, 3, csid);

        if (extended) {
            nvm_writer_u32(w, timestamp);
        }
    }
}
