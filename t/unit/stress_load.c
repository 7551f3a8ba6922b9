/*
 * Copyright (C) ngx_video authors
 *
 * A worker of the stress of the store.  It has a publisher, a few viewers,
 * and writers and readers of objects, each a task that takes small steps, as
 * the requests of a worker do.
 *
 * Every byte is a function of what it belongs to and of its place, and so is
 * the length of an object: a reader can tell what is wrong without asking
 * the writer.
 */

#include <poll.h>

#include "stress.h"


#define TASKS       12
#define STREAMS     6
#define PART_MAX    60000
#define RESERVE_MAX 100         /* chunks; there is no room for it twice */

/* ns that a waiter may be ignorant of a change; the scheduler is slow too */
#define LOST_AFTER  1000000000ULL
#define MS          1000000ULL


typedef enum { IDLE, WRITE, READ, PUBLISH, VIEW } task_kind_e;


typedef struct {
    uint32_t        keys;           /* of objects */
    uint32_t        replaced;       /* one open in so many */
    uint32_t        stalled;        /* one read in so many ... */
    uint32_t        stall;          /* ... for ms, at most */
    uint32_t        part;           /* bytes, at most */
    uint32_t        reserve;        /* chunks promised to a stream */
} phase_t;


typedef struct {
    task_kind_e              kind;
    ngx_video_ref_t          ref;
    ngx_video_cursor_t       cursor;
    ngx_video_reader_t       reader;
    ngx_video_waiter_t       waiter;
    ngx_video_signal_t      *signal;        /* parked on */
    uint64_t                 seen;
    uint64_t                 suspect;       /* ns; what it waits for is there */
    uint64_t                 rest_until;    /* ns */

    uint64_t                 seed;          /* of the bytes */
    uint64_t                 at;
    uint64_t                 size;          /* 0: not known */

    ngx_uint_t               live;
    ngx_uint_t               track;
    ngx_uint_t               parts;
    uint32_t                 part;          /* bytes, at most */
    uint64_t                 msn;
    ngx_video_live_info_t    info;
    ngx_video_live_edge_t    edge;
    unsigned                 parked:1;
} task_t;


static phase_t  phases[STRESS_PHASES] = {
    /* all of it has room */
    { 60, 20, 40, 200, 6000, 8 },
    /* many times the zone, of what nobody asks for twice */
    { 5000, 20, 40, 200, 6000, 8 },
    /* slow readers of what is replaced, evicted and slides away */
    { 200, 3, 4, 1000, 30000, 26 },
    /* windows that fill the zone, and more that would */
    { 1000, 20, 20, 500, PART_MAX, 44 }
};


stress_report_t  *stress_report;

static __thread uint64_t            rng;
static __thread phase_t            *phase;
static __thread ngx_shmtx_t         mutex;
static __thread ngx_video_store_t   st;
static __thread task_t              tasks[TASKS];
static __thread u_char              buf[PART_MAX];


uint32_t
stress_random(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;

    return (uint32_t) (*state >> 33) % n;
}


static uint32_t
rnd(uint32_t n)
{
    return stress_random(&rng, n);
}


static void
count(uint64_t *n, uint64_t add)
{
    __atomic_fetch_add(n, add, __ATOMIC_RELAXED);
}


static u_char
byte_of(uint64_t seed, uint64_t at)
{
    return (u_char) ((seed * 0x9e3779b97f4a7c15ULL >> 32) + at * 31
                     + (at >> 8) * 7);
}


static void
fill(size_t n, uint64_t seed, uint64_t at)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        buf[i] = byte_of(seed, at + i);
    }
}


static void
verify(const u_char *p, size_t n, uint64_t seed, uint64_t at)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (p[i] != byte_of(seed, at + i)) {
            count(&stress_report->wrong, 1);
            return;
        }
    }
}


/* Small for the most part, sometimes a quarter of the zone. */
static uint64_t
size_of(uint64_t id)
{
    uint32_t  n;
    uint64_t  h;

    h = id * 0x9e3779b97f4a7c15ULL;
    n = (uint32_t) (h >> 32);

    switch (h >> 24 & 63) {

    case 0:
        return 1 + n % 3000000;

    case 1: case 2: case 3: case 4: case 5: case 6: case 7: case 8:
        return 1 + n % 400000;

    default:
        return 1 + n % 40000;
    }
}


static uint64_t
part_seed(uint64_t epoch, uint64_t msn)
{
    return epoch * 31 + msn;
}


static void
rest(task_t *t, uint32_t ms)
{
    t->rest_until = store_env_now() + rnd(ms + 1) * MS;
}


