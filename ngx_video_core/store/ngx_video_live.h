/*
 * Copyright (C) ngx_video authors
 *
 * Live timelines: what a stream consists of at this moment, in shared memory.
 *
 * One writer, the publisher's worker; readers copy under a sequence lock and
 * retry.  The table of streams is type-stable: a reader that holds (index,
 * epoch) may look at the block for ever and sees by the epoch that it has
 * become another stream.  The rings of segments and parts of a track lie in a
 * chunk of its own; a reader that races with its reuse copies rubbish, finds
 * the sequence changed, and throws it away, so it checks every number before
 * it uses it as an index.
 *
 *   state         set by                    means
 *   FREE          reaper                    no stream
 *   STARTING      publish                   no tracks yet, not to be shown
 *   LIVE          ready                     tracks are known and fixed
 *   ENDED         end                       nothing will be added
 *   INTERRUPTED   end, sweep of a dead      the same, without its consent
 *                 worker, reaper
 *   PAUSED        end, pause, sweep         nothing will be added to it, but
 *                                           it may go on in another run
 *   CONTINUED     ready of the next run     it has gone on there
 *
 * A stream is a chain of runs, each a block: a run goes on from the one before
 * it when its publisher came back within its grace time, or changed its codecs.
 * It has the same tracks, its segments are numbered on and its clock is the
 * same, but for a gap.  "prev" is believed only while the block there has
 * "prev_epoch".  A run that has gone on stays until its last segment has left
 * the window.
 *
 * Who takes a block for a stream, frees it, or ends it for a dead publisher
 * does so in one hold of the zone's lock.  "writer" is taken first and given
 * back last: while it is a worker that lives no more, the block is repaired
 * by ngx_video_live_orphan().
 *
 * A segment is an object that belongs to the stream; it stays as long as its
 * descriptor is in the ring.  Part N is a range of the segment's bytes.
 */

#ifndef NGX_VIDEO_LIVE_H
#define NGX_VIDEO_LIVE_H

#include "ngx_video_store.h"
#include "nvm_arena.h"
#include "nvm_model.h"


#define NGX_VIDEO_LIVE_TRACKS     8
#define NGX_VIDEO_LIVE_NAME       128
#define NGX_VIDEO_LIVE_INIT       3072
#define NGX_VIDEO_LIVE_SEGMENTS   384
#define NGX_VIDEO_LIVE_PARTS      1024

/* steps of a run's clock: one less is remembered, the newest ones */
#define NGX_VIDEO_LIVE_STEPS      256

/* runs of a stream that are read, the newest ones */
#define NGX_VIDEO_LIVE_RUNS       16

/* path of a recording; its newest runs, each in a directory of its own */
#define NGX_VIDEO_LIVE_PATH       512
#define NGX_VIDEO_LIVE_RECORDED   32
#define NGX_VIDEO_LIVE_NUMBER     9999
#define NGX_VIDEO_LIVE_FILE       (NGX_VIDEO_LIVE_PATH + sizeof("/0001/v0.mp4"))

/* what is on disk can be had for so long after it was listed, ms */
#define NGX_VIDEO_LIVE_DVR_MARGIN 30000

/* pages that list what a track has on disk; segments that one has */
#define NGX_VIDEO_LIVE_PAGES      64
#define NGX_VIDEO_LIVE_LISTED     100000
#define NGX_VIDEO_LIVE_PAGE                                                   \
    (NGX_VIDEO_CHUNK_SIZE / sizeof(ngx_video_live_record_t))

/* how long an ended stream stays to be read, ms, unless told otherwise */
#define NGX_VIDEO_LIVE_LINGER     30000


typedef enum {
    NGX_VIDEO_LIVE_FREE = 0,
    NGX_VIDEO_LIVE_STARTING,
    NGX_VIDEO_LIVE_LIVE,
    NGX_VIDEO_LIVE_ENDED,
    NGX_VIDEO_LIVE_INTERRUPTED,
    NGX_VIDEO_LIVE_PAUSED,
    NGX_VIDEO_LIVE_CONTINUED
} ngx_video_live_state_e;


/*
 * Where a run stands in time.  Media times have no gap between two runs, which
 * some players don't survive; the clock has.
 */
