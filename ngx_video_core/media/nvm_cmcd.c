/*
 * Copyright (C) ngx_video authors
 *
 * Keys of Common Media Client Data (CTA-5004): pairs with commas between
 * them, "bl=2100,bs,sid=\"6e2f\"".  A key without a value is true, strings are
 * quoted, with a backslash before quotes and backslashes.
 */

#include <string.h>

#include "nvm_cmcd.h"
#include "nvm_reader.h"


/* Up to a comma, an equals sign or the end; spaces before it are passed. */
static const uint8_t *
nvm_cmcd_key(nvm_reader_t *r, size_t *len)
{
    uint8_t         c;
    const uint8_t  *start;

    while (nvm_reader_peek(r) == ' ') {
        nvm_reader_skip(r, 1);
    }

    start = r->pos;
    *len = 0;

    while (nvm_reader_left(r)) {
        c = nvm_reader_peek(r);

        if (c == ',' || c == '=') {
            break;
        }

        nvm_reader_skip(r, 1);
        (*len)++;
    }

    return start;
}


/* What is between the quotes, at the first of which the reader stands. */
static const uint8_t *
nvm_cmcd_string(nvm_reader_t *r, size_t *len)
{
    uint8_t         c;
    const uint8_t  *start;

    nvm_reader_skip(r, 1);
    start = r->pos;

    for (*len = 0; nvm_reader_left(r); (*len)++) {
        c = nvm_reader_u8(r);

        if (c == '"') {
            return start;
        }

        if (c == '\\' && nvm_reader_left(r)) {
            nvm_reader_skip(r, 1);
            (*len)++;
        }
    }

    /* without an end */
    return NULL;
}


nvm_err_e
nvm_cmcd_session(const uint8_t *data, size_t size, const uint8_t **sid,
    size_t *len)
{
    size_t          n;
    nvm_reader_t    r;
    const uint8_t  *key, *value;

    nvm_reader_init(&r, data, size, 0);

    while (nvm_reader_left(&r)) {
        key = nvm_cmcd_key(&r, &n);
        value = NULL;

        if (nvm_reader_peek(&r) == '=') {
            nvm_reader_skip(&r, 1);

            if (nvm_reader_peek(&r) == '"') {
                value = nvm_cmcd_string(&r, len);
            }
        }

        if (value && n == 3 && memcmp(key, "sid", 3) == 0) {
            *sid = value;
            return *len && *len <= NVM_CMCD_SID ? NVM_OK : NVM_ENOENT;
        }

        /* what is left of a value that is no string, and the comma */
        while (nvm_reader_left(&r) && nvm_reader_u8(&r) != ',') {
            /* void */
        }
    }

    return NVM_ENOENT;
}
