/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails beside each other, as a JPEG.
 */

#include <libavutil/imgutils.h>
#include <string.h>

#include "vtc_file.h"
#include "vtc_sheet.h"
#include "vtc_source.h"


/* 15 KB for a film's tile of 160x90 */
#define VTC_SHEET_QUALITY   4


static AVFrame *
vtc_sheet_frame(unsigned width, unsigned height)
{
    AVFrame  *frame;

    frame = av_frame_alloc();

    if (frame) {
        frame->format = AV_PIX_FMT_YUVJ420P;
        frame->color_range = AVCOL_RANGE_JPEG;
        frame->width = (int) width;
        frame->height = (int) height;

        if (av_frame_get_buffer(frame, 0) < 0) {
            av_frame_free(&frame);
        }
    }

    return frame;
}


int
vtc_sheet_open(vtc_sheet_t *s, const vtc_grid_t *grid)
{
    unsigned  side;

    memset(s, 0, sizeof(vtc_sheet_t));
    s->grid = *grid;
    s->quality = VTC_SHEET_QUALITY;

    side = grid->width > grid->height ? grid->width : grid->height;
    s->frame = vtc_sheet_frame(grid->columns * grid->width,
                               grid->rows * grid->height);
    s->small = vtc_sheet_frame(side, side);

    return s->frame && s->small ? 0 : -1;
}


void
vtc_sheet_close(vtc_sheet_t *s)
{
    sws_freeContext(s->scaler);
    av_frame_free(&s->frame);
    av_frame_free(&s->small);
}


void
vtc_sheet_clear(vtc_sheet_t *s)
{
    int  i, height;

    for (i = 0; i < 3; i++) {
        height = i ? s->frame->height / 2 : s->frame->height;
        memset(s->frame->data[i], i ? 128 : 0,
               (size_t) s->frame->linesize[i] * (size_t) height);
    }
}


/* Where tile n begins in a plane of the sheet, and its size there. */
static uint8_t *
vtc_sheet_plane(const vtc_sheet_t *s, unsigned n, int plane, size_t *width,
    unsigned *height)
{
    unsigned  half;

    half = plane ? 2 : 1;
    *width = s->grid.width / half;
    *height = s->grid.height / half;

    return s->frame->data[plane]
           + (size_t) (n / s->grid.columns) * *height
             * (size_t) s->frame->linesize[plane]
           + (size_t) (n % s->grid.columns) * *width;
}


void
vtc_sheet_blank(vtc_sheet_t *s, unsigned n)
{
    int       i;
    size_t    width;
    uint8_t  *p;
    unsigned  y, height;

    for (i = 0; i < 3; i++) {
        p = vtc_sheet_plane(s, n, i, &width, &height);

        for (y = 0; y < height; y++) {
            memset(p, i ? 128 : 0, width);
            p += s->frame->linesize[i];
        }
    }
}


void
vtc_sheet_copy(vtc_sheet_t *s, unsigned n, const vtc_sheet_t *from,
    unsigned m)
{
    int             i;
    size_t          width;
    uint8_t        *to;
    unsigned        y, height;
    const uint8_t  *p;

    for (i = 0; i < 3; i++) {
        to = vtc_sheet_plane(s, n, i, &width, &height);
        p = vtc_sheet_plane(from, m, i, &width, &height);

        for (y = 0; y < height; y++) {
            memcpy(to, p, width);
            to += s->frame->linesize[i];
            p += from->frame->linesize[i];
        }
    }
}


/* The largest even size with the shape of a x b within width x height. */
static void
vtc_sheet_fit(double a, double b, unsigned width, unsigned height,
    unsigned *w, unsigned *h)
{
    *w = width;
    *h = height;

    if (a * height > b * width) {
        *h = (unsigned) (b * width / a + 0.5);

    } else {
        *w = (unsigned) (a * height / b + 0.5);
    }

    *w = *w < 2 ? 2 : *w & ~1u;
    *h = *h < 2 ? 2 : *h & ~1u;
}


void
vtc_sheet_box(vtc_grid_t *grid, const vtc_shape_t *shape, unsigned width,
    unsigned height)
{
    width = shape->width < width ? shape->width : width;
    height = shape->height < height ? shape->height : height;

    vtc_sheet_fit(shape->width, shape->height, width, height, &grid->width,
                  &grid->height);
}


void
vtc_sheet_tile(vtc_grid_t *grid, const vtc_shape_t *shape, unsigned max)
{
    vtc_sheet_box(grid, shape, max, max);
}


/* Copies a plane of w x h, as it is before it is turned, into the sheet. */
static void
vtc_sheet_turn(uint8_t *to, int to_line, const uint8_t *from, int from_line,
    unsigned w, unsigned h, unsigned quarters)
{
    unsigned  x, y, X, Y;

    for (y = 0; y < h; y++) {

        if (quarters == 0) {
            memcpy(to + (size_t) y * to_line, from + (size_t) y * from_line,
                   w);
            continue;
        }

        for (x = 0; x < w; x++) {
            X = quarters == 1 ? h - 1 - y : quarters == 2 ? w - 1 - x : y;
            Y = quarters == 1 ? x : quarters == 2 ? h - 1 - y : w - 1 - x;
            to[(size_t) Y * to_line + X] = from[(size_t) y * from_line + x];
        }
    }
}