typedef struct {
    int64_t                   wall;         /* when the first run began, ms
                                               since 1970 */
    uint64_t                  start;        /* when this one did, ms after it */
    uint64_t                  begin;        /* the media time of that, ms */
} ngx_video_live_clock_t;


/*
 * Where the clock of a run is put right, because its publisher's is fast or
 * slow: media of "begin" and later are of another period in manifests, which
 * starts that many ms after clock.wall.
 */
typedef struct {
    uint64_t                  start;
    uint64_t                  begin;
} ngx_video_live_step_t;


typedef enum {
    NGX_VIDEO_RECORD_NONE = 0,
    NGX_VIDEO_RECORD_ON,
    NGX_VIDEO_RECORD_OFF,       /* told so */
    NGX_VIDEO_RECORD_FAILED
} ngx_video_record_state_e;


/*
 * What of a run is written to disk.  Its files are PATH/NUMBER/TRACK.mp4; all
 * runs of a stream have the same path.  "ends" is the media time that a run
 * ended with, ms, of all but the one that is written.
 *
 * "runs" has a bit for each of the newest runs that has media on disk, see
 * ngx_video_live_run_bit(), "named" for each that asset.json is to name.  A run
 * may come to disk when another has begun: who changes them does so in all runs
 * after its own, too, under the lock and a word at a time.  A run is not named
 * before asset.json has it, nor while what was written may be another
 * recorder's, which knew of less.
 */
typedef struct {
    uint32_t                  state;        /* ngx_video_record_state_e;
                                               atomic */
    uint32_t                  writer;       /* slot that writes it */
    uint32_t                  writer_gen;
    uint32_t                  number;
    uint32_t                  runs;         /* atomic */
    uint32_t                  named;        /* atomic */
    uint32_t                  path_len;
    uint64_t                  begin;        /* media time that it begins with,
                                               ms; UINT64_MAX: not yet */
    uint64_t                  ends[NGX_VIDEO_LIVE_RECORDED];
    u_char                    path[NGX_VIDEO_LIVE_PATH];
} ngx_video_live_recording_t;


/* The place of a run in "ends" and, as a bit, in "runs". */
static inline uint32_t
ngx_video_live_run_bit(uint32_t number)
{
    return (number - 1) % NGX_VIDEO_LIVE_RECORDED;
}


/*
 * Everything but state, signal, and "state", "runs" and "named" of the
 * recording is written between two steps of version.
 */
struct ngx_video_live_s {
    uint64_t                  version;      /* odd: being written */
    ngx_video_signal_t        signal;
    uint64_t                  epoch;        /* never the same twice */
    uint32_t                  state;
    uint32_t                  writer;       /* slot */
    uint32_t                  writer_gen;
    uint32_t                  reserved;     /* chunks */
    uint32_t                  emptied;      /* times; objects of ended epochs */
    uint32_t                  disowned;     /* are left when these differ */
    uint64_t                  started;      /* ms since 1970 */
    uint64_t                  ended;
    uint64_t                  linger;       /* ms */
    uint64_t                  grace;        /* ms */
    ngx_video_live_clock_t    clock;
    uint64_t                  prev_epoch;
    uint32_t                  prev;         /* block + 1 of the run before */
    uint32_t                  order;        /* runs before it */
    uint32_t                  had;          /* kinds of media that runs before
                                               it had, a bit each */
    uint32_t                  stat;         /* entry of its name */
    uint64_t                  kicked;       /* epoch that is to end; atomic */
    uint64_t                  stood_by;     /* when another publisher did, ms
                                               since 1970; atomic */
    uint64_t                  leaving;      /* epoch whose publisher has gone;
                                               atomic */
    uint64_t                  next_msn;     /* that no segment had yet */

    uint32_t                  target;       /* longest segment, s */
    uint32_t                  window_ms;
    uint32_t                  ntracks;
    uint32_t                  tracks[NGX_VIDEO_LIVE_TRACKS];  /* chunk + 1 */
    uint32_t                  events;       /* chunk + 1, 0: there are none;
                                               see ngx_video_live_event.h */
    uint64_t                  nevents;      /* so far */
    uint32_t                  images;       /* the same of thumbnails, see
                                               ngx_video_live_image.h */
    uint64_t                  nimages;      /* changes of them */

