/*
 * Copyright (C) ngx_video authors
 *
 * Inspection of MP4: the tree, the tracks, their samples and key frames are
 * told as they were built; what is malformed is told at its place, and what
 * is beside it is still read; output has its bounds.
 */

#include "inspect_env.h"
#include "mp4_builder.h"


#define OMITTED(n)  "{\"omitted\": " n "}"


static const mp4_track_t  video = {
    .timescale = 12800, .nsamples = 52, .delta = 512, .size = 1000,
    .chunk = 5, .gop = 13, .bframes = 1,
};

static const mp4_track_t  audio = {
    .audio = 1, .timescale = 48000, .nsamples = 97, .delta = 1024, .size = 300,
    .chunk = 8, .lang = "deu",
};


/*
 * A file of a moov, which stands first, and an mdat of what is missing to
 * MP4_SIZE; free()d by the caller.
 */
static uint8_t *
file(const mp4_track_t *t, uint32_t n, size_t *size, size_t *moov)
{
    uint8_t       *data;
    nvm_writer_t   w;

    data = mp4_build(t, n, moov);
    *size = *moov + 8;
    data = realloc(data, *size);

    nvm_writer_init(&w, data + *moov, 8);
    nvm_writer_u32(&w, (uint32_t) (MP4_SIZE - *moov));
    nvm_writer_text(&w, "mdat");

    return data;
}


static void
test_tracks(void)
{
    char         *text;
    size_t        n, moov;
    uint8_t      *data;
    inspect_t     o = { .size = MP4_SIZE };
    mp4_track_t   t[2];

    t[0] = video;
    t[1] = audio;
    data = file(t, 2, &n, &moov);
    text = inspect_mp4(&o, data, n);

    is_int(o.rc, NVM_OK, "a movie of two tracks");
    is_int((long long) o.faults.count, 0, "without a fault");
    inspect_has(text, "\"format\": \"mp4\", \"size\": 100000000, "
                "\"duration\": 2.080000, \"fragmented\": false, "
                "\"errors\": 0", "the whole");
    inspect_has(text, "\"id\": 1, \"kind\": \"video\", "
                "\"codecs\": \"avc1.42c00d\"", "codec of video");
    inspect_has(text, "\"samples\": 52, \"bytes\": 52150, "
                "\"duration\": 2.080000", "samples of video");
    inspect_has(text, "\"id\": 2, \"kind\": \"audio\", "
                "\"codecs\": \"mp4a.40.2\"", "codec of audio");
    inspect_has(text, "\"language\": \"deu\", \"timescale\": 48000, "
                "\"samples\": 97, \"bytes\": 29388", "samples of audio");

    inspect_has(text, "\"keyframes\": {\"count\": 4, "
                "\"max_interval\": 0.520000", "key frames");
    inspect_has(text, "{\"number\": 1, \"time\": 0.040000, \"dts\": 0, "
                "\"offset\": 200000, \"size\": 1000}", "the first");
    inspect_has(text, "{\"number\": 40, \"time\": 1.600000, \"dts\": 19968, "
                "\"offset\": 239111, \"size\": 1004}", "the last");

    inspect_has(text, "{\"type\": \"stts\", \"offset\": ", "a table");
    inspect_has(text, "\"entries\": 1, \"samples\": 52, \"duration\": 26624, "
                "\"min_delta\": 512,", "its sum");
    inspect_has(text, "\"table\": [1, 14, 27, 40]", "stss");
    inspect_has(text, "{\"type\": \"mdat\"", "mdat");

    free(text);
    o.form = NVM_EMIT_TEXT;
    text = inspect_mp4(&o, data, n);
    inspect_has(text, "\n  id 1, kind video, codecs avc1.42c00d", "text");
    inspect_has(text, "\n                   1    0.040000           0"
                "      200000        1000\n", "a row in text");
    free(text);
    free(data);
}


static void
test_edits(void)
{
    char         *text;
    size_t        n, moov;
    uint8_t      *data;
    inspect_t     o = { .size = MP4_SIZE };
    mp4_edit_t    edits[] = { { 500, -1, 0x10000 }, { 2080, 512, 0x10000 } };
    mp4_track_t   t;

    t = video;
    t.edits = edits;
    t.nedits = 2;
    data = file(&t, 1, &n, &moov);
    text = inspect_mp4(&o, data, n);

    /* half a second of nothing, then from 512, where the first picture is */

    inspect_has(text, "{\"number\": 1, \"time\": 0.500000, \"dts\": 0",
                "an edit list is applied");
    inspect_has(text, "{\"duration\": 500, \"time\": -1, \"rate\": 1}",
                "and shown");
    free(text);
    free(data);

    t.large = 1;
    edits[0].duration = 500000;
    data = file(&t, 1, &n, &moov);
    text = inspect_mp4(&o, data, n);
    inspect_has(text, "{\"number\": 1, \"time\": 500.000000", "64 bits");
    free(text);
    free(data);
}


