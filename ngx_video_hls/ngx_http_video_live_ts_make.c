/*
 * Copyright (C) ngx_video authors
 *
 * Making a segment of a live transport stream: the samples of its tracks in
 * the order of their times, from where they lie, into chunks of the store.  No
 * more than a turn's worth of bytes at once, so that a large segment does not
 * keep others waiting.
 */

#include "ngx_http_video_live_ts.h"


/*
 * 90 kHz; what pictures are decoded ahead of the times that the parts have.
 * Those are made even, and a picture that the publisher stamped earlier would
 * be shown before it is decoded, which a transport stream has no way to say.
 */
#define NGX_HTTP_VIDEO_TS_AHEAD  9000

/* ms of audio after the last picture of a run */
#define NGX_HTTP_VIDEO_TS_TAIL   1000


struct ngx_http_video_live_ts_s {
    ngx_video_live_info_t     info;
    ngx_http_video_ts_set_t   set;
    ngx_http_video_handler_pt  done;        /* when it is made */
    ngx_http_video_cmaf_t     source[NGX_HTTP_VIDEO_TS_TRACKS];
    uint64_t                  from;         /* of the audio, in its ticks */
    uint64_t                  to;
    uint64_t                  dts;          /* of the video's last sample */
    unsigned                  ended[NGX_HTTP_VIDEO_TS_TRACKS];
    unsigned                  begun;        /* the first track has samples */

    ngx_http_video_file_t     file;         /* to yield with */
    size_t                    turn;         /* bytes since the last one */

    ngx_http_video_ts_sink_t  sink;
};

typedef struct ngx_http_video_live_ts_s  ngx_http_video_live_ts_t;


static ngx_int_t ngx_http_video_live_ts_begin(ngx_http_request_t *r,
    ngx_http_video_live_ts_t *m, ngx_http_video_ts_span_t *span);
static ngx_int_t ngx_http_video_live_ts_resume(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_live_ts_go_on(ngx_http_request_t *r,
    ngx_http_video_live_ts_t *m);
static ngx_int_t ngx_http_video_live_ts_end(ngx_http_request_t *r,
    ngx_http_video_live_ts_t *m, ngx_int_t rc);


static void
ngx_http_video_live_ts_cleanup(void *data)
{
    ngx_http_video_live_ts_t *m = data;

    ngx_uint_t  i;

    for (i = 0; i < m->set.ntracks; i++) {
        ngx_http_video_cmaf_close(&m->source[i]);
    }
}


ngx_int_t
ngx_http_video_live_ts_make(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_ts_set_t *set,
    ngx_http_video_ts_span_t *span)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_pool_cleanup_t        *cln;
    ngx_http_video_ctx_t      *ctx;
    ngx_http_video_cmaf_t     *c;
    ngx_http_video_live_ts_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_video_live_ts_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    m = cln->data;
    ngx_memzero(m, sizeof(ngx_http_video_live_ts_t));

    m->info = *info;
    m->info.name.data = m->info.name_data;
    m->set = *set;
    m->done = ctx->handler;
    m->file.request = r;
    m->file.resume = ngx_http_video_live_ts_resume;
    ctx->ts = m;

    for (i = 0; i < set->ntracks; i++) {
        c = &m->source[i];
        c->request = r;
        c->store = ctx->store;
        c->info = &m->info;
        c->number = set->number[i];
        c->track = set->track[i];
        c->resume = ngx_http_video_live_ts_resume;
    }

    cln->handler = ngx_http_video_live_ts_cleanup;

    rc = ngx_http_video_live_ts_begin(r, m, span);

    if (rc == NGX_OK) {
        rc = ngx_http_video_live_ts_go_on(r, m);
    }

    return rc == NGX_DONE ? NGX_DONE : ngx_http_video_live_ts_end(r, m, rc);
}


