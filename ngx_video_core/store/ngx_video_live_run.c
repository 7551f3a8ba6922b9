/*
 * Copyright (C) ngx_video authors
 *
 * The beginning of a run: the block that it takes, and the run that it goes on
 * from.
 */

#include "ngx_video_live_block.h"
#include "ngx_video_live_event.h"
#include "ngx_video_live_stat.h"


/* Under the lock: the newest run of a name, or -1; a free block, or -1. */
static ngx_int_t
ngx_video_live_newest(ngx_video_store_t *st, ngx_str_t *name, ngx_int_t *free)
{
    ngx_int_t          newest;
    ngx_uint_t         i;
    ngx_video_live_t  *l;

    newest = -1;
    *free = -1;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];

        if (ngx_video_load(&l->state) == NGX_VIDEO_LIVE_FREE) {
            *free = (*free == -1) ? (ngx_int_t) i : *free;
            continue;
        }

        if (l->name_len == name->len
            && ngx_memcmp(l->name, name->data, name->len) == 0
            && (newest == -1 || l->epoch > st->lives[newest].epoch))
        {
            newest = i;
        }
    }

    return newest;
}


/* Under the lock: the run before one, or NULL. */
ngx_video_live_t *
ngx_video_live_prev(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_video_live_t  *p;

    if (l->prev == 0) {
        return NULL;
    }

    p = &st->lives[l->prev - 1];

    return p->epoch == l->prev_epoch ? p : NULL;
}


/* Under the lock: makes room for another run: the oldest is forgotten. */
static void
ngx_video_live_forget_oldest(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_uint_t         n;
    ngx_video_live_t  *p;

    for (n = 1; n < NGX_VIDEO_LIVE_RUNS; n++) {
        p = ngx_video_live_prev(st, l);

        if (p == NULL) {
            return;
        }

        l = p;
    }

    ngx_video_live_free(st, l);
}


static ngx_uint_t
ngx_video_live_leaving(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_video_live_t  *l;

    l = &st->lives[index];

    return __atomic_load_n(&l->leaving, __ATOMIC_RELAXED) == l->epoch;
}


/*
 * Under the lock: the block that a publisher of this name takes: the one that
 * had the name before, or a free one; in *prev a run to go on from, or -1.
 * NGX_BUSY: the block that is on air.
 */
static ngx_int_t
ngx_video_live_choose(ngx_video_store_t *st, ngx_str_t *name,
    ngx_uint_t *index, ngx_int_t *prev)
{
    ngx_int_t  newest, free;

    newest = ngx_video_live_newest(st, name, &free);
    *prev = -1;

    if (newest == -1) {
        *index = free;
        return free == -1 ? NGX_DECLINED : NGX_OK;
    }

    switch (ngx_video_load(&st->lives[newest].state)) {

    case NGX_VIDEO_LIVE_STARTING:
    case NGX_VIDEO_LIVE_LIVE:
        *index = newest;
        return NGX_BUSY;

    case NGX_VIDEO_LIVE_PAUSED:

        ngx_video_live_forget_oldest(st, &st->lives[newest]);

        if (ngx_video_live_newest(st, name, &free) == newest && free != -1) {
            *index = free;
            *prev = newest;
            return NGX_OK;
        }

        break;

    default:
        break;
    }

    *index = newest;

    return NGX_OK;
}


/*
 * Under the lock: makes the block a new run in state STARTING, after another
 * one if prev is not -1.
 */
static void
ngx_video_live_take(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_conf_t *conf, uint32_t chunks, ngx_int_t prev)
{
    uint64_t           now;
    ngx_video_head_t  *h;
    ngx_video_live_t  *p;

    h = st->head;
    now = ngx_video_live_now();

    /* first, so that the block is repaired if we die */
    ngx_video_store(&l->writer_gen, st->generation);
    ngx_video_store_sc(&l->writer, (uint32_t) st->slot);

    ngx_video_live_begin(l);

    ngx_video_store_sc(&l->state, NGX_VIDEO_LIVE_STARTING);
    ngx_video_live_empty(st, l);

    l->reserved = chunks;
    h->reserved += chunks;

    l->started = now;
    l->ended = 0;
    l->linger = conf->linger ? conf->linger : NGX_VIDEO_LIVE_LINGER;
    l->grace = conf->grace;
    ngx_memzero(&l->clock, sizeof(ngx_video_live_clock_t));
    __atomic_store_n(&l->stood_by, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&l->leaving, 0, __ATOMIC_RELAXED);
    l->prev = 0;
    l->prev_epoch = 0;
    l->order = 0;
    l->had = 0;
    l->target = (uint32_t) ((conf->segment + 999) / 1000);
    l->window_ms = conf->window;
    l->dvr_ms = conf->dvr;
    l->bytes = 0;
    l->app = conf->app;
    l->peer = conf->peer;
    l->name_len = conf->name.len;
    ngx_memcpy(l->name, conf->name.data, conf->name.len);
    ngx_video_store(&st->names[l - st->lives],
                    (uint32_t) ngx_video_hash(l->name, l->name_len));

    /* both grow for ever, also over a restart of nginx */
    h->last_epoch = ngx_max(now << 8, h->last_epoch + 1);
    ngx_video_store(&l->epoch, h->last_epoch);
    l->next_msn = ngx_max(now / 1000, l->next_msn);

    l->stat = ngx_video_live_stat_take(st, l);
    l->next_msn = ngx_max(l->next_msn, st->stats[l->stat].next_msn);

    if (prev != -1) {
        p = &st->lives[prev];
        l->prev = (uint32_t) prev + 1;
        l->prev_epoch = p->epoch;
        l->order = p->order + 1;
        l->next_msn = ngx_max(l->next_msn, p->next_msn);
        l->target = ngx_max(l->target, p->target);
    }

    ngx_video_live_commit(l);
}


