/*
 * Copyright (C) ngx_video authors
 *
 * The header of a frame of AV1, for nvm_av1_frame.c alone.
 */

#ifndef NVM_AV1_HEADER_H
#define NVM_AV1_HEADER_H

#include "nvm_av1_frame.h"
#include "nvm_av1_obu.h"


/* frame_type */
#define NVM_AV1_KEY_FRAME           0
#define NVM_AV1_INTER_FRAME         1
#define NVM_AV1_INTRA_ONLY_FRAME    2
#define NVM_AV1_SWITCH_FRAME        3

#define NVM_AV1_REFS_PER_FRAME      7
#define NVM_AV1_PRIMARY_NONE        7       /* PRIMARY_REF_NONE */


/* A frame, and what one part of its header tells another. */
typedef struct {
    uint32_t       width;               /* FrameWidth */
    uint32_t       upscaled;            /* UpscaledWidth */
    uint32_t       height;

    uint16_t       columns;             /* TileCols, TileRows */
    uint16_t       rows;
    uint8_t        columns_log2;
    uint8_t        rows_log2;
    uint8_t        size_bytes;          /* TileSizeBytes */

    uint8_t        type;
    uint8_t        order_hint;
    uint8_t        primary;             /* primary_ref_frame */
    uint8_t        refresh;             /* refresh_frame_flags */
    uint8_t        index[NVM_AV1_REFS_PER_FRAME];   /* ref_frame_idx */
    uint8_t        temporal;            /* of the OBU */
    uint8_t        spatial;
    uint8_t        q_idx;               /* base_q_idx */
    uint8_t        segments;            /* see nvm_av1_ref_t */
    int16_t        alt_q[NVM_AV1_SEGMENTS];

    unsigned       existing:1;          /* show_existing_frame */
    unsigned       intra:1;             /* FrameIsIntra */
    unsigned       shown:1;
    unsigned       showable:1;
    unsigned       resilient:1;         /* error_resilient_mode */
    unsigned       override:1;          /* frame_size_override_flag */
    unsigned       screen:1;            /* allow_screen_content_tools */
    unsigned       integer:1;           /* force_integer_mv */
    unsigned       intrabc:1;           /* allow_intrabc */
    unsigned       precise:1;           /* allow_high_precision_mv */
    unsigned       delta_q:1;           /* one of the DeltaQ is not 0 */
    unsigned       lossless:1;          /* CodedLossless */
    unsigned       compound:1;          /* reference_select */
} nvm_av1_header_t;


/*
 * Reads an uncompressed_header() and updates the references in s by it.  The
 * error is in b; s is undefined after one.
 */
void nvm_av1_header(nvm_bits_t *b, nvm_av1_frames_t *s,
    const nvm_av1_obu_t *obu, nvm_av1_header_t *h);

/* nvm_av1_params.c: its parts behind disable_frame_end_update_cdf */
void nvm_av1_params(nvm_bits_t *b, const nvm_av1_frames_t *s,
    nvm_av1_header_t *h);

/* get_relative_dist(): of order hints, 0 without them */
int nvm_av1_distance(const nvm_av1_seq_t *q, unsigned a, unsigned b);


#endif /* NVM_AV1_HEADER_H */
