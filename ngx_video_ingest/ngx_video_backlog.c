/*
 * Copyright (C) ngx_video authors
 *
 * What a publisher has sent: see ngx_video_backlog.h.
 */

#include "ngx_video_backlog.h"
#include "ngx_video_backlog_headers.h"
#include "nvm_flv.h"


struct ngx_video_backlog_block_s {
    ngx_uint_t                    refs;     /* its messages, those that are
                                               held, and being filled */
    size_t                        size;
    size_t                        used;
};


/* Its data follow. */
struct ngx_video_backlog_item_s {
    ngx_video_backlog_item_t     *next;
    ngx_video_backlog_block_t    *block;
    ngx_video_backlog_headers_t  *headers;  /* of a point, unless it has none */
    uint64_t                      begin;    /* bytes of messages before it */
    size_t                        len;
    uint32_t                      timestamp;
    uint8_t                       type;
    unsigned                      point:1;
};


/* What a message is. */
typedef struct {
    unsigned                      point:1;
    unsigned                      header:1;
    ngx_uint_t                    key;      /* what it replaces has the same */
} ngx_video_backlog_kind_t;


static void ngx_video_backlog_kind(ngx_video_backlog_t *b,
    const nvr_message_t *msg, ngx_video_backlog_kind_t *kind);
static ngx_video_backlog_item_t *ngx_video_backlog_alloc(
    ngx_video_backlog_t *b, size_t len);
static void ngx_video_backlog_append(ngx_video_backlog_t *b,
    ngx_video_backlog_item_t *item, const nvr_message_t *msg,
    ngx_uint_t point);
static void ngx_video_backlog_spread(ngx_video_backlog_t *b,
    ngx_video_backlog_item_t *item);
static void ngx_video_backlog_move(ngx_video_backlog_reader_t *r,
    ngx_video_backlog_item_t *point);
static void ngx_video_backlog_drop(ngx_video_backlog_reader_t *r);
static void ngx_video_backlog_trim(ngx_video_backlog_t *b);
static void ngx_video_backlog_unref(ngx_video_backlog_block_t *block);


/* ExVideoTagHeader's Metadata, ExAudioTagHeader's MultichannelConfig */
#define NGX_VIDEO_BACKLOG_META    4


void
ngx_video_backlog_init(ngx_video_backlog_t *b, ngx_log_t *log)
{
    ngx_memzero(b, sizeof(ngx_video_backlog_t));
    ngx_queue_init(&b->readers);
    b->log = log;
}


void
ngx_video_backlog_done(ngx_video_backlog_t *b)
{
    ngx_video_backlog_trim(b);

    if (b->block) {
        ngx_video_backlog_unref(b->block);
        b->block = NULL;
    }

    ngx_video_backlog_headers_put(b->headers);
    b->headers = NULL;
}


void
ngx_video_backlog_add(ngx_video_backlog_t *b, const nvr_message_t *msg,
    ngx_uint_t metadata)
{
    ngx_video_backlog_item_t  *item;
    ngx_video_backlog_kind_t   kind;

    ngx_video_backlog_kind(b, msg, &kind);

    if (metadata) {
        kind.header = 1;
    }

    item = NULL;

    if (!kind.header
        || ngx_video_backlog_headers_set(&b->headers, kind.key, msg, b->log)
           == NGX_OK)
    {
        item = ngx_video_backlog_alloc(b, msg->len);
    }

    if (item) {
        ngx_video_backlog_append(b, item, msg, kind.point);
    }

    ngx_video_backlog_spread(b, item);
    ngx_video_backlog_trim(b);
}


static void
ngx_video_backlog_append(ngx_video_backlog_t *b,
    ngx_video_backlog_item_t *item, const nvr_message_t *msg,
    ngx_uint_t point)
{
    item->timestamp = msg->timestamp;
    item->type = msg->type;
    item->len = msg->len;
    item->point = point;
    item->begin = b->bytes;
    item->next = NULL;
    item->headers = point ? ngx_video_backlog_headers_get(b->headers) : NULL;

    ngx_memcpy((u_char *) item + sizeof(ngx_video_backlog_item_t), msg->data,
               msg->len);

    b->bytes += sizeof(ngx_video_backlog_item_t) + msg->len;

    if (b->last) {
        b->last->next = item;

    } else {
        b->first = item;
    }

    b->last = item;

    if (point) {
        b->point = item;
    }
}


