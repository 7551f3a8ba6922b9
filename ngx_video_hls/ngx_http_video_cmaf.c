/*
 * Copyright (C) ngx_video authors
 *
 * Reading the samples of a live track: see ngx_http_video_cmaf.h.
 */

#include "ngx_http_video_cmaf.h"


/* what is read of a segment on disk at a time, at least */
#define NGX_HTTP_VIDEO_CMAF_PIECE  (128 * 1024)

/* segments that are missing in a row before a reader takes it for the end */
#define NGX_HTTP_VIDEO_CMAF_GAP    16


static ngx_int_t
ngx_http_video_cmaf_room(ngx_http_video_cmaf_t *c, u_char **buffer,
    size_t *room, size_t n)
{
    if (n <= *room) {
        return NGX_OK;
    }

    if (*buffer) {
        (void) ngx_pfree(c->request->pool, *buffer);
        *room = 0;
    }

    /* one size above that of small allocations, so that it can be freed */
    n = ngx_max(n, 2 * ngx_pagesize);

    *buffer = ngx_palloc(c->request->pool, n);
    if (*buffer == NULL) {
        return NGX_ERROR;
    }

    *room = n;

    return NGX_OK;
}


/* In memory: where it lies, or a copy of what is in several chunks. */
static ngx_int_t
ngx_http_video_cmaf_memory(ngx_http_video_cmaf_t *c, uint64_t offset, size_t n,
    u_char **data)
{
    size_t  span;

    if (n == 0) {
        *data = c->buffer;
        return NGX_OK;
    }

    *data = ngx_video_object_span(c->store, &c->ref, &c->cursor, offset,
                                  &span);
    if (n <= span) {
        return NGX_OK;
    }

    if (ngx_http_video_cmaf_room(c, &c->buffer, &c->room, n) != NGX_OK) {
        return NGX_ERROR;
    }

    *data = c->buffer;

    return ngx_http_video_object_read(c->store, &c->ref, &c->cursor, offset,
                                      c->buffer, n);
}


/* Begins to read a piece of the file. */
static ngx_int_t
ngx_http_video_cmaf_piece(ngx_http_video_cmaf_t *c, uint64_t offset, size_t n)
{
    ngx_http_video_file_t  *f;

    n = (size_t) ngx_max(n, ngx_min(c->size - offset,
                                    NGX_HTTP_VIDEO_CMAF_PIECE));

    if (c->file == NULL) {
        c->file = ngx_pcalloc(c->request->pool,
                              sizeof(ngx_http_video_file_t));
    }

    if (c->file == NULL
        || ngx_http_video_cmaf_room(c, &c->buffer, &c->room, n) != NGX_OK)
    {
        return NGX_ERROR;
    }

    c->from = offset;
    c->len = n;
    c->range.offset = c->disk.record.offset + offset;
    c->range.size = n;

    f = c->file;
    f->request = c->request;
    f->path = &c->disk.path;
    f->fd = c->disk.of.fd;
    f->ranges = &c->range;
    f->nranges = 1;
    f->buffer = c->buffer;
    f->size = n;
    f->range = 0;
    f->done = 0;
    f->filled = 0;
    f->resume = c->resume;

    return NGX_OK;
}


/* Bytes [offset, offset + n) of the open segment, which has them. */
static ngx_int_t
ngx_http_video_cmaf_fetch(ngx_http_video_cmaf_t *c, uint64_t offset, size_t n,
    u_char **data)
{
    ngx_int_t  rc;

    if (!c->on_disk) {
        return ngx_http_video_cmaf_memory(c, offset, n, data);
    }

    if (!c->reading
        && (offset < c->from || offset - c->from > c->len
            || n > c->len - (offset - c->from)))
    {
        c->len = 0;

        if (ngx_http_video_cmaf_piece(c, offset, n) != NGX_OK) {
            return NGX_ERROR;
        }

        c->reading = 1;
    }

    if (c->reading) {
        rc = ngx_http_video_file_read(c->file);

        if (rc != NGX_OK) {
            return rc;
        }

        c->reading = 0;
    }

    *data = c->buffer + (offset - c->from);

    return NGX_OK;
}


void
ngx_http_video_cmaf_close(ngx_http_video_cmaf_t *c)
{
    if (c->ref.id) {
        ngx_video_object_put(c->store, &c->ref);
    }

    c->open = 0;
}


