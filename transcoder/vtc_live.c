/*
 * Copyright (C) ngx_video authors
 *
 * A live stream, see vtc_live.h.  Times are those of the source, to the tick,
 * and so are key frames: a picture is one in all rungs if it was one.
 *
 * What falls behind gives up, from the top: pictures, then rungs.  The source
 * does not come from here, so it never waits.
 */

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vtc_live.h"
#include "vtc_live_stream.h"
#include "vtc_source.h"


/* ms that media may wait here before pictures, and a rung, are dropped */
#define VTC_LIVE_LATE       500
#define VTC_LIVE_TOO_LATE   2000

/* ms without either before a rung comes back, longer each time it went */
#define VTC_LIVE_BACK       30000

#define VTC_LIVE_STATE      1000                /* ms */


/* The rungs that are to be made of pictures like this one: 0, or -1. */
static int
vtc_live_rungs(vtc_live_t *v, const AVFrame *f)
{
    unsigned         i;
    vtc_shape_t      source, fitted;
    vtc_rung_t      *r;
    vtc_encoding_t  *e;

    source = vtc_source_square(f->width, f->height, f->sample_aspect_ratio);
    v->video.n = 0;

    for (i = 0; i < v->ladder.n; i++) {
        r = &v->ladder.rungs[i];

        if (!vtc_rung_fit(r, &source, &fitted)) {
            fprintf(v->why, "rung \"%s\" of %ux%u is left out: the source has "
                    "%ux%u", r->name, r->width, r->height, source.width,
                    source.height);
            vtc_live_why(v, 5);
            continue;
        }

        e = &v->video.outputs[v->video.n++].encoding;
        e->rung = r;
        e->shape = fitted;
        e->time_base = (AVRational) { 1, NVM_WIRE_SCALE };
        e->fps = v->in.decoder->framerate;
        e->threads = 1;
        e->live = 1;
        e->low = !v->quality;
        e->interval = 0;
    }

    if (v->video.n == 0 && !v->sound.wanted && !v->thumbs.wanted) {
        fputs("no rung is left of the ladder", v->why);
        return -1;
    }

    /* there may have been more of them */
    if (v->off && v->off >= v->video.n) {
        v->off = v->video.n ? v->video.n - 1 : 0;
    }

    return 0;
}


/* The encoders, for pictures like the first: 0, or -1. */
static int
vtc_live_start(vtc_live_t *v, const AVFrame *first)
{
    unsigned  i;

    memset(&v->video, 0, sizeof(v->video));
    v->video.why = v->why;
    v->video.packet = vtc_live_packet;
    v->video.data = v;

    if (vtc_live_rungs(v, first) != 0 || vtc_video_open(&v->video, first) != 0)
    {
        return -1;
    }

    v->running = 1;
    v->calm = vtc_live_now();

    if (vtc_live_sound_header(v) != 0) {
        return -1;
    }

    for (i = 0; i < v->video.n; i++) {
        v->video.outputs[i].off = i < v->off;
        v->back[i] = i < v->off ? INT64_MAX : INT64_MIN;

        if (vtc_live_header(v, i) != 0) {
            return -1;
        }
    }

    return v->video.n ? 0 : vtc_live_no_header(v);
}


/* All that is still in the encoders, which are closed. */
static int
vtc_live_stop(vtc_live_t *v)
{
    int  rc;

    if (!v->running) {
        return 0;
    }

    v->running = 0;
    rc = vtc_video_end(&v->video);
    vtc_video_close(&v->video);

    return rc;
}


/* Whether a picture was a key frame of the source. */
static int
vtc_live_key(vtc_live_t *v, int64_t pts)
{
    unsigned  i;

    for (i = 0; i < v->in.n_keys; i++) {
        if (v->in.keys[i] == pts) {
            v->in.n_keys--;
            memmove(&v->in.keys[i], &v->in.keys[i + 1],
                    (v->in.n_keys - i) * sizeof(int64_t));
            return 1;
        }
    }

    return 0;
}


