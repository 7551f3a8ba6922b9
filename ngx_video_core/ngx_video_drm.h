/*
 * Copyright (C) ngx_video authors
 *
 * Protection of media, for modules that package them and do not know the one
 * that has keys and ciphers (ngx_video_drm/): what that offers, by way of the
 * core module.
 */

#ifndef NGX_VIDEO_DRM_H
#define NGX_VIDEO_DRM_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_video_core.h"
#include "nvm_protect.h"


/* What a track is protected with. */
typedef struct {
    nvm_protect_t             track;
    u_char                    key[16];
    const char               *hls;          /* EXT-X-KEY lines, each with its
                                               end */
    const char               *dash;         /* ContentProtection elements */
} ngx_video_protection_t;


struct ngx_video_drm_s {
    /*
     * How the tracks of a kind are protected that an asset has in the location
     * of the request, in memory of it: NGX_OK; NGX_DECLINED: they are clear; or
     * a status, logged.
     */
    ngx_int_t    (*find)(ngx_http_request_t *r, ngx_str_t *asset,
                      nvm_kind_e kind, ngx_video_protection_t **p);

    /*
     * A number that differs where any of it does; 0: the location has none of
     * it.
     */
    uint64_t     (*tag)(ngx_http_request_t *r, ngx_str_t *asset);

    /* The cipher of a track, as long as the pool; NULL: logged. */
    void        *(*cipher)(ngx_pool_t *pool, ngx_video_protection_t *p,
                      nvm_kind_e kind);

    /* Where the vectors of a track begin, which is told from others by this. */
    ngx_int_t    (*counter)(ngx_video_protection_t *p, void *what, size_t len,
                      uint64_t *counter);

    /* Encrypts a sample, of n subsamples (0: as a whole), in its place. */
    ngx_int_t    (*sample)(void *cipher, uint64_t iv,
                      const nvm_protect_subsample_t *sub, ngx_uint_t n,
                      u_char *data, size_t len);
};


/* NULL: the module is not loaded. */
static inline ngx_video_drm_t *
ngx_video_drm(void)
{
    return ((ngx_video_core_conf_t *)
            ngx_get_conf(ngx_cycle->conf_ctx, ngx_video_core_module))->drm;
}


#endif /* NGX_VIDEO_DRM_H */
