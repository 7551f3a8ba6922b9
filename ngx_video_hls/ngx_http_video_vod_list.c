/*
 * Copyright (C) ngx_video authors
 *
 * What is rendered from the indexes of an asset alone: playlists, manifests,
 * init segments.
 */

#include "ngx_http_video_vod_list.h"
#include "nvm_cmaf.h"


nvm_err_e
ngx_http_video_vod_master(nvm_writer_t *w, ngx_http_video_vod_tracks_t *t)
{
    ngx_uint_t            i;
    nvm_hls_master_t      m;
    nvm_hls_rendition_t   renditions[NVM_MAX_TRACKS];

    ngx_memzero(&m, sizeof(nvm_hls_master_t));
    ngx_memzero(renditions, sizeof(renditions));

    m.renditions = renditions;
    m.nrenditions = t->n - t->nkeys;
    m.independent = 1;

    for (i = 0; i < m.nrenditions; i++) {
        renditions[i].track = &t->track[i].track;
        renditions[i].dir = t->name[i];
        ngx_http_video_described_rendition(t->source[i], &renditions[i]);
        m.independent &= !t->track[i].dependent;
    }

    for ( /* void */ ; i < t->n; i++) {
        renditions[t->of[i]].keys = &t->track[i].track;
    }

    m.captions = t->captions.list;
    m.ncaptions = t->captions.n;
    m.uncaptioned = t->captions.none;
    m.images = t->imaged ? &t->images : NULL;
    m.ts = t->path->ts;
    m.query = t->query;

    return nvm_hls_master_write(w, &m);
}


/* NULL: the track is clear. */
static ngx_video_protection_t *
ngx_http_video_vod_protection(ngx_http_video_vod_tracks_t *t, ngx_uint_t i)
{
    return t->protection[t->track[i].track.kind];
}


void
ngx_http_video_vod_period(ngx_http_video_vod_tracks_t *t,
    nvm_dash_track_t tracks[NVM_MAX_TRACKS], nvm_dash_period_t *p)
{
    ngx_uint_t  i;

    ngx_memzero(tracks, NVM_MAX_TRACKS * sizeof(nvm_dash_track_t));

    for (i = 0; i < t->n; i++) {
        tracks[i].timeline = &t->timeline[i];
        tracks[i].id = t->name[i];
        tracks[i].prefix = t->prefix;
        tracks[i].protection = ngx_http_video_vod_protection(t, i)
                               ? ngx_http_video_vod_protection(t, i)->dash
                               : NULL;
        ngx_http_video_described_set(t->source[i], &tracks[i]);
    }

    for (i = t->n - t->nkeys; i < t->n; i++) {
        tracks[i].keys_of = t->name[t->of[i]];
    }

    p->tracks = tracks;
    p->id = NULL;
    p->start = 0;
    p->ntracks = t->n;
}


static nvm_err_e
ngx_http_video_vod_manifest(nvm_writer_t *w, ngx_http_video_vod_tracks_t *t)
{
    nvm_dash_t         d;
    nvm_dash_track_t   tracks[NVM_MAX_TRACKS];
    nvm_dash_period_t  period;

    ngx_memzero(&d, sizeof(nvm_dash_t));
    ngx_http_video_vod_period(t, tracks, &period);

    d.periods = &period;
    d.nperiods = 1;
    d.captions = t->captions.list;
    d.ncaptions = t->captions.n;
    d.images = t->imaged ? &t->images : NULL;
    d.query = t->query;

    return nvm_dash_write(w, &d);
}


void
ngx_http_video_vod_media_list(ngx_http_video_vod_tracks_t *t,
    nvm_hls_media_t *media)
{
    ngx_uint_t  i;

    ngx_memzero(media, sizeof(nvm_hls_media_t));

    media->prefix = t->prefix;
    media->ts = t->path->ts;
    media->query = t->query;
    media->vtt = (t->path->kind == NVM_TEXT);
    media->keys = t->path->keys;
    media->vod = 1;
    media->independent = 1;
    media->protection = ngx_http_video_vod_protection(t, 0)
                        ? ngx_http_video_vod_protection(t, 0)->hls : NULL;

    for (i = 0; i < t->timeline[0].nsegments; i++) {
        if (!t->timeline[0].segments[i].independent) {
            media->independent = 0;
        }
    }
}


