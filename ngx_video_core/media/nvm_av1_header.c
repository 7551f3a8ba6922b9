/*
 * Copyright (C) ngx_video authors
 *
 * uncompressed_header(): AV1 specification, 5.9.2, as far as its references
 * and sizes; the reference frame update process, 7.20.  Names in comments are
 * those of its syntax tables.
 */

#include <string.h>

#include "nvm_av1_header.h"


#define NVM_AV1_ALL_FRAMES      0xff

/* SUPERRES_NUM, SUPERRES_DENOM_MIN, SUPERRES_DENOM_BITS */
#define NVM_AV1_SUPERRES        8
#define NVM_AV1_SUPERRES_MIN    9
#define NVM_AV1_SUPERRES_BITS   3

/* ref_frame_idx of names of references */
#define NVM_AV1_LAST            0
#define NVM_AV1_GOLDEN          3
#define NVM_AV1_BWDREF          4
#define NVM_AV1_ALTREF2         5
#define NVM_AV1_ALTREF          6


/* What find_latest_backward() and its like look for (7.8). */
typedef enum {
    NVM_AV1_LATEST_BACKWARD,
    NVM_AV1_EARLIEST_BACKWARD,
    NVM_AV1_LATEST_FORWARD,
    NVM_AV1_EARLIEST
} nvm_av1_find_e;


int
nvm_av1_distance(const nvm_av1_seq_t *q, unsigned a, unsigned b)
{
    int  diff, m;

    if (q->order_bits == 0) {
        return 0;
    }

    diff = (int) a - (int) b;
    m = 1 << (q->order_bits - 1);

    return (diff & (m - 1)) - (diff & m);
}


/* A reference by distance of its order hint: its slot, or -1. */
static int
nvm_av1_find(const nvm_av1_frames_t *s, const nvm_av1_header_t *h,
    unsigned used, nvm_av1_find_e what)
{
    int       d, best, found;
    unsigned  i, backward, latest;

    found = -1;
    best = 0;

    for (i = 0; i < NVM_AV1_REFS; i++) {
        d = nvm_av1_distance(&s->seq, s->refs[i].order_hint, h->order_hint);

        if (what != NVM_AV1_EARLIEST) {
            backward = what != NVM_AV1_LATEST_FORWARD;

            if ((used >> i & 1) || (d >= 0) != backward) {
                continue;
            }
        }

        latest = what == NVM_AV1_LATEST_BACKWARD
                 || what == NVM_AV1_LATEST_FORWARD;

        if (found < 0 || (latest ? d >= best : d < best)) {
            found = (int) i;
            best = d;
        }
    }

    return found;
}


/* set_frame_refs(), 7.8: all references by two of them */
static void
nvm_av1_set_frame_refs(const nvm_av1_frames_t *s, nvm_av1_header_t *h,
    unsigned last, unsigned golden)
{
    int       slot;
    unsigned  i, used, set;

    /* in the order in which they choose */
    static const struct {
        uint8_t         name;
        nvm_av1_find_e  what;
    } order[] = {
        { NVM_AV1_ALTREF, NVM_AV1_LATEST_BACKWARD },
        { NVM_AV1_BWDREF, NVM_AV1_EARLIEST_BACKWARD },
        { NVM_AV1_ALTREF2, NVM_AV1_EARLIEST_BACKWARD },
        { NVM_AV1_LAST + 1, NVM_AV1_LATEST_FORWARD },
        { NVM_AV1_LAST + 2, NVM_AV1_LATEST_FORWARD },
        { NVM_AV1_BWDREF, NVM_AV1_LATEST_FORWARD },
        { NVM_AV1_ALTREF2, NVM_AV1_LATEST_FORWARD },
        { NVM_AV1_ALTREF, NVM_AV1_LATEST_FORWARD },
    };

    h->index[NVM_AV1_LAST] = (uint8_t) last;
    h->index[NVM_AV1_GOLDEN] = (uint8_t) golden;
    used = 1u << last | 1u << golden;
    set = 1u << NVM_AV1_LAST | 1u << NVM_AV1_GOLDEN;

    for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {

        if (set >> order[i].name & 1) {
            continue;
        }

        slot = nvm_av1_find(s, h, used, order[i].what);

        if (slot >= 0) {
            h->index[order[i].name] = (uint8_t) slot;
            used |= 1u << slot;
            set |= 1u << order[i].name;
        }
    }

    slot = nvm_av1_find(s, h, used, NVM_AV1_EARLIEST);

    for (i = 0; i < NVM_AV1_REFS_PER_FRAME; i++) {
        if (!(set >> i & 1)) {
            h->index[i] = (uint8_t) slot;
        }
    }
}


/* superres_params(); what was read before is the upscaled width. */
static void
nvm_av1_superres(nvm_bits_t *b, const nvm_av1_seq_t *q, nvm_av1_header_t *h)
{
    uint32_t  denominator;

    h->width = h->upscaled;

    if (q->superres && nvm_bits_u(b, 1)) {      /* use_superres */
        denominator = nvm_bits_u(b, NVM_AV1_SUPERRES_BITS)
                      + NVM_AV1_SUPERRES_MIN;
        h->width = (h->upscaled * NVM_AV1_SUPERRES + denominator / 2)
                   / denominator;
    }
}


