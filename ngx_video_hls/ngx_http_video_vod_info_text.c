/*
 * Copyright (C) ngx_video authors
 *
 * The text of "info.json", written by a thread: what is served of the asset,
 * then its files, one after another, and files beside them that are none of
 * it.
 *
 * Names are those in the directory: the text never has the path of one.
 */

#include <dirent.h>

#include "ngx_http_video_vod_info.h"


/* files of the directory that are no part of the asset */
#define NGX_HTTP_VIDEO_INFO_OTHERS  64


static void ngx_http_video_info_track(nvm_emit_t *e,
    ngx_http_video_info_t *info, ngx_http_video_info_track_t *t);
static void ngx_http_video_info_write(nvm_emit_t *e,
    ngx_http_video_info_t *info, ngx_uint_t n);
static void ngx_http_video_info_others(nvm_emit_t *e,
    ngx_http_video_info_t *info);


void
ngx_http_video_info_thread(void *data, ngx_log_t *log)
{
    ngx_http_video_info_t *info = data;

    u_char        epoch[NGX_INT64_LEN + 1];
    nvm_emit_t    e;
    ngx_uint_t    i;
    nvm_writer_t  w;

    info->text = info->memory.arena.alloc(info->memory.arena.data,
                                          NGX_HTTP_VIDEO_INFO_MAX);
    if (info->text == NULL) {
        return;
    }

    nvm_writer_init(&w, info->text, NGX_HTTP_VIDEO_INFO_MAX);
    nvm_emit_init(&e, NVM_EMIT_JSON, &w);

    nvm_emit_text(&e, "asset", info->name.data, info->name.len);

    if (info->epoch) {
        ngx_sprintf(epoch, "e%xL%Z", info->epoch);
        nvm_emit_word(&e, "epoch", (char *) epoch);
    }

    nvm_emit_ratio(&e, "segment", (int64_t) info->segment, 1000, 3);

    nvm_emit_open(&e, "tracks", NVM_EMIT_ARRAY);

    for (i = 0; i < info->ntracks; i++) {
        ngx_http_video_info_track(&e, info, &info->tracks[i]);
    }

    nvm_emit_close(&e);
    nvm_emit_open(&e, "files", NVM_EMIT_ARRAY);

    for (i = 0; i < info->nfiles; i++) {
        ngx_http_video_info_write(&e, info, i);
    }

    if (info->dir) {
        ngx_http_video_info_others(&e, info);
    }

    nvm_emit_close(&e);
    nvm_emit_done(&e);

    if (w.error) {
        info->text = NULL;
    }

    info->len = w.len;
}


/* What of a track depends on its kind. */
static void
ngx_http_video_info_kind(nvm_emit_t *e, nvm_track_t *t, uint32_t nkeys)
{
    if (t->kind == NVM_VIDEO) {
        nvm_emit_uint(e, "width", t->width);
        nvm_emit_uint(e, "height", t->height);

        if (t->rotation) {
            nvm_emit_uint(e, "rotation", t->rotation * 90);
        }

        if (t->fps_num && t->fps_den) {
            nvm_emit_ratio(e, "frame_rate", t->fps_num, t->fps_den, 3);
        }

        nvm_emit_uint(e, "key_frames", nkeys);
    }

    if (t->kind == NVM_AUDIO) {
        nvm_emit_uint(e, "sample_rate", t->sample_rate);
        nvm_emit_uint(e, "channels", t->channels);
    }
}


static void
ngx_http_video_info_track(nvm_emit_t *e, ngx_http_video_info_t *info,
    ngx_http_video_info_track_t *t)
{
    ngx_str_t   *file;
    const char  *kind;

    file = &info->files[t->source].name;
    kind = t->track.kind == NVM_VIDEO ? "video"
           : t->track.kind == NVM_AUDIO ? "audio" : "text";

    nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
    nvm_emit_word(e, "name", t->name);
    nvm_emit_text(e, "file", file->data, file->len);
    nvm_emit_word(e, "kind", kind);
    nvm_emit_text(e, "codecs", (u_char *) t->track.codecs,
                  ngx_strlen(t->track.codecs));
    nvm_emit_text(e, "language", (u_char *) t->track.lang,
                  ngx_strlen(t->track.lang));

    ngx_http_video_info_kind(e, &t->track, t->nkeys);

    nvm_emit_uint(e, "bandwidth", t->track.bandwidth);
    nvm_emit_uint(e, "average_bandwidth", t->track.avg_bandwidth);
    nvm_emit_uint(e, "segments", t->nsegments);
    nvm_emit_seconds(e, "duration", (int64_t) t->track.duration,
                     t->track.timescale);
    nvm_emit_flag(e, "listed", t->selected && t->same == NULL);

    if (!t->selected) {
        nvm_emit_word(e, "unlisted", "by video_tracks, video_max_height or "
                      "video_max_bandwidth");

    } else if (t->same) {
        nvm_emit_word(e, "unlisted", "the same as another");
        nvm_emit_word(e, "same_as", t->same);
    }

    nvm_emit_close(e);
}


