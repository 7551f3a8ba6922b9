/*
 * Copyright (C) ngx_video authors
 *
 * "video_clearkey": Clearkey licences.  The path below the location is the
 * asset; who may have its keys is for nginx's own access modules.
 *
 *   $video_clearkey_asset    what keys were asked for
 *   $video_clearkey_kids     the key IDs, separated by commas
 *   $video_clearkey_verdict  "granted", "none" (the asset has no such keys),
 *                            or why not
 */

#include "ngx_http_video_drm.h"
#include "nvd_clearkey.h"


/* of an answer: each key has less than a hundred */
#define NGX_HTTP_VIDEO_CLEARKEY_ANSWER  (128 + 128 * NGX_VIDEO_KEYS_TYPES)


typedef struct {
    ngx_video_keys_t         *keys;
    ngx_http_complex_value_t *cors;
} ngx_http_video_clearkey_conf_t;


typedef struct {
    ngx_str_t                 asset;
    nvd_clearkey_t            request;
    const char               *verdict;
} ngx_http_video_clearkey_ctx_t;


static ngx_int_t ngx_http_video_clearkey_handler(ngx_http_request_t *r);
static void ngx_http_video_clearkey_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_clearkey_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_video_clearkey_preconfiguration(ngx_conf_t *cf);
static void *ngx_http_video_clearkey_create_conf(ngx_conf_t *cf);
static char *ngx_http_video_clearkey(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_video_clearkey_commands[] = {

    { ngx_string("video_clearkey"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_video_clearkey,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("video_clearkey_cors"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_video_clearkey_conf_t, cors),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_video_clearkey_module_ctx = {
    ngx_http_video_clearkey_preconfiguration,  /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    ngx_http_video_clearkey_create_conf,   /* create location configuration */
    NULL                                   /* merge location configuration */
};


ngx_module_t  ngx_http_video_clearkey_module = {
    NGX_MODULE_V1,
    &ngx_http_video_clearkey_module_ctx,   /* module context */
    ngx_http_video_clearkey_commands,      /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


enum {
    NGX_HTTP_VIDEO_CLEARKEY_ASSET = 0,
    NGX_HTTP_VIDEO_CLEARKEY_KIDS,
    NGX_HTTP_VIDEO_CLEARKEY_VERDICT
};


static ngx_http_variable_t  ngx_http_video_clearkey_variables[] = {

    { ngx_string("video_clearkey_asset"), NULL,
      ngx_http_video_clearkey_variable, NGX_HTTP_VIDEO_CLEARKEY_ASSET,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("video_clearkey_kids"), NULL,
      ngx_http_video_clearkey_variable, NGX_HTTP_VIDEO_CLEARKEY_KIDS,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("video_clearkey_verdict"), NULL,
      ngx_http_video_clearkey_variable, NGX_HTTP_VIDEO_CLEARKEY_VERDICT,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_video_clearkey_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}


/* For pages of other origins, errors too. */
static ngx_int_t
ngx_http_video_clearkey_allow(ngx_http_request_t *r)
{
    ngx_str_t                        origin;
    ngx_http_video_clearkey_conf_t  *conf;

    static ngx_str_t  methods = ngx_string("POST, OPTIONS");
    static ngx_str_t  headers = ngx_string("Content-Type, Authorization");
    static ngx_str_t  no_store = ngx_string("no-store");

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_clearkey_module);

    if (ngx_http_video_clearkey_header(r, "Cache-Control", &no_store)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (conf->cors == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, conf->cors, &origin) != NGX_OK) {
        return NGX_ERROR;
    }

    if (origin.len == 0) {
        return NGX_OK;
    }

    if (ngx_http_video_clearkey_header(r, "Access-Control-Allow-Origin",
                                       &origin)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (r->method != NGX_HTTP_OPTIONS) {
        return NGX_OK;
    }

    return ngx_http_video_clearkey_header(r, "Access-Control-Allow-Methods",
                                          &methods)
           == NGX_OK
           ? ngx_http_video_clearkey_header(r, "Access-Control-Allow-Headers",
                                            &headers)
           : NGX_ERROR;
}


static ngx_int_t
ngx_http_video_clearkey_handler(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_video_clearkey_ctx_t   *ctx;
    ngx_http_video_clearkey_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_clearkey_module);

    if (ngx_http_video_clearkey_allow(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS && conf->cors) {
        r->headers_out.status = NGX_HTTP_NO_CONTENT;
        r->header_only = 1;
        rc = ngx_http_discard_request_body(r);

        return rc == NGX_OK ? ngx_http_send_header(r) : rc;
    }

    if (r->method != NGX_HTTP_POST) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_video_clearkey_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_set_ctx(r, ctx, ngx_http_video_clearkey_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    ctx->asset = r->uri;
    ctx->verdict = "refused";

#if (NGX_PCRE)
    if (clcf->regex == NULL)
#endif
    {
        ctx->asset.data += ngx_min(clcf->name.len, r->uri.len);
        ctx->asset.len -= ngx_min(clcf->name.len, r->uri.len);
    }

    while (ctx->asset.len && ctx->asset.data[0] == '/') {
        ctx->asset.data++;
        ctx->asset.len--;
    }

    if (r->headers_in.content_length_n > NVD_CLEARKEY_REQUEST) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    r->request_body_in_single_buf = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_video_clearkey_body);

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/* The body in one piece: NULL, or there is none, or too much. */
static u_char *
ngx_http_video_clearkey_read(ngx_http_request_t *r, size_t *len)
{
    u_char       *p, *data;
    ngx_chain_t  *cl;

    *len = 0;

    if (r->request_body == NULL || r->request_body->temp_file) {
        return NULL;
    }

    data = ngx_pnalloc(r->pool, NVD_CLEARKEY_REQUEST);
    if (data == NULL) {
        return NULL;
    }

    for (cl = r->request_body->bufs, p = data; cl; cl = cl->next) {

        if (cl->buf->last - cl->buf->pos > data + NVD_CLEARKEY_REQUEST - p) {
            return NULL;
        }

        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    *len = p - data;

    return data;
}


/* The keys that were asked for and that the asset has: their number, or -1. */
static ngx_int_t
ngx_http_video_clearkey_keys(ngx_http_request_t *r, nvd_key_t *found)
{
    ngx_int_t                        n;
    nvd_key_t                       *k;
    ngx_uint_t                       i, kind;
    ngx_http_video_clearkey_ctx_t   *ctx;
    ngx_http_video_clearkey_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_clearkey_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_clearkey_module);

    for (kind = 0, n = 0; kind < NGX_VIDEO_KEYS_TYPES; kind++) {
        k = &found[n];

        if (ngx_video_keys_find(conf->keys, &ctx->asset,
                                kind ? NVM_AUDIO : NVM_VIDEO, k,
                                r->connection->log)
            != NGX_OK)
        {
            return -1;
        }

        for (i = 0; i < ctx->request.n; i++) {
            if (ngx_memcmp(ctx->request.kids[i], k->kid, NVM_PROTECT_ID)
                == 0)
            {
                n++;
                break;
            }
        }
    }

    return n;
}


static ngx_int_t
ngx_http_video_clearkey_answer(ngx_http_request_t *r)
{
    u_char                         *data;
    size_t                          len;
    ngx_int_t                       n, rc;
    nvd_key_t                       found[NGX_VIDEO_KEYS_TYPES];
    ngx_buf_t                      *b;
    ngx_chain_t                     out;
    const char                     *why;
    nvm_writer_t                    w;
    ngx_http_video_clearkey_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_clearkey_module);

    data = ngx_http_video_clearkey_read(r, &len);
    why = data ? nvd_clearkey_parse((char *) data, len, &ctx->request)
               : "it is too long";

    if (why) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "invalid licence request for \"%V\": %s", &ctx->asset,
                      why);
        return NGX_HTTP_BAD_REQUEST;
    }

    if (ctx->request.persistent) {
        ctx->verdict = "persistent";
        return NGX_HTTP_FORBIDDEN;
    }

    n = ngx_http_video_clearkey_keys(r, found);

    if (n < 0) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (n == 0) {
        ctx->verdict = "none";
        return NGX_HTTP_FORBIDDEN;
    }

    b = ngx_create_temp_buf(r->pool, NGX_HTTP_VIDEO_CLEARKEY_ANSWER);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    nvm_writer_init(&w, b->pos, NGX_HTTP_VIDEO_CLEARKEY_ANSWER);
    nvd_clearkey_write(&w, found, (unsigned) n, 0);
    b->last = b->pos + w.len;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    ctx->verdict = "granted";
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = w.len;
    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static void
ngx_http_video_clearkey_body(ngx_http_request_t *r)
{
    ngx_http_finalize_request(r, ngx_http_video_clearkey_answer(r));
}


static ngx_int_t
ngx_http_video_clearkey_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                         *p;
    unsigned                        i;
    ngx_http_video_clearkey_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_clearkey_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    switch (data) {

    case NGX_HTTP_VIDEO_CLEARKEY_ASSET:
        v->data = ctx->asset.data;
        v->len = ctx->asset.len;
        break;

    case NGX_HTTP_VIDEO_CLEARKEY_KIDS:
        p = ngx_pnalloc(r->pool, NVD_UUID * NVD_CLEARKEY_KIDS);
        if (p == NULL) {
            return NGX_ERROR;
        }

        v->data = p;

        for (i = 0; i < ctx->request.n; i++) {
            nvd_uuid_write((char *) p, ctx->request.kids[i]);
            p += NVD_UUID;
            p[-1] = ',';
        }

        v->len = (p - v->data) - (i > 0);
        break;

    default:
        v->data = (u_char *) ctx->verdict;
        v->len = ngx_strlen(ctx->verdict);
        break;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_clearkey_preconfiguration(ngx_conf_t *cf)
{
    ngx_http_variable_t  *v, *var;

    for (v = ngx_http_video_clearkey_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static void *
ngx_http_video_clearkey_create_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_http_video_clearkey_conf_t));
}


/* keys=NAME */
static char *
ngx_http_video_clearkey(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_video_clearkey_conf_t *ccf = conf;

    ngx_str_t                 *value, name;
    ngx_http_core_loc_conf_t  *clcf;

    if (ccf->keys) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (value[1].len < 6 || ngx_strncmp(value[1].data, "keys=", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\": \"keys=NAME\" "
                           "is expected", &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    name.data = value[1].data + 5;
    name.len = value[1].len - 5;

    ccf->keys = ngx_video_keys_ref(cf, &name);
    if (ccf->keys == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_video_clearkey_handler;

    return NGX_CONF_OK;
}