    uint64_t                  dvr_ms;       /* that is listed from disk */
    ngx_video_live_recording_t  recording;

    uint64_t                  bytes;        /* received; atomic */

    uint64_t                  app;          /* of the publisher, and its */
    uint64_t                  peer;         /* address, as it told them */

    uint32_t                  name_len;
    u_char                    name[NGX_VIDEO_LIVE_NAME];
};


typedef struct {
    uint64_t                  msn;
    uint64_t                  start;
    uint64_t                  duration;
    int64_t                   wall;
    uint64_t                  first_part;   /* in the ring's numbering */
    ngx_video_ref_t           object;
    uint32_t                  size;
    uint16_t                  nparts;
    unsigned                  independent:1;
    unsigned                  discontinuity:1;
    unsigned                  complete:1;
    unsigned                  gap:1;        /* it was cut off, its object is
                                               aborted */
    unsigned                  cut:1;        /* ... is what came before, for
                                               those who have been told of it */
} ngx_video_live_segment_t;


/* A segment on disk; size 0: it was missed. */
typedef struct {
    uint64_t                  start;
    uint64_t                  offset;       /* in the file of the track */
    int64_t                   wall;
    uint32_t                  duration;
    uint32_t                  size;
    unsigned                  independent:1;
    unsigned                  discontinuity:1;
} ngx_video_live_record_t;


/*
 * Those of a track: of segment "base" and the ones after it.  What is listed
 * is in pages, each a chunk.
 */
typedef struct {
    uint64_t                  base;
    uint64_t                  first;        /* records [first, next) are there */
    uint64_t                  next;
    uint64_t                  offset[2];    /* where the file ends: of
                                               next % 2 */
    uint32_t                  pages[NGX_VIDEO_LIVE_PAGES];  /* chunk + 1; of
                                               record n: n / PAGE % PAGES */
} ngx_video_live_dvr_t;


/* In a chunk of its own. */
typedef struct {
    nvm_track_t               track;
    uint32_t                  init_len;
    u_char                    init[NGX_VIDEO_LIVE_INIT];

    uint64_t                  first;        /* segments [first, next) */
    uint64_t                  next;
    uint64_t                  next_part;
    uint32_t                  part_target;  /* longest part, ticks */
    ngx_video_live_dvr_t      dvr;
    ngx_video_live_segment_t  segments[NGX_VIDEO_LIVE_SEGMENTS];
    nvm_part_t                parts[NGX_VIDEO_LIVE_PARTS];

    /* of the first track alone: those of the run, so far */
    uint64_t                  nsteps;
    ngx_video_live_step_t     steps[NGX_VIDEO_LIVE_STEPS];
} ngx_video_live_track_t;


/* What a publisher asks for. */
typedef struct {
    ngx_str_t                 name;
    ngx_msec_t                segment;      /* ms, shortest */
    ngx_msec_t                part;         /* ms, longest */
    ngx_msec_t                fill;         /* sound that is missing for so
                                               long is silence; 0: it isn't */
    ngx_msec_t                window;
    ngx_msec_t                grace;        /* to come back; 0: none */
    ngx_msec_t                linger;       /* 0: NGX_VIDEO_LIVE_LINGER */
    ngx_msec_t                dvr;          /* 0: none */
    uint64_t                  reserve;      /* bytes of media to hold */

    /*
     * Of whom the stream is, as numbers (0: unknown), and how many streams an
     * application, and in it an address, may have on air with it; 0: any.
     */
    uint64_t                  app;
    uint64_t                  peer;
    ngx_uint_t                max_app;
    ngx_uint_t                max_peer;

    const char               *refused;      /* why, after NGX_DECLINED */
    unsigned                  left:1;       /* after NGX_BUSY: it is left by
                                               its publisher, and soon over */
    unsigned                  over_app:1;   /* because of max_app */
    unsigned                  over_peer:1;  /* because of max_peer */
} ngx_video_live_conf_t;


