/*
 * Copyright (C) ngx_video authors
 *
 * H.265 (ITU-T H.265) as MP4 carries it: the decoder configuration record
 * (ISO/IEC 14496-15, 8.3.3.1) and the sequence parameter set.
 *
 * Nothing here allocates: spans point into the caller's bytes.  A fault's
 * offset counts from the first byte handed in; f may be NULL.
 */

#ifndef NVM_HEVC_H
#define NVM_HEVC_H

#include "nvm_model.h"


/* nal_unit_type (ITU-T H.265, table 7-1), those that packaging looks at. */
#define NVM_HEVC_NAL_SPS    33
#define NVM_HEVC_NAL_PPS    34
#define NVM_HEVC_NAL_SEI    39      /* prefix */

/* Of a record before its arrays, and before their number. */
#define NVM_HVCC_HEAD       22


typedef struct {
    const uint8_t  *sps;        /* the first of the base layer, or NULL */
    uint32_t        sps_offset; /* in the record */
    uint16_t        sps_len;
    uint8_t         profile_space;      /* 0..3 */
    uint8_t         tier;               /* 1: high */
    uint8_t         profile;            /* general_profile_idc, 0..31 */
    uint8_t         level;              /* general_level_idc: 30 a level */
    uint32_t        compat;     /* general_profile_compatibility_flags */
    uint8_t         constraints[6];
    uint8_t         depth;              /* of luma, 8..15 */
    uint8_t         nal_length_size;    /* 1, 2 or 4 */
} nvm_hvcc_t;


/*
 * Parses an HEVCDecoderConfigurationRecord.  NVM_EINVAL: version other than 1
 * or a NAL length size of 3; NVM_ETRUNC.
 */
nvm_err_e nvm_hvcc_parse(const uint8_t *data, size_t n, nvm_hvcc_t *out,
    nvm_fault_t *f);


typedef struct {
    uint32_t       width;       /* visible pixels, 1..65535: of the conformance
                                   window */
    uint32_t       height;
    uint32_t       fps_num;     /* frames a second, 0/1 when not told */
    uint32_t       fps_den;
    uint16_t       sar_num;     /* 1:1 when not told */
    uint16_t       sar_den;
    uint8_t        chroma_format_idc;   /* 0..3 */
    uint8_t        bit_depth;           /* of luma, 8..16 */
    nvm_colour_t   colour;
    unsigned       vui_error:1; /* what follows the size is damaged: it is as
                                   if there were no VUI */
} nvm_hevc_sps_t;


/*
 * Parses one SPS NAL unit (7.3.2.2.1), header included, emulation prevention
 * bytes in place.  NVM_EINVAL: not an SPS of the base layer, or a field out
 * of its range; NVM_ELIMIT: a picture over 65535 pixels; NVM_ETRUNC.
 */
nvm_err_e nvm_hevc_sps_parse(const uint8_t *data, size_t n,
    nvm_hevc_sps_t *out, nvm_fault_t *f);


/*
 * Fills kind, codec, width, height, sar, fps, depth, codecs ("hvc1.1.6.L93.B0",
 * ISO/IEC 14496-15, annex E) and config of a track from an hvcC, and of its
 * colour what is not known yet.  When t->entry is hev1 the SPS may be missing,
 * because it is in the samples: then width and height must be known.
 *
 * A record over NVM_MAX_CONFIG is kept without its user data, which encoders
 * fill with pages about themselves.  Errors as the two above, NVM_ENOENT: no
 * SPS, NVM_ELIMIT: too long even so; t is unchanged after an error.
 */
nvm_err_e nvm_hevc_track(nvm_track_t *t, const uint8_t *hvcc, size_t n,
    nvm_fault_t *f);


#endif /* NVM_HEVC_H */
