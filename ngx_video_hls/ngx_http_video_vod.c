/*
 * Copyright (C) ngx_video authors
 *
 * Files as presentations: the indexes of all files of an asset, and everything
 * that is rendered from them alone.  Media segments are in
 * ngx_http_video_vod_media.c.
 */

#include "ngx_http_video_hls_module.h"
#include "nvm_cmaf.h"
#include "nvm_dash.h"
#include "nvm_hls.h"


typedef struct {
    ngx_http_video_path_t    *path;
    nvm_index_track_t         track[NVM_MAX_TRACKS];
    nvm_timeline_t            timeline[NVM_MAX_TRACKS];
    char                      name[NVM_MAX_TRACKS][24];
    ngx_uint_t                n;
    char                      prefix[24];
    const char               *query;
    ngx_http_video_select_t   select;
} ngx_http_video_vod_tracks_t;


static ngx_int_t ngx_http_video_vod_indexes(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_vod_segment(ngx_http_request_t *r);
static void ngx_http_video_vod_ts_rate(nvm_index_track_t *t);
static ngx_int_t ngx_http_video_vod_list(ngx_http_request_t *r,
    ngx_http_video_render_pt render);
static ngx_int_t ngx_http_video_vod_render(ngx_http_request_t *r, void *what,
    u_char **text, size_t *len);
static ngx_int_t ngx_http_video_vod_track(ngx_http_request_t *r,
    ngx_uint_t kind, ngx_uint_t number, ngx_http_video_source_t **source,
    nvm_index_track_t *t);


ngx_int_t
ngx_http_video_vod_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    rc = ngx_http_video_asset_open(r);

    if (rc == NGX_OK && ctx->vod->nsources == 1 && ctx->vod->lead == NULL
        && ctx->path.what != NGX_HTTP_VIDEO_SEGMENT)
    {
        /* of one file the epoch is known: its index may not be needed */
        ctx->vod->epoch = ngx_http_video_index_epoch(ctx->vod->sources, NULL);
        rc = ngx_http_video_vod_list(r, NULL);

        if (rc != NGX_DECLINED) {
            return rc;
        }

        rc = NGX_OK;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_video_vod_indexes(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    switch (ctx->path.what) {

    case NGX_HTTP_VIDEO_PART:
        return NGX_HTTP_NOT_FOUND;

    case NGX_HTTP_VIDEO_SEGMENT:
        return ngx_http_video_vod_segment(r);

    default:
        return ngx_http_video_vod_list(r, ngx_http_video_vod_render);
    }
}


/* What HLS has in transport streams: it wants other video in fMP4. */
static ngx_uint_t
ngx_http_video_vod_ts_codec(nvm_track_t *track)
{
    return track->codec == NVM_CODEC_H264 || track->codec == NVM_CODEC_AAC
           || track->codec == NVM_CODEC_MP3 || track->codec == NVM_CODEC_AC3
           || track->codec == NVM_CODEC_EAC3;
}


/* The audio that is muxed with video: the first that can be. */
static ngx_int_t
ngx_http_video_vod_ts_audio(ngx_http_request_t *r,
    ngx_http_video_source_t **source, nvm_index_track_t *t)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    for (n = 0; /* void */ ; n++) {
        rc = ngx_http_video_vod_track(r, NVM_AUDIO, n, source, t);

        if (rc != NGX_OK || ngx_http_video_vod_ts_codec(&t->track)) {
            return rc;
        }
    }
}


/* A segment of one track, or as a transport stream of it and of audio. */
static ngx_int_t
ngx_http_video_vod_segment(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    nvm_index_track_t        *t[2];
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *s[2];

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    t[0] = ngx_palloc(r->pool, 2 * sizeof(nvm_index_track_t));
    if (t[0] == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t[1] = t[0] + 1;

    rc = ngx_http_video_vod_track(r, ctx->path.kind, ctx->path.number, &s[0],
                                  t[0]);

    if (rc != NGX_OK || !ctx->path.ts) {
        return rc == NGX_OK ? ngx_http_video_vod_media(r, s[0], t[0]) : rc;
    }

    if (!ngx_http_video_vod_ts_codec(&t[0]->track)) {
        return NGX_HTTP_NOT_FOUND;
    }

    n = ctx->path.kind == NVM_VIDEO
        && ngx_http_video_vod_ts_audio(r, &s[1], t[1]) == NGX_OK;

    return ngx_http_video_vod_ts(r, s, t, n + 1);
}


/*
 * Opens the index of one source after another until one has video: it leads.
 * Sources before it were cut on their own and are opened again.
 */
static ngx_int_t
ngx_http_video_vod_lead(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_uint_t                i;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *s, *first;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    for ( /* void */ ; vod->next < vod->nsources; vod->next++) {
        s = &vod->sources[vod->next];

        rc = ngx_http_video_index_open(s, NULL);

        if (rc == NGX_DONE) {
            return rc;
        }

        if (rc != NGX_OK) {
            vod->failed = rc;
            ngx_video_object_put(ctx->store, &s->ref);

        } else if (s->head.nvideo) {
            break;
        }
    }

    /* without video the first that can be packaged leads */

    first = vod->next < vod->nsources ? &vod->sources[vod->next] : NULL;

    for (i = 0; i < vod->nsources && first == NULL; i++) {
        first = vod->sources[i].ref.id ? &vod->sources[i] : NULL;
    }

    if (first == NULL) {
        return vod->failed;
    }

    for (i = 0; i < vod->nsources; i++) {
        s = &vod->sources[i];

        if (s != first) {
            ngx_video_object_put(ctx->store, &s->ref);
            ngx_memzero(&s->cursor, sizeof(ngx_video_cursor_t));
            s->task = NULL;
        }
    }

    vod->lead = first;
    vod->next = 0;

    return NGX_OK;
}


/* All sources have an index, or have said why they have none. */
static ngx_int_t
ngx_http_video_vod_indexes(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (vod->lead == NULL) {
        rc = ngx_http_video_vod_lead(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    for ( /* void */ ; vod->next < vod->nsources; vod->next++) {
        s = &vod->sources[vod->next];

        if (s == vod->lead) {
            continue;
        }

        rc = ngx_http_video_index_open(s, vod->lead);

        if (rc == NGX_DONE) {
            return rc;
        }

        if (rc != NGX_OK) {
            /* of several files one that is broken is left out */
            ngx_memzero(&s->head, sizeof(nvm_index_head_t));
            ngx_video_object_put(ctx->store, &s->ref);
        }
    }

    vod->epoch = vod->lead->epoch;

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        if (s != vod->lead && s->ref.id) {
            vod->epoch = ngx_http_video_hash(vod->epoch, &s->epoch,
                                             sizeof(s->epoch));
        }
    }

    return NGX_OK;
}


/* A track by its kind and its number, which is over all sources. */
static ngx_int_t
ngx_http_video_vod_track(ngx_http_request_t *r, ngx_uint_t kind,
    ngx_uint_t number, ngx_http_video_source_t **source, nvm_index_track_t *t)
{
    uint32_t                  i, n;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (ctx->path.epoch && ctx->path.epoch != vod->epoch) {
        /* of a file that was replaced */
        return NGX_HTTP_NOT_FOUND;
    }

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        n = kind == NVM_VIDEO ? s->head.nvideo : s->head.naudio;

        if (number >= n) {
            number -= n;
            continue;
        }

        for (i = 0; i < s->head.ntracks; i++) {

            if (nvm_index_track(&s->src, i, t) != NVM_OK) {
                return NGX_HTTP_INTERNAL_SERVER_ERROR;
            }

            if (t->track.kind == kind && t->name == number) {
                *source = s;
                return NGX_OK;
            }
        }
    }

    return NGX_HTTP_NOT_FOUND;
}


static nvm_err_e
ngx_http_video_vod_master(nvm_writer_t *w, ngx_http_video_vod_tracks_t *t,
    ngx_uint_t ts)
{
    ngx_uint_t            i;
    nvm_hls_master_t      m;
    nvm_hls_rendition_t   renditions[NVM_MAX_TRACKS];

    ngx_memzero(&m, sizeof(nvm_hls_master_t));
    ngx_memzero(renditions, sizeof(renditions));

    for (i = 0; i < t->n; i++) {
        renditions[i].track = &t->track[i].track;
        renditions[i].dir = t->name[i];
    }

    m.renditions = renditions;
    m.nrenditions = t->n;
    m.independent = 1;

    for (i = 0; i < t->n; i++) {
        m.independent &= !t->track[i].dependent;
    }

    m.ts = ts;
    m.query = t->query;

    return nvm_hls_master_write(w, &m);
}


static nvm_err_e
ngx_http_video_vod_manifest(nvm_writer_t *w, ngx_http_video_vod_tracks_t *t)
{
    nvm_dash_t        d;
    ngx_uint_t        i;
    nvm_dash_track_t  tracks[NVM_MAX_TRACKS];

    ngx_memzero(&d, sizeof(nvm_dash_t));
    ngx_memzero(tracks, sizeof(tracks));

    for (i = 0; i < t->n; i++) {
        tracks[i].timeline = &t->timeline[i];
        tracks[i].id = t->name[i];
        tracks[i].prefix = t->prefix;
    }

    d.tracks = tracks;
    d.ntracks = t->n;
    d.query = t->query;

    return nvm_dash_write(w, &d);
}


static nvm_err_e
ngx_http_video_vod_playlist(nvm_writer_t *w, ngx_http_video_vod_tracks_t *t,
    ngx_uint_t ts)
{
    ngx_uint_t       i;
    nvm_hls_media_t  media;

    ngx_memzero(&media, sizeof(nvm_hls_media_t));

    media.prefix = t->prefix;
    media.ts = ts;
    media.query = t->query;
    media.vod = 1;
    media.independent = 1;

    for (i = 0; i < t->timeline[0].nsegments; i++) {
        if (!t->timeline[0].segments[i].independent) {
            media.independent = 0;
        }
    }

    return nvm_hls_media_write(w, &t->timeline[0], &media);
}


static nvm_err_e
ngx_http_video_vod_write(nvm_writer_t *w, void *what)
{
    ngx_http_video_vod_tracks_t *t = what;

    switch (t->path->what) {

    case NGX_HTTP_VIDEO_MASTER:
        return ngx_http_video_vod_master(w, t, t->path->ts);

    case NGX_HTTP_VIDEO_MANIFEST:
        return ngx_http_video_vod_manifest(w, t);

    case NGX_HTTP_VIDEO_PLAYLIST:
        return ngx_http_video_vod_playlist(w, t, t->path->ts);

    default:
        return nvm_cmaf_init_write(w, &t->track[0].track);
    }
}


/*
 * Whether another file had the same audio before: renditions that were muxed
 * with it have a copy each.
 */
static ngx_uint_t
ngx_http_video_vod_again(ngx_http_video_vod_tracks_t *t, nvm_track_t *track)
{
    ngx_uint_t    i;
    nvm_track_t  *o;

    for (i = 0; i < t->n; i++) {
        o = &t->track[i].track;

        if (track->kind == NVM_AUDIO && o->kind == NVM_AUDIO
            && o->codec == track->codec && o->channels == track->channels
            && o->sample_rate == track->sample_rate
            && ngx_strcmp(o->lang, track->lang) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Of a transport stream all audio is of one codec: the first is muxed. */
static ngx_uint_t
ngx_http_video_vod_in_ts(ngx_http_video_vod_tracks_t *t, nvm_track_t *track)
{
    ngx_uint_t  i;

    for (i = 0; track->kind == NVM_AUDIO && i < t->n; i++) {
        if (t->track[i].track.kind == NVM_AUDIO) {
            return t->track[i].track.codec == track->codec;
        }
    }

    return ngx_http_video_vod_ts_codec(track);
}


/* The tracks of a source, of which "first" are before it, by kind. */
static ngx_int_t
ngx_http_video_vod_source(ngx_http_request_t *r, ngx_http_video_source_t *s,
    ngx_http_video_vod_tracks_t *t, ngx_uint_t first[NVM_KINDS])
{
    uint32_t               i;
    ngx_uint_t             n, before;
    nvm_arena_t            arena;
    nvm_track_t           *track;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    ngx_video_pool_arena(&arena, r->pool);
    before = t->n;

    for (i = 0; i < s->head.ntracks && t->n < NVM_MAX_TRACKS; i++) {
        n = t->n;

        if (nvm_index_track(&s->src, i, &t->track[n]) != NVM_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        track = &t->track[n].track;

        ngx_sprintf((u_char *) t->name[n], "%c%ui%Z",
                    track->kind == NVM_VIDEO ? 'v' : 'a',
                    first[track->kind] + t->track[n].name);

        if (!ngx_http_video_selected(&t->select, track, t->name[n])) {
            continue;
        }

        if ((before && ngx_http_video_vod_again(t, track))
            || (ctx->path.ts && !ngx_http_video_vod_in_ts(t, track)))
        {
            continue;
        }

        if (ctx->path.what != NGX_HTTP_VIDEO_MASTER
            && nvm_index_timeline(&s->src, &t->track[n], &arena,
                                  &t->timeline[n])
               != NVM_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (ctx->path.ts) {
            ngx_http_video_vod_ts_rate(&t->track[n]);
        }

        t->n++;
    }

    first[NVM_VIDEO] += s->head.nvideo;
    first[NVM_AUDIO] += s->head.naudio;

    return NGX_OK;
}


/*
 * Of a transport stream the segments that only the audio has, before or after
 * the video's, are in its playlist too.
 */
static ngx_int_t
ngx_http_video_vod_ts_timeline(ngx_http_request_t *r, nvm_timeline_t *tl)
{
    size_t                    i, n;
    uint64_t                  first, last;
    nvm_arena_t               arena;
    nvm_segment_t            *s, *out;
    nvm_timeline_t            audio;
    nvm_index_track_t        *t;
    ngx_http_video_source_t  *source;

    ngx_video_pool_arena(&arena, r->pool);

    t = ngx_palloc(r->pool, sizeof(nvm_index_track_t));
    if (t == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_video_vod_ts_audio(r, &source, t) != NGX_OK
        || tl->nsegments == 0)
    {
        return NGX_OK;
    }

    if (nvm_index_timeline(&source->src, t, &arena, &audio) != NVM_OK) {
        return NGX_ERROR;
    }

    out = nvm_alloc(&arena, tl->nsegments + audio.nsegments,
                    sizeof(nvm_segment_t));
    if (out == NULL) {
        return NGX_ERROR;
    }

    first = tl->segments[0].msn;
    last = tl->segments[tl->nsegments - 1].msn;

    for (i = 0, n = 0; i <= audio.nsegments; i++) {
        s = i < audio.nsegments ? &audio.segments[i] : NULL;

        if (tl->nsegments && (s == NULL || s->msn >= first)) {
            ngx_memcpy(&out[n], tl->segments,
                       tl->nsegments * sizeof(nvm_segment_t));
            n += tl->nsegments;
            tl->nsegments = 0;
        }

        if (s && (s->msn < first || s->msn > last)) {
            out[n] = *s;
            out[n].start = (uint64_t) nvm_rescale((int64_t) s->start,
                                                  tl->track->timescale,
                                                  t->track.timescale);
            out[n].duration = (uint64_t) nvm_rescale((int64_t) s->duration,
                                                     tl->track->timescale,
                                                     t->track.timescale);
            n++;
        }
    }

    tl->segments = out;
    tl->nsegments = n;

    return NGX_OK;
}


/*
 * What a transport stream adds to the rates of a track, in bits a second:
 * packet headers; of a picture the headers and half a packet of stuffing; of
 * audio ADTS, and the same for each group of frames; tables and counters of a
 * segment.
 */
static void
ngx_http_video_vod_ts_rate(nvm_index_track_t *t)
{
    uint64_t      frames, packets, extra, seconds;
    nvm_track_t  *track;

    track = &t->track;
    seconds = ngx_max(track->duration / track->timescale, 1);
    frames = t->nsamples / seconds + 1;

    /* groups of 3072 bytes or 200 ms */
    packets = track->kind == NVM_VIDEO ? frames
              : 6 + track->bandwidth / 8 / 3072;

    extra = packets * (14 + 6 + 8 + 184 / 2)
            + (track->kind == NVM_AUDIO ? frames * 7 : 256)
            + 17 * 188 / ngx_max(t->target, 1);

    track->bandwidth += (uint32_t) (track->bandwidth * 4ull / 184
                                    + extra * 8);
    track->avg_bandwidth += (uint32_t) (track->avg_bandwidth * 4ull / 184
                                        + extra * 8);
}


/* Reads what the answer is rendered from: one track, or all of them. */
static ngx_int_t
ngx_http_video_vod_read(ngx_http_request_t *r, ngx_http_video_vod_tracks_t *t)
{
    ngx_int_t                 rc;
    ngx_uint_t                first[NVM_KINDS];
    nvm_arena_t               arena;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    ngx_sprintf((u_char *) t->prefix, "e%xL/%Z", vod->epoch);
    t->query = vod->query;

    if (ctx->path.what == NGX_HTTP_VIDEO_PLAYLIST
        || ctx->path.what == NGX_HTTP_VIDEO_INIT)
    {
        t->n = 1;
        rc = ngx_http_video_vod_track(r, ctx->path.kind, ctx->path.number, &s,
                                      &t->track[0]);

        if (rc != NGX_OK || ctx->path.what == NGX_HTTP_VIDEO_INIT) {
            return rc;
        }

        ngx_video_pool_arena(&arena, r->pool);

        if (nvm_index_timeline(&s->src, &t->track[0], &arena, &t->timeline[0])
            != NVM_OK
            || (ctx->path.ts && ctx->path.kind == NVM_VIDEO
                && ngx_http_video_vod_ts_timeline(r, &t->timeline[0])
                   != NGX_OK))
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return NGX_OK;
    }

    ngx_memzero(first, sizeof(first));

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        rc = ngx_http_video_vod_source(r, s, t, first);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_vod_render(ngx_http_request_t *r, void *what, u_char **text,
    size_t *len)
{
    ngx_http_video_select_t *select = what;

    ngx_int_t                     rc;
    ngx_http_video_ctx_t         *ctx;
    ngx_http_video_vod_tracks_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    t = ngx_pcalloc(r->pool, sizeof(ngx_http_video_vod_tracks_t));
    if (t == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t->path = &ctx->path;
    t->select = *select;

    rc = ngx_http_video_vod_read(r, t);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_video_write(r, ngx_http_video_vod_write, t, text, len);

    if (rc == NGX_HTTP_NOT_FOUND) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": nothing to list", &ctx->vod->path);
        return NGX_HTTP_UNPROCESSABLE;
    }

    return rc;
}


/* A text of the asset: the epoch and what is asked for tell it apart. */
static ngx_int_t
ngx_http_video_vod_list(ngx_http_request_t *r, ngx_http_video_render_pt render)
{
    u_char                    buf[NGX_VIDEO_KEY_MAX];
    uint64_t                  hash;
    ngx_str_t                 key;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_path_t    *path;
    ngx_http_video_select_t   select;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    path = &ctx->path;
    hash = 0;

    if (path->epoch && path->epoch != ctx->vod->epoch) {
        /* of a file that was replaced */
        return NGX_HTTP_NOT_FOUND;
    }

    if (ngx_http_video_select_init(r, &select) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (path->what == NGX_HTTP_VIDEO_MASTER
        || path->what == NGX_HTTP_VIDEO_MANIFEST)
    {
        hash = ngx_http_video_hash(select.max_height, &select.max_bandwidth,
                                   sizeof(select.max_bandwidth));
        hash = ngx_http_video_hash(hash, select.tracks.data,
                                   select.tracks.len);
    }

    key.data = buf;
    key.len = ngx_sprintf(buf, "text:%xL:%d%d%ui.%ui:%xL", ctx->vod->epoch,
                          (int) path->what, (int) path->ts, path->kind,
                          path->number, hash)
              - buf;

    /* a replaced file has another epoch: noticed at the next manifest */
    return ngx_http_video_send_kept(r, &key, render, &select,
                                    path->epoch ? NGX_HTTP_VIDEO_IMMUTABLE
                                                : NGX_HTTP_VIDEO_NO_CACHE,
                                    ctx->vod->epoch);
}
