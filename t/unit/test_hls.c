/*
 * Copyright (C) ngx_video authors
 *
 * HLS media playlists, byte for byte.
 */

#include "hls_env.h"


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
    ok(strstr(media(&tl, &opt), "e1f/0.ts.vtt?k=1\n") != NULL,
       "beside MPEG-TS");
    ok(strstr(media(&tl, &opt), "#EXT-X-VERSION:3\n") != NULL,
       "of which old clients are asked");

    tl.nsegments = 0;
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_hls_media_write(&w, &tl, &opt), NVM_ENOENT, "no segment");
    is_int(w.len, 0, "nothing is written");
}


/* Key frames alone: a segment is a picture. */
static void
test_keys(void)
{
    nvm_segment_t    s[2];
    nvm_timeline_t   tl;
    nvm_hls_media_t  opt;

    memset(s, 0, sizeof(s));
    memset(&opt, 0, sizeof(opt));
    s[0].duration = 180180;
    s[0].complete = 1;
    s[1].msn = 1;
    s[1].start = 180180;
    s[1].duration = 90090;
    s[1].complete = 1;
    tl = (nvm_timeline_t) { .track = &video, .segments = s, .nsegments = 2,
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


/* What a player at the live edge gets of the last three of them. */
static void
low_latency(nvm_timeline_t *tl, nvm_hls_media_t *opt)
{
    static const nvm_hls_map_t     map = { 107, "e2/", "init2.mp4" };
    static const nvm_hls_report_t  reports[] = {
        { "../a0/index.m3u8", 107, 1 },
        { "../a1/index.m3u8", 106, -1 }
    };

    make_live(tl);
    tl->segments += 5;
    tl->nsegments = 3;

    memset(opt, 0, sizeof(nvm_hls_media_t));
    opt->low_latency = 1;
    opt->can_block = 1;
    opt->can_skip = 1;
    opt->hold_back = 1;
    opt->discontinuity_sequence = 3;
    opt->prefix = "e1/";
    opt->maps = &map;
    opt->nmaps = 1;
    opt->reports = reports;
    opt->nreports = 2;
    live[5].nparts = 0;
    live[7].discontinuity = 1;
}


static void
test_low_latency(void)
{
    nvm_timeline_t   tl;
    nvm_hls_media_t  opt;

    low_latency(&tl, &opt);
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
}


static void
test_edge(void)
{
    const char       *p;
    nvm_writer_t      w;
    nvm_timeline_t    tl;
    nvm_hls_media_t   opt;

    low_latency(&tl, &opt);
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
              "#EXT-X-MAP:URI=\"init.mp4\"\n"
              "#EXT-X-PROGRAM-DATE-TIME:2024-02-29T12:34:58.000Z\n") != NULL,
       "and the old sequence number; skips what is 12 s old; has the map");
    ok(strstr(p, "\n100.m4s\n") == NULL, "the old segment is gone");
    ok(strstr(p, "\n101.m4s\n") != NULL, "the next is there");

    tl.segments++;
    tl.nsegments--;
    p = media(&tl, &opt);
    ok(strstr(p, "#EXT-X-SKIP") == NULL, "no delta when nothing is old");
    ok(strstr(p, "#EXT-X-VERSION:6\n") != NULL, "and no version 9");
}


