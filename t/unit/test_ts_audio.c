/*
 * Copyright (C) ngx_video authors
 *
 * Audio in MPEG-TS segments, in groups of frames, and packed audio.
 */

#include "ts_env.h"


/* Groups of frames, each with its ADTS header. */
static void
test_frames(void)
{
    ts_t         *r;
    sink_t       *s;
    size_t        i, k, n, bad, frames;
    ts_unit_t    *u;
    ts_stream_t  *t;

    init(h264(4), aac());
    s = begin();

    for (i = 0; i < 100; i++) {
        fill(data, 300 + i, (unsigned) i);
        (void) put(s, 1, START + i * 1920, START + i * 1920, 0, data, 300 + i);
    }

    r = end(s, "audio");
    t = ts_pid(r, 0x101);
    ok(rounded(r), "16 packets");
    bad = 0;
    frames = 0;

    for (k = 0; k < t->nunits; k++) {
        u = &t->units[k];
        bad += u->id != 0xc0 || u->has_dts || u->has_pcr || !u->aligned
               || u->pts != START + frames * 1920 || u->claimed != u->len + 8
               || u->len > NVM_TS_GROUP || u->len < 2400;

        for (i = u->at; i < u->at + u->len; i += n, frames++) {
            n = (size_t) (t->es[i + 3] & 3) << 11 | t->es[i + 4] << 3
                | t->es[i + 5] >> 5;
            bad += t->es[i] != 0xff || t->es[i + 1] != 0xf1
                   || t->es[i + 2] != 0x4c || (t->es[i + 3] & 0xfc) != 0x80
                   || (t->es[i + 5] & 0x1f) != 0x1f || t->es[i + 6] != 0xfc
                   || n != 307 + frames;
            fill(data, 300 + frames, (unsigned) frames);
            bad += memcmp(t->es + i + 7, data, 300 + frames) != 0;
        }
    }

    bad -= t->units[k - 1].len < 2400;
    is_int(frames, 100, "all frames");
    is_int(bad, 0, "ADTS, times and sizes of all groups");
}


/* Time is the other bound of a group. */
static void
test_groups(void)
{
    size_t        i;
    sink_t       *s;
    ts_stream_t  *t;

    init(h264(4), aac());
    s = begin();

    for (i = 0; i < 48; i++) {
        (void) put(s, 1, START + i * 1920, START + i * 1920, 0, data, 20);
    }

    t = ts_pid(end(s, "time"), 0x101);
    is_int(t->nunits, 6, "nine frames of 21 ms in 200 ms");
}


/* A group doesn't outwait the video, nor join what is elsewhere in time. */
static void
test_gaps(void)
{
    sink_t       *s;
    ts_stream_t  *t;

    init(h264(4), aac());
    s = begin();
    (void) put(s, 1, START, START, 0, data, 20);
    (void) put(s, 0, START + 18000, START + 18000, 0, data,
               nal(data, 4, 0x41, 9));
    (void) put(s, 1, START + 1920, START + 1920, 0, data, 20);
    (void) put(s, 1, START + 3840, START + 3840, 0, data, 20);
    (void) put(s, 1, START + 6800, START + 6800, 0, data, 20);
    (void) put(s, 1, START + 6000, START + 6000, 0, data, 20);
    t = ts_pid(end(s, "gaps"), 0x101);
    is_int(t->nunits, 4, "a late group, and gaps");
    is_int(t->units[1].pts, START + 1920, "after the first");
    is_int(t->units[2].pts, START + 6800, "after a gap");
    is_int(t->units[3].pts, START + 6000, "after a step back");
}


/* Frames that are larger than a group. */
static void
test_long(void)
{
    sink_t       *s;
    ts_stream_t  *t;

    init(h264(4), aac());
    s = begin();
    fill(data, 8184, 1);
    (void) put(s, 1, START, START, 0, data, 20);
    is_int(put(s, 1, START + 1920, START + 1920, 0, data, 8184), NVM_OK,
           "the longest frame");
    is_int(put(s, 1, START + 3840, START + 3840, 0, data, 8185), NVM_ELIMIT,
           "a byte more");
    (void) put(s, 1, START + 3840, START + 3840, 0, data, 20);
    t = ts_pid(end(s, "long"), 0x101);
    is_int(t->nunits, 3, "on its own");
    is_mem(t->es + 27 + 7, 8184, data, 8184, "unchanged");
}


