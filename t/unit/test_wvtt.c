/*
 * Copyright (C) ngx_video authors
 *
 * Text tracks: samples of tx3g and wvtt become cues, and cues become wvtt
 * samples that fill a segment.
 */

#include <inttypes.h>

#include "nvm_cmaf.h"
#include "nvm_vtt_build.h"
#include "nvm_wvtt.h"
#include "tap.h"


#define BYTES(s)  s, sizeof(s) - 1


static char             text[65536];
static nvm_heap_t       heap;
static nvm_vtt_build_t  build;
static nvm_fault_t      fault;


static void
begin(uint32_t timescale)
{
    nvm_heap_done(&heap);
    nvm_heap_init(&heap, 4 * 1024 * 1024);
    nvm_vtt_build_init(&build, &heap.arena, timescale);
    memset(&fault, 0, sizeof(fault));
}


static nvm_vtt_t *
finish(void)
{
    nvm_vtt_t  *v;

    return nvm_vtt_build_done(&build, &v, NULL) == NVM_OK ? v : NULL;
}


/* "start-end[id]{settings}text;" for each cue; line ends show as "/". */
static const char *
dump(const nvm_vtt_t *v)
{
    size_t                i;
    nvm_writer_t          w;
    const nvm_vtt_cue_t  *c;

    nvm_writer_init(&w, text, sizeof(text));

    for (i = 0; v != NULL && i < v->ncues; i++) {
        c = &v->cues[i];
        nvm_writer_fmt(&w, "%" PRIu64 "-%" PRIu64, c->start_ms, c->end_ms);

        if (c->id.len || c->settings.len) {
            nvm_writer_text(&w, "[");
            nvm_writer_bytes(&w, c->id.data, c->id.len);
            nvm_writer_text(&w, "]{");
            nvm_writer_bytes(&w, c->settings.data, c->settings.len);
            nvm_writer_text(&w, "}");
        }

        nvm_writer_text(&w, " ");
        nvm_writer_bytes(&w, c->text.data, c->text.len);
        nvm_writer_text(&w, ";");
    }

    nvm_writer_u8(&w, 0);

    for (i = 0; !w.error && i + 1 < w.len; i++) {
        text[i] = text[i] == '\n' ? '/' : text[i] == '\0' ? '0' : text[i];
    }

    return w.error ? "(error)" : text;
}


