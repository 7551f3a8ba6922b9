/*
 * Copyright (C) ngx_video authors
 *
 * TLS as a client, see ngx_video_ssl.h.
 *
 * A certificate is verified unless it is said not to: what is sent has a key in
 * it, as a rule, by which anybody could publish.
 */

#include "ngx_video_ssl.h"


ngx_int_t
ngx_video_ssl_name(ngx_conf_t *cf, ngx_video_ssl_name_t *name,
    ngx_str_t *host)
{
    ngx_str_t   text;
    ngx_addr_t  addr;

    text = *host;

    if (text.len > 2 && text.data[0] == '[') {
        text.data++;
        text.len -= 2;
    }

    name->literal = (ngx_parse_addr(cf->pool, &addr, text.data, text.len)
                     == NGX_OK);

    name->name.len = text.len;
    name->name.data = ngx_pnalloc(cf->pool, text.len + 1);

    if (name->name.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(name->name.data, text.data, text.len + 1);

    return NGX_OK;
}


void
ngx_video_ssl_close(ngx_connection_t *c)
{
    ngx_pool_t  *pool;

#if (NGX_SSL)

    if (c->ssl) {
        ngx_video_ssl_bye(c);

        /* it frees what there is, at once */
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;

        (void) ngx_ssl_shutdown(c);
    }

#endif

    /* of TLS */
    pool = c->pool;
    ngx_close_connection(c);

    if (pool) {
        ngx_destroy_pool(pool);
    }
}


#if (NGX_SSL)


#include <openssl/x509v3.h>


/* certificates between that of the server and one that is trusted */
#define NGX_VIDEO_SSL_DEPTH  9


ngx_int_t
ngx_video_ssl_init(ngx_conf_t *cf, ngx_video_ssl_t *conf, const char *scheme)
{
    ngx_uint_t           protocols;
    ngx_pool_cleanup_t  *cln;

    static const ngx_uint_t  versions[] = {
        NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NGX_SSL_TLSv1_2, NGX_SSL_TLSv1_3,
        NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3
    };

    if (conf->ssl) {
        return NGX_OK;
    }

    conf->ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (conf->ssl == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    conf->ssl->log = cf->log;

    protocols = versions[conf->protocols & (NGX_VIDEO_SSL_TLSv1_2
                                            |NGX_VIDEO_SSL_TLSv1_3)];

    if (ngx_ssl_create(conf->ssl, protocols, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = conf->ssl;

    if (!conf->verify) {
        return NGX_OK;
    }

    if (conf->trusted.len) {
        return ngx_ssl_trusted_certificate(cf, conf->ssl, &conf->trusted,
                                           NGX_VIDEO_SSL_DEPTH);
    }

    if (SSL_CTX_set_default_verify_paths(conf->ssl->ctx) != 1) {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "SSL_CTX_set_default_verify_paths() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_video_ssl_start(ngx_connection_t *c, ngx_video_ssl_t *conf,
    ngx_video_ssl_name_t *name)
{
    /* it may live longer than who has connected, and its log */
    c->pool = ngx_create_pool(512, ngx_cycle->log);

    if (c->pool == NULL
        || ngx_ssl_create_connection(conf->ssl, c,
                                     NGX_SSL_BUFFER|NGX_SSL_CLIENT)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* RFC 6066, 3: no addresses */
    if (!name->literal
        && SSL_set_tlsext_host_name(c->ssl->connection,
                                    (char *) name->name.data)
           == 0)
    {
        ngx_ssl_error(NGX_LOG_ERR, c->log, 0,
                      "SSL_set_tlsext_host_name(\"%V\") failed",
                      &name->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_video_ssl_named(ngx_connection_t *c, ngx_video_ssl_name_t *name)
{
    int    rc;
    X509  *cert;

    if (!name->literal) {
        return ngx_ssl_check_host(c, &name->name);
    }

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return NGX_ERROR;
    }

    rc = X509_check_ip_asc(cert, (char *) name->name.data, 0);
    X509_free(cert);

    return rc == 1 ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_video_ssl_verify(ngx_connection_t *c, ngx_video_ssl_t *conf,
    ngx_video_ssl_name_t *name)
{
    long  rc;

    if (!conf->verify) {
        return NGX_OK;
    }

    rc = SSL_get_verify_result(c->ssl->connection);

    if (rc != X509_V_OK) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "certificate of \"%V\" is not trusted: (%l:%s)",
                      &name->name, rc, X509_verify_cert_error_string(rc));
        return NGX_ERROR;
    }

    if (ngx_video_ssl_named(c, name) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "certificate is not of \"%V\"", &name->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_video_ssl_handshake(ngx_connection_t *c, ngx_video_ssl_t *conf,
    ngx_video_ssl_name_t *name)
{
    ngx_int_t  rc;

    if (c->ssl == NULL && ngx_video_ssl_start(c, conf, name) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_ssl_handshake(c);

    return rc == NGX_OK ? ngx_video_ssl_verify(c, conf, name) : rc;
}


void
ngx_video_ssl_bye(ngx_connection_t *c)
{
    if (c->ssl
        && !SSL_in_init(c->ssl->connection)
        && !(SSL_get_shutdown(c->ssl->connection) & SSL_SENT_SHUTDOWN))
    {
        (void) SSL_shutdown(c->ssl->connection);
        ERR_clear_error();
    }
}


#else


ngx_int_t
ngx_video_ssl_init(ngx_conf_t *cf, ngx_video_ssl_t *conf, const char *scheme)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\" needs nginx with TLS",
                       scheme);
    return NGX_ERROR;
}


ngx_int_t
ngx_video_ssl_start(ngx_connection_t *c, ngx_video_ssl_t *conf,
    ngx_video_ssl_name_t *name)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_video_ssl_verify(ngx_connection_t *c, ngx_video_ssl_t *conf,
    ngx_video_ssl_name_t *name)
{
    return NGX_ERROR;
}


ngx_int_t
ngx_video_ssl_handshake(ngx_connection_t *c, ngx_video_ssl_t *conf,
    ngx_video_ssl_name_t *name)
{
    return NGX_ERROR;
}


void
ngx_video_ssl_bye(ngx_connection_t *c)
{
}

#endif
