/*
 * Copyright (C) ngx_video authors
 *
 * The pieces that WebVTT is made of.
 */

#include <inttypes.h>
#include <string.h>

#include "nvm_vtt_text.h"


#define NVM_VTT_REPLACEMENT  "\xef\xbf\xbd"     /* U+FFFD */


static unsigned
nvm_vtt_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\r' || c == '\n';
}


nvm_vtt_span_t
nvm_vtt_trim(nvm_vtt_span_t s)
{
    while (s.len && nvm_vtt_is_space(s.data[s.len - 1])) {
        s.len--;
    }

    while (s.len && nvm_vtt_is_space(s.data[0])) {
        s.data++;
        s.len--;
    }

    return s;
}


unsigned
nvm_vtt_same(nvm_vtt_span_t a, nvm_vtt_span_t b)
{
    return a.len == b.len
           && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


nvm_vtt_span_t
nvm_vtt_rest(const nvm_reader_t *r)
{
    return (nvm_vtt_span_t) { (const char *) r->pos, nvm_reader_left(r) };
}


void
nvm_vtt_reader(nvm_reader_t *r, nvm_vtt_span_t s)
{
    nvm_reader_init(r, s.len ? s.data : "", s.len, 0);
}


unsigned
nvm_vtt_accept(nvm_reader_t *r, char c)
{
    if (nvm_reader_left(r) == 0 || nvm_reader_peek(r) != (uint8_t) c) {
        return 0;
    }

    nvm_reader_skip(r, 1);

    return 1;
}


/* Returns how many; the value stops growing where it is far out of range. */
static size_t
nvm_vtt_digits(nvm_reader_t *r, uint64_t *value)
{
    size_t   n;
    uint8_t  c;

    *value = 0;

    for (n = 0; /* void */ ; n++) {
        c = nvm_reader_peek(r);

        if (c < '0' || c > '9') {
            return n;
        }

        nvm_reader_skip(r, 1);

        if (*value < NVM_VTT_MAX_HOURS) {
            *value = *value * 10 + (c - '0');
        }
    }
}


/* Exactly n digits, or at least one and no more in SubRip. */
static unsigned
nvm_vtt_field(nvm_reader_t *r, unsigned srt, size_t n, uint64_t *value)
{
    size_t  got;

    got = nvm_vtt_digits(r, value);

    return got == n || (srt && got > 0 && got < n);
}


nvm_err_e
nvm_vtt_time_read(nvm_reader_t *r, unsigned srt, uint64_t *ms)
{
    size_t    n;
    uint64_t  h, m, s, frac;

    n = nvm_vtt_digits(r, &h);

    if (n == 0 || !nvm_vtt_accept(r, ':') || !nvm_vtt_field(r, srt, 2, &m)) {
        return NVM_EINVAL;
    }

    /* two digits up to 59 are minutes, unless a third number follows */

    if (nvm_vtt_accept(r, ':')) {
        if (!nvm_vtt_field(r, srt, 2, &s)) {
            return NVM_EINVAL;
        }

    } else if ((n == 2 || (srt && n < 2)) && h <= 59) {
        s = m;
        m = h;
        h = 0;

    } else {
        return NVM_EINVAL;
    }

    if (!nvm_vtt_accept(r, '.') && !(srt && nvm_vtt_accept(r, ','))) {
        return NVM_EINVAL;
    }

    if (!nvm_vtt_field(r, srt, 3, &frac)
        || m > 59 || s > 59 || h >= NVM_VTT_MAX_HOURS)
    {
        return NVM_EINVAL;
    }

    *ms = ((h * 60 + m) * 60 + s) * 1000 + frac;

    return NVM_OK;
}


void
nvm_vtt_time_write(nvm_writer_t *w, uint64_t ms)
{
    nvm_writer_fmt(w, "%02" PRIu64 ":%02u:%02u.%03u", ms / 3600000,
                   (unsigned) (ms / 60000 % 60), (unsigned) (ms / 1000 % 60),
                   (unsigned) (ms % 1000));
}


size_t
nvm_vtt_utf8(const char *s, size_t len, uint32_t *code)
{
    size_t          i, n;
    uint32_t        c;
    const uint8_t  *p;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    p = (const uint8_t *) s;

    if (len == 0) {
        return 0;
    }

    c = p[0];
    *code = c;

    if (c < 0x80) {
        return 1;
    }

    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }

    n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (n > len) {
        return 0;
    }

    c &= 0x7fu >> n;

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        c = c << 6 | (p[i] & 0x3f);
    }

    *code = c;

    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }

    return n;
}


