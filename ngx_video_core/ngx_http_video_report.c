/*
 * Copyright (C) ngx_video authors
 *
 * The making of an answer of "video_status" or "video_control", in turns:
 * first what is to be told is copied, then it is written into buffers, then
 * all is sent.
 *
 * Between two turns there is a timer.  It is not cancelable, so that a worker
 * that is told to exit finishes what it has begun.
 */

#include "ngx_http_video_status.h"


/* microseconds of a turn, and ms until the next one */
#define NGX_HTTP_VIDEO_REPORT_TURN    500
#define NGX_HTTP_VIDEO_REPORT_PAUSE   1

/* objects whose references are counted in a step */
#define NGX_HTTP_VIDEO_REPORT_OBJECTS  256

/* ms without a sign of life of the transcoder; after 10 s it is killed */
#define NGX_HTTP_VIDEO_REPORT_SILENT  20000

#define NGX_HTTP_VIDEO_REPORT_BUFFER  65536


static ngx_int_t ngx_http_video_report_zones(ngx_http_video_report_t *rp);
static ngx_int_t ngx_http_video_report_lives(ngx_http_video_report_t *rp);
static ngx_int_t ngx_http_video_report_turn(ngx_http_video_report_t *rp);
static void ngx_http_video_report_timer(ngx_event_t *ev);
static void ngx_http_video_report_cleanup(void *data);
static ngx_int_t ngx_http_video_report_send(ngx_http_video_report_t *rp);


ngx_http_video_report_t *
ngx_http_video_report_create(ngx_http_request_t *r)
{
    ngx_http_video_report_t  *rp;

    rp = ngx_pcalloc(r->pool, sizeof(ngx_http_video_report_t));

    if (rp) {
        rp->request = r;
    }

    return rp;
}


