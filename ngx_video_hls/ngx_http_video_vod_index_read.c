/*
 * Copyright (C) ngx_video authors
 *
 * The index of a file is made: a thread reads moov, and the moofs of a
 * fragmented file, and has media/ parse them.
 */

#include "ngx_http_video_vod_index.h"


/* a moov of this many times its size becomes the parser's memory at most */
#define NGX_HTTP_VIDEO_HEAP_FACTOR  8

/* top-level boxes that are looked at for video_holes */
#define NGX_HTTP_VIDEO_HOLES_BOXES  64


static ngx_int_t
ngx_http_video_index_pread(ngx_http_video_index_task_t *t, void *buf,
    size_t n, uint64_t offset)
{
    u_char   *p;
    ssize_t   rc;

    for (p = buf; n; p += rc, n -= rc, offset += rc) {
        rc = pread(t->fd, p, n, (off_t) offset);

        if (rc == -1 && errno == EINTR) {
            rc = 0;
            continue;
        }

        if (rc <= 0) {
            t->sys = rc == -1 ? errno : 0;
            t->err = nvm_fault(&t->fault, NVM_ETRUNC, offset,
                               "file can't be read");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Walks the top-level boxes to moov. */
static ngx_int_t
ngx_http_video_index_moov(ngx_http_video_index_task_t *t, uint64_t *offset,
    uint64_t *size)
{
    char      type[5];
    u_char    buf[NVM_MP4_TOP];
    size_t    n;

    for (*offset = 0; *offset < t->size; *offset += *size) {

        n = (size_t) ngx_min(sizeof(buf), t->size - *offset);

        if (ngx_http_video_index_pread(t, buf, n, *offset) != NGX_OK) {
            return NGX_ERROR;
        }

        t->err = nvm_mp4_top(buf, n, *offset, t->size, type, size, &t->fault);

        if (t->err != NVM_OK) {
            return NGX_ERROR;
        }

        if (ngx_memcmp(type, "moov", 4) == 0) {

            if (*size > t->max_moov) {
                t->err = nvm_fault(&t->fault, NVM_ELIMIT, *offset,
                                   "moov exceeds video_max_moov");
                return NGX_ERROR;
            }

            return NGX_OK;
        }
    }

    t->err = nvm_fault(&t->fault, NVM_ENOENT, 0, "no moov box");

    return NGX_ERROR;
}


/* The same of a few bytes, with those that follow them. */
static ngx_int_t
ngx_http_video_index_peek(ngx_http_video_index_task_t *t, void *buf,
    size_t n, uint64_t offset)
{
    if (n > NGX_HTTP_VIDEO_NEAR) {
        return ngx_http_video_index_pread(t, buf, n, offset);
    }

    if (offset < t->near_offset || offset + n > t->near_offset + t->near_len) {

        t->near_offset = offset;
        t->near_len = (size_t) ngx_min(NGX_HTTP_VIDEO_NEAR, t->size - offset);

        if (ngx_http_video_index_pread(t, t->near, t->near_len, offset)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_memcpy(buf, t->near + (offset - t->near_offset), n);

    return NGX_OK;
}


/* Adds the fragment whose moof is there; all of them are needed at once. */
static ngx_int_t
ngx_http_video_index_moof(ngx_http_video_index_task_t *t, nvm_mp4_t *mp4,
    uint64_t offset, uint64_t size)
{
    u_char  *moof;

    t->moofs += size;

    if (t->moofs > t->max_moov) {
        t->err = nvm_fault(&t->fault, NVM_ELIMIT, offset,
                           "moofs exceed video_max_moov");
        return NGX_ERROR;
    }

    t->heap.limit += size * NGX_HTTP_VIDEO_HEAP_FACTOR;
    moof = t->heap.arena.alloc(t->heap.arena.data, size);

    if (moof == NULL) {
        t->err = NVM_ENOMEM;
        return NGX_ERROR;
    }

    if (ngx_http_video_index_peek(t, moof, size, offset) != NGX_OK) {
        return NGX_ERROR;
    }

    t->err = nvm_mp4_fragment_add(&t->heap.arena, mp4, moof, size, offset,
                                  t->size, &t->fault);

    return t->err == NVM_OK ? NGX_OK : NGX_ERROR;
}


/*
 * Whether the box at this offset is what a recording ends with that was
 * broken off: cut, or zeros where the system did not get to write.
 */
static ngx_uint_t
ngx_http_video_index_torn(nvm_err_e err, const char *type)
{
    return err == NVM_ETRUNC || (err == NVM_OK && type[0] == '\0');
}


/* A moof that is not added yet. */
typedef struct {
    uint64_t  offset;
    uint64_t  size;             /* 0: none */
    unsigned  followed:1;       /* the box after it is there */
} ngx_http_video_moof_t;


/*
 * The next top-level box of a fragmented file, or the end of what is whole:
 * NGX_DONE.  Before zeros the last fragment may have some, too.
 */
static ngx_int_t
ngx_http_video_index_box(ngx_http_video_index_task_t *t, nvm_mp4_t *mp4,
    ngx_http_video_moof_t *m, uint64_t offset, uint64_t *size)
{
    char        type[5];
    u_char      buf[NVM_MP4_TOP];
    size_t      n;
    ngx_uint_t  is_moof;

    n = (size_t) ngx_min(sizeof(buf), t->size - offset);

    if (ngx_http_video_index_peek(t, buf, n, offset) != NGX_OK) {
        return NGX_ERROR;
    }

    t->err = nvm_mp4_top(buf, n, offset, t->size, type, size, &t->fault);

    if (t->moofs && ngx_http_video_index_torn(t->err, type)) {

        if (t->err == NVM_OK || !m->followed) {
            t->torn = m->size ? m->offset : offset;
            m->size = 0;

        } else {
            t->torn = offset;
        }

        t->err = NVM_OK;

        return NGX_DONE;
    }

    if (t->err != NVM_OK) {
        return NGX_ERROR;
    }

    is_moof = ngx_memcmp(type, "moof", 4) == 0;

    if (m->size && (m->followed || is_moof)) {
        if (ngx_http_video_index_moof(t, mp4, m->offset, m->size) != NGX_OK) {
            return NGX_ERROR;
        }

        m->size = 0;
    }

    m->followed = 1;

    if (is_moof) {
        m->offset = offset;
        m->size = *size;
        m->followed = 0;
    }

    return NGX_OK;
}


/* Of a file that was broken off the fragment that is not whole is left out. */
static void
ngx_http_video_index_fragments(ngx_http_video_index_task_t *t, nvm_mp4_t *mp4)
{
    uint64_t               offset, size;
    ngx_int_t              rc;
    ngx_http_video_moof_t  m;

    ngx_memzero(&m, sizeof(ngx_http_video_moof_t));
    rc = NGX_OK;

    for (offset = 0; offset < t->size && rc == NGX_OK; offset += size) {
        size = 0;
        rc = ngx_http_video_index_box(t, mp4, &m, offset, &size);
    }

    if (rc == NGX_ERROR
        || (m.size
            && ngx_http_video_index_moof(t, mp4, m.offset, m.size) != NGX_OK))
    {
        return;
    }

    t->err = nvm_mp4_fragments_end(mp4, &t->fault);
}


/*
 * Video of a file may have holes when what is between its samples is mdat and
 * nothing else: there is one only.
 */
static void
ngx_http_video_index_holes(ngx_http_video_index_task_t *t, nvm_mp4_t *mp4)
{
    char         type[5];
    u_char       buf[NVM_MP4_TOP];
    size_t       n;
    uint64_t     offset, size;
    ngx_uint_t   i, mdats;
    nvm_fault_t  f;

    mdats = 0;
    ngx_memzero(&f, sizeof(nvm_fault_t));

    for (offset = 0, i = 0; offset < t->size; offset += size, i++) {

        n = (size_t) ngx_min(sizeof(buf), t->size - offset);

        if (i == NGX_HTTP_VIDEO_HOLES_BOXES
            || ngx_http_video_index_pread(t, buf, n, offset) != NGX_OK
            || nvm_mp4_top(buf, n, offset, t->size, type, &size, &f) != NVM_OK)
        {
            return;
        }

        mdats += ngx_memcmp(type, "mdat", 4) == 0;
    }

    for (i = 0; mdats == 1 && i < mp4->ntracks; i++) {
        mp4->tracks[i].track.holes = mp4->tracks[i].track.kind == NVM_VIDEO;
    }
}


void
ngx_http_video_index_thread(void *data, ngx_log_t *log)
{
    ngx_http_video_index_task_t *t = data;

    uint8_t    *moov;
    uint64_t    offset, size;
    nvm_mp4_t  *mp4;

    if (ngx_http_video_index_moov(t, &offset, &size) != NGX_OK) {
        return;
    }

    t->heap.limit += size * NGX_HTTP_VIDEO_HEAP_FACTOR;

    moov = t->heap.arena.alloc(t->heap.arena.data, size);

    if (moov == NULL) {
        t->err = NVM_ENOMEM;
        return;
    }

    if (ngx_http_video_index_pread(t, moov, size, offset) != NGX_OK) {
        return;
    }

    t->err = nvm_mp4_parse(&t->heap.arena, moov, size, offset, t->size, &mp4,
                           &t->fault);

    if (t->err == NVM_OK && mp4->fragmented) {
        ngx_http_video_index_fragments(t, mp4);
    }

    if (t->err == NVM_OK && t->lead.n && t->lead.placed) {
        nvm_mp4_place(mp4, t->lead.origin, t->lead.timescale);
    }

    if (t->err == NVM_OK && t->holes && !mp4->fragmented) {
        ngx_http_video_index_holes(t, mp4);
    }

    if (t->err == NVM_OK && t->period) {
        t->err = nvm_mp4_period(mp4, t->period, t->size, &t->fault);
    }

    if (t->err == NVM_OK && mp4->nperiods <= 1 && (t->start || t->end)) {
        nvm_mp4_clip(mp4, t->start, t->end);

        if (mp4->ntracks == 0) {
            t->err = nvm_fault(&t->fault, NVM_ENOENT, 0,
                               "nothing in the time of the clip");
        }
    }

    if (t->err == NVM_OK) {
        t->err = nvm_index_build(&t->heap.arena, mp4, t->size, t->target,
                                 t->lead.n ? &t->lead : NULL, &t->index,
                                 &t->len, &t->fault);
    }
}
