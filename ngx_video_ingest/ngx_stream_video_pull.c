/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are fetched: see ngx_stream_video_pull.h.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_demand.h"
#include "nva_args.h"


/* ms from the start of a worker to its first attempt */
#define NGX_VIDEO_PULL_BEGIN    300

/* until one that nobody asks for ends, ms */
#define NGX_VIDEO_PULL_IDLE     30000


/* A parameter, "NAME=TIME". */
typedef struct {
    ngx_str_t                 name;
    ngx_int_t                 least;        /* ms */
    ngx_int_t                 most;
    const char               *text;
} ngx_stream_video_pull_time_t;


static void ngx_stream_video_pull_closed(ngx_stream_video_pull_t *pull,
    ngx_msec_t delay);


static ngx_stream_video_pull_time_t  ngx_stream_video_pull_idle = {
    ngx_string("idle"), 5000, 3600000, "5s and 1h"
};

static ngx_stream_video_pull_time_t  ngx_stream_video_pull_silence = {
    ngx_string("silence"), 500, 60000, "500ms and 60s"
};


static ngx_int_t
ngx_stream_video_pull_never(ngx_cycle_t *cycle,
    ngx_stream_video_pull_conf_t *pc)
{
    ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                  "\"video_pull\" of \"%V\" needs \"master_process on\" and "
                  "is ignored", pc->name.len ? &pc->name : &pc->app->name);

    return NGX_OK;
}


static ngx_int_t
ngx_stream_video_pull_start(ngx_cycle_t *cycle,
    ngx_stream_video_pull_conf_t *pc)
{
    ngx_stream_video_pull_t  *pull;

    if (pc->idle) {
        return ngx_stream_video_demand_add(cycle, pc);
    }

    if (ngx_worker != 0) {
        return NGX_OK;
    }

    pull = ngx_pcalloc(cycle->pool, sizeof(ngx_stream_video_pull_t));
    if (pull == NULL) {
        return NGX_ERROR;
    }

    pull->conf = pc;
    pull->name = pc->name;
    pull->there = pc->url->name;
    pull->timeout = pc->conf->timeout;
    pull->closed = ngx_stream_video_pull_closed;
    pc->pull = pull;

    ngx_stream_video_pull_setup(pull, cycle->log);

    /* in a reload the worker that has it now is told to exit after 100 ms */
    ngx_stream_video_pull_later(pull, NGX_VIDEO_PULL_BEGIN);

    return NGX_OK;
}


static ngx_int_t
ngx_stream_video_pull_stop(ngx_cycle_t *cycle,
    ngx_stream_video_pull_conf_t *pc)
{
    /* another worker's have no connection */
    if (pc->pull) {
        ngx_stream_video_pull_over(pc->pull, 0);
        ngx_stream_video_pull_done(pc->pull);
    }

    return NGX_OK;
}


