/*
 * Copyright (C) ngx_video authors
 *
 * Ladders: the renditions (rungs) that the transcoder makes of a live stream,
 * as "ladder" in "video { }" has them.
 */

#ifndef NGX_VIDEO_LADDER_H
#define NGX_VIDEO_LADDER_H

#include <ngx_config.h>
#include <ngx_core.h>

#include "nvm_model.h"


/* with its source and one sound a stream has no more tracks than may be */
#define NGX_VIDEO_RUNGS           6

/* letters of a name */
#define NGX_VIDEO_RUNG_NAME       31

/* the name of that of sound */
#define NGX_VIDEO_RUNG_SOUND      "audio"


/* What rungs can be encoded in, and how. */
typedef struct {
    ngx_str_t                 name;
    nvm_codec_e               codec;
    uint32_t                  fourcc;       /* of messages (nvm_wire.h) */
    ngx_str_t                *presets;
    const char               *preset;       /* which they are, for messages */
    ngx_str_t                *profiles;
    const char               *profile;
} ngx_video_rung_codec_t;


/* of pictures, or of sound: there is one, called "audio" */
typedef struct {
    ngx_str_t                 name;
    ngx_video_rung_codec_t   *codec;
    ngx_uint_t                width;        /* the box that pictures are */
    ngx_uint_t                height;       /* fitted into */
    uint64_t                  bitrate;      /* bit/s */
    uint64_t                  maxrate;      /* bit/s; 0: the transcoder's
                                               choice, as all below */
    uint64_t                  bufsize;      /* bits */
    ngx_uint_t                fps;
    ngx_str_t                 preset;
    ngx_str_t                 profile;

    ngx_uint_t                rate;         /* of sound: samples/s; of pictures
                                               0 */
    ngx_uint_t                channels;
    ngx_uint_t                loudness;     /* LUFS below 0; 0: as it comes */
    ngx_uint_t                variant;      /* is to be had without pictures */
} ngx_video_rung_t;


/* Even numbers of pixels. */
typedef struct {
    ngx_uint_t                width;        /* of a thumbnail */
    ngx_uint_t                height;
    ngx_uint_t                columns;      /* of a sheet */
    ngx_uint_t                rows;
    ngx_uint_t                poster_width;     /* at most; 0: no poster */
    ngx_uint_t                poster_height;
} ngx_video_ladder_thumbs_t;


typedef struct {
    ngx_str_t                 name;
    ngx_array_t               rungs;        /* ngx_video_rung_t */
    ngx_video_rung_t         *sound;        /* of them, or NULL */
    ngx_video_ladder_thumbs_t  *thumbs;     /* NULL: none */
    ngx_uint_t                quality;      /* not for low latency */
    ngx_str_t                 text;         /* what the transcoder is told,
                                               JSON */
    ngx_uint_t                declared;
    u_char                   *file;         /* where it was named first */
    ngx_uint_t                line;
} ngx_video_ladder_t;


/* Logs that something else is expected: NGX_CONF_ERROR. */
char *ngx_video_ladder_wrong(ngx_conf_t *cf, ngx_str_t *value,
    const char *expected);

/* Whether a name is one: letters, digits, "-" and "_", not too many. */
ngx_uint_t ngx_video_ladder_word(ngx_str_t *s);

/* ngx_video_ladder_rung.c: lines of a ladder, "rung" and "audio". */
char *ngx_video_ladder_pictures(ngx_conf_t *cf, ngx_video_ladder_t *l);
char *ngx_video_ladder_sound(ngx_conf_t *cf, ngx_video_ladder_t *l);

/* ngx_video_ladder_thumbs.c: the line "thumbs". */
char *ngx_video_ladder_images(ngx_conf_t *cf, ngx_video_ladder_t *l);

/* "ladder NAME { }" in "video { }". */
char *ngx_video_ladder_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * The ladder of a name, for a directive; it may be declared later.  NULL: no
 * memory.
 */
ngx_video_ladder_t *ngx_video_ladder_ref(ngx_conf_t *cf, ngx_str_t *name);

/* One that is declared, or NULL, of a configuration that has been read. */
ngx_video_ladder_t *ngx_video_ladder_find(ngx_array_t *ladders,
    ngx_str_t *name);

/* Whether all that were named are declared: NGX_OK, or it has been logged. */
ngx_int_t ngx_video_ladder_check(ngx_array_t *ladders, ngx_log_t *log);

/* The most that all of its rungs take, bit/s; of none 0. */
uint64_t ngx_video_ladder_rate(ngx_video_ladder_t *ladder);

/* Rungs of pictures. */
static inline ngx_uint_t
ngx_video_ladder_shown(ngx_video_ladder_t *ladder)
{
    return ladder->rungs.nelts - (ladder->sound != NULL);
}

/* The rung of a name, or NULL. */
ngx_video_rung_t *ngx_video_ladder_rung(ngx_video_ladder_t *ladder,
    const u_char *name, size_t len);


#endif /* NGX_VIDEO_LADDER_H */
