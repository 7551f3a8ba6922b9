/*
 * Copyright (C) ngx_video authors
 *
 * This process's place in the zones: the socket that it is woken by, and the
 * housekeeping that every worker does once a second (the zones let one of
 * them through): sweeping slots of dead workers, reaping ended streams, and a
 * scan of the parked, which makes good a wake whose sender died.
 *
 * The timer is cancelable: what keeps an exiting worker alive are the timers
 * of its parked requests and publishers.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_video_core.h"


static void ngx_video_worker_wake(ngx_event_t *rev);
static void ngx_video_worker_tick(ngx_event_t *ev);
static ngx_int_t ngx_video_worker_listen(ngx_cycle_t *cycle);


static u_char                  ngx_video_worker_name[24];
static ngx_connection_t       *ngx_video_worker_connection;
static ngx_video_core_conf_t  *ngx_video_worker_conf;
static ngx_event_t             ngx_video_worker_timer;

/* for the debug log, which reads a connection's fd from an event's data */
static ngx_connection_t        ngx_video_worker_dummy;


ngx_int_t
ngx_video_worker_init(ngx_cycle_t *cycle, ngx_video_core_conf_t *conf)
{
    ngx_uint_t           i;
    ngx_shm_zone_t     **zones;
    ngx_video_store_t   *st;

    ngx_video_worker_conf = conf;

    if (conf->zones.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_video_worker_listen(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    zones = conf->zones.elts;

    for (i = 0; i < conf->zones.nelts; i++) {
        st = ngx_video_zone_store(zones[i]);

        if (ngx_video_slot_open(st, ngx_video_worker_connection->fd,
                                ngx_video_worker_name)
            != NGX_OK)
        {
            /* not fatal: what needs the zone answers 503 */
            ngx_log_error(NGX_LOG_CRIT, cycle->log, 0,
                          "no free worker slot in video zone \"%V\": more "
                          "than %d workers", &st->name, NGX_VIDEO_SLOTS);
        }
    }

    ngx_video_worker_dummy.fd = (ngx_socket_t) -1;
    ngx_video_worker_timer.handler = ngx_video_worker_tick;
    ngx_video_worker_timer.data = &ngx_video_worker_dummy;
    ngx_video_worker_timer.log = cycle->log;
    ngx_video_worker_timer.cancelable = 1;

    ngx_add_timer(&ngx_video_worker_timer, 1000);

    return NGX_OK;
}


static ngx_int_t
ngx_video_worker_listen(ngx_cycle_t *cycle)
{
    ngx_socket_t       fd;
    ngx_connection_t  *c;

    fd = ngx_video_slot_socket(ngx_video_worker_name);

    if (fd == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_socket_errno,
                      "video wake-up socket failed");
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, cycle->log);

    if (c == NULL) {
        ngx_close_socket(fd);
        return NGX_ERROR;
    }

    c->log = cycle->log;
    c->read->log = cycle->log;
    c->read->handler = ngx_video_worker_wake;

    /* a graceful exit does not count it as a connection left open */
    c->read->channel = 1;
    c->write->channel = 1;

    ngx_video_worker_connection = c;

    if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_CLEAR_EVENT) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_video_worker_scan(ngx_log_t *log)
{
    ngx_uint_t           i, n;
    ngx_shm_zone_t     **zones;
    ngx_video_store_t   *st;

    zones = ngx_video_worker_conf->zones.elts;

    for (i = 0; i < ngx_video_worker_conf->zones.nelts; i++) {
        st = ngx_video_zone_store(zones[i]);

        if (st->slot != NGX_VIDEO_NO_SLOT) {
            /* before the scan: a wake after this one is sent again */
            ngx_video_store_sc(&st->slots[st->slot].pending, 0);
            ngx_video_wait_scan(st);

            n = ngx_video_readers_relieve(st);

            if (n) {
                ngx_log_error(NGX_LOG_WARN, log, 0,
                              "video zone \"%V\" is short of memory: %ui "
                              "slow client(s) cut off", &st->name, n);
            }
        }
    }
}


static void
ngx_video_worker_wake(ngx_event_t *rev)
{
    u_char             buf[64];
    ngx_connection_t  *c;

    c = rev->data;

    while (recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0) { /* void */ }

    ngx_log_debug0(NGX_LOG_DEBUG_CORE, rev->log, 0, "video core: woken");

    ngx_video_worker_scan(rev->log);
}


static void
ngx_video_worker_tick(ngx_event_t *ev)
{
    uint64_t             now;
    ngx_uint_t           i, n;
    ngx_shm_zone_t     **zones;
    ngx_video_store_t   *st;

    zones = ngx_video_worker_conf->zones.elts;
    now = ngx_video_now();

    for (i = 0; i < ngx_video_worker_conf->zones.nelts; i++) {
        st = ngx_video_zone_store(zones[i]);

        if (st->slot == NGX_VIDEO_NO_SLOT) {
            continue;
        }

        n = ngx_video_slot_check(st);

        if (n) {
            ngx_log_error(NGX_LOG_NOTICE, ev->log, 0,
                          "video zone \"%V\": %ui dead worker(s) swept",
                          &st->name, n);
        }

        ngx_video_live_reap(st, now);
    }

    ngx_video_worker_scan(ev->log);

    ngx_add_timer(ev, 1000);
}


void
ngx_video_worker_done(ngx_cycle_t *cycle, ngx_video_core_conf_t *conf)
{
    ngx_uint_t           i;
    ngx_shm_zone_t     **zones;
    ngx_video_store_t   *st;

    zones = conf->zones.elts;

    for (i = 0; i < conf->zones.nelts; i++) {
        st = ngx_video_zone_store(zones[i]);

        if (st) {
            ngx_video_slot_close(st);
        }
    }
}
