/*
 * Copyright (C) ngx_video authors
 *
 * Statistics of live streams: what came in, what went out, who looks at it.
 *
 * A table in the zone, of as many entries as there are blocks of runs.  An
 * entry belongs to a name: the runs of a stream count on in it, and so does
 * the next stream of that name, until the entry is wanted for another one.
 * That is the one whose name was published the longest time ago among those
 * of which there is no block.
 *
 * Which name an entry has is changed under the zone's lock, "id" 0 meanwhile.
 * Numbers are atomic, each by itself: those of the publisher's worker are
 * written by it alone, the others by all.  What a worker has not counted yet
 * when it dies is not counted.
 *
 *   counters      go on as long as the entry is of the name
 *   tracks        are of the present run: they begin with it
 */

#ifndef NGX_VIDEO_LIVE_STAT_H
#define NGX_VIDEO_LIVE_STAT_H

#include "ngx_video_live.h"
#include "ngx_video_viewers.h"


/* rates are of so many whole seconds; more are kept than are looked at */
#define NGX_VIDEO_STAT_WINDOW     10
#define NGX_VIDEO_STAT_SECONDS    16


/* Why a frame was not taken. */
typedef enum {
    NGX_VIDEO_DROP_START = 0,   /* before the first key frame */
    NGX_VIDEO_DROP_TRACK,       /* of a track that came too late, or is one
                                   too many */
    NGX_VIDEO_DROP_SURPLUS,     /* more audio than time */
    NGX_VIDEO_DROP_SILENT,      /* sound of a time that silence was told of */
    NGX_VIDEO_DROPS
} ngx_video_stat_drop_e;


typedef enum {
    NGX_VIDEO_REQUEST_MASTER = 0,
    NGX_VIDEO_REQUEST_MANIFEST,
    NGX_VIDEO_REQUEST_PLAYLIST,
    NGX_VIDEO_REQUEST_INIT,
    NGX_VIDEO_REQUEST_SEGMENT,
    NGX_VIDEO_REQUEST_PART,
    NGX_VIDEO_REQUESTS
} ngx_video_stat_request_e;


/* What came of a track in one second of ours; "second" 0: being changed. */
typedef struct {
    uint32_t                  second;
    uint32_t                  frames;
    uint32_t                  bytes;
    uint32_t                  delay;        /* of parts, the most, ms */
    int32_t                   latency;
} ngx_video_stat_second_t;


typedef struct {
    int64_t                   key;          /* time of the newest, ms */
    uint32_t                  since;        /* frames from it on; 0: none */
    uint32_t                  gop;          /* frames of the last one */
    uint32_t                  gop_max;
    uint32_t                  interval;     /* of key frames, ms */
    uint32_t                  interval_max;
    int32_t                   latency;      /* of the newest part, ms */
    uint32_t                  from;         /* second of the first frame */
    ngx_video_stat_second_t   seconds[NGX_VIDEO_STAT_SECONDS];
} ngx_video_stat_track_t;


typedef enum {
    NGX_VIDEO_RUNGS_NONE = 0,   /* the stream has no ladder */
    NGX_VIDEO_RUNGS_WAITING,    /* nothing comes from the transcoder */
    NGX_VIDEO_RUNGS_ON
} ngx_video_rungs_state_e;


/*
 * The ladder of a stream: as the transcoder told last, since it began with the
 * stream or began again.
 */
typedef struct {
    uint64_t                  state;        /* ngx_video_rungs_state_e */
    uint64_t                  losses;       /* times that it was gone */
    uint64_t                  pictures;
    uint64_t                  dropped;
    uint64_t                  damaged;
    uint64_t                  rungs;
    uint64_t                  off;
    uint64_t                  late;         /* ms */
    uint64_t                  cpu;          /* ms */
} ngx_video_rungs_stat_t;


struct ngx_video_live_stat_s {
    uint64_t                  id;           /* 0: of no name; else never the
                                               same twice */
    uint64_t                  published;    /* epoch that last took it */
    uint64_t                  mark;         /* ... that found it in use */
    uint32_t                  name_len;
    u_char                    name[NGX_VIDEO_LIVE_NAME];

    /* by the publisher's worker */
    uint64_t                  next_msn;     /* no segment of the name had it */
    uint64_t                  since         /* it came, ms since 1970 */
                              __attribute__((aligned(64)));
    uint64_t                  publishers;
    uint64_t                  runs;
    uint64_t                  bytes;        /* of frames that were taken */
    uint64_t                  frames[NVM_KINDS];
    uint64_t                  silent;       /* of them, made here */
    uint64_t                  drops[NGX_VIDEO_DROPS];
    int64_t                   drift;        /* ms that its clock is ahead */
    int64_t                   drift_span;   /* ms in which it became so */
    ngx_video_rungs_stat_t    rungs;
    ngx_video_stat_track_t    tracks[NGX_VIDEO_LIVE_TRACKS];

