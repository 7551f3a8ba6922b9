/*
 * Copyright (C) ngx_video authors
 *
 * Values in an asset.json, and what is said of one that is wrong.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ngx_http_video_value.h"


nvm_err_e
ngx_http_video_value_fault(ngx_http_video_value_reader_t *r,
    const char *member, const char *fmt, ...)
{
    char    *p;
    int      n;
    va_list  args;

    n = snprintf(r->error, NGX_HTTP_VIDEO_ASSET_ERROR, "%s%s%s", r->path,
                 member, r->path[0] || member[0] ? ": " : "");

    if (n >= 0 && n < NGX_HTTP_VIDEO_ASSET_ERROR) {
        va_start(args, fmt);
        vsnprintf(r->error + n, (size_t) (NGX_HTTP_VIDEO_ASSET_ERROR - n), fmt,
                  args);
        va_end(args);
    }

    /* control characters of what is quoted would break the line */

    for (p = r->error; *p; p++) {
        if ((unsigned char) *p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }

    return NVM_EINVAL;
}


/* "a", "b", "c" */
static const char *
ngx_http_video_value_names(const char **names, char *out, size_t size)
{
    int     len;
    size_t  n;

    out[0] = '\0';

    for (n = 0; *names; names++) {
        len = snprintf(out + n, size - n, "%s\"%s\"", n ? ", " : "", *names);

        if (len < 0 || (size_t) len >= size - n) {
            break;
        }

        n += (size_t) len;
    }

    return out;
}


const char *
ngx_http_video_value_kind(const json_t *v)
{
    switch (json_typeof(v)) {

    case JSON_OBJECT:
        return "an object";

    case JSON_ARRAY:
        return "a list";

    case JSON_STRING:
        return "a string";

    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";

    case JSON_NULL:
        return "null";

    default:
        return "a number";
    }
}


nvm_err_e
ngx_http_video_value_known(ngx_http_video_value_reader_t *r,
    const char **names)
{
    void         *it;
    char          key[80], text[128];
    json_t       *o;
    const char  **name;

    o = (json_t *) r->object;

    for (it = json_object_iter(o); it; it = json_object_iter_next(o, it)) {

        for (name = names; *name; name++) {
            if (strcmp(*name, json_object_iter_key(it)) == 0) {
                break;
            }
        }

        if (*name == NULL) {
            (void) snprintf(key, sizeof(key), NGX_HTTP_VIDEO_VALUE_SHOWN,
                            json_object_iter_key(it));
            return ngx_http_video_value_fault(r, key, "no such member, known "
                       "are %s", ngx_http_video_value_names(names, text,
                                                            sizeof(text)));
        }
    }

    return NVM_OK;
}


nvm_err_e
ngx_http_video_value_string(ngx_http_video_value_reader_t *r,
    const char *name, size_t size, const char **out)
{
    const char    *p;
    const json_t  *v;

    *out = NULL;
    v = json_object_get(r->object, name);

    if (v == NULL) {
        return NVM_OK;
    }

    if (!json_is_string(v)) {
        return ngx_http_video_value_fault(r, name, "a string is expected, not "
                                          "%s", ngx_http_video_value_kind(v));
    }

    if (json_string_length(v) == 0 || json_string_length(v) >= size) {
        return ngx_http_video_value_fault(r, name, "1 to %zu bytes are "
                                          "expected, not %zu", size - 1,
                                          json_string_length(v));
    }

    for (p = json_string_value(v); *p; p++) {
        if ((unsigned char) *p < 0x20 || *p == 0x7f) {
            return ngx_http_video_value_fault(r, name, "has a control "
                                              "character");
        }
    }

    *out = json_string_value(v);

    return NVM_OK;
}


nvm_err_e
ngx_http_video_value_word(ngx_http_video_value_reader_t *r, const char *name,
    const char **words, uint8_t *n)
{
    char         text[160];
    size_t       i;
    nvm_err_e    rc;
    const char  *s;

    rc = ngx_http_video_value_string(r, name, 64, &s);

    if (rc != NVM_OK || s == NULL) {
        return rc;
    }

    for (i = 0; words[i]; i++) {
        if (strcmp(words[i], s) == 0) {
            *n = (uint8_t) i;
            return NVM_OK;
        }
    }

    return ngx_http_video_value_fault(r, name,
                   "\"" NGX_HTTP_VIDEO_VALUE_SHOWN "\" is none of %s", s,
                   ngx_http_video_value_names(words, text, sizeof(text)));
}


nvm_err_e
ngx_http_video_value_bool(ngx_http_video_value_reader_t *r, const char *name,
    uint8_t *on)
{
    const json_t  *v;

    v = json_object_get(r->object, name);

    if (v == NULL) {
        return NVM_OK;
    }

    if (!json_is_boolean(v)) {
        return ngx_http_video_value_fault(r, name, "true or false is expected,"
                                          " not %s",
                                          ngx_http_video_value_kind(v));
    }

    *on = json_is_true(v);

    return NVM_OK;
}


