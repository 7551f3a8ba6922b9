/*
 * Copyright (C) ngx_video authors
 *
 * Frames of audio: how long they last, and what those of MP3 say of the track.
 */

#include "nvm_aac.h"
#include "nvm_frame.h"
#include "nvm_opus.h"
#include "nvm_reader.h"


/* samples of an MP3 frame (ISO/IEC 11172-3, 2.4.2.1; 13818-3, 2.4.2.1) */
#define NVM_MP3_SAMPLES     1152

/* dfLa: maximum block size of STREAMINFO; and the one of most encoders */
#define NVM_FLAC_BLOCK_AT   (4 + 4 + 2)
#define NVM_FLAC_BLOCK      4096

/* the longest Opus packet, 120 ms (RFC 6716, 3.2.5, R5) */
#define NVM_OPUS_LONGEST    5760


/* The header of a frame (ISO/IEC 11172-3, 2.4.2.3; 13818-3, 2.4.2.3) */
static nvm_err_e
nvm_frame_mp3_header(const uint8_t *data, size_t n, uint32_t *rate,
    uint16_t *channels, uint32_t *samples, nvm_fault_t *f)
{
    unsigned    version;
    uint32_t    index;
    nvm_bits_t  b;

    static const uint32_t  rates[] = { 44100, 48000, 32000, 0 };

    nvm_bits_init(&b, data, n, 0);

    if (nvm_bits_u(&b, 11) != 0x7ff && b.error == NVM_OK) {
        return nvm_fault(f, NVM_EINVAL, 0, "no sync word of MP3");
    }

    version = nvm_bits_u(&b, 2);        /* 3: 1, 2: 2, 0: "2.5" */

    if (nvm_bits_u(&b, 2) != 1 && b.error == NVM_OK) {
        return nvm_fault(f, NVM_EINVAL, 1, "no layer III");
    }

    nvm_bits_skip(&b, 1 + 4);           /* protection, bit rate */
    index = nvm_bits_u(&b, 2);
    nvm_bits_skip(&b, 2);

    *channels = nvm_bits_u(&b, 2) == 3 ? 1 : 2;
    *rate = rates[index] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
    *samples = version == 3 ? NVM_MP3_SAMPLES : NVM_MP3_SAMPLES / 2;

    if (b.error) {
        return nvm_fault(f, b.error, n, "header of MP3 is cut");
    }

    return *rate && version != 1
           ? NVM_OK : nvm_fault(f, NVM_EINVAL, 1, "reserved value in MP3");
}


nvm_err_e
nvm_frame_mp3(const uint8_t *data, size_t n, uint32_t *rate,
    uint16_t *channels, nvm_fault_t *f)
{
    uint32_t  samples;

    return nvm_frame_mp3_header(data, n, rate, channels, &samples, f);
}


/* Samples at 48 kHz of an Opus packet (RFC 6716, 3.1, 3.2) */
static uint32_t
nvm_frame_opus(const uint8_t *data, size_t n)
{
    unsigned  config, count;
    uint32_t  frame;

    config = data[0] >> 3;

    if (config < 12) {                          /* SILK: 10, 20, 40, 60 ms */
        frame = config % 4 == 3 ? 2880 : 480u << config % 4;

    } else if (config < 16) {                   /* hybrid: 10, 20 ms */
        frame = 480u << config % 2;

    } else {                                    /* CELT: 2.5, 5, 10, 20 ms */
        frame = 120u << config % 4;
    }

    switch (data[0] & 3) {
    case 0:
        count = 1;
        break;

    case 3:
        count = n > 1 ? data[1] & 0x3f : 0;
        break;

    default:
        count = 2;
    }

    return frame * count;
}


