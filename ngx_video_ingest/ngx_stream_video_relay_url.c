/*
 * Copyright (C) ngx_video authors
 *
 * URLs of other RTMP servers in directives: rtmp://host[:port]/app[/name],
 * and the same by TLS, rtmps://.
 */

#include "ngx_stream_video_relay.h"


static ngx_int_t ngx_stream_video_relay_url_check(ngx_conf_t *cf,
    ngx_str_t *value, const char *directive);
static ngx_int_t ngx_stream_video_relay_url_split(ngx_conf_t *cf,
    ngx_stream_video_relay_url_t *url, ngx_str_t *value, size_t scheme,
    const char *directive);


ngx_stream_video_relay_url_t *
ngx_stream_video_relay_url(ngx_conf_t *cf, ngx_str_t *value,
    const char *directive)
{
    size_t                         scheme;
    ngx_url_t                      u;
    ngx_stream_video_relay_url_t  *url;

    if (ngx_stream_video_relay_url_check(cf, value, directive) != NGX_OK) {
        return NULL;
    }

    url = ngx_pcalloc(cf->pool, sizeof(ngx_stream_video_relay_url_t));
    if (url == NULL) {
        return NULL;
    }

    url->tls = (value->data[4] != ':');
    scheme = url->tls ? 8 : 7;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url.data = value->data + scheme;
    u.url.len = value->len - scheme;
    u.default_port = url->tls ? NGX_VIDEO_RELAY_TLS_PORT
                              : NGX_VIDEO_RELAY_PORT;
    u.uri_part = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\": %s in \"%V\"",
                           directive, u.err ? u.err : "no address", value);
        return NULL;
    }

    url->addrs = u.addrs;
    url->naddrs = u.naddrs;

    if (ngx_video_ssl_name(cf, &url->host, &u.host) != NGX_OK
        || ngx_stream_video_relay_url_split(cf, url, value, scheme, directive)
           != NGX_OK)
    {
        return NULL;
    }

    return url;
}


static ngx_int_t
ngx_stream_video_relay_url_check(ngx_conf_t *cf, ngx_str_t *value,
    const char *directive)
{
    size_t  i;

    if (!(value->len >= 8
          && ngx_strncasecmp(value->data, (u_char *) "rtmp://", 7) == 0)
        && !(value->len >= 9
             && ngx_strncasecmp(value->data, (u_char *) "rtmps://", 8) == 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" must be a URL that begins with \"rtmp://\" "
                           "or \"rtmps://\", not \"%V\"", directive, value);
        return NGX_ERROR;
    }

    if (value->len > NVR_CLIENT_MAX_NAME) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\": the URL \"%V\" is longer than %d bytes",
                           directive, value, NVR_CLIENT_MAX_NAME);
        return NGX_ERROR;
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] <= 0x20 || value->data[i] >= 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%s\": no spaces or controls may be in the "
                               "URL \"%V\"", directive, value);
            return NGX_ERROR;
        }
    }

    i = (value->data[4] == ':') ? 7 : 8;

    if (value->len >= i + 5
        && ngx_strncasecmp(value->data + i, (u_char *) "unix:", 5) == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\": unix sockets are not supported in \"%V\"",
                           directive, value);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The application ends with the first "/" behind the host's; the name may not
 * be there. */
static ngx_int_t
ngx_stream_video_relay_url_split(ngx_conf_t *cf,
    ngx_stream_video_relay_url_t *url, ngx_str_t *value, size_t scheme,
    const char *directive)
{
    u_char  *p, *last;

    last = value->data + value->len;

    p = ngx_strlchr(value->data + scheme, last, '/');

    if (p == NULL || p + 1 == last || p[1] == '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\": no application in \"%V\"", directive,
                           value);
        return NGX_ERROR;
    }

    url->app.data = p + 1;
    p = ngx_strlchr(url->app.data, last, '/');

    if (p == NULL) {
        p = last;
    }

    url->app.len = p - url->app.data;
    url->base.data = value->data;
    url->base.len = p - value->data;

    if (p != last) {
        url->name.data = p + 1;
        url->name.len = last - url->name.data;
    }

    return NGX_OK;
}