ngx_int_t
ngx_video_live_publish(ngx_video_store_t *st, ngx_video_live_conf_t *conf,
    ngx_uint_t *index)
{
    uint32_t           chunks;
    ngx_int_t          rc, prev;
    ngx_video_live_t  *l;

    if (conf->name.len == 0 || conf->name.len > NGX_VIDEO_LIVE_NAME
        || st->slot == NGX_VIDEO_NO_SLOT)
    {
        conf->refused = "no worker slot";
        return NGX_DECLINED;
    }

    conf->refused = "too many streams";
    chunks = (uint32_t) (conf->reserve >> NGX_VIDEO_CHUNK_SHIFT) + 4;

    ngx_video_store_lock(st);

    rc = ngx_video_live_choose(st, &conf->name, index, &prev);
    conf->left = (rc == NGX_BUSY && ngx_video_live_leaving(st, *index));

    if (rc == NGX_OK) {
        rc = ngx_video_live_limit(st, conf);
    }

    if (rc == NGX_OK) {
        l = &st->lives[*index];

        if ((uint64_t) st->head->reserved - l->reserved + chunks
            > st->head->nchunks - st->head->nchunks / 16)
        {
            conf->refused = "not enough memory";
            rc = NGX_DECLINED;

        } else {
            ngx_video_live_take(st, l, conf, chunks, prev);
        }
    }

    ngx_video_store_unlock(st);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_video_signal_raise(st, &l->signal);

    ngx_video_live_disown(st, *index);

    return NGX_OK;
}


void
ngx_video_live_stand_by(ngx_video_store_t *st, ngx_str_t *name)
{
    ngx_int_t  newest, free;

    ngx_video_store_lock(st);

    newest = ngx_video_live_newest(st, name, &free);

    if (newest != -1) {
        __atomic_store_n(&st->lives[newest].stood_by, ngx_video_live_now(),
                         __ATOMIC_RELAXED);
    }

    ngx_video_store_unlock(st);
}


uint64_t
ngx_video_live_stood_by(ngx_video_store_t *st, ngx_uint_t index)
{
    uint64_t  now, then;

    now = ngx_video_live_now();
    then = __atomic_load_n(&st->lives[index].stood_by, __ATOMIC_RELAXED);

    return now - ngx_min(then, now);
}


void
ngx_video_live_left(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_video_live_t  *l;

    l = &st->lives[index];
    __atomic_store_n(&l->leaving, l->epoch, __ATOMIC_RELAXED);
}


/* Under the lock: where the media of a run end, ms. */
static uint64_t
ngx_video_live_end_of(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint64_t                   end, ms;
    ngx_uint_t                 i;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    end = 0;

    for (i = 0; i < l->ntracks; i++) {
        t = ngx_video_live_track_at(st, l, i);

        if (t->next > t->first) {
            s = ngx_video_live_segment_at(t, t->next - 1);
            ms = (uint64_t) nvm_rescale((int64_t) (s->start + s->duration),
                                        1000, t->track.timescale);
            end = ngx_max(end, ms + 1);
        }
    }

    return end;
}


/*
 * Under the lock: the kinds of media that a run had, and those before it, but
 * for what is no longer expected: it went on without for all of a window.
 */
static uint32_t
ngx_video_live_had(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t                 had;
    ngx_uint_t               i;
    ngx_video_live_track_t  *t;

    had = ngx_video_live_end_of(st, l) <= l->clock.begin + l->window_ms
          ? l->had : 0;

    for (i = 0; i < l->ntracks; i++) {
        t = ngx_video_live_track_at(st, l, i);
        had |= t->next ? 1u << t->track.kind : 0;
    }

    return had;
}


