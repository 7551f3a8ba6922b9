/*
 * Copyright (C) ngx_video authors
 *
 * How long each operation has the lock, in a large zone: alone, many times,
 * in processor time.  The median is compared with what it must not do under
 * the lock, measured here as well: a walk over all objects, a copy of media.
 * The kernel's part, as a page that is touched first, is in the numbers.
 */

#include "store_env.h"
#include "tap.h"


#define ZONE       ((size_t) 1024 * 1024 * 1024)
#define TIMES      101
#define MEDIA      (1024 * 1024)
#define SEGMENTS   200


typedef struct {
    const char   *name;
    void        (*before)(void);
    void        (*step)(void);
    void        (*after)(void);
} op_t;


static void               *zone;
static ngx_shmtx_t         mutex, other_mutex;
static ngx_video_store_t   st, other;
static ngx_video_ref_t     ref, *held;
static ngx_uint_t          nheld, live, track;
static uint64_t            msn;
static u_char              media[MEDIA];
static char                key[32];


static void
nothing(void)
{
}


static const char *
next_key(void)
{
    static unsigned  n;

    snprintf(key, sizeof(key), "new%u", n++);

    return key;
}


static void
create(void)
{
    (void) store_env_open(&st, next_key(), NGX_VIDEO_OPEN_CREATE, &ref);
}


static void
append(void)
{
    (void) ngx_video_object_append(&st, &ref, media, sizeof(media));
}


static void
append_chunk(void)
{
    (void) ngx_video_object_append(&st, &ref, media, NGX_VIDEO_CHUNK_SIZE);
}


static void
create_whole(void)
{
    create();
    append();
}


static void
complete(void)
{
    ngx_video_object_complete(&st, &ref);
}


static void
abort_it(void)
{
    ngx_video_object_abort(&st, &ref);
}


static void
put(void)
{
    ngx_video_object_put(&st, &ref);
}


static void
complete_and_put(void)
{
    complete();
    put();
}


static void
abort_and_put(void)
{
    abort_it();
    put();
}


static void
create_unlinked(void)
{
    create_whole();
    complete();
    ngx_video_object_unlink(&st, &ref);
}


static void
hit(void)
{
    (void) store_env_open(&st, "old7", 0, &ref);
}


static void
miss(void)
{
    (void) store_env_open(&st, "none", 0, &ref);
}


static void
again(void)
{
    ngx_video_ref_t  r;

    r = ref;
    (void) ngx_video_object_get(&st, &r);
    ngx_video_object_put(&st, &r);
}


static void
publish(void)
{
    (void) store_env_publish(&st, next_key(), 100 * NGX_VIDEO_CHUNK_SIZE,
                             &live);
}


static void
add_track(void)
{
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;

    (void) ngx_video_live_track(&st, live, &t, 200, media,
                                NGX_VIDEO_LIVE_INIT, &track);
}


static void
open_segment(void)
{
    (void) ngx_video_live_segment_open(&st, live, track, msn, msn * 10, 1, 1);
    msn++;
}


static void
add_part(void)
{
    nvm_part_t  part;

    memset(&part, 0, sizeof(part));
    part.duration = 10;
    part.size = MEDIA / 4;

    (void) ngx_video_live_part(&st, live, track, &part, NULL, 0, media);
}


static void
close_segment(void)
{
    (void) ngx_video_live_segment_close(&st, live, track);
}


static void
start(void)
{
    publish();
    add_track();
    ngx_video_live_ready(&st, live);
}


static void
start_segment(void)
{
    start();
    open_segment();
}


static void
start_part(void)
{
    start_segment();
    add_part();
}


/* As long as a window of ten minutes, in small segments. */
static void
start_long(void)
{
    ngx_uint_t  i;
    nvm_part_t  part;

    start();

    for (i = 0; i < SEGMENTS; i++) {
        memset(&part, 0, sizeof(part));
        part.duration = 10;
        part.size = 100;

        open_segment();
        (void) ngx_video_live_part(&st, live, track, &part, NULL, 0,
                                   media);
        close_segment();
    }
}


static void
stop(void)
{
    ngx_video_live_end(&st, live, 1);
}


static void
reap(void)
{
    ngx_video_live_reap(&st, (uint64_t) -1);
}


static void
stop_and_reap(void)
{
    stop();
    reap();
}


static void
work(void)
{
    ngx_uint_t       i;
    ngx_video_ref_t  r;

    (void) store_env_attach(&other, &other_mutex, zone, 1);

    for (i = 0; i < 100; i++) {
        snprintf(key, sizeof(key), "old%u", (unsigned) i);
        (void) store_env_open(&other, key, 0, &r);
    }

    (void) store_env_open(&other, next_key(), NGX_VIDEO_OPEN_CREATE, &r);
    (void) ngx_video_object_append(&other, &r, media, sizeof(media));
}


static void
leave(void)
{
    store_env_detach(&other);
}


static void
die(void)
{
    work();
    store_env_kill(&other);
}


static void
sweep(void)
{
    (void) store_env_sweep(&st);
}


static void
break_lock(void)
{
    st.head->mutating = 1;
}


/* Looks at all streams, and at the statistics of all names. */
static op_t  publish_ops[] = {
    { "publish", nothing, publish, stop }
};

