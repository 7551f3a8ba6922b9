/*
 * Copyright (C) ngx_video authors
 *
 * The MP4 reader: the moov of a file (ISO/IEC 14496-12) into tracks, and
 * their sample tables, or the fragments that follow, into samples.
 *
 * Does no I/O: the caller finds moov with nvm_mp4_top(), reads it as a whole
 * and keeps it as long as the movie is used, because tables are read in
 * place; so are the moofs.  Every claimed count is checked against the bytes
 * of its box.
 */

#ifndef NVM_MP4_H
#define NVM_MP4_H

#include "nvm_arena.h"
#include "nvm_model.h"
#include "nvm_reader.h"


/* Bytes of a top-level box that nvm_mp4_top() needs at most. */
#define NVM_MP4_TOP  16


/*
 * Looks at the n bytes at "offset" of a file of file_size bytes: the type of
 * the top-level box there and its size, header included.  A box that runs to
 * the end of the file (size 0) is given its real size.  NVM_ETRUNC when the
 * box does not fit into the file.
 */
nvm_err_e nvm_mp4_top(const uint8_t *data, size_t n, uint64_t offset,
    uint64_t file_size, char type[5], uint64_t *size, nvm_fault_t *f);


/*
 * A table of a sample table box: entries in place, all of them or, when a
 * walk goes on from a mark, those that it needs.
 */
typedef struct {
    const uint8_t  *entries;
    uint64_t        at;                 /* of entry 0 in the file */
    uint32_t        count;              /* in the file */
    uint32_t        version;
    uint32_t        first;              /* entries [first, end) are here */
    uint32_t        end;
} nvm_mp4_table_t;


/* The samples of one track in one moof (8.8.4). */
typedef struct {
    uint64_t          offset;           /* of moof in the file */
    uint64_t          dts;              /* of its first sample, see below */
    uint32_t          size;             /* of moof */
    uint32_t          first;            /* number of its first sample */
    const uint8_t    *moof;             /* its bytes, header included */
} nvm_mp4_fragment_t;


/* What the samples of fragments default to (8.8.3). */
typedef struct {
    uint32_t          duration;
    uint32_t          size;
    uint32_t          flags;
} nvm_mp4_trex_t;


/* Every so many chunks of a track a walk can go on from. */
#define NVM_MP4_STOP  64

/* Where chunk k * NVM_MP4_STOP, not yet in force, is: see nvm_mp4_mark_t. */
typedef struct {
    uint32_t          sample;
    uint32_t          stsc_entry;
} nvm_mp4_stop_t;


/* From this sample on another sample entry applies. */
typedef struct {
    uint32_t          sample;           /* from 0, never 0 */
    uint32_t          description;      /* number of the entry, from 1 */
} nvm_mp4_change_t;

/* Stretches of a file between such changes, at most. */
#define NVM_MP4_MAX_PERIODS  32


/*
 * A "uuid" box of this type in moov: the decode times of the one track are
 * those that its edit list speaks of, so the time before its first sample is
 * part of its presentation.  Otherwise fragments may begin with any time.
 */
#define NVM_MP4_UUID    16
#define NVM_MP4_PLACED  "\x24\x7b\x10\x88\x1f\xff\x47\x6b"                    \
                        "\x9d\xd0\xe4\xa9\x41\xd6\x68\x94"


