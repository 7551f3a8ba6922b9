/*
 * Copyright (C) ngx_video authors
 *
 * CMAF headers and chunks, read back box by box.
 */

#include "mp4_builder.h"
#include "nvm_aac.h"
#include "nvm_cmaf.h"
#include "nvm_emsg.h"
#include "nvm_h264.h"
#include "tap.h"


#define SYNC      0x02000000
#define NON_SYNC  0x01010000


/* The size of one more field of trun or tfhd, if its flag is set. */
static uint32_t
field(const uint8_t **p, uint32_t flags, uint32_t flag, uint32_t other)
{
    uint32_t  v;

    if (!(flags & flag)) {
        return other;
    }

    v = mp4_u32(*p);
    *p += 4;

    return v;
}


/* The sum of the children's sizes is the parent's, all the way down. */
static uint32_t
nested(const uint8_t *p, size_t n, const char *containers)
{
    char      type[6];
    size_t    size;
    uint32_t  bad;

    bad = 0;

    while (n) {
        size = n >= 8 ? mp4_u32(p) : 0;

        if (size < 8 || size > n) {
            return bad + 1;
        }

        memcpy(type, p + 4, 4);
        type[4] = ' ';
        type[5] = '\0';

        if (strstr(containers, type) != NULL) {
            bad += nested(p + 8, size - 8, containers);
        }

        p += size;
        n -= size;
    }

    return bad;
}


static size_t
init_write(uint8_t *buf, size_t n, const nvm_track_t *t, const char *what)
{
    size_t        size;
    nvm_writer_t  w;

    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_cmaf_init_write(&w, t), NVM_OK, "%s: dry", what);
    size = w.len;

    if (!ok(size <= n, "%s: %d bytes", what, (int) size)) {
        return 0;
    }

    nvm_writer_init(&w, buf, size);
    is_int(nvm_cmaf_init_write(&w, t), NVM_OK, "%s: written", what);
    is_int(nvm_writer_done(&w, size), NVM_OK, "%s: as large", what);

    nvm_writer_init(&w, buf, size - 1);
    is_int(nvm_cmaf_init_write(&w, t), NVM_EOVERFLOW, "%s: no room", what);

    nvm_writer_init(&w, buf, size);
    (void) nvm_cmaf_init_write(&w, t);

    is_int(nested(buf, size, "moov trak edts mdia minf dinf stbl mvex "), 0,
           "%s: boxes fill each other", what);

    return size;
}


static void
test_init_video(void)
{
    size_t       n;
    uint8_t      buf[2048], *box;
    nvm_track_t  t = { 0 };

    is_int(nvm_h264_track(&t, mp4_avcc, sizeof(mp4_avcc), NULL), NVM_OK,
           "track");
    t.id = 7;
    t.timescale = 12800;
    memcpy(t.lang, "deu", 4);

    n = init_write(buf, sizeof(buf), &t, "video");

    box = mp4_find(buf, n, "ftyp");
    is_mem(box + 8, 4, "iso6", 4, "major brand");
    box = mp4_find(buf, n, "moov/mvhd");
    is_int(mp4_u32(box + 20), 12800, "timescale of the movie");
    is_int(mp4_u32(box + 24), 0, "no duration");
    box = mp4_find(buf, n, "moov/trak/tkhd");
    is_int(mp4_u32(box + 20), 7, "track_ID");
    is_int(mp4_u32(box + 84), 320 << 16, "width");
    is_int(mp4_u32(box + 88), 240 << 16, "height");
    box = mp4_find(buf, n, "moov/trak/mdia/mdhd");
    is_int(mp4_u32(box + 20), 12800, "timescale");
    is_int(mp4_u32(box + 28) >> 16, 4 << 10 | 5 << 5 | 21, "language");
    box = mp4_find(buf, n, "moov/trak/mdia/hdlr");
    is_mem(box + 16, 4, "vide", 4, "handler");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/dinf/dref/url ");
    is_int(mp4_u32(box + 8), 1, "in this file");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/avc1");
    is_int(mp4_u32(box + 32), 320 << 16 | 240, "size of the picture");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/avc1/avcC");
    is_mem(box + 8, mp4_u32(box) - 8, mp4_avcc, sizeof(mp4_avcc), "avcC");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsz");
    is_int(mp4_u32(box + 16), 0, "no samples");
    box = mp4_find(buf, n, "moov/mvex/trex");
    is_int(mp4_u32(box + 12), 7, "trex: track_ID");
    is_int(mp4_u32(box + 16), 1, "trex: sample description");

    box = mp4_find(buf, n, "moov/trak/tkhd");
    is_mem(box + mp4_u32(box) + 4, 4, "mdia", 4, "no edit list");
}


