/*
 * Copyright (C) ngx_video authors
 *
 * The life of an object: see the table at the head of ngx_video_store.h.
 *
 * Why a reference can be given back without the lock: the count belongs to
 * one slot and only its process changes it.  Whoever unlinks an object sets
 * "linked" and then looks at the counts; whoever drops a count then looks at
 * "linked": with sequential consistency at least one of the two sees that
 * the object is no longer held, takes the lock and frees it, once, because
 * the id is compared again under the lock.
 */

#include "ngx_video_store.h"


uint64_t
ngx_video_hash(const u_char *p, size_t n)
{
    uint64_t  h;

    /* FNV-1a with a final mix; collisions are settled by comparing keys */
    for (h = 0xcbf29ce484222325ULL; n--; p++) {
        h = (h ^ *p) * 0x100000001b3ULL;
    }

    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93ULL;

    return h ^ h >> 32;
}


static uint32_t *
ngx_video_object_refs(ngx_video_store_t *st, ngx_video_object_t *o)
{
    return &st->refs[(size_t) (o - st->objects) * NGX_VIDEO_SLOTS];
}


/*
 * What holds the object: 1 for the index, 1 for a live window, 1 for the
 * writer, and the references of all slots.  Stops counting at 2.
 */
ngx_uint_t
ngx_video_object_held(ngx_video_store_t *st, ngx_video_object_t *o)
{
    uint32_t    *refs;
    ngx_uint_t   i, n;

    n = (o->linked != 0) + (o->owner != 0)
        + (o->writer != NGX_VIDEO_NO_SLOT);

    refs = ngx_video_object_refs(st, o);

    for (i = 0; n < 2 && i < NGX_VIDEO_SLOTS; i++) {
        n += ngx_video_load_sc(&refs[i]) != 0;
    }

    return n;
}


/* Frees an object that nothing holds; the state goes first. */
static void
ngx_video_object_release(ngx_video_store_t *st, ngx_video_object_t *o)
{
    uint32_t  first;

    ngx_video_evict_remove(st, o);

    if (o->lingers) {
        ngx_video_store(&o->lingers, 0);
        st->head->lingering -= o->nchunks;
    }

    first = o->first;

    ngx_video_store_sc(&o->state, NGX_VIDEO_OBJECT_FREE);
    o->id = 0;
    o->first = 0;
    o->last = 0;
    o->nchunks = 0;

    ngx_video_chunk_free(st, first);

    o->next = st->head->free_object;
    st->head->free_object = (uint32_t) (o - st->objects) + 1;
    st->head->nused--;
}


void
ngx_video_object_release_unheld(ngx_video_store_t *st, ngx_video_object_t *o)
{
    if (o->state == NGX_VIDEO_OBJECT_FREE) {
        return;
    }

    if (!ngx_video_object_held(st, o)) {
        ngx_video_object_release(st, o);
        return;
    }

    if (!o->linked && !o->owner && !o->lingers) {
        ngx_video_store(&o->lingers, 1);
        st->head->lingering += o->nchunks;
    }
}


void
ngx_video_object_unpin(ngx_video_store_t *st, ngx_video_object_t *o)
{
    if (o->owner) {
        ngx_video_store_sc(&o->owner, 0);
        st->head->pinned -= ngx_min(o->nchunks, st->head->pinned);
    }
}


void
ngx_video_object_drop(ngx_video_store_t *st, ngx_video_object_t *o)
{
    uint32_t  *link;

    if (o->linked) {
        ngx_video_store_sc(&o->linked, 0);

        link = &st->buckets[o->hash & (st->head->nbuckets - 1)];

        while (*link && &st->objects[*link - 1] != o) {
            link = &st->objects[*link - 1].bucket;
        }

        if (*link) {
            *link = o->bucket;
        }

        ngx_video_evict_remove(st, o);
    }

    ngx_video_object_release_unheld(st, o);
}


static ngx_video_object_t *
ngx_video_object_find(ngx_video_store_t *st, ngx_str_t *key, uint64_t hash)
{
    uint32_t             i;
    ngx_video_object_t  *o;

    for (i = st->buckets[hash & (st->head->nbuckets - 1)]; i; i = o->bucket) {
        o = &st->objects[i - 1];

        if (o->hash == hash && o->key_len == key->len
            && ngx_memcmp(o->key, key->data, key->len) == 0)
        {
            return o;
        }
    }

    return NULL;
}


