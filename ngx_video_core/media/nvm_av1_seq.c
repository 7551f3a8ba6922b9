/*
 * Copyright (C) ngx_video authors
 *
 * sequence_header_obu(): AV1 specification, 5.5.  Names in comments are those
 * of its syntax tables.
 */

#include <string.h>

#include "nvm_av1_seq.h"
#include "nvm_sps.h"


/* seq_level_idx above which a tier follows (5.5.1) */
#define NVM_AV1_LEVEL_TIER      7

/* BT.709, sRGB, identity: the colour of 4:4:4 RGB, always of full range */
#define NVM_AV1_CP_BT709        1
#define NVM_AV1_TC_SRGB         13
#define NVM_AV1_MC_IDENTITY     0


/* timing_info() and decoder_model_info(), 5.5.3 and 5.5.4 */
static void
nvm_av1_timing(nvm_bits_t *b, nvm_av1_seq_t *q, nvm_av1_t *out)
{
    uint32_t  units, scale, ticks;

    units = nvm_bits_u(b, 32);          /* num_units_in_display_tick */
    scale = nvm_bits_u(b, 32);

    q->equal = nvm_bits_u(b, 1) & 1;

    if (q->equal) {
        ticks = nvm_bits_ue(b);

        if (b->error == NVM_OK) {
            nvm_sps_rate(scale, (uint64_t) units * ((uint64_t) ticks + 1),
                         &out->fps_num, &out->fps_den);
        }
    }

    q->model = nvm_bits_u(b, 1) & 1;

    if (q->model) {
        q->delay_bits = (uint8_t) (nvm_bits_u(b, 5) + 1);
        nvm_bits_skip(b, 32);           /* num_units_in_decoding_tick */
        q->removal_bits = (uint8_t) (nvm_bits_u(b, 5) + 1);
        q->presentation_bits = (uint8_t) (nvm_bits_u(b, 5) + 1);
    }
}


static void
nvm_av1_operating_points(nvm_bits_t *b, nvm_av1_seq_t *q)
{
    unsigned  i;

    q->points = (uint8_t) (nvm_bits_u(b, 5) + 1);

    for (i = 0; i < q->points && b->error == NVM_OK; i++) {
        q->idc[i] = (uint16_t) nvm_bits_u(b, 12);

        if (nvm_bits_u(b, 5) > NVM_AV1_LEVEL_TIER) {
            nvm_bits_skip(b, 1);        /* seq_tier */
        }

        if (q->model && nvm_bits_u(b, 1)) {
            q->models |= UINT32_C(1) << i;
            nvm_bits_skip(b, q->delay_bits * 2u + 1);
        }

        if (q->delay && nvm_bits_u(b, 1)) {
            nvm_bits_skip(b, 4);        /* initial_display_delay_minus_1 */
        }
    }
}


/* From seq_profile to the operating points */
static void
nvm_av1_head(nvm_bits_t *b, nvm_av1_seq_t *q, nvm_av1_t *out)
{
    q->profile = (uint8_t) nvm_bits_u(b, 3);
    nvm_bits_skip(b, 1);                /* still_picture */
    q->reduced = nvm_bits_u(b, 1) & 1;

    if (q->reduced) {
        nvm_bits_skip(b, 5);            /* seq_level_idx */
        q->points = 1;
        return;
    }

    if (nvm_bits_u(b, 1)) {             /* timing_info_present_flag */
        nvm_av1_timing(b, q, out);
    }

    q->delay = nvm_bits_u(b, 1) & 1;
    nvm_av1_operating_points(b, q);
}


static void
nvm_av1_size(nvm_bits_t *b, nvm_av1_seq_t *q)
{
    q->width_bits = (uint8_t) (nvm_bits_u(b, 4) + 1);
    q->height_bits = (uint8_t) (nvm_bits_u(b, 4) + 1);
    q->width = nvm_bits_u(b, q->width_bits) + 1;
    q->height = nvm_bits_u(b, q->height_bits) + 1;

    if (!q->reduced && nvm_bits_u(b, 1)) {
        q->id_delta_bits = (uint8_t) (nvm_bits_u(b, 4) + 2);
        q->id_bits = (uint8_t) (nvm_bits_u(b, 3) + q->id_delta_bits + 1);
    }
}


