/*
 * Copyright (C) ngx_video authors
 *
 * Publish control: publish_done.  It outlives the session, and is repeated when
 * the server has not taken it.
 *
 *   state      in             then
 *   called     its call       taken: over.  Not taken: waits, or is given up
 *                             when it was the last try
 *   waits      the queue      called again when it is due
 *   repeated   the queue      as called
 *
 * What waits is of the worker, and bounded in bytes; so are the repeats that
 * run at a time.  While there is some an exiting worker stays, until the last
 * try or worker_shutdown_timeout.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_rtmp_module.h"


/* of what waits */
#define NGX_VIDEO_AUTH_WAITING    (1024 * 1024)

#define NGX_VIDEO_AUTH_REPEATS    32        /* that run at a time */

/* between tries, ms; doubled each time */
#define NGX_VIDEO_AUTH_DELAY      1000
#define NGX_VIDEO_AUTH_MAX_DELAY  30000

#define NGX_VIDEO_AUTH_TICK       500       /* ms */


/* The first try; of the pool of the call. */
typedef struct {
    ngx_stream_video_auth_srv_conf_t  *conf;
    ngx_video_http_call_t    *call;
    size_t                    len;              /* of the body */
    ngx_str_t                 name;             /* of the stream */
} ngx_stream_video_auth_first_t;


/* What waits, or is repeated. */
typedef struct {
    ngx_queue_t               queue;
    ngx_stream_video_auth_srv_conf_t  *conf;
    ngx_video_http_call_t    *call;             /* NULL: it waits */
    ngx_log_t                 log;
    ngx_msec_t                due;
    ngx_msec_t                delay;            /* before the last try */
    ngx_uint_t                tries;
    size_t                    size;             /* of all this */
    ngx_str_t                 name;
    ngx_str_t                 body;
} ngx_stream_video_auth_repeat_t;


static void ngx_stream_video_auth_told(void *data,
    ngx_video_http_answer_t *answer);
static ngx_stream_video_auth_repeat_t *ngx_stream_video_auth_wait(
    ngx_stream_video_auth_first_t *first);
static void ngx_stream_video_auth_tick(ngx_event_t *ev);
static void ngx_stream_video_auth_again(ngx_stream_video_auth_repeat_t *r);
static void ngx_stream_video_auth_repeated(void *data,
    ngx_video_http_answer_t *answer);
static void ngx_stream_video_auth_later(ngx_stream_video_auth_repeat_t *r,
    ngx_video_http_answer_t *answer);
static ngx_uint_t ngx_stream_video_auth_over(void);
static void ngx_stream_video_auth_give_up(ngx_stream_video_auth_repeat_t *r,
    const char *error);
static void ngx_stream_video_auth_free(ngx_stream_video_auth_repeat_t *r);
static u_char *ngx_stream_video_auth_log(ngx_log_t *log, u_char *buf,
    size_t len);


/* of the worker */
static struct {
    ngx_queue_t               queue;            /* no next: there was none */
    ngx_event_t               timer;
    size_t                    size;
    ngx_uint_t                running;
    ngx_msec_t                exiting;          /* since when; 0: it isn't */
    ngx_uint_t                closed;           /* worker_shutdown_timeout */
} ngx_stream_video_auth_repeats;


/* event timers are logged with the descriptor of a connection */
static ngx_connection_t  ngx_stream_video_auth_dummy = { .fd = -1 };


void
ngx_stream_video_auth_done(ngx_stream_video_rtmp_ctx_t *ctx)
{
    size_t                          len;
    ngx_video_http_call_t          *call;
    ngx_stream_video_auth_first_t  *first;

    if (!ctx->auth.allowed) {
        return;
    }

    ctx->auth.allowed = 0;

    if (ctx->session->connection->close) {
        /* what is told now is told once */
        ngx_stream_video_auth_repeats.closed = 1;
    }

    call = ngx_stream_video_auth_call(ctx, "publish_done", &len);

    if (call == NULL) {
        return;
    }

    first = ngx_palloc(call->pool, sizeof(ngx_stream_video_auth_first_t));

    if (first == NULL
        || (first->name.data = ngx_pstrdup(call->pool, &ctx->name)) == NULL)
    {
        ngx_video_http_call_cancel(call);
        return;
    }

    first->conf = ctx->auth.conf;
    first->call = call;
    first->len = len;
    first->name.len = ctx->name.len;

    ngx_video_http_call_start(call, ctx->auth.conf->timeout,
                              ngx_stream_video_auth_told, first);
}


