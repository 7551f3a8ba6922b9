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


/* RTMP 1.0, 5.3.1.2.1: the header of type 0 */
static void
nvr_chunk_write_header(nvm_writer_t *w, const nvr_message_t *m)
{
    unsigned  i;

    nvr_chunk_write_basic(w, 0, m->csid);
    nvm_writer_u24(w, m->timestamp >= NVR_CHUNK_EXTENDED ? NVR_CHUNK_EXTENDED
                                                         : m->timestamp);
    nvm_writer_u24(w, (uint32_t) m->len);
    nvm_writer_u8(w, m->type);

    for (i = 0; i < 32; i += 8) {
        nvm_writer_u8(w, (uint8_t) (m->stream_id >> i));
    }
}


void
nvr_chunk_write_one(nvm_writer_t *w, size_t chunk_size,
    const nvr_message_t *m, size_t *offset)
{
    size_t        k;
    nvm_reader_t  r;

    if (chunk_size == 0 || m->len > NVR_CHUNK_MAX_SIZE || *offset > m->len
        || m->csid < 2 || m->csid > 64 + 65535)
    {
        w->error = w->error ? w->error : NVM_EINVAL;
        *offset = m->len;
        return;
    }

    if (*offset) {
        nvr_chunk_write_basic(w, 3, m->csid);

    } else {
        nvr_chunk_write_header(w, m);
    }

    if (m->timestamp >= NVR_CHUNK_EXTENDED) {
        nvm_writer_u32(w, m->timestamp);
    }

    if (m->len == 0) {
        return;
    }

    nvm_reader_init(&r, m->data, m->len, 0);
    nvm_reader_skip(&r, *offset);

    k = nvm_reader_left(&r);
    k = k < chunk_size ? k : chunk_size;

    nvm_writer_bytes(w, nvm_reader_bytes(&r, k), k);
    *offset += k;
}


void
nvr_chunk_write(nvm_writer_t *w, size_t chunk_size, uint32_t csid,
    uint8_t type, uint32_t stream_id, uint32_t timestamp, const uint8_t *body,
    size_t n)
{
    size_t         offset;
    nvr_message_t  m;

    m.csid = csid;
    m.stream_id = stream_id;
    m.timestamp = timestamp;
    m.type = type;
    m.data = body;
    m.len = n;

    offset = 0;

    do {
        nvr_chunk_write_one(w, chunk_size, &m, &offset);
    } while (offset < n);
}
