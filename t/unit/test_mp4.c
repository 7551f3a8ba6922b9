/*
 * Copyright (C) ngx_video authors
 *
 * The MP4 reader: every kind of table is read as it was built, and every
 * malformed field is refused with the path of its box and its offset.
 */

#include "mp4_builder.h"
#include "nvm_mp4.h"
#include "tap.h"


static const mp4_track_t  video = {
    .timescale = 12800, .nsamples = 52, .delta = 512, .size = 1000,
    .chunk = 5, .gop = 13,
};

static const mp4_track_t  audio = {
    .audio = 1, .timescale = 48000, .nsamples = 97, .delta = 1024, .size = 300,
    .chunk = 8,
};


static nvm_err_e
parse(nvm_heap_t *h, const uint8_t *moov, size_t n, nvm_mp4_t **mp4,
    nvm_fault_t *f)
{
    nvm_heap_init(h, 1024 * 1024);
    memset(f, 0, sizeof(nvm_fault_t));

    return nvm_mp4_parse(&h->arena, moov, n, MP4_AT, MP4_SIZE, mp4, f);
}


/* Every sample is as the builder means it. */
static void
walk(const mp4_track_t *t, const nvm_mp4_track_t *got, uint64_t at,
    const char *what)
{
    uint32_t           i, bad;
    nvm_sample_t       s;
    nvm_mp4_samples_t  it;

    bad = 0;
    nvm_mp4_samples_init(&it, got, MP4_SIZE);

    for (i = 0; nvm_mp4_samples_next(&it, &s) == NVM_OK; i++) {
        bad += s.dts != (uint64_t) i * t->delta;
        bad += s.offset != at;
        bad += s.duration != t->delta;
        bad += s.size != mp4_sample_size(t, i);
        bad += s.cts != mp4_cts(t, i);
        bad += s.key != mp4_is_key(t, i);
        at += s.size;
    }

    is_int(i, t->nsamples, "%s: number of samples", what);
    is_int(bad, 0, "%s: every field of every sample", what);
}


/* Builds one track, reads it back. */
static void
variant(const mp4_track_t *t, const char *what)
{
    size_t       n;
    uint8_t     *moov;
    nvm_heap_t   h;
    nvm_mp4_t   *mp4;
    nvm_fault_t  f;

    moov = mp4_build(t, 1, &n);

    if (is_int(parse(&h, moov, n, &mp4, &f), NVM_OK, "%s: parsed", what)) {
        is_int(mp4->ntracks, 1, "%s: one track", what);
        walk(t, &mp4->tracks[0], MP4_DATA, what);

    } else {
        diag("%s: %s", f.where, f.what);
    }

    nvm_heap_done(&h);
    free(moov);
}


static void
test_fields(void)
{
    size_t              n;
    uint8_t            *moov;
    uint64_t            at;
    uint32_t            i;
    nvm_heap_t          h;
    nvm_mp4_t          *mp4;
    nvm_fault_t         f;
    mp4_track_t         t[2];
    const nvm_track_t  *v, *a;

    t[0] = video;
    t[1] = audio;
    t[1].lang = "deu";
    moov = mp4_build(t, 2, &n);

    is_int(parse(&h, moov, n, &mp4, &f), NVM_OK, "video and audio");
    is_int(mp4->ntracks, 2, "two tracks");
    is_int(mp4->timescale, 1000, "movie timescale");
    is_int(mp4->nskipped, 0, "none skipped");

    v = &mp4->tracks[0].track;
    is_int(v->kind, NVM_VIDEO, "kind");
    is_int(v->codec, NVM_CODEC_H264, "codec");
    is_str(v->codecs, "avc1.42c00d", "codecs");
    is_int(v->width, 320, "width");
    is_int(v->height, 240, "height");
    is_int(v->timescale, 12800, "timescale");
    is_int(v->duration, 52 * 512, "duration");
    is_int(v->fps_num, 25, "frame rate");
    is_int(v->fps_den, 1, "frame rate, denominator");
    is_str(v->lang, "und", "language");
    is_mem(v->config, v->config_len, mp4_avcc, sizeof(mp4_avcc), "avcC");
    is_int(mp4->tracks[0].source_id, 1, "track_ID");

    a = &mp4->tracks[1].track;
    is_int(a->kind, NVM_AUDIO, "kind");
    is_str(a->codecs, "mp4a.40.2", "codecs");
    is_int(a->sample_rate, 48000, "sample rate");
    is_int(a->channels, 2, "channels");
    is_int(a->duration, 97 * 1024, "duration");
    is_str(a->lang, "deu", "language");
    is_mem(a->config, a->config_len, mp4_asc, sizeof(mp4_asc), "config");

    for (i = 0, at = MP4_DATA; i < t[0].nsamples; i++) {
        at += mp4_sample_size(&t[0], i);
    }

    walk(&t[0], &mp4->tracks[0], MP4_DATA, "video");
    walk(&t[1], &mp4->tracks[1], at, "audio");

    nvm_heap_done(&h);
    free(moov);
}


