/*
 * Copyright (C) ngx_video authors
 *
 * ASSET/progressive.mp4: the best video and the first audio that are listed
 * as one plain file, ftyp and moov first.
 *
 * What stands before the samples is made once, by a thread, and kept in the
 * store for all workers; it tells the length of the file and where in it each
 * segment of the index begins.  So nothing but the header of the answer is
 * left to fail when that is there, and a range is found without a walk.
 */

#include "ngx_http_video_vod_progressive.h"


/* nginx's filter of ranges; its headers don't declare it */
extern ngx_module_t  ngx_http_range_body_filter_module;


static ngx_int_t ngx_http_video_progressive_tracks(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m);
static ngx_int_t ngx_http_video_progressive_object(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m);
static ngx_int_t ngx_http_video_progressive_wait(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_progressive_read(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m);
static ngx_int_t ngx_http_video_progressive_send(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m);


ngx_int_t
ngx_http_video_vod_progressive(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_video_ctx_t          *ctx;
    ngx_http_video_progressive_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    m = ngx_pcalloc(r->pool, sizeof(ngx_http_video_progressive_t));
    if (m == NULL || ngx_http_video_ref_cleanup(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->vod->media = m;
    ctx->handler = ngx_http_video_progressive_wait;

    rc = ngx_http_video_progressive_tracks(r, m);

    if (rc == NGX_OK) {
        rc = ngx_http_video_progressive_object(r, m);
    }

    if (rc == NGX_OK) {
        return ngx_http_video_progressive_wait(r);
    }

    return rc == NGX_DONE ? ngx_http_video_moov_make(r, m) : rc;
}


/* Takes the place of the one that was chosen before, if it is better. */
static ngx_int_t
ngx_http_video_progressive_choose(ngx_http_request_t *r,
    ngx_http_video_progressive_track_t *best, ngx_http_video_source_t *s,
    nvm_index_track_t *t)
{
    uint32_t      area, other;
    nvm_track_t  *track, *chosen;

    track = &t->track;

    if (best->track) {
        chosen = &best->track->track;
        area = (uint32_t) track->width * track->height;
        other = (uint32_t) chosen->width * chosen->height;

        if (track->kind != NVM_VIDEO || area < other
            || (area == other && track->bandwidth <= chosen->bandwidth))
        {
            return NGX_OK;
        }

    } else {
        best->track = ngx_palloc(r->pool, sizeof(nvm_index_track_t));
        if (best->track == NULL) {
            return NGX_ERROR;
        }
    }

    best->source = s;
    *best->track = *t;

    return NGX_OK;
}


/* Looks at the tracks of a source, of which first[kind] are before it. */
static ngx_int_t
ngx_http_video_progressive_source(ngx_http_request_t *r,
    ngx_http_video_source_t *s, ngx_http_video_select_t *select,
    ngx_uint_t first[NVM_KINDS],
    ngx_http_video_progressive_track_t best[NVM_KINDS])
{
    u_char             name[24];
    uint32_t           i;
    nvm_kind_e         kind;
    nvm_index_track_t  t;

    for (i = 0; i < s->head.ntracks; i++) {

        if (nvm_index_track(&s->src, i, &t) != NVM_OK) {
            return NGX_ERROR;
        }

        kind = t.track.kind;

        if (kind != NVM_VIDEO && kind != NVM_AUDIO) {
            continue;
        }

        ngx_sprintf(name, "%c%ui%Z", kind == NVM_VIDEO ? 'v' : 'a',
                    first[kind] + t.name);

        if (!ngx_http_video_selected(select, &t.track, (char *) name)) {
            continue;
        }

        if (ngx_http_video_progressive_choose(r, &best[kind], s, &t)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    first[NVM_VIDEO] += s->head.nvideo;
    first[NVM_AUDIO] += s->head.naudio;

    return NGX_OK;
}


/* Chooses: video first, which is how the tracks of the file are numbered. */
static ngx_int_t
ngx_http_video_progressive_tracks(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    ngx_uint_t                           first[NVM_KINDS];
    ngx_http_video_ctx_t                *ctx;
    ngx_http_video_vod_t                *vod;
    ngx_http_video_select_t              select;
    ngx_http_video_source_t             *s;
    ngx_http_video_progressive_track_t   best[NVM_KINDS];

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (ngx_http_video_select_init(r, &select) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(first, sizeof(first));
    ngx_memzero(best, sizeof(best));

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        if (ngx_http_video_progressive_source(r, s, &select, first, best)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (best[NVM_VIDEO].track) {
        m->tracks[m->n++] = best[NVM_VIDEO];
    }

    if (best[NVM_AUDIO].track) {
        m->tracks[m->n++] = best[NVM_AUDIO];
    }

    if (m->n == 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": nothing to list", &vod->path);
        return NGX_HTTP_UNPROCESSABLE;
    }

    /* what the answer's type is told by */
    ctx->path.kind = m->tracks[0].track->track.kind;

    return NGX_OK;
}


/* What is before the samples: NGX_OK, or NGX_DONE when it is ours to make. */
static ngx_int_t
ngx_http_video_progressive_object(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    u_char                *p;
    ngx_int_t              rc;
    ngx_uint_t             i;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    m->key.data = ngx_pnalloc(r->pool, NGX_VIDEO_KEY_MAX);
    if (m->key.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(m->key.data, "progressive", sizeof("progressive") - 1);

    for (i = 0; i < m->n; i++) {
        p = ngx_sprintf(p, ":%xL.%uD", m->tracks[i].source->epoch,
                        m->tracks[i].track->track.id);
    }

    m->key.len = p - m->key.data;

    rc = ngx_video_object_open(ctx->store, &m->key, 0, NGX_VIDEO_OPEN_CREATE,
                               &ctx->ref);

    if (rc == NGX_ERROR) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "video zone \"%V\" is full: no moov of \"%V\"",
                      &ctx->store->name, &ctx->vod->path);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ctx->writing = (rc == NGX_DONE);

    return rc;
}


static ngx_int_t
ngx_http_video_progressive_wait(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_video_ctx_t          *ctx;
    ngx_http_video_progressive_t  *m;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    m = ctx->vod->media;

    if (m->status) {
        return m->status;
    }

    rc = ngx_http_video_object_wait(r, &ctx->ref);

    if (rc == NGX_DECLINED) {
        /* who made it has logged why */
        return ngx_http_video_object_status(ctx->store, &ctx->ref);
    }

    return rc == NGX_OK ? ngx_http_video_progressive_send(r, m) : rc;
}


static ngx_int_t
ngx_http_video_progressive_read(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    uint64_t                            filled;
    ngx_http_video_ctx_t               *ctx;
    ngx_http_video_progressive_head_t  *head;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    head = &m->head;
    filled = ngx_video_object_filled(ctx->store, &ctx->ref);

    if (ngx_http_video_object_read(ctx->store, &ctx->ref, &ctx->cursor, 0,
                                   head, sizeof(*head))
        != NGX_OK
        || head->magic != NGX_HTTP_VIDEO_PROGRESSIVE_MAGIC
        || head->nsegments == 0 || head->nsegments > NVM_MAX_SAMPLES
        || filled != sizeof(*head) + head->nsegments * sizeof(uint64_t)
                     + head->head)
    {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "video moov of \"%V\" is damaged", &ctx->vod->path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Type, lifetime, ETag and the rest; the newest of all files is the date. */
static ngx_int_t
ngx_http_video_progressive_headers(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    time_t                    mtime;
    uint64_t                  tag;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    mtime = ctx->vod->of.mtime;

    for (s = ctx->vod->sources; s < ctx->vod->sources + ctx->vod->nsources;
         s++)
    {
        mtime = ngx_max(mtime, s->of.mtime);
    }

    tag = ngx_http_video_hash(0xcbf29ce484222325ULL, m->key.data, m->key.len);

    if (ngx_http_video_headers(r, NGX_HTTP_VIDEO_NO_CACHE, ctx->vod->epoch,
                               tag)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_out.last_modified_time = mtime;
    r->headers_out.content_length_n = (off_t) (m->head.head
                                               + m->head.payload);

    return NGX_OK;
}


/*
 * The range that nginx's filter has found in the request, from what it tells
 * the client: "bytes 0-499/1234".
 */
static ngx_int_t
ngx_http_video_progressive_range(ngx_http_request_t *r, off_t *from,
    off_t *len)
{
    u_char           *p, *dash;
    ngx_table_elt_t  *h;

    *from = 0;
    *len = r->headers_out.content_length_n;

    if (r->headers_out.status != NGX_HTTP_PARTIAL_CONTENT) {
        return NGX_OK;
    }

    h = r->headers_out.content_range;

    if (h == NULL || h->value.len < sizeof("bytes ") - 1) {
        return NGX_ERROR;
    }

    p = h->value.data + sizeof("bytes ") - 1;
    dash = ngx_strlchr(p, h->value.data + h->value.len, '-');

    if (dash == NULL) {
        return NGX_ERROR;
    }

    *from = ngx_atoof(p, dash - p);

    return *from == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


/*
 * Everything that can fail before the body has failed by now.  The body
 * begins with the first byte of the range: nginx's filter would drop what is
 * before it, after it had been read.
 */
static ngx_int_t
ngx_http_video_progressive_send(ngx_http_request_t *r,
    ngx_http_video_progressive_t *m)
{
    off_t                     from, len, total;
    ngx_int_t                 rc;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    /* a slow client would keep what can be found again */

    for (s = ctx->vod->sources; s < ctx->vod->sources + ctx->vod->nsources;
         s++)
    {
        ngx_http_video_index_close(s);
    }

    if (ngx_http_video_mdat_check(r) != NGX_OK) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    if (ngx_http_video_progressive_read(r, m) != NGX_OK
        || ngx_http_video_progressive_headers(r, m) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    total = r->headers_out.content_length_n;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    ngx_http_set_ctx(r, NULL, ngx_http_range_body_filter_module);

    if (ngx_http_video_progressive_range(r, &from, &len) != NGX_OK
        || from < 0 || len <= 0 || from > total - len)
    {
        return NGX_ERROR;
    }

    return ngx_http_video_mdat_send(r, m, (uint64_t) from, (uint64_t) len);
}