/* ftyp: what a track is, besides a CMAF track */
static void
brands(const nvm_track_t *t, const char *want, const char *what)
{
    size_t        n;
    char          got[64] = { 0 };
    uint8_t       buf[4096], *box;
    nvm_writer_t  w;

    nvm_writer_init(&w, buf, sizeof(buf));
    (void) nvm_cmaf_init_write(&w, t);
    box = mp4_find(buf, w.len, "ftyp");
    n = mp4_u32(box) - 16;
    memcpy(got, box + 16, n < sizeof(got) ? n : 0);
    is_str(got, want, "brands of %s", what);
}


static void
test_brands(void)
{
    nvm_track_t  t = { .kind = NVM_VIDEO, .codec = NVM_CODEC_H264 };

    brands(&t, "iso6cmfccmf2dash", "video");
    t.edit = 512;
    brands(&t, "iso6cmfcdash", "video with an edit list");
    t.edit = 0;
    t.codec = NVM_CODEC_AV1;
    brands(&t, "iso6cmfccmf2dashav01", "AV1");

    t.kind = NVM_AUDIO;
    t.codec = NVM_CODEC_AAC;
    t.edit = 1024;
    brands(&t, "iso6cmfccmf2dash", "audio with an edit list");
}


/* What is written of each codec's sample entry besides what is read again. */
static void
test_init_entries(void)
{
    size_t       n;
    uint8_t      buf[4096], *box;
    nvm_track_t  t = { .kind = NVM_AUDIO, .codec = NVM_CODEC_FLAC,
                       .sample_rate = 96000, .channels = 2, .depth = 24 };

    n = init_write(buf, sizeof(buf), &t, "FLAC");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/fLaC");
    is_int(mp4_u32(box + 24), 2 << 16 | 24, "channels, bits");
    is_int(mp4_u32(box + 32), 48000u << 16, "half the rate");

    t.codec = NVM_CODEC_MP3;
    t.depth = 0;
    t.sample_rate = 44100;
    n = init_write(buf, sizeof(buf), &t, "MP3");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/mp4a/esds");
    is_int(box[22 - 1], 0x6b, "object type of MPEG-1");
    is_int(box[20], 13, "no decoder specific info");
    t.sample_rate = 22050;
    n = init_write(buf, sizeof(buf), &t, "MP3, half rate");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/mp4a/esds");
    is_int(box[22 - 1], 0x69, "object type of MPEG-2");

    t = (nvm_track_t) { .kind = NVM_VIDEO, .codec = NVM_CODEC_HEVC,
                        .width = 640, .height = 360, .config_len = 1,
                        .extras_len = 9, .sar_num = 4, .sar_den = 3,
                        .extras = { 0, 0, 0, 9, 'c', 'l', 'l', 'i', 7 } };
    n = init_write(buf, sizeof(buf), &t, "HEVC");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/hvc1");
    is_mem(box + 90, 4, "hvcC", 4, "configuration");
    is_mem(box + 95, 9, t.extras, 9, "extras after it");
    is_mem(box + 108, 4, "pasp", 4, "shape of pixels");
}


