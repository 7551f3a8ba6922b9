/*
 * Copyright (C) ngx_video authors
 *
 * URLs: what a path below the location asks for.
 *
 *   ASSET/master.m3u8                 ASSET/manifest.mpd
 *   ASSET/info.json                   ASSET/poster
 *   ASSET/<track>/index.m3u8          <track>: v0, v1, ... a0, ...
 *   ASSET/<track>/[e<hex>/]init.mp4
 *   ASSET/<track>/[e<hex>/]<n>.m4s    ASSET/<track>/[e<hex>/]<n>.<p>.m4s
 *
 *   ASSET/progressive.mp4             one plain file of the asset
 *
 *   ASSET/thumbs.vtt                  ASSET/thumbs/<n>.jpg
 *   ASSET/poster.jpg                  ASSET/thumbs/index.m3u8
 *   ASSET/thumbs/e<hex>/<n>.jpg       ASSET/thumbs/e<hex>/<n>-<m>.jpg
 *
 *   ASSET/master_ts.m3u8              the same as MPEG transport streams
 *   ASSET/<track>/index_ts.m3u8       ASSET/<track>/[e<hex>/]<n>.ts
 *
 *   ASSET/iframe/<track>.m3u8         ASSET/<track>/[e<hex>/]i<n>.m4s
 *
 *   ASSET/<text>/index.m3u8           <text>: s0, s1, ...
 *   ASSET/<text>/[e<hex>/]<n>.vtt     ASSET/<text>/[e<hex>/]<n>.m4s
 *   ASSET/<text>/index_ts.m3u8        ASSET/<text>/[e<hex>/]<n>.ts.vtt
 *
 * e<hex> is the epoch of the stream or the file: with it a URL never means
 * other bytes.  e<hex>-<k> is that of clip k, from 1, of an asset of clips, and
 * e<hex>-<k>-<name> that of one that has silence of this name.
 * The path is read from its end, because an asset may be below directories.
 */

#include "ngx_http_video_hls_module.h"


/* Takes the last component off the path; an empty one when there is none. */
static void
ngx_http_video_path_last(ngx_str_t *path, ngx_str_t *last)
{
    u_char  *p;

    for (p = path->data + path->len; p > path->data && p[-1] != '/'; p--) {
        /* void */
    }

    last->data = p;
    last->len = path->data + path->len - p;

    path->len = (p > path->data) ? (size_t) (p - 1 - path->data) : 0;
}


static ngx_uint_t
ngx_http_video_path_is(ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && ngx_memcmp(s->data, text, s->len) == 0;
}


