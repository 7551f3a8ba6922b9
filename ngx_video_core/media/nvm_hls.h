/*
 * Copyright (C) ngx_video authors
 *
 * HLS playlists (RFC 8216bis: draft-pantos-hls-rfc8216bis).
 *
 * Strings are zero-terminated, NULL is as good as "", and nothing is copied.
 * "query" is what is appended to each URI after "?" (tokens); it comes from
 * clients and may hold anything: what a URI cannot contain is encoded.  The
 * caller has removed _HLS_msn, _HLS_part and _HLS_skip from it.
 *
 * Writers can run dry (nvm_writer_t without a buffer) to learn the size.
 */

#ifndef NVM_HLS_H
#define NVM_HLS_H

#include "nvm_captions.h"
#include "nvm_images.h"
#include "nvm_model.h"
#include "nvm_role.h"
#include "nvm_writer.h"


typedef struct {
    const nvm_track_t          *track;
    const char                 *dir;        /* "v0": of its playlist, unique */
    const char                 *name;       /* shown to people; NULL: from the
                                               language, or "audio" */
    const nvm_track_t          *keys;       /* its key frames, as a track with
                                               their rates, or NULL */
    const char                 *lang;       /* BCP 47; NULL: the track's */
    nvm_role_e                  role;       /* CHARACTERISTICS */
    unsigned                    def:1;      /* DEFAULT=YES: the first of
                                               these, of audio also the first
                                               of all */
    unsigned                    forced:1;   /* of text: to be shown to who
                                               wants no subtitles */
} nvm_hls_rendition_t;


typedef struct {
    const nvm_hls_rendition_t  *renditions; /* in order of preference */
    size_t                      nrenditions;
    const nvm_caption_t        *captions;   /* in the pictures */
    size_t                      ncaptions;
    const nvm_images_t         *images;     /* of video, NULL: none */
    const char                 *query;
    unsigned                    independent:1;  /* INDEPENDENT-SEGMENTS */
    unsigned                    uncaptioned:1;  /* there are none: to be said,
                                               when ncaptions is 0 */
    unsigned                    ts:1;       /* playlists of transport streams,
                                               "index_ts.m3u8": the first
                                               audio track is muxed with each
                                               video track */
    unsigned                    apart:1;    /* with that: none is */
} nvm_hls_master_t;


/*
 * Writes a multivariant playlist (4.4.6): with video, the audio tracks as one
 * group of EXT-X-MEDIA per codec and one EXT-X-STREAM-INF per video track and
 * group; without, one EXT-X-STREAM-INF per audio track; text as one group for
 * all; key frames as EXT-X-I-FRAME-STREAM-INF at "iframe/<dir>.m3u8".  Returns
 * w->error, or writes nothing: NVM_ENOENT when there is no rendition of video
 * or audio, NVM_ELIMIT for more than 64.
 */
nvm_err_e nvm_hls_master_write(nvm_writer_t *w, const nvm_hls_master_t *m);


/* Another rendition of the presentation for EXT-X-RENDITION-REPORT. */
typedef struct {
    const char                 *uri;        /* "../a0/index.m3u8", no query */
    uint64_t                    last_msn;
    int32_t                     last_part;  /* index; -1: it has no parts */
} nvm_hls_report_t;


/*
 * From segment "msn" on another initialization applies: a publisher came back
 * with other parameters.  The segment carries a discontinuity.
 */
typedef struct {
    uint64_t                    msn;
    const char                 *prefix;     /* of URIs from here on */
    const char                 *init;
} nvm_hls_map_t;


/*
 * A tag of a date range (4.4.5.1); several tags may be of one range.  Times are
 * ms, NVM_HLS_UNKNOWN where they are not known.
 */
#define NVM_HLS_UNKNOWN  UINT64_MAX

typedef struct {
    const char                 *id;
    const char                 *class_name; /* NULL: none */
    const char                 *scte35;     /* the attribute that has the data,
                                               "SCTE35-OUT"; NULL: the data is
                                               attributes, after a comma */
    const uint8_t              *data;
    size_t                      size;
    int64_t                     start;      /* since 1970 */
    int64_t                     end;        /* 0: not told */
    uint64_t                    duration;
    uint64_t                    planned;
    unsigned                    again:1;    /* another tag of the one before */
    unsigned                    old:1;      /* listed for so long that a delta
                                               update may leave it out */
    unsigned                    removed:1;  /* not listed any more */
} nvm_hls_range_t;


