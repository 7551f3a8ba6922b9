/*
 * Copyright (C) ngx_video authors
 *
 * The connection of a publisher, from the handshake to its end: what is read
 * goes through the chunk stream to the messages, answers go out.
 *
 * The read timer is not cancelable on purpose: it is what keeps an exiting
 * worker alive for its publishers after a reload.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>
#include <openssl/rand.h>

#include "ngx_stream_video_rtmp_module.h"


static void ngx_stream_video_rtmp_read(ngx_event_t *rev);
static void ngx_stream_video_rtmp_wait(ngx_stream_video_rtmp_ctx_t *ctx);
static void ngx_stream_video_rtmp_write(ngx_event_t *wev);
static ngx_int_t ngx_stream_video_rtmp_feed(ngx_stream_video_rtmp_ctx_t *ctx,
    u_char *data, size_t n);
static ngx_int_t ngx_stream_video_rtmp_consume(
    ngx_stream_video_rtmp_ctx_t *ctx, u_char *data, size_t n);
static ngx_int_t ngx_stream_video_rtmp_handshake(
    ngx_stream_video_rtmp_ctx_t *ctx, u_char *data, size_t n, size_t *used);
static ngx_int_t ngx_stream_video_rtmp_ack(ngx_stream_video_rtmp_ctx_t *ctx);
static ngx_int_t ngx_stream_video_rtmp_flush(ngx_stream_video_rtmp_ctx_t *ctx);
static void ngx_stream_video_rtmp_cleanup(void *data);
static void *ngx_stream_video_rtmp_alloc(void *data, size_t size);
static void ngx_stream_video_rtmp_free(void *data, void *p);


/*
 * What is read is consumed before the next read, by copying: one buffer
 * serves all connections of the process.
 */
static u_char  ngx_stream_video_rtmp_buffer[65536];


