/*
 * Copyright (C) ngx_video authors
 *
 * Different viewers of late: see ngx_video_viewers.h.
 */

#include "ngx_video_viewers.h"


/* ranks of a hash: leading zeros of what the register's number leaves, + 1 */
#define NGX_VIDEO_VIEWERS_RANKS  (64 - NGX_VIDEO_VIEWERS_BITS + 2)


/*
 * The registers of a period.  Who comes first clears what was there; who comes
 * while that is done may be forgotten, until its next request.
 */
static ngx_video_viewers_period_t *
ngx_video_viewers_at(ngx_video_viewers_t *v, uint64_t period)
{
    uint64_t                     old;
    ngx_video_viewers_period_t  *p;

    p = &v->periods[period % NGX_VIDEO_VIEWERS_PERIODS];
    old = __atomic_load_n(&p->period, __ATOMIC_ACQUIRE);

    if (old == period) {
        return p;
    }

    if (__atomic_compare_exchange_n(&p->period, &old, 0, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
    {
        ngx_memzero(p->registers, NGX_VIDEO_VIEWERS_REGISTERS);
        __atomic_store_n(&p->period, period, __ATOMIC_SEQ_CST);
    }

    return p;
}


void
ngx_video_viewers_add(ngx_video_viewers_t *v, uint64_t hash, uint64_t now)
{
    u_char                       rank, old, *reg;
    ngx_video_viewers_period_t  *p;

    p = ngx_video_viewers_at(v, now / NGX_VIDEO_VIEWERS_PERIOD);
    reg = &p->registers[hash >> (64 - NGX_VIDEO_VIEWERS_BITS)];

    /* a bit at the end, so that there is one */
    hash = hash << NGX_VIDEO_VIEWERS_BITS
           | (uint64_t) 1 << (NGX_VIDEO_VIEWERS_BITS - 1);
    rank = (u_char) (__builtin_clzll(hash) + 1);

    old = __atomic_load_n(reg, __ATOMIC_RELAXED);

    while (old < rank
           && !__atomic_compare_exchange_n(reg, &old, rank, 0,
                                           __ATOMIC_RELAXED,
                                           __ATOMIC_RELAXED))
    {
        /* void */
    }
}


/* How many registers have each rank, of the periods that are looked at. */
static void
ngx_video_viewers_ranks(ngx_video_viewers_t *v, uint64_t now,
    uint32_t *ranks)
{
    u_char      most[NGX_VIDEO_VIEWERS_REGISTERS], *reg;
    uint64_t    period, last;
    ngx_uint_t  i, k;

    ngx_memzero(most, sizeof(most));
    last = now / NGX_VIDEO_VIEWERS_PERIOD;

    for (i = 0; i < NGX_VIDEO_VIEWERS_PERIODS; i++) {
        period = __atomic_load_n(&v->periods[i].period, __ATOMIC_ACQUIRE);
        reg = v->periods[i].registers;

        if (period == 0 || period > last
            || last - period >= NGX_VIDEO_VIEWERS_PERIODS)
        {
            continue;
        }

        for (k = 0; k < NGX_VIDEO_VIEWERS_REGISTERS; k++) {
            most[k] = ngx_max(most[k], reg[k]);
        }
    }

    ngx_memzero(ranks, NGX_VIDEO_VIEWERS_RANKS * sizeof(uint32_t));

    for (k = 0; k < NGX_VIDEO_VIEWERS_REGISTERS; k++) {
        ranks[ngx_min(most[k], NGX_VIDEO_VIEWERS_RANKS - 1)]++;
    }
}


/*
 * O. Ertl, New cardinality estimation algorithms for HyperLogLog sketches
 * (2017), algorithm 6: no bias from one to billions.  No register is ever of
 * the highest rank, so what is said of those is left out.
 */
uint64_t
ngx_video_viewers_count(ngx_video_viewers_t *v, uint64_t now)
{
    double    x, y, z, sigma, before;
    uint32_t  k, ranks[NGX_VIDEO_VIEWERS_RANKS];

    ngx_video_viewers_ranks(v, now, ranks);

    if (ranks[0] == NGX_VIDEO_VIEWERS_REGISTERS) {
        return 0;
    }

    for (z = 0, k = NGX_VIDEO_VIEWERS_RANKS - 1; k; k--) {
        z = (z + ranks[k]) / 2;
    }

    x = (double) ranks[0] / NGX_VIDEO_VIEWERS_REGISTERS;
    y = 1;
    sigma = x;

    do {
        before = sigma;
        x *= x;
        sigma += x * y;
        y += y;
    } while (sigma > before);

    z += sigma * NGX_VIDEO_VIEWERS_REGISTERS;

    /* 1 / (2 ln 2) */
    return (uint64_t) (0.721347520444481703 * NGX_VIDEO_VIEWERS_REGISTERS
                       * NGX_VIDEO_VIEWERS_REGISTERS / z + 0.5);
}
