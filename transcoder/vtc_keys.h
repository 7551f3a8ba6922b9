/*
 * Copyright (C) ngx_video authors
 *
 * Key frames of a file by their time, each decoded alone: thumbnails need no
 * others.  As far as a file has an index it is not read between them.
 */

#ifndef VTC_KEYS_H
#define VTC_KEYS_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>


typedef struct {
    AVFormatContext  *format;           /* the caller's */
    FILE             *out;              /* of the job */
    AVStream         *stream;
    AVCodecContext   *decoder;
    AVPacket         *packet;
    AVPacket         *last;             /* beyond the index: the key frame
                                           that may be wanted, and */
    AVPacket         *next;             /* the one after it */
    AVFrame          *frame;            /* the newest that was decoded */
    int64_t           have;             /* its time, or AV_NOPTS_VALUE */
    unsigned          walks:1;          /* beyond it */
    unsigned          begun:1;          /* the first has been looked for */
    int64_t           origin;           /* time of the first picture */
    AVRational        sar;
    unsigned          quarters;         /* clockwise, for display */
    unsigned          ended:1;
} vtc_keys_t;


/*
 * The video of a file that is open: 0, or -1 and why.  "out" is that of the
 * job: it is told of progress.
 */
int vtc_keys_open(vtc_keys_t *k, AVFormatContext *format, FILE *out,
    FILE *why);
void vtc_keys_close(vtc_keys_t *k);

/*
 * The newest key frame at so many seconds from the first picture; the first one
 * before there is any.  Times must not go back.  NULL: it can't be decoded, or
 * there is none.  The frame is good until the next call.
 */
const AVFrame *vtc_keys_at(vtc_keys_t *k, double seconds);


#endif /* VTC_KEYS_H */
