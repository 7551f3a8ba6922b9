/*
 * Copyright (C) ngx_video authors
 *
 * The texts of "video_status" and "video_control": what is collected for them
 * (ngx_http_video_report.c), as JSON (ngx_http_video_status.c) and for
 * Prometheus (ngx_http_video_status_prometheus.c); of pushes and pulls all of
 * it is in ngx_http_video_status_relays.c.
 */

#ifndef NGX_HTTP_VIDEO_STATUS_H
#define NGX_HTTP_VIDEO_STATUS_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_video_core.h"
#include "ngx_video_live_stat.h"
#include "ngx_video_relay_stat.h"
#include "nvm_writer.h"


/* Of a zone; its numbers are read by the table below. */
typedef struct {
    ngx_video_store_t        *store;
    uint64_t                  chunks;
    uint64_t                  chunks_free;
    uint64_t                  chunks_cached;
    uint64_t                  chunks_reserved;
    uint64_t                  chunks_lingering;
    uint64_t                  objects;
    uint64_t                  refs;
    uint64_t                  workers;
    uint64_t                  streams;
    uint64_t                  streams_max;
    uint64_t                  evictions;
    uint64_t                  refusals;
    uint64_t                  cuts;
    uint64_t                  recoveries;
    uint64_t                  wakes;
    uint64_t                  transcoder_pid;
    uint64_t                  transcoder_starts;
    uint64_t                  transcoder_streams;
    uint64_t                  transcoder_silent;    /* s */
    ngx_str_t                 labels;       /* zone="live" */
} ngx_http_video_zone_status_t;


typedef struct {
    const char               *json;
    const char               *metric;
    const char               *type;
    const char               *help;
    size_t                    offset;
} ngx_http_video_zone_field_t;


/* In ngx_http_video_status.c; json NULL ends it. */
extern const ngx_http_video_zone_field_t  ngx_http_video_zone_fields[];


typedef struct {
    char                      name[16];     /* in URLs: "v0" */
    char                      codec[NVM_CODECS_LEN];
    ngx_uint_t                kind;
    uint32_t                  bandwidth;
    uint32_t                  average;
    uint32_t                  width;
    uint32_t                  height;
    uint32_t                  fps;          /* in 1000 seconds */
    uint32_t                  sample_rate;
    uint32_t                  channels;
    uint64_t                  segment;      /* ms */
    ngx_video_live_edge_t     edge;
} ngx_http_video_track_status_t;


typedef struct {
    ngx_video_store_t        *store;
    ngx_video_live_info_t     info;
    uint64_t                  live;         /* 1: it is */
    uint64_t                  recording;
    uint64_t                  recording_failed;
    ngx_video_live_stats_t    stats;
    ngx_str_t                 labels;       /* zone="live",stream="cam" */
    ngx_uint_t                ntracks;
    ngx_http_video_track_status_t  tracks[NGX_VIDEO_LIVE_TRACKS];
} ngx_http_video_stream_status_t;


/* A push or a pull. */
typedef struct {
    ngx_video_store_t        *store;
    ngx_video_relay_info_t    info;
    uint64_t                  flowing;      /* 1: it is */
} ngx_http_video_relay_status_t;


typedef struct ngx_http_video_report_s  ngx_http_video_report_t;

/* A few microseconds of work: NGX_AGAIN, there is more; NGX_OK, NGX_ERROR. */
typedef ngx_int_t (*ngx_http_video_report_pt)(ngx_http_video_report_t *rp);


/*
 * An answer that is being made.  A worker has others to serve: it works at one
 * for part of a millisecond, and goes on in a later turn of its loop.  What is
 * written speaks of one moment or nearly so, that of collecting.
 */
struct ngx_http_video_report_s {
    ngx_http_request_t       *request;
    ngx_http_video_report_pt  step;
    ngx_http_video_report_pt  write;        /* the steps after collecting */
    const char               *type;         /* of the content */

    ngx_shm_zone_t          **zones;
    ngx_uint_t                nzones;
    ngx_video_live_info_t    *only;         /* the one stream, copied in the
                                               first turn; NULL: all */
    ngx_uint_t                bare;         /* nothing of zones */

    ngx_http_video_zone_status_t  *zone;    /* of each */
    ngx_array_t               streams;      /* pointers to their status */
    ngx_array_t               relays;       /* the same */

    /* what collecting, and then writing, has come to */
    ngx_uint_t                group;
    ngx_uint_t                item;

    ngx_chain_t              *out;
    ngx_chain_t             **last;
    ngx_buf_t                *buf;          /* the last */
    nvm_writer_t              writer;       /* to it */
    off_t                     len;
    ngx_event_t               timer;
};


/* ngx_http_video_report.c */

/* The value of a content handler; rp's first members are set, all else 0. */
ngx_int_t ngx_http_video_report(ngx_http_request_t *r,
    ngx_http_video_report_t *rp);

/* A report of the request, all of it 0. */
ngx_http_video_report_t *ngx_http_video_report_create(ngx_http_request_t *r);

/* Where so many bytes may be written; NULL: no memory. */
nvm_writer_t *ngx_http_video_report_room(ngx_http_video_report_t *rp,
    size_t size);


/* A label: a backslash, a quote and a newline have a backslash before them. */
void ngx_http_video_report_label(nvm_writer_t *w, const char *name,
    ngx_str_t *s);


/* ngx_http_video_status_relays.c: steps of collecting and writing */
ngx_int_t ngx_http_video_report_relays(ngx_http_video_report_t *rp);
ngx_int_t ngx_http_video_status_relays(ngx_http_video_report_t *rp);
ngx_int_t ngx_http_video_metric_relays(ngx_http_video_report_t *rp,
    ngx_uint_t metric);


/* The steps of writing: ngx_http_video_status.c */
ngx_int_t ngx_http_video_status_json(ngx_http_video_report_t *rp);
void ngx_http_video_status_string(nvm_writer_t *w, ngx_str_t *s);

/* Prometheus' text exposition format 0.0.4 */
ngx_int_t ngx_http_video_status_prometheus(ngx_http_video_report_t *rp);

/* What stands before a metric's lines, and at the end of a line. */
void ngx_http_video_metric_group(nvm_writer_t *w, const char *name,
    const char *type, const char *help);
void ngx_http_video_metric_value(nvm_writer_t *w, int64_t v, unsigned digits);


#endif /* NGX_HTTP_VIDEO_STATUS_H */
