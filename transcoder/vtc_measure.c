/*
 * Copyright (C) ngx_video authors
 *
 * Pictures are decoded again and compared, see vtc_measure.h.
 */

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_measure.h"
#include "vtc_source.h"


#define VTC_MEASURE_BEST  100.0         /* dB */

struct vtc_measure_s {
    FILE             *why;
    AVRational        time_base;
    AVCodecContext   *decoder;          /* NULL: pairs */
    vtc_measured_pt   measured;         /* of pairs */
    void             *data;
    uint64_t          pairs;
    AVFrame          *frame;
    AVFilterGraph    *graph;            /* NULL: no picture yet */
    AVFilterContext  *was;
    AVFilterContext  *is;
    AVFilterContext  *sink;
    uint64_t          n;
    double            mse;
    double            ssim;
};


static int
vtc_measure_fail(vtc_measure_t *m, int code)
{
    vtc_source_why(m->why, "quality can't be measured", code);

    return -1;
}


double
vtc_measure_psnr(double mse)
{
    double  psnr;

    if (mse <= 0) {
        return VTC_MEASURE_BEST;
    }

    psnr = 10 * log10(255.0 * 255.0 / mse);

    return psnr > VTC_MEASURE_BEST ? VTC_MEASURE_BEST : psnr;
}


vtc_measure_t *
vtc_measure_open(const AVCodecContext *encoder, AVRational time_base,
    FILE *why)
{
    int                 rc;
    const AVCodec      *codec;
    vtc_measure_t      *m;
    AVCodecParameters  *p;

    m = calloc(1, sizeof(vtc_measure_t));
    p = avcodec_parameters_alloc();
    codec = avcodec_find_decoder(encoder->codec_id);
    rc = AVERROR(ENOMEM);

    if (m && p && codec) {
        m->why = why;
        m->time_base = time_base;
        m->frame = av_frame_alloc();
        m->decoder = avcodec_alloc_context3(codec);
        rc = m->frame && m->decoder
             ? avcodec_parameters_from_context(p, encoder) : rc;
    }

    if (rc >= 0) {
        rc = avcodec_parameters_to_context(m->decoder, p);
    }

    if (rc >= 0) {
        m->decoder->thread_count = 1;
        m->decoder->pkt_timebase = time_base;
        rc = avcodec_open2(m->decoder, codec, NULL);
    }

    avcodec_parameters_free(&p);

    if (rc < 0) {
        vtc_source_why(why, "quality can't be measured", rc);
        vtc_measure_close(m);
        return NULL;
    }

    return m;
}


vtc_measure_t *
vtc_measure_pairs(vtc_measured_pt measured, void *data, FILE *why)
{
    vtc_measure_t  *m;

    m = calloc(1, sizeof(vtc_measure_t));

    if (m) {
        m->frame = av_frame_alloc();
    }

    if (m == NULL || m->frame == NULL) {
        fputs("no memory", why);
        free(m);
        return NULL;
    }

    /* of pairs, which are counted */
    m->time_base = (AVRational) { 1, 25 };
    m->measured = measured;
    m->data = data;
    m->why = why;

    return m;
}


void
vtc_measure_close(vtc_measure_t *m)
{
    if (m) {
        avfilter_graph_free(&m->graph);
        avcodec_free_context(&m->decoder);
        av_frame_free(&m->frame);
        free(m);
    }
}


/* An input or the output of the graph, joined to a name in its text. */
static int
vtc_measure_pad(vtc_measure_t *m, AVFilterContext **filter, const char *kind,
    const char *name, const char *args, AVFilterInOut **list)
{
    int             rc;
    AVFilterInOut  *p;

    rc = avfilter_graph_create_filter(filter, avfilter_get_by_name(kind), name,
                                      args, NULL, m->graph);
    p = rc < 0 ? NULL : avfilter_inout_alloc();

    if (p == NULL) {
        return rc < 0 ? rc : AVERROR(ENOMEM);
    }

    p->name = av_strdup(name);
    p->filter_ctx = *filter;
    p->next = *list;
    *list = p;

    return 0;
}