/* Every sample is in the list as it was built. */
static void
samples(const mp4_track_t *t, const char *what)
{
    char       *text, row[256];
    size_t      n, moov;
    uint8_t    *data;
    uint32_t    i, bad;
    uint64_t    at;
    inspect_t   o = { .size = MP4_SIZE, .samples = 1 };

    data = file(t, 1, &n, &moov);
    text = inspect_mp4(&o, data, n);
    is_int(o.rc, NVM_OK, "%s: samples", what);

    for (i = 0, bad = 0, at = MP4_DATA; i < t->nsamples; i++) {
        (void) snprintf(row, sizeof(row), "{\"number\": %u, \"dts\": %u, "
                        "\"pts\": %d, \"duration\": %u, \"size\": %u, "
                        "\"offset\": %u, \"key\": %s}", i + 1, i * t->delta,
                        (int) (i * t->delta) + mp4_cts(t, i), t->delta,
                        mp4_sample_size(t, i), (unsigned) at,
                        mp4_is_key(t, i) ? "true" : "false");
        bad += strstr(text, row) == NULL;
        at += mp4_sample_size(t, i);
    }

    is_int(bad, 0, "%s: each of them", what);

    (void) snprintf(row, sizeof(row), "\"number\": %u,", t->nsamples + 1);
    inspect_lacks(text, row, "and no more");
    free(text);
    free(data);
}


static void
test_samples(void)
{
    inspect_t     o = { .size = MP4_SIZE, .samples = 9 };
    size_t        n, moov;
    uint8_t      *data;
    mp4_track_t   t;

    samples(&video, "ctts version 0");

    t = video;
    t.ctts_version = 1;
    samples(&t, "ctts version 1");
    t.co64 = 1;
    samples(&t, "co64");
    t.large = 1;
    samples(&t, "64-bit sizes");

    t = video;
    t.size = 3;
    t.bits = 4;
    t.nsamples = 51;
    samples(&t, "sizes of 4 bits");
    t.bits = 8;
    samples(&t, "sizes of 8 bits");
    t.bits = 16;
    samples(&t, "sizes of 16 bits");

    t = video;
    t.gop = 0;
    t.bframes = 0;
    samples(&t, "no stss");
    t.constant = 1;
    samples(&t, "one size");
    t.chunk = 1;
    samples(&t, "one sample in a chunk");
    t.chunk = 1000;
    samples(&t, "one chunk");
    samples(&audio, "audio");
    t = audio;
    t.wave = 1;
    samples(&t, "QuickTime's sound description");

    data = file(&video, 1, &n, &moov);
    free(inspect_mp4(&o, data, n));
    is_int(o.rc, NVM_ENOENT, "samples of a track that isn't there");
    free(data);
}


/*
 * A field is overwritten; the fault is found there, and nothing else of the
 * file is lost: track 2 and mdat.
 */
typedef struct {
    const char  *what;
    const char  *path;
    uint32_t     at;            /* from the header of the box */
    uint32_t     value;
    const char  *where;         /* NULL: path; "": another is as good */
    const char  *message;
    uint32_t     faults;        /* 0: any number */
} damage_t;


#define V     "moov/trak[1]/mdia"
#define STBL  V "/minf/stbl"

