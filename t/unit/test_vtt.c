/*
 * Copyright (C) ngx_video authors
 *
 * WebVTT and SubRip: what is parsed, in which order cues are found, and the
 * segments that are written, byte for byte.
 */

#include <inttypes.h>

#include "nvm_vtt.h"
#include "nvm_vtt_build.h"
#include "tap.h"


#define TEXT(s)  s, sizeof(s) - 1


static char        text[65536];
static nvm_heap_t  heap;


static const char *
done(nvm_writer_t *w)
{
    if (w->error || w->len >= sizeof(text)) {
        return "(error)";
    }

    text[w->len] = '\0';

    return text;
}


/* One line for each block and cue, in one string; line ends show as "/". */
static const char *
dump(const nvm_vtt_t *v)
{
    size_t                i;
    nvm_writer_t          w;
    const nvm_vtt_cue_t  *c;

    nvm_writer_init(&w, text, sizeof(text));

    for (i = 0; i < v->nblocks; i++) {
        nvm_writer_bytes(&w, v->blocks[i].data, v->blocks[i].len);
        nvm_writer_text(&w, ";");
    }

    for (i = 0; i < v->ncues; i++) {
        c = &v->cues[i];
        nvm_writer_fmt(&w, "%" PRIu64 "-%" PRIu64 "[", c->start_ms, c->end_ms);
        nvm_writer_bytes(&w, c->id.data, c->id.len);
        nvm_writer_text(&w, "]{");
        nvm_writer_bytes(&w, c->settings.data, c->settings.len);
        nvm_writer_text(&w, "}");
        nvm_writer_bytes(&w, c->text.data, c->text.len);
        nvm_writer_text(&w, ";");
    }

    for (i = 0; i < w.len && i < sizeof(text); i++) {
        text[i] = text[i] == '\n' ? '/' : text[i] == '\r' ? '\\' : text[i];
        text[i] = text[i] == '\0' ? '0' : text[i];
    }

    return done(&w);
}


static nvm_vtt_t *
parse(const char *data, size_t size)
{
    nvm_vtt_t    *v;
    nvm_fault_t   f;

    nvm_heap_done(&heap);
    nvm_heap_init(&heap, 4 * 1024 * 1024);
    memset(&f, 0, sizeof(f));

    if (nvm_vtt_parse(&heap.arena, data, size, &v, &f) != NVM_OK) {
        diag("%s: %s", nvm_strerror(f.code), f.what);
        return NULL;
    }

    return v;
}


