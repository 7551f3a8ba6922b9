/*
 * Copyright (C) ngx_video authors
 *
 * Plots, see vtc_svg.h.  Numbers are written by printf: the program never sets
 * a locale, so their points are points.
 */

#include <math.h>
#include <stdint.h>

#include "vtc_svg.h"


/* about so many on an axis */
#define VTC_SVG_TICKS   6

/*
 * Of a rate, the largest to the smallest: above the one ticks are at 1, 2, 5,
 * below the other as far apart as those of a linear axis.
 */
#define VTC_SVG_WIDE    30
#define VTC_SVG_NARROW  3

#define VTC_SVG_FONT    "font-family=\"sans-serif\" font-size=\"13\""


static const char *const  vtc_svg_colours[] = {
    "#1f6fb4", "#d1611e", "#2a8a3c", "#8d4bab", "#8c564b", "#5f6b73"
};


const char *
vtc_svg_colour(unsigned n)
{
    return vtc_svg_colours[n % (sizeof(vtc_svg_colours)
                                / sizeof(vtc_svg_colours[0]))];
}


/*
 * Bytes of a character of UTF-8 (RFC 3629) that XML 1.0 (2.2) can have; 0: it
 * is none.
 */
static unsigned
vtc_svg_character(const unsigned char *p)
{
    unsigned  i, n, c;

    static const unsigned  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    if (p[0] < 0x80) {
        return (p[0] >= 0x20 && p[0] != 0x7f) || p[0] == '\t';
    }

    n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

    if (p[0] < 0xc2 || p[0] > 0xf4) {
        return 0;
    }

    c = p[0] & (0x7fu >> n);

    for (i = 1; i < n; i++) {

        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = c << 6 | (p[i] & 0x3f);
    }

    return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)
           || (c & 0xfffe) == 0xfffe || (c >= 0x80 && c < 0xa0) ? 0 : n;
}


void
vtc_svg_escape(FILE *out, const char *text)
{
    unsigned              n;
    const unsigned char  *p;

    for (p = (const unsigned char *) text; *p; p += n ? n : 1) {
        n = vtc_svg_character(p);

        switch (n ? *p : '?') {

        case '<':
            fputs("&lt;", out);
            break;

        case '>':
            fputs("&gt;", out);
            break;

        case '&':
            fputs("&amp;", out);
            break;

        case '"':
            fputs("&#34;", out);
            break;

        case '\'':
            fputs("&#39;", out);
            break;

        default:
            if (n) {
                fwrite(p, 1, n, out);

            } else {
                fputc('?', out);
            }
        }
    }
}


void
vtc_svg_clock(FILE *out, double seconds, unsigned digits)
{
    double    s, unit;
    unsigned  minutes;

    unit = pow(10, digits);
    s = floor((seconds > 0 ? seconds : 0) * unit + 0.5) / unit;
    minutes = (unsigned) (s / 60);
    s -= minutes * 60.0;

    if (minutes >= 60) {
        fprintf(out, "%u:%02u", minutes / 60, minutes % 60);

    } else {
        fprintf(out, "%u", minutes);
    }

    fprintf(out, ":%0*.*f", digits ? (int) digits + 3 : 2, (int) digits, s);
}


void
vtc_svg_begin(FILE *out, unsigned width, unsigned height, const char *title)
{
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
            "height=\"%u\" viewBox=\"0 0 %u %u\" role=\"img\" "
            VTC_SVG_FONT ">\n<title>", width, height, width, height);
    vtc_svg_escape(out, title);
    fprintf(out, "</title>\n<rect width=\"%u\" height=\"%u\" "
            "fill=\"#ffffff\"/>\n", width, height);
}


void
vtc_svg_end(FILE *out)
{
    fputs("</svg>\n", out);
}


/* The first of 1, 2, 5, 10, 20, ... that is not below a value. */
static double
vtc_axis_nice(double value)
{
    double  ten;

    ten = pow(10, floor(log10(value)));
    value /= ten * (1 + 1e-9);

    return ten * (value <= 1 ? 1 : value <= 2 ? 2 : value <= 5 ? 5 : 10);
}


