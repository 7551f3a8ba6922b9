/*
 * Copyright (C) ngx_video authors
 *
 * HLS playlists, byte for byte, and the pieces of text they are made of.
 */

#include "nvm_hls.h"
#include "nvm_text.h"
#include "tap.h"


static char  text[65536];


static const char *
done(nvm_writer_t *w)
{
    if (w->error || w->len >= sizeof(text)) {
        return "(error)";
    }

    text[w->len] = '\0';

    return text;
}


static const char *
master(const nvm_hls_master_t *m)
{
    nvm_writer_t  w, dry;

    nvm_writer_init(&dry, NULL, 0);
    nvm_writer_init(&w, text, sizeof(text));

    if (nvm_hls_master_write(&dry, m) != nvm_hls_master_write(&w, m)
        || dry.len != w.len)
    {
        return "(dry run differs)";
    }

    return done(&w);
}


static const char *
media(const nvm_timeline_t *tl, const nvm_hls_media_t *opt)
{
    nvm_writer_t  w, dry;

    nvm_writer_init(&dry, NULL, 0);
    nvm_writer_init(&w, text, sizeof(text));

    if (nvm_hls_media_write(&dry, tl, opt) != nvm_hls_media_write(&w, tl, opt)
        || dry.len != w.len)
    {
        return "(dry run differs)";
    }

    return done(&w);
}


static void
test_text(void)
{
    nvm_writer_t  w;

    static const struct {
        int64_t      ms;
        const char  *text;
    } dates[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { -5, "1970-01-01T00:00:00.000Z" },
        { 951782399999, "2000-02-28T23:59:59.999Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 951868800000, "2000-03-01T00:00:00.000Z" },
        { 1709210096789, "2024-02-29T12:34:56.789Z" },
        { 1735689599001, "2024-12-31T23:59:59.001Z" },
        { 4107542400000, "2100-03-01T00:00:00.000Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" }
    };

    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        nvm_writer_init(&w, text, sizeof(text));
        nvm_text_date(&w, dates[i].ms);
        is_str(done(&w), dates[i].text, "date %zu", i);
    }

    nvm_writer_init(&w, text, sizeof(text));
    nvm_text_uri(&w, "e1f/a b\"c\n{$x}#\x80&%41", 0);
    is_str(done(&w), "e1f/a%20b%22c%0A%7B%24x%7D%23%80&%41", "URI");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_text_query(&w, "a=1&b=<'", 1);
    is_str(done(&w), "?a=1&amp;b=%3C'", "query in XML");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_text_quoted(&w, "a\"b\r\nc\xc3\xa9\xff\xc3\xc2\x85");
    is_str(done(&w), "a'b  c\xc3\xa9?? ", "quoted string");

    nvm_writer_init(&w, text, sizeof(text));
    nvm_text_xml(&w, "<a b=\"c\">&\x01\xed\xa0\x80\xf0\x9f\x8e\xac\xf4\x90"
                 "\x80\x80\xe0\x80\x80\xc0\xef\xbf\xbf");
    is_str(done(&w), "&lt;a b=&quot;c&quot;&gt;&amp; ???\xf0\x9f\x8e\xac"
           "???????????", "XML text");

    is_str(nvm_text_lang("eng"), "en", "language");
    is_str(nvm_text_lang("ger"), "de", "bibliographic code");
    is_str(nvm_text_lang("yue"), "yue", "without a short form");
    ok(nvm_text_lang("und") == NULL && nvm_text_lang("") == NULL
       && nvm_text_lang("e\"g") == NULL, "no language");
}


static nvm_track_t  video = {
    .kind = NVM_VIDEO, .codec = NVM_CODEC_H264, .timescale = 90000,
    .bandwidth = 2000000, .avg_bandwidth = 1500000, .width = 720,
    .height = 576, .sar_num = 64, .sar_den = 45, .fps_num = 30000,
    .fps_den = 1001, .codecs = "avc1.64001e", .lang = "und"
};

static nvm_track_t  english = {
    .kind = NVM_AUDIO, .codec = NVM_CODEC_AAC, .timescale = 48000,
    .bandwidth = 130000, .avg_bandwidth = 128000, .sample_rate = 48000,
    .channels = 2, .codecs = "mp4a.40.2", .lang = "eng"
};

