/*
 * Copyright (C) ngx_video authors
 *
 * Bodies that are samples of files: pieces, one after another, at the pace of
 * the client.
 */

#include "ngx_http_video_body.h"


/* from this length on sendfile is cheaper than a copy; docs/decisions.md */
#define NGX_HTTP_VIDEO_SENDFILE    (64 * 1024)

/* of a body that is checked this much, at least, is read, not sent unseen */
#define NGX_HTTP_VIDEO_BODY_TAIL   4096

/* a client that takes all at once lets others have their turn after so much */
#define NGX_HTTP_VIDEO_BODY_TURN   (1024 * 1024)


static ngx_int_t ngx_http_video_body_next(ngx_http_request_t *r,
    ngx_http_video_body_t *b);
static ngx_int_t ngx_http_video_body_gather(ngx_http_request_t *r,
    ngx_http_video_body_t *b);
static ngx_int_t ngx_http_video_body_wait(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_body_yield(ngx_http_request_t *r);
static void ngx_http_video_body_writer(ngx_http_request_t *r);


ngx_uint_t
ngx_http_video_body_merge(nvm_range_t *ranges, ngx_uint_t first, ngx_uint_t n,
    const nvm_sample_t *samples, ngx_uint_t nsamples)
{
    ngx_uint_t    i;
    nvm_range_t  *range;

    range = n > first ? &ranges[n - 1] : NULL;

    for (i = 0; i < nsamples; i++) {

        if (samples[i].size == 0) {
            continue;
        }

        if (range && range->offset + range->size == samples[i].offset) {
            range->size += samples[i].size;
            continue;
        }

        range = &ranges[n++];
        range->offset = samples[i].offset;
        range->size = samples[i].size;
    }

    return n;
}


void
ngx_http_video_body_ranges(ngx_http_video_body_t *b,
    ngx_http_video_source_t *s, nvm_range_t *ranges, ngx_uint_t n,
    uint64_t done)
{
    ngx_http_video_file_t  *f;

    f = &b->file;

    f->path = &s->path;
    f->fd = s->file.fd;
    f->ranges = ranges;
    f->nranges = n;
    f->range = 0;
    f->done = done;
    f->filled = 0;

    b->source = &s->file;
}


ngx_int_t
ngx_http_video_body_start(ngx_http_request_t *r, ngx_http_video_body_t *b)
{
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    ctx->body = b;

    b->buffer = NULL;
    b->size = conf->buffer;
    b->file.request = r;
    b->file.filled = 0;
    b->file.longest = NGX_HTTP_VIDEO_SENDFILE;
    b->file.resume = ngx_http_video_body_output;

    return ngx_http_video_body_output(r);
}


ngx_int_t
ngx_http_video_body_output(ngx_http_request_t *r)
{
    uint64_t                from;
    ngx_int_t               rc;
    ngx_chain_t            *out;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_body_t  *b;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    b = ctx->body;
    from = b->left;

    for ( ;; ) {
        rc = ngx_http_video_body_next(r, b);

        out = b->head;
        b->head = NULL;

        if (rc == NGX_DONE && out) {
            rc = ngx_http_output_filter(r, out);
            return rc == NGX_ERROR ? NGX_ERROR : NGX_DONE;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        b->link.buf = &b->buf;
        b->link.next = NULL;

        if (out) {
            out->next = &b->link;

        } else {
            out = &b->link;
        }

        rc = ngx_http_output_filter(r, out);

        if (rc == NGX_ERROR || rc > NGX_OK) {
            return NGX_ERROR;
        }

        if (b->left == 0) {
            return rc;
        }

        if (ngx_buf_size(&b->buf)) {
            return ngx_http_video_body_wait(r);
        }

        if (from - b->left >= NGX_HTTP_VIDEO_BODY_TURN) {
            return ngx_http_video_body_yield(r);
        }
    }
}


/* Waits until the client has taken the buffer. */
static ngx_int_t
ngx_http_video_body_wait(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_video_body_writer;

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat) == NGX_OK
           ? NGX_DONE : NGX_ERROR;
}


/* Goes on when all events that are there have been handled. */
static ngx_int_t
ngx_http_video_body_yield(ngx_http_request_t *r)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_video_body_writer;

    /* a worker that is to exit would not wait for an event that is posted */
    if (!wev->timer_set) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    ngx_post_event(wev, &ngx_posted_next_events);

    return NGX_DONE;
}


