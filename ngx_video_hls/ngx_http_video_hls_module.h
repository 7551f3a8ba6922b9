/*
 * Copyright (C) ngx_video authors
 *
 * HLS and DASH over HTTP: what the files of this directory share.
 *
 *   ngx_http_video_hls_module.c   directives, dispatch
 *   ngx_http_video_path.c         URLs
 *   ngx_http_video_response.c     headers, bodies in memory
 *   ngx_http_video_text.c         texts that are rendered once
 *   ngx_http_video_captions.c     captions that are announced
 *   ngx_http_video_thumbs*.c      thumbnails: see ngx_http_video_thumbs.h
 *   ngx_http_video_park.c         requests that wait
 *   ngx_http_video_object.c       bodies in the store
 *   ngx_http_video_live.c         live media
 *   ngx_http_video_live_list.c    live playlists
 *   ngx_http_video_live_manifest.c  live manifests
 *   ngx_http_video_live_dvr.c     live media that have left memory
 *   ngx_http_video_live_stat.c    what is counted of them
 *   ngx_http_video_live_wish.c    live streams that are to be fetched
 *   ngx_http_video_live_events.c  events of a stream as date ranges
 *   ngx_http_video_live_ts*.c     live media as transport streams: see
 *                                 ngx_http_video_live_ts.h
 *   ngx_http_video_vod*.c         files: see ngx_http_video_vod.h
 *   ngx_http_video_static.c       files that are sent as they are
 *   ngx_http_video_file.c         reading ranges of a file
 *   ngx_http_video_body.c         sending them
 */

#ifndef NGX_HTTP_VIDEO_HLS_MODULE_H
#define NGX_HTTP_VIDEO_HLS_MODULE_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_video_captions.h"
#include "ngx_http_video_thumbs.h"
#include "ngx_video_core.h"
#include "nvm_index.h"
#include "nvm_hls.h"
#include "nvm_writer.h"


#define NGX_HTTP_UNPROCESSABLE    422

/* what a path asks for */
typedef enum {
    NGX_HTTP_VIDEO_MASTER = 0,
    NGX_HTTP_VIDEO_MANIFEST,
    NGX_HTTP_VIDEO_PLAYLIST,
    NGX_HTTP_VIDEO_INIT,
    NGX_HTTP_VIDEO_SEGMENT,
    NGX_HTTP_VIDEO_PART,
    NGX_HTTP_VIDEO_INFO,
    NGX_HTTP_VIDEO_PROGRESSIVE,
    NGX_HTTP_VIDEO_POSTER,
    NGX_HTTP_VIDEO_TIME,
    NGX_HTTP_VIDEO_THUMBS,      /* thumbs.vtt */
    NGX_HTTP_VIDEO_SHEET,       /* thumbs/<n>.jpg; live: thumbs/e<hex>/<n>.jpg,
                                   or <n>-<m>.jpg */
    NGX_HTTP_VIDEO_COVER,       /* poster.jpg */
    NGX_HTTP_VIDEO_IMAGES       /* thumbs/index.m3u8 */
} ngx_http_video_what_e;


typedef struct {
    ngx_http_video_what_e     what;
    ngx_str_t                 asset;        /* in r->uri */
    ngx_uint_t                kind;         /* nvm_kind_e of the track */
    ngx_uint_t                number;       /* among those of its kind */
    uint64_t                  epoch;        /* 0: the path has none */
    ngx_uint_t                clip;         /* from 1; 0: of none */
    ngx_str_t                 silence;      /* the sound of that; empty: its
                                               own */
    uint64_t                  msn;
    uint64_t                  last;         /* of a sheet of segments from msn
                                               on; 0: of that one */
    ngx_uint_t                part;
    unsigned                  ts:1;         /* as MPEG transport streams */
    unsigned                  vtt:1;        /* as WebVTT */
    unsigned                  keys:1;       /* key frames alone */
} ngx_http_video_path_t;


typedef struct {
    ngx_shm_zone_t           *zone;
    ngx_thread_pool_t        *threads;
    ngx_http_complex_value_t *asset;
    ngx_http_complex_value_t *cors;
    ngx_msec_t                segment;
    ngx_flag_t                low_latency;
    ngx_flag_t                holes;
    ngx_flag_t                trick_mode;
    size_t                    max_moov;
    size_t                    buffer;
    ngx_flag_t                clip;
    ngx_flag_t                info;
    ngx_http_complex_value_t *max_height;
    ngx_http_complex_value_t *max_bandwidth;
    ngx_http_complex_value_t *tracks;
    ngx_http_video_captions_t *captions;    /* NULL: automatic */
    ngx_http_video_thumbs_conf_t *thumbs;   /* NULL: none */
    ngx_uint_t                vod;          /* "video_vod" is there */
} ngx_http_video_loc_conf_t;


