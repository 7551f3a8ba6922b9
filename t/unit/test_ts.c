/*
 * Copyright (C) ngx_video authors
 *
 * MPEG-TS segments and packed audio, read back by a reader that shares no
 * code with the writer.
 */

#include "mp4_builder.h"
#include "nvm_ts.h"
#include "tap.h"
#include "ts_reader.h"


#define BIG    (1u << 20)
#define START  900000           /* 10 s */


/* Output in spans of "step" bytes with a hole after each. */
typedef struct {
    nvm_ts_out_t   out;
    uint8_t       *buf;
    size_t         size;
    size_t         step;
    size_t         at;
} sink_t;


static uint8_t   memory[BIG * 2];
static uint8_t   flat[BIG];
static uint8_t   data[BIG];
static nvm_ts_t  ts;


static int
more(nvm_ts_out_t *o)
{
    sink_t  *s;

    s = o->data;

    if (s->at + s->step > s->size) {
        return 1;
    }

    o->pos = s->buf + s->at;
    o->end = o->pos + s->step;
    s->at += s->step + 1;

    return 0;
}


static sink_t *
sink(size_t step, size_t size)
{
    static sink_t  s;

    s.buf = memory;
    s.size = size;
    s.step = step;
    s.at = 0;
    s.out = (nvm_ts_out_t) { .more = more, .data = &s };
    memset(memory, 0xee, size);

    return &s;
}


/* What was written, without the holes, which must be untouched. */
static size_t
flatten(const sink_t *s)
{
    size_t  at, n, len;

    len = 0;

    for (at = 0; at < s->at; at += s->step + 1) {
        n = s->step;

        if (s->buf + at <= s->out.pos && s->out.pos <= s->buf + at + n) {
            n = (size_t) (s->out.pos - (s->buf + at));

        } else if (s->buf[at + n] != 0xee) {
            ok(0, "a byte after a span");
        }

        memcpy(flat + len, s->buf + at, n);
        len += n;
    }

    return len;
}


static nvm_track_t *
h264(unsigned length_size)
{
    static nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.kind = NVM_VIDEO;
    t.codec = NVM_CODEC_H264;
    t.config_len = sizeof(mp4_avcc);
    memcpy(t.config, mp4_avcc, sizeof(mp4_avcc));
    t.config[4] = (uint8_t) (0xfc | (length_size - 1));

    return &t;
}


static nvm_track_t *
audio(nvm_codec_e codec, uint32_t rate, const uint8_t *config, size_t n)
{
    static nvm_track_t  t;

    memset(&t, 0, sizeof(t));
    t.kind = NVM_AUDIO;
    t.codec = codec;
    t.sample_rate = rate;
    t.config_len = (uint16_t) n;

    if (n) {
        memcpy(t.config, config, n);
    }

    memcpy(t.lang, "und", 4);

    return &t;
}


static nvm_track_t *
aac(void)
{
    return audio(NVM_CODEC_AAC, 48000, mp4_asc, sizeof(mp4_asc));
}


static void
init(const nvm_track_t *a, const nvm_track_t *b)
{
    const nvm_track_t  *tracks[2] = { a, b };

    memset(&ts, 0xaa, sizeof(ts));
    is_int(nvm_ts_init(&ts, tracks, b ? 2 : 1, NULL), NVM_OK, "init");
}


static nvm_err_e
put(sink_t *s, uint32_t track, uint64_t dts, uint64_t pts, unsigned key,
    const uint8_t *p, size_t n)
{
    nvm_ts_sample_t  sample = { p, n, dts, pts, track, key };

    return nvm_ts_sample(&ts, &s->out, &sample, NULL);
}


/* Bytes in which no start code or sync byte can hide a mistake. */
static void
fill(uint8_t *p, size_t n, unsigned seed)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        p[i] = (uint8_t) (seed + i * 7 + i / 251);
    }
}


/* A NAL unit after its length; returns what it takes. */
static size_t
nal(uint8_t *p, unsigned length_size, uint8_t type, size_t n)
{
    unsigned  i;

    for (i = 0; i < length_size; i++) {
        p[i] = (uint8_t) (n >> 8 * (length_size - 1 - i));
    }

    fill(p + length_size, n, (unsigned) n);
    p[length_size] = type;

    return length_size + n;
}


