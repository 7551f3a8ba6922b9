/*
 * Copyright (C) ngx_video authors
 *
 * Values of the emitter: numbers, words, strings of the file, times.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "nvm_inspect_emit.h"
#include "nvm_text.h"


/* One character of more than a byte, as far as it is well formed. */
static size_t
nvm_emit_wide(nvm_emit_t *e, const uint8_t *p, size_t n)
{
    char    buf[5];
    size_t  k, size;

    size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 1;

    for (k = 1; k < size && k < n && (p[k] & 0xc0) == 0x80; k++) { /* void */ }

    memcpy(buf, p, k);
    buf[k] = '\0';

    nvm_text_quoted(e->w, buf);
    e->column++;

    return k;
}


/* RFC 8259, 7 */
static void
nvm_emit_escaped(nvm_emit_t *e, const uint8_t *p, size_t n)
{
    char    buf[8];
    size_t  i, plain;

    for (i = 0; i < n; i += plain) {

        for (plain = 0; i + plain < n; plain++) {
            if (p[i + plain] >= 0x7f || p[i + plain] < 0x20
                || p[i + plain] == '"' || p[i + plain] == '\\')
            {
                break;
            }
        }

        if (plain) {
            nvm_emit_put(e, (const char *) &p[i], plain);
            continue;
        }

        if (p[i] >= 0x80) {
            plain = nvm_emit_wide(e, &p[i], n - i);
            continue;
        }

        (void) snprintf(buf, sizeof(buf), p[i] == '"' || p[i] == '\\'
                        ? "\\%c" : "\\u%04x", p[i]);
        nvm_emit_puts(e, buf);
        plain = 1;
    }
}


void
nvm_emit_uint(nvm_emit_t *e, const char *name, uint64_t v)
{
    char  buf[24];

    (void) snprintf(buf, sizeof(buf), "%" PRIu64, v);
    nvm_emit_value(e, name, buf, 0);
}


void
nvm_emit_int(nvm_emit_t *e, const char *name, int64_t v)
{
    char  buf[24];

    (void) snprintf(buf, sizeof(buf), "%" PRId64, v);
    nvm_emit_value(e, name, buf, 0);
}


void
nvm_emit_flag(nvm_emit_t *e, const char *name, unsigned on)
{
    if (e->form == NVM_EMIT_JSON) {
        nvm_emit_value(e, name, on ? "true" : "false", 0);

    } else if (nvm_emit_in_row(e)) {
        nvm_emit_value(e, name, on ? "yes" : "-", 0);

    } else if (on) {
        nvm_emit_value(e, NULL, name, 0);
    }
}


void
nvm_emit_word(nvm_emit_t *e, const char *name, const char *word)
{
    if (word != NULL) {
        nvm_emit_value(e, name, word, 1);
    }
}


void
nvm_emit_title(nvm_emit_t *e, const char *name, const char *word)
{
    if (e->form == NVM_EMIT_JSON) {
        nvm_emit_value(e, name, word, 1);
        return;
    }

    nvm_emit_value(e, NULL, word, 0);
    e->levels[e->depth].used = 0;
    e->levels[e->depth].label = 1;
}


void
nvm_emit_code(nvm_emit_t *e, const char *name, uint64_t v,
    const char *meaning)
{
    char  buf[48];

    nvm_emit_uint(e, name, v);

    if (meaning == NULL) {
        return;
    }

    if (e->form == NVM_EMIT_JSON) {
        (void) snprintf(buf, sizeof(buf), "%.40s_name", name);
        nvm_emit_value(e, buf, meaning, 1);
        return;
    }

    nvm_emit_put(e, " (", 2);
    nvm_emit_puts(e, meaning);
    nvm_emit_put(e, ")", 1);
}


void
nvm_emit_text(nvm_emit_t *e, const char *name, const uint8_t *p, size_t n)
{
    size_t  shown;

    shown = n < NVM_EMIT_TEXT_MAX ? n : NVM_EMIT_TEXT_MAX;

    nvm_emit_name(e, name);
    nvm_emit_put(e, "\"", 1);
    nvm_emit_escaped(e, p, shown);
    nvm_emit_puts(e, shown < n ? "...\"" : "\"");
}


