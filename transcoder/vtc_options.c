/*
 * Copyright (C) ngx_video authors
 *
 * The command line, see vtc_options.h.
 */

#include <errno.h>
#include <getopt.h>
#include <libavfilter/avfilter.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vtc_options.h"


#define VTC_MB              (1024ull * 1024)
#define VTC_MEMORY          (1024 * VTC_MB)
#define VTC_MEMORY_LARGE    (4096 * VTC_MB)
#define VTC_SILENCE         60
#define VTC_STREAMS         16
#define VTC_THUMBS_JOBS     2
#define VTC_NICE            5
#define VTC_SEGMENT         2000
#define VTC_WORST           5


typedef struct vtc_option_s  vtc_option_t;

/* Takes a value: 0, or -1: it is none. */
typedef int (*vtc_value_pt)(vtc_options_t *o, const char *value);

struct vtc_option_s {
    const char     *name;               /* one letter: -o */
    unsigned        commands;
    unsigned        value;              /* it has one */
    vtc_value_pt    set;
    const char     *expected;           /* "must be ..." */
};


int
vtc_options_wrong(const char *fmt, const char *value)
{
    fputs("video-transcoder: ", stderr);
    fprintf(stderr, fmt, value);
    fputs("\n", stderr);

    return VTC_USAGE;
}


/* A number of a range, or 0 if that is allowed: 0, or -1: it is none. */
static int
vtc_options_number(const char *text, long min, long max, int zero, long *out)
{
    char  *end;

    errno = 0;
    *out = strtol(text, &end, 10);

    if (errno || end == text || *end) {
        return -1;
    }

    return (*out == 0 && zero) || (*out >= min && *out <= max) ? 0 : -1;
}


/* "160x90" */
static int
vtc_options_pair(const char *text, unsigned min, unsigned max, unsigned *a,
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
vtc_options_seconds(const char *text, double min, double max, double *out)
{
    char    *end;
    double   n;

    errno = 0;
    n = strtod(text, &end);

    /* also no number at all; "2s" is one */
    if (errno || end == text || (*end && strcmp(end, "s") != 0)
        || !(n >= min && n <= max))
    {
        return -1;
    }

    *out = n;

    return 0;
}


static int
vtc_set_dir(vtc_options_t *o, const char *value)
{
    o->dir = value;

    return value[0] ? 0 : -1;
}


static int
vtc_set_json(vtc_options_t *o, const char *value)
{
    (void) value;
    o->json = 1;

    return 0;
}


static int
vtc_set_memory(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 64, 65536, 1, &n) != 0) {
        return -1;
    }

    o->limits.memory = (uint64_t) n * VTC_MB;
    o->memory = 1;

    return 0;
}


static int
vtc_set_timeout(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 1, 86400, 1, &n) != 0) {
        return -1;
    }

    o->limits.silence = (unsigned) n;

    return 0;
}


static int
vtc_set_every(vtc_options_t *o, const char *value)
{
    return vtc_options_seconds(value, 0.1, 3600, &o->thumbs.every);
}


static int
vtc_set_size(vtc_options_t *o, const char *value)
{
    vtc_grid_t  *g;

    g = &o->thumbs.grid;

    return vtc_options_pair(value, 16, 1024, &g->width, &g->height) == 0
           && g->width % 2 == 0 && g->height % 2 == 0 ? 0 : -1;
}


static int
vtc_set_grid(vtc_options_t *o, const char *value)
{
    return vtc_options_pair(value, 1, 32, &o->thumbs.grid.columns,
                            &o->thumbs.grid.rows);
}


static int
vtc_set_ladder(vtc_options_t *o, const char *value)
{
    o->ladder_of = value;

    return value[0] ? 0 : -1;
}


static int
vtc_set_codec(vtc_options_t *o, const char *value)
{
    o->codecs = value;

    return 0;
}


static int
vtc_set_preset(vtc_options_t *o, const char *value)
{
    unsigned  i;

    static const char *const  presets[] = {
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium",
        "slow", "slower", "veryslow"
    };

    for (i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
        if (strcmp(value, presets[i]) == 0) {
            o->ladder.preset = presets[i];
            return 0;
        }
    }

    return -1;
}


