/*
 * Copyright (C) ngx_video authors
 *
 * Calls over HTTP/1.1: one POST, of whose answer status and Location matter.
 *
 * A URL is parsed and its host resolved when the configuration is read.  A
 * call never blocks, has one timeout, and can be dropped at any moment.  It
 * has memory and a log of its own, so it may outlive who makes it; its timer
 * is not cancelable, so a worker that is told to exit waits for it.
 *
 * To https:// it speaks TLS.  Each worker keeps a few connections of a URL
 * open.  One that turns out to be closed by the other side costs another
 * attempt, and no error: a call may so be seen twice.
 */

#ifndef NGX_VIDEO_HTTP_H
#define NGX_VIDEO_HTTP_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "ngx_video_ssl.h"
#include "nvh_answer.h"


#define NGX_VIDEO_HTTP_IDLE       4         /* connections of a worker, URL */
#define NGX_VIDEO_HTTP_IDLE_TIME  30000     /* ms */
#define NGX_VIDEO_HTTP_BODY       65536     /* read away to keep one, bytes */


typedef struct {
    ngx_str_t              url;             /* as it was written */
    ngx_str_t              host;            /* and port, if written */
    ngx_str_t              server;          /* host without a port */
    ngx_str_t              uri;
    ngx_addr_t            *addrs;
    ngx_uint_t             naddrs;
    ngx_uint_t             secure;          /* https:// */
    ngx_video_ssl_t       *ssl;             /* of https:// */
    ngx_video_ssl_name_t   name;            /* that is to be there */

    /* of the worker */
    ngx_uint_t             current;         /* the address that worked last */
    ngx_queue_t            idle;            /* the last used first */
    ngx_uint_t             nidle;
} ngx_video_http_url_t;


typedef struct {
    ngx_uint_t             status;          /* 0: there is no answer */
    ngx_str_t              location;
    const char            *error;           /* why there is none */
} ngx_video_http_answer_t;


typedef struct ngx_video_http_call_s  ngx_video_http_call_t;

/* Called once, and never from within ngx_video_http_call_start(). */
typedef void (*ngx_video_http_handler_pt)(void *data,
    ngx_video_http_answer_t *answer);


struct ngx_video_http_call_s {
    ngx_pool_t                *pool;
    ngx_log_t                  log;
    ngx_video_http_url_t      *url;
    u_char                    *body;        /* for the caller to fill */

    ngx_video_http_handler_pt  handler;
    void                      *data;

    ngx_peer_connection_t      peer;
    ngx_event_t                timer;       /* of all of it; posted to start */
    ngx_msec_t                 deadline;
    ngx_uint_t                 first;       /* address that is tried */
    ngx_uint_t                 tried;       /* addresses that can't be used */
    const char                *why;         /* the last of them can't */

    ngx_str_t                  request;
    size_t                     sent;
    size_t                     received;
    u_char                    *answer;      /* NVH_ANSWER_MAX */

    unsigned                   kept:1;      /* the connection was */
    unsigned                   fresh:1;     /* take no kept one */
    unsigned                   handshake:1; /* of TLS has begun */
    unsigned                   connected:1;
};


/* NULL: it has been logged what is wrong with the directive's value. */
ngx_video_http_url_t *ngx_video_http_url(ngx_conf_t *cf, ngx_str_t *value,
    const char *directive);

/*
 * How one of https:// is spoken to, before the first call; an empty name is the
 * URL's.  Another one when it already is, for another server, in another way;
 * NULL: an error, logged.
 */
ngx_video_http_url_t *ngx_video_http_url_ssl(ngx_conf_t *cf,
    ngx_video_http_url_t *url, ngx_video_ssl_t *conf, ngx_str_t *name);

/* A call with a body of a length; NULL: no memory. */
ngx_video_http_call_t *ngx_video_http_call(ngx_video_http_url_t *url,
    size_t body, ngx_log_t *log);
void ngx_video_http_call_start(ngx_video_http_call_t *call,
    ngx_msec_t timeout, ngx_video_http_handler_pt handler, void *data);

/* Drops it, started or not; its handler isn't called. */
void ngx_video_http_call_cancel(ngx_video_http_call_t *call);


/* ngx_video_http_keep.c: connections between calls */

/* NULL: there is none. */
ngx_connection_t *ngx_video_http_keep_get(ngx_video_http_url_t *url);

/* Keeps it, or closes it; "rest" bytes of an answer are still to come. */
void ngx_video_http_keep_put(ngx_video_http_url_t *url, ngx_connection_t *c,
    size_t rest);


#endif /* NGX_VIDEO_HTTP_H */
