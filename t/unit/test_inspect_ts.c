/*
 * Copyright (C) ngx_video authors
 *
 * Inspection of MPEG-TS: programs, packets, times over the wrap of the clock,
 * PCR, key frames and every kind of fault are told as packets made by hand
 * have them, however the file is cut into blocks.
 */

#include "inspect_env.h"


#define PACKET   188
#define PACKETS  2000

#define PMT      0x1000
#define VIDEO    0x100
#define AUDIO    0x101


/* A stream under construction. */
static uint8_t   stream[PACKETS * 204];
static size_t    length;
static uint8_t   counters[8192];
static unsigned  width;             /* of packets: 188, 192, 204 */
static uint32_t  arrival;           /* time stamp of 192 bytes */


static void
reset(unsigned packet)
{
    length = 0;
    width = packet;
    arrival = 0;
    memset(counters, 0, sizeof(counters));
}


/*
 * A packet: adaptation field of those bytes, if any, then payload, which is
 * filled up with 0xff in the adaptation field.
 */
static uint8_t *
packet(unsigned pid, unsigned pusi, const uint8_t *af, size_t naf,
    const uint8_t *payload, size_t n)
{
    size_t    fill;
    uint8_t  *p;

    if (width == 192) {
        stream[length] = (uint8_t) (arrival >> 24);
        stream[length + 1] = (uint8_t) (arrival >> 16);
        stream[length + 2] = (uint8_t) (arrival >> 8);
        stream[length + 3] = (uint8_t) arrival;
    }

    p = &stream[length + (width == 192 ? 4 : 0)];
    length += width;

    p[0] = 0x47;
    p[1] = (uint8_t) (pusi << 6 | pid >> 8);
    p[2] = (uint8_t) pid;
    p[3] = (uint8_t) (0x10 | (counters[pid]++ & 15));

    fill = 184 - n;

    if (fill) {
        p[3] |= 0x20;
        p[4] = (uint8_t) (fill - 1);
        memset(p + 5, 0xff, fill - 1);

        if (fill > 1) {
            p[5] = 0;
        }

        if (naf) {
            memcpy(p + 5, af, naf);
        }
    }

    memcpy(p + 188 - n, payload, n);

    return p;
}


static uint32_t
crc(const uint8_t *p, size_t n)
{
    int       i;
    uint32_t  v;

    for (v = 0xffffffff; n--; p++) {
        for (v ^= (uint32_t) *p << 24, i = 0; i < 8; i++) {
            v = v >> 31 ? v << 1 ^ 0x04c11db7 : v << 1;
        }
    }

    return v;
}


/* A section of that table, of what follows its length. */
static void
section(unsigned pid, uint8_t table, const char *body, size_t n)
{
    uint8_t   s[184];
    uint32_t  v;

    s[0] = 0;                           /* pointer */
    s[1] = table;
    s[2] = 0xb0;
    s[3] = (uint8_t) (n + 4);
    memcpy(s + 4, body, n);
    v = crc(s + 1, n + 3);
    s[4 + n] = (uint8_t) (v >> 24);
    s[5 + n] = (uint8_t) (v >> 16);
    s[6 + n] = (uint8_t) (v >> 8);
    s[7 + n] = (uint8_t) v;
    memset(s + 8 + n, 0xff, sizeof(s) - 8 - n);
    packet(pid, 1, NULL, 0, s, sizeof(s));
}


static void
tables(uint8_t type)
{
    static const char  pat[] = "\0\1\301\0\0\0\1\360\0";
    static const char  sdt[] = "\0\1\301\0\0\0\1\377\0\1\374\200\016"
                               "\110\014\1\3Wir\6Kanal1";
    char               pmt[] = "\0\1\301\0\0\341\0\360\0\033\341\0\360\0"
                               "\017\341\1\360\6\012\4deu\0";

    pmt[9] = (char) type;

    section(0, 0, pat, 9);
    section(PMT, 2, pmt, 25);
    section(17, 0x42, sdt, 27);
}


/* 33 bits with their markers */
static void
stamp(uint8_t *p, unsigned head, uint64_t v)
{
    p[0] = (uint8_t) (head << 4 | (v >> 29 & 0x0e) | 1);
    p[1] = (uint8_t) (v >> 22);
    p[2] = (uint8_t) (v >> 14 | 1);
    p[3] = (uint8_t) (v >> 7);
    p[4] = (uint8_t) (v << 1 | 1);
}


