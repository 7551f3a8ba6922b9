/*
 * Copyright (C) ngx_video authors
 *
 * What the calls of publish control say: the arguments, and what is kept of
 * connect and publish for them.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_rtmp_module.h"
#include "nvh_form.h"


static ngx_int_t ngx_stream_video_auth_copy(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_str_t *dst, const nvr_str_t *src, size_t max);
static void ngx_stream_video_auth_form(ngx_stream_video_rtmp_ctx_t *ctx,
    nvm_writer_t *w, const char *name);


/* Names of arguments that no client's may pass for. */
static const char *const  ngx_stream_video_auth_taken[] = {
    "call", "addr", "clientid", "app", "flashver", "swfurl", "tcurl",
    "pageurl", "name", "type", "time", "timestamp", "bytes_in", "duration",
    NULL
};


ngx_int_t
ngx_stream_video_auth_connect(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd)
{
    size_t                    max;
    ngx_stream_video_auth_t  *auth;

    auth = &ctx->auth;
    max = NGX_VIDEO_AUTH_TEXT;

    auth->conf = ngx_stream_get_module_srv_conf(ctx->session,
                                                ngx_stream_video_auth_module);

    if (auth->conf->url == NULL) {
        return NGX_OK;
    }

    if (ngx_stream_video_auth_copy(ctx, &auth->flash_ver, &cmd->flash_ver, max)
        != NGX_OK
        || ngx_stream_video_auth_copy(ctx, &auth->swf_url, &cmd->swf_url, max)
           != NGX_OK
        || ngx_stream_video_auth_copy(ctx, &auth->tc_url, &cmd->tc_url, max)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_stream_video_auth_copy(ctx, &auth->page_url, &cmd->page_url,
                                      max);
}


static ngx_int_t
ngx_stream_video_auth_copy(ngx_stream_video_rtmp_ctx_t *ctx, ngx_str_t *dst,
    const nvr_str_t *src, size_t max)
{
    size_t  len;

    len = ngx_min(src->len, max);

    if (len == 0) {
        return NGX_OK;
    }

    dst->data = ngx_pnalloc(ctx->session->connection->pool, len);
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, src->data, len);
    dst->len = len;

    return NGX_OK;
}


ngx_int_t
ngx_stream_video_auth_arguments(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd)
{
    nvr_str_t                 query;
    ngx_stream_video_auth_t  *auth;

    auth = &ctx->auth;
    query = cmd->stream;

    /* a valid name is before it */
    query.data += ctx->name.len;
    query.len -= ctx->name.len;

    if (query.len > NGX_VIDEO_AUTH_QUERY) {
        return NGX_DECLINED;
    }

    if (query.len) {
        query.data++;
        query.len--;
    }

    if (ngx_stream_video_auth_copy(ctx, &auth->query, &query, query.len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_stream_video_auth_copy(ctx, &auth->type, &cmd->publish_type,
                                      NGX_VIDEO_AUTH_TYPE);
}


ngx_video_http_call_t *
ngx_stream_video_auth_call(ngx_stream_video_rtmp_ctx_t *ctx, const char *name,
    size_t *body)
{
    size_t                  len;
    nvm_writer_t            w;
    ngx_video_http_call_t  *call;

    nvm_writer_init(&w, NULL, 0);
    ngx_stream_video_auth_form(ctx, &w, name);
    len = w.len;

    call = ngx_video_http_call(ctx->auth.conf->url, len,
                               ctx->session->connection->log);
    if (call == NULL) {
        return NULL;
    }

    nvm_writer_init(&w, call->body, len);
    ngx_stream_video_auth_form(ctx, &w, name);

    if (nvm_writer_done(&w, len) != NVM_OK) {
        ngx_video_http_call_cancel(call);
        return NULL;
    }

    if (body) {
        *body = len;
    }

    return call;
}


static void
ngx_stream_video_auth_form(ngx_stream_video_rtmp_ctx_t *ctx, nvm_writer_t *w,
    const char *name)
{
    uint64_t                  seconds;
    ngx_connection_t         *c;
    ngx_stream_video_auth_t  *auth;

    c = ctx->session->connection;
    auth = &ctx->auth;
    seconds = (uint64_t) (ngx_current_msec - auth->start) / 1000;

    nvh_form_text(w, "call", name, ngx_strlen(name));
    nvh_form_text(w, "addr", c->addr_text.data, c->addr_text.len);
    nvh_form_number(w, "clientid", c->number);
    nvh_form_text(w, "app", ctx->app->name.data, ctx->app->name.len);
    nvh_form_text(w, "flashver", auth->flash_ver.data, auth->flash_ver.len);
    nvh_form_text(w, "swfurl", auth->swf_url.data, auth->swf_url.len);
    nvh_form_text(w, "tcurl", auth->tc_url.data, auth->tc_url.len);
    nvh_form_text(w, "pageurl", auth->page_url.data, auth->page_url.len);
    nvh_form_text(w, "name", ctx->name.data, ctx->name.len);
    nvh_form_text(w, "type", auth->type.data, auth->type.len);

    if (ngx_strcmp(name, "update_publish") == 0) {
        nvh_form_number(w, "time", seconds);
        nvh_form_number(w, "timestamp", auth->timestamp);
        nvh_form_number(w, "bytes_in", ctx->received);

    } else if (ngx_strcmp(name, "publish_done") == 0) {
        nvh_form_number(w, "bytes_in", ctx->received);
        nvh_form_number(w, "duration", seconds);
    }

    nvh_form_query(w, auth->query.data, auth->query.len,
                   ngx_stream_video_auth_taken);
}
