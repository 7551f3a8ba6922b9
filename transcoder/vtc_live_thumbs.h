/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of a live stream: of the first picture of each of its segments,
 * alone and in sheets; and posters.
 */

#ifndef VTC_LIVE_THUMBS_H
#define VTC_LIVE_THUMBS_H

#include <jansson.h>
#include <stdio.h>

#include "vtc_link.h"
#include "vtc_sheet.h"


/* pictures, and segments, that wait for each other */
#define VTC_LIVE_KEPT       16

typedef struct {
    unsigned      wanted:1;
    unsigned      begun:1;              /* a sheet is */
    vtc_grid_t    grid;
    vtc_sheet_t   kept;                 /* key pictures, a tile each */
    vtc_sheet_t   tile;                 /* a thumbnail alone */
    vtc_sheet_t   sheet;
    uint64_t      base;                 /* segment of its first tile */
    unsigned      from;                 /* tiles that it has: [from, to) */
    unsigned      to;
    int64_t       pts[VTC_LIVE_KEPT];   /* of those that are kept */
    unsigned      next;                 /* place of the next one */
    int64_t       cuts[VTC_LIVE_KEPT];  /* pts of segments whose pictures have
                                           not come */
    uint64_t      numbers[VTC_LIVE_KEPT];
    unsigned      next_cut;
    unsigned      width;                /* of a poster, at most; 0: none */
    unsigned      height;
    int64_t       poster;               /* ms, when it was; INT64_MIN: never */
    AVPacket     *packet;
    vtc_link_t   *link;                 /* the caller's, as why */
    FILE         *why;
} vtc_live_thumbs_t;


/*
 * What is wanted: {"size": [w, h], "grid": [columns, rows], "poster": [w, h]},
 * of which "poster" may be missing; or NULL.  0, or -1 and why, as all below.
 * "link" and "why" have been set; closed in any case.
 */
int vtc_live_thumbs_open(vtc_live_thumbs_t *t, const json_t *wanted);
void vtc_live_thumbs_close(vtc_live_thumbs_t *t);

/* A key picture of the source, at "now" of a clock that does not jump, ms. */
int vtc_live_thumbs_picture(vtc_live_thumbs_t *t, const AVFrame *picture,
    int64_t now);

/* A segment of this number begins with the picture of "pts". */
int vtc_live_thumbs_cut(vtc_live_thumbs_t *t, int64_t pts, uint64_t number);


#endif /* VTC_LIVE_THUMBS_H */
