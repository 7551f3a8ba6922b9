/*
 * Copyright (C) ngx_video authors
 *
 * video-transcoder: its commands.  Each file is worked on in a child process,
 * see vtc_job.h.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vtc_build.h"
#include "vtc_file.h"
#include "vtc_options.h"


/* SVT-AV1 takes 5 GB of addresses for 480p, and hangs when it gets none */
#define VTC_AV1_MEMORY  (32768ull * 1024 * 1024)

#define VTC_LADDER_MAX  (64 * 1024)     /* bytes of a file that is one */

/* of a decoder, where two of them work for one picture */
#define VTC_THREADS_MAX 4


static const char  vtc_usage[] =
    "usage: video-transcoder probe [OPTIONS] FILE...\n"
    "       video-transcoder thumbs -o DIR [OPTIONS] FILE...\n"
    "       video-transcoder ladder -o DIR [OPTIONS] FILE...\n"
    "       video-transcoder quality [-o DIR] [OPTIONS] REFERENCE FILE\n"
    "       video-transcoder compare -o DIR [OPTIONS] REFERENCE FILE FILE...\n"
    "       video-transcoder serve --socket PATH [OPTIONS]\n"
    "\n"
    "  probe         what is in media files\n"
    "  thumbs        thumbnails in sheets, DIR/thumbs/0.jpg and so on, and an\n"
    "                index of them, DIR/thumbs.vtt\n"
    "  ladder        renditions, DIR/NAME.mp4, and DIR/asset.json, which\n"
    "                names them\n"
    "  quality       how much FILE differs from REFERENCE: PSNR, SSIM; with\n"
    "                -o a page of it, DIR/quality.html\n"
    "  compare       the same of 2 to 16 files, and a page, DIR/compare.html\n"
    "  serve         the daemon of live ladders and of thumbnails, for\n"
    "                workers of nginx\n"
    "\n"
    "options:\n"
    "  -o DIR        where to; it is made; of several files DIR/FILE, without\n"
    "                the extension\n"
    "  --json        a line of JSON for each file\n"
    "  --memory SIZE what a process may take, in MB: 64 to 65536, default\n"
    "                1024, of ladder, quality and compare 4096, with AV1\n"
    "                32768; 0: any\n"
    "  --timeout N   seconds without progress after which a file is given up:\n"
    "                1 to 86400, default 60; 0: never\n"
    "  --help        this text\n"
    "\n"
    "of thumbs:\n"
    "  --every N     seconds between them: 0.1 to 3600, default 5\n"
    "  --size WxH    of each, even numbers, 16 to 1024, default 160x90\n"
    "  --grid CxR    columns and rows of a sheet, 1 to 32, default 10x10\n"
    "\n"
    "of ladder:\n"
    "  --ladder L    hd (default), sd, uhd, or a file of JSON\n"
    "  --codec LIST  of h264, hevc, vp9 and av1, default what the ladder says\n"
    "  --preset P    of H.264, from ultrafast to veryslow, default medium\n"
    "  --segment-aligned N\n"
    "                seconds between key frames: 0.5 to 60, default 2\n"
    "  --two-pass    encode twice\n"
    "  --quality Q   measure psnr, ssim\n"
    "  --jobs N      processes at once: 1 to 64, default one a processor\n"
    "  --chunk N     seconds that each works on at once: 1 to 3600\n"
    "  --ignore-damage\n"
    "                go on over what can't be decoded; of quality, compare\n"
    "                too, as --jobs is of compare\n"
    "\n"
    "of quality:\n"
    "  --worst N     the worst pictures, 0 to 100, default 5\n"
    "\n"
    "of serve:\n"
    "  --socket PATH listens there; --fd N: on a socket that is open\n"
    "  --life N      ends when this descriptor does\n"
    "  --streams N   at once: 1 to 256, default 16\n"
    "  --thumbs-socket PATH\n"
    "                listens there for orders of thumbnails; --thumbs-fd N\n"
    "  --thumbs N    of them at once: 1 to 64, default 2\n"
    "  --nice N      0 to 19, default 5\n"
    "\n"
    "Exit status: 0; 1: some files could not be read, each with a line on\n"
    "standard error; 2: wrong options.\n";


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
vtc_probe(vtc_options_t *o)
{
    int    rc;
    char **file;

    rc = 0;
    o->probe.json = o->json;

    for (file = o->files; *file; file++) {
        o->probe.path = *file;
        rc |= vtc_file(o, *file, vtc_probe_work, &o->probe);
    }

    return rc;
}


/*
 * Where what is made of a file goes: DIR, or with several files DIR and the
 * name of the file without its last extension.  The caller's to free(); NULL:
 * no memory.
 */
static char *
vtc_place(vtc_options_t *o, const char *path)
{
    char        *place;
    size_t       n, len;
    const char  *name, *dot;

    name = strrchr(path, '/');
    name = name ? name + 1 : path;
    dot = strrchr(name, '.');
    len = dot && dot != name ? (size_t) (dot - name) : strlen(name);

    n = strlen(o->dir) + len + sizeof("/");
    place = malloc(n);

    if (place) {
        snprintf(place, n, o->files[1] ? "%s/%.*s" : "%s", o->dir, (int) len,
                 name);
    }

    return place;
}


/* Two files must not have one place: 0, or VTC_USAGE. */
static int
vtc_places(vtc_options_t *o)
{
    int     rc;
    char   *one, *two, **a, **b;

    rc = 0;

    for (a = o->files; *a && rc == 0; a++) {
        one = vtc_place(o, *a);

        for (b = o->files; b < a && rc == 0; b++) {
            two = vtc_place(o, *b);

            if (one && two && strcmp(one, two) == 0) {
                rc = vtc_options_wrong("two files would be made in \"%s\"",
                                       one);
            }

            free(two);
        }

        free(one);
    }

    return rc;
}


