/*
 * Copyright (C) ngx_video authors
 *
 * Encoders of libavcodec with the options that a ladder needs.  None of them
 * decides about key frames: an interval that is never reached, no scene cuts,
 * no open GOP.
 */

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_codec.h"
#include "vtc_file.h"
#include "vtc_source.h"


/* no key frame before that many pictures that nobody asks for: a year of 60 */
#define VTC_CODEC_INTERVAL  1892160000

/* when nobody knows */
#define VTC_CODEC_FPS       25

/*
 * How fast x264 makes up for what it spent too much: by its default, 1, a chunk
 * of 30 s has 5 % too many bits.  And all chunks have the same headers.
 */
#define VTC_CODEC_X264      "ratetol=0.3:stitchable=1"

#define VTC_CODEC_PASS_MAX  (64 * 1024 * 1024)


static const char *
vtc_codec_preset(const vtc_encoding_t *e)
{
    const vtc_codec_t  *codec;

    codec = vtc_codec_find(e->rung->codec);

    return e->rung->preset[0] ? e->rung->preset
           : e->preset && strcmp(codec->name, "h264") == 0 ? e->preset
           : e->live ? codec->fast : codec->preset;
}


static void
vtc_codec_h264(const vtc_encoding_t *e, AVDictionary **o)
{
    av_dict_set(o, "preset", vtc_codec_preset(e), 0);
    av_dict_set(o, "forced-idr", "1", 0);
    av_dict_set(o, "sc_threshold", "0", 0);
    av_dict_set(o, "x264-params", VTC_CODEC_X264, 0);

    if (e->live) {
        av_dict_set(o, "tune", "zerolatency", 0);
    }

    if (e->rung->profile[0]) {
        av_dict_set(o, "profile", e->rung->profile, 0);
    }

    if (e->pass) {
        av_dict_set(o, "stats", e->stats, 0);
    }
}


static void
vtc_codec_hevc(const vtc_encoding_t *e, AVDictionary **o)
{
    char  text[128];

    /* its messages don't go through libav */
    snprintf(text, sizeof(text), "log-level=none:scenecut=0:open-gop=0:"
             "pools=%u:frame-threads=1", e->threads);
    av_dict_set(o, "x265-params", text, 0);

    if (e->pass) {
        snprintf(text, sizeof(text), ":pass=%u:stats=", e->pass);
        av_dict_set(o, "x265-params", text, AV_DICT_APPEND);
        av_dict_set(o, "x265-params", e->stats, AV_DICT_APPEND);
    }

    av_dict_set(o, "preset", vtc_codec_preset(e), 0);
    av_dict_set(o, "forced-idr", "1", 0);

    if (e->live) {
        av_dict_set(o, "tune", "zerolatency", 0);
    }

    if (e->rung->profile[0]) {
        av_dict_set(o, "profile", e->rung->profile, 0);
    }
}


static void
vtc_codec_vpx(const vtc_encoding_t *e, AVDictionary **o)
{
    av_dict_set(o, "cpu-used", vtc_codec_preset(e), 0);
    av_dict_set(o, "row-mt", "1", 0);

    if (e->live) {
        av_dict_set(o, "deadline", "realtime", 0);
        av_dict_set(o, "lag-in-frames", "0", 0);
    }
}


/* It takes no wishes: key frames come after so many pictures. */
static void
vtc_codec_svt(const vtc_encoding_t *e, AVDictionary **o)
{
    char  text[32];

    snprintf(text, sizeof(text), "lp=%u", e->threads);

    av_dict_set(o, "preset", vtc_codec_preset(e), 0);
    av_dict_set(o, "svtav1-params", text, 0);
    av_dict_set_int(o, "g", e->interval, 0);

    /* are for another way of its rate control */
    av_dict_set(o, "maxrate", "0", 0);
    av_dict_set(o, "bufsize", "0", 0);
}


static const vtc_codec_t  vtc_codecs[] = {
    { "h264", "libx264", "medium", "superfast", 0, 0, 1, vtc_codec_h264 },
    { "hevc", "libx265", "medium", "ultrafast", 0, 0, 0.65, vtc_codec_hevc },
    { "vp9", "libvpx-vp9", "4", "8", 0, 1, 0.65, vtc_codec_vpx },
    { "av1", "libsvtav1", "8", "11", 1, 0, 0.5, vtc_codec_svt },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL }
};


