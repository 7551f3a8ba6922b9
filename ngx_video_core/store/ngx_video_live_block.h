/*
 * Copyright (C) ngx_video authors
 *
 * For the files of live timelines alone: the block of a run, and what they
 * have in common.
 *
 * Each change is valid at any instant: a descriptor is written before the
 * counter that shows it, an object leaves the ring before it loses its owner.
 */

#ifndef NGX_VIDEO_LIVE_BLOCK_H
#define NGX_VIDEO_LIVE_BLOCK_H

#include "ngx_video_live.h"


static inline uint64_t
ngx_video_live_now(void)
{
    struct timeval  tv;

    ngx_gettimeofday(&tv);

    return (uint64_t) tv.tv_sec * 1000 + tv.tv_usec / 1000;
}


static inline void
ngx_video_live_begin(ngx_video_live_t *l)
{
    __atomic_store_n(&l->version, l->version | 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}


static inline void
ngx_video_live_commit(ngx_video_live_t *l)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&l->version, (l->version | 1) + 1, __ATOMIC_SEQ_CST);
}


static inline ngx_video_live_track_t *
ngx_video_live_track_at(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_uint_t number)
{
    return (ngx_video_live_track_t *) ngx_video_chunk_data(st,
                                                          l->tracks[number]);
}


static inline ngx_video_live_segment_t *
ngx_video_live_segment_at(ngx_video_live_track_t *t, uint64_t n)
{
    return &t->segments[n % NGX_VIDEO_LIVE_SEGMENTS];
}


/*
 * ngx_video_live_end.c.  empty: under the lock and inside begin and commit,
 * gives back all that a block holds but the objects; free: the same, and there
 * is no run any more; disown: frees the objects
 * of ended epochs, by a walk that has the lock only for those that it frees.
 */
void ngx_video_live_empty(ngx_video_store_t *st, ngx_video_live_t *l);
void ngx_video_live_free(ngx_video_store_t *st, ngx_video_live_t *l);
void ngx_video_live_disown(ngx_video_store_t *st, ngx_uint_t index);

/* The same.  Under the lock: the run that goes on from a block's, or NULL. */
ngx_video_live_t *ngx_video_live_next(ngx_video_store_t *st,
    ngx_uint_t index);

/* ngx_video_live_run.c.  Under the lock: the run before one, or NULL. */
ngx_video_live_t *ngx_video_live_prev(ngx_video_store_t *st,
    ngx_video_live_t *l);

/* ngx_video_live_clock.c.  Under the lock: the clock at the end of a run. */
void ngx_video_live_clock_of(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_clock_t *clock);

/*
 * ngx_video_live_record.c.  enter: for the recorder of a run, which is its
 * publisher's worker or comes after that: takes the lock and begins to write;
 * NULL, without it: the run is another.  there: inside, it has media on disk.
 * pending: under the lock, whether there is something that is to be written.
 */
ngx_video_live_t *ngx_video_live_record_enter(ngx_video_store_t *st,
    ngx_uint_t index, uint64_t epoch);
void ngx_video_live_record_leave(ngx_video_store_t *st, ngx_video_live_t *l);
void ngx_video_live_record_there(ngx_video_store_t *st, ngx_video_live_t *l);
ngx_uint_t ngx_video_live_pending(ngx_video_store_t *st, ngx_video_live_t *l);

/*
 * ngx_video_live_dvr.c.  Under the lock.  kept: whether a run has something
 * that is listed from disk.  due_record: the next segment of a track that is to
 * be written; NGX_DECLINED: it is missing.  pages: those of a track,
 * NGX_VIDEO_LIVE_PAGES at most; returns how many.
 */
ngx_uint_t ngx_video_live_kept(ngx_video_store_t *st, ngx_video_live_t *l);
ngx_int_t ngx_video_live_due_record(ngx_video_live_t *l,
    ngx_video_live_track_t *t, ngx_video_live_segment_t *segment);
uint32_t ngx_video_live_pages(ngx_video_live_track_t *t, uint32_t *pages);

/* Where the file of a track ends. */
static inline uint64_t
ngx_video_live_record_end(ngx_video_live_dvr_t *d)
{
    return d->offset[d->next % 2];
}

/* ngx_video_live_limit.c.  Under the lock: NGX_OK, NGX_DECLINED. */
ngx_int_t ngx_video_live_limit(ngx_video_store_t *st,
    ngx_video_live_conf_t *conf);

/* ngx_video_live.c.  Chunks that tracks and segments take, at most. */
uint32_t ngx_video_live_used(ngx_video_store_t *st, ngx_video_live_t *l);


#endif /* NGX_VIDEO_LIVE_BLOCK_H */
