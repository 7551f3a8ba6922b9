/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are asked for: that one worker has each wish, that a failure is
 * remembered and for how long, that names are bounded and which of them give
 * way, and that a wish outlives the worker that had it.
 */

#include "store_env.h"
#include "ngx_video_live_stat.h"
#include "ngx_video_wish.h"
#include "tap.h"


#define ZONE  (8 * 1024 * 1024)
#define NOW   1000000


static void                     *zone;
static ngx_shmtx_t               mutex;
static ngx_video_store_t         a, b;
static ngx_video_wish_answer_t   answer;


static ngx_int_t
wish(ngx_video_store_t *st, const char *name, uint64_t now)
{
    ngx_str_t  s;

    s.data = (u_char *) name;
    s.len = strlen(name);

    return ngx_video_wish(st, &s, now, &answer);
}


static ngx_uint_t
claimed(ngx_video_store_t *st, ngx_uint_t *index, const char *name)
{
    return ngx_video_wish_claim(st, index) == NGX_OK
           && st->wishes[*index].name_len == strlen(name)
           && memcmp(st->wishes[*index].name, name, strlen(name)) == 0;
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
    uint64_t    seen;
    ngx_uint_t  i, k;

    start();

    ok(wish(&a, "cam", NOW) == NGX_DECLINED, "nobody fetches");
    ok(ngx_video_wish_claim(&b, &i) == NGX_DECLINED, "so there is no wish");

    ngx_video_wish_serve(&b, 1);
    seen = ngx_video_signal_seen(ngx_video_wish_wanted(&b));
    ok(wish(&a, "cam", NOW) == NGX_AGAIN, "a wish");
    ok(ngx_video_signal_seen(ngx_video_wish_wanted(&b)) != seen, "is told");
    seen = ngx_video_signal_seen(ngx_video_wish_wanted(&b));
    ok(wish(&a, "cam", NOW) == NGX_AGAIN, "the same again");
    ok(ngx_video_signal_seen(ngx_video_wish_wanted(&b)) == seen, "isn't told");
    ok(wish(&a, "", NOW) == NGX_DECLINED, "an empty name");

    ok(claimed(&b, &i, "cam"), "one has it");
    ok(ngx_video_wish_claim(&a, &k) == NGX_DECLINED, "nobody else");
    ok(wish(&a, "cam", NOW) == NGX_AGAIN, "it is waited for");
    seen = answer.seen;
    ngx_video_wish_begun(&b, i);
    ok(ngx_video_signal_seen(answer.signal) != seen, "who waits is woken");

    ok(ngx_video_wish_time(&b, i, b.head->nlives) == NOW, "time");
    ok(wish(&a, "cam", NOW + 1000) == NGX_AGAIN
       && ngx_video_wish_time(&b, i, b.head->nlives) == NOW + 1000,
       "time of the next one");
    ngx_video_wish_asked(&a, 3, NOW + 5000);
    ok(ngx_video_wish_time(&b, i, 3) == NOW + 5000, "time of the stream");
    ngx_video_wish_asked(&a, a.head->nlives, NOW);

    ngx_video_wish_done(&a, i);
    ok(b.wishes[i].state == NGX_VIDEO_WISH_PULLING, "it is not another's");
    seen = ngx_video_signal_seen(answer.signal);
    ngx_video_wish_done(&b, i);
    ok(b.wishes[i].state == NGX_VIDEO_WISH_FREE, "done");
    ok(ngx_video_signal_seen(answer.signal) != seen, "who waits looks again");

    ngx_video_wish_serve(&b, 0);
    ok(wish(&a, "cam", NOW) == NGX_DECLINED, "nobody fetches any more");

    end();
}


