/*
 * Copyright (C) ngx_video authors
 *
 * dfLa, and a track made of it.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_flac.h"
#include "nvm_reader.h"


/* Version and flags of dfLa; header and size of STREAMINFO (RFC 9639, 8.1) */
#define NVM_FLAC_FULLBOX        4
#define NVM_FLAC_BLOCK          4
#define NVM_FLAC_STREAMINFO     34

#define NVM_FLAC_LAST           0x80


/* Keeps the bytes of the box, or makes STREAMINFO the only block of it. */
static void
nvm_flac_config(nvm_track_t *t, const uint8_t *dfla, size_t n)
{
    unsigned  alone;

    alone = n > NVM_MAX_CONFIG;

    if (alone) {
        n = NVM_FLAC_FULLBOX + NVM_FLAC_BLOCK + NVM_FLAC_STREAMINFO;
    }

    memcpy(t->config, dfla, n);
    t->config_len = (uint16_t) n;

    if (alone) {
        t->config[NVM_FLAC_FULLBOX] |= NVM_FLAC_LAST;
    }
}


nvm_err_e
nvm_flac_track(nvm_track_t *t, const uint8_t *dfla, size_t n, nvm_fault_t *f)
{
    uint8_t       type;
    uint32_t      version, size, v;
    nvm_reader_t  r;

    nvm_reader_init(&r, dfla, n, 0);

    version = nvm_reader_u32(&r) >> 24;
    type = nvm_reader_u8(&r) & 0x7f;
    size = nvm_reader_u24(&r);
    nvm_reader_skip(&r, 2 + 2 + 3 + 3);         /* sizes of blocks, frames */
    v = nvm_reader_u32(&r);                     /* 20 bits, 3, 5, 4 */
    nvm_reader_skip(&r, 4 + 16);                /* samples, MD5 */

    if (r.error) {
        return nvm_fault(f, r.error, nvm_reader_offset(&r), "dfLa is cut");
    }

    if (version != 0) {
        return nvm_fault(f, NVM_EUNSUP, 0, "dfLa version is not 0");
    }

    if (type != 0 || size != NVM_FLAC_STREAMINFO) {
        return nvm_fault(f, NVM_EINVAL, NVM_FLAC_FULLBOX,
                         "first block of dfLa is not STREAMINFO");
    }

    if (v >> 12 == 0) {
        return nvm_fault(f, NVM_EINVAL, NVM_FLAC_FULLBOX + NVM_FLAC_BLOCK + 10,
                         "STREAMINFO: sample rate 0");
    }

    t->kind = NVM_AUDIO;
    t->codec = NVM_CODEC_FLAC;
    t->timescale = v >> 12;
    t->sample_rate = v >> 12;
    t->channels = (uint16_t) ((v >> 9 & 0x07) + 1);
    t->depth = (uint8_t) ((v >> 4 & 0x1f) + 1);

    /* as the sample entry is spelled, see nvm_opus.c */
    snprintf(t->codecs, sizeof(t->codecs), "fLaC");

    nvm_flac_config(t, dfla, n);

    return NVM_OK;
}


uint32_t
nvm_flac_entry_rate(uint32_t rate)
{
    while (rate > UINT16_MAX && rate % 2 == 0) {
        rate /= 2;
    }

    return rate <= UINT16_MAX ? rate : UINT16_MAX;
}
