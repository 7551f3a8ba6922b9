/*
 * Copyright (C) ngx_video authors
 *
 * What an asset.json says.  Pure: no nginx, no I/O, so that it is tested and
 * fuzzed alone.
 */

#ifndef NGX_HTTP_VIDEO_ASSET_JSON_H
#define NGX_HTTP_VIDEO_ASSET_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "nvm_model.h"
#include "nvm_role.h"
#include "nvm_text.h"


#define NGX_HTTP_VIDEO_ASSET_SIZE    (64 * 1024)    /* of the file */
#define NGX_HTTP_VIDEO_ASSET_DEPTH   8
#define NGX_HTTP_VIDEO_ASSET_TRACKS  32
#define NGX_HTTP_VIDEO_ASSET_KIND    16             /* of MP4 files, of files
                                                       of subtitles */
#define NGX_HTTP_VIDEO_ASSET_CLIPS   32
#define NGX_HTTP_VIDEO_ASSET_FILE    512
#define NGX_HTTP_VIDEO_ASSET_LABEL   128
#define NGX_HTTP_VIDEO_ASSET_ERROR   384            /* text of one */

/* eight years, in seconds: no film is longer */
#define NGX_HTTP_VIDEO_ASSET_TIME    (1 << 28)


typedef enum {
    NGX_HTTP_VIDEO_ASSET_MEDIA = 0,
    NGX_HTTP_VIDEO_ASSET_SUBTITLES
} ngx_http_video_asset_type_e;


/*
 * A file of the asset.  Fixed size and free of pointers, because all workers
 * read it in shared memory; strings are zero-terminated, "" where nothing was
 * said.
 */
typedef struct {
    char           file[NGX_HTTP_VIDEO_ASSET_FILE];     /* a relative path */
    char           label[NGX_HTTP_VIDEO_ASSET_LABEL];
    char           language[NVM_TEXT_TAG];      /* BCP 47, "und" too */
    char           iso[4];          /* the same as nvm_track_t has it */
    uint8_t        type;            /* ngx_http_video_asset_type_e */
    uint8_t        role;            /* nvm_role_e */
    uint8_t        without;         /* a bit for each nvm_kind_e that is not
                                       to be taken */
    uint8_t        def;
    uint8_t        forced;
    uint8_t        text;            /* a file of text, not an MP4 file */
    uint8_t        reserved[2];
} ngx_http_video_asset_track_t;


/* A stretch of another asset. */
typedef struct {
    uint64_t       start;           /* ms */
    uint64_t       end;             /* 0: none */
    char           asset[NGX_HTTP_VIDEO_ASSET_FILE];    /* a relative path */
} ngx_http_video_asset_clip_t;


/* It has tracks, or it has clips: the other number is 0. */
typedef struct {
    uint64_t       hash;            /* of all that follows */
    uint64_t       start;           /* of a clip of the tracks, ms */
    uint64_t       end;             /* 0: none */
    char           poster[NGX_HTTP_VIDEO_ASSET_FILE];
    uint32_t       ntracks;
    uint32_t       nclips;

    union {
        ngx_http_video_asset_track_t  tracks[NGX_HTTP_VIDEO_ASSET_TRACKS];
        ngx_http_video_asset_clip_t   clips[NGX_HTTP_VIDEO_ASSET_CLIPS];
    };
} ngx_http_video_asset_t;


/* What is there of an asset of so many tracks and clips. */
static inline size_t
ngx_http_video_asset_len(uint32_t ntracks, uint32_t nclips)
{
    return offsetof(ngx_http_video_asset_t, tracks)
           + ntracks * sizeof(ngx_http_video_asset_track_t)
           + nclips * sizeof(ngx_http_video_asset_clip_t);
}


/*
 * Parses the bytes of an asset.json; of tracks at least one is of media.
 * NVM_EINVAL, with a text that tells the place and what is allowed there, in
 * printable characters; NVM_ENOMEM.
 */
nvm_err_e ngx_http_video_asset_parse(const char *data, size_t len,
    ngx_http_video_asset_t *out, char error[NGX_HTTP_VIDEO_ASSET_ERROR]);


#endif /* NGX_HTTP_VIDEO_ASSET_JSON_H */
