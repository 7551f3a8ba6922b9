/*
 * Copyright (C) ngx_video authors
 *
 * Each file is compared with the reference in a process of its own; then one
 * shows pictures of all of them.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vtc_compare.h"
#include "vtc_page.h"
#include "vtc_pair.h"
#include "vtc_sheet.h"
#include "vtc_source.h"


/* pixels each way of a tile */
#define VTC_COMPARE_TILE    480

#define VTC_COMPARE_COLUMNS 4

/* of JPEG: what is looked at is the files' loss */
#define VTC_COMPARE_JPEG    2


/* One file of them. */
typedef struct {
    const vtc_compare_t  *conf;
    unsigned              file;
    vtc_score_t          *score;
} vtc_compare_file_t;


static int
vtc_compare_work(void *data, FILE *out, FILE *why)
{
    int                  rc;
    vtc_pair_t           pair;
    vtc_compare_file_t  *f;

    f = data;
    vtc_source_quiet();

    rc = vtc_pair_open(&pair, f->conf->reference, f->conf->files[f->file], 1,
                       out, why);

    if (rc == 0) {
        rc = vtc_pair_compare(&pair, f->conf->damage);
    }

    if (rc == 0) {
        *f->score = pair.score;
    }

    vtc_pair_close(&pair);

    return rc;
}


/* The pictures of a file at the moments, into a tile of each sheet. */
static int
vtc_compare_tiles(vtc_compared_t *c, vtc_sheet_t *sheets, unsigned tile,
    const char *path, FILE *out, FILE *why)
{
    int          rc;
    double       time;
    unsigned     i;
    AVRational   sar;
    vtc_side_t   side;

    rc = vtc_side_open(&side, path, 1, why);

    for (i = 0; rc == 0 && i < VTC_MOMENTS; i++) {
        time = c->scores->scores[c->order[0]].length[0] * (i + 1)
               / (VTC_MOMENTS + 1);
        rc = vtc_side_seek(&side, time);

        /* one that is shorter has a black tile */

        if (rc != 0 || fabs(side.time - time) > side.lasts + 1) {
            continue;
        }

        sar = av_d2q((double) side.shape.width * side.now->height
                     / ((double) side.shape.height * side.now->width), 65536);

        if (vtc_sheet_put(&sheets[i], tile, side.now, sar, 0) != 0) {
            fputs("can't be scaled", why);
            rc = -1;
        }

        vtc_job_alive(out);
    }

    vtc_side_close(&side);

    return rc;
}


static int
vtc_compare_sheets(vtc_compared_t *c, vtc_sheet_t *sheets, FILE *out,
    FILE *why)
{
    int          rc;
    char        *path;
    unsigned     i;

    rc = vtc_compare_tiles(c, sheets, 0, c->conf->reference, out, why);

    for (i = 0; rc == 0 && i < c->n; i++) {
        rc = vtc_compare_tiles(c, sheets, i + 1, c->conf->files[c->order[i]],
                               out, why);
    }

    for (i = 0; rc == 0 && i < VTC_MOMENTS; i++) {
        path = vtc_page_path(why, "%s/frames/%u.jpg", c->conf->dir, i);
        rc = path ? vtc_sheet_write(&sheets[i], c->n + 1, path, why) : -1;
        free(path);
    }

    return rc;
}


int
vtc_compare_frames(void *data, FILE *out, FILE *why)
{
    int              rc;
    unsigned         i;
    vtc_grid_t       grid;
    vtc_sheet_t      sheets[VTC_MOMENTS];
    vtc_compared_t  *c;

    c = data;
    rc = 0;
    vtc_source_quiet();
    memset(sheets, 0, sizeof(sheets));

    grid.columns = c->n + 1 < VTC_COMPARE_COLUMNS ? c->n + 1
                   : VTC_COMPARE_COLUMNS;
    grid.rows = (c->n + grid.columns) / grid.columns;
    vtc_sheet_tile(&grid, &c->scores->scores[c->order[0]].compared,
                   VTC_COMPARE_TILE);

    for (i = 0; rc == 0 && i < VTC_MOMENTS; i++) {
        rc = vtc_sheet_open(&sheets[i], &grid);

        if (rc != 0) {
            fputs("no memory", why);
            break;
        }

        sheets[i].quality = VTC_COMPARE_JPEG;
        vtc_sheet_clear(&sheets[i]);
    }

    if (rc == 0) {
        rc = vtc_compare_sheets(c, sheets, out, why);
    }

    for (i = 0; i < VTC_MOMENTS; i++) {
        vtc_sheet_close(&sheets[i]);
    }

    return rc;
}


