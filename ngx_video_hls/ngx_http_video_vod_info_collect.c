/*
 * Copyright (C) ngx_video authors
 *
 * What "info.json" tells of the indexes: the tracks as URLs name them, which
 * of them are listed, and the files.  The thread that writes the text has this
 * and no index.
 */

#include "ngx_http_video_vod_info.h"


/* The last component of a path. */
static ngx_str_t
ngx_http_video_info_basename(ngx_str_t *path)
{
    u_char     *p, *last;
    ngx_str_t   name;

    last = path->data + path->len;

    while (last > path->data && last[-1] == '/') {
        last--;
    }

    for (p = last; p > path->data && p[-1] != '/'; p--) { /* void */ }

    name.data = p;
    name.len = last - p;

    return name;
}


/*
 * The track before this one that is listed instead of it; renditions are
 * compared as ngx_http_video_vod_list() does: not within the first file.
 */
static const char *
ngx_http_video_info_same(ngx_http_video_vod_t *vod,
    ngx_http_video_info_track_t *t)
{
    ngx_http_video_info_t        *info;
    ngx_http_video_info_track_t  *o;

    info = vod->info;

    for (o = info->tracks; o < t; o++) {
        if (o->selected && o->same == NULL) {
            break;
        }
    }

    if (o == t || o->source == t->source) {
        return NULL;
    }

    for (o = info->tracks; o < t; o++) {
        if (o->selected && o->same == NULL
            && ngx_http_video_same_audio(&o->track, &t->track)
            && ngx_http_video_described_again(&vod->sources[o->source],
                                              &vod->sources[t->source]))
        {
            return o->name;
        }
    }

    return NULL;
}


/* Segments before the first sample of a track are empty, and not listed. */
static ngx_int_t
ngx_http_video_info_segments(ngx_http_video_source_t *s,
    nvm_index_track_t *t, uint32_t *n)
{
    uint32_t             i;
    nvm_index_segment_t  segment;

    for (i = 0; i < t->nsegments; i++) {

        if (nvm_index_segment(&s->src, t, i, &segment) != NVM_OK) {
            return NGX_ERROR;
        }

        if (segment.nsamples) {
            break;
        }
    }

    *n = t->nsegments - i;

    return NGX_OK;
}


