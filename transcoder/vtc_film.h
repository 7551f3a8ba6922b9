/*
 * Copyright (C) ngx_video authors
 *
 * A file and the ladder that is made of it: what is asked for, and the plan of
 * it.  Pieces of it (chunks) are worked on in parallel, each by a process that
 * decodes once and encodes all rungs; their frames are kept in DIR/.ladder
 * until the files of the rungs are written.
 */

#ifndef VTC_FILM_H
#define VTC_FILM_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdint.h>
#include <stdio.h>

#include "vtc_codec.h"
#include "vtc_ladder.h"


#define VTC_CHUNKS_MAX  10000
#define VTC_PATH_MAX    4096

/* What is asked for. */
typedef struct {
    const char      *path;
    const char      *dir;
    vtc_ladder_t     ladder;
    const char      *preset;            /* of H.264 rungs that have none, or
                                           NULL */
    unsigned         segment;           /* ms between key frames */
    unsigned         chunk;             /* s, about; 0: as it suits */
    unsigned         jobs;              /* processes at once */
    unsigned         two_pass:1;
    unsigned         quality:1;         /* PSNR and SSIM are measured */
    unsigned         damage:1;          /* it goes on over what is damaged */
} vtc_film_conf_t;

typedef struct {
    unsigned         rung;              /* of the ladder */
    vtc_shape_t      shape;
} vtc_plan_output_t;

/*
 * The plan: made in a process of its own and read by all others, so without
 * pointers.
 */
typedef struct {
    AVRational         time_base;       /* of the pictures of the source */
    AVRational         fps;             /* about; 0/1: unknown */
    int64_t            origin;          /* time of the first picture */
    int64_t            duration;        /* from it on; 0: unknown */
    vtc_shape_t        shape;
    vtc_plan_output_t  outputs[VTC_RUNGS_MAX];
    unsigned           n;               /* of them */
    unsigned           chunks;
    unsigned           segments;        /* in each chunk but the last */
    unsigned           threads;         /* of each encoder */
    char               language[4];     /* of the sound, or empty */
    unsigned           sound:1;         /* there is some */
} vtc_plan_t;

/* Shared by the process that plans and those that work. */
typedef struct {
    vtc_film_conf_t  conf;
    vtc_plan_t       plan;
    int64_t          done[VTC_CHUNKS_MAX];      /* of each chunk, in the time
                                                   base: a process adds, the
                                                   first one reads */
} vtc_film_t;

/* What came of a rung, in a chunk and in all. */
typedef struct {
    uint64_t         pictures;
    uint64_t         bytes;
    uint64_t         cpu;               /* ns */
    uint64_t         measured;          /* pictures */
    double           mse;               /* sum, of all planes by their size */
    double           ssim;              /* sum */
} vtc_made_t;


/*
 * vtc_work_pt, data: vtc_film_t.  Plans a film whose conf is filled; rungs that
 * are left out have a line in "out".
 */
int vtc_film_plan(void *data, FILE *out, FILE *why);

/* The time from which a segment on, counted from 0, pictures are in it. */
int64_t vtc_film_boundary(const vtc_film_t *film, uint64_t segment);

/* The segment, counted from 0, that a picture is in; before them all is 0. */
uint64_t vtc_film_segment(const vtc_film_t *film, int64_t time);

/* "DIR/.ladder/NAME" with a number: 0, or -1: too long, and why. */
int vtc_film_path(const vtc_film_t *film, char path[VTC_PATH_MAX],
    FILE *why, const char *fmt, ...) __attribute__((format(printf, 4, 5)));


#endif /* VTC_FILM_H */
