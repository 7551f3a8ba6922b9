/*
 * Copyright (C) ngx_video authors
 *
 * Writing a progressive file: everything before the samples.
 */

#include "nvm_cmaf_entry.h"
#include "nvm_movie.h"
#include "nvm_progressive_track.h"


/* Where the records of a table go, and what is added to each. */
typedef struct {
    nvm_writer_t  *w;
    uint64_t       add;
} nvm_progressive_out_t;


static void
nvm_progressive_word(void *data, const uint32_t *words)
{
    nvm_progressive_out_t  *out = data;

    nvm_writer_u32(out->w, words[0]);
}


/* stts, ctts: the count and the value */
static void
nvm_progressive_run(void *data, const uint32_t *words)
{
    nvm_progressive_out_t  *out = data;

    nvm_writer_u32(out->w, words[0]);
    nvm_writer_u32(out->w, words[1] + (uint32_t) out->add);
}


/* stsc: all samples have the first, and only, sample entry */
static void
nvm_progressive_stsc(void *data, const uint32_t *words)
{
    nvm_progressive_out_t  *out = data;

    nvm_writer_u32(out->w, words[0]);
    nvm_writer_u32(out->w, words[1]);
    nvm_writer_u32(out->w, 1);
}


static void
nvm_progressive_stco(void *data, const uint32_t *words)
{
    nvm_progressive_out_t  *out = data;

    nvm_writer_u32(out->w, words[1] + (uint32_t) out->add);
}


static void
nvm_progressive_co64(void *data, const uint32_t *words)
{
    nvm_progressive_out_t  *out = data;

    nvm_writer_u64(out->w, ((uint64_t) words[0] << 32 | words[1]) + out->add);
}


/* A table box: the number of its records of n words, and those. */
static void
nvm_progressive_table(nvm_writer_t *w, const char type[4],
    const nvm_table_t *t, uint32_t n, nvm_table_visit_pt visit, uint64_t add)
{
    size_t                 box;
    nvm_progressive_out_t  out = { w, add };

    box = nvm_writer_fullbox(w, type, 0, 0);
    nvm_writer_u32(w, (uint32_t) (t->words / n));
    nvm_table_each(t, n, visit, &out);
    nvm_writer_box_end(w, box);
}


/* One size of all, or a table (8.7.3.2) */
static void
nvm_progressive_stsz(nvm_writer_t *w, const nvm_progressive_track_t *t)
{
    size_t                 box;
    nvm_progressive_out_t  out = { w, 0 };

    box = nvm_writer_fullbox(w, "stsz", 0, 0);

    if (t->sizes_differ || t->size == 0) {
        nvm_writer_u32(w, 0);
        nvm_writer_u32(w, t->nsamples);
        nvm_table_each(&t->stsz, 1, nvm_progressive_word, &out);

    } else {
        nvm_writer_u32(w, t->size);
        nvm_writer_u32(w, t->nsamples);
    }

    nvm_writer_box_end(w, box);
}


static void
nvm_progressive_stbl(nvm_writer_t *w, const nvm_progressive_t *p,
    const nvm_progressive_track_t *t)
{
    size_t  stbl, box;

    stbl = nvm_writer_box(w, "stbl");

    box = nvm_writer_fullbox(w, "stsd", 0, 0);
    nvm_writer_u32(w, 1);
    nvm_cmaf_entry_write(w, t->track, NULL);
    nvm_writer_box_end(w, box);

    nvm_progressive_table(w, "stts", &t->stts.table, 2, nvm_progressive_run,
                          0);

    if (t->max_cts != t->min_cts || t->max_cts + (int64_t) t->raise > 0) {
        nvm_progressive_table(w, "ctts", &t->ctts.table, 2,
                              nvm_progressive_run, t->raise);
    }

    if (t->has_stss) {
        nvm_progressive_table(w, "stss", &t->stss, 1, nvm_progressive_word,
                              0);
    }

    nvm_progressive_table(w, "stsc", &t->stsc, 2, nvm_progressive_stsc, 0);
    nvm_progressive_stsz(w, t);

    if (p->large) {
        nvm_progressive_table(w, "co64", &t->chunks, 2, nvm_progressive_co64,
                              p->head);

    } else {
        nvm_progressive_table(w, "stco", &t->chunks, 2, nvm_progressive_stco,
                              p->head);
    }

    nvm_writer_box_end(w, stbl);
}


