/*
 * Copyright (C) ngx_video authors
 *
 * Subtitles: files of WebVTT or SubRip, and text tracks of MP4 files, cut as
 * the video is, as WebVTT for HLS and as CMAF (wvtt) for DASH.
 *
 * Subtitles are small: whoever asks for a segment reads all of the file, or
 * the track's samples of that time, and keeps the segment;
 * ngx_http_video_text.c has those that were made before.
 */

#include "ngx_http_video_vod_tables.h"
#include "ngx_http_video_vod_text.h"


/* samples of a track that are read before and after those of a segment */
#define NGX_HTTP_VIDEO_TEXT_BESIDE  64


static ngx_int_t ngx_http_video_text_find(ngx_http_request_t *r,
    ngx_http_video_subtitles_t *s);
static ngx_int_t ngx_http_video_text_read(ngx_http_request_t *r,
    ngx_http_video_subtitles_t *s);
static ngx_int_t ngx_http_video_text_tables(ngx_http_request_t *r);
static void ngx_http_video_text_window(ngx_http_request_t *r,
    ngx_http_video_subtitles_t *s);
static uint64_t ngx_http_video_text_ticks(ngx_http_request_t *r,
    ngx_http_video_subtitles_t *s, uint64_t time);
static ngx_int_t ngx_http_video_text_samples(ngx_http_request_t *r,
    ngx_http_video_subtitles_t *s);