static void
nvm_vtt_utf8_write(nvm_writer_t *w, uint32_t c)
{
    if (c < 0x80) {
        nvm_writer_u8(w, (uint8_t) c);
        return;
    }

    if (c < 0x800) {
        nvm_writer_u8(w, (uint8_t) (0xc0 | c >> 6));

    } else {
        if (c < 0x10000) {
            nvm_writer_u8(w, (uint8_t) (0xe0 | c >> 12));

        } else {
            nvm_writer_u8(w, (uint8_t) (0xf0 | c >> 18));
            nvm_writer_u8(w, (uint8_t) (0x80 | (c >> 12 & 0x3f)));
        }

        nvm_writer_u8(w, (uint8_t) (0x80 | (c >> 6 & 0x3f)));
    }

    nvm_writer_u8(w, (uint8_t) (0x80 | (c & 0x3f)));
}


void
nvm_vtt_char_write(nvm_writer_t *w, uint32_t code)
{
    switch (code) {
    case '&':
        nvm_writer_text(w, "&amp;");
        return;

    case '<':
        nvm_writer_text(w, "&lt;");
        return;

    case '>':
        nvm_writer_text(w, "&gt;");
        return;

    default:
        nvm_vtt_utf8_write(w, code);
    }
}


/*
 * What is written for the byte at i, and the rest of its character; NULL when
 * it stays.  *n is the number of bytes that this is about.
 */
static const char *
nvm_vtt_replace(nvm_vtt_span_t s, size_t i, unsigned line, size_t *n)
{
    uint32_t  code;

    *n = 1;

    switch (s.data[i]) {
    case '\0':
        return NVM_VTT_REPLACEMENT;

    case '\r':
        *n = i + 1 < s.len && s.data[i + 1] == '\n' ? 2 : 1;

        /* fall through */

    case '\n':
        if (line) {
            return " ";
        }

        return i == 0 || s.data[i - 1] == '\r' || s.data[i - 1] == '\n'
               ? " \n" : "\n";

    case '>':
        return i >= 2 && s.data[i - 1] == '-' && s.data[i - 2] == '-'
               ? "&gt;" : NULL;

    default:
        *n = nvm_vtt_utf8(s.data + i, s.len - i, &code);

        if (*n) {
            return NULL;
        }

        *n = 1;

        return NVM_VTT_REPLACEMENT;
    }
}


static void
nvm_vtt_clean_write(nvm_writer_t *w, nvm_vtt_span_t s, unsigned line)
{
    size_t       i, n, from;
    const char  *text;

    from = 0;

    for (i = 0; i < s.len; i += n) {
        text = nvm_vtt_replace(s, i, line, &n);

        if (text != NULL) {
            nvm_writer_bytes(w, s.data + from, i - from);
            nvm_writer_text(w, text);
            from = i + n;
        }
    }

    if (s.len) {
        nvm_writer_bytes(w, s.data + from, s.len - from);
    }
}


void
nvm_vtt_text_write(nvm_writer_t *w, nvm_vtt_span_t s)
{
    nvm_vtt_clean_write(w, s, 0);
}


void
nvm_vtt_line_write(nvm_writer_t *w, nvm_vtt_span_t s)
{
    nvm_vtt_clean_write(w, s, 1);
}
