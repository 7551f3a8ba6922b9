/*
 * Copyright (C) ngx_video authors
 *
 * Thousands of damaged files go through the MP4 reader and the index, and what
 * is accepted is read back segment by segment: faults are complete, tables and
 * segments agree, and memory stays below what docs/hls.md promises.  The files
 * are the same in every run; a failure names its own.
 */

#include <stdarg.h>

#include "mp4_builder.h"
#include "nvm_cmaf.h"
#include "nvm_h264.h"
#include "nvm_index.h"
#include "tap.h"


#define MAX_BOXES   256
#define FRAGMENTS   6
#define SAMPLES     20          /* of a fragment */
#define FLIPS       800         /* of a source */

/* samples may be as many as the file has bytes: few, to be quick */
#define FILE_SIZE   (2 * 1024 * 1024)

/* as ngx_http_video_vod_index.c has them */
#define HEAP_FACTOR 8
#define HEAP_MIN    (4u * 1024 * 1024)

/*
 * One case of so many is run: the build without sanitizers is for valgrind,
 * which has time for a few.
 */
#ifdef __SANITIZE_ADDRESS__
#define STEP        1
#else
#define STEP        41
#endif

/* of a segment's samples and plan, beyond the bytes of the file */
#define READ_MAX    (1024u * 1024)


typedef struct {
    size_t       at;
    size_t       size;
    size_t       inner;         /* bytes before the boxes in it; 0: none */
    size_t       header;
    char         type[5];
} box_t;


typedef struct {
    const char  *name;
    uint8_t     *bytes;
    size_t       size;
    box_t        boxes[MAX_BOXES];
    unsigned     nboxes;
} source_t;


/* An arena that knows its largest allocation. */
typedef struct {
    nvm_heap_t   heap;
    nvm_arena_t  arena;
    size_t       largest;
} counted_t;


typedef struct {
    const uint8_t  *data;
    size_t          size;
} span_t;


static unsigned     cases, total, accepted, failed;
static size_t       peak, largest, peak_read;
static char         what[128];          /* the case */


static void
wrong(const char *why)
{
    if (failed++ < 10) {
        diag("%s: %s", what, why);
    }
}


static void *
counted_alloc(void *data, size_t size)
{
    counted_t  *c = data;

    c->largest = size > c->largest ? size : c->largest;

    return c->heap.arena.alloc(c->heap.arena.data, size);
}


static void
counted_init(counted_t *c, size_t limit)
{
    nvm_heap_init(&c->heap, limit);
    c->arena.alloc = counted_alloc;
    c->arena.data = c;
    c->largest = 0;
}


/* xorshift */
static uint32_t
random_below(uint32_t *x, uint32_t n)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;

    return *x % n;
}


static nvm_err_e
span_read(void *data, uint64_t offset, void *dst, size_t n)
{
    span_t  *s = data;

    if (offset > s->size || n > s->size - offset) {
        wrong("the index points outside itself");
        return NVM_ETRUNC;
    }

    memcpy(dst, s->data + offset, n);

    return NVM_OK;
}


/* The samples of a segment; NULL after a complaint. */
static nvm_sample_t *
read_segment(const nvm_index_src_t *src, const nvm_index_track_t *t,
    const nvm_index_segment_t *segment, const span_t *file, nvm_arena_t *arena)
{
    uint8_t           *bytes, *p;
    uint32_t           i;
    nvm_range_t       *r;
    nvm_sample_t      *s;
    nvm_index_plan_t   plan;

    if (nvm_index_plan(src, t, segment, arena, &plan) != NVM_OK) {
        wrong("a segment can't be planned");
        return NULL;
    }

    p = bytes = nvm_alloc(arena, plan.size, 1);

    for (i = 0; bytes && i < plan.nranges; p += r->size, i++) {
        r = &plan.ranges[i];

        if (r->offset < MP4_AT || r->offset - MP4_AT > file->size
            || r->size > file->size - (r->offset - MP4_AT))
        {
            wrong("a range is outside the boxes");
            return NULL;
        }

        memcpy(p, file->data + (r->offset - MP4_AT), r->size);
    }

    if (bytes == NULL || nvm_index_samples(t, segment, &plan, bytes, arena, &s)
                         != NVM_OK)
    {
        wrong("a segment can't be read");
        return NULL;
    }

    return s;
}


