/*
 * Copyright (C) ngx_video authors
 *
 * What an asset.json says.  jansson parses the text; here is what may stand
 * in it.  Called by a thread: nothing is shared, all memory is given back.
 * The first mistake ends it, and its text is for the person who wrote the
 * file: a mistyped member is never passed over.
 */

#include <stdio.h>
#include <string.h>

#include "ngx_http_video_value.h"


static const char  *ngx_http_video_asset_members[] = {
    "tracks", "poster", "clip", "clips", NULL
};

static const char  *ngx_http_video_asset_track_members[] = {
    "file", "type", "video", "audio", "text", "language", "label", "role",
    "default", "forced", NULL
};

static const char  *ngx_http_video_asset_clip_members[] = {
    "start", "end", NULL
};

static const char  *ngx_http_video_asset_clips_members[] = {
    "asset", "start", "end", NULL
};

static const char  *ngx_http_video_asset_types[] = {
    "media", "subtitles", NULL
};


static nvm_err_e
ngx_http_video_asset_language(ngx_http_video_value_reader_t *r,
    ngx_http_video_asset_track_t *t)
{
    nvm_err_e    rc;
    const char  *s;

    rc = ngx_http_video_value_string(r, "language", 64, &s);

    if (rc != NVM_OK || s == NULL) {
        return rc;
    }

    if (nvm_text_tag(s, t->language) != 0) {
        return ngx_http_video_value_fault(r, "language",
                   "\"" NGX_HTTP_VIDEO_VALUE_SHOWN "\" is no language tag, "
                   "one like \"en\", \"pt-BR\" or \"deu\" is expected", s);
    }

    nvm_text_iso(t->language, t->iso);

    return NVM_OK;
}


static nvm_err_e
ngx_http_video_asset_role(ngx_http_video_value_reader_t *r,
    ngx_http_video_asset_track_t *t)
{
    uint8_t      n;
    size_t       i, last;
    nvm_err_e    rc;
    const char  *words[NVM_ROLES];

    last = t->type == NGX_HTTP_VIDEO_ASSET_MEDIA ? NVM_ROLE_CAPTION
                                                 : NVM_ROLES;

    for (i = 1; i < last; i++) {
        words[i - 1] = nvm_role_name((nvm_role_e) i);
    }

    words[i - 1] = NULL;
    n = UINT8_MAX;

    rc = ngx_http_video_value_word(r, "role", words, &n);

    if (rc == NVM_OK && n != UINT8_MAX) {
        t->role = (uint8_t) (n + 1);
    }

    return rc;
}


static nvm_err_e
ngx_http_video_asset_subtitles(ngx_http_video_value_reader_t *r,
    ngx_http_video_asset_track_t *t)
{
    static const char  *kinds[] = { "video", "audio", "text", NULL };

    if (t->role == NVM_ROLE_FORCED_SUBTITLE) {
        t->forced = 1;

    } else if (t->forced && t->role == NVM_ROLE_NONE) {
        t->role = NVM_ROLE_FORCED_SUBTITLE;
    }

    t->without = 1 << NVM_VIDEO | 1 << NVM_AUDIO;

    return ngx_http_video_value_without(r, kinds, "is not for subtitles");
}


/* What is said of media is said of its audio. */
static nvm_err_e
ngx_http_video_asset_media(ngx_http_video_value_reader_t *r,
    ngx_http_video_asset_track_t *t)
{
    uint8_t    video, audio, text;
    nvm_err_e  rc;

    static const char  *said[] = {
        "language", "label", "role", "default", NULL
    };

    video = 1;
    audio = 1;
    text = 1;

    if (t->text) {
        return ngx_http_video_value_fault(r, "type", "\"%s\" is subtitles by "
                                          "its name", t->file);
    }

    if (t->forced) {
        return ngx_http_video_value_fault(r, "forced", "only subtitles can be "
                                          "forced");
    }

    if ((rc = ngx_http_video_value_bool(r, "video", &video)) != NVM_OK
        || (rc = ngx_http_video_value_bool(r, "audio", &audio)) != NVM_OK
        || (rc = ngx_http_video_value_bool(r, "text", &text)) != NVM_OK)
    {
        return rc;
    }

    if (!video && !audio) {
        return ngx_http_video_value_fault(r, "video", "false, and \"audio\" "
                                          "too: nothing is left of the file");
    }

    t->without = (uint8_t) (!video << NVM_VIDEO | !audio << NVM_AUDIO
                            | !text << NVM_TEXT);

    return audio ? NVM_OK
           : ngx_http_video_value_without(r, said, "is said of audio, and "
                                          "\"audio\" is false");
}


