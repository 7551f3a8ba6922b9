/*
 * Copyright (C) ngx_video authors
 *
 * Numbers of a stream that goes on: a run that a track has no media in has as
 * many there as the track that had most, and is known to be without.
 */

#include <stdio.h>

#include "store_env.h"
#include "tap.h"


#define ZONE      (16 * 1024 * 1024)
#define WINDOW    5         /* segments of a second */

#define VIDEO     0
#define AUDIO     1


static void                   *zone;
static ngx_shmtx_t             mutex;
static ngx_video_store_t       a, b;
static u_char                  bytes[1000];
static const uint8_t           kinds[2] = { NVM_VIDEO, NVM_AUDIO };


/* A run with so many segments of its two tracks. */
static void
run_of(ngx_uint_t *index, int video, int audio)
{
    int                     k, n[2] = { video, audio };
    uint64_t                msn[2];
    nvm_part_t              part;
    ngx_uint_t              i, number;
    nvm_track_t             t;
    ngx_video_live_clock_t  clock;

    (void) store_env_publish(&a, "s", 65536, index);

    a.lives[*index].grace = 10000;
    a.lives[*index].window_ms = WINDOW * 1000;

    memset(&clock, 0, sizeof(clock));
    (void) ngx_video_live_join(&a, *index, kinds, 2, &clock);
    ngx_video_live_clock(&a, *index, &clock);

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;

    for (i = 0; i < 2; i++) {
        t.kind = kinds[i];
        (void) ngx_video_live_track(&a, *index, &t, 200, bytes, 100, &number);
        msn[i] = ngx_video_live_next_msn(&a, *index, i);
    }

    ngx_video_live_ready(&a, *index);

    memset(&part, 0, sizeof(part));
    part.duration = 1000;
    part.size = sizeof(bytes);

    for (i = 0; i < 2; i++) {
        for (k = 0; k < n[i]; k++) {
            (void) ngx_video_live_segment_open(&a, *index, i, msn[i] + k,
                                               clock.begin + k * 1000, 1, 1);
            (void) ngx_video_live_part(&a, *index, i, &part, bytes, 0, bytes);
            (void) ngx_video_live_segment_close(&a, *index, i);
        }
    }

    ngx_video_live_pause(&a, *index);
}


/* What is read of a track. */
static nvm_timeline_t
timeline(ngx_uint_t index, ngx_uint_t number)
{
    nvm_heap_t             heap;
    nvm_track_t            track;
    nvm_timeline_t         tl;
    ngx_video_live_info_t  info;

    memset(&tl, 0, sizeof(tl));
    nvm_heap_init(&heap, 1 << 20);

    (void) ngx_video_live_info(&b, index, &info);
    is_int(ngx_video_live_read(&b, &info, number, &heap.arena, &track, &tl),
           NGX_OK, "a track is read");

    nvm_heap_done(&heap);

    return tl;
}


static uint32_t
had(ngx_uint_t index)
{
    ngx_video_live_info_t  info;

    (void) ngx_video_live_info(&b, index, &info);

    return info.had;
}


static void
start(void)
{
    zone = store_env_pair(ZONE, &mutex, &a, &b);
}


static void
end(void)
{
    ngx_video_live_reap(&a, STORE_ENV_FOREVER);
    store_env_detach(&b);
    store_env_detach(&a);
    store_env_drop(zone, ZONE);
}