const vtc_codec_t *
vtc_codec_find(const char *name)
{
    const vtc_codec_t  *codec;

    for (codec = vtc_codecs; codec->name; codec++) {
        if (strcmp(codec->name, name) == 0) {
            return avcodec_find_encoder_by_name(codec->encoder) ? codec : NULL;
        }
    }

    return NULL;
}


/*
 * Two passes: x264 and x265 read and write a file, libvpx leaves it to us, and
 * SVT-AV1 has one pass.  0, or -1 and why.
 */
static int
vtc_codec_passes(AVCodecContext *c, const vtc_encoding_t *e, FILE *why)
{
    const char  *name;

    name = c->codec->name;

    if (e->pass == 0 || strcmp(name, "libsvtav1") == 0) {
        return 0;
    }

    if (strcmp(name, "libx265") == 0) {

        /* the name of the file is in a list of options */
        if (strpbrk(e->stats, ":=")) {
            fputs("two passes of HEVC need a directory without \":\" and "
                  "\"=\" in its name", why);
            return -1;
        }

        return 0;
    }

    c->flags |= e->pass == 1 ? AV_CODEC_FLAG_PASS1 : AV_CODEC_FLAG_PASS2;

    if (e->pass == 1 || strcmp(name, "libx264") == 0) {
        return 0;
    }

    c->stats_in = vtc_file_read(e->stats, VTC_CODEC_PASS_MAX, why);

    return c->stats_in ? 0 : -1;
}


int
vtc_codec_stats(AVCodecContext *c, const vtc_encoding_t *e, FILE *why)
{
    if (e->pass != 1 || c->stats_out == NULL) {
        return 0;
    }

    return vtc_file_write(e->stats, c->stats_out, strlen(c->stats_out), why);
}


/* Colours: the samples are what they were, so is what they mean. */
static void
vtc_codec_colours(AVCodecContext *c, const AVFrame *f)
{
    c->color_range = AVCOL_RANGE_MPEG;
    c->color_primaries = f->color_primaries;
    c->color_trc = f->color_trc;
    c->colorspace = f->colorspace;
    c->chroma_sample_location = f->chroma_location;
    c->sample_aspect_ratio = (AVRational) { 1, 1 };
}


AVCodecContext *
vtc_codec_open(const vtc_encoding_t *e, const AVFrame *first, FILE *why)
{
    int                 rc;
    const AVCodec      *encoder;
    AVDictionary       *options;
    AVCodecContext     *c;
    const vtc_codec_t  *codec;

    codec = vtc_codec_find(e->rung->codec);
    encoder = codec ? avcodec_find_encoder_by_name(codec->encoder) : NULL;
    c = encoder ? avcodec_alloc_context3(encoder) : NULL;

    if (c == NULL) {
        fprintf(why, "there is no encoder of %s", e->rung->codec);
        return NULL;
    }

    c->width = (int) e->shape.width;
    c->height = (int) e->shape.height;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = e->time_base;
    c->framerate = e->fps.num > 0 ? e->fps
                   : (AVRational) { VTC_CODEC_FPS, 1 };

    if (codec->frames) {
        c->time_base = av_inv_q(c->framerate);
    }

    c->bit_rate = (int64_t) e->rung->bitrate;
    c->rc_max_rate = (int64_t) e->rung->maxrate;
    c->rc_buffer_size = (int) (e->rung->bufsize > INT32_MAX ? INT32_MAX
                               : e->rung->bufsize);
    c->gop_size = VTC_CODEC_INTERVAL;
    c->keyint_min = VTC_CODEC_INTERVAL;
    c->thread_count = (int) e->threads;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    vtc_codec_colours(c, first);

    options = NULL;
    codec->options(e, &options);

    rc = vtc_codec_passes(c, e, why);

    if (rc == 0) {
        rc = avcodec_open2(c, encoder, &options);

        if (rc < 0) {
            fprintf(why, "rung \"%s\": ", e->rung->name);
            vtc_source_why(why, "can't be encoded", rc);
        }
    }

    av_dict_free(&options);

    if (rc < 0) {
        vtc_codec_close(&c);
    }

    return c;
}


void
vtc_codec_close(AVCodecContext **c)
{
    if (*c) {
        free((*c)->stats_in);
    }

    avcodec_free_context(c);
}
