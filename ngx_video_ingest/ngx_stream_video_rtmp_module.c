/*
 * Copyright (C) ngx_video authors
 *
 * RTMP publishing as a content handler of stream {}: directives.  The
 * connection is in ngx_stream_video_rtmp_session.c, what the messages mean in
 * ngx_stream_video_rtmp_message.c.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_rtmp_module.h"


static ngx_int_t ngx_stream_video_rtmp_preconfiguration(ngx_conf_t *cf);
static void *ngx_stream_video_rtmp_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_video_rtmp_merge_srv_conf(ngx_conf_t *cf,
    void *parent, void *child);
static char *ngx_stream_video_rtmp(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_stream_video_record_check(ngx_conf_t *cf,
    ngx_stream_video_rtmp_srv_conf_t *conf);
static char *ngx_stream_video_record(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_stream_video_rtmp_exit(ngx_cycle_t *cycle);


static ngx_stream_video_range_t  ngx_stream_video_segment_range =
    { ngx_stream_video_msec, "video_segment", 500, 60000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_part_range =
    { ngx_stream_video_msec, "video_part", 50, 5000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_fill_range =
    { ngx_stream_video_msec, "video_audio_fill", 500, 60000, 1 };

static ngx_stream_video_range_t  ngx_stream_video_window_range =
    { ngx_stream_video_msec, "video_window", 4000, 3600000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_grace_range =
    { ngx_stream_video_msec, "video_publish_grace", 0, 600000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_linger_range =
    { ngx_stream_video_msec, "video_linger", 1000, 3600000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_dvr_range =
    { ngx_stream_video_msec, "video_dvr", 10000, 86400000, 1 };

static ngx_stream_video_range_t  ngx_stream_video_timeout_range =
    { ngx_stream_video_msec, "video_rtmp_timeout", 1000, 3600000, 0 };

static ngx_stream_video_range_t  ngx_stream_video_push_timeout_range =
    { ngx_stream_video_msec, "video_push_timeout", 1000, 60000, 0 };


static ngx_command_t  ngx_stream_video_rtmp_commands[] = {

    { ngx_string("video_rtmp"),
      NGX_STREAM_SRV_CONF|NGX_CONF_TAKE2,
      ngx_stream_video_rtmp,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_segment"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, segment),
      &ngx_stream_video_segment_range },

    { ngx_string("video_part"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, part),
      &ngx_stream_video_part_range },

    { ngx_string("video_audio_fill"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, fill),
      &ngx_stream_video_fill_range },

    { ngx_string("video_window"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, window),
      &ngx_stream_video_window_range },

    { ngx_string("video_bitrate"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, bitrate),
      NULL },

    { ngx_string("video_publish_grace"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, grace),
      &ngx_stream_video_grace_range },

    { ngx_string("video_publish_standby"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE12,
      ngx_stream_video_standby,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_linger"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, linger),
      &ngx_stream_video_linger_range },

    { ngx_string("video_record"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1234,
      ngx_stream_video_record,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_transcode"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_stream_video_transcode,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_dvr"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, dvr),
      &ngx_stream_video_dvr_range },

    { ngx_string("video_rtmp_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, timeout),
      &ngx_stream_video_timeout_range },

    { ngx_string("video_rtmp_max_message"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, max_message),
      NULL },

    { ngx_string("video_push"),
      NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_stream_video_push,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, push.urls),
      NULL },

    { ngx_string("video_push_buffer"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, push.buffer),
      NULL },

    { ngx_string("video_push_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, push.timeout),
      &ngx_stream_video_push_timeout_range },

    { ngx_string("video_relay_ssl_verify"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, push.tls.verify),
      NULL },

    { ngx_string("video_relay_ssl_trusted_certificate"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_video_rtmp_srv_conf_t, push.tls.trusted),
      NULL },

    { ngx_string("video_pull"),
      NGX_STREAM_SRV_CONF|NGX_CONF_2MORE,
      ngx_stream_video_pull,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_video_rtmp_module_ctx = {
    ngx_stream_video_rtmp_preconfiguration,    /* preconfiguration */
    NULL,                                      /* postconfiguration */

    NULL,                                      /* create main configuration */
    NULL,                                      /* init main configuration */

    ngx_stream_video_rtmp_create_srv_conf,     /* create server configuration */
    ngx_stream_video_rtmp_merge_srv_conf       /* merge server configuration */
};