static void
ngx_video_object_ref(ngx_video_store_t *st, ngx_video_object_t *o,
    ngx_video_ref_t *ref)
{
    uint32_t  *refs;

    refs = ngx_video_object_refs(st, o);
    __atomic_fetch_add(&refs[st->slot], 1, __ATOMIC_SEQ_CST);

    ref->id = o->id;
    ref->index = (uint32_t) (o - st->objects);
}


/* A fresh object in state FILLING whose writer is this process. */
static ngx_video_object_t *
ngx_video_object_new(ngx_video_store_t *st, ngx_uint_t kind, ngx_uint_t live)
{
    struct timeval       tv;
    ngx_video_head_t    *h;
    ngx_video_object_t  *o;

    h = st->head;

    if (h->free_object == 0 && ngx_video_evict(st, live) != NGX_OK) {
        return NULL;
    }

    if (h->free_object == 0) {
        return NULL;
    }

    o = &st->objects[h->free_object - 1];
    h->free_object = o->next;
    h->nused++;

    ngx_gettimeofday(&tv);

    o->id = h->next_id++;
    o->filled = 0;
    o->hash = 0;
    o->created = (uint64_t) tv.tv_sec * 1000 + tv.tv_usec / 1000;
    __atomic_fetch_add(&o->signal.seq, 1, __ATOMIC_SEQ_CST);
    ngx_video_store(&o->linked, 0);
    ngx_video_store(&o->owner, 0);
    o->owner_epoch = 0;
    ngx_video_store(&o->writer, st->slot);
    o->writer_gen = st->generation;
    o->queue = NGX_VIDEO_QUEUE_NONE;
    o->frequency = 0;
    ngx_video_store(&o->lingers, 0);
    o->first = 0;
    o->last = 0;
    o->nchunks = 0;
    o->kind = kind;
    o->key_len = 0;
    o->meta_len = 0;

    ngx_video_store_sc(&o->state, NGX_VIDEO_OBJECT_FILLING);

    return o;
}


static void
ngx_video_object_link(ngx_video_store_t *st, ngx_video_object_t *o,
    ngx_str_t *key, uint64_t hash)
{
    uint32_t  *bucket;

    ngx_memcpy(o->key, key->data, key->len);
    o->key_len = key->len;
    o->hash = hash;

    bucket = &st->buckets[hash & (st->head->nbuckets - 1)];
    o->bucket = *bucket;
    *bucket = (uint32_t) (o - st->objects) + 1;

    ngx_video_store_sc(&o->linked, 1);
}


ngx_int_t
ngx_video_object_open(ngx_video_store_t *st, ngx_str_t *key, ngx_uint_t kind,
    ngx_uint_t flags, ngx_video_ref_t *ref)
{
    uint64_t             hash;
    ngx_int_t            rc;
    ngx_video_object_t  *o;

    ref->id = 0;

    if (key->len > NGX_VIDEO_KEY_MAX || st->slot == NGX_VIDEO_NO_SLOT) {
        return NGX_ERROR;
    }

    hash = ngx_video_hash(key->data, key->len);

    ngx_video_store_lock(st);

    o = ngx_video_object_find(st, key, hash);

    if (o && (flags & NGX_VIDEO_OPEN_REPLACE)) {
        ngx_video_object_drop(st, o);
        o = NULL;
    }

    if (o) {
        if (o->frequency < 3) {
            __atomic_store_n(&o->frequency, o->frequency + 1,
                             __ATOMIC_RELAXED);
        }

        ngx_video_object_ref(st, o, ref);
        rc = NGX_OK;

    } else if (flags == 0) {
        rc = NGX_DECLINED;

    } else {
        o = ngx_video_object_new(st, kind, 0);

        if (o == NULL) {
            rc = NGX_ERROR;

        } else {
            ngx_video_object_ref(st, o, ref);
            ngx_video_object_link(st, o, key, hash);
            rc = NGX_DONE;
        }
    }

    ngx_video_store_unlock(st);

    return rc;
}