/* Each reader learns of a new message, or of one that is lost. */
static void
ngx_video_backlog_spread(ngx_video_backlog_t *b,
    ngx_video_backlog_item_t *item)
{
    ngx_queue_t                 *q;
    ngx_video_backlog_reader_t  *r;

    for (q = ngx_queue_head(&b->readers);
         q != ngx_queue_sentinel(&b->readers);
         q = ngx_queue_next(q))
    {
        r = ngx_queue_data(q, ngx_video_backlog_reader_t, queue);

        if (item == NULL) {
            ngx_video_backlog_move(r, NULL);
            r->dropped++;
            continue;
        }

        if (item->point && (r->waiting || r->resting)) {
            ngx_video_backlog_move(r, item);
            continue;
        }

        if (r->waiting) {
            r->dropped += !r->resting;
            continue;
        }

        if (r->next == NULL) {
            r->next = item;
        }

        if (b->bytes - r->next->begin > r->limit) {
            ngx_video_backlog_drop(r);
        }
    }
}


static void
ngx_video_backlog_kind(ngx_video_backlog_t *b, const nvr_message_t *msg,
    ngx_video_backlog_kind_t *kind)
{
    nvm_err_e      err;
    ngx_uint_t     video;
    nvm_flv_tag_t  tag;

    kind->point = 0;
    kind->header = 0;
    kind->key = (ngx_uint_t) msg->type << 16;

    if (msg->type != NVR_MSG_VIDEO && msg->type != NVR_MSG_AUDIO) {
        return;
    }

    video = (msg->type == NVR_MSG_VIDEO);

    err = video ? nvm_flv_video_parse(msg->data, msg->len, &tag, NULL)
                : nvm_flv_audio_parse(msg->data, msg->len, &tag, NULL);

    for ( /* void */ ; err == NVM_OK; err = nvm_flv_next(&tag, NULL)) {

        if (tag.packet == NVM_FLV_HEADER
            || (tag.packet == NVM_FLV_NONE && tag.fourcc[0]
                && tag.type == NGX_VIDEO_BACKLOG_META))
        {
            if (!kind->header) {
                kind->header = 1;
                kind->key |= (ngx_uint_t) tag.type << 8 | tag.track;
            }

            b->video |= video;
            continue;
        }

        if (tag.packet != NVM_FLV_FRAME) {
            continue;
        }

        if (!video) {
            kind->point = !b->video;
            continue;
        }

        if (!b->led) {
            b->video = 1;
            b->led = 1;
            b->lead = tag.track;
        }

        if (tag.key && tag.track == b->lead) {
            kind->point = 1;
        }
    }
}


static ngx_video_backlog_item_t *
ngx_video_backlog_alloc(ngx_video_backlog_t *b, size_t len)
{
    size_t                      size;
    ngx_video_backlog_item_t   *item;
    ngx_video_backlog_block_t  *block;

    len = ngx_align(len + sizeof(ngx_video_backlog_item_t), NGX_ALIGNMENT);
    block = b->block;

    if (block && block->refs == 1) {
        /* all that was in it has gone */
        block->used = 0;
    }

    if (block == NULL || len > block->size - block->used) {
        size = ngx_max(len, NGX_VIDEO_BACKLOG_BLOCK
                            - sizeof(ngx_video_backlog_block_t));

        block = ngx_alloc(sizeof(ngx_video_backlog_block_t) + size, b->log);
        if (block == NULL) {
            return NULL;
        }

        block->refs = 1;
        block->size = size;
        block->used = 0;

        if (b->block) {
            ngx_video_backlog_unref(b->block);
        }

        b->block = block;
    }

    item = (ngx_video_backlog_item_t *)
               ((u_char *) (block + 1) + block->used);

    block->used += len;
    block->refs++;
    item->block = block;

    return item;
}


static void
ngx_video_backlog_unref(ngx_video_backlog_block_t *block)
{
    if (--block->refs == 0) {
        ngx_free(block);
    }
}