/* Block size of a FLAC frame (RFC 9639, 9.1.1); 0: it is further back */
static uint32_t
nvm_frame_flac(const uint8_t *data, size_t n)
{
    unsigned  i, code, at;

    if (n < 5) {
        return 0;
    }

    code = data[2] >> 4;

    if (code == 1) {
        return 192;
    }

    if (code >= 2 && code <= 5) {
        return 576u << (code - 2);
    }

    if (code >= 8) {
        return 256u << (code - 8);
    }

    /* behind the coded number, which is as long as UTF-8 would make it */
    for (i = 0; i < 7 && (data[4] << i & 0x80); i++) { /* void */ }

    at = 4 + (i ? i : 1);

    if (code == 6 && at < n) {
        return data[at] + 1u;
    }

    if (code == 7 && at + 1 < n) {
        return (data[at] << 8 | data[at + 1]) + 1u;
    }

    return 0;
}


nvm_err_e
nvm_frame_audio(const nvm_track_t *t, const uint8_t *data, size_t n,
    uint32_t *duration, nvm_fault_t *f)
{
    uint32_t  rate;
    uint16_t  channels;

    *duration = 0;

    if (n == 0) {
        return nvm_fault(f, NVM_EINVAL, 0, "empty frame");
    }

    switch (t->codec) {

    case NVM_CODEC_AAC:
        *duration = NVM_AAC_FRAME;
        return NVM_OK;

    case NVM_CODEC_OPUS:
        *duration = nvm_frame_opus(data, n);

        return *duration && *duration <= NVM_OPUS_LONGEST
               ? NVM_OK
               : nvm_fault(f, NVM_EINVAL, 1, "Opus packet of bad duration");

    case NVM_CODEC_FLAC:
        if (n < 2 || data[0] != 0xff || (data[1] & 0xfe) != 0xf8) {
            return nvm_fault(f, NVM_EINVAL, 0, "no sync code of FLAC");
        }

        *duration = nvm_frame_flac(data, n);

        return *duration ? NVM_OK : nvm_fault(f, NVM_EINVAL, 2,
                                              "FLAC frame of no block size");

    case NVM_CODEC_AC3:
    case NVM_CODEC_EAC3:
        return nvm_frame_dolby_samples(t->codec, data, n, duration, f);

    case NVM_CODEC_MP3:
        return nvm_frame_mp3_header(data, n, &rate, &channels, duration, f);

    default:
        return nvm_fault(f, NVM_EUNSUP, 0, "no codec of live audio");
    }
}


uint32_t
nvm_frame_look(nvm_codec_e codec, const uint8_t *data, size_t n)
{
    uint32_t  rate, samples;
    uint16_t  channels;

    switch (codec) {

    case NVM_CODEC_MP3:
        return nvm_frame_mp3_header(data, n, &rate, &channels, &samples, NULL)
               == NVM_OK ? rate << 4 | channels : 0;

    case NVM_CODEC_AC3:
    case NVM_CODEC_EAC3:
        return nvm_frame_dolby_look(codec, data, n);

    default:
        return 0;
    }
}


uint32_t
nvm_frame_usual(const nvm_track_t *t)
{
    uint32_t  block;

    switch (t->codec) {

    case NVM_CODEC_OPUS:
        return NVM_OPUS_RATE / 50;

    case NVM_CODEC_FLAC:
        /* the largest block of STREAMINFO, behind version and block header */
        block = t->config_len > NVM_FLAC_BLOCK_AT + 1
                ? (uint32_t) t->config[NVM_FLAC_BLOCK_AT] << 8
                  | t->config[NVM_FLAC_BLOCK_AT + 1]
                : 0;

        return block ? block : NVM_FLAC_BLOCK;

    case NVM_CODEC_AC3:
    case NVM_CODEC_EAC3:
        return NVM_AC3_SAMPLES;

    case NVM_CODEC_MP3:
        return t->sample_rate < 32000 ? NVM_MP3_SAMPLES / 2 : NVM_MP3_SAMPLES;

    default:
        return NVM_AAC_FRAME;
    }
}
