/*
 * Copyright (C) ngx_video authors
 *
 * The writing side of live timelines: the publisher's worker, and what is
 * done for a publisher that died.  See ngx_video_live.h for the states.
 *
 * Each change is valid at any instant: a descriptor is written before the
 * counter that shows it, an object leaves the ring before it loses its owner.
 */

#include "ngx_video_live.h"


static uint64_t
ngx_video_live_now(void)
{
    struct timeval  tv;

    ngx_gettimeofday(&tv);

    return (uint64_t) tv.tv_sec * 1000 + tv.tv_usec / 1000;
}


static void
ngx_video_live_begin(ngx_video_live_t *l)
{
    __atomic_store_n(&l->version, l->version | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}


static void
ngx_video_live_commit(ngx_video_live_t *l)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&l->version, (l->version | 1) + 1, __ATOMIC_SEQ_CST);
}


static ngx_video_live_track_t *
ngx_video_live_track_at(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_uint_t number)
{
    return (ngx_video_live_track_t *) ngx_video_chunk_data(st,
                                                          l->tracks[number]);
}


static ngx_video_live_segment_t *
ngx_video_live_segment_at(ngx_video_live_track_t *t, uint64_t n)
{
    return &t->segments[n % NGX_VIDEO_LIVE_SEGMENTS];
}


/*
 * Under the lock and inside begin and commit: gives back all that a block
 * holds but the objects, see ngx_video_live_disown().
 */
static void
ngx_video_live_empty(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t    chunk;
    ngx_uint_t  i;

    /* first: who repairs this if we die looks at the tracks that are there */
    ngx_video_store_sc(&l->ntracks, 0);

    for (i = 0; i < NGX_VIDEO_LIVE_TRACKS; i++) {
        chunk = l->tracks[i];

        if (chunk) {
            ngx_video_store_sc(&l->tracks[i], 0);
            ngx_video_chunk_free(st, chunk);
            st->head->pinned -= ngx_min(1, st->head->pinned);
        }
    }

    st->head->reserved -= ngx_min(l->reserved, st->head->reserved);
    l->reserved = 0;
    ngx_video_store(&l->emptied, l->emptied + 1);
    ngx_video_store(&l->epoch, 0);
}


/* Under the lock. */
static void
ngx_video_live_free(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_video_live_begin(l);
    ngx_video_live_empty(st, l);
    ngx_video_store_sc(&l->state, NGX_VIDEO_LIVE_FREE);
    ngx_video_store(&l->writer, NGX_VIDEO_NO_SLOT);
    ngx_video_live_commit(l);
}


/*
 * Frees the objects of ended epochs: a walk over all objects, which has the
 * lock only for those that it frees.
 */
static void
ngx_video_live_disown(ngx_video_store_t *st, ngx_uint_t index)
{
    uint32_t           emptied;
    ngx_video_live_t  *l;

    l = &st->lives[index];
    emptied = ngx_video_load_sc(&l->emptied);

    if (ngx_video_load(&l->disowned) == emptied) {
        return;
    }

    ngx_video_object_disown_others(st, index, &l->epoch);

    /* at worst an older walk that ends later has it done once more */
    ngx_video_store_sc(&l->disowned, emptied);
}


static ngx_uint_t
ngx_video_live_mine(ngx_video_store_t *st, ngx_video_live_t *l)
{
    return st->slot != NGX_VIDEO_NO_SLOT && l->writer == st->slot
           && l->writer_gen == st->generation;
}


/*
 * Under the lock: the block that a publisher of this name takes: the one
 * that had the name before, or a free one.
 */
static ngx_int_t
ngx_video_live_choose(ngx_video_store_t *st, ngx_str_t *name,
    ngx_uint_t *index)
{
    uint32_t           state;
    ngx_int_t          found;
    ngx_uint_t         i;
    ngx_video_live_t  *l;

    found = -1;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];

        if (ngx_video_load(&l->state) == NGX_VIDEO_LIVE_FREE) {
            found = (found == -1) ? (ngx_int_t) i : found;
            continue;
        }

        if (l->name_len == name->len
            && ngx_memcmp(l->name, name->data, name->len) == 0)
        {
            state = ngx_video_load(&l->state);

            if (state == NGX_VIDEO_LIVE_STARTING
                || state == NGX_VIDEO_LIVE_LIVE)
            {
                return NGX_BUSY;
            }

            found = i;
            break;
        }
    }

    if (found == -1) {
        return NGX_DECLINED;
    }

    *index = found;

    return NGX_OK;
}


