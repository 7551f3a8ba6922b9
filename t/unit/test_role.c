/*
 * Copyright (C) ngx_video authors
 *
 * What people and players are told of sound and subtitles: labels, language
 * tags, roles and the default, in multivariant playlists and in manifests.
 */

#include "nvm_dash.h"
#include "nvm_hls.h"
#include "tap.h"


static nvm_track_t  video = {
    .kind = NVM_VIDEO, .codec = NVM_CODEC_H264, .timescale = 90000,
    .bandwidth = 2000000, .codecs = "avc1.64001e", .lang = "und"
};

static nvm_track_t  english = {
    .kind = NVM_AUDIO, .codec = NVM_CODEC_AAC, .timescale = 48000,
    .bandwidth = 130000, .codecs = "mp4a.40.2", .lang = "eng"
};

static nvm_track_t  dolby = {
    .kind = NVM_AUDIO, .codec = NVM_CODEC_EAC3, .timescale = 48000,
    .bandwidth = 200000, .codecs = "ec-3", .lang = "eng"
};

static nvm_track_t  german = {
    .kind = NVM_TEXT, .codec = NVM_CODEC_WVTT, .timescale = 90000,
    .bandwidth = 1000, .codecs = "wvtt", .lang = "deu"
};

static char  text[16384];


/* EXT-X-MEDIA of video and n other renditions, without what they share. */
static const char *
media(nvm_hls_rendition_t *r, size_t n)
{
    char                *p, *end;
    size_t               len;
    nvm_writer_t         w;
    nvm_hls_master_t     m;
    nvm_hls_rendition_t  all[8];
    static char          got[4096];

    static const char    begin[] = "GROUP-ID=";

    memset(all, 0, sizeof(all));
    memcpy(all + 1, r, n * sizeof(all[0]));
    all[0].track = &video;
    all[0].dir = "v0";
    m = (nvm_hls_master_t) { .renditions = all, .nrenditions = n + 1 };

    nvm_writer_init(&w, text, sizeof(text) - 1);
    if (nvm_hls_master_write(&w, &m) != NVM_OK) {
        return "(error)";
    }

    text[w.len] = '\0';
    got[0] = '\0';

    for (p = text; (p = strstr(p, begin)) != NULL; p = end) {
        p += sizeof(begin) - 1;
        end = strchr(p, '\n');
        len = strlen(got);
        snprintf(got + len, sizeof(got) - len, "%.*s\n",
                 (int) (strstr(p, ",URI=") - p), p);
    }

    return got;
}


static void
test_hls(void)
{
    nvm_hls_rendition_t  r[5];

    memset(r, 0, sizeof(r));

    for (int i = 0; i < 5; i++) {
        r[i].track = &english;
        r[i].dir = "a0";
    }

    r[0].role = NVM_ROLE_COMMENTARY;
    r[0].name = "Director";
    r[0].lang = "de";
    r[1].name = "English";
    r[2].name = "British";
    r[2].lang = "en-GB";
    r[2].def = 1;
    r[3].name = "Described";
    r[3].role = NVM_ROLE_DESCRIPTION;
    r[4].name = "Again";
    r[4].lang = "en-GB";
    r[4].def = 1;

    is_str(media(r, 5),
           "\"audio\",NAME=\"Director\",LANGUAGE=\"de\",DEFAULT=NO,"
           "AUTOSELECT=NO\n"
           "\"audio\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=NO,"
           "AUTOSELECT=YES\n"
           "\"audio\",NAME=\"British\",LANGUAGE=\"en-GB\",DEFAULT=YES,"
           "AUTOSELECT=YES\n"
           "\"audio\",NAME=\"Described\",LANGUAGE=\"en\",DEFAULT=NO,"
           "AUTOSELECT=YES,"
           "CHARACTERISTICS=\"public.accessibility.describes-video\"\n"
           "\"audio\",NAME=\"Again\",LANGUAGE=\"en-GB\",DEFAULT=NO,"
           "AUTOSELECT=NO\n", "one default, and what can be told apart");

    r[1].lang = "de";
    ok(strstr(media(r, 5), "\"English\",LANGUAGE=\"de\",DEFAULT=NO,"
                           "AUTOSELECT=YES") != NULL,
       "a commentary takes no other's place");
    r[1].lang = NULL;

    r[2].def = 0;
    r[4].def = 0;
    ok(strstr(media(r, 5), "NAME=\"Director\",LANGUAGE=\"de\",DEFAULT=YES,"
                           "AUTOSELECT=YES") != NULL,
       "without one it is the first, whatever it is");

    /* the default is alike one before it, which yields */

    memset(r, 0, sizeof(r));
    r[0].track = &english;
    r[0].dir = "a0";
    r[1].track = &english;
    r[1].dir = "a1";
    r[1].def = 1;
    is_str(media(r, 2),
           "\"audio\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=NO,AUTOSELECT=NO\n"
           "\"audio\",NAME=\"en (a1)\",LANGUAGE=\"en\",DEFAULT=YES,"
           "AUTOSELECT=YES\n", "the second is the default");

    /* of two codecs of one name either may say that it is */

    r[1].track = &dolby;
    r[1].name = "en";
    is_str(media(r, 2),
           "\"audio\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,"
           "AUTOSELECT=YES\n"
           "\"audio-ec3\",NAME=\"en\",LANGUAGE=\"en\",DEFAULT=YES,"
           "AUTOSELECT=YES\n", "one in each group");
}


