/*
 * Copyright (C) ngx_video authors
 *
 * What "video_status" and "video_control" say of zones and streams, as JSON.
 * The names are a promise: docs/core.md has them.
 */

#include "ngx_http_video_status.h"


/* bytes of a zone, and of a stream with its tracks, at most; names apart */
#define NGX_HTTP_VIDEO_JSON_ZONE    1024
#define NGX_HTTP_VIDEO_JSON_STREAM  8192


#define ngx_http_video_field(name, metric, type, help)                        \
    { #name, metric, type, help,                                              \
      offsetof(ngx_http_video_zone_status_t, name) }

const ngx_http_video_zone_field_t  ngx_http_video_zone_fields[] = {

    ngx_http_video_field(chunks, "chunks", "gauge",
                         "Chunks of 64 KiB in the zone."),
    ngx_http_video_field(chunks_free, "chunks_free", "gauge",
                         "Chunks that hold nothing."),
    ngx_http_video_field(chunks_cached, "chunks_cached", "gauge",
                         "Chunks that can be had when they are wanted."),
    ngx_http_video_field(chunks_reserved, "chunks_reserved", "gauge",
                         "Chunks promised to live streams."),
    ngx_http_video_field(chunks_lingering, "chunks_lingering", "gauge",
                         "Chunks that only slow readers hold."),
    ngx_http_video_field(objects, "objects", "gauge",
                         "Segments, playlists and indexes."),
    ngx_http_video_field(refs, "references", "gauge",
                         "References that workers hold to objects."),
    ngx_http_video_field(workers, "workers", "gauge",
                         "Workers that use the zone."),
    ngx_http_video_field(streams, "streams", "gauge",
                         "Runs of live streams that the zone holds."),
    ngx_http_video_field(streams_max, "streams_max", "gauge",
                         "Runs of live streams that it can hold."),
    ngx_http_video_field(evictions, "evictions_total", "counter",
                         "Objects put out to make room."),
    ngx_http_video_field(refusals, "refusals_total", "counter",
                         "Times that no chunk could be had."),
    ngx_http_video_field(cuts, "cuts_total", "counter",
                         "Slow clients cut off for want of memory."),
    ngx_http_video_field(recoveries, "recoveries_total", "counter",
                         "Repairs after a death inside the lock."),
    ngx_http_video_field(wakes, "wakes_total", "counter",
                         "Wake-ups sent from worker to worker."),
    ngx_http_video_field(transcoder_pid, "transcoder_pid", "gauge",
                         "Process of the transcoder; 0: it does not run."),
    ngx_http_video_field(transcoder_starts, "transcoder_starts_total",
                         "counter", "Times that it was started."),
    ngx_http_video_field(transcoder_streams, "transcoder_streams", "gauge",
                         "Streams that it has."),
    ngx_http_video_field(transcoder_silent, "transcoder_silent_seconds",
                         "gauge", "Since it last told that it lives."),

    { NULL, NULL, NULL, NULL, 0 }
};


static const char  *ngx_http_video_states[] = {
    "free", "starting", "live", "ended", "interrupted", "paused", "continued"
};

#define NGX_HTTP_VIDEO_STATES                                                 \
    (sizeof(ngx_http_video_states) / sizeof(ngx_http_video_states[0]))

/* ngx_video_record_state_e */
static const char  *ngx_http_video_recordings[] = {
    "none", "on", "off", "failed"
};


/* ngx_video_rungs_state_e */
static const char  *ngx_http_video_ladders[] = { "none", "waiting", "on" };


/* A string in JSON; names of streams are checked. */
void
ngx_http_video_status_string(nvm_writer_t *w, ngx_str_t *s)
{
    size_t  i;

    nvm_writer_u8(w, '"');

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < 0x20) {
            nvm_writer_fmt(w, "\\u%04x", s->data[i]);
            continue;
        }

        if (s->data[i] == '"' || s->data[i] == '\\') {
            nvm_writer_u8(w, '\\');
        }

        nvm_writer_u8(w, s->data[i]);
    }

    nvm_writer_u8(w, '"');
}


/* What a track is: the codec, and what it has of its kind. */
static void
ngx_http_video_status_media(nvm_writer_t *w, ngx_http_video_track_status_t *t)
{
    nvm_writer_fmt(w, "\"kind\":\"%s\",\"codec\":\"%s\",\"bandwidth\":%u,"
                   "\"average\":%u,",
                   t->kind == NVM_VIDEO ? "video"
                   : t->kind == NVM_AUDIO ? "audio" : "text",
                   t->codec, t->bandwidth, t->average);

    if (t->kind == NVM_VIDEO) {
        nvm_writer_fmt(w, "\"width\":%u,\"height\":%u,\"fps\":%u.%03u,",
                       t->width, t->height, t->fps / 1000, t->fps % 1000);

    } else {
        nvm_writer_fmt(w, "\"sample_rate\":%u,\"channels\":%u,",
                       t->sample_rate, t->channels);
    }

    nvm_writer_fmt(w, "\"msn\":%llu,\"parts\":%u,\"first\":%llu,"
                   "\"segment\":%llu.%03u,",
                   (unsigned long long) t->edge.msn,
                   (unsigned) t->edge.nparts,
                   (unsigned long long) t->edge.first,
                   (unsigned long long) t->segment / 1000,
                   (unsigned) (t->segment % 1000));
}