static void
test_parse(void)
{
    nvm_vtt_t  *v;

    static const struct {
        const char  *what;
        const char  *data;
        size_t       size;
        const char  *cues;
        uint32_t     skipped;
    } t[] = {
        { "signature alone", TEXT("WEBVTT"), "", 0 },
        { "signature and line", TEXT("WEBVTT\n"), "", 0 },
        { "signature and blank line", TEXT("WEBVTT\n\n"), "", 0 },
        { "signature with a comment", TEXT("WEBVTT x --> y\n\nNOTE"), "", 0 },
        { "byte order mark and a tab",
          TEXT("\xef\xbb\xbfWEBVTT\tx\n\n00:01.000 --> 00:02.000\na"),
          "1000-2000[]{}a;", 0 },
        { "hours, identifier, settings, lines",
          TEXT("WEBVTT\n\nthe id\n1:00:00.000 --> 123:59:59.999  line:0 \t"
               "align:left \nfirst\n second \n\n\n\n"
               "00:01.000-->00:02.000\nb\n"),
          "1000-2000[]{}b;"
          "3600000-446399999[the id]{line:0 \talign:left}first/ second ;", 0 },
        { "CR, LF, CRLF",
          TEXT("WEBVTT\r\r1\r00:01.000 --> 00:02.000\ra\rb\r\r"
               "2\r\n00:02.000 --> 00:03.000\r\nc\r\nd\r\n\r\n"
               "3\n00:03.000 --> 00:04.000\ne\n\r4\n"),
          "1000-2000[1]{}a\\b;2000-3000[2]{}c\\/d;3000-4000[3]{}e;", 0 },
        { "header lines are dropped",
          TEXT("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\nSTYLE\n"
               "a\n\n00:01.000 --> 00:02.000\na"), "1000-2000[]{}a;", 0 },
        { "a cue ends the header",
          TEXT("WEBVTT\nKind: x\n00:01.000 --> 00:02.000\na"),
          "1000-2000[]{}a;", 0 },
        { "a cue on the second line",
          TEXT("WEBVTT\n00:01.000 --> 00:02.000\na"), "1000-2000[]{}a;", 0 },
        { "comments",
          TEXT("WEBVTT\n\nNOTE\na\nb\n\nNOTE 00:00.000 --> 00:01.000\n\n"
               "00:01.000 --> 00:02.000\na\n\nNOTE x"), "1000-2000[]{}a;", 1 },
        { "styles and regions before the first cue",
          TEXT("WEBVTT\n\nSTYLE\n::cue {}\nx\n\nREGION \t\nid:a\n\nSTYLE\n\n"
               "STYLES\na\n\n00:01.000 --> 00:02.000\na\n\nSTYLE\nb\n"),
          "STYLE/::cue {}/x;REGION \t/id:a;1000-2000[]{}a;", 0 },
        { "an arrow ends a style, STYLE may be an identifier",
          TEXT("WEBVTT\n\nSTYLE\nx\ny --> z\n\nSTYLE\n-->\nx\n\nSTYLE\n"
               "00:01.000 --> 00:02.000\na"),
          "STYLE/x;1000-2000[STYLE]{}a;", 2 },
        { "a cue may have no text",
          TEXT("WEBVTT\n\n00:01.000 --> 00:02.000\n\ntext\n\n"
               "00:02.000 --> 00:03.000"),
          "1000-2000[]{};2000-3000[]{};", 0 },
        { "an arrow ends a cue",
          TEXT("WEBVTT\n\n00:01.000 --> 00:02.000\na\n"
               "00:02.000 --> 00:03.000\nb\nfoo-->\n"
               "00:03.000 --> 00:04.000\nc\nid\n00:04.000 --> 00:05.000\nd"),
          "1000-2000[]{}a;2000-3000[]{}b;3000-4000[]{}c/id;4000-5000[]{}d;",
          1 },
        { "times follow times at once",
          TEXT("WEBVTT\n\n00:01.000 --> 00:02.000\n"
               "00:02.000 --> 00:03.000\nb"),
          "1000-2000[]{};2000-3000[]{}b;", 0 },
        { "odd arrows",
          TEXT("WEBVTT\n\n-->\n00:01.000 --> 00:02.000\na\n--->\n-->-->\n"
               "00:02.000 --> 00:03.000 --> x\nb\n\n->\n"
               "00:03.000 --> 00:04.000\n-- >"),
          "1000-2000[]{}a;2000-3000[]{--> x}b;3000-4000[->]{}-- >;", 3 },
        { "two lines before the times are not an identifier",
          TEXT("WEBVTT\n\na\nb\n00:01.000 --> 00:02.000\nc"),
          "1000-2000[]{}c;", 0 },
        { "white space is kept in identifiers, NUL too",
          TEXT("WEBVTT\n\n \n\f00:01.000\t-->\t00:02.000\f\n\0 a\0"),
          "1000-2000[ ]{}0 a0;", 0 },
        { "sorted by start, equals as in the file",
          TEXT("WEBVTT\n\n00:03.000 --> 00:04.000\na\n\n"
               "00:01.000 --> 00:09.000\nb\n\n00:03.000 --> 00:05.000\nc\n\n"
               "00:01.000 --> 00:02.000\nd\n"),
          "1000-9000[]{}b;1000-2000[]{}d;3000-4000[]{}a;3000-5000[]{}c;", 0 },
        { "never shown",
          TEXT("WEBVTT\n\n00:01.000 --> 00:01.000\na\n\n"
               "00:02.000 --> 00:01.000\nb"), "", 2 },
        { "lines with an arrow that are no times",
          TEXT("WEBVTT\n\n00:01.000 - -> 00:02.000 -->\n\n"
               "00:01.000 --> x\n\n --> 00:02.000\n\n"
               "00:01.000 --> 00:02.00\n\n00:01.000 \v--> 00:02.000\n\n"
               "00:01.000 --> 00:02.000 \n--\n->"),
          "1000-2000[]{}--/->;", 5 },
        { "settings that touch the time",
          TEXT("WEBVTT\n\n00:01.000 --> 00:02.000line:1\na"),
          "1000-2000[]{line:1}a;", 0 }
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        v = parse(t[i].data, t[i].size);
        is_str(v ? dump(v) : "(fault)", t[i].cues, "%s", t[i].what);
        is_int(v ? v->skipped : 99, t[i].skipped, "%s: skipped", t[i].what);
    }
}


