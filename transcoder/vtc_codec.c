/*
 * Copyright (C) ngx_video authors
 *
 * Encoders of libavcodec with the options that a ladder needs.  None of them
 * decides about key frames: an interval that is never reached, no scene cuts,
 * no open GOP.
 */

#include <libavutil/imgutils.h>
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

    codec = vtc_codec_of(e);

    return e->rung->preset[0] ? e->rung->preset
           : e->preset && strcmp(codec->name, "h264") == 0 ? e->preset
           : e->low ? codec->fast : e->live ? codec->better : codec->preset;
}


static void
vtc_codec_h264(const vtc_encoding_t *e, AVDictionary **o)
{
    av_dict_set(o, "preset", vtc_codec_preset(e), 0);
    av_dict_set(o, "forced-idr", "1", 0);
    av_dict_set(o, "sc_threshold", "0", 0);
    av_dict_set(o, "x264-params", VTC_CODEC_X264, 0);

    if (e->low) {
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

    if (e->live) {
        /* pages about itself in front of each header */
        av_dict_set(o, "x265-params", ":info=0", AV_DICT_APPEND);
    }

    if (e->pass) {
        snprintf(text, sizeof(text), ":pass=%u:stats=", e->pass);
        av_dict_set(o, "x265-params", text, AV_DICT_APPEND);
        av_dict_set(o, "x265-params", e->stats, AV_DICT_APPEND);
    }

    av_dict_set(o, "preset", vtc_codec_preset(e), 0);
    av_dict_set(o, "forced-idr", "1", 0);

    if (e->low) {
        av_dict_set(o, "tune", "zerolatency", 0);
    }

    if (e->rung->profile[0]) {
        av_dict_set(o, "profile", e->rung->profile, 0);
    }
}


/*
 * What a rung may have at most its playlists say, and only with a constant rate
 * do libvpx and libaom keep to it.
 */
static void
vtc_codec_constant(const vtc_encoding_t *e, AVDictionary **o)
{
    av_dict_set_int(o, "minrate", (int64_t) e->rung->bitrate, 0);
    av_dict_set_int(o, "maxrate", (int64_t) e->rung->bitrate, 0);
}


static void
vtc_codec_vpx(const vtc_encoding_t *e, AVDictionary **o)
{
    av_dict_set(o, "cpu-used", vtc_codec_preset(e), 0);
    av_dict_set(o, "row-mt", "1", 0);

    /* with a constant rate lookahead changes nothing, and "good" is too slow */
    if (e->live) {
        vtc_codec_constant(e, o);
        av_dict_set(o, "deadline", "realtime", 0);
        av_dict_set(o, "lag-in-frames", "0", 0);
    }
}


/* Its other mode is not for live streams: a second a picture. */
static void
vtc_codec_aom(const vtc_encoding_t *e, AVDictionary **o)
{
    char  text[64];

    /* libavcodec's own option ends at 8 */
    snprintf(text, sizeof(text), "cpu-used=%s", vtc_codec_preset(e));

    av_dict_set(o, "usage", "realtime", 0);
    av_dict_set(o, "lag-in-frames", "0", 0);
    av_dict_set(o, "row-mt", "1", 0);
    av_dict_set(o, "aom-params", text, 0);
    vtc_codec_constant(e, o);
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
    { "h264", "libx264", "medium", "superfast", "medium", 0, 0, 0, 1,
      vtc_codec_h264 },
    { "hevc", "libx265", "medium", "superfast", "veryfast", 0, 0, 0, 0.65,
      vtc_codec_hevc },
    { "vp9", "libvpx-vp9", "4", NULL, NULL, 0, 1, 0, 0.65, vtc_codec_vpx },
    { "vp9", "libvpx-vp9", NULL, "8", "5", 0, 0, 0, 0.65, vtc_codec_vpx },
    { "av1", "libsvtav1", "8", NULL, NULL, 1, 0, 0, 0.5, vtc_codec_svt },
    { "av1", "libaom-av1", NULL, "9", "7", 0, 0, 1, 0.5, vtc_codec_aom },
    { NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL }
};


static const vtc_codec_t *
vtc_codec_named(const char *name, unsigned live)
{
    const vtc_codec_t  *codec;

    for (codec = vtc_codecs; codec->name; codec++) {
        if (strcmp(codec->name, name) == 0
            && (live ? codec->fast : codec->preset))
        {
            return avcodec_find_encoder_by_name(codec->encoder) ? codec : NULL;
        }
    }

    return NULL;
}


const vtc_codec_t *
vtc_codec_find(const char *name)
{
    return vtc_codec_named(name, 0);
}


const vtc_codec_t *
vtc_codec_of(const vtc_encoding_t *e)
{
    return vtc_codec_named(e->rung->codec, e->live);
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


/* An encoder that is not open yet, without its options; NULL: no memory. */
static AVCodecContext *
vtc_codec_new(const vtc_encoding_t *e, const AVFrame *first,
    const vtc_codec_t *codec)
{
    AVCodecContext  *c;

    c = avcodec_alloc_context3(avcodec_find_encoder_by_name(codec->encoder));

    if (c == NULL) {
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

    return c;
}


/* NULL, and why. */
static AVCodecContext *
vtc_codec_start(const vtc_encoding_t *e, const AVFrame *first,
    const vtc_codec_t *codec, FILE *why)
{
    int              rc;
    AVDictionary    *options;
    AVCodecContext  *c;

    c = vtc_codec_new(e, first, codec);

    if (c == NULL) {
        fputs("no memory", why);
        return NULL;
    }

    options = NULL;
    codec->options(e, &options);

    rc = vtc_codec_passes(c, e, why);

    if (rc == 0) {
        rc = avcodec_open2(c, NULL, &options);

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


/* The first packet of an encoder that is given a black picture: 0, or -1. */
static int
vtc_codec_black(AVCodecContext *c, AVFrame *f, AVPacket *packet)
{
    ptrdiff_t  lines[4];

    f->width = c->width;
    f->height = c->height;
    f->format = c->pix_fmt;
    f->pts = 0;
    f->pict_type = AV_PICTURE_TYPE_I;

    if (av_frame_get_buffer(f, 0) < 0) {
        return -1;
    }

    lines[0] = f->linesize[0];
    lines[1] = f->linesize[1];
    lines[2] = f->linesize[2];
    lines[3] = 0;

    return av_image_fill_black(f->data, lines, c->pix_fmt, AVCOL_RANGE_MPEG,
                               f->width, f->height) >= 0
           && avcodec_send_frame(c, f) == 0
           && avcodec_send_frame(c, NULL) == 0
           && avcodec_receive_packet(c, packet) == 0 ? 0 : -1;
}


/*
 * The header of an encoder that has it with its first picture is wanted before
 * there is any: another one is asked, with a picture of its own.  0, or -1.
 */
static int
vtc_codec_header(AVCodecContext *c, AVCodecContext *other)
{
    int       rc;
    size_t    n;
    AVFrame   *f;
    uint8_t   *header;
    AVPacket  *packet;

    rc = -1;
    f = av_frame_alloc();
    packet = av_packet_alloc();

    if (f && packet && vtc_codec_black(other, f, packet) == 0) {
        header = av_packet_get_side_data(packet, AV_PKT_DATA_NEW_EXTRADATA,
                                         &n);
        c->extradata = header ? av_mallocz(n + AV_INPUT_BUFFER_PADDING_SIZE)
                              : NULL;

        if (c->extradata) {
            memcpy(c->extradata, header, n);
            c->extradata_size = (int) n;
            rc = 0;
        }
    }

    av_packet_free(&packet);
    av_frame_free(&f);

    return rc;
}


AVCodecContext *
vtc_codec_open(const vtc_encoding_t *e, const AVFrame *first, FILE *why)
{
    AVCodecContext     *c, *other;
    const vtc_codec_t  *codec;

    codec = vtc_codec_of(e);

    if (codec == NULL) {
        fprintf(why, "there is no encoder of %s", e->rung->codec);
        return NULL;
    }

    c = vtc_codec_start(e, first, codec, why);

    if (c == NULL || !codec->shows) {
        return c;
    }

    other = vtc_codec_start(e, first, codec, why);

    if (other && vtc_codec_header(c, other) != 0) {
        fprintf(why, "rung \"%s\": the encoder has no header",
                e->rung->name);
        vtc_codec_close(&other);
    }

    if (other == NULL) {
        vtc_codec_close(&c);
    }

    vtc_codec_close(&other);

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
