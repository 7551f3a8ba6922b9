/*
 * Copyright (C) ngx_video authors
 *
 * Files as presentations: what the files of VOD share.
 *
 *   ngx_http_video_vod.c          the indexes of all files of an asset
 *   ngx_http_video_vod_asset.c    the files of an asset
 *   ngx_http_video_vod_json.c     those that a JSON file names, and
 *   ngx_http_video_vod_said.c     what it says of them
 *   ngx_http_video_vod_poster.c   its image
 *   ngx_http_video_vod_clips.c    clips of other assets, and
 *   ngx_http_video_vod_join.c     what is listed of them, and
 *   ngx_http_video_vod_silence.c  the sound of those that have none
 *   ngx_http_video_vod_select.c   a clip of it, and some of its tracks
 *   ngx_http_video_vod_index.c    the index of a file
 *   ngx_http_video_vod_list.c     playlists, manifests, init segments
 *   ngx_http_video_vod_tables.c   samples, by the tables of a file
 *   ngx_http_video_vod_media.c    media segments of a file
 *   ngx_http_video_vod_text.c     subtitles, and
 *   ngx_http_video_vod_cues.c     what is made of them
 *   ngx_http_video_vod_ts.c       the same as MPEG transport streams
 *   ngx_http_video_vod_ts_list.c  what playlists of those have
 *   ngx_http_video_vod_info*.c    what the files contain
 *   ngx_http_video_vod_thumbs.c   thumbnails, which the transcoder makes
 *   ngx_http_video_vod_progressive.c, _vod_moov.c, _vod_mdat.c
 *                                 one plain file of an asset
 */

#ifndef NGX_HTTP_VIDEO_VOD_H
#define NGX_HTTP_VIDEO_VOD_H

#include <dirent.h>

#include "ngx_http_video_asset_json.h"
#include "ngx_http_video_hls_module.h"
#include "nvm_dash.h"
#include "nvm_hls.h"


/* A file of an asset, and its index. */
typedef struct {
    ngx_http_request_t       *request;
    ngx_str_t                 path;         /* zero-terminated */
    ngx_open_file_info_t      of;
    ngx_file_t                file;
    uint64_t                  epoch;        /* of its bytes and their cut */
    ngx_str_t                 refused;      /* why there is no index */
    ngx_http_video_asset_track_t  *described;   /* in the store, or NULL */

    ngx_video_ref_t           ref;          /* of the index */
    ngx_video_cursor_t        cursor;
    nvm_index_head_t          head;
    nvm_index_src_t           src;
    ngx_thread_task_t        *task;
    char                      lang[4];      /* of subtitles, ISO 639-2 */
    unsigned                  limited:1;    /* refused, but not for good */
} ngx_http_video_source_t;


#define NGX_HTTP_VIDEO_SOURCES  16

typedef struct ngx_http_video_vod_s {
    ngx_str_t                 path;         /* of the asset */
    ngx_video_store_t        *store;
    struct ngx_http_video_vod_s  *whole;    /* of which this is a clip */
    struct ngx_http_video_vod_s **clips;    /* of an asset that is listed */
    ngx_uint_t                nclips;
    ngx_uint_t                number;       /* of a clip, from 1 */
    uint32_t                  period;       /* of its file, from 1; 0: all */
    ngx_str_t                 silence;      /* name of what was added, and */
    ngx_http_video_source_t  *silent;       /* its file; NULL: none */
    ngx_http_video_source_t  *sources;
    ngx_uint_t                nsources;
    ngx_http_video_source_t  *texts;        /* files of subtitles: no index */
    ngx_uint_t                ntexts;
    ngx_uint_t                next;         /* whose index is to be opened */
    ngx_http_video_source_t  *lead;         /* whose boundaries all have */
    ngx_int_t                 failed;       /* status of one that has none */
    uint64_t                  epoch;        /* of all sources */

    uint64_t                  start;        /* of a clip, ms */
    uint64_t                  end;          /* 0: none */
    const char               *query;        /* that says so, or NULL */

    ngx_open_file_info_t      of;           /* of a directory or a JSON */
    ngx_video_ref_t           list;         /* of its files' names */
    ngx_video_ref_t           json;         /* of a description */
    ngx_http_video_asset_t   *asset;        /* what it says: in the store */
    ngx_thread_task_t        *task;         /* that reads either */
    void                     *media;        /* of ngx_http_video_vod_media.c
                                               or _text.c */
    struct ngx_http_video_info_s  *info;    /* of ngx_http_video_vod_info.h */

    unsigned                  described:1;  /* a JSON file rules */
} ngx_http_video_vod_t;

