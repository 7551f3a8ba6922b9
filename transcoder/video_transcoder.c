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


#define VTC_MEMORY      (1024ull * 1024 * 1024)
#define VTC_SILENCE     60

/* exit codes */
#define VTC_FAILED      1               /* of some of the files */
#define VTC_USAGE       2


static const char  vtc_usage[] =
    "usage: video-transcoder probe [OPTIONS] FILE...\n"
    "\n"
    "  probe         what is in media files\n"
    "\n"
    "options:\n"
    "  --json        a line of JSON for each file\n"
    "  --memory SIZE what a file may take, in MB: 64 to 65536, default 1024;\n"
    "                0: any\n"
    "  --timeout N   seconds after which a file is given up: 1 to 86400,\n"
    "                default 60; 0: never\n"
    "  --help        this text\n"
    "\n"
    "Exit status: 0; 1: some files could not be read, each with a line on\n"
    "standard error; 2: wrong options.\n";


typedef struct {
    vtc_limits_t  limits;
    unsigned      json:1;
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


static int
vtc_probe_files(vtc_options_t *o, char **files)
{
    int           rc;
    vtc_probe_t   probe;
    vtc_result_t  result;

    rc = 0;

    for ( /* void */ ; *files; files++) {
        probe.path = *files;
        probe.json = o->json;

        if (vtc_job_run(&o->limits, vtc_probe_work, &probe, &result) != 0) {
            fprintf(stderr, "video-transcoder: %s: %s\n", *files, result.why);
            rc = VTC_FAILED;

        } else {
            fwrite(result.text, 1, result.len, stdout);
        }

        free(result.text);
    }

    if (fflush(stdout) != 0) {
        perror("video-transcoder: standard output");
        rc = VTC_FAILED;
    }

    return rc;
}


int
main(int argc, char **argv)
{
    int            c;
    long           n;
    vtc_options_t  o = { { VTC_MEMORY, VTC_SILENCE }, 0 };

    static const struct option  options[] = {
        { "json", no_argument, NULL, 'j' },
        { "memory", required_argument, NULL, 'm' },
        { "timeout", required_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {

        switch (c) {

        case 'j':
            o.json = 1;
            break;

        case 'm':
            n = vtc_number(optarg, 64, 65536);
            if (n < 0) {
                return vtc_wrong("--memory must be 0 or between 64 and 65536 "
                                 "(MB), not \"%s\"", optarg);
            }

            o.limits.memory = (uint64_t) n * 1024 * 1024;
            break;

        case 't':
            n = vtc_number(optarg, 1, 86400);
            if (n < 0) {
                return vtc_wrong("--timeout must be 0 or between 1 and 86400 "
                                 "(s), not \"%s\"", optarg);
            }

            o.limits.silence = (unsigned) n;
            break;

        case 'h':
            fputs(vtc_usage, stdout);
            return 0;

        default:
            fputs(vtc_usage, stderr);
            return VTC_USAGE;
        }
    }

    if (optind == argc) {
        fputs(vtc_usage, stderr);
        return VTC_USAGE;
    }

    if (strcmp(argv[optind], "probe") != 0) {
        return vtc_wrong("\"%s\" is no command, see --help", argv[optind]);
    }

    if (optind + 1 == argc) {
        return vtc_wrong("%s needs a file", argv[optind]);
    }

    return vtc_probe_files(&o, argv + optind + 1);
}