static void
read_track(const nvm_index_src_t *src, uint32_t i, const span_t *file)
{
    uint32_t              n, k, total;
    uint64_t              dts, payload;
    counted_t             c;
    nvm_writer_t          w;
    nvm_sample_t         *s;
    nvm_index_track_t     t;
    nvm_index_segment_t   segment;

    if (nvm_index_track(src, i, &t) != NVM_OK) {
        wrong("no track");
        return;
    }

    for (n = 0, total = 0, dts = UINT64_MAX; n < t.nsegments; n++) {

        counted_init(&c, file->size + READ_MAX);
        s = NULL;

        if (nvm_index_segment(src, &t, n, &segment) != NVM_OK) {
            wrong("no segment");

        } else {
            s = read_segment(src, &t, &segment, file, &c.arena);
        }

        for (k = 0; s && k < segment.nsamples; k++) {
            if (s[k].offset > FILE_SIZE
                || s[k].size > FILE_SIZE - s[k].offset)
            {
                wrong("a sample is outside the file");
            }

            if (dts != UINT64_MAX && s[k].dts != dts) {
                wrong("decode times have a gap");
            }

            dts = s[k].dts + s[k].duration;
            total++;
        }

        if (s && segment.nsamples) {
            nvm_cmaf_chunk_t  chunk = { &t.track, s, segment.nsamples,
                                        segment.start, n + 1, 0, 1, 0,
                                        NULL, 0, NULL };

            chunk.holes = nvm_cmaf_holes(s, segment.nsamples) ? 1 : 0;

            nvm_writer_init(&w, NULL, 0);
            (void) nvm_cmaf_chunk_write(&w, &chunk, &payload);
        }

        peak_read = c.heap.used > peak_read ? c.heap.used : peak_read;
        nvm_heap_done(&c.heap);
    }

    if (total != t.nsamples) {
        wrong("samples are missing");
    }
}


/* As the thread of the server does it: moov, then all moofs. */
static nvm_err_e
load(counted_t *c, const span_t *file, span_t *index, nvm_fault_t *f)
{
    char        type[5];
    size_t      n;
    uint64_t    at, size;
    nvm_err_e   rc;
    nvm_mp4_t  *mp4;

    mp4 = NULL;

    for (at = 0; at < file->size; at += size) {

        rc = nvm_mp4_top(file->data + at, file->size - at, MP4_AT + at,
                         MP4_AT + file->size, type, &size, f);
        if (rc != NVM_OK) {
            return rc;
        }

        if (mp4 == NULL && memcmp(type, "moov", 4) == 0) {
            rc = nvm_mp4_parse(&c->arena, file->data + at, size, MP4_AT + at,
                               FILE_SIZE, &mp4, f);

        } else if (mp4 && mp4->fragmented && memcmp(type, "moof", 4) == 0) {
            rc = nvm_mp4_fragment_add(&c->arena, mp4, file->data + at, size,
                                      MP4_AT + at, FILE_SIZE, f);
        }

        if (rc != NVM_OK) {
            return rc;
        }
    }

    if (mp4 == NULL) {
        return nvm_fault(f, NVM_ENOENT, 0, "no moov box");
    }

    rc = mp4->fragmented ? nvm_mp4_fragments_end(mp4, f) : NVM_OK;
    if (rc != NVM_OK) {
        return rc;
    }

    rc = nvm_index_build(&c->arena, mp4, FILE_SIZE, 1000, NULL,
                         (uint8_t **) (void *) &index->data, &n, f);
    index->size = n;

    return rc;
}


