/*
 * Copyright (C) ngx_video authors
 *
 * FLV tag bodies.
 */

#include <string.h>

#include "nvm_flv.h"
#include "nvm_reader.h"


#define NVM_FLV_CODEC_AVC       7
#define NVM_FLV_FORMAT_AAC      10
#define NVM_FLV_FORMAT_EX       9       /* Enhanced RTMP, ExAudioTagHeader */
#define NVM_FLV_FRAME_KEY       1
#define NVM_FLV_FRAME_INFO      5
#define NVM_FLV_VIDEO_EX        0x80    /* Enhanced RTMP, IsExVideoHeader */

/* Sign bit of the 24-bit composition time. */
#define NVM_FLV_CTS_SIGN        0x800000


/* CodecID (E.4.3.1); 12 is how HEVC was sent before Enhanced RTMP. */
static const char  *nvm_flv_video_codecs[16] = {
    "unknown video codec", "video codec JPEG", "video codec Sorenson H.263",
    "video codec Screen video", "video codec On2 VP6",
    "video codec On2 VP6 with alpha", "video codec Screen video 2", NULL,
    "video codec H.263", "video codec MPEG-4 part 2", "unknown video codec",
    "unknown video codec", "video codec HEVC (FLV codec 12)",
    "video codec AV1 (FLV codec 13)", "unknown video codec",
    "unknown video codec"
};


/* SoundFormat (E.4.2.1). */
static const char  *nvm_flv_audio_formats[16] = {
    "audio format PCM", "audio format ADPCM", "audio format MP3",
    "audio format PCM", "audio format Nellymoser", "audio format Nellymoser",
    "audio format Nellymoser", "audio format G.711 A-law",
    "audio format G.711 mu-law", NULL, NULL, "audio format Speex",
    "unknown audio format", "unknown audio format",
    "audio format MP3 of 8 kHz", "device-specific audio format"
};


static const struct {
    char         fourcc[5];
    const char  *what;
} nvm_flv_fourccs[] = {
    { "avc1", "Enhanced RTMP video, codec AVC" },
    { "hvc1", "Enhanced RTMP video, codec HEVC" },
    { "vvc1", "Enhanced RTMP video, codec VVC" },
    { "av01", "Enhanced RTMP video, codec AV1" },
    { "vp08", "Enhanced RTMP video, codec VP8" },
    { "vp09", "Enhanced RTMP video, codec VP9" },
    { "mp4a", "Enhanced RTMP audio, codec AAC" },
    { "Opus", "Enhanced RTMP audio, codec Opus" },
    { "ac-3", "Enhanced RTMP audio, codec AC-3" },
    { "ec-3", "Enhanced RTMP audio, codec E-AC-3" },
    { "fLaC", "Enhanced RTMP audio, codec FLAC" },
    { ".mp3", "Enhanced RTMP audio, codec MP3" }
};


/*
 * The FourCC of an Enhanced RTMP header; for the log, so what no log line
 * should hold becomes a dot.  Multitrack and ModEx packets have other bytes
 * in its place: then the text names no codec.
 */
static nvm_err_e
nvm_flv_enhanced(nvm_reader_t *r, char fourcc[5], const char *what,
    nvm_fault_t *f)
{
    size_t          i;
    const uint8_t  *p;

    p = nvm_reader_bytes(r, 4);

    for (i = 0; p != NULL && i < 4; i++) {
        fourcc[i] = (char) (p[i] > 0x20 && p[i] < 0x7f ? p[i] : '.');
    }

    for (i = 0; i < sizeof(nvm_flv_fourccs) / sizeof(nvm_flv_fourccs[0]); i++)
    {
        if (memcmp(nvm_flv_fourccs[i].fourcc, fourcc, 4) == 0) {
            what = nvm_flv_fourccs[i].what;
        }
    }

    return nvm_fault(f, NVM_EUNSUP, 0, what);
}


