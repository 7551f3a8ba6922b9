/*
 * Copyright (C) ngx_video authors
 *
 * sequence_header_obu(): AV1 specification, 5.5.  Names in comments are those
 * of its syntax tables.
 */

#include "nvm_av1_seq.h"
#include "nvm_sps.h"


/* seq_level_idx above which a tier follows (5.5.1) */
#define NVM_AV1_LEVEL_TIER      7

/* BT.709, sRGB, identity: the colour of 4:4:4 RGB, always of full range */
#define NVM_AV1_CP_BT709        1
#define NVM_AV1_TC_SRGB         13
#define NVM_AV1_MC_IDENTITY     0

/* select_screen_content_tools: each frame tells */
#define NVM_AV1_SELECT          2


/* What one part of the header tells another. */
typedef struct {
    unsigned   reduced:1;       /* reduced_still_picture_header */
    unsigned   model:1;         /* decoder_model_info_present_flag */
    unsigned   delay:1;         /* initial_display_delay_present_flag */
    unsigned   delay_bits;      /* buffer_delay_length */
    unsigned   profile;
    unsigned   depth;
} nvm_av1_seq_t;


/* timing_info() and decoder_model_info(), 5.5.3 and 5.5.4 */
static void
nvm_av1_timing(nvm_bits_t *b, nvm_av1_seq_t *q, nvm_av1_t *out)
{
    uint32_t  units, scale, ticks;

    units = nvm_bits_u(b, 32);          /* num_units_in_display_tick */
    scale = nvm_bits_u(b, 32);

    if (nvm_bits_u(b, 1)) {             /* equal_picture_interval */
        ticks = nvm_bits_ue(b);

        if (b->error == NVM_OK) {
            nvm_sps_rate(scale, (uint64_t) units * ((uint64_t) ticks + 1),
                         &out->fps_num, &out->fps_den);
        }
    }

    q->model = nvm_bits_u(b, 1) & 1;

    if (q->model) {
        q->delay_bits = nvm_bits_u(b, 5) + 1;
        nvm_bits_skip(b, 32 + 5 + 5);
    }
}


static void
nvm_av1_operating_points(nvm_bits_t *b, nvm_av1_seq_t *q)
{
    unsigned  n;

    n = nvm_bits_u(b, 5) + 1;           /* operating_points_cnt_minus_1 */

    while (n-- && b->error == NVM_OK) {
        nvm_bits_skip(b, 12);           /* operating_point_idc */

        if (nvm_bits_u(b, 5) > NVM_AV1_LEVEL_TIER) {
            nvm_bits_skip(b, 1);        /* seq_tier */
        }

        if (q->model && nvm_bits_u(b, 1)) {
            nvm_bits_skip(b, q->delay_bits * 2 + 1);
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
    q->profile = nvm_bits_u(b, 3);
    nvm_bits_skip(b, 1);                /* still_picture */
    q->reduced = nvm_bits_u(b, 1) & 1;

    if (q->reduced) {
        nvm_bits_skip(b, 5);            /* seq_level_idx */
        return;
    }

    if (nvm_bits_u(b, 1)) {             /* timing_info_present_flag */
        nvm_av1_timing(b, q, out);
    }

    q->delay = nvm_bits_u(b, 1) & 1;
    nvm_av1_operating_points(b, q);
}


static void
nvm_av1_size(nvm_bits_t *b, nvm_av1_seq_t *q, nvm_av1_t *out)
{
    unsigned  width_bits, height_bits;

    width_bits = nvm_bits_u(b, 4) + 1;
    height_bits = nvm_bits_u(b, 4) + 1;
    out->width = nvm_bits_u(b, width_bits) + 1;
    out->height = nvm_bits_u(b, height_bits) + 1;

    if (!q->reduced && nvm_bits_u(b, 1)) {
        nvm_bits_skip(b, 4 + 3);        /* lengths of frame ids */
    }
}


/* The flags of coding tools between size and colour */
static void
nvm_av1_tools(nvm_bits_t *b, nvm_av1_seq_t *q)
{
    unsigned  order, screen;

    nvm_bits_skip(b, 3);                /* superblocks, intra tools */

    if (!q->reduced) {
        nvm_bits_skip(b, 4);            /* inter tools */
        order = nvm_bits_u(b, 1);       /* enable_order_hint */
        nvm_bits_skip(b, order ? 2 : 0);

        /* seq_choose_screen_content_tools, or which */
        screen = nvm_bits_u(b, 1) ? NVM_AV1_SELECT : nvm_bits_u(b, 1);

        if (screen && nvm_bits_u(b, 1) == 0) {
            nvm_bits_skip(b, 1);        /* seq_force_integer_mv */
        }

        nvm_bits_skip(b, order ? 3 : 0);
    }

    nvm_bits_skip(b, 3);                /* superres, cdef, restoration */
}


/* color_config(), 5.5.2, as far as the range */
static void
nvm_av1_colour(nvm_bits_t *b, nvm_av1_seq_t *q, nvm_colour_t *c)
{
    unsigned  mono;

    if (nvm_bits_u(b, 1) && q->profile == 2) {
        nvm_bits_skip(b, 1);            /* twelve_bit */
    }

    mono = q->profile == 1 ? 0 : nvm_bits_u(b, 1);

    if (nvm_bits_u(b, 1)) {             /* color_description_present_flag */
        c->primaries = (uint8_t) nvm_bits_u(b, 8);
        c->transfer = (uint8_t) nvm_bits_u(b, 8);
        c->matrix = (uint8_t) nvm_bits_u(b, 8);
    }

    if (!mono && c->primaries == NVM_AV1_CP_BT709
        && c->transfer == NVM_AV1_TC_SRGB
        && c->matrix == NVM_AV1_MC_IDENTITY)
    {
        c->full_range = 1;
        return;
    }

    c->full_range = nvm_bits_u(b, 1) & 1;
}


void
nvm_av1_sequence(nvm_bits_t *b, nvm_av1_t *out)
{
    nvm_av1_seq_t  q = { 0 };

    nvm_av1_head(b, &q, out);
    nvm_av1_size(b, &q, out);
    nvm_av1_tools(b, &q);
    nvm_av1_colour(b, &q, &out->colour);
}