static nvm_track_t  unknown = {
    .kind = NVM_AUDIO, .codec = NVM_CODEC_AAC, .timescale = 24000,
    .bandwidth = 65000, .avg_bandwidth = 64000, .sample_rate = 24000,
    .channels = 2, .codecs = "mp4a.40.5", .lang = "und"
};


static void
test_master(void)
{
    nvm_track_t          small;
    nvm_writer_t         w;
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r[6];

    small = video;
    small.sar_num = 0;
    small.width = 320;
    small.height = 180;
    small.fps_num = 0;
    small.avg_bandwidth = 0;
    small.bandwidth = 0;

    memset(&m, 0, sizeof(m));
    memset(r, 0, sizeof(r));
    m.renditions = r;
    m.independent = 1;

    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_hls_master_write(&w, &m), NVM_ENOENT, "no rendition");
    is_int(w.len, 0, "nothing is written");

    r[0].track = &video;
    r[0].dir = "v0";
    m.nrenditions = 1;
    is_str(master(&m),
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-INDEPENDENT-SEGMENTS\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1500000,"
           "CODECS=\"avc1.64001e\",RESOLUTION=1024x576,FRAME-RATE=29.970\n"
           "v0/index.m3u8\n", "video alone");

    r[1].track = &english;
    r[1].dir = "a0";
    r[2].track = &unknown;
    r[2].dir = "a1";
    r[3].track = &english;
    r[3].dir = "a2";
    r[4].track = &english;
    r[4].dir = "a3";
    r[4].name = "Director's \"cut\"";
    r[5].track = &small;
    r[5].dir = "v1";
    m.nrenditions = 6;
    m.query = "t=a\"b&c";
    m.independent = 0;
    is_str(master(&m),
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"en\","
           "LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\","
           "URI=\"a0/index.m3u8?t=a%22b&c\"\n"
           "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\","
           "DEFAULT=NO,AUTOSELECT=YES,CHANNELS=\"2\","
           "URI=\"a1/index.m3u8?t=a%22b&c\"\n"
           "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"en (a2)\","
           "LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=NO,CHANNELS=\"2\","
           "URI=\"a2/index.m3u8?t=a%22b&c\"\n"
           "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\","
           "NAME=\"Director's 'cut'\","
           "LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=NO,CHANNELS=\"2\","
           "URI=\"a3/index.m3u8?t=a%22b&c\"\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=2130000,AVERAGE-BANDWIDTH=1628000,"
           "CODECS=\"avc1.64001e,mp4a.40.2,mp4a.40.5\",RESOLUTION=1024x576,"
           "FRAME-RATE=29.970,AUDIO=\"audio\"\n"
           "v0/index.m3u8?t=a%22b&c\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=130000,"
           "CODECS=\"avc1.64001e,mp4a.40.2,mp4a.40.5\",RESOLUTION=320x180,"
           "AUDIO=\"audio\"\n"
           "v1/index.m3u8?t=a%22b&c\n", "renditions, languages, a query");

    m.renditions = r + 1;
    m.nrenditions = 2;
    m.query = NULL;
    is_str(master(&m),
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,"
           "CODECS=\"mp4a.40.2\"\n"
           "a0/index.m3u8\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=65000,AVERAGE-BANDWIDTH=64000,"
           "CODECS=\"mp4a.40.5\"\n"
           "a1/index.m3u8\n", "audio alone");
}


/* The lines that begin so, without what they begin with. */
static const char *
lines(const nvm_hls_master_t *m, const char *begin)
{
    size_t       n;
    const char  *p, *end;
    static char  got[4096];

    got[0] = '\0';
    n = strlen(begin);

    for (p = master(m); (end = strchr(p, '\n')) != NULL; p = end + 1) {
        if (strncmp(p, begin, n) == 0) {
            strncat(got, p + n, (size_t) (end - p) - n + 1);
        }
    }

    return got;
}


#define MEDIA       "#EXT-X-MEDIA:TYPE=AUDIO,"
#define STREAM_INF  "#EXT-X-STREAM-INF:"


