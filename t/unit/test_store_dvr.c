/*
 * Copyright (C) ngx_video authors
 *
 * What of a stream is on disk: listed when it has left memory, in pages that
 * come and go, without a gap or with one that is told; and a recorder that goes
 * on where another died.
 */

#include <stdio.h>

#include "store_env.h"
#include "tap.h"


#define ZONE     (16 * 1024 * 1024)
#define SIZE     1000       /* of a segment */


static void                   *zone;
static ngx_shmtx_t             mutex;
static ngx_video_store_t       a, b;
static u_char                  bytes[SIZE];
static ngx_video_live_info_t   info;
static uint64_t                msn;     /* of the first segment */


static void
start(void)
{
    zone = store_env_pair(ZONE, &mutex, &a, &b);
}


static void
check(const char *title)
{
    is_str(store_env_check(&b), NULL, "%s: the zone is in order", title);
}


static void
end(const char *title)
{
    is_str(store_env_over(&b), NULL, "%s: everything is free again", title);

    store_env_detach(&b);
    store_env_drop(zone, ZONE);
}


/* A stream of one track whose segments last a second. */
static void
begin(ngx_uint_t *index, uint64_t dvr, ngx_uint_t on)
{
    ngx_str_t    path = ngx_string("/rec/s/1");
    ngx_uint_t   number;
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;
    t.kind = NVM_AUDIO;

    is_int(store_env_publish(&a, "s", 65536, index), NGX_OK, "publish");
    a.lives[*index].dvr_ms = dvr;
    (void) ngx_video_live_track(&a, *index, &t, 200, bytes, 100, &number);
    ngx_video_live_record(&a, *index, &path, on);
    ngx_video_live_ready(&a, *index);

    (void) ngx_video_live_info(&b, *index, &info);
    msn = ngx_video_live_first_msn(&a, *index);
}


static void
segment(ngx_uint_t index, uint64_t n)
{
    nvm_part_t  part;

    memset(&part, 0, sizeof(part));
    part.duration = 1000;
    part.size = SIZE;

    (void) ngx_video_live_segment_open(&a, index, 0, msn + n, n * 1000, 1, 1);
    (void) ngx_video_live_part(&a, index, 0, &part, bytes, 0, bytes);
    (void) ngx_video_live_segment_close(&a, index, 0);
}


/* As a recorder does: returns what "unrecorded" said. */
static ngx_int_t
record(ngx_video_store_t *st, ngx_uint_t index)
{
    uint64_t                  offset;
    ngx_int_t                 rc;
    ngx_video_live_segment_t  s;

    memset(&s, 0, sizeof(s));
    rc = ngx_video_live_unrecorded(st, index, info.epoch, 0, &s, &offset);

    if (rc == NGX_OK) {
        ngx_video_object_put(st, &s.object);
        (void) ngx_video_live_recorded(st, index, info.epoch, 0, &s,
                                       offset ? offset : 100, s.size);

    } else if (rc == NGX_DECLINED) {
        (void) ngx_video_live_recorded(st, index, info.epoch, 0, &s, 0, 0);
    }

    return rc;
}


static nvm_heap_t  heap;

static size_t
list(ngx_uint_t index, nvm_timeline_t *tl)
{
    static nvm_track_t  track;

    nvm_heap_done(&heap);
    nvm_heap_init(&heap, 64 * 1024 * 1024);
    (void) ngx_video_live_info(&b, index, &info);

    return ngx_video_live_read(&b, &info, 0, &heap.arena, &track, tl)
           == NGX_OK ? tl->nsegments : 0;
}


/* Whether the segments that are listed end with "last" and have no hole. */
static int
whole(nvm_timeline_t *tl, uint64_t last)
{
    size_t  i;

    for (i = 0; i < tl->nsegments; i++) {
        if (tl->segments[i].msn != last - (tl->nsegments - 1 - i)
            || tl->segments[i].start != (tl->segments[i].msn - msn) * 1000)
        {
            return 0;
        }
    }

    return 1;
}


