/*
 * Copyright (C) ngx_video authors
 *
 * Sheets of thumbnails in playlists and manifests, byte for byte: as many as
 * the presentation needs, the last one as long as what is left.
 */

#include "hls_env.h"
#include "nvm_dash.h"


static nvm_track_t  sound = {
    .kind = NVM_AUDIO, .codec = NVM_CODEC_AAC, .timescale = 24000,
    .bandwidth = 65000, .sample_rate = 24000, .channels = 2,
    .codecs = "mp4a.40.5", .lang = "und"
};

static nvm_images_t  images = {
    .width = 160, .height = 90, .columns = 10, .rows = 10, .every = 5000,
    .duration = 620500
};


static const char *
written(nvm_err_e (*write)(nvm_writer_t *w))
{
    nvm_writer_t  w;
    static char   buf[8192];

    nvm_writer_init(&w, NULL, 0);
    is_int(write(&w), NVM_OK, "a dry run");
    is_int(w.len < sizeof(buf), 1, "tells the length");

    nvm_writer_init(&w, buf, w.len);
    (void) write(&w);
    is_int(nvm_writer_done(&w, w.size), NVM_OK, "which is that of the text");
    buf[w.len] = '\0';

    return buf;
}


static nvm_err_e
list(nvm_writer_t *w)
{
    return nvm_images_list(w, &images);
}


static nvm_err_e
set(nvm_writer_t *w)
{
    nvm_images_set(w, &images, 3);

    return w->error;
}


static void
test_list(void)
{
    static const char  head[] =
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:500\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-IMAGES-ONLY\n#EXTINF:500.000,\n"
        "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=10x10,DURATION=5.000\n"
        "0.jpg\n";

    is_str(written(list), "#EXTM3U\n#EXT-X-VERSION:7\n"
           "#EXT-X-TARGETDURATION:500\n"
           "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
           "#EXT-X-IMAGES-ONLY\n#EXTINF:500.000,\n"
           "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=10x10,DURATION=5.000\n"
           "0.jpg\n#EXTINF:120.500,\n"
           "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=10x10,DURATION=5.000\n"
           "1.jpg\n#EXT-X-ENDLIST\n", "a playlist of two sheets");

    images.duration = 500000;
    ok(strncmp(written(list), head, sizeof(head) - 1) == 0
       && strstr(written(list), "1.jpg") == NULL, "one that is full");

    images.duration = 1;
    ok(strstr(written(list), "#EXT-X-TARGETDURATION:1\n") != NULL
       && strstr(written(list), "#EXTINF:0.001,") != NULL, "a moment");

    images.duration = 620500;
}


static void
test_master(void)
{
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  r;

    memset(&m, 0, sizeof(m));
    memset(&r, 0, sizeof(r));
    m.renditions = &r;
    m.nrenditions = 1;
    m.images = &images;
    r.track = &video;
    r.dir = "v0";

    ok(strstr(master(&m), "\n#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=28801,"
              "RESOLUTION=160x90,CODECS=\"jpeg\","
              "URI=\"thumbs/index.m3u8\"\n") != NULL,
       "a multivariant playlist has it");

    r.track = &sound;
    r.dir = "a0";
    ok(strstr(master(&m), "IMAGE") == NULL, "not one of sound");
}


static void
test_set(void)
{
    is_str(written(set), "    <AdaptationSet id=\"3\" contentType=\"image\""
           " mimeType=\"image/jpeg\">\n"
           "      <SegmentTemplate timescale=\"1000\" duration=\"500000\""
           " startNumber=\"0\" media=\"thumbs/$Number$.jpg\"/>\n"
           "      <Representation id=\"thumbs\" bandwidth=\"28801\""
           " width=\"1600\" height=\"900\">\n"
           "        <EssentialProperty schemeIdUri=\"http://dashif.org/"
           "guidelines/thumbnail_tile\" value=\"10x10\"/>\n"
           "      </Representation>\n    </AdaptationSet>\n",
           "a set of a manifest");
}


/* A live stream of 25 pictures a second, whose second segment has no image. */
static nvm_segment_t  segments[] = {
    { .msn = 100, .start = 90000, .duration = 180000, .wall = 1700000000000,
      .complete = 1 },
    { .msn = 101, .start = 270000, .duration = 180000, .wall = 1700000002000,
      .complete = 1, .gap = 1 },
    { .msn = 102, .start = 450000, .duration = 90000, .wall = 1700000004000,
      .complete = 1, .discontinuity = 1 },
    { .msn = 103, .start = 540000, .wall = 1700000005000, .nparts = 0 }
};

