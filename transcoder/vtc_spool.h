/*
 * Copyright (C) ngx_video authors
 *
 * Encoded frames on disk until the file that they are for can be written: what
 * is needed to go on after an interruption.  Only the machine that wrote one
 * reads it.
 */

#ifndef VTC_SPOOL_H
#define VTC_SPOOL_H

#include <libavcodec/avcodec.h>
#include <stdio.h>


typedef struct {
    FILE               *file;
    FILE               *why;
    char               *path;
    AVCodecParameters  *parameters;     /* of a spool that is read */
    AVRational          time_base;
} vtc_spool_t;


/*
 * A new one, for frames of an encoder that is open; it is there by its name
 * when vtc_spool_end() has returned 0.  Both: 0, or -1 and why.
 */
int vtc_spool_create(vtc_spool_t *s, const char *path,
    const AVCodecContext *encoder, AVRational time_base, FILE *why);
int vtc_spool_write(vtc_spool_t *s, const AVPacket *packet);
int vtc_spool_end(vtc_spool_t *s);

/* One that is there. */
int vtc_spool_open(vtc_spool_t *s, const char *path, FILE *why);

/* The next frame: 1, 0 at the end, or -1 and why. */
int vtc_spool_read(vtc_spool_t *s, AVPacket *packet);

/* Of both; a new one that has not ended is removed. */
void vtc_spool_close(vtc_spool_t *s);


#endif /* VTC_SPOOL_H */
