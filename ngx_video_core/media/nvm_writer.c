/*
 * Copyright (C) ngx_video authors
 *
 * The bounded writer.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nvm_writer.h"


void
nvm_writer_init(nvm_writer_t *w, void *start, size_t size)
{
    w->start = start;
    w->size = start ? size : 0;
    w->len = 0;
    w->error = NVM_OK;
}


/* Room for n bytes, or NULL when dry or full; the count advances always. */
static uint8_t *
nvm_writer_take(nvm_writer_t *w, size_t n)
{
    size_t  at;

    at = w->len;
    w->len += n;

    if (w->start == NULL) {
        return NULL;
    }

    if (w->error || at > w->size || n > w->size - at) {
        w->error = NVM_EOVERFLOW;
        return NULL;
    }

    return w->start + at;
}


static void
nvm_writer_be(nvm_writer_t *w, uint64_t v, size_t n)
{
    uint8_t  *p;

    p = nvm_writer_take(w, n);
    if (p == NULL) {
        return;
    }

    while (n--) {
        p[n] = (uint8_t) v;
        v >>= 8;
    }
}


void
nvm_writer_u8(nvm_writer_t *w, uint8_t v)
{
    nvm_writer_be(w, v, 1);
}


void
nvm_writer_u16(nvm_writer_t *w, uint16_t v)
{
    nvm_writer_be(w, v, 2);
}


void
nvm_writer_u24(nvm_writer_t *w, uint32_t v)
{
    nvm_writer_be(w, v, 3);
}


void
nvm_writer_u32(nvm_writer_t *w, uint32_t v)
{
    nvm_writer_be(w, v, 4);
}


void
nvm_writer_u64(nvm_writer_t *w, uint64_t v)
{
    nvm_writer_be(w, v, 8);
}


void
nvm_writer_bytes(nvm_writer_t *w, const void *data, size_t n)
{
    uint8_t  *p;

    p = nvm_writer_take(w, n);
    if (p != NULL && n) {
        memcpy(p, data, n);
    }
}


void
nvm_writer_zero(nvm_writer_t *w, size_t n)
{
    uint8_t  *p;

    p = nvm_writer_take(w, n);
    if (p != NULL) {
        memset(p, 0, n);
    }
}


void
nvm_writer_text(nvm_writer_t *w, const char *s)
{
    nvm_writer_bytes(w, s, strlen(s));
}


void
nvm_writer_number(nvm_writer_t *w, uint64_t v, unsigned digits)
{
    char      buf[20];
    unsigned  i;

    i = sizeof(buf);
    digits = digits < sizeof(buf) ? digits : sizeof(buf);

    do {
        buf[--i] = (char) ('0' + v % 10);
        v /= 10;
    } while (v || sizeof(buf) - i < digits);

    nvm_writer_bytes(w, buf + i, sizeof(buf) - i);
}


void
nvm_writer_fmt(nvm_writer_t *w, const char *fmt, ...)
{
    int      n;
    char     buf[512];
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(buf, sizeof(buf), fmt, args);
    va_end(args);

    if (n < 0 || (size_t) n >= sizeof(buf)) {
        w->error = NVM_EOVERFLOW;
        return;
    }

    nvm_writer_bytes(w, buf, (size_t) n);
}


size_t
nvm_writer_box(nvm_writer_t *w, const char type[4])
{
    size_t  mark;

    mark = w->len;
    nvm_writer_u32(w, 0);
    nvm_writer_bytes(w, type, 4);

    return mark;
}


size_t
nvm_writer_fullbox(nvm_writer_t *w, const char type[4], uint8_t version,
    uint32_t flags)
{
    size_t  mark;

    mark = nvm_writer_box(w, type);
    nvm_writer_u8(w, version);
    nvm_writer_u24(w, flags);

    return mark;
}


void
nvm_writer_box_end(nvm_writer_t *w, size_t mark)
{
    if (w->len - mark > UINT32_MAX) {
        w->error = NVM_EOVERFLOW;
        return;
    }

    nvm_writer_patch_u32(w, mark, (uint32_t) (w->len - mark));
}


void
nvm_writer_patch_u32(nvm_writer_t *w, size_t at, uint32_t v)
{
    nvm_writer_t  p;

    if (w->start == NULL || w->error) {
        return;
    }

    nvm_writer_init(&p, w->start, w->len);
    p.len = at;
    nvm_writer_u32(&p, v);
    w->error = p.error;
}


nvm_err_e
nvm_writer_done(const nvm_writer_t *w, size_t expected)
{
    if (w->error) {
        return w->error;
    }

    return w->len == expected ? NVM_OK : NVM_EOVERFLOW;
}
