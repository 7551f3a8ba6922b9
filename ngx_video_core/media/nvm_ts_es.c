/*
 * Copyright (C) ngx_video authors
 *
 * Elementary streams: parameter sets in Annex B form and access unit
 * delimiters for video (ITU-T H.264 and H.265, Annex B), ADTS for AAC
 * (ISO/IEC 14496-3, 1.A.2.2); the other audio codecs go as they are.
 */

#include <string.h>

#include "nvm_aac.h"
#include "nvm_h264.h"
#include "nvm_ts_es.h"
#include "nvm_writer.h"


/* nal_unit_type (ITU-T H.265, table 7-1). */
#define NVM_TS_HEVC_VPS     32
#define NVM_TS_HEVC_SPS     33
#define NVM_TS_HEVC_PPS     34
#define NVM_TS_HEVC_AUD     35
#define NVM_TS_HEVC_SEI     39          /* before the picture */

#define NVM_TS_ADTS         7           /* without CRC */
#define NVM_TS_ADTS_MAX     0x1fff      /* frame_length has 13 bits */

/* PES_packet_length has 16 bits, of which the header takes 8 bytes. */
#define NVM_TS_FRAME_MAX    (0xffff - 8)

/* The headers of MP3, AC-3 and E-AC-3 frames are longer than this. */
#define NVM_TS_FRAME_MIN    4


typedef nvm_err_e (*nvm_ts_config_pt)(nvm_ts_track_t *t, const nvm_track_t *src,
    nvm_fault_t *f);

typedef struct {
    nvm_codec_e        codec;
    nvm_kind_e         kind;
    uint8_t            stream_type;     /* ISO/IEC 13818-1, table 2-34; of
                                           Dolby's, ATSC A/52, annexes A, G */
    uint8_t            stream_id;       /* table 2-22 */
    uint32_t           frame;           /* samples of an audio frame */
    nvm_ts_config_pt   config;
} nvm_ts_codec_t;


static nvm_err_e nvm_ts_avcc(nvm_ts_track_t *t, const nvm_track_t *src,
    nvm_fault_t *f);
static nvm_err_e nvm_ts_hvcc(nvm_ts_track_t *t, const nvm_track_t *src,
    nvm_fault_t *f);
static nvm_err_e nvm_ts_asc(nvm_ts_track_t *t, const nvm_track_t *src,
    nvm_fault_t *f);
static nvm_err_e nvm_ts_mp3(nvm_ts_track_t *t, const nvm_track_t *src,
    nvm_fault_t *f);


static const nvm_ts_codec_t  nvm_ts_codecs[] = {
    { NVM_CODEC_H264, NVM_VIDEO, 0x1b, 0xe0, 0,    nvm_ts_avcc },
    { NVM_CODEC_HEVC, NVM_VIDEO, 0x24, 0xe0, 0,    nvm_ts_hvcc },
    { NVM_CODEC_AAC,  NVM_AUDIO, 0x0f, 0xc0, 1024, nvm_ts_asc },
    { NVM_CODEC_MP3,  NVM_AUDIO, 0x03, 0xc0, 1152, nvm_ts_mp3 },
    { NVM_CODEC_AC3,  NVM_AUDIO, 0x81, 0xbd, 1536, NULL },
    { NVM_CODEC_EAC3, NVM_AUDIO, 0x87, 0xbd, 1536, NULL },
};


/* primary_pic_type and pic_type of both say that any slice may follow. */
static const uint8_t  nvm_ts_aud_h264[] = { 0, 0, 0, 1, 0x09, 0xf0 };
static const uint8_t  nvm_ts_aud_hevc[] = { 0, 0, 0, 1, 0x46, 0x01, 0x50 };


static unsigned
nvm_ts_nal_type(const nvm_ts_track_t *t, uint8_t first)
{
    return t->codec == NVM_CODEC_HEVC ? first >> 1 & 0x3f : first & 0x1f;
}


/* So many parameter sets, each after a 16-bit length, in Annex B form. */
static void
nvm_ts_sets(nvm_reader_t *r, unsigned n, nvm_writer_t *w)
{
    uint16_t        size;
    const uint8_t  *p;

    while (n-- && r->error == NVM_OK) {
        size = nvm_reader_u16(r);
        p = nvm_reader_bytes(r, size);

        if (p != NULL && size != 0 && w != NULL) {
            nvm_writer_u32(w, 1);
            nvm_writer_bytes(w, p, size);
        }
    }
}


