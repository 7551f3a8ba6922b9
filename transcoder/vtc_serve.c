/*
 * Copyright (C) ngx_video authors
 *
 * The daemon, see vtc_serve.h.  It reads no media itself, and nothing that a
 * worker sends.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nvm_wire.h"
#include "vtc_live.h"
#include "vtc_order.h"
#include "vtc_serve.h"


/* ms between two looks at what has ended, and two signs of life */
#define VTC_SERVE_TURN      500
#define VTC_SERVE_BEAT      1000

typedef struct {
    int                 listen;         /* -1: no more */
    pid_t               pids[VTC_STREAMS_MAX];
    unsigned            n;              /* of them */
} vtc_port_t;

typedef struct {
    const vtc_serve_t  *conf;
    vtc_port_t          ports[VTC_PORTS];
    int                 life;
    int64_t             beat;           /* ms, when the newest sign of life
                                           was given */
} vtc_server_t;


static volatile sig_atomic_t  vtc_serve_quit;


static void
vtc_serve_signal(int signo)
{
    if (signo != SIGCHLD) {
        vtc_serve_quit = 1;
    }
}


static int
vtc_serve_fail(const char *what)
{
    fprintf(stderr, "video-transcoder: %s failed: %s\n", what,
            strerror(errno));

    return -1;
}


/* A socket of its own, for tests and for those who try it. */
static int
vtc_serve_socket(const char *path)
{
    int                 fd;
    struct sockaddr_un  sun;

    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;

    if (strlen(path) >= sizeof(sun.sun_path)) {
        errno = ENAMETOOLONG;
        return vtc_serve_fail("bind()");
    }

    strcpy(sun.sun_path, path);
    (void) unlink(path);

    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1 || bind(fd, (struct sockaddr *) &sun, sizeof(sun)) == -1
        || listen(fd, VTC_STREAMS_MAX) == -1)
    {
        return vtc_serve_fail("bind()");
    }

    return fd;
}


/* Whether a process is one of these, which it is no more. */
static int
vtc_serve_ended(vtc_port_t *p, pid_t pid)
{
    unsigned  i;

    for (i = 0; i < p->n; i++) {
        if (p->pids[i] == pid) {
            p->pids[i] = p->pids[--p->n];
            return 1;
        }
    }

    return 0;
}


static void
vtc_serve_reap(vtc_server_t *s)
{
    int          status, signo;
    pid_t        pid;
    const char  *of;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        of = vtc_serve_ended(&s->ports[VTC_PORT_STREAMS], pid) ? "a stream"
             : vtc_serve_ended(&s->ports[VTC_PORT_THUMBS], pid) ? "thumbnails"
             : NULL;

        if (of && WIFSIGNALED(status)) {
            signo = WTERMSIG(status);
            fprintf(stderr, "video-transcoder: process %d of %s %s%s\n",
                    (int) pid, of, signo == SIGALRM
                    ? "made no progress" : "crashed: ",
                    signo == SIGALRM ? "" : strsignal(signo));
        }
    }
}