/* The first audio is in the video's segments whatever else is played. */
/* Subtitles: their group, names that differ, rates, and no variants alone. */
static void
test_subtitles(void)
{
    nvm_track_t          french;
    nvm_writer_t         w;
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r[5];

    static nvm_track_t   text = {
        .kind = NVM_TEXT, .codec = NVM_CODEC_WVTT, .timescale = 1000,
        .bandwidth = 4000, .avg_bandwidth = 1000, .codecs = "wvtt",
        .lang = "eng"
    };

    french = text;
    strcpy(french.lang, "fra");
    french.bandwidth = 3000;
    french.avg_bandwidth = 2000;

    memset(&m, 0, sizeof(m));
    memset(r, 0, sizeof(r));
    m.renditions = r;

    r[0].track = &text;
    r[0].dir = "s0";
    m.nrenditions = 1;
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_hls_master_write(&w, &m), NVM_ENOENT, "text alone is nothing");
    is_int(w.len, 0, "nothing is written");

    r[1].track = &english;
    r[1].dir = "a0";
    r[2].track = &video;
    r[2].dir = "v0";
    r[3].track = &french;
    r[3].dir = "s1";
    r[4].track = &text;
    r[4].dir = "s2";
    m.nrenditions = 5;
    is_str(master(&m),
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"en\","
           "LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,"
           "URI=\"s0/index.m3u8\"\n"
           "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"fr\","
           "LANGUAGE=\"fr\",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,"
           "URI=\"s1/index.m3u8\"\n"
           "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\","
           "NAME=\"en (s2)\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=NO,"
           "FORCED=NO,URI=\"s2/index.m3u8\"\n"
           "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"en\","
           "LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\","
           "URI=\"a0/index.m3u8\"\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=2134000,AVERAGE-BANDWIDTH=1630000,"
           "CODECS=\"avc1.64001e,mp4a.40.2\",RESOLUTION=1024x576,"
           "FRAME-RATE=29.970,AUDIO=\"audio\",SUBTITLES=\"subtitles\"\n"
           "v0/index.m3u8\n", "subtitles in two languages");

    m.nrenditions = 2;
    ok(strstr(master(&m), "BANDWIDTH=134000,AVERAGE-BANDWIDTH=129000,"
             "CODECS=\"mp4a.40.2\",SUBTITLES=\"subtitles\"\n") != NULL,
       "with audio");
}


/* Key frames: a playlist of its own for each video, listed after all. */
static void
test_keys(void)
{
    nvm_track_t          keys;
    nvm_segment_t        s[2];
    nvm_timeline_t       tl;
    nvm_hls_media_t      opt;
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r[2];

    keys = video;
    keys.bandwidth = 200000;
    keys.avg_bandwidth = 150000;
    keys.fps_num = 0;

    memset(&m, 0, sizeof(m));
    memset(r, 0, sizeof(r));
    r[0].track = &video;
    r[0].dir = "v0";
    r[0].keys = &keys;
    r[1].track = &video;
    r[1].dir = "v1";
    m.renditions = r;
    m.nrenditions = 2;
    m.query = "t=1";
    is_str(strstr(master(&m), "v1/index"),
           "v1/index.m3u8?t=1\n"
           "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=200000,"
           "AVERAGE-BANDWIDTH=150000,CODECS=\"avc1.64001e\","
           "RESOLUTION=1024x576,URI=\"iframe/v0.m3u8?t=1\"\n",
           "of one of two");

    memset(s, 0, sizeof(s));
    memset(&opt, 0, sizeof(opt));
    s[0].duration = 180180;
    s[0].complete = 1;
    s[1].msn = 1;
    s[1].start = 180180;
    s[1].duration = 90090;
    s[1].complete = 1;
    tl = (nvm_timeline_t) { .track = &keys, .segments = s, .nsegments = 2,
                            .target = 2, .ended = 1 };
    opt.vod = 1;
    opt.keys = 1;
    opt.prefix = "../v0/e1f/";
    is_str(media(&tl, &opt),
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-TARGETDURATION:2\n"
           "#EXT-X-MEDIA-SEQUENCE:0\n"
           "#EXT-X-PLAYLIST-TYPE:VOD\n"
           "#EXT-X-I-FRAMES-ONLY\n"
           "#EXT-X-MAP:URI=\"../v0/e1f/init.mp4\"\n"
           "#EXTINF:2.002000,\n"
           "../v0/e1f/i0.m4s\n"
           "#EXTINF:1.001000,\n"
           "../v0/e1f/i1.m4s\n"
           "#EXT-X-ENDLIST\n", "the playlist");
}