typedef struct {
    const char                 *prefix;     /* "" or "e1f/", before names */
    const char                 *init;       /* after the prefix; NULL:
                                               "init.mp4" */
    const char                 *query;
    const nvm_hls_map_t        *maps;       /* ascending msn, may be empty */
    size_t                      nmaps;
    const nvm_images_t         *images;     /* <msn>.jpg: a thumbnail each, or
                                               NULL */
    const char                 *protection; /* EXT-X-KEY lines, each with its
                                               end, or NULL */
    const nvm_hls_report_t     *reports;    /* low latency only */
    size_t                      nreports;
    const nvm_hls_range_t      *ranges;
    size_t                      nranges;
    uint64_t                    discontinuity_sequence; /* of those that left
                                               the window */
    unsigned                    ts:1;       /* <msn>.ts without EXT-X-MAP: MPEG
                                               transport streams */
    unsigned                    vtt:1;      /* <msn>.vtt, or with ts
                                               <msn>.ts.vtt: subtitles */
    unsigned                    keys:1;     /* i<msn>.m4s: a key frame each */
    unsigned                    vod:1;      /* complete, will never change */
    unsigned                    independent:1;  /* INDEPENDENT-SEGMENTS */
    unsigned                    low_latency:1;  /* parts, hint, reports */
    unsigned                    can_block:1;    /* CAN-BLOCK-RELOAD=YES */
    unsigned                    hold_back:1;    /* HOLD-BACK, 3 targets */
    unsigned                    can_skip:1;     /* CAN-SKIP-UNTIL, 6 targets */
    unsigned                    paused:1;   /* nothing is about to come: no
                                               hint */
    unsigned                    skip:1;     /* the client sent _HLS_skip: a
                                               delta update if it saves
                                               anything; needs can_skip */
    unsigned                    can_skip_ranges:1;  /* CAN-SKIP-DATERANGES, of
                                               can_skip */
    unsigned                    skip_ranges:1;  /* _HLS_skip=v2: of those too */
} nvm_hls_media_t;


/*
 * Writes a media playlist of <prefix><msn>.m4s and <prefix><msn>.<part>.m4s,
 * or of <prefix><msn>.ts.
 *
 * An incomplete last segment appears as its parts, or not at all without
 * low_latency.  Parts are listed in segments that end less than three target
 * durations before the end (6.2.2) and have descriptors of all their parts.
 * Parts that a gap has not, up to its end, are listed with GAP=YES.
 * EXT-X-PROGRAM-DATE-TIME is written for segments whose wall is known unless
 * vod is set.  Low latency has no effect with vod, or with a timeline whose
 * part_target is zero; an ended timeline has neither hint nor reports.
 *
 * EXT-X-TARGETDURATION is tl->target, or more when a segment exceeds it: a
 * live caller chooses a target that none will, because it may not change.
 *
 * Returns w->error; NVM_ENOENT and writes nothing when tl has neither a
 * complete segment nor, with low_latency, a part.
 */
nvm_err_e nvm_hls_media_write(nvm_writer_t *w, const nvm_timeline_t *tl,
    const nvm_hls_media_t *opt);


/*
 * LAST-PART of a report of the segment, the newest of its track: the index of
 * the last part that is listed of it; -1: none is.
 */
int32_t nvm_hls_last_part(const nvm_timeline_t *tl, const nvm_segment_t *s);


/* Segments that follow those of another stretch, and where they are. */
typedef struct {
    const nvm_timeline_t       *timeline;
    const char                 *prefix;
} nvm_hls_stretch_t;


/*
 * Writes the playlist of n stretches one after the other, a discontinuity and
 * an EXT-X-MAP between them: as nvm_hls_media_write() with vod, but for
 * opt->prefix and opt->maps, which have no effect.  A stretch without
 * segments is passed over.
 */
nvm_err_e nvm_hls_joined_write(nvm_writer_t *w, const nvm_hls_stretch_t *s,
    size_t n, const nvm_hls_media_t *opt);


#endif /* NVM_HLS_H */
