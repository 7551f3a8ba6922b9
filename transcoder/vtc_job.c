/*
 * Copyright (C) ngx_video authors
 *
 * One piece of work in a child process: see vtc_job.h.  The parent reads the
 * result and the reason of a failure from two pipes, and watches the time.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vtc_job.h"


void
vtc_job_alive(FILE *out)
{
    /* no text has a zero: it is dropped when it is read */

    fputc('\0', out);
    fflush(out);
}


static int  vtc_job_fd;


static void
vtc_job_tick(int signo)
{
    int  saved;

    (void) signo;
    saved = errno;

    if (write(vtc_job_fd, "", 1) == -1) {
        /* nobody listens any more */
        errno = saved;
        return;
    }

    errno = saved;
}


void
vtc_job_lives(FILE *out)
{
    struct itimerval   it;
    struct sigaction   sa;

    memset(&it, 0, sizeof(it));
    memset(&sa, 0, sizeof(sa));

    if (out) {
        fflush(out);
        vtc_job_fd = fileno(out);
        it.it_value.tv_sec = 1;
        it.it_interval.tv_sec = 1;
        sa.sa_handler = vtc_job_tick;
        sa.sa_flags = SA_RESTART;
        (void) sigaction(SIGALRM, &sa, NULL);
    }

    (void) setitimer(ITIMER_REAL, &it, NULL);
}


static int
vtc_job_fail(vtc_result_t *r, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    vsnprintf(r->why, sizeof(r->why), fmt, args);
    va_end(args);

    return -1;
}


static void
vtc_job_limit(int resource, rlim_t value)
{
    struct rlimit  limit = { value, value };

    /* a lower limit that is there already holds */
    (void) setrlimit(resource, &limit);
}


void
vtc_job_confine(const vtc_limits_t *limits, pid_t parent)
{
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);

    /* it may have died before */
    if (getppid() != parent) {
        _exit(2);
    }

    vtc_job_limit(RLIMIT_CORE, 0);

#if !defined(__SANITIZE_ADDRESS__)
    if (limits->memory) {
        vtc_job_limit(RLIMIT_AS, limits->memory);
    }
#else
    (void) limits;
#endif
}


static void
vtc_job_child(const vtc_limits_t *limits, vtc_work_pt work, void *data,
    int out, int why, pid_t parent)
{
    int    rc;
    FILE  *result, *reason;

    vtc_job_confine(limits, parent);

    result = fdopen(out, "w");
    reason = fdopen(why, "w");

    if (result == NULL || reason == NULL) {
        _exit(2);
    }

    rc = work(data, result, reason);

    if (fflush(result) != 0 || fflush(reason) != 0) {
        rc = -1;
    }

#if defined(__SANITIZE_ADDRESS__)
    /* looks for leaks */
    exit(rc == 0 ? 0 : 1);
#else
    _exit(rc == 0 ? 0 : 1);
#endif
}


/* Takes n bytes that have been read, but signs of life. */
static void
vtc_job_text(vtc_stream_t *s, size_t n)
{
    char  *from, *end;

    from = s->text + s->len;

    for (end = from + n; from < end; from++) {
        if (*from) {
            s->text[s->len++] = *from;
        }
    }
}


/* Reads what there is: 0, or -1 when there is no memory, or too much text. */
static int
vtc_job_read(vtc_stream_t *s)
{
    char     *text;
    size_t    size;
    ssize_t   n;

    if (s->size - s->len < 2) {
        size = s->size ? s->size * 2 : 4096;
        text = size > s->max ? NULL : realloc(s->text, size);

        if (text == NULL) {
            return -1;
        }

        s->text = text;
        s->size = size;
    }

    n = read(s->fd, s->text + s->len, s->size - s->len - 1);

    if (n > 0) {
        vtc_job_text(s, (size_t) n);

    } else if (n == 0 || errno != EINTR) {
        close(s->fd);
        s->fd = -1;
    }

    s->text[s->len] = '\0';

    return 0;
}


static int64_t
vtc_job_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/* What became of the child, which has ended or will at once. */
static vtc_job_t *
vtc_job_end(vtc_job_t *j)
{
    int            i, status;
    vtc_result_t  *r;

    r = &j->result;

    while (waitpid(j->pid, &status, 0) == -1 && errno == EINTR) { /* void */ }

    j->pid = 0;

    if (r->why[0] == '\0') {

        if (WIFSIGNALED(status)) {
            (void) vtc_job_fail(r, "crashed: %s", strsignal(WTERMSIG(status)));

        } else if (WEXITSTATUS(status) != 0) {
            (void) vtc_job_fail(r, "%s", j->streams[1].len
                                ? j->streams[1].text : "failed");
        }
    }

    for (i = 0; i < 2; i++) {
        if (j->streams[i].fd != -1) {
            close(j->streams[i].fd);
        }
    }

    free(j->streams[1].text);
    r->text = j->streams[0].text;
    r->len = j->streams[0].len;

    return j;
}