/* Tools of inter frames, and of what screens show */
static void
nvm_av1_inter_tools(nvm_bits_t *b, nvm_av1_seq_t *q)
{
    unsigned  order;

    nvm_bits_skip(b, 2);                /* compounds */
    q->warped = nvm_bits_u(b, 1) & 1;
    nvm_bits_skip(b, 1);                /* enable_dual_filter */
    order = nvm_bits_u(b, 1);           /* enable_order_hint */

    if (order) {
        nvm_bits_skip(b, 1);            /* enable_jnt_comp */
        q->ref_mvs = nvm_bits_u(b, 1) & 1;
    }

    /* seq_choose_screen_content_tools, or which */

    if (nvm_bits_u(b, 1) == 0) {
        q->screen = (uint8_t) nvm_bits_u(b, 1);
    }

    if (q->screen && nvm_bits_u(b, 1) == 0) {
        q->integer = (uint8_t) nvm_bits_u(b, 1);
    }

    q->order_bits = (uint8_t) (order ? nvm_bits_u(b, 3) + 1 : 0);
}


/* The flags of coding tools between size and colour */
static void
nvm_av1_tools(nvm_bits_t *b, nvm_av1_seq_t *q)
{
    q->screen = NVM_AV1_SELECT;
    q->integer = NVM_AV1_SELECT;

    q->large = nvm_bits_u(b, 1) & 1;
    nvm_bits_skip(b, 2);                /* intra tools */

    if (!q->reduced) {
        nvm_av1_inter_tools(b, q);
    }

    q->superres = nvm_bits_u(b, 1) & 1;
    q->cdef = nvm_bits_u(b, 1) & 1;
    q->restoration = nvm_bits_u(b, 1) & 1;
}


/* color_config(), 5.5.2, as far as the range */
static void
nvm_av1_colour(nvm_bits_t *b, nvm_av1_seq_t *q, nvm_colour_t *c)
{
    q->depth = nvm_bits_u(b, 1) ? 10 : 8;

    if (q->depth == 10 && q->profile == 2) {
        q->depth = nvm_bits_u(b, 1) ? 12 : 10;
    }

    q->monochrome = q->profile == 1 ? 0 : nvm_bits_u(b, 1) & 1;

    if (nvm_bits_u(b, 1)) {             /* color_description_present_flag */
        c->primaries = (uint8_t) nvm_bits_u(b, 8);
        c->transfer = (uint8_t) nvm_bits_u(b, 8);
        c->matrix = (uint8_t) nvm_bits_u(b, 8);
    }

    q->rgb = !q->monochrome && c->primaries == NVM_AV1_CP_BT709
             && c->transfer == NVM_AV1_TC_SRGB
             && c->matrix == NVM_AV1_MC_IDENTITY;

    c->full_range = q->rgb ? 1 : nvm_bits_u(b, 1) & 1;
}


void
nvm_av1_sequence(nvm_bits_t *b, nvm_av1_t *out, nvm_av1_seq_t *q)
{
    memset(q, 0, sizeof(nvm_av1_seq_t));

    nvm_av1_head(b, q, out);
    nvm_av1_size(b, q);
    nvm_av1_tools(b, q);
    nvm_av1_colour(b, q, &out->colour);

    out->width = q->width;
    out->height = q->height;
}


void
nvm_av1_sequence_rest(nvm_bits_t *b, nvm_av1_seq_t *q)
{
    if (q->monochrome) {
        q->subsampling_x = 1;
        q->subsampling_y = 1;

    } else {
        if (!q->rgb) {
            q->subsampling_x = q->profile != 1;
            q->subsampling_y = q->profile == 0;

            if (q->profile == 2 && q->depth == 12) {
                q->subsampling_x = nvm_bits_u(b, 1) & 1;
                q->subsampling_y = q->subsampling_x ? nvm_bits_u(b, 1) & 1 : 0;
            }

            if (q->subsampling_x && q->subsampling_y) {
                nvm_bits_skip(b, 2);    /* chroma_sample_position */
            }
        }

        q->separate_uv = nvm_bits_u(b, 1) & 1;
    }

    q->grain = nvm_bits_u(b, 1) & 1;
}
