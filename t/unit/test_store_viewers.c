/*
 * Copyright (C) ngx_video authors
 *
 * The number of different viewers: how far it is off from 1 to a million, how
 * it slides, and that writers in several processes don't disturb it.
 */

#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ngx_video_viewers.h"
#include "tap.h"


static ngx_video_viewers_t  v;


static uint64_t
viewer(uint64_t n)
{
    return ngx_video_viewers_mix(n * 0x9e3779b97f4a7c15ULL + 1);
}


static void
add(uint64_t from, uint64_t to, uint64_t now)
{
    for ( /* void */ ; from < to; from++) {
        ngx_video_viewers_add(&v, viewer(from), now);
    }
}


/* The mean of what is told of n viewers, and the worst, in per mille. */
static void
measure(uint64_t n, int64_t *mean, int64_t *worst)
{
    int64_t     off;
    ngx_uint_t  i, rounds;

    *mean = 0;
    *worst = 0;
    rounds = n > 100000 ? 20 : 100;

    for (i = 0; i < rounds; i++) {
        memset(&v, 0, sizeof(v));
        add(i * 10000000, i * 10000000 + n, 1000);

        off = (int64_t) (ngx_video_viewers_count(&v, 1000) * 1000 / n) - 1000;
        *mean += off;
        off = off < 0 ? -off : off;
        *worst = ngx_max(*worst, off);
    }

    *mean /= (int64_t) rounds;
}


static void
test_error(void)
{
    int64_t     mean, worst;
    uint64_t    n;
    ngx_uint_t  i;

    /* around 2.5 and 5 times the registers others are at their worst */
    static const uint64_t  sizes[] = { 100, 300, 1000, 2560, 4000, 10000,
                                       100000, 1000000 };

    memset(&v, 0, sizeof(v));
    is_int(ngx_video_viewers_count(&v, 1000), 0, "nobody");

    for (n = 1; n <= 20; n++) {
        add(n - 1, n, 1000);
        i = ngx_video_viewers_count(&v, 1000);
        ok(i + (n > 5) >= n && i <= n + (n > 5), "%d of %d viewers", (int) i,
           (int) n);
    }

    add(0, 20, 1000);
    is_int(ngx_video_viewers_count(&v, 1000), i, "again they are no others");

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        measure(sizes[i], &mean, &worst);
        ok(mean > -12 && mean < 12 && worst < 120,
           "%d viewers: %d per mille off on average, %d at worst",
           (int) sizes[i], (int) mean, (int) worst);
    }
}


/* Rounded to tens: what is told of 100 and of 200 is not exact. */
static int
about(uint64_t now)
{
    return (int) ((ngx_video_viewers_count(&v, now) + 10) / 20 * 20);
}


static void
test_window(void)
{
    memset(&v, 0, sizeof(v));

    add(0, 100, 1000);
    is_int(about(1009), 100, "in the same period");
    is_int(about(1030), 100, "30 s later");
    is_int(about(1039), 100, "39 s later");
    is_int(about(1040), 0, "not after 40 s");
    is_int(about(999), 0, "nor before they came");

    add(100, 200, 1019);
    is_int(about(1030), 200, "with others");
    is_int(about(1049), 100, "those stay longer");
    is_int(about(1050), 0, "and go");

    add(0, 100, 1020);
    add(0, 100, 1030);
    is_int(about(1030), 200, "the same in three periods");

    add(300, 400, 1060);
    is_int(about(1060), 200, "a period that comes again begins anew");
    add(400, 500, 900);
    add(500, 600, 1100);
    is_int(about(1100), 100, "a clock that was put back does no harm");
}


/* A process that dies while it clears a period leaves it as 0. */
static void
test_death(void)
{
    memset(&v, 0, sizeof(v));
    add(0, 100, 1000);

    v.periods[1000 / 10 % 4].period = 0;
    is_int(about(1000), 0, "a period that is being cleared says nothing");
    add(200, 300, 1001);
    is_int(about(1001), 100, "and is cleared by the next");
}


static void
test_processes(void)
{
    int                   i;
    int64_t               n;
    uint64_t              now;
    ngx_video_viewers_t  *shared;

    shared = mmap(NULL, sizeof(v), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    for (i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (now = 1000; now < 1060; now++) {
                for (n = 0; n < 1000; n++) {
                    ngx_video_viewers_add(shared,
                                   viewer((uint64_t) (i * 500 + n)), now);
                }
            }

            _exit(0);
        }
    }

    for (i = 0; i < 4; i++) {
        wait(NULL);
    }

    n = (int64_t) ngx_video_viewers_count(shared, 1059);
    ok(n > 2250 && n < 2750, "2500 of four processes: %d", (int) n);

    munmap(shared, sizeof(v));
}


int
main(void)
{
    test_error();
    test_window();
    test_death();
    test_processes();

    return done_testing();
}
