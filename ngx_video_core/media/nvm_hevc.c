/*
 * Copyright (C) ngx_video authors
 *
 * The decoder configuration record and the track made of it.  The sequence
 * parameter set has a file of its own, nvm_hevc_sps.c.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_codec.h"
#include "nvm_hevc.h"
#include "nvm_reader.h"
#include "nvm_writer.h"


/* payloadType of SEI (ITU-T H.265, D.2.1): two kinds of user data */
#define NVM_HEVC_SEI_T35        4
#define NVM_HEVC_SEI_USER       5


/* An SPS of the base layer: nuh_layer_id is 0 (7.3.1.2). */
static int
nvm_hvcc_is_sps(const uint8_t *nal, size_t n)
{
    return n > 2 && nal[0] == NVM_HEVC_NAL_SPS << 1 && nal[1] >> 3 == 0;
}


/* An array of NAL units, each after a 16-bit length. */
static void
nvm_hvcc_array(nvm_reader_t *r, nvm_hvcc_t *out)
{
    unsigned        n;
    uint16_t        size;
    uint64_t        at;
    const uint8_t  *nal;

    nvm_reader_skip(r, 1);              /* type, told by each NAL unit too */
    n = nvm_reader_u16(r);

    while (n-- && r->error == NVM_OK) {
        size = nvm_reader_u16(r);
        at = nvm_reader_offset(r);
        nal = nvm_reader_bytes(r, size);

        if (nal != NULL && out->sps == NULL && nvm_hvcc_is_sps(nal, size)) {
            out->sps = nal;
            out->sps_len = size;
            out->sps_offset = (uint32_t) at;
        }
    }
}


nvm_err_e
nvm_hvcc_parse(const uint8_t *data, size_t n, nvm_hvcc_t *out, nvm_fault_t *f)
{
    uint8_t       version, v;
    unsigned      i, arrays;
    nvm_reader_t  r;

    memset(out, 0, sizeof(nvm_hvcc_t));
    nvm_reader_init(&r, data, n, 0);

    version = nvm_reader_u8(&r);
    v = nvm_reader_u8(&r);
    out->profile_space = v >> 6;
    out->tier = v >> 5 & 0x01;
    out->profile = v & 0x1f;
    out->compat = nvm_reader_u32(&r);

    for (i = 0; i < sizeof(out->constraints); i++) {
        out->constraints[i] = nvm_reader_u8(&r);
    }

    out->level = nvm_reader_u8(&r);
    nvm_reader_skip(&r, 2 + 1 + 1);     /* segmentation, parallelism, chroma */
    out->depth = 8 + (nvm_reader_u8(&r) & 0x07);
    nvm_reader_skip(&r, 1 + 2);         /* chroma depth, avgFrameRate */
    out->nal_length_size = (nvm_reader_u8(&r) & 0x03) + 1;

    arrays = nvm_reader_u8(&r);

    while (arrays-- && r.error == NVM_OK) {
        nvm_hvcc_array(&r, out);
    }

    if (r.error) {
        return nvm_fault(f, r.error, nvm_reader_offset(&r), "hvcC is cut");
    }

    if (version != 1) {
        return nvm_fault(f, NVM_EINVAL, 0, "hvcC version is not 1");
    }

    if (out->nal_length_size == 3) {
        return nvm_fault(f, NVM_EINVAL, NVM_HVCC_HEAD - 1,
                         "hvcC NAL length size is 3");
    }

    return NVM_OK;
}


/*
 * A SEI NAL unit that begins with user data.  HDR metadata, which belongs
 * here, has payload types over 128.
 */
static int
nvm_hvcc_is_user_data(const uint8_t *nal, size_t n)
{
    return n > 2 && nal[0] >> 1 == NVM_HEVC_NAL_SEI
           && (nal[2] == NVM_HEVC_SEI_T35 || nal[2] == NVM_HEVC_SEI_USER);
}


/*
 * Copies one array without its user data, or nothing when nothing is left;
 * *arrays counts those that are.  The record was parsed before.
 */
static void
nvm_hvcc_copy_array(nvm_reader_t *r, nvm_writer_t *w, unsigned *arrays)
{
    uint8_t         type;
    uint16_t        i, n, size, kept;
    nvm_reader_t    look;
    const uint8_t  *nal;

    type = nvm_reader_u8(r);
    n = nvm_reader_u16(r);
    look = *r;

    for (i = 0, kept = 0; i < n; i++) {
        size = nvm_reader_u16(&look);
        kept += !nvm_hvcc_is_user_data(nvm_reader_bytes(&look, size), size);
    }

    if (kept) {
        nvm_writer_u8(w, type);
        nvm_writer_u16(w, kept);
        *arrays += 1;
    }

    for (i = 0; i < n; i++) {
        size = nvm_reader_u16(r);
        nal = nvm_reader_bytes(r, size);

        if (!nvm_hvcc_is_user_data(nal, size)) {
            nvm_writer_u16(w, size);
            nvm_writer_bytes(w, nal, size);
        }
    }
}