ngx_int_t
ngx_http_video_report(ngx_http_request_t *r, ngx_http_video_report_t *rp)
{
    ngx_int_t            rc;
    ngx_pool_cleanup_t  *cln;

    rp->last = &rp->out;
    rp->step = rp->bare ? ngx_http_video_report_lives
                        : ngx_http_video_report_zones;

    rp->zone = ngx_pcalloc(r->pool, ngx_max(rp->nzones, 1)
                                    * sizeof(ngx_http_video_zone_status_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (rp->zone == NULL || cln == NULL
        || ngx_array_init(&rp->streams, r->pool, 16, sizeof(void *))
           != NGX_OK
        || ngx_array_init(&rp->relays, r->pool, 4, sizeof(void *)) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_video_report_cleanup;
    cln->data = rp;

    rp->timer.handler = ngx_http_video_report_timer;
    rp->timer.data = r->connection;
    rp->timer.log = r->connection->log;

    rc = ngx_http_video_report_turn(rp);

    if (rc == NGX_AGAIN) {
        ngx_add_timer(&rp->timer, NGX_HTTP_VIDEO_REPORT_PAUSE);
        r->main->count++;
        return NGX_DONE;
    }

    return rc == NGX_OK ? ngx_http_video_report_send(rp)
                        : NGX_HTTP_INTERNAL_SERVER_ERROR;
}


static uint64_t
ngx_http_video_report_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


static ngx_int_t
ngx_http_video_report_turn(ngx_http_video_report_t *rp)
{
    uint64_t                  end;
    ngx_int_t                 rc;

    end = ngx_http_video_report_now() + NGX_HTTP_VIDEO_REPORT_TURN;

    do {
        rc = rp->step(rp);

        if (rc == NGX_OK && rp->step != rp->write) {
            /* all is there that is to be written */
            rp->step = rp->write;
            rp->group = 0;
            rp->item = 0;
            rc = NGX_AGAIN;
        }

        if (rc != NGX_AGAIN) {
            return rc;
        }

    } while (ngx_http_video_report_now() < end);

    return NGX_AGAIN;
}


static void
ngx_http_video_report_timer(ngx_event_t *ev)
{
    ngx_int_t                 rc;
    ngx_connection_t         *c;
    ngx_http_request_t       *r;
    ngx_http_video_report_t  *rp;

    rp = (ngx_http_video_report_t *)
             ((u_char *) ev - offsetof(ngx_http_video_report_t, timer));
    r = rp->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    rc = ngx_http_video_report_turn(rp);

    if (rc == NGX_AGAIN) {
        ngx_add_timer(ev, NGX_HTTP_VIDEO_REPORT_PAUSE);
        return;
    }

    rc = rc == NGX_OK ? ngx_http_video_report_send(rp)
                      : NGX_HTTP_INTERNAL_SERVER_ERROR;

    ngx_http_finalize_request(r, rc);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_video_report_cleanup(void *data)
{
    ngx_http_video_report_t *rp = data;

    if (rp->timer.timer_set) {
        ngx_del_timer(&rp->timer);
    }
}


void
ngx_http_video_report_label(nvm_writer_t *w, const char *name, ngx_str_t *s)
{
    size_t  i;

    nvm_writer_text(w, name);
    nvm_writer_text(w, "=\"");

    for (i = 0; i < s->len; i++) {
        if (s->data[i] == '"' || s->data[i] == '\\' || s->data[i] == '\n') {
            nvm_writer_u8(w, '\\');
        }

        nvm_writer_u8(w, s->data[i] == '\n' ? 'n' : s->data[i]);
    }

    nvm_writer_u8(w, '"');
}


/* The label of a zone, and of a stream in it. */
static ngx_int_t
ngx_http_video_report_labels(ngx_pool_t *pool, ngx_str_t *zone,
    ngx_str_t *stream, ngx_str_t *labels)
{
    size_t        size;
    nvm_writer_t  w;

    size = sizeof("zone=\"\",stream=\"\"") - 1
           + 2 * (zone->len + (stream ? stream->len : 0));

    labels->data = ngx_pnalloc(pool, size);
    if (labels->data == NULL) {
        return NGX_ERROR;
    }

    nvm_writer_init(&w, labels->data, size);
    ngx_http_video_report_label(&w, "zone", zone);

    if (stream) {
        ngx_http_video_report_label(&w, ",stream", stream);
    }

    labels->len = w.len;

    return w.error ? NGX_ERROR : NGX_OK;
}


static void
ngx_http_video_report_daemon(ngx_http_video_zone_status_t *s,
    ngx_video_daemon_t *d)
{
    uint64_t  now, beat;

    now = ngx_video_now();
    beat = ngx_video_load(&d->beat);

    s->transcoder_starts = ngx_video_load(&d->starts);

    if (now > beat + NGX_HTTP_VIDEO_REPORT_SILENT) {
        /* of one that was taken out of the configuration a sign of life may
           have come late */
        return;
    }

    s->transcoder_pid = ngx_video_load(&d->pid);
    s->transcoder_streams = ngx_video_load(&d->streams);
    s->transcoder_silent = s->transcoder_pid && now > beat
                           ? (now - beat) / 1000 : 0;
}


static ngx_int_t
ngx_http_video_report_zone(ngx_http_video_report_t *rp,
    ngx_http_video_zone_status_t *s, ngx_video_store_t *st)
{
    uint64_t           i;
    ngx_video_head_t  *h;

    h = st->head;

    s->store = st;
    s->chunks = h->nchunks;
    s->chunks_free = h->nfree;
    s->chunks_cached = h->fifo[NGX_VIDEO_QUEUE_SMALL].chunks
                       + h->fifo[NGX_VIDEO_QUEUE_MAIN].chunks;
    s->chunks_reserved = h->reserved;
    s->chunks_lingering = h->lingering;
    s->objects = h->nused;
    s->streams_max = h->nlives;
    s->evictions = h->evictions;
    s->refusals = h->refusals;
    s->cuts = h->cuts;
    s->recoveries = h->recoveries;
    s->wakes = h->wakes;
    ngx_http_video_report_daemon(s, &h->daemon);

    for (i = 0; i < NGX_VIDEO_SLOTS; i++) {
        s->workers += st->slots[i].state == NGX_VIDEO_SLOT_LIVE;
    }

    for (i = 0; i < h->nlives; i++) {
        s->streams += st->lives[i].state != NGX_VIDEO_LIVE_FREE;
    }

    return ngx_http_video_report_labels(rp->request->pool, &st->name, NULL,
                                        &s->labels);
}


/* A zone, and then the references to some of its objects. */
static ngx_int_t
ngx_http_video_report_zones(ngx_http_video_report_t *rp)
{
    uint64_t                       i, slot, last;
    ngx_video_store_t             *st;
    ngx_http_video_zone_status_t  *s;

    if (rp->group == rp->nzones) {
        rp->group = 0;
        rp->step = ngx_http_video_report_lives;
        return NGX_AGAIN;
    }

    st = ngx_video_zone_store(rp->zones[rp->group]);
    s = &rp->zone[rp->group];

    if (rp->item == 0
        && ngx_http_video_report_zone(rp, s, st) != NGX_OK)
    {
        return NGX_ERROR;
    }

    last = ngx_min(rp->item + NGX_HTTP_VIDEO_REPORT_OBJECTS,
                   st->head->nobjects);

    for (i = rp->item; i < last; i++) {

        if (st->objects[i].state == NGX_VIDEO_OBJECT_FREE) {
            continue;
        }

        for (slot = 0; slot < NGX_VIDEO_SLOTS; slot++) {
            s->refs += st->refs[i * NGX_VIDEO_SLOTS + slot];
        }
    }

    rp->item = last;

    if (last == st->head->nobjects) {
        rp->item = 0;
        rp->group++;
    }

    return NGX_AGAIN;
}


/* Each stream once: by the run that it is in, not by those before. */
static ngx_uint_t
ngx_http_video_report_shown(ngx_video_store_t *st, ngx_uint_t i,
    ngx_video_live_info_t *info)
{
    return st->lives[i].state != NGX_VIDEO_LIVE_FREE
           && ngx_video_live_info(st, i, info) == NGX_OK
           && info->state != NGX_VIDEO_LIVE_CONTINUED
           && (info->state != NGX_VIDEO_LIVE_STARTING || info->prev == 0);
}


static void
ngx_http_video_report_track(ngx_http_video_stream_status_t *s, ngx_uint_t n,
    ngx_uint_t *kinds)
{
    nvm_track_t                     t;
    ngx_http_video_track_status_t  *ts;

    ts = &s->tracks[n];

    if (ngx_video_live_track_of(s->store, &s->info, n, &t) != NGX_OK
        || ngx_video_live_edge(s->store, &s->info, n, &ts->edge) != NGX_OK)
    {
        return;
    }

    /* a copy of what another process writes: it has an end in any case */
    ngx_memcpy(ts->codec, t.codecs, NVM_CODECS_LEN);
    ts->codec[NVM_CODECS_LEN - 1] = '\0';

    ts->kind = t.kind < NVM_KINDS ? t.kind : NVM_TEXT;
    ngx_sprintf((u_char *) ts->name, "%c%ui%Z", "vas"[ts->kind],
                kinds[ts->kind]++);

    ts->bandwidth = t.bandwidth;
    ts->average = t.avg_bandwidth;
    ts->width = t.width;
    ts->height = t.height;
    ts->fps = t.fps_den ? (uint32_t) ((uint64_t) t.fps_num * 1000 / t.fps_den)
                        : 0;
    ts->sample_rate = t.sample_rate;
    ts->channels = t.channels;
    ts->segment = ts->edge.duration * 1000 / t.timescale;

    s->ntracks = n + 1;
}


static ngx_int_t
ngx_http_video_report_stream(ngx_http_video_report_t *rp,
    ngx_video_store_t *st, ngx_video_live_info_t *info)
{
    ngx_uint_t                        n, kinds[NVM_KINDS];
    ngx_http_video_stream_status_t   *s, **p;

    s = ngx_pcalloc(rp->request->pool, sizeof(ngx_http_video_stream_status_t));
    p = ngx_array_push(&rp->streams);

    if (s == NULL || p == NULL
        || ngx_http_video_report_labels(rp->request->pool, &st->name,
                                        &info->name, &s->labels)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    *p = s;
    s->store = st;
    s->info = *info;
    s->info.name.data = s->info.name_data;
    s->live = (info->state == NGX_VIDEO_LIVE_LIVE);
    s->recording = (info->recording == NGX_VIDEO_RECORD_ON);
    s->recording_failed = (info->recording == NGX_VIDEO_RECORD_FAILED);

    ngx_memzero(kinds, sizeof(kinds));

    /* those before one that can't be read are told */
    for (n = 0; n < info->ntracks && s->ntracks == n; n++) {
        ngx_http_video_report_track(s, n, kinds);
    }

    (void) ngx_video_live_stat_read(st, &s->info, ngx_video_now(), &s->stats);

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_report_lives(ngx_http_video_report_t *rp)
{
    ngx_video_store_t      *st;
    ngx_video_live_info_t   info;

    if (rp->group == rp->nzones) {
        rp->group = 0;
        rp->step = ngx_http_video_report_relays;
        return NGX_AGAIN;
    }

    st = ngx_video_zone_store(rp->zones[rp->group]);

    if (rp->only) {
        rp->group = rp->nzones;
        return ngx_http_video_report_stream(rp, st, rp->only) == NGX_OK
               ? NGX_AGAIN : NGX_ERROR;
    }

    /* a step is one stream; blocks that are none cost nothing */
    while (rp->item < st->head->nlives) {

        if (ngx_http_video_report_shown(st, rp->item++, &info)) {
            return ngx_http_video_report_stream(rp, st, &info) == NGX_OK
                   ? NGX_AGAIN : NGX_ERROR;
        }
    }

    rp->item = 0;
    rp->group++;

    return NGX_AGAIN;
}


nvm_writer_t *
ngx_http_video_report_room(ngx_http_video_report_t *rp, size_t size)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (rp->buf && rp->writer.size - rp->writer.len >= size) {
        return &rp->writer;
    }

    if (rp->buf) {
        rp->buf->last = rp->buf->pos + rp->writer.len;
        rp->len += rp->writer.len;
    }

    size = ngx_max(size, NGX_HTTP_VIDEO_REPORT_BUFFER);
    b = ngx_create_temp_buf(rp->request->pool, size);
    cl = ngx_alloc_chain_link(rp->request->pool);

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;
    *rp->last = cl;
    rp->last = &cl->next;
    rp->buf = b;

    nvm_writer_init(&rp->writer, b->pos, size);

    return &rp->writer;
}


static ngx_int_t
ngx_http_video_report_send(ngx_http_video_report_t *rp)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = rp->request;

    if (rp->writer.error || ngx_http_video_report_room(rp, 0) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rp->buf->last = rp->buf->pos + rp->writer.len;
    rp->buf->last_buf = (r == r->main);
    rp->buf->last_in_chain = 1;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = rp->len + (off_t) rp->writer.len;
    r->headers_out.content_type.data = (u_char *) rp->type;
    r->headers_out.content_type.len = ngx_strlen(rp->type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_output_filter(r, rp->out);
}
