/*
 * Copyright (C) ngx_video authors
 *
 * asset.json: what is taken from one, and what is said of each mistake.
 */

#include <stdlib.h>

#include "ngx_http_video_asset_json.h"
#include "tap.h"


#define TRACK(members)  "{\"tracks\":[{\"file\":\"a.mp4\"" members "}]}"


static ngx_http_video_asset_t  a;
static char                    error[NGX_HTTP_VIDEO_ASSET_ERROR];


/* Parses a copy of exactly that size: what is read beyond it is seen. */
static nvm_err_e
parse_bytes(const char *data, size_t len)
{
    char       *p;
    nvm_err_e   rc;

    p = malloc(len ? len : 1);
    memcpy(p, data, len);
    rc = ngx_http_video_asset_parse(p, len, &a, error);
    free(p);

    return rc;
}


static nvm_err_e
parse(const char *json)
{
    return parse_bytes(json, strlen(json));
}


static void
test_whole(void)
{
    is_int(parse(
        "{ \"tracks\": [\n"
        "  { \"file\": \"hd/film.mp4\", \"audio\": false },\n"
        "  { \"file\": \"en.m4a\", \"language\": \"ENG-gb\","
        "    \"label\": \"English\", \"role\": \"main\", \"default\": true },\n"
        "  { \"file\": \"ad.mp4\", \"type\": \"media\", \"video\": false,"
        "    \"language\": \"en\", \"role\": \"description\" },\n"
        "  { \"file\": \"de.VTT\", \"language\": \"ger\", \"forced\": true },\n"
        "  { \"file\": \"x\", \"type\": \"subtitles\", \"role\": \"caption\","
        "    \"forced\": false } ],\n"
        "  \"poster\": \"poster.jpg\",\n"
        "  \"clip\": { \"start\": 1.5, \"end\": \"7.25\" } }\n"), NVM_OK,
        "everything");
    is_str(error, "", "without an error");
    is_int(a.ntracks, 5, "five tracks");
    is_str(a.poster, "poster.jpg", "poster");
    is_int(a.start, 1500, "start of the clip");
    is_int(a.end, 7250, "its end");

    is_str(a.tracks[0].file, "hd/film.mp4", "a file below");
    is_int(a.tracks[0].without, 1 << NVM_AUDIO, "its audio is left out");
    is_str(a.tracks[0].language, "", "no language");
    is_int(a.tracks[0].role, NVM_ROLE_NONE, "no role");
    is_int(a.tracks[0].def, 0, "not the default");

    is_str(a.tracks[1].language, "en-GB", "the tag in its usual spelling");
    is_str(a.tracks[1].iso, "eng", "as the model has it");
    is_str(a.tracks[1].label, "English", "label");
    is_int(a.tracks[1].role, NVM_ROLE_MAIN, "role");
    is_int(a.tracks[1].def, 1, "default");
    is_int(a.tracks[1].without, 0, "all of it");

    is_int(a.tracks[2].without, 1 << NVM_VIDEO, "its video is left out");
    is_int(a.tracks[2].role, NVM_ROLE_DESCRIPTION, "another role");

    is_int(a.tracks[3].type, NGX_HTTP_VIDEO_ASSET_SUBTITLES, "by its name");
    is_str(a.tracks[3].language, "de", "a bibliographic code");
    is_str(a.tracks[3].iso, "deu", "becomes the other");
    is_int(a.tracks[3].role, NVM_ROLE_FORCED_SUBTITLE, "forced is a role");
    is_int(a.tracks[3].text, 1, "which is a file of text");
    is_int(a.tracks[4].type, NGX_HTTP_VIDEO_ASSET_SUBTITLES, "as told");
    is_int(a.tracks[4].text, 0, "of an MP4 file");
    is_int(a.tracks[4].without, 1 << NVM_VIDEO | 1 << NVM_AUDIO, "its text");
    is_int(a.tracks[4].role, NVM_ROLE_CAPTION, "captions");
}


