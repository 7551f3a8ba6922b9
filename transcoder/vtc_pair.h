/*
 * Copyright (C) ngx_video authors
 *
 * A reference and a file: pictures of both that are shown at the same time, and
 * how much they differ.
 */

#ifndef VTC_PAIR_H
#define VTC_PAIR_H

#include <stdio.h>

#include "vtc_measure.h"
#include "vtc_scale.h"
#include "vtc_score.h"
#include "vtc_side.h"


typedef struct {
    FILE           *out;        /* of the job */
    FILE           *why;
    char           *said;       /* about the reference */
    size_t          len;
    FILE           *about;
    vtc_side_t      sides[2];   /* the reference, the file */
    vtc_scale_t     scales[2];
    vtc_measure_t  *measure;
    vtc_values_t    values;
    vtc_score_t     score;
} vtc_pair_t;


/*
 * 0, or -1; why, of all functions here, is there when vtc_pair_close() has been
 * called, which it is in any case.
 */
int vtc_pair_open(vtc_pair_t *p, const char *reference, const char *path,
    unsigned threads, FILE *out, FILE *why);
void vtc_pair_close(vtc_pair_t *p);

/*
 * All pictures: values and score.  With "damage" it goes on over what can't be
 * decoded.
 */
int vtc_pair_compare(vtc_pair_t *p, int damage);

/* Both at a time, in s, the way that they are compared: until the next call. */
int vtc_pair_seek(vtc_pair_t *p, double time, const AVFrame *pictures[2]);


#endif /* VTC_PAIR_H */
