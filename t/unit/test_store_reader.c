/*
 * Copyright (C) ngx_video authors
 *
 * Slow readers: what they keep of objects that nobody finds any more is
 * counted and bounded, and live streams get what they were promised.
 */

#include "store_env.h"
#include "tap.h"


#define ZONE      (4 * 1024 * 1024)
#define MAX       64                /* chunks of the zone, and more */


static void                *zone;
static ngx_shmtx_t          mutex;
static ngx_video_store_t    a, b;
static u_char               bytes[2 * NGX_VIDEO_CHUNK_SIZE];
static ngx_video_reader_t   readers[MAX];
static ngx_video_ref_t      refs[MAX];
static ngx_uint_t           nrefs;
static int                  order[MAX], calls;


static void
start(void)
{
    zone = store_env_pair(ZONE, &mutex, &a, &b);
    nrefs = 0;
    calls = 0;
}


static void
end(const char *title)
{
    store_env_detach(&b);
    ngx_video_live_reap(&a, STORE_ENV_FOREVER);
    store_env_detach(&a);

    is_str(store_env_empty(&a), NULL, "%s: everything is free again", title);

    store_env_drop(zone, ZONE);
}


static void
cut(ngx_video_reader_t *rd)
{
    order[calls++] = (int) (rd - readers);
    ngx_video_reader_remove(rd);
    ngx_video_object_put(&b, rd->ref);
}


/* b reads one chunk of "key", which is then replaced or evicted. */
static void
read_one(const char *key)
{
    store_env_put_complete(&a, key, bytes, 100);
    (void) store_env_open(&b, key, 0, &refs[nrefs]);

    readers[nrefs].ref = &refs[nrefs];
    readers[nrefs].cut = cut;
    ngx_video_reader_add(&b, &readers[nrefs]);
    nrefs++;
}


static void
read_many(ngx_uint_t n)
{
    char  key[16];

    while (n--) {
        snprintf(key, sizeof(key), "k%u", (unsigned) nrefs);
        read_one(key);
    }
}


static void
test_lingering(void)
{
    ngx_video_ref_t  w;

    start();

    read_one("k");
    is_int(a.head->lingering, 0, "what is found does not linger");
    ngx_video_object_unlink(&a, &refs[0]);
    is_int(a.head->lingering, 1, "what is not found any more does");
    ngx_video_object_unlink(&a, &refs[0]);
    is_int(a.head->lingering, 1, "once");
    ngx_video_reader_remove(&readers[0]);
    ngx_video_reader_remove(&readers[0]);
    ngx_video_object_put(&b, &refs[0]);
    is_int(a.head->lingering, 0, "until its reader has gone");

    (void) store_env_open(&a, "w", NGX_VIDEO_OPEN_CREATE, &w);
    ngx_video_object_unlink(&a, &w);
    (void) ngx_video_object_append(&a, &w, bytes, sizeof(bytes));
    is_int(a.head->lingering, 2, "it grows while it lingers");
    ok(store_env_check(&a) == NULL, "the sums are right");
    ngx_video_object_complete(&a, &w);
    ngx_video_object_put(&a, &w);
    is_int(a.head->lingering, 0, "and is gone with its writer");

    end("lingering");
}


static void
test_cut(void)
{
    uint32_t    most, i;
    ngx_uint_t  live;

    start();

    /* all but 20 chunks are promised: 10 may linger */
    most = a.head->nchunks - a.head->nchunks / 16 - 20 - 4;
    is_int(store_env_publish(&a, "s", most * NGX_VIDEO_CHUNK_SIZE, &live),
           NGX_OK, "most of the zone is promised");
    most = (a.head->nchunks - a.head->reserved) / 2;

    read_many(most + 2);

    for (i = 0; i < most; i++) {
        ngx_video_object_unlink(&a, &refs[i + 1]);
    }

    is_int(a.head->lingering, most, "so much lingers");
    ok(!ngx_video_readers_pressed(&a), "as may");
    is_int(ngx_video_readers_relieve(&b), 0, "nobody is told");

    ngx_video_object_unlink(&a, &refs[0]);
    ok(ngx_video_readers_pressed(&a), "one more may not");
    (void) store_env_drain(&b);
    ngx_video_readers_press(&a);
    is_int(store_env_drain(&b), 1, "workers are woken");
    is_int(ngx_video_readers_relieve(&b), 1, "one reader is told");
    ok(calls == 1 && order[0] == 0, "the one that is there for longest");
    is_int(a.head->lingering, most, "its memory is back");
    is_int(ngx_video_readers_relieve(&b), 0, "and that is enough");

    while (nrefs--) {
        ngx_video_reader_remove(&readers[nrefs]);
        ngx_video_object_put(&b, &refs[nrefs]);
    }

    ngx_video_live_end(&a, live, 1);

    end("cut");
}


