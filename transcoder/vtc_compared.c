/*
 * Copyright (C) ngx_video authors
 *
 * The plot, the page and the table of files that were compared.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_compare.h"
#include "vtc_page.h"
#include "vtc_quality.h"
#include "vtc_svg.h"


#define VTC_COMPARED_WIDTH   1000
#define VTC_COMPARED_HEIGHT  560


static const vtc_score_t *
vtc_compared_score(const vtc_compared_t *c, unsigned i)
{
    return &c->scores->scores[c->order[i]];
}


static const char *
vtc_compared_path(const vtc_compared_t *c, unsigned i)
{
    return c->conf->files[c->order[i]];
}


/* Without directories. */
static const char *
vtc_compared_name(const vtc_compared_t *c, unsigned i)
{
    const char  *path, *slash;

    path = vtc_compared_path(c, i);
    slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}


/* The lines, one for each codec. */
static void
vtc_compared_lines(const vtc_compared_t *c, const vtc_plot_t *plot)
{
    unsigned            i, j, n, lines;
    const char         *codec;
    vtc_point_t         points[VTC_COMPARED_MAX];
    const vtc_score_t  *s;

    for (i = 0, lines = 0; i < c->n; i++) {
        codec = vtc_compared_score(c, i)->codec;

        for (j = 0; strcmp(vtc_compared_score(c, j)->codec, codec); j++) {
            /* void */
        }

        if (j < i) {
            continue;
        }

        for (n = 0; j < c->n; j++) {
            s = vtc_compared_score(c, j);

            if (strcmp(s->codec, codec) == 0) {
                points[n].x = s->bitrate;
                points[n].y = s->psnr.mean;
                points[n++].label = vtc_compared_name(c, j);
            }
        }

        vtc_plot_line(plot, points, n, vtc_svg_colour(lines));
        vtc_plot_points(plot, points, n, vtc_svg_colour(lines));
        vtc_plot_legend(plot, lines, codec, vtc_svg_colour(lines));
        lines++;
    }
}


/* DIR/compare.svg */
static int
vtc_compared_plot(const vtc_compared_t *c, FILE *why)
{
    double              low, high;
    unsigned            i;
    vtc_page_t          page;
    vtc_plot_t          p;
    const vtc_score_t  *s;

    if (vtc_page_open(&page, why) != 0) {
        return -1;
    }

    memset(&p, 0, sizeof(vtc_plot_t));
    p.out = page.out;
    p.left = 70;
    p.top = 40;
    p.width = VTC_COMPARED_WIDTH - 70 - 120;
    p.height = VTC_COMPARED_HEIGHT - 40 - 60;
    p.x.kind = VTC_AXIS_RATE;
    p.x.label = "bit rate, bit/s";
    p.y.label = "PSNR, dB";

    s = vtc_compared_score(c, 0);
    low = s->psnr.mean;
    high = low;

    for (i = 1; i < c->n; i++) {
        s = vtc_compared_score(c, i);
        low = s->psnr.mean < low ? s->psnr.mean : low;
        high = s->psnr.mean > high ? s->psnr.mean : high;
    }

    vtc_axis_limits(&p.x, vtc_compared_score(c, 0)->bitrate, s->bitrate);
    vtc_axis_limits(&p.y, low - 0.5, high + 0.5);

    vtc_svg_begin(page.out, VTC_COMPARED_WIDTH, VTC_COMPARED_HEIGHT,
                  c->conf->reference);
    vtc_plot_axes(&p);
    vtc_compared_lines(c, &p);
    vtc_svg_end(page.out);

    return vtc_page_write(&page, c->conf->dir, "compare.svg", why);
}