static void
ngx_http_video_status_track(nvm_writer_t *w,
    ngx_http_video_stream_status_t *s, ngx_uint_t n)
{
    ngx_video_track_stats_t        *m;
    ngx_http_video_track_status_t  *t;

    t = &s->tracks[n];
    m = &s->stats.tracks[n];

    nvm_writer_fmt(w, "%s{\"name\":\"%s\",", n ? "," : "", t->name);
    ngx_http_video_status_media(w, t);

    nvm_writer_fmt(w, "\"bitrate\":%llu,\"frame_rate\":%llu.%03u,",
                   (unsigned long long) m->rate * 8,
                   (unsigned long long) m->frame_rate / 1000,
                   (unsigned) (m->frame_rate % 1000));

    if (t->kind == NVM_VIDEO) {
        nvm_writer_fmt(w, "\"gop\":%llu,\"gop_max\":%llu,"
                       "\"key_interval\":%llu,\"key_interval_max\":%llu,",
                       (unsigned long long) m->gop,
                       (unsigned long long) m->gop_max,
                       (unsigned long long) m->interval,
                       (unsigned long long) m->interval_max);
    }

    nvm_writer_fmt(w, "\"latency\":%lld,\"latency_max\":%lld,"
                   "\"delay_max\":%llu}",
                   (long long) m->latency, (long long) m->latency_max,
                   (unsigned long long) m->delay_max);
}


/* What came in, and what went out. */
static void
ngx_http_video_status_numbers(nvm_writer_t *w, ngx_video_live_stats_t *m)
{
    nvm_writer_fmt(w, "\"ingest\":{\"since\":%llu,\"publishers\":%llu,"
                   "\"runs\":%llu,\"bytes\":%llu,\"video\":%llu,"
                   "\"audio\":%llu,\"silent\":%llu,"
                   "\"dropped\":{\"start\":%llu,\"track\":%llu,"
                   "\"surplus\":%llu,\"silent\":%llu},\"clock_drift\":%lld,"
                   "\"clock_ppm\":%lld},",
                   (unsigned long long) m->since,
                   (unsigned long long) m->publishers,
                   (unsigned long long) m->runs,
                   (unsigned long long) m->bytes,
                   (unsigned long long) m->frames[NVM_VIDEO],
                   (unsigned long long) m->frames[NVM_AUDIO],
                   (unsigned long long) m->silent,
                   (unsigned long long) m->drops[NGX_VIDEO_DROP_START],
                   (unsigned long long) m->drops[NGX_VIDEO_DROP_TRACK],
                   (unsigned long long) m->drops[NGX_VIDEO_DROP_SURPLUS],
                   (unsigned long long) m->drops[NGX_VIDEO_DROP_SILENT],
                   (long long) m->drift, (long long) m->drift_ppm);

    nvm_writer_fmt(w, "\"delivery\":{\"viewers\":%llu,\"bytes\":%llu,"
                   "\"failed\":%llu,\"requests\":{\"master\":%llu,"
                   "\"manifest\":%llu,\"playlist\":%llu,\"init\":%llu,"
                   "\"segment\":%llu,\"part\":%llu}},",
                   (unsigned long long) m->viewers,
                   (unsigned long long) m->sent,
                   (unsigned long long) m->failed,
                   (unsigned long long) m->requests[NGX_VIDEO_REQUEST_MASTER],
                   (unsigned long long)
                                     m->requests[NGX_VIDEO_REQUEST_MANIFEST],
                   (unsigned long long)
                                     m->requests[NGX_VIDEO_REQUEST_PLAYLIST],
                   (unsigned long long) m->requests[NGX_VIDEO_REQUEST_INIT],
                   (unsigned long long)
                                     m->requests[NGX_VIDEO_REQUEST_SEGMENT],
                   (unsigned long long) m->requests[NGX_VIDEO_REQUEST_PART]);
}