ngx_module_t  ngx_stream_video_rtmp_module = {
    NGX_MODULE_V1,
    &ngx_stream_video_rtmp_module_ctx,     /* module context */
    ngx_stream_video_rtmp_commands,        /* module directives */
    NGX_STREAM_MODULE,                     /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_stream_video_pull_init,            /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_stream_video_rtmp_exit,            /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_stream_video_rtmp_preconfiguration(ngx_conf_t *cf)
{
    return ngx_video_core_required(cf, "ngx_stream_video_rtmp_module")
           == NGX_OK
           ? ngx_stream_video_transcode_variables(cf) : NGX_ERROR;
}


static void
ngx_stream_video_rtmp_exit(ngx_cycle_t *cycle)
{
    ngx_stream_video_pull_exit(cycle);
    ngx_stream_video_push_exit(cycle);
}


static void *
ngx_stream_video_rtmp_create_srv_conf(ngx_conf_t *cf)
{
    ngx_stream_video_rtmp_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_video_rtmp_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->segment = NGX_CONF_UNSET_MSEC;
    conf->part = NGX_CONF_UNSET_MSEC;
    conf->fill = NGX_CONF_UNSET_MSEC;
    conf->window = NGX_CONF_UNSET_MSEC;
    conf->grace = NGX_CONF_UNSET_MSEC;
    conf->linger = NGX_CONF_UNSET_MSEC;
    conf->standby = NGX_CONF_UNSET;
    conf->silence = NGX_CONF_UNSET_MSEC;
    conf->record = NGX_CONF_UNSET_PTR;
    conf->transcode = NGX_CONF_UNSET_PTR;
    conf->dvr = NGX_CONF_UNSET_MSEC;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->bitrate = NGX_CONF_UNSET_SIZE;
    conf->max_message = NGX_CONF_UNSET_SIZE;
    conf->push.buffer = NGX_CONF_UNSET_SIZE;
    conf->push.timeout = NGX_CONF_UNSET_MSEC;
    conf->push.tls.verify = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_stream_video_rtmp_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child)
{
    ngx_stream_video_rtmp_srv_conf_t *prev = parent;
    ngx_stream_video_rtmp_srv_conf_t *conf = child;

    ngx_conf_merge_msec_value(conf->segment, prev->segment, 2000);
    ngx_conf_merge_msec_value(conf->part, prev->part, 200);
    ngx_conf_merge_msec_value(conf->fill, prev->fill, 1000);
    ngx_conf_merge_msec_value(conf->window, prev->window, 30000);
    ngx_conf_merge_msec_value(conf->grace, prev->grace, 10000);
    ngx_conf_merge_msec_value(conf->linger, prev->linger,
                              NGX_VIDEO_LIVE_LINGER);
    ngx_conf_merge_value(conf->standby, prev->standby, 0);
    ngx_conf_merge_msec_value(conf->silence, prev->silence, 2000);
    ngx_conf_merge_ptr_value(conf->record, prev->record, NULL);
    ngx_conf_merge_ptr_value(conf->transcode, prev->transcode, NULL);
    ngx_conf_merge_msec_value(conf->dvr, prev->dvr, 0);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 30000);
    ngx_conf_merge_size_value(conf->bitrate, prev->bitrate, 4 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_message, prev->max_message,
                              NVR_CHUNK_MAX_MESSAGE);
    ngx_conf_merge_size_value(conf->push.buffer, prev->push.buffer,
                              8 * 1024 * 1024);
    ngx_conf_merge_msec_value(conf->push.timeout, prev->push.timeout, 10000);
    ngx_conf_merge_value(conf->push.tls.verify, prev->push.tls.verify, 1);
    ngx_conf_merge_str_value(conf->push.tls.trusted, prev->push.tls.trusted,
                             "");

    if (conf->apps == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->part > conf->segment) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_part\" %Mms is longer than "
                           "\"video_segment\" %Mms", conf->part,
                           conf->segment);
        return NGX_CONF_ERROR;
    }

    if (conf->window < 3 * conf->segment) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_window\" %Mms is shorter than three "
                           "segments of \"video_segment\" %Mms",
                           conf->window, conf->segment);
        return NGX_CONF_ERROR;
    }

    /* what is kept is half as long again, see ngx_video_live_slide() */
    if (conf->window * 3 / 2 / conf->segment + 8 > NGX_VIDEO_LIVE_SEGMENTS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_window\" %Mms has more than %d segments "
                           "of \"video_segment\" %Mms", conf->window,
                           (NGX_VIDEO_LIVE_SEGMENTS - 8) * 2 / 3,
                           conf->segment);
        return NGX_CONF_ERROR;
    }

    if (ngx_stream_video_record_check(cf, conf) != NGX_OK
        || ngx_stream_video_push_check(cf, &conf->push) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->bitrate < 64 * 1024 || conf->bitrate > 1024 * 1024 * 1024) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_bitrate\" must be between 64k and 1024m");
        return NGX_CONF_ERROR;
    }

    if (conf->max_message < 64 * 1024
        || conf->max_message > NVR_CHUNK_MAX_SIZE)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_rtmp_max_message\" must be between 64k "
                           "and 16383k");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Of a server that has applications. */