static void
test_tx3g(void)
{
    nvm_err_e  rc;

    static const struct {
        const char  *what;
        const char  *data;
        size_t       size;
        const char  *cue;
    } t[] = {
        { "no bytes", BYTES(""), "" },
        { "empty", BYTES("\0\0"), "" },
        { "white space and zeros", BYTES("\0\5 \n\t\0\r"), "" },
        { "plain", BYTES("\0\5hello"), "1000-2000 hello;" },
        { "lines, without those around", BYTES("\0\7\na\n\nb\n "),
          "1000-2000 a//b;" },
        { "escapes", BYTES("\0\5<&>--"), "1000-2000 &lt;&amp;&gt;--;" },
        { "UTF-8, with a mark, broken",
          BYTES("\0\12\xef\xbb\xbf" "a\xc3\xa9\xffz\xe2\x82"),
          "1000-2000 a\xc3\xa9\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd;" },
        { "UTF-16",
          BYTES("\0\14\xfe\xff\0a\x20\xac\xd8\x3d\xde\x00\0&"),
          "1000-2000 a\xe2\x82\xac\xf0\x9f\x98\x80&amp;;" },
        { "UTF-16, little-endian, half a unit",
          BYTES("\0\7\xff\xfe" "a\0\xac\x20x"), "1000-2000 a\xe2\x82\xac;" },
        { "UTF-16, unpaired surrogates",
          BYTES("\0\14\xfe\xff\xde\x00\0a\xd8\x3d\0b\xd8\x3d"),
          "1000-2000 \xef\xbf\xbd" "a\xef\xbf\xbd" "b\xef\xbf\xbd;" },
        { "a mark alone", BYTES("\0\2\xfe\xff"), "" },
        { "bold", BYTES("\0\5abcde\0\0\0\x16styl\0\1"
                        "\0\1\0\3\0\1\1\22\0\0\0\0"),
          "1000-2000 a<b>bc</b>de;" },
        { "bold and italic, then italic, underlined at the end",
          BYTES("\0\5abcde\0\0\0\x2estyl\0\3"
                "\0\0\0\2\0\1\3\22\0\0\0\0" "\0\2\0\3\0\1\2\22\0\0\0\0"
                "\0\4\0\11\0\1\4\22\0\0\0\0"),
          "1000-2000 <b><i>ab</i></b><i>c</i>d<u>e</u>;" },
        { "italic, then bold and italic: i stays open",
          BYTES("\0\2ab\0\0\0\x22styl\0\2"
                "\0\0\0\1\0\1\2\22\0\0\0\0" "\0\1\0\2\0\1\3\22\0\0\0\0"),
          "1000-2000 <i>a<b>b</b></i>;" },
        { "italic, bold and italic, bold: nested all the time",
          BYTES("\0\3abc\0\0\0\x2estyl\0\3"
                "\0\0\0\1\0\1\2\22\0\0\0\0" "\0\1\0\2\0\1\3\22\0\0\0\0"
                "\0\2\0\3\0\1\1\22\0\0\0\0"),
          "1000-2000 <i>a<b>b</b></i><b>c</b>;" },
        { "offsets count characters",
          BYTES("\0\12\xc3\xa9\xf0\x9f\x98\x80" "abcd\0\0\0\x16styl\0\1"
                "\0\1\0\3\0\1\1\22\0\0\0\0"),
          "1000-2000 \xc3\xa9<b>\xf0\x9f\x98\x80" "a</b>bcd;" },
        { "a mark is not a character",
          BYTES("\0\10\xfe\xff\0a\0b\0c\0\0\0\x16styl\0\1"
                "\0\1\0\2\0\1\2\22\0\0\0\0"),
          "1000-2000 a<i>b</i>c;" },
        { "styles of the spaces around are not written",
          BYTES("\0\4 ab \0\0\0\x22styl\0\2"
                "\0\0\0\2\0\1\1\22\0\0\0\0" "\0\2\0\4\0\1\2\22\0\0\0\0"),
          "1000-2000 <b>a</b><i>b</i>;" },
        { "empty, overlapping and unsorted records, other faces",
          BYTES("\0\4abcd\0\0\0\x3astyl\0\4"
                "\0\2\0\2\0\1\1\22\0\0\0\0" "\0\1\0\3\0\1\x12\22\0\0\0\0"
                "\0\0\0\4\0\1\1\22\0\0\0\0" "\0\0\0\1\0\1\4\22\0\0\0\0"),
          "1000-2000 a<i>bc</i><b>d</b>;" },
        { "fewer records than claimed",
          BYTES("\0\2ab\0\0\0\x1bstyl\377\377"
                "\0\0\0\1\0\1\1\22\0\0\0\0" "\0\1\0\2\0"),
          "1000-2000 <b>a</b>b;" },
        { "other modifiers before it",
          BYTES("\0\2ab\0\0\0\x0chlit\0\0\0\1" "\0\0\0\x16styl\0\1"
                "\0\0\0\1\0\1\1\22\0\0\0\0"),
          "1000-2000 <b>a</b>b;" },
        { "a broken modifier", BYTES("\0\2ab\0\0\1\0styl\0\1"),
          "1000-2000 ab;" },
        { "an empty styl", BYTES("\0\2ab\0\0\0\x8styl"), "1000-2000 ab;" }
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        begin(1000);
        rc = nvm_vtt_from_tx3g(&build, t[i].data, t[i].size, 1000, 1000,
                               &fault);
        is_int(rc, NVM_OK, "tx3g: %s", t[i].what);
        is_str(dump(finish()), t[i].cue, "tx3g: %s", t[i].what);
    }

    begin(1000);
    is_int(nvm_vtt_from_tx3g(&build, BYTES("\0"), 0, 1, &fault), NVM_ETRUNC,
           "half a length");
    begin(1000);
    is_int(nvm_vtt_from_tx3g(&build, BYTES("\0\2a"), 0, 1, &fault),
           NVM_ETRUNC, "a length over the sample's");
    is_str(fault.what, "text is longer than its sample", "and says so");
}


