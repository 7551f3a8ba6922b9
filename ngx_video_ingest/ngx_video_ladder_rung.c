/*
 * Copyright (C) ngx_video authors
 *
 * What a ladder has: "rung" and "audio" in it, see ngx_video_ladder.h.
 */

#include "ngx_video_ladder.h"
#include "nvm_wire.h"


#define NGX_VIDEO_RUNG_PIXELS_MIN  32
#define NGX_VIDEO_RUNG_PIXELS_MAX  8192
#define NGX_VIDEO_RUNG_RATE_MIN    10000
#define NGX_VIDEO_RUNG_RATE_MAX    500000000
#define NGX_VIDEO_RUNG_FPS_MAX     240

#define NGX_VIDEO_RUNG_SOUND_MIN   32000
#define NGX_VIDEO_RUNG_SOUND_MAX   512000

/* LUFS, below 0 */
#define NGX_VIDEO_RUNG_LOUD        10
#define NGX_VIDEO_RUNG_QUIET       40


#define NGX_VIDEO_RUNG_PARAMETERS                                             \
    "\"codec=\", \"maxrate=\", \"bufsize=\", \"fps=\", \"preset=\" or "         \
    "\"profile=\""


/* of x264 and x265 */
static ngx_str_t  ngx_video_rung_presets[] = {
    ngx_string("ultrafast"), ngx_string("superfast"), ngx_string("veryfast"),
    ngx_string("faster"), ngx_string("fast"), ngx_string("medium"),
    ngx_string("slow"), ngx_string("slower"), ngx_string("veryslow"),
    ngx_null_string
};

/* what libvpx and libaom call cpu-used; libaom's are those for live media */
static ngx_str_t  ngx_video_rung_speeds[] = {
    ngx_string("0"), ngx_string("1"), ngx_string("2"), ngx_string("3"),
    ngx_string("4"), ngx_string("5"), ngx_string("6"), ngx_string("7"),
    ngx_string("8"), ngx_null_string
};

static ngx_str_t  ngx_video_rung_speeds_live[] = {
    ngx_string("5"), ngx_string("6"), ngx_string("7"), ngx_string("8"),
    ngx_string("9"), ngx_string("10"), ngx_null_string
};

static ngx_str_t  ngx_video_rung_profiles[] = {
    ngx_string("baseline"), ngx_string("main"), ngx_string("high"),
    ngx_null_string
};

static ngx_str_t  ngx_video_rung_no_profiles[] = { ngx_null_string };

static ngx_video_rung_codec_t  ngx_video_rung_codecs[] = {

    { ngx_string("h264"), NVM_CODEC_H264, NVM_WIRE_AVC,
      ngx_video_rung_presets, "a preset of x264, \"ultrafast\" to "
                              "\"veryslow\",",
      ngx_video_rung_profiles, "\"baseline\", \"main\" or \"high\"" },

    { ngx_string("hevc"), NVM_CODEC_HEVC, NVM_WIRE_HEVC,
      ngx_video_rung_presets, "a preset of x265, \"ultrafast\" to "
                              "\"veryslow\",",
      ngx_video_rung_no_profiles, "no \"profile=\" with \"codec=hevc\"" },

    { ngx_string("vp9"), NVM_CODEC_VP9, NVM_WIRE_VP9,
      ngx_video_rung_speeds, "a speed of libvpx, \"0\" to \"8\",",
      ngx_video_rung_no_profiles, "no \"profile=\" with \"codec=vp9\"" },

    { ngx_string("av1"), NVM_CODEC_AV1, NVM_WIRE_AV1,
      ngx_video_rung_speeds_live, "a speed of libaom, \"5\" to \"10\",",
      ngx_video_rung_no_profiles, "no \"profile=\" with \"codec=av1\"" },

    { ngx_null_string, NVM_CODEC_NONE, 0, NULL, NULL, NULL, NULL }
};

static ngx_video_rung_codec_t  ngx_video_rung_aac = {
    ngx_string("aac"), NVM_CODEC_AAC, NVM_WIRE_AAC, NULL, NULL, NULL, NULL
};


