/*
 * Copyright (C) ngx_video authors
 *
 * FLV tag bodies.
 */

#include <string.h>

#include "nvm_flv.h"


/* CodecID (E.4.3.1), FrameType, AVCPacketType (E.4.3.2) */
#define NVM_FLV_CODEC_AVC       7
#define NVM_FLV_CODEC_HEVC      12      /* before Enhanced RTMP; as AVC */
#define NVM_FLV_FRAME_KEY       1
#define NVM_FLV_FRAME_COMMAND   5

/* SoundFormat (E.4.2.1) */
#define NVM_FLV_FORMAT_MP3      2
#define NVM_FLV_FORMAT_EX       9       /* ExAudioTagHeader */
#define NVM_FLV_FORMAT_AAC      10

/* VideoPacketType and AudioPacketType of Enhanced RTMP */
#define NVM_FLV_EX_START        0
#define NVM_FLV_EX_FRAMES       1
#define NVM_FLV_EX_END          2
#define NVM_FLV_EX_FRAMES_X     3       /* video: composition time is 0 */
#define NVM_FLV_EX_META         4       /* audio: MultichannelConfig */
#define NVM_FLV_EX_AUDIO_MULTI  5
#define NVM_FLV_EX_VIDEO_TS     5       /* MPEG2TSSequenceStart: what a header
                                           has, as descriptors of MPEG-2 TS */
#define NVM_FLV_EX_VIDEO_MULTI  6
#define NVM_FLV_EX_MOD          7

#define NVM_FLV_VIDEO_EX        0x80    /* IsExVideoHeader */

/* AvMultitrackType */
#define NVM_FLV_ONE_TRACK       0
#define NVM_FLV_MANY_CODECS     2

/* Tracks of a message: their numbers have 8 bits. */
#define NVM_FLV_MAX_TRACKS      256

/* Sign bit of the 24-bit composition time. */
#define NVM_FLV_CTS_SIGN        0x800000


/* CodecID, those that are not packaged. */
static const char  *nvm_flv_video_codecs[16] = {
    "unknown video codec", "video codec JPEG", "video codec Sorenson H.263",
    "video codec Screen video", "video codec On2 VP6",
    "video codec On2 VP6 with alpha", "video codec Screen video 2", NULL,
    "video codec H.263", "video codec MPEG-4 part 2", "unknown video codec",
    "unknown video codec", NULL, "video codec AV1 (FLV codec 13)",
    "unknown video codec", "unknown video codec"
};


/* SoundFormat, those that are not packaged. */
static const char  *nvm_flv_audio_formats[16] = {
    "audio format PCM", "audio format ADPCM", NULL,
    "audio format PCM", "audio format Nellymoser", "audio format Nellymoser",
    "audio format Nellymoser", "audio format G.711 A-law",
    "audio format G.711 mu-law", NULL, NULL, "audio format Speex",
    "unknown audio format", "unknown audio format",
    "audio format MP3 of 8 kHz", "device-specific audio format"
};


static const struct {
    char         fourcc[5];
    nvm_kind_e   kind;
    nvm_codec_e  codec;
    const char  *unsupported;
} nvm_flv_fourccs[] = {
    { "avc1", NVM_VIDEO, NVM_CODEC_H264, NULL },
    { "hvc1", NVM_VIDEO, NVM_CODEC_HEVC, NULL },
    { "av01", NVM_VIDEO, NVM_CODEC_AV1, NULL },
    { "vp09", NVM_VIDEO, NVM_CODEC_VP9, NULL },
    { "vp08", NVM_VIDEO, NVM_CODEC_NONE, "video codec VP8" },
    { "vvc1", NVM_VIDEO, NVM_CODEC_NONE, "video codec VVC" },
    { "mp4a", NVM_AUDIO, NVM_CODEC_AAC, NULL },
    { "Opus", NVM_AUDIO, NVM_CODEC_OPUS, NULL },
    { "ac-3", NVM_AUDIO, NVM_CODEC_AC3, NULL },
    { "ec-3", NVM_AUDIO, NVM_CODEC_EAC3, NULL },
    { "fLaC", NVM_AUDIO, NVM_CODEC_FLAC, NULL },
    { ".mp3", NVM_AUDIO, NVM_CODEC_MP3, NULL }
};


