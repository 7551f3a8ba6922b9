/*
 * Copyright (C) ngx_video authors
 *
 * FLV tag bodies as RTMP audio and video messages carry them (Adobe Flash
 * Video File Format Specification 10.1, E.4.2 and E.4.3), and those of Enhanced
 * RTMP, versions 1 and 2 (Veovera, "Enhanced RTMP (V2)", "Enhanced Audio",
 * "Enhanced Video").
 *
 * Spans point into the caller's bytes.  A fault's offset counts from the
 * first byte of the body; f may be NULL.
 */

#ifndef NVM_FLV_H
#define NVM_FLV_H

#include "nvm_model.h"
#include "nvm_reader.h"


typedef enum {
    NVM_FLV_NONE = 0,       /* nothing to package: an empty message or frame,
                               which publishers send as silence; a command;
                               metadata; a description of channels */
    NVM_FLV_HEADER,         /* payload: see nvm_flv_config() */
    NVM_FLV_FRAME,          /* payload: an access unit or an audio frame */
    NVM_FLV_EOS             /* end of sequence, no payload */
} nvm_flv_packet_e;


/* A packet of a body: its only one, or that of one track of several. */
typedef struct {
    nvm_codec_e         codec;
    nvm_flv_packet_e    packet;
    int32_t             cts;        /* composition time, ms, signed 24 bits */
    uint8_t             track;      /* of a multitrack message; else 0 */
    unsigned            key:1;      /* the publisher's claim */
    char                fourcc[5];  /* of an Enhanced RTMP header, or "" */
    const uint8_t      *data;
    size_t              size;

    /* the parser's: what follows in a multitrack message */
    nvm_reader_t        rest;
    nvm_kind_e          kind;
    uint8_t             type;       /* packet type */
    uint8_t             multitrack; /* AvMultitrackType plus one; 0: none */
    uint16_t            ntracks;    /* so far */
} nvm_flv_tag_t;


/*
 * The first packet of a body.  NVM_EUNSUP, with a text that names the codec,
 * for one that can't be packaged (fourcc is filled then, for the log);
 * NVM_EINVAL for an unknown packet type; NVM_ETRUNC for a body that ends
 * within its header, for a track that is longer than the body, and for a
 * sequence header without payload.  An empty body or frame is NVM_OK and
 * NVM_FLV_NONE.
 */
nvm_err_e nvm_flv_video_parse(const uint8_t *body, size_t n,
    nvm_flv_tag_t *tag, nvm_fault_t *f);
nvm_err_e nvm_flv_audio_parse(const uint8_t *body, size_t n,
    nvm_flv_tag_t *tag, nvm_fault_t *f);

/*
 * The packet of the next track; NVM_ENOENT, no fault: there is none;
 * NVM_ELIMIT: there are more than tracks have numbers.
 */
nvm_err_e nvm_flv_next(nvm_flv_tag_t *tag, nvm_fault_t *f);

/*
 * The nth codec of Enhanced RTMP that is taken, of that kind, as a FourCC with
 * a zero at its end; NULL: there are no more.
 */
const char *nvm_flv_codec(nvm_kind_e kind, size_t n);


/*
 * The payload of a header as the configuration box of the codec has it: the
 * same, or in "buf" for Opus (RFC 7845, 5.1, to dOps), FLAC (RFC 9639, 8, to
 * dfLa) and VP9 (with version and flags of vpcC).  What boxes have is taken
 * too.  NVM_ETRUNC; NVM_EUNSUP; NVM_ELIMIT when it exceeds NVM_MAX_CONFIG.
 */
nvm_err_e nvm_flv_config(nvm_codec_e codec, const uint8_t *data, size_t n,
    uint8_t buf[NVM_MAX_CONFIG], const uint8_t **config, size_t *len,
    nvm_fault_t *f);


#endif /* NVM_FLV_H */
