/*
 * Copyright (C) ngx_video authors
 *
 * Segments of subtitles, of a file's bytes or a text track's samples.
 */

#include "ngx_http_video_vod_text.h"
#include "nvm_cmaf.h"
#include "nvm_vtt_build.h"
#include "nvm_wvtt.h"


/* of presentation time 0 in transport streams, 90 kHz */
#define NGX_HTTP_VIDEO_TEXT_START  900000


static nvm_err_e ngx_http_video_text_build(nvm_arena_t *arena,
    ngx_http_video_subtitles_t *s, nvm_fault_t *f);
static void ngx_http_video_text_clip(ngx_http_request_t *r, nvm_vtt_t *vtt);
static nvm_err_e ngx_http_video_text_write(nvm_writer_t *w, void *what);
static nvm_err_e ngx_http_video_text_chunk(nvm_writer_t *w,
    ngx_http_video_subtitles_t *s, uint64_t msn);


nvm_err_e
ngx_http_video_text_cues(ngx_http_request_t *r, ngx_http_video_subtitles_t *s,
    nvm_fault_t *f)
{
    nvm_err_e     rc;
    nvm_arena_t   arena;

    ngx_video_pool_arena(&arena, r->pool);

    rc = s->in.nsegments ? ngx_http_video_text_build(&arena, s, f)
                         : nvm_vtt_parse(&arena, s->file.buffer,
                                         s->file.filled, &s->vtt, f);

    if (rc == NVM_OK) {
        ngx_http_video_text_clip(r, s->vtt);
    }

    return rc;
}


/*
 * A track's samples as cues.  Those that are broken are left out, for the sake
 * of the others.
 */
static nvm_err_e
ngx_http_video_text_build(nvm_arena_t *arena, ngx_http_video_subtitles_t *s,
    nvm_fault_t *f)
{
    u_char           *p;
    uint64_t          start;
    uint32_t          i, early, duration;
    nvm_err_e         rc;
    ngx_uint_t        broken;
    nvm_fault_t       fault;
    nvm_sample_t     *sample;
    nvm_vtt_build_t  *b;

    b = nvm_alloc(arena, 1, sizeof(nvm_vtt_build_t));
    if (b == NULL) {
        return NVM_ENOMEM;
    }

    nvm_vtt_build_init(b, arena, s->in.track.timescale);

    if (s->in.track.config_len) {
        ngx_memzero(&fault, sizeof(nvm_fault_t));
        (void) nvm_vtt_build_header(b, s->in.track.config,
                                    s->in.track.config_len, &fault);
    }

    p = s->file.buffer;
    broken = 0;

    for (i = 0; i < s->all.nsamples; i++) {
        sample = &s->samples[i];

        /* presentation time: what is left of the edit list is taken off */

        early = sample->dts < s->in.track.edit
                ? (uint32_t) (s->in.track.edit - sample->dts) : 0;
        start = sample->dts + early - s->in.track.edit;
        duration = sample->duration - ngx_min(sample->duration, early);

        ngx_memzero(&fault, sizeof(nvm_fault_t));

        rc = duration == 0 ? NVM_OK
             : s->in.track.codec == NVM_CODEC_TX3G
             ? nvm_vtt_from_tx3g(b, p, sample->size, start, duration, &fault)
             : nvm_vtt_from_wvtt(b, p, sample->size, start, duration, &fault);

        if (rc == NVM_ENOMEM) {
            return rc;
        }

        if (rc != NVM_OK && broken++ == 0) {
            ngx_log_error(NGX_LOG_WARN, s->file.request->connection->log, 0,
                          "\"%V\": a sample of subtitles is left out: %s at "
                          "offset %uL", &s->source->path,
                          fault.what ? fault.what : nvm_strerror(rc),
                          sample->offset + fault.offset);
        }

        p += sample->size;
    }

    return nvm_vtt_build_done(b, &s->vtt, f);
}


