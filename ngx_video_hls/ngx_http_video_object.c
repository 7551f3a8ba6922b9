/*
 * Copyright (C) ngx_video authors
 *
 * Bodies that lie in the store: buffers point straight into shared memory,
 * and the reference is given back when the request's pool goes, which is
 * after the last byte has left.
 */

#include "ngx_http_video_hls_module.h"


static void ngx_http_video_object_cut(ngx_video_reader_t *rd);
static ngx_int_t ngx_http_video_object_tail(ngx_http_request_t *r);


static void
ngx_http_video_object_cleanup(void *data)
{
    ngx_http_video_ctx_t *ctx = data;

    if (ctx->writing) {
        ngx_video_object_abort(ctx->store, &ctx->ref);
    }

    ngx_video_reader_remove(&ctx->reader);
    ngx_video_object_put(ctx->store, &ctx->ref);
}


ngx_int_t
ngx_http_video_object_wait(ngx_http_request_t *r, ngx_video_ref_t *ref)
{
    uint64_t               seen;
    ngx_int_t              rc;
    ngx_uint_t             state;
    ngx_video_object_t    *o;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    o = ngx_video_object(ctx->store, ref);

    do {
        seen = ngx_video_signal_seen(&o->signal);
        state = ngx_video_object_state(ctx->store, ref);

        if (state == NGX_VIDEO_OBJECT_COMPLETE) {
            return NGX_OK;
        }

        if (state == NGX_VIDEO_OBJECT_ABORTED) {
            return NGX_DECLINED;
        }

        rc = ngx_http_video_park(r, &o->signal, seen, 30000,
                                 NGX_HTTP_SERVICE_UNAVAILABLE);
    } while (rc == NGX_OK);

    return rc;
}


ngx_int_t
ngx_http_video_ref_cleanup(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t    *cln;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->cleanup) {
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_video_object_cleanup;
    cln->data = ctx;
    ctx->cleanup = 1;

    return NGX_OK;
}


void
ngx_http_video_ref_reader(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ctx->reader.ref = &ctx->ref;
    ctx->reader.cut = ngx_http_video_object_cut;
    ctx->reader.data = r;
    ngx_video_reader_add(ctx->store, &ctx->reader);
}


void
ngx_http_video_ref_release(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_video_reader_remove(&ctx->reader);
    ngx_video_object_put(ctx->store, &ctx->ref);
}


ngx_int_t
ngx_http_video_object_read(ngx_video_store_t *st, ngx_video_ref_t *ref,
    ngx_video_cursor_t *cursor, uint64_t offset, void *dst, size_t n)
{
    size_t   room;
    u_char  *p, *d;

    if (offset > ngx_video_object_filled(st, ref)
        || n > ngx_video_object_filled(st, ref) - offset)
    {
        return NGX_ERROR;
    }

    for (d = dst; n; d += room, offset += room, n -= room) {
        p = ngx_video_object_span(st, ref, cursor, offset, &room);
        room = ngx_min(room, n);
        ngx_memcpy(d, p, room);
    }

    return NGX_OK;
}


void
ngx_http_video_object_fail(ngx_video_store_t *st, ngx_video_ref_t *ref,
    uint16_t status)
{
    ngx_video_object_t  *o;

    o = ngx_video_object(st, ref);

    ngx_memcpy(o->meta, &status, sizeof(uint16_t));
    o->meta_len = sizeof(uint16_t);

    ngx_video_object_abort(st, ref);
}


ngx_int_t
ngx_http_video_object_status(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    uint16_t             status;
    ngx_video_object_t  *o;

    o = ngx_video_object(st, ref);

    if (o->meta_len != sizeof(uint16_t)) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_memcpy(&status, o->meta, sizeof(uint16_t));

    return status;
}