static const damage_t  damages[] = {
    { "a box past its parent", V "/mdhd", 0, 0x10000, NULL,
      "box is longer than the one around it", 0 },
    { "a box of size 4", V "/hdlr", 0, 4, NULL,
      "box is smaller than its header", 0 },
    { "a box of size 0", STBL "/stts", 0, 0, NULL,
      "box is smaller than its header", 0 },
    { "a zero timescale", V "/mdhd", 20, 0, NULL, "zero timescale", 1 },
    { "mdhd is cut", V "/mdhd", 0, 24, NULL,
      "box ends before its last field", 0 },
    { "stts is longer than its box", STBL "/stts", 12, 9, NULL,
      "table is longer than its box", 1 },
    { "stts of 2^32 - 1 entries", STBL "/stts", 12, 0xffffffff, NULL,
      "table is longer than its box", 1 },
    { "stts of fewer samples", STBL "/stts", 16, 51, STBL,
      "stts and stsz differ in samples", 1 },
    { "stsc of fewer samples", STBL "/stsc", 20, 4, STBL,
      "stsc and stsz differ in samples", 1 },
    { "stsc from chunk 0", STBL "/stsc", 16, 0, NULL,
      "chunk numbers don't ascend from 1", 2 },
    { "stsz of more samples", STBL "/stsz", 16, 53, NULL,
      "table is longer than its box", 1 },
    { "stss doesn't ascend", STBL "/stss", 20, 1, NULL,
      "sample numbers don't ascend", 1 },
    { "a chunk outside the file", STBL "/stco", 20, 0xfffffff0, STBL,
      "samples lie outside the file", 1 },
    { "stz2 of 7 bits", STBL "/stsz", 4, 0x73747a32, STBL "/stz2",
      "field size is none of 4, 8, 16", 0 },
    { "avcC is no avcC", STBL "/stsd/avc1/avcC", 8, 0, NULL, "", 1 },
    { "avcC is cut", STBL "/stsd/avc1/avcC", 0, 9, NULL, "", 0 },
};


static void
test_malformed(void)
{
    char         *text;
    size_t        i, n, moov;
    uint8_t      *data, *box;
    inspect_t     o = { .size = MP4_SIZE };
    mp4_track_t   t[2];
    const char   *where;
    const nvm_fault_t  *f;

    t[0] = video;
    t[1] = audio;

    for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        data = file(t, 2, &n, &moov);
        box = mp4_find(data, moov, damages[i].path);
        mp4_put(box + damages[i].at, damages[i].value);

        text = inspect_mp4(&o, data, n);
        f = &o.faults.list[0];
        where = damages[i].where ? damages[i].where : damages[i].path;

        ok(o.faults.count > 0, "malformed: %s", damages[i].what);
        is_str(f->where, where, "path");
        ok(f->offset >= (uint64_t) (box - data) || damages[i].where,
           "offset %llu", (unsigned long long) f->offset);

        if (damages[i].message[0]) {
            is_str(f->what, damages[i].message, "message");
        }

        if (damages[i].faults) {
            is_int((long long) o.faults.count, damages[i].faults, "count");
        }

        inspect_has(text, "\"error\": {\"path\": \"", "shown");
        inspect_has(text, "{\"type\": \"mdat\"", "mdat is still shown");
        inspect_has(text, "\"id\": 2, \"kind\": \"audio\", "
                    "\"codecs\": \"mp4a.40.2\"", "track 2 as well");
        free(text);
        free(data);
    }
}


/* A sample entry without the configuration of its codec. */
static void
test_no_codec(void)
{
    char       *text;
    size_t      n, moov;
    uint8_t    *data;
    inspect_t   o = { .size = MP4_SIZE };

    data = file(&video, 1, &n, &moov);
    memcpy(mp4_find(data, moov, STBL "/stsd/avc1/avcC") + 4, "free", 4);
    text = inspect_mp4(&o, data, n);
    inspect_has(text, "\"codecs\": \"avc1\"", "avc1 without avcC");
    inspect_has(text, "\"samples\": 52", "its samples");
    free(text);
    free(data);
}


/* Claimed numbers whose products don't fit anywhere (found by fuzzing). */
static void
test_huge(void)
{
    char         *text;
    size_t        n, moov;
    uint8_t      *data, *box;
    inspect_t     o = { .size = MP4_SIZE };
    mp4_track_t   t;

    t = video;
    t.constant = 1;
    t.gop = 0;
    t.bframes = 0;
    data = file(&t, 1, &n, &moov);

    box = mp4_find(data, moov, STBL "/stsz");
    mp4_put(box + 12, 0xffffffff);
    mp4_put(box + 16, 0xffffffff);
    box = mp4_find(data, moov, STBL "/stts");
    mp4_put(box + 16, 0xffffffff);
    mp4_put(box + 20, 1);
    box = mp4_find(data, moov, V "/mdhd");
    mp4_put(box + 20, 0xffffffff);

    text = inspect_mp4(&o, data, n);
    inspect_has(text, "\"samples\": 4294967295, "
                "\"bytes\": 18446744065119617025", "samples without bytes");
    inspect_has(text, "\"bitrate\": 9223372036854775807", "a bitrate");
    inspect_has(text, "\"count\": 4294967295", "key frames");
    free(text);

    box = mp4_find(data, moov, STBL "/stts");
    mp4_put(box + 20, 0xffffffff);
    free(inspect_mp4(&o, data, n));
    ok(1, "the longest durations");
    free(data);
}


