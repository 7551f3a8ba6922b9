/*
 * Copyright (C) ngx_video authors
 *
 * Publish control by a callback: the directives.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_rtmp_module.h"


static void *ngx_stream_video_auth_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_video_auth_merge_srv_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_stream_video_auth_url(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_stream_video_auth_ssl_protocols(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);


static ngx_stream_video_range_t  ngx_stream_video_auth_update_range =
    { ngx_stream_video_msec, "video_publish_update", 1000, 3600000, 1 };

static ngx_stream_video_range_t  ngx_stream_video_auth_timeout_range =
    { ngx_stream_video_msec, "video_publish_auth_timeout", 100, 60000, 0 };


static ngx_conf_num_bounds_t  ngx_stream_video_auth_tries_bounds =
    { ngx_conf_check_num_bounds, 1, 100 };


static ngx_command_t  ngx_stream_video_auth_commands[] = {

    { ngx_string("video_publish_auth"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_stream_video_auth_url,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_publish_update"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_auth_srv_conf_t, update),
      &ngx_stream_video_auth_update_range },

    { ngx_string("video_publish_auth_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_auth_srv_conf_t, timeout),
      &ngx_stream_video_auth_timeout_range },

    { ngx_string("video_publish_done_tries"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_auth_srv_conf_t, tries),
      &ngx_stream_video_auth_tries_bounds },

    { ngx_string("video_publish_auth_ssl_verify"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_auth_srv_conf_t, ssl.verify),
      NULL },

    { ngx_string("video_publish_auth_ssl_trusted_certificate"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_auth_srv_conf_t, ssl.trusted),
      NULL },

    { ngx_string("video_publish_auth_ssl_name"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_auth_srv_conf_t, ssl_name),
      NULL },

    { ngx_string("video_publish_auth_ssl_protocols"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE12,
      ngx_stream_video_auth_ssl_protocols,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_video_auth_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_stream_video_auth_create_srv_conf, /* create server configuration */
    ngx_stream_video_auth_merge_srv_conf   /* merge server configuration */
};


ngx_module_t  ngx_stream_video_auth_module = {
    NGX_MODULE_V1,
    &ngx_stream_video_auth_module_ctx,     /* module context */
    ngx_stream_video_auth_commands,        /* module directives */
    NGX_STREAM_MODULE,                     /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_stream_video_auth_exit,            /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_stream_video_auth_create_srv_conf(ngx_conf_t *cf)
{
    ngx_stream_video_auth_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_video_auth_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->url = NGX_CONF_UNSET_PTR;
    conf->update = NGX_CONF_UNSET_MSEC;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->tries = NGX_CONF_UNSET;
    conf->ssl.verify = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_stream_video_auth_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_stream_video_auth_srv_conf_t *prev = parent;
    ngx_stream_video_auth_srv_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->url, prev->url, NULL);
    ngx_conf_merge_msec_value(conf->update, prev->update, 30000);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 5000);
    ngx_conf_merge_value(conf->tries, prev->tries, 8);
    ngx_conf_merge_value(conf->ssl.verify, prev->ssl.verify, 1);
    ngx_conf_merge_str_value(conf->ssl.trusted, prev->ssl.trusted, "");
    ngx_conf_merge_str_value(conf->ssl_name, prev->ssl_name, "");

    if (conf->ssl.protocols == 0) {
        conf->ssl.protocols = prev->ssl.protocols;
    }

    if (conf->url && conf->url->secure) {
        conf->url = ngx_video_http_url_ssl(cf, conf->url, &conf->ssl,
                                           &conf->ssl_name);
        if (conf->url == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_video_auth_url(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_auth_srv_conf_t *acf = conf;

    ngx_str_t  *value;

    if (acf->url != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        acf->url = NULL;
        return NGX_CONF_OK;
    }

    acf->url = ngx_video_http_url(cf, &value[1], "video_publish_auth");

    return acf->url ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_stream_video_auth_ssl_protocols(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_stream_video_auth_srv_conf_t *acf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i;

    if (acf->ssl.protocols) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "TLSv1.2") == 0) {
            acf->ssl.protocols |= NGX_VIDEO_SSL_TLSv1_2;

        } else if (ngx_strcmp(value[i].data, "TLSv1.3") == 0) {
            acf->ssl.protocols |= NGX_VIDEO_SSL_TLSv1_3;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"video_publish_auth_ssl_protocols\" must be "
                               "\"TLSv1.2\", \"TLSv1.3\" or both, not \"%V\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}
