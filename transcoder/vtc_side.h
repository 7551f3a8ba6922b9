/*
 * Copyright (C) ngx_video authors
 *
 * One of two files that are compared: its pictures by the time since its first
 * one.
 */

#ifndef VTC_SIDE_H
#define VTC_SIDE_H

#include <stdio.h>

#include "vtc_decode.h"
#include "vtc_ladder.h"


typedef struct {
    FILE             *why;
    const char       *path;             /* the caller's */
    unsigned          threads;
    AVFormatContext  *format;
    vtc_decode_t      decode;
    vtc_shape_t       shape;            /* as it is shown */
    int64_t           origin;           /* time of the first picture */
    int64_t           duration;         /* of the track; 0: unknown */
    AVFrame          *now;              /* the picture, */
    AVFrame          *next;             /* and the one after it */
    double            time;             /* s, of "now" */
    double            lasts;            /* s, of "now" until the next */
    unsigned          has:1;            /* there is a picture */
    unsigned          more:1;           /* there is a next one */
} vtc_side_t;


/*
 * With its first picture: 0, or -1 and why; closed in any case by
 * vtc_side_close().
 */
int vtc_side_open(vtc_side_t *s, const char *path, unsigned threads,
    FILE *why);
void vtc_side_close(vtc_side_t *s);

/* The next picture, if it has one: 0, or -1 and why. */
int vtc_side_step(vtc_side_t *s);

/* The picture that is nearest to a time, in s: 0, or -1 and why. */
int vtc_side_seek(vtc_side_t *s, double time);

/* At its end: whether all of it was there and good.  0, or -1 and why. */
int vtc_side_whole(vtc_side_t *s);


#endif /* VTC_SIDE_H */
