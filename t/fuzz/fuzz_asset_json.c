/*
 * Copyright (C) ngx_video authors
 *
 * asset.json.  What is taken has tracks or clips, strings that end, files that
 * are below the directory, and says the same when it is read again; what is
 * refused has a text of printable characters.
 */

#include "fuzz.h"
#include "ngx_http_video_asset_json.h"


static void
check_string(const char *s, size_t size)
{
    require(memchr(s, '\0', size) != NULL);

    for ( /* void */ ; *s; s++) {
        require((uint8_t) *s >= 0x20 && *s != 0x7f);
    }
}


static void
check_file(const char *s)
{
    check_string(s, NGX_HTTP_VIDEO_ASSET_FILE);
    require(s[0] != '/');
    require(strncmp(s, "../", 3) != 0 && strcmp(s, "..") != 0);
    require(strstr(s, "/../") == NULL);
    require(strlen(s) < 3 || strcmp(s + strlen(s) - 3, "/..") != 0);
}


static void
check_tracks(const ngx_http_video_asset_t *a)
{
    char                                 tag[NVM_TEXT_TAG];
    uint32_t                             i, defaults[2], files[2];
    const ngx_http_video_asset_track_t  *t;

    memset(defaults, 0, sizeof(defaults));
    memset(files, 0, sizeof(files));

    for (i = 0; i < a->ntracks; i++) {
        t = &a->tracks[i];

        require(t->file[0] != '\0');
        check_file(t->file);
        check_string(t->label, sizeof(t->label));
        check_string(t->language, sizeof(t->language));
        require(t->role < NVM_ROLES && t->without < 1 << NVM_KINDS);
        require(t->def + t->forced + t->text <= 3 && t->type < 2);
        defaults[t->type] += t->def;
        files[t->text]++;
        require(strlen(t->iso) == (t->language[0] ? 3 : 0));

        if (t->language[0]) {
            require(nvm_text_tag(t->language, tag) == 0);
            require(strcmp(tag, t->language) == 0);
        }
    }

    require(defaults[0] <= 1 && defaults[1] <= 1);
    require(files[0] <= NGX_HTTP_VIDEO_ASSET_KIND
            && files[1] <= NGX_HTTP_VIDEO_ASSET_KIND);
}


static void
check_times(uint64_t start, uint64_t end)
{
    require(end == 0 || end > start);
    require(start <= NGX_HTTP_VIDEO_ASSET_TIME * 1000ULL
            && end <= NGX_HTTP_VIDEO_ASSET_TIME * 1000ULL);
}


static void
check_clips(const ngx_http_video_asset_t *a)
{
    uint32_t  i;

    /* a clip has times of its own */
    require(a->start == 0 && a->end == 0);

    for (i = 0; i < a->nclips; i++) {
        require(a->clips[i].asset[0] != '\0');
        check_file(a->clips[i].asset);
        check_times(a->clips[i].start, a->clips[i].end);
    }
}


static void
check(const ngx_http_video_asset_t *a)
{
    require(a->ntracks <= NGX_HTTP_VIDEO_ASSET_TRACKS);
    require(a->nclips <= NGX_HTTP_VIDEO_ASSET_CLIPS);
    require((a->ntracks == 0) != (a->nclips == 0));
    check_times(a->start, a->end);
    check_file(a->poster);

    if (a->nclips) {
        check_clips(a);

    } else {
        check_tracks(a);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nvm_err_e                       rc;
    static char                     error[NGX_HTTP_VIDEO_ASSET_ERROR];
    static ngx_http_video_asset_t   a, b;

    rc = ngx_http_video_asset_parse((const char *) data, size, &a, error);

    if (rc == NVM_OK) {
        check(&a);
        require(error[0] == '\0');
        require(ngx_http_video_asset_parse((const char *) data, size, &b,
                                           error)
                == NVM_OK);
        require(memcmp(&a, &b, sizeof(a)) == 0);

    } else {
        require(error[0] != '\0');
        check_string(error, sizeof(error));
    }

    return 0;
}
