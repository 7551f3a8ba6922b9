/*
 * Copyright (C) ngx_video authors
 *
 * A tiny TAP producer for the unit tests, in one header:
 *
 *     #include "tap.h"
 *
 *     int
 *     main(void)
 *     {
 *         is_int(1 + 1, 2, "sum of %d and %d", 1, 1);
 *         return done_testing();
 *     }
 *
 * plan(n) before the first test is optional; done_testing() then compares the
 * count.  The result of done_testing() is the exit code: 1 when a test failed.
 */

#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>


#define TAP_UNUSED  __attribute__((unused))


static int  tap_count;
static int  tap_failed;
static int  tap_planned;


static TAP_UNUSED void
plan(int n)
{
    tap_planned = n;
    printf("1..%d\n", n);
}


static TAP_UNUSED void
diag(const char *fmt, ...)
{
    va_list  args;

    printf("# ");
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
}


static TAP_UNUSED int
tap_result(int good, const char *file, int line, const char *fmt, va_list args)
{
    tap_count++;
    tap_failed += !good;

    printf("%sok %d - ", good ? "" : "not ", tap_count);
    vprintf(fmt, args);
    printf("\n");

    if (!good) {
        printf("#   failed at %s line %d\n", file, line);
    }

    fflush(stdout);

    return good;
}


static TAP_UNUSED int
tap_ok(const char *file, int line, int good, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    good = tap_result(good, file, line, fmt, args);
    va_end(args);

    return good;
}


static TAP_UNUSED int
tap_is_int(const char *file, int line, long long got, long long want,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) tap_result(got == want, file, line, fmt, args);
    va_end(args);

    if (got != want) {
        diag("      got: %lld (0x%llx)", got, (unsigned long long) got);
        diag("     want: %lld (0x%llx)", want, (unsigned long long) want);
    }

    return got == want;
}


static TAP_UNUSED int
tap_is_str(const char *file, int line, const char *got, const char *want,
    const char *fmt, ...)
{
    int      good;
    va_list  args;

    if (got == NULL || want == NULL) {
        good = (got == want);

    } else {
        good = (strcmp(got, want) == 0);
    }

    va_start(args, fmt);
    (void) tap_result(good, file, line, fmt, args);
    va_end(args);

    if (!good) {
        diag("      got: %s", got ? got : "(null)");
        diag("     want: %s", want ? want : "(null)");
    }

    return good;
}


/* Up to 16 bytes from the first one that differs. */
static TAP_UNUSED void
tap_hex(const char *label, const void *data, size_t len, size_t from)
{
    size_t                i;
    const unsigned char  *p;

    p = data;
    printf("# %s: %zu bytes, from %zu:", label, len, from);

    for (i = from; i < len && i < from + 16; i++) {
        printf(" %02x", p[i]);
    }

    printf("\n");
}


static TAP_UNUSED int
tap_is_mem(const char *file, int line, const void *got, size_t glen,
    const void *want, size_t wlen, const char *fmt, ...)
{
    int                   good;
    size_t                i;
    va_list               args;
    const unsigned char  *g, *w;

    g = got;
    w = want;

    for (i = 0; i < glen && i < wlen && g[i] == w[i]; i++) { /* void */ }

    good = (glen == wlen && i == glen);

    va_start(args, fmt);
    (void) tap_result(good, file, line, fmt, args);
    va_end(args);

    if (!good) {
        tap_hex("     got", got, glen, i);
        tap_hex("    want", want, wlen, i);
    }

    return good;
}


static TAP_UNUSED int
done_testing(void)
{
    if (tap_planned == 0) {
        printf("1..%d\n", tap_count);

    } else if (tap_planned != tap_count) {
        diag("planned %d tests but ran %d", tap_planned, tap_count);
        return 1;
    }

    if (tap_failed) {
        diag("failed %d of %d tests", tap_failed, tap_count);
    }

    return tap_failed ? 1 : 0;
}


#define ok(cond, ...)                                                         \
    tap_ok(__FILE__, __LINE__, !!(cond), __VA_ARGS__)
#define is_int(...)  tap_is_int(__FILE__, __LINE__, __VA_ARGS__)
#define is_str(...)  tap_is_str(__FILE__, __LINE__, __VA_ARGS__)
#define is_mem(...)  tap_is_mem(__FILE__, __LINE__, __VA_ARGS__)


#endif /* TAP_H */