/* Decimal digits without a leading zero; NGX_ERROR for anything else. */
static ngx_int_t
ngx_http_video_path_number(u_char *p, u_char *last, uint64_t *n)
{
    if (p == last || last - p > 15 || (*p == '0' && last - p > 1)) {
        return NGX_ERROR;
    }

    for (*n = 0; p < last; p++) {
        if (*p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        *n = *n * 10 + (*p - '0');
    }

    return NGX_OK;
}


/* Takes the extension off; 0 when the name has another one. */
static ngx_uint_t
ngx_http_video_path_ends(ngx_str_t *s, const char *extension)
{
    size_t  n;

    n = ngx_strlen(extension);

    if (s->len <= n || ngx_memcmp(s->data + s->len - n, extension, n) != 0) {
        return 0;
    }

    s->len -= n;

    return 1;
}


/* "12.m4s", "12.3.m4s", "i12.m4s", "12.ts", "12.vtt" or "12.ts.vtt" */
static ngx_int_t
ngx_http_video_path_media(ngx_str_t *name, ngx_http_video_path_t *out)
{
    u_char     *dot, *end;
    uint64_t    part;
    ngx_str_t   s;

    s = *name;

    out->vtt = ngx_http_video_path_ends(&s, ".vtt");
    out->ts = ngx_http_video_path_ends(&s, ".ts");

    if (out->vtt || out->ts) {
        out->what = NGX_HTTP_VIDEO_SEGMENT;

        return ngx_http_video_path_number(s.data, s.data + s.len, &out->msn)
               == NGX_OK ? NGX_OK : NGX_DECLINED;
    }

    if (!ngx_http_video_path_ends(&s, ".m4s")) {
        return NGX_DECLINED;
    }

    if (s.data[0] == 'i') {
        out->keys = 1;
        s.data++;
        s.len--;
    }

    end = s.data + s.len;
    dot = ngx_strlchr(s.data, end, '.');

    if (dot && out->keys) {
        return NGX_DECLINED;
    }

    out->what = dot ? NGX_HTTP_VIDEO_PART : NGX_HTTP_VIDEO_SEGMENT;

    if (ngx_http_video_path_number(s.data, dot ? dot : end, &out->msn)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (dot == NULL) {
        return NGX_OK;
    }

    if (ngx_http_video_path_number(dot + 1, end, &part) != NGX_OK
        || part > 65535)
    {
        return NGX_DECLINED;
    }

    out->part = (ngx_uint_t) part;

    return NGX_OK;
}


/* "e1f", "e1f-2" or "e1f-2-aac.1190" */
static ngx_int_t
ngx_http_video_path_epoch(ngx_str_t *s, ngx_http_video_path_t *out)
{
    u_char     ch, *p, *last, *dash;
    uint64_t   epoch, clip;
    ngx_str_t  silence;

    last = s->data + s->len;
    dash = ngx_strlchr(s->data, last, '-');
    clip = 0;
    ngx_str_null(&silence);

    if (dash) {
        p = ngx_strlchr(dash + 1, last, '-');

        if (p) {
            silence.data = p + 1;
            silence.len = last - silence.data;
            last = p;
        }

        if (ngx_http_video_path_number(dash + 1, last, &clip) != NGX_OK
            || clip == 0 || (p && silence.len == 0))
        {
            return NGX_DECLINED;
        }

        last = dash;
    }

    if (last - s->data < 2 || last - s->data > 17 || s->data[0] != 'e') {
        return NGX_DECLINED;
    }

    for (epoch = 0, p = s->data + 1; p < last; p++) {
        ch = *p;

        if (ch >= '0' && ch <= '9') {
            epoch = epoch << 4 | (ch - '0');

        } else if (ch >= 'a' && ch <= 'f') {
            epoch = epoch << 4 | (ch - 'a' + 10);

        } else {
            return NGX_DECLINED;
        }
    }

    out->epoch = epoch;
    out->clip = (ngx_uint_t) clip;
    out->silence = silence;

    return NGX_OK;
}


/* "v0" */
static ngx_int_t
ngx_http_video_path_track(ngx_str_t *s, ngx_http_video_path_t *out)
{
    u_char   *kind;
    uint64_t  n;

    /* in the order of nvm_kind_e */
    static u_char  kinds[] = "vas";

    kind = s->len < 2 ? NULL
                      : ngx_strlchr(kinds, kinds + NVM_KINDS, s->data[0]);

    if (kind == NULL
        || ngx_http_video_path_number(s->data + 1, s->data + s->len, &n)
           != NGX_OK
        || n >= NVM_MAX_TRACKS)
    {
        return NGX_DECLINED;
    }

    out->kind = kind - kinds;
    out->number = (ngx_uint_t) n;

    return NGX_OK;
}


/* What belongs to a track: its name is the last that is read. */
static ngx_int_t
ngx_http_video_path_of_track(ngx_str_t *rest, ngx_str_t *name,
    ngx_http_video_path_t *out)
{
    ngx_str_t  s;

    s = *name;

    if (ngx_http_video_path_is(&s, "index.m3u8")) {
        out->what = NGX_HTTP_VIDEO_PLAYLIST;

    } else if (ngx_http_video_path_is(&s, "index_ts.m3u8")) {
        out->what = NGX_HTTP_VIDEO_PLAYLIST;
        out->ts = 1;

    } else if (ngx_http_video_path_is(&s, "init.mp4")) {
        out->what = NGX_HTTP_VIDEO_INIT;

    } else if (ngx_http_video_path_ends(&s, ".m3u8")) {
        out->what = NGX_HTTP_VIDEO_PLAYLIST;
        out->keys = 1;

        ngx_http_video_path_last(rest, name);

        return ngx_http_video_path_is(name, "iframe")
               ? ngx_http_video_path_track(&s, out) : NGX_DECLINED;

    } else if (ngx_http_video_path_media(&s, out) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_http_video_path_last(rest, &s);

    if (out->what != NGX_HTTP_VIDEO_PLAYLIST
        && ngx_http_video_path_epoch(&s, out) == NGX_OK)
    {
        ngx_http_video_path_last(rest, &s);
    }

    return ngx_http_video_path_track(&s, out);
}


/* Whether a track of its kind has what is asked for. */
static ngx_uint_t
ngx_http_video_path_fits(ngx_http_video_path_t *path)
{
    if (path->keys) {
        return path->kind == NVM_VIDEO;
    }

    if (path->what == NGX_HTTP_VIDEO_SEGMENT && path->kind == NVM_TEXT) {
        return path->vtt || !path->ts;
    }

    return !path->vtt;
}


/* "0.jpg"; below an epoch "100-119.jpg", too */
static ngx_int_t
ngx_http_video_path_image(ngx_str_t *name, ngx_http_video_path_t *out)
{
    u_char  *end, *dash;

    end = name->data + name->len;
    dash = out->epoch ? ngx_strlchr(name->data, end, '-') : NULL;
    out->what = NGX_HTTP_VIDEO_SHEET;

    if (dash
        && (ngx_http_video_path_number(dash + 1, end, &out->last) != NGX_OK
            || out->last == 0))
    {
        return NGX_DECLINED;
    }

    return ngx_http_video_path_number(name->data, dash ? dash : end,
                                      &out->msn)
           == NGX_OK ? NGX_OK : NGX_DECLINED;
}


/*
 * "thumbs/0.jpg", "thumbs/e1f/100.jpg", "thumbs/index.m3u8": NGX_DONE, it is in
 * another directory
 */
static ngx_int_t
ngx_http_video_path_sheet(ngx_str_t *rest, ngx_str_t *name,
    ngx_http_video_path_t *out)
{
    ngx_str_t  above, dir, s;

    s = *name;
    above = *rest;
    ngx_http_video_path_last(&above, &dir);

    if (ngx_http_video_path_ends(&s, ".jpg")
        && ngx_http_video_path_epoch(&dir, out) == NGX_OK)
    {
        ngx_http_video_path_last(&above, &dir);

        if (out->epoch == 0 || out->clip
            || !ngx_http_video_path_is(&dir, "thumbs"))
        {
            return NGX_DECLINED;
        }

        *rest = above;

        return ngx_http_video_path_image(&s, out);
    }

    s = *name;

    if (!ngx_http_video_path_is(&dir, "thumbs")) {
        return NGX_DONE;
    }

    *rest = above;

    if (ngx_http_video_path_is(&s, "index.m3u8")) {
        out->what = NGX_HTTP_VIDEO_IMAGES;
        return NGX_OK;
    }

    if (!ngx_http_video_path_ends(&s, ".jpg")) {
        return NGX_DECLINED;
    }

    return ngx_http_video_path_image(&s, out);
}


ngx_int_t
ngx_http_video_path_parse(ngx_str_t *path, ngx_http_video_path_t *out)
{
    ngx_int_t  rc;
    ngx_str_t  rest, s;

    ngx_memzero(out, sizeof(ngx_http_video_path_t));

    rest = *path;
    ngx_http_video_path_last(&rest, &s);

    if (ngx_http_video_path_is(&s, "master.m3u8")) {
        out->what = NGX_HTTP_VIDEO_MASTER;

    } else if (ngx_http_video_path_is(&s, "master_ts.m3u8")) {
        out->what = NGX_HTTP_VIDEO_MASTER;
        out->ts = 1;

    } else if (ngx_http_video_path_is(&s, "manifest.mpd")) {
        out->what = NGX_HTTP_VIDEO_MANIFEST;

    } else if (ngx_http_video_path_is(&s, "info.json")) {
        out->what = NGX_HTTP_VIDEO_INFO;

    } else if (ngx_http_video_path_is(&s, "progressive.mp4")) {
        out->what = NGX_HTTP_VIDEO_PROGRESSIVE;

    } else if (ngx_http_video_path_is(&s, "poster")) {
        out->what = NGX_HTTP_VIDEO_POSTER;

    } else if (ngx_http_video_path_is(&s, "time")) {
        out->what = NGX_HTTP_VIDEO_TIME;

    } else if (ngx_http_video_path_is(&s, "thumbs.vtt")) {
        out->what = NGX_HTTP_VIDEO_THUMBS;

    } else if (ngx_http_video_path_is(&s, "poster.jpg")) {
        out->what = NGX_HTTP_VIDEO_COVER;

    } else {
        rc = ngx_http_video_path_sheet(&rest, &s, out);

        if (rc == NGX_DONE
            && (ngx_http_video_path_of_track(&rest, &s, out) != NGX_OK
                || !ngx_http_video_path_fits(out)))
        {
            return NGX_DECLINED;
        }

        if (rc == NGX_DECLINED) {
            return NGX_DECLINED;
        }
    }

    out->asset = rest;

    return rest.len ? NGX_OK : NGX_DECLINED;
}
