/*
 * Copyright (C) ngx_video authors
 *
 * Decoding of a track, see vtc_decode.h.
 */

#include <inttypes.h>
#include <libavutil/mathematics.h>
#include <string.h>

#include "vtc_decode.h"
#include "vtc_source.h"


/* s before the end of a track, where it may have its last picture */
#define VTC_DECODE_REST     1.5

/* how often a key frame further back is looked for, each time twice as far */
#define VTC_DECODE_TRIES    6

/* ticks: no time of a film, but what a broken file says */
#define VTC_DECODE_FAR      (INT64_C(1) << 53)


int
vtc_decode_open(vtc_decode_t *d, AVFormatContext *format,
    enum AVMediaType kind, unsigned threads, FILE *why)
{
    int             i, rc;
    unsigned        n;
    const AVCodec  *codec;

    memset(d, 0, sizeof(vtc_decode_t));
    d->format = format;
    d->why = why;
    d->newest = AV_NOPTS_VALUE;

    i = av_find_best_stream(format, kind, -1, -1, &codec, 0);

    if (i < 0 || (format->streams[i]->disposition
                  & AV_DISPOSITION_ATTACHED_PIC))
    {
        fprintf(why, "no %s that can be decoded",
                kind == AVMEDIA_TYPE_VIDEO ? "video" : "audio");
        return -1;
    }

    for (n = 0; n < format->nb_streams; n++) {
        if (n != (unsigned) i) {
            format->streams[n]->discard = AVDISCARD_ALL;
        }
    }

    d->stream = format->streams[i];
    d->decoder = avcodec_alloc_context3(codec);
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();

    if (d->decoder == NULL || d->packet == NULL || d->frame == NULL) {
        fputs("no memory", why);
        return -1;
    }

    rc = avcodec_parameters_to_context(d->decoder, d->stream->codecpar);

    if (rc >= 0) {
        d->decoder->thread_count = (int) threads;

        /*
         * With a thread for each picture one is given on before it is decoded,
         * and without the flags that say what is damaged.
         */
        d->decoder->thread_type = FF_THREAD_SLICE;
        d->decoder->pkt_timebase = d->stream->time_base;
        rc = avcodec_open2(d->decoder, codec, NULL);
    }

    if (rc < 0) {
        vtc_source_why(why, "can't be decoded", rc);
        return -1;
    }

    d->upright.time_base = d->stream->time_base;
    d->upright.quarters = kind == AVMEDIA_TYPE_VIDEO
                          ? vtc_source_quarters(d->stream) : 0;
    d->turns = d->upright.quarters != 0;
    d->exact = d->stream->duration > 0
               && (strstr(format->iformat->name, "mov")
                   || strcmp(format->iformat->name, "mpegts") == 0);

    return 0;
}


void
vtc_decode_close(vtc_decode_t *d)
{
    vtc_upright_close(&d->upright);
    avcodec_free_context(&d->decoder);
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
}


int
vtc_decode_seek(vtc_decode_t *d, int64_t time)
{
    int  rc;

    rc = av_seek_frame(d->format, d->stream->index, time,
                       AVSEEK_FLAG_BACKWARD);

    if (rc < 0) {
        vtc_source_why(d->why, "can't be sought in", rc);
        return -1;
    }

    avcodec_flush_buffers(d->decoder);

    /* it may hold a picture of where it was, or have seen the end */
    vtc_upright_close(&d->upright);
    d->newest = AV_NOPTS_VALUE;
    d->lasts = 0;
    d->ended = 0;

    return 0;
}


static void
vtc_decode_damage(vtc_decode_t *d, int64_t time)
{
    if (d->damaged++ == 0) {
        d->first_damaged = time;
    }
}


/* A packet into the decoder, or its end: 0, or -1 and why. */
static int
vtc_decode_read(vtc_decode_t *d)
{
    int  rc;

    do {
        av_packet_unref(d->packet);
        rc = av_read_frame(d->format, d->packet);

    } while (rc == AVERROR(EAGAIN)
             || (rc == 0 && d->packet->stream_index != d->stream->index));

    if (rc < 0) {
        d->ended = 1;
        (void) avcodec_send_packet(d->decoder, NULL);

        if (rc != AVERROR_EOF) {
            vtc_decode_damage(d, d->newest);
        }

        return 0;
    }

    d->bytes += (uint64_t) d->packet->size;

    if (d->packet->flags & AV_PKT_FLAG_CORRUPT) {
        vtc_decode_damage(d, d->packet->pts);
    }

    rc = avcodec_send_packet(d->decoder, d->packet);

    if (rc == AVERROR(ENOMEM)) {
        fputs("no memory", d->why);
        return -1;
    }

    if (rc < 0) {
        vtc_decode_damage(d, d->packet->pts);
    }

    return 0;
}


/* The next of the decoder: 0, an error of libav, or AVERROR_EOF. */
static int
vtc_decode_raw(vtc_decode_t *d)
{
    int  rc;

    for ( ;; ) {
        rc = avcodec_receive_frame(d->decoder, d->frame);

        if (rc == 0) {
            d->frame->pts = d->frame->best_effort_timestamp;

            if (d->frame->decode_error_flags
                || (d->frame->flags & AV_FRAME_FLAG_CORRUPT))
            {
                vtc_decode_damage(d, d->frame->pts);
            }

            return 0;
        }

        if (rc == AVERROR_EOF || (rc == AVERROR(EAGAIN) && d->ended)) {
            return AVERROR_EOF;
        }

        if (rc != AVERROR(EAGAIN)) {

            if (rc == AVERROR(ENOMEM)) {
                return rc;
            }

            vtc_decode_damage(d, d->newest);
        }

        if (!d->ended && vtc_decode_read(d) != 0) {
            return AVERROR(ENOMEM);
        }
    }
}


