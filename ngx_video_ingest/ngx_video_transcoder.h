/*
 * Copyright (C) ngx_video authors
 *
 * The transcoder daemon, which makes ladders of live streams and thumbnails of
 * files: how it is started, and where it listens.
 *
 * One process supervises it: the one that manages nginx's caches, or the only
 * one under "master_process off".  The daemon listens on sockets that the
 * master has opened once and that all processes inherit, so that who connects
 * while there is none waits for the next one.  Of a socket pair, its life line,
 * it has one end: it ends when the other is closed, and what it has to say
 * comes out there.
 */

#ifndef NGX_VIDEO_TRANSCODER_H
#define NGX_VIDEO_TRANSCODER_H

#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_str_t                 program;      /* a path, with a zero at its end */
    ngx_str_t                 path;         /* directory for its files */
    ngx_str_t                 cgroup;       /* the same; len 0: nginx's */
    ngx_uint_t                streams;      /* at once */
    ngx_uint_t                thumbs;       /* files at once */
    off_t                     max_size;     /* of what is in "path" */
    ngx_uint_t                nice;
    size_t                    memory;       /* of a stream, MB; 0: any */
    ngx_msec_t                timeout;      /* of a picture */
    ngx_flag_t                enable;
    u_char                   *file;         /* of the directive, for messages */
    ngx_uint_t                line;
} ngx_video_transcoder_conf_t;


typedef struct {
    ngx_socket_t              fd;           /* -1: it is not open */
    struct sockaddr_un        name;
    socklen_t                 len;
} ngx_video_transcoder_socket_t;

/* of streams, of thumbnails */
extern ngx_video_transcoder_socket_t  ngx_video_transcoder_sockets[2];


/* "transcoder PROGRAM [PARAMETER=VALUE]...", or "off", in "video { }" */
char *ngx_video_transcoder(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

void ngx_video_transcoder_create(ngx_video_transcoder_conf_t *tcf);

/*
 * The configuration has been read and there are ladders or thumbnails: what is
 * missing is set, the program is looked for, the supervisor gets its place.
 */
ngx_int_t ngx_video_transcoder_init(ngx_cycle_t *cycle,
    ngx_video_transcoder_conf_t *tcf);

/*
 * In the master, before there are processes: the socket.  When there is none,
 * which has been logged, no ladder is made; a master that runs goes on.
 */
void ngx_video_transcoder_listen(ngx_cycle_t *cycle);

/* The same when there is to be none: nor in what "video_status" shows. */
void ngx_video_transcoder_none(ngx_cycle_t *cycle);

/* In the only process. */
void ngx_video_transcoder_single(ngx_cycle_t *cycle);

/* Where streams connect; 0: there is no transcoder. */
socklen_t ngx_video_transcoder_address(struct sockaddr_un *sun);


/*
 * ngx_video_transcoder_cache.c: in the process that supervises, looks after
 * what is in its directory.
 */
void ngx_video_transcoder_cache(void);


#endif /* NGX_VIDEO_TRANSCODER_H */
