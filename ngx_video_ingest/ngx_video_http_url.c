/*
 * Copyright (C) ngx_video authors
 *
 * URLs of directives.
 */

#include "ngx_video_http.h"


static ngx_int_t ngx_video_http_url_split(ngx_conf_t *cf,
    ngx_video_http_url_t *url, ngx_url_t *u);


ngx_video_http_url_t *
ngx_video_http_url(ngx_conf_t *cf, ngx_str_t *value, const char *directive)
{
    size_t                 i;
    ngx_url_t              u;
    ngx_video_http_url_t  *url;

    if (value->len >= 8
        && ngx_strncasecmp(value->data, (u_char *) "https://", 8) == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\": https is not supported in \"%V\", "
                           "http:// is; a server of this nginx can pass "
                           "the calls on to https://", directive, value);
        return NULL;
    }

    if (value->len < 8
        || ngx_strncasecmp(value->data, (u_char *) "http://", 7) != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" must be \"off\" or a URL that begins with "
                           "\"http://\", not \"%V\"", directive, value);
        return NULL;
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] <= 0x20 || value->data[i] >= 0x7f
            || value->data[i] == '#' || value->data[i] == '@')
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%s\": no spaces, controls, \"#\" or \"@\" "
                               "may be in the URL \"%V\"", directive, value);
            return NULL;
        }
    }

    url = ngx_pcalloc(cf->pool, sizeof(ngx_video_http_url_t));
    if (url == NULL) {
        return NULL;
    }

    ngx_queue_init(&url->idle);
    url->url = *value;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url.data = value->data + 7;
    u.url.len = value->len - 7;
    u.default_port = 80;
    u.uri_part = 1;

    if (u.url.len >= 5
        && ngx_strncasecmp(u.url.data, (u_char *) "unix:", 5) == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\": unix sockets are not supported in \"%V\"",
                           directive, value);
        return NULL;
    }

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\": %s in \"%V\"",
                           directive, u.err ? u.err : "no address", value);
        return NULL;
    }

    return ngx_video_http_url_split(cf, url, &u) == NGX_OK ? url : NULL;
}


/* The host as it was written, and what is requested there. */
static ngx_int_t
ngx_video_http_url_split(ngx_conf_t *cf, ngx_video_http_url_t *url,
    ngx_url_t *u)
{
    size_t  len;

    for (len = 0; len < u->url.len; len++) {
        if (u->url.data[len] == '/' || u->url.data[len] == '?') {
            break;
        }
    }

    url->addrs = u->addrs;
    url->naddrs = u->naddrs;
    url->host.data = u->url.data;
    url->host.len = len;
    url->uri.data = u->url.data + len;
    url->uri.len = u->url.len - len;

    if (url->uri.len && url->uri.data[0] == '/') {
        return NGX_OK;
    }

    /* "http://host", "http://host?arguments" */
    url->uri.data = ngx_pnalloc(cf->pool, url->uri.len + 1);
    if (url->uri.data == NULL) {
        return NGX_ERROR;
    }

    url->uri.data[0] = '/';
    ngx_memcpy(url->uri.data + 1, u->url.data + len, url->uri.len);
    url->uri.len++;

    return NGX_OK;
}
