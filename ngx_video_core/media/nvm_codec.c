/*
 * Copyright (C) ngx_video authors
 *
 * The table of codecs, and what depends on nothing but it.
 */

#include <string.h>

#include "nvm_ac3.h"
#include "nvm_av1.h"
#include "nvm_codec.h"
#include "nvm_esds.h"
#include "nvm_flac.h"
#include "nvm_h264.h"
#include "nvm_hevc.h"
#include "nvm_mp3.h"
#include "nvm_opus.h"
#include "nvm_vtt_build.h"
#include "nvm_vp9.h"


/*
 * The first row of a codec is its usual entry.  mp4a stands for AAC until
 * nvm_esds_track() has seen the object type.  QuickTime's .mp3 is written as
 * ISO files have it.
 */
static const nvm_codec_t  nvm_codecs[] = {

    { NVM_FOURCC('a', 'v', 'c', '1'), NVM_FOURCC('a', 'v', 'c', '1'),
      NVM_FOURCC('a', 'v', 'c', 'C'), NVM_CODEC_H264, NVM_VIDEO,
      NULL, "avc1 has no avcC", nvm_h264_track },

    { NVM_FOURCC('a', 'v', 'c', '3'), NVM_FOURCC('a', 'v', 'c', '3'),
      NVM_FOURCC('a', 'v', 'c', 'C'), NVM_CODEC_H264, NVM_VIDEO,
      NULL, "avc3 has no avcC", nvm_h264_track },

    { NVM_FOURCC('h', 'v', 'c', '1'), NVM_FOURCC('h', 'v', 'c', '1'),
      NVM_FOURCC('h', 'v', 'c', 'C'), NVM_CODEC_HEVC, NVM_VIDEO,
      NULL, "hvc1 has no hvcC", nvm_hevc_track },

    { NVM_FOURCC('h', 'e', 'v', '1'), NVM_FOURCC('h', 'e', 'v', '1'),
      NVM_FOURCC('h', 'v', 'c', 'C'), NVM_CODEC_HEVC, NVM_VIDEO,
      NULL, "hev1 has no hvcC", nvm_hevc_track },

    { NVM_FOURCC('a', 'v', '0', '1'), NVM_FOURCC('a', 'v', '0', '1'),
      NVM_FOURCC('a', 'v', '1', 'C'), NVM_CODEC_AV1, NVM_VIDEO,
      NULL, "av01 has no av1C", nvm_av1_track },

    { NVM_FOURCC('v', 'p', '0', '9'), NVM_FOURCC('v', 'p', '0', '9'),
      NVM_FOURCC('v', 'p', 'c', 'C'), NVM_CODEC_VP9, NVM_VIDEO,
      NULL, "vp09 has no vpcC", nvm_vp9_track },

    { NVM_FOURCC('m', 'p', '4', 'a'), NVM_FOURCC('m', 'p', '4', 'a'),
      NVM_FOURCC('e', 's', 'd', 's'), NVM_CODEC_AAC, NVM_AUDIO,
      "audio-aac", "mp4a has no esds", nvm_esds_track },

    { NVM_FOURCC('.', 'm', 'p', '3'), NVM_FOURCC('m', 'p', '4', 'a'),
      0, NVM_CODEC_MP3, NVM_AUDIO,
      "audio-mp3", NULL, nvm_mp3_track },

    { NVM_FOURCC('a', 'c', '-', '3'), NVM_FOURCC('a', 'c', '-', '3'),
      NVM_FOURCC('d', 'a', 'c', '3'), NVM_CODEC_AC3, NVM_AUDIO,
      "audio-ac3", "ac-3 has no dac3", nvm_ac3_track },

    { NVM_FOURCC('e', 'c', '-', '3'), NVM_FOURCC('e', 'c', '-', '3'),
      NVM_FOURCC('d', 'e', 'c', '3'), NVM_CODEC_EAC3, NVM_AUDIO,
      "audio-ec3", "ec-3 has no dec3", nvm_eac3_track },

    { NVM_FOURCC('O', 'p', 'u', 's'), NVM_FOURCC('O', 'p', 'u', 's'),
      NVM_FOURCC('d', 'O', 'p', 's'), NVM_CODEC_OPUS, NVM_AUDIO,
      "audio-opus", "Opus has no dOps", nvm_opus_track },

    { NVM_FOURCC('f', 'L', 'a', 'C'), NVM_FOURCC('f', 'L', 'a', 'C'),
      NVM_FOURCC('d', 'f', 'L', 'a'), NVM_CODEC_FLAC, NVM_AUDIO,
      "audio-flac", "fLaC has no dfLa", nvm_flac_track },

    { NVM_FOURCC('w', 'v', 't', 't'), NVM_FOURCC('w', 'v', 't', 't'),
      NVM_FOURCC('v', 't', 't', 'C'), NVM_CODEC_WVTT, NVM_TEXT,
      NULL, "wvtt has no vttC", nvm_wvtt_track },

    { NVM_FOURCC('t', 'x', '3', 'g'), NVM_FOURCC('t', 'x', '3', 'g'),
      0, NVM_CODEC_TX3G, NVM_TEXT,
      NULL, NULL, nvm_tx3g_track },
};