nvm_err_e
ngx_http_video_value_path(ngx_http_video_value_reader_t *r, const char *name,
    char out[NGX_HTTP_VIDEO_ASSET_FILE])
{
    nvm_err_e    rc;
    const char  *s, *p;

    rc = ngx_http_video_value_string(r, name, NGX_HTTP_VIDEO_ASSET_FILE, &s);

    if (rc != NVM_OK || s == NULL) {
        return rc;
    }

    if (s[0] == '/') {
        return ngx_http_video_value_fault(r, name,
                   "\"" NGX_HTTP_VIDEO_VALUE_SHOWN "\" is absolute, a path "
                   "relative to this file's directory is expected", s);
    }

    for (p = s; p; p = strchr(p, '/')) {
        p += *p == '/';

        if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0')) {
            return ngx_http_video_value_fault(r, name,
                       "\"" NGX_HTTP_VIDEO_VALUE_SHOWN "\" has \"..\", a path "
                       "below this file's directory is expected", s);
        }
    }

    memcpy(out, s, strlen(s) + 1);

    return NVM_OK;
}


unsigned
ngx_http_video_value_ends(const char *s, const char *end)
{
    size_t  n;

    n = strlen(s);

    return n >= strlen(end) && strcasecmp(s + n - strlen(end), end) == 0;
}


nvm_err_e
ngx_http_video_value_without(ngx_http_video_value_reader_t *r,
    const char **names, const char *why)
{
    for ( /* void */ ; *names; names++) {
        if (json_object_get(r->object, *names)) {
            return ngx_http_video_value_fault(r, *names, "%s", why);
        }
    }

    return NVM_OK;
}


/* "12", "12.5": digits, and up to three decimals. */
static int
ngx_http_video_value_digits(const char *s, uint64_t *ms)
{
    int  digits, decimals;

    digits = 0;
    decimals = -1;      /* before the point */

    for (*ms = 0; *s; s++) {

        if (*s == '.' && digits && decimals == -1) {
            decimals = 0;
            continue;
        }

        if (*s < '0' || *s > '9' || decimals == 3 || digits++ == 12) {
            return -1;
        }

        *ms = *ms * 10 + (uint64_t) (*s - '0');
        decimals += decimals != -1;
    }

    if (digits == 0 || decimals == 0) {
        return -1;
    }

    for (decimals += decimals == -1; decimals < 3; decimals++) {
        *ms *= 10;
    }

    return 0;
}


nvm_err_e
ngx_http_video_value_time(ngx_http_video_value_reader_t *r, const char *name,
    uint64_t *ms)
{
    int            good;
    double         x;
    const json_t  *v;

    v = json_object_get(r->object, name);
    *ms = 0;

    if (v == NULL) {
        return NVM_OK;
    }

    if (json_is_string(v)) {
        good = ngx_http_video_value_digits(json_string_value(v), ms) == 0;

    } else {
        x = json_is_number(v) ? json_number_value(v) * 1000 : -1;
        good = x >= 0 && x <= NGX_HTTP_VIDEO_ASSET_TIME * 1000.0;
        *ms = good ? (uint64_t) (x + 0.5) : 0;
        good = good && x - (double) *ms < 0.001 && (double) *ms - x < 0.001;
    }

    if (!good || *ms > NGX_HTTP_VIDEO_ASSET_TIME * 1000ULL) {
        return ngx_http_video_value_fault(r, name, "seconds with up to three "
                                          "decimals are expected");
    }

    return NVM_OK;
}


/*
 * How deep objects and lists are nested is known before anything recurses:
 * the line and column where it is too deep, or 0.
 */
static unsigned
ngx_http_video_value_deep(const char *data, size_t len, unsigned *column)
{
    size_t    i;
    unsigned  depth, line, quoted;

    depth = 0;
    line = 1;
    quoted = 0;
    *column = 0;

    for (i = 0; i < len; i++) {
        (*column)++;

        switch (data[i]) {

        case '\\':
            i += quoted;
            *column += quoted;
            break;

        case '"':
            quoted = !quoted;
            break;

        case '{':
        case '[':
            if (!quoted && ++depth > NGX_HTTP_VIDEO_ASSET_DEPTH) {
                return line;
            }
            break;

        case '}':
        case ']':
            depth -= !quoted && depth;
            break;

        case '\n':
            line++;
            *column = 0;
            break;
        }
    }

    return 0;
}


json_t *
ngx_http_video_value_tree(ngx_http_video_value_reader_t *r, const char *data,
    size_t len, nvm_err_e *rc)
{
    json_t        *root;
    unsigned       line, column;
    json_error_t   e;

    *rc = NVM_EINVAL;

    if (len > NGX_HTTP_VIDEO_ASSET_SIZE) {
        ngx_http_video_value_fault(r, "", "larger than %d bytes",
                                   NGX_HTTP_VIDEO_ASSET_SIZE);
        return NULL;
    }

    /* a byte order mark */
    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }

    line = ngx_http_video_value_deep(data, len, &column);

    if (line) {
        (void) snprintf(r->path, sizeof(r->path), "%u:%u", line, column);
        ngx_http_video_value_fault(r, "", "nested more than %d deep",
                                   NGX_HTTP_VIDEO_ASSET_DEPTH);
        return NULL;
    }

    root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &e);

    if (root == NULL) {
        (void) snprintf(r->path, sizeof(r->path), "%d:%d", e.line, e.column);
        ngx_http_video_value_fault(r, "", "%s",
                                   json_error_code(&e)
                                   == json_error_null_character
                                   ? "a string has a zero character"
                                   : e.text);

        if (json_error_code(&e) == json_error_out_of_memory) {
            *rc = NVM_ENOMEM;
        }
    }

    return root;
}
