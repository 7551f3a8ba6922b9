/*
 * Copyright (C) ngx_video authors
 *
 * What the transcoder keeps: thumbnails, each set in a directory PATH/ab/cdef
 * with thumbs.vtt, poster.jpg and thumbs/0.jpg, that is there when all of it
 * is.  Beside it are cdef.lock and cdef.part while it is made, and cdef.gone
 * while it is removed.
 *
 * Once a minute all sets are looked at, a directory at a time.  What those that
 * died have left is removed; if there is more than may be, what was used the
 * longest ago goes.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <dirent.h>
#include <sys/file.h>

#include "ngx_video_core.h"
#include "ngx_video_ingest.h"


#define NGX_VIDEO_CACHE_PASS   60000        /* ms between two passes */
#define NGX_VIDEO_CACHE_STEP   10           /* ms between two steps of one */
#define NGX_VIDEO_CACHE_ONCE   16           /* sets that a step removes */

#define NGX_VIDEO_CACHE_DIRS   256
#define NGX_VIDEO_CACHE_NAME   30           /* digits of a set's name */

/* Memory is for so many sets; those beyond are looked at next time. */
#define NGX_VIDEO_CACHE_SETS   200000


typedef struct {
    ngx_uint_t                dir;
    u_char                    name[NGX_VIDEO_CACHE_NAME];
    time_t                    used;
    off_t                     size;
} ngx_video_cache_set_t;


typedef struct {
    ngx_event_t               timer;
    ngx_str_t                 path;
    off_t                     max_size;
    ngx_pool_t               *pool;         /* of a pass; NULL: there is none */
    ngx_array_t               sets;
    ngx_uint_t                dir;          /* that is next */
    ngx_uint_t                next;         /* set that goes next */
    off_t                     size;         /* of all sets */
} ngx_video_cache_t;


static void ngx_video_cache_timer(ngx_event_t *ev);


static ngx_video_cache_t  ngx_video_cache;

/* for the debug log, which reads a connection's fd from an event's data */
static ngx_connection_t   ngx_video_cache_dummy;


void
ngx_video_transcoder_cache(void)
{
    ngx_video_cache_t            *c;
    ngx_video_transcoder_conf_t  *tcf;

    c = &ngx_video_cache;
    tcf = &ngx_video_ingest_conf((ngx_cycle_t *) ngx_cycle)->transcoder;

    ngx_memzero(c, sizeof(ngx_video_cache_t));
    c->path = tcf->path;
    c->max_size = tcf->max_size;

    ngx_video_cache_dummy.fd = (ngx_socket_t) -1;
    c->timer.handler = ngx_video_cache_timer;
    c->timer.data = &ngx_video_cache_dummy;
    c->timer.log = ngx_cycle->log;
    c->timer.cancelable = 1;

    ngx_add_timer(&c->timer, NGX_VIDEO_CACHE_STEP);
}


/* Removes the files of a directory, or counts them into "set", and their age */
static void
ngx_video_cache_files(u_char *path, ngx_video_cache_set_t *set)
{
    int             fd;
    DIR            *d;
    time_t          used;
    struct stat     st;
    struct dirent  *e;

    fd = open((char *) path, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);
    d = fd == -1 ? NULL : fdopendir(fd);

    while (d && (e = readdir(d)) != NULL) {

        if (set == NULL) {
            if (e->d_name[0] != '.') {
                (void) unlinkat(fd, e->d_name, 0);
            }

            continue;
        }

        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0
            && S_ISREG(st.st_mode))
        {
            used = ngx_max(st.st_atime, st.st_mtime);
            set->used = ngx_max(set->used, used);
            set->size += (off_t) st.st_blocks * 512;
        }
    }

    if (d) {
        (void) closedir(d);
    }

    if (set == NULL) {
        (void) rmdir((char *) path);
    }
}


/* A set, or what is left of one: removed, or measured. */
static void
ngx_video_cache_walk(u_char *path, ngx_video_cache_set_t *set)
{
    u_char  sheets[NGX_MAX_PATH];

    ngx_snprintf(sheets, sizeof(sheets), "%s/thumbs%Z", path);
    sheets[sizeof(sheets) - 1] = '\0';

    ngx_video_cache_files(sheets, set);
    ngx_video_cache_files(path, set);
}


/* The path of a set with an extension; NGX_ERROR: it is too long. */
static ngx_int_t
ngx_video_cache_path(ngx_uint_t dir, const u_char *name, const char *ext,
    u_char path[NGX_MAX_PATH])
{
    u_char  *p;

    p = ngx_snprintf(path, NGX_MAX_PATH, "%V/%02xi/%*s%s%Z",
                     &ngx_video_cache.path, dir,
                     (size_t) NGX_VIDEO_CACHE_NAME, name, ext);

    return p == path + NGX_MAX_PATH ? NGX_ERROR : NGX_OK;
}


/*
 * What was being made: if nobody has the lock, who had it has died.  The lock
 * goes last, while it is held.
 */
static void
ngx_video_cache_stale(ngx_uint_t dir, const u_char *name)
{
    int          fd;
    u_char       lock[NGX_MAX_PATH], part[NGX_MAX_PATH];
    struct stat  a, b;

    if (ngx_video_cache_path(dir, name, ".lock", lock) != NGX_OK
        || ngx_video_cache_path(dir, name, ".part", part) != NGX_OK)
    {
        return;
    }

    fd = open((char *) lock, O_RDWR|O_CREAT|O_CLOEXEC, 0600);

    if (fd == -1) {
        return;
    }

    if (flock(fd, LOCK_EX|LOCK_NB) == 0 && fstat(fd, &a) == 0
        && stat((char *) lock, &b) == 0 && a.st_ino == b.st_ino)
    {
        ngx_video_cache_walk(part, NULL);
        (void) unlink((char *) lock);
    }

    (void) close(fd);
}