static ts_t *
read_back(const sink_t *s, const char *what)
{
    static ts_t  r;

    ts_free(&r);
    ts_read(&r, flat, flatten(s));

    if (r.why != NULL) {
        ok(0, "%s: packet %d: %s", what, (int) r.packet, r.why);
    }

    return &r;
}


/* Every PID but the tables' has a multiple of 16 packets from 0 on. */
static int
rounded(const ts_t *r)
{
    size_t  i;

    for (i = 0; i < r->npids; i++) {
        if (r->pids[i].type && (r->pids[i].packets % 16 || r->pids[i].first)) {
            return 0;
        }
    }

    return 1;
}


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


/* One VPS, SPS, PPS and SEI each, and an array of another type. */
static const uint8_t  hvcc[] = {
    1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xf0, 0, 0xfc, 0xfd, 0xf8,
    0xf8, 0, 0, 0x0f, 5,
    0xa0, 0, 1, 0, 3, 0x40, 1, 0x0c,
    0xa1, 0, 1, 0, 4, 0x42, 1, 1, 1,
    0xa2, 0, 1, 0, 3, 0x44, 1, 0xc1,
    0xa7, 0, 1, 0, 4, 0x4e, 1, 0x89, 0x80,
    0xa8, 0, 1, 0, 2, 0x50, 1,
};