/* What a reader copies of a stream. */
typedef struct {
    ngx_uint_t                index;
    uint64_t                  epoch;
    uint64_t                  seen;         /* of the signal, to wait on */
    uint32_t                  state;
    uint32_t                  target;
    uint32_t                  window_ms;
    uint32_t                  ntracks;
    uint32_t                  recording;    /* ngx_video_record_state_e */
    uint64_t                  listed_ms;    /* window_ms, or what is listed
                                               from disk */
    uint64_t                  started;
    uint64_t                  ended;
    uint64_t                  bytes;
    uint64_t                  nevents;
    uint64_t                  nimages;
    uint64_t                  next_msn;     /* that no segment has yet */
    ngx_video_live_clock_t    clock;
    uint64_t                  prev_epoch;
    uint32_t                  prev;
    uint32_t                  order;
    uint32_t                  had;
    uint32_t                  stat;
    ngx_str_t                 name;         /* in "name_data" */
    u_char                    name_data[NGX_VIDEO_LIVE_NAME];
} ngx_video_live_info_t;


/* The newest media of a track. */
typedef struct {
    uint64_t                  msn;          /* of the newest segment */
    uint64_t                  first;        /* oldest that is kept */
    uint32_t                  nparts;       /* of it that are there */
    uint32_t                  before;       /* parts of the one before it; of a
                                               gap as many as may be */
    uint64_t                  duration;     /* of that, in ticks */
    uint32_t                  behind;       /* ngx_video_live_dvr_behind() */
    unsigned                  empty:1;
    unsigned                  complete:1;
    unsigned                  gap:1;
} ngx_video_live_edge_t;


/*
 * Writer.  publish: NGX_OK, NGX_BUSY when the name is live, NGX_DECLINED when
 * there is no room for another stream.  A stream that is paused goes on, if
 * "join" finds that it can.
 */
ngx_int_t ngx_video_live_publish(ngx_video_store_t *st,
    ngx_video_live_conf_t *conf, ngx_uint_t *index);

/*
 * Before the tracks are added, kinds[n] of nvm_kind_e: NGX_OK when the run goes
 * on from the one before it, which has the same; then "clock" is where it may
 * begin at the earliest: at the end of the media of that one.  NGX_DECLINED: it
 * begins a stream.
 */
ngx_int_t ngx_video_live_join(ngx_video_store_t *st, ngx_uint_t index,
    const uint8_t *kinds, ngx_uint_t n, ngx_video_live_clock_t *clock);

/*
 * The sound of the run that this one could go on from, if it had sound beside
 * the n tracks that it has: NGX_OK, NGX_DECLINED.
 */
ngx_int_t ngx_video_live_sound(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t n, nvm_track_t *sound);

/*
 * Of a run that joins: the number of the first segment of a track.  A run
 * before it that the track has no media in has taken as many as the track that
 * had most: playlists list them as gaps.  One that had media in none goes on
 * with that track.
 */
uint64_t ngx_video_live_next_msn(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number);

/*
 * Adds a track before "ready": its longest part in ticks, and its CMAF init
 * segment; len 0: it has none, and no media in this run.
 */
ngx_int_t ngx_video_live_track(ngx_video_store_t *st, ngx_uint_t index,
    nvm_track_t *track, uint32_t part_target, const u_char *init, size_t len,
    ngx_uint_t *number);
void ngx_video_live_ready(ngx_video_store_t *st, ngx_uint_t index);

/*
 * Starts a segment of a track: its msn, time (in the track's timescale) and
 * the wall clock of that time.  The segment before it must be closed.
 */
ngx_int_t ngx_video_live_segment_open(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint64_t msn, uint64_t start, int64_t wall,
    ngx_uint_t independent);

/*
 * Appends a part of part->size bytes: head_len of boxes, the rest of data.  They
 * are readable and its waiters woken on return.
 */
ngx_int_t ngx_video_live_part(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, nvm_part_t *part, const void *head, size_t head_len,
    const void *data);
ngx_int_t ngx_video_live_segment_close(ngx_video_store_t *st,
    ngx_uint_t index, ngx_uint_t number);

/*
 * What else the open segment should have had will not come: it is a gap of so
 * many ticks.  What it has is there for who knows of it.
 */
