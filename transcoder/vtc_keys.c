/*
 * Copyright (C) ngx_video authors
 *
 * Key frames by their time: see vtc_keys.h.
 */

#include <math.h>
#include <string.h>

#include "vtc_job.h"
#include "vtc_keys.h"
#include "vtc_source.h"


/* packets that are read between two signs of life */
#define VTC_KEYS_ALIVE  1000


/* The time of a picture, or of decoding where no other is known. */
static int64_t
vtc_keys_time(const AVPacket *packet)
{
    return packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
}


/* One packet, and the picture that it is: 0, or an error of libav. */
static int
vtc_keys_decode(vtc_keys_t *k, AVPacket *packet)
{
    int  rc;

    avcodec_flush_buffers(k->decoder);
    k->have = AV_NOPTS_VALUE;

    /* what an edit list hides may be what is seen from its start on */
    packet->flags &= ~AV_PKT_FLAG_DISCARD;

    rc = avcodec_send_packet(k->decoder, packet);

    if (rc == 0) {
        /* nothing follows: it is given out at once */
        rc = avcodec_send_packet(k->decoder, NULL);
    }

    if (rc == 0) {
        rc = avcodec_receive_frame(k->decoder, k->frame);
    }

    if (rc == 0) {
        k->have = vtc_keys_time(packet);
    }

    return rc;
}


/* The next key frame's packet in k->packet; -1 at the end. */
static int
vtc_keys_read(vtc_keys_t *k)
{
    unsigned  n;

    for (n = 1; /* void */ ; n++) {
        av_packet_unref(k->packet);

        if (av_read_frame(k->format, k->packet) < 0) {
            return -1;
        }

        if (n % VTC_KEYS_ALIVE == 0) {
            vtc_job_alive(k->out);
        }

        if (k->packet->stream_index == k->stream->index
            && (k->packet->flags & AV_PKT_FLAG_KEY))
        {
            return 0;
        }
    }
}


/* Whether the index has a key frame at or after a time: all is there, then. */
static int
vtc_keys_indexed(vtc_keys_t *k, int64_t time)
{
    return av_index_search_timestamp(k->stream, time, 0) >= 0;
}


/*
 * By the index, the key frame at or before a time into k->packet: where it is
 * whose decode time is another than that of its picture most demuxers know.
 * Those that don't are asked again for what was before.  The first call takes
 * what comes.
 */
static int
vtc_keys_find(vtc_keys_t *k, int64_t time)
{
    int      i;
    int64_t  to;

    for (i = 0, to = time; i < 2; i++) {

        if (av_seek_frame(k->format, k->stream->index, to,
                          AVSEEK_FLAG_BACKWARD)
            < 0
            || vtc_keys_read(k) != 0)
        {
            return -1;
        }

        if (!k->begun || vtc_keys_time(k->packet) <= time) {
            return 0;
        }

        to = k->packet->dts != AV_NOPTS_VALUE ? k->packet->dts - 1 : time;
    }

    /* the demuxer has seen that the one that is wanted is none */
    return -1;
}


/* By the index: 0, or an error of libav. */
static int
vtc_keys_seek(vtc_keys_t *k, int64_t time)
{
    if (vtc_keys_find(k, time) != 0) {
        return AVERROR_INVALIDDATA;
    }

    if (k->have != AV_NOPTS_VALUE && vtc_keys_time(k->packet) == k->have) {
        return 0;
    }

    return vtc_keys_decode(k, k->packet);
}


/* Beyond it: the packets are read, only what is wanted is decoded. */
static int
vtc_keys_walk(vtc_keys_t *k, int64_t time)
{
    int64_t   at;
    AVPacket  *last;

    last = NULL;

    for ( ;; ) {

        if (k->next->data == NULL && !k->ended) {

            if (vtc_keys_read(k) != 0) {
                k->ended = 1;

            } else {
                av_packet_move_ref(k->next, k->packet);
            }
        }

        at = vtc_keys_time(k->next);

        if (k->next->data == NULL
            || (at > time && (last || k->begun)))
        {
            break;
        }

        av_packet_unref(k->last);
        av_packet_move_ref(k->last, k->next);
        last = k->last;
    }

    return last ? vtc_keys_decode(k, last)
                : k->have != AV_NOPTS_VALUE ? 0 : -1;
}


const AVFrame *
vtc_keys_at(vtc_keys_t *k, double seconds)
{
    int      rc;
    int64_t  time;

    time = k->origin + (int64_t) floor(seconds / av_q2d(k->stream->time_base)
                                       + 0.5);

    /* from where it is: at the beginning, or behind what was shown last */
    k->walks |= !vtc_keys_indexed(k, time);

    rc = k->walks ? vtc_keys_walk(k, time) : vtc_keys_seek(k, time);
    k->begun = 1;

    return rc == 0 ? k->frame : NULL;
}


static void
vtc_keys_shape(vtc_keys_t *k)
{
    k->sar = av_guess_sample_aspect_ratio(k->format, k->stream, NULL);
    k->quarters = vtc_source_quarters(k->stream);

    if (k->sar.num <= 0 || k->sar.den <= 0) {
        k->sar = (AVRational) { 1, 1 };
    }
}


int
vtc_keys_open(vtc_keys_t *k, AVFormatContext *format, FILE *out, FILE *why)
{
    int             i, rc;
    unsigned        n;
    const AVCodec  *codec;

    memset(k, 0, sizeof(vtc_keys_t));
    k->format = format;
    k->out = out;
    k->have = AV_NOPTS_VALUE;

    i = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);

    if (i < 0 || (format->streams[i]->disposition
                  & AV_DISPOSITION_ATTACHED_PIC))
    {
        fputs("no video that can be decoded", why);
        return -1;
    }

    for (n = 0; n < format->nb_streams; n++) {
        if (n != (unsigned) i) {
            format->streams[n]->discard = AVDISCARD_ALL;
        }
    }

    k->stream = format->streams[i];
    k->origin = k->stream->start_time != AV_NOPTS_VALUE
                ? k->stream->start_time : 0;
    vtc_keys_shape(k);

    k->decoder = avcodec_alloc_context3(codec);
    k->packet = av_packet_alloc();
    k->next = av_packet_alloc();
    k->last = av_packet_alloc();
    k->frame = av_frame_alloc();

    if (k->decoder == NULL || k->packet == NULL || k->next == NULL
        || k->last == NULL || k->frame == NULL)
    {
        fputs("no memory", why);
        return -1;
    }

    rc = avcodec_parameters_to_context(k->decoder, k->stream->codecpar);

    if (rc == 0) {
        /* a fifth of the time, and nobody sees it in a thumbnail */
        k->decoder->skip_loop_filter = AVDISCARD_ALL;
        k->decoder->thread_count = 1;
        k->decoder->pkt_timebase = k->stream->time_base;

        rc = avcodec_open2(k->decoder, codec, NULL);
    }

    if (rc < 0) {
        vtc_source_why(why, "can't be decoded", rc);
        return -1;
    }

    return 0;
}


void
vtc_keys_close(vtc_keys_t *k)
{
    avcodec_free_context(&k->decoder);
    av_packet_free(&k->packet);
    av_packet_free(&k->next);
    av_packet_free(&k->last);
    av_frame_free(&k->frame);
}
