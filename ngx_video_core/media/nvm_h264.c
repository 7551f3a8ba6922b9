/*
 * Copyright (C) ngx_video authors
 *
 * The decoder configuration record, the track made of it, and access units.
 * The sequence parameter set has a file of its own, nvm_h264_sps.c.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_captions.h"
#include "nvm_codec.h"
#include "nvm_h264.h"
#include "nvm_reader.h"


/* payloadType of the recovery point message (ITU-T H.264, D.1.1). */
#define NVM_H264_SEI_RECOVERY   6


/*
 * Reads n parameter sets, each after a 16-bit length, and remembers the first
 * that has a NAL header.
 */
static void
nvm_avcc_sets(nvm_reader_t *r, unsigned n, const uint8_t **first,
    uint16_t *len, uint32_t *offset)
{
    uint16_t        size;
    uint64_t        at;
    const uint8_t  *p;

    while (n-- && r->error == NVM_OK) {
        size = nvm_reader_u16(r);
        at = nvm_reader_offset(r);
        p = nvm_reader_bytes(r, size);

        if (p != NULL && size != 0 && *first == NULL) {
            *first = p;
            *len = size;
            *offset = (uint32_t) at;
        }
    }
}


nvm_err_e
nvm_avcc_parse(const uint8_t *data, size_t n, nvm_avcc_t *out, nvm_fault_t *f)
{
    uint8_t       version;
    uint32_t      unused;
    nvm_reader_t  r;

    memset(out, 0, sizeof(nvm_avcc_t));
    nvm_reader_init(&r, data, n, 0);

    version = nvm_reader_u8(&r);
    out->profile = nvm_reader_u8(&r);
    out->compat = nvm_reader_u8(&r);
    out->level = nvm_reader_u8(&r);

    /* The reserved bits around the next two are zero in some old files. */
    out->nal_length_size = (nvm_reader_u8(&r) & 0x03) + 1;

    out->nsps = nvm_reader_u8(&r) & 0x1f;
    nvm_avcc_sets(&r, out->nsps, &out->sps, &out->sps_len, &out->sps_offset);

    out->npps = nvm_reader_u8(&r);
    nvm_avcc_sets(&r, out->npps, &out->pps, &out->pps_len, &unused);

    if (r.error) {
        return nvm_fault(f, r.error, nvm_reader_offset(&r), "avcC is cut");
    }

    if (version != 1) {
        return nvm_fault(f, NVM_EINVAL, 0, "avcC version is not 1");
    }

    if (out->nal_length_size == 3) {
        return nvm_fault(f, NVM_EINVAL, 4, "avcC NAL length size is 3");
    }

    if (out->sps == NULL) {
        return nvm_fault(f, NVM_ENOENT, 5, "no SPS in avcC");
    }

    if (out->pps == NULL) {
        return nvm_fault(f, NVM_ENOENT, nvm_reader_offset(&r),
                         "no PPS in avcC");
    }

    return NVM_OK;
}


/*
 * The first SPS of a record.  In an avc3 entry it may be in the samples only
 * (ISO/IEC 14496-15, 5.4.2.1.2): then *sps tells what the entry told.
 */
static nvm_err_e
nvm_h264_sps(const nvm_track_t *t, const uint8_t *avcc, size_t n,
    nvm_avcc_t *a, nvm_sps_t *sps, nvm_fault_t *f)
{
    nvm_err_e    rc;
    nvm_fault_t  inner;

    memset(sps, 0, sizeof(nvm_sps_t));
    inner.code = NVM_OK;

    rc = nvm_avcc_parse(avcc, n, a, &inner);

    if (rc == NVM_ENOENT && a->sps == NULL && t->width && t->height
        && t->entry == NVM_FOURCC('a', 'v', 'c', '3'))
    {
        sps->width = t->width;
        sps->height = t->height;
        sps->sar_num = 1;
        sps->sar_den = 1;
        sps->fps_den = 1;

        return NVM_OK;
    }

    if (rc != NVM_OK) {
        return nvm_fault(f, rc, inner.offset, inner.what);
    }

    rc = nvm_sps_parse(a->sps, a->sps_len, sps, &inner);
    if (rc != NVM_OK) {
        return nvm_fault(f, rc, a->sps_offset + inner.offset, inner.what);
    }

    return NVM_OK;
}


