/*
 * Copyright (C) ngx_video authors
 *
 * Sample entries: ISO/IEC 14496-12, 8.5.2 and 12; the sound descriptions of
 * the QuickTime File Format.  What a codec's configuration box holds is read
 * by the functions of the table in nvm_codec.c.
 */

#include <string.h>

#include "nvm_codec.h"
#include "nvm_mp4_entry.h"
#include "nvm_writer.h"


/* Parts of a visual entry before and after its size, 12.1.3.2 */
#define NVM_MP4_VISUAL_HEAD     16
#define NVM_MP4_VISUAL_TAIL     50

/* What QuickTime adds to a sound description of version 1 and 2 */
#define NVM_MP4_SOUND_V1        16
#define NVM_MP4_SOUND_V2        36


/*
 * Boxes of a visual entry that are passed on: colour (12.1.5), cropping
 * (12.1.4), HDR (12.1.6 to 12.1.9; SmDm and CoLL in the VP binding), Dolby
 * Vision (its "Streams within the ISO base media file format", 3.1), shape of
 * spherical video.  The shape of pixels, pasp, is written from the track.
 */
static const uint32_t  nvm_mp4_extras[] = {
    NVM_FOURCC('c', 'o', 'l', 'r'), NVM_FOURCC('c', 'l', 'a', 'p'),
    NVM_FOURCC('m', 'd', 'c', 'v'), NVM_FOURCC('c', 'l', 'l', 'i'),
    NVM_FOURCC('a', 'm', 'v', 'e'), NVM_FOURCC('c', 'c', 'l', 'v'),
    NVM_FOURCC('S', 'm', 'D', 'm'), NVM_FOURCC('C', 'o', 'L', 'L'),
    NVM_FOURCC('d', 'v', 'c', 'C'), NVM_FOURCC('d', 'v', 'v', 'C'),
    NVM_FOURCC('d', 'v', 'w', 'C'), NVM_FOURCC('s', 't', '3', 'd'),
    NVM_FOURCC('s', 'v', '3', 'd')
};


/* The shape of a pixel, 12.1.4: stands above what the bitstream says. */
static void
nvm_mp4_entry_pasp(nvm_reader_t r, nvm_track_t *t)
{
    uint32_t  h, v;

    h = nvm_reader_u32(&r);
    v = nvm_reader_u32(&r);

    /* a cut box gives 0; shapes that don't fit are nobody's intention */

    if (h > 0 && h <= UINT16_MAX && v > 0 && v <= UINT16_MAX) {
        t->sar_num = (uint16_t) h;
        t->sar_den = (uint16_t) v;
    }
}


/* 12.1.5; QuickTime's nclc is the same without a range. */
static void
nvm_mp4_entry_colr(nvm_reader_t r, nvm_track_t *t)
{
    uint8_t   range;
    uint16_t  primaries, transfer, matrix;
    uint32_t  type;

    type = nvm_reader_u32(&r);

    if (type != NVM_FOURCC('n', 'c', 'l', 'x')
        && type != NVM_FOURCC('n', 'c', 'l', 'c'))
    {
        return;
    }

    primaries = nvm_reader_u16(&r);
    transfer = nvm_reader_u16(&r);
    matrix = nvm_reader_u16(&r);
    range = type == NVM_FOURCC('n', 'c', 'l', 'x') ? nvm_reader_u8(&r) : 0;

    if (r.error || primaries > UINT8_MAX || transfer > UINT8_MAX
        || matrix > UINT8_MAX)
    {
        return;
    }

    t->primaries = (uint8_t) primaries;
    t->transfer = (uint8_t) transfer;
    t->matrix = (uint8_t) matrix;
    t->full_range = range >> 7;
}


/* Appends a whole box if it is one of those and there is room for it. */
static void
nvm_mp4_entry_extra(nvm_mp4_box_t *box, nvm_track_t *t)
{
    size_t        i, n, count;
    nvm_writer_t  w;

    count = sizeof(nvm_mp4_extras) / sizeof(nvm_mp4_extras[0]);

    for (i = 0; i < count && nvm_mp4_extras[i] != box->type; i++) {
        /* void */
    }

    n = nvm_reader_left(&box->r);

    if (i == count || n > NVM_MAX_EXTRAS
        || n + 8 > NVM_MAX_EXTRAS - (size_t) t->extras_len)
    {
        return;
    }

    nvm_writer_init(&w, t->extras + t->extras_len,
                    NVM_MAX_EXTRAS - (size_t) t->extras_len);
    nvm_writer_u32(&w, (uint32_t) n + 8);
    nvm_writer_u32(&w, box->type);
    nvm_writer_bytes(&w, nvm_reader_bytes(&box->r, n), n);

    t->extras_len = (uint16_t) (t->extras_len + w.len);
}


