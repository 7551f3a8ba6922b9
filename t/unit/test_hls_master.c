/*
 * Copyright (C) ngx_video authors
 *
 * HLS multivariant playlists, byte for byte.
 */

#include "hls_env.h"


#define MEDIA       "#EXT-X-MEDIA:TYPE=AUDIO,"
#define STREAM_INF  "#EXT-X-STREAM-INF:"


static nvm_track_t  unknown = {
    .kind = NVM_AUDIO, .codec = NVM_CODEC_AAC, .timescale = 24000,
    .bandwidth = 65000, .avg_bandwidth = 64000, .sample_rate = 24000,
    .channels = 2, .codecs = "mp4a.40.5", .lang = "und"
};


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


static void
test_one(void)
{
    nvm_writer_t         w;
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r;

    memset(&m, 0, sizeof(m));
    memset(&r, 0, sizeof(r));
    m.renditions = &r;
    m.independent = 1;

    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_hls_master_write(&w, &m), NVM_ENOENT, "no rendition");
    is_int(w.len, 0, "nothing is written");

    r.track = &video;
    r.dir = "v0";
    m.nrenditions = 1;
    is_str(master(&m),
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-INDEPENDENT-SEGMENTS\n"
           "#EXT-X-STREAM-INF:BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1500000,"
           "CODECS=\"avc1.64001e\",RESOLUTION=1024x576,FRAME-RATE=29.970\n"
           "v0/index.m3u8\n", "video alone");
}


static void
test_renditions(void)
{
    nvm_track_t          small;
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
    r[0].track = &video;
    r[0].dir = "v0";
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


/* The first audio is in the video's segments whatever else is played. */
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


/* AAC in two languages, the first also as AC-3 and as E-AC-3 with objects. */
static nvm_track_t  french, surround, objects;


static void
dolby(nvm_hls_master_t *m, nvm_hls_rendition_t r[6])
{
    static nvm_track_t  large, small;

    large = video;
    large.avg_bandwidth = 0;
    large.fps_num = 0;

    small = large;
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

    memset(m, 0, sizeof(nvm_hls_master_t));
    m->renditions = r;
    m->nrenditions = 6;
    r[0] = (nvm_hls_rendition_t) { .track = &large, .dir = "v0" };
    r[1] = (nvm_hls_rendition_t) { .track = &small, .dir = "v1" };
    r[2] = (nvm_hls_rendition_t) { .track = &english, .dir = "a0" };
    r[3] = (nvm_hls_rendition_t) { .track = &surround, .dir = "a1" };
    r[4] = (nvm_hls_rendition_t) { .track = &objects, .dir = "a2" };
    r[5] = (nvm_hls_rendition_t) { .track = &french, .dir = "a3" };
}


/* One group for each codec, with the same members; every pair a variant. */
static void
test_groups(void)
{
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r[6];

    dolby(&m, r);
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
}


static void
test_members(void)
{
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r[6];

    dolby(&m, r);

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
test_made(void)
{
    nvm_track_t          t[4];
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r[4];

    memset(&m, 0, sizeof(m));
    memset(r, 0, sizeof(r));
    m.renditions = r;
    m.nrenditions = 4;

    for (int i = 0; i < 4; i++) {
        t[i] = i < 2 ? video : unknown;
        t[i].fps_num = 0;
        t[i].width = 0;
        t[i].made = i & 1;
        r[i].track = &t[i];
        r[i].dir = i < 2 ? i ? "v1" : "v0" : i & 1 ? "a1" : "a0";
    }

    is_str(lines(&m, MEDIA "GROUP-ID"),
           "=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,"
           "CHANNELS=\"2\",URI=\"a0/index.m3u8\"\n"
           "=\"audio-made\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,"
           "CHANNELS=\"2\",URI=\"a1/index.m3u8\"\n",
           "sound that was made is another group");
    ok(strstr(master(&m), "AUDIO=\"audio\"\nv0/") != NULL,
       "pictures go with theirs");
    ok(strstr(master(&m), "AUDIO=\"audio-made\"\nv1/") != NULL,
       "and those that were made with what was made");
    ok(strstr(master(&m), "AUDIO=\"audio\"\nv1/") == NULL, "not with others");

    t[3].alone = 1;
    ok(strstr(master(&m), "BANDWIDTH=65000,AVERAGE-BANDWIDTH=64000,"
              "CODECS=\"mp4a.40.5\",AUDIO=\"audio-made\"\na1/") != NULL,
       "it may be had alone");

    m.nrenditions = 3;
    ok(strstr(master(&m), "AUDIO=\"audio\"\nv1/") != NULL,
       "without it they go with what there is");
}


int
main(void)
{
    test_one();
    test_renditions();
    test_subtitles();
    test_keys();
    test_rotation();
    test_muxed_rate();
    test_groups();
    test_members();
    test_range();
    test_made();

    return done_testing();
}
