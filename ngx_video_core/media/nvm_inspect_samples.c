/*
 * Copyright (C) ngx_video authors
 *
 * Samples by their number, from the tables of stbl and then from the runs of
 * the fragments.  Whole runs of table entries are stepped over, so that the
 * way to a sample is bounded by the bytes of the tables, not by the numbers
 * that they claim.  The tables may contradict each other: where one of them
 * ends, the samples do.
 */

#include <string.h>

#include "nvm_inspect_mp4.h"


/* sample_is_non_sync_sample, 8.8.3.1 */
#define NVM_INSPECT_NON_SYNC        0x10000


uint32_t
nvm_inspect_size(const nvm_inspect_track_t *t, uint64_t n)
{
    uint8_t       pair;
    nvm_reader_t  r;

    if (t->sample_size) {
        return t->sample_size;
    }

    switch (t->bits) {

    case 4:
        r = nvm_inspect_at(&t->sizes, n / 2);
        pair = nvm_reader_u8(&r);
        return n % 2 ? pair & 15 : pair >> 4;

    case 8:
        r = nvm_inspect_at(&t->sizes, n);
        return nvm_reader_u8(&r);

    case 16:
        r = nvm_inspect_at(&t->sizes, n);
        return nvm_reader_u16(&r);
    }

    r = nvm_inspect_at(&t->sizes, n);

    return nvm_reader_u32(&r);
}


static int
nvm_inspect_cursor_time(nvm_inspect_cursor_t *c, uint64_t n,
    nvm_inspect_sample_t *s)
{
    uint32_t                    count, delta;
    nvm_reader_t                r;
    const nvm_inspect_table_t  *stts;

    stts = &c->t->stts;

    for ( ; c->stts < stts->count; c->stts++) {
        r = nvm_inspect_at(stts, c->stts);
        count = nvm_reader_u32(&r);
        delta = nvm_reader_u32(&r);

        if (n - c->stts_first < count) {
            s->duration = delta;
            s->dts = c->stts_dts + (n - c->stts_first) * delta;
            return 1;
        }

        c->stts_first += count;
        c->stts_dts += (uint64_t) count * delta;
    }

    return 0;
}


static void
nvm_inspect_cursor_composition(nvm_inspect_cursor_t *c, uint64_t n,
    nvm_inspect_sample_t *s)
{
    uint32_t                    count;
    nvm_reader_t                r;
    const nvm_inspect_table_t  *ctts;

    ctts = &c->t->ctts;
    s->cts = 0;

    for ( ; c->ctts < ctts->count; c->ctts++) {
        r = nvm_inspect_at(ctts, c->ctts);
        count = nvm_reader_u32(&r);

        if (n - c->ctts_first < count) {
            s->cts = (int32_t) nvm_reader_u32(&r);
            return;
        }

        c->ctts_first += count;
    }
}


/* Sample n is in a chunk that starts with sample "first". */
static int
nvm_inspect_cursor_offset(nvm_inspect_cursor_t *c, uint64_t chunk,
    uint64_t first, uint64_t n, nvm_inspect_sample_t *s)
{
    nvm_reader_t                r;
    const nvm_inspect_track_t  *t;

    t = c->t;

    if (c->chunk != chunk) {
        r = nvm_inspect_at(&t->chunks, chunk);
        c->chunk = (uint32_t) chunk;
        c->chunk_next = first;
        c->chunk_at = t->chunks.width == 8 ? nvm_reader_u64(&r)
                                           : nvm_reader_u32(&r);
        if (r.error) {
            return 0;
        }
    }

    if (t->sample_size) {
        c->chunk_at += (n - c->chunk_next) * t->sample_size;
        c->chunk_next = n;
    }

    for ( ; c->chunk_next < n; c->chunk_next++) {
        c->chunk_at += nvm_inspect_size(t, c->chunk_next);
    }

    s->offset = c->chunk_at;

    return 1;
}


static int
nvm_inspect_cursor_chunk(nvm_inspect_cursor_t *c, uint64_t n,
    nvm_inspect_sample_t *s)
{
    uint64_t                    k, run;
    uint32_t                    first, per, next;
    nvm_reader_t                r;
    const nvm_inspect_track_t  *t;

    t = c->t;

    for ( ; c->stsc < t->stsc.count; c->stsc++) {
        r = nvm_inspect_at(&t->stsc, c->stsc);
        first = nvm_reader_u32(&r);
        per = nvm_reader_u32(&r);

        r = nvm_inspect_at(&t->stsc, (uint64_t) c->stsc + 1);
        next = nvm_reader_u32(&r);
        next = r.error ? t->chunks.count + 1 : next;

        if (first == 0 || next <= first || per == 0) {
            continue;
        }

        run = (uint64_t) (next - first) * per;
        k = n - c->stsc_first;

        if (k < run) {
            return nvm_inspect_cursor_offset(c, first - 1 + k / per,
                                             n - k % per, n, s);
        }

        c->stsc_first += run;
    }

    return 0;
}


