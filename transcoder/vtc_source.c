/*
 * Copyright (C) ngx_video authors
 *
 * Opening a file with libavformat.
 */

#include <libavutil/display.h>
#include <libavutil/mathematics.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vtc_source.h"


/* what is read to find out about streams: a file tells earlier, or never */
#define VTC_SOURCE_PROBE    "20000000"          /* bytes */
#define VTC_SOURCE_ANALYZE  "10000000"          /* us of media */

/*
 * A file, and what lies in it: no address, and no format that is a list of
 * other files (concat, hls, dash) or has one read by its name (image2).
 */
#define VTC_SOURCE_PROTOCOLS  "file"
#define VTC_SOURCE_FORMATS                                                    \
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,flv,avi,asf,ogg,"      \
    "mxf,gxf,ivf,wav,mp3,aac,ac3,eac3,flac,h264,hevc,obu"


static char  vtc_source_said[256];      /* newest error of libav */


static void
vtc_source_log(void *context, int level, const char *fmt, va_list args)
{
    size_t  n;

    (void) context;

    if (level > AV_LOG_ERROR) {
        return;
    }

    vsnprintf(vtc_source_said, sizeof(vtc_source_said), fmt, args);

    n = strcspn(vtc_source_said, "\r\n");
    vtc_source_said[n] = '\0';
}


void
vtc_source_quiet(void)
{
    av_log_set_callback(vtc_source_log);

    /* an encoder with a log of its own */
    (void) setenv("SVT_LOG", "0", 1);
}


unsigned
vtc_source_quarters(AVStream *st)
{
    double    angle;
    int32_t  *m;

    m = (int32_t *) av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX,
                                            NULL);

    if (m == NULL || (int64_t) m[0] * m[4] - (int64_t) m[1] * m[3] <= 0) {
        return 0;
    }

    /* against the clock, degrees */
    angle = av_display_rotation_get(m);

    return isnan(angle) ? 0 : (unsigned) ((int) floor(-angle / 90 + 0.5) & 3);
}


vtc_shape_t
vtc_source_square(int width, int height, AVRational sar)
{
    double       shape;
    vtc_shape_t  s;

    shape = sar.num > 0 && sar.den > 0 ? av_q2d(sar) : 1;

    /* no camera has such pixels */
    shape = shape < 0.01 || shape > 100 ? 1 : shape;

    s.width = (unsigned) (width * (shape > 1 ? shape : 1) + 0.5);
    s.height = (unsigned) (height / (shape < 1 ? shape : 1) + 0.5);

    return s;
}


void
vtc_source_shape(AVFormatContext *format, AVStream *st, vtc_shape_t *s)
{
    unsigned  side;

    *s = vtc_source_square(st->codecpar->width, st->codecpar->height,
                           av_guess_sample_aspect_ratio(format, st, NULL));

    if (vtc_source_quarters(st) & 1) {
        side = s->width;
        s->width = s->height;
        s->height = side;
    }
}


int64_t
vtc_source_duration(AVFormatContext *format, AVStream *st)
{
    return st->duration > 0 ? st->duration
           : format->duration > 0
           ? av_rescale_q(format->duration, AV_TIME_BASE_Q, st->time_base)
           : 0;
}


void
vtc_source_why(FILE *why, const char *what, int code)
{
    char         text[AV_ERROR_MAX_STRING_SIZE];
    const char  *p;

    av_strerror(code, text, sizeof(text));
    fprintf(why, "%s: %s", what, text);

    if (vtc_source_said[0] == '\0') {
        return;
    }

    fputs(" (", why);

    /* a name in it may be anything */

    for (p = vtc_source_said; *p; p++) {
        fputc(*p >= ' ' && *p < 0x7f ? *p : '?', why);
    }

    fputc(')', why);
}


AVFormatContext *
vtc_source_open(const char *path, FILE *why)
{
    int               rc;
    char             *url;
    size_t            len;
    AVDictionary     *options;
    AVFormatContext  *format;

    /* a name with a colon is no address */

    len = strlen(path) + sizeof("file:");
    url = malloc(len);
    format = NULL;
    options = NULL;

    if (url == NULL) {
        fputs("no memory", why);
        return NULL;
    }

    snprintf(url, len, "file:%s", path);
    av_dict_set(&options, "protocol_whitelist", VTC_SOURCE_PROTOCOLS, 0);
    av_dict_set(&options, "format_whitelist", VTC_SOURCE_FORMATS, 0);
    av_dict_set(&options, "probesize", VTC_SOURCE_PROBE, 0);
    av_dict_set(&options, "analyzeduration", VTC_SOURCE_ANALYZE, 0);

    rc = avformat_open_input(&format, url, NULL, &options);

    av_dict_free(&options);
    free(url);

    if (rc < 0) {
        vtc_source_why(why, "can't be opened", rc);
        return NULL;
    }

    rc = avformat_find_stream_info(format, NULL);

    if (rc < 0) {
        vtc_source_why(why, "can't be read", rc);
        avformat_close_input(&format);
        return NULL;
    }

    return format;
}