/* NGX_OK; NGX_DECLINED: it has not come; NGX_ABORT: it is gone. */
static ngx_int_t
ngx_http_video_cmaf_one(ngx_http_video_cmaf_t *c)
{
    ngx_int_t                  rc;
    nvm_part_t                 range;
    ngx_video_live_segment_t   segment;

    rc = ngx_video_live_media(c->store, c->info, c->number, c->msn, -1,
                              &segment, &range);

    if (rc == NGX_OK) {
        /* whole parts: of one that is just being added there may be less */
        c->ref = segment.object;
        c->size = segment.size;
        c->growing = !segment.complete;
        c->on_disk = 0;

    } else if (rc == NGX_AGAIN || rc == NGX_BUSY) {
        return NGX_DECLINED;

    } else {
        rc = ngx_http_video_live_dvr_find(c->request, c->info, c->number,
                                          c->msn, &c->disk);

        if (rc != NGX_OK) {
            return rc == NGX_HTTP_NOT_FOUND ? NGX_ABORT : NGX_ERROR;
        }

        c->size = c->disk.record.size;
        c->growing = 0;
        c->on_disk = 1;
    }

    ngx_memzero(&c->cursor, sizeof(ngx_video_cursor_t));
    c->at = 0;
    c->from = 0;
    c->len = 0;
    c->in_chunk = 0;
    c->open = 1;

    return NGX_OK;
}


/* The next segment that is there. */
static ngx_int_t
ngx_http_video_cmaf_open(ngx_http_video_cmaf_t *c)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    for (n = 0; n < NGX_HTTP_VIDEO_CMAF_GAP && c->msn <= c->last; n++) {
        rc = ngx_http_video_cmaf_one(c);

        if (rc != NGX_ABORT) {
            return rc;
        }

        c->msn++;
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_video_cmaf_damaged(ngx_http_video_cmaf_t *c, nvm_fault_t *fault,
    nvm_err_e err)
{
    ngx_log_error(NGX_LOG_ERR, c->request->connection->log, 0,
                  "stream \"%V\": segment %uL can't be read: %s at offset %uL",
                  &c->info->name, c->msn,
                  fault->what ? fault->what : nvm_strerror(err),
                  fault->offset);

    return NGX_ERROR;
}


/* The box at c->at, and its chunk if it is one: NGX_OK. */
static ngx_int_t
ngx_http_video_cmaf_box(ngx_http_video_cmaf_t *c)
{
    size_t          n;
    u_char         *p;
    uint64_t        len;
    ngx_int_t       rc;
    nvm_err_e       err;
    nvm_fault_t     fault;
    nvm_cmaf_box_e  type;

    n = (size_t) ngx_min(c->size - c->at, NVM_CMAF_BOX);
    rc = ngx_http_video_cmaf_fetch(c, c->at, n, &p);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&fault, sizeof(nvm_fault_t));
    err = nvm_cmaf_read_box(p, n, c->at, c->size, &type, &len, &fault);

    if (err == NVM_OK && type == NVM_CMAF_MOOF) {
        rc = ngx_http_video_cmaf_fetch(c, c->at, (size_t) len, &p);

        if (rc == NGX_OK) {
            rc = ngx_http_video_cmaf_room(c, &c->moof, &c->moof_room,
                                          (size_t) len);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        /* samples are fetched while it is read */
        ngx_memcpy(c->moof, p, (size_t) len);

        err = nvm_cmaf_read_chunk(&c->chunk, c->track->id, c->moof,
                                  (size_t) len, c->at, c->size, &fault);
        c->in_chunk = (err == NVM_OK);
    }

    if (err != NVM_OK) {
        return ngx_http_video_cmaf_damaged(c, &fault, err);
    }

    c->at += len;

    return NGX_OK;
}


ngx_int_t
ngx_http_video_cmaf_peek(ngx_http_video_cmaf_t *c)
{
    ngx_int_t    rc;
    nvm_err_e    err;
    nvm_fault_t  fault;

    while (!c->has) {

        if (c->in_chunk) {
            ngx_memzero(&fault, sizeof(nvm_fault_t));
            err = nvm_cmaf_read_sample(&c->chunk, &c->sample, &fault);

            if (err == NVM_OK) {
                c->has = 1;
                break;
            }

            c->in_chunk = 0;

            if (err != NVM_ENOENT) {
                return ngx_http_video_cmaf_damaged(c, &fault, err);
            }

        } else if (c->open && c->at < c->size) {
            rc = ngx_http_video_cmaf_box(c);

            if (rc != NGX_OK) {
                return rc;
            }

        } else if (c->open) {

            if (c->growing) {
                return NGX_DECLINED;
            }

            ngx_http_video_cmaf_close(c);
            c->msn++;

        } else {
            rc = ngx_http_video_cmaf_open(c);

            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return NGX_OK;
}


void
ngx_http_video_cmaf_pass(ngx_http_video_cmaf_t *c)
{
    c->has = 0;
}


ngx_int_t
ngx_http_video_cmaf_data(ngx_http_video_cmaf_t *c, u_char **data)
{
    return ngx_http_video_cmaf_fetch(c, c->sample.offset, c->sample.size,
                                     data);
}
