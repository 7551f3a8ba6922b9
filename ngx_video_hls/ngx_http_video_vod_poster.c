/*
 * Copyright (C) ngx_video authors
 *
 * The image of an asset: a file that its description names, sent as it is.
 */

#include "ngx_http_video_vod.h"


/* By the extension, which the description was checked for. */
static void
ngx_http_video_poster_type(ngx_http_request_t *r, ngx_str_t *path)
{
    u_char  *dot;

    dot = path->data + path->len - 4;

    if (ngx_strcasecmp(dot, (u_char *) ".png") == 0) {
        ngx_str_set(&r->headers_out.content_type, "image/png");

    } else if (ngx_strcasecmp(dot, (u_char *) "webp") == 0) {
        ngx_str_set(&r->headers_out.content_type, "image/webp");

    } else {
        ngx_str_set(&r->headers_out.content_type, "image/jpeg");
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
}


ngx_int_t
ngx_http_video_vod_poster(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_str_t               path;
    ngx_open_file_info_t    of;
    ngx_http_video_ctx_t   *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->vod->asset == NULL || ctx->vod->asset->poster[0] == '\0') {
        return NGX_HTTP_NOT_FOUND;
    }

    rc = ngx_http_video_json_file(r, ctx->vod->asset->poster, "poster", &path,
                                  &of);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_video_headers(r, NGX_HTTP_VIDEO_NO_CACHE, (uint64_t) of.mtime,
                               (uint64_t) of.size)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_video_poster_type(r, &path);

    r->headers_out.last_modified_time = of.mtime;

    return ngx_http_video_send_file(r, &path, &of, 0, of.size);
}
