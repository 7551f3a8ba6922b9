/*
 * Copyright (C) ngx_video authors
 *
 * Private to the demultiplexer: chunk headers.
 */

#ifndef NVR_CHUNK_HEADER_H
#define NVR_CHUNK_HEADER_H

#include "nvm_reader.h"
#include "nvr_chunk.h"


/*
 * How many bytes the header in in->head has, as far as they tell; it is
 * complete when there are as many.
 */
size_t nvr_chunk_head_size(const nvr_chunk_in_t *in);

/* Takes the header in in->head; the payload of its chunk is next. */
nvm_err_e nvr_chunk_begin(nvr_chunk_in_t *in);

/* The rest of r will be read again, after what is already in replay. */
void nvr_chunk_unread(nvr_chunk_in_t *in, nvm_reader_t *r);


#endif /* NVR_CHUNK_HEADER_H */