/* ngx_http_video_vod_select.c: a clip of it, and some of its tracks */

/* Reads "start" and "end" into ctx->vod: NGX_OK, or a status. */
ngx_int_t ngx_http_video_clip_args(ngx_http_request_t *r);

/* What playlists and manifests list. */
typedef struct {
    uint32_t                  max_height;       /* 0: all */
    uint32_t                  max_bandwidth;
    ngx_str_t                 tracks;           /* "v0,a1"; empty: all */
} ngx_http_video_select_t;

ngx_int_t ngx_http_video_select_init(ngx_http_request_t *r,
    ngx_http_video_select_t *s);
ngx_uint_t ngx_http_video_selected(ngx_http_video_select_t *s,
    nvm_track_t *track, const char *name);

/* Whether of two tracks in two files one is enough: audio that both have. */
ngx_uint_t ngx_http_video_same_audio(nvm_track_t *a, nvm_track_t *b);

/*
 * Finds the files of the asset that the path names and opens them: NGX_OK,
 * NGX_DONE (the request waits), or a status; the reason has been logged.
 */
ngx_int_t ngx_http_video_asset_open(ngx_http_request_t *r);

/* An empty asset in ctx->vod: it is given back with the request. */
ngx_http_video_vod_t *ngx_http_video_asset_new(ngx_http_request_t *r);

/*
 * The same for an asset whose path is known.  "member" is where a description
 * names it, or NULL.
 */
ngx_int_t ngx_http_video_asset_start(ngx_http_request_t *r,
    const char *member);

/* For scandir(): the files of a directory that are of the asset. */
int ngx_http_video_asset_filter(const struct dirent *d);

/* By its extension: 0, media; 1, subtitles; -1, none of the two. */
int ngx_http_video_asset_kind(const u_char *name);

/*
 * What was written in this second may be written in it again, and be no longer
 * than it is: it is good for a second, until it is older.  For the key of what
 * is kept of it; 0: it is old.
 */
time_t ngx_http_video_asset_young(const ngx_open_file_info_t *of);

/*
 * Opens a file, or logs why not and returns the status for it.  "member" is
 * where the description of the asset names it, or NULL.
 */
ngx_int_t ngx_http_video_asset_file(ngx_http_request_t *r, ngx_str_t *path,
    ngx_open_file_info_t *of, const char *member);

/*
 * Makes room for so many sources and texts, and for one of silence, instead of
 * any that was there.
 */
ngx_int_t ngx_http_video_asset_room(ngx_http_request_t *r, ngx_uint_t media,
    ngx_uint_t texts);

/*
 * Adds an open file to the sources, or with "text" to the texts, as far as
 * there is room.
 */
ngx_http_video_source_t *ngx_http_video_asset_source(ngx_http_request_t *r,
    ngx_str_t *path, ngx_open_file_info_t *of, ngx_uint_t text);


/* ngx_http_video_vod_json.c */

/* Whether the name of a file says that it is a description. */
ngx_uint_t ngx_http_video_json_named(ngx_str_t *path);

/*
 * Reads the description that vod->path and vod->of are of, and opens the files
 * that it names: as ngx_http_video_asset_open().
 */
ngx_int_t ngx_http_video_json_open(ngx_http_request_t *r);

/*
 * Opens a file that the description names in a member: NGX_OK, or a status;
 * the reason has been logged.
 */
ngx_int_t ngx_http_video_json_file(ngx_http_request_t *r, const char *name,
    const char *member, ngx_str_t *path, ngx_open_file_info_t *of);

/* The path that a description gives a name: below its own directory. */
ngx_int_t ngx_http_video_json_path(ngx_http_request_t *r, ngx_str_t *json,
    const char *name, ngx_str_t *path);


/* ngx_http_video_vod_clips.c */

/*
 * The description in ctx->vod has clips.  For what belongs to one of them that
 * one takes its place in ctx->vod; for what lists all of them the first does,
 * and ngx_http_video_clips_indexes() is to be called.  As _asset_open().
 */