static int
vtc_set_segment(vtc_options_t *o, const char *value)
{
    double  seconds;

    if (vtc_options_seconds(value, 0.5, 60, &seconds) != 0) {
        return -1;
    }

    o->ladder.segment = (unsigned) (seconds * 1000 + 0.5);

    return 0;
}


static int
vtc_set_chunk(vtc_options_t *o, const char *value)
{
    double  seconds;

    if (vtc_options_seconds(value, 1, 3600, &seconds) != 0) {
        return -1;
    }

    o->ladder.chunk = (unsigned) seconds;

    return 0;
}


static int
vtc_set_jobs(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 1, VTC_JOBS_MAX, 0, &n) != 0) {
        return -1;
    }

    o->ladder.jobs = (unsigned) n;

    return 0;
}


static int
vtc_set_two_pass(vtc_options_t *o, const char *value)
{
    (void) value;
    o->ladder.two_pass = 1;

    return 0;
}


static int
vtc_set_damage(vtc_options_t *o, const char *value)
{
    (void) value;
    o->ladder.damage = 1;

    return 0;
}


static int
vtc_set_quality(vtc_options_t *o, const char *value)
{
    size_t       n;
    const char  *p;

    for (p = value; /* void */ ; p += n + 1) {
        n = strcspn(p, ",");

        if ((n != 4 || (strncmp(p, "psnr", 4) && strncmp(p, "ssim", 4)
                        && strncmp(p, "vmaf", 4))))
        {
            return -1;
        }

        if (strncmp(p, "vmaf", 4) == 0) {
            fputs("video-transcoder: there is no VMAF here\n", stderr);
        }

        if (p[n] == '\0') {
            o->ladder.quality = 1;
            return 0;
        }
    }
}


static int
vtc_set_socket(vtc_options_t *o, const char *value)
{
    o->serve.ports[VTC_PORT_STREAMS].path = value;

    return value[0] ? 0 : -1;
}


static int
vtc_set_thumbs_socket(vtc_options_t *o, const char *value)
{
    o->serve.ports[VTC_PORT_THUMBS].path = value;

    return value[0] ? 0 : -1;
}


static int
vtc_set_fd(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 3, 1023, 0, &n) != 0) {
        return -1;
    }

    o->serve.ports[VTC_PORT_STREAMS].listen = (int) n;

    return 0;
}


static int
vtc_set_thumbs_fd(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 3, 1023, 0, &n) != 0) {
        return -1;
    }

    o->serve.ports[VTC_PORT_THUMBS].listen = (int) n;

    return 0;
}


static int
vtc_set_life(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 3, 1023, 0, &n) != 0) {
        return -1;
    }

    o->serve.life = (int) n;

    return 0;
}


static int
vtc_set_streams(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 1, VTC_STREAMS_MAX, 0, &n) != 0) {
        return -1;
    }

    o->serve.ports[VTC_PORT_STREAMS].max = (unsigned) n;

    return 0;
}


static int
vtc_set_thumbs(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 1, VTC_JOBS_MAX, 0, &n) != 0) {
        return -1;
    }

    o->serve.ports[VTC_PORT_THUMBS].max = (unsigned) n;

    return 0;
}


static int
vtc_set_nice(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 0, 19, 1, &n) != 0) {
        return -1;
    }

    o->serve.nice = (int) n;

    return 0;
}


static int
vtc_set_cgroup(vtc_options_t *o, const char *value)
{
    o->serve.cgroup = value;

    return value[0] == '/' ? 0 : -1;
}


static int
vtc_set_worst(vtc_options_t *o, const char *value)
{
    long  n;

    if (vtc_options_number(value, 0, VTC_WORST_MAX, 1, &n) != 0) {
        return -1;
    }

    o->quality.worst = (unsigned) n;

    return 0;
}


