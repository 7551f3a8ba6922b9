/*
 * Copyright (C) ngx_video authors
 *
 * A small builder of moov boxes for the tests of the MP4 reader and the
 * index, and a finder of boxes in what it built, so that a test can damage
 * one field.  Samples are claimed, not written: nothing here reads them.
 */

#ifndef MP4_BUILDER_H
#define MP4_BUILDER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "nvm_writer.h"


#define MP4_UNUSED  __attribute__((unused))

#define MP4_AT      1000        /* of moov in the file */
#define MP4_DATA    200000      /* of the first sample */
#define MP4_SIZE    100000000   /* of the file */


typedef struct {
    uint64_t   duration;        /* in ticks of the movie */
    int64_t    time;
    uint32_t   rate;
} mp4_edit_t;


typedef struct {
    int               audio;
    uint32_t          timescale;
    uint32_t          nsamples;
    uint32_t          delta;
    uint32_t          size;         /* of sample i: size + i % 7 */
    uint32_t          chunk;        /* samples of a chunk, the last has less */
    uint32_t          gop;          /* a key frame each; 0: no stss */
    int               bframes;      /* I P B B P B B, see mp4_cts() */
    int               ctts_version; /* 1: offsets are lowered by one frame */
    int               co64;
    int               bits;         /* of stz2; 0: stsz */
    int               constant;     /* all samples of "size" */
    int               large;        /* 64-bit box sizes and versions 1 */
    int               wave;         /* QuickTime sound description */
    uint32_t          change;       /* first sample of a second sample entry,
                                       whole chunks; 0: there is none */
    const char       *entry;        /* another sample entry than usual */
    const char       *handler;
    uint8_t           oti;          /* of esds, 0: AAC */
    const char       *lang;
    uint32_t          matrix[4];    /* a, b, c, d of tkhd */
    uint32_t          chapters;     /* track_ID of its chapters */
    const mp4_edit_t *edits;
    uint32_t          nedits;
} mp4_track_t;


/* 320x240, 25 fps in the VUI */
static const uint8_t  mp4_avcc[] MP4_UNUSED = {
    0x01, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0x00, 0x18, 0x67, 0x42, 0xc0, 0x0d,
    0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
    0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80, 0x01, 0x00, 0x05, 0x68,
    0xcb, 0x83, 0xcb, 0x20,
};

/* AAC LC, 48 kHz, stereo */
static const uint8_t  mp4_asc[] MP4_UNUSED = { 0x11, 0x90 };


static MP4_UNUSED uint32_t
mp4_sample_size(const mp4_track_t *t, uint32_t i)
{
    return t->constant ? t->size : t->size + i % 7;
}


static MP4_UNUSED int
mp4_is_key(const mp4_track_t *t, uint32_t i)
{
    return t->gop == 0 || i % t->gop == 0;
}


/* With bframes, gop is 3 * k + 1: I, then k times P B B. */
static MP4_UNUSED int32_t
mp4_cts(const mp4_track_t *t, uint32_t i)
{
    int32_t  frames;

    if (!t->bframes) {
        return 0;
    }

    i %= t->gop;
    frames = i == 0 ? 1 : i % 3 == 1 ? 3 : 0;

    return (frames - (t->ctts_version == 1)) * (int32_t) t->delta;
}


/* size of 64 bits when the track is "large" */
static size_t
mp4_box(nvm_writer_t *w, const mp4_track_t *t, const char *type)
{
    size_t  mark;

    mark = w->len;
    nvm_writer_u32(w, t->large ? 1 : 0);
    nvm_writer_bytes(w, type, 4);

    if (t->large) {
        nvm_writer_u64(w, 0);
    }

    return mark;
}


static void
mp4_end(nvm_writer_t *w, const mp4_track_t *t, size_t mark)
{
    nvm_writer_patch_u32(w, t->large ? mark + 12 : mark,
                         (uint32_t) (w->len - mark));
}


