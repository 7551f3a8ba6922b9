/*
 * Copyright (C) ngx_video authors
 *
 * Publish control without a callback: stream keys, signed tokens, limits.
 */

#ifndef NGX_STREAM_VIDEO_PUBLISH_MODULE_H
#define NGX_STREAM_VIDEO_PUBLISH_MODULE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_video_live.h"
#include "nva_keys.h"
#include "nva_token.h"
#include "nvr_command.h"


typedef struct ngx_stream_video_rtmp_ctx_s  ngx_stream_video_rtmp_ctx_t;


typedef struct {
    nva_keys_t               *keys;             /* NULL: off */
    nva_str_t                 argument;         /* that has the key */
    nva_secrets_t            *secrets;          /* NULL: off */
    ngx_uint_t                streams;          /* of an application; 0: any */
    ngx_uint_t                address;          /* of an address */
    size_t                    bitrate;          /* bit/s; 0: any */
    ngx_msec_t                interval;         /* over which it is measured */
} ngx_stream_video_publish_srv_conf_t;


/* What a publisher has sent since "start". */
typedef struct {
    ngx_msec_t                start;
    uint64_t                  bytes;
} ngx_stream_video_limit_t;


extern ngx_module_t  ngx_stream_video_publish_module;


/* ngx_stream_video_access_file.c */

/* A file of a directive, parsed.  NULL: the error has been logged. */
nva_keys_t *ngx_stream_video_keys_file(ngx_conf_t *cf, ngx_str_t *name);
nva_secrets_t *ngx_stream_video_secrets_file(ngx_conf_t *cf, ngx_str_t *name);


/* ngx_stream_video_access.c */

/*
 * Whether a publisher has the key and the token that it needs.  NGX_ERROR: it
 * has been logged and told.
 */
ngx_int_t ngx_stream_video_access(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_command_t *cmd);

/*
 * An address as 16 bytes, of IPv4 as IPv6 maps it.  NGX_DECLINED: it is none
 * of the two.
 */
#define NGX_VIDEO_ADDRESS         16
ngx_int_t ngx_stream_video_address(struct sockaddr *sa, u_char *address);


/* ngx_stream_video_limit.c */

/* Who publishes, and how many streams may be on air. */
void ngx_stream_video_limit_streams(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_video_live_conf_t *live);

/* Logs and tells that there are as many; NGX_ERROR. */
ngx_int_t ngx_stream_video_limit_refuse(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_video_live_conf_t *live);

/* n bytes have come.  NGX_ERROR: too many, it has been logged and told. */
ngx_int_t ngx_stream_video_limit_bitrate(ngx_stream_video_rtmp_ctx_t *ctx,
    size_t n);


#endif /* NGX_STREAM_VIDEO_PUBLISH_MODULE_H */
