/*
 * Copyright (C) ngx_video authors
 *
 * Options of the command line, and what they may be.
 */

#ifndef VTC_OPTIONS_H
#define VTC_OPTIONS_H

#include "vtc_compare.h"
#include "vtc_film.h"
#include "vtc_job.h"
#include "vtc_probe.h"
#include "vtc_quality.h"
#include "vtc_serve.h"
#include "vtc_thumbs.h"


/* exit codes */
#define VTC_FAILED      1               /* of some of the files */
#define VTC_USAGE       2

/* Commands, as bits: which of them an option is for. */
#define VTC_PROBE       0x01
#define VTC_THUMBS      0x02
#define VTC_LADDER      0x04
#define VTC_QUALITY     0x08
#define VTC_COMPARE     0x10
#define VTC_SERVE       0x20
#define VTC_FILES       0x1f            /* those that work on files */

typedef struct {
    unsigned         command;           /* one of them */
    const char      *name;              /* of it */
    char           **files;             /* NULL ends them */
    vtc_limits_t     limits;
    const char      *dir;               /* -o */
    vtc_probe_t      probe;
    vtc_thumbs_t     thumbs;
    vtc_film_conf_t  ladder;
    vtc_quality_t    quality;
    vtc_compare_t    compare;
    vtc_serve_t      serve;
    const char      *ladder_of;         /* a name, or a file */
    const char      *codecs;
    unsigned         json:1;
    unsigned         memory:1;          /* is given */
    unsigned         help:1;
} vtc_options_t;


/*
 * Reads the command line: 0, or VTC_USAGE, when it has been told what is wrong,
 * or o->help is set.  With that nothing else is.
 */
int vtc_options(vtc_options_t *o, int argc, char **argv);

/* Tells what is wrong, "%s" is the value: VTC_USAGE. */
int vtc_options_wrong(const char *fmt, const char *value);


#endif /* VTC_OPTIONS_H */
