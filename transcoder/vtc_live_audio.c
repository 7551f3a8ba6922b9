/*
 * Copyright (C) ngx_video authors
 *
 * The sound of a live stream, see vtc_live_audio.h.
 */

#include <stdlib.h>
#include <string.h>

#include "nvm_reader.h"
#include "vtc_live_audio.h"
#include "vtc_source.h"


/* dOps without its version, and what is before that in a file of Ogg */
#define VTC_LIVE_OPUS_HEAD   9

/* dfLa: version, flags, and the head of a block of metadata */
#define VTC_LIVE_FLAC_HEAD   8

typedef struct {
    uint32_t        codec;
    enum AVCodecID  id;
} vtc_live_codec_t;


static const vtc_live_codec_t  vtc_live_codecs[] = {
    { NVM_WIRE_AAC, AV_CODEC_ID_AAC },
    { NVM_WIRE_MP3, AV_CODEC_ID_MP3 },
    { NVM_WIRE_AC3, AV_CODEC_ID_AC3 },
    { NVM_WIRE_EAC3, AV_CODEC_ID_EAC3 },
    { NVM_WIRE_OPUS, AV_CODEC_ID_OPUS },
    { NVM_WIRE_FLAC, AV_CODEC_ID_FLAC }
};


int
vtc_live_audio_open(vtc_live_audio_t *a, const json_t *wanted)
{
    double        loudness;
    json_int_t    bitrate, rate, channels;
    json_error_t  error;

    if (wanted == NULL) {
        return 0;
    }

    loudness = 0;

    if (json_unpack_ex((json_t *) wanted, &error, 0, "{s:I, s:I, s:I, s?F}",
                       "bitrate", &bitrate, "rate", &rate, "channels",
                       &channels, "loudness", &loudness)
        != 0
        || bitrate < 16000 || bitrate > 512000 || rate < 8000 || rate > 96000
        || channels < 1 || channels > 2)
    {
        fputs("\"audio\" of OPEN is wrong", a->audio.why);
        return -1;
    }

    a->wanted = 1;
    a->rate = (int) rate;
    a->channels = (int) channels;
    a->audio.bitrate = (uint64_t) bitrate;
    a->audio.level = loudness < 0;
    a->audio.loudness = loudness;
    a->audio.time_base = (AVRational) { 1, NVM_WIRE_SCALE };
    a->packet = av_packet_alloc();
    a->frame = av_frame_alloc();

    if (a->packet == NULL || a->frame == NULL) {
        fputs("no memory", a->audio.why);
        return -1;
    }

    return vtc_audio_encoder(&a->audio, a->rate, a->channels);
}


void
vtc_live_audio_close(vtc_live_audio_t *a)
{
    avcodec_free_context(&a->decoder);
    av_packet_free(&a->packet);
    av_frame_free(&a->frame);
    vtc_audio_close(&a->audio);
}


/* RFC 7845, 5.1, of "Encapsulation of Opus in ISO BMFF", 4.3.2. */
static size_t
vtc_live_audio_opus(uint8_t *out, const uint8_t *dops, size_t n)
{
    static const uint8_t  order[] = { 1, 3, 2, 7, 6, 5, 4, 9, 8 };
    size_t                i;

    if (n < sizeof(order) + 2) {
        return 0;
    }

    memcpy(out, "OpusHead\1", VTC_LIVE_OPUS_HEAD);

    for (i = 0; i < sizeof(order); i++) {
        out[VTC_LIVE_OPUS_HEAD + i] = dops[order[i]];
    }

    memcpy(out + VTC_LIVE_OPUS_HEAD + i, dops + i + 1, n - i - 1);

    return VTC_LIVE_OPUS_HEAD + n - 1;
}


