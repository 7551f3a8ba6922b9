/*
 * Copyright (C) ngx_video authors
 *
 * A connection to another RTMP server: see ngx_stream_video_relay.h.
 *
 * The functions that do the work return NGX_ERROR when it is over, and why in
 * "why"; only the handlers of events and what the owner calls close it, since
 * its owner may be gone after closed().
 */

#include <openssl/rand.h>

#include "ngx_stream_video_relay.h"
#include "ngx_video_core.h"


static ngx_int_t ngx_stream_video_relay_client(
    ngx_stream_video_relay_t *relay, nvr_client_conf_t *conf);
static ngx_int_t ngx_stream_video_relay_connect(
    ngx_stream_video_relay_t *relay);
static ngx_int_t ngx_stream_video_relay_connected(
    ngx_stream_video_relay_t *relay);
static void ngx_stream_video_relay_timer(ngx_event_t *ev);
static void ngx_stream_video_relay_write(ngx_event_t *wev);
static void ngx_stream_video_relay_read(ngx_event_t *rev);
static ngx_int_t ngx_stream_video_relay_receive(
    ngx_stream_video_relay_t *relay);
static ngx_int_t ngx_stream_video_relay_feed(ngx_stream_video_relay_t *relay,
    u_char *data, size_t n);
static ngx_int_t ngx_stream_video_relay_flush(
    ngx_stream_video_relay_t *relay);
static void ngx_stream_video_relay_fill(ngx_stream_video_relay_t *relay);
static ngx_int_t ngx_stream_video_relay_fail(ngx_stream_video_relay_t *relay,
    const char *why);
static void ngx_stream_video_relay_disconnect(
    ngx_stream_video_relay_t *relay);
static void ngx_stream_video_relay_state(ngx_stream_video_relay_t *relay,
    ngx_video_relay_state_e state);
static void ngx_stream_video_relay_free(ngx_stream_video_relay_t *relay);
static void *ngx_stream_video_relay_alloc_pt(void *data, size_t size);
static void ngx_stream_video_relay_free_pt(void *data, void *p);


/* event timers are logged with the descriptor of a connection */
static ngx_connection_t  ngx_stream_video_relay_dummy = { .fd = -1 };

/* What is read is consumed before the next read. */
static u_char  ngx_stream_video_relay_buffer[16384];


