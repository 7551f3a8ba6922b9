/*
 * Copyright (C) ngx_video authors
 *
 * A chunk of a film, see vtc_chunk.h.  Its pictures are those whose times are
 * between its boundaries, whatever the key frames of the source are.
 */

#include <inttypes.h>
#include <libavutil/mathematics.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_audio.h"
#include "vtc_chunk.h"
#include "vtc_decode.h"
#include "vtc_file.h"
#include "vtc_job.h"
#include "vtc_measure.h"
#include "vtc_source.h"
#include "vtc_spool.h"
#include "vtc_video.h"


/* pictures between two signs of life */
#define VTC_CHUNK_ALIVE     10

#define VTC_CHUNK_MADE_MAX  65536


typedef struct {
    vtc_film_t      *film;
    unsigned         n;
    FILE            *out;
    FILE            *why;
    int64_t          start;     /* time of the first picture that is in it */
    int64_t          end;       /* of the first that is not */
    uint64_t         segment;   /* the next, counted from that of the film */
    unsigned         pass;      /* 0: the only one; 1, 2 */
    vtc_decode_t     decode;
    vtc_video_t      video;
    vtc_spool_t      spools[VTC_RUNGS_MAX];
    vtc_measure_t   *measures[VTC_RUNGS_MAX];
    int64_t          shown;     /* when the chunk begins */
    int64_t          lasts;     /* ticks, of the newest picture; 0: unknown */
    uint64_t         packets;
} vtc_chunk_run_t;


static const vtc_rung_t *
vtc_chunk_rung(const vtc_film_t *film, unsigned output)
{
    return &film->conf.ladder.rungs[film->plan.outputs[output].rung];
}


static int
vtc_chunk_packet(void *data, unsigned rung, AVPacket *packet)
{
    vtc_chunk_run_t  *c;

    c = data;

    if (c->pass == 1) {
        return 0;
    }

    if (c->measures[rung]
        && vtc_measure_packet(c->measures[rung], packet) != 0)
    {
        return -1;
    }

    packet->duration = c->lasts;

    if (++c->packets % VTC_CHUNK_ALIVE == 0) {
        vtc_job_alive(c->out);
    }

    return vtc_spool_write(&c->spools[rung], packet);
}


static int
vtc_chunk_picture(void *data, unsigned rung, const AVFrame *picture)
{
    vtc_chunk_run_t  *c;

    c = data;

    return c->measures[rung]
           ? vtc_measure_picture(c->measures[rung], picture) : 0;
}


/* The encoders, when the first picture is there. */
static int
vtc_chunk_begin(vtc_chunk_run_t *c, const AVFrame *first)
{
    char             path[VTC_PATH_MAX];
    unsigned         i;
    vtc_plan_t      *p;
    vtc_output_t    *o;
    vtc_encoding_t  *e;

    p = &c->film->plan;
    c->video.n = p->n;
    c->video.why = c->why;
    c->video.packet = vtc_chunk_packet;
    c->video.picture = c->film->conf.quality && c->pass != 1
                       ? vtc_chunk_picture : NULL;
    c->video.data = c;

    for (i = 0; i < p->n; i++) {
        o = &c->video.outputs[i];
        e = &o->encoding;
        e->rung = vtc_chunk_rung(c->film, i);
        e->shape = p->outputs[i].shape;
        e->time_base = p->time_base;
        e->fps = e->rung->fps.num
                 && (p->fps.num == 0 || av_cmp_q(e->rung->fps, p->fps) < 0)
                 ? e->rung->fps : p->fps;
        e->interval = e->fps.num <= 0 || e->fps.den <= 0 ? 0
                      : (unsigned) (av_q2d(e->fps)
                                    * c->film->conf.segment / 1000
                                    + 0.999);
        e->preset = c->film->conf.preset;
        e->threads = p->threads;
        e->pass = c->pass;

        if (vtc_film_path(c->film, path, c->why, "%u-%s.stats", c->n,
                          e->rung->name) != 0)
        {
            return -1;
        }

        e->stats = strdup(path);
    }

    if (vtc_video_open(&c->video, first) != 0) {
        return -1;
    }

    for (i = 0; c->pass != 1 && i < p->n; i++) {
        o = &c->video.outputs[i];

        if (vtc_film_path(c->film, path, c->why, "%u-%s", c->n,
                          o->encoding.rung->name) != 0
            || vtc_spool_create(&c->spools[i], path, o->encoder, p->time_base,
                                c->why) != 0)
        {
            return -1;
        }

        if (c->film->conf.quality) {
            c->measures[i] = vtc_measure_open(o->encoder, p->time_base,
                                               c->why);

            if (c->measures[i] == NULL) {
                return -1;
            }
        }
    }

    return 0;
}


static void
vtc_chunk_close(vtc_chunk_run_t *c)
{
    unsigned  i;

    for (i = 0; i < VTC_RUNGS_MAX; i++) {
        vtc_spool_close(&c->spools[i]);
        vtc_measure_close(c->measures[i]);
        c->measures[i] = NULL;
        free((char *) c->video.outputs[i].encoding.stats);
    }

    vtc_video_close(&c->video);
    memset(&c->video, 0, sizeof(vtc_video_t));
}