/* A PES packet of one packet, with PTS and DTS. */
static uint8_t *
pes(unsigned pid, uint64_t pts, uint64_t dts, const uint8_t *af, size_t naf,
    const char *data, size_t n)
{
    uint8_t  p[184] = { 0, 0, 1, 0xe0, 0, 0, 0x80, 0xc0, 10 };

    p[3] = pid == AUDIO ? 0xc0 : 0xe0;
    stamp(p + 9, 3, pts & 0x1ffffffff);
    stamp(p + 14, 1, dts & 0x1ffffffff);
    memcpy(p + 19, data, n);

    return packet(pid, 1, af, naf, p, 19 + n);
}


/* An adaptation field with flags and a PCR in 27 MHz. */
static const uint8_t *
clock27(unsigned flags, uint64_t v)
{
    static uint8_t  af[7];

    af[0] = (uint8_t) (flags | 0x10);
    af[1] = (uint8_t) (v / 300 >> 25);
    af[2] = (uint8_t) (v / 300 >> 17);
    af[3] = (uint8_t) (v / 300 >> 9);
    af[4] = (uint8_t) (v / 300 >> 1);
    af[5] = (uint8_t) (v / 300 << 7 | 0x7e | v % 300 >> 8);
    af[6] = (uint8_t) (v % 300);

    return af;
}


static const char  idr[] = "\0\0\0\1\11\360\0\0\0\1\147\1\0\0\1\145data";
static const char  slice[] = "\0\0\0\1\11\360\0\0\0\1\101data";


/* Ten pictures, two of them IDR, sound in between; from "start" in 90 kHz. */
static void
movie(unsigned width_, uint64_t start)
{
    unsigned  i;

    reset(width_);
    tables(0x1b);

    for (i = 0; i < 10; i++) {
        arrival = i * 1080000;

        if (i % 5 == 0) {
            pes(VIDEO, start + 7200 + i * 3600, start + i * 3600,
                clock27(0x40, (start + i * 3600) * 300 + 17), 7, idr, 20);
        } else {
            pes(VIDEO, start + 3600 + i * 3600, start + i * 3600,
                clock27(0, (start + i * 3600) * 300 + 17), 7, slice, 15);
        }

        pes(AUDIO, start + i * 3000, start + i * 3000, NULL, 0, "sound", 5);
    }
}


static void
test_movie(void)
{
    char       *text;
    inspect_t   o = { 0 };

    movie(PACKET, 126000);
    text = inspect_ts(&o, stream, length);

    is_int((long long) o.faults.count, 0, "a good stream");
    inspect_has(text, "{\"format\": \"mpegts\", \"size\": 4324, "
                "\"duration\": 0.360000, \"errors\": 0, "
                "\"packet_size\": 188, \"first_packet\": 0, \"packets\": 23",
                "the whole");
    inspect_has(text, "{\"number\": 1, \"name\": \"Kanal1\", "
                "\"pmt_pid\": 4096, \"pmts\": 1, \"pmt_changes\": 0, "
                "\"pmt_version\": 0, \"pcr_pid\": 256, \"streams\": ["
                "{\"pid\": 256, \"type\": 27, \"type_name\": \"H.264\"}, "
                "{\"pid\": 257, \"type\": 15, \"type_name\": "
                "\"AAC in ADTS\", \"descriptors\": [{\"tag\": 10, "
                "\"tag_name\": \"language\", \"data\": \"64657500\", "
                "\"languages\": [\"deu\"]}]}]}", "a program");
    inspect_has(text, "{\"pid\": 256, \"kind\": \"stream\", \"type\": 27, "
                "\"type_name\": \"H.264\", \"packets\": 10", "video");
    inspect_has(text, "\"pts\": {\"count\": 10, \"first\": 1.480000, "
                "\"last\": 1.800000, \"min\": 1.480000, \"max\": 1.800000}, "
                "\"dts\": {\"count\": 10, \"first\": 1.400000, "
                "\"last\": 1.760000", "its times");
    inspect_has(text, "\"keyframes\": {\"count\": 2, \"table\": ["
                "{\"packet\": 3, \"offset\": 564, \"time\": 1.480000}, "
                "{\"packet\": 13, \"offset\": 2444, \"time\": 1.680000}]}",
                "its key frames");
    inspect_has(text, "\"pcr\": {\"count\": 10, \"first\": 1.400001, "
                "\"last\": 1.760001, \"jumps\": 0, \"max_interval_ms\": 40, "
                "\"mean_interval_ms\": 40, \"max_jitter_us\": 0, "
                "\"mean_jitter_us\": 0}", "its clock");
    inspect_has(text, "{\"pid\": 257, \"kind\": \"stream\"", "audio");
    inspect_has(text, "\"faults\": []", "no faults");
    free(text);
}


