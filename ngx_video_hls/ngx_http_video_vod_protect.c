/*
 * Copyright (C) ngx_video authors
 *
 * Protected segments of a file: made in the store, as transport streams are,
 * and sent from there when they are complete.
 *
 * What of a sample is protected stands before it, in the moof of its chunk, so
 * a chunk has as many samples as the buffer holds: a segment is read once, and
 * takes no more memory the longer it is.
 */

#include "ngx_http_video_vod_tables.h"
#include "ngx_video_drm.h"
#include "nvm_cmaf.h"
#include "nvm_protect_map.h"


/* of a chunk: bytes, unless a sample has more, and samples */
#define NGX_HTTP_VIDEO_PROTECT_BATCH    (256 * 1024)
#define NGX_HTTP_VIDEO_PROTECT_SAMPLES  (NGX_HTTP_VIDEO_FILE_IOVS / 2)

/* bytes of samples in one turn of the event loop */
#define NGX_HTTP_VIDEO_PROTECT_TURN     (256 * 1024)


typedef struct {
    ngx_http_video_source_t  *source;
    nvm_index_track_t        *track;
    nvm_index_segment_t       segment;
    nvm_index_plan_t          plan;
    nvm_sample_t             *samples;
    ngx_uint_t                next;         /* sample that is to be read */

    ngx_video_protection_t   *protection;
    void                     *cipher;
    uint64_t                  counter;      /* vector of decode time 0 */
    nvm_protect_map_t         map;

    ngx_http_video_file_t     file;
    u_char                   *buffer;
    size_t                    size;
    size_t                    turn;         /* read since the last one */

    ngx_uint_t                first;        /* sample in the buffer, and */
    ngx_uint_t                n;            /* how many */
    nvm_range_t              *ranges;
    uint64_t                 *ivs;
    u_char                   *counts;
    nvm_protect_subsample_t  *sub;          /* of all of them */

    unsigned                  reading:1;
    unsigned                  begun:1;
} ngx_http_video_protect_t;


static ngx_int_t ngx_http_video_protect_make(ngx_http_request_t *r);


ngx_int_t
ngx_http_video_protection(ngx_http_request_t *r, ngx_uint_t kind,
    ngx_video_protection_t **p)
{
    ngx_video_drm_t       *drm;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    drm = ngx_video_drm();

    return drm ? drm->find(r, &ctx->path.asset, (nvm_kind_e) kind, p)
               : NGX_DECLINED;
}


uint64_t
ngx_http_video_protect_tag(ngx_http_request_t *r)
{
    ngx_video_drm_t       *drm;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    drm = ngx_video_drm();

    return drm ? drm->tag(r, &ctx->path.asset) : 0;
}


/* The segment in the store: NGX_OK, or NGX_DONE when it is ours to make. */
static ngx_int_t
ngx_http_video_protect_object(ngx_http_request_t *r,
    ngx_http_video_protect_t *m)
{
    u_char                 buf[NGX_VIDEO_KEY_MAX];
    ngx_str_t              key;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    key.data = buf;
    key.len = ngx_sprintf(buf, "drm:%xL:%xL:%d%uD:%uL", ctx->vod->epoch,
                          m->source->epoch, (int) ctx->path.keys,
                          m->track->track.id, ctx->path.msn)
              - buf;

    return ngx_http_video_made_open(r, &key);
}


