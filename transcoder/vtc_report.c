/*
 * Copyright (C) ngx_video authors
 *
 * Progress and results of a ladder, see vtc_report.h.
 */

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "vtc_measure.h"
#include "vtc_report.h"


#define VTC_REPORT_BAR  30


double
vtc_report_duration(const vtc_film_t *film)
{
    return (double) film->plan.duration * av_q2d(film->plan.time_base);
}


void
vtc_report_progress(const vtc_film_t *film, double done, double before,
    double seconds)
{
    int      i, n;
    double   all, speed, left;

    all = vtc_report_duration(film);

    if (all <= 0) {
        fprintf(stderr, "\r%.0f s", done);
        fflush(stderr);
        return;
    }

    done = done > all ? all : done;
    n = (int) (done / all * VTC_REPORT_BAR);
    speed = seconds > 0 ? (done - before) / seconds : 0;
    left = speed > 0 ? (all - done) / speed : 0;

    fputs("\r[", stderr);

    for (i = 0; i < VTC_REPORT_BAR; i++) {
        fputc(i < n ? '#' : '.', stderr);
    }

    fprintf(stderr, "] %3.0f %%  %.2fx  %.0f:%02.0f left   ",
            done / all * 100, speed, (double) ((int) left / 60),
            (double) ((int) left % 60));
    fflush(stderr);
}


void
vtc_report_progress_end(void)
{
    fputs("\r\033[K", stderr);
    fflush(stderr);
}


static const vtc_rung_t *
vtc_report_rung(const vtc_film_t *film, unsigned output)
{
    return &film->conf.ladder.rungs[film->plan.outputs[output].rung];
}


/* bits/s of its pictures */
static double
vtc_report_bitrate(const vtc_film_t *film, const vtc_made_t *made)
{
    double  all;

    all = vtc_report_duration(film);

    return all > 0 ? (double) made->bytes * 8 / all : 0;
}


int
vtc_report_text(const vtc_film_t *film, const vtc_report_t *r, FILE *out)
{
    unsigned            i;
    char                size[32];
    const vtc_made_t   *m;
    const vtc_shape_t  *shape;

    fprintf(out, "%-16s %-11s %8s %8s %7s %8s %9s %8s\n", "rung", "size",
            "asked", "got", "PSNR", "SSIM", "MB", "CPU s");

    for (i = 0; i < film->plan.n; i++) {
        m = &r->made[i];
        shape = &film->plan.outputs[i].shape;
        snprintf(size, sizeof(size), "%ux%u", shape->width, shape->height);

        fprintf(out, "%-16s %-11s %7.0fk %7.0fk ",
                vtc_report_rung(film, i)->name, size,
                (double) vtc_report_rung(film, i)->bitrate / 1000,
                vtc_report_bitrate(film, m) / 1000);

        if (m->measured) {
            fprintf(out, "%7.2f %8.4f", vtc_measure_psnr(m->mse
                                                   / (double) m->measured),
                    m->ssim / (double) m->measured);
        } else {
            fprintf(out, "%7s %8s", "-", "-");
        }

        fprintf(out, " %9.1f %8.1f\n", (double) r->sizes[i] / 1e6,
                (double) m->cpu / 1e9);
    }

    fprintf(out, "%s: %.1f s of film in %.1f s\n", film->conf.path,
            vtc_report_duration(film), r->seconds);

    return 0;
}


int
vtc_report_json(const vtc_film_t *film, const vtc_report_t *r, FILE *out)
{
    int                 rc;
    char                file[VTC_NAME_MAX + 8];
    json_t             *o, *list, *one, *name;
    unsigned            i;
    const vtc_made_t   *m;
    const vtc_rung_t   *rung;
    const vtc_shape_t  *shape;

    list = json_array();

    for (i = 0; i < film->plan.n; i++) {
        m = &r->made[i];
        rung = vtc_report_rung(film, i);
        shape = &film->plan.outputs[i].shape;
        snprintf(file, sizeof(file), "%s.mp4", rung->name);

        one = json_pack("{s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I, s:I, s:f}",
                        "name", rung->name, "file", file, "codec",
                        rung->codec, "width", (int) shape->width, "height",
                        (int) shape->height, "asked",
                        (json_int_t) rung->bitrate, "bitrate",
                        (json_int_t) vtc_report_bitrate(film, m), "size",
                        (json_int_t) r->sizes[i], "pictures",
                        (json_int_t) m->pictures, "cpu",
                        (double) m->cpu / 1e9);

        if (m->measured) {
            (void) json_object_set_new(one, "psnr",
                    json_real(vtc_measure_psnr(m->mse
                                               / (double) m->measured)));
            (void) json_object_set_new(one, "ssim",
                    json_real(m->ssim / (double) m->measured));
        }

        (void) json_array_append_new(list, one);
    }

    name = json_string(film->conf.path);
    o = json_pack("{s:o, s:f, s:f, s:i, s:o}", "file",
                  name ? name : json_string("?"), "duration",
                  vtc_report_duration(film), "seconds", r->seconds, "chunks",
                  (int) film->plan.chunks, "rungs", list);
    rc = json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(o);

    return rc;
}
