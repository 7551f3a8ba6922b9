/*
 * Copyright (C) ngx_video authors
 *
 * Where the transcoder listens: see ngx_video_transcoder.h.  The sockets are
 * opened once in the life of a master, whatever is configured later.
 */

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_video_core.h"
#include "ngx_video_ingest.h"


ngx_video_transcoder_socket_t  ngx_video_transcoder_sockets[2] = {
    { .fd = (ngx_socket_t) -1 },
    { .fd = (ngx_socket_t) -1 }
};


static void
ngx_video_transcoder_open(ngx_cycle_t *cycle,
    ngx_video_transcoder_socket_t *s)
{
    socklen_t     len;
    ngx_socket_t  fd;

    if (s->fd != (ngx_socket_t) -1) {
        return;
    }

    fd = ngx_socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_socket_errno,
                      "socket() of the transcoder failed");
        return;
    }

    /* the system gives it an abstract name that nothing else has */
    ngx_memzero(&s->name, sizeof(struct sockaddr_un));
    s->name.sun_family = AF_UNIX;
    len = sizeof(struct sockaddr_un);

    if (bind(fd, (struct sockaddr *) &s->name, sizeof(sa_family_t)) == -1
        || listen(fd, NGX_LISTEN_BACKLOG) == -1
        || ngx_nonblocking(fd) == -1
        || getsockname(fd, (struct sockaddr *) &s->name, &len) == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_socket_errno,
                      "the socket of the transcoder failed");
        ngx_close_socket(fd);
        return;
    }

    /* another nginx that is started in the place of this one opens its own */
    (void) fcntl(fd, F_SETFD, FD_CLOEXEC);

    s->len = len;
    s->fd = fd;
}


void
ngx_video_transcoder_listen(ngx_cycle_t *cycle)
{
    ngx_video_coder_t              *coder;
    ngx_video_transcoder_socket_t  *s;

    s = ngx_video_transcoder_sockets;

    ngx_video_transcoder_open(cycle, &s[0]);
    ngx_video_transcoder_open(cycle, &s[1]);

    if (s[1].fd != (ngx_socket_t) -1) {
        coder = ngx_video_coder(cycle);
        coder->name = s[1].name;
        coder->len = s[1].len;
    }
}


socklen_t
ngx_video_transcoder_address(struct sockaddr_un *sun)
{
    ngx_video_ingest_conf_t        *icf;
    ngx_video_transcoder_socket_t  *s;

    icf = ngx_video_ingest_conf((ngx_cycle_t *) ngx_cycle);
    s = &ngx_video_transcoder_sockets[0];

    if (s->fd == (ngx_socket_t) -1 || icf->transcoder.enable != 1) {
        return 0;
    }

    *sun = s->name;

    return s->len;
}
