/*
 * Copyright (C) ngx_video authors
 *
 * Live timelines: from publish to reap, reading while it is written, and what
 * becomes of a stream whose publisher died.
 */

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "store_env.h"
#include "tap.h"


#define ZONE     (8 * 1024 * 1024)


static void                   *zone;
static ngx_shmtx_t             mutex;
static ngx_video_store_t       a, b;
static u_char                  bytes[40000];
static ngx_video_live_info_t   info;


static void
start(void)
{
    zone = store_env_pair(ZONE, &mutex, &a, &b);
}


static void
end(const char *title)
{
    store_env_detach(&b);
    is_str(store_env_over(&a), NULL, "%s: everything is free again", title);

    store_env_kill(&a);
    store_env_drop(zone, ZONE);
}


static ngx_int_t
find(ngx_video_store_t *st, const char *name)
{
    ngx_str_t  s;

    s.len = strlen(name);
    s.data = (u_char *) (uintptr_t) name;

    return ngx_video_live_find(st, &s, 0, &info);
}


static void
begin(ngx_video_store_t *st, const char *name, ngx_uint_t *index)
{
    ngx_uint_t   number;
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;
    t.kind = NVM_AUDIO;

    is_int(store_env_publish(st, name, 65536, index), NGX_OK,
           "publish \"%s\"", name);
    is_int(ngx_video_live_track(st, *index, &t, 200, bytes, 100, &number),
           NGX_OK, "a track");
    ngx_video_live_ready(st, *index);
}


static ngx_int_t
add(ngx_video_store_t *st, ngx_uint_t index, uint32_t duration, size_t size)
{
    nvm_part_t  part;

    memset(&part, 0, sizeof(part));
    part.duration = duration;
    part.size = (uint32_t) size;

    return ngx_video_live_part(st, index, 0, &part, bytes, 0, bytes);
}


/* A segment of n parts of 200 ms. */
static void
segment(ngx_video_store_t *st, ngx_uint_t index, uint64_t msn, int n)
{
    (void) ngx_video_live_segment_open(st, index, 0, msn, msn * 1000, 1, 1);

    while (n--) {
        (void) add(st, index, 200, 1000);
    }

    (void) ngx_video_live_segment_close(st, index, 0);
}


