/*
 * Copyright (C) ngx_video authors
 *
 * The one model of a presentation.  Sources (an MP4 file, a live stream)
 * produce it, writers (CMAF, HLS playlists, DASH MPDs) consume it; sources
 * know nothing of writers.
 *
 * All times are integers in the track's own timescale.  Conversion happens
 * at the border, from the exact value, so that rounding never accumulates.
 */

#ifndef NVM_MODEL_H
#define NVM_MODEL_H

#include "nvm.h"


typedef enum {
    NVM_VIDEO = 0,
    NVM_AUDIO,
    NVM_TEXT,
    NVM_KINDS
} nvm_kind_e;


typedef enum {
    NVM_CODEC_NONE = 0,
    NVM_CODEC_H264,
    NVM_CODEC_AAC,
    NVM_CODEC_HEVC,
    NVM_CODEC_AV1,
    NVM_CODEC_VP9,
    NVM_CODEC_MP3,
    NVM_CODEC_AC3,
    NVM_CODEC_EAC3,
    NVM_CODEC_OPUS,
    NVM_CODEC_FLAC,
    NVM_CODEC_TX3G,             /* of sources only: written as WVTT */
    NVM_CODEC_WVTT
} nvm_codec_e;


/* "hvc1.C31.ffffffff.H255.FF.FF.FF.FF.FF.FF" and its end: 41 */
#define NVM_CODECS_LEN  48

/* Extension boxes of a sample entry, all together. */
#define NVM_MAX_EXTRAS  256


/*
 * Code points of ISO/IEC 23091-2.  Primaries and transfer: 0 where nothing
 * tells, 2 where they are told to be unspecified.  A matrix of 0 is RGB if the
 * primaries are told.
 */
typedef struct {
    uint8_t        primaries;
    uint8_t        transfer;
    uint8_t        matrix;
    uint8_t        full_range;
} nvm_colour_t;


/* Closed captions that pictures have, see nvm_captions.h. */
typedef struct {
    uint64_t       services;    /* of CEA-708: bit n is service n */
    uint8_t        channels;    /* of CEA-608: bit 0 is CC1, bit 3 is CC4 */
    uint8_t        present;     /* there is caption data, if only padding */
} nvm_captions_t;


/*
 * A sample: one coded picture or audio frame.  cts is the composition offset
 * (presentation time minus decode time), signed as in trun version 1.
 */
typedef struct {
    uint64_t       dts;
    uint64_t       offset;      /* of its bytes in the source */
    uint32_t       duration;
    uint32_t       size;
    int32_t        cts;
    unsigned       key:1;       /* stream access point of type 1 */
} nvm_sample_t;


/*
 * A track in one rendition.  Fixed size and free of pointers, because live
 * tracks and the index of a file keep it in shared memory.
 *
 * "config" is the codec configuration as the sample entry carries it: the
 * payload of avcC, hvcC, av1C, vpcC, dac3, dec3, dOps or dfLa, with the version
 * and flags of those that have them, or an AudioSpecificConfig; MP3 and tx3g
 * have none, of wvtt it is the header of the file, as vttC has it.
 * "extras" are whole boxes that follow it in the sample entry of video, passed
 * on as they stood in the source: colour, mastering display, Dolby Vision.
 */
typedef struct {
    nvm_kind_e     kind;
    nvm_codec_e    codec;
    uint32_t       entry;       /* FourCC of the sample entry to write; 0:
                                   the usual one of the codec */
    uint32_t       id;          /* track_ID of the CMAF tracks made of it */
    uint32_t       timescale;   /* ticks a second, never zero */
    uint64_t       duration;    /* of the whole track, 0 when unknown (live) */
    uint32_t       edit;        /* media time of presentation time zero that
                                   remains for an edit list (priming) */
    uint32_t       bandwidth;   /* peak over a segment, bits a second */
    uint32_t       avg_bandwidth;

    uint16_t       width;       /* visible size in pixels */
    uint16_t       height;
    uint16_t       sar_num;     /* shape of a pixel, 1:1 when unknown */
    uint16_t       sar_den;
    uint32_t       fps_num;     /* frame rate, 0 when unknown or variable */
    uint32_t       fps_den;

    uint8_t        primaries;   /* see nvm_colour_t */
    uint8_t        transfer;
    uint8_t        matrix;
    uint8_t        full_range;
    uint8_t        depth;       /* bits of a luma or PCM sample, 0: unknown */

    uint8_t        rotation;    /* quarter turns, clockwise, that a picture is
                                   to be turned by for display */
    uint8_t        holes;       /* segments may have bytes of other tracks
                                   among their own: no CMAF then */
    uint8_t        made;        /* by the transcoder, of another one: pictures
                                   and sound that are go together */
    uint8_t        alone;       /* of sound that is made: to be listed by
                                   itself, too */
    uint8_t        joc;         /* E-AC-3: objects that joint object coding
                                   carries, 1..16; 0: none */
    uint16_t       channels;
    uint32_t       sample_rate;
    nvm_captions_t captions;    /* seen so far, live only */

    char           codecs[NVM_CODECS_LEN];      /* RFC 6381, "avc1.64001f" */
    char           lang[4];                     /* ISO 639-2, "und" */

    uint16_t       config_len;
    uint16_t       extras_len;
    uint8_t        config[NVM_MAX_CONFIG];
    uint8_t        extras[NVM_MAX_EXTRAS];
} nvm_track_t;


/* A part of a segment (RFC 8216bis, 4.4.4.9): one CMAF chunk. */
typedef struct {
    uint64_t       dts;         /* tfdt of its first sample */
    uint32_t       duration;
    uint32_t       offset;      /* of its bytes in the segment */
    uint32_t       size;
    unsigned       independent:1;
    unsigned       last:1;      /* likely the last one of its segment */
} nvm_part_t;


/* A segment of a track; exactly the concatenation of its parts. */
typedef struct {
    uint64_t       msn;         /* media sequence number */
    uint64_t       start;       /* tfdt of its first sample */
    uint64_t       duration;
    int64_t        wall;        /* ms since 1970 of start, 0 when unknown */
    uint32_t       size;        /* bytes so far */
    uint16_t       nparts;      /* of which descriptors are at "parts" */
    uint16_t       first_part;  /* index of parts[0] within the segment */
    unsigned       independent:1;       /* starts with a sync sample */
    unsigned       discontinuity:1;     /* before it */
    unsigned       complete:1;
    unsigned       gap:1;       /* its media are missing */
    nvm_part_t    *parts;
} nvm_segment_t;


/* A stretch of a track's timeline, as a playlist shows it. */
typedef struct {
    const nvm_track_t    *track;
    nvm_segment_t        *segments;
    size_t                nsegments;    /* the last may be incomplete */
    uint64_t              origin;       /* live: msn of the very first, and */
    uint64_t              count;        /* how many there were, listed or not */
    uint32_t              target;       /* longest segment, seconds */
    uint32_t              part_target;  /* ticks; 0: no parts */
    uint32_t              timescale;    /* of all these; 0: the track's */
    unsigned              ended:1;      /* nothing will be appended */
} nvm_timeline_t;


#endif /* NVM_MODEL_H */
