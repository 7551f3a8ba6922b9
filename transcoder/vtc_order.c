/*
 * Copyright (C) ngx_video authors
 *
 * Orders for thumbnails, see vtc_order.h.
 *
 * This process decodes nothing: it has a lock on the place, so that one works
 * on it whoever has ordered it, and lives when what decodes crashes, so that
 * the worker is told.  The order is of a worker, which is trusted; the media
 * are not.
 */

#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vtc_file.h"
#include "vtc_link.h"
#include "vtc_order.h"
#include "vtc_poster.h"
#include "vtc_thumbs.h"


#define VTC_ORDER_PATH      4096

/* s: a worker sends its order at once, and takes the answer at once */
#define VTC_ORDER_PATIENCE  10

/* syslog's levels, of an answer */
#define VTC_ORDER_ERR       3

/* What the one who works tells of an error that is not the file's. */
#define VTC_ORDER_DISK      "disk"


/* What a file was when it was asked for. */
typedef struct {
    const char      *path;
    json_int_t       inode;
    json_int_t       size;
    json_int_t       mtime;
} vtc_order_file_t;

typedef struct {
    vtc_order_file_t  file;
    vtc_order_file_t  poster_file;
    const char       *place;
    vtc_thumbs_t      thumbs;
    vtc_poster_t      poster;
    char              part[VTC_ORDER_PATH];     /* it is made there */
    char              lock[VTC_ORDER_PATH];
    char              jpeg[VTC_ORDER_PATH];     /* the poster, in part */
} vtc_order_t;


/* The next string behind the JSON; NULL: there is none. */
static const char *
vtc_order_string(nvm_reader_t *r)
{
    size_t          n;
    const uint8_t  *p;

    for (n = 0; n < nvm_reader_left(r) && r->pos[n]; n++) { /* void */ }

    if (n == 0 || n == nvm_reader_left(r)) {
        return NULL;
    }

    p = nvm_reader_bytes(r, n + 1);

    return (const char *) p;
}


static int
vtc_order_strings(vtc_order_t *o, const nvm_wire_t *m)
{
    nvm_reader_t  r;

    nvm_reader_init(&r, m->body, m->len, 0);

    (void) vtc_order_string(&r);
    o->file.path = vtc_order_string(&r);
    o->poster_file.path = vtc_order_string(&r);
    o->place = vtc_order_string(&r);

    return o->place && o->place[0] == '/'
           && snprintf(o->part, sizeof(o->part), "%s.part", o->place)
              < (int) sizeof(o->part)
           && snprintf(o->lock, sizeof(o->lock), "%s.lock", o->place)
              < (int) sizeof(o->lock)
           && snprintf(o->jpeg, sizeof(o->jpeg), "%s/poster.jpg", o->part)
              < (int) sizeof(o->jpeg)
           ? 0 : -1;
}


/* Numbers that nobody but a worker sends: 0, or -1. */
static int
vtc_order_check(const vtc_order_t *o)
{
    const vtc_grid_t  *g;

    g = &o->thumbs.grid;

    return g->columns >= 1 && g->columns <= 32 && g->rows >= 1
           && g->rows <= 32 && g->width >= 16 && g->height >= 16
           && g->columns * g->width <= VTC_SHEET_MAX
           && g->rows * g->height <= VTC_SHEET_MAX
           && g->width % 2 == 0 && g->height % 2 == 0
           && o->thumbs.every >= 0.1 && o->thumbs.duration > 0
           && o->poster.width >= 16 && o->poster.width <= VTC_SHEET_MAX
           && o->poster.height >= 16 && o->poster.height <= VTC_SHEET_MAX
           ? 0 : -1;
}


