/*
 * Copyright (C) ngx_video authors
 *
 * The clock of MPEG-TS segments: where PCR goes, how often, and over the end of
 * its 33 bits.
 */

#include "ts_env.h"


/* A picture each 2 s. */
static void
test_slides(void)
{
    size_t   i;
    sink_t  *s;
    ts_t    *r;

    init(h264(4), aac());
    s = begin();

    for (i = 0; i < 4; i++) {
        (void) put(s, 0, START + i * 180000, START + i * 180000, 1, data,
                   nal(data, 4, 0x65, 500 * i + 1));
    }

    r = end(s, "slides");
    is_int(r->pcr_gap, 9000, "PCR each 100 ms");
    is_int(r->pcrs, 61, "61 of them in 6 s");
    ok(flatten(s) <= NVM_TS_TABLES + nvm_ts_bound(&ts, 0, 4, 3020, 540000)
       + nvm_ts_bound(&ts, 1, 0, 0, 540000),
       "within the bound");
    ok(rounded(r), "packets without payload don't count");
}


/* A hole in the source. */
static void
test_hole(void)
{
    sink_t  *s;

    init(h264(4), aac());
    s = begin();
    (void) put(s, 0, START, START, 1, data, 4 + 2000);
    (void) put(s, 0, START, START, 1, data, nal(data, 4, 0x65, 20));
    (void) put(s, 0, START * 2 + 1, START * 2 + 1, 1, data, 24);
    (void) put(s, 0, START, START, 1, data, 24);
    is_int(end(s, "hole")->pcrs, 3, "a hole is not filled");
}


/* Sound without a picture, then with one, which stops. */
static void
test_sound(void)
{
    size_t   i;
    sink_t  *s;
    ts_t    *r;

    init(h264(4), aac());
    s = begin();

    for (i = 0; i < 300; i++) {
        (void) put(s, 1, START + i * 1920, START + i * 1920, 0, data, 200);

        if (i == 100) {
            (void) put(s, 0, START + i * 1920, START + i * 1920 + 3600, 1,
                       data, nal(data, 4, 0x65, 20));
        }
    }

    r = end(s, "sound");
    is_int(r->pcr_gap, 9000, "PCR goes with sound alone");
    ok(r->pcrs >= 300 * 1920 / 9000 - 4, "to the end: %d", (int) r->pcrs);
    is_int(ts_pid(r, 0x100)->packets, 16, "on the PID of video");
    ok(flatten(s) <= NVM_TS_TABLES + nvm_ts_bound(&ts, 0, 1, 24, 300 * 1920)
       + nvm_ts_bound(&ts, 1, 300, 60000, 300 * 1920), "within the bound");
}


/* Sound that is a bit ahead of its picture. */
static void
test_ahead(void)
{
    sink_t  *s;

    init(h264(4), aac());
    s = begin();
    (void) put(s, 1, START + 3200, START + 3200, 0, data, 200);
    (void) put(s, 1, START + 90000, START + 90000, 0, data, 200);
    (void) put(s, 0, START, START, 1, data, nal(data, 4, 0x65, 20));
    ok(end(s, "ahead")->pcr_gap <= 90000, "PCR doesn't go back");
}


/* Over the end of 33 bits. */
static void
test_wrap(void)
{
    size_t   i;
    sink_t  *s;
    ts_t    *r;

    init(h264(4), aac());
    s = begin();

    for (i = 0; i < 200; i++) {
        (void) put(s, 0, 0x1fffff000 + i * 720, 0x1fffff000 + i * 720 + 3600,
                   i == 0, data, nal(data, 4, 0x65, 20));
        (void) put(s, 1, (0x1fffff000 + i * 720) & 0x1ffffffff,
                   (0x1fffff000 + i * 720) & 0x1ffffffff, 0, data, 20);
    }

    r = end(s, "wrap");
    is_int(r->pcr_gap, 720, "PCR goes on");
    is_int(ts_pid(r, 0x100)->units[199].dts,
           (0x1fffff000 + 199 * 720) & 0x1ffffffff, "DTS wraps");
    ok(ts_pid(r, 0x100)->units[100].has_dts, "PTS and DTS differ");
}


/* The same for a caller that wraps by itself. */
static void
test_wrapped(void)
{
    size_t     i;
    sink_t    *s;
    ts_t      *r;
    uint64_t   dts;

    init(h264(4), aac());
    s = begin();
    dts = 0x1ffffff00;

    for (i = 0; i < 3; i++) {
        (void) put(s, 1, dts, dts, 0, data, 20);
        dts = (dts + 1920) & 0x1ffffffff;
    }

    (void) put(s, 0, 0x1ffffff00, 0, 1, data, nal(data, 4, 0x65, 20));
    (void) put(s, 0, 35744, 35744, 1, data, 24);
    r = end(s, "wrap");
    is_int(r->pcrs, 5, "PCR is filled in over it");
    is_int(ts_pid(r, 0x101)->nunits, 1, "audio is grouped over it");
}


/* The first picture is of time zero. */
static void
test_zero(void)
{
    sink_t  *s;

    init(h264(4), aac());
    s = begin();
    (void) put(s, 0, 0, 0, 1, data, nal(data, 4, 0x65, 20));
    is_int(ts_pid(end(s, "zero"), 0x100)->units[0].pcr,
           0x200000000 - NVM_TS_DELAY, "PCR before time zero");
}


int
main(void)
{
    test_slides();
    test_hole();
    test_sound();
    test_ahead();
    test_wrap();
    test_wrapped();
    test_zero();

    return done_testing();
}
