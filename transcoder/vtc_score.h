/*
 * Copyright (C) ngx_video authors
 *
 * Values of all pictures that were compared, and what they come to.
 */

#ifndef VTC_SCORE_H
#define VTC_SCORE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "vtc_ladder.h"


/* more are not compared: two days of 50 a second */
#define VTC_VALUES_MAX  10000000

/* worst ones that are told */
#define VTC_WORST_MAX   100

/* of one picture */
typedef struct {
    double       time;          /* s, from the first one of the reference on */
    float        mse;
    float        ssim;
} vtc_value_t;

typedef struct {
    vtc_value_t  *all;          /* by time */
    size_t        n;
    size_t        size;
} vtc_values_t;

/* Without pointers: a process that compares leaves it to another one. */
typedef struct {
    double       mean;
    double       lowest;
    double       p1;            /* a hundredth is not above it */
    double       p5;
} vtc_spread_t;

typedef struct {
    char         codec[32];     /* of the file, libav's name */
    vtc_shape_t  shape;         /* of the file, as it is shown */
    vtc_shape_t  compared;      /* that pictures were compared in */
    uint64_t     pictures;      /* that were */
    uint64_t     alone[2];      /* of the reference, of the file, without one */
    double       length[2];     /* s, of both */
    double       bitrate;       /* bits/s, of the video of the file */
    vtc_spread_t psnr;          /* dB */
    vtc_spread_t ssim;
} vtc_score_t;


/* A picture that is to be compared, of a time: 0, or -1 and why. */
int vtc_values_add(vtc_values_t *v, double time, FILE *why);

/* psnr and ssim of values, of which there is one: 0, or -1: no memory. */
int vtc_values_score(const vtc_values_t *v, vtc_score_t *s);

/*
 * The worst ones by PSNR, the worst first, at least a second between any two:
 * indices.  How many.
 */
unsigned vtc_values_worst(const vtc_values_t *v, unsigned max,
    size_t worst[VTC_WORST_MAX]);

void vtc_values_free(vtc_values_t *v);


#endif /* VTC_SCORE_H */