/* Calls it for each that the configuration has. */
static ngx_int_t
ngx_stream_video_pull_each(ngx_cycle_t *cycle,
    ngx_int_t (*handler)(ngx_cycle_t *cycle,
        ngx_stream_video_pull_conf_t *pc))
{
    ngx_uint_t                          i, k;
    ngx_stream_core_srv_conf_t        **cscf;
    ngx_stream_core_main_conf_t        *cmcf;
    ngx_stream_video_pull_conf_t      **pc;
    ngx_stream_video_rtmp_srv_conf_t   *conf;

    cmcf = ngx_stream_cycle_get_module_main_conf(cycle,
                                                 ngx_stream_core_module);
    if (cmcf == NULL) {
        return NGX_OK;
    }

    cscf = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        conf = cscf[i]->ctx->srv_conf[ngx_stream_video_rtmp_module.ctx_index];

        if (conf->pulls == NULL) {
            continue;
        }

        pc = conf->pulls->elts;

        for (k = 0; k < conf->pulls->nelts; k++) {
            pc[k]->server = cscf[i]->ctx;
            pc[k]->conf = conf;

            if (handler(cycle, pc[k]) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_stream_video_pull_init(ngx_cycle_t *cycle)
{
    if (ngx_process == NGX_PROCESS_SINGLE) {
        /* its configuration may go while an attempt is waited for */
        return ngx_stream_video_pull_each(cycle, ngx_stream_video_pull_never);
    }

    if (ngx_process == NGX_PROCESS_WORKER) {
        return ngx_stream_video_pull_each(cycle, ngx_stream_video_pull_start);
    }

    return NGX_OK;
}


void
ngx_stream_video_pull_exit(ngx_cycle_t *cycle)
{
    (void) ngx_stream_video_pull_each(cycle, ngx_stream_video_pull_stop);
    ngx_stream_video_demand_exit();
}


static void
ngx_stream_video_pull_closed(ngx_stream_video_pull_t *pull, ngx_msec_t delay)
{
    if (!ngx_exiting) {
        ngx_stream_video_pull_later(pull, delay);
    }
}


/*
 * The name there: of one that is fetched on demand it may be missing, but for
 * its arguments, and is what is asked for.
 */
static char *
ngx_stream_video_pull_there(ngx_conf_t *cf, ngx_stream_video_pull_conf_t *pc,
    ngx_str_t *value)
{
    ngx_str_t  *there;

    there = &pc->url->name;

    if (there->len && there->data[0] != '?') {
        return NGX_CONF_OK;
    }

    if (pc->idle == 0 || pc->name.len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_pull\": no stream in \"%V\"%s", value,
                           pc->name.len ? "" : ", which only \"on_demand\" "
                                               "may do without");
        return NGX_CONF_ERROR;
    }

    if (there->len + NGX_VIDEO_LIVE_NAME > NVR_CLIENT_MAX_NAME) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_pull\": the arguments in \"%V\" are longer "
                           "than %d bytes", value,
                           NVR_CLIENT_MAX_NAME - NGX_VIDEO_LIVE_NAME);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* The name here: as it was given, or the last part of that there. */
static char *
ngx_stream_video_pull_name(ngx_conf_t *cf, ngx_stream_video_pull_conf_t *pc)
{
    size_t      i, start;
    ngx_str_t  *there;

    there = &pc->url->name;

    if (pc->name.data == NULL) {
        start = 0;

        for (i = 0; i < there->len; i++) {
            if (there->data[i] == '?') {
                break;
            }

            if (there->data[i] == '/') {
                start = i + 1;
            }
        }

        if (i == 0) {
            /* that which is asked for */
            return NGX_CONF_OK;
        }

        pc->name.data = there->data + start;
        pc->name.len = i - start;
    }

    if (!nva_name_valid(pc->name.data, pc->name.len, NGX_VIDEO_LIVE_NAME)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_pull\": \"%V\" is not a name that a stream "
                           "may have, give it another one after the URL",
                           &pc->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* A copy: the array may grow. */
static ngx_stream_video_app_t *
ngx_stream_video_pull_app(ngx_conf_t *cf, ngx_array_t *apps, ngx_str_t *name)
{
    ngx_uint_t               i;
    ngx_stream_video_app_t  *app, *copy;

    for (i = 0; apps && i < apps->nelts; i++) {
        app = (ngx_stream_video_app_t *) apps->elts + i;

        if (app->name.len != name->len
            || ngx_memcmp(app->name.data, name->data, name->len) != 0)
        {
            continue;
        }

        copy = ngx_palloc(cf->pool, sizeof(ngx_stream_video_app_t));

        if (copy) {
            *copy = *app;
        }

        return copy;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"video_pull\": no \"video_rtmp %V\" before it in this "
                       "server", name);

    return NULL;
}


/* "idle=TIME": NGX_DECLINED: it is something else, or was there before. */
static ngx_int_t
ngx_stream_video_pull_time(ngx_conf_t *cf, ngx_str_t *value,
    ngx_stream_video_pull_time_t *range, ngx_msec_t *time)
{
    ngx_int_t  ms;
    ngx_str_t  s;

    if (value->len <= range->name.len || *time
        || ngx_strncmp(value->data, range->name.data, range->name.len) != 0
        || value->data[range->name.len] != '=')
    {
        return NGX_DECLINED;
    }

    s.data = value->data + range->name.len + 1;
    s.len = value->len - range->name.len - 1;
    ms = ngx_parse_time(&s, 0);

    if (ms < range->least || ms > range->most) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" of \"video_pull\" must be between "
                           "%s, not \"%V\"", &range->name, range->text, &s);
        return NGX_ERROR;
    }

    *time = (ngx_msec_t) ms;

    return NGX_OK;
}


/* [NAME] [on_demand [idle=TIME]] [silence=TIME] */
static char *
ngx_stream_video_pull_args(ngx_conf_t *cf, ngx_stream_video_pull_conf_t *pc)
{
    ngx_int_t    rc;
    ngx_str_t   *value;
    ngx_uint_t   i, demand;

    value = cf->args->elts;
    demand = 0;

    for (i = 3; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "on_demand") == 0 && !demand) {
            demand = 1;
            continue;
        }

        rc = ngx_stream_video_pull_time(cf, &value[i],
                                        &ngx_stream_video_pull_idle,
                                        &pc->idle);

        if (rc == NGX_DECLINED) {
            rc = ngx_stream_video_pull_time(cf, &value[i],
                                            &ngx_stream_video_pull_silence,
                                            &pc->silence);
        }

        if (rc == NGX_OK) {
            continue;
        }

        if (rc == NGX_ERROR) {
            return NGX_CONF_ERROR;
        }

        if (i > 3) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"video_pull\": "
                               "\"on_demand\", \"idle=TIME\" or "
                               "\"silence=TIME\", each once, is expected",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        pc->name = value[3];
    }

    if (pc->idle && !demand) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"idle\" of \"video_pull\" needs \"on_demand\"");
        return NGX_CONF_ERROR;
    }

    if (demand && pc->idle == 0) {
        pc->idle = NGX_VIDEO_PULL_IDLE;
    }

    return NGX_CONF_OK;
}


char *
ngx_stream_video_pull(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_rtmp_srv_conf_t *rcf = conf;

    ngx_str_t                     *value;
    ngx_stream_video_pull_conf_t  *pc, **p;

    value = cf->args->elts;

    pc = ngx_pcalloc(cf->pool, sizeof(ngx_stream_video_pull_conf_t));
    if (pc == NULL) {
        return NGX_CONF_ERROR;
    }

    pc->app = ngx_stream_video_pull_app(cf, rcf->apps, &value[1]);
    if (pc->app == NULL) {
        return NGX_CONF_ERROR;
    }

    pc->url = ngx_stream_video_relay_url(cf, &value[2], "video_pull");
    if (pc->url == NULL) {
        return NGX_CONF_ERROR;
    }

    rcf->push.tls.needed |= pc->url->tls;

    if (rcf->pulls == NULL) {
        rcf->pulls = ngx_array_create(cf->pool, 4, sizeof(void *));
        if (rcf->pulls == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    p = ngx_array_push(rcf->pulls);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    *p = pc;

    if (ngx_stream_video_pull_args(cf, pc) != NGX_CONF_OK
        || ngx_stream_video_pull_there(cf, pc, &value[2]) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_stream_video_pull_name(cf, pc);
}