/* A picture that is shown turned has the size that it is shown in. */
static void
test_rotation(void)
{
    nvm_track_t          turned;
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r;

    turned = video;
    memset(&m, 0, sizeof(m));
    memset(&r, 0, sizeof(r));
    r.track = &turned;
    r.dir = "v0";
    m.renditions = &r;
    m.nrenditions = 1;

    turned.rotation = 1;
    ok(strstr(master(&m), "RESOLUTION=576x1024,") != NULL,
       "a quarter");
    turned.rotation = 2;
    ok(strstr(master(&m), "RESOLUTION=1024x576,") != NULL,
       "upside down");
    turned.rotation = 3;
    ok(strstr(master(&m), "RESOLUTION=576x1024,") != NULL,
       "three quarters");
}


static void
test_muxed_rate(void)
{
    nvm_track_t          french;
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r[4];

    french = english;
    memcpy(french.lang, "fra", 4);
    french.bandwidth = 70000;
    french.avg_bandwidth = 64000;

    memset(&m, 0, sizeof(m));
    m.renditions = r;
    m.ts = 1;
    r[0] = (nvm_hls_rendition_t) { .track = &video, .dir = "v0" };
    r[1] = (nvm_hls_rendition_t) { .track = &english, .dir = "a0" };
    r[2] = (nvm_hls_rendition_t) { .track = &french, .dir = "a1" };

    m.nrenditions = 2;
    is_str(lines(&m, STREAM_INF "BANDWIDTH="),
           "2130000,AVERAGE-BANDWIDTH=1628000,"
           "CODECS=\"avc1.64001e,mp4a.40.2\",RESOLUTION=1024x576,"
           "FRAME-RATE=29.970,AUDIO=\"audio\"\n", "one audio, muxed");

    m.nrenditions = 3;
    is_str(lines(&m, STREAM_INF "BANDWIDTH="),
           "2200000,AVERAGE-BANDWIDTH=1692000,"
           "CODECS=\"avc1.64001e,mp4a.40.2\",RESOLUTION=1024x576,"
           "FRAME-RATE=29.970,AUDIO=\"audio\"\n", "and another beside it");
}


