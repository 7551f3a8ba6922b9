/*
 * Copyright (C) ngx_video authors
 *
 * Sample entries: ISO/IEC 14496-12, 8.5.2 and 12; 14496-14, 5.6; 14496-15,
 * 5.4.2; the sound descriptions of the QuickTime File Format.
 */

#include "nvm_aac.h"
#include "nvm_h264.h"
#include "nvm_mp4_entry.h"


/* Fixed parts after the box header, 12.1.3.2 and 12.2.3.2 */
#define NVM_MP4_VISUAL_SIZE     78
#define NVM_MP4_SOUND_SIZE      28

/* What QuickTime adds to a sound description of version 1 and 2 */
#define NVM_MP4_SOUND_V1        16
#define NVM_MP4_SOUND_V2        36

/* Tags of descriptors: ISO/IEC 14496-1, 7.2.2.1 */
#define NVM_MP4_TAG_ES          0x03
#define NVM_MP4_TAG_CONFIG      0x04
#define NVM_MP4_TAG_SPECIFIC    0x05

/* objectTypeIndication: ISO/IEC 14496-1, table 5 */
#define NVM_MP4_OTI_AAC         0x40
#define NVM_MP4_OTI_MPEG2_MAIN  0x66
#define NVM_MP4_OTI_MPEG2_SSR   0x68


/* Hands a codec's fault on, as one of the box at whose "base" its data is. */
static nvm_err_e
nvm_mp4_entry_codec(const nvm_mp4_box_t *box, nvm_err_e rc, uint64_t base,
    const nvm_fault_t *codec, nvm_fault_t *f)
{
    if (rc == NVM_OK || rc == NVM_EUNSUP) {
        return rc;
    }

    return nvm_mp4_box_fault(f, box, rc, base + codec->offset,
                             codec->what ? codec->what : nvm_strerror(rc));
}


/* The shape of a pixel, 12.1.4: stands above what the bitstream says. */
static nvm_err_e
nvm_mp4_entry_pasp(const nvm_mp4_box_t *entry, nvm_track_t *t, nvm_fault_t *f)
{
    uint32_t       h, v;
    nvm_err_e      rc;
    nvm_mp4_box_t  pasp;

    rc = nvm_mp4_box_find(entry, NVM_FOURCC('p', 'a', 's', 'p'), &pasp, f);
    if (rc != NVM_OK) {
        return rc == NVM_ENOENT ? NVM_OK : rc;
    }

    h = nvm_reader_u32(&pasp.r);
    v = nvm_reader_u32(&pasp.r);

    /* a cut box gives 0; shapes that don't fit are nobody's intention */

    if (h > 0 && h <= UINT16_MAX && v > 0 && v <= UINT16_MAX) {
        t->sar_num = (uint16_t) h;
        t->sar_den = (uint16_t) v;
    }

    return NVM_OK;
}


static nvm_err_e
nvm_mp4_entry_avc1(nvm_mp4_box_t *entry, nvm_track_t *t, nvm_fault_t *f)
{
    size_t          n;
    uint64_t        base;
    nvm_err_e       rc;
    nvm_fault_t     codec = { 0 };
    nvm_mp4_box_t   avcc;
    const uint8_t  *data;

    nvm_reader_skip(&entry->r, NVM_MP4_VISUAL_SIZE - 8);

    if (entry->r.error) {
        return nvm_mp4_box_fault(f, entry, NVM_ETRUNC, entry->offset,
                                 "sample entry is cut");
    }

    rc = nvm_mp4_box_need(entry, NVM_FOURCC('a', 'v', 'c', 'C'), &avcc,
                          "avc1 has no avcC", f);
    if (rc != NVM_OK) {
        return rc;
    }

    base = nvm_reader_offset(&avcc.r);
    n = nvm_reader_left(&avcc.r);
    data = nvm_reader_bytes(&avcc.r, n);

    rc = nvm_h264_track(t, data, n, &codec);
    rc = nvm_mp4_entry_codec(&avcc, rc, base, &codec, f);
    if (rc != NVM_OK) {
        return rc;
    }

    return nvm_mp4_entry_pasp(entry, t, f);
}


/* A descriptor of the given tag, ISO/IEC 14496-1, 8.3.3; others are skipped. */
static int
nvm_mp4_entry_descriptor(nvm_reader_t *r, uint8_t tag, nvm_reader_t *body)
{
    int       i;
    uint8_t   c, found;
    uint32_t  len;

    while (nvm_reader_left(r)) {
        found = nvm_reader_u8(r);
        len = 0;

        for (i = 0; i < 4; i++) {
            c = nvm_reader_u8(r);
            len = len << 7 | (c & 0x7f);

            if (!(c & 0x80)) {
                break;
            }
        }

        nvm_reader_sub(r, len, body);

        if (r->error) {
            return -1;
        }

        if (found == tag) {
            return 0;
        }
    }

    return -1;
}


/* The optional fields of an ES_Descriptor, ISO/IEC 14496-1, 7.2.6.5 */
static void
nvm_mp4_entry_es(nvm_reader_t *es)
{
    uint8_t  flags;

    nvm_reader_skip(es, 2);
    flags = nvm_reader_u8(es);

    if (flags & 0x80) {
        nvm_reader_skip(es, 2);                 /* dependsOn_ES_ID */
    }

    if (flags & 0x40) {
        nvm_reader_skip(es, nvm_reader_u8(es)); /* URL */
    }

    if (flags & 0x20) {
        nvm_reader_skip(es, 2);                 /* OCR_ES_ID */
    }
}