static void
test_numbers(void)
{
    uint64_t        first, msn;
    ngx_uint_t      i;
    nvm_timeline_t  v, s;

    start();

    run_of(&i, 3, 4);
    v = timeline(i, VIDEO);
    s = timeline(i, AUDIO);
    first = v.origin;
    ok(v.count == 3 && s.count == 4 && s.origin == first,
       "both begin with one number");

    run_of(&i, 2, 0);
    v = timeline(i, VIDEO);
    s = timeline(i, AUDIO);
    is_int(v.origin, first + 3, "video goes on");
    ok(s.count == 0 && s.origin == 0, "audio has nothing");

    run_of(&i, 1, 0);
    run_of(&i, 0, 0);
    run_of(&i, 2, 1);
    is_int(timeline(i, VIDEO).origin, first + 6, "video counts on");
    is_int(timeline(i, AUDIO).origin, first + 4 + 2 + 1,
           "audio counts segments that it has not had");

    run_of(&i, 0, 3);
    run_of(&i, 1, 1);
    is_int(timeline(i, VIDEO).origin, first + 8 + 3, "and video, too");
    is_int(timeline(i, AUDIO).origin, first + 7 + 1 + 3, "as it does");

    /* what has left memory keeps its number */
    run_of(&i, 40, 1);
    v = timeline(i, VIDEO);
    is_int(v.origin, first + 12, "the first of many");
    is_int(v.count, 40, "so many");
    ok(v.nsegments < 40, "of which not all are there");

    msn = a.lives[i].next_msn;
    run_of(&i, 1, 1);
    is_int(timeline(i, VIDEO).origin, msn, "no number is given twice");

    end();
}


/*
 * A new stream begins with the number of its second, and numbers grow slower
 * than seconds do: what comes late is not to take that of its own second.
 */
static void
test_late(void)
{
    uint64_t    first;
    ngx_uint_t  i;

    start();

    run_of(&i, 3, 0);
    first = timeline(i, VIDEO).origin;
    a.lives[i].next_msn += 50;

    run_of(&i, 2, 0);
    is_int(timeline(i, VIDEO).origin, first + 3, "video goes on");
    a.lives[i].next_msn += 50;

    run_of(&i, 0, 0);
    run_of(&i, 2, 2);
    is_int(timeline(i, VIDEO).origin, first + 5, "and again");
    is_int(timeline(i, AUDIO).origin, first + 5,
           "audio that comes late has the numbers of video");

    end();
}


static void
test_had(void)
{
    ngx_uint_t  i;

    start();

    run_of(&i, 3, 3);
    is_int(had(i), 0, "nothing was before the first");
    run_of(&i, 3, 0);
    is_int(had(i), 1 << NVM_VIDEO | 1 << NVM_AUDIO, "both kinds");
    run_of(&i, 3, 0);
    is_int(had(i), 1 << NVM_VIDEO | 1 << NVM_AUDIO, "one run without is short");
    run_of(&i, WINDOW, 0);
    is_int(had(i), 1 << NVM_VIDEO | 1 << NVM_AUDIO, "still");
    run_of(&i, 1, 0);
    is_int(had(i), 1 << NVM_VIDEO, "a whole window without is another stream");
    run_of(&i, 1, 1);
    is_int(had(i), 1 << NVM_VIDEO, "that has no sound");
    run_of(&i, 1, 0);
    is_int(had(i), 1 << NVM_VIDEO | 1 << NVM_AUDIO, "until it has");

    end();
}


/* The sound that a run with n tracks could go on with. */
static void
test_sound(void)
{
    ngx_uint_t   i;
    nvm_track_t  t;

    start();

    (void) store_env_publish(&a, "s", 65536, &i);
    is_int(ngx_video_live_sound(&a, i, 1, &t), NGX_DECLINED,
           "nothing was before the first");
    ngx_video_live_end(&a, i, 1);

    run_of(&i, 3, 3);
    is_int(ngx_video_live_sound(&a, i, 1, &t), NGX_DECLINED,
           "nor is a run before itself");

    (void) store_env_publish(&a, "s", 65536, &i);
    memset(&t, 0, sizeof(t));
    is_int(ngx_video_live_sound(&a, i, 1, &t), NGX_OK, "one had sound");
    is_int(t.kind, NVM_AUDIO, "which is told");
    is_int(ngx_video_live_sound(&a, i, 0, &t), NGX_DECLINED,
           "but not for none beside it");
    is_int(ngx_video_live_sound(&a, i, 2, &t), NGX_DECLINED,
           "nor for more tracks than it had");

    end();
}


int
main(void)
{
    test_numbers();
    test_late();
    test_had();
    test_sound();

    return done_testing();
}
