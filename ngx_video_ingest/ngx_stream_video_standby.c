/*
 * Copyright (C) ngx_video authors
 *
 * A publisher that falls silent while another one of the name stands by: a
 * network that dies says nothing.  It is looked at by its own worker, which
 * alone may end what it has begun; that another one is there it knows from the
 * zone.  It leaves the stream and stands by itself: when its network is back
 * an encoder that does not connect again is the other one's standby.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_rtmp_module.h"


/* ms; how soon one that is silent already is looked at again */
#define NGX_VIDEO_STANDBY_LOOK  200


static void ngx_stream_video_standby_timer(ngx_event_t *ev);


void
ngx_stream_video_standby_start(ngx_stream_video_rtmp_ctx_t *ctx)
{
    ngx_connection_t                  *c;
    ngx_stream_video_rtmp_srv_conf_t  *conf;

    c = ctx->session->connection;
    conf = ctx->conf;

    /* what is pulled has no session whose end would be that of the timer */
    if (!conf->standby || conf->silence == 0 || ctx->pulled) {
        return;
    }

    ctx->silence.handler = ngx_stream_video_standby_timer;
    ctx->silence.data = c;
    ctx->silence.log = c->log;

    /* the publisher's own timer is what a worker waits for */
    ctx->silence.cancelable = 1;

    ngx_add_timer(&ctx->silence, conf->silence);
}


static void
ngx_stream_video_standby_timer(ngx_event_t *ev)
{
    ngx_msec_t                    silence, rest;
    ngx_connection_t             *c;
    ngx_video_segmenter_t        *sg;
    ngx_stream_video_rtmp_ctx_t  *ctx;

    c = ev->data;
    ctx = ngx_stream_get_module_ctx((ngx_stream_session_t *) c->data,
                                    ngx_stream_video_rtmp_module);
    sg = &ctx->segmenter;

    if (!ctx->publishing) {
        return;
    }

    silence = ngx_video_segmenter_silence(sg);

    /* when both are silent it is for another reason */
    if (silence >= ctx->conf->silence
        && ngx_video_live_stood_by(sg->store, sg->live)
           < ctx->conf->silence / 2)
    {
        ngx_log_error(NGX_LOG_WARN, ev->log, 0,
                      "stream \"%V\": nothing has come for %Mms, it is left "
                      "to the publisher that stands by", &ctx->name, silence);

        if (ctx->push) {
            ngx_stream_video_push_hold(ctx->push);
        }

        ngx_video_segmenter_yield(sg);
        silence = 0;
    }

    rest = ctx->conf->silence - ngx_min(silence, ctx->conf->silence);
    ngx_add_timer(ev, ngx_max(rest, NGX_VIDEO_STANDBY_LOOK));
}


void
ngx_stream_video_standby_done(ngx_stream_video_rtmp_ctx_t *ctx)
{
    if (ctx->silence.timer_set) {
        ngx_del_timer(&ctx->silence);
    }
}


/* on [silence=TIME], or "off" */
char *
ngx_stream_video_standby(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_rtmp_srv_conf_t *rcf = conf;

    ngx_int_t   ms;
    ngx_str_t  *value, s;

    if (rcf->standby != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        rcf->standby = 1;

    } else if (ngx_strcmp(value[1].data, "off") == 0) {
        rcf->standby = 0;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%s\" in \"%V\" directive, it must "
                           "be \"on\" or \"off\"", value[1].data, &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    ms = NGX_ERROR;

    if (rcf->standby && ngx_strncmp(value[2].data, "silence=", 8) == 0) {
        s.data = value[2].data + 8;
        s.len = value[2].len - 8;
        ms = ngx_parse_time(&s, 0);
    }

    if (ms != 0 && (ms < 500 || ms > 60000)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\": after \"on\" "
                           "\"silence=TIME\", 0 or between 500ms and 60s, is "
                           "expected", &value[2]);
        return NGX_CONF_ERROR;
    }

    rcf->silence = ms;

    return NGX_CONF_OK;
}
