/*
 * Copyright (C) ngx_video authors
 *
 * Subsamples: see nvm_protect_map.h.
 */

#include <string.h>

#include "nvm_protect_map.h"


#define NVM_PROTECT_CLEAR  65535        /* of a subsample, at most */

#define NVM_PROTECT_HEVC_VCL  32        /* types of NAL units below it */


/* The subsamples of a sample so far. */
typedef struct {
    nvm_protect_subsample_t  *sub;
    unsigned                  n;
    size_t                    clear;    /* bytes after the last of them */
    unsigned                  full:1;   /* there would be more than can be */
} nvm_protect_list_t;


nvm_err_e
nvm_protect_map_init(nvm_protect_map_t *m, const nvm_track_t *t,
    nvm_protect_scheme_e scheme, nvm_fault_t *f)
{
    nvm_err_e   err;
    nvm_avcc_t  avcc;
    nvm_hvcc_t  hvcc;

    memset(m, 0, sizeof(nvm_protect_map_t));
    m->scheme = scheme;
    m->codec = t->kind == NVM_VIDEO ? t->codec : NVM_CODEC_NONE;

    if (t->kind != NVM_VIDEO) {
        return NVM_OK;
    }

    switch (t->codec) {

    case NVM_CODEC_VP9:
        nvm_vp9_refs_init(&m->seen.vp9);
        return NVM_OK;

    case NVM_CODEC_AV1:
        nvm_av1_frames_init(&m->seen.av1);
        return nvm_av1_frames_config(&m->seen.av1, t->config, t->config_len,
                                     f);

    case NVM_CODEC_H264:
        nvm_h264_params_init(&m->seen.h264);

        err = nvm_avcc_parse(t->config, t->config_len, &avcc, f);
        m->nal_size = avcc.nal_length_size;

        /* of avc3 there may be none */
        return err == NVM_OK || err == NVM_ENOENT
               ? nvm_h264_params_config(&m->seen.h264, t->config,
                                        t->config_len, f)
               : err;

    case NVM_CODEC_HEVC:
        nvm_hevc_params_init(&m->seen.hevc);

        err = nvm_hvcc_parse(t->config, t->config_len, &hvcc, f);
        m->nal_size = hvcc.nal_length_size;

        return err == NVM_OK
               ? nvm_hevc_params_config(&m->seen.hevc, t->config,
                                        t->config_len, f)
               : err;

    default:
        return nvm_fault(f, NVM_EUNSUP, 0, "a codec that is not protected");
    }
}


int
nvm_protect_map_parts(const nvm_protect_map_t *m)
{
    return m->codec != NVM_CODEC_NONE;
}


/* Adds protected bytes, behind those that are clear. */
static void
nvm_protect_add(nvm_protect_list_t *l, size_t bytes)
{
    size_t  clear;

    do {
        if (l->n == NVM_PROTECT_SUBSAMPLES) {
            l->full = 1;
            return;
        }

        clear = l->clear < NVM_PROTECT_CLEAR ? l->clear : NVM_PROTECT_CLEAR;
        l->clear -= clear;

        l->sub[l->n].clear = (uint32_t) clear;
        l->sub[l->n].bytes = l->clear ? 0 : (uint32_t) bytes;
        l->n++;

    } while (l->clear);
}


/*
 * A range whose first "header" bytes stay clear.  Of "cenc" whole blocks are
 * protected, so that the next range begins with a block (9.5.2); less than one
 * is clear.
 */
static void
nvm_protect_range(const nvm_protect_map_t *m, nvm_protect_list_t *l,
    size_t len, size_t header)
{
    size_t  bytes;

    bytes = len - header;

    if (m->scheme == NVM_PROTECT_CENC) {
        bytes -= bytes % NVM_PROTECT_BLOCK;
    }

    if (bytes < NVM_PROTECT_BLOCK) {
        bytes = 0;
    }

    l->clear += len - bytes;

    if (bytes) {
        nvm_protect_add(l, bytes);
    }
}


/* The bytes of a NAL unit that stay clear: all but what a slice has. */
static nvm_err_e
nvm_protect_h264(nvm_protect_map_t *m, const uint8_t *nal, size_t n,
    size_t *clear, nvm_fault_t *f)
{
    unsigned  type;

    type = nal[0] & 0x1f;

    if (type >= NVM_H264_NAL_SLICE && type <= NVM_H264_NAL_IDR) {
        return nvm_h264_slice_len(&m->seen.h264, nal, n, clear, f);
    }

    *clear = n;

    return nvm_h264_params_nal(&m->seen.h264, nal, n, f);
}


