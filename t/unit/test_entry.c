/*
 * Copyright (C) ngx_video authors
 *
 * Sample entries of every codec: read as ffmpeg writes them, written into an
 * init segment, and read from there again as the same track.
 */

#include "codec_records.h"
#include "mp4_builder.h"
#include "nvm_cmaf.h"
#include "nvm_codec.h"
#include "nvm_mp4_entry.h"
#include "tap.h"


static uint8_t          buf[8192];
static nvm_writer_t     w;
static size_t           stsd;
static nvm_track_t      track;
static nvm_mp4_entry_t  entry;
static nvm_fault_t      fault;


/* version 1: entries of ISO files, without QuickTime's fields */
static void
begin(unsigned version)
{
    nvm_writer_init(&w, buf, sizeof(buf));
    stsd = nvm_writer_fullbox(&w, "stsd", (uint8_t) version, 0);
    nvm_writer_u32(&w, 1);
}


static nvm_err_e
parse_at(const uint8_t *p, size_t n, nvm_kind_e kind, nvm_track_t *t)
{
    nvm_mp4_box_t  stbl = { .type = NVM_FOURCC('s', 't', 'b', 'l') };

    nvm_reader_init(&stbl.r, p, n, 1000);
    memset(t, 0, sizeof(nvm_track_t));
    memset(&entry, 0, sizeof(entry));
    memset(&fault, 0, sizeof(fault));

    return nvm_mp4_entry_parse(&stbl, kind, t, &entry, &fault);
}


static nvm_err_e
parse(nvm_kind_e kind)
{
    nvm_writer_box_end(&w, stsd);

    return parse_at(buf, w.len, kind, &track);
}


static void
box(const char *type, const void *data, size_t n)
{
    size_t  mark;

    mark = nvm_writer_box(&w, type);
    nvm_writer_bytes(&w, data, n);
    nvm_writer_box_end(&w, mark);
}


/* A visual entry up to its boxes, 400 pixels wide. */
static size_t
visual(const char *type)
{
    size_t  mark;

    mark = nvm_writer_box(&w, type);
    nvm_writer_zero(&w, 6);
    nvm_writer_u16(&w, 1);
    nvm_writer_zero(&w, 16);
    nvm_writer_u32(&w, 400 << 16 | 300);
    nvm_writer_zero(&w, 50);

    return mark;
}


static size_t
sound(const char *type, unsigned version, unsigned channels, uint32_t rate)
{
    size_t  mark;

    mark = nvm_writer_box(&w, type);
    nvm_writer_zero(&w, 6);
    nvm_writer_u16(&w, 1);
    nvm_writer_u16(&w, (uint16_t) version);
    nvm_writer_zero(&w, 6);
    nvm_writer_u32(&w, channels << 16 | 16);
    nvm_writer_zero(&w, 4);
    nvm_writer_u32(&w, rate << 16);

    return mark;
}


static void
record(const record_t *r)
{
    size_t  mark;

    mark = r->audio ? sound(r->entry, 0, 2, 48000) : visual(r->entry);
    box(r->box, r->config, r->len);
    nvm_writer_box_end(&w, mark);
}


/* Writes the track's init segment and reads its sample entry again. */
static void
again(const char *what)
{
    size_t                n;
    uint8_t              *p, *q;
    nvm_track_t           t;
    nvm_writer_t          init;
    static uint8_t        segment[8192];

    track.id = 1;
    nvm_writer_init(&init, segment, sizeof(segment));
    is_int(nvm_cmaf_init_write(&init, &track), NVM_OK, "%s: written", what);
    track.id = 0;

    p = mp4_find(segment, init.len, "moov/trak/mdia/minf/stbl");
    n = mp4_u32(p) - 8;
    is_int(parse_at(p + 8, n, track.kind, &t), NVM_OK, "%s: read again", what);

    for (p = (uint8_t *) &t, q = (uint8_t *) &track, n = 0;
         n < sizeof(t) && p[n] == q[n]; n++)
    {
        /* void */
    }

    is_int((long long) n, sizeof(t), "%s: is the same track", what);
}


static void
test_codecs(void)
{
    size_t           i;
    const record_t  *r;

    for (i = 0; i < RECORDS; i++) {
        r = &records[i];

        begin(0);
        record(r);
        is_int(parse(r->audio ? NVM_AUDIO : NVM_VIDEO), NVM_OK, "%s",
               r->codecs);
        is_str(track.codecs, r->codecs, "codecs");
        ok(track.width != 400 || track.codec == NVM_CODEC_VP9,
           "size is the bitstream's, if it tells");
        is_int(entry.description, 1, "number of the entry");
        is_int(entry.reference, 1, "its data reference");
        again(r->codecs);

        is_int(parse_at(buf, w.len, r->audio ? NVM_VIDEO : NVM_AUDIO, &track),
               NVM_EUNSUP, "not in a track of another kind");

        begin(0);
        nvm_writer_box_end(&w, r->audio ? sound(r->entry, 0, 2, 48000)
                           : visual(r->entry));
        is_int(parse(r->audio ? NVM_AUDIO : NVM_VIDEO), NVM_ENOENT,
               "no %s", r->box);
        is_int((long long) fault.offset, 1016, "%s", fault.what);
    }
}


