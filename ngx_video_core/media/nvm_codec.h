/*
 * Copyright (C) ngx_video authors
 *
 * The codecs that can be packaged: which sample entry carries which, in which
 * box its configuration stands, who reads that.  The reader of sample entries
 * (nvm_mp4_entry.c) and their writer (nvm_cmaf_entry.c) know no codec but by
 * this table.
 */

#ifndef NVM_CODEC_H
#define NVM_CODEC_H

#include "nvm_model.h"
#include "nvm_mp4_box.h"


typedef struct {
    uint32_t       entry;       /* sample entry in a source */
    uint32_t       write;       /* the one that is written for it */
    uint32_t       config;      /* its configuration box; 0: it has none */
    nvm_codec_e    codec;
    nvm_kind_e     kind;
    const char    *group;       /* GROUP-ID of HLS audio, where it needs one
                                   of its own */
    const char    *missing;     /* what to say of an entry without the box */

    /*
     * Makes a track of the payload of the box: fills kind, codec, codecs,
     * config and what the box tells besides; t->entry, and the size or the
     * rate and the channels that the sample entry claims, are set already and
     * stay where the box does not tell.  NVM_EUNSUP for what can't be packaged
     * though it has this entry; t is unchanged after an error.
     */
    nvm_err_e    (*parse)(nvm_track_t *t, const uint8_t *config, size_t n,
                      nvm_fault_t *f);
} nvm_codec_t;


/* The row of a sample entry for a track of the given kind, or NULL. */
const nvm_codec_t *nvm_codec_find(uint32_t entry, nvm_kind_e kind);

/* The row that a track is written by, or NULL for no codec that is here. */
const nvm_codec_t *nvm_codec_of(const nvm_track_t *t);

/* The name of the sample entry that is written for a track of video. */
void nvm_codec_entry(const nvm_track_t *t, char name[5]);

/*
 * Fills those code points of a track's colour that the container left open,
 * or called unspecified, from those that a bitstream tells.
 */
void nvm_codec_colour(nvm_track_t *t, const nvm_colour_t *c);


/*
 * What one description says of x becomes true of y, too, another track of the
 * same codec that is played after it: the highest bit rate, size, frame rate,
 * profile and level (RFC 8216bis, 4.4.6.2).  Of a frame rate that varies none
 * is told.
 */
void nvm_codec_cover(nvm_track_t *x, const nvm_track_t *y);


typedef enum {
    NVM_RANGE_UNKNOWN = 0,
    NVM_RANGE_SDR,
    NVM_RANGE_HLG,
    NVM_RANGE_PQ
} nvm_range_e;

/* What a transfer characteristic means (RFC 8216bis, 4.4.6.2, VIDEO-RANGE). */
nvm_range_e nvm_codec_range(const nvm_track_t *t);


#endif /* NVM_CODEC_H */
