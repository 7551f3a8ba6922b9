/*
 * Copyright (C) ngx_video authors
 *
 * Date ranges of HLS playlists: all kinds of tags, and what of them a delta
 * update has.
 */

#include "hls_env.h"


static const uint8_t          section[] = { 0xfc, 0x30, 0x0a };

static const nvm_hls_range_t  ranges[] = {
    { .id = "gone", .start = 1709210090000, .duration = 0, .planned = 0,
      .removed = 1 },
    { .id = "gone", .start = 1709210090000, .duration = 0, .planned = 0,
      .removed = 1, .again = 1 },
    { .id = "left", .start = 1709210091000, .duration = 0, .planned = 0,
      .removed = 1, .old = 1 },
    { .id = "s-1", .scte35 = "SCTE35-OUT", .data = section, .size = 3,
      .start = 1709210096789, .duration = NVM_HLS_UNKNOWN,
      .planned = 30500, .old = 1 },
    { .id = "s-1", .scte35 = "SCTE35-IN", .data = section, .size = 2,
      .start = 1709210096789, .end = 1709210097789, .duration = 1000,
      .planned = NVM_HLS_UNKNOWN, .again = 1 },
    { .id = "c-2", .class_name = "cue", .data = (const uint8_t *) ",X-A=1",
      .size = 6, .start = 1709210096789, .duration = 0,
      .planned = NVM_HLS_UNKNOWN }
};


static void
live_ranges(nvm_timeline_t *tl, nvm_hls_media_t *opt)
{
    make_live(tl);
    memset(opt, 0, sizeof(nvm_hls_media_t));
    opt->low_latency = 1;
    opt->can_skip = 1;
    opt->can_skip_ranges = 1;
    opt->ranges = ranges;
    opt->nranges = 6;
}


static void
test_tags(void)
{
    const char       *p;
    nvm_timeline_t    tl;
    nvm_hls_media_t   opt;

    live_ranges(&tl, &opt);
    p = media(&tl, &opt);
    ok(strstr(p, "CAN-SKIP-UNTIL=12.0,CAN-SKIP-DATERANGES=YES,") != NULL,
       "both can be skipped");
    ok(strstr(p, "#EXT-X-MEDIA-SEQUENCE:100\n"
       "#EXT-X-DATERANGE:ID=\"s-1\",START-DATE=\"2024-02-29T12:34:56.789Z\","
       "PLANNED-DURATION=30.500,SCTE35-OUT=0xFC300A\n"
       "#EXT-X-DATERANGE:ID=\"s-1\",START-DATE=\"2024-02-29T12:34:56.789Z\","
       "END-DATE=\"2024-02-29T12:34:57.789Z\",DURATION=1.000,"
       "SCTE35-IN=0xFC30\n"
       "#EXT-X-DATERANGE:ID=\"c-2\",CLASS=\"cue\","
       "START-DATE=\"2024-02-29T12:34:56.789Z\",DURATION=0.000,X-A=1\n"
       "#EXT-X-MAP") != NULL, "tags of those that are there");
    ok(strstr(p, "gone") == NULL && strstr(p, "left") == NULL,
       "and of no other");
}


static void
test_delta(void)
{
    const char       *p;
    nvm_timeline_t    tl;
    nvm_hls_media_t   opt;

    live_ranges(&tl, &opt);
    opt.skip = 1;
    p = media(&tl, &opt);
    ok(strstr(p, "#EXT-X-VERSION:9\n") != NULL
       && strstr(p, "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n") != NULL,
       "a delta update of segments");
    ok(strstr(p, "SCTE35-OUT") != NULL, "has all ranges");

    opt.skip_ranges = 1;
    p = media(&tl, &opt);
    ok(strstr(p, "#EXT-X-VERSION:10\n") != NULL, "one of ranges, too");
    ok(strstr(p, "#EXT-X-SKIP:SKIPPED-SEGMENTS=1,"
              "RECENTLY-REMOVED-DATERANGES=\"gone\tleft\"\n") != NULL,
       "tells which have left");
    ok(strstr(p, "SCTE35-OUT") == NULL && strstr(p, "SCTE35-IN") != NULL
       && strstr(p, "c-2") != NULL, "and has those that are new");

    opt.nranges = 0;
    p = media(&tl, &opt);
    ok(strstr(p, "RECENTLY-REMOVED-DATERANGES=\"\"\n") != NULL,
       "or that none has");

    tl.segments++;
    tl.nsegments--;
    opt.nranges = 6;
    p = media(&tl, &opt);
    ok(strstr(p, "#EXT-X-SKIP") == NULL && strstr(p, "SCTE35-OUT") != NULL,
       "no delta update has all");
}


int
main(void)
{
    test_tags();
    test_delta();

    return done_testing();
}
