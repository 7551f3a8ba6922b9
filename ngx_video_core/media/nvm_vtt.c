/*
 * Copyright (C) ngx_video authors
 *
 * Cues in order, and finding those of a segment.
 *
 * The sorted array is a balanced tree without pointers: the root of [lo, hi)
 * is its middle.  reach_ms of a cue is the latest end in its subtree, so a
 * search leaves out what ended before; one cue as long as the film does not
 * make each search linear, as a running maximum would.
 */

#include "nvm_vtt.h"


static unsigned
nvm_vtt_before(const nvm_vtt_cue_t *a, const nvm_vtt_cue_t *b)
{
    return a->start_ms != b->start_ms ? a->start_ms < b->start_ms
                                      : a->number < b->number;
}


/* Lets the cue at i sink to its place in a heap of n, the last one on top. */
static void
nvm_vtt_sink(nvm_vtt_cue_t *cues, size_t i, size_t n)
{
    size_t         child;
    nvm_vtt_cue_t  c;

    c = cues[i];

    while ((child = 2 * i + 1) < n) {

        if (child + 1 < n && nvm_vtt_before(&cues[child], &cues[child + 1])) {
            child++;
        }

        if (!nvm_vtt_before(&c, &cues[child])) {
            break;
        }

        cues[i] = cues[child];
        i = child;
    }

    cues[i] = c;
}


/* Heapsort: in place, and no order of the input makes it slow. */
static void
nvm_vtt_sort(nvm_vtt_cue_t *cues, size_t n)
{
    size_t         i;
    nvm_vtt_cue_t  c;

    for (i = n / 2; i-- > 0; /* void */ ) {
        nvm_vtt_sink(cues, i, n);
    }

    while (n > 1) {
        n--;
        c = cues[n];
        cues[n] = cues[0];
        cues[0] = c;
        nvm_vtt_sink(cues, 0, n);
    }
}


/* The depth is the logarithm of the number of cues. */
static uint64_t
nvm_vtt_reach(nvm_vtt_cue_t *cues, size_t lo, size_t hi)
{
    size_t    mid;
    uint64_t  reach, other;

    if (lo == hi) {
        return 0;
    }

    mid = lo + (hi - lo) / 2;

    reach = cues[mid].end_ms;
    other = nvm_vtt_reach(cues, lo, mid);
    reach = other > reach ? other : reach;
    other = nvm_vtt_reach(cues, mid + 1, hi);
    reach = other > reach ? other : reach;

    cues[mid].reach_ms = reach;

    return reach;
}


/* Returns hi when there is none in [lo, hi). */
static size_t
nvm_vtt_search(const nvm_vtt_cue_t *cues, size_t lo, size_t hi, size_t from,
    uint64_t ms)
{
    size_t  mid, found;

    mid = lo + (hi - lo) / 2;

    if (hi <= from || lo == hi || cues[mid].reach_ms <= ms) {
        return hi;
    }

    found = nvm_vtt_search(cues, lo, mid, from, ms);

    if (found < mid) {
        return found;
    }

    if (mid >= from && cues[mid].end_ms > ms) {
        return mid;
    }

    return nvm_vtt_search(cues, mid + 1, hi, from, ms);
}


void
nvm_vtt_index(nvm_vtt_t *v)
{
    size_t  i;

    for (i = 1; i < v->ncues; i++) {
        if (nvm_vtt_before(&v->cues[i], &v->cues[i - 1])) {
            nvm_vtt_sort(v->cues, v->ncues);
            break;
        }
    }

    v->end_ms = nvm_vtt_reach(v->cues, 0, v->ncues);
}


size_t
nvm_vtt_find(const nvm_vtt_t *v, size_t from, uint64_t ms)
{
    return nvm_vtt_search(v->cues, 0, v->ncues, from, ms);
}
