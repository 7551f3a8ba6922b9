/*
 * Copyright (C) ngx_video authors
 *
 * Frames of video, and tracks made of headers and frames.
 */

#include <string.h>

#include "nvm_aac.h"
#include "nvm_av1_obu.h"
#include "nvm_captions.h"
#include "nvm_codec.h"
#include "nvm_frame.h"
#include "nvm_h264.h"
#include "nvm_reader.h"


/* nal_unit_type of IRAP pictures (ITU-T H.265, table 7-1) */
#define NVM_HEVC_IRAP_FIRST     16
#define NVM_HEVC_IRAP_LAST      21
#define NVM_HEVC_VCL_LAST       31
#define NVM_HEVC_SEI            39          /* before the picture */

/* where the records have the size of NAL unit lengths */
#define NVM_AVCC_LENGTH_AT      4
#define NVM_HVCC_LENGTH_AT      21

/* sync code of VP9's key frames (6.1.1), and the colour space that is RGB */
#define NVM_VP9_SYNC            0x498342
#define NVM_VP9_RGB             7


static void
nvm_frame_sei(const uint8_t *nal, size_t n, nvm_frame_t *out)
{
    nvm_sei_t  sei;

    nvm_sei_init(&sei, nal, n, 2);

    while (nvm_sei_next(&sei)) {
        nvm_captions_sei(&out->captions, &sei);
    }
}


/* Walks NAL units: NVM_OK when their lengths fill the data. */
static nvm_err_e
nvm_frame_hevc(const nvm_track_t *t, nvm_frame_t *out, nvm_fault_t *f)
{
    uint32_t        size;
    unsigned        length, nals, type, pictures;
    nvm_reader_t    r;
    const uint8_t  *nal;

    length = t->config_len > NVM_HVCC_LENGTH_AT
             ? (t->config[NVM_HVCC_LENGTH_AT] & 3u) + 1 : 4;
    pictures = 0;

    nvm_reader_init(&r, out->data, out->size, 0);

    for (nals = 0; nvm_reader_left(&r); nals++) {

        size = length == 4 ? nvm_reader_u32(&r)
               : length == 2 ? nvm_reader_u16(&r) : nvm_reader_u8(&r);
        nal = nvm_reader_bytes(&r, size);

        if (nal == NULL) {
            break;
        }

        if (size < 2 || (nal[0] & 0x80)) {
            return nvm_fault(f, NVM_EINVAL, nvm_reader_offset(&r) - size,
                             size < 2 ? "NAL unit without header"
                             : "NAL unit has its forbidden bit set");
        }

        if (nals == NVM_MAX_NALS) {
            return nvm_fault(f, NVM_ELIMIT, nvm_reader_offset(&r),
                             "too many NAL units");
        }

        type = nal[0] >> 1 & 0x3f;

        if (type <= NVM_HEVC_VCL_LAST && pictures++ == 0) {
            out->key = type >= NVM_HEVC_IRAP_FIRST
                       && type <= NVM_HEVC_IRAP_LAST;
        }

        if (type == NVM_HEVC_SEI) {
            nvm_frame_sei(nal, size, out);
        }
    }

    return r.error ? nvm_fault(f, r.error, nvm_reader_offset(&r),
                               "NAL lengths do not fill the access unit")
                   : NVM_OK;
}


/* show_existing_frame 0, frame_type KEY_FRAME, show_frame 1 (5.9.2) */
static unsigned
nvm_frame_av1_key(const uint8_t *header, size_t n)
{
    return n && (header[0] & 0xf0) == 0x10;
}


/*
 * A temporal unit; its temporal delimiter is left out ("AV1 Codec ISO Media
 * File Format Binding", 2.4).
 */
static nvm_err_e
nvm_frame_av1(nvm_frame_t *out, nvm_fault_t *f)
{
    uint8_t         head;
    uint32_t        size;
    unsigned        type, obus, frames;
    nvm_reader_t    r;
    const uint8_t  *obu;

    frames = 0;
    nvm_reader_init(&r, out->data, out->size, 0);

    for (obus = 0; nvm_reader_left(&r); obus++) {

        if (obus == NVM_MAX_NALS) {
            return nvm_fault(f, NVM_ELIMIT, nvm_reader_offset(&r),
                             "too many OBUs");
        }

        head = nvm_reader_u8(&r);
        type = head >> 3 & 0x0f;

        if (head & 0x80) {
            return nvm_fault(f, NVM_EINVAL, nvm_reader_offset(&r) - 1,
                             "OBU has its forbidden bit set");
        }

        if (head & 0x04) {
            nvm_reader_skip(&r, 1);
        }

        size = head & 0x02 ? nvm_av1_leb128(&r)
                           : (uint32_t) nvm_reader_left(&r);
        obu = nvm_reader_bytes(&r, size);

        if (obu == NULL) {
            break;
        }

        if (type == NVM_OBU_TEMPORAL_DELIMITER && frames == 0) {
            out->data = obu + size;
            out->size = nvm_reader_left(&r);
        }

        if ((type == NVM_OBU_FRAME || type == NVM_OBU_FRAME_HEADER)
            && frames++ == 0)
        {
            out->key = nvm_frame_av1_key(obu, size);
        }
    }

    return r.error ? nvm_fault(f, r.error, nvm_reader_offset(&r),
                               "OBUs do not fill the temporal unit")
                   : NVM_OK;
}