static int
vtc_order_parse(vtc_order_t *o, const nvm_wire_t *m)
{
    int         rc, columns, rows, width, height, pw, ph;
    json_t     *root;
    json_int_t  every, duration, time;

    memset(o, 0, sizeof(vtc_order_t));

    if (m->type != NVM_WIRE_THUMBS || vtc_order_strings(o, m) != 0) {
        return -1;
    }

    root = json_loads((const char *) m->body, 0, NULL);
    rc = json_unpack(root, "{s:[I,I,I], s:[I,I,I], s:I, s:I, s:[i,i], "
                     "s:[i,i], s:[I,i,i]}",
                     "file", &o->file.inode, &o->file.size, &o->file.mtime,
                     "of", &o->poster_file.inode, &o->poster_file.size,
                     &o->poster_file.mtime, "duration", &duration,
                     "every", &every, "size", &width, &height,
                     "grid", &columns, &rows, "poster", &time, &pw, &ph);
    json_decref(root);

    if (rc != 0) {
        return -1;
    }

    o->thumbs.path = o->file.path;
    o->thumbs.dir = o->part;
    o->thumbs.every = (double) every / 1000;
    o->thumbs.duration = (double) duration / 1000;
    o->thumbs.grid = (vtc_grid_t) { (unsigned) columns, (unsigned) rows,
                                    (unsigned) width, (unsigned) height };
    o->thumbs.whole = 1;

    o->poster.path = o->poster_file.path;
    o->poster.file = o->jpeg;
    o->poster.time = time < 0 ? -1 : (double) time / 1000;
    o->poster.width = (unsigned) pw;
    o->poster.height = (unsigned) ph;

    return vtc_order_check(o);
}


/* Whether a file is still the one that was asked for. */
static int
vtc_order_same(const vtc_order_file_t *f)
{
    struct stat  st;

    return stat(f->path, &st) == 0 && (json_int_t) st.st_ino == f->inode
           && (json_int_t) st.st_size == f->size
           && (json_int_t) st.st_mtime == f->mtime;
}


/* All files of a directory, and it. */
static void
vtc_order_empty(const char *dir)
{
    int             fd;
    DIR            *d;
    struct dirent  *e;

    fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    d = fd == -1 ? NULL : fdopendir(fd);

    while (d && (e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            (void) unlinkat(fd, e->d_name, 0);
        }
    }

    if (d) {
        closedir(d);
    }

    (void) rmdir(dir);
}


/* What is there of a place that is not whole. */
static void
vtc_order_remove(const char *dir)
{
    char  sheets[VTC_ORDER_PATH + 16];

    snprintf(sheets, sizeof(sheets), "%s/thumbs", dir);
    vtc_order_empty(sheets);
    vtc_order_empty(dir);
}


/* vtc_work_pt */
static int
vtc_order_work(void *data, FILE *out, FILE *why)
{
    int           rc;
    vtc_order_t  *o;

    o = data;
    rc = vtc_thumbs_work(&o->thumbs, out, why);

    if (rc == 0) {
        rc = vtc_poster(&o->poster, out, why);

        /* thumbnails are of use without it */
        rc = rc < 0 ? VTC_THUMBS_DISK : 0;
    }

    if (rc == VTC_THUMBS_DISK) {
        fputs("\n" VTC_ORDER_DISK, out);
    }

    return rc;
}


/* The directory that places like this one are in. */
static int
vtc_order_above(const vtc_order_t *o, FILE *why)
{
    int    rc;
    char  *dir, *p;

    dir = strdup(o->place);

    if (dir == NULL) {
        fputs("no memory", why);
        return -1;
    }

    p = strrchr(dir, '/');
    *p = '\0';
    rc = vtc_file_directory(dir, why);
    free(dir);

    return rc;
}


/*
 * The lock on the place: a descriptor, or -1 and why.  Whoever had it has
 * removed its file, which is another one then.
 */
static int
vtc_order_lock(const vtc_order_t *o, FILE *why)
{
    int          fd;
    struct stat  a, b;

    for ( ;; ) {
        fd = open(o->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd == -1) {
            fprintf(why, "open() \"%s\" failed: %s", o->lock,
                    strerror(errno));
            return -1;
        }

        while (flock(fd, LOCK_EX) == -1) {
            if (errno != EINTR) {
                fprintf(why, "flock() \"%s\" failed: %s", o->lock,
                        strerror(errno));
                close(fd);
                return -1;
            }
        }

        if (fstat(fd, &a) == 0 && stat(o->lock, &b) == 0
            && a.st_ino == b.st_ino && a.st_dev == b.st_dev)
        {
            return fd;
        }

        close(fd);
    }
}