static void
task_end(task_t *t)
{
    if (t->parked) {
        ngx_video_wait_cancel(&t->waiter);
    }

    ngx_video_reader_remove(&t->reader);

    if (t->kind == WRITE) {
        ngx_video_object_abort(&st, &t->ref);
        count(&stress_report->aborted, 1);

    } else if (t->kind == PUBLISH) {
        ngx_video_live_end(&st, t->live, rnd(2));
    }

    ngx_video_object_put(&st, &t->ref);
    memset(t, 0, sizeof(task_t));
}


static void
woken(ngx_video_waiter_t *w)
{
    task_t  *t = w->data;

    t->parked = 0;
    count(&stress_report->woken, 1);
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
        count(&stress_report->waits, 1);
    }
}


static void
cut(ngx_video_reader_t *rd)
{
    count(&stress_report->cut, 1);
    task_end(rd->data);
}


static void
start_read(task_t *t, uint64_t seed, uint64_t size)
{
    t->kind = READ;
    t->seed = seed;
    t->size = size;
    t->at = 0;
    memset(&t->cursor, 0, sizeof(t->cursor));

    t->reader.ref = &t->ref;
    t->reader.cut = cut;
    t->reader.data = t;
    ngx_video_reader_add(&st, &t->reader);
}


static void
start_object(task_t *t)
{
    char       key[32];
    ngx_int_t  rc;

    snprintf(key, sizeof(key), "object:%u", rnd(phase->keys));

    rc = store_env_open(&st, key, rnd(phase->replaced)
                        ? NGX_VIDEO_OPEN_CREATE : NGX_VIDEO_OPEN_REPLACE,
                        &t->ref);

    if (rc == NGX_DONE) {
        t->kind = WRITE;
        t->seed = t->ref.id;
        t->size = size_of(t->ref.id);

    } else if (rc == NGX_OK) {
        start_read(t, t->ref.id, size_of(t->ref.id));

    } else {
        count(&stress_report->refused, 1);
        count(&stress_report->unclean, t->ref.id != 0);
        rest(t, 5);
    }
}