static void
test_raw_audio(void)
{
    sink_t       *s;
    ts_t         *r;
    size_t        i;
    ts_stream_t  *t;

    init(audio(NVM_CODEC_AC3, 48000, NULL, 0), NULL);
    s = begin();

    for (i = 0; i < 30; i++) {
        fill(data + i * 700, 700, (unsigned) i);
        is_int(put(s, 0, START + i * 2880, START + i * 2880, 0,
                   data + i * 700, 700), NVM_OK, "AC-3");
    }

    is_int(put(s, 0, START, START, 0, data, 3), NVM_EINVAL, "no header");
    is_int(put(s, 0, START, START, 0, data, 65528), NVM_ELIMIT, "too long");

    r = end(s, "AC-3");
    t = ts_pid(r, 0x100);
    is_mem(t->es, t->len, data, 30 * 700, "as it is");
    is_int(t->units[0].id, 0xbd, "private_stream_1");
    is_int(t->nunits, 10, "three frames of 32 ms in 100 ms");
    ok(r->pcr_gap <= 9000, "PCR each 100 ms: %d", (int) r->pcr_gap);

    /* the least that a segment can have */
    for (i = 4; i < 20; i++) {
        s = begin();
        (void) put(s, 0, START, START, 0, data, i);
        t = ts_pid(end(s, "short"), 0x100);
        ok(t->packets == 16 && t->len == i, "%d bytes in 16 packets", (int) i);
    }

    s = begin();
    is_int(put(s, 0, START, START, 0, data, 65527), NVM_OK, "the longest");
    is_int(ts_pid(end(s, "longest"), 0x100)->units[0].claimed, 65535,
           "its PES packet");
}


static void
test_packed(void)
{
    sink_t                *s;
    size_t                 i, len;
    nvm_ts_sample_t        sample = { .data = data, .size = 300 };
    static const uint8_t   id3[] =
        "ID3\4\0\0\0\0\0\x3fPRIV\0\0\0\x35\0\0"
        "com.apple.streaming.transportStreamTimestamp\0"
        "\0\0\0\1\x23\x45\x67\x89";

    init(aac(), NULL);

    for (i = 1; i < 100; i += 33) {
        s = sink(i, BIG);
        fill(data, 300, 5);
        is_int(nvm_ts_packed_begin(&s->out, 0xff23456789), NVM_OK, "ID3");
        is_int(nvm_ts_packed_sample(&ts, &s->out, &sample, NULL), NVM_OK,
               "a frame");
        is_int(nvm_ts_packed_sample(&ts, &s->out, &sample, NULL), NVM_OK,
               "another");
        len = flatten(s);
        is_mem(flat, NVM_TS_ID3, id3, sizeof(id3) - 1, "ID3");
        is_int(len, NVM_TS_ID3 + (long long) nvm_ts_packed_size(&ts, 0, 2,
               600), "size");
        is_mem(flat + 73, 7, "\xff\xf1\x4c\x80\x26\x7f\xfc", 7, "ADTS");
        is_mem(flat + 80, 300, data, 300, "frame");
        is_mem(flat + 387, 300, data, 300, "frame");
    }

    s = sink(64, 70);
    is_int(nvm_ts_packed_begin(&s->out, 0), NVM_EOVERFLOW, "no room");
    is_int(nvm_ts_packed_sample(&ts, &s->out, &sample, NULL), NVM_EOVERFLOW,
           "still none");

    sample.track = 1;
    is_int(nvm_ts_packed_sample(&ts, &s->out, &sample, NULL), NVM_EINVAL,
           "no such track");

    init(h264(4), NULL);
    sample.track = 0;
    is_int(nvm_ts_packed_sample(&ts, &s->out, &sample, NULL), NVM_EINVAL,
           "no audio");
}


int
main(void)
{
    test_frames();
    test_groups();
    test_gaps();
    test_long();
    test_raw_audio();
    test_packed();

    return done_testing();
}
