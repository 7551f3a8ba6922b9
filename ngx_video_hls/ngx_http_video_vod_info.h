/*
 * Copyright (C) ngx_video authors
 *
 * "info.json": what the files of an asset contain, and what is served of them.
 *
 *   ngx_http_video_vod_info.c       the request: keeps and sends the text
 *   ngx_http_video_vod_info_collect.c  what the indexes say
 *   ngx_http_video_vod_info_text.c  the thread: writes the text
 *   ngx_http_video_vod_info_file.c  inspects a file of media for it,
 *   ngx_http_video_vod_info_cues.c  and one of subtitles
 *   ngx_http_video_vod_info_memory.c  memory for both
 */

#ifndef NGX_HTTP_VIDEO_VOD_INFO_H
#define NGX_HTTP_VIDEO_VOD_INFO_H

#include "ngx_http_video_vod.h"
#include "nvm_inspect.h"


/* the whole text; a worker copies it into the store in one go */
#define NGX_HTTP_VIDEO_INFO_MAX   (1024 * 1024)

/* of that, for what is told of each file in any case */
#define NGX_HTTP_VIDEO_INFO_FILE  8192

/* memory for one file, beside video_max_moov */
#define NGX_HTTP_VIDEO_INFO_MORE  (16 * 1024 * 1024)

/* packets of a transport stream that are looked at, some 16 MB */
#define NGX_HTTP_VIDEO_INFO_TS    (88 * 1024)


/* Memory of a thread: given back to the system at once, bounded. */
typedef struct ngx_http_video_info_map_s  ngx_http_video_info_map_t;

typedef struct {
    nvm_arena_t                arena;
    ngx_http_video_info_map_t *maps;
    u_char                    *pos;         /* of the newest */
    u_char                    *last;
    size_t                     used;
    size_t                     limit;
} ngx_http_video_info_memory_t;


/* A track as URLs name it. */
typedef struct {
    char                      name[24];
    const char               *same;         /* the one that is listed instead,
                                               or NULL */
    ngx_uint_t                source;
    nvm_track_t               track;
    uint32_t                  nsegments;    /* that have samples */
    uint32_t                  nkeys;        /* that can be had alone */
    unsigned                  selected:1;   /* video_tracks and others */
} ngx_http_video_info_track_t;


/* A file of the asset. */
typedef struct {
    ngx_str_t                 name;         /* without directories */
    ngx_fd_t                  fd;
    uint64_t                  size;
    time_t                    mtime;
    ngx_str_t                 refused;      /* why it has no index */
    nvm_index_head_t          head;
    unsigned                  text:1;       /* of subtitles */
    unsigned                  indexed:1;
    unsigned                  lead:1;
} ngx_http_video_info_file_t;


/* Made by the request; the thread sets memory, text and what follows. */
typedef struct ngx_http_video_info_s {
    ngx_http_video_info_file_t   *files;
    ngx_uint_t                nfiles;
    ngx_http_video_info_track_t  *tracks;
    ngx_uint_t                ntracks;
    ngx_str_t                 name;         /* of the asset */
    u_char                   *dir;          /* its path, or NULL: a file */
    uint64_t                  epoch;        /* 0: nothing can be packaged */
    ngx_msec_t                segment;
    size_t                    max_moov;

    uint64_t                  identity;     /* of all that is told */
    ngx_str_t                 key;
    ngx_thread_task_t        *task;
    unsigned                  collected:1;
    unsigned                  definite:1;   /* it will be told again */
    unsigned                  done:1;       /* the thread has ended */

    ngx_http_video_info_memory_t  memory;   /* of the text */
    u_char                   *text;         /* NULL: no memory */
    size_t                    len;
    ngx_err_t                 err;          /* of a failed read, */
    ngx_str_t                *unread;       /* of this file */
} ngx_http_video_info_t;


/*
 * ngx_http_video_vod_info_collect.c: NGX_OK, or a status; all indexes that
 * there are are open, and are put.
 */
ngx_int_t ngx_http_video_info_collect(ngx_http_request_t *r);

/* ngx_http_video_vod_info_text.c: a handler of thread tasks. */
void ngx_http_video_info_thread(void *data, ngx_log_t *log);

/*
 * ngx_http_video_vod_info_file.c: "inspect", as far as the text may become
 * "limit" bytes, or what is told of a file in any case.
 */
void ngx_http_video_info_inspect(nvm_emit_t *e, ngx_http_video_info_t *info,
    ngx_http_video_info_file_t *f, size_t limit);

/* n bytes at an offset, fewer at the end of the file or with *err set. */
size_t ngx_http_video_info_pread(ngx_fd_t fd, void *dst, size_t n,
    uint64_t offset, ngx_err_t *err);

/* ngx_http_video_vod_info_memory.c */
void ngx_http_video_info_memory_init(ngx_http_video_info_memory_t *m,
    size_t limit);
void ngx_http_video_info_memory_done(ngx_http_video_info_memory_t *m);

/* ngx_http_video_vod_info_cues.c: whether it is served, "inspect". */
void ngx_http_video_info_cues(nvm_emit_t *e, ngx_http_video_info_t *info,
    ngx_http_video_info_file_t *f);


#endif /* NGX_HTTP_VIDEO_VOD_INFO_H */