static void
test_variants(void)
{
    mp4_track_t  t;

    t = video;
    t.bframes = 1;
    variant(&t, "ctts version 0");
    t.ctts_version = 1;
    variant(&t, "ctts version 1, negative");

    t = video;
    t.co64 = 1;
    variant(&t, "co64");
    t.large = 1;
    variant(&t, "64-bit sizes, versions 1");

    t = video;
    t.gop = 0;
    variant(&t, "no stss: all are sync");
    t.constant = 1;
    variant(&t, "one size for all");

    t = video;
    t.nsamples = 51;
    t.size = 3;
    t.bits = 4;
    variant(&t, "stz2 of 4 bits, an odd number");
    t.bits = 8;
    variant(&t, "stz2 of 8 bits");
    t.bits = 16;
    variant(&t, "stz2 of 16 bits");

    t = video;
    t.chunk = 1;
    variant(&t, "one sample in a chunk");
    t.chunk = 1000;
    variant(&t, "one chunk");
    t.nsamples = 1;
    variant(&t, "one sample");

    t = video;
    t.entry = "avc3";
    variant(&t, "avc3");

    t = audio;
    t.wave = 1;
    variant(&t, "QuickTime: version 1 entry, wave, terminators");
    t.wave = 0;
    t.oti = 0x67;
    variant(&t, "MPEG-2 AAC");
    t.large = 1;
    variant(&t, "audio in 64-bit boxes");
}


static void
edit(const mp4_edit_t *e, uint32_t n, nvm_err_e code, uint64_t delay,
    uint64_t time, uint64_t end, const char *what)
{
    size_t       size;
    uint8_t     *moov;
    nvm_heap_t   h;
    nvm_mp4_t   *mp4;
    nvm_fault_t  f;
    mp4_track_t  t;

    t = video;
    t.edits = e;
    t.nedits = n;
    moov = mp4_build(&t, 1, &size);

    is_int(parse(&h, moov, size, &mp4, &f), code, "edits: %s", what);

    if (f.code == NVM_OK) {
        is_int((long long) mp4->tracks[0].delay, (long long) delay, "delay");
        is_int((long long) mp4->tracks[0].media_time, (long long) time,
               "media time");
        is_int((long long) mp4->tracks[0].media_end, (long long) end, "end");

    } else {
        is_str(f.where, "moov/trak[1]/edts/elst", "path");
    }

    nvm_heap_done(&h);
    free(moov);
}


