/*
 * Copyright (C) ngx_video authors
 *
 * No wake-up is lost: a writer appends, and goes on when all readers have
 * seen it, who sleep until they are woken.  Nothing else happens that would
 * wake them, so that the first that is lost is missed.
 */

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "store_env.h"
#include "tap.h"


#define ZONE      (4 * 1024 * 1024)
#define READERS   3
#define ROUNDS    30000
#define PATIENCE  5000              /* ms; the machine may be slow */


typedef struct {
    uint64_t        seen[READERS];  /* bytes; atomic */
    uint64_t        slept;
} shared_t;


static void                *zone;
static shared_t            *shared;
static ngx_shmtx_t          mutex;
static ngx_video_store_t    st;
static ngx_video_ref_t      ref;


static void
woken(ngx_video_waiter_t *w)
{
    (void) w;
}


/* Until the object is complete; 1 when nobody woke it. */
static int
read_all(ngx_uint_t number)
{
    uint64_t             seq, filled;
    ngx_uint_t           state;
    struct pollfd        p;
    ngx_video_waiter_t   w;
    ngx_video_signal_t  *signal;

    signal = &ngx_video_object(&st, &ref)->signal;
    memset(&w, 0, sizeof(w));
    w.handler = woken;

    do {
        seq = ngx_video_signal_seen(signal);
        state = ngx_video_object_state(&st, &ref);
        filled = ngx_video_object_filled(&st, &ref);
        ngx_video_store(&shared->seen[number], filled);

        if (state != NGX_VIDEO_OBJECT_FILLING
            || ngx_video_wait(&st, signal, seq, &w) != NGX_AGAIN)
        {
            continue;
        }

        __atomic_fetch_add(&shared->slept, 1, __ATOMIC_RELAXED);

        p.fd = st.wake_fd;
        p.events = POLLIN;

        if (poll(&p, 1, 2 * PATIENCE) <= 0) {
            return 1;
        }

        (void) store_env_drain(&st);
        ngx_video_store_sc(&st.slots[st.slot].pending, 0);
        ngx_video_wait_scan(&st);
        ngx_video_wait_cancel(&w);

    } while (state == NGX_VIDEO_OBJECT_FILLING);

    return 0;
}


static void
reader(ngx_uint_t number)
{
    int  rc;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    store_env_child();

    if (store_env_attach(&st, &mutex, zone, 1) != 0
        || store_env_open(&st, "object", 0, &ref) != NGX_OK)
    {
        _exit(2);
    }

    rc = read_all(number);

    ngx_video_object_put(&st, &ref);
    store_env_detach(&st);
    _exit(rc);
}


/* Whether all readers have seen so many bytes before patience ends. */
static int
caught_up(uint64_t n)
{
    uint64_t    end;
    ngx_uint_t  i, spins;

    for (end = 0, spins = 0, i = 0; i < READERS; /* void */ ) {

        if (ngx_video_load(&shared->seen[i]) >= n) {
            i++;
            continue;
        }

        if (++spins % 1024 == 0) {
            end = end ? end : store_env_now() + PATIENCE * 1000000ULL;

            if (store_env_now() > end) {
                return 0;
            }

            sched_yield();
        }
    }

    return 1;
}


int
main(void)
{
    int         status, failed;
    size_t      n;
    pid_t       pids[READERS];
    uint64_t    at;
    u_char      bytes[64];
    ngx_uint_t  i, rounds;

    zone = store_env_zone(ZONE);
    shared = mmap(NULL, sizeof(shared_t), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(bytes, 0, sizeof(bytes));

    if (shared == MAP_FAILED || store_env_attach(&st, &mutex, zone, 1) != 0
        || store_env_open(&st, "object", NGX_VIDEO_OPEN_CREATE, &ref)
           != NGX_DONE)
    {
        printf("Bail out! no zone\n");
        return 1;
    }

    for (i = 0; i < READERS; i++) {
        pids[i] = fork();

        if (pids[i] == 0) {
            reader(i);
        }
    }

    for (at = 0, rounds = 0; rounds < ROUNDS && caught_up(at); rounds++) {

        /* sometimes they are asleep already, sometimes about to be */
        for (i = rounds * 7 % 2000; i; i--) {
            ngx_cpu_pause();
        }

        for (i = 0; i < 1 + rounds % 2; i++) {
            n = 1 + rounds % sizeof(bytes);
            (void) ngx_video_object_append(&st, &ref, bytes, n);
            ngx_video_object_flush(&st, &ref);
            at += n;
        }
    }

    is_int(rounds, ROUNDS, "each change was told to all who waited for it");
    ngx_video_object_complete(&st, &ref);

    for (failed = 0, i = 0; i < READERS; i++) {
        (void) waitpid(pids[i], &status, 0);
        failed += (status != 0);
    }

    is_int(failed, 0, "nobody slept for ever");
    ok(shared->slept > READERS, "they slept %lu times",
       (unsigned long) shared->slept);
    ngx_video_object_put(&st, &ref);

    store_env_detach(&st);
    store_env_drop(zone, ZONE);

    return done_testing();
}