static nvm_track_t *
hevc(void)
{
    nvm_track_t  *t;

    t = audio(NVM_CODEC_HEVC, 0, hvcc, sizeof(hvcc));
    t->kind = NVM_VIDEO;

    return t;
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


static void
test_video(void)
{
    sink_t          *s;
    ts_t            *r;
    size_t           n, k;
    unsigned         size;
    ts_unit_t       *u;
    ts_stream_t     *t;
    static uint8_t   want[10000];

    for (size = 1; size <= 4; size *= 2) {
        init(h264(size), NULL);
        s = sink(65536, BIG);
        (void) nvm_ts_begin(&ts, &s->out, 0);

        /* a key frame of two slices, a B frame of one after an AUD */
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

    /* a key frame with sets of its own, in the middle */
    init(h264(4), NULL);
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    n = nal(data, 4, 0x06, 20);
    n += nal(data + n, 4, 0x67, 20);
    n += nal(data + n, 4, 0x68, 8);
    n += nal(data + n, 4, 0x65, 400);
    (void) put(s, 0, START, START, 1, data, n);
    (void) nvm_ts_end(&ts, &s->out);
    t = ts_pid(read_back(s, "own sets"), 0x100);
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
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);

    n = nal(data, 4, 0x46, 3);                  /* a delimiter, IDR_W_RADL */
    memcpy(data + n, "\0\0\0\3\x26\1\xaf", 7);
    is_int(put(s, 0, START, START, 1, data, n + 7), NVM_OK, "HEVC");
    (void) nvm_ts_end(&ts, &s->out);

    t = ts_pid(read_back(s, "HEVC"), 0x100);
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

    /* the stuffing of a second one is in its last packet only */
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


static void
test_audio(void)
{
    ts_t         *r;
    sink_t       *s;
    size_t        i, k, n, bad, frames;
    ts_unit_t    *u;
    ts_stream_t  *t;

    init(h264(4), aac());
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);

    for (i = 0; i < 100; i++) {
        fill(data, 300 + i, (unsigned) i);
        (void) put(s, 1, START + i * 1920, START + i * 1920, 0, data, 300 + i);
    }

    (void) nvm_ts_end(&ts, &s->out);
    r = read_back(s, "audio");
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

    /* time is the other bound */
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);

    for (i = 0; i < 48; i++) {
        (void) put(s, 1, START + i * 1920, START + i * 1920, 0, data, 20);
    }

    (void) nvm_ts_end(&ts, &s->out);
    t = ts_pid(read_back(s, "time"), 0x101);
    is_int(t->nunits, 6, "nine frames of 21 ms in 200 ms");

    /* a group doesn't outwait the video, nor join what is elsewhere in time */
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    (void) put(s, 1, START, START, 0, data, 20);
    (void) put(s, 0, START + 18000, START + 18000, 0, data,
               nal(data, 4, 0x41, 9));
    (void) put(s, 1, START + 1920, START + 1920, 0, data, 20);
    (void) put(s, 1, START + 3840, START + 3840, 0, data, 20);
    (void) put(s, 1, START + 6800, START + 6800, 0, data, 20);
    (void) put(s, 1, START + 6000, START + 6000, 0, data, 20);
    (void) nvm_ts_end(&ts, &s->out);
    t = ts_pid(read_back(s, "gaps"), 0x101);
    is_int(t->nunits, 4, "a late group, and gaps");
    is_int(t->units[1].pts, START + 1920, "after the first");
    is_int(t->units[2].pts, START + 6800, "after a gap");
    is_int(t->units[3].pts, START + 6000, "after a step back");

    /* frames that are larger than a group */
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    fill(data, 8184, 1);
    (void) put(s, 1, START, START, 0, data, 20);
    is_int(put(s, 1, START + 1920, START + 1920, 0, data, 8184), NVM_OK,
           "the longest frame");
    is_int(put(s, 1, START + 3840, START + 3840, 0, data, 8185), NVM_ELIMIT,
           "a byte more");
    (void) put(s, 1, START + 3840, START + 3840, 0, data, 20);
    (void) nvm_ts_end(&ts, &s->out);
    t = ts_pid(read_back(s, "long"), 0x101);
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
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);

    for (i = 0; i < 30; i++) {
        fill(data + i * 700, 700, (unsigned) i);
        is_int(put(s, 0, START + i * 2880, START + i * 2880, 0,
                   data + i * 700, 700), NVM_OK, "AC-3");
    }

    is_int(put(s, 0, START, START, 0, data, 3), NVM_EINVAL, "no header");
    is_int(put(s, 0, START, START, 0, data, 65528), NVM_ELIMIT, "too long");
    (void) nvm_ts_end(&ts, &s->out);

    r = read_back(s, "AC-3");
    t = ts_pid(r, 0x100);
    is_mem(t->es, t->len, data, 30 * 700, "as it is");
    is_int(t->units[0].id, 0xbd, "private_stream_1");
    is_int(t->nunits, 10, "three frames of 32 ms in 100 ms");
    ok(r->pcr_gap <= 9000, "PCR each 100 ms: %d", (int) r->pcr_gap);

    /* the least that a segment can have */
    for (i = 4; i < 20; i++) {
        s = sink(65536, BIG);
        (void) nvm_ts_begin(&ts, &s->out, 0);
        (void) put(s, 0, START, START, 0, data, i);
        (void) nvm_ts_end(&ts, &s->out);
        t = ts_pid(read_back(s, "short"), 0x100);
        ok(t->packets == 16 && t->len == i, "%d bytes in 16 packets", (int) i);
    }

    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    is_int(put(s, 0, START, START, 0, data, 65527), NVM_OK, "the longest");
    (void) nvm_ts_end(&ts, &s->out);
    is_int(ts_pid(read_back(s, "longest"), 0x100)->units[0].claimed, 65535,
           "its PES packet");
}


