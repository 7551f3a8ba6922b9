/*
 * Copyright (C) ngx_video authors
 *
 * Live transport streams: which tracks a segment has, when it can be made, and
 * requests for one.
 *
 * A segment is made once, into the store, by whoever comes first, and sent from
 * there.  It is an object as playlists are: it goes when the memory is wanted,
 * and is made again as long as its samples are there.
 */

#include "ngx_http_video_live_ts.h"


/*
 * ms of video for which audio is waited for.  One that is later is left out of
 * what has been listed by then; if such a segment is made again it has it.
 */
#define NGX_HTTP_VIDEO_TS_WAIT   3000

/* ms that an audio frame may begin before the video that it belongs to */
#define NGX_HTTP_VIDEO_TS_EARLY  1


static ngx_int_t ngx_http_video_live_ts_send(ngx_http_request_t *r);


static ngx_int_t
ngx_http_video_live_ts_add(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_uint_t number, ngx_http_video_ts_set_t *set)
{
    nvm_track_t           *track;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    track = ngx_palloc(r->pool, sizeof(nvm_track_t));
    if (track == NULL) {
        return NGX_ERROR;
    }

    if (ngx_video_live_track_of(ctx->store, info, number, track) != NGX_OK
        || !nvm_ts_carries(track))
    {
        return NGX_DECLINED;
    }

    set->number[set->ntracks] = number;
    set->track[set->ntracks++] = track;

    return NGX_OK;
}


ngx_int_t
ngx_http_video_live_ts_set(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_uint_t number, ngx_http_video_ts_set_t *set)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    set->ntracks = 0;

    rc = ngx_http_video_live_ts_add(r, info, number, set);

    if (rc != NGX_OK || set->track[0]->kind != NVM_VIDEO) {
        return rc;
    }

    for (i = 0; i < info->ntracks; i++) {

        if (ngx_video_live_kind(ctx->store, info, i) != NVM_AUDIO) {
            continue;
        }

        rc = ngx_http_video_live_ts_add(r, info, i, set);

        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_OK;
}


/*
 * Times of audio are rounded to its ticks, and both to the publisher's ms: a
 * frame of the same time as the first picture belongs to it.
 */
uint64_t
ngx_http_video_live_ts_bound(ngx_http_video_ts_set_t *set, uint64_t ticks)
{
    uint32_t  scale;
    uint64_t  early;

    scale = set->track[0]->timescale;
    early = (uint64_t) scale * NGX_HTTP_VIDEO_TS_EARLY / 1000;

    return (uint64_t) nvm_rescale((int64_t) (ticks - ngx_min(ticks, early)),
                                  set->track[1]->timescale, scale);
}


static ngx_uint_t
ngx_http_video_live_ts_last(ngx_video_live_info_t *info, uint64_t msn)
{
    return info->next_msn <= msn + 1;
}


/*
 * The last segment of a run has all audio that is left; whether it is the last
 * is known when there is another one, or the run is over.
 */
ngx_uint_t
ngx_http_video_live_ts_whole(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_ts_set_t *set,
    ngx_video_live_segment_t *segment)
{
    uint64_t               end, video, audio, wait;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (!segment->complete) {
        return 0;
    }

    if (set->ntracks == 1 || info->state != NGX_VIDEO_LIVE_LIVE) {
        return 1;
    }

    if (ngx_http_video_live_ts_last(info, segment->msn)
        || ngx_video_live_reach(ctx->store, info, set->number[0], &video)
           != NGX_OK
        || ngx_video_live_reach(ctx->store, info, set->number[1], &audio)
           != NGX_OK)
    {
        return 0;
    }

    end = segment->start + segment->duration;
    wait = (uint64_t) set->track[0]->timescale * NGX_HTTP_VIDEO_TS_WAIT / 1000;

    return audio >= ngx_http_video_live_ts_bound(set, end)
           || video >= end + wait;
}


/*
 * Where the segment of the path is in time, if it can be made: NGX_OK;
 * NGX_DECLINED: it is about to come; or a status.
 */
