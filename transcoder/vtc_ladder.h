/*
 * Copyright (C) ngx_video authors
 *
 * A ladder: the renditions (rungs) that are made of one source.
 */

#ifndef VTC_LADDER_H
#define VTC_LADDER_H

#include <libavutil/rational.h>
#include <stdint.h>
#include <stdio.h>


#define VTC_RUNGS_MAX   16
#define VTC_NAME_MAX    32

/* bits/s */
#define VTC_BITRATE_MIN         10000ull
#define VTC_BITRATE_MAX         500000000ull
#define VTC_AUDIO_BITRATE_MIN   16000ull
#define VTC_AUDIO_BITRATE_MAX   512000ull

/* pixels each way */
#define VTC_PIXELS_MIN  32
#define VTC_PIXELS_MAX  8192

typedef struct {
    char          name[VTC_NAME_MAX];   /* [A-Za-z0-9_-]+, of one rung alone */
    unsigned      width;                /* the box that pictures are fitted */
    unsigned      height;               /* into; even */
    uint64_t      bitrate;              /* bits/s */
    uint64_t      maxrate;              /* bits/s */
    uint64_t      bufsize;              /* bits */
    AVRational    fps;                  /* at most; 0/1: that of the source */
    char          codec[8];             /* of vtc_codecs[] */
    char          preset[16];           /* "": that of the command */
    char          profile[16];          /* "": the encoder's choice */
} vtc_rung_t;

typedef struct {
    vtc_rung_t    rungs[VTC_RUNGS_MAX]; /* the largest first */
    unsigned      n;
    uint64_t      audio;                /* bits/s; 0: without sound */
    unsigned      loudnorm:1;           /* EBU R 128 */
} vtc_ladder_t;

/* What a source looks like when it is shown: square pixels, turned. */
typedef struct {
    unsigned      width;
    unsigned      height;
} vtc_shape_t;


/*
 * One that has a name ("hd"), or a text of JSON (docs/transcoder.md): 0, or -1
 * and why, with the member that is wrong.
 */
int vtc_ladder_named(vtc_ladder_t *l, const char *name, FILE *why);
int vtc_ladder_parse(vtc_ladder_t *l, const char *text, size_t n, FILE *why);

/*
 * Other codecs: each rung once for every name of a list, "h264,hevc", with the
 * bits that it needs for about the same quality.  0, or -1 and why.
 */
int vtc_ladder_codecs(vtc_ladder_t *l, const char *list, FILE *why);

/*
 * The pictures of a rung: the largest even size with the shape of the source
 * within the box, which is turned for a source that is higher than wide.
 * Nothing is made larger: 0 if the rung is more than a tenth above the source.
 */
int vtc_rung_fit(const vtc_rung_t *r, const vtc_shape_t *source,
    vtc_shape_t *fitted);


#endif /* VTC_LADDER_H */
