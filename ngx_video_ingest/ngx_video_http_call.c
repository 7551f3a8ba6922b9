/*
 * Copyright (C) ngx_video authors
 *
 * One call: a kept connection or the addresses of the URL one after another,
 * TLS if it is wanted, the request, the head of the answer.  See
 * ngx_video_http.h.
 *
 * A call starts as a posted event, so that its caller is not called back
 * before it knows the call.
 */

#include "ngx_video_http.h"


static void ngx_video_http_call_timer(ngx_event_t *ev);
static void ngx_video_http_call_connect(ngx_video_http_call_t *call);
static void ngx_video_http_call_use(ngx_video_http_call_t *call,
    ngx_connection_t *c);
static void ngx_video_http_call_write(ngx_event_t *wev);
static ngx_int_t ngx_video_http_call_connected(ngx_video_http_call_t *call);
static ngx_int_t ngx_video_http_call_secure(ngx_video_http_call_t *call);
static void ngx_video_http_call_read(ngx_event_t *rev);
static void ngx_video_http_call_parse(ngx_video_http_call_t *call);
static void ngx_video_http_call_answered(ngx_video_http_call_t *call,
    nvh_answer_t *head);
static void ngx_video_http_call_broken(ngx_video_http_call_t *call,
    const char *error);
static void ngx_video_http_call_fail(ngx_video_http_call_t *call,
    const char *error);
static void ngx_video_http_call_end(ngx_video_http_call_t *call,
    ngx_video_http_answer_t *answer);
static void ngx_video_http_call_close(ngx_video_http_call_t *call);
static u_char *ngx_video_http_call_log(ngx_log_t *log, u_char *buf,
    size_t len);


/* event timers are logged with the descriptor of a connection */
static ngx_connection_t  ngx_video_http_call_dummy = { .fd = -1 };


