/*
 * Copyright (C) ngx_video authors
 *
 * A sheet of thumbnails (sprites): pictures beside and below each other in one
 * JPEG.
 */

#ifndef VTC_SHEET_H
#define VTC_SHEET_H

#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
#include <stdio.h>

#include "vtc_ladder.h"


/* pixels each way: of a JPEG 65535, and every player has to decode it */
#define VTC_SHEET_MAX  8192

/* Even numbers of pixels. */
typedef struct {
    unsigned            columns;        /* 1 to 32 */
    unsigned            rows;           /* 1 to 32 */
    unsigned            width;          /* of a tile */
    unsigned            height;
} vtc_grid_t;


typedef struct {
    vtc_grid_t          grid;
    AVFrame            *frame;          /* of the whole sheet */
    AVFrame            *small;          /* a picture before it is turned */
    int                 quality;        /* of JPEG, 2 to 31: smaller is
                                           better; that of thumbnails */
    struct SwsContext  *scaler;
} vtc_sheet_t;


/* 0, or -1: no memory */
int vtc_sheet_open(vtc_sheet_t *s, const vtc_grid_t *grid);
void vtc_sheet_close(vtc_sheet_t *s);

/* A tile for pictures that look like this, no larger than they are. */
void vtc_sheet_tile(vtc_grid_t *grid, const vtc_shape_t *shape, unsigned max);

/* The same of two sides. */
void vtc_sheet_box(vtc_grid_t *grid, const vtc_shape_t *shape, unsigned width,
    unsigned height);

/* All of it is black. */
void vtc_sheet_clear(vtc_sheet_t *s);

/*
 * Puts a picture into tile n, counted by rows: as large as it fits with its
 * shape of pixels, turned by quarters clockwise.  0, or an error of libav.
 */
int vtc_sheet_put(vtc_sheet_t *s, unsigned n, const AVFrame *picture,
    AVRational sar, unsigned quarters);

/* Tile n of a sheet is black; it is tile m of another one, of the same size. */
void vtc_sheet_blank(vtc_sheet_t *s, unsigned n);
void vtc_sheet_copy(vtc_sheet_t *s, unsigned n, const vtc_sheet_t *from,
    unsigned m);

/* The rows that the first n tiles take, as a JPEG: 0, or an error of libav. */
int vtc_sheet_encode(vtc_sheet_t *s, unsigned n, AVPacket *packet);

/*
 * Writes the rows that the first n tiles take: a file that is there when it is
 * whole.  0, or -1 and why.
 */
int vtc_sheet_write(vtc_sheet_t *s, unsigned n, const char *path, FILE *why);


#endif /* VTC_SHEET_H */
