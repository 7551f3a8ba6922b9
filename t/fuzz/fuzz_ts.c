/*
 * Copyright (C) ngx_video authors
 *
 * Fuzz target: a codec configuration for the TS writer, or a segment of
 * samples.  What comes out is read back by the reader of the unit tests: it
 * must be a legal stream of exactly the samples that were accepted.
 */

#include "fuzz.h"
#include "mp4_builder.h"
#include "nvm_reader.h"
#include "nvm_ts.h"
#include "ts_reader.h"


#define FUZZ_SPANS      4096
#define FUZZ_WANT       (1 << 20)


/* Each span is an allocation, so that a byte past one is found. */
typedef struct {
    uint8_t   *spans[FUZZ_SPANS];
    size_t     n;
    size_t     max;
    size_t     step;
    uint8_t   *flat;
} fuzz_sink_t;


typedef struct {
    uint8_t    bytes[FUZZ_WANT];
    size_t     len;
    uint64_t   samples;
    uint64_t   size;
} fuzz_want_t;


static nvm_ts_t     ts;
static fuzz_want_t  want[2];


static int
more(nvm_ts_out_t *o)
{
    fuzz_sink_t  *s;

    s = o->data;

    if (s->n == s->max) {
        return 1;
    }

    o->pos = s->spans[s->n++] = malloc(s->step);
    o->end = o->pos + s->step;

    return 0;
}


static size_t
flatten(fuzz_sink_t *s, const nvm_ts_out_t *o)
{
    size_t  i, len;

    len = s->n ? s->n * s->step - (size_t) (o->end - o->pos) : 0;
    s->flat = malloc(s->n * s->step + 1);

    for (i = 0; i < s->n; i++) {
        memcpy(s->flat + i * s->step, s->spans[i], s->step);
        free(s->spans[i]);
    }

    return len;
}


static void
want_bytes(fuzz_want_t *w, const void *p, size_t n)
{
    if (n) {
        require(n <= sizeof(w->bytes) - w->len);
        memcpy(w->bytes + w->len, p, n);
        w->len += n;
    }
}


/* The elementary stream of an H.264 sample, without regard to speed. */
static void
want_video(const uint8_t *p, size_t n, unsigned length_size, unsigned key)
{
    size_t        i, at, len, count, start[NVM_MAX_NALS], size[NVM_MAX_NALS];
    unsigned      sets;

    sets = 0;

    for (at = 0, count = 0; at < n; at += len, count++) {
        for (i = 0, len = 0; i < length_size; i++) {
            len = len << 8 | p[at++];
        }

        require(len != 0 && len <= n - at && count < NVM_MAX_NALS);
        start[count] = at;
        size[count] = len;
        sets |= (p[at] & 0x1f) == 7;
    }

    want_bytes(&want[0], "\0\0\0\1\x09\xf0", 6);

    if (key && !sets) {
        want_bytes(&want[0], "\0\0\0\1", 4);
        want_bytes(&want[0], mp4_avcc + 8, 24);
        want_bytes(&want[0], "\0\0\0\1", 4);
        want_bytes(&want[0], mp4_avcc + 35, 5);
    }

    for (i = (p[start[0]] & 0x1f) == 9; i < count; i++) {
        want_bytes(&want[0], "\0\0\0\1", 4);
        want_bytes(&want[0], p + start[i], size[i]);
    }
}


static void
want_audio(const uint8_t *p, size_t n, unsigned adts)
{
    uint8_t  head[7] = { 0xff, 0xf1, 0x4c, 0x80, 0, 0x1f, 0xfc };

    head[3] |= (uint8_t) ((n + 7) >> 11);
    head[4] = (uint8_t) ((n + 7) >> 3);
    head[5] |= (uint8_t) ((n + 7) << 5);

    want_bytes(&want[1], head, adts ? 7 : 0);
    want_bytes(&want[1], p, n);
}


static void
check(fuzz_sink_t *sink, const nvm_ts_out_t *o, uint64_t span, uint32_t n)
{
    ts_t          r = { 0 };
    size_t        len;
    uint32_t      i;
    uint64_t      bound;
    ts_stream_t  *s;

    len = flatten(sink, o);

    if (o->error) {
        require(sink->n == sink->max && o->pos == o->end);
        free(sink->flat);
        return;
    }

    ts_read(&r, sink->flat, len);
    require(r.why == NULL);
    bound = NVM_TS_TABLES;

    for (i = 0; i < n; i++) {
        s = ts_pid(&r, (uint16_t) (NVM_TS_PID_FIRST + i));
        require(s->type != 0 && s->packets % 16 == 0 && s->first == 0);
        require(s->len == want[i].len);
        require(s->len == 0 || memcmp(s->es, want[i].bytes, s->len) == 0);
        bound += nvm_ts_bound(&ts, i, want[i].samples, want[i].size, span);
    }

    require(len <= bound);

    /* each 100 ms, but in a gap of the source over 10 s; never backwards */
    require(r.pcr_gap <= 9000
            || (r.pcr_gap > 900000 && r.pcr_gap < UINT64_C(1) << 32));
    ts_free(&r);
    free(sink->flat);
}


