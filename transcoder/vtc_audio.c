/*
 * Copyright (C) ngx_video authors
 *
 * Sound, see vtc_audio.h.  Its times are those of the source: what is missing
 * in it becomes silence, what is there twice is left out.
 */

#include <inttypes.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/channel_layout.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_audio.h"
#include "vtc_source.h"


#define VTC_AUDIO_RATE_MAX  48000


static int
vtc_audio_fail(vtc_audio_t *a, const char *what, int code)
{
    vtc_source_why(a->why, what, code);

    return -1;
}


/* A rate that AAC has, and every player (ISO/IEC 14496-3, table 1.18). */
static int
vtc_audio_rate(int rate)
{
    static const int  rates[] = { 16000, 22050, 24000, 32000, 44100, 48000 };
    unsigned          i;

    for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        if (rate == rates[i]) {
            return rate;
        }
    }

    return VTC_AUDIO_RATE_MAX;
}


int
vtc_audio_encoder(vtc_audio_t *a, int rate, int channels)
{
    int              rc;
    const AVCodec   *codec;
    AVCodecContext  *c;

    codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
    c = codec ? avcodec_alloc_context3(codec) : NULL;
    a->encoder = c;

    if (c == NULL) {
        fputs("there is no encoder of AAC", a->why);
        return -1;
    }

    av_channel_layout_default(&c->ch_layout, channels);
    c->sample_rate = rate;
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->bit_rate = (int64_t) a->bitrate;
    c->time_base = (AVRational) { 1, c->sample_rate };
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    c->thread_count = 1;

    rc = avcodec_open2(c, codec, NULL);

    return rc < 0 ? vtc_audio_fail(a, "sound can't be encoded", rc) : 0;
}


static int
vtc_audio_source(vtc_audio_t *a, const AVCodecContext *decoder)
{
    char             text[256], layout[64];
    AVChannelLayout  l;

    memset(&l, 0, sizeof(l));

    if (decoder->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
        av_channel_layout_default(&l, decoder->ch_layout.nb_channels);

    } else {
        (void) av_channel_layout_copy(&l, &decoder->ch_layout);
    }

    (void) av_channel_layout_describe(&l, layout, sizeof(layout));
    av_channel_layout_uninit(&l);

    snprintf(text, sizeof(text), "time_base=%d/%d:sample_rate=%d:"
             "sample_fmt=%d:channel_layout=%s", a->time_base.num,
             a->time_base.den, decoder->sample_rate, decoder->sample_fmt,
             layout);

    return avfilter_graph_create_filter(&a->in,
                                        avfilter_get_by_name("abuffer"),
                                        "in", text, NULL, a->graph);
}


/* Filters from in to out, and to the meter if there is one. */
static int
vtc_audio_link(vtc_audio_t *a, const char *text)
{
    int             rc;
    AVFilterInOut  *in, *out, *meter;

    in = avfilter_inout_alloc();
    out = avfilter_inout_alloc();
    meter = a->meter ? avfilter_inout_alloc() : NULL;
    rc = AVERROR(ENOMEM);

    if (in && out && (meter || a->meter == NULL)) {
        in->name = av_strdup("out");
        in->filter_ctx = a->out;
        in->next = meter;
        out->name = av_strdup("in");
        out->filter_ctx = a->in;

        if (meter) {
            meter->name = av_strdup("meter");
            meter->filter_ctx = a->meter;
        }

        rc = avfilter_graph_parse_ptr(a->graph, text, &in, &out, NULL);

    } else {
        avfilter_inout_free(&meter);
    }

    avfilter_inout_free(&in);
    avfilter_inout_free(&out);

    return rc < 0 ? rc : avfilter_graph_config(a->graph, NULL);
}


static int
vtc_audio_chain(vtc_audio_t *a)
{
    char  text[512], layout[64], last[160];

    (void) av_channel_layout_describe(&a->encoder->ch_layout, layout,
                                      sizeof(layout));
    snprintf(last, sizeof(last), "aresample=%d,aformat=sample_fmts=fltp:"
             "channel_layouts=%s,asetnsamples=n=%d:p=0",
             a->encoder->sample_rate, layout, a->encoder->frame_size);

    /* loudnorm counts samples: what is missing has to be there before it */

    if (a->level) {
        snprintf(text, sizeof(text), "[in]aresample=%d:async=1000:"
                 "min_hard_comp=0.1,aformat=channel_layouts=%s,asplit[a][b];"
                 "[a]volume@gain=volume=0dB:precision=float,"
                 "alimiter=limit=0.84:level=0,%s[out];"
                 "[b]ebur128=metadata=1[meter]", a->encoder->sample_rate,
                 layout, last);

    } else {
        snprintf(text, sizeof(text), "[in]aresample=%d:async=1000:"
                 "min_hard_comp=0.1,%s%s[out]", a->encoder->sample_rate,
                 a->loudnorm ? "loudnorm=I=-16:TP=-1.5:LRA=11," : "", last);
    }

    return vtc_audio_link(a, text);
}


