/*
 * Copyright (C) ngx_video authors
 *
 * The body of a progressive file: what stands before the samples, from the
 * store; then segment by segment of the index what the segment's tables say,
 * read as those of a media segment are.
 *
 * While a client takes a segment the request has its samples and nothing of
 * the store: a film is downloaded for hours.  The index is found again, or
 * made again, for each segment.
 *
 * Files may be written over in the meantime.  So their date is looked at
 * before each piece of the body, and what tables say is held against the
 * index: if something differs the connection is cut.
 */

#include "ngx_http_video_vod_progressive.h"
#include "ngx_http_video_vod_tables.h"


/* holds plans and samples of a segment; reset for the next one */
#define NGX_HTTP_VIDEO_MDAT_POOL  4096


static ngx_int_t ngx_http_video_mdat_seek(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m, uint64_t from);
static ngx_int_t ngx_http_video_mdat_more(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_mdat_indexes(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m);
static ngx_int_t ngx_http_video_mdat_plan(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m);
static ngx_int_t ngx_http_video_mdat_tables(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m);
static ngx_int_t ngx_http_video_mdat_start(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m);
static ngx_int_t ngx_http_video_mdat_run(ngx_http_video_progressive_t *m);
static void ngx_http_video_mdat_cleanup(void *data);


ngx_int_t
ngx_http_video_mdat_send(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m, uint64_t from, uint64_t len)
{
    ngx_pool_cleanup_t    *cln;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    m->pool = ngx_create_pool(NGX_HTTP_VIDEO_MDAT_POOL, r->connection->log);
    if (m->pool == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_video_mdat_cleanup;
    cln->data = m;

    if (ngx_http_video_mdat_seek(r, m, from) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_video_ref_reader(r);

    m->tables.request = r;
    m->tables.resume = ngx_http_video_body_output;

    m->body.left = len;
    m->body.more = ngx_http_video_mdat_more;
    m->body.check = ngx_http_video_mdat_check;

    /* who waits for an index that is made again goes on here */
    ctx->handler = ngx_http_video_body_output;
    ctx->deadline = 0;

    return ngx_http_video_body_start(r, &m->body);
}


static void
ngx_http_video_mdat_cleanup(void *data)
{
    ngx_http_video_progressive_t *m = data;

    ngx_destroy_pool(m->pool);
}


/* Where in the payload a segment begins. */
static ngx_int_t
ngx_http_video_mdat_offset(ngx_http_video_ctx_t *ctx, uint64_t segment,
    uint64_t *offset)
{
    return ngx_http_video_object_read(ctx->store, &ctx->ref, &ctx->cursor,
                                      sizeof(ngx_http_video_progressive_head_t)
                                      + segment * sizeof(uint64_t),
                                      offset, sizeof(uint64_t));
}


/* Where the body begins: in the head, or in the last segment before it. */
static ngx_int_t
ngx_http_video_mdat_seek(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m, uint64_t from)
{
    uint64_t               low, high, middle, offset;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    m->pos = ngx_min(from, m->head.head);
    from -= m->pos;

    low = 0;
    high = m->head.nsegments;

    while (high - low > 1) {
        middle = low + (high - low) / 2;

        if (ngx_http_video_mdat_offset(ctx, middle, &offset) != NGX_OK) {
            return NGX_ERROR;
        }

        if (offset <= from) {
            low = middle;

        } else {
            high = middle;
        }
    }

    if (ngx_http_video_mdat_offset(ctx, low, &offset) != NGX_OK
        || offset > from)
    {
        return NGX_ERROR;
    }

    m->segment = (uint32_t) low;
    m->skip = from - offset;

    return NGX_OK;
}


ngx_int_t
ngx_http_video_mdat_check(ngx_http_request_t *r)
{
    ngx_uint_t                           i;
    struct stat                          st;
    ngx_http_video_ctx_t                *ctx;
    ngx_http_video_source_t             *s;
    ngx_http_video_progressive_t        *m;
    ngx_http_video_progressive_track_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;

    for (i = 0; i < m->n; i++) {
        t = &m->tracks[i];
        s = t->source;

        if (i && s == m->tracks[0].source) {
            continue;
        }

        if (fstat(s->file.fd, &st) == -1) {
            ngx_log_error(NGX_LOG_CRIT, r->connection->log, ngx_errno,
                          "fstat() \"%V\" failed", &s->path);
            return NGX_ERROR;
        }

        if (!m->known) {
            t->nsec = st.st_mtim.tv_nsec;
        }

        if (st.st_mtim.tv_sec != s->of.mtime || st.st_size != s->of.size
            || st.st_mtim.tv_nsec != t->nsec)
        {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "\"%V\" was written over since it was opened",
                          &s->path);
            return NGX_ERROR;
        }
    }

    m->known = 1;

    return NGX_OK;
}


/* What comes next: see ngx_http_video_more_pt. */
static ngx_int_t
ngx_http_video_mdat_more(ngx_http_request_t *r)
{
    size_t                         n;
    ngx_int_t                      rc;
    ngx_http_video_ctx_t          *ctx;
    ngx_http_video_progressive_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;

    if (m->pos < m->head.head) {
        m->body.pos = ngx_video_object_span(ctx->store, &ctx->ref,
                          &ctx->cursor, sizeof(m->head)
                          + m->head.nsegments * sizeof(uint64_t) + m->pos,
                          &n);
        n = (size_t) ngx_min(n, m->head.head - m->pos);

        m->body.last = m->body.pos + n;
        m->pos += n;

        return NGX_OK;
    }

    ngx_http_video_ref_release(r);

    for ( ;; ) {
        if (m->loaded) {
            if (ngx_http_video_mdat_run(m) == NGX_OK) {
                return NGX_OK;
            }

            m->loaded = 0;
            m->segment++;
        }

        if (m->segment >= m->head.nsegments) {
            return NGX_ERROR;
        }

        rc = m->planned ? NGX_OK : ngx_http_video_mdat_plan(r, m);

        if (rc == NGX_OK) {
            rc = ngx_http_video_mdat_tables(r, m);
        }

        if (rc == NGX_OK) {
            rc = ngx_http_video_mdat_start(r, m);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/* Opens the indexes of the tracks; that of the file that leads comes first. */
static ngx_int_t
ngx_http_video_mdat_indexes(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *s, *lead;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    lead = ctx->vod->lead;

    rc = ngx_http_video_index_open(lead, NULL);

    for (i = 0; rc == NGX_OK && i < m->n; i++) {
        s = m->tracks[i].source;

        if (s != lead) {
            rc = ngx_http_video_index_open(s, lead);
        }
    }

    return rc;
}


/* Reads the segment's records; then the index is not needed any more. */
static ngx_int_t
ngx_http_video_mdat_plan(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    ngx_int_t                            rc;
    nvm_err_e                            err;
    ngx_uint_t                           i;
    nvm_arena_t                          arena;
    ngx_http_video_ctx_t                *ctx;
    ngx_http_video_progressive_track_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    rc = ngx_http_video_mdat_indexes(r, m);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_reset_pool(m->pool);
    ngx_video_pool_arena(&arena, m->pool);

    for (i = 0; i < m->n; i++) {
        t = &m->tracks[i];

        err = nvm_index_segment(&t->source->src, t->track, m->segment,
                                &t->segment);

        if (err == NVM_ENOENT) {
            /* it has nothing at that time */
            ngx_memzero(&t->segment, sizeof(nvm_index_segment_t));
            continue;
        }

        if (err == NVM_OK && t->segment.nsamples) {
            err = nvm_index_plan(&t->source->src, t->track, &t->segment,
                                 &arena, &t->plan);
        }

        if (err != NVM_OK) {
            ctx->path.msn = m->segment;
            return ngx_http_video_media_error(r, t->source, err);
        }
    }

    for (i = 0; i < m->n; i++) {
        ngx_http_video_index_close(m->tracks[i].source);
    }

    ngx_http_video_index_close(ctx->vod->lead);

    m->planned = 1;
    m->read = 0;

    return NGX_OK;
}


/* The samples of a track are as many bytes as the index says. */
static ngx_uint_t
ngx_http_video_mdat_agrees(ngx_http_video_progressive_track_t *t,
    nvm_sample_t *samples)
{
    uint32_t  i;
    uint64_t  bytes;

    for (i = 0, bytes = 0; i < t->segment.nsamples; i++) {
        bytes += samples[i].size;
    }

    return bytes == t->segment.bytes;
}


/* Reads the entries of the tables, track by track. */
static ngx_int_t
ngx_http_video_mdat_tables(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    ngx_int_t                            rc;
    nvm_sample_t                        *samples;
    ngx_http_video_file_t               *f;
    ngx_http_video_progressive_track_t  *t;

    f = &m->tables;

    for ( /* void */ ; m->read < m->n; m->read++) {
        t = &m->tracks[m->read];

        ngx_memzero(&m->interleave[m->read], sizeof(nvm_interleave_t));
        m->interleave[m->read].track = &t->track->track;

        if (t->segment.nsamples == 0) {
            continue;
        }

        if (!f->reading
            && ngx_http_video_tables_start(f, t->source, &t->plan, m->pool)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        rc = ngx_http_video_tables_read(f, t->source, t->track, &t->segment,
                                        &t->plan, m->pool, &samples);

        if (rc == NGX_OK && !ngx_http_video_mdat_agrees(t, samples)) {
            rc = ngx_http_video_tables_differ(t->source, NVM_EINVAL);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        m->interleave[m->read].samples = samples;
        m->interleave[m->read].nsamples = t->segment.nsamples;
    }

    return NGX_OK;
}


/* All samples of the segment are known: to the first chunk. */
static ngx_int_t
ngx_http_video_mdat_start(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    size_t      n;
    ngx_uint_t  i;

    for (i = 0, n = 0; i < m->n; i++) {
        n += m->interleave[i].nsamples;
    }

    m->ranges = ngx_palloc(m->pool, n * sizeof(nvm_range_t));
    if (m->ranges == NULL) {
        return NGX_ERROR;
    }

    m->chunk.nsamples = 0;
    (void) nvm_interleave_next(m->interleave, m->n, &m->chunk);

    m->planned = 0;
    m->loaded = 1;

    return NGX_OK;
}


/* Drops what the range of the request does not have. */
static ngx_uint_t
ngx_http_video_mdat_skip(ngx_http_video_progressive_t *m, ngx_uint_t n,
    ngx_uint_t *first)
{
    for (*first = 0; *first < n; (*first)++) {

        if (m->skip < m->ranges[*first].size) {
            break;
        }

        m->skip -= m->ranges[*first].size;
    }

    return n - *first;
}


/* Chunks of one source, as far as they go: NGX_OK, or NGX_DECLINED: none. */
static ngx_int_t
ngx_http_video_mdat_run(ngx_http_video_progressive_t *m)
{
    ngx_uint_t                n, first;
    ngx_http_video_source_t  *s;

    while (m->chunk.nsamples) {
        s = m->tracks[m->chunk.track].source;

        for (n = 0;
             m->chunk.nsamples && m->tracks[m->chunk.track].source == s;
             /* void */)
        {
            n = ngx_http_video_body_merge(m->ranges, 0, n, m->chunk.samples,
                                          m->chunk.nsamples);
            m->chunk.nsamples = 0;
            (void) nvm_interleave_next(m->interleave, m->n, &m->chunk);
        }

        n = ngx_http_video_mdat_skip(m, n, &first);

        if (n) {
            ngx_http_video_body_ranges(&m->body, s, m->ranges + first, n,
                                       m->skip);
            m->skip = 0;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
