/*
 * Copyright (C) ngx_video authors
 *
 * The zone: its layout, its lock, its chunks, and the repair of what a
 * process left behind that died while it held the lock.
 */

#include "ngx_video_store.h"
#include "ngx_video_live_block.h"
#include "ngx_video_live_stat.h"
#include "ngx_video_relay_stat.h"
#include "ngx_video_wish.h"


/* objects put out for one chunk: bounds the time in the lock */
#define NGX_VIDEO_EVICT_MAX       64


static void ngx_video_store_recover(ngx_video_store_t *st);


static uint32_t
ngx_video_power_of_two(uint64_t n)
{
    uint32_t  p;

    for (p = 64; p < n && p < 1u << 30; p <<= 1) { /* void */ }

    return p;
}


/* Places every table for a zone of nchunks; returns the bytes it needs. */
static uint64_t
ngx_video_store_layout(ngx_video_head_t *h, uint32_t nchunks)
{
    uint64_t  at;

    h->nchunks = nchunks;
    h->nobjects = nchunks + 64;
    h->nbuckets = ngx_video_power_of_two(h->nobjects);
    h->nghosts = ngx_video_power_of_two(h->nobjects);
    h->nlives = ngx_min(ngx_max(nchunks / 16, 8), 1024);
    h->nwishes = ngx_max(2 * h->nlives, NGX_VIDEO_WISHES);
    h->nrelays = ngx_max(2 * h->nlives, NGX_VIDEO_RELAY_STATS);

    at = ngx_align(sizeof(ngx_video_head_t), 64);

    h->slots = at;
    at = ngx_align(at + NGX_VIDEO_SLOTS * sizeof(ngx_video_slot_t), 64);

    h->objects = at;
    at = ngx_align(at + h->nobjects * sizeof(ngx_video_object_t), 64);

    h->refs = at;
    at = ngx_align(at + (uint64_t) h->nobjects * NGX_VIDEO_SLOTS
                        * sizeof(uint32_t), 64);

    h->buckets = at;
    at = ngx_align(at + h->nbuckets * sizeof(uint32_t), 64);

    h->chunks = at;
    at = ngx_align(at + h->nchunks * sizeof(uint32_t), 64);

    h->ghosts = at;
    at = ngx_align(at + h->nghosts * sizeof(uint32_t), 64);

    h->lives = at;
    at = ngx_align(at + h->nlives * sizeof(ngx_video_live_t), 64);

    h->names = at;
    at = ngx_align(at + h->nlives * sizeof(uint32_t), 64);

    h->stats = at;
    at = ngx_align(at + h->nlives * sizeof(ngx_video_live_stat_t), 64);

    h->wishes = at;
    at = ngx_align(at + h->nwishes * sizeof(ngx_video_wish_t), 64);

    h->relays = at;
    at = ngx_align(at + h->nrelays * sizeof(ngx_video_relay_stat_t), 4096);

    h->data = at;

    return at + ((uint64_t) nchunks << NGX_VIDEO_CHUNK_SHIFT);
}


