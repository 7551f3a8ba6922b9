/*
 * Copyright (C) ngx_video authors
 *
 * One larger picture of a file: its poster.
 */

#ifndef VTC_POSTER_H
#define VTC_POSTER_H

#include <stdio.h>


typedef struct {
    const char  *path;
    const char  *file;          /* the JPEG to be made */
    double       time;          /* seconds: the newest key frame there; less
                                   than 0: at a tenth of it */
    unsigned     width;         /* of the box that it is fitted into; it is
                                   not made larger */
    unsigned     height;
} vtc_poster_t;


/*
 * Makes it: 0; 1: there is no picture that can be decoded, and no poster; -1
 * and why: it can't be written.  "out" is that of the job.
 */
int vtc_poster(const vtc_poster_t *p, FILE *out, FILE *why);


#endif /* VTC_POSTER_H */
