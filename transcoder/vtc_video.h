/*
 * Copyright (C) ngx_video authors
 *
 * Pictures in, encoded pictures of all rungs out: each is scaled from the next
 * larger one that there is, and encoded.
 */

#ifndef VTC_VIDEO_H
#define VTC_VIDEO_H

#include <libavcodec/avcodec.h>
#include <stdio.h>

#include "vtc_codec.h"
#include "vtc_ladder.h"
#include "vtc_scale.h"


/* key frames that an encoder may have been asked for and not given */
#define VTC_KEYS_ASKED  64

/* pictures that an encoder holds at most, of those that count them */
#define VTC_HELD_MAX    256

/* Takes an encoded picture, which stays the caller's: 0, or -1. */
typedef int (*vtc_packet_pt)(void *data, unsigned rung, AVPacket *packet);

/* Is shown a picture before it is encoded: 0, or -1. */
typedef int (*vtc_picture_pt)(void *data, unsigned rung,
    const AVFrame *picture);

typedef struct {
    vtc_encoding_t      encoding;
    AVCodecContext     *encoder;
    vtc_scale_t         scale;
    const AVFrame      *picture;        /* of now; NULL: left out */
    int64_t             slot;           /* of the newest, with fewer a second */
    int64_t             newest;         /* its time; AV_NOPTS_VALUE: none */
    int64_t             asked[VTC_KEYS_ASKED];  /* times of key frames */
    unsigned            n_asked;
    unsigned            since;          /* pictures from the newest of them */
    int64_t            *times;          /* of pictures, by their number; NULL:
                                           the encoder has them itself */
    uint64_t            pictures;
    uint64_t            bytes;
    uint64_t            cpu;            /* ns, for scaling and encoding */
    unsigned            off:1;          /* it is left out */
} vtc_output_t;

typedef struct {
    vtc_output_t        outputs[VTC_RUNGS_MAX];
    unsigned            n;              /* by size, the largest first */
    FILE               *why;
    vtc_packet_pt       packet;
    vtc_picture_pt      picture;        /* or NULL */
    void               *data;           /* of both */
    AVPacket           *spare;
} vtc_video_t;


/*
 * Opens the encoders.  The caller has filled outputs[].encoding (of which it
 * keeps the rung and the strings), n, why, packet, picture and data, the rest
 * zero.  "first" is a picture as they will come.  0, or -1 and why; closed in
 * any case by vtc_video_close().
 */
int vtc_video_open(vtc_video_t *v, const AVFrame *first);
void vtc_video_close(vtc_video_t *v);

/*
 * A picture in the time base of the encodings, later than the one before.  With
 * "key" it is a key frame of each rung, and no other one is: an encoder that
 * does otherwise is an error.  0, or -1 and why.
 */
int vtc_video_send(vtc_video_t *v, const AVFrame *picture, int key);

/* All that encoders still hold. */
int vtc_video_end(vtc_video_t *v);


#endif /* VTC_VIDEO_H */
