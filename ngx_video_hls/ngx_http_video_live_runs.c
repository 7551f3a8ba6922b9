/*
 * Copyright (C) ngx_video authors
 *
 * A live stream that has gone on in another run, with a discontinuity: what of
 * its runs is listed, and their timelines as one.
 */

#include "ngx_http_video_hls_module.h"
#include "nvm_codec.h"
#include "nvm_text.h"


/* the timescale of runs whose tracks differ in theirs */
#define NGX_HTTP_VIDEO_RUNS_SCALE  1000000

/* segments between two runs that may be missing, else the older is left out */
#define NGX_HTTP_VIDEO_RUNS_MISSED  4096


/* Names of the tracks, "v0", "a0": the same in all runs. */
static void
ngx_http_video_runs_name(ngx_http_video_runs_t *runs)
{
    ngx_uint_t    i, kind, count[NVM_KINDS];
    nvm_track_t  *track;

    ngx_memzero(count, sizeof(count));
    track = runs->run[0]->track;

    for (i = 0; i < runs->ntracks; i++) {
        kind = track[i].kind == NVM_VIDEO ? NVM_VIDEO : NVM_AUDIO;

        ngx_sprintf((u_char *) runs->name[i], "%c%ui%Z",
                    kind == NVM_VIDEO ? 'v' : 'a', count[kind]++);
    }
}


/* How long the segments last that are listed of a track, ms. */
static uint64_t
ngx_http_video_runs_listed(nvm_timeline_t *tl)
{
    size_t    i;
    uint64_t  ticks;

    for (i = 0, ticks = 0; i < tl->nsegments; i++) {
        ticks += tl->segments[i].duration;
    }

    return ticks * 1000 / tl->track->timescale;
}


/* Leaves out what is older than the window; "newer" is of newer runs, ms. */
static void
ngx_http_video_runs_trim(nvm_timeline_t *tl, uint64_t newer, uint64_t window)
{
    size_t    n;
    uint64_t  ticks;

    for (n = tl->nsegments, ticks = 0; n; n--) {
        if (newer + ticks * 1000 / tl->track->timescale >= window) {
            break;
        }

        ticks += tl->segments[n - 1].duration;
    }

    tl->segments += n;
    tl->nsegments -= n;
}


