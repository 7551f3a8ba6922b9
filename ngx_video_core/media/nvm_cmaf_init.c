/*
 * Copyright (C) ngx_video authors
 *
 * The CMAF header of a track: ftyp and moov (ISO/IEC 14496-12, clause 8).
 */

#include "nvm_cmaf.h"


static const uint32_t  nvm_cmaf_matrix[9] = {
    0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000
};


static void
nvm_cmaf_write_matrix(nvm_writer_t *w)
{
    size_t  i;

    for (i = 0; i < 9; i++) {
        nvm_writer_u32(w, nvm_cmaf_matrix[i]);
    }
}


static void
nvm_cmaf_ftyp(nvm_writer_t *w)
{
    size_t  box;

    box = nvm_writer_box(w, "ftyp");
    nvm_writer_text(w, "iso6");
    nvm_writer_u32(w, 0);
    nvm_writer_text(w, "iso6cmfcdash");
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
    nvm_cmaf_write_matrix(w);
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
    size_t  box;

    box = nvm_writer_fullbox(w, "tkhd", 0, 3);  /* enabled, in movie */
    nvm_writer_zero(w, 8);
    nvm_writer_u32(w, t->id);
    nvm_writer_zero(w, 4);
    nvm_writer_u32(w, 0);                       /* duration */
    nvm_writer_zero(w, 8);
    nvm_writer_zero(w, 4);                      /* layer, group */
    nvm_writer_u16(w, t->kind == NVM_AUDIO ? 0x0100 : 0);
    nvm_writer_zero(w, 2);
    nvm_cmaf_write_matrix(w);
    nvm_writer_u32(w, t->kind == NVM_VIDEO ? nvm_cmaf_display_width(t) : 0);
    nvm_writer_u32(w, t->kind == NVM_VIDEO ? (uint32_t) t->height << 16 : 0);
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
    nvm_writer_text(w, t->kind == NVM_VIDEO ? "vide" : "soun");
    nvm_writer_zero(w, 12);
    nvm_writer_text(w, t->kind == NVM_VIDEO ? "video" : "audio");
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


/* ISO/IEC 14496-15, 5.4.2; 14496-12, 12.1.3 and 12.1.4 */
static void
nvm_cmaf_avc1(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  entry, box;

    entry = nvm_writer_box(w, "avc1");
    nvm_writer_zero(w, 6);
    nvm_writer_u16(w, 1);                       /* data reference */
    nvm_writer_zero(w, 16);
    nvm_writer_u16(w, t->width);
    nvm_writer_u16(w, t->height);
    nvm_writer_u32(w, 0x00480000);              /* 72 dpi */
    nvm_writer_u32(w, 0x00480000);
    nvm_writer_zero(w, 4);
    nvm_writer_u16(w, 1);                       /* frames in a sample */
    nvm_writer_zero(w, 32);                     /* compressor */
    nvm_writer_u16(w, 0x0018);
    nvm_writer_u16(w, 0xffff);

    box = nvm_writer_box(w, "avcC");
    nvm_writer_bytes(w, t->config, t->config_len);
    nvm_writer_box_end(w, box);

    if (t->sar_num && t->sar_den) {
        box = nvm_writer_box(w, "pasp");
        nvm_writer_u32(w, t->sar_num);
        nvm_writer_u32(w, t->sar_den);
        nvm_writer_box_end(w, box);
    }

    nvm_writer_box_end(w, entry);
}


/* A descriptor's tag and length in one byte: ISO/IEC 14496-1, 8.3.3 */
static void
nvm_cmaf_descriptor(nvm_writer_t *w, uint8_t tag, size_t len)
{
    nvm_writer_u8(w, tag);
    nvm_writer_u8(w, 0x80 | (uint8_t) (len >> 7 & 0x7f));
    nvm_writer_u8(w, (uint8_t) (len & 0x7f));
}


/* ISO/IEC 14496-14, 5.6; 14496-1, 7.2.6 */
static void
nvm_cmaf_esds(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  box, asc;

    asc = t->config_len;

    box = nvm_writer_fullbox(w, "esds", 0, 0);

    nvm_cmaf_descriptor(w, 0x03, 3 + (3 + 13 + 3 + asc) + (3 + 1));
    nvm_writer_u16(w, 0);                       /* ES_ID */
    nvm_writer_u8(w, 0);

    nvm_cmaf_descriptor(w, 0x04, 13 + 3 + asc);
    nvm_writer_u8(w, 0x40);                     /* ISO/IEC 14496-3 */
    nvm_writer_u8(w, 0x15);                     /* audio stream */
    nvm_writer_u24(w, 0);                       /* buffer size */
    nvm_writer_u32(w, t->bandwidth);
    nvm_writer_u32(w, t->avg_bandwidth);

    nvm_cmaf_descriptor(w, 0x05, asc);
    nvm_writer_bytes(w, t->config, asc);

    nvm_cmaf_descriptor(w, 0x06, 1);
    nvm_writer_u8(w, 0x02);                     /* SL: MP4 */

    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_mp4a(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  entry;

    entry = nvm_writer_box(w, "mp4a");
    nvm_writer_zero(w, 6);
    nvm_writer_u16(w, 1);
    nvm_writer_zero(w, 8);
    nvm_writer_u16(w, t->channels);
    nvm_writer_u16(w, 16);
    nvm_writer_zero(w, 4);
    /* 16.16: a rate that does not fit stands in the codec's configuration */
    nvm_writer_u32(w, t->sample_rate < 65536 ? t->sample_rate << 16 : 0);
    nvm_cmaf_esds(w, t);
    nvm_writer_box_end(w, entry);
}


static void
nvm_cmaf_stbl(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t  stbl, box;

    stbl = nvm_writer_box(w, "stbl");

    box = nvm_writer_fullbox(w, "stsd", 0, 0);
    nvm_writer_u32(w, 1);

    if (t->codec == NVM_CODEC_H264) {
        nvm_cmaf_avc1(w, t);

    } else {
        nvm_cmaf_mp4a(w, t);
    }

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

    } else {
        box = nvm_writer_fullbox(w, "smhd", 0, 0);
        nvm_writer_zero(w, 4);
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

    if (t->codec != NVM_CODEC_H264 && t->codec != NVM_CODEC_AAC) {
        return NVM_EUNSUP;
    }

    nvm_cmaf_ftyp(w);

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
