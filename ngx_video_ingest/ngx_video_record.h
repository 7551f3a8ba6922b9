/*
 * Copyright (C) ngx_video authors
 *
 * Recording of a live stream: closed segments are appended to disk, a file for
 * each track of a run, as they were sent.
 *
 *   PATH/NAME/20261122-031503-123/asset.json
 *                                 0001/v0.mp4, a0.mp4
 *                                 0002/...
 *
 * The files are CMAF tracks at any time, and asset.json names what is there, so
 * the directory is an asset that video_vod plays.
 *
 * With "keep" what is too old is given back to the disk.  In the file that is
 * written a free box before the first fragment grows over the oldest ones
 * (nvm_cmaf_file_write()), which is one write of 8 bytes; its blocks are freed
 * a step later, when nobody has an index any more that lists what is in them.
 * So the file is whole at any time, and offsets in it never change.  A run that
 * is too old goes as a whole, after asset.json has lost it.
 *
 * A recorder follows the segments of a run in the store: what is next is told
 * by the block (ngx_video_live_unrecorded()), so another worker can go on where
 * one died.  A thread writes one segment at a time.  When it fails the
 * recording is over, the stream is not.
 */

#ifndef NGX_VIDEO_RECORD_H
#define NGX_VIDEO_RECORD_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_thread_pool.h>

#include "ngx_video_core.h"


typedef struct {
    ngx_str_t                 path;         /* absolute */
    ngx_thread_pool_t        *threads;
    ngx_uint_t                on;           /* without being told */
    ngx_msec_t                keep;         /* 0: all of it */
} ngx_video_record_conf_t;


/* Of "keep" at the configuration, ms. */
#define NGX_VIDEO_RECORD_KEEP_MIN  60000
#define NGX_VIDEO_RECORD_KEEP_MAX  (366ull * 86400 * 1000)


typedef struct ngx_video_record_s  ngx_video_record_t;


/*
 * By the publisher's worker when a run is ready: its recorder, or NULL, and why
 * has been logged.  It is woken after each segment that is closed; after
 * "finish" it goes on by itself until all is written, and is gone then.
 */
ngx_video_record_t *ngx_video_record_start(ngx_video_record_conf_t *conf,
    ngx_video_store_t *st, ngx_uint_t live);
void ngx_video_record_wake(ngx_video_record_t *r);
void ngx_video_record_finish(ngx_video_record_t *r);

/* At configuration: the directory is made when nginx starts, if need be. */
ngx_int_t ngx_video_record_directory(ngx_conf_t *cf,
    ngx_video_record_conf_t *conf);

/* Finishes what recorders of dead workers have left in a zone. */
void ngx_video_record_adopt(ngx_video_record_conf_t *conf,
    ngx_video_store_t *st);


/*
 * ngx_video_ingest_module.c: at configuration, so that this is done in a zone;
 * once for each.
 */
ngx_int_t ngx_video_ingest_record(ngx_conf_t *cf,
    ngx_video_record_conf_t *conf, ngx_shm_zone_t *zone);


/* ngx_video_record_keep.c: what is too old */

/* tenths of what is kept, the one that goes, and the one that comes */
#define NGX_VIDEO_RECORD_MARKS     13

typedef struct {
    uint64_t                  time;         /* of a segment, ms */
    uint64_t                  offset;
} ngx_video_record_mark_t;

/* Of a file. */
typedef struct {
    uint64_t                  time;         /* that is kept, ms; 0: all is */
    uint64_t                  spare;        /* offset of the free box, and */
    uint64_t                  end;          /* where it ends now */
    ngx_uint_t                first;        /* of the marks, a ring */
    ngx_uint_t                n;
    ngx_video_record_mark_t   marks[NGX_VIDEO_RECORD_MARKS];
} ngx_video_record_keep_t;

/* Of a new file, whose header has this length. */
void ngx_video_record_keep_init(ngx_video_record_keep_t *k, uint64_t keep,
    uint64_t header);

/* A segment has been written. */
void ngx_video_record_keep_mark(ngx_video_record_keep_t *k, uint64_t time,
    uint64_t offset);

/* What is before this offset is too old; 0: nothing more than before. */
uint64_t ngx_video_record_keep_due(ngx_video_record_keep_t *k, uint64_t now);

/* How often it is looked, ms of media. */
uint64_t ngx_video_record_step(uint64_t keep);

/* Runs before the one that is written that are too old, bits as in "runs". */
uint32_t ngx_video_record_old_runs(ngx_video_live_recording_t *rec,
    uint64_t keep, uint64_t now);

/* The number of such a run, where "number" is the one that is written. */
uint32_t ngx_video_record_run_number(uint32_t number, uint32_t bit);


/* ngx_video_record_write.c: what the thread does */

typedef struct {
    ngx_fd_t                  fd;
    u_char                    file[NGX_VIDEO_LIVE_FILE];
    uint64_t                  offset;       /* of the segment */
    u_char                   *header;       /* of the file, when it is new */
    size_t                    header_len;
    ngx_video_store_t        *store;
    ngx_video_ref_t           ref;          /* bytes of the segment */
    size_t                    size;         /* 0: no segment, only this: */
    u_char                   *text;         /* of asset.json, or NULL */
    size_t                    text_len;
    uint32_t                  named;        /* runs in it, bits */
    u_char                    text_file[NGX_VIDEO_LIVE_FILE];

    uint64_t                  spare;        /* see ngx_video_record_keep_t */
    uint64_t                  spare_end;
    uint64_t                  trim;         /* where it is to end; 0: there */
    uint32_t                  number;       /* of the run */
    uint32_t                  gone;         /* runs that are to be deleted */

    ngx_err_t                 err;          /* 0: written */
    const char               *failed;       /* what of it */
    ngx_err_t                 trim_err;     /* 0: trimmed */
    const char               *trim_failed;
} ngx_video_record_job_t;

void ngx_video_record_thread(void *data, ngx_log_t *log);


/* ngx_video_record_asset.c: what asset.json says, and when */

/* {"clips":[{"asset":"0001"},...]} */
#define NGX_VIDEO_RECORD_TEXT    (64 + NGX_VIDEO_LIVE_RECORDED * 20)

typedef struct {
    ngx_video_store_t        *store;
    ngx_uint_t                live;
    uint64_t                  epoch;
    ngx_uint_t                ntracks;
    u_char                    tracks[NGX_VIDEO_LIVE_TRACKS][sizeof("v0")];
    unsigned                  done:1;       /* the run is named */
    u_char                    text[NGX_VIDEO_RECORD_TEXT];
} ngx_video_record_asset_t;

/*
 * The text for a job, or NULL when nothing of it changes: "begin" are the
 * tracks, bits, whose first segments the job writes; "whole": the others won't
 * begin, or are not waited for.  After it has been written, and segments of the
 * job have been told of: written.
 */
void ngx_video_record_asset_write(ngx_video_record_asset_t *a,
    ngx_video_live_recording_t *rec, ngx_video_record_job_t *j,
    uint32_t begin, ngx_uint_t whole);
void ngx_video_record_asset_written(ngx_video_record_asset_t *a,
    ngx_video_record_job_t *j);


#endif /* NGX_VIDEO_RECORD_H */
