/*
 * Copyright (C) ngx_video authors
 *
 * The MP4 reader and the index.  Byte 0 makes the n-th allocation fail (0:
 * none), byte 1 chooses size of file and segments, the rest is a moov; what
 * parses is walked, indexed and read back, and must agree.
 */

#include <stdlib.h>
#include <string.h>

#include "nvm_cmaf.h"
#include "nvm_index.h"


#define LIMIT  (64 * 1024 * 1024)


/* An arena whose n-th allocation fails. */
typedef struct {
    nvm_heap_t    heap;
    nvm_arena_t   arena;
    unsigned      left;
} failing_t;


typedef struct {
    const uint8_t  *data;
    size_t          size;
} span_t;


static void *
failing_alloc(void *data, size_t size)
{
    failing_t  *f = data;

    if (f->left && --f->left == 0) {
        return NULL;
    }

    return f->heap.arena.alloc(f->heap.arena.data, size);
}


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


/* A segment's samples, from the tables of the moov that was indexed. */
static nvm_err_e
samples_of(const nvm_index_track_t *t, const nvm_index_segment_t *segment,
    const span_t *moov, nvm_arena_t *arena, nvm_sample_t **samples)
{
    size_t        i, size;
    uint8_t      *tables, *p;
    nvm_range_t   r[NVM_INDEX_TABLES];

    size = nvm_index_ranges(t, segment, r);
    p = tables = nvm_alloc(arena, size, 1);

    if (tables == NULL) {
        return NVM_ENOMEM;
    }

    for (i = 0; i < NVM_INDEX_TABLES; p += r[i++].size) {

        if (r[i].size == 0) {
            continue;
        }

        if (r[i].offset < 32 || r[i].offset - 32 > moov->size
            || r[i].size > moov->size - (r[i].offset - 32))
        {
            abort();
        }

        memcpy(p, moov->data + (r[i].offset - 32), r[i].size);
    }

    /* the same tables as before: they can only agree */

    if (nvm_index_samples(t, segment, tables, arena, samples) == NVM_EINVAL) {
        abort();
    }

    return NVM_OK;
}


/* Reads a track back; segments hold each sample once, without a gap. */
static void
read_back(const nvm_index_src_t *src, uint32_t i, const span_t *moov)
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
            || samples_of(&t, &segment, moov, &h.arena, &s) != NVM_OK)
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
                                    segment.start, n + 1, 1 };

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


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t            n;
    span_t            span, moov = { data + 2, size - 2 };
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

    nvm_heap_init(&mem.heap, LIMIT);
    mem.arena.alloc = failing_alloc;
    mem.arena.data = &mem;
    mem.left = data[0] & 0x07;
    file_size = 1ull << (16 + data[1] % 32);
    target = 100 + (data[1] / 32) * 1000;

    rc = nvm_mp4_parse(&mem.arena, data + 2, size - 2, 32, file_size, &mp4,
                       &f);

    if (rc != f.code || (rc != NVM_OK && f.what == NULL)
        || memchr(f.where, 0, sizeof(f.where)) == NULL)
    {
        abort();
    }

    if (rc == NVM_OK) {
        for (i = 0; i < mp4->ntracks; i++) {
            walk(&mp4->tracks[i], file_size);
        }

        rc = nvm_index_build(&mem.arena, mp4, file_size, target, &index, &n,
                             &f);
        if (rc != f.code) {
            abort();
        }
    }

    if (rc == NVM_OK) {
        span.data = index;
        span.size = n;

        for (i = 0; i < mp4->ntracks; i++) {
            read_back(&src, i, &moov);
        }
    }

    nvm_heap_done(&mem.heap);

    return 0;
}
