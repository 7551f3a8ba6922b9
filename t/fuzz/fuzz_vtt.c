/*
 * Copyright (C) ngx_video authors
 *
 * WebVTT and SubRip.  Byte 0 makes the n-th allocation fail (0: none), byte 1
 * is the length of segments, the rest is a file.  Its cues are in order and
 * found as a linear search finds them; a segment parses into its cues and is
 * written from them byte for byte; wvtt samples read back are the same cues.
 */

#include "failing.h"
#include "fuzz.h"
#include "nvm_vtt_build.h"
#include "nvm_wvtt.h"


#define SEGMENTS  12


static void
check_order(const nvm_vtt_t *v)
{
    size_t                i, k;
    uint64_t              end, at;
    const nvm_vtt_cue_t  *c;

    for (i = 0, end = 0; i < v->ncues; i++) {
        c = &v->cues[i];
        end = c->end_ms > end ? c->end_ms : end;
        require(c->end_ms > c->start_ms && c->end_ms < NVM_VTT_MAX_MS);
        require(i == 0 || c[-1].start_ms < c->start_ms
                || (c[-1].start_ms == c->start_ms
                    && c[-1].number < c->number));
    }

    require(v->end_ms == end);

    for (i = 0; i < v->ncues && i < SEGMENTS; i++) {
        at = v->cues[v->ncues - 1 - i].end_ms - i % 2;

        for (k = i / 2; k < v->ncues && v->cues[k].end_ms <= at; k++) {
            /* void */
        }

        require(nvm_vtt_find(v, i / 2, at) == k);
    }
}


static char *
write_segment(const nvm_vtt_t *v, uint64_t start, uint64_t end, size_t *size)
{
    char          *p;
    nvm_writer_t   w;

    nvm_writer_init(&w, NULL, 0);
    require(nvm_vtt_segment_write(&w, v, start, end, 0) == NVM_OK);

    *size = w.len;
    p = malloc(w.len);
    require(p != NULL);

    nvm_writer_init(&w, p, *size);
    require(nvm_vtt_segment_write(&w, v, start, end, 0) == NVM_OK);
    require(nvm_writer_done(&w, *size) == NVM_OK);

    return p;
}


static void
check_segment(const nvm_vtt_t *v, uint64_t start, uint64_t end)
{
    char        *p, *q;
    size_t       i, n, size, again;
    nvm_heap_t   h;
    nvm_vtt_t   *got;

    for (i = 0, n = 0; i < v->ncues; i++) {
        n += v->cues[i].start_ms < end && v->cues[i].end_ms > start;
    }

    p = write_segment(v, start, end, &size);
    nvm_heap_init(&h, LIMIT);

    require(nvm_vtt_parse(&h.arena, p, size, &got, NULL) == NVM_OK);
    require(got->ncues == n && got->skipped == 0);
    require(got->nblocks == v->nblocks);

    q = write_segment(got, 0, UINT64_MAX, &again);
    require(size == again && memcmp(p, q, size) == 0);

    nvm_heap_done(&h);
    free(p);
    free(q);
}


static void
same_text(nvm_vtt_span_t raw, nvm_vtt_span_t read)
{
    char          *p;
    nvm_writer_t   w;

    nvm_writer_init(&w, NULL, 0);
    nvm_vtt_text_write(&w, raw);
    p = malloc(w.len + 1);
    require(p != NULL);

    nvm_writer_init(&w, p, w.len + 1);
    nvm_vtt_text_write(&w, raw);
    require(nvm_vtt_same(nvm_vtt_trim((nvm_vtt_span_t) { p, w.len }), read));
    free(p);
}


static void
read_samples(nvm_vtt_build_t *b, const nvm_wvtt_segment_t *s, nvm_sample_t *t,
    size_t n, size_t size)
{
    size_t         i;
    uint8_t       *p;
    uint64_t       at;
    nvm_writer_t   w;

    p = malloc(size);
    require(p != NULL);

    nvm_writer_init(&w, p, size);
    require(nvm_wvtt_segment_write(&w, s, t, &n) == NVM_OK);
    require(nvm_writer_done(&w, size) == NVM_OK);

    for (i = 0, at = s->start; i < n; at += t[i].duration, i++) {
        require(t[i].dts == at && t[i].duration);
        require(nvm_vtt_from_wvtt(b, p + t[i].offset, t[i].size, t[i].dts,
                                  t[i].duration, NULL) == NVM_OK);
    }

    require(at == s->start + s->duration);
    free(p);
}


static void
check_wvtt(const nvm_vtt_t *v, uint32_t duration)
{
    size_t               i, n;
    nvm_err_e            rc;
    nvm_heap_t           h;
    nvm_vtt_t           *got;
    nvm_writer_t         w;
    nvm_sample_t        *t;
    nvm_vtt_build_t      b;
    nvm_wvtt_segment_t   s = { v, 1000, 0, duration };

    nvm_heap_init(&h, LIMIT);
    nvm_vtt_build_init(&b, &h.arena, 1000);

    for (rc = NVM_OK; s.start < v->end_ms; s.start += duration) {
        nvm_writer_init(&w, NULL, 0);

        rc = nvm_wvtt_segment_write(&w, &s, NULL, &n);
        if (rc != NVM_OK) {
            require(rc == NVM_ELIMIT);
            break;
        }

        t = malloc(n * sizeof(nvm_sample_t));
        require(t != NULL);
        read_samples(&b, &s, t, n, w.len);
        free(t);
    }

    require(nvm_vtt_build_done(&b, &got, NULL) == NVM_OK);

    if (rc == NVM_OK) {
        require(got->ncues == v->ncues);

        for (i = 0; i < v->ncues; i++) {
            require(got->cues[i].start_ms == v->cues[i].start_ms);
            require(got->cues[i].end_ms == v->cues[i].end_ms);
            same_text(v->cues[i].text, got->cues[i].text);
        }
    }

    nvm_heap_done(&h);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t      start, step;
    failing_t     mem;
    nvm_err_e     rc;
    nvm_vtt_t    *v;
    nvm_fault_t   f = { 0 };

    if (size < 2) {
        return 0;
    }

    failing_init(&mem, data[0] & 0x07);

    rc = nvm_vtt_parse(&mem.arena, data + 2, size - 2, &v, &f);
    require(rc == f.code && (rc == NVM_OK || f.what != NULL));
    require(f.offset <= size);

    if (rc == NVM_OK) {
        check_order(v);
        check_segment(v, 0, UINT64_MAX);

        step = v->end_ms / (1 + data[1] % SEGMENTS) + 1;

        for (start = 0; start < v->end_ms; start += step) {
            check_segment(v, start, start + step);
        }

        check_wvtt(v, step > UINT32_MAX ? UINT32_MAX : (uint32_t) step);
    }

    nvm_heap_done(&mem.heap);

    return 0;
}
