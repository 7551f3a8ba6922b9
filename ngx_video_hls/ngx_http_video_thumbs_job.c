/*
 * Copyright (C) ngx_video authors
 *
 * An order for thumbnails, from a worker to the transcoder: see
 * ngx_http_video_thumbs.h.
 *
 * It is of no request: those that wait for it wait for an object in the store,
 * in this worker or another, and may go away.  While no transcoder runs it
 * waits in the queue of the socket; so it does while others are worked on.
 */

#include "ngx_http_video_hls_module.h"
#include "nvm_wire.h"


/* bytes of an answer: a line, and an end */
#define NGX_HTTP_VIDEO_THUMBS_IN    4096

/* of a line that are told */
#define NGX_HTTP_VIDEO_THUMBS_LINE  512


typedef struct {
    ngx_connection_t         *connection;
    ngx_video_store_t        *store;
    ngx_video_ref_t           ref;
    ngx_str_t                 name;         /* of the file */
    ngx_log_t                *log;
    size_t                    len;
    u_char                    in[NGX_HTTP_VIDEO_THUMBS_IN];
    size_t                    why_len;
    u_char                    why[NGX_HTTP_VIDEO_THUMBS_LINE];
} ngx_http_video_job_t;


static void ngx_http_video_job_read(ngx_event_t *rev);


/* Nobody hears of the object any more from here. */
static void
ngx_http_video_job_free(ngx_http_video_job_t *j)
{
    if (j->connection) {
        ngx_close_connection(j->connection);
    }

    ngx_video_object_put(j->store, &j->ref);
    ngx_free(j);
}


/* They are there: who looks at the disk finds them. */
static void
ngx_http_video_job_done(ngx_http_video_job_t *j)
{
    ngx_log_error(NGX_LOG_INFO, j->log, 0, "thumbnails of \"%V\" are made",
                  &j->name);

    ngx_video_object_unlink(j->store, &j->ref);
    ngx_video_object_complete(j->store, &j->ref);
    ngx_http_video_job_free(j);
}


/* There are none, and for a while it is not tried again. */
static void
ngx_http_video_job_failed(ngx_http_video_job_t *j, ngx_uint_t media)
{
    uint16_t             status;
    uint64_t             until;
    ngx_video_object_t  *o;

    ngx_log_error(NGX_LOG_ERR, j->log, 0, "thumbnails of \"%V\": %*s",
                  &j->name, j->why_len, j->why);

    status = media ? NGX_HTTP_UNPROCESSABLE : NGX_HTTP_SERVICE_UNAVAILABLE;
    until = ngx_video_now() + (media ? NGX_HTTP_VIDEO_THUMBS_BAD
                                     : NGX_HTTP_VIDEO_THUMBS_FAIL);
    o = ngx_video_object(j->store, &j->ref);
    ngx_memcpy(o->meta, &status, sizeof(uint16_t));
    o->meta_len = sizeof(uint16_t);

    if (ngx_video_object_append(j->store, &j->ref, &until, sizeof(until))
        == NGX_OK)
    {
        ngx_video_object_complete(j->store, &j->ref);

    } else {
        ngx_video_object_abort(j->store, &j->ref);
    }

    ngx_http_video_job_free(j);
}


/* It will not be told. */
static void
ngx_http_video_job_gone(ngx_http_video_job_t *j)
{
    ngx_log_error(NGX_LOG_ERR, j->log, 0, "thumbnails of \"%V\": the "
                  "transcoder is gone", &j->name);

    ngx_http_video_object_fail(j->store, &j->ref,
                               NGX_HTTP_SERVICE_UNAVAILABLE);
    ngx_http_video_job_free(j);
}


/* A line is kept for the end: NGX_OK; NGX_DONE, the job is no more. */
static ngx_int_t
ngx_http_video_job_message(ngx_http_video_job_t *j, nvm_wire_t *m)
{
    size_t  n;

    switch (m->type) {

    case NVM_WIRE_LOG:

        for (n = 0; n < m->len && n < NGX_HTTP_VIDEO_THUMBS_LINE; n++) {
            j->why[n] = m->body[n] < 0x20 ? ' ' : m->body[n];
        }

        j->why_len = n;
        return NGX_OK;

    case NVM_WIRE_DONE:
        ngx_http_video_job_done(j);
        return NGX_DONE;

    case NVM_WIRE_END:
        ngx_http_video_job_failed(j, m->flags & NVM_WIRE_MEDIA);
        return NGX_DONE;

    default:
        ngx_http_video_job_gone(j);
        return NGX_DONE;
    }
}