/* AVCPacketType and AACPacketType agree on what is needed here. */
static nvm_err_e
nvm_flv_packet(nvm_reader_t *r, uint8_t type, unsigned max,
    nvm_flv_packet_e *packet, nvm_fault_t *f)
{
    if (r->error) {
        return nvm_fault(f, r->error, nvm_reader_offset(r),
                         "FLV tag header is cut");
    }

    if (type > max) {
        return nvm_fault(f, NVM_EINVAL, 1, "unknown FLV packet type");
    }

    *packet = (nvm_flv_packet_e) (NVM_FLV_HEADER + type);

    if (*packet == NVM_FLV_HEADER && nvm_reader_left(r) == 0) {
        return nvm_fault(f, NVM_ETRUNC, nvm_reader_offset(r),
                         "FLV sequence header without payload");
    }

    if (*packet == NVM_FLV_FRAME && nvm_reader_left(r) == 0) {
        *packet = NVM_FLV_NONE;
    }

    return NVM_OK;
}


nvm_err_e
nvm_flv_video_parse(const uint8_t *body, size_t n, nvm_flv_video_t *out,
    nvm_fault_t *f)
{
    uint8_t       head, type;
    uint32_t      cts;
    nvm_err_e     rc;
    nvm_reader_t  r;

    memset(out, 0, sizeof(nvm_flv_video_t));

    if (n == 0) {
        return NVM_OK;
    }

    nvm_reader_init(&r, body, n, 0);
    head = nvm_reader_u8(&r);

    if (head & NVM_FLV_VIDEO_EX) {
        out->frame_type = head >> 4 & 0x07;
        return nvm_flv_enhanced(&r, out->fourcc, "Enhanced RTMP video", f);
    }

    out->frame_type = head >> 4;
    out->codec_id = head & 0x0f;
    out->key = out->frame_type == NVM_FLV_FRAME_KEY;

    if (out->frame_type == NVM_FLV_FRAME_INFO) {
        return NVM_OK;
    }

    if (out->codec_id != NVM_FLV_CODEC_AVC) {
        return nvm_fault(f, NVM_EUNSUP, 0,
                         nvm_flv_video_codecs[out->codec_id]);
    }

    out->codec = NVM_CODEC_H264;
    type = nvm_reader_u8(&r);
    cts = nvm_reader_u24(&r);

    rc = nvm_flv_packet(&r, type, 2, &out->packet, f);
    if (rc != NVM_OK) {
        return rc;
    }

    if (out->packet == NVM_FLV_FRAME) {
        out->cts = (int32_t) (cts ^ NVM_FLV_CTS_SIGN) - NVM_FLV_CTS_SIGN;
    }

    out->size = nvm_reader_left(&r);
    out->data = nvm_reader_bytes(&r, out->size);

    return NVM_OK;
}


nvm_err_e
nvm_flv_audio_parse(const uint8_t *body, size_t n, nvm_flv_audio_t *out,
    nvm_fault_t *f)
{
    uint8_t       type;
    nvm_err_e     rc;
    nvm_reader_t  r;

    memset(out, 0, sizeof(nvm_flv_audio_t));

    if (n == 0) {
        return NVM_OK;
    }

    nvm_reader_init(&r, body, n, 0);
    out->format = nvm_reader_u8(&r) >> 4;

    if (out->format == NVM_FLV_FORMAT_EX) {
        return nvm_flv_enhanced(&r, out->fourcc, "Enhanced RTMP audio", f);
    }

    if (out->format != NVM_FLV_FORMAT_AAC) {
        return nvm_fault(f, NVM_EUNSUP, 0,
                         nvm_flv_audio_formats[out->format]);
    }

    out->codec = NVM_CODEC_AAC;
    type = nvm_reader_u8(&r);

    rc = nvm_flv_packet(&r, type, 1, &out->packet, f);
    if (rc != NVM_OK) {
        return rc;
    }

    out->size = nvm_reader_left(&r);
    out->data = nvm_reader_bytes(&r, out->size);

    return NVM_OK;
}