static void
test_times(void)
{
    uint64_t      ms;
    nvm_err_e     rc;
    nvm_reader_t  r;

    static const struct {
        const char  *text;
        int64_t      vtt;
        int64_t      srt;
    } t[] = {
        { "00:00.000", 0, 0 },
        { "59:59.999", 3599999, 3599999 },
        { "00:00:00.001", 1, 1 },
        { "000:00:00.001", 1, 1 },
        { "1:02:03.004", 3723004, 3723004 },
        { "9999999:59:59.999", 35999999999999, 35999999999999 },
        { "10000000:00:00.000", -1, -1 },
        { "18446744073709551616:00:00.000", -1, -1 },
        { "60:00.000", -1, -1 },
        { "00:60.000", -1, -1 },
        { "00:60:00.000", -1, -1 },
        { "00:00:60.000", -1, -1 },
        { "00:00:0.000", -1, 0 },
        { "00:00:.000", -1, -1 },
        { "0:00.000", -1, 0 },
        { "000:00.000", -1, -1 },
        { "00:0.000", -1, 0 },
        { "00:000.000", -1, -1 },
        { "00:00.00", -1, 0 },
        { "00:00.0000", -1, -1 },
        { "00:00,500", -1, 500 },
        { "1:2:3,4", -1, 3723004 },
        { "00:00:00:000", -1, -1 },
        { "00:00", -1, -1 },
        { "00.000", -1, -1 },
        { ":00:00.000", -1, -1 },
        { "-00:01.000", -1, -1 },
        { "+00:01.000", -1, -1 },
        { "", -1, -1 }
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        nvm_reader_init(&r, t[i].text, strlen(t[i].text), 0);
        rc = nvm_vtt_time_read(&r, 0, &ms);
        is_int(rc == NVM_OK && nvm_reader_left(&r) == 0 ? (int64_t) ms : -1,
               t[i].vtt, "time \"%s\"", t[i].text);

        nvm_reader_init(&r, t[i].text, strlen(t[i].text), 0);
        rc = nvm_vtt_time_read(&r, 1, &ms);
        is_int(rc == NVM_OK && nvm_reader_left(&r) == 0 ? (int64_t) ms : -1,
               t[i].srt, "time \"%s\" in SubRip", t[i].text);
    }
}


