/*
 * Copyright (C) ngx_video authors
 *
 * A look at a whole zone that finds what is not as it must be; see
 * store_env.h.
 */

#include "store_env.h"


static __thread char  env_text[200];


static const char *
env_fail(const char *what, uint64_t index, uint64_t got, uint64_t want)
{
    snprintf(env_text, sizeof(env_text), "%s of %llu: %llu, not %llu", what,
             (unsigned long long) index, (unsigned long long) got,
             (unsigned long long) want);

    return env_text;
}


/* Marks the chain of chunks from "first"; tells how many, or -1. */
static int64_t
env_chain(ngx_video_store_t *st, u_char *used, uint32_t first, uint32_t *last)
{
    int64_t   n;
    uint32_t  c;

    for (n = 0, *last = 0, c = first; c; c = st->chunks[c - 1], n++) {

        if (c > st->head->nchunks || used[c - 1]) {
            return -1;
        }

        used[c - 1] = 1;
        *last = c;
    }

    return n;
}


static uint64_t
env_refs(ngx_video_store_t *st, uint32_t object)
{
    uint64_t    n;
    ngx_uint_t  i;

    for (n = 0, i = 0; i < NGX_VIDEO_SLOTS; i++) {
        n += st->refs[(size_t) object * NGX_VIDEO_SLOTS + i];
    }

    return n;
}


/* What is summed up over the object and live tables. */
typedef struct {
    u_char      *used;          /* by chunk */
    uint64_t     reserved;
    uint64_t     pinned;
    uint64_t     lingering;
} env_sums_t;


static const char *
env_check_object(ngx_video_store_t *st, uint32_t i, env_sums_t *sums)
{
    int64_t              n;
    uint32_t             last, link;
    ngx_video_object_t  *o;

    o = &st->objects[i];

    if (o->state == NGX_VIDEO_OBJECT_FREE) {
        return env_refs(st, i) ? env_fail("references to free object", i,
                                          env_refs(st, i), 0) : NULL;
    }

    n = env_chain(st, sums->used, o->first, &last);

    if (n != o->nchunks || last != o->last) {
        return env_fail("chain of object", i, (uint64_t) n, o->nchunks);
    }

    if (o->filled > (uint64_t) n << NGX_VIDEO_CHUNK_SHIFT) {
        return env_fail("filled of object", i, o->filled, (uint64_t) n);
    }

    if (!ngx_video_object_held(st, o)) {
        return env_fail("holds of object", i, 0, 1);
    }

    if (o->state == NGX_VIDEO_OBJECT_ABORTED && (o->linked || o->owner)) {
        return env_fail("links of aborted object", i, 1, 0);
    }

    if ((o->queue != NGX_VIDEO_QUEUE_NONE)
        != (o->linked && o->state == NGX_VIDEO_OBJECT_COMPLETE))
    {
        return env_fail("queue of object", i, o->queue, o->linked);
    }

    if (o->lingers != (!o->linked && !o->owner)) {
        return env_fail("lingering of object", i, o->lingers, !o->lingers);
    }

    sums->pinned += o->owner ? o->nchunks : 0;
    sums->lingering += o->lingers ? o->nchunks : 0;

    if (o->linked) {
        link = st->buckets[o->hash & (st->head->nbuckets - 1)];

        while (link && link != i + 1) {
            link = st->objects[link - 1].bucket;
        }

        if (link == 0) {
            return env_fail("bucket of object", i, 0, i + 1);
        }
    }

    return NULL;
}


/* What a track lists is there, and the stream keeps it, but for gaps. */
static const char *
env_check_track(ngx_video_store_t *st, uint32_t live, uint32_t chunk)
{
    uint64_t                   k;
    ngx_video_object_t        *o;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    t = (ngx_video_live_track_t *) (void *) ngx_video_chunk_data(st, chunk);

    for (k = t->first; k < t->next; k++) {
        s = &t->segments[k % NGX_VIDEO_LIVE_SEGMENTS];
        o = &st->objects[s->object.index];

        if (s->gap) {
            continue;           /* its object is aborted, or about to be */
        }

        if (o->state == NGX_VIDEO_OBJECT_FREE || o->id != s->object.id
            || o->owner != live + 1
            || o->owner_epoch != st->lives[live].epoch)
        {
            return env_fail("object of segment", s->msn, o->owner, live + 1);
        }

        if (s->complete && (o->state != NGX_VIDEO_OBJECT_COMPLETE
                            || o->filled != s->size))
        {
            return env_fail("bytes of segment", s->msn, o->filled, s->size);
        }
    }

    return NULL;
}