static void
run_write(task_t *t)
{
    size_t    n;
    uint64_t  filled;

    if (rnd(300) == 0) {
        task_end(t);
        return;
    }

    n = 1 + rnd(t->size > 100000 ? sizeof(buf) : 8192);
    n = ngx_min(n, t->size - t->at);
    fill(n, t->seed, t->at);

    if (ngx_video_object_append(&st, &t->ref, buf, n) != NGX_OK) {
        filled = ngx_video_object_filled(&st, &t->ref);
        count(&stress_report->refused, 1);
        count(&stress_report->unclean, filled != t->at);
        task_end(t);
        rest(t, 5);
        return;
    }

    t->at += n;
    count(&stress_report->written, n);
    ngx_video_object_flush(&st, &t->ref);

    if (t->at == t->size) {
        ngx_video_object_complete(&st, &t->ref);
        count(&stress_report->completed, 1);
        t->kind = IDLE;
        task_end(t);

    } else if (rnd(400) == 0) {
        /* long enough for a reader to miss a wake-up */
        rest(t, 1500);
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

    count(&stress_report->wrong, o->id != t->ref.id);

    if (t->at < filled) {
        p = ngx_video_object_span(&st, &t->ref, &t->cursor, t->at, &n);
        n = ngx_min(n, filled - t->at);
        verify(p, n, t->seed, t->at);
        t->at += n;
        count(&stress_report->read, n);

        if (!ngx_video_load(&o->linked) && !ngx_video_load(&o->owner)) {
            count(&stress_report->read_gone, n);
        }

        if (rnd(phase->stalled) == 0) {
            rest(t, phase->stall);
        }

        return;
    }

    if (state == NGX_VIDEO_OBJECT_FILLING) {
        park(t, &o->signal, seen);
        return;
    }

    if (state == NGX_VIDEO_OBJECT_COMPLETE && t->size && t->at != t->size) {
        count(&stress_report->wrong, 1);
    }

    task_end(t);
}


static void
start_publish(task_t *t)
{
    char         name[16];
    size_t       reserve;
    ngx_int_t    rc;
    nvm_track_t  track;

    snprintf(name, sizeof(name), "live%u", rnd(STREAMS));
    reserve = rnd(8) ? phase->reserve : RESERVE_MAX;

    rc = store_env_publish(&st, name, reserve * NGX_VIDEO_CHUNK_SIZE,
                           &t->live);

    if (rc != NGX_OK) {
        count(&stress_report->unpromised, rc == NGX_DECLINED);
        rest(t, 5);
        return;
    }

    t->kind = PUBLISH;
    t->part = phase->part;

    memset(&track, 0, sizeof(track));
    track.timescale = 1000;
    track.kind = NVM_VIDEO;

    if (ngx_video_live_track(&st, t->live, &track, 200, (u_char *) "init", 4,
                             &t->track)
        != NGX_OK)
    {
        count(&stress_report->parts_refused, 1);
        task_end(t);
        return;
    }

    ngx_video_live_ready(&st, t->live);
    t->msn = ngx_video_live_first_msn(&st, t->live);
}


static void
run_publish(task_t *t)
{
    ngx_int_t   rc;
    nvm_part_t  part;

    rc = NGX_OK;

    if (t->parts == 0) {
        rc = ngx_video_live_segment_open(&st, t->live, t->track, t->msn,
                                         t->at * 200, 1, 1);
        t->size = 0;
    }

    memset(&part, 0, sizeof(part));
    part.dts = t->at * 200;
    part.duration = 200;
    part.size = 1 + rnd(t->part);

    fill(part.size, part_seed(st.lives[t->live].epoch, t->msn), t->size);

    if (rc != NGX_OK
        || ngx_video_live_part(&st, t->live, t->track, &part, NULL, 0,
                               buf) != NGX_OK)
    {
        count(&stress_report->parts_refused, 1);
        task_end(t);
        return;
    }

    count(&stress_report->parts, 1);
    t->size += part.size;
    t->at++;

    if (++t->parts == 5) {
        (void) ngx_video_live_segment_close(&st, t->live, t->track);
        t->parts = 0;
        t->msn++;
    }

    if (rnd(t->part == phase->part ? 300 : 10) == 0) {
        task_end(t);
        return;
    }

    rest(t, t->part == PART_MAX ? 2 : 20);
}


static void
view_part(task_t *t)
{
    size_t                     n;
    u_char                    *p;
    uint64_t                   at, end;
    nvm_part_t                 range;
    ngx_video_live_segment_t   segment;

    if (ngx_video_live_media(&st, &t->info, 0, t->edge.msn,
                             (ngx_int_t) t->edge.nparts - 1, &segment, &range)
        != NGX_OK)
    {
        return;
    }

    memset(&t->cursor, 0, sizeof(t->cursor));
    end = (uint64_t) range.offset + range.size;

    for (at = range.offset; at < end; at += n) {
        p = ngx_video_object_span(&st, &segment.object, &t->cursor, at, &n);
        n = ngx_min(n, end - at);
        verify(p, n, part_seed(t->info.epoch, t->edge.msn), at);
    }

    ngx_video_object_put(&st, &segment.object);
    count(&stress_report->parts_read, 1);
}


/* Whether a segment may be a gap: the last of a run, that was cut off. */
static int
may_be_gap(task_t *t, ngx_video_live_edge_t *edge, uint64_t msn)
{
    ngx_video_live_info_t  now;

    return msn == edge->msn
           && ngx_video_live_info(&st, t->info.index, &now) == NGX_OK
           && now.epoch == t->info.epoch
           && now.state != NGX_VIDEO_LIVE_LIVE;
}


/* Becomes a reader of any segment of the window. */
static void
view_segment(task_t *t)
{
    uint64_t                   msn;
    ngx_int_t                  rc;
    nvm_part_t                 range;
    ngx_video_live_edge_t      edge;
    ngx_video_live_segment_t   segment;

    msn = t->edge.first + rnd((uint32_t) (t->edge.msn - t->edge.first) + 1);

    rc = ngx_video_live_media(&st, &t->info, 0, msn, -1, &segment, &range);

    if (rc == NGX_OK) {
        t->ref = segment.object;
        start_read(t, part_seed(t->info.epoch, msn),
                   segment.complete ? segment.size : 0);

    } else if (rc == NGX_DECLINED
               && ngx_video_live_edge(&st, &t->info, 0, &edge) == NGX_OK
               && !edge.empty && edge.first <= msn && msn <= edge.msn
               && !may_be_gap(t, &edge, msn))
    {
        count(&stress_report->missing, 1);
    }
}


static void
run_view(task_t *t)
{
    char       name[16];
    ngx_str_t  s;

    s.data = (u_char *) name;
    s.len = (size_t) snprintf(name, sizeof(name), "live%u",
                              (unsigned) t->live);

    if (ngx_video_live_find(&st, &s, 0, &t->info) != NGX_OK
        || ngx_video_live_edge(&st, &t->info, 0, &t->edge) != NGX_OK
        || rnd(100) == 0)
    {
        task_end(t);
        rest(t, 5);
        return;
    }

    if (!t->edge.empty && t->edge.nparts) {
        view_part(t);
    }

    if (!t->edge.empty && rnd(4) == 0) {
        view_segment(t);
        return;
    }

    park(t, ngx_video_live_signal(&st, t->info.index), t->info.seen);
}


static void
run_task(task_t *t)
{
    switch (t->kind) {

    case IDLE:
        if (t == &tasks[0]) {
            start_publish(t);

        } else if (t <= &tasks[2]) {
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


/* Whether there is what a parked task waits for. */
static ngx_uint_t
has_changed(task_t *t)
{
    ngx_video_live_info_t  info;
    ngx_video_live_edge_t  edge;

    if (ngx_video_signal_seen(t->signal) != t->seen) {
        return 1;
    }

    if (t->kind == READ) {
        return ngx_video_object_filled(&st, &t->ref) > t->at
               || ngx_video_object_state(&st, &t->ref)
                  != NGX_VIDEO_OBJECT_FILLING;
    }

    return ngx_video_live_info(&st, t->info.index, &info) != NGX_OK
           || info.epoch != t->info.epoch || info.state != t->info.state
           || ngx_video_live_edge(&st, &info, 0, &edge) != NGX_OK
           || edge.msn != t->edge.msn || edge.nparts != t->edge.nparts;
}


/*
 * No lost wake-up: nobody sleeps for long after the change.  Real workers
 * look once a second, which would hide it.
 */
static void
check_lost(void)
{
    uint64_t    now;
    ngx_uint_t  i;

    now = store_env_now();

    for (i = 0; i < TASKS; i++) {

        if (!tasks[i].parked || !has_changed(&tasks[i])) {
            tasks[i].suspect = 0;

        } else if (tasks[i].suspect == 0) {
            tasks[i].suspect = now;

        } else if (now - tasks[i].suspect > LOST_AFTER) {
            count(&stress_report->lost, 1);
            task_end(&tasks[i]);
        }
    }
}


static void
on_wake(void)
{
    (void) store_env_drain(&st);
    ngx_video_store_sc(&st.slots[st.slot].pending, 0);
    ngx_video_wait_scan(&st);
    (void) ngx_video_readers_relieve(&st);
}


static void
worker_loop(void)
{
    uint64_t       now, tick;
    ngx_uint_t     i, busy, rounds;
    struct pollfd  p;

    tick = store_env_now();
    rounds = 2000 + rnd(20000);

    while (!ngx_video_load(&stress_report->stop) && rounds--) {
        phase = &phases[ngx_video_load(&stress_report->phase)];
        now = store_env_now();
        busy = 0;

        for (i = 0; i < TASKS; i++) {
            if (!tasks[i].parked && tasks[i].rest_until < now) {
                run_task(&tasks[i]);
                busy |= !tasks[i].parked && tasks[i].rest_until < now;
            }
        }

        p.fd = st.wake_fd;
        p.events = POLLIN;

        if (poll(&p, 1, busy ? 0 : 2) > 0) {
            on_wake();
        }

        check_lost();

        if (now - tick > 300 * MS) {
            tick = now;
            (void) store_env_sweep(&st);
            (void) ngx_video_readers_relieve(&st);
            ngx_video_live_reap(&st, (uint64_t) time(NULL) * 1000
                                     + NGX_VIDEO_LIVE_LINGER - 500);
        }
    }
}


/* What a worker gave back is not left for the sweep of its slot. */
static void
check_leaks(void)
{
    uint32_t    n;
    ngx_uint_t  i;

    for (n = 0, i = 0; i < st.head->nobjects; i++) {
        n += ngx_video_load(&st.refs[i * NGX_VIDEO_SLOTS + st.slot]);
    }

    count(&stress_report->leaked, n);
}


int
stress_worker(void *zone, uint64_t seed)
{
    ngx_uint_t  i, how;

    rng = seed;
    memset(tasks, 0, sizeof(tasks));

    if (store_env_attach(&st, &mutex, zone, 1) != 0) {
        return 1;
    }

    worker_loop();

    how = rnd(3);

    for (i = 0; i < TASKS; i++) {
        if (how == 0) {
            task_end(&tasks[i]);

        } else if (tasks[i].parked) {
            ngx_video_wait_cancel(&tasks[i].waiter);
        }
    }

    if (how == 0) {
        check_leaks();
    }

    if (how == 2) {
        /* a death that another one finds */
        store_env_kill(&st);
        return 0;
    }

    store_env_detach(&st);

    return 0;
}
