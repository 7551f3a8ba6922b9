/*
 * Copyright (C) ngx_video authors
 *
 * Short-term reference picture sets (ITU-T H.265, 7.3.7 and 7.4.8).
 */

#include <string.h>

#include "nvm_hevc_sps.h"
#include "nvm_sps.h"


/* abs_delta_rps_minus1, delta_poc_s0_minus1 and their like (7.4.8) */
#define NVM_HEVC_MAX_DELTA  32767


static void
nvm_hevc_rps_add(nvm_bits_t *b, nvm_hevc_rps_t *s, int32_t delta,
    unsigned used)
{
    if (s->n == NVM_HEVC_MAX_DPB || delta < INT16_MIN || delta > INT16_MAX) {
        b->error = b->error ? b->error : NVM_EINVAL;
        return;
    }

    s->used = (uint16_t) (s->used | (used & 1) << s->n);
    s->delta[s->n++] = (int16_t) delta;
}


void
nvm_hevc_rps_full(nvm_bits_t *b, nvm_hevc_rps_t *out)
{
    int32_t   delta, sign;
    unsigned  i, n, group;
    uint32_t  count[2];

    memset(out, 0, sizeof(nvm_hevc_rps_t));

    count[0] = nvm_sps_ue(b, NVM_HEVC_MAX_DPB);
    count[1] = nvm_sps_ue(b, NVM_HEVC_MAX_DPB - count[0]);

    for (group = 0; group < 2; group++) {
        n = count[group];
        sign = group ? 1 : -1;
        delta = 0;

        for (i = 0; i < n && b->error == NVM_OK; i++) {
            delta += sign * (int32_t) (nvm_sps_ue(b, NVM_HEVC_MAX_DELTA) + 1);
            nvm_hevc_rps_add(b, out, delta, nvm_bits_u(b, 1));
        }
    }

    if (b->error) {
        memset(out, 0, sizeof(nvm_hevc_rps_t));
    }
}


/*
 * The group of one sign, from near to far.  Pictures of ref on the other side
 * that the shift carries over come first, from far to near: the last of them
 * is nearest now; then the picture of ref itself; then those of its own side.
 */
static void
nvm_hevc_rps_group(nvm_bits_t *b, const nvm_hevc_rps_t *ref, int32_t shift,
    int32_t sign, uint32_t kept, uint32_t used, nvm_hevc_rps_t *out)
{
    int       side;
    int32_t   delta;
    unsigned  i, j;

    for (side = -1; side <= 1; side += 2) {

        for (i = 0; i < ref->n; i++) {
            j = side < 0 ? ref->n - 1u - i : i;
            delta = ref->delta[j];

            if ((delta * sign > 0) != (side > 0)) {
                continue;
            }

            delta += shift;

            if (delta * sign > 0 && (kept >> j & 1)) {
                nvm_hevc_rps_add(b, out, delta, used >> j);
            }
        }

        if (side < 0 && shift * sign > 0 && (kept >> ref->n & 1)) {
            nvm_hevc_rps_add(b, out, shift, used >> ref->n);
        }
    }
}


void
nvm_hevc_rps_predicted(nvm_bits_t *b, const nvm_hevc_rps_t *ref,
    nvm_hevc_rps_t *out)
{
    int32_t         shift;
    unsigned        i, bit;
    uint32_t        kept, used, minus;
    nvm_hevc_rps_t  made;

    minus = nvm_bits_u(b, 1);                   /* delta_rps_sign */
    shift = (int32_t) nvm_sps_ue(b, NVM_HEVC_MAX_DELTA) + 1;
    shift = minus ? -shift : shift;

    kept = 0;
    used = 0;

    for (i = 0; i <= ref->n && b->error == NVM_OK; i++) {
        bit = nvm_bits_u(b, 1);                 /* used_by_curr_pic_flag */
        used |= bit << i;
        kept |= (bit || nvm_bits_u(b, 1)) << i;     /* use_delta_flag */
    }

    memset(&made, 0, sizeof(nvm_hevc_rps_t));

    if (b->error == NVM_OK) {
        nvm_hevc_rps_group(b, ref, shift, -1, kept, used, &made);
        nvm_hevc_rps_group(b, ref, shift, 1, kept, used, &made);
    }

    if (b->error) {
        memset(&made, 0, sizeof(nvm_hevc_rps_t));
    }

    *out = made;                                /* which may be ref */
}
