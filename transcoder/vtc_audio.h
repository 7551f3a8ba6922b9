/*
 * Copyright (C) ngx_video authors
 *
 * Sound: decoded, resampled, made as loud as asked for, and encoded once for
 * all rungs.
 */

#ifndef VTC_AUDIO_H
#define VTC_AUDIO_H

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <stdio.h>

#include "vtc_level.h"


typedef int (*vtc_sound_pt)(void *data, AVPacket *packet);

typedef struct {
    uint64_t            bitrate;        /* bits/s */
    unsigned            loudnorm:1;     /* EBU R 128: -16 LUFS, -1.5 dBTP */
    unsigned            level:1;        /* the same without delay: measured,
                                           and raised or lowered slowly to */
    double              loudness;       /* LUFS */
    AVRational          time_base;      /* of what comes in */
    FILE               *why;
    vtc_sound_pt        packet;         /* takes an encoded frame, its times
                                           in samples: 0, or -1 */
    void               *data;
    AVCodecContext     *encoder;
    AVFilterGraph      *graph;
    AVFilterContext    *in;
    AVFilterContext    *out;
    AVFilterContext    *meter;          /* NULL: nothing is measured */
    vtc_level_t         gain;
    AVFrame            *frame;
    AVPacket           *spare;
} vtc_audio_t;


/*
 * AAC-LC of at most two channels and 48 kHz for sound as that of a decoder that
 * is open.  The caller has filled all up to "data", the rest zero.  0, or -1
 * and why; closed in any case by vtc_audio_close().
 */
int vtc_audio_open(vtc_audio_t *a, const AVCodecContext *decoder);
void vtc_audio_close(vtc_audio_t *a);

/*
 * The same in two steps, for sound that may become another: the encoder, of a
 * rate that AAC has and 1 or 2 channels; then what leads to it from frames as
 * the decoder has them now, in place of what led there before.
 */
int vtc_audio_encoder(vtc_audio_t *a, int rate, int channels);
int vtc_audio_from(vtc_audio_t *a, const AVCodecContext *decoder);

/* Decoded sound, which is consumed; NULL: its end.  0, or -1 and why. */
int vtc_audio_send(vtc_audio_t *a, AVFrame *frame);


#endif /* VTC_AUDIO_H */