static nvm_err_e
nvm_mp4_entry_esds(nvm_mp4_box_t *esds, nvm_track_t *t, nvm_fault_t *f)
{
    size_t          n;
    uint8_t         oti;
    uint64_t        base;
    nvm_err_e       rc;
    nvm_fault_t     codec = { 0 };
    nvm_reader_t    es, config, specific;
    const uint8_t  *data;

    nvm_reader_skip(&esds->r, 4);

    if (nvm_mp4_entry_descriptor(&esds->r, NVM_MP4_TAG_ES, &es) != 0) {
        return nvm_mp4_box_fault(f, esds, NVM_ETRUNC,
                                 nvm_reader_offset(&esds->r),
                                 "ES descriptor is missing or cut");
    }

    nvm_mp4_entry_es(&es);

    if (nvm_mp4_entry_descriptor(&es, NVM_MP4_TAG_CONFIG, &config) != 0) {
        return nvm_mp4_box_fault(f, esds, NVM_ETRUNC, nvm_reader_offset(&es),
                                 "decoder configuration is missing or cut");
    }

    oti = nvm_reader_u8(&config);
    nvm_reader_skip(&config, 12);

    if (oti != NVM_MP4_OTI_AAC
        && (oti < NVM_MP4_OTI_MPEG2_MAIN || oti > NVM_MP4_OTI_MPEG2_SSR))
    {
        return NVM_EUNSUP;
    }

    if (nvm_mp4_entry_descriptor(&config, NVM_MP4_TAG_SPECIFIC, &specific)
        != 0)
    {
        return nvm_mp4_box_fault(f, esds, NVM_ETRUNC,
                                 nvm_reader_offset(&config),
                                 "AudioSpecificConfig is missing or cut");
    }

    base = nvm_reader_offset(&specific);
    n = nvm_reader_left(&specific);
    data = nvm_reader_bytes(&specific, n);

    rc = nvm_aac_track(t, data, n, &codec);

    return nvm_mp4_entry_codec(esds, rc, base, &codec, f);
}


/* isom: stsd of version 1, whose entries have no QuickTime fields */
static nvm_err_e
nvm_mp4_entry_mp4a(nvm_mp4_box_t *entry, int isom, nvm_track_t *t,
    nvm_fault_t *f)
{
    uint16_t       version;
    nvm_err_e      rc;
    nvm_mp4_box_t  wave, esds;

    version = nvm_reader_u16(&entry->r);
    nvm_reader_skip(&entry->r, NVM_MP4_SOUND_SIZE - 8 - 2);

    if (!isom && version == 1) {
        nvm_reader_skip(&entry->r, NVM_MP4_SOUND_V1);

    } else if (!isom && version == 2) {
        nvm_reader_skip(&entry->r, NVM_MP4_SOUND_V2);
    }

    if (entry->r.error) {
        return nvm_mp4_box_fault(f, entry, NVM_ETRUNC, entry->offset,
                                 "sample entry is cut");
    }

    rc = nvm_mp4_box_find(entry, NVM_FOURCC('w', 'a', 'v', 'e'), &wave, f);

    if (rc == NVM_OK) {
        rc = nvm_mp4_box_need(&wave, NVM_FOURCC('e', 's', 'd', 's'), &esds,
                              "wave has no esds", f);

    } else if (rc == NVM_ENOENT) {
        rc = nvm_mp4_box_need(entry, NVM_FOURCC('e', 's', 'd', 's'), &esds,
                              "mp4a has no esds", f);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    return nvm_mp4_entry_esds(&esds, t, f);
}


/* NVM_EUNSUP for an entry that cannot be packaged. */
static nvm_err_e
nvm_mp4_entry_one(nvm_mp4_box_t *box, nvm_kind_e kind, int isom,
    nvm_track_t *t, nvm_mp4_entry_t *entry, nvm_fault_t *f)
{
    nvm_reader_skip(&box->r, 6);
    entry->reference = nvm_reader_u16(&box->r);

    if (kind == NVM_VIDEO && box->type == NVM_FOURCC('a', 'v', 'c', '1')) {
        return nvm_mp4_entry_avc1(box, t, f);
    }

    if (kind == NVM_AUDIO && box->type == NVM_FOURCC('m', 'p', '4', 'a')) {
        return nvm_mp4_entry_mp4a(box, isom, t, f);
    }

    return NVM_EUNSUP;
}


nvm_err_e
nvm_mp4_entry_parse(const nvm_mp4_box_t *stbl, nvm_kind_e kind,
    nvm_track_t *t, nvm_mp4_entry_t *entry, nvm_fault_t *f)
{
    int            isom;
    uint32_t       n;
    nvm_err_e      rc;
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

    for (n = 1; (rc = nvm_mp4_box_next(&stsd, &box, f)) == NVM_OK; n++) {

        if (n == 1) {
            entry->type = box.type;
        }

        rc = nvm_mp4_entry_one(&box, kind, isom, t, entry, f);

        if (rc != NVM_EUNSUP) {
            entry->type = box.type;
            entry->description = n;
            return rc;
        }
    }

    return rc == NVM_ENOENT ? NVM_EUNSUP : rc;
}
