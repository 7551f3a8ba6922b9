/*
 * Copyright (C) ngx_video authors
 *
 * MPEG-TS segments, read back by a reader that shares no code with the writer:
 * the tables, what there can be no segment of, damaged samples, and what goes
 * from one segment to the next.  Video, audio, the clock and the size have
 * files of their own.
 */

#include "ts_env.h"


static void
test_tables(void)
{
    sink_t       *s;
    ts_t         *r;
    ts_stream_t  *t;

    init(h264(4), aac());

    s = sink(1000, BIG);
    is_int(nvm_ts_begin(&ts, &s->out, 37), NVM_OK, "begin");
    is_int(nvm_ts_end(&ts, &s->out), NVM_OK, "end");

    r = read_back(s, "tables");
    ok(r->why == NULL, "PAT and PMT are good");
    is_int(r->packet, NVM_TS_TABLES / NVM_TS_PACKET, "and nothing else");
    is_int(r->pmt_pid, NVM_TS_PID_PMT, "PID of the PMT");
    is_int(r->pcr_pid, 0x100, "PCR goes with video");
    is_int(ts_pid(r, 0)->first, 5, "the PAT counts segments");
    is_int(ts_pid(r, NVM_TS_PID_PMT)->first, 5, "and so does the PMT");

    t = ts_pid(r, 0x100);
    is_int(t->type, 0x1b, "H.264");
    is_int(t->desc_len, 0, "no descriptors");
    t = ts_pid(r, 0x101);
    is_int(t->type, 0x0f, "AAC in ADTS");
    is_int(t->desc_len, 0, "no language when it is not known");

    init(aac(), h264(4));
    s = sink(1000, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    is_int(read_back(s, "other order")->pcr_pid, 0x101, "video second");
}


static void
codec(const nvm_track_t *t, uint8_t type, const char *desc, size_t n,
    const char *what)
{
    sink_t       *s;
    ts_stream_t  *p;

    init(t, NULL);
    s = sink(NVM_TS_PACKET, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    p = ts_pid(read_back(s, what), 0x100);

    is_int(p->type, type, "%s: stream_type", what);
    is_mem(p->desc, p->desc_len, desc, n, "%s: descriptors", what);
}


static void
test_codecs(void)
{
    nvm_track_t          *t;
    static const uint8_t  ac3[] = { 0x10, 0x3d, 0xe0 };
    static const uint8_t  eac3[] = { 0x06, 0x00, 0x20, 0x0f, 0x00 };
    static const uint8_t  eac3_71[] = { 0x06, 0x00, 0x20, 0x0f, 0x02, 0x02 };
    static const uint8_t  dual[] = { 0x50, 0x01, 0x40 };

    codec(hevc(), 0x24, "\5\4HEVC", 6, "HEVC");

    t = aac();
    memcpy(t->lang, "deu", 4);
    codec(t, 0x0f, "\x0a\4deu\0", 6, "AAC in German");

    codec(audio(NVM_CODEC_MP3, 44100, NULL, 0), 0x03, "", 0, "MP3");
    codec(audio(NVM_CODEC_MP3, 22050, NULL, 0), 0x04, "", 0, "MP3, low rate");

    /* 48 kHz, bsid 8, complete main, 3/2, LFE, 640 kbit/s is code 15 here */
    codec(audio(NVM_CODEC_AC3, 48000, ac3, sizeof(ac3)), 0x81,
          "\5\4AC-3\x81\7\x08\x3c\x0f\xff\x1f\x01\x3f", 15, "AC-3");
    codec(audio(NVM_CODEC_AC3, 44100, dual, sizeof(dual)), 0x81,
          "\5\4AC-3\x81\x08\x28\x28\x01\xff\xff\x1f\x01\x3f", 16,
          "AC-3, two programs");
    codec(audio(NVM_CODEC_AC3, 48000, ac3, 2), 0x81, "\5\4AC-3", 6,
          "AC-3 without a configuration");

    codec(audio(NVM_CODEC_EAC3, 48000, eac3, sizeof(eac3)), 0x87,
          "\5\4EAC3\xcc\3\xc0\xc4\x30", 11, "E-AC-3");
    codec(audio(NVM_CODEC_EAC3, 48000, eac3_71, sizeof(eac3_71)), 0x87,
          "\5\4EAC3\xcc\3\xc0\xc5\x30", 11, "E-AC-3, dependent substream");
}


static void
refused(const nvm_track_t *t, size_t n, nvm_err_e rc, const char *what)
{
    nvm_fault_t        f = { .code = NVM_OK };
    const nvm_track_t *tracks[NVM_TS_MAX_TRACKS + 1] = { t, t, t, t, t };

    is_int(nvm_ts_init(&ts, tracks, n, &f), rc, "%s", what);
    ok(f.code == rc && f.what != NULL, "%s: told why", what);
}


static void
test_refused(void)
{
    size_t                i, bad;
    nvm_track_t          *t;
    nvm_fault_t           f;
    const nvm_track_t    *one;
    static const uint8_t  pce[] = { 0x11, 0x80, 0x04, 0xc4, 0, 0, 0, 0, 0 };
    static const uint8_t  odd[] = { 0x17, 0x80, 0x3e, 0x88, 0x10 };

    refused(h264(4), 0, NVM_EINVAL, "no tracks");
    refused(h264(4), NVM_TS_MAX_TRACKS + 1, NVM_EINVAL, "too many tracks");
    refused(h264(4), 2, NVM_EUNSUP, "two of video");
    refused(h264(3), 1, NVM_EINVAL, "NAL length size 3");
    refused(audio(NVM_CODEC_OPUS, 48000, NULL, 0), 1, NVM_EUNSUP, "Opus");
    refused(audio(NVM_CODEC_H264, 0, mp4_avcc, sizeof(mp4_avcc)), 1,
            NVM_EUNSUP, "H.264 as audio");
    refused(audio(NVM_CODEC_AAC, 48000, pce, sizeof(pce)), 1, NVM_EUNSUP,
            "channels from a program config element");
    refused(audio(NVM_CODEC_AAC, 32016, odd, sizeof(odd)), 1, NVM_EUNSUP,
            "a rate without an index");

    t = h264(4);
    t->config[5] = 0xe0;
    memset(t->config + 6, 0, sizeof(t->config) - 6);
    refused(t, 1, NVM_ENOENT, "no parameter sets");

    /* 31 SPS and 255 PPS of a byte each, and long ones, do fit */
    t = h264(4);
    t->config[5] = 31;

    for (i = 0; i < 31; i++) {
        memcpy(t->config + 6 + i * 3, "\0\1g", 3);
    }

    t->config[6 + 31 * 3] = 255;

    for (i = 0; i < 255; i++) {
        memcpy(t->config + 7 + 31 * 3 + i * 3, "\0\1h", 3);
    }

    t->config_len = (uint16_t) (7 + 286 * 3);
    init(t, NULL);
    is_int(ts.tracks[0].len, 286 * 5, "many parameter sets");

    for (i = 0, bad = 0; i < sizeof(mp4_avcc) + sizeof(hvcc); i++) {
        t = i < sizeof(mp4_avcc) ? h264(4) : hevc();
        t->config_len = (uint16_t) (i < sizeof(mp4_avcc) ? i
                                    : i - sizeof(mp4_avcc));
        f.code = NVM_OK;
        one = t;
        bad += nvm_ts_init(&ts, &one, 1, &f) != NVM_ETRUNC;
    }

    is_int(bad, 0, "a configuration that is cut anywhere");
}


static void
damaged(const uint8_t *p, size_t n, nvm_err_e rc, uint64_t offset,
    const char *what)
{
    uint8_t          *copy;
    sink_t           *s;
    nvm_fault_t       f = { .code = NVM_OK };
    nvm_ts_sample_t   sample = { .size = n, .dts = START, .pts = START };

    copy = malloc(n);
    memcpy(copy, p, n);
    sample.data = copy;

    s = begin();
    is_int(nvm_ts_sample(&ts, &s->out, &sample, &f), rc, "%s", what);
    ok(f.code == rc && f.what != NULL && f.offset == offset,
       "%s: told where: %d", what, (int) f.offset);
    (void) nvm_ts_end(&ts, &s->out);
    is_int(flatten(s), NVM_TS_TABLES, "%s: nothing is written", what);
    free(copy);
}


static void
test_damage(void)
{
    sink_t   *s;
    size_t    i, n;
    uint8_t  *big;

    init(h264(4), aac());

    damaged((const uint8_t *) "\0\0\0", 3, NVM_ETRUNC, 0, "half a length");
    damaged((const uint8_t *) "\0\0\0\2A", 5, NVM_ETRUNC, 4, "a byte less");
    damaged((const uint8_t *) "\0\0\0\1A\0", 6, NVM_ETRUNC, 5, "a byte more");
    damaged((const uint8_t *) "\xff\xff\xff\xff" "A", 5, NVM_ETRUNC, 4,
            "4 GiB");
    damaged((const uint8_t *) "\0\0\0\1A\0\0\0\0", 9, NVM_EINVAL, 9,
            "an empty NAL unit");

    n = (NVM_MAX_NALS + 1) * 5;
    big = malloc(n);

    for (i = 0; i < n; i += 5) {
        memcpy(big + i, "\0\0\0\1A", 5);
    }

    damaged(big, n, NVM_ELIMIT, n, "too many NAL units");

    s = begin();
    is_int(put(s, 0, START, START, 0, big, n - 5), NVM_OK, "just as many");
    is_int(put(s, 0, START, START, 0, big, 4), NVM_ETRUNC, "damage");
    is_int(put(s, 0, START, START, 0, NULL, 0), NVM_OK, "an empty sample");
    is_int(put(s, 1, START, START, 0, NULL, 0), NVM_OK, "an empty frame");
    is_int(put(s, 2, START, START, 0, big, 5), NVM_EINVAL, "no such track");
    is_int(put(s, 0, START, START, 0, big, 5), NVM_OK, "and goes on");
    is_int(ts_pid(end(s, "damage"), 0x100)->nunits, 2, "two samples");
    free(big);
}


/* Segments of one, two, ... samples follow each other. */
static void
test_continuity(void)
{
    size_t    n, k, at;
    sink_t   *s;
    ts_t      r = { 0 };
    unsigned  bad;

    init(h264(4), aac());
    s = sink(65536, BIG);
    bad = 0;

    for (n = 0, at = 0; n < 40; n++) {
        bad += nvm_ts_begin(&ts, &s->out, 1000 + n) != NVM_OK;

        for (k = 0; k < n; k++, at++) {
            (void) put(s, 0, START + at * 3600, START + at * 3600, k == 0,
                       data, nal(data, 4, 0x65, 10 + 47 * k));
            (void) put(s, 1, START + at * 1920, START + at * 1920, 0,
                       data, 50 + k);
        }

        bad += nvm_ts_end(&ts, &s->out) != NVM_OK;
    }

    ts_read(&r, flat, flatten(s));
    ok(r.why == NULL && bad == 0, "40 segments in a row: %s",
       r.why ? r.why : "continuous");
    ok(rounded(&r), "counters from 0 to 15 in each");
    is_int(ts_pid(&r, 0)->packets, 40, "one PAT each");
    is_int(ts_pid(&r, 0x100)->nunits, at, "all pictures");
    ts_free(&r);
}


/* The same bytes again, whatever went before. */
static void
test_pure(void)
{
    size_t           i, len;
    sink_t          *s;
    static uint8_t   first[200000];

    init(h264(4), aac());
    len = 0;

    for (i = 0; i < 2; i++) {
        fill(data, 50, 1);
        s = sink(i ? 500 : 65536, BIG);
        (void) nvm_ts_begin(&ts, &s->out, 3);
        (void) put(s, 1, START, START, 0, data, 33);
        (void) put(s, 0, START, START, 1, data, nal(data, 4, 0x65, 4444));
        (void) put(s, 1, START + 1920, START + 1920, 0, data, 34);
        (void) put(s, 0, START + 90000, START + 90000, 0, data, 4448);
        (void) nvm_ts_end(&ts, &s->out);
        len = flatten(s);

        if (i == 0) {
            memcpy(first, flat, len);

            /* a segment that is never ended */
            (void) nvm_ts_begin(&ts, &s->out, 9);
            (void) put(s, 0, 77, 78, 1, data, 4448);
            (void) put(s, 1, 5, 5, 0, data, 99);
        }
    }

    is_mem(flat, len, first, len, "a segment is a function of its samples");
}


int
main(void)
{
    test_tables();
    test_codecs();
    test_refused();
    test_damage();
    test_continuity();
    test_pure();

    return done_testing();
}
