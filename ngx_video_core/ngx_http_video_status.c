/*
 * Copyright (C) ngx_video authors
 *
 * What "video_status" says of zones and streams.  The numbers are read
 * without a lock and may be of slightly different moments.
 */

#include "ngx_http_video_status.h"


typedef struct {
    uint64_t     chunks;
    uint64_t     chunks_free;
    uint64_t     chunks_reserved;
    uint64_t     chunks_lingering;
    uint64_t     objects;
    uint64_t     refs;
    uint64_t     workers;
    uint64_t     evictions;
    uint64_t     refusals;
    uint64_t     cuts;
    uint64_t     recoveries;
    uint64_t     wakes;
} ngx_http_video_zone_status_t;


typedef struct {
    const char  *json;
    const char  *metric;
    const char  *type;
    const char  *help;
    size_t       offset;
} ngx_http_video_status_field_t;


#define ngx_http_video_field(name, metric, type, help)                        \
    { #name, metric, type, help,                                              \
      offsetof(ngx_http_video_zone_status_t, name) }

static const ngx_http_video_status_field_t  ngx_http_video_zone_fields[] = {

    ngx_http_video_field(chunks, "chunks", "gauge",
                         "Chunks of 64 KiB in the zone."),
    ngx_http_video_field(chunks_free, "chunks_free", "gauge",
                         "Chunks that hold nothing."),
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
};

#define NGX_HTTP_VIDEO_ZONE_FIELDS                                            \
    (sizeof(ngx_http_video_zone_fields)                                       \
     / sizeof(ngx_http_video_zone_fields[0]))


static const char  *ngx_http_video_states[] = {
    "free", "starting", "live", "ended", "interrupted", "paused", "continued"
};

#define NGX_HTTP_VIDEO_STATES                                                 \
    (sizeof(ngx_http_video_states) / sizeof(ngx_http_video_states[0]))


static void
ngx_http_video_zone_status(ngx_video_store_t *st,
    ngx_http_video_zone_status_t *s)
{
    uint64_t           i, slot;
    ngx_video_head_t  *h;

    h = st->head;

    s->chunks = h->nchunks;
    s->chunks_free = h->nfree;
    s->chunks_reserved = h->reserved;
    s->chunks_lingering = h->lingering;
    s->objects = h->nused;
    s->refs = 0;
    s->workers = 0;
    s->evictions = h->evictions;
    s->refusals = h->refusals;
    s->cuts = h->cuts;
    s->recoveries = h->recoveries;
    s->wakes = h->wakes;

    for (i = 0; i < NGX_VIDEO_SLOTS; i++) {
        s->workers += st->slots[i].state == NGX_VIDEO_SLOT_LIVE;
    }

    for (i = 0; i < h->nobjects; i++) {

        if (st->objects[i].state == NGX_VIDEO_OBJECT_FREE) {
            continue;
        }

        for (slot = 0; slot < NGX_VIDEO_SLOTS; slot++) {
            s->refs += st->refs[i * NGX_VIDEO_SLOTS + slot];
        }
    }
}


static unsigned long long
ngx_http_video_zone_value(ngx_http_video_zone_status_t *s, ngx_uint_t field)
{
    return *(uint64_t *) ((u_char *) s
                          + ngx_http_video_zone_fields[field].offset);
}


/* A string in JSON or a Prometheus label; names of streams are checked. */
static void
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
ngx_http_video_status_media(nvm_writer_t *w, nvm_track_t *t)
{
    nvm_writer_fmt(w, "\"kind\":\"%s\",\"codec\":\"%s\",\"bandwidth\":%u,"
                   "\"average\":%u,",
                   t->kind == NVM_VIDEO ? "video" : "audio", t->codecs,
                   (unsigned) t->bandwidth, (unsigned) t->avg_bandwidth);

    if (t->kind == NVM_VIDEO) {
        nvm_writer_fmt(w, "\"width\":%u,\"height\":%u,\"fps\":%.3f,",
                       (unsigned) t->width, (unsigned) t->height,
                       t->fps_den ? (double) t->fps_num / t->fps_den : 0.0);
        return;
    }

    nvm_writer_fmt(w, "\"sample_rate\":%u,\"channels\":%u,",
                   (unsigned) t->sample_rate, (unsigned) t->channels);
}