static void
test_small(void)
{
    uint64_t  first;

    is_int(parse(TRACK("")), NVM_OK, "one file");
    is_int(a.start + a.end, 0, "no clip");
    is_str(a.poster, "", "no poster");
    first = a.hash;

    parse("\xef\xbb\xbf{\n\"tracks\": [ { \"file\":\"\\u0061.mp4\" } ] }");
    ok(a.hash == first, "spaces, a byte order mark, escapes: says the same");
    parse(TRACK(",\"video\":true,\"type\":\"media\",\"forced\":false"));
    ok(a.hash == first, "and so do defaults");
    parse(TRACK(",\"label\":\"x\""));
    ok(a.hash != first, "a label is another");
    parse("{\"tracks\":[{\"file\":\"a.mp4\"}],\"clip\":{\"end\":1}}");
    ok(a.hash != first, "and so is a clip");
    is_int(a.end, 1000, "whole seconds");

    is_int(parse("{\"tracks\":[{\"file\":\"a..b/..c/d...mp4\"}]}"), NVM_OK,
           "dots in names");
    is_int(parse(TRACK(",\"role\":\"forced-subtitle\","
                       "\"type\":\"subtitles\"")), NVM_EINVAL,
           "subtitles alone");
    is_int(parse("{\"tracks\":[{\"file\":\"a.mp4\"},{\"file\":\"b.srt\","
                 "\"role\":\"forced-subtitle\"}]}"), NVM_OK, "with media");
    is_int(a.tracks[1].forced, 1, "a role that is forced");

    is_int(parse("{\"tracks\":[{\"file\":\"a.mp4\"},"
                 "{\"file\":\"b.cmft\"}]}"), NVM_OK, "CMAF of text");
    is_int(a.tracks[1].type, NGX_HTTP_VIDEO_ASSET_SUBTITLES, "is subtitles");
    is_int(a.tracks[1].text, 0, "in an MP4 file");

    is_int(parse(TRACK(",\"text\":false")), NVM_OK, "without text");
    is_int(a.tracks[0].without, 1 << NVM_TEXT, "is without it");
}


static void
test_clips(void)
{
    uint64_t  first;

    is_int(parse("{\"poster\":\"p.png\",\"clips\":["
                 "{\"asset\":\"intro.mp4\",\"end\":4.5},"
                 "{\"asset\":\"films/one\"},"
                 "{\"end\":\"7\",\"start\":2.125,\"asset\":\"a.json\"}]}"),
           NVM_OK, "clips");
    is_str(error, "", "without an error");
    is_int(a.nclips, 3, "three of them");
    is_int(a.ntracks, 0, "and no tracks");
    is_int(a.start + a.end, 0, "all of them");
    is_str(a.poster, "p.png", "with a poster");
    is_str(a.clips[0].asset, "intro.mp4", "a file");
    is_int(a.clips[0].start, 0, "from its start");
    is_int(a.clips[0].end, 4500, "to an end");
    is_str(a.clips[1].asset, "films/one", "a directory");
    is_int(a.clips[1].start + a.clips[1].end, 0, "all of it");
    is_str(a.clips[2].asset, "a.json", "a description");
    is_int(a.clips[2].start, 2125, "from");
    is_int(a.clips[2].end, 7000, "to");

    is_int(parse("{\"clips\":[{\"asset\":\"a\"},{\"asset\":\"b\"}]}"),
           NVM_OK, "two clips");
    first = a.hash;
    parse("{ \"clips\": [ {\"asset\":\"a\",\"start\":0}, {\"asset\":\"b\"}]}");
    ok(a.hash == first, "what says the same is the same");
    parse("{\"clips\":[{\"asset\":\"b\"},{\"asset\":\"a\"}]}");
    ok(a.hash != first, "another order is another asset");
    parse("{\"clips\":[{\"asset\":\"a\"},{\"asset\":\"b\",\"end\":1}]}");
    ok(a.hash != first, "and so is another end");
    parse("{\"clips\":[{\"asset\":\"a\"}]}");
    ok(a.hash != first, "and one less");
}


/* n clips */
static const char *
clips(size_t n)
{
    size_t       i, len;
    static char  json[1024];

    len = (size_t) snprintf(json, sizeof(json), "{\"clips\":[");

    for (i = 0; i < n; i++) {
        len += (size_t) snprintf(json + len, sizeof(json) - len,
                                 "%s{\"asset\":\"%zu\"}", i ? "," : "", i);
    }

    snprintf(json + len, sizeof(json) - len, "]}");

    return json;
}


