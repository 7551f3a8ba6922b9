/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are sent on: see ngx_stream_video_push.h.
 *
 *   a target is   its reader   ends by
 *   opening       reads        ready; closed: resting.  Only the first time:
 *                              what comes meanwhile is kept
 *   ready         reads        closed: resting; the end of the publisher
 *   resting       rests        its timer: opening again, from the newest key
 *                              frame on when it is ready
 *   over          none         the publisher has gone, and all was sent or it
 *                              could not be
 */

#include "ngx_stream_video_push.h"
#include "ngx_video_backlog.h"
#include "nvr_command.h"


typedef struct {
    ngx_stream_video_push_t     *push;
    ngx_stream_video_relay_t     relay;
    ngx_video_backlog_reader_t   reader;
    ngx_log_t                    log;
    ngx_event_t                  retry;

    nvr_message_t                msg;       /* that is being written */
    size_t                       offset;
    uint64_t                     dropped;   /* messages, as was logged */

    unsigned                     opened:1;  /* the relay is */
    unsigned                     writing:1; /* "msg" is not through */
    unsigned                     slow:1;
    unsigned                     over:1;
} ngx_stream_video_target_t;


struct ngx_stream_video_push_s {
    ngx_queue_t                  queue;
    ngx_pool_t                  *pool;
    ngx_stream_video_push_conf_t *conf;
    ngx_video_store_t           *store;
    ngx_str_t                    name;
    ngx_uint_t                   hops;
    ngx_video_backlog_t          backlog;
    ngx_event_t                  flush;     /* posted: there are messages */
    ngx_event_t                  timer;     /* after the publisher's end */
    ngx_uint_t                   ntargets;
    ngx_stream_video_target_t    targets[NGX_VIDEO_PUSH_TARGETS];

    unsigned                     standby:1;
    unsigned                     ending:1;
};


static void ngx_stream_video_push_target(ngx_stream_video_push_t *push,
    ngx_stream_video_relay_url_t *url, ngx_log_t *log);
static void ngx_stream_video_push_open(ngx_stream_video_target_t *t);
static void ngx_stream_video_push_retry(ngx_event_t *ev);
static void ngx_stream_video_push_ready(ngx_stream_video_relay_t *relay);
static void ngx_stream_video_push_fill(ngx_stream_video_relay_t *relay,
    nvm_writer_t *w);
static void ngx_stream_video_push_closed(ngx_stream_video_relay_t *relay,
    const char *why);
static void ngx_stream_video_push_later(ngx_stream_video_target_t *t,
    const char *why);
static void ngx_stream_video_push_slow(ngx_stream_video_target_t *t);
static void ngx_stream_video_push_flush(ngx_event_t *ev);
static void ngx_stream_video_push_timer(ngx_event_t *ev);
static void ngx_stream_video_push_over(ngx_stream_video_target_t *t);
static void ngx_stream_video_push_sweep(ngx_stream_video_push_t *push);
static void ngx_stream_video_push_free(ngx_stream_video_push_t *push);
static u_char *ngx_stream_video_push_log(ngx_log_t *log, u_char *buf,
    size_t len);


/* event timers are logged with the descriptor of a connection */
static ngx_connection_t  ngx_stream_video_push_dummy = { .fd = -1 };

/* Those of this process; set up with the first. */
static ngx_queue_t  ngx_stream_video_pushes;