/* Cut and damaged anywhere: JSON, and no read outside. */
static void
test_bytes(void)
{
    char         *text;
    size_t        i, n, moov, bad, longest;
    uint8_t      *data, *cut, was;
    inspect_t     o = { .all = 1 };
    mp4_track_t   t[2];

    t[0] = video;
    t[1] = audio;
    data = file(t, 2, &n, &moov);

    for (i = 1, bad = 0; i < n; i += 7) {
        cut = malloc(i);
        memcpy(cut, data, i);
        free(inspect_mp4(&o, cut, i));
        bad += o.faults.count == 0;
        free(cut);
    }

    is_int((long long) bad, 0, "cut at every seventh of %zu bytes: a fault", n);

    o.size = MP4_SIZE;
    o.all = 0;

    for (i = 0, longest = 0; i < moov; i += 3) {
        was = data[i];
        data[i] = i % 2 ? 0xff : was ^ 0x80;
        o.form = i % 7 ? NVM_EMIT_JSON : NVM_EMIT_TEXT;
        text = inspect_mp4(&o, data, n);
        longest = o.len > longest ? o.len : longest;
        free(text);
        data[i] = was;
    }

    ok(longest < 20000, "damaged at every third: at most %zu bytes", longest);
    free(data);
}


/* n empty boxes in a udta at the top. */
static uint8_t *
many(size_t n, const char *type, size_t *size)
{
    size_t         i, at;
    uint8_t       *data;
    nvm_writer_t   w;

    *size = 8 + 8 * n;
    data = malloc(*size);
    nvm_writer_init(&w, data, *size);
    at = nvm_writer_box(&w, "udta");

    for (i = 0; i < n; i++) {
        nvm_writer_box_end(&w, nvm_writer_box(&w, type));
    }

    nvm_writer_box_end(&w, at);

    return data;
}


static size_t
count(const char *text, const char *part)
{
    size_t  n;

    for (n = 0; (text = strstr(text, part)) != NULL; n++) {
        text += strlen(part);
    }

    return n;
}


static void
test_bounds(void)
{
    char       *text;
    size_t      n;
    uint8_t    *data;
    inspect_t   o = { 0 };

    data = many(1000, "free", &n);
    text = inspect_mp4(&o, data, n);
    is_int((long long) count(text, "\"free\""), 32, "boxes: both ends");
    inspect_has(text, OMITTED("968"), "and how many are left out");
    free(text);
    o.all = 1;
    text = inspect_mp4(&o, data, n);
    is_int((long long) count(text, "\"free\""), 1000, "all of them");
    free(text);
    free(data);

    /* the same at the top, without the udta around */

    o.all = 0;
    data = many(1000, "free", &n);
    text = inspect_mp4(&o, data + 8, n - 8);
    is_int((long long) count(text, "\"free\""), 32, "boxes at the top");
    inspect_has(text, OMITTED("968"), "are left out too");
    free(text);
    free(data);

}


static void
test_limits(void)
{
    char       *text;
    size_t      i, n;
    uint8_t    *data;
    inspect_t   o = { 0 };

    /* 100 tracks without anything */

    data = many(100, "trak", &n);
    memcpy(data + 4, "moov", 4);
    text = inspect_mp4(&o, data, n);
    is_int((long long) o.faults.count, 36, "tracks over the limit");
    is_str(o.faults.list[0].where, "moov/trak[65]", "from this on");
    free(text);
    free(data);

    /* 20 boxes in each other: the 13th is a fault, all is well beside it */

    n = 21 * 8;
    data = malloc(n);

    for (i = 0; i < 20; i++) {
        mp4_put(data + 8 * i, (uint32_t) (n - 8 * (i + 1)));
        memcpy(data + 8 * i + 4, i ? "udta" : "moov", 4);
    }

    memcpy(data + 160, "\0\0\0\010free", 8);
    text = inspect_mp4(&o, data, n);
    is_str(o.faults.list[0].what, "boxes are nested too deeply", "depth");
    is_int((long long) o.faults.count, 1, "one fault");
    inspect_has(text, "{\"type\": \"free\"", "the box beside");
    free(text);
    free(data);
}


