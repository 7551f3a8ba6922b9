/*
 * Copyright (C) ngx_video authors
 *
 * How long a clip lasts that another one follows.  In HLS the tracks of a clip
 * have a playlist each, and players that add durations up begin the next clip
 * in each where the one before it ends: those that don't end at once drift
 * apart, by 0.1 s a clip for sound that begins and ends with whole frames.
 */

#include "ngx_http_video_vod_list.h"
#include "nvm_text.h"


/* When a track ends, us from the beginning of its clip. */
static ngx_int_t
ngx_http_video_fit_end(ngx_http_video_source_t *s, nvm_index_track_t *t,
    uint64_t *us)
{
    uint32_t             n;
    uint64_t             end;
    nvm_index_segment_t  segment;

    *us = 0;

    for (n = t->nsegments; n > 0; n--) {

        if (nvm_index_segment(&s->src, t, n - 1, &segment) != NVM_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        end = segment.start + segment.duration;

        if (segment.nsamples && end > t->track.edit) {
            *us = nvm_text_us(end - t->track.edit, t->track.timescale);
            break;
        }
    }

    return NGX_OK;
}


/* How long the clip in ctx->vod lasts, us: as the period of a manifest. */
static ngx_int_t
ngx_http_video_fit_length(ngx_http_request_t *r, nvm_index_track_t *t,
    uint64_t *length)
{
    uint32_t                  i;
    uint64_t                  us, *longest, shown, heard;
    ngx_int_t                 rc;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;
    shown = 0;
    heard = 0;

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {

        for (i = 0; i < s->head.ntracks; i++) {

            if (nvm_index_track(&s->src, i, t) != NVM_OK) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            if (t->track.kind == NVM_TEXT
                || !ngx_http_video_described_has(s, t->track.kind))
            {
                continue;
            }

            rc = ngx_http_video_fit_end(s, t, &us);

            if (rc != NGX_OK) {
                return rc;
            }

            longest = t->track.kind == NVM_VIDEO ? &shown : &heard;
            *longest = ngx_max(*longest, us);
        }
    }

    *length = shown && heard < shown + NVM_DASH_OVERLAP * 1000 ? shown
                                                               : heard;

    return NGX_OK;
}


/* Takes so many ticks off, but not the last one; how many that were. */
static uint64_t
ngx_http_video_fit_shorten(nvm_segment_t *s, uint64_t ticks)
{
    if (ticks >= s->duration) {
        ticks = s->duration ? s->duration - 1 : 0;
    }

    s->duration -= ticks;

    return ticks;
}


static void
ngx_http_video_fit_timeline(nvm_timeline_t *tl, uint64_t length)
{
    size_t          i;
    uint64_t        sum;
    nvm_segment_t  *s;

    if (tl->nsegments == 0) {
        return;
    }

    s = tl->segments;
    s->start += ngx_http_video_fit_shorten(s, tl->track->edit);

    for (i = 0, sum = 0; i < tl->nsegments; i++) {
        sum += s[i].duration;
    }

    length = length / 1000000 * tl->track->timescale
             + (length % 1000000 * tl->track->timescale + 500000) / 1000000;

    if (sum < length) {
        s[i - 1].duration += length - sum;
        return;
    }

    for (sum -= length; sum && i > 0; i--) {
        sum -= ngx_http_video_fit_shorten(&s[i - 1], sum);
    }
}


ngx_int_t
ngx_http_video_vod_fit(ngx_http_request_t *r, nvm_index_track_t *room,
    nvm_timeline_t *tl)
{
    uint64_t   length;
    ngx_int_t  rc;

    rc = ngx_http_video_fit_length(r, room, &length);

    if (rc == NGX_OK) {
        ngx_http_video_fit_timeline(tl, length);
    }

    return rc;
}
