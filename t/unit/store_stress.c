/*
 * Copyright (C) ngx_video authors
 *
 * The stress of the store: processes that write, read, wait, publish and die
 * over one zone.
 *
 *   store_stress [--seconds N] [--procs N] [--seed N] [--kill MS]
 *
 * Each process runs a few writers, readers, a publisher and a viewer at a
 * time, as a worker does.  The parent kills one every so often, forces its
 * lock open as nginx's master does, and starts another.  Prints TAP:
 *
 *   no wrong byte: each is a function of its object and place
 *   no lost wake-up: what changed is told by a wake, not found by the scan of
 *       once a second; a killed writer may take one with it
 *   the lock is never held long
 *   afterwards everything is free again
 */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "zone_env.h"
#include "tap.h"


#define KEYS      120
#define TASKS     10
#define STREAMS   4
#define MAX_PROCS 64


/* what all processes tell the parent */
typedef struct {
    uint32_t        stop;
    uint64_t        wrong;
    uint64_t        lost;
    uint64_t        written;
    uint64_t        read;
    uint64_t        completed;
    uint64_t        aborted;
    uint64_t        waits;
    uint64_t        woken;
    uint64_t        parts;
    uint64_t        parts_read;
    uint64_t        full;
} report_t;


typedef enum { IDLE, WRITE, READ, PUBLISH, VIEW } task_kind_e;


typedef struct {
    task_kind_e              kind;
    ngx_video_ref_t          ref;
    ngx_video_cursor_t       cursor;
    ngx_video_waiter_t       waiter;
    ngx_video_signal_t      *signal;        /* parked on */
    uint64_t                 seen;
    uint64_t                 suspect;       /* ns since a change went unseen */
    uint64_t                 at;
    uint64_t                 size;
    uint64_t                 rest_until;    /* ns */
    uint64_t                 msn;
    ngx_uint_t               live;
    ngx_uint_t               track;
    ngx_uint_t               parts;
    unsigned                 parked:1;
} task_t;


static report_t           *report;
static zone_env_t         *env;
static ngx_video_store_t   st;
static task_t              tasks[TASKS];
static uint64_t            rng;


static uint32_t
rnd(uint32_t n)
{
    rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;

    return (uint32_t) (rng >> 33) % n;
}


static void
count(uint64_t *n, uint64_t add)
{
    __atomic_fetch_add(n, add, __ATOMIC_RELAXED);
}


static u_char
byte_of(uint64_t id, uint64_t at)
{
    return (u_char) ((id * 0x9e3779b97f4a7c15ULL >> 32) + at * 31
                     + (at >> 8) * 7);
}


static void
fill(u_char *p, size_t n, uint64_t id, uint64_t at)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        p[i] = byte_of(id, at + i);
    }
}


static void
verify(const u_char *p, size_t n, uint64_t id, uint64_t at)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (p[i] != byte_of(id, at + i)) {
            count(&report->wrong, 1);
            return;
        }
    }
}


static void
task_end(task_t *t)
{
    if (t->parked) {
        ngx_video_wait_cancel(&t->waiter);
    }

    switch (t->kind) {

    case WRITE:
        ngx_video_object_abort(&st, &t->ref);
        break;

    case PUBLISH:
        ngx_video_live_end(&st, t->live, rnd(2));
        break;

    default:
        break;
    }

    ngx_video_object_put(&st, &t->ref);
    memset(t, 0, sizeof(task_t));
}


static void
woken(ngx_video_waiter_t *w)
{
    task_t  *t = w->data;

    t->parked = 0;
    t->suspect = 0;
    count(&report->woken, 1);
}


static void
park(task_t *t, ngx_video_signal_t *signal, uint64_t seen)
{
    t->waiter.handler = woken;
    t->waiter.data = t;
    t->signal = signal;
    t->seen = seen;
    t->suspect = 0;

    if (ngx_video_wait(&st, signal, seen, &t->waiter) == NGX_AGAIN) {
        t->parked = 1;
        count(&report->waits, 1);
    }
}