static void
test_srt(void)
{
    nvm_vtt_t  *v;

    static const struct {
        const char  *what;
        const char  *data;
        size_t       size;
        const char  *cues;
    } t[] = {
        { "numbers, comma, CRLF",
          TEXT("\xef\xbb\xbf" "1\r\n00:00:01,000 --> 00:00:02,500\r\na\r\nb"
               "\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000 X1:1 X2:2\r\nc"),
          "1000-2500[1]{}a\\/b;3000-4000[2]{}c;" },
        { "points, no numbers, a line of spaces",
          TEXT("00:00:01.000 --> 00:00:02.500\na\n \t\n"
               "0:0:3,0 --> 0:0:4,5\nc\n"),
          "1000-2500[]{}a;3000-4005[]{}c;" },
        { "no blank lines",
          TEXT("1\n00:00:01,000 --> 00:00:02,000\na\nb\n2\n"
               "00:00:02,000 --> 00:00:03,000\n3\n"
               "00:00:03,000 --> 00:00:04,000\nc\n"),
          "1000-2000[1]{}a/b;2000-3000[2]{};3000-4000[3]{}c;" },
        { "tags",
          TEXT("1\n00:00:01,000 --> 00:00:02,000\n<B>a</B> <i>b</i> <u >c</u>"
               "<s>d</s> <font color=\"#fff\">e</font> <x> <b3> <b\n<br/>"
               "<font <i>f</i>"),
          "1000-2000[1]{}<b>a</b> <i>b</i> <u>c</u>d e &lt;x&gt; &lt;b3&gt; "
          "&lt;b/&lt;br/&gt;&lt;font <i>f</i>;" },
        { "references",
          TEXT("1\n00:00:01,000 --> 00:00:02,000\nA&T &amp; &lt;3 &nbsp; &x; <"
               "&"),
          "1000-2000[1]{}A&amp;T &amp; &lt;3 &nbsp; &amp;x; &lt;&amp;;" },
        { "overrides",
          TEXT("1\n00:00:01,000 --> 00:00:02,000\n{\\an8}a {\\i1}b{\\i0} {c}"
               "\n\n2\n00:00:02,000 --> 00:00:03,000\n{\\an2}{\\b1\\an1}\n"
               "a {\\\n{\\an\n\n3\n00:00:03,000 --> 00:00:04,000\n{\\an9}"),
          "1000-2000[1]{line:0}a b {c};"
          "2000-3000[2]{align:left}a {\\/{\\an;"
          "3000-4000[3]{line:0 align:right};" },
        { "STYLE is text",
          TEXT("STYLE\na\n\n1\n00:00:01,000 --> 00:00:02,000\nb\n"),
          "1000-2000[1]{}b;" }
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        v = parse(t[i].data, t[i].size);
        is_str(v ? dump(v) : "(fault)", t[i].cues, "SubRip: %s", t[i].what);
    }
}


static void
test_faults(void)
{
    nvm_heap_t     h;
    nvm_vtt_t     *v;
    nvm_err_e      rc;
    nvm_fault_t    f;

    static const char  cue[] =
        "1\n00:00:01,000 --> 00:00:02,000\na & b\n\n";

    static const struct {
        const char  *what;
        const char  *data;
        size_t       size;
        nvm_err_e    code;
    } t[] = {
        { "nothing", TEXT(""), NVM_EINVAL },
        { "part of a signature", TEXT("WEBVT"), NVM_EINVAL },
        { "signature in lower case", TEXT("webvtt\n\n"), NVM_EINVAL },
        { "a longer word", TEXT("WEBVTTX\n\n"), NVM_EINVAL },
        { "a mark alone", TEXT("\xef\xbb\xbf"), NVM_EINVAL },
        { "zeros", TEXT("\0\0\0\0\0\0\0\0"), NVM_EINVAL },
        { "arrows without times", TEXT("a --> b\n\n-->\n"), NVM_EINVAL },
        { "UTF-16", TEXT("\xff\xfe" "1\0\n\0"), NVM_EUNSUP },
        { "UTF-16, big-endian", TEXT("\xfe\xff" "\0001\0\n"), NVM_EUNSUP }
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        nvm_heap_init(&h, 65536);
        memset(&f, 0, sizeof(f));
        is_int(nvm_vtt_parse(&h.arena, t[i].data, t[i].size, &v, &f),
               t[i].code, "refused: %s", t[i].what);
        is_int(f.code, t[i].code, "and said so: %s", f.what);
        nvm_heap_done(&h);
    }

    for (size_t limit = 0; /* void */ ; limit += 8) {
        nvm_heap_init(&h, limit);
        memset(&f, 0, sizeof(f));
        rc = nvm_vtt_parse(&h.arena, cue, sizeof(cue) - 1, &v, &f);
        nvm_heap_done(&h);

        if (rc == NVM_OK) {
            ok(limit > sizeof(nvm_vtt_cue_t), "enough memory: %zu", limit);
            break;
        }

        if (rc != NVM_ENOMEM || f.code != NVM_ENOMEM || limit > 65536) {
            ok(0, "memory of %zu bytes: %s", limit, nvm_strerror(rc));
            break;
        }
    }
}


