/*
 * Copyright (C) ngx_video authors
 *
 * The other way into nvm_vtt_t: cues one by one, and the samples of the text
 * tracks of MP4 files.
 *
 *     nvm_vtt_build_init(&b, arena, timescale);
 *     nvm_vtt_from_tx3g(&b, sample, size, dts, duration, &f);   (each)
 *     nvm_vtt_build_done(&b, &vtt);
 *
 * Samples are copied into the arena.  One that is refused leaves what was added
 * before it; the caller may go on with the next one.
 */

#ifndef NVM_VTT_BUILD_H
#define NVM_VTT_BUILD_H

#include "nvm_model.h"
#include "nvm_vtt.h"


typedef struct nvm_vtt_chunk_s  nvm_vtt_chunk_t;

/* A cue that may go on in the next sample of a wvtt track. */
typedef struct {
    nvm_vtt_cue_t     *cue;
    uint32_t           source;          /* vsid, if it had one */
    unsigned           has_source:1;
} nvm_vtt_open_t;


typedef struct {
    nvm_arena_t       *arena;
    uint32_t           timescale;
    nvm_vtt_t          v;               /* blocks, and the number of cues */
    nvm_vtt_chunk_t   *first;
    nvm_vtt_chunk_t   *last;

    uint64_t           tail;            /* end of the last wvtt sample, ticks */
    size_t             nopen;
    nvm_vtt_open_t     open[NVM_VTT_MAX_ACTIVE];
} nvm_vtt_build_t;


/* Ticks a second of the times of samples; must not be zero. */
void nvm_vtt_build_init(nvm_vtt_build_t *b, nvm_arena_t *a,
    uint32_t timescale);

/*
 * The config of a vttC box: its styles and regions.  They stay spans of the
 * caller's bytes.
 */
nvm_err_e nvm_vtt_build_header(nvm_vtt_build_t *b, const void *data,
    size_t size, nvm_fault_t *f);

/*
 * A cue; the bytes of its spans must outlive it.  *cue, which may be NULL, is
 * where it stays until nvm_vtt_build_done().  A cue that would never be shown
 * is dropped, and *cue is NULL then.
 */
nvm_err_e nvm_vtt_build_cue(nvm_vtt_build_t *b, const nvm_vtt_cue_t *from,
    nvm_vtt_cue_t **cue);

/* The interval of a sample in ms; NVM_EINVAL or NVM_ELIMIT, and a fault. */
nvm_err_e nvm_vtt_build_time(const nvm_vtt_build_t *b, uint64_t start,
    uint32_t duration, nvm_vtt_cue_t *c, nvm_fault_t *f);

/*
 * A sample of a tx3g track (3GPP TS 26.245, 5.17) or of QuickTime's text:
 * bold, italic and underlined text get their tags, a sample without text is a
 * gap.  Modifiers that are broken are ignored, for the sake of the text.
 */
nvm_err_e nvm_vtt_from_tx3g(nvm_vtt_build_t *b, const void *sample,
    size_t size, uint64_t start, uint32_t duration, nvm_fault_t *f);

/*
 * A sample of a wvtt track (ISO/IEC 14496-30, 6.6), in the order of the track.
 * A cue that the sample before ended with goes on when source_ID, identifier,
 * settings and text are the same.  The standard says so for a source_ID only;
 * packagers that write none split cues all the same.
 */
nvm_err_e nvm_vtt_from_wvtt(nvm_vtt_build_t *b, const void *sample,
    size_t size, uint64_t start, uint32_t duration, nvm_fault_t *f);

/*
 * Makes a track of a sample entry, see nvm_codec_t; of wvtt the payload of
 * vttC becomes its config.  NVM_EUNSUP for a header over NVM_MAX_CONFIG.
 */
nvm_err_e nvm_tx3g_track(nvm_track_t *t, const uint8_t *config, size_t n,
    nvm_fault_t *f);
nvm_err_e nvm_wvtt_track(nvm_track_t *t, const uint8_t *config, size_t n,
    nvm_fault_t *f);

/* The cues in order; b is used up. */
nvm_err_e nvm_vtt_build_done(nvm_vtt_build_t *b, nvm_vtt_t **vtt,
    nvm_fault_t *f);


#endif /* NVM_VTT_BUILD_H */
