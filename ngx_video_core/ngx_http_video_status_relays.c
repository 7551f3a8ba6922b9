/*
 * Copyright (C) ngx_video authors
 *
 * What "video_status" and "video_control" say of pushes and pulls.  The names
 * are a promise: docs/core.md has them.
 *
 * Of a stream there may be several with one URL: of a publisher that stands by,
 * or what is left of one that has gone.  JSON has each of them, Prometheus
 * their sum, since a series may be there once.
 */

#include "ngx_http_video_status.h"


/* bytes of one, strings apart; of those, lines of a step */
#define NGX_HTTP_VIDEO_RELAY       512
#define NGX_HTTP_VIDEO_RELAY_STEP  16


typedef struct {
    const char               *name;
    const char               *type;
    const char               *help;
    size_t                    offset;
} ngx_http_video_relay_metric_t;


#define ngx_http_video_of_relay(member)                                       \
    offsetof(ngx_http_video_relay_status_t, member)

static const ngx_http_video_relay_metric_t  ngx_http_video_relay_metrics[] = {

    { "relay_flowing", "gauge",
      "Connections of pushes and pulls that media go through.",
      ngx_http_video_of_relay(flowing) },

    { "relay_bytes_total", "counter", "Bytes sent by pushes, got by pulls.",
      ngx_http_video_of_relay(info.bytes) },

    { "relay_dropped_messages_total", "counter",
      "Messages that a push has left out.",
      ngx_http_video_of_relay(info.dropped) },

    { "relay_attempts_total", "counter", "Times that it was connected.",
      ngx_http_video_of_relay(info.attempts) }
};

#define NGX_HTTP_VIDEO_RELAY_METRICS                                          \
    (sizeof(ngx_http_video_relay_metrics)                                     \
     / sizeof(ngx_http_video_relay_metrics[0]))


/* ngx_video_relay_kind_e, ngx_video_relay_state_e */
static ngx_str_t  ngx_http_video_relay_kinds[] = {
    ngx_string("push"), ngx_string("pull")
};

static const char *const  ngx_http_video_relay_states[] = {
    "waiting", "connecting", "flowing"
};


static ngx_uint_t
ngx_http_video_relay_same(ngx_http_video_relay_status_t *a,
    ngx_http_video_relay_status_t *b)
{
    return a->store == b->store && a->info.kind == b->info.kind
           && a->info.name.len == b->info.name.len
           && a->info.url.len == b->info.url.len
           && ngx_memcmp(a->info.name.data, b->info.name.data,
                         a->info.name.len) == 0
           && ngx_memcmp(a->info.url.data, b->info.url.data,
                         a->info.url.len) == 0;
}