/* The same of more of them: 1, 1.5, 2, 3, 5, 7. */
static double
vtc_axis_half(double value)
{
    double  ten;

    ten = pow(10, floor(log10(value)));
    value /= ten * (1 + 1e-9);

    return ten * (value <= 1 ? 1 : value <= 1.5 ? 1.5 : value <= 2 ? 2
                  : value <= 3 ? 3 : value <= 5 ? 5 : value <= 7 ? 7 : 10);
}


/* Between two ticks, of a linear axis. */
static double
vtc_axis_step(const vtc_axis_t *a)
{
    unsigned  i;
    double    step;

    static const double  clock[] = {
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600
    };

    step = (a->max - a->min) / VTC_SVG_TICKS;

    if (a->kind != VTC_AXIS_TIME || step <= 1) {
        return vtc_axis_nice(step);
    }

    for (i = 0; i < sizeof(clock) / sizeof(clock[0]); i++) {
        if (step <= clock[i]) {
            return clock[i];
        }
    }

    return 3600 * vtc_axis_nice(step / 3600);
}


void
vtc_axis_limits(vtc_axis_t *a, double min, double max)
{
    double  step;

    a->min = min;
    a->max = max;

    if (a->kind == VTC_AXIS_RATE) {
        /* a fifth to both sides, but never nothing */
        a->min = (min > 1 ? min : 1) / 1.2;
        a->max = (max > 1 ? max : 1) * 1.2;
        return;
    }

    if (a->kind == VTC_AXIS_TIME) {
        a->max = max > min ? max : min + 1;
        return;
    }

    if (max - min < 1e-3) {
        a->min = min - 1e-3;
        a->max = max + 1e-3;
    }

    step = vtc_axis_step(a);
    a->min = floor(a->min / step + 1e-6) * step;
    a->max = ceil(a->max / step - 1e-6) * step;
}


/* Where a value is, from 0 to 1. */
static double
vtc_axis_place(const vtc_axis_t *a, double value)
{
    return a->kind == VTC_AXIS_RATE
           ? log(value / a->min) / log(a->max / a->min)
           : (value - a->min) / (a->max - a->min);
}


/* The next tick after one, or the first: whether there is one. */
static int
vtc_axis_tick(const vtc_axis_t *a, double *tick, int first)
{
    double  step;

    if (a->kind == VTC_AXIS_RATE) {
        if (a->max / a->min > VTC_SVG_WIDE) {
            *tick = vtc_axis_nice(first ? a->min : *tick * 1.01);

        } else if (a->max / a->min > VTC_SVG_NARROW) {
            *tick = vtc_axis_half(first ? a->min : *tick * 1.01);

        } else {
            step = vtc_axis_step(a);
            *tick = first ? ceil(a->min / step - 1e-6) * step : *tick + step;
        }

        return *tick <= a->max;
    }

    step = vtc_axis_step(a);
    *tick = first ? ceil(a->min / step - 1e-6) * step : *tick + step;

    return *tick <= a->max + step * 1e-6;
}


static void
vtc_axis_text(const vtc_axis_t *a, double value, FILE *out)
{
    int       digits;
    double    step;

    step = vtc_axis_step(a);

    if (a->kind == VTC_AXIS_RATE) {
        fprintf(out, value >= 1e6 ? "%.4gM" : "%.4gk",
                value / (value >= 1e6 ? 1e6 : 1e3));

    } else if (a->kind == VTC_AXIS_TIME && step >= 1) {
        vtc_svg_clock(out, value, 0);

    } else {
        digits = step < 1 ? (int) ceil(-log10(step) - 1e-6) : 0;
        fprintf(out, "%.*f", digits, fabs(value) < step / 2 ? 0 : value);
    }
}


static double
vtc_plot_x(const vtc_plot_t *p, double x)
{
    return p->left + vtc_axis_place(&p->x, x) * p->width;
}


static double
vtc_plot_y(const vtc_plot_t *p, double y)
{
    return p->top + (1 - vtc_axis_place(&p->y, y)) * p->height;
}