/* A file that has been compared: into the order by bit rate. */
static void
vtc_compare_add(vtc_compared_t *c, unsigned file)
{
    unsigned            i;
    const vtc_score_t  *scores;

    scores = c->scores->scores;

    for (i = c->n++; i > 0; i--) {

        if (scores[c->order[i - 1]].bitrate < scores[file].bitrate
            || (scores[c->order[i - 1]].bitrate == scores[file].bitrate
                && c->order[i - 1] < file))
        {
            break;
        }

        c->order[i] = c->order[i - 1];
    }

    c->order[i] = file;
}


/* All files, some at once: 0, or -1 when there was an error. */
static int
vtc_compare_all(vtc_compared_t *c)
{
    int                 rc;
    unsigned            i, files, next, running;
    vtc_job_t           jobs[VTC_COMPARED_MAX], *j;
    vtc_compare_file_t  work[VTC_COMPARED_MAX];

    memset(jobs, 0, sizeof(jobs));
    rc = 0;
    next = 0;
    running = 0;

    for (files = 0; c->conf->files[files]; files++) { /* void */ }

    while (next < files || running) {

        if (next < files && running < c->conf->jobs) {
            i = next++;
            work[i].conf = c->conf;
            work[i].file = i;
            work[i].score = &c->scores->scores[i];
            j = &jobs[i];

            if (vtc_job_start(j, &c->limits, vtc_compare_work, &work[i]) == 0)
            {
                running++;
                continue;
            }

        } else {
            j = vtc_job_wait(jobs, files, -1);
            i = (unsigned) (j - jobs);
            running--;
        }

        if (j->result.why[0]) {
            fprintf(stderr, "video-transcoder: %s: %s\n", c->conf->files[i],
                    j->result.why);
            rc = -1;

        } else {
            vtc_compare_add(c, i);
        }

        free(j->result.text);
    }

    return rc;
}


/* What is made of those that could be compared. */
static int
vtc_compare_make(vtc_compared_t *c)
{
    int           rc;
    char          why[512];
    FILE         *f;
    vtc_result_t  result;

    if (vtc_job_run(&c->limits, vtc_compare_frames, c, &result) != 0) {
        fprintf(stderr, "video-transcoder: pictures of all: %s\n", result.why);
        free(result.text);
        return -1;
    }

    free(result.text);

    memset(why, 0, sizeof(why));
    f = fmemopen(why, sizeof(why) - 1, "w");

    if (f == NULL) {
        fputs("video-transcoder: no memory\n", stderr);
        return -1;
    }

    rc = vtc_compare_report(c, stdout, f);
    fclose(f);

    if (rc != 0) {
        fprintf(stderr, "video-transcoder: %s\n", why);
    }

    return rc;
}


/* The directories, before anything takes long. */
static int
vtc_compare_place(const vtc_compare_t *conf)
{
    int     rc;
    char   *text;
    FILE   *why;
    size_t  len;

    text = NULL;
    why = open_memstream(&text, &len);

    if (why == NULL) {
        fputs("video-transcoder: no memory\n", stderr);
        return -1;
    }

    rc = vtc_page_place(conf->dir, "frames", why);
    fclose(why);

    if (rc != 0) {
        fprintf(stderr, "video-transcoder: %s\n", text);
    }

    free(text);

    return rc;
}


int
vtc_compare(const vtc_compare_t *conf, const vtc_limits_t *limits)
{
    int              rc;
    vtc_compared_t   c = { .conf = conf, .limits = *limits };

    if (vtc_compare_place(conf) != 0) {
        return -1;
    }

    c.scores = mmap(NULL, sizeof(vtc_scores_t), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (c.scores == MAP_FAILED) {
        fputs("video-transcoder: no memory\n", stderr);
        return -1;
    }

    rc = vtc_compare_all(&c);

    if (c.n && vtc_compare_make(&c) != 0) {
        rc = -1;
    }

    munmap(c.scores, sizeof(vtc_scores_t));

    return rc;
}
