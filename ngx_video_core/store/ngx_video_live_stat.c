/*
 * Copyright (C) ngx_video authors
 *
 * Statistics of live streams: see ngx_video_live_stat.h.
 */

#include "ngx_video_live_stat.h"


/* ms; in less than this a clock can't be told from a network */
#define NGX_VIDEO_STAT_DRIFT  60000


#define ngx_video_stat_get(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define ngx_video_stat_set(p, v)  __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define ngx_video_stat_add(p, n)                                              \
    (void) __atomic_fetch_add(p, n, __ATOMIC_RELAXED)


/* Under the lock: marks the entries of streams that there are. */
static void
ngx_video_live_stat_mark(ngx_video_store_t *st, ngx_video_live_t *taker)
{
    ngx_uint_t         i;
    ngx_video_live_t  *l;

    for (i = 0; i < st->head->nlives; i++) {
        l = &st->lives[i];

        if (l != taker && l->stat < st->head->nlives
            && ngx_video_load(&l->state) != NGX_VIDEO_LIVE_FREE)
        {
            st->stats[l->stat].mark = taker->epoch;
        }
    }
}


static ngx_uint_t
ngx_video_live_stat_named(ngx_video_live_stat_t *s, const u_char *name,
    size_t len)
{
    return ngx_video_load(&s->id) != 0 && s->name_len == len
           && ngx_memcmp(s->name, name, len) == 0;
}


uint32_t
ngx_video_live_stat_take(ngx_video_store_t *st, ngx_video_live_t *taker)
{
    uint32_t                i, oldest;
    uint64_t                least;
    ngx_video_live_stat_t  *s;

    ngx_video_live_stat_mark(st, taker);

    /* there is one: the taker has a block, and no entry yet */
    oldest = 0;
    least = UINT64_MAX;

    for (i = 0; i < st->head->nlives; i++) {
        s = &st->stats[i];

        if (ngx_video_live_stat_named(s, taker->name, taker->name_len)) {
            s->published = taker->epoch;
            return i;
        }

        if (s->mark != taker->epoch && s->published < least) {
            oldest = i;
            least = s->published;
        }
    }

    s = &st->stats[oldest];

    /* until it has a name nothing is counted in it, also if we die */
    ngx_video_store_sc(&s->id, 0);
    ngx_memzero(s, sizeof(ngx_video_live_stat_t));

    s->name_len = taker->name_len;
    ngx_memcpy(s->name, taker->name, taker->name_len);
    s->published = taker->epoch;
    ngx_video_store_sc(&s->id, taker->epoch);

    return oldest;
}


void
ngx_video_live_stat_publisher(ngx_video_live_stat_t *s, uint64_t now)
{
    ngx_video_stat_add(&s->publishers, 1);
    ngx_video_stat_set(&s->since, now);
    ngx_video_stat_set(&s->rungs.state, NGX_VIDEO_RUNGS_NONE);
}


void
ngx_video_live_stat_run(ngx_video_live_stat_t *s)
{
    ngx_video_stat_add(&s->runs, 1);
    ngx_video_stat_set(&s->drift, 0);
    ngx_video_stat_set(&s->drift_span, 0);

    ngx_memzero(s->tracks, sizeof(s->tracks));
}


/* Of the publisher's worker: what it counts in at this time. */
static ngx_video_stat_second_t *
ngx_video_live_stat_second(ngx_video_stat_track_t *t, uint64_t now)
{
    uint32_t                  second;
    ngx_video_stat_second_t  *c;

    second = (uint32_t) (now / 1000);
    c = &t->seconds[second % NGX_VIDEO_STAT_SECONDS];

    if (c->second != second) {
        ngx_video_store_sc(&c->second, 0);

        c->frames = 0;
        c->bytes = 0;
        c->delay = 0;
        c->latency = INT32_MIN;

        ngx_video_store_sc(&c->second, second);
    }

    return c;
}


/* A key frame of video: the pictures from the one before it to this one. */
static void
ngx_video_live_stat_key(ngx_video_stat_track_t *t, int64_t ms)
{
    uint32_t  interval;

    if (t->since) {
        interval = (uint32_t) ngx_max(ms - t->key, 0);

        ngx_video_stat_set(&t->gop, t->since);
        ngx_video_stat_set(&t->gop_max, ngx_max(t->gop_max, t->since));
        ngx_video_stat_set(&t->interval, interval);
        ngx_video_stat_set(&t->interval_max,
                           ngx_max(t->interval_max, interval));
    }

    t->key = ms;
    t->since = 0;
}


