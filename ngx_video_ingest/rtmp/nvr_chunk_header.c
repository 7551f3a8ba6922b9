/*
 * Copyright (C) ngx_video authors
 *
 * Chunk headers (RTMP 1.0, 5.3.1), collected in in->head byte by byte.
 *
 * The extended timestamp of a type 3 chunk inside a message is mandatory
 * (RTMP 1.0, 5.3.1.3), but some senders leave it out.  It is compared byte by
 * byte with what it has to be; at the first difference the bytes compared so
 * far turn out to be payload, and go to in->replay to be read again.
 */

#include "nvm_reader.h"
#include "nvm_writer.h"
#include "nvr_chunk_header.h"
#include "nvr_chunk_stream.h"


#define NVR_CHUNK_EXTENDED      0xffffff


/* Bytes of the message header of types 0 to 3. */
static const uint8_t  nvr_chunk_head_bytes[4] = { 11, 7, 3, 0 };


/* Bytes of the basic header, by its first byte (RTMP 1.0, 5.3.1.1). */
static size_t
nvr_chunk_basic(uint8_t first)
{
    switch (first & 0x3f) {
    case 0:
        return 2;
    case 1:
        return 3;
    default:
        return 1;
    }
}


static uint32_t
nvr_chunk_read_csid(nvm_reader_t *r)
{
    uint32_t  csid;

    csid = nvm_reader_u8(r) & 0x3f;

    if (csid == 0) {
        return 64 + nvm_reader_u8(r);
    }

    if (csid == 1) {
        csid = 64 + nvm_reader_u8(r);
        return csid + 256u * nvm_reader_u8(r);
    }

    return csid;
}


/*
 * Do the bytes that are left begin the extended timestamp of an open message?
 * Most senders repeat the field, some send the absolute time.
 */
static int
nvr_chunk_is_extended(const nvr_chunk_stream_t *cs, const nvm_reader_t *left)
{
    int           field, absolute;
    uint8_t       c, a[4], b[4];
    size_t        i, n;
    nvm_reader_t  r;
    nvm_writer_t  w;

    r = *left;
    n = nvm_reader_left(&r);

    nvm_writer_init(&w, a, sizeof(a));
    nvm_writer_u32(&w, cs->field);
    nvm_writer_init(&w, b, sizeof(b));
    nvm_writer_u32(&w, cs->timestamp);

    field = 1;
    absolute = 1;

    for (i = 0; i < n && i < sizeof(a); i++) {
        c = nvm_reader_u8(&r);
        field &= (c == a[i]);
        absolute &= (c == b[i]);
    }

    return field || absolute;
}


size_t
nvr_chunk_head_size(const nvr_chunk_in_t *in)
{
    size_t               n;
    uint32_t             csid;
    unsigned             fmt;
    nvm_reader_t         r;
    nvr_chunk_stream_t  *cs;

    if (in->head_len == 0) {
        return 1;
    }

    n = nvr_chunk_basic(in->head[0]);
    if (in->head_len < n) {
        return n;
    }

    nvm_reader_init(&r, in->head, in->head_len, 0);
    csid = nvr_chunk_read_csid(&r);

    fmt = in->head[0] >> 6;
    n += nvr_chunk_head_bytes[fmt];

    if (in->head_len < n) {
        return n;
    }

    if (fmt != 3) {
        return nvm_reader_u24(&r) == NVR_CHUNK_EXTENDED ? n + 4 : n;
    }

    cs = nvr_chunk_find(in, csid);

    if (cs == NULL || !cs->extended) {
        return n;
    }

    if (cs->open && !nvr_chunk_is_extended(cs, &r)) {
        return in->head_len;            /* all after the basic is payload */
    }

    return n + 4;
}


void
nvr_chunk_unread(nvr_chunk_in_t *in, nvm_reader_t *r)
{
    size_t        n;
    nvm_writer_t  w;

    n = nvm_reader_left(r);

    nvm_writer_init(&w, in->replay, sizeof(in->replay));
    w.len = in->replay_len;
    nvm_writer_bytes(&w, nvm_reader_bytes(r, n), n);

    if (w.error == NVM_OK) {
        in->replay_len = (uint8_t) w.len;
    }
}


