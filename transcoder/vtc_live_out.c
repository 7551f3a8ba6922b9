/*
 * Copyright (C) ngx_video authors
 *
 * What a live stream sends to its worker: headers and frames of rungs, its
 * state, lines for the log.
 */

#include <string.h>
#include <time.h>

#include "vtc_live_stream.h"


int64_t
vtc_live_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


int
vtc_live_log(vtc_live_t *v, unsigned level, const char *text)
{
    nvm_wire_t  m = { .type = NVM_WIRE_LOG, .flags = (uint16_t) level };

    return vtc_link_send(&v->link, &m, text, strlen(text), NULL, 0);
}


void
vtc_live_why(vtc_live_t *v, unsigned level)
{
    fflush(v->why);

    if (v->said && v->said_len) {
        v->said[v->said_len] = '\0';
        (void) vtc_live_log(v, level, v->said);
    }

    rewind(v->why);
}


int
vtc_live_state(vtc_live_t *v)
{
    uint8_t           body[NVM_WIRE_STATE_LEN];
    unsigned          i;
    int64_t           late;
    nvm_wire_t        m = { .type = NVM_WIRE_STATE };
    nvm_writer_t      w;
    nvm_wire_state_t  s;

    /* without rungs nothing but key frames is decoded */
    late = v->video.n == 0 || v->in.newest == INT64_MIN
           || v->link.newest == INT64_MIN
           ? 0 : v->link.newest - v->in.newest;

    memset(&s, 0, sizeof(s));
    s.pictures = v->pictures;
    s.dropped = v->dropped;
    s.damaged = v->damaged + v->sound.damaged;
    s.rungs = v->video.n;
    s.off = v->off;
    s.late = late < 0 ? 0 : (uint64_t) late;

    for (i = 0; i < v->video.n; i++) {
        s.cpu += v->video.outputs[i].cpu;
    }

    s.cpu /= 1000000;
    v->told = vtc_live_now();

    nvm_writer_init(&w, body, sizeof(body));
    nvm_wire_state_write(&w, &s);

    return vtc_link_send(&v->link, &m, body, w.len, NULL, 0);
}


int
vtc_live_packet(void *data, unsigned output, AVPacket *packet)
{
    vtc_live_t      *v;
    nvm_wire_t       m = { .type = NVM_WIRE_FRAME };
    AVCodecContext  *c;

    v = data;
    c = v->video.outputs[output].encoder;

    if (packet->pts < v->back[output]) {
        /* of before it was given up */
        return 0;
    }

    if (vtc_sample(&v->nal, c, packet) != 0) {
        fputs("an encoder gave no picture", v->why);
        return -1;
    }

    m.track = (uint8_t) output;
    m.codec = vtc_sample_codec(c);
    m.flags = packet->flags & AV_PKT_FLAG_KEY ? NVM_WIRE_KEY : 0;
    m.pts = packet->pts;
    m.dts = packet->dts;

    return vtc_link_send(&v->link, &m, v->nal.data, v->nal.len, NULL, 0);
}


int
vtc_live_sound_packet(void *data, AVPacket *packet)
{
    vtc_live_t  *v;
    nvm_wire_t   m = { .type = NVM_WIRE_FRAME, .codec = NVM_WIRE_AAC };

    v = data;
    m.track = (uint8_t) v->ladder.n;
    m.flags = NVM_WIRE_KEY | NVM_WIRE_AUDIO;
    m.pts = packet->pts;
    m.dts = packet->pts;

    return vtc_link_send(&v->link, &m, packet->data, (size_t) packet->size,
                         NULL, 0);
}


/* Tells the name of a rung and its configuration. */
static int
vtc_live_tell(vtc_live_t *v, nvm_wire_t *m, const char *name,
    const void *config, size_t len)
{
    uint8_t  start[1 + VTC_NAME_MAX];
    size_t   n;

    n = strlen(name);
    start[0] = (uint8_t) n;
    memcpy(start + 1, name, n);

    return vtc_link_send(&v->link, m, start, n + 1, config, len);
}


int
vtc_live_header(vtc_live_t *v, unsigned output)
{
    nvm_wire_t       m = { .type = NVM_WIRE_HEADER };
    AVCodecContext  *c;

    c = v->video.outputs[output].encoder;

    if (vtc_sample_config(&v->extra, c) != 0) {
        fputs("an encoder gave no configuration", v->why);
        return -1;
    }

    m.track = (uint8_t) output;
    m.codec = vtc_sample_codec(c);
    m.pts = c->width;
    m.dts = c->height;
    m.flags = output == v->video.n - 1 ? NVM_WIRE_LAST : 0;

    return vtc_live_tell(v, &m, v->video.outputs[output].encoding.rung->name,
                         v->extra.data, v->extra.len);
}


int
vtc_live_no_header(vtc_live_t *v)
{
    nvm_wire_t  m = { .type = NVM_WIRE_HEADER, .flags = NVM_WIRE_LAST };

    return vtc_live_tell(v, &m, "", NULL, 0);
}


int
vtc_live_sound_header(vtc_live_t *v)
{
    nvm_wire_t       m = { .type = NVM_WIRE_HEADER, .codec = NVM_WIRE_AAC,
                           .flags = NVM_WIRE_AUDIO };
    AVCodecContext  *c;

    if (!v->sound.known) {
        return 0;
    }

    c = v->sound.audio.encoder;
    m.track = (uint8_t) v->ladder.n;

    return vtc_live_tell(v, &m, "audio", c->extradata,
                         (size_t) c->extradata_size);
}
