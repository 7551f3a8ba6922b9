/*
 * Copyright (C) ngx_video authors
 *
 * The two texts of "video_status".
 */

#ifndef NGX_HTTP_VIDEO_STATUS_H
#define NGX_HTTP_VIDEO_STATUS_H

#include "ngx_video_core.h"
#include "nvm_writer.h"


typedef void (*ngx_http_video_status_pt)(nvm_writer_t *w,
    ngx_video_core_conf_t *vcf);

void ngx_http_video_status_json(nvm_writer_t *w, ngx_video_core_conf_t *vcf);

/* Prometheus text exposition format 0.0.4: a group of lines for each metric */
void ngx_http_video_status_prometheus(nvm_writer_t *w,
    ngx_video_core_conf_t *vcf);


#endif /* NGX_HTTP_VIDEO_STATUS_H */
