/*
 * Copyright (C) ngx_video authors
 *
 * Silent frames of a codec, and a file of them.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_aac.h"
#include "nvm_base64.h"
#include "nvm_cmaf_entry.h"
#include "nvm_movie.h"
#include "nvm_mp4_tables.h"
#include "nvm_opus.h"
#include "nvm_silence.h"


/* samples of a chunk: about 16 s */
#define NVM_SILENCE_CHUNK   750

/* "aac." or "opus." and the digits of this many bytes */
#define NVM_SILENCE_CONFIG  16

#define NVM_SILENCE_OPUS    960         /* 20 ms */
#define NVM_SILENCE_FAMILY  10          /* where in dOps */

/* Elements of a raw_data_block (ISO/IEC 14496-3, table 4.85). */
#define NVM_SILENCE_END     7

/* A codec that there is silence of: its name, frames, and configuration. */
typedef struct {
    nvm_codec_e   codec;
    const char   *name;
    uint32_t      duration;             /* of a frame, ticks */
    nvm_err_e   (*track)(nvm_track_t *t, const uint8_t *config, size_t n,
                         nvm_fault_t *f);
    size_t      (*frame)(const nvm_track_t *t,
                         uint8_t out[NVM_SILENCE_FRAME]);
} nvm_silence_t;


/* The bits of a frame, the first one the highest. */
typedef struct {
    uint8_t      *out;                  /* zeroed */
    size_t        n;
} nvm_silence_bits_t;


static void
nvm_silence_put(nvm_silence_bits_t *b, uint32_t value, unsigned bits)
{
    for ( /* void */ ; bits > 0; bits--, b->n++) {
        b->out[b->n / 8] |= (uint8_t) ((value >> (bits - 1) & 1)
                                       << (7 - b->n % 8));
    }
}


/*
 * individual_channel_stream() (ISO/IEC 14496-3, table 4.50) with max_sfb 0: a
 * long window that no section, scale factor or coefficient follows.
 */
static void
nvm_silence_channel(nvm_silence_bits_t *b)
{
    nvm_silence_put(b, 0, 8);           /* global_gain */
    nvm_silence_put(b, 0, 1 + 2 + 1);   /* ics_info(): reserved, window */
    nvm_silence_put(b, 0, 6 + 1);       /* max_sfb, no predictor */
    nvm_silence_put(b, 0, 1 + 1 + 1);   /* no pulses, TNS, gain control */
}


/* The elements of a channel configuration (table 1.19), as ids; 0: none. */
static const char *
nvm_silence_elements(const nvm_track_t *t)
{
    nvm_aac_t  a;

    /* 0: single channel, 1: pair, 3: low frequencies */

    static const char *const  elements[] = {
        NULL, "0", "1", "01", "010", "011", "0113", "01113"
    };

    if (nvm_aac_parse(t->config, t->config_len, &a, NULL) != NVM_OK
        || a.channel_config >= sizeof(elements) / sizeof(elements[0]))
    {
        return NULL;
    }

    return elements[a.channel_config];
}


/* raw_data_block() (table 4.3); 0: none of these channels. */
static size_t
nvm_silence_aac(const nvm_track_t *t, uint8_t out[NVM_SILENCE_FRAME])
{
    unsigned             id, used[4] = { 0 };
    const char          *p;
    nvm_silence_bits_t   b = { out, 0 };

    p = nvm_silence_elements(t);

    if (p == NULL) {
        return 0;
    }

    memset(out, 0, NVM_SILENCE_FRAME);

    for ( /* void */ ; *p; p++) {
        id = (unsigned) (*p - '0');
        nvm_silence_put(&b, id, 3);
        nvm_silence_put(&b, used[id]++, 4);     /* element_instance_tag */

        if (id == 1) {
            nvm_silence_put(&b, 0, 1);          /* no common window */
            nvm_silence_channel(&b);
        }

        nvm_silence_channel(&b);
    }

    nvm_silence_put(&b, NVM_SILENCE_END, 3);

    return (b.n + 7) / 8;
}


/*
 * A packet of one CELT frame of 20 ms (RFC 6716, 3.1, configuration 31), whose
 * first symbol says silence (4.3): at a probability of 2^-15 its code is all
 * ones.  It is mono, which decoders of two channels play in both.  Of a mapping
 * family other than 0 a packet would be of several streams (RFC 7845, 3).
 */