static void
test_states(void)
{
    uint64_t               epoch, msn, seen;
    uint32_t               promised;
    ngx_uint_t             i, k, other, free;
    ngx_video_live_edge_t  edge;

    start();
    free = a.head->nfree;

    is_int(find(&b, "s"), NGX_DECLINED, "no stream yet");
    is_int(store_env_publish(&a, "", 1, &i), NGX_DECLINED,
           "a stream needs a name");

    begin(&a, "s", &i);
    is_int(find(&b, "s"), NGX_OK, "it is found");
    is_int(info.state, NGX_VIDEO_LIVE_LIVE, "live");
    a.names[i] = 0;
    is_int(find(&b, "s"), NGX_DECLINED, "by the hash of its name");
    a.head->mutating = 1;
    ngx_video_store_lock(&b);
    ngx_video_store_unlock(&b);
    is_int(find(&b, "s"), NGX_OK, "which a recovery makes anew");
    epoch = info.epoch;
    is_int(store_env_publish(&b, "s", 1, &k), NGX_BUSY,
           "a second publisher is refused");
    is_int(store_env_publish(&b, "t", 1, &other), NGX_OK,
           "another name is not");
    ok(b.lives[other].epoch != epoch, "and has another epoch");
    ngx_video_live_end(&b, other, 1);
    is_int(b.lives[other].state, NGX_VIDEO_LIVE_FREE,
           "what was never ready is gone at its end");

    ngx_video_live_end(&b, i, 1);
    is_int(a.lives[i].state, NGX_VIDEO_LIVE_LIVE,
           "only its publisher can end it");

    is_int(add(&a, i, 200, 10), NGX_ERROR, "no part before a segment");
    is_int(ngx_video_live_edge(&b, &info, 0, &edge), NGX_OK, "edge");
    is_int(edge.empty, 1, "nothing is there");
    is_int(ngx_video_live_edge(&b, &info, 1, &edge), NGX_DECLINED,
           "there is no second track");

    msn = ngx_video_live_first_msn(&a, i);
    segment(&a, i, msn, 3);
    is_int(add(&a, i, 200, 10), NGX_ERROR, "no part after a segment");
    seen = info.seen;
    (void) ngx_video_live_edge(&b, &info, 0, &edge);
    ok(edge.msn == msn && edge.nparts == 3 && edge.complete, "edge moved");
    ok(ngx_video_signal_seen(&b.lives[i].signal) != seen, "and was told");

    (void) ngx_video_live_segment_open(&a, i, 0, msn + 1, 1, 1, 1);
    (void) add(&a, i, 200, 10);
    promised = a.head->reserved;
    ngx_video_live_end(&a, i, 0);
    ok(a.head->reserved < promised && a.head->reserved > 0,
       "an ended stream keeps the promise of what it uses, no more");
    is_int(find(&b, "s"), NGX_OK, "an interrupted stream stays to be read");
    is_int(info.state, NGX_VIDEO_LIVE_INTERRUPTED, "as such");
    (void) ngx_video_live_edge(&b, &info, 0, &edge);
    is_int(edge.msn, msn + 1, "what was not finished keeps its number");

    is_int(store_env_publish(&b, "s", 1, &k), NGX_OK, "it is published again");
    is_int(k, i, "in the same block");
    ok(b.lives[k].epoch > epoch, "as a new epoch");
    is_int(ngx_video_live_first_msn(&b, k), msn + 2, "numbers go on");
    is_int(ngx_video_live_edge(&b, &info, 0, &edge), NGX_DECLINED,
           "who reads the old one sees that it is gone");
    is_int(a.head->nused, 0, "so are its segments");
    is_int(a.head->nfree, free, "and its chunks");
    ngx_video_live_end(&b, k, 1);
    is_int(a.head->reserved, 0, "and its reservation");

    end("states");
}


/* Whether who waits for the stream was told since the last call. */
static int
told(ngx_uint_t index)
{
    int              n;
    static uint64_t  seq;

    n = (ngx_video_signal_seen(ngx_video_live_signal(&b, index)) != seq);
    seq = ngx_video_signal_seen(ngx_video_live_signal(&b, index));

    return n;
}


static void
test_told(void)
{
    ngx_uint_t   i, number;
    nvm_track_t  t;

    start();
    memset(&t, 0, sizeof(t));
    t.timescale = 1000;

    (void) told(0);
    (void) store_env_publish(&a, "s", 65536, &i);
    ok(told(i), "told of a publisher");
    (void) ngx_video_live_track(&a, i, &t, 200, bytes, 100, &number);
    ok(!told(i), "not of a track, which is not to be shown yet");
    ngx_video_live_ready(&a, i);
    ok(told(i), "told that it is ready");
    (void) ngx_video_live_segment_open(&a, i, 0, 1, 1000, 1, 1);
    ok(!told(i), "not of a segment without media");
    (void) add(&a, i, 200, 10);
    ok(told(i), "told of a part");
    (void) ngx_video_live_segment_close(&a, i, 0);
    ok(told(i), "told that a segment is complete");
    ngx_video_live_end(&a, i, 1);
    ok(told(i), "told of the end");
    ngx_video_live_reap(&b, STORE_ENV_FOREVER);
    ok(told(i), "told that it is gone");

    end("told");
}


