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
#include "ngx_video_live_event.h"
#include "ngx_video_live_stat.h"
#include "ngx_video_rungs.h"
#include "ngx_video_track_writer.h"
#include "nvm_clock.h"
#include "nvm_frame.h"
#include "nvm_silence.h"
#include "nvm_wall.h"


#define NGX_VIDEO_TIMESCALE       90000     /* of video */

/* a composition time, or a frame duration, that is not believed, ms */
#define NGX_VIDEO_MAX_AHEAD       10000

/* media time to wait for the header of a track that was not announced, ms */
#define NGX_VIDEO_TRACK_WAIT      1000

/* media time for which sound waits for a key frame of announced video, ms */
#define NGX_VIDEO_KEY_WAIT        10000

/*
 * Dates follow a publisher's clock, manifests only in steps: of so many ms.  A
 * step takes 20 s or more, see NVM_WALL_SLEW.
 */
#define NGX_VIDEO_STRAY           40

/* media time after which a track that had none is silent, ms */
#define NGX_VIDEO_SILENT          1000

/*
 * Silence that one picture may bring about, and all of a publisher's beside one
 * second a second, ms: small messages must not make large ones for ever.
 */
#define NGX_VIDEO_FILL_AT_ONCE    10000
#define NGX_VIDEO_FILL_AHEAD      60000

/* media time for which a track waits for the leader's cut, ms */
#define NGX_VIDEO_CUT_WAIT        1000

/* between attempts to take a stream over, and saying that it could, ms */
#define NGX_VIDEO_STANDBY         200

/* times that a stream goes on in another run for its rungs */
#define NGX_VIDEO_RUNGS_GROW      8

/* changes of codecs that are taken at once, beside one a second */
#define NGX_VIDEO_RENEWALS        16

/* jumps of timestamps, beside one in so many ms */
#define NGX_VIDEO_JUMPS           8
#define NGX_VIDEO_JUMP_TIME       10000

/* media time that rungs may be behind before they have gaps, ms */
#define NGX_VIDEO_RUNGS_BEHIND    3000

/* a header that waits for the first frame: VP9's */
#define NGX_VIDEO_HEADER_KEPT     32


/* Silence for sound that is missing. */
typedef struct {
    u_char                    frame[NVM_SILENCE_FRAME];
    size_t                    len;          /* 0: there is none of the codec */
    uint32_t                  duration;     /* ticks */
    uint64_t                  heard;        /* decode time of the leader when
                                               the newest frame came, or of
                                               that, if it is later; or
                                               NGX_VIDEO_NEVER */
    ngx_msec_t                wait;         /* media time without sound before
                                               there is silence */
    uint64_t                  end;          /* of silence, ticks; 0: none */
    unsigned                  on:1;         /* there is silence now */
} ngx_video_fill_t;


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
    nvm_clock_track_t         clock;
    ngx_video_frame_queue_t   held;         /* frames that are ahead of them */
    ngx_video_fill_t          fill;

    /* of one that the transcoder makes: */
    ngx_video_rung_t         *rung;
    nvm_track_t               next;         /* what it is in the next run, */
    unsigned                  fresh:1;      /* if it is another then */
    unsigned                  made:1;
    unsigned                  vacant:1;     /* the run has a place for it, but
                                               no media */
    unsigned                  absent:1;     /* has gaps from here on */

    unsigned                  known:1;      /* the track is */
    unsigned                  late:1;       /* it was not at the start */
    unsigned                  keyed:1;      /* has had a key frame */
    unsigned                  warned:1;     /* of key frames that don't fit */
    unsigned                  alone:1;      /* ... that it goes on alone */
} ngx_video_lane_t;


