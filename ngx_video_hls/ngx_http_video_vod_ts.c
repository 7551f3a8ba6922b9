/*
 * Copyright (C) ngx_video authors
 *
 * MPEG-TS segments of a file: a video track muxed with audio, or audio alone.
 *
 * A segment is made in the store, at the pace of the disk, and sent from there
 * when it is complete; who asks for it in the meantime waits for it.  Samples
 * are read in the order in which they go out, as many at a time as the buffer
 * holds: in a file that is interleaved as usual that is one read.
 */

#include "ngx_http_video_ts_sink.h"
#include "ngx_http_video_vod_tables.h"


#define NGX_HTTP_VIDEO_TS_BATCH   (256 * 1024)


/* A track of the segment. */
typedef struct {
    ngx_http_video_source_t  *source;
    nvm_index_track_t        *track;
    nvm_index_segment_t       segment;
    nvm_index_plan_t          plan;
    nvm_sample_t             *samples;
    uint32_t                  next;         /* sample to go out */
} ngx_http_video_ts_track_t;


/* A sample in the order of output. */
typedef struct {
    nvm_sample_t             *sample;
    uint32_t                  track;
    size_t                    at;           /* in the buffer */
} ngx_http_video_ts_item_t;


typedef struct {
    ngx_http_video_ts_track_t  tracks[NGX_HTTP_VIDEO_TS_TRACKS];
    ngx_uint_t                 ntracks;
    ngx_uint_t                 read;        /* tracks whose tables are read */

    ngx_http_video_file_t      file;
    u_char                    *buffer;
    size_t                     size;        /* of buffer */
    size_t                     turn;        /* read since the last turn */

    ngx_http_video_ts_item_t  *items;       /* what is in the buffer */
    nvm_range_t               *ranges;
    ngx_uint_t                 nitems;
    ngx_uint_t                 max;         /* at items and ranges */

    ngx_http_video_ts_sink_t   sink;
    unsigned                   reading:1;
} ngx_http_video_ts_t;


static ngx_int_t ngx_http_video_ts_object(ngx_http_request_t *r,
    ngx_http_video_ts_t *m);
