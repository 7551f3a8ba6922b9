/*
 * Copyright (C) ngx_video authors
 *
 * A playlist of stretches one after the other, byte for byte.
 */

#include "nvm_hls.h"
#include "tap.h"


static char  text[4096];


/* Stretches follow each other with a discontinuity and a map. */
static void
test_joined(void)
{
    nvm_writer_t       w, dry;
    nvm_track_t        fast, slow;
    nvm_segment_t      a[2], b[2];
    nvm_timeline_t     tl[3];
    nvm_hls_media_t    opt;
    nvm_hls_stretch_t  s[3];

    memset(&opt, 0, sizeof(opt));
    memset(a, 0, sizeof(a));
    memset(b, 0, sizeof(b));
    memset(tl, 0, sizeof(tl));
    fast = slow = (nvm_track_t) { .kind = NVM_VIDEO };
    fast.timescale = 90000;
    slow.timescale = 1000;

    a[0] = (nvm_segment_t) { .duration = 360000, .complete = 1 };
    a[1] = (nvm_segment_t) { .msn = 1, .start = 360000, .duration = 90000,
                             .complete = 1 };
    b[0] = (nvm_segment_t) { .msn = 3, .start = 6000, .duration = 5400,
                             .complete = 1 };

    tl[0] = (nvm_timeline_t) { .track = &fast, .segments = a, .nsegments = 2,
                               .target = 4 };
    tl[1] = (nvm_timeline_t) { .track = &fast, .segments = a };
    tl[2] = (nvm_timeline_t) { .track = &slow, .segments = b, .nsegments = 1,
                               .target = 5 };

    s[0] = (nvm_hls_stretch_t) { &tl[0], "e1-1/" };
    s[1] = (nvm_hls_stretch_t) { &tl[1], "e2-2/" };
    s[2] = (nvm_hls_stretch_t) { &tl[2], "../v0/e3-3/" };
    opt.independent = 1;
    opt.query = "t=1";

    nvm_writer_init(&dry, NULL, 0);
    nvm_writer_init(&w, text, sizeof(text) - 1);
    is_int(nvm_hls_joined_write(&dry, s, 3, &opt), NVM_OK, "dry");
    is_int(nvm_hls_joined_write(&w, s, 3, &opt), NVM_OK, "and wet");
    is_int(dry.len, w.len, "the same length");

    text[w.len] = '\0';
    is_str(text,
           "#EXTM3U\n"
           "#EXT-X-VERSION:6\n"
           "#EXT-X-TARGETDURATION:5\n"
           "#EXT-X-MEDIA-SEQUENCE:0\n"
           "#EXT-X-PLAYLIST-TYPE:VOD\n"
           "#EXT-X-INDEPENDENT-SEGMENTS\n"
           "#EXT-X-MAP:URI=\"e1-1/init.mp4?t=1\"\n"
           "#EXTINF:4.000000,\n"
           "e1-1/0.m4s?t=1\n"
           "#EXTINF:1.000000,\n"
           "e1-1/1.m4s?t=1\n"
           "#EXT-X-DISCONTINUITY\n"
           "#EXT-X-MAP:URI=\"../v0/e3-3/init.mp4?t=1\"\n"
           "#EXTINF:5.400000,\n"
           "../v0/e3-3/3.m4s?t=1\n"
           "#EXT-X-ENDLIST\n", "one after the other");

    nvm_writer_init(&w, text, sizeof(text));
    is_int(nvm_hls_joined_write(&w, s + 1, 1, &opt), NVM_ENOENT, "nothing");
    is_int((long) w.len, 0, "and nothing is written");
}


int
main(void)
{
    test_joined();

    return done_testing();
}
