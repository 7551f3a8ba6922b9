/*
 * Copyright (C) ngx_video authors
 *
 * How many streams an application and an address may have on air: which states
 * count, and that a publisher that comes back or changes its codec is not one
 * more.
 */

#include "store_env.h"
#include "tap.h"


#define ZONE     (8 * 1024 * 1024)


static void                   *zone;
static ngx_shmtx_t             mutex;
static ngx_video_store_t       a, b;
static ngx_video_live_conf_t   conf;


static void
start(void)
{
    zone = store_env_pair(ZONE, &mutex, &a, &b);
}


static void
end(const char *title)
{
    ngx_uint_t  i;

    for (i = 0; i < a.head->nlives; i++) {
        ngx_video_live_end(&a, i, 1);
    }

    store_env_detach(&b);
    is_str(store_env_over(&a), NULL, "%s: everything is free again", title);

    store_env_kill(&a);
    store_env_drop(zone, ZONE);
}


static ngx_int_t
publish(ngx_video_store_t *st, const char *name, uint64_t app, uint64_t peer,
    ngx_uint_t max_app, ngx_uint_t max_peer, ngx_uint_t *index)
{
    memset(&conf, 0, sizeof(conf));
    conf.name.data = (u_char *) (uintptr_t) name;
    conf.name.len = strlen(name);
    conf.segment = 1000;
    conf.part = 200;
    conf.window = 2000;
    conf.grace = 10000;
    conf.reserve = 65536;
    conf.app = app;
    conf.peer = peer;
    conf.max_app = max_app;
    conf.max_peer = max_peer;

    return ngx_video_live_publish(st, &conf, index);
}


static void
ready(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_uint_t   number;
    nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.timescale = 1000;
    t.kind = NVM_AUDIO;

    (void) ngx_video_live_track(st, index, &t, 200, (u_char *) "", 1, &number);
    ngx_video_live_ready(st, index);
}


static void
test_application(void)
{
    ngx_uint_t  i, k, other;

    start();

    is_int(publish(&a, "one", 1, 1, 2, 0, &i), NGX_OK, "the first");
    is_int(publish(&b, "two", 1, 2, 2, 0, &k), NGX_OK, "the second");
    is_int(publish(&a, "three", 1, 3, 2, 0, &other), NGX_DECLINED,
           "no third one");
    ok(conf.over_app && !conf.over_peer, "because of the application");
    is_str(conf.refused, "too many streams of the application", "why");
    is_int(publish(&a, "one", 1, 3, 2, 0, &other), NGX_BUSY,
           "a name that is taken is that");

    is_int(publish(&a, "three", 2, 3, 2, 0, &other), NGX_OK,
           "another application");
    is_int(publish(&a, "four", 1, 3, 0, 0, &other), NGX_OK, "no limit");
    is_int(publish(&b, "five", 1, 3, 3, 0, &other), NGX_DECLINED,
           "but it is counted");
    is_int(publish(&b, "five", 1, 3, 4, 0, &other), NGX_OK, "as one");

    ngx_video_live_end(&a, i, 1);
    is_int(publish(&b, "six", 1, 3, 4, 0, &other), NGX_OK,
           "in place of one that never began");

    ready(&b, k);
    is_int(publish(&a, "seven", 1, 3, 4, 0, &other), NGX_DECLINED,
           "one that is live counts");
    ngx_video_live_end(&b, k, 1);
    is_int(publish(&a, "seven", 1, 3, 4, 0, &other), NGX_OK,
           "one that has ended does not");

    end("application");
}


static void
test_address(void)
{
    ngx_uint_t  i;

    start();

    is_int(publish(&a, "one", 1, 7, 0, 1, &i), NGX_OK, "the first");
    is_int(publish(&a, "two", 1, 7, 0, 1, &i), NGX_DECLINED,
           "no second one of the address");
    ok(conf.over_peer && !conf.over_app, "because of the address");
    is_str(conf.refused, "too many streams of the address", "why");
    is_int(publish(&b, "two", 1, 8, 0, 1, &i), NGX_OK, "of another");
    is_int(publish(&b, "three", 2, 7, 0, 1, &i), NGX_OK,
           "of it in another application");
    is_int(publish(&b, "four", 1, 0, 0, 1, &i), NGX_OK, "of no address");
    is_int(publish(&b, "five", 1, 0, 0, 1, &i), NGX_OK, "which are many");
    is_int(publish(&b, "six", 1, 7, 1, 1, &i), NGX_DECLINED, "both at once");
    ok(conf.over_app && !conf.over_peer, "is the application");

    end("address");
}


static void
test_return(void)
{
    ngx_uint_t  i, k;

    start();

    is_int(publish(&a, "one", 1, 7, 1, 1, &i), NGX_OK, "a stream");
    ready(&a, i);
    ngx_video_live_end(&a, i, 0);
    is_int(publish(&b, "two", 1, 8, 1, 0, &k), NGX_DECLINED,
           "its place is kept when it is interrupted");
    is_int(publish(&b, "one", 1, 7, 1, 1, &k), NGX_OK, "for itself");
    is_int(publish(&a, "two", 1, 8, 2, 0, &i), NGX_OK,
           "that is one stream, not two");
    ngx_video_live_end(&a, i, 1);

    ready(&b, k);
    is_int(publish(&a, "two", 1, 8, 2, 0, &i), NGX_OK, "also when it is live");
    is_int(publish(&a, "three", 1, 8, 2, 0, &i), NGX_DECLINED, "but it counts");

    ngx_video_live_pause(&b, k);
    is_int(publish(&b, "one", 1, 7, 0, 0, &k), NGX_OK,
           "a run that goes on needs no place");
    is_int(publish(&a, "three", 1, 8, 2, 0, &i), NGX_DECLINED, "it has one");
    is_int(publish(&a, "three", 1, 8, 3, 0, &i), NGX_OK, "and one only");

    end("return");
}


static void
test_death(void)
{
    ngx_uint_t         i;
    ngx_video_store_t  c;

    start();
    (void) store_env_attach(&c, &mutex, zone, 1);

    is_int(publish(&c, "one", 1, 7, 1, 0, &i), NGX_OK, "a stream");
    store_env_kill(&c);
    is_int(publish(&a, "two", 1, 7, 1, 0, &i), NGX_DECLINED,
           "its worker dies");
    (void) store_env_sweep(&a);
    is_int(publish(&a, "two", 1, 7, 1, 0, &i), NGX_OK, "that is noticed");

    end("death");
}


int
main(void)
{
    test_application();
    test_address();
    test_return();
    test_death();

    return done_testing();
}
