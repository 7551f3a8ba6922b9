/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of a live stream, see vtc_live_thumbs.h.
 *
 * Where segments begin is known to the worker alone, and told when the picture
 * may have been decoded, or not yet: key pictures are kept as tiles, and numbers
 * of segments, until they meet.
 */

#include <string.h>

#include "vtc_live_thumbs.h"
#include "vtc_source.h"


/* ms between two posters */
#define VTC_LIVE_POSTER     10000

/* of JPEG: nothing is to be seen of it */
#define VTC_LIVE_POSTER_QUALITY  2

/* pixels each way */
#define VTC_LIVE_POSTER_MAX 4096

/* pts of none */
#define VTC_LIVE_NONE       INT64_MIN


static int
vtc_live_thumbs_pair(const json_t *pair, unsigned min, unsigned max,
    unsigned *a, unsigned *b)
{
    json_int_t  n, m;

    if (json_unpack((json_t *) pair, "[I,I!]", &n, &m) != 0
        || n < min || n > max || m < min || m > max)
    {
        return -1;
    }

    *a = (unsigned) n;
    *b = (unsigned) m;

    return 0;
}


static int
vtc_live_thumbs_wanted(vtc_live_thumbs_t *t, const json_t *wanted)
{
    const json_t  *poster;

    poster = json_object_get(wanted, "poster");

    return vtc_live_thumbs_pair(json_object_get(wanted, "size"), 16, 1024,
                                &t->grid.width, &t->grid.height) != 0
           || vtc_live_thumbs_pair(json_object_get(wanted, "grid"), 1, 32,
                                   &t->grid.columns, &t->grid.rows) != 0
           || t->grid.width % 2 || t->grid.height % 2
           || t->grid.width * t->grid.columns > VTC_SHEET_MAX
           || t->grid.height * t->grid.rows > VTC_SHEET_MAX
           || (poster && vtc_live_thumbs_pair(poster, 16, VTC_LIVE_POSTER_MAX,
                                              &t->width, &t->height) != 0)
           ? -1 : 0;
}


int
vtc_live_thumbs_open(vtc_live_thumbs_t *t, const json_t *wanted)
{
    unsigned    i;
    vtc_grid_t  grid;

    if (wanted == NULL) {
        return 0;
    }

    if (vtc_live_thumbs_wanted(t, wanted) != 0) {
        fputs("\"thumbs\" of OPEN is wrong", t->why);
        return -1;
    }

    for (i = 0; i < VTC_LIVE_KEPT; i++) {
        t->pts[i] = VTC_LIVE_NONE;
        t->cuts[i] = VTC_LIVE_NONE;
    }

    t->wanted = 1;
    t->poster = VTC_LIVE_NONE;
    t->packet = av_packet_alloc();

    grid = t->grid;
    grid.columns = 1;
    grid.rows = VTC_LIVE_KEPT;

    if (vtc_sheet_open(&t->kept, &grid) != 0) {
        fputs("no memory", t->why);
        return -1;
    }

    grid.rows = 1;

    if (t->packet == NULL || vtc_sheet_open(&t->tile, &grid) != 0
        || vtc_sheet_open(&t->sheet, &t->grid) != 0)
    {
        fputs("no memory", t->why);
        return -1;
    }

    return 0;
}


void
vtc_live_thumbs_close(vtc_live_thumbs_t *t)
{
    vtc_sheet_close(&t->kept);
    vtc_sheet_close(&t->tile);
    vtc_sheet_close(&t->sheet);
    av_packet_free(&t->packet);
}


/* Sends the first n tiles of a sheet. */
static int
vtc_live_thumbs_send(vtc_live_thumbs_t *t, vtc_sheet_t *sheet, unsigned n,
    nvm_wire_t *m)
{
    int  rc;

    rc = vtc_sheet_encode(sheet, n, t->packet);

    if (rc < 0) {
        vtc_source_why(t->why, "a sheet can't be encoded", rc);
        return -1;
    }

    /* one that is too large is not there, as one that can't be decoded */
    m->type = NVM_WIRE_IMAGE;
    rc = t->packet->size > NVM_WIRE_IMAGE_MAX ? 0
         : vtc_link_send(t->link, m, t->packet->data,
                         (size_t) t->packet->size, NULL, 0);
    av_packet_unref(t->packet);

    return rc;
}


