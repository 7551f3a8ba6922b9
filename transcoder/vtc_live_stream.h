/*
 * Copyright (C) ngx_video authors
 *
 * A live stream, for the files that work on it: its source and its encoders
 * (vtc_live.c), and what it sends (vtc_live_out.c).
 */

#ifndef VTC_LIVE_STREAM_H
#define VTC_LIVE_STREAM_H

#include "vtc_ladder.h"
#include "vtc_link.h"
#include "vtc_live_audio.h"
#include "vtc_live_thumbs.h"
#include "vtc_sample.h"
#include "vtc_video.h"


/* key frames that may be in the decoder */
#define VTC_LIVE_KEYS       32

typedef struct {
    int64_t           keys[VTC_LIVE_KEYS];  /* pts of those that are decoded */
    unsigned          n_keys;
    unsigned          begun:1;              /* the first key frame has come */
    AVCodecContext   *decoder;              /* NULL: no header yet */
    AVPacket         *packet;
    AVFrame          *frame;
    int64_t           newest;               /* pts of what was encoded */
} vtc_live_input_t;

typedef struct {
    vtc_link_t        link;
    vtc_ladder_t      ladder;
    unsigned          quality:1;            /* not for low latency */
    unsigned          opened:1;             /* what is to be made is known */
    unsigned          running:1;            /* encoders are open */
    unsigned          odd:1;                /* drops every other picture */
    unsigned          ended:1;              /* the worker has sent all; it need
                                               not wait for what it gets */
    unsigned          patience;             /* s */
    vtc_live_input_t  in;
    vtc_video_t       video;
    vtc_live_audio_t  sound;
    vtc_live_thumbs_t thumbs;
    vtc_nal_t         nal;
    vtc_nal_t         extra;
    uint64_t          pictures;
    uint64_t          dropped;              /* pictures */
    uint64_t          damaged;              /* frames */
    unsigned          off;                  /* rungs, from the top */
    int64_t           back[VTC_RUNGS_MAX];  /* pts since which one is made */
    unsigned          times_off;
    int64_t           calm;                 /* ms, since when nothing is late */
    int64_t           told;                 /* ms, when the newest STATE was */
    FILE             *why;
    char             *said;
    size_t            said_len;
} vtc_live_t;


/* ms of a clock that does not jump */
int64_t vtc_live_now(void);

/*
 * All below: 0, or -1 with v->link.error set, or why written to v->why.  log: a
 * line for nginx's log, at a level of syslog.  why: what v->why has been told,
 * as a line; and it is empty again.
 */
int vtc_live_log(vtc_live_t *v, unsigned level, const char *text);
void vtc_live_why(vtc_live_t *v, unsigned level);
int vtc_live_state(vtc_live_t *v);

/*
 * A rung's name and configuration; that there is no rung of pictures; that of
 * sound, if the source has some.
 */
int vtc_live_header(vtc_live_t *v, unsigned output);
int vtc_live_no_header(vtc_live_t *v);
int vtc_live_sound_header(vtc_live_t *v);

/* An encoded picture of a rung, encoded sound; "data" is the stream. */
int vtc_live_packet(void *data, unsigned output, AVPacket *packet);
int vtc_live_sound_packet(void *data, AVPacket *packet);


#endif /* VTC_LIVE_STREAM_H */
