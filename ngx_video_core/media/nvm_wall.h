/*
 * Copyright (C) ngx_video authors
 *
 * When the media of a publisher were made, by the server's clock.
 *
 * A frame comes later than it was made, by what encoder and network take, and
 * those that come with the least delay tell best.  The first ones seldom do:
 * encoders begin with a burst of what they have been holding.  So the mapping
 * is corrected once, before the first segment is complete, and from then on
 * follows, slowly, a publisher's clock that is fast or slow.
 */

#ifndef NVM_WALL_H
#define NVM_WALL_H

#include "nvm.h"


/* ms of media over which frames are compared, before the mapping follows */
#define NVM_WALL_SPAN  10000

/* it moves by one ms in so many: clocks are off by less */
#define NVM_WALL_SLEW  500


typedef struct {
    int64_t                   zero;         /* of media time 0, ms */
    int64_t                   least;        /* what frames say since "from" */
    int64_t                   from;         /* media time, ms */
    unsigned                  settled:1;
} nvm_wall_t;


/* The first frame, of this media time, has come at this time; all in ms. */
void nvm_wall_init(nvm_wall_t *w, int64_t now, int64_t ms);
void nvm_wall_frame(nvm_wall_t *w, int64_t now, int64_t ms);

/*
 * What is to be added to times of the media from now on: when a segment begins
 * at this media time.  The first time it is all that is known, but not less
 * than "least"; then a little.
 */
int64_t nvm_wall_correct(nvm_wall_t *w, int64_t ms, int64_t least);


#endif /* NVM_WALL_H */
