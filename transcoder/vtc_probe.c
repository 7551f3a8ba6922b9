/*
 * Copyright (C) ngx_video authors
 *
 * A media file as JSON, or as text for people: both are made of the same
 * object.
 */

#include <jansson.h>
#include <libavcodec/avcodec.h>
#include <libavutil/avutil.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <string.h>

#include "vtc_probe.h"
#include "vtc_source.h"


/* s before the end of a track, where an index has its last entry */
#define VTC_PROBE_REST  1.0


/* A member that is left out when it is not known. */
static void
vtc_probe_text(json_t *o, const char *name, const char *value)
{
    json_t  *text;

    if (value && value[0] && strcmp(value, "unknown") != 0) {
        text = json_string(value);

        /* a name that is no UTF-8 */
        (void) json_object_set_new(o, name, text ? text : json_string("?"));
    }
}


static void
vtc_probe_number(json_t *o, const char *name, int64_t value)
{
    if (value > 0) {
        (void) json_object_set_new(o, name, json_integer(value));
    }
}


/* Milliseconds are enough, and no number gets twelve digits. */
static void
vtc_probe_seconds(json_t *o, const char *name, double value)
{
    if (value >= 0) {
        (void) json_object_set_new(o, name,
                                   json_real(floor(value * 1000 + 0.5)
                                             / 1000));
    }
}


/* "30000/1001", or "25" */
static void
vtc_probe_ratio(json_t *o, const char *name, AVRational r)
{
    char  text[32];

    if (r.num <= 0 || r.den <= 0) {
        return;
    }

    snprintf(text, sizeof(text), r.den == 1 ? "%d" : "%d/%d", r.num, r.den);
    vtc_probe_text(o, name, text);
}


/* How far key frames are apart, by the index, if all of it is there. */
static void
vtc_probe_keys(json_t *o, AVStream *st)
{
    int                  i, n, keys;
    double               time, last, end, shortest, longest;
    json_t              *interval;
    const AVIndexEntry  *e;

    n = avformat_index_get_entries_count(st);
    end = st->duration != AV_NOPTS_VALUE
          ? (double) st->duration * av_q2d(st->time_base) : 0;
    time = 0;
    last = 0;
    shortest = 0;
    longest = 0;
    keys = 0;

    for (i = 0; i < n; i++) {
        e = avformat_index_get_entry(st, i);
        time = (double) e->timestamp * av_q2d(st->time_base);

        if (!(e->flags & AVINDEX_KEYFRAME)) {
            continue;
        }

        if (keys++) {
            shortest = keys == 2 || time - last < shortest ? time - last
                                                           : shortest;
            longest = time - last > longest ? time - last : longest;
        }

        last = time;
    }

    /* others have what was read so far, or is read when it is needed */

    if (end <= 0 || time < end - VTC_PROBE_REST) {
        return;
    }

    vtc_probe_number(o, "key_frames", keys);

    if (keys > 1) {
        interval = json_object();
        vtc_probe_seconds(interval, "min", shortest);
        vtc_probe_seconds(interval, "max", longest);
        (void) json_object_set_new(o, "key_interval", interval);
    }
}


static void
vtc_probe_video(json_t *o, AVFormatContext *format, AVStream *st)
{
    AVCodecParameters  *p;

    p = st->codecpar;

    vtc_probe_number(o, "width", p->width);
    vtc_probe_number(o, "height", p->height);
    vtc_probe_ratio(o, "sar", av_guess_sample_aspect_ratio(format, st, NULL));
    vtc_probe_ratio(o, "fps", av_guess_frame_rate(format, st, NULL));
    vtc_probe_text(o, "pixels", av_get_pix_fmt_name(p->format));
    vtc_probe_text(o, "primaries", av_color_primaries_name(p->color_primaries));
    vtc_probe_text(o, "transfer", av_color_transfer_name(p->color_trc));
    vtc_probe_text(o, "matrix", av_color_space_name(p->color_space));
    vtc_probe_text(o, "range", av_color_range_name(p->color_range));
    vtc_probe_number(o, "rotation", vtc_source_quarters(st) * 90);
    vtc_probe_keys(o, st);
}


static void
vtc_probe_audio(json_t *o, AVStream *st)
{
    char                layout[64];
    AVCodecParameters  *p;

    p = st->codecpar;

    vtc_probe_number(o, "sample_rate", p->sample_rate);
    vtc_probe_number(o, "channels", p->ch_layout.nb_channels);

    if (av_channel_layout_describe(&p->ch_layout, layout, sizeof(layout)) > 0)
    {
        vtc_probe_text(o, "layout", layout);
    }
}


