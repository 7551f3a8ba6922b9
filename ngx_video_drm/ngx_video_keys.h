/*
 * Copyright (C) ngx_video authors
 *
 * Where content keys come from: "keys NAME { }" in "video { }".
 */

#ifndef NGX_VIDEO_KEYS_H
#define NGX_VIDEO_KEYS_H

#include "ngx_video_core.h"
#include "nvd_keys.h"


/* types of tracks that have keys of their own: of video, of audio */
#define NGX_VIDEO_KEYS_TYPES  2


typedef struct {
    ngx_str_t                 name;
    nvd_seed_t               *seed;         /* not in core dumps; NULL: none */
    ngx_uint_t                declared;
    u_char                   *file;         /* where it was named first */
    ngx_uint_t                line;
} ngx_video_keys_t;


extern ngx_module_t  ngx_video_drm_module;


/* Those of a name, which may be declared later.  NULL: logged. */
ngx_video_keys_t *ngx_video_keys_ref(ngx_conf_t *cf, ngx_str_t *name);

/*
 * The key of an asset's tracks of a kind, video or audio.  NGX_OK, NGX_ERROR,
 * logged.
 */
ngx_int_t ngx_video_keys_find(ngx_video_keys_t *keys, ngx_str_t *asset,
    nvm_kind_e kind, nvd_key_t *k, ngx_log_t *log);


#endif /* NGX_VIDEO_KEYS_H */
