/*
 * Copyright (C) ngx_video authors
 *
 * What is known of pushes and pulls: that it is told as it was written, that
 * their number and their texts are bounded, and that what a dead worker had is
 * free.
 */

#include "store_env.h"
#include "ngx_video_relay_stat.h"
#include "tap.h"


#define ZONE  (8 * 1024 * 1024)


static void                    *zone;
static ngx_shmtx_t              mutex;
static ngx_video_store_t        a, b;
static ngx_video_relay_info_t   info;


static ngx_video_relay_stat_t *
take(ngx_video_store_t *st, const char *name, const char *url)
{
    ngx_str_t  n, u;

    n.data = (u_char *) (uintptr_t) name;
    n.len = strlen(name);
    u.data = (u_char *) (uintptr_t) url;
    u.len = strlen(url);

    return ngx_video_relay_stat_take(st, NGX_VIDEO_RELAY_PULL, &n, &u);
}


static void
start(void)
{
    zone = store_env_pair(ZONE, &mutex, &a, &b);
}


static void
end(void)
{
    store_env_kill(&a);
    store_env_kill(&b);
    store_env_drop(zone, ZONE);
}


static void
test_one(void)
{
    char                     url[400];
    ngx_video_relay_stat_t  *s;

    start();

    is_int(ngx_video_relay_stat_read(&b, 0, &info), NGX_DECLINED, "none");

    s = take(&a, "cam", "rtmp://host/app");
    ok(s == &a.relays[0], "an entry");
    is_int(ngx_video_relay_stat_read(&b, 0, &info), NGX_OK, "is seen");
    is_mem(info.name.data, info.name.len, "cam", 3, "its name");
    is_mem(info.url.data, info.url.len, "rtmp://host/app", 15, "its URL");
    is_int(info.kind, NGX_VIDEO_RELAY_PULL, "its kind");
    is_int(info.state, NGX_VIDEO_RELAY_WAITING, "it waits");

    ngx_video_relay_stat_state(s, NGX_VIDEO_RELAY_CONNECTING, 5);
    ngx_video_relay_stat_state(s, NGX_VIDEO_RELAY_WAITING, 6);
    ngx_video_relay_stat_state(s, NGX_VIDEO_RELAY_CONNECTING, 7);
    ngx_video_relay_stat_state(s, NGX_VIDEO_RELAY_FLOWING, 8);
    ngx_video_relay_stat_bytes(s, 100);
    ngx_video_relay_stat_bytes(s, 11);
    ngx_video_relay_stat_dropped(s, 7);
    (void) ngx_video_relay_stat_read(&b, 0, &info);
    is_int(info.state, NGX_VIDEO_RELAY_FLOWING, "state");
    is_int(info.since, 8, "since");
    is_int(info.attempts, 2, "attempts");
    is_int(info.bytes, 111, "bytes");
    is_int(info.dropped, 7, "messages that were left out");

    ngx_video_relay_stat_free(&b, s);
    is_int(ngx_video_relay_stat_read(&b, 0, &info), NGX_OK,
           "it is not another's to free");
    ngx_video_relay_stat_free(&a, s);
    is_int(ngx_video_relay_stat_read(&b, 0, &info), NGX_DECLINED, "freed");

    memset(url, 'x', sizeof(url) - 1);
    url[sizeof(url) - 1] = '\0';
    s = take(&a, url, url);
    (void) ngx_video_relay_stat_read(&b, 0, &info);
    is_int(info.name.len, NGX_VIDEO_LIVE_NAME, "a long name is cut");
    is_int(info.url.len, NGX_VIDEO_RELAY_STAT_URL, "so is a long URL");
    is_int(info.bytes + info.attempts + info.dropped, 0, "it begins at 0");

    ngx_video_relay_stat_state(NULL, NGX_VIDEO_RELAY_FLOWING, 1);
    ngx_video_relay_stat_bytes(NULL, 1);
    ngx_video_relay_stat_dropped(NULL, 1);
    ngx_video_relay_stat_free(&a, NULL);

    end();
}


static void
test_many(void)
{
    uint32_t                 i;
    ngx_video_relay_stat_t  *s;

    start();

    for (i = 0; i < a.head->nrelays; i++) {
        s = take(i % 2 ? &a : &b, "cam", "u");

        if (s == NULL) {
            break;
        }
    }

    is_int(i, a.head->nrelays, "as many as there is room for");
    ok(take(&a, "cam", "u") == NULL, "no more");

    store_env_kill(&b);
    (void) store_env_sweep(&a);

    is_int(ngx_video_relay_stat_read(&a, 0, &info), NGX_DECLINED,
           "those of a dead worker are gone");
    is_int(ngx_video_relay_stat_read(&a, 1, &info), NGX_OK,
           "those of another one are not");
    ok(take(&a, "cam", "u") == &a.relays[0], "there is room again");

    end();
}


int
main(void)
{
    test_one();
    test_many();

    return done_testing();
}
