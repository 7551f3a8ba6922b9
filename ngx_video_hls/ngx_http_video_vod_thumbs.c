/*
 * Copyright (C) ngx_video authors
 *
 * ASSET/thumbs.vtt, ASSET/thumbs/<n>.jpg, ASSET/poster.jpg: files that the
 * transcoder makes when the first of them is asked for, in a directory of the
 * name of what they are made of and how.  That directory is there when all of
 * it is: a file that is not in it is none.
 *
 * Who finds no directory looks for an object in the store: its writer has it
 * made, all others wait for it, in whatever worker.
 */

#include <ngx_md5.h>

#include "ngx_http_video_vod.h"


/* bytes of an order without its names: seventeen numbers at most */
#define NGX_HTTP_VIDEO_ORDER  512


typedef struct {
    ngx_http_video_thumbs_conf_t  *conf;
    ngx_http_video_source_t       *source;      /* of the sheets */
    ngx_http_video_source_t       *poster;
    uint64_t                       duration;    /* ms, of all that there is */
    u_char                         md5[16];
    ngx_str_t                      dir;
    ngx_video_ref_t                ref;         /* of what is waited for */
    ngx_uint_t                     begun;
} ngx_http_video_thumbs_t;


static ngx_int_t ngx_http_video_thumbs_wait(ngx_http_request_t *r);


ngx_uint_t
ngx_http_video_thumbs_asked(ngx_http_video_ctx_t *ctx)
{
    return ctx->path.what == NGX_HTTP_VIDEO_THUMBS
           || ctx->path.what == NGX_HTTP_VIDEO_SHEET
           || ctx->path.what == NGX_HTTP_VIDEO_COVER
           || ctx->path.what == NGX_HTTP_VIDEO_IMAGES;
}


ngx_http_video_thumbs_conf_t *
ngx_http_video_thumbs_of(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_vod_t       *vod;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (conf->thumbs == NULL || !conf->thumbs->enable) {
        return NULL;
    }

    return vod && (vod->whole || vod->clips || vod->period || vod->start
                   || vod->end) ? NULL : conf->thumbs;
}


/* How long all of it is, ms; 0: there is no video. */
static ngx_uint_t
ngx_http_video_thumbs_length(ngx_http_video_vod_t *vod, uint64_t *duration)
{
    ngx_uint_t                video;
    ngx_http_video_source_t  *s;

    video = 0;
    *duration = 0;

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        *duration = ngx_max(*duration, s->head.duration);
        video |= s->head.nvideo && ngx_http_video_described_has(s, NVM_VIDEO);
    }

    return video && *duration;
}


ngx_uint_t
ngx_http_video_thumbs_images(ngx_http_request_t *r, nvm_images_t *images)
{
    ngx_http_video_ctx_t          *ctx;
    ngx_http_video_thumbs_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_video_thumbs_of(r);

    if (conf == NULL
        || !ngx_http_video_thumbs_length(ctx->vod, &images->duration))
    {
        return 0;
    }

    images->width = (uint32_t) conf->width;
    images->height = (uint32_t) conf->height;
    images->columns = (uint32_t) conf->columns;
    images->rows = (uint32_t) conf->rows;
    images->every = conf->every;

    return 1;
}


/* The size of a file's largest pictures, as they are shown; 0: none. */
static ngx_int_t
ngx_http_video_thumbs_size(ngx_http_video_source_t *s, ngx_uint_t *width,
    ngx_uint_t *height)
{
    uint32_t           i;
    nvm_track_t       *track;
    nvm_index_track_t  t;

    *width = 0;
    *height = 0;
    track = &t.track;

    for (i = 0; i < s->head.ntracks; i++) {

        if (nvm_index_track(&s->src, i, &t) != NVM_OK) {
            return NGX_ERROR;
        }

        if (track->kind == NVM_VIDEO
            && (ngx_uint_t) track->width * track->height > *width * *height)
        {
            *width = track->rotation & 1 ? track->height : track->width;
            *height = track->rotation & 1 ? track->width : track->height;
        }
    }

    return NGX_OK;
}


