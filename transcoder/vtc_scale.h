/*
 * Copyright (C) ngx_video authors
 *
 * Pictures of a size, 4:2:0 of 8 bits, as television has them: what is encoded,
 * and what is compared.
 */

#ifndef VTC_SCALE_H
#define VTC_SCALE_H

#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>


typedef struct {
    unsigned            width;          /* the caller's */
    unsigned            height;
    struct SwsContext  *scaler;         /* for pictures that are */
    int                 from[5];        /* like this */
    AVFrame            *scaled;         /* its buffer is used again */
} vtc_scale_t;


/*
 * The picture in that size, or itself if it is like that: until the next call.
 * 0, or an error of libav.
 */
int vtc_scale_picture(vtc_scale_t *s, const AVFrame *picture,
    const AVFrame **scaled);
void vtc_scale_close(vtc_scale_t *s);


#endif /* VTC_SCALE_H */
