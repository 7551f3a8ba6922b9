/*
 * Copyright (C) ngx_video authors
 *
 * Response headers that all answers share, and answers in memory.
 */

#include "ngx_http_video_hls_module.h"


static ngx_int_t
ngx_http_video_header(ngx_http_request_t *r, const char *name, u_char *value,
    size_t len)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = value;
    h->value.len = len;

    return NGX_OK;
}


#define ngx_http_video_header_text(r, name, text)                             \
    ngx_http_video_header(r, name, (u_char *) text, sizeof(text) - 1)


ngx_int_t
ngx_http_video_cors(ngx_http_request_t *r)
{
    ngx_str_t                   origin;
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (conf->cors == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, conf->cors, &origin) != NGX_OK) {
        return NGX_ERROR;
    }

    if (origin.len == 0) {
        return NGX_OK;
    }

    if (ngx_http_video_header(r, "Access-Control-Allow-Origin", origin.data,
                              origin.len)
        != NGX_OK
        || ngx_http_video_header_text(r, "Access-Control-Expose-Headers",
                              "Content-Length,Content-Range,Date,ETag")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS
        && (ngx_http_video_header_text(r, "Access-Control-Allow-Methods",
                                       "GET, HEAD, OPTIONS")
            != NGX_OK
            || ngx_http_video_header_text(r, "Access-Control-Allow-Headers",
                                          "Range, If-None-Match, "
                                          "Cache-Control, CMCD-Object, "
                                          "CMCD-Request, CMCD-Session, "
                                          "CMCD-Status")
               != NGX_OK
            || ngx_http_video_header_text(r, "Access-Control-Max-Age",
                                          "86400")
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    /* an answer that depends on the request's Origin may not be shared */
    if (origin.len != 1 || origin.data[0] != '*') {
        return ngx_http_video_header_text(r, "Vary", "Origin");
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_video_retry_after(ngx_http_request_t *r)
{
    return ngx_http_video_header_text(r, "Retry-After", "1");
}


static void
ngx_http_video_content_type(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_MASTER:
    case NGX_HTTP_VIDEO_PLAYLIST:
    case NGX_HTTP_VIDEO_IMAGES:
        ngx_str_set(&r->headers_out.content_type,
                    "application/vnd.apple.mpegurl");
        break;

    case NGX_HTTP_VIDEO_MANIFEST:
        ngx_str_set(&r->headers_out.content_type, "application/dash+xml");
        break;

    case NGX_HTTP_VIDEO_INFO:
        ngx_str_set(&r->headers_out.content_type, "application/json");
        break;

    case NGX_HTTP_VIDEO_TIME:
        ngx_str_set(&r->headers_out.content_type, "text/plain");
        break;

    case NGX_HTTP_VIDEO_THUMBS:
        ngx_str_set(&r->headers_out.content_type, "text/vtt");
        break;

    case NGX_HTTP_VIDEO_SHEET:
    case NGX_HTTP_VIDEO_COVER:
        ngx_str_set(&r->headers_out.content_type, "image/jpeg");
        break;

    default:
        if (ctx->path.vtt) {
            ngx_str_set(&r->headers_out.content_type, "text/vtt");

        } else if (ctx->path.kind == NVM_TEXT) {
            ngx_str_set(&r->headers_out.content_type, "application/mp4");

        } else if (ctx->path.ts) {
            ngx_str_set(&r->headers_out.content_type, "video/mp2t");

        } else if (ctx->path.kind == NVM_VIDEO) {
            ngx_str_set(&r->headers_out.content_type, "video/mp4");

        } else {
            ngx_str_set(&r->headers_out.content_type, "audio/mp4");
        }
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
}


static ngx_int_t
ngx_http_video_etag(ngx_http_request_t *r, uint64_t tag1, uint64_t tag2)
{
    u_char           *p;
    ngx_table_elt_t  *h;

    p = ngx_pnalloc(r->pool, 2 * NGX_INT64_LEN + sizeof("\"-\""));
    h = ngx_list_push(&r->headers_out.headers);

    if (p == NULL || h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "ETag");
    h->value.data = p;
    h->value.len = ngx_sprintf(p, "\"%xL-%xL\"", tag1, tag2) - p;

    r->headers_out.etag = h;

    return NGX_OK;
}


ngx_int_t
ngx_http_video_headers(ngx_http_request_t *r, ngx_int_t max_age,
    uint64_t tag1, uint64_t tag2)
{
    u_char                *p;
    size_t                 len;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    r->headers_out.status = ctx->status ? ctx->status : NGX_HTTP_OK;
    ngx_http_video_content_type(r);

    if (max_age == NGX_HTTP_VIDEO_IMMUTABLE) {
        p = (u_char *) "max-age=31536000, immutable";
        len = sizeof("max-age=31536000, immutable") - 1;

    } else if (max_age == NGX_HTTP_VIDEO_NO_CACHE) {
        p = (u_char *) "no-cache";
        len = sizeof("no-cache") - 1;

    } else {
        p = ngx_pnalloc(r->pool, sizeof("max-age=") + NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        len = ngx_sprintf(p, "max-age=%i", max_age) - p;
    }

    if (ngx_http_video_header(r, "Cache-Control", p, len) != NGX_OK
        || ngx_http_video_etag(r, tag1, tag2) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->allow_ranges = 1;
    r->single_range = 1;

    return ngx_http_video_cors(r);
}


/* FNV-1a, continued from h */
uint64_t
ngx_http_video_hash(uint64_t h, const void *data, size_t n)
{
    const u_char  *p;

    for (p = data; n--; p++) {
        h = (h ^ *p) * 0x100000001b3ULL;
    }

    return h;
}


ngx_int_t
ngx_http_video_send_text(ngx_http_request_t *r, u_char *data, size_t len)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.content_length_n = len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = data;
    b->last = data + len;
    b->memory = len ? 1 : 0;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


ngx_int_t
ngx_http_video_send_memory(ngx_http_request_t *r, u_char *data, size_t len,
    ngx_int_t max_age, uint64_t tag)
{
    if (ngx_http_video_headers(r, max_age, tag,
                               ngx_http_video_hash(tag, data, len))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_send_text(r, data, len);
}
