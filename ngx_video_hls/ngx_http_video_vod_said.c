/*
 * Copyright (C) ngx_video authors
 *
 * What the description of an asset says of its files, for those who render
 * and send them.  Without a description nothing is said, and all is taken.
 */

#include "ngx_http_video_vod.h"


ngx_uint_t
ngx_http_video_described_has(ngx_http_video_source_t *s, ngx_uint_t kind)
{
    return s->described == NULL || !(s->described->without & (1 << kind));
}


void
ngx_http_video_described_take(ngx_http_video_source_t *s)
{
    if (!ngx_http_video_described_has(s, NVM_VIDEO)) {
        s->head.nvideo = 0;
    }

    if (!ngx_http_video_described_has(s, NVM_AUDIO)) {
        s->head.naudio = 0;
    }

    if (!ngx_http_video_described_has(s, NVM_TEXT)) {
        s->head.ntext = 0;
    }
}


/* What is said of tracks of this kind of a file, or NULL. */
static ngx_http_video_asset_track_t *
ngx_http_video_described_of(ngx_http_video_source_t *s, nvm_kind_e kind)
{
    if (s == NULL || s->described == NULL) {
        return NULL;
    }

    return kind == (s->described->type == NGX_HTTP_VIDEO_ASSET_SUBTITLES
                    ? NVM_TEXT : NVM_AUDIO) ? s->described : NULL;
}


void
ngx_http_video_described_track(ngx_http_video_source_t *s, nvm_track_t *t)
{
    ngx_http_video_asset_track_t  *d;

    d = ngx_http_video_described_of(s, t->kind);

    if (d && d->language[0]) {
        ngx_memcpy(t->lang, d->iso, sizeof(t->lang));
    }
}


uint64_t
ngx_http_video_described_epoch(ngx_http_video_vod_t *vod, uint64_t epoch)
{
    if (vod->asset) {
        epoch = ngx_http_video_hash(epoch, &vod->asset->hash,
                                    sizeof(vod->asset->hash));
    }

    /* 0 means none */
    return epoch ? epoch : 1;
}


/* The language tag that is given, or NULL. */
static const char *
ngx_http_video_described_lang(ngx_http_video_asset_track_t *t)
{
    return t->language[0] == '\0' || ngx_strcmp(t->language, "und") == 0
           ? NULL : t->language;
}


ngx_uint_t
ngx_http_video_described_again(ngx_http_video_source_t *before,
    ngx_http_video_source_t *s)
{
    const char                    *x, *y;
    ngx_http_video_asset_track_t  *a, *b;

    a = ngx_http_video_described_of(before, NVM_AUDIO);
    b = ngx_http_video_described_of(s, NVM_AUDIO);

    if (a == NULL || b == NULL) {
        /* all files of an asset are described, or none */
        return 1;
    }

    /* "en" is no more than the file's "eng", which has been compared */

    x = ngx_http_video_described_lang(a);
    x = x && ngx_strchr(x, '-') ? x : "";
    y = ngx_http_video_described_lang(b);
    y = y && ngx_strchr(y, '-') ? y : "";

    return ngx_strcmp(x, y) == 0 && ngx_strcmp(a->label, b->label) == 0
           && a->role == b->role && a->def >= b->def;
}


void
ngx_http_video_described_rendition(ngx_http_video_source_t *s,
    nvm_hls_rendition_t *r)
{
    ngx_http_video_asset_track_t  *t;

    t = ngx_http_video_described_of(s, r->track->kind);

    if (t) {
        r->name = t->label;
        r->lang = ngx_http_video_described_lang(t);
        r->role = t->role;
        r->def = t->def;
        r->forced = t->forced;
    }
}


void
ngx_http_video_described_set(ngx_http_video_source_t *s, nvm_dash_track_t *d)
{
    ngx_http_video_asset_track_t  *t;

    t = ngx_http_video_described_of(s, d->timeline->track->kind);

    if (t) {
        d->label = t->label;
        d->lang = ngx_http_video_described_lang(t);
        d->role = t->role;
        d->def = t->def;
    }
}