static nvm_err_e
ngx_http_video_vod_playlist(nvm_writer_t *w, ngx_http_video_vod_tracks_t *t)
{
    nvm_hls_media_t  media;

    ngx_http_video_vod_media_list(t, &media);

    return nvm_hls_media_write(w, &t->timeline[0], &media);
}


static nvm_err_e
ngx_http_video_vod_write(nvm_writer_t *w, void *what)
{
    ngx_http_video_vod_tracks_t *t = what;

    ngx_video_protection_t  *p;

    switch (t->path->what) {

    case NGX_HTTP_VIDEO_MASTER:
        return ngx_http_video_vod_master(w, t);

    case NGX_HTTP_VIDEO_MANIFEST:
        return ngx_http_video_vod_manifest(w, t);

    case NGX_HTTP_VIDEO_PLAYLIST:
        return ngx_http_video_vod_playlist(w, t);

    case NGX_HTTP_VIDEO_IMAGES:
        return nvm_images_list(w, &t->images);

    default:
        p = ngx_http_video_vod_protection(t, 0);

        return p ? nvm_cmaf_init_protected(w, &t->track[0].track, &p->track)
                 : nvm_cmaf_init_write(w, &t->track[0].track);
    }
}


/*
 * Whether another file had the same audio before: renditions that were muxed
 * with it have a copy each.
 */
static ngx_uint_t
ngx_http_video_vod_again(ngx_http_video_vod_tracks_t *t,
    ngx_http_video_source_t *s, nvm_track_t *track)
{
    ngx_uint_t  i;

    for (i = 0; i < t->n; i++) {
        if (ngx_http_video_same_audio(&t->track[i].track, track)
            && ngx_http_video_described_again(t->source[i], s))
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

        if (track->kind == NVM_TEXT
            || !ngx_http_video_described_has(s, track->kind))
        {
            continue;
        }

        ngx_http_video_described_track(s, track);
        ngx_sprintf((u_char *) t->name[n], "%c%ui%Z",
                    track->kind == NVM_VIDEO ? 'v' : 'a',
                    first[track->kind] + t->track[n].name);

        if (!ngx_http_video_selected(&t->select, track, t->name[n])
            || (before && ngx_http_video_vod_again(t, s, track))
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
            ngx_http_video_vod_ts_rate(&t->track[n],
                           ngx_http_video_vod_ts_length(s, &t->track[0]));
        }

        t->source[n] = s;
        t->n++;
    }

    first[NVM_VIDEO] += s->head.nvideo;
    first[NVM_AUDIO] += s->head.naudio;

    return NGX_OK;
}


/* Adds subtitles by their number: NGX_OK, 404 when there are none. */
static ngx_int_t
ngx_http_video_vod_text_add(ngx_http_request_t *r,
    ngx_http_video_vod_tracks_t *t, ngx_uint_t number,
    nvm_index_track_t *reference, nvm_timeline_t *timeline)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_http_video_source_t  *s;

    n = t->n;

    rc = ngx_http_video_vod_text_track(r, number, reference, &s,
                                       &t->track[n]);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_sprintf((u_char *) t->name[n], "s%ui%Z", number);

    if (!ngx_http_video_selected(&t->select, &t->track[n].track,
                                 t->name[n]))
    {
        return NGX_OK;
    }

    t->source[n] = s;
    t->timeline[n] = *timeline;
    t->timeline[n].track = &t->track[n].track;
    t->n++;

    return NGX_OK;
}


/*
 * Subtitles, those of the path or all.  They have the segments of the track
 * that everything is cut by.
 */
