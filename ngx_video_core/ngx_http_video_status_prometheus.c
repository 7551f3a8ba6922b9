/*
 * Copyright (C) ngx_video authors
 *
 * The numbers of zones and streams in Prometheus' text format: for each metric
 * what it is, then a line for each thing that has it.  The names are a
 * promise: docs/core.md has them.
 *
 * It is text of a hundred lines for each stream, so a line is copied together
 * and not formatted.
 */

#include "ngx_http_video_status.h"


/* bytes of a line, labels apart; of those, tracks; streams of a step */
#define NGX_HTTP_VIDEO_LINE         256
#define NGX_HTTP_VIDEO_METRIC_STEP  16


/* What has a metric. */
typedef enum {
    NGX_HTTP_VIDEO_OF_STREAM = 0,
    NGX_HTTP_VIDEO_OF_TRACK,
    NGX_HTTP_VIDEO_OF_VIDEO,
    NGX_HTTP_VIDEO_OF_INFO      /* of a track, in labels */
} ngx_http_video_metric_of_e;


typedef struct {
    const char         *name;
    const char         *type;
    const char         *help;
    ngx_http_video_metric_of_e  of;
    unsigned            digits;     /* of the value after the point; 1: none */
    size_t              offset;
    const char         *label;      /* of several numbers; NULL: there is one */
    const char *const  *values;
    ngx_uint_t          n;
} ngx_http_video_metric_t;


static const char *const  ngx_http_video_kinds[] = { "video", "audio" };

static const char *const  ngx_http_video_reasons[] = {
    "start", "track", "surplus", "silent"
};

static const char *const  ngx_http_video_requests[] = {
    "master", "manifest", "playlist", "init", "segment", "part"
};


#define ngx_http_video_of_stream(member)                                      \
    offsetof(ngx_http_video_stream_status_t, member)

#define ngx_http_video_of_track(member)                                       \
    offsetof(ngx_video_track_stats_t, member)

#define ngx_http_video_by(label, values)                                      \
    label, values, sizeof(values) / sizeof(values[0])


