/*
 * Copyright (C) ngx_video authors
 *
 * The sound of a live stream: frames of its source in, whatever their codec,
 * AAC out, once for all rungs.  What it is does not depend on the source, so it
 * stays the same when that changes.
 */

#ifndef VTC_LIVE_AUDIO_H
#define VTC_LIVE_AUDIO_H

#include <jansson.h>
#include <stdio.h>

#include "nvm_wire.h"
#include "vtc_audio.h"


typedef struct {
    unsigned          wanted:1;
    unsigned          known:1;              /* the source has sound */
    unsigned          begun:1;              /* frames can be encoded */
    int               rate;                 /* samples/s */
    int               channels;
    int               format;               /* of frames that come in; with */
    int               in_rate;              /* these */
    int               in_channels;
    AVCodecContext   *decoder;              /* NULL: there is none of it */
    AVPacket         *packet;
    AVFrame          *frame;
    vtc_audio_t       audio;                /* why, packet and data of it are
                                               the caller's */
    uint64_t          damaged;              /* frames */
} vtc_live_audio_t;


/*
 * What is wanted: {"bitrate": bits/s, "rate": 48000, "channels": 2,
 * "loudness": LUFS}, or NULL.  0, or -1 and why; all errors below are told
 * likewise.  Closed in any case.
 */
int vtc_live_audio_open(vtc_live_audio_t *a, const json_t *wanted);
void vtc_live_audio_close(vtc_live_audio_t *a);

/*
 * The source begins, or changes.  1: it can't be decoded, which is told like an
 * error, and there is no sound.
 */
int vtc_live_audio_source(vtc_live_audio_t *a, const nvm_wire_t *m);

/* A frame of it. */
int vtc_live_audio_frame(vtc_live_audio_t *a, const nvm_wire_t *m);

/* What is left of it; no more comes. */
int vtc_live_audio_end(vtc_live_audio_t *a);


#endif /* VTC_LIVE_AUDIO_H */