static void
test_media(void)
{
    size_t                     n;
    uint64_t                   msn, m;
    ngx_uint_t                 i;
    nvm_heap_t                 heap;
    nvm_part_t                 range;
    nvm_track_t                track;
    nvm_timeline_t             t;
    ngx_video_live_edge_t      edge;
    ngx_video_live_segment_t   s;
    u_char                     init[NGX_VIDEO_LIVE_INIT];

    start();
    begin(&a, "s", &i);
    msn = ngx_video_live_first_msn(&a, i);

    for (m = msn; m < msn + 20; m++) {
        segment(&a, i, m, 5);
    }

    (void) ngx_video_live_segment_open(&a, i, 0, m, m * 1000, 1, 1);
    (void) add(&a, i, 200, 1000);
    (void) add(&a, i, 200, 2000);

    is_int(find(&b, "s"), NGX_OK, "find");
    (void) ngx_video_live_edge(&b, &info, 0, &edge);
    is_int(edge.msn, m, "the newest segment");
    is_int(edge.nparts, 2, "has two parts");
    is_int(edge.before, 5, "the one before it five");
    ok(edge.first > msn && edge.first < m - 4, "the window slides");
    is_int(a.head->nused, m - edge.first + 1,
           "there is an object for each segment of it");

    is_int(ngx_video_live_media(&b, &info, 0, m, 1, &s, &range), NGX_OK,
           "the newest part");
    ok(range.offset == 1000 && range.size == 2000
       && ngx_video_object_filled(&b, &s.object) == 3000, "where it is");
    ngx_video_object_put(&b, &s.object);
    is_int(ngx_video_live_media(&b, &info, 0, m, 2, &s, &range), NGX_AGAIN,
           "the next is not there");
    is_int(ngx_video_live_media(&b, &info, 0, m - 1, 5, &s, &range),
           NGX_DECLINED, "a complete segment gets no more");
    is_int(ngx_video_live_media(&b, &info, 0, m, 3, &s, &range),
           NGX_BUSY, "the one after it is far ahead");
    is_int(ngx_video_live_media(&b, &info, 0, m + 1, -1, &s, &range),
           NGX_AGAIN, "nor is the next segment");
    is_int(ngx_video_live_media(&b, &info, 0, m + 1, 0, &s, &range),
           NGX_AGAIN, "nor its first part");
    is_int(ngx_video_live_media(&b, &info, 0, m + 1, 1, &s, &range),
           NGX_BUSY, "its second is far ahead");
    is_int(ngx_video_live_media(&b, &info, 0, m + 2, -1, &s, &range),
           NGX_BUSY, "and so is the segment after it");
    is_int(ngx_video_live_media(&b, &info, 0, msn, -1, &s, &range),
           NGX_DECLINED, "the first one is gone");

    nvm_heap_init(&heap, 1 << 20);
    is_int(ngx_video_live_read(&b, &info, 0, &heap.arena, &track, &t), NGX_OK,
           "the timeline");
    ok(t.nsegments >= 3 && t.segments[t.nsegments - 1].msn == m
       && t.segments[t.nsegments - 1].nparts == 2
       && t.segments[t.nsegments - 1].parts[1].size == 2000, "up to the edge");
    nvm_heap_done(&heap);

    is_int(ngx_video_live_init(&b, &info, 0, init, &n), NGX_OK, "init");
    is_mem(init, n, bytes, 100, "is what the track was given");
    is_int(ngx_video_live_kind(&b, &info, 0), NVM_AUDIO, "kind");

    /* a reader keeps a segment that leaves the window */
    (void) ngx_video_live_media(&b, &info, 0, m - 2, -1, &s, &range);
    ngx_video_live_end(&a, i, 1);
    ngx_video_live_reap(&a, 0);
    is_int(find(&b, "s"), NGX_OK, "an ended stream lingers");
    ngx_video_live_reap(&a, STORE_ENV_FOREVER);
    is_int(find(&b, "s"), NGX_DECLINED, "then it is gone");
    is_int(a.head->nused, 1, "all but what is read");
    is_int(ngx_video_object_filled(&b, &s.object), 5000, "which is whole");
    ngx_video_object_put(&b, &s.object);

    end("media");
}


