/*
 * Copyright (C) ngx_video authors
 *
 * URLs of directives.
 */

#include "ngx_video_http.h"


static ngx_int_t ngx_video_http_url_check(ngx_conf_t *cf, ngx_str_t *value,
    const char *directive);
static ngx_int_t ngx_video_http_url_split(ngx_conf_t *cf,
    ngx_video_http_url_t *url, ngx_url_t *u);
static ngx_uint_t ngx_video_http_url_same(ngx_str_t *a, ngx_str_t *b);


ngx_video_http_url_t *
ngx_video_http_url(ngx_conf_t *cf, ngx_str_t *value, const char *directive)
{
    size_t                 scheme;
    ngx_url_t              u;
    ngx_video_http_url_t  *url;

    if (ngx_video_http_url_check(cf, value, directive) != NGX_OK) {
        return NULL;
    }

    url = ngx_pcalloc(cf->pool, sizeof(ngx_video_http_url_t));
    if (url == NULL) {
        return NULL;
    }

    ngx_queue_init(&url->idle);
    url->url = *value;
    url->secure = (value->data[4] != ':');
    scheme = url->secure ? 8 : 7;

    ngx_memzero(&u, sizeof(ngx_url_t));
    u.url.data = value->data + scheme;
    u.url.len = value->len - scheme;
    u.default_port = url->secure ? 443 : 80;
    u.uri_part = 1;

    if (ngx_parse_url(cf->pool, &u) != NGX_OK || u.naddrs == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\": %s in \"%V\"",
                           directive, u.err ? u.err : "no address", value);
        return NULL;
    }

    return ngx_video_http_url_split(cf, url, &u) == NGX_OK ? url : NULL;
}


static ngx_int_t
ngx_video_http_url_check(ngx_conf_t *cf, ngx_str_t *value,
    const char *directive)
{
    size_t  i;

    if (!(value->len >= 8
          && ngx_strncasecmp(value->data, (u_char *) "http://", 7) == 0)
        && !(value->len >= 9
             && ngx_strncasecmp(value->data, (u_char *) "https://", 8) == 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" must be \"off\" or a URL that begins with "
                           "\"http://\" or \"https://\", not \"%V\"",
                           directive, value);
        return NGX_ERROR;
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] <= 0x20 || value->data[i] >= 0x7f
            || value->data[i] == '#' || value->data[i] == '@')
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%s\": no spaces, controls, \"#\" or \"@\" "
                               "may be in the URL \"%V\"", directive, value);
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
    url->server = u->host;
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


ngx_video_http_url_t *
ngx_video_http_url_ssl(ngx_conf_t *cf, ngx_video_http_url_t *url,
    ngx_video_ssl_t *conf, ngx_str_t *name)
{
    ngx_video_ssl_name_t   peer;
    ngx_video_http_url_t  *copy;

    if (ngx_video_ssl_name(cf, &peer, name->len ? name : &url->server)
        != NGX_OK)
    {
        return NULL;
    }

    if (conf->trusted.len
        && ngx_conf_full_name(cf->cycle, &conf->trusted, 1) != NGX_OK)
    {
        return NULL;
    }

    if (url->ssl) {

        if (url->ssl->verify == conf->verify
            && url->ssl->protocols == conf->protocols
            && ngx_video_http_url_same(&url->ssl->trusted, &conf->trusted)
            && ngx_video_http_url_same(&url->name.name, &peer.name))
        {
            return url;
        }

        /* connections that are kept are of one way, too */
        copy = ngx_palloc(cf->pool, sizeof(ngx_video_http_url_t));
        if (copy == NULL) {
            return NULL;
        }

        *copy = *url;
        ngx_queue_init(&copy->idle);
        url = copy;
    }

    if (ngx_video_ssl_init(cf, conf, "https://") != NGX_OK) {
        return NULL;
    }

    url->ssl = conf;
    url->name = peer;

    return url;
}


static ngx_uint_t
ngx_video_http_url_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0;
}