void
ngx_stream_video_rtmp_handler(ngx_stream_session_t *s)
{
    u_char                        random[NVR_HANDSHAKE_SIZE];
    nvr_mem_t                     mem;
    ngx_int_t                     rc;
    ngx_connection_t             *c;
    ngx_pool_cleanup_t           *cln;
    ngx_stream_video_rtmp_ctx_t  *ctx;

    c = s->connection;
    c->log->action = "receiving rtmp";

    /* a reset is an end as any other, and logged as such */
    c->log_error = NGX_ERROR_IGNORE_ECONNRESET;

    ctx = ngx_pcalloc(c->pool, sizeof(ngx_stream_video_rtmp_ctx_t));
    cln = ngx_pool_cleanup_add(c->pool, 0);

    if (ctx == NULL || cln == NULL) {
        ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    ctx->session = s;
    ctx->chunk = NVR_CHUNK_SIZE;
    ctx->conf = ngx_stream_get_module_srv_conf(s,
                                               ngx_stream_video_rtmp_module);

    mem.alloc = ngx_stream_video_rtmp_alloc;
    mem.free = ngx_stream_video_rtmp_free;
    mem.data = c->log;

    nvr_chunk_init(&ctx->in, &mem);
    ctx->in.max_message = (uint32_t) ctx->conf->max_message;
    ctx->in.max_held = NGX_VIDEO_RTMP_HELD;

    cln->handler = ngx_stream_video_rtmp_cleanup;
    cln->data = ctx;

    ctx->handshake = ngx_alloc(sizeof(nvr_handshake_t), c->log);
    ctx->out = ngx_pnalloc(c->pool, NGX_VIDEO_RTMP_OUT);

    if (ctx->handshake == NULL || ctx->out == NULL
        || RAND_bytes(random, sizeof(random)) != 1)
    {
        ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    nvr_handshake_init(ctx->handshake, random);

    ngx_stream_set_ctx(s, ctx, ngx_stream_video_rtmp_module);

    c->read->handler = ngx_stream_video_rtmp_read;
    c->write->handler = ngx_stream_video_rtmp_write;

    ngx_add_timer(c->read, ctx->conf->timeout);

    if (c->buffer && c->buffer->last != c->buffer->pos) {
        /* a preread phase has taken the first bytes */
        rc = ngx_stream_video_rtmp_feed(ctx, c->buffer->pos,
                                        c->buffer->last - c->buffer->pos);

        if (rc != NGX_OK && rc != NGX_AGAIN) {
            ngx_stream_video_rtmp_end(ctx, NGX_STREAM_OK);
            return;
        }
    }

    ngx_stream_video_rtmp_read(c->read);
}


static void
ngx_stream_video_rtmp_read(ngx_event_t *rev)
{
    ssize_t                       n;
    ngx_int_t                     rc;
    ngx_uint_t                    rounds;
    ngx_connection_t             *c;
    ngx_stream_session_t         *s;
    ngx_stream_video_rtmp_ctx_t  *ctx;

    c = rev->data;
    s = c->data;
    ctx = ngx_stream_get_module_ctx(s, ngx_stream_video_rtmp_module);

    if (c->close) {
        /* worker_shutdown_timeout */
        (void) ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.Failed",
                                          "server is shutting down", NULL);
        ngx_stream_video_rtmp_end(ctx, NGX_STREAM_OK);
        return;
    }

    if (rev->timedout) {
        (void) ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.Failed",
                                          "timed out", NULL);
        ngx_stream_video_rtmp_end(ctx, NGX_STREAM_OK);
        return;
    }

    if (ctx->auth.waiting) {
        ngx_stream_video_rtmp_wait(ctx);
        return;
    }

    /* a publisher that is faster than we must not starve the others */
    for (rounds = 0; rounds < 16; rounds++) {

        n = c->recv(c, ngx_stream_video_rtmp_buffer,
                    sizeof(ngx_stream_video_rtmp_buffer));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            if (!ctx->clean) {
                (void) ngx_stream_video_rtmp_fail(ctx, NULL,
                                                  "connection closed", NULL);
            }

            ngx_stream_video_rtmp_end(ctx, NGX_STREAM_OK);
            return;
        }

        s->received += n;
        ctx->received += n;

        /* until it publishes, a client has one timeout for all of it */
        if (ctx->publishing) {
            ngx_add_timer(rev, ctx->conf->timeout);
        }

        rc = ngx_stream_video_limit_bitrate(ctx, n);

        if (rc == NGX_OK) {
            rc = ngx_stream_video_rtmp_feed(ctx, ngx_stream_video_rtmp_buffer,
                                            n);
        }

        if (rc == NGX_AGAIN) {
            break;
        }

        if (rc != NGX_OK) {
            ngx_stream_video_rtmp_end(ctx, NGX_STREAM_OK);
            return;
        }
    }

    if (rounds == 16) {
        ngx_post_event(rev, &ngx_posted_events);
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_stream_video_rtmp_end(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
    }
}


/*
 * While a publisher waits for its answer nothing is read, so that it is TCP
 * that holds it back; only its end is noticed.
 */
static void
ngx_stream_video_rtmp_wait(ngx_stream_video_rtmp_ctx_t *ctx)
{
    ssize_t            n;
    ngx_err_t          err;
    ngx_connection_t  *c;

    c = ctx->session->connection;

    n = c->read->pending_eof ? 0 : recv(c->fd, ngx_stream_video_rtmp_buffer, 1,
                                        MSG_PEEK|MSG_DONTWAIT);
    err = (n == -1) ? ngx_socket_errno : 0;

    if (n == 0 || (err && err != NGX_EAGAIN && err != NGX_EINTR)) {
        (void) ngx_stream_video_rtmp_fail(ctx, NULL, "connection closed",
                                          NULL);
        ngx_stream_video_rtmp_end(ctx, NGX_STREAM_OK);
        return;
    }

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_stream_video_rtmp_end(ctx, NGX_STREAM_INTERNAL_SERVER_ERROR);
    }
}


