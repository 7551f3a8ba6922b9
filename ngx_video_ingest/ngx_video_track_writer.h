/*
 * Copyright (C) ngx_video authors
 *
 * The frames of one live track become CMAF chunks in the store.
 *
 * Decode times on the way out are gapless: a part begins where the last one
 * was announced to end, although the publisher's milliseconds jitter.  What a
 * decode time deviates is put into the composition offset, so presentation
 * times are the publisher's, exactly.  A part is closed by the arrival of its
 * last frame, not of the next one: the last duration is an estimate.
 *
 * Audio frames tell their duration, so their decode times count on from the
 * first.  A frame that comes more than NGX_VIDEO_AUDIO_SLACK after that moves
 * it; when there are more frames than time, some are left out.
 */

#ifndef NGX_VIDEO_TRACK_WRITER_H
#define NGX_VIDEO_TRACK_WRITER_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_video_record.h"
#include "nvm_emsg.h"


#define NGX_VIDEO_PART_SAMPLES    512
#define NGX_VIDEO_PART_BYTES      (32 * 1024 * 1024)
#define NGX_VIDEO_PART_EVENTS     65536     /* bytes of their boxes */

/* that buffers of all tracks of a publisher take */
#define NGX_VIDEO_PARTS_BYTES     (64 * 1024 * 1024)


typedef struct {
    ngx_video_store_t        *store;
    ngx_video_record_t       *recorder;     /* NULL: none */
    ngx_log_t                *log;
    ngx_uint_t                live;         /* index of the stream */
    ngx_uint_t                number;       /* of the track in it */
    nvm_track_t               track;
    int64_t                   wall;         /* ms since 1970, of tick 0 */

    uint32_t                  frame;        /* duration of one: of video an
                                               estimate, of audio of the newest;
                                               0: not known yet */
    uint32_t                  part;         /* length of a part, ticks */
    uint32_t                  part_target;  /* of the longest */
    uint64_t                  grid;         /* audio: parts end at the first
                                               frame after its multiples */
    uint64_t                  next;         /* where the next part begins */
    uint64_t                  last_in;      /* decode time that came last */
    uint64_t                  surplus;      /* audio: least overlap since it
                                               is more than the slack, or 0 */
    uint64_t                  surplus_from; /* ... decode time of that */
    ngx_uint_t                drop;         /* audio: frames to leave out */
    uint64_t                  msn;          /* of the open segment */
    uint64_t                  segment_start;
    uint64_t                  segment_bytes;
    ngx_uint_t                segment_parts;
    uint32_t                  sequence;     /* of mfhd */
    uint64_t                  total_bytes;
    uint64_t                  total_ticks;

    size_t                   *held;         /* by buffers of all tracks */
    nvm_sample_t             *samples;      /* of the open part */
    ngx_uint_t                nsamples;
    u_char                   *data;
    size_t                    len;
    size_t                    size;
    u_char                   *boxes;        /* that go before them */
    size_t                    boxes_size;
    u_char                   *events;       /* emsg boxes, for the next part */
    size_t                    events_len;
    size_t                    events_size;

    uint64_t                  arrived;      /* the newest frame, ms since
                                               1970 */

    unsigned                  started:1;    /* has had a frame */
    unsigned                  numbered:1;   /* "msn" is of a segment that is, or
                                               was */
    unsigned                  open:1;       /* has an open segment */
    unsigned                  first:1;      /* next part is its first */
    unsigned                  last:1;       /* of the newest frame, see below */
    unsigned                  measured:1;   /* bandwidth is no guess */
    unsigned                  paced:1;      /* "frame" is no estimate of its
                                               own */
    unsigned                  large:1;      /* open parts are, too much so */
} ngx_video_track_writer_t;


/* A coded frame; times in ticks of the track. */
typedef struct {
    uint64_t                  dts;
    int32_t                   cts;
    const u_char             *data;
    size_t                    size;
    uint32_t                  duration;     /* of audio */
    uint64_t                  arrived;      /* ms since 1970 */
    unsigned                  key:1;
    unsigned                  last:1;       /* likely of its segment: a
                                               promise to players */
} ngx_video_frame_t;


/* Adds the track to the stream; the stream must not be ready yet. */
ngx_int_t ngx_video_track_writer_init(ngx_video_track_writer_t *tw,
    ngx_video_store_t *st, ngx_uint_t live, ngx_log_t *log);

/* The same of one that has no media in this run, and no configuration. */
ngx_int_t ngx_video_track_writer_place(ngx_video_track_writer_t *tw,
    ngx_video_store_t *st, ngx_uint_t live, ngx_log_t *log);
void ngx_video_track_writer_done(ngx_video_track_writer_t *tw);

/*
 * Closes the open segment, if there is one, and opens the next; "wall" is the
 * wall clock of "start" in ms since 1970.
 */
ngx_int_t ngx_video_track_writer_segment(ngx_video_track_writer_t *tw,
    uint64_t start, int64_t wall, ngx_uint_t independent);
ngx_int_t ngx_video_track_writer_close(ngx_video_track_writer_t *tw);

/* What is open is a gap that lasts until "end". */
void ngx_video_track_writer_cut(ngx_video_track_writer_t *tw, uint64_t end);

/* A segment without media from "start" to "end"; none is open. */
ngx_int_t ngx_video_track_writer_gap(ngx_video_track_writer_t *tw,
    uint64_t start, uint64_t end, int64_t wall);

/* Where a frame that comes now begins on the way out. */
uint64_t ngx_video_track_writer_dts(ngx_video_track_writer_t *tw,
    uint64_t dts);

/* Whether an audio frame that comes now is to be left out. */
ngx_uint_t ngx_video_track_writer_surplus(ngx_video_track_writer_t *tw,
    uint64_t dts);

/*
 * An event that goes before the next part, with its time in ms of the media;
 * NGX_DECLINED: there are too many.
 */
ngx_int_t ngx_video_track_writer_event(ngx_video_track_writer_t *tw,
    nvm_emsg_t *event);

/* Appends a frame to the open segment. */
ngx_int_t ngx_video_track_writer_frame(ngx_video_track_writer_t *tw,
    ngx_video_frame_t *f);


#endif /* NGX_VIDEO_TRACK_WRITER_H */