static void
test_edits(void)
{
    mp4_edit_t  one[] = { { 2080, 512, 0x10000 } };
    mp4_edit_t  rest[] = { { 0, 512, 0x10000 } };
    mp4_edit_t  late[] = { { 500, -1, 0x10000 }, { 250, -1, 0x10000 },
                           { 2080, 0, 0x10000 } };
    mp4_edit_t  on[] = { { 1000, 512, 0x10000 }, { 1000, 512 + 12800,
                         0x10000 } };
    mp4_edit_t  jump[] = { { 1000, 512, 0x10000 }, { 500, 19200, 0x10000 } };
    mp4_edit_t  gap[] = { { 1000, 512, 0x10000 }, { 10, -1, 0x10000 } };
    mp4_edit_t  slow[] = { { 2080, 512, 0x8000 } };
    mp4_edit_t  out[] = { { 2080, 0x7fffffff, 0x10000 } };
    mp4_edit_t  minus[] = { { 2080, -2, 0x10000 } };
    mp4_edit_t  huge[] = { { 0xffffffff, -1, 0x10000 },
                           { 0xffffffff, -1, 0x10000 },
                           { 2080, 0, 0x10000 } };

    edit(one, 1, NVM_OK, 0, 512, 512 + 26624, "one");
    edit(rest, 1, NVM_OK, 0, 512, UINT64_MAX, "one of duration 0");
    edit(late, 3, NVM_OK, 9600, 0, 26624, "after two empty ones");
    edit(on, 2, NVM_OK, 0, 512, 512 + 25600, "two that follow each other");
    edit(huge, 3, NVM_OK, 2ull * 0xffffffff * 64 / 5, 0, 26624,
         "a delay of 99 days");
    edit(jump, 2, NVM_EUNSUP, 0, 0, 0, "a jump");
    edit(gap, 2, NVM_EUNSUP, 0, 0, 0, "a gap");
    edit(slow, 1, NVM_EUNSUP, 0, 0, 0, "half speed");
    edit(out, 1, NVM_OK, 0, 0x7fffffff, 0x7fffffffull + 26624,
         "far out, by composition offsets");
    edit(minus, 1, NVM_EINVAL, 0, 0, 0, "before the media");
}


/* Tracks that are skipped, and what is told of them. */
static void
skip(const mp4_track_t *t, const char *type, const char *what)
{
    size_t       n;
    uint8_t     *moov;
    nvm_heap_t   h;
    nvm_mp4_t   *mp4;
    nvm_fault_t  f;
    mp4_track_t  all[2];

    all[0] = *t;
    all[1] = video;
    moov = mp4_build(all, 2, &n);

    is_int(parse(&h, moov, n, &mp4, &f), NVM_OK, "skipped: %s", what);

    if (f.code == NVM_OK) {
        is_int(mp4->ntracks, 1, "the other one is left");
        is_int(mp4->nskipped, 1, "counted");
        is_str(mp4->skipped, type, "named");

    } else {
        diag("%s: %s", f.where, f.what);
    }

    nvm_heap_done(&h);
    free(moov);
}


static void
test_skipped(void)
{
    mp4_track_t  t;

    t = video;
    t.entry = "encv";
    skip(&t, "encv", "encrypted video");
    t.entry = "mp4v";
    skip(&t, "mp4v", "another codec");

    t = audio;
    t.entry = "enca";
    skip(&t, "enca", "encrypted audio");
    t.entry = NULL;
    t.oti = 0x6b;
    skip(&t, "mp4a", "MP3 in mp4a without a rate");
    t.oti = 0xdd;
    skip(&t, "mp4a", "Vorbis in mp4a");
    t.oti = 0;
    t.handler = "text";
    t.entry = "text";
    skip(&t, "text", "text of QuickTime");
    t.entry = "wvtt";
    skip(&t, "wvtt", "text without its header");

    t = video;
    t.nsamples = 0;
    skip(&t, "avc1", "no samples");
}


static void
test_text(void)
{
    size_t       n;
    uint8_t     *moov;
    nvm_heap_t   h;
    nvm_mp4_t   *mp4;
    nvm_fault_t  f;
    mp4_track_t  t[2];

    t[0] = video;
    t[1] = audio;
    t[1].handler = "sbtl";
    t[1].entry = "tx3g";
    t[1].lang = "fra";

    moov = mp4_build(t, 2, &n);
    is_int(parse(&h, moov, n, &mp4, &f), NVM_OK, "text");
    is_int(mp4->ntracks, 2, "video and text");
    is_int(mp4->tracks[1].track.kind, NVM_TEXT, "kind");
    is_int(mp4->tracks[1].track.codec, NVM_CODEC_TX3G, "codec");
    is_str(mp4->tracks[1].track.lang, "fra", "language");
    nvm_heap_done(&h);
    free(moov);

    t[0].chapters = 2;
    moov = mp4_build(t, 2, &n);
    is_int(parse(&h, moov, n, &mp4, &f), NVM_OK, "chapters");
    is_int(mp4->ntracks, 1, "are no subtitles");
    is_int(mp4->nskipped, 0, "and no fault of the file");
    nvm_heap_done(&h);
    free(moov);
}


