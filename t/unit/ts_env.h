/*
 * Copyright (C) ngx_video authors
 *
 * What the tests of MPEG-TS segments have in common: tracks and samples, a
 * place for the output, and a way to read it back.
 */

#ifndef TS_ENV_H
#define TS_ENV_H

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


static TS_UNUSED sink_t *
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
static TS_UNUSED size_t
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


static TS_UNUSED nvm_track_t *
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


static TS_UNUSED nvm_track_t *
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


static TS_UNUSED nvm_track_t *
aac(void)
{
    return audio(NVM_CODEC_AAC, 48000, mp4_asc, sizeof(mp4_asc));
}


static TS_UNUSED void
init(const nvm_track_t *a, const nvm_track_t *b)
{
    const nvm_track_t  *tracks[2] = { a, b };

    memset(&ts, 0xaa, sizeof(ts));
    is_int(nvm_ts_init(&ts, tracks, b ? 2 : 1, NULL), NVM_OK, "init");
}


static TS_UNUSED nvm_err_e
put(sink_t *s, uint32_t track, uint64_t dts, uint64_t pts, unsigned key,
    const uint8_t *p, size_t n)
{
    nvm_ts_sample_t  sample = { p, n, dts, pts, track, key };

    return nvm_ts_sample(&ts, &s->out, &sample, NULL);
}


/* Bytes in which no start code or sync byte can hide a mistake. */
static TS_UNUSED void
fill(uint8_t *p, size_t n, unsigned seed)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        p[i] = (uint8_t) (seed + i * 7 + i / 251);
    }
}


/* A NAL unit after its length; returns what it takes. */
static TS_UNUSED size_t
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


static TS_UNUSED ts_t *
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
static TS_UNUSED int
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


static TS_UNUSED nvm_track_t *
hevc(void)
{
    nvm_track_t  *t;

    t = audio(NVM_CODEC_HEVC, 0, hvcc, sizeof(hvcc));
    t->kind = NVM_VIDEO;

    return t;
}


/* A segment is begun in one large span. */
static TS_UNUSED sink_t *
begin(void)
{
    sink_t  *s;

    s = sink(65536, BIG);
    (void) nvm_ts_begin(&ts, &s->out, 0);

    return s;
}


/* It is ended, and read back. */
static TS_UNUSED ts_t *
end(sink_t *s, const char *what)
{
    (void) nvm_ts_end(&ts, &s->out);

    return read_back(s, what);
}


#endif /* TS_ENV_H */
