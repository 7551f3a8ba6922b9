/*
 * How long a turn of nginx's event loop takes, from the return of epoll_wait()
 * to the next call of it: what every other client of the worker waits.
 *
 * Preloaded into nginx.  Each turn that is longer than any before it in its
 * worker is a line in the file that the environment names in TURNS, "CPU time,
 * time by the clock, times that it slept", in microseconds.  On a shared
 * machine the clock counts what others do, too; a turn that never slept is as
 * long as its CPU time.  The file may be emptied between two measurements, and
 * SIGRTMIN makes a worker forget its longest turn.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>


typedef struct {
    int64_t  cpu;      /* ns */
    int64_t  clock;
    long     sleeps;
} moment_t;


static volatile sig_atomic_t  longest;    /* us of CPU time, or of sleep */
static int                    fd = -1;


/* nginx empties the environment of its workers. */
__attribute__((constructor)) static void
start(void)
{
    fd = open(getenv("TURNS"), O_WRONLY|O_APPEND|O_CLOEXEC);
}


static int64_t
now(clockid_t id)
{
    struct timespec  ts;

    clock_gettime(id, &ts);

    return (int64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}


static moment_t
moment(void)
{
    struct rusage  usage;

    getrusage(RUSAGE_THREAD, &usage);

    return (moment_t) { .cpu = now(CLOCK_THREAD_CPUTIME_ID),
                        .clock = now(CLOCK_MONOTONIC),
                        .sleeps = usage.ru_nvcsw };
}


static void
forget(int signo)
{
    (void) signo;
    longest = 0;
}


static void
tell(const moment_t *from, const moment_t *to)
{
    int   n, cpu, clock, sleeps, length;
    char  line[80];

    cpu = (int) ((to->cpu - from->cpu) / 1000);
    clock = (int) ((to->clock - from->clock) / 1000);
    sleeps = (int) (to->sleeps - from->sleeps);
    length = sleeps ? clock : cpu;

    if (length <= longest) {
        return;
    }

    longest = length;

    n = snprintf(line, sizeof(line), "%d %d %d\n", cpu, clock, sleeps);

    if (write(fd, line, (size_t) n) != n) {
        _exit(2);
    }
}


int
epoll_wait(int ep, struct epoll_event *events, int nevents, int timeout)
{
    static int      (*next)(int, struct epoll_event *, int, int);
    static moment_t   before;

    int               n;
    moment_t          after;

    if (next == NULL) {
        *(void **) &next = dlsym(RTLD_NEXT, "epoll_wait");
        signal(SIGRTMIN, forget);

    } else {
        after = moment();
        tell(&before, &after);
    }

    n = next(ep, events, nevents, timeout);
    before = moment();

    return n;
}
