/*
 * Copyright (C) ngx_video authors
 *
 * A connection to another RTMP server.  Its owner has the messages; what the
 * two servers say to one another until media flow is done here.
 *
 * It never blocks, and nothing of it keeps an exiting worker: its timer is
 * cancelable.  The host of a URL is resolved when the configuration is read.
 */

#ifndef NGX_STREAM_VIDEO_RELAY_H
#define NGX_STREAM_VIDEO_RELAY_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>

#include "ngx_video_relay_stat.h"
#include "ngx_video_ssl.h"
#include "nvr_client.h"


/* chunks that are given to the socket at once */
#define NGX_VIDEO_RELAY_WIRE    32768

/* bytes in the kernel that have not been sent for the first time */
#define NGX_VIDEO_RELAY_UNSENT  65536

#define NGX_VIDEO_RELAY_PORT      1935
#define NGX_VIDEO_RELAY_TLS_PORT  443

/* between attempts, ms; doubled each time */
#define NGX_VIDEO_RELAY_DELAY       1000
#define NGX_VIDEO_RELAY_MAX_DELAY   30000

/* one that was ready for this time begins with the first delay again, ms */
#define NGX_VIDEO_RELAY_STEADY      10000

/* servers that a stream may come through: a loop ends there */
#define NGX_VIDEO_RELAY_HOPS    4


typedef struct {
    ngx_str_t                         base;     /* without the stream's name,
                                                   which may be a secret */
    ngx_str_t                         app;
    ngx_str_t                         name;     /* may be empty */
    ngx_addr_t                       *addrs;
    ngx_uint_t                        naddrs;
    ngx_uint_t                        current;  /* that worked last */
    ngx_video_ssl_name_t              host;
    unsigned                          tls:1;
} ngx_stream_video_relay_url_t;


typedef struct ngx_stream_video_relay_s  ngx_stream_video_relay_t;

struct ngx_stream_video_relay_s {
    ngx_stream_video_relay_url_t     *url;
    ngx_video_ssl_t                  *tls;
    ngx_log_t                        *log;      /* of the owner */
    ngx_msec_t                        timeout;
    size_t                            max_message;  /* 0: of a server that is
                                                       pushed to */

    /*
     * ready: media will be asked for from now on, or come.  fill: adds chunks
     * to w, as many as there are and as there is room for; NULL: it plays.
     * message: what is played; NGX_ERROR ends it, and has set "why".  closed:
     * it is over, "why" says the reason, NULL after a good-bye; the owner closes
     * it, and may open it again.
     */
    void                            (*ready)(ngx_stream_video_relay_t *relay);
    void                            (*fill)(ngx_stream_video_relay_t *relay,
                                          nvm_writer_t *w);
    ngx_int_t                       (*message)(ngx_stream_video_relay_t *relay,
                                          nvr_message_t *msg);
    void                            (*closed)(ngx_stream_video_relay_t *relay,
                                          const char *why);
    void                             *data;
    ngx_video_relay_stat_t           *stat;     /* NULL: it is not told */

    ngx_peer_connection_t             peer;
    ngx_event_t                       timer;
    ngx_uint_t                        tried;    /* addresses */
    nvr_client_t                     *client;   /* NULL: closed */

    u_char                           *wire;
    size_t                            sent;
    size_t                            filled;

    const char                       *why;
    ngx_msec_t                        delay;    /* before the last attempt */
    ngx_msec_t                        since;    /* it is ready */

    unsigned                          connected:1;
    unsigned                          started:1;
    unsigned                          flowing:1; /* media have come */
    unsigned                          more:1;   /* they have again: the time to
                                                   the next begins anew */
    unsigned                          ending:1; /* no fill any more */
    unsigned                          ended:1;  /* the good-bye was said */
    unsigned                          timedout:1;
};


/* NULL: it has been logged what is wrong with the directive's value. */
ngx_stream_video_relay_url_t *ngx_stream_video_relay_url(ngx_conf_t *cf,
    ngx_str_t *value, const char *directive);

/* May call closed() before it returns.  NGX_ERROR: no memory. */
ngx_int_t ngx_stream_video_relay_open(ngx_stream_video_relay_t *relay,
    nvr_client_conf_t *conf);

/* There is something to fill in; may call closed(). */
void ngx_stream_video_relay_send(ngx_stream_video_relay_t *relay);

/* The same, and when all has been sent a good-bye. */
void ngx_stream_video_relay_end(ngx_stream_video_relay_t *relay);

/* For closed(): logs why "what" is over, and tells the time until it may be
 * opened again. */
ngx_msec_t ngx_stream_video_relay_delay(ngx_stream_video_relay_t *relay,
    ngx_uint_t level, const char *what, const char *why);

/* At once; closed() isn't called. */
void ngx_stream_video_relay_close(ngx_stream_video_relay_t *relay);


/*
 * ngx_stream_video_relay_ssl.c: the connection is there,
 * ngx_stream_video_relay_secure() will be called when it is safe, or before it
 * returns; NGX_ERROR: "why" is set.
 */
ngx_int_t ngx_stream_video_relay_ssl_start(ngx_stream_video_relay_t *relay);

/* ngx_stream_video_relay.c, for it: goes on; over: it has failed. */
ngx_int_t ngx_stream_video_relay_secure(ngx_stream_video_relay_t *relay);
void ngx_stream_video_relay_over(ngx_stream_video_relay_t *relay);


#endif /* NGX_STREAM_VIDEO_RELAY_H */
