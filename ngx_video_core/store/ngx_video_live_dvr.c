/*
 * Copyright (C) ngx_video authors
 *
 * What of a track is on disk.  Who writes it (the recorder) follows the ring of
 * segments, and tells here which are there; they are listed, and found, when
 * they have left memory.  No file is touched here.
 *
 * All that it knows is in the block, so what it had not told is written once
 * more, to the same place.
 */

#include "ngx_video_live_block.h"
#include "ngx_video_live_reading.h"


/*
 * A recording begins with the oldest segment that there is, or, in the middle
 * of a run, with the newest.
 */
ngx_int_t
ngx_video_live_due_record(ngx_video_live_t *l, ngx_video_live_track_t *t,
    ngx_video_live_segment_t *segment)
{
    uint64_t                   want;
    ngx_video_live_segment_t  *newest, *s;

    if (t->next == t->first) {
        return NGX_AGAIN;
    }

    newest = ngx_video_live_segment_at(t, t->next - 1);

    if (t->dvr.base == 0) {
        s = l->recording.begin == UINT64_MAX
            ? newest : ngx_video_live_segment_at(t, t->first);
        ngx_video_store(&t->dvr.base, s->msn);
    }

    want = t->dvr.base + t->dvr.next;

    if (want > newest->msn || (want == newest->msn && !newest->complete)) {
        return NGX_AGAIN;
    }

    segment->msn = want;

    if (newest->msn - want >= t->next - t->first) {
        return NGX_DECLINED;
    }

    s = ngx_video_live_segment_at(t, t->next - 1 - (newest->msn - want));

    if (s->msn != want) {
        return NGX_DECLINED;
    }

    *segment = *s;

    return s->gap ? NGX_DECLINED : NGX_OK;
}