/* What one has written, by poll(): whether it has ended. */
static int
vtc_job_heard(vtc_job_t *j, const struct pollfd *fds, int64_t now)
{
    int  i;

    for (i = 0; i < 2; i++) {

        if (j->streams[i].fd == -1 || !fds[i].revents) {
            continue;
        }

        j->alive = now;

        if (vtc_job_read(&j->streams[i]) != 0) {
            (void) vtc_job_fail(&j->result, "the result is too long");
            kill(j->pid, SIGKILL);
            return 1;
        }
    }

    if (j->streams[0].fd == -1 && j->streams[1].fd == -1) {
        return 1;
    }

    if (j->limits.silence
        && now - j->alive > (int64_t) j->limits.silence * 1000)
    {
        (void) vtc_job_fail(&j->result, "no progress for %u s",
                            j->limits.silence);
        kill(j->pid, SIGKILL);
        return 1;
    }

    return 0;
}


/* ms until the first of them has been silent for too long, or "ms". */
static int
vtc_job_patience(const vtc_job_t *jobs, unsigned n, int ms)
{
    int64_t   left, now;
    unsigned  i;

    now = vtc_job_now();

    for (i = 0; i < n; i++) {

        if (jobs[i].pid == 0 || jobs[i].limits.silence == 0) {
            continue;
        }

        left = jobs[i].alive + (int64_t) jobs[i].limits.silence * 1000 + 1
               - now;
        left = left < 0 ? 0 : left;

        if (ms < 0 || left < ms) {
            ms = (int) left;
        }
    }

    return ms;
}


vtc_job_t *
vtc_job_wait(vtc_job_t *jobs, unsigned n, int ms)
{
    int            rc;
    int64_t        now, until;
    unsigned       i, running;
    struct pollfd  fds[2 * VTC_JOBS_MAX];

    until = vtc_job_now() + ms;

    do {
        for (i = 0, running = 0; i < 2 * n; i++) {
            fds[i].fd = jobs[i / 2].pid ? jobs[i / 2].streams[i % 2].fd : -1;
            fds[i].events = POLLIN;
            fds[i].revents = 0;
            running += jobs[i / 2].pid != 0;
        }

        if (running == 0) {
            return NULL;
        }

        now = vtc_job_now();
        rc = poll(fds, 2 * n,
                  vtc_job_patience(jobs, n, ms < 0 ? -1 : until < now ? 0
                                                : (int) (until - now)));
        now = vtc_job_now();

        for (i = 0; rc >= 0 && i < n; i++) {
            if (jobs[i].pid && vtc_job_heard(&jobs[i], &fds[2 * i], now)) {
                return vtc_job_end(&jobs[i]);
            }
        }

    } while (ms < 0 || now < until);

    return NULL;
}


void
vtc_job_kill(vtc_job_t *jobs, unsigned n)
{
    unsigned  i;

    for (i = 0; i < n; i++) {
        if (jobs[i].pid) {
            kill(jobs[i].pid, SIGKILL);
            (void) vtc_job_end(&jobs[i]);
            free(jobs[i].result.text);
            jobs[i].result.text = NULL;
        }
    }
}


int
vtc_job_start(vtc_job_t *j, const vtc_limits_t *limits, vtc_work_pt work,
    void *data)
{
    int    out[2], why[2];
    pid_t  parent;

    memset(j, 0, sizeof(vtc_job_t));

    if (pipe2(out, O_CLOEXEC) == -1) {
        return vtc_job_fail(&j->result, "pipe() failed: %s", strerror(errno));
    }

    if (pipe2(why, O_CLOEXEC) == -1) {
        close(out[0]);
        close(out[1]);
        return vtc_job_fail(&j->result, "pipe() failed: %s", strerror(errno));
    }

    /* nothing that is buffered is to be written twice */
    fflush(NULL);

    parent = getpid();
    j->pid = fork();

    if (j->pid == 0) {
        close(out[0]);
        close(why[0]);
        vtc_job_child(limits, work, data, out[1], why[1], parent);
    }

    close(out[1]);
    close(why[1]);

    if (j->pid == -1) {
        j->pid = 0;
        close(out[0]);
        close(why[0]);
        return vtc_job_fail(&j->result, "fork() failed: %s", strerror(errno));
    }

    j->limits = *limits;
    j->alive = vtc_job_now();
    j->streams[0].fd = out[0];
    j->streams[0].max = VTC_RESULT_MAX;
    j->streams[1].fd = why[0];
    j->streams[1].max = 65536;

    return 0;
}


int
vtc_job_run(const vtc_limits_t *limits, vtc_work_pt work, void *data,
    vtc_result_t *r)
{
    vtc_job_t  job;

    if (vtc_job_start(&job, limits, work, data) == 0) {
        (void) vtc_job_wait(&job, 1, -1);
    }

    *r = job.result;

    return r->why[0] ? -1 : 0;
}
