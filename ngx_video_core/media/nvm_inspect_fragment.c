/*
 * Copyright (C) ngx_video authors
 *
 * Movie fragments: ISO/IEC 14496-12, 8.8.  What tfhd and trex say holds for
 * the truns after them, so both walks keep track of it.
 */

#include "nvm_inspect_mp4.h"


/* Flags of tfhd, 8.8.7 */
#define NVM_INSPECT_TFHD_BASE       0x000001
#define NVM_INSPECT_TFHD_ENTRY      0x000002
#define NVM_INSPECT_TFHD_DURATION   0x000008
#define NVM_INSPECT_TFHD_SIZE       0x000010
#define NVM_INSPECT_TFHD_FLAGS      0x000020
#define NVM_INSPECT_TFHD_MOOF       0x020000


/* What the samples of a run come to. */
typedef struct {
    uint64_t   duration;
    uint64_t   bytes;
    uint64_t   keys;
} nvm_inspect_total_t;


/* Defaults of a track in all its fragments, 8.8.3 */
void
nvm_inspect_trex(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t              id, entry, duration, size, flags;
    nvm_inspect_track_t  *t;

    id = nvm_reader_u32(&box->b.r);
    entry = nvm_reader_u32(&box->b.r);
    duration = nvm_reader_u32(&box->b.r);
    size = nvm_reader_u32(&box->b.r);
    flags = nvm_reader_u32(&box->b.r);

    if (box->b.r.error) {
        return;
    }

    nvm_emit_uint(w->e, "track", id);
    nvm_emit_uint(w->e, "description", entry);
    nvm_emit_uint(w->e, "default_duration", duration);
    nvm_emit_uint(w->e, "default_size", size);
    nvm_emit_hex32(w->e, "default_flags", flags);

    t = nvm_inspect_track_find(w->m, id);

    if (w->collect && t != NULL) {
        t->trex_duration = duration;
        t->trex_size = size;
        t->trex_flags = flags;
    }
}


void
nvm_inspect_moof(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    w->moof = box->b.offset;
    w->next = box->b.offset;
    w->ntrafs = 0;
}


/* Unless tfhd says something else, data follows that of the traf before. */
void
nvm_inspect_traf(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    (void) box;

    w->track = NULL;
    w->base = w->next;
    w->dts = 0;
    w->duration = 0;
    w->size = 0;
    w->flags = 0;
}


/* The track of a traf; a segment without a movie has only these. */
static void
nvm_inspect_traf_track(nvm_inspect_walk_t *w, nvm_inspect_box_t *box,
    uint32_t id)
{
    w->track = nvm_inspect_track_find(w->m, id);

    if (w->track == NULL && w->collect) {
        w->track = nvm_inspect_track_add(w->m);

        if (w->track != NULL) {
            w->track->id = id;
        }
    }

    if (w->m->has_moov && (w->track == NULL || w->track->number == 0)) {
        nvm_inspect_fault(box, NVM_EINVAL, box->b.offset,
                          "the movie has no such track");
    }

    if (w->track != NULL) {
        w->duration = w->track->trex_duration;
        w->size = w->track->trex_size;
        w->flags = w->track->trex_flags;
        w->dts = w->track->run_end;
    }
}


void
nvm_inspect_tfhd(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint32_t       id;
    nvm_reader_t  *r;

    r = &box->b.r;
    id = nvm_reader_u32(r);

    if (r->error) {
        return;
    }

    nvm_emit_uint(w->e, "track", id);
    nvm_inspect_traf_track(w, box, id);

    if (box->flags & NVM_INSPECT_TFHD_BASE) {
        w->base = nvm_reader_u64(r);
        nvm_emit_uint(w->e, "base_offset", w->base);

    } else if (box->flags & NVM_INSPECT_TFHD_MOOF) {
        w->base = w->moof;
        nvm_emit_flag(w->e, "base_is_moof", 1);
    }

    w->next = w->base;

    if (box->flags & NVM_INSPECT_TFHD_ENTRY) {
        nvm_emit_uint(w->e, "description", nvm_reader_u32(r));
    }

    if (box->flags & NVM_INSPECT_TFHD_DURATION) {
        w->duration = nvm_reader_u32(r);
        nvm_emit_uint(w->e, "default_duration", w->duration);
    }

    if (box->flags & NVM_INSPECT_TFHD_SIZE) {
        w->size = nvm_reader_u32(r);
        nvm_emit_uint(w->e, "default_size", w->size);
    }

    if (box->flags & NVM_INSPECT_TFHD_FLAGS) {
        w->flags = nvm_reader_u32(r);
        nvm_emit_hex32(w->e, "default_flags", w->flags);
    }
}


/* 8.8.12 */
void
nvm_inspect_tfdt(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint64_t  v;

    v = box->version == 1 ? nvm_reader_u64(&box->b.r)
                          : nvm_reader_u32(&box->b.r);

    if (box->b.r.error == NVM_OK) {
        w->dts = v;
        nvm_emit_uint(w->e, "decode_time", v);
    }
}


static void
nvm_inspect_run_total(const nvm_inspect_run_t *run, nvm_inspect_total_t *sum)
{
    uint64_t              i, count;
    nvm_inspect_sample_t  s;

    count = run->entries.count;
    sum->duration = 0;
    sum->bytes = 0;
    sum->keys = 0;

    if (run->entries.width == 0 && count) {
        nvm_inspect_run_sample(run, 0, &s);
        sum->keys = s.key;
        nvm_inspect_run_sample(run, 1, &s);
        sum->keys += s.key ? count - 1 : 0;
        sum->duration = count * run->duration;
        sum->bytes = count * run->size;
        return;
    }

    for (i = 0; i < count; i++) {
        nvm_inspect_run_sample(run, i, &s);
        sum->duration += s.duration;
        sum->bytes += s.size;
        sum->keys += s.key;
    }
}


