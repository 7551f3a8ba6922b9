/*
 * Copyright (C) ngx_video authors
 *
 * Media segments of a file: the head of a CMAF chunk, then the samples where
 * they lie in the file.
 *
 * First the entries of the file's sample tables are read that the segment
 * has.  Samples that lie together are a range, and the ranges are the body:
 * see ngx_http_video_body.c.
 *
 * Segments of many small ranges, audio above all, cost a system call for each:
 * they are read into the store, once, and sent from there.
 */

#include "ngx_http_video_body.h"
#include "ngx_http_video_vod_tables.h"
#include "nvm_cmaf.h"


/* segments whose ranges are shorter on average are kept, up to this size */
#define NGX_HTTP_VIDEO_KEEP_RANGE  4096
#define NGX_HTTP_VIDEO_KEEP_MAX    (1024 * 1024)


typedef struct {
    ngx_http_video_source_t  *source;
    nvm_index_track_t        *track;
    nvm_index_segment_t       segment;
    nvm_index_plan_t          plan;

    ngx_http_video_body_t     body;         /* its file: tables, then
                                               samples */
    uint64_t                  len;          /* of the segment, boxes too */
    ngx_chain_t               head;         /* the boxes before the samples */

    unsigned                  holes:1;      /* one range, with what lies
                                               between its samples */
    unsigned                  keep:1;       /* read into the store */
} ngx_http_video_media_t;


static ngx_int_t ngx_http_video_media_tables(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_media_ranges(ngx_http_request_t *r,
    ngx_http_video_media_t *m, nvm_sample_t *samples);
static ngx_int_t ngx_http_video_media_head(ngx_http_request_t *r,
    ngx_http_video_media_t *m, nvm_sample_t *samples);
static ngx_int_t ngx_http_video_media_headers(ngx_http_request_t *r,
    nvm_index_track_t *t);
static ngx_int_t ngx_http_video_media_open(ngx_http_request_t *r,
    ngx_http_video_source_t *s, nvm_index_track_t *t, ngx_uint_t flags);
static ngx_int_t ngx_http_video_media_send(ngx_http_request_t *r,
    ngx_http_video_media_t *m);
static ngx_int_t ngx_http_video_media_fill(ngx_http_request_t *r);


ngx_int_t
ngx_http_video_vod_media(ngx_http_request_t *r, ngx_http_video_source_t *s,
    nvm_index_track_t *t)
{
    nvm_err_e                err;
    nvm_arena_t              arena;
    ngx_http_video_ctx_t    *ctx;
    ngx_http_video_file_t   *f;
    ngx_http_video_media_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->path.msn >= t->nsegments) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_http_video_ref_cleanup(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_video_media_open(r, s, t, 0) == NGX_OK) {
        if (ngx_http_video_media_headers(r, t) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_video_send_object(r, 0,
                         ngx_video_object_filled(ctx->store, &ctx->ref));
    }

    m = ngx_pcalloc(r->pool, sizeof(ngx_http_video_media_t));
    if (m == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->vod->media = m;
    m->source = s;
    m->track = t;

    err = nvm_index_segment(&s->src, t, (uint32_t) ctx->path.msn,
                            &m->segment);

    if (err == NVM_ENOENT || (err == NVM_OK && m->segment.nsamples == 0)) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (err == NVM_OK) {
        ngx_video_pool_arena(&arena, r->pool);
        err = nvm_index_plan(&s->src, t, &m->segment, &arena, &m->plan);
    }

    if (err != NVM_OK) {
        return ngx_http_video_media_error(r, s, err);
    }

    /* all of the index that is needed; a slow client would keep it */
    ngx_video_object_put(ctx->store, &s->ref);

    f = &m->body.file;
    f->request = r;
    f->resume = ngx_http_video_media_tables;

    if (ngx_http_video_tables_start(f, s, &m->plan, r->pool) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_media_tables(r);
}


ngx_int_t
ngx_http_video_media_error(ngx_http_request_t *r, ngx_http_video_source_t *s,
    nvm_err_e err)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "\"%V\": segment %uL can't be read: %s", &s->path,
                  ctx->path.msn, nvm_strerror(err));

    return err == NVM_ELIMIT ? NGX_HTTP_UNPROCESSABLE
                             : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


ngx_int_t
ngx_http_video_made_open(ngx_http_request_t *r, ngx_str_t *key)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    rc = ngx_video_object_open(ctx->store, key, 0, NGX_VIDEO_OPEN_CREATE,
                               &ctx->ref);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\" is full: no segment %uL of \"%V\"",
                      &ctx->store->name, ctx->path.msn, &ctx->vod->path);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ctx->writing = (rc == NGX_DONE);

    return rc;
}