/* A header of type 0, 1 or 2: it begins a message. */
static nvm_err_e
nvr_chunk_read_header(nvr_chunk_in_t *in, nvr_chunk_stream_t *cs,
    unsigned fmt, nvm_reader_t *r)
{
    uint8_t   b[4];
    size_t    i;
    uint32_t  field;

    if (cs->open) {
        return nvr_chunk_fail(in, cs->csid, NVM_EINVAL,
                              "new message inside one of its chunk stream");
    }

    field = nvm_reader_u24(r);

    if (fmt <= 1) {
        cs->length = nvm_reader_u24(r);
        cs->type = nvm_reader_u8(r);
    }

    if (fmt == 0) {
        for (i = 0; i < 4; i++) {
            b[i] = nvm_reader_u8(r);
        }

        /* The only number that is little-endian: RTMP 1.0, 5.3.1.2.1. */
        cs->stream_id = b[0] | (uint32_t) b[1] << 8
                        | (uint32_t) b[2] << 16 | (uint32_t) b[3] << 24;
    }

    cs->extended = (field == NVR_CHUNK_EXTENDED);
    cs->absolute = (fmt == 0);
    cs->field = cs->extended ? nvm_reader_u32(r) : field;
    cs->timestamp = cs->absolute ? cs->field : cs->timestamp + cs->field;

    return NVM_OK;
}


/*
 * A header of type 3.  When it begins a message the last delta counts again,
 * and after a type 0 header its timestamp is the delta (RTMP 1.0,
 * 5.3.1.2.4).  An extended one would be a delta of over four hours there:
 * senders mean a time.
 */
static void
nvr_chunk_read_same(nvr_chunk_in_t *in, nvr_chunk_stream_t *cs,
    nvm_reader_t *r)
{
    if (cs->open) {

        if (cs->extended) {
            if (nvm_reader_left(r) == 4 && nvr_chunk_is_extended(cs, r)) {
                nvm_reader_skip(r, 4);

            } else {
                nvr_chunk_unread(in, r);
            }
        }

        return;
    }

    if (cs->extended) {
        cs->field = nvm_reader_u32(r);

        if (cs->absolute) {
            cs->timestamp = cs->field;
            return;
        }
    }

    cs->timestamp += cs->field;
}


nvm_err_e
nvr_chunk_begin(nvr_chunk_in_t *in)
{
    size_t               left;
    uint32_t             csid;
    unsigned             fmt;
    nvm_err_e            rc;
    nvm_reader_t         r;
    nvr_chunk_stream_t  *cs;

    nvm_reader_init(&r, in->head, in->head_len, 0);
    fmt = nvm_reader_peek(&r) >> 6;
    csid = nvr_chunk_read_csid(&r);
    cs = nvr_chunk_find(in, csid);

    if (cs == NULL) {

        /* librtmp begins with a type 1 header on chunk stream 2. */
        if (fmt != 0 && !(fmt == 1 && csid == NVR_CSID_CONTROL)) {
            return nvr_chunk_fail(in, csid, NVM_EINVAL,
                                  "chunk stream without a first header");
        }

        cs = nvr_chunk_create(in, csid);
        if (cs == NULL) {
            return in->fault.code;
        }
    }

    if (fmt == 3) {
        nvr_chunk_read_same(in, cs, &r);

    } else {
        rc = nvr_chunk_read_header(in, cs, fmt, &r);
        if (rc != NVM_OK) {
            return rc;
        }
    }

    if (r.error) {
        return nvr_chunk_fail(in, csid, r.error, "chunk header");
    }

    if (cs->length > in->max_message) {
        return nvr_chunk_fail(in, csid, NVM_ELIMIT, "message too long");
    }

    left = cs->length - cs->got;

    cs->open = 1;
    in->head_len = 0;
    in->current = cs;
    in->chunk_left = left < in->chunk_size ? (uint32_t) left : in->chunk_size;

    return NVM_OK;
}
