/*
 * Copyright (C) ngx_video authors
 *
 * One picture into many renditions: see vtc_video.h.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vtc_source.h"
#include "vtc_video.h"


static uint64_t
vtc_video_cpu(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


static int
vtc_video_fail(vtc_video_t *v, const vtc_output_t *o, const char *what,
    int code)
{
    fprintf(v->why, "rung \"%s\": ", o->encoding.rung->name);
    vtc_source_why(v->why, what, code);

    return -1;
}


int
vtc_video_open(vtc_video_t *v, const AVFrame *first)
{
    unsigned       i;
    vtc_output_t  *o;

    v->spare = av_packet_alloc();

    if (v->spare == NULL) {
        fputs("no memory", v->why);
        return -1;
    }

    for (i = 0; i < v->n; i++) {
        o = &v->outputs[i];
        o->newest = AV_NOPTS_VALUE;
        o->slot = INT64_MIN;
        o->scale.width = o->encoding.shape.width;
        o->scale.height = o->encoding.shape.height;
        o->encoder = vtc_codec_open(&o->encoding, first, v->why);

        if (o->encoder == NULL) {
            return -1;
        }

        if (vtc_codec_of(&o->encoding)->frames) {
            o->times = calloc(VTC_HELD_MAX, sizeof(int64_t));

            if (o->times == NULL) {
                fputs("no memory", v->why);
                return -1;
            }
        }
    }

    return 0;
}


void
vtc_video_close(vtc_video_t *v)
{
    unsigned       i;
    vtc_output_t  *o;

    for (i = 0; i < v->n; i++) {
        o = &v->outputs[i];
        vtc_scale_close(&o->scale);
        vtc_codec_close(&o->encoder);
        free(o->times);
        o->times = NULL;
    }

    av_packet_free(&v->spare);
}


/*
 * Whether a rung with fewer pictures a second takes this one: the first in each
 * of its slots, and all key frames.
 */
static int
vtc_video_takes(vtc_output_t *o, int64_t pts, int key)
{
    int64_t     slot;
    AVRational  fps;

    fps = o->encoding.rung->fps;

    if (fps.num == 0) {
        return 1;
    }

    /* one that is early by a tenth of a slot, by rounding, is in it */
    slot = av_rescale_q_rnd(pts, o->encoding.time_base,
                            av_inv_q(av_mul_q(fps, (AVRational) { 10, 1 })),
                            AV_ROUND_DOWN) + 1;
    slot = slot < 0 ? (slot - 9) / 10 : slot / 10;

    if (slot == o->slot && !key) {
        return 0;
    }

    o->slot = slot;

    return 1;
}


static int
vtc_video_scale(vtc_video_t *v, vtc_output_t *o, const AVFrame *from)
{
    int  rc;

    rc = vtc_scale_picture(&o->scale, from, &o->picture);

    return rc < 0 ? vtc_video_fail(v, o, "can't be scaled", rc) : 0;
}


/*
 * Renditions are of use together if their key frames are the same: whether this
 * packet is one if it should be.
 */
static int
vtc_video_agrees(vtc_output_t *o, const AVPacket *packet)
{
    unsigned  i;

    for (i = 0; i < o->n_asked; i++) {
        if (o->asked[i] == packet->pts) {
            o->n_asked--;
            memmove(&o->asked[i], &o->asked[i + 1],
                    (o->n_asked - i) * sizeof(int64_t));
            return (packet->flags & AV_PKT_FLAG_KEY) != 0;
        }
    }

    return !(packet->flags & AV_PKT_FLAG_KEY);
}


/* Gives on what the encoder has: 0, or -1. */
static int
vtc_video_drain(vtc_video_t *v, unsigned i)
{
    int            rc;
    vtc_output_t  *o;

    o = &v->outputs[i];

    for ( ;; ) {
        rc = avcodec_receive_packet(o->encoder, v->spare);

        if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) {
            return 0;
        }

        if (rc < 0) {
            return vtc_video_fail(v, o, "can't be encoded", rc);
        }

        if (o->times) {
            v->spare->pts = o->times[(uint64_t) v->spare->pts % VTC_HELD_MAX];
            v->spare->dts = v->spare->pts;
        }

        if (!vtc_video_agrees(o, v->spare)) {
            fprintf(v->why, "rung \"%s\": %s puts key frames elsewhere",
                    o->encoding.rung->name, o->encoder->codec->name);
            return -1;
        }

        o->bytes += (uint64_t) v->spare->size;
        rc = v->packet(v->data, i, v->spare);
        av_packet_unref(v->spare);

        if (rc != 0) {
            return -1;
        }
    }
}


