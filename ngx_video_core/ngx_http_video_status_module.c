/*
 * Copyright (C) ngx_video authors
 *
 * "video_status": what the zones and streams are doing, as JSON, or as
 * Prometheus text with ?format=prometheus (ngx_http_video_status.c).
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
    ngx_int_t               rc;
    ngx_str_t               value;
    ngx_video_core_conf_t  *vcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    vcf = (ngx_video_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                                 ngx_video_core_module);

    if (ngx_http_arg(r, (u_char *) "format", 6, &value) == NGX_OK
        && value.len == 10
        && ngx_strncmp(value.data, "prometheus", 10) == 0)
    {
        return ngx_http_video_status_send(r, ngx_http_video_status_prometheus,
                                          vcf, "text/plain");
    }

    return ngx_http_video_status_send(r, ngx_http_video_status_json, vcf,
                                      "application/json");
}


ngx_int_t
ngx_http_video_status_send(ngx_http_request_t *r,
    ngx_http_video_status_pt write, void *data, const char *type)
{
    size_t         size;
    ngx_int_t      rc;
    ngx_buf_t     *b;
    ngx_chain_t    out;
    nvm_writer_t   w;

    /* numbers change between the passes: room for what may come */
    nvm_writer_init(&w, NULL, 0);
    write(&w, data);
    size = w.len + 65536;

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nvm_writer_init(&w, b->pos, size);
    write(&w, data);

    if (w.error) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = b->pos + w.len;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = w.len;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static char *
ngx_http_video_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_video_status_handler;

    return NGX_CONF_OK;
}