static void
test_long(void)
{
    char         *text;
    size_t        n, moov;
    uint8_t      *data;
    inspect_t     o = { .size = MP4_SIZE };
    mp4_track_t   t;

    t = video;
    t.nsamples = 5200;
    data = file(&t, 1, &n, &moov);
    text = inspect_mp4(&o, data, n);
    ok(o.len < 12000, "long tables: %zu bytes", o.len);
    inspect_has(text, OMITTED("388"), "stss");
    inspect_has(text, OMITTED("5188"), "stsz");
    is_int((long long) count(text, "\"number\": "), 12, "key frames");
    free(text);
    o.all = 1;
    text = inspect_mp4(&o, data, n);
    inspect_lacks(text, "omitted", "nothing is left out");
    is_int((long long) count(text, "\"number\": "), 400, "all key frames");
    free(text);
    free(data);
}


/* Every allocation fails once: what was read is shown. */
static void
test_memory(void)
{
    char                *text;
    size_t               n, moov, limit;
    uint8_t             *data;
    nvm_heap_t           h;
    inspect_t            o = { .size = MP4_SIZE };
    inspect_run_t        run = { &o, NULL, NULL };
    nvm_inspect_want_t   want;

    data = file(&video, 1, &n, &moov);

    for (limit = 0; ; limit += 256) {
        nvm_heap_init(&h, limit);
        run.m = nvm_inspect_mp4_create(&h.arena, MP4_SIZE);

        if (run.m == NULL) {
            continue;
        }

        while (nvm_inspect_mp4_want(run.m, &want) == NVM_OK) {
            memcpy(want.dst, data + want.offset,
                   want.offset + want.size > n ? n - want.offset : want.size);
            nvm_inspect_mp4_feed(run.m, want.size);
        }

        o.rc = nvm_inspect_mp4_end(run.m);
        text = inspect_finish(&o, inspect_mp4_walk, &run);
        free(text);
        nvm_heap_done(&h);

        if (o.rc == NVM_OK) {
            break;
        }
    }

    ok(limit > 0, "%zu bytes are enough", limit);
    free(data);
}


static void
test_top(void)
{
    char           *text;
    inspect_t       o = { 0 };
    const uint8_t   ftyp[] = "\0\0\0\030ftypisom\0\0\002\0iso2avc1";
    const uint8_t   rest[] = "\0\0\0\0mdat....";
    const uint8_t   odd[] = "\0\0\0\010free\0\0\0";
    const uint8_t   large[] = "\0\0\0\1moov\0\0\0\200\0\0\0";
    const uint8_t   quote[] = "\0\0\0\010a\"\\b\0\0\0\010\251nam";

    text = inspect_mp4(&o, ftyp, 24);
    is_str(text, "{\"format\": \"mp4\", \"size\": 24, \"duration\": 0.000000, "
           "\"fragmented\": false, \"errors\": 1, \"tracks\": [], "
           "\"boxes\": [{\"type\": \"ftyp\", \"offset\": 0, "
           "\"size\": 24, \"major\": \"isom\", \"minor\": 512, "
           "\"compatible\": [\"iso2\", \"avc1\"]}], \"faults\": ["
           "{\"path\": \"\", \"offset\": 24, \"what\": "
           "\"there is neither moov nor moof\"}]}", "a whole output");
    free(text);

    text = inspect_mp4(&o, rest, 12);
    inspect_has(text, "\"type\": \"mdat\", \"offset\": 0, \"size\": 12",
                "a box to the end of the file");
    free(text);

    text = inspect_mp4(&o, odd, 11);
    inspect_has(text, "\"what\": \"box header is cut\"", "three bytes more");
    free(text);

    text = inspect_mp4(&o, quote, 16);
    inspect_has(text, "{\"type\": \"0x61225c62\"", "a type with quotes");
    inspect_has(text, "{\"type\": \"\302\251nam\"", "a type with (c)");
    free(text);

    o.size = 1ull << 40;
    text = inspect_mp4(&o, large, 16);
    is_str(o.faults.list[0].what, "box is too large to be looked into",
           "a moov of 512 GB");
    free(text);
}


int
main(void)
{
    test_tracks();
    test_edits();
    test_samples();
    test_malformed();
    test_no_codec();
    test_huge();
    test_bytes();
    test_bounds();
    test_limits();
    test_long();
    test_memory();
    test_top();

    return done_testing();
}