static void
test_rotation(void)
{
    size_t       n;
    uint8_t     *moov;
    nvm_heap_t   h;
    nvm_mp4_t   *mp4;
    nvm_fault_t  f;
    mp4_track_t  t;

    static const uint32_t  turns[][5] = {
        { 0, 0, 0, 0, 0 },
        { 0x10000, 0, 0, 0x10000, 0 },
        { 0, 0x10000, 0xffff0000, 0, 1 },
        { 0xffff0000, 0, 0, 0xffff0000, 2 },
        { 0, 0xffff0000, 0x10000, 0, 3 },
        { 0xffff0000, 0, 0, 0x10000, 0 },       /* mirrored */
        { 0, 0x80000000, 0x80000000, 0, 0 },
    };

    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        t = video;
        t.large = i & 1;
        memcpy(t.matrix, turns[i], sizeof(t.matrix));
        moov = mp4_build(&t, 1, &n);
        is_int(parse(&h, moov, n, &mp4, &f), NVM_OK, "matrix %zu", i);
        is_int(mp4->tracks[0].track.rotation, turns[i][4], "turns");
        nvm_heap_done(&h);
        free(moov);
    }
}


/*
 * A field of a sound file is overwritten, the file is refused.  "at" counts
 * from the header of the box; what to expect of the offset too.
 */
typedef struct {
    const char  *what;
    const char  *path;
    uint32_t     at;
    uint32_t     value;
    nvm_err_e    code;
    const char  *where;         /* NULL: path */
    long         offset;        /* from the header of the box, -1: any */
} damage_t;


#define V     "moov/trak[1]/mdia"
#define STBL  V "/minf/stbl/"
#define A     "moov/trak[2]/mdia"

