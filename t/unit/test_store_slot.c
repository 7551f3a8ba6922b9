/*
 * Copyright (C) ngx_video authors
 *
 * A slot changes hands while somebody looks for the dead: a worker that has
 * just come must never be taken for the dead one before it.
 *
 * A child looks for dead workers.  At each of its instructions it is stopped,
 * the dead one's slot is swept and given to another; the child goes on while
 * that is half done, and when it is done.
 */

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "store_env.h"
#include "tap.h"


#define ZONE     (3 * 1024 * 1024)

/* enough to ask the kernel, then to wait for the lock */
#define STEPS    250

/* where there is no lock yet each instruction counts */
#define NEAR     200


static void               *zone;
static ngx_shmtx_t         mutex, dead_mutex, child_mutex;
static ngx_video_store_t   st, dead, child;


static void
look(void)
{
    store_env_child();
    alarm(120);

    if (store_env_attach(&child, &child_mutex, zone, 1) != 0) {
        _exit(1);
    }

    (void) ptrace(PTRACE_TRACEME, 0, 0, 0);

    for ( ;; ) {
        (void) raise(SIGSTOP);
        (void) store_env_sweep(&child);
    }
}


/* Returns 0 when the child has come to the end of its look. */
static int
steps(pid_t pid, int n)
{
    int  status;

    while (n--) {
        if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) != 0
            || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        {
            printf("Bail out! the child is lost\n");
            exit(1);
        }

        if (WSTOPSIG(status) == SIGSTOP) {
            return 0;
        }
    }

    return 1;
}


static void
finish(pid_t pid)
{
    int  status;

    if (ptrace(PTRACE_CONT, pid, 0, 0) != 0
        || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)
        || WSTOPSIG(status) != SIGSTOP)
    {
        printf("Bail out! the child is lost\n");
        exit(1);
    }
}


/*
 * What ngx_video_slot_open() does under the lock, in its order, with the
 * child in between: before the name is there, or before the state is.
 */
static int
hand_over(pid_t pid, ngx_video_slot_t *s, u_char *name, int when)
{
    int  running;

    ngx_video_store_lock(&st);

    s->generation++;
    running = when || steps(pid, STEPS);

    memcpy(s->name, name, 24);
    running = running && (!when || steps(pid, STEPS));

    ngx_video_store_sc(&s->state, NGX_VIDEO_SLOT_LIVE);
    ngx_video_store_sc(&s->pending, 0);

    ngx_video_store_unlock(&st);

    return running;
}


/*
 * The child is stopped after n instructions.  1: the worker lives; 0: it does
 * not; -1: by then the child has condemned the dead one itself.
 */
static int
test_step(pid_t pid, int n, int when)
{
    int                live, running;
    u_char             name[24];
    ngx_socket_t       fd;
    ngx_video_slot_t  *s;

    s = &st.slots[dead.slot];
    running = steps(pid, n);
    live = (s->state == NGX_VIDEO_SLOT_LIVE) ? 1 : -1;

    if (live == 1 && store_env(zone)->lock == 0) {
        (void) store_env_sweep(&st);

        fd = ngx_video_slot_socket(name);
        running = hand_over(pid, s, name, when);

        if (running) {
            finish(pid);
            running = 0;
        }

        live = (s->state == NGX_VIDEO_SLOT_LIVE);
        close(fd);
    }

    if (running) {
        finish(pid);
    }

    (void) store_env_sweep(&st);

    return live;
}


/* In the first slot, which is looked at first. */
static void
one_dies(void)
{
    (void) store_env_attach(&dead, &dead_mutex, zone, 1);
    store_env_kill(&dead);
}


static void
test(const char *title, int when)
{
    int    n, live, status;
    pid_t  pid;

    zone = store_env_zone(ZONE);
    (void) store_env_attach(&st, &mutex, zone, 0);
    (void) store_env_attach(&dead, &dead_mutex, zone, 1);

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        look();
    }

    (void) waitpid(pid, &status, 0);
    store_env_detach(&dead);

    for (n = 0, live = 1; live == 1; n += n < NEAR ? 1 : 7) {
        one_dies();
        live = test_step(pid, n, when);
    }

    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, &status, 0);

    ok(live && n > 20, "a slot that changes hands %s, after %d instructions: "
       "its worker lives", title, n);

    if (live == 0) {
        diag("it was swept");
    }

    store_env_kill(&st);
    store_env_drop(zone, ZONE);
}


int
main(void)
{
    const char  *preload;

    preload = getenv("LD_PRELOAD");

    if (preload && strstr(preload, "vgpreload")) {
        ok(1, "steps are not valgrind's # SKIP");
        return done_testing();
    }

    test("before its name is there", 0);
    test("before it is live", 1);

    return done_testing();
}