void ngx_video_live_segment_cut(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint64_t duration);

/* A segment of which there are no media, closed at once. */
ngx_int_t ngx_video_live_segment_gap(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint64_t msn, uint64_t start, uint64_t duration,
    int64_t wall);

/*
 * clean: the publisher said good-bye.  The block stays for its linger time.
 * Otherwise it is paused for its grace time, if it has any.
 */
void ngx_video_live_end(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t clean);

/*
 * For who operates the server: the stream of this name is to end.  Its
 * publisher sees it at the next frame; a paused one is over at once.
 * NGX_DECLINED: it is not live.
 */
ngx_int_t ngx_video_live_kick(ngx_video_store_t *st, ngx_str_t *name);
ngx_uint_t ngx_video_live_kicked(ngx_video_store_t *st, ngx_uint_t index);

/*
 * For who stands by, again and again: there is another publisher of the name,
 * which has media.  For who is on air: how long ago there was one, ms.
 */
void ngx_video_live_stand_by(ngx_video_store_t *st, ngx_str_t *name);
uint64_t ngx_video_live_stood_by(ngx_video_store_t *st, ngx_uint_t index);

/* For who has lost its publisher, and some more to write. */
void ngx_video_live_left(ngx_video_store_t *st, ngx_uint_t index);

/* For who publishes the next run at once. */
void ngx_video_live_pause(ngx_video_store_t *st, ngx_uint_t index);

/* A peak bit rate that turned out; both in the playlists from now on. */
void ngx_video_live_bandwidth(ngx_video_store_t *st, ngx_uint_t index,
    ngx_uint_t number, uint32_t peak, uint32_t average);
uint64_t ngx_video_live_first_msn(ngx_video_store_t *st, ngx_uint_t index);


/*
 * ngx_video_live_clock.c: where a run stands in time.
 *
 * clock: before there are segments.  shift: the same, and moves the wall clock
 * of those that are there, ms.  step: from here on, behind all of the steps
 * before it; "clock" is not what it was then.
 */
void ngx_video_live_clock(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_clock_t *clock);
void ngx_video_live_shift(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_clock_t *clock, int64_t ms);
void ngx_video_live_step(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_clock_t *clock);

/*
 * For readers, of room for NGX_VIDEO_LIVE_STEPS: where the run began, and its
 * steps.  The first of these n has number *first; 0 is where the run began, if
 * all steps since then are remembered.
 */
ngx_int_t ngx_video_live_steps(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_video_live_step_t *steps, uint64_t *first,
    ngx_uint_t *n);


/*
 * ngx_video_live_record.c, ngx_video_live_dvr.c: what is on disk.
 *
 * record: by the publisher's worker, which becomes the recorder, when the run
 * is ready; a run that goes on from one that has a path goes on there, too, or
 * is off as that one was.  A path of more than NGX_VIDEO_LIVE_PATH bytes is
 * none.
 */
void ngx_video_live_record(ngx_video_store_t *st, ngx_uint_t index,
    ngx_str_t *path, ngx_uint_t on);

/* For all: NGX_DECLINED when the run is another. */
ngx_int_t ngx_video_live_recording(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_video_live_recording_t *rec);
ngx_int_t ngx_video_live_record_set(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_video_record_state_e state);

/* For the recorder: the media time that what it writes begins with. */
void ngx_video_live_record_begin(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, uint64_t begin);

/*
 * The same: the next segment of a track and the offset in the file where it
 * goes; 0: it is a new file.  NGX_OK: with a reference to its object; NGX_DECLINED: it has
 * been missed, only its msn is told; NGX_AGAIN: there is none yet; NGX_ABORT:
 * the run is another.
 */
ngx_int_t ngx_video_live_unrecorded(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_uint_t number, ngx_video_live_segment_t *segment,
    uint64_t *offset);

/*
 * It is on disk from that offset on, or missed (size 0).  NGX_DECLINED: the run
 * is another; NGX_ERROR: no memory to list it, nor what was before it.
 */
ngx_int_t ngx_video_live_recorded(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_uint_t number, ngx_video_live_segment_t *s,
    uint64_t offset, uint32_t size);

