/*
 * Copyright (C) ngx_video authors
 *
 * Files whose media are protected where they are served.
 */

#ifndef NGX_HTTP_VIDEO_VOD_PROTECT_H
#define NGX_HTTP_VIDEO_VOD_PROTECT_H

#include "ngx_http_video_vod.h"
#include "ngx_video_drm.h"


/* How tracks of a kind are protected: see ngx_video_drm_t. */
ngx_int_t ngx_http_video_protection(ngx_http_request_t *r, ngx_uint_t kind,
    ngx_video_protection_t **p);

/* Another number for other keys, for the epoch; 0: all is clear. */
uint64_t ngx_http_video_protect_tag(ngx_http_request_t *r);

/* As ngx_http_video_vod_media(). */
ngx_int_t ngx_http_video_vod_protected(ngx_http_request_t *r,
    ngx_http_video_source_t *s, nvm_index_track_t *t,
    ngx_video_protection_t *p);


#endif /* NGX_HTTP_VIDEO_VOD_PROTECT_H */