static void
run(const uint8_t *bytes, size_t size)
{
    span_t            file = { NULL, size }, index = { NULL, 0 };
    uint8_t          *copy;
    uint32_t          i;
    counted_t         c;
    nvm_err_e         rc;
    nvm_fault_t       f = { 0 };
    nvm_index_head_t  head;
    nvm_index_src_t   src = { span_read, &index };

    if (cases++ % STEP) {
        return;
    }

    total++;

    /* of its own size, so that what is read behind it is found */

    copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    file.data = copy;

    counted_init(&c, HEAP_MIN + HEAP_FACTOR * size);

    rc = load(&c, &file, &index, &f);

    if (rc == NVM_ENOMEM) {
        wrong("more memory than is promised");
    }

    if (rc != f.code || (rc != NVM_OK && f.what == NULL)
        || memchr(f.where, 0, sizeof(f.where)) == NULL)
    {
        wrong("the fault is not complete");
    }

    if (rc == NVM_OK) {
        accepted++;

        if (nvm_index_head(&src, &head) != NVM_OK) {
            wrong("the index is damaged");
            head.ntracks = 0;
        }

        for (i = 0; i < head.ntracks; i++) {
            read_track(&src, i, &file);
        }
    }

    peak = c.heap.used > peak ? c.heap.used : peak;
    largest = c.largest > largest ? c.largest : largest;

    nvm_heap_done(&c.heap);
    free(copy);
}


static void
name(const source_t *s, const char *fmt, ...)
{
    int      n;
    va_list  args;

    n = snprintf(what, sizeof(what), "%s: ", s->name);

    va_start(args, fmt);
    vsnprintf(what + n, sizeof(what) - (size_t) n, fmt, args);
    va_end(args);
}


/* --- sources ------------------------------------------------------------- */

static const mp4_edit_t  edits[] = {
    { 200, -1, 0x10000 }, { 8000, 1024, 0x10000 },
};

static const mp4_track_t  video = {
    .timescale = 12800, .nsamples = 175, .delta = 512, .size = 900,
    .chunk = 12, .gop = 25, .bframes = 1, .edits = edits, .nedits = 2,
};

static const mp4_track_t  audio = {
    .audio = 1, .timescale = 48000, .nsamples = 300, .delta = 1024,
    .size = 100, .chunk = 9, .edits = edits + 1, .nedits = 1,
};


static void
progressive(source_t *s, int large, int bits)
{
    mp4_track_t  t[2] = { video, audio };

    t[0].large = t[1].large = large;
    t[0].co64 = large;
    t[0].ctts_version = large;
    t[1].bits = bits;
    t[1].wave = large;

    s->bytes = mp4_build(t, 2, &s->size);
}


static void
fragment(nvm_writer_t *w, const nvm_track_t *t, uint32_t k)
{
    uint32_t          i;
    uint64_t          payload;
    nvm_sample_t      s[SAMPLES];
    nvm_cmaf_chunk_t  c = { t, s, SAMPLES, k * SAMPLES * 512, k + 1, 0, 0, 0,
                            NULL, 0, NULL };

    memset(s, 0, sizeof(s));

    for (i = 0; i < SAMPLES; i++) {
        s[i].dts = c.dts + i * 512;
        s[i].duration = 512;
        s[i].size = 500 + i % 11;
        s[i].cts = i == 0 ? 512 : i % 3 == 1 ? 3 * 512 : 0;
        s[i].key = i == 0;
    }

    (void) nvm_cmaf_chunk_write(w, &c, &payload);
    w->len -= 8;                            /* mdat is not there */
}


static void
fragmented(source_t *s)
{
    uint32_t      k;
    nvm_track_t   t;
    nvm_writer_t  w;

    memset(&t, 0, sizeof(nvm_track_t));
    (void) nvm_h264_track(&t, mp4_avcc, sizeof(mp4_avcc), NULL);
    t.id = 7;
    t.timescale = 12800;

    s->bytes = malloc(65536);
    nvm_writer_init(&w, s->bytes, 65536);
    (void) nvm_cmaf_init_write(&w, &t);

    for (k = 0; k < FRAGMENTS; k++) {
        fragment(&w, &t, k);
    }

    s->size = w.len;
}


/* Bytes before the boxes in a box, after its header; -1: it has none. */
static int
fields_of(const char *type)
{
    static const struct { char type[5]; int n; }  table[] = {
        { "moov", 0 }, { "trak", 0 }, { "edts", 0 }, { "mdia", 0 },
        { "minf", 0 }, { "dinf", 0 }, { "stbl", 0 }, { "mvex", 0 },
        { "moof", 0 }, { "traf", 0 }, { "dref", 8 }, { "stsd", 8 },
        { "avc1", 78 },
    };

    unsigned  i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (memcmp(type, table[i].type, 4) == 0) {
            return table[i].n;
        }
    }

    return -1;
}


