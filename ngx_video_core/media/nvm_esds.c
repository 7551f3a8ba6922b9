/*
 * Copyright (C) ngx_video authors
 *
 * Descriptors of ISO/IEC 14496-1, as far as an mp4a entry has them.
 */

#include "nvm_aac.h"
#include "nvm_esds.h"
#include "nvm_mp3.h"
#include "nvm_reader.h"


/* Tags of descriptors: 7.2.2.1 */
#define NVM_ESDS_TAG_ES         0x03
#define NVM_ESDS_TAG_CONFIG     0x04
#define NVM_ESDS_TAG_SPECIFIC   0x05
#define NVM_ESDS_TAG_SL         0x06

/* objectTypeIndication: table 5 */
#define NVM_ESDS_AAC            0x40
#define NVM_ESDS_MPEG2_MAIN     0x66
#define NVM_ESDS_MPEG2_SSR      0x68
#define NVM_ESDS_MPEG2_AUDIO    0x69    /* ISO/IEC 13818-3 */
#define NVM_ESDS_MPEG1_AUDIO    0x6b    /* ISO/IEC 11172-3 */

/* The lowest rate of ISO/IEC 11172-3; half rates are those of 13818-3. */
#define NVM_ESDS_MPEG1_RATE     32000


/* A descriptor of the given tag, 8.3.3; others are skipped. */
static int
nvm_esds_descriptor(nvm_reader_t *r, uint8_t tag, nvm_reader_t *body)
{
    int       i;
    uint8_t   c, found;
    uint32_t  len;

    while (nvm_reader_left(r)) {
        found = nvm_reader_u8(r);
        len = 0;

        for (i = 0; i < 4; i++) {
            c = nvm_reader_u8(r);
            len = len << 7 | (c & 0x7f);

            if (!(c & 0x80)) {
                break;
            }
        }

        nvm_reader_sub(r, len, body);

        if (r->error) {
            return -1;
        }

        if (found == tag) {
            return 0;
        }
    }

    return -1;
}


/* The optional fields of an ES_Descriptor, 7.2.6.5 */
static void
nvm_esds_es(nvm_reader_t *es)
{
    uint8_t  flags;

    nvm_reader_skip(es, 2);
    flags = nvm_reader_u8(es);

    if (flags & 0x80) {
        nvm_reader_skip(es, 2);                 /* dependsOn_ES_ID */
    }

    if (flags & 0x40) {
        nvm_reader_skip(es, nvm_reader_u8(es)); /* URL */
    }

    if (flags & 0x20) {
        nvm_reader_skip(es, 2);                 /* OCR_ES_ID */
    }
}


/* The AudioSpecificConfig behind the fields of a DecoderConfigDescriptor */
static nvm_err_e
nvm_esds_aac(nvm_track_t *t, nvm_reader_t *config, nvm_fault_t *f)
{
    size_t          n;
    uint64_t        base;
    nvm_err_e       rc;
    nvm_fault_t     codec = { 0 };
    nvm_reader_t    specific;
    const uint8_t  *data;

    if (nvm_esds_descriptor(config, NVM_ESDS_TAG_SPECIFIC, &specific) != 0) {
        return nvm_fault(f, NVM_ETRUNC, nvm_reader_offset(config),
                         "AudioSpecificConfig is missing or cut");
    }

    base = nvm_reader_offset(&specific);
    n = nvm_reader_left(&specific);
    data = nvm_reader_bytes(&specific, n);

    rc = nvm_aac_track(t, data, n, &codec);
    if (rc != NVM_OK) {
        return nvm_fault(f, rc, base + codec.offset, codec.what);
    }

    return NVM_OK;
}


nvm_err_e
nvm_esds_track(nvm_track_t *t, const uint8_t *data, size_t n, nvm_fault_t *f)
{
    uint8_t       oti;
    nvm_reader_t  r, es, config;

    nvm_reader_init(&r, data, n, 0);
    nvm_reader_skip(&r, 4);

    if (nvm_esds_descriptor(&r, NVM_ESDS_TAG_ES, &es) != 0) {
        return nvm_fault(f, NVM_ETRUNC, nvm_reader_offset(&r),
                         "ES descriptor is missing or cut");
    }

    nvm_esds_es(&es);

    if (nvm_esds_descriptor(&es, NVM_ESDS_TAG_CONFIG, &config) != 0) {
        return nvm_fault(f, NVM_ETRUNC, nvm_reader_offset(&es),
                         "decoder configuration is missing or cut");
    }

    oti = nvm_reader_u8(&config);
    nvm_reader_skip(&config, 12);

    if (oti == NVM_ESDS_MPEG2_AUDIO || oti == NVM_ESDS_MPEG1_AUDIO) {
        return nvm_mp3_track(t, NULL, 0, f);
    }

    if (oti == NVM_ESDS_AAC
        || (oti >= NVM_ESDS_MPEG2_MAIN && oti <= NVM_ESDS_MPEG2_SSR))
    {
        return nvm_esds_aac(t, &config, f);
    }

    return nvm_fault(f, NVM_EUNSUP, nvm_reader_offset(&config),
                     "object type other than AAC and MP3");
}


/* A descriptor's tag, and its length in two bytes: 8.3.3 */
static void
nvm_esds_tag(nvm_writer_t *w, uint8_t tag, size_t len)
{
    nvm_writer_u8(w, tag);
    nvm_writer_u8(w, 0x80 | (uint8_t) (len >> 7 & 0x7f));
    nvm_writer_u8(w, (uint8_t) (len & 0x7f));
}


void
nvm_esds_write(nvm_writer_t *w, const nvm_track_t *t)
{
    size_t   box, specific;
    uint8_t  oti;

    oti = t->codec != NVM_CODEC_MP3 ? NVM_ESDS_AAC
          : t->sample_rate >= NVM_ESDS_MPEG1_RATE ? NVM_ESDS_MPEG1_AUDIO
          : NVM_ESDS_MPEG2_AUDIO;

    specific = t->config_len ? 3 + t->config_len : 0;

    box = nvm_writer_fullbox(w, "esds", 0, 0);

    nvm_esds_tag(w, NVM_ESDS_TAG_ES, 3 + (3 + 13 + specific) + (3 + 1));
    nvm_writer_u16(w, 0);                       /* ES_ID */
    nvm_writer_u8(w, 0);

    nvm_esds_tag(w, NVM_ESDS_TAG_CONFIG, 13 + specific);
    nvm_writer_u8(w, oti);
    nvm_writer_u8(w, 0x15);                     /* audio stream */
    nvm_writer_u24(w, 0);                       /* buffer size */
    nvm_writer_u32(w, t->bandwidth);
    nvm_writer_u32(w, t->avg_bandwidth);

    if (specific) {
        nvm_esds_tag(w, NVM_ESDS_TAG_SPECIFIC, t->config_len);
        nvm_writer_bytes(w, t->config, t->config_len);
    }

    nvm_esds_tag(w, NVM_ESDS_TAG_SL, 1);
    nvm_writer_u8(w, 0x02);                     /* SL: MP4 */

    nvm_writer_box_end(w, box);
}