static nvm_err_e
ngx_http_video_asset_track(ngx_http_video_value_reader_t *r,
    ngx_http_video_asset_track_t *t)
{
    nvm_err_e    rc;
    const char  *label;

    rc = ngx_http_video_value_known(r, ngx_http_video_asset_track_members);

    if (rc == NVM_OK) {
        rc = ngx_http_video_value_path(r, "file", t->file);
    }

    if (rc == NVM_OK && t->file[0] == '\0') {
        rc = ngx_http_video_value_fault(r, "file", "is missing");
    }

    t->text = ngx_http_video_value_ends(t->file, ".vtt")
              || ngx_http_video_value_ends(t->file, ".srt");
    t->type = t->text || ngx_http_video_value_ends(t->file, ".cmft")
              ? NGX_HTTP_VIDEO_ASSET_SUBTITLES : NGX_HTTP_VIDEO_ASSET_MEDIA;

    if (rc == NVM_OK) {
        rc = ngx_http_video_value_word(r, "type", ngx_http_video_asset_types,
                                       &t->type);
    }

    if (rc != NVM_OK
        || (rc = ngx_http_video_asset_language(r, t)) != NVM_OK
        || (rc = ngx_http_video_value_string(r, "label",
                                             NGX_HTTP_VIDEO_ASSET_LABEL,
                                             &label))
           != NVM_OK
        || (rc = ngx_http_video_asset_role(r, t)) != NVM_OK
        || (rc = ngx_http_video_value_bool(r, "default", &t->def)) != NVM_OK
        || (rc = ngx_http_video_value_bool(r, "forced", &t->forced))
           != NVM_OK)
    {
        return rc;
    }

    if (label) {
        memcpy(t->label, label, strlen(label) + 1);
    }

    return t->type == NGX_HTTP_VIDEO_ASSET_MEDIA
           ? ngx_http_video_asset_media(r, t)
           : ngx_http_video_asset_subtitles(r, t);
}


/* What the n-th track must not be, after those before it. */
static nvm_err_e
ngx_http_video_asset_beside(ngx_http_video_value_reader_t *r,
    const ngx_http_video_asset_track_t *tracks, size_t n)
{
    size_t                               i, same;
    const ngx_http_video_asset_track_t  *t;

    t = &tracks[n];
    same = 0;

    for (i = 0; i < n; i++) {
        same += tracks[i].text == t->text;

        if (t->def && tracks[i].def && tracks[i].type == t->type) {
            return ngx_http_video_value_fault(r, "default", "tracks[%zu] is "
                       "the default of %s already", i,
                       t->type == NGX_HTTP_VIDEO_ASSET_MEDIA ? "audio"
                                                             : "subtitles");
        }
    }

    return same < NGX_HTTP_VIDEO_ASSET_KIND ? NVM_OK
           : ngx_http_video_value_fault(r, "file", "more than %d %s",
                 NGX_HTTP_VIDEO_ASSET_KIND,
                 t->text ? "files of subtitles" : "MP4 files");
}