/* Tracks of a file that is part of the asset, which are not. */
static void
ngx_http_video_info_skipped(nvm_emit_t *e, nvm_index_head_t *head)
{
    nvm_emit_open(e, "tracks_left_out", NVM_EMIT_ARRAY);

    if (head->nskipped) {
        nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
        nvm_emit_uint(e, "count", head->nskipped);
        nvm_emit_word(e, "reason", "codec or kind is not packaged");
        nvm_emit_text(e, "first", (u_char *) head->skipped,
                      strnlen(head->skipped, sizeof(head->skipped)));
        nvm_emit_close(e);
    }

    if (head->nmisaligned) {
        nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
        nvm_emit_uint(e, "count", head->nmisaligned);
        nvm_emit_word(e, "reason",
                      "no key frame where a segment begins");
        nvm_emit_ratio(e, "boundary", (int64_t) head->boundary, 1000, 3);
        nvm_emit_ratio(e, "next_key", (int64_t) head->key, 1000, 3);
        nvm_emit_close(e);
    }

    nvm_emit_close(e);
}


static void
ngx_http_video_info_media(nvm_emit_t *e, ngx_http_video_info_t *info,
    ngx_uint_t n)
{
    size_t                       left;
    ngx_http_video_info_file_t  *f;

    f = &info->files[n];

    nvm_emit_flag(e, "served", f->indexed);

    if (f->indexed) {
        nvm_emit_flag(e, "leads", f->lead);
        ngx_http_video_info_skipped(e, &f->head);

    } else if (f->refused.len) {
        nvm_emit_text(e, "left_out", f->refused.data, f->refused.len);

    } else {
        nvm_emit_word(e, "left_out", "its index could not be made this time, "
                      "the error log says why");
    }

    /* the files behind this one have room for the rest of what is told */

    left = (info->nfiles - n + NGX_HTTP_VIDEO_SOURCES)
           * NGX_HTTP_VIDEO_INFO_FILE;

    ngx_http_video_info_inspect(e, info, f, NGX_HTTP_VIDEO_INFO_MAX - left);
}


static void
ngx_http_video_info_write(nvm_emit_t *e, ngx_http_video_info_t *info,
    ngx_uint_t n)
{
    ngx_http_video_info_file_t  *f;

    f = &info->files[n];

    nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
    nvm_emit_text(e, "name", f->name.data, f->name.len);
    nvm_emit_uint(e, "size", f->size);
    nvm_emit_date(e, "mtime", (int64_t) f->mtime * 1000);

    if (f->text) {
        ngx_http_video_info_cues(e, info, f);

    } else {
        ngx_http_video_info_media(e, info, n);
    }

    nvm_emit_close(e);
}


static ngx_uint_t
ngx_http_video_info_is_other(ngx_http_video_info_t *info, const char *name)
{
    ngx_uint_t  i;
    ngx_str_t  *s;

    for (i = 0; i < info->nfiles; i++) {
        s = &info->files[i].name;

        if (s->len == ngx_strlen(name)
            && ngx_memcmp(s->data, name, s->len) == 0)
        {
            return 0;
        }
    }

    return 1;
}


/* Whether there are as many files of this kind as an asset may have. */
static ngx_uint_t
ngx_http_video_info_full(ngx_http_video_info_t *info, const char *name)
{
    ngx_uint_t  i, n, text;

    text = (ngx_http_video_asset_kind((const u_char *) name) == 1);

    for (i = 0, n = 0; i < info->nfiles; i++) {
        n += (info->files[i].text == text);
    }

    return n == NGX_HTTP_VIDEO_SOURCES;
}


/* Why a file of the directory is none of the asset. */
static void
ngx_http_video_info_other(nvm_emit_t *e, ngx_http_video_info_t *info,
    const char *name)
{
    char         path[NGX_MAX_PATH];
    const char  *why;
    struct stat  st;

    (void) ngx_snprintf((u_char *) path, sizeof(path) - 1, "%s/%s%Z",
                        info->dir, name);
    path[sizeof(path) - 1] = '\0';

    nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
    nvm_emit_text(e, "name", (u_char *) name, ngx_strlen(name));

    /* where a link leads is not told: disable_symlinks may forbid to follow */

    if (ngx_http_video_info_full(info, name)) {
        why = "an asset has at most 16 files of a kind";

    } else if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode)
               && !S_ISLNK(st.st_mode))
    {
        why = "it is no file";

    } else {
        why = "it can't be opened";
    }

    nvm_emit_flag(e, "served", 0);
    nvm_emit_word(e, "left_out", why);
    nvm_emit_close(e);
}


static void
ngx_http_video_info_others(nvm_emit_t *e, ngx_http_video_info_t *info)
{
    int              i, n;
    ngx_uint_t       told;
    struct dirent  **names;

    n = scandir((char *) info->dir, &names, ngx_http_video_asset_filter,
                alphasort);

    for (i = 0, told = 0; i < n; i++) {

        if (ngx_http_video_info_is_other(info, names[i]->d_name)
            && told++ < NGX_HTTP_VIDEO_INFO_OTHERS)
        {
            ngx_http_video_info_other(e, info, names[i]->d_name);
        }

        free(names[i]);
    }

    if (told > NGX_HTTP_VIDEO_INFO_OTHERS) {
        nvm_emit_omitted(e, told - NGX_HTTP_VIDEO_INFO_OTHERS);
    }

    if (n != -1) {
        free(names);
    }
}
