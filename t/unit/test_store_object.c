/*
 * Copyright (C) ngx_video authors
 *
 * The life of objects, worker slots, waiting and eviction, one step at a time.
 * Several workers are several views of one zone in this process.
 */

#include <stdio.h>

#include "store_env.h"
#include "tap.h"


#define ZONE  (4 * 1024 * 1024)


static void               *zone;
static ngx_shmtx_t         mutex;
static ngx_video_store_t   a, b;
static u_char              bytes[4 * NGX_VIDEO_CHUNK_SIZE];
static int                 calls;
static ngx_video_waiter_t  first, second;


static void
start(void)
{
    zone = store_env_pair(ZONE, &mutex, &a, &b);
}


static void
end(const char *title)
{
    ngx_video_slot_close(&a);
    ngx_video_slot_close(&b);

    is_str(store_env_empty(&a), NULL, "%s: everything is free again", title);

    store_env_kill(&a);
    store_env_kill(&b);
    store_env_drop(zone, ZONE);
}


static int
has(ngx_video_store_t *st, const char *text)
{
    ngx_video_ref_t  ref;

    if (store_env_open(st, text, 0, &ref) != NGX_OK) {
        return 0;
    }

    ngx_video_object_put(st, &ref);

    return 1;
}


/* Whether the object's bytes from "at" are those of bytes[]. */
static int
same(ngx_video_store_t *st, ngx_video_ref_t *ref, uint64_t at)
{
    size_t              n;
    u_char             *p;
    uint64_t            filled;
    ngx_video_cursor_t  cur;

    memset(&cur, 0, sizeof(cur));
    filled = ngx_video_object_filled(st, ref);

    for ( /* void */ ; at < filled; at += n) {
        p = ngx_video_object_span(st, ref, &cur, at, &n);
        n = (size_t) ngx_min(n, filled - at);

        if (memcmp(p, bytes + at, n) != 0) {
            return 0;
        }
    }

    return 1;
}


static void
test_life(void)
{
    size_t           n;
    char             text[NGX_VIDEO_KEY_MAX + 2];
    ngx_video_ref_t  w, r, gone;

    start();

    is_int(store_env_open(&a, "k", 0, &w), NGX_DECLINED, "a miss is a miss");
    is_int(store_env_open(&a, "k", NGX_VIDEO_OPEN_CREATE, &w), NGX_DONE,
           "the first becomes the writer");
    is_int(store_env_open(&b, "k", NGX_VIDEO_OPEN_CREATE, &r), NGX_OK,
           "the second follows");
    is_int(ngx_video_object_state(&b, &r), NGX_VIDEO_OBJECT_FILLING,
           "and sees that it is being filled");

    for (n = 0; n < 3; n++) {
        is_int(ngx_video_object_append(&a, &w,
                                       bytes + n * (NGX_VIDEO_CHUNK_SIZE - 1),
                                       NGX_VIDEO_CHUNK_SIZE - 1),
               NGX_OK, "append over a border of chunks");
    }

    is_int(ngx_video_object_append(&a, &w, bytes, 0), NGX_OK,
           "append of nothing");
    is_int(ngx_video_object_filled(&b, &r), 3 * (NGX_VIDEO_CHUNK_SIZE - 1),
           "the reader may read it all");
    is_int(ngx_video_object(&a, &w)->nchunks, 3, "in three chunks");
    ok(same(&b, &r, 0) && same(&b, &r, NGX_VIDEO_CHUNK_SIZE + 5),
       "its bytes are right from anywhere");

    ngx_video_object_complete(&a, &w);
    is_int(ngx_video_object_state(&b, &r), NGX_VIDEO_OBJECT_COMPLETE,
           "it is complete");
    is_int(ngx_video_object_append(&a, &w, bytes, 1), NGX_ERROR,
           "and takes no more");
    ngx_video_object_abort(&a, &w);
    is_int(ngx_video_object_state(&b, &r), NGX_VIDEO_OBJECT_COMPLETE,
           "nor can it be aborted");

    ngx_video_object_put(&a, &w);
    ngx_video_object_put(&a, &w);
    is_int(w.id, 0, "a reference is given back once");

    gone = r;
    is_int(store_env_open(&a, "k", NGX_VIDEO_OPEN_REPLACE, &w), NGX_DONE,
           "replace makes a new one");
    ok(w.id != r.id && same(&b, &r, 0), "the old reader keeps the old one");
    ngx_video_object_abort(&a, &w);
    ok(!has(&b, "k"), "what is aborted is out of the index");
    is_int(ngx_video_object_append(&a, &w, bytes, 1), NGX_ERROR,
           "and takes no more");

    ngx_video_object_put(&b, &r);
    is_int(ngx_video_object_get(&b, &gone), NGX_DECLINED,
           "with the last reference it is gone");
    ngx_video_object_put(&a, &w);
    is_int(a.head->nused, 0, "no object is used");

    memset(text, 'k', sizeof(text));
    text[NGX_VIDEO_KEY_MAX + 1] = '\0';
    is_int(store_env_open(&a, text, NGX_VIDEO_OPEN_CREATE, &w), NGX_ERROR,
           "a key that is too long");
    text[NGX_VIDEO_KEY_MAX] = '\0';
    is_int(store_env_open(&a, text, NGX_VIDEO_OPEN_CREATE, &w), NGX_DONE,
           "the longest key");
    ngx_video_object_complete(&a, &w);
    is_int(ngx_video_object_get(&b, &w), NGX_OK, "get by identity");
    ngx_video_object_put(&b, &w);

    end("life");
}


