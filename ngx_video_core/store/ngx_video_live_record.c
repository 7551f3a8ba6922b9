/*
 * Copyright (C) ngx_video authors
 *
 * The recording of a stream: where it is, who writes it, and which runs are
 * there.  What of them is: ngx_video_live_dvr.c.
 *
 * The recorder is the publisher's worker, or another one after that has died.
 */

#include "ngx_video_live_block.h"
#include "ngx_video_live_reading.h"


/* Under the lock: the run that has gone on from this one there, or NULL. */
static ngx_video_live_t *
ngx_video_live_record_next(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_video_live_t  *n;

    n = ngx_video_live_next(st, l - st->lives);

    return n && n->recording.number == l->recording.number + 1 ? n : NULL;
}


ngx_video_live_t *
ngx_video_live_record_enter(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch)
{
    ngx_video_live_t  *l;

    l = &st->lives[index];

    ngx_video_store_lock(st);

    if (l->epoch != epoch) {
        ngx_video_store_unlock(st);
        return NULL;
    }

    ngx_video_live_begin(l);

    return l;
}


void
ngx_video_live_record_leave(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_video_live_commit(l);
    ngx_video_store_unlock(st);
}


static void
ngx_video_live_record_change(ngx_video_live_t *l, size_t field, uint32_t set,
    uint32_t clear)
{
    uint32_t  *runs;

    runs = (uint32_t *) (void *) ((u_char *) &l->recording + field);

    ngx_video_store_sc(runs, (*runs | set) & ~clear);
}


/*
 * Under the lock: sets and clears bits of "runs" or "named" (their offset) in a
 * run and in all that have gone on from it in the same recording, so that the
 * newest knows of each.  Those are other workers', so it is a word at a time.
 * Its own is last: until then who comes after us does it again.
 */
static void
ngx_video_live_record_mark(ngx_video_store_t *st, ngx_video_live_t *l,
    size_t field, uint32_t set, uint32_t clear)
{
    ngx_video_live_t  *n;

    for (n = ngx_video_live_record_next(st, l); n;
         n = ngx_video_live_record_next(st, n))
    {
        ngx_video_live_record_change(n, field, set, clear);
    }

    ngx_video_live_record_change(l, field, set, clear);
}


/* Under the lock: the newest run of the recording of one. */
static ngx_video_live_t *
ngx_video_live_record_newest(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_video_live_t  *n;

    while ((n = ngx_video_live_record_next(st, l)) != NULL) {
        l = n;
    }

    return l;
}


/* Its bit in "runs" and "named". */
static uint32_t
ngx_video_live_record_bit(ngx_video_live_t *l)
{
    return (uint32_t) 1 << ngx_video_live_run_bit(l->recording.number);
}


void
ngx_video_live_record_there(ngx_video_store_t *st, ngx_video_live_t *l)
{
    uint32_t  bit;

    bit = ngx_video_live_record_bit(l);

    if ((l->recording.runs & bit) == 0) {
        ngx_video_live_record_mark(st, l,
                           offsetof(ngx_video_live_recording_t, runs), bit, 0);
    }
}


/* Under the lock: whether a recording has a number for another run. */
static ngx_uint_t
ngx_video_live_record_goes_on(ngx_video_live_recording_t *rec)
{
    return rec->path_len && rec->number < NGX_VIDEO_LIVE_NUMBER
           && (rec->runs >> ngx_video_live_run_bit(rec->number + 1) & 1) == 0;
}


void
ngx_video_live_record(ngx_video_store_t *st, ngx_uint_t index, ngx_str_t *path,
    ngx_uint_t on)
{
    ngx_video_live_t            *l, *p;
    ngx_video_live_recording_t  *rec;

    l = &st->lives[index];
    rec = &l->recording;

    ngx_video_store_lock(st);
    ngx_video_live_begin(l);

    p = ngx_video_live_prev(st, l);

    if (p && ngx_video_live_record_goes_on(&p->recording)) {
        *rec = p->recording;
        rec->ends[ngx_video_live_run_bit(rec->number)] = l->clock.begin;
        rec->number++;

        if (rec->state == NGX_VIDEO_RECORD_FAILED) {
            rec->state = NGX_VIDEO_RECORD_ON;
        }

    } else {
        rec->state = (p && p->recording.path_len) ? p->recording.state
                     : on ? NGX_VIDEO_RECORD_ON : NGX_VIDEO_RECORD_OFF;
        rec->number = 1;
        rec->runs = 0;
        rec->named = 0;
        rec->path_len = ngx_min(path->len, NGX_VIDEO_LIVE_PATH);
        ngx_memcpy(rec->path, path->data, rec->path_len);
    }

    rec->begin = rec->state == NGX_VIDEO_RECORD_ON ? l->clock.begin
                                                   : UINT64_MAX;
    rec->writer = (uint32_t) st->slot;
    rec->writer_gen = st->generation;

    ngx_video_live_commit(l);
    ngx_video_store_unlock(st);
}


void
ngx_video_live_record_begin(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, uint64_t begin)
{
    ngx_video_live_t  *l;

    l = ngx_video_live_record_enter(st, index, epoch);

    if (l) {
        l->recording.begin = begin;
        ngx_video_live_record_leave(st, l);
    }
}


ngx_int_t
ngx_video_live_recording(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_video_live_recording_t *rec)
{
    uint64_t           version;
    ngx_video_live_t  *l;

    l = &st->lives[index];

    do {
        if (ngx_video_live_read_begin(st, l, &version) != NGX_OK
            || ngx_video_load(&l->epoch) != epoch)
        {
            return NGX_DECLINED;
        }

        *rec = l->recording;

    } while (!ngx_video_live_read_valid(l, version));

    rec->path_len = ngx_min(rec->path_len, NGX_VIDEO_LIVE_PATH);

    return NGX_OK;
}


