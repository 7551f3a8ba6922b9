/*
 * Copyright (C) ngx_video authors
 *
 * What playlists, manifests and init segments of files are rendered from:
 *
 *   ngx_http_video_vod_list.c    of an asset
 *   ngx_http_video_vod_join.c    of clips one after the other
 *   ngx_http_video_vod_fit.c     whose tracks end at once
 */

#ifndef NGX_HTTP_VIDEO_VOD_LIST_H
#define NGX_HTTP_VIDEO_VOD_LIST_H

#include "ngx_http_video_vod_protect.h"


/* "../v0/../v1/", epoch, number of the clip and name of its silence, "/" */
#define NGX_HTTP_VIDEO_PREFIX  128

typedef struct {
    ngx_http_video_path_t    *path;
    nvm_index_track_t         track[NVM_MAX_TRACKS];
    nvm_timeline_t            timeline[NVM_MAX_TRACKS];
    char                      name[NVM_MAX_TRACKS][24];
    ngx_http_video_source_t  *source[NVM_MAX_TRACKS];
    ngx_uint_t                n;
    ngx_uint_t                nkeys;        /* the last of them: key frames */
    ngx_uint_t                of[NVM_MAX_TRACKS];   /* of these tracks */
    char                      prefix[NGX_HTTP_VIDEO_PREFIX];
    const char               *query;
    ngx_http_video_select_t   select;
    ngx_http_video_captions_t  captions;
    nvm_images_t              images;
    ngx_uint_t                imaged;       /* there are some */
    ngx_video_protection_t   *protection[NVM_KINDS];    /* NULL: clear */
} ngx_http_video_vod_tracks_t;


/* ngx_http_video_vod_list.c */

/* In memory of the request, empty, or NULL. */
ngx_http_video_vod_tracks_t *ngx_http_video_vod_tracks(ngx_http_request_t *r,
    ngx_http_video_select_t *select);

/*
 * Reads what the answer is rendered from, of the asset in ctx->vod: one track,
 * or all of them.  NGX_OK, or a status.
 */
ngx_int_t ngx_http_video_vod_read(ngx_http_request_t *r,
    ngx_http_video_vod_tracks_t *t);

nvm_err_e ngx_http_video_vod_master(nvm_writer_t *w,
    ngx_http_video_vod_tracks_t *t);

/* The tracks as a period of a manifest has them. */
void ngx_http_video_vod_period(ngx_http_video_vod_tracks_t *t,
    nvm_dash_track_t tracks[NVM_MAX_TRACKS], nvm_dash_period_t *p);

/* How a playlist of the first of them is written. */
void ngx_http_video_vod_media_list(ngx_http_video_vod_tracks_t *t,
    nvm_hls_media_t *media);


/* ngx_http_video_vod_join.c: ngx_http_video_render_pt */
ngx_int_t ngx_http_video_vod_join(ngx_http_request_t *r, void *what,
    u_char **text, size_t *len);


/* ngx_http_video_vod_fit.c */

/*
 * The track lasts as long as the clip in ctx->vod, which is as long as the
 * period of a manifest: without what an edit list hides in front, the last
 * segment as long as is left.  "room" is overwritten.
 */
ngx_int_t ngx_http_video_vod_fit(ngx_http_request_t *r,
    nvm_index_track_t *room, nvm_timeline_t *tl);


#endif /* NGX_HTTP_VIDEO_VOD_LIST_H */
