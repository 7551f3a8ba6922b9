/*
 * Copyright (C) ngx_video authors
 *
 * Where a run stands in time: its steps, and the run that goes on from it.
 */

#include <stdio.h>

#include "store_env.h"
#include "tap.h"


#define ZONE     (8 * 1024 * 1024)
#define WALL     1795300000000


static void                   *zone;
static ngx_shmtx_t             mutex;
static ngx_video_store_t       a, b;
static u_char                  bytes[1000];
static ngx_video_live_info_t   info;
static ngx_video_live_clock_t  zero;
static ngx_video_live_step_t   steps[NGX_VIDEO_LIVE_STEPS];
static uint64_t                first;
static ngx_uint_t              n;


static ngx_uint_t
publish(void)
{
    ngx_uint_t  index;

    is_int(store_env_publish(&a, "s", 65536, &index), NGX_OK, "publish");

    return index;
}


static void
ready(ngx_uint_t index)
{
    ngx_uint_t   number;
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;
    t.kind = NVM_AUDIO;

    is_int(ngx_video_live_track(&a, index, &t, 200, bytes, 100, &number),
           NGX_OK, "a track");
    ngx_video_live_ready(&a, index);
}


static ngx_int_t
look(ngx_uint_t index)
{
    memset(steps, 0, sizeof(steps));
    (void) ngx_video_live_info(&b, index, &info);

    return ngx_video_live_steps(&b, &info, steps, &first, &n);
}


/* Whether step k of those that were read is number "number" of step(). */
static ngx_uint_t
is_step(ngx_uint_t k, uint64_t number)
{
    return steps[k].begin == 500 + number * 20000
           && steps[k].start == 700 + number * 20040;
}


static void
step(ngx_uint_t index, uint64_t number)
{
    ngx_video_live_clock_t  c;

    c.wall = 1;         /* is not looked at */
    c.begin = 500 + number * 20000;
    c.start = 700 + number * 20040;
    ngx_video_live_step(&a, index, &c);
}


static void
test_steps(ngx_uint_t index)
{
    uint64_t    k;
    ngx_uint_t  i, right;

    is_int(look(index), NGX_OK, "a run");
    ok(n == 1 && first == 0 && is_step(0, 0), "has where it began");

    step(index, 1);
    is_int(look(index), NGX_OK, "a step");
    ok(n == 2 && first == 0 && is_step(0, 0) && is_step(1, 1), "is behind it");
    is_int(info.clock.start, 700, "the run began when it began");
    is_int(info.clock.wall, WALL, "by the same clock");

    for (k = 2; k < NGX_VIDEO_LIVE_STEPS; k++) {
        step(index, k);
    }

    is_int(look(index), NGX_OK, "as many as are remembered");
    ok(n == NGX_VIDEO_LIVE_STEPS && first == 0 && is_step(0, 0)
       && is_step(n - 1, n - 1), "with where it began");

    for ( /* void */ ; k < 3 * NGX_VIDEO_LIVE_STEPS; k++) {
        step(index, k);
    }

    is_int(look(index), NGX_OK, "more");
    is_int(n, NGX_VIDEO_LIVE_STEPS - 1, "the newest are remembered");
    is_int(first, k - n, "by their numbers");

    for (i = 0, right = 0; i < n; i++) {
        right += is_step(i, first + i);
    }

    is_int(right, n, "all of them");
}


static void
test_next(ngx_uint_t index)
{
    uint8_t                 kind;
    nvm_part_t              part;
    ngx_uint_t              next;
    ngx_video_live_clock_t  c;
    ngx_video_live_step_t   last;

    last = steps[n - 1];

    /* media until 3 s after the newest step */
    memset(&part, 0, sizeof(part));
    part.duration = 3000;
    part.size = 1000;
    (void) ngx_video_live_segment_open(&a, index, 0,
                                       ngx_video_live_first_msn(&a, index),
                                       last.begin, 1, 1);
    is_int(ngx_video_live_part(&a, index, 0, &part, bytes, 0, bytes), NGX_OK,
           "media");
    ngx_video_live_end(&a, index, 0);

    next = publish();
    kind = NVM_AUDIO;
    is_int(ngx_video_live_join(&a, next, &kind, 1, &c), NGX_OK,
           "another run goes on");
    is_int(c.wall, WALL, "by the same clock");
    is_int(c.begin, last.begin + 3001, "behind its media");
    is_int(c.start, last.start + 3001, "from its newest step on");

    ngx_video_live_clock(&a, next, &zero);
    ready(next);
    is_int(look(next), NGX_OK, "that");
    ok(n == 1 && first == 0 && is_step(0, 0), "has no steps");
    is_int(look(index), NGX_OK, "the one before");
    is_int(n, NGX_VIDEO_LIVE_STEPS - 1, "has its own");

    ngx_video_live_end(&a, next, 1);

    info.epoch++;
    is_int(ngx_video_live_steps(&b, &info, steps, &first, &n), NGX_DECLINED,
           "a run that is gone");
}


int
main(void)
{
    ngx_uint_t  index;

    zone = store_env_pair(ZONE, &mutex, &a, &b);

    zero.wall = WALL;
    zero.start = 700;
    zero.begin = 500;

    index = publish();
    a.lives[index].grace = 10000;
    ngx_video_live_clock(&a, index, &zero);
    ready(index);

    test_steps(index);
    test_next(index);

    store_env_detach(&b);
    is_str(store_env_over(&a), NULL, "everything is free again");
    store_env_kill(&a);
    store_env_drop(zone, ZONE);

    return done_testing();
}
