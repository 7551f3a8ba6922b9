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
    double       duration;      /* seconds; 0: what the file says */
    vtc_grid_t   grid;
    unsigned     json:1;
    unsigned     whole:1;       /* all sheets have all rows, and as many are
                                   made as the duration needs to its very end:
                                   players count them by that */
} vtc_thumbs_t;

/* It can't be written: the file is not at fault. */
#define VTC_THUMBS_DISK  (-2)


/* vtc_work_pt; data: vtc_thumbs_t.  An error is -1, or VTC_THUMBS_DISK. */
int vtc_thumbs_work(void *data, FILE *out, FILE *why);


#endif /* VTC_THUMBS_H */