/* Whether it has come to somebody who knows what to do with it. */
static ngx_uint_t
ngx_stream_video_auth_accepted(ngx_video_http_answer_t *answer)
{
    return answer->status && answer->status < 500;
}


static void
ngx_stream_video_auth_told(void *data, ngx_video_http_answer_t *answer)
{
    ngx_stream_video_auth_first_t *first = data;

    u_char                          *p, buf[NGX_VIDEO_AUTH_OUTCOME];
    const char                      *lost;
    ngx_stream_video_auth_repeat_t  *r;

    if (ngx_stream_video_auth_accepted(answer)) {
        return;
    }

    p = ngx_stream_video_auth_outcome(buf, sizeof(buf), answer);
    lost = "";

    if (first->conf->tries > 1 && !ngx_stream_video_auth_over()) {
        r = ngx_stream_video_auth_wait(first);

        if (r) {
            ngx_log_error(NGX_LOG_WARN, &first->call->log, 0,
                          "publish_done was not taken, it is sent again: %*s, "
                          "stream \"%V\"", (size_t) (p - buf), buf, &r->name);
            return;
        }

        lost = ", too many wait";
    }

    ngx_log_error(NGX_LOG_ERR, &first->call->log, 0,
                  "publish_done is given up: %*s%s, stream \"%V\", try 1",
                  (size_t) (p - buf), buf, lost, &first->name);
}


/* NULL: there is no room, or no memory. */
static ngx_stream_video_auth_repeat_t *
ngx_stream_video_auth_wait(ngx_stream_video_auth_first_t *first)
{
    size_t                           size;
    ngx_event_t                     *ev;
    ngx_stream_video_auth_repeat_t  *r;

    size = sizeof(ngx_stream_video_auth_repeat_t) + first->name.len
           + first->len;

    if (size > NGX_VIDEO_AUTH_WAITING - ngx_stream_video_auth_repeats.size) {
        return NULL;
    }

    r = ngx_alloc(size, ngx_cycle->log);
    if (r == NULL) {
        return NULL;
    }

    ngx_memzero(r, sizeof(ngx_stream_video_auth_repeat_t));

    r->name.len = first->name.len;
    r->name.data = (u_char *) (r + 1);
    r->body.len = first->len;
    r->body.data = ngx_cpymem(r->name.data, first->name.data, r->name.len);
    ngx_memcpy(r->body.data, first->call->body, r->body.len);

    r->conf = first->conf;
    r->log = first->call->log;
    r->log.handler = ngx_stream_video_auth_log;
    r->log.data = r;
    r->size = size;
    r->tries = 1;
    r->delay = NGX_VIDEO_AUTH_DELAY;
    r->due = ngx_current_msec + r->delay;

    if (ngx_stream_video_auth_repeats.queue.next == NULL) {
        ngx_queue_init(&ngx_stream_video_auth_repeats.queue);
    }

    ngx_queue_insert_tail(&ngx_stream_video_auth_repeats.queue, &r->queue);
    ngx_stream_video_auth_repeats.size += size;

    ev = &ngx_stream_video_auth_repeats.timer;

    if (!ev->timer_set) {
        ev->handler = ngx_stream_video_auth_tick;
        ev->data = &ngx_stream_video_auth_dummy;
        ev->log = ngx_cycle->log;

        /* not cancelable: an exiting worker stays for what waits */
        ngx_add_timer(ev, NGX_VIDEO_AUTH_TICK);
    }

    return r;
}


/* One round: those that are due, the oldest first, or the end of all. */
static void
ngx_stream_video_auth_tick(ngx_event_t *ev)
{
    ngx_uint_t                       over;
    ngx_queue_t                     *q, *next;
    ngx_stream_video_auth_repeat_t  *r;

    over = ngx_stream_video_auth_over();

    for (q = ngx_queue_head(&ngx_stream_video_auth_repeats.queue);
         q != ngx_queue_sentinel(&ngx_stream_video_auth_repeats.queue);
         q = next)
    {
        next = ngx_queue_next(q);
        r = ngx_queue_data(q, ngx_stream_video_auth_repeat_t, queue);

        if (r->call) {
            continue;
        }

        if (over) {
            ngx_stream_video_auth_give_up(r, "server is shutting down");
            continue;
        }

        if ((ngx_msec_int_t) (ngx_current_msec - r->due) >= 0
            && ngx_stream_video_auth_repeats.running < NGX_VIDEO_AUTH_REPEATS)
        {
            ngx_stream_video_auth_again(r);
        }
    }

    if (!ngx_queue_empty(&ngx_stream_video_auth_repeats.queue)) {
        ngx_add_timer(ev, NGX_VIDEO_AUTH_TICK);
    }
}


