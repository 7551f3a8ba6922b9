/*
 * Copyright (C) ngx_video authors
 *
 * Sample tables and edit lists: ISO/IEC 14496-12, 8.6 and 8.7.  Each is summed
 * up over all its entries, of which the first and the last are shown.
 */

#include "nvm_inspect_mp4.h"


/* What a column of numbers comes to. */
typedef struct {
    uint64_t   total;           /* UINT64_MAX: that, or more */
    int64_t    min;
    int64_t    max;
} nvm_inspect_sum_t;


static void
nvm_inspect_sum_init(nvm_inspect_sum_t *s)
{
    s->total = 0;
    s->min = INT64_MAX;
    s->max = INT64_MIN;
}


/* v, n times */
static void
nvm_inspect_sum_add(nvm_inspect_sum_t *s, int64_t v, uint64_t n)
{
    uint64_t  all;

    s->min = v < s->min ? v : s->min;
    s->max = v > s->max ? v : s->max;

    if (nvm_mul((uint64_t) v, n, &all) != 0
        || nvm_add(s->total, all, &s->total) != 0)
    {
        s->total = UINT64_MAX;
    }
}


static void
nvm_inspect_sum_range(nvm_emit_t *e, const nvm_inspect_sum_t *s,
    const char *min, const char *max)
{
    if (s->min <= s->max) {
        nvm_emit_int(e, min, s->min);
        nvm_emit_int(e, max, s->max);
    }
}


/* An array of the numbers of a table whose entries are those. */
static void
nvm_inspect_numbers(nvm_inspect_walk_t *w, const nvm_inspect_table_t *t)
{
    uint64_t      i;
    nvm_reader_t  r;

    nvm_emit_open(w->e, "table", NVM_EMIT_ARRAY);

    for (i = 0; i < t->count; i++) {
        i = nvm_inspect_skip(w, i, t->count);
        r = nvm_inspect_at(t, i);
        nvm_emit_uint(w->e, NULL, t->width == 8 ? nvm_reader_u64(&r)
                                  : t->width == 4 ? nvm_reader_u32(&r)
                                  : t->width == 2 ? nvm_reader_u16(&r)
                                  : nvm_reader_u8(&r));
    }

    nvm_emit_close(w->e);
}


void
nvm_inspect_stbl(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    if (w->collect && w->track != NULL) {
        w->track->stbl = box->b.offset;
    }
}


/* 8.6.1.2 */
void
nvm_inspect_stts(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint64_t             i;
    uint32_t             n, delta;
    nvm_reader_t         r;
    nvm_inspect_sum_t    samples, deltas;
    nvm_inspect_table_t  t;

    nvm_inspect_table(box, nvm_reader_u32(&box->b.r), 8, &t);
    nvm_inspect_sum_init(&samples);
    nvm_inspect_sum_init(&deltas);

    for (i = 0, r = t.r; i < t.count; i++) {
        n = nvm_reader_u32(&r);
        delta = nvm_reader_u32(&r);
        nvm_inspect_sum_add(&samples, n, 1);
        nvm_inspect_sum_add(&deltas, delta, n);
    }

    nvm_emit_uint(w->e, "entries", t.count);
    nvm_emit_uint(w->e, "samples", samples.total);
    nvm_emit_uint(w->e, "duration", deltas.total);
    nvm_inspect_sum_range(w->e, &deltas, "min_delta", "max_delta");
    nvm_emit_table(w->e, "table", "count delta");

    for (i = 0; i < t.count; i++) {
        i = nvm_inspect_skip(w, i, t.count);
        r = nvm_inspect_at(&t, i);
        nvm_emit_open(w->e, NULL, NVM_EMIT_ROW);
        nvm_emit_uint(w->e, "count", nvm_reader_u32(&r));
        nvm_emit_uint(w->e, "delta", nvm_reader_u32(&r));
        nvm_emit_close(w->e);
    }

    nvm_emit_close(w->e);

    if (w->collect && w->track != NULL) {
        w->track->stts = t;
        w->track->stts_samples = samples.total;
        w->track->stts_duration = deltas.total;
        w->track->stts_max = deltas.min <= deltas.max
                             ? (uint64_t) deltas.max : 0;
    }
}


