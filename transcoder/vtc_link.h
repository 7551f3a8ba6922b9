/*
 * Copyright (C) ngx_video authors
 *
 * A connection to a worker: messages in and out (nvm_wire.h), without waiting.
 */

#ifndef VTC_LINK_H
#define VTC_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "nvm_wire.h"


/* bytes that wait: of media that came, and of what the worker doesn't take */
#define VTC_LINK_IN     (64 * 1024 * 1024)
#define VTC_LINK_OUT    (32 * 1024 * 1024)

typedef struct {
    uint8_t      *data;
    size_t        from;         /* bytes before are done with */
    size_t        len;
    size_t        size;
} vtc_bytes_t;

typedef struct {
    int           fd;
    vtc_bytes_t   in;
    vtc_bytes_t   out;
    size_t        seen;         /* of "in", from its start: messages that have
                                   been counted */
    int64_t       newest;       /* dts of the newest picture that came */
    unsigned      closed:1;     /* the worker sends no more */
    const char   *error;        /* why it is of no use any more; NULL */
} vtc_link_t;


void vtc_link_init(vtc_link_t *l, int fd);
void vtc_link_close(vtc_link_t *l);

/*
 * Reads and writes what there is, and waits for it at most "ms": 0, or -1 with
 * l->error set.
 */
int vtc_link_wait(vtc_link_t *l, int ms);

/*
 * The next message, in place, good until the next call of vtc_link_wait(): 1;
 * 0: there is none; -1 with l->error set.
 */
int vtc_link_next(vtc_link_t *l, nvm_wire_t *m);

/* Sends a message, of a body in two pieces: 0, or -1 with l->error set. */
int vtc_link_send(vtc_link_t *l, nvm_wire_t *m, const void *first, size_t n,
    const void *second, size_t n2);

/* Whether all has been taken. */
int vtc_link_idle(const vtc_link_t *l);


#endif /* VTC_LINK_H */