/* What can be fetched of gaps has parts, and nothing else has. */
static void
test_gaps(void)
{
    nvm_heap_t                heap;
    nvm_track_t               track;
    ngx_uint_t                i;
    nvm_part_t                range;
    nvm_timeline_t            t;
    ngx_video_live_edge_t     edge;
    ngx_video_live_segment_t  s;

    start();
    begin(&a, "s", &i);
    segment(&a, i, 1, 2);

    /* cut off behind its second part; without any; nothing was begun */
    (void) ngx_video_live_segment_open(&a, i, 0, 2, 2000, 1, 1);
    (void) add(&a, i, 200, 1000);
    (void) add(&a, i, 200, 1000);
    ngx_video_live_segment_cut(&a, i, 0, 1000);
    (void) ngx_video_live_segment_open(&a, i, 0, 3, 3000, 1, 1);
    ngx_video_live_segment_cut(&a, i, 0, 1000);
    (void) ngx_video_live_segment_gap(&a, i, 0, 4, 4000, 1000, 1);

    (void) find(&b, "s");
    (void) ngx_video_live_edge(&b, &info, 0, &edge);
    ok(edge.msn == 4 && edge.gap && edge.complete, "a gap is the newest");

    nvm_heap_init(&heap, 1 << 20);
    is_int(ngx_video_live_read(&b, &info, 0, &heap.arena, &track, &t), NGX_OK,
           "the timeline");
    is_int(t.nsegments, 4, "has all");
    ok(t.segments[1].gap && t.segments[1].nparts == 2
       && t.segments[1].parts[1].size == 1000
       && t.segments[1].duration == 1000,
       "of a segment that was cut off the parts that are there");
    ok(t.segments[2].gap && t.segments[2].nparts == 0
       && t.segments[2].size == 0, "there may be none");
    ok(t.segments[3].gap && t.segments[3].nparts == 0
       && t.segments[3].size == 0, "nor of one that was not begun");
    nvm_heap_done(&heap);

    is_int(ngx_video_live_media(&b, &info, 0, 2, 1, &s, &range), NGX_OK,
           "a part that is there");
    ngx_video_object_put(&b, &s.object);
    is_int(ngx_video_live_media(&b, &info, 0, 2, 2, &s, &range), NGX_DECLINED,
           "one that is missing");
    is_int(ngx_video_live_media(&b, &info, 0, 3, 0, &s, &range), NGX_DECLINED,
           "where there are none");
    is_int(ngx_video_live_media(&b, &info, 0, 4, 0, &s, &range), NGX_DECLINED,
           "nor were begun");

    ngx_video_live_end(&a, i, 1);
    end("gaps");
}


static void
test_account(void)
{
    size_t       half;
    ngx_uint_t   i, k;
    uint64_t     msn;

    start();
    half = a.head->nchunks / 2;

    is_int(store_env_publish(&a, "one", half << NGX_VIDEO_CHUNK_SHIFT, &i),
           NGX_OK, "half of the zone");
    is_int(store_env_publish(&b, "two", half << NGX_VIDEO_CHUNK_SHIFT, &k),
           NGX_DECLINED, "a second half is too much");
    is_int(store_env_publish(&b, "two", 65536, &k), NGX_OK,
           "a small one is not");
    is_int(a.head->reserved, half + 4 + 5, "what is promised");
    ngx_video_live_end(&b, k, 1);
    ngx_video_live_end(&a, i, 1);
    is_int(a.head->reserved, 0, "is given back");

    begin(&a, "one", &i);
    msn = ngx_video_live_first_msn(&a, i);

    for (k = 0; k < 1000; k++) {
        if (ngx_video_live_segment_open(&a, i, 0, msn + k, k * 10, 1, 1)
            != NGX_OK)
        {
            break;
        }

        (void) add(&a, i, 10, sizeof(bytes));
        (void) add(&a, i, 0, sizeof(bytes));
        (void) ngx_video_live_segment_close(&a, i, 0);
    }

    ok(k > 20 && k < a.head->nchunks,
       "a stream that grows beyond its promise is stopped at %u segments",
       (unsigned) k);
    ok(a.head->reserved <= a.head->nchunks - a.head->nchunks / 16,
       "before it has all of the zone");
    ngx_video_live_end(&a, i, 1);

    end("account");
}


