/*
 * Copyright (C) ngx_video authors
 *
 * H.264 (ITU-T H.264) as MP4 and FLV carry it: the decoder configuration
 * record (ISO/IEC 14496-15, 5.3.3.1), the sequence parameter set, and access
 * units of length-prefixed NAL units.
 *
 * Nothing here allocates or copies: spans point into the caller's bytes and
 * live as long as those.  A fault's offset counts from the first byte handed
 * in; f may be NULL.
 */

#ifndef NVM_H264_H
#define NVM_H264_H

#include "nvm.h"
#include "nvm_model.h"


/* nal_unit_type (ITU-T H.264, table 7-1), those that packaging looks at. */
#define NVM_H264_NAL_SLICE  1
#define NVM_H264_NAL_IDR    5
#define NVM_H264_NAL_SEI    6
#define NVM_H264_NAL_SPS    7
#define NVM_H264_NAL_PPS    8
#define NVM_H264_NAL_AUD    9

/* Sides of a picture in macroblocks; 4096 is over 65535 pixels. */
#define NVM_H264_MAX_MBS    4096


typedef struct {
    const uint8_t  *sps;        /* the first, with its NAL header */
    const uint8_t  *pps;
    uint16_t        sps_len;
    uint16_t        pps_len;
    uint32_t        sps_offset; /* of the first SPS in the record */
    uint8_t         nsps;
    uint8_t         npps;
    uint8_t         profile;    /* AVCProfileIndication */
    uint8_t         compat;     /* profile_compatibility, constraint flags */
    uint8_t         level;      /* AVCLevelIndication */
    uint8_t         nal_length_size;    /* 1, 2 or 4 */
} nvm_avcc_t;


/*
 * Parses an AVCDecoderConfigurationRecord.  NVM_EINVAL: version other than 1
 * or a NAL length size of 3; NVM_ENOENT: no SPS or no PPS in it; NVM_ETRUNC.
 * The chroma extension of high profiles and what follows it is not read.
 */
nvm_err_e nvm_avcc_parse(const uint8_t *data, size_t n, nvm_avcc_t *out,
    nvm_fault_t *f);


typedef struct {
    uint32_t   width;           /* visible pixels, 1..65535, after cropping */
    uint32_t   height;
    uint32_t   fps_num;         /* frames a second, 0/1 when not told */
    uint32_t   fps_den;
    uint32_t   num_units_in_tick;
    uint32_t   time_scale;
    uint32_t   map_units;       /* of a picture: macroblocks, or pairs of them
                                   unless frame_mbs_only (7-17) */
    uint16_t   sar_num;         /* 1:1 when not told */
    uint16_t   sar_den;
    uint8_t    id;                      /* 0..31 */
    uint8_t    profile_idc;
    uint8_t    constraints;     /* constraint_set0..5_flag, reserved bits */
    uint8_t    level_idc;
    uint8_t    chroma_format_idc;       /* 0..3 */
    uint8_t    bit_depth;               /* of luma, 8..14 */
    uint8_t    frame_num_bits;          /* 4..16 */
    uint8_t    poc_type;                /* 0..2 */
    uint8_t    poc_bits;                /* of pic_order_cnt_lsb, 4..16; 0
                                           unless poc_type is 0 */
    uint8_t    num_ref_frames;          /* 0..16 */
    uint8_t    max_reorder;     /* frames; max_num_reorder_frames, 0..16 */
    unsigned   frame_mbs_only:1;        /* no field or MBAFF coding */
    unsigned   separate_planes:1;
    unsigned   poc_delta_zero:1;        /* delta_pic_order_always_zero_flag */
    unsigned   fixed_frame_rate:1;
    unsigned   reorder_known:1; /* max_reorder was told or follows from POC
                                   type 2 (8.2.1.3: output is coding order) */
    unsigned   vui_error:1;     /* VUI is damaged: its fields are as if it
                                   were absent */
    nvm_colour_t  colour;
} nvm_sps_t;


/*
 * Parses one SPS NAL unit (7.3.2.1.1), header included, emulation prevention
 * bytes in place.  NVM_EINVAL: not an SPS, or a field out of its range;
 * NVM_ELIMIT: a picture over 65535 in a direction; NVM_ETRUNC.  Damage within
 * the VUI alone (Annex E), which publishers do produce and decoders ignore,
 * is no error: see vui_error.
 */
nvm_err_e nvm_sps_parse(const uint8_t *data, size_t n, nvm_sps_t *out,
    nvm_fault_t *f);


/*
 * Fills kind, codec, width, height, sar, fps, depth, codecs ("avc1.PPCCLL",
 * RFC 6381, 3.3) and config of a track from an avcC, and of its colour what
 * is not known yet; all else is left alone.  When t->entry is avc3 parameter
 * sets may be missing, because they are in the samples: then width and height
 * must be known.  Errors as the two above, NVM_ELIMIT when n exceeds
 * NVM_MAX_CONFIG; t is unchanged after an error.
 */
nvm_err_e nvm_h264_track(nvm_track_t *t, const uint8_t *avcc, size_t n,
    nvm_fault_t *f);


typedef struct {
    uint32_t   nals;
    uint32_t   slices;          /* coded slices, IDR or not, partition A */
    uint32_t   recovery_frames; /* recovery_frame_cnt, when recovery is set */
    unsigned   has_idr:1;       /* a stream access point of type 1 */
    unsigned   has_sps:1;
    unsigned   has_pps:1;
    unsigned   recovery:1;      /* recovery point SEI (D.2.8) */
    nvm_captions_t  captions;
} nvm_h264_au_t;


/*
 * Walks an access unit of NAL units, each after a big-endian length of
 * nal_length_size bytes (ISO/IEC 14496-15, 5.3.2).  The lengths must fill the
 * data exactly: otherwise NVM_ETRUNC.  NVM_EINVAL: an empty NAL unit, the
 * forbidden bit, a length size other than 1, 2, 4, or no data at all;
 * NVM_ELIMIT: over NVM_MAX_NALS.  A damaged SEI is skipped.
 */
nvm_err_e nvm_h264_scan(const uint8_t *data, size_t n,
    unsigned nal_length_size, nvm_h264_au_t *out, nvm_fault_t *f);


#endif /* NVM_H264_H */