static void
ngx_http_video_status_track(nvm_writer_t *w, ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t n)
{
    nvm_track_t            track;
    ngx_video_live_edge_t  edge;

    if (ngx_video_live_track_of(st, info, n, &track) != NGX_OK
        || ngx_video_live_edge(st, info, n, &edge) != NGX_OK)
    {
        return;
    }

    /* a copy of what another process writes: it has an end in any case */
    track.codecs[sizeof(track.codecs) - 1] = '\0';

    nvm_writer_text(w, n ? ",{" : "{");
    ngx_http_video_status_media(w, &track);
    nvm_writer_fmt(w, "\"msn\":%llu,\"parts\":%u,\"first\":%llu,"
                   "\"segment\":%.3f}",
                   (unsigned long long) edge.msn, (unsigned) edge.nparts,
                   (unsigned long long) edge.first,
                   (double) edge.duration / track.timescale);
}


/* Each stream once: by the run that it is in, not by those before. */
static ngx_uint_t
ngx_http_video_status_shown(ngx_video_store_t *st, ngx_uint_t i,
    ngx_video_live_info_t *info)
{
    return st->lives[i].state != NGX_VIDEO_LIVE_FREE
           && ngx_video_live_info(st, i, info) == NGX_OK
           && info->state != NGX_VIDEO_LIVE_CONTINUED
           && (info->state != NGX_VIDEO_LIVE_STARTING || info->prev == 0);
}


void
ngx_http_video_status_stream(nvm_writer_t *w, ngx_video_store_t *st,
    ngx_video_live_info_t *info)
{
    ngx_uint_t  n;

    nvm_writer_text(w, "{\"zone\":");
    ngx_http_video_status_string(w, &st->name);
    nvm_writer_text(w, ",\"name\":");
    ngx_http_video_status_string(w, &info->name);
    nvm_writer_fmt(w, ",\"state\":\"%s\",\"epoch\":\"%llx\","
                   "\"started\":%llu,\"bytes\":%llu,\"runs\":%u,"
                   "\"tracks\":[",
                   ngx_http_video_states[info->state % NGX_HTTP_VIDEO_STATES],
                   (unsigned long long) info->epoch,
                   (unsigned long long) info->started,
                   (unsigned long long) info->bytes,
                   (unsigned) info->order + 1);

    for (n = 0; n < info->ntracks; n++) {
        ngx_http_video_status_track(w, st, info, n);
    }

    nvm_writer_text(w, "]}");
}


ngx_uint_t
ngx_http_video_status_zone_streams(nvm_writer_t *w, ngx_video_store_t *st,
    ngx_uint_t before)
{
    ngx_uint_t              i;
    ngx_video_live_info_t   info;

    for (i = 0; i < st->head->nlives; i++) {

        if (ngx_http_video_status_shown(st, i, &info)) {
            nvm_writer_text(w, before++ ? "," : "");
            ngx_http_video_status_stream(w, st, &info);
        }
    }

    return before;
}


static void
ngx_http_video_status_streams(nvm_writer_t *w, ngx_video_core_conf_t *vcf)
{
    ngx_uint_t        z, n;
    ngx_shm_zone_t  **zones;

    zones = vcf->zones.elts;

    for (z = 0, n = 0; z < vcf->zones.nelts; z++) {
        n = ngx_http_video_status_zone_streams(w,
                                        ngx_video_zone_store(zones[z]), n);
    }
}


