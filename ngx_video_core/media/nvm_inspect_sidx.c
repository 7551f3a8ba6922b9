/*
 * Copyright (C) ngx_video authors
 *
 * Indexes of fragments: sidx (ISO/IEC 14496-12, 8.16.3), tfra (8.8.10).
 */

#include "nvm_inspect_mp4.h"


/* The media of this ID has this timescale, 8.16.3. */
static void
nvm_inspect_sidx_track(nvm_inspect_walk_t *w, uint32_t id, uint32_t timescale)
{
    nvm_inspect_track_t  *t;

    if (!w->collect || w->m->has_moov) {
        return;
    }

    t = nvm_inspect_track_find(w->m, id);

    if (t == NULL) {
        t = nvm_inspect_track_add(w->m);
    }

    if (t != NULL) {
        t->id = id;
        t->timescale = timescale;
    }
}


static void
nvm_inspect_sidx_rows(nvm_inspect_walk_t *w, const nvm_inspect_table_t *t)
{
    uint32_t      v, sap;
    uint64_t      i;
    nvm_reader_t  r;

    nvm_emit_table(w->e, "table", "index size duration sap sap_type");

    for (i = 0; i < t->count; i++) {
        i = nvm_inspect_skip(w, i, t->count);
        r = nvm_inspect_at(t, i);
        nvm_emit_open(w->e, NULL, NVM_EMIT_ROW);
        v = nvm_reader_u32(&r);
        nvm_emit_flag(w->e, "index", v >> 31);
        nvm_emit_uint(w->e, "size", v & 0x7fffffff);
        nvm_emit_uint(w->e, "duration", nvm_reader_u32(&r));
        sap = nvm_reader_u32(&r);
        nvm_emit_flag(w->e, "sap", sap >> 31);
        nvm_emit_uint(w->e, "sap_type", sap >> 28 & 7);
        nvm_emit_close(w->e);
    }

    nvm_emit_close(w->e);
}


void
nvm_inspect_sidx(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t              id, timescale;
    uint64_t              i, time, first, bytes, duration;
    nvm_reader_t          r, *b;
    nvm_inspect_table_t   t;

    b = &box->b.r;
    id = nvm_reader_u32(b);
    timescale = nvm_reader_u32(b);
    time = box->version ? nvm_reader_u64(b) : nvm_reader_u32(b);
    first = box->version ? nvm_reader_u64(b) : nvm_reader_u32(b);
    nvm_reader_skip(b, 2);
    nvm_inspect_table(box, nvm_reader_u16(b), 12, &t);

    if (b->error) {
        return;
    }

    for (i = 0, bytes = 0, duration = 0, r = t.r; i < t.count; i++) {
        bytes += nvm_reader_u32(&r) & 0x7fffffff;
        duration += nvm_reader_u32(&r);
        nvm_reader_skip(&r, 4);
    }

    nvm_inspect_sidx_track(w, id, timescale);
    nvm_emit_uint(w->e, "reference", id);
    nvm_emit_uint(w->e, "timescale", timescale);
    nvm_emit_uint(w->e, "earliest", time);
    nvm_emit_uint(w->e, "first_offset", first);
    nvm_emit_uint(w->e, "entries", t.count);
    nvm_emit_uint(w->e, "bytes", bytes);
    nvm_emit_uint(w->e, "duration", duration);
    nvm_inspect_sidx_rows(w, &t);
}


/* A number of 1 to 4 bytes. */
static uint32_t
nvm_inspect_short(nvm_reader_t *r, uint32_t bytes)
{
    uint32_t  v;

    for (v = 0; bytes; bytes--) {
        v = v << 8 | nvm_reader_u8(r);
    }

    return v;
}


/* 8.8.10 */
void
nvm_inspect_tfra(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t              id, sizes, a, b, c;
    uint64_t              i;
    nvm_reader_t          r;
    nvm_inspect_table_t   t;

    id = nvm_reader_u32(&box->b.r);
    sizes = nvm_reader_u32(&box->b.r);
    a = (sizes >> 4 & 3) + 1;
    b = (sizes >> 2 & 3) + 1;
    c = (sizes & 3) + 1;
    nvm_inspect_table(box, nvm_reader_u32(&box->b.r),
                      (box->version ? 16 : 8) + a + b + c, &t);

    nvm_emit_uint(w->e, "track", id);
    nvm_emit_uint(w->e, "entries", t.count);
    nvm_emit_table(w->e, "table", "time moof traf trun sample");

    for (i = 0; i < t.count; i++) {
        i = nvm_inspect_skip(w, i, t.count);
        r = nvm_inspect_at(&t, i);
        nvm_emit_open(w->e, NULL, NVM_EMIT_ROW);
        nvm_emit_uint(w->e, "time", box->version ? nvm_reader_u64(&r)
                                                 : nvm_reader_u32(&r));
        nvm_emit_uint(w->e, "moof", box->version ? nvm_reader_u64(&r)
                                                 : nvm_reader_u32(&r));
        nvm_emit_uint(w->e, "traf", nvm_inspect_short(&r, a));
        nvm_emit_uint(w->e, "trun", nvm_inspect_short(&r, b));
        nvm_emit_uint(w->e, "sample", nvm_inspect_short(&r, c));
        nvm_emit_close(w->e);
    }

    nvm_emit_close(w->e);
}
