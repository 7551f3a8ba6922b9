/*
 * Copyright (C) ngx_video authors
 *
 * The connection of a stream to the transcoder: see ngx_video_rungs.h.
 *
 * Who connects while no transcoder runs waits in the queue of its socket.  What
 * would be sent then is late when one comes, so nothing is sent before it has
 * said something: meanwhile the frames from the newest key frame on are kept,
 * but not for long.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_video_rungs_link.h"
#include "ngx_video_transcoder.h"


/* bytes of a message that comes, at most */
#define NGX_VIDEO_RUNGS_IN       (8 * 1024 * 1024)

#define NGX_VIDEO_RUNGS_READ     65536
#define NGX_VIDEO_RUNGS_LINE     1024

/* ms before it is connected to again */
#define NGX_VIDEO_RUNGS_FIRST    1000
#define NGX_VIDEO_RUNGS_LAST     30000

/* ms after which a connection is one that works */
#define NGX_VIDEO_RUNGS_WORKS    10000

/* it tells each second how it is; ms after which it hangs */
#define NGX_VIDEO_RUNGS_HANGS    10000

/* ms for what is left when a stream has ended */
#define NGX_VIDEO_RUNGS_DRAINS   5000


static void ngx_video_rungs_timer(ngx_event_t *ev);


ngx_video_rungs_t *
ngx_video_rungs_create(ngx_video_ladder_t *ladder,
    ngx_video_rungs_handlers_t *handlers, void *data, ngx_str_t *name,
    ngx_log_t *log)
{
    ngx_video_rungs_t  *r;

    r = ngx_calloc(sizeof(ngx_video_rungs_t), log);
    if (r == NULL) {
        return NULL;
    }

    r->ladder = ladder;
    r->handlers = handlers;
    r->data = data;
    r->name = name;
    r->log = log;
    r->delay = NGX_VIDEO_RUNGS_FIRST;

    r->timer.handler = ngx_video_rungs_timer;
    r->timer.data = r;
    r->timer.log = log;
    r->timer.cancelable = 1;

    return r;
}


static void
ngx_video_rungs_close(ngx_video_rungs_t *r)
{
    if (r->connection) {
        ngx_close_connection(r->connection);
        r->connection = NULL;
    }

    if (r->timer.timer_set) {
        ngx_del_timer(&r->timer);
    }

    r->in.from = 0;
    r->in.len = 0;
    r->out.from = 0;
    r->out.len = 0;
    r->taken = 0;
    r->fed = 0;
    ngx_memzero(r->of, sizeof(r->of));
}


ngx_uint_t
ngx_video_rungs_flow(ngx_video_rungs_t *r)
{
    return r->connection != NULL && r->fed;
}


static void
ngx_video_rungs_write(ngx_event_t *wev)
{
    ngx_connection_t   *c;
    ngx_video_rungs_t  *r;

    c = wev->data;
    r = c->data;

    if (ngx_video_rungs_send(r) != NGX_OK) {
        ngx_video_rungs_gone(r, "is gone");
    }
}


static ngx_int_t
ngx_video_rungs_header(ngx_video_rungs_t *r, nvm_wire_t *m)
{
    size_t             len;
    ngx_uint_t         n;
    nvm_reader_t       rest;
    const uint8_t     *name;
    ngx_video_rung_t  *rung;

    if (nvm_wire_name(m, &rest, &name, &len) != NVM_OK) {
        return NGX_ERROR;
    }

    if (len == 0 && m->flags & NVM_WIRE_LAST) {
        return r->handlers->header(r->data, NGX_VIDEO_RUNGS, m, NULL, 0);
    }

    rung = ngx_video_ladder_rung(r->ladder, name, len);

    if (rung == NULL || m->track >= NGX_VIDEO_RUNGS) {
        return NGX_ERROR;
    }

    n = rung - (ngx_video_rung_t *) r->ladder->rungs.elts;
    r->of[m->track] = (u_char) (n + 1);
    len = nvm_reader_left(&rest);

    return r->handlers->header(r->data, n, m, nvm_reader_bytes(&rest, len),
                               len);
}


/* A line of it.  Levels of syslog are nginx's, one more. */
static void
ngx_video_rungs_log(ngx_video_rungs_t *r, nvm_wire_t *m)
{
    size_t      n;
    ngx_uint_t  level;

    level = (m->flags & NVM_WIRE_LEVEL) + 1;
    level = ngx_max(level, NGX_LOG_ERR);

    for (n = 0; n < m->len && n < NGX_VIDEO_RUNGS_LINE && m->body[n] >= 0x20;
         n++)
    {
        /* void */
    }

    ngx_log_error(ngx_min(level, NGX_LOG_INFO), r->log, 0,
                  "stream \"%V\": transcoder: %*s", r->name, n, m->body);
}


