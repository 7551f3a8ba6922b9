/*
 * Copyright (C) ngx_video authors
 *
 * The wall clock of media: see nvm_wall.h.
 */

#include "nvm_wall.h"


void
nvm_wall_init(nvm_wall_t *w, int64_t now, int64_t ms)
{
    w->zero = now - ms;
    w->least = w->zero;
    w->from = ms;
    w->settled = 0;
}


void
nvm_wall_frame(nvm_wall_t *w, int64_t now, int64_t ms)
{
    w->least = now - ms < w->least ? now - ms : w->least;
}


int64_t
nvm_wall_correct(nvm_wall_t *w, int64_t ms, int64_t least)
{
    int64_t  shift, most;

    if (w->least == INT64_MAX) {
        return 0;
    }

    shift = w->least - w->zero;

    if (!w->settled) {
        shift = shift > least ? shift : least;

    } else if (ms - w->from < NVM_WALL_SPAN) {
        return 0;

    } else {
        most = (ms - w->from) / NVM_WALL_SLEW;
        shift = shift > most ? most : shift < -most ? -most : shift;
    }

    w->settled = 1;
    w->zero += shift;
    w->least = INT64_MAX;
    w->from = ms;

    return shift;
}