void
ngx_video_live_stat_frame(ngx_video_live_stat_t *s, ngx_uint_t number,
    nvm_kind_e kind, size_t size, int64_t ms, ngx_uint_t key, uint64_t now)
{
    ngx_video_stat_track_t   *t;
    ngx_video_stat_second_t  *c;

    t = &s->tracks[number];
    c = ngx_video_live_stat_second(t, now);

    if (t->from == 0) {
        ngx_video_stat_set(&t->from, (uint32_t) (now / 1000));
    }

    ngx_video_stat_set(&c->frames, c->frames + 1);
    ngx_video_stat_set(&c->bytes, c->bytes + (uint32_t) size);

    if (kind == NVM_VIDEO) {
        if (key) {
            ngx_video_live_stat_key(t, ms);
        }

        t->since += (key || t->since);
    }
}


void
ngx_video_live_stat_taken(ngx_video_live_stat_t *s, nvm_kind_e kind,
    size_t size)
{
    ngx_video_stat_add(&s->bytes, size);
    ngx_video_stat_add(&s->frames[kind], 1);
}


void
ngx_video_live_stat_rungs(ngx_video_live_stat_t *s,
    ngx_video_rungs_stat_t *rungs)
{
    ngx_video_rungs_stat_t  *to;

    to = &s->rungs;

    ngx_video_stat_set(&to->state, rungs->state);
    ngx_video_stat_add(&to->losses, rungs->losses);
    ngx_video_stat_set(&to->pictures, rungs->pictures);
    ngx_video_stat_set(&to->dropped, rungs->dropped);
    ngx_video_stat_set(&to->damaged, rungs->damaged);
    ngx_video_stat_set(&to->rungs, rungs->rungs);
    ngx_video_stat_set(&to->off, rungs->off);
    ngx_video_stat_set(&to->late, rungs->late);
    ngx_video_stat_set(&to->cpu, rungs->cpu);
}


void
ngx_video_live_stat_silent(ngx_video_live_stat_t *s)
{
    ngx_video_stat_add(&s->silent, 1);
}


void
ngx_video_live_stat_drop(ngx_video_live_stat_t *s, ngx_video_stat_drop_e why)
{
    ngx_video_stat_add(&s->drops[why], 1);
}


static int32_t
ngx_video_live_stat_ms(int64_t ms)
{
    return (int32_t) ngx_min(ngx_max(ms, INT32_MIN), INT32_MAX);
}


void
ngx_video_live_stat_part(ngx_video_live_stat_t *s, ngx_uint_t number,
    ngx_video_stat_part_t *part)
{
    int32_t                   latency;
    uint32_t                  delay;
    ngx_video_stat_track_t   *t;
    ngx_video_stat_second_t  *c;

    t = &s->tracks[number];
    c = ngx_video_live_stat_second(t, part->published);

    latency = ngx_video_live_stat_ms((int64_t) part->published - part->end);
    delay = part->published > part->arrived
            ? (uint32_t) (part->published - part->arrived) : 0;

    ngx_video_stat_set(&t->latency, latency);
    ngx_video_stat_set(&c->latency, ngx_max(c->latency, latency));
    ngx_video_stat_set(&c->delay, ngx_max(c->delay, delay));
}


void
ngx_video_live_stat_clock(ngx_video_live_stat_t *s, int64_t shift,
    int64_t span)
{
    /* media that come later and later are of a clock that is behind */
    ngx_video_stat_set(&s->drift, s->drift - shift);
    ngx_video_stat_set(&s->drift_span, span);
}


void
ngx_video_live_stat_request(ngx_video_live_stat_t *s, uint64_t id,
    ngx_video_stat_request_e kind, uint64_t bytes, ngx_uint_t failed)
{
    if (ngx_video_load(&s->id) != id) {
        return;
    }

    ngx_video_stat_add(&s->sent, bytes);
    ngx_video_stat_add(&s->requests[kind], 1);

    if (failed) {
        ngx_video_stat_add(&s->failed, 1);
    }
}


void
ngx_video_live_stat_viewer(ngx_video_live_stat_t *s, uint64_t id,
    uint64_t hash, uint64_t now)
{
    if (ngx_video_load(&s->id) == id) {
        ngx_video_viewers_add(&s->viewers, hash, now / 1000);
    }
}


/* The whole seconds before this one; the first of a track was not whole. */
static void
ngx_video_live_stat_rates(ngx_video_stat_track_t *t, uint64_t now,
    ngx_video_track_stats_t *out)
{
    int32_t                    latency;
    uint32_t                   i, second, last, from, n, delay;
    uint64_t                   frames, bytes;
    ngx_video_stat_second_t   *c;

    last = (uint32_t) (now / 1000);
    from = ngx_video_stat_get(&t->from);

    if (from == 0 || last <= from + 1) {
        return;
    }

    n = ngx_min(last - from - 1, NGX_VIDEO_STAT_WINDOW);
    frames = 0;
    bytes = 0;
    delay = 0;
    latency = INT32_MIN;

    for (i = 0; i < NGX_VIDEO_STAT_SECONDS; i++) {
        c = &t->seconds[i];
        second = ngx_video_load(&c->second);

        if (second < last - n || second >= last) {
            continue;
        }

        frames += ngx_video_stat_get(&c->frames);
        bytes += ngx_video_stat_get(&c->bytes);
        delay = ngx_max(delay, ngx_video_stat_get(&c->delay));
        latency = ngx_max(latency, ngx_video_stat_get(&c->latency));
    }

    out->frame_rate = frames * 1000 / n;
    out->rate = bytes / n;
    out->delay_max = delay;
    out->latency_max = latency == INT32_MIN ? 0 : latency;
}