/* While there is room. */
static op_t  ops[] = {
    { "hit", nothing, hit, put },
    { "miss", nothing, miss, nothing },
    { "one more reference", hit, again, put },
    { "create", nothing, create, abort_and_put },
    { "append", create, append, abort_and_put },
    { "complete", create_whole, complete, put },
    { "abort", create_whole, abort_it, put },
    { "last reference", create_unlinked, put, nothing },
    { "track", publish, add_track, stop },
    { "segment open", start_long, open_segment, stop_and_reap },
    { "part", start_segment, add_part, stop_and_reap },
    { "segment close", start_part, close_segment, stop_and_reap },
    { "end of a stream", start_long, stop, reap },
    { "reap of a stream", start_long, stop_and_reap, nothing },
    { "a worker comes", nothing, work, leave },
    { "a worker goes", work, leave, nothing },
    { "a worker has died", die, sweep, nothing },
};

/* When there is none. */
static op_t  full_ops[] = {
    { "append that evicts", create, append_chunk, complete_and_put },
};

/* When what there is can't go. */
static op_t  refused_ops[] = {
    { "append that is refused", create, append, abort_and_put },
};


static int
compare(const void *a, const void *b)
{
    const uint64_t  *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}


static uint64_t
median(uint64_t *ns)
{
    qsort(ns, TIMES, sizeof(ns[0]), compare);

    return ns[TIMES / 2];
}


/* ns of processor time that a hold took that does this. */
static uint64_t
held_by(op_t *op, store_env_holds_t *holds)
{
    ngx_uint_t  i;
    uint64_t    ns[TIMES];

    for (i = 0; i < TIMES; i++) {
        op->before();
        holds->longest = 0;
        op->step();
        ns[i] = holds->longest;
        op->after();
    }

    return median(ns);
}


static void
walk(void)
{
    ngx_uint_t         i;
    volatile uint32_t  n;

    ngx_video_store_lock(&st);

    for (n = 0, i = 0; i < st.head->nobjects; i++) {
        n += st.objects[i].state;
    }

    ngx_video_store_unlock(&st);
}


static void
copy(void)
{
    ngx_video_store_lock(&st);
    memcpy(ngx_video_chunk_data(&st, 1), media, sizeof(media));
    ngx_video_store_unlock(&st);
}


static void
run(op_t *ops, size_t n, uint64_t limit)
{
    size_t       i;
    uint64_t     ns;
    const char  *error;

    for (i = 0; i < n; i++) {
        ns = held_by(&ops[i], &store_env(zone)->usual);
        ok(ns < limit, "%s: %lu ns", ops[i].name, (unsigned long) ns);
    }

    error = store_env_check(&st);
    ok(error == NULL, "all is sound: %s", error ? error : "yes");
}


static void
fill(void)
{
    ngx_uint_t  i;

    for (i = 0; st.head->nfree > st.head->nchunks / 2; i++) {
        snprintf(key, sizeof(key), "old%u", (unsigned) i);
        store_env_put_complete(&st, key, media, 100);
    }

    /* publishers must look at all streams; there is room for one more */
    for (i = 0; i + 1 < st.head->nlives; i++) {
        (void) store_env_publish(&st, next_key(), 0, &live);
    }
}


static void
hold_all(void)
{
    ngx_uint_t  i;

    held = calloc(st.head->nobjects, sizeof(ngx_video_ref_t));

    if (held == NULL) {
        exit(1);
    }

    for (i = 0; i < st.head->nobjects; i++) {
        if (st.objects[i].state) {
            held[nheld].id = st.objects[i].id;
            held[nheld].index = i;
            nheld += ngx_video_object_get(&st, &held[nheld]) == NGX_OK;
        }
    }
}


int
main(void)
{
    op_t      walk_op = { "walk", nothing, walk, nothing };
    op_t      copy_op = { "copy", nothing, copy, nothing };
    op_t      recovery_op = { "recovery", break_lock, miss, nothing };
    uint64_t  limit, n;

    zone = store_env_zone(ZONE);

    if (store_env_attach(&st, &mutex, zone, 1) != 0) {
        printf("Bail out! no slot\n");
        return 1;
    }

    copy();
    limit = held_by(&walk_op, &store_env(zone)->usual);
    n = held_by(&copy_op, &store_env(zone)->usual);
    diag("%u objects: a walk takes %lu ns, a copy of 1 MiB %lu ns",
         st.head->nobjects, (unsigned long) limit, (unsigned long) n);
    limit = ngx_min(limit, n) / 2;

    fill();
    run(ops, sizeof(ops) / sizeof(ops[0]), limit);
    run(publish_ops, sizeof(publish_ops) / sizeof(publish_ops[0]), 6 * limit);

    while (st.head->evictions == 0) {
        store_env_put_complete(&st, next_key(), media, 100);
    }

    run(full_ops, sizeof(full_ops) / sizeof(full_ops[0]), limit);

    /* what it looks at before it gives up does not grow with the zone */
    hold_all();
    run(refused_ops, sizeof(refused_ops) / sizeof(refused_ops[0]), 4 * limit);

    while (nheld) {
        ngx_video_object_put(&st, &held[--nheld]);
    }

    n = held_by(&recovery_op, &store_env(zone)->recovery);
    ok(n < 1000 * limit, "recovery: %lu ns", (unsigned long) n);

    store_env_detach(&st);
    store_env_drop(zone, ZONE);

    return done_testing();
}
