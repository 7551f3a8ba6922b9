/*
 * Copyright (C) ngx_video authors
 *
 * A process may be killed between any two instructions.  Here it is: a child
 * does one operation of the store step by step, and each time that shared
 * memory has changed, a copy of the zone is taken as what its death would
 * have left.  In the copy the lock is forced open, a survivor sweeps, and then
 * nothing may be wrong, nobody may sleep for ever, and all must become free.
 */

#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "store_env.h"
#include "tap.h"


#define ZONE      (3 * 1024 * 1024)
#define RESERVE   (4 * NGX_VIDEO_CHUNK_SIZE)


typedef struct {
    const char   *name;
    void        (*before)(void);        /* in the child, unwatched */
    void        (*step)(void);
    int           watched;              /* the survivor waits for "shared" */
} op_t;


static void                *zone, *copy;
static u_char              *snapshot;
static ngx_shmtx_t          mutex, child_mutex, copy_mutex;
static ngx_video_store_t    survivor, st;
static ngx_video_ref_t      shared, ref;
static ngx_uint_t           live, track;
static nvm_part_t           part;
static u_char               bytes[3 * NGX_VIDEO_CHUNK_SIZE];


static void
add_track(void)
{
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;

    (void) ngx_video_live_track(&st, live, &t, 200, bytes, 10, &track);
}


static void
add_part(void)
{
    memset(&part, 0, sizeof(part));
    part.duration = 1000;
    part.size = 500;

    (void) ngx_video_live_part(&st, live, track, &part, bytes, 10,
                               bytes + 10);
}


static void
add_segment(uint64_t n)
{
    (void) ngx_video_live_segment_open(&st, live, track, n, n * 1000, 1, 1);
    add_part();
    (void) ngx_video_live_segment_close(&st, live, track);
}


/* Its first byte is its id, which the check looks at. */
static void
add_event(void)
{
    static uint32_t         id;
    ngx_video_live_event_t  e;

    memset(&e, 0, sizeof(e));
    e.id = ++id & 0xff;
    e.size = NGX_VIDEO_LIVE_EVENT_MAX;
    e.data = bytes;
    bytes[0] = (u_char) e.id;

    (void) ngx_video_live_event(&st, live, &e);
    bytes[0] = 0;
}


static void
add_images(void)
{
    ngx_video_live_grid_t  grid = { 160, 90, 2, 2 };

    (void) ngx_video_live_images(&st, live, &grid);
}


static void
add_image(ngx_video_live_image_e kind, uint64_t number, size_t size)
{
    (void) ngx_video_live_image(&st, live, kind, number, 1, bytes, size);
}


static void
add_step(void)
{
    static uint64_t         ms;
    ngx_video_live_clock_t  c;

    memset(&c, 0, sizeof(c));
    ms += 20000;
    c.begin = ms;
    c.start = ms + 40;

    ngx_video_live_step(&st, live, &c);
}


static void
before_nothing(void)
{
}


static void
before_fill(void)
{
    (void) store_env_open(&st, "shared", 0, &ref);

    /* the object of which the survivor has a reference becomes ours */
    ngx_video_object(&st, &ref)->writer = (uint32_t) st.slot;
}


static void
before_put(void)
{
    store_env_put_complete(&st, "mine", bytes, 100);
    (void) store_env_open(&st, "mine", 0, &ref);
    ngx_video_object_unlink(&st, &ref);
}


static void
before_hit(void)
{
    store_env_put_complete(&st, "mine", bytes, 70000);
}


static void
before_full(void)
{
    char        text[16];
    ngx_uint_t  i;

    for (i = 0; i < st.head->nchunks - 1; i++) {
        snprintf(text, sizeof(text), "old%u", (unsigned) i);
        store_env_put_complete(&st, text, bytes, 100);
    }
}


static void
before_track(void)
{
    (void) store_env_publish(&st, "name", RESERVE, &live);
}


static void
before_ready(void)
{
    before_track();
    add_track();
}


static void
before_segment(void)
{
    before_ready();
    ngx_video_live_ready(&st, live);
    add_segment(1);
}


/* more than are remembered: another one takes the place of the oldest */
static void
before_steps(void)
{
    ngx_uint_t  i;

    before_segment();

    for (i = 0; i < NGX_VIDEO_LIVE_STEPS + 10; i++) {
        add_step();
    }
}


static void
before_part(void)
{
    before_segment();
    (void) ngx_video_live_segment_open(&st, live, track, 2, 2000, 1, 1);
}


static void
before_close(void)
{
    before_part();
    add_part();
}


