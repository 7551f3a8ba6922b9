/*
 * Copyright (C) ngx_video authors
 *
 * The daemon: accepts connections of workers, a process for each, so that what
 * crashes costs the ladder of one stream, or the thumbnails of one file.
 *
 * Streams and thumbnails have a socket each: of streams there are no more than
 * so many, and one more is refused; thumbnails wait in the queue of theirs.
 */

#ifndef VTC_SERVE_H
#define VTC_SERVE_H

#include "vtc_job.h"


#define VTC_STREAMS_MAX  256

/* What connections are for. */
typedef enum {
    VTC_PORT_STREAMS = 0,
    VTC_PORT_THUMBS,
    VTC_PORTS
} vtc_port_e;

typedef struct {
    const char    *path;        /* of the socket, which is made; NULL: */
    int            listen;      /* one that listens; -1: none */
    unsigned       max;         /* at once */
} vtc_port_conf_t;

typedef struct {
    vtc_port_conf_t  ports[VTC_PORTS];
    int            life;        /* its end is that of the daemon; -1: none */
    int            nice;
    const char    *cgroup;      /* directory of it; NULL: where it is */
    vtc_limits_t   limits;      /* of each */
} vtc_serve_t;


/*
 * Serves until the life line ends, then until its streams have; or until
 * SIGTERM or SIGINT.  0, or -1: it could not begin, which has been told.
 */
int vtc_serve(const vtc_serve_t *conf);


#endif /* VTC_SERVE_H */