/* "5000k", "5m", "5000000": bits, thousands and millions of them. */
static ngx_int_t
ngx_video_ladder_bits(ngx_str_t *value, uint64_t *out)
{
    u_char     last;
    size_t     len;
    int64_t    n, unit;

    len = value->len;
    last = len ? value->data[len - 1] : 0;
    unit = last == 'k' || last == 'K' ? 1000
           : last == 'm' || last == 'M' ? 1000000 : 1;
    n = ngx_atoi(value->data, len - (unit > 1));

    if (n <= 0 || n > NGX_VIDEO_RUNG_RATE_MAX) {
        return NGX_ERROR;
    }

    *out = (uint64_t) (n * unit);

    return *out >= NGX_VIDEO_RUNG_RATE_MIN && *out <= NGX_VIDEO_RUNG_RATE_MAX
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_video_ladder_pixels(u_char *data, size_t len, ngx_uint_t *out)
{
    ngx_int_t  n;

    n = ngx_atoi(data, len);

    if (n < NGX_VIDEO_RUNG_PIXELS_MIN || n > NGX_VIDEO_RUNG_PIXELS_MAX
        || n % 2)
    {
        return NGX_ERROR;
    }

    *out = (ngx_uint_t) n;

    return NGX_OK;
}


static ngx_int_t
ngx_video_ladder_size(ngx_str_t *value, ngx_video_rung_t *r)
{
    u_char  *x, *end;

    end = value->data + value->len;
    x = ngx_strlchr(value->data, end, 'x');

    if (x == NULL
        || ngx_video_ladder_pixels(value->data, x - value->data, &r->width)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_video_ladder_pixels(x + 1, end - x - 1, &r->height);
}


static ngx_int_t
ngx_video_ladder_choice(ngx_str_t *value, ngx_str_t *choices, ngx_str_t *out)
{
    for ( /* void */ ; choices->len; choices++) {
        if (choices->len == value->len
            && ngx_memcmp(choices->data, value->data, value->len) == 0)
        {
            *out = *choices;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_video_ladder_fps(ngx_str_t *value, ngx_uint_t *out)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n < 1 || n > NGX_VIDEO_RUNG_FPS_MAX) {
        return NGX_ERROR;
    }

    *out = (ngx_uint_t) n;

    return NGX_OK;
}


/* What others mean depends on it, wherever it stands: NGX_OK, or NGX_ERROR. */
static ngx_int_t
ngx_video_ladder_codec(ngx_str_t *value, ngx_video_rung_t *r)
{
    ngx_video_rung_codec_t  *c;

    if (ngx_strncmp(value->data, "codec=", 6) != 0) {
        return NGX_OK;
    }

    for (c = ngx_video_rung_codecs; c->name.len; c++) {
        if (ngx_strcmp(value->data + 6, c->name.data) == 0) {
            r->codec = c;
            return NGX_OK;
        }
    }

    return NGX_ERROR;
}


/* Of a rung, behind its bit rate: NULL, or what is expected. */
static const char *
ngx_video_ladder_parameter(ngx_str_t *value, ngx_video_rung_t *r)
{
    ngx_str_t   v;

    v.data = ngx_strlchr(value->data, value->data + value->len, '=');

    if (v.data == NULL) {
        return NGX_VIDEO_RUNG_PARAMETERS;
    }

    v.data++;
    v.len = value->data + value->len - v.data;

    if (ngx_strncmp(value->data, "maxrate=", 8) == 0) {
        return ngx_video_ladder_bits(&v, &r->maxrate) == NGX_OK
               && r->maxrate >= r->bitrate
               ? NULL : "a rate that is not below that of the rung, up to "
                        "500m,";
    }

    if (ngx_strncmp(value->data, "bufsize=", 8) == 0) {
        return ngx_video_ladder_bits(&v, &r->bufsize) == NGX_OK
               ? NULL : "a size between 10k and 500m";
    }

    if (ngx_strncmp(value->data, "fps=", 4) == 0) {
        return ngx_video_ladder_fps(&v, &r->fps) == NGX_OK
               ? NULL : "a number between 1 and 240";
    }

    if (ngx_strncmp(value->data, "preset=", 7) == 0) {
        return ngx_video_ladder_choice(&v, r->codec->presets, &r->preset)
               == NGX_OK ? NULL : r->codec->preset;
    }

    if (ngx_strncmp(value->data, "profile=", 8) == 0) {
        return ngx_video_ladder_choice(&v, r->codec->profiles, &r->profile)
               == NGX_OK ? NULL : r->codec->profile;
    }

    /* that has been read */
    return ngx_strncmp(value->data, "codec=", 6) == 0
           ? NULL : NGX_VIDEO_RUNG_PARAMETERS;
}


/* Another rung; NULL: it may not be, which is logged. */
static ngx_video_rung_t *
ngx_video_ladder_next(ngx_conf_t *cf, ngx_video_ladder_t *l, ngx_str_t *name)
{
    ngx_video_rung_t  *r;

    if (ngx_video_ladder_rung(l, name->data, name->len)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate rung \"%V\"",
                           name);
        return NULL;
    }

    if (l->rungs.nelts == NGX_VIDEO_RUNGS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "ladder \"%V\" has more than "
                           "%d rungs", &l->name, NGX_VIDEO_RUNGS);
        return NULL;
    }

    r = ngx_array_push(&l->rungs);

    if (r) {
        ngx_memzero(r, sizeof(ngx_video_rung_t));
        r->name = *name;
    }

    return r;
}


/* rung NAME WxH BITRATE [PARAMETER=VALUE]... */
char *
ngx_video_ladder_pictures(ngx_conf_t *cf, ngx_video_ladder_t *l)
{
    ngx_str_t         *value;
    ngx_uint_t         i;
    const char        *expected;
    ngx_video_rung_t  *r;

    value = cf->args->elts;

    if (cf->args->nelts < 4) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid number of arguments "
                           "in \"rung\": a name, a size and a bit rate are "
                           "expected");
        return NGX_CONF_ERROR;
    }

    if (!ngx_video_ladder_word(&value[1])) {
        return ngx_video_ladder_wrong(cf, &value[1], "a name of up to 31 "
                                      "letters, digits, \"-\" and \"_\"");
    }

    r = ngx_video_ladder_next(cf, l, &value[1]);
    if (r == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_video_ladder_size(&value[2], r) != NGX_OK) {
        return ngx_video_ladder_wrong(cf, &value[2], "WIDTHxHEIGHT, even "
                                      "numbers between 32 and 8192,");
    }

    if (ngx_video_ladder_bits(&value[3], &r->bitrate) != NGX_OK) {
        return ngx_video_ladder_wrong(cf, &value[3], "a bit rate between 10k "
                                      "and 500m");
    }

    r->codec = ngx_video_rung_codecs;

    for (i = 4; i < cf->args->nelts; i++) {
        if (ngx_video_ladder_codec(&value[i], r) != NGX_OK) {
            return ngx_video_ladder_wrong(cf, &value[i], "\"h264\", \"hevc\", "
                                          "\"vp9\" or \"av1\"");
        }
    }

    for (i = 4; i < cf->args->nelts; i++) {
        expected = ngx_video_ladder_parameter(&value[i], r);

        if (expected) {
            return ngx_video_ladder_wrong(cf, &value[i], expected);
        }
    }

    return NGX_CONF_OK;
}