/* Under the lock: makes the block a new stream in state STARTING. */
static void
ngx_video_live_take(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_conf_t *conf, uint32_t chunks)
{
    uint64_t           now;
    ngx_video_head_t  *h;

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
    l->linger = NGX_VIDEO_LIVE_LINGER;
    l->target = (uint32_t) ((conf->segment + 999) / 1000);
    l->window_ms = conf->window;
    l->bytes = 0;
    l->name_len = conf->name.len;
    ngx_memcpy(l->name, conf->name.data, conf->name.len);

    /* both grow for ever, also over a restart of nginx */
    h->last_epoch = ngx_max(now << 8, h->last_epoch + 1);
    ngx_video_store(&l->epoch, h->last_epoch);
    l->next_msn = ngx_max(now / 1000, l->next_msn);

    ngx_video_live_commit(l);
}


ngx_int_t
ngx_video_live_publish(ngx_video_store_t *st, ngx_video_live_conf_t *conf,
    ngx_uint_t *index)
{
    uint32_t           chunks;
    ngx_int_t          rc;
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

    rc = ngx_video_live_choose(st, &conf->name, index);

    if (rc == NGX_OK) {
        l = &st->lives[*index];

        if ((uint64_t) st->head->reserved - l->reserved + chunks
            > st->head->nchunks - st->head->nchunks / 16)
        {
            conf->refused = "not enough memory";
            rc = NGX_DECLINED;

        } else {
            ngx_video_live_take(st, l, conf, chunks);
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


ngx_int_t
ngx_video_live_track(ngx_video_store_t *st, ngx_uint_t index,
    nvm_track_t *track, uint32_t part_target, const u_char *init, size_t len,
    ngx_uint_t *number)
{
    uint32_t                 chunk;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[index];

    if (l->ntracks == NGX_VIDEO_LIVE_TRACKS || len > NGX_VIDEO_LIVE_INIT) {
        return NGX_ERROR;
    }

    ngx_video_store_lock(st);

    chunk = ngx_video_chunk_take(st, 1);

    if (chunk) {
        t = (ngx_video_live_track_t *) ngx_video_chunk_data(st, chunk);

        t->track = *track;
        ngx_memcpy(t->init, init, len);
        t->init_len = len;
        t->first = 0;
        t->next = 0;
        t->next_part = 0;
        t->part_target = part_target;

        l->tracks[l->ntracks] = chunk;
        st->head->pinned++;
    }

    ngx_video_store_unlock(st);

    if (chunk == 0) {
        return NGX_ERROR;
    }

    *number = l->ntracks;

    ngx_video_live_begin(l);
    l->ntracks++;
    ngx_video_live_commit(l);

    return NGX_OK;
}


void
ngx_video_live_ready(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_video_live_t  *l;

    l = &st->lives[index];

    ngx_video_live_begin(l);
    ngx_video_store_sc(&l->state, NGX_VIDEO_LIVE_LIVE);
    ngx_video_live_commit(l);

    ngx_video_signal_raise(st, &l->signal);
}


uint64_t
ngx_video_live_first_msn(ngx_video_store_t *st, ngx_uint_t index)
{
    return st->lives[index].next_msn;
}


void
ngx_video_live_bandwidth(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint32_t peak, uint32_t average)
{
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    ngx_video_live_begin(l);
    t->track.bandwidth = peak;
    t->track.avg_bandwidth = average;
    ngx_video_live_commit(l);
}


/*
 * Drops segments that are older than window * 1.5 + 3 segments: viewers who
 * read the oldest line of a playlist still find it.
 */
static void
ngx_video_live_slide(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_track_t *t)
{
    uint64_t                   keep, ms, end;
    ngx_video_ref_t            ref;
    ngx_video_live_t          *l;
    ngx_video_live_segment_t  *s, *last;

    l = &st->lives[index];
    keep = (uint64_t) l->window_ms * 3 / 2 + (uint64_t) l->target * 3000;

    last = ngx_video_live_segment_at(t, t->next - 1);
    end = last->start + last->duration;

    while (t->next - t->first > 4) {
        s = ngx_video_live_segment_at(t, t->first);
        ms = (end - s->start - s->duration) * 1000 / t->track.timescale;

        if (ms < keep && t->next - t->first < NGX_VIDEO_LIVE_SEGMENTS - 1) {
            break;
        }

        ref = s->object;

        ngx_video_live_begin(l);
        t->first++;
        ngx_video_live_commit(l);

        ngx_video_object_disown(st, index, &ref);
    }

    ngx_video_readers_press(st);
}


/* Chunks that the tracks and segments of a stream take, at most. */
static uint32_t
ngx_video_live_used(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t                   used;
    uint64_t                   k;
    ngx_uint_t                 i;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    used = l->ntracks * 2;

    for (i = 0; i < l->ntracks; i++) {
        t = ngx_video_live_track_at(st, l, i);

        for (k = t->first; k < t->next; k++) {
            s = ngx_video_live_segment_at(t, k);
            used += (s->size >> NGX_VIDEO_CHUNK_SHIFT) + 1;
        }
    }

    return used;
}


/*
 * Keeps a stream within what the zone promised it.  One that turns out larger
 * gets more while others' promises allow it; NGX_ERROR: they don't.
 */
static ngx_int_t
ngx_video_live_account(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t   used, want;
    ngx_int_t  rc;

    used = ngx_video_live_used(st, l);

    if (used <= l->reserved) {
        return NGX_OK;
    }

    want = used - l->reserved + used / 8;
    rc = NGX_ERROR;

    ngx_video_store_lock(st);

    if (st->head->reserved + want
        <= st->head->nchunks - st->head->nchunks / 16)
    {
        st->head->reserved += want;
        l->reserved += want;
        rc = NGX_OK;
    }

    ngx_video_store_unlock(st);

    return rc;
}


ngx_int_t
ngx_video_live_segment_open(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint64_t msn, uint64_t start, int64_t wall,
    ngx_uint_t independent)
{
    ngx_video_ref_t            ref;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    if (t->next != t->first) {
        ngx_video_live_slide(st, index, t);
    }

    if (ngx_video_live_account(st, l) != NGX_OK
        || ngx_video_object_create(st, index, l->epoch, 0, &ref) != NGX_DONE)
    {
        return NGX_ERROR;
    }

    ngx_video_live_begin(l);

    s = ngx_video_live_segment_at(t, t->next);
    ngx_memzero(s, sizeof(ngx_video_live_segment_t));

    s->msn = msn;
    s->start = start;
    s->wall = wall;
    s->independent = independent;
    s->first_part = t->next_part;
    s->object = ref;

    t->next++;
    l->next_msn = ngx_max(l->next_msn, msn + 1);

    ngx_video_live_commit(l);

    return NGX_OK;
}


ngx_int_t
ngx_video_live_part(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, nvm_part_t *part, const void *data)
{
    ngx_video_ref_t            ref;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    if (t->next == t->first) {
        return NGX_ERROR;
    }

    s = ngx_video_live_segment_at(t, t->next - 1);
    ref = s->object;

    /* the ring's oldest part is overwritten: it may not be of this segment */
    if (s->complete || s->nparts == NGX_VIDEO_LIVE_PARTS - 1
        || ngx_video_object_append(st, &ref, data, part->size) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_video_live_begin(l);

    /* the counter first: what it overwrites is gone also if we die here */
    part->offset = s->size;
    t->next_part++;
    t->parts[(t->next_part - 1) % NGX_VIDEO_LIVE_PARTS] = *part;

    s->nparts++;
    s->size += part->size;
    s->duration += part->duration;

    ngx_video_live_commit(l);

    ngx_video_object_flush(st, &ref);
    ngx_video_signal_raise(st, &l->signal);

    return NGX_OK;
}


ngx_int_t
ngx_video_live_segment_close(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number)
{
    uint32_t                   seconds;
    ngx_video_ref_t            ref;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[index];
    t = ngx_video_live_track_at(st, l, number);

    if (t->next == t->first) {
        return NGX_OK;
    }

    s = ngx_video_live_segment_at(t, t->next - 1);

    if (s->complete) {
        return NGX_OK;
    }

    ref = s->object;
    ngx_video_object_complete(st, &ref);

    /* RFC 8216, 4.3.3.1: rounded, no segment is longer */
    seconds = (uint32_t) nvm_rescale(s->duration, 1, t->track.timescale);

    ngx_video_live_begin(l);
    s->complete = 1;
    l->target = ngx_max(l->target, seconds);
    ngx_video_live_commit(l);

    /* the reference that "create" gave to the writer; the ring owns it now */
    ngx_video_object_put(st, &ref);

    ngx_video_signal_raise(st, &l->signal);

    return NGX_OK;
}


/*
 * Takes unfinished segments out of the rings, inside begin and commit; their
 * objects, for the caller to abort, are at refs when that is not NULL.
 */
static ngx_uint_t
ngx_video_live_cut(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_ref_t *refs)
{
    ngx_uint_t                 i, n;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    n = 0;

    for (i = 0; i < l->ntracks; i++) {
        t = ngx_video_live_track_at(st, l, i);

        if (t->next == t->first) {
            continue;
        }

        s = ngx_video_live_segment_at(t, t->next - 1);

        if (s->complete) {
            continue;
        }

        if (refs) {
            refs[n++] = s->object;
        }

        t->next--;
    }

    return n;
}


/* Under the lock. */
static void
ngx_video_live_stop(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_uint_t state)
{
    uint32_t  used, spare;

    if (l->state == NGX_VIDEO_LIVE_STARTING) {
        /* it was never shown */
        ngx_video_live_free(st, l);
        return;
    }

    if (l->state == NGX_VIDEO_LIVE_LIVE) {
        l->ended = ngx_video_live_now();
        ngx_video_store_sc(&l->state, state);

        /* it grows no more: others may have what it does not use */
        used = ngx_video_live_used(st, l);
        spare = l->reserved - ngx_min(used, l->reserved);
        l->reserved -= spare;
        st->head->reserved -= ngx_min(spare, st->head->reserved);
    }

    ngx_video_live_commit(l);

    /* last: until here another does it again if we die */
    __atomic_fetch_add(&l->signal.seq, 1, __ATOMIC_SEQ_CST);
    ngx_video_store_sc(&l->writer, NGX_VIDEO_NO_SLOT);
}


void
ngx_video_live_end(ngx_video_store_t *st, ngx_uint_t index, ngx_uint_t clean)
{
    ngx_uint_t         n;
    ngx_video_ref_t    refs[NGX_VIDEO_LIVE_TRACKS];
    ngx_video_live_t  *l;

    l = &st->lives[index];

    if (!ngx_video_live_mine(st, l)) {
        return;
    }

    ngx_video_store_lock(st);

    ngx_video_live_begin(l);
    n = ngx_video_live_cut(st, l, refs);
    ngx_video_live_stop(st, l, clean ? NGX_VIDEO_LIVE_ENDED
                                     : NGX_VIDEO_LIVE_INTERRUPTED);

    ngx_video_store_unlock(st);

    while (n--) {
        ngx_video_object_abort(st, &refs[n]);
        ngx_video_object_put(st, &refs[n]);
    }

    ngx_video_live_disown(st, index);

    ngx_video_signal_raise(st, &l->signal);
}


/* Whether the process that writes the block is no more. */
static ngx_uint_t
ngx_video_live_orphaned(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t           writer;
    ngx_video_slot_t  *s;

    writer = ngx_video_load_sc(&l->writer);

    if (ngx_video_load(&l->state) == NGX_VIDEO_LIVE_FREE
        || writer >= NGX_VIDEO_SLOTS)
    {
        return 0;
    }

    s = &st->slots[writer];

    return ngx_video_load(&s->state) != NGX_VIDEO_SLOT_LIVE
           || ngx_video_load(&s->generation) != ngx_video_load(&l->writer_gen);
}


void
ngx_video_live_orphan(ngx_video_store_t *st)
{
    ngx_uint_t         i, orphaned;
    ngx_video_live_t  *l;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];

        if (!ngx_video_live_orphaned(st, l)) {
            continue;
        }

        ngx_video_store_lock(st);

        orphaned = ngx_video_live_orphaned(st, l);

        if (orphaned) {
            /* its objects are aborted by the sweep of the slot */
            ngx_video_live_begin(l);
            (void) ngx_video_live_cut(st, l, NULL);
            ngx_video_live_stop(st, l, NGX_VIDEO_LIVE_INTERRUPTED);
        }

        ngx_video_store_unlock(st);

        if (orphaned) {
            ngx_video_signal_raise(st, &l->signal);
        }
    }
}


void
ngx_video_live_reap(ngx_video_store_t *st, uint64_t now)
{
    uint32_t           state;
    ngx_uint_t         i, due;
    ngx_video_live_t  *l;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];

        /* what the process that emptied it did not live to do */
        ngx_video_live_disown(st, i);

        state = ngx_video_load(&l->state);

        if (state != NGX_VIDEO_LIVE_ENDED
            && state != NGX_VIDEO_LIVE_INTERRUPTED)
        {
            continue;
        }

        ngx_video_store_lock(st);

        /* a publisher may take the block in the same moment */
        due = (l->state == NGX_VIDEO_LIVE_ENDED
               || l->state == NGX_VIDEO_LIVE_INTERRUPTED)
              && l->ended + l->linger <= now;

        if (due) {
            ngx_video_live_free(st, l);
        }

        ngx_video_store_unlock(st);

        if (due) {
            ngx_video_live_disown(st, i);
            ngx_video_signal_raise(st, &l->signal);
        }
    }
}
