/*
 * Copyright (C) ngx_video authors
 *
 * Scaling by libswscale, see vtc_scale.h.
 */

#include <string.h>

#include "vtc_scale.h"


/* A buffer that nobody else reads: 0, or an error of libav. */
static int
vtc_scale_buffer(vtc_scale_t *s)
{
    AVFrame  *f;

    if (s->scaled == NULL) {
        s->scaled = av_frame_alloc();
    }

    f = s->scaled;

    if (f == NULL) {
        return AVERROR(ENOMEM);
    }

    if (f->buf[0] && av_frame_is_writable(f)) {
        return 0;
    }

    av_frame_unref(f);
    f->format = AV_PIX_FMT_YUV420P;
    f->width = (int) s->width;
    f->height = (int) s->height;

    return av_frame_get_buffer(f, 0);
}


/* Full range becomes what encoders and televisions expect. */
static int
vtc_scale_open(vtc_scale_t *s, const AVFrame *from)
{
    int        range;
    const int  *matrix;
    const int  is[5] = { from->width, from->height, from->format,
                         from->color_range, from->colorspace };

    if (s->scaler && memcmp(is, s->from, sizeof(is)) == 0) {
        return 0;
    }

    sws_freeContext(s->scaler);
    s->scaler = sws_getContext(from->width, from->height, from->format,
                               (int) s->width, (int) s->height,
                               AV_PIX_FMT_YUV420P, SWS_BICUBIC, NULL, NULL,
                               NULL);
    if (s->scaler == NULL) {
        return AVERROR(EINVAL);
    }

    range = from->color_range == AVCOL_RANGE_JPEG;
    matrix = sws_getCoefficients(from->colorspace == AVCOL_SPC_UNSPECIFIED
                                 || from->colorspace == AVCOL_SPC_RGB
                                 ? SWS_CS_DEFAULT : (int) from->colorspace);

    (void) sws_setColorspaceDetails(s->scaler, matrix, range, matrix, 0, 0,
                                    1 << 16, 1 << 16);
    memcpy(s->from, is, sizeof(is));

    return 0;
}


int
vtc_scale_picture(vtc_scale_t *s, const AVFrame *picture,
    const AVFrame **scaled)
{
    int  rc;

    if (picture->width == (int) s->width && picture->height == (int) s->height
        && picture->format == AV_PIX_FMT_YUV420P
        && picture->color_range != AVCOL_RANGE_JPEG)
    {
        *scaled = picture;
        return 0;
    }

    rc = vtc_scale_buffer(s);

    if (rc == 0) {
        rc = vtc_scale_open(s, picture);
    }

    if (rc < 0) {
        return rc;
    }

    *scaled = s->scaled;

    return sws_scale(s->scaler, (const uint8_t *const *) picture->data,
                     picture->linesize, 0, picture->height, s->scaled->data,
                     s->scaled->linesize)
           == (int) s->height ? 0 : AVERROR_EXTERNAL;
}


void
vtc_scale_close(vtc_scale_t *s)
{
    sws_freeContext(s->scaler);
    s->scaler = NULL;
    av_frame_free(&s->scaled);
}