typedef struct {
    nvm_track_t       track;            /* as the CMAF track will be, see
                                           nvm_mp4_parse() */
    uint32_t          source_id;        /* track_ID in the file */
    uint32_t          nsamples;
    uint64_t          media_duration;   /* sum of stts */

    /*
     * Edit list: presentation = media - media_time + delay.  Samples that are
     * presented at media_end or later are not part of the presentation.
     */
    uint64_t          delay;            /* ticks of the track, empty edits */
    uint64_t          media_time;
    uint64_t          media_end;        /* UINT64_MAX: all samples are */

    nvm_mp4_table_t   stts;
    nvm_mp4_table_t   ctts;             /* count 0: none */
    nvm_mp4_table_t   stsc;
    nvm_mp4_table_t   stss;
    nvm_mp4_table_t   chunks;           /* stco: version 4, co64: version 8 */
    nvm_mp4_table_t   sizes;            /* stsz: version 32; stz2: 4, 8, 16 */
    uint32_t          sample_size;      /* of all, when not 0 */
    int32_t           min_cts;          /* of all samples; 0 without ctts */
    int32_t           max_cts;
    uint32_t          empty;            /* entries of stts or ctts, whichever
                                           has more, that are of no sample */
    unsigned          has_stss:1;       /* without it all are sync samples */

    nvm_mp4_stop_t   *stops;            /* of all chunks, or none */
    uint32_t          nstops;

    nvm_reader_t      stbl;             /* where its sample entries are */
    nvm_mp4_change_t *changes;
    uint32_t          nchanges;
    uint32_t          description;      /* that "track" is made of */
    uint32_t          first;            /* sample that a walk begins with */

    /* of a fragmented file; dts is 0 at the earliest sample */
    uint32_t             tables;        /* samples that moov has tables of,
                                           before those of fragments */
    nvm_mp4_trex_t       trex;
    uint32_t             usual;         /* sample entry of fragments that name
                                           none; 0: it is not known */
    uint32_t             delta;         /* duration of all samples, or 0 */
    nvm_mp4_fragment_t  *fragments;
    uint32_t             first_fragment;        /* number of the first here */
    uint32_t             nfragments;            /* that are here */
    uint32_t             room;          /* for so many, see _add() */
} nvm_mp4_track_t;


typedef struct {
    uint32_t          timescale;        /* of the movie */
    uint32_t          fragmented;       /* samples are in moofs */
    uint32_t          nsamples;         /* of all fragments so far */
    uint32_t          nperiods;         /* see nvm_mp4_period() */
    uint32_t          ntracks;          /* that can be packaged */
    uint32_t          placed;           /* NVM_MP4_PLACED; then, after
                                           nvm_mp4_fragments_end(): */
    uint64_t          origin;           /* time of the presentation that has
                                           become 0, ticks of the track */
    uint32_t          nskipped;         /* that can't: other codecs, kinds */
    char              skipped[5];       /* sample entry of the first of them */
    nvm_mp4_track_t   tracks[NVM_MAX_TRACKS];
} nvm_mp4_t;


/*
 * Parses a moov box (header included) of a file of file_size bytes that
 * stands at "offset" of it.  Fills each nvm_track_t but bandwidth, id and
 * edit: H.264 from avcC, AAC from esds; timescale and language from mdhd,
 * duration in ticks after the edit list, frame rate from a constant stts or
 * the SPS.  A track of another codec, or without samples, is skipped and
 * counted; one with a malformed table is an error, but for text, which is
 * skipped then.  Text that another track has as its chapters is left out.  The
 * tables of a track
 * agree: the same number of samples in stts, ctts, stsz and stsc with stco,
 * all inside the file.
 *
 * Of an edit list these are accepted: empty edits, then media edits of normal
 * speed each of which goes on where the one before ended (to a tick of the
 * movie).  Anything else would drop, repeat or reorder media in the middle,
 * and so move audio against video: NVM_EUNSUP.  NVM_EUNSUP also for samples
 * in another file, and a track whose sample entries are not all of codecs that
 * can be packaged.  NVM_ENOENT for no track at all is the caller's: ntracks
 * may be 0.
 *
 * With mvex the file is fragmented: samples follow, after those that moov has
 * tables of, which may not change their sample entry.
 */
nvm_err_e nvm_mp4_parse(nvm_arena_t *arena, const uint8_t *moov, size_t n,
    uint64_t offset, uint64_t file_size, nvm_mp4_t **out, nvm_fault_t *f);


/*
 * Adds a moof (header included) of a fragmented file: in the order of the
 * file, each track's decode times ascending.  A gap of decode times prolongs
 * the sample before it; NVM_EINVAL where they go back by over a second.
 */
nvm_err_e nvm_mp4_fragment_add(nvm_arena_t *arena, nvm_mp4_t *mp4,
    const uint8_t *moof, size_t n, uint64_t offset, uint64_t file_size,
    nvm_fault_t *f);

/*
 * After the last: the earliest decode time of all tracks becomes 0, tracks
 * without samples are skipped and counted, durations and frame rates are
 * known.  NVM_EINVAL: a track starts over eight years after another.
 */
nvm_err_e nvm_mp4_fragments_end(nvm_mp4_t *mp4, nvm_fault_t *f);