/* Whether there was one with its labels, to which it has been added. */
static ngx_uint_t
ngx_http_video_relay_added(ngx_http_video_report_t *rp,
    ngx_http_video_relay_status_t *s)
{
    ngx_uint_t                       i;
    ngx_http_video_relay_status_t  **p;

    if (rp->write != ngx_http_video_status_prometheus) {
        return 0;
    }

    p = rp->relays.elts;

    for (i = 0; i < rp->relays.nelts; i++) {

        if (ngx_http_video_relay_same(p[i], s)) {
            p[i]->flowing += s->flowing;
            p[i]->info.bytes += s->info.bytes;
            p[i]->info.dropped += s->info.dropped;
            p[i]->info.attempts += s->info.attempts;
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_video_report_relay(ngx_http_video_report_t *rp,
    ngx_video_store_t *st, ngx_uint_t index)
{
    ngx_http_video_relay_status_t  *s, **p;

    s = ngx_palloc(rp->request->pool, sizeof(ngx_http_video_relay_status_t));
    if (s == NULL) {
        return NGX_ERROR;
    }

    if (ngx_video_relay_stat_read(st, index, &s->info) != NGX_OK
        || (rp->only
            && (rp->only->name.len != s->info.name.len
                || ngx_memcmp(rp->only->name.data, s->info.name.data,
                              s->info.name.len) != 0)))
    {
        return NGX_OK;
    }

    s->store = st;
    s->flowing = (s->info.state == NGX_VIDEO_RELAY_FLOWING);

    if (ngx_http_video_relay_added(rp, s)) {
        return NGX_OK;
    }

    p = ngx_array_push(&rp->relays);
    if (p == NULL) {
        return NGX_ERROR;
    }

    *p = s;

    return NGX_OK;
}


/* A step is one of them; entries that are free cost nothing. */
ngx_int_t
ngx_http_video_report_relays(ngx_http_video_report_t *rp)
{
    ngx_uint_t          i;
    ngx_video_store_t  *st;

    if (rp->group == rp->nzones) {
        return NGX_OK;
    }

    st = ngx_video_zone_store(rp->zones[rp->group]);

    while (rp->item < st->head->nrelays) {
        i = rp->item++;

        if (ngx_video_load(&st->relays[i].id)) {
            return ngx_http_video_report_relay(rp, st, i) == NGX_OK
                   ? NGX_AGAIN : NGX_ERROR;
        }
    }

    rp->item = 0;
    rp->group++;

    return NGX_AGAIN;
}


ngx_int_t
ngx_http_video_status_relays(ngx_http_video_report_t *rp)
{
    nvm_writer_t                    *w;
    ngx_video_relay_info_t          *info;
    ngx_http_video_relay_status_t  **s;

    w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_RELAY);
    if (w == NULL) {
        return NGX_ERROR;
    }

    if (rp->item == 0) {
        nvm_writer_text(w, "],\"relays\":[");
    }

    if (rp->item == rp->relays.nelts) {
        nvm_writer_text(w, "]}\n");
        return NGX_OK;
    }

    s = (ngx_http_video_relay_status_t **) rp->relays.elts + rp->item;
    info = &(*s)->info;

    w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_RELAY
                                       + 6 * ((*s)->store->name.len
                                              + info->name.len
                                              + info->url.len));
    if (w == NULL) {
        return NGX_ERROR;
    }

    nvm_writer_text(w, rp->item ? ",{\"zone\":" : "{\"zone\":");
    ngx_http_video_status_string(w, &(*s)->store->name);
    nvm_writer_text(w, ",\"stream\":");
    ngx_http_video_status_string(w, &info->name);
    nvm_writer_text(w, ",\"kind\":");
    ngx_http_video_status_string(w,
                               &ngx_http_video_relay_kinds[info->kind & 1]);
    nvm_writer_text(w, ",\"url\":");
    ngx_http_video_status_string(w, &info->url);
    nvm_writer_fmt(w, ",\"state\":\"%s\",\"since\":%llu,\"attempts\":%llu,"
                   "\"bytes\":%llu,\"dropped\":%llu}",
                   ngx_http_video_relay_states[ngx_min(info->state, 2)],
                   (unsigned long long) info->since,
                   (unsigned long long) info->attempts,
                   (unsigned long long) info->bytes,
                   (unsigned long long) info->dropped);

    rp->item++;

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_video_metric_relay(ngx_http_video_report_t *rp,
    const ngx_http_video_relay_metric_t *m, ngx_http_video_relay_status_t *s)
{
    nvm_writer_t  *w;

    w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_RELAY
                                       + 2 * (s->store->name.len
                                              + s->info.name.len
                                              + s->info.url.len));
    if (w == NULL) {
        return NGX_ERROR;
    }

    nvm_writer_text(w, "ngx_video_");
    nvm_writer_text(w, m->name);
    nvm_writer_u8(w, '{');
    ngx_http_video_report_label(w, "zone", &s->store->name);
    ngx_http_video_report_label(w, ",stream", &s->info.name);
    ngx_http_video_report_label(w, ",kind",
                             &ngx_http_video_relay_kinds[s->info.kind & 1]);
    ngx_http_video_report_label(w, ",url", &s->info.url);
    ngx_http_video_metric_value(w, *(int64_t *) ((u_char *) s + m->offset),
                                0);

    return NGX_OK;
}


/* Some lines of a metric, which is begun with the first of them. */
ngx_int_t
ngx_http_video_metric_relays(ngx_http_video_report_t *rp, ngx_uint_t metric)
{
    ngx_uint_t                            last;
    nvm_writer_t                         *w;
    ngx_http_video_relay_status_t       **s;
    const ngx_http_video_relay_metric_t  *m;

    if (metric == NGX_HTTP_VIDEO_RELAY_METRICS) {
        return NGX_OK;
    }

    m = &ngx_http_video_relay_metrics[metric];
    s = rp->relays.elts;
    last = ngx_min(rp->item + NGX_HTTP_VIDEO_RELAY_STEP, rp->relays.nelts);

    if (rp->item == 0) {
        w = ngx_http_video_report_room(rp, NGX_HTTP_VIDEO_RELAY);
        if (w == NULL) {
            return NGX_ERROR;
        }

        ngx_http_video_metric_group(w, m->name, m->type, m->help);
    }

    for ( /* void */ ; rp->item < last; rp->item++) {
        if (ngx_http_video_metric_relay(rp, m, s[rp->item]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (last == rp->relays.nelts) {
        rp->item = 0;
        rp->group++;
    }

    return NGX_AGAIN;
}