/* The same whatever the packets come in, and however they are cut. */
static void
test_shapes(void)
{
    char       *text, *other;
    size_t      i, n;
    uint8_t    *data;
    inspect_t   o = { .form = NVM_EMIT_TEXT };

    static const size_t  blocks[] = { 1, 7, 188, 189, 1000 };

    movie(PACKET, 126000);
    text = inspect_ts(&o, stream, length);

    for (i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        o.block = blocks[i];
        other = inspect_ts(&o, stream, length);
        is_str(other, text, "blocks of %zu bytes", blocks[i]);
        free(other);
    }

    free(text);
    o.form = NVM_EMIT_JSON;
    o.block = 0;

    movie(192, 126000);
    text = inspect_ts(&o, stream, length);
    is_int((long long) o.faults.count, 0, "192 bytes");
    inspect_has(text, "\"packet_size\": 192, \"first_packet\": 0, "
                "\"packets\": 23",
                "packets of 192 bytes");
    inspect_has(text, "\"max_jitter_us\": 0, \"mean_jitter_us\": 0",
                "jitter by their time stamps");
    free(text);

    /* a piece of a packet in front */

    n = length - 100;
    data = malloc(n);
    memcpy(data, stream + 100, n);
    text = inspect_ts(&o, data, n);
    is_int((long long) o.faults.count, 1, "no PAT");
    inspect_has(text, "\"first_packet\": 92, \"packets\": 22", "an offset");
    free(text);
    free(data);

    movie(204, 126000);
    text = inspect_ts(&o, stream, length);
    inspect_has(text, "\"packet_size\": 204", "packets of 204 bytes");
    free(text);
}


static void
test_wrap(void)
{
    char       *text;
    inspect_t   o = { 0 };

    /* video wraps after five pictures, its PCR too */

    movie(PACKET, 0x200000000 - 5 * 3600);
    text = inspect_ts(&o, stream, length);
    is_int((long long) o.faults.count, 0, "the clock wraps");
    inspect_has(text, "\"duration\": 0.360000, \"time_jumps\": 0, "
                "\"times_backward\": 0", "no jump in times");
    inspect_has(text, "\"first\": 95443.517689, \"last\": 95443.877689",
                "times go on");
    inspect_has(text, "\"jumps\": 0, \"max_interval_ms\": 40", "PCR too");
    free(text);

    movie(PACKET, 126000);
    pes(VIDEO, 126000 + 9 * 3600, 126000 + 9 * 3600, clock27(0, 27000000), 7,
        slice, 15);
    pes(VIDEO, 9000000, 9000000, clock27(0, 9000000ull * 300), 7, slice, 15);
    text = inspect_ts(&o, stream, length);
    inspect_has(text, "\"time_jumps\": 1, \"times_backward\": 1",
                "a jump, and a time that stands still");
    inspect_has(text, "\"jumps\": 2", "jumps of PCR");
    free(text);
}


/* The first of n faults that are found. */
static void
fault(const char *what, int n, const char *where, uint64_t offset,
    const char *message, const char *json)
{
    char       *text;
    inspect_t   o = { 0 };

    text = inspect_ts(&o, stream, length);
    is_int((long long) o.faults.count, n, "%s: %d faults", what, n);
    is_str(o.faults.list[0].where, where, "where");
    is_str(o.faults.list[0].what, message, "what");
    is_int((long long) o.faults.list[0].offset, (long long) offset, "offset");
    inspect_has(text, json, "shown");
    free(text);
}