/* The steps of a run's clock, which all have been written, go ahead. */
static const char *
env_check_steps(ngx_video_store_t *st, uint32_t chunk)
{
    uint64_t                 k, begin, at;
    ngx_video_live_track_t  *t;

    t = (ngx_video_live_track_t *) (void *) ngx_video_chunk_data(st, chunk);
    k = t->nsteps - ngx_min(t->nsteps, NGX_VIDEO_LIVE_STEPS - 1);

    for (at = 0; k < t->nsteps; k++, at = begin) {
        begin = t->steps[k % NGX_VIDEO_LIVE_STEPS].begin;

        if (begin <= at) {
            return env_fail("begin of step", k, begin, at + 1);
        }
    }

    return NULL;
}


/* The pages of what is listed from disk are those of the records that are. */
static const char *
env_check_pages(ngx_video_store_t *st, uint32_t live, uint32_t chunk,
    env_sums_t *sums)
{
    uint32_t                 i, page, n;
    uint64_t                 k;
    ngx_video_live_dvr_t    *d;
    ngx_video_live_track_t  *t;

    t = (ngx_video_live_track_t *) (void *) ngx_video_chunk_data(st, chunk);
    d = &t->dvr;

    for (i = 0, n = 0; i < NGX_VIDEO_LIVE_PAGES; i++) {
        page = d->pages[i];

        if (page == 0) {
            continue;
        }

        if (page > st->head->nchunks || sums->used[page - 1]) {
            return env_fail("page of stream", live, page, 0);
        }

        sums->used[page - 1] = 1;
        sums->pinned++;
        n++;
    }

    for (k = d->first; k < d->next; k++) {
        if (d->pages[k / NGX_VIDEO_LIVE_PAGE % NGX_VIDEO_LIVE_PAGES] == 0) {
            return env_fail("page of record", k, 0, 1);
        }
    }

    if (n > (d->next - d->first) / NGX_VIDEO_LIVE_PAGE + 2) {
        return env_fail("pages of stream", live, n, d->next - d->first);
    }

    return NULL;
}


/*
 * The chunk of events: those that are there are numbered, have their bytes one
 * after the other, and nothing that came later is where they are.
 */
static const char *
env_check_events(ngx_video_store_t *st, ngx_video_live_t *l, uint8_t *used)
{
    uint64_t                  k, at;
    ngx_video_live_event_t   *event;
    ngx_video_live_events_t  *e;

    if (l->state == NGX_VIDEO_LIVE_FREE || l->events > st->head->nchunks
        || *used)
    {
        return env_fail("events of stream", l->events, 0, 0);
    }

    *used = 1;
    e = (ngx_video_live_events_t *) ngx_video_chunk_data(st, l->events);

    if (e->next - e->first > NGX_VIDEO_LIVE_EVENTS) {
        return env_fail("events", e->first, e->next, 0);
    }

    at = 0;

    for (k = e->first; k < e->next; k++) {
        event = &e->events[k % NGX_VIDEO_LIVE_EVENTS];

        if (event->number != k || event->size > NGX_VIDEO_LIVE_EVENT_MAX
            || (k > e->first && event->at != at)
            || e->next_byte - event->at > NGX_VIDEO_LIVE_EVENT_BYTES)
        {
            return env_fail("event", k, event->number, event->at);
        }

        at = event->at + event->size;

        if (event->size
            && e->data[event->at % NGX_VIDEO_LIVE_EVENT_BYTES]
               != (u_char) event->id)
        {
            return env_fail("data of event", k, event->id, 0);
        }
    }

    return NULL;
}


