/*
 * Copyright (C) ngx_video authors
 *
 * A thread puts a segment on disk.  What it is not sure of is cut off again.
 * What is too old is given back.
 */

#include "ngx_video_record.h"
#include "nvm_cmaf.h"


#define NGX_VIDEO_RECORD_IOVS  64


static ngx_int_t
ngx_video_record_failed(ngx_video_record_job_t *j, const char *what)
{
    j->err = ngx_errno ? ngx_errno : NGX_EINVAL;
    j->failed = what;

    return NGX_ERROR;
}


static ngx_int_t
ngx_video_record_open(ngx_video_record_job_t *j)
{
    ngx_uint_t  tries;

    for (tries = 0; j->fd == NGX_INVALID_FILE; tries++) {

        j->fd = open((const char *) j->file, O_WRONLY|O_CREAT|O_CLOEXEC, 0644);

        if (j->fd != NGX_INVALID_FILE) {
            break;
        }

        if (ngx_errno != NGX_ENOENT || tries) {
            return ngx_video_record_failed(j, "open()");
        }

        if (ngx_create_full_path(j->file, 0755) != 0) {
            return ngx_video_record_failed(j, "mkdir()");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_video_record_pwrite(ngx_fd_t fd, const u_char *p, size_t n, off_t offset)
{
    ssize_t  rc;

    for ( /* void */ ; n; p += rc, n -= (size_t) rc, offset += rc) {
        rc = pwrite(fd, p, n, offset);

        if (rc == -1 && ngx_errno == NGX_EINTR) {
            rc = 0;
            continue;
        }

        if (rc <= 0) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The spans of an object from "from" on, as far as they go into one call. */
static ngx_uint_t
ngx_video_record_spans(ngx_video_record_job_t *j, ngx_video_cursor_t *cursor,
    uint64_t from, struct iovec *iov)
{
    size_t      room;
    ngx_uint_t  n;

    for (n = 0; n < NGX_VIDEO_RECORD_IOVS && from < j->size; n++) {
        iov[n].iov_base = ngx_video_object_span(j->store, &j->ref, cursor,
                                                from, &room);
        iov[n].iov_len = (size_t) ngx_min(room, j->size - from);
        from += iov[n].iov_len;
    }

    return n;
}


static ngx_int_t
ngx_video_record_media(ngx_video_record_job_t *j)
{
    ssize_t             rc;
    uint64_t            done;
    ngx_uint_t          n;
    struct iovec        iov[NGX_VIDEO_RECORD_IOVS];
    ngx_video_cursor_t  cursor;

    ngx_memzero(&cursor, sizeof(ngx_video_cursor_t));

    for (done = 0; done < j->size; done += (uint64_t) rc) {

        n = ngx_video_record_spans(j, &cursor, done, iov);

        rc = pwritev(j->fd, iov, (int) n, (off_t) (j->offset + done));

        if (rc == -1 && ngx_errno == NGX_EINTR) {
            rc = 0;
            continue;
        }

        if (rc <= 0) {
            return ngx_video_record_failed(j, "pwritev()");
        }
    }

    return NGX_OK;
}


/*
 * All of it, or what was there before.  Another run may do the same at this
 * time.
 */
static ngx_int_t
ngx_video_record_text(ngx_video_record_job_t *j)
{
    u_char    temp[NGX_VIDEO_LIVE_FILE + sizeof(".0001.tmp")];
    ngx_fd_t  fd;

    ngx_sprintf(temp, "%s.%04uD.tmp%Z", j->text_file, j->number);

    fd = open((const char *) temp, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0644);

    if (fd == NGX_INVALID_FILE) {
        return ngx_video_record_failed(j, "open(asset.json)");
    }

    if (ngx_video_record_pwrite(fd, j->text, j->text_len, 0) != NGX_OK) {
        (void) ngx_video_record_failed(j, "pwrite(asset.json)");
        ngx_close_file(fd);
        ngx_delete_file(temp);
        return NGX_ERROR;
    }

    ngx_close_file(fd);

    if (ngx_rename_file(temp, j->text_file) == NGX_FILE_ERROR) {
        return ngx_video_record_failed(j, "rename(asset.json)");
    }

    return NGX_OK;
}


/*
 * The free box grows over what is too old.  What it has covered since the last
 * time is freed first: so it is known that this can be done before the first
 * fragment is covered.
 */
static ngx_int_t
ngx_video_record_trim(ngx_video_record_job_t *j)
{
    int           rc;
    off_t         from;
    u_char        size[8];
    nvm_writer_t  w;

    from = (off_t) j->spare + NVM_CMAF_SPARE_HEAD;

    do {
        rc = fallocate(j->fd, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, from,
                       (off_t) j->spare_end - from);
    } while (rc == -1 && ngx_errno == NGX_EINTR);

    if (rc == -1) {
        j->trim_err = ngx_errno;
        j->trim_failed = "fallocate()";
        return NGX_ERROR;
    }

    nvm_writer_init(&w, size, sizeof(size));
    nvm_writer_u64(&w, j->trim - j->spare);

    if (ngx_video_record_pwrite(j->fd, size, sizeof(size),
                                (off_t) j->spare + NVM_CMAF_SPARE_SIZE)
        != NGX_OK)
    {
        j->trim_err = ngx_errno ? ngx_errno : NGX_EINVAL;
        j->trim_failed = "pwrite()";
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A file or directory of a run; who keeps house may have deleted it. */
static void
ngx_video_record_remove(u_char *path, ngx_uint_t dir, ngx_log_t *log)
{
    if ((dir ? ngx_delete_dir(path) : ngx_delete_file(path)) == NGX_FILE_ERROR
        && ngx_errno != NGX_ENOENT)
    {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno, "%s \"%s\" failed",
                      dir ? "rmdir()" : "unlink()", path);
    }
}


static void
ngx_video_record_forget(ngx_video_record_job_t *j, ngx_log_t *log)
{
    size_t      len;
    uint32_t    i;
    ngx_uint_t  n;
    u_char      path[NGX_VIDEO_LIVE_FILE];

    len = ngx_strlen(j->text_file) - (sizeof("/asset.json") - 1);

    for (i = 0; i < NGX_VIDEO_LIVE_RECORDED; i++) {

        if ((j->gone >> i & 1) == 0) {
            continue;
        }

        for (n = 0; n < 2 * NGX_VIDEO_LIVE_TRACKS; n++) {
            ngx_sprintf(path, "%*s/%04uD/%c%ui.mp4%Z", len, j->text_file,
                        ngx_video_record_run_number(j->number, i),
                        n % 2 ? 'a' : 'v', n / 2);
            ngx_video_record_remove(path, 0, log);
        }

        ngx_sprintf(path, "%*s/%04uD%Z", len, j->text_file,
                    ngx_video_record_run_number(j->number, i));
        ngx_video_record_remove(path, 1, log);
    }
}


static ngx_int_t
ngx_video_record_segment(ngx_video_record_job_t *j)
{
    if (j->header_len
        && ngx_video_record_pwrite(j->fd, j->header, j->header_len, 0)
           != NGX_OK)
    {
        return ngx_video_record_failed(j, "pwrite()");
    }

    return ngx_video_record_media(j);
}


void
ngx_video_record_thread(void *data, ngx_log_t *log)
{
    ngx_video_record_job_t *j = data;

    off_t  before;

    j->err = 0;

    if (j->size && ngx_video_record_open(j) != NGX_OK) {
        return;
    }

    /* before the segment: the file has another size then, not only content */
    if (j->trim) {
        (void) ngx_video_record_trim(j);
    }

    before = j->header_len ? 0 : (off_t) j->offset;

    if ((j->size == 0 || ngx_video_record_segment(j) == NGX_OK) && j->text
        && ngx_video_record_text(j) == NGX_OK)
    {
        ngx_video_record_forget(j, log);
    }

    /* no disk space for half a segment */
    if (j->err && j->size && ftruncate(j->fd, before) == -1) {
        ngx_log_error(NGX_LOG_CRIT, log, ngx_errno,
                      "ftruncate() \"%s\" failed", j->file);
    }
}
