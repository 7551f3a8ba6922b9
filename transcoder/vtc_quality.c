/*
 * Copyright (C) ngx_video authors
 *
 * A file and its reference: numbers, and with a directory a plot over time and
 * the worst pictures beside those of the reference.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_job.h"
#include "vtc_page.h"
#include "vtc_pair.h"
#include "vtc_quality.h"
#include "vtc_sheet.h"
#include "vtc_source.h"
#include "vtc_svg.h"


/* pixels each way of one of the worst pictures, at most */
#define VTC_QUALITY_TILE    1280

/* of JPEG: what is looked at is the file's loss */
#define VTC_QUALITY_JPEG    2

#define VTC_QUALITY_WIDTH   1000
#define VTC_QUALITY_HEIGHT  560

/* of a panel */
#define VTC_QUALITY_PANEL   200


typedef struct {
    const vtc_quality_t  *conf;
    FILE                 *out;
    FILE                 *why;
    vtc_pair_t            pair;
    size_t                worst[VTC_WORST_MAX];
    unsigned              n;            /* of them */
} vtc_quality_run_t;


/* names may be no UTF-8 */
static json_t *
vtc_quality_name(const char *path)
{
    json_t  *name;

    name = json_string(path);

    return name ? name : json_string("?");
}


static json_t *
vtc_quality_spread(const vtc_spread_t *s)
{
    return json_pack("{s:f, s:f, s:f, s:f}", "mean", s->mean, "lowest",
                     s->lowest, "p1", s->p1, "p5", s->p5);
}


json_t *
vtc_quality_json(const vtc_score_t *s, const char *path)
{
    return json_pack("{s:o, s:s, s:i, s:i, s:[i,i], s:f, s:I, s:I,"
                     " s:{s:I, s:I}, s:o, s:o}",
                     "file", vtc_quality_name(path), "codec", s->codec,
                     "width", (int) s->shape.width, "height",
                     (int) s->shape.height, "compared",
                     (int) s->compared.width, (int) s->compared.height,
                     "duration", s->length[1], "bitrate",
                     (json_int_t) s->bitrate, "pictures",
                     (json_int_t) s->pictures, "unmatched", "reference",
                     (json_int_t) s->alone[0], "file",
                     (json_int_t) s->alone[1], "psnr",
                     vtc_quality_spread(&s->psnr), "ssim",
                     vtc_quality_spread(&s->ssim));
}