static size_t
nvm_silence_opus(const nvm_track_t *t, uint8_t out[NVM_SILENCE_FRAME])
{
    static const uint8_t  packet[] = { 0xf8, 0xff, 0xfe };

    if (t->config_len <= NVM_SILENCE_FAMILY || t->config[NVM_SILENCE_FAMILY]) {
        return 0;
    }

    memcpy(out, packet, sizeof(packet));

    return sizeof(packet);
}


static const nvm_silence_t  nvm_silences[] = {
    { NVM_CODEC_AAC, "aac.", NVM_AAC_FRAME, nvm_aac_track, nvm_silence_aac },
    { NVM_CODEC_OPUS, "opus.", NVM_SILENCE_OPUS, nvm_opus_track,
      nvm_silence_opus },
    { NVM_CODEC_NONE, NULL, 0, NULL, NULL }
};


/* The silence of a track and its frame; NULL when there is none. */
static const nvm_silence_t *
nvm_silence_of(const nvm_track_t *t, uint8_t frame[NVM_SILENCE_FRAME],
    size_t *n)
{
    const nvm_silence_t  *s;

    for (s = nvm_silences; s->name; s++) {
        if (s->codec == t->codec) {
            *n = s->frame(t, frame);
            return *n ? s : NULL;
        }
    }

    return NULL;
}


size_t
nvm_silence_frame(const nvm_track_t *t, uint8_t out[NVM_SILENCE_FRAME],
    uint32_t *duration)
{
    size_t                n;
    const nvm_silence_t  *s;

    s = nvm_silence_of(t, out, &n);

    if (s == NULL) {
        return 0;
    }

    *duration = s->duration;

    return n;
}


nvm_err_e
nvm_silence_name(const nvm_track_t *like, char name[NVM_SILENCE_NAME])
{
    size_t                i, n;
    uint8_t               frame[NVM_SILENCE_FRAME];
    const nvm_silence_t  *s;

    s = nvm_silence_of(like, frame, &n);

    if (s == NULL || like->config_len > NVM_SILENCE_CONFIG) {
        return NVM_EUNSUP;
    }

    n = (size_t) snprintf(name, NVM_SILENCE_NAME, "%s", s->name);

    for (i = 0; i < like->config_len; i++, n += 2) {
        snprintf(name + n, NVM_SILENCE_NAME - n, "%02x", like->config[i]);
    }

    return NVM_OK;
}


nvm_err_e
nvm_silence_track(const char *name, size_t n, nvm_track_t *t)
{
    size_t                len, size;
    uint8_t               config[NVM_SILENCE_CONFIG];
    uint8_t               frame[NVM_SILENCE_FRAME];
    nvm_err_e             rc;
    const nvm_silence_t  *s;

    for (s = nvm_silences; s->name; s++) {
        len = strlen(s->name);

        if (n <= len || memcmp(name, s->name, len) != 0) {
            continue;
        }

        rc = nvm_hex_decode((const uint8_t *) name + len, n - len, config,
                            sizeof(config), &size);

        if (rc != NVM_OK) {
            return NVM_EINVAL;
        }

        memset(t, 0, sizeof(nvm_track_t));
        rc = s->track(t, config, size, NULL);

        if (rc != NVM_OK) {
            return rc;
        }

        t->id = 1;
        memcpy(t->lang, "und", sizeof("und"));

        return s->frame(t, frame) ? NVM_OK : NVM_EUNSUP;
    }

    return NVM_EINVAL;
}


/* What the tables of a file have, and where its frames are. */
typedef struct {
    const nvm_track_t    *track;
    uint32_t              duration;     /* of a frame */
    uint32_t              size;
    uint32_t              n;            /* frames */
    uint32_t              nchunks;
    uint32_t              offset;       /* of each chunk */
} nvm_silence_file_t;


