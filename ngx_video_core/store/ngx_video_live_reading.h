/*
 * Copyright (C) ngx_video authors
 *
 * For the files of the reading side of live timelines: what they have in
 * common.
 */

#ifndef NGX_VIDEO_LIVE_READING_H
#define NGX_VIDEO_LIVE_READING_H

#include "ngx_video_live_block.h"


/* What a reader looks at more than once must not change in between. */
#define ngx_video_live_once(p)  __atomic_load_n(p, __ATOMIC_RELAXED)


/* Waits for an even version; NGX_DECLINED when none came. */
ngx_int_t ngx_video_live_read_begin(ngx_video_store_t *st,
    ngx_video_live_t *l, uint64_t *version);

static inline ngx_uint_t
ngx_video_live_read_valid(ngx_video_live_t *l, uint64_t version)
{
    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    return __atomic_load_n(&l->version, __ATOMIC_RELAXED) == version;
}


/* The chunk of a track, or NULL when the copied numbers make no sense. */
ngx_video_live_track_t *ngx_video_live_read_track(ngx_video_store_t *st,
    ngx_video_live_t *l, ngx_uint_t number);

/*
 * The loop of every reader: "body" runs between two looks at the version and
 * again when it moved.  Leaves with NGX_DECLINED when the stream is another.
 */
#define ngx_video_live_reading(st, info, l, t, number, version)              \
    do {                                                                      \
        if (ngx_video_live_read_begin(st, l, &version) != NGX_OK              \
            || ngx_video_load(&l->epoch) != info->epoch)                      \
        {                                                                     \
            return NGX_DECLINED;                                              \
        }                                                                     \
                                                                              \
        t = ngx_video_live_read_track(st, l, number);                         \
                                                                              \
        if (t == NULL) {                                                      \
            return NGX_DECLINED;                                              \
        }

#define ngx_video_live_reading_end(l, version)                                \
    } while (!ngx_video_live_read_valid(l, version))


/* The segments in memory are [*first, *next); 0: there are none. */
static inline ngx_uint_t
ngx_video_live_ring(ngx_video_live_track_t *t, uint64_t *first,
    uint64_t *next)
{
    *first = ngx_video_live_once(&t->first);
    *next = ngx_video_live_once(&t->next);

    return *next > *first && *next - *first <= NGX_VIDEO_LIVE_SEGMENTS;
}


/*
 * ngx_video_live_read.c, between two looks at the version: the segment of a
 * number, if it is in memory.  NGX_AGAIN: it is yet to come; NGX_DECLINED.
 */
ngx_int_t ngx_video_live_numbered(ngx_video_live_track_t *t, uint64_t msn,
    ngx_video_live_segment_t *segment);


/* Record n, or NULL when the numbers make no sense. */
static inline ngx_video_live_record_t *
ngx_video_live_record_at(ngx_video_store_t *st, ngx_video_live_dvr_t *d,
    uint64_t n)
{
    uint32_t                  page;
    ngx_video_live_record_t  *records;

    page = ngx_video_live_once(&d->pages[n / NGX_VIDEO_LIVE_PAGE
                                         % NGX_VIDEO_LIVE_PAGES]);

    if (page == 0 || page > st->head->nchunks) {
        return NULL;
    }

    records = (ngx_video_live_record_t *) ngx_video_chunk_data(st, page);

    return &records[n % NGX_VIDEO_LIVE_PAGE];
}


/* A segment that was missed, until it is known when it was. */
static inline ngx_uint_t
ngx_video_live_unknown(ngx_video_live_record_t *rec)
{
    return rec->size == 0 && rec->duration == 0;
}


/* Of n equal shares of the time [from, to), number k. */
static inline void
ngx_video_live_share(uint64_t from, uint64_t to, uint64_t k, uint64_t n,
    uint64_t *start, uint64_t *duration)
{
    uint64_t  length;

    length = to - ngx_min(to, from);
    *start = from + length * k / n;
    *duration = from + length * (k + 1) / n - *start;
}


/* Segments that are listed from memory however short the window is. */
#define NGX_VIDEO_LIVE_LEAST  4


/*
 * What a playlist lists before the segments that are in memory: records
 * [low, known), and as gaps [known, end), which the recorder has missed or is
 * behind of; so the oldest that is listed never goes back.
 */
typedef struct {
    uint64_t                  low;
    uint64_t                  known;
    uint64_t                  end;
    uint64_t                  from;         /* of the gap, ticks */
    const nvm_segment_t      *oldest;       /* in memory; NULL: none is */
} ngx_video_live_span_t;


/*
 * ngx_video_live_dvr_read.c, between two looks at the version: how many segments
 * are listed from disk, when media end at "end"; and these, into "segments".
 */
size_t ngx_video_live_dvr_span(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_track_t *t, const nvm_segment_t *oldest, uint64_t end,
    ngx_video_live_span_t *span);
void ngx_video_live_dvr_read(ngx_video_store_t *st,
    ngx_video_live_track_t *t, ngx_video_live_span_t *span,
    nvm_segment_t *segments);

/*
 * A number that changes with the records while they are so far behind "newest"
 * that playlists show it; 0: they are not.
 */
uint32_t ngx_video_live_dvr_behind(ngx_video_store_t *st, ngx_video_live_t *l,
    uint64_t newest);


#endif /* NGX_VIDEO_LIVE_READING_H */
