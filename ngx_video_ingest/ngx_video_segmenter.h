/*
 * Copyright (C) ngx_video authors
 *
 * A live stream from its publisher's frames: decides when its tracks are
 * known, where segments begin, and what timestamps are believed.
 *
 * The caller (RTMP, later others) hands in codec headers and frames with
 * timestamps in milliseconds; errors are a text for the log and the publisher.
 *
 * Players are told where a segment is expected to end (nvm_part_t.last), so
 * audio keeps to it: what is ahead of video there waits until video has made
 * the cut or has passed it without one.
 */

#ifndef NGX_VIDEO_SEGMENTER_H
#define NGX_VIDEO_SEGMENTER_H

#include "ngx_video_cuts.h"
#include "ngx_video_frame_queue.h"
#include "ngx_video_track_writer.h"


/* a step back or ahead that ends the stream, ms */
#define NGX_VIDEO_MAX_BACK        500
#define NGX_VIDEO_MAX_AHEAD       10000

/* media time to wait for the header of a track that was not announced, ms */
#define NGX_VIDEO_TRACK_WAIT      1000

/* media time for which audio waits for video at the end of a segment, ms */
#define NGX_VIDEO_AUDIO_WAIT      1000


typedef struct {
    ngx_video_store_t        *store;
    ngx_log_t                *log;
    ngx_video_live_conf_t     conf;
    ngx_uint_t                live;
    const char               *error;        /* after NGX_ERROR */
    ngx_uint_t                level;        /* of the log line about it; 0:
                                               it is the publisher's fault */

    ngx_video_track_writer_t  video;
    ngx_video_track_writer_t  audio;

    /* RTMP's 32-bit milliseconds, unwrapped; one clock for all tracks */
    int64_t                   clock[NVM_KINDS];
    int64_t                   first;        /* of the first message */
    int64_t                   base;         /* time zero of the tracks */
    int64_t                   wall;         /* ms since 1970 of base */
    ngx_video_cuts_t          cuts;
    uint64_t                  audio_cut;    /* cuts that audio has made */
    ngx_video_frame_queue_t   held;         /* audio that is ahead of them */

    double                    framerate;    /* as announced, 0: not */
    uint32_t                  rate[NVM_KINDS];          /* bit/s, announced */
    ngx_uint_t                nal_length;
    ngx_uint_t                frames;
    ngx_uint_t                late[NVM_KINDS];  /* came after the start */

    unsigned                  published:1;
    unsigned                  ready:1;
    unsigned                  have_video:1; /* its header has come */
    unsigned                  have_audio:1;
    unsigned                  no_video:1;   /* announced to be absent */
    unsigned                  no_audio:1;
    unsigned                  clocked:1;
    unsigned                  warned:1;     /* of long key frame intervals */
    unsigned                  warned_surplus:1;
} ngx_video_segmenter_t;


/* NGX_OK, NGX_BUSY: the name is live; NGX_DECLINED: the zone is full. */
ngx_int_t ngx_video_segmenter_init(ngx_video_segmenter_t *sg,
    ngx_video_store_t *st, ngx_video_live_conf_t *conf, ngx_log_t *log);
void ngx_video_segmenter_done(ngx_video_segmenter_t *sg, ngx_uint_t clean);

/* Codec configuration as FLV carries it: avcC, AudioSpecificConfig. */
ngx_int_t ngx_video_segmenter_header(ngx_video_segmenter_t *sg,
    ngx_uint_t kind, const u_char *data, size_t size);

/* A frame; ts and cts in ms. */
ngx_int_t ngx_video_segmenter_video(ngx_video_segmenter_t *sg, uint32_t ts,
    int32_t cts, const u_char *data, size_t size);
ngx_int_t ngx_video_segmenter_audio(ngx_video_segmenter_t *sg, uint32_t ts,
    const u_char *data, size_t size);


#endif /* NGX_VIDEO_SEGMENTER_H */
