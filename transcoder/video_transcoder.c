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


#define VTC_LADDER_MAX  (64 * 1024)     /* bytes of a file that is one */


static const char  vtc_usage[] =
    "usage: video-transcoder probe [OPTIONS] FILE...\n"
    "       video-transcoder thumbs -o DIR [OPTIONS] FILE\n"
    "       video-transcoder ladder -o DIR [OPTIONS] FILE\n"
    "       video-transcoder serve --socket PATH [OPTIONS]\n"
    "\n"
    "  probe         what is in media files\n"
    "  thumbs        thumbnails in sheets, DIR/thumbs/0.jpg and so on, and an\n"
    "                index of them, DIR/thumbs.vtt\n"
    "  ladder        renditions, DIR/NAME.mp4, and DIR/asset.json, which names\n"
    "                them\n"
    "  serve         live streams of nginx, which starts it\n"
    "\n"
    "options:\n"
    "  -o DIR        where to; it is made\n"
    "  --json        a line of JSON for each file\n"
    "  --memory SIZE what a process may take, in MB: 64 to 65536, default 1024,\n"
    "                of ladder 4096; 0: any\n"
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
    "                go on over what can't be decoded\n"
    "\n"
    "of serve:\n"
    "  --socket PATH listens there; --fd N: on a socket that is open\n"
    "  --life N      ends when this descriptor does\n"
    "  --streams N   at once: 1 to 256, default 16\n"
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


static int
vtc_thumbs(vtc_options_t *o)
{
    o->thumbs.json = o->json;
    o->thumbs.path = o->files[0];
    o->thumbs.dir = o->dir;

    if (o->thumbs.grid.columns * o->thumbs.grid.width > VTC_SHEET_MAX
        || o->thumbs.grid.rows * o->thumbs.grid.height > VTC_SHEET_MAX)
    {
        return vtc_options_wrong("a sheet, --grid times --size, must not be "
                                 "larger than %s", "8192x8192");
    }

    return vtc_file(o, o->files[0], vtc_thumbs_work, &o->thumbs);
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
vtc_ladder(vtc_options_t *o)
{
    int          rc;
    char        *text;
    FILE        *why;
    size_t       len;
    vtc_film_t  *film;

    /* chunks tell how far they are */
    film = mmap(NULL, sizeof(vtc_film_t), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    text = NULL;
    why = open_memstream(&text, &len);

    if (film == MAP_FAILED || why == NULL) {
        fputs("video-transcoder: no memory\n", stderr);
        return VTC_FAILED;
    }

    film->conf = o->ladder;
    film->conf.path = o->files[0];
    film->conf.dir = o->dir;

    rc = vtc_ladder_of(o, &film->conf.ladder, why);
    fclose(why);

    if (rc != 0) {
        rc = vtc_options_wrong("%s", text);

    } else {
        rc = vtc_build(film, &o->limits, o->json) == 0 ? 0 : VTC_FAILED;
    }

    free(text);
    munmap(film, sizeof(vtc_film_t));

    return rc;
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

    if (o.command == VTC_SERVE) {
        o.serve.limits = o.limits;
        return vtc_serve(&o.serve) == 0 ? 0 : VTC_FAILED;
    }

    if (o.command != VTC_PROBE && o.files[1]) {
        fprintf(stderr, "video-transcoder: %s takes one file, not \"%s\" "
                "too\n", o.name, o.files[1]);
        return VTC_USAGE;
    }

    rc = o.command == VTC_PROBE ? vtc_probe(&o)
         : o.command == VTC_THUMBS ? vtc_thumbs(&o) : vtc_ladder(&o);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("video-transcoder: standard output");
        rc = rc ? rc : VTC_FAILED;
    }

    return rc;
}