const char *
nvm_flv_codec(nvm_kind_e kind, size_t n)
{
    size_t  i;

    for (i = 0; i < sizeof(nvm_flv_fourccs) / sizeof(nvm_flv_fourccs[0]); i++)
    {
        if (nvm_flv_fourccs[i].kind == kind
            && nvm_flv_fourccs[i].unsupported == NULL && n-- == 0)
        {
            return nvm_flv_fourccs[i].fourcc;
        }
    }

    return NULL;
}


static nvm_err_e
nvm_flv_cut(nvm_flv_tag_t *tag, nvm_fault_t *f)
{
    return nvm_fault(f, NVM_ETRUNC, nvm_reader_offset(&tag->rest),
                     "FLV tag header is cut");
}


/* The codec; for the log, what no log line should hold becomes a dot. */
static nvm_err_e
nvm_flv_fourcc(nvm_flv_tag_t *tag, nvm_fault_t *f)
{
    size_t          i;
    uint64_t        at;
    const char     *what;
    const uint8_t  *p;

    at = nvm_reader_offset(&tag->rest);
    p = nvm_reader_bytes(&tag->rest, 4);

    if (p == NULL) {
        return nvm_flv_cut(tag, f);
    }

    for (i = 0; i < 4; i++) {
        tag->fourcc[i] = (char) (p[i] > 0x20 && p[i] < 0x7f ? p[i] : '.');
    }

    what = tag->kind == NVM_VIDEO ? "unknown video codec"
                                  : "unknown audio codec";

    for (i = 0; i < sizeof(nvm_flv_fourccs) / sizeof(nvm_flv_fourccs[0]); i++)
    {
        if (nvm_flv_fourccs[i].kind != tag->kind
            || memcmp(nvm_flv_fourccs[i].fourcc, p, 4) != 0)
        {
            continue;
        }

        tag->codec = nvm_flv_fourccs[i].codec;
        what = nvm_flv_fourccs[i].unsupported;
        break;
    }

    return tag->codec == NVM_CODEC_NONE
           ? nvm_fault(f, NVM_EUNSUP, at, what) : NVM_OK;
}


/* Signed 24 bits, ms. */
static int32_t
nvm_flv_cts(nvm_reader_t *r)
{
    return (int32_t) (nvm_reader_u24(r) ^ NVM_FLV_CTS_SIGN) - NVM_FLV_CTS_SIGN;
}


/* What is left of r is the payload of tag->packet. */
static nvm_err_e
nvm_flv_payload(nvm_flv_tag_t *tag, nvm_reader_t *r, nvm_fault_t *f)
{
    if (r->error) {
        return nvm_fault(f, r->error, nvm_reader_offset(r),
                         "FLV tag header is cut");
    }

    tag->size = nvm_reader_left(r);

    if (tag->packet == NVM_FLV_HEADER && tag->size == 0) {
        return nvm_fault(f, NVM_ETRUNC, nvm_reader_offset(r),
                         "FLV sequence header without payload");
    }

    if (tag->packet == NVM_FLV_FRAME && tag->size == 0) {
        tag->packet = NVM_FLV_NONE;
    }

    tag->data = nvm_reader_bytes(r, tag->size);

    return NVM_OK;
}


