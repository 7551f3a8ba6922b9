/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of a file in sheets, and an index of them: "video-transcoder
 * thumbs".
 */

#ifndef VTC_THUMBS_H
#define VTC_THUMBS_H

#include <stdio.h>

#include "vtc_sheet.h"


/* more of one file are not made */
#define VTC_THUMBS_MAX  100000

typedef struct {
    const char  *path;
    const char  *dir;           /* DIR/thumbs.vtt, DIR/thumbs/0.jpg, ... */
    double       every;         /* seconds */
    vtc_grid_t   grid;
    unsigned     json:1;
} vtc_thumbs_t;


/* vtc_work_pt; data: vtc_thumbs_t */
int vtc_thumbs_work(void *data, FILE *out, FILE *why);


#endif /* VTC_THUMBS_H */
