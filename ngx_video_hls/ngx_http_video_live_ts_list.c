/*
 * Copyright (C) ngx_video authors
 *
 * Playlists of live transport streams.  They are plain HLS: whole segments, no
 * parts, nothing to wait for.  One text for (stream, track, newest segment that
 * can be made) serves every viewer.
 */

#include "ngx_http_video_live_ts.h"
#include "nvm_codec.h"


/* PES packets of audio: groups of so many bytes, or 200 ms */
#define NGX_HTTP_VIDEO_TS_GROUPS  6

/* frames/s of video that does not tell */
#define NGX_HTTP_VIDEO_TS_FRAMES  60


/* Segments of a playlist that is long, and bytes of one. */
#define NGX_HTTP_VIDEO_TS_LONG    500
#define NGX_HTTP_VIDEO_TS_LINES   144


/* What a playlist is written from. */
typedef struct {
    nvm_timeline_t            timeline;
    nvm_hls_media_t           media;
} ngx_http_video_ts_playlist_t;


/*
 * The newest segment that can be made: NGX_OK; NGX_DECLINED: none yet.  Those
 * before it can be, too.
 */
static ngx_int_t
ngx_http_video_live_ts_newest(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_ts_set_t *set,
    ngx_video_live_edge_t *edge, uint64_t *msn)
{
    uint64_t                   n;
    ngx_http_video_ctx_t      *ctx;
    ngx_video_live_segment_t   segment;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    for (n = edge->msn; !edge->empty && n >= edge->first; n--) {

        if (ngx_video_live_look(ctx->store, info, set->number[0], n, &segment)
            != NGX_OK)
        {
            break;
        }

        if (ngx_http_video_live_ts_whole(r, info, set, &segment)) {
            *msn = n;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* Whether there is something to show, and the key of the text that shows it. */
ngx_int_t
ngx_http_video_live_ts_ready(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number, ngx_str_t *key)
{
    ngx_int_t                   rc;
    ngx_http_video_ctx_t       *ctx;
    ngx_video_live_edge_t       edge;
    ngx_http_video_ts_set_t     set;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (ngx_video_live_edge(ctx->store, info, number, &edge) != NGX_OK) {
        return NGX_HTTP_NOT_FOUND;
    }

    ctx->newest = 0;

    if (ctx->path.what == NGX_HTTP_VIDEO_PLAYLIST) {
        rc = ngx_http_video_live_ts_set(r, info, number, &set);

        if (rc != NGX_OK) {
            return rc == NGX_DECLINED ? NGX_HTTP_NOT_FOUND
                                      : NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        rc = ngx_http_video_live_ts_newest(r, info, &set, &edge,
                                           &ctx->newest);

        /* a run that goes on from another shows that one until then */
        if (rc != NGX_OK && info->prev == 0) {
            return ngx_video_live_over(info->state) ? NGX_HTTP_NOT_FOUND
                                                    : NGX_AGAIN;
        }
    }

    key->len = ngx_sprintf(key->data,
                           "listts:%xL:%ui:%ui:%xL:%xL:%uD:%ui:%xL:%uL:%xD",
                           info->epoch, (ngx_uint_t) ctx->path.what, number,
                           ctx->newest, edge.msn, info->state, edge.complete,
                           ngx_http_video_captions_hash(conf->captions, 0),
                           info->nevents, edge.behind)
               - key->data;

    return NGX_OK;
}


/*
 * The rates of a track in a transport stream, bits a second.  What that adds:
 * packet headers; of a picture the headers and stuffing, a whole packet at the
 * peak, two thirds of one on average, and small ones fill a packet; of audio
 * ADTS, and the same for each group of frames; tables and counters of a
 * segment.
 */
static void
ngx_http_video_live_ts_rate(nvm_timeline_t *tl, nvm_track_t *t)
{
    uint64_t  frames, units, headers, stuffing, size, tables;

    if (t->kind == NVM_VIDEO) {
        frames = t->fps_num && t->fps_den ? t->fps_num / t->fps_den + 1
                                          : NGX_HTTP_VIDEO_TS_FRAMES;
        units = frames;
        headers = units * (19 + 6 + 8) + 256;

    } else {
        /* the shortest frames are those of AAC */
        frames = t->sample_rate / 1024 + 1;
        units = NGX_HTTP_VIDEO_TS_GROUPS + t->bandwidth / 8 / NVM_TS_GROUP;
        headers = units * (19 + 6 + 8) + frames * 7;
    }

    tables = 17 * NVM_TS_PACKET / ngx_max(tl->target, 1);
    size = t->avg_bandwidth / 8 / units;
    stuffing = size < NVM_TS_PAYLOAD / 3 ? NVM_TS_PAYLOAD - size
                                         : NVM_TS_PAYLOAD * 2 / 3;

    t->bandwidth += (uint32_t) (t->bandwidth * 4ull / NVM_TS_PAYLOAD
                                + (headers + units * NVM_TS_PAYLOAD
                                   + tables * 2) * 8);
    t->avg_bandwidth += (uint32_t) (t->avg_bandwidth * 4ull / NVM_TS_PAYLOAD
                                    + (headers + units * stuffing + tables)
                                      * 8);
}


/*
 * Says once for a run what is left out.  An object without bytes remembers
 * that it has been said.
 */
static void
ngx_http_video_live_ts_left_out(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t n, nvm_track_t *first)
{
    u_char                 buf[NGX_VIDEO_KEY_MAX];
    ngx_str_t              key;
    ngx_video_ref_t        ref;
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    key.data = buf;
    key.len = ngx_sprintf(buf, "saidts:%xL", info->epoch) - buf;

    switch (ngx_video_object_open(ctx->store, &key, 0, NGX_VIDEO_OPEN_CREATE,
                                  &ref))
    {
    case NGX_OK:
        ngx_video_object_put(ctx->store, &ref);
        return;

    case NGX_DONE:
        ngx_video_object_complete(ctx->store, &ref);
        ngx_video_object_put(ctx->store, &ref);
        break;

    default:
        break;
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "stream \"%V\": %ui track(s) left out of transport streams, "
                  "the first is \"%s\"", &info->name, n, first->codecs);
}


/* Whether it is sound that was made of one that is listed. */
static ngx_uint_t
ngx_http_video_live_ts_spare(nvm_hls_rendition_t *renditions, size_t n,
    nvm_track_t *track)
{
    size_t  i;

    for (i = 0; track->kind == NVM_AUDIO && track->made && i < n; i++) {
        if (renditions[i].track->kind == NVM_AUDIO) {
            return 1;
        }
    }

    return 0;
}


/*
 * Whether a track is listed: of audio, all of the codec of the first, which is
 * muxed.
 */
static ngx_uint_t
ngx_http_video_live_ts_listed(nvm_hls_rendition_t *renditions, size_t n,
    nvm_track_t *track)
{
    size_t  i;

    for (i = 0; track->kind == NVM_AUDIO && i < n; i++) {
        if (renditions[i].track->kind == NVM_AUDIO
            && renditions[i].track->codec != track->codec)
        {
            return 0;
        }
    }

    return nvm_ts_carries(track);
}


/*
 * Whether the audio that is muxed has nothing.  Which one that is does not
 * change: segments of a number would differ.
 */
static ngx_uint_t
ngx_http_video_live_ts_apart(ngx_http_video_runs_t *t)
{
    ngx_uint_t    n;
    nvm_track_t  *track;

    for (n = 0; n < t->ntracks; n++) {
        track = &t->run[0]->track[n];

        if (track->kind == NVM_AUDIO && nvm_ts_carries(track)) {
            return ngx_http_video_runs_vain(t, n);
        }
    }

    return 0;
}


static nvm_err_e
ngx_http_video_live_ts_write_master(nvm_writer_t *w, void *what)
{
    return nvm_hls_master_write(w, what);
}


/* Whether all segments of video begin with a key frame. */
static ngx_uint_t
ngx_http_video_live_ts_independent(nvm_timeline_t *tl)
{
    size_t  i;

    for (i = 0; i < tl->nsegments; i++) {
        if (!tl->segments[i].independent) {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_video_live_ts_master(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_runs_t *t, u_char **text,
    size_t *len)
{
    ngx_uint_t            n, left_out;
    nvm_track_t          *track, *first;
    nvm_hls_master_t      m;
    nvm_hls_rendition_t   renditions[NGX_VIDEO_LIVE_TRACKS];

    ngx_memzero(&m, sizeof(nvm_hls_master_t));
    ngx_memzero(renditions, sizeof(renditions));

    m.renditions = renditions;
    m.captions = t->captions.list;
    m.ncaptions = t->captions.n;
    m.uncaptioned = t->captions.none;
    m.independent = 1;
    m.ts = 1;
    m.apart = ngx_http_video_live_ts_apart(t) ? 1 : 0;

    first = NULL;
    left_out = 0;

    for (n = 0; n < t->ntracks; n++) {
        track = &t->run[0]->track[n];

        if (ngx_http_video_runs_vain(t, n)
            || ngx_http_video_live_ts_spare(renditions, m.nrenditions, track))
        {
            continue;
        }

        if (!ngx_http_video_live_ts_listed(renditions, m.nrenditions, track)) {
            first = left_out++ ? first : track;
            continue;
        }

        ngx_http_video_live_ts_rate(&t->run[0]->timeline[n], track);

        renditions[m.nrenditions].track = track;
        renditions[m.nrenditions++].dir = t->name[n];

        m.independent &= ngx_http_video_live_ts_independent(
                                                  &t->run[0]->timeline[n]);
    }

    if (left_out) {
        ngx_http_video_live_ts_left_out(r, info, left_out, first);
    }

    return ngx_http_video_write(r, ngx_http_video_live_ts_write_master, &m,
                                text, len);
}


static nvm_err_e
ngx_http_video_live_ts_write_playlist(nvm_writer_t *w, void *what)
{
    ngx_http_video_ts_playlist_t  *p = what;

    return nvm_hls_media_write(w, &p->timeline, &p->media);
}


/* Of a codec that can't be carried a run before has nothing but a gap. */
static void
ngx_http_video_live_ts_gap(ngx_http_video_run_t *run, ngx_uint_t number)
{
    size_t           i;
    nvm_timeline_t  *tl;

    tl = &run->timeline[number];

    for (i = 0; !nvm_ts_carries(&run->track[number]) && i < tl->nsegments;
         i++)
    {
        tl->segments[i].gap = 1;
    }
}


ngx_int_t
ngx_http_video_live_ts_playlist(ngx_http_request_t *r, ngx_uint_t number,
    ngx_http_video_runs_t *t, u_char **text, size_t *len)
{
    ngx_uint_t                     i;
    nvm_timeline_t                *tl;
    ngx_http_video_ctx_t          *ctx;
    ngx_http_video_ts_playlist_t   p;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    ngx_memzero(&p, sizeof(ngx_http_video_ts_playlist_t));

    tl = &t->run[0]->timeline[number];

    while (tl->nsegments
           && tl->segments[tl->nsegments - 1].msn > ctx->newest)
    {
        tl->nsegments--;
    }

    for (i = 1; i < t->nruns; i++) {
        ngx_http_video_live_ts_gap(t->run[i], number);
    }

    if (ngx_http_video_runs_join(r, t, number, &p.timeline, &p.media)
        != NGX_OK
        || ngx_http_video_live_events(r, t, &p.timeline, &p.media) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p.media.ts = 1;

    if (p.timeline.nsegments > NGX_HTTP_VIDEO_TS_LONG) {
        return ngx_http_video_write_long(r,
                                         ngx_http_video_live_ts_write_playlist,
                                         &p, p.timeline.nsegments
                                             * NGX_HTTP_VIDEO_TS_LINES,
                                         text, len);
    }

    return ngx_http_video_write(r, ngx_http_video_live_ts_write_playlist, &p,
                                text, len);
}
