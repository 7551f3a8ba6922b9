/*
 * Copyright (C) ngx_video authors
 *
 * "video-transcoder ladder": the plan of a film, its chunks in processes of
 * their own, the files of its rungs, and asset.json, which names them.
 */

#ifndef VTC_BUILD_H
#define VTC_BUILD_H

#include "vtc_film.h"
#include "vtc_job.h"


/*
 * Makes what film->conf asks for.  What is finished of an earlier run with the
 * same source, ladder and options is taken; what is to be told goes to standard
 * output, warnings and errors to standard error.  0; -1: an error, which has
 * been told.
 */
int vtc_build(vtc_film_t *film, const vtc_limits_t *limits, int json);


#endif /* VTC_BUILD_H */
