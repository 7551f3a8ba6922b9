/*
 * Copyright (C) ngx_video authors
 *
 * "info.json" of an asset, for who wants to know why a file plays as it does,
 * or not at all: where a manifest is 422 this is 422 too, but has a body.
 *
 * What the indexes say is collected in the worker; the files are inspected by
 * a thread, which writes the text.  The text is kept in the store for all who
 * ask until a file changes.
 */

#include "ngx_http_video_vod_info.h"


static ngx_int_t ngx_http_video_info_create(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_info_open(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_info_post(ngx_http_request_t *r);
static void ngx_http_video_info_event(ngx_event_t *ev);
static ngx_int_t ngx_http_video_info_headers(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_info_send(ngx_http_request_t *r);
static void ngx_http_video_info_cleanup(void *data);


ngx_int_t
ngx_http_video_vod_info(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_info_t  *info;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->vod->info == NULL) {
        rc = ngx_http_video_info_create(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    info = ctx->vod->info;

    if (info->done) {
        return ngx_http_video_info_send(r);
    }

    if (!info->collected) {

        rc = ngx_http_video_vod_indexes(r);

        if (rc == NGX_HTTP_UNPROCESSABLE) {
            ctx->status = rc;

        } else if (rc == NGX_DECLINED) {
            /* clips, which have no tracks in common */
            ngx_http_video_index_close(ctx->vod->sources);
            ngx_str_set(&ctx->vod->sources->refused, "sample entries change");

        } else if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_http_video_info_collect(r);

        if (rc != NGX_OK) {
            return rc;
        }

        info->collected = 1;
        ctx->deadline = 0;
    }

    return ngx_http_video_info_open(r);
}


/*
 * All that the text depends on: the bytes of the files as far as the epoch
 * knows them, whether there are others in the directory, and the directives.
 */
static ngx_int_t
ngx_http_video_info_identity(ngx_http_request_t *r, uint64_t *identity)
{
    uint64_t                    h;
    ngx_http_video_vod_t       *vod;
    ngx_http_video_source_t    *s;
    ngx_http_video_select_t     select;
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
    vod = ((ngx_http_video_ctx_t *)
           ngx_http_get_module_ctx(r, ngx_http_video_hls_module))->vod;

    if (ngx_http_video_select_init(r, &select) != NGX_OK) {
        return NGX_ERROR;
    }

    h = ngx_http_video_hash(0xcbf29ce484222325ULL, vod->path.data,
                            vod->path.len);
    h = ngx_http_video_hash(h, &vod->of.uniq, sizeof(vod->of.uniq));
    h = ngx_http_video_hash(h, &vod->of.mtime, sizeof(vod->of.mtime));

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        s->epoch = ngx_http_video_index_epoch(s, NULL);
        h = ngx_http_video_hash(h, &s->epoch, sizeof(s->epoch));
    }

    for (s = vod->texts; s < vod->texts + vod->ntexts; s++) {
        h = ngx_http_video_hash(h, s->path.data, s->path.len);
        h = ngx_http_video_hash(h, &s->of.uniq, sizeof(s->of.uniq));
        h = ngx_http_video_hash(h, &s->of.mtime, sizeof(s->of.mtime));
        h = ngx_http_video_hash(h, &s->of.size, sizeof(s->of.size));
    }

    h = ngx_http_video_hash(h, &conf->max_moov, sizeof(conf->max_moov));
    h = ngx_http_video_hash(h, &select.max_height, sizeof(select.max_height));
    h = ngx_http_video_hash(h, &select.max_bandwidth,
                            sizeof(select.max_bandwidth));
    h = ngx_http_video_hash(h, select.tracks.data, select.tracks.len);
    *identity = ngx_http_video_described_epoch(vod, h);

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_info_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_info_t      *info;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    info = ngx_pcalloc(r->pool, sizeof(ngx_http_video_info_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (info == NULL || cln == NULL
        || ngx_http_video_ref_cleanup(r) != NGX_OK
        || ngx_http_video_info_identity(r, &info->identity) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    info->key.data = ngx_pnalloc(r->pool, NGX_VIDEO_KEY_MAX);

    if (info->key.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    info->key.len = ngx_sprintf(info->key.data, "info:%xL:%ui",
                                info->identity, ctx->vod->nsources)
                    - info->key.data;

    info->dir = ctx->vod->of.is_dir ? ctx->vod->path.data : NULL;
    info->segment = conf->segment;
    info->max_moov = conf->max_moov;

    ngx_http_video_info_memory_init(&info->memory,
                                    2 * NGX_HTTP_VIDEO_INFO_MAX);
    cln->handler = ngx_http_video_info_cleanup;
    cln->data = info;

    ctx->vod->info = info;

    return NGX_OK;
}


static void
ngx_http_video_info_cleanup(void *data)
{
    ngx_http_video_info_t *info = data;

    ngx_http_video_info_memory_done(&info->memory);
}


/* The text of another request, or our own; one that isn't kept if need be. */
static ngx_int_t
ngx_http_video_info_open(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_info_t  *info;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    info = ctx->vod->info;

    if (ctx->ref.id == 0 && info->definite) {
        rc = ngx_video_object_open(ctx->store, &info->key, 0,
                                   NGX_VIDEO_OPEN_CREATE, &ctx->ref);
        ctx->writing = (rc == NGX_DONE);
    }

    if (ctx->ref.id == 0 || ctx->writing) {
        return ngx_http_video_info_post(r);
    }

    rc = ngx_http_video_object_wait(r, &ctx->ref);

    if (rc == NGX_DECLINED) {
        ngx_video_object_put(ctx->store, &ctx->ref);
        return ngx_http_video_info_post(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_video_info_headers(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_send_object(r, 0,
                            ngx_video_object_filled(ctx->store, &ctx->ref));
}


static ngx_int_t
ngx_http_video_info_post(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_info_t      *info;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
    info = ctx->vod->info;

    info->task = ngx_thread_task_alloc(r->pool, 0);

    if (info->task == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    info->task->ctx = info;
    info->task->handler = ngx_http_video_info_thread;
    info->task->event.handler = ngx_http_video_info_event;
    info->task->event.data = r;

    if (ngx_thread_task_post(conf->threads, info->task) != NGX_OK) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "video hls: inspects \"%V\"", &ctx->vod->path);

    ngx_http_video_busy(r);

    return NGX_DONE;
}


static void
ngx_http_video_info_event(ngx_event_t *ev)
{
    ngx_http_request_t     *r;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_info_t  *info;

    r = ev->data;
    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    info = ctx->vod->info;

    ngx_http_set_log_request(r->connection->log, r);

    ngx_http_video_idle(r);

    if (info->unread) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, info->err,
                      "reading \"%V\" of \"%V\" failed", info->unread,
                      &ctx->vod->path);
        info->definite = 0;
    }

    info->done = 1;

    ngx_http_video_resume(r);
}


/* A text that is not kept has the ETag of its bytes: the next may differ. */
static ngx_int_t
ngx_http_video_info_headers(ngx_http_request_t *r)
{
    uint64_t                tag;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_info_t  *info;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    info = ctx->vod->info;

    tag = 0xcbf29ce484222325ULL;
    tag = info->definite
          ? ngx_http_video_hash(tag, info->key.data, info->key.len)
          : ngx_http_video_hash(tag, info->text, info->len);

    return ngx_http_video_headers(r, NGX_HTTP_VIDEO_NO_CACHE, info->identity,
                                  tag);
}


static ngx_int_t
ngx_http_video_info_send(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_info_t  *info;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    info = ctx->vod->info;

    if (ctx->writing) {
        ctx->writing = 0;

        if (info->text && info->definite
            && ngx_video_object_append(ctx->store, &ctx->ref, info->text,
                                       info->len)
               == NGX_OK)
        {
            ngx_video_object_complete(ctx->store, &ctx->ref);

        } else {
            ngx_video_object_abort(ctx->store, &ctx->ref);
        }

        ngx_video_object_put(ctx->store, &ctx->ref);
    }

    if (info->text == NULL || ngx_http_video_info_headers(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_send_text(r, info->text, info->len);
}
