/*
 * Copyright (C) ngx_video authors
 *
 * Statistics of live streams: which entry a stream has, over its runs and over
 * others that come and go, and what is made of the numbers.
 */

#include <stdio.h>
#include <signal.h>
#include <sys/wait.h>

#include "ngx_video_live_stat.h"
#include "store_env.h"
#include "tap.h"


#define ZONE   (8 * 1024 * 1024)
#define START  1700000000000ULL         /* ms */


static void                    *zone;
static ngx_shmtx_t              mutex;
static ngx_video_store_t        st;
static ngx_video_live_info_t    info;
static ngx_video_live_stats_t   stats;


static ngx_uint_t
publish(const char *name)
{
    ngx_uint_t   index, number;
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;

    if (store_env_publish(&st, name, 1, &index) != NGX_OK
        || ngx_video_live_track(&st, index, &t, 200, (u_char *) "", 0,
                                &number) != NGX_OK)
    {
        printf("Bail out! \"%s\" can not be published\n", name);
        exit(1);
    }

    ngx_video_live_ready(&st, index);

    return index;
}


/* Its end, and that it is gone. */
static void
end(ngx_uint_t index)
{
    ngx_video_live_end(&st, index, 1);
    ngx_video_live_reap(&st, (uint64_t) -1);
}


static ngx_int_t
look(ngx_uint_t index, uint64_t now)
{
    if (ngx_video_live_info(&st, index, &info) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_video_live_stat_read(&st, &info, now, &stats);
}


static void
test_entries(void)
{
    char                    name[16];
    uint64_t                id;
    ngx_uint_t              i, n, index, other;
    ngx_video_live_stat_t  *s;

    index = publish("one");
    s = ngx_video_live_stat(&st, index);
    id = s->id;
    ok(id != 0, "an entry for a name");

    ngx_video_live_stat_publisher(s, START);
    ngx_video_live_stat_request(s, id, NGX_VIDEO_REQUEST_PART, 1000, 0);
    ngx_video_live_stat_request(s, id, NGX_VIDEO_REQUEST_PART, 500, 1);
    is_int(look(index, START), NGX_OK, "it can be read");
    is_int(stats.sent, 1500, "bytes");
    is_int(stats.requests[NGX_VIDEO_REQUEST_PART], 2, "requests");
    is_int(stats.failed, 1, "one failed");
    is_int(stats.publishers, 1, "a publisher");

    end(index);
    other = publish("two");
    ok(ngx_video_live_stat(&st, other) != s, "another name has another");
    is_int(look(other, START), NGX_OK, "which is read");
    is_int(stats.sent, 0, "and empty");

    index = publish("one");
    ok(ngx_video_live_stat(&st, index) == s && s->id == id,
       "a name that comes back has the same");
    is_int(look(index, START), NGX_OK, "and");
    is_int(stats.sent, 1500, "its numbers go on");

    end(other);

    /* more names than entries, while "one" is there */
    n = st.head->nlives;

    for (i = 0; i < 3 * n; i++) {
        snprintf(name, sizeof(name), "s%d", (int) i);
        other = publish(name);
        ngx_video_live_stat_request(ngx_video_live_stat(&st, other),
                                    ngx_video_live_stat(&st, other)->id,
                                    NGX_VIDEO_REQUEST_INIT, 1, 0);
        if (look(other, START) != NGX_OK || stats.sent != 1) {
            break;
        }

        end(other);
    }

    is_int(i, 3 * n, "others come and go, each with an entry that is new");
    ok(s->id == id, "a stream that is there keeps its own");

    snprintf(name, sizeof(name), "s%d", (int) (3 * n - 2));
    other = publish(name);
    is_int(look(other, START), NGX_OK, "a name of late");
    is_int(stats.sent, 1, "has not been forgotten");
    end(other);

    other = publish("s0");
    is_int(look(other, START), NGX_OK, "an old one");
    is_int(stats.sent, 0, "has");
    end(other);

    /* a request that is over when its stream is not known any more */
    end(index);

    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "t%d", (int) i);
        end(publish(name));
    }

    ok(s->id != id, "the entry is of another name");
    ngx_video_live_stat_request(s, id, NGX_VIDEO_REQUEST_PART, 1000, 0);
    ngx_video_live_stat_viewer(s, id, 12345, START);
    is_int(s->sent, 0, "which a late request is not counted for");
}


/* A stream for each block: no entry is taken from one that is there. */
static void
test_full(void)
{
    char        name[16];
    ngx_uint_t  i, k, n, same, index[64];

    n = ngx_min(st.head->nlives, 64);

    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "f%d", (int) i);

        if (store_env_publish(&st, name, 1, &index[i]) != NGX_OK) {
            break;
        }
    }

    is_int(i, n, "all blocks are taken");
    same = 0;

    for (i = 0; i < n; i++) {
        for (k = 0; k < i; k++) {
            same += st.lives[index[i]].stat == st.lives[index[k]].stat;
        }
    }

    is_int(same, 0, "each has an entry of its own");

    for (i = 0; i < n; i++) {
        end(index[i]);
    }
}


