/*
 * Copyright (C) ngx_video authors
 *
 * The plan of a film: which rungs there are, and where it is cut.
 */

#include <libavutil/mathematics.h>
#include <stdarg.h>
#include <string.h>

#include "vtc_film.h"
#include "vtc_source.h"


/* s of a chunk: long enough for rate control, short enough to lose */
#define VTC_FILM_CHUNK      60
#define VTC_FILM_CHUNK_MIN  10

/* ticks */
#define VTC_FILM_FAR        (INT64_C(1) << 53)


int
vtc_film_path(const vtc_film_t *film, char path[VTC_PATH_MAX], FILE *why,
    const char *fmt, ...)
{
    int      n, rest;
    va_list  args;

    n = snprintf(path, VTC_PATH_MAX, "%s/.ladder/", film->conf.dir);

    if (n > 0 && n < VTC_PATH_MAX) {
        va_start(args, fmt);
        rest = vsnprintf(path + n, (size_t) (VTC_PATH_MAX - n), fmt, args);
        va_end(args);

        /* and ".part" */
        if (rest > 0 && n + rest < VTC_PATH_MAX - 16) {
            return 0;
        }
    }

    fputs("the name of the directory is too long", why);

    return -1;
}


int64_t
vtc_film_boundary(const vtc_film_t *film, uint64_t segment)
{
    const vtc_plan_t  *p;

    p = &film->plan;

    /* a boundary between two ticks: what is at the next is behind it */
    return p->origin + av_rescale_rnd((int64_t) (segment * film->conf.segment),
                                      p->time_base.den,
                                      (int64_t) p->time_base.num * 1000,
                                      AV_ROUND_UP);
}


uint64_t
vtc_film_segment(const vtc_film_t *film, int64_t time)
{
    int64_t            ms;
    uint64_t           n;
    const vtc_plan_t  *p;

    p = &film->plan;

    if (time <= p->origin) {
        return 0;
    }

    ms = av_rescale_rnd(time - p->origin, (int64_t) p->time_base.num * 1000,
                        p->time_base.den, AV_ROUND_DOWN);
    n = (uint64_t) ms / film->conf.segment;

    return time >= vtc_film_boundary(film, n + 1) ? n + 1 : n;
}


/* Which rungs there are: 0, or -1 when there would be none. */
static int
vtc_film_rungs(vtc_film_t *film, FILE *out, FILE *why)
{
    unsigned            i;
    vtc_plan_t         *p;
    const vtc_rung_t   *r;
    vtc_plan_output_t  *o;

    p = &film->plan;

    for (i = 0; i < film->conf.ladder.n; i++) {
        r = &film->conf.ladder.rungs[i];
        o = &p->outputs[p->n];
        o->rung = i;

        if (vtc_rung_fit(r, &p->shape, &o->shape)) {
            p->n++;

        } else {
            fprintf(out, "rung \"%s\" of %ux%u is left out: the source has "
                    "%ux%u\n", r->name, r->width, r->height, p->shape.width,
                    p->shape.height);
        }
    }

    if (p->n == 0) {
        fprintf(why, "no rung is left of the ladder: the source has %ux%u",
                p->shape.width, p->shape.height);
        return -1;
    }

    return 0;
}


/* Whether pieces of it can be found without reading what is before them. */
static int
vtc_film_indexed(AVFormatContext *format, AVStream *st)
{
    return st->duration > 0
           && (format->pb->seekable & AVIO_SEEKABLE_NORMAL)
           && (strstr(format->iformat->name, "mov")
               || strstr(format->iformat->name, "matroska"));
}


static void
vtc_film_cut(vtc_film_t *film, int indexed)
{
    double       seconds;
    uint64_t     n;
    unsigned     chunk;
    vtc_plan_t  *p;

    p = &film->plan;
    seconds = (double) p->duration * av_q2d(p->time_base);
    chunk = film->conf.chunk;
    p->chunks = 1;

    if (chunk == 0) {
        /* each process has some, if they are not too short then */
        chunk = (unsigned) (seconds / film->conf.jobs) + 1;
        chunk = chunk > VTC_FILM_CHUNK ? VTC_FILM_CHUNK
                : chunk < VTC_FILM_CHUNK_MIN ? VTC_FILM_CHUNK_MIN : chunk;
    }

    p->segments = (chunk * 1000 + film->conf.segment - 1)
                  / film->conf.segment;

    if (indexed) {
        /* no last one that has hardly a picture */
        n = (uint64_t) (seconds * 1000 / film->conf.segment / p->segments
                        + 0.5);
        p->chunks = n < 1 ? 1 : n > VTC_CHUNKS_MAX ? VTC_CHUNKS_MAX
                    : (unsigned) n;
    }

    /* one thread is enough where processes are, and costs the least CPU */
    p->threads = p->chunks >= film->conf.jobs ? 1
                 : (film->conf.jobs + p->chunks - 1) / p->chunks;
}


/* What is known of the sound. */
static void
vtc_film_sound(vtc_film_t *film, AVFormatContext *format, FILE *out)
{
    int                 i;
    const AVCodec      *codec;
    AVDictionaryEntry  *language;

    if (film->conf.ladder.audio == 0) {
        return;
    }

    /* the one that will be decoded */
    i = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);

    if (i == AVERROR_DECODER_NOT_FOUND) {
        fputs("the sound is left out: there is no decoder of it\n", out);
    }

    if (i < 0) {
        return;
    }

    film->plan.sound = 1;
    language = av_dict_get(format->streams[i]->metadata, "language", NULL, 0);

    if (language && strlen(language->value) == 3
        && strspn(language->value, "abcdefghijklmnopqrstuvwxyz") == 3)
    {
        strcpy(film->plan.language, language->value);
    }
}


static int
vtc_film_source(vtc_film_t *film, AVFormatContext *format, FILE *out,
    FILE *why)
{
    int             i;
    AVStream       *st;
    vtc_plan_t     *p;
    const AVCodec  *codec;

    p = &film->plan;
    i = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    st = i < 0 ? NULL : format->streams[i];

    if (st == NULL || (st->disposition & AV_DISPOSITION_ATTACHED_PIC)
        || st->codecpar->width <= 0 || st->codecpar->height <= 0)
    {
        fputs("no video that can be decoded", why);
        return -1;
    }

    if (st->time_base.num <= 0 || st->time_base.den <= 0) {
        fputs("its times are none", why);
        return -1;
    }

    p->time_base = st->time_base;
    p->fps = av_guess_frame_rate(format, st, NULL);
    p->origin = st->start_time == AV_NOPTS_VALUE ? 0 : st->start_time;
    p->duration = vtc_source_duration(format, st);

    if (p->origin > VTC_FILM_FAR || p->origin < -VTC_FILM_FAR
        || p->duration > VTC_FILM_FAR)
    {
        fputs("its times are none", why);
        return -1;
    }

    vtc_source_shape(format, st, &p->shape);
    vtc_film_sound(film, format, out);
    vtc_film_cut(film, vtc_film_indexed(format, st));

    return vtc_film_rungs(film, out, why);
}


int
vtc_film_plan(void *data, FILE *out, FILE *why)
{
    int               rc;
    vtc_film_t       *film;
    AVFormatContext  *format;

    film = data;
    vtc_source_quiet();
    format = vtc_source_open(film->conf.path, why);

    if (format == NULL) {
        return -1;
    }

    rc = vtc_film_source(film, format, out, why);
    avformat_close_input(&format);

    return rc;
}