static ngx_int_t
ngx_http_video_live_ts_find(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_ts_set_t *set,
    ngx_http_video_ts_span_t *span)
{
    ngx_int_t                  rc;
    ngx_http_video_ctx_t      *ctx;
    ngx_video_live_edge_t      edge;
    ngx_video_live_record_t    record;
    ngx_video_live_segment_t   segment;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    span->last = ngx_http_video_live_ts_last(info, ctx->path.msn);

    rc = ngx_video_live_look(ctx->store, info, set->number[0], ctx->path.msn,
                             &segment);

    if (rc == NGX_OK
        && ngx_http_video_live_ts_whole(r, info, set, &segment))
    {
        span->start = segment.start;
        span->end = segment.start + segment.duration;
        return NGX_OK;
    }

    if (rc == NGX_DECLINED) {

        if (ngx_video_live_on_disk(ctx->store, info, set->number[0],
                                   ctx->path.msn, &record)
            != NGX_OK)
        {
            return NGX_HTTP_NOT_FOUND;
        }

        span->start = record.start;
        span->end = record.start + record.duration;
        return NGX_OK;
    }

    if (info->state != NGX_VIDEO_LIVE_LIVE
        || ngx_video_live_edge(ctx->store, info, set->number[0], &edge)
           != NGX_OK)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    return edge.empty || ctx->path.msn <= edge.msn + 1
           ? NGX_DECLINED : NGX_HTTP_NOT_FOUND;
}


/* The object of the segment: NGX_OK, NGX_DONE when it is ours to make. */
static ngx_int_t
ngx_http_video_live_ts_open(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_uint_t number, ngx_uint_t flags)
{
    u_char                 buf[NGX_VIDEO_KEY_MAX];
    ngx_str_t              key;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    key.data = buf;
    key.len = ngx_sprintf(buf, "livets:%xL:%ui:%uL", info->epoch, number,
                          ctx->path.msn)
              - buf;

    return ngx_video_object_open(ctx->store, &key, 0, flags, &ctx->ref);
}


ngx_int_t
ngx_http_video_live_ts_segment(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number)
{
    ngx_int_t                  rc;
    ngx_http_video_ctx_t      *ctx;
    ngx_http_video_ts_set_t    set;
    ngx_http_video_ts_span_t   span;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ngx_http_video_ref_cleanup(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_video_live_ts_open(r, info, number, 0) == NGX_OK) {
        return ngx_http_video_live_ts_send(r);
    }

    rc = ngx_http_video_live_ts_set(r, info, number, &set);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_HTTP_NOT_FOUND
                                  : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_video_live_ts_find(r, info, &set, &span);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_video_live_ts_open(r, info, number, NGX_VIDEO_OPEN_CREATE);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\" is full: no segment %uL of \"%V\"",
                      &ctx->store->name, ctx->path.msn, &info->name);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    if (rc == NGX_DONE) {
        ctx->writing = 1;
        ctx->handler = ngx_http_video_live_ts_send;

        rc = ngx_http_video_live_ts_make(r, info, &set, &span);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_video_live_ts_send(r);
}


/* Sends the segment as soon as it is there. */
static ngx_int_t
ngx_http_video_live_ts_send(ngx_http_request_t *r)
{
    uint64_t                   size, epoch;
    ngx_int_t                  rc;
    ngx_http_video_ctx_t      *ctx;
    ngx_video_object_t        *o;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ctx->handler = ngx_http_video_live_ts_send;

    rc = ngx_http_video_object_wait(r, &ctx->ref);

    if (rc == NGX_DECLINED) {
        o = ngx_video_object(ctx->store, &ctx->ref);

        if (o->meta_len) {
            /* who tried to make it has logged why */
            return ngx_http_video_object_status(ctx->store, &ctx->ref);
        }

        /* who made it has gone: it is made by another */
        ngx_video_object_put(ctx->store, &ctx->ref);
        ctx->handler = ngx_http_video_live_handler;

        return ngx_http_video_live_handler(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    o = ngx_video_object(ctx->store, &ctx->ref);
    size = ngx_video_object_filled(ctx->store, &ctx->ref);
    epoch = ngx_http_video_hash(0xcbf29ce484222325ULL, o->key, o->key_len);

    if (ngx_http_video_headers(r, ctx->path.epoch
                                  ? NGX_HTTP_VIDEO_IMMUTABLE
                                  : NGX_HTTP_VIDEO_NO_CACHE, epoch, size)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_send_object(r, 0, size);
}