static int
vtc_measure_graph(vtc_measure_t *m, const AVFrame *f)
{
    int             rc;
    char            args[160];
    AVFilterInOut  *in, *out;

    static const char  text[] =
        "[was]split[a][b];[is][a]psnr[c];[c][b]ssim[sink]";

    in = NULL;
    out = NULL;
    m->graph = avfilter_graph_alloc();

    if (m->graph == NULL) {
        return AVERROR(ENOMEM);
    }

    m->graph->nb_threads = 1;

    snprintf(args, sizeof(args), "width=%d:height=%d:pix_fmt=%d:"
             "time_base=%d/%d", f->width, f->height, AV_PIX_FMT_YUV420P,
             m->time_base.num, m->time_base.den);

    rc = vtc_measure_pad(m, &m->was, "buffer", "was", args, &out);

    if (rc >= 0) {
        rc = vtc_measure_pad(m, &m->is, "buffer", "is", args, &out);
    }

    if (rc >= 0) {
        rc = vtc_measure_pad(m, &m->sink, "buffersink", "sink", NULL, &in);
    }

    if (rc >= 0) {
        rc = avfilter_graph_parse_ptr(m->graph, text, &in, &out, NULL);
    }

    if (rc >= 0) {
        rc = avfilter_graph_config(m->graph, NULL);
    }

    avfilter_inout_free(&in);
    avfilter_inout_free(&out);

    return rc;
}


int
vtc_measure_picture(vtc_measure_t *m, const AVFrame *picture)
{
    int  rc;

    rc = m->graph ? 0 : vtc_measure_graph(m, picture);

    if (rc >= 0) {
        rc = av_buffersrc_write_frame(m->was, picture);
    }

    return rc < 0 ? vtc_measure_fail(m, rc) : 0;
}


static double
vtc_measure_value(const AVFrame *f, const char *name)
{
    AVDictionaryEntry  *e;

    e = av_dict_get(f->metadata, name, NULL, 0);

    return e ? strtod(e->value, NULL) : 0;
}


/* What has been compared: 0, or -1 and why. */
static int
vtc_measure_drain(vtc_measure_t *m)
{
    int      rc;
    double   mse, ssim;
    int64_t  pts;

    for ( ;; ) {
        rc = av_buffersink_get_frame(m->sink, m->frame);

        if (rc < 0) {
            return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF
                   ? 0 : vtc_measure_fail(m, rc);
        }

        mse = vtc_measure_value(m->frame, "lavfi.psnr.mse_avg");
        ssim = vtc_measure_value(m->frame, "lavfi.ssim.All");
        pts = m->frame->pts;
        av_frame_unref(m->frame);

        m->n++;
        m->mse += mse;
        m->ssim += ssim;

        if (m->measured
            && m->measured(m->data, (uint64_t) pts, mse, ssim) != 0)
        {
            return -1;
        }
    }
}


/* A packet, or NULL: 0, or -1 and why. */
static int
vtc_measure_decode(vtc_measure_t *m, const AVPacket *packet)
{
    int  rc;

    rc = avcodec_send_packet(m->decoder, packet);

    while (rc >= 0) {
        rc = avcodec_receive_frame(m->decoder, m->frame);

        if (rc == AVERROR(EAGAIN) || rc == AVERROR_EOF) {
            return 0;
        }

        if (rc >= 0) {
            m->frame->pts = m->frame->best_effort_timestamp;
            rc = av_buffersrc_add_frame_flags(m->is, m->frame, 0);
        }

        if (rc >= 0 && vtc_measure_drain(m) != 0) {
            return -1;
        }
    }

    return vtc_measure_fail(m, rc);
}


int
vtc_measure_packet(vtc_measure_t *m, const AVPacket *packet)
{
    return vtc_measure_decode(m, packet);
}


int
vtc_measure_pair(vtc_measure_t *m, const AVFrame *was, const AVFrame *is)
{
    int             i, rc;
    AVFrame        *f;
    const AVFrame  *pair[2] = { was, is };

    rc = m->graph ? 0 : vtc_measure_graph(m, was);

    for (i = 0; rc >= 0 && i < 2; i++) {
        f = m->frame;
        rc = av_frame_ref(f, pair[i]);

        if (rc >= 0) {
            f->pts = (int64_t) m->pairs;
            rc = av_buffersrc_add_frame_flags(i ? m->is : m->was, f, 0);
            av_frame_unref(f);
        }
    }

    if (rc < 0) {
        return vtc_measure_fail(m, rc);
    }

    m->pairs++;

    return vtc_measure_drain(m);
}


/* What the graph still holds. */
static int
vtc_measure_flush(vtc_measure_t *m)
{
    int  rc;

    if (m->decoder && vtc_measure_decode(m, NULL) != 0) {
        return -1;
    }

    rc = av_buffersrc_add_frame_flags(m->was, NULL, 0);
    rc = rc < 0 ? rc : av_buffersrc_add_frame_flags(m->is, NULL, 0);

    return rc < 0 ? vtc_measure_fail(m, rc) : vtc_measure_drain(m);
}


int
vtc_measure_end(vtc_measure_t *m, uint64_t *n, double *mse, double *ssim)
{
    int  rc;

    rc = m->graph ? vtc_measure_flush(m) : 0;

    *n = m->n;
    *mse = m->mse;
    *ssim = m->ssim;

    return rc;
}