static void
vtc_plot_ticks(const vtc_plot_t *p)
{
    int     more;
    double  at, tick;

    for (more = vtc_axis_tick(&p->x, &tick, 1); more;
         more = vtc_axis_tick(&p->x, &tick, 0))
    {
        at = vtc_plot_x(p, tick);
        fprintf(p->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
                "y2=\"%.1f\"/><text x=\"%.1f\" y=\"%.1f\" "
                "text-anchor=\"middle\" stroke=\"none\">", at, p->top, at,
                p->top + p->height, at, p->top + p->height + 18);
        vtc_axis_text(&p->x, tick, p->out);
        fputs("</text>\n", p->out);
    }

    for (more = vtc_axis_tick(&p->y, &tick, 1); more;
         more = vtc_axis_tick(&p->y, &tick, 0))
    {
        at = vtc_plot_y(p, tick);
        fprintf(p->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" "
                "y2=\"%.1f\"/><text x=\"%.1f\" y=\"%.1f\" "
                "text-anchor=\"end\" stroke=\"none\">", p->left, at,
                p->left + p->width, at, p->left - 7, at + 4.5);
        vtc_axis_text(&p->y, tick, p->out);
        fputs("</text>\n", p->out);
    }
}


void
vtc_plot_axes(const vtc_plot_t *p)
{
    fputs("<g stroke=\"#dddddd\" fill=\"#333333\">\n", p->out);
    vtc_plot_ticks(p);

    fprintf(p->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
            "height=\"%.1f\" fill=\"none\" stroke=\"#888888\"/>\n", p->left,
            p->top, p->width, p->height);

    if (p->x.label) {
        fprintf(p->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" "
                "stroke=\"none\">%s</text>\n", p->left + p->width / 2,
                p->top + p->height + 38, p->x.label);
    }

    fprintf(p->out, "<text x=\"%.1f\" y=\"%.1f\" stroke=\"none\">%s</text>\n"
            "</g>\n", p->left, p->top - 8, p->y.label);
}


void
vtc_plot_line(const vtc_plot_t *p, const vtc_point_t *points, size_t n,
    const char *colour)
{
    size_t  i, j, end, low, buckets;

    buckets = n > VTC_SVG_POINTS ? VTC_SVG_POINTS : n;

    fprintf(p->out, "<polyline fill=\"none\" stroke=\"%s\" "
            "stroke-width=\"1.5\" stroke-linejoin=\"round\" points=\"",
            colour);

    for (i = 0, j = 0; i < buckets; i++) {
        end = (size_t) ((uint64_t) n * (i + 1) / buckets);

        for (low = j; j < end; j++) {
            low = points[j].y < points[low].y ? j : low;
        }

        fprintf(p->out, "%s%.1f,%.1f", i ? i % 8 ? " " : "\n" : "",
                vtc_plot_x(p, points[low].x), vtc_plot_y(p, points[low].y));
    }

    fputs("\"/>\n", p->out);
}


void
vtc_plot_points(const vtc_plot_t *p, const vtc_point_t *points, size_t n,
    const char *colour)
{
    int     right;
    size_t  i;
    double  x, y;

    for (i = 0; i < n; i++) {
        x = vtc_plot_x(p, points[i].x);
        y = vtc_plot_y(p, points[i].y);

        /* labels stay within the picture */
        right = x > p->left + p->width / 2;

        fprintf(p->out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" "
                "fill=\"%s\"/>\n", x, y, colour);

        if (points[i].label) {
            fprintf(p->out, "<text x=\"%.1f\" y=\"%.1f\" fill=\"#333333\" "
                    "text-anchor=\"%s\">", x + (right ? -8 : 8),
                    y + (right ? -7 : 16), right ? "end" : "start");
            vtc_svg_escape(p->out, points[i].label);
            fputs("</text>\n", p->out);
        }
    }
}


void
vtc_plot_legend(const vtc_plot_t *p, unsigned n, const char *text,
    const char *colour)
{
    double  x, y;

    x = p->left + p->width + 14;
    y = p->top + 10 + n * 22;

    fprintf(p->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
            "stroke=\"%s\" stroke-width=\"3\"/><text x=\"%.1f\" y=\"%.1f\" "
            "fill=\"#333333\">", x, y, x + 18, y, colour, x + 24, y + 4.5);
    vtc_svg_escape(p->out, text);
    fputs("</text>\n", p->out);
}