static const ngx_http_video_metric_t  ngx_http_video_metrics[] = {

    { "stream_live", "gauge", "1: being published; 0: starting or ended.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(live),
      NULL, NULL, 1 },

    { "stream_recording", "gauge", "1: it is written to disk.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(recording),
      NULL, NULL, 1 },

    { "stream_recording_failed", "gauge",
      "1: it was to be written to disk and can not be.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(recording_failed),
      NULL, NULL, 1 },

    { "stream_published_timestamp_seconds", "gauge",
      "When the publisher came.",
      NGX_HTTP_VIDEO_OF_STREAM, 3, ngx_http_video_of_stream(stats.since),
      NULL, NULL, 1 },

    { "stream_publishers_total", "counter", "Publishers that were accepted.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.publishers),
      NULL, NULL, 1 },

    { "stream_runs_total", "counter",
      "Times that the stream began, or went on with a discontinuity.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.runs),
      NULL, NULL, 1 },

    { "stream_bytes_total", "counter", "Bytes of frames that were taken.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.bytes),
      NULL, NULL, 1 },

    { "stream_frames_total", "counter", "Frames that were taken.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.frames),
      ngx_http_video_by("kind", ngx_http_video_kinds) },

    { "stream_frames_silent_total", "counter",
      "Audio frames of silence, for sound that was missing.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.silent),
      NULL, NULL, 1 },

    { "stream_frames_dropped_total", "counter", "Frames that were left out.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.drops),
      ngx_http_video_by("reason", ngx_http_video_reasons) },

    { "stream_clock_drift_seconds", "gauge",
      "What the publisher's clock has gained on the server's.",
      NGX_HTTP_VIDEO_OF_STREAM, 3, ngx_http_video_of_stream(stats.drift),
      NULL, NULL, 1 },

    { "stream_clock_drift_ratio", "gauge",
      "The same for each second, after the first minute.",
      NGX_HTTP_VIDEO_OF_STREAM, 6, ngx_http_video_of_stream(stats.drift_ppm),
      NULL, NULL, 1 },

    { "stream_viewers", "gauge",
      "Viewers in the last 30 to 40 seconds, an estimate.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.viewers),
      NULL, NULL, 1 },

    { "stream_sent_bytes_total", "counter", "Bytes sent to viewers.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.sent),
      NULL, NULL, 1 },

    { "stream_requests_total", "counter", "Requests that are over.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.requests),
      ngx_http_video_by("kind", ngx_http_video_requests) },

    { "stream_requests_failed_total", "counter",
      "Those answered with an error, or not at all.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.failed),
      NULL, NULL, 1 },

    { "stream_ladder_on", "gauge",
      "1: rungs come from the transcoder.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.rungs_on),
      NULL, NULL, 1 },

    { "stream_ladder_losses_total", "counter",
      "Times that the transcoder was gone.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.rungs.losses),
      NULL, NULL, 1 },

    { "stream_ladder_pictures_total", "counter",
      "Pictures of the source that were decoded.",
      NGX_HTTP_VIDEO_OF_STREAM, 0,
      ngx_http_video_of_stream(stats.rungs.pictures),
      NULL, NULL, 1 },

    { "stream_ladder_dropped_total", "counter",
      "Of them, those left out for want of time.",
      NGX_HTTP_VIDEO_OF_STREAM, 0,
      ngx_http_video_of_stream(stats.rungs.dropped),
      NULL, NULL, 1 },

    { "stream_ladder_damaged_total", "counter",
      "Frames of the source that could not be decoded.",
      NGX_HTTP_VIDEO_OF_STREAM, 0,
      ngx_http_video_of_stream(stats.rungs.damaged),
      NULL, NULL, 1 },

    { "stream_ladder_rungs", "gauge",
      "Rungs that are to be made.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.rungs.rungs),
      NULL, NULL, 1 },

    { "stream_ladder_rungs_off", "gauge",
      "Of them, those given up for now.",
      NGX_HTTP_VIDEO_OF_STREAM, 0, ngx_http_video_of_stream(stats.rungs.off),
      NULL, NULL, 1 },

    { "stream_ladder_late_seconds", "gauge",
      "What the transcoder is behind.",
      NGX_HTTP_VIDEO_OF_STREAM, 3, ngx_http_video_of_stream(stats.rungs.late),
      NULL, NULL, 1 },

    { "stream_ladder_cpu_seconds_total", "counter",
      "Processor time of the encoders.",
      NGX_HTTP_VIDEO_OF_STREAM, 3, ngx_http_video_of_stream(stats.rungs.cpu),
      NULL, NULL, 1 },

    { "track_info", "gauge", "What a track is, in labels.",
      NGX_HTTP_VIDEO_OF_INFO, 0, 0, NULL, NULL, 1 },

    { "track_bytes_per_second", "gauge",
      "Bytes of frames of the last 10 seconds.",
      NGX_HTTP_VIDEO_OF_TRACK, 0, ngx_http_video_of_track(rate),
      NULL, NULL, 1 },

    { "track_frames_per_second", "gauge",
      "Frame rate of the last 10 seconds.",
      NGX_HTTP_VIDEO_OF_TRACK, 3, ngx_http_video_of_track(frame_rate),
      NULL, NULL, 1 },

    { "track_gop_frames", "gauge",
      "Frames from the key frame before the newest to that.",
      NGX_HTTP_VIDEO_OF_VIDEO, 0, ngx_http_video_of_track(gop),
      NULL, NULL, 1 },

    { "track_gop_frames_max", "gauge", "The most of them in this run.",
      NGX_HTTP_VIDEO_OF_VIDEO, 0, ngx_http_video_of_track(gop_max),
      NULL, NULL, 1 },

    { "track_key_interval_seconds", "gauge",
      "Time from the key frame before the newest to that.",
      NGX_HTTP_VIDEO_OF_VIDEO, 3, ngx_http_video_of_track(interval),
      NULL, NULL, 1 },

    { "track_key_interval_max_seconds", "gauge",
      "The longest of them in this run.",
      NGX_HTTP_VIDEO_OF_VIDEO, 3, ngx_http_video_of_track(interval_max),
      NULL, NULL, 1 },

    { "track_latency_seconds", "gauge",
      "From the end of the newest part's media to its publication.",
      NGX_HTTP_VIDEO_OF_TRACK, 3, ngx_http_video_of_track(latency),
      NULL, NULL, 1 },

    { "track_latency_max_seconds", "gauge",
      "The longest of them in the last 10 seconds.",
      NGX_HTTP_VIDEO_OF_TRACK, 3, ngx_http_video_of_track(latency_max),
      NULL, NULL, 1 },

    { "track_delay_max_seconds", "gauge",
      "Longest time from a part's last frame to its publication.",
      NGX_HTTP_VIDEO_OF_TRACK, 3, ngx_http_video_of_track(delay_max),
      NULL, NULL, 1 }
};

