/*
 * Copyright (C) ngx_video authors
 *
 * What the core module offers to the other modules: zones by name, and the
 * clock and housekeeping that go with them.
 */

#ifndef NGX_VIDEO_CORE_H
#define NGX_VIDEO_CORE_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_video_store.h"
#include "ngx_video_live.h"
#include "nvm_arena.h"


/* the context of directives inside "video { }" */
#define NGX_VIDEO_CONF  0x10000000


/*
 * The transcoder, for modules that do not know the one that has it: what they
 * want of it, told while the configuration is read; and where it is then.
 */
typedef struct {
    ngx_uint_t                thumbs;       /* a location has thumbnails */
    ngx_str_t                 path;         /* directory of its files */
    struct sockaddr_un        name;         /* its socket of thumbnails */
    socklen_t                 len;          /* of the name; 0: it is not
                                               there */
} ngx_video_coder_t;


/* see ngx_video_drm.h */
typedef struct ngx_video_drm_s  ngx_video_drm_t;


typedef struct {
    ngx_array_t               zones;        /* ngx_shm_zone_t * */
    ngx_uint_t                block;        /* "video" was seen */
    ngx_video_coder_t         coder;
    ngx_video_drm_t          *drm;          /* NULL: there is none */
} ngx_video_core_conf_t;


extern ngx_module_t  ngx_video_core_module;


static inline ngx_video_coder_t *
ngx_video_coder(ngx_cycle_t *cycle)
{
    return &((ngx_video_core_conf_t *)
             ngx_get_conf(cycle->conf_ctx, ngx_video_core_module))->coder;
}


/*
 * Called first in the preconfiguration of each module: NGX_OK, or NGX_ERROR
 * and one clear line when the core module is not loaded.
 */
ngx_int_t ngx_video_core_required(ngx_conf_t *cf, const char *module);

/*
 * The zone that a "zone=NAME" argument names; it may be declared later in
 * the configuration.  NULL: the error has been logged.
 */
ngx_shm_zone_t *ngx_video_zone_ref(ngx_conf_t *cf, ngx_str_t *name);

/* Parses the arguments of a directive for "zone=NAME". */
ngx_shm_zone_t *ngx_video_zone_arg(ngx_conf_t *cf, ngx_uint_t from);

static inline ngx_video_store_t *
ngx_video_zone_store(ngx_shm_zone_t *zone)
{
    return zone->data;
}


/*
 * "160x90": two numbers from min to max, each a multiple of "step".  NGX_OK,
 * NGX_ERROR.
 */
ngx_int_t ngx_video_pair(ngx_str_t *value, ngx_int_t min, ngx_int_t max,
    ngx_int_t step, ngx_uint_t *a, ngx_uint_t *b);

/* An arena of media/ over an nginx pool. */
void ngx_video_pool_arena(nvm_arena_t *arena, ngx_pool_t *pool);

/* Milliseconds since 1970, from nginx's cached time. */
uint64_t ngx_video_now(void);


/* ngx_video_worker.c: this process's slots, wakes and housekeeping */

ngx_int_t ngx_video_worker_init(ngx_cycle_t *cycle,
    ngx_video_core_conf_t *conf);
void ngx_video_worker_done(ngx_cycle_t *cycle, ngx_video_core_conf_t *conf);


#endif /* NGX_VIDEO_CORE_H */
