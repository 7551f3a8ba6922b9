/*
 * Copyright (C) ngx_video authors
 *
 * See zone_env.h.
 */

#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include "zone_env.h"


static ngx_time_t      zone_env_time;
static zone_env_t     *zone_env_current;
static uint64_t        zone_env_taken;

volatile ngx_time_t   *ngx_cached_time = &zone_env_time;


uint64_t
zone_env_ns(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


void
zone_env_clock(void)
{
    zone_env_time.sec = time(NULL);
}


void
ngx_shmtx_lock(ngx_shmtx_t *mtx)
{
    ngx_atomic_uint_t  free;

    for ( ;; ) {
        free = 0;

        if (__atomic_compare_exchange_n(mtx->lock, &free,
                                        (ngx_atomic_uint_t) getpid(), 0,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        {
            zone_env_taken = zone_env_ns();
            return;
        }

        sched_yield();
    }
}


void
ngx_shmtx_unlock(ngx_shmtx_t *mtx)
{
    uint64_t  held, max;

    held = zone_env_ns() - zone_env_taken;
    max = zone_env_current->max_held;

    while (held > max
           && !__atomic_compare_exchange_n(&zone_env_current->max_held, &max,
                                           held, 0, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST))
    {
        /* void */
    }

    __atomic_store_n(mtx->lock, 0, __ATOMIC_SEQ_CST);
}


void
zone_env_unlock(zone_env_t *env, pid_t pid)
{
    ngx_atomic_uint_t  owner;

    owner = (ngx_atomic_uint_t) pid;

    (void) __atomic_compare_exchange_n(&env->lock, &owner, 0, 0,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}


zone_env_t *
zone_env_create(size_t size)
{
    zone_env_t  *env;

    env = mmap(NULL, sizeof(zone_env_t) + 4096, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (env == MAP_FAILED) {
        return NULL;
    }

    env->size = size;
    env->zone = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (env->zone == MAP_FAILED
        || ngx_video_store_format(env->zone, size) != NGX_OK)
    {
        return NULL;
    }

    env->mutex.lock = &env->lock;
    zone_env_current = env;
    zone_env_clock();

    if (ngx_video_store_attach(&env->store, env->zone, &env->mutex)
        != NGX_OK)
    {
        return NULL;
    }

    return env;
}