static void
mp4_entry(nvm_writer_t *w, const mp4_track_t *t)
{
    size_t  entry, wave, box;

    entry = mp4_box(w, t, t->entry ? t->entry : t->audio ? "mp4a" : "avc1");
    nvm_writer_zero(w, 6);
    nvm_writer_u16(w, 1);

    if (!t->audio) {
        nvm_writer_zero(w, 70);
        box = mp4_box(w, t, "avcC");
        nvm_writer_bytes(w, mp4_avcc, sizeof(mp4_avcc));
        mp4_end(w, t, box);
        mp4_end(w, t, entry);
        return;
    }

    nvm_writer_u16(w, t->wave ? 1 : 0);
    nvm_writer_zero(w, 18);
    wave = w->len;

    if (t->wave) {
        nvm_writer_zero(w, 16);
        wave = mp4_box(w, t, "wave");
        box = nvm_writer_box(w, "frma");
        nvm_writer_text(w, "mp4a");
        nvm_writer_box_end(w, box);
    }

    box = mp4_box(w, t, "esds");
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, 0x03000000 | 0x808000 | (0x19));
    nvm_writer_u8(w, 0);                        /* ES_ID, 2 bytes */
    nvm_writer_u8(w, 0);
    nvm_writer_u8(w, 0);
    nvm_writer_u16(w, 0x0411);
    nvm_writer_u8(w, t->oti ? t->oti : 0x40);
    nvm_writer_zero(w, 12);
    nvm_writer_u16(w, 0x0502);
    nvm_writer_bytes(w, mp4_asc, 2);
    nvm_writer_u24(w, 0x060102);
    mp4_end(w, t, box);

    if (t->wave) {
        nvm_writer_u32(w, 8);                   /* terminator */
        nvm_writer_u32(w, 0);
        mp4_end(w, t, wave);
        nvm_writer_u32(w, 0);
    }

    mp4_end(w, t, entry);
}


/* One entry, or two; the second one of video is avc3. */
static void
mp4_stsd(nvm_writer_t *w, const mp4_track_t *t)
{
    size_t       stsd;
    mp4_track_t  second;

    stsd = mp4_box(w, t, "stsd");
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, t->change ? 2 : 1);
    mp4_entry(w, t);

    if (t->change) {
        second = *t;
        second.entry = t->audio ? "mp4a" : "avc3";
        mp4_entry(w, &second);
    }

    mp4_end(w, t, stsd);
}


static void
mp4_times(nvm_writer_t *w, const mp4_track_t *t)
{
    size_t    box;
    uint32_t  i;

    box = mp4_box(w, t, "stts");
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, 1);
    nvm_writer_u32(w, t->nsamples);
    nvm_writer_u32(w, t->delta);
    mp4_end(w, t, box);

    if (t->bframes) {
        box = mp4_box(w, t, "ctts");
        nvm_writer_u32(w, (uint32_t) t->ctts_version << 24);
        nvm_writer_u32(w, t->nsamples);

        for (i = 0; i < t->nsamples; i++) {
            nvm_writer_u32(w, 1);
            nvm_writer_u32(w, (uint32_t) mp4_cts(t, i));
        }

        mp4_end(w, t, box);
    }

    if (t->gop) {
        box = mp4_box(w, t, "stss");
        nvm_writer_u32(w, 0);
        nvm_writer_u32(w, (t->nsamples + t->gop - 1) / t->gop);

        for (i = 0; i < t->nsamples; i += t->gop) {
            nvm_writer_u32(w, i + 1);
        }

        mp4_end(w, t, box);
    }
}


static void
mp4_sizes(nvm_writer_t *w, const mp4_track_t *t)
{
    size_t    box;
    uint32_t  i, v;

    box = mp4_box(w, t, t->bits ? "stz2" : "stsz");
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, t->bits ? (uint32_t) t->bits
                      : t->constant ? t->size : 0);
    nvm_writer_u32(w, t->nsamples);

    for (i = 0; i < t->nsamples && !t->constant; i++) {
        v = mp4_sample_size(t, i);

        switch (t->bits) {

        case 0:
            nvm_writer_u32(w, v);
            break;

        case 4:
            v = v << 4;
            v |= i + 1 < t->nsamples ? mp4_sample_size(t, i + 1) : 0;
            nvm_writer_u8(w, (uint8_t) v);
            i++;
            break;

        case 8:
            nvm_writer_u8(w, (uint8_t) v);
            break;

        default:
            nvm_writer_u16(w, (uint16_t) v);
        }
    }

    mp4_end(w, t, box);
}


