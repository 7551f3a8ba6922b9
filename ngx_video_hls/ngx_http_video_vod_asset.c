/*
 * Copyright (C) ngx_video authors
 *
 * The files of an asset: one, or those of a directory, which are renditions
 * and languages of one another.  The names in a directory are read by a
 * thread and kept in the store until the directory changes.
 */

#include "ngx_http_video_vod.h"
#include "nvm_text.h"


/* names of a directory, each with its terminating zero: media and subtitles */
#define NGX_HTTP_VIDEO_LIST_MAX  (2 * NGX_HTTP_VIDEO_SOURCES * 256)

/* a file of that name in a directory rules it */
#define NGX_HTTP_VIDEO_DESCRIPTION  "asset.json"


typedef struct {
    u_char                   *path;
    u_char                    text[NGX_HTTP_VIDEO_LIST_MAX];
    size_t                    len;
    ngx_uint_t                n[2];         /* of media, of subtitles */
    ngx_uint_t                more;         /* that are not listed */
    ngx_err_t                 err;
} ngx_http_video_list_t;


static ngx_int_t ngx_http_video_asset_path(ngx_http_request_t *r,
    ngx_str_t *path);
static ngx_int_t ngx_http_video_asset_list(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_asset_names(ngx_http_request_t *r);
static ngx_int_t ngx_http_video_asset_post(ngx_http_request_t *r);
static void ngx_http_video_asset_thread(void *data, ngx_log_t *log);
static void ngx_http_video_asset_event(ngx_event_t *ev);
static void ngx_http_video_asset_cleanup(void *data);


ngx_http_video_vod_t *
ngx_http_video_asset_new(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t    *cln;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    vod = ngx_pcalloc(r->pool, sizeof(ngx_http_video_vod_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (vod == NULL || cln == NULL) {
        return NULL;
    }

    vod->store = ctx->store;

    cln->handler = ngx_http_video_asset_cleanup;
    cln->data = vod;

    ctx->vod = vod;

    return vod;
}


ngx_int_t
ngx_http_video_asset_open(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (vod) {
        return vod->nsources ? NGX_OK
               : vod->described ? ngx_http_video_json_open(r)
                                : ngx_http_video_asset_list(r);
    }

    vod = ngx_http_video_asset_new(r);
    if (vod == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_video_clip_args(r);

    if (rc == NGX_OK) {
        rc = ngx_http_video_asset_path(r, &vod->path);
    }

    return rc == NGX_OK ? ngx_http_video_asset_start(r, NULL) : rc;
}


ngx_int_t
ngx_http_video_asset_start(ngx_http_request_t *r, const char *member)
{
    ngx_int_t              rc;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    rc = ngx_http_video_asset_file(r, &vod->path, &vod->of, member);

    if (rc != NGX_OK) {
        return rc;
    }

    if (vod->of.is_file && ngx_http_video_json_named(&vod->path)) {
        return ngx_http_video_json_open(r);
    }

    if (vod->of.is_file) {
        if (ngx_http_video_asset_room(r, 1, 0) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        (void) ngx_http_video_asset_source(r, &vod->path, &vod->of, 0);
        return NGX_OK;
    }

    return vod->of.is_dir ? ngx_http_video_asset_list(r)
                          : NGX_HTTP_NOT_FOUND;
}


static void
ngx_http_video_asset_cleanup(void *data)
{
    ngx_http_video_vod_t *vod = data;

    ngx_uint_t  i;

    for (i = 0; i < vod->nsources; i++) {
        ngx_video_object_put(vod->store, &vod->sources[i].ref);
    }

    ngx_video_object_put(vod->store, &vod->list);
    ngx_video_object_put(vod->store, &vod->json);
}


/* Whether a component of a path is "..": a variable may be the client's. */
static ngx_uint_t
ngx_http_video_asset_escapes(ngx_str_t *path)
{
    u_char  *p, *last;

    last = path->data + path->len;

    for (p = path->data; p + 3 <= last; p++) {
        if (p[0] == '/' && p[1] == '.' && p[2] == '.'
            && (p + 3 == last || p[3] == '/'))
        {
            return 1;
        }
    }

    return ngx_strlchr(path->data, last, '\0') != NULL;
}


/* "video_asset": what a map, auth_request or njs has chosen. */
static ngx_int_t
ngx_http_video_asset_value(ngx_http_request_t *r,
    ngx_http_complex_value_t *value, ngx_str_t *path)
{
    u_char     *p;
    ngx_str_t   s;

    if (ngx_http_complex_value(r, value, &s) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (s.len == 0 || s.data[0] != '/' || ngx_http_video_asset_escapes(&s)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"video_asset\" gives \"%V\", no absolute path", &s);
        return NGX_HTTP_NOT_FOUND;
    }

    p = ngx_pnalloc(r->pool, s.len + 1);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    *ngx_cpymem(p, s.data, s.len) = '\0';
    path->data = p;
    path->len = s.len;

    return NGX_OK;
}


/* Maps the asset to a file as nginx maps URIs: root, alias, variables. */
static ngx_int_t
ngx_http_video_asset_path(ngx_http_request_t *r, ngx_str_t *path)
{
    u_char                     *last;
    size_t                      root;
    ngx_str_t                   uri;
    ngx_http_video_ctx_t       *ctx;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);

    if (conf->asset) {
        return ngx_http_video_asset_value(r, conf->asset, path);
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* "/vod/master.m3u8": the alias would replace more than there is */
    if (clcf->alias != NGX_MAX_SIZE_T_VALUE
        && ctx->path.asset.len < clcf->alias)
    {
        return NGX_HTTP_NOT_FOUND;
    }

    uri = r->uri;
    r->uri = ctx->path.asset;
    last = ngx_http_map_uri_to_path(r, path, &root, 0);
    r->uri = uri;

    if (last == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    path->len = last - path->data;

    return NGX_OK;
}


/* The status and log level for a file that can't be opened, as nginx's. */
static ngx_int_t
ngx_http_video_asset_error(ngx_http_request_t *r, ngx_open_file_info_t *of,
    ngx_str_t *path, const char *member)
{
    ngx_int_t              rc;
    ngx_uint_t             level;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *whole;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    switch (of->err) {

    case 0:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    case NGX_ENOENT:
    case NGX_ENOTDIR:
    case NGX_ENAMETOOLONG:
        level = NGX_LOG_ERR;
        rc = NGX_HTTP_NOT_FOUND;
        break;

    case NGX_EACCES:
        level = NGX_LOG_ERR;
        rc = NGX_HTTP_FORBIDDEN;
        break;

    default:
        level = NGX_LOG_CRIT;
        rc = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (member) {
        whole = ctx->vod->whole ? ctx->vod->whole : ctx->vod;
        ngx_log_error(level, r->connection->log, of->err,
                      "\"%V\": %s: %s \"%V\" failed", &whole->path,
                      member, of->failed, path);

    } else {
        ngx_log_error(level, r->connection->log, of->err, "%s \"%V\" failed",
                      of->failed, path);
    }

    return rc;
}


ngx_int_t
ngx_http_video_asset_file(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of, const char *member)
{
    ngx_int_t  rc;

    rc = ngx_http_video_open_file(r, path, of);

    return rc == NGX_DECLINED ? ngx_http_video_asset_error(r, of, path, member)
                              : rc;
}


time_t
ngx_http_video_asset_young(const ngx_open_file_info_t *of)
{
    return ngx_time() - of->mtime < 2 ? ngx_time() : 0;
}


/*
 * The language that the name of a file tells: "fr.vtt", "film.pt-BR.srt",
 * "film_de.vtt".
 */
static void
ngx_http_video_asset_language(ngx_str_t *path, char lang[4])
{
    char     tag[NVM_TEXT_TAG], s[NVM_TEXT_TAG];
    u_char  *p, *first, *dot;

    ngx_memcpy(lang, "und", sizeof("und"));

    dot = path->data + path->len;

    while (dot > path->data && *--dot != '.') { /* void */ }

    first = dot;

    while (first > path->data && first[-1] != '/') {
        first--;
    }

    for (p = dot; p > first && p[-1] != '.' && p[-1] != '_'; p--) {
        /* void */
    }

    if (dot - p >= (ptrdiff_t) sizeof(s)) {
        return;
    }

    *ngx_cpymem(s, p, dot - p) = '\0';

    /* a name of three letters is more likely a name */

    if ((p == first && dot - p == 3) || nvm_text_tag(s, tag) != 0) {
        return;
    }

    nvm_text_iso(tag, lang);
}


ngx_int_t
ngx_http_video_asset_room(ngx_http_request_t *r, ngx_uint_t media,
    ngx_uint_t texts)
{
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    vod->sources = ngx_pcalloc(r->pool, (media + 1 + texts)
                                        * sizeof(ngx_http_video_source_t));
    if (vod->sources == NULL) {
        return NGX_ERROR;
    }

    vod->texts = vod->sources + media + 1;

    return NGX_OK;
}


ngx_http_video_source_t *
ngx_http_video_asset_source(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of, ngx_uint_t text)
{
    ngx_http_video_ctx_t     *ctx;
    ngx_http_video_source_t  *s;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (text) {
        s = &ctx->vod->texts[ctx->vod->ntexts++];
        ngx_http_video_asset_language(path, s->lang);

    } else {
        s = &ctx->vod->sources[ctx->vod->nsources++];
    }

    s->request = r;
    s->path = *path;
    s->of = *of;
    s->file.fd = of->fd;
    s->file.name = *path;
    s->file.log = r->connection->log;

    return s;
}


/* The names of a directory: from the store, or read by a thread. */
static ngx_int_t
ngx_http_video_asset_list(ngx_http_request_t *r)
{
    u_char                 buf[NGX_VIDEO_KEY_MAX];
    uint64_t               hash;
    ngx_int_t              rc;
    ngx_str_t              key;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    if (vod->list.id == 0) {
        hash = ngx_http_video_hash(0xcbf29ce484222325ULL, vod->path.data,
                                   vod->path.len);
        key.data = buf;
        key.len = ngx_sprintf(buf, "list:%xL:%uL:%T:%T", hash,
                              (uint64_t) vod->of.uniq, vod->of.mtime,
                              ngx_http_video_asset_young(&vod->of))
                  - buf;

        rc = ngx_video_object_open(ctx->store, &key, 0, NGX_VIDEO_OPEN_CREATE,
                                   &vod->list);

        if (rc == NGX_DONE) {
            return ngx_http_video_asset_post(r);
        }

        if (rc != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "video zone \"%V\" is full: no list of \"%V\"",
                          &ctx->store->name, &vod->path);
            return NGX_HTTP_SERVICE_UNAVAILABLE;
        }
    }

    rc = ngx_http_video_object_wait(r, &vod->list);

    if (rc == NGX_DECLINED) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    return rc == NGX_OK ? ngx_http_video_asset_names(r) : rc;
}


int
ngx_http_video_asset_kind(const u_char *name)
{
    size_t  i, n, len;

    static const struct {
        const char  *ext;
        int          kind;
    } files[] = {
        { ".mp4", 0 }, { ".m4v", 0 }, { ".m4a", 0 }, { ".mov", 0 },
        { ".cmfv", 0 }, { ".cmfa", 0 }, { ".cmft", 0 },
        { ".vtt", 1 }, { ".srt", 1 }
    };

    len = ngx_strlen(name);

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        n = ngx_strlen(files[i].ext);

        if (len > n
            && ngx_strcasecmp((u_char *) name + len - n,
                              (u_char *) files[i].ext)
               == 0)
        {
            return files[i].kind;
        }
    }

    return -1;
}


/* A directory that has a description is what that says. */
static ngx_int_t
ngx_http_video_asset_described(ngx_http_request_t *r, ngx_int_t rc,
    ngx_str_t *path, ngx_open_file_info_t *of)
{
    ngx_http_video_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);

    if (rc != NGX_OK || !of->is_file) {
        return rc == NGX_OK ? NGX_HTTP_NOT_FOUND : rc;
    }

    ctx->vod->path = *path;
    ctx->vod->of = *of;

    return ngx_http_video_json_open(r);
}


/* Opens the files that are listed; one that has gone since is left out. */
static ngx_int_t
ngx_http_video_asset_names(ngx_http_request_t *r)
{
    size_t                 n, len;
    u_char                *p, *last, *name;
    ngx_int_t              rc;
    ngx_str_t              path;
    ngx_video_cursor_t     cursor;
    ngx_open_file_info_t   of;
    ngx_http_video_ctx_t  *ctx;
    ngx_http_video_vod_t  *vod;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;
    rc = NGX_HTTP_NOT_FOUND;

    if (ngx_http_video_asset_room(r, NGX_HTTP_VIDEO_SOURCES,
                                  NGX_HTTP_VIDEO_SOURCES)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&cursor, sizeof(ngx_video_cursor_t));

    /* a list is shorter than a chunk */

    len = (size_t) ngx_video_object_filled(ctx->store, &vod->list);
    p = len ? ngx_video_object_span(ctx->store, &vod->list, &cursor, 0, &n)
            : NULL;

    for (last = p + len; p < last; p += ngx_strlen(p) + 1) {
        name = p;
        path.len = vod->path.len + 1 + ngx_strlen(name);
        path.data = ngx_pnalloc(r->pool, path.len + 1);
        if (path.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ngx_sprintf(path.data, "%V/%s%Z", &vod->path, name);
        ngx_memzero(&of, sizeof(ngx_open_file_info_t));

        rc = ngx_http_video_asset_file(r, &path, &of, NULL);

        if (ngx_strcmp(name, NGX_HTTP_VIDEO_DESCRIPTION) == 0) {
            return ngx_http_video_asset_described(r, rc, &path, &of);
        }

        if (rc == NGX_OK && of.is_file) {
            (void) ngx_http_video_asset_source(r, &path, &of,
                                            ngx_http_video_asset_kind(name));
        }
    }

    ngx_video_object_put(ctx->store, &vod->list);

    if (vod->nsources == 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "\"%V\": no media files in the directory", &vod->path);
        return rc == NGX_OK ? NGX_HTTP_NOT_FOUND : rc;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_video_asset_post(ngx_http_request_t *r)
{
    ngx_http_video_ctx_t       *ctx;
    ngx_http_video_vod_t       *vod;
    ngx_http_video_list_t      *list;
    ngx_http_video_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_video_hls_module);
    vod = ctx->vod;

    vod->task = ngx_thread_task_alloc(r->pool, sizeof(ngx_http_video_list_t));

    if (vod->task == NULL) {
        ngx_video_object_abort(ctx->store, &vod->list);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    list = vod->task->ctx;
    list->path = vod->path.data;
    list->len = 0;
    list->n[0] = 0;
    list->n[1] = 0;
    list->more = 0;
    list->err = 0;

    vod->task->handler = ngx_http_video_asset_thread;
    vod->task->event.handler = ngx_http_video_asset_event;
    vod->task->event.data = r;

    if (ngx_thread_task_post(conf->threads, vod->task) != NGX_OK) {
        ngx_video_object_abort(ctx->store, &vod->list);
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_http_video_busy(r);

    return NGX_DONE;
}


/* Files of media; those that begin with a dot are being written, or hidden. */
int
ngx_http_video_asset_filter(const struct dirent *d)
{
    return d->d_name[0] != '.'
           && (ngx_http_video_asset_kind((const u_char *) d->d_name) != -1
               || strcmp(d->d_name, NGX_HTTP_VIDEO_DESCRIPTION) == 0);
}


/* A description rules alone: no other name is listed. */
static void
ngx_http_video_asset_alone(ngx_http_video_list_t *list, struct dirent **names,
    int n)
{
    list->len = sizeof(NGX_HTTP_VIDEO_DESCRIPTION);
    ngx_memcpy(list->text, NGX_HTTP_VIDEO_DESCRIPTION, list->len);

    while (n--) {
        free(names[n]);
    }

    free(names);
}


static void
ngx_http_video_asset_thread(void *data, ngx_log_t *log)
{
    ngx_http_video_list_t *list = data;

    int              i, n, kind;
    size_t           len;
    struct dirent  **names;

    n = scandir((char *) list->path, &names, ngx_http_video_asset_filter,
                alphasort);

    if (n == -1) {
        list->err = errno;
        return;
    }

    for (i = 0; i < n; i++) {
        if (strcmp(names[i]->d_name, NGX_HTTP_VIDEO_DESCRIPTION) == 0) {
            ngx_http_video_asset_alone(list, names, n);
            return;
        }
    }

    for (i = 0; i < n; i++) {
        len = strlen(names[i]->d_name) + 1;

        kind = ngx_http_video_asset_kind((u_char *) names[i]->d_name);

        if (list->n[kind] < NGX_HTTP_VIDEO_SOURCES
            && len <= sizeof(list->text) - list->len)
        {
            ngx_memcpy(list->text + list->len, names[i]->d_name, len);
            list->len += len;
            list->n[kind]++;

        } else {
            list->more++;
        }

        free(names[i]);
    }

    free(names);
}


static void
ngx_http_video_asset_event(ngx_event_t *ev)
{
    ngx_log_t              *log;
    ngx_http_request_t     *r;
    ngx_http_video_ctx_t   *ctx;
    ngx_http_video_vod_t   *vod;
    ngx_http_video_list_t  *list;

    r = ev->data;
    log = r->connection->log;
    ctx = ngx_http_get_module_ctx(r, ngx_http_video_hls_module);
    vod = ctx->vod;
    list = vod->task->ctx;

    ngx_http_set_log_request(log, r);

    ngx_http_video_idle(r);

    if (list->err) {
        ngx_log_error(NGX_LOG_ERR, log, list->err,
                      "reading the directory \"%V\" failed", &vod->path);
        ngx_video_object_abort(ctx->store, &vod->list);

    } else if (ngx_video_object_append(ctx->store, &vod->list, list->text,
                                       list->len)
               != NGX_OK)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "video zone \"%V\" is full: no list of \"%V\"",
                      &ctx->store->name, &vod->path);
        ngx_video_object_abort(ctx->store, &vod->list);

    } else {
        ngx_video_object_complete(ctx->store, &vod->list);
    }

    if (list->more) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "\"%V\": %ui file(s) left out, more than %d of a kind",
                      &vod->path, list->more, NGX_HTTP_VIDEO_SOURCES);
    }

    ngx_http_video_resume(r);
}
