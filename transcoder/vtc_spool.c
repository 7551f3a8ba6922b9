/*
 * Copyright (C) ngx_video authors
 *
 * Frames on disk, see vtc_spool.h: a header, then frames, each with its own.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vtc_spool.h"


#define VTC_SPOOL_MAGIC     0x56545332u         /* the layout: change both */
#define VTC_SPOOL_FRAME     0x56544652u
#define VTC_SPOOL_END       0x5654454eu

#define VTC_SPOOL_FRAME_MAX (256 * 1024 * 1024)
#define VTC_SPOOL_EXTRA_MAX (1024 * 1024)

typedef struct {
    uint32_t    magic;
    uint32_t    type;           /* AVMediaType and so on, as libav counts */
    uint32_t    codec;
    uint32_t    profile;
    uint32_t    level;
    uint32_t    width;
    uint32_t    height;
    uint32_t    format;
    uint32_t    sample_rate;
    uint32_t    channels;
    uint32_t    frame_size;
    uint32_t    padding;        /* samples that are not shown at the start */
    uint32_t    primaries;
    uint32_t    transfer;
    uint32_t    matrix;
    uint32_t    range;
    uint32_t    chroma;
    uint32_t    extra;          /* bytes of configuration, which follow */
    int32_t     num;            /* time base */
    int32_t     den;
    uint64_t    bitrate;
} vtc_spool_header_t;

typedef struct {
    uint32_t    magic;
    uint32_t    flags;
    int64_t     pts;
    int64_t     dts;
    int64_t     duration;
    uint64_t    size;           /* bytes, which follow */
} vtc_spool_frame_t;


static int
vtc_spool_fail(vtc_spool_t *s, const char *call)
{
    fprintf(s->why, "%s \"%s\" failed: %s", call, s->path, strerror(errno));

    return -1;
}


/* "PATH.part", the caller's to free(), or NULL. */
static char *
vtc_spool_part(vtc_spool_t *s)
{
    char    *part;
    size_t   len;

    len = strlen(s->path) + sizeof(".part");
    part = malloc(len);

    if (part) {
        snprintf(part, len, "%s.part", s->path);
    }

    return part;
}


int
vtc_spool_create(vtc_spool_t *s, const char *path,
    const AVCodecContext *c, AVRational time_base, FILE *why)
{
    char                *part;
    vtc_spool_header_t   h = {
        .magic = VTC_SPOOL_MAGIC,
        .type = (uint32_t) c->codec_type,
        .codec = (uint32_t) c->codec_id,
        .profile = (uint32_t) c->profile,
        .level = (uint32_t) c->level,
        .width = (uint32_t) c->width,
        .height = (uint32_t) c->height,
        .format = (uint32_t) (c->codec_type == AVMEDIA_TYPE_VIDEO
                              ? (int) c->pix_fmt : (int) c->sample_fmt),
        .sample_rate = (uint32_t) c->sample_rate,
        .channels = (uint32_t) c->ch_layout.nb_channels,
        .frame_size = (uint32_t) c->frame_size,
        .padding = (uint32_t) c->initial_padding,
        .primaries = (uint32_t) c->color_primaries,
        .transfer = (uint32_t) c->color_trc,
        .matrix = (uint32_t) c->colorspace,
        .range = (uint32_t) c->color_range,
        .chroma = (uint32_t) c->chroma_sample_location,
        .extra = (uint32_t) c->extradata_size,
        .num = time_base.num,
        .den = time_base.den,
        .bitrate = (uint64_t) c->bit_rate
    };

    memset(s, 0, sizeof(vtc_spool_t));
    s->why = why;
    s->path = strdup(path);
    part = s->path ? vtc_spool_part(s) : NULL;

    if (part == NULL) {
        fputs("no memory", why);
        return -1;
    }

    s->file = fopen(part, "wb");
    free(part);

    if (s->file == NULL) {
        return vtc_spool_fail(s, "open()");
    }

    if (fwrite(&h, sizeof(h), 1, s->file) != 1
        || (h.extra && fwrite(c->extradata, h.extra, 1, s->file) != 1))
    {
        return vtc_spool_fail(s, "write()");
    }

    return 0;
}


int
vtc_spool_write(vtc_spool_t *s, const AVPacket *packet)
{
    vtc_spool_frame_t  f = {
        VTC_SPOOL_FRAME, (uint32_t) packet->flags, packet->pts, packet->dts,
        packet->duration, (uint64_t) packet->size
    };

    return fwrite(&f, sizeof(f), 1, s->file) != 1
           || (f.size && fwrite(packet->data, f.size, 1, s->file) != 1)
           ? vtc_spool_fail(s, "write()") : 0;
}