static uint32_t
pages(ngx_uint_t index)
{
    uint32_t                 i, n;
    ngx_video_live_track_t  *t;

    t = (ngx_video_live_track_t *) (void *)
            ngx_video_chunk_data(&b, b.lives[index].tracks[0]);

    for (i = 0, n = 0; i < NGX_VIDEO_LIVE_PAGES; i++) {
        n += (t->dvr.pages[i] != 0);
    }

    return n;
}


static void
test_list(void)
{
    size_t                   n;
    uint64_t                 k;
    ngx_uint_t               i;
    nvm_timeline_t           tl;
    ngx_video_live_record_t  rec;

    start();
    begin(&i, 3600 * 1000, 1);

    is_int(record(&a, i), NGX_AGAIN, "nothing is to be written yet");

    for (k = 0; k < 10; k++) {
        segment(i, k);
        is_int(record(&a, i), NGX_OK, "segment %d is", (int) k);
    }

    is_int(record(&a, i), NGX_AGAIN, "no more");
    is_int(list(i, &tl), 10, "all are listed");
    ok(whole(&tl, msn + 9), "one after the other");
    is_int(ngx_video_live_on_disk(&b, &info, 0, msn + 3, &rec), NGX_OK,
           "one is on disk");
    is_int(rec.offset, 100 + 3 * SIZE, "behind those before it");
    is_int(ngx_video_live_on_disk(&b, &info, 0, msn + 10, &rec), NGX_DECLINED,
           "the next is not");
    is_int(pages(i), 1, "in one page");

    for ( /* void */ ; k < 9000; k++) {
        segment(i, k);
        (void) record(&a, i);
    }

    n = list(i, &tl);
    is_int(n, 3600, "an hour is listed");
    ok(whole(&tl, msn + 8999), "one after the other");
    is_int(tl.segments[0].complete, 1, "of complete ones");
    ok(pages(i) <= 4, "in pages of what is kept: %u", pages(i));
    is_int(ngx_video_live_on_disk(&b, &info, 0, msn + 9, &rec), NGX_DECLINED,
           "what is older is not there");
    is_int(ngx_video_live_on_disk(&b, &info, 0, tl.segments[0].msn, &rec),
           NGX_OK, "what is listed is");
    check("a long stream");

    ngx_video_live_end(&a, i, 1);
    is_int(list(i, &tl), 3600, "also after its end");
    store_env_kill(&a);
    end("a list");
}


static void
test_missed(void)
{
    uint32_t                 before;
    uint64_t                 k;
    ngx_int_t                rc;
    ngx_uint_t               i, gaps;
    nvm_timeline_t           tl;
    ngx_video_live_edge_t    edge;
    ngx_video_live_record_t  rec;

    start();
    begin(&i, 3600 * 1000, 1);

    for (k = 0; k < 100; k++) {
        segment(i, k);

        if (k < 20) {
            (void) record(&a, i);
        }
    }

    is_int(list(i, &tl), 100, "what was written stays listed");
    ok(whole(&tl, msn + 99), "and what was not is as long as it was");
    is_int(tl.segments[19].gap, 0, "what is there");
    is_int(tl.segments[20].gap, 1, "and what is not, or not yet");
    (void) ngx_video_live_edge(&b, &info, 0, &edge);
    ok(edge.behind != 0, "the recorder is behind");
    before = edge.behind;
    (void) record(&a, i);
    (void) ngx_video_live_edge(&b, &info, 0, &edge);
    ok(edge.behind != before, "and goes on");

    for (gaps = 1; (rc = record(&a, i)) != NGX_AGAIN; /* void */) {
        gaps += (rc == NGX_DECLINED);
    }

    (void) ngx_video_live_edge(&b, &info, 0, &edge);
    is_int(edge.behind, 0, "until it is not");
    ok(gaps > 70 && gaps < 80, "%d were missed", (int) gaps);
    is_int(list(i, &tl), 100, "all are listed");
    ok(whole(&tl, msn + 99), "one after the other");
    is_int(tl.segments[19].gap, 0, "one that is there");
    is_int(tl.segments[20].gap, 1, "and one that is not");
    is_int(tl.segments[20].duration, 1000, "as long as it was");
    is_int(ngx_video_live_on_disk(&b, &info, 0, msn + 20, &rec), NGX_DECLINED,
           "which can't be had");
    check("gaps");

    ngx_video_live_end(&a, i, 1);
    store_env_kill(&a);
    end("gaps");
}


