/*
 * Copyright (C) ngx_video authors
 *
 * Sample entries: ISO/IEC 14496-12, 12.1.3 and 12.2.3.
 */

#include "nvm_cmaf_entry.h"
#include "nvm_codec.h"
#include "nvm_esds.h"
#include "nvm_flac.h"
#include "nvm_wvtt.h"


static size_t
nvm_cmaf_box(nvm_writer_t *w, uint32_t type)
{
    char  name[4];

    name[0] = (char) (type >> 24);
    name[1] = (char) (type >> 16);
    name[2] = (char) (type >> 8);
    name[3] = (char) type;

    return nvm_writer_box(w, name);
}


/* The configuration, in the box of the codec */
static void
nvm_cmaf_config(nvm_writer_t *w, const nvm_codec_t *c, const nvm_track_t *t)
{
    size_t  box;

    if (c->write == NVM_FOURCC('m', 'p', '4', 'a')) {
        nvm_esds_write(w, t);
        return;
    }

    box = nvm_cmaf_box(w, c->config);
    nvm_writer_bytes(w, t->config, t->config_len);
    nvm_writer_box_end(w, box);
}


static void
nvm_cmaf_visual(nvm_writer_t *w, const nvm_codec_t *c, const nvm_track_t *t)
{
    size_t  box;

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

    nvm_cmaf_config(w, c, t);
    nvm_writer_bytes(w, t->extras, t->extras_len);

    if (t->sar_num && t->sar_den) {
        box = nvm_writer_box(w, "pasp");
        nvm_writer_u32(w, t->sar_num);
        nvm_writer_u32(w, t->sar_den);
        nvm_writer_box_end(w, box);
    }
}


static void
nvm_cmaf_sound(nvm_writer_t *w, const nvm_codec_t *c, const nvm_track_t *t)
{
    uint32_t  rate;

    /*
     * 16.16: a rate that does not fit stands in the codec's configuration.
     * FLAC's binding alone says what to write then.
     */
    rate = t->codec == NVM_CODEC_FLAC ? nvm_flac_entry_rate(t->sample_rate)
           : t->sample_rate <= UINT16_MAX ? t->sample_rate : 0;

    nvm_writer_zero(w, 8);
    nvm_writer_u16(w, t->channels);
    nvm_writer_u16(w, t->depth ? t->depth : 16);
    nvm_writer_zero(w, 4);
    nvm_writer_u32(w, rate << 16);

    nvm_cmaf_config(w, c, t);
}


void
nvm_cmaf_entry_write(nvm_writer_t *w, const nvm_track_t *t,
    const nvm_protect_t *protect)
{
    size_t              entry;
    const nvm_codec_t  *c;

    c = nvm_codec_of(t);
    if (c == NULL) {
        return;
    }

    if (t->kind == NVM_TEXT) {
        nvm_wvtt_entry_write(w, (const char *) t->config, t->config_len);
        return;
    }

    entry = protect == NULL ? nvm_cmaf_box(w, c->write)
            : nvm_writer_box(w, t->kind == NVM_VIDEO ? "encv" : "enca");
    nvm_writer_zero(w, 6);
    nvm_writer_u16(w, 1);                       /* data reference */

    if (t->kind == NVM_VIDEO) {
        nvm_cmaf_visual(w, c, t);

    } else {
        nvm_cmaf_sound(w, c, t);
    }

    if (protect) {
        nvm_protect_sinf_write(w, protect, t->kind, c->write);
    }

    nvm_writer_box_end(w, entry);
}
