/*
 * Copyright (C) ngx_video authors
 *
 * What stands before the samples of a progressive file: all sample tables of
 * its tracks, made by a thread that walks the segments of the index as if it
 * were to send them, then copied into the store, a little at a time.
 *
 * The thread reads the indexes where they are, in the store.  They are
 * complete, so nobody writes there, and the request has references to them.
 */

#include "ngx_http_video_vod_progressive.h"


/* a worker copies this much, then others have their turn: 0.3 ms */
#define NGX_HTTP_VIDEO_MOOV_STEP  (1024 * 1024)

/* boxes and samples of one segment of all tracks */
#define NGX_HTTP_VIDEO_MOOV_HEAP                                              \
    (NGX_HTTP_VIDEO_PROGRESSIVE_TRACKS * (NVM_INDEX_MAX_PLAN                  \
        + NVM_INDEX_MAX_SEGMENT * (size_t) 256))


/* A track, for the thread alone. */
typedef struct {
    nvm_index_track_t         track;
    ngx_fd_t                  fd;
    ngx_video_store_t        *store;
    ngx_video_ref_t           ref;          /* of the index: the source's */
    ngx_video_cursor_t        cursor;
    nvm_index_src_t           src;
} ngx_http_video_moov_track_t;


/* What the thread works on; nothing else is shared with it. */
typedef struct {
    ngx_http_request_t       *request;
    ngx_http_video_moov_track_t
                              tracks[NGX_HTTP_VIDEO_PROGRESSIVE_TRACKS];
    ngx_uint_t                n;
    uint32_t                  nsegments;
    size_t                    max;          /* of moov */
    nvm_heap_t                heap;
    nvm_progressive_t        *writer;
    uint64_t                 *offsets;      /* of segments */

    ngx_uint_t                failed;       /* track with which it failed */
    uint64_t                  at;           /* segment */
    nvm_err_e                 err;
    ngx_err_t                 sys;          /* of a read */

    u_char                   *text;         /* the object */
    size_t                    len;
    size_t                    stored;       /* of it */
} ngx_http_video_moov_task_t;


static void ngx_http_video_moov_thread(void *data, ngx_log_t *log);
static void ngx_http_video_moov_event(ngx_event_t *ev);
static void ngx_http_video_moov_cleanup(void *data);


static nvm_err_e
ngx_http_video_moov_index(void *data, uint64_t offset, void *dst, size_t n)
{
    ngx_http_video_moov_track_t *t = data;

    return ngx_http_video_object_read(t->store, &t->ref, &t->cursor, offset,
                                      dst, n)
           == NGX_OK ? NVM_OK : NVM_ETRUNC;
}


