/*
 * Copyright (C) ngx_video authors
 *
 * The ingest module: a home for what does not need stream {}: the live
 * segmenter that protocols hand their frames to, and what each worker does
 * once a second.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_video_core.h"
#include "ngx_video_ingest.h"
#include "ngx_video_record.h"


/* Where segments may be left to be written. */
typedef struct {
    ngx_video_record_conf_t  *conf;
    ngx_shm_zone_t           *zone;
} ngx_video_ingest_recorded_t;


static void *ngx_video_ingest_create_conf(ngx_cycle_t *cycle);
static char *ngx_video_ingest_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_int_t ngx_video_ingest_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_video_ingest_init_process(ngx_cycle_t *cycle);
static void ngx_video_ingest_tick(ngx_event_t *ev);


static ngx_event_t             ngx_video_ingest_timer;

/* for the debug log, which reads a connection's fd from an event's data */
static ngx_connection_t        ngx_video_ingest_dummy;


static ngx_command_t  ngx_video_ingest_commands[] = {

    { ngx_string("transcoder"),
      NGX_VIDEO_CONF|NGX_DIRECT_CONF|NGX_CONF_1MORE,
      ngx_video_transcoder,
      0,
      0,
      NULL },

    { ngx_string("ladder"),
      NGX_VIDEO_CONF|NGX_DIRECT_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_video_ladder_block,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_core_module_t  ngx_video_ingest_module_ctx = {
    ngx_string("video_ingest"),
    ngx_video_ingest_create_conf,
    ngx_video_ingest_init_conf
};


ngx_module_t  ngx_video_ingest_module = {
    NGX_MODULE_V1,
    &ngx_video_ingest_module_ctx,          /* module context */
    ngx_video_ingest_commands,             /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_video_ingest_init_module,          /* init module */
    ngx_video_ingest_init_process,         /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_video_ingest_create_conf(ngx_cycle_t *cycle)
{
    ngx_video_ingest_conf_t  *conf;

    conf = ngx_pcalloc(cycle->pool, sizeof(ngx_video_ingest_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&conf->recorded, cycle->pool, 2,
                       sizeof(ngx_video_ingest_recorded_t))
        != NGX_OK
        || ngx_array_init(&conf->ladders, cycle->pool, 2,
                          sizeof(ngx_video_ladder_t *))
           != NGX_OK)
    {
        return NULL;
    }

    ngx_video_transcoder_create(&conf->transcoder);

    return conf;
}


/* Whether there is anything that the transcoder makes. */
static ngx_uint_t
ngx_video_ingest_transcodes(ngx_cycle_t *cycle)
{
    return ngx_video_ingest_conf(cycle)->ladders.nelts
           || ngx_video_coder(cycle)->thumbs;
}


/* All has been read: "video { }" may come after what refers to it. */
static char *
ngx_video_ingest_init_conf(ngx_cycle_t *cycle, void *conf)
{
    ngx_video_ingest_conf_t *icf = conf;

    if (ngx_video_ladder_check(&icf->ladders, cycle->log) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_video_ingest_transcodes(cycle)
        && ngx_video_transcoder_init(cycle, &icf->transcoder) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_video_ingest_init_module(ngx_cycle_t *cycle)
{
    if (ngx_test_config) {
        return NGX_OK;
    }

    if (ngx_video_ingest_conf(cycle)->transcoder.enable == 1
        && ngx_video_ingest_transcodes(cycle))
    {
        ngx_video_transcoder_listen(cycle);

    } else {
        ngx_video_transcoder_none(cycle);
    }

    return NGX_OK;
}


ngx_int_t
ngx_video_ingest_record(ngx_conf_t *cf, ngx_video_record_conf_t *record,
    ngx_shm_zone_t *zone)
{
    ngx_uint_t                    i;
    ngx_video_ingest_conf_t      *conf;
    ngx_video_ingest_recorded_t  *p;

    conf = ngx_video_ingest_conf(cf->cycle);

    p = conf->recorded.elts;

    for (i = 0; i < conf->recorded.nelts; i++) {
        if (p[i].zone == zone) {
            return NGX_OK;
        }
    }

    p = ngx_array_push(&conf->recorded);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p->conf = record;
    p->zone = zone;

    return NGX_OK;
}


static ngx_int_t
ngx_video_ingest_init_process(ngx_cycle_t *cycle)
{
    ngx_video_ingest_conf_t  *conf;

    conf = ngx_video_ingest_conf(cycle);

    if (ngx_process == NGX_PROCESS_SINGLE
        && ngx_video_ingest_transcodes(cycle))
    {
        ngx_video_transcoder_single(cycle);
    }

    if ((ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
        || conf->recorded.nelts == 0)
    {
        return NGX_OK;
    }

    ngx_video_ingest_dummy.fd = (ngx_socket_t) -1;
    ngx_video_ingest_timer.handler = ngx_video_ingest_tick;
    ngx_video_ingest_timer.data = &ngx_video_ingest_dummy;
    ngx_video_ingest_timer.log = cycle->log;
    ngx_video_ingest_timer.cancelable = 1;

    ngx_add_timer(&ngx_video_ingest_timer, 1000);

    return NGX_OK;
}


static void
ngx_video_ingest_tick(ngx_event_t *ev)
{
    ngx_uint_t                    i;
    ngx_video_ingest_conf_t      *conf;
    ngx_video_ingest_recorded_t  *p;

    conf = ngx_video_ingest_conf((ngx_cycle_t *) ngx_cycle);

    p = conf->recorded.elts;

    for (i = 0; i < conf->recorded.nelts; i++) {
        ngx_video_record_adopt(p[i].conf, ngx_video_zone_store(p[i].zone));
    }

    ngx_add_timer(ev, 1000);
}
