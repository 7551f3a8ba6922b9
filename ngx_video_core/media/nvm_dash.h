/*
 * Copyright (C) ngx_video authors
 *
 * DASH manifests (ISO/IEC 23009-1), profile isoff-live with SegmentTimeline.
 *
 * Strings are zero-terminated, NULL is as good as "", and nothing is copied.
 * All are escaped; "query" is appended to each URI after "?", see nvm_hls.h.
 */

#ifndef NVM_DASH_H
#define NVM_DASH_H

#include "nvm_captions.h"
#include "nvm_images.h"
#include "nvm_model.h"
#include "nvm_role.h"
#include "nvm_writer.h"


/* ms: sound that ends less after the picture is cut where a period ends */
#define NVM_DASH_OVERLAP  100


typedef struct {
    const nvm_timeline_t    *timeline;
    const char              *id;        /* "v0": Representation@id and the
                                           directory of its segments, unique */
    const char              *prefix;    /* "" or "e1f/" */
    const char              *keys_of;   /* key frames of the track with this
                                           id, i<msn>.m4s in its directory;
                                           NULL: it is no such thing */
    const char              *label;     /* shown to people, may be NULL */
    const char              *lang;      /* BCP 47; NULL: the track's */
    const char              *protection;    /* whole ContentProtection elements,
                                           or NULL; the same of all tracks of a
                                           kind */
    nvm_role_e               role;      /* NONE: main or alternate, subtitle
                                           of text */
    unsigned                 def:1;     /* what is played unless somebody
                                           chooses: the first of these, or the
                                           first of its kind */
    uint64_t                 pto;       /* presentationTimeOffset: the tick of
                                           the track's timeline at which the
                                           period starts, that is (dynamic)
                                           at availability_start */
} nvm_dash_track_t;


/* A stretch of the presentation with tracks of its own. */
typedef struct {
    const nvm_dash_track_t  *tracks;
    size_t                   ntracks;   /* 1..NVM_MAX_TRACKS */
    const char              *id;        /* NULL: its number */
    uint64_t                 start;     /* dynamic: ms after
                                           availability_start */
} nvm_dash_period_t;


typedef struct {
    const nvm_dash_period_t *periods;   /* one follows the other, at once or
                                           (dynamic) where it starts */
    size_t                   nperiods;
    const nvm_caption_t     *captions;  /* in the pictures */
    size_t                   ncaptions;
    const nvm_images_t      *images;    /* of a single period with video, or
                                           dynamic of each segment of the first
                                           track, <msn>.jpg in "thumbs/" and
                                           its prefix; NULL: none */
    const char              *query;

    uint32_t                 min_buffer;    /* ms; 0: the longest target */

    /* The rest is for dynamic manifests.  Times are ms since 1970. */
    int64_t                  availability_start;
    int64_t                  publish_time;
    int64_t                  now;           /* UTCTiming */
    uint32_t                 time_shift;    /* ms; 0: what is listed */
    uint32_t                 update_period; /* ms; 0: the longest target */
    uint32_t                 delay;         /* ms, suggestedPresentationDelay;
                                               0: three targets */
    uint32_t                 latency;       /* ms, what players are to aim at;
                                               0: no low latency, see below */
    const char              *clock;         /* URI that answers with the time;
                                               NULL: there is none */
    unsigned                 dynamic:1;
    unsigned                 events:1;  /* pictures may have events inside, or
                                           sound where there are none */
} nvm_dash_t;


/*
 * Writes an MPD.  A period lasts as long as its longest track, but for sound
 * that ends less than 100 ms after the pictures of another one than the last.
 * Video tracks share an AdaptationSet for each
 * codec, sample entry and dynamic range, audio tracks one for each language,
 * label, role, codec and channel count, each text track has one.  Key frames
 * are for trick modes (DASH-IF IOP 4.3, 3.2.9), a set for each of video.  Only
 * complete segments are listed, numbered by their msn, which must be
 * consecutive; tracks without any are left out.  A dynamic manifest whose
 * timelines have all ended gets a duration and no minimumUpdatePeriod
 * (5.3.1.2).
 *
 * With low latency the last segment of a timeline that has not ended is one
 * that is being made, as long as it is expected to become: it can be asked for
 * when its first part is there (availabilityTimeOffset, DASH-IF IOP 5, part 4),
 * and its parts have producer reference times.
 *
 * Returns w->error; NVM_ENOENT and writes nothing when no track has a
 * complete segment; NVM_ELIMIT for more than NVM_MAX_TRACKS.
 */
nvm_err_e nvm_dash_write(nvm_writer_t *w, const nvm_dash_t *d);


#endif /* NVM_DASH_H */