static nvm_err_e
nvm_ts_sets_done(nvm_ts_track_t *t, const nvm_reader_t *r,
    const nvm_writer_t *w, nvm_fault_t *f)
{
    if (r->error) {
        return nvm_fault(f, r->error, nvm_reader_offset(r),
                         "decoder configuration is cut");
    }

    if (w->error) {
        return nvm_fault(f, NVM_ELIMIT, nvm_reader_offset(r),
                         "parameter sets are too long");
    }

    if (t->length_size == 3) {
        return nvm_fault(f, NVM_EINVAL, 0, "NAL length size is 3");
    }

    if (w->len == 0) {
        return nvm_fault(f, NVM_ENOENT, 0, "no parameter sets");
    }

    t->len = w->len;

    return NVM_OK;
}


/* AVCDecoderConfigurationRecord: ISO/IEC 14496-15, 5.3.3.1. */
static nvm_err_e
nvm_ts_avcc(nvm_ts_track_t *t, const nvm_track_t *src, nvm_fault_t *f)
{
    unsigned      i;
    nvm_reader_t  r;
    nvm_writer_t  w;

    nvm_reader_init(&r, src->config, src->config_len, 0);
    nvm_writer_init(&w, t->buf, sizeof(t->buf));

    nvm_reader_skip(&r, 4);
    t->length_size = (nvm_reader_u8(&r) & 0x03) + 1;

    for (i = 0; i < 2; i++) {
        nvm_ts_sets(&r, nvm_reader_u8(&r) & (i == 0 ? 0x1f : 0xff), &w);
    }

    t->aud_len = sizeof(nvm_ts_aud_h264);
    memcpy(t->aud, nvm_ts_aud_h264, sizeof(nvm_ts_aud_h264));

    return nvm_ts_sets_done(t, &r, &w, f);
}


/*
 * HEVCDecoderConfigurationRecord: ISO/IEC 14496-15, 8.3.3.1.  SEI messages go
 * along: those of HDR may be nowhere else.
 */
static nvm_err_e
nvm_ts_hvcc(nvm_ts_track_t *t, const nvm_track_t *src, nvm_fault_t *f)
{
    unsigned      arrays, type, keep;
    nvm_reader_t  r;
    nvm_writer_t  w;

    nvm_reader_init(&r, src->config, src->config_len, 0);
    nvm_writer_init(&w, t->buf, sizeof(t->buf));

    nvm_reader_skip(&r, 21);
    t->length_size = (nvm_reader_u8(&r) & 0x03) + 1;

    for (arrays = nvm_reader_u8(&r); arrays && r.error == NVM_OK; arrays--) {
        type = nvm_reader_u8(&r) & 0x3f;
        keep = (type >= NVM_TS_HEVC_VPS && type <= NVM_TS_HEVC_PPS)
               || type == NVM_TS_HEVC_SEI;

        nvm_ts_sets(&r, nvm_reader_u16(&r), keep ? &w : NULL);
    }

    t->aud_len = sizeof(nvm_ts_aud_hevc);
    memcpy(t->aud, nvm_ts_aud_hevc, sizeof(nvm_ts_aud_hevc));

    return nvm_ts_sets_done(t, &r, &w, f);
}


/* sampling_frequency_index (ISO/IEC 14496-3, table 1.18), or -1. */
static int
nvm_ts_rate_index(uint32_t rate)
{
    size_t                 i;
    static const uint32_t  rates[] = {
        96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000,
        11025, 8000, 7350
    };

    for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        if (rates[i] == rate) {
            return (int) i;
        }
    }

    return -1;
}


/*
 * AudioSpecificConfig.  ADTS says AAC LC at the rate of the core: SBR and PS
 * are found by decoders in the frames (ISO/IEC 14496-3, 1.6.5, implicit).
 */
static nvm_err_e
nvm_ts_asc(nvm_ts_track_t *t, const nvm_track_t *src, nvm_fault_t *f)
{
    int        i;
    nvm_aac_t  a;
    nvm_err_e  rc;

    rc = nvm_aac_parse(src->config, src->config_len, &a, f);
    if (rc != NVM_OK) {
        return rc;
    }

    i = nvm_ts_rate_index(a.sample_rate);

    if (i < 0 || a.channel_config == 0 || a.channel_config > 7) {
        return nvm_fault(f, NVM_EUNSUP, 0, i < 0
                         ? "AAC sampling frequency without an index"
                         : "AAC channel configuration that ADTS lacks");
    }

    t->rate = a.sample_rate;
    t->adts_len = NVM_TS_ADTS;

    t->adts[0] = 0xff;          /* syncword, MPEG-4, no CRC */
    t->adts[1] = 0xf1;
    t->adts[2] = (uint8_t) ((NVM_AAC_LC - 1) << 6 | i << 2
                            | a.channel_config >> 2);
    t->adts[3] = (uint8_t) (a.channel_config << 6);
    t->adts[4] = 0;
    t->adts[5] = 0x1f;          /* adts_buffer_fullness: variable rate */
    t->adts[6] = 0xfc;

    return NVM_OK;
}


