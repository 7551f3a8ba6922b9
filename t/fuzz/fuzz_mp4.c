/*
 * Copyright (C) ngx_video authors
 *
 * The MP4 reader and the index.  Byte 0 makes the n-th allocation fail (0:
 * none), byte 1 chooses size of file and segments, the rest is a moov and, in
 * a fragmented file, moofs; what parses is walked, indexed and read back, and
 * must agree.
 */

#include "failing.h"
#include "fuzz.h"
#include "nvm_cmaf.h"
#include "nvm_index.h"


typedef struct {
    const uint8_t  *data;
    size_t          size;
} span_t;


static nvm_err_e
span_read(void *data, uint64_t offset, void *dst, size_t n)
{
    span_t  *s = data;

    /* an index that was just built never points outside itself */

    if (offset > s->size || n > s->size - offset) {
        abort();
    }

    memcpy(dst, s->data + offset, n);

    return NVM_OK;
}


static void
walk(const nvm_mp4_track_t *t, uint64_t file_size)
{
    uint32_t           n;
    nvm_sample_t       s;
    nvm_mp4_samples_t  it;

    nvm_mp4_samples_init(&it, t, file_size);

    for (n = 0; nvm_mp4_samples_next(&it, &s) == NVM_OK; n++) {
        if (s.offset > file_size || s.size > file_size - s.offset) {
            abort();
        }
    }

    /* the tables were checked: all samples are there and no more */

    if (n != t->nsamples || it.at.dts != t->media_duration) {
        abort();
    }
}


/* A segment's samples, from the bytes that were indexed. */
static nvm_err_e
samples_of(const nvm_index_src_t *src, const nvm_index_track_t *t,
    const nvm_index_segment_t *segment, const span_t *file,
    nvm_arena_t *arena, nvm_sample_t **samples)
{
    uint8_t           *bytes, *p;
    uint32_t           i;
    nvm_range_t       *r;
    nvm_index_plan_t   plan;

    if (nvm_index_plan(src, t, segment, arena, &plan) != NVM_OK) {
        return NVM_ENOMEM;
    }

    p = bytes = nvm_alloc(arena, plan.size, 1);

    if (bytes == NULL) {
        return NVM_ENOMEM;
    }

    for (i = 0; i < plan.nranges; p += r->size, i++) {
        r = &plan.ranges[i];

        if (r->offset < 32 || r->offset - 32 > file->size
            || r->size > file->size - (r->offset - 32))
        {
            abort();
        }

        memcpy(p, file->data + (r->offset - 32), r->size);
    }

    /* the same tables as before: they can only agree */

    if (nvm_index_samples(t, segment, &plan, bytes, arena, samples)
        == NVM_EINVAL)
    {
        abort();
    }

    return NVM_OK;
}


/* Reads a track back; segments hold each sample once, without a gap. */
static void
read_back(const nvm_index_src_t *src, uint32_t i, const span_t *file)
{
    uint32_t              n, k, total;
    uint64_t              payload, dts;
    nvm_heap_t            h;
    nvm_writer_t          w;
    nvm_sample_t         *s;
    nvm_timeline_t        tl;
    nvm_index_track_t     t;
    nvm_index_segment_t   segment;

    if (nvm_index_track(src, i, &t) != NVM_OK) {
        abort();
    }

    nvm_heap_init(&h, LIMIT);

    if (nvm_index_timeline(src, &t, &h.arena, &tl) == NVM_OK
        && (tl.nsegments == 0 || tl.nsegments > t.nsegments))
    {
        abort();
    }

    nvm_heap_done(&h);

    for (n = 0, total = 0, dts = UINT64_MAX; n < t.nsegments; n++) {
        nvm_heap_init(&h, LIMIT);

        if (nvm_index_segment(src, &t, n, &segment) != NVM_OK
            || samples_of(src, &t, &segment, file, &h.arena, &s) != NVM_OK)
        {
            nvm_heap_done(&h);
            return;
        }

        for (k = 0; k < segment.nsamples; k++) {
            if (dts != UINT64_MAX && s[k].dts != dts) {
                abort();
            }

            dts = s[k].dts + s[k].duration;
        }

        total += segment.nsamples;

        if (segment.nsamples) {
            nvm_cmaf_chunk_t  c = { &t.track, s, segment.nsamples,
                                    segment.start, n + 1, 0, 1, 0,
                                    NULL, 0, NULL };

            c.holes = nvm_cmaf_holes(s, segment.nsamples) ? 1 : 0;

            nvm_writer_init(&w, NULL, 0);
            (void) nvm_cmaf_chunk_write(&w, &c, &payload);
        }

        nvm_heap_done(&h);
    }

    if (total != t.nsamples) {
        abort();
    }

    nvm_writer_init(&w, NULL, 0);
    (void) nvm_cmaf_init_write(&w, &t.track);
}