static void
start_object(task_t *t)
{
    u_char     buf[32];
    ngx_int_t  rc;
    ngx_str_t  key;

    key.data = buf;
    key.len = (size_t) snprintf((char *) buf, sizeof(buf), "object:%u",
                                rnd(KEYS));

    rc = ngx_video_object_open(&st, &key, 0,
                               rnd(20) ? NGX_VIDEO_OPEN_CREATE
                                       : NGX_VIDEO_OPEN_REPLACE, &t->ref);

    if (rc == NGX_DONE) {
        t->kind = WRITE;
        t->size = 1 + rnd(rnd(4) ? 20000 : 400000);

    } else if (rc == NGX_OK) {
        t->kind = READ;

    } else {
        count(&report->full, 1);
    }
}


static void
run_write(task_t *t)
{
    u_char  buf[8192];
    size_t  n;

    n = 1 + rnd(sizeof(buf));
    n = t->at + n > t->size ? (size_t) (t->size - t->at) : n;

    fill(buf, n, t->ref.id, t->at);

    if (rnd(300) == 0
        || ngx_video_object_append(&st, &t->ref, buf, n) != NGX_OK)
    {
        count(&report->aborted, 1);
        task_end(t);
        return;
    }

    t->at += n;
    count(&report->written, n);
    ngx_video_object_flush(&st, &t->ref);

    if (t->at == t->size) {
        ngx_video_object_complete(&st, &t->ref);
        count(&report->completed, 1);
        t->kind = IDLE;
        ngx_video_object_put(&st, &t->ref);
        memset(t, 0, sizeof(task_t));
    }
}


static void
run_read(task_t *t)
{
    size_t               n;
    u_char              *p;
    uint64_t             filled, seen;
    ngx_uint_t           state;
    ngx_video_object_t  *o;

    o = ngx_video_object(&st, &t->ref);
    seen = ngx_video_signal_seen(&o->signal);
    state = ngx_video_object_state(&st, &t->ref);
    filled = ngx_video_object_filled(&st, &t->ref);

    if (o->id != t->ref.id) {
        count(&report->wrong, 1);
    }

    if (t->at < filled) {
        p = ngx_video_object_span(&st, &t->ref, &t->cursor, t->at, &n);
        n = t->at + n > filled ? (size_t) (filled - t->at) : n;
        verify(p, n, t->ref.id, t->at);
        t->at += n;
        count(&report->read, n);

        if (rnd(40) == 0) {
            /* a slow reader keeps its reference */
            t->rest_until = zone_env_ns() + rnd(200) * 1000000ULL;
        }

        return;
    }

    if (state == NGX_VIDEO_OBJECT_FILLING) {
        park(t, &o->signal, seen);
        return;
    }

    task_end(t);
}


static void
start_publish(task_t *t)
{
    u_char                 buf[16];
    nvm_track_t            track;
    ngx_video_live_conf_t  conf;

    memset(&conf, 0, sizeof(conf));
    memset(&track, 0, sizeof(track));

    conf.name.data = buf;
    conf.name.len = (size_t) snprintf((char *) buf, sizeof(buf), "live%u",
                                      rnd(STREAMS));
    conf.segment = 1000;
    conf.part = 200;
    conf.window = 4000;
    conf.reserve = 512 * 1024;

    if (ngx_video_live_publish(&st, &conf, &t->live) != NGX_OK) {
        return;
    }

    t->kind = PUBLISH;
    track.timescale = 1000;
    track.kind = NVM_VIDEO;

    if (ngx_video_live_track(&st, t->live, &track, 200,
                             (u_char *) "init", 4, &t->track)
        != NGX_OK)
    {
        task_end(t);
        return;
    }

    ngx_video_live_ready(&st, t->live);
    t->msn = ngx_video_live_first_msn(&st, t->live);
    t->rest_until = zone_env_ns();
}


