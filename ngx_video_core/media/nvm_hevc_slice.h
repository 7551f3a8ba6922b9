/*
 * Copyright (C) ngx_video authors
 *
 * How long the slice segment headers of H.265 are.  Common Encryption leaves
 * them clear (ISO/IEC 23001-7), so it needs to know where they end, and that
 * follows from the parameter sets that a slice refers to.
 *
 * Nothing here allocates.  A fault's offset counts from the first byte handed
 * in; f may be NULL.
 */

#ifndef NVM_HEVC_SLICE_H
#define NVM_HEVC_SLICE_H

#include "nvm.h"
#include "nvm_hevc_sps.h"


/* Ids of parameter sets (ITU-T H.265, 7.4.3.2.1 and 7.4.3.3.1). */
#define NVM_HEVC_MAX_SPS    16
#define NVM_HEVC_MAX_PPS    64

/*
 * Pictures in all reference sets of an SPS, of which the differences are kept.
 * An SPS may have 1024, encoders write a few dozen; only a slice that predicts
 * its own set from one beyond needs them.
 */
#define NVM_HEVC_KEPT_DELTAS    128


/* Of an SPS and of a PPS what slice headers depend on. */
typedef struct {
    uint32_t  long_used;        /* bit i: used_by_curr_pic_lt_sps_flag[i] */
    uint16_t  ctb_width;        /* of the picture, in coding tree blocks */
    uint16_t  ctb_height;
    int16_t   deltas[NVM_HEVC_KEPT_DELTAS];     /* of the sets in a row */
    uint8_t   pictures[NVM_HEVC_MAX_RPS];       /* NumDeltaPocs of each set */
    uint8_t   used[NVM_HEVC_MAX_RPS];   /* of them by the current picture */
    uint8_t   nsets;                    /* 0..64 */
    uint8_t   nlong;                    /* 0..32 */
    unsigned  poc_bits:5;               /* 4..16 */
    unsigned  long_term:1;
    unsigned  temporal_mvp:1;
    unsigned  sao:1;
    unsigned  separate_planes:1;
    unsigned  chroma:1;                 /* ChromaArrayType is not 0 */
    unsigned  screen:1;                 /* screen content coding */
    unsigned  known:1;
} nvm_hevc_slice_sps_t;


typedef struct {
    uint16_t  columns;                  /* of tiles, 1..8192 */
    uint16_t  rows;
    unsigned  sps:4;
    unsigned  refs0:4;                  /* references by default, 1..15 */
    unsigned  refs1:4;
    unsigned  extra_bits:3;
    unsigned  dependent:1;      /* dependent_slice_segments_enabled_flag */
    unsigned  output_flag:1;
    unsigned  cabac_init:1;
    unsigned  chroma_qp:1;      /* pps_slice_chroma_qp_offsets_present_flag */
    unsigned  chroma_qp_list:1;
    unsigned  weighted:1;
    unsigned  weighted_bipred:1;
    unsigned  tiles:1;
    unsigned  wavefronts:1;             /* entropy_coding_sync_enabled_flag */
    unsigned  deblocking_override:1;
    unsigned  deblocking_disabled:1;
    unsigned  filter_across:1;  /* pps_loop_filter_across_slices_enabled */
    unsigned  modification:1;           /* of reference lists */
    unsigned  extension:1;              /* of slice headers */
    unsigned  screen:1;
    unsigned  known:1;
} nvm_hevc_slice_pps_t;


/* Parameter sets by id; about 7 KB in the caller's memory. */
typedef struct {
    nvm_hevc_slice_sps_t  sps[NVM_HEVC_MAX_SPS];
    nvm_hevc_slice_pps_t  pps[NVM_HEVC_MAX_PPS];
} nvm_hevc_params_t;


/* No parameter set is known. */
void nvm_hevc_params_init(nvm_hevc_params_t *p);

/*
 * Takes all parameter sets of an HEVCDecoderConfigurationRecord (ISO/IEC
 * 14496-15, 8.3.3.1), which may be none (hev1).  Errors: those of
 * nvm_hvcc_parse(), then nothing was taken; and those of
 * nvm_hevc_params_nal(), of the first bad set: the others were taken.
 */
nvm_err_e nvm_hevc_params_config(nvm_hevc_params_t *p, const uint8_t *hvcc,
    size_t n, nvm_fault_t *f);

/*
 * Takes a NAL unit as it stands in a sample, header and emulation prevention
 * bytes included: an SPS or a PPS of the base layer (7.3.2.2, 7.3.2.3)
 * replaces that of its id, all else is ignored.  NVM_EINVAL: no NAL header,
 * the forbidden bit, or a field out of its range; NVM_ELIMIT: a picture over
 * 65535 in a direction; NVM_ETRUNC.  After an error the set of that id is
 * unknown.  A damaged VUI is forgiven to Main, Main 10 and still pictures.
 */
nvm_err_e nvm_hevc_params_nal(nvm_hevc_params_t *p, const uint8_t *nal,
    size_t n, nvm_fault_t *f);

/*
 * The bytes of a coded slice segment, of nal_unit_type 0..9 or 16..21, that
 * hold its NAL header and slice_segment_header() (7.3.6.1), byte_alignment()
 * included: 3..n, emulation prevention bytes counted.  One that follows the
 * last byte isn't.
 *
 * NVM_EINVAL: not a slice, the forbidden bit, or a field out of its range;
 * NVM_ENOENT: a parameter set that is not known; NVM_ETRUNC; NVM_EUNSUP:
 * reserved types (10..15, 22..31), layers over the base (annex F), parameter
 * sets with an extension for screen content, sets of reference pictures that
 * are predicted from one beyond NVM_HEVC_KEPT_DELTAS.  *bytes is set only with
 * NVM_OK.
 */
nvm_err_e nvm_hevc_slice_len(const nvm_hevc_params_t *p, const uint8_t *nal,
    size_t n, size_t *bytes, nvm_fault_t *f);


#endif /* NVM_HEVC_SLICE_H */
