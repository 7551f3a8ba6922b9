/*
 * Copyright (C) ngx_video authors
 *
 * Memory of an inspection, cut from mappings.  An inspection may make millions
 * of small things; on the heap each would cost twice its size, and malloc()
 * keeps what was freed for each thread of the pool: measured, 160 MB a thread.
 */

#include <sys/mman.h>

#include "ngx_http_video_vod_info.h"


#define NGX_HTTP_VIDEO_INFO_CHUNK  (1024 * 1024)
#define NGX_HTTP_VIDEO_INFO_ALIGN  16


struct ngx_http_video_info_map_s {
    ngx_http_video_info_map_t  *next;
    size_t                      size;
};


_Static_assert(sizeof(ngx_http_video_info_map_t) % NGX_HTTP_VIDEO_INFO_ALIGN
               == 0, "what follows is aligned");


/* A mapping with room for size bytes, where the mapping may be that large. */
static u_char *
ngx_http_video_info_map(ngx_http_video_info_memory_t *m, size_t size)
{
    void                       *p;
    ngx_http_video_info_map_t  *map;

    size += sizeof(ngx_http_video_info_map_t);

    if (size > m->limit - m->used) {
        return NULL;
    }

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1,
             0);

    if (p == MAP_FAILED) {
        return NULL;
    }

    map = p;
    map->next = m->maps;
    map->size = size;

    m->maps = map;
    m->used += size;

    return (u_char *) (map + 1);
}


static void *
ngx_http_video_info_alloc(void *data, size_t size)
{
    ngx_http_video_info_memory_t *m = data;

    u_char  *p;

    if (size > m->limit) {
        return NULL;
    }

    size = ngx_align(size, NGX_HTTP_VIDEO_INFO_ALIGN);

    if (size > NGX_HTTP_VIDEO_INFO_CHUNK / 4) {
        return ngx_http_video_info_map(m, size);
    }

    if (size > (size_t) (m->last - m->pos)) {
        p = ngx_http_video_info_map(m, NGX_HTTP_VIDEO_INFO_CHUNK);

        if (p == NULL) {
            return NULL;
        }

        m->pos = p;
        m->last = p + NGX_HTTP_VIDEO_INFO_CHUNK;
    }

    p = m->pos;
    m->pos += size;

    return p;
}


void
ngx_http_video_info_memory_init(ngx_http_video_info_memory_t *m, size_t limit)
{
    ngx_memzero(m, sizeof(ngx_http_video_info_memory_t));

    m->arena.alloc = ngx_http_video_info_alloc;
    m->arena.data = m;
    m->limit = limit;
}


void
ngx_http_video_info_memory_done(ngx_http_video_info_memory_t *m)
{
    ngx_http_video_info_map_t  *map, *next;

    for (map = m->maps; map; map = next) {
        next = map->next;
        (void) munmap(map, map->size);
    }

    m->maps = NULL;
}