/* Bytes of a part depend on epoch, segment and place. */
static uint64_t
part_id(uint64_t epoch, uint64_t msn)
{
    return epoch * 31 + msn;
}


static void
run_publish(task_t *t)
{
    u_char      buf[6000];
    nvm_part_t  part;
    ngx_int_t   rc;

    rc = NGX_OK;

    if (t->parts == 0) {
        rc = ngx_video_live_segment_open(&st, t->live, t->track, t->msn,
                                         t->at * 200, 1, 1);
        t->size = 0;
    }

    memset(&part, 0, sizeof(part));
    part.dts = t->at * 200;
    part.duration = 200;
    part.size = 1 + rnd(sizeof(buf));

    fill(buf, part.size, part_id(st.lives[t->live].epoch, t->msn), t->size);

    if (rc != NGX_OK
        || ngx_video_live_part(&st, t->live, t->track, &part, buf) != NGX_OK
        || rnd(200) == 0)
    {
        task_end(t);
        return;
    }

    count(&report->parts, 1);
    t->size += part.size;
    t->at++;

    if (++t->parts == 5) {
        (void) ngx_video_live_segment_close(&st, t->live, t->track);
        t->parts = 0;
        t->msn++;
    }

    t->rest_until = zone_env_ns() + rnd(20) * 1000000ULL;
}


/* Reads the newest part of a stream, then waits for the stream to change. */
static void
run_view(task_t *t)
{
    size_t                     n;
    u_char                    *p, buf[16];
    uint64_t                   at, end;
    ngx_str_t                  name;
    nvm_part_t                 range;
    ngx_video_live_info_t      info;
    ngx_video_live_edge_t      edge;
    ngx_video_live_segment_t   segment;

    name.data = buf;
    name.len = (size_t) snprintf((char *) buf, sizeof(buf), "live%u",
                                 (unsigned) t->live);

    if (ngx_video_live_find(&st, &name, &info) != NGX_OK
        || ngx_video_live_edge(&st, &info, 0, &edge) != NGX_OK
        || rnd(100) == 0)
    {
        task_end(t);
        return;
    }

    if (!edge.empty && edge.nparts
        && ngx_video_live_media(&st, &info, 0, edge.msn,
                                (ngx_int_t) edge.nparts - 1, &segment, &range)
           == NGX_OK)
    {
        t->ref = segment.object;
        memset(&t->cursor, 0, sizeof(t->cursor));
        end = (uint64_t) range.offset + range.size;

        for (at = range.offset; at < end; at += n) {
            p = ngx_video_object_span(&st, &t->ref, &t->cursor, at, &n);
            n = at + n > end ? (size_t) (end - at) : n;
            verify(p, n, part_id(info.epoch, edge.msn), at);
        }

        ngx_video_object_put(&st, &t->ref);
        count(&report->parts_read, 1);
    }

    park(t, ngx_video_live_signal(&st, info.index), info.seen);
}


static void
run_task(task_t *t)
{
    if (t->parked || zone_env_ns() < t->rest_until) {
        return;
    }

    switch (t->kind) {

    case IDLE:
        if (t == &tasks[0]) {
            start_publish(t);

        } else if (t == &tasks[1]) {
            t->kind = VIEW;
            t->live = rnd(STREAMS);

        } else {
            start_object(t);
        }

        break;

    case WRITE:
        run_write(t);
        break;

    case READ:
        run_read(t);
        break;

    case PUBLISH:
        run_publish(t);
        break;

    case VIEW:
        run_view(t);
        break;
    }
}


/*
 * Something changed, nothing is pending, and it stays so: nobody will tell.
 * A writer may be between the change and the wake, for as long as the
 * scheduler likes, so half a second has to pass.
 */
