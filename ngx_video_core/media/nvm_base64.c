/*
 * Copyright (C) ngx_video authors
 *
 * Base64 and hexadecimal.
 */

#include "nvm_base64.h"
#include "nvm_reader.h"
#include "nvm_writer.h"


static int
nvm_base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return c == '+' ? 62 : c == '/' ? 63 : -1;
}


static int
nvm_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}


nvm_err_e
nvm_base64_decode(const uint8_t *text, size_t n, uint8_t *out, size_t size,
    size_t *len)
{
    int           digit;
    size_t        i;
    uint32_t      bits;
    nvm_reader_t  r;
    nvm_writer_t  w;

    *len = 0;

    if (n && n % 4 == 0) {
        n -= text[n - 1] == '=' ? 1 + (text[n - 2] == '=') : 0;
    }

    if (n % 4 == 1) {
        return NVM_EINVAL;
    }

    nvm_reader_init(&r, text, n, 0);
    nvm_writer_init(&w, out, size);
    bits = 0;

    for (i = 1; nvm_reader_left(&r); i++) {
        digit = nvm_base64_digit(nvm_reader_u8(&r));

        if (digit < 0) {
            return NVM_EINVAL;
        }

        bits = bits << 6 | (uint32_t) digit;

        if (i % 4 != 1) {
            nvm_writer_u8(&w, (uint8_t) (bits >> (8 - i % 4 * 2) % 8));
        }
    }

    *len = w.error ? 0 : w.len;

    return w.error;
}


nvm_err_e
nvm_hex_decode(const uint8_t *text, size_t n, uint8_t *out, size_t size,
    size_t *len)
{
    int           high, low;
    nvm_reader_t  r;
    nvm_writer_t  w;

    *len = 0;

    nvm_reader_init(&r, text, n, 0);
    nvm_writer_init(&w, out, size);

    if (n >= 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
        nvm_reader_skip(&r, 2);
    }

    if (nvm_reader_left(&r) % 2) {
        return NVM_EINVAL;
    }

    while (nvm_reader_left(&r)) {
        high = nvm_hex_digit(nvm_reader_u8(&r));
        low = nvm_hex_digit(nvm_reader_u8(&r));

        if (high < 0 || low < 0) {
            return NVM_EINVAL;
        }

        nvm_writer_u8(&w, (uint8_t) (high << 4 | low));
    }

    *len = w.error ? 0 : w.len;

    return w.error;
}
