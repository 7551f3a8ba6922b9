/*
 * Copyright (C) ngx_video authors
 *
 * Publish control: the three calls, and what their answers do.
 *
 *   call              waits for it        runs while
 *   publish           the publisher       the session waits, nothing is read
 *   update_publish    nobody              the stream is on air, by a timer
 *   publish_done      nobody              it likes, see _auth_done.c
 *
 * There is one of the first two at a time, and it goes with the session.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_rtmp_module.h"


static void ngx_stream_video_auth_published(void *data,
    ngx_video_http_answer_t *answer);
static ngx_int_t ngx_stream_video_auth_verdict(
    ngx_stream_video_rtmp_ctx_t *ctx, ngx_video_http_answer_t *answer);
static ngx_int_t ngx_stream_video_auth_rename(
    ngx_stream_video_rtmp_ctx_t *ctx, ngx_str_t *location);
static ngx_uint_t ngx_stream_video_auth_foreign(
    ngx_stream_video_rtmp_ctx_t *ctx, ngx_str_t *location);
static void ngx_stream_video_auth_update(ngx_event_t *ev);
static void ngx_stream_video_auth_updated(void *data,
    ngx_video_http_answer_t *answer);


ngx_int_t
ngx_stream_video_auth_publish(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd)
{
    ngx_int_t                 rc;
    ngx_event_t              *rev;
    ngx_stream_video_auth_t  *auth;

    auth = &ctx->auth;

    rc = ngx_stream_video_auth_arguments(ctx, cmd);

    if (rc == NGX_DECLINED) {
        return ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.BadName",
                                          "too long arguments of a stream "
                                          "name", NULL);
    }

    if (rc == NGX_OK) {
        auth->call = ngx_stream_video_auth_call(ctx, "publish", NULL);
    }

    if (auth->call == NULL) {
        return ngx_stream_video_rtmp_fail(ctx, "NetStream.Publish.Denied",
                                          "no memory", NULL);
    }

    auth->waiting = 1;

    ngx_video_http_call_start(auth->call, ctx->auth.conf->timeout,
                              ngx_stream_video_auth_published, ctx);

    /* the call has a timeout of its own, and keeps an exiting worker */
    rev = ctx->session->connection->read;

    if (rev->timer_set) {
        ngx_del_timer(rev);
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_stream_video_auth_keep(ngx_stream_video_rtmp_ctx_t *ctx, u_char *data,
    size_t n)
{
    if (n == 0) {
        return NGX_AGAIN;
    }

    ctx->auth.pending = ngx_alloc(n, ctx->session->connection->log);
    if (ctx->auth.pending == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ctx->auth.pending, data, n);
    ctx->auth.pending_len = n;

    return NGX_AGAIN;
}


static void
ngx_stream_video_auth_published(void *data, ngx_video_http_answer_t *answer)
{
    ngx_stream_video_rtmp_ctx_t *ctx = data;

    ngx_int_t                 rc;
    ngx_stream_video_auth_t  *auth;

    auth = &ctx->auth;
    auth->call = NULL;
    auth->waiting = 0;

    rc = ngx_stream_video_auth_verdict(ctx, answer);

    if (rc == NGX_OK) {
        auth->allowed = 1;
        auth->start = ngx_current_msec;

        rc = ngx_stream_video_rtmp_begin(ctx);
    }

    if (rc == NGX_OK && ctx->auth.conf->update) {
        auth->update.handler = ngx_stream_video_auth_update;
        auth->update.data = ctx->session->connection;
        auth->update.log = ctx->session->connection->log;

        /* the publisher's own timer is what a worker waits for */
        auth->update.cancelable = 1;
        ngx_add_timer(&auth->update, ctx->auth.conf->update);
    }

    ngx_stream_video_rtmp_resume(ctx, rc);
}


static ngx_int_t
ngx_stream_video_auth_verdict(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_video_http_answer_t *answer)
{
    u_char            *p, buf[NGX_VIDEO_AUTH_OUTCOME];
    ngx_uint_t         level;
    ngx_connection_t  *c;

    c = ctx->session->connection;

    if (answer->status >= 200 && answer->status < 300) {
        return NGX_OK;
    }

    if (answer->status >= 300 && answer->status < 400) {
        return ngx_stream_video_auth_rename(ctx, &answer->location);
    }

    /* a refusal is the client's fault, anything else is the operator's */
    level = (answer->status >= 400 && answer->status < 500) ? NGX_LOG_INFO
                                                            : NGX_LOG_ERR;
    p = ngx_stream_video_auth_outcome(buf, sizeof(buf), answer);

    ngx_log_error(level, c->log, 0,
                  "publish is refused by \"%V\": %*s, stream \"%V\"",
                  &ctx->auth.conf->url->url, (size_t) (p - buf), buf,
                  &ctx->name);

    return ngx_stream_video_rtmp_refuse(ctx, "NetStream.Publish.Denied",
                                        "publishing is not allowed");
}


/*
 * The new name is what follows the last "/", without arguments.  Of rtmp://
 * URLs only those of this server mean a name: to others one would relay.
 */
static ngx_int_t
ngx_stream_video_auth_rename(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_str_t *location)
{
    size_t             i, start;
    nvr_str_t          name;
    ngx_str_t          old;
    const char        *error;
    u_char             old_data[NGX_VIDEO_LIVE_NAME];
    ngx_connection_t  *c;

    c = ctx->session->connection;

    old.data = old_data;
    old.len = ctx->name.len;
    ngx_memcpy(old_data, ctx->name.data, old.len);

    for (i = 0, start = 0; i < location->len; i++) {
        if (location->data[i] == '?' || location->data[i] == '#') {
            break;
        }

        if (location->data[i] == '/') {
            start = i + 1;
        }
    }

    name.data = location->data + start;
    name.len = i - start;

    if (location->len == 0) {
        error = "a redirect without Location";

    } else if (ngx_stream_video_auth_foreign(ctx, location)) {
        error = "relaying is not supported";

    } else if (ngx_stream_video_rtmp_name(ctx, &name) != NGX_OK) {
        error = "invalid stream name";

    } else {
        ngx_log_error(NGX_LOG_INFO, c->log, 0,
                      "stream \"%V\" is renamed \"%V\" by \"%V\"", &old,
                      &ctx->name, &ctx->auth.conf->url->url);
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, c->log, 0,
                  "publish is refused, \"%V\" renames to \"%V\": %s, "
                  "stream \"%V\"", &ctx->auth.conf->url->url, location, error,
                  &old);

    return ngx_stream_video_rtmp_refuse(ctx, "NetStream.Publish.Denied",
                                        error);
}


/* The host of a URL; len is 0 if there is none. */
static ngx_str_t
ngx_stream_video_auth_host(ngx_str_t *url)
{
    size_t     i;
    u_char    *p;
    ngx_str_t  host;

    ngx_str_null(&host);

    p = ngx_strlcasestrn(url->data, url->data + url->len, (u_char *) "://", 2);
    if (p == NULL) {
        return host;
    }

    host.data = p + 3;
    host.len = url->data + url->len - host.data;

    for (i = 0; i < host.len; i++) {
        if (host.data[i] == '/' || host.data[i] == '?'
            || (host.data[i] == ':' && host.data[0] != '['))
        {
            host.len = i;

        } else if (host.data[i] == ']') {
            host.len = i + 1;
        }
    }

    return host;
}


/* Is it an rtmp:// URL of another host than the publisher called? */
static ngx_uint_t
ngx_stream_video_auth_foreign(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_str_t *location)
{
    ngx_str_t  theirs, ours;

    if (location->len < 5
        || ngx_strncasecmp(location->data, (u_char *) "rtmp", 4) != 0
        || ngx_strlchr(location->data, location->data + location->len, ':')
           == NULL)
    {
        return 0;
    }

    theirs = ngx_stream_video_auth_host(location);
    ours = ngx_stream_video_auth_host(&ctx->auth.tc_url);

    return theirs.len == 0 || theirs.len != ours.len
           || ngx_strncasecmp(theirs.data, ours.data, ours.len) != 0;
}


static void
ngx_stream_video_auth_update(ngx_event_t *ev)
{
    ngx_connection_t             *c;
    ngx_stream_session_t         *s;
    ngx_stream_video_auth_t      *auth;
    ngx_stream_video_rtmp_ctx_t  *ctx;

    c = ev->data;
    s = c->data;
    ctx = ngx_stream_get_module_ctx(s, ngx_stream_video_rtmp_module);
    auth = &ctx->auth;

    auth->call = ngx_stream_video_auth_call(ctx, "update_publish", NULL);

    if (auth->call == NULL) {
        ngx_add_timer(&auth->update, ctx->auth.conf->update);
        return;
    }

    ngx_video_http_call_start(auth->call, ctx->auth.conf->timeout,
                              ngx_stream_video_auth_updated, ctx);
}


static void
ngx_stream_video_auth_updated(void *data, ngx_video_http_answer_t *answer)
{
    ngx_stream_video_rtmp_ctx_t *ctx = data;

    u_char                   *p, buf[NGX_VIDEO_AUTH_OUTCOME];
    ngx_uint_t                failed;
    ngx_connection_t         *c;
    ngx_stream_video_auth_t  *auth;

    c = ctx->session->connection;
    auth = &ctx->auth;
    auth->call = NULL;

    p = ngx_stream_video_auth_outcome(buf, sizeof(buf), answer);

    if (answer->status >= 400 && answer->status < 500) {
        ngx_log_error(NGX_LOG_INFO, c->log, 0,
                      "publisher is sent away by \"%V\": %*s, stream \"%V\"",
                      &ctx->auth.conf->url->url, (size_t) (p - buf), buf,
                      &ctx->name);

        (void) ngx_stream_video_rtmp_refuse(ctx, "NetStream.Publish.Denied",
                                            "publishing is not allowed");
        ngx_stream_video_rtmp_end(ctx, NGX_STREAM_OK);
        return;
    }

    failed = (answer->status == 0 || answer->status >= 500);

    if (failed != auth->failing) {
        auth->failing = failed;

        ngx_log_error(NGX_LOG_WARN, c->log, 0,
                      "update of \"%V\" %s: %*s, stream \"%V\"",
                      &ctx->auth.conf->url->url,
                      failed ? "failed" : "works again", (size_t) (p - buf),
                      buf, &ctx->name);
    }

    ngx_add_timer(&auth->update, ctx->auth.conf->update);
}


u_char *
ngx_stream_video_auth_outcome(u_char *buf, size_t len,
    ngx_video_http_answer_t *answer)
{
    return answer->status
           ? ngx_snprintf(buf, len, "status %ui", answer->status)
           : ngx_snprintf(buf, len, "%s", answer->error);
}


void
ngx_stream_video_auth_cleanup(ngx_stream_video_rtmp_ctx_t *ctx)
{
    ngx_stream_video_auth_t  *auth;

    auth = &ctx->auth;

    if (auth->call) {
        ngx_video_http_call_cancel(auth->call);
        auth->call = NULL;
    }

    if (auth->update.timer_set) {
        ngx_del_timer(&auth->update);
    }

    if (auth->pending) {
        ngx_free(auth->pending);
        auth->pending = NULL;
    }
}
