/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails: the newest key frame at each of their times, in sheets, and a
 * WebVTT file that tells players where each is (#xywh, Media Fragments 1.0,
 * 4.2.2).
 */

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "vtc_file.h"
#include "vtc_job.h"
#include "vtc_keys.h"
#include "vtc_source.h"
#include "vtc_thumbs.h"


#define VTC_THUMBS_PATH  4096

/* of the time between two, that is too little for one */
#define VTC_THUMBS_REST  0.05

/* s that a manifest may say the film is longer, by what sound hides in front */
#define VTC_THUMBS_MORE  0.5


/* What is made of a file. */
typedef struct {
    const vtc_thumbs_t  *conf;
    FILE                *out;
    FILE                *why;
    double               duration;      /* s */
    unsigned             n;             /* thumbnails */
    unsigned             tiles;         /* that sheets have of them */
    unsigned             sheets;
    unsigned             broken;        /* that could not be decoded */
    vtc_keys_t           keys;
    vtc_sheet_t          sheet;
    char                 name[VTC_THUMBS_PATH];
} vtc_thumbs_file_t;


/* DIR and the rest of a name, in t->name. */
static const char *
vtc_thumbs_name(vtc_thumbs_file_t *t, const char *rest, unsigned n)
{
    int  len;

    len = snprintf(t->name, sizeof(t->name), rest, t->conf->dir, n);

    if (len < 0 || (size_t) len >= sizeof(t->name)) {
        fprintf(t->why, "the name of the directory is too long");
        return NULL;
    }

    return t->name;
}


static int
vtc_thumbs_plan(vtc_thumbs_file_t *t)
{
    double            n;
    AVStream         *st;
    AVFormatContext  *format;

    st = t->keys.stream;
    format = t->keys.format;

    t->duration = t->conf->duration > 0 ? t->conf->duration
                  : st->duration != AV_NOPTS_VALUE
                  ? (double) st->duration * av_q2d(st->time_base)
                  : format->duration != AV_NOPTS_VALUE
                  ? (double) format->duration / AV_TIME_BASE : 0;

    if (t->duration <= 0) {
        fputs("nobody knows how long it is", t->why);
        return -1;
    }

    /* none for the last moment */
    n = ceil(t->duration / t->conf->every - VTC_THUMBS_REST);

    if (n > VTC_THUMBS_MAX) {
        fprintf(t->why, "%.0f thumbnails are more than %d", n,
                VTC_THUMBS_MAX);
        return -1;
    }

    t->n = n < 1 ? 1 : (unsigned) n;
    t->tiles = t->n;

    if (t->conf->whole) {
        n = ceil((t->duration + VTC_THUMBS_MORE) / t->conf->every);
        t->tiles = n > t->n ? (unsigned) n : t->n;
    }

    return 0;
}


/* Thumbnails from "first" on, as many as a sheet has. */
static int
vtc_thumbs_sheet(vtc_thumbs_file_t *t, unsigned first, unsigned n)
{
    unsigned        i;
    const char     *name;
    const AVFrame  *picture;

    vtc_sheet_clear(&t->sheet);

    for (i = 0; i < n; i++) {
        picture = vtc_keys_at(&t->keys, (first + i) * t->conf->every);

        if (picture == NULL
            || vtc_sheet_put(&t->sheet, i, picture, t->keys.sar,
                             t->keys.quarters)
               != 0)
        {
            t->broken++;
        }

        vtc_job_alive(t->out);
    }

    name = vtc_thumbs_name(t, "%s/thumbs/%u.jpg", t->sheets++);
    n = t->conf->whole ? t->conf->grid.columns * t->conf->grid.rows : n;

    return name ? vtc_sheet_write(&t->sheet, n, name, t->why) : -1;
}


