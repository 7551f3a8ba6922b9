/*
 * Copyright (C) ngx_video authors
 *
 * "video_encrypt": how the media of a location are protected, and what
 * playlists and manifests tell of it.
 */

#include "ngx_http_video_drm.h"


static uint64_t ngx_http_video_drm_tag(ngx_http_request_t *r,
    ngx_str_t *asset);
static ngx_int_t ngx_http_video_drm_find(ngx_http_request_t *r,
    ngx_str_t *asset, nvm_kind_e kind, ngx_video_protection_t **p);
static void *ngx_http_video_drm_cipher(ngx_pool_t *pool,
    ngx_video_protection_t *p, nvm_kind_e kind);
static ngx_int_t ngx_http_video_drm_counter(ngx_video_protection_t *p,
    void *what, size_t len, uint64_t *counter);
static ngx_int_t ngx_http_video_drm_sample(void *cipher, uint64_t iv,
    const nvm_protect_subsample_t *sub, ngx_uint_t n, u_char *data,
    size_t len);

static ngx_int_t ngx_http_video_drm_preconfiguration(ngx_conf_t *cf);
static void *ngx_http_video_drm_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_video_drm_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_video_encrypt(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_video_drm_commands[] = {

    { ngx_string("video_encrypt"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_video_encrypt,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_video_drm_module_ctx = {
    ngx_http_video_drm_preconfiguration,   /* preconfiguration */
    NULL,                                  /* postconfiguration */
    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */
    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */
    ngx_http_video_drm_create_loc_conf,    /* create location configuration */
    ngx_http_video_drm_merge_loc_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_video_drm_module = {
    NGX_MODULE_V1,
    &ngx_http_video_drm_module_ctx,        /* module context */
    ngx_http_video_drm_commands,           /* module directives */
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


static ngx_video_drm_t  ngx_http_video_drm = {
    ngx_http_video_drm_find,
    ngx_http_video_drm_tag,
    ngx_http_video_drm_cipher,
    ngx_http_video_drm_counter,
    ngx_http_video_drm_sample
};


/* the common system of the W3C, and Clearkey of the DASH-IF */
static const u_char  ngx_http_video_drm_common[] = {
    0x10, 0x77, 0xef, 0xec, 0xc0, 0xb2, 0x4d, 0x02,
    0xac, 0xe3, 0x3c, 0x1e, 0x52, 0xe2, 0xfb, 0x4b
};

#define NGX_HTTP_VIDEO_DRM_COMMON    "1077efec-c0b2-4d02-ace3-3c1e52e2fb4b"
#define NGX_HTTP_VIDEO_DRM_CLEARKEY  "e2719d58-a985-b3c9-781a-b030af78d30e"

/* a pssh box with key IDs and no data */
#define NGX_HTTP_VIDEO_DRM_PSSH                                               \
    (12 + 16 + 4 + NGX_VIDEO_KEYS_TYPES * 16 + 4)


static ngx_int_t ngx_http_video_drm_licence(ngx_http_request_t *r,
    ngx_str_t *asset, ngx_str_t *url);


static ngx_int_t
ngx_http_video_drm_asset(ngx_http_request_t *r, ngx_str_t *given,
    ngx_str_t *asset)
{
    ngx_http_video_drm_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_drm_module);
    *asset = *given;

    if (conf->asset && ngx_http_complex_value(r, conf->asset, asset)
                       != NGX_OK)
    {
        return NGX_ERROR;
    }

    while (asset->len && asset->data[0] == '/') {
        asset->data++;
        asset->len--;
    }

    return NGX_OK;
}


static uint64_t
ngx_http_video_drm_tag(ngx_http_request_t *r, ngx_str_t *asset)
{
    uint64_t                        tag;
    nvd_key_t                       k;
    ngx_str_t                       name, licence;
    ngx_uint_t                      i;
    ngx_http_video_drm_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_drm_module);

    if (!conf->enable) {
        return 0;
    }

    if (ngx_http_video_drm_asset(r, asset, &name) != NGX_OK
        || ngx_video_keys_find(conf->keys, &name, NVM_VIDEO, &k,
                               r->connection->log)
           != NGX_OK
        || ngx_http_video_drm_licence(r, &name, &licence) != NGX_OK)
    {
        /* what comes of it is told when it is asked for */
        return 1;
    }

    /* FNV-1a */
    for (i = 0, tag = conf->scheme + 2; i < NVM_PROTECT_ID; i++) {
        tag = (tag ^ k.kid[i]) * 0x100000001b3u;
    }

    for (i = 0; i < licence.len; i++) {
        tag = (tag ^ licence.data[i]) * 0x100000001b3u;
    }

    return tag ? tag : 1;
}


/* The licence URL of an asset, escaped for XML; empty: there is none. */
static ngx_int_t
ngx_http_video_drm_licence(ngx_http_request_t *r, ngx_str_t *asset,
    ngx_str_t *url)
{
    u_char                         *p;
    size_t                          len;
    ngx_str_t                       base;
    ngx_http_video_drm_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_drm_module);
    ngx_str_null(url);

    if (conf->licence == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(r, conf->licence, &base) != NGX_OK) {
        return NGX_ERROR;
    }

    len = asset->len + 2 * ngx_escape_uri(NULL, asset->data, asset->len,
                                          NGX_ESCAPE_URI);

    p = ngx_pnalloc(r->pool, base.len + len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    url->data = p;
    p = ngx_cpymem(p, base.data, base.len);
    p = (u_char *) ngx_escape_uri(p, asset->data, asset->len, NGX_ESCAPE_URI);
    url->len = p - url->data;

    p = ngx_pnalloc(r->pool, url->len + ngx_escape_html(NULL, url->data,
                                                        url->len));
    if (p == NULL) {
        return NGX_ERROR;
    }

    base = *url;
    url->data = p;
    url->len = (u_char *) ngx_escape_html(p, base.data, base.len) - p;

    return NGX_OK;
}


/*
 * DASH (ISO/IEC 23001-7, 11): the scheme and the key ID; then where Clearkey
 * gets a licence (DASH-IF IOP 5, 6), or a pssh box for who knows otherwise.
 * Not both: of them dash.js 5.2 makes a request that Chromium refuses.
 */
static ngx_int_t
ngx_http_video_drm_dash(ngx_http_request_t *r, ngx_video_protection_t *p,
    ngx_str_t *licence)
{
    char       uuid[NVD_UUID];
    u_char    *out, text[2 * NGX_HTTP_VIDEO_DRM_PSSH];
    ngx_str_t  pssh, box;

    nvd_uuid_write(uuid, p->track.kid);

    box.data = (u_char *) p->track.pssh;
    box.len = p->track.pssh_len;
    pssh.data = text;
    ngx_encode_base64(&pssh, &box);

    out = ngx_pnalloc(r->pool, 1024 + pssh.len + licence->len);
    if (out == NULL) {
        return NGX_ERROR;
    }

    p->dash = (char *) out;
    out = ngx_sprintf(out,
        "      <ContentProtection"
        " schemeIdUri=\"urn:mpeg:dash:mp4protection:2011\" value=\"%s\""
        " cenc:default_KID=\"%s\" xmlns:cenc=\"urn:mpeg:cenc:2013\"/>\n",
        nvm_protect_name(p->track.scheme), uuid);

    if (licence->len) {
        out = ngx_sprintf(out,
            "      <ContentProtection schemeIdUri=\"urn:uuid:"
            NGX_HTTP_VIDEO_DRM_CLEARKEY "\" value=\"ClearKey1.0\">\n"
            "        <dashif:Laurl"
            " xmlns:dashif=\"https://dashif.org/CPS\""
            " licenseType=\"EME-1.0\">%V</dashif:Laurl>\n"
            "      </ContentProtection>\n", licence);

    } else {
        out = ngx_sprintf(out,
            "      <ContentProtection schemeIdUri=\"urn:uuid:"
            NGX_HTTP_VIDEO_DRM_COMMON "\">\n"
            "        <cenc:pssh xmlns:cenc=\"urn:mpeg:cenc:2013\">%V"
            "</cenc:pssh>\n"
            "      </ContentProtection>\n", &pssh);
    }

    *out = '\0';

    return NGX_OK;
}


/* HLS, for hls.js: the key ID in place of where the key is. */
static ngx_int_t
ngx_http_video_drm_hls(ngx_http_request_t *r, ngx_video_protection_t *p)
{
    u_char    *out, text[2 * NVM_PROTECT_ID];
    ngx_str_t  kid, data;

    data.data = p->track.kid;
    data.len = NVM_PROTECT_ID;
    kid.data = text;
    ngx_encode_base64(&kid, &data);

    out = ngx_pnalloc(r->pool, 256);
    if (out == NULL) {
        return NGX_ERROR;
    }

    p->hls = (char *) out;
    ngx_sprintf(out, "#EXT-X-KEY:METHOD=%s,"
                "URI=\"data:text/plain;base64,%V\","
                "KEYFORMAT=\"org.w3.clearkey\",KEYFORMATVERSIONS=\"1\"\n%Z",
                p->track.scheme == NVM_PROTECT_CENC ? "SAMPLE-AES-CTR"
                                                    : "SAMPLE-AES",
                &kid);

    return NGX_OK;
}


/*
 * The key of a kind, and a pssh box with the IDs of all that the asset has:
 * hls.js 1.7 asks for a licence once, so that has to have all of them.
 */
static ngx_int_t
ngx_http_video_drm_keys(ngx_http_request_t *r, ngx_str_t *asset,
    nvm_kind_e kind, ngx_video_protection_t *p)
{
    u_char                         *pssh, kids[2 * NVM_PROTECT_ID];
    nvd_key_t                       k[2];
    ngx_uint_t                      i;
    nvm_writer_t                    w;
    ngx_http_video_drm_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_drm_module);

    pssh = ngx_pnalloc(r->pool, NGX_HTTP_VIDEO_DRM_PSSH);
    if (pssh == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_VIDEO_KEYS_TYPES; i++) {
        if (ngx_video_keys_find(conf->keys, asset, i ? NVM_AUDIO : NVM_VIDEO,
                                &k[i], r->connection->log)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_memcpy(kids + i * NVM_PROTECT_ID, k[i].kid, NVM_PROTECT_ID);
    }

    i = kind == NVM_AUDIO;
    p->track.scheme = (nvm_protect_scheme_e) conf->scheme;
    ngx_memcpy(p->track.kid, k[i].kid, NVM_PROTECT_ID);
    ngx_memcpy(p->track.iv, k[i].iv, NVM_PROTECT_IV);
    ngx_memcpy(p->key, k[i].key, NVD_KEY);

    nvm_writer_init(&w, pssh, NGX_HTTP_VIDEO_DRM_PSSH);
    nvm_protect_pssh_write(&w, ngx_http_video_drm_common, kids,
                           NGX_VIDEO_KEYS_TYPES, NULL, 0);
    p->track.pssh = pssh;
    p->track.pssh_len = w.len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_drm_find(ngx_http_request_t *r, ngx_str_t *asset,
    nvm_kind_e kind, ngx_video_protection_t **out)
{
    ngx_str_t                       name, licence;
    ngx_video_protection_t         *p;
    ngx_http_video_drm_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_drm_module);

    if (!conf->enable || kind == NVM_TEXT) {
        return NGX_DECLINED;
    }

    p = ngx_pcalloc(r->pool, sizeof(ngx_video_protection_t));

    if (p == NULL
        || ngx_http_video_drm_asset(r, asset, &name) != NGX_OK
        || ngx_http_video_drm_keys(r, &name, kind, p) != NGX_OK
        || ngx_http_video_drm_licence(r, &name, &licence) != NGX_OK
        || ngx_http_video_drm_dash(r, p, &licence) != NGX_OK
        || ngx_http_video_drm_hls(r, p) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    *out = p;

    return NGX_OK;
}


static void
ngx_http_video_drm_cipher_done(void *data)
{
    nvd_cipher_done(data);
}


static void *
ngx_http_video_drm_cipher(ngx_pool_t *pool, ngx_video_protection_t *p,
    nvm_kind_e kind)
{
    nvd_cipher_t        *c;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, sizeof(nvd_cipher_t));
    if (cln == NULL) {
        return NULL;
    }

    c = cln->data;

    if (nvd_cipher_init(c, &p->track, kind, p->key) != 0) {
        ngx_log_error(NGX_LOG_ALERT, pool->log, 0,
                      "no cipher: OpenSSL failed");
        return NULL;
    }

    cln->handler = ngx_http_video_drm_cipher_done;

    return c;
}


static ngx_int_t
ngx_http_video_drm_counter(ngx_video_protection_t *p, void *what, size_t len,
    uint64_t *counter)
{
    nvd_key_t  k;

    ngx_memcpy(k.key, p->key, NVD_KEY);

    return nvd_key_counter(&k, what, len, counter) == 0 ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_video_drm_sample(void *cipher, uint64_t iv,
    const nvm_protect_subsample_t *sub, ngx_uint_t n, u_char *data,
    size_t len)
{
    return nvd_cipher_sample(cipher, iv, sub, (unsigned) n, data, len) == 0
           ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_video_drm_preconfiguration(ngx_conf_t *cf)
{
    if (ngx_video_core_required(cf, "ngx_video_drm_module") != NGX_OK) {
        return NGX_ERROR;
    }

    ((ngx_video_core_conf_t *)
     ngx_get_conf(cf->cycle->conf_ctx, ngx_video_core_module))->drm
        = &ngx_http_video_drm;

    return NGX_OK;
}


static void *
ngx_http_video_drm_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_video_drm_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_video_drm_loc_conf_t));

    if (conf) {
        conf->enable = NGX_CONF_UNSET;
    }

    return conf;
}


static char *
ngx_http_video_drm_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_video_drm_loc_conf_t *prev = parent;
    ngx_http_video_drm_loc_conf_t *conf = child;

    if (conf->enable == NGX_CONF_UNSET) {
        *conf = *prev;
    }

    ngx_conf_merge_value(conf->enable, prev->enable, 0);

    return NGX_CONF_OK;
}


/* The value of "NAME=" at the start of an argument, or NULL. */
static ngx_str_t *
ngx_http_video_encrypt_param(ngx_str_t *arg, const char *name, ngx_str_t *v)
{
    size_t  len;

    len = ngx_strlen(name);

    if (arg->len <= len || ngx_strncmp(arg->data, name, len) != 0) {
        return NULL;
    }

    v->data = arg->data + len;
    v->len = arg->len - len;

    return v;
}


static ngx_int_t
ngx_http_video_encrypt_complex(ngx_conf_t *cf, ngx_str_t *v,
    ngx_http_complex_value_t **cv)
{
    ngx_http_compile_complex_value_t  ccv;

    if (*cv) {
        return NGX_ERROR;
    }

    *cv = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (*cv == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));
    ccv.cf = cf;
    ccv.value = v;
    ccv.complex_value = *cv;

    return ngx_http_compile_complex_value(&ccv);
}


/* cenc|cbcs keys=NAME [asset=NAME] [licence=URL], or "off" */
static char *
ngx_http_video_encrypt(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_video_drm_loc_conf_t *dcf = conf;

    ngx_int_t    rc;
    ngx_str_t   *value, v;
    ngx_uint_t   i;

    if (dcf->enable != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    dcf->enable = 1;

    if (ngx_strcmp(value[1].data, "off") == 0 && cf->args->nelts == 2) {
        dcf->enable = 0;
        return NGX_CONF_OK;
    }

    if (ngx_strcmp(value[1].data, "cenc") == 0) {
        dcf->scheme = NVM_PROTECT_CENC;

    } else if (ngx_strcmp(value[1].data, "cbcs") == 0) {
        dcf->scheme = NVM_PROTECT_CBCS;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid scheme \"%V\" in \"%V\": \"cenc\", "
                           "\"cbcs\" or \"off\" is expected", &value[1],
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rc = NGX_ERROR;

        if (ngx_http_video_encrypt_param(&value[i], "keys=", &v)) {
            if (dcf->keys == NULL) {
                dcf->keys = ngx_video_keys_ref(cf, &v);
                rc = dcf->keys ? NGX_OK : NGX_ERROR;
            }

        } else if (ngx_http_video_encrypt_param(&value[i], "asset=", &v)) {
            rc = ngx_http_video_encrypt_complex(cf, &v, &dcf->asset);

        } else if (ngx_http_video_encrypt_param(&value[i], "licence=", &v)) {
            rc = ngx_http_video_encrypt_complex(cf, &v, &dcf->licence);
        }

        if (rc != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" of \"%V\": "
                               "\"keys=NAME\", \"asset=NAME\" and "
                               "\"licence=URL\" are expected, each once",
                               &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }
    }

    if (dcf->keys == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" needs the parameter \"keys=NAME\"",
                           &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
