/*
 * Copyright (C) ngx_video authors
 *
 * A ladder of a file from beginning to end, see vtc_build.h.  This process
 * opens no media: it starts those that do.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vtc_build.h"
#include "vtc_chunk.h"
#include "vtc_file.h"
#include "vtc_movie.h"
#include "vtc_report.h"


/* of what is in DIR/.ladder: another one is not taken */
#define VTC_BUILD_LAYOUT    1

#define VTC_BUILD_PLAN_MAX  65536
#define VTC_BUILD_PROGRESS  500                 /* ms */

typedef struct {
    vtc_film_t          *film;
    const vtc_limits_t  *limits;
    int                  lock;          /* of DIR/.ladder; -1: none */
    unsigned             next;          /* chunk that is not begun */
    unsigned             there;         /* chunks of an earlier run */
    unsigned             sound_begun:1;
    vtc_job_t            jobs[VTC_JOBS_MAX];
    vtc_chunk_t          chunks[VTC_JOBS_MAX];  /* of the jobs; n == chunks of
                                                   the plan: the sound */
    double               before;        /* s of media that were there */
    double               begun;         /* s */
    vtc_report_t         report;
} vtc_build_t;


static double
vtc_build_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


static int
vtc_build_wrong(vtc_build_t *b, const char *what, const char *why)
{
    if (isatty(STDERR_FILENO)) {
        vtc_report_progress_end();
    }

    fprintf(stderr, "video-transcoder: %s: %s%s\n", b->film->conf.path, what,
            why);

    return -1;
}


/* A message that a function writes, "why" of all of them. */
typedef struct {
    FILE    *f;
    char    *text;
    size_t   len;
} vtc_build_why_t;


static FILE *
vtc_build_why(vtc_build_why_t *w)
{
    w->text = NULL;
    w->f = open_memstream(&w->text, &w->len);

    return w->f ? w->f : stderr;
}


static int
vtc_build_why_end(vtc_build_t *b, vtc_build_why_t *w, int rc)
{
    if (w->f) {
        fclose(w->f);

        if (rc != 0) {
            (void) vtc_build_wrong(b, "", w->text ? w->text : "no memory");
        }
    }

    free(w->text);

    return rc;
}


/* What is of ours in DIR/.ladder; with "all" the lock, too, at last. */
static void
vtc_build_clear(vtc_build_t *b, int all)
{
    int             dir;
    DIR            *d;
    char            path[VTC_PATH_MAX];
    struct dirent  *e;

    snprintf(path, sizeof(path), "%s/.ladder", b->film->conf.dir);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    d = dir == -1 ? NULL : fdopendir(dir);

    if (d == NULL) {
        return;
    }

    while ((e = readdir(d)) != NULL) {

        /* chunks have numbers */
        if (isdigit((unsigned char) e->d_name[0])
            || strncmp(e->d_name, "sound", 5) == 0
            || strncmp(e->d_name, "plan", 4) == 0)
        {
            (void) unlinkat(dir, e->d_name, 0);
        }
    }

    if (all) {
        /* from here on another run may begin */
        (void) unlinkat(dir, "lock", 0);
        (void) rmdir(path);
    }

    closedir(d);
}


/* The directories, which nobody else works on: 0, or -1. */
static int
vtc_build_place(vtc_build_t *b)
{
    int              rc;
    FILE            *f;
    char             path[VTC_PATH_MAX];
    struct stat      st;
    vtc_build_why_t  why;

    f = vtc_build_why(&why);
    rc = vtc_film_path(b->film, path, f, "%s", "lock");

    if (rc == 0) {
        rc = vtc_file_directory(b->film->conf.dir, f);
    }

    if (rc == 0) {
        path[strlen(path) - sizeof("/lock") + 1] = '\0';
        rc = vtc_file_directory(path, f);
        strcat(path, "/lock");
    }

    if (rc == 0) {
        b->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

        if (b->lock == -1) {
            fprintf(f, "open() \"%s\" failed: %s", path, strerror(errno));
            rc = -1;

        } else if (flock(b->lock, LOCK_EX | LOCK_NB) == -1) {
            fprintf(f, "another one works on \"%s\"", b->film->conf.dir);
            rc = -1;

        } else if (fstat(b->lock, &st) == -1 || st.st_nlink == 0) {
            fprintf(f, "another one has just ended in \"%s\"",
                    b->film->conf.dir);
            rc = -1;
        }
    }

    return vtc_build_why_end(b, &why, rc);
}