/* The chunk of thumbnails: what is in a place is there, and belongs there. */
static const char *
env_check_images(ngx_video_store_t *st, ngx_video_live_t *l, uint8_t *used)
{
    uint32_t                  k;
    ngx_video_object_t       *o;
    ngx_video_live_image_t   *p;
    ngx_video_live_images_t  *images;

    if (l->state == NGX_VIDEO_LIVE_FREE || l->images > st->head->nchunks
        || *used)
    {
        return env_fail("thumbnails of stream", l->images, 0, 0);
    }

    *used = 1;
    images = (ngx_video_live_images_t *) ngx_video_chunk_data(st, l->images);

    for (k = 0; k < NGX_VIDEO_LIVE_IMAGES + NGX_VIDEO_LIVE_SHEETS; k++) {
        p = k < NGX_VIDEO_LIVE_IMAGES ? &images->thumbs[k]
            : &images->sheets[k - NGX_VIDEO_LIVE_IMAGES];

        if (p->size == 0) {
            continue;
        }

        o = &st->objects[p->object.index];

        if (k < NGX_VIDEO_LIVE_IMAGES && p->number % NGX_VIDEO_LIVE_IMAGES != k)
        {
            return env_fail("place of thumbnail", k, p->number, 0);
        }

        if (o->id != p->object.id || o->state == NGX_VIDEO_OBJECT_FREE
            || o->state == NGX_VIDEO_OBJECT_ABORTED
            || o->filled < (uint64_t) p->offset + p->size)
        {
            return env_fail("thumbnail", p->number, o->id, o->state);
        }
    }

    return NULL;
}


static const char *
env_check_lives(ngx_video_store_t *st, env_sums_t *sums)
{
    uint32_t           i, k, c;
    const char        *error;
    ngx_video_live_t  *l;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];
        sums->reserved += l->reserved;

        if (l->version & 1) {
            return env_fail("version of stream", i, l->version, 0);
        }

        for (k = 0; k < NGX_VIDEO_LIVE_TRACKS; k++) {
            c = l->tracks[k];

            if (c == 0) {
                continue;
            }

            if (l->state == NGX_VIDEO_LIVE_FREE || c > st->head->nchunks
                || sums->used[c - 1])
            {
                return env_fail("track of stream", i, c, 0);
            }

            sums->used[c - 1] = 1;
            sums->pinned++;

            error = (k < l->ntracks) ? env_check_track(st, i, c) : NULL;

            if (error == NULL && k == 0 && l->ntracks) {
                error = env_check_steps(st, c);
            }

            if (error == NULL) {
                error = env_check_pages(st, i, c, sums);
            }

            if (error) {
                return error;
            }
        }

        if (l->images) {
            error = env_check_images(st, l, &sums->used[l->images - 1]);
            sums->pinned++;

            if (error) {
                return error;
            }
        }

        if (l->events) {
            error = env_check_events(st, l, &sums->used[l->events - 1]);
            sums->pinned++;

            if (error) {
                return error;
            }
        }
    }

    return NULL;
}


static const char *
env_check_sums(ngx_video_head_t *h, env_sums_t *sums)
{
    if (h->reserved != sums->reserved) {
        return env_fail("reserved", 0, h->reserved, sums->reserved);
    }

    if (h->pinned != sums->pinned) {
        return env_fail("pinned", 0, h->pinned, sums->pinned);
    }

    if (h->lingering != sums->lingering) {
        return env_fail("lingering", 0, h->lingering, sums->lingering);
    }

    return NULL;
}