static void
before_slide(void)
{
    uint64_t  n;

    before_segment();

    for (n = 2; n < 14; n++) {
        add_segment(n);
    }
}


static void
before_events(void)
{
    unsigned  n;

    before_segment();

    for (n = 0; n < 9; n++) {
        add_event();
    }
}


static void
before_images(void)
{
    before_ready();
    add_images();
    ngx_video_live_ready(&st, live);
    add_segment(1);
    add_segment(2);
    add_segment(3);
}


/* two of them in one object, which has no room for a third */
static void
before_image(void)
{
    before_images();
    add_image(NGX_VIDEO_LIVE_THUMB, 1, 30000);
    add_image(NGX_VIDEO_LIVE_THUMB, 2, 30000);
    add_image(NGX_VIDEO_LIVE_SHEET, 1, 70000);
    add_image(NGX_VIDEO_LIVE_POSTER, 1, 70000);
}


static void
before_again(void)
{
    before_close();
    ngx_video_live_end(&st, live, 0);
}


/* A run that has gone on before anything of it was on disk. */
static void
before_late(void)
{
    ngx_uint_t              next;
    uint8_t                 kind = NVM_VIDEO;
    ngx_str_t               path = ngx_string("/rec/name/1");
    ngx_video_live_clock_t  clock;

    before_ready();
    ngx_video_live_record(&st, live, &path, 1);
    ngx_video_live_ready(&st, live);
    add_segment(1);
    add_segment(2);

    st.lives[live].grace = 10000;
    ngx_video_live_pause(&st, live);
    next = live;
    (void) store_env_publish(&st, "name", RESERVE, &live);
    (void) ngx_video_live_join(&st, live, &kind, 1, &clock);
    add_track();
    ngx_video_live_record(&st, live, &path, 1);
    ngx_video_live_ready(&st, live);
    live = next;
}


static void
step_create(void)
{
    (void) store_env_open(&st, "new", NGX_VIDEO_OPEN_CREATE, &ref);
}


static void
step_hit(void)
{
    (void) store_env_open(&st, "mine", 0, &ref);
}


static void
step_replace(void)
{
    (void) store_env_open(&st, "mine", NGX_VIDEO_OPEN_REPLACE, &ref);
}


static void
step_append(void)
{
    (void) ngx_video_object_append(&st, &ref, bytes,
                                   NGX_VIDEO_CHUNK_SIZE + 10);
    ngx_video_object_flush(&st, &ref);
}


static void
step_evict(void)
{
    (void) store_env_open(&st, "new", NGX_VIDEO_OPEN_CREATE, &ref);
    (void) ngx_video_object_append(&st, &ref, bytes,
                                   2 * NGX_VIDEO_CHUNK_SIZE);
}


static void
step_complete(void)
{
    ngx_video_object_complete(&st, &ref);
}


static void
step_abort(void)
{
    ngx_video_object_abort(&st, &ref);
}


static void
step_put(void)
{
    ngx_video_object_put(&st, &ref);
}


static void
step_publish(void)
{
    (void) store_env_publish(&st, "name", RESERVE, &live);
}


static void
step_ready(void)
{
    ngx_video_live_ready(&st, live);
}


static void
step_segment(void)
{
    (void) ngx_video_live_segment_open(&st, live, track, 20, 20000, 1, 1);
}


static void
step_close(void)
{
    (void) ngx_video_live_segment_close(&st, live, track);
}


static void
step_end(void)
{
    ngx_video_live_end(&st, live, 1);
}


static void
step_reap(void)
{
    ngx_video_live_reap(&st, (uint64_t) -1);
}


static void
step_thumb(void)
{
    add_image(NGX_VIDEO_LIVE_THUMB, 3, 30000);
}


/* it takes the place of the only one of an object */
static void
step_thumb_again(void)
{
    add_image(NGX_VIDEO_LIVE_THUMB, 3, 30000);
    add_image(NGX_VIDEO_LIVE_THUMB, 1, 40000);
    add_image(NGX_VIDEO_LIVE_THUMB, 2, 40000);
}


static void
step_sheet(void)
{
    add_image(NGX_VIDEO_LIVE_SHEET, 1, 80000);
}


static void
step_images_end(void)
{
    ngx_video_live_images_end(&st, live);
}


static void
step_yield(void)
{
    (void) ngx_video_live_images_yield(&st, live);
}