/* One group for each codec, with the same members; every pair a variant. */
static void
test_groups(void)
{
    nvm_track_t          surround, objects, french, small;
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r[7];

    small = video;
    small.bandwidth = 500000;
    small.width = 320;

    french = english;
    memcpy(french.lang, "fra", 4);

    surround = english;
    surround.codec = NVM_CODEC_AC3;
    surround.channels = 6;
    surround.bandwidth = 448000;
    strcpy(surround.codecs, "ac-3");

    objects = surround;
    objects.codec = NVM_CODEC_EAC3;
    objects.joc = 16;
    objects.bandwidth = 768000;
    strcpy(objects.codecs, "ec-3");

    memset(&m, 0, sizeof(m));
    memset(r, 0, sizeof(r));
    m.renditions = r;
    m.nrenditions = 6;
    r[0] = (nvm_hls_rendition_t) { .track = &video, .dir = "v0" };
    r[1] = (nvm_hls_rendition_t) { .track = &small, .dir = "v1" };
    r[2] = (nvm_hls_rendition_t) { .track = &english, .dir = "a0" };
    r[3] = (nvm_hls_rendition_t) { .track = &surround, .dir = "a1" };
    r[4] = (nvm_hls_rendition_t) { .track = &objects, .dir = "a2" };
    r[5] = (nvm_hls_rendition_t) { .track = &french, .dir = "a3" };

    is_str(lines(&m, MEDIA),
           "GROUP-ID=\"audio\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,"
           "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a0/index.m3u8\"\n"
           "GROUP-ID=\"audio\",NAME=\"fr\",LANGUAGE=\"fr\",DEFAULT=NO,"
           "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a3/index.m3u8\"\n"
           "GROUP-ID=\"audio-ac3\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,"
           "AUTOSELECT=YES,CHANNELS=\"6\",URI=\"a1/index.m3u8\"\n"
           "GROUP-ID=\"audio-ac3\",NAME=\"fr\",LANGUAGE=\"fr\",DEFAULT=NO,"
           "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a3/index.m3u8\"\n"
           "GROUP-ID=\"audio-ec3\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,"
           "AUTOSELECT=YES,CHANNELS=\"16/JOC\",URI=\"a2/index.m3u8\"\n"
           "GROUP-ID=\"audio-ec3\",NAME=\"fr\",LANGUAGE=\"fr\",DEFAULT=NO,"
           "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a3/index.m3u8\"\n",
           "groups: French has no Dolby, so its AAC stands in");

    video.avg_bandwidth = 0;
    small.avg_bandwidth = 0;
    video.fps_num = 0;
    small.fps_num = 0;
    is_str(lines(&m, STREAM_INF),
           "BANDWIDTH=2130000,CODECS=\"avc1.64001e,mp4a.40.2\","
           "RESOLUTION=1024x576,AUDIO=\"audio\"\n"
           "BANDWIDTH=630000,CODECS=\"avc1.64001e,mp4a.40.2\","
           "RESOLUTION=455x576,AUDIO=\"audio\"\n"
           "BANDWIDTH=2448000,CODECS=\"avc1.64001e,ac-3,mp4a.40.2\","
           "RESOLUTION=1024x576,AUDIO=\"audio-ac3\"\n"
           "BANDWIDTH=948000,CODECS=\"avc1.64001e,ac-3,mp4a.40.2\","
           "RESOLUTION=455x576,AUDIO=\"audio-ac3\"\n"
           "BANDWIDTH=2768000,CODECS=\"avc1.64001e,ec-3,mp4a.40.2\","
           "RESOLUTION=1024x576,AUDIO=\"audio-ec3\"\n"
           "BANDWIDTH=1268000,CODECS=\"avc1.64001e,ec-3,mp4a.40.2\","
           "RESOLUTION=455x576,AUDIO=\"audio-ec3\"\n",
           "each pair of a video and a group");

    /* two of one language and codec, one of another codec */

    r[3] = (nvm_hls_rendition_t) { .track = &english, .dir = "a1" };
    m.nrenditions = 5;
    is_str(lines(&m, MEDIA),
           "GROUP-ID=\"audio\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,"
           "AUTOSELECT=YES,CHANNELS=\"2\",URI=\"a0/index.m3u8\"\n"
           "GROUP-ID=\"audio\",NAME=\"en (a1)\",LANGUAGE=\"en\",DEFAULT=NO,"
           "AUTOSELECT=NO,CHANNELS=\"2\",URI=\"a1/index.m3u8\"\n"
           "GROUP-ID=\"audio-ec3\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,"
           "AUTOSELECT=YES,CHANNELS=\"16/JOC\",URI=\"a2/index.m3u8\"\n"
           "GROUP-ID=\"audio-ec3\",NAME=\"en (a1)\",LANGUAGE=\"en\","
           "DEFAULT=NO,AUTOSELECT=NO,CHANNELS=\"2\","
           "URI=\"a1/index.m3u8\"\n", "the same members, by name and number");

    /* one codec, whichever, is no reason for another name */

    r[2] = (nvm_hls_rendition_t) { .track = &objects, .dir = "a0" };
    m.nrenditions = 3;
    is_str(lines(&m, MEDIA),
           "GROUP-ID=\"audio\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,"
           "AUTOSELECT=YES,CHANNELS=\"16/JOC\",URI=\"a0/index.m3u8\"\n",
           "one group");
    ok(strstr(lines(&m, STREAM_INF), "audio-") == NULL, "and its variants");

    video.avg_bandwidth = 1500000;
    video.fps_num = 30000;
}


/* VIDEO-RANGE: of all variants or of none */
static void
test_range(void)
{
    nvm_track_t          t[3];
    nvm_writer_t         w;
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r[65];

    memset(&m, 0, sizeof(m));
    memset(r, 0, sizeof(r));
    m.renditions = r;
    m.nrenditions = 3;

    for (int i = 0; i < 65; i++) {
        r[i].track = &t[i < 3 ? i : 2];
        r[i].dir = "v0";
    }

    for (int i = 0; i < 3; i++) {
        t[i] = video;
        t[i].avg_bandwidth = 0;
        t[i].fps_num = 0;
        t[i].width = 0;
    }

    t[0].transfer = 2;
    ok(strstr(lines(&m, STREAM_INF), "RANGE") == NULL, "nothing is known");

    t[1].transfer = 16;
    t[2].transfer = 18;
    is_str(lines(&m, STREAM_INF),
           "BANDWIDTH=2000000,CODECS=\"avc1.64001e\",VIDEO-RANGE=SDR\n"
           "BANDWIDTH=2000000,CODECS=\"avc1.64001e\",VIDEO-RANGE=PQ\n"
           "BANDWIDTH=2000000,CODECS=\"avc1.64001e\",VIDEO-RANGE=HLG\n",
           "one is known: all are told");

    t[1].transfer = 0;
    t[2].transfer = 14;
    m.nrenditions = 3;
    ok(strstr(lines(&m, STREAM_INF), "SDR\nBANDWIDTH=2000000,"
              "CODECS=\"avc1.64001e\",VIDEO-RANGE=SDR\n") != NULL,
       "SDR of BT.2020");

    t[2].transfer = 8;
    ok(strstr(lines(&m, STREAM_INF), "RANGE") == NULL,
       "a transfer that HLS has no name for");

    m.nrenditions = 65;
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_hls_master_write(&w, &m), NVM_ELIMIT, "65 renditions");
    is_int((long long) w.len, 0, "nothing is written");
    m.nrenditions = 64;
    is_int(nvm_hls_master_write(&w, &m), NVM_OK, "64 renditions");
}


