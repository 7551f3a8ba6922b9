/*
 * Copyright (C) ngx_video authors
 *
 * MP4 of spools, see vtc_movie.h.  Samples of a second lie one after the other,
 * so that a segment is sent from a few places of the file.
 */

#include <inttypes.h>
#include <libavutil/mathematics.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vtc_chunk.h"
#include "vtc_job.h"
#include "vtc_movie.h"
#include "vtc_source.h"
#include "vtc_spool.h"


/* frames between two signs of life */
#define VTC_MOVIE_ALIVE  1000

/* A track that is written, of one spool after the other. */
typedef struct {
    vtc_spool_t       spool;
    AVPacket         *packet;           /* the next; without data: none */
    AVStream         *stream;
    AVRational        from;             /* time base of the spool */
    int64_t           origin;           /* what becomes 0, in that */
    int64_t           dts;              /* of the newest */
    unsigned          chunk;            /* of the spool that is open */
    unsigned          video:1;
    unsigned          begun:1;
    unsigned          ended:1;
} vtc_movie_track_t;

typedef struct {
    vtc_film_t         *film;
    const vtc_rung_t   *rung;
    FILE               *out;
    FILE               *why;
    AVFormatContext    *format;
    vtc_movie_track_t   tracks[2];
    unsigned            n;              /* of them */
    uint64_t            frames;
} vtc_movie_run_t;


static int
vtc_movie_spool(vtc_movie_run_t *m, vtc_movie_track_t *t, unsigned chunk)
{
    int   rc;
    char  path[VTC_PATH_MAX];

    vtc_spool_close(&t->spool);

    rc = t->video
         ? vtc_film_path(m->film, path, m->why, "%u-%s", chunk, m->rung->name)
         : vtc_film_path(m->film, path, m->why, "sound");

    return rc == 0 ? vtc_spool_open(&t->spool, path, m->why) : -1;
}


/* What decoders are told once has to be true of all chunks. */
static int
vtc_movie_same(vtc_movie_run_t *m, vtc_movie_track_t *t)
{
    AVCodecParameters  *a, *b;

    a = t->stream->codecpar;
    b = t->spool.parameters;

    if (a->codec_id == b->codec_id && a->extradata_size == b->extradata_size
        && (a->extradata_size == 0
            || memcmp(a->extradata, b->extradata, (size_t) a->extradata_size)
               == 0))
    {
        return 0;
    }

    fprintf(m->why, "rung \"%s\": chunk %u has another configuration",
            m->rung->name, t->chunk);

    return -1;
}


/* Whether there is no picture in a chunk. */
static int
vtc_movie_empty(vtc_movie_run_t *m, unsigned chunk)
{
    vtc_made_t  made[VTC_RUNGS_MAX];

    return vtc_chunk_made(m->film, chunk, made) && made[0].pictures == 0;
}


/* The next frame of a track, into t->packet: 0, or -1 and why. */
static int
vtc_movie_next(vtc_movie_run_t *m, vtc_movie_track_t *t)
{
    int  rc;

    for ( ;; ) {
        rc = vtc_spool_read(&t->spool, t->packet);

        if (rc != 0) {
            break;
        }

        do {
            if (!t->video || ++t->chunk == m->film->plan.chunks) {
                t->ended = 1;
                return 0;
            }

        } while (vtc_movie_empty(m, t->chunk));

        if (vtc_movie_spool(m, t, t->chunk) != 0
            || vtc_movie_same(m, t) != 0)
        {
            return -1;
        }
    }

    if (rc < 0) {
        return -1;
    }

    t->packet->pts -= t->origin;
    t->packet->dts -= t->origin;

    /* where a chunk begins encoders may be a tick off: never back */

    if (t->begun && t->packet->dts <= t->dts) {
        t->packet->dts = t->dts + 1;
    }

    if (t->packet->dts > t->packet->pts) {
        fprintf(m->why, "rung \"%s\": a picture of chunk %u is late",
                m->rung->name, t->chunk);
        return -1;
    }

    t->dts = t->packet->dts;
    t->begun = 1;

    return 0;
}


static int
vtc_movie_track(vtc_movie_run_t *m, int video)
{
    vtc_movie_track_t  *t;
    const vtc_plan_t   *p;

    p = &m->film->plan;
    t = &m->tracks[m->n++];
    t->video = video ? 1 : 0;
    t->packet = av_packet_alloc();
    t->stream = avformat_new_stream(m->format, NULL);

    if (t->packet == NULL || t->stream == NULL) {
        fputs("no memory", m->why);
        return -1;
    }

    if (vtc_movie_spool(m, t, 0) != 0) {
        return -1;
    }

    if (avcodec_parameters_copy(t->stream->codecpar, t->spool.parameters) < 0)
    {
        fputs("no memory", m->why);
        return -1;
    }

    t->stream->codecpar->codec_tag = 0;
    t->stream->time_base = t->spool.time_base;
    t->from = t->spool.time_base;
    t->origin = av_rescale_q(p->origin, p->time_base, t->from);

    if (video) {
        t->stream->avg_frame_rate = p->fps;

    } else if (p->language[0]) {
        av_dict_set(&t->stream->metadata, "language", p->language, 0);
    }

    if (t->stream->codecpar->codec_id == AV_CODEC_ID_HEVC) {
        /* "hev1" is refused by Apple's players */
        t->stream->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');
    }

    return vtc_movie_next(m, t);
}


