/*
 * Copyright (C) ngx_video authors
 *
 * A poster, see vtc_poster.h.
 */

#include "vtc_job.h"
#include "vtc_keys.h"
#include "vtc_poster.h"
#include "vtc_sheet.h"
#include "vtc_source.h"


/* of JPEG: nothing is to be seen of it */
#define VTC_POSTER_QUALITY  2

/* places in a file that are tried, each a tenth behind the one before */
#define VTC_POSTER_TRIES    5


/* The picture that is shown: NULL, there is none. */
static const AVFrame *
vtc_poster_picture(const vtc_poster_t *p, vtc_keys_t *k, FILE *out)
{
    double          tenth, time;
    unsigned        i;
    const AVFrame  *picture;

    tenth = (double) vtc_source_duration(k->format, k->stream)
            * av_q2d(k->stream->time_base) / 10;
    time = p->time < 0 ? tenth : p->time;
    picture = NULL;

    for (i = 0; i < VTC_POSTER_TRIES && picture == NULL; i++) {
        picture = vtc_keys_at(k, time);
        time += tenth;
        vtc_job_alive(out);
    }

    return picture;
}


static int
vtc_poster_write(const vtc_poster_t *p, const vtc_keys_t *k,
    const AVFrame *picture, FILE *why)
{
    int          rc;
    unsigned     side;
    vtc_grid_t   grid = { .columns = 1, .rows = 1 };
    vtc_sheet_t  sheet;
    vtc_shape_t  shape;

    shape = vtc_source_square(picture->width, picture->height, k->sar);

    if (k->quarters & 1) {
        side = shape.width;
        shape.width = shape.height;
        shape.height = side;
    }

    vtc_sheet_box(&grid, &shape, p->width, p->height);

    if (vtc_sheet_open(&sheet, &grid) != 0) {
        vtc_sheet_close(&sheet);
        fputs("no memory", why);
        return -1;
    }

    sheet.quality = VTC_POSTER_QUALITY;
    vtc_sheet_clear(&sheet);

    rc = vtc_sheet_put(&sheet, 0, picture, k->sar, k->quarters) == 0
         ? vtc_sheet_write(&sheet, 1, p->file, why) : 1;

    vtc_sheet_close(&sheet);

    return rc;
}


int
vtc_poster(const vtc_poster_t *p, FILE *out, FILE *why)
{
    int               rc;
    vtc_keys_t        keys;
    const AVFrame    *picture;
    AVFormatContext  *format;

    format = vtc_source_open(p->path, why);

    if (format == NULL) {
        return 1;
    }

    picture = NULL;

    if (vtc_keys_open(&keys, format, out, why) == 0) {
        /* this one is looked at for longer than a thumbnail */
        keys.decoder->skip_loop_filter = AVDISCARD_DEFAULT;
        picture = vtc_poster_picture(p, &keys, out);
    }

    rc = picture ? vtc_poster_write(p, &keys, picture, why) : 1;

    vtc_keys_close(&keys);
    avformat_close_input(&format);

    return rc;
}