static void
test_vod(void)
{
    nvm_segment_t    s[3];
    nvm_timeline_t   tl;
    nvm_hls_media_t  opt;
    nvm_writer_t     w;

    memset(s, 0, sizeof(s));
    memset(&opt, 0, sizeof(opt));

    /* 24000/1001 Hz, 48 frames of 3753.75 ticks: 180180 */
    for (int i = 0; i < 3; i++) {
        s[i].msn = (uint64_t) i;
        s[i].start = (uint64_t) i * 180180;
        s[i].duration = i < 2 ? 180180 : 225226;
        s[i].complete = 1;
    }

    tl = (nvm_timeline_t) { .track = &video, .segments = s, .nsegments = 3,
                            .target = 2, .ended = 1 };
    opt.vod = 1;
    opt.prefix = "e1f/";
    opt.query = "k=1";
    opt.independent = 1;
    opt.low_latency = 1;
    opt.can_block = 1;
    s[0].wall = 1709210096789;

    is_str(media(&tl, &opt),
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-TARGETDURATION:3\n"
           "#EXT-X-MEDIA-SEQUENCE:0\n"
           "#EXT-X-PLAYLIST-TYPE:VOD\n"
           "#EXT-X-INDEPENDENT-SEGMENTS\n"
           "#EXT-X-MAP:URI=\"e1f/init.mp4?k=1\"\n"
           "#EXTINF:2.002000,\n"
           "e1f/0.m4s?k=1\n"
           "#EXTINF:2.002000,\n"
           "e1f/1.m4s?k=1\n"
           "#EXTINF:2.502511,\n"
           "e1f/2.m4s?k=1\n"
           "#EXT-X-ENDLIST\n",
           "VOD; a segment over the target raises it");

    tl.nsegments = 1;
    opt.vtt = 1;
    is_str(media(&tl, &opt),
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-TARGETDURATION:2\n"
           "#EXT-X-MEDIA-SEQUENCE:0\n"
           "#EXT-X-PLAYLIST-TYPE:VOD\n"
           "#EXT-X-INDEPENDENT-SEGMENTS\n"
           "#EXTINF:2.002000,\n"
           "e1f/0.vtt?k=1\n"
           "#EXT-X-ENDLIST\n",
           "subtitles");
    opt.ts = 1;
    ok(strstr(media(&tl, &opt), "e1f/0.ts.vtt?k=1\n") != NULL, "beside MPEG-TS");

    tl.nsegments = 0;
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_hls_media_write(&w, &tl, &opt), NVM_ENOENT, "no segment");
    is_int(w.len, 0, "nothing is written");
}


/* The sum of many durations that are no whole microseconds. */
static void
test_drift(void)
{
    unsigned long long     sec, us, sum;
    const char            *p;
    nvm_timeline_t         tl;
    nvm_hls_media_t        opt;
    static nvm_segment_t   s[1000];

    memset(&opt, 0, sizeof(opt));

    for (int i = 0; i < 1000; i++) {
        s[i].msn = (uint64_t) i + 7;
        s[i].start = (UINT64_C(1) << 52) + (uint64_t) i * 90113;
        s[i].duration = 90113;
        s[i].complete = 1;
    }

    tl = (nvm_timeline_t) { .track = &english, .segments = s,
                            .nsegments = 1000, .target = 2 };
    sum = 0;

    for (p = media(&tl, &opt); (p = strstr(p, "#EXTINF:")) != NULL; p += 8) {
        if (sscanf(p, "#EXTINF:%llu.%6llu,", &sec, &us) == 2) {
            sum += sec * 1000000 + us;
        }
    }

    /* 90113000 / 48000 s */
    ok(sum >= 1877354166 && sum <= 1877354168, "1000 durations add up (%llu)",
       sum);
}


