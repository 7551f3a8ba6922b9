/*
 * Copyright (C) ngx_video authors
 *
 * The stress of the store: workers that write, read, wait, publish and die
 * over one zone.
 *
 *   store_stress [--seconds N] [--procs N] [--seed N] [--kill MS] [--threads]
 *
 * Workers are processes.  The parent kills one every so often, with every
 * second blow the one that has the lock; forces the lock open as nginx's
 * master does; and starts another.  With --threads workers are threads, for
 * ThreadSanitizer, and die only where it is safe.  What they do changes all
 * the time between a zone with room for all and one that is full: see the
 * phases in stress_load.c.
 *
 * Prints TAP:
 *
 *   no wrong byte, no lost segment
 *   no lost wake-up: what changed is told by a wake; a killed writer may take
 *       one with it
 *   a full zone refuses without breaking anything
 *   the lock is never held long
 *   afterwards everything is free again
 */

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "stress.h"
#include "tap.h"


#define ZONE       (12 * 1024 * 1024)
#define MAX_PROCS  64
#define PHASE      (250 * 1000000ULL)       /* ns */

/*
 * Processor time that the lock is held for, ns.  A walk over all objects or a
 * copy of media is found by store_lock; this finds what only happens when the
 * zone is full or somebody died.
 */
#if defined(__SANITIZE_ADDRESS__)
#define SLOWER     8
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SLOWER     32
#endif
#endif

#ifndef SLOWER
#define SLOWER     1
#endif

#define HELD_99    (SLOWER * (1 << 16))
#define HELD_999   (SLOWER * (1 << 18))
#define RECOVERY   (SLOWER * (1 << 20))


typedef struct {
    ngx_uint_t      seconds;
    ngx_uint_t      procs;
    ngx_uint_t      kill_ms;
    ngx_uint_t      threads;
    uint64_t        seed;
} options_t;


static options_t    options = { 60, 8, 30, 0, 1 };
static void        *zone;
static pid_t        pids[MAX_PROCS];
static ngx_uint_t   crashed;
static uint64_t     rng;


static pid_t
start_child(uint64_t seed)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        store_env_child();
        _exit(stress_worker(zone, seed));
    }

    return pid;
}


/* Returns the place of the child that has ended, or -1. */
static int
reap_child(int flags)
{
    int         status;
    pid_t       pid;
    ngx_uint_t  i;

    pid = waitpid(-1, &status, flags);

    if (pid <= 0) {
        return -1;
    }

    (void) store_env_force_unlock(zone, pid);

    crashed += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
    crashed += WIFEXITED(status) && WEXITSTATUS(status) != 0;

    for (i = 0; i < options.procs; i++) {
        if (pids[i] == pid) {
            pids[i] = 0;
            return (int) i;
        }
    }

    return -1;
}


/* Any of them, or the next that takes the lock. */
static pid_t
victim(void)
{
    uint64_t    owner;
    ngx_uint_t  i, k;

    if (stress_random(&rng, 2)) {
        for (i = 0; i < 20000; i++) {
            owner = ngx_video_load(&store_env(zone)->lock);

            for (k = 0; owner && k < options.procs; k++) {
                if (pids[k] == (pid_t) owner) {
                    return pids[k];
                }
            }
        }
    }

    return pids[stress_random(&rng, (uint32_t) options.procs)];
}


static void
next_phase(uint64_t start)
{
    ngx_video_store(&stress_report->phase,
                    (store_env_now() - start) / PHASE % STRESS_PHASES);
}


/* Whether all that is to be tested has happened. */
static int
covered(void)
{
    stress_report_t   *r;
    ngx_video_head_t  *h;

    r = stress_report;
    h = zone;

    return r->completed && r->parts_read && r->woken && r->aborted
           && r->written > 3 * ZONE && h->evictions > h->nobjects
           && r->refused && r->unpromised && r->read_gone && r->cut;
}


/* A machine that has other things to do gets more time. */
static int
goes_on(uint64_t start)
{
    uint64_t  ran;

    ran = store_env_now() - start;

    return ran < options.seconds * 1000000000ULL
           || (ran < options.seconds * 5000000000ULL && !covered());
}


static ngx_uint_t
run_processes(void)
{
    int         i;
    uint64_t    start, next_kill, seed;
    ngx_uint_t  kills, left;

    kills = 0;
    seed = options.seed * 1000;
    start = store_env_now();
    next_kill = start;

    for (left = 0; left < options.procs; left++) {
        pids[left] = start_child(seed++);
    }

    while (goes_on(start)) {
        next_phase(start);

        if (options.kill_ms && store_env_now() > next_kill) {
            next_kill = store_env_now()
                        + (1 + stress_random(&rng, 2 * options.kill_ms))
                          * 1000000ULL;
            (void) kill(victim(), SIGKILL);
            kills++;
        }

        while ((i = reap_child(WNOHANG)) != -1) {
            pids[i] = start_child(seed++);
        }

        usleep(1000);
    }

    ngx_video_store(&stress_report->stop, 1);

    /* in any order: the one that died with the lock lets the others go on */
    while (left) {
        left -= reap_child(0) != -1;
    }

    return kills;
}


static void *
thread(void *data)
{
    uint64_t  seed = (uintptr_t) data;

    while (!ngx_video_load(&stress_report->stop)) {
        if (stress_worker(zone, seed++) != 0) {
            __atomic_fetch_add(&crashed, 1, __ATOMIC_RELAXED);
        }
    }

    return NULL;
}


