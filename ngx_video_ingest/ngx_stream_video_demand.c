/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are fetched because a viewer asks for them: see
 * ngx_stream_video_demand.h.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_demand.h"
#include "nva_args.h"


/* ms from the start of a worker; all modules have theirs behind them then */
#define NGX_VIDEO_DEMAND_BEGIN    10
#define NGX_VIDEO_DEMAND_TICK     1000

/* ms until a server must have sent media */
#define NGX_VIDEO_DEMAND_ANSWER   10000

/* ms for which a failure is remembered */
#define NGX_VIDEO_DEMAND_FAILED   5000

/* ms that one on air may have for its first key frame, if nobody asks again */
#define NGX_VIDEO_DEMAND_START    20000


typedef struct {
    ngx_video_store_t              *store;
    ngx_array_t                     pulls;      /* of pointers to
                                                   ngx_stream_video_pull_conf_t,
                                                   names before the rest */
    ngx_video_waiter_t              waiter;
} ngx_stream_video_demand_zone_t;


typedef struct {
    ngx_queue_t                     queue;
    ngx_pool_t                     *pool;
    ngx_stream_video_demand_zone_t *zone;
    ngx_uint_t                      wish;
    ngx_uint_t                      tried;      /* directives */
    uint64_t                        since;      /* on air, ms since 1970 */
    uint64_t                        lost;       /* its media, until then */
    ngx_uint_t                      stat;       /* of the stream */
    ngx_stream_video_pull_t         pull;
    u_char                          name[NGX_VIDEO_LIVE_NAME];
} ngx_stream_video_demand_t;


static void ngx_stream_video_demand_tick(ngx_event_t *ev);
static void ngx_stream_video_demand_wake(ngx_video_waiter_t *w);
static void ngx_stream_video_demand_look(ngx_stream_video_demand_zone_t *z);
static void ngx_stream_video_demand_start(ngx_stream_video_demand_zone_t *z,
    ngx_uint_t wish);
static ngx_int_t ngx_stream_video_demand_next(ngx_stream_video_demand_t *d);
static void ngx_stream_video_demand_begun(ngx_stream_video_pull_t *pull);
static void ngx_stream_video_demand_closed(ngx_stream_video_pull_t *pull,
    ngx_msec_t delay);
static ngx_uint_t ngx_stream_video_demand_idle(ngx_stream_video_demand_t *d);
static ngx_uint_t ngx_stream_video_demand_asked(ngx_stream_video_demand_t *d,
    uint64_t now);
static void ngx_stream_video_demand_free(ngx_stream_video_demand_t *d);


/* Of this process; set up with the first directive. */
static ngx_array_t        ngx_stream_video_demand_zones;
static ngx_queue_t        ngx_stream_video_demands;
static ngx_event_t        ngx_stream_video_demand_timer;
static ngx_cycle_t       *ngx_stream_video_demand_cycle;

/* event timers are logged with the descriptor of a connection */
static ngx_connection_t   ngx_stream_video_demand_dummy = { .fd = -1 };


static ngx_int_t
ngx_stream_video_demand_init(ngx_cycle_t *cycle)
{
    ngx_stream_video_demand_cycle = cycle;
    ngx_queue_init(&ngx_stream_video_demands);

    ngx_stream_video_demand_timer.handler = ngx_stream_video_demand_tick;
    ngx_stream_video_demand_timer.data = &ngx_stream_video_demand_dummy;
    ngx_stream_video_demand_timer.log = cycle->log;

    /* an exiting worker does not wait for it */
    ngx_stream_video_demand_timer.cancelable = 1;

    ngx_add_timer(&ngx_stream_video_demand_timer, NGX_VIDEO_DEMAND_BEGIN);

    return ngx_array_init(&ngx_stream_video_demand_zones, cycle->pool, 1,
                          sizeof(ngx_stream_video_demand_zone_t *));
}


