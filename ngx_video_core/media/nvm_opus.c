/*
 * Copyright (C) ngx_video authors
 *
 * dOps, and a track made of it.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_opus.h"
#include "nvm_reader.h"


/* Mapping family 0 has no table: one channel or two (RFC 7845, 5.1.1.1). */
#define NVM_OPUS_PLAIN      0
#define NVM_OPUS_PLAIN_MAX  2

/* A channel that is silent; others are numbers of decoded ones (5.1.1). */
#define NVM_OPUS_SILENT     255


/* ChannelMappingTable: each channel is one that the streams decode to. */
static void
nvm_opus_mapping(nvm_reader_t *r, unsigned channels)
{
    uint8_t   c;
    unsigned  i, decoded;

    decoded = nvm_reader_u8(r);         /* StreamCount */
    decoded += nvm_reader_u8(r);        /* CoupledCount */

    for (i = 0; i < channels; i++) {
        c = nvm_reader_u8(r);

        if (r->error == NVM_OK && c != NVM_OPUS_SILENT && c >= decoded) {
            r->error = NVM_EINVAL;
        }
    }
}


nvm_err_e
nvm_opus_track(nvm_track_t *t, const uint8_t *dops, size_t n, nvm_fault_t *f)
{
    uint8_t       version, channels, family;
    nvm_reader_t  r;

    if (n > NVM_MAX_CONFIG) {
        return nvm_fault(f, NVM_ELIMIT, 0, "dOps is too long");
    }

    nvm_reader_init(&r, dops, n, 0);

    version = nvm_reader_u8(&r);
    channels = nvm_reader_u8(&r);
    nvm_reader_skip(&r, 2 + 4 + 2);     /* PreSkip, InputSampleRate, gain */
    family = nvm_reader_u8(&r);

    if (r.error == NVM_OK && version != 0) {
        return nvm_fault(f, NVM_EUNSUP, 0, "dOps version is not 0");
    }

    if (r.error == NVM_OK && family != NVM_OPUS_PLAIN) {
        nvm_opus_mapping(&r, channels);
    }

    if (r.error) {
        return nvm_fault(f, r.error, nvm_reader_offset(&r),
                         r.error == NVM_ETRUNC ? "dOps is cut"
                         : "dOps: a channel is mapped to none");
    }

    if (channels == 0
        || (family == NVM_OPUS_PLAIN && channels > NVM_OPUS_PLAIN_MAX))
    {
        return nvm_fault(f, NVM_EINVAL, 1, "dOps: bad number of channels");
    }

    t->kind = NVM_AUDIO;
    t->codec = NVM_CODEC_OPUS;
    t->timescale = NVM_OPUS_RATE;
    t->sample_rate = NVM_OPUS_RATE;
    t->channels = channels;

    /*
     * As the sample entry is spelled (RFC 6381, 3.3).  Safari knows no other
     * in MP4; Chromium and Firefox took "opus" alone once and take both now;
     * hls.js and Shaka Player turn it into what their browser takes.
     */
    snprintf(t->codecs, sizeof(t->codecs), "Opus");

    memcpy(t->config, dops, n);
    t->config_len = (uint16_t) n;

    return NVM_OK;
}
