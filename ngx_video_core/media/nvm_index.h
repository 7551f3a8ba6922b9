/*
 * Copyright (C) ngx_video authors
 *
 * The index of a file: what packaging needs of an MP4's moov, in one block
 * without pointers that is kept in the store and shared by all workers.  Made
 * once for a file and a segment duration.
 *
 * It has no samples: each segment has a mark from which the file's own tables
 * are walked (nvm_mp4_mark_t).  A request reads the head, its track and the
 * record of its segment, then those entries of the tables from the file, a
 * few hundred bytes each, that the segment's samples have; or, of a fragmented
 * file, the moofs.  So the index of a day is as small as its segments are few.
 *
 * Layout, all in native byte order: nvm_index_head_t, then the tracks, then
 * for each track its segments, its fragments and its key frames, then the
 * boundaries; sections are aligned to 16 bytes and records are packed arrays,
 * so that a record is found by number.
 *
 * Segment boundaries are the key frames of the reference track (the first
 * video track, else the first track) nearest at or after each multiple of the
 * target since the last boundary, as presentation times; every other track is
 * cut at its first sample that is presented at or after a boundary, and
 * segment n of all tracks covers the same time.  What outlasts the reference
 * track is cut by the target.  The boundaries may be those of another file, of
 * which this one is a rendition or a language.
 *
 * A track of text is one segment: its samples are made into cues as a whole.
 * A file of text alone has no boundaries, and can't lead.
 *
 * Key frames of video, for fast forward and thumbnails, are segments of one
 * sample each that last until the next one; of those that follow within 0.9 s
 * only the first is there, which bounds them.
 *
 * A video track that has no key frame at a boundary is left out: players that
 * switch to it there would show it damaged.
 *
 * So that segment n keeps its place, segments before a track's first sample
 * are there without samples; they are left out of a timeline.  No others are
 * empty: a track whose one sample outlasts a segment has fewer of them.
 */

#ifndef NVM_INDEX_H
#define NVM_INDEX_H

#include "nvm_arena.h"
#include "nvm_model.h"
#include "nvm_mp4.h"


#define NVM_INDEX_MAGIC  0x6e76693036ULL

/* tables that samples are read from: stts, ctts, stsc, chunks, sizes, stss */
#define NVM_INDEX_TABLES  6

/* samples of a segment: a request has memory for all of them at once */
#define NVM_INDEX_MAX_SEGMENT  (256u * 1024)

/* bytes of moofs that a segment may need: a limit, not an allocation */
#define NVM_INDEX_MAX_PLAN  (64u * 1024 * 1024)


typedef struct {
    uint64_t      magic;
    uint64_t      size;         /* of the whole index, bytes */
    uint64_t      file_size;
    uint32_t      target;       /* ms */
    uint32_t      ntracks;
    uint32_t      nskipped;     /* see nvm_mp4_t */
    char          skipped[8];
    uint32_t      nmisaligned;  /* video tracks that were left out; of the
                                   first of them: */
    uint64_t      boundary;     /* ms, where it has no key frame */
    uint64_t      key;          /* ms, where its next one is */
    uint64_t      duration;     /* ms, of the longest track */

    uint64_t      bounds;       /* see nvm_index_lead_t */
    int64_t       end;
    uint32_t      nbounds;
    uint32_t      timescale;

    uint32_t      nvideo;       /* of ntracks */
    uint32_t      naudio;
    uint32_t      ntext;
    uint32_t      nperiods;     /* more than 1: see nvm_index_build() */

    uint64_t      origin;       /* see nvm_mp4_t; ticks of timescale */
    uint32_t      placed;
    uint32_t      reserved;
} nvm_index_head_t;

_Static_assert(sizeof(nvm_index_head_t) % 16 == 0, "tracks are aligned");


/* Where a table is in the file; see nvm_mp4_table_t. */
typedef struct {
    uint64_t      at;
    uint32_t      count;
    uint32_t      version;
} nvm_index_table_t;


typedef struct {
    nvm_track_t   track;        /* id = position + 1; bandwidth is the peak of
                                   a segment; edit is what is left of the edit
                                   list, see nvm_index_build() */
    uint32_t      nsegments;
    uint32_t      nsamples;
    uint64_t      segments;     /* offset in the index */
    uint32_t      target;       /* longest segment, seconds, rounded */
    uint32_t      name;         /* number among the tracks of its kind */

    uint64_t      file_size;
    uint64_t      base;         /* dts in the media of the first sample */
    uint64_t      delay;        /* its dts in the output */
    int64_t       shift;        /* to be taken from composition offsets */
    uint32_t      sample_size;  /* of all, when not 0 */
    uint32_t      has_stss;
    uint32_t      dependent;    /* a segment can't be decoded alone */
    uint32_t      empty;        /* see nvm_mp4_track_t */
    nvm_index_table_t  tables[NVM_INDEX_TABLES];

    uint64_t      fragments;    /* offset in the index */
    uint32_t      nfragments;   /* 0: all samples are in tables */
    uint32_t      source_id;
    nvm_mp4_trex_t  trex;
    uint32_t      early;        /* ticks that a sample is presented before its
                                   decode time, at most */
    uint32_t      in_moov;      /* samples before the fragments */
    uint32_t      reserved;

    uint64_t      keys;         /* offset in the index, of segments */
    uint32_t      nkeys;
    uint32_t      keys_target;  /* the longest, seconds, rounded */
    uint32_t      keys_bandwidth;
    uint32_t      keys_average;
} nvm_index_track_t;

_Static_assert(sizeof(nvm_index_track_t) % 8 == 0, "tracks are packed");