static void
check_lost(void)
{
    ngx_uint_t  i;
    uint64_t    now;
    task_t     *t;

    now = zone_env_ns();

    for (i = 0; i < TASKS; i++) {
        t = &tasks[i];

        if (!t->parked || ngx_video_load_sc(&t->signal->seq) == t->seen
            || ngx_video_load_sc(&st.slots[st.slot].pending))
        {
            t->suspect = 0;
            continue;
        }

        if (t->suspect == 0) {
            t->suspect = now;

        } else if (now - t->suspect > 500000000ULL) {
            count(&report->lost, 1);
            t->suspect = 0;
            ngx_video_store_sc(&st.slots[st.slot].pending, 0);
            ngx_video_wait_scan(&st);
        }
    }
}


static void
child_loop(ngx_socket_t fd)
{
    u_char         buf[8];
    uint64_t       tick;
    ngx_uint_t     i, busy, rounds;
    struct pollfd  p;

    tick = zone_env_ns();
    rounds = 2000 + rnd(20000);

    while (!ngx_video_load(&report->stop) && rounds--) {
        busy = 0;

        for (i = 0; i < TASKS; i++) {
            run_task(&tasks[i]);
            busy |= !tasks[i].parked
                    && tasks[i].rest_until < zone_env_ns();
        }

        p.fd = fd;
        p.events = POLLIN;

        if (poll(&p, 1, busy ? 0 : 5) > 0) {
            while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) {
                /* void */
            }

            ngx_video_store_sc(&st.slots[st.slot].pending, 0);
            ngx_video_wait_scan(&st);
        }

        check_lost();

        if (zone_env_ns() - tick > 300000000ULL) {
            tick = zone_env_ns();
            zone_env_clock();
            (void) ngx_video_slot_check(&st);
            ngx_video_live_reap(&st, (uint64_t) time(NULL) * 1000
                                     + NGX_VIDEO_LIVE_LINGER - 500);
        }
    }
}


static void
child(uint64_t seed)
{
    u_char        name[24];
    ngx_uint_t    i;
    ngx_socket_t  fd;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    rng = seed;

    fd = ngx_video_slot_socket(name);
    if (fd == (ngx_socket_t) -1
        || ngx_video_store_attach(&st, env->zone, &env->mutex) != NGX_OK
        || ngx_video_slot_open(&st, fd, name) != NGX_OK)
    {
        _exit(2);
    }

    child_loop(fd);

    for (i = 0; i < TASKS; i++) {
        if (rnd(2) || ngx_video_load(&report->stop)) {
            task_end(&tasks[i]);
        }
    }

    /* what is left, the slot gives back */
    ngx_video_slot_close(&st);
    _exit(0);
}


static pid_t
start_child(uint64_t seed)
{
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        child(seed);
    }

    return pid;
}


/* Takes everything out of the index and checks that nothing is left. */
static void
check_end(ngx_uint_t kills)
{
    u_char              name[24], buf[32];
    size_t              i;
    uint64_t            refs;
    ngx_uint_t          n;
    ngx_str_t           key;
    ngx_socket_t        fd;
    ngx_video_ref_t     ref;
    ngx_video_head_t   *h;

    st = env->store;
    h = st.head;

    fd = ngx_video_slot_socket(name);
    zone_env_clock();
    ok(ngx_video_slot_open(&st, fd, name) == NGX_OK, "a slot is free");

    ngx_video_store(&h->checked, 0);
    (void) ngx_video_slot_check(&st);
    ngx_video_live_reap(&st, (uint64_t) time(NULL) * 1000
                             + 2 * NGX_VIDEO_LIVE_LINGER);

    for (n = 0; n < KEYS; n++) {
        key.data = buf;
        key.len = (size_t) snprintf((char *) buf, sizeof(buf), "object:%u",
                                    (unsigned) n);

        if (ngx_video_object_open(&st, &key, 0, 0, &ref) == NGX_OK) {
            ngx_video_object_unlink(&st, &ref);
            ngx_video_object_put(&st, &ref);
        }
    }

    for (refs = 0, i = 0; i < (size_t) h->nobjects * NGX_VIDEO_SLOTS; i++) {
        refs += st.refs[i];
    }

    is_int(refs, 0, "no reference is left");
    is_int(h->nused, 0, "no object is left");
    is_int(h->nfree, h->nchunks, "all chunks are free");
    is_int(h->reserved, 0, "nothing is reserved");

    printf("# %lu kills, %lu recoveries, %lu evictions, %lu wakes\n",
           (unsigned long) kills, (unsigned long) h->recoveries,
           (unsigned long) h->evictions, (unsigned long) h->wakes);
}


