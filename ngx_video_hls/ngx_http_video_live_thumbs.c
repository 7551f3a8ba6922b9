/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of live streams: their playlist and their index follow the
 * timeline of the first track, with what there is of each segment.
 */

#include "ngx_http_video_hls_module.h"
#include "ngx_video_live_image.h"
#include "nvm_text.h"


/* in them, of all runs of a stream */
typedef struct {
    ngx_http_video_runs_t    *runs;
    ngx_video_live_images_t  *images[NGX_VIDEO_LIVE_RUNS];  /* NULL: none */
    nvm_timeline_t            timeline;     /* of the first track */
    nvm_hls_media_t           media;
} ngx_http_video_imaged_t;


ngx_uint_t
ngx_http_video_live_images(ngx_http_request_t *r, ngx_http_video_runs_t *runs,
    nvm_images_t *images)
{
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_run_t   *run;
    ngx_video_live_grid_t   grid;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    run = runs->run[0];
    ngx_memzero(images, sizeof(nvm_images_t));

    if (run->track[0].kind != NVM_VIDEO
        || ngx_video_live_grid(ctx->store, &run->info, &grid) != NGX_OK)
    {
        return 0;
    }

    images->width = grid.width;
    images->height = grid.height;
    images->columns = 1;
    images->rows = 1;
    images->every = (uint64_t) ngx_max(1, run->timeline[0].target) * 1000;

    return 1;
}


/* What there is of a segment; *run: of which it is. */
static ngx_video_live_image_t *
ngx_http_video_imaged_thumb(ngx_http_video_imaged_t *t, uint64_t msn,
    ngx_uint_t *run)
{
    ngx_uint_t               i;
    ngx_video_live_image_t  *p;

    for (i = 0; i < t->runs->nruns; i++) {
        if (t->images[i] == NULL) {
            continue;
        }

        p = ngx_video_live_thumb_at(t->images[i], msn);

        if (p->size && p->number == msn) {
            *run = i;
            return p;
        }
    }

    return NULL;
}


/* The largest sheet that a segment is in. */
static ngx_video_live_image_t *
ngx_http_video_imaged_sheet(ngx_http_video_imaged_t *t, uint64_t msn,
    ngx_uint_t *run)
{
    ngx_uint_t               i, k;
    ngx_video_live_image_t  *p, *best;

    for (i = 0, best = NULL; i < t->runs->nruns; i++) {
        for (k = 0; t->images[i] && k < NGX_VIDEO_LIVE_SHEETS; k++) {
            p = &t->images[i]->sheets[k];

            if (p->size && msn >= p->number && msn - p->number < p->count
                && (best == NULL || p->count > best->count))
            {
                *run = i;
                best = p;
            }
        }
    }

    return best;
}


static nvm_err_e
ngx_http_video_imaged_list(nvm_writer_t *w, void *what)
{
    ngx_http_video_imaged_t  *t = what;

    return nvm_hls_media_write(w, &t->timeline, &t->media);
}


/* The index; sheets have the grid of the newest run that has images. */
static nvm_err_e
ngx_http_video_imaged_index(nvm_writer_t *w, void *what)
{
    ngx_http_video_imaged_t  *t = what;

    size_t                   i;
    uint32_t                 scale;
    ngx_uint_t               run;
    nvm_images_t             images;
    nvm_segment_t           *s;
    nvm_images_cue_t         cue;
    ngx_video_live_image_t  *sheet;

    scale = t->timeline.timescale ? t->timeline.timescale
                                  : t->timeline.track->timescale;
    nvm_writer_text(w, "WEBVTT\n\n");

    for (i = 0; i < t->timeline.nsegments; i++) {
        s = &t->timeline.segments[i];
        run = 0;
        sheet = ngx_http_video_imaged_sheet(t, s->msn, &run);

        if (!s->complete
            || (sheet == NULL
                && ngx_http_video_imaged_thumb(t, s->msn, &run) == NULL))
        {
            continue;
        }

        cue.number = s->msn;
        cue.start = nvm_text_us(s->start, scale) / 1000;
        cue.end = nvm_text_us(s->start + s->duration, scale) / 1000;
        cue.wall = s->wall;
        cue.prefix = t->runs->run[run]->prefix;
        cue.first = sheet ? sheet->number : 0;
        cue.count = sheet ? sheet->count : 0;

        images.width = t->images[run]->grid.width;
        images.height = t->images[run]->grid.height;
        images.columns = t->images[run]->grid.columns;
        images.rows = t->images[run]->grid.rows;

        nvm_images_cue(w, &images, &cue);
    }

    return w->error;
}