/* Keeps a run for the samples of its track. */
static void
nvm_inspect_run_add(nvm_inspect_walk_t *w, const nvm_inspect_run_t *run,
    const nvm_inspect_total_t *sum)
{
    nvm_inspect_run_t    *add;
    nvm_inspect_track_t  *t;

    t = w->track;

    add = nvm_alloc(w->m->arena, 1, sizeof(nvm_inspect_run_t));
    if (add == NULL) {
        w->m->nomem = 1;
        return;
    }

    *add = *run;
    add->keys = sum->keys;

    if (t->last_run != NULL) {
        t->last_run->next = add;

    } else {
        t->runs = add;
    }

    t->last_run = add;
    t->run_samples += run->entries.count;
    t->run_bytes += sum->bytes;
    t->run_duration += sum->duration;
    t->run_keys += sum->keys;
    t->run_end = run->dts + sum->duration;
}


/* A column for each field that entries have. */
static void
nvm_inspect_trun_rows(nvm_inspect_walk_t *w, const nvm_inspect_run_t *run)
{
    char                  columns[64];
    uint64_t              i;
    nvm_writer_t          names;
    nvm_inspect_sample_t  s;

    nvm_writer_init(&names, columns, sizeof(columns));
    nvm_writer_text(&names, run->flags & NVM_INSPECT_TRUN_DURATION
                            ? "duration " : "");
    nvm_writer_text(&names, run->flags & NVM_INSPECT_TRUN_SIZE
                            ? "size " : "");
    nvm_writer_text(&names, run->flags & NVM_INSPECT_TRUN_FLAGS
                            ? "key " : "");
    nvm_writer_text(&names, run->flags & NVM_INSPECT_TRUN_CTS
                            ? "cts_offset " : "");
    columns[names.len ? names.len - 1 : 0] = '\0';

    nvm_emit_table(w->e, "table", columns);

    for (i = 0; i < run->entries.count; i++) {
        i = nvm_inspect_skip(w, i, run->entries.count);
        nvm_inspect_run_sample(run, i, &s);
        nvm_emit_open(w->e, NULL, NVM_EMIT_ROW);

        if (run->flags & NVM_INSPECT_TRUN_DURATION) {
            nvm_emit_uint(w->e, "duration", s.duration);
        }

        if (run->flags & NVM_INSPECT_TRUN_SIZE) {
            nvm_emit_uint(w->e, "size", s.size);
        }

        if (run->flags & NVM_INSPECT_TRUN_FLAGS) {
            nvm_emit_flag(w->e, "key", s.key);
        }

        if (run->flags & NVM_INSPECT_TRUN_CTS) {
            nvm_emit_int(w->e, "cts_offset", s.cts);
        }

        nvm_emit_close(w->e);
    }

    nvm_emit_close(w->e);
}


/* The head of a trun, and the entries that are really there. */
static void
nvm_inspect_trun_head(nvm_inspect_walk_t *w, nvm_inspect_box_t *box,
    nvm_inspect_run_t *run)
{
    int32_t        at;
    uint32_t       count;
    nvm_reader_t  *r;

    r = &box->b.r;
    count = nvm_reader_u32(r);
    nvm_emit_uint(w->e, "samples", count);

    run->offset = w->next;
    run->dts = w->dts;
    run->flags = box->flags;
    run->version = box->version;
    run->duration = w->duration;
    run->size = w->size;
    run->sample_flags = w->flags;

    if (box->flags & NVM_INSPECT_TRUN_OFFSET) {
        at = (int32_t) nvm_reader_u32(r);
        run->offset = w->base + (uint64_t) (int64_t) at;
        nvm_emit_int(w->e, "data_offset", at);
    }

    if (box->flags & NVM_INSPECT_TRUN_FIRST) {
        run->first_flags = nvm_reader_u32(r);
        nvm_emit_hex32(w->e, "first_flags", run->first_flags);
    }

    run->entries.width = 4 * (uint32_t) __builtin_popcount(box->flags & 0xf00);

    if (run->entries.width) {
        nvm_inspect_table(box, count, run->entries.width, &run->entries);

    } else if (r->error == NVM_OK) {
        run->entries.count = count;
        nvm_reader_sub(r, 0, &run->entries.r);
    }
}


void
nvm_inspect_trun(nvm_inspect_walk_t *w, nvm_inspect_box_t *box)
{
    uint64_t             size;
    nvm_inspect_run_t    run = { 0 };
    nvm_inspect_total_t  sum;

    nvm_inspect_trun_head(w, box, &run);
    nvm_inspect_run_total(&run, &sum);

    nvm_emit_uint(w->e, "duration", sum.duration);
    nvm_emit_uint(w->e, "bytes", sum.bytes);
    nvm_emit_uint(w->e, "keyframes", sum.keys);

    if (run.entries.width) {
        nvm_inspect_trun_rows(w, &run);
    }

    size = w->m->file_size;

    if (run.entries.count
        && (run.offset > size || sum.bytes > size - run.offset))
    {
        nvm_inspect_fault(box, NVM_ETRUNC, box->b.offset,
                          "samples lie outside the file");
    }

    if (w->track == NULL) {
        nvm_inspect_fault(box, NVM_EINVAL, box->b.offset,
                          "no tfhd says which track this is");

    } else if (w->collect) {
        nvm_inspect_run_add(w, &run, &sum);
    }

    w->next = run.offset + sum.bytes;
    w->dts += sum.duration;
}