static void
test_sample_times(void)
{
    static const uint32_t  ts = 90000;

    begin(ts);
    (void) nvm_vtt_from_tx3g(&build, BYTES("\0\1c"), 270001, 90000, NULL);
    (void) nvm_vtt_from_tx3g(&build, BYTES("\0\1a"), 90000, 90045, NULL);
    (void) nvm_vtt_from_tx3g(&build, BYTES("\0\1b"), 180045, 89956, NULL);
    (void) nvm_vtt_from_tx3g(&build, BYTES("\0\1x"), 400000, 0, NULL);
    is_str(dump(finish()), "1000-2001 a;2001-3000 b;3000-4000 c;",
           "times are rounded, touching ones alike; order is by time");
    is_int(build.v.skipped, 1, "no duration, no cue");

    begin(ts);
    is_int(nvm_vtt_from_tx3g(&build, BYTES("\0\1a"), UINT64_MAX, 1, &fault),
           NVM_EINVAL, "time wraps");
    begin(1);
    is_int(nvm_vtt_from_tx3g(&build, BYTES("\0\1a"), UINT64_C(1) << 62, 1,
                             &fault),
           NVM_ELIMIT, "time is out of range");
    begin(UINT32_MAX);
    is_int(nvm_vtt_from_tx3g(&build, BYTES("\0\1a"), INT64_MAX, UINT32_MAX,
                             &fault),
           NVM_EINVAL, "time is out of range, many ticks");
    begin(UINT32_MAX);
    is_int(nvm_vtt_from_tx3g(&build, BYTES("\0\1a"), 0, UINT32_MAX, &fault),
           NVM_OK, "longest duration");
    is_str(dump(finish()), "0-1000 a;", "of one second");
    begin(1);
    is_int(nvm_vtt_from_wvtt(&build, "", 0, 0, UINT32_MAX, &fault), NVM_OK,
           "an empty wvtt sample, longest duration");
}


#define A           "\0\0\0\x11vttc\0\0\0\x9paylA"
#define B           "\0\0\0\x11vttc\0\0\0\x9paylB"
#define GAP         "\0\0\0\x8vtte"
#define NOTE        "\0\0\0\xavtta:)"

#define ID(n)       "\0\0\0\x1dvttc\0\0\0\xcvsid\0\0\0" n "\0\0\0\x9paylA"


typedef struct {
    const char  *data;
    size_t       size;
    uint32_t     duration;
} sample_t;


/* Samples one after the other from 10 s on; a duration of 0 ends them. */
static void
wvtt(const sample_t *s, const char *want, const char *what)
{
    uint64_t   at;
    nvm_err_e  rc;

    begin(1000);
    at = 10000;
    rc = NVM_OK;

    for ( /* void */ ; s->duration && rc == NVM_OK; s++) {
        rc = nvm_vtt_from_wvtt(&build, s->data, s->size, at, s->duration,
                               &fault);
        at += s->duration;
    }

    is_int(rc, NVM_OK, "wvtt: %s", what);
    is_str(dump(finish()), want, "wvtt: %s", what);
}


