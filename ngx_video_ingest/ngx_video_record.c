/*
 * Copyright (C) ngx_video authors
 *
 * The recorder of a run: see ngx_video_record.h.
 */

#include <ngx_event.h>

#include "ngx_video_record.h"
#include "nvm_cmaf.h"
#include "nvm_text.h"


/* room for what nvm_cmaf_file_write() writes beside an init segment */
#define NGX_VIDEO_RECORD_HEADER  (NGX_VIDEO_LIVE_INIT + 256)

/*
 * For which a track that has not begun is waited for, ms: key frames are not
 * much farther apart
 */
#define NGX_VIDEO_RECORD_WAIT    10000


typedef struct {
    ngx_fd_t                  fd;
    ngx_uint_t                kind;
    ngx_uint_t                n;            /* of its kind */
    uint32_t                  timescale;    /* 0: not known yet */
    ngx_video_record_keep_t   keep;
} ngx_video_record_track_t;


struct ngx_video_record_s {
    ngx_video_store_t        *store;
    ngx_thread_pool_t        *threads;
    ngx_log_t                *log;
    ngx_uint_t                live;
    uint64_t                  keep;         /* ms; 0: all */
    uint64_t                  swept;        /* when it was looked for old runs,
                                               media time, ms */
    uint64_t                  epoch;
    ngx_video_live_info_t     info;         /* of the run when it began */

    ngx_video_record_track_t  tracks[NGX_VIDEO_LIVE_TRACKS];
    ngx_uint_t                ntracks;
    ngx_uint_t                turn;         /* track that is looked at first */

    ngx_thread_task_t         task;
    ngx_event_t               busy;         /* timer; a thread works */
    ngx_video_record_job_t    job;
    ngx_uint_t                number;       /* its track */
    ngx_video_live_segment_t  segment;
    u_char                    header[NGX_VIDEO_RECORD_HEADER];
    ngx_video_record_asset_t  asset;

    unsigned                  working:1;
    unsigned                  finishing:1;
    unsigned                  missed:1;     /* a segment, which was logged */
    unsigned                  unlisted:1;   /* the same, for want of memory */
    unsigned                  untrimmed:1;  /* what is too old is still there,
                                               which was logged */
    unsigned                  unnamed:1;    /* asset.json can't be written,
                                               which was logged */
};


static void ngx_video_record_next(ngx_video_record_t *r);
static void ngx_video_record_event(ngx_event_t *ev);
static void ngx_video_record_busy(ngx_event_t *ev);


