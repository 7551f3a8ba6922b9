/*
 * Copyright (C) ngx_video authors
 *
 * Segments of transport streams on their way into the store: see
 * ngx_http_video_ts_sink.h.
 */

#include "ngx_http_video_ts_sink.h"


/* What is written so far is shown, and the next chunk is where to go on. */
static int
ngx_http_video_ts_sink_more(nvm_ts_out_t *o)
{
    ngx_http_video_ts_sink_t *sink = o->data;

    size_t                 n;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(sink->request, ngx_http_video_hls_module);

    if (sink->span) {
        ngx_video_object_commit(ctx->store, &ctx->ref, o->pos - sink->span);
    }

    sink->span = ngx_video_object_room(ctx->store, &ctx->ref, 1, &n);
    o->pos = sink->span;
    o->end = sink->span ? sink->span + n : NULL;

    return sink->span == NULL;
}


ngx_int_t
ngx_http_video_ts_sink_begin(ngx_http_request_t *r,
    ngx_http_video_ts_sink_t *sink, ngx_str_t *name,
    const nvm_track_t *const *tracks, ngx_uint_t n)
{
    nvm_err_e              err;
    nvm_fault_t            fault;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_memzero(&fault, sizeof(nvm_fault_t));
    err = nvm_ts_init(&sink->ts, tracks, n, &fault);

    if (err != NVM_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": no transport stream can be made of it: %s",
                      name, fault.what ? fault.what : nvm_strerror(err));
        return NGX_HTTP_UNPROCESSABLE;
    }

    sink->out.more = ngx_http_video_ts_sink_more;
    sink->out.data = sink;
    sink->request = r;

    err = nvm_ts_begin(&sink->ts, &sink->out, ctx->path.msn);

    return err == NVM_OK ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_video_ts_sink_sample(ngx_http_request_t *r,
    ngx_http_video_ts_sink_t *sink, ngx_str_t *name, nvm_ts_sample_t *sample,
    uint64_t offset)
{
    nvm_err_e    err;
    nvm_fault_t  fault;

    ngx_memzero(&fault, sizeof(nvm_fault_t));
    err = nvm_ts_sample(&sink->ts, &sink->out, sample, &fault);

    if (err == NVM_OK) {
        return NGX_OK;
    }

    if (err == NVM_EOVERFLOW) {
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "\"%V\": a sample is damaged: %s at offset %uL",
                  name, fault.what ? fault.what : nvm_strerror(err),
                  offset + fault.offset);

    return NGX_HTTP_UNPROCESSABLE;
}


ngx_int_t
ngx_http_video_ts_sink_end(ngx_http_request_t *r,
    ngx_http_video_ts_sink_t *sink, ngx_str_t *name, ngx_int_t rc)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ctx->writing = 0;

    if (rc == NGX_OK && nvm_ts_end(&sink->ts, &sink->out) == NVM_OK) {
        ngx_video_object_commit(ctx->store, &ctx->ref,
                                sink->out.pos - sink->span);
        ngx_video_object_complete(ctx->store, &ctx->ref);

        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                       "video hls: made segment %uL of \"%V\"",
                       ctx->path.msn, name);

        return NGX_OK;
    }

    if (sink->out.error) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\" is full: no segment %uL of \"%V\"",
                      &ctx->store->name, ctx->path.msn, name);
        rc = NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return rc < NGX_HTTP_BAD_REQUEST ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}


int64_t
ngx_http_video_ts_time(const nvm_track_t *t, int64_t ticks)
{
    return NGX_HTTP_VIDEO_TS_START
           + nvm_rescale(ticks - (int64_t) t->edit, 90000, t->timescale);
}
