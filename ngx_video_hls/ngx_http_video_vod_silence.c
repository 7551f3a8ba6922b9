/*
 * Copyright (C) ngx_video authors
 *
 * The sound of a clip that has none, among clips that have some.  Players have
 * one buffer for the sound of all clips, and stop where it is empty: so the
 * clip is given a file of silence, which is in memory alone, as one more of its
 * sources.  All else is done with it as with any file.
 *
 * What the silence is like is told by the other clips, which a request for a
 * segment knows nothing of: so its name is in the URLs of the clip, and its
 * identity in their epoch.
 */

#include <ngx_config.h>         /* memfd_create() */
#include <sys/mman.h>

#include "ngx_http_video_vod.h"
#include "nvm_silence.h"


/* of the bytes that are made: other ones are of another epoch */
#define NGX_HTTP_VIDEO_SILENCE  1


typedef struct {
    ngx_str_t                *name;
    nvm_track_t               track;
    uint64_t                  ms;
    size_t                    len;          /* of the file, without what is */
    ngx_open_file_info_t      of;           /* claimed at its end */
    ngx_str_t                 path;
    ngx_http_video_source_t  *source;
} ngx_http_video_silence_t;


/* Whether silence is to be made for a clip, whose indexes are open. */
static ngx_uint_t
ngx_http_video_silence_lacks(ngx_http_video_vod_t *vod)
{
    ngx_http_video_source_t  *s;

    if (vod->silent || vod->period || !vod->lead->head.nvideo) {
        return 0;
    }

    /* one that could not be read may have sound */

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        if (s->head.naudio || s->ref.id == 0) {
            return 0;
        }
    }

    return 1;
}


uint64_t
ngx_http_video_silence_epoch(ngx_http_video_source_t *silent, uint64_t epoch)
{
    epoch = ngx_http_video_hash(epoch, &silent->epoch,
                                sizeof(silent->epoch));

    /* 0 means none */
    return epoch ? epoch : 1;
}


/* "ASSET (aac.1190)", for who reads logs. */
static ngx_int_t
ngx_http_video_silence_called(ngx_http_request_t *r, ngx_str_t *asset,
    ngx_str_t *name, ngx_str_t *path)
{
    path->data = ngx_pnalloc(r->pool, asset->len + name->len + sizeof(" ()"));

    if (path->data == NULL) {
        return NGX_ERROR;
    }

    path->len = ngx_sprintf(path->data, "%V (%V)%Z", asset, name)
                - path->data - 1;

    return NGX_OK;
}


/*
 * Silence of this name for the asset in ctx->vod, whose indexes are open:
 * becomes its source when it is added.  NGX_DECLINED: there is no such silence.
 */
static ngx_int_t
ngx_http_video_silence_make(ngx_http_request_t *r, ngx_str_t *name,
    ngx_http_video_silence_t *silence)
{
    uint64_t               size;
    nvm_writer_t           w;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    silence->name = name;

    /* of the time of the whole file, of which the clip is cut */
    silence->ms = vod->start + vod->lead->head.duration;

    nvm_writer_init(&w, NULL, 0);

    if (nvm_silence_track((char *) name->data, name->len, &silence->track)
        != NVM_OK
        || nvm_silence_write(&w, &silence->track, silence->ms, &size)
           != NVM_OK)
    {
        return NGX_DECLINED;
    }

    silence->len = w.len;

    ngx_memzero(&silence->of, sizeof(ngx_open_file_info_t));
    silence->of.size = (off_t) size;
    silence->of.mtime = NGX_HTTP_VIDEO_SILENCE;
    silence->of.is_file = 1;

    if (ngx_http_video_silence_called(r, &vod->path, name, &silence->path)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    silence->source = ngx_http_video_asset_source(r, &silence->path,
                                                  &silence->of, 0);
    silence->source->epoch = ngx_http_video_index_epoch(silence->source,
                                                        vod->lead);
    vod->nsources--;

    return NGX_OK;
}


/* Writes its file: that has no name, and is gone with the request. */
static ngx_int_t
ngx_http_video_silence_file(ngx_http_request_t *r,
    ngx_http_video_silence_t *silence)
{
    u_char                   *text;
    uint64_t                  size;
    nvm_writer_t              w;
    ngx_pool_cleanup_t       *cln;
    ngx_pool_cleanup_file_t  *clnf;
    ngx_http_video_source_t  *s;

    s = silence->source;
    text = ngx_pnalloc(r->pool, silence->len);
    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_pool_cleanup_file_t));

    if (text == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    nvm_writer_init(&w, text, silence->len);
    (void) nvm_silence_write(&w, &silence->track, silence->ms, &size);

    s->file.fd = memfd_create("silence", MFD_CLOEXEC);

    if (s->file.fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, ngx_errno,
                      "\"%V\": memfd_create() failed", &s->path);
        return NGX_ERROR;
    }

    clnf = cln->data;
    clnf->fd = s->file.fd;
    clnf->name = s->path.data;
    clnf->log = r->pool->log;
    cln->handler = ngx_pool_cleanup_file;

    s->of.fd = s->file.fd;

    if (ftruncate(s->file.fd, s->of.size) == -1) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, ngx_errno,
                      "\"%V\": ftruncate() failed", &s->path);
        return NGX_ERROR;
    }

    return ngx_write_file(&s->file, text, silence->len, 0)
           == (ssize_t) silence->len ? NGX_OK : NGX_ERROR;
}