static const damage_t  damages[] = {
    { "moov of another type", "moov", 4, 0x6d6f6f77, NVM_EINVAL, "", 0 },
    { "moov longer than read", "moov", 0, 0x7fffffff, NVM_ETRUNC, "", 0 },
    { "moov of size 7", "moov", 0, 7, NVM_EINVAL, "", 0 },
    { "no mvhd", "moov/mvhd", 4, 0x66726565, NVM_ENOENT, "moov", -1 },
    { "movie timescale", "moov/mvhd", 20, 0, NVM_EINVAL, NULL, 20 },
    { "no tkhd", "moov/trak[2]/tkhd", 4, 0x66726565, NVM_ENOENT,
      "moov/trak[2]", -1 },
    { "no mdia", V, 4, 0x66726565, NVM_ENOENT, "moov/trak[1]", -1 },
    { "no mdhd", V "/mdhd", 4, 0x66726565, NVM_ENOENT, V, -1 },
    { "no hdlr", A "/hdlr", 4, 0x66726565, NVM_ENOENT, A, -1 },
    { "no minf", V "/minf", 4, 0x66726565, NVM_ENOENT, V, -1 },
    { "no stbl", V "/minf/stbl", 4, 0x66726565, NVM_ENOENT, V "/minf", -1 },
    { "zero timescale", V "/mdhd", 20, 0, NVM_EINVAL, NULL, 20 },
    { "timescale overflows", V "/mdhd", 8, 0x01000000, NVM_ETRUNC, NULL, 0 },
    { "box past its parent", V "/mdhd", 0, 0x10000, NVM_ETRUNC, NULL, 0 },
    { "box of size 0", V "/hdlr", 0, 0, NVM_EINVAL, NULL, 0 },
    { "box of size 4", V "/hdlr", 0, 4, NVM_EINVAL, NULL, 0 },
    { "another file", V "/minf/dinf/dref/url ", 8, 0, NVM_EUNSUP, NULL, 0 },

    { "no stsd", STBL "stsd", 4, 0x66726565, NVM_ENOENT,
      V "/minf/stbl", -1 },
    { "no avcC", STBL "stsd/avc1/avcC", 4, 0x66726565, NVM_ENOENT,
      STBL "stsd/avc1", -1 },
    { "avcC version", STBL "stsd/avc1/avcC", 8, 0x0242c00d, NVM_EINVAL, NULL,
      -1 },
    { "no esds", A "/minf/stbl/stsd/mp4a/esds", 4, 0x66726565, NVM_ENOENT,
      A "/minf/stbl/stsd/mp4a", -1 },
    { "esds without ES", A "/minf/stbl/stsd/mp4a/esds", 12, 0x04808019,
      NVM_ETRUNC, NULL, -1 },
    { "ES too long", A "/minf/stbl/stsd/mp4a/esds", 12, 0x0380807f,
      NVM_ETRUNC, NULL, -1 },

    { "no stts", STBL "stts", 4, 0x66726565, NVM_ENOENT, V "/minf/stbl", -1 },
    { "stts count", STBL "stts", 12, 2, NVM_ETRUNC, NULL, 12 },
    { "stts count of 2^32", STBL "stts", 12, 0xffffffff, NVM_ETRUNC, NULL,
      12 },
    { "stts of one sample less", STBL "stts", 16, 51, NVM_EINVAL, NULL, 24 },
    { "stts of one sample more", STBL "stts", 16, 53, NVM_EINVAL, NULL, 16 },
    { "stts empty", STBL "stts", 12, 0, NVM_EINVAL, NULL, 16 },
    { "duration of 2^32 - 1", STBL "stts", 20, 0xffffffff, NVM_EINVAL, NULL,
      16 },
    { "duration of 2^31", STBL "stts", 20, 0x80000000, NVM_EINVAL, NULL, 16 },
    { "duration 0", STBL "stts", 20, 0, NVM_EINVAL, NULL, 16 },

    { "ctts count", STBL "ctts", 12, 53, NVM_ETRUNC, NULL, 12 },
    { "ctts of more samples", STBL "ctts", 16, 2, NVM_EINVAL, NULL, -1 },
    { "ctts of fewer samples", STBL "ctts", 16, 0, NVM_EINVAL, NULL, -1 },

    { "no stsz", STBL "stsz", 4, 0x66726565, NVM_ENOENT, V "/minf/stbl", -1 },
    { "stsz count", STBL "stsz", 16, 53, NVM_ETRUNC, NULL, 16 },
    { "stsz count of 2^32", STBL "stsz", 16, 0xffffffff, NVM_ETRUNC, NULL,
      16 },
    { "stsz larger than the file", STBL "stsz", 12, 0x7fffffff, NVM_EINVAL,
      NULL, 0 },
    { "sample of 2^32", STBL "stsz", 24, 0xffffffff, NVM_EINVAL,
      STBL "stco", 16 },
    { "stsz taken for stz2", STBL "stsz", 4, 0x73747a32, NVM_EINVAL,
      STBL "stz2", 15 },

    { "no stsc", STBL "stsc", 4, 0x66726565, NVM_ENOENT, V "/minf/stbl", -1 },
    { "stsc count", STBL "stsc", 12, 3, NVM_ETRUNC, NULL, 12 },
    { "stsc empty", STBL "stsc", 12, 0, NVM_EINVAL, NULL, -1 },
    { "stsc from chunk 0", STBL "stsc", 16, 0, NVM_EINVAL, NULL, 16 },
    { "stsc from chunk 2", STBL "stsc", 16, 2, NVM_EINVAL, NULL, 16 },
    { "stsc not ascending", STBL "stsc", 28, 1, NVM_EINVAL, NULL, 16 },
    { "stsc past the chunks", STBL "stsc", 28, 99, NVM_EINVAL, NULL, 16 },
    { "chunk without samples", STBL "stsc", 20, 0, NVM_EINVAL, NULL, 16 },
    { "chunk of more samples", STBL "stsc", 32, 3, NVM_EINVAL, NULL, 28 },
    { "chunk of fewer samples", STBL "stsc", 32, 1, NVM_EINVAL, NULL, 40 },
    { "chunk of 2^32 samples", STBL "stsc", 20, 0xffffffff, NVM_EINVAL, NULL,
      16 },
    { "another sample entry", STBL "stsc", 36, 2, NVM_EINVAL, STBL "stsd",
      -1 },

    { "no stco", STBL "stco", 4, 0x66726565, NVM_ENOENT, V "/minf/stbl", -1 },
    { "stco count", STBL "stco", 12, 12, NVM_ETRUNC, NULL, 12 },
    { "fewer chunks", STBL "stco", 12, 10, NVM_EINVAL, STBL "stsc", -1 },
    { "chunk beyond the file", STBL "stco", 20, MP4_SIZE + 1, NVM_EINVAL,
      NULL, 20 },
    { "samples beyond the file", STBL "stco", 20, MP4_SIZE - 5000, NVM_EINVAL,
      NULL, 20 },

    { "stss count", STBL "stss", 12, 5, NVM_ETRUNC, NULL, 12 },
    { "stss from 0", STBL "stss", 16, 0, NVM_EINVAL, NULL, 16 },
    { "stss not ascending", STBL "stss", 20, 1, NVM_EINVAL, NULL, 20 },
    { "stss past the end", STBL "stss", 28, 53, NVM_EINVAL, NULL, 28 },
};