nvm_err_e
nvm_h264_track(nvm_track_t *t, const uint8_t *avcc, size_t n, nvm_fault_t *f)
{
    char        entry[5];
    nvm_err_e   rc;
    nvm_sps_t   sps;
    nvm_avcc_t  a;

    if (n > NVM_MAX_CONFIG) {
        return nvm_fault(f, NVM_ELIMIT, 0, "avcC is too long");
    }

    rc = nvm_h264_sps(t, avcc, n, &a, &sps, f);
    if (rc != NVM_OK) {
        return rc;
    }

    t->kind = NVM_VIDEO;
    t->codec = NVM_CODEC_H264;
    t->width = (uint16_t) sps.width;
    t->height = (uint16_t) sps.height;
    t->sar_num = sps.sar_num;
    t->sar_den = sps.sar_den;
    t->fps_num = sps.fps_num;
    t->fps_den = sps.fps_den;
    t->depth = sps.bit_depth;
    nvm_codec_colour(t, &sps.colour);

    nvm_codec_entry(t, entry);
    snprintf(t->codecs, sizeof(t->codecs), "%s.%02x%02x%02x", entry,
             a.profile, a.compat, a.level);

    memcpy(t->config, avcc, n);
    t->config_len = (uint16_t) n;

    return NVM_OK;
}


/* A recovery point, and captions. */
static void
nvm_h264_sei(const uint8_t *data, size_t n, nvm_h264_au_t *au)
{
    uint32_t   frames;
    nvm_sei_t  sei;

    nvm_sei_init(&sei, data, n, 1);

    while (nvm_sei_next(&sei)) {

        if (sei.type != NVM_H264_SEI_RECOVERY) {
            nvm_captions_sei(&au->captions, &sei);
            continue;
        }

        frames = nvm_bits_ue(&sei.message);

        if (sei.message.error == NVM_OK) {
            au->recovery = 1;
            au->recovery_frames = frames;
        }
    }
}


static void
nvm_h264_nal(const uint8_t *nal, size_t n, nvm_h264_au_t *au)
{
    switch (nal[0] & 0x1f) {

    case NVM_H264_NAL_IDR:
        au->has_idr = 1;
        au->slices++;
        break;

    case NVM_H264_NAL_SLICE:
    case NVM_H264_NAL_SLICE + 1:        /* data partition A */
        au->slices++;
        break;

    case NVM_H264_NAL_SEI:
        nvm_h264_sei(nal, n, au);
        break;

    case NVM_H264_NAL_SPS:
        au->has_sps = 1;
        break;

    case NVM_H264_NAL_PPS:
        au->has_pps = 1;
        break;

    default:
        break;
    }
}


nvm_err_e
nvm_h264_scan(const uint8_t *data, size_t n, unsigned nal_length_size,
    nvm_h264_au_t *out, nvm_fault_t *f)
{
    uint64_t        at;
    uint32_t        size;
    nvm_reader_t    r;
    const uint8_t  *nal;

    memset(out, 0, sizeof(nvm_h264_au_t));

    if (nal_length_size != 1 && nal_length_size != 2 && nal_length_size != 4) {
        return nvm_fault(f, NVM_EINVAL, 0, "NAL length size is not 1, 2 or 4");
    }

    if (n == 0) {
        return nvm_fault(f, NVM_EINVAL, 0, "empty access unit");
    }

    nvm_reader_init(&r, data, n, 0);

    while (nvm_reader_left(&r)) {
        at = nvm_reader_offset(&r);

        size = nal_length_size == 4 ? nvm_reader_u32(&r)
               : nal_length_size == 2 ? nvm_reader_u16(&r)
               : nvm_reader_u8(&r);

        nal = nvm_reader_bytes(&r, size);
        if (nal == NULL) {
            break;
        }

        if (size == 0 || (nal[0] & 0x80)) {
            return nvm_fault(f, NVM_EINVAL, at, size == 0 ? "empty NAL unit"
                             : "NAL unit has its forbidden bit set");
        }

        if (++out->nals > NVM_MAX_NALS) {
            return nvm_fault(f, NVM_ELIMIT, at, "too many NAL units");
        }

        nvm_h264_nal(nal, size, out);
    }

    if (r.error) {
        return nvm_fault(f, r.error, nvm_reader_offset(&r),
                         "NAL lengths do not fill the access unit");
    }

    return NVM_OK;
}
