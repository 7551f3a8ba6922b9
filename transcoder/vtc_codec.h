/*
 * Copyright (C) ngx_video authors
 *
 * Codecs that pictures can be encoded with, and their encoders: key frames are
 * there where they are asked for and nowhere else, for all of them.
 */

#ifndef VTC_CODEC_H
#define VTC_CODEC_H

#include <libavcodec/avcodec.h>
#include <stdio.h>

#include "vtc_ladder.h"


#define VTC_CODECS  "h264, hevc, vp9 and av1"

typedef struct vtc_encoding_s  vtc_encoding_t;

typedef struct {
    const char       *name;
    const char       *encoder;          /* of libavcodec */
    const char       *preset;           /* for files, or NULL: not for them */
    const char       *fast;             /* for live streams of low delay, */
    const char       *better;           /* and others; NULL: not for them */
    unsigned          counts;           /* key frames are where it counts them,
                                           not where they are asked for */
    unsigned          frames;           /* its clock ticks once a picture */
    unsigned          shows;            /* its header comes with pictures */
    double            bits;             /* to those of H.264, for about the
                                           same quality */
    void            (*options)(const vtc_encoding_t *e, AVDictionary **o);
} vtc_codec_t;

/* What a rung is encoded like, besides what the rung says. */
struct vtc_encoding_s {
    const vtc_rung_t  *rung;
    vtc_shape_t        shape;
    AVRational         time_base;       /* of pictures, kept to the tick */
    AVRational         fps;             /* about; 0/1: unknown */
    unsigned           interval;        /* pictures between key frames, if that
                                           is always the same */
    const char        *preset;          /* of rungs that have none, or NULL */
    unsigned           threads;         /* 1 and more */
    unsigned           pass;            /* 0: the only one; 1, 2 */
    const char        *stats;           /* of two passes: a file */
    unsigned           live:1;          /* nobody knows when the next key
                                           frame will be */
    unsigned           low:1;           /* no B-frames, no lookahead */
};


/* NULL: no such codec, or libavcodec here can't encode it for files. */
const vtc_codec_t *vtc_codec_find(const char *name);

/* What a rung is encoded with; NULL: libavcodec here can't. */
const vtc_codec_t *vtc_codec_of(const vtc_encoding_t *e);

/*
 * The encoder of a rung for pictures like "first": 8 bits, 4:2:0.  NULL, and
 * why.
 */
AVCodecContext *vtc_codec_open(const vtc_encoding_t *e, const AVFrame *first,
    FILE *why);

void vtc_codec_close(AVCodecContext **c);

/* The end of a first pass: 0, or -1 and why. */
int vtc_codec_stats(AVCodecContext *c, const vtc_encoding_t *e, FILE *why);


#endif /* VTC_CODEC_H */