static const vtc_option_t  vtc_option[] = {

    { "o", VTC_FILES & ~VTC_PROBE, 1, vtc_set_dir, "must not be empty" },
    { "json", VTC_FILES, 0, vtc_set_json, NULL },
    { "memory", VTC_FILES | VTC_SERVE, 1, vtc_set_memory,
      "must be 0 or between 64 and 65536 (MB)" },
    { "timeout", VTC_FILES | VTC_SERVE, 1, vtc_set_timeout,
      "must be 0 or between 1 and 86400 (s)" },

    { "every", VTC_THUMBS, 1, vtc_set_every,
      "must be between 0.1 and 3600 (s)" },
    { "size", VTC_THUMBS, 1, vtc_set_size,
      "must be two even numbers between 16 and 1024 with an \"x\" between "
      "them" },
    { "grid", VTC_THUMBS, 1, vtc_set_grid,
      "must be two numbers between 1 and 32 with an \"x\" between them" },

    { "ladder", VTC_LADDER, 1, vtc_set_ladder, "must be a name or a file" },
    { "codec", VTC_LADDER, 1, vtc_set_codec, NULL },
    { "preset", VTC_LADDER, 1, vtc_set_preset,
      "must be one of x264's, from ultrafast to veryslow" },
    { "segment-aligned", VTC_LADDER, 1, vtc_set_segment,
      "must be between 0.5 and 60 (s)" },
    { "chunk", VTC_LADDER, 1, vtc_set_chunk,
      "must be between 1 and 3600 (s)" },
    { "jobs", VTC_LADDER | VTC_COMPARE, 1, vtc_set_jobs,
      "must be between 1 and 64" },
    { "two-pass", VTC_LADDER, 0, vtc_set_two_pass, NULL },
    { "quality", VTC_LADDER, 1, vtc_set_quality,
      "must be a list of psnr, ssim and vmaf" },
    { "ignore-damage", VTC_LADDER | VTC_QUALITY | VTC_COMPARE, 0,
      vtc_set_damage, NULL },

    { "worst", VTC_QUALITY, 1, vtc_set_worst, "must be between 0 and 100" },

    { "socket", VTC_SERVE, 1, vtc_set_socket, "must not be empty" },
    { "fd", VTC_SERVE, 1, vtc_set_fd, "must be between 3 and 1023" },
    { "life", VTC_SERVE, 1, vtc_set_life, "must be between 3 and 1023" },
    { "streams", VTC_SERVE, 1, vtc_set_streams, "must be between 1 and 256" },
    { "thumbs-socket", VTC_SERVE, 1, vtc_set_thumbs_socket,
      "must not be empty" },
    { "thumbs-fd", VTC_SERVE, 1, vtc_set_thumbs_fd,
      "must be between 3 and 1023" },
    { "thumbs", VTC_SERVE, 1, vtc_set_thumbs, "must be between 1 and 64" },
    { "nice", VTC_SERVE, 1, vtc_set_nice, "must be between 0 and 19" },
    { "cgroup", VTC_SERVE, 1, vtc_set_cgroup, "must be an absolute path" },

    { NULL, 0, 0, NULL, NULL }
};


static const struct {
    const char  *name;
    unsigned     command;
    unsigned     dir;                   /* it needs one */
    unsigned     min;                   /* files */
    unsigned     max;                   /* 0: any */
    const char  *files;                 /* that it takes */
} vtc_command[] = {
    { "probe", VTC_PROBE, 0, 1, 0, "a file" },
    { "thumbs", VTC_THUMBS, 1, 1, 0, "a file" },
    { "ladder", VTC_LADDER, 1, 1, 0, "a file" },
    { "quality", VTC_QUALITY, 0, 2, 2, "a reference and one file" },
    { "compare", VTC_COMPARE, 1, 1 + VTC_COMPARED_MIN, 1 + VTC_COMPARED_MAX,
      "a reference and 2 to 16 files" },
    { "serve", VTC_SERVE, 0, 0, 0, "no file" },
    { NULL, 0, 0, 0, 0, NULL }
};


static void
vtc_options_defaults(vtc_options_t *o)
{
    long  n;

    memset(o, 0, sizeof(vtc_options_t));

    o->limits.silence = VTC_SILENCE;
    o->thumbs.every = 5;
    o->thumbs.grid = (vtc_grid_t) { 10, 10, 160, 90 };
    o->ladder_of = "hd";
    o->ladder.segment = VTC_SEGMENT;
    o->serve.ports[VTC_PORT_STREAMS].listen = -1;
    o->serve.ports[VTC_PORT_STREAMS].max = VTC_STREAMS;
    o->serve.ports[VTC_PORT_THUMBS].listen = -1;
    o->serve.ports[VTC_PORT_THUMBS].max = VTC_THUMBS_JOBS;
    o->serve.life = -1;
    o->serve.nice = VTC_NICE;
    o->quality.worst = VTC_WORST;

    n = sysconf(_SC_NPROCESSORS_ONLN);
    o->ladder.jobs = n < 1 ? 1 : n > VTC_JOBS_MAX ? VTC_JOBS_MAX
                     : (unsigned) n;
}


