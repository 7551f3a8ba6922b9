/*
 * Copyright (C) ngx_video authors
 *
 * A track of MP3.
 */

#include <stdio.h>

#include "nvm_mp3.h"


/* ISO/IEC 11172-3, 2.4.2.3; 13818-3, 2.4.2.3; a quarter: "MPEG 2.5" */
static const uint32_t  nvm_mp3_rates[] = {
    48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000
};


nvm_err_e
nvm_mp3_track(nvm_track_t *t, const uint8_t *data, size_t n, nvm_fault_t *f)
{
    size_t  i, rates;

    (void) data;
    (void) n;

    rates = sizeof(nvm_mp3_rates) / sizeof(nvm_mp3_rates[0]);

    for (i = 0; i < rates && nvm_mp3_rates[i] != t->sample_rate; i++) {
        /* void */
    }

    if (i == rates) {
        return nvm_fault(f, NVM_EUNSUP, 0, "no sampling frequency of MP3");
    }

    t->kind = NVM_AUDIO;
    t->codec = NVM_CODEC_MP3;
    t->timescale = t->sample_rate;

    /* there are no others; writers that don't know leave a 0 */
    t->channels = t->channels == 1 ? 1 : 2;

    /*
     * As HLS has it (RFC 8216, 3.4) and as hls.js, Shaka Player and dash.js
     * recognize it; "mp4a.6B" and "mp4a.69", after the object type of the
     * entry, are known to the latter two only.  To MediaSource in MP4 neither
     * is worth anything in Chromium 156, so players translate it.
     */
    snprintf(t->codecs, sizeof(t->codecs), "mp4a.40.34");

    t->config_len = 0;

    return NVM_OK;
}
