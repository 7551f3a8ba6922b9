/*
 * Copyright (C) ngx_video authors
 *
 * Streams that are asked for and are not there: a table of names in the zone,
 * between requests of viewers, in any worker, and workers that fetch streams
 * from elsewhere.
 *
 *   state      set by             means
 *   FREE       done, reap         no name
 *   WANTED     a viewer,          somebody is to fetch it; the zone's signal
 *              release, sweep     "wanted" tells workers that do
 *   PULLING    claim              a worker is at it, from the first attempt
 *                                 until it gives up
 *   FAILED     failed             it could not be had, which is remembered
 *                                 until a time
 *
 * States and names change under the zone's lock, a name only where the state
 * is FREE; the signal of an entry is raised after each change, and when the
 * stream begins.  "asked" is atomic.  Entries stay where they are, so whoever
 * waits for a signal may do so when the entry has another name, and looks
 * again.
 *
 * Workers say in their slot that they fetch.  What one had that dies is wanted
 * again when its slot is swept.
 */

#ifndef NGX_VIDEO_WISH_H
#define NGX_VIDEO_WISH_H

#include "ngx_video_live.h"


/* in a zone: two for each stream that it has room for, or these */
#define NGX_VIDEO_WISHES          64

/* ms that one stays that nobody serves or asks for */
#define NGX_VIDEO_WISH_STALE      60000


typedef enum {
    NGX_VIDEO_WISH_FREE = 0,
    NGX_VIDEO_WISH_WANTED,
    NGX_VIDEO_WISH_PULLING,
    NGX_VIDEO_WISH_FAILED
} ngx_video_wish_state_e;


/* Why one has failed. */
typedef enum {
    NGX_VIDEO_WISH_UNKNOWN = 0, /* nobody is to be asked for such a name; its
                                   place may be taken at once */
    NGX_VIDEO_WISH_NONE,        /* who was asked has no such stream */
    NGX_VIDEO_WISH_BROKEN,      /* who has it can't be used */
    NGX_VIDEO_WISH_LATE         /* or has said nothing */
} ngx_video_wish_why_e;


struct ngx_video_wish_s {
    ngx_video_signal_t        signal;
    uint64_t                  asked;        /* ms since 1970 */
    uint64_t                  until;        /* FAILED: it is remembered */
    uint32_t                  state;
    uint32_t                  why;
    uint32_t                  slot;         /* PULLING: who does it */
    uint32_t                  generation;
    uint32_t                  name_len;
    u_char                    name[NGX_VIDEO_LIVE_NAME];
};


/* What a viewer is told. */
typedef struct {
    ngx_video_signal_t       *signal;       /* to wait for, */
    uint64_t                  seen;         /* from this on */
    ngx_video_wish_why_e      why;
} ngx_video_wish_answer_t;


/*
 * Viewers: the stream of this name is not there.  NGX_AGAIN: it is being
 * fetched; NGX_ABORT: that has failed, "why" says how; NGX_DECLINED: nobody
 * fetches streams; NGX_BUSY: there are too many names.
 */
ngx_int_t ngx_video_wish(ngx_video_store_t *st, ngx_str_t *name,
    uint64_t now, ngx_video_wish_answer_t *answer);

/* Of a stream that is there: somebody asks for it. */
void ngx_video_wish_asked(ngx_video_store_t *st, ngx_uint_t stat,
    uint64_t now);


/* Workers that fetch: from now on, or not any more. */
void ngx_video_wish_serve(ngx_video_store_t *st, ngx_uint_t on);

static inline ngx_video_signal_t *
ngx_video_wish_wanted(ngx_video_store_t *st)
{
    return &st->head->wanted;
}

/* Takes one that is wanted: NGX_OK, or NGX_DECLINED. */
ngx_int_t ngx_video_wish_claim(ngx_video_store_t *st, ngx_uint_t *index);

/* For who has it.  begun: the stream is there, if its name is looked for. */
void ngx_video_wish_begun(ngx_video_store_t *st, ngx_uint_t index);

/* Others are told without another attempt until then, ms since 1970. */
void ngx_video_wish_failed(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_wish_why_e why, uint64_t until);

/* Somebody else is to do it. */
void ngx_video_wish_release(ngx_video_store_t *st, ngx_uint_t index);

/* Nobody asks for it. */
void ngx_video_wish_done(ngx_video_store_t *st, ngx_uint_t index);

/*
 * When it was last asked for, ms since 1970: by way of the entry, or, unless
 * "stat" is too large, of the stream.
 */
uint64_t ngx_video_wish_time(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t stat);


/* Housekeeping: those of dead slots. */
void ngx_video_wish_orphan(ngx_video_store_t *st);


#endif /* NGX_VIDEO_WISH_H */