static ngx_uint_t
run(ngx_uint_t seconds, ngx_uint_t procs, uint64_t seed, ngx_uint_t kill_ms)
{
    int          status;
    pid_t        pid, pids[MAX_PROCS];
    uint64_t     end, next_kill;
    ngx_uint_t   i, kills, crashed, left;

    kills = 0;
    crashed = 0;
    end = zone_env_ns() + seconds * 1000000000ULL;
    next_kill = zone_env_ns();

    for (i = 0; i < procs; i++) {
        pids[i] = start_child(seed++);
    }

    while (zone_env_ns() < end) {

        if (kill_ms && zone_env_ns() > next_kill) {
            next_kill = zone_env_ns() + (1 + rnd(2 * kill_ms)) * 1000000ULL;
            kill(pids[rnd(procs)], SIGKILL);
            kills++;
        }

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            crashed += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
            crashed += WIFEXITED(status) && WEXITSTATUS(status) != 0;
            zone_env_unlock(env, pid);

            for (i = 0; i < procs; i++) {
                if (pids[i] == pid) {
                    pids[i] = start_child(seed++);
                }
            }
        }

        usleep(1000);
    }

    ngx_video_store(&report->stop, 1);

    /* in any order: the one that died with the lock lets the others go on */
    for (left = procs; left; ) {
        pid = waitpid(-1, &status, 0);

        if (pid == -1) {
            left = errno == EINTR ? left : 0;
            continue;
        }

        zone_env_unlock(env, pid);
        crashed += WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL;
        crashed += WIFEXITED(status) && WEXITSTATUS(status) != 0;
        left--;
    }

    is_int(crashed, 0, "no process crashed");

    return kills;
}


int
main(int argc, char **argv)
{
    int         i;
    uint64_t    seed;
    ngx_uint_t  seconds, procs, kill_ms, kills;

    seconds = 60;
    procs = 8;
    seed = 1;
    kill_ms = 30;

    for (i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0) {
            seconds = (ngx_uint_t) atoi(argv[i + 1]);

        } else if (strcmp(argv[i], "--procs") == 0) {
            procs = (ngx_uint_t) ngx_min(atoi(argv[i + 1]), MAX_PROCS);

        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = (uint64_t) atoll(argv[i + 1]);

        } else if (strcmp(argv[i], "--kill") == 0) {
            kill_ms = (ngx_uint_t) atoi(argv[i + 1]);
        }
    }

    rng = seed;
    env = zone_env_create(12 * 1024 * 1024);
    report = mmap(NULL, sizeof(report_t), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    kills = run(seconds, procs, seed * 1000, kill_ms);

    printf("# written %lu MB, read %lu MB, objects %lu, aborted %lu, "
           "parts %lu, read %lu, waits %lu, woken %lu, full %lu\n",
           (unsigned long) report->written >> 20,
           (unsigned long) report->read >> 20,
           (unsigned long) report->completed,
           (unsigned long) report->aborted,
           (unsigned long) report->parts,
           (unsigned long) report->parts_read,
           (unsigned long) report->waits, (unsigned long) report->woken,
           (unsigned long) report->full);
    printf("# lock held at most %lu us, wake-ups lost %lu\n",
           (unsigned long) env->max_held / 1000,
           (unsigned long) report->lost);

    is_int(report->wrong, 0, "no wrong byte");
    ok(report->lost <= kills, "no wake-up was lost but by a killed writer");
    ok(report->completed > 0 && report->read > 0 && report->parts_read > 0
       && report->woken > 0, "there was something to test");

    check_end(kills);

    return done_testing();
}