const char *
nvm_emit_meaning(const nvm_emit_name_t *names, uint64_t v)
{
    for ( ; names->name != NULL; names++) {
        if (names->v == v) {
            return names->name;
        }
    }

    return NULL;
}


void
nvm_emit_type_name(char dst[NVM_EMIT_TYPE_LEN], uint32_t type)
{
    int       i;
    size_t    n;
    unsigned  c;

    for (i = 0, n = 0; i < 4; i++) {
        c = type >> (24 - 8 * i) & 0xff;

        if (c == 0xa9) {
            /* the copyright sign of QuickTime's metadata, in UTF-8 */
            dst[n++] = (char) 0xc2;

        } else if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            (void) snprintf(dst, NVM_EMIT_TYPE_LEN, "0x%08" PRIx32, type);
            return;
        }

        dst[n++] = (char) c;
    }

    dst[n] = '\0';
}


void
nvm_emit_type(nvm_emit_t *e, const char *name, uint32_t type)
{
    char  buf[NVM_EMIT_TYPE_LEN];

    nvm_emit_type_name(buf, type);
    nvm_emit_word(e, name, buf);
}


void
nvm_emit_hex(nvm_emit_t *e, const char *name, const uint8_t *p, size_t n)
{
    char    buf[2 * NVM_EMIT_HEX_MAX + 4];
    size_t  i, shown;

    static const char  digits[] = "0123456789abcdef";

    shown = n < NVM_EMIT_HEX_MAX ? n : NVM_EMIT_HEX_MAX;

    for (i = 0; i < shown; i++) {
        buf[2 * i] = digits[p[i] >> 4];
        buf[2 * i + 1] = digits[p[i] & 15];
    }

    memcpy(&buf[2 * shown], shown < n ? "..." : "", shown < n ? 4 : 1);
    nvm_emit_word(e, name, buf);
}


void
nvm_emit_hex32(nvm_emit_t *e, const char *name, uint32_t v)
{
    char  buf[12];

    (void) snprintf(buf, sizeof(buf), "%08" PRIx32, v);
    nvm_emit_word(e, name, buf);
}


/* A fraction of positive numbers whose integer part fits into 64 bits. */
static void
nvm_emit_decimal(nvm_emit_t *e, const char *name, unsigned negative,
    uint64_t whole, uint64_t fraction, unsigned decimals)
{
    char  buf[48];

    (void) snprintf(buf, sizeof(buf), "%s%" PRIu64 ".%0*" PRIu64,
                    negative && (whole || fraction) ? "-" : "", whole,
                    (int) decimals, fraction);
    nvm_emit_value(e, name, buf, 0);
}


void
nvm_emit_seconds(nvm_emit_t *e, const char *name, int64_t ticks,
    uint32_t timescale)
{
    uint64_t            v;
    unsigned __int128   us;

    if (timescale == 0) {
        nvm_emit_value(e, name, e->form == NVM_EMIT_JSON ? "null" : "?", 0);
        return;
    }

    v = ticks < 0 ? 0 - (uint64_t) ticks : (uint64_t) ticks;
    us = ((unsigned __int128) v * 1000000 + timescale / 2) / timescale;

    nvm_emit_decimal(e, name, ticks < 0, (uint64_t) (us / 1000000),
                     (uint64_t) (us % 1000000), 6);
}


void
nvm_emit_ratio(nvm_emit_t *e, const char *name, int64_t v, uint32_t divisor,
    unsigned decimals)
{
    uint64_t  u, scale, rest;
    unsigned  i;

    u = v < 0 ? 0 - (uint64_t) v : (uint64_t) v;
    rest = u % divisor;

    if (rest == 0) {
        nvm_emit_int(e, name, v / (int64_t) divisor);
        return;
    }

    for (i = 0, scale = 1; i < decimals; i++) {
        scale *= 10;
    }

    nvm_emit_decimal(e, name, v < 0, u / divisor, rest * scale / divisor,
                     decimals);
}


void
nvm_emit_date(nvm_emit_t *e, const char *name, int64_t ms)
{
    char          buf[32];
    nvm_writer_t  w;

    nvm_writer_init(&w, buf, sizeof(buf) - 1);
    nvm_text_date(&w, ms);
    buf[w.error ? 0 : w.len] = '\0';

    nvm_emit_word(e, name, buf);
}