static void
run_threads(void)
{
    uint64_t    start;
    pthread_t   threads[MAX_PROCS];
    ngx_uint_t  i;

    start = store_env_now();

    for (i = 0; i < options.procs; i++) {
        if (pthread_create(&threads[i], NULL, thread,
                           (void *) (uintptr_t) ((options.seed + i) << 20))
            != 0)
        {
            perror("pthread_create");
            exit(1);
        }
    }

    while (goes_on(start)) {
        next_phase(start);
        usleep(1000);
    }

    ngx_video_store(&stress_report->stop, 1);

    for (i = 0; i < options.procs; i++) {
        (void) pthread_join(threads[i], NULL);
    }
}


static void
print_holds(const char *name, store_env_holds_t *holds)
{
    printf("# lock, %s: %lu times, in us of processor time: 99%% below %lu, "
           "99.9%% below %lu, longest %lu\n", name,
           (unsigned long) holds->count,
           (unsigned long) store_env_held(holds, 0.99) / 1000,
           (unsigned long) store_env_held(holds, 0.999) / 1000,
           (unsigned long) holds->longest / 1000);
}


static void
check_run(ngx_uint_t kills)
{
    store_env_t       *e;
    stress_report_t   *r;
    ngx_video_head_t  *h;

    r = stress_report;
    e = store_env(zone);
    h = zone;

    printf("# written %lu MB, read %lu MB, of it gone %lu MB; objects %lu, "
           "aborted %lu; parts %lu, read %lu; waits %lu, woken %lu\n",
           (unsigned long) r->written >> 20, (unsigned long) r->read >> 20,
           (unsigned long) r->read_gone >> 20, (unsigned long) r->completed,
           (unsigned long) r->aborted, (unsigned long) r->parts,
           (unsigned long) r->parts_read, (unsigned long) r->waits,
           (unsigned long) r->woken);
    printf("# refused: %lu objects, %lu streams, %lu parts; %lu evictions, "
           "%lu readers cut; %lu wakes, %lu lost; %lu kills, %lu recoveries\n",
           (unsigned long) r->refused, (unsigned long) r->unpromised,
           (unsigned long) r->parts_refused, (unsigned long) h->evictions,
           (unsigned long) r->cut, (unsigned long) h->wakes,
           (unsigned long) r->lost, (unsigned long) kills,
           (unsigned long) h->recoveries);
    print_holds("usual", &e->usual);
    print_holds("recovery", &e->recovery);

    is_int(crashed, 0, "no worker crashed");
    is_int(r->wrong, 0, "no wrong byte");
    is_int(r->missing, 0, "no segment of a window was lost");
    is_int(r->leaked, 0, "no reference was forgotten");
    is_int(r->unclean, 0, "what is refused leaves all as it was");
    ok(r->lost <= kills, "no wake-up was lost but by a killed writer");
    ok(store_env_held(&e->usual, 0.99) <= HELD_99
       && store_env_held(&e->usual, 0.999) <= HELD_999,
       "the lock is held shortly");
    ok(store_env_held(&e->recovery, 0.9) <= RECOVERY,
       "and not for long when somebody died with it");

    ok(r->completed && r->parts_read && r->woken && r->aborted,
       "there was something to test");
    ok(r->written > 3 * ZONE && h->evictions > h->nobjects,
       "several times what has room");
    ok(r->refused && r->unpromised, "objects and streams were refused");
    ok(r->parts_refused <= r->parts / 1000,
       "streams got the room that they were promised");
    ok(r->read_gone && r->cut, "readers kept what nobody finds any more, "
       "until they were told to stop");
}


/* Nobody works in it: what is left must go. */
static void
check_end(void)
{
    const char         *error;
    ngx_shmtx_t         mutex;
    ngx_video_store_t   st;

    ok(store_env_attach(&st, &mutex, zone, 1) == 0, "a slot is free");

    (void) store_env_sweep(&st);
    ngx_video_live_reap(&st, (uint64_t) -1);
    store_env_detach(&st);

    error = store_env_empty(&st);
    ok(error == NULL, "everything is free again");

    if (error) {
        diag("%s", error);
    }
}


static void
read_options(int argc, char **argv)
{
    int  i;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--threads") == 0) {
            options.threads = 1;

        } else if (i + 1 == argc) {
            break;

        } else if (strcmp(argv[i], "--seconds") == 0) {
            options.seconds = (ngx_uint_t) atoi(argv[++i]);

        } else if (strcmp(argv[i], "--procs") == 0) {
            options.procs = (ngx_uint_t) atoi(argv[++i]);
            options.procs = ngx_min(options.procs, MAX_PROCS);

        } else if (strcmp(argv[i], "--seed") == 0) {
            options.seed = (uint64_t) atoll(argv[++i]);

        } else if (strcmp(argv[i], "--kill") == 0) {
            options.kill_ms = (ngx_uint_t) atoi(argv[++i]);
        }
    }
}


int
main(int argc, char **argv)
{
    ngx_uint_t  kills;

    read_options(argc, argv);

    rng = options.seed;
    kills = 0;
    zone = store_env_zone(ZONE);
    stress_report = mmap(NULL, sizeof(stress_report_t),
                         PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0);

    if (stress_report == MAP_FAILED) {
        perror("mmap");
        return 1;
    }

    if (options.threads) {
        run_threads();

    } else {
        kills = run_processes();
    }

    check_run(kills);
    check_end();

    return done_testing();
}