void
ngx_http_video_status_json(nvm_writer_t *w, void *data)
{
    ngx_video_core_conf_t *vcf = data;

    ngx_uint_t                     i, n;
    ngx_shm_zone_t               **zones;
    ngx_video_store_t             *st;
    ngx_http_video_zone_status_t   s;

    zones = vcf->zones.elts;

    nvm_writer_fmt(w, "{\"pid\":%d,\"zones\":[", (int) ngx_pid);

    for (i = 0; i < vcf->zones.nelts; i++) {
        st = ngx_video_zone_store(zones[i]);
        ngx_http_video_zone_status(st, &s);

        nvm_writer_text(w, i ? ",{\"name\":" : "{\"name\":");
        ngx_http_video_status_string(w, &st->name);

        for (n = 0; n < NGX_HTTP_VIDEO_ZONE_FIELDS; n++) {
            nvm_writer_fmt(w, ",\"%s\":%llu",
                           ngx_http_video_zone_fields[n].json,
                           ngx_http_video_zone_value(&s, n));
        }

        nvm_writer_u8(w, '}');
    }

    nvm_writer_text(w, "],\"streams\":[");
    ngx_http_video_status_streams(w, vcf);
    nvm_writer_text(w, "]}\n");
}


static void
ngx_http_video_status_group(nvm_writer_t *w, const char *metric,
    const char *type, const char *help)
{
    nvm_writer_fmt(w, "# HELP ngx_video_%s %s\n# TYPE ngx_video_%s %s\n",
                   metric, help, metric, type);
}


static void
ngx_http_video_status_zones(nvm_writer_t *w, ngx_video_core_conf_t *vcf)
{
    ngx_uint_t                           i, n;
    ngx_shm_zone_t                     **zones;
    ngx_video_store_t                   *st;
    ngx_http_video_zone_status_t         s;
    const ngx_http_video_status_field_t  *f;

    zones = vcf->zones.elts;

    for (n = 0; n < NGX_HTTP_VIDEO_ZONE_FIELDS; n++) {
        f = &ngx_http_video_zone_fields[n];
        ngx_http_video_status_group(w, f->metric, f->type, f->help);

        for (i = 0; i < vcf->zones.nelts; i++) {
            st = ngx_video_zone_store(zones[i]);
            ngx_http_video_zone_status(st, &s);

            nvm_writer_fmt(w, "ngx_video_%s{zone=", f->metric);
            ngx_http_video_status_string(w, &st->name);
            nvm_writer_fmt(w, "} %llu\n", ngx_http_video_zone_value(&s, n));
        }
    }
}


/* One line for each stream: 1 while it is live, or its bytes. */
static void
ngx_http_video_status_metric(nvm_writer_t *w, ngx_video_core_conf_t *vcf,
    const char *metric, ngx_uint_t bytes)
{
    ngx_uint_t              z, i;
    ngx_shm_zone_t        **zones;
    ngx_video_store_t      *st;
    ngx_video_live_info_t   info;

    zones = vcf->zones.elts;

    for (z = 0; z < vcf->zones.nelts; z++) {
        st = ngx_video_zone_store(zones[z]);

        for (i = 0; i < st->head->nlives; i++) {

            if (!ngx_http_video_status_shown(st, i, &info)) {
                continue;
            }

            nvm_writer_fmt(w, "ngx_video_%s{zone=", metric);
            ngx_http_video_status_string(w, &st->name);
            nvm_writer_text(w, ",stream=");
            ngx_http_video_status_string(w, &info.name);
            nvm_writer_fmt(w, "} %llu\n",
                           bytes ? (unsigned long long) info.bytes
                                 : info.state == NGX_VIDEO_LIVE_LIVE);
        }
    }
}


void
ngx_http_video_status_prometheus(nvm_writer_t *w, void *data)
{
    ngx_video_core_conf_t *vcf = data;

    ngx_http_video_status_zones(w, vcf);

    ngx_http_video_status_group(w, "stream_live", "gauge",
                                "1: being published; 0: starting or ended.");
    ngx_http_video_status_metric(w, vcf, "stream_live", 0);

    ngx_http_video_status_group(w, "stream_bytes_total", "counter",
                                "Bytes of frames since it was published.");
    ngx_http_video_status_metric(w, vcf, "stream_bytes_total", 1);
}