static void
vtc_compared_rows(const vtc_compared_t *c, FILE *f)
{
    unsigned            i;
    const vtc_score_t  *s;

    fputs("<table>\n<tr><th>file</th><th>codec</th><th>size</th>"
          "<th>kbit/s</th><th>PSNR, dB</th><th>SSIM</th><th>lowest PSNR</th>"
          "</tr>\n", f);

    for (i = 0; i < c->n; i++) {
        s = vtc_compared_score(c, i);
        fputs("<tr><td>", f);
        vtc_svg_escape(f, vtc_compared_path(c, i));
        fprintf(f, "</td><td>%s</td><td>%ux%u</td><td>%.0f</td><td>%.2f</td>"
                "<td>%.4f</td><td>%.2f</td></tr>\n", s->codec, s->shape.width,
                s->shape.height, s->bitrate / 1000, s->psnr.mean, s->ssim.mean,
                s->psnr.lowest);
    }

    fputs("</table>\n", f);
}


/* DIR/compare.html */
static int
vtc_compared_page(const vtc_compared_t *c, FILE *why)
{
    FILE        *f;
    double       length;
    unsigned     i;
    vtc_page_t   page;

    if (vtc_page_open(&page, why) != 0) {
        return -1;
    }

    f = page.out;
    length = vtc_compared_score(c, 0)->length[0];

    vtc_page_begin(f, c->conf->reference);
    vtc_compared_rows(c, f);
    fputs("<h2>PSNR over bit rate</h2>\n<p><img src=\"compare.svg\" "
          "alt=\"PSNR over bit rate\"/></p>\n<h2>The same pictures</h2>\n"
          "<p>By rows: the reference", f);

    for (i = 0; i < c->n; i++) {
        fputs(", ", f);
        vtc_svg_escape(f, vtc_compared_name(c, i));
    }

    fputs(".</p>\n", f);

    for (i = 0; i < VTC_MOMENTS; i++) {
        fprintf(f, "<figure><img src=\"frames/%u.jpg\" alt=\"\"/>\n"
                "<figcaption>", i);
        vtc_svg_clock(f, length * (i + 1) / (VTC_MOMENTS + 1), 3);
        fputs("</figcaption></figure>\n", f);
    }

    vtc_page_end(f);

    return vtc_page_write(&page, c->conf->dir, "compare.html", why);
}


static int
vtc_compared_json(const vtc_compared_t *c, FILE *out)
{
    int       rc;
    json_t   *o, *list, *name;
    unsigned  i;

    list = json_array();

    for (i = 0; i < c->n; i++) {
        (void) json_array_append_new(list,
                vtc_quality_json(vtc_compared_score(c, i),
                                 vtc_compared_path(c, i)));
    }

    name = json_string(c->conf->reference);
    o = json_pack("{s:o, s:o}", "reference", name ? name : json_string("?"),
                  "files", list);
    rc = json_dumpf(o, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(o);

    return rc;
}


static void
vtc_compared_text(const vtc_compared_t *c, FILE *out)
{
    char                size[32];
    unsigned            i;
    const vtc_score_t  *s;

    fprintf(out, "%-10s %-11s %8s %7s %8s %8s  %s\n", "codec", "size",
            "bit rate", "PSNR", "SSIM", "lowest", "file");

    for (i = 0; i < c->n; i++) {
        s = vtc_compared_score(c, i);
        snprintf(size, sizeof(size), "%ux%u", s->shape.width,
                 s->shape.height);
        fprintf(out, "%-10s %-11s %7.0fk %7.2f %8.4f %8.2f  %s\n", s->codec,
                size, s->bitrate / 1000, s->psnr.mean, s->ssim.mean,
                s->psnr.lowest, vtc_compared_path(c, i));
    }
}


int
vtc_compare_report(const vtc_compared_t *c, FILE *out, FILE *why)
{
    if (vtc_compared_plot(c, why) != 0 || vtc_compared_page(c, why) != 0) {
        return -1;
    }

    if (!c->conf->json) {
        vtc_compared_text(c, out);

    } else if (vtc_compared_json(c, out) != 0) {
        fputs("no memory", why);
        return -1;
    }

    return 0;
}