/* What an earlier run must have had in common for its chunks to be taken. */
static void
vtc_build_identity(vtc_build_t *b, FILE *f)
{
    unsigned                n;
    struct stat             st;
    const vtc_plan_t       *p;
    const vtc_rung_t       *r;
    const vtc_film_conf_t  *c;

    c = &b->film->conf;
    p = &b->film->plan;
    memset(&st, 0, sizeof(st));
    (void) stat(c->path, &st);

    fprintf(f, "layout %d, libavcodec %u\n", VTC_BUILD_LAYOUT,
            avcodec_version());
    fprintf(f, "source %ju %ju %jd %jd.%09ld %s\n", (uintmax_t) st.st_dev,
            (uintmax_t) st.st_ino, (intmax_t) st.st_size,
            (intmax_t) st.st_mtim.tv_sec, st.st_mtim.tv_nsec, c->path);
    fprintf(f, "time %d/%d, from %" PRId64 ", %" PRId64 "\n",
            p->time_base.num, p->time_base.den, p->origin, p->duration);
    fprintf(f, "%u chunks of %u segments of %u ms, %u threads\n", p->chunks,
            p->segments, c->segment, p->threads);
    fprintf(f, "preset %s, two passes %u, quality %u, damage %u\n",
            c->preset ? c->preset : "-", c->two_pass, c->quality, c->damage);
    fprintf(f, "sound %u, %" PRIu64 ", loudnorm %u\n", p->sound,
            c->ladder.audio, c->ladder.loudnorm);

    for (n = 0; n < p->n; n++) {
        r = &c->ladder.rungs[p->outputs[n].rung];
        fprintf(f, "rung %s %s %ux%u %" PRIu64 " %" PRIu64 " %" PRIu64
                " %d/%d %s %s\n", r->name, r->codec,
                p->outputs[n].shape.width, p->outputs[n].shape.height,
                r->bitrate, r->maxrate, r->bufsize, r->fps.num, r->fps.den,
                r->preset, r->profile);
    }
}


/* Whether an earlier run was the same; what it left is gone otherwise. */
static int
vtc_build_resume(vtc_build_t *b)
{
    int               rc;
    FILE             *f, *none;
    char              path[VTC_PATH_MAX], *text, *was, *said;
    size_t            len, n;
    vtc_build_why_t   why;

    text = NULL;
    said = NULL;
    was = NULL;
    none = open_memstream(&said, &n);
    f = open_memstream(&text, &len);

    if (f && none) {
        vtc_build_identity(b, f);
        fclose(f);
        (void) vtc_film_path(b->film, path, none, "%s", "plan");
        was = vtc_file_read(path, VTC_BUILD_PLAN_MAX, none);
        fclose(none);
    }

    free(said);
    f = vtc_build_why(&why);
    rc = 0;

    if (text == NULL) {
        fputs("no memory", f);
        rc = -1;

    } else if (was == NULL || strcmp(was, text) != 0) {
        vtc_build_clear(b, 0);
        rc = vtc_file_write(path, text, len, f);
    }

    free(was);
    free(text);

    return vtc_build_why_end(b, &why, rc);
}


/* The plan is made: 0, or -1. */
static int
vtc_build_plan(vtc_build_t *b)
{
    int           rc;
    vtc_result_t  r;

    rc = vtc_job_run(b->limits, vtc_film_plan, b->film, &r);

    if (rc != 0) {
        (void) vtc_build_wrong(b, "", r.why);

    } else if (r.len) {
        fputs(r.text, stderr);
    }

    free(r.text);

    return rc;
}


