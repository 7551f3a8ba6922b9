/*
 * Copyright (C) ngx_video authors
 *
 * What is in a media file, as libav sees it: "video-transcoder probe".
 */

#ifndef VTC_PROBE_H
#define VTC_PROBE_H

#include <stdio.h>


typedef struct {
    const char  *path;
    unsigned     json:1;        /* one object in one line */
} vtc_probe_t;


/* vtc_work_pt; data: vtc_probe_t */
int vtc_probe_work(void *data, FILE *out, FILE *why);


#endif /* VTC_PROBE_H */