static void
ngx_http_video_status_ladder(nvm_writer_t *w, ngx_video_rungs_stat_t *m)
{
    nvm_writer_fmt(w, "\"ladder\":{\"state\":\"%s\",\"losses\":%llu,"
                   "\"pictures\":%llu,\"dropped\":%llu,\"damaged\":%llu,"
                   "\"rungs\":%llu,\"off\":%llu,\"late\":%llu,"
                   "\"cpu\":%llu},", ngx_http_video_ladders[m->state % 3],
                   (unsigned long long) m->losses,
                   (unsigned long long) m->pictures,
                   (unsigned long long) m->dropped,
                   (unsigned long long) m->damaged,
                   (unsigned long long) m->rungs,
                   (unsigned long long) m->off,
                   (unsigned long long) m->late,
                   (unsigned long long) m->cpu);
}


static ngx_int_t
ngx_http_video_status_stream(ngx_http_video_report_t *rp,
    ngx_http_video_stream_status_t *s, const char *before)
{
    ngx_uint_t              n;
    nvm_writer_t           *w;
    ngx_video_live_info_t  *info;

    info = &s->info;
    w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_JSON_STREAM
                                       + 6 * (s->store->name.len
                                              + info->name.len));
    if (w == NULL) {
        return NGX_ERROR;
    }

    nvm_writer_text(w, before);
    nvm_writer_text(w, "{\"zone\":");
    ngx_http_video_status_string(w, &s->store->name);
    nvm_writer_text(w, ",\"name\":");
    ngx_http_video_status_string(w, &info->name);
    nvm_writer_fmt(w, ",\"state\":\"%s\",\"epoch\":\"%llx\","
                   "\"started\":%llu,\"bytes\":%llu,\"runs\":%u,"
                   "\"recording\":\"%s\",",
                   ngx_http_video_states[info->state % NGX_HTTP_VIDEO_STATES],
                   (unsigned long long) info->epoch,
                   (unsigned long long) info->started,
                   (unsigned long long) info->bytes,
                   (unsigned) info->order + 1,
                   ngx_http_video_recordings[info->recording & 3]);
    ngx_http_video_status_numbers(w, &s->stats);
    ngx_http_video_status_ladder(w, &s->stats.rungs);
    nvm_writer_text(w, "\"tracks\":[");

    for (n = 0; n < s->ntracks; n++) {
        ngx_http_video_status_track(w, s, n);
    }

    if (!rp->only) {
        nvm_writer_text(w, "]}");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_status_zone(ngx_http_video_report_t *rp, ngx_uint_t i)
{
    nvm_writer_t                       *w;
    ngx_http_video_zone_status_t       *s;
    const ngx_http_video_zone_field_t  *f;

    s = &rp->zone[i];
    w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_JSON_ZONE
                                       + 6 * s->store->name.len);
    if (w == NULL) {
        return NGX_ERROR;
    }

    nvm_writer_text(w, i ? ",{\"name\":" : "{\"name\":");
    ngx_http_video_status_string(w, &s->store->name);

    for (f = ngx_http_video_zone_fields; f->json; f++) {
        nvm_writer_fmt(w, ",\"%s\":%llu", f->json,
                       *(unsigned long long *) ((u_char *) s + f->offset));
    }

    nvm_writer_u8(w, '}');

    return NGX_OK;
}


/* What stands before the streams, and after them. */
static ngx_int_t
ngx_http_video_status_head(ngx_http_video_report_t *rp)
{
    ngx_uint_t     i;
    nvm_writer_t  *w;

    w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_JSON_ZONE);

    if (w == NULL) {
        return NGX_ERROR;
    }

    if (rp->bare) {
        nvm_writer_text(w, "{\"streams\":[");
        return NGX_OK;
    }

    nvm_writer_fmt(w, "{\"pid\":%d,\"zones\":[", (int) ngx_pid);

    for (i = 0; i < rp->nzones; i++) {
        if (ngx_http_video_status_zone(rp, i) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_JSON_ZONE);

    if (w == NULL) {
        return NGX_ERROR;
    }

    nvm_writer_text(w, "],\"streams\":[");

    return NGX_OK;
}


/*
 * A step is what stands before the streams, one of them, or a push or pull.  Of
 * one stream alone its own are members of it.
 */
ngx_int_t
ngx_http_video_status_json(ngx_http_video_report_t *rp)
{
    ngx_http_video_stream_status_t  **s;

    if (rp->group == 0) {
        rp->group = 1;

        if (!rp->only) {
            return ngx_http_video_status_head(rp) == NGX_OK ? NGX_AGAIN
                                                            : NGX_ERROR;
        }
    }

    if (rp->group == 2) {
        return ngx_http_video_status_relays(rp);
    }

    if (rp->item == rp->streams.nelts) {
        rp->group = 2;
        rp->item = 0;
        return NGX_AGAIN;
    }

    s = rp->streams.elts;

    if (ngx_http_video_status_stream(rp, s[rp->item], rp->item ? "," : "")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rp->item++;

    return NGX_AGAIN;
}