static void
test_owner(void)
{
    uint64_t         epoch;
    ngx_video_ref_t  w, r, x;

    start();

    is_int(ngx_video_object_create(&a, 3, 100, 0, &w), NGX_DONE,
           "an object of a stream");
    x = w;
    ngx_video_object_complete(&a, &w);
    ngx_video_object_put(&a, &w);
    is_int(ngx_video_object_get(&b, &x), NGX_OK, "its stream keeps it");
    r = x;

    epoch = 100;
    ngx_video_object_disown_others(&b, 3, &epoch);
    ngx_video_object_disown(&b, 2, &x);
    is_int(ngx_video_object(&b, &x)->owner, 4,
           "neither its epoch nor another stream lets it go");
    ngx_video_object_disown(&b, 3, &x);
    is_int(ngx_video_object_state(&b, &r), NGX_VIDEO_OBJECT_COMPLETE,
           "disowned, a reader keeps it");
    ngx_video_object_put(&b, &r);
    is_int(a.head->nused, 0, "then it is free");

    (void) ngx_video_object_create(&a, 3, 101, 0, &w);
    ngx_video_object_abort(&a, &w);
    is_int(ngx_video_object(&a, &w)->owner, 0,
           "a stream does not keep what is aborted");
    ngx_video_object_put(&a, &w);

    (void) ngx_video_object_create(&a, 3, 101, 0, &w);
    ngx_video_object_complete(&a, &w);
    ngx_video_object_put(&a, &w);
    epoch = 102;
    ngx_video_object_disown_others(&b, 3, &epoch);
    is_int(a.head->nused, 0, "an ended epoch's objects are let go");

    end("owner");
}


static void
test_full(void)
{
    char             text[16];
    uint32_t         i, nchunks;
    ngx_video_ref_t  w, small, r;

    start();

    nchunks = a.head->nchunks;
    (void) store_env_open(&a, "large", NGX_VIDEO_OPEN_CREATE, &w);

    for (i = 0; i < nchunks; i++) {
        if (ngx_video_object_append(&a, &w, bytes, NGX_VIDEO_CHUNK_SIZE)
            != NGX_OK)
        {
            break;
        }
    }

    is_int(i, nchunks, "one object may fill the zone");
    is_int(ngx_video_object_append(&a, &w, bytes, 1), NGX_ERROR,
           "then there is no room for a byte");
    is_int(ngx_video_object_filled(&a, &w),
           (long long) nchunks << NGX_VIDEO_CHUNK_SHIFT,
           "what is there stays readable");
    is_int(store_env_open(&b, "small", NGX_VIDEO_OPEN_CREATE, &small),
           NGX_DONE, "an object without bytes is no problem");
    is_int(ngx_video_object_append(&b, &small, bytes, 1), NGX_ERROR,
           "but its first byte is refused");
    ok(a.head->refusals >= 2, "refusals are counted");

    ngx_video_object_abort(&b, &small);
    ngx_video_object_put(&b, &small);
    ngx_video_object_complete(&a, &w);
    (void) store_env_open(&b, "large", 0, &r);
    ngx_video_object_put(&a, &w);

    store_env_put_complete(&a, "x", bytes, 1);
    ok(has(&a, "large"), "who is being read is not evicted");
    ngx_video_object_put(&b, &r);
    store_env_put_complete(&a, "y", bytes, 1);
    ok(!has(&a, "large") && has(&a, "y"), "then it is");

    for (i = 0; i < a.head->nobjects + 10; i++) {
        snprintf(text, sizeof(text), "empty%u", i);
        store_env_put_complete(&a, text, bytes, 0);
    }

    ok(has(&a, text), "more objects than the table has places for");

    end("full");
}


