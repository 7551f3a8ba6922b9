/*
 * Copyright (C) ngx_video authors
 *
 * A file in "info.json", as video-inspect shows it: reads what the inspection
 * of media/ asks for, in a thread, with memory that has a limit.  What does not
 * fit into that or the text is told of.
 */

#include "ngx_http_video_vod_info.h"


/* What is read where the header of a box is expected: others may be near. */
#define NGX_HTTP_VIDEO_INFO_PAGE   4096

#define NGX_HTTP_VIDEO_INFO_BLOCK  65536


/* A file that is being inspected. */
typedef struct {
    ngx_fd_t                  fd;
    uint64_t                  size;
    uint64_t                  at;           /* of the block */
    size_t                    len;
    uint8_t                  *block;
    ngx_err_t                 err;          /* of a failed read */

    ngx_http_video_info_memory_t  memory;
    nvm_inspect_probe_t       probe;
    nvm_inspect_mp4_t        *mp4;
    nvm_inspect_ts_t         *ts;
    uint64_t                  read;         /* of ts; 0: all */
    unsigned                  nomem:1;
} ngx_http_video_info_scan_t;


size_t
ngx_http_video_info_pread(ngx_fd_t fd, void *dst, size_t n, uint64_t offset,
    ngx_err_t *err)
{
    size_t   done;
    ssize_t  rc;

    for (done = 0; done < n; done += (size_t) rc) {
        rc = pread(fd, (u_char *) dst + done, n - done,
                   (off_t) (offset + done));

        if (rc == -1 && errno == EINTR) {
            rc = 0;
            continue;
        }

        if (rc == -1) {
            *err = errno;
            break;
        }

        if (rc == 0) {
            break;
        }
    }

    return done;
}


/* The same by way of the block: headers often lie close to each other. */
static size_t
ngx_http_video_info_read(ngx_http_video_info_scan_t *s, void *dst, size_t n,
    uint64_t offset)
{
    if (n > NGX_HTTP_VIDEO_INFO_PAGE) {
        return ngx_http_video_info_pread(s->fd, dst, n, offset, &s->err);
    }

    if (offset < s->at || offset - s->at > s->len
        || n > s->len - (size_t) (offset - s->at))
    {
        s->at = offset;
        s->len = ngx_http_video_info_pread(s->fd, s->block,
                                           NGX_HTTP_VIDEO_INFO_PAGE, offset,
                                           &s->err);
    }

    n = ngx_min(n, s->len - (size_t) (offset - s->at));
    ngx_memcpy(dst, s->block + (offset - s->at), n);

    return n;
}


static void
ngx_http_video_info_mp4(ngx_http_video_info_scan_t *s)
{
    size_t              n;
    nvm_err_e           rc;
    nvm_inspect_want_t  want;

    s->mp4 = nvm_inspect_mp4_create(&s->memory.arena, s->size);

    if (s->mp4 == NULL) {
        s->nomem = 1;
        return;
    }

    for ( ;; ) {
        rc = nvm_inspect_mp4_want(s->mp4, &want);

        if (rc != NVM_OK) {
            break;
        }

        n = ngx_http_video_info_read(s, want.dst, want.size, want.offset);

        if (s->err) {
            break;
        }

        nvm_inspect_mp4_feed(s->mp4, n);
    }

    if (nvm_inspect_mp4_end(s->mp4) == NVM_ENOMEM || rc == NVM_ENOMEM) {
        s->nomem = 1;
    }
}


/* A transport stream is no file of an asset: its beginning must do. */
static void
ngx_http_video_info_ts(ngx_http_video_info_scan_t *s)
{
    size_t    n;
    uint64_t  offset, end;

    s->ts = nvm_inspect_ts_create(&s->memory.arena, &s->probe, 0);

    if (s->ts == NULL) {
        s->nomem = 1;
        return;
    }

    end = s->probe.start + (uint64_t) s->probe.packet * NGX_HTTP_VIDEO_INFO_TS;

    if (end < s->size) {
        s->read = end;

    } else {
        end = s->size;
    }

    for (offset = 0; offset < end; offset += n) {
        n = (size_t) ngx_min(NGX_HTTP_VIDEO_INFO_BLOCK, end - offset);
        n = ngx_http_video_info_pread(s->fd, s->block, n, offset, &s->err);

        if (n == 0 || s->err) {
            break;
        }

        nvm_inspect_ts_feed(s->ts, s->block, n);
    }

    (void) nvm_inspect_ts_end(s->ts);
}


