/*
 * Copyright (C) ngx_video authors
 *
 * Loudness, see vtc_level.h.
 */

#include <math.h>

#include "vtc_level.h"


/* LUFS, below which there is no sound (EBU R 128: -70), or only noise */
#define VTC_LEVEL_SILENCE   (-60.0)

/* LU that sound may be below the mean and count (EBU Tech 3341, the gate) */
#define VTC_LEVEL_GATE      20.0

/* of 100 ms: what the mean is of, at most; and for how long it moves fast */
#define VTC_LEVEL_MEAN      300
#define VTC_LEVEL_BEGIN     50

/* dB in 100 ms, then and later */
#define VTC_LEVEL_FAST      0.5
#define VTC_LEVEL_SLOW      0.1

/* dB */
#define VTC_LEVEL_MOST      20.0


double
vtc_level(vtc_level_t *l, double target, double momentary, double recent)
{
    double  loudness, step, gain;

    if (!(momentary > VTC_LEVEL_SILENCE) || !(recent > VTC_LEVEL_SILENCE)
        || recent > 40)
    {
        return l->gain;
    }

    loudness = l->heard ? 10 * log10(l->energy) : recent;

    if (l->heard > VTC_LEVEL_BEGIN && momentary < loudness - VTC_LEVEL_GATE) {
        return l->gain;
    }

    /* the first 3 s are of what came before, too */
    l->heard += l->heard < VTC_LEVEL_MEAN;
    l->energy += (pow(10, recent / 10) - l->energy)
                 / (l->heard < 10 ? 1 : l->heard);

    gain = target - 10 * log10(l->energy);
    gain = fmin(fmax(gain, -VTC_LEVEL_MOST), VTC_LEVEL_MOST);
    step = l->heard < VTC_LEVEL_BEGIN ? VTC_LEVEL_FAST : VTC_LEVEL_SLOW;
    l->gain += fmin(fmax(gain - l->gain, -step), step);

    return l->gain;
}