#define NVM_CODEC_ROWS  (sizeof(nvm_codecs) / sizeof(nvm_codecs[0]))


/* An unset or unspecified code point takes what the bitstream tells. */
static void
nvm_codec_point(uint8_t *to, uint8_t from)
{
    if (from && (*to == 0 || *to == 2)) {
        *to = from;
    }
}


const nvm_codec_t *
nvm_codec_find(uint32_t entry, nvm_kind_e kind)
{
    size_t  i;

    for (i = 0; i < NVM_CODEC_ROWS; i++) {
        if (nvm_codecs[i].entry == entry && nvm_codecs[i].kind == kind) {
            return &nvm_codecs[i];
        }
    }

    return NULL;
}


const nvm_codec_t *
nvm_codec_of(const nvm_track_t *t)
{
    size_t              i;
    const nvm_codec_t  *c;

    for (i = 0; i < NVM_CODEC_ROWS; i++) {
        c = &nvm_codecs[i];

        if (c->codec == t->codec && c->kind == t->kind
            && (t->entry == 0 || t->entry == c->write))
        {
            return c;
        }
    }

    return NULL;
}


void
nvm_codec_entry(const nvm_track_t *t, char name[5])
{
    int                 i;
    uint32_t            entry;
    const nvm_codec_t  *c;

    c = nvm_codec_of(t);
    entry = c ? c->write : 0;

    for (i = 0; i < 4; i++) {
        name[i] = (char) (entry >> (24 - 8 * i));
    }

    name[4] = '\0';
}


void
nvm_codec_colour(nvm_track_t *t, const nvm_colour_t *c)
{
    /* the range has no value for "unknown": it comes with the primaries */

    if (t->primaries == 0) {
        t->full_range = c->full_range;
    }

    nvm_codec_point(&t->primaries, c->primaries);
    nvm_codec_point(&t->transfer, c->transfer);
    nvm_codec_point(&t->matrix, c->matrix);
}


void
nvm_codec_cover(nvm_track_t *x, const nvm_track_t *y)
{
    if (y->bandwidth > x->bandwidth) {
        x->bandwidth = y->bandwidth;
    }

    if (y->height > x->height) {
        x->width = y->width;
        x->height = y->height;
        x->sar_num = y->sar_num;
        x->sar_den = y->sar_den;
        x->rotation = y->rotation;
    }

    if (y->fps_num == 0
        || (uint64_t) y->fps_num * x->fps_den
           > (uint64_t) x->fps_num * y->fps_den)
    {
        x->fps_num = x->fps_num ? y->fps_num : 0;
        x->fps_den = y->fps_den;
    }

    if (strcmp(x->codecs, y->codecs) < 0) {
        memcpy(x->codecs, y->codecs, sizeof(x->codecs));
    }
}


nvm_range_e
nvm_codec_range(const nvm_track_t *t)
{
    switch (t->transfer) {

    case 1:
    case 6:
    case 13:
    case 14:
    case 15:
        return NVM_RANGE_SDR;

    case 16:
        return NVM_RANGE_PQ;

    case 18:
        return NVM_RANGE_HLG;

    default:
        return NVM_RANGE_UNKNOWN;
    }
}