static void
test_evict(void)
{
    char      text[16];
    uint32_t  i, n;

    start();

    n = a.head->nchunks;

    /* asked for twice: the main queue's, when they are the oldest */
    for (i = 0; i < n; i++) {
        snprintf(text, sizeof(text), "k%u", i);
        store_env_put_complete(&a, text, bytes, 1);
    }

    ok(has(&a, "k0") && has(&a, "k0") && has(&a, "k1") && has(&a, "k1"),
       "two are asked for twice");

    store_env_put_complete(&a, "new0", bytes, 1);
    ok(has(&a, "k1"), "they move on");
    ok(!has(&a, "k2"), "the oldest that nobody wanted goes");
    is_int(a.head->evictions, 1, "and only that");

    for (i = 1; i < 2 * n; i++) {
        snprintf(text, sizeof(text), "new%u", i);
        store_env_put_complete(&a, text, bytes, 1);
    }

    ok(has(&a, "k0") && has(&a, "k1"), "one-time requests leave them alone");
    ok(!has(&a, "k5"), "but those who came before");

    store_env_put_complete(&a, "k5", bytes, 1);
    store_env_put_complete(&a, "z", bytes, 1);

    for (i = 0; i < a.head->nobjects; i++) {
        if (a.objects[i].state && a.objects[i].key_len == 1) {
            is_int(a.objects[i].queue, NGX_VIDEO_QUEUE_SMALL,
                   "a newcomer enters the small queue");
        }
    }

    ok(store_env_check(&a) == NULL, "the queues are sound");

    end("eviction");
}


static void
count_call(ngx_video_waiter_t *w)
{
    calls++;

    if (w->data) {
        ngx_video_wait_cancel(w->data);
    }
}


static void
wait_on(ngx_video_store_t *st, ngx_video_signal_t *sig,
    ngx_video_waiter_t *w, void *data, ngx_int_t want)
{
    memset(w, 0, sizeof(*w));
    w->handler = count_call;
    w->data = data;

    is_int(ngx_video_wait(st, sig, ngx_video_signal_seen(sig), w), want,
           "wait");
}


static void
test_wait(void)
{
    uint64_t             seen;
    ngx_video_ref_t      w, r;
    ngx_video_signal_t  *sig;

    start();
    calls = 0;

    (void) store_env_open(&a, "k", NGX_VIDEO_OPEN_CREATE, &w);
    (void) store_env_open(&b, "k", 0, &r);
    sig = &ngx_video_object(&b, &r)->signal;

    seen = ngx_video_signal_seen(sig);
    ngx_video_object_flush(&a, &w);
    memset(&first, 0, sizeof(first));
    is_int(ngx_video_wait(&b, sig, seen, &first), NGX_OK,
           "what has changed already is not waited for");

    store_env_drain(&b);
    b.slots[b.slot].pending = 0;
    wait_on(&b, sig, &first, NULL, NGX_AGAIN);
    is_int(b.nparked, 1, "one is parked");

    ngx_video_object_append(&a, &w, bytes, 10);
    is_int(store_env_drain(&b), 0, "append alone wakes nobody");
    ngx_video_object_flush(&a, &w);
    is_int(store_env_drain(&b), 1, "flush sends a wake");
    is_int(b.slots[b.slot].pending, 1, "which is pending");
    ngx_video_object_flush(&a, &w);
    is_int(store_env_drain(&b), 0, "no second one is sent");

    b.slots[b.slot].pending = 0;
    ngx_video_wait_scan(&b);
    is_int(calls, 1, "the scan calls the waiter");
    ngx_video_wait_scan(&b);
    is_int(calls, 1, "once");
    is_int(b.nparked, 0, "nobody is parked");

    wait_on(&b, sig, &first, &second, NGX_AGAIN);
    wait_on(&b, sig, &second, &first, NGX_AGAIN);
    ngx_video_object_complete(&a, &w);
    ngx_video_wait_scan(&b);
    is_int(calls, 2, "a handler may cancel the one that is called next");
    is_int(b.nparked, 0, "nobody is parked");

    ngx_video_wait_cancel(&first);
    wait_on(&b, sig, &first, NULL, NGX_AGAIN);
    ngx_video_wait_cancel(&first);
    ngx_video_wait_cancel(&first);
    ngx_video_wait_scan(&b);
    is_int(calls, 2, "who cancels is not called");

    ngx_video_object_put(&a, &w);
    ngx_video_object_put(&b, &r);

    end("waiting");
}