static void
sample(nvm_ts_out_t *o, uint64_t dts, nvm_reader_t *r, unsigned length_size,
    unsigned adts)
{
    size_t            n, i, len;
    uint8_t           op, *copy;
    nvm_err_e         rc;
    nvm_fault_t       f;
    nvm_ts_sample_t   s;

    memset(&f, 0, sizeof(f));
    op = nvm_reader_u8(r);
    n = nvm_reader_u16(r) % 9000;
    n = n < nvm_reader_left(r) ? n : nvm_reader_left(r);

    copy = malloc(n + 1);
    memcpy(copy, nvm_reader_bytes(r, n), n);

    /* mostly, NAL lengths that are right: in place of what stands there */
    for (i = 0; (op & 0x0c) && (op & 1) == 0 && i < n; i += len) {
        if (n - i <= length_size) {
            n = i;
            break;
        }

        len = 1 + copy[i + length_size] % 200 + (op & 0x10 ? 1000 : 0);
        len = len < n - i - length_size ? len : n - i - length_size;
        len = length_size > 1 || len < 256 ? len : 255;

        memset(copy + i, 0, length_size);
        copy[i + length_size - 1] = (uint8_t) len;

        if (length_size > 1) {
            copy[i + length_size - 2] = (uint8_t) (len >> 8);
        }

        len += length_size;
    }

    s = (nvm_ts_sample_t) {
        .data = copy, .size = n, .dts = dts, .pts = dts + (op & 0x20) * 100u,
        .track = op & 1, .key = op >> 1 & 1,
    };

    rc = nvm_ts_sample(&ts, o, &s, &f);

    if (rc != NVM_OK) {
        require(rc == o->error || (f.code == rc && f.what != NULL
                                   && f.offset <= n));

    } else if (n) {
        want[s.track].samples++;
        want[s.track].size += n;

        if (s.track) {
            want_audio(copy, n, adts);

        } else {
            want_video(copy, n, length_size, s.key);
        }
    }

    free(copy);
}


static void
fuzz_segment(const uint8_t *data, size_t size)
{
    unsigned             length_size, adts;
    uint64_t             dts, start;
    nvm_reader_t         r;
    nvm_ts_out_t         o;
    nvm_track_t         *t;
    const nvm_track_t   *tracks[2];
    static nvm_track_t   video, audio;
    static fuzz_sink_t   sink;
    static const size_t  steps[] = { 65536, 1000, 189, 188, 187, 61, 8192, 3 };

    nvm_reader_init(&r, data, size, 0);
    length_size = 1u << nvm_reader_u8(&r) % 3;
    adts = nvm_reader_u8(&r) & 1;

    t = &video;
    t->kind = NVM_VIDEO;
    t->codec = NVM_CODEC_H264;
    t->config_len = sizeof(mp4_avcc);
    memcpy(t->config, mp4_avcc, sizeof(mp4_avcc));
    t->config[4] = (uint8_t) (length_size - 1);

    t = &audio;
    t->kind = NVM_AUDIO;
    t->codec = adts ? NVM_CODEC_AAC : NVM_CODEC_AC3;
    t->sample_rate = 48000;
    t->config_len = sizeof(mp4_asc);
    memcpy(t->config, mp4_asc, sizeof(mp4_asc));

    tracks[0] = &video;
    tracks[1] = &audio;
    require(nvm_ts_init(&ts, tracks, 2, NULL) == NVM_OK);

    memset(&sink, 0, sizeof(sink));
    sink.step = steps[nvm_reader_u8(&r) % 8];
    sink.max = nvm_reader_u8(&r);
    sink.max = sink.max < 200 ? FUZZ_SPANS : sink.max - 200;
    want[0].len = want[0].samples = want[0].size = 0;
    want[1].len = want[1].samples = want[1].size = 0;

    o = (nvm_ts_out_t) { .more = more, .data = &sink };
    start = dts = (uint64_t) nvm_reader_u32(&r) << 1;
    (void) nvm_ts_begin(&ts, &o, size);

    while (nvm_reader_left(&r) > 5 && want[0].len < FUZZ_WANT / 2) {
        dts += (uint64_t) nvm_reader_u16(&r) << (nvm_reader_peek(&r) & 3);
        sample(&o, dts, &r, length_size, adts);
    }

    require(nvm_ts_end(&ts, &o) == o.error);
    check(&sink, &o, dts - start, 2);
}


static void
fuzz_config(const uint8_t *data, size_t size)
{
    ts_t                  r = { 0 };
    uint8_t               buf[NVM_TS_TABLES];
    nvm_fault_t           f;
    nvm_ts_out_t          o = { .pos = buf, .end = buf + sizeof(buf) };
    const nvm_track_t    *tracks[NVM_TS_MAX_TRACKS];
    static nvm_track_t    t;

    memset(&f, 0, sizeof(f));
    memset(&t, 0, sizeof(t));
    t.codec = data[0] % (NVM_CODEC_FLAC + 2);
    t.kind = t.codec == NVM_CODEC_H264 || t.codec == NVM_CODEC_HEVC
             ? NVM_VIDEO : NVM_AUDIO;
    t.sample_rate = 48000;
    memcpy(t.lang, "und", 4);
    t.config_len = (uint16_t) (size - 1 < NVM_MAX_CONFIG ? size - 1
                               : NVM_MAX_CONFIG);
    memcpy(t.config, data + 1, t.config_len);

    tracks[0] = tracks[1] = tracks[2] = tracks[3] = &t;

    if (nvm_ts_init(&ts, tracks, t.kind == NVM_VIDEO ? 1 : 4, &f) != NVM_OK) {
        require(f.code != NVM_OK && f.what != NULL && f.offset <= size);
        return;
    }

    require(nvm_ts_begin(&ts, &o, 0) == NVM_OK && o.pos == o.end);
    ts_read(&r, buf, sizeof(buf));
    require(r.why == NULL);
    ts_free(&r);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }

    if (data[0] % 8 == 0) {
        fuzz_config(data + 1, size - 1);

    } else {
        fuzz_segment(data + 1, size - 1);
    }

    return 0;
}