/* Of sound, behind its bit rate: NULL, or what is expected. */
static const char *
ngx_video_ladder_sound_parameter(ngx_str_t *value, ngx_video_rung_t *r)
{
    u_char      *v;
    size_t       len;
    ngx_int_t    n;

    if (ngx_strcmp(value->data, "variant") == 0) {
        r->variant = 1;
        return NULL;
    }

    if (ngx_strncmp(value->data, "rate=", 5) == 0) {
        n = ngx_atoi(value->data + 5, value->len - 5);
        r->rate = n == 44100 ? 44100 : 48000;
        return n == 44100 || n == 48000 ? NULL : "44100 or 48000";
    }

    if (ngx_strncmp(value->data, "channels=", 9) == 0) {
        n = ngx_atoi(value->data + 9, value->len - 9);
        r->channels = n == 1 ? 1 : 2;
        return n == 1 || n == 2 ? NULL : "1 or 2";
    }

    if (ngx_strncmp(value->data, "loudness=-", 10) == 0) {
        v = value->data + 10;
        len = value->len - 10;
        n = ngx_atoi(v, len);
        r->loudness = n < 0 ? 0 : (ngx_uint_t) n;
        return n >= NGX_VIDEO_RUNG_LOUD && n <= NGX_VIDEO_RUNG_QUIET
               ? NULL : "a loudness between -40 and -10 (LUFS)";
    }

    return "\"rate=\", \"channels=\", \"loudness=-\" or \"variant\"";
}


/* audio BITRATE [rate=] [channels=] [loudness=] [variant] */
char *
ngx_video_ladder_sound(ngx_conf_t *cf, ngx_video_ladder_t *l)
{
    ngx_str_t         *value, name;
    ngx_uint_t         i;
    const char        *expected;
    ngx_video_rung_t  *r;

    value = cf->args->elts;

    if (cf->args->nelts < 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid number of arguments "
                           "in \"audio\": a bit rate is expected");
        return NGX_CONF_ERROR;
    }

    ngx_str_set(&name, NGX_VIDEO_RUNG_SOUND);

    r = ngx_video_ladder_next(cf, l, &name);
    if (r == NULL) {
        return NGX_CONF_ERROR;
    }

    r->codec = &ngx_video_rung_aac;
    r->rate = 48000;
    r->channels = 2;

    if (ngx_video_ladder_bits(&value[1], &r->bitrate) != NGX_OK
        || r->bitrate < NGX_VIDEO_RUNG_SOUND_MIN
        || r->bitrate > NGX_VIDEO_RUNG_SOUND_MAX)
    {
        return ngx_video_ladder_wrong(cf, &value[1], "a bit rate between 32k "
                                      "and 512k");
    }

    for (i = 2; i < cf->args->nelts; i++) {
        expected = ngx_video_ladder_sound_parameter(&value[i], r);

        if (expected) {
            return ngx_video_ladder_wrong(cf, &value[i], expected);
        }
    }

    return NGX_CONF_OK;
}