/*
 * Of a placed file: time 0 becomes that of another one, whose origin this is.
 * What is before it is removed, and the track if it has nothing else; ntracks
 * may become 0.
 */
void nvm_mp4_place(nvm_mp4_t *mp4, uint64_t origin, uint32_t timescale);


/*
 * Where the sample entry of a track changes (other pictures, other sound)
 * another period of the file begins: mp4->nperiods.  This leaves period
 * "number", from 1, as if the file had nothing else: it begins at 0.  Tracks
 * that change within a second change together, each at its own sample; the
 * others are clipped.  Those of text, and those that have nothing there, are
 * removed.  NVM_ENOENT: there is no such period.
 */
nvm_err_e nvm_mp4_period(nvm_mp4_t *mp4, uint32_t number, uint64_t file_size,
    nvm_fault_t *f);

/*
 * Narrows the edits of all tracks to [start, end) of the presentation, ms;
 * end 0: to its end.  What a track has there begins at 0.  Tracks that have
 * nothing there are removed; ntracks may become 0.  Those of text are left as
 * they are: a cue is clipped when it is read.
 */
void nvm_mp4_clip(nvm_mp4_t *mp4, uint64_t start, uint64_t end);


/*
 * Where a walk stands.  Together with the tables it is all that is needed to
 * go on from there, so it may be kept: it has no pointers.  "_entry" is the
 * entry after the one in force, "_left" what is left of that.
 */
typedef struct {
    uint64_t   dts;             /* of the next sample */
    uint64_t   offset;          /* of its bytes, if chunk_left */
    uint32_t   sample;          /* its number, from 0 */
    uint32_t   stts_entry;
    uint32_t   stts_left;
    uint32_t   stts_delta;
    uint32_t   ctts_entry;
    uint32_t   ctts_left;
    int32_t    ctts_offset;
    uint32_t   stsc_entry;
    uint32_t   chunk;           /* the one after that in force */
    uint32_t   chunk_left;
    uint32_t   stss_entry;
    uint32_t   reserved;
} nvm_mp4_mark_t;


/*
 * In a fragmented track, after the samples that are in tables, a mark is dts,
 * sample, and chunk: the fragment after the one in force, of which chunk_left
 * are left.
 */

/* Where a walk over the samples of a fragment stands. */
typedef struct {
    const nvm_mp4_track_t  *t;
    nvm_reader_t            moof;       /* what is left: track fragments */
    nvm_reader_t            traf;       /* of this one: runs */
    nvm_reader_t            run;        /* of this one: samples */
    nvm_mp4_trex_t          defaults;   /* of the track fragment */
    uint64_t                moof_at;    /* offsets in the file */
    uint64_t                base;
    uint64_t                data;       /* of the next sample */
    uint32_t                left;       /* samples of the run */
    uint32_t                flags;      /* of the run */
    uint32_t                version;
    uint32_t                first_flags;
} nvm_mp4_runs_t;


/* Walks the samples of a track in decode order. */
typedef struct {
    const nvm_mp4_track_t  *t;
    uint64_t                file_size;
    nvm_mp4_mark_t          at;
    nvm_mp4_runs_t          runs;       /* of a fragmented track */
    nvm_sample_t            ahead;      /* peeked at, if has_ahead */
    unsigned                has_ahead:1;
} nvm_mp4_samples_t;

void nvm_mp4_samples_init(nvm_mp4_samples_t *s, const nvm_mp4_track_t *t,
    uint64_t file_size);

/*
 * The next sample, its dts as in the media (first is 0, before any edit) and
 * its cts as in ctts.  NVM_ENOENT after the last; NVM_EINVAL for a sample
 * whose bytes are not all inside file_size.  peek does not move on, and
 * leaves a mark from which it is the next.
 */
nvm_err_e nvm_mp4_samples_peek(nvm_mp4_samples_t *s, nvm_sample_t *out);
nvm_err_e nvm_mp4_samples_next(nvm_mp4_samples_t *s, nvm_sample_t *out);

/*
 * Passes over n samples, or as many as there are; adds up their bytes and
 * does not look at where these are.
 */
nvm_err_e nvm_mp4_samples_skip(nvm_mp4_samples_t *s, uint32_t n,
    uint64_t *bytes);


#endif /* NVM_MP4_H */