/* MPEG-2's lower rates have a type of their own, and half the samples. */
static nvm_err_e
nvm_ts_mp3(nvm_ts_track_t *t, const nvm_track_t *src, nvm_fault_t *f)
{
    (void) f;

    if (src->sample_rate < 32000) {
        t->stream_type = 0x04;
        t->frame /= 2;
    }

    return NVM_OK;
}


nvm_err_e
nvm_ts_es_init(nvm_ts_track_t *t, const nvm_track_t *track, nvm_fault_t *f)
{
    size_t                 i;
    const nvm_ts_codec_t  *c;

    for (i = 0; i < sizeof(nvm_ts_codecs) / sizeof(nvm_ts_codecs[0]); i++) {
        c = &nvm_ts_codecs[i];

        if (c->codec != track->codec || c->kind != track->kind) {
            continue;
        }

        t->kind = c->kind;
        t->codec = c->codec;
        t->stream_type = c->stream_type;
        t->stream_id = c->stream_id;
        t->frame = c->frame;
        t->rate = track->sample_rate;

        return c->config ? c->config(t, track, f) : NVM_OK;
    }

    return nvm_fault(f, NVM_EUNSUP, 0, "codec without a stream type");
}


const uint8_t *
nvm_ts_es_nal(const nvm_ts_track_t *t, nvm_reader_t *r, uint32_t *size)
{
    if (nvm_reader_left(r) == 0) {
        return NULL;
    }

    *size = t->length_size == 4 ? nvm_reader_u32(r)
            : t->length_size == 2 ? nvm_reader_u16(r)
            : nvm_reader_u8(r);

    return nvm_reader_bytes(r, *size);
}


nvm_err_e
nvm_ts_es_scan(const nvm_ts_track_t *t, const uint8_t *data, size_t n,
    nvm_ts_unit_t *unit, nvm_fault_t *f)
{
    unsigned        nals, type, hevc;
    uint32_t        size;
    nvm_reader_t    r;
    const uint8_t  *nal;

    hevc = t->codec == NVM_CODEC_HEVC;
    unit->aud = 0;
    unit->sets = 0;

    nvm_reader_init(&r, data, n, 0);

    for (nals = 0; (nal = nvm_ts_es_nal(t, &r, &size)) != NULL; nals++) {

        if (size == 0) {
            return nvm_fault(f, NVM_EINVAL, nvm_reader_offset(&r),
                             "empty NAL unit");
        }

        if (nals == NVM_MAX_NALS) {
            return nvm_fault(f, NVM_ELIMIT, nvm_reader_offset(&r),
                             "too many NAL units");
        }

        type = nvm_ts_nal_type(t, nal[0]);

        if (type == (hevc ? NVM_TS_HEVC_AUD : NVM_H264_NAL_AUD) && nals == 0) {
            unit->aud = 1;
        }

        if (type == (hevc ? NVM_TS_HEVC_SPS : NVM_H264_NAL_SPS)) {
            unit->sets = 1;
        }
    }

    if (r.error) {
        return nvm_fault(f, r.error, nvm_reader_offset(&r),
                         "NAL lengths do not fill the sample");
    }

    return NVM_OK;
}


nvm_err_e
nvm_ts_es_frame(const nvm_ts_track_t *t, size_t n, nvm_fault_t *f)
{
    if (t->adts_len) {
        return n <= NVM_TS_ADTS_MAX - NVM_TS_ADTS ? NVM_OK
               : nvm_fault(f, NVM_ELIMIT, 0, "AAC frame too long for ADTS");
    }

    if (n < NVM_TS_FRAME_MIN) {
        return nvm_fault(f, NVM_EINVAL, 0, "audio frame without a header");
    }

    return n <= NVM_TS_FRAME_MAX ? NVM_OK
           : nvm_fault(f, NVM_ELIMIT, 0, "audio frame too long for PES");
}


void
nvm_ts_es_adts(const nvm_ts_track_t *t, size_t n, uint8_t adts[7])
{
    n += t->adts_len;
    memcpy(adts, t->adts, NVM_TS_ADTS);

    adts[3] |= (uint8_t) (n >> 11);
    adts[4] = (uint8_t) (n >> 3);
    adts[5] |= (uint8_t) (n << 5);
}