static void
test_fields(void)
{
    begin(0);
    record(&records[5]);
    (void) parse(NVM_VIDEO);
    ok(track.width == 400 && track.height == 300, "VP9: size of the entry");
    ok(track.sar_num == 0, "no shape of pixels");

    begin(0);
    record(&records[9]);
    (void) parse(NVM_AUDIO);
    ok(track.channels == 6 && track.joc == 16, "E-AC-3: channels, objects");

    begin(0);
    record(&records[11]);
    (void) parse(NVM_AUDIO);
    ok(track.sample_rate == 96000 && track.depth == 24, "FLAC: rate, bits");
}


/* Boxes of the source's entry that go into ours */
static void
test_extras(void)
{
    size_t         mark, at;
    const uint8_t  pasp[] = { 0, 0, 0, 4, 0, 0, 0, 3 };
    const uint8_t  nclx[] = { 'n', 'c', 'l', 'x', 0, 9, 0, 18, 0, 9, 0x80 };
    const uint8_t  nclc[] = { 'n', 'c', 'l', 'c', 0, 1, 0, 1, 0, 6 };
    const uint8_t  prof[300] = { 'p', 'r', 'o', 'f' };
    const uint8_t  clli[] = { 3, 0xe8, 1, 0x90 };
    const uint8_t  dvvc[24] = { 1, 0, 0x10, 0x35, 0x10 };

    begin(0);
    mark = visual("hvc1");
    box("fiel", "\1\0", 2);
    box("colr", nclx, sizeof(nclx));
    box("hvcC", record_hvcc, sizeof(record_hvcc));
    box("clli", clli, sizeof(clli));
    box("pasp", pasp, sizeof(pasp));
    box("btrt", prof, 12);
    box("dvvC", dvvc, sizeof(dvvc));
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_VIDEO), NVM_OK, "colour, light level, Dolby Vision");

    at = 8 + sizeof(nclx) + 8 + sizeof(clli);
    is_int(track.extras_len, (long long) (at + 8 + sizeof(dvvc)),
           "three boxes are passed on");
    is_mem(track.extras, 19, "\0\0\0\x13" "colrnclx\0\x09\0\x12\0\x09\x80", 19,
           "colour, byte by byte");
    is_mem(track.extras + at + 4, 4, "dvvC", 4, "Dolby Vision is the last");
    ok(track.primaries == 9 && track.transfer == 18 && track.matrix == 9
       && track.full_range == 1, "code points");
    is_int(nvm_codec_range(&track), NVM_RANGE_HLG, "range");
    ok(track.sar_num == 4 && track.sar_den == 3, "shape of pixels");
    again("extras");

    begin(0);
    mark = visual("hvc1");
    box("colr", prof, sizeof(prof));
    box("colr", prof, 100);
    box("mdcv", prof, 24);
    box("colr", prof, 108);
    box("clli", clli, sizeof(clli));
    box("hvcC", record_hvcc, sizeof(record_hvcc));
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_VIDEO), NVM_OK, "more than fits");
    is_int(track.extras_len, 108 + 32 + 116, "what fits is taken, all of it");
    is_int(track.transfer, 0, "a profile tells no code points");
    again("as much as fits");

    begin(0);
    mark = visual("hvc1");
    box("colr", nclc, sizeof(nclc));
    box("colr", nclx, 6);
    box("hvcC", record_hvcc, sizeof(record_hvcc));
    nvm_writer_zero(&w, 4);
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_VIDEO), NVM_OK, "QuickTime: nclc, a terminator");
    ok(track.primaries == 1 && track.transfer == 1 && track.matrix == 6,
       "a cut box changes nothing");

    begin(0);
    mark = visual("avc1");
    box("colr", nclx, sizeof(nclx));
    box("avcC", record_avcc, sizeof(record_avcc));
    nvm_writer_u32(&w, 4);
    nvm_writer_text(&w, "pasp");
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_VIDEO), NVM_EINVAL, "a box smaller than its header");
    is_str(fault.where, "stbl/stsd/avc1/pasp", "by name");
    is_int(track.codec, NVM_CODEC_NONE, "track is unchanged");
}


