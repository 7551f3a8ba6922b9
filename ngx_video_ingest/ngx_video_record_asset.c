/*
 * Copyright (C) ngx_video authors
 *
 * What asset.json says of a recording: of one run its files, so that it is an
 * asset like others; of several them.
 *
 * One of several is not named before all of its tracks are there: an asset with
 * a clip that is not like the others can't be played by HLS.  Those that don't
 * begin are not waited for when the run is over, nor for so long that much
 * would be missing if nginx were killed.  Of a run that is the only one what is
 * there is named at once.
 */

#include "ngx_video_record.h"


/* Of one run: the tracks that have begun. */
static u_char *
ngx_video_record_asset_tracks(ngx_video_record_asset_t *a, u_char *p,
    uint32_t number, uint32_t begun)
{
    ngx_uint_t   i;
    const char  *comma;

    comma = "";
    p = ngx_sprintf(p, "{\"tracks\":[");

    for (i = 0; i < a->ntracks; i++) {
        if (begun >> i & 1) {
            p = ngx_sprintf(p, "%s{\"file\":\"%04uD/%s.mp4\"}", comma, number,
                            a->tracks[i]);
            comma = ",";
        }
    }

    return p;
}


/* Of several, from the oldest on; "number" is the newest that there may be. */
static u_char *
ngx_video_record_asset_clips(u_char *p, uint32_t number, uint32_t named)
{
    uint32_t     i, n;
    const char  *comma;

    comma = "";
    p = ngx_sprintf(p, "{\"clips\":[");

    for (i = NGX_VIDEO_LIVE_RECORDED; i-- > 0; /* void */ ) {
        n = number - i;

        if (i < number && named >> ngx_video_live_run_bit(n) & 1) {
            p = ngx_sprintf(p, "%s{\"asset\":\"%04uD\"}", comma, n);
            comma = ",";
        }
    }

    return p;
}


/* The runs that are to be named now, bits; 0: nothing changes. */
static uint32_t
ngx_video_record_asset_runs(ngx_video_record_asset_t *a,
    ngx_video_live_runs_t *runs, uint32_t own, uint32_t gone, ngx_uint_t whole)
{
    uint32_t  others;

    others = runs->named & ~own & ~gone;

    if (runs->begun == 0 || others == 0) {
        return runs->begun ? own : 0;
    }

    if ((runs->named & own) == 0 && !whole
        && runs->begun != ((uint32_t) 1 << a->ntracks) - 1)
    {
        return gone ? others : 0;
    }

    /* a track that begins late changes nothing */
    return a->done && gone == 0 ? 0 : others | own;
}


void
ngx_video_record_asset_write(ngx_video_record_asset_t *a,
    ngx_video_live_recording_t *rec, ngx_video_record_job_t *j,
    uint32_t begin, ngx_uint_t whole)
{
    u_char                 *p;
    uint32_t                own;
    ngx_video_live_runs_t   runs;

    j->text = NULL;
    own = (uint32_t) 1 << ngx_video_live_run_bit(rec->number);

    if (begin == 0 && j->gone == 0 && (a->done || (rec->runs & own) == 0)) {
        return;
    }

    /* who writes asset.json at the same time sees it, and writes it again */
    if (j->gone) {
        ngx_video_live_record_forget(a->store, a->live, a->epoch, j->gone);
    }

    if (ngx_video_live_record_runs(a->store, a->live, a->epoch, &runs)
        != NGX_OK)
    {
        return;
    }

    /* it was too old before it was named, and is not there any more */
    if (begin == 0 && (runs.runs & own) == 0) {
        return;
    }

    runs.begun |= begin;
    j->named = ngx_video_record_asset_runs(a, &runs, own, j->gone, whole);

    if (j->named == 0) {
        return;
    }

    p = j->named == own
        ? ngx_video_record_asset_tracks(a, a->text, rec->number, runs.begun)
        : ngx_video_record_asset_clips(a->text, runs.number, j->named);
    p = ngx_cpymem(p, "]}\n", 3);

    j->number = rec->number;
    j->text = a->text;
    j->text_len = p - a->text;
    ngx_sprintf(j->text_file, "%*s/asset.json%Z", (size_t) rec->path_len,
                rec->path);
}


void
ngx_video_record_asset_written(ngx_video_record_asset_t *a,
    ngx_video_record_job_t *j)
{
    uint32_t   own;
    ngx_int_t  rc;

    if (j->text == NULL) {
        return;
    }

    if (j->gone) {
        ngx_video_live_record_gone(a->store, a->live, a->epoch, j->gone);
    }

    rc = ngx_video_live_record_named(a->store, a->live, a->epoch, j->named);

    own = (uint32_t) 1 << ngx_video_live_run_bit(j->number);
    a->done = (rc == NGX_OK && (j->named & own));
}
