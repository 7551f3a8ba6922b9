/*
 * Copyright (C) ngx_video authors
 *
 * What a publisher signals beside its media: captions in the pictures of a
 * track, and events, which playlists list.
 *
 * The events of a run are in a chunk of its own, from the first one on: a ring
 * of descriptors and a ring of bytes, as the segments and parts of a track.
 * Those that are there are [first, next); one that is dropped is out of that
 * before anything of it is overwritten, and a new one is in it when all of it
 * is there.  Readers copy under the sequence lock of the block, and join the
 * events of runs as they join their timelines.
 */

#ifndef NGX_VIDEO_LIVE_EVENT_H
#define NGX_VIDEO_LIVE_EVENT_H

#include "ngx_video_live.h"


#define NGX_VIDEO_LIVE_EVENTS       256
#define NGX_VIDEO_LIVE_EVENT_BYTES  32768

/* of one */
#define NGX_VIDEO_LIVE_EVENT_MAX    4096

#define NGX_VIDEO_LIVE_UNKNOWN      UINT64_MAX


/* The data is attributes of a date range, or a splice_info_section(). */
typedef enum {
    NGX_VIDEO_LIVE_CUE = 0,
    NGX_VIDEO_LIVE_SPLICE_CMD,
    NGX_VIDEO_LIVE_SPLICE_OUT,
    NGX_VIDEO_LIVE_SPLICE_IN,
    NGX_VIDEO_LIVE_SPLICE_CANCEL
} ngx_video_live_event_e;


typedef struct {
    uint64_t                  number;       /* of it in the run */
    uint64_t                  time;         /* media time, ms */
    uint64_t                  duration;     /* ms, or _UNKNOWN */
    int64_t                   wall;         /* of time, ms since 1970 */
    int64_t                   added;        /* when it came, ms since 1970 */
    uint64_t                  at;           /* of its data, in the ring's
                                               numbering */
    uint32_t                  size;
    uint32_t                  id;           /* splice_event_id or
                                               segmentation_event_id */
    uint8_t                   kind;         /* ngx_video_live_event_e */
    uint8_t                   type;         /* segmentation_type_id, of what
                                               begins; 0: of no segment */
    const u_char             *data;         /* of who adds, or has read it */
} ngx_video_live_event_t;


/* In a chunk of its own. */
typedef struct {
    uint64_t                  first;
    uint64_t                  next;
    uint64_t                  next_byte;
    ngx_video_live_event_t    events[NGX_VIDEO_LIVE_EVENTS];
    u_char                    data[NGX_VIDEO_LIVE_EVENT_BYTES];
} ngx_video_live_events_t;


/* Writer: the captions that a track has had so far. */
void ngx_video_live_captions(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, const nvm_captions_t *captions);

/*
 * Writer: adds an event, whose number and place are set here; the oldest make
 * room.  Nobody is woken: the next part will do that.  NGX_DECLINED: it is too large; NGX_ERROR: the zone is full.
 */
ngx_int_t ngx_video_live_event(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_event_t *event);

/* Inside begin and commit: moves the clock of the events that are there, ms. */
void ngx_video_live_event_shift(ngx_video_store_t *st, ngx_video_live_t *l,
    int64_t ms);

/*
 * Reader: a copy of the events of a run, the oldest first, in memory of the
 * arena; NULL and 0 when there are none.
 */
ngx_int_t ngx_video_live_events(ngx_video_store_t *st,
    ngx_video_live_info_t *info, nvm_arena_t *arena,
    ngx_video_live_event_t **events, ngx_uint_t *n);


#endif /* NGX_VIDEO_LIVE_EVENT_H */