/* Chunks follow each other from MP4_DATA on; returns the end of the last. */
static uint64_t
mp4_chunks(nvm_writer_t *w, const mp4_track_t *t, uint64_t at)
{
    size_t    box;
    uint32_t  i, n, rest;

    n = t->nsamples / t->chunk;
    rest = t->nsamples % t->chunk;

    box = mp4_box(w, t, "stsc");
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, (n != 0) + (rest != 0) + (t->change != 0));

    if (n) {
        nvm_writer_u32(w, 1);
        nvm_writer_u32(w, t->chunk);
        nvm_writer_u32(w, 1);
    }

    if (t->change) {
        nvm_writer_u32(w, t->change / t->chunk + 1);
        nvm_writer_u32(w, t->chunk);
        nvm_writer_u32(w, 2);
    }

    if (rest) {
        nvm_writer_u32(w, n + 1);
        nvm_writer_u32(w, rest);
        nvm_writer_u32(w, t->change ? 2 : 1);
    }

    mp4_end(w, t, box);

    box = mp4_box(w, t, t->co64 ? "co64" : "stco");
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, n + (rest != 0));

    for (i = 0; i < t->nsamples; i++) {
        if (i % t->chunk == 0) {
            if (t->co64) {
                nvm_writer_u64(w, at);

            } else {
                nvm_writer_u32(w, (uint32_t) at);
            }
        }

        at += mp4_sample_size(t, i);
    }

    mp4_end(w, t, box);

    return at;
}


static void
mp4_edts(nvm_writer_t *w, const mp4_track_t *t)
{
    size_t    edts, elst;
    uint32_t  i;

    if (t->nedits == 0) {
        return;
    }

    edts = mp4_box(w, t, "edts");
    elst = mp4_box(w, t, "elst");
    nvm_writer_u32(w, t->large ? 0x01000000 : 0);
    nvm_writer_u32(w, t->nedits);

    for (i = 0; i < t->nedits; i++) {
        if (t->large) {
            nvm_writer_u64(w, t->edits[i].duration);
            nvm_writer_u64(w, (uint64_t) t->edits[i].time);

        } else {
            nvm_writer_u32(w, (uint32_t) t->edits[i].duration);
            nvm_writer_u32(w, (uint32_t) t->edits[i].time);
        }

        nvm_writer_u32(w, t->edits[i].rate);
    }

    mp4_end(w, t, elst);
    mp4_end(w, t, edts);
}


static void
mp4_mdia_head(nvm_writer_t *w, const mp4_track_t *t)
{
    size_t       box;
    const char  *l;

    l = t->lang ? t->lang : "und";

    box = mp4_box(w, t, "mdhd");
    nvm_writer_u32(w, t->large ? 0x01000000 : 0);
    nvm_writer_zero(w, t->large ? 16 : 8);
    nvm_writer_u32(w, t->timescale);
    nvm_writer_zero(w, t->large ? 8 : 4);
    nvm_writer_u16(w, (uint16_t) ((l[0] - 0x60) << 10 | (l[1] - 0x60) << 5
                                  | (l[2] - 0x60)));
    nvm_writer_u16(w, 0);
    mp4_end(w, t, box);

    box = mp4_box(w, t, "hdlr");
    nvm_writer_zero(w, 8);
    nvm_writer_text(w, t->handler ? t->handler : t->audio ? "soun" : "vide");
    nvm_writer_zero(w, 13);
    mp4_end(w, t, box);
}