/* A worker that can't be served is told why. */
static void
vtc_serve_refuse(int fd, const char *why)
{
    uint8_t       buf[NVM_WIRE_HEAD + 128];
    nvm_writer_t  w;
    nvm_wire_t    m = { .type = NVM_WIRE_LOG, .flags = 3,
                        .len = strlen(why) };

    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_wire_write(&w, &m);
    nvm_writer_text(&w, why);

    if (w.error == NVM_OK) {
        (void) send(fd, buf, w.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}


/* In the process of a connection. */
static void
vtc_serve_child(vtc_server_t *s, vtc_port_e port, int fd, pid_t parent)
{
    int  i, rc;

    (void) signal(SIGTERM, SIG_DFL);
    (void) signal(SIGINT, SIG_DFL);

    for (i = 0; i < VTC_PORTS; i++) {
        if (s->ports[i].listen != -1) {
            close(s->ports[i].listen);
        }
    }

    if (s->life != -1) {
        close(s->life);
    }

    vtc_job_confine(&s->conf->limits, parent);
    (void) setpriority(PRIO_PROCESS, 0, s->conf->nice);

    rc = port == VTC_PORT_STREAMS ? vtc_live(fd, s->conf->limits.silence)
         : vtc_order(fd, &s->conf->limits);

    exit(rc == 0 ? 0 : 1);
}


static void
vtc_serve_accept(vtc_server_t *s, vtc_port_e port)
{
    int           fd;
    pid_t         pid, parent;
    socklen_t     len;
    vtc_port_t   *p;
    struct ucred  peer;

    p = &s->ports[port];
    fd = accept4(p->listen, NULL, NULL, SOCK_CLOEXEC);

    if (fd == -1) {

        if (errno != EAGAIN && errno != EINTR) {
            /* of descriptors or memory: it is still there */
            (void) usleep(VTC_SERVE_TURN * 100);
        }

        return;
    }

    len = sizeof(peer);
    parent = getpid();
    pid = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1
        || (peer.uid != geteuid() && peer.uid != 0))
    {
        vtc_serve_refuse(fd, "another user's process is not served");

    } else if (p->n == s->conf->ports[port].max) {
        vtc_serve_refuse(fd, "there are as many streams as there may be");

    } else {
        pid = fork();

        if (pid == -1) {
            vtc_serve_refuse(fd, "fork() failed");
        }
    }

    if (pid == 0 && getpid() != parent) {
        vtc_serve_child(s, port, fd, parent);
    }

    close(fd);

    if (pid > 0) {
        p->pids[p->n++] = pid;
    }
}


/* What is open already; lines for the log go to the life line, and never
   wait. */
static void
vtc_serve_inherit(vtc_server_t *s)
{
    int  i, fd;

    for (i = 0; i < VTC_PORTS; i++) {
        fd = s->ports[i].listen;

        if (fd != -1) {
            /* of two daemons that listen one gets the connection */
            (void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
            (void) fcntl(fd, F_SETFD, FD_CLOEXEC);
        }
    }

    if (s->life == -1) {
        return;
    }

    (void) fcntl(s->life, F_SETFL, fcntl(s->life, F_GETFL) | O_NONBLOCK);
    (void) fcntl(s->life, F_SETFD, FD_CLOEXEC);
    (void) dup2(s->life, STDERR_FILENO);
}


/*
 * All of it into a cgroup (version 2), whose limits are somebody else's choice.
 * One that can't be entered is no reason not to serve.
 */
static void
vtc_serve_cgroup(const char *dir)
{
    int      rc;
    FILE    *f;
    char     path[4096];

    rc = snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
    f = rc < (int) sizeof(path) ? fopen(path, "we") : NULL;

    if (f == NULL || fprintf(f, "%d\n", (int) getpid()) < 0
        || fflush(f) != 0)
    {
        fprintf(stderr, "video-transcoder: cgroup \"%s\" can't be entered: "
                "%s\n", dir, strerror(errno));
    }

    if (f) {
        fclose(f);
    }
}


/* Tells whoever started it that it lives, and how many streams it has. */
static void
vtc_serve_beat(vtc_server_t *s)
{
    char             text[16];
    int              n;
    int64_t          now;
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    now = (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;

    if (s->life != -1 && now - s->beat >= VTC_SERVE_BEAT) {
        s->beat = now;
        n = snprintf(text, sizeof(text), "@%u",
                     s->ports[VTC_PORT_STREAMS].n);
        (void) send(s->life, text, (size_t) n, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}


/* Whoever started it has gone, or wants no more of it. */
static int
vtc_serve_over(vtc_server_t *s)
{
    char     c;
    ssize_t  n;

    n = recv(s->life, &c, 1, MSG_DONTWAIT);

    return n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR);
}


static void
vtc_serve_close(vtc_server_t *s)
{
    int  i;

    for (i = 0; i < VTC_PORTS; i++) {
        if (s->ports[i].listen != -1) {
            close(s->ports[i].listen);
            s->ports[i].listen = -1;
        }
    }
}


static void
vtc_serve_turn(vtc_server_t *s)
{
    unsigned       i, full;
    struct pollfd  fds[VTC_PORTS + 1];

    for (i = 0; i < VTC_PORTS; i++) {
        full = i == VTC_PORT_THUMBS && s->ports[i].n == s->conf->ports[i].max;
        fds[i].fd = full ? -1 : s->ports[i].listen;
        fds[i].events = POLLIN;
        fds[i].revents = 0;
    }

    fds[VTC_PORTS].fd = s->life;
    fds[VTC_PORTS].events = POLLIN;
    fds[VTC_PORTS].revents = 0;

    if (poll(fds, VTC_PORTS + 1, VTC_SERVE_TURN) > 0) {

        for (i = 0; i < VTC_PORTS; i++) {
            if (fds[i].revents) {
                vtc_serve_accept(s, i);
            }
        }

        if (fds[VTC_PORTS].revents && vtc_serve_over(s)) {
            close(s->life);
            s->life = -1;
            vtc_serve_close(s);
        }
    }

    vtc_serve_reap(s);
    vtc_serve_beat(s);
}


/* The sockets: 0, or -1. */
static int
vtc_serve_listen(vtc_server_t *s)
{
    unsigned                i;
    const vtc_port_conf_t  *p;

    for (i = 0; i < VTC_PORTS; i++) {
        p = &s->conf->ports[i];
        s->ports[i].listen = p->path ? vtc_serve_socket(p->path) : p->listen;

        if (p->path && s->ports[i].listen == -1) {
            return -1;
        }
    }

    return 0;
}


/* All that is left is ended. */
static void
vtc_serve_end(vtc_server_t *s)
{
    unsigned  i, k;

    for (i = 0; i < VTC_PORTS; i++) {

        for (k = 0; k < s->ports[i].n; k++) {
            kill(s->ports[i].pids[k], SIGKILL);
        }

        if (s->conf->ports[i].path) {
            (void) unlink(s->conf->ports[i].path);
        }
    }

    vtc_serve_close(s);
}


int
vtc_serve(const vtc_serve_t *conf)
{
    vtc_server_t      s;
    struct sigaction  sa;

    memset(&s, 0, sizeof(s));
    s.conf = conf;
    s.life = conf->life;

    if (vtc_serve_listen(&s) != 0) {
        return -1;
    }

    vtc_serve_inherit(&s);

    if (conf->cgroup) {
        vtc_serve_cgroup(conf->cgroup);
    }

    /* whoever started it may have blocked them, or not cared */
    memset(&sa, 0, sizeof(sa));
    sigemptyset(&sa.sa_mask);
    (void) sigprocmask(SIG_SETMASK, &sa.sa_mask, NULL);
    (void) signal(SIGALRM, SIG_DFL);
    (void) signal(SIGPIPE, SIG_IGN);

    sa.sa_handler = vtc_serve_signal;

    if (sigaction(SIGCHLD, &sa, NULL) == -1
        || sigaction(SIGTERM, &sa, NULL) == -1
        || sigaction(SIGINT, &sa, NULL) == -1)
    {
        return vtc_serve_fail("sigaction()");
    }

    while (!vtc_serve_quit
           && (s.ports[VTC_PORT_STREAMS].listen != -1
               || s.ports[VTC_PORT_STREAMS].n || s.ports[VTC_PORT_THUMBS].n))
    {
        vtc_serve_turn(&s);
    }

    vtc_serve_end(&s);

    return 0;
}