/* Frames of a track that begin before a second of the film has passed. */
static int
vtc_movie_until(vtc_movie_run_t *m, vtc_movie_track_t *t, int64_t second)
{
    int      rc;
    int64_t  end;

    end = av_rescale_q(second, (AVRational) { 1, 1 }, t->from);

    while (!t->ended && t->packet->dts < end) {
        t->packet->stream_index = t->stream->index;
        av_packet_rescale_ts(t->packet, t->from, t->stream->time_base);

        rc = av_write_frame(m->format, t->packet);

        if (rc < 0) {
            fprintf(m->why, "rung \"%s\": ", m->rung->name);
            vtc_source_why(m->why, "can't be written", rc);
            return -1;
        }

        if (++m->frames % VTC_MOVIE_ALIVE == 0) {
            vtc_job_alive(m->out);
        }

        if (vtc_movie_next(m, t) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
vtc_movie_media(vtc_movie_run_t *m)
{
    int64_t   second;
    unsigned  i, ended;

    for (second = 0; /* void */ ; second++) {

        for (i = 0, ended = 0; i < m->n; i++) {
            if (vtc_movie_until(m, &m->tracks[i], second) != 0) {
                return -1;
            }

            ended += m->tracks[i].ended;
        }

        if (ended == m->n) {
            return 0;
        }
    }
}


/* The whole file, by its name for now: 0, or -1 and why. */
static int
vtc_movie_write(vtc_movie_run_t *m, const char *part)
{
    int            rc;
    AVDictionary  *options;

    if (vtc_movie_track(m, 1) != 0
        || (m->film->plan.sound && vtc_movie_track(m, 0) != 0))
    {
        return -1;
    }

    options = NULL;
    av_dict_set(&options, "movflags", "+faststart", 0);
    rc = avio_open(&m->format->pb, part, AVIO_FLAG_WRITE);

    if (rc >= 0) {
        rc = avformat_write_header(m->format, &options);
    }

    av_dict_free(&options);

    if (rc >= 0) {

        if (vtc_movie_media(m) != 0) {
            return -1;
        }

        /* all of the file is moved */
        vtc_job_lives(m->out);
        rc = av_write_trailer(m->format);
        vtc_job_lives(NULL);
    }

    if (rc >= 0) {
        rc = avio_closep(&m->format->pb);
    }

    if (rc < 0) {
        fprintf(m->why, "\"%s\": ", part + strlen("file:"));
        vtc_source_why(m->why, "can't be written", rc);
        return -1;
    }

    return 0;
}


int
vtc_movie_work(void *data, FILE *out, FILE *why)
{
    int               rc;
    char              path[VTC_PATH_MAX], part[VTC_PATH_MAX + 32];
    unsigned          i;
    struct stat       st;
    const vtc_movie_t *movie;
    vtc_movie_run_t   m;

    vtc_source_quiet();
    memset(&m, 0, sizeof(m));

    movie = data;
    m.film = movie->film;
    m.rung = &m.film->conf.ladder.rungs[
                 m.film->plan.outputs[movie->output].rung];
    m.out = out;
    m.why = why;

    rc = snprintf(path, sizeof(path), "%s/%s.mp4", m.film->conf.dir,
                  m.rung->name);

    if (rc < 0 || (size_t) rc >= sizeof(path)
        || avformat_alloc_output_context2(&m.format, NULL, "mp4", NULL) < 0)
    {
        fputs("no memory", why);
        return -1;
    }

    snprintf(part, sizeof(part), "file:%s.part", path);

    /* moov is moved by what reads the file again */
    m.format->url = av_strdup(part);
    rc = vtc_movie_write(&m, part);

    for (i = 0; i < m.n; i++) {
        vtc_spool_close(&m.tracks[i].spool);
        av_packet_free(&m.tracks[i].packet);
    }

    if (m.format->pb) {
        (void) avio_closep(&m.format->pb);
    }

    avformat_free_context(m.format);

    if (rc == 0 && rename(part + strlen("file:"), path) == -1) {
        fprintf(why, "rename() \"%s\" failed", path);
        rc = -1;
    }

    if (rc != 0 || stat(path, &st) == -1) {
        (void) unlink(part + strlen("file:"));
        return -1;
    }

    fprintf(out, "%" PRIu64, (uint64_t) st.st_size);

    return 0;
}
