/*
 * Copyright (C) ngx_video authors
 *
 * Pictures as they are shown: the right way up, and whole instead of two fields
 * of different times.
 */

#ifndef VTC_UPRIGHT_H
#define VTC_UPRIGHT_H

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>


typedef struct {
    unsigned          quarters;         /* clockwise, 0 to 3 */
    AVRational        time_base;
    AVFilterGraph    *graph;            /* NULL: nothing is to be done */
    AVFilterContext  *in;
    AVFilterContext  *out;
    int               width;            /* of what it was made for */
    int               height;
    int               format;
    unsigned          fields:1;         /* it weaves */
} vtc_upright_t;


/*
 * A decoded picture in, NULL at the end: 0, or an error of libav.  The frame is
 * consumed.  Then vtc_upright_get() until it has none: AVERROR(EAGAIN), or
 * AVERROR_EOF.  Its frame is the caller's.
 */
int vtc_upright_put(vtc_upright_t *u, AVFrame *frame);
int vtc_upright_get(vtc_upright_t *u, AVFrame *frame);
void vtc_upright_close(vtc_upright_t *u);


#endif /* VTC_UPRIGHT_H */