ngx_video_http_call_t *
ngx_video_http_call(ngx_video_http_url_t *url, size_t body, ngx_log_t *log)
{
    size_t                  len;
    u_char                 *p;
    ngx_pool_t             *pool;
    ngx_video_http_call_t  *call;

    static const char  head[] = "POST %V HTTP/1.1\r\n"
        "Host: %V\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: %uz\r\n"
        "\r\n";

    /* its log is its caller's, but for whom that is about */
    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    len = sizeof(head) + url->uri.len + url->host.len + NGX_SIZE_T_LEN + body;

    call = ngx_pcalloc(pool, sizeof(ngx_video_http_call_t));
    p = ngx_pnalloc(pool, len);

    if (call == NULL || p == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    call->answer = ngx_pnalloc(pool, NVH_ANSWER_MAX);
    if (call->answer == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    call->request.data = p;
    call->body = ngx_snprintf(p, len, head, &url->uri, &url->host, body);
    call->request.len = call->body - p + body;

    call->pool = pool;
    call->url = url;
    call->first = url->current;

    call->log = *log;
    call->log.handler = ngx_video_http_call_log;
    call->log.data = call;
    call->log.action = NULL;

    call->timer.handler = ngx_video_http_call_timer;
    call->timer.data = &ngx_video_http_call_dummy;
    call->timer.log = &call->log;

    return call;
}


void
ngx_video_http_call_start(ngx_video_http_call_t *call, ngx_msec_t timeout,
    ngx_video_http_handler_pt handler, void *data)
{
    call->handler = handler;
    call->data = data;
    call->deadline = ngx_current_msec + timeout;

    /* not cancelable: an exiting worker waits for the answer */
    ngx_add_timer(&call->timer, timeout);
    ngx_post_event(&call->timer, &ngx_posted_events);
}


void
ngx_video_http_call_cancel(ngx_video_http_call_t *call)
{
    ngx_video_http_call_close(call);

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    if (call->timer.posted) {
        ngx_delete_posted_event(&call->timer);
    }

    ngx_destroy_pool(call->pool);
}


static void
ngx_video_http_call_timer(ngx_event_t *ev)
{
    ngx_video_http_call_t  *call;

    call = (ngx_video_http_call_t *)
               ((u_char *) ev - offsetof(ngx_video_http_call_t, timer));

    if (ev->timedout) {
        ngx_video_http_call_fail(call, "timed out");
        return;
    }

    ngx_video_http_call_connect(call);
}


static void
ngx_video_http_call_connect(ngx_video_http_call_t *call)
{
    ngx_int_t               rc;
    ngx_addr_t             *addr;
    ngx_msec_int_t          left;
    ngx_connection_t       *c;
    ngx_video_http_url_t   *url;
    ngx_peer_connection_t  *pc;

    url = call->url;
    pc = &call->peer;

    c = call->fresh ? NULL : ngx_video_http_keep_get(url);

    if (c) {
        call->kept = 1;
        call->connected = 1;
        ngx_video_http_call_use(call, c);
        ngx_video_http_call_write(c->write);
        return;
    }

    call->kept = 0;
    call->connected = 0;
    call->handshake = 0;

    for ( /* void */ ; call->tried < url->naddrs; call->tried++) {
        addr = &url->addrs[(call->first + call->tried) % url->naddrs];

        ngx_memzero(pc, sizeof(ngx_peer_connection_t));

        pc->sockaddr = addr->sockaddr;
        pc->socklen = addr->socklen;
        pc->name = &addr->name;
        pc->get = ngx_event_get_peer;
        pc->log = &call->log;
        pc->log_error = NGX_ERROR_ERR;

        rc = ngx_event_connect_peer(pc);

        if (rc != NGX_OK && rc != NGX_AGAIN) {
            continue;
        }

        c = pc->connection;
        ngx_video_http_call_use(call, c);

        /* time is left for the other addresses */
        left = (ngx_msec_int_t) (call->deadline - ngx_current_msec);
        left /= (ngx_msec_int_t) (url->naddrs - call->tried);
        ngx_add_timer(c->write, ngx_max(left, 1));

        if (rc == NGX_OK) {
            ngx_video_http_call_write(c->write);
        }

        return;
    }

    ngx_video_http_call_fail(call, call->why ? call->why
                                             : "connection failed");
}


static void
ngx_video_http_call_use(ngx_video_http_call_t *call, ngx_connection_t *c)
{
    call->peer.connection = c;
    call->sent = 0;
    call->received = 0;

    c->data = call;
    c->log = &call->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->log_error = call->kept ? NGX_ERROR_INFO : NGX_ERROR_ERR;
    c->read->handler = ngx_video_http_call_read;
    c->write->handler = ngx_video_http_call_write;
}


/* Connects, then sends; with nothing left to send it has nothing to do. */
static void
ngx_video_http_call_write(ngx_event_t *wev)
{
    ssize_t                 n;
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_video_http_call_t  *call;

    c = wev->data;
    call = c->data;

    if (!call->connected) {
        rc = ngx_video_http_call_connected(call);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc == NGX_ERROR) {
            call->why = call->handshake ? "TLS failed" : "connection failed";
            ngx_video_http_call_close(call);
            call->tried++;
            ngx_video_http_call_connect(call);
            return;
        }
    }

    while (call->sent < call->request.len) {
        n = c->send(c, call->request.data + call->sent,
                    call->request.len - call->sent);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_video_http_call_broken(call, "send failed");
            return;
        }

        call->sent += n;
    }

    if (ngx_handle_write_event(wev, 0) != NGX_OK) {
        ngx_video_http_call_fail(call, "internal error");
    }
}


/* NGX_AGAIN: not yet; NGX_ERROR: this address can't be used. */
static ngx_int_t
ngx_video_http_call_connected(ngx_video_http_call_t *call)
{
    int                err;
    ngx_int_t          rc;
    socklen_t          len;
    ngx_connection_t  *c;

    c = call->peer.connection;

    err = c->write->timedout ? NGX_ETIMEDOUT : 0;
    len = sizeof(int);

    if (err == 0 && !call->handshake
        && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1)
    {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_log_error(NGX_LOG_ERR, &call->log, err, "%s %V failed",
                      call->handshake ? "TLS handshake with" : "connect() to",
                      call->peer.name);
        return NGX_ERROR;
    }

    if (call->url->ssl) {
        rc = ngx_video_http_call_secure(call);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    call->connected = 1;
    call->url->current = (call->first + call->tried) % call->url->naddrs;

    return NGX_OK;
}


static ngx_int_t
ngx_video_http_call_secure(ngx_video_http_call_t *call)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = call->peer.connection;
    call->handshake = 1;

    rc = ngx_video_ssl_handshake(c, call->url->ssl, &call->url->name);

    /* nginx's know nothing of the end of the worker */
    c->read->handler = ngx_video_http_call_read;
    c->write->handler = ngx_video_http_call_write;

    if (rc == NGX_OK && c->read->ready) {
        /* what came with the end of the handshake has no event of its own */
        ngx_post_event(c->read, &ngx_posted_events);
    }

    return rc;
}


