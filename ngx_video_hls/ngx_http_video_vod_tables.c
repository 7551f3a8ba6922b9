/*
 * Copyright (C) ngx_video authors
 *
 * The samples of a segment: the index says which entries of the file's sample
 * tables they have, and these are read for each request.
 */

#include "ngx_http_video_vod_tables.h"


ngx_int_t
ngx_http_video_tables_start(ngx_http_video_file_t *f,
    ngx_http_video_source_t *s, nvm_index_plan_t *plan, ngx_pool_t *pool)
{
    f->path = &s->path;
    f->fd = s->file.fd;
    f->ranges = plan->ranges;
    f->nranges = plan->nranges;
    f->range = 0;
    f->done = 0;
    f->filled = 0;
    f->size = plan->size;
    f->buffer = ngx_pnalloc(pool, f->size);

    return f->buffer ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_video_tables_read(ngx_http_video_file_t *f,
    ngx_http_video_source_t *s, nvm_index_track_t *t,
    nvm_index_segment_t *segment, nvm_index_plan_t *plan, ngx_pool_t *pool,
    nvm_sample_t **samples)
{
    ngx_int_t    rc;
    nvm_err_e    err;
    nvm_arena_t  arena;

    rc = ngx_http_video_file_read(f);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_video_pool_arena(&arena, pool);
    err = nvm_index_samples(t, segment, plan, f->buffer, &arena, samples);

    return err == NVM_OK ? NGX_OK : ngx_http_video_tables_differ(s, err);
}


ngx_int_t
ngx_http_video_tables_differ(ngx_http_video_source_t *s, nvm_err_e err)
{
    ngx_log_error(NGX_LOG_ERR, s->request->connection->log, 0,
                  "\"%V\": sample tables are not what they were: %s",
                  &s->path, nvm_strerror(err));

    return NGX_ERROR;
}
