/*
 * Copyright (C) ngx_video authors
 *
 * Which ladder a stream has: see ngx_stream_video_transcode.h.
 */

#include "ngx_stream_video_rtmp_module.h"
#include "ngx_video_ingest.h"


static ngx_int_t ngx_stream_video_transcode_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data);


/* "data": 1: the application, 0: the stream */
static ngx_stream_variable_t  ngx_stream_video_variables[] = {

    { ngx_string("video_app"), NULL, ngx_stream_video_transcode_variable, 1,
      NGX_STREAM_VAR_NOCACHEABLE, 0 },

    { ngx_string("video_name"), NULL, ngx_stream_video_transcode_variable, 0,
      NGX_STREAM_VAR_NOCACHEABLE, 0 },

      ngx_stream_null_variable
};


ngx_int_t
ngx_stream_video_transcode_variables(ngx_conf_t *cf)
{
    ngx_stream_variable_t  *v, *var;

    for (v = ngx_stream_video_variables; v->name.len; v++) {
        var = ngx_stream_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/* Of a session that publishes nothing they are empty. */
static ngx_int_t
ngx_stream_video_transcode_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                     empty, *value;
    ngx_stream_video_rtmp_ctx_t  *ctx;

    ngx_str_null(&empty);
    value = &empty;
    ctx = ngx_stream_get_module_ctx(s, ngx_stream_video_rtmp_module);

    if (ctx) {
        value = data == 0 ? &ctx->name : ctx->app ? &ctx->app->name : &empty;
    }

    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;
    v->data = value->data;
    v->len = value->len;

    return NGX_OK;
}


ngx_int_t
ngx_stream_video_transcode_session(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_pool_t *pool)
{
    ngx_stream_session_t         *s;
    ngx_stream_core_main_conf_t  *cmcf;

    s = ctx->session;
    cmcf = ngx_stream_get_module_main_conf(s, ngx_stream_core_module);

    s->signature = NGX_STREAM_MODULE;
    s->ctx = ngx_pcalloc(pool, sizeof(void *) * ngx_stream_max_module);
    s->variables = ngx_pcalloc(pool, cmcf->variables.nelts
                                     * sizeof(ngx_stream_variable_value_t));

    if (s->ctx == NULL || s->variables == NULL) {
        return NGX_ERROR;
    }

    ngx_stream_set_ctx(s, ctx, ngx_stream_video_rtmp_module);

    return NGX_OK;
}


/* The ladder that variables name. */
static ngx_video_ladder_t *
ngx_stream_video_transcode_named(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_stream_complex_value_t *value, ngx_array_t *ladders)
{
    ngx_str_t            name;
    ngx_video_ladder_t  *ladder;

    if (ngx_stream_complex_value(ctx->session, value, &name) != NGX_OK
        || name.len == 0
        || (name.len == 3 && ngx_strncmp(name.data, "off", 3) == 0))
    {
        return NULL;
    }

    ladder = ngx_video_ladder_find(ladders, &name);

    if (ladder == NULL) {
        ngx_log_error(NGX_LOG_ERR, ctx->session->connection->log, 0,
                      "stream \"%V\" has no ladder: there is no \"%V\"",
                      &ctx->name, &name);
    }

    return ladder;
}


ngx_video_ladder_t *
ngx_stream_video_transcode_ladder(ngx_stream_video_rtmp_ctx_t *ctx)
{
    ngx_connection_t              *c;
    ngx_video_ladder_t            *ladder;
    ngx_video_ingest_conf_t       *icf;
    ngx_stream_video_transcode_t  *t;

    t = ctx->conf->transcode;
    icf = ngx_video_ingest_conf((ngx_cycle_t *) ngx_cycle);

    if (t == NULL || icf->transcoder.enable != 1) {
        return NULL;
    }

    if (t->ladder) {
        return t->ladder;
    }

    c = ctx->session->connection;

    if (c->pool) {
        return ngx_stream_video_transcode_named(ctx, t->name, &icf->ladders);
    }

    /* of a server that is pulled from: its variables are not asked for again */
    c->pool = ngx_create_pool(1024, ngx_cycle->log);

    if (c->pool == NULL) {
        return NULL;
    }

    ladder = ngx_stream_video_transcode_named(ctx, t->name, &icf->ladders);

    ngx_destroy_pool(c->pool);
    c->pool = NULL;

    /* was in it, if a variable has asked for it */
    c->local_sockaddr = NULL;
    c->local_socklen = 0;

    return ladder;
}


char *
ngx_stream_video_transcode(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_rtmp_srv_conf_t *rcf = conf;

    ngx_str_t                            *value;
    ngx_stream_video_transcode_t         *t;
    ngx_stream_compile_complex_value_t    ccv;

    value = cf->args->elts;

    if (rcf->transcode != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    rcf->transcode = NULL;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"\": the "
                           "name of a ladder or \"off\" is expected");
        return NGX_CONF_ERROR;
    }

    t = ngx_pcalloc(cf->pool, sizeof(ngx_stream_video_transcode_t));
    if (t == NULL) {
        return NGX_CONF_ERROR;
    }

    rcf->transcode = t;

    if (ngx_stream_script_variables_count(&value[1]) == 0) {
        t->ladder = ngx_video_ladder_ref(cf, &value[1]);
        return t->ladder ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    t->name = ngx_palloc(cf->pool, sizeof(ngx_stream_complex_value_t));
    if (t->name == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_stream_compile_complex_value_t));
    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = t->name;

    return ngx_stream_compile_complex_value(&ccv) == NGX_OK ? NGX_CONF_OK
                                                            : NGX_CONF_ERROR;
}
