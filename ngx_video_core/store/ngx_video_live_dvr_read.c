/*
 * Copyright (C) ngx_video authors
 *
 * The reading side of what is on disk: what a playlist lists of it, and where a
 * segment is.
 */

#include "ngx_video_live_reading.h"


/* The record before "n", and all before it, that is of a known time. */
static uint64_t
ngx_video_live_dvr_known(ngx_video_store_t *st, ngx_video_live_dvr_t *d,
    uint64_t first, uint64_t n)
{
    ngx_video_live_record_t  *rec;

    for ( /* void */ ; n > first; n--) {
        rec = ngx_video_live_record_at(st, d, n - 1);

        if (rec == NULL) {
            return first;
        }

        if (!ngx_video_live_unknown(rec)) {
            break;
        }
    }

    return n;
}


/* The first of records [low, high) that ends less than "back" before "end". */
static uint64_t
ngx_video_live_dvr_since(ngx_video_store_t *st, ngx_video_live_dvr_t *d,
    uint64_t low, uint64_t high, uint64_t end, uint64_t back)
{
    uint64_t                  middle, last;
    ngx_video_live_record_t  *rec;

    last = high;

    while (low < high) {
        middle = low + (high - low) / 2;
        rec = ngx_video_live_record_at(st, d, middle);

        if (rec == NULL) {
            return last;
        }

        if (end - rec->start - rec->duration >= back) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


size_t
ngx_video_live_dvr_span(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_track_t *t, const nvm_segment_t *oldest, uint64_t end,
    ngx_video_live_span_t *span)
{
    uint64_t                  base, first, next, back;
    ngx_video_live_dvr_t     *d;
    ngx_video_live_record_t  *rec;

    d = &t->dvr;
    base = ngx_video_live_once(&d->base);
    first = ngx_video_live_once(&d->first);
    next = ngx_video_live_once(&d->next);

    if (next <= first
        || next - first > NGX_VIDEO_LIVE_PAGE * NGX_VIDEO_LIVE_PAGES
        || (oldest && oldest->msn < base + first))
    {
        return 0;
    }

    span->oldest = oldest;
    span->end = oldest ? oldest->msn - base : next;
    span->known = ngx_video_live_dvr_known(st, d, first,
                                           ngx_min(span->end, next));

    if (span->known == first
        || span->end - span->known
           > NGX_VIDEO_LIVE_PAGE * NGX_VIDEO_LIVE_PAGES)
    {
        return 0;
    }

    if (oldest == NULL) {
        span->end = span->known;
    }

    rec = ngx_video_live_record_at(st, d, span->known - 1);

    if (rec == NULL) {
        return 0;
    }

    span->from = rec->start + rec->duration;
    end = oldest ? end : span->from;
    back = ngx_video_live_once(&l->dvr_ms)
           * ngx_video_live_once(&t->track.timescale) / 1000;

    span->low = ngx_video_live_dvr_since(st, d, first, span->known, end, back);

    /* a gap has something before it */
    return span->low < span->known ? (size_t) (span->end - span->low) : 0;
}


/*
 * A segment that is neither in memory nor on disk, of those between the two:
 * they have the time between them in equal parts.
 */
static void
ngx_video_live_dvr_gap(ngx_video_live_track_t *t, ngx_video_live_span_t *span,
    uint64_t n, nvm_segment_t *s)
{
    uint64_t              scale;
    const nvm_segment_t  *oldest;

    oldest = span->oldest;
    scale = ngx_video_live_once(&t->track.timescale);

    ngx_video_live_share(span->from, oldest->start, n - span->known,
                         span->end - span->known, &s->start, &s->duration);
    s->wall = oldest->wall;

    if (scale && s->wall) {
        s->wall -= nvm_rescale((int64_t) (oldest->start - s->start), 1000,
                               (uint32_t) scale);
    }
}


void
ngx_video_live_dvr_read(ngx_video_store_t *st, ngx_video_live_track_t *t,
    ngx_video_live_span_t *span, nvm_segment_t *segments)
{
    uint64_t                  n, base;
    nvm_segment_t            *s;
    ngx_video_live_record_t  *rec;

    base = ngx_video_live_once(&t->dvr.base);

    for (n = span->low; n < span->end; n++) {
        s = segments++;
        ngx_memzero(s, sizeof(nvm_segment_t));

        s->msn = base + n;
        s->complete = 1;
        s->gap = 1;

        if (n >= span->known) {
            ngx_video_live_dvr_gap(t, span, n, s);
            continue;
        }

        rec = ngx_video_live_record_at(st, &t->dvr, n);

        if (rec) {
            s->start = rec->start;
            s->duration = rec->duration;
            s->wall = rec->wall;
            s->size = rec->size;
            s->independent = rec->independent;
            s->discontinuity = rec->discontinuity;
            s->gap = (s->size == 0);
        }
    }
}


uint32_t
ngx_video_live_dvr_behind(ngx_video_store_t *st, ngx_video_live_t *l,
    uint64_t newest)
{
    uint64_t                 next, sum;
    ngx_uint_t               i, n;
    ngx_video_live_track_t  *t;

    if (ngx_video_live_once(&l->dvr_ms) == 0) {
        return 0;
    }

    n = ngx_video_live_once(&l->ntracks);

    for (i = 0, sum = 0; i < n; i++) {
        t = ngx_video_live_read_track(st, l, i);

        if (t == NULL) {
            return 0;
        }

        next = ngx_video_live_once(&t->dvr.base)
               + ngx_video_live_once(&t->dvr.next);

        if (next + NGX_VIDEO_LIVE_LEAST <= newest) {
            sum += next;
        }
    }

    return (uint32_t) sum;
}


ngx_int_t
ngx_video_live_on_disk(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, uint64_t msn, ngx_video_live_record_t *record)
{
    uint64_t                  version;
    ngx_video_live_t         *l;
    ngx_video_live_dvr_t     *d;
    ngx_video_live_track_t   *t;
    ngx_video_live_record_t  *rec;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    d = &t->dvr;
    rec = NULL;

    if (msn - d->base >= d->first && msn - d->base < d->next) {
        rec = ngx_video_live_record_at(st, d, msn - d->base);
    }

    if (rec) {
        *record = *rec;
    }

    ngx_video_live_reading_end(l, version);

    return rec && record->size ? NGX_OK : NGX_DECLINED;
}
