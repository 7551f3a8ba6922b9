/*
 * Copyright (C) ngx_video authors
 *
 * The index of a file: an object in the store, keyed by what identifies the
 * file's bytes and by the segment duration.  Made by a thread that reads and
 * parses moov, once however many ask: the others wait for the object.
 */

#include "ngx_http_video_vod_index.h"


static ngx_int_t ngx_http_video_index_use(ngx_http_video_source_t *s);
static ngx_int_t ngx_http_video_index_post(ngx_http_video_source_t *s,
    ngx_http_video_source_t *lead);
static void ngx_http_video_index_fail(ngx_http_video_source_t *s,
    uint16_t status);
static ngx_int_t ngx_http_video_index_refused(ngx_http_video_source_t *s);
static ngx_int_t ngx_http_video_index_status(ngx_http_video_source_t *s);
static void ngx_http_video_index_event(ngx_event_t *ev);
static ngx_int_t ngx_http_video_index_store(ngx_http_video_source_t *s,
    ngx_http_video_index_task_t *t);
static void ngx_http_video_index_cleanup(void *data);


/* of the parser, beside what a moov needs */
#define NGX_HTTP_VIDEO_HEAP_MIN     (4 * 1024 * 1024)

/* of the index that is copied into the store in one turn of the event loop */
#define NGX_HTTP_VIDEO_INDEX_STEP   (256 * 1024)


static ngx_video_store_t *
ngx_http_video_source_store(ngx_http_video_source_t *s)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(s->request, ngx_http_video_hls_module);

    return ctx->store;
}


static nvm_err_e
ngx_http_video_index_read(void *data, uint64_t offset, void *dst, size_t n)
{
    ngx_http_video_source_t *s = data;

    return ngx_http_video_object_read(ngx_http_video_source_store(s), &s->ref,
                                      &s->cursor, offset, dst, n)
           == NGX_OK ? NVM_OK : NVM_ETRUNC;
}


uint64_t
ngx_http_video_index_epoch(ngx_http_video_source_t *s,
    ngx_http_video_source_t *lead)
{
    uint64_t                    h;
    ngx_msec_t                  target;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(s->request, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(s->request,
                                        ngx_http_video_hls_module);
    target = conf->segment;

    h = 0xcbf29ce484222325ULL;
    h = ngx_http_video_hash(h, s->path.data, s->path.len);
    h = ngx_http_video_hash(h, &s->of.uniq, sizeof(s->of.uniq));
    h = ngx_http_video_hash(h, &s->of.mtime, sizeof(s->of.mtime));
    h = ngx_http_video_hash(h, &s->of.size, sizeof(s->of.size));
    h = ngx_http_video_hash(h, &target, sizeof(target));

    if (conf->holes) {
        /* other bytes: another name */
        h = ngx_http_video_hash(h, "holes", 5);
    }

    if (lead) {
        h = ngx_http_video_hash(h, &lead->epoch, sizeof(lead->epoch));
    }

    if (ctx->vod->period) {
        h = ngx_http_video_hash(h, &ctx->vod->period,
                                sizeof(ctx->vod->period));
    }

    if (ctx->vod->start || ctx->vod->end) {
        h = ngx_http_video_hash(h, &ctx->vod->start, sizeof(ctx->vod->start));
        h = ngx_http_video_hash(h, &ctx->vod->end, sizeof(ctx->vod->end));
    }

    /* 0 means none */
    return h ? h : 1;
}


/* Finds the index, or becomes the one who makes it (NGX_DONE). */
static ngx_int_t
ngx_http_video_index_find(ngx_http_video_source_t *s,
    ngx_http_video_source_t *lead)
{
    u_char                      buf[NGX_VIDEO_KEY_MAX];
    ngx_int_t                   rc;
    ngx_str_t                   key;
    ngx_video_store_t          *st;
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(s->request,
                                        ngx_http_video_hls_module);
    st = ngx_http_video_source_store(s);

    s->epoch = ngx_http_video_index_epoch(s, lead);

    key.data = buf;
    key.len = ngx_sprintf(buf, "index:%xL:%O:%T:%uL:%M",
                          (uint64_t) s->of.uniq, s->of.size, s->of.mtime,
                          s->epoch, conf->segment)
              - buf;

    rc = ngx_video_object_open(st, &key, 0, NGX_VIDEO_OPEN_CREATE, &s->ref);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, s->request->connection->log, 0,
                      "video zone \"%V\" is full: no index of \"%V\"",
                      &st->name, &s->path);
    }

    return rc;
}


