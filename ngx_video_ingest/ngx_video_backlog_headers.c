/*
 * Copyright (C) ngx_video authors
 *
 * Sets of headers: see ngx_video_backlog_headers.h.
 */

#include "ngx_video_backlog_headers.h"


/* Its data follow. */
typedef struct {
    ngx_uint_t                    refs;     /* sets that have it */
    ngx_uint_t                    key;
    size_t                        len;
    uint8_t                       type;
} ngx_video_backlog_header_t;


struct ngx_video_backlog_headers_s {
    ngx_uint_t                    refs;
    ngx_uint_t                    n;
    ngx_video_backlog_header_t   *headers[NGX_VIDEO_BACKLOG_HEADERS];
};


static ngx_video_backlog_headers_t *ngx_video_backlog_headers_own(
    ngx_video_backlog_headers_t **set, ngx_log_t *log);
static void ngx_video_backlog_header_put(ngx_video_backlog_header_t *h);


static u_char *
ngx_video_backlog_header_data(ngx_video_backlog_header_t *h)
{
    return (u_char *) h + sizeof(ngx_video_backlog_header_t);
}


ngx_int_t
ngx_video_backlog_headers_set(ngx_video_backlog_headers_t **set,
    ngx_uint_t key, const nvr_message_t *msg, ngx_log_t *log)
{
    ngx_uint_t                    i, k;
    ngx_video_backlog_header_t   *h;
    ngx_video_backlog_headers_t  *s;

    s = *set;

    for (i = 0; s && i < s->n && s->headers[i]->key != key; i++) { /* void */ }

    if (s && i < s->n && s->headers[i]->len == msg->len
        && ngx_memcmp(ngx_video_backlog_header_data(s->headers[i]), msg->data,
                      msg->len)
           == 0)
    {
        /* sent again */
        return NGX_OK;
    }

    h = ngx_alloc(sizeof(ngx_video_backlog_header_t) + msg->len, log);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->refs = 1;
    h->key = key;
    h->len = msg->len;
    h->type = msg->type;
    ngx_memcpy(ngx_video_backlog_header_data(h), msg->data, msg->len);

    s = ngx_video_backlog_headers_own(set, log);
    if (s == NULL) {
        ngx_free(h);
        return NGX_ERROR;
    }

    if (i == NGX_VIDEO_BACKLOG_HEADERS) {
        /* more than a stream may have tracks: the oldest goes */
        i = 0;
    }

    if (i < s->n) {
        ngx_video_backlog_header_put(s->headers[i]);
        s->n--;

        for (k = i; k < s->n; k++) {
            s->headers[k] = s->headers[k + 1];
        }
    }

    s->headers[s->n++] = h;

    return NGX_OK;
}


/* A set that nobody else has. */
static ngx_video_backlog_headers_t *
ngx_video_backlog_headers_own(ngx_video_backlog_headers_t **set,
    ngx_log_t *log)
{
    ngx_uint_t                    i;
    ngx_video_backlog_headers_t  *s;

    if (*set && (*set)->refs == 1) {
        return *set;
    }

    s = ngx_alloc(sizeof(ngx_video_backlog_headers_t), log);
    if (s == NULL) {
        return NULL;
    }

    s->n = 0;

    if (*set) {
        *s = **set;

        for (i = 0; i < s->n; i++) {
            s->headers[i]->refs++;
        }

        ngx_video_backlog_headers_put(*set);
    }

    s->refs = 1;
    *set = s;

    return s;
}


ngx_video_backlog_headers_t *
ngx_video_backlog_headers_get(ngx_video_backlog_headers_t *set)
{
    if (set) {
        set->refs++;
    }

    return set;
}


void
ngx_video_backlog_headers_put(ngx_video_backlog_headers_t *set)
{
    ngx_uint_t  i;

    if (set == NULL || --set->refs) {
        return;
    }

    for (i = 0; i < set->n; i++) {
        ngx_video_backlog_header_put(set->headers[i]);
    }

    ngx_free(set);
}


static void
ngx_video_backlog_header_put(ngx_video_backlog_header_t *h)
{
    if (--h->refs == 0) {
        ngx_free(h);
    }
}


ngx_int_t
ngx_video_backlog_headers_read(ngx_video_backlog_headers_t *set, ngx_uint_t n,
    nvr_message_t *msg)
{
    ngx_video_backlog_header_t  *h;

    if (n >= set->n) {
        return NGX_DECLINED;
    }

    h = set->headers[n];

    msg->type = h->type;
    msg->len = h->len;
    msg->data = ngx_video_backlog_header_data(h);

    return NGX_OK;
}
