/*
 * Copyright (C) ngx_video authors
 *
 * How much a file differs from another one that it was made of:
 * "video-transcoder quality".
 */

#ifndef VTC_QUALITY_H
#define VTC_QUALITY_H

#include <jansson.h>
#include <stdio.h>

#include "vtc_score.h"


typedef struct {
    const char  *reference;
    const char  *path;
    const char  *dir;           /* DIR/quality.html, ...; NULL: none */
    unsigned     worst;         /* pictures that are told */
    unsigned     threads;       /* of each decoder */
    unsigned     json:1;
    unsigned     damage:1;      /* goes on over what can't be decoded */
} vtc_quality_t;


/* vtc_work_pt; data: vtc_quality_t */
int vtc_quality_work(void *data, FILE *out, FILE *why);

/* A score as JSON, with the name of its file. */
json_t *vtc_quality_json(const vtc_score_t *s, const char *path);


#endif /* VTC_QUALITY_H */