int
vtc_spool_end(vtc_spool_t *s)
{
    int                 rc;
    char               *part;
    vtc_spool_frame_t   f = { VTC_SPOOL_END, 0, 0, 0, 0, 0 };

    part = vtc_spool_part(s);

    if (part == NULL) {
        fputs("no memory", s->why);
        return -1;
    }

    rc = fwrite(&f, sizeof(f), 1, s->file) == 1 ? 0 : -1;

    if (fclose(s->file) != 0 || rc != 0) {
        rc = vtc_spool_fail(s, "write()");

    } else if (rename(part, s->path) == -1) {
        rc = vtc_spool_fail(s, "rename()");
    }

    s->file = NULL;

    if (rc != 0) {
        (void) unlink(part);
    }

    free(part);

    return rc;
}


static int
vtc_spool_broken(vtc_spool_t *s)
{
    fprintf(s->why, "\"%s\" is broken: remove it", s->path);

    return -1;
}


/* What the muxer has to know, of a header that was read. */
static int
vtc_spool_parameters(vtc_spool_t *s, const vtc_spool_header_t *h)
{
    AVCodecParameters  *p;

    p = avcodec_parameters_alloc();
    s->parameters = p;

    if (p == NULL) {
        return -1;
    }

    p->codec_type = (enum AVMediaType) h->type;
    p->codec_id = (enum AVCodecID) h->codec;
    p->profile = (int) h->profile;
    p->level = (int) h->level;
    p->width = (int) h->width;
    p->height = (int) h->height;
    p->format = (int) h->format;
    p->sample_rate = (int) h->sample_rate;
    p->frame_size = (int) h->frame_size;
    p->initial_padding = (int) h->padding;
    p->color_primaries = (enum AVColorPrimaries) h->primaries;
    p->color_trc = (enum AVColorTransferCharacteristic) h->transfer;
    p->color_space = (enum AVColorSpace) h->matrix;
    p->color_range = (enum AVColorRange) h->range;
    p->chroma_location = (enum AVChromaLocation) h->chroma;
    p->bit_rate = (int64_t) h->bitrate;

    if (p->codec_type == AVMEDIA_TYPE_AUDIO) {
        av_channel_layout_default(&p->ch_layout, (int) h->channels);

    } else {
        p->sample_aspect_ratio = (AVRational) { 1, 1 };
    }

    p->extradata = av_mallocz(h->extra + AV_INPUT_BUFFER_PADDING_SIZE);
    p->extradata_size = (int) h->extra;

    return p->extradata ? 0 : -1;
}


int
vtc_spool_open(vtc_spool_t *s, const char *path, FILE *why)
{
    vtc_spool_header_t  h;

    memset(s, 0, sizeof(vtc_spool_t));
    s->why = why;
    s->path = strdup(path);

    if (s->path == NULL) {
        fputs("no memory", why);
        return -1;
    }

    s->file = fopen(path, "rb");

    if (s->file == NULL) {
        return vtc_spool_fail(s, "open()");
    }

    if (fread(&h, sizeof(h), 1, s->file) != 1 || h.magic != VTC_SPOOL_MAGIC
        || h.extra > VTC_SPOOL_EXTRA_MAX || h.num <= 0 || h.den <= 0)
    {
        return vtc_spool_broken(s);
    }

    s->time_base = (AVRational) { h.num, h.den };

    if (vtc_spool_parameters(s, &h) != 0) {
        fputs("no memory", why);
        return -1;
    }

    if (h.extra && fread(s->parameters->extradata, h.extra, 1, s->file) != 1) {
        return vtc_spool_broken(s);
    }

    return 0;
}


int
vtc_spool_read(vtc_spool_t *s, AVPacket *packet)
{
    vtc_spool_frame_t  f;

    av_packet_unref(packet);

    if (fread(&f, sizeof(f), 1, s->file) != 1) {
        return vtc_spool_broken(s);
    }

    if (f.magic == VTC_SPOOL_END) {
        return 0;
    }

    if (f.magic != VTC_SPOOL_FRAME || f.size > VTC_SPOOL_FRAME_MAX) {
        return vtc_spool_broken(s);
    }

    if (av_new_packet(packet, (int) f.size) < 0) {
        fputs("no memory", s->why);
        return -1;
    }

    if (f.size && fread(packet->data, f.size, 1, s->file) != 1) {
        return vtc_spool_broken(s);
    }

    packet->flags = (int) f.flags;
    packet->pts = f.pts;
    packet->dts = f.dts;
    packet->duration = f.duration;

    return 1;
}


void
vtc_spool_close(vtc_spool_t *s)
{
    char  *part;

    if (s->file) {
        fclose(s->file);
        s->file = NULL;
        part = s->parameters ? NULL : vtc_spool_part(s);

        if (part) {
            (void) unlink(part);
            free(part);
        }
    }

    avcodec_parameters_free(&s->parameters);
    free(s->path);
    s->path = NULL;
}