static void
test_init_audio(void)
{
    size_t        n;
    uint8_t       buf[4096], *box;
    nvm_track_t   t = { 0 };
    nvm_writer_t  w;

    (void) nvm_aac_track(&t, mp4_asc, sizeof(mp4_asc), NULL);
    t.id = 2;
    t.edit = 1024;
    t.bandwidth = 130000;
    t.avg_bandwidth = 128000;

    n = init_write(buf, sizeof(buf), &t, "audio");

    box = mp4_find(buf, n, "moov/trak/edts/elst");
    is_int(mp4_u32(box + 12), 1, "one edit");
    is_int(mp4_u32(box + 16), 0, "to the end");
    is_int(mp4_u32(box + 20), 1024, "from the media time");
    is_int(mp4_u32(box + 24), 0x10000, "at normal speed");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/mp4a");
    is_int(mp4_u32(box + 24), 2 << 16 | 16, "channels, bits");
    is_int(mp4_u32(box + 32), 48000u << 16, "rate");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/mp4a/esds");
    is_int(box[12], 3, "ES descriptor");
    is_int(box[14], (long long) mp4_u32(box) - 15, "fills the box");
    is_int(mp4_u32(box + 26), 130000, "peak rate");
    is_int(mp4_u32(box + 30), 128000, "average rate");
    is_mem(box + 37, 2, mp4_asc, 2, "AudioSpecificConfig");

    t.sample_rate = 96000;
    n = init_write(buf, sizeof(buf), &t, "96 kHz");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/mp4a");
    is_int(mp4_u32(box + 32), 0, "rate that does not fit 16.16");

    t.config_len = NVM_MAX_CONFIG;
    n = init_write(buf, sizeof(buf), &t, "the longest configuration");
    box = mp4_find(buf, n, "moov/trak/mdia/minf/stbl/stsd/mp4a/esds");
    is_int((box[13] & 0x7f) << 7 | box[14], (long long) mp4_u32(box) - 15,
           "two bytes of descriptor length");

    t.codec = NVM_CODEC_NONE;
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_cmaf_init_write(&w, &t), NVM_EUNSUP, "no codec");
}


