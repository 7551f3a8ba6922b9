/*
 * Copyright (C) ngx_video authors
 *
 * The program clock (ISO/IEC 13818-1, 2.4.2.2): how often it is sent, and how
 * even.
 *
 * A file has no times of arrival unless its packets carry them (192 bytes).
 * Without those a constant rate is assumed between two references, and the
 * jitter is how far the one in the middle is from where its place in the file
 * puts it.  For a file of variable rate that says little.
 */

#include "nvm_inspect_ts.h"


/* One of the reference's clock, 300 ticks of 27 MHz */
#define NVM_INSPECT_PCR_BASE    300


static void
nvm_inspect_jitter(nvm_inspect_pcr_t *c, int64_t off)
{
    uint64_t  v;

    v = (uint64_t) (off < 0 ? -off : off);

    c->jitter_max = v > c->jitter_max ? v : c->jitter_max;
    c->jitter_sum += v;
    c->jitters++;
}


/* "step" ticks and "bytes" passed since the reference before. */
static void
nvm_inspect_pcr_step(nvm_inspect_ts_t *ts, nvm_inspect_pcr_t *c, int64_t step,
    uint64_t bytes)
{
    __int128  place;

    c->max = (uint64_t) step > c->max ? (uint64_t) step : c->max;
    c->sum += (uint64_t) step;
    c->intervals++;

    if (ts->prefix) {
        nvm_inspect_jitter(c, step
                           - nvm_inspect_ts_minus(ts->arrival, c->arrival,
                                                  30));

    } else if (c->step) {
        place = (__int128) (c->step + step) * c->bytes / (c->bytes + bytes);
        nvm_inspect_jitter(c, (int64_t) (c->step - place));
    }

    c->step = step;
    c->bytes = bytes;
}


void
nvm_inspect_pcr(nvm_inspect_ts_t *ts, nvm_inspect_pid_t *p, uint64_t base,
    uint32_t extension, unsigned discontinuity)
{
    int64_t             step;
    nvm_inspect_pcr_t  *c;

    c = &p->pcr;
    step = nvm_inspect_ts_minus(base, c->raw, 33) * NVM_INSPECT_PCR_BASE
           + extension - c->extension;

    if (c->count++ == 0) {
        c->first = (int64_t) (base * NVM_INSPECT_PCR_BASE + extension);
        c->last = c->first;

    } else if (discontinuity || step <= 0
               || step > 10ll * NVM_INSPECT_PCR_CLOCK)
    {
        c->jumps++;
        c->step = 0;
        c->last = (int64_t) (base * NVM_INSPECT_PCR_BASE + extension);

    } else {
        nvm_inspect_pcr_step(ts, c, step, ts->at - c->at);
        c->last += step;
    }

    c->raw = base;
    c->extension = extension;
    c->at = ts->at;
    c->arrival = ts->arrival;
}
