/*
 * Copyright (C) ngx_video authors
 *
 * A picture and the one after it: how long it lasts is when that one comes.
 */

#include <math.h>
#include <string.h>

#include "vtc_side.h"
#include "vtc_source.h"


/* s, of a picture, when nobody knows */
#define VTC_SIDE_LASTS  0.04


static double
vtc_side_time(const vtc_side_t *s, const AVFrame *f)
{
    return (double) (f->pts - s->origin) * av_q2d(s->decode.stream->time_base);
}


/* A decoded picture, or the end, into "next": 0, or -1 and why. */
static int
vtc_side_take(vtc_side_t *s, AVFrame *f, int failed)
{
    av_frame_unref(s->next);
    s->more = f != NULL;

    if (f) {
        av_frame_move_ref(s->next, f);
    }

    return failed ? -1 : 0;
}


int
vtc_side_step(vtc_side_t *s)
{
    int       failed;
    AVFrame  *f;

    av_frame_unref(s->now);
    s->has = s->more;

    if (!s->has) {
        return 0;
    }

    av_frame_move_ref(s->now, s->next);
    s->time = vtc_side_time(s, s->now);
    f = vtc_decode_next(&s->decode, &failed);

    if (vtc_side_take(s, f, failed) != 0) {
        return -1;
    }

    /* the last one lasts as long as that before it */

    if (s->more) {
        s->lasts = vtc_side_time(s, s->next) - s->time;

    } else if (s->lasts <= 0) {
        s->lasts = s->now->pkt_duration > 0
                   ? (double) s->now->pkt_duration
                     * av_q2d(s->decode.stream->time_base)
                   : VTC_SIDE_LASTS;
    }

    return 0;
}


/* What is before the beginning of the track is not shown. */
static int
vtc_side_first(vtc_side_t *s)
{
    int       failed;
    AVFrame  *f;
    int64_t   start;

    start = s->decode.stream->start_time;

    do {
        f = vtc_decode_next(&s->decode, &failed);
    } while (f && start != AV_NOPTS_VALUE && f->pts < start);

    if (f) {
        s->origin = f->pts;
    }

    if (vtc_side_take(s, f, failed) != 0) {
        return -1;
    }

    if (!s->more) {
        fputs("no picture of it can be decoded", s->why);
        return -1;
    }

    return vtc_side_step(s);
}


int
vtc_side_open(vtc_side_t *s, const char *path, unsigned threads, FILE *why)
{
    AVStream  *st;

    memset(s, 0, sizeof(vtc_side_t));
    s->why = why;
    s->path = path;
    s->threads = threads;
    s->now = av_frame_alloc();
    s->next = av_frame_alloc();

    if (s->now == NULL || s->next == NULL) {
        fputs("no memory", why);
        return -1;
    }

    s->format = vtc_source_open(path, why);

    if (s->format == NULL
        || vtc_decode_open(&s->decode, s->format, AVMEDIA_TYPE_VIDEO, threads,
                           why)
           != 0)
    {
        return -1;
    }

    st = s->decode.stream;

    if (st->time_base.num <= 0 || st->time_base.den <= 0) {
        fputs("its times are none", why);
        return -1;
    }

    vtc_source_shape(s->format, st, &s->shape);
    s->duration = vtc_source_duration(s->format, st);

    return vtc_side_first(s);
}


void
vtc_side_close(vtc_side_t *s)
{
    vtc_decode_close(&s->decode);
    avformat_close_input(&s->format);
    av_frame_free(&s->now);
    av_frame_free(&s->next);
}


/* Goes to where a time or one before it is "now". */
static int
vtc_side_go(vtc_side_t *s, int64_t time)
{
    int       failed;
    AVFrame  *f;

    f = vtc_decode_from(&s->decode, time, s->origin, &failed);

    if (vtc_side_take(s, f, failed) != 0) {
        return -1;
    }

    return vtc_side_step(s);
}


/* The file as it was when it was opened. */
static int
vtc_side_again(vtc_side_t *s)
{
    vtc_side_close(s);

    return vtc_side_open(s, s->path, s->threads, s->why);
}


int
vtc_side_seek(vtc_side_t *s, double time)
{
    int64_t  to;

    to = s->origin + (int64_t) floor(time
                                     / av_q2d(s->decode.stream->time_base));

    if (vtc_side_go(s, to) != 0) {
        return -1;
    }

    /*
     * Where pictures can't be found by their times, as in MPEG-TS before its
     * first key frame: from the beginning on.
     */

    if ((!s->has || s->time > time) && vtc_side_again(s) != 0) {
        return -1;
    }

    while (s->has && s->more
           && fabs(vtc_side_time(s, s->next) - time) < fabs(s->time - time))
    {
        if (vtc_side_step(s) != 0) {
            return -1;
        }
    }

    if (!s->has) {
        fputs("no picture of it can be decoded", s->why);
    }

    return s->has ? 0 : -1;
}


int
vtc_side_whole(vtc_side_t *s)
{
    return vtc_decode_whole(&s->decode, s->origin, s->duration, INT64_MAX);
}