static const char *
many(size_t media, size_t texts)
{
    size_t       i, n;
    static char  json[2048];

    n = (size_t) snprintf(json, sizeof(json), "{\"tracks\":[");

    for (i = 0; i < media + texts; i++) {
        n += (size_t) snprintf(json + n, sizeof(json) - n,
                               "%s{\"file\":\"a.%s\"}", i ? "," : "",
                               i < media ? "mp4" : "vtt");
    }

    snprintf(json + n, sizeof(json) - n, "]}");

    return json;
}


static void
test_many(void)
{
    is_int(parse(many(16, 16)), NVM_OK, "16 of each");
    is_int(a.ntracks, 32, "all of them");
    is_int(parse(many(17, 1)), NVM_EINVAL, "17 MP4 files");
    is_str(error, "tracks[16].file: more than 16 MP4 files", "says so");
    is_int(parse(many(1, 17)), NVM_EINVAL, "17 of subtitles");
    is_str(error, "tracks[17].file: more than 16 files of subtitles",
           "says so");

    is_int(parse(clips(32)), NVM_OK, "32 clips");
    is_int(a.nclips, 32, "all of them");
    is_str(a.clips[31].asset, "31", "to the last");
    is_int(parse(clips(33)), NVM_EINVAL, "33 clips");
    is_str(error, "clips: a list of 1 to 32 objects is expected", "says so");
}


static void
test_times(void)
{
    size_t  i;
    char    json[128];

    static const struct {
        const char  *start;
        int          ms;        /* -1: refused, -2: the most */
    } t[] = {
        { "0", 0 }, { "12", 12000 }, { "0.001", 1 }, { "12.345", 12345 },
        { "1e1", 10000 }, { "\"0\"", 0 }, { "\"12\"", 12000 },
        { "\"12.5\"", 12500 }, { "\"12.345\"", 12345 }, { "\"007\"", 7000 },
        { "268435456", -2 },
        { "12.3456", -1 }, { "-1", -1 }, { "-0.001", -1 }, { "1e300", -1 },
        { "268435457", -1 }, { "9223372036854775807", -1 },
        { "\"12.3456\"", -1 }, { "\"12.\"", -1 }, { "\".5\"", -1 },
        { "\"\"", -1 }, { "\"1:30\"", -1 }, { "\"1.2.3\"", -1 },
        { "\"-1\"", -1 }, { "\"1000000000000\"", -1 },
        { "\"99999999999999999999999\"", -1 }, { "true", -1 }, { "null", -1 },
        { "[]", -1 }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        snprintf(json, sizeof(json), "{\"tracks\":[{\"file\":\"a.mp4\"}],"
                 "\"clip\":{\"start\":%s}}", t[i].start);

        if (t[i].ms == -1) {
            is_int(parse(json), NVM_EINVAL, "start %s", t[i].start);
            is_str(error, "clip.start: seconds with up to three decimals are "
                   "expected", "what is expected");
            continue;
        }

        is_int(parse(json), NVM_OK, "start %s", t[i].start);
        is_int(a.start, t[i].ms == -2 ? 268435456000LL : t[i].ms, "ms");
    }
}


typedef struct {
    const char  *json;
    const char  *error;
} mistake_t;


static void
refused(const mistake_t *t, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        is_int(parse(t[i].json), NVM_EINVAL, "a mistake");
        is_str(error, t[i].error, "is told: %s", t[i].error);
    }
}


/* Of JSON, and of members of the whole. */
static void
test_bad_form(void)
{
    static const mistake_t  t[] = {
        { "", "1:0: '[' or '{' expected near end of file" },
        { "{\n  \"tracks\": [\n    { \"file\": \"a.mp4\", }\n  ]\n}",
          "3:24: string or '}' expected near '}'" },
        { "{\"tracks\":[]", "1:12: '}' expected near end of file" },
        { TRACK("") "x", "1:30: end of file expected near 'x'" },
        { "{\"poster\":\"a\",\"poster\":\"b\"}",
          "1:22: duplicate object key near '\"poster\"'" },
        { TRACK(",\"label\":\"a\\u0000b\""),
          "1:45: a string has a zero character" },
        { "[]", "an object is expected, not a list" },
        { "{\n[[[[[[[[[]", "2:8: nested more than 8 deep" },
        { "{\"track\":[]}", "track: no such member, known are \"tracks\", "
          "\"poster\", \"clip\", \"clips\"" },
        { "{\"a\\nb\":1}", "a?b: no such member, known are \"tracks\", "
          "\"poster\", \"clip\", \"clips\"" }
    };

    refused(t, sizeof(t) / sizeof(t[0]));
}


