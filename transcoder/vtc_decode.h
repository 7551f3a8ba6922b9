/*
 * Copyright (C) ngx_video authors
 *
 * Decoded pictures or sound of one track of a file, from a time on.
 */

#ifndef VTC_DECODE_H
#define VTC_DECODE_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>

#include "vtc_upright.h"


typedef struct {
    AVFormatContext  *format;           /* the caller's */
    FILE             *why;
    AVStream         *stream;
    AVCodecContext   *decoder;
    AVPacket         *packet;
    AVFrame          *frame;            /* the newest */
    vtc_upright_t     upright;
    int64_t           newest;           /* its time; AV_NOPTS_VALUE: none */
    int64_t           lasts;            /* ticks; 0: unknown */
    uint64_t          bytes;            /* of what was read */
    uint64_t          damaged;          /* what could not be decoded, and what
                                           of it was guessed */
    int64_t           first_damaged;    /* time */
    unsigned          turns:1;          /* through "upright" */
    unsigned          ended:1;          /* all packets have been read */
    unsigned          exact:1;          /* the file tells how long the track
                                           is, not only the longest of all */
} vtc_decode_t;


/*
 * The best track of a kind: 0, or -1 and why; closed in any case by
 * vtc_decode_close().  Other tracks of the file are not read any more.
 */
int vtc_decode_open(vtc_decode_t *d, AVFormatContext *format,
    enum AVMediaType kind, unsigned threads, FILE *why);
void vtc_decode_close(vtc_decode_t *d);

/*
 * Goes to where a picture of a time, in the time base of the stream, can be
 * decoded: what comes first may be before it.  0, or -1 and why.
 */
int vtc_decode_seek(vtc_decode_t *d, int64_t time);

/*
 * Goes there, and further back until what comes first, which it gives, is not
 * after that time; "origin" is that of the first picture.  NULL: as the next.
 */
AVFrame *vtc_decode_from(vtc_decode_t *d, int64_t time, int64_t origin,
    int *failed);

/*
 * The next one, later than the one before (those that are not are left out):
 * good until the next call, and writable.  NULL: the end, or, with "failed"
 * set, an error, and why.
 */
AVFrame *vtc_decode_next(vtc_decode_t *d, int *failed);

/*
 * Whether pictures up to "end", or of a whole track that begins at "origin" and
 * lasts "duration" (0: unknown), were all there and good, also when it has been
 * closed: 0, or -1 and why.
 */
int vtc_decode_whole(const vtc_decode_t *d, int64_t origin, int64_t duration,
    int64_t end);


#endif /* VTC_DECODE_H */