/* stsc, stsz and stco (ISO/IEC 14496-12, 8.7.4, 8.7.3, 8.7.5) */
static void
nvm_silence_chunks(nvm_writer_t *w, const nvm_silence_file_t *f)
{
    size_t    box;
    uint32_t  i, whole, rest;

    whole = f->n / NVM_SILENCE_CHUNK;
    rest = f->n % NVM_SILENCE_CHUNK;

    box = nvm_writer_fullbox(w, "stsc", 0, 0);
    nvm_writer_u32(w, (whole != 0) + (rest != 0));

    if (whole) {
        nvm_writer_u32(w, 1);
        nvm_writer_u32(w, NVM_SILENCE_CHUNK);
        nvm_writer_u32(w, 1);
    }

    if (rest) {
        nvm_writer_u32(w, whole + 1);
        nvm_writer_u32(w, rest);
        nvm_writer_u32(w, 1);
    }

    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stsz", 0, 0);
    nvm_writer_u32(w, f->size);
    nvm_writer_u32(w, f->n);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stco", 0, 0);
    nvm_writer_u32(w, f->nchunks);

    for (i = 0; i < f->nchunks; i++) {
        nvm_writer_u32(w, f->offset);
    }

    nvm_writer_box_end(w, box);
}


static void
nvm_silence_stbl(nvm_writer_t *w, const nvm_silence_file_t *f)
{
    size_t  stbl, box;

    stbl = nvm_writer_box(w, "stbl");

    box = nvm_writer_fullbox(w, "stsd", 0, 0);
    nvm_writer_u32(w, 1);
    nvm_cmaf_entry_write(w, f->track, NULL);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stts", 0, 0);
    nvm_writer_u32(w, 1);
    nvm_writer_u32(w, f->n);
    nvm_writer_u32(w, f->duration);
    nvm_writer_box_end(w, box);

    nvm_silence_chunks(w, f);
    nvm_writer_box_end(w, stbl);
}


static void
nvm_silence_moov(nvm_writer_t *w, const nvm_silence_file_t *f)
{
    size_t            moov, trak, mdia, minf;
    nvm_movie_tkhd_t  tkhd = { 0 };

    tkhd.id = f->track->id;
    tkhd.flags = NVM_MOVIE_ENABLED|NVM_MOVIE_IN;
    tkhd.duration = (uint64_t) f->n * f->duration;

    moov = nvm_writer_box(w, "moov");
    nvm_movie_mvhd(w, f->track->timescale, tkhd.duration, tkhd.id + 1);

    trak = nvm_writer_box(w, "trak");
    nvm_movie_tkhd(w, f->track, &tkhd);
    mdia = nvm_writer_box(w, "mdia");
    nvm_movie_mdhd(w, f->track, tkhd.duration);
    nvm_movie_hdlr(w, f->track);
    minf = nvm_writer_box(w, "minf");
    nvm_movie_minf(w, f->track);
    nvm_silence_stbl(w, f);
    nvm_writer_box_end(w, minf);
    nvm_writer_box_end(w, mdia);
    nvm_writer_box_end(w, trak);
    nvm_writer_box_end(w, moov);
}


/* ftyp, one chunk, moov; then free, so long that all samples could be in it. */
nvm_err_e
nvm_silence_write(nvm_writer_t *w, const nvm_track_t *t, uint64_t ms,
    uint64_t *size)
{
    size_t                i, n, box;
    uint8_t               frame[NVM_SILENCE_FRAME];
    uint64_t              count;
    const nvm_silence_t  *s;
    nvm_silence_file_t    f = { 0 };

    s = nvm_silence_of(t, frame, &n);

    if (s == NULL) {
        return NVM_EUNSUP;
    }

    if (ms == 0 || ms > NVM_MP4_MAX_SECONDS * 1000ull) {
        return NVM_EINVAL;
    }

    count = ms * t->timescale / 1000 / s->duration;
    count = count ? count : 1;

    if (count > NVM_MAX_SAMPLES) {
        return NVM_ELIMIT;
    }

    f.track = t;
    f.duration = s->duration;
    f.size = (uint32_t) n;
    f.n = (uint32_t) count;
    f.nchunks = (f.n + NVM_SILENCE_CHUNK - 1) / NVM_SILENCE_CHUNK;

    box = nvm_writer_box(w, "ftyp");
    nvm_writer_text(w, "isom");
    nvm_writer_u32(w, 512);
    nvm_writer_text(w, "isom");
    nvm_writer_box_end(w, box);

    box = nvm_writer_box(w, "mdat");
    f.offset = (uint32_t) w->len;

    for (i = 0; i < NVM_SILENCE_CHUNK && i < f.n; i++) {
        nvm_writer_bytes(w, frame, n);
    }

    nvm_writer_box_end(w, box);

    nvm_silence_moov(w, &f);

    nvm_writer_u32(w, 8 + f.n * f.size);
    nvm_writer_text(w, "free");
    *size = w->len + (uint64_t) f.n * f.size;

    return w->error;
}