ngx_int_t
ngx_http_video_index_open(ngx_http_video_source_t *s,
    ngx_http_video_source_t *lead)
{
    ngx_int_t  rc;

    if (s->task) {
        /* ours, it has just ended */
        return ngx_http_video_index_use(s);
    }

    if (s->ref.id == 0) {
        rc = ngx_http_video_index_find(s, lead);

        if (rc == NGX_DONE) {
            return ngx_http_video_index_post(s, lead);
        }

        if (rc != NGX_OK) {
            return NGX_HTTP_SERVICE_UNAVAILABLE;
        }
    }

    rc = ngx_http_video_object_wait(s->request, &s->ref);

    if (rc == NGX_DECLINED) {
        /* who made it has logged why */
        return ngx_http_video_index_status(s);
    }

    return rc == NGX_OK ? ngx_http_video_index_use(s) : rc;
}


void
ngx_http_video_index_close(ngx_http_video_source_t *s)
{
    ngx_video_object_put(ngx_http_video_source_store(s), &s->ref);
    ngx_memzero(&s->cursor, sizeof(ngx_video_cursor_t));
    s->task = NULL;
}


static void
ngx_http_video_index_fail(ngx_http_video_source_t *s, uint16_t status)
{
    ngx_http_video_object_fail(ngx_http_video_source_store(s), &s->ref,
                               status);
}


static ngx_int_t
ngx_http_video_index_status(ngx_http_video_source_t *s)
{
    return ngx_http_video_object_status(ngx_http_video_source_store(s),
                                        &s->ref);
}


/* For who is to be told why there is no index. */
static void
ngx_http_video_index_why(ngx_http_video_source_t *s, u_char *text, size_t len)
{
    ngx_str_t  why;

    why.data = text;
    why.len = len;

    s->refused.data = ngx_pstrdup(s->request->pool, &why);
    s->refused.len = s->refused.data ? len : 0;
}


/*
 * A file that can't be packaged has an index too: a text that says why.  So
 * it is read once, not at each request, and each request tells of it.  Limits
 * are not the file's: another location may have others.
 */
static void
ngx_http_video_index_refuse(ngx_http_video_source_t *s, nvm_fault_t *f,
    nvm_err_e err)
{
    u_char                 text[256], *last;
    uint16_t               status;
    ngx_video_store_t     *st;
    ngx_video_object_t    *o;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(s->request, ngx_http_video_hls_module);
    st = ctx->store;
    o = ngx_video_object(st, &s->ref);

    /* a clip of a good file that has nothing there */
    status = (ctx->vod->query || ctx->vod->period) && err == NVM_ENOENT
             ? NGX_HTTP_NOT_FOUND : NGX_HTTP_UNPROCESSABLE;

    last = ngx_snprintf(text, sizeof(text), "%s%s%s at offset %uL", f->where,
                        f->where[0] ? ": " : "",
                        f->what ? f->what : nvm_strerror(err), f->offset);

    ngx_http_video_index_why(s, text, last - text);

    if (err == NVM_ELIMIT
        || ngx_video_object_append(st, &s->ref, text, last - text) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, s->request->connection->log, 0,
                      "\"%V\": %*s", &s->path, (size_t) (last - text), text);
        s->limited = 1;
        ngx_http_video_index_fail(s, status);
        return;
    }

    ngx_memcpy(o->meta, &status, sizeof(uint16_t));
    o->meta_len = sizeof(uint16_t);

    ngx_video_object_complete(st, &s->ref);
}