static void
test_wvtt(void)
{
    wvtt((sample_t[]) { { BYTES(GAP), 1000 }, { BYTES(A), 500 },
                        { BYTES(GAP), 500 }, { BYTES(B NOTE), 1000 },
                        { BYTES(""), 1000 }, { BYTES(NOTE), 1000 }, { 0 } },
         "11000-11500 A;12000-13000 B;", "cues, gaps and comments");

    wvtt((sample_t[]) { { BYTES(A), 100 }, { BYTES(A B), 100 },
                        { BYTES(B A), 100 }, { BYTES(B), 100 }, { 0 } },
         "10000-10300 A;10100-10400 B;", "overlap, in any order");

    wvtt((sample_t[]) { { BYTES(A), 100 }, { BYTES(GAP), 100 },
                        { BYTES(A), 100 }, { 0 } },
         "10000-10100 A;10200-10300 A;", "not over a gap");

    begin(1000);
    (void) nvm_vtt_from_wvtt(&build, BYTES(A), 10000, 100, NULL);
    (void) nvm_vtt_from_wvtt(&build, BYTES(A), 10101, 100, NULL);
    is_str(dump(finish()), "10000-10100 A;10101-10201 A;",
           "nor over a hole in the track");

    wvtt((sample_t[]) { { BYTES(A A), 100 }, { BYTES(A A A), 100 },
                        { BYTES(A), 100 }, { 0 } },
         "10000-10300 A;10000-10200 A;10100-10200 A;",
         "the same twice is two cues");

    wvtt((sample_t[]) { { BYTES(ID("\1")), 100 }, { BYTES(ID("\1")), 100 },
                        { BYTES(ID("\2")), 100 }, { BYTES(A), 100 },
                        { BYTES(ID("\0")), 100 }, { 0 } },
         "10000-10200 A;10200-10300 A;10300-10400 A;10400-10500 A;",
         "sources are compared, and that there is one");

    wvtt((sample_t[]) {
             { BYTES("\0\0\0\x3avttc\0\0\0\xbiden 1\n\0\0\0\x10sttgline:0 \n"
                     "\0\0\0\xdpayl\na/b\n\0\0\0\xaxxxx12"), 100 },
             { BYTES("\0\0\0\x11vttc\0\0\0\x9paylA"), 100 }, { 0 } },
         "10000-10100[1]{line:0} a/b;10100-10200 A;",
         "identifier, settings, an unknown box");

    wvtt((sample_t[]) { { BYTES("\0\0\0\x10vttc\0\0\0\x8payl"), 100 },
                        { 0 } },
         "10000-10100 ;", "no text");
}


/* Times in a text are on the clock that ctim shows for the sample's start. */
static void
test_ctim(void)
{
    nvm_err_e  rc;

    static const char  moved[] =
        "\0\0\0\x48vttc\0\0\0\x14" "ctim00:00:05.000"
        "\0\0\0\x2cpayl<00:05.500>a<i><00:00:06.000>b</i><1";

    static const char  same[] =
        "\0\0\0\x2avttc\0\0\0\x14" "ctim00:00:10.001"
        "\0\0\0\x0epayl<00:12";

    static const char  bad[] =
        "\0\0\0\x27vttc\0\0\0\x0b" "ctimabc"
        "\0\0\0\x14payl<00:12.000>A";

    static const char  early[] =
        "\0\0\0\x30vttc\0\0\0\x14" "ctim00:01:00.000"
        "\0\0\0\x14payl<00:12.000>A";

    wvtt((sample_t[]) { { BYTES(moved), 100 }, { 0 } },
         "10000-10100 <00:00:10.500>a<i><00:00:11.000>b</i><1;",
         "times within the text are moved");

    wvtt((sample_t[]) { { BYTES(early), 100 }, { 0 } },
         "10000-10100 <00:00:00.000>A;", "but not before zero");

    wvtt((sample_t[]) { { BYTES(bad), 100 }, { 0 } },
         "10000-10100 <00:12.000>A;", "without a clock they stay");

    begin(1000);
    rc = nvm_vtt_from_wvtt(&build, same, sizeof(same) - 1, 10000, 1, &fault);
    is_int(rc, NVM_OK, "a millisecond is rounding");
    is_str(dump(finish()), "10000-10001 <00:12;", "and not a shift");
}


