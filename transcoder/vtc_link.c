/*
 * Copyright (C) ngx_video authors
 *
 * Messages over a socket, see vtc_link.h.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vtc_link.h"


#define VTC_LINK_READ   (256 * 1024)


void
vtc_link_init(vtc_link_t *l, int fd)
{
    memset(l, 0, sizeof(vtc_link_t));
    l->fd = fd;
    l->newest = INT64_MIN;

    (void) fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}


void
vtc_link_close(vtc_link_t *l)
{
    free(l->in.data);
    free(l->out.data);
    close(l->fd);
}


static int
vtc_link_fail(vtc_link_t *l, const char *error)
{
    l->error = error;

    return -1;
}


/* Room for n bytes more behind what is there: 0, or -1: no memory. */
static int
vtc_link_room(vtc_bytes_t *b, size_t n)
{
    size_t    size;
    uint8_t  *data;

    if (b->from && (b->from == b->len || b->size - b->len < n)) {
        memmove(b->data, b->data + b->from, b->len - b->from);
        b->len -= b->from;
        b->from = 0;
    }

    if (b->size - b->len >= n) {
        return 0;
    }

    size = b->size ? b->size : 65536;

    while (size - b->len < n) {
        size *= 2;
    }

    data = realloc(b->data, size);

    if (data == NULL) {
        return -1;
    }

    b->data = data;
    b->size = size;

    return 0;
}


/* Looks what of the new bytes are frames: how far the publisher is. */
static void
vtc_link_look(vtc_link_t *l)
{
    nvm_wire_t    m;
    nvm_reader_t  r;

    nvm_reader_init(&r, l->in.data + l->in.from + l->seen,
                    l->in.len - l->in.from - l->seen, 0);

    while (nvm_wire_parse(&r, &m) == NVM_OK) {
        if (m.type == NVM_WIRE_FRAME && !(m.flags & NVM_WIRE_AUDIO)) {
            l->newest = m.dts;
        }
    }

    l->seen = l->in.len - l->in.from - nvm_reader_left(&r);
}


static int
vtc_link_read(vtc_link_t *l)
{
    ssize_t  n;

    for ( ;; ) {

        if (l->in.len - l->in.from >= VTC_LINK_IN) {
            return 0;
        }

        if (vtc_link_room(&l->in, VTC_LINK_READ) != 0) {
            return vtc_link_fail(l, "no memory");
        }

        n = recv(l->fd, l->in.data + l->in.len, VTC_LINK_READ, 0);

        if (n > 0) {
            l->in.len += (size_t) n;
            vtc_link_look(l);
            continue;
        }

        if (n == 0) {
            l->closed = 1;
            return 0;
        }

        return errno == EAGAIN || errno == EINTR ? 0
               : vtc_link_fail(l, "the worker is gone");
    }
}


static int
vtc_link_write(vtc_link_t *l)
{
    ssize_t  n;

    while (l->out.from < l->out.len) {
        n = send(l->fd, l->out.data + l->out.from, l->out.len - l->out.from,
                 MSG_NOSIGNAL);

        if (n > 0) {
            l->out.from += (size_t) n;
            continue;
        }

        return errno == EAGAIN || errno == EINTR ? 0
               : vtc_link_fail(l, "the worker is gone");
    }

    return 0;
}


int
vtc_link_wait(vtc_link_t *l, int ms)
{
    struct pollfd  fd;

    if (l->error) {
        return -1;
    }

    fd.fd = l->fd;
    fd.revents = 0;
    fd.events = (short) ((l->out.from < l->out.len ? POLLOUT : 0)
                | (l->closed || l->in.len - l->in.from >= VTC_LINK_IN
                   ? 0 : POLLIN));

    /* a worker that is gone is heard of whatever is asked */
    if (poll(&fd, 1, ms) <= 0) {
        return 0;
    }

    if (!l->closed && (fd.revents & (POLLIN | POLLHUP | POLLERR))
        && vtc_link_read(l) != 0)
    {
        return -1;
    }

    return vtc_link_write(l);
}


int
vtc_link_next(vtc_link_t *l, nvm_wire_t *m)
{
    size_t        n;
    nvm_err_e     rc;
    nvm_reader_t  r;

    if (l->error) {
        return -1;
    }

    nvm_reader_init(&r, l->in.data + l->in.from, l->in.len - l->in.from, 0);
    rc = nvm_wire_parse(&r, m);

    if (rc == NVM_EAGAIN) {
        return 0;
    }

    if (rc != NVM_OK) {
        return vtc_link_fail(l, "a message is broken");
    }

    n = l->in.len - l->in.from - nvm_reader_left(&r);
    l->in.from += n;
    l->seen -= l->seen < n ? l->seen : n;

    return 1;
}


int
vtc_link_send(vtc_link_t *l, nvm_wire_t *m, const void *first, size_t n,
    const void *second, size_t n2)
{
    nvm_writer_t  w;

    if (l->error) {
        return -1;
    }

    m->len = n + n2;

    if (l->out.len - l->out.from + m->len > VTC_LINK_OUT) {
        return vtc_link_fail(l, "the worker takes nothing");
    }

    if (m->len > NVM_WIRE_BODY_MAX
        || vtc_link_room(&l->out, NVM_WIRE_HEAD + m->len) != 0)
    {
        return vtc_link_fail(l, "no memory");
    }

    nvm_writer_init(&w, l->out.data + l->out.len, l->out.size - l->out.len);
    nvm_wire_write(&w, m);

    if (n) {
        nvm_writer_bytes(&w, first, n);
    }

    if (n2) {
        nvm_writer_bytes(&w, second, n2);
    }

    l->out.len += w.len;

    return vtc_link_write(l);
}


int
vtc_link_idle(const vtc_link_t *l)
{
    return l->out.from == l->out.len;
}
