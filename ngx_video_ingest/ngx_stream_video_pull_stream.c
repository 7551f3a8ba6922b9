/*
 * Copyright (C) ngx_video authors
 *
 * One stream that is fetched: see ngx_stream_video_pull_stream.h.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_pull_stream.h"


static void ngx_stream_video_pull_retry(ngx_event_t *ev);
static void ngx_stream_video_pull_ready(ngx_stream_video_relay_t *relay);
static ngx_int_t ngx_stream_video_pull_message(
    ngx_stream_video_relay_t *relay, nvr_message_t *msg);
static ngx_int_t ngx_stream_video_pull_first(ngx_stream_video_pull_t *pull,
    nvr_message_t *msg);
static ngx_int_t ngx_stream_video_pull_keep(ngx_stream_video_pull_t *pull,
    nvr_message_t *msg);
static ngx_int_t ngx_stream_video_pull_publish(ngx_stream_video_pull_t *pull);
static void ngx_stream_video_pull_closed(ngx_stream_video_relay_t *relay,
    const char *why);
static u_char *ngx_stream_video_pull_log(ngx_log_t *log, u_char *buf,
    size_t len);


/* event timers are logged with the descriptor of a connection */
static ngx_connection_t  ngx_stream_video_pull_dummy = { .fd = -1 };


void
ngx_stream_video_pull_setup(ngx_stream_video_pull_t *pull, ngx_log_t *log)
{
    pull->log = *log;
    pull->log.handler = ngx_stream_video_pull_log;
    pull->log.data = pull;
    pull->log.action = NULL;

    pull->relay.url = pull->conf->url;
    pull->relay.tls = &pull->conf->conf->push.tls;
    pull->relay.log = &pull->log;
    pull->relay.max_message = pull->conf->conf->max_message;
    pull->relay.ready = ngx_stream_video_pull_ready;
    pull->relay.message = ngx_stream_video_pull_message;
    pull->relay.closed = ngx_stream_video_pull_closed;
    pull->relay.data = pull;

    pull->retry.handler = ngx_stream_video_pull_retry;
    pull->retry.data = &ngx_stream_video_pull_dummy;
    pull->retry.log = &pull->log;

    /* an exiting worker does not wait for it */
    pull->retry.cancelable = 1;
}


void
ngx_stream_video_pull_later(ngx_stream_video_pull_t *pull, ngx_msec_t delay)
{
    ngx_add_timer(&pull->retry, delay);
}


static void
ngx_stream_video_pull_retry(ngx_event_t *ev)
{
    ngx_stream_video_pull_t  *pull;

    pull = (ngx_stream_video_pull_t *)
               ((u_char *) ev - offsetof(ngx_stream_video_pull_t, retry));

    if (!ngx_exiting) {
        ngx_stream_video_pull_open(pull);
    }
}


void
ngx_stream_video_pull_open(ngx_stream_video_pull_t *pull)
{
    nvr_client_conf_t              conf;
    ngx_stream_video_relay_url_t  *url;

    url = pull->conf->url;
    ngx_memzero(&conf, sizeof(nvr_client_conf_t));

    conf.play = 1;
    conf.app.data = url->app.data;
    conf.app.len = url->app.len;
    conf.tc_url.data = url->base.data;
    conf.tc_url.len = url->base.len;
    conf.stream.data = pull->there.data;
    conf.stream.len = pull->there.len;

    pull->relay.timeout = pull->timeout;

    if (pull->relay.stat == NULL) {
        pull->relay.stat = ngx_video_relay_stat_take(
                               ngx_video_zone_store(pull->conf->app->zone),
                               NGX_VIDEO_RELAY_PULL, &pull->name, &url->base);
    }

    if (ngx_stream_video_relay_open(&pull->relay, &conf) != NGX_OK) {
        ngx_stream_video_pull_closed(&pull->relay, "no memory");
    }
}


static void
ngx_stream_video_pull_ready(ngx_stream_video_relay_t *relay)
{
    ngx_stream_video_pull_t  *pull;

    pull = relay->data;

    ngx_log_error(NGX_LOG_NOTICE, &pull->log, 0, "pull has begun");
}


/* Data may come of a stream that has nothing else. */
static ngx_uint_t
ngx_stream_video_pull_is_media(nvr_message_t *msg)
{
    return msg->type != NVR_MSG_DATA && msg->type != NVR_MSG_DATA_AMF3;
}


