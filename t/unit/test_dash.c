/*
 * Copyright (C) ngx_video authors
 *
 * DASH manifests, byte for byte.  "test_dash static", "dynamic" or "ended"
 * prints one instead, for validation against the schema.
 */

#include "nvm_dash.h"
#include "tap.h"


static char  text[65536];

static nvm_track_t  high = {
    .kind = NVM_VIDEO, .codec = NVM_CODEC_H264, .timescale = 90000,
    .bandwidth = 2000000, .width = 720, .height = 576, .sar_num = 64,
    .sar_den = 45, .fps_num = 30000, .fps_den = 1001,
    .codecs = "avc1.64001e", .lang = "und"
};

static nvm_track_t  low = {
    .kind = NVM_VIDEO, .codec = NVM_CODEC_H264, .timescale = 90000,
    .bandwidth = 0, .width = 320, .height = 180, .fps_num = 25,
    .fps_den = 1, .codecs = "avc1.42c00d", .lang = "und"
};

static nvm_track_t  english = {
    .kind = NVM_AUDIO, .codec = NVM_CODEC_AAC, .timescale = 24000,
    .bandwidth = 65000, .sample_rate = 24000, .channels = 2,
    .codecs = "mp4a.40.5", .lang = "eng", .config_len = 4,
    /* HE-AAC, 24 kHz core, 48 kHz, stereo */
    .config = { 0x2b, 0x11, 0x88, 0x00 }
};

static nvm_track_t  french = {
    .kind = NVM_AUDIO, .codec = NVM_CODEC_AAC, .timescale = 48000,
    .bandwidth = 256000, .sample_rate = 48000, .channels = 8,
    .codecs = "mp4a.40.2", .lang = "fre"
};

static nvm_segment_t     vseg[5];
static nvm_segment_t     aseg[5];
static nvm_segment_t     fseg[5];
static nvm_timeline_t    lines[4];
static nvm_dash_track_t  tracks[4];
static nvm_dash_period_t period;
static nvm_dash_t        dash;


static void
fill(nvm_segment_t *s, uint64_t start, uint64_t duration, uint64_t gap)
{
    memset(s, 0, 5 * sizeof(nvm_segment_t));

    for (int i = 0; i < 5; i++) {
        s[i].msn = 7 + (uint64_t) i;
        s[i].start = start + duration * (uint64_t) i + (i > 2 ? gap : 0);
        s[i].duration = i == 4 ? duration / 2 : duration;
        s[i].complete = 1;
        s[i].independent = 1;
    }
}


static void
make(int dynamic)
{
    fill(vseg, 3000, 180000, 0);
    fill(aseg, 0, 48128, 0);
    fill(fseg, 1024, 96256, 1024);

    memset(lines, 0, sizeof(lines));
    memset(tracks, 0, sizeof(tracks));
    memset(&dash, 0, sizeof(dash));

    lines[0].track = &high;
    lines[0].segments = vseg;
    lines[1].track = &low;
    lines[1].segments = vseg;
    lines[2].track = &english;
    lines[2].segments = aseg;
    lines[3].track = &french;
    lines[3].segments = fseg;

    for (int i = 0; i < 4; i++) {
        lines[i].nsegments = 5;
        lines[i].target = 2;
        lines[i].ended = !dynamic;
        tracks[i].timeline = &lines[i];
        tracks[i].prefix = "e1/";
    }

    tracks[0].id = "v0";
    tracks[0].pto = 3000;
    tracks[1].id = "v1";
    tracks[1].pto = 3000;
    tracks[2].id = "a0";
    tracks[3].id = "a1";
    tracks[3].pto = 1024;
    tracks[3].label = "Version <française> & \"co\"";

    period.tracks = tracks;
    period.ntracks = 4;
    dash.periods = &period;
    dash.nperiods = 1;
    dash.query = "a=1&b=$\"<x>";

    if (dynamic) {
        dash.dynamic = 1;
        dash.availability_start = 1709210096000;
        dash.publish_time = 1709210106500;
        dash.now = 1709210106789;
        vseg[4].complete = 0;
    }
}


