/*
 * Copyright (C) ngx_video authors
 *
 * Live segments that have left memory: a range of the file that the recorder
 * appends to.  The bytes are those that were sent from memory, so the headers
 * are the same.
 *
 * Parts too: Shaka 5.2 goes on asking for those of a segment that it has once
 * seen with them.  Where one is tell the boxes of the segment, since each part
 * ends with the one mdat that it has.
 */

#include "ngx_http_video_file.h"
#include "nvm_mp4_box.h"


/* of a segment, or it is none of ours: emsg, prft, moof and mdat of each part */
#define NGX_HTTP_VIDEO_RECORDED_BOXES  (4 * NGX_VIDEO_LIVE_PARTS)

#define NGX_HTTP_VIDEO_RECORDED_HEAD   8


typedef struct ngx_http_video_recorded_s  ngx_http_video_recorded_t;

struct ngx_http_video_recorded_s {
    ngx_http_video_on_disk_t  seg;
    ngx_http_video_file_t     file;
    nvm_range_t               range;
    u_char                    head[NGX_HTTP_VIDEO_RECORDED_HEAD];

    uint64_t                  epoch;
    uint64_t                  from;         /* of the part, in the file */
    uint64_t                  at;           /* of the box that is looked at */
    uint64_t                  end;          /* of the segment */
    ngx_uint_t                parts;        /* before it */
    ngx_uint_t                boxes;
};


static ngx_int_t ngx_http_video_recorded_walk(ngx_http_request_t *r);


static ngx_int_t
ngx_http_video_live_dvr_open(ngx_http_request_t *r, uint64_t msn,
    ngx_str_t *path, ngx_open_file_info_t *of)
{
    ngx_int_t   rc;
    ngx_uint_t  level;

    ngx_memzero(of, sizeof(ngx_open_file_info_t));

    rc = ngx_http_video_open_file(r, path, of);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    /* who keeps house on the disk may have deleted it */
    level = of->err == NGX_ENOENT || of->err == NGX_ENOTDIR ? NGX_LOG_ERR
                                                            : NGX_LOG_CRIT;

    ngx_log_error(level, r->connection->log, of->err,
                  "recorded segment %uL is gone: %s \"%V\" failed",
                  msn, of->failed ? of->failed : "open()", path);

    return NGX_HTTP_NOT_FOUND;
}


/* A file that is being written may be in the cache of files with less. */
static ngx_int_t
ngx_http_video_live_dvr_check(ngx_http_request_t *r, ngx_str_t *path,
    ngx_fd_t fd, ngx_video_live_record_t *rec)
{
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR
        || ngx_file_size(&fi) < (off_t) (rec->offset + rec->size))
    {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\" is shorter than what was recorded: %uD bytes "
                      "at offset %uL are missing", path, rec->size,
                      rec->offset);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_video_live_dvr_find(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number, uint64_t msn,
    ngx_http_video_on_disk_t *seg)
{
    ngx_int_t                    rc, kind;
    ngx_uint_t                   i, n;
    ngx_http_video_ctx_t        *ctx;
    ngx_video_live_recording_t   recording;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ngx_video_live_on_disk(ctx->store, info, number, msn, &seg->record)
        != NGX_OK
        || ngx_video_live_recording(ctx->store, info->index, info->epoch,
                                    &recording)
           != NGX_OK)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    seg->path.data = ngx_pnalloc(r->pool, NGX_VIDEO_LIVE_FILE);
    if (seg->path.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    kind = ngx_video_live_kind(ctx->store, info, number);

    for (i = 0, n = 0; i < number; i++) {
        n += (ngx_video_live_kind(ctx->store, info, i) == kind);
    }

    seg->path.len = ngx_video_live_file(seg->path.data, &recording,
                                        (ngx_uint_t) kind, n)
                    - seg->path.data - 1;

    rc = ngx_http_video_live_dvr_open(r, msn, &seg->path, &seg->of);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_video_live_dvr_check(r, &seg->path, seg->of.fd,
                                         &seg->record)
           == NGX_OK ? NGX_OK : NGX_HTTP_NOT_FOUND;
}