static ngx_int_t
ngx_http_video_vod_texts(ngx_http_request_t *r,
    ngx_http_video_vod_tracks_t *t)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    nvm_arena_t            arena;
    nvm_timeline_t         timeline;
    nvm_index_track_t     *reference;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    reference = ngx_palloc(r->pool, sizeof(nvm_index_track_t));
    if (reference == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&timeline, sizeof(nvm_timeline_t));
    rc = ngx_http_video_vod_reference(r, reference);

    if (rc == NGX_OK && ctx->path.what != NGX_HTTP_VIDEO_MASTER) {
        ngx_video_pool_arena(&arena, r->pool);

        if (nvm_index_timeline(&ctx->vod->lead->src, reference, &arena,
                               &timeline)
            != NVM_OK)
        {
            rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (rc == NGX_OK && ctx->path.what == NGX_HTTP_VIDEO_PLAYLIST) {
        return ngx_http_video_vod_text_add(r, t, ctx->path.number, reference,
                                           &timeline);
    }

    for (i = 0; rc == NGX_OK && t->n < NVM_MAX_TRACKS; i++) {
        rc = ngx_http_video_vod_text_add(r, t, i, reference, &timeline);
    }

    return rc == NGX_HTTP_NOT_FOUND ? NGX_OK : rc;
}


/* The key frames of all video, behind everything else, as room is left. */
static ngx_int_t
ngx_http_video_vod_keys(ngx_http_request_t *r, ngx_http_video_vod_tracks_t *t)
{
    ngx_uint_t                  i, n, end;
    nvm_arena_t                 arena;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
    ngx_video_pool_arena(&arena, r->pool);
    end = t->n;

    if (ctx->path.what == NGX_HTTP_VIDEO_MANIFEST && !conf->trick_mode) {
        return NGX_OK;
    }

    for (i = 0; i < end && t->n < NVM_MAX_TRACKS && !ctx->path.ts; i++) {
        n = t->n;
        t->track[n] = t->track[i];

        if (t->track[n].track.kind != NVM_VIDEO
            || nvm_index_keys(&t->track[n]) != NVM_OK)
        {
            continue;
        }

        if (ctx->path.what != NGX_HTTP_VIDEO_MASTER
            && nvm_index_timeline(&t->source[i]->src, &t->track[n], &arena,
                                  &t->timeline[n])
               != NVM_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_sprintf((u_char *) t->name[n], "%s-iframe%Z", t->name[i]);
        t->of[n] = i;
        t->n++;
        t->nkeys++;
    }

    return NGX_OK;
}


/* The directory of the segments, from p in t->prefix on. */
static void
ngx_http_video_vod_prefix(ngx_http_video_vod_tracks_t *t,
    ngx_http_video_vod_t *vod, u_char *p)
{
    p = ngx_sprintf(p, "e%xL", vod->epoch);

    if (vod->number) {
        p = ngx_sprintf(p, "-%ui", vod->number);
    }

    if (vod->silent) {
        p = ngx_sprintf(p, "-%V", &vod->silence);
    }

    ngx_sprintf(p, "/%Z");
}


/* A media playlist, or an init segment: those of one track. */
static ngx_int_t
ngx_http_video_vod_read_one(ngx_http_request_t *r,
    ngx_http_video_vod_tracks_t *t)
{
    ngx_int_t                 rc;
    nvm_arena_t               arena;
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (ctx->path.kind == NVM_TEXT) {
        return ngx_http_video_vod_texts(r, t);
    }

    t->n = 1;
    rc = ngx_http_video_vod_track(r, ctx->path.kind, ctx->path.number, &s,
                                  &t->track[0]);

    if (rc != NGX_OK || ctx->path.what == NGX_HTTP_VIDEO_INIT) {
        return rc;
    }

    if (ctx->path.keys) {
        ngx_http_video_vod_prefix(t, ctx->vod,
                    ngx_sprintf((u_char *) t->prefix, "../v%ui/",
                                ctx->path.number));

        if (nvm_index_keys(&t->track[0]) != NVM_OK) {
            return NGX_HTTP_NOT_FOUND;
        }
    }

    ngx_video_pool_arena(&arena, r->pool);

    if (nvm_index_timeline(&s->src, &t->track[0], &arena, &t->timeline[0])
        != NVM_OK
        || (ctx->path.ts && ctx->path.kind == NVM_VIDEO
            && ngx_http_video_vod_ts_timeline(r, &t->timeline[0]) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_video_vod_read(ngx_http_request_t *r, ngx_http_video_vod_tracks_t *t)
{
    ngx_int_t                 rc;
    ngx_uint_t                first[NVM_KINDS];
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    ngx_http_video_vod_prefix(t, vod, (u_char *) t->prefix);
    t->query = vod->query;

    if (ctx->path.what == NGX_HTTP_VIDEO_PLAYLIST
        || ctx->path.what == NGX_HTTP_VIDEO_INIT)
    {
        return ngx_http_video_vod_read_one(r, t);
    }

    ngx_memzero(first, sizeof(first));

    for (s = vod->sources; s < vod->sources + vod->nsources; s++) {
        rc = ngx_http_video_vod_source(r, s, t, first);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_http_video_vod_texts(r, t);

    return rc == NGX_OK ? ngx_http_video_vod_keys(r, t) : rc;
}


ngx_http_video_vod_tracks_t *
ngx_http_video_vod_tracks(ngx_http_request_t *r,
    ngx_http_video_select_t *select)
{
    ngx_int_t                     rc;
    ngx_uint_t                    kind;
    ngx_http_video_ctx_t         *ctx;
    ngx_http_video_loc_conf_t    *conf;
    ngx_http_video_vod_tracks_t  *t;

    t = ngx_pcalloc(r->pool, sizeof(ngx_http_video_vod_tracks_t));

    if (t) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
        conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
        t->path = &ctx->path;
        t->select = *select;
        ngx_http_video_captions(conf->captions, NULL, &t->captions);

        for (kind = 0; kind < NVM_KINDS; kind++) {
            rc = ngx_http_video_protection(r, kind, &t->protection[kind]);

            if (rc != NGX_OK && rc != NGX_DECLINED) {
                return NULL;
            }
        }
    }

    return t;
}


static ngx_int_t
ngx_http_video_vod_render(ngx_http_request_t *r, void *what, u_char **text,
    size_t *len)
{
    ngx_int_t                     rc;
    ngx_http_video_ctx_t         *ctx;
    ngx_http_video_vod_tracks_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    t = ngx_http_video_vod_tracks(r, what);
    if (t == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    t->imaged = ngx_http_video_thumbs_images(r, &t->images);

    if (ctx->path.what == NGX_HTTP_VIDEO_IMAGES) {
        rc = t->imaged ? NGX_OK : NGX_HTTP_NOT_FOUND;

    } else {
        rc = ngx_http_video_vod_read(r, t);
    }

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
ngx_int_t
ngx_http_video_vod_list(ngx_http_request_t *r, ngx_uint_t known)
{
    u_char                      buf[NGX_VIDEO_KEY_MAX];
    uint64_t                    hash;
    ngx_str_t                   key;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_path_t      *path;
    ngx_http_video_select_t     select;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
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
        hash = ngx_http_video_hash(hash, &conf->trick_mode,
                                   sizeof(ngx_flag_t));
        hash = ngx_http_video_captions_hash(conf->captions, hash);
    }

    if (path->what == NGX_HTTP_VIDEO_MASTER
        || path->what == NGX_HTTP_VIDEO_MANIFEST
        || path->what == NGX_HTTP_VIDEO_IMAGES)
    {
        hash = ngx_http_video_thumbs_hash(conf->thumbs, hash);
    }

    key.data = buf;
    key.len = ngx_sprintf(buf, "text:%xL:%d%d%d%ui.%ui:%xL",
                          ctx->vod->epoch, (int) path->what, (int) path->ts,
                          (int) path->keys, path->kind, path->number, hash)
              - buf;

    /* a replaced file has another epoch: noticed at the next manifest */
    return ngx_http_video_send_kept(r, &key,
                                    known ? NULL
                                    : ctx->vod->clips ? ngx_http_video_vod_join
                                    : ngx_http_video_vod_render,
                                    &select,
                                    path->epoch ? NGX_HTTP_VIDEO_IMMUTABLE
                                                : NGX_HTTP_VIDEO_NO_CACHE,
                                    ctx->vod->epoch);
}