ngx_int_t
ngx_video_live_unrecorded(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_uint_t number, ngx_video_live_segment_t *segment,
    uint64_t *offset)
{
    ngx_int_t                rc;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = &st->lives[index];
    rc = NGX_ABORT;

    ngx_video_store_lock(st);

    if (l->epoch == epoch) {
        rc = NGX_AGAIN;
        *offset = 0;

        if (number < l->ntracks) {
            t = ngx_video_live_track_at(st, l, number);
            rc = ngx_video_live_due_record(l, t, segment);
            *offset = ngx_video_live_record_end(&t->dvr);
        }
    }

    ngx_video_store_unlock(st);

    if (rc == NGX_OK
        && ngx_video_object_get(st, &segment->object) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return rc;
}


/* Under the lock: gives back the pages of records before "first". */
static void
ngx_video_live_unlist(ngx_video_store_t *st, ngx_video_live_dvr_t *d,
    uint64_t first)
{
    uint32_t  page, *p;
    uint64_t  n;

    n = d->first / NGX_VIDEO_LIVE_PAGE;
    d->first = first;

    for ( /* void */ ; n < first / NGX_VIDEO_LIVE_PAGE; n++) {
        p = &d->pages[n % NGX_VIDEO_LIVE_PAGES];
        page = *p;

        if (page) {
            ngx_video_store_sc(p, 0);
            ngx_video_chunk_free(st, page);
            st->head->pinned -= ngx_min(1, st->head->pinned);
        }
    }
}


/* Under the lock: what is too old for a playlist is not listed any more. */
static void
ngx_video_live_expire(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_track_t *t, uint64_t end)
{
    uint64_t                  first, keep;
    ngx_video_live_dvr_t     *d;
    ngx_video_live_record_t  *rec;

    d = &t->dvr;
    first = d->first;
    keep = (l->dvr_ms + NGX_VIDEO_LIVE_DVR_MARGIN) * t->track.timescale / 1000;

    /* the next page is of the oldest records when all are in use */
    if (d->next % NGX_VIDEO_LIVE_PAGE == 0
        && d->next / NGX_VIDEO_LIVE_PAGE - first / NGX_VIDEO_LIVE_PAGE
           >= NGX_VIDEO_LIVE_PAGES)
    {
        first = (first / NGX_VIDEO_LIVE_PAGE + 1) * NGX_VIDEO_LIVE_PAGE;
    }

    for ( /* void */ ; first < d->next; first++) {
        rec = ngx_video_live_record_at(st, d, first);

        if (rec == NULL || end - rec->start - rec->duration < keep) {
            break;
        }
    }

    ngx_video_live_unlist(st, d, first);
}


/* Under the lock: where the next record goes; NULL: no memory. */
static ngx_video_live_record_t *
ngx_video_live_record_room(ngx_video_store_t *st, ngx_video_live_dvr_t *d)
{
    uint32_t  *page;

    page = &d->pages[d->next / NGX_VIDEO_LIVE_PAGE % NGX_VIDEO_LIVE_PAGES];

    if (*page == 0) {
        *page = ngx_video_chunk_take(st, 1);

        if (*page == 0) {
            return NULL;
        }

        st->head->pinned++;
    }

    return ngx_video_live_record_at(st, d, d->next);
}


/*
 * Under the lock: those that were missed just before one have the time between
 * that and what was before them, in equal parts.
 */
static void
ngx_video_live_fill(ngx_video_store_t *st, ngx_video_live_track_t *t,
    ngx_video_live_segment_t *s)
{
    uint64_t                  k, n, from, duration;
    ngx_video_live_dvr_t     *d;
    ngx_video_live_record_t  *rec;

    d = &t->dvr;
    rec = NULL;

    for (k = d->next; k > d->first; k--) {
        rec = ngx_video_live_record_at(st, d, k - 1);

        if (rec == NULL || !ngx_video_live_unknown(rec)) {
            break;
        }
    }

    n = d->next - k;

    if (n == 0) {
        return;
    }

    from = k > d->first && rec ? rec->start + rec->duration
                               : s->start - ngx_min(s->start, n * s->duration);

    for (n = 0; k + n < d->next; n++) {
        rec = ngx_video_live_record_at(st, d, k + n);

        ngx_video_live_share(from, s->start, n, d->next - k, &rec->start,
                             &duration);
        rec->duration = (uint32_t) duration;
        rec->wall = s->wall - nvm_rescale((int64_t) (s->start - rec->start),
                                          1000, t->track.timescale);
    }
}


/* Under the lock; the writing of a page is repaired with the block. */
static ngx_int_t
ngx_video_live_list_record(ngx_video_store_t *st, ngx_video_live_t *l,
    ngx_video_live_track_t *t, ngx_video_live_segment_t *s, uint64_t offset,
    uint32_t size)
{
    ngx_int_t                 rc;
    ngx_video_live_dvr_t     *d;
    ngx_video_live_record_t  *rec;

    d = &t->dvr;
    rec = NULL;
    rc = NGX_OK;

    if (l->dvr_ms && size) {
        ngx_video_live_fill(st, t, s);
        ngx_video_live_expire(st, l, t, s->start + s->duration);
    }

    if (l->dvr_ms) {
        rec = ngx_video_live_record_room(st, d);
        rc = rec ? NGX_OK : NGX_ERROR;
    }

    if (rec) {
        ngx_memzero(rec, sizeof(ngx_video_live_record_t));
        rec->start = s->start;
        rec->offset = offset;
        rec->wall = s->wall;
        rec->duration = (uint32_t) s->duration;
        rec->size = size;
        rec->independent = s->independent;
        rec->discontinuity = s->discontinuity;

    } else {
        ngx_video_live_unlist(st, d, d->next + 1);
    }

    /* both at once, for who comes after us */
    d->offset[(d->next + 1) % 2] = size ? offset + size
                                        : ngx_video_live_record_end(d);
    ngx_video_store_sc(&d->next, d->next + 1);

    return rc;
}


ngx_int_t
ngx_video_live_recorded(ngx_video_store_t *st, ngx_uint_t index,
    uint64_t epoch, ngx_uint_t number, ngx_video_live_segment_t *s,
    uint64_t offset, uint32_t size)
{
    ngx_int_t                rc;
    ngx_video_live_t        *l;
    ngx_video_live_track_t  *t;

    l = ngx_video_live_record_enter(st, index, epoch);

    if (l == NULL) {
        return NGX_DECLINED;
    }

    rc = NGX_DECLINED;

    if (number < l->ntracks) {
        t = ngx_video_live_track_at(st, l, number);

        /* before it counts as written */
        if (size) {
            ngx_video_live_record_there(st, l);
        }

        rc = ngx_video_live_list_record(st, l, t, s, offset, size);
    }

    ngx_video_live_record_leave(st, l);

    return rc;
}


ngx_uint_t
ngx_video_live_kept(ngx_video_store_t *st, ngx_video_live_t *l)
{
    ngx_uint_t             i;
    ngx_video_live_dvr_t  *d;

    for (i = 0; i < l->ntracks; i++) {
        d = &ngx_video_live_track_at(st, l, i)->dvr;

        if (d->next > d->first) {
            return 1;
        }
    }

    return 0;
}


uint32_t
ngx_video_live_pages(ngx_video_live_track_t *t, uint32_t *pages)
{
    uint32_t    n;
    ngx_uint_t  i;

    for (i = 0, n = 0; i < NGX_VIDEO_LIVE_PAGES; i++) {
        if (t->dvr.pages[i]) {
            pages[n++] = t->dvr.pages[i];
        }
    }

    return n;
}
