/*
 * Copyright (C) ngx_video authors
 *
 * The foundation: bounded readers, the bounded writer, the arena, checked
 * arithmetic and faults.
 */

#include <stdlib.h>
#include <string.h>

#include "nvm_arena.h"
#include "nvm_reader.h"
#include "nvm_writer.h"
#include "tap.h"


static void
test_reader(void)
{
    nvm_reader_t  r, child;

    static const uint8_t  data[] = {
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
        0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12
    };

    nvm_reader_init(&r, data, sizeof(data), 1000);
    is_int(nvm_reader_peek(&r), 0x01, "peek");
    is_int(nvm_reader_u8(&r), 0x01, "u8");
    is_int(nvm_reader_u16(&r), 0x0203, "u16");
    is_int(nvm_reader_u24(&r), 0x040506, "u24");
    is_int(nvm_reader_u32(&r), 0x0708090a, "u32");
    ok(nvm_reader_u64(&r) == 0x0b0c0d0e0f101112, "u64");
    is_int(nvm_reader_left(&r), 0, "nothing left");
    is_int(nvm_reader_offset(&r), 1018, "offset counts from base");
    ok(nvm_reader_bytes(&r, 0) != NULL, "no bytes at the end are no error");
    is_int(nvm_reader_u8(&r), 0, "past the end reads zero");
    is_int(r.error, NVM_ETRUNC, "and is an error");

    nvm_reader_init(&r, data, 3, 0);
    is_int(nvm_reader_u32(&r), 0, "u32 of three bytes is zero");
    is_int(nvm_reader_u8(&r), 0, "the error sticks");
    is_int(nvm_reader_left(&r), 0, "nothing is left after an error");
    is_int(nvm_reader_offset(&r), 0, "no progress after an error");

    nvm_reader_init(&r, data, sizeof(data), 100);
    nvm_reader_skip(&r, 2);
    nvm_reader_sub(&r, 4, &child);
    is_int(nvm_reader_offset(&child), 102, "child knows its offset");
    is_int(nvm_reader_u32(&child), 0x03040506, "child reads its bytes");
    is_int(nvm_reader_u8(&child), 0, "child does not see past its end");
    is_int(child.error, NVM_ETRUNC, "child has the error");
    is_int(r.error, NVM_OK, "parent has not");
    is_int(nvm_reader_u8(&r), 0x07, "parent goes on behind the child");

    nvm_reader_sub(&r, UINT64_MAX, &child);
    is_int(r.error, NVM_ETRUNC, "hostile size of a child is an error");
    is_int(child.error, NVM_ETRUNC, "in both readers");
    is_int(nvm_reader_left(&child), 0, "and the child is empty");

    nvm_reader_init(&r, data, sizeof(data), 0);
    nvm_reader_skip(&r, UINT64_MAX);
    is_int(r.error, NVM_ETRUNC, "hostile skip is an error");

    nvm_reader_init(&r, data, sizeof(data), 0);
    ok(nvm_reader_bytes(&r, SIZE_MAX) == NULL, "hostile length gives NULL");
}