static void
test_failed(void)
{
    uint64_t    seen;
    ngx_uint_t  i, k;

    start();
    ngx_video_wish_serve(&b, 1);

    (void) wish(&a, "cam", NOW);
    (void) ngx_video_wish_claim(&b, &i);
    seen = answer.seen;
    ngx_video_wish_failed(&b, i, NGX_VIDEO_WISH_LATE, NOW + 5000);
    ok(ngx_video_signal_seen(answer.signal) != seen, "a failure is told");
    ok(wish(&a, "cam", NOW + 4999) == NGX_ABORT
       && answer.why == NGX_VIDEO_WISH_LATE, "and remembered");
    ok(ngx_video_wish_claim(&b, &k) == NGX_DECLINED, "it isn't tried");
    ok(wish(&a, "cam", NOW + 5000) == NGX_AGAIN, "until its time is over");
    ok(claimed(&b, &k, "cam") && k == i, "in its place");

    seen = ngx_video_signal_seen(ngx_video_wish_wanted(&b));
    ngx_video_wish_release(&b, k);
    ok(ngx_video_signal_seen(ngx_video_wish_wanted(&b)) != seen,
       "who gives one back tells the others");
    ok(claimed(&a, &k, "cam") && k == i, "who take it");

    end();
}


static void
test_bound(void)
{
    char        name[16];
    ngx_uint_t  i, n, last;

    start();
    ngx_video_wish_serve(&b, 1);
    n = a.head->nwishes;

    for (i = 0; i < n; i++) {
        sprintf(name, "n%u", (unsigned) i);

        if (wish(&a, name, NOW) != NGX_AGAIN
            || ngx_video_wish_claim(&b, &last) != NGX_OK)
        {
            break;
        }
    }

    ok(i == n, "as many names as there is room for: %u", (unsigned) n);
    ok(wish(&a, "more", NOW) == NGX_BUSY, "one more");
    ok(wish(&a, "n0", NOW) == NGX_AGAIN, "one of them");

    ngx_video_wish_failed(&b, 5, NGX_VIDEO_WISH_NONE, NOW + 5000);
    ok(wish(&a, "more", NOW) == NGX_BUSY, "a failure keeps its place");
    ngx_video_wish_failed(&b, 6, NGX_VIDEO_WISH_UNKNOWN, NOW + 5000);
    ok(wish(&a, "n6", NOW) == NGX_ABORT
       && answer.why == NGX_VIDEO_WISH_UNKNOWN, "a name that is not fetched");
    ok(wish(&a, "more", NOW) == NGX_AGAIN, "gives way");
    ok(claimed(&b, &last, "more") && last == 6, "to another one");
    ok(wish(&a, "again", NOW + 5000) == NGX_AGAIN
       && claimed(&b, &last, "again") && last == 5,
       "a failure that is forgotten, too");

    ngx_video_wish_release(&b, 7);
    ok(wish(&a, "last", NOW + NGX_VIDEO_WISH_STALE - 1) == NGX_BUSY,
       "one that nobody serves is kept");
    ok(wish(&a, "last", NOW + NGX_VIDEO_WISH_STALE) == NGX_AGAIN,
       "for a while");

    end();
}


static void
test_death(void)
{
    uint64_t    seen, wanted;
    ngx_uint_t  i;

    start();
    ngx_video_wish_serve(&a, 1);
    ngx_video_wish_serve(&b, 1);

    (void) wish(&a, "cam", NOW);
    (void) wish(&a, "hall", NOW);
    (void) ngx_video_wish_claim(&b, &i);
    (void) wish(&a, "cam", NOW);
    seen = answer.seen;
    wanted = ngx_video_signal_seen(ngx_video_wish_wanted(&a));

    ngx_video_wish_orphan(&a);
    ok(a.wishes[i].state == NGX_VIDEO_WISH_PULLING, "one that lives keeps it");

    store_env_kill(&b);
    (void) store_env_sweep(&a);
    ok(a.wishes[i].state == NGX_VIDEO_WISH_WANTED, "one that dies does not");
    ok(ngx_video_signal_seen(answer.signal) != seen, "who waits is told");
    ok(ngx_video_signal_seen(ngx_video_wish_wanted(&a)) != wanted,
       "and who fetches");
    ok(claimed(&a, &i, "cam"), "another one takes it");

    ngx_video_wish_serve(&a, 0);
    ok(wish(&a, "cam", NOW) == NGX_DECLINED, "the dead one does not fetch");
    ok(store_env_attach(&b, &mutex, zone, 1) == 0
       && wish(&a, "cam", NOW) == NGX_DECLINED,
       "nor does who has its slot now");

    end();
}


int
main(void)
{
    test_one();
    test_failed();
    test_bound();
    test_death();

    return done_testing();
}