/* The configuration as libav has it. */
static int
vtc_live_audio_config(AVCodecContext *c, const nvm_wire_t *m)
{
    size_t          n;
    uint8_t        *out;
    const uint8_t  *from;

    from = m->body;
    n = m->len;

    if (c->codec_id == AV_CODEC_ID_FLAC) {
        n -= n < VTC_LIVE_FLAC_HEAD ? n : VTC_LIVE_FLAC_HEAD;
        from += m->len - n;
    }

    out = av_mallocz(n + VTC_LIVE_OPUS_HEAD + AV_INPUT_BUFFER_PADDING_SIZE);

    if (out == NULL) {
        return -1;
    }

    if (c->codec_id == AV_CODEC_ID_OPUS) {
        n = vtc_live_audio_opus(out, from, n);

    } else if (n) {
        memcpy(out, from, n);
    }

    c->extradata = out;
    c->extradata_size = (int) n;

    return 0;
}


int
vtc_live_audio_source(vtc_live_audio_t *a, const nvm_wire_t *m)
{
    int             rc;
    size_t          i;
    const AVCodec  *codec;

    if (!a->wanted) {
        return 0;
    }

    avcodec_free_context(&a->decoder);
    codec = NULL;

    for (i = 0; i < sizeof(vtc_live_codecs) / sizeof(vtc_live_codecs[0]); i++)
    {
        if (vtc_live_codecs[i].codec == m->codec) {
            codec = avcodec_find_decoder(vtc_live_codecs[i].id);
        }
    }

    if (codec == NULL) {
        fputs("the codec of the sound can't be decoded", a->audio.why);
        return 1;
    }

    a->decoder = avcodec_alloc_context3(codec);

    if (a->decoder == NULL || vtc_live_audio_config(a->decoder, m) != 0) {
        fputs("no memory", a->audio.why);
        return -1;
    }

    a->decoder->pkt_timebase = (AVRational) { 1, NVM_WIRE_SCALE };
    a->decoder->thread_count = 1;

    rc = avcodec_open2(a->decoder, codec, NULL);

    if (rc < 0) {
        vtc_source_why(a->audio.why, "the sound can't be decoded", rc);
        avcodec_free_context(&a->decoder);
        return 1;
    }

    a->known = 1;

    return 0;
}


/* Decoded sound; what leads to the encoder is as it is for the first of it. */
static int
vtc_live_audio_decoded(vtc_live_audio_t *a)
{
    AVFrame  *f;

    f = a->frame;

    if (f->pts == AV_NOPTS_VALUE || f->nb_samples == 0) {
        return 0;
    }

    if (!a->begun || f->format != a->format || f->sample_rate != a->in_rate
        || f->ch_layout.nb_channels != a->in_channels)
    {
        if (vtc_audio_from(&a->audio, a->decoder) != 0) {
            return -1;
        }

        a->begun = 1;
        a->format = f->format;
        a->in_rate = f->sample_rate;
        a->in_channels = f->ch_layout.nb_channels;
    }

    return vtc_audio_send(&a->audio, f);
}


static int
vtc_live_audio_drain(vtc_live_audio_t *a)
{
    int  rc;

    while (avcodec_receive_frame(a->decoder, a->frame) == 0) {
        rc = vtc_live_audio_decoded(a);
        av_frame_unref(a->frame);

        if (rc != 0) {
            return -1;
        }
    }

    return 0;
}


int
vtc_live_audio_frame(vtc_live_audio_t *a, const nvm_wire_t *m)
{
    int  rc;

    if (a->decoder == NULL) {
        return 0;
    }

    if (av_new_packet(a->packet, (int) m->len) < 0) {
        fputs("no memory", a->audio.why);
        return -1;
    }

    memcpy(a->packet->data, m->body, m->len);
    a->packet->pts = m->pts;
    a->packet->dts = m->pts;
    a->packet->flags = AV_PKT_FLAG_KEY;

    rc = avcodec_send_packet(a->decoder, a->packet);
    av_packet_unref(a->packet);
    a->damaged += rc < 0;

    return vtc_live_audio_drain(a);
}


int
vtc_live_audio_end(vtc_live_audio_t *a)
{
    if (!a->begun) {
        return 0;
    }

    if (a->decoder) {
        (void) avcodec_send_packet(a->decoder, NULL);

        if (vtc_live_audio_drain(a) != 0) {
            return -1;
        }
    }

    return vtc_audio_send(&a->audio, NULL);
}