static void
step_record(void)
{
    uint64_t                  offset;
    ngx_video_live_segment_t  s;

    if (ngx_video_live_unrecorded(&st, live, st.lives[live].epoch, 0, &s,
                                  &offset) == NGX_OK)
    {
        (void) ngx_video_live_recorded(&st, live, st.lives[live].epoch, 0, &s,
                                       100, s.size);
        ngx_video_object_put(&st, &s.object);
    }
}


static void
before_name(void)
{
    before_late();
    step_record();
}


static void
step_name(void)
{
    (void) ngx_video_live_record_named(&st, live, st.lives[live].epoch, 1);
}


static void
step_slot_close(void)
{
    ngx_video_slot_close(&st);
}


static op_t  ops[] = {
    { "open that creates", before_nothing, step_create, 0 },
    { "open that hits", before_hit, step_hit, 0 },
    { "open that replaces", before_hit, step_replace, 0 },
    { "append", before_fill, step_append, 1 },
    { "append that evicts", before_full, step_evict, 0 },
    { "complete", before_fill, step_complete, 1 },
    { "abort", before_fill, step_abort, 1 },
    { "last put", before_put, step_put, 0 },
    { "publish", before_nothing, step_publish, 0 },
    { "publish again", before_again, step_publish, 0 },
    { "track", before_track, add_track, 0 },
    { "ready", before_ready, step_ready, 0 },
    { "chunk of thumbnails", before_ready, add_images, 0 },
    { "thumbnail", before_images, step_thumb, 0 },
    { "thumbnail of a new object", before_image, step_thumb, 0 },
    { "thumbnails in the place of others", before_image, step_thumb_again, 0 },
    { "sheet", before_image, step_sheet, 0 },
    { "end of thumbnails", before_image, step_images_end, 0 },
    { "thumbnails that yield", before_image, step_yield, 0 },
    { "end with thumbnails", before_image, step_end, 0 },
    { "segment open", before_segment, step_segment, 0 },
    { "segment open that slides", before_slide, step_segment, 0 },
    { "part", before_part, add_part, 0 },
    { "segment close", before_close, step_close, 0 },
    { "step of the clock", before_steps, add_step, 0 },
    { "first event", before_segment, add_event, 0 },
    { "event that drops another", before_events, add_event, 0 },
    { "end with events", before_events, step_end, 0 },
    { "end", before_close, step_end, 0 },
    { "end before ready", before_ready, step_end, 0 },
    { "reap", before_again, step_reap, 0 },
    { "segment on disk of a run that went on", before_late, step_record, 0 },
    { "name of a run that went on", before_name, step_name, 0 },
    { "slot close", before_close, step_slot_close, 0 },
};


/* What a recorder had told when it died; NULL or what does not fit. */
static const char *
check_recorded(ngx_video_store_t *s)
{
    ngx_uint_t               i;
    ngx_video_live_t        *l, *p;
    ngx_video_live_track_t  *t;

    for (i = 0; i < s->head->nlives; i++) {
        l = &s->lives[i];
        p = l->prev ? &s->lives[l->prev - 1] : NULL;

        if (l->recording.number != 2 || p == NULL) {
            continue;
        }

        t = (ngx_video_live_track_t *) (void *)
                ngx_video_chunk_data(s, p->tracks[0]);

        if ((t->dvr.next || p->recording.runs) && l->recording.runs != 1) {
            return "a run that is on disk is not known";
        }

        if (p->recording.named && l->recording.named != 1) {
            return "nor that it is named";
        }

        if (t->dvr.offset[t->dvr.next % 2] != (t->dvr.next ? 600 : 0)) {
            return "the file does not end behind what is listed";
        }
    }

    return NULL;
}


/* What is true once the survivor has swept; NULL or what is not. */
static const char *
check_swept(ngx_video_store_t *s, op_t *op, uint64_t seen)
{
    ngx_uint_t           i, index;
    const char          *error;
    ngx_video_live_t    *l;
    ngx_video_object_t  *o;

    error = store_env_check(s);

    if (error) {
        return error;
    }

    for (i = 0; i < NGX_VIDEO_SLOTS; i++) {
        if (i != s->slot && s->slots[i].state != NGX_VIDEO_SLOT_FREE) {
            return "a dead slot is not free";
        }
    }

    o = ngx_video_object(s, &shared);

    if (op->watched && (o->state == NGX_VIDEO_OBJECT_FILLING
                        || ngx_video_signal_seen(&o->signal) == seen))
    {
        return "who waits for the object is not told";
    }

    for (i = 0; i < s->head->nlives; i++) {
        l = &s->lives[i];

        if (l->state == NGX_VIDEO_LIVE_STARTING
            || l->state == NGX_VIDEO_LIVE_LIVE)
        {
            return "a stream without a publisher is live";
        }
    }

    if (store_env_publish(s, "name", RESERVE, &index) != NGX_OK) {
        return "the name can not be published again";
    }

    ngx_video_live_end(s, index, 1);

    return NULL;
}