/* Under the lock. */
static ngx_uint_t
ngx_video_live_alike(ngx_video_store_t *st, ngx_video_live_t *l,
    const uint8_t *kinds, ngx_uint_t n)
{
    ngx_uint_t  i;

    if (l->ntracks != n) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (ngx_video_live_track_at(st, l, i)->track.kind != kinds[i]) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_video_live_join(ngx_video_store_t *st, ngx_uint_t index,
    const uint8_t *kinds, ngx_uint_t n, ngx_video_live_clock_t *clock)
{
    uint64_t           end;
    ngx_int_t          rc;
    ngx_video_live_t  *l, *p;

    l = &st->lives[index];
    rc = NGX_DECLINED;

    ngx_video_store_lock(st);

    p = ngx_video_live_prev(st, l);

    if (p && p->state == NGX_VIDEO_LIVE_PAUSED
        && ngx_video_live_alike(st, p, kinds, n))
    {
        ngx_video_live_clock_of(st, p, clock);
        end = ngx_video_live_end_of(st, p);

        if (end > clock->begin) {
            clock->start += end - clock->begin;
            clock->begin = end;
        }

        rc = NGX_OK;
    }

    ngx_video_live_begin(l);

    if (rc == NGX_OK) {
        l->had = ngx_video_live_had(st, p);

    } else {
        l->prev = 0;
        l->order = 0;
    }

    ngx_video_live_commit(l);

    ngx_video_store_unlock(st);

    return rc;
}


ngx_int_t
ngx_video_live_sound(ngx_video_store_t *st, ngx_uint_t index, ngx_uint_t n,
    nvm_track_t *sound)
{
    ngx_int_t                rc;
    ngx_video_live_t        *p;
    ngx_video_live_track_t  *t;

    rc = NGX_DECLINED;

    ngx_video_store_lock(st);

    p = ngx_video_live_prev(st, &st->lives[index]);

    if (p && p->state == NGX_VIDEO_LIVE_PAUSED && p->ntracks == n + 1) {
        t = ngx_video_live_track_at(st, p, n);

        if (t->track.kind == NVM_AUDIO) {
            *sound = t->track;
            rc = NGX_OK;
        }
    }

    ngx_video_store_unlock(st);

    return rc;
}


/*
 * Under the lock: segments that a run had of the track that had most, and the
 * number that comes after them.
 */
static uint64_t
ngx_video_live_longest(ngx_video_store_t *st, ngx_video_live_t *l,
    uint64_t *msn)
{
    uint64_t                 n;
    ngx_uint_t               i;
    ngx_video_live_track_t  *t;

    for (i = 0, n = 0; i < l->ntracks; i++) {
        t = ngx_video_live_track_at(st, l, i);

        if (t->next > n) {
            n = t->next;
            *msn = ngx_video_live_segment_at(t, n - 1)->msn + 1;
        }
    }

    return n;
}


uint64_t
ngx_video_live_next_msn(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number)
{
    uint64_t                 n, msn, next, absent;
    ngx_video_live_t        *l, *p;
    ngx_video_live_track_t  *t;

    l = &st->lives[index];
    msn = l->next_msn;
    next = msn;
    absent = 0;

    ngx_video_store_lock(st);

    for (p = ngx_video_live_prev(st, l); p && number < p->ntracks;
         p = ngx_video_live_prev(st, p))
    {
        t = ngx_video_live_track_at(st, p, number);

        if (t->next) {
            msn = ngx_video_live_segment_at(t, t->next - 1)->msn + 1 + absent;
            break;
        }

        n = ngx_video_live_longest(st, p, &next);

        if (n && absent == 0) {
            /* if it never had media it goes on with the others */
            msn = next;
        }

        absent += n;
    }

    ngx_video_store_unlock(st);

    return msn;
}


void
ngx_video_live_ready(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_video_live_t  *l, *p;

    l = &st->lives[index];

    ngx_video_store_lock(st);

    ngx_video_live_begin(l);
    ngx_video_store_sc(&l->state, NGX_VIDEO_LIVE_LIVE);
    ngx_video_live_commit(l);

    p = ngx_video_live_prev(st, l);

    if (p) {
        ngx_video_live_begin(p);
        p->ended = ngx_video_live_now();
        ngx_video_store_sc(&p->state, NGX_VIDEO_LIVE_CONTINUED);
        ngx_video_live_commit(p);
    }

    ngx_video_store_unlock(st);

    ngx_video_signal_raise(st, &l->signal);

    if (p) {
        /* who waits for the stream waits there */
        ngx_video_signal_raise(st, &p->signal);
    }
}


uint64_t
ngx_video_live_first_msn(ngx_video_store_t *st, ngx_uint_t index)
{
    return st->lives[index].next_msn;
}
