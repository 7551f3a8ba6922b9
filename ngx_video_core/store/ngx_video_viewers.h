/*
 * Copyright (C) ngx_video authors
 *
 * How many different viewers there have been of late, without knowing any of
 * them: a HyperLogLog sketch for each period of ten seconds, of which the last
 * four are looked at together.  Adding one who is there already, which is what
 * nearly all requests do, reads two words and writes none.
 *
 * All of it is atomic and in shared memory, nobody has a lock.  Registers
 * speak of the period beside them; one that is being changed is 0, so what a
 * process leaves that dies is a period of which nothing is known.
 */

#ifndef NGX_VIDEO_VIEWERS_H
#define NGX_VIDEO_VIEWERS_H

#include <ngx_config.h>
#include <ngx_core.h>


/* the standard error is 1.04 / sqrt(registers): 3.3 % */
#define NGX_VIDEO_VIEWERS_BITS       10
#define NGX_VIDEO_VIEWERS_REGISTERS  (1 << NGX_VIDEO_VIEWERS_BITS)

/* seconds; who came in the last three periods and in this one is counted */
#define NGX_VIDEO_VIEWERS_PERIOD     10
#define NGX_VIDEO_VIEWERS_PERIODS    4


typedef struct {
    uint64_t                  period;       /* time / PERIOD; 0: none */
    u_char                    registers[NGX_VIDEO_VIEWERS_REGISTERS];
} ngx_video_viewers_period_t;


typedef struct {
    ngx_video_viewers_period_t  periods[NGX_VIDEO_VIEWERS_PERIODS];
} ngx_video_viewers_t;


/* Adds the viewer of this hash, all of whose bits tell, at a time in s. */
void ngx_video_viewers_add(ngx_video_viewers_t *v, uint64_t hash,
    uint64_t now);

/* How many there were in the last 30 to 40 seconds, about. */
uint64_t ngx_video_viewers_count(ngx_video_viewers_t *v, uint64_t now);

/* Makes each bit of a hash depend on all of them (MurmurHash3's last step). */
static inline uint64_t
ngx_video_viewers_mix(uint64_t h)
{
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;

    return h ^ h >> 33;
}


#endif /* NGX_VIDEO_VIEWERS_H */