/* Media that a chunk has, in the time base; of the last one about. */
static int64_t
vtc_build_length(vtc_build_t *b, unsigned n)
{
    int64_t      from, to;
    vtc_plan_t  *p;

    p = &b->film->plan;
    from = vtc_film_boundary(b->film, (uint64_t) n * p->segments);
    to = vtc_film_boundary(b->film, (uint64_t) (n + 1) * p->segments);
    to = n + 1 == p->chunks ? p->origin + p->duration : to;

    return to > from ? to - from : 0;
}


static double
vtc_build_done(vtc_build_t *b)
{
    int64_t   sum;
    unsigned  n;

    for (n = 0, sum = 0; n < b->film->plan.chunks; n++) {
        sum += __atomic_load_n(&b->film->done[n], __ATOMIC_RELAXED);
    }

    return (double) sum * av_q2d(b->film->plan.time_base);
}


/* Adds what came of a chunk: whether it is finished. */
static int
vtc_build_made(vtc_build_t *b, unsigned chunk)
{
    unsigned     i;
    vtc_made_t   made[VTC_RUNGS_MAX], *to;

    if (!vtc_chunk_made(b->film, chunk, made)) {
        return 0;
    }

    for (i = 0; i < b->film->plan.n; i++) {
        to = &b->report.made[i];
        to->pictures += made[i].pictures;
        to->bytes += made[i].bytes;
        to->cpu += made[i].cpu;
        to->measured += made[i].measured;
        to->mse += made[i].mse;
        to->ssim += made[i].ssim;
    }

    b->film->done[chunk] = vtc_build_length(b, chunk);

    return 1;
}


static int
vtc_build_sound_there(vtc_build_t *b)
{
    char  path[VTC_PATH_MAX];

    return !b->film->plan.sound
           || (vtc_film_path(b->film, path, stderr, "%s", "sound") == 0
               && access(path, R_OK) == 0);
}


/*
 * The next piece of work for a process that has none: 1, or 0: there is none;
 * -1.  Sound goes first: it can't be cut.
 */
static int
vtc_build_start(vtc_build_t *b, unsigned job)
{
    vtc_job_t    *j;
    vtc_chunk_t  *c;

    j = &b->jobs[job];
    c = &b->chunks[job];
    c->film = b->film;

    if (!b->sound_begun) {
        b->sound_begun = 1;

        if (!vtc_build_sound_there(b)) {
            c->n = b->film->plan.chunks;

            if (vtc_job_start(j, b->limits, vtc_chunk_sound, b->film) != 0) {
                return vtc_build_wrong(b, "", j->result.why);
            }

            return 1;
        }
    }

    while (b->next < b->film->plan.chunks && vtc_build_made(b, b->next)) {
        b->there++;
        b->before += (double) vtc_build_length(b, b->next)
                     * av_q2d(b->film->plan.time_base);
        b->next++;
    }

    if (b->next == b->film->plan.chunks) {
        return 0;
    }

    c->n = b->next++;

    return vtc_job_start(j, b->limits, vtc_chunk_work, c) == 0
           ? 1 : vtc_build_wrong(b, "", j->result.why);
}


/* A process has ended: 0, or -1. */
static int
vtc_build_ended(vtc_build_t *b, vtc_job_t *j)
{
    char          what[64];
    unsigned      n;
    vtc_plan_t   *p;

    p = &b->film->plan;
    n = b->chunks[j - b->jobs].n;
    free(j->result.text);
    j->result.text = NULL;

    if (j->result.why[0]) {

        if (n == p->chunks) {
            snprintf(what, sizeof(what), "its sound: ");

        } else if (p->chunks == 1) {
            what[0] = '\0';

        } else {
            snprintf(what, sizeof(what), "from %.0f s on: ",
                     (double) n * p->segments * b->film->conf.segment / 1000);
        }

        return vtc_build_wrong(b, what, j->result.why);
    }

    if (n < p->chunks && !vtc_build_made(b, n)) {
        return vtc_build_wrong(b, "", "a finished chunk can't be read");
    }

    return 0;
}