static void
list(source_t *s, size_t at, size_t end)
{
    int     fields;
    box_t  *b;

    while (at + 8 <= end && s->nboxes < MAX_BOXES) {
        b = &s->boxes[s->nboxes++];
        b->at = at;
        b->size = mp4_u32(s->bytes + at);
        b->header = 8;
        memcpy(b->type, s->bytes + at + 4, 4);

        if (b->size == 1) {
            b->size = mp4_u32(s->bytes + at + 12);
            b->header = 16;
        }

        at += b->size;
        fields = fields_of(b->type);

        if (fields >= 0) {
            b->inner = b->header + (size_t) fields;
            list(s, b->at + b->inner, at);
        }
    }
}


/* --- what is done to them ------------------------------------------------ */

static void
cuts(const source_t *s)
{
    int       d;
    unsigned  i;

    for (i = 0; i < s->nboxes; i++) {
        for (d = -1; d <= 1; d++) {
            if (s->boxes[i].at || d >= 0) {
                name(s, "cut at %s %zu%+d", s->boxes[i].type, s->boxes[i].at,
                     d);
                run(s->bytes, s->boxes[i].at + (size_t) d);
            }
        }
    }

    for (i = 0; i < s->size; i += 37) {
        name(s, "cut at %u", i);
        run(s->bytes, i);
    }
}


static void
sizes(const source_t *s, uint8_t *copy)
{
    size_t        k;
    unsigned      i;
    const box_t  *b;

    for (i = 0; i < s->nboxes; i++) {
        b = &s->boxes[i];

        const uint32_t  narrow[] = {
            0, 1, 7, 8, 9, (uint32_t) b->size - 1, (uint32_t) b->size + 1,
            (uint32_t) b->size + 8, (uint32_t) s->size, 1u << 31, UINT32_MAX,
        };
        const uint64_t  wide[] = {
            0, 1, 15, 16, b->size, b->size + 8, 1ull << 32, 1ull << 63,
            UINT64_MAX, 0 - (uint64_t) b->at, 0 - (uint64_t) (MP4_AT + b->at),
        };

        for (k = 0; k < sizeof(narrow) / 4; k++) {
            name(s, "%s %zu of size %u", b->type, b->at, narrow[k]);
            memcpy(copy, s->bytes, s->size);
            mp4_put(copy + b->at, narrow[k]);
            run(copy, s->size);
        }

        for (k = 0; b->size >= 16 && k < sizeof(wide) / 8; k++) {
            name(s, "%s %zu of wide size %llx", b->type, b->at,
                 (unsigned long long) wide[k]);
            memcpy(copy, s->bytes, s->size);
            mp4_put(copy + b->at, 1);
            mp4_put(copy + b->at + 8, (uint32_t) (wide[k] >> 32));
            mp4_put(copy + b->at + 12, (uint32_t) wide[k]);
            run(copy, s->size);
        }
    }
}


/* Each of the first fields of each box that has no boxes: counts are there. */
static void
counts(const source_t *s, uint8_t *copy)
{
    static const uint32_t  n[] = { 0, 1, 1u << 26, 1u << 29, 1u << 30,
                                   1u << 31, UINT32_MAX };

    size_t        k, field;
    unsigned      i;
    const box_t  *b;

    for (i = 0; i < s->nboxes; i++) {
        b = &s->boxes[i];

        for (field = b->header; field < b->header + 32; field += 4) {

            if (field + 4 > b->size || (b->inner && field >= b->inner)) {
                break;
            }

            for (k = 0; k < sizeof(n) / 4; k++) {
                name(s, "%s %zu has %u at %zu", b->type, b->at, n[k], field);
                memcpy(copy, s->bytes, s->size);
                mp4_put(copy + b->at + field, n[k]);
                run(copy, s->size);
            }
        }
    }
}


