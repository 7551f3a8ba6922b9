/*
 * Copyright (C) ngx_video authors
 *
 * Plots as SVG: axes with ticks, lines, points with labels.
 */

#ifndef VTC_SVG_H
#define VTC_SVG_H

#include <stddef.h>
#include <stdio.h>


/* more points of a line can't be told apart */
#define VTC_SVG_POINTS  2000

typedef enum {
    VTC_AXIS_LINEAR = 0,
    VTC_AXIS_TIME,              /* s */
    VTC_AXIS_RATE               /* bits/s, logarithmic */
} vtc_axis_kind_t;

typedef struct {
    vtc_axis_kind_t   kind;
    const char       *label;
    double            min;
    double            max;
} vtc_axis_t;

/* Where its area is, in a picture. */
typedef struct {
    FILE             *out;
    double            left;
    double            top;
    double            width;
    double            height;
    vtc_axis_t        x;
    vtc_axis_t        y;
} vtc_plot_t;

typedef struct {
    double            x;
    double            y;
    const char       *label;    /* NULL: none */
} vtc_point_t;


void vtc_svg_begin(FILE *out, unsigned width, unsigned height,
    const char *title);
void vtc_svg_end(FILE *out);

/*
 * What XML and HTML can have as text and in attributes: what is no UTF-8 or no
 * character of XML becomes "?".
 */
void vtc_svg_escape(FILE *out, const char *text);

/* "1:02:03" or "2:03", with digits behind the point */
void vtc_svg_clock(FILE *out, double seconds, unsigned digits);

/* 0 to n - 1, for lines that are to be told apart */
const char *vtc_svg_colour(unsigned n);

/* Limits that values are within, for an axis that has its kind. */
void vtc_axis_limits(vtc_axis_t *a, double min, double max);

void vtc_plot_axes(const vtc_plot_t *p);

/*
 * A line, of many points the lowest ones; and points with their labels.  Sorted
 * by x.
 */
void vtc_plot_line(const vtc_plot_t *p, const vtc_point_t *points, size_t n,
    const char *colour);
void vtc_plot_points(const vtc_plot_t *p, const vtc_point_t *points, size_t n,
    const char *colour);

/* What a colour means, the n-th from above. */
void vtc_plot_legend(const vtc_plot_t *p, unsigned n, const char *text,
    const char *colour);


#endif /* VTC_SVG_H */