static ngx_int_t
ngx_stream_video_pull_message(ngx_stream_video_relay_t *relay,
    nvr_message_t *msg)
{
    ngx_int_t                 rc;
    ngx_stream_video_pull_t  *pull;

    pull = relay->data;

    if (pull->pool == NULL) {
        rc = ngx_stream_video_pull_first(pull, msg);

        if (rc != NGX_OK) {
            return rc == NGX_DECLINED ? NGX_OK : NGX_ERROR;
        }
    }

    relay->more |= ngx_stream_video_pull_is_media(msg);
    pull->ctx->received = relay->client->received;

    if (ngx_stream_video_rtmp_message(pull->ctx, msg) != NGX_OK) {
        relay->why = "what it sends can't be used";
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The stream begins, if these are media; NGX_DECLINED. */
static ngx_int_t
ngx_stream_video_pull_first(ngx_stream_video_pull_t *pull, nvr_message_t *msg)
{
    ngx_stream_video_relay_t  *relay;

    relay = &pull->relay;

    if (!ngx_stream_video_pull_is_media(msg)) {
        return ngx_stream_video_pull_keep(pull, msg);
    }

    relay->timeout = pull->conf->silence ? pull->conf->silence
                                         : pull->conf->conf->timeout;
    relay->flowing = 1;
    relay->more = 1;

    if (ngx_stream_video_pull_publish(pull) != NGX_OK) {
        relay->why = "it can't be published here";
        return NGX_ERROR;
    }

    if (pull->begun) {
        pull->begun(pull);
    }

    if (pull->metadata.data
        && ngx_stream_video_rtmp_message(pull->ctx, &pull->metadata)
           != NGX_OK)
    {
        relay->why = "what it sends can't be used";
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The newest metadata are those of the stream. */
static ngx_int_t
ngx_stream_video_pull_keep(ngx_stream_video_pull_t *pull, nvr_message_t *msg)
{
    u_char         *data;
    nvr_command_t   cmd;

    if (nvr_command_parse(msg->type, msg->data, msg->len, &cmd, NULL)
        != NVM_OK
        || cmd.kind != NVR_CMD_METADATA)
    {
        return NGX_DECLINED;
    }

    data = ngx_alloc(msg->len, &pull->log);
    if (data == NULL) {
        return NGX_DECLINED;
    }

    ngx_memcpy(data, msg->data, msg->len);

    if (pull->metadata.data) {
        ngx_free((void *) pull->metadata.data);
    }

    pull->metadata = *msg;
    pull->metadata.data = data;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_stream_video_pull_publish(ngx_stream_video_pull_t *pull)
{
    ngx_stream_video_rtmp_ctx_t  *ctx;

    pull->pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pull->pool == NULL) {
        return NGX_ERROR;
    }

    pull->session = ngx_pcalloc(pull->pool, sizeof(ngx_stream_session_t));
    ctx = ngx_pcalloc(pull->pool, sizeof(ngx_stream_video_rtmp_ctx_t));

    if (pull->session == NULL || ctx == NULL) {
        return NGX_ERROR;
    }

    pull->session->connection = pull->relay.peer.connection;
    pull->session->main_conf = pull->conf->server->main_conf;
    pull->session->srv_conf = pull->conf->server->srv_conf;
    pull->ctx = ctx;

    ctx->session = pull->session;
    ctx->conf = pull->conf->conf;
    ctx->app = pull->conf->app;
    ctx->chunk = NVR_CHUNK_SIZE;
    ctx->pulled = 1;

    ctx->name.data = ctx->name_data;
    ctx->name.len = pull->name.len;
    ngx_memcpy(ctx->name_data, pull->name.data, pull->name.len);

    if (ngx_stream_video_transcode_session(ctx, pull->pool) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_stream_video_rtmp_begin(ctx);
}


static ngx_video_wish_why_e
ngx_stream_video_pull_why(ngx_stream_video_relay_t *relay)
{
    nvr_client_t  *cl;

    cl = relay->client;

    if (relay->timedout) {
        return NGX_VIDEO_WISH_LATE;
    }

    /* it has answered to "play", or ended what that had begun */
    return cl && relay->why == cl->fault.what && cl->code[0]
           && cl->state >= NVR_CLIENT_START
           ? NGX_VIDEO_WISH_NONE : NGX_VIDEO_WISH_BROKEN;
}


/* The stream is interrupted, and may go on with the next attempt. */
static void
ngx_stream_video_pull_closed(ngx_stream_video_relay_t *relay, const char *why)
{
    ngx_uint_t                level;
    ngx_msec_t                delay;
    ngx_stream_video_pull_t  *pull;

    pull = relay->data;
    pull->failed = ngx_stream_video_pull_why(relay);
    pull->aired = pull->ctx && pull->ctx->segmenter.ready;

    /* a viewer may ask for what is not there */
    level = ngx_exiting || (pull->conf->idle && pull->ctx == NULL
                            && pull->failed == NGX_VIDEO_WISH_NONE)
            ? NGX_LOG_INFO : NGX_LOG_ERR;

    delay = ngx_stream_video_relay_delay(relay, level, "pull", why);

    ngx_stream_video_pull_over(pull, 0);
    pull->closed(pull, delay);
}


void
ngx_stream_video_pull_over(ngx_stream_video_pull_t *pull, ngx_uint_t clean)
{
    ngx_stream_video_rtmp_ctx_t  *ctx;

    ctx = pull->ctx;

    if (ctx) {
        if (ctx->publishing) {
            ngx_log_error(NGX_LOG_NOTICE, &pull->log, 0,
                          "stream \"%V\" %s, %ui frames", &ctx->name,
                          clean ? "ended" : "interrupted",
                          ctx->segmenter.frames);
        }

        if (ctx->push) {
            ngx_stream_video_push_end(ctx->push);
        }

        ngx_video_segmenter_done(&ctx->segmenter, clean);
        pull->ctx = NULL;
    }

    ngx_stream_video_relay_close(&pull->relay);

    if (pull->retry.timer_set) {
        ngx_del_timer(&pull->retry);
    }

    if (pull->metadata.data) {
        ngx_free((void *) pull->metadata.data);
        pull->metadata.data = NULL;
    }

    if (pull->pool) {
        ngx_destroy_pool(pull->pool);
        pull->pool = NULL;
    }
}


void
ngx_stream_video_pull_done(ngx_stream_video_pull_t *pull)
{
    if (pull->relay.stat) {
        ngx_video_relay_stat_free(ngx_video_zone_store(pull->conf->app->zone),
                                  pull->relay.stat);
        pull->relay.stat = NULL;
    }
}


/* The URL without the stream's name at its end: that may be a secret. */
static u_char *
ngx_stream_video_pull_log(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_stream_video_pull_t  *pull;

    pull = log->data;

    return ngx_snprintf(buf, len, " while pulling \"%V\" from \"%V\"",
                        &pull->name, &pull->conf->url->base);
}
