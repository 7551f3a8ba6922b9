/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of live streams: each is found by its number, in another process's
 * view, as long as its segment is there; sheets take the place of those that
 * they have all of; and memory that others need is given back.
 */

#include <stdio.h>

#include "ngx_video_live_block.h"
#include "store_env.h"
#include "tap.h"


#define ZONE     (8 * 1024 * 1024)
#define RESERVE  (1024 * 1024)

/* of the first segment, as far from 0 as those of streams */
#define FIRST    1700000000


static void                    *zone;
static ngx_shmtx_t              mutex;
static ngx_video_store_t        a, b;
static u_char                   bytes[16 * NGX_VIDEO_CHUNK_SIZE];
static ngx_video_live_info_t    info;
static ngx_video_live_image_t   image;
static ngx_video_live_grid_t    grid = { 160, 90, 10, 10 };


static void
add_segment(ngx_uint_t index, uint64_t n)
{
    nvm_part_t  part;

    memset(&part, 0, sizeof(part));
    part.duration = 1000;
    part.size = 500;

    (void) ngx_video_live_segment_open(&a, index, 0, n, (n - FIRST) * 1000, 1,
                                       1);
    (void) ngx_video_live_part(&a, index, 0, &part, bytes, 10, bytes + 10);
    (void) ngx_video_live_segment_close(&a, index, 0);
}


static ngx_uint_t
publish(const char *name, uint64_t segments)
{
    uint64_t     n;
    ngx_uint_t   index, number;
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;

    is_int(store_env_publish(&a, name, RESERVE, &index), NGX_OK,
           "publish \"%s\"", name);
    is_int(ngx_video_live_track(&a, index, &t, 200, bytes, 100, &number),
           NGX_OK, "a track");
    is_int(ngx_video_live_images(&a, index, &grid), NGX_OK, "thumbnails");
    ngx_video_live_ready(&a, index);
    a.lives[index].window_ms = 10000;

    for (n = 0; n < segments; n++) {
        add_segment(index, FIRST + n);
    }

    return index;
}


/* The bytes of an image begin with its number. */
static ngx_int_t
add(ngx_uint_t index, ngx_video_live_image_e kind, uint64_t number,
    uint32_t count, size_t size)
{
    memcpy(bytes, &number, sizeof(number));

    return ngx_video_live_image(&a, index, kind, number, count, bytes, size);
}


/* What another process finds: its size; 0: nothing; 1: something else. */
static size_t
find(ngx_uint_t index, ngx_video_live_image_e kind, uint64_t number)
{
    size_t              n;
    u_char             *p;
    uint64_t            is;
    ngx_video_cursor_t  cursor = { 0, 0 };

    if (ngx_video_live_info(&b, index, &info) != NGX_OK
        || ngx_video_live_image_of(&b, &info, kind, number, &image) != NGX_OK)
    {
        return 0;
    }

    p = ngx_video_object_span(&b, &image.object, &cursor, image.offset, &n);
    memcpy(&is, p, n < sizeof(is) ? 0 : sizeof(is));
    ngx_video_object_put(&b, &image.object);

    return kind == NGX_VIDEO_LIVE_POSTER || is == image.number
           ? image.size : 1;
}


static size_t
thumb(ngx_uint_t index, uint64_t n)
{
    return find(index, NGX_VIDEO_LIVE_THUMB, FIRST + n);
}


static void
test_thumbs(ngx_uint_t index)
{
    ngx_uint_t  i, used;

    used = ngx_video_live_images_used(&a, &a.lives[index]);
    is_int(used, 1, "thumbnails have a chunk");
    is_int(thumb(index, 0), 0, "there is none");

    for (i = 0; i < 9; i++) {
        is_int(add(index, NGX_VIDEO_LIVE_THUMB, FIRST + i, 1, 8000 + i), NGX_OK,
               "thumbnail %u", (unsigned) i);
    }

    for (i = 0; i < 9; i++) {
        is_int(thumb(index, i), 8000 + i, "is found");
    }

    is_int(thumb(index, 9), 0, "one that has not come is not");
    is_int(thumb(index, NGX_VIDEO_LIVE_IMAGES), 0, "nor one of its place");
    is_int(info.nimages, 9, "all are counted");
    is_int(ngx_video_live_images_used(&a, &a.lives[index]), used + 2,
           "eight share a chunk");

    is_int(add(index, NGX_VIDEO_LIVE_THUMB, FIRST + 9, 1, 100000), NGX_OK,
           "one larger than a chunk");
    is_int(thumb(index, 9), 100000, "is found");
    is_int(ngx_video_live_images_used(&a, &a.lives[index]), used + 4,
           "in two of its own");
    is_int(add(index, NGX_VIDEO_LIVE_THUMB, FIRST + 9, 1, 50), NGX_OK,
           "another one of it");
    is_int(thumb(index, 9), 50, "takes its place");
    is_int(ngx_video_live_images_used(&a, &a.lives[index]), used + 3,
           "and its memory");

    is_int(add(index, NGX_VIDEO_LIVE_THUMB, FIRST + 1000, 1, 50), NGX_ABORT,
           "one of no segment");
    is_int(add(index, NGX_VIDEO_LIVE_THUMB, FIRST - 1, 1, 50), NGX_ABORT,
           "one from before");
    is_int(add(index, NGX_VIDEO_LIVE_THUMB, FIRST, 1, 0), NGX_ABORT,
           "one without bytes");
}


