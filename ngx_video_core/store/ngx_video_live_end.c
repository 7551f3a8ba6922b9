/*
 * Copyright (C) ngx_video authors
 *
 * The end of a run: by its publisher, for one that died, or in time.
 */

#include "ngx_video_live_block.h"


/* ms; least grace of a run that is continued at once */
#define NGX_VIDEO_LIVE_PAUSE    1000

/* for which a run stays longer than it should while it is being recorded */
#define NGX_VIDEO_LIVE_PENDING  30000


/*
 * Under the lock and inside begin and commit: gives back all that a block
 * holds but the objects, see ngx_video_live_disown().
 */
void
ngx_video_live_empty(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t                 chunk, n, pages[NGX_VIDEO_LIVE_PAGES];
    ngx_uint_t               i;
    ngx_video_live_track_t  *t;

    /* first: who repairs this if we die looks at the tracks that are there */
    ngx_video_store_sc(&l->ntracks, 0);

    for (i = 0; i < NGX_VIDEO_LIVE_TRACKS; i++) {
        chunk = l->tracks[i];

        if (chunk == 0) {
            continue;
        }

        t = (ngx_video_live_track_t *) ngx_video_chunk_data(st, chunk);
        n = ngx_video_live_pages(t, pages);

        ngx_video_store_sc(&l->tracks[i], 0);
        ngx_video_chunk_free(st, chunk);
        st->head->pinned -= ngx_min(n + 1, st->head->pinned);

        while (n--) {
            ngx_video_chunk_free(st, pages[n]);
        }
    }

    ngx_memzero(&l->recording, sizeof(ngx_video_live_recording_t));

    chunk = l->events;

    if (chunk) {
        ngx_video_store_sc(&l->events, 0);
        ngx_video_chunk_free(st, chunk);
        st->head->pinned -= ngx_min(1, st->head->pinned);
    }

    chunk = l->images;

    if (chunk) {
        ngx_video_store_sc(&l->images, 0);
        ngx_video_chunk_free(st, chunk);
        st->head->pinned -= ngx_min(1, st->head->pinned);
    }

    l->nevents = 0;
    l->nimages = 0;
    st->head->reserved -= ngx_min(l->reserved, st->head->reserved);
    l->reserved = 0;
    ngx_video_store(&l->emptied, l->emptied + 1);
    ngx_video_store(&l->epoch, 0);
}


void
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
void
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
 * Ends unfinished segments, inside begin and commit; their objects, for the
 * caller to abort, are at refs when that is not NULL.  One that has been listed
 * stays in the ring as a gap: its number is not given to another, and what is
 * listed does not reach farther back than it did.
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

        if (s->nparts) {
            s->gap = 1;
            s->complete = 1;

        } else {
            t->next--;
        }
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


static ngx_uint_t
ngx_video_live_broken(ngx_video_live_t *l)
{
    return l->grace ? NGX_VIDEO_LIVE_PAUSED : NGX_VIDEO_LIVE_INTERRUPTED;
}


static void
ngx_video_live_end_as(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t state)
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
    ngx_video_live_stop(st, l, state);

    ngx_video_store_unlock(st);

    while (n--) {
        ngx_video_object_abort(st, &refs[n]);
        ngx_video_object_put(st, &refs[n]);
    }

    ngx_video_live_disown(st, index);

    ngx_video_signal_raise(st, &l->signal);
}


void
ngx_video_live_end(ngx_video_store_t *st, ngx_uint_t index, ngx_uint_t clean)
{
    ngx_video_live_end_as(st, index,
                          clean ? NGX_VIDEO_LIVE_ENDED
                                : ngx_video_live_broken(&st->lives[index]));
}


void
ngx_video_live_pause(ngx_video_store_t *st, ngx_uint_t index)
{
    /* the reaper may come before the next run has a block */
    st->lives[index].grace = ngx_max(st->lives[index].grace,
                                     NGX_VIDEO_LIVE_PAUSE);

    ngx_video_live_end_as(st, index, NGX_VIDEO_LIVE_PAUSED);
}


