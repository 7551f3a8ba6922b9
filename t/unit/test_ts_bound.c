/*
 * Copyright (C) ngx_video authors
 *
 * What an MPEG-TS segment takes: its bound, and what becomes of it when there
 * is no room.
 */

#include "ts_env.h"


static void
test_overflow(void)
{
    sink_t     *s;
    size_t      size, bad, len;
    nvm_err_e   rc;

    init(h264(4), aac());
    bad = 0;

    for (size = 0; size < 30000; size += 61) {
        s = sink(61, size);
        rc = nvm_ts_begin(&ts, &s->out, 0);
        bad += rc != (s->out.error ? NVM_EOVERFLOW : NVM_OK);
        (void) put(s, 1, START, START, 0, data, 300);
        rc = put(s, 0, START, START, 1, data, nal(data, 4, 0x65, 9000));
        bad += rc != s->out.error;
        (void) put(s, 0, START + 9001, START + 9001, 1, data, 9004);
        rc = nvm_ts_end(&ts, &s->out);
        bad += rc != s->out.error;
        len = flatten(s);
        bad += rc == NVM_OK ? len % 188 != 0 : len > size;
        bad += rc != NVM_OK && len < size / 62 * 61;
    }

    is_int(bad, 0, "no room, anywhere, is an error to the end");
    is_int(rc, NVM_OK, "enough room is none");
}


/* What a segment was made of. */
typedef struct {
    uint64_t  bytes[2];
    uint64_t  count[2];
    uint64_t  duration;
} load_t;


static uint32_t
number(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;

    return *state >> 8;
}


/* The same segment for the same seed; returns how many samples were refused. */
static unsigned
segment(sink_t *s, unsigned size, uint32_t seed, load_t *l)
{
    size_t    n, k;
    uint32_t  max;
    unsigned  bad;

    memset(l, 0, sizeof(load_t));
    bad = 0;
    max = 1 + number(&seed) % (size == 1 ? 250 : 5000);

    (void) nvm_ts_begin(&ts, &s->out, seed);

    for (n = 1 + number(&seed) % 100; n; n--) {
        l->duration += number(&seed) % 20000;

        k = nal(data, size, 0x41, 1 + number(&seed) % max);
        k += nal(data + k, size, 0x41, 1 + number(&seed) % 5);
        bad += put(s, 0, START + l->duration, START + l->duration + 1, n & 1,
                   data, k)
               != NVM_OK;
        l->bytes[0] += k;
        l->count[0]++;

        k = 1 + number(&seed) % 400;
        bad += put(s, 1, START + l->duration, START + l->duration, 0, data, k)
               != NVM_OK;
        l->bytes[1] += k;
        l->count[1]++;
    }

    return bad;
}


static void
test_bound(unsigned size)
{
    ts_t      *r;
    load_t     l;
    sink_t    *s;
    uint32_t   seed;
    uint64_t   bound;
    unsigned   bad;

    init(h264(size), aac());
    bad = 0;

    for (seed = 1; seed <= 200; seed++) {

        /* abandoned: the next one must not notice */
        s = sink(1000, BIG);
        bad += segment(s, size, seed, &l);
        bad += put(s, 0, 0, 0, 0, data, 0) != NVM_OK;

        s = sink(65536, BIG);
        bad += segment(s, size, seed, &l);
        bad += nvm_ts_end(&ts, &s->out) != NVM_OK;
        r = read_back(s, "bound");

        bound = NVM_TS_TABLES
                + nvm_ts_bound(&ts, 0, l.count[0], l.bytes[0], l.duration)
                + nvm_ts_bound(&ts, 1, l.count[1], l.bytes[1], l.duration);
        bad += r->why != NULL || flatten(s) > bound || !rounded(r);
    }

    is_int(bad, 0, "200 random segments, NAL length size %d", size);
}


/* Parameter sets with each sample, packets that are just full or not. */
static void
test_key_frames(void)
{
    size_t    n, k;
    sink_t   *s;
    unsigned  bad;

    init(h264(4), NULL);
    bad = 0;

    for (k = 1; k < 250; k++) {
        s = sink(65536, 200000);
        (void) nvm_ts_begin(&ts, &s->out, 0);

        for (n = 0; n < 200; n++) {
            (void) put(s, 0, START, START, 1, data, nal(data, 4, 0x65, k));
        }

        (void) nvm_ts_end(&ts, &s->out);
        bad += flatten(s) > NVM_TS_TABLES
                            + nvm_ts_bound(&ts, 0, 200, 200 * (k + 4), 0);
    }

    is_int(bad, 0, "key frames of every size");
}


static void
test_tight(void)
{
    init(h264(4), NULL);
    ok(nvm_ts_bound(&ts, 0, UINT64_MAX, 0, 0) == UINT64_MAX, "saturates");
    ok(nvm_ts_bound(&ts, 0, 1, UINT64_MAX - 9, 0) == UINT64_MAX, "bytes too");

    init(h264(4), aac());

    /* what a segment of 6 s, 2 Mbit/s and 128 kbit/s may take too much */
    ok(nvm_ts_bound(&ts, 0, 150, 1500000, 540000) < 1600000, "tight: video");
    ok(nvm_ts_bound(&ts, 1, 282, 96000, 540000) < 170000, "tight: audio");
}


int
main(void)
{
    test_overflow();
    test_bound(1);
    test_bound(2);
    test_bound(4);
    test_key_frames();
    test_tight();

    return done_testing();
}
