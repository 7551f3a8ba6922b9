/*
 * Copyright (C) ngx_video authors
 *
 * Where video was cut into segments and where the next cut is expected.
 *
 * The expectation is a promise: players are told of it, audio keeps to it.  A
 * segment is expected to be as usual: to have as many frames as two of the
 * last ones had, or else to last as long.  It is their number that counts
 * because timestamps jitter, a file that is looped has a step in them, and some
 * publishers stamp frames late and catch up.  One segment that is different is
 * let pass; after two in a row nothing is usual, and nothing is promised until
 * there are two alike.
 */

#ifndef NGX_VIDEO_CUTS_H
#define NGX_VIDEO_CUTS_H

#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_VIDEO_CUTS            32

#define NGX_VIDEO_NEVER           ((uint64_t) -1)


/* Times are decode times on the way out, in ticks of video. */
typedef struct {
    uint64_t                  made[NGX_VIDEO_CUTS];     /* the newest, for
                                                           audio */
    uint64_t                  n;            /* all that were made */
    uint64_t                  expected;     /* the next; NGX_VIDEO_NEVER */
    uint64_t                  shortest;     /* segment */
    uint64_t                  near;         /* off by so much is alike */

    /* the open segment */
    uint64_t                  start;
    uint64_t                  frames;
    int64_t                   newest_lag;   /* frames that the newest is later
                                               than its number says */
    int64_t                   lag;          /* ... that the newest two are */

    /* those before; frames that were dropped are counted */
    uint64_t                  last_frames;
    uint64_t                  last_len;
    uint64_t                  usual_frames; /* 0: their number differs */
    uint64_t                  usual_len;    /* 0: nothing is usual */

    unsigned                  odd:1;        /* the last was not as usual */
    unsigned                  gap:1;        /* in the open segment */
} ngx_video_cuts_t;


void ngx_video_cuts_init(ngx_video_cuts_t *c, uint64_t shortest,
    uint64_t near);

/* A frame that begins a segment, and one that doesn't. */
void ngx_video_cuts_make(ngx_video_cuts_t *c, uint64_t at);
void ngx_video_cuts_pass(ngx_video_cuts_t *c, uint64_t at, ngx_uint_t gap);

/* Nothing is expected any more. */
void ngx_video_cuts_forget(ngx_video_cuts_t *c);

/*
 * Whether the open segment, which has frames of this duration, is as usual if
 * it ends at "end".
 */
ngx_uint_t ngx_video_cuts_due(ngx_video_cuts_t *c, uint64_t end,
    uint64_t frame);

/*
 * Where audio has the nth cut, one that was made and is remembered or the next:
 * that is where it is expected, or NGX_VIDEO_NEVER.
 */
uint64_t ngx_video_cuts_at(ngx_video_cuts_t *c, uint64_t n);
uint64_t ngx_video_cuts_oldest(ngx_video_cuts_t *c);


#endif /* NGX_VIDEO_CUTS_H */