/*
 * A handler that can be called again when what it waited for has come:
 * NGX_DONE means that the request waits and ngx_http_video_resume() will be
 * called, everything else is for ngx_http_finalize_request().
 */
typedef ngx_int_t (*ngx_http_video_handler_pt)(ngx_http_request_t *r);


typedef struct {
    ngx_http_video_path_t     path;
    ngx_video_store_t        *store;
    ngx_http_video_handler_pt  handler;     /* of a parked request */

    ngx_video_waiter_t        waiter;
    ngx_msec_t                deadline;     /* of waiting; 0: not set */
    ngx_int_t                 late;         /* answer when it passes, and */
    void                    (*late_handler)(ngx_http_request_t *r); /* what
                                               tells of it; may be NULL */
    ngx_event_t               busy;         /* timer; a thread works */

    ngx_video_ref_t           ref;          /* what is being sent */
    ngx_video_reader_t        reader;       /* while ref is being sent */
    ngx_video_cursor_t        cursor;
    uint64_t                  sent;         /* of a growing object */
    ngx_uint_t                status;       /* of a body; 0: 200 */

    struct ngx_http_video_vod_s  *vod;
    struct ngx_http_video_live_ts_s  *ts;   /* that is being made */
    uint64_t                  newest;       /* segment that a list of transport
                                               streams ends with */
    struct ngx_http_video_body_s  *body;    /* that is being sent */
    struct ngx_http_video_recorded_s  *recorded;    /* a part, on disk */

    unsigned                  parked:1;
    unsigned                  cleanup:1;    /* of ref, is registered */
    unsigned                  writing:1;    /* ref is ours to complete */
    unsigned                  counted:1;    /* will be, when it ends */
} ngx_http_video_ctx_t;


extern ngx_module_t  ngx_http_video_hls_module;


/*
 * ngx_http_video_path.c: NGX_DECLINED when the path below the location is
 * none of ours.
 */
ngx_int_t ngx_http_video_path_parse(ngx_str_t *path,
    ngx_http_video_path_t *out);


/* ngx_http_video_response.c */

#define NGX_HTTP_VIDEO_IMMUTABLE  (-1)
#define NGX_HTTP_VIDEO_NO_CACHE   0

/*
 * Status 200, or ctx->status, with the content type of the path, Cache-Control
 * for max_age seconds or one of the two above, an ETag of two numbers, CORS.
 */
ngx_int_t ngx_http_video_headers(ngx_http_request_t *r, ngx_int_t max_age,
    uint64_t tag1, uint64_t tag2);
ngx_int_t ngx_http_video_cors(ngx_http_request_t *r);
ngx_int_t ngx_http_video_retry_after(ngx_http_request_t *r);

/* A body of len bytes in memory of the request: 200 and the rest. */
ngx_int_t ngx_http_video_send_memory(ngx_http_request_t *r, u_char *data,
    size_t len, ngx_int_t max_age, uint64_t tag);

/* The same without headers but the length: they have been set. */
ngx_int_t ngx_http_video_send_text(ngx_http_request_t *r, u_char *data,
    size_t len);
uint64_t ngx_http_video_hash(uint64_t h, const void *data, size_t n);


/* ngx_http_video_text.c */

typedef nvm_err_e (*ngx_http_video_write_pt)(nvm_writer_t *w, void *what);

/* A text in memory of the request: NGX_OK, or a status. */
typedef ngx_int_t (*ngx_http_video_render_pt)(ngx_http_request_t *r,
    void *what, u_char **text, size_t *len);

/* Runs a writer dry, then into memory of its size; 404 for NVM_ENOENT. */
ngx_int_t ngx_http_video_write(ngx_http_request_t *r,
    ngx_http_video_write_pt write, void *what, u_char **text, size_t *len);

/* The same in one go when it is not longer than was guessed. */
ngx_int_t ngx_http_video_write_long(ngx_http_request_t *r,
    ngx_http_video_write_pt write, void *what, size_t guess, u_char **text,
    size_t *len);