static json_t *
vtc_probe_track(AVFormatContext *format, AVStream *st)
{
    json_t             *o;
    AVCodecParameters  *p;
    AVDictionaryEntry  *lang;

    o = json_object();
    p = st->codecpar;

    vtc_probe_text(o, "kind", av_get_media_type_string(p->codec_type));
    vtc_probe_text(o, "codec", avcodec_get_name(p->codec_id));
    vtc_probe_text(o, "profile", avcodec_profile_name(p->codec_id,
                                                      p->profile));
    lang = av_dict_get(st->metadata, "language", NULL, 0);
    vtc_probe_text(o, "language", lang ? lang->value : NULL);

    if (st->duration != AV_NOPTS_VALUE) {
        vtc_probe_seconds(o, "duration", (double) st->duration
                                         * av_q2d(st->time_base));
    }

    vtc_probe_number(o, "bitrate", p->bit_rate);
    vtc_probe_number(o, "frames", st->nb_frames);

    if (p->codec_type == AVMEDIA_TYPE_VIDEO) {
        vtc_probe_video(o, format, st);

    } else if (p->codec_type == AVMEDIA_TYPE_AUDIO) {
        vtc_probe_audio(o, st);
    }

    return o;
}


static json_t *
vtc_probe_file(AVFormatContext *format, const char *path)
{
    json_t    *o, *tracks;
    unsigned   i;

    o = json_object();
    tracks = json_array();

    vtc_probe_text(o, "file", path);
    vtc_probe_text(o, "format", format->iformat->name);

    if (format->duration != AV_NOPTS_VALUE) {
        vtc_probe_seconds(o, "duration", (double) format->duration
                                         / AV_TIME_BASE);
    }

    vtc_probe_number(o, "size", format->pb ? avio_size(format->pb) : 0);
    vtc_probe_number(o, "bitrate", format->bit_rate);

    for (i = 0; i < format->nb_streams; i++) {
        (void) json_array_append_new(tracks,
                                     vtc_probe_track(format,
                                                     format->streams[i]));
    }

    (void) json_object_set_new(o, "tracks", tracks);

    return o;
}


/* What a file says of itself is not for the terminal to obey. */
static void
vtc_probe_puts(FILE *out, const char *text)
{
    const unsigned char  *p;

    for (p = (const unsigned char *) text; *p; p++) {

        if (*p < ' ' || *p == 0x7f) {
            fputc('?', out);

        } else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
            /* U+0080 to U+009F are controls, too */
            fputc('?', out);
            p++;

        } else {
            fputc(*p, out);
        }
    }
}


/* "name value", with what is inside of a member in one line. */
static void
vtc_probe_print(FILE *out, json_t *o, const char *between)
{
    char        *text;
    json_t      *v;
    const char  *name, *gap;

    gap = "";

    json_object_foreach(o, name, v) {

        if (json_is_array(v)) {
            continue;
        }

        fprintf(out, "%s%s ", gap, name);
        gap = between;

        if (json_is_object(v)) {
            vtc_probe_print(out, v, ", ");

        } else if (json_is_string(v)) {
            vtc_probe_puts(out, json_string_value(v));

        } else {
            text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
            fputs(text ? text : "?", out);
            free(text);
        }
    }
}


static void
vtc_probe_people(FILE *out, json_t *file)
{
    size_t   i;
    json_t  *track;

    vtc_probe_puts(out, json_string_value(json_object_get(file, "file")));
    fputs("\n    ", out);
    (void) json_object_del(file, "file");
    vtc_probe_print(out, file, ", ");
    fputc('\n', out);

    json_array_foreach(json_object_get(file, "tracks"), i, track) {
        fprintf(out, "    %zu: ", i);
        vtc_probe_print(out, track, ", ");
        fputc('\n', out);
    }
}


int
vtc_probe_work(void *data, FILE *out, FILE *why)
{
    vtc_probe_t *p = data;

    int               rc;
    json_t           *file;
    AVFormatContext  *format;

    vtc_source_quiet();

    format = vtc_source_open(p->path, why);

    if (format == NULL) {
        return -1;
    }

    rc = 0;

    if (format->nb_streams == 0) {
        fputs("nothing in it", why);
        rc = -1;
    }

    file = vtc_probe_file(format, p->path);
    avformat_close_input(&format);

    if (rc == 0 && p->json) {
        rc = json_dumpf(file, out, JSON_COMPACT | JSON_REAL_PRECISION(12));
        fputc('\n', out);

    } else if (rc == 0) {
        vtc_probe_people(out, file);
    }

    json_decref(file);

    return rc;
}
