/*
 * Copyright (C) ngx_video authors
 *
 * What a stream sends to the transcoder: see ngx_video_rungs.h.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_video_rungs_link.h"


/* bytes that wait to be sent, at most */
#define NGX_VIDEO_RUNGS_OUT      (16 * 1024 * 1024)

/* ms that frames wait for a transcoder */
#define NGX_VIDEO_RUNGS_KEEP     500


static void
ngx_video_rungs_free_one(u_char **p)
{
    if (*p) {
        ngx_free(*p);
        *p = NULL;
    }
}


void
ngx_video_rungs_free(ngx_video_rungs_t *r)
{
    ngx_video_rungs_free_one(&r->in.data);
    ngx_video_rungs_free_one(&r->out.data);
    ngx_video_rungs_free_one(&r->video.config);
    ngx_video_rungs_free_one(&r->sound.config);

    ngx_free(r);
}


ngx_int_t
ngx_video_rungs_room(ngx_video_rungs_t *r, ngx_video_rungs_bytes_t *b,
    size_t n)
{
    size_t   size;
    u_char  *p;

    if (b->from) {
        ngx_memmove(b->data, b->data + b->from, b->len - b->from);
        b->len -= b->from;
        b->from = 0;
    }

    if (b->size - b->len >= n) {
        return NGX_OK;
    }

    size = ngx_max(b->size * 2, b->len + n);
    p = ngx_alloc(size, r->log);

    if (p == NULL) {
        return NGX_ERROR;
    }

    if (b->data) {
        ngx_memcpy(p, b->data, b->len);
        ngx_free(b->data);
    }

    b->data = p;
    b->size = size;

    return NGX_OK;
}


ngx_int_t
ngx_video_rungs_queue(ngx_video_rungs_t *r, nvm_wire_t *m)
{
    nvm_writer_t              w;
    ngx_video_rungs_bytes_t  *b;

    b = &r->out;

    if (b->len - b->from + m->len > NGX_VIDEO_RUNGS_OUT
        || (b->size - b->len < NVM_WIRE_HEAD + m->len
            && ngx_video_rungs_room(r, b, NVM_WIRE_HEAD + m->len) != NGX_OK))
    {
        return NGX_ERROR;
    }

    nvm_writer_init(&w, b->data + b->len, b->size - b->len);
    nvm_wire_write(&w, m);
    nvm_writer_bytes(&w, m->body, m->len);
    b->len += w.len;

    return NGX_OK;
}


ngx_int_t
ngx_video_rungs_send(ngx_video_rungs_t *r)
{
    ssize_t                   n;
    ngx_connection_t         *c;
    ngx_video_rungs_bytes_t  *b;

    c = r->connection;
    b = &r->out;

    if (!r->taken) {
        return NGX_OK;
    }

    while (b->from < b->len) {
        n = c->send(c, b->data + b->from, b->len - b->from);

        if (n == NGX_AGAIN) {
            return ngx_handle_write_event(c->write, 0);
        }

        if (n <= 0) {
            return NGX_ERROR;
        }

        b->from += (size_t) n;
    }

    b->from = 0;
    b->len = 0;

    return NGX_OK;
}


void
ngx_video_rungs_taken(ngx_video_rungs_t *r)
{
    r->taken = 1;

    if (r->fed && ngx_current_msec - r->kept > NGX_VIDEO_RUNGS_KEEP) {
        r->out.len = 0;
        r->fed = 0;
    }
}


static uint32_t
ngx_video_rungs_codec(nvm_codec_e codec)
{
    switch (codec) {

    case NVM_CODEC_H264:
        return NVM_WIRE_AVC;

    case NVM_CODEC_HEVC:
        return NVM_WIRE_HEVC;

    case NVM_CODEC_AAC:
        return NVM_WIRE_AAC;

    case NVM_CODEC_MP3:
        return NVM_WIRE_MP3;

    case NVM_CODEC_AC3:
        return NVM_WIRE_AC3;

    case NVM_CODEC_EAC3:
        return NVM_WIRE_EAC3;

    case NVM_CODEC_OPUS:
        return NVM_WIRE_OPUS;

    case NVM_CODEC_FLAC:
        return NVM_WIRE_FLAC;

    default:
        return 0;
    }
}


/* NGX_OK; NGX_DONE: it is another now; NGX_ERROR. */
static ngx_int_t
ngx_video_rungs_other(ngx_video_rungs_t *r, ngx_video_rungs_header_t *h,
    nvm_codec_e codec, const u_char *config, size_t len)
{
    u_char    *p;
    uint32_t   fourcc;

    fourcc = ngx_video_rungs_codec(codec);

    if (fourcc == h->codec && len == h->len && h->config
        && ngx_memcmp(config, h->config, len) == 0)
    {
        return NGX_OK;
    }

    p = ngx_alloc(ngx_max(len, 1), r->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, config, len);
    ngx_video_rungs_free_one(&h->config);

    h->config = p;
    h->len = len;
    h->codec = fourcc;

    return NGX_DONE;
}