static void
test_sheets(ngx_uint_t index)
{
    ngx_uint_t  used;

    used = ngx_video_live_images_used(&a, &a.lives[index]);
    is_int(add(index, NGX_VIDEO_LIVE_SHEET, FIRST, 3, 3000), NGX_OK,
           "a sheet");
    is_int(find(index, NGX_VIDEO_LIVE_SHEET, FIRST + 2), 3000, "has three");
    is_int(find(index, NGX_VIDEO_LIVE_SHEET, FIRST + 3), 0, "and no more");

    is_int(add(index, NGX_VIDEO_LIVE_SHEET, FIRST, 6, 6000), NGX_OK,
           "one of six");
    is_int(find(index, NGX_VIDEO_LIVE_SHEET, FIRST + 2), 6000,
           "takes its place");
    is_int(ngx_video_live_images_used(&a, &a.lives[index]), used + 1,
           "and its memory");
    ok(a.head->reserved >= ngx_video_live_used(&a, &a.lives[index]),
       "what is used was promised");

    is_int(add(index, NGX_VIDEO_LIVE_SHEET, FIRST + 6, 0, 10), NGX_ABORT,
           "one of nothing");
    is_int(add(index, NGX_VIDEO_LIVE_SHEET, FIRST + 6, 1000, 10), NGX_ABORT,
           "one that reaches ahead");
    is_int(add(index, NGX_VIDEO_LIVE_SHEET, UINT64_MAX, 2, 10), NGX_ABORT,
           "one of numbers that turn over");

    is_int(find(index, NGX_VIDEO_LIVE_POSTER, 0), 0, "no poster");
    is_int(add(index, NGX_VIDEO_LIVE_POSTER, 0, 1, 70000), NGX_OK, "a poster");
    is_int(find(index, NGX_VIDEO_LIVE_POSTER, 0), 70000, "is found");
    is_int(add(index, NGX_VIDEO_LIVE_POSTER, 0, 1, 60000), NGX_OK, "another");
    is_int(find(index, NGX_VIDEO_LIVE_POSTER, 0), 60000, "takes its place");
    is_int(image.number, 2, "and is told from it");
}


static void
test_slide(ngx_uint_t index)
{
    uint64_t  n, oldest;

    for (n = 10; n < 100; n++) {
        add_segment(index, FIRST + n);
        (void) add(index, NGX_VIDEO_LIVE_THUMB, FIRST + n, 1, 9000);
    }

    oldest = 99;
    while (thumb(index, oldest) && oldest) { oldest--; }

    is_int(oldest >= 60 && oldest < 90, 1, "what has left the window is gone");
    is_int(find(index, NGX_VIDEO_LIVE_SHEET, FIRST), 0, "sheets, too");
    is_int(find(index, NGX_VIDEO_LIVE_POSTER, 0), 60000, "not the poster");
    is_int(ngx_video_live_images_used(&a, &a.lives[index]) <= 8, 1,
           "so is their memory");
    is_str(store_env_check(&a), NULL, "nothing is wrong");
}


/* Others have been promised the rest of the zone. */
static void
test_full(ngx_uint_t index)
{
    uint32_t    more;
    ngx_uint_t  i;

    more = a.head->nchunks - a.head->nchunks / 4 - a.head->reserved;
    a.head->reserved += more;

    for (i = 0; i < 40; i++) {
        if (add(index, NGX_VIDEO_LIVE_POSTER, 0, 1, 15 * NGX_VIDEO_CHUNK_SIZE)
            != NGX_OK)
        {
            break;
        }
    }

    is_int(i, 0, "a quarter of a zone is not for thumbnails");
    is_int(find(index, NGX_VIDEO_LIVE_POSTER, 0), 60000, "what is there stays");
    a.head->reserved -= more;

    is_int(add(index, NGX_VIDEO_LIVE_POSTER, 0, 1, 10 * NGX_VIDEO_CHUNK_SIZE),
           NGX_OK, "in what is left they are");

    more = a.head->nchunks - a.head->nchunks / 16 - a.head->reserved;
    a.head->reserved += more;
    a.lives[index].reserved -= 14;
    a.head->reserved -= 14;
    more += 14;

    add_segment(index, FIRST + 100);
    is_int(find(index, NGX_VIDEO_LIVE_POSTER, 0), 0, "media take their memory");
    is_int(thumb(index, 99), 0, "of all of them");
    is_int(ngx_video_live_info(&b, index, &info), NGX_OK, "the stream");
    is_int(info.state, NGX_VIDEO_LIVE_LIVE, "goes on");
    is_int(add(index, NGX_VIDEO_LIVE_POSTER, 0, 1, 15 * NGX_VIDEO_CHUNK_SIZE),
           NGX_DECLINED, "without them");
    a.head->reserved -= more;
    is_int(add(index, NGX_VIDEO_LIVE_THUMB, FIRST + 100, 1, 100), NGX_OK,
           "until there is room");
    is_int(thumb(index, 100), 100, "again");
}


static void
test_runs(ngx_uint_t index)
{
    ngx_uint_t  next;

    ngx_video_live_images_end(&a, index);
    ngx_video_live_end(&a, index, 0);
    is_int(thumb(index, 100), 100, "those of a run that has ended stay");

    next = publish("s", 1);
    is_int(thumb(next, 0), 0, "another run has none");
    is_int(add(next, NGX_VIDEO_LIVE_THUMB, FIRST, 1, 77), NGX_OK,
           "until one comes");
    is_int(thumb(next, 0), 77, "in it");
}


int
main(void)
{
    ngx_uint_t  index;

    zone = store_env_pair(ZONE, &mutex, &a, &b);

    index = publish("s", 10);
    test_thumbs(index);
    test_sheets(index);
    test_slide(index);
    test_full(index);
    test_runs(index);

    store_env_detach(&b);
    store_env_kill(&a);

    if (store_env_attach(&a, &mutex, zone, 1) == 0) {
        is_str(store_env_over(&a), NULL, "everything is free again");
    }

    store_env_drop(zone, ZONE);

    return done_testing();
}