/* A rung goes, or comes back, at a key frame. */
static void
vtc_live_turn(vtc_live_t *v, int on, int64_t pts)
{
    char      text[128];
    unsigned  i;

    i = on ? v->off - 1 : v->off;
    v->video.outputs[i].off = !on;
    v->back[i] = pts;
    v->off = on ? v->off - 1 : v->off + 1;
    v->times_off += !on;
    v->calm = vtc_live_now();

    snprintf(text, sizeof(text), on ? "rung \"%s\" is made again"
             : "rung \"%s\" is not made for now: the processor is too slow",
             v->video.outputs[i].encoding.rung->name);
    (void) vtc_live_log(v, on ? 5 : 4, text);
}


/*
 * Whether a picture is encoded.  Media that wait are pictures that the encoders
 * could not keep up with.
 */
static int
vtc_live_takes(vtc_live_t *v, int64_t pts, int key)
{
    int64_t  late, now;

    late = v->link.newest - pts;
    now = vtc_live_now();

    if (late <= VTC_LIVE_LATE) {

        if (key && v->off && now - v->calm
                             > (int64_t) VTC_LIVE_BACK * v->times_off)
        {
            vtc_live_turn(v, 1, pts);
        }

        v->odd = 0;
        return 1;
    }

    if (key) {

        if (late > VTC_LIVE_TOO_LATE && v->off + 1 < v->video.n) {
            vtc_live_turn(v, 0, INT64_MAX);
        }

        return 1;
    }

    v->calm = now;

    if (late > VTC_LIVE_TOO_LATE) {
        return 0;
    }

    v->odd = !v->odd;

    return !v->odd;
}


static int
vtc_live_picture(vtc_live_t *v, AVFrame *f)
{
    int  key;

    f->pts = f->best_effort_timestamp;

    if (f->pts == AV_NOPTS_VALUE || f->pts <= v->in.newest) {
        return 0;
    }

    key = vtc_live_key(v, f->pts);

    if (!v->running) {

        if (vtc_live_start(v, f) != 0) {
            return -1;
        }

        key = 1;
    }

    v->in.newest = f->pts;
    v->pictures++;

    if (key && vtc_live_thumbs_picture(&v->thumbs, f, vtc_live_now()) != 0) {
        return -1;
    }

    if (!vtc_live_takes(v, f->pts, key)) {
        v->dropped++;
        return 0;
    }

    return vtc_video_send(&v->video, f, key);
}


/* Pictures that the decoder has: 0, or -1. */
static int
vtc_live_drain(vtc_live_t *v)
{
    int  rc;

    while ((rc = avcodec_receive_frame(v->in.decoder, v->in.frame)) == 0) {
        rc = vtc_live_picture(v, v->in.frame);
        av_frame_unref(v->in.frame);

        if (rc != 0) {
            return -1;
        }
    }

    if (rc == AVERROR(ENOMEM)) {
        fputs("no memory", v->why);
        return -1;
    }

    return 0;
}


/* The source begins, or begins again with other pictures: 0, or -1. */
static int
vtc_live_source(vtc_live_t *v, const nvm_wire_t *m)
{
    int             rc;
    enum AVCodecID  id;
    const AVCodec  *codec;

    if (v->in.decoder) {

        if (v->in.decoder->extradata_size == (int) m->len
            && memcmp(v->in.decoder->extradata, m->body, m->len) == 0)
        {
            return 0;
        }

        (void) avcodec_send_packet(v->in.decoder, NULL);

        if (vtc_live_drain(v) != 0 || vtc_live_stop(v) != 0) {
            return -1;
        }

        avcodec_free_context(&v->in.decoder);
    }

    id = m->codec == NVM_WIRE_AVC ? AV_CODEC_ID_H264
         : m->codec == NVM_WIRE_HEVC ? AV_CODEC_ID_HEVC : AV_CODEC_ID_NONE;
    codec = id == AV_CODEC_ID_NONE ? NULL : avcodec_find_decoder(id);
    v->in.decoder = codec ? avcodec_alloc_context3(codec) : NULL;
    v->in.begun = 0;
    v->in.n_keys = 0;

    if (v->in.decoder == NULL) {
        fputs("the codec of the source can't be decoded", v->why);
        return -1;
    }

    v->in.decoder->extradata = av_mallocz(m->len
                                          + AV_INPUT_BUFFER_PADDING_SIZE);

    if (v->in.decoder->extradata == NULL) {
        fputs("no memory", v->why);
        return -1;
    }

    memcpy(v->in.decoder->extradata, m->body, m->len);
    v->in.decoder->extradata_size = (int) m->len;
    v->in.decoder->pkt_timebase = (AVRational) { 1, NVM_WIRE_SCALE };
    v->in.decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    v->in.decoder->skip_frame = v->ladder.n ? AVDISCARD_DEFAULT
                                            : AVDISCARD_NONKEY;
    v->in.decoder->thread_count = 1;

    rc = avcodec_open2(v->in.decoder, codec, NULL);

    if (rc < 0) {
        vtc_source_why(v->why, "the source can't be decoded", rc);
        return -1;
    }

    return 0;
}


