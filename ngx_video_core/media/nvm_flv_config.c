/*
 * Copyright (C) ngx_video authors
 *
 * Codec headers of Enhanced RTMP as the boxes of ISO files have them.
 */

#include <string.h>

#include "nvm_flv.h"
#include "nvm_writer.h"


/* "OpusHead", version, channels, pre-skip, rate, gain, family */
#define NVM_FLV_OPUS_HEAD    19
#define NVM_FLV_OPUS_MAGIC   8

/* STREAMINFO with the header of its metadata block (RFC 9639, 8.1, 8.2) */
#define NVM_FLV_FLAC_INFO    (4 + 34)
#define NVM_FLV_FLAC_LAST    0x80


/* RFC 7845, 5.1, is little-endian; dOps, 4.3.2, is not. */
static nvm_err_e
nvm_flv_opus(nvm_writer_t *w, const uint8_t *p, size_t n, nvm_fault_t *f)
{
    if (n < NVM_FLV_OPUS_MAGIC || memcmp(p, "OpusHead", NVM_FLV_OPUS_MAGIC))
    {
        nvm_writer_bytes(w, p, n);
        return NVM_OK;
    }

    if (n < NVM_FLV_OPUS_HEAD) {
        return nvm_fault(f, NVM_ETRUNC, n, "OpusHead is cut");
    }

    if (p[8] >> 4) {
        return nvm_fault(f, NVM_EUNSUP, 8, "OpusHead version is not 0 or 1");
    }

    nvm_writer_u8(w, 0);
    nvm_writer_u8(w, p[9]);
    nvm_writer_u8(w, p[11]);
    nvm_writer_u8(w, p[10]);
    nvm_writer_u8(w, p[15]);
    nvm_writer_u8(w, p[14]);
    nvm_writer_u8(w, p[13]);
    nvm_writer_u8(w, p[12]);
    nvm_writer_u8(w, p[17]);
    nvm_writer_u8(w, p[16]);
    nvm_writer_bytes(w, p + 18, n - 18);

    return NVM_OK;
}


/*
 * "fLaC" and metadata blocks, or the blocks alone, or STREAMINFO alone; the
 * box has version and flags in the place of the four characters.  Blocks that
 * are too long, with pictures, are left out but for the first: decoders need no
 * other.
 */
static nvm_err_e
nvm_flv_flac(nvm_writer_t *w, const uint8_t *p, size_t n, nvm_fault_t *f)
{
    unsigned  named;

    static const uint8_t  version[4] = { 0, 0, 0, 0 };
    static const uint8_t  info[4] = { 0, 0, 0, 34 };

    /* no STREAMINFO begins like that: its least block is over the largest */
    named = n >= 4 && memcmp(p, "fLaC", 4) == 0;

    if (named
        || (n >= 4 + NVM_FLV_FLAC_INFO && memcmp(p, version, 4) == 0))
    {
        p += 4;
        n -= 4;
    }

    nvm_writer_u32(w, 0);

    if (n == NVM_FLV_FLAC_INFO - 4 && !named) {
        nvm_writer_u8(w, NVM_FLV_FLAC_LAST);
        nvm_writer_u24(w, NVM_FLV_FLAC_INFO - 4);

    } else if (n < NVM_FLV_FLAC_INFO) {
        return nvm_fault(f, NVM_ETRUNC, n, "STREAMINFO is cut");

    } else if (n > NVM_MAX_CONFIG - 4
               && memcmp(p + 1, info + 1, sizeof(info) - 1) == 0
               && (p[0] & ~NVM_FLV_FLAC_LAST) == info[0])
    {
        nvm_writer_u8(w, NVM_FLV_FLAC_LAST);
        p++;
        n = NVM_FLV_FLAC_INFO - 1;
    }

    nvm_writer_bytes(w, p, n);

    return NVM_OK;
}


/* VPCodecConfigurationRecord; its first byte is the profile, at most 3. */
static void
nvm_flv_vp9(nvm_writer_t *w, const uint8_t *p, size_t n)
{
    static const uint8_t  version[4] = { 1, 0, 0, 0 };

    /* a record that begins like that would have a depth of 0 */
    if (n < 4 || memcmp(p, version, 4) != 0) {
        nvm_writer_bytes(w, version, 4);
    }

    nvm_writer_bytes(w, p, n);
}


nvm_err_e
nvm_flv_config(nvm_codec_e codec, const uint8_t *data, size_t n,
    uint8_t buf[NVM_MAX_CONFIG], const uint8_t **config, size_t *len,
    nvm_fault_t *f)
{
    nvm_err_e     rc;
    nvm_writer_t  w;

    nvm_writer_init(&w, buf, NVM_MAX_CONFIG);
    rc = NVM_OK;

    switch (codec) {

    case NVM_CODEC_OPUS:
        rc = nvm_flv_opus(&w, data, n, f);
        break;

    case NVM_CODEC_FLAC:
        rc = nvm_flv_flac(&w, data, n, f);
        break;

    case NVM_CODEC_VP9:
        nvm_flv_vp9(&w, data, n);
        break;

    default:
        *config = data;
        *len = n;
        return NVM_OK;
    }

    *config = buf;
    *len = w.len;

    if (rc == NVM_OK && w.error) {
        return nvm_fault(f, NVM_ELIMIT, 0, "codec header is too long");
    }

    return rc;
}