/* The smallest file that a picture of w x h need not be enlarged of. */
static ngx_http_video_source_t *
ngx_http_video_thumbs_choose(ngx_http_video_vod_t *vod, ngx_uint_t w,
    ngx_uint_t h)
{
    ngx_uint_t                width, height, large, area, enough;
    ngx_http_video_source_t  *s, *best;

    best = NULL;
    area = 0;
    enough = 0;

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {

        if (s->head.nvideo == 0 || !ngx_http_video_described_has(s, NVM_VIDEO)
            || ngx_http_video_thumbs_size(s, &width, &height) != NGX_OK)
        {
            continue;
        }

        large = width >= w || height >= h;

        if (best == NULL || (large && !enough)
            || (large == enough && (large ? width * height < area
                                          : width * height > area)))
        {
            best = s;
            area = width * height;
            enough = large;
        }
    }

    return best;
}


static void
ngx_http_video_thumbs_update(ngx_md5_t *md5, ngx_http_video_source_t *s)
{
    int64_t  n[3];

    n[0] = (int64_t) s->of.uniq;
    n[1] = (int64_t) s->of.size;
    n[2] = (int64_t) s->of.mtime;

    ngx_md5_update(md5, s->path.data, s->path.len + 1);
    ngx_md5_update(md5, n, sizeof(n));
}


/* Where they are: PATH/ab/cdef. */
static ngx_int_t
ngx_http_video_thumbs_place(ngx_http_request_t *r, ngx_http_video_thumbs_t *t)
{
    u_char                        *p, hex[32];
    ngx_md5_t                      md5;
    ngx_str_t                     *path;
    ngx_http_video_thumbs_conf_t   conf;

    conf = *t->conf;
    conf.timeout = 0;

    ngx_md5_init(&md5);
    ngx_http_video_thumbs_update(&md5, t->source);
    ngx_http_video_thumbs_update(&md5, t->poster);
    ngx_md5_update(&md5, &t->duration, sizeof(t->duration));
    ngx_md5_update(&md5, &conf, sizeof(conf));
    ngx_md5_final(t->md5, &md5);

    path = &ngx_video_coder((ngx_cycle_t *) ngx_cycle)->path;

    p = ngx_pnalloc(r->pool, path->len + sizeof("/ab/") + 30);
    if (p == NULL) {
        return NGX_ERROR;
    }

    t->dir.data = p;
    ngx_hex_dump(hex, t->md5, sizeof(t->md5));
    t->dir.len = ngx_sprintf(p, "%V/%*s/%*s%Z", path, (size_t) 2, hex,
                             (size_t) 30, hex + 2)
                 - p - 1;

    return NGX_OK;
}


static void
ngx_http_video_thumbs_late(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_thumbs_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    t = ctx->vod->media;

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "thumbnails of \"%V\" are not there after %M ms",
                  &ctx->vod->path, t->conf->timeout);
}