static void
test_slots(void)
{
    uint32_t              gen, slot;
    ngx_shmtx_t           m;
    ngx_video_ref_t       w, r, kept;
    ngx_video_store_t     late, next;
    ngx_video_signal_t   *sig;

    start();
    calls = 0;
    slot = b.slot;
    gen = b.generation;

    is_int(store_env_sweep(&a), 0, "all live");

    store_env_put_complete(&a, "kept", bytes, 10);
    (void) store_env_open(&b, "kept", 0, &kept);
    (void) store_env_open(&b, "k", NGX_VIDEO_OPEN_CREATE, &w);
    (void) ngx_video_object_append(&b, &w, bytes, 70000);
    (void) store_env_open(&a, "k", 0, &r);
    sig = &ngx_video_object(&a, &r)->signal;
    wait_on(&a, sig, &first, NULL, NGX_AGAIN);

    store_env_kill(&b);
    is_int(store_env_sweep(&a), 1, "the dead is found");
    is_int(ngx_video_object_state(&a, &r), NGX_VIDEO_OBJECT_ABORTED,
           "what it wrote is aborted");
    ok(!has(&a, "k"), "and not found any more");
    is_int(store_env_drain(&a), 1, "who waits for it is woken");
    a.slots[a.slot].pending = 0;
    ngx_video_wait_scan(&a);
    is_int(calls, 1, "and called");
    is_int(a.refs[(size_t) kept.index * NGX_VIDEO_SLOTS + slot], 0,
           "its references are taken back");
    is_int(a.slots[slot].state, NGX_VIDEO_SLOT_FREE, "its slot is free");
    ngx_video_object_put(&a, &r);

    is_int(store_env_attach(&next, &m, zone, 1), 0, "another comes");
    is_int(next.slot, slot, "and gets that slot");
    is_int(next.generation, gen + 1, "as its next generation");

    /* one who thought the dead one still had it */
    late = b;
    late.slot = slot;
    (void) store_env_open(&next, "kept", 0, &kept);
    ngx_video_slot_close(&late);
    is_int(a.refs[(size_t) kept.index * NGX_VIDEO_SLOTS + slot], 1,
           "a late close of the old generation takes nothing back");
    is_int(a.slots[slot].state, NGX_VIDEO_SLOT_LIVE, "nor the slot");
    ngx_video_object_put(&next, &kept);
    store_env_detach(&next);

    b.slot = NGX_VIDEO_NO_SLOT;
    is_int(store_env_open(&b, "k", NGX_VIDEO_OPEN_CREATE, &w), NGX_ERROR,
           "without a slot nothing is opened");

    end("slots");
}


static void
test_many_slots(void)
{
    ngx_uint_t          i, n;
    ngx_shmtx_t         m;
    ngx_video_store_t   st[NGX_VIDEO_SLOTS];

    start();

    for (n = 0; n < NGX_VIDEO_SLOTS - 2; n++) {
        if (store_env_attach(&st[n], &m, zone, 1) != 0) {
            break;
        }
    }

    is_int(n, NGX_VIDEO_SLOTS - 2, "every slot is taken");
    ok(store_env_attach(&st[n], &m, zone, 1) != 0, "one more is refused");
    store_env_kill(&st[n]);

    store_env_kill(&st[5]);
    is_int(store_env_attach(&st[n], &m, zone, 1), 0,
           "unless one of them has died");
    is_int(st[n].slot, st[5].slot, "whose slot it gets");

    for (i = 0; i < n + 1; i++) {
        if (i != 5) {
            store_env_detach(&st[i]);
        }
    }

    end("many slots");
}


static void
test_recover(void)
{
    const char       *error;
    ngx_video_ref_t   w, r;

    start();

    store_env_put_complete(&a, "one", bytes, 70000);
    store_env_put_complete(&a, "two", bytes, 10);
    (void) store_env_open(&a, "three", NGX_VIDEO_OPEN_CREATE, &w);
    (void) ngx_video_object_append(&a, &w, bytes, 200000);

    /* all that is derived is rubbish, as half a change could leave it */
    a.head->free_chunk = 1;
    a.head->nfree = 1000000;
    a.head->free_object = 1;
    a.head->nused = 77;
    memset(a.buckets, 0xff, a.head->nbuckets * sizeof(uint32_t));
    memset(a.head->fifo, 0xff, sizeof(a.head->fifo));
    a.head->mutating = 1;

    is_int(store_env_open(&b, "one", 0, &r), NGX_OK,
           "an object is found again");
    is_int(a.head->recoveries, 1, "a recovery is counted");
    error = store_env_check(&a);
    ok(error == NULL, "everything is rebuilt");
    diag("%s", error ? error : "sound");
    ok(same(&b, &r, 0) && same(&a, &w, 0), "the bytes are there");
    is_int(ngx_video_object_append(&a, &w, bytes + 200000, 50000), NGX_OK,
           "the writer goes on");
    ok(same(&a, &w, 0), "at the right place");
    ngx_video_object_complete(&a, &w);
    ngx_video_object_put(&a, &w);
    ngx_video_object_put(&b, &r);

    end("recovery");
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (u_char) (i * 31 + (i >> 8) * 7);
    }

    test_life();
    test_owner();
    test_full();
    test_evict();
    test_wait();
    test_slots();
    test_many_slots();
    test_recover();

    return done_testing();
}