/* NGX_OK; NGX_DECLINED: the run is not there any more. */
static ngx_int_t
ngx_http_video_runs_one(ngx_http_request_t *r, ngx_http_video_run_t *run)
{
    ngx_uint_t             i;
    nvm_arena_t            arena;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ngx_video_pool_arena(&arena, r->pool);

    for (i = 0; i < run->info.ntracks; i++) {
        ngx_memzero(&run->timeline[i], sizeof(nvm_timeline_t));

        if (ngx_video_live_read(ctx->store, &run->info, i, &arena,
                                &run->track[i], &run->timeline[i])
            != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    ngx_sprintf((u_char *) run->id, "e%xL%Z", run->info.epoch);
    ngx_sprintf((u_char *) run->prefix, "e%xL/%Z", run->info.epoch);

    return NGX_OK;
}


/* Of a run, the track that had most segments. */
static nvm_timeline_t *
ngx_http_video_runs_longest(ngx_http_video_run_t *run)
{
    ngx_uint_t       i;
    nvm_timeline_t  *tl;

    tl = &run->timeline[0];

    for (i = 1; i < run->info.ntracks; i++) {
        if (run->timeline[i].count > tl->count) {
            tl = &run->timeline[i];
        }
    }

    return tl;
}


/*
 * What is listed of a run, ms, for the runs before it.  It has that time in the
 * tracks that it has no media in, too, as soon as a newer one has a segment;
 * and when it reaches back to the end of the window, nothing before it does.
 */
static void
ngx_http_video_runs_newer(ngx_http_video_run_t *run, uint64_t window,
    uint64_t *newer)
{
    uint64_t         ms;
    ngx_uint_t       i;
    nvm_timeline_t  *tl, *longest;

    longest = ngx_http_video_runs_longest(run);
    ms = ngx_http_video_runs_listed(longest);

    if (longest->nsegments == 0 || longest->segments[0].msn > longest->origin) {
        ms = ngx_max(ms, window);
    }

    for (i = 0; i < run->info.ntracks; i++) {
        tl = &run->timeline[i];

        if (tl->count == 0) {
            newer[i] += newer[i] ? ms : 0;

        } else if (tl->nsegments > 1
                   || (tl->nsegments && tl->segments[0].complete))
        {
            newer[i] += ngx_http_video_runs_listed(tl);
        }
    }
}


ngx_int_t
ngx_http_video_runs_read(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_http_video_runs_t *runs)
{
    uint64_t               newer[NGX_VIDEO_LIVE_TRACKS];
    ngx_uint_t             i, listed;
    nvm_timeline_t        *tl;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_run_t  *run, *last;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_memzero(runs, sizeof(ngx_http_video_runs_t));
    ngx_memzero(newer, sizeof(newer));
    last = NULL;

    for (listed = 1; listed && runs->nruns < NGX_VIDEO_LIVE_RUNS; last = run) {
        listed = 0;
        run = ngx_palloc(r->pool, sizeof(ngx_http_video_run_t));

        if (run == NULL) {
            return NGX_ERROR;
        }

        if (last == NULL) {
            run->info = *info;

        } else if (ngx_video_live_before(ctx->store, &last->info, &run->info)
                   != NGX_OK)
        {
            break;
        }

        if (ngx_http_video_runs_one(r, run) != NGX_OK) {
            break;
        }

        for (i = 0; i < run->info.ntracks; i++) {
            tl = &run->timeline[i];

            if (last) {
                ngx_http_video_runs_trim(tl, newer[i], info->listed_ms);
                tl->ended = last->timeline[i].ended;
            }

            listed |= tl->nsegments || last == NULL;
        }

        ngx_http_video_runs_newer(run, info->listed_ms, newer);

        if (listed) {
            runs->run[runs->nruns++] = run;
        }
    }

    if (runs->nruns == 0) {
        return NGX_ERROR;
    }

    runs->ntracks = info->ntracks;
    ngx_http_video_runs_name(runs);

    return NGX_OK;
}


/*
 * The rates of a track are those of what is listed: the highest, and the mean
 * of the runs, each for as long as it is listed.
 */
static void
ngx_http_video_runs_rate(ngx_http_video_runs_t *t, ngx_uint_t number)
{
    uint64_t      ms, all, bits;
    ngx_uint_t    i;
    nvm_track_t  *newest, *track;

    newest = &t->run[0]->track[number];

    for (i = 0, all = 0, bits = 0; i < t->nruns; i++) {
        ms = ngx_http_video_runs_listed(&t->run[i]->timeline[number]);

        if (ms == 0) {
            continue;
        }

        track = &t->run[i]->track[number];
        newest->bandwidth = ngx_max(newest->bandwidth, track->bandwidth);
        bits += track->avg_bandwidth * ms;
        all += ms;
    }

    if (all) {
        newest->avg_bandwidth = (uint32_t) (bits / all);
    }
}


void
ngx_http_video_runs_cover(ngx_http_video_runs_t *t)
{
    ngx_uint_t    i, n;
    nvm_track_t  *newest, *older;

    for (n = 0; n < t->ntracks; n++) {
        newest = &t->run[0]->track[n];
        ngx_http_video_runs_rate(t, n);

        for (i = 1; i < t->nruns; i++) {
            older = &t->run[i]->track[n];

            if (older->codec == newest->codec) {
                nvm_codec_cover(newest, older);
            }
        }
    }
}


ngx_uint_t
ngx_http_video_runs_vain(ngx_http_video_runs_t *t, ngx_uint_t number)
{
    uint64_t         ms;
    ngx_uint_t       i, n;
    nvm_segment_t   *last;
    nvm_timeline_t  *tl;

    for (i = 0; i < t->nruns; i++) {
        if (t->run[i]->timeline[number].nsegments) {
            return 0;
        }
    }

    if (t->run[0]->track[number].codecs[0] == '\0') {
        /* the place of one that comes in a later run, if at all */
        return 1;
    }

    for (n = 0; n < t->ntracks; n++) {
        tl = &t->run[0]->timeline[n];

        if (tl->nsegments == 0) {
            continue;
        }

        last = &tl->segments[tl->nsegments - 1];
        ms = (last->start + last->duration) * 1000 / tl->track->timescale;

        if (ms >= t->run[0]->info.clock.begin + NGX_HTTP_VIDEO_VAIN) {
            return 1;
        }
    }

    return 0;
}


/* A time of a track in microseconds, and a duration between two such. */
static uint64_t
ngx_http_video_runs_us(uint64_t start, uint64_t duration, uint32_t timescale)
{
    return nvm_text_us(start + duration, timescale)
           - nvm_text_us(start, timescale);
}


static void
ngx_http_video_runs_rescale(nvm_segment_t *s, uint32_t timescale)
{
    ngx_uint_t   i;
    nvm_part_t  *p;

    for (i = 0; i < s->nparts; i++) {
        p = &s->parts[i];
        p->duration = (uint32_t) ngx_http_video_runs_us(p->dts, p->duration,
                                                        timescale);
        p->dts = nvm_text_us(p->dts, timescale);
    }

    s->duration = ngx_http_video_runs_us(s->start, s->duration, timescale);
    s->start = nvm_text_us(s->start, timescale);
}


/* All in microseconds, where tracks of the runs differ in their timescale. */
static void
ngx_http_video_runs_unify(ngx_http_video_runs_t *runs, ngx_uint_t number,
    nvm_timeline_t *timeline)
{
    size_t           k;
    ngx_uint_t       i;
    nvm_timeline_t  *tl;

    for (i = 1; i < runs->nruns; i++) {
        if (runs->run[i]->track[number].timescale
            != timeline->track->timescale)
        {
            break;
        }
    }

    if (i == runs->nruns) {
        return;
    }

    for (i = 0; i < runs->nruns; i++) {
        tl = &runs->run[i]->timeline[number];

        for (k = 0; k < tl->nsegments; k++) {
            ngx_http_video_runs_rescale(&tl->segments[k],
                                        tl->track->timescale);
        }
    }

    timeline->part_target = (uint32_t)
              (((uint64_t) timeline->part_target * NGX_HTTP_VIDEO_RUNS_SCALE
                + timeline->track->timescale - 1)
               / timeline->track->timescale);
    timeline->timescale = NGX_HTTP_VIDEO_RUNS_SCALE;
}


/* How many segments are missing between one and a later one. */
static uint64_t
ngx_http_video_runs_missed(nvm_segment_t *last, nvm_segment_t *next)
{
    return next->msn - ngx_min(next->msn, last->msn + 1);
}


/*
 * Runs that are listed, of which there are "nruns" at first, and the segments
 * of them and of the gaps between them.
 */
static size_t
ngx_http_video_runs_count(ngx_http_video_runs_t *runs, ngx_uint_t number,
    ngx_uint_t *nruns)
{
    size_t           n;
    uint64_t         missed;
    ngx_uint_t       i;
    nvm_segment_t   *next;
    nvm_timeline_t  *tl;

    for (i = 0, n = 0, next = NULL; i < *nruns; i++) {
        tl = &runs->run[i]->timeline[number];

        if (tl->nsegments == 0) {
            continue;
        }

        if (next) {
            missed = ngx_http_video_runs_missed(
                                    &tl->segments[tl->nsegments - 1], next);

            if (missed > NGX_HTTP_VIDEO_RUNS_MISSED) {
                *nruns = i;
                break;
            }

            n += missed;
        }

        n += tl->nsegments;
        next = tl->segments;
    }

    return n;
}


/* What runs are joined into, the oldest first. */
typedef struct {
    ngx_uint_t                number;       /* of the track */
    uint32_t                  timescale;
    nvm_segment_t            *end;          /* where segments are added */
    nvm_hls_map_t            *maps;
    size_t                    nmaps;
} ngx_http_video_joined_t;


/*
 * The numbers of segments are their places in a playlist, so what a run has not
 * recorded at its end are gaps, and what the next one has not at its start;
 * nobody knows how long they were.  Up to "msn".
 */
static void
ngx_http_video_runs_fill(ngx_http_video_joined_t *j, uint64_t msn,
    uint64_t duration)
{
    nvm_segment_t  *s;

    for (s = j->end; s[-1].msn + 1 < msn; s++) {
        ngx_memzero(s, sizeof(nvm_segment_t));

        s->msn = s[-1].msn + 1;
        s->start = s[-1].start + s[-1].duration;
        s->duration = duration;
        s->complete = 1;
        s->gap = 1;
    }

    j->end = s;
}


/*
 * The number that a track begins with in each run; 0: it is not known yet.  See
 * ngx_video_live_next_msn() for those that it has no media in.
 */
static void
ngx_http_video_runs_begin(ngx_http_video_runs_t *runs, ngx_uint_t number,
    uint64_t *begin)
{
    uint64_t         next, count;
    ngx_uint_t       i, listed;
    nvm_timeline_t  *tl;

    for (i = 0, next = 0, listed = 0; i < runs->nruns; i++) {
        tl = &runs->run[i]->timeline[number];
        listed |= tl->nsegments > 0;

        if (tl->count) {
            next = tl->origin;

        } else {
            count = ngx_http_video_runs_longest(runs->run[i])->count;
            next -= ngx_min(next, count);
        }

        begin[i] = listed ? next : 0;
    }
}


/*
 * A run that the track has no media in: gaps that are as long as the segments
 * of the one that has most, so that discontinuities are the same in all
 * playlists (RFC 8216bis, 4.4.3.3), and what comes after them is in its place.
 */
static void
ngx_http_video_runs_absent(ngx_http_video_joined_t *j,
    ngx_http_video_run_t *run, uint64_t begin)
{
    size_t           i;
    uint32_t         scale;
    uint64_t         msn;
    nvm_segment_t   *s, *of;
    nvm_timeline_t  *tl;

    tl = ngx_http_video_runs_longest(run);
    scale = tl->track->timescale;

    for (i = 0; i < tl->nsegments; i++) {
        of = &tl->segments[i];
        msn = begin + (of->msn - tl->origin);

        if (msn <= j->end[-1].msn) {
            continue;
        }

        ngx_http_video_runs_fill(j, msn, j->end[-1].duration);

        s = j->end++;
        ngx_memzero(s, sizeof(nvm_segment_t));

        s->msn = msn;
        s->start = nvm_rescale((int64_t) of->start, j->timescale, scale);
        s->duration = nvm_rescale((int64_t) (of->start + of->duration),
                                  j->timescale, scale)
                      - s->start;
        s->wall = of->wall;
        s->complete = 1;
        s->gap = 1;
    }
}


/* Adds a run, in which the track begins with this number, if it is listed. */
static void
ngx_http_video_runs_append(ngx_http_video_joined_t *j,
    ngx_http_video_run_t *run, uint64_t begin)
{
    nvm_segment_t   *first;
    nvm_timeline_t  *tl;

    tl = &run->timeline[j->number];

    if (tl->nsegments == 0 && (tl->count || begin == 0 || j->nmaps == 0)) {
        return;
    }

    if (j->nmaps) {
        ngx_http_video_runs_fill(j, begin, j->end[-1].duration);
    }

    first = j->end;

    if (tl->nsegments == 0) {
        ngx_http_video_runs_absent(j, run, begin);

        if (j->end == first) {
            return;
        }

    } else if (j->nmaps) {
        ngx_http_video_runs_fill(j, tl->segments[0].msn,
                                 tl->segments[0].duration);
    }

    ngx_memcpy(j->end, tl->segments, tl->nsegments * sizeof(nvm_segment_t));
    j->end += tl->nsegments;

    first->discontinuity |= j->nmaps > 0;
    j->maps[j->nmaps].msn = first->msn;
    j->maps[j->nmaps++].prefix = run->prefix;
}


ngx_int_t
ngx_http_video_runs_join(ngx_http_request_t *r, ngx_http_video_runs_t *runs,
    ngx_uint_t number, nvm_timeline_t *timeline, nvm_hls_media_t *media)
{
    size_t                    n;
    uint64_t                  begin[NGX_VIDEO_LIVE_RUNS];
    ngx_uint_t                i, nruns;
    ngx_http_video_run_t     *first;
    ngx_http_video_joined_t   joined;

    *timeline = runs->run[0]->timeline[number];
    first = runs->run[0];
    media->prefix = first->prefix;

    if (runs->nruns > 1) {
        ngx_http_video_runs_unify(runs, number, timeline);
        ngx_http_video_runs_begin(runs, number, begin);

        nruns = runs->nruns;
        n = ngx_http_video_runs_count(runs, number, &nruns);

        timeline->segments = ngx_palloc(r->pool,
                                        (n + 1) * sizeof(nvm_segment_t));
        timeline->nsegments = n;

        joined.number = number;
        joined.timescale = timeline->timescale ? timeline->timescale
                                               : timeline->track->timescale;
        joined.end = timeline->segments;
        joined.maps = ngx_pcalloc(r->pool,
                                  runs->nruns * sizeof(nvm_hls_map_t));
        joined.nmaps = 0;

        if (joined.end == NULL || joined.maps == NULL) {
            return NGX_ERROR;
        }

        for (i = nruns; i-- > 0; ) {
            first = joined.nmaps ? first : runs->run[i];
            ngx_http_video_runs_append(&joined, runs->run[i], begin[i]);
        }

        media->maps = joined.maps;
        media->nmaps = joined.nmaps;
    }

    media->discontinuity_sequence = first->info.order;

    if (timeline->nsegments && timeline->segments[0].discontinuity
        && first->info.order)
    {
        media->discontinuity_sequence--;
    }

    return NGX_OK;
}