static unsigned
nvm_inspect_cursor_key(nvm_inspect_cursor_t *c, uint64_t n)
{
    uint32_t      number;
    nvm_reader_t  r;

    if (!c->t->has_stss) {
        return 1;
    }

    for ( ; c->stss < c->t->stss.count; c->stss++) {
        r = nvm_inspect_at(&c->t->stss, c->stss);
        number = nvm_reader_u32(&r);

        if (number >= n + 1) {
            return number == n + 1;
        }
    }

    return 0;
}


void
nvm_inspect_run_sample(const nvm_inspect_run_t *run, uint64_t i,
    nvm_inspect_sample_t *s)
{
    uint32_t      v, flags;
    nvm_reader_t  r;

    r = nvm_inspect_at(&run->entries, i);

    s->duration = run->flags & NVM_INSPECT_TRUN_DURATION
                  ? nvm_reader_u32(&r) : run->duration;
    s->size = run->flags & NVM_INSPECT_TRUN_SIZE
              ? nvm_reader_u32(&r) : run->size;
    flags = run->flags & NVM_INSPECT_TRUN_FLAGS
            ? nvm_reader_u32(&r)
            : i == 0 && run->flags & NVM_INSPECT_TRUN_FIRST
            ? run->first_flags : run->sample_flags;

    v = run->flags & NVM_INSPECT_TRUN_CTS ? nvm_reader_u32(&r) : 0;
    s->cts = run->version ? (int32_t) v : (int64_t) v;
    s->key = !(flags & NVM_INSPECT_NON_SYNC);
}


/* Sample n, counted from the first of all runs. */
static nvm_err_e
nvm_inspect_cursor_run(nvm_inspect_cursor_t *c, uint64_t n,
    nvm_inspect_sample_t *s)
{
    const nvm_inspect_run_t  *run;

    while (c->run != NULL && n - c->run_first >= c->run->entries.count) {
        c->run_first += c->run->entries.count;
        c->run = c->run->next;
        c->run_next = 0;
    }

    run = c->run;

    if (run == NULL) {
        return NVM_ENOENT;
    }

    n -= c->run_first;

    if (c->run_next == 0) {
        c->run_at = run->offset;
        c->run_dts = run->dts;
    }

    /* nothing is told of single samples: all are alike, but for the first */

    if (run->entries.width == 0) {
        c->run_at += (n - c->run_next) * run->size;
        c->run_dts += (n - c->run_next) * run->duration;
        c->run_next = n;
    }

    for ( ; c->run_next < n; c->run_next++) {
        nvm_inspect_run_sample(run, c->run_next, s);
        c->run_at += s->size;
        c->run_dts += s->duration;
    }

    nvm_inspect_run_sample(run, n, s);
    s->offset = c->run_at;
    s->dts = c->run_dts;
    s->bare = run->entries.width == 0;

    return NVM_OK;
}


void
nvm_inspect_cursor_init(nvm_inspect_cursor_t *c, const nvm_inspect_track_t *t)
{
    memset(c, 0, sizeof(nvm_inspect_cursor_t));
    c->t = t;
    c->chunk = UINT32_MAX;
    c->run = t->runs;
}


nvm_err_e
nvm_inspect_cursor_at(nvm_inspect_cursor_t *c, uint64_t n,
    nvm_inspect_sample_t *s)
{
    if (n >= c->t->table_samples) {
        return nvm_inspect_cursor_run(c, n - c->t->table_samples, s);
    }

    if (!nvm_inspect_cursor_time(c, n, s)
        || !nvm_inspect_cursor_chunk(c, n, s))
    {
        return NVM_ENOENT;
    }

    nvm_inspect_cursor_composition(c, n, s);
    s->size = nvm_inspect_size(c->t, n);
    s->key = nvm_inspect_cursor_key(c, n);
    s->bare = c->t->sample_size != 0;

    return NVM_OK;
}


int
nvm_inspect_plausible(nvm_inspect_bound_t *b, const nvm_inspect_sample_t *s)
{
    if (!s->bare) {
        return 1;
    }

    if (s->size == 0) {
        return b->empty++ < NVM_INSPECT_STEPS;
    }

    if (s->size > b->bytes) {
        return 0;
    }

    b->bytes -= s->size;

    return 1;
}