/* frame_size() and render_size() */
static void
nvm_av1_frame_size(nvm_bits_t *b, const nvm_av1_seq_t *q, nvm_av1_header_t *h)
{
    h->upscaled = q->width;
    h->height = q->height;

    if (h->override) {
        h->upscaled = nvm_bits_u(b, q->width_bits) + 1;
        h->height = nvm_bits_u(b, q->height_bits) + 1;
    }

    nvm_av1_superres(b, q, h);

    if (nvm_bits_u(b, 1)) {             /* render_and_frame_size_different */
        nvm_bits_skip(b, 16 + 16);
    }
}


static void
nvm_av1_size_with_refs(nvm_bits_t *b, const nvm_av1_frames_t *s,
    nvm_av1_header_t *h)
{
    unsigned              i;
    const nvm_av1_ref_t  *ref;

    for (i = 0; i < NVM_AV1_REFS_PER_FRAME; i++) {

        if (nvm_bits_u(b, 1)) {         /* found_ref */
            ref = &s->refs[h->index[i]];
            h->upscaled = ref->width;
            h->height = ref->height;
            nvm_av1_superres(b, &s->seq, h);
            return;
        }
    }

    nvm_av1_frame_size(b, &s->seq, h);
}


static void
nvm_av1_intra(nvm_bits_t *b, const nvm_av1_seq_t *q, nvm_av1_header_t *h)
{
    nvm_av1_frame_size(b, q, h);

    if (h->screen && h->upscaled == h->width) {
        h->intrabc = nvm_bits_u(b, 1) & 1;
    }
}


/* Which frames an inter frame refers to; all of them were seen. */
static void
nvm_av1_references(nvm_bits_t *b, const nvm_av1_frames_t *s,
    nvm_av1_header_t *h)
{
    unsigned  i, brief, last, golden;

    /* frame_refs_short_signaling */
    brief = s->seq.order_bits ? nvm_bits_u(b, 1) : 0;

    if (brief) {
        last = nvm_bits_u(b, 3);
        golden = nvm_bits_u(b, 3);
        nvm_av1_set_frame_refs(s, h, last, golden);
    }

    for (i = 0; i < NVM_AV1_REFS_PER_FRAME; i++) {

        if (!brief) {
            h->index[i] = (uint8_t) nvm_bits_u(b, 3);
        }

        /* delta_frame_id_minus_1 */
        nvm_bits_skip(b, s->seq.id_bits ? s->seq.id_delta_bits : 0);

        if (s->refs[h->index[i]].width == 0 && b->error == NVM_OK) {
            b->error = NVM_ENOENT;
        }
    }
}


static void
nvm_av1_inter(nvm_bits_t *b, const nvm_av1_frames_t *s, nvm_av1_header_t *h)
{
    nvm_av1_references(b, s, h);

    if (h->override && !h->resilient) {
        nvm_av1_size_with_refs(b, s, h);

    } else {
        nvm_av1_frame_size(b, &s->seq, h);
    }

    h->precise = h->integer ? 0 : nvm_bits_u(b, 1) & 1;

    if (nvm_bits_u(b, 1) == 0) {        /* is_filter_switchable */
        nvm_bits_skip(b, 2);
    }

    nvm_bits_skip(b, 1);                /* is_motion_mode_switchable */

    if (!h->resilient && s->seq.ref_mvs) {
        nvm_bits_skip(b, 1);            /* use_ref_frame_mvs */
    }
}


/* show_existing_frame: a key frame is loaded, and takes all slots (7.21) */
static void
nvm_av1_existing(nvm_bits_t *b, nvm_av1_frames_t *s)
{
    unsigned       i;
    nvm_av1_ref_t  ref;

    ref = s->refs[nvm_bits_u(b, 3)];    /* frame_to_show_map_idx */

    if (s->seq.model && !s->seq.equal) {
        nvm_bits_skip(b, s->seq.presentation_bits);
    }

    nvm_bits_skip(b, s->seq.id_bits);   /* display_frame_id */

    if (ref.width == 0 && b->error == NVM_OK) {
        b->error = NVM_ENOENT;
    }

    if (b->error == NVM_OK && ref.type == NVM_AV1_KEY_FRAME) {
        for (i = 0; i < NVM_AV1_REFS; i++) {
            s->refs[i] = ref;
        }
    }
}


/* From frame_type to error_resilient_mode */
static void
nvm_av1_type(nvm_bits_t *b, const nvm_av1_seq_t *q, nvm_av1_header_t *h)
{
    h->type = (uint8_t) nvm_bits_u(b, 2);
    h->shown = nvm_bits_u(b, 1) & 1;

    if (h->shown && q->model && !q->equal) {
        nvm_bits_skip(b, q->presentation_bits);
    }

    h->showable = h->shown ? h->type != NVM_AV1_KEY_FRAME
                           : nvm_bits_u(b, 1) & 1;

    h->resilient = h->type == NVM_AV1_SWITCH_FRAME
                   || (h->type == NVM_AV1_KEY_FRAME && h->shown)
                   || nvm_bits_u(b, 1);
}


