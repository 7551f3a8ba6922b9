/*
 * Copyright (C) ngx_video authors
 *
 * The file of a rung: an MP4 of its pictures and the sound, moov first, a
 * second of the one after a second of the other.
 */

#ifndef VTC_MOVIE_H
#define VTC_MOVIE_H

#include <stdio.h>

#include "vtc_film.h"


typedef struct {
    vtc_film_t  *film;
    unsigned     output;        /* of the plan */
} vtc_movie_t;


/*
 * vtc_work_pt; data: vtc_movie_t.  Writes DIR/NAME.mp4 of the spools, all of
 * which are there; tells its size in bytes.
 */
int vtc_movie_work(void *data, FILE *out, FILE *why);


#endif /* VTC_MOVIE_H */