void
ngx_stream_video_rtmp_resume(ngx_stream_video_rtmp_ctx_t *ctx, ngx_int_t rc)
{
    size_t   n;
    u_char  *data;

    data = ctx->auth.pending;
    n = ctx->auth.pending_len;
    ctx->auth.pending = NULL;

    if (rc == NGX_OK) {
        ngx_add_timer(ctx->session->connection->read, ctx->conf->timeout);
        rc = ngx_stream_video_rtmp_feed(ctx, data ? data
                                             : ngx_stream_video_rtmp_buffer,
                                        data ? n : 0);
    }

    if (data) {
        ngx_free(data);
    }

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_stream_video_rtmp_end(ctx, NGX_STREAM_OK);
        return;
    }

    ngx_stream_video_rtmp_read(ctx->session->connection->read);
}


/*
 * Answers are sent together: a client may ask thousands of times in what is
 * read at once, each a system call.
 */
static ngx_int_t
ngx_stream_video_rtmp_feed(ngx_stream_video_rtmp_ctx_t *ctx, u_char *data,
    size_t n)
{
    ngx_int_t  rc;

    ctx->feeding = 1;
    rc = ngx_stream_video_rtmp_consume(ctx, data, n);
    ctx->feeding = 0;

    if ((rc == NGX_OK || rc == NGX_AGAIN) && ctx->out_len
        && ngx_stream_video_rtmp_flush(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_stream_video_rtmp_consume(ngx_stream_video_rtmp_ctx_t *ctx, u_char *data,
    size_t n)
{
    size_t         used;
    ngx_int_t      rc;
    nvm_err_e      err;
    nvr_message_t  msg;

    if (ctx->handshake) {
        rc = ngx_stream_video_rtmp_handshake(ctx, data, n, &used);

        if (rc != NGX_OK) {
            return rc == NGX_AGAIN ? NGX_OK : rc;
        }

        data += used;
        n -= used;
    }

    for ( ;; ) {
        err = nvr_chunk_feed(&ctx->in, data, n, &used, &msg);

        data += used;
        n -= used;

        if (err == NVM_EAGAIN) {
            return ngx_stream_video_rtmp_ack(ctx);
        }

        if (err != NVM_OK) {
            return ngx_stream_video_rtmp_fail(ctx,
                               "NetConnection.Connect.Failed",
                               "invalid chunk stream",
                               ctx->in.fault.what ? ctx->in.fault.what
                                                  : nvm_strerror(err));
        }

        rc = ngx_stream_video_rtmp_message(ctx, &msg);

        if (rc == NGX_AGAIN) {
            return ngx_stream_video_auth_keep(ctx, data, n);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


static ngx_int_t
ngx_stream_video_rtmp_handshake(ngx_stream_video_rtmp_ctx_t *ctx,
    u_char *data, size_t n, size_t *used)
{
    nvm_err_e         err;
    ngx_uint_t        sent;
    nvr_handshake_t  *hs;

    hs = ctx->handshake;
    sent = (hs->out_len != 0);

    err = nvr_handshake_feed(hs, data, n, used);

    if (hs->out_len && !sent
        && ngx_stream_video_rtmp_send(ctx, hs->out, hs->out_len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (err == NVM_EAGAIN) {
        return NGX_AGAIN;
    }

    if (err != NVM_OK) {
        return ngx_stream_video_rtmp_fail(ctx, NULL, "invalid handshake",
                              hs->fault.what ? hs->fault.what
                                             : nvm_strerror(err));
    }

    ngx_free(hs);
    ctx->handshake = NULL;

    return NGX_OK;
}


/* RTMP 1.0, 5.4.3: after each window of bytes */
static ngx_int_t
ngx_stream_video_rtmp_ack(ngx_stream_video_rtmp_ctx_t *ctx)
{
    u_char        buf[64];
    nvm_writer_t  w;

    if (ctx->window == 0
        || ctx->received - ctx->acknowledged < ctx->window)
    {
        return NGX_OK;
    }

    ctx->acknowledged = ctx->received;

    nvm_writer_init(&w, buf, sizeof(buf));
    nvr_reply_ack(&w, ctx->chunk, (uint32_t) ctx->received);

    return ngx_stream_video_rtmp_send(ctx, buf, w.len);
}


ngx_int_t
ngx_stream_video_rtmp_send(ngx_stream_video_rtmp_ctx_t *ctx,
    const u_char *data, size_t len)
{
    if (ctx->pulled) {
        /* its publisher is a server, which asks for nothing */
        return NGX_OK;
    }

    if (ctx->out_len + len > NGX_VIDEO_RTMP_OUT
        && ngx_stream_video_rtmp_flush(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->out_len + len > NGX_VIDEO_RTMP_OUT) {
        return ngx_stream_video_rtmp_fail(ctx, NULL,
                                "client doesn't read its answers", NULL);
    }

    ngx_memcpy(ctx->out + ctx->out_len, data, len);
    ctx->out_len += len;

    return ctx->feeding ? NGX_OK : ngx_stream_video_rtmp_flush(ctx);
}


/* What the socket takes. */
static ngx_int_t
ngx_stream_video_rtmp_flush(ngx_stream_video_rtmp_ctx_t *ctx)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = ctx->session->connection;

    while (ctx->out_len) {
        n = c->send(c, ctx->out, ctx->out_len);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            return ngx_stream_video_rtmp_fail(ctx, NULL, "send failed", NULL);
        }

        ctx->out_len -= n;
        ngx_memmove(ctx->out, ctx->out + n, ctx->out_len);
    }

    return ngx_handle_write_event(c->write, 0);
}


static void
ngx_stream_video_rtmp_write(ngx_event_t *wev)
{
    ngx_connection_t             *c;
    ngx_stream_session_t         *s;
    ngx_stream_video_rtmp_ctx_t  *ctx;

    c = wev->data;
    s = c->data;
    ctx = ngx_stream_get_module_ctx(s, ngx_stream_video_rtmp_module);

    if (ngx_stream_video_rtmp_flush(ctx) != NGX_OK) {
        ngx_stream_video_rtmp_end(ctx, NGX_STREAM_OK);
    }
}


ngx_int_t
ngx_stream_video_rtmp_fail(ngx_stream_video_rtmp_ctx_t *ctx, const char *code,
    const char *reason, const char *detail)
{
    ngx_uint_t         level;
    ngx_connection_t  *c;

    c = ctx->session->connection;

    if (ctx->logged) {
        return NGX_ERROR;
    }

    ctx->logged = 1;

    level = ctx->segmenter.level ? ctx->segmenter.level : NGX_LOG_INFO;

    ngx_log_error(level, c->log, 0,
                  "rtmp %s%s%s, %s \"%V\", %uL bytes received", reason,
                  detail ? ": " : "", detail ? detail : "",
                  ctx->publishing ? "publishing" : "stream", &ctx->name,
                  ctx->received);

    return ngx_stream_video_rtmp_refuse(ctx, code, detail ? detail : reason);
}


ngx_int_t
ngx_stream_video_rtmp_refuse(ngx_stream_video_rtmp_ctx_t *ctx,
    const char *code, const char *text)
{
    u_char        buf[NVR_REPLY_MAX];
    nvm_writer_t  w;

    ctx->logged = 1;

    if (code && ctx->handshake == NULL) {
        /* RTMP 1.0, 7.2.2: on the message stream that it is about */
        nvm_writer_init(&w, buf, sizeof(buf));
        nvr_reply_status(&w, ctx->chunk,
                         ngx_strncmp(code, "NetStream.", 10) == 0
                         ? NGX_VIDEO_RTMP_STREAM : 0,
                         "error", code, text);

        if (w.error == NVM_OK) {
            (void) ngx_stream_video_rtmp_send(ctx, buf, w.len);
        }
    }

    return NGX_ERROR;
}


/* The stream is done; its session may have gone on for the end of its rungs. */
static void
ngx_stream_video_rtmp_over(ngx_stream_video_rtmp_ctx_t *ctx)
{
    ctx->publishing = 0;
    ngx_video_segmenter_done(&ctx->segmenter, ctx->clean);

    ngx_log_error(NGX_LOG_NOTICE, ctx->session->connection->log, 0,
                  "stream \"%V\" %s, %ui frames", &ctx->name,
                  ctx->clean ? "ended" : "interrupted",
                  ctx->segmenter.frames);
}


static void
ngx_stream_video_rtmp_drained(void *data)
{
    ngx_stream_video_rtmp_ctx_t *ctx = data;

    ngx_stream_video_rtmp_over(ctx);
    ngx_stream_finalize_session(ctx->session, NGX_STREAM_OK);
}


/* Whatever a publisher does that is done; worker_shutdown_timeout. */
static void
ngx_stream_video_rtmp_idle(ngx_event_t *ev)
{
    ngx_connection_t      *c;
    ngx_stream_session_t  *s;

    c = ev->data;
    s = c->data;

    if (c->close) {
        ngx_stream_video_rtmp_drained(ngx_stream_get_module_ctx(s,
                                              ngx_stream_video_rtmp_module));
    }
}


/* NGX_AGAIN: the session ends when its rungs have. */
static ngx_int_t
ngx_stream_video_rtmp_drain(ngx_stream_video_rtmp_ctx_t *ctx)
{
    ngx_connection_t  *c;

    c = ctx->session->connection;

    if (c->close
        || ngx_video_segmenter_drain(&ctx->segmenter,
                                     ngx_stream_video_rtmp_drained, ctx)
           != NGX_AGAIN)
    {
        return NGX_OK;
    }

    if (ctx->push) {
        ngx_stream_video_push_end(ctx->push);
        ctx->push = NULL;
    }

    ngx_stream_video_standby_done(ctx);

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    c->read->handler = ngx_stream_video_rtmp_idle;
    c->write->handler = ngx_stream_video_rtmp_idle;

    return NGX_AGAIN;
}


/*
 * Ends the session.  What the peer has sent and we have not read would make
 * the kernel reset the connection, and the peer might lose our last answer:
 * so our side is shut first and what is there is read away.
 */
void
ngx_stream_video_rtmp_end(ngx_stream_video_rtmp_ctx_t *ctx, ngx_uint_t status)
{
    ngx_int_t          rc;
    ngx_uint_t         i;
    ngx_connection_t  *c;

    c = ctx->session->connection;
    rc = NGX_OK;

    if (ctx->publishing) {
        rc = ngx_stream_video_rtmp_drain(ctx);

        if (rc == NGX_OK) {
            ngx_stream_video_rtmp_over(ctx);
        }
    }

    ngx_stream_video_auth_done(ctx);

    ctx->logged = 1;

    if (ctx->out_len && !c->error) {
        (void) ngx_stream_video_rtmp_flush(ctx);
    }

    if (c->ssl == NULL && !c->read->eof && !c->error
        && ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == 0)
    {
        for (i = 0; i < 16; i++) {
            if (recv(c->fd, ngx_stream_video_rtmp_buffer,
                     sizeof(ngx_stream_video_rtmp_buffer), MSG_DONTWAIT)
                <= 0)
            {
                break;
            }
        }
    }

    if (rc == NGX_OK) {
        ngx_stream_finalize_session(ctx->session, status);
    }
}


static void
ngx_stream_video_rtmp_cleanup(void *data)
{
    ngx_stream_video_rtmp_ctx_t *ctx = data;

    if (ctx->push) {
        ngx_stream_video_push_end(ctx->push);
        ctx->push = NULL;
    }

    ngx_stream_video_standby_done(ctx);
    ngx_stream_video_auth_cleanup(ctx);
    ngx_video_segmenter_done(&ctx->segmenter, ctx->clean);
    nvr_chunk_done(&ctx->in);

    if (ctx->handshake) {
        ngx_free(ctx->handshake);
        ctx->handshake = NULL;
    }
}


static void *
ngx_stream_video_rtmp_alloc(void *data, size_t size)
{
    return ngx_alloc(size, data);
}


static void
ngx_stream_video_rtmp_free(void *data, void *p)
{
    ngx_free(p);
}