static nvm_segment_t  live[8];
static nvm_part_t     parts[8][4];


/* Eight segments of 2 s in four parts; the last is open after two of them. */
static void
make_live(nvm_timeline_t *tl)
{
    memset(live, 0, sizeof(live));

    for (int i = 0; i < 8; i++) {
        live[i].msn = 100 + (uint64_t) i;
        live[i].start = 1000000 + 180000 * (uint64_t) i;
        live[i].duration = 180000;
        live[i].wall = 1709210096000 + 2000 * i;
        live[i].nparts = 4;
        live[i].parts = parts[i];
        live[i].complete = i < 7;

        for (int k = 0; k < 4; k++) {
            parts[i][k] = (nvm_part_t) {
                .dts = live[i].start + 45000 * (uint64_t) k,
                .duration = 45000, .independent = k == 0
            };
        }
    }

    live[7].nparts = 2;
    live[7].duration = 90000;

    *tl = (nvm_timeline_t) { .track = &video, .segments = live,
                             .nsegments = 8, .target = 2,
                             .part_target = 45000 };
}


static void
test_low_latency(void)
{
    const char       *p;
    nvm_writer_t      w;
    nvm_timeline_t    tl;
    nvm_hls_map_t     map = { 107, "e2/", "init2.mp4" };
    nvm_hls_media_t   opt;
    nvm_hls_report_t  reports[] = { { "../a0/index.m3u8", 107, 1 },
                                    { "../a1/index.m3u8", 106, -1 } };

    make_live(&tl);
    tl.segments += 5;
    tl.nsegments = 3;

    memset(&opt, 0, sizeof(opt));
    opt.low_latency = 1;
    opt.can_block = 1;
    opt.can_skip = 1;
    opt.hold_back = 1;
    opt.discontinuity_sequence = 3;
    opt.prefix = "e1/";
    opt.maps = &map;
    opt.nmaps = 1;
    opt.reports = reports;
    opt.nreports = 2;
    live[5].nparts = 0;
    live[7].discontinuity = 1;

    is_str(media(&tl, &opt),
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-TARGETDURATION:2\n"
           "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,"
           "HOLD-BACK=6.0,PART-HOLD-BACK=1.500000\n"
           "#EXT-X-PART-INF:PART-TARGET=0.500000\n"
           "#EXT-X-MEDIA-SEQUENCE:105\n"
           "#EXT-X-DISCONTINUITY-SEQUENCE:3\n"
           "#EXT-X-MAP:URI=\"e1/init.mp4\"\n"
           "#EXT-X-PROGRAM-DATE-TIME:2024-02-29T12:35:06.000Z\n"
           "#EXTINF:2.000000,\n"
           "e1/105.m4s\n"
           "#EXT-X-PROGRAM-DATE-TIME:2024-02-29T12:35:08.000Z\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"e1/106.0.m4s\","
           "INDEPENDENT=YES\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"e1/106.1.m4s\"\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"e1/106.2.m4s\"\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"e1/106.3.m4s\"\n"
           "#EXTINF:2.000000,\n"
           "e1/106.m4s\n"
           "#EXT-X-DISCONTINUITY\n"
           "#EXT-X-MAP:URI=\"e2/init2.mp4\"\n"
           "#EXT-X-PROGRAM-DATE-TIME:2024-02-29T12:35:10.000Z\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"e2/107.0.m4s\","
           "INDEPENDENT=YES\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"e2/107.1.m4s\"\n"
           "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"e2/107.2.m4s\"\n"
           "#EXT-X-RENDITION-REPORT:URI=\"../a0/index.m3u8\",LAST-MSN=107,"
           "LAST-PART=1\n"
           "#EXT-X-RENDITION-REPORT:URI=\"../a1/index.m3u8\",LAST-MSN=106\n",
           "parts, hint, reports, another init");

    parts[7][1].last = 1;
    p = media(&tl, &opt);
    ok(strstr(p, "TYPE=PART,URI=\"e2/108.0.m4s\"\n") != NULL,
       "after a part that is likely the last the next segment is hinted at");
    parts[7][1].last = 0;

    tl.ended = 1;
    p = media(&tl, &opt);
    ok(strstr(p, "#EXT-X-ENDLIST\n") != NULL, "ended");
    ok(strstr(p, "PRELOAD-HINT") == NULL, "no hint then");
    ok(strstr(p, "RENDITION-REPORT") == NULL, "no reports");
    ok(strstr(p, "e1/106.3.m4s") != NULL, "parts stay");

    tl.ended = 0;
    live[7].nparts = 0;
    p = media(&tl, &opt);
    ok(strstr(p, "DISCONTINUITY\n") == NULL, "segment without parts is absent");
    ok(strstr(p, "URI=\"e2/107.0.m4s\"\n") != NULL, "but for the hint");

    tl.nsegments = 2;
    p = media(&tl, &opt);
    ok(strstr(p, "URI=\"e2/107.0.m4s\"\n") != NULL,
       "hint after a complete segment is part 0 of the next");

    live[6].first_part = 1;
    ok(strstr(media(&tl, &opt), "106.1.m4s") == NULL,
       "parts that are no whole segment are not listed");

    opt.low_latency = 0;
    tl.nsegments = 3;
    p = media(&tl, &opt);
    ok(strstr(p, "#EXT-X-PART") == NULL, "no part without low latency");
    ok(strstr(p, "107") == NULL, "no open segment");

    tl.segments += 2;
    tl.nsegments = 1;
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_hls_media_write(&w, &tl, &opt), NVM_ENOENT,
           "an open segment alone is nothing");
}


