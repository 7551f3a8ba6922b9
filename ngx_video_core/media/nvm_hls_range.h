/*
 * Copyright (C) ngx_video authors
 *
 * Date ranges of HLS playlists, for nvm_hls.c alone.
 */

#ifndef NVM_HLS_RANGE_H
#define NVM_HLS_RANGE_H

#include "nvm_hls.h"


/* The tags; "skip": of a delta update that leaves old ones out. */
void nvm_hls_ranges_write(nvm_writer_t *w, const nvm_hls_range_t *ranges,
    size_t n, unsigned skip);

/* The attribute of EXT-X-SKIP, after a comma. */
void nvm_hls_ranges_removed(nvm_writer_t *w, const nvm_hls_range_t *ranges,
    size_t n);


#endif /* NVM_HLS_RANGE_H */
