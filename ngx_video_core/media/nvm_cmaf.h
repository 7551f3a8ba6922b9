/*
 * Copyright (C) ngx_video authors
 *
 * CMAF tracks (ISO/IEC 23000-19): the header of a track and its chunks.
 *
 * Every writer here can run dry to learn the size.  Payload is never copied:
 * a chunk's writer ends with the header of its mdat, and the caller sends the
 * samples after it, in the order of the array.
 */

#ifndef NVM_CMAF_H
#define NVM_CMAF_H

#include "nvm_protect.h"


/*
 * The CMAF header: ftyp and a moov without samples (7.3.1 there).  An edit
 * list is written when t->edit is not zero (priming).  NVM_EUNSUP for a codec
 * that is not in nvm_codec.c, NVM_EINVAL for a config or extras that are longer
 * than a track can hold.
 */
nvm_err_e nvm_cmaf_init_write(nvm_writer_t *w, const nvm_track_t *t);

/* The same of a track of video or audio whose chunks are protected so. */
nvm_err_e nvm_cmaf_init_protected(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_protect_t *protect);


/* Where the media of a file lie in its presentation, ticks. */
typedef struct {
    uint64_t             delay;         /* of the first sample */
    uint64_t             start;         /* its tfdt */
    unsigned             spare:1;       /* its first chunks may go, see below */
} nvm_cmaf_place_t;

/*
 * The header of a file that chunks of a live track follow: an edit list tells
 * where they lie, so that files of tracks which start at different times play
 * together.  place NULL: nvm_cmaf_init_write().
 *
 * With "spare" the header ends with a free box of NVM_CMAF_SPARE bytes, which
 * becomes larger when chunks after it are not wanted any more: all that changes
 * is its size, 8 bytes at an offset that they divide, so that they are in one
 * page of memory and one sector of a disk.  moov has NVM_MP4_PLACED then: media
 * are where decode times and edit list put them, whatever the first one is.
 */
#define NVM_CMAF_SPARE       32         /* header of 16 bytes, and zeros */
#define NVM_CMAF_SPARE_HEAD  16
#define NVM_CMAF_SPARE_SIZE  8          /* where in it its size is */

nvm_err_e nvm_cmaf_file_write(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_cmaf_place_t *place);


typedef struct {
    const nvm_track_t   *track;
    const nvm_sample_t  *samples;       /* in decode order, at least one */
    size_t               nsamples;
    uint64_t             dts;           /* tfdt: of the first sample */
    uint32_t             sequence;      /* of mfhd, counted from 1 */
    int64_t              wall;          /* when the encoder put out the first
                                           sample, ms since 1970; 0: unknown */
    unsigned             first:1;       /* of its segment: styp goes before */
    unsigned             holes:1;       /* see nvm_cmaf_holes() */
    const uint8_t       *events;        /* whole emsg boxes */
    size_t               events_len;
    const nvm_protect_samples_t  *protect;      /* or NULL: they are clear */
} nvm_cmaf_chunk_t;


/*
 * Whether samples may be sent as one range of their file, from the first to
 * the last, with a track run for each that lie together: their offsets ascend,
 * what is between them is not more than a twentieth of them, and there is
 * something.  What the file has there goes out with them, so it is for video
 * beside which there is nothing that a client may not have.
 */
int nvm_cmaf_holes(const nvm_sample_t *samples, size_t n);


/*
 * [styp] [prft] [emsg] moof and the header of mdat, whose payload size goes to
 * *payload.
 * moof has one track fragment with tfdt version 1, default-base-is-moof and
 * trun version 1; what all samples share stands once, in tfhd.
 * NVM_ELIMIT when the samples exceed 4 GiB - 64 KiB; NVM_EINVAL for none.
 * With holes the payload is the whole range, and "cmfs" isn't among the brands.
 */
nvm_err_e nvm_cmaf_chunk_write(nvm_writer_t *w, const nvm_cmaf_chunk_t *c,
    uint64_t *payload);


#endif /* NVM_CMAF_H */