/* A tile of the sheet; it is sent whenever a row of it is full. */
static int
vtc_live_thumbs_add(vtc_live_thumbs_t *t, unsigned place, uint64_t number)
{
    unsigned    n, tiles;
    nvm_wire_t  m = { .flags = NVM_WIRE_SHEET };

    tiles = t->grid.columns * t->grid.rows;
    n = (unsigned) (number % tiles);

    if (!t->begun || t->base != number - n || n < t->to) {
        t->begun = 1;
        t->base = number - n;
        t->from = n;
        vtc_sheet_clear(&t->sheet);
    }

    vtc_sheet_copy(&t->sheet, n, &t->kept, place);
    t->to = n + 1;

    if (t->to % t->grid.columns) {
        return 0;
    }

    m.pts = (int64_t) (t->base + t->from);
    m.dts = t->to - t->from;

    return vtc_live_thumbs_send(t, &t->sheet, t->to, &m);
}


/* The picture that is kept at a place is that of a segment. */
static int
vtc_live_thumbs_make(vtc_live_thumbs_t *t, unsigned place, uint64_t number)
{
    nvm_wire_t  m = { .pts = (int64_t) number };

    vtc_sheet_copy(&t->tile, 0, &t->kept, place);

    return vtc_live_thumbs_send(t, &t->tile, 1, &m) == 0
           ? vtc_live_thumbs_add(t, place, number) : -1;
}


static int
vtc_live_thumbs_poster(vtc_live_thumbs_t *t, const AVFrame *picture,
    AVRational sar)
{
    int          rc;
    nvm_wire_t   m = { .flags = NVM_WIRE_POSTER };
    vtc_grid_t   grid = { .columns = 1, .rows = 1 };
    vtc_sheet_t  sheet;
    vtc_shape_t  shape;

    shape = vtc_source_square(picture->width, picture->height, sar);
    vtc_sheet_box(&grid, &shape, t->width, t->height);

    rc = vtc_sheet_open(&sheet, &grid);

    if (rc != 0) {
        fputs("no memory", t->why);

    } else {
        sheet.quality = VTC_LIVE_POSTER_QUALITY;
        vtc_sheet_clear(&sheet);
        rc = vtc_sheet_put(&sheet, 0, picture, sar, 0) == 0
             ? vtc_live_thumbs_send(t, &sheet, 1, &m) : 0;
    }

    vtc_sheet_close(&sheet);

    return rc;
}


int
vtc_live_thumbs_picture(vtc_live_thumbs_t *t, const AVFrame *picture,
    int64_t now)
{
    unsigned    i, place;
    AVRational  sar;

    if (!t->wanted) {
        return 0;
    }

    sar = picture->sample_aspect_ratio.num > 0
          && picture->sample_aspect_ratio.den > 0
          ? picture->sample_aspect_ratio : (AVRational) { 1, 1 };

    if (t->width && (t->poster == VTC_LIVE_NONE
                     || now - t->poster >= VTC_LIVE_POSTER))
    {
        t->poster = now;

        if (vtc_live_thumbs_poster(t, picture, sar) != 0) {
            return -1;
        }
    }

    place = t->next;
    t->pts[place] = VTC_LIVE_NONE;
    vtc_sheet_blank(&t->kept, place);

    if (vtc_sheet_put(&t->kept, place, picture, sar, 0) != 0) {
        /* it has no thumbnail */
        return 0;
    }

    t->pts[place] = picture->pts;
    t->next = (place + 1) % VTC_LIVE_KEPT;

    for (i = 0; i < VTC_LIVE_KEPT; i++) {
        if (t->cuts[i] == picture->pts) {
            t->cuts[i] = VTC_LIVE_NONE;
            return vtc_live_thumbs_make(t, place, t->numbers[i]);
        }
    }

    return 0;
}


int
vtc_live_thumbs_cut(vtc_live_thumbs_t *t, int64_t pts, uint64_t number)
{
    unsigned  i;

    if (!t->wanted || pts == VTC_LIVE_NONE) {
        return 0;
    }

    for (i = 0; i < VTC_LIVE_KEPT; i++) {
        if (t->pts[i] == pts) {
            return vtc_live_thumbs_make(t, i, number);
        }
    }

    t->cuts[t->next_cut] = pts;
    t->numbers[t->next_cut] = number;
    t->next_cut = (t->next_cut + 1) % VTC_LIVE_KEPT;

    return 0;
}