static const char *
mpd(void)
{
    nvm_writer_t  w, dry;

    nvm_writer_init(&dry, NULL, 0);
    nvm_writer_init(&w, text, sizeof(text) - 1);

    if (nvm_dash_write(&dry, &dash) != nvm_dash_write(&w, &dash)
        || w.error || dry.len != w.len)
    {
        return "(error)";
    }

    text[w.len] = '\0';

    return text;
}


#define QUERY  "?a=1&amp;b=%24%22%3Cx%3E"

#define TEMPLATE(timescale, pto)                                              \
    "        <SegmentTemplate timescale=\"" timescale "\"" pto                \
    " startNumber=\"7\""                                                      \
    " initialization=\"$RepresentationID$/e1/init.mp4" QUERY "\""             \
    " media=\"$RepresentationID$/e1/$Number$.m4s" QUERY "\">\n"               \
    "          <SegmentTimeline>\n"

#define TEMPLATE_END                                                          \
    "          </SegmentTimeline>\n"                                          \
    "        </SegmentTemplate>\n"                                            \
    "      </Representation>\n"

#define CHANNELS(n)                                                           \
    "        <AudioChannelConfiguration schemeIdUri=\""                       \
    "urn:mpeg:dash:23003:3:audio_channel_configuration:2011\""                \
    " value=\"" n "\"/>\n"

