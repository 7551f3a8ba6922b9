/*
 * Copyright (C) ngx_video authors
 *
 * vpcC, and a track made of it.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_codec.h"
#include "nvm_reader.h"
#include "nvm_vp9.h"


/* What the optional fields of the codecs string are when they are absent. */
static const nvm_vp9_t  nvm_vp9_default = {
    .subsampling = 1,
    .colour = { .primaries = 1, .transfer = 1, .matrix = 1 }
};


nvm_err_e
nvm_vpcc_parse(const uint8_t *data, size_t n, nvm_vp9_t *out, nvm_fault_t *f)
{
    uint8_t       v;
    uint32_t      version;
    nvm_reader_t  r;

    memset(out, 0, sizeof(nvm_vp9_t));
    nvm_reader_init(&r, data, n, 0);

    version = nvm_reader_u32(&r) >> 24;
    out->profile = nvm_reader_u8(&r);
    out->level = nvm_reader_u8(&r);
    v = nvm_reader_u8(&r);
    out->depth = v >> 4;
    out->subsampling = v >> 1 & 0x07;
    out->colour.full_range = v & 0x01;
    out->colour.primaries = nvm_reader_u8(&r);
    out->colour.transfer = nvm_reader_u8(&r);
    out->colour.matrix = nvm_reader_u8(&r);
    nvm_reader_skip(&r, 2);                     /* 0: no further data */

    if (r.error) {
        return nvm_fault(f, r.error, nvm_reader_offset(&r), "vpcC is cut");
    }

    if (version != 1) {
        return nvm_fault(f, NVM_EUNSUP, 0, "vpcC version is not 1");
    }

    if (out->profile > 3) {
        return nvm_fault(f, NVM_EINVAL, 4, "vpcC: bad profile");
    }

    if ((out->depth != 8 && out->depth != 10 && out->depth != 12)
        || out->subsampling > 3)
    {
        return nvm_fault(f, NVM_EINVAL, 6, "vpcC: bad depth or subsampling");
    }

    return NVM_OK;
}


/* The codecs parameter string: all optional fields or none. */
static void
nvm_vp9_codecs(nvm_track_t *t, const nvm_vp9_t *v)
{
    int  len;

    len = snprintf(t->codecs, sizeof(t->codecs), "vp09.%02u.%02u.%02u",
                   v->profile, v->level, v->depth);

    if (v->subsampling == nvm_vp9_default.subsampling
        && memcmp(&v->colour, &nvm_vp9_default.colour,
                  sizeof(nvm_colour_t)) == 0)
    {
        return;
    }

    snprintf(t->codecs + len, sizeof(t->codecs) - (size_t) len,
             ".%02u.%02u.%02u.%02u.%02u", v->subsampling, v->colour.primaries,
             v->colour.transfer, v->colour.matrix, v->colour.full_range);
}


nvm_err_e
nvm_vp9_track(nvm_track_t *t, const uint8_t *vpcc, size_t n, nvm_fault_t *f)
{
    nvm_err_e  rc;
    nvm_vp9_t  v;

    if (n > NVM_MAX_CONFIG) {
        return nvm_fault(f, NVM_ELIMIT, 0, "vpcC is too long");
    }

    rc = nvm_vpcc_parse(vpcc, n, &v, f);
    if (rc != NVM_OK) {
        return rc;
    }

    if (t->width == 0 || t->height == 0) {
        return nvm_fault(f, NVM_EINVAL, 0, "VP9 without a size");
    }

    t->kind = NVM_VIDEO;
    t->codec = NVM_CODEC_VP9;
    t->depth = v.depth;
    nvm_codec_colour(t, &v.colour);
    nvm_vp9_codecs(t, &v);

    memcpy(t->config, vpcc, n);
    t->config_len = (uint16_t) n;

    return NVM_OK;
}
