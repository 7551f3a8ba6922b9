/*
 * Copyright (C) ngx_video authors
 *
 * The sequence header of AV1, for nvm_av1.c and the headers of frames.
 */

#ifndef NVM_AV1_SEQ_H
#define NVM_AV1_SEQ_H

#include "nvm_av1.h"
#include "nvm_reader.h"


#define NVM_AV1_MAX_POINTS  32          /* operating points */

/* SELECT_SCREEN_CONTENT_TOOLS, SELECT_INTEGER_MV: each frame tells */
#define NVM_AV1_SELECT      2


/* What headers of frames depend on; names in comments are those of 5.5. */
typedef struct {
    uint32_t       width;               /* of frames without their own */
    uint32_t       height;
    uint32_t       models;              /* a bit per operating point:
                                           decoder_model_present_for_this_op */
    uint16_t       idc[NVM_AV1_MAX_POINTS];     /* operating_point_idc */

    uint8_t        profile;
    uint8_t        depth;
    uint8_t        points;              /* operating points */
    uint8_t        delay_bits;          /* lengths of fields */
    uint8_t        removal_bits;
    uint8_t        presentation_bits;
    uint8_t        width_bits;
    uint8_t        height_bits;
    uint8_t        id_bits;             /* 0: frames have no numbers */
    uint8_t        id_delta_bits;
    uint8_t        order_bits;          /* 0: enable_order_hint is 0 */
    uint8_t        screen;              /* seq_force_screen_content_tools */
    uint8_t        integer;             /* seq_force_integer_mv */

    unsigned       reduced:1;           /* reduced_still_picture_header */
    unsigned       model:1;             /* decoder_model_info_present_flag */
    unsigned       delay:1;             /* initial_display_delay_present_flag */
    unsigned       equal:1;             /* equal_picture_interval */
    unsigned       large:1;             /* use_128x128_superblock */
    unsigned       warped:1;            /* enable_warped_motion */
    unsigned       ref_mvs:1;           /* enable_ref_frame_mvs */
    unsigned       superres:1;          /* enable_superres */
    unsigned       cdef:1;              /* enable_cdef */
    unsigned       restoration:1;       /* enable_restoration */
    unsigned       monochrome:1;
    unsigned       rgb:1;               /* its range and chroma are known */
    unsigned       subsampling_x:1;
    unsigned       subsampling_y:1;
    unsigned       separate_uv:1;       /* separate_uv_delta_q */
    unsigned       grain:1;             /* film_grain_params_present */
} nvm_av1_seq_t;


/*
 * Reads a sequence_header_obu() without its OBU header, as far as the range of
 * its colour; the profile, level, tier, depth and subsampling in out stay
 * those of av1C.  The error is in b.
 */
void nvm_av1_sequence(nvm_bits_t *b, nvm_av1_t *out, nvm_av1_seq_t *q);

/* Reads the rest of it. */
void nvm_av1_sequence_rest(nvm_bits_t *b, nvm_av1_seq_t *q);


#endif /* NVM_AV1_SEQ_H */
