/*
 * Copyright (C) ngx_video authors
 *
 * Connections that wait for the next call of their URL, and meanwhile read
 * the rest of the last answer away.
 */

#include "ngx_video_http.h"


typedef struct {
    ngx_queue_t            queue;
    ngx_connection_t      *connection;
    ngx_video_http_url_t  *url;
    size_t                 rest;
} ngx_video_http_kept_t;


static void ngx_video_http_keep_read(ngx_event_t *rev);
static void ngx_video_http_keep_write(ngx_event_t *wev);
static void ngx_video_http_keep_close(ngx_video_http_kept_t *kept);


ngx_connection_t *
ngx_video_http_keep_get(ngx_video_http_url_t *url)
{
    ngx_queue_t            *q;
    ngx_connection_t       *c;
    ngx_video_http_kept_t  *kept;

    for (q = ngx_queue_head(&url->idle);
         q != ngx_queue_sentinel(&url->idle);
         q = ngx_queue_next(q))
    {
        kept = ngx_queue_data(q, ngx_video_http_kept_t, queue);

        if (kept->rest) {
            continue;
        }

        c = kept->connection;

        ngx_queue_remove(q);
        url->nidle--;
        ngx_free(kept);

        ngx_del_timer(c->read);
        c->read->cancelable = 0;
        c->idle = 0;
        c->data = NULL;

        return c;
    }

    return NULL;
}


void
ngx_video_http_keep_put(ngx_video_http_url_t *url, ngx_connection_t *c,
    size_t rest)
{
    ngx_queue_t            *q;
    ngx_video_http_kept_t  *kept;

    kept = NULL;

    if (!ngx_exiting && !ngx_terminate && !c->error && !c->read->eof
        && rest <= NGX_VIDEO_HTTP_BODY)
    {
        kept = ngx_alloc(sizeof(ngx_video_http_kept_t), ngx_cycle->log);
    }

    if (kept == NULL) {
        ngx_video_ssl_close(c);
        return;
    }

    if (url->nidle == NGX_VIDEO_HTTP_IDLE) {
        q = ngx_queue_last(&url->idle);
        ngx_video_http_keep_close(ngx_queue_data(q, ngx_video_http_kept_t,
                                                 queue));
    }

    kept->connection = c;
    kept->url = url;
    kept->rest = rest;

    ngx_queue_insert_head(&url->idle, &kept->queue);
    url->nidle++;

    c->data = kept;
    c->idle = 1;
    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->log_error = NGX_ERROR_INFO;
    c->read->handler = ngx_video_http_keep_read;
    c->write->handler = ngx_video_http_keep_write;

    /* house-keeping: no worker waits for it */
    c->read->cancelable = 1;
    ngx_add_timer(c->read, NGX_VIDEO_HTTP_IDLE_TIME);

    ngx_video_http_keep_read(c->read);
}


static void
ngx_video_http_keep_read(ngx_event_t *rev)
{
    u_char                  buf[4096];
    ssize_t                 n;
    ngx_connection_t       *c;
    ngx_video_http_kept_t  *kept;

    c = rev->data;
    kept = c->data;

    if (c->close || rev->timedout) {
        ngx_video_http_keep_close(kept);
        return;
    }

    for ( ;; ) {
        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            break;
        }

        /* closed, or more than the answer had */
        if (n == NGX_ERROR || n == 0 || (size_t) n > kept->rest) {
            ngx_video_http_keep_close(kept);
            return;
        }

        kept->rest -= n;
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_video_http_keep_close(kept);
    }
}


static void
ngx_video_http_keep_write(ngx_event_t *wev)
{
    /* nothing is written */
}


static void
ngx_video_http_keep_close(ngx_video_http_kept_t *kept)
{
    ngx_queue_remove(&kept->queue);
    kept->url->nidle--;

    ngx_video_ssl_close(kept->connection);
    ngx_free(kept);
}