static void
test_faults(void)
{
    char       *text;
    inspect_t   o = { 0 };

    movie(PACKET, 126000);
    memmove(stream + 5 * PACKET, stream + 6 * PACKET, length - 6 * PACKET);
    length -= PACKET;
    fault("a packet is missing", 1, "packet 6, pid 256", 6 * PACKET,
          "packets are missing", "\"continuity_errors\": {\"count\": 1, "
          "\"table\": [{\"packet\": 6, \"offset\": 1128, \"expected\": 1, "
          "\"found\": 2}]}");

    movie(PACKET, 126000);
    stream[7 * PACKET + 1] |= 0x80;
    memmove(stream + 9 * PACKET, stream + 10 * PACKET, length - 10 * PACKET);
    stream[9 * PACKET + 5] |= 0x80;
    length -= PACKET;
    text = inspect_ts(&o, stream, length);
    is_str(o.faults.list[0].what, "transport error is indicated",
           "a damaged packet");
    inspect_has(text, "\"transport_errors\": 1", "counted");
    free(text);

    movie(PACKET, 126000);
    stream[3 * PACKET + 3] |= 0x80;
    text = inspect_ts(&o, stream, length);
    is_int((long long) o.faults.count, 0, "scrambled is no fault");
    inspect_has(text, "\"scrambled\": 1,", "but counted");
    inspect_has(text, "\"pts\": {\"count\": 9", "and not looked into");
    free(text);

    movie(PACKET, 126000);
    memmove(stream + 5 * PACKET, stream + 4 * PACKET, length - 4 * PACKET);
    length += PACKET;
    text = inspect_ts(&o, stream, length);
    is_int((long long) o.faults.count, 0, "a packet sent twice is no fault");
    inspect_has(text, "\"duplicates\": 1", "but counted");
    free(text);

    movie(PACKET, 126000);
    stream[8]++;
    fault("a wrong CRC, so no PAT", 2, "packet 0, pid 0", 0,
          "CRC of a section is wrong", "\"programs\": []");
}


static void
test_sync(void)
{
    movie(PACKET, 126000);
    length -= 10;
    fault("the last packet is cut", 1, "packet 22", 22 * PACKET,
          "the last packet is cut", "\"size\": 4314");

    /* 50 bytes are missing at the end of a packet: the next is lost too */

    movie(PACKET, 126000);
    memmove(stream + 11 * PACKET - 50, stream + 11 * PACKET,
            length - 11 * PACKET);
    length -= 50;
    fault("bytes are missing", 2, "packet 11", 11 * PACKET,
          "sync byte is missing", "\"sync_losses\": 1, "
          "\"skipped_bytes\": 138");

    movie(PACKET, 126000);
    memmove(stream + 20 * PACKET + 50, stream + 20 * PACKET, 3 * PACKET);
    memset(stream + 20 * PACKET, 1, 50);
    length += 50;
    fault("50 bytes too many", 1, "packet 20", 20 * PACKET,
          "sync byte is missing", "\"packets\": 23, \"sync_losses\": 1, "
          "\"skipped_bytes\": 50");
}


/* The types of pictures that make a key frame, without the indicator. */
static void
picture(uint8_t type, const char *key, size_t nkey, const char *other,
    size_t nother, const char *what)
{
    char       *text;
    inspect_t   o = { 0 };

    reset(PACKET);
    tables(type);
    pes(VIDEO, 3600, 3600, NULL, 0, key, nkey);
    pes(VIDEO, 7200, 7200, NULL, 0, other, nother);
    pes(VIDEO, 10800, 10800, NULL, 0, key, nkey);

    text = inspect_ts(&o, stream, length);
    inspect_has(text, "\"keyframes\": {\"count\": 2, \"table\": ["
                "{\"packet\": 3, \"offset\": 564, \"time\": 0.040000}, "
                "{\"packet\": 5, \"offset\": 940, \"time\": 0.120000}]}",
                what);
    free(text);
}


static void
test_pictures(void)
{
    picture(0x1b, idr, 20, slice, 15, "H.264");
    picture(0x24, "\0\0\1\106\1\0\0\1\46\1xx", 12, "\0\0\1\2\1xx", 7, "HEVC");
    picture(2, "\0\0\1\263xxxx\0\0\1\0\0\10", 14, "\0\0\1\0\0\20", 6,
            "MPEG-2");
}