ngx_int_t ngx_http_video_clips_open(ngx_http_request_t *r);

/* Whether an asset is a file and nothing else. */
ngx_uint_t ngx_http_video_clips_plain(ngx_http_video_vod_t *vod);

/*
 * The file that the asset in ctx->vod is has up to n periods: these are its
 * clips.  As _clips_open(); 404 for another asset.
 */
ngx_int_t ngx_http_video_clips_periods(ngx_http_request_t *r, ngx_uint_t n);

/*
 * Opens the indexes of the clip in ctx->vod and of all that follow it: NGX_OK,
 * the whole asset is in ctx->vod; NGX_DONE, the request waits; or a status.
 */
ngx_int_t ngx_http_video_clips_indexes(ngx_http_request_t *r);


/* ngx_http_video_vod_silence.c */

/*
 * The path names silence, which the asset in ctx->vod is to have: as
 * _vod_indexes(), which has been called; 404 when it does not get that.
 */
ngx_int_t ngx_http_video_silence_path(ngx_http_request_t *r);

/*
 * All clips have their indexes: those without sound get silence like the sound
 * of the others, if there is such.  NGX_OK, NGX_DONE or a status; the last clip
 * is in ctx->vod.
 */
ngx_int_t ngx_http_video_silence_clips(ngx_http_request_t *r,
    ngx_http_video_vod_t *whole);

/* The epoch of an asset of this epoch that silence was added to. */
uint64_t ngx_http_video_silence_epoch(ngx_http_video_source_t *silent,
    uint64_t epoch);


/* ngx_http_video_vod_said.c */

/* Whether tracks of this kind are taken of a file. */
ngx_uint_t ngx_http_video_described_has(ngx_http_video_source_t *s,
    ngx_uint_t kind);

/* A file whose index was opened has only tracks that are taken. */
void ngx_http_video_described_take(ngx_http_video_source_t *s);

/* The language of a track is the one that its description has. */
void ngx_http_video_described_track(ngx_http_video_source_t *s,
    nvm_track_t *t);

/* The epoch of an asset: another one when its description changes. */
uint64_t ngx_http_video_described_epoch(ngx_http_video_vod_t *vod,
    uint64_t epoch);

/*
 * Whether of audio, like in codec and language, the second is told to be what
 * the first is.
 */
ngx_uint_t ngx_http_video_described_again(ngx_http_video_source_t *before,
    ngx_http_video_source_t *s);

/* What is said of a track of s (it may be NULL) for writers of playlists. */
void ngx_http_video_described_rendition(ngx_http_video_source_t *s,
    nvm_hls_rendition_t *r);
void ngx_http_video_described_set(ngx_http_video_source_t *s,
    nvm_dash_track_t *d);


/* ngx_http_video_vod_poster.c */

/* The image that the description names: a content handler. */
ngx_int_t ngx_http_video_vod_poster(ngx_http_request_t *r);


/*
 * Opens the index of a source, cut at the boundaries of "lead" unless that is
 * NULL: NGX_OK, NGX_DONE while it is being built (the request waits), or a
 * status; the reason has been logged.
 */
ngx_int_t ngx_http_video_index_open(ngx_http_video_source_t *s,
    ngx_http_video_source_t *lead);

/* Gives it back; it may be opened again. */
void ngx_http_video_index_close(ngx_http_video_source_t *s);

/*
 * Identity of the bytes and of how they are cut: the epoch in URLs.  What is
 * cut at another file's boundaries changes with that file.
 */
uint64_t ngx_http_video_index_epoch(ngx_http_video_source_t *s,
    ngx_http_video_source_t *lead);

ngx_int_t ngx_http_video_vod_media(ngx_http_request_t *r,
    ngx_http_video_source_t *s, nvm_index_track_t *t);

/*
 * A segment that is made in the store.  open: of this key, in ctx->ref: NGX_OK,
 * NGX_DONE when it is ours to make, or a status, logged.  wait: sends it, when
 * another request makes it as soon as it is there; a content handler.
 */
ngx_int_t ngx_http_video_made_open(ngx_http_request_t *r, ngx_str_t *key);
ngx_int_t ngx_http_video_made_wait(ngx_http_request_t *r);

