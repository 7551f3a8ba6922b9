/*
 * Copyright (C) ngx_video authors
 *
 * RTMP publishing as a content handler of stream {}: directives, and the
 * connection's life from the handshake to the end.  What the messages mean is
 * in ngx_stream_video_rtmp_message.c.
 *
 * The read timer is not cancelable on purpose: it is what keeps an exiting
 * worker alive for its publishers after a reload.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>
#include <openssl/rand.h>

#include "ngx_stream_video_rtmp_module.h"


static void ngx_stream_video_rtmp_handler(ngx_stream_session_t *s);
static void ngx_stream_video_rtmp_read(ngx_event_t *rev);
static void ngx_stream_video_rtmp_wait(ngx_stream_video_rtmp_ctx_t *ctx);
static void ngx_stream_video_rtmp_write(ngx_event_t *wev);
static ngx_int_t ngx_stream_video_rtmp_feed(ngx_stream_video_rtmp_ctx_t *ctx,
    u_char *data, size_t n);
static ngx_int_t ngx_stream_video_rtmp_handshake(
    ngx_stream_video_rtmp_ctx_t *ctx, u_char *data, size_t n, size_t *used);
static ngx_int_t ngx_stream_video_rtmp_ack(ngx_stream_video_rtmp_ctx_t *ctx);
static void ngx_stream_video_rtmp_cleanup(void *data);
static void *ngx_stream_video_rtmp_alloc(void *data, size_t size);
static void ngx_stream_video_rtmp_free(void *data, void *p);

static ngx_int_t ngx_stream_video_rtmp_preconfiguration(ngx_conf_t *cf);
static void *ngx_stream_video_rtmp_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_video_rtmp_merge_srv_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_stream_video_rtmp(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_stream_video_publish_auth(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_stream_video_msec(ngx_conf_t *cf, void *post, void *data);


typedef struct {
    ngx_conf_post_handler_pt  handler;
    const char               *name;
    ngx_msec_t                min;
    ngx_msec_t                max;
    ngx_uint_t                off;              /* 0 may stand for "off" */
} ngx_stream_video_range_t;