ngx_int_t
ngx_video_live_kick(ngx_video_store_t *st, ngx_str_t *name)
{
    ngx_int_t               rc;
    ngx_video_live_t       *l;
    ngx_video_live_info_t   info;

    if (ngx_video_live_find(st, name, 0, &info) != NGX_OK) {
        return NGX_DECLINED;
    }

    l = &st->lives[info.index];
    rc = NGX_DECLINED;

    ngx_video_store_lock(st);

    if (l->epoch == info.epoch && !ngx_video_live_over(l->state)) {
        rc = NGX_OK;

        __atomic_store_n(&l->kicked, info.epoch, __ATOMIC_RELAXED);

        if (l->state == NGX_VIDEO_LIVE_PAUSED) {
            ngx_video_live_begin(l);
            l->ended = ngx_video_live_now();
            ngx_video_store_sc(&l->state, NGX_VIDEO_LIVE_ENDED);
            ngx_video_live_commit(l);
        }
    }

    ngx_video_store_unlock(st);

    if (rc == NGX_OK) {
        ngx_video_signal_raise(st, &l->signal);
    }

    return rc;
}


ngx_uint_t
ngx_video_live_kicked(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_video_live_t  *l;

    l = &st->lives[index];

    return __atomic_load_n(&l->kicked, __ATOMIC_RELAXED) == l->epoch;
}


/* Whether the process that writes the block is no more. */
static ngx_uint_t
ngx_video_live_orphaned(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t  writer;

    writer = ngx_video_load_sc(&l->writer);

    if (ngx_video_load(&l->state) == NGX_VIDEO_LIVE_FREE
        || writer >= NGX_VIDEO_SLOTS)
    {
        return 0;
    }

    return ngx_video_slot_lost(st, writer, ngx_video_load(&l->writer_gen));
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
            ngx_video_live_stop(st, l, ngx_video_live_broken(l));
        }

        ngx_video_store_unlock(st);

        if (orphaned) {
            ngx_video_signal_raise(st, &l->signal);
        }
    }
}


/* Under the lock: the run that goes on from this one, or NULL. */
ngx_video_live_t *
ngx_video_live_next(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_uint_t         i;
    ngx_video_live_t  *l;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];

        if (l->prev == index + 1 && l->state != NGX_VIDEO_LIVE_FREE
            && ngx_video_live_prev(st, l))
        {
            return l;
        }
    }

    return NULL;
}


/* How long segments stay in memory, ms; in a run that has gone on. */
static uint64_t
ngx_video_live_stay(ngx_video_live_t *l)
{
    return (uint64_t) l->window_ms * 3 / 2 + (uint64_t) l->target * 3000;
}


/*
 * Under the lock: whether the stream that a run has gone on in moves.  One whose
 * newest run is paused, or over, stands still: it keeps all that it lists.
 */
static ngx_uint_t
ngx_video_live_moves(ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_uint_t         n;
    ngx_video_live_t  *l, *next;

    l = &st->lives[index];

    for (n = 0; n < st->head->nlives; n++) {
        next = ngx_video_live_next(st, l - st->lives);

        if (next == NULL) {
            break;
        }

        l = next;
    }

    return l->state < NGX_VIDEO_LIVE_ENDED;
}


/*
 * Under the lock: what is to become of a run at this time: its own state,
 * INTERRUPTED, or FREE.
 */
static ngx_uint_t
ngx_video_live_due(ngx_video_store_t *st, ngx_uint_t index, uint64_t now)
{
    uint64_t           keep;
    ngx_video_live_t  *l;

    l = &st->lives[index];

    switch (l->state) {

    case NGX_VIDEO_LIVE_ENDED:
    case NGX_VIDEO_LIVE_INTERRUPTED:
        keep = l->linger;

        if (ngx_video_live_pending(st, l)) {
            keep += NGX_VIDEO_LIVE_PENDING;
        }

        return l->ended + keep <= now ? NGX_VIDEO_LIVE_FREE : l->state;

    case NGX_VIDEO_LIVE_PAUSED:
        /* whose publisher is back may take its time to the first key frame */
        return l->ended + l->grace <= now && !ngx_video_live_next(st, index)
               ? NGX_VIDEO_LIVE_INTERRUPTED : l->state;

    case NGX_VIDEO_LIVE_CONTINUED:
        /* as long as its segments would have stayed if it had not ended */
        keep = ngx_video_live_stay(l);

        if (ngx_video_live_kept(st, l)) {
            keep += l->dvr_ms;
        }

        return (l->ended + keep <= now && ngx_video_live_moves(st, index))
               || !ngx_video_live_next(st, index)
               ? NGX_VIDEO_LIVE_FREE : l->state;

    default:
        return l->state;
    }
}