/* 8.6.1.3; signed in version 0 too, as some writers have it */
void
nvm_inspect_ctts(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint64_t             i;
    nvm_reader_t         r;
    nvm_inspect_sum_t    samples, offsets;
    nvm_inspect_table_t  t;

    nvm_inspect_table(box, nvm_reader_u32(&box->b.r), 8, &t);
    nvm_inspect_sum_init(&samples);
    nvm_inspect_sum_init(&offsets);

    for (i = 0, r = t.r; i < t.count; i++) {
        nvm_inspect_sum_add(&samples, nvm_reader_u32(&r), 1);
        nvm_inspect_sum_add(&offsets, (int32_t) nvm_reader_u32(&r), 0);
    }

    nvm_emit_uint(w->e, "entries", t.count);
    nvm_emit_uint(w->e, "samples", samples.total);
    nvm_inspect_sum_range(w->e, &offsets, "min_offset", "max_offset");
    nvm_emit_table(w->e, "table", "count offset");

    for (i = 0; i < t.count; i++) {
        i = nvm_inspect_skip(w, i, t.count);
        r = nvm_inspect_at(&t, i);
        nvm_emit_open(w->e, NULL, NVM_EMIT_ROW);
        nvm_emit_uint(w->e, "count", nvm_reader_u32(&r));
        nvm_emit_int(w->e, "offset", (int32_t) nvm_reader_u32(&r));
        nvm_emit_close(w->e);
    }

    nvm_emit_close(w->e);

    if (w->collect && w->track != NULL) {
        w->track->ctts = t;
    }
}


/* 8.6.2 */
void
nvm_inspect_stss(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint64_t             i;
    uint32_t             n, last;
    nvm_reader_t         r;
    nvm_inspect_table_t  t;

    nvm_inspect_table(box, nvm_reader_u32(&box->b.r), 4, &t);

    for (i = 0, last = 0, r = t.r; i < t.count; i++) {
        n = nvm_reader_u32(&r);

        if (n <= last) {
            nvm_inspect_fault(box, NVM_EINVAL, nvm_reader_offset(&r) - 4,
                              "sample numbers don't ascend");
        }

        last = n;
    }

    nvm_emit_uint(w->e, "entries", t.count);
    nvm_inspect_numbers(w, &t);

    if (w->collect && w->track != NULL) {
        w->track->stss = t;
        w->track->has_stss = 1;
    }
}


/* 8.7.4 */
void
nvm_inspect_stsc(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint64_t             i;
    uint32_t             chunk, last;
    nvm_reader_t         r;
    nvm_inspect_table_t  t;

    nvm_inspect_table(box, nvm_reader_u32(&box->b.r), 12, &t);

    for (i = 0, last = 0, r = t.r; i < t.count; i++) {
        chunk = nvm_reader_u32(&r);
        nvm_reader_skip(&r, 8);

        if (chunk <= last || (i == 0 && chunk != 1)) {
            nvm_inspect_fault(box, NVM_EINVAL, nvm_reader_offset(&r) - 12,
                              "chunk numbers don't ascend from 1");
        }

        last = chunk;
    }

    nvm_emit_uint(w->e, "entries", t.count);
    nvm_emit_table(w->e, "table", "first_chunk samples description");

    for (i = 0; i < t.count; i++) {
        i = nvm_inspect_skip(w, i, t.count);
        r = nvm_inspect_at(&t, i);
        nvm_emit_open(w->e, NULL, NVM_EMIT_ROW);
        nvm_emit_uint(w->e, "first_chunk", nvm_reader_u32(&r));
        nvm_emit_uint(w->e, "samples", nvm_reader_u32(&r));
        nvm_emit_uint(w->e, "description", nvm_reader_u32(&r));
        nvm_emit_close(w->e);
    }

    nvm_emit_close(w->e);

    if (w->collect && w->track != NULL) {
        w->track->stsc = t;
    }
}


/* The entries of stsz or stz2: sizes of so many bits. */
static void
nvm_inspect_sizes(nvm_inspect_walk_t *w, nvm_inspect_box_t *box,
    uint32_t count, nvm_inspect_track_t *t)
{
    uint64_t           i;
    nvm_inspect_sum_t  sizes;

    nvm_inspect_sum_init(&sizes);
    nvm_inspect_table(box, t->bits == 4 ? ((uint64_t) count + 1) / 2 : count,
                      t->bits == 4 ? 1 : t->bits / 8, &t->sizes);

    if (t->bits != 4 && count > t->sizes.count) {
        count = t->sizes.count;

    } else if (t->bits == 4 && count > 2 * (uint64_t) t->sizes.count) {
        count = 2 * t->sizes.count;
    }

    t->table_samples = count;

    for (i = 0; i < count; i++) {
        nvm_inspect_sum_add(&sizes, nvm_inspect_size(t, i), 1);
    }

    t->table_bytes = sizes.total;

    nvm_emit_uint(w->e, "bits", t->bits);
    nvm_emit_uint(w->e, "samples", count);
    nvm_emit_uint(w->e, "bytes", sizes.total);
    nvm_inspect_sum_range(w->e, &sizes, "min_size", "max_size");

    nvm_emit_open(w->e, "table", NVM_EMIT_ARRAY);

    for (i = 0; i < count; i++) {
        i = nvm_inspect_skip(w, i, count);
        nvm_emit_uint(w->e, NULL, nvm_inspect_size(t, i));
    }

    nvm_emit_close(w->e);
}