static ngx_stream_video_range_t  ngx_stream_video_segment_range =
    { ngx_stream_video_msec, "video_segment", 500, 60000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_part_range =
    { ngx_stream_video_msec, "video_part", 50, 5000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_window_range =
    { ngx_stream_video_msec, "video_window", 4000, 3600000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_grace_range =
    { ngx_stream_video_msec, "video_publish_grace", 0, 600000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_linger_range =
    { ngx_stream_video_msec, "video_linger", 1000, 3600000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_timeout_range =
    { ngx_stream_video_msec, "video_rtmp_timeout", 1000, 3600000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_auth_update_range =
    { ngx_stream_video_msec, "video_publish_update", 1000, 3600000, 1 };

static ngx_stream_video_range_t  ngx_stream_video_auth_timeout_range =
    { ngx_stream_video_msec, "video_publish_auth_timeout", 100, 60000, 0 };


static ngx_command_t  ngx_stream_video_rtmp_commands[] = {

    { ngx_string("video_rtmp"),
      NGX_STREAM_SRV_CONF|NGX_CONF_TAKE2,
      ngx_stream_video_rtmp,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_segment"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, segment),
      &ngx_stream_video_segment_range },

    { ngx_string("video_part"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, part),
      &ngx_stream_video_part_range },

    { ngx_string("video_window"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, window),
      &ngx_stream_video_window_range },

    { ngx_string("video_bitrate"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, bitrate),
      NULL },

    { ngx_string("video_publish_grace"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, grace),
      &ngx_stream_video_grace_range },

    { ngx_string("video_linger"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, linger),
      &ngx_stream_video_linger_range },

    { ngx_string("video_rtmp_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, timeout),
      &ngx_stream_video_timeout_range },

    { ngx_string("video_rtmp_max_message"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, max_message),
      NULL },

    { ngx_string("video_publish_auth"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_stream_video_publish_auth,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_publish_update"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, auth_update),
      &ngx_stream_video_auth_update_range },

    { ngx_string("video_publish_auth_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, auth_timeout),
      &ngx_stream_video_auth_timeout_range },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_video_rtmp_module_ctx = {
    ngx_stream_video_rtmp_preconfiguration,    /* preconfiguration */
    NULL,                                      /* postconfiguration */

    NULL,                                      /* create main configuration */
    NULL,                                      /* init main configuration */

    ngx_stream_video_rtmp_create_srv_conf,     /* create server configuration */
    ngx_stream_video_rtmp_merge_srv_conf       /* merge server configuration */
};


ngx_module_t  ngx_stream_video_rtmp_module = {
    NGX_MODULE_V1,
    &ngx_stream_video_rtmp_module_ctx,     /* module context */
    ngx_stream_video_rtmp_commands,        /* module directives */
    NGX_STREAM_MODULE,                     /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


/*
 * What is read is consumed before the next read, by copying: one buffer
 * serves all connections of the process.
 */
static u_char  ngx_stream_video_rtmp_buffer[65536];


static void
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

        rc = ngx_stream_video_rtmp_feed(ctx, ngx_stream_video_rtmp_buffer, n);

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


static ngx_int_t
ngx_stream_video_rtmp_feed(ngx_stream_video_rtmp_ctx_t *ctx, u_char *data,
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
    ssize_t            n;
    ngx_connection_t  *c;

    c = ctx->session->connection;

    if (ctx->out_len + len > NGX_VIDEO_RTMP_OUT) {
        return ngx_stream_video_rtmp_fail(ctx, NULL,
                                "client doesn't read its answers", NULL);
    }

    ngx_memcpy(ctx->out + ctx->out_len, data, len);
    ctx->out_len += len;

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

    if (ngx_stream_video_rtmp_send(ctx, NULL, 0) != NGX_OK) {
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


/*
 * Ends the session.  What the peer has sent and we have not read would make
 * the kernel reset the connection, and the peer might lose our last answer:
 * so our side is shut first and what is there is read away.
 */
void
ngx_stream_video_rtmp_end(ngx_stream_video_rtmp_ctx_t *ctx, ngx_uint_t status)
{
    ngx_uint_t         i;
    ngx_connection_t  *c;

    c = ctx->session->connection;

    if (ctx->publishing) {
        ctx->publishing = 0;
        ngx_video_segmenter_done(&ctx->segmenter, ctx->clean);

        ngx_log_error(NGX_LOG_NOTICE, c->log, 0,
                      "stream \"%V\" %s, %ui frames", &ctx->name,
                      ctx->clean ? "ended" : "interrupted",
                      ctx->segmenter.frames);
    }

    ngx_stream_video_auth_done(ctx);

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

    ngx_stream_finalize_session(ctx->session, status);
}


static void
ngx_stream_video_rtmp_cleanup(void *data)
{
    ngx_stream_video_rtmp_ctx_t *ctx = data;

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


static ngx_int_t
ngx_stream_video_rtmp_preconfiguration(ngx_conf_t *cf)
{
    return ngx_video_core_required(cf, "ngx_stream_video_rtmp_module");
}


static void *
ngx_stream_video_rtmp_create_srv_conf(ngx_conf_t *cf)
{
    ngx_stream_video_rtmp_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_video_rtmp_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->segment = NGX_CONF_UNSET_MSEC;
    conf->part = NGX_CONF_UNSET_MSEC;
    conf->window = NGX_CONF_UNSET_MSEC;
    conf->grace = NGX_CONF_UNSET_MSEC;
    conf->linger = NGX_CONF_UNSET_MSEC;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->bitrate = NGX_CONF_UNSET_SIZE;
    conf->max_message = NGX_CONF_UNSET_SIZE;
    conf->auth = NGX_CONF_UNSET_PTR;
    conf->auth_update = NGX_CONF_UNSET_MSEC;
    conf->auth_timeout = NGX_CONF_UNSET_MSEC;

    return conf;
}


static char *
ngx_stream_video_rtmp_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_stream_video_rtmp_srv_conf_t *prev = parent;
    ngx_stream_video_rtmp_srv_conf_t *conf = child;

    ngx_conf_merge_msec_value(conf->segment, prev->segment, 2000);
    ngx_conf_merge_msec_value(conf->part, prev->part, 200);
    ngx_conf_merge_msec_value(conf->window, prev->window, 30000);
    ngx_conf_merge_msec_value(conf->grace, prev->grace, 10000);
    ngx_conf_merge_msec_value(conf->linger, prev->linger,
                              NGX_VIDEO_LIVE_LINGER);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 30000);
    ngx_conf_merge_size_value(conf->bitrate, prev->bitrate, 4 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_message, prev->max_message,
                              NVR_CHUNK_MAX_MESSAGE);
    ngx_conf_merge_ptr_value(conf->auth, prev->auth, NULL);
    ngx_conf_merge_msec_value(conf->auth_update, prev->auth_update, 30000);
    ngx_conf_merge_msec_value(conf->auth_timeout, prev->auth_timeout, 5000);

    if (conf->apps == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->part > conf->segment) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_part\" %Mms is longer than "
                           "\"video_segment\" %Mms", conf->part,
                           conf->segment);
        return NGX_CONF_ERROR;
    }

    if (conf->window < 3 * conf->segment) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_window\" %Mms is shorter than three "
                           "segments of \"video_segment\" %Mms",
                           conf->window, conf->segment);
        return NGX_CONF_ERROR;
    }

    /* what is kept is half as long again, see ngx_video_live_slide() */
    if (conf->window * 3 / 2 / conf->segment + 8 > NGX_VIDEO_LIVE_SEGMENTS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_window\" %Mms has more than %d segments "
                           "of \"video_segment\" %Mms", conf->window,
                           (NGX_VIDEO_LIVE_SEGMENTS - 8) * 2 / 3,
                           conf->segment);
        return NGX_CONF_ERROR;
    }

    if (conf->bitrate < 64 * 1024 || conf->bitrate > 1024 * 1024 * 1024) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_bitrate\" must be between 64k and 1024m");
        return NGX_CONF_ERROR;
    }

    if (conf->max_message < 64 * 1024
        || conf->max_message > NVR_CHUNK_MAX_SIZE)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_rtmp_max_message\" must be between 64k "
                           "and 16383k");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_video_msec(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t                *value = data;
    ngx_stream_video_range_t  *range = post;

    if (range->off && *value == 0) {
        return NGX_CONF_OK;
    }

    if (*value < range->min || *value > range->max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" must be %sbetween %Mms and %Mms",
                           range->name, range->off ? "0 or " : "",
                           range->min, range->max);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_video_rtmp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_rtmp_srv_conf_t *rcf = conf;

    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_shm_zone_t              *zone;
    ngx_stream_video_app_t      *app;
    ngx_stream_core_srv_conf_t  *cscf;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "has an empty application name";
    }

    if (rcf->apps == NULL) {
        rcf->apps = ngx_array_create(cf->pool, 2,
                                     sizeof(ngx_stream_video_app_t));
        if (rcf->apps == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    app = rcf->apps->elts;

    for (i = 0; i < rcf->apps->nelts; i++) {
        if (app[i].name.len == value[1].len
            && ngx_strncmp(app[i].name.data, value[1].data, value[1].len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate application \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    zone = ngx_video_zone_arg(cf, 2);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    app = ngx_array_push(rcf->apps);
    if (app == NULL) {
        return NGX_CONF_ERROR;
    }

    app->name = value[1];
    app->zone = zone;

    cscf = ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_core_module);

    if (cscf->handler && cscf->handler != ngx_stream_video_rtmp_handler) {
        return "conflicts with another handler of this server";
    }

    cscf->handler = ngx_stream_video_rtmp_handler;

    return NGX_CONF_OK;
}


static char *
ngx_stream_video_publish_auth(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_rtmp_srv_conf_t *rcf = conf;

    ngx_str_t  *value;

    if (rcf->auth != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        rcf->auth = NULL;
        return NGX_CONF_OK;
    }

    rcf->auth = ngx_video_http_url(cf, &value[1], "video_publish_auth");

    return rcf->auth ? NGX_CONF_OK : NGX_CONF_ERROR;
}