#define NGX_HTTP_VIDEO_METRICS                                                \
    (sizeof(ngx_http_video_metrics) / sizeof(ngx_http_video_metrics[0]))


void
ngx_http_video_metric_group(nvm_writer_t *w, const char *name,
    const char *type, const char *help)
{
    nvm_writer_fmt(w, "# HELP ngx_video_%s %s\n# TYPE ngx_video_%s %s\n",
                   name, help, name, type);
}


static void
ngx_http_video_metric_label(nvm_writer_t *w, const char *name,
    const char *value)
{
    nvm_writer_u8(w, ',');
    nvm_writer_text(w, name);
    nvm_writer_text(w, "=\"");
    nvm_writer_text(w, value);
    nvm_writer_u8(w, '"');
}


/* The end of a line: a number with so many digits after the point. */
void
ngx_http_video_metric_value(nvm_writer_t *w, int64_t v, unsigned digits)
{
    uint64_t  n;
    unsigned  i, scale;

    for (i = 0, scale = 1; i < digits; i++) {
        scale *= 10;
    }

    nvm_writer_text(w, "} ");

    if (v < 0) {
        nvm_writer_u8(w, '-');
    }

    n = v < 0 ? -(uint64_t) v : (uint64_t) v;
    nvm_writer_number(w, n / scale, 1);

    if (digits) {
        nvm_writer_u8(w, '.');
        nvm_writer_number(w, n % scale, digits);
    }

    nvm_writer_u8(w, '\n');
}


static ngx_int_t
ngx_http_video_metric_zones(ngx_http_video_report_t *rp,
    const ngx_http_video_zone_field_t *f)
{
    ngx_uint_t                     i;
    nvm_writer_t                  *w;
    ngx_http_video_zone_status_t  *s;

    w = ngx_http_video_report_room(rp, 2 * NGX_HTTP_VIDEO_LINE);
    if (w == NULL) {
        return NGX_ERROR;
    }

    ngx_http_video_metric_group(w, f->metric, f->type, f->help);

    for (i = 0; i < rp->nzones; i++) {
        s = &rp->zone[i];

        w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_LINE
                                           + s->labels.len);
        if (w == NULL) {
            return NGX_ERROR;
        }

        nvm_writer_text(w, "ngx_video_");
        nvm_writer_text(w, f->metric);
        nvm_writer_u8(w, '{');
        nvm_writer_bytes(w, s->labels.data, s->labels.len);
        ngx_http_video_metric_value(w,
                               *(int64_t *) ((u_char *) s + f->offset), 0);
    }

    return NGX_OK;
}


static void
ngx_http_video_metric_name(nvm_writer_t *w, const ngx_http_video_metric_t *m,
    ngx_http_video_stream_status_t *s)
{
    nvm_writer_text(w, "ngx_video_");
    nvm_writer_text(w, m->name);
    nvm_writer_u8(w, '{');
    nvm_writer_bytes(w, s->labels.data, s->labels.len);
}


