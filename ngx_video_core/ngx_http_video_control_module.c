/*
 * Copyright (C) ngx_video authors
 *
 * "video_control": the streams of a zone, and the end of one, for who
 * operates the server.
 *
 *   GET    LOCATION/streams          all of them
 *   GET    LOCATION/streams/NAME     one
 *   DELETE LOCATION/streams/NAME     its publisher is sent away
 *   POST   LOCATION/streams/NAME/record   it is recorded from now on
 *   DELETE LOCATION/streams/NAME/record   it is not
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_video_status.h"


typedef struct {
    ngx_shm_zone_t           *zone;
} ngx_http_video_control_conf_t;


static char *ngx_http_video_control(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void *ngx_http_video_control_create_conf(ngx_conf_t *cf);
static ngx_int_t ngx_http_video_control_handler(ngx_http_request_t *r);


static ngx_command_t  ngx_http_video_control_commands[] = {

    { ngx_string("video_control"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_video_control,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_video_control_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    ngx_http_video_control_create_conf,    /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_video_control_module = {
    NGX_MODULE_V1,
    &ngx_http_video_control_module_ctx,    /* module context */
    ngx_http_video_control_commands,       /* module directives */
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


/*
 * What follows the location: "streams", "streams/NAME", the same and "record";
 * an empty name: all.
 */
static ngx_int_t
ngx_http_video_control_path(ngx_http_request_t *r, ngx_str_t *name,
    ngx_uint_t *record)
{
    u_char                    *p, *last;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    p = r->uri.data + ngx_min(clcf->name.len, r->uri.len);
    last = r->uri.data + r->uri.len;

    while (p < last && *p == '/') {
        p++;
    }

    if (last - p < 7 || ngx_strncmp(p, "streams", 7) != 0) {
        return NGX_DECLINED;
    }

    p += 7;

    if (p < last && *p++ != '/') {
        return NGX_DECLINED;
    }

    name->data = p;
    name->len = last - p;

    *record = name->len > 7 && ngx_strncmp(last - 7, "/record", 7) == 0;

    if (*record) {
        name->len -= 7;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_control_end(ngx_http_request_t *r, ngx_video_store_t *st,
    ngx_str_t *name)
{
    if (ngx_video_live_kick(st, name) != NGX_OK) {
        /* it is over already */
        return NGX_HTTP_CONFLICT;
    }

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "stream \"%V\" is to end: video_control", name);

    return NGX_HTTP_NO_CONTENT;
}


/* The publisher's worker sees it when a segment is closed. */
static ngx_int_t
ngx_http_video_control_record(ngx_http_request_t *r, ngx_video_store_t *st,
    ngx_video_live_info_t *info)
{
    ngx_uint_t  on;

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    on = (r->method == NGX_HTTP_POST);

    if (ngx_video_live_over(info->state)
        || ngx_video_live_record_set(st, info->index, info->epoch,
                                     on ? NGX_VIDEO_RECORD_ON
                                        : NGX_VIDEO_RECORD_OFF)
           != NGX_OK)
    {
        /* it is over, or has no "video_record" */
        return NGX_HTTP_CONFLICT;
    }

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "stream \"%V\" %s recorded: video_control", &info->name,
                  on ? "is" : "is not");

    return NGX_HTTP_NO_CONTENT;
}


static ngx_int_t
ngx_http_video_control_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       name;
    ngx_uint_t                      record;
    ngx_video_store_t              *st;
    ngx_video_live_info_t           info;
    ngx_http_video_report_t        *rp;
    ngx_http_video_control_conf_t  *conf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST
                       |NGX_HTTP_DELETE)))
    {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_control_module);

    st = ngx_video_zone_store(conf->zone);
    rp = ngx_http_video_report_create(r);

    if (rp == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_video_control_path(r, &name, &record) != NGX_OK) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (r->method == NGX_HTTP_POST && !record) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    if (name.len) {
        if (ngx_video_live_find(st, &name, 0, &info) != NGX_OK) {
            return NGX_HTTP_NOT_FOUND;
        }

        rp->only = &info;
    }

    if (record) {
        return rp->only ? ngx_http_video_control_record(r, st, &info)
                        : NGX_HTTP_NOT_FOUND;
    }

    if (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        rp->zones = &conf->zone;
        rp->nzones = 1;
        rp->bare = 1;
        rp->write = ngx_http_video_status_json;
        rp->type = "application/json";

        return ngx_http_video_report(r, rp);
    }

    if (rp->only == NULL) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    return ngx_http_video_control_end(r, st, &name);
}


static void *
ngx_http_video_control_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_video_control_conf_t));
}


static char *
ngx_http_video_control(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_video_control_conf_t *ccf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    if (ccf->zone) {
        return "is duplicate";
    }

    ccf->zone = ngx_video_zone_arg(cf, 1);
    if (ccf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_video_control_handler;

    return NGX_CONF_OK;
}
