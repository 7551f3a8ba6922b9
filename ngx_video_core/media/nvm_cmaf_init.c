/*
 * Copyright (C) ngx_video authors
 *
 * The CMAF header of a track: ftyp and moov (ISO/IEC 14496-12, clause 8).
 */

#include "nvm_cmaf.h"
#include "nvm_cmaf_entry.h"
#include "nvm_codec.h"


/*
 * A turn by quarters, clockwise, and then back into the first quadrant (6.2.2,
 * where a picture of width x height has its corner at 0).
 */
static void
nvm_cmaf_matrix(nvm_writer_t *w, unsigned quarters, uint32_t width,
    uint32_t height)
{
    uint32_t  x, y;

    /* of ( a b u, c d v, x y w ), all 16.16 but u, v and w */

    static const int32_t  turn[4][2] = {
        { 0x10000, 0 }, { 0, 0x10000 }, { -0x10000, 0 }, { 0, -0x10000 }
    };

    quarters &= 3;
    x = quarters == 1 ? height : quarters == 2 ? width : 0;
    y = quarters == 2 ? height : quarters == 3 ? width : 0;

    nvm_writer_u32(w, (uint32_t) turn[quarters][0]);
    nvm_writer_u32(w, (uint32_t) turn[quarters][1]);
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, (uint32_t) -turn[quarters][1]);
    nvm_writer_u32(w, (uint32_t) turn[quarters][0]);
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, x);
    nvm_writer_u32(w, y);
    nvm_writer_u32(w, 0x40000000);
}


/*
 * One set of segments serves HLS and DASH, so the brands are those of CMAF
 * (ISO/IEC 23000-19, 7.2), and DASH's own.  What is sent always keeps the
 * rules of "cmf2" for fragments: trun of version 1, defaults in tfhd and none
 * in trex (7.7.3).  Video with an edit list breaks that for tracks (7.7.2) and
 * is "cmfc" alone, which stands beside "cmf2" too for those who know no other.
 * "av01" is demanded by the AV1 binding (2.1).
 */