/* A name in a directory of sets. */
static void
ngx_video_cache_name(ngx_video_cache_t *c, const char *name)
{
    size_t                  n;
    u_char                  path[NGX_MAX_PATH];
    ngx_video_cache_set_t  *set;

    n = strspn(name, "0123456789abcdef");

    if (n != NGX_VIDEO_CACHE_NAME) {
        return;
    }

    if (strcmp(name + n, ".lock") == 0 || strcmp(name + n, ".part") == 0) {
        ngx_video_cache_stale(c->dir, (const u_char *) name);
        return;
    }

    if (ngx_video_cache_path(c->dir, (const u_char *) name, name + n, path)
        != NGX_OK)
    {
        return;
    }

    if (strcmp(name + n, ".gone") == 0) {
        ngx_video_cache_walk(path, NULL);
        return;
    }

    if (name[n] || c->sets.nelts == NGX_VIDEO_CACHE_SETS) {
        return;
    }

    set = ngx_array_push(&c->sets);

    if (set == NULL) {
        return;
    }

    ngx_memzero(set, sizeof(ngx_video_cache_set_t));
    set->dir = c->dir;
    ngx_memcpy(set->name, name, NGX_VIDEO_CACHE_NAME);

    ngx_video_cache_walk(path, set);
    c->size += set->size;
}


/* The next directory that is there: NGX_OK, or NGX_DONE: it was the last. */
static ngx_int_t
ngx_video_cache_dir(ngx_video_cache_t *c)
{
    DIR            *d;
    u_char          path[NGX_MAX_PATH];
    struct dirent  *e;

    for ( /* void */ ; c->dir < NGX_VIDEO_CACHE_DIRS; c->dir++) {

        if (ngx_snprintf(path, NGX_MAX_PATH, "%V/%02xi%Z", &c->path, c->dir)
            == path + NGX_MAX_PATH)
        {
            return NGX_DONE;
        }

        d = opendir((char *) path);

        if (d == NULL) {
            continue;
        }

        while ((e = readdir(d)) != NULL) {
            ngx_video_cache_name(c, e->d_name);
        }

        (void) closedir(d);
        c->dir++;

        return NGX_OK;
    }

    return NGX_DONE;
}


static int ngx_libc_cdecl
ngx_video_cache_older(const void *one, const void *two)
{
    const ngx_video_cache_set_t  *a = one, *b = two;

    return a->used < b->used ? -1 : a->used > b->used;
}


/* Removes the oldest, until what is left may stay: NGX_OK, NGX_DONE. */
static ngx_int_t
ngx_video_cache_evict(ngx_video_cache_t *c)
{
    u_char                  path[NGX_MAX_PATH], gone[NGX_MAX_PATH];
    ngx_uint_t              n;
    ngx_video_cache_set_t  *set;

    for (n = 0; n < NGX_VIDEO_CACHE_ONCE; n++) {

        if (c->size <= c->max_size || c->next == c->sets.nelts) {
            return NGX_DONE;
        }

        set = (ngx_video_cache_set_t *) c->sets.elts + c->next++;
        c->size -= set->size;

        if (ngx_video_cache_path(set->dir, set->name, "", path) != NGX_OK
            || ngx_video_cache_path(set->dir, set->name, ".gone", gone)
               != NGX_OK
            || rename((char *) path, (char *) gone) == -1)
        {
            continue;
        }

        ngx_video_cache_walk(gone, NULL);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_video_cache_begin(ngx_video_cache_t *c)
{
    c->pool = ngx_create_pool(4096, ngx_cycle->log);

    if (c->pool == NULL) {
        return NGX_ERROR;
    }

    c->dir = 0;
    c->next = 0;
    c->size = 0;

    return ngx_array_init(&c->sets, c->pool, 64,
                          sizeof(ngx_video_cache_set_t));
}


static void
ngx_video_cache_end(ngx_video_cache_t *c)
{
    if (c->pool) {
        ngx_destroy_pool(c->pool);
        c->pool = NULL;
    }

    ngx_add_timer(&c->timer, NGX_VIDEO_CACHE_PASS);
}


/* One step of a pass. */
static void
ngx_video_cache_timer(ngx_event_t *ev)
{
    ngx_int_t           rc;
    ngx_video_cache_t  *c;

    c = &ngx_video_cache;

    if (c->pool == NULL && ngx_video_cache_begin(c) != NGX_OK) {
        ngx_video_cache_end(c);
        return;
    }

    if (c->dir < NGX_VIDEO_CACHE_DIRS) {
        rc = ngx_video_cache_dir(c);

        if (rc == NGX_DONE) {
            /* all of it is known */
            c->dir = NGX_VIDEO_CACHE_DIRS;
            ngx_qsort(c->sets.elts, c->sets.nelts,
                      sizeof(ngx_video_cache_set_t), ngx_video_cache_older);
            rc = NGX_OK;
        }

    } else {
        rc = ngx_video_cache_evict(c);
    }

    if (rc == NGX_DONE) {
        ngx_video_cache_end(c);
        return;
    }

    ngx_add_timer(ev, NGX_VIDEO_CACHE_STEP);
}