/* Buffers for bytes [from, to) of the object; the last is flushed. */
static ngx_chain_t *
ngx_http_video_object_chain(ngx_http_request_t *r, uint64_t from, uint64_t to,
    ngx_uint_t last)
{
    size_t                  n;
    u_char                 *p;
    ngx_buf_t              *b;
    ngx_chain_t            *out, **ll, *cl;
    ngx_http_video_ctx_t   *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    out = NULL;
    ll = &out;
    b = NULL;

    while (from < to) {
        p = ngx_video_object_span(ctx->store, &ctx->ref, &ctx->cursor, from,
                                  &n);
        n = (size_t) ngx_min(n, to - from);

        b = ngx_calloc_buf(r->pool);
        cl = ngx_alloc_chain_link(r->pool);

        if (b == NULL || cl == NULL) {
            return NULL;
        }

        b->memory = 1;
        b->pos = p;
        b->last = p + n;
        b->start = b->pos;
        b->end = b->last;

        cl->buf = b;
        cl->next = NULL;
        *ll = cl;
        ll = &cl->next;

        from += n;
    }

    if (b) {
        b->flush = 1;
        b->last_buf = (last && r == r->main);
        b->last_in_chain = last;
    }

    return out;
}


ngx_int_t
ngx_http_video_send_object(ngx_http_request_t *r, uint64_t from, off_t len)
{
    ngx_int_t              rc;
    ngx_chain_t           *out;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    r->headers_out.content_length_n = len;

    if (len == -1) {
        r->allow_ranges = 0;
        ngx_http_clear_content_length(r);
        ngx_http_clear_accept_ranges(r);
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    ngx_http_video_ref_reader(r);

    if (len == -1) {
        ctx->sent = from;
        ctx->deadline = 0;
        ctx->handler = ngx_http_video_object_tail;

        return ngx_http_video_object_tail(r);
    }

    out = ngx_http_video_object_chain(r, from, from + len, 1);

    return out ? ngx_http_output_filter(r, out) : NGX_ERROR;
}


/*
 * The store needs the memory and the client is too slow: the connection ends
 * short of the length that was announced, or without the last chunk.
 */
static void
ngx_http_video_object_cut(ngx_video_reader_t *rd)
{
    ngx_http_request_t *r = rd->data;

    ngx_connection_t      *c;
    ngx_http_video_ctx_t  *ctx;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_http_set_log_request(c->log, r);

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "client is too slow: video zone \"%V\" needs the memory of "
                  "what it is being sent", &ctx->store->name);

    ngx_http_finalize_request(r, NGX_ERROR);

    ngx_http_run_posted_requests(c);
}


/* Sends what has been added, until the object is complete. */
static ngx_int_t
ngx_http_video_object_tail(ngx_http_request_t *r)
{
    uint64_t               seen, filled;
    ngx_int_t              rc;
    ngx_uint_t             state;
    ngx_chain_t           *out;
    ngx_video_object_t    *o;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    o = ngx_video_object(ctx->store, &ctx->ref);

    for ( ;; ) {
        /* in this order: what is there when the state is final is all */
        seen = ngx_video_signal_seen(&o->signal);
        state = ngx_video_object_state(ctx->store, &ctx->ref);
        filled = ngx_video_object_filled(ctx->store, &ctx->ref);

        if (state == NGX_VIDEO_OBJECT_ABORTED) {
            ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                          "video segment was aborted at %uL bytes", filled);
            return NGX_ERROR;
        }

        if (filled > ctx->sent) {
            out = ngx_http_video_object_chain(r, ctx->sent, filled, 0);

            if (out == NULL) {
                return NGX_ERROR;
            }

            ctx->sent = filled;
            ctx->deadline = 0;

            rc = ngx_http_output_filter(r, out);

            if (rc == NGX_ERROR || rc > NGX_OK) {
                return rc;
            }
        }

        if (state == NGX_VIDEO_OBJECT_COMPLETE) {
            return ngx_http_send_special(r, NGX_HTTP_LAST);
        }

        rc = ngx_http_video_park(r, &o->signal, seen, 30000, NGX_ERROR);

        if (rc != NGX_OK) {
            return rc;
        }
    }
}