ngx_int_t
ngx_stream_video_relay_open(ngx_stream_video_relay_t *relay,
    nvr_client_conf_t *conf)
{
    relay->started = 0;
    relay->timedout = 0;

    if (ngx_stream_video_relay_client(relay, conf) != NGX_OK) {
        ngx_stream_video_relay_free(relay);
        return NGX_ERROR;
    }

    relay->tried = 0;
    relay->connected = 0;
    relay->flowing = 0;
    relay->more = 0;
    relay->ending = 0;
    relay->ended = 0;
    relay->sent = 0;
    relay->filled = 0;
    relay->why = NULL;

    relay->timer.handler = ngx_stream_video_relay_timer;
    relay->timer.data = &ngx_stream_video_relay_dummy;
    relay->timer.log = relay->log;

    /* a publisher keeps its worker, what is sent on of it does not */
    relay->timer.cancelable = 1;

    ngx_stream_video_relay_state(relay, NGX_VIDEO_RELAY_CONNECTING);

    /* one timeout until media flow */
    ngx_add_timer(&relay->timer, relay->timeout);

    if (ngx_stream_video_relay_connect(relay) != NGX_OK) {
        ngx_stream_video_relay_over(relay);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_stream_video_relay_client(ngx_stream_video_relay_t *relay,
    nvr_client_conf_t *conf)
{
    u_char     random[NVR_HANDSHAKE_SIZE];
    nvr_mem_t  mem;

    mem.alloc = ngx_stream_video_relay_alloc_pt;
    mem.free = ngx_stream_video_relay_free_pt;
    mem.data = relay->log;

    relay->wire = ngx_alloc(NGX_VIDEO_RELAY_WIRE, relay->log);
    if (relay->wire == NULL) {
        return NGX_ERROR;
    }

    relay->client = ngx_alloc(sizeof(nvr_client_t), relay->log);
    if (relay->client == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(relay->client, sizeof(nvr_client_t));

    if (RAND_bytes(random, sizeof(random)) != 1
        || nvr_client_init(relay->client, conf, &mem, random) != NVM_OK)
    {
        return NGX_ERROR;
    }

    if (relay->max_message) {
        relay->client->in.max_message = (uint32_t) relay->max_message;
    }

    return NGX_OK;
}


/* To the next address that lets itself be tried. */
static ngx_int_t
ngx_stream_video_relay_connect(ngx_stream_video_relay_t *relay)
{
    ngx_int_t                      rc;
    ngx_addr_t                    *addr;
    ngx_connection_t              *c;
    ngx_peer_connection_t         *pc;
    ngx_stream_video_relay_url_t  *url;

    url = relay->url;
    pc = &relay->peer;

    for ( /* void */ ; relay->tried < url->naddrs; relay->tried++) {
        addr = &url->addrs[(url->current + relay->tried) % url->naddrs];

        ngx_memzero(pc, sizeof(ngx_peer_connection_t));

        pc->sockaddr = addr->sockaddr;
        pc->socklen = addr->socklen;
        pc->name = &addr->name;
        pc->get = ngx_event_get_peer;
        pc->log = relay->log;
        pc->log_error = NGX_ERROR_ERR;

        rc = ngx_event_connect_peer(pc);

        if (rc != NGX_OK && rc != NGX_AGAIN) {
            continue;
        }

        c = pc->connection;

        /* what is only played is not waited for by an exiting worker */
        c->idle = (relay->message != NULL);

        /* for variables, of what is pulled */
        c->sockaddr = pc->sockaddr;
        c->socklen = pc->socklen;

        c->data = relay;
        c->log = relay->log;
        c->read->log = c->log;
        c->write->log = c->log;
        c->log_error = NGX_ERROR_IGNORE_ECONNRESET;
        c->read->handler = ngx_stream_video_relay_read;
        c->write->handler = ngx_stream_video_relay_write;

        return rc == NGX_OK ? ngx_stream_video_relay_connected(relay)
                            : NGX_OK;
    }

    return ngx_stream_video_relay_fail(relay, "can't connect");
}


static ngx_int_t
ngx_stream_video_relay_connected(ngx_stream_video_relay_t *relay)
{
    int                            err;
    socklen_t                      len;
    ngx_connection_t              *c;
    ngx_stream_video_relay_url_t  *url;

    c = relay->peer.connection;
    url = relay->url;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_log_error(NGX_LOG_ERR, relay->log, err, "connect() to %V failed",
                      relay->peer.name);

        ngx_stream_video_relay_disconnect(relay);
        relay->tried++;

        return ngx_stream_video_relay_connect(relay);
    }

    url->current = (url->current + relay->tried) % url->naddrs;

    /* frames are small, and late ones are of no use */
    (void) ngx_tcp_nodelay(c);

#ifdef TCP_NOTSENT_LOWAT

    /* what waits is to wait here, where it can be dropped */
    err = NGX_VIDEO_RELAY_UNSENT;

    if (setsockopt(c->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, (void *) &err,
                   sizeof(int))
        == -1)
    {
        ngx_log_error(NGX_LOG_INFO, relay->log, ngx_socket_errno,
                      "setsockopt(TCP_NOTSENT_LOWAT) failed, ignored");
    }

#endif

    return url->tls ? ngx_stream_video_relay_ssl_start(relay)
                    : ngx_stream_video_relay_secure(relay);
}


ngx_int_t
ngx_stream_video_relay_secure(ngx_stream_video_relay_t *relay)
{
    ngx_connection_t  *c;

    c = relay->peer.connection;

    /* those of TLS were in their place */
    c->read->handler = ngx_stream_video_relay_read;
    c->write->handler = ngx_stream_video_relay_write;

    relay->connected = 1;

    /* what came with the end of the handshake has no event of its own */
    if (c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }

    return ngx_stream_video_relay_flush(relay);
}


static void
ngx_stream_video_relay_timer(ngx_event_t *ev)
{
    ngx_stream_video_relay_t  *relay;

    relay = (ngx_stream_video_relay_t *)
                ((u_char *) ev - offsetof(ngx_stream_video_relay_t, timer));

    if (!relay->connected) {
        /* the next attempt begins with another address */
        relay->url->current = (relay->url->current + relay->tried + 1)
                              % relay->url->naddrs;
    }

    relay->timedout = 1;
    (void) ngx_stream_video_relay_fail(relay, relay->flowing
                                              ? "no media have come for long"
                                              : "timed out");
    ngx_stream_video_relay_over(relay);
}


static void
ngx_stream_video_relay_write(ngx_event_t *wev)
{
    ngx_int_t                  rc;
    ngx_connection_t          *c;
    ngx_stream_video_relay_t  *relay;

    c = wev->data;
    relay = c->data;

    rc = relay->connected ? ngx_stream_video_relay_flush(relay)
                          : ngx_stream_video_relay_connected(relay);

    if (rc != NGX_OK) {
        ngx_stream_video_relay_over(relay);
    }
}


static void
ngx_stream_video_relay_read(ngx_event_t *rev)
{
    ngx_int_t                  rc;
    ngx_connection_t          *c;
    ngx_stream_video_relay_t  *relay;

    c = rev->data;
    relay = c->data;

    if (c->close) {
        /* worker_shutdown_timeout */
        rc = ngx_stream_video_relay_fail(relay, "server is shutting down");

    } else if (!relay->connected) {
        /* a failed connect() is the write event's too */
        return;

    } else {
        rc = ngx_stream_video_relay_receive(relay);
    }

    if (rc != NGX_OK) {
        ngx_stream_video_relay_over(relay);
    }
}


static ngx_int_t
ngx_stream_video_relay_receive(ngx_stream_video_relay_t *relay)
{
    ssize_t            n;
    ngx_uint_t         rounds;
    ngx_connection_t  *c;

    c = relay->peer.connection;

    for (rounds = 0; rounds < 16; rounds++) {

        n = c->recv(c, ngx_stream_video_relay_buffer,
                    sizeof(ngx_stream_video_relay_buffer));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            return ngx_stream_video_relay_fail(relay, "connection closed");
        }

        if (relay->message) {
            ngx_video_relay_stat_bytes(relay->stat, n);
        }

        if (ngx_stream_video_relay_feed(relay, ngx_stream_video_relay_buffer,
                                        n)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (rounds == 16) {
        ngx_post_event(c->read, &ngx_posted_events);
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        return ngx_stream_video_relay_fail(relay, "internal error");
    }

    if (relay->more) {
        relay->more = 0;
        ngx_add_timer(&relay->timer, relay->timeout);
    }

    return ngx_stream_video_relay_flush(relay);
}


static ngx_int_t
ngx_stream_video_relay_feed(ngx_stream_video_relay_t *relay, u_char *data,
    size_t n)
{
    size_t              used;
    nvm_err_e           err;
    nvr_client_t       *cl;
    nvr_message_t       msg;
    nvr_client_event_e  event;

    cl = relay->client;

    for ( ;; ) {
        err = nvr_client_feed(cl, data, n, &used, &event, &msg);

        data += used;
        n -= used;

        if (err == NVM_EAGAIN) {
            return NGX_OK;
        }

        if (err != NVM_OK) {
            return ngx_stream_video_relay_fail(relay, cl->fault.what);
        }

        if (event == NVR_CLIENT_STARTED) {

            if (relay->timer.timer_set && relay->message == NULL) {
                ngx_del_timer(&relay->timer);
            }

            relay->started = 1;
            ngx_stream_video_relay_state(relay, NGX_VIDEO_RELAY_FLOWING);
            relay->since = ngx_current_msec;
            relay->ready(relay);
            continue;
        }

        if (relay->message(relay, &msg) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


/* All that there is to be said, as far as the socket takes it. */
static ngx_int_t
ngx_stream_video_relay_flush(ngx_stream_video_relay_t *relay)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = relay->peer.connection;

    for ( ;; ) {

        if (relay->sent == relay->filled) {
            ngx_stream_video_relay_fill(relay);

            if (relay->filled == 0) {
                break;
            }
        }

        n = c->send(c, relay->wire + relay->sent,
                    relay->filled - relay->sent);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            return ngx_stream_video_relay_fail(relay, "send failed");
        }

        relay->sent += n;

        if (relay->message == NULL) {
            ngx_video_relay_stat_bytes(relay->stat, n);
        }

        if (relay->timer.timer_set && relay->message == NULL
            && relay->client->state == NVR_CLIENT_READY)
        {
            ngx_del_timer(&relay->timer);
        }
    }

    /* nothing goes through, or the other side is to close */
    if ((relay->filled || relay->ended) && !relay->timer.timer_set) {
        ngx_add_timer(&relay->timer, relay->timeout);
    }

    if (relay->filled == 0 && relay->ended) {
        ngx_video_ssl_bye(c);

        if (ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == -1) {
            return ngx_stream_video_relay_fail(relay, "connection closed");
        }
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        return ngx_stream_video_relay_fail(relay, "internal error");
    }

    return NGX_OK;
}


/* Only whole chunks are in the wire, so control messages may come between. */
static void
ngx_stream_video_relay_fill(ngx_stream_video_relay_t *relay)
{
    nvm_writer_t   w;
    nvr_client_t  *cl;

    cl = relay->client;
    nvm_writer_init(&w, relay->wire, NGX_VIDEO_RELAY_WIRE);

    nvm_writer_bytes(&w, cl->out, cl->out_len);
    nvr_client_taken(cl);

    if (cl->state == NVR_CLIENT_READY && relay->fill && !relay->ended) {
        relay->fill(relay, &w);

        if (relay->ending && w.len == 0) {
            relay->ended = 1;
            nvr_client_end(cl);
            nvm_writer_bytes(&w, cl->out, cl->out_len);
            nvr_client_taken(cl);
        }
    }

    relay->sent = 0;
    relay->filled = w.len;
}


void
ngx_stream_video_relay_send(ngx_stream_video_relay_t *relay)
{
    if (relay->client == NULL || relay->client->state != NVR_CLIENT_READY
        || relay->sent != relay->filled)
    {
        return;
    }

    if (ngx_stream_video_relay_flush(relay) != NGX_OK) {
        ngx_stream_video_relay_over(relay);
    }
}


void
ngx_stream_video_relay_end(ngx_stream_video_relay_t *relay)
{
    relay->ending = 1;
    ngx_stream_video_relay_send(relay);
}


static ngx_int_t
ngx_stream_video_relay_fail(ngx_stream_video_relay_t *relay, const char *why)
{
    relay->why = why;

    return NGX_ERROR;
}


void
ngx_stream_video_relay_over(ngx_stream_video_relay_t *relay)
{
    relay->closed(relay, relay->ended ? NULL : relay->why);
}


/* What the other server has said to it is told, too. */
ngx_msec_t
ngx_stream_video_relay_delay(ngx_stream_video_relay_t *relay,
    ngx_uint_t level, const char *what, const char *why)
{
    const char    *where, *code, *text;
    nvr_client_t  *cl;

    cl = relay->client;

    where = cl ? cl->fault.where : "";
    code = cl ? cl->code : "";
    text = cl ? cl->text : "";

    if (why) {
        ngx_log_error(level, relay->log, 0, "%s %s: %s%s%s%s%s%s%s", what,
                      relay->started ? "was interrupted" : "failed", why,
                      where[0] ? " in " : "", where, code[0] ? ": " : "",
                      code, text[0] ? ", " : "", text);
    }

    if (relay->started
        && ngx_current_msec - relay->since >= NGX_VIDEO_RELAY_STEADY)
    {
        relay->delay = 0;
    }

    relay->delay = relay->delay
                   ? ngx_min(2 * relay->delay, NGX_VIDEO_RELAY_MAX_DELAY)
                   : NGX_VIDEO_RELAY_DELAY;

    return relay->delay;
}


void
ngx_stream_video_relay_close(ngx_stream_video_relay_t *relay)
{
    ngx_stream_video_relay_disconnect(relay);

    if (relay->timer.timer_set) {
        ngx_del_timer(&relay->timer);
    }

    ngx_stream_video_relay_state(relay, NGX_VIDEO_RELAY_WAITING);
    ngx_stream_video_relay_free(relay);
}


static void
ngx_stream_video_relay_disconnect(ngx_stream_video_relay_t *relay)
{
    if (relay->peer.connection) {
        ngx_video_ssl_close(relay->peer.connection);
        relay->peer.connection = NULL;
    }
}


static void
ngx_stream_video_relay_state(ngx_stream_video_relay_t *relay,
    ngx_video_relay_state_e state)
{
    ngx_video_relay_stat_state(relay->stat, state, ngx_video_now());
}


static void
ngx_stream_video_relay_free(ngx_stream_video_relay_t *relay)
{
    if (relay->client) {
        nvr_client_done(relay->client);
        ngx_free(relay->client);
        relay->client = NULL;
    }

    if (relay->wire) {
        ngx_free(relay->wire);
        relay->wire = NULL;
    }
}


static void *
ngx_stream_video_relay_alloc_pt(void *data, size_t size)
{
    return ngx_alloc(size, data);
}


static void
ngx_stream_video_relay_free_pt(void *data, void *p)
{
    ngx_free(p);
}