static void
ngx_stream_video_auth_again(ngx_stream_video_auth_repeat_t *r)
{
    ngx_video_http_answer_t  answer;

    r->call = ngx_video_http_call(r->conf->url, r->body.len, &r->log);

    if (r->call == NULL) {
        ngx_memzero(&answer, sizeof(ngx_video_http_answer_t));
        answer.error = "no memory";
        ngx_stream_video_auth_later(r, &answer);
        return;
    }

    ngx_memcpy(r->call->body, r->body.data, r->body.len);

    if (!(r->call->log.log_level & NGX_LOG_DEBUG_ALL)) {
        /* why it fails was logged by the first try, and will be by the last */
        r->call->log.log_level = NGX_LOG_ALERT;
    }

    ngx_stream_video_auth_repeats.running++;

    ngx_video_http_call_start(r->call, r->conf->timeout,
                              ngx_stream_video_auth_repeated, r);
}


static void
ngx_stream_video_auth_repeated(void *data, ngx_video_http_answer_t *answer)
{
    ngx_stream_video_auth_repeat_t *r = data;

    ngx_stream_video_auth_repeats.running--;
    r->call = NULL;

    if (ngx_stream_video_auth_accepted(answer)) {
        ngx_log_error(NGX_LOG_INFO, &r->log, 0,
                      "publish_done was taken, stream \"%V\", try %ui",
                      &r->name, r->tries + 1);
        ngx_stream_video_auth_free(r);
        return;
    }

    ngx_stream_video_auth_later(r, answer);
}


/* It was tried once more, and not taken. */
static void
ngx_stream_video_auth_later(ngx_stream_video_auth_repeat_t *r,
    ngx_video_http_answer_t *answer)
{
    u_char  *p, buf[NGX_VIDEO_AUTH_OUTCOME + 1];

    r->tries++;

    if (r->tries >= (ngx_uint_t) r->conf->tries
        || ngx_stream_video_auth_over())
    {
        p = ngx_stream_video_auth_outcome(buf, NGX_VIDEO_AUTH_OUTCOME, answer);
        *p = '\0';

        ngx_stream_video_auth_give_up(r, (char *) buf);
        return;
    }

    r->delay = ngx_min(2 * r->delay, NGX_VIDEO_AUTH_MAX_DELAY);
    r->due = ngx_current_msec + r->delay;
}


/* Whether the worker may wait no more: worker_shutdown_timeout. */
static ngx_uint_t
ngx_stream_video_auth_over(void)
{
    ngx_core_conf_t  *ccf;

    if (!ngx_exiting || ngx_stream_video_auth_repeats.closed) {
        return ngx_stream_video_auth_repeats.closed;
    }

    if (ngx_stream_video_auth_repeats.exiting == 0) {
        ngx_stream_video_auth_repeats.exiting = ngx_current_msec;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);

    return ccf->shutdown_timeout
           && ngx_current_msec - ngx_stream_video_auth_repeats.exiting
              >= ccf->shutdown_timeout;
}


static void
ngx_stream_video_auth_give_up(ngx_stream_video_auth_repeat_t *r,
    const char *error)
{
    ngx_log_error(NGX_LOG_ERR, &r->log, 0,
                  "publish_done is given up: %s, stream \"%V\", try %ui",
                  error, &r->name, r->tries);

    ngx_stream_video_auth_free(r);
}


static void
ngx_stream_video_auth_free(ngx_stream_video_auth_repeat_t *r)
{
    ngx_queue_remove(&r->queue);
    ngx_stream_video_auth_repeats.size -= r->size;

    ngx_free(r);
}


void
ngx_stream_video_auth_exit(ngx_cycle_t *cycle)
{
    ngx_queue_t                     *q;
    ngx_stream_video_auth_repeat_t  *r;

    if (ngx_stream_video_auth_repeats.queue.next == NULL) {
        return;
    }

    while (!ngx_queue_empty(&ngx_stream_video_auth_repeats.queue)) {
        q = ngx_queue_head(&ngx_stream_video_auth_repeats.queue);
        r = ngx_queue_data(q, ngx_stream_video_auth_repeat_t, queue);

        if (r->call) {
            ngx_video_http_call_cancel(r->call);
        }

        ngx_stream_video_auth_give_up(r, "server is shutting down");
    }
}


static u_char *
ngx_stream_video_auth_log(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_stream_video_auth_repeat_t  *r;

    r = log->data;

    return ngx_snprintf(buf, len, " while calling \"%V\"", &r->conf->url->url);
}
