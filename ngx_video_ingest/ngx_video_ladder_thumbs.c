/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of live streams: "thumbs" in a ladder, see ngx_video_ladder.h.
 */

#include "ngx_video_ladder.h"
#include "ngx_video_core.h"


/* pixels of a sheet, each way: it is sent again whenever a row is full */
#define NGX_VIDEO_LADDER_SHEET  4096

#define NGX_VIDEO_LADDER_THUMBS_PARAMETERS                                    \
    "\"size=\", \"grid=\" or \"poster=\""


/* NULL, or what is expected. */
static const char *
ngx_video_ladder_thumbs_parameter(ngx_str_t *value,
    ngx_video_ladder_thumbs_t *t)
{
    ngx_str_t  v;

    v.data = ngx_strlchr(value->data, value->data + value->len, '=');

    if (v.data == NULL) {
        return NGX_VIDEO_LADDER_THUMBS_PARAMETERS;
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

        if (ngx_strcmp(v.data, "off") == 0) {
            t->poster_width = 0;
            t->poster_height = 0;
            return NULL;
        }

        return ngx_video_pair(&v, 16, 4096, 2, &t->poster_width,
                              &t->poster_height)
               == NGX_OK ? NULL : "\"off\", or two even numbers between 16 "
                                  "and 4096 with an \"x\" between them";
    }

    return NGX_VIDEO_LADDER_THUMBS_PARAMETERS;
}


/* thumbs [size=WxH] [grid=CxR] [poster=WxH|off] */
char *
ngx_video_ladder_images(ngx_conf_t *cf, ngx_video_ladder_t *l)
{
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    const char                 *expected;
    ngx_video_ladder_thumbs_t  *t;

    value = cf->args->elts;

    if (l->thumbs) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"thumbs\" directive is duplicate");
        return NGX_CONF_ERROR;
    }

    t = ngx_pcalloc(cf->pool, sizeof(ngx_video_ladder_thumbs_t));
    if (t == NULL) {
        return NGX_CONF_ERROR;
    }

    l->thumbs = t;
    t->width = 160;
    t->height = 90;
    t->columns = 10;
    t->rows = 10;
    t->poster_width = 1280;
    t->poster_height = 720;

    for (i = 1; i < cf->args->nelts; i++) {
        expected = ngx_video_ladder_thumbs_parameter(&value[i], t);

        if (expected) {
            return ngx_video_ladder_wrong(cf, &value[i], expected);
        }
    }

    if (t->columns * t->width > NGX_VIDEO_LADDER_SHEET
        || t->rows * t->height > NGX_VIDEO_LADDER_SHEET)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a sheet of \"thumbs\", \"grid\" times \"size\", "
                           "must not be larger than %dx%d",
                           NGX_VIDEO_LADDER_SHEET, NGX_VIDEO_LADDER_SHEET);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