/* What asset.json is made of, as a run and all after it have it. */
typedef struct {
    uint32_t                  number;       /* of the newest run */
    uint32_t                  runs;
    uint32_t                  named;
    uint32_t                  begun;        /* tracks of the run itself that
                                               have media on disk, bits */
} ngx_video_live_runs_t;

/* NGX_DECLINED when the run is another. */
ngx_int_t ngx_video_live_record_runs(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_video_live_runs_t *runs);

/*
 * For the recorder.  named: asset.json has been written and names these runs,
 * bits as in "runs"; NGX_AGAIN: what it is to name has changed meanwhile, it
 * has to be written again.  forget: these are not to be named any more; gone:
 * they are not on disk any more.
 */
ngx_int_t ngx_video_live_record_named(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, uint32_t runs);
void ngx_video_live_record_forget(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, uint32_t runs);
void ngx_video_live_record_gone(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, uint32_t runs);

/*
 * Makes this worker the recorder of a run whose publisher is gone and whose
 * recorder has died before it had written everything, or had named it: NGX_OK,
 * or NGX_DECLINED.
 */
ngx_int_t ngx_video_live_adopt(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t *epoch);

/* A segment of a reader's that has left memory: NGX_OK, or NGX_DECLINED. */
ngx_int_t ngx_video_live_on_disk(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number, uint64_t msn,
    ngx_video_live_record_t *record);

/*
 * The file of the nth track of a kind, with a zero at its end, into
 * NGX_VIDEO_LIVE_FILE bytes at p.  Returns what is behind it.
 */
u_char *ngx_video_live_file(u_char *p, ngx_video_live_recording_t *rec,
    ngx_uint_t kind, ngx_uint_t n);


/*
 * Readers: NGX_OK, or NGX_DECLINED when there is no such stream or epoch.
 * find: its newest run that can be shown, or the one of an epoch; before: the
 * run that goes before one.
 */
ngx_int_t ngx_video_live_find(ngx_video_store_t *st, ngx_str_t *name,
    uint64_t epoch, ngx_video_live_info_t *info);
ngx_int_t ngx_video_live_before(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_video_live_info_t *before);

/* Whether nothing will be added to the stream any more. */
static inline ngx_uint_t
ngx_video_live_over(uint32_t state)
{
    return state == NGX_VIDEO_LIVE_ENDED
           || state == NGX_VIDEO_LIVE_INTERRUPTED;
}

ngx_int_t ngx_video_live_info(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_info_t *info);
ngx_int_t ngx_video_live_edge(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number,
    ngx_video_live_edge_t *edge);

/* A copy of a track. */
ngx_int_t ngx_video_live_track_of(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number, nvm_track_t *track);

/* nvm_kind_e of a track, or NGX_DECLINED. */
ngx_int_t ngx_video_live_kind(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number);

/*
 * A copy of a track, its init segment (into init, when not NULL, of
 * NGX_VIDEO_LIVE_INIT bytes), and the part of its timeline that a playlist
 * shows, in memory of the arena.
 */
ngx_int_t ngx_video_live_read(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number, nvm_arena_t *arena,
    nvm_track_t *track, nvm_timeline_t *timeline);
ngx_int_t ngx_video_live_init(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number, u_char *init,
    size_t *len);

/*
 * Segment msn and, unless part is -1, that part of it: takes a reference to
 * the object.  NGX_OK; NGX_DECLINED when it is gone; when it has not come yet
 * NGX_AGAIN if it is the next that will, NGX_BUSY if it is farther ahead.  All
 * of it is of one moment: two looks would miss what comes between them.
 */
ngx_int_t ngx_video_live_media(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t number, uint64_t msn,
    ngx_int_t part, ngx_video_live_segment_t *segment, nvm_part_t *range);

static inline ngx_video_signal_t *
ngx_video_live_signal(ngx_video_store_t *st, ngx_uint_t index)
{
    return &st->lives[index].signal;
}


/* Housekeeping: streams of dead slots; streams whose linger time is over. */
void ngx_video_live_orphan(ngx_video_store_t *st);
void ngx_video_live_reap(ngx_video_store_t *st, uint64_t now);


#endif /* NGX_VIDEO_LIVE_H */
