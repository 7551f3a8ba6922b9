/*
 * Copyright (C) ngx_video authors
 *
 * How much encoded pictures differ from what was encoded, or pictures of one
 * file from those of another: PSNR and SSIM of libavfilter, of all planes by
 * their size.
 */

#ifndef VTC_MEASURE_H
#define VTC_MEASURE_H

#include <libavcodec/avcodec.h>
#include <stdint.h>
#include <stdio.h>


typedef struct vtc_measure_s  vtc_measure_t;

/* Takes what came of a pair, counted from 0 on: 0, or -1 and why. */
typedef int (*vtc_measured_pt)(void *data, uint64_t n, double mse,
    double ssim);


/* Of what an encoder makes that is open; NULL, and why. */
vtc_measure_t *vtc_measure_open(const AVCodecContext *encoder,
    AVRational time_base, FILE *why);
void vtc_measure_close(vtc_measure_t *m);

/*
 * A picture that goes into the encoder, and a packet that comes out: 0, or -1
 * and why.
 */
int vtc_measure_picture(vtc_measure_t *m, const AVFrame *picture);
int vtc_measure_packet(vtc_measure_t *m, const AVPacket *packet);

/*
 * Pictures of which both are there, of one size, 4:2:0 of 8 bits, instead: each
 * pair is told, with n or later.
 */
vtc_measure_t *vtc_measure_pairs(vtc_measured_pt measured, void *data,
    FILE *why);
int vtc_measure_pair(vtc_measure_t *m, const AVFrame *was, const AVFrame *is);

/* The end: pictures that were compared, and sums over them. */
int vtc_measure_end(vtc_measure_t *m, uint64_t *n, double *mse, double *ssim);

/* PSNR in dB of a mean squared error; 100 when there is none. */
double vtc_measure_psnr(double mse);


#endif /* VTC_MEASURE_H */