static ngx_int_t
ngx_video_rungs_message(ngx_video_rungs_t *r, nvm_wire_t *m)
{
    nvm_wire_state_t  state;

    switch (m->type) {

    case NVM_WIRE_HEADER:
        return ngx_video_rungs_header(r, m);

    case NVM_WIRE_FRAME:
        return m->track < NGX_VIDEO_RUNGS && r->of[m->track]
               ? r->handlers->frame(r->data, r->of[m->track] - 1, m)
               : NGX_ERROR;

    case NVM_WIRE_IMAGE:

        if (m->len > NVM_WIRE_IMAGE_MAX) {
            return NGX_ERROR;
        }

        r->handlers->image(r->data, m);
        return NGX_OK;

    case NVM_WIRE_STATE:

        if (nvm_wire_state(m, &state) != NVM_OK) {
            return NGX_ERROR;
        }

        r->handlers->state(r->data, &state);
        return NGX_OK;

    case NVM_WIRE_LOG:
        ngx_video_rungs_log(r, m);
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


/*
 * All messages that have come: NULL, or why they can't be taken.  One may lead
 * to what is sent, and so to the end of the connection.
 */
static const char *
ngx_video_rungs_parse(ngx_video_rungs_t *r)
{
    nvm_err_e                 rc;
    nvm_wire_t                m;
    nvm_reader_t              reader;
    ngx_video_rungs_bytes_t  *b;

    b = &r->in;
    nvm_reader_init(&reader, b->data + b->from, b->len - b->from, 0);

    while ((rc = nvm_wire_parse(&reader, &m)) == NVM_OK) {

        if (m.len > NGX_VIDEO_RUNGS_IN) {
            return "sent too long a message";
        }

        if (ngx_video_rungs_message(r, &m) != NGX_OK) {
            return "sent what can't be used";
        }

        if (r->connection == NULL) {
            return NULL;
        }

        b->from = b->len - nvm_reader_left(&reader);
    }

    return rc == NVM_EAGAIN ? NULL : "sent what is no message";
}


/* It may be destroyed by what is called. */
static void
ngx_video_rungs_drained(ngx_video_rungs_t *r)
{
    ngx_video_rungs_close(r);
    r->handlers->drained(r->data);
}


/* NULL, or why it is of no use any more. */
static const char *
ngx_video_rungs_receive(ngx_video_rungs_t *r)
{
    ssize_t                   n;
    const char               *why;
    ngx_connection_t         *c;
    ngx_video_rungs_bytes_t  *b;

    c = r->connection;
    b = &r->in;

    do {
        if (b->len - b->from > NGX_VIDEO_RUNGS_IN + NVM_WIRE_HEAD
            || ngx_video_rungs_room(r, b, NGX_VIDEO_RUNGS_READ) != NGX_OK)
        {
            return "sent too long a message";
        }

        n = c->recv(c, b->data + b->len, b->size - b->len);

        if (n == NGX_AGAIN) {
            return ngx_handle_read_event(c->read, 0) == NGX_OK
                   && ngx_video_rungs_send(r) == NGX_OK ? NULL : "is gone";
        }

        if (n == 0 && r->ending) {
            ngx_video_rungs_drained(r);
            return NULL;
        }

        if (n <= 0) {
            return "is gone";
        }

        b->len += (size_t) n;
        r->heard = ngx_current_msec;

        if (!r->taken) {
            ngx_video_rungs_taken(r);
        }

        why = ngx_video_rungs_parse(r);

    } while (why == NULL && r->connection);

    return why;
}


static void
ngx_video_rungs_read(ngx_event_t *rev)
{
    const char         *why;
    ngx_connection_t   *c;
    ngx_video_rungs_t  *r;

    c = rev->data;
    r = c->data;

    r->reading = 1;
    why = ngx_video_rungs_receive(r);
    r->reading = 0;

    if (r->destroyed) {
        ngx_video_rungs_free(r);
        return;
    }

    if (why && r->connection) {
        ngx_video_rungs_gone(r, why);
    }
}


void
ngx_video_rungs_gone(ngx_video_rungs_t *r, const char *why)
{
    if (r->ending) {
        ngx_log_error(NGX_LOG_WARN, r->log, 0,
                      "stream \"%V\": the transcoder %s, the end of the "
                      "stream is missing in its rungs", r->name, why);
        ngx_video_rungs_drained(r);
        return;
    }

    if (r->taken && ngx_current_msec - r->connected >= NGX_VIDEO_RUNGS_WORKS) {
        r->delay = NGX_VIDEO_RUNGS_FIRST;
    }

    ngx_log_error(NGX_LOG_WARN, r->log, 0,
                  "stream \"%V\": the transcoder %s, it is tried again in "
                  "%M ms", r->name, why, r->delay);

    ngx_video_rungs_close(r);
    ngx_add_timer(&r->timer, r->delay);
    r->delay = ngx_min(r->delay * 2, NGX_VIDEO_RUNGS_LAST);

    r->handlers->gone(r->data);
}


/* A socket that is connected, or waits to be accepted. */
static ngx_int_t
ngx_video_rungs_socket(ngx_video_rungs_t *r)
{
    socklen_t           len;
    ngx_socket_t        fd;
    ngx_connection_t   *c;
    struct sockaddr_un  sun;

    len = ngx_video_transcoder_address(&sun);

    if (len == 0) {
        return NGX_ERROR;
    }

    fd = ngx_socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd == (ngx_socket_t) -1) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, r->log);

    if (c == NULL) {
        ngx_close_socket(fd);
        return NGX_ERROR;
    }

    c->data = r;
    c->log = r->log;
    c->read->log = r->log;
    c->write->log = r->log;
    c->recv = ngx_recv;
    c->send = ngx_send;
    c->log_error = NGX_ERROR_INFO;
    c->read->handler = ngx_video_rungs_read;
    c->write->handler = ngx_video_rungs_write;
    r->connection = c;

    /* of a unix socket: at once, or its queue is full */
    if (ngx_nonblocking(fd) == -1
        || connect(fd, (struct sockaddr *) &sun, len) == -1
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    c->write->ready = 1;

    return NGX_OK;
}


/* Nothing has been sent on the connection: there is room for this. */
ngx_int_t
ngx_video_rungs_connect(ngx_video_rungs_t *r)
{
    ssize_t     n;
    nvm_wire_t  m;

    ngx_memzero(&m, sizeof(nvm_wire_t));
    m.type = NVM_WIRE_OPEN;
    m.body = r->ladder->text.data;
    m.len = r->ladder->text.len;

    if (ngx_video_rungs_socket(r) != NGX_OK
        || ngx_video_rungs_queue(r, &m) != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = (ssize_t) r->out.len;
    r->out.len = 0;

    if (ngx_send(r->connection, r->out.data, (size_t) n) != n) {
        return NGX_ERROR;
    }

    r->connected = ngx_current_msec;
    r->heard = ngx_current_msec;
    ngx_add_timer(&r->timer, NGX_VIDEO_RUNGS_HANGS / 4);

    return NGX_OK;
}


static void
ngx_video_rungs_timer(ngx_event_t *ev)
{
    ngx_video_rungs_t  *r;

    r = ev->data;

    if (r->connection == NULL) {
        /* the next key frame connects */
        return;
    }

    if (r->ending) {
        ngx_video_rungs_gone(r, "takes too long");
        return;
    }

    if (r->taken
        && ngx_current_msec - r->heard > NGX_VIDEO_RUNGS_HANGS)
    {
        ngx_video_rungs_gone(r, "has said nothing for too long");
        return;
    }

    ngx_add_timer(ev, NGX_VIDEO_RUNGS_HANGS / 4);
}


/* NGX_OK: what is left of the stream will come. */
static ngx_int_t
ngx_video_rungs_say_end(ngx_video_rungs_t *r)
{
    nvm_wire_t  m;

    if (r->connection == NULL || !r->taken) {
        return NGX_ERROR;
    }

    ngx_memzero(&m, sizeof(nvm_wire_t));
    m.type = NVM_WIRE_END;

    return ngx_video_rungs_queue(r, &m) == NGX_OK ? ngx_video_rungs_send(r)
                                                  : NGX_ERROR;
}


ngx_int_t
ngx_video_rungs_end(ngx_video_rungs_t *r)
{
    if (!ngx_video_rungs_flow(r) || ngx_video_rungs_say_end(r) != NGX_OK) {
        return NGX_OK;
    }

    r->ending = 1;

    /* no publisher keeps the worker any more */
    r->timer.cancelable = 0;
    ngx_add_timer(&r->timer, NGX_VIDEO_RUNGS_DRAINS);

    return NGX_AGAIN;
}


void
ngx_video_rungs_destroy(ngx_video_rungs_t *r)
{
    if (!r->ending) {
        (void) ngx_video_rungs_say_end(r);
    }

    ngx_video_rungs_close(r);

    if (r->reading) {
        r->destroyed = 1;
        return;
    }

    ngx_video_rungs_free(r);
}