/* The record into dst, of NVM_MAX_CONFIG bytes; its new size, 0: no room. */
static size_t
nvm_hvcc_copy(const uint8_t *data, size_t n, uint8_t *dst)
{
    unsigned      arrays, kept;
    nvm_reader_t  r;
    nvm_writer_t  w;

    nvm_reader_init(&r, data, n, 0);
    nvm_writer_init(&w, dst, NVM_MAX_CONFIG);

    if (n <= NVM_MAX_CONFIG) {
        nvm_writer_bytes(&w, data, n);
        return w.len;
    }

    nvm_writer_bytes(&w, nvm_reader_bytes(&r, NVM_HVCC_HEAD), NVM_HVCC_HEAD);
    arrays = nvm_reader_u8(&r);
    nvm_writer_u8(&w, 0);

    for (kept = 0; arrays--; ) {
        nvm_hvcc_copy_array(&r, &w, &kept);
    }

    dst[NVM_HVCC_HEAD] = (uint8_t) kept;

    return w.error ? 0 : w.len;
}


/*
 * ISO/IEC 14496-15, E.3: profile, the compatibility flags in reverse order of
 * bits, tier and level, then constraint bytes without the zeros at their end.
 */
static void
nvm_hevc_codecs(nvm_track_t *t, const nvm_hvcc_t *h)
{
    char        entry[5];
    size_t      len, n, i;
    uint32_t    reversed;
    const char  spaces[4][2] = { "", "A", "B", "C" };

    for (i = 0, reversed = 0; i < 32; i++) {
        reversed |= (h->compat >> i & 1) << (31 - i);
    }

    nvm_codec_entry(t, entry);

    len = (size_t) snprintf(t->codecs, sizeof(t->codecs), "%s.%s%u.%X.%c%u",
                            entry, spaces[h->profile_space], h->profile,
                            (unsigned) reversed, h->tier ? 'H' : 'L',
                            h->level);

    n = sizeof(h->constraints);

    while (n && h->constraints[n - 1] == 0) {
        n--;
    }

    for (i = 0; i < n; i++) {
        len += (size_t) snprintf(t->codecs + len, sizeof(t->codecs) - len,
                                 ".%X", h->constraints[i]);
    }
}


/*
 * The SPS of a record.  In a hev1 entry it may be in the samples only (ISO/IEC
 * 14496-15, 8.4.1.2): then *sps tells what the entry told.
 */
static nvm_err_e
nvm_hevc_sps(const nvm_track_t *t, const nvm_hvcc_t *h, nvm_hevc_sps_t *sps,
    nvm_fault_t *f)
{
    nvm_err_e    rc;
    nvm_fault_t  inner;

    if (h->sps == NULL) {
        if (t->entry != NVM_FOURCC('h', 'e', 'v', '1')
            || t->width == 0 || t->height == 0)
        {
            return nvm_fault(f, NVM_ENOENT, NVM_HVCC_HEAD, "no SPS in hvcC");
        }

        *sps = (nvm_hevc_sps_t) {
            .width = t->width, .height = t->height, .fps_den = 1,
            .sar_num = 1, .sar_den = 1, .bit_depth = h->depth
        };

        return NVM_OK;
    }

    inner.code = NVM_OK;

    rc = nvm_hevc_sps_parse(h->sps, h->sps_len, sps, &inner);
    if (rc != NVM_OK) {
        return nvm_fault(f, rc, h->sps_offset + inner.offset, inner.what);
    }

    return NVM_OK;
}


nvm_err_e
nvm_hevc_track(nvm_track_t *t, const uint8_t *hvcc, size_t n, nvm_fault_t *f)
{
    size_t          size;
    uint8_t         config[NVM_MAX_CONFIG];
    nvm_err_e       rc;
    nvm_hvcc_t      h;
    nvm_hevc_sps_t  sps;

    rc = nvm_hvcc_parse(hvcc, n, &h, f);
    if (rc == NVM_OK) {
        rc = nvm_hevc_sps(t, &h, &sps, f);
    }

    if (rc != NVM_OK) {
        return rc;
    }

    size = nvm_hvcc_copy(hvcc, n, config);
    if (size == 0) {
        return nvm_fault(f, NVM_ELIMIT, 0, "hvcC is too long");
    }

    t->kind = NVM_VIDEO;
    t->codec = NVM_CODEC_HEVC;
    t->width = (uint16_t) sps.width;
    t->height = (uint16_t) sps.height;
    t->sar_num = sps.sar_num;
    t->sar_den = sps.sar_den;
    t->fps_num = sps.fps_num;
    t->fps_den = sps.fps_den;
    t->depth = sps.bit_depth;
    nvm_codec_colour(t, &sps.colour);
    nvm_hevc_codecs(t, &h);

    memcpy(t->config, config, size);
    t->config_len = (uint16_t) size;

    return NVM_OK;
}
