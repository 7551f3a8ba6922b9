/*
 * Copyright (C) ngx_video authors
 *
 * Files of stream keys and of secrets, read with the configuration.  No line of
 * the log has anything of what is in them, but for the number of a line.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_stream.h>

#include "ngx_stream_video_publish_module.h"
#include "ngx_video_core.h"


/* A name and a key of the longest are 258 bytes: 16000 lines of them. */
#define NGX_VIDEO_ACCESS_FILE     (4 * 1024 * 1024)


static ngx_int_t ngx_stream_video_access_read(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text);
static ngx_int_t ngx_stream_video_access_size(ngx_conf_t *cf, ngx_str_t *name,
    ngx_fd_t fd, size_t *size);


/* After the file has been parsed: nothing of it stays in memory. */
static ngx_int_t
ngx_stream_video_access_parsed(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text, nvm_err_e rc, nvm_fault_t *fault)
{
    ngx_explicit_memzero(text->data, text->len);
    ngx_free(text->data);

    if (rc == NVM_OK) {
        return NGX_OK;
    }

    if (fault->offset) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in %V:%uL", fault->what,
                           name, fault->offset);

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V\"", fault->what,
                           name);
    }

    return NGX_ERROR;
}


nva_keys_t *
ngx_stream_video_keys_file(ngx_conf_t *cf, ngx_str_t *name)
{
    nvm_err_e     rc;
    ngx_str_t     text;
    nva_keys_t   *keys;
    nvm_arena_t   arena;
    nvm_fault_t   fault;

    keys = ngx_palloc(cf->pool, sizeof(nva_keys_t));

    if (keys == NULL
        || ngx_stream_video_access_read(cf, name, &text) != NGX_OK)
    {
        return NULL;
    }

    ngx_memzero(&fault, sizeof(nvm_fault_t));
    ngx_video_pool_arena(&arena, cf->pool);

    rc = nva_keys_parse(keys, &arena, text.data, text.len, &fault);

    return ngx_stream_video_access_parsed(cf, name, &text, rc, &fault)
           == NGX_OK ? keys : NULL;
}


nva_secrets_t *
ngx_stream_video_secrets_file(ngx_conf_t *cf, ngx_str_t *name)
{
    nvm_err_e       rc;
    ngx_str_t       text;
    nvm_arena_t     arena;
    nvm_fault_t     fault;
    nva_secrets_t  *secrets;

    secrets = ngx_palloc(cf->pool, sizeof(nva_secrets_t));

    if (secrets == NULL
        || ngx_stream_video_access_read(cf, name, &text) != NGX_OK)
    {
        return NULL;
    }

    ngx_memzero(&fault, sizeof(nvm_fault_t));
    ngx_video_pool_arena(&arena, cf->pool);

    rc = nva_secrets_parse(secrets, &arena, text.data, text.len, &fault);

    return ngx_stream_video_access_parsed(cf, name, &text, rc, &fault)
           == NGX_OK ? secrets : NULL;
}


/* The file as a whole, in memory of its own; its name becomes a full one. */
static ngx_int_t
ngx_stream_video_access_read(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text)
{
    size_t    size;
    ssize_t   n;
    ngx_fd_t  fd;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a FIFO would not even open */
    fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    text->data = NULL;

    if (ngx_stream_video_access_size(cf, name, fd, &size) == NGX_OK) {
        text->data = ngx_alloc(size + 1, cf->log);
    }

    if (text->data == NULL) {
        (void) ngx_close_file(fd);
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, text->data, size);

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", name);
        ngx_free(text->data);
    }

    (void) ngx_close_file(fd);

    text->len = (size_t) n;

    return n == -1 ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_stream_video_access_size(ngx_conf_t *cf, ngx_str_t *name, ngx_fd_t fd,
    size_t *size)
{
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    if (!ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" is not a file", name);
        return NGX_ERROR;
    }

    if (ngx_file_size(&fi) > NGX_VIDEO_ACCESS_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is larger than 4 MiB", name);
        return NGX_ERROR;
    }

    if (ngx_file_access(&fi) & S_IROTH) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "every user of the system can read the secrets of "
                           "\"%V\"", name);
    }

    *size = (size_t) ngx_file_size(&fi);

    return NGX_OK;
}
