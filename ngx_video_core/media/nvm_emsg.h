/*
 * Copyright (C) ngx_video authors
 *
 * Events inside media: the event message box (ISO/IEC 23009-1, 5.10.3.3) and
 * ID3 tags (ID3v2.4, as "Carriage of ID3 Timed Metadata in CMAF" has them).
 */

#ifndef NVM_EMSG_H
#define NVM_EMSG_H

#include "nvm_writer.h"


#define NVM_EMSG_SCTE35    "urn:scte:scte35:2013:bin"
#define NVM_EMSG_ID3       "https://aomedia.org/emsg/ID3"

/* @value of both, so that players find what they have been told of */
#define NVM_EMSG_VALUE     "1"

/* event_duration that is not known */
#define NVM_EMSG_UNKNOWN   0xffffffffu


typedef struct {
    const char  *scheme;
    uint64_t     time;          /* ticks, on the timeline of the track */
    uint32_t     timescale;     /* the track's */
    uint32_t     duration;
    uint32_t     id;            /* the same for the same event */
    const void  *data;
    size_t       size;
} nvm_emsg_t;


/* Version 1, whose time is of the track and not of a segment. */
void nvm_emsg_write(nvm_writer_t *w, const nvm_emsg_t *e);


/* A tag of frames: the position it begins at, to be given back at its end. */
size_t nvm_id3_start(nvm_writer_t *w);
void nvm_id3_end(nvm_writer_t *w, size_t start);

/* TIT2, a text; TXXX, a text with a name: bytes up to n or the first zero. */
void nvm_id3_text(nvm_writer_t *w, const void *text, size_t n);
void nvm_id3_named(nvm_writer_t *w, const void *name, size_t name_len,
    const void *text, size_t n);


#endif /* NVM_EMSG_H */