/* Moves the cues to where the clip begins, and drops those before it. */
static void
ngx_http_video_text_clip(ngx_http_request_t *r, nvm_vtt_t *vtt)
{
    size_t                 i, n;
    uint64_t               start;
    nvm_vtt_cue_t         *c;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    start = ctx->vod->start;

    if (start == 0) {
        return;
    }

    for (i = 0, n = 0; i < vtt->ncues; i++) {
        c = &vtt->cues[i];

        if (c->end_ms > start) {
            vtt->cues[n] = *c;
            vtt->cues[n].start_ms = c->start_ms - ngx_min(c->start_ms, start);
            vtt->cues[n++].end_ms = c->end_ms - start;
        }
    }

    vtt->ncues = n;
    nvm_vtt_index(vtt);
}


ngx_int_t
ngx_http_video_text_render(ngx_http_request_t *r, void *what, u_char **text,
    size_t *len)
{
    ngx_http_video_subtitles_t *s = what;

    size_t                  n;
    nvm_err_e               rc;
    nvm_writer_t            w;
    nvm_wvtt_segment_t      segment;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_path_t  *path;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    path = &ctx->path;

    if (path->what == NGX_HTTP_VIDEO_SEGMENT && !path->vtt) {
        segment.vtt = s->vtt;
        segment.timescale = s->track.track.timescale;
        segment.start = s->start;
        segment.duration = s->duration;

        nvm_writer_init(&w, NULL, 0);
        rc = nvm_wvtt_segment_write(&w, &segment, NULL, &n);

        if (rc == NVM_OK) {
            s->out = ngx_palloc(r->pool, n * sizeof(nvm_sample_t));
            if (s->out == NULL) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            s->nout = n;
            nvm_writer_init(&w, NULL, 0);
            rc = nvm_wvtt_segment_write(&w, &segment, s->out, &n);
        }

        if (rc != NVM_OK) {
            return ngx_http_video_media_error(r, s->source, rc);
        }
    }

    return ngx_http_video_write(r, ngx_http_video_text_write, r, text, len);
}


static nvm_err_e
ngx_http_video_text_write(nvm_writer_t *w, void *what)
{
    ngx_http_request_t *r = what;

    size_t                       mark;
    uint64_t                     start, end;
    nvm_track_t                 *t;
    nvm_writer_t                 header;
    ngx_http_video_ctx_t        *ctx;
    ngx_http_video_subtitles_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    s = ctx->vod->media;
    t = &s->track.track;

    if (ctx->path.what == NGX_HTTP_VIDEO_INIT) {
        nvm_writer_init(&header, t->config, NVM_MAX_CONFIG);
        nvm_vtt_header_write(&header, s->vtt);
        mark = header.error ? 0 : header.len;
        t->config_len = (uint16_t) mark;

        return nvm_cmaf_init_write(w, t);
    }

    if (!ctx->path.vtt) {
        return ngx_http_video_text_chunk(w, s, ctx->path.msn);
    }

    start = (uint64_t) nvm_rescale((int64_t) s->start, 1000, t->timescale);
    end = (uint64_t) nvm_rescale((int64_t) (s->start + s->duration), 1000,
                                 t->timescale);

    return nvm_vtt_segment_write(w, s->vtt, start, end, ctx->path.ts
                                 ? NGX_HTTP_VIDEO_TEXT_START : 0);
}


static nvm_err_e
ngx_http_video_text_chunk(nvm_writer_t *w, ngx_http_video_subtitles_t *s,
    uint64_t msn)
{
    size_t              n;
    uint64_t            payload;
    nvm_err_e           rc;
    nvm_cmaf_chunk_t    c;
    nvm_wvtt_segment_t  segment;

    ngx_memzero(&c, sizeof(nvm_cmaf_chunk_t));

    c.track = &s->track.track;
    c.samples = s->out;
    c.nsamples = (uint32_t) s->nout;
    c.dts = s->start;
    c.sequence = (uint32_t) msn + 1;
    c.first = 1;

    rc = nvm_cmaf_chunk_write(w, &c, &payload);
    if (rc != NVM_OK) {
        return rc;
    }

    segment.vtt = s->vtt;
    segment.timescale = c.track->timescale;
    segment.start = s->start;
    segment.duration = s->duration;
    n = s->nout;

    return nvm_wvtt_segment_write(w, &segment, s->out, &n);
}