/* All that an encoder still holds: 0, or -1. */
static int
vtc_video_finish(vtc_video_t *v, unsigned i)
{
    int            rc;
    vtc_output_t  *o;

    o = &v->outputs[i];
    rc = avcodec_send_frame(o->encoder, NULL);

    if (rc < 0) {
        return vtc_video_fail(v, o, "can't be encoded", rc);
    }

    return vtc_video_drain(v, i);
}


/*
 * A key frame that an encoder, which counts, would put later: another one takes
 * its place.  0, or -1.
 */
static int
vtc_video_again(vtc_video_t *v, unsigned i, const AVFrame *f)
{
    vtc_output_t  *o;

    o = &v->outputs[i];

    if (!vtc_codec_of(&o->encoding)->counts || o->since == 0
        || o->since == o->encoding.interval)
    {
        return 0;
    }

    if (vtc_video_finish(v, i) != 0) {
        return -1;
    }

    vtc_codec_close(&o->encoder);
    o->encoder = vtc_codec_open(&o->encoding, f, v->why);

    return o->encoder ? 0 : -1;
}


/* A key frame is asked for: 0, or -1. */
static int
vtc_video_ask(vtc_video_t *v, unsigned i, const AVFrame *f)
{
    vtc_output_t  *o;

    o = &v->outputs[i];

    if (vtc_video_again(v, i, f) != 0) {
        return -1;
    }

    if (o->n_asked == VTC_KEYS_ASKED) {
        fprintf(v->why, "rung \"%s\": too many key frames",
                o->encoding.rung->name);
        return -1;
    }

    o->asked[o->n_asked++] = f->pts;
    o->since = 0;

    return 0;
}


/* The picture of a rung, with the time of the source's: 0, or -1. */
static int
vtc_video_encode(vtc_video_t *v, unsigned i, const AVFrame *source, int key)
{
    int            rc;
    AVFrame       *f;
    vtc_output_t  *o;

    o = &v->outputs[i];
    f = av_frame_clone(o->picture);

    if (f == NULL) {
        fputs("no memory", v->why);
        return -1;
    }

    f->pts = source->pts;
    f->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    f->color_range = AVCOL_RANGE_MPEG;
    f->sample_aspect_ratio = (AVRational) { 1, 1 };

    rc = key ? vtc_video_ask(v, i, f) : 0;
    o->since++;

    if (rc == 0 && v->picture) {
        rc = v->picture(v->data, i, f);
    }

    if (o->times) {
        o->times[o->pictures % VTC_HELD_MAX] = f->pts;
        f->pts = (int64_t) o->pictures;
    }

    if (rc == 0) {
        rc = avcodec_send_frame(o->encoder, f);

        if (rc < 0) {
            rc = vtc_video_fail(v, o, "can't be encoded", rc);
        }
    }

    av_frame_free(&f);

    if (rc != 0) {
        return -1;
    }

    o->newest = source->pts;
    o->pictures++;

    return vtc_video_drain(v, i);
}


/* The smallest picture of now that a rung can be scaled from. */
static const AVFrame *
vtc_video_from(vtc_video_t *v, unsigned i, const AVFrame *source)
{
    const AVFrame     *p;
    const vtc_shape_t  *shape;

    shape = &v->outputs[i].encoding.shape;

    while (i-- > 0) {
        p = v->outputs[i].picture;

        if (p && p->width >= (int) shape->width
            && p->height >= (int) shape->height)
        {
            return p;
        }
    }

    return source;
}


int
vtc_video_send(vtc_video_t *v, const AVFrame *picture, int key)
{
    unsigned       i;
    uint64_t       cpu, now;
    vtc_output_t  *o;

    for (i = 0; i < v->n; i++) {
        v->outputs[i].picture = NULL;
    }

    cpu = vtc_video_cpu();

    for (i = 0; i < v->n; i++) {
        o = &v->outputs[i];

        if (o->off || !vtc_video_takes(o, picture->pts, key)) {
            continue;
        }

        if (vtc_video_scale(v, o, vtc_video_from(v, i, picture)) != 0
            || vtc_video_encode(v, i, picture, key) != 0)
        {
            return -1;
        }

        now = vtc_video_cpu();
        o->cpu += now - cpu;
        cpu = now;
    }

    return 0;
}


int
vtc_video_end(vtc_video_t *v)
{
    unsigned       i;
    uint64_t       cpu;
    vtc_output_t  *o;

    for (i = 0; i < v->n; i++) {
        o = &v->outputs[i];
        cpu = vtc_video_cpu();

        if (vtc_video_finish(v, i) != 0
            || vtc_codec_stats(o->encoder, &o->encoding, v->why) != 0)
        {
            return -1;
        }

        o->cpu += vtc_video_cpu() - cpu;
    }

    return 0;
}
