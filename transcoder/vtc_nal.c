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


/* nal_unit_type (ITU-T H.265, table 7-1); between them SPS and PPS */
#define VTC_HEVC_VPS  32
#define VTC_HEVC_AUD  35


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


int
vtc_nal_room(vtc_nal_t *out, size_t len)
{
    uint8_t  *data;

    out->len = 0;

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


/* What is in the configuration, or marks where a picture begins. */
static int
vtc_nal_apart(const uint8_t *nal, int hevc)
{
    unsigned  type;

    type = hevc ? nal[0] >> 1 & 0x3f : nal[0] & 0x1f;

    return hevc ? type >= VTC_HEVC_VPS && type <= VTC_HEVC_AUD
                : type >= NVM_H264_NAL_SPS && type <= NVM_H264_NAL_AUD;
}


int
vtc_nal_picture(vtc_nal_t *out, const uint8_t *data, size_t len, int hevc)
{
    size_t          n, pos;
    nvm_writer_t    w;
    const uint8_t  *nal;

    /* a start code has three bytes, a length has four */
    if (vtc_nal_room(out, len + len / 3 + 64) != 0) {
        return -1;
    }

    nvm_writer_init(&w, out->data, out->size);

    for (pos = 0; (n = vtc_nal_next(data, len, &pos, &nal)) != 0; ) {
        if (!vtc_nal_apart(nal, hevc)) {
            nvm_writer_u32(&w, (uint32_t) n);
            nvm_writer_bytes(&w, nal, n);
        }
    }

    out->len = w.len;

    return w.error || w.len == 0 ? -1 : 0;
}
