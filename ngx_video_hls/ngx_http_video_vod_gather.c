/*
 * Copyright (C) ngx_video authors
 *
 * The planner of reads.  Short runs are gathered, many with one system call,
 * into a small buffer that the request uses again and again, or straight into
 * an object of the store; what lies between two of them and is not much is
 * read along and dropped.
 *
 * Reads take what the page cache has (RWF_NOWAIT); for what it has not a
 * thread waits, never the worker.
 */

#include "ngx_http_video_vod_media.h"


static void ngx_http_video_media_plan(ngx_http_video_media_t *m);
static ngx_int_t ngx_http_video_media_read(ngx_http_request_t *r,
    ngx_http_video_media_t *m);
static ngx_int_t ngx_http_video_media_post(ngx_http_request_t *r,
    ngx_http_video_media_t *m);
static void ngx_http_video_media_thread(void *data, ngx_log_t *log);
static void ngx_http_video_media_event(ngx_event_t *ev);


/* for what lies between samples; never read */
static u_char  ngx_http_video_gap[NGX_HTTP_VIDEO_GAP];


ngx_int_t
ngx_http_video_media_gather(ngx_http_request_t *r, ngx_http_video_media_t *m)
{
    ngx_int_t              rc;
    ngx_http_video_run_t  *run;

    if (m->buffer == NULL) {
        m->buffer = ngx_palloc(r->pool, m->size);
        if (m->buffer == NULL) {
            return NGX_ERROR;
        }
    }

    while (m->run < m->nruns && m->filled < m->size) {
        run = &m->runs[m->run];

        if (!m->reading && m->filled && !m->keep
            && run->size - m->done >= NGX_HTTP_VIDEO_SENDFILE)
        {
            break;
        }

        if (!m->reading) {
            ngx_http_video_media_plan(m);
        }

        rc = ngx_http_video_media_read(r, m);

        if (rc != NGX_OK) {
            return rc;
        }

        m->filled += m->useful;
        m->run = m->next_run;
        m->done = m->next_done;
    }

    return NGX_OK;
}


/* One read: runs that are near one another, as far as the buffer reaches. */
static void
ngx_http_video_media_plan(ngx_http_video_media_t *m)
{
    size_t                 n, room;
    uint64_t               from, end, gap;
    ngx_uint_t             k;
    ngx_http_video_run_t  *run;

    m->niov = 0;
    m->want = 0;
    m->useful = 0;
    m->next_run = m->run;
    m->next_done = m->done;
    m->offset = (off_t) (m->runs[m->run].offset + m->done);

    end = (uint64_t) m->offset;
    room = m->size - m->filled;

    while (m->next_run < m->nruns && room
           && m->niov + 2 <= NGX_HTTP_VIDEO_IOVS)
    {
        run = &m->runs[m->next_run];
        from = run->offset + m->next_done;

        if (from < end || from - end > NGX_HTTP_VIDEO_GAP) {
            break;
        }

        gap = from - end;

        if (gap) {
            m->iov[m->niov].iov_base = ngx_http_video_gap;
            m->iov[m->niov++].iov_len = (size_t) gap;
        }

        n = (size_t) ngx_min(run->size - m->next_done, room);
        k = m->niov++;
        m->iov[k].iov_base = m->buffer + m->filled + m->useful;
        m->iov[k].iov_len = n;

        m->want += (size_t) gap + n;
        m->useful += n;
        m->next_done += n;
        room -= n;
        end = from + n;

        if (m->next_done == run->size) {
            m->next_run++;
            m->next_done = 0;
        }
    }
}


static ngx_int_t
ngx_http_video_media_read(ngx_http_request_t *r, ngx_http_video_media_t *m)
{
    ssize_t                n;
    ngx_http_video_ctx_t  *ctx;

    if (!m->reading) {
        n = preadv2(m->fd, m->iov, (int) m->niov, m->offset, RWF_NOWAIT);

        if (n == (ssize_t) m->want) {
            return NGX_OK;
        }

        /* not in the page cache, or not known: no word on the file's end */
        return ngx_http_video_media_post(r, m);
    }

    m->reading = 0;

    if (m->result == (ssize_t) m->want) {
        return NGX_OK;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_log_error(NGX_LOG_ERR, r->connection->log,
                  m->result == -1 ? m->err : 0,
                  "\"%V\" was cut while it was sent: %z of %uz bytes at "
                  "offset %O", &ctx->vod->path, m->result, m->want,
                  m->offset);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_video_media_post(ngx_http_request_t *r, ngx_http_video_media_t *m)
{
    ngx_http_video_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (m->task == NULL) {
        m->task = ngx_thread_task_alloc(r->pool, 0);
        if (m->task == NULL) {
            return NGX_ERROR;
        }

        m->task->ctx = m;
        m->task->handler = ngx_http_video_media_thread;
        m->task->event.data = r;
        m->task->event.handler = ngx_http_video_media_event;
    }

    if (ngx_thread_task_post(conf->threads, m->task) != NGX_OK) {
        return NGX_ERROR;
    }

    r->main->blocked++;
    r->aio = 1;

    return NGX_DONE;
}


static void
ngx_http_video_media_thread(void *data, ngx_log_t *log)
{
    ngx_http_video_media_t *m = data;

    size_t      skip;
    ssize_t     n, total;
    ngx_uint_t  i;

    /* a signal or a page that is slow may make a read short */
    for (total = 0, i = 0; (size_t) total < m->want; total += n) {

        n = preadv(m->fd, &m->iov[i], (int) (m->niov - i),
                   m->offset + total);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            m->err = n == -1 ? errno : 0;
            break;
        }

        for (skip = (size_t) n; i < m->niov && skip >= m->iov[i].iov_len;
             i++)
        {
            skip -= m->iov[i].iov_len;
        }

        if (skip) {
            m->iov[i].iov_base = (u_char *) m->iov[i].iov_base + skip;
            m->iov[i].iov_len -= skip;
        }
    }

    m->result = total;
}


static void
ngx_http_video_media_event(ngx_event_t *ev)
{
    ngx_int_t                rc;
    ngx_connection_t        *c;
    ngx_http_request_t      *r;
    ngx_http_video_ctx_t    *ctx;
    ngx_http_video_media_t  *m;

    r = ev->data;
    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;

    ngx_http_set_log_request(c->log, r);

    r->main->blocked--;
    r->aio = 0;
    m->reading = 1;

    if (r->done || c->error) {
        /* the client has gone in the meantime */
        c->write->handler(c->write);

    } else {
        rc = ngx_http_video_media_resume(r);

        if (rc != NGX_DONE) {
            ngx_http_finalize_request(r, rc);
        }
    }

    ngx_http_run_posted_requests(c);
}
