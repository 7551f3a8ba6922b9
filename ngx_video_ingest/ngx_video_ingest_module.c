/*
 * Copyright (C) ngx_video authors
 *
 * The ingest module: a home for what does not need stream {}, now the live
 * segmenter that protocols hand their frames to.
 */

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_video_core.h"


static void *ngx_video_ingest_create_conf(ngx_cycle_t *cycle);


static ngx_core_module_t  ngx_video_ingest_module_ctx = {
    ngx_string("video_ingest"),
    ngx_video_ingest_create_conf,
    NULL
};


ngx_module_t  ngx_video_ingest_module = {
    NGX_MODULE_V1,
    &ngx_video_ingest_module_ctx,          /* module context */
    NULL,                                  /* module directives */
    NGX_CORE_MODULE,                       /* module type */
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
ngx_video_ingest_create_conf(ngx_cycle_t *cycle)
{
    return ngx_pcalloc(cycle->pool, sizeof(ngx_uint_t));
}
