/*
 * Copyright (C) ngx_video authors
 *
 * A request for a segment of subtitles, or for their init segment:
 *
 *   ngx_http_video_vod_text.c    what it is of, reads the bytes
 *   ngx_http_video_vod_cues.c    makes cues of them, and of those the answer
 */

#ifndef NGX_HTTP_VIDEO_VOD_TEXT_H
#define NGX_HTTP_VIDEO_VOD_TEXT_H

#include "ngx_http_video_file.h"
#include "ngx_http_video_vod.h"
#include "nvm_vtt.h"


/* of a file, or of a track's samples */
#define NGX_HTTP_VIDEO_TEXT_MAX  (4 * 1024 * 1024)


typedef struct {
    ngx_http_video_source_t  *source;
    nvm_index_track_t         track;        /* as it is written */
    nvm_index_track_t         in;           /* of a text track: as it is */
    nvm_index_segment_t       all;          /* its samples */
    nvm_index_plan_t          plan;
    nvm_sample_t             *samples;
    ngx_http_video_file_t     file;         /* tables, then samples; or all */

    uint64_t                  start;        /* of the segment, ticks of the
                                               reference track */
    uint32_t                  duration;

    nvm_vtt_t                *vtt;
    nvm_sample_t             *out;          /* of the segment, for CMAF */
    size_t                    nout;
} ngx_http_video_subtitles_t;


/* ngx_http_video_vod_cues.c */

/*
 * Cues of what was read, in time of the presentation.  When it is no subtitles
 * at all, NVM_EINVAL or NVM_ELIMIT and the fault: offset in the file, or in
 * the sample.
 */
nvm_err_e ngx_http_video_text_cues(ngx_http_request_t *r,
    ngx_http_video_subtitles_t *s, nvm_fault_t *f);

/* ngx_http_video_render_pt; what: ngx_http_video_subtitles_t with cues */
ngx_int_t ngx_http_video_text_render(ngx_http_request_t *r, void *what,
    u_char **text, size_t *len);


#endif /* NGX_HTTP_VIDEO_VOD_TEXT_H */
