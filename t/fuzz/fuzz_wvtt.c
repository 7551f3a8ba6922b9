/*
 * Copyright (C) ngx_video authors
 *
 * Samples of text tracks.  Byte 0 makes the n-th allocation fail (0: none) and
 * chooses wvtt or tx3g, byte 1 the timescale; then samples, each after a byte
 * of duration and two of size.  The cues they make are written as a segment,
 * which parses into as many.
 */

#include "failing.h"
#include "fuzz.h"
#include "nvm_vtt_build.h"


/* Tags are closed in order and all of them; nothing else is a tag. */
static void
check_tags(nvm_vtt_span_t s)
{
    char     open[3];
    size_t   i, n;

    for (i = 0, n = 0; i < s.len; i++) {
        require(s.data[i] != '>');

        if (s.data[i] != '<') {
            continue;
        }

        require(s.len - i >= 3);

        if (s.data[i + 1] == '/') {
            require(s.len - i >= 4 && n > 0);
            require(s.data[i + 2] == open[--n] && s.data[i + 3] == '>');
            i += 3;
            continue;
        }

        require(strchr("biu", s.data[i + 1]) != NULL && n < 3);
        require(memchr(open, s.data[i + 1], n) == NULL);
        require(s.data[i + 2] == '>');
        open[n++] = s.data[i + 1];
        i += 2;
    }

    require(n == 0);
}


static void
check(nvm_vtt_t *v, unsigned tx3g)
{
    char          *p;
    size_t         i, size;
    nvm_heap_t     h;
    nvm_vtt_t     *got;
    nvm_writer_t   w;

    for (i = 0; i < v->ncues; i++) {
        require(v->cues[i].end_ms > v->cues[i].start_ms);

        if (tx3g) {
            check_tags(v->cues[i].text);
        }
    }

    nvm_writer_init(&w, NULL, 0);
    require(nvm_vtt_segment_write(&w, v, 0, UINT64_MAX, 0) == NVM_OK);

    size = w.len;
    p = malloc(size);
    require(p != NULL);

    nvm_writer_init(&w, p, size);
    require(nvm_vtt_segment_write(&w, v, 0, UINT64_MAX, 0) == NVM_OK);
    require(nvm_writer_done(&w, size) == NVM_OK);

    nvm_heap_init(&h, LIMIT);
    require(nvm_vtt_parse(&h.arena, p, size, &got, NULL) == NVM_OK);
    require(got->ncues == v->ncues && got->skipped == 0);

    for (i = 0; i < v->ncues; i++) {
        require(got->cues[i].start_ms == v->cues[i].start_ms);
        require(got->cues[i].end_ms == v->cues[i].end_ms);
    }

    nvm_heap_done(&h);
    free(p);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t           *sample;
    unsigned           tx3g;
    uint16_t           n;
    uint32_t           duration;
    uint64_t           at;
    nvm_err_e          rc;
    failing_t          mem;
    nvm_vtt_t         *v;
    nvm_fault_t        f;
    nvm_reader_t       r;
    nvm_vtt_build_t    b;

    nvm_reader_init(&r, data, size, 0);
    failing_init(&mem, nvm_reader_peek(&r) & 0x0f);
    tx3g = nvm_reader_u8(&r) & 0x80;
    at = 0;

    nvm_vtt_build_init(&b, &mem.arena, 1 + nvm_reader_u8(&r) * 700u);

    while (nvm_reader_left(&r) >= 3) {
        duration = nvm_reader_u8(&r) * 8u;
        n = nvm_reader_u16(&r);
        n = n > nvm_reader_left(&r) ? (uint16_t) nvm_reader_left(&r) : n;

        /* a copy, so that a read past its end is seen */

        sample = malloc(n ? n : 1);
        require(sample != NULL);
        memcpy(sample, nvm_reader_bytes(&r, n), n);

        memset(&f, 0, sizeof(f));
        rc = (tx3g ? nvm_vtt_from_tx3g : nvm_vtt_from_wvtt)(&b, sample, n, at,
                                                            duration, &f);
        require(rc == f.code && (rc == NVM_OK || f.what != NULL));
        require(f.offset <= n);
        free(sample);
        at += duration;
    }

    memset(&f, 0, sizeof(f));
    rc = nvm_vtt_build_done(&b, &v, &f);
    require(rc == f.code);

    if (rc == NVM_OK) {
        check(v, tx3g);
    }

    nvm_heap_done(&mem.heap);

    return 0;
}