static void
test_malformed(void)
{
    size_t        i, n;
    uint8_t      *moov, *box;
    nvm_heap_t    h;
    nvm_mp4_t    *mp4;
    nvm_fault_t   f;
    mp4_track_t   t[2];

    t[0] = video;
    t[0].bframes = 1;
    t[1] = audio;

    for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        moov = mp4_build(t, 2, &n);
        box = mp4_find(moov, n, damages[i].path);
        mp4_put(box + damages[i].at, damages[i].value);

        is_int(parse(&h, moov, n, &mp4, &f), damages[i].code, "malformed: %s",
               damages[i].what);
        is_str(f.where,
               damages[i].where ? damages[i].where : damages[i].path,
               "path: %s", f.what);

        if (damages[i].offset >= 0
            && (damages[i].where == NULL
                || strcmp(damages[i].where, STBL "stco") != 0))
        {
            is_int((long long) f.offset,
                   MP4_AT + (box - moov) + damages[i].offset, "offset");
        }

        ok(mp4 == NULL, "nothing is handed out");
        nvm_heap_done(&h);
        free(moov);
    }
}


/* Cut anywhere and damaged anywhere: an answer, and no read outside. */
static void
test_bytes(void)
{
    size_t              i, n, good;
    uint8_t            *moov, *cut, was;
    uint32_t            k;
    nvm_heap_t          h;
    nvm_mp4_t          *mp4;
    nvm_fault_t         f;
    mp4_track_t         t[2];
    nvm_sample_t        s;
    nvm_mp4_samples_t   it;

    t[0] = video;
    t[0].bframes = 1;
    t[1] = audio;
    moov = mp4_build(t, 2, &n);

    for (i = 0, good = 0; i < n; i++) {
        cut = malloc(i ? i : 1);
        memcpy(cut, moov, i);
        good += parse(&h, cut, i, &mp4, &f) == NVM_OK;
        nvm_heap_done(&h);
        free(cut);
    }

    is_int((long long) good, 0, "cut at each of %zu bytes", n);

    for (i = 0, good = 0; i < n * 3; i++) {
        was = moov[i / 3];
        moov[i / 3] = i % 3 == 0 ? 0 : i % 3 == 1 ? 0xff : was ^ 0x80;

        if (parse(&h, moov, n, &mp4, &f) == NVM_OK) {
            good++;

            for (k = 0; k < mp4->ntracks; k++) {
                nvm_mp4_samples_init(&it, &mp4->tracks[k], MP4_SIZE);

                while (nvm_mp4_samples_next(&it, &s) == NVM_OK) {
                    /* void */
                }
            }
        }

        nvm_heap_done(&h);
        moov[i / 3] = was;
    }

    ok(good < n * 3, "damaged at each byte, %zu of %zu still parse", good,
       n * 3);

    nvm_heap_init(&h, 100);
    memset(&f, 0, sizeof(f));
    is_int(nvm_mp4_parse(&h.arena, moov, n, MP4_AT, MP4_SIZE, &mp4, &f),
           NVM_ENOMEM, "no memory");
    is_int(nvm_mp4_parse(&h.arena, moov, n, MP4_AT, MP4_SIZE, &mp4, NULL),
           NVM_ENOMEM, "no memory and no fault wanted");
    nvm_heap_done(&h);

    nvm_heap_init(&h, 1024 * 1024);
    is_int(nvm_mp4_parse(&h.arena, moov, n, MP4_AT, MP4_DATA + 10, &mp4, NULL),
           NVM_EINVAL, "samples beyond a file that was cut");
    nvm_heap_done(&h);
    free(moov);
}