static void
ngx_http_video_info_scan(ngx_http_video_info_scan_t *s)
{
    size_t  n;

    s->block = s->memory.arena.alloc(s->memory.arena.data,
                                     NGX_HTTP_VIDEO_INFO_BLOCK);
    if (s->block == NULL) {
        s->nomem = 1;
        return;
    }

    s->len = ngx_http_video_info_pread(s->fd, s->block, NVM_INSPECT_PROBE, 0,
                                       &s->err);
    n = s->len;

    nvm_inspect_probe(s->block, n, &s->probe);

    switch (s->probe.format) {

    case NVM_INSPECT_MP4:
        ngx_http_video_info_mp4(s);
        break;

    case NVM_INSPECT_TS:
        ngx_http_video_info_ts(s);
        break;

    default:
        break;
    }
}


/* Why not all of the file is told of. */
static void
ngx_http_video_info_incomplete(nvm_emit_t *e, ngx_http_video_info_scan_t *s)
{
    if (s->err) {
        nvm_emit_word(e, "incomplete", "the file can't be read");

    } else if (s->nomem) {
        nvm_emit_word(e, "incomplete",
                      "more memory is needed than video_max_moov allows");

    } else if (s->read) {
        nvm_emit_word(e, "incomplete", "only the beginning was looked at");
    }
}


static const nvm_inspect_faults_t *
ngx_http_video_info_faults(ngx_http_video_info_scan_t *s)
{
    return s->mp4 ? nvm_inspect_mp4_faults(s->mp4)
                  : s->ts ? nvm_inspect_ts_faults(s->ts) : NULL;
}


/* What is told of a file that is told of in no other way. */
static void
ngx_http_video_info_brief(nvm_emit_t *e, ngx_http_video_info_scan_t *s)
{
    nvm_fault_t                  fault;
    nvm_inspect_faults_t         none;
    const nvm_inspect_faults_t  *faults;

    faults = ngx_http_video_info_faults(s);

    if (faults == NULL) {
        ngx_memzero(&fault, sizeof(nvm_fault_t));
        ngx_memzero(&none, sizeof(nvm_inspect_faults_t));

        if (!s->err && !s->nomem) {
            (void) nvm_fault(&fault, NVM_EINVAL, 0,
                             "neither MP4 nor MPEG-TS");
            nvm_inspect_fault_add(&none, &fault);
        }

        faults = &none;
    }

    nvm_emit_word(e, "format", s->probe.format == NVM_INSPECT_MP4 ? "mp4"
                               : s->probe.format == NVM_INSPECT_TS
                               ? "mpegts" : "unknown");
    nvm_emit_uint(e, "size", s->size);
    nvm_emit_uint(e, "errors", faults->count);
    nvm_inspect_faults_write(e, faults);
}


/*
 * The file as video-inspect shows it.  What is larger than the room that there
 * is is taken back, and only its faults are told.
 */
void
ngx_http_video_info_inspect(nvm_emit_t *e, ngx_http_video_info_t *info,
    ngx_http_video_info_file_t *f, size_t limit)
{
    size_t                      len;
    nvm_emit_t                  saved;
    ngx_http_video_info_scan_t  s;

    ngx_memzero(&s, sizeof(ngx_http_video_info_scan_t));
    s.fd = f->fd;
    s.size = f->size;
    ngx_http_video_info_memory_init(&s.memory, info->max_moov
                                               + NGX_HTTP_VIDEO_INFO_MORE);

    ngx_http_video_info_scan(&s);

    if (s.err) {
        info->err = s.err;
        info->unread = &f->name;
    }

    saved = *e;
    len = e->w->len;
    e->w->size = limit;

    nvm_emit_open(e, "inspect", NVM_EMIT_OBJECT);
    ngx_http_video_info_incomplete(e, &s);

    if (s.mp4) {
        nvm_inspect_mp4_write(s.mp4, e, 0);

    } else if (s.ts) {
        nvm_inspect_ts_write(s.ts, e);

    } else {
        ngx_http_video_info_brief(e, &s);
    }

    if (e->w->error) {
        *e = saved;
        e->w->len = len;
        e->w->error = NVM_OK;
        e->w->size = NGX_HTTP_VIDEO_INFO_MAX;

        nvm_emit_open(e, "inspect", NVM_EMIT_OBJECT);
        nvm_emit_word(e, "incomplete",
                      "more text than an answer may have");
        ngx_http_video_info_brief(e, &s);
    }

    e->w->size = NGX_HTTP_VIDEO_INFO_MAX;
    nvm_emit_close(e);
    ngx_http_video_info_memory_done(&s.memory);
}
