/*
 * Copyright (C) ngx_video authors
 *
 * The handshake of TLS with another RTMP server, before that of RTMP.
 */

#include "ngx_stream_video_relay.h"


#if (NGX_SSL)


static void ngx_stream_video_relay_ssl_done(ngx_connection_t *c);
static ngx_int_t ngx_stream_video_relay_ssl_verify(
    ngx_stream_video_relay_t *relay);


ngx_int_t
ngx_stream_video_relay_ssl_start(ngx_stream_video_relay_t *relay)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = relay->peer.connection;
    relay->why = "TLS failed";

    if (ngx_video_ssl_start(c, relay->tls, &relay->url->host) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = ngx_stream_video_relay_ssl_done;
        return NGX_OK;
    }

    return rc == NGX_OK ? ngx_stream_video_relay_ssl_verify(relay)
                        : NGX_ERROR;
}


/* The handshake is over, one way or the other. */
static void
ngx_stream_video_relay_ssl_done(ngx_connection_t *c)
{
    ngx_stream_video_relay_t  *relay;

    relay = c->data;

    if (!c->ssl->handshaked
        || ngx_stream_video_relay_ssl_verify(relay) != NGX_OK)
    {
        ngx_stream_video_relay_over(relay);
    }
}


static ngx_int_t
ngx_stream_video_relay_ssl_verify(ngx_stream_video_relay_t *relay)
{
    if (ngx_video_ssl_verify(relay->peer.connection, relay->tls,
                             &relay->url->host)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    relay->why = NULL;

    return ngx_stream_video_relay_secure(relay);
}


#else


ngx_int_t
ngx_stream_video_relay_ssl_start(ngx_stream_video_relay_t *relay)
{
    return NGX_ERROR;
}

#endif