ngx_int_t
ngx_video_object_create(ngx_video_store_t *st, ngx_uint_t owner,
    uint64_t epoch, ngx_uint_t kind, ngx_video_ref_t *ref)
{
    ngx_video_object_t  *o;

    ref->id = 0;

    if (st->slot == NGX_VIDEO_NO_SLOT) {
        return NGX_ERROR;
    }

    ngx_video_store_lock(st);

    o = ngx_video_object_new(st, kind, 1);

    if (o) {
        ngx_video_object_ref(st, o, ref);
        o->owner_epoch = epoch;
        ngx_video_store_sc(&o->owner, (uint32_t) owner + 1);
    }

    ngx_video_store_unlock(st);

    return o ? NGX_DONE : NGX_ERROR;
}


ngx_int_t
ngx_video_object_get(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    ngx_int_t            rc;
    ngx_video_object_t  *o;

    if (ref->index >= st->head->nobjects || ref->id == 0
        || st->slot == NGX_VIDEO_NO_SLOT)
    {
        return NGX_DECLINED;
    }

    o = &st->objects[ref->index];
    rc = NGX_DECLINED;

    ngx_video_store_lock(st);

    if (o->id == ref->id && o->state != NGX_VIDEO_OBJECT_FREE) {
        ngx_video_object_ref(st, o, ref);
        rc = NGX_OK;
    }

    ngx_video_store_unlock(st);

    return rc;
}


void
ngx_video_object_put(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    uint32_t            *refs;
    ngx_video_object_t  *o;

    if (ref->id == 0) {
        return;
    }

    o = &st->objects[ref->index];
    refs = ngx_video_object_refs(st, o);

    if (st->slot != NGX_VIDEO_NO_SLOT) {
        __atomic_fetch_sub(&refs[st->slot], 1, __ATOMIC_SEQ_CST);
    }

    if (!ngx_video_load_sc(&o->linked) && !ngx_video_load_sc(&o->owner)) {
        ngx_video_store_lock(st);

        if (o->id == ref->id) {
            ngx_video_object_release_unheld(st, o);
        }

        ngx_video_store_unlock(st);
    }

    ref->id = 0;
}


/* Room for n more bytes after "filled"; chunks are linked when complete. */
static ngx_int_t
ngx_video_object_grow(ngx_video_store_t *st, ngx_video_object_t *o,
    uint64_t size)
{
    uint32_t   c;
    ngx_int_t  rc;

    if (size <= (uint64_t) o->nchunks << NGX_VIDEO_CHUNK_SHIFT) {
        return NGX_OK;
    }

    rc = NGX_OK;

    ngx_video_store_lock(st);

    while (size > (uint64_t) o->nchunks << NGX_VIDEO_CHUNK_SHIFT) {

        c = ngx_video_chunk_take(st, o->owner != 0);
        if (c == 0) {
            rc = NGX_ERROR;
            break;
        }

        st->head->pinned += (o->owner != 0);
        st->head->lingering += o->lingers;

        if (o->last) {
            ngx_video_store(&st->chunks[o->last - 1], c);

        } else {
            ngx_video_store(&o->first, c);
        }

        o->last = c;
        o->nchunks++;
    }

    ngx_video_store_unlock(st);

    if (rc != NGX_OK) {
        ngx_video_readers_press(st);
    }

    return rc;
}


ngx_int_t
ngx_video_object_append(ngx_video_store_t *st, ngx_video_ref_t *ref,
    const void *data, size_t n)
{
    size_t               room;
    u_char              *p;
    uint64_t             at;
    const u_char        *src;
    ngx_video_cursor_t   cur;
    ngx_video_object_t  *o;

    o = &st->objects[ref->index];

    if (o->state != NGX_VIDEO_OBJECT_FILLING) {
        return NGX_ERROR;
    }

    at = o->filled;
    src = data;

    if (ngx_video_object_grow(st, o, at + n) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&cur, sizeof(ngx_video_cursor_t));

    while (n) {
        p = ngx_video_object_span(st, ref, &cur, at, &room);
        room = ngx_min(room, n);
        ngx_memcpy(p, src, room);
        src += room;
        at += room;
        n -= room;
    }

    ngx_video_store(&o->filled, at);

    return NGX_OK;
}


