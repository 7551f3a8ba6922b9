/*
 * Copyright (C) ngx_video authors
 *
 * HLS and DASH packaging over HTTP: directives and the way of a request to
 * the live or the file handler.
 */

#include "ngx_http_video_hls_module.h"


static ngx_int_t ngx_http_video_content(ngx_http_request_t *r,
    ngx_str_t *path, ngx_http_video_handler_pt handler);
static ngx_int_t ngx_http_video_live_content(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_vod_content(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_hls_preconfiguration(ngx_conf_t *cf);
static void *ngx_http_video_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_video_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_video_live(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_video_vod(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_video_hls_commands[] = {

    { ngx_string("video_live"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_video_live,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_vod"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_video_vod,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_asset"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, asset),
      NULL },

    { ngx_string("video_cors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, cors),
      NULL },

    { ngx_string("video_segment"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, segment),
      NULL },

    { ngx_string("video_low_latency"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, low_latency),
      NULL },

    { ngx_string("video_holes"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, holes),
      NULL },

    { ngx_string("video_trick_mode"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, trick_mode),
      NULL },

    { ngx_string("video_max_moov"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, max_moov),
      NULL },

    { ngx_string("video_buffer_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, buffer),
      NULL },

    { ngx_string("video_clip"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, clip),
      NULL },

    { ngx_string("video_info"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, info),
      NULL },

    { ngx_string("video_max_height"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, max_height),
      NULL },

    { ngx_string("video_max_bandwidth"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, max_bandwidth),
      NULL },

    { ngx_string("video_tracks"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, tracks),
      NULL },

    { ngx_string("video_captions"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_video_captions_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, captions),
      NULL },

    { ngx_string("video_thumbs"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_video_thumbs_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_loc_conf_t, thumbs),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_video_hls_module_ctx = {
    ngx_http_video_hls_preconfiguration,   /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_video_create_loc_conf,        /* create location configuration */
    ngx_http_video_merge_loc_conf          /* merge location configuration */
};


ngx_module_t  ngx_http_video_hls_module = {
    NGX_MODULE_V1,
    &ngx_http_video_hls_module_ctx,        /* module context */
    ngx_http_video_hls_commands,           /* module directives */
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


/* OPTIONS is a CORS preflight: what may be asked, whatever the path. */
static ngx_int_t
ngx_http_video_preflight(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (conf->cors == NULL) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    if (ngx_http_video_cors(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = NGX_HTTP_NO_CONTENT;
    r->header_only = 1;

    rc = ngx_http_send_header(r);

    return rc == NGX_ERROR || rc > NGX_OK ? rc : NGX_OK;
}


static ngx_int_t
ngx_http_video_content(ngx_http_request_t *r, ngx_str_t *path,
    ngx_http_video_handler_pt handler)
{
    ngx_int_t                   rc;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_video_preflight(r);
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_video_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_video_path_parse(path, &ctx->path) != NGX_OK) {
        return NGX_HTTP_NOT_FOUND;
    }

    ctx->store = ngx_video_zone_store(conf->zone);
    ngx_http_set_ctx(r, ctx, ngx_http_video_hls_module);

    if (ctx->store->slot == NGX_VIDEO_NO_SLOT) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "no worker slot in video zone \"%V\"",
                      &ctx->store->name);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return ngx_http_video_start(r, handler);
}


static ngx_int_t
ngx_http_video_live_content(ngx_http_request_t *r)
{
    ngx_str_t                  path;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    path = r->uri;

#if (NGX_PCRE)
    if (clcf->regex == NULL)
#endif
    {
        /* a prefix location: the stream's name is what follows it */
        path.data += clcf->name.len;
        path.len -= clcf->name.len;
    }

    while (path.len && path.data[0] == '/') {
        path.data++;
        path.len--;
    }

    return ngx_http_video_content(r, &path, ngx_http_video_live_handler);
}


static ngx_int_t
ngx_http_video_vod_content(ngx_http_request_t *r)
{
    return ngx_http_video_content(r, &r->uri, ngx_http_video_vod_handler);
}


static ngx_int_t
ngx_http_video_hls_preconfiguration(ngx_conf_t *cf)
{
    return ngx_video_core_required(cf, "ngx_http_video_hls_module");
}


static void *
ngx_http_video_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_video_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->segment = NGX_CONF_UNSET_MSEC;
    conf->low_latency = NGX_CONF_UNSET;
    conf->holes = NGX_CONF_UNSET;
    conf->trick_mode = NGX_CONF_UNSET;
    conf->max_moov = NGX_CONF_UNSET_SIZE;
    conf->buffer = NGX_CONF_UNSET_SIZE;
    conf->clip = NGX_CONF_UNSET;
    conf->info = NGX_CONF_UNSET;
    conf->captions = NGX_CONF_UNSET_PTR;
    conf->thumbs = NGX_CONF_UNSET_PTR;

    return conf;
}


/* A fixed value is checked here, one of variables at each request. */
static ngx_int_t
ngx_http_video_check_number(ngx_conf_t *cf, const char *name,
    ngx_http_complex_value_t *v)
{
    if (v && v->lengths == NULL
        && (v->value.len > 9
            || ngx_atoi(v->value.data, v->value.len) == NGX_ERROR))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"%s\" value \"%V\": a number of at most "
                           "nine digits is expected", name, &v->value);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static char *
ngx_http_video_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_video_loc_conf_t *prev = parent;
    ngx_http_video_loc_conf_t *conf = child;

    if (conf->cors == NULL) {
        conf->cors = prev->cors;
    }

    if (conf->asset == NULL) {
        conf->asset = prev->asset;
    }

    if (conf->max_height == NULL) {
        conf->max_height = prev->max_height;
    }

    if (conf->max_bandwidth == NULL) {
        conf->max_bandwidth = prev->max_bandwidth;
    }

    if (conf->tracks == NULL) {
        conf->tracks = prev->tracks;
    }

    ngx_conf_merge_value(conf->clip, prev->clip, 0);
    ngx_conf_merge_value(conf->info, prev->info, 0);
    ngx_conf_merge_ptr_value(conf->captions, prev->captions, NULL);
    ngx_conf_merge_ptr_value(conf->thumbs, prev->thumbs, NULL);

    if (conf->vod && conf->thumbs && conf->thumbs->enable
        && ngx_http_video_thumbs_need(cf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_video_check_number(cf, "video_max_height", conf->max_height)
        != NGX_OK
        || ngx_http_video_check_number(cf, "video_max_bandwidth",
                                       conf->max_bandwidth)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->asset && conf->asset->lengths == NULL
        && (conf->asset->value.len == 0 || conf->asset->value.data[0] != '/'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"video_asset\" value \"%V\": an absolute "
                           "path is expected", &conf->asset->value);
        return NGX_CONF_ERROR;
    }

    ngx_conf_merge_msec_value(conf->segment, prev->segment, 6000);
    ngx_conf_merge_value(conf->low_latency, prev->low_latency, 1);
    ngx_conf_merge_value(conf->holes, prev->holes, 0);
    ngx_conf_merge_value(conf->trick_mode, prev->trick_mode, 0);

    if (conf->holes && conf->tracks) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_holes\" sends bytes of tracks that "
                           "\"video_tracks\" leaves out: use one of them");
        return NGX_CONF_ERROR;
    }
    ngx_conf_merge_size_value(conf->max_moov, prev->max_moov,
                              128 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->buffer, prev->buffer, 64 * 1024);

    if (conf->segment < 500 || conf->segment > 60000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_segment\" must be between 500ms and "
                           "60000ms");
        return NGX_CONF_ERROR;
    }

    if (conf->max_moov < 64 * 1024 || conf->max_moov > 1024 * 1024 * 1024) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_max_moov\" must be between 64k and "
                           "1024m");
        return NGX_CONF_ERROR;
    }

    if (conf->buffer < 16 * 1024 || conf->buffer > 4 * 1024 * 1024) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_buffer_size\" must be between 16k and "
                           "4m");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_video_location(ngx_conf_t *cf, ngx_http_video_loc_conf_t *conf,
    ngx_http_handler_pt handler)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (conf->zone) {
        return "is duplicate, or there are both \"video_live\" and "
               "\"video_vod\"";
    }

    conf->zone = ngx_video_zone_arg(cf, 1);
    if (conf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_video_live(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_video_loc_conf_t *lcf = conf;

    /* for what is on disk: parts, and what transport streams are made of */
    lcf->threads = ngx_thread_pool_add(cf, NULL);
    if (lcf->threads == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_video_location(cf, conf, ngx_http_video_live_content);
}


static char *
ngx_http_video_vod(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_video_loc_conf_t *lcf = conf;

    lcf->vod = 1;
    lcf->threads = ngx_thread_pool_add(cf, NULL);
    if (lcf->threads == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_video_location(cf, conf, ngx_http_video_vod_content);
}