static void
test_skip(void)
{
    const char       *p;
    nvm_timeline_t    tl;
    nvm_hls_media_t   opt;

    make_live(&tl);
    memset(&opt, 0, sizeof(opt));
    opt.low_latency = 1;
    opt.can_skip = 1;

    p = media(&tl, &opt);
    ok(strstr(p, "URI=\"103.0.m4s\"") == NULL, "no parts before 6 s");
    ok(strstr(p, "URI=\"104.0.m4s\"") != NULL, "parts of the last 6 s");
    ok(strstr(p, "#EXT-X-SKIP") == NULL, "no delta unless asked for");

    opt.skip = 1;
    p = media(&tl, &opt);
    ok(strstr(p, "#EXT-X-VERSION:9\n") != NULL, "a delta has version 9");
    ok(strstr(p, "#EXT-X-MEDIA-SEQUENCE:100\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n"
              "#EXT-X-PROGRAM-DATE-TIME:2024-02-29T12:34:58.000Z\n") != NULL,
       "and the old sequence number; skips what is 12 s old; no map");
    ok(strstr(p, "\n100.m4s\n") == NULL, "the old segment is gone");
    ok(strstr(p, "\n101.m4s\n") != NULL, "the next is there");

    tl.segments++;
    tl.nsegments--;
    p = media(&tl, &opt);
    ok(strstr(p, "#EXT-X-SKIP") == NULL, "no delta when nothing is old");
    ok(strstr(p, "#EXT-X-VERSION:6\n") != NULL, "and no version 9");
}


/* No part may appear longer than the target, whatever the rounding. */
static void
test_part_target(void)
{
    const char          *p;
    unsigned long long   sec, us, longest, target;
    nvm_timeline_t       tl;
    nvm_hls_media_t      opt;
    static nvm_segment_t s;
    static nvm_part_t    many[500];

    memset(&opt, 0, sizeof(opt));
    opt.low_latency = 1;

    for (int i = 0; i < 500; i++) {
        many[i].dts = 9215 * (uint64_t) i;
        many[i].duration = 9215;
    }

    s.nparts = 500;
    s.parts = many;
    tl = (nvm_timeline_t) { .track = &english, .segments = &s,
                            .nsegments = 1, .target = 100,
                            .part_target = 9215 };
    p = media(&tl, &opt);
    target = 0;
    longest = 0;

    if (sscanf(strstr(p, "PART-TARGET="), "PART-TARGET=%llu.%llu", &sec,
               &target) != 2)
    {
        target = 0;
    }

    while ((p = strstr(p, "#EXT-X-PART:DURATION=")) != NULL) {
        p += 21;

        if (sscanf(p, "%llu.%6llu", &sec, &us) == 2 && us > longest) {
            longest = us;
        }
    }

    is_int(target, 191980, "part target is rounded up");
    is_int(longest, 191980, "the longest part is no longer");
}


int
main(void)
{
    test_text();
    test_master();
    test_subtitles();
    test_keys();
    test_rotation();
    test_muxed_rate();
    test_groups();
    test_range();
    test_vod();
    test_drift();
    test_low_latency();
    test_skip();
    test_part_target();

    return done_testing();
}
