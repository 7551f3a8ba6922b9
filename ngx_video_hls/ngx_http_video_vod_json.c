/*
 * Copyright (C) ngx_video authors
 *
 * An asset that a JSON file describes.  A thread reads and parses the file
 * once for each change of it; what it says is an object in the store that all
 * workers share, and so is what is wrong with it.  Requests point into that
 * object and hold it until they end.
 */

#include "ngx_http_video_vod.h"


/* What the thread works on; nothing else is shared with it. */
typedef struct {
    ngx_fd_t                  fd;
    ngx_err_t                 sys;          /* of a failed read */
    nvm_err_e                 err;
    ngx_http_video_asset_t   *asset;
    char                      error[NGX_HTTP_VIDEO_ASSET_ERROR];
} ngx_http_video_json_task_t;


static ngx_int_t ngx_http_video_json_use(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_json_refused(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_json_clip(ngx_http_video_vod_t *vod);
static ngx_int_t ngx_http_video_json_files(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_json_post(ngx_http_request_t *r);
static void ngx_http_video_json_thread(void *data, ngx_log_t *log);
static void ngx_http_video_json_event(ngx_event_t *ev);
static void ngx_http_video_json_store(ngx_http_request_t *r,
    ngx_http_video_json_task_t *t);


ngx_uint_t
ngx_http_video_json_named(ngx_str_t *path)
{
    return path->len > 5
           && ngx_strncasecmp(path->data + path->len - 5, (u_char *) ".json",
                              5)
              == 0;
}


/* Finds the object, or becomes the one who makes it (NGX_DONE). */
static ngx_int_t
ngx_http_video_json_find(ngx_http_request_t *r)
{
    u_char                 buf[NGX_VIDEO_KEY_MAX];
    uint64_t               hash;
    ngx_int_t              rc;
    ngx_str_t              key;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    hash = ngx_http_video_hash(0xcbf29ce484222325ULL, vod->path.data,
                               vod->path.len);

    key.data = buf;
    key.len = ngx_sprintf(buf, "json:%xL:%uL:%T:%O:%T", hash,
                          (uint64_t) vod->of.uniq, vod->of.mtime,
                          vod->of.size,
                          ngx_http_video_asset_young(&vod->of))
              - buf;

    rc = ngx_video_object_open(ctx->store, &key, 0, NGX_VIDEO_OPEN_CREATE,
                               &vod->json);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\" is full: no description of \"%V\"",
                      &ctx->store->name, &vod->path);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return rc;
}


ngx_int_t
ngx_http_video_json_open(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;
    vod->described = 1;

    if (vod->json.id == 0) {
        rc = ngx_http_video_json_find(r);

        if (rc != NGX_OK) {
            return rc == NGX_DONE ? ngx_http_video_json_post(r) : rc;
        }
    }

    rc = ngx_http_video_object_wait(r, &vod->json);

    if (rc == NGX_DECLINED) {
        /* who made it has logged why */
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->deadline = 0;

    return ngx_http_video_json_use(r);
}


/* The description is there, or what is wrong with it. */
static ngx_int_t
ngx_http_video_json_use(ngx_http_request_t *r)
{
    size_t                   n, len;
    ngx_int_t                rc;
    ngx_video_cursor_t       cursor;
    ngx_http_video_ctx_t    *ctx;
    ngx_http_video_vod_t    *vod;
    ngx_http_video_asset_t  *a;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (ngx_video_object(ctx->store, &vod->json)->meta_len) {
        return ngx_http_video_json_refused(r);
    }

    ngx_memzero(&cursor, sizeof(ngx_video_cursor_t));

    /* shorter than a chunk: it lies in one piece */

    len = (size_t) ngx_video_object_filled(ctx->store, &vod->json);
    a = len ? (ngx_http_video_asset_t *)
              ngx_video_object_span(ctx->store, &vod->json, &cursor, 0, &n)
            : NULL;

    if (a == NULL || n < len || len < ngx_http_video_asset_len(0, 0)
        || a->ntracks > NGX_HTTP_VIDEO_ASSET_TRACKS
        || a->nclips > NGX_HTTP_VIDEO_ASSET_CLIPS
        || len != ngx_http_video_asset_len(a->ntracks, a->nclips))
    {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "description of \"%V\" is damaged", &vod->path);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    vod->asset = a;

    if (ctx->path.what == NGX_HTTP_VIDEO_POSTER) {
        /* it needs no media */
        return NGX_OK;
    }

    if (a->nclips) {
        return ngx_http_video_clips_open(r);
    }

    rc = ngx_http_video_json_clip(vod);

    return rc == NGX_OK ? ngx_http_video_json_files(r) : rc;
}


static ngx_int_t
ngx_http_video_json_refused(ngx_http_request_t *r)
{
    size_t                 n, len;
    u_char                *text;
    ngx_video_cursor_t     cursor;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_memzero(&cursor, sizeof(ngx_video_cursor_t));
    len = (size_t) ngx_video_object_filled(ctx->store, &ctx->vod->json);
    text = ngx_video_object_span(ctx->store, &ctx->vod->json, &cursor, 0, &n);

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0, "\"%V\": %*s",
                  &ctx->vod->path, ngx_min(n, len), text);

    return NGX_HTTP_UNPROCESSABLE;
}


/* The clip of the description; arguments are times within it. */
static ngx_int_t
ngx_http_video_json_clip(ngx_http_video_vod_t *vod)
{
    ngx_http_video_asset_t  *a;

    a = vod->asset;

    vod->start += a->start;
    vod->end += vod->end ? a->start : 0;

    if (a->end && (vod->end == 0 || vod->end > a->end)) {
        vod->end = a->end;
    }

    return vod->end && vod->start >= vod->end ? NGX_HTTP_NOT_FOUND : NGX_OK;
}


ngx_int_t
ngx_http_video_json_path(ngx_http_request_t *r, ngx_str_t *json,
    const char *name, ngx_str_t *path)
{
    size_t  dir;

    for (dir = json->len; json->data[dir - 1] != '/'; dir--) {
        /* void */
    }

    path->len = dir + ngx_strlen(name);
    path->data = ngx_pnalloc(r->pool, path->len + 1);
    if (path->data == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(path->data, "%*s%s%Z", dir, json->data, name);

    return NGX_OK;
}


ngx_int_t
ngx_http_video_json_file(ngx_http_request_t *r, const char *name,
    const char *member, ngx_str_t *path, ngx_open_file_info_t *of)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ngx_http_video_json_path(r, &ctx->vod->path, name, path) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(of, sizeof(ngx_open_file_info_t));

    rc = ngx_http_video_asset_file(r, path, of, member);

    if (rc == NGX_OK && !of->is_file) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": %s: \"%V\" is no file", &ctx->vod->path,
                      member, path);
        return NGX_HTTP_NOT_FOUND;
    }

    return rc;
}


