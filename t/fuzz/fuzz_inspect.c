/*
 * Copyright (C) ngx_video authors
 *
 * Inspection of MP4 and MPEG-TS files.  Byte 0 makes the n-th allocation fail
 * (low three bits, 0: none) and chooses between text and JSON (8), short and
 * long tables (16), the whole and a list of samples (32).  Byte 1 is the size
 * of the blocks in which MPEG-TS is fed.  The rest is the file.
 *
 * What is written has the size that a dry run told, is JSON if it was to be,
 * and of MPEG-TS does not depend on the blocks.
 */

#include "failing.h"
#include "fuzz.h"
#include "json_check.h"
#include "nvm_inspect.h"


typedef struct {
    const uint8_t    *data;
    size_t            size;
    unsigned          fail;
    unsigned          all;
    unsigned          samples;
    nvm_emit_form_e   form;
    uint32_t          track;
} input_t;


static void
write_mp4(nvm_inspect_mp4_t *m, const input_t *in, nvm_writer_t *w)
{
    nvm_emit_t  e;

    nvm_emit_init(&e, in->form, w);

    if (!in->samples
        || nvm_inspect_mp4_samples(m, &e, in->track) != NVM_OK)
    {
        nvm_inspect_mp4_write(m, &e, in->all);
    }

    nvm_emit_done(&e);
}


static void
check(const nvm_writer_t *w, size_t expected, nvm_emit_form_e form)
{
    if (nvm_writer_done(w, expected) != NVM_OK) {
        abort();
    }

    if (form == NVM_EMIT_JSON && json_check((char *) w->start, w->len) != NULL)
    {
        abort();
    }
}


static void
fuzz_mp4(const input_t *in)
{
    size_t               n;
    uint8_t             *out;
    failing_t            mem;
    nvm_writer_t         w;
    nvm_inspect_mp4_t   *m;
    nvm_inspect_want_t   want;

    failing_init(&mem, in->fail);
    m = nvm_inspect_mp4_create(&mem.arena, in->size);

    while (m != NULL && nvm_inspect_mp4_want(m, &want) == NVM_OK) {

        if (want.offset > in->size || want.size > in->size - want.offset) {
            abort();
        }

        memcpy(want.dst, in->data + want.offset, want.size);
        nvm_inspect_mp4_feed(m, want.size);
    }

    if (m != NULL) {
        (void) nvm_inspect_mp4_end(m);

        nvm_writer_init(&w, NULL, 0);
        write_mp4(m, in, &w);

        n = w.len;
        out = malloc(n);
        nvm_writer_init(&w, out, n);
        write_mp4(m, in, &w);

        check(&w, n, in->form);
        free(out);
    }

    nvm_heap_done(&mem.heap);
}


/* Feeds and writes; the output is malloc()ed, NULL if there was no memory. */
static uint8_t *
run_ts(const input_t *in, const nvm_inspect_probe_t *p, size_t block,
    size_t *len)
{
    size_t              i, n;
    uint8_t            *out;
    failing_t           mem;
    nvm_emit_t          e;
    nvm_writer_t        w;
    nvm_inspect_ts_t   *ts;

    *len = 0;
    failing_init(&mem, in->fail);
    ts = nvm_inspect_ts_create(&mem.arena, p, in->all);

    if (ts == NULL) {
        nvm_heap_done(&mem.heap);
        return NULL;
    }

    /* rows are written while it is fed: at most one for each packet */

    n = in->samples ? 1000 + in->size * 2 : 0;
    out = n ? malloc(n) : NULL;
    nvm_writer_init(&w, out, n);
    nvm_emit_init(&e, in->form, &w);

    if (in->samples) {
        nvm_inspect_ts_samples(ts, &e, in->track);
    }

    for (i = 0; i < in->size; i += n) {
        n = in->size - i < block ? in->size - i : block;
        nvm_inspect_ts_feed(ts, in->data + i, n);
    }

    (void) nvm_inspect_ts_end(ts);

    if (!in->samples) {
        nvm_inspect_ts_write(ts, &e);
        nvm_emit_done(&e);

        n = w.len;
        out = malloc(n);
        nvm_writer_init(&w, out, n);
        nvm_emit_init(&e, in->form, &w);
        nvm_inspect_ts_write(ts, &e);
    }

    nvm_emit_done(&e);
    check(&w, w.len, in->form);
    *len = w.len;
    nvm_heap_done(&mem.heap);

    return out;
}


static void
fuzz_ts(const input_t *in, const nvm_inspect_probe_t *p, size_t block)
{
    size_t    n, len;
    uint8_t  *whole, *parts;

    whole = run_ts(in, p, in->size, &n);
    parts = run_ts(in, p, block, &len);

    if (n != len || (n && memcmp(whole, parts, n) != 0)) {
        abort();
    }

    free(whole);
    free(parts);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input_t              in;
    nvm_inspect_probe_t  p;

    if (size < 2) {
        return 0;
    }

    in.data = data + 2;
    in.size = size - 2;
    in.fail = data[0] & 7;
    in.form = data[0] & 8 ? NVM_EMIT_TEXT : NVM_EMIT_JSON;
    in.all = data[0] >> 4 & 1;
    in.samples = data[0] >> 5 & 1;

    nvm_inspect_probe(in.data, in.size, &p);

    if (p.format == NVM_INSPECT_TS) {
        in.track = 256;
        fuzz_ts(&in, &p, data[1] + 1u);
        return 0;
    }

    in.track = 1;
    fuzz_mp4(&in);

    return 0;
}
