/*
 * Copyright (C) ngx_video authors
 *
 * video-transcoder: commands and their options.  Each file is worked on in a
 * child process, see vtc_job.h.
 */

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_job.h"
#include "vtc_probe.h"
#include "vtc_thumbs.h"


#define VTC_MEMORY      (1024ull * 1024 * 1024)
#define VTC_SILENCE     60

/* exit codes */
#define VTC_FAILED      1               /* of some of the files */
#define VTC_USAGE       2


static const char  vtc_usage[] =
    "usage: video-transcoder probe [OPTIONS] FILE...\n"
    "       video-transcoder thumbs -o DIR [OPTIONS] FILE\n"
    "\n"
    "  probe         what is in media files\n"
    "  thumbs        thumbnails in sheets, DIR/thumbs/0.jpg and so on, and an\n"
    "                index of them, DIR/thumbs.vtt\n"
    "\n"
    "options:\n"
    "  --json        a line of JSON for each file\n"
    "  --memory SIZE what a file may take, in MB: 64 to 65536, default 1024;\n"
    "                0: any\n"
    "  --timeout N   seconds without progress after which a file is given up:\n"
    "                1 to 86400, default 60; 0: never\n"
    "  --help        this text\n"
    "\n"
    "of thumbs:\n"
    "  -o DIR        where to; it is made\n"
    "  --every N     seconds between them: 0.1 to 3600, default 5\n"
    "  --size WxH    of each, even numbers, 16 to 1024, default 160x90\n"
    "  --grid CxR    columns and rows of a sheet, 1 to 32, default 10x10\n"
    "\n"
    "Exit status: 0; 1: some files could not be read, each with a line on\n"
    "standard error; 2: wrong options.\n";


typedef struct {
    vtc_limits_t  limits;
    vtc_probe_t   probe;
    vtc_thumbs_t  thumbs;
    unsigned      json:1;
    unsigned      thumbs_only:1;        /* an option of that command is given */
} vtc_options_t;


static int
vtc_wrong(const char *fmt, const char *value)
{
    fputs("video-transcoder: ", stderr);
    fprintf(stderr, fmt, value);
    fputs("\n", stderr);

    return VTC_USAGE;
}


/* 0, or a number within the range; -1: it is none. */
static long
vtc_number(const char *text, long min, long max)
{
    char  *end;
    long   n;

    errno = 0;
    n = strtol(text, &end, 10);

    if (errno || end == text || *end || (n != 0 && (n < min || n > max))) {
        return -1;
    }

    return n;
}


/* "160x90": 0, or -1 when one is not within the range. */
static int
vtc_pair(const char *text, unsigned min, unsigned max, unsigned *a,
    unsigned *b)
{
    int       n;
    unsigned  x, y;

    n = 0;

    if (text[0] < '0' || text[0] > '9'
        || sscanf(text, "%5ux%5u%n", &x, &y, &n) != 2 || text[n]
        || x < min || x > max || y < min || y > max)
    {
        return -1;
    }

    *a = x;
    *b = y;

    return 0;
}


static int
vtc_seconds(const char *text, double min, double max, double *out)
{
    char    *end;
    double   n;

    errno = 0;
    n = strtod(text, &end);

    /* also no number at all */
    if (errno || end == text || *end || !(n >= min && n <= max)) {
        return -1;
    }

    *out = n;

    return 0;
}


/* Runs the work on a file, tells what came of it: 0 or VTC_FAILED. */
static int
vtc_file(vtc_options_t *o, const char *path, vtc_work_pt work, void *data)
{
    int           rc;
    vtc_result_t  result;

    rc = 0;

    if (vtc_job_run(&o->limits, work, data, &result) != 0) {
        fprintf(stderr, "video-transcoder: %s: %s\n", path, result.why);
        rc = VTC_FAILED;

    } else {
        fwrite(result.text, 1, result.len, stdout);
    }

    free(result.text);

    return rc;
}


static int
vtc_probe(vtc_options_t *o, char **files)
{
    int  rc;

    rc = 0;
    o->probe.json = o->json;

    if (o->thumbs_only) {
        return vtc_wrong("%s takes no option of thumbs", "probe");
    }

    for ( /* void */ ; *files; files++) {
        o->probe.path = *files;
        rc |= vtc_file(o, *files, vtc_probe_work, &o->probe);
    }

    return rc;
}


