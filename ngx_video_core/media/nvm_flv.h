/*
 * Copyright (C) ngx_video authors
 *
 * FLV tag bodies as RTMP audio and video messages carry them (Adobe Flash
 * Video File Format Specification 10.1, E.4.2 and E.4.3).
 *
 * Spans point into the caller's bytes.  A fault's offset counts from the
 * first byte of the body; f may be NULL.
 */

#ifndef NVM_FLV_H
#define NVM_FLV_H

#include "nvm.h"
#include "nvm_model.h"


typedef enum {
    NVM_FLV_NONE = 0,       /* nothing to package: an empty message or frame,
                               which publishers send as silence, or a video
                               info or command frame */
    NVM_FLV_HEADER,         /* payload: avcC or AudioSpecificConfig */
    NVM_FLV_FRAME,          /* payload: an access unit, length-prefixed as
                               the avcC says, or one raw AAC frame */
    NVM_FLV_EOS             /* end of sequence, no payload */
} nvm_flv_packet_e;


typedef struct {
    nvm_codec_e         codec;
    nvm_flv_packet_e    packet;
    int32_t             cts;        /* composition time, ms, signed 24 bits */
    uint8_t             frame_type; /* 1 key, 2 inter, 3 disposable, 5 info */
    uint8_t             codec_id;   /* E.4.3.1; 7 is AVC */
    char                fourcc[5];  /* of an Enhanced RTMP header, or "" */
    unsigned            key:1;      /* frame_type 1: the publisher's claim */
    const uint8_t      *data;
    size_t              size;
} nvm_flv_video_t;


typedef struct {
    nvm_codec_e         codec;
    nvm_flv_packet_e    packet;
    uint8_t             format;     /* SoundFormat, E.4.2.1; 10 is AAC */
    char                fourcc[5];  /* of an Enhanced RTMP header, or "" */
    const uint8_t      *data;
    size_t              size;
} nvm_flv_audio_t;


/*
 * Each returns NVM_EUNSUP with a text that names the codec for anything but
 * AVC and AAC, Enhanced RTMP headers included (fourcc and codec_id or format
 * are filled then, for the log); NVM_EINVAL for an unknown packet type;
 * NVM_ETRUNC for a body that ends within its header and for a sequence header
 * without payload.  An empty body or frame is NVM_OK and NVM_FLV_NONE.
 */
nvm_err_e nvm_flv_video_parse(const uint8_t *body, size_t n,
    nvm_flv_video_t *out, nvm_fault_t *f);
nvm_err_e nvm_flv_audio_parse(const uint8_t *body, size_t n,
    nvm_flv_audio_t *out, nvm_fault_t *f);


#endif /* NVM_FLV_H */