/* Where the audio of the segment begins and ends, and what has it. */
static ngx_int_t
ngx_http_video_live_ts_audio(ngx_http_request_t *r,
    ngx_http_video_live_ts_t *m, ngx_http_video_ts_span_t *span)
{
    uint64_t                end;
    ngx_int_t               rc;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_cmaf_t  *c;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    c = &m->source[1];
    end = span->end;

    if (span->last) {
        end += (uint64_t) m->set.track[0]->timescale
               * NGX_HTTP_VIDEO_TS_TAIL / 1000;
    }

    m->from = ngx_http_video_live_ts_bound(&m->set, span->start);
    m->to = ngx_http_video_live_ts_bound(&m->set, end);

    rc = ngx_video_live_at(ctx->store, &m->info, c->number, m->from, &c->msn);

    if (rc == NGX_DECLINED) {
        /* it has left memory just before the video */
        return NGX_HTTP_NOT_FOUND;
    }

    m->ended[1] = (rc != NGX_OK);
    c->last = UINT64_MAX;

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_live_ts_begin(ngx_http_request_t *r,
    ngx_http_video_live_ts_t *m, ngx_http_video_ts_span_t *span)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    m->source[0].msn = ctx->path.msn;
    m->source[0].last = ctx->path.msn;
    m->dts = (uint64_t) nvm_rescale((int64_t) span->start, 90000,
                                    m->set.track[0]->timescale)
             + NGX_HTTP_VIDEO_TS_START - NGX_HTTP_VIDEO_TS_AHEAD - 1;

    if (m->set.ntracks > 1) {
        rc = ngx_http_video_live_ts_audio(r, m, span);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_video_ts_sink_begin(r, &m->sink, &m->info.name,
                               (const nvm_track_t *const *) m->set.track,
                               m->set.ntracks);
}


/* The next sample of a track that is of the segment, unless it has ended. */
static ngx_int_t
ngx_http_video_live_ts_peek(ngx_http_video_live_ts_t *m, ngx_uint_t i)
{
    ngx_int_t               rc;
    ngx_http_video_cmaf_t  *c;

    c = &m->source[i];

    while (!m->ended[i]) {
        rc = ngx_http_video_cmaf_peek(c);

        if (rc != NGX_OK && rc != NGX_DECLINED) {
            return rc;
        }

        if (rc == NGX_DECLINED && i == 0 && !m->begun) {
            /* it has gone since it was found */
            return NGX_HTTP_NOT_FOUND;
        }

        if (rc == NGX_DECLINED || (i && c->sample.dts >= m->to)) {
            m->ended[i] = 1;
            ngx_http_video_cmaf_close(c);
            break;
        }

        if (i == 0 || c->sample.dts >= m->from) {
            m->begun |= (i == 0);
            break;
        }

        ngx_http_video_cmaf_pass(c);
    }

    return NGX_OK;
}


static int64_t
ngx_http_video_live_ts_dts(ngx_http_video_cmaf_t *c)
{
    return ngx_http_video_ts_time(c->track, (int64_t) c->sample.dts)
           - (c->track->kind == NVM_VIDEO ? NGX_HTTP_VIDEO_TS_AHEAD : 0);
}


/* The track whose next sample is the earliest; -1 at the end. */
static ngx_int_t
ngx_http_video_live_ts_earliest(ngx_http_video_live_ts_t *m)
{
    int64_t     dts, best;
    ngx_int_t   first;
    ngx_uint_t  i;

    first = -1;
    best = 0;

    for (i = 0; i < m->set.ntracks; i++) {

        if (m->ended[i]) {
            continue;
        }

        dts = ngx_http_video_live_ts_dts(&m->source[i]);

        if (first == -1 || dts < best) {
            first = (ngx_int_t) i;
            best = dts;
        }
    }

    return first;
}


/*
 * Times of a picture: decoded after the one before it, also after the last of
 * the segment before, and not shown before that.
 */
static void
ngx_http_video_live_ts_times(ngx_http_video_live_ts_t *m,
    ngx_http_video_cmaf_t *c, nvm_ts_sample_t *out)
{
    int64_t  pts, dts;

    pts = ngx_http_video_ts_time(c->track, (int64_t) c->sample.dts
                                           + c->sample.cts);

    if (c->track->kind == NVM_AUDIO) {
        out->pts = (uint64_t) pts;
        out->dts = out->pts;
        return;
    }

    dts = ngx_min(ngx_http_video_live_ts_dts(c), pts);
    dts = ngx_max(dts, (int64_t) m->dts + 1);

    m->dts = (uint64_t) dts;
    out->dts = (uint64_t) dts;
    out->pts = (uint64_t) ngx_max(pts, dts);
}


static ngx_int_t
ngx_http_video_live_ts_sample(ngx_http_request_t *r,
    ngx_http_video_live_ts_t *m, ngx_uint_t i)
{
    u_char                 *data;
    ngx_int_t               rc;
    nvm_ts_sample_t         out;
    ngx_http_video_cmaf_t  *c;

    c = &m->source[i];
    rc = ngx_http_video_cmaf_data(c, &data);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&out, sizeof(nvm_ts_sample_t));
    out.data = data;
    out.size = c->sample.size;
    out.track = (uint32_t) i;
    out.key = c->sample.key;
    ngx_http_video_live_ts_times(m, c, &out);

    rc = ngx_http_video_ts_sink_sample(r, &m->sink, &m->info.name, &out,
                                       c->sample.offset);

    if (rc != NGX_OK) {
        return rc;
    }

    m->turn += c->sample.size;
    ngx_http_video_cmaf_pass(c);

    return NGX_OK;
}


/* From wherever it was: NGX_OK at the end, NGX_DONE. */
static ngx_int_t
ngx_http_video_live_ts_go_on(ngx_http_request_t *r,
    ngx_http_video_live_ts_t *m)
{
    ngx_int_t   rc, first;
    ngx_uint_t  i;

    for ( ;; ) {

        for (i = 0; i < m->set.ntracks; i++) {
            rc = ngx_http_video_live_ts_peek(m, i);

            if (rc != NGX_OK) {
                return rc;
            }
        }

        first = ngx_http_video_live_ts_earliest(m);

        if (first == -1) {
            return NGX_OK;
        }

        rc = ngx_http_video_live_ts_sample(r, m, (ngx_uint_t) first);

        if (rc != NGX_OK) {
            return rc;
        }

        if (m->turn >= NGX_HTTP_VIDEO_TS_TURN) {
            m->turn = 0;
            return ngx_http_video_file_yield(&m->file);
        }
    }
}


/* After a turn of others, or a read that a thread has done. */
static ngx_int_t
ngx_http_video_live_ts_resume(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_video_ctx_t      *ctx;
    ngx_http_video_live_ts_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->ts;

    rc = ngx_http_video_live_ts_go_on(r, m);

    if (rc == NGX_DONE) {
        return NGX_DONE;
    }

    rc = ngx_http_video_live_ts_end(r, m, rc);

    return rc == NGX_OK ? m->done(r) : rc;
}


/* The segment is whole, or there is none: "rc" is the status. */
static ngx_int_t
ngx_http_video_live_ts_end(ngx_http_request_t *r, ngx_http_video_live_ts_t *m,
    ngx_int_t rc)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_http_video_live_ts_cleanup(m);

    rc = ngx_http_video_ts_sink_end(r, &m->sink, &m->info.name, rc);

    if (rc != NGX_OK) {
        ngx_http_video_object_fail(ctx->store, &ctx->ref, (uint16_t) rc);
    }

    return rc;
}