static void
test_wvtt_faults(void)
{
    static const struct {
        const char  *what;
        const char  *data;
        size_t       size;
        nvm_err_e    code;
        const char  *where;
        const char  *cues;
    } t[] = {
        { "no payl", BYTES("\0\0\0\x11vttc\0\0\0\x9idenA"), NVM_ENOENT,
          "wvtt/vttc", "" },
        { "a box that is too long", BYTES("\0\0\0\x12vttc\0\0\0\x9paylA"),
          NVM_ETRUNC, "wvtt/vttc", "" },
        { "a child that is too long", BYTES("\0\0\0\x11vttc\0\0\0\xapaylA"),
          NVM_ETRUNC, "wvtt/vttc/payl", "" },
        { "a size below the header's", BYTES("\0\0\0\x7vttc\0\0\0\x9paylA"),
          NVM_EINVAL, "wvtt/vttc", "" },
        { "a cut header after a cue", BYTES(A "\0\0\0\x9v"), NVM_ETRUNC,
          "wvtt", "0-1000 A;" }
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        begin(1);
        is_int(nvm_vtt_from_wvtt(&build, t[i].data, t[i].size, 0, 1, &fault),
               t[i].code, "refused: %s", t[i].what);
        is_str(fault.where, t[i].where, "path: %s", fault.what);
        is_str(dump(finish()), t[i].cues, "what stood before it stays");
    }

    begin(1000);
    build.v.ncues = NVM_VTT_MAX_CUES;
    is_int(nvm_vtt_from_wvtt(&build, BYTES(A), 0, 1, &fault), NVM_ELIMIT,
           "too many cues");
    build.v.ncues = NVM_VTT_MAX_CUES;
    memset(&fault, 0, sizeof(fault));
    is_int(nvm_vtt_from_tx3g(&build, BYTES("\0\1a"), 0, 1, &fault),
           NVM_ELIMIT, "too many cues in tx3g");
}


static void
test_header(void)
{
    nvm_vtt_t     *v;
    nvm_writer_t   w;

    static const char  config[] = "WEBVTT\n\nSTYLE\n::cue {}\n";

    begin(1000);
    is_int(nvm_vtt_build_header(&build, config, sizeof(config) - 1, &fault),
           NVM_OK, "header of a wvtt track");
    (void) nvm_vtt_from_wvtt(&build, BYTES(A), 0, 1, &fault);
    v = finish();
    is_int(v->nblocks, 1, "its style");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_vtt_header_write(&w, v);
    is_mem(text, w.len, "WEBVTT\n\nSTYLE\n::cue {}\n\n", 24,
           "is written again");

    is_int(nvm_vtt_build_header(&build, "x", 1, NULL), NVM_EINVAL,
           "no header");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_wvtt_entry_write(&w, BYTES("WEBVTT\n\n"));
    is_mem(text, w.len,
           "\0\0\0\x20wvtt\0\0\0\0\0\0\0\1\0\0\0\x10vttCWEBVTT\n\n", 32,
           "sample entry");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_wvtt_entry_write(&w, NULL, 0);
    is_mem(text, w.len, "\0\0\0\x1ewvtt\0\0\0\0\0\0\0\1\0\0\0\x0evttCWEBVTT",
           30, "sample entry without styles");
}


static nvm_vtt_t *
parse(const char *data)
{
    nvm_vtt_t  *v;

    nvm_heap_done(&heap);
    nvm_heap_init(&heap, 4 * 1024 * 1024);

    return nvm_vtt_parse(&heap.arena, data, strlen(data), &v, NULL) == NVM_OK
           ? v : NULL;
}


static nvm_sample_t  samples[4096];
static char          payload[1024 * 1024];