/* A packet of Enhanced RTMP whose codec and track are known. */
static nvm_err_e
nvm_flv_packet(nvm_flv_tag_t *tag, nvm_reader_t *r, nvm_fault_t *f)
{
    tag->cts = 0;

    switch (tag->type) {

    case NVM_FLV_EX_START:
        tag->packet = NVM_FLV_HEADER;
        break;

    case NVM_FLV_EX_FRAMES:
        tag->packet = NVM_FLV_FRAME;

        if (tag->codec == NVM_CODEC_H264 || tag->codec == NVM_CODEC_HEVC) {
            tag->cts = nvm_flv_cts(r);
        }

        break;

    case NVM_FLV_EX_END:
        tag->packet = NVM_FLV_EOS;
        break;

    case NVM_FLV_EX_META:
        tag->packet = NVM_FLV_NONE;
        break;

    default:
        if (tag->kind != NVM_VIDEO
            || (tag->type != NVM_FLV_EX_FRAMES_X
                && tag->type != NVM_FLV_EX_VIDEO_TS))
        {
            return nvm_fault(f, NVM_EINVAL, 0, "unknown FLV packet type");
        }

        tag->packet = tag->type == NVM_FLV_EX_FRAMES_X ? NVM_FLV_FRAME
                                                       : NVM_FLV_NONE;
        break;
    }

    return nvm_flv_payload(tag, r, f);
}


nvm_err_e
nvm_flv_next(nvm_flv_tag_t *tag, nvm_fault_t *f)
{
    nvm_err_e      rc;
    nvm_reader_t   r, *rest;

    rest = &tag->rest;

    if (tag->multitrack == 0 || nvm_reader_left(rest) == 0) {
        return NVM_ENOENT;
    }

    if (tag->ntracks++ == NVM_FLV_MAX_TRACKS) {
        return nvm_fault(f, NVM_ELIMIT, nvm_reader_offset(rest),
                         "too many FLV tracks");
    }

    if (tag->multitrack == NVM_FLV_MANY_CODECS + 1) {
        tag->codec = NVM_CODEC_NONE;
        rc = nvm_flv_fourcc(tag, f);

        if (rc != NVM_OK) {
            return rc;
        }
    }

    tag->track = nvm_reader_u8(rest);

    nvm_reader_sub(rest, tag->multitrack == NVM_FLV_ONE_TRACK + 1
                         ? nvm_reader_left(rest) : nvm_reader_u24(rest), &r);

    if (rest->error) {
        return nvm_fault(f, rest->error, nvm_reader_offset(rest),
                         "FLV track is cut");
    }

    return nvm_flv_packet(tag, &r, f);
}


/* ModEx: bytes that modify the packet; those of version 2 are of no use. */
static void
nvm_flv_modified(nvm_flv_tag_t *tag)
{
    size_t         n;
    nvm_reader_t  *r;

    r = &tag->rest;

    while (tag->type == NVM_FLV_EX_MOD && r->error == NVM_OK) {
        n = (size_t) nvm_reader_u8(r) + 1;

        if (n == 256) {
            n = (size_t) nvm_reader_u16(r) + 1;
        }

        nvm_reader_skip(r, n);
        tag->type = nvm_reader_u8(r) & 0x0f;
    }
}


static nvm_err_e
nvm_flv_enhanced(nvm_flv_tag_t *tag, unsigned frame_type, nvm_fault_t *f)
{
    uint8_t        multi;
    nvm_err_e      rc;
    nvm_reader_t  *r;

    r = &tag->rest;
    nvm_flv_modified(tag);

    if (tag->kind == NVM_VIDEO && tag->type != NVM_FLV_EX_META
        && frame_type == NVM_FLV_FRAME_COMMAND)
    {
        return r->error ? nvm_flv_cut(tag, f) : NVM_OK;
    }

    if (tag->type == (tag->kind == NVM_VIDEO ? NVM_FLV_EX_VIDEO_MULTI
                                             : NVM_FLV_EX_AUDIO_MULTI))
    {
        multi = nvm_reader_u8(r);
        tag->type = multi & 0x0f;
        tag->multitrack = (uint8_t) ((multi >> 4) + 1);

        if (r->error == NVM_OK && tag->multitrack > NVM_FLV_MANY_CODECS + 1) {
            return nvm_fault(f, NVM_EINVAL, 1, "unknown FLV multitrack type");
        }
    }

    if (r->error) {
        return nvm_flv_cut(tag, f);
    }

    if (tag->multitrack != NVM_FLV_MANY_CODECS + 1) {
        rc = nvm_flv_fourcc(tag, f);

        if (rc != NVM_OK) {
            return rc;
        }
    }

    if (tag->multitrack == 0) {
        return nvm_flv_packet(tag, r, f);
    }

    rc = nvm_flv_next(tag, f);

    /* a message of no track */
    return rc == NVM_ENOENT ? NVM_OK : rc;
}