ngx_int_t
ngx_http_video_vod_thumbs(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_thumbs_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    t = ngx_pcalloc(r->pool, sizeof(ngx_http_video_thumbs_t));
    if (t == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t->conf = ngx_http_video_thumbs_of(r);

    if (t->conf == NULL
        || !ngx_http_video_thumbs_length(ctx->vod, &t->duration))
    {
        return NGX_HTTP_NOT_FOUND;
    }

    t->source = ngx_http_video_thumbs_choose(ctx->vod, t->conf->width,
                                             t->conf->height);
    t->poster = ngx_http_video_thumbs_choose(ctx->vod, t->conf->poster_width,
                                             t->conf->poster_height);

    if (t->source == NULL || t->poster == NULL
        || ngx_http_video_thumbs_place(r, t) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->vod->media = t;
    ctx->handler = ngx_http_video_thumbs_wait;
    ctx->late_handler = ngx_http_video_thumbs_late;
    ctx->deadline = 0;

    return ngx_http_video_thumbs_wait(r);
}


/*
 * A file of the directory: NGX_OK; NGX_DECLINED, it is not there; or a status.
 * Nothing is remembered of what is not there: it may be there at once.
 */
static ngx_int_t
ngx_http_video_thumbs_open(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ngx_memzero(of, sizeof(ngx_open_file_info_t));
    of->read_ahead = clcf->read_ahead;
    of->directio = NGX_OPEN_FILE_DIRECTIO_OFF;
    of->valid = clcf->open_file_cache_valid;
    of->min_uses = clcf->open_file_cache_min_uses;
    of->events = clcf->open_file_cache_events;

    if (ngx_open_cached_file(clcf->open_file_cache, path, of, r->pool)
        == NGX_OK)
    {
        return NGX_OK;
    }

    if (of->err == NGX_ENOENT || of->err == NGX_ENOTDIR) {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_CRIT, r->connection->log, of->err,
                  "%s \"%V\" failed", of->failed, path);

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static ngx_int_t
ngx_http_video_thumbs_send(ngx_http_request_t *r, ngx_http_video_thumbs_t *t,
    ngx_str_t *path, ngx_open_file_info_t *of)
{
    uint64_t  tag;

    ngx_memcpy(&tag, t->md5, sizeof(tag));

    if (ngx_http_video_headers(r, NGX_HTTP_VIDEO_NO_CACHE, tag,
                               (uint64_t) of->mtime << 32
                               ^ (uint64_t) of->size)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.last_modified_time = of->mtime;

    return ngx_http_video_send_file(r, path, of, 0, of->size);
}


/* Sends what is asked for: NGX_DECLINED when nothing has been made. */
static ngx_int_t
ngx_http_video_thumbs_look(ngx_http_request_t *r, ngx_http_video_thumbs_t *t)
{
    u_char                *p;
    ngx_int_t              rc;
    ngx_str_t              path;
    ngx_open_file_info_t   of;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    path.data = ngx_pnalloc(r->pool, t->dir.len + NGX_INT64_LEN
                                     + sizeof("/thumbs/.jpg"));
    if (path.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(path.data, t->dir.data, t->dir.len);

    p = ctx->path.what == NGX_HTTP_VIDEO_SHEET
        ? ngx_sprintf(p, "/thumbs/%uL.jpg", ctx->path.msn)
        : ngx_sprintf(p, ctx->path.what == NGX_HTTP_VIDEO_THUMBS
                         ? "/thumbs.vtt" : "/poster.jpg");
    *p = '\0';
    path.len = p - path.data;

    rc = ngx_http_video_thumbs_open(r, &path, &of);

    if (rc == NGX_OK) {
        return ngx_http_video_thumbs_send(r, t, &path, &of);
    }

    if (rc == NGX_DECLINED && ctx->path.what != NGX_HTTP_VIDEO_THUMBS) {
        /* they may all be there, and this is none of them */
        p = ngx_sprintf(path.data + t->dir.len, "/thumbs.vtt");
        *p = '\0';
        path.len = p - path.data;

        rc = ngx_http_video_thumbs_open(r, &path, &of);
        rc = rc == NGX_OK ? NGX_HTTP_NOT_FOUND : rc;
    }

    return rc;
}


/* The order, as the body of a message. */
static ngx_int_t
ngx_http_video_thumbs_make(ngx_http_request_t *r, ngx_http_video_thumbs_t *t)
{
    u_char                        *p, *order;
    ngx_int_t                      rc;
    ngx_video_ref_t                ref;
    ngx_http_video_ctx_t          *ctx;
    ngx_open_file_info_t          *a, *b;
    ngx_http_video_thumbs_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = t->conf;
    a = &t->source->of;
    b = &t->poster->of;
    ref = t->ref;

    order = ngx_pnalloc(r->pool, NGX_HTTP_VIDEO_ORDER + t->source->path.len
                                 + t->poster->path.len + t->dir.len + 4);

    if (order == NULL
        || ngx_video_object_get(ctx->store, &ref) != NGX_OK)
    {
        ngx_http_video_object_fail(ctx->store, &t->ref,
                                   NGX_HTTP_SERVICE_UNAVAILABLE);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(order, "{\"file\":[%L,%O,%T],\"of\":[%L,%O,%T],"
                    "\"duration\":%uL,\"every\":%M,\"size\":[%ui,%ui],"
                    "\"grid\":[%ui,%ui],\"poster\":[%i,%ui,%ui]}%Z",
                    (int64_t) a->uniq, a->size, a->mtime, (int64_t) b->uniq,
                    b->size, b->mtime, t->duration, conf->every, conf->width,
                    conf->height, conf->columns, conf->rows,
                    conf->poster_time, conf->poster_width,
                    conf->poster_height);
    p = ngx_sprintf(p, "%V%Z%V%Z%V%Z", &t->source->path, &t->poster->path,
                    &t->dir);

    rc = ngx_http_video_thumbs_order(ctx->store, &ref, order, p - order,
                                     &ctx->vod->path);

    return rc == NGX_OK ? NGX_OK : NGX_HTTP_SERVICE_UNAVAILABLE;
}


static void
ngx_http_video_thumbs_cleanup(void *data)
{
    ngx_http_request_t *r = data;

    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_thumbs_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    t = ctx->vod->media;

    ngx_video_object_put(ctx->store, &t->ref);
}


/* The object that tells what comes of it: NGX_OK, or a status. */
static ngx_int_t
ngx_http_video_thumbs_begin(ngx_http_request_t *r, ngx_http_video_thumbs_t *t)
{
    u_char                 buf[sizeof("thumbs:") + 32];
    ngx_int_t              rc;
    ngx_str_t              key;
    ngx_pool_cleanup_t    *cln;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (!t->begun) {
        cln = ngx_pool_cleanup_add(r->pool, 0);
        if (cln == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        cln->handler = ngx_http_video_thumbs_cleanup;
        cln->data = r;
        t->begun = 1;
    }

    key.data = buf;
    key.len = ngx_hex_dump(ngx_cpymem(buf, "thumbs:", sizeof("thumbs:") - 1),
                           t->md5, sizeof(t->md5))
              - buf;

    rc = ngx_video_object_open(ctx->store, &key, 0, NGX_VIDEO_OPEN_CREATE,
                               &t->ref);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\" is full: no thumbnails of \"%V\"",
                      &ctx->store->name, &ctx->vod->path);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return rc == NGX_DONE ? ngx_http_video_thumbs_make(r, t) : NGX_OK;
}


/* It is over: NGX_OK, they are there; NGX_DECLINED, once more; or a status. */
static ngx_int_t
ngx_http_video_thumbs_over(ngx_http_request_t *r, ngx_http_video_thumbs_t *t)
{
    uint64_t               until;
    ngx_int_t              status;
    ngx_video_object_t    *o;
    ngx_video_cursor_t     cursor;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    o = ngx_video_object(ctx->store, &t->ref);

    if (ngx_video_object_state(ctx->store, &t->ref)
        == NGX_VIDEO_OBJECT_COMPLETE && o->meta_len == 0)
    {
        return NGX_OK;
    }

    if (o->meta_len == 0) {
        /* the worker that had ordered it died */
        ngx_video_object_put(ctx->store, &t->ref);
        return NGX_DECLINED;
    }

    status = ngx_http_video_object_status(ctx->store, &t->ref);
    ngx_memzero(&cursor, sizeof(ngx_video_cursor_t));

    if (ngx_http_video_object_read(ctx->store, &t->ref, &cursor, 0, &until,
                                   sizeof(until))
        == NGX_OK && until < ngx_video_now())
    {
        /* of long ago */
        ngx_video_object_unlink(ctx->store, &t->ref);
        ngx_video_object_put(ctx->store, &t->ref);
        return NGX_DECLINED;
    }

    return status;
}


/* Waits for the object: NGX_OK, it is over; else what ends the request. */
static ngx_int_t
ngx_http_video_thumbs_park(ngx_http_request_t *r, ngx_http_video_thumbs_t *t)
{
    uint64_t               seen;
    ngx_int_t              rc;
    ngx_video_object_t    *o;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    o = ngx_video_object(ctx->store, &t->ref);

    for ( ;; ) {
        seen = ngx_video_signal_seen(&o->signal);

        if (ngx_video_object_state(ctx->store, &t->ref)
            != NGX_VIDEO_OBJECT_FILLING)
        {
            return NGX_OK;
        }

        rc = ngx_http_video_park(r, &o->signal, seen, t->conf->timeout,
                                 NGX_HTTP_SERVICE_UNAVAILABLE);

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


static ngx_int_t
ngx_http_video_thumbs_wait(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_thumbs_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    t = ctx->vod->media;

    do {
        rc = ngx_http_video_thumbs_look(r, t);

        if (rc != NGX_DECLINED) {
            return rc;
        }

        if (t->ref.id == 0) {
            rc = ngx_http_video_thumbs_begin(r, t);

            if (rc != NGX_OK) {
                return rc;
            }
        }

        rc = ngx_http_video_thumbs_park(r, t);

        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_http_video_thumbs_over(r, t);

    } while (rc == NGX_DECLINED);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_video_thumbs_look(r, t);

    /* they went as they came */
    return rc == NGX_DECLINED ? NGX_HTTP_SERVICE_UNAVAILABLE : rc;
}