/* Boxes of a visual entry that belong to no codec.  pasp goes to a reader. */
static nvm_err_e
nvm_mp4_entry_extensions(const nvm_mp4_box_t *entry, nvm_track_t *t,
    nvm_reader_t *pasp, nvm_fault_t *f)
{
    nvm_err_e      rc;
    nvm_mp4_box_t  scan, box;

    scan = *entry;
    *pasp = entry->r;
    pasp->error = NVM_ENOENT;           /* reads of it give zero */

    while ((rc = nvm_mp4_box_next(&scan, &box, f)) == NVM_OK) {

        if (box.type == NVM_FOURCC('p', 'a', 's', 'p')) {
            *pasp = box.r;

        } else if (box.type == NVM_FOURCC('c', 'o', 'l', 'r')) {
            nvm_mp4_entry_colr(box.r, t);
        }

        nvm_mp4_entry_extra(&box, t);
    }

    return rc == NVM_ENOENT ? NVM_OK : rc;
}


/* QuickTime has the configuration of sound in a box of its own, or not. */
static nvm_err_e
nvm_mp4_entry_find(const nvm_mp4_box_t *entry, const nvm_codec_t *c,
    nvm_mp4_box_t *wave, nvm_mp4_box_t *config, nvm_fault_t *f)
{
    nvm_err_e  rc;

    if (c->kind == NVM_AUDIO) {
        rc = nvm_mp4_box_find(entry, NVM_FOURCC('w', 'a', 'v', 'e'), wave, f);

        if (rc == NVM_OK) {
            rc = nvm_mp4_box_find(wave, c->config, config, f);
        }

        if (rc != NVM_ENOENT) {
            return rc;
        }
    }

    return nvm_mp4_box_need(entry, c->config, config, c->missing, f);
}


/* Hands the configuration to the codec, and its fault on as one of the box. */
static nvm_err_e
nvm_mp4_entry_config(const nvm_mp4_box_t *entry, const nvm_codec_t *c,
    nvm_track_t *t, nvm_fault_t *f)
{
    size_t          n;
    uint64_t        base;
    nvm_err_e       rc;
    nvm_fault_t     codec = { 0 };
    nvm_mp4_box_t   wave, config;
    const uint8_t  *data;

    if (c->config) {
        rc = nvm_mp4_entry_find(entry, c, &wave, &config, f);
        if (rc != NVM_OK) {
            return rc;
        }

        base = nvm_reader_offset(&config.r);
        n = nvm_reader_left(&config.r);
        data = nvm_reader_bytes(&config.r, n);

    } else {
        config = *entry;
        base = entry->offset;
        n = 0;
        data = NULL;
    }

    rc = c->parse(t, data, n, &codec);

    if (rc == NVM_OK || rc == NVM_EUNSUP) {
        return rc;
    }

    return nvm_mp4_box_fault(f, &config, rc, base + codec.offset,
                             codec.what ? codec.what : nvm_strerror(rc));
}


static nvm_err_e
nvm_mp4_entry_visual(nvm_mp4_box_t *entry, const nvm_codec_t *c,
    nvm_track_t *t, nvm_fault_t *f)
{
    nvm_err_e     rc;
    nvm_reader_t  pasp;

    nvm_reader_skip(&entry->r, NVM_MP4_VISUAL_HEAD);
    t->width = nvm_reader_u16(&entry->r);
    t->height = nvm_reader_u16(&entry->r);
    nvm_reader_skip(&entry->r, NVM_MP4_VISUAL_TAIL);

    if (entry->r.error) {
        return nvm_mp4_box_fault(f, entry, NVM_ETRUNC, entry->offset,
                                 "sample entry is cut");
    }

    rc = nvm_mp4_entry_extensions(entry, t, &pasp, f);
    if (rc == NVM_OK) {
        rc = nvm_mp4_entry_config(entry, c, t, f);
    }

    if (rc == NVM_OK) {
        nvm_mp4_entry_pasp(pasp, t);
    }

    return rc;
}