/*
 * Under the lock: the segments that are still in memory of a run that has gone
 * on, n of them at refs, when they are on disk and would have left it.
 */
static ngx_uint_t
ngx_video_live_leave(ngx_video_store_t *st, ngx_video_live_t *l, uint64_t now,
    ngx_video_ref_t *refs)
{
    uint64_t                 k;
    ngx_uint_t               i, n;
    ngx_video_live_track_t  *t;

    if (l->state != NGX_VIDEO_LIVE_CONTINUED || !ngx_video_live_kept(st, l)
        || l->ended + ngx_video_live_stay(l) > now
        || !ngx_video_live_moves(st, l - st->lives))
    {
        return 0;
    }

    for (i = 0, n = 0; i < l->ntracks && n == 0; i++) {
        t = ngx_video_live_track_at(st, l, i);

        for (k = t->first; k < t->next; k++) {
            refs[n++] = ngx_video_live_segment_at(t, k)->object;
        }

        if (n) {
            ngx_video_live_begin(l);
            t->first = t->next;
            ngx_video_live_commit(l);
        }
    }

    return n;
}


/* Of one track; the others follow in the next second. */
static void
ngx_video_live_forget(ngx_video_store_t *st, ngx_uint_t index, uint64_t now)
{
    uint32_t           used;
    ngx_uint_t         n;
    ngx_video_ref_t    refs[NGX_VIDEO_LIVE_SEGMENTS];
    ngx_video_live_t  *l;

    l = &st->lives[index];

    if (ngx_video_load(&l->state) != NGX_VIDEO_LIVE_CONTINUED) {
        return;
    }

    ngx_video_store_lock(st);

    n = ngx_video_live_leave(st, l, now, refs);

    if (n) {
        used = ngx_video_live_used(st, l);
        used = l->reserved - ngx_min(used, l->reserved);
        l->reserved -= used;
        st->head->reserved -= ngx_min(used, st->head->reserved);
    }

    ngx_video_store_unlock(st);

    while (n--) {
        ngx_video_object_disown(st, index, &refs[n]);
    }
}


/* Returns whether a run was freed: then the one that it went on from is due. */
static ngx_uint_t
ngx_video_live_reap_once(ngx_video_store_t *st, uint64_t now)
{
    uint32_t           state;
    ngx_uint_t         i, due, freed;
    ngx_video_live_t  *l;

    for (i = 0, freed = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];

        /* what the process that emptied it did not live to do */
        ngx_video_live_disown(st, i);
        ngx_video_live_forget(st, i, now);

        state = ngx_video_load(&l->state);

        if (state < NGX_VIDEO_LIVE_ENDED) {
            continue;
        }

        ngx_video_store_lock(st);

        /* a publisher may take the block in the same moment */
        state = l->state;
        due = ngx_video_live_due(st, i, now);

        if (due == NGX_VIDEO_LIVE_FREE && state != due) {
            ngx_video_live_free(st, l);
            freed = 1;

        } else if (due != state) {
            ngx_video_live_begin(l);
            l->ended = now;
            ngx_video_store_sc(&l->state, due);
            ngx_video_live_commit(l);
        }

        ngx_video_store_unlock(st);

        if (due != state) {
            ngx_video_live_disown(st, i);
            ngx_video_signal_raise(st, &l->signal);
        }
    }

    return freed;
}


void
ngx_video_live_reap(ngx_video_store_t *st, uint64_t now)
{
    while (ngx_video_live_reap_once(st, now)) { /* void */ }
}