/* Scales the picture to w x h into s->small. */
static int
vtc_sheet_scale(vtc_sheet_t *s, const AVFrame *picture, unsigned w,
    unsigned h)
{
    int        range;
    const int  *matrix;

    s->scaler = sws_getCachedContext(s->scaler, picture->width,
                                     picture->height, picture->format,
                                     (int) w, (int) h, AV_PIX_FMT_YUV420P,
                                     SWS_AREA, NULL, NULL, NULL);
    if (s->scaler == NULL) {
        return AVERROR(EINVAL);
    }

    range = picture->color_range == AVCOL_RANGE_JPEG;
    matrix = sws_getCoefficients(picture->colorspace == AVCOL_SPC_UNSPECIFIED
                                 ? SWS_CS_DEFAULT : (int) picture->colorspace);

    /* JPEG is of BT.601 (ITU-T T.871) */
    (void) sws_setColorspaceDetails(s->scaler, matrix, range,
                                    sws_getCoefficients(SWS_CS_ITU601), 1,
                                    0, 1 << 16, 1 << 16);

    return sws_scale(s->scaler, (const uint8_t *const *) picture->data,
                     picture->linesize, 0, picture->height, s->small->data,
                     s->small->linesize)
           == (int) h ? 0 : AVERROR_EXTERNAL;
}


int
vtc_sheet_put(vtc_sheet_t *s, unsigned n, const AVFrame *picture,
    AVRational sar, unsigned quarters)
{
    int       i, rc;
    double    shape;
    unsigned  w, h, left, top, half;

    if (picture->width <= 0 || picture->height <= 0) {
        return AVERROR_INVALIDDATA;
    }

    shape = picture->width * av_q2d(sar);

    /* the tile lies on its side for a picture that is turned */

    if (quarters & 1) {
        vtc_sheet_fit(shape, picture->height, s->grid.height, s->grid.width,
                      &w, &h);
    } else {
        vtc_sheet_fit(shape, picture->height, s->grid.width, s->grid.height,
                      &w, &h);
    }

    rc = vtc_sheet_scale(s, picture, w, h);

    if (rc != 0) {
        return rc;
    }

    left = (s->grid.width - (quarters & 1 ? h : w)) / 2 & ~1u;
    top = (s->grid.height - (quarters & 1 ? w : h)) / 2 & ~1u;
    left += n % s->grid.columns * s->grid.width;
    top += n / s->grid.columns * s->grid.height;

    for (i = 0; i < 3; i++) {
        half = i ? 2 : 1;
        vtc_sheet_turn(s->frame->data[i]
                       + (size_t) (top / half) * s->frame->linesize[i]
                       + left / half,
                       s->frame->linesize[i], s->small->data[i],
                       s->small->linesize[i], w / half, h / half, quarters);
    }

    return 0;
}


/* Encodes a frame: 0, or an error of libav. */
static int
vtc_sheet_jpeg(AVFrame *frame, int quality, AVPacket *packet)
{
    int              rc;
    const AVCodec   *codec;
    AVCodecContext  *c;

    codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    c = codec ? avcodec_alloc_context3(codec) : NULL;

    if (c == NULL) {
        return AVERROR_ENCODER_NOT_FOUND;
    }

    c->width = frame->width;
    c->height = frame->height;
    c->pix_fmt = frame->format;
    c->color_range = AVCOL_RANGE_JPEG;
    c->time_base = (AVRational) { 1, 1 };
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_QSCALE;
    c->global_quality = quality * FF_QP2LAMBDA;
    frame->quality = c->global_quality;
    frame->pts = 0;

    rc = avcodec_open2(c, codec, NULL);

    if (rc == 0) {
        rc = avcodec_send_frame(c, frame);
    }

    if (rc == 0) {
        rc = avcodec_send_frame(c, NULL);
    }

    if (rc == 0) {
        rc = avcodec_receive_packet(c, packet);
    }

    avcodec_free_context(&c);

    return rc;
}


int
vtc_sheet_encode(vtc_sheet_t *s, unsigned n, AVPacket *packet)
{
    int       rc, height;
    unsigned  rows;

    rows = (n + s->grid.columns - 1) / s->grid.columns;
    height = s->frame->height;

    s->frame->height = (int) (rows * s->grid.height);
    rc = vtc_sheet_jpeg(s->frame, s->quality, packet);
    s->frame->height = height;

    return rc;
}


int
vtc_sheet_write(vtc_sheet_t *s, unsigned n, const char *path, FILE *why)
{
    int        rc;
    AVPacket  *packet;

    packet = av_packet_alloc();

    if (packet == NULL) {
        fputs("no memory", why);
        return -1;
    }

    rc = vtc_sheet_encode(s, n, packet);

    if (rc < 0) {
        vtc_source_why(why, "a sheet can't be encoded", rc);

    } else {
        rc = vtc_file_write(path, packet->data, (size_t) packet->size, why);
    }

    av_packet_free(&packet);

    return rc < 0 ? -1 : 0;
}
