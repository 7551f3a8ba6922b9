/*
 * Copyright (C) ngx_video authors
 *
 * Pictures of two files, matched by their times, see vtc_pair.h.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_job.h"
#include "vtc_pair.h"
#include "vtc_source.h"


/* pixels each way: the smallest planes of which libavfilter has an SSIM */
#define VTC_PAIR_MIN    16

/* s that times may differ by rounding, beyond half of a picture */
#define VTC_PAIR_TIE    1e-6

/* pictures between two signs of life */
#define VTC_PAIR_ALIVE  10


static int
vtc_pair_measured(void *data, uint64_t n, double mse, double ssim)
{
    vtc_pair_t  *p;

    p = data;

    if (n < p->values.n) {
        p->values.all[n].mse = (float) mse;
        p->values.all[n].ssim = (float) ssim;
    }

    return 0;
}


int
vtc_pair_open(vtc_pair_t *p, const char *reference, const char *path,
    unsigned threads, FILE *out, FILE *why)
{
    unsigned      i;
    vtc_shape_t  *shape;

    memset(p, 0, sizeof(vtc_pair_t));
    p->out = out;
    p->why = why;
    p->about = open_memstream(&p->said, &p->len);

    if (p->about == NULL) {
        fputs("no memory", why);
        return -1;
    }

    if (vtc_side_open(&p->sides[1], path, threads, why) != 0
        || vtc_side_open(&p->sides[0], reference, threads, p->about) != 0)
    {
        return -1;
    }

    shape = &p->sides[0].shape;

    if (shape->width < VTC_PAIR_MIN || shape->height < VTC_PAIR_MIN
        || shape->width > VTC_PIXELS_MAX || shape->height > VTC_PIXELS_MAX)
    {
        fprintf(p->about, "pictures of %ux%u can't be compared, those of 16x16 "
                "to %ux%u can", shape->width, shape->height, VTC_PIXELS_MAX,
                VTC_PIXELS_MAX);
        return -1;
    }

    for (i = 0; i < 2; i++) {
        p->scales[i].width = shape->width;
        p->scales[i].height = shape->height;
    }

    p->score.compared = *shape;
    p->score.shape = p->sides[1].shape;
    snprintf(p->score.codec, sizeof(p->score.codec), "%s",
             avcodec_get_name(p->sides[1].decode.decoder->codec_id));

    p->measure = vtc_measure_pairs(vtc_pair_measured, p, why);

    return p->measure ? 0 : -1;
}


void
vtc_pair_close(vtc_pair_t *p)
{
    unsigned  i;

    for (i = 0; i < 2; i++) {
        vtc_side_close(&p->sides[i]);
        vtc_scale_close(&p->scales[i]);
    }

    if (p->about) {
        fclose(p->about);

        if (p->said && p->said[0]) {
            fprintf(p->why, "the reference: %s", p->said);
        }
    }

    free(p->said);
    vtc_measure_close(p->measure);
    vtc_values_free(&p->values);
}


/* The pictures of now, the way that they are compared. */
static int
vtc_pair_scale(vtc_pair_t *p, const AVFrame *pictures[2])
{
    int       rc;
    unsigned  i;

    for (i = 0; i < 2; i++) {
        rc = vtc_scale_picture(&p->scales[i], p->sides[i].now, &pictures[i]);

        if (rc < 0) {
            vtc_source_why(p->sides[i].why, "can't be scaled", rc);
            return -1;
        }
    }

    return 0;
}


/* A side goes on. */
static int
vtc_pair_step(vtc_pair_t *p, unsigned i)
{
    double       end;
    vtc_side_t  *s;

    s = &p->sides[i];
    end = s->time + s->lasts;
    p->score.length[i] = end > p->score.length[i] ? end : p->score.length[i];

    return vtc_side_step(s);
}


/*
 * The pictures of now are one, or the earlier one has none: half of the shorter
 * of two is nearer than any other picture of either.
 */
static int
vtc_pair_match(vtc_pair_t *p)
{
    double         apart, most;
    unsigned       earlier;
    vtc_side_t    *ref, *file;
    const AVFrame *pictures[2];

    ref = &p->sides[0];
    file = &p->sides[1];
    apart = file->time - ref->time;
    most = (ref->lasts < file->lasts ? ref->lasts : file->lasts) / 2;

    if (ref->has && file->has && fabs(apart) <= most + VTC_PAIR_TIE) {

        if (vtc_values_add(&p->values, ref->time, p->why) != 0
            || vtc_pair_scale(p, pictures) != 0
            || vtc_measure_pair(p->measure, pictures[0], pictures[1]) != 0)
        {
            return -1;
        }

        return vtc_pair_step(p, 0) == 0 && vtc_pair_step(p, 1) == 0 ? 0 : -1;
    }

    earlier = !ref->has || (file->has && apart < 0);
    p->score.alone[earlier]++;

    return vtc_pair_step(p, earlier);
}


int
vtc_pair_compare(vtc_pair_t *p, int damage)
{
    double    mse, ssim;
    uint64_t  n;

    for (n = 0; p->sides[0].has || p->sides[1].has; n++) {

        if (vtc_pair_match(p) != 0) {
            return -1;
        }

        if (n % VTC_PAIR_ALIVE == 0) {
            vtc_job_alive(p->out);
        }
    }

    p->score.bitrate = (double) p->sides[1].decode.bytes * 8
                       / p->score.length[1];

    if (!damage && (vtc_side_whole(&p->sides[1]) != 0
                    || vtc_side_whole(&p->sides[0]) != 0))
    {
        return -1;
    }

    if (p->values.n == 0) {
        fputs("no picture of it is at the time of one of the reference",
              p->why);
        return -1;
    }

    if (vtc_measure_end(p->measure, &n, &mse, &ssim) != 0) {
        return -1;
    }

    if (vtc_values_score(&p->values, &p->score) != 0) {
        fputs("no memory", p->why);
        return -1;
    }

    return 0;
}


int
vtc_pair_seek(vtc_pair_t *p, double time, const AVFrame *pictures[2])
{
    return vtc_side_seek(&p->sides[0], time) == 0
           && vtc_side_seek(&p->sides[1], time) == 0
           ? vtc_pair_scale(p, pictures) : -1;
}