/* The same, the way that it is shown. */
static int
vtc_decode_upright(vtc_decode_t *d)
{
    int  rc, raw;

    for ( ;; ) {

        if (d->turns) {
            rc = vtc_upright_get(&d->upright, d->frame);

            if (rc != AVERROR(EAGAIN)
                && !(rc == AVERROR_EOF && d->upright.graph == NULL))
            {
                return rc;
            }
        }

        raw = vtc_decode_raw(d);

        if (raw < 0 && raw != AVERROR_EOF) {
            return raw;
        }

        if (raw == 0 && d->frame->interlaced_frame
            && d->decoder->codec_type == AVMEDIA_TYPE_VIDEO && !d->turns)
        {
            d->turns = 1;
        }

        if (!d->turns || (raw < 0 && d->upright.graph == NULL)) {
            return raw;
        }

        rc = vtc_upright_put(&d->upright, raw < 0 ? NULL : d->frame);

        if (rc < 0) {
            return rc;
        }
    }
}


/* Ticks that a frame lasts; 0: unknown. */
static int64_t
vtc_decode_lasts(const vtc_decode_t *d, const AVFrame *f)
{
    if (d->decoder->codec_type == AVMEDIA_TYPE_AUDIO && f->sample_rate > 0) {
        return av_rescale_q(f->nb_samples,
                            (AVRational) { 1, f->sample_rate },
                            d->upright.time_base);
    }

    return f->pkt_duration > 0 ? f->pkt_duration : 0;
}


/*
 * The time of a frame: 1; 0: it is not to be had.  One that has none follows
 * the one before it.  Times that go far back are of something else that was
 * joined to it.
 */
static int
vtc_decode_time(vtc_decode_t *d, AVFrame *f)
{
    int64_t  second;

    second = av_rescale_q(1, (AVRational) { 1, 1 }, d->upright.time_base);

    if (f->pts == AV_NOPTS_VALUE) {
        f->pts = d->newest == AV_NOPTS_VALUE ? 0 : d->newest + d->lasts;
    }

    if (f->pts > VTC_DECODE_FAR || f->pts < -VTC_DECODE_FAR) {
        vtc_decode_damage(d, d->newest);
        return 0;
    }

    if (d->newest != AV_NOPTS_VALUE && f->pts <= d->newest) {

        if (d->newest - f->pts > second) {
            vtc_decode_damage(d, d->newest);
        }

        return 0;
    }

    d->newest = f->pts;
    d->lasts = vtc_decode_lasts(d, f);

    return 1;
}


AVFrame *
vtc_decode_next(vtc_decode_t *d, int *failed)
{
    int  rc;

    *failed = 0;

    for ( ;; ) {
        av_frame_unref(d->frame);
        rc = vtc_decode_upright(d);

        if (rc == AVERROR_EOF) {
            return NULL;
        }

        if (rc < 0) {
            vtc_source_why(d->why, "can't be decoded", rc);
            *failed = 1;
            return NULL;
        }

        if (vtc_decode_time(d, d->frame)) {
            return d->frame;
        }
    }
}


/*
 * A demuxer finds the key frame by when it is decoded: it may be shown later
 * than what is wanted.
 */
AVFrame *
vtc_decode_from(vtc_decode_t *d, int64_t time, int64_t origin, int *failed)
{
    int       i;
    AVFrame  *f;
    int64_t   back, to;

    f = NULL;

    /* s, in ticks */
    back = av_rescale_q(1, (AVRational) { 1, 1 }, d->upright.time_base);

    for (i = 0, to = time; i < VTC_DECODE_TRIES; i++) {

        if (vtc_decode_seek(d, to) != 0) {
            *failed = 1;
            return NULL;
        }

        f = vtc_decode_next(d, failed);

        if (f == NULL || f->pts <= time || to <= origin) {
            break;
        }

        to = time - back;
        to = to < origin ? origin : to;
        back *= 2;
    }

    return f;
}


int
vtc_decode_whole(const vtc_decode_t *d, int64_t origin, int64_t duration,
    int64_t end)
{
    double   at, tick;
    int64_t  stop, last;

    tick = av_q2d(d->upright.time_base);

    if (d->damaged) {
        at = d->first_damaged == AV_NOPTS_VALUE ? 0
             : (double) (d->first_damaged - origin) * tick;
        fprintf(d->why, "%" PRIu64 " damaged pictures, the first at %.3f s",
                d->damaged, at);
        return -1;
    }

    stop = origin + duration;
    stop = end < stop ? end : stop;
    last = d->newest == AV_NOPTS_VALUE ? origin : d->newest + d->lasts;

    if (d->exact && duration
        && (double) (stop - last) * tick > VTC_DECODE_REST)
    {
        fprintf(d->why, "it ends at %.3f s, it should at %.3f s",
                (double) (last - origin) * tick, (double) duration * tick);
        return -1;
    }

    return 0;
}