static int
vtc_audio_sink(vtc_audio_t *a, AVFilterContext **sink, const char *name)
{
    return avfilter_graph_create_filter(sink,
                                        avfilter_get_by_name("abuffersink"),
                                        name, NULL, NULL, a->graph);
}


int
vtc_audio_from(vtc_audio_t *a, const AVCodecContext *decoder)
{
    int  rc;

    avfilter_graph_free(&a->graph);
    a->meter = NULL;
    a->frame = a->frame ? a->frame : av_frame_alloc();
    a->spare = a->spare ? a->spare : av_packet_alloc();
    a->graph = avfilter_graph_alloc();

    if (a->frame == NULL || a->spare == NULL || a->graph == NULL) {
        fputs("no memory", a->why);
        return -1;
    }

    a->graph->nb_threads = 1;
    rc = vtc_audio_source(a, decoder);

    if (rc >= 0) {
        rc = vtc_audio_sink(a, &a->out, "out");
    }

    if (rc >= 0 && a->level) {
        rc = vtc_audio_sink(a, &a->meter, "meter");
    }

    if (rc >= 0) {
        rc = vtc_audio_chain(a);
    }

    return rc < 0 ? vtc_audio_fail(a, "sound can't be resampled", rc) : 0;
}


int
vtc_audio_open(vtc_audio_t *a, const AVCodecContext *decoder)
{
    if (vtc_audio_encoder(a, vtc_audio_rate(decoder->sample_rate),
                          decoder->ch_layout.nb_channels < 2 ? 1 : 2)
        != 0)
    {
        return -1;
    }

    return vtc_audio_from(a, decoder);
}


void
vtc_audio_close(vtc_audio_t *a)
{
    avfilter_graph_free(&a->graph);
    avcodec_free_context(&a->encoder);
    av_frame_free(&a->frame);
    av_packet_free(&a->spare);
}


/* A frame into the encoder, or NULL, and out what it has. */
static int
vtc_audio_encode(vtc_audio_t *a, AVFrame *frame)
{
    int  rc;

    rc = avcodec_send_frame(a->encoder, frame);

    while (rc >= 0) {
        rc = avcodec_receive_packet(a->encoder, a->spare);

        if (rc >= 0) {
            rc = a->packet(a->data, a->spare);
            av_packet_unref(a->spare);

            if (rc != 0) {
                return -1;
            }
        }
    }

    return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF ? 0
           : vtc_audio_fail(a, "sound can't be encoded", rc);
}


/* What has been measured of what came in applies to what comes next. */
static void
vtc_audio_meter(vtc_audio_t *a)
{
    char                text[32];
    AVDictionaryEntry  *now, *newest;

    while (av_buffersink_get_frame(a->meter, a->frame) >= 0) {
        now = av_dict_get(a->frame->metadata, "lavfi.r128.M", NULL, 0);
        newest = av_dict_get(a->frame->metadata, "lavfi.r128.S", NULL, 0);

        if (now && newest) {
            snprintf(text, sizeof(text), "%.2fdB",
                     vtc_level(&a->gain, a->loudness, atof(now->value),
                               atof(newest->value)));
            (void) avfilter_graph_send_command(a->graph, "volume@gain",
                                               "volume", text, NULL, 0, 0);
        }

        av_frame_unref(a->frame);
    }
}


int
vtc_audio_send(vtc_audio_t *a, AVFrame *frame)
{
    int         rc;
    AVRational  tb;

    rc = av_buffersrc_add_frame_flags(a->in, frame, 0);

    if (rc < 0) {
        return vtc_audio_fail(a, "sound can't be resampled", rc);
    }

    if (a->meter) {
        vtc_audio_meter(a);
    }

    for ( ;; ) {
        rc = av_buffersink_get_frame(a->out, a->frame);

        if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) {
            break;
        }

        if (rc < 0) {
            return vtc_audio_fail(a, "sound can't be resampled", rc);
        }

        tb = av_buffersink_get_time_base(a->out);
        a->frame->pts = av_rescale_q(a->frame->pts, tb,
                                     a->encoder->time_base);
        rc = vtc_audio_encode(a, a->frame);
        av_frame_unref(a->frame);

        if (rc != 0) {
            return -1;
        }
    }

    return frame ? 0 : vtc_audio_encode(a, NULL);
}