/* What the samples are encrypted with, and in what parts. */
static ngx_int_t
ngx_http_video_protect_open(ngx_http_request_t *r,
    ngx_http_video_protect_t *m)
{
    nvm_err_e         err;
    nvm_fault_t       fault;
    ngx_video_drm_t  *drm;

    struct {
        uint64_t  epoch;
        uint64_t  track;
    } what;

    drm = ngx_video_drm();
    ngx_memzero(&fault, sizeof(nvm_fault_t));

    err = nvm_protect_map_init(&m->map, &m->track->track,
                               m->protection->track.scheme, &fault);

    if (err != NVM_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": track %uD can't be protected: %s",
                      &m->source->path, m->track->track.id,
                      fault.what ? fault.what : nvm_strerror(err));
        return NGX_HTTP_UNPROCESSABLE;
    }

    what.epoch = m->source->epoch;
    what.track = m->track->track.id;
    m->cipher = drm->cipher(r->pool, m->protection, m->track->track.kind);

    if (m->cipher == NULL
        || drm->counter(m->protection, &what, sizeof(what), &m->counter)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_video_vod_protected(ngx_http_request_t *r, ngx_http_video_source_t *s,
    nvm_index_track_t *t, ngx_video_protection_t *p)
{
    ngx_int_t                  rc;
    nvm_err_e                  err;
    nvm_arena_t                arena;
    ngx_http_video_ctx_t      *ctx;
    ngx_http_video_protect_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    m = ngx_pcalloc(r->pool, sizeof(ngx_http_video_protect_t));
    if (m == NULL || ngx_http_video_ref_cleanup(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->vod->media = m;
    m->source = s;
    m->track = t;
    m->protection = p;

    err = nvm_index_segment(&s->src, t, (uint32_t) ctx->path.msn,
                            &m->segment);

    if (ctx->path.msn >= t->nsegments || err == NVM_ENOENT
        || (err == NVM_OK && m->segment.nsamples == 0))
    {
        return NGX_HTTP_NOT_FOUND;
    }

    if (err == NVM_OK) {
        ngx_video_pool_arena(&arena, r->pool);
        err = nvm_index_plan(&s->src, t, &m->segment, &arena, &m->plan);
    }

    if (err != NVM_OK) {
        return ngx_http_video_media_error(r, s, err);
    }

    rc = ngx_http_video_protect_object(r, m);

    if (rc == NGX_OK) {
        return ngx_http_video_made_wait(r);
    }

    return rc == NGX_DONE ? ngx_http_video_protect_make(r) : rc;
}


/* The samples, by the entries of the tables; then buffers. */
static ngx_int_t
ngx_http_video_protect_start(ngx_http_request_t *r,
    ngx_http_video_protect_t *m)
{
    size_t                  n;
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_file_t  *f;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    f = &m->file;

    if (!f->reading) {
        /* what the index had to say has been read */
        ngx_video_object_put(ctx->store, &m->source->ref);

        f->request = r;
        f->resume = ngx_http_video_protect_make;

        if (ngx_http_video_tables_start(f, m->source, &m->plan, r->pool)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    rc = ngx_http_video_tables_read(f, m->source, m->track, &m->segment,
                                    &m->plan, r->pool, &m->samples);

    if (rc != NGX_OK) {
        return rc == NGX_DONE ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    m->size = NGX_HTTP_VIDEO_PROTECT_BATCH;

    for (i = 0; i < m->segment.nsamples; i++) {
        m->size = ngx_max(m->size, m->samples[i].size);
    }

    n = NGX_HTTP_VIDEO_PROTECT_SAMPLES;
    m->buffer = ngx_palloc(r->pool, m->size);
    m->ranges = ngx_palloc(r->pool, n * sizeof(nvm_range_t));
    m->ivs = ngx_palloc(r->pool, n * sizeof(uint64_t));
    m->counts = ngx_palloc(r->pool, n);
    m->sub = ngx_palloc(r->pool, n * NVM_PROTECT_SUBSAMPLES
                                 * sizeof(nvm_protect_subsample_t));

    return m->buffer && m->ranges && m->ivs && m->counts && m->sub
           ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* The next samples that fit into the buffer are to be read. */
static void
ngx_http_video_protect_batch(ngx_http_video_protect_t *m)
{
    size_t                  len;
    ngx_uint_t              nranges;
    nvm_sample_t           *s;
    ngx_http_video_file_t  *f;

    len = 0;
    nranges = 0;
    m->first = m->next;

    while (m->next < m->segment.nsamples
           && m->next - m->first < NGX_HTTP_VIDEO_PROTECT_SAMPLES)
    {
        s = &m->samples[m->next];

        if (s->size > m->size - len) {
            break;
        }

        m->next++;
        len += s->size;

        if (s->size) {
            m->ranges[nranges].offset = s->offset;
            m->ranges[nranges++].size = s->size;
        }
    }

    m->n = m->next - m->first;

    f = &m->file;
    f->path = &m->source->path;
    f->fd = m->source->file.fd;
    f->ranges = m->ranges;
    f->nranges = nranges;
    f->range = 0;
    f->done = 0;
    f->filled = 0;
    f->buffer = m->buffer;
    f->size = len;
}


/* Encrypts what is in the buffer; what of it that was stands in sub. */
static ngx_int_t
ngx_http_video_protect_samples(ngx_http_request_t *r,
    ngx_http_video_protect_t *m)
{
    size_t                    at;
    unsigned                  n;
    nvm_err_e                 err;
    ngx_uint_t                i, parts;
    nvm_fault_t               fault;
    nvm_sample_t             *s;
    ngx_video_drm_t          *drm;
    nvm_protect_subsample_t  *sub;

    drm = ngx_video_drm();
    sub = m->sub;
    parts = nvm_protect_map_parts(&m->map);

    for (i = 0, at = 0; i < m->n; i++) {
        s = &m->samples[m->first + i];
        n = 0;

        ngx_memzero(&fault, sizeof(nvm_fault_t));
        err = parts ? nvm_protect_map_sample(&m->map, m->buffer + at, s->size,
                                             sub, &n, &fault)
                    : NVM_OK;

        if (err != NVM_OK) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "\"%V\": a sample can't be protected: %s at offset "
                          "%uL", &m->source->path,
                          fault.what ? fault.what : nvm_strerror(err),
                          s->offset + fault.offset);
            return NGX_HTTP_UNPROCESSABLE;
        }

        m->ivs[i] = m->counter + s->dts;
        m->counts[i] = (u_char) n;

        if (s->size
            && drm->sample(m->cipher, m->ivs[i], sub, n, m->buffer + at,
                           s->size)
               != NGX_OK)
        {
            ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                          "\"%V\": encryption failed", &m->source->path);
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        sub += n;
        at += s->size;
    }

    return NGX_OK;
}


/* What is in the buffer goes into the store, as a chunk. */
static ngx_int_t
ngx_http_video_protect_chunk(ngx_http_request_t *r,
    ngx_http_video_protect_t *m)
{
    u_char                 *boxes;
    uint64_t                payload;
    ngx_int_t               rc;
    nvm_writer_t            w;
    nvm_cmaf_chunk_t        c;
    ngx_http_video_ctx_t   *ctx;
    nvm_protect_samples_t   s;

    rc = ngx_http_video_protect_samples(r, m);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_memzero(&s, sizeof(nvm_protect_samples_t));
    s.track = &m->protection->track;
    s.ivs = m->ivs;
    s.subsamples = m->sub;
    s.counts = nvm_protect_map_parts(&m->map) ? m->counts : NULL;

    ngx_memzero(&c, sizeof(nvm_cmaf_chunk_t));
    c.track = &m->track->track;
    c.samples = m->samples + m->first;
    c.nsamples = m->n;
    c.dts = m->segment.start + (c.samples[0].dts - m->samples[0].dts);
    c.sequence = (uint32_t) ctx->path.msn + 1;
    c.first = !m->begun;
    c.protect = &s;

    m->begun = 1;
    nvm_writer_init(&w, NULL, 0);
    (void) nvm_cmaf_chunk_write(&w, &c, &payload);

    boxes = ngx_alloc(w.len, r->connection->log);
    if (boxes == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nvm_writer_init(&w, boxes, w.len);
    (void) nvm_cmaf_chunk_write(&w, &c, &payload);

    rc = ngx_video_object_append(ctx->store, &ctx->ref, boxes, w.len);
    ngx_free(boxes);

    if (rc == NGX_OK) {
        rc = ngx_video_object_append(ctx->store, &ctx->ref, m->buffer,
                                     (size_t) payload);
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\" is full: no segment %uL of \"%V\"",
                      &ctx->store->name, ctx->path.msn, &ctx->vod->path);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return NGX_OK;
}


/* Chunk by chunk; goes on from wherever it was. */
static ngx_int_t
ngx_http_video_protect_chunks(ngx_http_request_t *r,
    ngx_http_video_protect_t *m)
{
    ngx_int_t  rc;

    while (m->reading || m->next < m->segment.nsamples) {

        if (!m->reading) {
            ngx_http_video_protect_batch(m);
            m->reading = 1;
        }

        if (m->turn >= NGX_HTTP_VIDEO_PROTECT_TURN) {
            m->turn = 0;
            return ngx_http_video_file_yield(&m->file);
        }

        rc = m->file.size ? ngx_http_video_file_read(&m->file) : NGX_OK;

        if (rc != NGX_OK) {
            return rc;
        }

        m->reading = 0;
        m->turn += m->file.size;
        rc = ngx_http_video_protect_chunk(r, m);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_protect_make(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_video_ctx_t      *ctx;
    ngx_http_video_protect_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;

    rc = m->cipher ? NGX_OK : ngx_http_video_protect_open(r, m);

    if (rc == NGX_OK && m->samples == NULL) {
        rc = ngx_http_video_protect_start(r, m);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_video_protect_chunks(r, m);
    }

    if (rc == NGX_DONE) {
        return NGX_DONE;
    }

    ctx->writing = 0;

    if (rc == NGX_OK) {
        ngx_video_object_complete(ctx->store, &ctx->ref);
        return ngx_http_video_made_wait(r);
    }

    ngx_video_object_abort(ctx->store, &ctx->ref);

    return rc < NGX_HTTP_BAD_REQUEST ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}
