/*
 * Copyright (C) ngx_video authors
 *
 * Publish control without a callback: stream keys and signed tokens.  What a
 * publisher has sent of them is in no line of the log.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_publish_module.h"
#include "ngx_stream_video_rtmp_module.h"


static const char *ngx_stream_video_access_key(
    ngx_stream_video_publish_srv_conf_t *conf, nva_str_t *name,
    nva_str_t *query, const char **log);
static const char *ngx_stream_video_access_token(
    ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_stream_video_publish_srv_conf_t *conf, nva_str_t *name,
    nva_str_t *query);
static ngx_int_t ngx_stream_video_access_from(
    ngx_stream_video_rtmp_ctx_t *ctx, nva_token_t *token);


ngx_int_t
ngx_stream_video_access(ngx_stream_video_rtmp_ctx_t *ctx, nvr_command_t *cmd)
{
    nva_str_t                             name, query;
    const char                           *text, *log;
    ngx_stream_video_publish_srv_conf_t  *conf;

    conf = ngx_stream_get_module_srv_conf(ctx->session,
                                          ngx_stream_video_publish_module);

    name.data = ctx->name.data;
    name.len = ctx->name.len;

    /* a valid name is before them, and "?" between */
    query.data = cmd->stream.data + name.len;
    query.len = cmd->stream.len - name.len;

    if (query.len) {
        query.data++;
        query.len--;
    }

    text = NULL;
    log = NULL;

    if (conf->keys) {
        text = ngx_stream_video_access_key(conf, &name, &query, &log);
    }

    if (text == NULL && conf->secrets) {
        text = ngx_stream_video_access_token(ctx, conf, &name, &query);
    }

    if (text == NULL) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_INFO, ctx->session->connection->log, 0,
                  "publish is refused: %s, stream \"%V\"", log ? log : text,
                  &ctx->name);

    return ngx_stream_video_rtmp_refuse(ctx, "NetStream.Publish.Denied", text);
}


/*
 * Why not, or NULL.  A publisher is not told which names have keys; the log
 * is.
 */
static const char *
ngx_stream_video_access_key(ngx_stream_video_publish_srv_conf_t *conf,
    nva_str_t *name, nva_str_t *query, const char **log)
{
    size_t     len;
    u_char     key[NVA_KEY_MAX];
    nvm_err_e  rc;

    rc = nva_arg_decoded(query, &conf->argument, key, sizeof(key), &len);

    if (rc == NVM_ENOENT) {
        return "no stream key";
    }

    if (rc == NVM_EINVAL) {
        return "two stream keys";
    }

    if (rc == NVM_OK) {
        rc = nva_keys_check(conf->keys, name, key, len);
        ngx_explicit_memzero(key, sizeof(key));
    }

    if (rc == NVM_OK) {
        return NULL;
    }

    if (rc == NVM_ENOENT) {
        *log = "a stream without a key in the file";
    }

    return "wrong stream key";
}


/* Why not, or NULL. */
static const char *
ngx_stream_video_access_token(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_stream_video_publish_srv_conf_t *conf, nva_str_t *name,
    nva_str_t *query)
{
    nva_str_t    app;
    nva_token_t  token;

    app.data = ctx->app->name.data;
    app.len = ctx->app->name.len;

    switch (nva_token_check(conf->secrets, &app, name, query, &token)) {

    case NVM_OK:
        break;

    case NVM_ENOENT:
        return "no token";

    case NVM_EINVAL:
        return "malformed token";

    default:
        return "wrong token";
    }

    if (token.address.len && ngx_stream_video_access_from(ctx, &token)
                             != NGX_OK)
    {
        return "token of another address";
    }

    return token.expires < (uint64_t) ngx_time() ? "expired token" : NULL;
}


/* Whether a token is of the client's address. */
static ngx_int_t
ngx_stream_video_access_from(ngx_stream_video_rtmp_ctx_t *ctx,
    nva_token_t *token)
{
    u_char             client[NGX_VIDEO_ADDRESS], theirs[NGX_VIDEO_ADDRESS];
    ngx_addr_t         addr;
    ngx_connection_t  *c;

    c = ctx->session->connection;

    if (ngx_parse_addr(c->pool, &addr, token->address_data,
                       token->address.len)
        != NGX_OK
        || ngx_stream_video_address(addr.sockaddr, theirs) != NGX_OK
        || ngx_stream_video_address(c->sockaddr, client) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_memcmp(client, theirs, NGX_VIDEO_ADDRESS) == 0 ? NGX_OK
                                                              : NGX_DECLINED;
}


ngx_int_t
ngx_stream_video_address(struct sockaddr *sa, u_char *address)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        ngx_memzero(address, 10);
        ngx_memset(address + 10, 0xff, 2);
        ngx_memcpy(address + 12, &sin->sin_addr, 4);
        return NGX_OK;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        ngx_memcpy(address, &sin6->sin6_addr, NGX_VIDEO_ADDRESS);
        return NGX_OK;
#endif

    default:
        return NGX_DECLINED;
    }
}