typedef struct {
    ngx_video_store_t        *store;
    ngx_log_t                *log;
    ngx_video_live_conf_t     conf;
    ngx_video_record_conf_t  *record;       /* set by the caller; NULL: off */
    ngx_video_record_t       *recorder;     /* of the run; NULL: none */
    ngx_uint_t                live;
    ngx_video_live_stat_t    *stat;         /* of the stream */
    const char               *error;        /* after NGX_ERROR */
    ngx_uint_t                level;        /* of the log line about it; 0:
                                               it is the publisher's fault */

    ngx_video_lane_t          lanes[NGX_VIDEO_LIVE_TRACKS];
    ngx_uint_t                nlanes;
    ngx_video_lane_t         *lead;         /* of video; NULL: there is none */

    /* one clock for all tracks, ms */
    nvm_clock_t               clock;
    int64_t                   first;        /* of the first message */
    int64_t                   base;         /* of the first frame */
    ngx_video_live_clock_t    time;         /* of that */
    uint64_t                  earliest;     /* time.start may become */
    nvm_wall_t                wall;
    int64_t                   settled;      /* ms of media, when that was */
    int64_t                   strayed;      /* ms, of dates from "time" */
    int64_t                   stepped;      /* of those in manifests, too */
    ngx_video_cuts_t          cuts;

    double                    framerate;    /* as announced, 0: not */
    uint32_t                  rate[NVM_KINDS];          /* bit/s, announced */
    ngx_uint_t                frames;
    size_t                    held;         /* by buffers of open parts */
    size_t                    held_made;    /* the same of rungs */
    ngx_uint_t                renewals;
    ngx_uint_t                jumps;
    uint64_t                  silence;      /* that was made, ms */
    uint32_t                  event;        /* emsg id of the newest */

    ngx_video_ladder_t       *ladder;       /* set by the caller; NULL: none */
    ngx_video_rungs_t        *rungs;        /* NULL: not connected yet */
    ngx_queue_t               waiting;      /* frames, while the run waits for
                                               its rungs */
    ngx_uint_t                nheld;
    ngx_uint_t                grown;        /* times that a run ended for rungs
                                               that came */
    size_t                    waiting_bytes;
    ngx_msec_t                waited;       /* since then */
    uint64_t                  period;       /* the cut that manifests have had a
                                               new period from, because of
                                               rungs */

    void                    (*drained)(void *data);
    void                     *drained_data;

    ngx_msec_t                began;        /* by ngx_current_msec */

    ngx_msec_t                tried;        /* to take over, when */
    ngx_msec_t                said;         /* that it could */

    unsigned                  standby:1;    /* set by the caller after NGX_BUSY:
                                               takes over when it can */
    unsigned                  published:1;
    unsigned                  kicked:1;     /* not to be waited for */
    unsigned                  ready:1;
    unsigned                  joined:1;     /* the run goes on from another */
    unsigned                  renewed:1;    /* the clock of the run before goes
                                               on */
    unsigned                  no_video:1;   /* announced to be absent */
    unsigned                  no_audio:1;
    unsigned                  warned:1;     /* of long key frame intervals */
    unsigned                  warned_surplus:1;
    unsigned                  warned_silence:1;
    unsigned                  warned_tracks:1;
    unsigned                  warned_images:1;
    unsigned                  passed:1;     /* a key frame that could have been
                                               the first */
    unsigned                  rungs_known:1;
    unsigned                  awaited:1;    /* rungs were, for long enough */
    unsigned                  changed:1;    /* rungs came or went: manifests
                                               have another period */
    unsigned                  failed:1;     /* a run could not start when its
                                               rungs came, see "error" */
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

/*
 * The publisher has gone.  NGX_OK: so the stream is done; NGX_AGAIN: the end of
 * its rungs is on its way, the stream is to be done when "drained" is called.
 * Who publishes the name meanwhile stands by.
 */
ngx_int_t ngx_video_segmenter_drain(ngx_video_segmenter_t *sg,
    void (*drained)(void *data), void *data);

/* How long nothing has come of a stream that is on air, ms. */
ngx_msec_t ngx_video_segmenter_silence(ngx_video_segmenter_t *sg);

/* Leaves the stream to another publisher, and stands by. */
void ngx_video_segmenter_yield(ngx_video_segmenter_t *sg);

/* Codec configuration as its box has it. */
ngx_int_t ngx_video_segmenter_header(ngx_video_segmenter_t *sg,
    ngx_video_packet_t *p);

ngx_int_t ngx_video_segmenter_frame(ngx_video_segmenter_t *sg,
    ngx_video_packet_t *p);


/* What a publisher signals: for playlists, for players, or for both. */
typedef struct {
    uint32_t                  ts;           /* ms, as of packets */
    uint64_t                  duration;     /* ms, or NGX_VIDEO_LIVE_UNKNOWN */
    ngx_video_live_event_t   *listed;       /* what playlists are told: kind,
                                               type, id, and data */
    ngx_uint_t                nlisted;
    const char               *scheme;       /* of what players are told */
    const u_char             *data;
    size_t                    size;
} ngx_video_event_t;

/*
 * ngx_video_segmenter_event.c.  NGX_DECLINED: there are too many, or the stream
 * has not started.
 */
ngx_int_t ngx_video_segmenter_event(ngx_video_segmenter_t *sg,
    ngx_video_event_t *event);


/* For the files of the segmenter. */

/*
 * "audio", or "audio track 2" where the publisher numbers several, or
 * "rung 720p", with a zero at its end.
 */
#define NGX_VIDEO_LANE_NAME                                                   \
    (sizeof("video track ") + NGX_INT_T_LEN + NGX_VIDEO_RUNG_NAME)
u_char *ngx_video_segmenter_name(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, u_char *buf);

/* NGX_ERROR, and why. */
ngx_int_t ngx_video_segmenter_fail(ngx_video_segmenter_t *sg,
    const char *error);

/* The same when the zone has no memory for the stream, or is not ours. */
ngx_int_t ngx_video_segmenter_full(ngx_video_segmenter_t *sg);


/* As ngx_video_segmenter_init(), of the stream that was named there. */
ngx_int_t ngx_video_segmenter_publish(ngx_video_segmenter_t *sg);

/* A new lane; NULL: there are as many as there may be. */
ngx_video_lane_t *ngx_video_segmenter_add(ngx_video_segmenter_t *sg,
    nvm_kind_e kind, nvm_codec_e codec, ngx_uint_t id);

/* A track that came when the stream had started. */
void ngx_video_segmenter_late(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane);


/* ngx_video_segmenter_event.c: captions that a picture has. */
void ngx_video_segmenter_captions(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, const nvm_captions_t *captions);


/* ngx_video_segmenter_run.c */

/*
 * Whether the stream can start with the frame at hand: with both kinds, or
 * with one when the other was announced to be absent or did not come in time.
 * Video starts with a key frame of the track that will lead.  NGX_AGAIN: it
 * can't; NGX_BUSY: it could, but the frame is to be held; NGX_DONE: who stood
 * by has taken over, and may start with it.
 */
ngx_int_t ngx_video_segmenter_ready(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, int64_t ms, ngx_uint_t key);

/*
 * A track's codec has changed: the stream goes on in another run, at the next
 * key frame.  Its clock is the same.
 */
ngx_int_t ngx_video_segmenter_renew(ngx_video_segmenter_t *sg);

/*
 * A frame of a video track that was left out: NGX_OK if the stream has sound
 * only and goes on with it, in another run; NGX_DECLINED.
 */
ngx_int_t ngx_video_segmenter_admit(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, ngx_video_packet_t *p);

/*
 * The timestamps of a track have jumped.  With those of the track that leads
 * the stream goes on in another run, as when its publisher comes back.
 */
ngx_int_t ngx_video_segmenter_jump(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, uint32_t from, uint32_t to);
ngx_int_t ngx_video_segmenter_anew(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane);

/* What has come is not lost: the segments that are open become complete. */
void ngx_video_segmenter_finish(ngx_video_segmenter_t *sg);


/*
 * A frame of a lane at "ms" of the stream's clock, of which dts is not set yet:
 * into the run, or before it.
 */
ngx_int_t ngx_video_segmenter_deliver(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, int64_t ms, ngx_video_frame_t *f);


/* ngx_video_segmenter_rungs.c: all do nothing to a stream without a ladder. */

/* A frame of the publisher's goes to the transcoder, if it is of the source. */
void ngx_video_segmenter_feed(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, int64_t ms, ngx_video_frame_t *f);

/* Whether a run that could start waits for its rungs. */
ngx_uint_t ngx_video_segmenter_waits(ngx_video_segmenter_t *sg);

/* A frame that comes meanwhile; and, before all of them have, no more of it. */
ngx_int_t ngx_video_segmenter_hold(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, int64_t ms, ngx_video_frame_t *f);
ngx_int_t ngx_video_segmenter_release(ngx_video_segmenter_t *sg);

/* Before a run starts: a place for each rung, whether it is known or not. */
void ngx_video_segmenter_rungs_places(ngx_video_segmenter_t *sg);

/* Rungs that came when the run was on are in the next one, from a key frame. */
ngx_int_t ngx_video_segmenter_grow(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, ngx_uint_t key);
void ngx_video_segmenter_rungs_enter(ngx_video_segmenter_t *sg);

/*
 * ngx_video_segmenter_thumbs.c.  thumbs: before the run is shown; cut: a segment
 * of the track that leads has begun with a frame; image: one has come.
 */
void ngx_video_segmenter_thumbs(ngx_video_segmenter_t *sg);
void ngx_video_segmenter_cut(ngx_video_segmenter_t *sg, ngx_video_frame_t *f);
void ngx_video_segmenter_image(void *data, nvm_wire_t *m);

/* The stream is over, or another publisher's. */
void ngx_video_segmenter_rungs_done(ngx_video_segmenter_t *sg);


/* ngx_video_lane.c */

/*
 * For the lanes of rungs.  unwritten: why a frame or a segment could not be,
 * NGX_ERROR; segment: one begins with the frame at hand; ends: whether the open
 * one does at "ticks", or did before; write: a frame of the open one.
 */
ngx_int_t ngx_video_lane_unwritten(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane);
ngx_int_t ngx_video_lane_segment(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, uint64_t out, ngx_uint_t independent);
ngx_uint_t ngx_video_lane_ends(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, uint64_t ticks);
ngx_int_t ngx_video_lane_write(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, ngx_video_frame_t *f);

/* Before the stream starts: parts, the first segment, the track's place. */
ngx_int_t ngx_video_lane_start(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, uint64_t msn);

/* A frame in the timeline of its track. */
ngx_int_t ngx_video_lane_frame(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, ngx_video_frame_t *f);

/*
 * ngx_video_lane_rungs.c.  of_source: before the run, a rung has the parts of
 * its source, and its frames, unless it has fewer.  absent: it does not come,
 * for now.  gone: the same at once, if it is known where the open segment will
 * have ended: players are not to wait for the rest of it.  rungs: the leader
 * has made a cut, those that are too far behind it have gaps.  period: at a cut
 * at "out", rungs came or went: from here on manifests have other tracks.  end:
 * of the run, what they have not of it.
 */
void ngx_video_lane_of_source(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane);
void ngx_video_lane_absent(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane);
void ngx_video_lane_gone(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane);
ngx_int_t ngx_video_lane_rungs(ngx_video_segmenter_t *sg);
void ngx_video_lane_period(ngx_video_segmenter_t *sg, uint64_t out);
void ngx_video_lane_rungs_end(ngx_video_segmenter_t *sg);

/* Before the run: what is announced of its rate. */
void ngx_video_lane_rung_rate(ngx_video_lane_t *lane);

/*
 * A frame of a rung.  Its segments begin with key frames where the leader has
 * made a cut; what is missing of it there are gaps.
 */
ngx_int_t ngx_video_lane_rung(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, ngx_video_frame_t *f);

/*
 * The same of sound, which begins with the first frame behind a cut.  NGX_DONE:
 * it goes on, as that of a publisher does.
 */
ngx_int_t ngx_video_lane_rung_sound(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, ngx_video_frame_t *f);

/*
 * ngx_video_fill.c: sound that is missing is silence.  For a run that is about
 * to start with n tracks of video alone: a lane for the sound that the run
 * before it had; 1 if there is one more now.
 */
ngx_uint_t ngx_video_fill_lane(ngx_video_segmenter_t *sg, ngx_uint_t n);

/* A run starts: what silence of its track is. */
void ngx_video_fill_start(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane);

/* The leader has come to "dts": others may have been silent for too long. */
ngx_int_t ngx_video_fill(ngx_video_segmenter_t *sg, uint64_t dts);

/*
 * A frame has come: NGX_OK; NGX_DECLINED: there is silence in its place already;
 * NGX_ERROR.
 */
ngx_int_t ngx_video_fill_over(ngx_video_segmenter_t *sg,
    ngx_video_lane_t *lane, ngx_video_frame_t *f);

/* Nothing follows: writes what waits, closes the segment. */
void ngx_video_lane_finish(ngx_video_segmenter_t *sg, ngx_video_lane_t *lane);
void ngx_video_lane_done(ngx_video_lane_t *lane);


#endif /* NGX_VIDEO_SEGMENTER_H */
