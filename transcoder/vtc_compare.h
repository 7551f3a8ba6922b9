/*
 * Copyright (C) ngx_video authors
 *
 * Files that were made of the same reference beside each other:
 * "video-transcoder compare".
 */

#ifndef VTC_COMPARE_H
#define VTC_COMPARE_H

#include "vtc_job.h"
#include "vtc_score.h"


#define VTC_COMPARED_MIN  2
#define VTC_COMPARED_MAX  16

/* The same moments of all: quarters of the reference. */
#define VTC_MOMENTS       3

typedef struct {
    const char   *reference;
    char        **files;        /* NULL ends them */
    const char   *dir;
    unsigned      jobs;         /* processes at once */
    unsigned      json:1;
    unsigned      damage:1;
} vtc_compare_t;

/* Shared by the process that was started and those that compare. */
typedef struct {
    vtc_score_t   scores[VTC_COMPARED_MAX];
} vtc_scores_t;

/* What is told of them. */
typedef struct {
    const vtc_compare_t  *conf;
    vtc_scores_t         *scores;       /* as conf->files */
    unsigned              order[VTC_COMPARED_MAX];  /* those that there are,
                                                       by bit rate */
    unsigned              n;
    vtc_limits_t          limits;
} vtc_compared_t;


/* What is to be told goes to standard output and error: 0, or -1. */
int vtc_compare(const vtc_compare_t *conf, const vtc_limits_t *limits);

/* vtc_work_pt; data: vtc_compared_t.  DIR/frames/0.jpg and so on. */
int vtc_compare_frames(void *data, FILE *out, FILE *why);

/*
 * DIR/compare.svg, DIR/compare.html, and a table or a line of JSON to "out": 0,
 * or -1 and why.
 */
int vtc_compare_report(const vtc_compared_t *c, FILE *out, FILE *why);


#endif /* VTC_COMPARE_H */