static void
ngx_http_video_metric_info(nvm_writer_t *w, ngx_http_video_track_status_t *t)
{
    ngx_http_video_metric_label(w, "kind", t->kind == NVM_VIDEO ? "video"
                                           : t->kind == NVM_AUDIO ? "audio"
                                           : "text");
    ngx_http_video_metric_label(w, "codec", t->codec);

    if (t->kind == NVM_VIDEO) {
        nvm_writer_text(w, ",size=\"");
        nvm_writer_number(w, t->width, 1);
        nvm_writer_u8(w, 'x');
        nvm_writer_number(w, t->height, 1);
        nvm_writer_u8(w, '"');
    }

    ngx_http_video_metric_value(w, 1, 0);
}


static ngx_int_t
ngx_http_video_metric_tracks(ngx_http_video_report_t *rp,
    const ngx_http_video_metric_t *m, ngx_http_video_stream_status_t *s)
{
    u_char                         *p;
    ngx_uint_t                      n;
    nvm_writer_t                   *w;
    ngx_http_video_track_status_t  *t;

    for (n = 0; n < s->ntracks; n++) {
        t = &s->tracks[n];

        if (m->of == NGX_HTTP_VIDEO_OF_VIDEO && t->kind != NVM_VIDEO) {
            continue;
        }

        w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_LINE
                                           + s->labels.len);
        if (w == NULL) {
            return NGX_ERROR;
        }

        ngx_http_video_metric_name(w, m, s);
        ngx_http_video_metric_label(w, "track", t->name);

        if (m->of == NGX_HTTP_VIDEO_OF_INFO) {
            ngx_http_video_metric_info(w, t);
            continue;
        }

        p = (u_char *) &s->stats.tracks[n] + m->offset;
        ngx_http_video_metric_value(w, *(int64_t *) p, m->digits);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_metric_stream(ngx_http_video_report_t *rp,
    const ngx_http_video_metric_t *m, ngx_http_video_stream_status_t *s)
{
    int64_t       *v;
    ngx_uint_t     i;
    nvm_writer_t  *w;

    if (m->of != NGX_HTTP_VIDEO_OF_STREAM) {
        return ngx_http_video_metric_tracks(rp, m, s);
    }

    v = (int64_t *) ((u_char *) s + m->offset);

    for (i = 0; i < m->n; i++) {
        w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_LINE
                                           + s->labels.len);
        if (w == NULL) {
            return NGX_ERROR;
        }

        ngx_http_video_metric_name(w, m, s);

        if (m->label) {
            ngx_http_video_metric_label(w, m->label, m->values[i]);
        }

        ngx_http_video_metric_value(w, v[i], m->digits);
    }

    return NGX_OK;
}


/* Some streams of a metric, which is begun with the first of them. */
static ngx_int_t
ngx_http_video_metric_step(ngx_http_video_report_t *rp,
    const ngx_http_video_metric_t *m)
{
    ngx_uint_t                        last;
    nvm_writer_t                     *w;
    ngx_http_video_stream_status_t  **s;

    s = rp->streams.elts;
    last = ngx_min(rp->item + NGX_HTTP_VIDEO_METRIC_STEP, rp->streams.nelts);

    if (rp->item == 0) {
        w = ngx_http_video_report_room(rp, 2 * NGX_HTTP_VIDEO_LINE);
        if (w == NULL) {
            return NGX_ERROR;
        }

        ngx_http_video_metric_group(w, m->name, m->type, m->help);
    }

    for ( /* void */ ; rp->item < last; rp->item++) {
        if (ngx_http_video_metric_stream(rp, m, s[rp->item]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (last == rp->streams.nelts) {
        rp->item = 0;
        rp->group++;
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_http_video_status_prometheus(ngx_http_video_report_t *rp)
{
    const ngx_http_video_zone_field_t  *f;

    if (rp->group == 0) {
        rp->group = 1;

        for (f = ngx_http_video_zone_fields; f->json; f++) {
            if (ngx_http_video_metric_zones(rp, f) != NGX_OK) {
                return NGX_ERROR;
            }
        }

        return NGX_AGAIN;
    }

    if (rp->group > NGX_HTTP_VIDEO_METRICS) {
        return ngx_http_video_metric_relays(rp, rp->group - 1
                                                - NGX_HTTP_VIDEO_METRICS);
    }

    return ngx_http_video_metric_step(rp,
                                  &ngx_http_video_metrics[rp->group - 1]);
}