/* A zone full of what is being read, and a stream that needs it. */
static void
test_promise(void)
{
    uint32_t         free;
    ngx_int_t        rc;
    ngx_uint_t       live, n;
    ngx_video_ref_t  w;

    start();

    is_int(store_env_publish(&a, "s", 16 * NGX_VIDEO_CHUNK_SIZE, &live),
           NGX_OK, "16 chunks are promised");
    free = a.head->reserved - a.head->pinned;
    is_int(store_env_open(&b, "large", NGX_VIDEO_OPEN_CREATE, &w), NGX_DONE,
           "another fills what is left");

    do {
        rc = ngx_video_object_append(&b, &w, bytes, NGX_VIDEO_CHUNK_SIZE);
    } while (rc == NGX_OK);

    is_int(a.head->nfree, free, "but not what is promised");

    for (n = 0; n < free; n++) {
        (void) ngx_video_object_create(&a, live, a.lives[live].epoch, 0,
                                       &refs[n]);
        rc = ngx_video_object_append(&a, &refs[n], bytes, 100);

        if (rc != NGX_OK) {
            break;
        }
    }

    is_int(n, free, "the stream gets all of it");
    is_int(a.head->nfree, 0, "then nothing is left");
    is_int(a.head->pinned, a.head->reserved, "of its promise");

    while (n--) {
        ngx_video_object_abort(&a, &refs[n]);
        ngx_video_object_put(&a, &refs[n]);
    }

    ngx_video_object_complete(&b, &w);
    ngx_video_object_put(&b, &w);
    ngx_video_live_end(&a, live, 1);

    end("promise");
}


/* What is being read goes only for a stream. */
static void
test_evict_read(void)
{
    ngx_int_t        rc;
    ngx_uint_t       live, n;
    ngx_video_ref_t  w;

    start();
    read_many(a.head->nchunks);

    is_int(a.head->nfree, 0, "all of the zone is being read");
    (void) store_env_open(&a, "w", NGX_VIDEO_OPEN_CREATE, &w);
    is_int(ngx_video_object_append(&a, &w, bytes, 1), NGX_ERROR,
           "an object does not get any of it");
    ngx_video_object_abort(&a, &w);
    ngx_video_object_put(&a, &w);

    (void) store_env_publish(&a, "s", 16 * NGX_VIDEO_CHUNK_SIZE, &live);

    for (rc = NGX_ERROR, n = 0; rc != NGX_OK && n < 3; n++) {
        (void) ngx_video_object_create(&a, live, a.lives[live].epoch, 0, &w);
        rc = ngx_video_object_append(&a, &w, bytes, 1);
        ngx_video_object_abort(&a, &w);
        ngx_video_object_put(&a, &w);
        (void) ngx_video_readers_relieve(&b);
    }

    ok(rc == NGX_OK && calls, "a stream does, when %d readers were told",
       calls);
    ngx_video_live_end(&a, live, 1);

    end("evicting readers");
}


/*
 * All newcomers are being read: what was asked for often is not, and has to
 * make room for them.
 */
static void
test_evict_main(void)
{
    char             key[16];
    ngx_uint_t       i, k, old, n;
    ngx_video_ref_t  w, ref;

    start();

    /* read three times, they move on when the zone fills up */

    old = a.head->nfree / 2;

    for (i = 0; i < old; i++) {
        snprintf(key, sizeof(key), "old%u", (unsigned) i);
        store_env_put_complete(&a, key, bytes, 100);

        for (k = 0; k < 3; k++) {
            (void) store_env_open(&a, key, 0, &ref);
            ngx_video_object_put(&a, &ref);
        }
    }

    for (i = 0; i < MAX && a.head->evictions == 0; i++) {
        snprintf(key, sizeof(key), "new%u", (unsigned) i);
        store_env_put_complete(&a, key, bytes, 100);
    }

    /* put the other newcomers out, and are in their place */

    read_many(old);
    n = 0;

    for (i = 0; i < old / 2; i++) {
        snprintf(key, sizeof(key), "more%u", (unsigned) i);
        (void) store_env_open(&a, key, NGX_VIDEO_OPEN_CREATE, &w);
        n += ngx_video_object_append(&a, &w, bytes, 100) == NGX_OK;
        ngx_video_object_complete(&a, &w);
        (void) ngx_video_object_get(&b, &w);
        refs[nrefs++] = w;
        ngx_video_object_put(&a, &w);
    }

    is_int(n, old / 2, "room is made while all other newcomers are read");
    is_int(a.head->refusals, 0, "without a refusal");

    while (nrefs) {
        nrefs--;
        ngx_video_reader_remove(&readers[nrefs]);
        ngx_video_object_put(&b, &refs[nrefs]);
    }

    end("newcomers");
}


int
main(void)
{
    test_lingering();
    test_cut();
    test_promise();
    test_evict_read();
    test_evict_main();

    return done_testing();
}