/*
 * Sends the text of this key, which the store has, or which render makes and
 * the store is given.  render NULL: NGX_DECLINED when the store has none.
 */
ngx_int_t ngx_http_video_send_kept(ngx_http_request_t *r, ngx_str_t *key,
    ngx_http_video_render_pt render, void *what, ngx_int_t max_age,
    uint64_t epoch);


/* ngx_http_video_park.c */

/*
 * Parks the request until the signal moves on from "seen"; then ctx->handler
 * is called.  Returns NGX_DONE, or NGX_OK when it has moved already, or what
 * ends the request.  The first call sets the deadline.
 */
ngx_int_t ngx_http_video_park(ngx_http_request_t *r,
    ngx_video_signal_t *signal, uint64_t seen, ngx_msec_t timeout,
    ngx_int_t late);

/* The return value of a content handler for what ctx->handler returned. */
ngx_int_t ngx_http_video_start(ngx_http_request_t *r,
    ngx_http_video_handler_pt handler);
void ngx_http_video_resume(ngx_http_request_t *r);

/*
 * What an error needs besides its status: a browser shows it to a player
 * only with CORS headers, and 503 says when to come again.
 */
ngx_int_t ngx_http_video_error(ngx_http_request_t *r, ngx_int_t rc);

/*
 * A thread works for the request, or it waits for its next turn: what holds on
 * until "idle".  Meanwhile the worker has a timer, so that it does not exit.
 */
void ngx_http_video_busy(ngx_http_request_t *r);
void ngx_http_video_idle(ngx_http_request_t *r);


/* ngx_http_video_object.c */

/*
 * Sends bytes [from, from + len) of the object that ctx->ref refers to; the
 * headers are set but not sent.  len -1: all of it, while it grows.  Takes
 * the reference over.
 */
ngx_int_t ngx_http_video_send_object(ngx_http_request_t *r, uint64_t from,
    off_t len);

/*
 * Waits for an object that another request makes: NGX_OK, it is complete;
 * NGX_DECLINED, it was given up; else what ends or parks the request, and
 * ctx->handler calls again.
 */
ngx_int_t ngx_http_video_object_wait(ngx_http_request_t *r,
    ngx_video_ref_t *ref);

/* Gives ctx->ref back when the request ends: before the reference is taken. */
ngx_int_t ngx_http_video_ref_cleanup(ngx_http_request_t *r);

/*
 * While bytes of ctx->ref are being sent its reader may be ended by the store;
 * release gives the reference back before the request ends.
 */
void ngx_http_video_ref_reader(ngx_http_request_t *r);
void ngx_http_video_ref_release(ngx_http_request_t *r);

/* Copies n bytes of an object; NGX_ERROR when it has fewer. */
ngx_int_t ngx_http_video_object_read(ngx_video_store_t *st,
    ngx_video_ref_t *ref, ngx_video_cursor_t *cursor, uint64_t offset,
    void *dst, size_t n);

/*
 * An object that could not be made has the status in its metadata, for who
 * waits for it; without that its maker died, and the next one may do better:
 * 503.
 */
void ngx_http_video_object_fail(ngx_video_store_t *st, ngx_video_ref_t *ref,
    uint16_t status);
ngx_int_t ngx_http_video_object_status(ngx_video_store_t *st,
    ngx_video_ref_t *ref);


/* ngx_http_video_static.c */

/*
 * Opens a file by the directives of the location; *of is zeroed.  NGX_DECLINED:
 * of->err and of->failed tell why not; else what ends the request.
 */
ngx_int_t ngx_http_video_open_file(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of);

/* Sends bytes [from, to) of it; the headers but the length have been set. */
ngx_int_t ngx_http_video_send_file(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of, off_t from, off_t to);


/* ngx_http_video_live*.c */
ngx_int_t ngx_http_video_live_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_video_live_list(ngx_http_request_t *r,
    ngx_video_live_info_t *info);
ngx_int_t ngx_http_video_live_find(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t *number);
ngx_int_t ngx_http_video_live_wait(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_int_t late);

/* ngx_http_video_live_dvr.c */

/* A segment on disk. */
typedef struct {
    ngx_video_live_record_t   record;
    ngx_str_t                 path;
    ngx_open_file_info_t      of;
} ngx_http_video_on_disk_t;

