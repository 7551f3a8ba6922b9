/*
 * Copyright (C) ngx_video authors
 *
 * One piece of work in a child process: see vtc_job.h.  The parent reads the
 * result and the reason of a failure from two pipes, and watches the time.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vtc_job.h"


/* A pipe's end that is read into a buffer that grows. */
typedef struct {
    int          fd;            /* -1: at its end */
    char        *text;
    size_t       len;
    size_t       size;
    size_t       max;
} vtc_stream_t;


void
vtc_job_alive(FILE *out)
{
    /* no text has a zero: it is dropped when it is read */

    fputc('\0', out);
    fflush(out);
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


static void
vtc_job_child(const vtc_limits_t *limits, vtc_work_pt work, void *data,
    int out, int why, pid_t parent)
{
    int    rc;
    FILE  *result, *reason;

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
#endif

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


/* Reads both pipes to their ends: 0, or -1 and why the child is to be ended. */
static int
vtc_job_watch(const vtc_limits_t *limits, vtc_stream_t s[2], vtc_result_t *r)
{
    int            i, n;
    struct pollfd  fds[2];

    while (s[0].fd != -1 || s[1].fd != -1) {

        for (i = 0; i < 2; i++) {
            fds[i].fd = s[i].fd;
            fds[i].events = POLLIN;
            fds[i].revents = 0;
        }

        n = poll(fds, 2, limits->silence ? (int) limits->silence * 1000 : -1);

        if (n == 0) {
            return vtc_job_fail(r, "no progress for %u s", limits->silence);
        }

        if (n == -1 && errno != EINTR) {
            return vtc_job_fail(r, "poll() failed: %s", strerror(errno));
        }

        for (i = 0; i < 2; i++) {
            if (n > 0 && fds[i].revents && vtc_job_read(&s[i]) != 0) {
                return vtc_job_fail(r, "the result is too long");
            }
        }
    }

    return 0;
}


/* What became of the child. */
static int
vtc_job_end(pid_t pid, vtc_stream_t *why, vtc_result_t *r)
{
    int  status;

    while (waitpid(pid, &status, 0) == -1) {
        if (errno != EINTR) {
            return vtc_job_fail(r, "waitpid() failed: %s", strerror(errno));
        }
    }

    if (r->why[0]) {
        return -1;
    }

    if (WIFSIGNALED(status)) {
        return vtc_job_fail(r, "crashed: %s", strsignal(WTERMSIG(status)));
    }

    if (WEXITSTATUS(status) == 0) {
        return 0;
    }

    return vtc_job_fail(r, "%s", why->len ? why->text : "failed");
}


int
vtc_job_run(const vtc_limits_t *limits, vtc_work_pt work, void *data,
    vtc_result_t *r)
{
    int           i, out[2], why[2];
    pid_t         pid, parent;
    vtc_stream_t  s[2];

    memset(r, 0, sizeof(vtc_result_t));
    memset(s, 0, sizeof(s));

    if (pipe(out) == -1) {
        return vtc_job_fail(r, "pipe() failed: %s", strerror(errno));
    }

    if (pipe(why) == -1) {
        close(out[0]);
        close(out[1]);
        return vtc_job_fail(r, "pipe() failed: %s", strerror(errno));
    }

    /* nothing that is buffered is to be written twice */
    fflush(NULL);

    parent = getpid();
    pid = fork();

    if (pid == 0) {
        close(out[0]);
        close(why[0]);
        vtc_job_child(limits, work, data, out[1], why[1], parent);
    }

    close(out[1]);
    close(why[1]);

    s[0].fd = out[0];
    s[0].max = VTC_RESULT_MAX;
    s[1].fd = why[0];
    s[1].max = 65536;

    if (pid == -1) {
        (void) vtc_job_fail(r, "fork() failed: %s", strerror(errno));

    } else {

        if (vtc_job_watch(limits, s, r) != 0) {
            kill(pid, SIGKILL);
        }

        (void) vtc_job_end(pid, &s[1], r);
    }

    for (i = 0; i < 2; i++) {
        if (s[i].fd != -1) {
            close(s[i].fd);
        }
    }

    free(s[1].text);
    r->text = s[0].text;
    r->len = s[0].len;

    return r->why[0] ? -1 : 0;
}