/* That a command has as many files as it needs. */
static int
vtc_options_files(vtc_options_t *o, unsigned min, unsigned max,
    const char *takes)
{
    unsigned  n;

    for (n = 0; o->files[n]; n++) {
        if (max && n == max) {
            fprintf(stderr, "video-transcoder: %s takes %s, not \"%s\" too\n",
                    o->name, takes, o->files[n]);
            return VTC_USAGE;
        }
    }

    if (n < min) {
        fprintf(stderr, "video-transcoder: %s needs %s\n", o->name,
                min == 1 ? "a file" : takes);
        return VTC_USAGE;
    }

    return 0;
}


/* The command and its files, and that it takes the options that were given. */
static int
vtc_options_command(vtc_options_t *o, unsigned given, char **argv)
{
    unsigned  i;

    for (i = 0; vtc_command[i].name; i++) {
        if (argv[0] && strcmp(vtc_command[i].name, argv[0]) == 0) {
            break;
        }
    }

    if (argv[0] == NULL) {
        o->help = 1;
        return VTC_USAGE;
    }

    if (vtc_command[i].name == NULL) {
        return vtc_options_wrong("\"%s\" is no command, see --help", argv[0]);
    }

    o->command = vtc_command[i].command;
    o->name = vtc_command[i].name;
    o->files = argv + 1;

    if (!o->memory) {
        o->limits.memory = o->command & (VTC_PROBE | VTC_THUMBS) ? VTC_MEMORY
                           : VTC_MEMORY_LARGE;
    }

    for (i = 0; vtc_option[i].name; i++) {
        if ((given & (1u << i)) && !(vtc_option[i].commands & o->command)) {
            fprintf(stderr, "video-transcoder: %s has no option %s%s\n",
                    o->name, vtc_option[i].name[1] ? "--" : "-",
                    vtc_option[i].name);
            return VTC_USAGE;
        }
    }

    for (i = 0; vtc_command[i].command != o->command; i++) { /* void */ }

    if (vtc_command[i].dir && o->dir == NULL) {
        return vtc_options_wrong("%s needs a directory, -o DIR", o->name);
    }

    if (o->command == VTC_SERVE) {
        return o->files[0]
               ? vtc_options_wrong("serve takes no file, not \"%s\"",
                                   o->files[0])
               : (o->serve.ports[VTC_PORT_STREAMS].path == NULL)
                 == (o->serve.ports[VTC_PORT_STREAMS].listen == -1)
               ? vtc_options_wrong("serve needs %s", "--socket or --fd") : 0;
    }

    return vtc_options_files(o, vtc_command[i].min, vtc_command[i].max,
                             vtc_command[i].files);
}


int
vtc_options(vtc_options_t *o, int argc, char **argv)
{
    int            c, n;
    unsigned       given;
    struct option  list[32];

    vtc_options_defaults(o);
    memset(list, 0, sizeof(list));

    for (n = 0; vtc_option[n].name; n++) {
        list[n].name = vtc_option[n].name;
        list[n].has_arg = vtc_option[n].value ? required_argument
                          : no_argument;
        list[n].val = 256 + n;
    }

    list[n].name = "help";
    list[n].val = 'h';
    given = 0;

    while ((c = getopt_long(argc, argv, "ho:", list, NULL)) != -1) {

        if (c == 'h') {
            o->help = 1;
            return 0;
        }

        if (c == '?') {
            o->help = 1;
            return VTC_USAGE;
        }

        n = c == 'o' ? 0 : c - 256;
        given |= 1u << n;

        if (vtc_option[n].set(o, optarg) != 0) {
            fprintf(stderr, "video-transcoder: %s%s %s, not \"%s\"\n",
                    vtc_option[n].name[1] ? "--" : "-", vtc_option[n].name,
                    vtc_option[n].expected, optarg);
            return VTC_USAGE;
        }
    }

    return vtc_options_command(o, given, argv + optind);
}