/* What has come: NGX_OK; NGX_DONE, the job is no more. */
static ngx_int_t
ngx_http_video_job_parse(ngx_http_video_job_t *j)
{
    nvm_err_e     rc;
    nvm_wire_t    m;
    nvm_reader_t  r;

    nvm_reader_init(&r, j->in, j->len, 0);

    while ((rc = nvm_wire_parse(&r, &m)) == NVM_OK) {
        if (ngx_http_video_job_message(j, &m) == NGX_DONE) {
            return NGX_DONE;
        }
    }

    j->len = nvm_reader_left(&r);
    ngx_memmove(j->in, r.pos, j->len);

    if (rc != NVM_EAGAIN || j->len == sizeof(j->in)) {
        ngx_http_video_job_gone(j);
        return NGX_DONE;
    }

    return NGX_OK;
}


static void
ngx_http_video_job_read(ngx_event_t *rev)
{
    ssize_t                n;
    ngx_connection_t      *c;
    ngx_http_video_job_t  *j;

    c = rev->data;
    j = c->data;

    for ( ;; ) {
        n = ngx_recv(c, j->in + j->len, sizeof(j->in) - j->len);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_http_video_job_gone(j);
            return;
        }

        j->len += (size_t) n;

        if (ngx_http_video_job_parse(j) == NGX_DONE) {
            return;
        }
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_http_video_job_gone(j);
    }
}


static void
ngx_http_video_job_write(ngx_event_t *wev)
{
    /* all has been sent */
}


/* A socket that is connected, or waits to be accepted. */
static ngx_int_t
ngx_http_video_job_connect(ngx_http_video_job_t *j)
{
    ngx_socket_t        fd;
    ngx_connection_t   *c;
    ngx_video_coder_t  *coder;

    coder = ngx_video_coder((ngx_cycle_t *) ngx_cycle);

    fd = coder->len ? ngx_socket(AF_UNIX, SOCK_STREAM, 0) : (ngx_socket_t) -1;

    if (fd == (ngx_socket_t) -1) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, j->log);

    if (c == NULL) {
        ngx_close_socket(fd);
        return NGX_ERROR;
    }

    c->data = j;
    c->log = j->log;
    c->read->log = j->log;
    c->write->log = j->log;
    c->recv = ngx_recv;
    c->send = ngx_send;
    c->log_error = NGX_ERROR_INFO;
    c->read->handler = ngx_http_video_job_read;
    c->write->handler = ngx_http_video_job_write;
    j->connection = c;

    /* a worker that exits leaves the transcoder to it */
    c->read->channel = 1;
    c->write->channel = 1;

    /* of a unix socket: at once, or its queue is full */
    if (ngx_nonblocking(fd) == -1
        || connect(fd, (struct sockaddr *) &coder->name, coder->len) == -1
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    c->write->ready = 1;

    return NGX_OK;
}


/* Nothing has been sent on the connection: there is room for it. */
static ngx_int_t
ngx_http_video_job_send(ngx_http_video_job_t *j, u_char *order, size_t len)
{
    u_char       *p;
    ssize_t       n;
    nvm_wire_t    m;
    nvm_writer_t  w;

    p = ngx_alloc(NVM_WIRE_HEAD + len, j->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&m, sizeof(nvm_wire_t));
    m.type = NVM_WIRE_THUMBS;
    m.len = len;

    nvm_writer_init(&w, p, NVM_WIRE_HEAD + len);
    nvm_wire_write(&w, &m);
    nvm_writer_bytes(&w, order, len);

    n = ngx_send(j->connection, p, w.len);
    ngx_free(p);

    return n == (ssize_t) (NVM_WIRE_HEAD + len) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_video_thumbs_order(ngx_video_store_t *st, ngx_video_ref_t *ref,
    u_char *order, size_t len, ngx_str_t *name)
{
    ngx_http_video_job_t  *j;

    j = ngx_calloc(sizeof(ngx_http_video_job_t) + name->len, ngx_cycle->log);

    if (j == NULL) {
        ngx_http_video_object_fail(st, ref, NGX_HTTP_SERVICE_UNAVAILABLE);
        ngx_video_object_put(st, ref);
        return NGX_ERROR;
    }

    j->store = st;
    j->ref = *ref;
    j->log = ngx_cycle->log;
    j->name.data = (u_char *) (j + 1);
    j->name.len = name->len;
    ngx_memcpy(j->name.data, name->data, name->len);

    if (ngx_http_video_job_connect(j) != NGX_OK
        || ngx_http_video_job_send(j, order, len) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, j->log, ngx_socket_errno,
                      "thumbnails of \"%V\": the transcoder can't be "
                      "connected to", &j->name);
        ngx_http_video_object_fail(st, &j->ref, NGX_HTTP_SERVICE_UNAVAILABLE);
        ngx_http_video_job_free(j);
        return NGX_ERROR;
    }

    return NGX_OK;
}