ngx_int_t
ngx_video_store_format(void *base, size_t size)
{
    uint32_t           n;
    ngx_video_head_t  *h;
    ngx_video_store_t  st;

    h = base;
    ngx_memzero(h, sizeof(ngx_video_head_t));

    n = (uint32_t) ngx_min(size >> NGX_VIDEO_CHUNK_SHIFT, 1u << 26);

    while (n && ngx_video_store_layout(h, n) > size) {
        n -= ngx_max(n / 256, 1);
    }

    if (n < 8) {
        return NGX_ERROR;
    }

    /* the data area is touched only when it is used */
    ngx_memzero((u_char *) base + h->slots, h->data - h->slots);

    h->version = NGX_VIDEO_STORE_VERSION;
    h->size = size;
    h->next_id = 1;
    h->magic = NGX_VIDEO_STORE_MAGIC;

    if (ngx_video_store_attach(&st, base, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_video_store_recover(&st);
    h->recoveries = 0;

    return NGX_OK;
}


ngx_int_t
ngx_video_store_attach(ngx_video_store_t *st, void *base, ngx_shmtx_t *mutex)
{
    u_char            *p;
    ngx_uint_t         i;
    ngx_video_head_t  *h;

    h = base;
    p = base;

    if (h->magic != NGX_VIDEO_STORE_MAGIC
        || h->version != NGX_VIDEO_STORE_VERSION)
    {
        return NGX_ERROR;
    }

    ngx_memzero(st, sizeof(ngx_video_store_t));

    st->head = h;
    st->slots = (ngx_video_slot_t *) (p + h->slots);
    st->objects = (ngx_video_object_t *) (p + h->objects);
    st->refs = (uint32_t *) (p + h->refs);
    st->buckets = (uint32_t *) (p + h->buckets);
    st->chunks = (uint32_t *) (p + h->chunks);
    st->ghosts = (uint32_t *) (p + h->ghosts);
    st->lives = (ngx_video_live_t *) (p + h->lives);
    st->names = (uint32_t *) (p + h->names);
    st->stats = (ngx_video_live_stat_t *) (p + h->stats);
    st->wishes = (ngx_video_wish_t *) (p + h->wishes);
    st->relays = (ngx_video_relay_stat_t *) (p + h->relays);
    st->data = p + h->data;

    st->mutex = mutex;
    st->slot = NGX_VIDEO_NO_SLOT;
    st->wake_fd = (ngx_socket_t) -1;

    for (i = 0; i < sizeof(st->parked) / sizeof(st->parked[0]); i++) {
        ngx_queue_init(&st->parked[i]);
    }

    ngx_queue_init(&st->spare);
    ngx_queue_init(&st->readers);

    return NGX_OK;
}


void
ngx_video_store_lock(ngx_video_store_t *st)
{
    ngx_shmtx_lock(st->mutex);

    if (st->head->mutating) {
        ngx_video_store_recover(st);
        __atomic_fetch_add(&st->head->recoveries, 1, __ATOMIC_RELAXED);
    }

    ngx_video_store_sc(&st->head->mutating, 1);
}


void
ngx_video_store_unlock(ngx_video_store_t *st)
{
    ngx_video_store_sc(&st->head->mutating, 0);

    ngx_shmtx_unlock(st->mutex);
}


uint32_t
ngx_video_chunk_take(ngx_video_store_t *st, ngx_uint_t live)
{
    uint32_t           c, promised;
    ngx_uint_t         n;
    ngx_video_head_t  *h;

    h = st->head;
    promised = 0;

    if (!live && h->reserved > h->pinned) {
        promised = h->reserved - h->pinned;
    }

    for (n = 0; h->nfree <= promised; n++) {
        if (n == NGX_VIDEO_EVICT_MAX || ngx_video_evict(st, live) != NGX_OK) {
            __atomic_fetch_add(&h->refusals, 1, __ATOMIC_RELAXED);
            return 0;
        }
    }

    c = h->free_chunk;
    h->free_chunk = st->chunks[c - 1];
    h->nfree--;
    st->chunks[c - 1] = 0;

    return c;
}


void
ngx_video_chunk_free(ngx_video_store_t *st, uint32_t first)
{
    uint32_t           c, next;
    ngx_video_head_t  *h;

    h = st->head;

    for (c = first; c; c = next) {
        next = st->chunks[c - 1];
        st->chunks[c - 1] = h->free_chunk;
        h->free_chunk = c;
        h->nfree++;
    }
}


/*
 * Marks the chain of an object in the bitmap of used chunks; cuts it where it
 * meets a chunk that somebody else has, which can only be damage.
 */
static void
ngx_video_recover_chain(ngx_video_store_t *st, ngx_video_object_t *o,
    u_char *used)
{
    uint32_t  c, *link;

    o->nchunks = 0;
    o->last = 0;
    link = &o->first;

    while (*link) {
        c = *link;

        if (c > st->head->nchunks || used[(c - 1) / 8] & (1 << (c - 1) % 8)) {
            *link = 0;
            o->state = NGX_VIDEO_OBJECT_ABORTED;
            o->linked = 0;
            break;
        }

        used[(c - 1) / 8] |= 1 << (c - 1) % 8;
        o->last = c;
        o->nchunks++;
        link = &st->chunks[c - 1];
    }
}


/* A chunk of a stream's own. */
static void
ngx_video_recover_chunk(ngx_video_store_t *st, uint32_t c, u_char *used)
{
    if (c <= st->head->nchunks) {
        used[(c - 1) / 8] |= 1 << (c - 1) % 8;
        st->head->pinned++;
    }
}


/* What a stream holds is used; who freed the block may not have finished. */
static void
ngx_video_recover_live(ngx_video_store_t *st, ngx_video_live_t *l,
    u_char *used)
{
    uint32_t                 c, n, pages[NGX_VIDEO_LIVE_PAGES];
    ngx_uint_t               i;
    ngx_video_live_track_t  *t;

    if (l->state == NGX_VIDEO_LIVE_FREE) {
        ngx_memzero(l->tracks, sizeof(l->tracks));
        l->ntracks = 0;
        l->events = 0;
        l->images = 0;
        l->reserved = 0;
        l->epoch = 0;
        l->writer = NGX_VIDEO_NO_SLOT;
    }

    st->names[l - st->lives] = (uint32_t) ngx_video_hash(l->name,
                                   ngx_min(l->name_len, NGX_VIDEO_LIVE_NAME));

    if (l->writer == NGX_VIDEO_NO_SLOT) {
        /* who wrote it did so under the lock */
        ngx_video_store_sc(&l->version, (l->version + 1) & ~(uint64_t) 1);
    }

    st->head->reserved += l->reserved;

    if (l->events && l->events <= st->head->nchunks) {
        ngx_video_recover_chunk(st, l->events, used);
    }

    if (l->images && l->images <= st->head->nchunks) {
        ngx_video_recover_chunk(st, l->images, used);
    }

    for (i = 0; i < NGX_VIDEO_LIVE_TRACKS; i++) {
        c = l->tracks[i];

        if (c == 0 || c > st->head->nchunks) {
            continue;
        }

        ngx_video_recover_chunk(st, c, used);

        t = (ngx_video_live_track_t *) ngx_video_chunk_data(st, c);

        for (n = ngx_video_live_pages(t, pages); n--; /* void */) {
            ngx_video_recover_chunk(st, pages[n], used);
        }
    }
}


/*
 * Rebuilds everything that is derived: free lists, buckets, queues, counts.
 * The truth is in the object table and in the live table.  Runs under the
 * lock, where nothing may be allocated: the bitmap of used chunks borrows the
 * ghost table, whose loss costs a few wrong evictions.
 */
static void
ngx_video_store_recover(ngx_video_store_t *st)
{
    u_char              *used;
    uint32_t             i;
    ngx_video_head_t    *h;
    ngx_video_object_t  *o;

    h = st->head;

    /* the bitmap lives in the ghost table: nghosts * 4 * 8 >= nchunks */
    used = (u_char *) st->ghosts;
    ngx_memzero(st->ghosts, h->nghosts * sizeof(uint32_t));
    ngx_memzero(st->buckets, h->nbuckets * sizeof(uint32_t));
    ngx_memzero(h->fifo, sizeof(h->fifo));

    h->free_object = 0;
    h->free_chunk = 0;
    h->nfree = 0;
    h->nused = 0;
    h->reserved = 0;
    h->pinned = 0;
    h->lingering = 0;

    for (i = 0; i < h->nobjects; i++) {
        o = &st->objects[i];

        if (o->state != NGX_VIDEO_OBJECT_FREE) {
            ngx_video_recover_chain(st, o, used);
        }

        if (o->state == NGX_VIDEO_OBJECT_ABORTED) {
            /* who aborted it did not live to take it out of everything */
            o->linked = 0;
            o->owner = 0;
        }

        o->lingers = 0;
        h->pinned += o->owner ? o->nchunks : 0;
    }

    for (i = 0; i < h->nlives; i++) {
        ngx_video_recover_live(st, &st->lives[i], used);
    }

    for (i = h->nchunks; i; i--) {
        if (!(used[(i - 1) / 8] & (1 << (i - 1) % 8))) {
            st->chunks[i - 1] = h->free_chunk;
            h->free_chunk = i;
            h->nfree++;
        }
    }

    ngx_memzero(st->ghosts, h->nghosts * sizeof(uint32_t));

    for (i = h->nobjects; i; i--) {
        o = &st->objects[i - 1];
        o->queue = NGX_VIDEO_QUEUE_NONE;

        if (o->state == NGX_VIDEO_OBJECT_FREE) {
            o->next = h->free_object;
            h->free_object = i;
            continue;
        }

        h->nused++;

        if (o->linked) {
            o->bucket = st->buckets[o->hash & (h->nbuckets - 1)];
            st->buckets[o->hash & (h->nbuckets - 1)] = i;

            if (o->state == NGX_VIDEO_OBJECT_COMPLETE) {
                ngx_video_evict_insert(st, o);
            }
        }
    }

    /* what was on its way out when its owner died */
    for (i = 0; i < h->nobjects; i++) {
        ngx_video_object_release_unheld(st, &st->objects[i]);
    }
}


void
ngx_video_store_daemon(ngx_video_store_t *st, ngx_video_daemon_t *d)
{
    ngx_video_daemon_t  *to;

    to = &st->head->daemon;

    ngx_video_store(&to->pid, d->pid);
    ngx_video_store(&to->starts, d->starts);
    ngx_video_store(&to->streams, d->streams);
    ngx_video_store(&to->beat, d->beat);
}
