/*
 * Copyright (C) ngx_video authors
 *
 * "video_status": what the zones and streams are doing, as JSON, or as
 * Prometheus text with ?format=prometheus.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_video_core.h"
#include "nvm_writer.h"


typedef void (*ngx_http_video_status_pt)(nvm_writer_t *w,
    ngx_video_core_conf_t *vcf);


static char *ngx_http_video_status(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_video_status_handler(ngx_http_request_t *r);
static void ngx_http_video_status_json(nvm_writer_t *w,
    ngx_video_core_conf_t *vcf);
static void ngx_http_video_status_prometheus(nvm_writer_t *w,
    ngx_video_core_conf_t *vcf);


static ngx_command_t  ngx_http_video_status_commands[] = {

    { ngx_string("video_status"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_video_status,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_video_status_module_ctx = {
    NULL,                                  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    NULL,                                  /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_video_status_module = {
    NGX_MODULE_V1,
    &ngx_http_video_status_module_ctx,     /* module context */
    ngx_http_video_status_commands,        /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static const char  *ngx_http_video_states[] = {
    "free", "starting", "live", "ended", "interrupted"
};


typedef struct {
    ngx_str_t    name;
    uint64_t     chunks;
    uint64_t     chunks_free;
    uint64_t     chunks_reserved;
    uint64_t     objects;
    uint64_t     refs;
    uint64_t     workers;
    uint64_t     evictions;
    uint64_t     recoveries;
    uint64_t     refusals;
    uint64_t     wakes;
} ngx_http_video_zone_status_t;


