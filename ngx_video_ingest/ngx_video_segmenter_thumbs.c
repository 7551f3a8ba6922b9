/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of a live stream: the transcoder, which has its pictures, is told
 * where segments begin, and what comes back is theirs.
 */

#include "ngx_video_live_image.h"
#include "ngx_video_segmenter.h"


void
ngx_video_segmenter_thumbs(ngx_video_segmenter_t *sg)
{
    ngx_video_live_grid_t       grid;
    ngx_video_ladder_thumbs_t  *t;

    t = sg->ladder ? sg->ladder->thumbs : NULL;

    if (t == NULL || sg->lead == NULL) {
        return;
    }

    grid.width = (uint32_t) t->width;
    grid.height = (uint32_t) t->height;
    grid.columns = (uint32_t) t->columns;
    grid.rows = (uint32_t) t->rows;

    if (ngx_video_live_images(sg->store, sg->live, &grid) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, sg->log, 0,
                      "video zone \"%V\" is full: no thumbnails of stream "
                      "\"%V\"", &sg->store->name, &sg->conf.name);
    }
}


void
ngx_video_segmenter_cut(ngx_video_segmenter_t *sg, ngx_video_frame_t *f)
{
    int64_t  ms;

    if (sg->rungs == NULL || !f->key || sg->ladder->thumbs == NULL) {
        return;
    }

    /* as it was sent there */
    ms = (int64_t) (f->dts / (NGX_VIDEO_TIMESCALE / 1000))
         - (int64_t) sg->time.begin + sg->base;

    ngx_video_rungs_cut(sg->rungs, ms + f->cts / (NGX_VIDEO_TIMESCALE / 1000),
                        sg->lead->writer.msn);
}


void
ngx_video_segmenter_image(void *data, nvm_wire_t *m)
{
    ngx_video_segmenter_t *sg = data;

    uint32_t                count;
    ngx_int_t               rc;
    ngx_video_live_image_e  kind;

    if (!sg->ready || m->pts < 0) {
        return;
    }

    kind = m->flags & NVM_WIRE_POSTER ? NGX_VIDEO_LIVE_POSTER
           : m->flags & NVM_WIRE_SHEET ? NGX_VIDEO_LIVE_SHEET
           : NGX_VIDEO_LIVE_THUMB;
    count = kind != NGX_VIDEO_LIVE_SHEET ? 1
            : m->dts > 0 && m->dts <= UINT16_MAX ? (uint32_t) m->dts : 0;

    rc = ngx_video_live_image(sg->store, sg->live, kind, (uint64_t) m->pts,
                              count, m->body, m->len);

    if (rc == NGX_DECLINED && !sg->warned_images) {
        sg->warned_images = 1;
        ngx_log_error(NGX_LOG_ERR, sg->log, 0,
                      "video zone \"%V\" is full: thumbnails of stream \"%V\" "
                      "are left out", &sg->store->name, &sg->conf.name);
    }

    ngx_log_debug4(NGX_LOG_DEBUG_CORE, sg->log, 0,
                   "video image %ui of %L, %uz bytes: %i",
                   (ngx_uint_t) kind, m->pts, m->len, rc);
}
