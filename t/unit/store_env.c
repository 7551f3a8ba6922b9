/*
 * Copyright (C) ngx_video authors
 *
 * See store_env.h.
 */

#include "store_env.h"

#include <sched.h>
#include <sys/mman.h>


#define STORE_ENV_PAGE  4096


volatile ngx_time_t  *ngx_cached_time;

static ngx_time_t          env_time;
static __thread uint64_t   env_owner;
static __thread uint64_t   env_wall;
static __thread uint64_t   env_cpu;
static __thread char       env_text[200];


static uint64_t
env_clock(clockid_t id)
{
    struct timespec  ts;

    (void) clock_gettime(id, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


uint64_t
store_env_now(void)
{
    return env_clock(CLOCK_MONOTONIC);
}


void
store_env_child(void)
{
    env_owner = (uint64_t) gettid();
}


/* The lock is the first member of the page before the zone. */
static store_env_t *
env_of(ngx_shmtx_t *mtx)
{
    return (store_env_t *) (void *) (uintptr_t) mtx->lock;
}


void
ngx_shmtx_lock(ngx_shmtx_t *mtx)
{
    uint64_t      none;
    ngx_uint_t    i;
    store_env_t  *e;

    e = env_of(mtx);

    if (env_owner == 0) {
        store_env_child();
    }

    for (i = 0; /* void */ ; i++) {
        none = 0;

        if (__atomic_load_n(&e->lock, __ATOMIC_RELAXED) == 0
            && __atomic_compare_exchange_n(&e->lock, &none, env_owner, 0,
                                           __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST))
        {
            break;
        }

        if (none == env_owner) {
            fprintf(stderr, "the lock is taken twice\n");
            abort();
        }

        if (i < 2048) {
            ngx_cpu_pause();
            continue;
        }

        __atomic_fetch_add(&e->waits, 1, __ATOMIC_RELAXED);
        sched_yield();
    }

    e->locks++;
    env_cpu = env_clock(CLOCK_THREAD_CPUTIME_ID);
    env_wall = env_clock(CLOCK_MONOTONIC);
}


void
ngx_shmtx_unlock(ngx_shmtx_t *mtx)
{
    uint64_t      n, owner;
    store_env_t  *e;

    e = env_of(mtx);

    n = env_clock(CLOCK_MONOTONIC) - env_wall;
    e->max_wall = ngx_max(e->max_wall, n);

    n = env_clock(CLOCK_THREAD_CPUTIME_ID) - env_cpu;
    e->max_cpu = ngx_max(e->max_cpu, n);

    owner = env_owner;

    if (!__atomic_compare_exchange_n(&e->lock, &owner, 0, 0,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
    {
        fprintf(stderr, "the lock is not ours to give back\n");
        abort();
    }
}


int
store_env_force_unlock(void *zone, pid_t pid)
{
    uint64_t  owner;

    owner = (uint64_t) pid;

    return __atomic_compare_exchange_n(&store_env(zone)->lock, &owner, 0, 0,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}


void
store_env_time(int ahead)
{
    env_time.sec = time(NULL) + ahead;
    ngx_cached_time = &env_time;
}


void *
store_env_zone(size_t size)
{
    u_char  *p;

    p = mmap(NULL, size + STORE_ENV_PAGE, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }

    p += STORE_ENV_PAGE;

    if (ngx_video_store_format(p, size) != NGX_OK) {
        fprintf(stderr, "the zone can not be formatted\n");
        exit(1);
    }

    return p;
}


void
store_env_drop(void *zone, size_t size)
{
    (void) munmap((u_char *) zone - STORE_ENV_PAGE, size + STORE_ENV_PAGE);
}


store_env_t *
store_env(void *zone)
{
    return (store_env_t *) (void *) ((u_char *) zone - STORE_ENV_PAGE);
}


int
store_env_attach(ngx_video_store_t *st, ngx_shmtx_t *mutex, void *zone,
    int open)
{
    u_char        name[24];
    ngx_socket_t  fd;

    if (ngx_cached_time == NULL) {
        store_env_time(0);
    }

    memset(mutex, 0, sizeof(ngx_shmtx_t));
    mutex->lock = (ngx_atomic_t *) &store_env(zone)->lock;

    if (ngx_video_store_attach(st, zone, mutex) != NGX_OK) {
        return 1;
    }

    if (!open) {
        return 0;
    }

    fd = ngx_video_slot_socket(name);

    if (fd == -1) {
        return 1;
    }

    return ngx_video_slot_open(st, fd, name) != NGX_OK;
}


int
store_env_drain(ngx_video_store_t *st)
{
    int   n;
    char  buf[64];

    n = 0;

    while (recv(st->wake_fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
        n = 1;
    }

    return n;
}


static const char *
env_fail(const char *what, uint64_t index, uint64_t got, uint64_t want)
{
    snprintf(env_text, sizeof(env_text), "%s of %llu: %llu, not %llu", what,
             (unsigned long long) index, (unsigned long long) got,
             (unsigned long long) want);

    return env_text;
}


/* Marks the chain of chunks from "first"; tells how many, or -1. */
static int64_t
env_chain(ngx_video_store_t *st, u_char *used, uint32_t first, uint32_t *last)
{
    int64_t   n;
    uint32_t  c;

    for (n = 0, *last = 0, c = first; c; c = st->chunks[c - 1], n++) {

        if (c > st->head->nchunks || used[c - 1]) {
            return -1;
        }

        used[c - 1] = 1;
        *last = c;
    }

    return n;
}


static uint64_t
env_refs(ngx_video_store_t *st, uint32_t object)
{
    uint64_t    n;
    ngx_uint_t  i;

    for (n = 0, i = 0; i < NGX_VIDEO_SLOTS; i++) {
        n += st->refs[(size_t) object * NGX_VIDEO_SLOTS + i];
    }

    return n;
}


static const char *
env_check_object(ngx_video_store_t *st, uint32_t i, u_char *used)
{
    int64_t              n;
    uint32_t             last, link;
    ngx_video_object_t  *o;

    o = &st->objects[i];

    if (o->state == NGX_VIDEO_OBJECT_FREE) {
        return env_refs(st, i) ? env_fail("references to free object", i,
                                          env_refs(st, i), 0) : NULL;
    }

    n = env_chain(st, used, o->first, &last);

    if (n != o->nchunks || last != o->last) {
        return env_fail("chain of object", i, (uint64_t) n, o->nchunks);
    }

    if (o->filled > (uint64_t) n << NGX_VIDEO_CHUNK_SHIFT) {
        return env_fail("filled of object", i, o->filled, (uint64_t) n);
    }

    if (!ngx_video_object_held(st, o)) {
        return env_fail("holds of object", i, 0, 1);
    }

    if (o->state == NGX_VIDEO_OBJECT_ABORTED && (o->linked || o->owner)) {
        return env_fail("links of aborted object", i, 1, 0);
    }

    if ((o->queue != NGX_VIDEO_QUEUE_NONE)
        != (o->linked && o->state == NGX_VIDEO_OBJECT_COMPLETE))
    {
        return env_fail("queue of object", i, o->queue, o->linked);
    }

    if (o->linked) {
        link = st->buckets[o->hash & (st->head->nbuckets - 1)];

        while (link && link != i + 1) {
            link = st->objects[link - 1].bucket;
        }

        if (link == 0) {
            return env_fail("bucket of object", i, 0, i + 1);
        }
    }

    return NULL;
}


static const char *
env_check_lives(ngx_video_store_t *st, u_char *used)
{
    uint32_t           i, k, c;
    uint64_t           reserved;
    ngx_video_live_t  *l;

    reserved = 0;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];
        reserved += l->reserved;

        if (l->version & 1) {
            return env_fail("version of stream", i, l->version, 0);
        }

        for (k = 0; k < NGX_VIDEO_LIVE_TRACKS; k++) {
            c = l->tracks[k];

            if (c == 0) {
                continue;
            }

            if (l->state == NGX_VIDEO_LIVE_FREE || c > st->head->nchunks
                || used[c - 1])
            {
                return env_fail("track of stream", i, c, 0);
            }

            used[c - 1] = 1;
        }
    }

    return reserved == st->head->reserved
           ? NULL : env_fail("reserved", 0, st->head->reserved, reserved);
}


static const char *
env_check_queues(ngx_video_store_t *st)
{
    uint32_t             i, q, n, prev, chunks;
    ngx_video_fifo_t    *f;
    ngx_video_object_t  *o;

    n = 0;

    for (q = 1; q < NGX_VIDEO_QUEUES; q++) {
        f = &st->head->fifo[q];
        prev = 0;
        chunks = 0;

        for (i = f->head; i && n <= st->head->nobjects; i = o->next, n++) {
            o = &st->objects[i - 1];

            if (o->queue != q || o->prev != prev || !o->linked) {
                return env_fail("link in queue", q, o->prev, prev);
            }

            prev = i;
            chunks += o->nchunks;
        }

        if (f->tail != prev || f->chunks != chunks) {
            return env_fail("chunks in queue", q, f->chunks, chunks);
        }
    }

    for (i = 0; i < st->head->nobjects; i++) {
        n -= (st->objects[i].state && st->objects[i].queue);
    }

    return n ? env_fail("objects in queues", 0, n, 0) : NULL;
}


static const char *
env_check_counts(ngx_video_store_t *st, u_char *used)
{
    int64_t            n;
    uint32_t           i, c;
    ngx_video_head_t  *h;

    h = st->head;
    n = env_chain(st, used, h->free_chunk, &c);

    if (n != h->nfree) {
        return env_fail("free chunks", 0, (uint64_t) n, h->nfree);
    }

    for (i = 0; i < h->nchunks; i++) {
        if (!used[i]) {
            return env_fail("owner of chunk", i, 0, 1);
        }
    }

    n = 0;

    for (c = h->free_object; c && n <= h->nobjects; n++) {
        if (st->objects[c - 1].state) {
            return env_fail("state of free object", c - 1, 1, 0);
        }

        c = st->objects[c - 1].next;
    }

    if (n + h->nused != h->nobjects) {
        return env_fail("free objects", 0, (uint64_t) n,
                        h->nobjects - h->nused);
    }

    n = 0;

    for (i = 0; i < h->nbuckets; i++) {
        for (c = st->buckets[i]; c && n <= h->nobjects; n++) {
            if (!st->objects[c - 1].linked || !st->objects[c - 1].state) {
                return env_fail("object in bucket", i, c, 0);
            }

            c = st->objects[c - 1].bucket;
        }
    }

    for (i = 0; i < h->nobjects; i++) {
        n -= (st->objects[i].state && st->objects[i].linked);
    }

    return n ? env_fail("objects in buckets", 0, (uint64_t) n, 0) : NULL;
}


const char *
store_env_check(ngx_video_store_t *st)
{
    u_char            *used;
    uint32_t           i;
    const char        *error;

    used = calloc(1, st->head->nchunks);

    if (used == NULL) {
        return "no memory";
    }

    error = NULL;

    if (st->head->mutating || store_env(st->head)->lock) {
        error = "the lock is held";
    }

    for (i = 0; error == NULL && i < st->head->nobjects; i++) {
        error = env_check_object(st, i, used);
    }

    error = error ? error : env_check_lives(st, used);
    error = error ? error : env_check_counts(st, used);
    error = error ? error : env_check_queues(st);

    free(used);

    return error;
}


const char *
store_env_empty(ngx_video_store_t *st)
{
    uint32_t           i;
    const char        *error;
    ngx_video_ref_t    ref;
    ngx_video_head_t  *h;

    h = st->head;

    for (i = 0; i < h->nobjects; i++) {
        if (st->objects[i].state && st->objects[i].linked) {
            ref.id = st->objects[i].id;
            ref.index = i;
            ngx_video_object_unlink(st, &ref);
        }
    }

    error = store_env_check(st);

    if (error) {
        return error;
    }

    if (h->nused || h->nfree != h->nchunks || h->reserved) {
        snprintf(env_text, sizeof(env_text),
                 "%u objects used, %u of %u chunks free, %u reserved",
                 h->nused, h->nfree, h->nchunks, h->reserved);
        return env_text;
    }

    return NULL;
}
