/*
 * Copyright (C) ngx_video authors
 *
 * How long the slice headers of H.264 are.  Common Encryption leaves them
 * clear (ISO/IEC 23001-7), so it needs to know where they end, and
 * that follows from the parameter sets that a slice refers to.
 *
 * Nothing here allocates.  A fault's offset counts from the first byte handed
 * in; f may be NULL.
 */

#ifndef NVM_H264_SLICE_H
#define NVM_H264_SLICE_H

#include "nvm.h"


/* Ids of parameter sets (ITU-T H.264, 7.4.2.1.1 and 7.4.2.2). */
#define NVM_H264_MAX_SPS    32
#define NVM_H264_MAX_PPS    256


/* Of an SPS and of a PPS what slice headers depend on. */
typedef struct {
    unsigned  map_units:25;             /* PicSizeInMapUnits */
    unsigned  frame_num_bits:5;         /* 4..16 */
    unsigned  poc_type:2;               /* 0..2 */
    unsigned  poc_bits:5;               /* 4..16 when poc_type is 0 */
    unsigned  poc_delta_zero:1;
    unsigned  frame_mbs_only:1;
    unsigned  separate_planes:1;
    unsigned  chroma:1;                 /* ChromaArrayType is not 0 */
    unsigned  known:1;
} nvm_h264_slice_sps_t;


typedef struct {
    unsigned  change_rate:25;           /* SliceGroupChangeRate, or 0 */
    unsigned  sps:5;
    unsigned  weighted_bipred:2;        /* weighted_bipred_idc */
    unsigned  refs0:6;                  /* references by default, 1..32 */
    unsigned  refs1:6;
    unsigned  weighted:1;
    unsigned  cabac:1;
    unsigned  frame_poc:1;              /* of the bottom field, in frames */
    unsigned  deblocking:1;
    unsigned  redundant:1;
    unsigned  known:1;
} nvm_h264_slice_pps_t;


/* Parameter sets by id; 2304 bytes in the caller's memory. */
typedef struct {
    nvm_h264_slice_sps_t  sps[NVM_H264_MAX_SPS];
    nvm_h264_slice_pps_t  pps[NVM_H264_MAX_PPS];
} nvm_h264_params_t;


/* No parameter set is known. */
void nvm_h264_params_init(nvm_h264_params_t *p);

/*
 * Takes all parameter sets of an AVCDecoderConfigurationRecord (ISO/IEC
 * 14496-15, 5.3.3.1), which may be none (avc3).  Errors: those of
 * nvm_avcc_parse() but NVM_ENOENT, then nothing was taken; and those of
 * nvm_h264_params_nal(), of the first bad set: the others were taken.
 */
nvm_err_e nvm_h264_params_config(nvm_h264_params_t *p, const uint8_t *avcc,
    size_t n, nvm_fault_t *f);

/*
 * Takes a NAL unit as it stands in a sample, header and emulation prevention
 * bytes included: an SPS or a PPS (7.3.2.1, 7.3.2.2) replaces that of its id,
 * all else is ignored.  NVM_EINVAL: no byte, the forbidden bit, or a field out
 * of its range; NVM_ELIMIT: a picture over 65535 in a direction; NVM_ETRUNC.
 * After an error the set of that id is unknown.
 */
nvm_err_e nvm_h264_params_nal(nvm_h264_params_t *p, const uint8_t *nal,
    size_t n, nvm_fault_t *f);

/*
 * The bytes of a coded slice, of nal_unit_type 1 or 5, that hold its NAL
 * header and slice_header() (7.3.3): 2..n, the last one perhaps in part,
 * emulation prevention bytes counted.  One that follows the last byte isn't.
 *
 * NVM_EINVAL: not a slice, the forbidden bit, or a field out of its range;
 * NVM_ENOENT: a parameter set that is not known; NVM_ETRUNC; NVM_EUNSUP: data
 * partitions (2..4), slices of auxiliary pictures, scalable, multiview and 3D
 * coding (19..21).  *bytes is set only with NVM_OK.
 */
nvm_err_e nvm_h264_slice_len(const nvm_h264_params_t *p, const uint8_t *nal,
    size_t n, size_t *bytes, nvm_fault_t *f);


#endif /* NVM_H264_SLICE_H */
