/*
 * Copyright (C) ngx_video authors
 *
 * See store_env.h.
 */

#include "store_env.h"

#include <sched.h>
#include <sys/mman.h>


#define STORE_ENV_PAGE  4096


static ngx_time_t               env_time;

volatile ngx_time_t            *ngx_cached_time = &env_time;

static __thread uint64_t        env_owner;
static __thread uint64_t        env_taken;      /* ns of processor time */
static __thread ngx_uint_t      env_recovers;


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
    uint64_t           none;
    ngx_uint_t         i;
    store_env_t       *e;
    ngx_video_head_t  *h;

    e = env_of(mtx);
    h = (ngx_video_head_t *) (void *) ((u_char *) e + STORE_ENV_PAGE);

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

        } else {
            sched_yield();
        }
    }

    env_recovers = ngx_video_load(&h->mutating);
    env_taken = env_clock(CLOCK_THREAD_CPUTIME_ID);
}


void
ngx_shmtx_unlock(ngx_shmtx_t *mtx)
{
    uint64_t            n, owner;
    ngx_uint_t          i;
    store_env_t        *e;
    store_env_holds_t  *holds;

    n = env_clock(CLOCK_THREAD_CPUTIME_ID) - env_taken;

    e = env_of(mtx);
    holds = env_recovers ? &e->recovery : &e->usual;

    for (i = 0; n >> i && i < 39; i++) { /* void */ }

    holds->count++;
    holds->below[i]++;
    holds->longest = ngx_max(holds->longest, n);

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


uint64_t
store_env_held(store_env_holds_t *holds, double share)
{
    uint64_t    n;
    ngx_uint_t  i;

    for (n = 0, i = 0; i < 40; i++) {
        n += holds->below[i];

        if ((double) n >= share * (double) holds->count) {
            break;
        }
    }

    return (uint64_t) 1 << i;
}


ngx_uint_t
store_env_sweep(ngx_video_store_t *st)
{
    ngx_video_store(&st->head->checked, 0);

    return ngx_video_slot_check(st);
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
    env_time.sec = time(NULL);

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


void *
store_env_pair(size_t size, ngx_shmtx_t *mutex, ngx_video_store_t *a,
    ngx_video_store_t *b)
{
    void  *zone;

    zone = store_env_zone(size);

    if (store_env_attach(a, mutex, zone, 1) != 0
        || store_env_attach(b, mutex, zone, 1) != 0)
    {
        printf("Bail out! no slots\n");
        exit(1);
    }

    return zone;
}


void
store_env_kill(ngx_video_store_t *st)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&st->spare)) {
        q = ngx_queue_head(&st->spare);
        ngx_queue_remove(q);
        free(q);                /* the first member */
    }

    if (st->wake_fd != -1) {
        close(st->wake_fd);
        st->wake_fd = -1;
    }
}


void
store_env_detach(ngx_video_store_t *st)
{
    ngx_video_slot_close(st);
    store_env_kill(st);
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


static ngx_str_t
env_str(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) (uintptr_t) text;

    return s;
}


ngx_int_t
store_env_open(ngx_video_store_t *st, const char *key, ngx_uint_t flags,
    ngx_video_ref_t *ref)
{
    ngx_str_t  s;

    s = env_str(key);

    return ngx_video_object_open(st, &s, 0, flags, ref);
}


void
store_env_put_complete(ngx_video_store_t *st, const char *key,
    const void *data, size_t size)
{
    ngx_video_ref_t  ref;

    if (store_env_open(st, key, NGX_VIDEO_OPEN_CREATE, &ref) == NGX_DONE) {
        (void) ngx_video_object_append(st, &ref, data, size);
        ngx_video_object_complete(st, &ref);
    }

    ngx_video_object_put(st, &ref);
}


ngx_int_t
store_env_publish(ngx_video_store_t *st, const char *name, size_t reserve,
    ngx_uint_t *index)
{
    ngx_video_live_conf_t  conf;

    memset(&conf, 0, sizeof(conf));
    conf.name = env_str(name);
    conf.segment = 1000;
    conf.part = 200;
    conf.window = 2000;
    conf.reserve = reserve;

    return ngx_video_live_publish(st, &conf, index);
}