/* Logs why a segment's record or plan can't be had; the status for it. */
ngx_int_t ngx_http_video_media_error(ngx_http_request_t *r,
    ngx_http_video_source_t *s, nvm_err_e err);

/*
 * The same of n tracks (1 or 2, at most one of video) that are muxed, each
 * with its source.
 */
ngx_int_t ngx_http_video_vod_ts(ngx_http_request_t *r,
    ngx_http_video_source_t **sources, nvm_index_track_t **tracks,
    ngx_uint_t n);


/* ngx_http_video_vod.c */

/*
 * Opens the indexes of all sources: NGX_OK, NGX_DONE (the request waits),
 * NGX_DECLINED for a file of several periods, or a status when no source has
 * one.
 */
ngx_int_t ngx_http_video_vod_indexes(ngx_http_request_t *r);

/*
 * A track by its kind and its number, which is over all sources: NGX_OK, or
 * 404, also for an epoch that the asset has no more.
 */
ngx_int_t ngx_http_video_vod_track(ngx_http_request_t *r, ngx_uint_t kind,
    ngx_uint_t number, ngx_http_video_source_t **source,
    nvm_index_track_t *t);


/* ngx_http_video_vod_list.c */

/*
 * Sends the playlist, manifest or init segment that the path names.  With
 * "known" only one that the store has: NGX_DECLINED when there is none, and
 * only the epoch of the asset is needed.
 */
ngx_int_t ngx_http_video_vod_list(ngx_http_request_t *r, ngx_uint_t known);


/* ngx_http_video_vod_text.c */

/*
 * Subtitles by their number: first the text tracks of all sources, then the
 * files.  NGX_OK, or 404.  The track is as it is written, with the timescale
 * of "reference"; t->nsegments is 0 for a file.
 */
ngx_int_t ngx_http_video_vod_text_track(ngx_http_request_t *r,
    ngx_uint_t number, nvm_index_track_t *reference,
    ngx_http_video_source_t **source, nvm_index_track_t *t);

/*
 * The track whose segments are those of all subtitles: the one that the lead
 * was cut by.
 */
ngx_int_t ngx_http_video_vod_reference(ngx_http_request_t *r,
    nvm_index_track_t *t);

/* A segment or an init segment of subtitles: a content handler. */
ngx_int_t ngx_http_video_vod_text(ngx_http_request_t *r);


/* ngx_http_video_vod_progressive.c: the indexes of all sources are open */
ngx_int_t ngx_http_video_vod_progressive(ngx_http_request_t *r);


/* ngx_http_video_vod_ts_list.c */

/* What HLS has in transport streams: it wants other video in fMP4. */
ngx_uint_t ngx_http_video_vod_ts_codec(nvm_track_t *track);

/* The audio that is muxed with video, the first that can be: as _track(). */
ngx_int_t ngx_http_video_vod_ts_audio(ngx_http_request_t *r,
    ngx_http_video_source_t **source, nvm_index_track_t *t);

/* What a transport stream adds to the rates of a track. */
uint64_t ngx_http_video_vod_ts_length(ngx_http_video_source_t *s,
    nvm_index_track_t *t);
void ngx_http_video_vod_ts_rate(nvm_index_track_t *t, uint64_t length);

/* Adds what only the audio has, before or after the video's segments. */
ngx_int_t ngx_http_video_vod_ts_timeline(ngx_http_request_t *r,
    nvm_timeline_t *tl);


/* ngx_http_video_vod_thumbs.c */

/*
 * The directive, if the asset in ctx->vod may have thumbnails: not one of
 * clips, nor a clip.  NULL: it has none.
 */
ngx_http_video_thumbs_conf_t *ngx_http_video_thumbs_of(ngx_http_request_t *r);

/* What playlists tell of them; 0: there are none.  The indexes are open. */
ngx_uint_t ngx_http_video_thumbs_images(ngx_http_request_t *r,
    nvm_images_t *images);

/* One of the files; the indexes of all sources are open. */
ngx_int_t ngx_http_video_vod_thumbs(ngx_http_request_t *r);


/* ngx_http_video_vod_info.c */

/* Sends what the asset contains; its files are open, no index is. */
ngx_int_t ngx_http_video_vod_info(ngx_http_request_t *r);


#endif /* NGX_HTTP_VIDEO_VOD_H */