static void
types(const source_t *s, uint8_t *copy)
{
    unsigned      i, k;
    const box_t  *b;

    for (i = 0; i < s->nboxes; i++) {
        b = &s->boxes[i];

        for (k = 0; k < s->nboxes; k += 3) {
            name(s, "%s %zu is %s", b->type, b->at, s->boxes[k].type);
            memcpy(copy, s->bytes, s->size);
            memcpy(copy + b->at + 4, s->boxes[k].type, 4);
            memcpy(copy + s->boxes[k].at + 4, b->type, 4);
            run(copy, s->size);
        }

        if (b->size >= b->inner + 16) {
            name(s, "%s %zu has itself", b->type, b->at);
            memcpy(copy, s->bytes, s->size);
            memcpy(copy + b->at + (b->inner ? b->inner : 8), s->bytes + b->at,
                   8);
            run(copy, s->size);
        }
    }
}


static void
flips(const source_t *s, uint8_t *copy, uint32_t seed)
{
    uint32_t  i, k, n, x;

    for (i = 0; i < FLIPS; i++) {
        name(s, "flips %u of %u", i, seed);
        x = seed * 1000003 + i * 7919 + 1;

        for (k = 0; k < 8; k++) {
            (void) random_below(&x, 2);
        }

        memcpy(copy, s->bytes, s->size);
        n = 1 + random_below(&x, 1 + random_below(&x, 32));

        for (k = 0; k < n; k++) {
            copy[random_below(&x, (uint32_t) s->size)]
                ^= (uint8_t) (1 + random_below(&x, 255));
        }

        run(copy, s->size);
    }
}


/* Boxes in boxes; and as many beside one another. */
static void
bombs(void)
{
    static const char  *type[] = { "moov", "trak", "mdia", "minf", "stbl",
                                   "stsd", "avc1", "mp4a", "wave", "edts",
                                   "mvex", "moof", "traf", "udta" };
    enum { DEEP = 4000 };

    int        fields;
    size_t     n, at;
    uint8_t   *p;
    unsigned   i, k;
    source_t   s = { .name = "bomb" };

    for (i = 0; i < sizeof(type) / sizeof(type[0]); i++) {
        fields = fields_of(type[i]);
        n = 8 + (size_t) (fields > 0 ? fields : 0);
        p = calloc(DEEP + 1, n);

        mp4_put(p, (uint32_t) (8 + DEEP * n));
        memcpy(p + 4, "moov", 4);

        for (k = 0, at = 8; k < DEEP; k++, at += n) {
            mp4_put(p + at, (uint32_t) ((DEEP - k) * n));
            memcpy(p + at + 4, type[i], 4);
        }

        name(&s, "%s deep", type[i]);
        run(p, at);

        for (k = 0, at = 8; k < DEEP; k++, at += n) {
            mp4_put(p + at, (uint32_t) n);
        }

        name(&s, "%s wide", type[i]);
        run(p, at);
        free(p);
    }
}


static void
mutate(source_t *s, uint32_t seed)
{
    unsigned  before;
    uint8_t  *copy;

    before = failed;
    list(s, 0, s->size);

    name(s, "whole");
    accepted = 0;
    cases = 0;
    run(s->bytes, s->size);
    is_int(accepted, 1, "%s: the good file of %u boxes", s->name, s->nboxes);

    copy = malloc(s->size);

    cuts(s);
    sizes(s, copy);
    counts(s, copy);
    types(s, copy);
    flips(s, copy, seed);

    is_int(failed, before, "%s: damaged ones, %u were accepted", s->name,
           accepted - 1);

    free(copy);
    free(s->bytes);
    memset(s, 0, sizeof(source_t));
}


int
main(void)
{
    static source_t  s;

    s.name = "progressive";
    progressive(&s, 0, 0);
    mutate(&s, 1);

    s.name = "large";
    progressive(&s, 1, 8);
    mutate(&s, 2);

    s.name = "fragmented";
    fragmented(&s);
    mutate(&s, 3);

    bombs();
    is_int(failed, 0, "thousands of boxes in one another and side by side");

    ok(total > 12000 / STEP, "%u files", total);
    diag("at most %zu bytes for an index, %zu at once; %zu for a segment",
         peak, largest, peak_read);

    return done_testing();
}
