/*
 * Copyright (C) ngx_video authors
 *
 * The module of keys: "keys NAME { seed PATH; }".
 *
 * A seed lies in pages of its own, which are left out of core dumps and are
 * overwritten before they are given back.
 */

#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/crypto.h>
#include <sys/mman.h>

#include "ngx_video_keys.h"
#include "nvm_base64.h"


/* hexadecimal digits, blanks and line ends around them */
#define NGX_VIDEO_SEED_FILE  1024


typedef struct {
    ngx_array_t               keys;         /* ngx_video_keys_t * */
} ngx_video_drm_conf_t;


static void *ngx_video_drm_create_conf(ngx_cycle_t *cycle);
static char *ngx_video_drm_init_conf(ngx_cycle_t *cycle, void *conf);
static char *ngx_video_keys_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_video_drm_commands[] = {

    { ngx_string("keys"),
      NGX_VIDEO_CONF|NGX_DIRECT_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_video_keys_block,
      0,
      0,
      NULL },

      ngx_null_command
};


static ngx_core_module_t  ngx_video_drm_module_ctx = {
    ngx_string("video_drm"),
    ngx_video_drm_create_conf,
    ngx_video_drm_init_conf
};


ngx_module_t  ngx_video_drm_module = {
    NGX_MODULE_V1,
    &ngx_video_drm_module_ctx,             /* module context */
    ngx_video_drm_commands,                /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_video_drm_create_conf(ngx_cycle_t *cycle)
{
    ngx_video_drm_conf_t  *conf;

    conf = ngx_pcalloc(cycle->pool, sizeof(ngx_video_drm_conf_t));

    if (conf == NULL
        || ngx_array_init(&conf->keys, cycle->pool, 2,
                          sizeof(ngx_video_keys_t *))
           != NGX_OK)
    {
        return NULL;
    }

    return conf;
}


/* All has been read: "video { }" may come after what refers to it. */
static char *
ngx_video_drm_init_conf(ngx_cycle_t *cycle, void *conf)
{
    ngx_video_drm_conf_t *dcf = conf;

    ngx_uint_t          i;
    ngx_video_keys_t  **keys;

    keys = dcf->keys.elts;

    for (i = 0; i < dcf->keys.nelts; i++) {
        if (!keys[i]->declared) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "keys \"%V\" are not declared in \"video { }\" in "
                          "%s:%ui", &keys[i]->name, keys[i]->file,
                          keys[i]->line);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


ngx_video_keys_t *
ngx_video_keys_ref(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t             i;
    ngx_video_keys_t      *k, **keys;
    ngx_video_drm_conf_t  *conf;

    conf = (ngx_video_drm_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                                 ngx_video_drm_module);
    keys = conf->keys.elts;

    for (i = 0; i < conf->keys.nelts; i++) {
        if (keys[i]->name.len == name->len
            && ngx_strncmp(keys[i]->name.data, name->data, name->len) == 0)
        {
            return keys[i];
        }
    }

    k = ngx_pcalloc(cf->pool, sizeof(ngx_video_keys_t));
    keys = ngx_array_push(&conf->keys);

    if (k == NULL || keys == NULL) {
        return NULL;
    }

    *keys = k;
    k->name = *name;
    k->file = cf->conf_file->file.name.data;
    k->line = cf->conf_file->line;

    return k;
}


static void
ngx_video_seed_cleanup(void *data)
{
    OPENSSL_cleanse(data, sizeof(nvd_seed_t));
    (void) munmap(data, ngx_pagesize);
}


/* Memory for a seed, as long as the configuration. */
static nvd_seed_t *
ngx_video_seed_memory(ngx_conf_t *cf)
{
    void                *p;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    p = mmap(NULL, ngx_pagesize, PROT_READ|PROT_WRITE,
             MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        return NULL;
    }

    cln->handler = ngx_video_seed_cleanup;
    cln->data = p;

    if (madvise(p, ngx_pagesize, MADV_DONTDUMP) == -1) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                           "the seed will be in core dumps: madvise() failed");
    }

    return p;
}


