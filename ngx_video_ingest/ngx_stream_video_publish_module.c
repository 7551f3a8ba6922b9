/*
 * Copyright (C) ngx_video authors
 *
 * Publish control without a callback: the directives.  Files are read with the
 * configuration, so that "nginx -t" finds what is wrong with them and a reload
 * takes their changes; workers need not be able to read them.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_publish_module.h"


static void *ngx_stream_video_publish_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_video_publish_merge_srv_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_stream_video_publish_keys(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_stream_video_publish_token(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_stream_video_publish_streams(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_stream_video_publish_bitrate(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


#define NGX_VIDEO_KEY_ARGUMENT    64        /* longest name of it */
#define NGX_VIDEO_MAX_STREAMS     1024      /* that a zone can have */


static ngx_command_t  ngx_stream_video_publish_commands[] = {

    { ngx_string("video_publish_keys"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE12,
      ngx_stream_video_publish_keys,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_publish_token"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_stream_video_publish_token,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_publish_streams"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE12,
      ngx_stream_video_publish_streams,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_publish_bitrate"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE12,
      ngx_stream_video_publish_bitrate,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_video_publish_module_ctx = {
    NULL,                                      /* preconfiguration */
    NULL,                                      /* postconfiguration */

    NULL,                                      /* create main configuration */
    NULL,                                      /* init main configuration */

    ngx_stream_video_publish_create_srv_conf,  /* create server configuration */
    ngx_stream_video_publish_merge_srv_conf    /* merge server configuration */
};


ngx_module_t  ngx_stream_video_publish_module = {
    NGX_MODULE_V1,
    &ngx_stream_video_publish_module_ctx,  /* module context */
    ngx_stream_video_publish_commands,     /* module directives */
    NGX_STREAM_MODULE,                     /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_stream_video_publish_create_srv_conf(ngx_conf_t *cf)
{
    ngx_stream_video_publish_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_video_publish_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->keys = NGX_CONF_UNSET_PTR;
    conf->secrets = NGX_CONF_UNSET_PTR;
    conf->streams = NGX_CONF_UNSET_UINT;
    conf->address = NGX_CONF_UNSET_UINT;
    conf->bitrate = NGX_CONF_UNSET_SIZE;
    conf->interval = NGX_CONF_UNSET_MSEC;

    return conf;
}


static char *
ngx_stream_video_publish_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_stream_video_publish_srv_conf_t *prev = parent;
    ngx_stream_video_publish_srv_conf_t *conf = child;

    if (conf->keys == NGX_CONF_UNSET_PTR) {
        conf->argument = prev->argument;
    }

    ngx_conf_merge_ptr_value(conf->keys, prev->keys, NULL);
    ngx_conf_merge_ptr_value(conf->secrets, prev->secrets, NULL);
    ngx_conf_merge_uint_value(conf->streams, prev->streams, 0);
    ngx_conf_merge_uint_value(conf->address, prev->address, 0);
    ngx_conf_merge_size_value(conf->bitrate, prev->bitrate, 0);
    ngx_conf_merge_msec_value(conf->interval, prev->interval, 10000);

    return NGX_CONF_OK;
}


/* "name=VALUE": makes the argument what follows; 0: it is another. */
static ngx_uint_t
ngx_stream_video_publish_value(ngx_str_t *argument, const char *name)
{
    size_t  n;

    n = ngx_strlen(name);

    if (argument->len < n || ngx_strncmp(argument->data, name, n) != 0) {
        return 0;
    }

    argument->data += n;
    argument->len -= n;

    return 1;
}


static ngx_int_t
ngx_stream_video_publish_argument(ngx_str_t *name)
{
    u_char  ch;
    size_t  i;

    if (name->len == 0 || name->len > NGX_VIDEO_KEY_ARGUMENT) {
        return NGX_ERROR;
    }

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
              || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_'))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static char *
ngx_stream_video_publish_keys(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_publish_srv_conf_t *pcf = conf;

    ngx_str_t  *value, argument;

    if (pcf->keys != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    ngx_str_set(&argument, "key");

    if (cf->args->nelts == 3) {
        argument = value[2];

        if (!ngx_stream_video_publish_value(&argument, "arg=")
            || ngx_stream_video_publish_argument(&argument) != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\": \"arg=NAME\" is "
                               "expected, of up to %d letters, digits, \"-\" "
                               "and \"_\"", &value[2], NGX_VIDEO_KEY_ARGUMENT);
            return NGX_CONF_ERROR;
        }
    }

    pcf->argument.data = argument.data;
    pcf->argument.len = argument.len;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        pcf->keys = NULL;
        return NGX_CONF_OK;
    }

    pcf->keys = ngx_stream_video_keys_file(cf, &value[1]);

    return pcf->keys ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_stream_video_publish_token(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_publish_srv_conf_t *pcf = conf;

    ngx_str_t  *value;

    if (pcf->secrets != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        pcf->secrets = NULL;
        return NGX_CONF_OK;
    }

    pcf->secrets = ngx_stream_video_secrets_file(cf, &value[1]);

    return pcf->secrets ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_stream_video_publish_streams(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_stream_video_publish_srv_conf_t *pcf = conf;

    ngx_int_t    n;
    ngx_str_t   *value, number;
    ngx_uint_t   i, *limit;

    if (pcf->streams != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;
    pcf->streams = 0;
    pcf->address = 0;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        number = value[i];
        limit = ngx_stream_video_publish_value(&number, "address=")
                ? &pcf->address : &pcf->streams;
        n = ngx_atoi(number.data, number.len);

        if (n < 1 || n > NGX_VIDEO_MAX_STREAMS || *limit) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\": \"off\", or a "
                               "number of streams or \"address=NUMBER\" or "
                               "both, between 1 and %d, is expected",
                               &value[i], NGX_VIDEO_MAX_STREAMS);
            return NGX_CONF_ERROR;
        }

        *limit = (ngx_uint_t) n;
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_video_publish_bitrate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_stream_video_publish_srv_conf_t *pcf = conf;

    ssize_t      rate;
    ngx_int_t    ms;
    ngx_str_t   *value;

    if (pcf->bitrate != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        pcf->bitrate = 0;
        return NGX_CONF_OK;
    }

    rate = ngx_parse_size(&value[1]);

    if (rate < 64 * 1024 || rate > 1024 * 1024 * 1024) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_publish_bitrate\" must be \"off\" or "
                           "between 64k and 1024m, not \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    pcf->bitrate = (size_t) rate;
    pcf->interval = 10000;

    if (cf->args->nelts == 3) {
        ms = ngx_parse_time(&value[2], 0);

        if (ms < 1000 || ms > 60000) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"video_publish_bitrate\" must be measured "
                               "over between 1s and 60s, not \"%V\"",
                               &value[2]);
            return NGX_CONF_ERROR;
        }

        pcf->interval = (ngx_msec_t) ms;
    }

    return NGX_CONF_OK;
}