static nvm_err_e
ngx_http_video_asset_tracks(ngx_http_video_value_reader_t *top,
    ngx_http_video_asset_t *a)
{
    size_t                          i, n;
    unsigned                        media;
    nvm_err_e                       rc;
    const json_t                   *list;
    ngx_http_video_value_reader_t   r;

    list = json_object_get(top->object, "tracks");
    n = json_array_size(list);

    if (!json_is_array(list) || n == 0 || n > NGX_HTTP_VIDEO_ASSET_TRACKS) {
        return ngx_http_video_value_fault(top, "tracks", "a list of 1 to %d "
                   "objects is expected", NGX_HTTP_VIDEO_ASSET_TRACKS);
    }

    r = *top;
    media = 0;

    for (i = 0; i < n; i++) {
        r.object = json_array_get(list, i);

        if (!json_is_object(r.object)) {
            (void) snprintf(r.path, sizeof(r.path), "tracks[%zu]", i);
            return ngx_http_video_value_fault(&r, "", "an object is expected, "
                       "not %s", ngx_http_video_value_kind(r.object));
        }

        (void) snprintf(r.path, sizeof(r.path), "tracks[%zu].", i);

        rc = ngx_http_video_asset_track(&r, &a->tracks[i]);

        if (rc == NVM_OK) {
            rc = ngx_http_video_asset_beside(&r, a->tracks, i);
        }

        if (rc != NVM_OK) {
            return rc;
        }

        media |= a->tracks[i].type == NGX_HTTP_VIDEO_ASSET_MEDIA;
    }

    a->ntracks = (uint32_t) n;

    return media ? NVM_OK
           : ngx_http_video_value_fault(top, "tracks", "one of type \"media\" "
                                        "is expected");
}


static nvm_err_e
ngx_http_video_asset_poster(ngx_http_video_value_reader_t *r,
    ngx_http_video_asset_t *a)
{
    size_t     i;
    nvm_err_e  rc;

    static const char  *types[] = { ".jpg", ".jpeg", ".png", ".webp" };

    rc = ngx_http_video_value_path(r, "poster", a->poster);

    if (rc != NVM_OK || a->poster[0] == '\0') {
        return rc;
    }

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (ngx_http_video_value_ends(a->poster, types[i])) {
            return NVM_OK;
        }
    }

    return ngx_http_video_value_fault(r, "poster",
               "\"" NGX_HTTP_VIDEO_VALUE_SHOWN "\" is no image by its name: "
               ".jpg, .jpeg, .png or .webp is expected", a->poster);
}


/* The times of a clip. */
static nvm_err_e
ngx_http_video_asset_times(ngx_http_video_value_reader_t *r, uint64_t *start,
    uint64_t *end)
{
    nvm_err_e  rc;

    if ((rc = ngx_http_video_value_time(r, "start", start)) != NVM_OK
        || (rc = ngx_http_video_value_time(r, "end", end)) != NVM_OK)
    {
        return rc;
    }

    if (json_object_get(r->object, "end") && *end <= *start) {
        return ngx_http_video_value_fault(r, "end", "is not after \"start\"");
    }

    return NVM_OK;
}


static nvm_err_e
ngx_http_video_asset_clip(ngx_http_video_value_reader_t *top,
    ngx_http_video_asset_t *a)
{
    nvm_err_e                      rc;
    ngx_http_video_value_reader_t  r;

    r = *top;
    r.object = json_object_get(top->object, "clip");

    if (r.object == NULL) {
        return NVM_OK;
    }

    if (!json_is_object(r.object)) {
        return ngx_http_video_value_fault(top, "clip", "an object is expected,"
                   " not %s", ngx_http_video_value_kind(r.object));
    }

    (void) snprintf(r.path, sizeof(r.path), "clip.");

    rc = ngx_http_video_value_known(&r, ngx_http_video_asset_clip_members);

    return rc == NVM_OK
           ? ngx_http_video_asset_times(&r, &a->start, &a->end) : rc;
}