ngx_int_t
ngx_video_record_directory(ngx_conf_t *cf, ngx_video_record_conf_t *conf)
{
    ngx_path_t  *path;

    if (ngx_conf_full_name(cf->cycle, &conf->path, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    while (conf->path.len > 1 && conf->path.data[conf->path.len - 1] == '/') {
        conf->path.data[--conf->path.len] = '\0';
    }

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (path == NULL) {
        return NGX_ERROR;
    }

    path->name = conf->path;
    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;

    return ngx_add_path(cf, &path);
}


/* The path of a new recording: NGX_OK, or NGX_ERROR when it is too long. */
static ngx_int_t
ngx_video_record_path(ngx_video_record_conf_t *conf, ngx_str_t *name,
    ngx_str_t *path)
{
    ngx_tm_t   tm;
    uint64_t   now;

    if (conf->path.len + name->len + sizeof("//20261122-031503-123")
        > NGX_VIDEO_LIVE_PATH)
    {
        return NGX_ERROR;
    }

    now = ngx_video_now();
    ngx_gmtime((time_t) (now / 1000), &tm);

    path->len = ngx_sprintf(path->data, "%V/%V/%04d%02d%02d-%02d%02d%02d-%03d",
                            &conf->path, name, tm.ngx_tm_year, tm.ngx_tm_mon,
                            tm.ngx_tm_mday, tm.ngx_tm_hour, tm.ngx_tm_min,
                            tm.ngx_tm_sec, (int) (now % 1000))
                - path->data;

    return NGX_OK;
}


/* The recorder of the run that is in the block now. */
static ngx_video_record_t *
ngx_video_record_create(ngx_video_record_conf_t *conf, ngx_video_store_t *st,
    ngx_uint_t live)
{
    ngx_int_t            kind;
    ngx_uint_t           i, count[NVM_KINDS];
    ngx_video_record_t  *r;

    r = ngx_calloc(sizeof(ngx_video_record_t), ngx_cycle->log);
    if (r == NULL) {
        return NULL;
    }

    r->store = st;
    r->threads = conf->threads;
    r->log = ngx_cycle->log;
    r->live = live;

    if (ngx_video_live_info(st, live, &r->info) != NGX_OK) {
        ngx_free(r);
        return NULL;
    }

    r->epoch = r->info.epoch;
    r->ntracks = r->info.ntracks;

    r->asset.store = st;
    r->asset.live = live;
    r->asset.epoch = r->epoch;
    r->asset.ntracks = r->ntracks;

    ngx_memzero(count, sizeof(count));

    for (i = 0; i < r->ntracks; i++) {
        kind = ngx_video_live_kind(st, &r->info, i);
        kind = kind == NVM_VIDEO ? NVM_VIDEO : NVM_AUDIO;

        r->tracks[i].fd = NGX_INVALID_FILE;
        r->tracks[i].kind = (ngx_uint_t) kind;
        r->tracks[i].n = count[kind]++;

        ngx_sprintf(r->asset.tracks[i], "%c%ui%Z",
                    kind == NVM_VIDEO ? 'v' : 'a', r->tracks[i].n);
    }

    r->task.ctx = &r->job;
    r->task.handler = ngx_video_record_thread;
    r->task.event.data = r;
    r->task.event.log = r->log;
    r->task.event.handler = ngx_video_record_event;

    r->busy.data = r;
    r->busy.log = r->log;
    r->busy.handler = ngx_video_record_busy;

    return r;
}


static void
ngx_video_record_close(ngx_video_record_t *r)
{
    ngx_uint_t  i;

    for (i = 0; i < r->ntracks; i++) {
        if (r->tracks[i].fd != NGX_INVALID_FILE) {
            ngx_close_file(r->tracks[i].fd);
            r->tracks[i].fd = NGX_INVALID_FILE;
        }
    }
}


/* When it has been told to and has nothing to do: it is gone then. */
static void
ngx_video_record_rest(ngx_video_record_t *r)
{
    if (r->finishing && !r->working) {
        ngx_video_record_close(r);
        ngx_free(r);
    }
}


ngx_video_record_t *
ngx_video_record_start(ngx_video_record_conf_t *conf, ngx_video_store_t *st,
    ngx_uint_t live)
{
    u_char               buf[NGX_VIDEO_LIVE_PATH];
    ngx_str_t            path;
    ngx_video_record_t  *r;

    r = ngx_video_record_create(conf, st, live);
    if (r == NULL) {
        return NULL;
    }

    path.data = buf;

    if (ngx_video_record_path(conf, &r->info.name, &path) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, r->log, 0,
                      "stream \"%V\" is not recorded: the path of "
                      "\"video_record\" is too long", &r->info.name);
        ngx_free(r);
        return NULL;
    }

    r->keep = conf->keep;
    ngx_video_live_record(st, live, &path, conf->on);

    return r;
}


void
ngx_video_record_adopt(ngx_video_record_conf_t *conf, ngx_video_store_t *st)
{
    uint64_t             epoch;
    ngx_uint_t           i;
    ngx_video_record_t  *r;

    for (i = 0; i < st->head->nlives; i++) {

        if (ngx_video_live_adopt(st, i, &epoch) != NGX_OK) {
            continue;
        }

        r = ngx_video_record_create(conf, st, i);

        if (r) {
            ngx_log_error(NGX_LOG_NOTICE, r->log, 0,
                          "stream \"%V\": the recording of a worker that died "
                          "is finished", &r->info.name);
            r->finishing = 1;
            ngx_video_record_next(r);
        }
    }
}


void
ngx_video_record_finish(ngx_video_record_t *r)
{
    r->finishing = 1;
    ngx_video_record_next(r);
}


void
ngx_video_record_wake(ngx_video_record_t *r)
{
    ngx_video_record_next(r);
}


/* The worker does not exit before this timer has been deleted. */
static void
ngx_video_record_busy(ngx_event_t *ev)
{
    ngx_add_timer(ev, 60000);
}


static void
ngx_video_record_fail(ngx_video_record_t *r)
{
    ngx_video_record_job_t  *j;

    j = &r->job;

    ngx_log_error(NGX_LOG_CRIT, r->log, j->err,
                  "stream \"%V\": %s \"%s\" failed, recording stops, the "
                  "stream goes on", &r->info.name, j->failed, j->file);

    (void) ngx_video_live_record_set(r->store, r->live, r->epoch,
                                     NGX_VIDEO_RECORD_FAILED);
    ngx_video_record_close(r);
}


/*
 * The header of a new file.  Where its media lie is told against the time that
 * the recording begins with.
 */
static ngx_int_t
ngx_video_record_head(ngx_video_record_t *r, ngx_video_live_recording_t *rec)
{
    uint64_t                   begin;
    nvm_track_t                track;
    nvm_writer_t               w;
    nvm_cmaf_place_t           place;
    ngx_video_record_job_t    *j;
    ngx_video_record_track_t  *t;

    j = &r->job;

    if (ngx_video_live_track_of(r->store, &r->info, r->number, &track)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rec->begin == UINT64_MAX) {
        rec->begin = nvm_text_us(r->segment.start, track.timescale) / 1000;
        ngx_video_live_record_begin(r->store, r->live, r->epoch, rec->begin);
    }

    begin = (uint64_t) nvm_rescale((int64_t) rec->begin, track.timescale,
                                   1000);
    place.start = ngx_max(begin, r->segment.start);
    place.delay = place.start - begin;
    place.spare = (r->keep != 0);

    nvm_writer_init(&w, r->header, sizeof(r->header));

    if (nvm_cmaf_file_write(&w, &track, &place) != NVM_OK
        || nvm_writer_done(&w, w.len) != NVM_OK)
    {
        return NGX_ERROR;
    }

    j->header = r->header;
    j->header_len = w.len;
    j->offset = w.len;

    t = &r->tracks[r->number];
    t->timescale = track.timescale;

    if (r->keep) {
        ngx_video_record_keep_init(&t->keep, r->keep, w.len);
    }

    return NGX_OK;
}


/* Where the segment ends, ms; 0: not known. */
static uint64_t
ngx_video_record_now(ngx_video_record_t *r)
{
    uint32_t  timescale;

    timescale = r->tracks[r->number].timescale;

    return timescale == 0 ? 0
           : nvm_text_us(r->segment.start + r->segment.duration, timescale)
             / 1000;
}


/* What of the file, and of the runs before it, is too old with this segment. */
static void
ngx_video_record_plan(ngx_video_record_t *r, ngx_video_live_recording_t *rec)
{
    uint64_t                   now;
    ngx_video_record_job_t    *j;
    ngx_video_record_track_t  *t;

    j = &r->job;
    t = &r->tracks[r->number];
    now = ngx_video_record_now(r);

    j->trim = 0;
    j->trim_err = 0;
    j->gone = 0;

    if (r->keep == 0 || now == 0) {
        return;
    }

    if (t->keep.time && j->header_len == 0) {
        j->trim = ngx_video_record_keep_due(&t->keep, now);
        j->spare = t->keep.spare;
        j->spare_end = t->keep.end;
    }

    if (j->header_len || now >= r->swept + ngx_video_record_step(r->keep)) {
        j->gone = ngx_video_record_old_runs(rec, r->keep, now);
        r->swept = now;
    }
}


static ngx_int_t
ngx_video_record_post(ngx_video_record_t *r)
{
    if (ngx_thread_task_post(r->threads, &r->task) != NGX_OK) {
        return NGX_ERROR;
    }

    r->working = 1;
    ngx_add_timer(&r->busy, 60000);

    return NGX_OK;
}


/* A segment is handed to a thread. */
static ngx_int_t
ngx_video_record_segment(ngx_video_record_t *r,
    ngx_video_live_recording_t *rec, uint64_t offset)
{
    ngx_video_record_job_t    *j;
    ngx_video_record_track_t  *t;

    j = &r->job;
    t = &r->tracks[r->number];

    j->fd = t->fd;
    j->offset = offset;
    j->header_len = 0;
    j->store = r->store;
    j->ref = r->segment.object;
    j->size = r->segment.size;
    j->err = 0;

    ngx_video_live_file(j->file, rec, t->kind, t->n);

    if (offset == 0 && ngx_video_record_head(r, rec) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_video_record_plan(r, rec);
    ngx_video_record_asset_write(&r->asset, rec, j,
                                 offset == 0 ? (uint32_t) 1 << r->number : 0,
                                 ngx_video_record_now(r)
                                 >= rec->begin + NGX_VIDEO_RECORD_WAIT);

    return ngx_video_record_post(r);
}


/* A run that is not named, and has all that it will have, or may not have. */
static ngx_int_t
ngx_video_record_name(ngx_video_record_t *r, ngx_video_live_recording_t *rec)
{
    ngx_video_record_job_t  *j;

    j = &r->job;

    if (r->unnamed) {
        return NGX_DECLINED;
    }

    j->size = 0;
    j->header_len = 0;
    j->trim = 0;
    j->gone = 0;
    ngx_video_record_asset_write(&r->asset, rec, j, 0, 1);

    if (j->text == NULL) {
        return NGX_DECLINED;
    }

    ngx_cpystrn(j->file, j->text_file, NGX_VIDEO_LIVE_FILE);

    return ngx_video_record_post(r);
}


/* A segment that was cut off, or had left memory before its turn came. */
static ngx_int_t
ngx_video_record_miss(ngx_video_record_t *r, ngx_uint_t number)
{
    if (!r->missed && !r->segment.gap) {
        r->missed = 1;
        ngx_log_error(NGX_LOG_ERR, r->log, 0,
                      "stream \"%V\": segment %uL is not recorded: it left "
                      "memory before", &r->info.name, r->segment.msn);
    }

    return ngx_video_live_recorded(r->store, r->live, r->epoch, number,
                                   &r->segment, 0, 0)
           == NGX_DECLINED ? NGX_ABORT : NGX_DECLINED;
}


/* The next segment of a track: as ngx_video_live_unrecorded(). */
static ngx_int_t
ngx_video_record_look(ngx_video_record_t *r, ngx_uint_t number,
    uint64_t *offset)
{
    ngx_int_t  rc;

    do {
        ngx_memzero(&r->segment, sizeof(ngx_video_live_segment_t));

        rc = ngx_video_live_unrecorded(r->store, r->live, r->epoch, number,
                                       &r->segment, offset);

        if (rc == NGX_DECLINED) {
            rc = ngx_video_record_miss(r, number);
        }

    } while (rc == NGX_DECLINED);

    return rc;
}


/* Hands the next segment to a thread: NGX_OK; NGX_DECLINED: there is none. */
static ngx_int_t
ngx_video_record_any(ngx_video_record_t *r, ngx_video_live_recording_t *rec)
{
    uint64_t    offset;
    ngx_int_t   rc;
    ngx_uint_t  i;

    for (i = 0; i < r->ntracks; i++) {
        r->number = (r->turn + i) % r->ntracks;

        rc = ngx_video_record_look(r, r->number, &offset);

        if (rc == NGX_ABORT) {
            break;
        }

        if (rc != NGX_OK) {
            continue;
        }

        r->turn = r->number + 1;

        if (ngx_video_record_segment(r, rec, offset) == NGX_OK) {
            return NGX_OK;
        }

        ngx_video_object_put(r->store, &r->segment.object);
        r->job.err = 0;
        r->job.failed = "task for";
        ngx_video_record_fail(r);
        break;
    }

    return NGX_DECLINED;
}


static void
ngx_video_record_next(ngx_video_record_t *r)
{
    ngx_video_live_recording_t   rec;

    if (r->working) {
        return;
    }

    if (ngx_video_live_recording(r->store, r->live, r->epoch, &rec) == NGX_OK) {

        if (rec.state == NGX_VIDEO_RECORD_ON
            && ngx_video_record_any(r, &rec) == NGX_OK)
        {
            return;
        }

        if ((r->finishing || rec.state != NGX_VIDEO_RECORD_ON)
            && ngx_video_record_name(r, &rec) == NGX_OK)
        {
            return;
        }
    }

    ngx_video_record_rest(r);
}


/* What is too old is not there any more, or can't be taken away. */
static void
ngx_video_record_trimmed(ngx_video_record_t *r, ngx_video_record_track_t *t)
{
    ngx_video_record_job_t  *j;

    j = &r->job;

    if (j->trim && j->trim_err == 0) {
        t->keep.end = j->trim;
        r->untrimmed = 0;
    }

    if (j->trim_err && !r->untrimmed) {
        r->untrimmed = 1;
        ngx_log_error(NGX_LOG_WARN, r->log, j->trim_err,
                      "stream \"%V\": what is too old of \"%s\" is kept: "
                      "%s failed", &r->info.name, j->file, j->trim_failed);
    }

    if (j->trim_err == EOPNOTSUPP || j->trim_err == ENOSYS) {
        t->keep.time = 0;
    }

    if (r->keep) {
        ngx_video_record_keep_mark(&t->keep,
                                   nvm_text_us(r->segment.start, t->timescale)
                                   / 1000, j->offset);
    }
}


/* The segment is on disk. */
static void
ngx_video_record_done(ngx_video_record_t *r)
{
    ngx_int_t                rc;
    ngx_video_record_job_t  *j;

    j = &r->job;

    ngx_video_record_trimmed(r, &r->tracks[r->number]);

    rc = ngx_video_live_recorded(r->store, r->live, r->epoch, r->number,
                                 &r->segment, j->offset, (uint32_t) j->size);

    if (rc == NGX_ERROR && !r->unlisted) {
        r->unlisted = 1;
        ngx_log_error(NGX_LOG_ERR, r->log, 0,
                      "video zone \"%V\" is full: what is on disk of stream "
                      "\"%V\" can't be listed", &r->store->name,
                      &r->info.name);
    }
}


/* Back in the worker. */
static void
ngx_video_record_event(ngx_event_t *ev)
{
    ngx_video_record_t      *r;
    ngx_video_record_job_t  *j;

    r = ev->data;
    j = &r->job;

    r->working = 0;

    if (r->busy.timer_set) {
        ngx_del_timer(&r->busy);
    }

    if (j->size) {
        r->tracks[r->number].fd = j->fd;
        ngx_video_object_put(r->store, &r->segment.object);
    }

    r->unnamed = (j->err && j->text);

    if (j->err) {
        ngx_video_record_fail(r);

    } else {
        if (j->size) {
            ngx_video_record_done(r);
        }

        ngx_video_record_asset_written(&r->asset, j);
    }

    ngx_video_record_next(r);
}