u_char *
ngx_video_object_room(ngx_video_store_t *st, ngx_video_ref_t *ref, size_t want,
    size_t *n)
{
    ngx_video_cursor_t   cur;
    ngx_video_object_t  *o;

    o = &st->objects[ref->index];

    if (o->state != NGX_VIDEO_OBJECT_FILLING
        || ngx_video_object_grow(st, o, o->filled + want) != NGX_OK)
    {
        return NULL;
    }

    ngx_memzero(&cur, sizeof(ngx_video_cursor_t));

    return ngx_video_object_span(st, ref, &cur, o->filled, n);
}


void
ngx_video_object_commit(ngx_video_store_t *st, ngx_video_ref_t *ref, size_t n)
{
    ngx_video_object_t  *o;

    o = &st->objects[ref->index];

    ngx_video_store(&o->filled, o->filled + n);
}


void
ngx_video_object_flush(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    ngx_video_signal_raise(st, &st->objects[ref->index].signal);
}


static void
ngx_video_object_finish(ngx_video_store_t *st, ngx_video_ref_t *ref,
    ngx_uint_t state)
{
    ngx_video_object_t  *o;

    o = &st->objects[ref->index];

    ngx_video_store_lock(st);

    if (o->id == ref->id && o->state == NGX_VIDEO_OBJECT_FILLING) {

        ngx_video_store_sc(&o->state, state);
        ngx_video_store(&o->writer, NGX_VIDEO_NO_SLOT);

        if (state == NGX_VIDEO_OBJECT_ABORTED) {
            ngx_video_object_unpin(st, o);
            ngx_video_object_drop(st, o);

        } else if (o->linked) {
            ngx_video_evict_insert(st, o);
        }
    }

    ngx_video_store_unlock(st);

    ngx_video_signal_raise(st, &o->signal);
}


void
ngx_video_object_complete(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    ngx_video_object_finish(st, ref, NGX_VIDEO_OBJECT_COMPLETE);
}


void
ngx_video_object_abort(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    ngx_video_object_finish(st, ref, NGX_VIDEO_OBJECT_ABORTED);
}


void
ngx_video_object_unlink(ngx_video_store_t *st, ngx_video_ref_t *ref)
{
    ngx_video_object_t  *o;

    o = &st->objects[ref->index];

    ngx_video_store_lock(st);

    if (o->id == ref->id) {
        ngx_video_object_drop(st, o);
    }

    ngx_video_store_unlock(st);
}


void
ngx_video_object_disown(ngx_video_store_t *st, ngx_uint_t owner,
    ngx_video_ref_t *ref)
{
    ngx_video_object_t  *o;

    o = &st->objects[ref->index];

    ngx_video_store_lock(st);

    if (o->id == ref->id && o->owner == owner + 1) {
        ngx_video_object_unpin(st, o);
        ngx_video_object_release_unheld(st, o);
    }

    ngx_video_store_unlock(st);
}


void
ngx_video_object_disown_others(ngx_video_store_t *st, ngx_uint_t owner,
    uint64_t *epoch)
{
    uint32_t             i;
    ngx_video_object_t  *o;

    for (i = 0; i < st->head->nobjects; i++) {
        o = &st->objects[i];

        if (ngx_video_load(&o->owner) != owner + 1) {
            continue;
        }

        ngx_video_store_lock(st);

        if (o->owner == owner + 1 && o->owner_epoch != *epoch) {
            ngx_video_object_unpin(st, o);
            ngx_video_object_release_unheld(st, o);
        }

        ngx_video_store_unlock(st);
    }
}


u_char *
ngx_video_object_span(ngx_video_store_t *st, ngx_video_ref_t *ref,
    ngx_video_cursor_t *cur, uint64_t from, size_t *n)
{
    ngx_video_object_t  *o;

    o = &st->objects[ref->index];

    if (cur->chunk == 0 || from < cur->base) {
        cur->chunk = ngx_video_load(&o->first);
        cur->base = 0;
    }

    while (from - cur->base >= NGX_VIDEO_CHUNK_SIZE) {
        cur->chunk = ngx_video_load(&st->chunks[cur->chunk - 1]);
        cur->base += NGX_VIDEO_CHUNK_SIZE;
    }

    *n = NGX_VIDEO_CHUNK_SIZE - (size_t) (from - cur->base);

    return ngx_video_chunk_data(st, cur->chunk) + (from - cur->base);
}