static nvm_err_e
nvm_protect_hevc(nvm_protect_map_t *m, const uint8_t *nal, size_t n,
    size_t *clear, nvm_fault_t *f)
{
    /* VCL NAL units of the base layer (ITU-T H.265, table 7-1) */
    if (n >= 2 && (nal[0] >> 1 & 0x3f) < NVM_PROTECT_HEVC_VCL
        && (nal[0] & 1) == 0 && nal[1] >> 3 == 0)
    {
        return nvm_hevc_slice_len(&m->seen.hevc, nal, n, clear, f);
    }

    *clear = n;

    return nvm_hevc_params_nal(&m->seen.hevc, nal, n, f);
}


/* The NAL units of a sample, each after its length. */
static nvm_err_e
nvm_protect_nals(nvm_protect_map_t *m, nvm_protect_list_t *l,
    const uint8_t *data, size_t len, nvm_fault_t *f)
{
    size_t     i, size, clear;
    unsigned   k;
    nvm_err_e  err;

    for (i = 0; i < len; i += size) {

        if (len - i < m->nal_size) {
            return nvm_fault(f, NVM_ETRUNC, i, "length of a NAL unit is cut");
        }

        for (size = 0, k = 0; k < m->nal_size; k++) {
            size = size << 8 | data[i + k];
        }

        if (size == 0 || size > len - i - m->nal_size) {
            return nvm_fault(f, NVM_ETRUNC, i, "NAL unit is cut");
        }

        err = m->codec == NVM_CODEC_HEVC
              ? nvm_protect_hevc(m, data + i + m->nal_size, size, &clear, f)
              : nvm_protect_h264(m, data + i + m->nal_size, size, &clear, f);

        if (err != NVM_OK) {
            if (f) {
                f->offset += i + m->nal_size;
            }

            return err;
        }

        size += m->nal_size;
        nvm_protect_range(m, l, size, clear + m->nal_size);
    }

    return NVM_OK;
}


/* The frames of a superframe, of each its uncompressed header is clear. */
static nvm_err_e
nvm_protect_vp9(nvm_protect_map_t *m, nvm_protect_list_t *l,
    const uint8_t *data, size_t len, nvm_fault_t *f)
{
    size_t           at;
    unsigned         i, n;
    nvm_err_e        err;
    nvm_vp9_frame_t  frames[NVM_VP9_MAX_FRAMES];

    err = nvm_vp9_frame_headers(&m->seen.vp9, data, len, frames, &n, f);

    if (err != NVM_OK) {
        return err;
    }

    for (i = 0, at = 0; i < n; i++) {
        l->clear += frames[i].offset - at;
        nvm_protect_range(m, l, frames[i].size, frames[i].header);
        at = frames[i].offset + frames[i].size;
    }

    l->clear += len - at;

    return NVM_OK;
}


/* Tiles alone. */
static nvm_err_e
nvm_protect_av1(nvm_protect_map_t *m, nvm_protect_list_t *l,
    const uint8_t *data, size_t len, nvm_fault_t *f)
{
    size_t          at, i, n;
    nvm_err_e       err;
    nvm_av1_tile_t  tiles[NVM_PROTECT_SUBSAMPLES];

    err = nvm_av1_frame_tiles(&m->seen.av1, data, len, tiles,
                              NVM_PROTECT_SUBSAMPLES, &n, f);

    if (err == NVM_EOVERFLOW) {
        l->full = 1;
        return NVM_OK;
    }

    if (err != NVM_OK) {
        return err;
    }

    for (i = 0, at = 0; i < n; i++) {
        l->clear += tiles[i].offset - at;
        nvm_protect_range(m, l, tiles[i].size, 0);
        at = tiles[i].offset + tiles[i].size;
    }

    l->clear += len - at;

    return NVM_OK;
}


nvm_err_e
nvm_protect_map_sample(nvm_protect_map_t *m, const uint8_t *data, size_t len,
    nvm_protect_subsample_t *sub, unsigned *n, nvm_fault_t *f)
{
    nvm_err_e           err;
    nvm_protect_list_t  l = { .sub = sub };

    err = m->codec == NVM_CODEC_VP9 ? nvm_protect_vp9(m, &l, data, len, f)
          : m->codec == NVM_CODEC_AV1 ? nvm_protect_av1(m, &l, data, len, f)
          : nvm_protect_nals(m, &l, data, len, f);

    if (err != NVM_OK) {
        return err;
    }

    if (l.clear) {
        nvm_protect_add(&l, 0);
    }

    if (l.full) {
        return nvm_fault(f, NVM_ELIMIT, 0, "too many slices or tiles");
    }

    *n = l.n;

    return NVM_OK;
}