static void
test_orphan(void)
{
    uint64_t               t;
    ngx_uint_t                 i, k;
    nvm_part_t                 range;
    ngx_video_live_edge_t      edge;
    ngx_video_live_segment_t   cut;

    start();
    begin(&b, "s", &i);
    segment(&b, i, 1, 2);
    segment(&b, i, 2, 2);
    (void) ngx_video_live_segment_open(&b, i, 0, 3, 3000, 1, 1);
    (void) add(&b, i, 200, 100);
    is_int(store_env_publish(&b, "starting", 1, &k), NGX_OK, "another starts");

    /* it dies while it writes */
    b.lives[i].version |= 1;
    store_env_kill(&b);

    t = store_env_now();
    is_int(find(&a, "s"), NGX_OK, "a reader repairs what a dead one left");
    ok(store_env_now() - t < 1000000000, "at once");
    is_int(info.state, NGX_VIDEO_LIVE_INTERRUPTED, "the stream is interrupted");
    (void) ngx_video_live_edge(&a, &info, 0, &edge);
    is_int(edge.msn, 3, "the unfinished segment keeps its number");
    ok(edge.complete && ngx_video_live_media(&a, &info, 0, 3, -1, &cut, &range)
       == NGX_DECLINED, "and is a gap");
    is_int(a.lives[k].state, NGX_VIDEO_LIVE_FREE, "the other is gone");
    is_int(a.head->nused, 2, "two segments are kept");
    is_int(store_env_publish(&a, "s", 1, &k), NGX_OK,
           "it can be published again");
    ngx_video_live_end(&a, k, 1);
    b.slot = NGX_VIDEO_NO_SLOT;

    end("orphan");
}


/* Publishes as fast as it can, again and again. */
static void
race_writer(void)
{
    ngx_uint_t         i, n, number;
    nvm_track_t        t;
    ngx_shmtx_t        m;
    ngx_video_store_t  st;

    store_env_child();
    alarm(20);

    if (store_env_attach(&st, &m, zone, 1) != 0) {
        _exit(1);
    }

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;

    for ( ;; ) {
        if (store_env_publish(&st, "race", 65536, &i) != NGX_OK) {
            continue;
        }

        (void) ngx_video_live_track(&st, i, &t, 200, bytes, 3000, &number);
        ngx_video_live_ready(&st, i);

        for (n = 0; n < 30; n++) {
            segment(&st, i, n, (int) (n % 7) * 50);
        }

        ngx_video_live_end(&st, i, 1);
    }
}


static void
test_race(void)
{
    int                      status;
    pid_t                    pid;
    size_t                   k, n, len;
    uint32_t                 p, bad, good;
    uint64_t                 until;
    u_char                  *init;
    nvm_heap_t               heap;
    nvm_track_t              track;
    nvm_segment_t           *s;
    nvm_timeline_t           t;

    start();
    fflush(stdout);
    pid = fork();

    if (pid == 0) {
        race_writer();
    }

    bad = 0;
    good = 0;
    init = malloc(NGX_VIDEO_LIVE_INIT);
    until = store_env_now() + 1000000000;

    while (store_env_now() < until && init) {
        nvm_heap_init(&heap, 1 << 20);

        if (find(&a, "race") == NGX_OK
            && ngx_video_live_init(&a, &info, 0, init, &len) == NGX_OK
            && ngx_video_live_read(&a, &info, 0, &heap.arena, &track, &t)
               == NGX_OK)
        {
            good++;
            bad += (len != 3000 || memcmp(init, bytes, len) != 0);
            bad += (track.timescale != 1000);

            for (n = 0; n < t.nsegments; n++) {
                s = &t.segments[n];
                bad += (n && s->msn != s[-1].msn + 1);

                for (k = 0, p = 0; k < s->nparts; k++) {
                    bad += (s->parts[k].offset != p);
                    p += s->parts[k].size;
                }

                bad += (s->nparts && p != s->size);
            }
        }

        nvm_heap_done(&heap);
    }

    free(init);
    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, &status, 0);
    (void) store_env_force_unlock(zone, pid);
    (void) store_env_sweep(&a);

    ok(good > 0, "%u copies of a stream that is being written", good);
    is_int(bad, 0, "each is of one moment");

    end("race");
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (u_char) (i * 31 + (i >> 8) * 7);
    }

    ok(sizeof(ngx_video_live_track_t) <= NGX_VIDEO_CHUNK_SIZE,
       "a track has room in its chunk: %u bytes",
       (unsigned) sizeof(ngx_video_live_track_t));

    test_states();
    test_told();
    test_media();
    test_gaps();
    test_account();
    test_orphan();
    test_race();

    return done_testing();
}