/* Lets go of what every reader has had. */
static void
ngx_video_backlog_trim(ngx_video_backlog_t *b)
{
    uint64_t                     had;
    ngx_queue_t                 *q;
    ngx_video_backlog_item_t    *item;
    ngx_video_backlog_reader_t  *r;

    had = b->bytes;

    for (q = ngx_queue_head(&b->readers);
         q != ngx_queue_sentinel(&b->readers);
         q = ngx_queue_next(q))
    {
        r = ngx_queue_data(q, ngx_video_backlog_reader_t, queue);

        if (r->next && r->next->begin < had) {
            had = r->next->begin;
        }
    }

    while (b->first && b->first->begin < had) {
        item = b->first;
        b->first = item->next;

        if (b->point == item) {
            b->point = NULL;
        }

        ngx_video_backlog_headers_put(item->headers);
        ngx_video_backlog_unref(item->block);
    }

    if (b->first == NULL) {
        b->last = NULL;
    }
}


void
ngx_video_backlog_open(ngx_video_backlog_t *b, ngx_video_backlog_reader_t *r,
    size_t limit)
{
    ngx_memzero(r, sizeof(ngx_video_backlog_reader_t));

    r->backlog = b;
    r->limit = limit;
    ngx_queue_insert_tail(&b->readers, &r->queue);
}


static void
ngx_video_backlog_release(ngx_video_backlog_reader_t *r)
{
    if (r->held) {
        ngx_video_backlog_unref(r->held);
        r->held = NULL;
    }

    ngx_video_backlog_headers_put(r->held_headers);
    r->held_headers = NULL;
}


void
ngx_video_backlog_close(ngx_video_backlog_reader_t *r)
{
    ngx_video_backlog_release(r);
    ngx_video_backlog_move(r, NULL);
    ngx_queue_remove(&r->queue);
    ngx_video_backlog_trim(r->backlog);
}


ngx_int_t
ngx_video_backlog_read(ngx_video_backlog_reader_t *r, nvr_message_t *msg)
{
    ngx_video_backlog_item_t  *item;

    ngx_video_backlog_release(r);

    item = r->next;

    if (item == NULL || r->resting) {
        return NGX_AGAIN;
    }

    ngx_memzero(msg, sizeof(nvr_message_t));
    msg->timestamp = item->timestamp;

    if (r->headers) {
        if (ngx_video_backlog_headers_read(r->headers, r->nheaders, msg)
            == NGX_OK)
        {
            r->nheaders++;
            r->held_headers = ngx_video_backlog_headers_get(r->headers);
            return NGX_OK;
        }

        ngx_video_backlog_headers_put(r->headers);
        r->headers = NULL;
    }

    msg->type = item->type;
    msg->len = item->len;
    msg->data = (u_char *) item + sizeof(ngx_video_backlog_item_t);

    r->held = item->block;
    r->held->refs++;
    r->next = item->next;

    ngx_video_backlog_trim(r->backlog);

    return NGX_OK;
}


/* To a point, or to wherever the next one is. */
static void
ngx_video_backlog_move(ngx_video_backlog_reader_t *r,
    ngx_video_backlog_item_t *point)
{
    ngx_video_backlog_headers_put(r->headers);
    r->headers = NULL;

    r->next = point;
    r->waiting = (point == NULL);

    if (point) {
        r->headers = ngx_video_backlog_headers_get(point->headers);
        r->nheaders = 0;
    }
}


/*
 * The oldest GOPs go until half of the limit is free, so that this does not
 * happen with every frame.  One of which frames have been read goes from there
 * to its end.
 */
static void
ngx_video_backlog_drop(ngx_video_backlog_reader_t *r)
{
    ngx_video_backlog_item_t  *item;

    item = r->next;

    do {
        r->dropped += !r->resting;
        item = item->next;

    } while (item && (!item->point
                      || r->backlog->bytes - item->begin > r->limit / 2));

    ngx_video_backlog_move(r, item);
}


void
ngx_video_backlog_rest(ngx_video_backlog_reader_t *r)
{
    ngx_video_backlog_release(r);
    r->resting = 1;
    ngx_video_backlog_move(r, r->backlog->point);
    ngx_video_backlog_trim(r->backlog);
}


void
ngx_video_backlog_use(ngx_video_backlog_reader_t *r)
{
    r->resting = 0;
}
