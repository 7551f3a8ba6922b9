/*
 * Copyright (C) ngx_video authors
 *
 * What a request wants of an asset: a part of its time, some of its tracks.
 *
 * A clip is an asset of its own, with an index and an epoch; "start" and "end"
 * stand in all its URLs.  A selection of tracks only leaves lines out: what is
 * not listed can still be asked for by who knows its name.
 */

#include "ngx_http_video_vod.h"


/* eight years: no film is longer */
#define NGX_HTTP_VIDEO_CLIP_MAX  ((ngx_int_t) 1 << 28)


/* Seconds with up to three decimals as ms; NGX_ERROR for anything else. */
static ngx_int_t
ngx_http_video_clip_time(ngx_http_request_t *r, const char *name,
    uint64_t *ms)
{
    ngx_str_t  v;
    ngx_int_t  n;

    *ms = 0;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &v) != NGX_OK
        || v.len == 0)
    {
        return NGX_DECLINED;
    }

    n = ngx_atofp(v.data, v.len, 3);

    if (n == NGX_ERROR || n / 1000 > NGX_HTTP_VIDEO_CLIP_MAX) {
        return NGX_ERROR;
    }

    *ms = (uint64_t) n;

    return NGX_OK;
}


ngx_int_t
ngx_http_video_clip_args(ngx_http_request_t *r)
{
    u_char                     *p, *query;
    ngx_int_t                   start, end;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_vod_t       *vod;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (!conf->clip) {
        return NGX_OK;
    }

    start = ngx_http_video_clip_time(r, "start", &vod->start);
    end = ngx_http_video_clip_time(r, "end", &vod->end);

    if (start == NGX_ERROR || end == NGX_ERROR
        || (end == NGX_OK && vod->end <= vod->start))
    {
        return NGX_HTTP_BAD_REQUEST;
    }

    if (vod->start == 0 && end == NGX_DECLINED) {
        return NGX_OK;
    }

    query = ngx_pnalloc(r->pool, sizeof("start=.&end=.")
                                 + 2 * (NGX_INT64_LEN + 3));
    if (query == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(query, "start=%uL.%03uL", vod->start / 1000,
                    vod->start % 1000);

    if (vod->end) {
        p = ngx_sprintf(p, "&end=%uL.%03uL", vod->end / 1000,
                        vod->end % 1000);
    }

    *p = '\0';
    vod->query = (const char *) query;

    return NGX_OK;
}


/* A number of a variable; empty, and what is no number, is none. */
static ngx_int_t
ngx_http_video_select_number(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, uint32_t *n)
{
    ngx_str_t  s;
    ngx_int_t  v;

    *n = 0;

    if (value == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, value, &s) != NGX_OK) {
        return NGX_ERROR;
    }

    v = s.len <= 9 ? ngx_atoi(s.data, s.len) : NGX_ERROR;

    if (v != NGX_ERROR) {
        *n = (uint32_t) v;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_video_select_init(ngx_http_request_t *r, ngx_http_video_select_t *s)
{
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    ngx_str_null(&s->tracks);

    if (ngx_http_video_select_number(r, conf->max_height, &s->max_height)
        != NGX_OK
        || ngx_http_video_select_number(r, conf->max_bandwidth,
                                        &s->max_bandwidth)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return conf->tracks ? ngx_http_complex_value(r, conf->tracks, &s->tracks)
                        : NGX_OK;
}


/* Whether a name is in a list of names between commas. */
static ngx_uint_t
ngx_http_video_select_named(ngx_str_t *list, const char *name)
{
    u_char  *p, *last, *end;

    last = list->data + list->len;

    for (p = list->data; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, ',');
        end = end ? end : last;

        if ((size_t) (end - p) == ngx_strlen(name)
            && ngx_memcmp(p, name, end - p) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_video_selected(ngx_http_video_select_t *s, nvm_track_t *track,
    const char *name)
{
    if (s->tracks.len && !ngx_http_video_select_named(&s->tracks, name)) {
        return 0;
    }

    if (track->kind != NVM_VIDEO) {
        return 1;
    }

    return (s->max_height == 0 || track->height <= s->max_height)
           && (s->max_bandwidth == 0
               || track->bandwidth <= s->max_bandwidth);
}


ngx_uint_t
ngx_http_video_same_audio(nvm_track_t *a, nvm_track_t *b)
{
    return a->kind == NVM_AUDIO && b->kind == NVM_AUDIO
           && a->codec == b->codec && a->channels == b->channels
           && a->sample_rate == b->sample_rate
           && ngx_strcmp(a->lang, b->lang) == 0;
}
