/*
 * Copyright (C) ngx_video authors
 *
 * What the HTTP modules of this directory share.
 */

#ifndef NGX_HTTP_VIDEO_DRM_H
#define NGX_HTTP_VIDEO_DRM_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_video_drm.h"
#include "ngx_video_keys.h"


typedef struct {
    ngx_flag_t                enable;
    ngx_uint_t                scheme;       /* nvm_protect_scheme_e */
    ngx_video_keys_t         *keys;
    ngx_http_complex_value_t *asset;        /* NULL: its path */
    ngx_http_complex_value_t *licence;      /* URL before it; NULL: not told */
} ngx_http_video_drm_loc_conf_t;


extern ngx_module_t  ngx_http_video_drm_module;


#endif /* NGX_HTTP_VIDEO_DRM_H */
