/*
 * Copyright (C) ngx_video authors
 *
 * Annex B to lengths, see vtc_nal.h.
 */

#include <stdlib.h>
#include <string.h>

#include "nvm_h264.h"
#include "nvm_writer.h"
#include "vtc_nal.h"


/*
 * The next NAL unit from *pos on, without start code and trailing zeros: its
 * length; 0: there is none.
 */
static size_t
vtc_nal_next(const uint8_t *data, size_t len, size_t *pos,
    const uint8_t **nal)
{
    size_t  i, end;

    for (i = *pos; i + 3 <= len; i++) {
        if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1) {
            break;
        }
    }

    if (i + 3 > len) {
        return 0;
    }

    *nal = data + i + 3;

    for (end = i + 3; end + 3 <= len; end++) {
        if (data[end] == 0 && data[end + 1] == 0 && data[end + 2] <= 1) {
            break;
        }
    }

    if (end + 3 > len) {
        end = len;
    }

    *pos = end;

    return end - i - 3;
}


/* Room for all of it: a start code has three bytes, a length has four. */
static int
vtc_nal_room(vtc_nal_t *out, size_t len)
{
    uint8_t  *data;

    out->len = 0;
    len = len + len / 3 + 64;

    if (out->size >= len) {
        return 0;
    }

    data = realloc(out->data, len);

    if (data == NULL) {
        return -1;
    }

    out->data = data;
    out->size = len;

    return 0;
}


int
vtc_nal_picture(vtc_nal_t *out, const uint8_t *data, size_t len)
{
    size_t          n, pos;
    nvm_writer_t    w;
    const uint8_t  *nal;

    if (vtc_nal_room(out, len) != 0) {
        return -1;
    }

    nvm_writer_init(&w, out->data, out->size);

    for (pos = 0; (n = vtc_nal_next(data, len, &pos, &nal)) != 0; ) {

        switch (nal[0] & 0x1f) {

        case NVM_H264_NAL_SPS:
        case NVM_H264_NAL_PPS:
        case NVM_H264_NAL_AUD:
            break;

        default:
            nvm_writer_u32(&w, (uint32_t) n);
            nvm_writer_bytes(&w, nal, n);
        }
    }

    out->len = w.len;

    return w.error || w.len == 0 ? -1 : 0;
}


int
vtc_nal_config(vtc_nal_t *out, const uint8_t *data, size_t len)
{
    size_t          n, pos, sps_len, pps_len;
    nvm_writer_t    w;
    const uint8_t  *nal, *sps, *pps;

    sps = NULL;
    pps = NULL;
    sps_len = 0;
    pps_len = 0;

    for (pos = 0; (n = vtc_nal_next(data, len, &pos, &nal)) != 0; ) {

        if ((nal[0] & 0x1f) == NVM_H264_NAL_SPS) {
            sps = nal;
            sps_len = n;

        } else if ((nal[0] & 0x1f) == NVM_H264_NAL_PPS) {
            pps = nal;
            pps_len = n;
        }
    }

    if (sps == NULL || pps == NULL || sps_len < 4 || sps_len > 0xffff
        || pps_len > 0xffff || vtc_nal_room(out, len) != 0)
    {
        return -1;
    }

    nvm_writer_init(&w, out->data, out->size);
    nvm_writer_u8(&w, 1);
    nvm_writer_bytes(&w, sps + 1, 3);
    nvm_writer_u8(&w, 0xff);            /* lengths have four bytes */
    nvm_writer_u8(&w, 0xe1);            /* one SPS */
    nvm_writer_u16(&w, (uint16_t) sps_len);
    nvm_writer_bytes(&w, sps, sps_len);
    nvm_writer_u8(&w, 1);
    nvm_writer_u16(&w, (uint16_t) pps_len);
    nvm_writer_bytes(&w, pps, pps_len);

    if (sps[1] >= 100) {
        /* of 4:2:0 with 8 bits, which is all that is made here */
        nvm_writer_u8(&w, 0xfc | 1);
        nvm_writer_u8(&w, 0xf8);
        nvm_writer_u8(&w, 0xf8);
        nvm_writer_u8(&w, 0);
    }

    out->len = w.len;

    return w.error ? -1 : 0;
}
