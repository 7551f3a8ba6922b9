/*
 * Copyright (C) ngx_video authors
 *
 * Frames that wait: see ngx_video_frame_queue.h.  An allocation for each: few
 * wait, for less than a second.
 */

#include "ngx_video_frame_queue.h"


/* Its data follow. */
typedef struct {
    ngx_queue_t               queue;
    ngx_video_frame_t         frame;
} ngx_video_queued_frame_t;


void
ngx_video_frame_queue_init(ngx_video_frame_queue_t *q)
{
    ngx_queue_init(&q->frames);
    q->nframes = 0;
    q->bytes = 0;
}


void
ngx_video_frame_queue_done(ngx_video_frame_queue_t *q)
{
    while (q->nframes) {
        ngx_video_frame_queue_pop(q);
    }
}


ngx_int_t
ngx_video_frame_queue_push(ngx_video_frame_queue_t *q, ngx_video_frame_t *f,
    ngx_log_t *log)
{
    u_char                    *data;
    ngx_video_queued_frame_t  *qf;

    if (q->nframes == NGX_VIDEO_QUEUE_FRAMES
        || f->size > NGX_VIDEO_QUEUE_BYTES - q->bytes)
    {
        return NGX_DECLINED;
    }

    qf = ngx_alloc(sizeof(ngx_video_queued_frame_t) + f->size, log);
    if (qf == NULL) {
        return NGX_ERROR;
    }

    data = (u_char *) qf + sizeof(ngx_video_queued_frame_t);
    ngx_memcpy(data, f->data, f->size);

    qf->frame = *f;
    qf->frame.data = data;

    ngx_queue_insert_tail(&q->frames, &qf->queue);
    q->nframes++;
    q->bytes += f->size;

    return NGX_OK;
}


static ngx_video_queued_frame_t *
ngx_video_frame_queue_first(ngx_video_frame_queue_t *q)
{
    return ngx_queue_data(ngx_queue_head(&q->frames),
                          ngx_video_queued_frame_t, queue);
}


ngx_video_frame_t *
ngx_video_frame_queue_head(ngx_video_frame_queue_t *q)
{
    return q->nframes ? &ngx_video_frame_queue_first(q)->frame : NULL;
}


void
ngx_video_frame_queue_pop(ngx_video_frame_queue_t *q)
{
    ngx_video_queued_frame_t  *qf;

    qf = ngx_video_frame_queue_first(q);

    ngx_queue_remove(&qf->queue);
    q->nframes--;
    q->bytes -= qf->frame.size;

    ngx_free(qf);
}