static ngx_stream_video_demand_zone_t *
ngx_stream_video_demand_zone(ngx_cycle_t *cycle, ngx_video_store_t *st)
{
    ngx_uint_t                        i;
    ngx_stream_video_demand_zone_t  **z, *zone;

    z = ngx_stream_video_demand_zones.elts;

    for (i = 0; i < ngx_stream_video_demand_zones.nelts; i++) {
        if (z[i]->store == st) {
            return z[i];
        }
    }

    z = ngx_array_push(&ngx_stream_video_demand_zones);
    zone = ngx_pcalloc(cycle->pool, sizeof(ngx_stream_video_demand_zone_t));

    if (z == NULL || zone == NULL
        || ngx_array_init(&zone->pulls, cycle->pool, 4, sizeof(void *))
           != NGX_OK)
    {
        return NULL;
    }

    zone->store = st;
    zone->waiter.handler = ngx_stream_video_demand_wake;
    zone->waiter.data = zone;
    *z = zone;

    return zone;
}


ngx_int_t
ngx_stream_video_demand_add(ngx_cycle_t *cycle,
    ngx_stream_video_pull_conf_t *pc)
{
    ngx_uint_t                        i;
    ngx_stream_video_pull_conf_t    **p;
    ngx_stream_video_demand_zone_t   *z;

    if (ngx_stream_video_demand_cycle != cycle
        && ngx_stream_video_demand_init(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    z = ngx_stream_video_demand_zone(cycle,
                                     ngx_video_zone_store(pc->app->zone));

    if (z == NULL || ngx_array_push(&z->pulls) == NULL) {
        return NGX_ERROR;
    }

    p = z->pulls.elts;
    i = z->pulls.nelts - 1;

    if (pc->name.len) {
        for ( /* void */ ; i && p[i - 1]->name.len == 0; i--) {
            p[i] = p[i - 1];
        }
    }

    p[i] = pc;

    return NGX_OK;
}


/* Gives back all that this worker has, for others to go on. */
void
ngx_stream_video_demand_exit(void)
{
    ngx_uint_t                        i;
    ngx_queue_t                      *q;
    ngx_stream_video_demand_t        *d;
    ngx_stream_video_demand_zone_t  **z;

    if (ngx_stream_video_demand_cycle == NULL) {
        return;
    }

    z = ngx_stream_video_demand_zones.elts;

    for (i = 0; i < ngx_stream_video_demand_zones.nelts; i++) {
        ngx_video_wish_serve(z[i]->store, 0);
        ngx_video_wait_cancel(&z[i]->waiter);
    }

    while (!ngx_queue_empty(&ngx_stream_video_demands)) {
        q = ngx_queue_head(&ngx_stream_video_demands);
        d = ngx_queue_data(q, ngx_stream_video_demand_t, queue);

        ngx_stream_video_pull_over(&d->pull, 0);
        ngx_video_wish_release(d->zone->store, d->wish);
        ngx_stream_video_demand_free(d);
    }

    ngx_stream_video_demand_cycle = NULL;
}


/*
 * Besides looking after what there is it looks for wishes: who made one may
 * have died before it said so.
 */
static void
ngx_stream_video_demand_tick(ngx_event_t *ev)
{
    ngx_uint_t                        i;
    ngx_queue_t                      *q, *next;
    ngx_stream_video_demand_t        *d;
    ngx_stream_video_demand_zone_t  **z;

    if (ngx_exiting) {
        ngx_stream_video_demand_exit();
        return;
    }

    for (q = ngx_queue_head(&ngx_stream_video_demands);
         q != ngx_queue_sentinel(&ngx_stream_video_demands);
         q = next)
    {
        next = ngx_queue_next(q);
        d = ngx_queue_data(q, ngx_stream_video_demand_t, queue);

        if (!ngx_stream_video_demand_idle(d)) {
            continue;
        }

        ngx_log_error(NGX_LOG_NOTICE, &d->pull.log, 0,
                      "pull has ended, nobody asks for it");

        ngx_stream_video_pull_over(&d->pull, 1);
        ngx_video_wish_done(d->zone->store, d->wish);
        ngx_stream_video_demand_free(d);
    }

    z = ngx_stream_video_demand_zones.elts;

    for (i = 0; i < ngx_stream_video_demand_zones.nelts; i++) {
        ngx_stream_video_demand_look(z[i]);
    }

    ngx_add_timer(ev, NGX_VIDEO_DEMAND_TICK);
}


static void
ngx_stream_video_demand_wake(ngx_video_waiter_t *w)
{
    ngx_stream_video_demand_look(w->data);
}


static void
ngx_stream_video_demand_look(ngx_stream_video_demand_zone_t *z)
{
    uint64_t             seen;
    ngx_int_t            rc;
    ngx_uint_t           wish;
    ngx_video_store_t   *st;
    ngx_video_signal_t  *wanted;

    st = z->store;

    if (ngx_exiting || st->slot == NGX_VIDEO_NO_SLOT) {
        return;
    }

    wanted = ngx_video_wish_wanted(st);
    ngx_video_wish_serve(st, 1);

    do {
        seen = ngx_video_signal_seen(wanted);

        while (ngx_video_wish_claim(st, &wish) == NGX_OK) {
            ngx_stream_video_demand_start(z, wish);
        }

        rc = z->waiter.parked ? NGX_AGAIN
                              : ngx_video_wait(st, wanted, seen, &z->waiter);

    } while (rc == NGX_OK);
}


static void
ngx_stream_video_demand_start(ngx_stream_video_demand_zone_t *z,
    ngx_uint_t wish)
{
    ngx_pool_t                 *pool;
    ngx_video_wish_t           *w;
    ngx_stream_video_demand_t  *d;

    w = &z->store->wishes[wish];
    d = NULL;

    pool = ngx_create_pool(2048, ngx_cycle->log);

    if (pool) {
        d = ngx_pcalloc(pool, sizeof(ngx_stream_video_demand_t));
    }

    if (d == NULL) {
        if (pool) {
            ngx_destroy_pool(pool);
        }

        ngx_video_wish_failed(z->store, wish, NGX_VIDEO_WISH_BROKEN,
                              ngx_video_now() + NGX_VIDEO_DEMAND_FAILED);
        return;
    }

    d->pull.name.data = d->name;
    d->pull.name.len = ngx_min(w->name_len, NGX_VIDEO_LIVE_NAME);
    ngx_memcpy(d->name, w->name, d->pull.name.len);

    d->pull.failed = NGX_VIDEO_WISH_UNKNOWN;
    d->pull.begun = ngx_stream_video_demand_begun;
    d->pull.closed = ngx_stream_video_demand_closed;
    d->pull.data = d;

    d->pool = pool;
    d->zone = z;
    d->wish = wish;
    d->stat = NGX_MAX_UINT32_VALUE;

    ngx_queue_insert_tail(&ngx_stream_video_demands, &d->queue);

    if (ngx_stream_video_demand_next(d) != NGX_OK) {
        ngx_video_wish_failed(z->store, wish, d->pull.failed,
                              ngx_video_now() + NGX_VIDEO_DEMAND_FAILED);
        ngx_stream_video_demand_free(d);
        return;
    }

    /* may free it */
    ngx_stream_video_pull_open(&d->pull);
}


/* The name there, which is the one here where the directive has none. */
static ngx_int_t
ngx_stream_video_demand_there(ngx_stream_video_demand_t *d)
{
    u_char                        *p;
    ngx_stream_video_pull_t       *pull;
    ngx_stream_video_pull_conf_t  *pc;

    pull = &d->pull;
    pc = pull->conf;

    if (pc->name.len) {
        pull->there = pc->url->name;
        return NGX_OK;
    }

    /* with its arguments */
    pull->there.len = pull->name.len + pc->url->name.len;

    p = ngx_pnalloc(d->pool, pull->there.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    pull->there.data = p;
    p = ngx_cpymem(p, pull->name.data, pull->name.len);
    ngx_memcpy(p, pc->url->name.data, pc->url->name.len);

    return NGX_OK;
}


/* To the next directive that has the stream; NGX_DECLINED: there is none. */
static ngx_int_t
ngx_stream_video_demand_next(ngx_stream_video_demand_t *d)
{
    ngx_stream_video_pull_t        *pull;
    ngx_stream_video_pull_conf_t  **p;

    pull = &d->pull;
    p = d->zone->pulls.elts;

    if (!nva_name_valid(pull->name.data, pull->name.len, NGX_VIDEO_LIVE_NAME))
    {
        return NGX_DECLINED;
    }

    while (d->tried < d->zone->pulls.nelts) {
        pull->conf = p[d->tried++];

        if (pull->conf->name.len
            && (pull->conf->name.len != pull->name.len
                || ngx_memcmp(pull->conf->name.data, pull->name.data,
                              pull->name.len) != 0))
        {
            continue;
        }

        /* of the one before */
        ngx_stream_video_pull_done(pull);

        pull->timeout = ngx_min(pull->conf->conf->timeout,
                                NGX_VIDEO_DEMAND_ANSWER);
        ngx_stream_video_pull_setup(pull, ngx_stream_video_demand_cycle->log);

        return ngx_stream_video_demand_there(d);
    }

    return NGX_DECLINED;
}


static void
ngx_stream_video_demand_begun(ngx_stream_video_pull_t *pull)
{
    ngx_video_store_t          *st;
    ngx_stream_video_demand_t  *d;

    d = pull->data;
    st = d->zone->store;

    d->since = ngx_video_now();

    if (!pull->ctx->segmenter.standby) {
        d->stat = st->lives[pull->ctx->segmenter.live].stat;
    }

    ngx_video_wish_begun(st, d->wish);
}


/*
 * What was on air is tried again as long as its stream waits for it.  Otherwise
 * an attempt that has brought nothing is the last one, until somebody asks
 * again.
 */
static void
ngx_stream_video_demand_closed(ngx_stream_video_pull_t *pull,
    ngx_msec_t delay)
{
    uint64_t                    now;
    ngx_stream_video_demand_t  *d;

    d = pull->data;
    now = ngx_video_now();

    if (ngx_exiting) {
        ngx_video_wish_serve(d->zone->store, 0);
        ngx_video_wish_release(d->zone->store, d->wish);
        ngx_stream_video_demand_free(d);
        return;
    }

    d->since = 0;

    if (pull->aired) {
        d->lost = now;
    }

    if (d->lost && now < d->lost + pull->conf->conf->grace) {

        if (ngx_stream_video_demand_asked(d, now)) {
            ngx_stream_video_pull_later(pull, delay);

        } else {
            ngx_video_wish_done(d->zone->store, d->wish);
            ngx_stream_video_demand_free(d);
        }

        return;
    }

    if (ngx_stream_video_demand_next(d) == NGX_OK) {
        ngx_stream_video_pull_open(pull);
        return;
    }

    ngx_video_wish_failed(d->zone->store, d->wish, pull->failed,
                          now + NGX_VIDEO_DEMAND_FAILED);
    ngx_stream_video_demand_free(d);
}


/* One that is not on air is waited for, or fails. */
static ngx_uint_t
ngx_stream_video_demand_idle(ngx_stream_video_demand_t *d)
{
    uint64_t  now;

    if (d->since == 0) {
        return 0;
    }

    now = ngx_video_now();

    if (d->pull.ctx && !d->pull.ctx->segmenter.ready
        && now < d->since + NGX_VIDEO_DEMAND_START)
    {
        return 0;
    }

    return !ngx_stream_video_demand_asked(d, now);
}


static ngx_uint_t
ngx_stream_video_demand_asked(ngx_stream_video_demand_t *d, uint64_t now)
{
    return ngx_video_wish_time(d->zone->store, d->wish, d->stat)
           + d->pull.conf->idle > now;
}


static void
ngx_stream_video_demand_free(ngx_stream_video_demand_t *d)
{
    ngx_stream_video_pull_done(&d->pull);
    ngx_queue_remove(&d->queue);
    ngx_destroy_pool(d->pool);
}
