/*
 * Copyright (C) ngx_video authors
 *
 * Turning and deinterlacing by libavfilter, for the pictures that need it; the
 * others pass.
 */

#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <stdio.h>

#include "vtc_upright.h"


static int
vtc_upright_open(vtc_upright_t *u, const AVFrame *f)
{
    int             rc;
    char            text[160];
    AVFilterInOut  *in, *out;

    static const char *const  turns[] = {
        "null", "transpose=clock", "hflip,vflip", "transpose=cclock"
    };

    u->graph = avfilter_graph_alloc();
    in = avfilter_inout_alloc();
    out = avfilter_inout_alloc();
    rc = AVERROR(ENOMEM);

    if (u->graph && in && out) {
        u->graph->nb_threads = 1;

        snprintf(text, sizeof(text), "width=%d:height=%d:pix_fmt=%d:"
                 "time_base=%d/%d", f->width, f->height, f->format,
                 u->time_base.num, u->time_base.den);

        rc = avfilter_graph_create_filter(&u->in,
                                          avfilter_get_by_name("buffer"), "in",
                                          text, NULL, u->graph);
    }

    if (rc >= 0) {
        rc = avfilter_graph_create_filter(&u->out,
                                          avfilter_get_by_name("buffersink"),
                                          "out", NULL, NULL, u->graph);
    }

    if (rc >= 0) {
        in->name = av_strdup("out");
        in->filter_ctx = u->out;
        out->name = av_strdup("in");
        out->filter_ctx = u->in;

        snprintf(text, sizeof(text), "%s%s",
                 u->fields ? "bwdif=mode=send_frame:deint=interlaced," : "",
                 turns[u->quarters & 3]);

        rc = avfilter_graph_parse_ptr(u->graph, text, &in, &out, NULL);
    }

    avfilter_inout_free(&in);
    avfilter_inout_free(&out);

    if (rc >= 0) {
        rc = avfilter_graph_config(u->graph, NULL);
    }

    u->width = f->width;
    u->height = f->height;
    u->format = f->format;

    return rc < 0 ? rc : 0;
}


int
vtc_upright_put(vtc_upright_t *u, AVFrame *frame)
{
    int  rc;

    if (frame && u->graph
        && ((frame->interlaced_frame && !u->fields)
            || frame->width != u->width || frame->height != u->height
            || frame->format != u->format))
    {
        /* a frame that waits for its neighbour is lost */
        avfilter_graph_free(&u->graph);
    }

    if (frame && u->graph == NULL) {
        u->fields |= frame->interlaced_frame;
        rc = vtc_upright_open(u, frame);

        if (rc < 0) {
            return rc;
        }
    }

    return u->graph ? av_buffersrc_add_frame_flags(u->in, frame, 0) : 0;
}


int
vtc_upright_get(vtc_upright_t *u, AVFrame *frame)
{
    int         rc;
    AVRational  tb;

    if (u->graph == NULL) {
        return AVERROR_EOF;
    }

    rc = av_buffersink_get_frame(u->out, frame);

    if (rc >= 0) {
        /* bwdif counts in half ticks, also where it gives no more pictures */
        tb = av_buffersink_get_time_base(u->out);
        frame->pts = av_rescale_q(frame->pts, tb, u->time_base);
        frame->pkt_duration = av_rescale_q(frame->pkt_duration, tb,
                                           u->time_base);
    }

    return rc;
}


void
vtc_upright_close(vtc_upright_t *u)
{
    avfilter_graph_free(&u->graph);
}