/* Styles and regions over the limit are left out, cues are not. */
static void
test_limits(void)
{
    nvm_vtt_t     *v;
    nvm_writer_t   w;
    static char    file[NVM_VTT_MAX_HEADER + 32 * NVM_VTT_MAX_BLOCKS];

    nvm_writer_init(&w, file, sizeof(file));
    nvm_writer_text(&w, "WEBVTT\n\n");

    for (unsigned i = 0; i < NVM_VTT_MAX_BLOCKS + 7; i++) {
        nvm_writer_text(&w, "STYLE\na\n\n");
    }

    nvm_writer_text(&w, "00:01.000 --> 00:02.000\na\n");
    v = parse(file, w.len);
    is_int(v->nblocks, NVM_VTT_MAX_BLOCKS, "number of styles");
    is_int(v->skipped, 7, "the others are skipped");
    is_int(v->ncues, 1, "the cue is there");

    nvm_writer_init(&w, file, sizeof(file));
    nvm_writer_text(&w, "WEBVTT\n\nSTYLE\n");

    for (unsigned i = 0; i < NVM_VTT_MAX_HEADER / 2 - 3; i++) {
        nvm_writer_text(&w, "a\n");
    }

    nvm_writer_text(&w, "\nSTYLE\nb\n\n00:01.000 --> 00:02.000\na\n");
    v = parse(file, w.len);
    is_int(v->nblocks, 1, "styles of exactly the limit less one byte");
    is_int(v->blocks[0].len, NVM_VTT_MAX_HEADER - 1, "whole");
    is_int(v->skipped, 1, "no room for another");
}


static const char *
segment(const nvm_vtt_t *v, uint64_t start, uint64_t end, uint64_t mpegts)
{
    nvm_writer_t  w, dry;

    nvm_writer_init(&dry, NULL, 0);
    nvm_writer_init(&w, text, sizeof(text));

    if (nvm_vtt_segment_write(&dry, v, start, end, mpegts)
        != nvm_vtt_segment_write(&w, v, start, end, mpegts)
        || dry.len != w.len)
    {
        return "(dry run differs)";
    }

    return done(&w);
}