static void
nvm_cmaf_ftyp(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  box;

    box = nvm_writer_box(w, "ftyp");
    nvm_writer_text(w, "iso6");
    nvm_writer_u32(w, 0);
    nvm_writer_text(w, "iso6");

    if (!t->holes) {
        nvm_writer_text(w, "cmfc");

        if (t->kind != NVM_VIDEO || t->edit == 0) {
            nvm_writer_text(w, "cmf2");
        }
    }

    nvm_writer_text(w, "dash");

    if (t->codec == NVM_CODEC_AV1) {
        nvm_writer_text(w, "av01");
    }

    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_mvhd(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  box;

    box = nvm_writer_fullbox(w, "mvhd", 0, 0);
    nvm_writer_zero(w, 8);                      /* times */
    nvm_writer_u32(w, t->timescale);
    nvm_writer_u32(w, 0);                       /* duration: in fragments */
    nvm_writer_u32(w, 0x00010000);              /* rate */
    nvm_writer_u16(w, 0x0100);                  /* volume */
    nvm_writer_zero(w, 10);
    nvm_cmaf_matrix(w, 0, 0, 0);
    nvm_writer_zero(w, 24);
    nvm_writer_u32(w, t->id + 1);               /* next_track_ID */
    nvm_writer_box_end(w, box);
}


/* Width after the shape of the pixels has been applied, 16.16. */
static uint32_t
nvm_cmaf_display_width(const nvm_track_t *t)
{
    if (t->sar_num == 0 || t->sar_den == 0) {
        return (uint32_t) t->width << 16;
    }

    return (uint32_t) (((uint64_t) t->width << 16) * t->sar_num / t->sar_den);
}


static void
nvm_cmaf_tkhd(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t    box;
    uint32_t  width, height;

    width = t->kind == NVM_VIDEO ? nvm_cmaf_display_width(t) : 0;
    height = t->kind == NVM_VIDEO ? (uint32_t) t->height << 16 : 0;

    box = nvm_writer_fullbox(w, "tkhd", 0, 3);  /* enabled, in movie */
    nvm_writer_zero(w, 8);
    nvm_writer_u32(w, t->id);
    nvm_writer_zero(w, 4);
    nvm_writer_u32(w, 0);                       /* duration */
    nvm_writer_zero(w, 8);
    nvm_writer_zero(w, 4);                      /* layer, group */
    nvm_writer_u16(w, t->kind == NVM_AUDIO ? 0x0100 : 0);
    nvm_writer_zero(w, 2);
    nvm_cmaf_matrix(w, t->rotation, width, height);
    nvm_writer_u32(w, width);
    nvm_writer_u32(w, height);
    nvm_writer_box_end(w, box);
}


/* One edit to the end of the track (8.6.6): duration 0 in a fragmented file */
static void
nvm_cmaf_edts(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  box, elst;

    if (t->edit == 0) {
        return;
    }

    box = nvm_writer_box(w, "edts");
    elst = nvm_writer_fullbox(w, "elst", 0, 0);
    nvm_writer_u32(w, 1);
    nvm_writer_u32(w, 0);
    nvm_writer_u32(w, t->edit);
    nvm_writer_u32(w, 0x00010000);
    nvm_writer_box_end(w, elst);
    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_mdhd(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t       i, box;
    uint16_t     lang;
    const char  *p;

    p = t->lang[0] ? t->lang : "und";

    for (i = 0, lang = 0; i < 3; i++) {
        lang = (uint16_t) (lang << 5 | (p[i] >= 'a' && p[i] <= 'z'
                                        ? p[i] - 0x60 : 0x15));
    }

    box = nvm_writer_fullbox(w, "mdhd", 0, 0);
    nvm_writer_zero(w, 8);
    nvm_writer_u32(w, t->timescale);
    nvm_writer_u32(w, 0);
    nvm_writer_u16(w, lang);
    nvm_writer_zero(w, 2);
    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_hdlr(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  box;

    box = nvm_writer_fullbox(w, "hdlr", 0, 0);
    nvm_writer_zero(w, 4);
    nvm_writer_text(w, t->kind == NVM_VIDEO ? "vide"
                       : t->kind == NVM_AUDIO ? "soun" : "text");
    nvm_writer_zero(w, 12);
    nvm_writer_text(w, t->kind == NVM_VIDEO ? "video"
                       : t->kind == NVM_AUDIO ? "audio" : "text");
    nvm_writer_u8(w, 0);
    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_dinf(nvm_writer_t *w)
{
    size_t  box, dref, url;

    box = nvm_writer_box(w, "dinf");
    dref = nvm_writer_fullbox(w, "dref", 0, 0);
    nvm_writer_u32(w, 1);
    url = nvm_writer_fullbox(w, "url ", 0, 1);  /* the same file */
    nvm_writer_box_end(w, url);
    nvm_writer_box_end(w, dref);
    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_stbl(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  stbl, box;

    stbl = nvm_writer_box(w, "stbl");

    box = nvm_writer_fullbox(w, "stsd", 0, 0);
    nvm_writer_u32(w, 1);

    nvm_cmaf_entry_write(w, t);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stts", 0, 0);
    nvm_writer_u32(w, 0);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stsc", 0, 0);
    nvm_writer_u32(w, 0);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stsz", 0, 0);
    nvm_writer_zero(w, 8);
    nvm_writer_box_end(w, box);

    box = nvm_writer_fullbox(w, "stco", 0, 0);
    nvm_writer_u32(w, 0);
    nvm_writer_box_end(w, box);

    nvm_writer_box_end(w, stbl);
}


static void
nvm_cmaf_mdia(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  mdia, minf, box;

    mdia = nvm_writer_box(w, "mdia");
    nvm_cmaf_mdhd(w, t);
    nvm_cmaf_hdlr(w, t);

    minf = nvm_writer_box(w, "minf");

    if (t->kind == NVM_VIDEO) {
        box = nvm_writer_fullbox(w, "vmhd", 0, 1);
        nvm_writer_zero(w, 8);

    } else if (t->kind == NVM_AUDIO) {
        box = nvm_writer_fullbox(w, "smhd", 0, 0);
        nvm_writer_zero(w, 4);

    } else {
        box = nvm_writer_fullbox(w, "nmhd", 0, 0);
    }

    nvm_writer_box_end(w, box);

    nvm_cmaf_dinf(w);
    nvm_cmaf_stbl(w, t);
    nvm_writer_box_end(w, minf);
    nvm_writer_box_end(w, mdia);
}


nvm_err_e
nvm_cmaf_init_write(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  moov, box, trex;

    if (nvm_codec_of(t) == NULL) {
        return NVM_EUNSUP;
    }

    /* from shared memory: checked like input */

    if (t->config_len > NVM_MAX_CONFIG || t->extras_len > NVM_MAX_EXTRAS) {
        return NVM_EINVAL;
    }

    nvm_cmaf_ftyp(w, t);

    moov = nvm_writer_box(w, "moov");
    nvm_cmaf_mvhd(w, t);

    box = nvm_writer_box(w, "trak");
    nvm_cmaf_tkhd(w, t);
    nvm_cmaf_edts(w, t);
    nvm_cmaf_mdia(w, t);
    nvm_writer_box_end(w, box);

    box = nvm_writer_box(w, "mvex");
    trex = nvm_writer_fullbox(w, "trex", 0, 0);
    nvm_writer_u32(w, t->id);
    nvm_writer_u32(w, 1);                       /* sample description */
    nvm_writer_zero(w, 12);
    nvm_writer_box_end(w, trex);
    nvm_writer_box_end(w, box);

    nvm_writer_box_end(w, moov);

    return w->error;
}
