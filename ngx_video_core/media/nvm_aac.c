/*
 * Copyright (C) ngx_video authors
 *
 * AudioSpecificConfig, and the track made of it.
 */

#include <stdio.h>
#include <string.h>

#include "nvm_aac.h"
#include "nvm_reader.h"


/* Escapes of the object type and of the frequency index (1.6.2.1). */
#define NVM_AAC_TYPE_ESCAPE     31
#define NVM_AAC_RATE_ESCAPE     15

/* syncExtensionType of appended SBR and PS signalling (1.6.2.1). */
#define NVM_AAC_SYNC_SBR        0x2b7
#define NVM_AAC_SYNC_PS         0x548

/* Twice the highest rate of table 1.18; more is no audio. */
#define NVM_AAC_MAX_RATE        192000


/* samplingFrequencyIndex (table 1.18). */
static const uint32_t  nvm_aac_rates[] = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000,
    11025, 8000, 7350
};


/*
 * Channels of a channelConfiguration (table 1.19); zero is reserved, but for
 * the first, where a program_config_element tells.
 */
static const uint8_t  nvm_aac_channels[16] = {
    0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0
};


/* Bits that are left; exact, because no emulation bytes are dropped here. */
static size_t
nvm_aac_left(const nvm_bits_t *b)
{
    return b->error ? 0 : (size_t) (b->end - b->pos) * 8 + b->nbits;
}


/* GetAudioObjectType() (1.6.2.1). */
static unsigned
nvm_aac_type(nvm_bits_t *b)
{
    unsigned  type;

    type = nvm_bits_u(b, 5);

    return type == NVM_AAC_TYPE_ESCAPE ? 32 + nvm_bits_u(b, 6) : type;
}


/* A sampling frequency in Hz; reserved and absurd ones are NVM_EINVAL. */
static uint32_t
nvm_aac_rate(nvm_bits_t *b)
{
    uint32_t  i, rate;

    i = nvm_bits_u(b, 4);

    if (i == NVM_AAC_RATE_ESCAPE) {
        rate = nvm_bits_u(b, 24);

    } else {
        rate = i < sizeof(nvm_aac_rates) / sizeof(nvm_aac_rates[0])
               ? nvm_aac_rates[i] : 0;
    }

    if (b->error == NVM_OK && (rate == 0 || rate > NVM_AAC_MAX_RATE)) {
        b->error = NVM_EINVAL;
    }

    return rate;
}


/*
 * program_config_element() (4.4.1.1) as far as it tells the number of
 * channels; the rest of it is nobody's business but the decoder's.
 */
static uint16_t
nvm_aac_pce(nvm_bits_t *b)
{
    unsigned  i, elements, lfe, assoc, cc, channels;

    nvm_bits_skip(b, 4 + 2 + 4);        /* tag, object type, frequency */

    elements = nvm_bits_u(b, 4);        /* front */
    elements += nvm_bits_u(b, 4);       /* side */
    elements += nvm_bits_u(b, 4);       /* back */
    lfe = nvm_bits_u(b, 2);
    assoc = nvm_bits_u(b, 3);
    cc = nvm_bits_u(b, 4);

    for (i = 0; i < 2; i++) {
        if (nvm_bits_u(b, 1)) {
            nvm_bits_skip(b, 4);        /* mono and stereo mixdown */
        }
    }

    if (nvm_bits_u(b, 1)) {
        nvm_bits_skip(b, 3);            /* matrix mixdown */
    }

    channels = lfe;

    for (i = 0; i < elements; i++) {
        channels += 1 + nvm_bits_u(b, 1);
        nvm_bits_skip(b, 4);
    }

    nvm_bits_skip(b, 4 * (lfe + assoc) + 5 * cc);

    /* byte_alignment() counts from the start of the record. */
    nvm_bits_skip(b, b->nbits);
    nvm_bits_skip(b, 8 * nvm_bits_u(b, 8));     /* comment */

    return (uint16_t) channels;
}


/* GASpecificConfig() (4.4.1) of an AAC LC core. */
static const char *
nvm_aac_ga(nvm_bits_t *b, nvm_aac_t *a)
{
    if (nvm_bits_u(b, 1)) {
        return "AAC with frames of 960 samples";
    }

    if (nvm_bits_u(b, 1)) {
        return "AAC that depends on a core coder";
    }

    nvm_bits_skip(b, 1);                /* extensionFlag, 0 for LC */

    if (a->channel_config == 0) {
        a->channels = nvm_aac_pce(b);
    }

    return NULL;
}