/* Of the list of tracks, and of their files. */
static void
test_bad_files(void)
{
    static const mistake_t  t[] = {
        { "{}", "tracks: a list of 1 to 32 objects is expected" },
        { "{\"tracks\":[]}", "tracks: a list of 1 to 32 objects is expected" },
        { "{\"tracks\":{}}", "tracks: a list of 1 to 32 objects is expected" },
        { "{\"tracks\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,"
          "21,22,23,24,25,26,27,28,29,30,31,32,33]}",
          "tracks: a list of 1 to 32 objects is expected" },
        { "{\"tracks\":[\"a.mp4\"]}",
          "tracks[0]: an object is expected, not a string" },
        { "{\"tracks\":[{\"file\":\"a.mp4\"},{\"lang\":\"en\"}]}",
          "tracks[1].lang: no such member, known are \"file\", \"type\", "
          "\"video\", \"audio\", \"text\", \"language\", \"label\", "
          "\"role\", \"default\", \"forced\"" },
        { "{\"tracks\":[{}]}", "tracks[0].file: is missing" },
        { "{\"tracks\":[{\"file\":1.5}]}",
          "tracks[0].file: a string is expected, not a number" },
        { "{\"tracks\":[{\"file\":\"\"}]}",
          "tracks[0].file: 1 to 511 bytes are expected, not 0" },
        { "{\"tracks\":[{\"file\":\"/a.mp4\"}]}", "tracks[0].file: \"/a.mp4\" "
          "is absolute, a path relative to this file's directory is "
          "expected" },
        { "{\"tracks\":[{\"file\":\"../a.mp4\"}]}", "tracks[0].file: "
          "\"../a.mp4\" has \"..\", a path below this file's directory is "
          "expected" },
        { "{\"tracks\":[{\"file\":\"a/..\"}]}", "tracks[0].file: \"a/..\" has "
          "\"..\", a path below this file's directory is expected" },
        { "{\"tracks\":[{\"file\":\"a//../b\"}]}", "tracks[0].file: "
          "\"a//../b\" has \"..\", a path below this file's directory is "
          "expected" },
        { "{\"tracks\":[{\"file\":\"a\\nb\"}]}",
          "tracks[0].file: has a control character" },
        { "{\"tracks\":[{\"file\":\"a.srt\"}]}",
          "tracks: one of type \"media\" is expected" }
    };

    refused(t, sizeof(t) / sizeof(t[0]));
}


