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

/* An AdaptationSet of this id (DASH-IF IOP 4.3, 6.2.6). */
void nvm_images_set(nvm_writer_t *w, const nvm_images_t *i, uint32_t id);


#endif /* NVM_IMAGES_H */