/* 8.7.3: stsz has a size of all samples, stz2 the bits of each */
void
nvm_inspect_stsz(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t             size, count;
    nvm_inspect_track_t  t = { 0 };

    size = nvm_reader_u32(&box->b.r);
    count = nvm_reader_u32(&box->b.r);

    if (box->b.r.error) {
        return;
    }

    t.bits = 32;

    if (box->b.type == NVM_FOURCC('s', 't', 'z', '2')) {
        t.bits = size & 0xff;

        if (t.bits != 4 && t.bits != 8 && t.bits != 16) {
            nvm_inspect_fault(box, NVM_EINVAL, box->b.offset + 15,
                              "field size is none of 4, 8, 16");
            return;
        }

    } else if (size) {
        t.sample_size = size;
        t.table_samples = count;
        t.table_bytes = (uint64_t) size * count;
        nvm_emit_uint(w->e, "sample_size", size);
        nvm_emit_uint(w->e, "samples", count);
        nvm_emit_uint(w->e, "bytes", t.table_bytes);
    }

    if (t.sample_size == 0) {
        nvm_inspect_sizes(w, box, count, &t);
    }

    if (w->collect && w->track != NULL) {
        w->track->bits = t.bits;
        w->track->sample_size = t.sample_size;
        w->track->table_samples = t.table_samples;
        w->track->table_bytes = t.table_bytes;
        w->track->sizes = t.sizes;
    }
}


/* 8.7.5 */
void
nvm_inspect_stco(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint64_t             i;
    uint32_t             width;
    nvm_reader_t         r;
    nvm_inspect_sum_t    offsets;
    nvm_inspect_table_t  t;

    width = box->b.type == NVM_FOURCC('c', 'o', '6', '4') ? 8 : 4;
    nvm_inspect_table(box, nvm_reader_u32(&box->b.r), width, &t);
    nvm_inspect_sum_init(&offsets);

    for (i = 0, r = t.r; i < t.count; i++) {
        nvm_inspect_sum_add(&offsets, (int64_t) (width == 8
                                                 ? nvm_reader_u64(&r)
                                                 : nvm_reader_u32(&r)), 0);
    }

    nvm_emit_uint(w->e, "entries", t.count);
    nvm_inspect_sum_range(w->e, &offsets, "min_offset", "max_offset");
    nvm_inspect_numbers(w, &t);

    if (w->collect && w->track != NULL) {
        w->track->chunks = t;
    }
}


/* Leading empty edits delay the track, the first other one says from where. */
static void
nvm_inspect_edit(nvm_inspect_walk_t *w, uint64_t duration, int64_t time)
{
    nvm_inspect_track_t  *t;

    t = w->track;

    if (!w->collect || t == NULL || t->edited) {
        return;
    }

    if (time == -1) {
        if (nvm_add(t->delay, duration, &t->delay) != 0) {
            t->delay = UINT64_MAX;
        }

        return;
    }

    t->media_time = time;
    t->edited = 1;
}


/* 8.6.6 */
void
nvm_inspect_elst(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    int64_t              time;
    uint64_t             i, duration;
    nvm_reader_t         r;
    nvm_inspect_table_t  t;

    nvm_inspect_table(box, nvm_reader_u32(&box->b.r),
                      box->version == 1 ? 20 : 12, &t);

    nvm_emit_uint(w->e, "entries", t.count);
    nvm_emit_table(w->e, "table", "duration time rate");

    for (i = 0; i < t.count; i++) {
        i = nvm_inspect_skip(w, i, t.count);
        r = nvm_inspect_at(&t, i);

        if (box->version == 1) {
            duration = nvm_reader_u64(&r);
            time = (int64_t) nvm_reader_u64(&r);

        } else {
            duration = nvm_reader_u32(&r);
            time = (int32_t) nvm_reader_u32(&r);
        }

        nvm_inspect_edit(w, duration, time);
        nvm_emit_open(w->e, NULL, NVM_EMIT_ROW);
        nvm_emit_uint(w->e, "duration", duration);
        nvm_emit_int(w->e, "time", time);
        nvm_emit_ratio(w->e, "rate", (int32_t) nvm_reader_u32(&r), 0x10000,
                       5);
        nvm_emit_close(w->e);
    }

    nvm_emit_close(w->e);
}
