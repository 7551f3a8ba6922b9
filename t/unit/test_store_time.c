/*
 * Copyright (C) ngx_video authors
 *
 * What of a track there is at a time: how far it reaches, which segment has a
 * time, in memory and on disk, and what is gone.
 */

#include <stdio.h>

#include "ngx_video_live_time.h"
#include "store_env.h"
#include "tap.h"


#define ZONE     (16 * 1024 * 1024)
#define SIZE     1000       /* of a part */


static void                   *zone;
static ngx_shmtx_t             mutex;
static ngx_video_store_t       a, b;
static u_char                  bytes[SIZE];
static ngx_video_live_info_t   info;
static ngx_uint_t              stream;
static uint64_t                msn;     /* of the first segment */


static void
begin(const char *name, uint64_t dvr)
{
    ngx_str_t    path = ngx_string("/rec/s/1");
    ngx_uint_t   number;
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;
    t.kind = NVM_AUDIO;

    is_int(store_env_publish(&a, name, 65536, &stream), NGX_OK, "publish");
    a.lives[stream].dvr_ms = dvr;
    (void) ngx_video_live_track(&a, stream, &t, 200, bytes, 100, &number);

    if (dvr) {
        ngx_video_live_record(&a, stream, &path, 1);
    }

    ngx_video_live_ready(&a, stream);
    msn = ngx_video_live_first_msn(&a, stream);
    (void) ngx_video_live_info(&b, stream, &info);
}


static void
part(uint64_t dts)
{
    nvm_part_t  p;

    memset(&p, 0, sizeof(p));
    p.dts = dts;
    p.duration = 200;
    p.size = SIZE;

    is_int(ngx_video_live_part(&a, stream, 0, &p, bytes, 0, bytes), NGX_OK,
           "a part at %d", (int) dts);
}


static void
open_segment(uint64_t n)
{
    is_int(ngx_video_live_segment_open(&a, stream, 0, msn + n,
                                       5000 + n * 1000, 1, 1),
           NGX_OK, "segment %d", (int) n);
}


static void
record(uint64_t n)
{
    uint64_t                  offset;
    ngx_video_live_segment_t  s;

    if (ngx_video_live_unrecorded(&a, stream, info.epoch, 0, &s, &offset)
        == NGX_OK)
    {
        ngx_video_object_put(&a, &s.object);
        is_int(ngx_video_live_recorded(&a, stream, info.epoch, 0, &s,
                                       100 + n * SIZE, SIZE),
               NGX_OK, "is recorded");
    }
}


/* Segment n, closed, and recorded if the stream is. */
static void
segment(uint64_t n)
{
    open_segment(n);
    part(5000 + n * 1000);
    (void) ngx_video_live_segment_close(&a, stream, 0);

    if (a.lives[stream].recording.state == NGX_VIDEO_RECORD_ON) {
        record(n);
    }
}


static int64_t
reach(void)
{
    uint64_t  ticks;

    return ngx_video_live_reach(&b, &info, 0, &ticks) == NGX_OK
           ? (int64_t) ticks : -1;
}


/* The segment of a time, counted from the first; or what is said instead. */
static int64_t
at(uint64_t ticks)
{
    uint64_t   n;
    ngx_int_t  rc;

    rc = ngx_video_live_at(&b, &info, 0, ticks, &n);

    return rc == NGX_OK ? (int64_t) (n - msn) : rc * 1000;
}


static ngx_int_t
look(uint64_t n)
{
    ngx_int_t                 rc;
    ngx_video_live_segment_t  s;

    rc = ngx_video_live_look(&b, &info, 0, msn + n, &s);

    return rc == NGX_OK && s.start != 5000 + n * 1000 ? NGX_ABORT : rc;
}


static void
test_memory(void)
{
    uint64_t  n;

    begin("memory", 0);
    is_int(reach(), 0, "nothing is there");
    is_int(at(0), NGX_AGAIN * 1000, "of no time");
    is_int(look(0), NGX_AGAIN, "no segment");

    open_segment(0);
    is_int(reach(), 5000, "a segment without parts reaches its start");
    part(5000);
    is_int(reach(), 5200, "a part");
    part(5700);
    is_int(reach(), 5900, "and one after a gap");
    is_int(at(5100), 0, "the open segment is found");
    is_int(at(10), 0, "the first one also before it begins");
    is_int(look(0), NGX_OK, "and looked at");
    is_int(look(1), NGX_AGAIN, "the next is not there");
    (void) ngx_video_live_segment_close(&a, stream, 0);

    for (n = 1; n < 40; n++) {
        segment(n);
    }

    (void) ngx_video_live_info(&b, stream, &info);
    is_int(info.next_msn, msn + 40, "the next number");
    ok(a.lives[stream].ntracks == 1, "one track");
    is_int(at(44500), 39, "the newest");
    is_int(at(44000), 39, "from its start on");
    is_int(at(43999), 38, "the one before it");
    is_int(at(99000), 39, "what is yet to come is after the newest");
    is_int(at(5100), NGX_DECLINED * 1000, "what is gone is gone");
    is_int(look(0), NGX_DECLINED, "and can't be looked at");
    is_int(look(39), NGX_OK, "the newest can");

    ngx_video_live_end(&a, stream, 1);
}


static void
test_disk(void)
{
    uint64_t   n;
    ngx_int_t  found;

    begin("disk", 3600000);

    for (n = 0; n < 40; n++) {
        segment(n);
    }

    is_int(look(0), NGX_DECLINED, "the first has left memory");

    for (n = 0, found = 0; n < 40; n++) {
        found += (at(5000 + n * 1000) == (int64_t) n)
                 + (at(5999 + n * 1000) == (int64_t) n);
    }

    is_int(found, 80, "each is found where it is");
    is_int(at(0), 0, "the first one also before it begins");

    ngx_video_live_end(&a, stream, 1);
    is_int(at(5100), 0, "the same when it is over");
}


int
main(void)
{
    zone = store_env_pair(ZONE, &mutex, &a, &b);

    test_memory();
    test_disk();

    store_env_detach(&a);
    ngx_video_live_reap(&b, STORE_ENV_FOREVER);
    is_int(reach(), -1, "another stream is none");

    is_str(store_env_over(&b), NULL, "everything is free again");

    store_env_detach(&b);
    store_env_drop(zone, ZONE);

    return done_testing();
}