static ngx_int_t
ngx_video_rungs_tell(ngx_video_rungs_t *r, ngx_video_rungs_header_t *h,
    ngx_uint_t flags)
{
    nvm_wire_t  m;

    ngx_memzero(&m, sizeof(nvm_wire_t));
    m.type = NVM_WIRE_HEADER;
    m.flags = (uint16_t) flags;
    m.codec = h->codec;
    m.body = h->config;
    m.len = h->len;

    return ngx_video_rungs_queue(r, &m);
}


ngx_int_t
ngx_video_rungs_source(ngx_video_rungs_t *r, nvm_codec_e codec,
    const u_char *config, size_t len)
{
    ngx_int_t  rc;

    rc = ngx_video_rungs_other(r, &r->video, codec, config, len);

    if (rc != NGX_DONE) {
        return rc;
    }

    r->fed = 0;

    if (r->video.codec == 0 && !r->warned) {
        r->warned = 1;
        ngx_log_error(NGX_LOG_WARN, r->log, 0,
                      "stream \"%V\": there is no ladder of it, the transcoder "
                      "takes H.264 and HEVC", r->name);
    }

    return NGX_DONE;
}


void
ngx_video_rungs_sound(ngx_video_rungs_t *r, nvm_codec_e codec,
    const u_char *config, size_t len)
{
    if (ngx_video_rungs_other(r, &r->sound, codec, config, len) == NGX_DONE
        && r->fed
        && ngx_video_rungs_tell(r, &r->sound, NVM_WIRE_AUDIO) != NGX_OK)
    {
        ngx_video_rungs_gone(r, "takes nothing");
    }
}


/* A key frame, and what it needs before it. */
static ngx_int_t
ngx_video_rungs_begin(ngx_video_rungs_t *r)
{
    if (!r->taken) {
        /* what has been kept is older */
        r->out.len = 0;
        r->kept = ngx_current_msec;
        r->fed = 0;
    }

    if (r->fed) {
        return NGX_OK;
    }

    r->fed = 1;

    if (r->sound.config
        && ngx_video_rungs_tell(r, &r->sound, NVM_WIRE_AUDIO) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_video_rungs_tell(r, &r->video, 0);
}


/* A frame to a transcoder that may have it. */
static void
ngx_video_rungs_feed(ngx_video_rungs_t *r, nvm_wire_t *m)
{
    if (!r->fed) {
        return;
    }

    if (!r->taken && ngx_current_msec - r->kept > NGX_VIDEO_RUNGS_KEEP) {
        r->out.len = 0;
        r->fed = 0;
        return;
    }

    m->type = NVM_WIRE_FRAME;

    if (ngx_video_rungs_queue(r, m) != NGX_OK) {
        ngx_video_rungs_gone(r, "takes nothing");
        return;
    }

    if (ngx_video_rungs_send(r) != NGX_OK) {
        ngx_video_rungs_gone(r, "is gone");
    }
}


void
ngx_video_rungs_frame(ngx_video_rungs_t *r, int64_t dts, int64_t pts,
    ngx_uint_t key, const u_char *data, size_t size)
{
    nvm_wire_t  m;

    if (r->video.codec == 0 || r->video.config == NULL
        || (r->connection == NULL && (!key || r->timer.timer_set)))
    {
        return;
    }

    if (r->connection == NULL && ngx_video_rungs_connect(r) != NGX_OK) {
        ngx_video_rungs_gone(r, "can't be connected to");
        return;
    }

    if (key && ngx_video_rungs_begin(r) != NGX_OK) {
        ngx_video_rungs_gone(r, "takes nothing");
        return;
    }

    ngx_memzero(&m, sizeof(nvm_wire_t));
    m.flags = key ? NVM_WIRE_KEY : 0;
    m.codec = r->video.codec;
    m.pts = pts;
    m.dts = dts;
    m.body = data;
    m.len = size;

    ngx_video_rungs_feed(r, &m);
}


void
ngx_video_rungs_sound_frame(ngx_video_rungs_t *r, int64_t pts,
    const u_char *data, size_t size)
{
    nvm_wire_t  m;

    ngx_memzero(&m, sizeof(nvm_wire_t));
    m.flags = NVM_WIRE_AUDIO | NVM_WIRE_KEY;
    m.codec = r->sound.codec;
    m.pts = pts;
    m.dts = pts;
    m.body = data;
    m.len = size;

    ngx_video_rungs_feed(r, &m);
}


void
ngx_video_rungs_cut(ngx_video_rungs_t *r, int64_t pts, uint64_t number)
{
    nvm_wire_t  m;

    if (!r->fed || r->connection == NULL) {
        return;
    }

    ngx_memzero(&m, sizeof(nvm_wire_t));
    m.type = NVM_WIRE_CUT;
    m.pts = pts;
    m.dts = (int64_t) number;

    if (ngx_video_rungs_queue(r, &m) != NGX_OK) {
        ngx_video_rungs_gone(r, "takes nothing");

    } else if (ngx_video_rungs_send(r) != NGX_OK) {
        ngx_video_rungs_gone(r, "is gone");
    }
}