/* Of what is said of a track. */
static void
test_bad_members(void)
{
    static const mistake_t  t[] = {
        { TRACK(",\"type\":\"text\""), "tracks[0].type: \"text\" is none of "
          "\"media\", \"subtitles\"" },
        { TRACK(",\"video\":1"),
          "tracks[0].video: true or false is expected, not a number" },
        { TRACK(",\"audio\":\"no\""),
          "tracks[0].audio: true or false is expected, not a string" },
        { TRACK(",\"video\":false,\"audio\":false"), "tracks[0].video: false, "
          "and \"audio\" too: nothing is left of the file" },
        { TRACK(",\"language\":\"en_GB\""), "tracks[0].language: \"en_GB\" is "
          "no language tag, one like \"en\", \"pt-BR\" or \"deu\" is "
          "expected" },
        { TRACK(",\"label\":null"),
          "tracks[0].label: a string is expected, not null" },
        { TRACK(",\"role\":\"directors\""), "tracks[0].role: \"directors\" is "
          "none of \"main\", \"alternate\", \"commentary\", \"dub\", "
          "\"description\"" },
        { TRACK(",\"role\":\"caption\""), "tracks[0].role: \"caption\" is "
          "none of \"main\", \"alternate\", \"commentary\", \"dub\", "
          "\"description\"" },
        { "{\"tracks\":[{\"file\":\"a.vtt\",\"role\":\"x\"}]}",
          "tracks[0].role: \"x\" is none of \"main\", \"alternate\", "
          "\"commentary\", \"dub\", \"description\", \"caption\", "
          "\"subtitle\", \"forced-subtitle\", \"easyreader\"" },
        { TRACK(",\"default\":[]"),
          "tracks[0].default: true or false is expected, not a list" },
        { TRACK(",\"forced\":true"),
          "tracks[0].forced: only subtitles can be forced" },
        { "{\"tracks\":[{\"file\":\"a.vtt\",\"audio\":true}]}",
          "tracks[0].audio: is not for subtitles" },
        { "{\"tracks\":[{\"file\":\"a.mp4\",\"type\":\"subtitles\","
          "\"text\":true}]}", "tracks[0].text: is not for subtitles" },
        { "{\"tracks\":[{\"file\":\"a.srt\",\"type\":\"media\"}]}",
          "tracks[0].type: \"a.srt\" is subtitles by its name" },
        { TRACK(",\"text\":0"),
          "tracks[0].text: true or false is expected, not a number" },
        { TRACK(",\"audio\":false,\"label\":\"x\""), "tracks[0].label: is "
          "said of audio, and \"audio\" is false" },
        { TRACK(",\"audio\":false,\"default\":false"), "tracks[0].default: is "
          "said of audio, and \"audio\" is false" },
        { "{\"tracks\":[{\"file\":\"a.mp4\",\"default\":true},"
          "{\"file\":\"a.vtt\",\"default\":true},"
          "{\"file\":\"b.mp4\",\"default\":true}]}",
          "tracks[2].default: tracks[0] is the default of audio already" },
        { "{\"tracks\":[{\"file\":\"a.vtt\",\"default\":true},"
          "{\"file\":\"b.mp4\",\"type\":\"subtitles\",\"default\":true}]}",
          "tracks[1].default: tracks[0] is the default of subtitles already" }
    };

    refused(t, sizeof(t) / sizeof(t[0]));
}


/* Of the poster and the clip. */
static void
test_bad_picture(void)
{
    static const mistake_t  t[] = {
        { "{\"tracks\":[{\"file\":\"a.mp4\"}],\"poster\":\"p.gif\"}",
          "poster: \"p.gif\" is no image by its name: .jpg, .jpeg, .png or "
          ".webp is expected" },
        { "{\"tracks\":[{\"file\":\"a.mp4\"}],\"poster\":\"\"}",
          "poster: 1 to 511 bytes are expected, not 0" },
        { "{\"tracks\":[{\"file\":\"a.mp4\"}],\"poster\":\"/p.jpg\"}",
          "poster: \"/p.jpg\" is absolute, a path relative to this file's "
          "directory is expected" },
        { "{\"tracks\":[{\"file\":\"a.mp4\"}],\"clip\":1}",
          "clip: an object is expected, not a number" },
        { "{\"tracks\":[{\"file\":\"a.mp4\"}],\"clip\":{\"from\":1}}",
          "clip.from: no such member, known are \"start\", \"end\"" },
        { "{\"tracks\":[{\"file\":\"a.mp4\"}],\"clip\":{\"start\":2,"
          "\"end\":2}}", "clip.end: is not after \"start\"" },
        { "{\"tracks\":[{\"file\":\"a.mp4\"}],\"clip\":{\"end\":0}}",
          "clip.end: is not after \"start\"" }
    };

    refused(t, sizeof(t) / sizeof(t[0]));
}


