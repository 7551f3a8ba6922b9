/*
 * Copyright (C) ngx_video authors
 *
 * For the two files that make the index of a file.
 */

#ifndef NGX_HTTP_VIDEO_VOD_INDEX_H
#define NGX_HTTP_VIDEO_VOD_INDEX_H

#include "ngx_http_video_vod.h"


/* small boxes that follow one another are read at once */
#define NGX_HTTP_VIDEO_NEAR  2048


/* What the thread works on; nothing else is shared with it. */
typedef struct {
    ngx_fd_t                  fd;
    uint64_t                  size;
    size_t                    max_moov;
    ngx_uint_t                holes;
    uint32_t                  target;
    nvm_index_lead_t          lead;         /* n 0: none */
    uint32_t                  period;       /* of several, from 1; 0: all */
    uint64_t                  start;        /* of a clip, ms */
    uint64_t                  end;

    u_char                    near[NGX_HTTP_VIDEO_NEAR];    /* bytes of the
                                               file from near_offset on */
    uint64_t                  near_offset;
    size_t                    near_len;

    nvm_heap_t                heap;
    nvm_fault_t               fault;
    nvm_err_e                 err;
    ngx_err_t                 sys;          /* of a failed read */
    uint64_t                  moofs;        /* bytes of them so far */
    uint64_t                  torn;         /* where the last fragment begins
                                               that is not whole; 0: all are */
    uint8_t                  *index;
    size_t                    len;
    size_t                    stored;       /* of len */
} ngx_http_video_index_task_t;


/* ngx_http_video_vod_index_read.c: the handler of a thread's task */
void ngx_http_video_index_thread(void *data, ngx_log_t *log);


#endif /* NGX_HTTP_VIDEO_VOD_INDEX_H */