static void
ngx_video_live_stat_track(ngx_video_stat_track_t *t, uint64_t now,
    ngx_video_track_stats_t *out)
{
    ngx_memzero(out, sizeof(ngx_video_track_stats_t));

    out->gop = ngx_video_stat_get(&t->gop);
    out->gop_max = ngx_video_stat_get(&t->gop_max);
    out->interval = ngx_video_stat_get(&t->interval);
    out->interval_max = ngx_video_stat_get(&t->interval_max);
    out->latency = ngx_video_stat_get(&t->latency);

    ngx_video_live_stat_rates(t, now, out);
}


static void
ngx_video_live_stat_ingest(ngx_video_live_stat_t *s,
    ngx_video_live_stats_t *out)
{
    int64_t     span;
    ngx_uint_t  i;

    out->since = ngx_video_stat_get(&s->since);
    out->publishers = ngx_video_stat_get(&s->publishers);
    out->runs = ngx_video_stat_get(&s->runs);
    out->bytes = ngx_video_stat_get(&s->bytes);
    out->silent = ngx_video_stat_get(&s->silent);

    for (i = 0; i < NVM_KINDS; i++) {
        out->frames[i] = ngx_video_stat_get(&s->frames[i]);
    }

    for (i = 0; i < NGX_VIDEO_DROPS; i++) {
        out->drops[i] = ngx_video_stat_get(&s->drops[i]);
    }

    out->drift = ngx_video_stat_get(&s->drift);
    span = ngx_video_stat_get(&s->drift_span);
    out->drift_ppm = span < NGX_VIDEO_STAT_DRIFT ? 0
                                                 : out->drift * 1000000 / span;
}


static void
ngx_video_live_stat_ladder(ngx_video_live_stat_t *s,
    ngx_video_live_stats_t *out)
{
    ngx_video_rungs_stat_t  *from, *to;

    from = &s->rungs;
    to = &out->rungs;

    to->state = ngx_video_load(&from->state);
    to->losses = ngx_video_load(&from->losses);
    to->pictures = ngx_video_load(&from->pictures);
    to->dropped = ngx_video_load(&from->dropped);
    to->damaged = ngx_video_load(&from->damaged);
    to->rungs = ngx_video_load(&from->rungs);
    to->off = ngx_video_load(&from->off);
    to->late = ngx_video_load(&from->late);
    to->cpu = ngx_video_load(&from->cpu);
    out->rungs_on = (to->state == NGX_VIDEO_RUNGS_ON);
}


static void
ngx_video_live_stat_delivery(ngx_video_live_stat_t *s, uint64_t now,
    ngx_video_live_stats_t *out)
{
    ngx_uint_t  i;

    out->sent = ngx_video_stat_get(&s->sent);
    out->failed = ngx_video_stat_get(&s->failed);

    for (i = 0; i < NGX_VIDEO_REQUESTS; i++) {
        out->requests[i] = ngx_video_stat_get(&s->requests[i]);
    }

    out->viewers = ngx_video_viewers_count(&s->viewers, now / 1000);
}


ngx_int_t
ngx_video_live_stat_read(ngx_video_store_t *st, ngx_video_live_info_t *info,
    uint64_t now, ngx_video_live_stats_t *out)
{
    uint64_t                id;
    ngx_uint_t              i;
    ngx_video_live_stat_t  *s;

    ngx_memzero(out, sizeof(ngx_video_live_stats_t));

    if (info->stat >= st->head->nlives) {
        return NGX_DECLINED;
    }

    s = &st->stats[info->stat];
    id = ngx_video_load(&s->id);

    if (!ngx_video_live_stat_named(s, info->name.data, info->name.len)) {
        return NGX_DECLINED;
    }

    ngx_video_live_stat_ingest(s, out);
    ngx_video_live_stat_ladder(s, out);
    ngx_video_live_stat_delivery(s, now, out);

    for (i = 0; i < info->ntracks; i++) {
        ngx_video_live_stat_track(&s->tracks[i], now, &out->tracks[i]);
    }

    if (ngx_video_load(&s->id) != id) {
        /* its stream is gone, and another one has it */
        ngx_memzero(out, sizeof(ngx_video_live_stats_t));
        return NGX_DECLINED;
    }

    return NGX_OK;
}
