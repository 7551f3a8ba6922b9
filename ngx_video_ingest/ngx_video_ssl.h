/*
 * Copyright (C) ngx_video authors
 *
 * TLS as a client: nginx's own, for connections that modules make to other
 * servers.  Never blocks; the handshake is for the caller, by
 * ngx_ssl_handshake().
 */

#ifndef NGX_VIDEO_SSL_H
#define NGX_VIDEO_SSL_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


#define NGX_VIDEO_SSL_TLSv1_2     0x1
#define NGX_VIDEO_SSL_TLSv1_3     0x2


/* How other servers are spoken to; of a server's configuration. */
typedef struct {
    ngx_flag_t             verify;
    ngx_str_t              trusted;         /* empty: the system's */
    ngx_uint_t             protocols;       /* 0: all of them */
    ngx_uint_t             needed;          /* by a URL */
#if (NGX_SSL)
    ngx_ssl_t             *ssl;             /* NULL: no URL needs it */
#endif
} ngx_video_ssl_t;


/* Whom a certificate is to be of. */
typedef struct {
    ngx_str_t              name;            /* with a zero at its end */
    ngx_uint_t             literal;         /* it is an address */
} ngx_video_ssl_name_t;


/* Of a host as it is in a URL, or of a name. */
ngx_int_t ngx_video_ssl_name(ngx_conf_t *cf, ngx_video_ssl_name_t *name,
    ngx_str_t *host);

/*
 * Once for a configuration that has a URL which needs it; "scheme" is of that
 * for the log.
 */
ngx_int_t ngx_video_ssl_init(ngx_conf_t *cf, ngx_video_ssl_t *conf,
    const char *scheme);

/*
 * Before the handshake; the connection gets a pool, which is destroyed by
 * ngx_video_ssl_close() only.
 */
ngx_int_t ngx_video_ssl_start(ngx_connection_t *c, ngx_video_ssl_t *conf,
    ngx_video_ssl_name_t *name);

/* After the handshake.  NGX_ERROR: it has been logged what is wrong. */
ngx_int_t ngx_video_ssl_verify(ngx_connection_t *c, ngx_video_ssl_t *conf,
    ngx_video_ssl_name_t *name);

/*
 * All three, for the first and for each event of the connection until it is not
 * NGX_AGAIN.  nginx's handlers are in the place of the caller's after it.
 */
ngx_int_t ngx_video_ssl_handshake(ngx_connection_t *c, ngx_video_ssl_t *conf,
    ngx_video_ssl_name_t *name);

/* Nothing follows: said once, if the socket takes it; nobody waits for it. */
void ngx_video_ssl_bye(ngx_connection_t *c);

/* Closes any connection, with TLS or without, with that and at once. */
void ngx_video_ssl_close(ngx_connection_t *c);


#endif /* NGX_VIDEO_SSL_H */