/* Each of the files, in its place. */
static int
vtc_each(vtc_options_t *o, int (*make)(vtc_options_t *o, const char *path,
    const char *place))
{
    int    rc;
    char  *place, **file;

    rc = vtc_places(o);

    if (rc != 0) {
        return rc;
    }

    if (o->files[1] && vtc_file_directory(o->dir, stderr) != 0) {
        fputs("\n", stderr);
        return VTC_FAILED;
    }

    for (file = o->files; *file; file++) {
        place = vtc_place(o, *file);
        rc |= place ? make(o, *file, place) : VTC_FAILED;
        free(place);
    }

    return rc;
}


static int
vtc_thumbs(vtc_options_t *o, const char *path, const char *place)
{
    o->thumbs.json = o->json;
    o->thumbs.path = path;
    o->thumbs.dir = place;

    return vtc_file(o, path, vtc_thumbs_work, &o->thumbs);
}


static int
vtc_quality(vtc_options_t *o)
{
    o->quality.json = o->json;
    o->quality.damage = o->ladder.damage;
    o->quality.threads = o->ladder.jobs < VTC_THREADS_MAX ? o->ladder.jobs
                         : VTC_THREADS_MAX;
    o->quality.dir = o->dir;
    o->quality.reference = o->files[0];
    o->quality.path = o->files[1];

    return vtc_file(o, o->files[1], vtc_quality_work, &o->quality);
}


static int
vtc_comparison(vtc_options_t *o)
{
    o->compare.json = o->json;
    o->compare.damage = o->ladder.damage;
    o->compare.jobs = o->ladder.jobs;
    o->compare.dir = o->dir;
    o->compare.reference = o->files[0];
    o->compare.files = o->files + 1;

    return vtc_compare(&o->compare, &o->limits) == 0 ? 0 : VTC_FAILED;
}


/* The ladder that is asked for: 0, or -1 and why. */
static int
vtc_ladder_of(vtc_options_t *o, vtc_ladder_t *ladder, FILE *why)
{
    int    rc;
    char  *text;

    if (strchr(o->ladder_of, '.') == NULL && strchr(o->ladder_of, '/') == NULL)
    {
        fprintf(why, "--ladder: ");
        rc = vtc_ladder_named(ladder, o->ladder_of, why);

    } else {
        text = vtc_file_read(o->ladder_of, VTC_LADDER_MAX, why);

        if (text == NULL) {
            return -1;
        }

        fprintf(why, "%s: ", o->ladder_of);
        rc = vtc_ladder_parse(ladder, text, strlen(text), why);
        free(text);
    }

    if (rc == 0 && o->codecs) {
        rewind(why);
        fprintf(why, "--codec ");
        rc = vtc_ladder_codecs(ladder, o->codecs, why);
    }

    return rc;
}


static int
vtc_ladder(vtc_options_t *o, const char *path, const char *place)
{
    int          rc;
    vtc_film_t  *film;

    /* chunks tell how far they are */
    film = mmap(NULL, sizeof(vtc_film_t), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (film == MAP_FAILED) {
        perror("video-transcoder: mmap()");
        return VTC_FAILED;
    }

    film->conf = o->ladder;
    film->conf.path = path;
    film->conf.dir = place;

    rc = vtc_build(film, &o->limits, o->json) == 0 ? 0 : VTC_FAILED;
    munmap(film, sizeof(vtc_film_t));

    return rc;
}


static int
vtc_ladders(vtc_options_t *o)
{
    int        rc;
    char      *text;
    FILE      *why;
    size_t     len;
    unsigned   i;

    text = NULL;
    why = open_memstream(&text, &len);

    if (why == NULL) {
        perror("video-transcoder: open_memstream()");
        return VTC_FAILED;
    }

    rc = vtc_ladder_of(o, &o->ladder.ladder, why);
    fclose(why);
    rc = rc == 0 ? 0 : vtc_options_wrong("%s", text);
    free(text);

    for (i = 0; rc == 0 && i < o->ladder.ladder.n; i++) {
        if (!o->memory
            && strcmp(o->ladder.ladder.rungs[i].codec, "av1") == 0)
        {
            o->limits.memory = VTC_AV1_MEMORY;
        }
    }

    return rc == 0 ? vtc_each(o, vtc_ladder) : rc;
}


static int
vtc_run(vtc_options_t *o)
{
    switch (o->command) {

    case VTC_SERVE:
        o->serve.limits = o->limits;
        return vtc_serve(&o->serve) == 0 ? 0 : VTC_FAILED;

    case VTC_PROBE:
        return vtc_probe(o);

    case VTC_THUMBS:

        if (o->thumbs.grid.columns * o->thumbs.grid.width > VTC_SHEET_MAX
            || o->thumbs.grid.rows * o->thumbs.grid.height > VTC_SHEET_MAX)
        {
            return vtc_options_wrong("a sheet, --grid times --size, must not "
                                     "be larger than %s", "8192x8192");
        }

        return vtc_each(o, vtc_thumbs);

    case VTC_QUALITY:
        return vtc_quality(o);

    case VTC_COMPARE:
        return vtc_comparison(o);

    default:
        return vtc_ladders(o);
    }
}


int
main(int argc, char **argv)
{
    int            rc;
    vtc_options_t  o;

    rc = vtc_options(&o, argc, argv);

    if (o.help) {
        fputs(vtc_usage, rc == 0 ? stdout : stderr);
    }

    if (rc != 0 || o.help) {
        return rc;
    }

    rc = vtc_run(&o);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("video-transcoder: standard output");
        rc = rc ? rc : VTC_FAILED;
    }

    return rc;
}