static void
test_segment(void)
{
    nvm_vtt_t     *v;
    nvm_writer_t   w;

    static const char  file[] =
        "WEBVTT\r\rSTYLE\r::cue {}\r\rREGION\rid:a\r\r"
        "one\r00:01.000 --> 00:04.000 line:0\rA &amp; <i>B</i>\rC\r\r"
        "00:03.000 --> 01:00:00.000\rD\r\r"
        "00:04.000 --> 00:06.000\r\r";

    v = parse(file, sizeof(file) - 1);

    is_str(segment(v, 0, 2000, 900000),
           "WEBVTT\n"
           "X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n"
           "STYLE\n::cue {}\n\n"
           "REGION\nid:a\n\n"
           "one\n00:00:01.000 --> 00:00:04.000 line:0\n"
           "A &amp; <i>B</i>\nC\n\n", "first segment");

    is_str(segment(v, 2000, 4000, 0),
           "WEBVTT\n"
           "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"
           "STYLE\n::cue {}\n\n"
           "REGION\nid:a\n\n"
           "one\n00:00:01.000 --> 00:00:04.000 line:0\n"
           "A &amp; <i>B</i>\nC\n\n"
           "00:00:03.000 --> 01:00:00.000\nD\n\n",
           "a cue of both is in both; one that starts at the end is not");

    v->nblocks = 0;

    is_str(segment(v, 4000, 6000, UINT64_C(0x200000001)),
           "WEBVTT\n"
           "X-TIMESTAMP-MAP=MPEGTS:1,LOCAL:00:00:00.000\n\n"
           "00:00:03.000 --> 01:00:00.000\nD\n\n"
           "00:00:04.000 --> 00:00:06.000\n\n",
           "one that ends at the start is not; the timestamp has 33 bits");

    is_str(segment(v, 3600000, 3602000, 0),
           "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n",
           "an empty segment is a file");

    is_int(v->end_ms, 3600000, "end of the last cue");

    nvm_writer_init(&w, text, 20);
    is_int(nvm_vtt_segment_write(&w, v, 0, 9000, 0), NVM_EOVERFLOW,
           "no room");
}


/* Whatever cues are made of, they come back as they were meant. */
static void
test_hostile_cue(void)
{
    nvm_vtt_t        *v;
    nvm_heap_t        h;
    nvm_writer_t      w;
    nvm_vtt_cue_t     c;
    nvm_vtt_build_t   b;

    static const char  bad[] =
        "a-->\r\nb\n\n\nc\rd\0\xff\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x80"
        "\xc3z\xe2\x82";

    nvm_heap_init(&h, 65536);
    nvm_vtt_build_init(&b, &h.arena, 1000);

    memset(&c, 0, sizeof(c));
    c.start_ms = 35999999999999;
    c.end_ms = NVM_VTT_MAX_MS;
    c.id = (nvm_vtt_span_t) { "\n-->\n", 5 };
    c.settings = (nvm_vtt_span_t) { "x\r\n--> y", 8 };
    c.text = (nvm_vtt_span_t) { bad, sizeof(bad) - 1 };

    is_int(nvm_vtt_build_cue(&b, &c, NULL), NVM_OK, "add");
    is_int(nvm_vtt_build_done(&b, &v, NULL), NVM_OK, "done");

    is_str(segment(v, 0, UINT64_MAX, 0),
           "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"
           " --&gt; \n9999999:59:59.999 --> 10000000:00:00.000 x --&gt; y\n"
           "a--&gt;\nb\n \n \nc\nd\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9"
           "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80"
           "\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\n\n", "hostile cue");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_vtt_header_write(&w, v);
    is_str(done(&w), "WEBVTT\n\n", "header without styles");

    b.v.ncues = NVM_VTT_MAX_CUES;
    is_int(nvm_vtt_build_cue(&b, &c, NULL), NVM_ELIMIT, "too many cues");
    nvm_heap_done(&h);
}


static uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;

    return *state >> 8;
}


/* The tree against a linear search, in crowds, gaps and under long cues. */
static void
test_find(void)
{
    size_t                n, k, from, want;
    uint32_t              rnd, bad, length;
    uint64_t              at;
    nvm_vtt_t             v;
    static nvm_vtt_cue_t  cues[200];

    rnd = 1;
    bad = 0;

    for (n = 0; n <= 200; n += n < 20 ? 1 : 60) {
        memset(&v, 0, sizeof(v));
        v.cues = cues;
        v.ncues = n;

        for (k = 0; k < n; k++) {
            length = k % 50 == 7 ? 900 : 20;
            cues[k].number = (uint32_t) k + 1;
            cues[k].start_ms = next_random(&rnd) % 1000;
            cues[k].end_ms = cues[k].start_ms + 1
                             + next_random(&rnd) % length;
        }

        nvm_vtt_index(&v);

        for (k = 1; k < n; k++) {
            bad += cues[k - 1].start_ms > cues[k].start_ms
                   || (cues[k - 1].start_ms == cues[k].start_ms
                       && cues[k - 1].number >= cues[k].number);
        }

        for (k = 0; k < 300; k++) {
            from = next_random(&rnd) % (n + 2);
            at = next_random(&rnd) % 2000;

            for (want = from; want < n && cues[want].end_ms <= at; want++) {
                /* void */
            }

            bad += nvm_vtt_find(&v, from, at) != (want < n ? want : n);
        }
    }

    is_int(bad, 0, "order, and each search");
}