static ngx_int_t
ngx_stream_video_record_check(ngx_conf_t *cf,
    ngx_stream_video_rtmp_srv_conf_t *conf)
{
    ngx_uint_t               i;
    ngx_stream_video_app_t  *app;

    if (conf->dvr && conf->record == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_dvr\" needs \"video_record\"");
        return NGX_ERROR;
    }

    if (conf->record && conf->record->keep && conf->dvr
        && conf->record->keep < conf->dvr + NGX_VIDEO_LIVE_DVR_MARGIN)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"keep\" of \"video_record\" is %Mms, with "
                           "\"video_dvr\" %Mms it must be %Mms or more",
                           conf->record->keep, conf->dvr,
                           conf->dvr + NGX_VIDEO_LIVE_DVR_MARGIN);
        return NGX_ERROR;
    }

    if (conf->dvr / conf->segment > NGX_VIDEO_LIVE_LISTED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_dvr\" %Mms has more than %d segments "
                           "of \"video_segment\" %Mms", conf->dvr,
                           NGX_VIDEO_LIVE_LISTED, conf->segment);
        return NGX_ERROR;
    }

    app = conf->apps->elts;

    for (i = 0; conf->record && i < conf->apps->nelts; i++) {
        if (ngx_video_ingest_record(cf, conf->record, app[i].zone) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


char *
ngx_stream_video_msec(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t                *value = data;
    ngx_stream_video_range_t  *range = post;

    if (range->off && *value == 0) {
        return NGX_CONF_OK;
    }

    if (*value < range->min || *value > range->max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" must be %sbetween %Mms and %Mms",
                           range->name, range->off ? "0 or " : "",
                           range->min, range->max);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_video_rtmp(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_rtmp_srv_conf_t *rcf = conf;

    ngx_str_t                   *value;
    ngx_uint_t                   i;
    ngx_shm_zone_t              *zone;
    ngx_stream_video_app_t      *app;
    ngx_stream_core_srv_conf_t  *cscf;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "has an empty application name";
    }

    if (rcf->apps == NULL) {
        rcf->apps = ngx_array_create(cf->pool, 2,
                                     sizeof(ngx_stream_video_app_t));
        if (rcf->apps == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    app = rcf->apps->elts;

    for (i = 0; i < rcf->apps->nelts; i++) {
        if (app[i].name.len == value[1].len
            && ngx_strncmp(app[i].name.data, value[1].data, value[1].len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate application \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    zone = ngx_video_zone_arg(cf, 2);
    if (zone == NULL) {
        return NGX_CONF_ERROR;
    }

    app = ngx_array_push(rcf->apps);
    if (app == NULL) {
        return NGX_CONF_ERROR;
    }

    app->name = value[1];
    app->zone = zone;

    cscf = ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_core_module);

    if (cscf->handler && cscf->handler != ngx_stream_video_rtmp_handler) {
        return "conflicts with another handler of this server";
    }

    cscf->handler = ngx_stream_video_rtmp_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_stream_video_record_keep(ngx_conf_t *cf, ngx_video_record_conf_t *record,
    ngx_str_t *value)
{
    ngx_int_t  ms;
    ngx_str_t  time;

    time.data = value->data + 5;
    time.len = value->len - 5;

    ms = ngx_parse_time(&time, 0);

    if (ms < NGX_VIDEO_RECORD_KEEP_MIN
        || ms > (ngx_int_t) NGX_VIDEO_RECORD_KEEP_MAX)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", a time between 1m and "
                           "366d is expected", value);
        return NGX_ERROR;
    }

    record->keep = (ngx_msec_t) ms;

    return NGX_OK;
}


/* PATH [manual] [keep=TIME] [threads=POOL], or "off" */
static char *
ngx_stream_video_record(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_video_rtmp_srv_conf_t *rcf = conf;

    ngx_str_t                *value, pool, *name;
    ngx_uint_t                i;
    ngx_video_record_conf_t  *record;

    if (rcf->record != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        rcf->record = NULL;
        return NGX_CONF_OK;
    }

    record = ngx_pcalloc(cf->pool, sizeof(ngx_video_record_conf_t));
    if (record == NULL) {
        return NGX_CONF_ERROR;
    }

    record->path = value[1];
    record->on = 1;
    name = NULL;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "manual") == 0) {
            record->on = 0;

        } else if (ngx_strncmp(value[i].data, "keep=", 5) == 0) {

            if (ngx_stream_video_record_keep(cf, record, &value[i])
                != NGX_OK)
            {
                return NGX_CONF_ERROR;
            }

        } else if (ngx_strncmp(value[i].data, "threads=", 8) == 0
                   && value[i].len > 8)
        {
            pool.data = value[i].data + 8;
            pool.len = value[i].len - 8;
            name = &pool;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", \"manual\", "
                               "\"keep=TIME\" or \"threads=POOL\" is "
                               "expected", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    record->threads = ngx_thread_pool_add(cf, name);

    if (record->threads == NULL
        || ngx_video_record_directory(cf, record) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rcf->record = record;

    return NGX_CONF_OK;
}