/* Video and audio of a source, of which "first" are before it, by kind. */
static ngx_int_t
ngx_http_video_info_tracks(ngx_http_video_vod_t *vod,
    ngx_http_video_source_t *s, ngx_http_video_select_t *select,
    ngx_uint_t first[NVM_KINDS])
{
    uint32_t                      i;
    nvm_index_track_t             it;
    ngx_http_video_info_t        *info;
    ngx_http_video_info_track_t  *t;

    info = vod->info;

    for (i = 0; i < s->head.ntracks && info->ntracks < NVM_MAX_TRACKS; i++) {
        t = &info->tracks[info->ntracks];

        if (nvm_index_track(&s->src, i, &it) != NVM_OK
            || ngx_http_video_info_segments(s, &it, &t->nsegments) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (it.track.kind == NVM_TEXT
            || !ngx_http_video_described_has(s, it.track.kind))
        {
            continue;
        }

        ngx_http_video_described_track(s, &it.track);
        t->track = it.track;
        t->source = s - vod->sources;
        ngx_sprintf((u_char *) t->name, "%c%ui%Z",
                    it.track.kind == NVM_VIDEO ? 'v' : 'a',
                    first[it.track.kind] + it.name);
        t->selected = ngx_http_video_selected(select, &it.track, t->name);
        t->same = ngx_http_video_info_same(vod, t);

        if (it.track.kind == NVM_VIDEO && nvm_index_keys(&it) == NVM_OK) {
            t->nkeys = it.nsegments;
        }

        info->ntracks++;
    }

    first[NVM_VIDEO] += s->head.nvideo;
    first[NVM_AUDIO] += s->head.naudio;

    return NGX_OK;
}


/* Subtitles of sources, then those of files: in segments of what leads. */
static ngx_int_t
ngx_http_video_info_texts(ngx_http_request_t *r, ngx_http_video_info_t *info,
    ngx_http_video_select_t *select)
{
    uint32_t                      nsegments;
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    nvm_index_track_t             it, reference;
    ngx_http_video_ctx_t         *ctx;
    ngx_http_video_vod_t         *vod;
    ngx_http_video_source_t      *s;
    ngx_http_video_info_track_t  *t;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (vod->lead == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_video_vod_reference(r, &reference);

    if (rc == NGX_OK
        && ngx_http_video_info_segments(vod->lead, &reference, &nsegments)
           != NGX_OK)
    {
        rc = NGX_ERROR;
    }

    for (i = 0; rc == NGX_OK && info->ntracks < NVM_MAX_TRACKS; i++) {
        rc = ngx_http_video_vod_text_track(r, i, &reference, &s, &it);

        if (rc == NGX_OK) {
            t = &info->tracks[info->ntracks++];

            t->track = it.track;
            t->track.duration = reference.track.duration;
            t->nsegments = nsegments;
            t->source = s >= vod->texts ? vod->nsources + (s - vod->texts)
                                        : (ngx_uint_t) (s - vod->sources);
            ngx_sprintf((u_char *) t->name, "s%ui%Z", i);
            t->selected = ngx_http_video_selected(select, &it.track, t->name);
        }
    }

    return rc == NGX_OK || rc == NGX_HTTP_NOT_FOUND ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_video_info_file(ngx_http_video_info_t *info,
    ngx_http_video_info_file_t *f, ngx_http_video_source_t *s)
{
    f->name = ngx_http_video_info_basename(&s->path);
    f->fd = s->file.fd;
    f->size = (uint64_t) s->of.size;
    f->mtime = s->of.mtime;
    f->refused = s->refused;
    f->head = s->head;
    f->indexed = (s->ref.id != 0);
    f->text = (s->lang[0] != '\0');

    /* what may be otherwise the next time is not kept */
    if (!f->text && !f->indexed && (f->refused.len == 0 || s->limited)) {
        info->definite = 0;
    }
}


ngx_int_t
ngx_http_video_info_collect(ngx_http_request_t *r)
{
    ngx_uint_t                i, first[NVM_KINDS];
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_vod_t     *vod;
    ngx_http_video_info_t    *info;
    ngx_http_video_select_t   select;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;
    info = vod->info;

    info->nfiles = vod->nsources + vod->ntexts;
    info->files = ngx_pcalloc(r->pool, info->nfiles
                                       * sizeof(ngx_http_video_info_file_t));
    info->tracks = ngx_pcalloc(r->pool, NVM_MAX_TRACKS
                                       * sizeof(ngx_http_video_info_track_t));

    if (info->files == NULL || info->tracks == NULL
        || ngx_http_video_select_init(r, &select) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    info->name = ngx_http_video_info_basename(&vod->path);
    info->epoch = vod->lead ? vod->epoch : 0;
    info->definite = 1;
    ngx_memzero(first, sizeof(first));

    for (i = 0; i < vod->nsources; i++) {
        ngx_http_video_info_file(info, &info->files[i], &vod->sources[i]);
        info->files[i].lead = (&vod->sources[i] == vod->lead);

        if (info->files[i].indexed
            && ngx_http_video_info_tracks(vod, &vod->sources[i], &select,
                                          first)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    for (i = 0; i < vod->ntexts; i++) {
        ngx_http_video_info_file(info, &info->files[vod->nsources + i],
                                 &vod->texts[i]);
    }

    if (ngx_http_video_info_texts(r, info, &select) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nothing more is read from indexes, however slow the client is */

    for (i = 0; i < vod->nsources; i++) {
        ngx_video_object_put(ctx->store, &vod->sources[i].ref);
    }

    return NGX_OK;
}