static ngx_int_t
ngx_http_video_status_handler(ngx_http_request_t *r)
{
    size_t                     size;
    ngx_int_t                  rc;
    ngx_buf_t                 *b;
    ngx_str_t                  value;
    ngx_chain_t                out;
    nvm_writer_t               w;
    ngx_video_core_conf_t     *vcf;
    ngx_http_video_status_pt   write;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    vcf = (ngx_video_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                                 ngx_video_core_module);

    write = ngx_http_video_status_json;
    ngx_str_set(&r->headers_out.content_type, "application/json");

    if (ngx_http_arg(r, (u_char *) "format", 6, &value) == NGX_OK
        && value.len == 10
        && ngx_strncmp(value.data, "prometheus", 10) == 0)
    {
        write = ngx_http_video_status_prometheus;
        ngx_str_set(&r->headers_out.content_type, "text/plain");
    }

    /* numbers change between the passes: room for what may come */
    nvm_writer_init(&w, NULL, 0);
    write(&w, vcf);
    size = w.len + 65536;

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nvm_writer_init(&w, b->pos, size);
    write(&w, vcf);

    if (w.error) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = b->pos + w.len;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = w.len;
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static void
ngx_http_video_zone_status(ngx_video_store_t *st,
    ngx_http_video_zone_status_t *s)
{
    uint64_t           i;
    ngx_video_head_t  *h;

    h = st->head;
    ngx_memzero(s, sizeof(ngx_http_video_zone_status_t));

    s->name = st->name;
    s->chunks = h->nchunks;
    s->chunks_free = h->nfree;
    s->chunks_reserved = h->reserved;
    s->objects = h->nused;
    s->evictions = h->evictions;
    s->recoveries = h->recoveries;
    s->refusals = h->refusals;
    s->wakes = h->wakes;

    for (i = 0; i < NGX_VIDEO_SLOTS; i++) {
        s->workers += st->slots[i].state == NGX_VIDEO_SLOT_LIVE;
    }

    for (i = 0; i < h->nobjects; i++) {
        uint64_t  slot;

        if (st->objects[i].state == NGX_VIDEO_OBJECT_FREE) {
            continue;
        }

        for (slot = 0; slot < NGX_VIDEO_SLOTS; slot++) {
            s->refs += st->refs[i * NGX_VIDEO_SLOTS + slot];
        }
    }
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


static void
ngx_http_video_status_track(nvm_writer_t *w, ngx_video_store_t *st,
    ngx_video_live_info_t *info, ngx_uint_t n)
{
    ngx_video_live_edge_t  edge;

    if (ngx_video_live_edge(st, info, n, &edge) != NGX_OK) {
        return;
    }

    nvm_writer_fmt(w, "%s{\"msn\":%llu,\"parts\":%u,\"first\":%llu}",
                   n ? "," : "", (unsigned long long) edge.msn,
                   (unsigned) edge.nparts, (unsigned long long) edge.first);
}


static void
ngx_http_video_status_streams(nvm_writer_t *w, ngx_video_core_conf_t *vcf)
{
    ngx_uint_t              z, i, n, first;
    ngx_shm_zone_t        **zones;
    ngx_video_store_t      *st;
    ngx_video_live_info_t   info;

    first = 1;
    zones = vcf->zones.elts;

    for (z = 0; z < vcf->zones.nelts; z++) {
        st = ngx_video_zone_store(zones[z]);

        for (i = 0; i < st->head->nlives; i++) {

            if (st->lives[i].state == NGX_VIDEO_LIVE_FREE
                || ngx_video_live_info(st, i, &info) != NGX_OK)
            {
                continue;
            }

            nvm_writer_text(w, first ? "{\"zone\":" : ",{\"zone\":");
            ngx_http_video_status_string(w, &st->name);
            nvm_writer_text(w, ",\"name\":");
            ngx_http_video_status_string(w, &info.name);
            nvm_writer_fmt(w, ",\"state\":\"%s\",\"epoch\":\"%llx\","
                           "\"started\":%llu,\"bytes\":%llu,\"tracks\":[",
                           ngx_http_video_states[info.state % 5],
                           (unsigned long long) info.epoch,
                           (unsigned long long) info.started,
                           (unsigned long long) info.bytes);

            for (n = 0; n < info.ntracks; n++) {
                ngx_http_video_status_track(w, st, &info, n);
            }

            nvm_writer_text(w, "]}");
            first = 0;
        }
    }
}


static void
ngx_http_video_status_json(nvm_writer_t *w, ngx_video_core_conf_t *vcf)
{
    ngx_uint_t                     i;
    ngx_shm_zone_t               **zones;
    ngx_http_video_zone_status_t   s;

    zones = vcf->zones.elts;

    nvm_writer_fmt(w, "{\"pid\":%d,\"zones\":[", (int) ngx_pid);

    for (i = 0; i < vcf->zones.nelts; i++) {
        ngx_http_video_zone_status(ngx_video_zone_store(zones[i]), &s);

        nvm_writer_text(w, i ? ",{\"name\":" : "{\"name\":");
        ngx_http_video_status_string(w, &s.name);
        nvm_writer_fmt(w, ",\"chunks\":%llu,\"chunks_free\":%llu,"
                       "\"chunks_reserved\":%llu,\"objects\":%llu,"
                       "\"refs\":%llu,\"workers\":%llu,",
                       (unsigned long long) s.chunks,
                       (unsigned long long) s.chunks_free,
                       (unsigned long long) s.chunks_reserved,
                       (unsigned long long) s.objects,
                       (unsigned long long) s.refs,
                       (unsigned long long) s.workers);
        nvm_writer_fmt(w, "\"evictions\":%llu,\"recoveries\":%llu,"
                       "\"refusals\":%llu,\"wakes\":%llu}",
                       (unsigned long long) s.evictions,
                       (unsigned long long) s.recoveries,
                       (unsigned long long) s.refusals,
                       (unsigned long long) s.wakes);
    }

    nvm_writer_text(w, "],\"streams\":[");
    ngx_http_video_status_streams(w, vcf);
    nvm_writer_text(w, "]}\n");
}


static void
ngx_http_video_status_metric(nvm_writer_t *w, const char *name,
    ngx_str_t *zone, uint64_t value)
{
    nvm_writer_fmt(w, "ngx_video_%s{zone=", name);
    ngx_http_video_status_string(w, zone);
    nvm_writer_fmt(w, "} %llu\n", (unsigned long long) value);
}


static void
ngx_http_video_status_prometheus(nvm_writer_t *w, ngx_video_core_conf_t *vcf)
{
    ngx_uint_t                     i;
    ngx_shm_zone_t               **zones;
    ngx_http_video_zone_status_t   s;

    zones = vcf->zones.elts;

    for (i = 0; i < vcf->zones.nelts; i++) {
        ngx_http_video_zone_status(ngx_video_zone_store(zones[i]), &s);

        ngx_http_video_status_metric(w, "chunks", &s.name, s.chunks);
        ngx_http_video_status_metric(w, "chunks_free", &s.name,
                                     s.chunks_free);
        ngx_http_video_status_metric(w, "objects", &s.name, s.objects);
        ngx_http_video_status_metric(w, "references", &s.name, s.refs);
        ngx_http_video_status_metric(w, "workers", &s.name, s.workers);
        ngx_http_video_status_metric(w, "evictions_total", &s.name,
                                     s.evictions);
        ngx_http_video_status_metric(w, "refusals_total", &s.name,
                                     s.refusals);
        ngx_http_video_status_metric(w, "wakes_total", &s.name, s.wakes);
    }
}


static char *
ngx_http_video_status(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_video_status_handler;

    return NGX_CONF_OK;
}
