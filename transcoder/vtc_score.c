/*
 * Copyright (C) ngx_video authors
 *
 * Means, percentiles and the worst pictures, see vtc_score.h.
 */

#include <math.h>
#include <stdlib.h>

#include "vtc_measure.h"
#include "vtc_score.h"


#define VTC_VALUES_FIRST  4096

/* s between two of the worst ones */
#define VTC_WORST_APART   1.0


int
vtc_values_add(vtc_values_t *v, double time, FILE *why)
{
    size_t        size;
    vtc_value_t  *all;

    if (v->n == VTC_VALUES_MAX) {
        fprintf(why, "more than %d pictures can't be compared",
                VTC_VALUES_MAX);
        return -1;
    }

    if (v->n == v->size) {
        size = v->size ? v->size * 2 : VTC_VALUES_FIRST;
        size = size > VTC_VALUES_MAX ? VTC_VALUES_MAX : size;
        all = realloc(v->all, size * sizeof(vtc_value_t));

        if (all == NULL) {
            fputs("no memory", why);
            return -1;
        }

        v->all = all;
        v->size = size;
    }

    v->all[v->n++] = (vtc_value_t) { .time = time };

    return 0;
}


void
vtc_values_free(vtc_values_t *v)
{
    free(v->all);
    *v = (vtc_values_t) { .all = NULL };
}


static int
vtc_values_order(const void *one, const void *two)
{
    float  a, b;

    a = *(const float *) one;
    b = *(const float *) two;

    return a < b ? -1 : a > b;
}


/* The nearest rank: that many percent of the n values are not above it. */
static double
vtc_values_percentile(const float *sorted, size_t n, double percent)
{
    size_t  rank;

    rank = (size_t) ceil(percent / 100 * (double) n);

    return sorted[rank ? rank - 1 : 0];
}


static void
vtc_values_spread(float *values, size_t n, vtc_spread_t *s)
{
    qsort(values, n, sizeof(float), vtc_values_order);

    s->lowest = values[0];
    s->p1 = vtc_values_percentile(values, n, 1);
    s->p5 = vtc_values_percentile(values, n, 5);
}


int
vtc_values_score(const vtc_values_t *v, vtc_score_t *s)
{
    float   *values;
    size_t   i;
    double   mse, ssim;

    values = malloc(v->n * sizeof(float));

    if (values == NULL) {
        return -1;
    }

    for (i = 0, mse = 0; i < v->n; i++) {
        values[i] = (float) vtc_measure_psnr(v->all[i].mse);
        mse += v->all[i].mse;
    }

    vtc_values_spread(values, v->n, &s->psnr);

    for (i = 0, ssim = 0; i < v->n; i++) {
        values[i] = v->all[i].ssim;
        ssim += v->all[i].ssim;
    }

    vtc_values_spread(values, v->n, &s->ssim);
    free(values);

    s->psnr.mean = vtc_measure_psnr(mse / (double) v->n);
    s->ssim.mean = ssim / (double) v->n;
    s->pictures = v->n;

    return 0;
}


/* Whether a picture is too near to one of n. */
static int
vtc_values_near(const vtc_values_t *v, const size_t *worst, unsigned n,
    size_t i)
{
    while (n--) {
        if (fabs(v->all[worst[n]].time - v->all[i].time) < VTC_WORST_APART) {
            return 1;
        }
    }

    return 0;
}


unsigned
vtc_values_worst(const vtc_values_t *v, unsigned max,
    size_t worst[VTC_WORST_MAX])
{
    size_t    i, one;
    unsigned  n;

    for (n = 0; n < max; n++) {

        for (i = 0, one = v->n; i < v->n; i++) {
            if ((one == v->n || v->all[i].mse > v->all[one].mse)
                && !vtc_values_near(v, worst, n, i))
            {
                one = i;
            }
        }

        if (one == v->n) {
            break;
        }

        worst[n] = one;
    }

    return n;
}
