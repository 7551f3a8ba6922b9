/*
 * Copyright (C) ngx_video authors
 *
 * Thumbnails of a stream: of each segment of its first track, alone and in
 * sheets; and a poster.
 *
 * Those of a run are in a chunk of its own, which its publisher's worker makes
 * before it is shown: rings of descriptors, as those of segments.  Of a ring of
 * n the thumbnail of segment m is in place m % n.  Their bytes are in objects of
 * the stream, which thumbnails share: one is some KB.  A descriptor without
 * size is none.
 */

#ifndef NGX_VIDEO_LIVE_IMAGE_H
#define NGX_VIDEO_LIVE_IMAGE_H

#include "ngx_video_live.h"


/* of a run, the newest ones */
#define NGX_VIDEO_LIVE_IMAGES       1536
#define NGX_VIDEO_LIVE_SHEETS       64


typedef enum {
    NGX_VIDEO_LIVE_THUMB = 0,
    NGX_VIDEO_LIVE_SHEET,
    NGX_VIDEO_LIVE_POSTER
} ngx_video_live_image_e;


typedef struct {
    uint64_t                  number;       /* of its segment; of a sheet, of
                                               the first; of a poster, how many
                                               there were */
    ngx_video_ref_t           object;
    uint32_t                  offset;
    uint32_t                  size;         /* 0: there is none */
    uint32_t                  count;        /* segments that it is of */
} ngx_video_live_image_t;


/* Pixels. */
typedef struct {
    uint32_t                  width;        /* of a thumbnail */
    uint32_t                  height;
    uint32_t                  columns;      /* of a sheet */
    uint32_t                  rows;
} ngx_video_live_grid_t;


/* In a chunk of its own. */
typedef struct {
    ngx_video_live_grid_t     grid;
    uint32_t                  chunks;       /* that objects take */
    uint64_t                  first;        /* thumbnails are of segments */
    uint64_t                  next;         /* [first, next) */
    uint64_t                  nsheets;      /* so far */
    ngx_video_ref_t           open;         /* that the next thumbnail goes to;
                                               id 0: there is none */
    uint32_t                  filled;       /* bytes of it */
    ngx_video_live_image_t    poster;
    ngx_video_live_image_t    sheets[NGX_VIDEO_LIVE_SHEETS];
    ngx_video_live_image_t    thumbs[NGX_VIDEO_LIVE_IMAGES];
} ngx_video_live_images_t;


static inline ngx_video_live_image_t *
ngx_video_live_thumb_at(ngx_video_live_images_t *images, uint64_t number)
{
    return &images->thumbs[number % NGX_VIDEO_LIVE_IMAGES];
}


/*
 * Writer.  images: the run, which is not shown yet, has them: NGX_OK, NGX_ERROR.
 * image: adds one, of "count" segments from "number" on; what is older than the
 * stream's first segment makes room.  NGX_DECLINED: there is no memory that is
 * not promised to others; NGX_ABORT: it is of no segment of the run.  end:
 * nothing follows.
 */
ngx_int_t ngx_video_live_images(ngx_video_store_t *st, ngx_uint_t index,
    const ngx_video_live_grid_t *grid);
ngx_int_t ngx_video_live_image(ngx_video_store_t *st, ngx_uint_t index,
    ngx_video_live_image_e kind, uint64_t number, uint32_t count,
    const u_char *data, size_t size);
void ngx_video_live_images_end(ngx_video_store_t *st, ngx_uint_t index);

/*
 * The same: all of them go, for media need their memory.  Whether there were
 * any.
 */
ngx_uint_t ngx_video_live_images_yield(ngx_video_store_t *st,
    ngx_uint_t index);

/* Under the lock, or by the writer: chunks that they take, with their own. */
uint32_t ngx_video_live_images_used(ngx_video_store_t *st,
    ngx_video_live_t *l);

/* Readers.  What its thumbnails are like: NGX_OK, NGX_DECLINED, there are none. */
ngx_int_t ngx_video_live_grid(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_video_live_grid_t *grid);

/*
 * A copy, in memory of the arena; NULL: there are none, or no memory.
 */
ngx_video_live_images_t *ngx_video_live_images_read(ngx_video_store_t *st,
    ngx_video_live_info_t *info, nvm_arena_t *arena);

/*
 * One of a run, with a reference to its object: NGX_OK, NGX_DECLINED.  A sheet
 * is the newest that has the thumbnail of "number".
 */
ngx_int_t ngx_video_live_image_of(ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_video_live_image_e kind, uint64_t number,
    ngx_video_live_image_t *image);


#endif /* NGX_VIDEO_LIVE_IMAGE_H */