/*
 * Segments end to end: each cue is in all segments that it touches and no
 * other, and the cues that are new in a segment are those of the file.
 */
static void
test_round_trip(void)
{
    size_t         i, ncues;
    uint32_t       rnd, bad;
    uint64_t       at, seg, end;
    nvm_heap_t     h;
    nvm_vtt_t     *v, *part;
    nvm_writer_t   w, all;
    static char    file[65536], copy[65536];

    rnd = 7;
    at = 0;
    nvm_writer_init(&w, file, sizeof(file));
    nvm_writer_text(&w, "WEBVTT\n\nSTYLE\n::cue {}\n\n");

    for (i = 0; i < 400; i++) {
        at += next_random(&rnd) % 3000;
        end = at + 1 + next_random(&rnd) % (i % 40 ? 4000 : 90000);

        if (i % 3) {
            nvm_writer_fmt(&w, "%zu\n", i);
        }

        nvm_vtt_time_write(&w, at);
        nvm_writer_text(&w, " --> ");
        nvm_vtt_time_write(&w, end);
        nvm_writer_fmt(&w, "%s\ntext %zu &amp;\n<i>%u</i>\n\n",
                       i % 5 ? "" : " align:left", i, next_random(&rnd));
    }

    is_int(w.error, NVM_OK, "a file");
    v = parse(file, w.len);

    nvm_writer_init(&all, copy, sizeof(copy));
    nvm_writer_text(&all, "WEBVTT\n\nSTYLE\n::cue {}\n\n");
    ncues = 0;
    bad = 0;

    for (seg = 0; seg < v->end_ms; seg += 4000) {
        nvm_heap_init(&h, 1024 * 1024);
        (void) segment(v, seg, seg + 4000, 0);

        if (nvm_vtt_parse(&h.arena, text, strlen(text), &part, NULL)
            != NVM_OK)
        {
            bad++;
            break;
        }

        bad += part->nblocks != 1 || part->skipped != 0;

        for (i = 0; i < part->ncues; i++) {
            bad += part->cues[i].end_ms <= seg
                   || part->cues[i].start_ms >= seg + 4000;

            if (part->cues[i].start_ms < seg) {
                continue;
            }

            ncues++;

            if (part->cues[i].id.len) {
                nvm_vtt_line_write(&all, part->cues[i].id);
                nvm_writer_text(&all, "\n");
            }

            nvm_vtt_time_write(&all, part->cues[i].start_ms);
            nvm_writer_text(&all, " --> ");
            nvm_vtt_time_write(&all, part->cues[i].end_ms);
            nvm_writer_text(&all, part->cues[i].settings.len ? " " : "");
            nvm_vtt_line_write(&all, part->cues[i].settings);
            nvm_writer_text(&all, "\n");
            nvm_vtt_text_write(&all, part->cues[i].text);
            nvm_writer_text(&all, "\n\n");
        }

        nvm_heap_done(&h);
    }

    is_int(bad, 0, "every segment has its cues only");
    is_int(ncues, 400, "each cue is new once");
    is_mem(copy, all.len, file, w.len, "together they are the file");
}


int
main(void)
{
    nvm_heap_init(&heap, 0);

    test_parse();
    test_times();
    test_srt();
    test_faults();
    test_limits();
    test_segment();
    test_hostile_cue();
    test_find();
    test_round_trip();

    nvm_heap_done(&heap);

    return done_testing();
}
