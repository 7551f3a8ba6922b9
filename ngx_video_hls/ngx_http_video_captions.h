/*
 * Copyright (C) ngx_video authors
 *
 * Which closed captions playlists and manifests announce: those that
 * video_captions names, or those that were seen in the pictures.
 */

#ifndef NGX_HTTP_VIDEO_CAPTIONS_H
#define NGX_HTTP_VIDEO_CAPTIONS_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "nvm_captions.h"


typedef struct {
    nvm_caption_t             list[NVM_MAX_CAPTIONS];
    size_t                    n;
    unsigned                  automatic:1;  /* of the configuration */
    unsigned                  none:1;       /* there are none, to be said */
} ngx_http_video_captions_t;


/* Directive "video_captions": a pointer to one at cmd->offset. */
char *ngx_http_video_captions_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* seen: in the pictures; NULL: nobody has looked. */
void ngx_http_video_captions(ngx_http_video_captions_t *conf,
    const nvm_captions_t *seen, ngx_http_video_captions_t *out);

/* Of what is configured, for keys of texts. */
uint64_t ngx_http_video_captions_hash(ngx_http_video_captions_t *conf,
    uint64_t h);


#endif /* NGX_HTTP_VIDEO_CAPTIONS_H */
