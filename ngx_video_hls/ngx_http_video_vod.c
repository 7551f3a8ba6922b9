/*
 * Copyright (C) ngx_video authors
 *
 * Files as presentations: the way from a URL to an open file and its index,
 * and everything that is rendered from the index alone.  Media segments are
 * in ngx_http_video_vod_media.c.
 */

#include "ngx_http_video_hls_module.h"
#include "nvm_cmaf.h"
#include "nvm_dash.h"
#include "nvm_hls.h"


typedef struct {
    nvm_index_track_t         track[NVM_MAX_TRACKS];
    nvm_timeline_t            timeline[NVM_MAX_TRACKS];
    char                      name[NVM_MAX_TRACKS][24];
    ngx_uint_t                n;
    char                      prefix[24];
} ngx_http_video_vod_tracks_t;


static ngx_int_t ngx_http_video_vod_open(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_vod_list(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_vod_track(ngx_http_request_t *r,
    nvm_index_track_t *t);


ngx_int_t
ngx_http_video_vod_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    nvm_index_track_t     *t;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->vod == NULL) {
        rc = ngx_http_video_vod_open(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (!ctx->vod->indexed) {
        rc = ngx_http_video_index_open(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_PART:
        return NGX_HTTP_NOT_FOUND;

    case NGX_HTTP_VIDEO_SEGMENT:
        t = ngx_palloc(r->pool, sizeof(nvm_index_track_t));
        if (t == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        rc = ngx_http_video_vod_track(r, t);

        return rc == NGX_OK ? ngx_http_video_vod_media(r, t) : rc;

    default:
        return ngx_http_video_vod_list(r);
    }
}


/* Maps the asset to a file as nginx maps URIs: root, alias, variables. */
static ngx_int_t
ngx_http_video_vod_path(ngx_http_request_t *r, ngx_str_t *path)
{
    u_char                    *last;
    size_t                     root;
    ngx_str_t                  uri;
    ngx_http_video_ctx_t      *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* "/vod/master.m3u8": the alias would replace more than there is */
    if (clcf->alias != NGX_MAX_SIZE_T_VALUE
        && ctx->path.asset.len < clcf->alias)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    uri = r->uri;
    r->uri = ctx->path.asset;
    last = ngx_http_map_uri_to_path(r, path, &root, 0);
    r->uri = uri;

    if (last == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    path->len = last - path->data;

    return NGX_OK;
}


/* The status and log level for a file that can't be opened, as nginx's. */
static ngx_int_t
ngx_http_video_vod_open_error(ngx_http_request_t *r,
    ngx_open_file_info_t *of, ngx_str_t *path)
{
    ngx_int_t   rc;
    ngx_uint_t  level;

    switch (of->err) {

    case 0:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    case NGX_ENOENT:
    case NGX_ENOTDIR:
    case NGX_ENAMETOOLONG:
        level = NGX_LOG_ERR;
        rc = NGX_HTTP_NOT_FOUND;
        break;

    case NGX_EACCES:
        level = NGX_LOG_ERR;
        rc = NGX_HTTP_FORBIDDEN;
        break;

    default:
        level = NGX_LOG_CRIT;
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_log_error(level, r->connection->log, of->err, "%s \"%V\" failed",
                  of->failed, path);

    return rc;
}


static ngx_int_t
ngx_http_video_vod_open(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_video_ctx_t      *ctx;
    ngx_http_video_vod_t      *vod;
    ngx_open_file_info_t      *of;
    ngx_http_core_loc_conf_t  *clcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    vod = ngx_pcalloc(r->pool, sizeof(ngx_http_video_vod_t));
    if (vod == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_video_vod_path(r, &vod->path);

    if (rc != NGX_OK) {
        return rc;
    }

    of = &vod->of;
    of->read_ahead = clcf->read_ahead;
    of->directio = NGX_OPEN_FILE_DIRECTIO_OFF;
    of->valid = clcf->open_file_cache_valid;
    of->min_uses = clcf->open_file_cache_min_uses;
    of->errors = clcf->open_file_cache_errors;
    of->events = clcf->open_file_cache_events;

    if (ngx_http_set_disable_symlinks(r, clcf, &vod->path, of) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_open_cached_file(clcf->open_file_cache, &vod->path, of, r->pool)
        != NGX_OK)
    {
        return ngx_http_video_vod_open_error(r, of, &vod->path);
    }

    if (!of->is_file) {
        return NGX_HTTP_NOT_FOUND;
    }

    vod->file.fd = of->fd;
    vod->file.name = vod->path;
    vod->file.log = r->connection->log;

    ctx->vod = vod;

    return NGX_OK;
}


/* The track that the path's "v0" or "a0" means. */
static ngx_int_t
ngx_http_video_vod_track(ngx_http_request_t *r, nvm_index_track_t *t)
{
    uint32_t               i;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->path.epoch && ctx->path.epoch != ctx->vod->epoch) {
        /* of a file that was replaced */
        return NGX_HTTP_NOT_FOUND;
    }

    for (i = 0; i < ctx->vod->head.ntracks; i++) {

        if (nvm_index_track(&ctx->vod->src, i, t) != NVM_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (t->track.kind == ctx->path.kind && t->name == ctx->path.number) {
            return NGX_OK;
        }
    }

    return NGX_HTTP_NOT_FOUND;
}


static nvm_err_e
ngx_http_video_vod_master(nvm_writer_t *w, ngx_http_video_vod_tracks_t *t)
{
    ngx_uint_t            i;
    nvm_hls_master_t      m;
    nvm_hls_rendition_t   renditions[NVM_MAX_TRACKS];

    ngx_memzero(&m, sizeof(nvm_hls_master_t));
    ngx_memzero(renditions, sizeof(renditions));

    for (i = 0; i < t->n; i++) {
        renditions[i].track = &t->track[i].track;
        renditions[i].dir = t->name[i];
    }

    m.renditions = renditions;
    m.nrenditions = t->n;
    m.independent = 1;

    return nvm_hls_master_write(w, &m);
}


static nvm_err_e
ngx_http_video_vod_manifest(nvm_writer_t *w, ngx_http_video_vod_tracks_t *t)
{
    nvm_dash_t        d;
    ngx_uint_t        i;
    nvm_dash_track_t  tracks[NVM_MAX_TRACKS];

    ngx_memzero(&d, sizeof(nvm_dash_t));
    ngx_memzero(tracks, sizeof(tracks));

    for (i = 0; i < t->n; i++) {
        tracks[i].timeline = &t->timeline[i];
        tracks[i].id = t->name[i];
        tracks[i].prefix = t->prefix;
    }

    d.tracks = tracks;
    d.ntracks = t->n;

    return nvm_dash_write(w, &d);
}


static nvm_err_e
ngx_http_video_vod_playlist(nvm_writer_t *w, ngx_http_video_vod_tracks_t *t)
{
    ngx_uint_t       i;
    nvm_hls_media_t  media;

    ngx_memzero(&media, sizeof(nvm_hls_media_t));

    media.prefix = t->prefix;
    media.vod = 1;
    media.independent = 1;

    for (i = 0; i < t->timeline[0].nsegments; i++) {
        if (!t->timeline[0].segments[i].independent) {
            media.independent = 0;
        }
    }

    return nvm_hls_media_write(w, &t->timeline[0], &media);
}


static nvm_err_e
ngx_http_video_vod_write(ngx_http_request_t *r, nvm_writer_t *w,
    ngx_http_video_vod_tracks_t *t)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_MASTER:
        return ngx_http_video_vod_master(w, t);

    case NGX_HTTP_VIDEO_MANIFEST:
        return ngx_http_video_vod_manifest(w, t);

    case NGX_HTTP_VIDEO_PLAYLIST:
        return ngx_http_video_vod_playlist(w, t);

    default:
        return nvm_cmaf_init_write(w, &t->track[0].track);
    }
}


/* Reads what the answer is rendered from: one track, or all of them. */
static ngx_int_t
ngx_http_video_vod_read(ngx_http_request_t *r, ngx_http_video_vod_tracks_t *t)
{
    uint32_t               i;
    ngx_int_t              rc;
    nvm_arena_t            arena;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ngx_video_pool_arena(&arena, r->pool);

    ngx_sprintf((u_char *) t->prefix, "e%xL/%Z", ctx->vod->epoch);

    if (ctx->path.what == NGX_HTTP_VIDEO_PLAYLIST
        || ctx->path.what == NGX_HTTP_VIDEO_INIT)
    {
        t->n = 1;
        rc = ngx_http_video_vod_track(r, &t->track[0]);

        if (rc != NGX_OK || ctx->path.what == NGX_HTTP_VIDEO_INIT) {
            return rc;
        }

    } else {
        t->n = ngx_min(ctx->vod->head.ntracks, NVM_MAX_TRACKS);
    }

    for (i = 0; i < t->n; i++) {

        if (t->n > 1 || ctx->path.what != NGX_HTTP_VIDEO_PLAYLIST) {
            if (nvm_index_track(&ctx->vod->src, i, &t->track[i]) != NVM_OK) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }

        if (ctx->path.what != NGX_HTTP_VIDEO_MASTER
            && nvm_index_timeline(&ctx->vod->src, &t->track[i], &arena,
                                  &t->timeline[i])
               != NVM_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_sprintf((u_char *) t->name[i], "%c%uD%Z",
                    t->track[i].track.kind == NVM_VIDEO ? 'v' : 'a',
                    t->track[i].name);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_vod_list(ngx_http_request_t *r)
{
    u_char                       *text;
    size_t                        len;
    ngx_int_t                     rc;
    nvm_err_e                     err;
    nvm_writer_t                  w;
    ngx_http_video_ctx_t         *ctx;
    ngx_http_video_vod_tracks_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    t = ngx_pcalloc(r->pool, sizeof(ngx_http_video_vod_tracks_t));
    if (t == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_video_vod_read(r, t);

    if (rc != NGX_OK) {
        return rc;
    }

    nvm_writer_init(&w, NULL, 0);
    err = ngx_http_video_vod_write(r, &w, t);

    if (err != NVM_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": nothing to list: %s", &ctx->vod->path,
                      nvm_strerror(err));
        return NGX_HTTP_UNPROCESSABLE;
    }

    len = w.len;
    text = ngx_pnalloc(r->pool, len);
    if (text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nvm_writer_init(&w, text, len);
    (void) ngx_http_video_vod_write(r, &w, t);

    if (nvm_writer_done(&w, len) != NVM_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a replaced file has another epoch: noticed at the next manifest */
    return ngx_http_video_send_memory(r, text, len,
                                      ctx->path.epoch
                                      ? NGX_HTTP_VIDEO_IMMUTABLE
                                      : NGX_HTTP_VIDEO_NO_CACHE,
                                      ctx->vod->epoch);
}
