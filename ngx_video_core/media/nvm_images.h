/*
 * Copyright (C) ngx_video authors
 *
 * Sheets of thumbnails, "thumbs/0.jpg" and so on, in playlists and manifests.
 */

#ifndef NVM_IMAGES_H
#define NVM_IMAGES_H

#include "nvm_writer.h"


/* None of them is zero. */
typedef struct {
    uint32_t       width;       /* of a thumbnail, pixels */
    uint32_t       height;
    uint32_t       columns;     /* of a sheet */
    uint32_t       rows;
    uint64_t       every;       /* ms between two */
    uint64_t       duration;    /* ms, of the presentation */
} nvm_images_t;


/*
 * The line of a multivariant playlist, EXT-X-IMAGE-STREAM-INF, for a playlist
 * at "thumbs/index.m3u8" (Roku, image media playlist specification).
 */
void nvm_images_variant(nvm_writer_t *w, const nvm_images_t *i);

/* That playlist: w->error. */
nvm_err_e nvm_images_list(nvm_writer_t *w, const nvm_images_t *i);

/* The line of a segment of "us" microseconds in such a playlist. */
void nvm_images_tiles(nvm_writer_t *w, const nvm_images_t *i, uint64_t us);

/*
 * An AdaptationSet of this id (DASH-IF IOP 4.3, 6.2.6); begin and end: what is
 * around a SegmentTemplate of another.
 */
void nvm_images_set(nvm_writer_t *w, const nvm_images_t *i, uint32_t id);
void nvm_images_set_begin(nvm_writer_t *w, uint32_t id);
void nvm_images_set_end(nvm_writer_t *w, const nvm_images_t *i);


/* The thumbnail of a segment. */
typedef struct {
    uint64_t       number;      /* its msn */
    uint64_t       start;       /* ms */
    uint64_t       end;
    int64_t        wall;        /* of start, ms since 1970 */
    const char    *prefix;      /* "e1f/" */
    uint64_t       first;       /* of the segments that its sheet is of */
    uint32_t       count;       /* as many; 0: it is alone */
} nvm_images_cue_t;

/*
 * A cue of WebVTT, whose identifier is the date: "thumbs/e1f/7.jpg", or
 * "thumbs/e1f/0-9.jpg#xywh=..." with the size and the sheets of *i.
 */
void nvm_images_cue(nvm_writer_t *w, const nvm_images_t *i,
    const nvm_images_cue_t *c);


#endif /* NVM_IMAGES_H */
