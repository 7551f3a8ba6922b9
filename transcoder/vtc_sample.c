/*
 * Copyright (C) ngx_video authors
 *
 * Samples and configurations, see vtc_sample.h.  The configuration is taken
 * from an MP4 file of libavformat's without samples: then it is what files of
 * this codec have.
 */

#include <libavformat/avformat.h>
#include <string.h>

#include "nvm_mp4_box.h"
#include "nvm_wire.h"
#include "vtc_sample.h"


/* OBU_TEMPORAL_DELIMITER, with a size of 0 (AV1, 5.3 and 5.6) */
#define VTC_SAMPLE_DELIMITER  "\x12\x00"

/* before the boxes of stsd, and of an entry of video (14496-12, 8.5.2, 12.1) */
#define VTC_SAMPLE_STSD       8
#define VTC_SAMPLE_ENTRY      78

static const struct {
    enum AVCodecID  id;
    uint32_t        fourcc;
    uint32_t        entry;              /* of MP4 */
    uint32_t        box;                /* with the configuration */
} vtc_samples[] = {

    { AV_CODEC_ID_H264, NVM_WIRE_AVC, MKTAG('a', 'v', 'c', '1'),
      NVM_FOURCC('a', 'v', 'c', 'C') },

    /* a hev1 of libavformat's says that more may be in the samples */
    { AV_CODEC_ID_HEVC, NVM_WIRE_HEVC, MKTAG('h', 'v', 'c', '1'),
      NVM_FOURCC('h', 'v', 'c', 'C') },

    { AV_CODEC_ID_VP9, NVM_WIRE_VP9, MKTAG('v', 'p', '0', '9'),
      NVM_FOURCC('v', 'p', 'c', 'C') },
    { AV_CODEC_ID_AV1, NVM_WIRE_AV1, MKTAG('a', 'v', '0', '1'),
      NVM_FOURCC('a', 'v', '1', 'C') },
    { AV_CODEC_ID_NONE, 0, 0, 0 }
};


static unsigned
vtc_sample_find(const AVCodecContext *c)
{
    unsigned  i;

    for (i = 0; vtc_samples[i].fourcc; i++) {
        if (vtc_samples[i].id == c->codec_id) {
            break;
        }
    }

    return i;
}


uint32_t
vtc_sample_codec(const AVCodecContext *c)
{
    return vtc_samples[vtc_sample_find(c)].fourcc;
}


static int
vtc_sample_copy(vtc_nal_t *out, const void *data, size_t len)
{
    if (len == 0 || vtc_nal_room(out, len) != 0) {
        return -1;
    }

    memcpy(out->data, data, len);
    out->len = len;

    return 0;
}


int
vtc_sample(vtc_nal_t *out, const AVCodecContext *c, const AVPacket *p)
{
    size_t  skip;

    switch (c->codec_id) {

    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
        return vtc_nal_picture(out, p->data, (size_t) p->size,
                               c->codec_id == AV_CODEC_ID_HEVC);

    case AV_CODEC_ID_AV1:
        skip = sizeof(VTC_SAMPLE_DELIMITER) - 1;

        if ((size_t) p->size < skip
            || memcmp(p->data, VTC_SAMPLE_DELIMITER, skip) != 0)
        {
            skip = 0;
        }

        return vtc_sample_copy(out, p->data + skip, (size_t) p->size - skip);

    default:
        return vtc_sample_copy(out, p->data, (size_t) p->size);
    }
}


/* The moov of a file with one track and no samples: its size, 0, or less. */
static int
vtc_sample_moov(const AVCodecContext *c, uint32_t entry, uint8_t **data)
{
    int               n, rc;
    AVStream         *stream;
    AVDictionary     *options;
    AVFormatContext  *format;

    *data = NULL;

    if (avformat_alloc_output_context2(&format, NULL, "mp4", NULL) < 0) {
        return -1;
    }

    options = NULL;
    n = -1;
    av_dict_set(&options, "movflags", "empty_moov", 0);
    stream = avformat_new_stream(format, NULL);

    if (stream
        && avcodec_parameters_from_context(stream->codecpar, c) >= 0
        && avio_open_dyn_buf(&format->pb) >= 0)
    {
        stream->codecpar->codec_tag = entry;
        stream->time_base = c->time_base;
        stream->avg_frame_rate = c->framerate;

        rc = avformat_write_header(format, &options);
        n = avio_close_dyn_buf(format->pb, data);
        format->pb = NULL;
        n = rc < 0 ? -1 : n;
    }

    av_dict_free(&options);
    avformat_free_context(format);

    return n;
}


/* What a box of the entry in a moov has: 0, or -1. */
static int
vtc_sample_box(nvm_mp4_box_t *file, uint32_t type, nvm_reader_t *out)
{
    unsigned       i;
    nvm_mp4_box_t  box, child;

    static const uint32_t  path[] = {
        NVM_FOURCC('m', 'o', 'o', 'v'), NVM_FOURCC('t', 'r', 'a', 'k'),
        NVM_FOURCC('m', 'd', 'i', 'a'), NVM_FOURCC('m', 'i', 'n', 'f'),
        NVM_FOURCC('s', 't', 'b', 'l'), NVM_FOURCC('s', 't', 's', 'd')
    };

    box = *file;

    for (i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        if (nvm_mp4_box_find(&box, path[i], &child, NULL) != NVM_OK) {
            return -1;
        }

        box = child;
        box.parent = NULL;
    }

    nvm_reader_skip(&box.r, VTC_SAMPLE_STSD);

    if (nvm_mp4_box_next(&box, &child, NULL) != NVM_OK) {
        return -1;
    }

    box = child;
    box.parent = NULL;
    nvm_reader_skip(&box.r, VTC_SAMPLE_ENTRY);

    if (nvm_mp4_box_find(&box, type, &child, NULL) != NVM_OK) {
        return -1;
    }

    *out = child.r;

    return 0;
}


int
vtc_sample_config(vtc_nal_t *out, const AVCodecContext *c)
{
    int            n, rc;
    size_t         len;
    uint8_t       *data;
    unsigned       i;
    nvm_reader_t   r;
    nvm_mp4_box_t  file;

    i = vtc_sample_find(c);

    if (vtc_samples[i].fourcc == 0) {
        return -1;
    }

    n = vtc_sample_moov(c, vtc_samples[i].entry, &data);
    rc = -1;

    if (n > 0) {
        memset(&file, 0, sizeof(file));
        nvm_reader_init(&file.r, data, (size_t) n, 0);
        rc = vtc_sample_box(&file, vtc_samples[i].box, &r);
    }

    if (rc == 0) {
        len = nvm_reader_left(&r);
        rc = vtc_sample_copy(out, nvm_reader_bytes(&r, len), len);
    }

    av_free(data);

    return rc;
}