/* Of assets of clips. */
static void
test_bad_clips(void)
{
    static const mistake_t  t[] = {
        { "{\"clips\":[]}", "clips: a list of 1 to 32 objects is expected" },
        { "{\"clips\":null}", "clips: a list of 1 to 32 objects is expected" },
        { "{\"clips\":{\"asset\":\"a\"}}",
          "clips: a list of 1 to 32 objects is expected" },
        { "{\"clips\":[\"a.mp4\"]}",
          "clips[0]: an object is expected, not a string" },
        { "{\"clips\":[{\"asset\":\"a\"},{}]}", "clips[1].asset: is missing" },
        { "{\"clips\":[{\"asset\":\"\"}]}",
          "clips[0].asset: 1 to 511 bytes are expected, not 0" },
        { "{\"clips\":[{\"asset\":[]}]}",
          "clips[0].asset: a string is expected, not a list" },
        { "{\"clips\":[{\"asset\":\"/a\"}]}", "clips[0].asset: \"/a\" is "
          "absolute, a path relative to this file's directory is expected" },
        { "{\"clips\":[{\"asset\":\"a/../../b\"}]}", "clips[0].asset: "
          "\"a/../../b\" has \"..\", a path below this file's directory is "
          "expected" },
        { "{\"clips\":[{\"file\":\"a.mp4\"}]}", "clips[0].file: no such "
          "member, known are \"asset\", \"start\", \"end\"" },
        { "{\"clips\":[{\"asset\":\"a\"},{\"asset\":\"b\",\"start\":-1}]}",
          "clips[1].start: seconds with up to three decimals are expected" },
        { "{\"clips\":[{\"asset\":\"a\",\"start\":2,\"end\":1.999}]}",
          "clips[0].end: is not after \"start\"" },
        { "{\"clips\":[{\"asset\":\"a\",\"end\":0}]}",
          "clips[0].end: is not after \"start\"" },
        { "{\"clips\":[{\"asset\":\"a\"}],\"tracks\":[{\"file\":\"b\"}]}",
          "tracks: is not for an asset of clips" },
        { "{\"clip\":{\"start\":1},\"clips\":[{\"asset\":\"a\"}]}",
          "clip: is not for an asset of clips" },
        { "{\"clips\":[{\"asset\":\"a\"}],\"poster\":\"p.gif\"}",
          "poster: \"p.gif\" is no image by its name: .jpg, .jpeg, .png or "
          ".webp is expected" }
    };

    refused(t, sizeof(t) / sizeof(t[0]));
}


static void
test_limits(void)
{
    char    *p;
    size_t   i;

    /* a good file in white space, up to the limit and beyond it */

    p = malloc(NGX_HTTP_VIDEO_ASSET_SIZE + 1);
    memset(p, ' ', NGX_HTTP_VIDEO_ASSET_SIZE + 1);
    memcpy(p, TRACK(""), strlen(TRACK("")));
    is_int(parse_bytes(p, NGX_HTTP_VIDEO_ASSET_SIZE), NVM_OK, "64 KiB");
    is_int(parse_bytes(p, NGX_HTTP_VIDEO_ASSET_SIZE + 1), NVM_EINVAL, "more");
    is_str(error, "larger than 65536 bytes", "says why");

    memset(p, '[', NGX_HTTP_VIDEO_ASSET_SIZE);
    is_int(parse_bytes(p, NGX_HTTP_VIDEO_ASSET_SIZE), NVM_EINVAL, "depth");
    is_str(error, "1:9: nested more than 8 deep", "says where");

    strcpy(p, "{\"tracks\":[{\"file\":\"");
    i = strlen(p);
    memset(p + i, 'x', 600);
    strcpy(p + i + 511, "\"}]}");
    is_int(parse(p), NVM_OK, "a name of 511 bytes");
    is_int(strlen(a.tracks[0].file), 511, "all of it");
    memset(p + i, 'x', 600);
    strcpy(p + i + 512, "\"}]}");
    is_int(parse(p), NVM_EINVAL, "a longer one");

    strcpy(p, "{\"");
    memset(p + 2, 'k', 5000);
    strcpy(p + 5000, "\":1}");
    is_int(parse(p), NVM_EINVAL, "a long member");
    ok(strlen(error) < 200, "the message is short");

    is_int(parse(TRACK(",\"label\":\"[[[[[[[[[[[[\\\"{{{{{{{\"")), NVM_OK,
           "brackets in strings are not nested");
    is_int(parse("{\"tracks\":[{\"file\":\"\xff.mp4\"}]}"), NVM_EINVAL,
           "no UTF-8");
    is_int(parse_bytes("{\"tracks\":[]}\0", 14), NVM_EINVAL, "a zero byte");

    free(p);
}