/* Bytes [from, to) of the file. */
static ngx_int_t
ngx_http_video_live_dvr_send(ngx_http_request_t *r,
    ngx_http_video_on_disk_t *seg, uint64_t epoch, uint64_t from, uint64_t to,
    uint64_t tag)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ngx_http_video_headers(r, ctx->path.epoch ? NGX_HTTP_VIDEO_IMMUTABLE
                                                  : NGX_HTTP_VIDEO_NO_CACHE,
                               epoch, ctx->path.msn << 16 | tag)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_send_file(r, &seg->path, &seg->of, (off_t) from,
                                    (off_t) to);
}


ngx_int_t
ngx_http_video_live_dvr(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_uint_t number)
{
    ngx_int_t                   rc;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_on_disk_t    seg;
    ngx_http_video_recorded_t  *p;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    rc = ngx_http_video_live_dvr_find(r, info, number, ctx->path.msn, &seg);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->path.what == NGX_HTTP_VIDEO_SEGMENT) {
        return ngx_http_video_live_dvr_send(r, &seg, info->epoch,
                                            seg.record.offset,
                                            seg.record.offset
                                            + seg.record.size, 0);
    }

    p = ngx_pcalloc(r->pool, sizeof(ngx_http_video_recorded_t));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p->seg = seg;
    p->epoch = info->epoch;
    p->from = seg.record.offset;
    p->at = p->from;
    p->end = p->from + seg.record.size;

    p->file.request = r;
    p->file.path = &p->seg.path;
    p->file.fd = p->seg.of.fd;
    p->file.ranges = &p->range;
    p->file.nranges = 1;
    p->file.buffer = p->head;
    p->file.size = sizeof(p->head);
    p->file.resume = ngx_http_video_recorded_walk;
    p->range.offset = p->at;
    p->range.size = sizeof(p->head);

    ctx->recorded = p;

    return ngx_http_video_recorded_walk(r);
}


/* The box whose head has been read.  NGX_OK; NGX_ERROR: that is none. */
static ngx_int_t
ngx_http_video_recorded_box(ngx_http_video_recorded_t *p, uint32_t *type)
{
    uint32_t      size;
    nvm_reader_t  in;

    nvm_reader_init(&in, p->head, sizeof(p->head), p->at);
    size = nvm_reader_u32(&in);
    *type = nvm_reader_u32(&in);

    if (size < sizeof(p->head) || size > p->end - p->at
        || ++p->boxes > NGX_HTTP_VIDEO_RECORDED_BOXES)
    {
        return NGX_ERROR;
    }

    p->at += size;

    p->file.range = 0;
    p->file.done = 0;
    p->file.filled = 0;
    p->range.offset = p->at;

    return NGX_OK;
}


/* Goes from box to box, as a thread has read them, up to the part's end. */
static ngx_int_t
ngx_http_video_recorded_walk(ngx_http_request_t *r)
{
    uint32_t                    type;
    ngx_int_t                   rc;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_recorded_t  *p;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    p = ctx->recorded;

    while (p->end - p->at >= sizeof(p->head)) {
        rc = ngx_http_video_file_read(&p->file);

        if (rc != NGX_OK) {
            return rc == NGX_DONE ? NGX_DONE : NGX_HTTP_NOT_FOUND;
        }

        if (ngx_http_video_recorded_box(p, &type) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "\"%V\" is not what was recorded: a broken box at "
                          "offset %uL", &p->seg.path, p->at);
            return NGX_HTTP_NOT_FOUND;
        }

        if (type != NVM_FOURCC('m', 'd', 'a', 't')) {
            continue;
        }

        if (p->parts == ctx->path.part) {
            return ngx_http_video_live_dvr_send(r, &p->seg, p->epoch, p->from,
                                                p->at,
                                                (p->parts + 1) & 0xffff);
        }

        p->parts++;
        p->from = p->at;
    }

    return NGX_HTTP_NOT_FOUND;
}
