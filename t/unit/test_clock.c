/*
 * Copyright (C) ngx_video authors
 *
 * One clock of the timestamps of several tracks: wraps, jitter, jumps.
 */

#include "nvm_clock.h"
#include "tap.h"


static nvm_clock_t        c;
static nvm_clock_track_t  video, audio;
static int64_t            at;


static void
begin(void)
{
    memset(&c, 0, sizeof(nvm_clock_t));
    memset(&video, 0, sizeof(nvm_clock_track_t));
    memset(&audio, 0, sizeof(nvm_clock_track_t));
    at = -1;
}


/* Both tracks as publishers send them, in time, from one timestamp on. */
static void
both(uint32_t from, int64_t ms)
{
    int64_t  i, t;

    begin();

    for (i = 0; i <= ms; i += 40) {
        (void) nvm_clock_frame(&c, &video, (uint32_t) (from + i), i, 1, &t);
        (void) nvm_clock_frame(&c, &audio, (uint32_t) (from + i), i, 0, &t);
    }
}


static void
frame(nvm_clock_track_t *t, int64_t ts, int64_t now, nvm_clock_e want,
    int64_t ms, const char *name)
{
    nvm_clock_e  rc;

    rc = nvm_clock_frame(&c, t, (uint32_t) ts, now, t == &video, &at);
    ok(rc == want && at == ms, "%s: %d at %ld, not %d at %ld", name, (int) rc,
       (long) at, (int) want, (long) ms);
}


static void
test_steps(void)
{
    begin();
    frame(&video, 70000, 0, NVM_CLOCK_GOES_ON, 70000, "the first");
    frame(&audio, 60000, 0, NVM_CLOCK_GOES_ON, 60000, "one 10 s behind it");
    frame(&audio, 80000, 0, NVM_CLOCK_GOES_ON, 80000, "10 s ahead");
    frame(&audio, 79500, 0, NVM_CLOCK_GOES_ON, 79500, "500 ms back");
    frame(&audio, 79500, 0, NVM_CLOCK_GOES_ON, 79500, "of the newest");
    frame(&audio, 79499, 0, NVM_CLOCK_JUMPS, 80000, "501 ms back");
    frame(&video, 90000, 0, NVM_CLOCK_LAGS, 90000, "the other goes on");
    frame(&video, 90040, 0, NVM_CLOCK_GOES_ON, 90040, "it does not follow");

    both(0, 1000);
    frame(&video, 11001, 1000, NVM_CLOCK_JUMPS, 1000, "more than 10 s ahead");
}


static void
test_wrap(void)
{
    int64_t  i, t, bad;

    begin();
    bad = 0;

    /* three times around, as fast as may be */
    for (i = 4294960000; i < 4294960000 + 3 * 4294967296; i += 9999) {
        bad += nvm_clock_frame(&c, &video, (uint32_t) i, i, 1, &t)
               != NVM_CLOCK_GOES_ON || t != i;
        bad += nvm_clock_frame(&c, &audio, (uint32_t) (i - 300), i, 0, &t)
               != NVM_CLOCK_GOES_ON || t != i - 300;
    }

    is_int(bad, 0, "a wrap of 32 bits is no jump");

    /* 31 bits, as of encoders that count with a sign */
    both(2147483640, 0);
    frame(&video, 30, 40, NVM_CLOCK_JUMPS, 2147483680, "one of 31 bits is");
    frame(&audio, 40, 50, NVM_CLOCK_FOLLOWS, 2147483690, "of all tracks");

    both(4294967290, 1000);
    frame(&video, 0, 1040, NVM_CLOCK_JUMPS, 4294968330, "back after a wrap");
    frame(&audio, 4294967295, 1050, NVM_CLOCK_FOLLOWS, 4294968329, "and on");
    frame(&audio, 10, 1060, NVM_CLOCK_GOES_ON, 4294968340, "a wrap after it");
}


static void
test_together(void)
{
    both(100000, 1000);
    frame(&video, 0, 1040, NVM_CLOCK_JUMPS, 101040, "video begins again");
    frame(&audio, 101040, 1045, NVM_CLOCK_LAGS, 101040, "audio is late");
    frame(&video, 40, 1080, NVM_CLOCK_GOES_ON, 101080, "video goes on");
    frame(&audio, 7, 1085, NVM_CLOCK_FOLLOWS, 101047, "audio follows");
    frame(&audio, 47, 1090, NVM_CLOCK_GOES_ON, 101087, "and goes on");

    /* what leads may go back when it follows, the others may not */
    both(100000, 1000);
    frame(&audio, 8000, 1040, NVM_CLOCK_JUMPS, 101040, "audio is first");
    frame(&video, 5000, 1050, NVM_CLOCK_FOLLOWS, 98040, "video is behind");

    both(100000, 1000);
    frame(&video, 8000, 1040, NVM_CLOCK_JUMPS, 101040, "video is first");
    frame(&audio, 5000, 1050, NVM_CLOCK_JUMPS, 101050, "audio is far behind");

    /* a small one, so that both clocks are near */
    both(100000, 1000);
    frame(&video, 98000, 1040, NVM_CLOCK_JUMPS, 101040, "2 s back");
    frame(&audio, 101040, 1045, NVM_CLOCK_LAGS, 101040, "audio is late");
    frame(&audio, 98010, 1050, NVM_CLOCK_FOLLOWS, 101050, "and follows");
}


static void
test_alone(void)
{
    int64_t  i, t, bad;

    both(100000, 1000);
    frame(&audio, 3600000, 1040, NVM_CLOCK_JUMPS, 101040, "audio alone");

    for (i = 40, bad = 0; i < 60000; i += 40) {
        bad += nvm_clock_frame(&c, &video, (uint32_t) (101000 + i), 1000 + i,
                               1, &t)
               != (i <= 1040 ? NVM_CLOCK_LAGS : NVM_CLOCK_GOES_ON)
               || t != 101000 + i;
        bad += nvm_clock_frame(&c, &audio, (uint32_t) (3600000 + i), 1040 + i,
                               0, &t)
               != NVM_CLOCK_GOES_ON || t != 101040 + i;
    }

    is_int(bad, 0, "both go on");

    /* a wrong timestamp, then right ones */
    both(100000, 1000);
    frame(&video, 9000000, 1055, NVM_CLOCK_JUMPS, 101055, "one is wrong");
    frame(&video, 101080, 1080, NVM_CLOCK_JUMPS, 101080, "the next is not");
    frame(&audio, 101090, 1090, NVM_CLOCK_GOES_ON, 101090, "nor the other");
}


static void
test_pause(void)
{
    both(0, 1000);
    frame(&video, 21007, 21040, NVM_CLOCK_JUMPS, 21007, "20 s of silence");
    frame(&audio, 21012, 21045, NVM_CLOCK_GOES_ON, 21012, "is that of both");

    both(0, 1000);
    frame(&video, 21007, 25000, NVM_CLOCK_JUMPS, 25000, "24 s are no 20 s");
    frame(&audio, 21012, 25000, NVM_CLOCK_FOLLOWS, 25005, "for neither");

    /* it may not begin with the clock that the others have */
    begin();
    (void) nvm_clock_frame(&c, &video, 500000, 0, 1, &at);
    frame(&audio, 100, 20, NVM_CLOCK_JUMPS, 500020, "another clock");
    frame(&video, 500040, 40, NVM_CLOCK_LAGS, 500040, "of one of them");
}


int
main(void)
{
    test_steps();
    test_wrap();
    test_together();
    test_alone();
    test_pause();

    return done_testing();
}
