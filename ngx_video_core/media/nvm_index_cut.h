/*
 * Copyright (C) ngx_video authors
 *
 * Where tracks are cut into segments, for the index alone.
 */

#ifndef NVM_INDEX_CUT_H
#define NVM_INDEX_CUT_H

#include "nvm_arena.h"
#include "nvm_index.h"
#include "nvm_mp4.h"


/*
 * The boundaries, as presentation times in ticks of the reference track: set
 * by the walk over that track, followed by those over all others.
 */
typedef struct {
    int64_t     *times;         /* ascending; the first is its first sample */
    uint32_t     n;
    uint32_t     max;
    uint32_t     timescale;
    int64_t      target;
    int64_t      end;           /* of the reference track */
} nvm_index_bounds_t;


/* A walk over the samples of a track in decode order that cuts it. */
typedef struct {
    const nvm_mp4_track_t  *t;
    nvm_index_bounds_t     *bounds;
    uint64_t                start;      /* dts, of the segment */
    int64_t                 next;       /* boundary, in ticks of the track */
    int64_t                 slack;      /* a cut may come early by so much */
    int64_t                 next_ref;   /* the same in ticks of the reference */
    uint32_t                bound;      /* its number, unless it leads */
    uint32_t                nsegments;  /* so far, empty ones included */
    unsigned                leads:1;    /* the reference track */
} nvm_index_cut_t;


/* What part of a track is used, and how its times move. */
typedef struct {
    uint64_t     base;          /* dts of the first sample */
    int64_t      shift;         /* to be taken from composition offsets */
    uint32_t     edit;          /* see nvm_track_t */
} nvm_index_span_t;


/* Memory for the boundaries of a reference track; target in ms. */
nvm_err_e nvm_index_bounds_init(nvm_index_bounds_t *b, nvm_arena_t *arena,
    const nvm_mp4_track_t *t, uint32_t target);

/* The boundaries of another file. */
nvm_err_e nvm_index_bounds_copy(nvm_index_bounds_t *b, nvm_arena_t *arena,
    const nvm_index_lead_t *lead, uint32_t target);

/*
 * Whether the presentation can start at a sample, and what came before it is
 * not needed, as far as the edit list says.
 */
int nvm_index_restarts(const nvm_mp4_track_t *t, const nvm_sample_t *s);

/*
 * How composition offsets and the edit share what media_time takes away:
 * shift and edit of a span whose first sample is known.
 */
nvm_err_e nvm_index_shift(nvm_index_span_t *span, const nvm_mp4_track_t *t,
    int64_t min_pts, nvm_fault_t *f);

void nvm_index_cut_init(nvm_index_cut_t *c, nvm_index_bounds_t *b,
    const nvm_mp4_track_t *t, unsigned leads);

/*
 * Whether a sample, the next in decode order, starts a segment; nsegments
 * then counts it and those before it that stay empty.
 */
int nvm_index_cut_next(nvm_index_cut_t *c, const nvm_sample_t *s);

/*
 * How many samples from here on are sure to start no segment, not to restart
 * the presentation, not to end it, and not to be presented before min_pts; 0
 * when each has to be looked at.
 */
uint32_t nvm_index_cut_idle(const nvm_index_cut_t *c,
    const nvm_mp4_mark_t *at, int64_t min_pts);


/* Audio has no composition offsets, whatever a file says. */
static inline int64_t
nvm_index_pts(const nvm_mp4_track_t *t, const nvm_sample_t *s)
{
    return (int64_t) s->dts + (t->track.kind == NVM_VIDEO ? s->cts : 0);
}


/* So are all audio frames sync samples. */
static inline unsigned
nvm_index_key(const nvm_mp4_track_t *t, const nvm_sample_t *s)
{
    return s->key || t->track.kind != NVM_VIDEO;
}


#endif /* NVM_INDEX_CUT_H */
