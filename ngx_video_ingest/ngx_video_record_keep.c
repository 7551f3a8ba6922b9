/*
 * Copyright (C) ngx_video authors
 *
 * What of a recording is too old: of the file that is written its oldest
 * fragments, in steps of a tenth of what is kept, and whole runs before it.
 * Times are those of the media, so no clock that is set deletes anything.
 */

#include "ngx_video_record.h"
#include "nvm_cmaf.h"


/* as long as open_file_cache believes what it has, at least */
#define NGX_VIDEO_RECORD_STEP  60000


uint64_t
ngx_video_record_step(uint64_t keep)
{
    return ngx_max(keep / 10, NGX_VIDEO_RECORD_STEP);
}


static ngx_video_record_mark_t *
ngx_video_record_mark_at(ngx_video_record_keep_t *k, ngx_uint_t n)
{
    return &k->marks[(k->first + n) % NGX_VIDEO_RECORD_MARKS];
}


void
ngx_video_record_keep_init(ngx_video_record_keep_t *k, uint64_t keep,
    uint64_t header)
{
    k->time = keep;
    k->spare = header - NVM_CMAF_SPARE;
    k->end = header;
    k->first = 0;
    k->n = 0;
}


uint64_t
ngx_video_record_keep_due(ngx_video_record_keep_t *k, uint64_t now)
{
    ngx_video_record_mark_t  *m;

    while (k->n > 1 && ngx_video_record_mark_at(k, 1)->time + k->time <= now) {
        k->first = (k->first + 1) % NGX_VIDEO_RECORD_MARKS;
        k->n--;
    }

    m = ngx_video_record_mark_at(k, 0);

    return k->n && m->time + k->time <= now && m->offset > k->end ? m->offset
                                                                  : 0;
}


void
ngx_video_record_keep_mark(ngx_video_record_keep_t *k, uint64_t time,
    uint64_t offset)
{
    uint64_t                  step;
    ngx_video_record_mark_t  *m;

    if (k->time == 0 || k->n == NGX_VIDEO_RECORD_MARKS) {
        return;
    }

    /* on a grid, so that the tracks of a run don't drift apart */

    step = ngx_video_record_step(k->time);

    if (k->n
        && ngx_video_record_mark_at(k, k->n - 1)->time / step == time / step)
    {
        return;
    }

    m = ngx_video_record_mark_at(k, k->n++);
    m->time = time;
    m->offset = offset;
}


uint32_t
ngx_video_record_old_runs(ngx_video_live_recording_t *rec, uint64_t keep,
    uint64_t now)
{
    uint32_t  i, runs;

    runs = 0;

    for (i = 0; i < NGX_VIDEO_LIVE_RECORDED; i++) {
        if (rec->runs >> i & 1 && i != ngx_video_live_run_bit(rec->number)
            && rec->ends[i] + keep <= now)
        {
            runs |= (uint32_t) 1 << i;
        }
    }

    return runs;
}


uint32_t
ngx_video_record_run_number(uint32_t number, uint32_t bit)
{
    return number - (ngx_video_live_run_bit(number) - bit)
                    % NGX_VIDEO_LIVE_RECORDED;
}