/* A rate of sound description version 2, which is a double; 0 for no rate. */
static uint32_t
nvm_mp4_entry_rate(uint64_t bits)
{
    double  rate;

    memcpy(&rate, &bits, sizeof(rate));

    return rate >= 1 && rate <= UINT32_MAX ? (uint32_t) rate : 0;
}


/* isom: stsd of version 1, whose entries have no QuickTime fields */
static nvm_err_e
nvm_mp4_entry_sound(nvm_mp4_box_t *entry, int isom, const nvm_codec_t *c,
    nvm_track_t *t, nvm_fault_t *f)
{
    uint16_t       version;
    uint32_t       channels;
    nvm_reader_t  *r;

    r = &entry->r;

    version = nvm_reader_u16(r);
    nvm_reader_skip(r, 6);
    channels = nvm_reader_u16(r);
    nvm_reader_skip(r, 6);
    t->sample_rate = nvm_reader_u32(r) >> 16;

    if (!isom && version == 1) {
        nvm_reader_skip(r, NVM_MP4_SOUND_V1);

    } else if (!isom && version == 2) {
        nvm_reader_skip(r, 4);
        t->sample_rate = nvm_mp4_entry_rate(nvm_reader_u64(r));
        channels = nvm_reader_u32(r);
        nvm_reader_skip(r, NVM_MP4_SOUND_V2 - 4 - 8 - 4);
    }

    if (r->error) {
        return nvm_mp4_box_fault(f, entry, NVM_ETRUNC, entry->offset,
                                 "sample entry is cut");
    }

    t->channels = channels <= UINT16_MAX ? (uint16_t) channels : 0;

    return nvm_mp4_entry_config(entry, c, t, f);
}


/* NVM_EUNSUP for an entry that cannot be packaged. */
static nvm_err_e
nvm_mp4_entry_one(nvm_mp4_box_t *box, nvm_kind_e kind, int isom,
    nvm_track_t *t, nvm_mp4_entry_t *entry, nvm_fault_t *f)
{
    const nvm_codec_t  *c;

    nvm_reader_skip(&box->r, 6);
    entry->reference = nvm_reader_u16(&box->r);

    c = nvm_codec_find(box->type, kind);
    if (c == NULL) {
        return NVM_EUNSUP;
    }

    t->entry = c->write;

    if (kind == NVM_VIDEO) {
        return nvm_mp4_entry_visual(box, c, t, f);
    }

    if (kind == NVM_TEXT) {
        return nvm_mp4_entry_config(box, c, t, f);
    }

    return nvm_mp4_entry_sound(box, isom, c, t, f);
}


nvm_err_e
nvm_mp4_entry_parse(const nvm_mp4_box_t *stbl, nvm_kind_e kind,
    nvm_track_t *t, nvm_mp4_entry_t *entry, nvm_fault_t *f)
{
    int            isom;
    uint32_t       n, wanted;
    nvm_err_e      rc;
    nvm_track_t    attempt;
    nvm_mp4_box_t  stsd, box;

    rc = nvm_mp4_box_need(stbl, NVM_FOURCC('s', 't', 's', 'd'), &stsd,
                          "stbl has no stsd", f);
    if (rc != NVM_OK) {
        return rc;
    }

    isom = nvm_reader_u32(&stsd.r) >> 24 == 1;
    nvm_reader_skip(&stsd.r, 4);

    if (stsd.r.error) {
        return nvm_mp4_box_fault(f, &stsd, NVM_ETRUNC, stsd.offset,
                                 "box is cut");
    }

    entry->type = 0;
    wanted = entry->description;

    for (n = 1; (rc = nvm_mp4_box_next(&stsd, &box, f)) == NVM_OK; n++) {

        if (n == 1) {
            entry->type = box.type;
        }

        if (wanted && n != wanted) {
            continue;
        }

        attempt = *t;
        rc = nvm_mp4_entry_one(&box, kind, isom, &attempt, entry, f);

        if (rc == NVM_OK) {
            *t = attempt;
        }

        if (rc != NVM_EUNSUP) {
            entry->type = box.type;
            entry->description = n;
            return rc;
        }
    }

    if (rc == NVM_ENOENT && n <= wanted) {
        return nvm_mp4_box_fault(f, &stsd, NVM_EINVAL, stsd.offset,
                                 "samples are of an entry that is not there");
    }

    return rc == NVM_ENOENT ? NVM_EUNSUP : rc;
}