static ngx_int_t ngx_http_video_ts_make(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_ts_tables(ngx_http_request_t *r,
    ngx_http_video_ts_t *m);
static ngx_int_t ngx_http_video_ts_start(ngx_http_request_t *r,
    ngx_http_video_ts_t *m);
static void ngx_http_video_ts_batch(ngx_http_request_t *r,
    ngx_http_video_ts_t *m);
static ngx_int_t ngx_http_video_ts_mux(ngx_http_request_t *r,
    ngx_http_video_ts_t *m);


ngx_int_t
ngx_http_video_vod_ts(ngx_http_request_t *r, ngx_http_video_source_t **sources,
    nvm_index_track_t **tracks, ngx_uint_t n)
{
    ngx_int_t                   rc;
    nvm_err_e                   err;
    ngx_uint_t                  i, found;
    nvm_arena_t                 arena;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_ts_t        *m;
    ngx_http_video_ts_track_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ngx_video_pool_arena(&arena, r->pool);

    m = ngx_pcalloc(r->pool, sizeof(ngx_http_video_ts_t));
    if (m == NULL || ngx_http_video_ref_cleanup(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->vod->media = m;

    for (i = 0, found = 0; i < n; i++) {
        t = &m->tracks[m->ntracks++];
        t->source = sources[i];
        t->track = tracks[i];

        err = nvm_index_segment(&t->source->src, t->track,
                                (uint32_t) ctx->path.msn, &t->segment);

        if (err == NVM_ENOENT) {
            /* it has nothing at that time: the others may */
            t->segment.nsamples = 0;
            continue;
        }

        if (err == NVM_OK && t->segment.nsamples) {
            err = nvm_index_plan(&t->source->src, t->track, &t->segment,
                                 &arena, &t->plan);
            found = 1;
        }

        if (err != NVM_OK) {
            return ngx_http_video_media_error(r, t->source, err);
        }
    }

    if (!found) {
        return NGX_HTTP_NOT_FOUND;
    }

    rc = ngx_http_video_ts_object(r, m);

    if (rc == NGX_OK) {
        return ngx_http_video_made_wait(r);
    }

    return rc == NGX_DONE ? ngx_http_video_ts_make(r) : rc;
}


/* The segment in the store: NGX_OK, or NGX_DONE when it is ours to make. */
static ngx_int_t
ngx_http_video_ts_object(ngx_http_request_t *r, ngx_http_video_ts_t *m)
{
    u_char                     *p, buf[NGX_VIDEO_KEY_MAX];
    ngx_str_t                   key;
    ngx_uint_t                  i;
    ngx_http_video_ctx_t       *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    p = ngx_sprintf(buf, "ts:%uL", ctx->path.msn);

    for (i = 0; i < m->ntracks; i++) {
        p = ngx_sprintf(p, ":%xL.%uD", m->tracks[i].source->epoch,
                        m->tracks[i].track->track.id);
    }

    key.data = buf;
    key.len = p - buf;

    return ngx_http_video_made_open(r, &key);
}


/* Goes on from wherever it was: after each read that a thread has done. */
static ngx_int_t
ngx_http_video_ts_make(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_video_ts_t   *m;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;

    rc = ngx_http_video_ts_tables(r, m);

    if (rc == NGX_OK && m->items == NULL) {
        rc = ngx_http_video_ts_start(r, m);
    }

    while (rc == NGX_OK) {

        if (!m->reading) {
            ngx_http_video_ts_batch(r, m);
            m->reading = 1;
        }

        if (m->nitems == 0) {
            break;
        }

        if (m->turn >= NGX_HTTP_VIDEO_TS_TURN) {
            m->turn = 0;
            return ngx_http_video_file_yield(&m->file);
        }

        rc = ngx_http_video_file_read(&m->file);

        if (rc == NGX_OK) {
            m->reading = 0;
            m->turn += m->file.size;
            rc = ngx_http_video_ts_mux(r, m);
        }
    }

    if (rc == NGX_DONE) {
        return NGX_DONE;
    }

    rc = ngx_http_video_ts_sink_end(r, &m->sink, &ctx->vod->path, rc);

    if (rc == NGX_OK) {
        return ngx_http_video_made_wait(r);
    }

    ngx_video_object_abort(ctx->store, &ctx->ref);

    return rc;
}


/* Reads the entries of the tables, track by track. */
static ngx_int_t
ngx_http_video_ts_tables(ngx_http_request_t *r, ngx_http_video_ts_t *m)
{
    ngx_int_t                   rc;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_file_t      *f;
    ngx_http_video_ts_track_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    f = &m->file;

    for ( /* void */ ; m->read < m->ntracks; m->read++) {
        t = &m->tracks[m->read];

        if (t->segment.nsamples == 0) {
            continue;
        }

        if (!f->reading) {
            /* what the index had to say has been read */
            ngx_video_object_put(ctx->store, &t->source->ref);

            f->request = r;
            f->resume = ngx_http_video_ts_make;

            if (ngx_http_video_tables_start(f, t->source, &t->plan, r->pool)
                != NGX_OK)
            {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }
        }

        rc = ngx_http_video_tables_read(f, t->source, t->track, &t->segment,
                                        &t->plan, r->pool, &t->samples);

        if (rc != NGX_OK) {
            return rc == NGX_DONE ? rc : NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_OK;
}


/* Buffers, and the head of the segment. */
static ngx_int_t
ngx_http_video_ts_start(ngx_http_request_t *r, ngx_http_video_ts_t *m)
{
    uint32_t               k;
    ngx_uint_t             i;
    const nvm_track_t     *tracks[NGX_HTTP_VIDEO_TS_TRACKS];
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    m->size = NGX_HTTP_VIDEO_TS_BATCH;
    m->max = NGX_HTTP_VIDEO_FILE_IOVS / 2;

    for (i = 0; i < m->ntracks; i++) {
        tracks[i] = &m->tracks[i].track->track;

        for (k = 0; k < m->tracks[i].segment.nsamples; k++) {
            m->size = ngx_max(m->size, m->tracks[i].samples[k].size);
        }
    }

    m->items = ngx_palloc(r->pool, m->max * sizeof(ngx_http_video_ts_item_t));
    m->ranges = ngx_palloc(r->pool, m->max * sizeof(nvm_range_t));
    m->buffer = ngx_palloc(r->pool, m->size);

    if (m->items == NULL || m->ranges == NULL || m->buffer == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_video_ts_sink_begin(r, &m->sink, &ctx->vod->path, tracks,
                                        m->ntracks);
}


/* The track whose next sample is the earliest; NULL at the end. */
static ngx_http_video_ts_track_t *
ngx_http_video_ts_earliest(ngx_http_video_ts_t *m)
{
    uint64_t                    time, best;
    ngx_uint_t                  i;
    nvm_track_t                *track;
    ngx_http_video_ts_track_t  *t, *first;

    first = NULL;
    best = 0;

    for (i = 0; i < m->ntracks; i++) {
        t = &m->tracks[i];

        if (t->next == t->segment.nsamples) {
            continue;
        }

        track = &t->track->track;
        time = (uint64_t) ngx_http_video_ts_time(track,
                                          (int64_t) t->samples[t->next].dts
                                          - t->track->early);

        if (first == NULL || time < best) {
            first = t;
            best = time;
        }
    }

    return first;
}


/* The next samples that fit into the buffer and are of one file. */
static void
ngx_http_video_ts_batch(ngx_http_request_t *r, ngx_http_video_ts_t *m)
{
    size_t                      len;
    nvm_sample_t               *s;
    ngx_http_video_file_t      *f;
    ngx_http_video_source_t    *source;
    ngx_http_video_ts_item_t   *item;
    ngx_http_video_ts_track_t  *t;

    source = NULL;
    m->nitems = 0;
    len = 0;

    for ( ;; ) {
        t = ngx_http_video_ts_earliest(m);

        if (t == NULL || m->nitems == m->max
            || (source && t->source != source))
        {
            break;
        }

        s = &t->samples[t->next];

        if (s->size > m->size - len) {
            break;
        }

        source = t->source;
        t->next++;

        if (s->size == 0) {
            continue;
        }

        m->ranges[m->nitems].offset = s->offset;
        m->ranges[m->nitems].size = s->size;

        item = &m->items[m->nitems++];
        item->sample = s;
        item->track = (uint32_t) (t - m->tracks);
        item->at = len;

        len += s->size;
    }

    if (m->nitems == 0) {
        return;
    }

    f = &m->file;
    f->path = &source->path;
    f->fd = source->file.fd;
    f->ranges = m->ranges;
    f->nranges = m->nitems;
    f->range = 0;
    f->done = 0;
    f->filled = 0;
    f->buffer = m->buffer;
    f->size = len;
}


static ngx_int_t
ngx_http_video_ts_mux(ngx_http_request_t *r, ngx_http_video_ts_t *m)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    nvm_sample_t               *s;
    nvm_track_t                *track;
    nvm_ts_sample_t             out;
    ngx_http_video_ts_item_t   *item;
    ngx_http_video_ts_track_t  *t;

    for (i = 0; i < m->nitems; i++) {
        item = &m->items[i];
        t = &m->tracks[item->track];
        track = &t->track->track;
        s = item->sample;

        out.data = m->buffer + item->at;
        out.size = s->size;
        /* a transport stream has no presentation before decoding */
        out.dts = (uint64_t) ngx_http_video_ts_time(track, (int64_t) s->dts
                                                    - t->track->early);
        out.pts = (uint64_t) ngx_http_video_ts_time(track, (int64_t) s->dts
                                                    + s->cts);
        out.track = item->track;
        out.key = s->key;

        rc = ngx_http_video_ts_sink_sample(r, &m->sink, &t->source->path,
                                           &out, s->offset);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}
