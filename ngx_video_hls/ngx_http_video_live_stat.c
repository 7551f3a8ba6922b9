/*
 * Copyright (C) ngx_video authors
 *
 * What a live stream has sent, and to how many: counted when the request is
 * over, so that bytes are those that nginx has sent, and whatever ended it.
 *
 * A viewer is who says to be of the same session (CMCD), or else has the same
 * address and the same User-Agent.  Only a hash of that is looked at.
 */

#include "ngx_http_video_hls_module.h"
#include "ngx_video_live_stat.h"
#include "ngx_video_wish.h"
#include "nvm_cmcd.h"


/* bytes that are looked at of what a client may send at any length */
#define NGX_HTTP_VIDEO_AGENT  256
#define NGX_HTTP_VIDEO_CMCD   1024

#define NGX_HTTP_VIDEO_HASH   0xcbf29ce484222325ULL


typedef struct {
    ngx_http_request_t       *request;
    ngx_video_live_stat_t    *stat;
    uint64_t                  id;           /* of the entry */
    ngx_video_stat_request_e  kind;
} ngx_http_video_count_t;


static void ngx_http_video_count_cleanup(void *data);


static ngx_video_stat_request_e
ngx_http_video_count_kind(ngx_http_video_what_e what)
{
    switch (what) {

    case NGX_HTTP_VIDEO_MASTER:
        return NGX_VIDEO_REQUEST_MASTER;

    case NGX_HTTP_VIDEO_MANIFEST:
        return NGX_VIDEO_REQUEST_MANIFEST;

    case NGX_HTTP_VIDEO_PLAYLIST:
        return NGX_VIDEO_REQUEST_PLAYLIST;

    case NGX_HTTP_VIDEO_INIT:
        return NGX_VIDEO_REQUEST_INIT;

    case NGX_HTTP_VIDEO_PART:
        return NGX_VIDEO_REQUEST_PART;

    default:
        return NGX_VIDEO_REQUEST_SEGMENT;
    }
}


ngx_int_t
ngx_http_video_live_count(ngx_http_request_t *r, ngx_video_live_info_t *info)
{
    ngx_pool_cleanup_t      *cln;
    ngx_http_video_ctx_t    *ctx;
    ngx_http_video_count_t  *count;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    /* one that has waited asks again */
    ngx_video_wish_asked(ctx->store, info->stat, ngx_video_now());

    if (ctx->counted || info->stat >= ctx->store->head->nlives) {
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_video_count_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    count = cln->data;
    count->request = r;
    count->stat = &ctx->store->stats[info->stat];
    count->id = ngx_video_load(&count->stat->id);
    count->kind = ngx_http_video_count_kind(ctx->path.what);

    cln->handler = ngx_http_video_count_cleanup;
    ctx->counted = 1;

    return NGX_OK;
}


static ngx_str_t *
ngx_http_video_count_header(ngx_http_request_t *r, const char *name,
    size_t len)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == len
                && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
            {
                return &h[i].value;
            }
        }
    }

    return NULL;
}


/* The session that a player says it is of, hashed; 0: it does not say. */
static uint64_t
ngx_http_video_count_session(ngx_http_request_t *r)
{
    u_char          buf[NGX_HTTP_VIDEO_CMCD], *dst, *src;
    size_t          len;
    ngx_str_t       arg, *cmcd;
    const uint8_t  *sid;

    cmcd = ngx_http_video_count_header(r, "CMCD-Session",
                                       sizeof("CMCD-Session") - 1);

    if (cmcd == NULL) {
        if (ngx_http_arg(r, (u_char *) "CMCD", 4, &arg) != NGX_OK
            || arg.len > NGX_HTTP_VIDEO_CMCD)
        {
            return 0;
        }

        dst = buf;
        src = arg.data;
        ngx_unescape_uri(&dst, &src, arg.len, 0);

        arg.data = buf;
        arg.len = dst - buf;
        cmcd = &arg;
    }

    if (nvm_cmcd_session(cmcd->data, cmcd->len, &sid, &len) != NVM_OK) {
        return 0;
    }

    return ngx_http_video_hash(NGX_HTTP_VIDEO_HASH, sid, len);
}


static uint64_t
ngx_http_video_count_viewer(ngx_http_request_t *r)
{
    uint64_t              h;
    ngx_str_t            *agent;
    struct sockaddr      *sa;
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    h = ngx_http_video_count_session(r);

    if (h) {
        return ngx_video_viewers_mix(h);
    }

    h = NGX_HTTP_VIDEO_HASH;
    sa = r->connection->sockaddr;

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        h = ngx_http_video_hash(h, &sin->sin_addr, sizeof(sin->sin_addr));
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        h = ngx_http_video_hash(h, &sin6->sin6_addr, sizeof(sin6->sin6_addr));
        break;
#endif

    default:
        break;
    }

    if (r->headers_in.user_agent) {
        agent = &r->headers_in.user_agent->value;
        h = ngx_http_video_hash(h, agent->data,
                                ngx_min(agent->len, NGX_HTTP_VIDEO_AGENT));
    }

    return ngx_video_viewers_mix(h);
}


static void
ngx_http_video_count_cleanup(void *data)
{
    ngx_http_video_count_t *count = data;

    uint64_t             sent;
    ngx_uint_t           status;
    ngx_http_request_t  *r;

    r = count->request;
    status = r->err_status ? r->err_status : r->headers_out.status;

    /* of a connection that has several requests, those of this one */
    sent = (r == r->main) ? (uint64_t) r->connection->sent : 0;

    ngx_video_live_stat_request(count->stat, count->id, count->kind, sent,
                                status < NGX_HTTP_OK
                                || status >= NGX_HTTP_BAD_REQUEST);

    if (status >= NGX_HTTP_OK && status < NGX_HTTP_BAD_REQUEST) {
        ngx_video_live_stat_viewer(count->stat, count->id,
                                   ngx_http_video_count_viewer(r),
                                   ngx_video_now());
    }
}