/* A recording that stands still for longer than what is listed. */
static void
test_stopped(void)
{
    size_t          n, last;
    uint64_t        k;
    uint32_t        back;
    ngx_uint_t      i;
    nvm_timeline_t  tl;

    start();
    begin(&i, 300 * 1000, 1);
    last = 0;
    back = 0;

    for (k = 0; k < 1000; k++) {
        segment(i, k);

        if (k < 20) {
            (void) record(&a, i);
        }

        n = list(i, &tl);
        back += n == 0 || tl.segments[0].msn < last || !whole(&tl, msn + k);
        last = n ? tl.segments[0].msn : last;
    }

    is_int(back, 0, "the oldest that is listed never goes back");
    ok(list(i, &tl) < 100, "and does not stay for ever");

    while (record(&a, i) != NGX_AGAIN) { /* void */ }

    is_int(list(i, &tl), 300, "the recorder goes on");
    is_int(tl.segments[0].gap, 1, "what it has missed is a gap");
    check("a recorder that stood still");

    ngx_video_live_end(&a, i, 1);
    store_env_kill(&a);
    end("a recorder that stood still");
}


static void
test_off(void)
{
    uint64_t        k;
    ngx_uint_t      i;
    nvm_timeline_t  tl;

    start();
    begin(&i, 0, 0);

    for (k = 0; k < 6; k++) {
        segment(i, k);
    }

    is_int(info.recording, NGX_VIDEO_RECORD_OFF, "a recording that is off");
    is_int(ngx_video_live_record_set(&b, i, info.epoch + 1,
                                     NGX_VIDEO_RECORD_ON),
           NGX_DECLINED, "of another run it is not begun");
    is_int(ngx_video_live_record_set(&b, i, info.epoch, NGX_VIDEO_RECORD_ON),
           NGX_OK, "it is begun");
    is_int(record(&a, i), NGX_OK, "with the newest segment");
    is_int(record(&a, i), NGX_AGAIN, "not with those before it");
    segment(i, 6);
    is_int(record(&a, i), NGX_OK, "and the next");
    is_int(pages(i), 0, "without DVR nothing is kept in memory");
    ok(list(i, &tl) < 7, "nor listed");
    check("a recording");

    ngx_video_live_end(&a, i, 1);
    store_env_kill(&a);
    end("a recording");
}


static void
test_adopt(void)
{
    uint64_t        k, epoch;
    ngx_uint_t      i;
    nvm_timeline_t  tl;

    start();
    begin(&i, 3600 * 1000, 1);

    for (k = 0; k < 6; k++) {
        segment(i, k);
    }

    is_int(record(&a, i), NGX_OK, "a recorder that has begun");
    is_int(ngx_video_live_adopt(&b, i, &epoch), NGX_DECLINED, "is alone");

    store_env_kill(&a);
    is_int(ngx_video_live_adopt(&b, i, &epoch), NGX_DECLINED,
           "and the stream is its publisher's");
    (void) store_env_sweep(&b);
    ngx_video_live_orphan(&b);

    is_int(ngx_video_live_adopt(&b, i, &epoch), NGX_OK,
           "when it is dead another goes on");
    is_int(epoch, info.epoch, "with that run");
    is_int(ngx_video_live_adopt(&b, i, &epoch), NGX_DECLINED, "one only");

    ngx_video_live_reap(&b, b.lives[i].ended + b.lives[i].linger + 1);
    is_int(b.lives[i].epoch, info.epoch, "it stays until all is written");

    for (k = 1; k < 6; k++) {
        is_int(record(&b, i), NGX_OK, "segment %d", (int) k);
    }

    is_int(record(&b, i), NGX_AGAIN, "is all");
    is_int(list(i, &tl), 6, "and listed");
    check("an adopted recording");

    ngx_video_live_reap(&b, b.lives[i].ended + b.lives[i].linger + 1);
    is_int(b.lives[i].epoch, info.epoch, "it stays until it is named");
    is_int(ngx_video_live_record_named(&b, i, info.epoch, 1), NGX_OK,
           "which is told");

    ngx_video_live_reap(&b, b.lives[i].ended + b.lives[i].linger + 1);
    is_int(b.lives[i].state, NGX_VIDEO_LIVE_FREE, "then it goes");

    end("an adopted recording");
}


