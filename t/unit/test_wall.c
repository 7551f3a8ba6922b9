/*
 * Copyright (C) ngx_video authors
 *
 * The wall clock of media, from when frames come.
 */

#include "nvm_wall.h"
#include "tap.h"


static void
test_start(void)
{
    nvm_wall_t  w;

    /* 300 ms are held, then they come at once: the last is in time */
    nvm_wall_init(&w, 10300, 0);
    nvm_wall_frame(&w, 10305, 100);
    nvm_wall_frame(&w, 10310, 300);
    nvm_wall_frame(&w, 11050, 1000);
    is_int(nvm_wall_correct(&w, 2000, -10000), -290, "all at once");
    is_int(w.zero, 10010, "of the frame with the least delay");

    nvm_wall_frame(&w, 12010, 2000);
    is_int(nvm_wall_correct(&w, 4000, -10000), 0, "and that was it");

    nvm_wall_init(&w, 10300, 50);
    nvm_wall_frame(&w, 10300, 900);
    is_int(nvm_wall_correct(&w, 2000, -100), -100, "not below the bound");

    nvm_wall_init(&w, 10000, 0);
    nvm_wall_frame(&w, 10090, 40);
    is_int(nvm_wall_correct(&w, 2000, -100), 0, "delays don't count");

    w.settled = 0;
    is_int(nvm_wall_correct(&w, 4000, -100), 0, "nor does silence");
}


/* A publisher's clock that is off by so much in a million. */
static void
test_drift(long ppm, int64_t length, int64_t bound)
{
    int64_t     ms, now, told, error, worst, step, largest;
    nvm_wall_t  w;

    nvm_wall_init(&w, 0, 0);
    told = 0;
    worst = 0;
    largest = 0;

    for (ms = 0; ms < length; ms += 40) {
        now = ms - ms * ppm / 1000000;

        /* network and encoder: up to 80 ms later, now and then not */
        nvm_wall_frame(&w, now + ms % 3 * 40, ms);

        if (ms % 2000 == 0 && ms) {
            step = nvm_wall_correct(&w, ms, -10000);
            told += step;
            error = told + ms - now;
            error = error < 0 ? -error : error;
            step = step < 0 ? -step : step;
            worst = error > worst ? error : worst;
            largest = step > largest ? step : largest;
        }
    }

    ok(worst < bound, "%ld ppm: at most %ld ms off", ppm, (long) worst);
    ok(largest <= 24, "in steps of %ld ms", (long) largest);
}


int
main(void)
{
    test_start();
    test_drift(100, 600000, 10);
    test_drift(-100, 600000, 10);
    test_drift(0, 600000, 10);

    /* six hours: as much as clocks that work are off, and ten times that */
    test_drift(200, 21600000, 10);
    test_drift(-200, 21600000, 10);
    test_drift(1900, 21600000, 50);
    test_drift(-1900, 21600000, 50);

    return done_testing();
}