static const char *
env_check_queues(ngx_video_store_t *st)
{
    uint32_t             i, q, n, prev, chunks;
    ngx_video_fifo_t    *f;
    ngx_video_object_t  *o;

    n = 0;

    for (q = 1; q < NGX_VIDEO_QUEUES; q++) {
        f = &st->head->fifo[q];
        prev = 0;
        chunks = 0;

        for (i = f->head; i && n <= st->head->nobjects; i = o->next, n++) {
            o = &st->objects[i - 1];

            if (o->queue != q || o->prev != prev || !o->linked) {
                return env_fail("link in queue", q, o->prev, prev);
            }

            prev = i;
            chunks += o->nchunks;
        }

        if (f->tail != prev || f->chunks != chunks) {
            return env_fail("chunks in queue", q, f->chunks, chunks);
        }
    }

    for (i = 0; i < st->head->nobjects; i++) {
        n -= (st->objects[i].state && st->objects[i].queue);
    }

    return n ? env_fail("objects in queues", 0, n, 0) : NULL;
}


static const char *
env_check_counts(ngx_video_store_t *st, u_char *used)
{
    int64_t            n;
    uint32_t           i, c;
    ngx_video_head_t  *h;

    h = st->head;
    n = env_chain(st, used, h->free_chunk, &c);

    if (n != h->nfree) {
        return env_fail("free chunks", 0, (uint64_t) n, h->nfree);
    }

    for (i = 0; i < h->nchunks; i++) {
        if (!used[i]) {
            return env_fail("owner of chunk", i, 0, 1);
        }
    }

    n = 0;

    for (c = h->free_object; c && n <= h->nobjects; n++) {
        if (st->objects[c - 1].state) {
            return env_fail("state of free object", c - 1, 1, 0);
        }

        c = st->objects[c - 1].next;
    }

    if (n + h->nused != h->nobjects) {
        return env_fail("free objects", 0, (uint64_t) n,
                        h->nobjects - h->nused);
    }

    n = 0;

    for (i = 0; i < h->nbuckets; i++) {
        for (c = st->buckets[i]; c && n <= h->nobjects; n++) {
            if (!st->objects[c - 1].linked || !st->objects[c - 1].state) {
                return env_fail("object in bucket", i, c, 0);
            }

            c = st->objects[c - 1].bucket;
        }
    }

    for (i = 0; i < h->nobjects; i++) {
        n -= (st->objects[i].state && st->objects[i].linked);
    }

    return n ? env_fail("objects in buckets", 0, (uint64_t) n, 0) : NULL;
}


const char *
store_env_check(ngx_video_store_t *st)
{
    uint32_t     i;
    env_sums_t   sums;
    const char  *error;

    memset(&sums, 0, sizeof(sums));
    sums.used = calloc(1, st->head->nchunks);

    if (sums.used == NULL) {
        return "no memory";
    }

    error = NULL;

    if (st->head->mutating || store_env(st->head)->lock) {
        error = "the lock is held";
    }

    for (i = 0; error == NULL && i < st->head->nobjects; i++) {
        error = env_check_object(st, i, &sums);
    }

    error = error ? error : env_check_lives(st, &sums);
    error = error ? error : env_check_sums(st->head, &sums);
    error = error ? error : env_check_counts(st, sums.used);
    error = error ? error : env_check_queues(st);

    free(sums.used);

    return error;
}


const char *
store_env_empty(ngx_video_store_t *st)
{
    uint32_t           i;
    const char        *error;
    ngx_video_ref_t    ref;
    ngx_video_head_t  *h;

    h = st->head;

    for (i = 0; i < h->nobjects; i++) {
        if (st->objects[i].state && st->objects[i].linked) {
            ref.id = st->objects[i].id;
            ref.index = i;
            ngx_video_object_unlink(st, &ref);
        }
    }

    error = store_env_check(st);

    if (error) {
        return error;
    }

    if (h->nused || h->nfree != h->nchunks || h->reserved || h->pinned
        || h->lingering)
    {
        snprintf(env_text, sizeof(env_text), "%u objects used, %u of %u chunks "
                 "free, %u reserved, %u pinned, %u lingering", h->nused,
                 h->nfree, h->nchunks, h->reserved, h->pinned, h->lingering);
        return env_text;
    }

    return NULL;
}


const char *
store_env_over(ngx_video_store_t *st)
{
    ngx_video_live_reap(st, STORE_ENV_FOREVER);
    ngx_video_live_orphan(st);
    ngx_video_live_reap(st, STORE_ENV_FOREVER);

    return store_env_empty(st);
}