static ngx_int_t
ngx_http_video_index_refused(ngx_http_video_source_t *s)
{
    size_t                 n, len;
    u_char                *text;
    ngx_video_store_t     *st;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(s->request, ngx_http_video_hls_module);
    st = ctx->store;

    len = (size_t) ngx_video_object_filled(st, &s->ref);
    text = ngx_video_object_span(st, &s->ref, &s->cursor, 0, &n);
    ngx_http_video_index_why(s, text, ngx_min(n, len));

    /* of several files one is left out: its segments are not asked for */

    if (ctx->vod->nsources == 1 || ctx->path.what == NGX_HTTP_VIDEO_MASTER
        || ctx->path.what == NGX_HTTP_VIDEO_MANIFEST
        || ctx->path.what == NGX_HTTP_VIDEO_INFO
        || ctx->path.what == NGX_HTTP_VIDEO_PROGRESSIVE)
    {
        ngx_log_error(NGX_LOG_ERR, s->request->connection->log, 0,
                      "\"%V\": %*s", &s->path, ngx_min(n, len), text);
    }

    return ngx_http_video_index_status(s);
}


static ngx_int_t
ngx_http_video_index_use(ngx_http_video_source_t *s)
{
    ngx_video_store_t     *st;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(s->request, ngx_http_video_hls_module);
    st = ctx->store;

    if (ngx_video_object_state(st, &s->ref) != NGX_VIDEO_OBJECT_COMPLETE) {
        return ngx_http_video_index_status(s);
    }

    if (ngx_video_object(st, &s->ref)->meta_len) {
        return ngx_http_video_index_refused(s);
    }

    s->src.read = ngx_http_video_index_read;
    s->src.data = s;

    if (nvm_index_head(&s->src, &s->head) != NVM_OK
        || s->head.file_size != (uint64_t) s->of.size)
    {
        ngx_log_error(NGX_LOG_ALERT, s->request->connection->log, 0,
                      "video index of \"%V\" is damaged", &s->path);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->deadline = 0;

    return NGX_OK;
}


/* What the thread needs of the source and of the file that leads. */
static ngx_http_video_index_task_t *
ngx_http_video_index_task(ngx_http_video_source_t *s,
    ngx_http_video_source_t *lead)
{
    nvm_arena_t                   arena;
    ngx_pool_cleanup_t           *cln;
    ngx_http_request_t           *r;
    ngx_http_video_ctx_t         *ctx;
    ngx_http_video_loc_conf_t    *conf;
    ngx_http_video_index_task_t  *t;

    r = s->request;
    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    s->task = ngx_thread_task_alloc(r->pool,
                                    sizeof(ngx_http_video_index_task_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (s->task == NULL || cln == NULL) {
        return NULL;
    }

    t = s->task->ctx;
    ngx_memzero(t, sizeof(ngx_http_video_index_task_t));
    t->fd = s->file.fd;
    t->size = s->of.size;
    t->max_moov = conf->max_moov;
    t->holes = conf->holes;
    t->target = (uint32_t) conf->segment;
    t->period = ctx->vod->period;
    t->start = ctx->vod->start;
    t->end = ctx->vod->end;
    nvm_heap_init(&t->heap, NGX_HTTP_VIDEO_HEAP_MIN);

    cln->handler = ngx_http_video_index_cleanup;
    cln->data = t;

    if (lead) {
        ngx_video_pool_arena(&arena, r->pool);

        if (nvm_index_lead(&lead->src, &arena, &t->lead) != NVM_OK) {
            return NULL;
        }
    }

    s->task->handler = ngx_http_video_index_thread;
    s->task->event.handler = ngx_http_video_index_event;
    s->task->event.data = s;
    s->task->event.log = r->connection->log;

    return t;
}


static ngx_int_t
ngx_http_video_index_post(ngx_http_video_source_t *s,
    ngx_http_video_source_t *lead)
{
    ngx_http_request_t         *r;
    ngx_http_video_loc_conf_t  *conf;

    r = s->request;
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (ngx_http_video_index_task(s, lead) == NULL
        || ngx_thread_task_post(conf->threads, s->task) != NGX_OK)
    {
        ngx_video_object_abort(ngx_http_video_source_store(s), &s->ref);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "video hls: reads \"%V\"", &s->path);

    ngx_http_video_busy(r);

    return NGX_DONE;
}


/*
 * Back in the worker, after the thread and after each step of the copy: the
 * index goes into the store, and the request goes on.
 */
static void
ngx_http_video_index_event(ngx_event_t *ev)
{
    ngx_http_request_t           *r;
    ngx_http_video_source_t      *s;
    ngx_http_video_index_task_t  *t;

    s = ev->data;
    r = s->request;
    t = s->task->ctx;

    ngx_http_set_log_request(r->connection->log, r);

    if (t->sys || t->err == NVM_ENOMEM) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, t->sys,
                      "\"%V\": %s at offset %uL", &s->path,
                      t->fault.what ? t->fault.what : nvm_strerror(t->err),
                      t->fault.offset);

        ngx_http_video_index_fail(s, NGX_HTTP_SERVICE_UNAVAILABLE);

    } else if (t->err != NVM_OK) {
        ngx_http_video_index_refuse(s, &t->fault, t->err);

    } else if (ngx_http_video_index_store(s, t) == NGX_AGAIN) {
        ngx_post_event(ev, &ngx_posted_next_events);
        return;
    }

    nvm_heap_done(&t->heap);

    ngx_http_video_idle(r);

    ngx_http_video_resume(r);
}


/* NGX_AGAIN: there is more to copy, or the request goes on in the next turn. */
static ngx_int_t
ngx_http_video_index_store(ngx_http_video_source_t *s,
    ngx_http_video_index_task_t *t)
{
    size_t              n;
    ngx_log_t          *log;
    nvm_index_head_t    head;
    ngx_video_store_t  *st;

    log = s->request->connection->log;
    st = ngx_http_video_source_store(s);

    if (t->stored == t->len) {
        return NGX_OK;
    }

    n = ngx_min(t->len - t->stored, NGX_HTTP_VIDEO_INDEX_STEP);

    if (ngx_video_object_append(st, &s->ref, t->index + t->stored, n)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "video zone \"%V\" is full: no index of \"%V\" of %uz "
                      "bytes", &st->name, &s->path, t->len);

        ngx_http_video_index_fail(s, NGX_HTTP_SERVICE_UNAVAILABLE);
        return NGX_OK;
    }

    t->stored += n;

    if (t->stored < t->len) {
        return NGX_AGAIN;
    }

    ngx_video_object_complete(st, &s->ref);

    ngx_memcpy(&head, t->index, sizeof(nvm_index_head_t));

    if (t->torn) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"%V\": broken off, what begins at offset %uL of %uL "
                      "bytes is left out", &s->path, t->torn, t->size);
    }

    if (head.nskipped) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"%V\": %uD track(s) left out, the first is \"%s\"",
                      &s->path, head.nskipped, head.skipped);
    }

    if (head.nmisaligned && ngx_http_video_described_has(s, NVM_VIDEO)) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"%V\": %uD video track(s) left out: no key frame at "
                      "%uL ms, where a segment begins; the next one is at "
                      "%uL ms", &s->path, head.nmisaligned, head.boundary,
                      head.key);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, log, 0,
                   "video hls: index of \"%V\", %uz bytes", &s->path, t->len);

    return NGX_AGAIN;
}


static void
ngx_http_video_index_cleanup(void *data)
{
    ngx_http_video_index_task_t *t = data;

    nvm_heap_done(&t->heap);
}