/* "01:02:03.456" */
static void
vtc_thumbs_time(FILE *f, double seconds)
{
    unsigned long long  ms;

    ms = (unsigned long long) floor(seconds * 1000 + 0.5);

    fprintf(f, "%02llu:%02llu:%02llu.%03llu", ms / 3600000,
            ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}


/* The index, after the sheets that it names. */
static int
vtc_thumbs_index(vtc_thumbs_file_t *t)
{
    int                rc;
    char              *text;
    size_t             len;
    FILE              *f;
    unsigned           i, tile, tiles;
    double             end;
    const char        *name;
    const vtc_grid_t  *grid;

    grid = &t->conf->grid;
    tiles = grid->columns * grid->rows;

    text = NULL;
    f = open_memstream(&text, &len);

    if (f == NULL) {
        fputs("no memory", t->why);
        return -1;
    }

    fputs("WEBVTT\n", f);

    for (i = 0; i < t->n; i++) {
        end = (i + 1) * t->conf->every;
        tile = i % tiles;

        fputc('\n', f);
        vtc_thumbs_time(f, i * t->conf->every);
        fputs(" --> ", f);
        vtc_thumbs_time(f, i + 1 < t->n ? end : t->duration);
        fprintf(f, "\nthumbs/%u.jpg#xywh=%u,%u,%u,%u\n", i / tiles,
                tile % grid->columns * grid->width,
                tile / grid->columns * grid->height, grid->width,
                grid->height);
    }

    rc = fclose(f);
    name = vtc_thumbs_name(t, "%s/thumbs.vtt", 0);

    if (rc != 0) {
        fputs("no memory", t->why);
    }

    rc = rc == 0 && name ? vtc_file_write(name, text, len, t->why) : -1;
    free(text);

    return rc;
}


/* Sheets from number n on: of this run, or of one before it. */
static void
vtc_thumbs_remove(vtc_thumbs_file_t *t, unsigned n)
{
    const char  *name;

    do {
        name = vtc_thumbs_name(t, "%s/thumbs/%u.jpg", n++);
    } while (name && unlink(name) == 0);
}


/* The directories, without an index of what was there before. */
static int
vtc_thumbs_place(vtc_thumbs_file_t *t)
{
    const char  *name;

    name = vtc_thumbs_name(t, "%s/thumbs", 0);

    if (name == NULL || vtc_file_directory(t->conf->dir, t->why) != 0
        || vtc_file_directory(name, t->why) != 0)
    {
        return -1;
    }

    name = vtc_thumbs_name(t, "%s/thumbs.vtt", 0);

    if (name == NULL) {
        return -1;
    }

    (void) unlink(name);

    return 0;
}


static int
vtc_thumbs_make(vtc_thumbs_file_t *t)
{
    unsigned  i, n, tiles;

    if (vtc_thumbs_plan(t) != 0) {
        return -1;
    }

    if (vtc_thumbs_place(t) != 0) {
        return VTC_THUMBS_DISK;
    }

    if (vtc_sheet_open(&t->sheet, &t->conf->grid) != 0) {
        fputs("no memory", t->why);
        return VTC_THUMBS_DISK;
    }

    tiles = t->conf->grid.columns * t->conf->grid.rows;

    for (i = 0; i < t->tiles; i += n) {
        n = t->tiles - i < tiles ? t->tiles - i : tiles;

        if (vtc_thumbs_sheet(t, i, n) != 0) {
            return VTC_THUMBS_DISK;
        }
    }

    if (t->broken == t->tiles) {
        vtc_thumbs_remove(t, 0);
        fputs("no picture of it can be decoded", t->why);
        return -1;
    }

    vtc_thumbs_remove(t, t->sheets);

    return vtc_thumbs_index(t) == 0 ? 0 : VTC_THUMBS_DISK;
}


/* What was made. */
static int
vtc_thumbs_tell(vtc_thumbs_file_t *t)
{
    int      rc;
    json_t  *o, *file, *index;

    if (!t->conf->json) {
        fprintf(t->out, "%s: %u thumbnails, %u sheets, %s", t->conf->path,
                t->n, t->sheets, t->name);

        if (t->broken) {
            fprintf(t->out, ", %u could not be decoded and are black",
                    t->broken);
        }

        fputc('\n', t->out);
        return 0;
    }

    /* names may be no UTF-8 */

    file = json_string(t->conf->path);
    index = json_string(t->name);
    o = json_pack("{s:o, s:i, s:i, s:i, s:f, s:o}", "file",
                  file ? file : json_string("?"), "thumbs", (int) t->n,
                  "sheets", (int) t->sheets, "broken", (int) t->broken,
                  "duration", t->duration, "index",
                  index ? index : json_string("?"));
    rc = json_dumpf(o, t->out, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', t->out);
    json_decref(o);

    return rc;
}


int
vtc_thumbs_work(void *data, FILE *out, FILE *why)
{
    int                rc;
    AVFormatContext   *format;
    vtc_thumbs_file_t  t = { .conf = data, .out = out, .why = why };

    vtc_source_quiet();

    format = vtc_source_open(t.conf->path, why);

    if (format == NULL) {
        return -1;
    }

    rc = vtc_keys_open(&t.keys, format, out, why);

    if (rc == 0) {
        rc = vtc_thumbs_make(&t);
    }

    if (rc == 0) {
        rc = vtc_thumbs_tell(&t);
    }

    vtc_sheet_close(&t.sheet);
    vtc_keys_close(&t.keys);
    avformat_close_input(&format);

    return rc;
}