static void
test_pcr(void)
{
    sink_t    *s;
    ts_t      *r;
    size_t     i;
    uint64_t   dts;

    init(h264(4), aac());

    /* a picture each 2 s */
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);

    for (i = 0; i < 4; i++) {
        (void) put(s, 0, START + i * 180000, START + i * 180000, 1, data,
                   nal(data, 4, 0x65, 500 * i + 1));
    }

    (void) nvm_ts_end(&ts, &s->out);
    r = read_back(s, "slides");
    is_int(r->pcr_gap, 9000, "PCR each 100 ms");
    is_int(r->pcrs, 61, "61 of them in 6 s");
    ok(flatten(s) <= NVM_TS_TABLES + nvm_ts_bound(&ts, 0, 4, 3020, 540000)
       + nvm_ts_bound(&ts, 1, 0, 0, 540000),
       "within the bound");
    ok(rounded(r), "packets without payload don't count");

    /* a hole in the source */
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    (void) put(s, 0, START, START, 1, data, 4 + 2000);
    (void) put(s, 0, START, START, 1, data, nal(data, 4, 0x65, 20));
    (void) put(s, 0, START * 2 + 1, START * 2 + 1, 1, data, 24);
    (void) put(s, 0, START, START, 1, data, 24);
    (void) nvm_ts_end(&ts, &s->out);
    is_int(read_back(s, "hole")->pcrs, 3, "a hole is not filled");

    /* sound without a picture, then with one, which stops */
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);

    for (i = 0; i < 300; i++) {
        (void) put(s, 1, START + i * 1920, START + i * 1920, 0, data, 200);

        if (i == 100) {
            (void) put(s, 0, START + i * 1920, START + i * 1920 + 3600, 1,
                       data, nal(data, 4, 0x65, 20));
        }
    }

    (void) nvm_ts_end(&ts, &s->out);
    r = read_back(s, "sound");
    is_int(r->pcr_gap, 9000, "PCR goes with sound alone");
    ok(r->pcrs >= 300 * 1920 / 9000 - 4, "to the end: %d", (int) r->pcrs);
    is_int(ts_pid(r, 0x100)->packets, 16, "on the PID of video");
    ok(flatten(s) <= NVM_TS_TABLES + nvm_ts_bound(&ts, 0, 1, 24, 300 * 1920)
       + nvm_ts_bound(&ts, 1, 300, 60000, 300 * 1920), "within the bound");

    /* sound that is a bit ahead of its picture */
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    (void) put(s, 1, START + 3200, START + 3200, 0, data, 200);
    (void) put(s, 1, START + 90000, START + 90000, 0, data, 200);
    (void) put(s, 0, START, START, 1, data, nal(data, 4, 0x65, 20));
    (void) nvm_ts_end(&ts, &s->out);
    ok(read_back(s, "ahead")->pcr_gap <= 90000, "PCR doesn't go back");

    /* over the end of 33 bits */
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);

    for (i = 0; i < 200; i++) {
        (void) put(s, 0, 0x1fffff000 + i * 720, 0x1fffff000 + i * 720 + 3600,
                   i == 0, data, nal(data, 4, 0x65, 20));
        (void) put(s, 1, (0x1fffff000 + i * 720) & 0x1ffffffff,
                   (0x1fffff000 + i * 720) & 0x1ffffffff, 0, data, 20);
    }

    (void) nvm_ts_end(&ts, &s->out);
    r = read_back(s, "wrap");
    is_int(r->pcr_gap, 720, "PCR goes on");
    is_int(ts_pid(r, 0x100)->units[199].dts,
           (0x1fffff000 + 199 * 720) & 0x1ffffffff, "DTS wraps");
    ok(ts_pid(r, 0x100)->units[100].has_dts, "PTS and DTS differ");

    /* the same for a caller that wraps by itself */
    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    dts = 0x1ffffff00;

    for (i = 0; i < 3; i++) {
        (void) put(s, 1, dts, dts, 0, data, 20);
        dts = (dts + 1920) & 0x1ffffffff;
    }

    (void) put(s, 0, 0x1ffffff00, 0, 1, data, nal(data, 4, 0x65, 20));
    (void) put(s, 0, 35744, 35744, 1, data, 24);
    (void) nvm_ts_end(&ts, &s->out);
    r = read_back(s, "wrap");
    is_int(r->pcrs, 5, "PCR is filled in over it");
    is_int(ts_pid(r, 0x101)->nunits, 1, "audio is grouped over it");

    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    (void) put(s, 0, 0, 0, 1, data, nal(data, 4, 0x65, 20));
    (void) nvm_ts_end(&ts, &s->out);
    is_int(ts_pid(read_back(s, "zero"), 0x100)->units[0].pcr,
           0x200000000 - NVM_TS_DELAY, "PCR before time zero");
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

    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
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

    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);
    is_int(put(s, 0, START, START, 0, big, n - 5), NVM_OK, "just as many");
    is_int(put(s, 0, START, START, 0, big, 4), NVM_ETRUNC, "damage");
    is_int(put(s, 0, START, START, 0, NULL, 0), NVM_OK, "an empty sample");
    is_int(put(s, 1, START, START, 0, NULL, 0), NVM_OK, "an empty frame");
    is_int(put(s, 2, START, START, 0, big, 5), NVM_EINVAL, "no such track");
    is_int(put(s, 0, START, START, 0, big, 5), NVM_OK, "and goes on");
    (void) nvm_ts_end(&ts, &s->out);
    is_int(ts_pid(read_back(s, "damage"), 0x100)->nunits, 2, "two samples");
    free(big);
}


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