/* The zone as it is at this moment, in the copy, after the child's death. */
static const char *
check_death(op_t *op, uint64_t seen)
{
    ngx_uint_t         i;
    const char        *error;
    ngx_video_ref_t    r;
    ngx_video_store_t  s;

    memcpy(copy, zone, ZONE);

    (void) ngx_video_store_attach(&s, copy, &copy_mutex);
    s.slot = survivor.slot;
    s.generation = survivor.generation;
    s.wake_fd = survivor.wake_fd;

    for (i = 0; i < NGX_VIDEO_SLOTS; i++) {
        if (i != s.slot) {
            memcpy(s.slots[i].name, "nobody is bound to this.", 24);
        }
    }

    (void) store_env_sweep(&s);
    ngx_video_live_reap(&s, 0);

    error = check_recorded(&s);

    if (error == NULL) {
        error = check_swept(&s, op, seen);
    }

    if (error) {
        return error;
    }

    r = shared;
    ngx_video_object_put(&s, &r);
    ngx_video_live_reap(&s, (uint64_t) -1);

    return store_env_empty(&s);
}


static void
run_child(op_t *op)
{
    store_env_child();
    alarm(60);

    if (store_env_attach(&st, &child_mutex, zone, 1) != 0) {
        _exit(1);
    }

    op->before();

    (void) ptrace(PTRACE_TRACEME, 0, 0, 0);
    (void) raise(SIGSTOP);
    op->step();
    (void) raise(SIGSTOP);

    _exit(0);
}


/* Steps through the operation; tells how many states it has gone through. */
static int
watch(op_t *op, pid_t pid, const char **error)
{
    int       status, states;
    size_t    size;
    uint64_t  seen;

    /* all tables and the chunks of the first tracks, or also of events */
    size = survivor.head->data
           + (op->step == add_event ? 5 : 2) * NGX_VIDEO_CHUNK_SIZE;
    states = 0;
    memset(snapshot, 0, size);

    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
        *error = "the child did not start";
        return 0;
    }

    seen = ngx_video_signal_seen(&ngx_video_object(&survivor,
                                                   &shared)->signal);

    for ( ;; ) {

        if (memcmp(snapshot, zone, size) != 0) {
            memcpy(snapshot, zone, size);
            states++;
            *error = check_death(op, seen);

            if (*error) {
                return states;
            }
        }

        if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) != 0
            || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
        {
            *error = "the child is lost";
            return states;
        }

        if (WSTOPSIG(status) == SIGSTOP) {
            return states;
        }
    }
}


static void
test_op(op_t *op)
{
    int          status, states;
    pid_t        pid;
    const char  *error;

    zone = store_env_zone(ZONE);
    copy = store_env_zone(ZONE);

    memset(&copy_mutex, 0, sizeof(copy_mutex));
    copy_mutex.lock = (ngx_atomic_t *) &store_env(copy)->lock;

    (void) store_env_attach(&survivor, &mutex, zone, 1);
    (void) store_env_open(&survivor, "shared", NGX_VIDEO_OPEN_CREATE, &shared);
    (void) ngx_video_object_append(&survivor, &shared, bytes, 100);

    if (!op->watched) {
        ngx_video_object_complete(&survivor, &shared);
    }

    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        run_child(op);
    }

    error = NULL;
    states = watch(op, pid, &error);

    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, &status, 0);

    ok(error == NULL && states > 1, "death in \"%s\", %d states", op->name,
       states);

    if (error) {
        diag("after state %d: %s", states, error);
    }

    store_env_kill(&survivor);
    store_env_drop(zone, ZONE);
    store_env_drop(copy, ZONE);
}


int
main(int argc, char **argv)
{
    size_t       i;
    const char  *preload;

    preload = getenv("LD_PRELOAD");

    if (preload && strstr(preload, "vgpreload")) {
        ok(1, "steps are not valgrind's # SKIP");
        return done_testing();
    }

    snapshot = malloc(ZONE);

    if (snapshot == NULL) {
        return 1;
    }

    for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (argc == 1 || strcmp(argv[1], ops[i].name) == 0) {
            test_op(&ops[i]);
        }
    }

    free(snapshot);

    return done_testing();
}