/* Stretches of other assets, one after the other. */
static nvm_err_e
ngx_http_video_asset_clips(ngx_http_video_value_reader_t *top,
    ngx_http_video_asset_t *a)
{
    size_t                         i, n;
    nvm_err_e                      rc;
    const json_t                  *list;
    ngx_http_video_asset_clip_t   *c;
    ngx_http_video_value_reader_t  r;

    static const char  *beside[] = { "tracks", "clip", NULL };

    list = json_object_get(top->object, "clips");
    n = json_array_size(list);

    if (!json_is_array(list) || n == 0 || n > NGX_HTTP_VIDEO_ASSET_CLIPS) {
        return ngx_http_video_value_fault(top, "clips", "a list of 1 to %d "
                   "objects is expected", NGX_HTTP_VIDEO_ASSET_CLIPS);
    }

    rc = ngx_http_video_value_without(top, beside, "is not for an asset of "
                                      "clips");
    r = *top;

    for (i = 0; rc == NVM_OK && i < n; i++) {
        r.object = json_array_get(list, i);
        (void) snprintf(r.path, sizeof(r.path), "clips[%zu]", i);

        if (!json_is_object(r.object)) {
            return ngx_http_video_value_fault(&r, "", "an object is expected, "
                       "not %s", ngx_http_video_value_kind(r.object));
        }

        (void) snprintf(r.path, sizeof(r.path), "clips[%zu].", i);
        c = &a->clips[i];

        rc = ngx_http_video_value_known(&r,
                                        ngx_http_video_asset_clips_members);
        if (rc == NVM_OK) {
            rc = ngx_http_video_value_path(&r, "asset", c->asset);
        }

        if (rc == NVM_OK && c->asset[0] == '\0') {
            rc = ngx_http_video_value_fault(&r, "asset", "is missing");
        }

        if (rc == NVM_OK) {
            rc = ngx_http_video_asset_times(&r, &c->start, &c->end);
        }
    }

    a->nclips = (uint32_t) n;

    return rc;
}


static uint64_t
ngx_http_video_asset_hash(const ngx_http_video_asset_t *a)
{
    size_t          i, n;
    uint64_t        h;
    const uint8_t  *p;

    p = (const uint8_t *) a;
    n = ngx_http_video_asset_len(a->ntracks, a->nclips);
    h = 0xcbf29ce484222325ULL;

    for (i = sizeof(a->hash); i < n; i++) {
        h = (h ^ p[i]) * 0x100000001b3ULL;
    }

    return h;
}


static nvm_err_e
ngx_http_video_asset_content(ngx_http_video_value_reader_t *r,
    ngx_http_video_asset_t *a)
{
    nvm_err_e  rc;

    if (json_object_get(r->object, "clips")) {
        return ngx_http_video_asset_clips(r, a);
    }

    rc = ngx_http_video_asset_tracks(r, a);

    return rc == NVM_OK ? ngx_http_video_asset_clip(r, a) : rc;
}


nvm_err_e
ngx_http_video_asset_parse(const char *data, size_t len,
    ngx_http_video_asset_t *out, char error[NGX_HTTP_VIDEO_ASSET_ERROR])
{
    json_t                         *root;
    nvm_err_e                       rc;
    ngx_http_video_value_reader_t   r;

    memset(out, 0, sizeof(ngx_http_video_asset_t));
    memset(&r, 0, sizeof(r));
    r.error = error;
    error[0] = '\0';

    root = ngx_http_video_value_tree(&r, data, len, &rc);

    if (root == NULL) {
        return rc;
    }

    r.object = root;

    if (!json_is_object(root)) {
        rc = ngx_http_video_value_fault(&r, "", "an object is expected, "
                                        "not %s",
                                        ngx_http_video_value_kind(root));

    } else if ((rc = ngx_http_video_value_known(&r,
                                         ngx_http_video_asset_members))
               == NVM_OK
               && (rc = ngx_http_video_asset_content(&r, out)) == NVM_OK)
    {
        rc = ngx_http_video_asset_poster(&r, out);
    }

    json_decref(root);

    out->hash = ngx_http_video_asset_hash(out);

    return rc;
}