static int
vtc_live_frame(vtc_live_t *v, const nvm_wire_t *m)
{
    int  rc;

    if (v->in.decoder == NULL) {
        fputs("a frame before its header", v->why);
        return -1;
    }

    if (m->flags & NVM_WIRE_KEY) {
        v->in.begun = 1;

        if (v->in.n_keys == VTC_LIVE_KEYS) {
            /* of pictures that could not be decoded */
            v->in.n_keys = 0;
        }

        v->in.keys[v->in.n_keys++] = m->pts;
    }

    if (!v->in.begun) {
        return 0;
    }

    rc = av_new_packet(v->in.packet, (int) m->len);

    if (rc < 0) {
        fputs("no memory", v->why);
        return -1;
    }

    memcpy(v->in.packet->data, m->body, m->len);
    v->in.packet->pts = m->pts;
    v->in.packet->dts = m->dts;
    v->in.packet->flags = m->flags & NVM_WIRE_KEY ? AV_PKT_FLAG_KEY : 0;

    rc = avcodec_send_packet(v->in.decoder, v->in.packet);
    av_packet_unref(v->in.packet);

    if (rc < 0) {
        v->damaged++;
    }

    return vtc_live_drain(v);
}


/* A header of sound; what can't be decoded is left out. */
static int
vtc_live_sound(vtc_live_t *v, const nvm_wire_t *m)
{
    int  rc;

    rc = vtc_live_audio_source(&v->sound, m);

    if (rc > 0) {
        vtc_live_why(v, 4);
        return 0;
    }

    /* else it is told with those of pictures */
    return rc == 0 && v->running ? vtc_live_sound_header(v) : rc;
}


/* The rungs of pictures, if there are any. */
static int
vtc_live_ladder(vtc_live_t *v, const json_t *ladder)
{
    int    rc;
    char  *text;

    if (ladder == NULL) {
        return 0;
    }

    text = json_dumps(ladder, JSON_COMPACT);

    if (text == NULL) {
        fputs("OPEN is wrong", v->why);
        return -1;
    }

    rc = vtc_ladder_parse(&v->ladder, text, strlen(text), v->why);
    free(text);

    return rc;
}


/*
 * What is to be made: {"latency": ..., "ladder": {...}, "audio": {...},
 * "thumbs": {...}}, of which there is one of the last three.
 */
static int
vtc_live_open(vtc_live_t *v, const nvm_wire_t *m)
{
    int      rc;
    json_t  *root, *latency;

    root = json_loadb((const char *) m->body, m->len, 0, NULL);
    latency = json_object_get(root, "latency");
    v->quality = latency && json_is_string(latency)
                 && strcmp(json_string_value(latency), "quality") == 0;

    v->sound.audio.why = v->why;
    v->sound.audio.packet = vtc_live_sound_packet;
    v->sound.audio.data = v;
    v->thumbs.why = v->why;
    v->thumbs.link = &v->link;

    if (v->opened
        || (json_object_get(root, "ladder") == NULL
            && json_object_get(root, "audio") == NULL
            && json_object_get(root, "thumbs") == NULL))
    {
        fputs("OPEN is wrong", v->why);
        rc = -1;

    } else {
        rc = vtc_live_ladder(v, json_object_get(root, "ladder")) != 0
             || vtc_live_audio_open(&v->sound, json_object_get(root, "audio"))
                != 0
             || vtc_live_thumbs_open(&v->thumbs,
                                     json_object_get(root, "thumbs")) != 0
             ? -1 : 0;
    }

    json_decref(root);
    v->opened = 1;

    return rc;
}