/* What follows moov: the moofs among it are added. */
static nvm_err_e
fragments(nvm_arena_t *arena, nvm_mp4_t *mp4, const span_t *file,
    uint64_t file_size, nvm_fault_t *f)
{
    char       type[5];
    uint64_t   at, size;
    nvm_err_e  rc;

    for (at = 0; at < file->size; at += size) {
        rc = nvm_mp4_top(file->data + at, file->size - at, 32 + at,
                         32 + file->size, type, &size, f);
        if (rc != NVM_OK) {
            return rc;
        }

        if (memcmp(type, "moof", 4) == 0) {
            rc = nvm_mp4_fragment_add(arena, mp4, file->data + at, size,
                                      32 + at, file_size, f);
            if (rc != NVM_OK) {
                return rc;
            }
        }
    }

    return nvm_mp4_fragments_end(mp4, f);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            n;
    span_t            span, file = { data + 2, size - 2 };
    uint8_t          *index;
    uint32_t          i, target;
    uint64_t          file_size;
    failing_t         mem;
    nvm_err_e         rc;
    nvm_mp4_t        *mp4;
    nvm_fault_t       f = { 0 };
    nvm_index_src_t   src = { span_read, &span };

    if (size < 2) {
        return 0;
    }

    failing_init(&mem, data[0] & 0x07);
    file_size = 1ull << (16 + data[1] % 32);
    target = 100 + (data[1] / 32) * 1000;

    rc = nvm_mp4_parse(&mem.arena, data + 2, size - 2, 32, file_size, &mp4,
                       &f);

    if (rc != f.code || (rc != NVM_OK && f.what == NULL)
        || memchr(f.where, 0, sizeof(f.where)) == NULL)
    {
        abort();
    }

    if (rc == NVM_OK && mp4->fragmented) {
        rc = fragments(&mem.arena, mp4, &file, file_size, &f);
    }

    if (rc == NVM_OK) {
        for (i = 0; i < mp4->ntracks; i++) {
            walk(&mp4->tracks[i], file_size);
        }
    }

    /* of several periods the index is a head, or that of one of them */

    if (rc == NVM_OK && mp4->nperiods > 1 && data[0] >> 3) {
        rc = nvm_mp4_period(mp4, data[0] >> 3, file_size, &f);

        if (rc != f.code || (rc == NVM_OK && mp4->nperiods != 1)) {
            abort();
        }
    }

    if (rc == NVM_OK && data[1] / 32) {
        nvm_mp4_place(mp4, (uint64_t) data[1] * 1000, 1000);
    }

    if (rc == NVM_OK) {
        rc = nvm_index_build(&mem.arena, mp4, file_size, target, NULL, &index,
                             &n, &f);
        if (rc != f.code) {
            abort();
        }
    }

    if (rc == NVM_OK && mp4->nperiods < 2) {
        span.data = index;
        span.size = n;

        for (i = 0; i < mp4->ntracks; i++) {
            read_back(&src, i, &file);
        }
    }

    nvm_heap_done(&mem.heap);

    return 0;
}