static ngx_int_t ngx_http_video_text_file(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_text_send(ngx_http_request_t *r,
    ngx_http_video_render_pt render);


ngx_int_t
ngx_http_video_vod_text(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_video_ctx_t        *ctx;
    ngx_http_video_subtitles_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    s = ngx_pcalloc(r->pool, sizeof(ngx_http_video_subtitles_t));
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->vod->media = s;

    rc = ngx_http_video_text_find(r, s);

    if (rc == NGX_OK) {
        rc = ngx_http_video_text_send(r, s->vtt ? ngx_http_video_text_render
                                                : NULL);
    }

    return rc == NGX_DECLINED ? ngx_http_video_text_read(r, s) : rc;
}


ngx_int_t
ngx_http_video_vod_reference(ngx_http_request_t *r, nvm_index_track_t *t)
{
    uint32_t                  i;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *lead;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    lead = ctx->vod->lead;

    for (i = 0; i < lead->head.ntracks; i++) {

        if (nvm_index_track(&lead->src, i, t) != NVM_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (t->name == 0
            && t->track.kind == (lead->head.nvideo ? NVM_VIDEO : NVM_AUDIO))
        {
            return NGX_OK;
        }
    }

    return NGX_HTTP_NOT_FOUND;
}


ngx_int_t
ngx_http_video_vod_text_track(ngx_http_request_t *r, ngx_uint_t number,
    nvm_index_track_t *reference, ngx_http_video_source_t **source,
    nvm_index_track_t *t)
{
    uint64_t                  bytes, seconds;
    ngx_uint_t                i;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *file;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (ngx_http_video_vod_track(r, NVM_TEXT, number, source, t) == NGX_OK) {
        bytes = t->track.avg_bandwidth / 8 * (t->track.duration
                                              / t->track.timescale);

    } else {

        for (i = 0; i < vod->nsources; i++) {
            number -= ngx_min(number, vod->sources[i].head.ntext);
        }

        if (number >= vod->ntexts) {
            return NGX_HTTP_NOT_FOUND;
        }

        file = &vod->texts[number];
        *source = file;
        ngx_memzero(t, sizeof(nvm_index_track_t));
        ngx_memcpy(t->track.lang, file->lang, sizeof(file->lang));
        bytes = (uint64_t) file->of.size;
    }

    /* a segment may well have four times its share, and has boxes */

    seconds = reference->track.duration / reference->track.timescale + 1;
    t->track.avg_bandwidth = (uint32_t) (bytes * 8 / seconds) + 1000;
    t->track.bandwidth = t->track.avg_bandwidth * 4;

    t->track.kind = NVM_TEXT;
    t->track.codec = NVM_CODEC_WVTT;
    t->track.entry = 0;
    t->track.id = 1;
    t->track.edit = 0;
    t->track.timescale = reference->track.timescale;
    ngx_memcpy(t->track.codecs, "wvtt", sizeof("wvtt"));
    t->dependent = 0;

    return NGX_OK;
}


/* Which subtitles, and of what time. */
static ngx_int_t
ngx_http_video_text_find(ngx_http_request_t *r, ngx_http_video_subtitles_t *s)
{
    ngx_int_t              rc;
    nvm_index_track_t     *reference;
    nvm_index_segment_t    segment;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    reference = ngx_palloc(r->pool, sizeof(nvm_index_track_t));
    if (reference == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_video_vod_reference(r, reference);

    if (rc == NGX_OK) {
        rc = ngx_http_video_vod_text_track(r, ctx->path.number, reference,
                                           &s->source, &s->track);
    }

    if (rc == NGX_HTTP_NOT_FOUND && ctx->vod->number && ctx->path.vtt) {
        /* of clips, this one has none: its segments are empty */
        s->vtt = ngx_pcalloc(r->pool, sizeof(nvm_vtt_t));
        s->track.track.timescale = reference->track.timescale;
        rc = s->vtt ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (rc == NGX_OK && s->track.nsegments) {
        rc = ngx_http_video_vod_track(r, NVM_TEXT, ctx->path.number,
                                      &s->source, &s->in);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->path.epoch && ctx->path.epoch != ctx->vod->epoch) {
        /* of a file that was replaced */
        return NGX_HTTP_NOT_FOUND;
    }

    if (ctx->path.what == NGX_HTTP_VIDEO_INIT) {
        return NGX_OK;
    }

    if (ctx->path.msn >= reference->nsegments
        || nvm_index_segment(&ctx->vod->lead->src, reference,
                             (uint32_t) ctx->path.msn, &segment) != NVM_OK
        || segment.nsamples == 0)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    s->start = segment.start;
    s->duration = (uint32_t) ngx_min(segment.duration, UINT32_MAX);

    return NGX_OK;
}


/* Reads a file as a whole, of a track the tables first. */
static ngx_int_t
ngx_http_video_text_read(ngx_http_request_t *r, ngx_http_video_subtitles_t *s)
{
    nvm_err_e               err;
    nvm_arena_t             arena;
    nvm_range_t            *range;
    ngx_http_video_file_t  *f;

    f = &s->file;
    f->request = r;
    f->path = &s->source->path;
    f->fd = s->source->file.fd;

    if (s->track.nsegments) {
        ngx_video_pool_arena(&arena, r->pool);

        err = nvm_index_segment(&s->source->src, &s->in, 0, &s->all);
        if (err == NVM_OK) {
            err = nvm_index_plan(&s->source->src, &s->in, &s->all, &arena,
                                 &s->plan);
        }

        if (err != NVM_OK) {
            return ngx_http_video_media_error(r, s->source, err);
        }

        f->ranges = s->plan.ranges;
        f->nranges = s->plan.nranges;
        f->size = s->plan.size;
        f->resume = ngx_http_video_text_tables;

    } else {
        range = ngx_palloc(r->pool, sizeof(nvm_range_t));
        if (range == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        range->offset = 0;
        range->size = (uint64_t) s->source->of.size;

        f->ranges = range;
        f->nranges = range->size ? 1 : 0;
        f->size = (size_t) range->size;
        f->resume = ngx_http_video_text_file;
    }

    if (f->size > NGX_HTTP_VIDEO_TEXT_MAX) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": subtitles over %d bytes", &s->source->path,
                      NGX_HTTP_VIDEO_TEXT_MAX);
        return NGX_HTTP_UNPROCESSABLE;
    }

    f->buffer = ngx_palloc(r->pool, f->size + 1);
    if (f->buffer == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return f->resume(r);
}


/* The tables of a text track are read: its samples are next. */
static ngx_int_t
ngx_http_video_text_tables(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_video_ctx_t        *ctx;
    ngx_http_video_subtitles_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    s = ctx->vod->media;

    rc = ngx_http_video_tables_read(&s->file, s->source, &s->in, &s->all,
                                    &s->plan, r->pool, &s->samples);

    if (rc != NGX_OK) {
        return rc == NGX_DONE ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_video_text_window(r, s);

    return ngx_http_video_text_samples(r, s);
}


/*
 * Leaves the samples of the segment's time, and a few on both sides: a wvtt
 * track has a cue that others come and go beside in several samples, and it
 * must be the same cue in all segments.
 */
static void
ngx_http_video_text_window(ngx_http_request_t *r,
    ngx_http_video_subtitles_t *s)
{
    uint32_t               first, last;
    uint64_t               start, end;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->path.what == NGX_HTTP_VIDEO_INIT) {
        s->all.nsamples = 0;
        return;
    }

    start = ngx_http_video_text_ticks(r, s, s->start);
    end = ngx_http_video_text_ticks(r, s, s->start + s->duration);

    for (first = 0; first < s->all.nsamples; first++) {
        if (s->samples[first].dts + s->samples[first].duration > start) {
            break;
        }
    }

    for (last = first; last < s->all.nsamples; last++) {
        if (s->samples[last].dts >= end) {
            break;
        }
    }

    first -= ngx_min(first, NGX_HTTP_VIDEO_TEXT_BESIDE);
    last += ngx_min(s->all.nsamples - last, NGX_HTTP_VIDEO_TEXT_BESIDE);

    s->samples += first;
    s->all.nsamples = last - first;
}


/* A time of the presentation, as ticks of the text track's samples. */
static uint64_t
ngx_http_video_text_ticks(ngx_http_request_t *r, ngx_http_video_subtitles_t *s,
    uint64_t time)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    return s->in.track.edit
           + (uint64_t) nvm_rescale((int64_t) ctx->vod->start,
                                    s->in.track.timescale, 1000)
           + (uint64_t) nvm_rescale((int64_t) time, s->in.track.timescale,
                                    s->track.track.timescale);
}


static ngx_int_t
ngx_http_video_text_samples(ngx_http_request_t *r,
    ngx_http_video_subtitles_t *s)
{
    uint64_t                size;
    ngx_uint_t              i;
    nvm_range_t            *ranges;
    ngx_http_video_file_t  *f;

    f = &s->file;

    ranges = ngx_palloc(r->pool, s->all.nsamples * sizeof(nvm_range_t));
    if (ranges == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    f->ranges = ranges;
    f->nranges = 0;
    size = 0;

    for (i = 0; i < s->all.nsamples; i++) {
        if (s->samples[i].size) {
            ranges[f->nranges].offset = s->samples[i].offset;
            ranges[f->nranges++].size = s->samples[i].size;
            size += s->samples[i].size;
        }
    }

    if (size > NGX_HTTP_VIDEO_TEXT_MAX) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": subtitles over %d bytes", &s->source->path,
                      NGX_HTTP_VIDEO_TEXT_MAX);
        return NGX_HTTP_UNPROCESSABLE;
    }

    f->range = 0;
    f->done = 0;
    f->filled = 0;
    f->size = (size_t) size;
    f->resume = ngx_http_video_text_file;
    f->buffer = ngx_palloc(r->pool, f->size + 1);

    if (f->buffer == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_text_file(r);
}


/* Everything is read: cues, then the segment. */
static ngx_int_t
ngx_http_video_text_file(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    nvm_err_e                    err;
    nvm_fault_t                  f;
    ngx_http_video_ctx_t        *ctx;
    ngx_http_video_subtitles_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    s = ctx->vod->media;

    rc = ngx_http_video_file_read(&s->file);

    if (rc != NGX_OK) {
        return rc == NGX_DONE ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&f, sizeof(nvm_fault_t));

    err = ngx_http_video_text_cues(r, s, &f);

    if (err == NVM_ENOMEM) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (err != NVM_OK) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": subtitles can't be read: %s at offset %uL",
                      &s->source->path, f.what ? f.what : nvm_strerror(err),
                      f.offset);
        return NGX_HTTP_UNPROCESSABLE;
    }

    return ngx_http_video_text_send(r, ngx_http_video_text_render);
}


/* render NULL: NGX_DECLINED unless it was made before. */
static ngx_int_t
ngx_http_video_text_send(ngx_http_request_t *r,
    ngx_http_video_render_pt render)
{
    u_char                  buf[NGX_VIDEO_KEY_MAX];
    ngx_str_t               key;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_path_t  *path;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    path = &ctx->path;

    key.data = buf;
    key.len = ngx_sprintf(buf, "subtitles:%xL:%d%d%d:%ui:%uL",
                          ctx->vod->epoch, (int) path->what, (int) path->vtt,
                          (int) path->ts, path->number, path->msn)
              - buf;

    return ngx_http_video_send_kept(r, &key, render, ctx->vod->media,
                                    path->epoch ? NGX_HTTP_VIDEO_IMMUTABLE
                                                : NGX_HTTP_VIDEO_NO_CACHE,
                                    ctx->vod->epoch);
}