static void
ngx_http_video_body_writer(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_event_t            *wev;
    ngx_connection_t       *c;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_body_t  *b;

    c = r->connection;
    wev = c->write;
    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client timed out");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    rc = NGX_DONE;

    if (!wev->delayed && !r->aio) {
        b = ctx->body;

        if (b->check && b->check(r) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
            return;
        }

        rc = ngx_http_output_filter(r, NULL);

        if (rc == NGX_ERROR) {
            ngx_http_finalize_request(r, NGX_ERROR);
            return;
        }

        if (ngx_buf_size(&b->buf) == 0) {
            if (wev->timer_set && !wev->delayed) {
                ngx_del_timer(wev);
            }

            r->write_event_handler = ngx_http_request_empty_handler;
            rc = ngx_http_video_body_output(r);

            if (rc != NGX_DONE) {
                ngx_http_finalize_request(r, rc);
            }

            return;
        }
    }

    if (ngx_http_video_body_wait(r) != NGX_DONE) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


/* How much of the range that comes next is wanted. */
static uint64_t
ngx_http_video_body_rest(ngx_http_video_body_t *b)
{
    ngx_http_video_file_t  *f;

    f = &b->file;

    return ngx_min(f->ranges[f->range].size - f->done, b->left);
}


/* A long range, or what is left of it. */
static uint64_t
ngx_http_video_body_sendfile(ngx_http_video_body_t *b)
{
    uint64_t                size;
    ngx_buf_t              *buf;
    nvm_range_t            *range;
    ngx_http_video_file_t  *f;

    f = &b->file;
    buf = &b->buf;
    range = &f->ranges[f->range];
    size = ngx_http_video_body_rest(b);

    if (b->check && size == b->left) {
        size -= NGX_HTTP_VIDEO_BODY_TAIL;
    }

    ngx_memzero(buf, sizeof(ngx_buf_t));
    buf->in_file = 1;
    buf->file = b->source;
    buf->file_pos = (off_t) (range->offset + f->done);
    buf->file_last = buf->file_pos + (off_t) size;

    f->done += size;

    if (f->done == range->size) {
        f->range++;
        f->done = 0;
    }

    return size;
}


/*
 * Makes b->buf the next piece: NGX_OK; NGX_DONE: the request waits; else
 * NGX_ERROR, because no status can be told any more.
 */
static ngx_int_t
ngx_http_video_body_next(ngx_http_request_t *r, ngx_http_video_body_t *b)
{
    uint64_t                size;
    ngx_int_t               rc;
    ngx_buf_t              *buf;
    ngx_http_video_file_t  *f;

    f = &b->file;
    buf = &b->buf;

    if (b->check && b->check(r) != NGX_OK) {
        return NGX_ERROR;
    }

    if (b->pos == b->last && f->range == f->nranges) {
        rc = b->more ? b->more(r) : NGX_ERROR;

        if (rc != NGX_OK) {
            return rc == NGX_DONE ? NGX_DONE : NGX_ERROR;
        }
    }

    if (b->pos < b->last) {
        size = ngx_min((uint64_t) (b->last - b->pos), b->left);

        ngx_memzero(buf, sizeof(ngx_buf_t));
        buf->memory = 1;
        buf->start = b->pos;
        buf->pos = b->pos;
        buf->last = b->pos + size;
        buf->end = buf->last;

        b->pos = b->last;

    } else if (!f->reading && ngx_http_video_body_rest(b) >= f->longest) {
        size = ngx_http_video_body_sendfile(b);

    } else {
        rc = ngx_http_video_body_gather(r, b);

        if (rc != NGX_OK) {
            return rc;
        }

        size = (uint64_t) ngx_buf_size(buf);

        if (b->check && size == b->left && b->check(r) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    b->left -= size;

    /* postpone_output would wait for more, and we for it */
    buf->flush = 1;

    if (b->left == 0) {
        buf->last_buf = (r == r->main);
        buf->last_in_chain = 1;
    }

    return NGX_OK;
}


/* Short ranges, as many as the buffer holds. */
static ngx_int_t
ngx_http_video_body_gather(ngx_http_request_t *r, ngx_http_video_body_t *b)
{
    ngx_int_t               rc;
    ngx_buf_t              *buf;
    ngx_http_video_file_t  *f;

    f = &b->file;
    buf = &b->buf;

    if (b->buffer == NULL) {
        b->buffer = ngx_palloc(r->pool, b->size);
        if (b->buffer == NULL) {
            return NGX_ERROR;
        }
    }

    if (!f->reading) {
        f->filled = 0;
        f->buffer = b->buffer;
        f->size = (size_t) ngx_min(b->size, b->left);
    }

    rc = ngx_http_video_file_read(f);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(buf, sizeof(ngx_buf_t));
    buf->memory = 1;
    buf->start = f->buffer;
    buf->pos = f->buffer;
    buf->last = f->buffer + f->filled;
    buf->end = buf->last;

    return NGX_OK;
}