/*
 * SBR and PS appended to a configuration that old decoders understand
 * (1.6.5.2, backward compatible).  Absence and garbage are the same thing.
 */
static void
nvm_aac_appended(nvm_bits_t *b, nvm_aac_t *a)
{
    uint32_t  rate;

    if (nvm_aac_left(b) < 16 || nvm_bits_u(b, 11) != NVM_AAC_SYNC_SBR
        || nvm_aac_type(b) != NVM_AAC_SBR || nvm_bits_u(b, 1) == 0)
    {
        return;
    }

    rate = nvm_aac_rate(b);

    if (b->error) {
        return;
    }

    a->sbr = 1;
    a->output_rate = rate;

    if (nvm_aac_left(b) >= 12 && nvm_bits_u(b, 11) == NVM_AAC_SYNC_PS) {
        a->ps = nvm_bits_u(b, 1) & 1;
    }
}


/* The record up to its core; returns what is not supported in it, or NULL. */
static const char *
nvm_aac_config(nvm_bits_t *b, nvm_aac_t *a)
{
    unsigned  type;

    type = nvm_aac_type(b);
    a->sample_rate = nvm_aac_rate(b);
    a->output_rate = a->sample_rate;
    a->channel_config = (uint8_t) nvm_bits_u(b, 4);
    a->channels = nvm_aac_channels[a->channel_config];
    a->object_type = (uint8_t) type;

    if (type == NVM_AAC_SBR || type == NVM_AAC_PS) {
        a->sbr = 1;
        a->ps = type == NVM_AAC_PS;
        a->output_rate = nvm_aac_rate(b);
        type = nvm_aac_type(b);
    }

    if (b->error) {
        return NULL;
    }

    if (type != NVM_AAC_LC) {
        return "audio object type other than AAC LC, HE-AAC, HE-AAC v2";
    }

    return nvm_aac_ga(b, a);
}


nvm_err_e
nvm_aac_parse(const uint8_t *data, size_t n, nvm_aac_t *out, nvm_fault_t *f)
{
    nvm_bits_t   b;
    const char  *unsupported;

    memset(out, 0, sizeof(nvm_aac_t));
    out->samples_per_frame = NVM_AAC_FRAME;

    nvm_bits_init(&b, data, n, 0);
    unsupported = nvm_aac_config(&b, out);

    if (b.error) {
        return nvm_fault(f, b.error, (uint64_t) (b.pos - data),
                         b.error == NVM_ETRUNC ? "AudioSpecificConfig is cut"
                         : "AudioSpecificConfig: bad sampling frequency");
    }

    if (unsupported != NULL) {
        return nvm_fault(f, NVM_EUNSUP, (uint64_t) (b.pos - data),
                         unsupported);
    }

    if (out->channels == 0) {
        return nvm_fault(f, NVM_EINVAL, (uint64_t) (b.pos - data),
                         "AudioSpecificConfig: bad channel configuration");
    }

    if (!out->sbr) {
        nvm_aac_appended(&b, out);
    }

    if (out->ps && out->channels == 1) {
        out->channels = 2;              /* 8.6.4: PS makes stereo of mono */
    }

    return NVM_OK;
}


nvm_err_e
nvm_aac_track(nvm_track_t *t, const uint8_t *asc, size_t n, nvm_fault_t *f)
{
    nvm_err_e  rc;
    nvm_aac_t  a;

    if (n > NVM_MAX_CONFIG) {
        return nvm_fault(f, NVM_ELIMIT, 0, "AudioSpecificConfig is too long");
    }

    rc = nvm_aac_parse(asc, n, &a, f);
    if (rc != NVM_OK) {
        return rc;
    }

    t->kind = NVM_AUDIO;
    t->codec = NVM_CODEC_AAC;
    t->timescale = a.sample_rate;
    t->sample_rate = a.sample_rate;
    t->channels = a.channels;

    snprintf(t->codecs, sizeof(t->codecs), "mp4a.40.%d",
             a.ps ? NVM_AAC_PS : a.sbr ? NVM_AAC_SBR : NVM_AAC_LC);

    memcpy(t->config, asc, n);
    t->config_len = (uint16_t) n;

    return NVM_OK;
}
