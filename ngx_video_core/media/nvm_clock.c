/*
 * Copyright (C) ngx_video authors
 *
 * Timestamps to an endless clock: see nvm_clock.h.
 */

#include "nvm_clock.h"


/* The time of a timestamp, next to a time that is known. */
static int64_t
nvm_clock_next(int64_t near, int64_t offset, uint32_t ts)
{
    /* modulo 2^32, signed: RTMP 1.0, 5.3 (RFC 1982 arithmetic) */
    return near + (int32_t) (ts - (uint32_t) (near - offset));
}


/* Ahead it counts from the newest of all tracks: one may have started late. */
static int
nvm_clock_fits(nvm_clock_t *c, int64_t ms, int64_t least)
{
    return ms >= least && ms <= c->newest + NVM_CLOCK_AHEAD;
}


/* Whether the track has jumped as another did: then its offset is the same. */
static int
nvm_clock_follows(nvm_clock_t *c, nvm_clock_track_t *t, uint32_t ts, int anew,
    int64_t *ms)
{
    int64_t  least;

    if (t->offset == c->offset || c->newest - c->jumped > NVM_CLOCK_AHEAD) {
        return 0;
    }

    least = anew ? c->newest - NVM_CLOCK_AHEAD : t->newest - NVM_CLOCK_BACK;
    *ms = nvm_clock_next(c->newest, c->offset, ts);

    return nvm_clock_fits(c, *ms, least);
}


/*
 * The time of a frame that has jumped.  The offset is what it was when the
 * publisher has only paused, or when a wrong timestamp was one of few.
 */
static int64_t
nvm_clock_jump(nvm_clock_t *c, nvm_clock_track_t *t, uint32_t ts, int64_t now)
{
    int64_t  ms, at, offset;

    at = c->newest + (now > c->came ? now - c->came : 0);
    offset = t->offset;
    ms = nvm_clock_next(t->newest, offset, ts);

    if (ms < t->newest || ms < at - NVM_CLOCK_FOLLOW
        || ms > at + NVM_CLOCK_FOLLOW)
    {
        offset = c->before;
        ms = nvm_clock_next(t->newest, offset, ts);

        if (!nvm_clock_fits(c, ms, t->newest - NVM_CLOCK_BACK)) {
            offset = at - (int64_t) ts;
            ms = at;
        }
    }

    c->before = t->offset;
    c->offset = offset;
    c->jumped = ms;

    return ms;
}


/*
 * Whether a frame that may well go on follows nevertheless: by where it is to
 * the newest, when another track has just jumped.
 */
static int
nvm_clock_nearer(nvm_clock_t *c, nvm_clock_track_t *t, uint32_t ts, int anew,
    int64_t ms)
{
    int64_t  own, other;

    if (c->newest - c->jumped > NVM_CLOCK_FOLLOW
        || !nvm_clock_follows(c, t, ts, anew, &other))
    {
        return 0;
    }

    own = ms > c->newest ? ms - c->newest : c->newest - ms;
    other = other > c->newest ? other - c->newest : c->newest - other;

    return other < own;
}


nvm_clock_e
nvm_clock_frame(nvm_clock_t *c, nvm_clock_track_t *t, uint32_t ts, int64_t now,
    int anew, int64_t *ms)
{
    int64_t      back;
    nvm_clock_e  rc;

    if (!c->started) {
        c->started = 1;
        c->newest = ts;
        c->came = now;
        c->jumped = (int64_t) ts - NVM_CLOCK_AHEAD - 1;
    }

    back = NVM_CLOCK_BACK;

    if (!t->started) {
        t->offset = c->offset;
        t->newest = c->newest;
        back = NVM_CLOCK_AHEAD;
    }

    rc = NVM_CLOCK_GOES_ON;
    *ms = nvm_clock_next(t->newest, t->offset, ts);

    if (nvm_clock_fits(c, *ms, t->newest - back)
        && !nvm_clock_nearer(c, t, ts, anew, *ms))
    {

        if (t->offset != c->offset
            && c->newest - c->jumped <= NVM_CLOCK_FOLLOW)
        {
            rc = NVM_CLOCK_LAGS;
        }

        t->newest = t->started && t->newest > *ms ? t->newest : *ms;

    } else {
        if (nvm_clock_follows(c, t, ts, anew, ms)) {
            rc = NVM_CLOCK_FOLLOWS;

        } else {
            *ms = nvm_clock_jump(c, t, ts, now);
            rc = NVM_CLOCK_JUMPS;
        }

        t->offset = c->offset;
        t->newest = *ms;
    }

    t->started = 1;

    if (*ms >= c->newest) {
        c->newest = *ms;
        c->came = now;
    }

    return rc;
}
