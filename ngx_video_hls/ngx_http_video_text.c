/*
 * Copyright (C) ngx_video authors
 *
 * Playlists and manifests: texts that writers of media/ write, once for all
 * who ask for the same one.
 */

#include "ngx_http_video_hls_module.h"


ngx_int_t
ngx_http_video_write_long(ngx_http_request_t *r, ngx_http_video_write_pt write,
    void *what, size_t guess, u_char **text, size_t *len)
{
    nvm_writer_t  w;

    *text = ngx_pnalloc(r->pool, guess);

    if (*text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nvm_writer_init(&w, *text, guess);

    if (write(&w, what) == NVM_OK && w.error == NVM_OK) {
        *len = w.len;
        return NGX_OK;
    }

    return ngx_http_video_write(r, write, what, text, len);
}


ngx_int_t
ngx_http_video_write(ngx_http_request_t *r, ngx_http_video_write_pt write,
    void *what, u_char **text, size_t *len)
{
    nvm_err_e     err;
    nvm_writer_t  w;

    nvm_writer_init(&w, NULL, 0);
    err = write(&w, what);

    if (err != NVM_OK) {
        return err == NVM_ENOENT ? NGX_HTTP_NOT_FOUND
                                 : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    *len = w.len;
    *text = ngx_pnalloc(r->pool, *len);

    if (*text == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nvm_writer_init(&w, *text, *len);
    (void) write(&w, what);

    return nvm_writer_done(&w, *len) == NVM_OK
           ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* Renders the text and keeps it, if the object is ours to fill. */
static ngx_int_t
ngx_http_video_render(ngx_http_request_t *r, ngx_http_video_render_pt render,
    void *what, ngx_uint_t ours, u_char **text, size_t *len)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    rc = render(r, what, text, len);

    if (!ours) {
        return rc;
    }

    if (rc == NGX_OK
        && ngx_video_object_append(ctx->store, &ctx->ref, *text, *len)
           == NGX_OK)
    {
        ngx_video_object_complete(ctx->store, &ctx->ref);

    } else {
        ngx_video_object_abort(ctx->store, &ctx->ref);
    }

    return rc;
}


ngx_int_t
ngx_http_video_send_kept(ngx_http_request_t *r, ngx_str_t *key,
    ngx_http_video_render_pt render, void *what, ngx_int_t max_age,
    uint64_t epoch)
{
    size_t                 len;
    u_char                *text;
    uint64_t               tag;
    ngx_int_t              rc, opened;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ngx_http_video_ref_cleanup(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    tag = ngx_http_video_hash(0xcbf29ce484222325ULL, key->data, key->len);

    opened = ngx_video_object_open(ctx->store, key, 0,
                                   render ? NGX_VIDEO_OPEN_CREATE : 0,
                                   &ctx->ref);

    if (opened == NGX_OK
        && ngx_video_object_state(ctx->store, &ctx->ref)
           == NGX_VIDEO_OBJECT_COMPLETE)
    {
        if (ngx_http_video_headers(r, max_age, epoch, tag) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_video_send_object(r, 0,
                         ngx_video_object_filled(ctx->store, &ctx->ref));
    }

    if (render == NULL) {
        ngx_video_object_put(ctx->store, &ctx->ref);
        return NGX_DECLINED;
    }

    /* ours to make, or another makes it in this moment, or no room */

    rc = ngx_http_video_render(r, render, what, opened == NGX_DONE, &text,
                               &len);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_video_headers(r, max_age, epoch, tag) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_send_text(r, text, len);
}