static void
test_samples(void)
{
    char       *text;
    inspect_t   o = { .samples = VIDEO };

    movie(PACKET, 126000);
    text = inspect_ts(&o, stream, length);
    is_int(o.rc, NVM_OK, "samples");
    inspect_has(text, "{\"track\": 256, \"timescale\": 90000, \"samples\": ["
                "{\"number\": 1, \"dts\": 126000, \"pts\": 133200, "
                "\"duration\": 3600, \"size\": 20, \"offset\": 564, "
                "\"key\": true}, {\"number\": 2, \"dts\": 129600, "
                "\"pts\": 133200, \"duration\": 3600, \"size\": 15, "
                "\"offset\": 940, \"key\": false}", "rows");
    inspect_has(text, "{\"number\": 10, \"dts\": 158400, \"pts\": 162000, "
                "\"duration\": 0,", "the last");
    free(text);

    o.samples = 999;
    free(inspect_ts(&o, stream, length));
    is_int(o.rc, NVM_ENOENT, "of a PID that isn't there");
}


/* Many events: the first and the last ones, or all. */
static void
test_bounds(void)
{
    char        *text;
    unsigned     i;
    inspect_t    o = { 0 };

    reset(PACKET);
    tables(0x1b);

    for (i = 0; i < 200; i++) {
        pes(VIDEO, i * 3600, i * 3600, NULL, 0, idr, 20);
        counters[VIDEO] += 2;
    }

    text = inspect_ts(&o, stream, length);
    is_int((long long) o.faults.count, 199, "199 gaps");
    inspect_has(text, "{\"packet\": 10, \"offset\": 1880, \"time\": 0.280000}"
                ", {\"omitted\": 188}, {\"packet\": 199, ", "key frames");
    inspect_has(text, "{\"packet\": 11, \"offset\": 2068, \"expected\": 6, "
                "\"found\": 8}, {\"omitted\": 187}", "gaps");
    inspect_has(text, "{\"omitted\": 183}]}", "faults");
    free(text);

    o.all = 1;
    text = inspect_ts(&o, stream, length);
    inspect_has(text, "{\"packet\": 10, \"offset\": 1880, \"time\": 0.280000}"
                ", {\"packet\": 11, \"offset\": 2068, \"time\": 0.320000}",
                "all of them");
    inspect_has(text, "{\"packet\": 150, \"offset\": 28200, "
                "\"time\": 5.880000}", "in order");
    free(text);

    reset(PACKET);
    tables(0x1b);

    for (i = 0; i < 1500; i++) {
        packet(0x200 + i, 1, NULL, 0, stream, 184);
    }

    o.all = 0;
    text = inspect_ts(&o, stream, length);
    inspect_has(text, "{\"omitted\": 1441}", "PIDs");
    free(text);
}


/* A section that goes over two packets, and descriptors. */
static void
test_sections(void)
{
    char       *text;
    uint8_t     s[400] = "\0\2\261\132\0\1\303\0\0\341\0\360\6\5\4HDMV"
                         "\6\341\2\361\102";
    size_t      n;
    uint32_t    v;
    inspect_t   o = { 0 };

    /* a PMT of 350 bytes: a stream with 322 bytes of descriptors */

    static const uint8_t  some[] = "\16\3\300\4\0\126\5deu\10\1"
                                   "\131\10eng\20\0\1\0\2";

    memcpy(s + 24, some, 22);
    memset(s + 46, 0, 256);
    s[46] = 0x80;
    s[47] = 254;
    s[302] = 0x81;
    s[303] = 42;
    n = 4 + 0x15a;
    v = crc(s + 1, n - 5);
    s[n - 4] = (uint8_t) (v >> 24);
    s[n - 3] = (uint8_t) (v >> 16);
    s[n - 2] = (uint8_t) (v >> 8);
    s[n - 1] = (uint8_t) v;

    reset(PACKET);
    section(0, 0, "\0\1\301\0\0\0\1\360\0", 9);
    packet(PMT, 1, NULL, 0, s, 184);
    packet(PMT, 0, NULL, 0, s + 184, n - 184);
    text = inspect_ts(&o, stream, length);
    is_int((long long) o.faults.count, 0, "a PMT of two packets");
    inspect_has(text, "\"pmt_version\": 1, \"pcr_pid\": 256, "
                "\"descriptors\": [{\"tag\": 5, \"tag_name\": "
                "\"registration\", \"data\": \"48444d56\", "
                "\"format\": \"HDMV\"}]", "registration");
    inspect_has(text, "\"max_bitrate\": 409600}", "bitrate");
    inspect_has(text, "\"languages\": [\"deu\"]}", "teletext");
    inspect_has(text, "\"languages\": [\"eng\"]}", "subtitles");
    free(text);

}