static uint32_t
number(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;

    return *state >> 8;
}


/* Random segments: twice the same, within the bound. */
static void
test_bound(void)
{
    ts_t     *r;
    size_t    len, n, k, round, bad;
    sink_t   *s;
    uint64_t  bound, dts, bytes[2], count[2];
    uint32_t  seed, begin, max;
    unsigned  pass, size;

    for (size = 1; size <= 4; size *= 2) {
        init(h264(size), aac());
        bad = 0;
        seed = size;

        for (round = 0; round < 200; round++) {
            begin = seed;

            for (pass = 0; pass < 2; pass++) {
                seed = begin;
                max = 1 + number(&seed) % (size == 1 ? 250 : 5000);
                memset(bytes, 0, sizeof(bytes));
                memset(count, 0, sizeof(count));
                dts = START;
                s = sink(pass ? 65536 : 1000, BIG);
                (void) nvm_ts_begin(&ts, &s->out, round);

                for (n = 1 + number(&seed) % 100; n; n--) {
                    dts += number(&seed) % 20000;
                    k = nal(data, size, 0x41, 1 + number(&seed) % max);
                    k += nal(data + k, size, 0x41, 1 + number(&seed) % 5);
                    bad += put(s, 0, dts, dts + 1, n & 1, data, k) != NVM_OK;
                    bytes[0] += k;
                    count[0]++;

                    k = 1 + number(&seed) % 400;
                    bad += put(s, 1, dts, dts, 0, data, k) != NVM_OK;
                    bytes[1] += k;
                    count[1]++;
                }

                /* abandoned: the second pass must not notice */
                bad += pass && nvm_ts_end(&ts, &s->out) != NVM_OK;

                if (pass == 0) {
                    bad += put(s, 0, 0, 0, 0, data, 0) != NVM_OK;
                    continue;
                }

                len = flatten(s);
                r = read_back(s, "bound");
                bound = NVM_TS_TABLES
                        + nvm_ts_bound(&ts, 0, count[0], bytes[0],
                                       dts - START)
                        + nvm_ts_bound(&ts, 1, count[1], bytes[1],
                                       dts - START);
                bad += r->why != NULL || len > bound || !rounded(r);
            }
        }

        is_int(bad, 0, "200 random segments, NAL length size %d", size);
    }

    /* parameter sets with each sample, packets that are just full or not */
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

    ok(nvm_ts_bound(&ts, 0, UINT64_MAX, 0, 0) == UINT64_MAX, "saturates");
    ok(nvm_ts_bound(&ts, 0, 1, UINT64_MAX - 9, 0) == UINT64_MAX, "bytes too");

    init(h264(4), aac());

    /* what a segment of 6 s, 2 Mbit/s and 128 kbit/s may take too much */
    ok(nvm_ts_bound(&ts, 0, 150, 1500000, 540000) < 1600000, "tight: video");
    ok(nvm_ts_bound(&ts, 1, 282, 96000, 540000) < 170000, "tight: audio");
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
    test_tables();
    test_codecs();
    test_refused();
    test_video();
    test_hevc();
    test_sizes();
    test_continuity();
    test_audio();
    test_raw_audio();
    test_pcr();
    test_damage();
    test_overflow();
    test_bound();
    test_pure();
    test_packed();

    return done_testing();
}