ngx_stream_video_push_t *
ngx_stream_video_push_start(ngx_stream_video_push_conf_t *conf,
    ngx_video_store_t *st, ngx_str_t *name, ngx_uint_t hops,
    ngx_uint_t standby, ngx_log_t *log)
{
    ngx_uint_t                      i;
    ngx_pool_t                     *pool;
    ngx_stream_video_push_t        *push;
    ngx_stream_video_relay_url_t  **url;

    if (conf->urls == NULL) {
        return NULL;
    }

    if (hops >= NGX_VIDEO_RELAY_HOPS) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "stream \"%V\" has come through %ui servers and is not "
                      "pushed on: it may be a loop", name, hops);
        return NULL;
    }

    /* it outlives the session */
    pool = ngx_create_pool(1024, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    push = ngx_pcalloc(pool, sizeof(ngx_stream_video_push_t));

    if (push == NULL || (push->name.data = ngx_pstrdup(pool, name)) == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    push->name.len = name->len;
    push->pool = pool;
    push->conf = conf;
    push->store = st;
    push->hops = hops;

    push->flush.handler = ngx_stream_video_push_flush;
    push->flush.data = &ngx_stream_video_push_dummy;
    push->flush.log = ngx_cycle->log;

    push->timer.handler = ngx_stream_video_push_timer;
    push->timer.data = &ngx_stream_video_push_dummy;
    push->timer.log = ngx_cycle->log;

    /* an exiting worker does not wait for it */
    push->timer.cancelable = 1;

    ngx_video_backlog_init(&push->backlog, ngx_cycle->log);

    if (ngx_stream_video_pushes.next == NULL) {
        ngx_queue_init(&ngx_stream_video_pushes);
    }

    ngx_queue_insert_tail(&ngx_stream_video_pushes, &push->queue);

    url = conf->urls->elts;

    for (i = 0; i < conf->urls->nelts; i++) {
        ngx_stream_video_push_target(push, url[i], log);

        if (standby) {
            ngx_video_backlog_rest(&push->targets[i].reader);
        }
    }

    push->standby = 1;

    if (!standby) {
        ngx_stream_video_push_go(push);
    }

    return push;
}


/* Who stood by begins at the newest key frame. */
void
ngx_stream_video_push_go(ngx_stream_video_push_t *push)
{
    ngx_uint_t  i;

    if (!push->standby) {
        return;
    }

    push->standby = 0;

    for (i = 0; i < push->ntargets; i++) {
        ngx_stream_video_push_open(&push->targets[i]);
    }
}


/* What they have not had yet is not sent: it is who takes over that they want. */
void
ngx_stream_video_push_hold(ngx_stream_video_push_t *push)
{
    ngx_uint_t                  i;
    ngx_stream_video_target_t  *t;

    push->standby = 1;

    for (i = 0; i < push->ntargets; i++) {
        t = &push->targets[i];

        if (t->retry.timer_set) {
            ngx_del_timer(&t->retry);
        }

        ngx_stream_video_relay_close(&t->relay);
        ngx_video_backlog_rest(&t->reader);

        t->opened = 0;
        t->writing = 0;
    }
}


static void
ngx_stream_video_push_target(ngx_stream_video_push_t *push,
    ngx_stream_video_relay_url_t *url, ngx_log_t *log)
{
    ngx_stream_video_target_t  *t;

    t = &push->targets[push->ntargets++];

    t->push = push;

    t->log = *log;
    t->log.handler = ngx_stream_video_push_log;
    t->log.data = t;
    t->log.action = NULL;

    t->relay.url = url;
    t->relay.tls = &push->conf->tls;
    t->relay.log = &t->log;
    t->relay.timeout = push->conf->timeout;
    t->relay.ready = ngx_stream_video_push_ready;
    t->relay.fill = ngx_stream_video_push_fill;
    t->relay.closed = ngx_stream_video_push_closed;
    t->relay.data = t;
    t->relay.stat = ngx_video_relay_stat_take(push->store,
                                              NGX_VIDEO_RELAY_PUSH,
                                              &push->name, &url->base);

    t->retry.handler = ngx_stream_video_push_retry;
    t->retry.data = &ngx_stream_video_push_dummy;
    t->retry.log = &t->log;

    /* the publisher's own timer is what a worker waits for */
    t->retry.cancelable = 1;

    ngx_video_backlog_open(&push->backlog, &t->reader, push->conf->buffer);
}


static void
ngx_stream_video_push_open(ngx_stream_video_target_t *t)
{
    ngx_str_t                     *name;
    nvr_client_conf_t              conf;
    ngx_stream_video_relay_url_t  *url;

    url = t->relay.url;
    name = url->name.len ? &url->name : &t->push->name;

    ngx_memzero(&conf, sizeof(nvr_client_conf_t));

    conf.app.data = url->app.data;
    conf.app.len = url->app.len;
    conf.tc_url.data = url->base.data;
    conf.tc_url.len = url->base.len;
    conf.stream.data = name->data;
    conf.stream.len = name->len;
    conf.hops = t->push->hops + 1;

    t->opened = 1;

    if (ngx_stream_video_relay_open(&t->relay, &conf) != NGX_OK) {
        ngx_stream_video_push_later(t, "no memory");
    }
}


static void
ngx_stream_video_push_retry(ngx_event_t *ev)
{
    ngx_stream_video_target_t  *t;

    t = (ngx_stream_video_target_t *)
            ((u_char *) ev - offsetof(ngx_stream_video_target_t, retry));

    ngx_stream_video_push_open(t);
}


static void
ngx_stream_video_push_ready(ngx_stream_video_relay_t *relay)
{
    ngx_stream_video_target_t  *t;

    t = relay->data;

    ngx_video_backlog_use(&t->reader);

    ngx_log_error(NGX_LOG_NOTICE, &t->log, 0, "push has begun");
}


static void
ngx_stream_video_push_fill(ngx_stream_video_relay_t *relay, nvm_writer_t *w)
{
    ngx_stream_video_target_t  *t;

    t = relay->data;

    for ( ;; ) {

        if (!t->writing) {
            if (ngx_video_backlog_read(&t->reader, &t->msg) != NGX_OK) {
                t->slow = 0;
                return;
            }

            t->writing = 1;
            t->offset = 0;
        }

        if (!nvr_client_write(relay->client, w, &t->msg, &t->offset)) {
            return;
        }

        t->writing = 0;
    }
}


static void
ngx_stream_video_push_closed(ngx_stream_video_relay_t *relay, const char *why)
{
    ngx_stream_video_target_t  *t;

    t = relay->data;

    ngx_stream_video_push_later(t, why);

    if (t->push->ending) {
        ngx_stream_video_push_sweep(t->push);
    }
}


/* Closes it, until the next attempt; without a reason it was a good-bye. */
static void
ngx_stream_video_push_later(ngx_stream_video_target_t *t, const char *why)
{
    ngx_msec_t  delay;

    delay = ngx_stream_video_relay_delay(&t->relay, NGX_LOG_ERR, "push", why);

    ngx_stream_video_relay_close(&t->relay);

    t->opened = 0;
    t->writing = 0;

    if (t->push->ending) {
        ngx_stream_video_push_over(t);
        return;
    }

    ngx_video_backlog_rest(&t->reader);
    ngx_add_timer(&t->retry, delay);
}


void
ngx_stream_video_push_message(ngx_stream_video_push_t *push,
    const nvr_message_t *msg)
{
    ngx_uint_t     i, metadata;
    nvr_command_t  cmd;

    metadata = 0;

    if (msg->type == NVR_MSG_DATA || msg->type == NVR_MSG_DATA_AMF3) {
        metadata = nvr_command_parse(msg->type, msg->data, msg->len, &cmd,
                                     NULL)
                   == NVM_OK
                   && cmd.kind == NVR_CMD_METADATA;
    }

    ngx_video_backlog_add(&push->backlog, msg, metadata);

    for (i = 0; i < push->ntargets; i++) {
        ngx_stream_video_push_slow(&push->targets[i]);
    }

    /* of what is read at once all is sent at once */
    if (!push->flush.posted) {
        ngx_post_event(&push->flush, &ngx_posted_events);
    }
}


/* One line each time that a target falls behind. */
static void
ngx_stream_video_push_slow(ngx_stream_video_target_t *t)
{
    if (t->over || t->reader.dropped == t->dropped) {
        return;
    }

    t->dropped = t->reader.dropped;
    ngx_video_relay_stat_dropped(t->relay.stat, t->dropped);

    if (t->slow) {
        return;
    }

    t->slow = 1;

    ngx_log_error(NGX_LOG_WARN, &t->log, 0,
                  "push is too slow, frames are left out");
}


static void
ngx_stream_video_push_flush(ngx_event_t *ev)
{
    ngx_uint_t                  i;
    ngx_stream_video_push_t    *push;

    push = (ngx_stream_video_push_t *)
               ((u_char *) ev - offsetof(ngx_stream_video_push_t, flush));

    for (i = 0; i < push->ntargets; i++) {
        ngx_stream_video_relay_send(&push->targets[i].relay);
    }
}


void
ngx_stream_video_push_end(ngx_stream_video_push_t *push)
{
    ngx_uint_t                  i;
    ngx_stream_video_target_t  *t;

    for (i = 0; i < push->ntargets; i++) {
        t = &push->targets[i];

        if (!t->opened || t->reader.resting) {
            ngx_stream_video_push_over(t);
            continue;
        }

        /* may close it */
        ngx_stream_video_relay_end(&t->relay);
    }

    push->ending = 1;

    /* all has been sent that could be */
    if (push->flush.posted) {
        ngx_delete_posted_event(&push->flush);
    }

    for (i = 0; i < push->ntargets; i++) {
        if (!push->targets[i].opened) {
            ngx_stream_video_push_over(&push->targets[i]);
        }
    }

    ngx_add_timer(&push->timer, push->conf->timeout);
    ngx_stream_video_push_sweep(push);
}


static void
ngx_stream_video_push_timer(ngx_event_t *ev)
{
    ngx_uint_t                  i;
    ngx_stream_video_push_t    *push;
    ngx_stream_video_target_t  *t;

    push = (ngx_stream_video_push_t *)
               ((u_char *) ev - offsetof(ngx_stream_video_push_t, timer));

    for (i = 0; i < push->ntargets; i++) {
        t = &push->targets[i];

        if (!t->over) {
            ngx_stream_video_push_later(t, t->relay.ended ? NULL
                                                          : "timed out");
        }
    }

    ngx_stream_video_push_sweep(push);
}


/* For good. */
static void
ngx_stream_video_push_over(ngx_stream_video_target_t *t)
{
    if (t->over) {
        return;
    }

    t->over = 1;
    t->opened = 0;

    if (t->retry.timer_set) {
        ngx_del_timer(&t->retry);
    }

    ngx_stream_video_relay_close(&t->relay);
    ngx_video_backlog_close(&t->reader);

    ngx_video_relay_stat_free(t->push->store, t->relay.stat);
    t->relay.stat = NULL;

    ngx_log_error(NGX_LOG_NOTICE, &t->log, 0,
                  "push has ended, %uL messages left out", t->reader.dropped);
}


/* Nothing is left to do when all targets are over. */
static void
ngx_stream_video_push_sweep(ngx_stream_video_push_t *push)
{
    ngx_uint_t  i;

    for (i = 0; i < push->ntargets; i++) {
        if (!push->targets[i].over) {
            return;
        }
    }

    ngx_stream_video_push_free(push);
}


static void
ngx_stream_video_push_free(ngx_stream_video_push_t *push)
{
    ngx_uint_t  i;

    for (i = 0; i < push->ntargets; i++) {
        ngx_stream_video_push_over(&push->targets[i]);
    }

    if (push->timer.timer_set) {
        ngx_del_timer(&push->timer);
    }

    if (push->flush.posted) {
        ngx_delete_posted_event(&push->flush);
    }

    ngx_queue_remove(&push->queue);
    ngx_video_backlog_done(&push->backlog);
    ngx_destroy_pool(push->pool);
}


void
ngx_stream_video_push_exit(ngx_cycle_t *cycle)
{
    ngx_queue_t  *q;

    if (ngx_stream_video_pushes.next == NULL) {
        return;
    }

    while (!ngx_queue_empty(&ngx_stream_video_pushes)) {
        q = ngx_queue_head(&ngx_stream_video_pushes);

        ngx_stream_video_push_free(ngx_queue_data(q, ngx_stream_video_push_t,
                                                  queue));
    }
}


/* The URL without the stream's name at its end: that may be a secret. */
static u_char *
ngx_stream_video_push_log(ngx_log_t *log, u_char *buf, size_t len)
{
    ngx_stream_video_target_t  *t;

    t = log->data;

    return ngx_snprintf(buf, len, " while pushing \"%V\" to \"%V\"",
                        &t->push->name, &t->relay.url->base);
}


char *
ngx_stream_video_push(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char *p = conf;

    ngx_str_t                      *value;
    ngx_array_t                   **urls;
    ngx_stream_video_relay_url_t  **url;

    urls = (ngx_array_t **) (p + cmd->offset);
    value = cf->args->elts;

    if (*urls == NULL) {
        *urls = ngx_array_create(cf->pool, 2,
                                 sizeof(ngx_stream_video_relay_url_t *));
        if (*urls == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    if ((*urls)->nelts == NGX_VIDEO_PUSH_TARGETS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "more than %d \"video_push\" in a server",
                           NGX_VIDEO_PUSH_TARGETS);
        return NGX_CONF_ERROR;
    }

    url = ngx_array_push(*urls);
    if (url == NULL) {
        return NGX_CONF_ERROR;
    }

    *url = ngx_stream_video_relay_url(cf, &value[1], "video_push");

    return *url ? NGX_CONF_OK : NGX_CONF_ERROR;
}


ngx_int_t
ngx_stream_video_push_check(ngx_conf_t *cf,
    ngx_stream_video_push_conf_t *conf)
{
    ngx_uint_t                      i, tls;
    ngx_stream_video_relay_url_t  **url;

    if (conf->buffer < 256 * 1024 || conf->buffer > 1024 * 1024 * 1024) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"video_push_buffer\" must be between 256k and "
                           "1024m");
        return NGX_ERROR;
    }

    tls = conf->tls.needed;

    if (conf->urls) {
        url = conf->urls->elts;

        for (i = 0; i < conf->urls->nelts; i++) {
            tls |= url[i]->tls;
        }
    }

    return tls ? ngx_video_ssl_init(cf, &conf->tls, "rtmps://") : NGX_OK;
}