/* All chunks and the sound, as many at once as there may be: 0, or -1. */
static int
vtc_build_media(vtc_build_t *b)
{
    int         rc, terminal;
    unsigned    i, running;
    vtc_job_t  *j;

    terminal = isatty(STDERR_FILENO);

    for ( ;; ) {

        for (i = 0, running = 0; i < b->film->conf.jobs; i++) {

            if (b->jobs[i].pid == 0) {
                rc = vtc_build_start(b, i);

                if (rc < 0) {
                    return -1;
                }
            }

            running += b->jobs[i].pid != 0;
        }

        if (running == 0) {
            break;
        }

        j = vtc_job_wait(b->jobs, b->film->conf.jobs, VTC_BUILD_PROGRESS);

        if (j && vtc_build_ended(b, j) != 0) {
            return -1;
        }

        if (terminal) {
            vtc_report_progress(b->film, vtc_build_done(b), b->before,
                                vtc_build_now() - b->begun);
        }
    }

    if (terminal) {
        vtc_report_progress_end();
    }

    if (b->there) {
        fprintf(stderr, "video-transcoder: %s: %u of %u chunks were there\n",
                b->film->conf.path, b->there, b->film->plan.chunks);
    }

    return 0;
}


/* The files of the rungs, and what names them: 0, or -1. */
static int
vtc_build_files(vtc_build_t *b)
{
    int               rc;
    FILE             *f;
    char             *text, path[VTC_PATH_MAX];
    size_t            len;
    unsigned          i;
    vtc_movie_t       movie;
    vtc_result_t      r;
    vtc_build_why_t   why;

    /* names fit: "DIR/.ladder/lock" does */
    movie.film = b->film;
    text = NULL;
    f = open_memstream(&text, &len);

    if (f == NULL) {
        return vtc_build_wrong(b, "", "no memory");
    }

    /* it must not name files of two ladders */
    snprintf(path, sizeof(path), "%s/asset.json", b->film->conf.dir);
    (void) unlink(path);

    fputs("{\n  \"tracks\": [\n", f);

    for (i = 0; i < b->film->plan.n; i++) {
        movie.output = i;
        rc = vtc_job_run(b->limits, vtc_movie_work, &movie, &r);
        b->report.sizes[i] = r.text ? strtoull(r.text, NULL, 10) : 0;
        free(r.text);

        if (rc != 0) {
            fclose(f);
            free(text);
            return vtc_build_wrong(b, "", r.why);
        }

        fprintf(f, "    { \"file\": \"%s.mp4\" }%s\n",
                b->film->conf.ladder.rungs[b->film->plan.outputs[i].rung].name,
                i + 1 < b->film->plan.n ? "," : "");
    }

    fputs("  ]\n}\n", f);
    rc = fclose(f);
    f = vtc_build_why(&why);

    if (rc != 0) {
        fputs("no memory", f);

    } else {
        rc = vtc_file_write(path, text, len, f);
    }

    free(text);

    return vtc_build_why_end(b, &why, rc);
}


int
vtc_build(vtc_film_t *film, const vtc_limits_t *limits, int json)
{
    int           rc;
    vtc_build_t  *b;

    b = calloc(1, sizeof(vtc_build_t));

    if (b == NULL) {
        fputs("video-transcoder: no memory\n", stderr);
        return -1;
    }

    b->film = film;
    b->limits = limits;
    b->lock = -1;
    b->begun = vtc_build_now();

    rc = vtc_build_plan(b);

    if (rc == 0) {
        rc = vtc_build_place(b);
    }

    if (rc == 0) {
        rc = vtc_build_resume(b);
    }

    if (rc == 0) {
        rc = vtc_build_media(b);
        vtc_job_kill(b->jobs, film->conf.jobs);
    }

    if (rc == 0) {
        rc = vtc_build_files(b);
    }

    if (rc == 0) {
        vtc_build_clear(b, 1);
        b->report.seconds = vtc_build_now() - b->begun;
        rc = json ? vtc_report_json(film, &b->report, stdout)
                  : vtc_report_text(film, &b->report, stdout);
    }

    if (b->lock != -1) {
        close(b->lock);
    }

    free(b);

    return rc;
}