/* Writes a chunk, reads every field back; returns the flags of trun. */
static uint32_t
chunk(const nvm_sample_t *s, size_t count, unsigned first, const char *what)
{
    size_t            n, moof;
    uint8_t          *buf, *box;
    uint32_t          flags, tflags, k, bad, duration, size, sflags, ff;
    uint64_t          payload, sum;
    nvm_track_t       t = { .id = 9, .timescale = 1000 };
    nvm_writer_t      w;
    const uint8_t    *p;
    nvm_cmaf_chunk_t  c = { &t, s, count, s[0].dts, 42, 0, first, 0, NULL,
                            0, NULL };

    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_OK, "%s: dry", what);
    n = w.len;
    buf = malloc(n);
    nvm_writer_init(&w, buf, n);
    (void) nvm_cmaf_chunk_write(&w, &c, &payload);
    is_int(nvm_writer_done(&w, n), NVM_OK, "%s: as large", what);

    for (k = 0, sum = 0; k < count; k++) {
        sum += s[k].size;
    }

    is_int((long long) payload, (long long) sum, "%s: payload", what);
    is_int(mp4_u32(buf + n - 8), (long long) sum + 8, "%s: mdat", what);
    is_int(nested(buf, n - 8, "moof traf "), 0, "%s: nesting", what);
    is_mem(buf + 4, 4, first ? "styp" : "moof", 4, "%s: first box", what);

    box = mp4_find(buf, n - 8, "moof");
    moof = (size_t) (box - buf);
    is_int(mp4_u32(mp4_find(buf, n - 8, "moof/mfhd") + 12), 42,
           "%s: sequence number", what);

    box = mp4_find(buf, n - 8, "moof/traf/tfdt");
    is_int(box[8], 1, "%s: tfdt version", what);
    ok(((uint64_t) mp4_u32(box + 12) << 32 | mp4_u32(box + 16)) == s[0].dts,
       "%s: tfdt", what);

    box = mp4_find(buf, n - 8, "moof/traf/tfhd");
    tflags = mp4_u32(box + 8);
    is_int(mp4_u32(box + 12), 9, "%s: track_ID", what);
    is_int(tflags & 0x20001, 0x20000, "%s: base is moof", what);
    p = box + 16;
    duration = field(&p, tflags, 0x08, 0);
    size = field(&p, tflags, 0x10, 0);
    sflags = field(&p, tflags, 0x20, 0);
    ok(p == box + mp4_u32(box), "%s: tfhd is filled", what);

    box = mp4_find(buf, n - 8, "moof/traf/trun");
    flags = mp4_u32(box + 8) & 0xffffff;
    is_int(box[8], 1, "%s: trun version", what);
    is_int(mp4_u32(box + 12), (long long) count, "%s: samples", what);
    is_int(mp4_u32(box + 16), (long long) (n - moof), "%s: data offset", what);
    p = box + 20;
    ff = field(&p, flags, 0x4, sflags);

    for (k = 0, bad = 0; k < count; k++) {
        bad += field(&p, flags, 0x100, duration) != s[k].duration;
        bad += field(&p, flags, 0x200, size) != s[k].size;
        bad += field(&p, flags, 0x400, k ? sflags : ff)
               != (s[k].key ? SYNC : NON_SYNC);
        bad += (int32_t) field(&p, flags, 0x800, 0) != s[k].cts;
    }

    is_int(bad, 0, "%s: every field of every sample", what);
    ok(p == box + mp4_u32(box), "%s: trun is filled", what);
    is_int(flags & 0x404 & (flags & 0x404) >> 8, 0, "%s: flags once", what);

    free(buf);

    return flags;
}


/* prft: 2026-11-22T00:36:46.859Z for the first sample */
static void
test_produced(void)
{
    size_t            n;
    uint8_t           buf[512], *box;
    uint64_t          payload;
    nvm_track_t       t = { .id = 9, .timescale = 1000 };
    nvm_writer_t      w;
    nvm_sample_t      s = { .dts = 0x100000002, .duration = 40, .size = 9 };
    nvm_cmaf_chunk_t  c = { &t, &s, 1, s.dts, 1, 1795307806859, 1, 0, NULL,
                            0, NULL };

    nvm_writer_init(&w, buf, sizeof(buf));
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_OK, "with its time");
    n = w.len;

    box = mp4_find(buf, n - 8, "prft");
    ok(box != NULL && box == buf + mp4_u32(buf), "prft follows styp");
    is_int(mp4_u32(box), 32, "prft: size");
    is_int(mp4_u32(box + 8), 0x01000001, "version and flags");
    is_int(mp4_u32(box + 12), 9, "track");
    is_int(mp4_u32(box + 16), 1795307806 + 2208988800, "NTP seconds");
    is_int((mp4_u32(box + 20) * 1000ull + 0x80000000u) >> 32, 859,
           "and fraction");
    is_int(mp4_u32(box + 24), 1, "media time, high");
    is_int(mp4_u32(box + 28), 2, "and low");
    ok(mp4_find(buf, n - 8, "moof") == box + 32, "moof follows");
}


