/*
 * Copyright (C) ngx_video authors
 *
 * Forms.  What a client sends must not pass for an argument of ours: so names
 * are compared as those who read forms see them, the lax ones too.
 */

#include <string.h>
#include <strings.h>

#include "nvh_form.h"


/* Longer names are nobody's. */
#define NVH_FORM_NAME    64


static void
nvh_form_encode(nvm_writer_t *w, uint8_t ch)
{
    static const char  hex[] = "0123456789ABCDEF";

    nvm_writer_u8(w, '%');
    nvm_writer_u8(w, (uint8_t) hex[ch >> 4]);
    nvm_writer_u8(w, (uint8_t) hex[ch & 15]);
}


/* RFC 3986, 2.3 */
static int
nvh_form_unreserved(uint8_t ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
           || (ch >= '0' && ch <= '9')
           || ch == '-' || ch == '.' || ch == '_' || ch == '~';
}


static void
nvh_form_name(nvm_writer_t *w, const char *name)
{
    if (w->len) {
        nvm_writer_u8(w, '&');
    }

    nvm_writer_text(w, name);
    nvm_writer_u8(w, '=');
}


void
nvh_form_text(nvm_writer_t *w, const char *name, const void *value, size_t len)
{
    size_t          i;
    const uint8_t  *p;

    p = value;
    nvh_form_name(w, name);

    for (i = 0; i < len; i++) {
        if (nvh_form_unreserved(p[i])) {
            nvm_writer_u8(w, p[i]);

        } else {
            nvh_form_encode(w, p[i]);
        }
    }
}


void
nvh_form_number(nvm_writer_t *w, const char *name, uint64_t value)
{
    nvh_form_name(w, name);
    nvm_writer_number(w, value, 1);
}


static int
nvh_form_hex(uint8_t ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/* One byte of an argument, decoded; how many it is made of. */
static size_t
nvh_form_decode(const uint8_t *p, size_t n, uint8_t *ch)
{
    int  hi, lo;

    if (p[0] == '%' && n >= 3) {
        hi = nvh_form_hex(p[1]);
        lo = nvh_form_hex(p[2]);

        if (hi >= 0 && lo >= 0) {
            *ch = (uint8_t) (hi << 4 | lo);
            return 3;
        }
    }

    *ch = p[0] == '+' ? ' ' : p[0];

    return 1;
}


/*
 * PHP reads " name", "name[]" and "name%00x" as "name", and for a space, a dot
 * or a single "[" in a name it has "_".  So there are two names: cut at the
 * bracket, and with it.
 */
static int
nvh_form_taken(const uint8_t *p, size_t n, const char *const *taken)
{
    char     name[NVH_FORM_NAME];
    size_t   i, len, cut;
    uint8_t  ch;

    cut = 0;
    len = 0;

    for (i = 0; i < n && p[i] != '=' && len < sizeof(name); /* void */) {
        i += nvh_form_decode(&p[i], n - i, &ch);

        if (ch == 0) {
            break;
        }

        if (ch == ' ' && len == 0) {
            continue;
        }

        if (ch == '[' && cut == 0) {
            cut = len;
        }

        name[len++] = strchr(" .[", ch) ? '_' : (char) ch;
    }

    for ( /* void */ ; *taken; taken++) {
        n = strlen(*taken);

        if ((n == len || (cut && n == cut))
            && strncasecmp(name, *taken, n) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
nvh_form_raw(nvm_writer_t *w, const uint8_t *p, size_t n)
{
    size_t  i;

    if (w->len) {
        nvm_writer_u8(w, '&');
    }

    for (i = 0; i < n; i++) {
        if (p[i] <= 0x20 || p[i] >= 0x7f || p[i] == ';') {
            nvh_form_encode(w, p[i]);

        } else {
            nvm_writer_u8(w, p[i]);
        }
    }
}


void
nvh_form_query(nvm_writer_t *w, const void *query, size_t len,
    const char *const *taken)
{
    size_t          i, start;
    const uint8_t  *p;

    p = query;

    for (i = 0, start = 0; i <= len; i++) {

        if (i < len && p[i] != '&') {
            continue;
        }

        if (i > start && !nvh_form_taken(&p[start], i - start, taken)) {
            nvh_form_raw(w, &p[start], i - start);
        }

        start = i + 1;
    }
}