ngx_int_t
ngx_video_live_record_set(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_video_record_state_e state)
{
    ngx_int_t          rc;
    ngx_video_live_t  *l;

    l = &st->lives[index];
    rc = NGX_DECLINED;

    ngx_video_store_lock(st);

    /* not between two steps of version, which the publisher may be writing */
    if (l->epoch == epoch && l->recording.path_len) {
        ngx_video_store(&l->recording.state, state);
        rc = NGX_OK;
    }

    ngx_video_store_unlock(st);

    if (rc == NGX_OK) {
        ngx_video_signal_raise(st, &l->signal);
    }

    return rc;
}


ngx_int_t
ngx_video_live_record_runs(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_video_live_runs_t *runs)
{
    ngx_uint_t               i;
    ngx_video_live_t        *l, *n;
    ngx_video_live_track_t  *t;

    l = ngx_video_live_record_enter(st, index, epoch);

    if (l == NULL) {
        return NGX_DECLINED;
    }

    n = ngx_video_live_record_newest(st, l);

    runs->number = n->recording.number;
    runs->runs = n->recording.runs;
    runs->named = n->recording.named;
    runs->begun = 0;

    for (i = 0; i < l->ntracks; i++) {
        t = ngx_video_live_track_at(st, l, i);

        if (ngx_video_live_record_end(&t->dvr)) {
            runs->begun |= (uint32_t) 1 << i;
        }
    }

    ngx_video_live_record_leave(st, l);

    return NGX_OK;
}


ngx_int_t
ngx_video_live_record_named(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, uint32_t runs)
{
    uint32_t           own, named;
    ngx_int_t          rc;
    ngx_video_live_t  *l;

    l = ngx_video_live_record_enter(st, index, epoch);

    if (l == NULL) {
        return NGX_DECLINED;
    }

    own = runs & ngx_video_live_record_bit(l);
    named = ngx_video_live_record_newest(st, l)->recording.named;
    rc = NGX_AGAIN;

    if ((named | own) == runs) {
        ngx_video_live_record_mark(st, l,
                          offsetof(ngx_video_live_recording_t, named), own, 0);
        rc = NGX_OK;
    }

    ngx_video_live_record_leave(st, l);

    return rc;
}


void
ngx_video_live_record_forget(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, uint32_t runs)
{
    ngx_video_live_t  *l;

    l = ngx_video_live_record_enter(st, index, epoch);

    if (l) {
        ngx_video_live_record_mark(st, l,
                         offsetof(ngx_video_live_recording_t, named), 0, runs);
        ngx_video_live_record_leave(st, l);
    }
}


void
ngx_video_live_record_gone(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, uint32_t runs)
{
    ngx_video_live_t  *l;

    l = ngx_video_live_record_enter(st, index, epoch);

    if (l) {
        ngx_video_live_record_mark(st, l,
                          offsetof(ngx_video_live_recording_t, runs), 0, runs);
        ngx_video_live_record_leave(st, l);
    }
}


ngx_uint_t
ngx_video_live_pending(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_uint_t                 i;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t   s;

    /* it is on disk, and asset.json does not know */
    if (l->recording.runs & ~l->recording.named
        & ngx_video_live_record_bit(l))
    {
        return 1;
    }

    if (l->recording.state != NGX_VIDEO_RECORD_ON) {
        return 0;
    }

    for (i = 0; i < l->ntracks; i++) {
        t = ngx_video_live_track_at(st, l, i);

        /* a missing one, too, has to be listed as such */
        if (ngx_video_live_due_record(l, t, &s) != NGX_AGAIN) {
            return 1;
        }
    }

    return 0;
}


/* Under the lock. */
static ngx_uint_t
ngx_video_live_abandoned(ngx_video_store_t *st, ngx_video_live_t *l)
{
    if (l->state < NGX_VIDEO_LIVE_ENDED
        || l->writer != NGX_VIDEO_NO_SLOT
        || l->recording.writer >= NGX_VIDEO_SLOTS)
    {
        return 0;
    }

    return ngx_video_slot_lost(st, l->recording.writer,
                               l->recording.writer_gen)
           && ngx_video_live_pending(st, l);
}


ngx_int_t
ngx_video_live_adopt(ngx_video_store_t *st, ngx_uint_t index, uint64_t *epoch)
{
    ngx_int_t          rc;
    ngx_video_live_t  *l;

    l = &st->lives[index];

    if (ngx_video_load(&l->recording.state) == NGX_VIDEO_RECORD_NONE
        || ngx_video_load(&l->state) < NGX_VIDEO_LIVE_ENDED
        || st->slot == NGX_VIDEO_NO_SLOT)
    {
        return NGX_DECLINED;
    }

    rc = NGX_DECLINED;

    ngx_video_store_lock(st);

    if (ngx_video_live_abandoned(st, l)) {
        ngx_video_live_begin(l);
        l->recording.writer = (uint32_t) st->slot;
        l->recording.writer_gen = st->generation;
        ngx_video_live_commit(l);

        *epoch = l->epoch;
        rc = NGX_OK;
    }

    ngx_video_store_unlock(st);

    return rc;
}


u_char *
ngx_video_live_file(u_char *p, ngx_video_live_recording_t *rec,
    ngx_uint_t kind, ngx_uint_t n)
{
    int  len;

    len = snprintf((char *) p, NGX_VIDEO_LIVE_FILE, "%.*s/%04u/%c%u.mp4",
                   (int) rec->path_len, rec->path, rec->number % 10000,
                   kind == NVM_VIDEO ? 'v' : 'a', (unsigned) (n % 10));

    return p + len + 1;
}
