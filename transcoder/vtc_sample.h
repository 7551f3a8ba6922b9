/*
 * Copyright (C) ngx_video authors
 *
 * What encoders give as messages to a worker have it: samples of MP4, and what
 * the configuration box of their codec has inside.
 */

#ifndef VTC_SAMPLE_H
#define VTC_SAMPLE_H

#include <libavcodec/avcodec.h>

#include "vtc_nal.h"


/* The FourCC of a codec in messages (nvm_wire.h). */
uint32_t vtc_sample_codec(const AVCodecContext *c);

/*
 * Both replace what is in "out": 0, or -1: no memory, or it can't be made of
 * what the encoder gave.
 */
int vtc_sample(vtc_nal_t *out, const AVCodecContext *c, const AVPacket *p);
int vtc_sample_config(vtc_nal_t *out, const AVCodecContext *c);


#endif /* VTC_SAMPLE_H */