/* buffer_removal_time, of the operating points that the frame is in */
static void
nvm_av1_removal(nvm_bits_t *b, const nvm_av1_seq_t *q,
    const nvm_av1_header_t *h)
{
    unsigned  i, idc;

    if (!q->model || nvm_bits_u(b, 1) == 0) {
        return;
    }

    for (i = 0; i < q->points; i++) {
        idc = q->idc[i];

        if ((q->models >> i & 1)
            && (idc == 0 || ((idc >> h->temporal & 1)
                             && (idc >> (h->spatial + 8) & 1))))
        {
            nvm_bits_skip(b, q->removal_bits);
        }
    }
}


/* From disable_cdf_update to primary_ref_frame */
static void
nvm_av1_flags(nvm_bits_t *b, const nvm_av1_seq_t *q, nvm_av1_header_t *h,
    unsigned *frozen)
{
    *frozen = nvm_bits_u(b, 1);         /* disable_cdf_update */

    h->screen = q->screen == NVM_AV1_SELECT ? nvm_bits_u(b, 1) & 1
                                            : q->screen & 1;

    if (h->screen) {
        h->integer = q->integer == NVM_AV1_SELECT ? nvm_bits_u(b, 1) & 1
                                                  : q->integer & 1;
    }

    nvm_bits_skip(b, q->id_bits);       /* current_frame_id */

    h->override = h->type == NVM_AV1_SWITCH_FRAME
                  || (!q->reduced && nvm_bits_u(b, 1));

    h->order_hint = (uint8_t) nvm_bits_u(b, q->order_bits);

    h->primary = NVM_AV1_PRIMARY_NONE;

    if (!h->intra && !h->resilient) {
        h->primary = (uint8_t) nvm_bits_u(b, 3);
    }
}


/* refresh_frame_flags and ref_order_hint, which may tell of frames lost */
static void
nvm_av1_refresh(nvm_bits_t *b, nvm_av1_frames_t *s, nvm_av1_header_t *h)
{
    unsigned  i;

    h->refresh = NVM_AV1_ALL_FRAMES;

    if (h->type != NVM_AV1_SWITCH_FRAME
        && !(h->type == NVM_AV1_KEY_FRAME && h->shown))
    {
        h->refresh = (uint8_t) nvm_bits_u(b, 8);
    }

    if (h->intra && h->refresh == NVM_AV1_ALL_FRAMES) {
        return;
    }

    if (h->resilient && s->seq.order_bits) {
        for (i = 0; i < NVM_AV1_REFS; i++) {
            s->refs[i].order_hint = (uint8_t) nvm_bits_u(b, s->seq.order_bits);
        }
    }
}


/* The reference frame update process, 7.20 */
static void
nvm_av1_update(nvm_av1_frames_t *s, const nvm_av1_header_t *h)
{
    unsigned       i;
    nvm_av1_ref_t  ref;

    memset(&ref, 0, sizeof(nvm_av1_ref_t));
    ref.width = h->upscaled;
    ref.height = h->height;
    ref.type = h->type;
    ref.order_hint = h->order_hint;
    ref.segments = h->segments;
    memcpy(ref.alt_q, h->alt_q, sizeof(ref.alt_q));

    for (i = 0; i < NVM_AV1_REFS; i++) {
        if (h->refresh >> i & 1) {
            s->refs[i] = ref;
        }
    }
}


void
nvm_av1_header(nvm_bits_t *b, nvm_av1_frames_t *s, const nvm_av1_obu_t *obu,
    nvm_av1_header_t *h)
{
    unsigned  i, frozen;

    memset(h, 0, sizeof(nvm_av1_header_t));
    h->temporal = obu->temporal;
    h->spatial = obu->spatial;

    if (s->seq.reduced) {
        h->type = NVM_AV1_KEY_FRAME;
        h->shown = 1;
        h->resilient = 1;

    } else {
        h->existing = nvm_bits_u(b, 1) & 1;

        if (h->existing) {
            nvm_av1_existing(b, s);
            return;
        }

        nvm_av1_type(b, &s->seq, h);
    }

    h->intra = h->type == NVM_AV1_KEY_FRAME
               || h->type == NVM_AV1_INTRA_ONLY_FRAME;

    if (h->type == NVM_AV1_KEY_FRAME && h->shown) {
        for (i = 0; i < NVM_AV1_REFS; i++) {
            s->refs[i].order_hint = 0;
        }
    }

    nvm_av1_flags(b, &s->seq, h, &frozen);
    nvm_av1_removal(b, &s->seq, h);
    nvm_av1_refresh(b, s, h);

    if (h->intra) {
        nvm_av1_intra(b, &s->seq, h);

    } else {
        nvm_av1_inter(b, s, h);
    }

    if (!s->seq.reduced && !frozen) {
        nvm_bits_skip(b, 1);            /* disable_frame_end_update_cdf */
    }

    if (b->error == NVM_OK) {
        nvm_av1_params(b, s, h);
        nvm_av1_update(s, h);
    }
}
