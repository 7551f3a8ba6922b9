/*
 * Copyright (C) ngx_video authors
 *
 * The workers of store_stress.c: what they do, and what they tell.
 */

#ifndef STRESS_H
#define STRESS_H

#include "store_env.h"


#define STRESS_PHASES  4


/* One for all workers, in shared memory; all of it is atomic. */
typedef struct {
    uint32_t        stop;
    uint32_t        phase;

    /* what may not happen */
    uint64_t        wrong;          /* bytes, lengths, identities */
    uint64_t        missing;        /* segments of a window */
    uint64_t        unclean;        /* refusals that changed something */
    uint64_t        lost;           /* wake-ups */
    uint64_t        leaked;         /* references */

    /* what must have happened, or the others say nothing */
    uint64_t        written;        /* bytes */
    uint64_t        read;
    uint64_t        read_gone;      /* of objects that nobody finds */
    uint64_t        completed;
    uint64_t        aborted;
    uint64_t        refused;        /* no chunk or no object */
    uint64_t        unpromised;     /* streams for which there was no room */
    uint64_t        cut;            /* readers that were too slow */
    uint64_t        parts;
    uint64_t        parts_refused;
    uint64_t        parts_read;
    uint64_t        waits;
    uint64_t        woken;
} stress_report_t;


extern stress_report_t  *stress_report;

/*
 * A worker's life in this thread, until it has done enough or shall stop;
 * 0 when it could start.
 */
int stress_worker(void *zone, uint64_t seed);

uint32_t stress_random(uint64_t *state, uint32_t n);


#endif /* STRESS_H */