/* The first picture that is in the chunk, or NULL. */
static AVFrame *
vtc_chunk_first(vtc_chunk_run_t *c, int *failed)
{
    AVFrame   *f;
    uint64_t   n;

    f = c->n ? vtc_decode_from(&c->decode, c->start, c->film->plan.origin,
                               failed)
             : vtc_decode_next(&c->decode, failed);

    for (n = 0; f && f->pts < c->start; n++) {
        f = vtc_decode_next(&c->decode, failed);

        if (n % VTC_CHUNK_ALIVE == 0) {
            vtc_job_alive(c->out);
        }
    }

    return f;
}


/* Whether a picture is the first of a segment. */
static int
vtc_chunk_key(vtc_chunk_run_t *c, int64_t pts)
{
    int       key;
    uint64_t  n;

    n = vtc_film_segment(c->film, pts);
    key = n >= c->segment;
    c->segment = key ? n + 1 : c->segment;

    return key;
}


/* All pictures of the file that is open: 0, or -1 and why. */
static int
vtc_chunk_pictures(vtc_chunk_run_t *c)
{
    int       failed;
    AVFrame  *f;
    uint64_t  n;

    c->segment = (uint64_t) c->n * c->film->plan.segments;
    f = vtc_chunk_first(c, &failed);

    if (f && f->pts < c->end && vtc_chunk_begin(c, f) != 0) {
        return -1;
    }

    for (n = 0; f && f->pts < c->end; n++) {

        if (f->pkt_duration > 0) {
            c->lasts = f->pkt_duration;
        }

        if (vtc_video_send(&c->video, f,
                           vtc_chunk_key(c, f->pts) || n == 0) != 0)
        {
            return -1;
        }

        if (n % VTC_CHUNK_ALIVE == 0) {
            __atomic_store_n(&c->film->done[c->n], f->pts - c->shown,
                             __ATOMIC_RELAXED);
            vtc_job_alive(c->out);
        }

        f = vtc_decode_next(&c->decode, &failed);
    }

    if (failed) {
        return -1;
    }

    if (n) {
        return vtc_video_end(&c->video);
    }

    /* a slide may be shown for longer, or the sound go on for longer */

    if (c->n && (f || c->film->conf.damage || !c->decode.exact
                 || c->decode.newest != AV_NOPTS_VALUE))
    {
        return 0;
    }

    fputs("no picture of it can be decoded", c->why);

    return -1;
}


/* A file that ends early, or is damaged, is not taken for a good one. */
static int
vtc_chunk_whole(vtc_chunk_run_t *c)
{
    return c->film->conf.damage ? 0
           : vtc_decode_whole(&c->decode, c->film->plan.origin,
                              c->film->plan.duration, c->end);
}


/* Spools get their names, then what came of them is told. */
static int
vtc_chunk_finish(vtc_chunk_run_t *c)
{
    int              rc;
    char            *text, path[VTC_PATH_MAX];
    FILE            *f;
    size_t           len;
    unsigned         i;
    vtc_made_t       made;
    vtc_output_t    *o;

    text = NULL;
    f = open_memstream(&text, &len);

    if (f == NULL) {
        fputs("no memory", c->why);
        return -1;
    }

    rc = 0;

    for (i = 0; rc == 0 && i < c->film->plan.n; i++) {
        o = &c->video.outputs[i];
        memset(&made, 0, sizeof(made));

        if (c->measures[i]) {
            rc = vtc_measure_end(c->measures[i], &made.measured, &made.mse,
                                 &made.ssim);
        }

        if (rc == 0 && c->spools[i].file) {
            rc = vtc_spool_end(&c->spools[i]);
        }

        fprintf(f, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
                " %.17g %.17g\n", o->pictures, o->bytes, o->cpu, made.measured,
                made.mse, made.ssim);
    }

    if (fclose(f) != 0 && rc == 0) {
        fputs("no memory", c->why);
        rc = -1;
    }

    if (rc == 0) {
        rc = vtc_film_path(c->film, path, c->why, "%u-made", c->n);
    }

    if (rc == 0) {
        rc = vtc_file_write(path, text, len, c->why);
    }

    free(text);

    return rc;
}


int
vtc_chunk_made(vtc_film_t *film, unsigned n, vtc_made_t *made)
{
    int        used;
    char       path[VTC_PATH_MAX], *text, *p, *why;
    FILE      *f;
    size_t     len;
    unsigned   i;

    /* that it is not there is no error */
    why = NULL;
    f = open_memstream(&why, &len);

    if (f == NULL) {
        return 0;
    }

    text = vtc_film_path(film, path, f, "%u-made", n) == 0
           ? vtc_file_read(path, VTC_CHUNK_MADE_MAX, f) : NULL;
    fclose(f);
    free(why);

    for (i = 0, p = text; p && i < film->plan.n; i++, p += used) {
        if (sscanf(p, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
                   " %lf %lf\n%n", &made[i].pictures, &made[i].bytes,
                   &made[i].cpu, &made[i].measured, &made[i].mse,
                   &made[i].ssim, &used) != 6)
        {
            break;
        }
    }

    free(text);

    return i == film->plan.n;
}


