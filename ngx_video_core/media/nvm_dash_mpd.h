/*
 * Copyright (C) ngx_video authors
 *
 * For the files that write DASH manifests alone: a manifest that is being
 * written.
 */

#ifndef NVM_DASH_MPD_H
#define NVM_DASH_MPD_H

#include "nvm_dash.h"


/* What one run of the writer works with. */
typedef struct {
    nvm_writer_t             *w;
    const nvm_dash_t         *d;
    uint64_t                  target;       /* ms, the longest segment */
    uint64_t                  total;        /* ms, of all periods */
    uint64_t                  listed;       /* ms, the longest timeline */
    unsigned                  ended:1;
    unsigned                  holes:1;      /* a track has some */

    const nvm_dash_period_t  *p;            /* of this one: */
    size_t                    n[NVM_MAX_TRACKS];    /* complete segments */
    uint32_t                  set[NVM_MAX_TRACKS];  /* AdaptationSet, from 1;
                                               0: the track is left out */
    uint32_t                  nsets;
    uint64_t                  duration;     /* ms, of what there is */
    uint64_t                  shown;        /* ms, of the pictures, or */
    uint64_t                  heard;        /* of everything else */
} nvm_dash_mpd_t;


/* Ticks to milliseconds, rounded to nearest. */
uint64_t nvm_dash_to_ms(uint64_t ticks, uint32_t timescale);

/* An attribute, xs:dateTime of ms since 1970. */
void nvm_dash_date(nvm_dash_mpd_t *m, const char *name, int64_t ms);

/* Where the time is to be had (5.8.5.7). */
void nvm_dash_clock(nvm_dash_mpd_t *m);


/* nvm_dash_segments.c, of track i of the period */

/*
 * When the newest complete segment began, or else the period (5.12): the start
 * of a period stays, and a publisher's clock may be fast or slow since then.
 */
void nvm_dash_produced(nvm_dash_mpd_t *m, size_t i);

/* Its SegmentTemplate. */
void nvm_dash_template(nvm_dash_mpd_t *m, size_t i);

/* The AdaptationSet of thumbnails; dynamic: those of the first track. */
void nvm_dash_images(nvm_dash_mpd_t *m, uint32_t set);


#endif /* NVM_DASH_MPD_H */
