/*
 * Copyright (C) ngx_video authors
 *
 * The configuration of the ingest module.
 */

#ifndef NGX_VIDEO_INGEST_H
#define NGX_VIDEO_INGEST_H

#include "ngx_video_ladder.h"
#include "ngx_video_transcoder.h"


typedef struct {
    ngx_array_t                    recorded;    /* where segments may be left
                                                   to be written */
    ngx_array_t                    ladders;     /* ngx_video_ladder_t * */
    ngx_video_transcoder_conf_t    transcoder;
} ngx_video_ingest_conf_t;


extern ngx_module_t  ngx_video_ingest_module;


static inline ngx_video_ingest_conf_t *
ngx_video_ingest_conf(ngx_cycle_t *cycle)
{
    return (ngx_video_ingest_conf_t *)
               ngx_get_conf(cycle->conf_ctx, ngx_video_ingest_module);
}


#endif /* NGX_VIDEO_INGEST_H */