/* The uncompressed header (VP9, 6.2), of the first frame of a superframe. */
static nvm_err_e
nvm_frame_vp9(const uint8_t *data, size_t n, unsigned *key, uint32_t *width,
    uint32_t *height, nvm_fault_t *f)
{
    unsigned    profile;
    nvm_bits_t  b;

    *key = 0;
    *width = 0;
    *height = 0;

    nvm_bits_init(&b, data, n, 0);

    if (nvm_bits_u(&b, 2) != 2 && b.error == NVM_OK) {
        return nvm_fault(f, NVM_EINVAL, 0, "no frame marker of VP9");
    }

    profile = nvm_bits_u(&b, 1);
    profile |= nvm_bits_u(&b, 1) << 1;

    if (profile == 3) {
        nvm_bits_skip(&b, 1);
    }

    /* show_existing_frame; frame_type */
    if (nvm_bits_u(&b, 1) || nvm_bits_u(&b, 1)) {
        return NVM_OK;
    }

    nvm_bits_skip(&b, 2);       /* show_frame, error_resilient_mode */

    if (nvm_bits_u(&b, 24) != NVM_VP9_SYNC && b.error == NVM_OK) {
        return nvm_fault(f, NVM_EINVAL, 1, "no sync code of VP9");
    }

    if (profile >= 2) {
        nvm_bits_skip(&b, 1);   /* ten_or_twelve_bit */
    }

    if (nvm_bits_u(&b, 3) != NVM_VP9_RGB) {
        nvm_bits_skip(&b, profile & 1 ? 4 : 1);

    } else if (profile & 1) {
        nvm_bits_skip(&b, 1);
    }

    *width = nvm_bits_u(&b, 16) + 1;
    *height = nvm_bits_u(&b, 16) + 1;
    *key = b.error == NVM_OK;

    return b.error ? nvm_fault(f, b.error, n, "frame header is cut") : NVM_OK;
}


nvm_err_e
nvm_frame_parse(const nvm_track_t *t, const uint8_t *data, size_t n,
    nvm_frame_t *out, nvm_fault_t *f)
{
    uint32_t       width, height;
    unsigned       key;
    nvm_err_e      rc;
    nvm_h264_au_t  au;

    memset(out, 0, sizeof(nvm_frame_t));
    out->data = data;
    out->size = n;

    if (t->kind == NVM_AUDIO) {
        out->key = 1;
        return nvm_frame_audio(t, data, n, &out->duration, f);
    }

    switch (t->codec) {

    case NVM_CODEC_H264:
        rc = nvm_h264_scan(data, n, t->config_len > NVM_AVCC_LENGTH_AT
                           ? (t->config[NVM_AVCC_LENGTH_AT] & 3u) + 1 : 4,
                           &au, f);
        out->key = au.has_idr;
        out->captions = au.captions;
        return rc;

    case NVM_CODEC_HEVC:
        return nvm_frame_hevc(t, out, f);

    case NVM_CODEC_AV1:
        return nvm_frame_av1(out, f);

    case NVM_CODEC_VP9:
        rc = nvm_frame_vp9(data, n, &key, &width, &height, f);
        out->key = key;
        return rc;

    default:
        return nvm_fault(f, NVM_EUNSUP, 0, "no codec of live video");
    }
}


static const nvm_codec_t *
nvm_frame_codec(nvm_track_t *t, nvm_codec_e codec)
{
    const nvm_codec_t  *c;

    t->codec = codec;
    t->kind = NVM_VIDEO;
    c = nvm_codec_of(t);

    if (c == NULL) {
        t->kind = NVM_AUDIO;
        c = nvm_codec_of(t);
    }

    return c;
}


/* The size of a picture, which the sample entry has in a file. */
static nvm_err_e
nvm_frame_size(nvm_track_t *t, const uint8_t *frame, size_t n, nvm_fault_t *f)
{
    uint32_t   width, height;
    unsigned   key;
    nvm_err_e  rc;

    rc = nvm_frame_vp9(frame, n, &key, &width, &height, f);

    if (rc != NVM_OK) {
        return rc;
    }

    if (!key) {
        return NVM_ENOENT;
    }

    if (width > UINT16_MAX || height > UINT16_MAX) {
        return nvm_fault(f, NVM_ELIMIT, 0, "picture over 65535 pixels");
    }

    t->width = (uint16_t) width;
    t->height = (uint16_t) height;

    return NVM_OK;
}


nvm_err_e
nvm_frame_track(nvm_track_t *t, nvm_codec_e codec, const uint8_t *config,
    size_t config_len, const uint8_t *frame, size_t n, nvm_fault_t *f)
{
    uint8_t             dolby[NVM_FRAME_DOLBY_MAX];
    nvm_err_e           rc;
    const nvm_codec_t  *c;

    memset(t, 0, sizeof(nvm_track_t));
    c = nvm_frame_codec(t, codec);

    if (c == NULL) {
        return nvm_fault(f, NVM_EUNSUP, 0, "no codec of live media");
    }

    rc = NVM_OK;

    switch (codec) {

    case NVM_CODEC_VP9:
        rc = frame ? nvm_frame_size(t, frame, n, f) : NVM_ENOENT;
        break;

    case NVM_CODEC_AC3:
    case NVM_CODEC_EAC3:
        rc = frame ? nvm_frame_dolby(codec, frame, n, &t->sample_rate, dolby,
                                     &config_len, f)
                   : NVM_ENOENT;
        config = dolby;
        break;

    case NVM_CODEC_MP3:
        rc = frame ? nvm_frame_mp3(frame, n, &t->sample_rate, &t->channels, f)
                   : NVM_ENOENT;
        break;

    default:
        break;
    }

    if (rc != NVM_OK) {
        return rc;
    }

    /* an AudioSpecificConfig is what esds has inside */
    return codec == NVM_CODEC_AAC ? nvm_aac_track(t, config, config_len, f)
                                  : c->parse(t, config, config_len, f);
}