/*
 * All of it, under the lock: 0; or why, and VTC_THUMBS_DISK unless the file is
 * at fault.
 */
static int
vtc_order_make(vtc_order_t *o, const vtc_limits_t *limits, FILE *why)
{
    int           rc;
    vtc_result_t  result;

    if (access(o->place, F_OK) == 0) {
        return 0;
    }

    vtc_order_remove(o->part);

    rc = vtc_job_run(limits, vtc_order_work, o, &result);

    if (rc != 0) {
        fputs(result.why, why);
        rc = result.text && strstr(result.text, "\n" VTC_ORDER_DISK)
             ? VTC_THUMBS_DISK : -1;
    }

    free(result.text);

    if (!vtc_order_same(&o->file) || !vtc_order_same(&o->poster_file)) {
        rewind(why);
        fputs("it was replaced meanwhile", why);
        rc = VTC_THUMBS_DISK;
    }

    if (rc == 0 && rename(o->part, o->place) == -1) {
        fprintf(why, "rename() \"%s\" failed: %s", o->place,
                strerror(errno));
        rc = VTC_THUMBS_DISK;
    }

    if (rc != 0) {
        vtc_order_remove(o->part);
    }

    return rc;
}


static int
vtc_order_fill(vtc_order_t *o, const vtc_limits_t *limits, FILE *why)
{
    int  rc, lock;

    if (vtc_order_above(o, why) != 0) {
        return VTC_THUMBS_DISK;
    }

    lock = vtc_order_lock(o, why);

    if (lock == -1) {
        return VTC_THUMBS_DISK;
    }

    rc = vtc_order_make(o, limits, why);

    (void) unlink(o->lock);
    close(lock);

    return rc;
}


/* The order: 0, or -1. */
static int
vtc_order_take(vtc_link_t *l, vtc_order_t *o)
{
    int         rc;
    nvm_wire_t  m;

    do {
        rc = vtc_link_next(l, &m);
    } while (rc == 0 && !l->closed && vtc_link_wait(l, 1000) == 0);

    return rc == 1 ? vtc_order_parse(o, &m) : -1;
}


static void
vtc_order_answer(vtc_link_t *l, int rc, const char *why, size_t len)
{
    nvm_wire_t  m = { .type = NVM_WIRE_LOG, .flags = VTC_ORDER_ERR };

    if (rc != 0) {
        (void) vtc_link_send(l, &m, why, len, NULL, 0);
    }

    m.type = rc == 0 ? NVM_WIRE_DONE : NVM_WIRE_END;
    m.flags = rc == 0 || rc == VTC_THUMBS_DISK ? 0 : NVM_WIRE_MEDIA;
    (void) vtc_link_send(l, &m, NULL, 0, NULL, 0);

    while (l->error == NULL && !vtc_link_idle(l)
           && vtc_link_wait(l, 1000) == 0) { /* void */ }
}


int
vtc_order(int fd, const vtc_limits_t *limits)
{
    int           rc;
    char         *text;
    FILE         *why;
    size_t        len;
    vtc_link_t    link;
    vtc_order_t  *o;

    text = NULL;
    o = calloc(1, sizeof(vtc_order_t));
    why = open_memstream(&text, &len);
    vtc_link_init(&link, fd);
    (void) alarm(VTC_ORDER_PATIENCE);

    /* nginx has none, and workers are of the same user */
    (void) umask(077);

    if (o && why && vtc_order_take(&link, o) == 0) {
        (void) alarm(0);

        rc = vtc_order_fill(o, limits, why);
        fflush(why);

        (void) alarm(VTC_ORDER_PATIENCE);
        vtc_order_answer(&link, rc, text, len);

    } else if (link.error == NULL && link.closed && link.in.len == 0) {
        /* it has thought better of it */

    } else {
        vtc_order_answer(&link, VTC_THUMBS_DISK, "the order is wrong",
                         sizeof("the order is wrong") - 1);
    }

    rc = link.error ? -1 : 0;
    vtc_link_close(&link);

    if (why) {
        fclose(why);
    }

    free(text);
    free(o);

    return rc;
}
