/*
 * Copyright (C) ngx_video authors
 *
 * One endless clock of the 32-bit milliseconds of a publisher's tracks.
 *
 * They wrap, which is nothing; small steps back are what interleaving and
 * rounding make.  A step that is larger, as of an encoder that starts again,
 * is a jump: the clock goes on as much as time has passed, and the offset of
 * the track is another one from there on.  Tracks of one encoder jump together
 * but not in one moment: those that have not yet are believed to follow, and
 * are then where they are to the one that was first.  A track that does not
 * follow keeps its offset.
 */

#ifndef NVM_CLOCK_H
#define NVM_CLOCK_H

#include "nvm.h"


/*
 * a step that is a jump, ms: back, of a track; ahead of the newest frame of
 * all, or behind it where a track begins
 */
#define NVM_CLOCK_BACK    500
#define NVM_CLOCK_AHEAD   10000

/* for which other tracks are expected to follow a jump, ms */
#define NVM_CLOCK_FOLLOW  1000


typedef enum {
    NVM_CLOCK_GOES_ON = 0,
    NVM_CLOCK_LAGS,         /* it goes on, but another track has just jumped */
    NVM_CLOCK_FOLLOWS,      /* it has jumped as another one did */
    NVM_CLOCK_JUMPS
} nvm_clock_e;


typedef struct {
    int64_t                   newest;       /* of all frames, ms */
    int64_t                   came;         /* when that one did, ms */
    int64_t                   offset;       /* since the newest jump, and
                                               before it */
    int64_t                   before;
    int64_t                   jumped;       /* when on this clock, ms */
    unsigned                  started:1;
} nvm_clock_t;


typedef struct {
    int64_t                   newest;       /* of its frames, ms */
    int64_t                   offset;       /* of the clock to timestamps */
    unsigned                  started:1;
} nvm_clock_track_t;


/*
 * The time of a frame that comes at "now", by a clock that never goes back, in
 * ms.  "anew": the track would begin anew if it jumped, so that it may go back
 * when it follows another.
 */
nvm_clock_e nvm_clock_frame(nvm_clock_t *c, nvm_clock_track_t *t, uint32_t ts,
    int64_t now, int anew, int64_t *ms);


#endif /* NVM_CLOCK_H */