/* What a file has, and the file is one that may have it: its length, or -1. */
static ssize_t
ngx_video_seed_file(ngx_conf_t *cf, ngx_str_t *path, u_char *buf)
{
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_file_info_t  fi;

    fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "the seed \"%V\" can't be opened", path);
        return -1;
    }

    n = -1;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR || !ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the seed \"%V\" is not a file", path);

    } else if (ngx_file_access(&fi) & S_IRWXO) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the seed \"%V\" is open to everybody: its mode "
                           "must be 0600 or 0640", path);

    } else {
        n = ngx_read_fd(fd, buf, NGX_VIDEO_SEED_FILE);

        if (n == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               "the seed \"%V\" can't be read", path);
        }
    }

    (void) ngx_close_file(fd);

    return n;
}


static char *
ngx_video_keys_seed(ngx_conf_t *cf, ngx_video_keys_t *keys)
{
    u_char      buf[NGX_VIDEO_SEED_FILE], *p, *last;
    ssize_t     n;
    nvm_err_e   err;
    ngx_str_t  *value, path;

    value = cf->args->elts;

    if (keys->seed) {
        return "is duplicate";
    }

    path = value[1];

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    keys->seed = ngx_video_seed_memory(cf);
    if (keys->seed == NULL) {
        return NGX_CONF_ERROR;
    }

    n = ngx_video_seed_file(cf, &path, buf);
    if (n == -1) {
        return NGX_CONF_ERROR;
    }

    p = buf;
    last = buf + n;

    while (p < last && (*p <= ' ')) {
        p++;
    }

    while (last > p && last[-1] <= ' ') {
        last--;
    }

    err = nvm_hex_decode(p, last - p, keys->seed->data, NVD_SEED_MAX,
                         &keys->seed->len);
    OPENSSL_cleanse(buf, sizeof(buf));

    if (err != NVM_OK || keys->seed->len < NVD_SEED_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the seed \"%V\" is none: 32 to 128 hexadecimal "
                           "digits are expected, as of \"openssl rand -hex "
                           "32\"", &path);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* A line of the block. */
static char *
ngx_video_keys_line(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char       *rv;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (cf->args->nelts != 2 || ngx_strcmp(value[0].data, "seed") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown directive \"%V\" in \"keys\": \"seed "
                           "PATH;\" is expected", &value[0]);
        return NGX_CONF_ERROR;
    }

    rv = ngx_video_keys_seed(cf, conf);

    if (rv != NGX_CONF_OK && rv != NGX_CONF_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" directive %s",
                           &value[0], rv);
        return NGX_CONF_ERROR;
    }

    return rv;
}


static char *
ngx_video_keys_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char              *rv;
    ngx_str_t         *value;
    ngx_conf_t         save;
    ngx_video_keys_t  *keys;

    value = cf->args->elts;

    if (value[1].len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "empty name of keys");
        return NGX_CONF_ERROR;
    }

    keys = ngx_video_keys_ref(cf, &value[1]);
    if (keys == NULL) {
        return NGX_CONF_ERROR;
    }

    if (keys->declared) {
        return "is duplicate";
    }

    keys->declared = 1;

    save = *cf;
    cf->handler = ngx_video_keys_line;
    cf->handler_conf = (void *) keys;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv == NGX_CONF_OK && keys->seed == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "keys \"%V\" come from nowhere: \"seed PATH;\" is "
                           "expected", &keys->name);
        return NGX_CONF_ERROR;
    }

    return rv;
}


ngx_int_t
ngx_video_keys_find(ngx_video_keys_t *keys, ngx_str_t *asset, nvm_kind_e kind,
    nvd_key_t *k, ngx_log_t *log)
{
    if (nvd_key_derive(keys->seed, (const char *) asset->data, asset->len,
                       kind == NVM_VIDEO ? "video" : "audio", 0, k)
        != 0)
    {
        ngx_log_error(NGX_LOG_ALERT, log, 0,
                      "no key of \"%V\": OpenSSL failed", asset);
        return NGX_ERROR;
    }

    return NGX_OK;
}
