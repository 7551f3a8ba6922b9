/*
 * Copyright (C) ngx_video authors
 *
 * How many streams an application has on air, and the publishers of an address
 * in it.  It is counted when one comes, in the hold of the lock in which that
 * takes its block: so two workers don't let in one each where there is place
 * for one, and what a dead worker leaves counts as long as it is there.
 */

#include "ngx_video_live_block.h"


/*
 * Under the lock: whether a run counts as a stream beside those of "name".  A
 * stream that waits for its publisher counts, unless that is back: then the
 * run that goes on from it does.
 */
static ngx_uint_t
ngx_video_live_counts(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_str_t *name)
{
    ngx_video_live_t  *p;

    switch (l->state) {

    case NGX_VIDEO_LIVE_STARTING:
        p = ngx_video_live_prev(st, l);

        if (p && p->state == NGX_VIDEO_LIVE_PAUSED) {
            return 0;
        }

        /* fall through */

    case NGX_VIDEO_LIVE_LIVE:
    case NGX_VIDEO_LIVE_PAUSED:
        return l->name_len != name->len
               || ngx_memcmp(l->name, name->data, name->len) != 0;

    default:
        return 0;
    }
}


ngx_int_t
ngx_video_live_limit(ngx_video_store_t *st, ngx_video_live_conf_t *conf)
{
    ngx_uint_t         i, of_app, of_peer;
    ngx_video_live_t  *l;

    if (conf->max_app == 0 && conf->max_peer == 0) {
        return NGX_OK;
    }

    of_app = 0;
    of_peer = 0;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];

        if (l->app == conf->app
            && ngx_video_live_counts(st, l, &conf->name))
        {
            of_app++;
            of_peer += (conf->peer && l->peer == conf->peer);
        }
    }

    conf->over_app = (conf->max_app && of_app >= conf->max_app);
    conf->over_peer = (conf->max_peer && of_peer >= conf->max_peer
                       && !conf->over_app);

    if (!conf->over_app && !conf->over_peer) {
        return NGX_OK;
    }

    conf->refused = conf->over_peer ? "too many streams of the address"
                                    : "too many streams of the application";
    return NGX_DECLINED;
}