static void
test_headers(void)
{
    char       *text;
    inspect_t   o = { 0 };

    movie(PACKET, 126000);
    stream[4] = 200;
    fault("a pointer outside, so no PAT", 2, "packet 0, pid 0", 0,
          "pointer points outside the packet", "\"programs\": []");

    movie(PACKET, 126000);
    stream[3 * PACKET + 4] = 190;
    fault("a long adaptation field", 1, "packet 3, pid 256", 3 * PACKET,
          "adaptation field is longer than its packet", "\"count\": 9");

    movie(PACKET, 126000);
    packet(8191, 0, NULL, 0, stream, 184);
    counters[8191] += 5;
    packet(8191, 0, NULL, 0, stream, 184);
    text = inspect_ts(&o, stream, length);
    is_int((long long) o.faults.count, 0, "null packets have no order");
    inspect_has(text, "{\"pid\": 8191, \"kind\": \"null\", "
                "\"packets\": 2", "counted");
    free(text);
}


/* Every allocation fails once. */
static void
test_memory(void)
{
    size_t                limit;
    nvm_heap_t            h;
    nvm_err_e             rc;
    inspect_t             o = { 0 };
    inspect_run_t         run = { &o, NULL, NULL };
    nvm_inspect_probe_t   p;

    movie(PACKET, 126000);
    nvm_inspect_probe(stream, length, &p);

    for (limit = 0, rc = NVM_ENOMEM; rc != NVM_OK; limit += 512) {
        nvm_heap_init(&h, limit);
        run.ts = nvm_inspect_ts_create(&h.arena, &p, 0);

        if (run.ts != NULL) {
            nvm_inspect_ts_feed(run.ts, stream, length);
            rc = nvm_inspect_ts_end(run.ts);
            free(inspect_finish(&o, inspect_ts_walk, &run));
        }

        nvm_heap_done(&h);
    }

    ok(1, "%zu bytes are enough", limit);
}


/* Jitter is what a place in the file doesn't explain. */
static void
test_jitter(void)
{
    char       *text;
    unsigned    i;
    inspect_t   o = { 0 };

    reset(PACKET);
    tables(0x1b);

    /* 40 ms and one packet each; the fifth is 27 us, 729 ticks, late */

    for (i = 0; i < 10; i++) {
        pes(VIDEO, i * 3600, i * 3600,
            clock27(0, i * 1080000ull + (i == 4 ? 729 : 0)), 7, slice, 15);
    }

    text = inspect_ts(&o, stream, length);
    inspect_has(text, "\"max_interval_ms\": 40.027, "
                "\"mean_interval_ms\": 40, \"max_jitter_us\": 27, "
                "\"mean_jitter_us\": 6.740", "jitter");
    free(text);

    reset(192);
    tables(0x1b);

    for (i = 0; i < 10; i++) {
        arrival = i * 1080000 + (i == 4 ? 729 : 0);
        pes(VIDEO, i * 3600, i * 3600, clock27(0, i * 1080000ull), 7, slice,
            15);
    }

    text = inspect_ts(&o, stream, length);
    inspect_has(text, "\"max_jitter_us\": 27, \"mean_jitter_us\": 6",
                "by time stamps");
    free(text);
}


/* Damaged anywhere: JSON, and no read outside. */
static void
test_bytes(void)
{
    size_t      i, n;
    uint8_t    *data;
    inspect_t   o = { .block = 100 };

    movie(PACKET, 126000);
    n = length;
    data = malloc(n);

    for (i = 0; i < n; i += 3) {
        memcpy(data, stream, n);
        data[i] ^= i % 2 ? 0xff : 0x80;
        free(inspect_ts(&o, data, n));
    }

    free(data);

    for (i = 5 * PACKET; i < n; i += 13) {
        data = malloc(i);
        memcpy(data, stream, i);
        free(inspect_ts(&o, data, i));
        free(data);
    }

    ok(1, "damaged and cut");
}


int
main(void)
{
    test_movie();
    test_shapes();
    test_wrap();
    test_faults();
    test_sync();
    test_pictures();
    test_samples();
    test_bounds();
    test_sections();
    test_headers();
    test_memory();
    test_jitter();
    test_bytes();

    return done_testing();
}
