/*
 * Copyright (C) ngx_video authors
 *
 * What a publisher has sent and not every reader has had: RTMP messages in
 * their order, once for all readers, each of which is at a place of its own.
 *
 * A reader gets messages from its place on, whole and in order.  One that is
 * behind by more than a limit is moved forward to a later point where decoding
 * can begin: the oldest GOPs are lost to it, as a whole.  There it gets the
 * headers first that are valid at that point.
 *
 *   a reader is   set by                 gets
 *   reading       open, use              the next message
 *   waiting       drop, rest, when       nothing; from the next point on, which
 *                 there is no point      it is then at
 *   resting       rest                   nothing; it is kept at the newest
 *                                        point, until it is in use again
 *
 * Memory is what lies between the place of the slowest reader and the newest
 * message, so the limits of the readers bound it.  Messages lie one after
 * another in blocks; a block goes when all its messages have.
 */

#ifndef NGX_VIDEO_BACKLOG_H
#define NGX_VIDEO_BACKLOG_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "nvr_chunk.h"


#define NGX_VIDEO_BACKLOG_BLOCK    65536

/* messages that are kept to be sent again: one for a track, and metadata */
#define NGX_VIDEO_BACKLOG_HEADERS  20


typedef struct ngx_video_backlog_block_s    ngx_video_backlog_block_t;
typedef struct ngx_video_backlog_item_s     ngx_video_backlog_item_t;
typedef struct ngx_video_backlog_headers_s  ngx_video_backlog_headers_t;


typedef struct {
    ngx_log_t                    *log;
    ngx_queue_t                   readers;

    ngx_video_backlog_item_t     *first;
    ngx_video_backlog_item_t     *last;
    ngx_video_backlog_item_t     *point;        /* the newest; NULL: gone */
    ngx_video_backlog_block_t    *block;        /* that is being filled */
    uint64_t                      bytes;        /* of all messages ever */

    ngx_video_backlog_headers_t  *headers;      /* of now; NULL: none yet */
    ngx_uint_t                    lead;         /* number of a video track */

    unsigned                      video:1;      /* there is some */
    unsigned                      led:1;        /* "lead" is known */
} ngx_video_backlog_t;


typedef struct {
    ngx_queue_t                   queue;
    ngx_video_backlog_t          *backlog;
    ngx_video_backlog_item_t     *next;         /* NULL: has had all */

    /* to be read before "next" */
    ngx_video_backlog_headers_t  *headers;
    ngx_uint_t                    nheaders;     /* of them it has had */

    /* of the message that was read last */
    ngx_video_backlog_block_t    *held;
    ngx_video_backlog_headers_t  *held_headers;

    size_t                        limit;
    uint64_t                      dropped;      /* messages */

    unsigned                      waiting:1;
    unsigned                      resting:1;
} ngx_video_backlog_reader_t;


void ngx_video_backlog_init(ngx_video_backlog_t *b, ngx_log_t *log);

/* Its readers have been closed. */
void ngx_video_backlog_done(ngx_video_backlog_t *b);

/*
 * Adds a message, for its type, timestamp and data; "metadata": one that is
 * kept as a header.  Without memory it is lost, and all readers wait.
 */
void ngx_video_backlog_add(ngx_video_backlog_t *b, const nvr_message_t *msg,
    ngx_uint_t metadata);


/* A reader of what is added from now on. */
void ngx_video_backlog_open(ngx_video_backlog_t *b,
    ngx_video_backlog_reader_t *r, size_t limit);
void ngx_video_backlog_close(ngx_video_backlog_reader_t *r);

/* NGX_OK: *msg, whose data are valid until the next call; or NGX_AGAIN. */
ngx_int_t ngx_video_backlog_read(ngx_video_backlog_reader_t *r,
    nvr_message_t *msg);

void ngx_video_backlog_rest(ngx_video_backlog_reader_t *r);
void ngx_video_backlog_use(ngx_video_backlog_reader_t *r);


#endif /* NGX_VIDEO_BACKLOG_H */