/* emsg, of version 1, between prft and moof */
static void
test_events(void)
{
    size_t            n;
    uint8_t           event[128], buf[512], *box;
    uint64_t          payload;
    nvm_track_t       t = { .id = 9, .timescale = 1000 };
    nvm_emsg_t        e = { NVM_EMSG_SCTE35, 0x100000003, 1000, 5, 77, "abc",
                            3 };
    nvm_writer_t      w;
    nvm_sample_t      s = { .dts = 4, .duration = 40, .size = 9 };
    nvm_cmaf_chunk_t  c = { &t, &s, 1, s.dts, 1, 1795307806859, 1, 0, event,
                            0, NULL };

    nvm_writer_init(&w, event, sizeof(event));
    nvm_emsg_write(&w, &e);
    c.events_len = w.len;
    is_int(w.len, 12 + 20 + sizeof(NVM_EMSG_SCTE35) + 2 + 3, "an event's size");

    nvm_writer_init(&w, buf, sizeof(buf));
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_OK, "with an event");
    n = w.len;

    box = mp4_find(buf, n - 8, "emsg");
    ok(box == mp4_find(buf, n - 8, "prft") + 32, "emsg follows prft");
    is_int(mp4_u32(box), c.events_len, "emsg: size");
    is_int(mp4_u32(box + 8), 0x01000000, "version and flags");
    is_int(mp4_u32(box + 12), 1000, "timescale");
    is_int(mp4_u32(box + 16), 1, "time, high");
    is_int(mp4_u32(box + 20), 3, "and low");
    is_int(mp4_u32(box + 24), 5, "duration");
    is_int(mp4_u32(box + 28), 77, "id");
    is_str((char *) box + 32, NVM_EMSG_SCTE35, "scheme");
    is_str((char *) box + 32 + sizeof(NVM_EMSG_SCTE35), "1", "value");
    is_mem(box + c.events_len - 3, 3, "abc", 3, "data");
    ok(mp4_find(buf, n - 8, "moof") == box + c.events_len, "moof follows");

    /* trun's data offset counts from moof */
    box = mp4_find(buf, n - 8, "moof");
    is_int((size_t) (box - buf) + mp4_u32(box) + 8, n, "and mdat");
}


static void
test_chunks(void)
{
    nvm_sample_t  s[4] = {
        { .dts = 1ull << 33, .duration = 40, .size = 100, .key = 1 },
        { .duration = 40, .size = 100 },
        { .duration = 40, .size = 100 },
        { .duration = 40, .size = 100 },
    };

    is_int(chunk(s, 4, 1, "all alike"), 0x005, "first-sample-flags alone");
    is_int(chunk(s, 1, 1, "one sample"), 0x001, "nothing per sample");
    is_int(chunk(s + 1, 3, 0, "no key frame"), 0x001, "nothing per sample");

    s[2].key = 1;
    is_int(chunk(s, 4, 1, "two key frames"), 0x401, "flags per sample");
    s[2].key = 0;

    s[3].duration = 41;
    is_int(chunk(s, 4, 0, "last one longer"), 0x105, "durations");
    s[3].duration = 40;

    s[3].size = 0;
    is_int(chunk(s, 4, 0, "an empty sample"), 0x205, "sizes");
    s[3].size = 100;

    s[1].cts = 80;
    s[2].cts = -40;
    is_int(chunk(s, 4, 1, "signed offsets"), 0x805, "offsets");
    s[2].duration = 0;
    s[2].size = 70000;
    s[3].key = 1;
    is_int(chunk(s, 4, 1, "all different"), 0xf01, "everything");
}


/*
 * Holes: a track run for each samples that lie together, which say where they
 * are in the range that follows.
 */
