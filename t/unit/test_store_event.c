/*
 * Copyright (C) ngx_video authors
 *
 * The events of live streams: added, read by another process's view, dropped
 * when there are more than fit, moved with the clock, gone with their run.
 */

#include <stdio.h>

#include "nvm_arena.h"
#include "store_env.h"
#include "tap.h"


#define ZONE     (8 * 1024 * 1024)


static void                    *zone;
static ngx_shmtx_t              mutex;
static ngx_video_store_t        a, b;
static u_char                   bytes[NGX_VIDEO_LIVE_EVENT_MAX + 1];
static ngx_video_live_info_t    info;
static ngx_video_live_event_t  *events;
static ngx_uint_t               nevents;
static nvm_heap_t               heap;


static ngx_uint_t
publish(const char *name)
{
    ngx_uint_t   index, number;
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;

    is_int(store_env_publish(&a, name, 65536, &index), NGX_OK,
           "publish \"%s\"", name);
    is_int(ngx_video_live_track(&a, index, &t, 200, bytes, 100, &number),
           NGX_OK, "a track");
    ngx_video_live_ready(&a, index);

    return index;
}


/* Bytes that depend on the id. */
static ngx_int_t
add(ngx_uint_t index, uint32_t id, uint32_t size)
{
    uint32_t                i;
    ngx_video_live_event_t  e;

    memset(&e, 0, sizeof(e));
    e.id = id;
    e.size = size;
    e.data = bytes;
    e.time = id * 10;
    e.wall = id * 10 + 5000;

    for (i = 0; i < size && i < sizeof(bytes); i++) {
        bytes[i] = (u_char) (id + i);
    }

    return ngx_video_live_event(&a, index, &e);
}


static ngx_int_t
look(ngx_uint_t index)
{
    nvm_heap_done(&heap);
    nvm_heap_init(&heap, 1024 * 1024);

    if (ngx_video_live_info(&b, index, &info) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_video_live_events(&b, &info, &heap.arena, &events, &nevents);
}


/* Whether all that is there is as it was added, one id after the other. */
static ngx_uint_t
whole(uint32_t first)
{
    uint32_t    k;
    ngx_uint_t  i;

    for (i = 0; i < nevents; i++) {
        if (events[i].id != first + i || events[i].time != events[i].id * 10) {
            return 0;
        }

        for (k = 0; k < events[i].size; k++) {
            if (events[i].data[k] != (u_char) (events[i].id + k)) {
                return 0;
            }
        }
    }

    return 1;
}


static void
test_ring(ngx_uint_t index)
{
    uint32_t    i;
    uint64_t    seen;
    ngx_uint_t  free;

    free = a.head->nfree;

    is_int(look(index), NGX_OK, "no events");
    ok(nevents == 0 && events == NULL, "are none");
    is_int(a.head->nfree, free, "and take no memory");

    seen = ngx_video_signal_seen(&a.lives[index].signal);
    is_int(add(index, 1, 300), NGX_OK, "an event");
    is_int(ngx_video_signal_seen(&a.lives[index].signal), seen,
           "wakes nobody");
    is_int(a.head->nfree, free - 1, "a chunk");
    is_int(add(index, 2, 0), NGX_OK, "an event without data");
    is_int(look(index), NGX_OK, "are read");
    ok(nevents == 2 && whole(1), "as they were added");
    is_int(info.nevents, 2, "and counted");

    is_int(add(index, 3, NGX_VIDEO_LIVE_EVENT_MAX + 1), NGX_DECLINED,
           "too large");
    is_int(add(index, 3, NGX_VIDEO_LIVE_EVENT_MAX), NGX_OK, "the largest");

    for (i = 4; i <= 10; i++) {
        is_int(add(index, i, NGX_VIDEO_LIVE_EVENT_MAX), NGX_OK, "event %u", i);
    }

    is_int(look(index), NGX_OK, "as many bytes as fit");
    ok(nevents == 9 && whole(2), "are the newest, and one without any");

    for (i = 11; i <= 600; i++) {
        (void) add(index, i, i % 100);
    }

    is_int(look(index), NGX_OK, "as many as there may be");
    ok(nevents == NGX_VIDEO_LIVE_EVENTS && whole(600 - nevents + 1),
       "are the newest");
    is_int(info.nevents, 600, "all are counted");
    is_int(a.head->nfree, free - 1, "still one chunk");
}


static void
test_shift(ngx_uint_t index)
{
    ngx_video_live_clock_t  clock;

    memset(&clock, 0, sizeof(clock));
    ngx_video_live_shift(&a, index, &clock, -300);

    is_int(look(index), NGX_OK, "the clock is corrected");
    is_int(events[0].wall, (int64_t) events[0].id * 10 + 5000 - 300,
           "so are events");
    ok(whole(events[0].id), "and nothing else of them");
}


static void
test_runs(ngx_uint_t index)
{
    ngx_uint_t  next;

    ngx_video_live_end(&a, index, 0);
    is_int(look(index), NGX_OK, "of a run that has ended");
    is_int(nevents, NGX_VIDEO_LIVE_EVENTS, "events stay");

    next = publish("s");
    is_int(look(next), NGX_OK, "another run");
    is_int(nevents, 0, "has none");
    is_int(add(next, 700, 20), NGX_OK, "until one comes");
    is_int(look(next), NGX_OK, "in it");
    ok(nevents == 1 && whole(700) && events[0].number == 0, "alone");
}


static void
test_captions(ngx_uint_t index)
{
    nvm_track_t     t;
    nvm_captions_t  captions = { 2, 1, 1 };

    ngx_video_live_captions(&a, index, 0, &captions);
    is_int(ngx_video_live_info(&b, index, &info), NGX_OK, "captions");
    is_int(ngx_video_live_track_of(&b, &info, 0, &t), NGX_OK, "of a track");
    ok(t.captions.services == 2 && t.captions.channels == 1
       && t.captions.present == 1, "are read");
}


int
main(void)
{
    ngx_uint_t  index;

    nvm_heap_init(&heap, 1024);
    zone = store_env_pair(ZONE, &mutex, &a, &b);

    index = publish("s");
    test_captions(index);
    test_ring(index);
    test_shift(index);
    test_runs(index);

    nvm_heap_done(&heap);
    store_env_detach(&b);
    store_env_kill(&a);

    if (store_env_attach(&a, &mutex, zone, 1) == 0) {
        is_str(store_env_over(&a), NULL, "everything is free again");
    }

    store_env_drop(zone, ZONE);

    return done_testing();
}