/* The same from the beginning: "pass" of the encoders. */
static int
vtc_chunk_pass(vtc_chunk_run_t *c, unsigned pass)
{
    int               rc;
    AVFormatContext  *format;

    c->pass = pass;
    format = vtc_source_open(c->film->conf.path, c->why);

    if (format == NULL) {
        return -1;
    }

    rc = vtc_decode_open(&c->decode, format, AVMEDIA_TYPE_VIDEO,
                         c->film->plan.threads, c->why);

    if (rc == 0) {
        rc = vtc_chunk_pictures(c);
    }

    vtc_decode_close(&c->decode);
    avformat_close_input(&format);

    if (rc == 0 && pass != 1) {
        rc = vtc_chunk_whole(c) == 0 ? vtc_chunk_finish(c) : -1;
    }

    vtc_chunk_close(c);

    return rc;
}


int
vtc_chunk_work(void *data, FILE *out, FILE *why)
{
    int               rc;
    vtc_plan_t       *p;
    vtc_chunk_t      *chunk;
    vtc_chunk_run_t  *c;

    chunk = data;
    vtc_source_quiet();
    c = calloc(1, sizeof(vtc_chunk_run_t));

    if (c == NULL) {
        fputs("no memory", why);
        return -1;
    }

    p = &chunk->film->plan;
    c->film = chunk->film;
    c->n = chunk->n;
    c->out = out;
    c->why = why;
    c->shown = vtc_film_boundary(c->film, (uint64_t) c->n * p->segments);
    c->start = c->n ? c->shown : INT64_MIN;
    c->end = c->n + 1 < p->chunks
             ? vtc_film_boundary(c->film, (uint64_t) (c->n + 1) * p->segments)
             : INT64_MAX;

    rc = c->film->conf.two_pass ? vtc_chunk_pass(c, 1) : 0;

    if (rc == 0) {
        rc = vtc_chunk_pass(c, c->film->conf.two_pass ? 2 : 0);
    }

    free(c);

    return rc;
}


static int
vtc_chunk_heard(void *data, AVPacket *packet)
{
    return vtc_spool_write(data, packet);
}


/* All of the sound: 0, or -1 and why. */
static int
vtc_chunk_encode_sound(vtc_film_t *film, vtc_decode_t *d, FILE *out,
    FILE *why)
{
    int           rc, failed;
    char          path[VTC_PATH_MAX];
    AVFrame      *f;
    uint64_t      n;
    vtc_spool_t   spool;
    vtc_audio_t   audio = {
        .bitrate = film->conf.ladder.audio,
        .loudnorm = film->conf.ladder.loudnorm,
        .time_base = d->stream->time_base,
        .why = why,
        .packet = vtc_chunk_heard,
        .data = &spool
    };

    memset(&spool, 0, sizeof(spool));

    rc = vtc_film_path(film, path, why, "sound");

    if (rc == 0) {
        rc = vtc_audio_open(&audio, d->decoder);
    }

    if (rc == 0) {
        rc = vtc_spool_create(&spool, path, audio.encoder,
                              audio.encoder->time_base, why);
    }

    for (n = 0; rc == 0; n++) {
        f = vtc_decode_next(d, &failed);

        if (f == NULL) {
            rc = failed ? -1 : vtc_audio_send(&audio, NULL);
            break;
        }

        rc = vtc_audio_send(&audio, f);

        if (n % 100 == 0) {
            vtc_job_alive(out);
        }
    }

    if (rc == 0 && d->damaged && !film->conf.damage) {
        fprintf(why, "%" PRIu64 " damaged frames of sound, the first at %.3f s",
                d->damaged, d->first_damaged == AV_NOPTS_VALUE ? 0
                : (double) d->first_damaged * av_q2d(d->stream->time_base));
        rc = -1;
    }

    if (rc == 0) {
        rc = vtc_spool_end(&spool);
    }

    vtc_audio_close(&audio);
    vtc_spool_close(&spool);

    return rc;
}


int
vtc_chunk_sound(void *data, FILE *out, FILE *why)
{
    int               rc;
    vtc_decode_t      decode;
    AVFormatContext  *format;

    vtc_source_quiet();
    format = vtc_source_open(((vtc_film_t *) data)->conf.path, why);

    if (format == NULL) {
        return -1;
    }

    rc = vtc_decode_open(&decode, format, AVMEDIA_TYPE_AUDIO, 1, why);

    if (rc == 0) {
        rc = vtc_chunk_encode_sound(data, &decode, out, why);
    }

    vtc_decode_close(&decode);
    avformat_close_input(&format);

    return rc;
}