/*
 * Opens the files that are named.  Unlike in a directory one that is not there
 * is a mistake: who wrote the description wants it played.
 */
static ngx_int_t
ngx_http_video_json_files(ngx_http_request_t *r)
{
    u_char                         member[sizeof("tracks[].file")
                                          + NGX_INT32_LEN];
    uint32_t                       i, texts;
    ngx_int_t                      rc;
    ngx_str_t                      path;
    ngx_open_file_info_t           of;
    ngx_http_video_ctx_t          *ctx;
    ngx_http_video_source_t       *s;
    ngx_http_video_asset_track_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    for (i = 0, texts = 0; i < ctx->vod->asset->ntracks; i++) {
        texts += ctx->vod->asset->tracks[i].text != 0;
    }

    if (ngx_http_video_asset_room(r, i - texts, texts) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < ctx->vod->asset->ntracks; i++) {
        t = &ctx->vod->asset->tracks[i];
        ngx_sprintf(member, "tracks[%uD].file%Z", i);

        rc = ngx_http_video_json_file(r, t->file, (char *) member, &path, &of);

        if (rc != NGX_OK) {
            return rc;
        }

        s = ngx_http_video_asset_source(r, &path, &of, t->text);
        s->described = t;

        if (t->text && t->language[0]) {
            ngx_memcpy(s->lang, t->iso, sizeof(s->lang));
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_json_post(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t        *ctx;
    ngx_http_video_vod_t        *vod;
    ngx_http_video_loc_conf_t   *conf;
    ngx_http_video_json_task_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    vod->task = ngx_thread_task_alloc(r->pool,
                                      sizeof(ngx_http_video_json_task_t));
    if (vod->task == NULL) {
        ngx_video_object_abort(ctx->store, &vod->json);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t = vod->task->ctx;
    ngx_memzero(t, sizeof(ngx_http_video_json_task_t));

    t->fd = vod->of.fd;
    t->asset = ngx_palloc(r->pool, sizeof(ngx_http_video_asset_t));

    vod->task->handler = ngx_http_video_json_thread;
    vod->task->event.handler = ngx_http_video_json_event;
    vod->task->event.data = r;

    if (t->asset == NULL
        || ngx_thread_task_post(conf->threads, vod->task) != NGX_OK)
    {
        ngx_video_object_abort(ctx->store, &vod->json);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_http_video_busy(r);

    return NGX_DONE;
}


static void
ngx_http_video_json_thread(void *data, ngx_log_t *log)
{
    ngx_http_video_json_task_t *t = data;

    char     *text;
    size_t    len;
    ssize_t   n;

    /* one byte more than is allowed: who has it is too large */

    text = malloc(NGX_HTTP_VIDEO_ASSET_SIZE + 1);

    if (text == NULL) {
        t->err = NVM_ENOMEM;
        return;
    }

    for (len = 0; len <= NGX_HTTP_VIDEO_ASSET_SIZE; len += n) {
        n = pread(t->fd, text + len, NGX_HTTP_VIDEO_ASSET_SIZE + 1 - len,
                  (off_t) len);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n == -1) {
            t->sys = errno;
            break;
        }

        if (n == 0) {
            break;
        }
    }

    if (t->sys == 0) {
        t->err = ngx_http_video_asset_parse(text, len, t->asset, t->error);
    }

    free(text);
}


/* Back in the worker: what was found goes into the store. */
static void
ngx_http_video_json_event(ngx_event_t *ev)
{
    ngx_http_request_t          *r;
    ngx_http_video_ctx_t        *ctx;
    ngx_http_video_vod_t        *vod;
    ngx_http_video_json_task_t  *t;

    r = ev->data;
    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;
    t = vod->task->ctx;

    ngx_http_set_log_request(r->connection->log, r);

    ngx_http_video_idle(r);

    if (t->sys || t->err == NVM_ENOMEM) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, t->sys,
                      "reading the description \"%V\" failed", &vod->path);
        ngx_video_object_abort(ctx->store, &vod->json);

    } else {
        ngx_http_video_json_store(r, t);
    }

    ngx_http_video_resume(r);
}


/* A description, or with the status of a refusal in its metadata a text. */
static void
ngx_http_video_json_store(ngx_http_request_t *r,
    ngx_http_video_json_task_t *t)
{
    void                  *data;
    size_t                 len;
    uint16_t               status;
    ngx_video_object_t    *o;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    data = t->err == NVM_OK ? (void *) t->asset : (void *) t->error;
    len = t->err == NVM_OK
          ? ngx_http_video_asset_len(t->asset->ntracks, t->asset->nclips)
          : ngx_strlen(t->error);

    if (ngx_video_object_append(ctx->store, &vod->json, data, len) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\" is full: no description of \"%V\"",
                      &ctx->store->name, &vod->path);
        ngx_video_object_abort(ctx->store, &vod->json);
        return;
    }

    if (t->err != NVM_OK) {
        o = ngx_video_object(ctx->store, &vod->json);
        status = NGX_HTTP_UNPROCESSABLE;
        ngx_memcpy(o->meta, &status, sizeof(uint16_t));
        o->meta_len = sizeof(uint16_t);
    }

    ngx_video_object_complete(ctx->store, &vod->json);
}