/* The asset in ctx->vod has it from now on. */
static ngx_int_t
ngx_http_video_silence_add(ngx_http_request_t *r,
    ngx_http_video_silence_t *silence)
{
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    vod->nsources++;
    vod->silent = silence->source;
    vod->silence = *silence->name;

    return ngx_http_video_silence_file(r, silence);
}


/*
 * Opens its index: as _vod_indexes(), but it is needed, unless there can't be
 * any: of a clip that is shorter than a frame.
 */
static ngx_int_t
ngx_http_video_silence_index(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    rc = ngx_http_video_vod_indexes(r);

    return rc == NGX_OK && ctx->vod->silent->ref.id == 0
           && ctx->vod->silent->refused.len == 0
           ? NGX_HTTP_SERVICE_UNAVAILABLE : rc;
}


ngx_int_t
ngx_http_video_silence_path(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_video_ctx_t      *ctx;
    ngx_http_video_silence_t  *silence;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->vod->silent) {
        return ngx_http_video_silence_index(r);
    }

    if (!ngx_http_video_silence_lacks(ctx->vod)) {
        return NGX_HTTP_NOT_FOUND;
    }

    silence = ngx_palloc(r->pool, sizeof(ngx_http_video_silence_t));
    if (silence == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_video_silence_make(r, &ctx->path.silence, silence);

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_DECLINED
        || ctx->path.epoch != ngx_http_video_silence_epoch(silence->source,
                                                           ctx->vod->epoch))
    {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ctx->path.kind != NVM_AUDIO && !ctx->path.ts) {
        /* only the epoch is its own */
        ctx->vod->epoch = ctx->path.epoch;
        return NGX_OK;
    }

    if (ngx_http_video_silence_add(r, silence) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_silence_index(r);
}


/* The name of silence like the sound of the first clip that has any. */
static ngx_int_t
ngx_http_video_silence_like(ngx_http_request_t *r, ngx_http_video_vod_t *whole,
    ngx_str_t *name)
{
    char                      text[NVM_SILENCE_NAME];
    ngx_int_t                 rc;
    ngx_uint_t                i;
    nvm_index_track_t        *t;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    t = ngx_palloc(r->pool, sizeof(nvm_index_track_t));
    if (t == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < whole->nclips; i++) {
        ctx->vod = whole->clips[i];

        if (ctx->vod->silent) {
            *name = ctx->vod->silence;
            return NGX_OK;
        }

        rc = ngx_http_video_vod_track(r, NVM_AUDIO, 0, &s, t);

        if (rc == NGX_OK && nvm_silence_name(&t->track, text) == NVM_OK) {
            name->len = ngx_strlen(text);
            name->data = ngx_pnalloc(r->pool, name->len);
            if (name->data == NULL) {
                return NGX_ERROR;
            }

            ngx_memcpy(name->data, text, name->len);
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* The clip in ctx->vod lacks sound: NGX_DECLINED, that can't be helped. */
static ngx_int_t
ngx_http_video_silence_clip(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_int_t                  rc;
    ngx_http_video_silence_t  *silence;

    silence = ngx_palloc(r->pool, sizeof(ngx_http_video_silence_t));
    if (silence == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_video_silence_make(r, name, silence);

    return rc == NGX_OK ? ngx_http_video_silence_add(r, silence) : rc;
}


ngx_int_t
ngx_http_video_silence_clips(ngx_http_request_t *r,
    ngx_http_video_vod_t *whole)
{
    ngx_int_t              rc;
    ngx_str_t              name;
    ngx_uint_t             i;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ngx_str_null(&name);
    rc = NGX_OK;

    for (i = 0; i < whole->nclips && rc == NGX_OK; i++) {
        vod = whole->clips[i];

        if (ngx_http_video_silence_lacks(vod)) {

            if (name.len == 0) {
                rc = ngx_http_video_silence_like(r, whole, &name);
            }

            ctx->vod = vod;

            if (rc == NGX_OK) {
                rc = ngx_http_video_silence_clip(r, &name);
            }
        }

        if (rc == NGX_OK && vod->silent) {
            ctx->vod = vod;
            rc = ngx_http_video_silence_index(r);
        }
    }

    /* where the request was, and may be called again */
    ctx->vod = whole->clips[whole->nclips - 1];

    /* sound that there is no silence of: no playlist can have these clips */

    return rc == NGX_DECLINED ? NGX_OK
           : rc == NGX_ERROR ? NGX_HTTP_INTERNAL_SERVER_ERROR : rc;
}
