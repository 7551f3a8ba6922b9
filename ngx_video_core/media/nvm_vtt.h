/*
 * Copyright (C) ngx_video authors
 *
 * Subtitles: the cues of a WebVTT or SubRip file, or of a text track
 * (nvm_vtt_build.h), as WebVTT segments.  As CMAF: nvm_wvtt.h.
 *
 * Cues are half-open intervals of milliseconds on the presentation's
 * timeline.  Their texts are spans of the caller's bytes or of the arena, and
 * must outlive the cues.
 */

#ifndef NVM_VTT_H
#define NVM_VTT_H

#include "nvm_arena.h"
#include "nvm_vtt_text.h"


/* The size of a file is the caller's to limit; a cue takes 72 bytes of arena */
#define NVM_VTT_MAX_CUES    (1024u * 1024)

/* Styles and regions: every segment repeats them */
#define NVM_VTT_MAX_BLOCKS  1024
#define NVM_VTT_MAX_HEADER  65536

/* Cues that are shown at one time, where they are merged or split */
#define NVM_VTT_MAX_ACTIVE  128


typedef struct {
    uint64_t         start_ms;
    uint64_t         end_ms;            /* after start_ms */
    uint64_t         reach_ms;          /* nvm_vtt.c only */
    nvm_vtt_span_t   id;
    nvm_vtt_span_t   settings;
    nvm_vtt_span_t   text;              /* as WebVTT spells it */
    uint32_t         number;            /* in the source, from 1 */
} nvm_vtt_cue_t;


typedef struct {
    nvm_vtt_cue_t   *cues;              /* by start, then by number */
    size_t           ncues;
    nvm_vtt_span_t  *blocks;            /* STYLE and REGION, the whole block */
    size_t           nblocks;
    uint64_t         end_ms;            /* of the cue that ends last */
    uint32_t         skipped;           /* cues with times that make no sense,
                                           blocks over the limit */
} nvm_vtt_t;


/*
 * WebVTT (W3C, 6.1) when the file begins with its signature, SubRip otherwise,
 * whatever its name.  Like a browser it takes what it can make sense of:
 * NVM_EINVAL is for what is neither format, NVM_EUNSUP for UTF-16, NVM_ELIMIT
 * for more cues than NVM_VTT_MAX_CUES.
 */
nvm_err_e nvm_vtt_parse(nvm_arena_t *a, const void *data, size_t size,
    nvm_vtt_t **vtt, nvm_fault_t *f);

/* Sorts the cues and prepares nvm_vtt_find(): for those who fill them in. */
void nvm_vtt_index(nvm_vtt_t *v);

/*
 * The first cue at or after index "from" that ends after ms; v->ncues when
 * there is none.  O(log n), however long or crowded the cues are:
 *
 *     for (i = nvm_vtt_find(v, 0, start);
 *          i < v->ncues && v->cues[i].start_ms < end;
 *          i = nvm_vtt_find(v, i + 1, start))
 */
size_t nvm_vtt_find(const nvm_vtt_t *v, size_t from, uint64_t ms);

/* All that comes before the first cue, as it stands in a vttC box. */
void nvm_vtt_header_write(nvm_writer_t *w, const nvm_vtt_t *v);

/*
 * The segment [start_ms, end_ms) for HLS (RFC 8216, 3.5): the cues that it
 * shows, whole and with their own times, so that those of a border are in both
 * segments.  mpegts is the timestamp, 90 kHz, of LOCAL 0.
 */
nvm_err_e nvm_vtt_segment_write(nvm_writer_t *w, const nvm_vtt_t *v,
    uint64_t start_ms, uint64_t end_ms, uint64_t mpegts);


#endif /* NVM_VTT_H */