ngx_int_t
ngx_http_video_made_wait(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ctx->handler = ngx_http_video_made_wait;

    rc = ngx_http_video_object_wait(r, &ctx->ref);

    if (rc != NGX_OK) {
        /* who made it has logged why */
        return rc == NGX_DECLINED ? NGX_HTTP_SERVICE_UNAVAILABLE : rc;
    }

    if (ngx_http_video_headers(r, ctx->path.epoch
                                  ? NGX_HTTP_VIDEO_IMMUTABLE
                                  : NGX_HTTP_VIDEO_NO_CACHE,
                               ctx->vod->epoch,
                               ctx->path.msn << 8 | ctx->path.kind << 7
                               | (uint64_t) ctx->path.keys << 6
                               | ctx->path.number)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_send_object(r, 0,
                     ngx_video_object_filled(ctx->store, &ctx->ref));
}


/* Reads the tables' entries; then what to send is known. */
static ngx_int_t
ngx_http_video_media_tables(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    nvm_sample_t            *samples;
    ngx_http_video_ctx_t    *ctx;
    ngx_http_video_media_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;

    rc = ngx_http_video_tables_read(&m->body.file, m->source, m->track,
                                    &m->segment, &m->plan, r->pool, &samples);

    if (rc != NGX_OK) {
        return rc == NGX_DONE ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_video_media_ranges(r, m, samples) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_video_media_head(r, m, samples);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_video_media_headers(r, m->track) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (m->body.file.nranges
        && m->len / m->body.file.nranges < NGX_HTTP_VIDEO_KEEP_RANGE
        && m->len <= NGX_HTTP_VIDEO_KEEP_MAX && r->method != NGX_HTTP_HEAD
        && ngx_http_video_media_open(r, m->source, m->track,
                                     NGX_VIDEO_OPEN_CREATE)
           == NGX_DONE)
    {
        return ngx_http_video_media_fill(r);
    }

    return ngx_http_video_media_send(r, m);
}


/* Samples that lie together are a range: these are read from now on. */
static ngx_int_t
ngx_http_video_media_ranges(ngx_http_request_t *r, ngx_http_video_media_t *m,
    nvm_sample_t *samples)
{
    ngx_uint_t    n;
    nvm_range_t  *ranges;

    n = m->segment.nsamples;
    m->holes = m->track->track.holes && nvm_cmaf_holes(samples, n);

    ranges = ngx_palloc(r->pool, n * sizeof(nvm_range_t));
    if (ranges == NULL) {
        return NGX_ERROR;
    }

    if (m->holes) {
        ranges->offset = samples[0].offset;
        ranges->size = samples[n - 1].offset + samples[n - 1].size
                       - ranges->offset;
        n = 1;

    } else {
        n = ngx_http_video_body_merge(ranges, 0, 0, samples, n);
    }

    ngx_http_video_body_ranges(&m->body, m->source, ranges, n, 0);

    m->body.file.buffer = NULL;
    m->body.file.resume = ngx_http_video_media_fill;

    return NGX_OK;
}


/* From the file to the client. */
static ngx_int_t
ngx_http_video_media_send(ngx_http_request_t *r, ngx_http_video_media_t *m)
{
    ngx_int_t  rc;

    r->headers_out.content_length_n = m->len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (m->body.file.nranges == 0) {
        /* samples of no bytes: the boxes are all there is */
        m->head.buf->last_buf = (r == r->main);
        m->head.buf->last_in_chain = 1;

        return ngx_http_output_filter(r, &m->head);
    }

    m->body.head = &m->head;
    m->body.left = m->len - ngx_buf_size(m->head.buf);

    return ngx_http_video_body_start(r, &m->body);
}


/*
 * From the file into the store, whatever the client's pace; then from there.
 * Without room the client is sent the file.
 */
static ngx_int_t
ngx_http_video_media_fill(ngx_http_request_t *r)
{
    uint64_t                 filled;
    ngx_int_t                rc;
    ngx_buf_t               *b;
    ngx_http_video_ctx_t    *ctx;
    ngx_http_video_file_t   *f;
    ngx_http_video_media_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;
    f = &m->body.file;
    b = m->head.buf;

    if (!m->keep) {
        m->keep = 1;

        if (ngx_video_object_append(ctx->store, &ctx->ref, b->pos,
                                    b->last - b->pos)
            != NGX_OK)
        {
            goto full;
        }
    }

    while (f->range < f->nranges) {

        if (!f->reading) {
            filled = ngx_video_object_filled(ctx->store, &ctx->ref);
            f->filled = 0;
            f->buffer = ngx_video_object_room(ctx->store, &ctx->ref,
                                              (size_t) (m->len - filled),
                                              &f->size);
            if (f->buffer == NULL) {
                goto full;
            }
        }

        rc = ngx_http_video_file_read(f);

        if (rc != NGX_OK) {
            return rc == NGX_DONE ? NGX_DONE : NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_video_object_commit(ctx->store, &ctx->ref, f->filled);
    }

    ctx->writing = 0;
    ngx_video_object_complete(ctx->store, &ctx->ref);

    return ngx_http_video_send_object(r, 0, m->len);

full:

    ctx->writing = 0;
    ngx_video_object_abort(ctx->store, &ctx->ref);
    ngx_video_object_put(ctx->store, &ctx->ref);

    m->keep = 0;
    f->range = 0;
    f->done = 0;

    return ngx_http_video_media_send(r, m);
}


static ngx_int_t
ngx_http_video_media_headers(ngx_http_request_t *r, nvm_index_track_t *t)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    return ngx_http_video_headers(r, ctx->path.epoch
                                     ? NGX_HTTP_VIDEO_IMMUTABLE
                                     : NGX_HTTP_VIDEO_NO_CACHE,
                                  ctx->vod->epoch,
                                  (uint64_t) ctx->path.keys << 62
                                  | (uint64_t) t->track.id << 32
                                  | ctx->path.msn);
}


/*
 * The segment in the store: NGX_OK, it is complete; NGX_DONE, it is ours to
 * make; else there is none for this request.
 */
static ngx_int_t
ngx_http_video_media_open(ngx_http_request_t *r, ngx_http_video_source_t *s,
    nvm_index_track_t *t, ngx_uint_t flags)
{
    u_char                 buf[NGX_VIDEO_KEY_MAX];
    ngx_int_t              rc;
    ngx_str_t              key;
    ngx_video_ref_t        ref;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    key.data = buf;
    key.len = ngx_sprintf(buf, "%s:%xL:%uL:%uD:%uL",
                          ctx->path.keys ? "key" : "segment", s->epoch,
                          (uint64_t) s->of.uniq, t->track.id, ctx->path.msn)
              - buf;

    rc = ngx_video_object_open(ctx->store, &key, 0, flags, &ref);

    if (rc == NGX_OK
        && ngx_video_object_state(ctx->store, &ref)
           != NGX_VIDEO_OBJECT_COMPLETE)
    {
        /* another request makes it in this moment */
        ngx_video_object_put(ctx->store, &ref);
        return NGX_DECLINED;
    }

    if (rc == NGX_OK || rc == NGX_DONE) {
        ctx->ref = ref;
        ctx->writing = (rc == NGX_DONE);
    }

    return rc;
}


/* The chunk's boxes in memory, and the size of the whole segment. */
static ngx_int_t
ngx_http_video_media_head(ngx_http_request_t *r, ngx_http_video_media_t *m,
    nvm_sample_t *samples)
{
    size_t                 size;
    uint64_t               payload;
    ngx_buf_t             *b;
    nvm_writer_t           w;
    nvm_cmaf_chunk_t       c;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_memzero(&c, sizeof(nvm_cmaf_chunk_t));

    c.track = &m->track->track;
    c.samples = samples;
    c.nsamples = m->segment.nsamples;
    c.dts = m->segment.start;
    c.sequence = (uint32_t) ctx->path.msn + 1;
    c.first = 1;
    c.holes = m->holes;

    nvm_writer_init(&w, NULL, 0);

    if (nvm_cmaf_chunk_write(&w, &c, &payload) != NVM_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": segment %uL is too large", &m->source->path,
                      ctx->path.msn);
        return NGX_HTTP_UNPROCESSABLE;
    }

    size = w.len;
    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nvm_writer_init(&w, b->pos, size);
    (void) nvm_cmaf_chunk_write(&w, &c, &payload);

    if (nvm_writer_done(&w, size) != NVM_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = b->pos + size;

    m->head.buf = b;
    m->head.next = NULL;
    m->len = size + payload;

    return NGX_OK;
}
