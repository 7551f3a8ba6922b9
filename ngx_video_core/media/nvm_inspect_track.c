/*
 * Copyright (C) ngx_video authors
 *
 * Tracks: what the boxes of each come to, and the list of its samples.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_codec.h"
#include "nvm_inspect_mp4.h"


nvm_inspect_track_t *
nvm_inspect_track_add(nvm_inspect_mp4_t *m)
{
    nvm_inspect_track_t  *t;

    if (m->ntracks == NVM_INSPECT_TRACKS) {
        return NULL;
    }

    t = nvm_alloc(m->arena, 1, sizeof(nvm_inspect_track_t));
    if (t == NULL) {
        m->nomem = 1;
        return NULL;
    }

    m->tracks[m->ntracks++] = t;

    return t;
}


nvm_inspect_track_t *
nvm_inspect_track_find(const nvm_inspect_mp4_t *m, uint32_t id)
{
    uint32_t  i;

    for (i = 0; i < m->ntracks; i++) {
        if (m->tracks[i]->id == id) {
            return m->tracks[i];
        }
    }

    return NULL;
}


static void
nvm_inspect_track_fault(nvm_inspect_track_t *t, nvm_err_e code,
    const char *what)
{
    if (t->f.code == NVM_OK) {
        (void) snprintf(t->f.where, sizeof(t->f.where),
                        "moov/trak[%u]/mdia/minf/stbl", (unsigned) t->number);
    }

    (void) nvm_fault(&t->f, code, t->stbl, what);
}


/*
 * Samples of all chunks, and whether all of their bytes are inside the file.
 * Bounded by the tables: chunks have an offset each, samples a size, unless
 * that is the same for all.
 */
static uint64_t
nvm_inspect_track_chunks(const nvm_inspect_mp4_t *m, nvm_inspect_track_t *t)
{
    uint64_t      i, k, n, at, bytes;
    uint32_t      run, first, per, next;
    nvm_reader_t  r;

    for (i = 0, n = 0, run = 0, per = 0, next = 1; i < t->chunks.count; i++) {

        if (i + 1 == next) {
            r = nvm_inspect_at(&t->stsc, run++);
            first = nvm_reader_u32(&r);
            per = first == i + 1 ? nvm_reader_u32(&r) : 0;
            r = nvm_inspect_at(&t->stsc, run);
            next = nvm_reader_u32(&r);
        }

        r = nvm_inspect_at(&t->chunks, i);
        at = t->chunks.width == 8 ? nvm_reader_u64(&r) : nvm_reader_u32(&r);
        bytes = (uint64_t) per * t->sample_size;

        for (k = 0; t->sample_size == 0 && k < per
                    && n + k < t->table_samples; k++)
        {
            bytes += nvm_inspect_size(t, n + k);
        }

        n += per;

        if (at > m->file_size || bytes > m->file_size - at) {
            nvm_inspect_track_fault(t, NVM_ETRUNC,
                                    "samples lie outside the file");
        }
    }

    return n;
}


/* The codecs parameter is the one by which a track would be packaged. */
static void
nvm_inspect_track_codecs(nvm_inspect_track_t *t)
{
    size_t              n;
    nvm_track_t         track;
    const uint8_t      *config;
    const nvm_codec_t  *codec;

    codec = nvm_codec_find(t->entry, t->handler
                                     == NVM_FOURCC('v', 'i', 'd', 'e')
                                     ? NVM_VIDEO : NVM_AUDIO);
    if (codec == NULL || t->config.start == NULL) {
        return;
    }

    memset(&track, 0, sizeof(nvm_track_t));
    track.entry = codec->write;
    track.width = t->width;
    track.height = t->height;
    track.sample_rate = t->sample_rate;
    track.channels = t->channels;

    n = nvm_reader_left(&t->config);
    config = nvm_reader_bytes(&t->config, n);

    if (config != NULL && codec->parse(&track, config, n, NULL) == NVM_OK) {
        memcpy(t->codecs, track.codecs, NVM_CODECS_LEN);
    }
}


void
nvm_inspect_track_end(nvm_inspect_mp4_t *m, nvm_inspect_track_t *t)
{
    uint64_t  chunked;

    t->samples = t->table_samples + t->run_samples;
    t->bytes = t->table_bytes + t->run_bytes;
    t->duration = t->stts_duration + t->run_duration;

    nvm_inspect_track_codecs(t);
    nvm_inspect_keyframes_end(t);

    if (t->stbl == 0) {
        return;
    }

    chunked = nvm_inspect_track_chunks(m, t);

    if (t->stts_samples != t->table_samples) {
        nvm_inspect_track_fault(t, NVM_EINVAL,
                                "stts and stsz differ in samples");
    }

    if (chunked != t->table_samples) {
        nvm_inspect_track_fault(t, NVM_EINVAL,
                                "stsc and stsz differ in samples");
    }

    if (t->f.code) {
        nvm_inspect_fault_add(&m->faults, &t->f);
    }
}


int64_t
nvm_inspect_track_time(const nvm_inspect_mp4_t *m,
    const nvm_inspect_track_t *t, const nvm_inspect_sample_t *s)
{
    uint64_t  time;

    time = s->dts + (uint64_t) s->cts - (uint64_t) t->media_time;

    if (m->timescale) {
        time += (uint64_t) nvm_rescale((int64_t) t->delay, t->timescale,
                                       m->timescale);
    }

    return (int64_t) time;
}


