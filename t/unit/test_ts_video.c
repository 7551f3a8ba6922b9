/*
 * Copyright (C) ngx_video authors
 *
 * Video in MPEG-TS segments: pictures in Annex B form with their delimiters and
 * parameter sets, and packets of every size.
 */

#include "ts_env.h"


/* Start codes, with the sets that go before a key frame. */
static const uint8_t  aud264[] = { 0, 0, 0, 1, 9, 0xf0 };

static size_t
annexb(uint8_t *dst, const uint8_t *p, size_t n, unsigned length_size,
    unsigned sets)
{
    size_t    len, size;
    unsigned  i;

    memcpy(dst, aud264, sizeof(aud264));
    len = sizeof(aud264);

    if (sets) {
        memcpy(dst + len, "\0\0\0\1", 4);
        memcpy(dst + len + 4, mp4_avcc + 8, 24);
        memcpy(dst + len + 28, "\0\0\0\1", 4);
        memcpy(dst + len + 32, mp4_avcc + 35, 5);
        len += 37;
    }

    while (n) {
        for (i = 0, size = 0; i < length_size; i++) {
            size = size << 8 | *p++;
        }

        n -= length_size + size;

        if ((*p & 0x1f) != 9) {
            memcpy(dst + len, "\0\0\0\1", 4);
            memcpy(dst + len + 4, p, size);
            len += 4 + size;
        }

        p += size;
    }

    return len;
}


/* A key frame of two slices, a B frame of one after a delimiter. */
static void
test_picture(unsigned size)
{
    sink_t          *s;
    ts_t            *r;
    size_t           n, k;
    ts_unit_t       *u;
    ts_stream_t     *t;
    static uint8_t   want[10000];

    init(h264(size), NULL);
    s = begin();

    n = nal(data, size, 0x65, size == 1 ? 200 : 3000);
    n += nal(data + n, size, 0x65, 255);
    k = n;
    k += nal(data + k, size, 0x09, 2);
    k += nal(data + k, size, 0x01, 77);

    is_int(put(s, 0, START, START + 7200, 1, data, n), NVM_OK, "key");
    is_int(put(s, 0, START + 3600, START + 3600, 0, data + n, k - n),
           NVM_OK, "B frame");
    is_int(nvm_ts_end(&ts, &s->out), NVM_OK, "end");

    r = read_back(s, "video");
    t = ts_pid(r, 0x100);
    is_int(t->nunits, 2, "%d: a PES packet each", size);
    ok(rounded(r), "%d: 16 packets", size);

    u = &t->units[0];
    is_mem(t->es, u->len, want, annexb(want, data, n, size, 1),
           "%d: delimiter, sets and slices", size);
    ok(u->id == 0xe0 && u->claimed == 0 && u->aligned, "%d: head", size);
    ok(u->random && u->has_pcr && u->has_dts, "%d: flags", size);
    is_int(u->pts, START + 7200, "%d: PTS", size);
    is_int(u->dts, START, "%d: DTS", size);
    is_int(u->pcr, START - NVM_TS_DELAY, "%d: PCR", size);

    u = &t->units[1];
    is_mem(t->es + u->at, u->len, want,
           annexb(want, data + n, k - n, size, 0),
           "%d: one delimiter, no sets", size);
    ok(!u->random && u->has_pcr && !u->has_dts, "%d: flags", size);
    is_int(u->pts, START + 3600, "%d: PTS alone", size);
}


/* A key frame with sets of its own, in the middle. */
static void
test_own_sets(void)
{
    size_t           n;
    sink_t          *s;
    ts_stream_t     *t;
    static uint8_t   want[1000];

    init(h264(4), NULL);
    s = begin();
    n = nal(data, 4, 0x06, 20);
    n += nal(data + n, 4, 0x67, 20);
    n += nal(data + n, 4, 0x68, 8);
    n += nal(data + n, 4, 0x65, 400);
    (void) put(s, 0, START, START, 1, data, n);
    t = ts_pid(end(s, "own sets"), 0x100);
    is_mem(t->es, t->len, want, annexb(want, data, n, 4, 0),
           "sets of the sample and no others");
}


static void
test_hevc(void)
{
    size_t                n;
    sink_t               *s;
    ts_stream_t          *t;
    static const uint8_t  want[] = {
        0, 0, 0, 1, 0x46, 1, 0x50,
        0, 0, 0, 1, 0x40, 1, 0x0c, 0, 0, 0, 1, 0x42, 1, 1, 1,
        0, 0, 0, 1, 0x44, 1, 0xc1, 0, 0, 0, 1, 0x4e, 1, 0x89, 0x80,
        0, 0, 0, 1, 0x26, 1, 0xaf,
    };

    init(hevc(), NULL);
    s = begin();

    n = nal(data, 4, 0x46, 3);                  /* a delimiter, IDR_W_RADL */
    memcpy(data + n, "\0\0\0\3\x26\1\xaf", 7);
    is_int(put(s, 0, START, START, 1, data, n + 7), NVM_OK, "HEVC");

    t = ts_pid(end(s, "HEVC"), 0x100);
    is_mem(t->es, t->len, want, sizeof(want), "HEVC in Annex B");
    ok(t->units[0].random, "random access");
}


/* Samples of every size, output in spans of awkward sizes. */
static void
test_sizes(void)
{
    size_t                i, k, n, bad, len;
    sink_t               *s;
    ts_t                 *r;
    ts_stream_t          *t;
    static uint8_t        want[4000];
    static const size_t   steps[] = { 1, 7, 187, 188, 189, 1000, 65536 };

    init(h264(4), NULL);

    for (k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
        bad = 0;

        for (i = 1; i < 1200; i += k ? 13 : 1) {
            s = sink(steps[k], 70000);
            n = nal(data, 4, 0x41, i);
            (void) nvm_ts_begin(&ts, &s->out, i);
            bad += put(s, 0, START, START, 0, data, n) != NVM_OK;
            bad += nvm_ts_end(&ts, &s->out) != NVM_OK;

            r = read_back(s, "sizes");
            t = ts_pid(r, 0x100);
            len = annexb(want, data, n, 4, 0);
            bad += r->why != NULL || t->packets != 16 || t->len != len
                   || memcmp(t->es, want, len) != 0;
        }

        is_int(bad, 0, "one sample of each size, spans of %d",
               (int) steps[k]);
    }
}


/* The stuffing of a second one is in its last packet only. */
static void
test_stuffing(void)
{
    size_t   i, k, n, bad;
    sink_t  *s;
    ts_t    *r;

    init(h264(4), NULL);
    bad = 0;

    for (i = 1; i < 1200; i++) {
        s = sink(188, 50000);
        n = nal(data, 4, 0x41, i);
        (void) nvm_ts_begin(&ts, &s->out, i);

        for (k = 0; k < 16; k++) {
            (void) put(s, 0, START + k, START + k, 0, data, n);
        }

        (void) nvm_ts_end(&ts, &s->out);

        /* 14 + 6 + 4 bytes before the slice, 8 of adaptation */
        r = read_back(s, "stuffing");
        bad += ts_pid(r, 0x100)->packets != (i + 32 + 183) / 184 * 16;
        bad += r->stuffing > 16;
    }

    is_int(bad, 0, "no packets more than needed, one with stuffing each");
}


int
main(void)
{
    test_picture(1);
    test_picture(2);
    test_picture(4);
    test_own_sets();
    test_hevc();
    test_sizes();
    test_stuffing();

    return done_testing();
}
