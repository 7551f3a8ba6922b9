/*
 * Copyright (C) ngx_video authors
 *
 * What of a track there is at a time: see ngx_video_live_time.h.  As
 * everything that reads live timelines this looks at numbers that may be
 * rubbish until the version of the block has not moved.
 */

#include "ngx_video_live_reading.h"
#include "ngx_video_live_time.h"


ngx_int_t
ngx_video_live_reach(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, uint64_t *ticks)
{
    uint64_t                   version, first, next, part;
    nvm_part_t                *p;
    ngx_video_live_t          *l;
    ngx_video_live_track_t    *t;
    ngx_video_live_segment_t  *s;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    *ticks = 0;

    if (ngx_video_live_ring(t, &first, &next)) {
        s = ngx_video_live_segment_at(t, next - 1);
        *ticks = s->start;

        /* there may be a gap between parts: their durations are less */
        if (s->nparts) {
            part = ngx_video_live_once(&t->next_part) - 1;
            p = &t->parts[part % NGX_VIDEO_LIVE_PARTS];
            *ticks = p->dts + p->duration;
        }
    }

    ngx_video_live_reading_end(l, version);

    return NGX_OK;
}


ngx_int_t
ngx_video_live_look(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, uint64_t msn, ngx_video_live_segment_t *segment)
{
    uint64_t                 version;
    ngx_int_t                rc;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    rc = ngx_video_live_numbered(t, msn, segment);

    ngx_video_live_reading_end(l, version);

    return rc;
}


/* The newest of those on disk that begins at a time or before. */
static ngx_int_t
ngx_video_live_disk_at(ngx_video_store_t *st, ngx_video_live_dvr_t *d,
    uint64_t ticks, uint64_t *msn)
{
    uint64_t                  base, low, high, middle;
    ngx_video_live_record_t  *rec;

    base = ngx_video_live_once(&d->base);
    low = ngx_video_live_once(&d->first);
    high = ngx_video_live_once(&d->next);

    if (high <= low || high - low > NGX_VIDEO_LIVE_PAGE
                                    * NGX_VIDEO_LIVE_PAGES)
    {
        return NGX_DECLINED;
    }

    while (low < high) {
        middle = low + (high - low) / 2;
        rec = ngx_video_live_record_at(st, d, middle);

        if (rec == NULL) {
            return NGX_DECLINED;
        }

        if (rec->start <= ticks) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    if (low == ngx_video_live_once(&d->first)) {
        /* the first is of the beginning, or something has left the disk */
        *msn = base + low;
        return low == 0 ? NGX_OK : NGX_DECLINED;
    }

    *msn = base + low - 1;

    return NGX_OK;
}


static ngx_int_t
ngx_video_live_has(ngx_video_store_t *st, ngx_video_live_track_t *t,
    uint64_t ticks, uint64_t *msn)
{
    uint64_t                   k, first, next;
    ngx_video_live_segment_t  *s;

    if (!ngx_video_live_ring(t, &first, &next)) {
        return next ? ngx_video_live_disk_at(st, &t->dvr, ticks, msn)
                    : NGX_AGAIN;
    }

    for (k = next; k > first; k--) {
        s = ngx_video_live_segment_at(t, k - 1);

        if (s->start <= ticks || k == 1) {
            *msn = s->msn;
            return NGX_OK;
        }
    }

    return ngx_video_live_disk_at(st, &t->dvr, ticks, msn);
}


ngx_int_t
ngx_video_live_at(ngx_video_store_t *st, ngx_video_live_info_t *info,
    ngx_uint_t number, uint64_t ticks, uint64_t *msn)
{
    uint64_t                 version;
    ngx_int_t                rc;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[info->index];

    ngx_video_live_reading(st, info, l, t, number, version);

    rc = ngx_video_live_has(st, t, ticks, msn);

    ngx_video_live_reading_end(l, version);

    return rc;
}