ngx_int_t
ngx_http_video_live_thumbs(ngx_http_request_t *r, ngx_http_video_runs_t *runs,
    u_char **text, size_t *len)
{
    size_t                    i;
    ngx_uint_t                k, run, any;
    nvm_arena_t               arena;
    nvm_segment_t            *s;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_imaged_t   t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ngx_video_pool_arena(&arena, r->pool);
    ngx_memzero(&t, sizeof(ngx_http_video_imaged_t));
    t.runs = runs;

    for (k = 0, any = 0; k < runs->nruns; k++) {
        if (runs->run[k]->track[0].kind == NVM_VIDEO) {
            t.images[k] = ngx_video_live_images_read(ctx->store,
                                                     &runs->run[k]->info,
                                                     &arena);
            any |= t.images[k] != NULL;
        }
    }

    if (!any) {
        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_http_video_runs_join(r, runs, 0, &t.timeline, &t.media)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->path.what == NGX_HTTP_VIDEO_THUMBS) {
        return ngx_http_video_write(r, ngx_http_video_imaged_index, &t, text,
                                    len);
    }

    for (i = 0; i < t.timeline.nsegments; i++) {
        s = &t.timeline.segments[i];
        s->gap = ngx_http_video_imaged_thumb(&t, s->msn, &run) == NULL;
    }

    t.media.images = &runs->images;

    return ngx_http_video_write(r, ngx_http_video_imaged_list, &t, text, len);
}


/* The newest poster of a stream: of a run before, if this one has none yet. */
static ngx_int_t
ngx_http_video_live_poster(ngx_http_request_t *r, ngx_video_live_info_t *info,
    ngx_video_live_image_t *image)
{
    ngx_uint_t              i;
    ngx_http_video_ctx_t   *ctx;
    ngx_video_live_info_t   before;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    for (i = 0; i < NGX_VIDEO_LIVE_RUNS; i++) {

        if (ngx_video_live_image_of(ctx->store, info, NGX_VIDEO_LIVE_POSTER, 0,
                                    image)
            == NGX_OK)
        {
            return NGX_OK;
        }

        if (ngx_video_live_before(ctx->store, info, &before) != NGX_OK) {
            break;
        }

        *info = before;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_video_live_image(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_uint_t               poster, number;
    ngx_http_video_ctx_t    *ctx;
    ngx_video_live_info_t    info;
    ngx_video_live_image_t   image;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    poster = ctx->path.what == NGX_HTTP_VIDEO_COVER;

    if (!poster && ctx->path.epoch == 0) {
        return NGX_HTTP_NOT_FOUND;
    }

    rc = ngx_http_video_live_find(r, &info, &number);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_video_ref_cleanup(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (poster) {
        rc = ngx_http_video_live_poster(r, &info, &image);

    } else {
        rc = ngx_video_live_image_of(ctx->store, &info,
                                     ctx->path.last ? NGX_VIDEO_LIVE_SHEET
                                                    : NGX_VIDEO_LIVE_THUMB,
                                     ctx->path.last ? ctx->path.last
                                                    : ctx->path.msn, &image);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_NOT_FOUND;
    }

    ctx->ref = image.object;

    if (ngx_http_video_headers(r, poster ? NGX_HTTP_VIDEO_NO_CACHE
                                         : NGX_HTTP_VIDEO_IMMUTABLE,
                               info.epoch, image.number << 16
                                           | (image.count & 0xffff))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_send_object(r, image.offset, image.size);
}