static void
test_hls_text(void)
{
    nvm_hls_rendition_t  r[5];

    memset(r, 0, sizeof(r));

    for (int i = 0; i < 5; i++) {
        r[i].track = &german;
        r[i].dir = "s0";
        r[i].name = (const char *[]) { "A", "B", "C", "D", "E" }[i];
    }

    r[1].role = NVM_ROLE_CAPTION;
    r[2].role = NVM_ROLE_FORCED_SUBTITLE;
    r[2].forced = 1;
    r[3].lang = "de-AT";
    r[3].role = NVM_ROLE_EASYREADER;

    is_str(media(r, 5),
           "\"subtitles\",NAME=\"A\",LANGUAGE=\"de\",DEFAULT=NO,"
           "AUTOSELECT=YES,FORCED=NO\n"
           "\"subtitles\",NAME=\"B\",LANGUAGE=\"de\",DEFAULT=NO,"
           "AUTOSELECT=YES,FORCED=NO,"
           "CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,"
           "public.accessibility.describes-music-and-sound\"\n"
           "\"subtitles\",NAME=\"C\",LANGUAGE=\"de\",DEFAULT=NO,"
           "AUTOSELECT=YES,FORCED=YES\n"
           "\"subtitles\",NAME=\"D\",LANGUAGE=\"de-AT\",DEFAULT=NO,"
           "AUTOSELECT=YES,FORCED=NO,"
           "CHARACTERISTICS=\"public.easy-to-read\"\n"
           "\"subtitles\",NAME=\"E\",LANGUAGE=\"de\",DEFAULT=NO,"
           "AUTOSELECT=NO,FORCED=NO\n", "none is the default");

    r[4].def = 1;
    ok(strstr(media(r, 5), "\"A\",LANGUAGE=\"de\",DEFAULT=NO,AUTOSELECT=NO")
       && strstr(text, "\"E\",LANGUAGE=\"de\",DEFAULT=YES,AUTOSELECT=YES"),
       "a default, to which one that is alike yields");

    r[0].track = &english;
    r[1].track = &english;
    r[1].lang = "fr";
    r[0].role = r[1].role = NVM_ROLE_NONE;
    ok(strstr(media(r, 5), "\"A\",LANGUAGE=\"en\",DEFAULT=YES")
       && strstr(text, "\"B\",LANGUAGE=\"fr\",DEFAULT=NO")
       && strstr(text, "\"E\",LANGUAGE=\"de\",DEFAULT=YES"),
       "audio has a default of its own");
}


static nvm_segment_t   segment = {
    .duration = 96000, .complete = 1, .independent = 1
};

static nvm_timeline_t  line[3] = {
    { .track = &english, .segments = &segment, .nsegments = 1, .target = 2,
      .ended = 1 },
    { .track = &video, .segments = &segment, .nsegments = 1, .target = 2,
      .ended = 1 },
    { .track = &german, .segments = &segment, .nsegments = 1, .target = 2,
      .ended = 1 }
};