/* A segment of a track, with its file open: NGX_OK, or a status. */
ngx_int_t ngx_http_video_live_dvr_find(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number, uint64_t msn,
    ngx_http_video_on_disk_t *seg);

/* The path's segment or part from disk, if it is there. */
ngx_int_t ngx_http_video_live_dvr(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_uint_t number);


/*
 * ngx_http_video_live_wish.c: for a stream that is not there, or is over.
 * NGX_OK: look again; NGX_DONE: it is waited for; or a status.
 */
ngx_int_t ngx_http_video_live_wish(ngx_http_request_t *r, ngx_uint_t over);

/* ngx_http_video_live_stat.c: counts the request for the stream, once. */
ngx_int_t ngx_http_video_live_count(ngx_http_request_t *r,
    ngx_video_live_info_t *info);


/* ngx_http_video_live_runs.c */

/* ms of media of others after which a track that has none is not listed */
#define NGX_HTTP_VIDEO_VAIN  3000

/* A run of a stream: its tracks, and what of them is listed. */
typedef struct {
    ngx_video_live_info_t     info;
    nvm_track_t               track[NGX_VIDEO_LIVE_TRACKS];
    nvm_timeline_t            timeline[NGX_VIDEO_LIVE_TRACKS];
    char                      id[24];       /* "e1f" */
    char                      prefix[24];   /* of URIs: "e1f/" */
} ngx_http_video_run_t;

/* A stream at one moment. */
typedef struct {
    ngx_http_video_run_t     *run[NGX_VIDEO_LIVE_RUNS];     /* the newest first;
                                                   one at least */
    ngx_uint_t                nruns;
    char                      name[NGX_VIDEO_LIVE_TRACKS][24];
    ngx_uint_t                ntracks;
    ngx_http_video_captions_t  captions;
    nvm_images_t              images;       /* width 0: there are none */
} ngx_http_video_runs_t;

/* Copies the runs of a stream that are within its window. */
ngx_int_t ngx_http_video_runs_read(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_runs_t *runs);

/*
 * Of a multivariant playlist.  cover: what is said of a track of the newest run
 * is said of those that it goes on from, too.  vain: whether a track has
 * nothing, and likely will have nothing: it was announced, and others have had
 * media for long; players would wait for it.
 */
void ngx_http_video_runs_cover(ngx_http_video_runs_t *runs);
ngx_uint_t ngx_http_video_runs_vain(ngx_http_video_runs_t *runs,
    ngx_uint_t number);

/*
 * The timeline of a track over all of them; what a playlist needs of it goes
 * into prefix, maps and discontinuity_sequence of "media".
 */
ngx_int_t ngx_http_video_runs_join(ngx_http_request_t *r,
    ngx_http_video_runs_t *runs, ngx_uint_t number, nvm_timeline_t *timeline,
    nvm_hls_media_t *media);


/*
 * ngx_http_video_live_thumbs.c.  image: a thumbnail, a sheet or the poster.
 * images: whether a stream has them, and what is said of them.  list: their
 * playlist, or index, as a text.
 */
ngx_int_t ngx_http_video_live_image(ngx_http_request_t *r);
ngx_uint_t ngx_http_video_live_images(ngx_http_request_t *r,
    ngx_http_video_runs_t *runs, nvm_images_t *images);
ngx_int_t ngx_http_video_live_thumbs(ngx_http_request_t *r,
    ngx_http_video_runs_t *runs, u_char **text, size_t *len);

/* ngx_http_video_live_manifest.c: the manifest of a stream, as a text. */
ngx_int_t ngx_http_video_live_manifest(ngx_http_request_t *r,
    ngx_video_live_info_t *info, ngx_http_video_runs_t *runs, u_char **text,
    size_t *len);


/*
 * ngx_http_video_live_events.c: the date ranges of a playlist that lists this
 * timeline.
 */
ngx_int_t ngx_http_video_live_events(ngx_http_request_t *r,
    ngx_http_video_runs_t *runs, nvm_timeline_t *timeline,
    nvm_hls_media_t *media);


/* ngx_http_video_vod.c */
ngx_int_t ngx_http_video_vod_handler(ngx_http_request_t *r);


/* ngx_http_video_vod_thumbs.c */

/* Whether the path names one of the files that the transcoder makes, or the
   playlist of them. */
ngx_uint_t ngx_http_video_thumbs_asked(ngx_http_video_ctx_t *ctx);

#endif /* NGX_HTTP_VIDEO_HLS_MODULE_H */