static int
vtc_quality_tell_json(const vtc_quality_run_t *q)
{
    int                 rc;
    json_t             *o, *list;
    unsigned            i;
    const vtc_value_t  *v;

    o = vtc_quality_json(&q->pair.score, q->conf->path);
    list = json_array();

    for (i = 0; i < q->n; i++) {
        v = &q->pair.values.all[q->worst[i]];
        (void) json_array_append_new(list,
                json_pack("{s:f, s:f, s:f}", "time", v->time, "psnr",
                          vtc_measure_psnr(v->mse), "ssim",
                          (double) v->ssim));
    }

    (void) json_object_set_new(o, "reference",
                               vtc_quality_name(q->conf->reference));
    (void) json_object_set_new(o, "worst", list);

    rc = json_dumpf(o, q->out, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', q->out);
    json_decref(o);

    if (rc != 0) {
        fputs("no memory", q->why);
    }

    return rc;
}


static void
vtc_quality_tell(const vtc_quality_run_t *q)
{
    unsigned            i;
    const vtc_score_t  *s;
    const vtc_value_t  *v;

    s = &q->pair.score;

    fprintf(q->out, "%s: %s of %ux%u, %.0fk, %" PRIu64 " pictures compared "
            "with %s in %ux%u\n", q->conf->path, s->codec, s->shape.width,
            s->shape.height, s->bitrate / 1000, s->pictures,
            q->conf->reference, s->compared.width, s->compared.height);

    if (s->alone[0] || s->alone[1]) {
        fprintf(q->out, "unmatched: %" PRIu64 " pictures of the reference, %"
                PRIu64 " of the file\n", s->alone[0], s->alone[1]);
    }

    fprintf(q->out, "%-6s %8s %8s %8s %8s\n", "", "mean", "lowest", "1 %",
            "5 %");
    fprintf(q->out, "%-6s %8.2f %8.2f %8.2f %8.2f\n", "PSNR", s->psnr.mean,
            s->psnr.lowest, s->psnr.p1, s->psnr.p5);
    fprintf(q->out, "%-6s %8.4f %8.4f %8.4f %8.4f\n", "SSIM", s->ssim.mean,
            s->ssim.lowest, s->ssim.p1, s->ssim.p5);

    for (i = 0; i < q->n; i++) {
        v = &q->pair.values.all[q->worst[i]];
        fputs("worst at ", q->out);
        vtc_svg_clock(q->out, v->time, 3);
        fprintf(q->out, "  PSNR %.2f  SSIM %.4f\n", vtc_measure_psnr(v->mse),
                (double) v->ssim);
    }
}


/* A panel of the plot: PSNR, or SSIM. */
static void
vtc_quality_panel(const vtc_quality_run_t *q, FILE *out, vtc_point_t *points,
    int ssim)
{
    double               low, high, end;
    size_t               i;
    vtc_plot_t           p;
    const vtc_value_t   *v;
    const vtc_values_t  *values;

    values = &q->pair.values;
    low = 1e9;
    high = -1e9;
    end = q->pair.score.length[0];

    for (i = 0; i < values->n; i++) {
        v = &values->all[i];
        points[i].x = v->time;
        points[i].y = ssim ? v->ssim : vtc_measure_psnr(v->mse);
        points[i].label = NULL;
        low = points[i].y < low ? points[i].y : low;
        high = points[i].y > high ? points[i].y : high;
        end = v->time > end ? v->time : end;
    }

    memset(&p, 0, sizeof(vtc_plot_t));
    p.out = out;
    p.left = 70;
    p.top = ssim ? VTC_QUALITY_HEIGHT - 50 - VTC_QUALITY_PANEL : 40;
    p.width = VTC_QUALITY_WIDTH - 70 - 25;
    p.height = VTC_QUALITY_PANEL;
    p.x.kind = VTC_AXIS_TIME;
    p.x.label = ssim ? "time" : NULL;
    p.y.label = ssim ? "SSIM" : "PSNR, dB";
    vtc_axis_limits(&p.x, 0, end);
    vtc_axis_limits(&p.y, low, high);

    vtc_plot_axes(&p);
    vtc_plot_line(&p, points, values->n, vtc_svg_colour(ssim));
}


/* DIR/quality.svg */
static int
vtc_quality_plot(vtc_quality_run_t *q)
{
    vtc_page_t    page;
    vtc_point_t  *points;

    points = calloc(q->pair.values.n, sizeof(vtc_point_t));

    if (points == NULL) {
        fputs("no memory", q->why);
        return -1;
    }

    if (vtc_page_open(&page, q->why) != 0) {
        free(points);
        return -1;
    }

    vtc_svg_begin(page.out, VTC_QUALITY_WIDTH, VTC_QUALITY_HEIGHT,
                  q->conf->path);
    vtc_quality_panel(q, page.out, points, 0);
    vtc_quality_panel(q, page.out, points, 1);
    vtc_svg_end(page.out);
    free(points);

    return vtc_page_write(&page, q->conf->dir, "quality.svg", q->why);
}


/* One of the worst: the reference, the file. */
static int
vtc_quality_picture(vtc_quality_run_t *q, vtc_sheet_t *sheet, unsigned n)
{
    int             rc;
    char           *path;
    unsigned        i;
    const AVFrame  *pictures[2];

    if (vtc_pair_seek(&q->pair, q->pair.values.all[q->worst[n]].time, pictures)
        != 0)
    {
        return -1;
    }

    vtc_sheet_clear(sheet);

    for (i = 0; i < 2; i++) {
        rc = vtc_sheet_put(sheet, i, pictures[i], (AVRational) { 1, 1 }, 0);

        if (rc < 0) {
            vtc_source_why(q->why, "can't be scaled", rc);
            return -1;
        }
    }

    vtc_job_alive(q->out);
    path = vtc_page_path(q->why, "%s/worst/%u.jpg", q->conf->dir, n);
    rc = path ? vtc_sheet_write(sheet, 2, path, q->why) : -1;
    free(path);

    return rc;
}


/* DIR/worst/0.jpg and so on */
static int
vtc_quality_pictures(vtc_quality_run_t *q)
{
    int          rc;
    unsigned     i;
    vtc_grid_t   grid;
    vtc_sheet_t  sheet;

    grid.columns = 2;
    grid.rows = 1;
    vtc_sheet_tile(&grid, &q->pair.score.compared, VTC_QUALITY_TILE);
    rc = vtc_sheet_open(&sheet, &grid);

    if (rc != 0) {
        fputs("no memory", q->why);
    }

    sheet.quality = VTC_QUALITY_JPEG;

    for (i = 0; rc == 0 && i < q->n; i++) {
        rc = vtc_quality_picture(q, &sheet, i);
    }

    vtc_sheet_close(&sheet);
    vtc_page_remove(q->conf->dir, "worst", i, q->why);

    return rc;
}


static void
vtc_quality_rows(const vtc_score_t *s, FILE *f)
{
    fprintf(f, "<table>\n<tr><th>compared</th><td>%" PRIu64
            " pictures in %ux%u</td></tr>\n"
            "<tr><th>file</th><td>%s, %ux%u, %.0f kbit/s</td></tr>\n"
            "<tr><th>unmatched</th><td>%" PRIu64 " of the reference, %" PRIu64
            " of the file</td></tr>\n</table>\n", s->pictures,
            s->compared.width, s->compared.height, s->codec, s->shape.width,
            s->shape.height, s->bitrate / 1000, s->alone[0], s->alone[1]);

    fprintf(f, "<h2>Values</h2>\n<table>\n<tr><th></th><th>mean</th>"
            "<th>lowest</th><th>1 %%</th><th>5 %%</th></tr>\n"
            "<tr><th>PSNR, dB</th><td>%.2f</td><td>%.2f</td><td>%.2f</td>"
            "<td>%.2f</td></tr>\n<tr><th>SSIM</th><td>%.4f</td><td>%.4f</td>"
            "<td>%.4f</td><td>%.4f</td></tr>\n</table>\n", s->psnr.mean,
            s->psnr.lowest, s->psnr.p1, s->psnr.p5, s->ssim.mean,
            s->ssim.lowest, s->ssim.p1, s->ssim.p5);
}


/* DIR/quality.html */
static int
vtc_quality_page(vtc_quality_run_t *q)
{
    FILE               *f;
    unsigned            i;
    vtc_page_t          page;
    const vtc_value_t  *v;

    if (vtc_page_open(&page, q->why) != 0) {
        return -1;
    }

    f = page.out;
    vtc_page_begin(f, q->conf->path);
    fputs("<p>Reference: ", f);
    vtc_svg_escape(f, q->conf->reference);
    fputs("</p>\n", f);
    vtc_quality_rows(&q->pair.score, f);
    fputs("<h2>Over time</h2>\n<p><img src=\"quality.svg\" "
          "alt=\"PSNR and SSIM over time\"/></p>\n", f);

    if (q->n) {
        fputs("<h2>Worst pictures</h2>\n<p>The reference is to the left, the "
              "file to the right.</p>\n", f);
    }

    for (i = 0; i < q->n; i++) {
        v = &q->pair.values.all[q->worst[i]];
        fprintf(f, "<figure><img src=\"worst/%u.jpg\" alt=\"\" "
                "loading=\"lazy\"/>\n<figcaption>", i);
        vtc_svg_clock(f, v->time, 3);
        fprintf(f, ": PSNR %.2f dB, SSIM %.4f</figcaption></figure>\n",
                vtc_measure_psnr(v->mse), (double) v->ssim);
    }

    vtc_page_end(f);

    return vtc_page_write(&page, q->conf->dir, "quality.html", q->why);
}


static int
vtc_quality_run(vtc_quality_run_t *q)
{
    const vtc_quality_t  *c;

    c = q->conf;

    if (vtc_pair_open(&q->pair, c->reference, c->path, c->threads, q->out,
                      q->why) != 0
        || (c->dir && vtc_page_place(c->dir, "worst", q->why) != 0)
        || vtc_pair_compare(&q->pair, c->damage) != 0)
    {
        return -1;
    }

    q->n = vtc_values_worst(&q->pair.values, c->worst, q->worst);

    if (c->dir && (vtc_quality_pictures(q) != 0 || vtc_quality_plot(q) != 0
                   || vtc_quality_page(q) != 0))
    {
        return -1;
    }

    if (c->json) {
        return vtc_quality_tell_json(q);
    }

    vtc_quality_tell(q);

    return 0;
}


int
vtc_quality_work(void *data, FILE *out, FILE *why)
{
    int                rc;
    vtc_quality_run_t  q = { .conf = data, .out = out, .why = why };

    vtc_source_quiet();

    rc = vtc_quality_run(&q);
    vtc_pair_close(&q.pair);

    return rc;
}
