/*
 * Copyright (C) ngx_video authors
 *
 * Values in an asset.json: an object's members by their names.  Each function
 * that returns NVM_EINVAL has written what is wrong, and where.
 */

#ifndef NGX_HTTP_VIDEO_VALUE_H
#define NGX_HTTP_VIDEO_VALUE_H

#include <jansson.h>

#include "ngx_http_video_asset_json.h"


/* Of what someone else wrote, in a message. */
#define NGX_HTTP_VIDEO_VALUE_SHOWN  "%.64s"


typedef struct {
    const json_t  *object;
    char           path[32];        /* of it, "" or "tracks[2]." */
    char          *error;           /* [NGX_HTTP_VIDEO_ASSET_ERROR] */
} ngx_http_video_value_reader_t;


/* "path and member: text" becomes the error; NVM_EINVAL. */
__attribute__((format(printf, 3, 4)))
nvm_err_e ngx_http_video_value_fault(ngx_http_video_value_reader_t *r,
    const char *member, const char *fmt, ...);

/* What a value is, for a message: "a list". */
const char *ngx_http_video_value_kind(const json_t *v);

/* All members of the object have one of these names. */
nvm_err_e ngx_http_video_value_known(ngx_http_video_value_reader_t *r,
    const char **names);

/* None of the members has one of these names. */
nvm_err_e ngx_http_video_value_without(ngx_http_video_value_reader_t *r,
    const char **names, const char *why);

/* A member that is a string of 1 to size - 1 bytes; NULL: there is none. */
nvm_err_e ngx_http_video_value_string(ngx_http_video_value_reader_t *r,
    const char *name, size_t size, const char **out);

/* One that is one of some words; *n stays when there is none. */
nvm_err_e ngx_http_video_value_word(ngx_http_video_value_reader_t *r,
    const char *name, const char **words, uint8_t *n);

/* *on stays when there is none. */
nvm_err_e ngx_http_video_value_bool(ngx_http_video_value_reader_t *r,
    const char *name, uint8_t *on);

/* A path below the directory of the file; out stays when there is none. */
nvm_err_e ngx_http_video_value_path(ngx_http_video_value_reader_t *r,
    const char *name, char out[NGX_HTTP_VIDEO_ASSET_FILE]);

/* Seconds as the argument "start" has them, or as a number; 0: none. */
nvm_err_e ngx_http_video_value_time(ngx_http_video_value_reader_t *r,
    const char *name, uint64_t *ms);

/* Whether a name has an extension, in capitals or not. */
unsigned ngx_http_video_value_ends(const char *s, const char *end);

/*
 * The text as jansson's tree, which the caller frees; NULL: *rc is NVM_EINVAL
 * or NVM_ENOMEM.
 */
json_t *ngx_http_video_value_tree(ngx_http_video_value_reader_t *r,
    const char *data, size_t len, nvm_err_e *rc);


#endif /* NGX_HTTP_VIDEO_VALUE_H */
