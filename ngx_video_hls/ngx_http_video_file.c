/*
 * Copyright (C) ngx_video authors
 *
 * The planner of reads.  Ranges of a file are gathered, many with one system
 * call, into a buffer of the caller's; what lies between two of them and is
 * not much is read along and dropped.
 *
 * Reads take what the page cache has (RWF_NOWAIT); for what it has not a
 * thread waits, never the worker.
 */

#include "ngx_http_video_file.h"


static void ngx_http_video_file_plan(ngx_http_video_file_t *f);
static ngx_int_t ngx_http_video_file_piece(ngx_http_video_file_t *f);
static ngx_int_t ngx_http_video_file_post(ngx_http_video_file_t *f);
static void ngx_http_video_file_thread(void *data, ngx_log_t *log);
static void ngx_http_video_file_event(ngx_event_t *ev);
static void ngx_http_video_file_turn(ngx_event_t *ev);
static void ngx_http_video_file_resume(ngx_http_video_file_t *f);


/* for what lies between ranges; never read */
static u_char  ngx_http_video_file_gap[NGX_HTTP_VIDEO_FILE_GAP];


ngx_int_t
ngx_http_video_file_read(ngx_http_video_file_t *f)
{
    ngx_int_t     rc;
    nvm_range_t  *range;

    while (f->range < f->nranges && f->filled < f->size) {
        range = &f->ranges[f->range];

        if (!f->reading && f->filled && f->longest
            && range->size - f->done >= f->longest)
        {
            break;
        }

        if (!f->reading) {
            ngx_http_video_file_plan(f);
        }

        rc = ngx_http_video_file_piece(f);

        if (rc != NGX_OK) {
            return rc;
        }

        f->filled += f->useful;
        f->range = f->next_range;
        f->done = f->next_done;
    }

    return NGX_OK;
}


/* One read: ranges that are near one another, as far as the buffer reaches. */
static void
ngx_http_video_file_plan(ngx_http_video_file_t *f)
{
    size_t                 n, room;
    uint64_t               from, end, gap;
    ngx_uint_t             k;
    nvm_range_t           *range;

    f->niov = 0;
    f->want = 0;
    f->useful = 0;
    f->next_range = f->range;
    f->next_done = f->done;
    f->offset = (off_t) (f->ranges[f->range].offset + f->done);

    end = (uint64_t) f->offset;
    room = f->size - f->filled;

    while (f->next_range < f->nranges && room
           && f->niov + 2 <= NGX_HTTP_VIDEO_FILE_IOVS)
    {
        range = &f->ranges[f->next_range];
        from = range->offset + f->next_done;

        if (from < end || from - end > NGX_HTTP_VIDEO_FILE_GAP) {
            break;
        }

        gap = from - end;

        if (gap) {
            f->iov[f->niov].iov_base = ngx_http_video_file_gap;
            f->iov[f->niov++].iov_len = (size_t) gap;
        }

        n = (size_t) ngx_min(range->size - f->next_done, room);
        k = f->niov++;
        f->iov[k].iov_base = f->buffer + f->filled + f->useful;
        f->iov[k].iov_len = n;

        f->want += (size_t) gap + n;
        f->useful += n;
        f->next_done += n;
        room -= n;
        end = from + n;

        if (f->next_done == range->size) {
            f->next_range++;
            f->next_done = 0;
        }
    }
}


static ngx_int_t
ngx_http_video_file_piece(ngx_http_video_file_t *f)
{
    ssize_t  n;

    if (!f->reading) {
        n = preadv2(f->fd, f->iov, (int) f->niov, f->offset, RWF_NOWAIT);

        if (n == (ssize_t) f->want) {
            return NGX_OK;
        }

        /* not in the page cache, or not known: no word on the file's end */
        return ngx_http_video_file_post(f);
    }

    f->reading = 0;

    if (f->result == (ssize_t) f->want) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ERR, f->request->connection->log,
                  f->result == -1 ? f->err : 0,
                  "\"%V\" was cut while it was sent: %z of %uz bytes at "
                  "offset %O", f->path, f->result, f->want,
                  f->offset);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_video_file_post(ngx_http_video_file_t *f)
{
    ngx_http_request_t         *r;
    ngx_http_video_loc_conf_t  *conf;

    r = f->request;
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (f->task == NULL) {
        f->task = ngx_thread_task_alloc(r->pool, 0);
        if (f->task == NULL) {
            return NGX_ERROR;
        }

        f->task->ctx = f;
        f->task->handler = ngx_http_video_file_thread;
        f->task->event.data = f;
        f->task->event.handler = ngx_http_video_file_event;
    }

    if (ngx_thread_task_post(conf->threads, f->task) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_video_busy(r);

    return NGX_DONE;
}


static void
ngx_http_video_file_thread(void *data, ngx_log_t *log)
{
    ngx_http_video_file_t *f = data;

    size_t      skip;
    ssize_t     n, total;
    ngx_uint_t  i;

    /* a signal or a page that is slow may make a read short */
    for (total = 0, i = 0; (size_t) total < f->want; total += n) {

        n = preadv(f->fd, &f->iov[i], (int) (f->niov - i),
                   f->offset + total);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            f->err = n == -1 ? errno : 0;
            break;
        }

        for (skip = (size_t) n; i < f->niov && skip >= f->iov[i].iov_len;
             i++)
        {
            skip -= f->iov[i].iov_len;
        }

        if (skip) {
            f->iov[i].iov_base = (u_char *) f->iov[i].iov_base + skip;
            f->iov[i].iov_len -= skip;
        }
    }

    f->result = total;
}


static void
ngx_http_video_file_event(ngx_event_t *ev)
{
    ngx_http_video_file_t *f = ev->data;

    f->reading = 1;

    ngx_http_video_file_resume(f);
}


ngx_int_t
ngx_http_video_file_yield(ngx_http_video_file_t *f)
{
    ngx_http_request_t  *r;

    r = f->request;

    f->turn.data = f;
    f->turn.handler = ngx_http_video_file_turn;
    f->turn.log = r->connection->log;

    ngx_post_event(&f->turn, &ngx_posted_next_events);

    ngx_http_video_busy(r);

    return NGX_DONE;
}


static void
ngx_http_video_file_turn(ngx_event_t *ev)
{
    ngx_http_video_file_resume(ev->data);
}


/* What the request waited for has come. */
static void
ngx_http_video_file_resume(ngx_http_video_file_t *f)
{
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = f->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ngx_http_video_idle(r);

    if (r->done || c->error) {
        /* the client has gone in the meantime */
        c->write->handler(c->write);

    } else {
        rc = ngx_http_video_error(r, f->resume(r));

        if (rc != NGX_DONE) {
            ngx_http_finalize_request(r, rc);
        }
    }

    ngx_http_run_posted_requests(c);
}