/* Dry, then for real; returns the number of samples. */
static size_t
segment(const nvm_vtt_t *v, uint32_t timescale, uint64_t start,
    uint32_t duration, size_t *size)
{
    size_t              i, n, counted;
    uint64_t            at, offset;
    nvm_writer_t        w, dry;
    nvm_wvtt_segment_t  s = { v, timescale, start, duration };

    nvm_writer_init(&dry, NULL, 0);
    nvm_writer_init(&w, payload, sizeof(payload));
    n = sizeof(samples) / sizeof(samples[0]);

    if (nvm_wvtt_segment_write(&dry, &s, NULL, &counted) != NVM_OK
        || nvm_wvtt_segment_write(&w, &s, samples, &n) != NVM_OK
        || nvm_writer_done(&w, dry.len) != NVM_OK || n != counted)
    {
        return 0;
    }

    for (i = 0, at = start, offset = 0; i < n; i++) {
        if (samples[i].dts != at || samples[i].offset != offset
            || samples[i].duration == 0 || !samples[i].key || samples[i].cts)
        {
            return 0;
        }

        at += samples[i].duration;
        offset += samples[i].size;
    }

    *size = w.len;

    return at == start + duration && offset == w.len ? n : 0;
}


static void
test_segment(void)
{
    size_t            size;
    uint64_t          bytes;
    nvm_vtt_t        *v;
    nvm_track_t       track;
    nvm_writer_t      w;
    nvm_cmaf_chunk_t  chunk;

    v = parse("WEBVTT\n\n"
              "one\n00:01.000 --> 00:04.000 line:0\nA\n\n"
              "00:03.000 --> 00:05.000\nB\nb\n\n"
              "00:06.000 --> 00:07.000\n<00:06.500>C\n");

    is_int(segment(v, 1000, 0, 2000, &size), 2, "a gap and a cue");
    is_mem(payload, size,
           "\0\0\0\x8vtte"
           "\0\0\0\x36vttc\0\0\0\xcvsid\0\0\0\1\0\0\0\x0bidenone"
           "\0\0\0\x0esttgline:0\0\0\0\x9paylA", 8 + 0x36, "bytes");
    is_int(samples[0].duration, 1000, "the gap's duration");

    is_int(segment(v, 1000, 2000, 4000, &size), 4, "overlap");
    is_int(samples[0].duration, 1000, "one");
    is_int(samples[1].duration, 1000, "both");
    is_int(samples[2].duration, 1000, "the other");
    is_int(samples[3].size, 8, "a gap");
    is_mem(payload + samples[2].offset, samples[2].size,
           "\0\0\0\x33vttc\0\0\0\xcvsid\0\0\0\2"
           "\0\0\0\x14" "ctim00:00:04.000\0\0\0\xbpaylB\nb", 0x33,
           "a cue that began before has its clock");

    is_int(segment(v, 90000, 6 * 90000, 90000, &size), 1, "a whole cue");
    is_mem(payload, size,
           "\0\0\0\x3cvttc\0\0\0\xcvsid\0\0\0\3"
           "\0\0\0\x14" "ctim00:00:06.000\0\0\0\x14payl<00:06.500>C", 0x3c,
           "one with times in it has it too");

    is_int(segment(v, 90000, 7 * 90000, UINT32_MAX, &size), 1,
           "nothing for as long as can be");
    is_mem(payload, size, "\0\0\0\x8vtte", 8, "is one gap");

    is_int(segment(v, 1000, 0, 8000, &size), 7, "all");

    memset(&track, 0, sizeof(track));
    track.id = 1;
    chunk = (nvm_cmaf_chunk_t) { &track, samples, 7, 0, 1, 0, 1, 0, NULL,
                                 0, NULL };
    nvm_writer_init(&w, text, sizeof(text));
    is_int(nvm_cmaf_chunk_write(&w, &chunk, &bytes), NVM_OK, "as a chunk");
    is_int(bytes, (long long) size, "of that size");
}