/* AVCPacketType; AACPacketType is the same without the composition time. */
static nvm_err_e
nvm_flv_plain(nvm_flv_tag_t *tag, unsigned types, nvm_fault_t *f)
{
    int32_t        cts;
    uint8_t        type;
    nvm_reader_t  *r;

    r = &tag->rest;
    type = nvm_reader_u8(r);
    cts = tag->kind == NVM_VIDEO ? nvm_flv_cts(r) : 0;

    if (r->error == NVM_OK && type >= types) {
        return nvm_fault(f, NVM_EINVAL, 1, "unknown FLV packet type");
    }

    tag->packet = (nvm_flv_packet_e) (NVM_FLV_HEADER + type);
    tag->cts = tag->packet == NVM_FLV_FRAME ? cts : 0;

    return nvm_flv_payload(tag, r, f);
}


nvm_err_e
nvm_flv_video_parse(const uint8_t *body, size_t n, nvm_flv_tag_t *tag,
    nvm_fault_t *f)
{
    uint8_t   head, codec;
    unsigned  type;

    memset(tag, 0, sizeof(nvm_flv_tag_t));
    tag->kind = NVM_VIDEO;

    if (n == 0) {
        return NVM_OK;
    }

    nvm_reader_init(&tag->rest, body, n, 0);

    head = nvm_reader_u8(&tag->rest);
    type = head >> 4 & (head & NVM_FLV_VIDEO_EX ? 0x07 : 0x0f);
    tag->key = type == NVM_FLV_FRAME_KEY;

    if (head & NVM_FLV_VIDEO_EX) {
        tag->type = head & 0x0f;
        return nvm_flv_enhanced(tag, type, f);
    }

    if (type == NVM_FLV_FRAME_COMMAND) {
        return NVM_OK;
    }

    codec = head & 0x0f;

    if (nvm_flv_video_codecs[codec]) {
        return nvm_fault(f, NVM_EUNSUP, 0, nvm_flv_video_codecs[codec]);
    }

    tag->codec = codec == NVM_FLV_CODEC_AVC ? NVM_CODEC_H264 : NVM_CODEC_HEVC;

    return nvm_flv_plain(tag, 3, f);
}


nvm_err_e
nvm_flv_audio_parse(const uint8_t *body, size_t n, nvm_flv_tag_t *tag,
    nvm_fault_t *f)
{
    uint8_t  head, format;

    memset(tag, 0, sizeof(nvm_flv_tag_t));
    tag->kind = NVM_AUDIO;

    if (n == 0) {
        return NVM_OK;
    }

    nvm_reader_init(&tag->rest, body, n, 0);

    head = nvm_reader_u8(&tag->rest);
    format = head >> 4;
    tag->key = 1;

    if (format == NVM_FLV_FORMAT_EX) {
        tag->type = head & 0x0f;
        return nvm_flv_enhanced(tag, 0, f);
    }

    if (nvm_flv_audio_formats[format]) {
        return nvm_fault(f, NVM_EUNSUP, 0, nvm_flv_audio_formats[format]);
    }

    if (format == NVM_FLV_FORMAT_MP3) {
        tag->codec = NVM_CODEC_MP3;
        tag->packet = NVM_FLV_FRAME;
        return nvm_flv_payload(tag, &tag->rest, f);
    }

    tag->codec = NVM_CODEC_AAC;

    return nvm_flv_plain(tag, 2, f);
}
