/*
 * Copyright (C) ngx_video authors
 *
 * A media file that is opened with libavformat, and what it says when it can't
 * be.
 */

#ifndef VTC_SOURCE_H
#define VTC_SOURCE_H

#include <libavformat/avformat.h>
#include <stdio.h>

#include "vtc_ladder.h"


/*
 * What libav has to say goes nowhere from now on, but the newest error, which
 * is part of the reasons that are given.  Once in a process.
 */
void vtc_source_quiet(void);

/*
 * Opens a local file and finds out about its streams.  NULL, and why, without
 * a line break: what failed, libav's own words, and its code.
 */
AVFormatContext *vtc_source_open(const char *path, FILE *why);

/*
 * Quarter turns, clockwise, that pictures of a track are shown with; those that
 * are mirrored, or turned by something between, are shown as they are.
 */
unsigned vtc_source_quarters(AVStream *st);

/*
 * How large pictures are with square pixels, of which none of what is coded is
 * lost.
 */
vtc_shape_t vtc_source_square(int width, int height, AVRational sar);

/*
 * What pictures of a track look like when they are shown, no smaller than what
 * is coded.
 */
void vtc_source_shape(AVFormatContext *format, AVStream *st, vtc_shape_t *s);

/* Of a track, or of all of them, in the time base of the track; 0: unknown. */
int64_t vtc_source_duration(AVFormatContext *format, AVStream *st);

/* One line about an error of libav: "WHAT: MESSAGE (CODE)". */
void vtc_source_why(FILE *why, const char *what, int code);


#endif /* VTC_SOURCE_H */