/* Another run of the stream: nothing of it is on disk yet. */
static void
go_on(ngx_uint_t *index)
{
    uint8_t                 kind = NVM_AUDIO;
    ngx_str_t               path = ngx_string("/rec/s/2");
    ngx_uint_t              number;
    nvm_track_t             t;
    ngx_video_live_clock_t  clock;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;
    t.kind = NVM_AUDIO;

    a.lives[*index].grace = 10000;
    ngx_video_live_pause(&a, *index);
    (void) store_env_publish(&a, "s", 65536, index);
    (void) ngx_video_live_join(&a, *index, &kind, 1, &clock);
    ngx_video_live_clock(&a, *index, &clock);
    (void) ngx_video_live_track(&a, *index, &t, 200, bytes, 100, &number);
    ngx_video_live_record(&a, *index, &path, 1);
    ngx_video_live_ready(&a, *index);

    (void) ngx_video_live_info(&b, *index, &info);
    msn = ngx_video_live_next_msn(&a, *index, 0);
    segment(*index, clock.begin / 1000);
}


/* The same, with a segment on disk. */
static void
again(ngx_uint_t *index, ngx_video_live_recording_t *rec)
{
    go_on(index);
    (void) record(&a, *index);
    (void) ngx_video_live_recording(&a, *index, info.epoch, rec);
}


/* Runs are numbered on as long as there is a place for one. */
static void
test_runs(void)
{
    ngx_uint_t                  i;
    ngx_video_live_recording_t  rec;

    start();
    begin(&i, 0, 1);
    segment(i, 0);
    (void) record(&a, i);

    again(&i, &rec);
    is_int(rec.number, 2, "a second run");
    is_int(rec.runs, 3, "both are there");
    is_int((long long) rec.ends[0] / 10, 100, "when the first one ended");

    /* as if so many had come */
    a.lives[i].recording.number = NGX_VIDEO_LIVE_RECORDED;
    a.lives[i].recording.runs = 0xffffffff;

    ngx_video_live_record_gone(&a, i, info.epoch + 1, 1);
    ngx_video_live_record_gone(&a, i, info.epoch, 1);
    (void) ngx_video_live_recording(&a, i, info.epoch, &rec);
    is_int(rec.runs, 0xfffffffe, "the first one is gone");
    again(&i, &rec);
    is_int(rec.number, NGX_VIDEO_LIVE_RECORDED + 1, "another has its place");
    is_int(rec.runs, 0xffffffff, "and all are there");
    is_int((long long) rec.ends[NGX_VIDEO_LIVE_RECORDED - 1] / 10, 200,
           "the one before it has an end");
    again(&i, &rec);
    is_int(rec.number, 1, "without one it is another recording");
    is_int(rec.runs, 1, "of one run");
    is_mem(rec.path, rec.path_len, "/rec/s/2", 8, "elsewhere");
    check("runs");

    ngx_video_live_end(&a, i, 1);
    end("runs");
}