static void
test_segment_limits(void)
{
    size_t              n, size;
    nvm_vtt_t           v;
    nvm_writer_t        w;
    nvm_wvtt_segment_t  s = { &v, 1000, 0, 1000 };

    static char           big[1024 * 1024];
    static nvm_vtt_cue_t  cues[NVM_VTT_MAX_ACTIVE + 1];

    memset(&v, 0, sizeof(v));
    memset(big, 'a', sizeof(big));
    v.cues = cues;
    nvm_vtt_index(&v);

    is_int(segment(&v, 1000, 5, 7, &size), 1, "no cue at all");

    s.duration = 0;
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_wvtt_segment_write(&w, &s, NULL, &n), NVM_EINVAL,
           "no duration");

    s.start = UINT64_MAX;
    s.duration = 1;
    is_int(nvm_wvtt_segment_write(&w, &s, NULL, &n), NVM_EINVAL,
           "time wraps");

    s.start = UINT64_MAX - 1;
    is_int(nvm_wvtt_segment_write(&w, &s, NULL, &n), NVM_OK,
           "the last tick of all");

    for (size_t i = 0; i <= NVM_VTT_MAX_ACTIVE; i++) {
        cues[i].start_ms = i;
        cues[i].end_ms = 500 + i;
        cues[i].number = (uint32_t) i + 1;
    }

    s.start = 0;
    s.duration = 1000;
    v.ncues = NVM_VTT_MAX_ACTIVE;
    nvm_vtt_index(&v);
    is_int(segment(&v, 1000, 0, 1000, &size), 2 * NVM_VTT_MAX_ACTIVE,
           "as many cues as are allowed");

    n = 2 * NVM_VTT_MAX_ACTIVE - 1;
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_wvtt_segment_write(&w, &s, samples, &n), NVM_EOVERFLOW,
           "no room for a sample");

    nvm_writer_init(&w, payload, 100);
    is_int(nvm_wvtt_segment_write(&w, &s, NULL, &n), NVM_EOVERFLOW,
           "no room for the bytes");

    v.ncues++;
    nvm_vtt_index(&v);
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_wvtt_segment_write(&w, &s, NULL, &n), NVM_ELIMIT,
           "one more");

    v.ncues = 1;
    nvm_vtt_index(&v);
    cues[0].text = (nvm_vtt_span_t) { big, sizeof(big) };
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_wvtt_segment_write(&w, &s, NULL, &n), NVM_OK,
           "a long text");

    for (size_t i = 1; i < 5; i++) {
        cues[i].text = cues[0].text;
    }

    v.ncues = 5;
    nvm_vtt_index(&v);
    is_int(nvm_wvtt_segment_write(&w, &s, NULL, &n), NVM_ELIMIT,
           "repeated too often");

    /* 10 ticks a second: 40 ms is no tick, 160 ms is one */

    v.ncues = 2;
    cues[0] = (nvm_vtt_cue_t) { .start_ms = 60, .end_ms = 100, .number = 1 };
    cues[1] = (nvm_vtt_cue_t) { .start_ms = 60, .end_ms = 220, .number = 2 };
    nvm_vtt_index(&v);
    is_int(segment(&v, 10, 0, 10, &size), 3, "coarse ticks");
    is_int(samples[1].duration, 1, "one is shown");
    is_int(samples[1].size, 28, "the other is not");
}