/* Nothing follows: what is left in decoders and encoders. */
static int
vtc_live_last(vtc_live_t *v)
{
    if (v->in.decoder) {
        (void) avcodec_send_packet(v->in.decoder, NULL);

        if (vtc_live_drain(v) != 0 || vtc_live_stop(v) != 0) {
            return -1;
        }
    }

    return vtc_live_audio_end(&v->sound);
}


/* A message of the worker: 0; 1: it was the last; -1. */
static int
vtc_live_message(vtc_live_t *v, const nvm_wire_t *m)
{
    switch (m->type) {

    case NVM_WIRE_OPEN:
        return vtc_live_open(v, m);

    case NVM_WIRE_HEADER:

        if (!v->opened) {
            return 0;
        }

        return m->flags & NVM_WIRE_AUDIO ? vtc_live_sound(v, m)
                                         : vtc_live_source(v, m);

    case NVM_WIRE_FRAME:

        if (!v->opened) {
            return 0;
        }

        return m->flags & NVM_WIRE_AUDIO ? vtc_live_audio_frame(&v->sound, m)
                                         : vtc_live_frame(v, m);

    case NVM_WIRE_CUT:
        return vtc_live_thumbs_cut(&v->thumbs, m->pts, (uint64_t) m->dts);

    case NVM_WIRE_END:
        v->ended = 1;

        return vtc_live_last(v) == 0 ? 1 : -1;

    default:
        fputs("a message that is not for the transcoder", v->why);
        return -1;
    }
}


/* Until the worker has sent all: 0, or -1. */
static int
vtc_live_run(vtc_live_t *v)
{
    int         rc;
    nvm_wire_t  m;

    for ( ;; ) {
        (void) alarm(0);

        if (vtc_live_now() - v->told >= VTC_LIVE_STATE
            && vtc_live_state(v) != 0)
        {
            return -1;
        }

        rc = vtc_link_next(&v->link, &m);

        if (rc < 0 || (rc == 0 && v->link.closed)) {
            return rc;
        }

        if (rc == 0) {
            if (vtc_link_wait(&v->link, VTC_LIVE_STATE / 2) != 0) {
                return -1;
            }

            continue;
        }

        /* whatever hangs in a library ends this process */
        (void) alarm(v->patience);
        rc = vtc_live_message(v, &m);

        if (rc != 0) {
            return rc < 0 ? -1 : 0;
        }

        /* what has come meanwhile tells how late this is */
        if (vtc_link_wait(&v->link, 0) != 0) {
            return -1;
        }
    }
}


int
vtc_live(int fd, unsigned patience)
{
    int          rc;
    vtc_live_t  *v;

    vtc_source_quiet();
    v = calloc(1, sizeof(vtc_live_t));

    if (v == NULL) {
        return -1;
    }

    vtc_link_init(&v->link, fd);
    v->patience = patience;
    v->in.newest = INT64_MIN;
    v->in.packet = av_packet_alloc();
    v->in.frame = av_frame_alloc();
    v->why = open_memstream(&v->said, &v->said_len);

    rc = v->in.packet && v->in.frame && v->why ? vtc_live_run(v) : -1;

    if (rc != 0 && v->link.error && v->ended) {
        rc = 0;

    } else if (rc != 0 && v->link.error) {
        /* it can't be told */
        fprintf(stderr, "video-transcoder: a stream ended: %s\n",
                v->link.error);

    } else if (rc != 0 && v->why) {
        vtc_live_why(v, 3);
    }

    (void) alarm(patience);

    while (v->link.error == NULL && !vtc_link_idle(&v->link)
           && vtc_link_wait(&v->link, 1000) == 0) { /* void */ }

    (void) alarm(0);

    if (v->running) {
        vtc_video_close(&v->video);
    }

    vtc_live_audio_close(&v->sound);
    vtc_live_thumbs_close(&v->thumbs);
    avcodec_free_context(&v->in.decoder);
    av_packet_free(&v->in.packet);
    av_frame_free(&v->in.frame);

    if (v->why) {
        fclose(v->why);
    }

    free(v->said);
    free(v->nal.data);
    free(v->extra.data);
    vtc_link_close(&v->link);
    free(v);

    return rc;
}