/* A run that is on disk, and not named, is left to another worker, too. */
static void
test_unnamed(void)
{
    uint64_t               epoch;
    ngx_uint_t             i;
    ngx_video_live_runs_t  runs;

    start();
    begin(&i, 0, 1);
    segment(i, 0);
    (void) record(&a, i);
    is_int(ngx_video_live_record_runs(&a, i, info.epoch + 1, &runs),
           NGX_DECLINED, "another run");
    is_int(ngx_video_live_record_runs(&a, i, info.epoch, &runs), NGX_OK,
           "a run");
    is_int(runs.number, 1, "the first");
    is_int(runs.runs, 1, "is on disk");
    is_int(runs.begun, 1, "with its track");
    is_int(runs.named, 0, "and not named");

    (void) ngx_video_live_record_set(&b, i, info.epoch, NGX_VIDEO_RECORD_OFF);
    store_env_kill(&a);
    (void) store_env_sweep(&b);
    ngx_video_live_orphan(&b);
    is_int(ngx_video_live_adopt(&b, i, &epoch), NGX_OK,
           "when its recorder is dead another names it, recorded or not");
    is_int(ngx_video_live_record_named(&b, i, epoch, 1), NGX_OK, "it does");
    (void) ngx_video_live_record_runs(&b, i, epoch, &runs);
    is_int(runs.named, 1, "it is named");
    check("a run that was not named");

    end("a run that was not named");
}


/* What of a run comes to disk late is of the runs after it, too. */
static void
test_late(void)
{
    uint64_t                    epoch[3];
    ngx_uint_t                  i[3];
    ngx_video_live_recording_t  rec;

    start();
    begin(&i[0], 0, 1);
    segment(i[0], 0);
    epoch[0] = info.epoch;

    i[1] = i[0];
    go_on(&i[1]);
    epoch[1] = info.epoch;

    i[2] = i[1];
    again(&i[2], &rec);
    epoch[2] = info.epoch;
    is_int(rec.number, 3, "a third run");
    is_int(rec.runs, 4, "is on disk before the two others");

    info.epoch = epoch[0];
    is_int(record(&a, i[0]), NGX_OK, "then the first one");
    info.epoch = epoch[1];
    is_int(record(&a, i[1]), NGX_OK, "and the second");

    (void) ngx_video_live_recording(&a, i[1], epoch[1], &rec);
    is_int(rec.runs, 3, "which knows of the first");
    (void) ngx_video_live_recording(&a, i[2], epoch[2], &rec);
    is_int(rec.runs, 7, "and the third of both");

    i[0] = i[2];
    again(&i[0], &rec);
    is_int(rec.runs, 15, "as does who comes after it");

    /* two recorders write asset.json at a time, of which one does not know */
    is_int(ngx_video_live_record_named(&a, i[1], epoch[1], 2), NGX_OK,
           "one has named its run");
    is_int(ngx_video_live_record_named(&a, i[0], info.epoch, 8), NGX_AGAIN,
           "who has not seen it has to do it again");
    (void) ngx_video_live_recording(&a, i[0], info.epoch, &rec);
    is_int(rec.named, 2, "and has named nothing yet");
    is_int(ngx_video_live_record_named(&a, i[0], info.epoch, 10), NGX_OK,
           "with both it has");
    ngx_video_live_record_forget(&a, i[1], epoch[1], 1);
    is_int(ngx_video_live_record_named(&a, i[0], info.epoch, 11), NGX_AGAIN,
           "as who names one that is to go");

    ngx_video_live_record_gone(&a, i[1], epoch[1], 1);
    (void) ngx_video_live_recording(&a, i[0], info.epoch, &rec);
    is_int(rec.runs, 14, "what one has deleted is gone for all");
    check("runs that are late");

    ngx_video_live_end(&a, i[0], 1);
    end("runs that are late");
}


int
main(void)
{
    nvm_heap_init(&heap, 1024);

    test_list();
    test_missed();
    test_stopped();
    test_off();
    test_adopt();
    test_runs();
    test_unnamed();
    test_late();

    nvm_heap_done(&heap);

    return done_testing();
}