/* Times are those of the output: tfdt of the first sample. */
typedef struct {
    uint64_t        start;
    uint64_t        duration;   /* to the start of the next */
    uint64_t        bytes;      /* of samples */
    uint32_t        nsamples;
    uint32_t        key;        /* starts with a sync sample, after which no
                                   picture refers to one before it */
    nvm_mp4_mark_t  mark;       /* of its first sample */
} nvm_index_segment_t;


/* See nvm_mp4_fragment_t. */
typedef struct {
    uint64_t        offset;
    uint64_t        dts;
    uint32_t        size;
    uint32_t        first;
} nvm_index_fragment_t;


/* Bytes of the file that are to be read. */
typedef struct {
    uint64_t        offset;
    uint64_t        size;
} nvm_range_t;


/* What must be read of the file to know the samples of a segment. */
typedef struct {
    nvm_range_t            *ranges;     /* none is empty */
    uint32_t                nranges;
    size_t                  size;       /* of all of them */
    uint32_t                ntables;    /* of these are of tables; then */
    nvm_index_fragment_t   *fragments;  /* one for each range */
    uint32_t                first;      /* number of the first of these */
} nvm_index_plan_t;


/*
 * The boundaries of a file, as presentation times in ticks: where segments of
 * another begin.
 */
typedef struct {
    const int64_t  *times;      /* ascending */
    uint32_t        n;          /* at least 1 */
    uint32_t        timescale;
    int64_t         end;        /* of the reference track */
    uint32_t        placed;     /* see nvm_mp4_place() */
    uint64_t        origin;
} nvm_index_lead_t;


/*
 * Builds the index in arena memory: *out and *size.  Decode times start at
 * 0 + delay of the edit list.  Video: composition offsets are lowered so that
 * the edit's media time becomes presentation time "delay", which makes them
 * signed and needs no edit list; a rest that would make the first frame's
 * presentation time negative stays in track.edit.  Audio: media_time stays in
 * track.edit (priming) and composition offsets are 0.
 *
 * Left out is what the edit list keeps from being seen and no decoder needs:
 * audio over 100 ms before the media time, video before the key frame that
 * the first visible picture depends on, and what follows the last sample that
 * is presented before media_end.
 *
 * lead: the boundaries to cut at, or NULL for the file's own.
 *
 * Of a file of several periods, see nvm_mp4_period(), the index is a head that
 * says how many these are, and has no tracks; with a lead, or of over
 * NVM_MP4_MAX_PERIODS, it is NVM_EUNSUP.
 *
 * NVM_ENOENT: no track that can be packaged; NVM_ELIMIT: a composition offset
 * over 2^31 ticks, a segment of over NVM_INDEX_MAX_SEGMENT samples;
 * NVM_ENOMEM.  target: 100..3600000 ms, else NVM_EINVAL.
 */
nvm_err_e nvm_index_build(nvm_arena_t *arena, const nvm_mp4_t *mp4,
    uint64_t file_size, uint32_t target, const nvm_index_lead_t *lead,
    uint8_t **out, size_t *size, nvm_fault_t *f);


/*
 * Reading.  The index may lie in pieces: "read" copies n bytes at "offset"
 * and returns NVM_OK, or an error that is handed on.
 */
typedef struct {
    nvm_err_e   (*read)(void *data, uint64_t offset, void *dst, size_t n);
    void         *data;
} nvm_index_src_t;


nvm_err_e nvm_index_head(const nvm_index_src_t *src, nvm_index_head_t *head);

/* The boundaries, in arena memory. */
nvm_err_e nvm_index_lead(const nvm_index_src_t *src, nvm_arena_t *arena,
    nvm_index_lead_t *out);

/* track: 0..ntracks-1 */
nvm_err_e nvm_index_track(const nvm_index_src_t *src, uint32_t track,
    nvm_index_track_t *out);

/*
 * Makes a track that of its key frames: what follows works with it as with any
 * other.  NVM_ENOENT when it has less than two.
 */
nvm_err_e nvm_index_keys(nvm_index_track_t *t);

/*
 * The segments of a track that have samples, as a timeline shows them; msn is
 * the number that nvm_index_segment() takes.  *t must outlive the timeline.
 */
nvm_err_e nvm_index_timeline(const nvm_index_src_t *src,
    const nvm_index_track_t *t, nvm_arena_t *arena, nvm_timeline_t *out);

/*
 * The record of segment n.  NVM_ENOENT: there is no such segment; one may
 * have no samples (a track that starts late).
 */
nvm_err_e nvm_index_segment(const nvm_index_src_t *src,
    const nvm_index_track_t *t, uint32_t n, nvm_index_segment_t *segment);

/*
 * What nvm_index_samples() needs of the file, in arena memory: of tables at
 * most NVM_INDEX_TABLES ranges and 48 bytes a sample, and 16 KB where entries
 * are of no sample; of fragments a range each.  NVM_ELIMIT for more than
 * NVM_INDEX_MAX_PLAN bytes.
 */
nvm_err_e nvm_index_plan(const nvm_index_src_t *src,
    const nvm_index_track_t *t, const nvm_index_segment_t *segment,
    nvm_arena_t *arena, nvm_index_plan_t *plan);

/*
 * The samples of a segment in arena memory, with dts and cts of the output.
 * "bytes" are those of the plan's ranges, one after another.  NVM_EINVAL when
 * they are not what they were when the index was made.
 */
nvm_err_e nvm_index_samples(const nvm_index_track_t *t,
    const nvm_index_segment_t *segment, const nvm_index_plan_t *plan,
    const uint8_t *bytes, nvm_arena_t *arena, nvm_sample_t **samples);


#endif /* NVM_INDEX_H */