static void
ngx_video_http_call_read(ngx_event_t *rev)
{
    ssize_t                 n;
    ngx_connection_t       *c;
    ngx_video_http_call_t  *call;

    c = rev->data;
    call = c->data;

    if (c->close) {
        /* worker_shutdown_timeout */
        ngx_video_http_call_fail(call, "server is shutting down");
        return;
    }

    if (!call->connected) {
        /* a failed connect() is the write event's too */
        if (call->handshake) {
            ngx_video_http_call_write(c->write);
        }

        return;
    }

    n = c->recv(c, call->answer + call->received,
                NVH_ANSWER_MAX - call->received);

    if (n == NGX_AGAIN) {
        if (ngx_handle_read_event(rev, 0) != NGX_OK) {
            ngx_video_http_call_fail(call, "internal error");
        }

        return;
    }

    if (n == NGX_ERROR) {
        ngx_video_http_call_broken(call, "receive failed");
        return;
    }

    if (n == 0) {
        ngx_video_http_call_broken(call, "closed without an answer");
        return;
    }

    call->received += n;

    ngx_video_http_call_parse(call);
}


static void
ngx_video_http_call_parse(ngx_video_http_call_t *call)
{
    nvm_err_e          err;
    nvh_answer_t       head;
    ngx_connection_t  *c;

    err = nvh_answer_parse(&head, call->answer, call->received);

    if (err == NVM_OK) {
        ngx_video_http_call_answered(call, &head);
        return;
    }

    if (err != NVM_EAGAIN) {
        ngx_video_http_call_fail(call, head.error);
        return;
    }

    c = call->peer.connection;

    if (c->read->ready) {
        /* there may be more; others have their turn first */
        ngx_post_event(c->read, &ngx_posted_events);
        return;
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_video_http_call_fail(call, "internal error");
    }
}


static void
ngx_video_http_call_answered(ngx_video_http_call_t *call, nvh_answer_t *head)
{
    size_t                    body;
    ngx_connection_t         *c;
    ngx_video_http_answer_t   answer;

    body = call->received - head->head;

    if (head->keep && call->sent == call->request.len && body <= head->length
        && head->length <= NGX_VIDEO_HTTP_BODY)
    {
        c = call->peer.connection;
        call->peer.connection = NULL;
        ngx_video_http_keep_put(call->url, c, (size_t) head->length - body);
    }

    answer.status = head->status;
    answer.location.data = (u_char *) head->location.data;
    answer.location.len = head->location.len;
    answer.error = NULL;

    ngx_video_http_call_end(call, &answer);
}


/* A kept connection may have been closed before the request came. */
static void
ngx_video_http_call_broken(ngx_video_http_call_t *call, const char *error)
{
    if (!call->kept || call->received) {
        ngx_video_http_call_fail(call, error);
        return;
    }

    ngx_log_debug0(NGX_LOG_DEBUG_EVENT, &call->log, 0,
                   "video http: kept connection was closed, trying another");

    ngx_video_http_call_close(call);
    call->fresh = 1;
    ngx_video_http_call_connect(call);
}


static void
ngx_video_http_call_fail(ngx_video_http_call_t *call, const char *error)
{
    ngx_video_http_answer_t  answer;

    ngx_memzero(&answer, sizeof(ngx_video_http_answer_t));
    answer.error = error;

    ngx_video_http_call_end(call, &answer);
}


static void
ngx_video_http_call_end(ngx_video_http_call_t *call,
    ngx_video_http_answer_t *answer)
{
    ngx_log_debug3(NGX_LOG_DEBUG_EVENT, &call->log, 0,
                   "video http: \"%V\" status %ui %s", &call->url->url,
                   answer->status, answer->error ? answer->error : "");

    call->handler(call->data, answer);

    ngx_video_http_call_cancel(call);
}


static void
ngx_video_http_call_close(ngx_video_http_call_t *call)
{
    if (call->peer.connection) {
        ngx_video_ssl_close(call->peer.connection);
        call->peer.connection = NULL;
    }
}


static u_char *
ngx_video_http_call_log(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_video_http_call_t  *call;

    call = log->data;

    return ngx_snprintf(buf, len, " while calling \"%V\"", &call->url->url);
}
