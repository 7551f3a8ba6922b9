/*
 * Copyright (C) ngx_video authors
 *
 * What slices of H.265 take from their SPS, beyond what a track does, and the
 * syntax that SPS, PPS and slice headers share.
 */

#ifndef NVM_HEVC_SPS_H
#define NVM_HEVC_SPS_H

#include "nvm_hevc.h"
#include "nvm_reader.h"


/* Limits of ITU-T H.265, 7.4.3.2.1, 7.4.8 and A.4.2. */
#define NVM_HEVC_MAX_RPS        64      /* sets of an SPS */
#define NVM_HEVC_MAX_DPB        16      /* pictures in a set */
#define NVM_HEVC_MAX_LONG_TERM  32      /* of an SPS */


/*
 * A short-term reference picture set: differences of picture order counts,
 * those before the picture first, each group from near to far.
 */
typedef struct {
    int16_t   delta[NVM_HEVC_MAX_DPB];
    uint16_t  used;             /* bit i: the current picture may use delta i */
    uint8_t   n;                /* NumDeltaPocs, 0..16 */
} nvm_hevc_rps_t;


typedef struct {
    uint32_t        ctb_width;  /* of the picture, in coding tree blocks */
    uint32_t        ctb_height;
    uint32_t        long_used;  /* bit i: used_by_curr_pic_lt_sps_flag[i] */
    uint8_t         poc_bits;   /* 4..16 */
    uint8_t         nlong;      /* num_long_term_ref_pics_sps, 0..32 */
    uint8_t         nsets;      /* 0..64 */
    unsigned        separate_planes:1;
    unsigned        sao:1;
    unsigned        long_term:1;        /* long_term_ref_pics_present_flag */
    unsigned        temporal_mvp:1;
    unsigned        screen:1;   /* has a screen content coding extension */
    unsigned        complete:1; /* read up to what is here */
    unsigned        extension_known:1;  /* read up to the extensions, too */
    nvm_hevc_rps_t  sets[NVM_HEVC_MAX_RPS];
} nvm_hevc_coding_t;


/*
 * As nvm_hevc_sps_parse(); *id is set with any result, to 0 when it cannot be
 * read.  Damage behind the size is no error: it shows in coding->complete, and
 * in extension_known.
 */
nvm_err_e nvm_hevc_sps_read(const uint8_t *data, size_t n,
    nvm_hevc_sps_t *out, nvm_hevc_coding_t *coding, uint8_t *id,
    nvm_fault_t *f);

/* scaling_list_data() (7.3.4), of which only the length matters. */
void nvm_hevc_scaling_lists(nvm_bits_t *b);

/*
 * What follows inter_ref_pic_set_prediction_flag in st_ref_pic_set() (7.3.7):
 * a set told in full, and one told by its difference from ref (7-61, 7-62).
 * After an error of b *out is empty.
 */
void nvm_hevc_rps_full(nvm_bits_t *b, nvm_hevc_rps_t *out);
void nvm_hevc_rps_predicted(nvm_bits_t *b, const nvm_hevc_rps_t *ref,
    nvm_hevc_rps_t *out);


#endif /* NVM_HEVC_SPS_H */