/* Segments of a file read back: the same cues, in any timescale. */
static void
round_trip(const nvm_vtt_t *v, uint32_t timescale, uint32_t duration)
{
    size_t            i, n, size;
    uint32_t          bad;
    uint64_t          start, end;
    nvm_heap_t        h;
    nvm_vtt_t        *got;
    nvm_vtt_build_t   b;

    nvm_heap_init(&h, 4 * 1024 * 1024);
    nvm_vtt_build_init(&b, &h.arena, timescale);
    end = v->end_ms * timescale / 1000 + 1;
    bad = 0;

    for (start = 0; start < end; start += duration) {
        n = segment(v, timescale, start, duration, &size);
        bad += n == 0;

        for (i = 0; i < n; i++) {
            bad += nvm_vtt_from_wvtt(&b, payload + samples[i].offset,
                                     samples[i].size, samples[i].dts,
                                     samples[i].duration, NULL) != NVM_OK;
        }
    }

    bad += nvm_vtt_build_done(&b, &got, NULL) != NVM_OK;
    is_int(bad, 0, "segments of %u ticks at %u Hz", duration, timescale);
    is_int(got->ncues, (long long) v->ncues, "as many cues");

    for (i = 0; i < got->ncues && i < v->ncues; i++) {
        bad += got->cues[i].start_ms != v->cues[i].start_ms
               || got->cues[i].end_ms != v->cues[i].end_ms
               || !nvm_vtt_same(got->cues[i].id, v->cues[i].id)
               || !nvm_vtt_same(got->cues[i].settings, v->cues[i].settings)
               || !nvm_vtt_same(got->cues[i].text, v->cues[i].text);
    }

    is_int(bad, 0, "and the same");
    nvm_heap_done(&h);
}


static void
test_round_trip(void)
{
    uint32_t      at;
    nvm_vtt_t    *v;
    nvm_writer_t  w;
    static char   file[32768];

    nvm_writer_init(&w, file, sizeof(file));
    nvm_writer_text(&w, "WEBVTT\n\n");
    at = 0;

    for (unsigned i = 0; i < 300; i++) {
        at += i * 7919 % 2001;

        if (i % 3) {
            nvm_writer_fmt(&w, "%u\n", i % 17);
        }

        nvm_vtt_time_write(&w, at);
        nvm_writer_text(&w, " --> ");
        nvm_vtt_time_write(&w, at + 1 + i * 104729 % (i % 30 ? 5003 : 60013));

        /* the same text often follows itself, or is there twice */

        nvm_writer_fmt(&w, "%s\n%s&amp; %u\n\n", i % 5 ? "" : " align:left",
                       i % 7 ? "" : "<00:00:01.000>", i % 2);
    }

    nvm_writer_u8(&w, 0);
    v = w.error ? NULL : parse(file);

    if (!ok(v != NULL, "a file")) {
        return;
    }

    round_trip(v, 1000, 4000);
    round_trip(v, 90000, 360360);
    round_trip(v, 48000, 96256);
    round_trip(v, 1000, 997);
}


/* Every allocation may fail. */
static void
test_memory(void)
{
    size_t       limit;
    nvm_err_e    rc;
    nvm_vtt_t   *v;

    static const char  sample[] =
        "\0\0\0\x43vttc\0\0\0\x9idenI\0\0\0\xdsttgalign"
        "\0\0\0\x11" "ctim00:05.000" "\0\0\0\x14payl<00:01.000>A";

    for (limit = 0, rc = NVM_ENOMEM; rc == NVM_ENOMEM && limit < 65536;
         limit += 16)
    {
        nvm_heap_done(&heap);
        nvm_heap_init(&heap, limit);
        nvm_vtt_build_init(&build, &heap.arena, 1000);
        memset(&fault, 0, sizeof(fault));

        rc = nvm_vtt_from_wvtt(&build, sample, sizeof(sample) - 1, 0, 100,
                               &fault);

        if (rc == NVM_OK) {
            rc = nvm_vtt_from_tx3g(&build, BYTES("\0\1&"), 100, 100, &fault);
        }

        if (rc == NVM_OK) {
            rc = nvm_vtt_build_done(&build, &v, &fault);
        }

        if (rc != fault.code) {
            break;
        }
    }

    is_int(rc, NVM_OK, "with %zu bytes, and never before", limit);
}


int
main(void)
{
    nvm_heap_init(&heap, 0);

    test_tx3g();
    test_sample_times();
    test_wvtt();
    test_ctim();
    test_wvtt_faults();
    test_header();
    test_segment();
    test_segment_limits();
    test_round_trip();
    test_memory();

    nvm_heap_done(&heap);

    return done_testing();
}
