/*
 * Copyright (C) ngx_video authors
 *
 * A chunk of a film: decoded once, encoded into all rungs.  And its sound, all
 * of it at once.
 */

#ifndef VTC_CHUNK_H
#define VTC_CHUNK_H

#include <stdio.h>

#include "vtc_film.h"


typedef struct {
    vtc_film_t  *film;
    unsigned     n;             /* from 0 on */
} vtc_chunk_t;


/*
 * vtc_work_pt; data: vtc_chunk_t.  Leaves a spool for each rung, and, last, a
 * file that says what came of them: then the chunk is finished.
 */
int vtc_chunk_work(void *data, FILE *out, FILE *why);

/*
 * vtc_work_pt; data: vtc_film_t.  Leaves the spool of the sound.
 */
int vtc_chunk_sound(void *data, FILE *out, FILE *why);

/*
 * What came of a chunk that is finished, a vtc_made_t for each rung of the
 * plan: 1; 0: it isn't finished.
 */
int vtc_chunk_made(vtc_film_t *film, unsigned n, vtc_made_t *made);


#endif /* VTC_CHUNK_H */