/*
 * The sets of a manifest, "/" before each: language, what of them is told, in
 * brackets the representations.
 */
static const char *
sets(nvm_dash_track_t *t, size_t n)
{
    char          *p;
    size_t         i, len;
    nvm_dash_t     d;
    nvm_dash_period_t  period;
    nvm_writer_t   w;
    static char    got[4096];

    static const struct {
        const char  *begin;
        char         end;
        const char  *show;
    } parts[] = {
        { "<AdaptationSet ", ' ', "/" },
        { " lang=\"", '"', " " },
        { "selectionPriority=\"", '"', " priority " },
        { "<Label>", '<', " label " },
        { "AudioPurposeCS:2007\" value=\"", '"', " purpose " },
        { "role:2011\" value=\"", '"', " " },
        { "<Representation id=\"", '"', " " }
    };

    period = (nvm_dash_period_t) { .tracks = t, .ntracks = n };
    d = (nvm_dash_t) { .periods = &period, .nperiods = 1 };
    nvm_writer_init(&w, text, sizeof(text) - 1);

    if (nvm_dash_write(&w, &d) != NVM_OK) {
        return "(error)";
    }

    text[w.len] = '\0';
    got[0] = '\0';

    for (p = text; *p; p++) {
        for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            if (strncmp(p, parts[i].begin, strlen(parts[i].begin)) == 0) {
                p += strlen(parts[i].begin);
                len = strlen(got);
                snprintf(got + len, sizeof(got) - len, "%s%.*s",
                         parts[i].show,
                         i ? (int) (strchr(p, parts[i].end) - p) : 0, p);
                break;
            }
        }
    }

    return got;
}


static void
test_dash(void)
{
    nvm_dash_track_t  t[6];

    memset(t, 0, sizeof(t));

    for (int i = 0; i < 6; i++) {
        t[i].timeline = &line[0];
        t[i].id = (const char *[]) { "a0", "a1", "a2", "a3", "a4", "a5" }[i];
    }

    is_str(sets(t, 2), "/ en main a0 a1", "nothing is told: one set");

    t[1].label = "English";
    t[2].label = "English";
    t[3].label = "English";
    t[3].role = NVM_ROLE_DESCRIPTION;
    t[4].lang = "en-GB";
    t[5].role = NVM_ROLE_COMMENTARY;
    is_str(sets(t, 6), "/ en main a0"
                       "/ en label English main a1 a2"
                       "/ en label English purpose 1 description a3"
                       "/ en-GB alternate a4"
                       "/ en commentary a5",
           "sets by label, language and role");

    t[4].def = 1;
    is_str(sets(t, 6), "/ en alternate a0"
                       "/ en label English alternate a1 a2"
                       "/ en label English purpose 1 description a3"
                       "/ en-GB priority 2 main a4"
                       "/ en commentary a5",
           "the main one is the default");

    t[4].role = NVM_ROLE_DUB;
    ok(strstr(sets(t, 6), "/ en-GB priority 2 dub main a4") != NULL,
       "the default is main beside its role");

    for (int i = 0; i < 3; i++) {
        t[i].timeline = &line[2];
        t[i].label = NULL;
    }

    t[1].role = NVM_ROLE_CAPTION;
    t[1].lang = "de-AT";
    t[2].role = NVM_ROLE_FORCED_SUBTITLE;
    is_str(sets(t, 3), "/ de subtitle a0"
                       "/ de-AT purpose 2 caption a1"
                       "/ de forced-subtitle a2", "subtitles");
    t[0].def = 1;
    ok(strstr(sets(t, 3), "/ de priority 2 subtitle main a0/") != NULL,
       "of which one is the default");
    memset(t, 0, 2 * sizeof(t[0]));

    t[0].timeline = &line[1];
    t[0].id = "v0";
    t[1].timeline = &line[1];
    t[1].id = "v1";
    t[1].label = "";
    t[1].lang = "de";
    is_str(sets(t, 2), "/ main v0 v1", "pictures have no language of theirs");
}


int
main(void)
{
    test_hls();
    test_hls_text();
    test_dash();

    return done_testing();
}