static void
frames(ngx_video_live_stat_t *s, uint64_t from, uint64_t to, ngx_uint_t gop)
{
    uint64_t    ms;
    ngx_uint_t  i;

    for (ms = from, i = 0; ms < to; ms += 40, i++) {
        ngx_video_live_stat_frame(s, 0, NVM_VIDEO, 5000, (int64_t) ms,
                                  i % gop == 0, START + ms);
        ngx_video_live_stat_taken(s, NVM_VIDEO, 5000);
    }
}


static void
test_rates(void)
{
    ngx_uint_t                index;
    ngx_video_live_stat_t    *s;
    ngx_video_stat_part_t     part;
    ngx_video_track_stats_t  *t;

    index = publish("rates");
    s = ngx_video_live_stat(&st, index);
    t = &stats.tracks[0];

    ngx_video_live_stat_run(s);
    frames(s, 0, 1000, 50);
    (void) look(index, START + 1500);
    is_int(t->frame_rate, 0, "nothing is said of the first second");

    frames(s, 1000, 4000, 50);
    (void) look(index, START + 4000);
    is_int(t->frame_rate, 25000, "25 frames a second");
    is_int(t->rate, 125000, "a million bits");

    frames(s, 4000, 30000, 50);
    (void) look(index, START + 30000);
    is_int(t->frame_rate, 25000, "the same later");
    is_int(t->gop, 50, "frames of a group");
    is_int(t->interval, 2000, "ms between key frames");

    frames(s, 30000, 38000, 100);
    frames(s, 38000, 42000, 50);
    (void) look(index, START + 42000);
    is_int(t->gop, 50, "the last group");
    is_int(t->gop_max, 100, "and the longest");
    is_int(t->interval_max, 4000, "and its time");

    (void) look(index, START + 47000);
    is_int(t->frame_rate, 12500, "no frame for five seconds");
    (void) look(index, START + 53000);
    is_int(t->frame_rate, 0, "none for ten");
    is_int(stats.frames[NVM_VIDEO], 42000 / 40, "frames in all");
    is_int(stats.bytes, 42000 / 40 * 5000, "and bytes");

    part.arrived = START + 60000;
    part.published = START + 60007;
    part.end = (int64_t) START + 60040;
    ngx_video_live_stat_part(s, 0, &part);
    (void) look(index, START + 61000);
    is_int(t->latency, -33, "a part that ends with a frame to come");
    is_int(t->delay_max, 7, "and waited");

    part.end = (int64_t) START + 59000;
    ngx_video_live_stat_part(s, 0, &part);
    part.end = (int64_t) START + 60007;
    part.arrived = part.published + 1;
    ngx_video_live_stat_part(s, 0, &part);
    (void) look(index, START + 61000);
    is_int(t->latency, 0, "the newest");
    is_int(t->latency_max, 1007, "the worst of late");
    is_int(t->delay_max, 7, "a clock that was put back is no delay");

    ngx_video_live_stat_drop(s, NGX_VIDEO_DROP_SURPLUS);
    ngx_video_live_stat_clock(s, 3, 30000);
    (void) look(index, START + 61000);
    is_int(stats.drift, -3, "a clock that is slow");
    is_int(stats.drift_ppm, 0, "for too short a time to say how");
    ngx_video_live_stat_clock(s, 3, 60000);
    (void) look(index, START + 61000);
    is_int(stats.drift_ppm, -100, "parts per million");
    is_int(stats.drops[NGX_VIDEO_DROP_SURPLUS], 1, "a frame left out");

    ngx_video_live_stat_run(s);
    (void) look(index, START + 61000);
    is_int(t->gop_max, 0, "a run begins anew");
    is_int(stats.drift, 0, "with its clock");
    is_int(stats.frames[NVM_VIDEO], 42000 / 40, "counters go on");
    is_int(stats.runs, 2, "of them runs");

    end(index);
}


/* Publishers that die at any instant leave entries that can be used. */
static void
test_death(void)
{
    pid_t              pid;
    char               name[16];
    ngx_uint_t         i, n, bad, index;
    ngx_shmtx_t        mtx;
    ngx_video_store_t  child;

    bad = 0;

    for (i = 0; i < 200; i++) {
        pid = fork();

        if (pid == 0) {
            store_env_child();

            if (store_env_attach(&child, &mtx, zone, 1) != 0) {
                _exit(1);
            }

            for (n = 0; /* void */ ; n++) {
                snprintf(name, sizeof(name), "d%d", (int) (n % 40));

                if (store_env_publish(&child, name, 1, &index) == NGX_OK) {
                    ngx_video_live_end(&child, index, 1);
                }
            }
        }

        usleep(500 + (i * 37) % 1500);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        (void) store_env_force_unlock(zone, pid);
        (void) store_env_sweep(&st);

        index = publish("after");
        bad += look(index, START) != NGX_OK
               || ngx_video_live_stat(&st, index)->id == 0;
        end(index);
    }

    is_int(bad, 0, "200 publishers that died");
}


int
main(void)
{
    zone = store_env_zone(ZONE);

    if (store_env_attach(&st, &mutex, zone, 1) != 0) {
        printf("Bail out! no slot\n");
        return 1;
    }

    test_entries();
    test_full();
    test_rates();
    test_death();

    store_env_detach(&st);
    store_env_drop(zone, ZONE);

    return done_testing();
}