static nvm_images_t  one = {
    .width = 160, .height = 90, .columns = 1, .rows = 1, .every = 2000
};


static nvm_timeline_t
timeline(void)
{
    video.timescale = 90000;

    return (nvm_timeline_t) { .track = &video, .segments = segments,
                              .nsegments = 4, .target = 2,
                              .part_target = 18000 };
}


static nvm_err_e
live_list(nvm_writer_t *w)
{
    nvm_hls_map_t    map = { 102, "e2/", NULL };
    nvm_timeline_t   tl = timeline();
    nvm_hls_media_t  m;

    memset(&m, 0, sizeof(m));
    m.images = &one;
    m.prefix = "e1/";
    m.maps = &map;
    m.nmaps = 1;

    return nvm_hls_media_write(w, &tl, &m);
}


static nvm_err_e
manifest(nvm_writer_t *w)
{
    nvm_dash_t         d;
    nvm_timeline_t     tl = timeline();
    nvm_dash_track_t   track;
    nvm_dash_period_t  period;

    memset(&d, 0, sizeof(d));
    memset(&track, 0, sizeof(track));
    memset(&period, 0, sizeof(period));

    segments[1].gap = 0;
    track.timeline = &tl;
    track.id = "v0";
    track.prefix = "e1/";
    track.pto = 90000;
    period.tracks = &track;
    period.ntracks = 1;
    d.periods = &period;
    d.nperiods = 1;
    d.dynamic = 1;
    d.images = &one;

    return nvm_dash_write(w, &d);
}


static nvm_err_e
cues(nvm_writer_t *w)
{
    nvm_images_cue_t  alone = { 117, 3600000, 3602500, 1700000000000, "e1f/", 0,
                                0 };
    nvm_images_cue_t  sheet = { 117, 0, 2000, 1700000000000, "e1f/", 103, 17 };

    nvm_images_cue(w, &images, &alone);
    nvm_images_cue(w, &images, &sheet);

    return w->error;
}


static void
test_live(void)
{
    is_str(written(live_list), "#EXTM3U\n#EXT-X-VERSION:7\n"
           "#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:100\n"
           "#EXT-X-IMAGES-ONLY\n"
           "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z\n"
           "#EXTINF:2.000000,\n"
           "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=1x1,DURATION=2.000000\n"
           "e1/100.jpg\n"
           "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z\n"
           "#EXT-X-GAP\n#EXTINF:2.000000,\n"
           "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=1x1,DURATION=2.000000\n"
           "e1/101.jpg\n#EXT-X-DISCONTINUITY\n"
           "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000Z\n"
           "#EXTINF:1.000000,\n"
           "#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=1x1,DURATION=1.000000\n"
           "e2/102.jpg\n", "a live playlist follows its segments");

    ok(strstr(written(manifest),
              "    <AdaptationSet id=\"2\" contentType=\"image\""
              " mimeType=\"image/jpeg\">\n"
              "      <SegmentTemplate timescale=\"90000\""
              " presentationTimeOffset=\"90000\" startNumber=\"100\""
              " media=\"thumbs/e1/$Number$.jpg\">\n"
              "          <SegmentTimeline>\n"
              "            <S t=\"90000\" d=\"180000\" r=\"1\"/>\n"
              "            <S d=\"90000\"/>\n"
              "          </SegmentTimeline>\n      </SegmentTemplate>\n"
              "      <Representation id=\"thumbs\" bandwidth=\"72001\""
              " width=\"160\" height=\"90\">\n") != NULL,
       "so does a dynamic manifest");

    is_str(written(cues), "2023-11-14T22:13:20.000Z\n"
           "01:00:00.000 --> 01:00:02.500\nthumbs/e1f/117.jpg\n\n"
           "2023-11-14T22:13:20.000Z\n"
           "00:00:00.000 --> 00:00:02.000\n"
           "thumbs/e1f/103-119.jpg#xywh=1120,90,160,90\n\n",
           "cues of an index");
}


int
main(void)
{
    test_live();
    test_list();
    test_master();
    test_set();

    return done_testing();
}