    /* by all */
    uint64_t                  sent          /* bytes */
                              __attribute__((aligned(64)));
    uint64_t                  requests[NGX_VIDEO_REQUESTS];
    uint64_t                  failed;
    uint64_t                  asked;        /* for, last, ms since 1970 */
    ngx_video_viewers_t       viewers;
};


/* A part that is published, times in ms since 1970. */
typedef struct {
    uint64_t                  arrived;      /* its last frame */
    uint64_t                  published;
    int64_t                   end;          /* of its media */
} ngx_video_stat_part_t;


/* What a reader copies; numbers of 64 bits, for tables of them. */
typedef struct {
    uint64_t                  rate;         /* bytes a second, of the window */
    uint64_t                  frame_rate;   /* frames in 1000 seconds */
    uint64_t                  gop;
    uint64_t                  gop_max;
    uint64_t                  interval;
    uint64_t                  interval_max;
    uint64_t                  delay_max;    /* of the window */
    int64_t                   latency;
    int64_t                   latency_max;
} ngx_video_track_stats_t;


typedef struct {
    uint64_t                  since;
    uint64_t                  publishers;
    uint64_t                  runs;
    uint64_t                  bytes;
    uint64_t                  frames[NVM_KINDS];
    uint64_t                  silent;
    uint64_t                  drops[NGX_VIDEO_DROPS];
    int64_t                   drift;
    int64_t                   drift_ppm;
    uint64_t                  sent;
    uint64_t                  requests[NGX_VIDEO_REQUESTS];
    uint64_t                  failed;
    uint64_t                  viewers;
    ngx_video_rungs_stat_t    rungs;
    uint64_t                  rungs_on;     /* 1: they come */
    ngx_video_track_stats_t   tracks[NGX_VIDEO_LIVE_TRACKS];
} ngx_video_live_stats_t;


/*
 * Under the lock: the entry of the name of a block that has just been taken,
 * a new one if there is none.
 */
uint32_t ngx_video_live_stat_take(ngx_video_store_t *st,
    ngx_video_live_t *taker);

/* Of a block that is not FREE. */
static inline ngx_video_live_stat_t *
ngx_video_live_stat(ngx_video_store_t *st, ngx_uint_t index)
{
    return &st->stats[st->lives[index].stat];
}


/*
 * The publisher's worker; "now" in ms since 1970.  publisher: one has come;
 * run: the tracks begin; taken: a frame of the publisher's was taken; frame:
 * of a track, of this time of the media in ms.
 */
void ngx_video_live_stat_publisher(ngx_video_live_stat_t *s, uint64_t now);
void ngx_video_live_stat_run(ngx_video_live_stat_t *s);
void ngx_video_live_stat_frame(ngx_video_live_stat_t *s, ngx_uint_t number,
    nvm_kind_e kind, size_t size, int64_t ms, ngx_uint_t key, uint64_t now);
void ngx_video_live_stat_taken(ngx_video_live_stat_t *s, nvm_kind_e kind,
    size_t size);
void ngx_video_live_stat_silent(ngx_video_live_stat_t *s);
void ngx_video_live_stat_drop(ngx_video_live_stat_t *s,
    ngx_video_stat_drop_e why);
void ngx_video_live_stat_part(ngx_video_live_stat_t *s, ngx_uint_t number,
    ngx_video_stat_part_t *part);

/* All of it but "losses", of which there is one more if it is 1. */
void ngx_video_live_stat_rungs(ngx_video_live_stat_t *s,
    ngx_video_rungs_stat_t *rungs);

/*
 * The publisher's clock was put right by so many ms, "span" ms after that was
 * done for the first time.
 */
void ngx_video_live_stat_clock(ngx_video_live_stat_t *s, int64_t shift,
    int64_t span);


/*
 * Any worker.  "id" is that of the entry when the request found its stream: it
 * counts if the entry is still of that one.
 */
void ngx_video_live_stat_request(ngx_video_live_stat_t *s, uint64_t id,
    ngx_video_stat_request_e kind, uint64_t bytes, ngx_uint_t failed);
void ngx_video_live_stat_viewer(ngx_video_live_stat_t *s, uint64_t id,
    uint64_t hash, uint64_t now);

/* A copy; NGX_DECLINED when the entry is of another name. */
ngx_int_t ngx_video_live_stat_read(ngx_video_store_t *st,
    ngx_video_live_info_t *info, uint64_t now, ngx_video_live_stats_t *out);


#endif /* NGX_VIDEO_LIVE_STAT_H */
