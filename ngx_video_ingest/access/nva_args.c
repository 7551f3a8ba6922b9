/*
 * Copyright (C) ngx_video authors
 *
 * Arguments of a stream's name.  They are compared as they are: one whose
 * name is encoded is another one.
 */

#include <string.h>

#include "nva_args.h"
#include "nvm_reader.h"


int
nva_name_valid(const uint8_t *name, size_t len, size_t max)
{
    uint8_t  ch;
    size_t   i;

    if (len == 0 || len > max || name[0] == '.') {
        return 0;
    }

    for (i = 0; i < len; i++) {
        ch = name[i];

        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
              || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_'
              || ch == '~' || ch == '.'))
        {
            return 0;
        }
    }

    return 1;
}


/* The bytes up to the next "ch", which is skipped, or to the end. */
static void
nva_args_part(nvm_reader_t *r, uint8_t ch, nvm_reader_t *part)
{
    size_t          left;
    const uint8_t  *p;

    left = nvm_reader_left(r);
    p = left ? memchr(r->pos, ch, left) : NULL;

    nvm_reader_sub(r, p ? (size_t) (p - r->pos) : left, part);
    nvm_reader_skip(r, p != NULL);
}


nvm_err_e
nva_arg(const nva_str_t *query, const nva_str_t *name, nva_str_t *value)
{
    size_t          len;
    nvm_err_e       found;
    nvm_reader_t    r, arg, key;
    const uint8_t  *p;

    found = NVM_ENOENT;
    nvm_reader_init(&r, query->data, query->len, 0);

    while (nvm_reader_left(&r)) {
        nva_args_part(&r, '&', &arg);
        nva_args_part(&arg, '=', &key);

        len = nvm_reader_left(&key);
        p = nvm_reader_bytes(&key, len);

        if (p == NULL || len != name->len || memcmp(p, name->data, len) != 0) {
            continue;
        }

        if (found == NVM_OK) {
            return NVM_EINVAL;
        }

        found = NVM_OK;
        value->len = nvm_reader_left(&arg);
        value->data = nvm_reader_bytes(&arg, value->len);
    }

    return found;
}


static int
nva_args_hex(uint8_t ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/* One byte, after its "%"; what follows is left if it is not two digits. */
static uint8_t
nva_args_byte(nvm_reader_t *r)
{
    int           hi, lo;
    nvm_reader_t  digits;

    digits = *r;

    hi = nva_args_hex(nvm_reader_u8(&digits));
    lo = nva_args_hex(nvm_reader_u8(&digits));

    if (digits.error || hi < 0 || lo < 0) {
        return '%';
    }

    *r = digits;

    return (uint8_t) (hi << 4 | lo);
}


nvm_err_e
nva_arg_decoded(const nva_str_t *query, const nva_str_t *name, uint8_t *buf,
    size_t size, size_t *len)
{
    uint8_t       ch;
    nvm_err_e     rc;
    nva_str_t     value;
    nvm_reader_t  r;

    *len = 0;
    rc = nva_arg(query, name, &value);

    if (rc != NVM_OK) {
        return rc;
    }

    nvm_reader_init(&r, value.data, value.len, 0);

    while (nvm_reader_left(&r)) {
        if (*len == size) {
            return NVM_ELIMIT;
        }

        ch = nvm_reader_u8(&r);
        buf[(*len)++] = ch == '%' ? nva_args_byte(&r) : ch;
    }

    return NVM_OK;
}