static ngx_http_video_moov_task_t *
ngx_http_video_moov_task(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    ngx_uint_t                     i;
    ngx_pool_cleanup_t            *cln;
    ngx_http_video_ctx_t          *ctx;
    ngx_http_video_loc_conf_t     *conf;
    ngx_http_video_moov_task_t    *t;
    ngx_http_video_moov_track_t   *track;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    m->task = ngx_thread_task_alloc(r->pool,
                                    sizeof(ngx_http_video_moov_task_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (m->task == NULL || cln == NULL) {
        return NULL;
    }

    t = m->task->ctx;
    ngx_memzero(t, sizeof(ngx_http_video_moov_task_t));
    nvm_heap_init(&t->heap, SIZE_MAX);

    cln->handler = ngx_http_video_moov_cleanup;
    cln->data = t;

    t->request = r;
    t->n = m->n;
    t->max = conf->max_moov;

    for (i = 0; i < t->n; i++) {
        track = &t->tracks[i];
        track->track = *m->tracks[i].track;
        track->fd = m->tracks[i].source->file.fd;
        track->store = ctx->store;
        track->ref = m->tracks[i].source->ref;
        track->src.read = ngx_http_video_moov_index;
        track->src.data = track;

        t->nsegments = ngx_max(t->nsegments, track->track.nsegments);
    }

    m->task->handler = ngx_http_video_moov_thread;
    m->task->event.handler = ngx_http_video_moov_event;
    m->task->event.data = t;
    m->task->event.log = r->connection->log;

    return t;
}


ngx_int_t
ngx_http_video_moov_make(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (ngx_http_video_moov_task(r, m) == NULL
        || ngx_thread_task_post(conf->threads, m->task) != NGX_OK)
    {
        ctx->writing = 0;
        ngx_video_object_abort(ctx->store, &ctx->ref);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_http_video_busy(r);

    return NGX_DONE;
}


/* The bytes of the plan's ranges, one after another. */
static nvm_err_e
ngx_http_video_moov_pread(ngx_http_video_moov_task_t *t, ngx_fd_t fd,
    nvm_index_plan_t *plan, u_char *p)
{
    size_t       left;
    off_t        offset;
    ssize_t      n;
    uint32_t     i;

    for (i = 0; i < plan->nranges; i++) {
        offset = (off_t) plan->ranges[i].offset;

        for (left = (size_t) plan->ranges[i].size; left; left -= n) {
            n = pread(fd, p, left, offset);

            if (n == -1 && errno == EINTR) {
                n = 0;
                continue;
            }

            if (n <= 0) {
                t->sys = n == -1 ? errno : 0;
                return NVM_ETRUNC;
            }

            p += n;
            offset += n;
        }
    }

    return NVM_OK;
}


/* The samples that a track has in a segment, if any. */
static nvm_err_e
ngx_http_video_moov_samples(ngx_http_video_moov_task_t *t,
    ngx_http_video_moov_track_t *track, uint32_t n, nvm_arena_t *arena,
    nvm_interleave_t *out)
{
    u_char               *bytes;
    nvm_err_e             err;
    nvm_sample_t         *samples;
    nvm_index_plan_t      plan;
    nvm_index_segment_t   segment;

    ngx_memzero(out, sizeof(nvm_interleave_t));
    out->track = &track->track.track;

    err = nvm_index_segment(&track->src, &track->track, n, &segment);

    if (err == NVM_ENOENT || (err == NVM_OK && segment.nsamples == 0)) {
        return NVM_OK;
    }

    if (err == NVM_OK) {
        err = nvm_index_plan(&track->src, &track->track, &segment, arena,
                             &plan);
    }

    if (err != NVM_OK) {
        return err;
    }

    bytes = arena->alloc(arena->data, plan.size);
    if (bytes == NULL) {
        return NVM_ENOMEM;
    }

    err = ngx_http_video_moov_pread(t, track->fd, &plan, bytes);

    if (err == NVM_OK) {
        err = nvm_index_samples(&track->track, &segment, &plan, bytes, arena,
                                &samples);
    }

    if (err == NVM_OK) {
        out->samples = samples;
        out->nsamples = segment.nsamples;
    }

    return err;
}


/* Adds segment n of all tracks, in the order in which it will be sent. */
static nvm_err_e
ngx_http_video_moov_segment(ngx_http_video_moov_task_t *t, uint32_t n,
    nvm_arena_t *arena)
{
    nvm_err_e               err;
    nvm_interleave_t        in[NGX_HTTP_VIDEO_PROGRESSIVE_TRACKS];
    nvm_interleave_chunk_t  chunk;

    t->at = n;
    t->offsets[n] = nvm_progressive_payload(t->writer);

    for (t->failed = 0; t->failed < t->n; t->failed++) {
        err = ngx_http_video_moov_samples(t, &t->tracks[t->failed], n, arena,
                                          &in[t->failed]);
        if (err != NVM_OK) {
            return err;
        }
    }

    while (nvm_interleave_next(in, t->n, &chunk) == NVM_OK) {
        t->failed = chunk.track;

        err = nvm_progressive_add(t->writer, &chunk);
        if (err != NVM_OK) {
            return err;
        }
    }

    t->failed = 0;

    return t->heap.used > t->max + NGX_HTTP_VIDEO_MOOV_STEP ? NVM_ELIMIT
                                                            : NVM_OK;
}


/* Lays the object out: see ngx_http_video_progressive_head_t. */
static nvm_err_e
ngx_http_video_moov_text(ngx_http_video_moov_task_t *t)
{
    size_t                              size, n;
    u_char                             *p;
    nvm_err_e                           err;
    nvm_writer_t                        w;
    ngx_http_video_progressive_head_t   head;

    err = nvm_progressive_end(t->writer, &size);

    if (err == NVM_OK && size > t->max) {
        err = NVM_ELIMIT;
    }

    if (err != NVM_OK) {
        return err;
    }

    n = t->nsegments * sizeof(uint64_t);

    t->len = sizeof(head) + n + size;
    t->text = t->heap.arena.alloc(t->heap.arena.data, t->len);
    if (t->text == NULL) {
        return NVM_ENOMEM;
    }

    ngx_memzero(&head, sizeof(head));
    head.magic = NGX_HTTP_VIDEO_PROGRESSIVE_MAGIC;
    head.head = size;
    head.payload = nvm_progressive_payload(t->writer);
    head.nsegments = t->nsegments;

    p = ngx_cpymem(t->text, &head, sizeof(head));
    p = ngx_cpymem(p, t->offsets, n);

    nvm_writer_init(&w, p, size);
    (void) nvm_progressive_write(&w, t->writer);

    return nvm_writer_done(&w, size);
}


static void
ngx_http_video_moov_thread(void *data, ngx_log_t *log)
{
    ngx_http_video_moov_task_t *t = data;

    uint32_t            n;
    ngx_uint_t          i;
    nvm_heap_t          heap;
    const nvm_track_t  *tracks[NGX_HTTP_VIDEO_PROGRESSIVE_TRACKS];

    for (i = 0; i < t->n; i++) {
        tracks[i] = &t->tracks[i].track.track;
    }

    t->err = nvm_progressive_create(&t->heap.arena, tracks, t->n, &t->writer);

    if (t->err == NVM_OK) {
        t->offsets = nvm_alloc(&t->heap.arena, t->nsegments,
                               sizeof(uint64_t));
        t->err = t->offsets ? NVM_OK : NVM_ENOMEM;
    }

    for (n = 0; t->err == NVM_OK && n < t->nsegments; n++) {
        nvm_heap_init(&heap, NGX_HTTP_VIDEO_MOOV_HEAP);
        t->err = ngx_http_video_moov_segment(t, n, &heap.arena);
        nvm_heap_done(&heap);
    }

    if (t->err == NVM_OK) {
        t->err = ngx_http_video_moov_text(t);
    }
}


/* Tells all who wait; what there is of the object is free for others. */
static void
ngx_http_video_moov_abort(ngx_http_request_t *r, uint16_t status)
{
    ngx_http_video_ctx_t          *ctx;
    ngx_http_video_progressive_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;

    m->status = status;

    ngx_http_video_object_fail(ctx->store, &ctx->ref, status);
    ngx_video_object_put(ctx->store, &ctx->ref);
}


/* Why there is no file. */
static void
ngx_http_video_moov_fail(ngx_http_request_t *r, ngx_http_video_moov_task_t *t)
{
    uint16_t                       status;
    ngx_str_t                     *path;
    ngx_http_video_ctx_t          *ctx;
    ngx_http_video_progressive_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;

    path = t->failed < t->n ? &m->tracks[t->failed].source->path
                            : &ctx->vod->path;

    if (t->err == NVM_ELIMIT) {
        status = NGX_HTTP_UNPROCESSABLE;

    } else if (t->sys || t->err == NVM_ENOMEM) {
        status = NGX_HTTP_SERVICE_UNAVAILABLE;

    } else {
        status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, t->sys,
                  "\"%V\": no moov of it can be made: segment %uL: %s", path,
                  t->at, nvm_strerror(t->err));

    ngx_http_video_moov_abort(r, status);
}


/* Copies the next bytes; NGX_AGAIN until it has been the last of them. */
static ngx_int_t
ngx_http_video_moov_store(ngx_http_request_t *r,
    ngx_http_video_moov_task_t *t)
{
    size_t                 n;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    n = ngx_min(t->len - t->stored, NGX_HTTP_VIDEO_MOOV_STEP);

    if (ngx_video_object_append(ctx->store, &ctx->ref, t->text + t->stored, n)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\" is full: no moov of \"%V\" of %uz "
                      "bytes", &ctx->store->name, &ctx->vod->path, t->len);

        ngx_http_video_moov_abort(r, NGX_HTTP_SERVICE_UNAVAILABLE);
        return NGX_ERROR;
    }

    t->stored += n;

    if (t->stored < t->len) {
        return NGX_AGAIN;
    }

    ngx_video_object_complete(ctx->store, &ctx->ref);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "video hls: moov of \"%V\", %uz bytes", &ctx->vod->path,
                   t->len);

    return NGX_OK;
}


/* Back in the worker: after the thread, and after each step of the copy. */
static void
ngx_http_video_moov_event(ngx_event_t *ev)
{
    ngx_http_request_t          *r;
    ngx_http_video_ctx_t        *ctx;
    ngx_http_video_moov_task_t  *t;

    t = ev->data;
    r = t->request;
    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_http_set_log_request(r->connection->log, r);

    if (t->err != NVM_OK) {
        ngx_http_video_moov_fail(r, t);

    } else if (ngx_http_video_moov_store(r, t) == NGX_AGAIN) {
        ngx_post_event(ev, &ngx_posted_next_events);
        return;
    }

    ctx->writing = 0;
    nvm_heap_done(&t->heap);

    ngx_http_video_idle(r);

    ngx_http_video_resume(r);
}


static void
ngx_http_video_moov_cleanup(void *data)
{
    ngx_http_video_moov_task_t *t = data;

    nvm_heap_done(&t->heap);
}
