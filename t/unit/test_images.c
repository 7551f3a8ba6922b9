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


int
main(void)
{
    test_list();
    test_master();
    test_set();

    return done_testing();
}