static const char *
nvm_inspect_track_kind(const nvm_inspect_track_t *t)
{
    switch (t->handler) {

    case NVM_FOURCC('v', 'i', 'd', 'e'):
        return "video";

    case NVM_FOURCC('s', 'o', 'u', 'n'):
        return "audio";

    case NVM_FOURCC('t', 'e', 'x', 't'):
    case NVM_FOURCC('s', 'b', 't', 'l'):
    case NVM_FOURCC('s', 'u', 'b', 't'):
    case NVM_FOURCC('c', 'l', 'c', 'p'):
        return "text";

    case 0:
        return "unknown";
    }

    return "other";
}


static void
nvm_inspect_track_codec(const nvm_inspect_track_t *t, nvm_emit_t *e)
{
    if (t->entry == 0) {
        return;
    }

    if (t->codecs[0]) {
        nvm_emit_word(e, "codecs", t->codecs);

    } else {
        nvm_emit_type(e, "codecs", t->entry);
    }

    if (t->scheme) {
        nvm_emit_type(e, "encryption", t->scheme);
    }

    if (t->width) {
        nvm_emit_uint(e, "width", t->width);
        nvm_emit_uint(e, "height", t->height);
    }

    if (t->width && t->rotation) {
        nvm_emit_uint(e, "rotation", t->rotation);
    }

    if (t->channels) {
        nvm_emit_uint(e, "sample_rate", t->sample_rate);
        nvm_emit_uint(e, "channels", t->channels);
    }
}


/* n in a second, times "factor" */
static int64_t
nvm_inspect_track_rate(const nvm_inspect_track_t *t, uint64_t n,
    unsigned factor)
{
    unsigned __int128  v;

    v = (unsigned __int128) n * t->timescale * factor / t->duration;

    return v > INT64_MAX ? INT64_MAX : (int64_t) v;
}


void
nvm_inspect_track_write(nvm_inspect_walk_t *w, const nvm_inspect_track_t *t)
{
    nvm_emit_t            *e;
    nvm_inspect_cursor_t   c;
    nvm_inspect_sample_t   s;

    e = w->e;

    nvm_emit_open(e, NULL, NVM_EMIT_OBJECT);
    nvm_emit_uint(e, "id", t->id);
    nvm_emit_word(e, "kind", nvm_inspect_track_kind(t));
    nvm_inspect_track_codec(t, e);

    if (t->lang[0]) {
        nvm_emit_word(e, "language", t->lang);
    }

    nvm_emit_uint(e, "timescale", t->timescale);
    nvm_emit_uint(e, "samples", t->samples);
    nvm_emit_uint(e, "bytes", t->bytes);

    if (t->timescale) {
        nvm_emit_seconds(e, "duration", (int64_t) t->duration, t->timescale);
    }

    nvm_inspect_cursor_init(&c, t);

    if (t->timescale && nvm_inspect_cursor_at(&c, 0, &s) == NVM_OK) {
        nvm_emit_seconds(e, "start", nvm_inspect_track_time(w->m, t, &s),
                         t->timescale);
    }

    if (t->timescale && t->duration) {
        nvm_emit_int(e, "bitrate", nvm_inspect_track_rate(t, t->bytes, 8));
    }

    if (t->timescale && t->duration && t->width) {
        nvm_emit_ratio(e, "frame_rate",
                       nvm_inspect_track_rate(t, t->samples, 1000), 1000, 3);
    }

    if (t->f.code) {
        nvm_inspect_fault_write(e, "error", &t->f);
    }

    if (t->samples && (t->handler == NVM_FOURCC('v', 'i', 'd', 'e')
                       || t->handler == 0))
    {
        nvm_inspect_keyframes_write(w, t);
    }

    nvm_emit_close(e);
}


nvm_err_e
nvm_inspect_mp4_samples(nvm_inspect_mp4_t *m, nvm_emit_t *e, uint32_t id)
{
    uint64_t                    n;
    nvm_inspect_bound_t         bound = { m->file_size, 0 };
    nvm_inspect_cursor_t        c;
    nvm_inspect_sample_t        s;
    const nvm_inspect_track_t  *t;

    t = nvm_inspect_track_find(m, id);

    if (t == NULL) {
        return NVM_ENOENT;
    }

    nvm_emit_uint(e, "track", id);
    nvm_emit_uint(e, "timescale", t->timescale);
    nvm_emit_table(e, "samples", "number dts pts duration size offset key");

    nvm_inspect_cursor_init(&c, t);

    for (n = 0; nvm_inspect_cursor_at(&c, n, &s) == NVM_OK
                && nvm_inspect_plausible(&bound, &s); n++)
    {
        nvm_emit_open(e, NULL, NVM_EMIT_ROW);
        nvm_emit_uint(e, "number", n + 1);
        nvm_emit_uint(e, "dts", s.dts);
        nvm_emit_int(e, "pts", (int64_t) (s.dts + (uint64_t) s.cts));
        nvm_emit_uint(e, "duration", s.duration);
        nvm_emit_uint(e, "size", s.size);
        nvm_emit_uint(e, "offset", s.offset);
        nvm_emit_flag(e, "key", s.key);
        nvm_emit_close(e);
    }

    nvm_emit_close(e);

    return NVM_OK;
}
