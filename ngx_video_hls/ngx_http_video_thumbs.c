/*
 * Copyright (C) ngx_video authors
 *
 * The directive video_thumbs.
 */

#include "ngx_http_video_hls_module.h"


/* pixels of a sheet, each way */
#define NGX_HTTP_VIDEO_SHEET_MAX  8192

#define NGX_HTTP_VIDEO_THUMBS_PARAMETERS                                      \
    "\"every=\", \"size=\", \"grid=\", \"poster=\", \"poster_time=\" or " \
    "\"timeout=\""


/* NULL, or what is expected. */
static const char *
ngx_http_video_thumbs_times(ngx_str_t *name, ngx_str_t *v,
    ngx_http_video_thumbs_conf_t *t)
{
    ngx_int_t  n;

    n = ngx_parse_time(v, 0);

    if (ngx_strncmp(name->data, "every=", 6) == 0) {
        t->every = (ngx_msec_t) n;
        return n < 100 || n > 3600000 ? "a time between 100ms and 1h" : NULL;
    }

    if (ngx_strncmp(name->data, "timeout=", 8) == 0) {
        t->timeout = (ngx_msec_t) n;
        return n < 100 || n > 600000 ? "a time between 100ms and 10m" : NULL;
    }

    if (ngx_strncmp(name->data, "poster_time=", 12) == 0) {
        t->poster_time = n;
        return n < 0 || n > 86400000 ? "a time up to 24h" : NULL;
    }

    return NGX_HTTP_VIDEO_THUMBS_PARAMETERS;
}


/* The same of all parameters. */
static const char *
ngx_http_video_thumbs_parameter(ngx_str_t *value,
    ngx_http_video_thumbs_conf_t *t)
{
    ngx_str_t  v;

    v.data = ngx_strlchr(value->data, value->data + value->len, '=');

    if (v.data == NULL) {
        return NGX_HTTP_VIDEO_THUMBS_PARAMETERS;
    }

    v.data++;
    v.len = value->data + value->len - v.data;

    if (ngx_strncmp(value->data, "size=", 5) == 0) {
        return ngx_video_pair(&v, 16, 1024, 2, &t->width, &t->height)
               == NGX_OK ? NULL : "two even numbers between 16 and 1024 with "
                                  "an \"x\" between them";
    }

    if (ngx_strncmp(value->data, "grid=", 5) == 0) {
        return ngx_video_pair(&v, 1, 32, 1, &t->columns, &t->rows)
               == NGX_OK ? NULL : "two numbers between 1 and 32 with an \"x\" "
                                  "between them";
    }

    if (ngx_strncmp(value->data, "poster=", 7) == 0) {
        return ngx_video_pair(&v, 16, 4096, 2, &t->poster_width,
                              &t->poster_height)
               == NGX_OK ? NULL : "two even numbers between 16 and 4096 with "
                                  "an \"x\" between them";
    }

    return ngx_http_video_thumbs_times(value, &v, t);
}


char *
ngx_http_video_thumbs_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                      *value;
    ngx_uint_t                      i;
    const char                     *expected;
    ngx_http_video_thumbs_conf_t   *t, **slot;

    slot = (ngx_http_video_thumbs_conf_t **) ((char *) conf + cmd->offset);

    if (*slot != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    t = ngx_pcalloc(cf->pool, sizeof(ngx_http_video_thumbs_conf_t));
    if (t == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = t;
    value = cf->args->elts;

    t->enable = (ngx_strcmp(value[1].data, "on") == 0);
    t->every = 5000;
    t->width = 160;
    t->height = 90;
    t->columns = 10;
    t->rows = 10;
    t->poster_width = 1280;
    t->poster_height = 720;
    t->poster_time = -1;
    t->timeout = 30000;

    i = 1;
    expected = t->enable || ngx_strcmp(value[1].data, "off") == 0 ? NULL
               : "\"on\" or \"off\"";

    while (expected == NULL && ++i < cf->args->nelts) {
        expected = t->enable ? ngx_http_video_thumbs_parameter(&value[i], t)
                   : "nothing after \"off\"";
    }

    if (expected) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\" in \"video_thumbs\": %s is "
                           "expected", &value[i], expected);
        return NGX_CONF_ERROR;
    }

    if (t->columns * t->width > NGX_HTTP_VIDEO_SHEET_MAX
        || t->rows * t->height > NGX_HTTP_VIDEO_SHEET_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a sheet of \"video_thumbs\", \"grid\" times "
                           "\"size\", must not be larger than 8192x8192");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


uint64_t
ngx_http_video_thumbs_hash(ngx_http_video_thumbs_conf_t *t, uint64_t h)
{
    return t && t->enable ? ngx_http_video_hash(h, t, sizeof(*t)) : h;
}


ngx_int_t
ngx_http_video_thumbs_need(ngx_conf_t *cf)
{
    ngx_uint_t  i;

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name, "ngx_video_ingest_module")
            == 0)
        {
            ngx_video_coder(cf->cycle)->thumbs = 1;
            return NGX_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"video_thumbs\" needs \"load_module modules/"
                       "ngx_video_ingest_module.so;\"");
    return NGX_ERROR;
}