static void
test_bits(void)
{
    nvm_bits_t  b;

    /* 1 010 011 00100 00101 00110 00111 0001000 1 */
    static const uint8_t  golomb[] = { 0xa6, 0x42, 0x98, 0xe2, 0x20 };
    static const uint8_t  big[] = { 0x00, 0x00, 0x00, 0x01, 0xff, 0xff, 0xff,
                                    0xff };
    static const uint8_t  zeros[9];
    static const uint8_t  emulated[] = { 0x00, 0x00, 0x03, 0x01, 0x00, 0x00,
                                         0x03, 0x00, 0x00, 0x03, 0x02 };

    nvm_bits_init(&b, golomb, sizeof(golomb), 0);
    is_int(nvm_bits_ue(&b), 0, "ue 0");
    is_int(nvm_bits_ue(&b), 1, "ue 1");
    is_int(nvm_bits_ue(&b), 2, "ue 2");
    is_int(nvm_bits_ue(&b), 3, "ue 3");
    is_int(nvm_bits_ue(&b), 4, "ue 4");
    is_int(nvm_bits_ue(&b), 5, "ue 5");
    is_int(nvm_bits_ue(&b), 6, "ue 6");
    is_int(nvm_bits_ue(&b), 7, "ue 7");

    nvm_bits_init(&b, golomb, sizeof(golomb), 0);
    is_int(nvm_bits_se(&b), 0, "se 0");
    is_int(nvm_bits_se(&b), 1, "se 1");
    is_int(nvm_bits_se(&b), -1, "se -1");
    is_int(nvm_bits_se(&b), 2, "se 2");
    is_int(nvm_bits_se(&b), -2, "se -2");

    nvm_bits_init(&b, big, sizeof(big), 0);
    ok(nvm_bits_ue(&b) == UINT32_MAX - 1, "largest ue");
    is_int(b.error, NVM_OK, "is no error");

    nvm_bits_init(&b, zeros, sizeof(zeros), 0);
    is_int(nvm_bits_ue(&b), 0, "ue of 32 zeros");
    is_int(b.error, NVM_EINVAL, "is an error");

    nvm_bits_init(&b, zeros, 2, 0);
    (void) nvm_bits_ue(&b);
    is_int(b.error, NVM_ETRUNC, "ue that ends early");

    nvm_bits_init(&b, emulated, sizeof(emulated), 1);
    is_int(nvm_bits_u(&b, 24), 0x000001, "emulation byte is dropped");
    is_int(nvm_bits_u(&b, 32), 0, "twice in a row");
    is_int(nvm_bits_u(&b, 8), 2, "the byte after it is read");
    is_int(b.error, NVM_OK, "to the end");

    nvm_bits_init(&b, emulated, sizeof(emulated), 0);
    is_int(nvm_bits_u(&b, 24), 0x000003, "without rbsp it stays");

    nvm_bits_init(&b, golomb, sizeof(golomb), 0);
    nvm_bits_skip(&b, 39);
    is_int(nvm_bits_u(&b, 1), 0, "last bit after a long skip");
    is_int(b.error, NVM_OK, "is there");
    is_int(nvm_bits_u(&b, 0), 0, "no bits");
    is_int(b.error, NVM_OK, "are no error at the end");
    nvm_bits_skip(&b, UINT32_MAX);
    is_int(b.error, NVM_ETRUNC, "skip past the end is one");
}


static void
test_writer(void)
{
    size_t        mark, inner;
    uint8_t       buf[64];
    nvm_writer_t  w;

    static const uint8_t  want[] = {
        0x00, 0x00, 0x00, 0x1c, 'f', 'r', 'e', 'e', 0x01, 0x02, 0x03, 0x04,
        0x00, 0x00, 0x00, 0x10, 'f', 'u', 'l', 'l', 0x01, 0x00, 0x00, 0x07,
        'h', 'i', '4', '2'
    };

    for (int dry = 1; dry >= 0; dry--) {
        nvm_writer_init(&w, dry ? NULL : buf, sizeof(buf));
        mark = nvm_writer_box(&w, "free");
        nvm_writer_u8(&w, 0x01);
        nvm_writer_u24(&w, 0x020304);
        inner = nvm_writer_fullbox(&w, "full", 1, 7);
        nvm_writer_text(&w, "hi");
        nvm_writer_fmt(&w, "%d", 42);
        nvm_writer_box_end(&w, inner);
        nvm_writer_box_end(&w, mark);
        is_int(w.len, sizeof(want), "%s run counts", dry ? "dry" : "real");
        is_int(nvm_writer_done(&w, sizeof(want)), NVM_OK, "and agrees");
    }

    is_mem(buf, w.len, want, sizeof(want), "boxes");
    is_int(nvm_writer_done(&w, 27), NVM_EOVERFLOW, "other size is an error");

    nvm_writer_init(&w, buf, 8);
    nvm_writer_u64(&w, 0x0102030405060708);
    is_int(w.error, NVM_OK, "exactly full is no error");
    nvm_writer_zero(&w, 1);
    is_int(w.error, NVM_EOVERFLOW, "one byte more is");
    is_int(w.len, 9, "the count goes on");
    nvm_writer_patch_u32(&w, 0, 0);
    is_int(buf[3], 4, "nothing is stored after an error");

    nvm_writer_init(&w, buf, sizeof(buf));
    nvm_writer_fmt(&w, "%600d", 1);
    is_int(w.error, NVM_EOVERFLOW, "formatted text is bounded");
}