/* Every prefix, and every byte replaced by others. */
static void
test_damage(const char *whole)
{
    char        json[256];
    size_t      i, k, n;
    unsigned    good;

    static const char  with[] = "\0\"{}[],:\\x-9\xff";

    snprintf(json, sizeof(json), "%s", whole);
    n = strlen(json);
    is_int(parse(json), NVM_OK, "whole");

    for (i = 0, good = 0; i < n; i++) {
        good += parse_bytes(json, i) == NVM_OK;
    }

    is_int(good, 0, "no part of it is one");

    for (i = 0, good = 0; i < n; i++) {
        for (k = 0; k < sizeof(with) - 1; k++) {
            char  c = json[i];

            json[i] = with[k];
            good += parse(json) == NVM_OK || error[0] != '\0';
            json[i] = c;
        }
    }

    is_int(good, (long long) (n * (sizeof(with) - 1)),
           "whatever a byte becomes, there is an answer");
}


static void
test_damaged(void)
{
    test_damage("{\"tracks\":[{\"file\":\"a.mp4\",\"label\":"
                "\"\\u00e4\\\\\",\"video\":true},{\"file\":\"b.vtt\"}],"
                "\"clip\":{\"start\":1,\"end\":\"2.5\"}}");
    test_damage("{\"clips\":[{\"asset\":\"a.mp4\",\"start\":1},"
                "{\"asset\":\"b\",\"end\":\"2.5\"}],\"poster\":\"p.png\"}");
}


static void
test_tags(void)
{
    size_t  i;
    char    tag[NVM_TEXT_TAG], iso[4];

    static const struct {
        const char  *s;
        const char  *tag;       /* NULL: refused */
        const char  *iso;
    } t[] = {
        { "en", "en", "eng" }, { "EN", "en", "eng" }, { "eng", "en", "eng" },
        { "ger", "de", "deu" }, { "deu", "de", "deu" }, { "de", "de", "deu" },
        { "fre", "fr", "fra" }, { "sq", "sq", "sqi" }, { "zh", "zh", "zho" },
        { "yue", "yue", "yue" }, { "und", "und", "und" },
        { "mul", "mul", "mul" }, { "qq", "qq", "und" },
        { "PT-br", "pt-BR", "por" }, { "por-br", "pt-BR", "por" },
        { "zh-hant-tw", "zh-Hant-TW", "zho" }, { "es-419", "es-419", "spa" },
        { "sr-LATN-rs", "sr-Latn-RS", "srp" },
        { "de-1996", "de-1996", "deu" }, { "zh-YUE", "zh-yue", "zho" },
        { "en-u-CA-gregory", "en-u-ca-gregory", "eng" },
        { "en-x-A-DEFG", "en-x-a-defg", "eng" },
        { "", NULL, NULL }, { "e", NULL, NULL }, { "engl", NULL, NULL },
        { "e1", NULL, NULL }, { "en_GB", NULL, NULL }, { "en-", NULL, NULL },
        { "-en", NULL, NULL }, { "en--GB", NULL, NULL },
        { "en-123456789", NULL, NULL }, { "en-x", NULL, NULL },
        { "en-u", NULL, NULL }, { "i-klingon", NULL, NULL },
        { "x-mine", NULL, NULL }, { "en GB", NULL, NULL },
        { "e\xc3\xa9", NULL, NULL },
        { "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddd", NULL, NULL },
        { "en-aaaaaaaa-bbbbbbbb-cccccccc-ddddd",
          "en-aaaaaaaa-bbbbbbbb-cccccccc-ddddd", "eng" }
    };

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        memset(tag, '#', sizeof(tag));
        is_int(nvm_text_tag(t[i].s, tag), t[i].tag ? 0 : -1, "tag \"%s\"",
               t[i].s);

        if (t[i].tag) {
            is_str(tag, t[i].tag, "spelled");
            nvm_text_iso(tag, iso);
            is_str(iso, t[i].iso, "as ISO 639-2");
        }
    }

    ok(nvm_role_name(NVM_ROLES) == NULL && nvm_role_name(200) == NULL,
       "what is no role has no name");
    is_int(nvm_role_find("dub"), NVM_ROLE_DUB, "a role by name");
    is_int(nvm_role_find("dubs"), NVM_ROLE_NONE, "and none");
}


int
main(void)
{
    test_whole();
    test_small();
    test_clips();
    test_many();
    test_times();
    test_bad_form();
    test_bad_files();
    test_bad_members();
    test_bad_picture();
    test_bad_clips();
    test_limits();
    test_damaged();
    test_tags();

    return done_testing();
}
