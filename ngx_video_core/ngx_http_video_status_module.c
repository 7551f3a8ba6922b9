/*
 * Copyright (C) ngx_video authors
 *
 * "video_status": what the zones and streams are doing, as JSON, or as
 * Prometheus text with ?format=prometheus.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_video_status.h"


static char *ngx_http_video_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_video_status_handler(ngx_http_request_t *r);


static ngx_command_t  ngx_http_video_status_commands[] = {

    { ngx_string("video_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_video_status,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_video_status_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_video_status_module = {
    NGX_MODULE_V1,
    &ngx_http_video_status_module_ctx,     /* module context */
    ngx_http_video_status_commands,        /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_http_video_status_handler(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_str_t                 value;
    ngx_video_core_conf_t    *vcf;
    ngx_http_video_report_t  *rp;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    vcf = (ngx_video_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                                 ngx_video_core_module);

    rp = ngx_http_video_report_create(r);
    if (rp == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rp->zones = vcf->zones.elts;
    rp->nzones = vcf->zones.nelts;
    rp->write = ngx_http_video_status_json;
    rp->type = "application/json";

    if (ngx_http_arg(r, (u_char *) "format", 6, &value) == NGX_OK
        && value.len == 10
        && ngx_strncmp(value.data, "prometheus", 10) == 0)
    {
        rp->write = ngx_http_video_status_prometheus;
        rp->type = "text/plain; version=0.0.4; charset=utf-8";
    }

    return ngx_http_video_report(r, rp);
}


static char *
ngx_http_video_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_video_status_handler;

    return NGX_CONF_OK;
}