static void
test_holes(void)
{
    size_t            n, moof;
    uint8_t           buf[1024], *box;
    uint32_t          i, k, bad;
    uint64_t          payload;
    nvm_track_t       t = { .id = 9, .timescale = 1000, .holes = 1 };
    nvm_writer_t      w;
    nvm_cmaf_chunk_t  c = { &t, NULL, 4, 0, 1, 0, 1, 1, NULL, 0, NULL };

    nvm_sample_t      s[4] = {
        { .offset = 5000, .duration = 40, .size = 1000, .key = 1 },
        { .offset = 6040, .duration = 40, .size = 400, .cts = 40 },
        { .offset = 6440, .duration = 40, .size = 300 },
        { .offset = 6760, .duration = 40, .size = 200 },
    };

    static const struct {
        uint32_t  samples;
        uint32_t  at;
        uint32_t  flags;
    } runs[] = {
        { 1, 0, 0xa05 }, { 2, 1040, 0xa01 }, { 1, 1760, 0xa01 }
    };

    is_int(nvm_cmaf_holes(s, 4), 1, "60 bytes in 1900");
    s[3].offset = 6800;
    is_int(nvm_cmaf_holes(s, 4), 0, "100 bytes are too many");
    s[3].offset = 6400;
    is_int(nvm_cmaf_holes(s, 4), 0, "backwards");
    s[3].offset = 6740;
    s[1].offset = 6000;
    s[2].offset = 6400;
    s[3].offset = 6700;
    is_int(nvm_cmaf_holes(s, 4), 0, "no holes");
    is_int(nvm_cmaf_holes(s, 0), 0, "no samples");
    s[3].size = 0x7fffffff;
    s[3].offset++;
    is_int(nvm_cmaf_holes(s, 4), 0, "over 1 GiB");

    s[1].offset = 6040;
    s[2].offset = 6440;
    s[3].offset = 6760;
    s[3].size = 200;
    c.samples = s;
    nvm_writer_init(&w, buf, sizeof(buf));
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_OK, "written");
    n = w.len;
    is_int((long long) payload, 1960, "the whole range");
    is_int(mp4_u32(buf + n - 8), 1968, "is mdat");
    is_mem(buf + 16, 8, "msdhiso6", 8, "no CMAF");

    moof = (size_t) (mp4_find(buf, n - 8, "moof") - buf);
    box = mp4_find(buf, n - 8, "moof/traf/trun");

    for (i = 0, k = 0, bad = 0; k < 3; k++, box += mp4_u32(box)) {
        bad += mp4_u32(box + 4) != 0x7472756e;
        bad += (mp4_u32(box + 8) & 0xffffff) != runs[k].flags;
        bad += mp4_u32(box + 12) != runs[k].samples;
        bad += mp4_u32(box + 16) != n - moof + runs[k].at;
        bad += mp4_u32(box + (k ? 20 : 24)) != s[i].size;
        i += runs[k].samples;
    }

    is_int(bad, 0, "every field of three runs");
    is_int(box - buf, (long long) n - 8, "and no more");
    is_int(nested(buf, n - 8, "moof traf "), 0, "nesting");

    (void) nvm_aac_track(&t, mp4_asc, sizeof(mp4_asc), NULL);
    (void) init_write(buf, sizeof(buf), &t, "holes");
    is_mem(buf + 8, 16, "iso6\0\0\0\0iso6dash", 16, "no brands of CMAF");
}


static void
test_limits(void)
{
    uint8_t           buf[64];
    uint64_t          payload;
    nvm_track_t       t = { .id = 1, .timescale = 1000 };
    nvm_writer_t      w;
    nvm_sample_t      s[2] = {
        { .size = 0xfffe0000, .duration = 1, .key = 1 },
        { .size = 65535, .duration = 1, .key = 1 },
    };
    nvm_cmaf_chunk_t  c = { &t, s, 0, 0, 1, 0, 0, 0, NULL, 0, NULL };

    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_EINVAL, "no samples");

    c.nsamples = 2;
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_OK,
           "4 GiB less 64 KiB");
    is_int((long long) payload, 0xfffeffff, "payload");

    s[1].size++;
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_ELIMIT, "a byte more");

    s[1].size--;
    nvm_writer_init(&w, buf, sizeof(buf));
    is_int(nvm_cmaf_chunk_write(&w, &c, &payload), NVM_EOVERFLOW, "no room");
}


int
main(void)
{
    test_init_video();
    test_init_audio();
    test_init_entries();
    test_brands();
    test_produced();
    test_events();
    test_chunks();
    test_holes();
    test_limits();

    return done_testing();
}
