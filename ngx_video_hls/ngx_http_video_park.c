/*
 * Copyright (C) ngx_video authors
 *
 * Requests that wait for something in the store: a playlist that is not
 * there yet, a part that was hinted, the tail of a growing object, an index
 * that is being built.
 *
 * A parked request costs its waiter.  Its timer is that of the write event,
 * which is not cancelable, so that a worker that is told to exit stays until
 * it has answered.
 */

#include "ngx_http_video_hls_module.h"


/* ms; a thread that takes longer is worth a line in the log */
#define NGX_HTTP_VIDEO_BUSY  60000


static void ngx_http_video_park_wake(ngx_video_waiter_t *w);
static void ngx_http_video_park_timer(ngx_http_request_t *r);
static void ngx_http_video_park_cleanup(void *data);
static void ngx_http_video_busy_timer(ngx_event_t *ev);


ngx_int_t
ngx_http_video_start(ngx_http_request_t *r, ngx_http_video_handler_pt handler)
{
    ngx_int_t              rc;
    ngx_pool_cleanup_t    *cln;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ctx->handler = handler;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_video_park_cleanup;
    cln->data = ctx;

    rc = ngx_http_video_error(r, handler(r));

    if (rc == NGX_DONE) {
        r->main->count++;
    }

    return rc;
}


ngx_int_t
ngx_http_video_error(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc < NGX_HTTP_BAD_REQUEST || r->header_sent) {
        return rc;
    }

    if (rc == NGX_HTTP_RANGE_NOT_SATISFIABLE) {
        /* of nginx's filter, which has seen the header: it is all there */
        return rc;
    }

    if (ngx_http_video_cors(r) != NGX_OK
        || (rc == NGX_HTTP_SERVICE_UNAVAILABLE
            && ngx_http_video_retry_after(r) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return rc;
}


ngx_int_t
ngx_http_video_park(ngx_http_request_t *r, ngx_video_signal_t *signal,
    uint64_t seen, ngx_msec_t timeout, ngx_int_t late)
{
    ngx_int_t              rc;
    ngx_msec_int_t         left;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->deadline == 0) {
        ctx->deadline = ngx_current_msec + timeout;
        ctx->late = late;
    }

    left = (ngx_msec_int_t) (ctx->deadline - ngx_current_msec);

    if (left <= 0) {
        return ctx->late;
    }

    ctx->waiter.handler = ngx_http_video_park_wake;
    ctx->waiter.data = r;

    rc = ngx_video_wait(ctx->store, signal, seen, &ctx->waiter);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    ctx->parked = 1;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_video_park_timer;

    ngx_add_timer(r->connection->write, (ngx_msec_t) left);

    /* the write event is for a body of which the socket has not taken all */
    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK
        || ngx_handle_write_event(r->connection->write, 0) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DONE;
}


void
ngx_http_video_resume(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_connection_t      *c;
    ngx_http_video_ctx_t  *ctx;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->parked) {
        ctx->parked = 0;
        ngx_video_wait_cancel(&ctx->waiter);

        if (c->write->timer_set) {
            ngx_del_timer(c->write);
        }
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_set_log_request(c->log, r);

    rc = ngx_http_video_error(r, ctx->handler(r));

    if (rc != NGX_DONE) {
        ngx_http_finalize_request(r, rc);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_video_park_wake(ngx_video_waiter_t *w)
{
    ngx_http_request_t *r = w->data;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "video hls: woken \"%V\"", &r->uri);

    ngx_http_video_resume(r);
}


static void
ngx_http_video_park_timer(ngx_http_request_t *r)
{
    ngx_event_t           *wev;
    ngx_http_video_ctx_t  *ctx;

    wev = r->connection->write;

    if (!wev->timedout) {
        /* a growing body may have been too much for the socket */
        if (r->header_sent
            && (ngx_http_output_filter(r, NULL) == NGX_ERROR
                || ngx_handle_write_event(wev, 0) != NGX_OK))
        {
            ngx_http_finalize_request(r, NGX_ERROR);
        }

        return;
    }

    wev->timedout = 0;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->late_handler) {
        ctx->late_handler(r);

    } else {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "video request timed out waiting for media");
    }

    ctx->parked = 0;
    ngx_video_wait_cancel(&ctx->waiter);

    /* after the header nothing but a reset tells that the body is short */
    ngx_http_finalize_request(r, r->header_sent ? NGX_ERROR
                                 : ngx_http_video_error(r, ctx->late));
}


static void
ngx_http_video_park_cleanup(void *data)
{
    ngx_http_video_ctx_t *ctx = data;

    ngx_video_wait_cancel(&ctx->waiter);
}


/*
 * nginx asks a worker that is to exit for its timers only.  One that has none
 * would leave at once, with the client in the middle of the answer.
 */
void
ngx_http_video_busy(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    r->main->blocked++;
    r->aio = 1;

    ctx->busy.handler = ngx_http_video_busy_timer;
    ctx->busy.data = r->connection;
    ctx->busy.log = r->connection->log;

    ngx_add_timer(&ctx->busy, NGX_HTTP_VIDEO_BUSY);
}


void
ngx_http_video_idle(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->busy.timer_set) {
        ngx_del_timer(&ctx->busy);
    }

    r->main->blocked--;
    r->aio = 0;
}


static void
ngx_http_video_busy_timer(ngx_event_t *ev)
{
    ngx_connection_t *c = ev->data;

    ngx_log_error(NGX_LOG_ALERT, c->log, 0,
                  "video: reading a file takes longer than %Mms",
                  (ngx_msec_t) NGX_HTTP_VIDEO_BUSY);

    ngx_add_timer(ev, NGX_HTTP_VIDEO_BUSY);
}