/* QuickTime's sound descriptions */
static void
test_sound(void)
{
    size_t         mark, wave;
    const uint8_t  rate[] = { 0x40, 0xd5, 0x88, 0x80, 0, 0, 0, 0 };
    const uint8_t  nan[] = { 0x7f, 0xf8, 0, 0, 0, 0, 0, 0 };

    begin(0);
    mark = sound(".mp3", 1, 1, 44100);
    nvm_writer_zero(&w, 16);
    wave = nvm_writer_box(&w, "wave");
    box("frma", ".mp3", 4);
    nvm_writer_box_end(&w, wave);
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_AUDIO), NVM_OK, ".mp3, version 1");
    is_str(track.codecs, "mp4a.40.34", "codecs");
    ok(track.sample_rate == 44100 && track.channels == 1, "rate, channels");
    is_int(track.entry, NVM_FOURCC('m', 'p', '4', 'a'), "is written as mp4a");
    again(".mp3");

    begin(0);
    mark = sound(".mp3", 2, 3, 1);
    nvm_writer_u32(&w, 72);
    nvm_writer_bytes(&w, rate, 8);
    nvm_writer_u32(&w, 2);
    nvm_writer_zero(&w, 20);
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_AUDIO), NVM_OK, ".mp3, version 2");
    ok(track.sample_rate == 22050 && track.channels == 2,
       "rate, which is a double, and channels");
    again(".mp3 of half rate");

    begin(0);
    mark = sound(".mp3", 2, 3, 1);
    nvm_writer_u32(&w, 72);
    nvm_writer_bytes(&w, nan, 8);
    nvm_writer_zero(&w, 24);
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_AUDIO), NVM_EUNSUP, "a rate that is no number");
    is_int(fault.code, NVM_OK, "is no fault");

    begin(0);
    mark = sound("ac-3", 1, 2, 48000);
    nvm_writer_zero(&w, 16);
    wave = nvm_writer_box(&w, "wave");
    box("frma", "ac-3", 4);
    nvm_writer_u32(&w, 8);
    nvm_writer_u32(&w, 0);
    nvm_writer_box_end(&w, wave);
    box("dac3", record_dac3, sizeof(record_dac3));
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_AUDIO), NVM_OK, "wave without the box, which follows it");
    is_int(track.channels, 6, "channels");

    begin(1);
    mark = sound("Opus", 1, 2, 48000);
    box("dOps", record_dops, sizeof(record_dops));
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_AUDIO), NVM_OK, "stsd version 1: no QuickTime fields");

    begin(0);
    mark = sound("mp4a", 1, 2, 48000);
    nvm_writer_zero(&w, 12);
    nvm_writer_box_end(&w, mark);
    is_int(parse(NVM_AUDIO), NVM_ETRUNC, "fields are cut");
}


static void
test_choice(void)
{
    const char    *const types[] = { "encv", "dvh1", "svq3", "vp08", "hvc2" };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        begin(0);
        nvm_writer_box_end(&w, visual(types[i]));
        is_int(parse(NVM_VIDEO), NVM_EUNSUP, "%s", types[i]);
        is_int(fault.code, NVM_OK, "is no fault");
        is_int(entry.type, (long long) mp4_u32((const uint8_t *) types[i]),
               "but named");
    }

    begin(0);
    nvm_writer_box_end(&w, visual("encv"));
    record(&records[0]);
    record(&records[2]);
    is_int(parse(NVM_VIDEO), NVM_OK, "the first that can be packaged");
    is_int(entry.description, 2, "is the second");
    is_str(track.codecs, "avc1.42c00d", "codecs");

    /* nothing of an entry that was tried stays */

    begin(0);
    nvm_writer_box_end(&w, sound("enca", 0, 6, 44100));
    nvm_writer_box_end(&w, sound(".mp3", 0, 6, 96000));
    is_int(parse(NVM_AUDIO), NVM_EUNSUP, "none");
    ok(track.sample_rate == 0 && track.channels == 0 && track.entry == 0,
       "track is unchanged");
    is_int(entry.type, NVM_FOURCC('e', 'n', 'c', 'a'), "the first is named");

    begin(0);
    is_int(parse(NVM_VIDEO), NVM_EUNSUP, "no entry at all");
}


/* A track of shared memory may claim anything. */
static void
test_writer(void)
{
    nvm_writer_t  dry;

    begin(0);
    record(&records[2]);
    (void) parse(NVM_VIDEO);

    nvm_writer_init(&dry, NULL, 0);
    track.extras_len = NVM_MAX_EXTRAS + 1;
    is_int(nvm_cmaf_init_write(&dry, &track), NVM_EINVAL, "extras too long");
    track.extras_len = 0;
    track.config_len = NVM_MAX_CONFIG + 1;
    is_int(nvm_cmaf_init_write(&dry, &track), NVM_EINVAL, "config too long");
    is_int((long long) dry.len, 0, "nothing is written");

    track.config_len = 9;
    track.entry = NVM_FOURCC('e', 'n', 'c', 'v');
    is_int(nvm_cmaf_init_write(&dry, &track), NVM_EUNSUP, "entry of no codec");
    track.entry = 0;
    track.kind = NVM_AUDIO;
    is_int(nvm_cmaf_init_write(&dry, &track), NVM_EUNSUP, "video as audio");
}


int
main(void)
{
    test_codecs();
    test_fields();
    test_extras();
    test_sound();
    test_choice();
    test_writer();

    return done_testing();
}
