/*
 * Copyright (C) ngx_video authors
 *
 * RTMP publishing as a content handler of stream {}: configuration and the
 * state of one connection.
 */

#ifndef NGX_STREAM_VIDEO_RTMP_MODULE_H
#define NGX_STREAM_VIDEO_RTMP_MODULE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_auth.h"
#include "ngx_stream_video_publish_module.h"
#include "ngx_stream_video_pull.h"
#include "ngx_stream_video_push.h"
#include "ngx_stream_video_transcode.h"
#include "ngx_video_segmenter.h"
#include "nvr_aggregate.h"
#include "nvr_chunk.h"
#include "nvr_command.h"
#include "nvr_handshake.h"
#include "nvr_reply.h"


#define NGX_VIDEO_RTMP_CHUNK      4096          /* that we send with */
#define NGX_VIDEO_RTMP_WINDOW     2500000       /* acknowledgement, bytes */
#define NGX_VIDEO_RTMP_OUT        16384         /* unsent answers */
#define NGX_VIDEO_RTMP_HELD       (256 * 1024)  /* open messages of whom nobody
                                                   has let in yet */
#define NGX_VIDEO_RTMP_STREAM     1             /* the one message stream */


typedef struct {
    ngx_str_t                 name;
    ngx_shm_zone_t           *zone;
} ngx_stream_video_app_t;


typedef struct {
    ngx_array_t              *apps;             /* ngx_stream_video_app_t */
    ngx_msec_t                segment;
    ngx_msec_t                part;
    ngx_msec_t                fill;         /* 0: none */
    ngx_msec_t                window;
    ngx_msec_t                grace;
    ngx_msec_t                linger;
    ngx_flag_t                standby;
    ngx_msec_t                silence;          /* before who stands by takes
                                                   over; 0: never */
    ngx_msec_t                dvr;              /* 0: none */
    ngx_video_record_conf_t  *record;           /* NULL: off */
    ngx_stream_video_transcode_t  *transcode;   /* NULL: off */
    ngx_msec_t                timeout;
    size_t                    bitrate;
    size_t                    max_message;
    ngx_stream_video_push_conf_t  push;
    ngx_array_t              *pulls;            /* of pointers to
                                                   ngx_stream_video_pull_conf_t */
} ngx_stream_video_rtmp_srv_conf_t;


struct ngx_stream_video_rtmp_ctx_s {
    ngx_stream_session_t     *session;
    ngx_stream_video_rtmp_srv_conf_t  *conf;

    nvr_handshake_t          *handshake;        /* NULL: done */
    nvr_chunk_in_t            in;
    ngx_stream_video_app_t   *app;              /* after connect */
    ngx_str_t                 name;             /* after publish */
    u_char                    name_data[NGX_VIDEO_LIVE_NAME];

    uint64_t                  received;
    uint64_t                  acknowledged;
    uint32_t                  window;           /* the peer asked for */

    size_t                    chunk;            /* that we send with */
    u_char                   *out;              /* unsent answers */
    size_t                    out_len;
    nvr_metadata_t            metadata;

    u_char                    cue[4];           /* checksum of the newest
                                                   splice_info_section */
    uint32_t                  cue_ts;           /* when it came */

    ngx_video_segmenter_t     segmenter;
    ngx_stream_video_auth_t   auth;
    ngx_stream_video_limit_t  limit;
    ngx_event_t               silence;          /* a timer, see standby.c */
    ngx_stream_video_push_t  *push;             /* NULL: it isn't pushed */
    ngx_uint_t                hops;             /* servers it came through */

    unsigned                  pulled:1;         /* there is no session */
    unsigned                  feeding:1;        /* answers wait for its end */
    unsigned                  publishing:1;
    unsigned                  clean:1;          /* publisher ended it */
    unsigned                  has_metadata:1;
    unsigned                  logged:1;         /* the reason of the end */
    unsigned                  warned_cue:1;     /* of one that is left out */
};


/* For ngx_conf_set_msec_slot(): a time has limits. */
typedef struct {
    ngx_conf_post_handler_pt  handler;          /* ngx_stream_video_msec() */
    const char               *name;
    ngx_msec_t                min;
    ngx_msec_t                max;
    ngx_uint_t                off;              /* 0 may stand for "off" */
} ngx_stream_video_range_t;

char *ngx_stream_video_msec(ngx_conf_t *cf, void *post, void *data);


extern ngx_module_t  ngx_stream_video_rtmp_module;


/* ngx_stream_video_rtmp_session.c: the content handler */
void ngx_stream_video_rtmp_handler(ngx_stream_session_t *s);


/* ngx_stream_video_rtmp_message.c */

/*
 * NGX_OK; NGX_DONE: end the session, the publisher is done; NGX_ERROR: end
 * it, the reason has been logged and sent; NGX_AGAIN: hand in the next message
 * when ngx_stream_video_rtmp_resume() is called.
 */
ngx_int_t ngx_stream_video_rtmp_message(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_message_t *msg);

/* Makes a name the stream's if it may be one; NGX_ERROR. */
ngx_int_t ngx_stream_video_rtmp_name(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_str_t *s);

/* The stream begins, its name is known; as ngx_stream_video_rtmp_message(). */
ngx_int_t ngx_stream_video_rtmp_begin(ngx_stream_video_rtmp_ctx_t *ctx);


/*
 * ngx_stream_video_standby.c: a publisher that falls silent while another one
 * stands by.
 */
void ngx_stream_video_standby_start(ngx_stream_video_rtmp_ctx_t *ctx);
void ngx_stream_video_standby_done(ngx_stream_video_rtmp_ctx_t *ctx);
char *ngx_stream_video_standby(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* ngx_stream_video_cue.c: a data message of a publisher. */
void ngx_stream_video_cue(ngx_stream_video_rtmp_ctx_t *ctx,
    nvr_message_t *msg);


/* ngx_stream_video_rtmp_module.c */

/* Goes on after NGX_AGAIN, with what came of that message. */
void ngx_stream_video_rtmp_resume(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_int_t rc);

/* The session is gone after it. */
void ngx_stream_video_rtmp_end(ngx_stream_video_rtmp_ctx_t *ctx,
    ngx_uint_t status);

/* Tells a publisher why its session is about to end; NGX_ERROR. */
ngx_int_t ngx_stream_video_rtmp_refuse(ngx_stream_video_rtmp_ctx_t *ctx,
    const char *code, const char *text);

/* Logs the reason once and tells a publisher, for a session about to end. */
ngx_int_t ngx_stream_video_rtmp_fail(ngx_stream_video_rtmp_ctx_t *ctx,
    const char *code, const char *reason, const char *detail);

/*
 * Queues a whole message.  What is queued is sent when all that has been read
 * is handled, or there is no room for more.
 */
ngx_int_t ngx_stream_video_rtmp_send(ngx_stream_video_rtmp_ctx_t *ctx,
    const u_char *data, size_t len);


#endif /* NGX_STREAM_VIDEO_RTMP_MODULE_H */