static void
test_static(void)
{
    make(0);

    is_str(mpd(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\""
        " profiles=\"urn:mpeg:dash:profile:isoff-live:2011,"
        "urn:mpeg:dash:profile:cmaf:2019\""
        " minBufferTime=\"PT2.005S\" maxSegmentDuration=\"PT2.005S\""
        " mediaPresentationDuration=\"PT9.045S\" type=\"static\">\n"
        "  <Period id=\"0\" start=\"PT0S\">\n"
        "    <AdaptationSet id=\"1\" contentType=\"video\""
        " mimeType=\"video/mp4\" segmentAlignment=\"true\""
        " startWithSAP=\"1\">\n"
        "      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\""
        " value=\"main\"/>\n"
        "      <Representation id=\"v0\" bandwidth=\"2000000\""
        " codecs=\"avc1.64001e\" width=\"720\" height=\"576\" sar=\"64:45\""
        " frameRate=\"30000/1001\">\n"
        TEMPLATE("90000", " presentationTimeOffset=\"3000\"")
        "            <S t=\"3000\" d=\"180000\" r=\"3\"/>\n"
        "            <S d=\"90000\"/>\n"
        TEMPLATE_END
        "      <Representation id=\"v1\" bandwidth=\"1\""
        " codecs=\"avc1.42c00d\" width=\"320\" height=\"180\" sar=\"1:1\""
        " frameRate=\"25\">\n"
        TEMPLATE("90000", " presentationTimeOffset=\"3000\"")
        "            <S t=\"3000\" d=\"180000\" r=\"3\"/>\n"
        "            <S d=\"90000\"/>\n"
        TEMPLATE_END
        "    </AdaptationSet>\n"
        "    <AdaptationSet id=\"2\" contentType=\"audio\""
        " mimeType=\"audio/mp4\" segmentAlignment=\"true\""
        " startWithSAP=\"1\" lang=\"en\">\n"
        "      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\""
        " value=\"main\"/>\n"
        "      <Representation id=\"a0\" bandwidth=\"65000\""
        " codecs=\"mp4a.40.5\" audioSamplingRate=\"48000\">\n"
        CHANNELS("2")
        TEMPLATE("24000", "")
        "            <S t=\"0\" d=\"48128\" r=\"3\"/>\n"
        "            <S d=\"24064\"/>\n"
        TEMPLATE_END
        "    </AdaptationSet>\n"
        "    <AdaptationSet id=\"3\" contentType=\"audio\""
        " mimeType=\"audio/mp4\" segmentAlignment=\"true\""
        " startWithSAP=\"1\" lang=\"fr\">\n"
        "      <Label>Version &lt;française&gt; &amp; &quot;co&quot;"
        "</Label>\n"
        "      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\""
        " value=\"alternate\"/>\n"
        "      <Representation id=\"a1\" bandwidth=\"256000\""
        " codecs=\"mp4a.40.2\" audioSamplingRate=\"48000\">\n"
        CHANNELS("7")
        TEMPLATE("48000", " presentationTimeOffset=\"1024\"")
        "            <S t=\"1024\" d=\"96256\" r=\"2\"/>\n"
        "            <S t=\"290816\" d=\"96256\"/>\n"
        "            <S d=\"48128\"/>\n"
        TEMPLATE_END
        "    </AdaptationSet>\n"
        "  </Period>\n"
        "</MPD>\n", "static");
}


static void
test_dynamic(void)
{
    const char  *p;

    make(1);
    period.ntracks = 1;
    dash.query = NULL;

    is_str(mpd(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\""
        " profiles=\"urn:mpeg:dash:profile:isoff-live:2011,"
        "urn:mpeg:dash:profile:cmaf:2019\""
        " minBufferTime=\"PT2.000S\" maxSegmentDuration=\"PT2.000S\""
        " type=\"dynamic\""
        " availabilityStartTime=\"2024-02-29T12:34:56.000Z\""
        " publishTime=\"2024-02-29T12:35:06.500Z\""
        " timeShiftBufferDepth=\"PT8.000S\""
        " suggestedPresentationDelay=\"PT6.000S\""
        " minimumUpdatePeriod=\"PT2.000S\">\n"
        "  <Period id=\"0\" start=\"PT0S\">\n"
        "    <AdaptationSet id=\"1\" contentType=\"video\""
        " mimeType=\"video/mp4\" segmentAlignment=\"true\""
        " startWithSAP=\"1\">\n"
        "      <Role schemeIdUri=\"urn:mpeg:dash:role:2011\""
        " value=\"main\"/>\n"
        "      <Representation id=\"v0\" bandwidth=\"2000000\""
        " codecs=\"avc1.64001e\" width=\"720\" height=\"576\" sar=\"64:45\""
        " frameRate=\"30000/1001\">\n"
        "        <SegmentTemplate timescale=\"90000\""
        " presentationTimeOffset=\"3000\" startNumber=\"7\""
        " initialization=\"$RepresentationID$/e1/init.mp4\""
        " media=\"$RepresentationID$/e1/$Number$.m4s\">\n"
        "          <SegmentTimeline>\n"
        "            <S t=\"3000\" d=\"180000\" r=\"3\"/>\n"
        TEMPLATE_END
        "    </AdaptationSet>\n"
        "  </Period>\n"
        "  <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\""
        " value=\"2024-02-29T12:35:06.789Z\"/>\n"
        "</MPD>\n", "dynamic; the open segment is not listed");

    dash.min_buffer = 1500;
    dash.time_shift = 30000;
    dash.update_period = 500;
    dash.delay = 4250;
    p = mpd();
    ok(strstr(p, "minBufferTime=\"PT1.500S\"") != NULL, "buffer");
    ok(strstr(p, "timeShiftBufferDepth=\"PT30.000S\"") != NULL, "window");
    ok(strstr(p, "minimumUpdatePeriod=\"PT0.500S\"") != NULL, "update");
    ok(strstr(p, "suggestedPresentationDelay=\"PT4.250S\"") != NULL, "delay");

    lines[0].ended = 1;
    p = mpd();
    ok(strstr(p, "minimumUpdatePeriod") == NULL, "ended: no update");
    ok(strstr(p, "mediaPresentationDuration=\"PT8.000S\"") != NULL,
       "but a duration");
}


/* The last segment is being made; parts of 200 ms. */
static void
test_latency(void)
{
    const char  *p;

    make(1);
    vseg[4].complete = 1;
    vseg[4].duration = vseg[3].duration;
    lines[0].part_target = 18000;
    lines[2].part_target = 9600;
    dash.latency = 1600;
    dash.clock = "time?a&b";
    p = mpd();

    ok(strstr(p, ",http://www.dashif.org/guidelines/low-latency-live-v5\"")
       != NULL, "low latency: profile");
    ok(strstr(p, "  <ServiceDescription id=\"0\">\n"
                 "    <Latency referenceId=\"0\" target=\"1600\""
                 " min=\"800\" max=\"4800\"/>\n"
                 "    <PlaybackRate min=\"0.96\" max=\"1.04\"/>\n"
                 "  </ServiceDescription>\n  <Period") != NULL,
       "what to aim at");
    ok(strstr(p, "<ProducerReferenceTime id=\"0\" inband=\"true\""
                 " type=\"encoder\" wallClockTime="
                 "\"2024-02-29T12:34:56.000Z\" presentationTime=\"3000\">")
       != NULL, "when it was produced");
    vseg[3].wall = 1709210100123;
    p = mpd();
    ok(strstr(p, " wallClockTime=\"2024-02-29T12:35:00.123Z\""
                 " presentationTime=\"543000\">") != NULL,
       "of the newest segment that is complete");
    vseg[3].wall = 0;
    ok(strstr(p, " startNumber=\"7\" availabilityTimeOffset=\"1.800\""
                 " availabilityTimeComplete=\"false\"") != NULL,
       "the segment can be had after its first part");
    ok(strstr(p, "urn:mpeg:dash:utc:http-iso:2014\" value=\"time?a&amp;b\"/>\n"
                 "</MPD>") != NULL, "where the time is");

    lines[0].part_target = 180000;
    p = mpd();
    ok(strstr(p, "availabilityTimeOffset=\"1.80") == NULL,
       "but not of one part");
}


static void
test_sets(void)
{
    const char    *p;
    nvm_writer_t   w;

    make(0);
    lines[1].nsegments = 0;
    p = mpd();
    ok(strstr(p, "id=\"v1\"") == NULL, "a track without segments is absent");

    lines[0].nsegments = 0;
    p = mpd();
    ok(strstr(p, "video") == NULL, "a set without tracks too");
    ok(strstr(p, "value=\"main\"") != NULL, "the first left is the main one");

    lines[2].nsegments = 0;
    lines[3].nsegments = 0;
    nvm_writer_init(&w, NULL, 0);
    is_int(nvm_dash_write(&w, &dash), NVM_ENOENT, "nothing to play");
    is_int(w.len, 0, "nothing is written");

    period.ntracks = NVM_MAX_TRACKS + 1;
    is_int(nvm_dash_write(&w, &dash), NVM_ELIMIT, "too many tracks");

    make(0);
    tracks[0].pto = UINT64_MAX;
    period.ntracks = 1;
    p = mpd();
    ok(strstr(p, "mediaPresentationDuration=\"PT0.000S\"") != NULL,
       "an offset behind the end");
}


/* How often a text stands in the manifest. */
static int
count(const char *text)
{
    int          n;
    const char  *p;

    for (n = 0, p = mpd(); (p = strstr(p, text)) != NULL; p++) {
        n++;
    }

    return n;
}


#define TRANSFER  "Property schemeIdUri=\"urn:mpeg:mpegB:cicp:"              \
                  "TransferCharacteristics\" value="

/* Video of several codecs and ranges: a set for each, all of them main */
static void
test_video_sets(void)
{
    nvm_track_t  hevc, hdr;

    hevc = high;
    hevc.codec = NVM_CODEC_HEVC;
    strcpy(hevc.codecs, "hvc1.1.6.L93.B0");

    make(0);
    period.ntracks = 2;
    lines[1].track = &hevc;
    is_int(count("<AdaptationSet"), 2, "a set for each codec");
    is_int(count("value=\"main\""), 2, "both have the main content");
    is_int(count("Property"), 0, "no property: nothing is known of colour");

    hdr = hevc;
    hdr.transfer = 16;
    hevc.transfer = 1;
    period.ntracks = 3;
    lines[2].track = &hdr;
    is_int(count("<AdaptationSet"), 3, "a set for each range");
    is_int(count("<Essential" TRANSFER "\"16\"/>"), 1,
           "PQ is not for everyone");
    is_int(count("Property"), 1, "SDR is");

    lines[0].track = &hdr;
    lines[1].track = &hdr;
    is_int(count("<AdaptationSet"), 1, "one set");
    is_int(count("<Supplemental" TRANSFER "\"16\"/>"), 1,
           "PQ, when there is nothing else");

    lines[0].track = &high;
    hdr.transfer = 18;
    is_int(count("<AdaptationSet"), 2, "HLG beside SDR");
    is_int(count("<Supplemental" TRANSFER "\"18\"/>"), 1,
           "HLG is for everyone");
}


/* Subtitles: each is a choice of its own. */
static void
test_subtitles(void)
{
    nvm_track_t  text = {
        .kind = NVM_TEXT, .codec = NVM_CODEC_WVTT, .timescale = 1000,
        .bandwidth = 4000, .codecs = "wvtt", .lang = "eng"
    };

    make(0);
    period.ntracks = 3;
    lines[1].track = &text;
    lines[2].track = &text;
    is_int(count("<AdaptationSet"), 3, "a set for each");
    is_int(count("contentType=\"text\" mimeType=\"application/mp4\""), 2,
           "of CMAF text");
    is_int(count("value=\"subtitle\""), 2, "with the role of subtitles");
    is_int(count("codecs=\"wvtt\">"), 2, "nothing of sound or pictures");
    is_int(count(" lang=\"en\""), 2, "their language");
}


/* Key frames: one set for each set of video, which it names. */
/* Captions and events: of pictures, not of their key frames or of sound. */
static void
test_signals(void)
{
    const char           *p;
    const nvm_caption_t   captions[] = { { 1, 0, "en" }, { 2, 1, "" } };

    make(1);
    p = mpd();
    ok(strstr(p, "cea-") == NULL && strstr(p, "Inband") == NULL, "none");

    dash.captions = captions;
    dash.ncaptions = 2;
    dash.events = 1;
    p = mpd();
    ok(strstr(p, "      <InbandEventStream schemeIdUri=\""
                 "urn:scte:scte35:2013:bin\" value=\"1\"/>\n"
                 "      <InbandEventStream schemeIdUri=\""
                 "https://aomedia.org/emsg/ID3\" value=\"1\"/>\n"
                 "      <Accessibility schemeIdUri=\""
                 "urn:scte:dash:cc:cea-608:2015\" value=\"CC1=eng\"/>\n"
                 "      <Accessibility schemeIdUri=\""
                 "urn:scte:dash:cc:cea-708:2015\" value=\"2=lang:und\"/>\n"
                 "      <Role") != NULL, "in the schema's order");
    is_int(count("<InbandEventStream"), 2, "events in one set");
    is_int(count("<Accessibility"), 2, "captions, too");
    ok(strstr(p, "Inband") < strstr(p, "contentType=\"audio\""),
       "that of the pictures");

    period.tracks = &tracks[2];
    period.ntracks = 1;
    is_int(count("<InbandEventStream"), 2, "or of sound, where it is alone");
    is_int(count("<Accessibility"), 0, "which has no captions");
}


static void
test_keys(void)
{
    nvm_track_t  hevc;

    hevc = high;
    hevc.codec = NVM_CODEC_HEVC;
    strcpy(hevc.codecs, "hvc1.1.6.L93.B0");

    make(0);
    period.ntracks = 4;
    lines[1].track = &hevc;
    lines[2].track = &high;
    lines[3].track = &hevc;
    tracks[2].id = "v0-iframe";
    tracks[2].keys_of = "v0";
    tracks[3].id = "v1-iframe";
    tracks[3].keys_of = "v1";
    is_int(count("<AdaptationSet"), 4, "four sets");
    is_int(count("trickmode\" value=\"1\"/>"), 1, "one of the first");
    is_int(count("trickmode\" value=\"2\"/>"), 1, "one of the second");
    is_int(count("initialization=\"v0/"), 1, "in its directory");
    is_int(count("media=\"v1/e1/i$Number$.m4s"), 1, "by names of their own");

    hevc.transfer = 18;
    ok(strstr(strstr(mpd(), "trickmode\" value=\"2\""), TRANSFER "\"18\"")
       != NULL, "what is essential comes first");
    hevc.transfer = 0;

    lines[1].track = &high;
    lines[3].track = &high;
    is_int(count("<AdaptationSet"), 2, "two sets of two");
    is_int(count("trickmode"), 1, "one of the other");
    is_int(count("codingDependency=\"false\""), 2, "of key frames");
}


/* a period starts where the pictures of the one before it end */
static void
test_periods(void)
{
    nvm_track_t         late;
    nvm_writer_t        w;
    nvm_timeline_t      none;
    nvm_dash_track_t    nothing;
    nvm_dash_period_t   three[3];

    make(0);
    none = lines[0];
    none.nsegments = 0;
    nothing = tracks[0];
    nothing.timeline = &none;

    three[0] = period;
    three[1] = (nvm_dash_period_t) { &nothing, 1, NULL, 0 };
    three[2] = (nvm_dash_period_t) { tracks + 2, 2, NULL, 0 };

    is_int(count("<Period id=\"0\" start=\"PT0S\">"), 1, "one period");
    is_int(count("mediaPresentationDuration=\"PT9.045S\""), 1, "its length");

    dash.periods = three;
    dash.nperiods = 3;

    is_int(count("<Period "), 2, "two, one has nothing");
    is_int(count("<Period id=\"0\" start=\"PT0S\">"), 1, "the first");
    is_int(count("<Period id=\"2\" start=\"PT9.000S\">"), 1, "the other");
    is_int(count("mediaPresentationDuration=\"PT18.045S\""), 1, "of both");
    is_int(count("<AdaptationSet id=\"1\""), 2, "sets count in a period");
    is_int(count("id=\"a0\""), 2, "a track is in both");
    is_int(count("id=\"v0\""), 1, "another one in the first");

    aseg[4].duration += 2400;
    is_int(count("start=\"PT9.124S\">"), 1, "sound that lasts is heard");

    late = english;
    late.edit = 2400;
    lines[2].track = &late;
    is_int(count("start=\"PT9.000S\">"), 1, "priming does not last");

    three[0].tracks = tracks + 2;
    three[0].ntracks = 1;
    is_int(count("start=\"PT9.024S\">"), 1, "sound alone: its own end");

    three[2].ntracks = NVM_MAX_TRACKS + 1;
    nvm_writer_init(&w, text, sizeof(text));
    is_int(nvm_dash_write(&w, &dash), NVM_ELIMIT, "too many in the last");
}


/* AudioChannelConfiguration, by codec */
static void
test_channels(void)
{
    nvm_track_t    t, second;
    const uint8_t  dac3[] = { 0x10, 0x3d, 0xe0 };
    const uint8_t  dec3[] = { 0x0e, 0x00, 0x20, 0x0f, 0x00, 0x01, 0x10 };

    make(0);
    period.ntracks = 1;
    lines[0].track = &t;
    t = french;

    t.codec = NVM_CODEC_AC3;
    t.channels = 6;
    t.config_len = sizeof(dac3);
    memcpy(t.config, dac3, sizeof(dac3));
    is_int(count("<AudioChannelConfiguration schemeIdUri=\"tag:dolby.com,2014:"
                 "dash:audio_channel_configuration:2011\" value=\"F801\"/>"),
           1, "AC-3: a map");

    t.codec = NVM_CODEC_EAC3;
    t.joc = 16;
    t.config_len = sizeof(dec3);
    memcpy(t.config, dec3, sizeof(dec3));
    is_int(count("value=\"F801\"/>"), 1, "E-AC-3: the map of the bed");
    is_int(count("<SupplementalProperty schemeIdUri=\"tag:dolby.com,2018:dash:"
                 "EC3_ExtensionType:2018\" value=\"JOC\"/>"), 1, "objects");
    is_int(count("EC3_ExtensionComplexityIndex:2018\" value=\"16\"/>"), 1,
           "and how many");

    t.codec = NVM_CODEC_OPUS;
    t.channels = 4;
    is_int(count(CHANNELS("10")), 1, "Opus: four in the corners");
    t.codec = NVM_CODEC_FLAC;
    t.channels = 8;
    is_int(count(CHANNELS("12")), 1, "FLAC: eight with a back pair");
    t.channels = 7;
    is_int(count(CHANNELS("11")), 1, "seven");
    t.channels = 0;
    is_int(count("AudioChannelConfiguration"), 0, "unknown");

    t = french;
    second = t;
    second.codec = NVM_CODEC_FLAC;
    strcpy(second.codecs, "fLaC");
    period.ntracks = 2;
    lines[1].track = &second;
    is_int(count("<AdaptationSet"), 2, "a set for each codec");
    is_int(count("value=\"main\""), 2, "of the same language: both are main");
}


int
main(int argc, char **argv)
{
    if (argc > 1) {
        make(strcmp(argv[1], "static") != 0);

        for (int i = 0; i < 4 && strcmp(argv[1], "ended") == 0; i++) {
            lines[i].ended = 1;
        }

        fputs(mpd(), stdout);
        return 0;
    }

    test_static();
    test_dynamic();
    test_latency();
    test_sets();
    test_video_sets();
    test_subtitles();
    test_signals();
    test_keys();
    test_periods();
    test_channels();

    return done_testing();
}