/* An edit (8.6.6): time -1 is none of the media. */
static void
nvm_progressive_edit(nvm_writer_t *w, unsigned wide, uint64_t length,
    int64_t time)
{
    if (wide) {
        nvm_writer_u64(w, length);
        nvm_writer_u64(w, (uint64_t) time);

    } else {
        nvm_writer_u32(w, (uint32_t) length);
        nvm_writer_u32(w, (uint32_t) time);
    }

    nvm_writer_u32(w, 0x00010000);              /* at normal speed */
}


static void
nvm_progressive_edts(nvm_writer_t *w, const nvm_progressive_track_t *t)
{
    size_t    box, elst;
    unsigned  wide;

    if (!t->has_elst) {
        return;
    }

    wide = t->length > UINT32_MAX || t->empty > UINT32_MAX
           || t->media_time > INT32_MAX;

    box = nvm_writer_box(w, "edts");
    elst = nvm_writer_fullbox(w, "elst", (uint8_t) wide, 0);
    nvm_writer_u32(w, t->empty ? 2 : 1);

    if (t->empty) {
        nvm_progressive_edit(w, wide, t->empty, -1);
    }

    nvm_progressive_edit(w, wide, t->length, (int64_t) t->media_time);
    nvm_writer_box_end(w, elst);
    nvm_writer_box_end(w, box);
}


/*
 * Several tracks of audio are alternatives: the first is enabled, the others
 * are to be chosen, so that no player plays them all at once.
 */
static void
nvm_progressive_trak(nvm_writer_t *w, const nvm_progressive_t *p, size_t i)
{
    size_t                          k, trak, mdia, minf;
    nvm_movie_tkhd_t                tkhd = { 0 };
    const nvm_progressive_track_t  *t;

    t = &p->tracks[i];

    tkhd.id = (uint32_t) i + 1;
    tkhd.flags = NVM_MOVIE_ENABLED|NVM_MOVIE_IN;
    tkhd.group = (uint16_t) (t->track->kind + 1);
    tkhd.duration = t->empty + t->length;

    for (k = 0; k < i; k++) {
        if (p->tracks[k].track->kind == t->track->kind) {
            tkhd.flags = NVM_MOVIE_IN;
        }
    }

    trak = nvm_writer_box(w, "trak");
    nvm_movie_tkhd(w, t->track, &tkhd);
    nvm_progressive_edts(w, t);

    mdia = nvm_writer_box(w, "mdia");
    nvm_movie_mdhd(w, t->track, t->duration);
    nvm_movie_hdlr(w, t->track);

    minf = nvm_writer_box(w, "minf");
    nvm_movie_minf(w, t->track);
    nvm_progressive_stbl(w, p, t);
    nvm_writer_box_end(w, minf);
    nvm_writer_box_end(w, mdia);
    nvm_writer_box_end(w, trak);
}


/* Brands of plain files, as all players know them; "av01" as in CMAF */
static void
nvm_progressive_ftyp(nvm_writer_t *w, const nvm_progressive_t *p)
{
    size_t    i, box;
    unsigned  avc, av1;

    for (i = 0, avc = 0, av1 = 0; i < p->ntracks; i++) {
        avc |= p->tracks[i].track->codec == NVM_CODEC_H264;
        av1 |= p->tracks[i].track->codec == NVM_CODEC_AV1;
    }

    box = nvm_writer_box(w, "ftyp");
    nvm_writer_text(w, "isom");
    nvm_writer_u32(w, 512);
    nvm_writer_text(w, "isomiso2mp41");

    if (avc) {
        nvm_writer_text(w, "avc1");
    }

    if (av1) {
        nvm_writer_text(w, "av01");
    }

    nvm_writer_box_end(w, box);
}


nvm_err_e
nvm_progressive_write(nvm_writer_t *w, const nvm_progressive_t *p)
{
    size_t  i, moov;

    nvm_progressive_ftyp(w, p);

    moov = nvm_writer_box(w, "moov");
    nvm_movie_mvhd(w, NVM_PROGRESSIVE_TIMESCALE, p->duration,
                   (uint32_t) p->ntracks + 1);

    for (i = 0; i < p->ntracks; i++) {
        nvm_progressive_trak(w, p, i);
    }

    nvm_writer_box_end(w, moov);

    if (p->large) {
        nvm_writer_u32(w, 1);
        nvm_writer_text(w, "mdat");
        nvm_writer_u64(w, p->payload + 16);

    } else {
        nvm_writer_u32(w, (uint32_t) p->payload + 8);
        nvm_writer_text(w, "mdat");
    }

    return w->error;
}
