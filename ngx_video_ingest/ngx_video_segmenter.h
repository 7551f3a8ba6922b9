/*
 * Copyright (C) ngx_video authors
 *
 * A live stream from its publisher's frames: decides when its tracks are
 * known, where segments begin, and what timestamps are believed.
 *
 * The caller (RTMP, later others) hands in codec headers and frames with
 * timestamps in milliseconds; errors are a text for the log and the publisher.
 *
 * The first video track leads, or the next if that one has no key frames to
 * begin with: where it is cut into segments the others are.
 * Players are told where a segment is expected to end (nvm_part_t.last), so
 * the others keep to it: what is ahead of the leader there waits until that
 * has made the cut or has passed it without one.  See ngx_video_lane.c.
 */

#ifndef NGX_VIDEO_SEGMENTER_H
#define NGX_VIDEO_SEGMENTER_H

#include "ngx_video_cuts.h"
#include "ngx_video_frame_queue.h"
#include "ngx_video_track_writer.h"
#include "nvm_frame.h"
#include "nvm_wall.h"


#define NGX_VIDEO_TIMESCALE       90000     /* of video */

/*
 * a step that ends the stream, ms: back, of a track; ahead of the newest frame
 * of all, or behind it where a track begins
 */
#define NGX_VIDEO_MAX_BACK        500
#define NGX_VIDEO_MAX_AHEAD       10000

/* media time to wait for the header of a track that was not announced, ms */
#define NGX_VIDEO_TRACK_WAIT      1000

/* media time for which a track waits for the leader's cut, ms */
#define NGX_VIDEO_CUT_WAIT        1000

/* changes of codecs that are taken at once, beside one a second */
#define NGX_VIDEO_RENEWALS        16

/* a header that waits for the first frame: VP9's */
#define NGX_VIDEO_HEADER_KEPT     32


/* What one track goes through. */
typedef struct {
    ngx_video_track_writer_t  writer;       /* and its track */
    nvm_kind_e                kind;
    nvm_codec_e               codec;
    ngx_uint_t                id;           /* the publisher's number */
    u_char                    header[NGX_VIDEO_HEADER_KEPT];
    size_t                    header_len;
    uint32_t                  look;         /* of its frames, where they tell
                                               what it is */
    uint64_t                  cut;          /* cuts of the leader's made */
    int64_t                   cts;          /* of its newest key frame */
    int64_t                   clock;        /* of its newest frame, ms */
    ngx_video_frame_queue_t   held;         /* frames that are ahead of them */

    unsigned                  known:1;      /* the track is */
    unsigned                  late:1;       /* it was not at the start */
    unsigned                  clocked:1;    /* has had a frame */
    unsigned                  keyed:1;      /* ... a key frame */
    unsigned                  warned:1;     /* of key frames that don't fit */
    unsigned                  alone:1;      /* ... that it goes on alone */
} ngx_video_lane_t;


typedef struct {
    ngx_video_store_t        *store;
    ngx_log_t                *log;
    ngx_video_live_conf_t     conf;
    ngx_uint_t                live;
    const char               *error;        /* after NGX_ERROR */
    ngx_uint_t                level;        /* of the log line about it; 0:
                                               it is the publisher's fault */

    ngx_video_lane_t          lanes[NGX_VIDEO_LIVE_TRACKS];
    ngx_uint_t                nlanes;
    ngx_video_lane_t         *lead;         /* of video; NULL: there is none */

    /* RTMP's 32-bit milliseconds, unwrapped; one clock for all tracks */
    int64_t                   clock;        /* of the newest frame */
    int64_t                   first;        /* of the first message */
    int64_t                   base;         /* of the first frame */
    ngx_video_live_clock_t    time;         /* of that */
    uint64_t                  earliest;     /* time.start may become */
    nvm_wall_t          wall;
    ngx_video_cuts_t          cuts;

    double                    framerate;    /* as announced, 0: not */
    uint32_t                  rate[NVM_KINDS];          /* bit/s, announced */
    ngx_uint_t                frames;
    ngx_uint_t                renewals;
    ngx_msec_t                began;        /* by ngx_current_msec */

    unsigned                  published:1;
    unsigned                  kicked:1;     /* not to be waited for */
    unsigned                  ready:1;
    unsigned                  renewed:1;    /* the clock of the run before goes
                                               on */
    unsigned                  no_video:1;   /* announced to be absent */
    unsigned                  no_audio:1;
    unsigned                  clocked:1;
    unsigned                  warned:1;     /* of long key frame intervals */
    unsigned                  warned_surplus:1;
    unsigned                  warned_tracks:1;
    unsigned                  passed:1;     /* a key frame that could have been
                                               the first */
} ngx_video_segmenter_t;


/* What a publisher sends: a codec header, or a frame. */
typedef struct {
    nvm_kind_e                kind;
    nvm_codec_e               codec;
    ngx_uint_t                track;        /* 0: the only one, or the first */
    uint32_t                  ts;           /* ms */
    int32_t                   cts;          /* ms */
    const u_char             *data;
    size_t                    size;
} ngx_video_packet_t;


/* NGX_OK, NGX_BUSY: the name is live; NGX_DECLINED: the zone is full. */
ngx_int_t ngx_video_segmenter_init(ngx_video_segmenter_t *sg,
    ngx_video_store_t *st, ngx_video_live_conf_t *conf, ngx_log_t *log);
void ngx_video_segmenter_done(ngx_video_segmenter_t *sg, ngx_uint_t clean);

/* Codec configuration as its box has it. */
ngx_int_t ngx_video_segmenter_header(ngx_video_segmenter_t *sg,
    ngx_video_packet_t *p);

ngx_int_t ngx_video_segmenter_frame(ngx_video_segmenter_t *sg,
    ngx_video_packet_t *p);


/* For the two files of the segmenter. */

/*
 * "audio", or "audio track 2" where the publisher numbers several, with a zero
 * at its end.
 */
#define NGX_VIDEO_LANE_NAME       (sizeof("video track ") + NGX_INT_T_LEN)
u_char *ngx_video_segmenter_name(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, u_char *buf);

/* NGX_ERROR, and why. */
ngx_int_t ngx_video_segmenter_fail(ngx_video_segmenter_t *sg,
    const char *error);

/* The same when the zone has no memory for the stream, or is not ours. */
ngx_int_t ngx_video_segmenter_full(ngx_video_segmenter_t *sg);


/* ngx_video_lane.c */

/* Before the stream starts: parts, the first segment, the track's place. */
ngx_int_t ngx_video_lane_start(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, uint64_t msn);

/* A frame in the timeline of its track. */
ngx_int_t ngx_video_lane_frame(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, ngx_video_frame_t *f);

/* Nothing follows: writes what waits, closes the segment. */
void ngx_video_lane_finish(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane);
void ngx_video_lane_done(ngx_video_lane_t *lane);


#endif /* NGX_VIDEO_SEGMENTER_H */