static void
test_decimal(void)
{
    size_t        i;
    char          buf[32];
    nvm_writer_t  w;

    static const struct {
        uint64_t     v;
        unsigned     digits;
        const char  *text;
    } cases[] = {
        { 0, 0, "0" }, { 0, 1, "0" }, { 0, 6, "000000" }, { 7, 1, "7" },
        { 40, 6, "000040" }, { 1234567, 6, "1234567" },
        { UINT64_MAX, 1, "18446744073709551615" },
        { 1, 20, "00000000000000000001" }, { 1, 99, "00000000000000000001" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        nvm_writer_init(&w, buf, sizeof(buf));
        nvm_writer_number(&w, cases[i].v, cases[i].digits);
        nvm_writer_u8(&w, 0);
        ok(w.error == NVM_OK && strcmp(buf, cases[i].text) == 0,
           "number %s", cases[i].text);
    }
}


static void *
failing_alloc(void *data, size_t size)
{
    int  *left = data;

    return (*left)-- > 0 ? malloc(size) : NULL;
}


static void
test_arena(void)
{
    int          left;
    char        *p;
    nvm_heap_t   h;
    nvm_arena_t  a;

    nvm_heap_init(&h, 1000);
    p = nvm_alloc(&h.arena, 10, 10);
    ok(p != NULL && p[0] == 0 && p[99] == 0, "zeroed memory");
    ok((uintptr_t) p % _Alignof(max_align_t) == 0, "aligned for any type");
    ok(nvm_alloc(&h.arena, 901, 1) == NULL, "the limit holds");
    ok(nvm_alloc(&h.arena, 900, 1) != NULL, "up to the last byte");
    ok(nvm_alloc(&h.arena, SIZE_MAX / 2, 3) == NULL, "product that wraps");
    nvm_heap_done(&h);
    is_int(h.used, 0, "all is freed");

    left = 1;
    a.alloc = failing_alloc;
    a.data = &left;
    p = nvm_alloc(&a, 0, 8);
    ok(p != NULL, "no elements are no failure");
    free(p);
    ok(nvm_alloc(&a, 1, 8) == NULL, "failure of the caller's function");
}


static void
test_numbers(void)
{
    uint64_t     v;
    nvm_fault_t  f;

    is_int(nvm_add(UINT64_MAX, 1, &v), -1, "sum that wraps");
    is_int(nvm_add(UINT64_MAX - 1, 1, &v), 0, "sum that does not");
    is_int(nvm_mul(UINT64_C(1) << 32, UINT64_C(1) << 32, &v), -1,
           "product that wraps");
    is_int(nvm_rescale(1, 1000, 90000), 0, "rescale down");
    is_int(nvm_rescale(45, 1000, 90000), 1, "half rounds up");
    is_int(nvm_rescale(-45, 1000, 90000), -1, "and away from zero");
    is_int(nvm_rescale(INT64_MAX, 90000, 90000), INT64_MAX, "no overflow");

    memset(&f, 0, sizeof(f));
    is_int(nvm_fault(&f, NVM_EINVAL, 7, "first"), NVM_EINVAL, "fault");
    (void) nvm_fault(&f, NVM_ETRUNC, 9, "second");
    is_str(f.what, "first", "the first fault is kept");
    is_int(nvm_fault(NULL, NVM_ETRUNC, 9, "none"), NVM_ETRUNC, "no record");
    is_str(nvm_strerror(NVM_ETRUNC), "truncated", "text of a code");
    is_str(nvm_strerror((nvm_err_e) 99), "unknown error", "of no code");
}


int
main(void)
{
    test_reader();
    test_bits();
    test_writer();
    test_decimal();
    test_arena();
    test_numbers();

    return done_testing();
}