static int
vtc_thumbs(vtc_options_t *o, char **files)
{
    o->thumbs.json = o->json;
    o->thumbs.path = files[0];

    if (o->thumbs.dir == NULL) {
        return vtc_wrong("%s needs a directory, -o DIR", "thumbs");
    }

    if (o->thumbs.grid.columns * o->thumbs.grid.width > VTC_SHEET_MAX
        || o->thumbs.grid.rows * o->thumbs.grid.height > VTC_SHEET_MAX)
    {
        return vtc_wrong("a sheet, --grid times --size, must not be larger "
                         "than %s", "8192x8192");
    }

    if (files[1]) {
        return vtc_wrong("thumbs takes one file, not \"%s\" too", files[1]);
    }

    return vtc_file(o, files[0], vtc_thumbs_work, &o->thumbs);
}


/* An option of thumbs: 0, or VTC_USAGE. */
static int
vtc_thumbs_option(vtc_options_t *o, int c, const char *value)
{
    vtc_grid_t  *grid;

    grid = &o->thumbs.grid;
    o->thumbs_only = 1;

    switch (c) {

    case 'o':
        o->thumbs.dir = value;
        return value[0] ? 0 : vtc_wrong("-o must not be empty%s", value);

    case 'e':
        return vtc_seconds(value, 0.1, 3600, &o->thumbs.every) == 0 ? 0
               : vtc_wrong("--every must be between 0.1 and 3600 (s), not "
                           "\"%s\"", value);

    case 's':
        return vtc_pair(value, 16, 1024, &grid->width, &grid->height) == 0
               && grid->width % 2 == 0 && grid->height % 2 == 0 ? 0
               : vtc_wrong("--size must be two even numbers between 16 and "
                           "1024 with an \"x\" between them, not \"%s\"",
                           value);

    default:
        return vtc_pair(value, 1, 32, &grid->columns, &grid->rows) == 0 ? 0
               : vtc_wrong("--grid must be two numbers between 1 and 32 with "
                           "an \"x\" between them, not \"%s\"", value);
    }
}


/* An option: 0, or VTC_USAGE. */
static int
vtc_option(vtc_options_t *o, int c, const char *value)
{
    long  n;

    switch (c) {

    case 'j':
        o->json = 1;
        return 0;

    case 'm':
        n = vtc_number(value, 64, 65536);
        o->limits.memory = (uint64_t) n * 1024 * 1024;
        return n >= 0 ? 0
               : vtc_wrong("--memory must be 0 or between 64 and 65536 (MB), "
                           "not \"%s\"", value);

    case 't':
        n = vtc_number(value, 1, 86400);
        o->limits.silence = (unsigned) n;
        return n >= 0 ? 0
               : vtc_wrong("--timeout must be 0 or between 1 and 86400 (s), "
                           "not \"%s\"", value);

    case '?':
        fputs(vtc_usage, stderr);
        return VTC_USAGE;

    default:
        return vtc_thumbs_option(o, c, value);
    }
}


static int
vtc_command(vtc_options_t *o, int argc, char **argv)
{
    int  rc;

    if (argc == 0) {
        fputs(vtc_usage, stderr);
        return VTC_USAGE;
    }

    if (strcmp(argv[0], "probe") != 0 && strcmp(argv[0], "thumbs") != 0) {
        return vtc_wrong("\"%s\" is no command, see --help", argv[0]);
    }

    if (argc == 1) {
        return vtc_wrong("%s needs a file", argv[0]);
    }

    rc = argv[0][0] == 'p' ? vtc_probe(o, argv + 1) : vtc_thumbs(o, argv + 1);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("video-transcoder: standard output");
        rc = rc ? rc : VTC_FAILED;
    }

    return rc;
}


int
main(int argc, char **argv)
{
    int            c, rc;
    vtc_options_t  o = {
        .limits = { VTC_MEMORY, VTC_SILENCE },
        .thumbs = { .every = 5, .grid = { 10, 10, 160, 90 } }
    };

    static const struct option  options[] = {
        { "json", no_argument, NULL, 'j' },
        { "memory", required_argument, NULL, 'm' },
        { "timeout", required_argument, NULL, 't' },
        { "every", required_argument, NULL, 'e' },
        { "size", required_argument, NULL, 's' },
        { "grid", required_argument, NULL, 'g' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {

        if (c == 'h') {
            fputs(vtc_usage, stdout);
            return 0;
        }

        rc = vtc_option(&o, c, optarg);

        if (rc != 0) {
            return rc;
        }
    }

    return vtc_command(&o, argc - optind, argv + optind);
}
