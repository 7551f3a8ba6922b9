/*
 * Copyright (C) ngx_video authors
 *
 * For the files of a stream's connection to the transcoder: the connection, and
 * what goes there (ngx_video_rungs_out.c).
 */

#ifndef NGX_VIDEO_RUNGS_LINK_H
#define NGX_VIDEO_RUNGS_LINK_H

#include "ngx_video_rungs.h"


typedef struct {
    u_char                   *data;
    size_t                    from;
    size_t                    len;
    size_t                    size;
} ngx_video_rungs_bytes_t;


/* What there is of a track before its frames. */
typedef struct {
    uint32_t                  codec;        /* FourCC; 0: none that the
                                               transcoder knows */
    u_char                   *config;
    size_t                    len;
} ngx_video_rungs_header_t;


struct ngx_video_rungs_s {
    ngx_video_ladder_t       *ladder;
    ngx_video_rungs_handlers_t  *handlers;
    void                     *data;
    ngx_str_t                *name;
    ngx_log_t                *log;

    ngx_video_rungs_header_t  video;
    ngx_video_rungs_header_t  sound;

    ngx_connection_t         *connection;   /* NULL: there is none */
    ngx_event_t               timer;        /* to connect, or to look after
                                               it */
    ngx_msec_t                delay;        /* before the next attempt */
    ngx_msec_t                connected;
    ngx_msec_t                heard;
    ngx_msec_t                kept;         /* when the oldest frame that waits
                                               for a transcoder came */
    ngx_video_rungs_bytes_t   in;
    ngx_video_rungs_bytes_t   out;

    u_char                    of[NGX_VIDEO_RUNGS];      /* rung + 1 of each of
                                               its tracks; 0: none */

    unsigned                  taken:1;      /* it has said something */
    unsigned                  fed:1;        /* it has had a key frame, or what
                                               waits begins with one */
    unsigned                  ending:1;     /* nothing follows */
    unsigned                  warned:1;     /* of the codec */
    unsigned                  reading:1;    /* what has come leads to what is
                                               done with it */
    unsigned                  destroyed:1;  /* meanwhile */
};


/* Why it is of no use any more; it is tried again later. */
void ngx_video_rungs_gone(ngx_video_rungs_t *r, const char *why);

/* NGX_OK; NGX_ERROR: see ngx_video_rungs_gone(). */
ngx_int_t ngx_video_rungs_connect(ngx_video_rungs_t *r);


/* ngx_video_rungs_out.c */

/* Room for n more bytes: NGX_OK, NGX_ERROR. */
ngx_int_t ngx_video_rungs_room(ngx_video_rungs_t *r,
    ngx_video_rungs_bytes_t *b, size_t n);

/* Queues a message: NGX_OK, NGX_ERROR. */
ngx_int_t ngx_video_rungs_queue(ngx_video_rungs_t *r, nvm_wire_t *m);

/* Sends what may be sent: NGX_OK, NGX_ERROR. */
ngx_int_t ngx_video_rungs_send(ngx_video_rungs_t *r);

/* It has said something: what waits for it is sent if it isn't late. */
void ngx_video_rungs_taken(ngx_video_rungs_t *r);

/* With all that it has. */
void ngx_video_rungs_free(ngx_video_rungs_t *r);


#endif /* NGX_VIDEO_RUNGS_LINK_H */