/* Gaps at the edge: one that was cut off, and one that has nothing. */
static void
test_gap(void)
{
    const char       *p;
    nvm_timeline_t    tl;
    nvm_hls_media_t   opt;

    make_live(&tl);
    tl.segments += 5;
    tl.nsegments = 2;
    memset(&opt, 0, sizeof(opt));
    opt.low_latency = 1;
    live[5].wall = 0;
    live[6].wall = 0;
    live[5].gap = 1;
    live[5].nparts = 1;
    live[5].size = 100;
    live[6].gap = 1;
    live[6].nparts = 0;
    live[6].duration = 157500;
    p = media(&tl, &opt);

    is_str(strstr(p, "#EXT-X-PART-INF"),
           "#EXT-X-PART-INF:PART-TARGET=0.500000\n"
           "#EXT-X-MEDIA-SEQUENCE:105\n"
           "#EXT-X-MAP:URI=\"init.mp4\"\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"105.0.m4s\","
           "INDEPENDENT=YES\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"105.1.m4s\",GAP=YES\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"105.2.m4s\",GAP=YES\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"105.3.m4s\",GAP=YES\n"
           "#EXT-X-GAP\n"
           "#EXTINF:2.000000,\n"
           "105.m4s\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"106.0.m4s\",GAP=YES\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"106.1.m4s\",GAP=YES\n"
           "#EXT-X-PART:DURATION=0.500000,URI=\"106.2.m4s\",GAP=YES\n"
           "#EXT-X-PART:DURATION=0.250000,URI=\"106.3.m4s\",GAP=YES\n"
           "#EXT-X-GAP\n"
           "#EXTINF:1.750000,\n"
           "106.m4s\n"
           "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"107.0.m4s\"\n",
           "parts that are missing are gaps");

    is_int(nvm_hls_last_part(&tl, &live[5]), 3, "reports count them");
    is_int(nvm_hls_last_part(&tl, &live[6]), 3, "where there are no others");
    is_int(nvm_hls_last_part(&tl, &live[7]), 1, "and those that are there");

    opt.low_latency = 0;
    ok(strstr(media(&tl, &opt), "GAP=YES") == NULL,
       "no part without low latency");
    opt.low_latency = 1;

    live[5].nparts = 0;
    p = media(&tl, &opt);
    ok(strstr(p, "105.0.m4s") == NULL,
       "when nobody knows what was there none is listed");
    is_int(nvm_hls_last_part(&tl, &live[5]), -1, "nor reported");

    tl.part_target = 100;
    p = media(&tl, &opt);
    ok(strstr(p, "GAP=YES") == NULL, "nor more than can be");
    is_int(nvm_hls_last_part(&tl, &live[6]), -1, "nor reported");
    tl.part_target = 0;
    is_int(nvm_hls_last_part(&tl, &live[6]), -1, "nor without parts");

    make_live(&tl);
    live[3].gap = 1;
    live[3].nparts = 0;
    live[4].gap = 1;
    live[4].nparts = 0;
    p = media(&tl, &opt);
    ok(strstr(p, "103.0.m4s\",GAP=YES") == NULL, "no parts before 6 s");
    ok(strstr(p, "104.0.m4s\",GAP=YES") != NULL, "parts of the last 6 s");
}


/* Those of sound: the parts of a gap are the segment, to the microsecond. */
static void
test_gap_sum(void)
{
    char                 extinf[32];
    const char          *p;
    unsigned long long   sec, us, sum;
    nvm_timeline_t       tl;
    nvm_hls_media_t      opt;
    static nvm_segment_t s;
    static nvm_part_t    one;

    memset(&opt, 0, sizeof(opt));
    opt.low_latency = 1;

    one.dts = 1000001;
    one.duration = 9215;
    s.start = one.dts;
    s.duration = 96001;
    s.size = 1;
    s.nparts = 1;
    s.parts = &one;
    s.gap = 1;
    s.complete = 1;
    tl = (nvm_timeline_t) { .track = &english, .segments = &s,
                            .nsegments = 1, .target = 2,
                            .part_target = 9215 };
    sum = 0;

    for (p = media(&tl, &opt); (p = strstr(p, "PART:DURATION=")) != NULL; ) {
        p += 14;

        if (sscanf(p, "%llu.%6llu", &sec, &us) == 2) {
            sum += sec * 1000000 + us;
        }
    }

    snprintf(extinf, sizeof(extinf), "#EXTINF:%llu.%06llu,", sum / 1000000,
             sum % 1000000);
    ok(strstr(media(&tl, &opt), extinf) != NULL, "parts add up (%s)", extinf);
    is_int(nvm_hls_last_part(&tl, &s), 10, "all but the last are long");

    /* rubbish */
    s.duration = 9214;
    ok(strstr(media(&tl, &opt), "GAP=YES") == NULL, "a gap behind its end");
    is_int(nvm_hls_last_part(&tl, &s), 0, "has no part");
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
    test_vod();
    test_keys();
    test_drift();
    test_low_latency();
    test_edge();
    test_skip();
    test_gap();
    test_gap_sum();
    test_part_target();

    return done_testing();
}
