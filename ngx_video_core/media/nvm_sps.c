/*
 * Copyright (C) ngx_video authors
 *
 * Pieces of sequence parameter sets, for nvm_h264_sps.c and nvm_hevc_sps.c.
 */

#include "nvm_sps.h"


/* Extended_SAR (ITU-T H.264, table E-1; H.265, table E.1). */
#define NVM_SPS_SAR_EXTENDED    255


/* Sample aspect ratios (the same tables); 0 is unspecified. */
static const uint8_t  nvm_sps_sars[][2] = {
    { 1, 1 }, { 1, 1 }, { 12, 11 }, { 10, 11 }, { 16, 11 }, { 40, 33 },
    { 24, 11 }, { 20, 11 }, { 32, 11 }, { 80, 33 }, { 18, 11 }, { 15, 11 },
    { 64, 33 }, { 160, 99 }, { 4, 3 }, { 3, 2 }, { 2, 1 }
};


uint32_t
nvm_sps_ue(nvm_bits_t *b, uint32_t max)
{
    uint32_t  v;

    v = nvm_bits_ue(b);

    if (v > max) {
        b->error = NVM_EINVAL;
        return 0;
    }

    return v;
}


void
nvm_sps_sar(nvm_bits_t *b, uint16_t *num, uint16_t *den)
{
    uint32_t  idc, x, y;

    idc = nvm_bits_u(b, 8);

    if (idc == NVM_SPS_SAR_EXTENDED) {
        x = nvm_bits_u(b, 16);
        y = nvm_bits_u(b, 16);

    } else if (idc < sizeof(nvm_sps_sars) / sizeof(nvm_sps_sars[0])) {
        x = nvm_sps_sars[idc][0];
        y = nvm_sps_sars[idc][1];

    } else {
        return;                     /* reserved: unspecified to us */
    }

    if (x != 0 && y != 0) {         /* zero is unspecified too */
        *num = (uint16_t) x;
        *den = (uint16_t) y;
    }
}


void
nvm_sps_colour(nvm_bits_t *b, nvm_colour_t *c)
{
    nvm_bits_skip(b, 3);            /* video_format */
    c->full_range = nvm_bits_u(b, 1) & 1;

    if (nvm_bits_u(b, 1)) {
        c->primaries = (uint8_t) nvm_bits_u(b, 8);
        c->transfer = (uint8_t) nvm_bits_u(b, 8);
        c->matrix = (uint8_t) nvm_bits_u(b, 8);
    }
}


void
nvm_sps_rate(uint32_t scale, uint64_t units, uint32_t *num, uint32_t *den)
{
    uint64_t  a, b, r;

    if (scale == 0 || units == 0
        || ((uint64_t) scale + NVM_SPS_MAX_FPS - 1) / NVM_SPS_MAX_FPS > units)
    {
        return;
    }

    for (a = scale, b = units; b != 0; a = b, b = r) {
        r = a % b;
    }

    if (units / a <= UINT32_MAX) {
        *num = (uint32_t) (scale / a);
        *den = (uint32_t) (units / a);
    }
}