static uint64_t
mp4_trak(nvm_writer_t *w, const mp4_track_t *t, uint32_t id, uint64_t at)
{
    size_t  trak, mdia, minf, stbl, dinf, box, url, tref;

    trak = mp4_box(w, t, "trak");
    box = mp4_box(w, t, "tkhd");
    nvm_writer_u32(w, t->large ? 0x01000003 : 3);
    nvm_writer_zero(w, t->large ? 16 : 8);
    nvm_writer_u32(w, id);
    nvm_writer_zero(w, t->large ? 28 : 24);
    nvm_writer_u32(w, t->matrix[0]);
    nvm_writer_u32(w, t->matrix[1]);
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, t->matrix[2]);
    nvm_writer_u32(w, t->matrix[3]);
    nvm_writer_zero(w, 24);
    mp4_end(w, t, box);

    if (t->chapters) {
        tref = mp4_box(w, t, "tref");
        box = mp4_box(w, t, "chap");
        nvm_writer_u32(w, t->chapters);
        mp4_end(w, t, box);
        mp4_end(w, t, tref);
    }

    mp4_edts(w, t);

    mdia = mp4_box(w, t, "mdia");
    mp4_mdia_head(w, t);
    minf = mp4_box(w, t, "minf");

    dinf = mp4_box(w, t, "dinf");
    box = mp4_box(w, t, "dref");
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, 1);
    url = mp4_box(w, t, "url ");
    nvm_writer_u32(w, 1);
    mp4_end(w, t, url);
    mp4_end(w, t, box);
    mp4_end(w, t, dinf);

    stbl = mp4_box(w, t, "stbl");
    mp4_stsd(w, t);
    mp4_times(w, t);
    mp4_sizes(w, t);
    at = mp4_chunks(w, t, at);
    mp4_end(w, t, stbl);

    mp4_end(w, t, minf);
    mp4_end(w, t, mdia);
    mp4_end(w, t, trak);

    return at;
}


/* A moov of n tracks in malloc()ed memory; the movie counts milliseconds. */
static MP4_UNUSED uint8_t *
mp4_build(const mp4_track_t *t, uint32_t n, size_t *size)
{
    size_t        moov, box;
    uint8_t      *buf;
    uint32_t      i;
    uint64_t      at;
    nvm_writer_t  w;

    nvm_writer_init(&w, NULL, 0);
    buf = NULL;

    for ( ;; ) {
        moov = mp4_box(&w, t, "moov");
        box = mp4_box(&w, t, "mvhd");
        nvm_writer_u32(&w, t->large ? 0x01000000 : 0);
        nvm_writer_zero(&w, t->large ? 16 : 8);
        nvm_writer_u32(&w, 1000);
        nvm_writer_zero(&w, 84);
        mp4_end(&w, t, box);

        for (i = 0, at = MP4_DATA; i < n; i++) {
            at = mp4_trak(&w, &t[i], i + 1, at);
        }

        mp4_end(&w, t, moov);

        if (buf != NULL) {
            break;
        }

        *size = w.len;
        buf = malloc(*size);
        nvm_writer_init(&w, buf, *size);
    }

    if (nvm_writer_done(&w, *size) != NVM_OK) {
        abort();
    }

    return buf;
}


static MP4_UNUSED uint32_t
mp4_u32(const uint8_t *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


/*
 * The header of a box of 32-bit sizes, by a path as faults have it: "trak[2]"
 * is the second; aborts when there is none.
 */
static MP4_UNUSED uint8_t *
mp4_find(uint8_t *p, size_t n, const char *path)
{
    char      type[5];
    size_t    skip;
    uint8_t  *end;
    unsigned  index, want;

    end = p + n;

    for ( ;; ) {
        memcpy(type, path, 4);
        type[4] = '\0';
        path += 4;
        want = 1;

        if (*path == '[') {
            want = (unsigned) strtoul(path + 1, (char **) (void *) &path, 10);
            path++;
        }

        for (index = 0; p < end; p += mp4_u32(p)) {
            if (memcmp(p + 4, type, 4) == 0 && ++index == want) {
                break;
            }
        }

        if (p >= end) {
            abort();
        }

        if (*path == '\0') {
            return p;
        }

        path++;
        end = p + mp4_u32(p);
        skip = strcmp(type, "stsd") == 0 || strcmp(type, "dref") == 0 ? 8
               : strcmp(type, "avc1") == 0 || strcmp(type, "encv") == 0 ? 78
               : strcmp(type, "mp4a") == 0 || strcmp(type, "enca") == 0 ? 28
               : 0;
        p += 8 + skip;
    }
}


static MP4_UNUSED void
mp4_put(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t) (v >> 24);
    p[1] = (uint8_t) (v >> 16);
    p[2] = (uint8_t) (v >> 8);
    p[3] = (uint8_t) v;
}


#endif /* MP4_BUILDER_H */
