/*
 * Copyright (C) ngx_video authors
 *
 * The samples of a segment, from the entries of the file's sample tables.
 */

#ifndef NGX_HTTP_VIDEO_VOD_TABLES_H
#define NGX_HTTP_VIDEO_VOD_TABLES_H

#include "ngx_http_video_file.h"
#include "ngx_http_video_vod.h"


/*
 * Makes a reader of files read what the plan of a segment says, into memory
 * of the pool; its request and what it resumes are the caller's to set.
 */
ngx_int_t ngx_http_video_tables_start(ngx_http_video_file_t *f,
    ngx_http_video_source_t *s, nvm_index_plan_t *plan, ngx_pool_t *pool);

/*
 * Reads it, and makes samples of it, in memory of the pool: NGX_OK, NGX_DONE
 * as ngx_http_video_file_read(), or NGX_ERROR, logged.
 */
ngx_int_t ngx_http_video_tables_read(ngx_http_video_file_t *f,
    ngx_http_video_source_t *s, nvm_index_track_t *t,
    nvm_index_segment_t *segment, nvm_index_plan_t *plan, ngx_pool_t *pool,
    nvm_sample_t **samples);

/* Logs that they are not what the index was made of; NGX_ERROR. */
ngx_int_t ngx_http_video_tables_differ(ngx_http_video_source_t *s,
    nvm_err_e err);


#endif /* NGX_HTTP_VIDEO_VOD_TABLES_H */