static void
test_samples_end(void)
{
    size_t             n;
    uint8_t           *moov;
    nvm_heap_t         h;
    nvm_mp4_t         *mp4;
    nvm_fault_t        f;
    nvm_sample_t       s;
    nvm_mp4_samples_t  it;

    moov = mp4_build(&video, 1, &n);
    (void) parse(&h, moov, n, &mp4, &f);

    nvm_mp4_samples_init(&it, &mp4->tracks[0], MP4_DATA + 999);
    is_int(nvm_mp4_samples_next(&it, &s), NVM_EINVAL,
           "the file has shrunk by a byte");
    it.file_size = MP4_DATA + 1000;
    is_int(nvm_mp4_samples_next(&it, &s), NVM_OK,
           "the sample fits exactly");
    it.file_size = 0;
    is_int(nvm_mp4_samples_next(&it, &s), NVM_EINVAL, "an empty file");

    nvm_heap_done(&h);
    free(moov);
}


static void
test_top(void)
{
    char           type[5];
    uint64_t       size;
    nvm_fault_t    f = { 0 };
    const uint8_t  box[] = { 0, 0, 0, 16, 'f', 't', 'y', 'p' };
    const uint8_t  large[] = { 0, 0, 0, 1, 'm', 'd', 'a', 't',
                               0, 0, 0, 2, 0, 0, 0, 0 };
    const uint8_t  rest[] = { 0, 0, 0, 0, 'm', 'd', 'a', 't' };
    const uint8_t  bad[] = { 0, 0, 0, 1, 'm', 'd', 'a', 't',
                             0, 0, 0, 0, 0, 0, 0, 15 };
    const uint8_t  wrap[] = { 0, 0, 0, 1, 'm', 'd', 'a', 't',
                              255, 255, 255, 255, 255, 255, 255, 255 };

    is_int(nvm_mp4_top(box, 8, 0, 100, type, &size, NULL), NVM_OK, "ftyp");
    is_str(type, "ftyp", "type");
    is_int((long long) size, 16, "size");

    is_int(nvm_mp4_top(large, 16, 32, 1ull << 40, type, &size, NULL), NVM_OK,
           "64-bit size");
    is_int((long long) size, 1ll << 33, "size");

    is_int(nvm_mp4_top(rest, 8, 32, 100, type, &size, NULL), NVM_OK,
           "a box to the end of the file");
    is_int((long long) size, 68, "its real size");

    is_int(nvm_mp4_top(box, 8, 90, 100, type, &size, &f), NVM_ETRUNC,
           "longer than the file");
    is_int((long long) f.offset, 90, "offset");
    is_int(nvm_mp4_top(wrap, 16, 90, 100, type, &size, NULL), NVM_ETRUNC,
           "size of 2^64 - 1");
    is_int(nvm_mp4_top(bad, 16, 0, 100, type, &size, NULL), NVM_EINVAL,
           "smaller than its header");
    is_int(nvm_mp4_top(rest, 8, 95, 100, type, &size, NULL), NVM_ETRUNC,
           "no room for a header");
    is_int(nvm_mp4_top(box, 8, 101, 100, type, &size, NULL), NVM_ETRUNC,
           "outside the file");
    is_int(nvm_mp4_top(large, 12, 0, 100, type, &size, NULL), NVM_ETRUNC,
           "header is cut");
}


int
main(void)
{
    test_fields();
    test_variants();
    test_edits();
    test_skipped();
    test_text();
    test_rotation();
    test_malformed();
    test_bytes();
    test_samples_end();
    test_top();

    return done_testing();
}
